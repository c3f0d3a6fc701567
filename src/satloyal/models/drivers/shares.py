"""Shares of R²: Shapley averages over subsets or orders of drivers, and Johnson's relative weights.

Everything takes a batch of correlation matrices, shape (B, p + 1, p + 1), the outcome last.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import comb
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "EXACT_DRIVERS",
    "conditional_dominance",
    "correlations",
    "draw_orders",
    "lmg",
    "regression",
    "relative_weights",
    "sampled_lmg",
    "subset_r2",
]

Array = NDArray[Any]

EXACT_DRIVERS = 20
"""Most drivers whose subsets are all visited: a million of them."""

_CELLS = 2**21  # R² held at once; a handful of arrays of this size live while they are made
_ORDERED = 2**22  # entries of permuted matrices held at once


def correlations(cov: Array) -> Array:
    """Correlation matrices of covariance matrices, shape (B, p, p); NaN where a variance is not positive."""
    variance = np.diagonal(cov, axis1=1, axis2=2)
    with np.errstate(invalid="ignore", divide="ignore"):
        scale = np.where(variance > 0, 1 / np.sqrt(variance), np.nan)
    out: Array = cov * scale[:, :, None] * scale[:, None, :]
    return out


def subset_r2(cor: Array) -> Array:
    """R² of the outcome on every subset of drivers.

    Parameters
    ----------
    cor : ndarray, shape (B, p + 1, p + 1)

    Returns
    -------
    ndarray, shape (2**p, B)
        Bit j of the row number says whether driver j is in.

    Notes
    -----
    Drivers are taken one after another; each residual covariance matrix of what is left splits in one with
    and one without the driver swept out (Schur complement). So the matrices become smaller as they become
    more, and all 2**p take about 6 · 2**p multiplications (Σ 2**k (p − k)²).

    Examples
    --------
    >>> subset_r2(np.array([[[1, 0, 0.6], [0, 1, 0.5], [0.6, 0.5, 1]]])).ravel().round(2).tolist()
    [0.0, 0.36, 0.25, 0.61]
    """
    rest = np.ascontiguousarray(cor.transpose(1, 2, 0))[:, :, None, :]  # (m, m, subsets, B)
    for _ in range(len(rest) - 1):
        size, without = len(rest) - 1, rest[1:, 1:]
        done = without.shape[2]
        split = np.empty((size, size, 2 * done, cor.shape[0]))
        split[:, :, :done] = without
        with np.errstate(invalid="ignore", divide="ignore"):
            slope = rest[0, 1:] / rest[0, 0]
        np.multiply(rest[0, 1:, None], slope[None], out=split[:, :, done:])
        np.subtract(without, split[:, :, done:], out=split[:, :, done:])
        rest = split
    return np.asarray(1 - rest[0, 0])


def _sizes(p: int) -> Array:
    sizes = np.zeros(1, dtype=np.int64)
    for _ in range(p):
        sizes = np.concatenate([sizes, sizes + 1])
    return sizes


def lmg(cor: Array) -> Array:
    """Shapley shares of R², which Lindeman, Merenda and Gold average over all orders of entry.

    Parameters
    ----------
    cor : ndarray, shape (B, p + 1, p + 1), p at most 20

    Returns
    -------
    ndarray, shape (B, p)
        Shares in units of R², which they sum to.

    Notes
    -----
    LMG_j = Σ_{S∌j} |S|! (p − 1 − |S|)! / p! · [R²(S ∪ j) − R²(S)] (Grömping 2006, *J. Stat. Softw.*
    17(1)). With w(s) = s! (p − 1 − s)! / p! and w(p) = 0 this is Σ_{T∋j} (w(|T| − 1) + w(|T|)) R²(T) −
    Σ_T w(|T|) R²(T); the sums over T ∋ j come from folding the table of R² once over each bit.

    Examples
    --------
    >>> lmg(np.array([[[1, 0, 0.6], [0, 1, 0.5], [0.6, 0.5, 1]]])).round(2).tolist()
    [[0.36, 0.25]]
    """
    p = cor.shape[1] - 1
    w = np.array([1 / (p * comb(p - 1, s)) for s in range(p)] + [0.0])
    sizes = _sizes(p)
    inside, outside = (np.concatenate([[0.0], w[:-1]]) + w)[sizes][:, None], w[sizes]
    out = np.empty((len(cor), p))
    step = max(1, _CELLS // 2**p)
    for start in range(0, len(cor), step):
        r2 = subset_r2(cor[start : start + step])
        common = outside @ r2
        value = inside * r2
        for j in reversed(range(p)):
            half = 2**j
            out[start : start + step, j] = value[half:].sum(axis=0) - common
            value = value[:half] + value[half:]
    return out


def conditional_dominance(cor: Array) -> Array:
    """Mean increment of R² by each driver over the subsets of each size.

    Parameters
    ----------
    cor : ndarray, shape (p + 1, p + 1)

    Returns
    -------
    ndarray, shape (p, p)
        Driver by size of the subset that it joins, 0 to p − 1 (Azen & Budescu 2003, *Psychol. Methods*
        8:129-148); the mean of a row is general dominance, which equals LMG.
    """
    p = len(cor) - 1
    r2, sizes = subset_r2(cor[None])[:, 0], _sizes(p)
    out = np.empty((p, p))
    for j in range(p):
        pairs = r2.reshape(-1, 2, 2**j)
        before = sizes.reshape(-1, 2, 2**j)[:, 0].ravel()
        gain = (pairs[:, 1] - pairs[:, 0]).ravel()
        out[j] = np.bincount(before, gain, minlength=p) / np.bincount(before, minlength=p)
    return out


def draw_orders(p: int, count: int, seed: int) -> Array:
    """Draw orders of entry, shape (count, p): pairs of one and its reverse, which vary less together."""
    rng = np.random.default_rng(seed)
    half = rng.permuted(np.tile(np.arange(p), (count // 2, 1)), axis=1)
    return np.stack([half, half[:, ::-1]], axis=1).reshape(-1, p)


def sampled_lmg(cor: Array, orders: Array) -> tuple[Array, Array]:
    """Shapley shares from some orders of entry, with their Monte Carlo error.

    Parameters
    ----------
    cor : ndarray, shape (B, p + 1, p + 1)
    orders : ndarray, shape (m, p)
        From :func:`draw_orders`.

    Returns
    -------
    shares : ndarray, shape (B, p)
        They sum to R² in every order.
    error : ndarray, shape (B, p)
        Standard error by the spread of the m/2 pairs (Castro, Gómez & Tejada 2009, *Comput. Oper. Res.*
        36:1726-1730, for sampling orders).

    Notes
    -----
    In the Cholesky factor of the matrix in that order, outcome last, the squares of the last row are the
    increments of R².
    """
    m, p = orders.shape
    full = np.column_stack([orders, np.full(m, p)])
    shares, errors = np.full((len(cor), p), np.nan), np.full((len(cor), p), np.nan)
    for b, one in enumerate(cor):
        gains = np.empty((m, p))
        for rows in _pieces(m, max(2, _ORDERED // (p + 1) ** 2)):
            at = full[rows]
            try:
                factor = np.linalg.cholesky(one[at[:, :, None], at[:, None, :]])
            except np.linalg.LinAlgError:
                gains[:] = np.nan
                break
            np.put_along_axis(gains[rows], orders[rows], factor[:, -1, :-1] ** 2, axis=1)
        pairs = gains.reshape(-1, 2, p).mean(axis=1)
        shares[b], errors[b] = pairs.mean(axis=0), pairs.std(axis=0, ddof=1) / np.sqrt(len(pairs))
    return shares, errors


def _pieces(total: int, step: int) -> Iterator[slice]:
    for start in range(0, total, step):
        yield slice(start, min(start + step, total))


def relative_weights(cor: Array) -> Array:
    """Johnson's relative weights, shape (B, p), which sum to R².

    Notes
    -----
    With the correlations of the drivers R = Q Δ Q', Λ = Q Δ^½ Q' relates them to the nearest orthogonal
    variables; β* = Λ⁻¹ r regresses the outcome on those; ε_j = Σ_k Λ_jk² β*_k² (Johnson 2000, *Multivariate
    Behav. Res.* 35:1-19).

    Examples
    --------
    >>> relative_weights(np.array([[[1, 0.5, 0.6], [0.5, 1, 0.6], [0.6, 0.6, 1]]])).round(2).tolist()
    [[0.24, 0.24]]
    """
    fine: Array = np.asarray(np.isfinite(cor).all(axis=(1, 2)))
    safe = np.where(fine[:, None, None], cor, np.eye(cor.shape[1]))
    value, vector = np.linalg.eigh(safe[:, :-1, :-1])
    positive = value.min(axis=1) > 0
    root = np.sqrt(np.where(positive[:, None], value, np.nan))
    loads = np.einsum("bjk,bk,blk->bjl", vector, root, vector)
    turned = np.einsum("bjk,bj->bk", vector, safe[:, :-1, -1]) / root
    beta = np.einsum("bjk,bk->bj", vector, turned)
    out: Array = np.einsum("bjk,bk->bj", loads**2, beta**2)
    return np.where(fine[:, None], out, np.nan)


def regression(cor: Array) -> tuple[Array, Array, Array]:
    """Standardised betas, squared semipartial correlations and variance inflation factors.

    Parameters
    ----------
    cor : ndarray, shape (p + 1, p + 1)

    Returns
    -------
    beta, semipartial2, vif : ndarray, shape (p,)
        VIF_j is the j-th diagonal entry of the inverse correlations of the drivers; the squared semipartial,
        what R² loses without driver j, is β_j² / VIF_j.
    """
    inverse = np.linalg.inv(cor[:-1, :-1])
    beta, vif = inverse @ cor[:-1, -1], np.diagonal(inverse)
    return np.asarray(beta), np.asarray(beta**2 / vif), np.asarray(vif)
