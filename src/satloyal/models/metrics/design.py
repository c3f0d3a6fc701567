"""Weighted means under a design: linearised variances from ultimate clusters, and their covariances."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from satloyal.models.metrics.data import Array, MetricData
from satloyal.models.metrics.intervals import Point

__all__ = ["Linearised", "covariance", "linearise"]


@dataclass(frozen=True, slots=True, eq=False)
class Linearised:
    """A point and the contributions of each cluster (or row) to its error, shape (m,)."""

    point: Point
    contributions: Array


def linearise(scores: Array, rows: Array, data: MetricData) -> Linearised:
    r"""Return the weighted mean of ``scores`` (n,) over ``rows`` (bool, n).

    Notes
    -----
    :math:`z_c = \sum_{i \in c} w_i (y_i - \bar y) / \sum w` and :math:`V = \frac{m}{m-1} \sum_c z_c^2` over
    the m clusters that have such rows, each row its own cluster where there are none (M. H. Hansen, W. N.
    Hurwitz and W. G. Madow 1953; D. A. Binder 1983, International Statistical Review 51, 279–292). Without
    weights and clusters this is s²/n. The design effect is V over the weighted variance by n - 1 (L. Kish
    1965, Survey Sampling, section 8.2). Where all scores are equal it is undefined: then the answers count
    as Kish's effective n, or as the number of clusters if that is less.
    """
    use = rows & ~np.isnan(scores)
    w = np.where(use, data.weight, 0.0)
    total, n = float(w.sum()), int(use.sum())
    size = data.n if data.cluster is None else int(data.cluster.max()) + 1
    if n == 0:
        return Linearised(Point(np.nan, np.nan, np.nan, 0, np.nan, np.nan, 0), np.zeros(size))
    y = np.where(use, scores, 0.0)
    mean = float(w @ y) / total
    z: Array = w * (y - mean) / total
    variance = float(w @ (y - mean) ** 2) / total
    m = n
    if data.cluster is not None:
        z = np.bincount(data.cluster, z, minlength=size)
        m = int(np.unique(data.cluster[use]).size)
    second = float(w @ y**2) / total
    kish = total**2 / float(w @ w)
    spread = float(np.ptp(scores[use]))
    # one answer, one cluster or equal answers tell nothing about their own error
    if m < 2 or spread == 0:
        return Linearised(Point(mean, np.nan, second, n, np.nan, min(kish, float(m)), m - 1), np.zeros(size))
    z = z * np.sqrt(m / (m - 1))
    v = float(z @ z)
    deff = v / (variance / (n - 1))
    worth = min(float(n), n / deff) if deff > 0 else float(m)
    return Linearised(Point(mean, float(np.sqrt(v)), second, n, deff, worth, m - 1), z)


def covariance(a: Linearised, b: Linearised) -> float:
    """Return the covariance of two means; zero where they share no rows and no clusters."""
    return float(a.contributions @ b.contributions)
