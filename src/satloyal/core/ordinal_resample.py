"""Thresholds and correlations of many resamples of the same ordinal rows, without a loop over them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from satloyal.core import polychoric, polyserial
from satloyal.core.contingency import Tables
from satloyal.core.continuous import margin_influence, pearson_influence
from satloyal.core.ordinal_moments import OrdinalMoments
from satloyal.core.root import Roots
from satloyal.core.thresholds import threshold_influence, thresholds_from_margins

__all__ = ["OrdinalReplicates", "OrdinalResampler"]

Array = NDArray[Any]

_CELLS = 6_000_000  # table cells, or answers of mixed pairs, held at once: about 50 MB
_FLOOR = 0.5  # answers left beyond an end threshold when a resample lost its end category


@dataclass(frozen=True, slots=True, eq=False)
class OrdinalReplicates:
    """Statistics of B resamples.

    Parameters
    ----------
    statistics : ndarray, shape (B, K)
        In the order of the layout.
    padded : ndarray, shape (B, p, C − 1)
        Thresholds.
    means, variances : ndarray, shape (B, p)
    correlation : ndarray, shape (B, p, p)
    gamma_diagonal : ndarray, shape (B, K)
        Diagonal of each resample's own Γ: what DWLS weighs by. NaN for pairs at the bound.
    converged : ndarray of bool, shape (B,)
        Every correlation converged, and no item was constant.
    at_bound : ndarray of int, shape (B,)
        Correlations at ±0.999.
    clipped : ndarray of int, shape (B,)
        Items that lost an end category; its threshold stands where half an answer would put it.
    """

    statistics: Array
    padded: Array
    means: Array
    variances: Array
    correlation: Array
    gamma_diagonal: Array
    converged: Array
    at_bound: Array
    clipped: Array


@dataclass(frozen=True, slots=True, eq=False)
class _Drawn:
    """What one chunk of resamples is estimated from."""

    total: Array  # (B,) weights
    share: Array  # (B, n) weights that sum to one
    squares: Array  # (B, n) weights of squared influence
    cells: Array  # (B, N, C, C)
    margins2: Array  # (B, p, C), of squared influence
    cells2: Array  # (B, N, C, C), of squared influence
    padded: Array  # (B, p, C − 1)
    clipped: Array  # (B,)
    means: Array  # (B, p)
    variances: Array  # (B, p)
    z: Array  # (B, n, p); one row of zeros where all variables are ordinal
    margin: Array  # (B, n, p, 2)
    th_influence: Array  # (B, p, C, C − 1)
    correlation: Array  # (B, p, p), filled in as pairs are estimated
    varies: Array  # (B,) no variable is constant


@dataclass(frozen=True, eq=False)
class OrdinalResampler:
    """Estimate ordinal statistics again from resampled rows.

    Parameters
    ----------
    moments : OrdinalMoments
        Of the full sample; its correlations are where the resamples' estimates start.

    Examples
    --------
    >>> import pandas as pd
    >>> from satloyal.core.ordinal_estimate import ordinal_moments
    >>> from satloyal.core.rows import CompleteRows
    >>> frame = pd.DataFrame({"SAT": [1, 1, 2, 2, 3, 3, 1, 3], "LOY": [1, 1, 1, 2, 2, 2, 2, 1]})
    >>> (group,) = ordinal_moments(CompleteRows.of(frame, ["SAT", "LOY"]), ["SAT", "LOY"])
    >>> again = OrdinalResampler(group).replicates(np.ones((1, 8)))
    >>> bool(np.allclose(again.statistics[0], group.statistics))
    True
    """

    moments: OrdinalMoments

    @cached_property
    def _tables(self) -> Tables:
        layout = self.moments.layout
        i, j = layout.first[layout.ordinal_pairs], layout.second[layout.ordinal_pairs]
        return Tables(self.moments.coded.codes, np.maximum(layout.sizes, 1), i, j)

    def replicates(self, counts: Array) -> OrdinalReplicates:
        """Estimate the statistics of each resample.

        Parameters
        ----------
        counts : ndarray, shape (B, n)
            How often each row stands in each resample; sampling weights are multiplied in here.

        Returns
        -------
        OrdinalReplicates
            The same numbers however the resamples are split into calls.
        """
        step = max(1, _CELLS // self._load())
        parts = [self._chunk(counts[at : at + step]) for at in range(0, len(counts), step)]
        names = OrdinalReplicates.__slots__
        return OrdinalReplicates(*(np.concatenate([getattr(p, name) for p in parts]) for name in names))

    def _load(self) -> int:
        """Numbers that one resample holds at once."""
        layout, tables = self.moments.layout, self._tables
        answers = self.moments.n * (len(layout.mixed_pairs) + len(layout.numeric_pairs) + 1)
        return max(1, len(tables.first) * tables.width**2 + answers)

    def _chunk(self, counts: Array) -> OrdinalReplicates:
        layout, tables = self.moments.layout, self._tables
        drawn = self._drawn(counts)
        bound = np.zeros(len(counts), dtype=int)
        converged = drawn.varies
        parts = [self._th_diagonal(drawn)]
        pairs = np.empty((len(counts), len(layout.first)))
        for at, (i, j), part in (
            (layout.ordinal_pairs, (tables.first, tables.second), self._polychoric),
            (layout.mixed_pairs, layout.mixed, self._polyserial),
        ):
            if len(at):
                roots, pairs[:, at] = part(drawn)
                rho = roots.value.reshape(len(counts), -1)
                drawn.correlation[:, i, j] = drawn.correlation[:, j, i] = rho
                converged &= roots.converged.reshape(rho.shape).all(axis=1)
                bound += roots.at_bound.reshape(rho.shape).sum(axis=1)
        if len(layout.numeric_pairs):
            pairs[:, layout.numeric_pairs] = self._pearson(drawn)
        if len(layout.numeric):
            numeric = drawn.margin[:, :, layout.numeric, 1]
            square = np.einsum("bi,bij->bj", drawn.squares, numeric**2)
            parts.append(square * drawn.variances[:, layout.numeric] ** 2)
        statistics = layout.statistics(drawn.padded, drawn.means, drawn.variances, drawn.correlation)
        return OrdinalReplicates(
            statistics,
            drawn.padded,
            drawn.means,
            drawn.variances,
            drawn.correlation,
            np.concatenate([*parts, pairs], axis=1),
            converged,
            bound,
            drawn.clipped,
        )

    def _drawn(self, counts: Array) -> _Drawn:
        """Margins and tables of the resamples."""
        moments, layout = self.moments, self.moments.layout
        weight = counts * moments.weights
        n, total = counts.sum(axis=1), weight.sum(axis=1)
        share = weight / total[:, None]
        plain = bool((moments.weights == 1).all())
        # an answer of weight w counts w² in Γ: Σ over rows of (w IF)²
        squares = share if plain else share * moments.weights * (n / total)[:, None]
        margins, cells = self._tables.batch(share)
        margins2, cells2 = (margins, cells) if plain else self._tables.batch(squares)
        padded, lost = thresholds_from_margins(margins, layout.sizes, _FLOOR / float(n.max()))
        means, variances, z = self._standardised(share)
        varies = ((margins > 0).sum(axis=2) > 1)[:, layout.ordered].all(axis=1) & (variances > 0).all(axis=1)
        correlation = np.tile(np.eye(len(layout.names)), (len(share), 1, 1))
        margin = np.zeros((*z.shape, 2))
        if len(layout.numeric):
            products = (z * share[:, :, None]).transpose(0, 2, 1) @ z
            correlation = np.where(layout.ordered[:, None] & layout.ordered, correlation, products)
            margin[:, :, layout.numeric] = margin_influence(z[:, :, layout.numeric], share)
        return _Drawn(
            total, share, squares, cells, margins2, cells2, padded, lost.sum(axis=1), means, variances, z,
            margin, threshold_influence(padded), correlation, varies,
        )  # fmt: skip

    def _standardised(self, share: Array) -> tuple[Array, Array, Array]:
        """Return means, variances and standardised values (B, n, p); 0, 1 and zeros for ordinal items."""
        layout, first = self.moments.layout, self.moments
        if not len(layout.numeric):
            shape = (len(share), len(layout.names))
            return np.zeros(shape), np.ones(shape), np.zeros((len(share), 1, len(layout.names)))
        drift = share @ first.z
        ratio = np.where(layout.ordered, 1.0, share @ first.z**2 - drift**2)
        scale = np.sqrt(np.where(ratio > 0, ratio, 1.0))
        z = np.where(layout.ordered, 0.0, (first.z - drift[:, None]) / scale[:, None])
        means = np.where(layout.ordered, 0.0, first.means + drift * np.sqrt(first.variances))
        return means, np.maximum(ratio, 0.0) * first.variances, z

    def _th_diagonal(self, drawn: _Drawn) -> Array:
        """Diagonal of Γ for thresholds and means, shape (B, T)."""
        layout = self.moments.layout
        by_item = np.einsum("bpc,bpck->bpk", drawn.margins2, drawn.th_influence**2)
        own, number = layout.th_variable, layout.th_number
        if not len(layout.numeric):
            return np.asarray(by_item[:, own, number])
        means = np.einsum("bi,bij->bj", drawn.squares, drawn.margin[..., 0] ** 2) * drawn.variances
        return np.asarray(np.where(number >= 0, by_item[:, own, np.maximum(number, 0)], means[:, own]))

    def _polychoric(self, drawn: _Drawn) -> tuple[Roots, Array]:
        """Polychoric correlations and their variances."""
        tables, sizes = self._tables, self.moments.layout.sizes
        b, i, j = len(drawn.total), tables.first, tables.second
        cells = drawn.cells.reshape(-1, tables.width, tables.width)
        pair_sizes = np.tile(np.stack([sizes[i], sizes[j]], axis=1), (b, 1))
        completed, _ = polychoric.keep_margins(cells, pair_sizes, np.repeat(drawn.total, len(i)))
        rows, columns = (_flat(drawn.padded[:, k]) for k in (i, j))
        roots = polychoric.estimate(completed, rows, columns, np.tile(self.moments.correlation[i, j], b))
        moved = polychoric.influence(
            cells,
            rows,
            columns,
            roots.value,
            _flat(drawn.th_influence[:, i]),
            _flat(drawn.th_influence[:, j]),
        )
        squares = drawn.cells2.reshape(cells.shape)
        return roots, np.einsum("nab,nab->n", squares, moved**2).reshape(b, -1)

    def _polyserial(self, drawn: _Drawn) -> tuple[Roots, Array]:
        """Polyserial correlations, and the variances of their covariances."""
        item, other = self.moments.layout.mixed
        b, n = drawn.share.shape
        codes = np.tile(self.moments.coded.codes[:, item].T, (b, 1))
        z = _flat(drawn.z[:, :, other].transpose(0, 2, 1))
        share = np.repeat(drawn.share, len(item), axis=0)
        thresholds = _flat(drawn.padded[:, item])
        start = np.tile(self.moments.correlation[item, other], b)
        roots = polyserial.estimate(z, codes, thresholds, share, start)
        margin = _flat(drawn.margin[:, :, other].transpose(0, 2, 1, 3))
        moved = polyserial.influence(
            z, codes, thresholds, roots.value, share, _flat(drawn.th_influence[:, item]), margin
        )
        moved += 0.5 * roots.value[:, None] * margin[:, :, 1]
        variance = np.einsum("bi,bmi->bm", drawn.squares, moved.reshape(b, -1, n) ** 2)
        return roots, np.asarray(variance * drawn.variances[:, other])

    def _pearson(self, drawn: _Drawn) -> Array:
        """Return the variances of product-moment covariances."""
        layout = self.moments.layout
        i, j = layout.first[layout.numeric_pairs], layout.second[layout.numeric_pairs]
        b, n = drawn.share.shape
        x, y = (_flat(drawn.z[:, :, k].transpose(0, 2, 1)) for k in (i, j))
        of_x, of_y = (_flat(drawn.margin[:, :, k].transpose(0, 2, 1, 3)) for k in (i, j))
        rho = drawn.correlation[:, i, j].reshape(-1)
        share = np.repeat(drawn.share, len(i), axis=0)
        moved = pearson_influence(x, y, rho, share, of_x, of_y)
        moved += 0.5 * rho[:, None] * (of_x[:, :, 1] + of_y[:, :, 1])
        variance = np.einsum("bi,bmi->bm", drawn.squares, moved.reshape(b, -1, n) ** 2)
        return np.asarray(variance * drawn.variances[:, i] * drawn.variances[:, j])


def _flat(batch: Array) -> Array:
    """Resamples and pairs as one batch."""
    return batch.reshape(-1, *batch.shape[2:])
