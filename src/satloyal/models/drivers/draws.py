"""Replicates of shares: rows or clusters drawn again, or matrices simulated where there are no rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import stats

from satloyal.core.resample import blocks, wishart_covariances
from satloyal.models.drivers.data import DriverData
from satloyal.models.drivers.shares import (
    EXACT_DRIVERS,
    Array,
    correlations,
    lmg,
    relative_weights,
    sampled_lmg,
)

__all__ = ["Draws", "draw", "importance", "ranks"]

_SINGULAR = 1e-8


@dataclass(frozen=True, eq=False)
class Draws:
    """Replicates that can be used.

    Parameters
    ----------
    importance : ndarray, shape (R, p)
        In units of R².
    mean : ndarray, shape (R, p), optional
        Means of the drivers; ``None`` where matrices were simulated.
    asked : int
        How many were drawn; those beyond R had collinear drivers or a constant.
    """

    importance: Array
    mean: Array | None
    asked: int

    @property
    def r2(self) -> Array:
        """R² of each replicate, shape (R,)."""
        return np.asarray(self.importance.sum(axis=1))

    @property
    def lost(self) -> int:
        """How many replicates could not be used."""
        return self.asked - len(self.importance)


def importance(cor: Array, method: str, orders: Array | None) -> Array:
    """Return importances in units of R², shape (B, p), by one method."""
    if method == "relative_weights":
        return relative_weights(cor)
    if cor.shape[1] - 1 <= EXACT_DRIVERS:
        return lmg(cor)
    assert orders is not None  # noqa: S101 - more drivers come with orders
    return sampled_lmg(cor, orders)[0]


def ranks(values: Array) -> Array:
    """Return ranks, 1 the largest, ties sharing their mean; shape as ``values`` (R, p).

    Examples
    --------
    >>> ranks(np.array([[0.3, 0.1, 0.3]])).tolist()
    [[1.5, 3.0, 1.5]]
    """
    return np.asarray(stats.rankdata(-values, axis=1))


def draw(data: DriverData, method: str, orders: Array | None, replicates: int, seed: int) -> Draws:
    """Resample rows or clusters (percentile bootstrap), or simulate Wishart matrices where there are none."""
    parts: list[Array] = []
    means: list[Any] = []
    for start, stop, generator in blocks(replicates, seed):
        if data.rows is None:
            cov, mean = wishart_covariances(data.cov, data.n, stop - start, generator), None
        else:
            cov, mean = data.rows.moments(data.rows.counts(stop - start, generator))
        cor = correlations(cov)
        fine: Array = np.asarray(np.isfinite(cor).all(axis=(1, 2)))
        safe = np.where(fine[:, None, None], cor, np.eye(cor.shape[1]))
        fine &= np.linalg.eigvalsh(safe[:, :-1, :-1]).min(axis=1) > _SINGULAR
        parts.append(importance(cor[fine], method, orders))
        means.append(None if mean is None else mean[fine, :-1])
    values = np.concatenate(parts)
    whole = np.isfinite(values).all(axis=1)
    mean = None if data.rows is None else np.concatenate(means)[whole]
    return Draws(values[whole], mean, replicates)
