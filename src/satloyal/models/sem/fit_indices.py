"""Fit measures: each a small function of plain numbers. What is undefined is NaN, never 0 or 1."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, special

__all__ = [
    "RMSEA_CLOSE",
    "RMSEA_NOT_CLOSE",
    "Residuals",
    "agfi",
    "cfi",
    "chi2_sf",
    "critical_n",
    "ecvi",
    "gfi",
    "ifi",
    "mfi",
    "nfi",
    "noncentral_chi2_cdf",
    "pgfi",
    "pnfi",
    "rfi",
    "rmsea",
    "rmsea_interval",
    "rmsea_pvalues",
    "rni",
    "srmr_family",
    "tli",
]

Array = NDArray[Any]

RMSEA_CLOSE = 0.05  # Browne & Cudeck 1993
RMSEA_NOT_CLOSE = 0.08
_NAN = float("nan")


def chi2_sf(value: float, df: float) -> float:
    """Upper tail of the chi-square distribution; NaN without degrees of freedom.

    A shifted test may fall below zero, where the whole distribution lies above it.
    """
    return float(special.chdtrc(df, max(value, 0.0))) if df > 0 and not math.isnan(value) else _NAN


def noncentral_chi2_cdf(value: float, df: float, noncentrality: float) -> float:
    """Lower tail of the noncentral chi-square distribution."""
    if value <= 0:
        return 0.0
    if noncentrality <= 0:
        return float(special.chdtr(df, value))
    return float(special.chndtr(value, df, noncentrality))


def cfi(chisq: float, df: float, baseline: float, baseline_df: float) -> float:
    """Return the comparative fit index (Bentler 1990, *Psychol. Bull.* 107:238-246).

    1 − max(χ² − df, 0) / max(χ² − df, χ²b − dfb, 0).

    Examples
    --------
    >>> round(cfi(85.3055, 24, 918.8516, 36), 4)
    0.9306
    """
    if df == 0 and abs(chisq) < 1e-6:
        return 1.0 if math.isfinite(baseline) else _NAN
    gap, gap0 = max(chisq - df, 0.0), max(chisq - df, baseline - baseline_df, 0.0)
    if not gap0 > 0:
        return 1.0 if math.isfinite(chisq) and math.isfinite(baseline) else _NAN
    return 1 - gap / gap0


def rni(chisq: float, df: float, baseline: float, baseline_df: float) -> float:
    """Relative noncentrality index (McDonald & Marsh 1990, *Psychol. Bull.* 107:247-255)."""
    gap = baseline - baseline_df
    return 1 - (chisq - df) / gap if gap else _NAN


def tli(chisq: float, df: float, baseline: float, baseline_df: float) -> float:
    """Tucker-Lewis index, also NNFI (Tucker & Lewis 1973, *Psychometrika* 38:1-10)."""
    if df <= 0 or baseline_df <= 0:
        return 1.0 if df == 0 and abs(chisq) < 1e-6 else _NAN
    bottom = baseline / baseline_df - 1
    return (baseline / baseline_df - chisq / df) / bottom if bottom else _NAN


def nfi(chisq: float, baseline: float) -> float:
    """Normed fit index (Bentler & Bonett 1980, *Psychol. Bull.* 88:588-606)."""
    return (baseline - chisq) / baseline if baseline else _NAN


def pnfi(chisq: float, df: float, baseline: float, baseline_df: float) -> float:
    """Parsimony normed fit index (James, Mulaik & Brett 1982)."""
    return df / baseline_df * nfi(chisq, baseline) if baseline_df > 0 else _NAN


def rfi(chisq: float, df: float, baseline: float, baseline_df: float) -> float:
    """Relative fit index (Bollen 1986, *Psychometrika* 51:375-377)."""
    if df <= 0 or baseline_df <= 0 or not baseline:
        return 1.0 if df == 0 and abs(chisq) < 1e-6 else _NAN
    return (baseline / baseline_df - chisq / df) / (baseline / baseline_df)


def ifi(chisq: float, df: float, baseline: float) -> float:
    """Incremental fit index (Bollen 1989, *Sociol. Methods Res.* 17:303-316)."""
    bottom = baseline - df
    return (baseline - chisq) / bottom if bottom > 0 else _NAN


def rmsea(chisq: float, df: float, n: float, groups: int = 1) -> float:
    """Root mean square error of approximation (Steiger & Lind 1980; Steiger 1998 for several groups).

    √(max(χ² − df, 0) / (df n)) √G.

    Examples
    --------
    >>> round(rmsea(85.3055, 24, 301), 4)
    0.0921
    """
    if df <= 0:
        return 0.0 if df == 0 and abs(chisq) < 1e-6 else _NAN
    return math.sqrt(max(chisq - df, 0.0) / (df * n)) * math.sqrt(groups)


def rmsea_interval(
    chisq: float, df: float, n: float, groups: int = 1, level: float = 0.90
) -> tuple[float, float]:
    """Interval of the RMSEA (Browne & Cudeck 1993): noncentralities at which χ² is at its tail quantiles."""
    if not df > 0 or not math.isfinite(chisq):
        return (0.0, 0.0) if df == 0 and abs(chisq) < 1e-6 else (_NAN, _NAN)
    tail = (1 - level) / 2

    def at(probability: float) -> float:
        if noncentral_chi2_cdf(chisq, df, 0.0) <= probability:
            return 0.0
        high = max(chisq, df) + 20.0
        while noncentral_chi2_cdf(chisq, df, high) > probability:
            high *= 2
        root = optimize.brentq(
            lambda nc: noncentral_chi2_cdf(chisq, df, nc) - probability, 0.0, high, xtol=1e-10
        )
        return math.sqrt(float(root) / (df * n)) * math.sqrt(groups)

    return at(1 - tail), at(tail)


def rmsea_pvalues(chisq: float, df: float, n: float, groups: int = 1) -> tuple[float, float]:
    """P-values of the tests of close fit (RMSEA ≤ .05) and of not-close fit (RMSEA ≥ .08)."""
    if not df > 0 or not math.isfinite(chisq):
        return _NAN, _NAN
    close = 1 - noncentral_chi2_cdf(chisq, df, n * df * RMSEA_CLOSE**2 / groups)
    far = noncentral_chi2_cdf(chisq, df, n * df * RMSEA_NOT_CLOSE**2 / groups)
    return close, far


def gfi(
    sample: Sequence[Array],
    implied: Sequence[Array],
    means: Sequence[tuple[Array, Array] | None],
    shares: Sequence[float],
    fixed_x: Sequence[int] = (),
) -> float:
    """Goodness of fit index for ML (Jöreskog & Sörbom 1986): 1 − (s − σ)ᵀW(s − σ) / sᵀWs.

    For covariances the forms are ½ tr((Σ⁻¹(S − Σ))²) and ½ tr((Σ⁻¹S)²); with a mean structure
    (m − μ)ᵀΣ⁻¹(m − μ) and mᵀΣ⁻¹m are added. The moments of fixed covariates are no part of what is
    fitted, so they stand in neither s nor σ. With groups it is the mean of the groups' values, weighted
    by n.
    """
    total = 0.0
    x = list(fixed_x)
    for S, sigma, mean, share in zip(sample, implied, means, shares, strict=True):
        observed, rest = S.copy(), S - sigma
        observed[np.ix_(x, x)] = rest[np.ix_(x, x)] = 0.0
        ratio, gap = np.linalg.solve(sigma, observed), np.linalg.solve(sigma, rest)
        top, bottom = 0.5 * float(np.sum(gap * gap.T)), 0.5 * float(np.sum(ratio * ratio.T))
        if mean is not None:
            m, d = mean[0].copy(), mean[0] - mean[1]
            m[x] = d[x] = 0.0
            top += float(d @ np.linalg.solve(sigma, d))
            bottom += float(m @ np.linalg.solve(sigma, m))
        total += share * (1 - top / bottom)
    return total


def agfi(value: float, moments: float, df: float) -> float:
    """Return the adjusted GFI, 1 − (moments/df)(1 − GFI)."""
    return 1 - moments / df * (1 - value) if df > 0 else (1.0 if abs(value - 1) < 1e-9 else _NAN)


def pgfi(value: float, moments: float, df: float) -> float:
    """Parsimony GFI (Mulaik et al. 1989, *Psychol. Bull.* 105:430-445)."""
    return df / moments * value if moments else _NAN


def mfi(chisq: float, df: float, n: float) -> float:
    """McDonald's fit index (McDonald 1989, *J. Classif.* 6:97-103): exp(−½(χ² − df)/n)."""
    return math.exp(-0.5 * (chisq - df) / n)


def ecvi(chisq: float, n: float, npar: float) -> float:
    """Return the expected cross-validation index (Browne & Cudeck 1989), χ²/n + 2 npar/n."""
    return chisq / n + 2 * npar / n


def critical_n(chisq: float, df: float, n: float, alpha: float) -> float:
    """Critical n (Hoelter 1983, *Sociol. Methods Res.* 11:325-344)."""
    if df <= 0 or chisq <= 0:
        return _NAN
    return float(special.chdtri(df, alpha)) / (chisq / n) + 1


@dataclass(frozen=True, slots=True)
class Residuals:
    """Root mean squared residuals, with lavaan's names."""

    rmr: float
    rmr_nomean: float
    srmr: float
    srmr_bentler_nomean: float
    crmr: float
    crmr_nomean: float
    srmr_mplus: float
    srmr_mplus_nomean: float


def srmr_family(
    sample: Sequence[Array],
    implied: Sequence[Array],
    means: Sequence[tuple[Array, Array] | None],
    shares: Sequence[float],
) -> Residuals:
    """Root mean squared residuals: raw, standardised by the sample (Bentler 1995), of correlations, Mplus's.

    Parameters
    ----------
    sample, implied : sequence of ndarray, shape (p, p)
        Covariances of each group.
    means : sequence of (sample mean, implied mean) or None
    shares : sequence of float
        n_g / N.
    """
    total = np.zeros(8)
    for S, sigma, mean, share in zip(sample, implied, means, shares, strict=True):
        total += share * np.array(_group_residuals(S, sigma, mean))
    return Residuals(*(float(v) for v in total))


def _group_residuals(S: Array, sigma: Array, mean: tuple[Array, Array] | None) -> tuple[float, ...]:
    p = len(S)
    low = np.tril_indices(p)
    off = np.tril_indices(p, -1)
    sd, fitted = np.sqrt(np.diagonal(S)), np.sqrt(np.diagonal(sigma))
    raw = S - sigma
    bentler = raw / np.outer(sd, sd)
    cor = S / np.outer(sd, sd) - sigma / np.outer(fitted, fitted)
    spread = (np.diagonal(S) - np.diagonal(sigma)) / np.diagonal(S)
    squares = {
        "raw": float(np.sum(raw[low] ** 2)),
        "bentler": float(np.sum(bentler[low] ** 2)),
        "cor": float(np.sum(cor[off] ** 2)),
        "mplus": float(np.sum(cor[off] ** 2) + np.sum(spread**2)),
    }
    extra = {"raw": 0.0, "bentler": 0.0, "mplus": 0.0}
    k = 0
    if mean is not None:
        k = p
        m, mu = mean
        extra = {
            "raw": float(np.sum((m - mu) ** 2)),
            "bentler": float(np.sum(((m - mu) / sd) ** 2)),
            "mplus": float(np.sum((m / sd - mu / fitted) ** 2)),
        }
    size, pairs = p * (p + 1) / 2, p * (p - 1) / 2

    def root(total: float, count: float) -> float:
        return math.sqrt(total / count) if count else _NAN

    return (
        root(squares["raw"] + extra["raw"], size + k),
        root(squares["raw"], size),
        root(squares["bentler"] + extra["bentler"], size + k),
        root(squares["bentler"], size),
        root(squares["cor"] + extra["bentler"], pairs + k),
        root(squares["cor"], pairs),
        root(squares["mplus"] + extra["mplus"], size + k),
        root(squares["mplus"], size),
    )
