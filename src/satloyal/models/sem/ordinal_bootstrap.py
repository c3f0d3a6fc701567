"""The bootstrap of ordinal items: thresholds and correlations of resampled rows, refitted as a batch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from satloyal.core.conditional_resample import resampler_of
from satloyal.core.optimize import Solution
from satloyal.core.ordinal_moments import OrdinalMoments
from satloyal.core.ordinal_resample import OrdinalReplicates
from satloyal.core.resample import Resampler, group_counts
from satloyal.models.sem.constrain import restart_restricted
from satloyal.models.sem.draws import clusters_shared, rows_of_group
from satloyal.models.sem.estimate import restart
from satloyal.models.sem.estimators import estimator_named

if TYPE_CHECKING:
    from satloyal.models.sem.ordinal_profile import Profile
    from satloyal.models.sem.result import SemFit

__all__ = ["OrdinalDraws", "OrdinalRows"]

Array = NDArray[Any]


class OrdinalDraws:
    """Draws rows of each group with replacement and refits the model.

    Parameters
    ----------
    fit : SemFit
        To ordinal items.
    guess : ndarray, shape (q,)
        First guess of the full sample.
    tolerance : float
        Newton decrement at which a replicate is solved.
    """

    def __init__(self, fit: SemFit, guess: Array, tolerance: float) -> None:
        ordinal, rows, weights = fit.input.ordinal, fit.input.rows, fit.weights
        assert ordinal is not None and rows is not None and weights is not None  # noqa: S101, PT018
        self.fit, self.ordinal, self.rows, self.guess = fit, ordinal, rows, guess
        self.weights, self.tolerance = weights, tolerance
        self.kind = estimator_named(fit.estimator).discrepancy
        self.resamplers = [resampler_of(group) for group in ordinal.groups]
        self.drawers = []
        for code in range(fit.ngroups):
            values, _, clusters = rows_of_group(fit, code)
            self.drawers.append(Resampler(values, None, clusters))
        self.shared = clusters_shared(fit)
        self.hessian = fit.observed_hessian
        self.profiled: Array | None = None
        whole = self._profile(self.weights, None)
        if whole is not None:
            at = fit.theta[whole.kept]
            self.profiled = whole.problem(at[None], np.zeros(1, int), "observed").hessian[0]

    def _profile(self, weights: tuple[Array, ...], statistics: list[Array] | None) -> Profile | None:
        if self.fit.restrictions is not None:
            return None
        return self.ordinal.profile(self.fit.table, self.fit.rams, weights, statistics)

    def solve(self, size: int, generator: np.random.Generator) -> tuple[Solution, list[Array], list[Array]]:
        """Draw and refit.

        Parameters
        ----------
        size : int
            Replicates to draw.
        generator : numpy Generator

        Returns
        -------
        solution : Solution
            Of the replicates whose correlations all exist; the others are lost.
        covs, means : list of ndarray, shapes (B, p, p) and (B, p)
            Their moments, for each group.
        """
        counts = group_counts(self.drawers, self.shared, size, generator)
        drawn = [r.replicates(c) for r, c in zip(self.resamplers, counts, strict=True)]
        good = np.logical_and.reduce([d.converged & (d.at_bound == 0) & self._weighable(d) for d in drawn])
        statistics = [d.statistics[good] for d in drawn]
        covs = [_covariance(d, good) for d in drawn]
        means = [d.means[good] for d in drawn]
        if not good.any():
            none = np.zeros(0)
            lost = Solution(np.zeros((0, self.fit.table.q)), none, none, np.zeros(0, int), np.zeros(0, int))
            return lost, covs, means
        weights = tuple(
            g.n / g.weight / d.gamma_diagonal[good] if self.kind == "DWLS" else w
            for d, w, g in zip(drawn, self.weights, self.ordinal.groups, strict=True)
        )
        return self._solved(statistics, weights, covs), covs, means

    def _solved(self, statistics: list[Array], weights: tuple[Array, ...], covs: list[Array]) -> Solution:
        fit = self.fit
        profile = self._profile(weights, statistics)
        if profile is not None and self.profiled is not None:
            kept = profile.kept
            found = restart(
                profile.problem, fit.theta[kept], self.profiled, self.guess[kept], tolerance=self.tolerance
            )
            return profile.solution(found)
        problem = self.ordinal.problem(fit.table, fit.rams, weights, statistics)
        return restart_restricted(
            problem, fit.restrictions, covs, fit.theta, self.hessian, self.guess, tolerance=self.tolerance
        )

    def _weighable(self, drawn: OrdinalReplicates) -> Array:
        """Whether every statistic varies, so that DWLS can weigh it."""
        if self.kind != "DWLS":
            return np.ones(len(drawn.converged), dtype=bool)
        diagonal = drawn.gamma_diagonal
        return np.asarray((np.isfinite(diagonal) & (diagonal > 0)).all(axis=1))


def _covariance(drawn: OrdinalReplicates, good: Array) -> Array:
    scale = np.sqrt(drawn.variances[good])
    return np.asarray(drawn.correlation[good] * scale[:, :, None] * scale[:, None, :])


@dataclass(frozen=True, eq=False)
class OrdinalRows(Resampler):
    """Rows of one group that can be drawn again, as correlations of latent responses.

    Parameters
    ----------
    values, weights, clusters
        As for :class:`satloyal.core.resample.Resampler`; weights stay with the moments.
    source : OrdinalMoments
    """

    source: OrdinalMoments | None = None

    def moments(self, counts: Array) -> tuple[Array, Array]:
        """Return covariances (B, p, p) and means (B, p) of replicates."""
        assert self.source is not None  # noqa: S101 - always given
        drawn = resampler_of(self.source).replicates(counts)
        return _covariance(drawn, np.ones(len(counts), dtype=bool)), drawn.means
