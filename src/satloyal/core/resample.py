"""Resampling: batches of moments from resample weights, one matrix product a batch.

Replicates come in blocks of fixed size, each with a random stream of its own, so that a seed gives the same
numbers on any number of workers.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import special

from satloyal.core.linalg import vech_indices

__all__ = [
    "BLOCK",
    "Resampler",
    "bca_interval",
    "blocks",
    "group_counts",
    "percentile_interval",
    "shared_clusters",
    "wishart_covariances",
]

Array = NDArray[Any]

_TABLE = 2**25  # entries of products of rows beyond which they are not kept
BLOCK = 250  # replicates a random stream; part of what a seed means, so not tunable


def blocks(replicates: int, seed: int | None) -> Iterator[tuple[int, int, np.random.Generator]]:
    """Split replicates into blocks, each with its own random stream.

    Parameters
    ----------
    replicates : int
    seed : int, optional
        Drawn afresh when not given.

    Yields
    ------
    start, stop : int
    generator : numpy.random.Generator

    Examples
    --------
    >>> [(start, stop) for start, stop, _ in blocks(600, 1)]
    [(0, 250), (250, 500), (500, 600)]
    """
    count = -(-replicates // BLOCK)
    for number, stream in enumerate(np.random.SeedSequence(seed).spawn(count)):
        start = number * BLOCK
        yield start, min(start + BLOCK, replicates), np.random.default_rng(stream)


@dataclass(frozen=True, eq=False)
class Resampler:
    """Rows that can be drawn again, with replacement, as moments.

    Parameters
    ----------
    values : ndarray, shape (n, p)
    weights : ndarray, shape (n,), optional
        Sampling weights; they travel with their rows.
    clusters : ndarray of int, shape (n,), optional
        Whole clusters are drawn instead of rows.
    """

    values: Array
    weights: Array | None = None
    clusters: Array | None = None

    @cached_property
    def center(self) -> Array:
        """The mean that rows are measured from, to keep products exact."""
        return np.asarray(self.values.mean(axis=0))

    @cached_property
    def products(self) -> Array:
        """Each row's deviations and their products, weighted, with a last column of weights."""
        rows, columns = vech_indices(self.values.shape[1])
        z = self.values - self.center
        table = np.column_stack([z[:, rows] * z[:, columns], z, np.ones(len(z))])
        return table if self.weights is None else table * self.weights[:, None]

    def counts(self, size: int, generator: np.random.Generator) -> Array:
        """Draw how often each row stands in each replicate, shape (size, n)."""
        if self.clusters is None:
            return _draw(len(self.values), size, generator)
        return np.asarray(_draw(int(self.clusters.max()) + 1, size, generator)[:, self.clusters])

    def moments(self, counts: Array) -> tuple[Array, Array]:
        """Return covariances (B, p, p), divisor the sum of weights, and means (B, p) of replicates."""
        n, p = self.values.shape
        rows, columns = vech_indices(p)
        if n * len(rows) > _TABLE:
            return self._one_by_one(counts)
        sums = counts @ self.products
        sums /= sums[:, -1:]
        drift = sums[:, len(rows) : -1]
        low = sums[:, : len(rows)] - drift[:, rows] * drift[:, columns]
        cov = np.empty((len(counts), p, p))
        cov[:, rows, columns] = low
        cov[:, columns, rows] = low
        return cov, self.center + drift

    def _one_by_one(self, counts: Array) -> tuple[Array, Array]:
        """Return the same without a table of products, which many rows make too large to hold."""
        p = self.values.shape[1]
        cov, mean = np.empty((len(counts), p, p)), np.empty((len(counts), p))
        z = self.values - self.center
        for b, count in enumerate(counts):
            w = count if self.weights is None else count * self.weights
            w = w / w.sum()
            drift = w @ z
            cov[b] = z.T @ (z * w[:, None]) - np.outer(drift, drift)
            mean[b] = drift
        return (cov + cov.transpose(0, 2, 1)) / 2, self.center + mean


def _draw(units: int, size: int, generator: np.random.Generator) -> Array:
    """Draw how often each of some units stands in each replicate, shape (size, units)."""
    drawn = generator.integers(0, units, (size, units), dtype=np.int64)
    drawn += np.arange(size)[:, None] * units
    return np.bincount(drawn.ravel(), minlength=size * units).reshape(size, units).astype(float)


def shared_clusters(clusters: Array | None, groups: Sequence[Array]) -> list[Array] | None:
    """Return the clusters of each group's rows when some cluster has rows in several groups, else ``None``.

    Parameters
    ----------
    clusters : ndarray of int, shape (n,), optional
        Cluster of each row of the whole sample.
    groups : sequence of ndarray of bool, shape (n,)
        Rows of each group.

    Examples
    --------
    >>> first = np.array([True, True, False])
    >>> shared_clusters(np.array([0, 1, 1]), [first, ~first])
    [array([0, 1]), array([1])]
    >>> shared_clusters(np.array([0, 0, 1]), [first, ~first]) is None
    True
    """
    if clusters is None:
        return None
    inside = [clusters[mask] for mask in groups]
    together = sum(len(np.unique(codes)) for codes in inside)
    return inside if together > len(np.unique(clusters)) else None


def group_counts(
    resamplers: Sequence[Resampler], shared: Sequence[Array] | None, size: int, generator: np.random.Generator
) -> list[Array]:
    """Draw how often each row of each group stands in each replicate, shapes (size, n_g).

    Groups are drawn one by one, so that they keep their sizes. Clusters with rows in several groups are
    drawn once for all of them, since they make the groups vary together.

    Parameters
    ----------
    resamplers : sequence of Resampler, one a group
    shared : sequence of ndarray, optional
        From :func:`shared_clusters`.
    size : int
    generator : numpy.random.Generator
    """
    if shared is None:
        return [resampler.counts(size, generator) for resampler in resamplers]
    drawn = _draw(int(max(codes.max() for codes in shared)) + 1, size, generator)
    return [np.asarray(drawn[:, codes]) for codes in shared]


def wishart_covariances(cov: Array, n: int, size: int, generator: np.random.Generator) -> Array:
    """Draw covariance matrices (divisor n) of n normal rows, by Bartlett's decomposition.

    Parameters
    ----------
    cov : ndarray, shape (p, p)
        Population covariances.
    n : int
        Rows, more than p.
    size : int

    Returns
    -------
    ndarray, shape (size, p, p)

    Notes
    -----
    n S ~ W(Σ, n − 1) = L T Tᵀ Lᵀ with T lower triangular, chi on the diagonal and normal below (Bartlett
    1933, *Proc. R. Soc. Edinb.* 53:260-283).
    """
    p = len(cov)
    T = np.tril(generator.standard_normal((size, p, p)), -1)
    T[:, np.arange(p), np.arange(p)] = np.sqrt(generator.chisquare(n - 1 - np.arange(p), (size, p)))
    root = np.linalg.cholesky(cov) @ T
    return np.asarray(root @ root.transpose(0, 2, 1) / n)


def percentile_interval(replicates: Array, level: float) -> tuple[Array, Array]:
    """Percentile interval of each column (Efron & Tibshirani 1993, ch. 13).

    Parameters
    ----------
    replicates : ndarray, shape (B, k)
    level : float

    Returns
    -------
    lower, upper : ndarray, shape (k,)
    """
    tail = (1 - level) / 2
    return _quantiles(np.sort(replicates, axis=0), np.full((2, replicates.shape[1]), [[tail], [1 - tail]]))


def bca_interval(
    replicates: Array, estimate: Array, acceleration: Array | Sequence[float], level: float
) -> tuple[Array, Array]:
    """Bias-corrected and accelerated interval of each column (Efron 1987, *JASA* 82:171-185).

    Parameters
    ----------
    replicates : ndarray, shape (B, k)
    estimate : ndarray, shape (k,)
    acceleration : ndarray, shape (k,)
        Σ u³ / (6 (Σ u²)^1.5) over the empirical influence values u.
    level : float

    Returns
    -------
    lower, upper : ndarray, shape (k,)
        NaN where every replicate lies on one side of the estimate: no correction exists then.
    """
    size = len(replicates)
    below = (replicates < estimate).sum(axis=0) + 0.5 * (replicates == estimate).sum(axis=0)
    shift = special.ndtri(below / size)
    acceleration = np.asarray(acceleration, dtype=float)
    levels = np.empty((2, replicates.shape[1]))
    for side, tail in enumerate(((1 - level) / 2, (1 + level) / 2)):
        z = shift + special.ndtri(tail)
        with np.errstate(invalid="ignore"):
            levels[side] = special.ndtr(shift + z / (1 - acceleration * z))
    levels[:, ~np.isfinite(shift)] = np.nan
    return _quantiles(np.sort(replicates, axis=0), levels)


def _quantiles(ordered: Array, levels: Array) -> tuple[Array, Array]:
    """Linear interpolation between order statistics at (B + 1)·level, a level a column."""
    size = len(ordered)
    out = np.full(levels.shape, np.nan)
    for side, probabilities in enumerate(levels):
        use = np.isfinite(probabilities)
        at = np.clip(probabilities[use] * (size + 1) - 1, 0, size - 1)
        low = np.floor(at).astype(int)
        high = np.minimum(low + 1, size - 1)
        columns = np.flatnonzero(use)
        a, b = ordered[low, columns], ordered[high, columns]
        out[side, use] = a + (at - low) * (b - a)
    return out[0], out[1]
