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
    covariates : tuple of str
        The k covariates that all else is conditional on; none where covariates are modelled along.

    Notes
    -----
    The order is lavaan's ``wls.obs``: a continuous variable's mean stands, with a minus sign, where an
    item's thresholds would; then variances of continuous variables; then the lower triangle of the
    covariance matrix without its diagonal, column by column. Given covariates, slopes on them stand after the
    thresholds and means, covariate by covariate, and (co)variances are those of residuals.

    Examples
    --------
    >>> Layout(("a", "x", "b"), np.array([True, False, True]), np.array([3, 0, 2])).labels
    ('a|t1', 'a|t2', 'x~1', 'b|t1', 'x~~x', 'a~~x', 'a~~b', 'x~~b')
    >>> Layout(("a", "b"), np.array([True, True]), np.array([2, 2]), ("z",)).labels
    ('a|t1', 'b|t1', 'a~z', 'b~z', 'a~~b')
    """

    names: tuple[str, ...]
    ordered: Array
    sizes: Array
    covariates: tuple[str, ...] = ()

    @cached_property
    def th_variable(self) -> Array:
        """Variable of each threshold, mean and slope, shape (T,)."""
        every = np.arange(len(self.names))
        cuts = np.repeat(every, np.where(self.ordered, self.sizes - 1, 1))
        return np.concatenate([cuts, np.tile(every, len(self.covariates))])

    @cached_property
    def th_number(self) -> Array:
        """Number of each threshold within its item, from 0; −1 for a mean or slope, shape (T,)."""
        out = np.full(self.n_th, -1)
        own = self.th_variable[: self.n_th - self.n_slopes]
        begin = np.searchsorted(own, np.arange(len(self.names)))
        out[: len(own)] = np.where(self.ordered[own], np.arange(len(own)) - begin[own], -1)
        return out

    @cached_property
    def th_covariate(self) -> Array:
        """Covariate of each slope, from 0; −1 for a threshold or mean, shape (T,)."""
        of = np.repeat(np.arange(len(self.covariates)), len(self.names))
        return np.concatenate([np.full(self.n_th - len(of), -1), of])

    @property
    def n_slopes(self) -> int:
        """Number of slopes, the last of the T."""
        return len(self.names) * len(self.covariates)

    @property
    def n_th(self) -> int:
        """Number of thresholds, means and slopes, T."""
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
        """Each statistic in the model language: ``a|t1``, ``x~1``, ``a~z``, ``x~~x``, ``a~~b``."""
        names, other = self.names, (*self.covariates, "1")
        of = zip(self.th_variable, self.th_number, self.th_covariate, strict=True)
        th = [f"{names[v]}|t{k + 1}" if k >= 0 else f"{names[v]}~{other[x]}" for v, k, x in of]
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
