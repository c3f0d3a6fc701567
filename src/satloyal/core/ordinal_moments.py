"""OrdinalMoments: what models of ordinal items need of the data, as Moments are for continuous ones."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from satloyal.core import polychoric, polyserial
from satloyal.core.categories import Categories
from satloyal.core.continuous import margin_influence, pearson_influence
from satloyal.core.ordinal_layout import Layout
from satloyal.core.thresholds import threshold_influence
from satloyal.notes import Note

__all__ = ["OrdinalMoments"]

Array = NDArray[Any]

_ROWS = 20_000  # rows of influence multiplied at once, for memory


@dataclass(frozen=True, eq=False)
class OrdinalMoments:
    """Thresholds, means, variances and correlations of one group, with their asymptotic covariance.

    Parameters
    ----------
    label : str
        Name of the group.
    n : int
        Respondents.
    weight : float
        Sum of the group's weights where all groups together have a mean of one; n without weights. lavaan
        counts a weighted group by it, so that its Γ is ours times weight / n.
    layout : Layout
        Names, which are ordered, and the order of statistics.
    coded : Categories
        Categories of the items, and the category of each answer.
    weights : ndarray, shape (n,)
        Sampling weights with a mean of one within the group.
    padded : ndarray, shape (p, C − 1)
        Thresholds, padded with +∞; all padding for a continuous variable.
    means, variances : ndarray, shape (p,)
        Of continuous variables (divisor n); 0 and 1 for ordinal items, whose latent response has no scale.
    correlation : ndarray, shape (p, p)
        Polychoric, polyserial and product-moment correlations. Not necessarily positive definite.
    tables : ndarray, shape (N, C, C)
        Tables of the ordinal pairs, as answered: influence is that of real answers.
    z : ndarray, shape (n, p)
        Standardised continuous variables; zero for ordinal items.
    converged, at_bound, filled : ndarray of bool, shape (p, p)
        Pairs whose estimate converged; whose answers separate, so that the correlation stands at ±0.999 and
        has no standard error; whose 2 × 2 table had one empty cell that was filled with half an answer.
    notes : tuple of Note

    Notes
    -----
    Two-step estimation (Olsson 1979; Olsson, Drasgow & Dorans 1982; Muthén 1984; Jöreskog 1994).
    """

    label: str
    n: int
    weight: float
    layout: Layout
    coded: Categories
    weights: Array
    padded: Array
    means: Array
    variances: Array
    correlation: Array
    tables: Array
    z: Array
    converged: Array
    at_bound: Array
    filled: Array
    notes: tuple[Note, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The p variables."""
        return self.layout.names

    @property
    def ordered(self) -> Array:
        """Which variables are ordinal, shape (p,)."""
        return self.layout.ordered

    @property
    def categories(self) -> tuple[Array, ...]:
        """Values of the categories of each item; empty for a continuous variable."""
        return self.coded.levels

    @property
    def thresholds(self) -> tuple[Array, ...]:
        """Thresholds of each variable; empty for a continuous one."""
        return tuple(
            row[: max(size - 1, 0)] for row, size in zip(self.padded, self.layout.sizes, strict=True)
        )

    @property
    def usable(self) -> bool:
        """Whether every correlation converged inside its bounds, so that Γ is finite."""
        return bool(self.converged.all() and not self.at_bound.any())

    @property
    def separated(self) -> tuple[tuple[str, str], ...]:
        """Pairs of names whose correlation stands at its bound."""
        rows, columns = np.nonzero(np.triu(self.at_bound, 1))
        return tuple((self.names[i], self.names[j]) for i, j in zip(rows, columns, strict=True))

    @cached_property
    def covariance(self) -> Array:
        """Correlations, scaled by the standard deviations of continuous variables, shape (p, p)."""
        scale = np.sqrt(self.variances)
        return np.asarray(self.correlation * np.outer(scale, scale))

    @cached_property
    def th(self) -> Array:
        """Thresholds, and means with a minus sign, variable by variable (see ``layout.th_variable``)."""
        return self.layout.th(self.padded, self.means)

    @cached_property
    def statistics(self) -> Array:
        """All K statistics: ``th``, variances of continuous variables, covariances column by column."""
        return self.layout.statistics(self.padded, self.means, self.variances, self.correlation)

    @cached_property
    def influence(self) -> Array:
        """Influence of each row on each statistic, times its weight, shape (n, K).

        Sum it within clusters for a cluster-robust Γ. NaN for pairs at the bound.
        """
        return self._rows(0, self.n)

    @cached_property
    def gamma(self) -> Array:
        """Γ = Σ IF IF′ / n: the covariance of √n times the statistics, shape (K, K)."""
        total = np.zeros((self.layout.size, self.layout.size))
        for start in range(0, self.n, _ROWS):
            block = self._rows(start, start + _ROWS)
            total += block.T @ block
        return total / self.n

    def _rows(self, start: int, stop: int) -> Array:
        """Influence of some rows."""
        at = slice(start, stop)
        layout, codes = self.layout, self.coded.codes[at]
        scale = np.sqrt(self.variances)
        out = np.empty((len(codes), layout.size))
        own = layout.th_variable
        by_item = self._threshold_influence[own, codes[:, own], np.maximum(layout.th_number, 0)]
        margin = self._margin_influence[at]
        out[:, : layout.n_th] = np.where(layout.th_number >= 0, by_item, -(margin[:, :, 0] * scale)[:, own])
        numeric = layout.numeric
        out[:, layout.n_th : layout.n_th + len(numeric)] = (margin[:, :, 1] * self.variances)[:, numeric]
        pairs = out[:, layout.n_th + len(numeric) :]
        i, j = layout.first[layout.ordinal_pairs], layout.second[layout.ordinal_pairs]
        pairs[:, layout.ordinal_pairs] = self._cell_influence[np.arange(len(i)), codes[:, i], codes[:, j]]
        pairs[:, layout.mixed_pairs] = self._polyserial_influence[at]
        pairs[:, layout.numeric_pairs] = self._pearson_influence[at]
        if len(numeric):  # from correlations to covariances: d(ρσ₁σ₂) = σ₁σ₂ (dρ + ½ρ Σ dσ²/σ²)
            i, j = layout.first, layout.second
            pairs += 0.5 * self.correlation[i, j] * (margin[:, i, 1] + margin[:, j, 1])
            pairs *= scale[i] * scale[j]
        out *= self.weights[at, None]
        return out

    @cached_property
    def _threshold_influence(self) -> Array:
        return threshold_influence(self.padded)

    @cached_property
    def _margin_influence(self) -> Array:
        """Of every row on mean and variance in units of σ, shape (n, p, 2); zero for ordinal items."""
        numeric = self.layout.numeric
        if not len(numeric):
            return np.broadcast_to(0.0, (*self.z.shape, 2))
        out = np.zeros((*self.z.shape, 2))
        out[:, numeric] = margin_influence(self.z[:, numeric], self.weights / self.n)
        return out

    @cached_property
    def _cell_influence(self) -> Array:
        layout = self.layout
        i, j = layout.first[layout.ordinal_pairs], layout.second[layout.ordinal_pairs]
        return polychoric.influence(
            self.tables,
            self.padded[i],
            self.padded[j],
            self.correlation[i, j],
            self._threshold_influence[i],
            self._threshold_influence[j],
        )

    @cached_property
    def _polyserial_influence(self) -> Array:
        item, other = self.layout.mixed
        margin = self._margin_influence
        return polyserial.influence(
            self.z[:, other].T,
            self.coded.codes[:, item].T,
            self.padded[item],
            self.correlation[item, other],
            self.weights / self.n,
            self._threshold_influence[item],
            margin[:, other].transpose(1, 0, 2),
        ).T

    @cached_property
    def _pearson_influence(self) -> Array:
        layout, margin = self.layout, self._margin_influence
        i, j = layout.first[layout.numeric_pairs], layout.second[layout.numeric_pairs]
        return pearson_influence(
            self.z[:, i].T,
            self.z[:, j].T,
            self.correlation[i, j],
            self.weights / self.n,
            margin[:, i].transpose(1, 0, 2),
            margin[:, j].transpose(1, 0, 2),
        ).T
