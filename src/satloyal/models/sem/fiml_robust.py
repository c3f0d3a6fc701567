"""Scaled and robust fit measures of incomplete rows.

The plain χ² of incomplete rows estimates less misfit than complete rows would show, the less the more is
missing. The robust measures put the discrepancy of the saturated moments from the implied ones in its place,
corrected for what estimating both from incomplete rows adds to it (Zhang & Savalei 2022, *Psychol. Methods*
28:263-283).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from satloyal.core.linalg import vech_indices
from satloyal.core.saturated import saturated_information, saturated_scores
from satloyal.models.sem import inference
from satloyal.models.sem.baseline import baseline_jacobian
from satloyal.models.sem.estimators import estimator_named
from satloyal.models.sem.fiml_measures import baseline_moments
from satloyal.models.sem.kept import score_products
from satloyal.models.sem.robust import ScaledTest, normal_weight
from satloyal.models.sem.scaled import Scaling, mplus_test, robust_measures, scaled_measures
from satloyal.models.sem.vector import vector_jacobian

if TYPE_CHECKING:
    from satloyal.models.sem.incomplete import Incomplete
    from satloyal.models.sem.measures import GroupFit
    from satloyal.models.sem.result import SemFit

__all__ = ["incomplete_scaled"]

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class _Stacked:
    """Moments of all groups one behind the other, those of fixed covariates left out.

    Parameters
    ----------
    information : ndarray, shape (K, K)
        Of a row about the saturated moments, observed.
    complete : ndarray, shape (K, K)
        What it would be if nothing were missing.
    products : ndarray, shape (K, K), or None
        Mean products of casewise scores; none where normality is assumed.
    jacobian, baseline : ndarray, shapes (K, q) and (K, q₀)
    """

    information: Array
    complete: Array
    products: Array | None
    jacobian: Array
    baseline: Array

    def excess(self, jacobian: Array) -> float:
        """Return what estimation adds to N times the discrepancy: tr(W_c Q Γ Qᵀ) (Zhang & Savalei 2022).

        Q = I − Δ(ΔᵀHΔ)⁻¹ΔᵀH with H the observed information, Γ = H⁻¹ under normality and H⁻¹BH⁻¹ otherwise.
        """
        inner = jacobian.T @ self.information @ jacobian
        if self.products is None:
            own = np.linalg.solve(inner, jacobian.T @ self.complete @ jacobian)
            return float(np.sum(self.complete * self.inverse) - np.trace(own))
        left = self.inverse - jacobian @ np.linalg.solve(inner, jacobian.T)  # QH⁻¹
        return float(np.sum((self.complete @ left) * (left @ self.products)))

    @cached_property
    def inverse(self) -> Array:
        """H⁻¹."""
        return np.asarray(np.linalg.inv(self.information))

    def trace(self, jacobian: Array | None = None) -> float:
        """Return tr(H⁻¹B) of the saturated model, or of one with this Jacobian at the same moments."""
        assert self.products is not None  # noqa: S101 - asked for only where scores are used
        if jacobian is None:
            return float(np.trace(np.linalg.solve(self.information, self.products)))
        inner = jacobian.T @ self.information @ jacobian
        return float(np.trace(np.linalg.solve(inner, jacobian.T @ self.products @ jacobian)))


def incomplete_scaled(fit: SemFit, plain: pd.Series) -> pd.Series:
    """Return the scaled measures, where the estimator has a scaled test, and the robust ones.

    Parameters
    ----------
    fit : SemFit
        To incomplete rows.
    plain : Series
        The plain measures.

    Returns
    -------
    Series
        Under lavaan's names, dots as underscores.
    """
    incomplete = fit.input.incomplete
    assert incomplete is not None  # noqa: S101 - callers ask only then
    scaled = estimator_named(fit.estimator).test is not None
    stacked = _stack(fit, incomplete, scores=scaled)
    chisq, df = float(plain["chisq"]), fit.df
    base, base_df = float(plain["baseline_chisq"]), int(plain["baseline_df"])
    n, k = fit.effective_n, fit.ngroups
    robust = _robust(fit, incomplete, stacked, base_df)
    corrected = {} if robust is None else robust_measures(robust)
    if not scaled:
        return pd.Series({name: corrected.get(name, math.nan) for name in _ROBUST}, dtype=float)
    own, full = _model_trace(fit, incomplete), stacked.trace()
    moments = fit.npar + df
    written = sum(row.free > 0 for row in fit.table.rows)  # lavaan's h0 factor counts before equalities
    model = mplus_test(chisq, df, own, full, (written, moments))
    baseline_trace = _baseline_trace(fit, incomplete)
    baseline = mplus_test(base, base_df, baseline_trace, full, (moments - base_df, moments))
    out = scaled_measures(Scaling(model, baseline, chisq, df, base, base_df, n, k))
    for name in _ROBUST:
        out[name] = corrected.get(name, math.nan)
    return out


_ROBUST = (
    "cfi_robust", "tli_robust", "nnfi_robust", "rni_robust", "rmsea_robust", "rmsea_ci_lower_robust",
    "rmsea_ci_upper_robust", "rmsea_pvalue_robust", "rmsea_notclose_pvalue_robust",
)  # fmt: skip


def _robust(fit: SemFit, incomplete: Incomplete, stacked: _Stacked, base_df: int) -> Scaling | None:
    """Complete-data discrepancies of model and baseline, scaled by their excess; none without df."""
    if fit.df <= 0 or base_df <= 0:
        return None
    total = fit.effective_n
    chisq = base = 0.0
    for (sigma, mu), group, p, s in zip(
        fit._implied, fit._group_fits(), incomplete.patterns, incomplete.saturated, strict=True
    ):
        assert mu is not None  # noqa: S101 - incomplete rows always come with a mean structure
        chisq += p.n * _discrepancy(s.mean, s.cov, mu, sigma)
        base += p.n * _discrepancy(s.mean, s.cov, *baseline_moments(group, p, s))
    c = stacked.excess(stacked.jacobian) / fit.df
    c_base = stacked.excess(stacked.baseline) / base_df
    if not (c > 0 and c_base > 0):
        return None
    model, baseline = ScaledTest(chisq / c, fit.df, c), ScaledTest(base / c_base, base_df, c_base)
    return Scaling(model, baseline, chisq, fit.df, base, base_df, total, fit.ngroups)


def _discrepancy(mean: Array, cov: Array, mu: Array, sigma: Array) -> float:
    """Maximum likelihood discrepancy of means and covariances."""
    V = np.linalg.inv(sigma)
    gap = mean - mu
    logs = float(np.linalg.slogdet(sigma)[1] - np.linalg.slogdet(cov)[1])
    return logs + float(np.sum(V * cov)) - len(mean) + float(gap @ V @ gap)


def _used(fit: SemFit) -> Array:
    """Which moments are no fixed covariates', shape (K,)."""
    group = fit._group_fits()[0]
    return ~_among(len(group.cov), group.fixed_x)


def _among(p: int, x: Sequence[int]) -> Array:
    """Which moments are those of some variables alone, shape (K,)."""
    rows, columns = vech_indices(p)
    which = list(x)
    inside = np.isin(rows, which) & np.isin(columns, which)
    return np.asarray(np.r_[np.isin(np.arange(p), which), inside])


def _baseline_selection(group: GroupFit) -> Array:
    """Jacobian of the baseline model's moments: which of them are free, shape (K, q₀)."""
    p = len(group.cov)
    select = baseline_jacobian(p, group.covariates, group.fixed_x, means=True)
    rows, columns = vech_indices(p)
    beside = np.isin(rows, group.auxiliary) | np.isin(columns, group.auxiliary)
    more = np.flatnonzero(np.r_[np.zeros(p, bool), beside & (rows != columns)])
    return np.column_stack([select, np.eye(len(select))[:, more]])


def _stack(fit: SemFit, incomplete: Incomplete, *, scores: bool) -> _Stacked:
    """Lay out the groups, each with its share of the rows."""
    use = _used(fit)
    size, total = int(use.sum()), fit.effective_n
    whole = size * fit.ngroups
    information, complete = np.zeros((whole, whole)), np.zeros((whole, whole))
    jacobians, baselines = [], []
    for g, (ram, group, p, s) in enumerate(
        zip(fit.rams, fit._group_fits(), incomplete.patterns, incomplete.saturated, strict=True)
    ):
        block = slice(g * size, (g + 1) * size)
        share = p.n / total
        information[block, block] = share * saturated_information(p, s.mean, s.cov)[np.ix_(use, use)]
        weight = normal_weight(s.cov, means=True)
        # covariates are unrestricted among themselves: their moments hold no misfit
        free = _among(len(s.mean), group.covariates)
        weight[free] = weight[:, free] = 0.0
        complete[block, block] = share * weight[np.ix_(use, use)]
        implied = ram.implied(fit.theta[None], s.cov, s.mean)
        jacobians.append(vector_jacobian(implied)[0][use])
        select = _baseline_selection(group)[use]
        padded = np.zeros((size, select.shape[1] * fit.ngroups))
        padded[:, g * select.shape[1] : (g + 1) * select.shape[1]] = select
        baselines.append(padded)
    products = _products(fit, incomplete, use) if scores else None
    jacobian = np.concatenate(jacobians)
    if fit.tangent is not None:
        jacobian = jacobian @ fit.tangent
    return _Stacked(information, complete, products, jacobian, np.concatenate(baselines))


def _products(
    fit: SemFit, incomplete: Incomplete, use: Array, moments: list[tuple[Array, Array]] | None = None
) -> Array:
    """Mean products of the scores of the saturated moments, those of a cluster summed, shape (K, K)."""
    rows = fit.input.rows
    assert rows is not None  # noqa: S101 - incomplete samples have rows
    size = int(use.sum())
    out = np.zeros((len(rows.values), size * fit.ngroups))
    for g, (p, s) in enumerate(zip(incomplete.patterns, incomplete.saturated, strict=True)):
        at = np.flatnonzero(rows.codes == g)
        mean, cov = (s.mean, s.cov) if moments is None else moments[g]
        found = saturated_scores(rows.values[at], p, mean, cov)[:, use]
        out[at[:, None], np.arange(g * size, (g + 1) * size)] = found
    if rows.weights is not None:
        out *= rows.weights[:, None]
    out = inference.summed_scores(out, fit.input.clusters, rows.codes)
    return np.asarray(out.T @ out / fit.effective_n)


def _model_trace(fit: SemFit, incomplete: Incomplete) -> float:
    """Return tr(H⁻¹B) of the model.

    H may be the saturated information at the implied moments along the model's Jacobian, without the
    model's own curvature.
    """
    hessian = fit.observed_hessian / 2
    if fit.structured_test:
        use = _used(fit)
        hessian = np.zeros_like(hessian)
        for ram, (sigma, mu), p, s in zip(
            fit.rams, fit._implied, incomplete.patterns, incomplete.saturated, strict=True
        ):
            assert mu is not None  # noqa: S101 - incomplete rows always come with a mean structure
            delta = vector_jacobian(ram.implied(fit.theta[None], s.cov, s.mean))[0][use]
            found = saturated_information(p, mu, sigma)[np.ix_(use, use)]
            hessian += p.n / fit.effective_n * delta.T @ found @ delta
    inverse = inference.vcov_of(hessian, fit.effective_n, fit.tangent)
    return float(np.sum(inverse * score_products(fit)))


def _baseline_trace(fit: SemFit, incomplete: Incomplete) -> float:
    """Return tr(H⁻¹B) of the baseline model at its own moments."""
    use = _used(fit)
    size = int(use.sum())
    whole = size * fit.ngroups
    information = np.zeros((whole, whole))
    selects, moments = [], []
    for g, (group, p, s) in enumerate(
        zip(fit._group_fits(), incomplete.patterns, incomplete.saturated, strict=True)
    ):
        mean, cov = baseline_moments(group, p, s)
        block = slice(g * size, (g + 1) * size)
        found = saturated_information(p, mean, cov)[np.ix_(use, use)]
        information[block, block] = p.n / fit.effective_n * found
        select = _baseline_selection(group)[use]
        padded = np.zeros((size, select.shape[1] * fit.ngroups))
        padded[:, g * select.shape[1] : (g + 1) * select.shape[1]] = select
        selects.append(padded)
        moments.append((mean, cov))
    products = _products(fit, incomplete, use, moments)
    stacked = _Stacked(information, information, products, products, products)
    return stacked.trace(np.concatenate(selects))
