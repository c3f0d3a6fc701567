"""Fourth-order sums of rows, which add: what robust errors and tests need of data that are not kept."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from satloyal.core.linalg import vech_indices
from satloyal.errors import FitError

__all__ = ["ClusterSums", "FourthMoments"]

Array = NDArray[Any]

_BLOCK = 2**21  # entries of the products that are held at once
_LARGEST = 2**30  # bytes that the sums of clusters may take


@dataclass(frozen=True, eq=False)
class ClusterSums:
    """Sums of weighted augmented rows within clusters.

    Parameters
    ----------
    labels : tuple of str, length G
    sums : ndarray, shape (G, T)
    """

    labels: tuple[str, ...]
    sums: Array

    def __add__(self, other: ClusterSums) -> ClusterSums:
        """Add up clusters of the same name."""
        place = {label: i for i, label in enumerate(self.labels)}
        for label in other.labels:
            place.setdefault(label, len(place))
        width = self.sums.shape[1]
        if len(place) * width * 8 > _LARGEST:
            raise FitError(
                f"{len(place):,} clusters times {width:,} moments do not fit into memory", where="cluster=",
                fix="use larger clusters (regions, days), or fewer columns",
            )  # fmt: skip
        sums = np.zeros((len(place), width))
        sums[: len(self.labels)] = self.sums
        sums[[place[label] for label in other.labels]] += other.sums
        return ClusterSums(tuple(place), sums)


@dataclass(frozen=True, eq=False)
class FourthMoments:
    """Sums of products of augmented rows t = (z, vech(zzᵀ), 1) with z = x − origin, T entries each.

    Every quantity that robust errors and tests take from rows is linear in t about the means, and so is a
    quadratic form of these sums.

    Parameters
    ----------
    origin : ndarray, shape (p,)
    products : ndarray, shape (T, T)
        Σ w² t tᵀ, T = p + p(p + 1)/2 + 1.
    clusters : ClusterSums, optional
        Σ w t within clusters.
    unit : float
        What the sampling weights are divided by for a mean of one.

    Examples
    --------
    >>> rows = np.array([[1.0], [2.0], [6.0]])
    >>> whole = FourthMoments.of(rows, np.zeros(1))
    >>> parts = FourthMoments.of(rows[:1], np.ones(1)) + FourthMoments.of(rows[1:], np.zeros(1))
    >>> np.allclose(whole.about(np.array([3.0])).products, parts.about(np.array([3.0])).products)
    True
    """

    origin: Array
    products: Array
    clusters: ClusterSums | None = None
    unit: float = 1.0

    @classmethod
    def of(
        cls,
        values: Array,
        origin: Array,
        weights: Array | None = None,
        clusters: tuple[Array, tuple[str, ...]] | None = None,
    ) -> FourthMoments:
        """Sum the products of rows.

        Parameters
        ----------
        values : ndarray, shape (n, p)
        origin : ndarray, shape (p,)
            Near the means, or digits are lost.
        weights : ndarray, shape (n,), optional
        clusters : (codes, labels), optional
            Cluster of each row, shape (n,), and their names.
        """
        low, high = vech_indices(values.shape[1])
        width = values.shape[1] + len(low) + 1
        products = np.zeros((width, width))
        sums = None if clusters is None else np.zeros((len(clusters[1]), width))
        step = max(_BLOCK // width, 1)
        for at in range(0, len(values), step):
            z = values[at : at + step] - origin
            t = np.concatenate([z, z[:, low] * z[:, high], np.ones((len(z), 1))], axis=1)
            if weights is not None:
                t *= weights[at : at + step, None]
            products += t.T @ t
            if clusters is not None and sums is not None:
                codes = clusters[0][at : at + step]
                member = sparse.csr_matrix(
                    (np.ones(len(t)), (codes, np.arange(len(t)))), shape=(len(sums), len(t))
                )
                sums += member @ t
        held = None if clusters is None or sums is None else ClusterSums(clusters[1], sums)
        return cls(origin, products, held)

    def __add__(self, other: FourthMoments) -> FourthMoments:
        """Add the sums of other rows, about the origin of these."""
        moved = other.about(self.origin)
        clusters = None
        if self.clusters is not None and moved.clusters is not None:
            clusters = self.clusters + moved.clusters
        return FourthMoments(self.origin, self.products + moved.products, clusters)

    def about(self, origin: Array) -> FourthMoments:
        """Return the same sums about another origin."""
        if np.array_equal(origin, self.origin):
            return self
        M = shift(self.origin - origin)
        clusters = self.clusters
        if clusters is not None:
            clusters = ClusterSums(clusters.labels, np.asarray(clusters.sums @ M.T))
        return FourthMoments(origin, np.asarray(M @ (M @ self.products).T), clusters, self.unit)

    def select(self, at: Sequence[int]) -> FourthMoments:
        """Return the sums of some of the variables, in this order."""
        p = len(self.origin)
        low, high = vech_indices(p)
        place = np.zeros((p, p), dtype=int)
        place[low, high] = place[high, low] = np.arange(len(low))
        own = np.asarray(at, dtype=int)
        i, j = vech_indices(len(own))
        kept = np.r_[own, p + place[own[i], own[j]], p + len(low)]
        clusters = self.clusters
        if clusters is not None:
            clusters = ClusterSums(clusters.labels, clusters.sums[:, kept])
        return replace(
            self, origin=self.origin[own], products=self.products[np.ix_(kept, kept)], clusters=clusters
        )

    @property
    def squares(self) -> float:
        """Sum of the squared weights, of which the mean is one."""
        return float(self.products[-1, -1]) / self.unit**2

    def outer(self, maps: Array) -> Array:
        """Return Σ w² (Lt)(Lt)ᵀ over rows, for maps L of shape (k, T)."""
        return np.asarray(maps @ self.products @ maps.T) / self.unit**2

    def summed(self, maps: Array) -> tuple[tuple[str, ...], Array]:
        """Return the clusters and Σ w Lt within each, shape (G, k)."""
        assert self.clusters is not None  # noqa: S101 - asked only where there are clusters
        return self.clusters.labels, self.clusters.sums @ maps.T / self.unit

    def gamma(self, mean: Array, cov: Array, size: float, *, means: bool, lift: Array | None = None) -> Array:
        """Asymptotic covariance matrix of √size times the moments, without a distribution (Browne 1984).

        Parameters
        ----------
        mean, cov : ndarray, shapes (p,) and (p, p)
            Moments of the same rows, divisor n.
        size : float
            Respondents, or the sum of their weights.
        means : bool
            Whether the vector of moments begins with means.
        lift : ndarray, shape (K, K), optional
            Applied to the centred moments of each row.

        Returns
        -------
        ndarray, shape (K, K)
        """
        low, high = vech_indices(len(mean))
        maps = centring(np.r_[np.zeros(len(mean)), cov[low, high]])
        if not means:
            maps = maps[len(mean) :]
        if lift is not None:
            maps = lift @ maps
        here = self.about(mean)
        if here.clusters is None:
            return here.outer(maps) / size
        summed = here.summed(maps)[1]
        if len(summed) < 2:
            raise FitError("all rows of a group are in one cluster", where="cluster=",
                           fix="one cluster says nothing about how much clusters differ")  # fmt: skip
        return np.asarray(summed.T @ summed) * len(summed) / (len(summed) - 1) / size

    def kurtosis(self, mean: Array, precision: Array) -> float:
        """Return Σ (zᵀVz)² over rows about the means, for a precision matrix V; without weights only."""
        low, high = vech_indices(len(mean))
        form = np.where(low == high, 1.0, 2.0) * precision[low, high]
        maps = np.concatenate([np.zeros(len(mean)), form, [0.0]])[None]
        return float(self.about(mean).outer(maps)[0, 0])


def shift(by: Array) -> sparse.csr_matrix:
    """Return the map from augmented rows of z to those of z + d, shape (T, T).

    (z + d)(z + d)ᵀ = zzᵀ + dzᵀ + zdᵀ + ddᵀ.
    """
    rows, columns, size = _shift_layout(len(by))
    low, high = vech_indices(len(by))
    entries = np.concatenate([np.ones(size), by, by[low], by[high], by[low] * by[high]])
    return sparse.csr_matrix((entries, (rows, columns)), shape=(size, size))


@functools.cache
def _shift_layout(p: int) -> tuple[Array, Array, int]:
    low, high = vech_indices(p)
    pairs = p + np.arange(len(low))
    size = p + len(low) + 1
    rows = np.concatenate([np.arange(size), np.arange(p), pairs, pairs, pairs])
    columns = np.concatenate([np.arange(size), np.full(p, size - 1), high, low, np.full(len(low), size - 1)])
    return rows, columns, size


def centring(expected: Array) -> Array:
    """Return the map from augmented rows to (z, vech(zzᵀ)) less a constant, shape (K, K + 1)."""
    return np.concatenate([np.eye(len(expected)), -expected[:, None]], axis=1)
