"""Polychoric correlations of many pairs of ordinal items at once, given their thresholds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import special

from satloyal.core.bivariate_normal import bvn_grid, bvn_pdf_grid, normal_pdf
from satloyal.core.root import BOUND, Roots, climb

__all__ = ["CellDerivatives", "cell_derivatives", "estimate", "influence", "keep_margins"]

Array = NDArray[Any]

_LEAST = 1e-13  # a cell's probability below it has lost its digits: differences of Φ₂ carry errors near 1e-16
_FAR = 38.0  # stands for an infinite limit
_CELLS = 60_000  # cells worked on at once: keeps the temporaries within the processor's cache
_ADD = 0.5  # what a lone empty cell of a 2 × 2 table receives, in answers


@dataclass(frozen=True, slots=True, eq=False)
class CellDerivatives:
    """Probabilities of the cells of N tables and their derivatives in ρ, each of shape (N, a, b)."""

    probability: Array
    first: Array
    second: Array


def cell_derivatives(rows: Array, columns: Array, rho: Array) -> CellDerivatives:
    """Return cell probabilities π_ab(ρ), ∂π_ab/∂ρ and ∂²π_ab/∂ρ².

    Parameters
    ----------
    rows : ndarray, shape (N, a − 1)
        Thresholds of the first item of each pair; +∞ pads.
    columns : ndarray, shape (N, b − 1)
        Thresholds of the second.
    rho : ndarray, shape (N,)

    Returns
    -------
    CellDerivatives

    Notes
    -----
    π_ab is the double difference of Φ₂ over the thresholds (Olsson 1979, eq. 4), its derivative the double
    difference of φ₂ (eq. 12).

    Examples
    --------
    >>> cell_derivatives(np.zeros((1, 1)), np.zeros((1, 1)), np.array([0.5])).probability.round(4).tolist()
    [[[0.3333, 0.1667], [0.1667, 0.3333]]]
    """
    density, slope = bvn_pdf_grid(rows, columns, rho)
    n, a, b = density.shape
    cumulative = np.zeros((n, a + 2, b + 2))
    cumulative[:, 1:-1, 1:-1] = bvn_grid(rows, columns, rho)
    cumulative[:, 1:-1, -1] = special.ndtr(rows)
    cumulative[:, -1, 1:-1] = special.ndtr(columns)
    cumulative[:, -1, -1] = 1.0
    return CellDerivatives(_cells(cumulative), _cells(_bordered(density)), _cells(_bordered(slope)))


def _bordered(grid: Array) -> Array:
    """Zeros round each grid: the densities at infinite limits."""
    return np.pad(grid, ((0, 0), (1, 1), (1, 1)))


def _cells(corners: Array) -> Array:
    """Double differences of values at the corners of cells."""
    strips = corners[:, 1:] - corners[:, :-1]
    return np.asarray(strips[:, :, 1:] - strips[:, :, :-1])


def keep_margins(tables: Array, sizes: Array, n: Array | float) -> tuple[Array, Array]:
    """Fill a lone empty cell of 2 × 2 tables with half an answer, keeping the margins.

    Without it the correlation of such a pair would be ±1 for want of one answer. Tables with two empty
    cells on a diagonal are left alone: they truly separate.

    Parameters
    ----------
    tables : ndarray, shape (N, C, C)
        Shares of answers.
    sizes : ndarray of int, shape (N, 2)
        Categories of the two items.
    n : float or ndarray, shape (N,)
        Number of answers of each table.

    Returns
    -------
    tables : ndarray, shape (N, C, C)
    filled : ndarray of bool, shape (N,)

    Notes
    -----
    Brown & Benedetti 1977 (*Psychometrika* 42:347-355); the default of lavaan too.

    Examples
    --------
    >>> table, _ = keep_margins(np.array([[[20.0, 0.0], [10.0, 25.0]]]) / 55, np.array([[2, 2]]), 55)
    >>> (table * 55).round(6).tolist()
    [[[19.5, 0.5], [10.5, 24.5]]]
    """
    square = tables[:, :2, :2]
    filled = (sizes == 2).all(axis=1) & ((square == 0).sum(axis=(1, 2)) == 1)
    if not filled.any():
        return tables, filled
    main = (square[:, 0, 0] == 0) | (square[:, 1, 1] == 0)
    amount = np.where(filled, _ADD / n, 0.0) * np.where(main, 1.0, -1.0)
    out = tables.copy()
    out[:, :2, :2] += amount[:, None, None] * np.array([[1.0, -1.0], [-1.0, 1.0]])
    return out, filled


def estimate(tables: Array, rows: Array, columns: Array, start: Array | None = None) -> Roots:
    """Estimate the polychoric correlation of each table by maximum likelihood, thresholds given.

    Parameters
    ----------
    tables : ndarray, shape (N, a, b)
        Shares of answers, each table summing to one.
    rows : ndarray, shape (N, a − 1)
        Thresholds of the first item of each pair; +∞ pads.
    columns : ndarray, shape (N, b − 1)
        Thresholds of the second.
    start : ndarray, shape (N,), optional
        Where to start; the correlation of normal scores when not given.

    Returns
    -------
    Roots
        Correlations with flags: converged, and at the bound ±0.999, where the answers separate.

    Notes
    -----
    Newton's method on Σ f_ab log π_ab(ρ) (Olsson 1979, the two-step estimator), all tables together, kept
    inside a bracket of sign changes of the score.

    Examples
    --------
    >>> table = np.array([[[1 / 3, 1 / 6], [1 / 6, 1 / 3]]])
    >>> estimate(table, np.zeros((1, 1)), np.zeros((1, 1))).value.round(6).tolist()
    [0.5]
    """
    first = _normal_scores(tables, rows, columns) if start is None else start
    per_table = tables.shape[1] * tables.shape[2]

    def score(at: Array, rho: Array) -> tuple[Array, Array]:
        return _score(tables[at], rows[at], columns[at], rho)

    return climb(score, first, max(1, _CELLS // per_table))


def _score(tables: Array, rows: Array, columns: Array, rho: Array) -> tuple[Array, Array]:
    """First and second derivative in ρ of the log likelihood of one answer, shape (N,) each."""
    cells = cell_derivatives(rows, columns, rho)
    p = np.maximum(cells.probability, _LEAST)
    ratio = cells.first / p
    curvature = cells.second / p - ratio * ratio
    far = np.nonzero((cells.probability < _LEAST) & (tables > 0))
    if len(far[0]):
        ratio[far], curvature[far] = _far_cells(rows, columns, rho, far)
    return np.einsum("nab,nab->n", tables, ratio), np.einsum("nab,nab->n", tables, curvature)


def _far_cells(rows: Array, columns: Array, rho: Array, cells: tuple[Array, ...]) -> tuple[Array, Array]:
    """Return derivatives in ρ of log π where π is so small that it is lost to rounding, as in a far outlier.

    There π is a density times an area that hardly depends on ρ: the derivatives are those of log φ₂ at the
    likeliest corner of the cell.
    """
    table, a, b = cells
    edges_h = np.clip(np.pad(rows, ((0, 0), (1, 1)), constant_values=(-np.inf, np.inf)), -_FAR, _FAR)
    edges_k = np.clip(np.pad(columns, ((0, 0), (1, 1)), constant_values=(-np.inf, np.inf)), -_FAR, _FAR)
    h = np.stack([edges_h[table, a + i] for i in (0, 0, 1, 1)])
    k = np.stack([edges_k[table, b + j] for j in (0, 1, 0, 1)])
    r = rho[table]
    near = np.argmin(h * h - 2 * r * h * k + k * k, axis=0)
    h, k = h[near, np.arange(len(near))], k[near, np.arange(len(near))]
    rest, cross, squares = (1 - r) * (1 + r), h * k, h * h + k * k
    numerator = cross * (1 + r * r) - r * squares
    first = r / rest + numerator / rest**2
    second = (1 + r * r) / rest**2 + (2 * r * cross - squares) / rest**2 + 4 * r * numerator / rest**3
    return first, second


def _normal_scores(tables: Array, rows: Array, columns: Array) -> Array:
    """Correlation of the items scored by the normal means of their categories."""
    x = _category_means(tables.sum(axis=2), rows)
    y = _category_means(tables.sum(axis=1), columns)
    cross = np.einsum("nab,na,nb->n", tables, x, y)
    scale = np.einsum("nab,na->n", tables, x * x) * np.einsum("nab,nb->n", tables, y * y)
    with np.errstate(invalid="ignore", divide="ignore"):
        r = np.where(scale > 0, cross / np.sqrt(scale), 0.0)
    return np.asarray(np.clip(r, -0.9, 0.9))


def _category_means(margins: Array, thresholds: Array) -> Array:
    """E[z | category] = (φ(τ_{k−1}) − φ(τ_k)) / π_k, zero for a category without answers."""
    density = np.pad(normal_pdf(thresholds), ((0, 0), (1, 1)))
    gap = density[:, :-1] - density[:, 1:]
    return np.asarray(np.divide(gap, margins, out=np.zeros_like(gap), where=margins > 0))


def influence(
    tables: Array,
    rows: Array,
    columns: Array,
    rho: Array,
    row_influence: Array,
    column_influence: Array,
) -> Array:
    """Return the influence of one answer, by the cell it falls in, on each two-step correlation.

    Parameters
    ----------
    tables : ndarray, shape (N, a, b)
    rows, columns : ndarray, shape (N, a − 1), (N, b − 1)
    rho : ndarray, shape (N,)
    row_influence : ndarray, shape (N, a, a − 1)
        Influence of an answer on the thresholds of the first item.
    column_influence : ndarray, shape (N, b, b − 1)

    Returns
    -------
    ndarray, shape (N, a, b)

    Notes
    -----
    With s the derivatives of log π_ab and sums over answers (Muthén 1984, *Psychometrika* 49:115-132;
    Jöreskog 1994, *Psychometrika* 59:381-389),

        IF_ρ = (Σ s_ρ²)⁻¹ [s_ρ − Σ s_ρ s_τ′ · IF_τ].
    """
    out = np.empty(tables.shape)
    step = max(1, _CELLS // (tables.shape[1] * tables.shape[2]))
    for start in range(0, len(tables), step):
        at = slice(start, start + step)
        out[at] = _influence(
            tables[at], rows[at], columns[at], rho[at], row_influence[at], column_influence[at]
        )
    return out


def _influence(
    tables: Array,
    rows: Array,
    columns: Array,
    rho: Array,
    row_influence: Array,
    column_influence: Array,
) -> Array:
    cells = cell_derivatives(rows, columns, rho)
    p = np.maximum(cells.probability, _LEAST)
    score = cells.first / p
    information = np.einsum("nab,nab,nab->n", tables, score, score)
    weight = tables * score / p
    by_row = _strip(rows, columns, rho)  # ∂/∂τ_k of the cells below the k-th row threshold
    by_column = _strip(columns, rows, rho)
    cross_row = np.einsum("nkb,nkb->nk", by_row, weight[:, :-1] - weight[:, 1:])
    turned = weight.transpose(0, 2, 1)
    cross_column = np.einsum("nkb,nkb->nk", by_column, turned[:, :-1] - turned[:, 1:])
    moved = score - np.einsum("nak,nk->na", row_influence, cross_row)[:, :, None]
    moved -= np.einsum("nbk,nk->nb", column_influence, cross_column)[:, None, :]
    with np.errstate(divide="ignore", invalid="ignore"):
        moved /= information[:, None, None]
    moved[np.abs(rho) >= BOUND] = np.nan
    return np.asarray(moved)


def _strip(along: Array, across: Array, rho: Array) -> Array:
    """φ(τ_k) P(b | x = τ_k): how fast the cells on one side of threshold k grow, shape (N, k, b)."""
    root = np.sqrt((1 - rho) * (1 + rho))[:, None, None]
    far = np.where(np.isfinite(along), along, 0.0)[:, :, None]
    upper = special.ndtr((across[:, None, :] - rho[:, None, None] * far) / root)
    edges = np.pad(upper, ((0, 0), (0, 0), (1, 1)), constant_values=((0, 0), (0, 0), (0, 1)))
    return np.asarray(normal_pdf(along)[:, :, None] * np.diff(edges, axis=2))
