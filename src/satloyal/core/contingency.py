"""Two-way tables of ordinal items: all pairs at once, for one sample or a batch of resamples."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

__all__ = ["Tables"]

Array = NDArray[Any]

_ROWS = 20_000  # rows made into indicators at once, for memory


@dataclass(frozen=True, eq=False)
class Tables:
    """Margins and pair tables of coded answers.

    Parameters
    ----------
    codes : ndarray of int, shape (n, p)
        Category of each answer, from 0.
    sizes : ndarray of int, shape (p,)
        Categories of each item.
    first, second : ndarray of int, shape (N,)
        The two items of each pair: rows and columns of its table.

    Examples
    --------
    >>> tables = Tables(np.array([[0, 1], [1, 1], [1, 0]]), np.array([2, 2]), np.array([0]), np.array([1]))
    >>> tables.pairs(np.full(3, 1 / 3)).round(2).tolist()
    [[[0.0, 0.33], [0.33, 0.33]]]
    """

    codes: Array
    sizes: Array
    first: Array
    second: Array

    @property
    def width(self) -> int:
        """Categories of the largest item, C; at least two, so that no table is without cells."""
        return max(2, int(self.sizes.max()))

    def pairs(self, weights: Array) -> Array:
        """Return the table of every pair, shape (N, C, C), as products of indicators.

        Parameters
        ----------
        weights : ndarray, shape (n,)
        """
        p, c = len(self.sizes), self.width
        total = np.zeros((p * c, p * c))
        for start in range(0, len(self.codes), _ROWS):
            flat = self._indicators(slice(start, start + _ROWS))
            total += flat.T @ (flat * weights[start : start + _ROWS, None])
        return np.asarray(total.reshape(p, c, p, c)[self.first, :, self.second, :])

    def margins(self, weights: Array) -> Array:
        """Return the weight of each category of each item, shape (p, C)."""
        p, c = len(self.sizes), self.width
        total = np.zeros(p * c)
        for start in range(0, len(self.codes), _ROWS):
            total += weights[start : start + _ROWS] @ self._indicators(slice(start, start + _ROWS))
        return total.reshape(p, c)

    def _indicators(self, at: slice) -> Array:
        codes = self.codes[at]
        p, c = len(self.sizes), self.width
        flat = np.zeros((len(codes), p * c))
        flat[np.arange(len(codes))[:, None], np.arange(p) * c + codes] = 1.0
        return flat

    @cached_property
    def _cells(self) -> sparse.csr_array:
        """The cell of each row in each pair's table, shape (n, N·C·C)."""
        c = self.width
        n, pairs = len(self.codes), len(self.first)
        cells = np.arange(pairs) * c * c + self.codes[:, self.first] * c + self.codes[:, self.second]
        return _one_per_block(cells, n, pairs * c * c)

    @cached_property
    def _answers(self) -> sparse.csr_array:
        """The category of each row in each item, shape (n, p·C)."""
        p, c = len(self.sizes), self.width
        return _one_per_block(np.arange(p) * c + self.codes, len(self.codes), p * c)

    def batch(self, weights: Array) -> tuple[Array, Array]:
        """Return margins (B, p, C) and pair tables (B, N, C, C) of resamples.

        Parameters
        ----------
        weights : ndarray, shape (B, n)
            How much each row weighs in each resample: one sparse product a batch.
        """
        c, size = self.width, len(weights)
        margins = np.asarray((self._answers.T @ weights.T).T).reshape(size, -1, c)
        pairs = np.asarray((self._cells.T @ weights.T).T).reshape(size, -1, c, c)
        return margins, pairs


def _one_per_block(columns: Array, rows: int, width: int) -> sparse.csr_array:
    ends = np.arange(rows + 1) * columns.shape[1]
    return sparse.csr_array((np.ones(columns.size), columns.ravel(), ends), shape=(rows, width))
