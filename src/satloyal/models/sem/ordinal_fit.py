"""Inference on a fit of ordinal items: its blocks of (Δ, W, Γ), its baseline and its influence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from satloyal.models.sem import inference
from satloyal.models.sem.ordinal_profile import free_cuts
from satloyal.models.sem.ordinal_residuals import OrdinalVectors
from satloyal.models.sem.robust import Block

if TYPE_CHECKING:
    from satloyal.models.sem.result import SemFit

__all__ = ["ordinal_baseline", "ordinal_blocks", "ordinal_influence", "ordinal_vectors", "without_cuts"]

Array = NDArray[Any]


def ordinal_vectors(fit: SemFit) -> list[OrdinalVectors]:
    """Return each group's statistics."""
    ordinal = fit.input.ordinal
    assert ordinal is not None  # noqa: S101 - asked for ordinal items only
    written = {r.lhs for r in fit.table.rows if r.op in ("~~", "~1") and r.origin == "user"}
    written |= {r.rhs for r in fit.table.rows if r.op == "~~" and r.origin == "user"}
    random = [name for name in fit.table.covariates if name not in (*written, *fit.table.exogenous)]
    covariates = [ordinal.groups[0].names.index(name) for name in random]
    out = []
    for response, group in zip(ordinal.responses(fit.table, fit.rams), ordinal.groups, strict=True):
        layout = group.layout
        free = np.ones(layout.size, dtype=bool)
        among = np.isin(layout.first, covariates) & np.isin(layout.second, covariates)
        free[layout.n_th + len(layout.numeric) :] = among
        implied = response.at(fit.theta[None]).statistics[0]
        out.append(OrdinalVectors(layout, group.statistics, implied, free))
    return out


def _gammas(fit: SemFit) -> list[Array]:
    ordinal, rows, clusters = fit.input.ordinal, fit.input.rows, fit.input.clusters
    assert ordinal is not None and rows is not None  # noqa: S101, PT018 - ordinal items have rows
    return ordinal.gammas(
        [None if clusters is None else clusters[rows.codes == g] for g in range(fit.ngroups)]
    )


def ordinal_blocks(fit: SemFit) -> list[Block]:
    """Return each group's Jacobian (along active constraints), weight matrix and Γ."""
    ordinal = fit.input.ordinal
    assert ordinal is not None and fit.weights is not None  # noqa: S101, PT018
    out = []
    responses = ordinal.responses(fit.table, fit.rams)
    for response, weight, gamma, group in zip(
        responses, fit.weights, _gammas(fit), fit.sample.groups, strict=True
    ):
        delta = response.at(fit.theta[None]).jacobian[0]
        if fit.tangent is not None:
            delta = delta @ fit.tangent
        out.append(Block(group.size / fit.nobs, delta, weight, gamma))
    return out


def ordinal_baseline(fit: SemFit) -> list[Block]:
    """Return the blocks of the baseline model, each group with parameters of its own."""
    assert fit.weights is not None  # noqa: S101 - ordinal items are fitted by least squares
    vectors = ordinal_vectors(fit)
    edges = np.cumsum([0, *(int(v.free.sum()) for v in vectors)])
    out = []
    for g, (vector, weight, gamma) in enumerate(zip(vectors, fit.weights, _gammas(fit), strict=True)):
        delta = np.zeros((len(vector.free), edges[-1]))
        delta[np.flatnonzero(vector.free), np.arange(edges[g], edges[g + 1])] = 1.0
        out.append(Block(fit.sample.groups[g].size / fit.nobs, delta, weight, gamma))
    return out


def without_cuts(fit: SemFit, blocks: Sequence[Block]) -> list[Block]:
    """Return blocks that give the same test without thresholds, where each is free and weighed alone.

    What is free and weighed alone is fitted exactly and adds nothing to U = W − WΔ(ΔᵀWΔ)⁻¹ΔᵀW.
    """
    ordinal = fit.input.ordinal
    assert ordinal is not None  # noqa: S101 - asked for ordinal items only
    responses = ordinal.responses(fit.table, fit.rams)
    if fit.restrictions is not None or any(b.weight.ndim > 1 for b in blocks) or not free_cuts(responses):
        return list(blocks)
    layout = responses[0].layout
    rest = np.ones(layout.size, dtype=bool)
    rest[: layout.n_th] = ~responses[0].cut
    used = np.any([b.delta[rest].any(axis=0) for b in blocks], axis=0)
    return [
        Block(b.share, b.delta[rest][:, used], b.weight[rest], b.gamma[np.ix_(rest, rest)]) for b in blocks
    ]


def ordinal_influence(fit: SemFit) -> Array:
    """Return each row's influence on estimates, 2H⁻¹ΔᵀW IF/n, shape (n, q), the weights taken as given."""
    ordinal, rows = fit.input.ordinal, fit.input.rows
    assert ordinal is not None and rows is not None and fit.weights is not None  # noqa: S101, PT018
    bread = inference.vcov_of(fit.observed_hessian / 2, 1.0, fit.tangent)
    out = np.zeros((len(rows.values), fit.table.q))
    for g, (response, group, weight) in enumerate(
        zip(ordinal.responses(fit.table, fit.rams), ordinal.groups, fit.weights, strict=True)
    ):
        delta = response.at(fit.theta[None]).jacobian[0]
        scored = weight[:, None] * delta if weight.ndim == 1 else weight @ delta
        out[rows.codes == g] = group.influence @ scored @ bread / fit.nobs * group.weight / group.n
    return out
