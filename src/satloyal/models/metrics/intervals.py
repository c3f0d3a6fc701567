"""Intervals of shares, net scores and means from an effective number of answers, and of their differences."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, stats

__all__ = ["Kind", "Method", "Point", "difference", "ends", "holm"]

Kind = Literal["share", "net", "mean"]
Method = Literal["default", "clopper_pearson", "wald"]

_ADDED = 3.0  # pseudo-answers of the adjusted Wald interval: 3/4 promoters, 3/4 detractors, 3/2 passives
_FURTHEST = 37.0  # standard normal distance beyond which a p-value underflows


@dataclass(frozen=True, slots=True)
class Point:
    """A weighted mean of scores and what its interval needs.

    Parameters
    ----------
    est, se : float
        Mean, and its linearised standard error; NaN where all scores are equal or there is one answer.
    second : float
        Weighted mean of the squared scores.
    n : int
        Answers behind it.
    deff : float
        Design variance over that of a simple random sample of n; NaN where all scores are equal.
    worth : float
        How many independent, equally weighted answers the n are worth; at most n.
    df : int
        Clusters (or answers) minus one.
    """

    est: float
    se: float
    second: float
    n: int
    deff: float
    worth: float
    df: int


def ends(
    point: Point, kind: Kind, method: Method, alpha: float, limits: tuple[float, float]
) -> tuple[float, float]:
    r"""Return the two ends of one interval, within ``limits``.

    Notes
    -----
    The effective n of a design is :math:`n^* = n / deff \cdot (t_{n-1}/t_{df})^2`, at most n (E. L. Korn and
    B. I. Graubard 1998, Confidence intervals for proportions with small expected number of positive counts,
    Survey Methodology 24, 193–201). Shares: E. B. Wilson (1927), Probable inference, JASA 22, 209–212;
    C. J. Clopper and E. S. Pearson (1934), Biometrika 26, 404–413. Net scores: the adjusted Wald interval of
    B. Rocks (2016), Interval estimation for the "Net Promoter Score", The American Statistician 70, 365–372,
    which adds 3/4 promoters, 3/4 detractors and 3/2 passives. Means: Student's t.

    Examples
    --------
    >>> p = Point(est=0.5, se=0.05, second=0.5, n=100, deff=1.0, worth=100.0, df=99)
    >>> [round(e, 4) for e in ends(p, "share", "default", 0.05, (0.0, 1.0))]
    [0.4038, 0.5962]
    """
    if point.n == 0:
        return np.nan, np.nan
    if kind == "mean" or method == "wald":
        reach = _t(alpha, point.df) * point.se if point.df > 0 else np.nan
        return _within(point.est - reach, point.est + reach, limits)
    n, z = _effective(point, alpha), float(stats.norm.isf(alpha / 2))
    if kind == "net":
        centre = n * point.est / (n + _ADDED)
        second = (n * point.second + _ADDED / 2 * limits[1] ** 2) / (n + _ADDED)
        reach = z * float(np.sqrt(max(second - centre**2, 0.0) / (n + _ADDED)))
        return _within(centre - reach, centre + reach, limits)
    p = min(max(point.est, 0.0), 1.0)
    if method == "clopper_pearson":
        x = n * p
        low = 0.0 if p == 0 else float(stats.beta.ppf(alpha / 2, x, n - x + 1))
        high = 1.0 if p == 1 else float(stats.beta.isf(alpha / 2, x + 1, n - x))
        return low, high
    centre = (p + z**2 / (2 * n)) / (1 + z**2 / n)
    reach = z / (1 + z**2 / n) * float(np.sqrt(p * (1 - p) / n + z**2 / (4 * n**2)))
    # at p = 0 and p = 1 one end is p itself; rounding must not move it
    return 0.0 if p == 0 else max(centre - reach, 0.0), 1.0 if p == 1 else min(centre + reach, 1.0)


def _t(alpha: float, df: int) -> float:
    return float(stats.t.isf(alpha / 2, df))


def _effective(point: Point, alpha: float) -> float:
    if point.df in (0, point.n - 1):
        return point.worth
    return min(float(point.n), point.worth * (_t(alpha, point.n - 1) / _t(alpha, point.df)) ** 2)


def _within(low: float, high: float, limits: tuple[float, float]) -> tuple[float, float]:
    return max(low, limits[0]) if low == low else low, min(high, limits[1]) if high == high else high


def difference(
    a: Point,
    b: Point,
    correlation: float,
    level: float,
    interval: Callable[[Point, float], tuple[float, ...]],
) -> tuple[float, float, float]:
    r"""Return interval and p-value of ``b - a`` from their own intervals.

    Notes
    -----
    The method of variance estimates recovery: :math:`L = d - \sqrt{(b - l_b)^2 + (u_a - a)^2 -
    2 r (b - l_b)(u_a - a)}`, U likewise (G. Y. Zou and A. Donner 2008, Construction of confidence limits
    about effect measures, Statistics in Medicine 27, 1693–1702); for independent shares with Wilson limits
    it is method 10 of R. G. Newcombe (1998), Statistics in Medicine 17, 873–890. The p-value is the level at
    which the interval touches zero, so that the two never disagree; ``interval`` takes a point and 1 - level.
    """
    d = b.est - a.est

    def bounds(alpha: float) -> tuple[float, float]:
        (low_a, high_a), (low_b, high_b) = interval(a, alpha), interval(b, alpha)
        return d - _reach(b.est - low_b, high_a - a.est, correlation), d + _reach(
            high_b - b.est, a.est - low_a, correlation
        )

    def inner(z: float) -> float:
        low, high = bounds(float(2 * stats.norm.sf(z)))
        return low if d > 0 else -high

    low, high = bounds(1 - level)
    if not (np.isfinite(low) and np.isfinite(high)):
        return np.nan, np.nan, np.nan
    if d == 0 or inner(1e-9) <= 0:
        return low, high, 1.0
    if inner(_FURTHEST) > 0:
        return low, high, float(2 * stats.norm.sf(_FURTHEST))
    z = float(optimize.brentq(inner, 1e-9, _FURTHEST, xtol=1e-10))
    return low, high, float(2 * stats.norm.sf(z))


def _reach(one: float, other: float, correlation: float) -> float:
    if np.isnan(one) or np.isnan(other):
        return float("nan")
    one, other = max(one, 0.0), max(other, 0.0)
    return float(np.sqrt(max(one**2 + other**2 - 2 * correlation * one * other, 0.0)))


def holm(pvalues: NDArray[np.float64]) -> NDArray[np.float64]:
    """Adjust p-values (k,) for all of them; NaN stay out (S. Holm 1979, Scand. J. Statistics 6, 65–70).

    Examples
    --------
    >>> holm(np.array([0.01, 0.04, 0.03])).round(3).tolist()
    [0.03, 0.06, 0.06]
    """
    out = np.full(pvalues.shape, np.nan)
    known = np.flatnonzero(~np.isnan(pvalues))
    order = known[np.argsort(pvalues[known], kind="stable")]
    steps = pvalues[order] * np.arange(order.size, 0, -1)
    out[order] = np.minimum(np.maximum.accumulate(steps), 1.0)
    return out
