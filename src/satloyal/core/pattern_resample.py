"""Resampling of incomplete rows: for each pattern, resample weights times products of its rows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from satloyal.core.em import saturated_batch
from satloyal.core.linalg import vech_indices
from satloyal.core.patterns import PatternLikelihood, Patterns
from satloyal.core.resample import Resampler

__all__ = ["PatternResampler", "normal_patterns"]

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class PatternResampler(Resampler):
    """Incomplete rows that can be drawn again, with replacement.

    Parameters
    ----------
    values : ndarray, shape (n, p)
        NaN where missing.
    weights, clusters
        As for :class:`satloyal.core.resample.Resampler`.
    patterns : Patterns, optional
        Of these rows; found when not given.

    Examples
    --------
    >>> rows = np.array([[1.0, 2.0], [2.0, 1.0], [4.0, np.nan]])
    >>> drawn = PatternResampler(rows).likelihood(np.array([[1.0, 1.0, 1.0], [2.0, 0.0, 1.0]]))
    >>> drawn.share.round(3).tolist()
    [[0.667, 0.333], [0.667, 0.333]]
    """

    patterns: Patterns | None = None

    @cached_property
    def found(self) -> Patterns:
        """The patterns of the rows."""
        return Patterns.of(self.values, self.weights) if self.patterns is None else self.patterns

    @cached_property
    def _products(self) -> list[Array]:
        """Products of each pattern's rows, weighted, with a last column of weights."""
        z = np.column_stack([np.nan_to_num(self.values - self.found.origin), np.ones(len(self.values))])
        out = []
        for which, seen in zip(self.found.rows, self.found.observed, strict=True):
            own = z[which][:, np.r_[seen, True]]
            low, high = vech_indices(own.shape[1])
            table = own[:, low] * own[:, high]
            out.append(table if self.weights is None else table * self.weights[which][:, None])
        return out

    def likelihood(self, counts: Array) -> PatternLikelihood:
        """Return the likelihood of replicates, from how often each row stands in each, shape (B, n)."""
        patterns = self.found
        a = len(patterns.origin) + 1
        size = np.empty((len(counts), len(patterns.rows)))
        second = np.zeros((len(counts), len(patterns.rows), a, a))
        for k, (which, table) in enumerate(zip(patterns.rows, self._products, strict=True)):
            sums = counts[:, which] @ table
            total = sums[:, -1]
            size[:, k] = total
            sums /= np.where(total > 0, total, 1.0)[:, None]
            places = np.flatnonzero(np.r_[patterns.observed[k], True])
            low, high = vech_indices(len(places))
            second[:, k, places[low], places[high]] = sums
            second[:, k, places[high], places[low]] = sums
        return PatternLikelihood.of(patterns.observed, size, second)

    def moments(self, counts: Array) -> tuple[Array, Array]:
        """Return saturated covariances (B, p, p) and means (B, p) of replicates; NaN where there are none."""
        likelihood = self.likelihood(counts)
        sigma, _, _, converged = saturated_batch(
            likelihood, np.tile(self._start, (len(counts), 1, 1)), tolerance=1e-12, max_iterations=500
        )
        p = len(self.found.origin)
        mean = sigma[:, :p, p]
        cov = sigma[:, :p, :p] - mean[:, :, None] * mean[:, None, :]
        cov[~converged] = np.nan
        return cov, self.found.origin + mean

    @cached_property
    def _start(self) -> Array:
        """Saturated augmented moments of all rows."""
        found, p = self.found, len(self.found.origin)
        begin = np.eye(p + 1)[None] * np.r_[np.nanvar(self.values, axis=0), 1.0]
        return np.asarray(saturated_batch(found.likelihood(), begin, tolerance=1e-12)[0][0])


def normal_patterns(
    patterns: Patterns, mean: Array, cov: Array, size: int, generator: np.random.Generator
) -> PatternLikelihood:
    """Draw normal rows with the same gaps, and return their likelihood.

    Parameters
    ----------
    patterns : Patterns
    mean, cov : ndarray, shapes (p,) and (p, p)
        Of the population.
    size : int
        Replicates.
    generator : numpy.random.Generator
    """
    a = len(mean) + 1
    second = np.zeros((size, len(patterns.rows), a, a))
    root = np.linalg.cholesky(cov).T
    for k, (which, seen) in enumerate(zip(patterns.rows, patterns.observed, strict=True)):
        rows = generator.standard_normal((size, len(which), a - 1)) @ root + (mean - patterns.origin)
        z = np.concatenate([rows * seen, np.ones((size, len(which), 1))], axis=2)
        second[:, k] = z.transpose(0, 2, 1) @ z / len(which)
    counted = replace(patterns, size=np.array([float(len(r)) for r in patterns.rows]))
    return PatternLikelihood.of(patterns.observed, np.tile(counted.size, (size, 1)), second)
