"""The fit measures of one fit under lavaan's names, dots as underscores."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from satloyal.models.sem import fit_indices as fi
from satloyal.models.sem.baseline import baseline_least_squares
from satloyal.models.sem.ordinal_residuals import OrdinalVectors, ordinal_residuals
from satloyal.models.sem.vector import stack_moments

if TYPE_CHECKING:
    from satloyal.models.sem.fiml_measures import Likelihoods

__all__ = ["GroupFit", "measures", "undefined"]

Array = NDArray[Any]

_NAMES = (
    "npar", "fmin", "chisq", "df", "pvalue", "baseline_chisq", "baseline_df", "baseline_pvalue", "cfi", "tli",
    "nnfi", "rfi", "nfi", "pnfi", "ifi", "rni", "logl", "unrestricted_logl", "aic", "bic", "ntotal", "bic2",
    "rmsea", "rmsea_ci_lower", "rmsea_ci_upper", "rmsea_ci_level", "rmsea_pvalue", "rmsea_close_h0",
    "rmsea_notclose_pvalue", "rmsea_notclose_h0", "rmr", "rmr_nomean", "srmr", "srmr_bentler",
    "srmr_bentler_nomean", "crmr", "crmr_nomean", "srmr_mplus", "srmr_mplus_nomean", "cn_05", "cn_01", "gfi",
    "agfi", "pgfi", "mfi", "ecvi",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class GroupFit:
    """What the measures need of one group.

    Parameters
    ----------
    n : float
        Respondents, or the sum of their weights.
    cov, sigma : ndarray, shape (p, p)
        Sample and implied covariances, with the divisor of the likelihood.
    mean, mu : ndarray, shape (p,), optional
        Sample and implied means, with a mean structure.
    fixed_x : tuple of int
        Positions of the covariates that are left out of the likelihood.
    covariates : tuple of int
        Positions of the covariates, fixed or random, whose covariances the baseline model leaves free.
    auxiliary : tuple of int
        Positions of auxiliary variables, all of whose covariances the baseline model leaves free.
    ordinal : OrdinalVectors, optional
        Thresholds and correlations, for ordinal items.
    """

    n: float
    cov: Array
    sigma: Array
    mean: Array | None
    mu: Array | None
    fixed_x: tuple[int, ...]
    covariates: tuple[int, ...]
    auxiliary: tuple[int, ...] = ()
    ordinal: OrdinalVectors | None = None


def undefined(npar: int, ntotal: int) -> pd.Series:
    """Return the measures of a fit that failed: NaN, except for what does not depend on it."""
    out = pd.Series(np.nan, index=list(_NAMES), dtype=float)
    out["npar"], out["ntotal"] = npar, ntotal
    return out


def measures(
    groups: Sequence[GroupFit],
    *,
    value: float,
    npar: int,
    df: int,
    likelihood: str,
    weights: Sequence[Array] | None = None,
    referable: bool = True,
    incomplete: Likelihoods | None = None,
) -> pd.Series:
    """Compute all measures of a fit that converged.

    Parameters
    ----------
    groups : sequence of GroupFit
    value : float
        F at the solution, a weighted mean over groups.
    npar, df : int
    likelihood : {"normal", "wishart"}
        n or n − G observations stand in the test.
    weights : sequence of ndarray, optional
        Weight matrix of each group, for least squares: there is no likelihood then.
    referable : bool
        Whether the statistic follows a χ² distribution at all; unweighted least squares do not.
    incomplete : Likelihoods, optional
        Likelihoods of incomplete rows; the groups' sample moments are saturated ones then.
    """
    ntotal = round(sum(g.n for g in groups))
    k = len(groups)
    n = float(ntotal if likelihood == "normal" else ntotal - k)
    shares = [g.n / ntotal for g in groups]
    chisq = n * max(value, 0.0)
    base_value, base_df = _baseline(groups, likelihood, weights)
    logl, saturated = _log_likelihood(groups) if weights is None else (math.nan, math.nan)
    g_value = _goodness(groups, weights, shares)
    if incomplete is not None:
        base_value, logl, saturated = incomplete.baseline, incomplete.logl, incomplete.saturated
        g_value = incomplete.gfi
    test = _Test(chisq, df, n * base_value, base_df, n, k)
    moments = _moment_count(groups)
    values = {
        "npar": npar,
        "fmin": chisq / (n if weights is None else ntotal) / 2,
        "ntotal": ntotal,
        **_tests(test, referable=referable),
        **_information(logl, saturated, npar, ntotal),
        **_residuals(groups, shares),
        "gfi": g_value,
        "agfi": fi.agfi(g_value, moments, df),
        "pgfi": fi.pgfi(g_value, moments, df),
        "ecvi": fi.ecvi(chisq, n, npar),
    }
    found = pd.Series(values, index=list(_NAMES), dtype=float)
    if groups[0].ordinal is not None:
        found["wrmr"] = math.sqrt(chisq * k / moments)
    return found


@dataclass(frozen=True, slots=True)
class _Test:
    """The test of the model and that of its baseline."""

    chisq: float
    df: int
    baseline: float
    baseline_df: int
    n: float
    groups: int


def _tests(t: _Test, *, referable: bool) -> dict[str, float]:
    """Return the tests, and the indices that are made of their statistics."""
    four = (t.chisq, t.df, t.baseline, t.baseline_df)
    low, high = fi.rmsea_interval(t.chisq, t.df, t.n, t.groups)
    close, far = fi.rmsea_pvalues(t.chisq, t.df, t.n, t.groups)
    tli = fi.tli(*four)
    return {
        "chisq": t.chisq,
        "df": t.df,
        "pvalue": fi.chi2_sf(t.chisq, t.df) if referable else math.nan,
        "baseline_chisq": t.baseline,
        "baseline_df": t.baseline_df,
        "baseline_pvalue": fi.chi2_sf(t.baseline, t.baseline_df) if referable else math.nan,
        "cfi": fi.cfi(*four),
        "tli": tli,
        "nnfi": tli,
        "rfi": fi.rfi(*four),
        "nfi": fi.nfi(t.chisq, t.baseline),
        "pnfi": fi.pnfi(*four),
        "ifi": fi.ifi(t.chisq, t.df, t.baseline),
        "rni": fi.rni(*four),
        "rmsea": fi.rmsea(t.chisq, t.df, t.n, t.groups),
        "rmsea_ci_lower": low,
        "rmsea_ci_upper": high,
        "rmsea_ci_level": 0.90,
        "rmsea_pvalue": close,
        "rmsea_close_h0": fi.RMSEA_CLOSE,
        "rmsea_notclose_pvalue": far,
        "rmsea_notclose_h0": fi.RMSEA_NOT_CLOSE,
        "cn_05": fi.critical_n(t.chisq, t.df, t.n, 0.05),
        "cn_01": fi.critical_n(t.chisq, t.df, t.n, 0.01),
        "mfi": fi.mfi(t.chisq, t.df, t.n),
    }


def _information(logl: float, saturated: float, npar: int, ntotal: int) -> dict[str, float]:
    """Log-likelihoods and information criteria."""
    return {
        "logl": logl,
        "unrestricted_logl": saturated,
        "aic": -2 * logl + 2 * npar,
        "bic": -2 * logl + npar * math.log(ntotal),
        "bic2": -2 * logl + npar * math.log((ntotal + 2) / 24),
    }


def _residuals(groups: Sequence[GroupFit], shares: Sequence[float]) -> dict[str, float]:
    """Root mean squared residuals; those of ordinal items leave their unit variances out."""
    vectors = [g.ordinal for g in groups if g.ordinal is not None]
    if vectors:
        rest = ordinal_residuals(vectors, shares)
    else:
        covs, sigmas = [g.cov for g in groups], [g.sigma for g in groups]
        rest = fi.srmr_family(covs, sigmas, _means(groups), shares)
    return {
        "rmr": rest.rmr,
        "rmr_nomean": rest.rmr_nomean,
        "srmr": rest.srmr_bentler_nomean if vectors else rest.srmr,
        "srmr_bentler": rest.srmr,
        "srmr_bentler_nomean": rest.srmr_bentler_nomean,
        "crmr": rest.crmr,
        "crmr_nomean": rest.crmr_nomean,
        "srmr_mplus": rest.srmr_mplus,
        "srmr_mplus_nomean": rest.srmr_mplus_nomean,
    }


def _means(groups: Sequence[GroupFit]) -> list[tuple[Array, Array] | None]:
    return [None if g.mean is None or g.mu is None else (g.mean, g.mu) for g in groups]


def _goodness(groups: Sequence[GroupFit], weights: Sequence[Array] | None, shares: Sequence[float]) -> float:
    """GFI, in the metric of the discrepancy."""
    if weights is not None:
        return _weighted_gfi(groups, weights, shares)
    covs, sigmas = [g.cov for g in groups], [g.sigma for g in groups]
    return fi.gfi(covs, sigmas, _means(groups), shares, groups[0].fixed_x)


def _moment_count(groups: Sequence[GroupFit]) -> float:
    """How many sample moments there are."""
    if groups[0].ordinal is not None:
        return float(sum(g.ordinal.layout.size for g in groups if g.ordinal is not None))
    sizes = [len(g.cov) for g in groups]
    means = sum(sizes) if groups[0].mean is not None else 0
    return float(sum(p * (p + 1) // 2 for p in sizes) + means)


def _vectors(group: GroupFit) -> tuple[Array, Array]:
    """Sample and implied moments of a group as vectors."""
    if group.ordinal is not None:
        return group.ordinal.sample, group.ordinal.implied
    mean, mu = (None, None) if group.mean is None or group.mu is None else (group.mean[None], group.mu[None])
    return stack_moments(group.cov[None], mean)[0], stack_moments(group.sigma[None], mu)[0]


def _weighted_gfi(groups: Sequence[GroupFit], weights: Sequence[Array], shares: Sequence[float]) -> float:
    """1 − (s − σ)ᵀW(s − σ) / sᵀWs; with ordinal items the mean over groups, as in lavaan."""
    top = bottom = mean = 0.0
    for group, weight, share in zip(groups, weights, shares, strict=True):
        s, sigma = _vectors(group)
        full = np.diag(weight) if weight.ndim == 1 else weight
        top += share * float((s - sigma) @ full @ (s - sigma))
        bottom += share * float(s @ full @ s)
        mean += share * (1 - float((s - sigma) @ full @ (s - sigma)) / float(s @ full @ s))
    return 1 - top / bottom if groups[0].ordinal is None else mean


def _baseline(
    groups: Sequence[GroupFit], likelihood: str, weights: Sequence[Array] | None
) -> tuple[float, int]:
    """F and degrees of freedom of independence, covariates free among themselves, means free."""
    total = sum(g.n for g in groups)
    k = len(groups)
    value, df = 0.0, 0
    for number, g in enumerate(groups):
        p, x = len(g.cov), len(g.covariates)
        rest = [i for i in range(p) if i not in g.covariates]
        inside = float(np.log(np.diagonal(g.cov)[rest]).sum())
        if x:
            inside += float(np.linalg.slogdet(g.cov[np.ix_(g.covariates, g.covariates)])[1])
        share = g.n / total if likelihood == "normal" else (g.n - 1) / (total - k)
        if g.ordinal is not None and weights is not None:
            value += share * g.ordinal.baseline(weights[number])
            df += int((~g.ordinal.free).sum())
            continue
        if weights is None:
            value += share * (inside - float(np.linalg.slogdet(g.cov)[1]))
        else:
            means = g.mean is not None
            vector, weight = _vectors(g)[0], weights[number]
            value += share * baseline_least_squares(vector, weight, p, g.covariates, g.fixed_x, means=means)
        a = len(g.auxiliary)
        df += (p - a) * (p - a - 1) // 2 - x * (x - 1) // 2
    return value, df


def _log_likelihood(groups: Sequence[GroupFit]) -> tuple[float, float]:
    """Log-likelihood of the model and of the saturated model, given the fixed covariates."""
    fitted = saturated = 0.0
    for g in groups:
        n, p = g.n, len(g.cov)
        gap = np.zeros(p) if g.mean is None or g.mu is None else g.mean - g.mu
        inverse = np.linalg.inv(g.sigma)
        trace = float(np.sum(inverse * (g.cov + np.outer(gap, gap))))
        fitted -= n / 2 * (p * math.log(2 * math.pi) + float(np.linalg.slogdet(g.sigma)[1]) + trace)
        saturated -= n / 2 * (p * math.log(2 * math.pi) + float(np.linalg.slogdet(g.cov)[1]) + p)
        if g.fixed_x:
            block = g.cov[np.ix_(g.fixed_x, g.fixed_x)]
            x = len(g.fixed_x)
            given = n / 2 * (x * math.log(2 * math.pi) + float(np.linalg.slogdet(block)[1]) + x)
            fitted += given
            saturated += given
    return fitted, saturated
