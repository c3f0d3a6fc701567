"""Regressions of ordinal items and continuous variables on covariates: the first step given covariates.

An ordinal item with thresholds τ has P(y ≤ c | x) = Φ(τ_c − x′β); a continuous variable is α + x′β + σz.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import special

from satloyal.core.bivariate_normal import normal_pdf

__all__ = ["Margin", "item_margin", "numeric_margin"]

Array = NDArray[Any]

_STEPS = 100
_CLOSE = 1e-16  # squared length of a Newton step in standard errors of one answer
_ROUNDING = 1e-12  # of a mean log-likelihood
_LEAST = 1e-300
_FLAT = 1e-10  # information of one answer that is left only where answers separate
_FAR = 25.0  # a threshold or slope, in SDs of the response or of both, that only separation leads to


@dataclass(frozen=True, eq=False)
class Margin:
    """One variable given covariates.

    Parameters
    ----------
    x : ndarray, shape (n, k)
        Covariates.
    share : ndarray, shape (n,)
        Weight of each row; sums to one.
    cuts : ndarray, shape (C − 1,) or (1,)
        Thresholds of an item, or the intercept of a continuous variable.
    slopes : ndarray, shape (k,)
    codes : ndarray of int, shape (n,), optional
        Categories of an item, from 0; none for a continuous variable.
    z : ndarray, shape (n,)
        Standardised residuals of a continuous variable; zero for an item.
    variance : float
        Residual variance; 1 for an item.
    converged : bool
    """

    x: Array
    share: Array
    cuts: Array
    slopes: Array
    codes: Array | None
    z: Array
    variance: float
    converged: bool

    @cached_property
    def limits(self) -> tuple[Array, Array]:
        """Limits of each answer's category given x, shapes (n,): τ_{c−1} − x′β and τ_c − x′β."""
        assert self.codes is not None  # noqa: S101 - asked for items only
        edges = np.r_[-np.inf, self.cuts, np.inf]
        centre = self.x @ self.slopes
        return edges[self.codes] - centre, edges[self.codes + 1] - centre

    @cached_property
    def residual(self) -> Array:
        """What is expected of the standardised residual given the answer, shape (n,)."""
        if self.codes is None:
            return self.z
        low, high = self.limits
        return np.asarray((normal_pdf(low) - normal_pdf(high)) / _between(low, high))

    def scores(self, by_first: Array, by_second: Array | None = None) -> Array:
        """Return derivatives of each row's log density in cuts, slopes (and variance), shape (n, m).

        Parameters
        ----------
        by_first : ndarray, shape (n,)
            Derivative in the upper limit of an item's category, or in z.
        by_second : ndarray, shape (n,), optional
            Derivative in the lower limit.
        """
        if self.codes is None:
            sd = np.sqrt(self.variance)
            spread = -0.5 * (by_first * self.z + 1) / self.variance
            return np.column_stack([-by_first / sd, -by_first[:, None] * self.x / sd, spread])
        assert by_second is not None  # noqa: S101 - items have two limits
        rows, top = np.arange(len(self.x)), len(self.cuts)
        out = np.zeros((len(rows), top + 1 + self.x.shape[1]))
        out[rows, self.codes] = by_first  # the last category has no threshold above it: column `top` goes
        above = self.codes > 0
        out[rows[above], self.codes[above] - 1] += by_second[above]
        out[:, top + 1 :] = -(by_first + by_second)[:, None] * self.x
        return np.delete(out, top, axis=1)

    @cached_property
    def influence(self) -> Array:
        """Influence of each row on cuts, slopes (and variance), (Σ s s′)⁻¹ s, shape (n, m)."""
        if self.codes is None:
            scores = self.scores(-self.z)
        else:
            low, high = self.limits
            p = _between(low, high)
            scores = self.scores(normal_pdf(high) / p, -normal_pdf(low) / p)
        information = scores.T @ (self.share[:, None] * scores)
        return np.asarray(scores @ np.linalg.pinv(information, hermitian=True))


def numeric_margin(y: Array, x: Array, share: Array) -> Margin:
    """Regress a continuous variable on covariates by maximum likelihood.

    Parameters
    ----------
    y : ndarray, shape (n,)
    x : ndarray, shape (n, k)
    share : ndarray, shape (n,)
        Weight of each row; sums to one.

    Examples
    --------
    >>> m = numeric_margin(np.array([1.0, 2.0, 4.0, 5.0]), np.array([[0.0], [0], [1], [1]]), np.full(4, 0.25))
    >>> m.cuts.round(6).tolist(), m.slopes.round(6).tolist(), round(m.variance, 6)
    ([1.5], [3.0], 0.25)
    """
    design = np.column_stack([np.ones(len(x)), x])
    root = np.sqrt(share)
    beta = np.linalg.lstsq(design * root[:, None], y * root, rcond=None)[0]
    gap = y - design @ beta
    variance = float(share @ gap**2)
    with np.errstate(divide="ignore", invalid="ignore"):
        z = gap / np.sqrt(variance)
    return Margin(x, share, beta[:1], beta[1:], None, z, variance, bool(np.isfinite(z).all()))


def item_margin(codes: Array, size: int, x: Array, share: Array, start: Margin | None = None) -> Margin:
    """Regress an ordinal item on covariates by maximum likelihood: an ordered probit.

    Parameters
    ----------
    codes : ndarray of int, shape (n,)
        Categories, from 0. One without an answer leaves the margin without convergence.
    size : int
        How many categories there are.
    x : ndarray, shape (n, k)
        Covariates, best standardised.
    share : ndarray, shape (n,)
        Weight of each row; sums to one.
    start : Margin, optional
        Of rows like these.

    Notes
    -----
    Fisher scoring on Σ w log[Φ(τ_c − x′β) − Φ(τ_{c−1} − x′β)] (McKelvey & Zavoina 1975, *J. Math. Sociol.*
    4:103-120), which is concave; steps are halved until it rises and thresholds keep their order.

    Examples
    --------
    >>> codes, x = np.array([0, 0, 1, 0, 1, 1]), np.array([[0.0], [0], [0], [1], [1], [1]])
    >>> m = item_margin(codes, 2, x, np.full(6, 1 / 6))
    >>> m.cuts.round(4).tolist(), m.slopes.round(4).tolist()
    ([0.4307], [0.8615])
    """
    top = size - 1
    none = np.zeros(len(codes))
    chosen = np.bincount(codes, share, size)
    theta = np.r_[special.ndtri(np.cumsum(chosen)[:-1]), np.zeros(x.shape[1])]
    if not (chosen > 0).all():
        return Margin(x, share, theta[:top], theta[top:], codes, none, 1.0, converged=False)
    if start is not None:
        theta = np.r_[start.cuts, start.slopes]
    edges = np.empty(size + 1)
    edges[0], edges[-1] = -np.inf, np.inf

    def value(at: Array) -> float:
        edges[1:-1] = at[:top]
        if (np.diff(at[:top]) <= 0).any():
            return -np.inf
        centre = x @ at[top:]
        return float(share @ np.log(_between(edges[codes] - centre, edges[codes + 1] - centre)))

    now, converged = value(theta), False
    for _ in range(_STEPS):
        margin = Margin(x, share, theta[:top], theta[top:], codes, none, 1.0, converged=False)
        low, high = margin.limits
        p = _between(low, high)
        slope = share @ margin.scores(normal_pdf(high) / p, -normal_pdf(low) / p)
        information = _information(theta, top, x, share)
        step = np.linalg.lstsq(information, slope, rcond=None)[0]
        if float(slope @ step) < _CLOSE:
            converged = bool(np.linalg.eigvalsh(information)[0] > _FLAT)
            break
        length = 1.0
        while (then := value(theta + length * step)) < now - _ROUNDING and length > 1e-10:
            length /= 2
        theta, now = theta + length * step, then
        if np.abs(theta).max() > _FAR:
            break
    return Margin(x, share, theta[:top], theta[top:], codes, none, 1.0, converged)


def _information(theta: Array, top: int, x: Array, share: Array) -> Array:
    """Return the expected information of one answer, shape (m, m)."""
    ends = ((0, 0), (1, 1))
    cut = np.pad(theta[:top] - (x @ theta[top:])[:, None], ends, constant_values=((0, 0), (-np.inf, np.inf)))
    p, density = _between(cut[:, :-1], cut[:, 1:]), normal_pdf(cut)
    total = np.zeros((len(theta), len(theta)))
    for c in range(top + 1):
        slopes = np.zeros((len(x), len(theta)))
        if c < top:
            slopes[:, c] = density[:, c + 1]
        if c > 0:
            slopes[:, c - 1] -= density[:, c]
        slopes[:, top:] = -(density[:, c + 1] - density[:, c])[:, None] * x
        total += (slopes * (share / p[:, c])[:, None]).T @ slopes
    return total


def _between(low: Array, high: Array) -> Array:
    """Φ(high) − Φ(low) from the tail where both are small, so that no digits cancel."""
    flip = low > 0
    gap = special.ndtr(np.where(flip, -low, high)) - special.ndtr(np.where(flip, -high, low))
    return np.asarray(np.maximum(gap, _LEAST))
