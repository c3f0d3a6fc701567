"""The order in which statistics of ordinal and continuous variables stand in vectors and in Γ."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Layout"]

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Layout:
    """Order of statistics: thresholds and means by variable, variances, covariances column by column.

    Parameters
    ----------
    names : tuple of str
        The p variables.
    ordered : ndarray of bool, shape (p,)
    sizes : ndarray of int, shape (p,)
        Categories of each item; zero for a continuous variable.

    Notes
    -----
    The order is lavaan's ``wls.obs``: a continuous variable's mean stands, with a minus sign, where an
    item's thresholds would; then variances of continuous variables; then the lower triangle of the
    covariance matrix without its diagonal, column by column.

    Examples
    --------
    >>> Layout(("a", "x", "b"), np.array([True, False, True]), np.array([3, 0, 2])).labels
    ('a|t1', 'a|t2', 'x~1', 'b|t1', 'x~~x', 'a~~x', 'a~~b', 'x~~b')
    """

    names: tuple[str, ...]
    ordered: Array
    sizes: Array

    @cached_property
    def th_variable(self) -> Array:
        """Variable of each entry of ``th``, shape (T,)."""
        return np.repeat(np.arange(len(self.names)), np.where(self.ordered, self.sizes - 1, 1))

    @cached_property
    def th_number(self) -> Array:
        """Number of each threshold within its item, from 0; −1 for a mean, shape (T,)."""
        own = self.th_variable
        begin = np.searchsorted(own, np.arange(len(self.names)))
        return np.where(self.ordered[own], np.arange(len(own)) - begin[own], -1)

    @property
    def n_th(self) -> int:
        """Number of thresholds and means, T."""
        return len(self.th_variable)

    @cached_property
    def numeric(self) -> Array:
        """Positions of continuous variables."""
        return np.flatnonzero(~self.ordered)

    @cached_property
    def first(self) -> Array:
        """Column of each correlation, shape (p(p − 1)/2,)."""
        return np.triu_indices(len(self.names), 1)[0]

    @cached_property
    def second(self) -> Array:
        """Row of each correlation, shape (p(p − 1)/2,)."""
        return np.triu_indices(len(self.names), 1)[1]

    @property
    def ordinal_pairs(self) -> Array:
        """Positions of polychoric correlations among all correlations."""
        return np.flatnonzero(self.ordered[self.first] & self.ordered[self.second])

    @property
    def mixed_pairs(self) -> Array:
        """Positions of polyserial correlations."""
        return np.flatnonzero(self.ordered[self.first] != self.ordered[self.second])

    @property
    def numeric_pairs(self) -> Array:
        """Positions of product-moment correlations."""
        return np.flatnonzero(~self.ordered[self.first] & ~self.ordered[self.second])

    @property
    def mixed(self) -> tuple[Array, Array]:
        """Item and continuous variable of each polyserial correlation."""
        i, j = self.first[self.mixed_pairs], self.second[self.mixed_pairs]
        return np.where(self.ordered[i], i, j), np.where(self.ordered[i], j, i)

    @property
    def size(self) -> int:
        """Number of statistics, K."""
        return self.n_th + len(self.numeric) + len(self.first)

    @cached_property
    def labels(self) -> tuple[str, ...]:
        """Each statistic in the model language: ``a|t1``, ``x~1``, ``x~~x``, ``a~~b``."""
        names = self.names
        of = zip(self.th_variable, self.th_number, strict=True)
        th = [f"{names[v]}|t{k + 1}" if k >= 0 else f"{names[v]}~1" for v, k in of]
        variances = [f"{names[v]}~~{names[v]}" for v in self.numeric]
        pairs = [f"{names[i]}~~{names[j]}" for i, j in zip(self.first, self.second, strict=True)]
        return tuple(th + variances + pairs)

    def th(self, padded: Array, means: Array) -> Array:
        """Return thresholds and negated means, shape (..., T).

        Parameters
        ----------
        padded : ndarray, shape (..., p, C − 1)
        means : ndarray, shape (..., p)
        """
        own = padded[..., self.th_variable, np.maximum(self.th_number, 0)]
        return np.where(self.th_number >= 0, own, -means[..., self.th_variable])

    def statistics(self, padded: Array, means: Array, variances: Array, correlation: Array) -> Array:
        """Return all statistics, shape (..., K).

        Parameters
        ----------
        padded : ndarray, shape (..., p, C − 1)
        means, variances : ndarray, shape (..., p)
        correlation : ndarray, shape (..., p, p)
        """
        sd = np.sqrt(variances)
        i, j = self.first, self.second
        pairs = correlation[..., i, j] * sd[..., i] * sd[..., j]
        return np.concatenate([self.th(padded, means), variances[..., self.numeric], pairs], axis=-1)
