"""Correlations of residuals given covariates, pair by pair, with their influence: the second step.

Each row has limits (or a standardised residual) of its own, so that there are no tables: likelihoods are sums
over rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import special

from satloyal.core.bivariate_normal import normal_pdf
from satloyal.core.polychoric import cell_derivatives
from satloyal.core.polyserial import limit_derivatives
from satloyal.core.probit import Margin
from satloyal.core.root import BOUND, Roots, climb

__all__ = ["pair_influence", "residual_correlations"]

Array = NDArray[Any]

_LEAST = 1e-13  # a cell's probability below it has lost its digits
_FAR = 38.0  # stands for an infinite limit
_ROWS = 100_000  # answers worked on at once, for memory
_BLOCK = 4_000  # and within the processor's cache


def residual_correlations(
    margins: Sequence[Margin], first: Array, second: Array, start: Array | None = None
) -> Roots:
    """Estimate the correlation of each pair of residuals by maximum likelihood, the margins given.

    Parameters
    ----------
    margins : sequence of Margin
        Of the p variables.
    first, second : ndarray of int, shape (N,)
        The pairs.
    start : ndarray, shape (N,), optional
        Where to start; the correlation of expected residuals when not given.

    Returns
    -------
    Roots
        Product-moment correlations for two continuous variables.

    Notes
    -----
    Muthén 1984 (*Psychometrika* 49:115-132), the second of his stages.
    """
    share = margins[0].share
    value = np.array([_moment(margins[i], margins[j]) for i, j in zip(first, second, strict=True)])
    start, converged = value.copy() if start is None else start, np.ones(len(first), bool)
    at_bound, steps = np.zeros(len(first), bool), 0
    item = np.array([m.codes is not None for m in margins])
    kinds = ((item[first] & item[second], _both_scores), (item[first] != item[second], _mixed_scores))
    for mask, scores in kinds:
        at = np.flatnonzero(mask)
        if not len(at):
            continue
        pairs = [(margins[first[k]], margins[second[k]]) for k in at]

        def slopes(
            which: Array, rho: Array, pairs: list[tuple[Margin, Margin]] = pairs, scores: Any = scores
        ) -> tuple[Array, Array]:
            score, curve = scores([pairs[k] for k in which], rho)
            return score @ share, curve @ share

        found = climb(slopes, np.clip(start[at], -0.9, 0.9), max(1, _ROWS // len(share)))
        value[at], converged[at], at_bound[at] = found.value, found.converged, found.at_bound
        steps = max(steps, found.steps)
    return Roots(value, converged, at_bound, steps)


def _moment(a: Margin, b: Margin) -> float:
    """Return the correlation of expected residuals."""
    x, y, w = a.residual, b.residual, a.share
    return float(w @ (x * y) / np.sqrt((w @ x**2) * (w @ y**2)))


def _both_scores(pairs: Sequence[tuple[Margin, Margin]], rho: Array) -> tuple[Array, Array]:
    """Return first and second derivatives in ρ of each row's log probability, for items, shapes (N, n)."""
    h = np.stack([np.stack(a.limits, axis=-1) for a, _ in pairs])  # (N, n, 2)
    k = np.stack([np.stack(b.limits, axis=-1) for _, b in pairs])
    n = h.shape[1]
    found, first, second = _own_cells(h.reshape(-1, 2), k.reshape(-1, 2), np.repeat(rho, n))
    p = np.maximum(found, _LEAST)
    first = first / p
    second = second / p - first * first
    lost = found < _LEAST
    if lost.any():
        first[lost], second[lost] = _corner_slopes(
            h.reshape(-1, 2)[lost], k.reshape(-1, 2)[lost], np.repeat(rho, n)[lost]
        )
    return first.reshape(-1, n), second.reshape(-1, n)


def _own_cells(h: Array, k: Array, rho: Array) -> tuple[Array, Array, Array]:
    """Return π of each row's cell between limits h and k, shape (n, 2), and its derivatives in ρ."""
    out = np.empty((3, len(h)))
    for start in range(0, len(h), _BLOCK):
        at = slice(start, start + _BLOCK)
        cells = cell_derivatives(h[at], k[at], rho[at])
        out[:, at] = cells.probability[:, 1, 1], cells.first[:, 1, 1], cells.second[:, 1, 1]
    return out[0], out[1], out[2]


def _corner(h: Array, k: Array, r: Array) -> tuple[Array, Array]:
    """Return the likeliest corner of each row's cell, where its probability is lost to rounding."""
    h, k = np.clip(h, -_FAR, _FAR), np.clip(k, -_FAR, _FAR)
    hs, ks = h[:, [0, 0, 1, 1]], k[:, [0, 1, 0, 1]]
    near = np.argmin(hs * hs - 2 * r[:, None] * hs * ks + ks * ks, axis=1)
    rows = np.arange(len(h))
    return hs[rows, near], ks[rows, near]


def _corner_slopes(h: Array, k: Array, r: Array) -> tuple[Array, Array]:
    """Return derivatives of log φ₂ in ρ at the likeliest corner.

    Where π is lost to rounding it is φ₂ there times an area that hardly changes with ρ.
    """
    x, y = _corner(h, k, r)
    rest, cross, squares = (1 - r) * (1 + r), x * y, x * x + y * y
    top = cross * (1 + r * r) - r * squares
    first = r / rest + top / rest**2
    second = (1 + r * r) / rest**2 + (2 * r * cross - squares) / rest**2 + 4 * r * top / rest**3
    return first, second


def _mixed_scores(pairs: Sequence[tuple[Margin, Margin]], rho: Array) -> tuple[Array, Array]:
    """Return first and second derivatives in ρ of each row's log P(y | z), shapes (N, n)."""
    items = [a if a.codes is not None else b for a, b in pairs]
    others = [b if a.codes is not None else a for a, b in pairs]
    low, high = (np.stack([m.limits[side] for m in items]) for side in (0, 1))
    found = limit_derivatives(np.stack([m.z for m in others]), low, high, rho)
    return found.rho, found.rho_rho


def pair_influence(a: Margin, b: Margin, rho: float) -> Array:
    """Return the influence of each row on the correlation of a pair of residuals, shape (n,).

    Parameters
    ----------
    a, b : Margin
    rho : float

    Returns
    -------
    ndarray, shape (n,)
        NaN where answers separate.

    Notes
    -----
    IF_ρ = (Σ s_ρ²)⁻¹ [s_ρ − Σ s_ρ s_θ′ · IF_θ] over the parameters θ of both margins (Muthén 1984,
    *Psychometrika* 49:115-132).
    """
    share = a.share
    if abs(rho) >= BOUND and (a.codes is not None or b.codes is not None):
        return np.full(len(share), np.nan)
    if a.codes is None and b.codes is None:
        score, by_a, by_b = _numeric(a, b, rho)
    elif a.codes is not None and b.codes is not None:
        score, by_a, by_b = _items(a, b, rho)
    elif a.codes is not None:
        score, by_a, by_b = _item_with_numeric(a, b, rho)
    else:
        score, by_b, by_a = _item_with_numeric(b, a, rho)
    weighted = share * score
    moved = score - a.influence @ (weighted @ by_a) - b.influence @ (weighted @ by_b)
    return np.asarray(moved / (weighted @ score))


def _numeric(a: Margin, b: Margin, rho: float) -> tuple[Array, Array, Array]:
    """Scores of the bivariate normal in ρ and both margins."""
    x, y, rest = a.z, b.z, (1 - rho) * (1 + rho)
    score = rho / rest + ((1 + rho**2) * x * y - rho * (x * x + y * y)) / rest**2
    return score, a.scores((rho * y - x) / rest), b.scores((rho * x - y) / rest)


def _item_with_numeric(a: Margin, b: Margin, rho: float) -> tuple[Array, Array, Array]:
    """Scores of φ(z)/σ · P(y | z) in ρ, the item's margin and the other's."""
    low, high = a.limits
    d = limit_derivatives(b.z[None], low[None], high[None], np.array([rho]))
    return d.rho[0], a.scores(d.upper[0], d.lower[0]), b.scores(d.z[0] - b.z)


def _items(a: Margin, b: Margin, rho: float) -> tuple[Array, Array, Array]:
    """Scores of the probability of both answers in ρ and both margins."""
    h, k = np.stack(a.limits, axis=-1), np.stack(b.limits, axis=-1)
    r = np.full(len(h), rho)
    found, first, _ = _own_cells(h, k, r)
    p = np.maximum(found, _LEAST)
    score = first / p
    by_a, by_b = _strip(h, k, rho) / p[:, None], _strip(k, h, rho) / p[:, None]
    lost = np.flatnonzero(found < _LEAST)
    if len(lost):
        x, y = _corner(h[lost], k[lost], r[lost])
        rest = (1 - rho) * (1 + rho)
        score[lost] = _corner_slopes(h[lost], k[lost], r[lost])[0]
        for out, own, at, other in ((by_a, h, x, y), (by_b, k, y, x)):
            upper = at == np.clip(own[lost, 1], -_FAR, _FAR)
            steep = (rho * other - at) / rest
            out[lost, 0], out[lost, 1] = np.where(upper, 0.0, steep), np.where(upper, steep, 0.0)
    return score, a.scores(by_a[:, 1], by_a[:, 0]), b.scores(by_b[:, 1], by_b[:, 0])


def _strip(along: Array, across: Array, rho: float) -> Array:
    """∂P/∂(lower limit) and ∂P/∂(upper limit) of the first variable, shape (n, 2)."""
    root = np.sqrt((1 - rho) * (1 + rho))
    far = np.where(np.isfinite(along), along, 0.0)
    inside = special.ndtr((across[:, 1:] - rho * far) / root)
    inside -= special.ndtr((across[:, :1] - rho * far) / root)
    return np.asarray(normal_pdf(along) * inside * np.array([-1.0, 1.0]))
