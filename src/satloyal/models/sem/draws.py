"""Samples like that of a fit: rows drawn with replacement, or normal moments from the model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from satloyal.core.resample import Resampler, group_counts, shared_clusters, wishart_covariances

if TYPE_CHECKING:
    from satloyal.models.sem.result import SemFit

__all__ = ["ModelDraws", "RowDraws", "clusters_shared", "rows_of_group"]

Array = NDArray[Any]

_HELD = 2**24  # counts of drawn rows that are held at once


def rows_of_group(fit: SemFit, group: int) -> tuple[Array, Array | None, Array | None]:
    """Return a group's rows (n, p), their weights (n,) and their clusters (n,), numbered within the group."""
    rows, clusters = fit.input.rows, fit.input.clusters
    assert rows is not None  # noqa: S101 - callers have rows
    own = rows.codes == group
    within = None if clusters is None else np.unique(clusters[own], return_inverse=True)[1]
    return rows.values[own], None if rows.weights is None else rows.weights[own], within


def clusters_shared(fit: SemFit) -> list[Array] | None:
    """Return the clusters of each group's rows where some cluster spans groups, else ``None``."""
    rows = fit.input.rows
    assert rows is not None  # noqa: S101 - callers have rows
    return shared_clusters(fit.input.clusters, [rows.codes == code for code in range(fit.ngroups)])


class RowDraws:
    """Draws rows of each group with replacement."""

    def __init__(self, fit: SemFit) -> None:
        self.fit = fit
        self.groups = [Resampler(*rows_of_group(fit, code)) for code in range(fit.ngroups)]
        self.shared = clusters_shared(fit)

    def moments(self, size: int, generator: np.random.Generator) -> tuple[list[Array], list[Array | None]]:
        """Return covariances and means of each group, shapes (size, p, p) and (size, p)."""
        step = max(1, _HELD // sum(len(r.values) for r in self.groups))
        parts = [self._drawn(min(step, size - at), generator) for at in range(0, size, step)]
        covs = [np.concatenate([c[g] for c, _ in parts]) for g in range(len(self.groups))]
        return covs, [np.concatenate([m[g] for _, m in parts]) for g in range(len(self.groups))]

    def _drawn(self, size: int, generator: np.random.Generator) -> tuple[list[Array], list[Array]]:
        covs, means = [], []
        counts = group_counts(self.groups, self.shared, size, generator)
        for resampler, count, group in zip(self.groups, counts, self.fit.sample.groups, strict=True):
            cov, mean = resampler.moments(count)
            factor = 1.0 if self.fit.likelihood == "normal" else group.n / (group.n - 1)
            covs.append(cov * factor)
            means.append(mean)
        return covs, means


class ModelDraws:
    """Draws moments of normal samples from the implied moments of each group."""

    def __init__(self, fit: SemFit) -> None:
        self.fit = fit

    def moments(self, size: int, generator: np.random.Generator) -> tuple[list[Array], list[Array | None]]:
        """Return covariances and means of each group, shapes (size, p, p) and (size, p)."""
        covs: list[Array] = []
        means: list[Array | None] = []
        for (sigma, mu), group in zip(self.fit._implied, self.fit.sample.groups, strict=True):
            factor = 1.0 if self.fit.likelihood == "normal" else group.n / (group.n - 1)
            covs.append(wishart_covariances(sigma, group.n, size, generator) * factor)
            if mu is None:
                means.append(
                    None if group.mean is None else np.broadcast_to(group.mean, (size, len(group.mean)))
                )
            else:
                noise = generator.standard_normal((size, len(mu))) @ np.linalg.cholesky(sigma / group.n).T
                means.append(mu + noise)
        return covs, means
