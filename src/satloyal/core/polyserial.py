"""Polyserial correlations of many ordinal-continuous pairs at once, given thresholds, means and variances."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import special

from satloyal.core.bivariate_normal import normal_pdf
from satloyal.core.root import BOUND, Roots, climb

__all__ = ["AnswerDerivatives", "answer_derivatives", "estimate", "influence", "limit_derivatives"]

Array = NDArray[Any]

_LEAST = 1e-300
_ANSWERS = 200_000  # answers worked on at once, for memory


@dataclass(frozen=True, slots=True, eq=False)
class AnswerDerivatives:
    """Of log P(y | z), each of shape (N, n): in ρ (twice), in z, and in the thresholds above and below y."""

    rho: Array
    rho_rho: Array
    z: Array
    upper: Array
    lower: Array


def answer_derivatives(z: Array, codes: Array, thresholds: Array, rho: Array) -> AnswerDerivatives:
    """Return the derivatives of log P(y = c | z) = log[Φ(u_c) − Φ(u_{c−1})], u_c = (τ_c − ρz)/√(1 − ρ²).

    Parameters
    ----------
    z : ndarray, shape (N, n)
        Standardised continuous variable of each of N pairs.
    codes : ndarray of int, shape (N, n)
        Category of each answer, from 0.
    thresholds : ndarray, shape (N, C − 1)
        Padded with +∞.
    rho : ndarray, shape (N,)

    Returns
    -------
    AnswerDerivatives

    Notes
    -----
    Olsson, Drasgow & Dorans 1982 (*Psychometrika* 47:337-347), eq. 22 and following.

    Examples
    --------
    >>> d = answer_derivatives(np.array([[1.0]]), np.array([[1]]), np.array([[0.0]]), np.array([0.0]))
    >>> d.rho.round(4).item()
    0.7979
    """
    edges = np.pad(thresholds, ((0, 0), (1, 1)), constant_values=((0, 0), (-np.inf, np.inf)))
    pair = np.arange(len(z))[:, None]
    return limit_derivatives(z, edges[pair, codes], edges[pair, codes + 1], rho)


def limit_derivatives(z: Array, low: Array, high: Array, rho: Array) -> AnswerDerivatives:
    """Return the derivatives of each answer's log P(y | z) between limits of its own.

    Parameters
    ----------
    z : ndarray, shape (N, n)
    low, high : ndarray, shape (N, n)
        Thresholds below and above each answer; may be infinite.
    rho : ndarray, shape (N,)

    Examples
    --------
    >>> one = np.ones((1, 1))
    >>> limit_derivatives(one, 0 * one, np.inf * one, np.array([0.0])).rho.round(4).item()
    0.7979
    """
    r = rho[:, None]
    rest = (1 - r) * (1 + r)
    upper, lower = _edge(high, z, r, rest), _edge(low, z, r, rest)
    p = np.maximum(_between(lower.u, upper.u), _LEAST)
    first = (upper.density * upper.d_rho - lower.density * lower.d_rho) / p
    second = (_bend(upper) - _bend(lower)) / p - first * first
    root = np.sqrt(rest)
    slope_z = -(r / root) * (upper.density - lower.density) / p
    return AnswerDerivatives(first, second, slope_z, upper.density / root / p, -lower.density / root / p)


@dataclass(frozen=True, slots=True, eq=False)
class _Edge:
    """One side of each answer's category given z: u, φ(u), ∂u/∂ρ and ∂²u/∂ρ²."""

    u: Array
    density: Array
    d_rho: Array
    d_rho_rho: Array


def _edge(tau: Array, z: Array, r: Array, rest: Array) -> _Edge:
    finite = np.isfinite(tau)
    own = np.where(finite, tau, 0.0)
    u = np.where(finite, (own - r * z) / np.sqrt(rest), tau)
    first = (own * r - z) / rest**1.5
    second = own / rest**1.5 + 3 * r * (own * r - z) / rest**2.5
    return _Edge(u, normal_pdf(u), first, second)


def _bend(edge: _Edge) -> Array:
    """∂²Φ(u)/∂ρ²."""
    u = np.where(np.isfinite(edge.u), edge.u, 0.0)
    return np.asarray(edge.density * (edge.d_rho_rho - u * edge.d_rho**2))


def _between(low: Array, high: Array) -> Array:
    """Φ(high) − Φ(low) from the tail where both are small, so that no digits cancel."""
    flip = low > 0
    return np.asarray(special.ndtr(np.where(flip, -low, high)) - special.ndtr(np.where(flip, -high, low)))


def estimate(z: Array, codes: Array, thresholds: Array, weights: Array, start: Array) -> Roots:
    """Estimate the polyserial correlation of each pair by maximum likelihood, the margins given.

    Parameters
    ----------
    z : ndarray, shape (N, n)
        Standardised continuous variables.
    codes : ndarray of int, shape (N, n)
        Categories of the ordinal items, from 0.
    thresholds : ndarray, shape (N, C − 1)
        Padded with +∞.
    weights : ndarray, shape (N, n) or (1, n)
        Share of each answer; sums to one.
    start : ndarray, shape (N,)

    Returns
    -------
    Roots

    Examples
    --------
    >>> z = np.array([[-1.2, -0.4, 0.3, 1.3]])
    >>> y = np.array([[0, 1, 0, 1]])
    >>> estimate(z, y, np.zeros((1, 1)), np.full((1, 4), 0.25), np.zeros(1)).value.round(3).tolist()
    [0.634]
    """
    every = np.broadcast_to(weights, z.shape)

    def score(at: Array, rho: Array) -> tuple[Array, Array]:
        d = answer_derivatives(z[at], codes[at], thresholds[at], rho)
        return np.einsum("ni,ni->n", every[at], d.rho), np.einsum("ni,ni->n", every[at], d.rho_rho)

    return climb(score, start, max(1, _ANSWERS // max(1, z.shape[1])))


def influence(
    z: Array,
    codes: Array,
    thresholds: Array,
    rho: Array,
    weights: Array,
    item_influence: Array,
    margin: Array,
) -> Array:
    """Return the influence of each answer on each two-step polyserial correlation, shape (N, n).

    Parameters
    ----------
    z, codes : ndarray, shape (N, n)
    thresholds : ndarray, shape (N, C − 1)
    rho : ndarray, shape (N,)
    weights : ndarray, shape (n,) or (N, n)
        Share of each answer; sums to one.
    item_influence : ndarray, shape (N, C, C − 1)
        Influence of an answer on the thresholds, by its category.
    margin : ndarray, shape (N, n, 2)
        Influence on mean and variance, from :func:`satloyal.core.continuous.margin_influence`.

    Returns
    -------
    ndarray, shape (N, n)

    Notes
    -----
    IF_ρ = (Σ s_ρ²)⁻¹ [s_ρ − Σ s_ρ s_θ′ · IF_θ] over θ = (thresholds, mean, variance) of the pair's joint
    likelihood φ(z)/σ · P(y | z) (Muthén 1984, *Psychometrika* 49:115-132).
    """
    d = answer_derivatives(z, codes, thresholds, rho)
    weighted = weights * d.rho
    information = np.einsum("ni,ni->n", weighted, d.rho)
    cross_mean = np.einsum("ni,ni->n", weighted, z - d.z)
    cross_variance = np.einsum("ni,ni->n", weighted, 0.5 * (z * z - 1) - 0.5 * z * d.z)
    cross = np.zeros((len(z), thresholds.shape[1] + 2))
    pair = np.broadcast_to(np.arange(len(z))[:, None], z.shape)
    np.add.at(cross, (pair, codes + 1), weighted * d.upper)
    np.add.at(cross, (pair, codes), weighted * d.lower)
    by_category = np.einsum("nck,nk->nc", item_influence, cross[:, 1:-1])
    moved = d.rho - by_category[pair, codes]
    moved -= cross_mean[:, None] * margin[:, :, 0] + cross_variance[:, None] * margin[:, :, 1]
    with np.errstate(divide="ignore", invalid="ignore"):
        moved /= information[:, None]
    moved[np.abs(rho) >= BOUND] = np.nan
    return np.asarray(moved)
