"""Robust fit measures of ordinal items: what normal-theory measures of latent responses would be.

With categorical data χ² of least squares is on a scale of its own, and so are CFI and RMSEA of it, scaled or
not. Savalei (2021, *Multivariate Behav. Res.* 56:390-407) evaluates the normal-theory discrepancy of the
polychoric correlations at the least-squares estimates, and corrects its expectation.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import block_diag

from satloyal.core.linalg import logdet_or_flag, vech_indices
from satloyal.models.sem import fit_indices as fi
from satloyal.models.sem.ordinal_fit import ordinal_blocks
from satloyal.models.sem.robust import normal_weight

if TYPE_CHECKING:
    from satloyal.models.sem.result import SemFit

__all__ = ["ordinal_robust", "robust_reason"]

Array = NDArray[Any]

_FREE = 1e-9  # residual of a threshold that is free


def robust_reason(fit: SemFit) -> str:
    """Return why a fit has no robust measures; empty where it has them."""
    ordinal = fit.input.ordinal
    if ordinal is None:
        return "no item is ordinal"
    if ordinal.covariates:
        return "robust CFI and RMSEA are defined for models without covariates that are taken as given"
    if not all(g.ordered.all() for g in ordinal.groups):
        return "robust CFI and RMSEA are defined for ordinal items alone, and some variables are continuous"
    if any(np.abs(g.ordinal.gap).max() > _FREE for g in fit._group_fits() if g.ordinal is not None):
        return "robust CFI and RMSEA are defined for free thresholds, and some are constrained"
    if not logdet_or_flag(np.stack([g.correlation for g in ordinal.groups]))[1].all():
        return "the polychoric correlations are not positive definite, so robust CFI and RMSEA do not exist"
    if not logdet_or_flag(np.stack([sigma for sigma, _ in fit._implied]))[1].all():
        return "the implied correlations are not positive definite, so robust CFI and RMSEA do not exist"
    return ""


def ordinal_robust(fit: SemFit) -> dict[str, float]:
    """Return robust CFI, TLI, RNI and RMSEA by name; none where they are not defined.

    Notes
    -----
    With F = log|Σ| − log|P| + tr(PΣ⁻¹) − p for polychorics P and correlations Σ implied by the least-squares
    estimates, NF its sum over groups times their size, and k = tr(QᵀVQΓ), Q = I − Δ(ΔᵀWΔ)⁻¹ΔᵀW the residual
    maker of least squares and V the normal-theory weight at Σ: RMSEA √((NF − k)/(N df)), CFI
    1 − (NF − k)/(NF₀ − k₀) with the baseline of no correlations. Intervals from NF df/k on df degrees of
    freedom. With several groups k₀ is Σ_g (N/n_g) tr Γ_g as in lavaan 0.6; without N/n_g, which the
    derivation does not have, CFI and TLI would be somewhat higher.
    """
    if fit.df <= 0 or robust_reason(fit):
        return {}
    ordinal = fit.input.ordinal
    assert ordinal is not None  # noqa: S101 - there is no reason against it
    groups = fit.sample.groups
    value = base = base_trace = 0.0
    normal, spread = [], []
    for group, latent, (sigma, _), block in zip(
        groups, ordinal.groups, fit._implied, ordinal_blocks(fit), strict=True
    ):
        P, n = latent.correlation, group.size
        low = np.not_equal(*vech_indices(len(P)))
        log_p = float(np.linalg.slogdet(P)[1])
        log_sigma = float(np.linalg.slogdet(sigma)[1])
        value += n * (log_sigma - log_p + float(np.sum(np.linalg.inv(sigma) * P)) - len(P))
        base -= n * log_p
        T = latent.layout.n_th
        normal.append(n * normal_weight(sigma, means=False)[np.ix_(low, low)])
        spread.append(block.gamma[T:, T:] / n)
        base_trace += float(np.trace(block.gamma[T:, T:])) * fit.nobs / n
    V, gamma = block_diag(*normal), block_diag(*spread)
    Q = _residual_maker(fit)
    trace = float(np.sum((V @ Q @ gamma) * Q))
    return _measures(fit, value - trace, trace / fit.df, base - base_trace)


def _residual_maker(fit: SemFit) -> Array:
    """I − Δ(ΔᵀWΔ)⁻¹ΔᵀW of the correlations of all groups; free thresholds fit whatever these do."""
    deltas, weights = [], []
    for block, group in zip(ordinal_blocks(fit), fit.sample.groups, strict=True):
        T = int((block.delta.shape[0]) - len(group.cov) * (len(group.cov) - 1) // 2)
        deltas.append(block.delta[T:])
        weights.append(block.share * block.weight[T:])
    delta, weight = np.concatenate(deltas), np.concatenate(weights)
    delta = delta[:, np.abs(delta).max(axis=0) > 0]
    scored = weight[:, None] * delta
    return np.asarray(
        np.eye(len(delta)) - delta @ np.linalg.pinv(delta.T @ scored, hermitian=True) @ scored.T
    )


def _measures(fit: SemFit, gap: float, factor: float, base_gap: float) -> dict[str, float]:
    """Put NF − k, k/df and NF₀ − k₀ into the formulas."""
    df, n, groups = fit.df, fit.effective_n, fit.ngroups
    base_df = sum(int((~g.ordinal.free).sum()) for g in fit._group_fits() if g.ordinal is not None)
    bottom = max(gap, base_gap, 0.0)
    tli = 1 - gap * base_df / (base_gap * df) if base_gap else math.nan
    scaled = gap / factor + df
    low, high = fi.rmsea_interval(scaled, df, n, groups)
    close, far = fi.rmsea_pvalues(scaled, df, n / factor, groups)
    root = math.sqrt(factor)
    return {
        "cfi_robust": 1 - max(gap, 0.0) / bottom if bottom > 0 else 1.0,
        "tli_robust": tli,
        "nnfi_robust": tli,
        "rni_robust": 1 - gap / base_gap if base_gap else math.nan,
        "rmsea_robust": math.sqrt(max(gap, 0.0) / (n * df) * groups),
        "rmsea_ci_lower_robust": root * low,
        "rmsea_ci_upper_robust": root * high,
        "rmsea_pvalue_robust": close,
        "rmsea_notclose_pvalue_robust": far,
    }
