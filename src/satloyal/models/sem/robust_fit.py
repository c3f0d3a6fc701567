"""Robust inference on a fit: its blocks of (Δ, W, Γ) and its scaled test."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from satloyal.models.sem import inference
from satloyal.models.sem.baseline import baseline_jacobian, baseline_weight
from satloyal.models.sem.estimators import estimator_named
from satloyal.models.sem.kept import score_products
from satloyal.models.sem.ordinal_fit import (
    ordinal_baseline,
    ordinal_blocks,
    ordinal_influence,
    without_cuts,
)
from satloyal.models.sem.ordinal_robust import ordinal_robust
from satloyal.models.sem.robust import Block, ScaledTest, normal_weight, observed_weight, scaled_test
from satloyal.models.sem.scaled import Scaling, mplus_test, scaled_measures
from satloyal.models.sem.vector import row_products, vector_jacobian
from satloyal.models.sem.weights import moment_gammas

if TYPE_CHECKING:
    from satloyal.models.sem.result import SemFit

__all__ = ["least_squares_influence", "moment_blocks", "scaled_measures_of"]

Array = NDArray[Any]


def _gammas(fit: SemFit) -> list[Array]:
    x = tuple(fit.table.observed.index(name) for name in fit.table.exogenous)
    return moment_gammas(fit.input, means=fit.table.meanstructure, fixed_x=x)


def _share(fit: SemFit, group: int) -> float:
    """Return what a group counts for: its respondents, or the sum of their weights."""
    sizes = [g.size for g in fit.sample.groups]
    return float(sizes[group] / sum(sizes))


def moment_blocks(fit: SemFit) -> list[Block]:
    """Return each group's Jacobian (along active constraints), weight matrix at the solution and Γ.

    Raises
    ------
    FitError
        When the data came as moments without fourth-order sums.
    """
    if fit.input.ordinal is not None:
        return ordinal_blocks(fit)
    out = []
    gammas = _gammas(fit)
    for g, (ram, group) in enumerate(zip(fit.rams, fit.sample.groups, strict=True)):
        implied = ram.implied(fit.theta[None], group.cov, group.mean)
        delta = vector_jacobian(implied)[0]
        if fit.weights is None:
            weight = normal_weight(fit._implied[g][0], means=fit.table.meanstructure)
        else:
            weight = fit.weights[g]
        if fit.tangent is not None:
            delta = delta @ fit.tangent
        out.append(Block(_share(fit, g), delta, weight, gammas[g]))
    return out


def least_squares_influence(fit: SemFit) -> Array:
    """Return each row's influence on least-squares estimates, 2H⁻¹ΔᵀW(s_i − s)/n, shape (n, q)."""
    if fit.input.ordinal is not None:
        return ordinal_influence(fit)
    rows = fit.input.rows
    assert rows is not None and fit.weights is not None  # noqa: S101, PT018 - least squares from rows only
    means = fit.table.meanstructure
    out = np.zeros((len(rows.values), fit.table.q))
    bread = inference.vcov_of(fit.observed_hessian / 2, 1.0, fit.tangent)
    for g, (ram, group) in enumerate(zip(fit.rams, fit.sample.groups, strict=True)):
        mask = rows.codes == g
        assert group.mean is not None  # noqa: S101 - moments of rows have means
        products = row_products(rows.values[mask], group.mean, means=means)
        weights = np.ones(len(products)) if rows.weights is None else rows.weights[mask]
        centred = (products - np.average(products, axis=0, weights=weights)) * weights[:, None]
        delta = vector_jacobian(ram.implied(fit.theta[None], group.cov, group.mean))[0]
        weight = fit.weights[g]
        scored = weight[:, None] * delta if weight.ndim == 1 else weight @ delta
        out[mask] = centred @ scored @ bread / fit.nobs
    return out


def scaled_measures_of(fit: SemFit, plain: pd.Series) -> pd.Series | None:
    """Return the scaled and robust measures of a fit; none where its estimator has no scaled test."""
    kind = estimator_named(fit.estimator).test
    if kind is None:
        return None
    chisq, df = float(plain["chisq"]), fit.df
    base, base_df = float(plain["baseline_chisq"]), int(plain["baseline_df"])
    if kind == "yuan.bentler.mplus":
        model, baseline = _mplus(fit, chisq, base, base_df)
    else:
        blocks, alone = moment_blocks(fit), _baseline_blocks(fit)
        if fit.input.ordinal is not None:
            blocks, alone = without_cuts(fit, blocks), without_cuts(fit, alone)
        model = scaled_test(blocks, chisq, df, kind)
        baseline = scaled_test(alone, base, base_df, kind)
    n = fit.effective_n
    out = scaled_measures(Scaling(model, baseline, chisq, df, base, base_df, n, fit.ngroups))
    if fit.input.ordinal is not None:
        out[[name for name in out.index if name.endswith("_robust")]] = np.nan
        for name, found in ({} if kind == "mean.var.adjusted" else ordinal_robust(fit)).items():
            out[name] = found
    return out


def _baseline_blocks(fit: SemFit, *, scores: bool = False) -> list[Block]:
    """Blocks of the baseline model; with the Γ of casewise scores, covariates vary like all else."""
    if fit.input.ordinal is not None:
        return ordinal_baseline(fit)
    means = fit.table.meanstructure
    gammas = moment_gammas(fit.input, means=means) if scores else _gammas(fit)
    groups = fit._group_fits()
    alone = [baseline_jacobian(len(g.cov), g.covariates, g.fixed_x, means=means) for g in groups]
    edges = np.cumsum([0, *(a.shape[1] for a in alone)])
    out = []
    for g, group in enumerate(groups):
        delta = np.zeros((len(alone[g]), edges[-1]))  # each group has parameters of its own
        delta[:, edges[g] : edges[g + 1]] = alone[g]
        if fit.weights is None:
            weight = baseline_weight(group.cov, group.covariates, means=means)
        else:
            weight = fit.weights[g]
        out.append(Block(_share(fit, g), delta, weight, gammas[g]))
    return out


def _structured(fit: SemFit) -> Array:
    """Information of the saturated moments at the implied ones, along the model's Jacobian, shape (q, q)."""
    out = np.zeros((fit.table.q, fit.table.q))
    for g, (ram, group) in enumerate(zip(fit.rams, fit.sample.groups, strict=True)):
        sigma, mu = fit._implied[g]
        gap = None if mu is None or group.mean is None else group.mean - mu
        delta = vector_jacobian(ram.implied(fit.theta[None], group.cov, group.mean))[0]
        out += _share(fit, g) * delta.T @ observed_weight(sigma, group.cov, gap) @ delta
    return out


def _mplus(fit: SemFit, chisq: float, base: float, base_df: int) -> tuple[ScaledTest, ScaledTest]:
    """Scale by traces of observed information times first-order information."""
    means = fit.table.meanstructure
    hessian = _structured(fit) if fit.structured_test else fit.observed_hessian / 2
    inverse = inference.vcov_of(hessian, fit.effective_n, fit.tangent)
    trace_model = float(np.sum(inverse * score_products(fit)))
    saturated = baseline = 0.0
    for group, gamma, block in zip(
        fit.sample.groups, _gammas(fit), _baseline_blocks(fit, scores=True), strict=True
    ):
        saturated += float(np.sum(normal_weight(group.cov, means=means) * gamma))
        used = block.delta.any(axis=0)
        scored = block.weight @ block.delta[:, used]
        information = block.delta[:, used].T @ scored
        baseline += float(np.trace(np.linalg.solve(information, scored.T @ block.gamma @ scored)))
    written = sum(row.free > 0 for row in fit.table.rows)  # lavaan's h0 factor counts before equalities
    return (
        mplus_test(chisq, fit.df, trace_model, saturated, (written, fit.npar + fit.df)),
        mplus_test(base, base_df, baseline, saturated, (fit.npar + fit.df - base_df, fit.npar + fit.df)),
    )
