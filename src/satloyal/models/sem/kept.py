"""Robust inference where rows were summed and not kept: Γ and products of scores from fourth-order sums."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from satloyal.core.fourth import FourthMoments, centring
from satloyal.core.linalg import vech_indices
from satloyal.core.moments import GroupMoments
from satloyal.models.sem import inference
from satloyal.models.sem.robust import normal_weight
from satloyal.models.sem.vector import vector_jacobian

if TYPE_CHECKING:
    from satloyal.models.sem.result import SemFit

__all__ = ["fourth_gammas", "kurtosis", "score_products"]

Array = NDArray[Any]


def fourth_gammas(
    groups: Sequence[GroupMoments], *, means: bool, fixed_x: tuple[int, ...] = ()
) -> list[Array]:
    """Return Γ of each group; arguments and result as :func:`satloyal.models.sem.weights.moment_gammas`."""
    out = []
    for group in groups:
        fourth, mean = _known(group)
        lift = _given_x(group.cov, fixed_x, means=means) if fixed_x else None
        out.append(fourth.gamma(mean, group.cov, group.size, means=means, lift=lift))
    return out


def _known(group: GroupMoments) -> tuple[FourthMoments, Array]:
    assert group.fourth is not None and group.mean is not None  # noqa: S101, PT018 - asked where they are kept
    return group.fourth, group.mean


def _given_x(cov: Array, fixed_x: tuple[int, ...], *, means: bool) -> Array:
    """Return the map from moments to what is left of them given covariates, shape (K, K).

    With B the slopes of all variables on the covariates, zzᵀ has the expectation Bᵀz_x z_xᵀB, a constant
    apart, which is linear in vech(zzᵀ).
    """
    x = list(fixed_x)
    B = np.zeros_like(cov)
    B[x] = np.linalg.solve(cov[np.ix_(x, x)], cov[x])
    i, j = vech_indices(len(cov))
    # entry of (i, j) and (k, l): B_ki B_lj + B_li B_kj, once where k = l
    low = B[np.ix_(i, i)].T * B[np.ix_(j, j)].T + B[np.ix_(j, i)].T * B[np.ix_(i, j)].T
    low *= np.where(i == j, 0.5, 1.0)
    if not means:
        return np.asarray(np.eye(len(low)) - low)
    p = len(cov)
    out = np.eye(p + len(low))
    out[:p, :p] -= B.T
    out[p:, p:] -= low
    return out


def score_products(fit: SemFit, *, summed: bool = True) -> Array:
    """Return Σ s sᵀ over rows, or over clusters where there are any, shape (q, q): the sandwich's meat.

    Parameters
    ----------
    fit : SemFit
    summed : bool
        Sum scores within clusters first.

    Raises
    ------
    FitError
        The data came as moments without fourth-order sums.

    Notes
    -----
    White 1982, *Econometrica* 50:1-25. A row's score is s = −ΔᵀW(m − μ(θ)) for the normal-theory weight W
    and m its means and products about μ(θ): linear in its augmented row.
    """
    if not fit.input.keeps_fourth:
        rows = fit.input.rows
        codes = None if rows is None else rows.codes
        scores = inference.summed_scores(fit.scores(), fit.input.clusters if summed else None, codes)
        return np.asarray(scores.T @ scores)
    parts = []
    for g, (ram, group) in enumerate(zip(fit.rams, fit.sample.groups, strict=True)):
        fourth, mean = _known(group)
        sigma, mu = fit._implied[g]
        low, high = vech_indices(len(sigma))
        maps = centring(np.r_[np.zeros(len(sigma)), sigma[low, high]])
        if mu is None:
            maps = maps[len(sigma) :]
        delta = vector_jacobian(ram.implied(fit.theta[None], group.cov, group.mean))[0]
        weight = normal_weight(sigma, means=mu is not None)
        parts.append((fourth.about(mean if mu is None else mu), delta.T @ weight @ maps))
    if not summed or parts[0][0].clusters is None:
        return np.asarray(sum(fourth.outer(maps) for fourth, maps in parts))
    place: dict[str, int] = {}
    held = [fourth.summed(maps) for fourth, maps in parts]
    for labels, _ in held:  # one cluster may have rows in several groups
        for label in labels:
            place.setdefault(label, len(place))
    scores, strata = np.zeros((len(place), fit.table.q)), np.zeros(len(place), dtype=int)
    for g, (labels, values) in enumerate(held):
        at = [place[label] for label in labels]
        scores[at] += values
        strata[at] = g
    if len(scores) < 2:
        return np.full((fit.table.q, fit.table.q), math.nan)
    scores *= inference.cluster_factors(strata, nested=len(place) == sum(len(labels) for labels, _ in held))
    return np.asarray(scores.T @ scores)


def kurtosis(fit: SemFit) -> float:
    """Return Mardia's normalised kurtosis, over all groups; NaN for weighted rows.

    Notes
    -----
    Σ d⁴ over rows is linear in their fourth-order sums.
    """
    if fit.input.weighted:
        return math.nan
    total = 0.0
    for group in fit.input.moments.groups:
        fourth, mean = _known(group)
        total += fourth.kurtosis(mean, np.linalg.inv(group.cov))
    p, n = len(fit.input.names), fit.nobs
    normal = p * (p + 2)
    return (total - n * normal) / math.sqrt(8 * n * normal)
