"""The bootstrap of incomplete rows: resampled patterns, refitted as a batch."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from satloyal.core.em import saturated_batch
from satloyal.core.optimize import Solution, minimise
from satloyal.core.pattern_resample import PatternResampler, normal_patterns
from satloyal.core.patterns import PatternLikelihood
from satloyal.core.quasi_newton import minimise_near
from satloyal.core.resample import group_counts, shared_clusters
from satloyal.models.sem.estimate import Problem, well_conditioned
from satloyal.models.sem.fiml import IncompleteTerm

if TYPE_CHECKING:
    from satloyal.models.sem.result import SemFit

__all__ = ["Batch", "IncompleteDraws", "restart_incomplete"]

Array = NDArray[Any]

_CELLS = 10_000_000  # entries of second moments that are held at once
_LATE = 60  # iterations that a replicate gets from its start when it is not near


@dataclass(frozen=True, eq=False)
class Batch:
    """A batch of samples.

    Parameters
    ----------
    problem : Problem
    covs, means : list of ndarray, shapes (B, p, p) and (B, p)
        For each group the moments that a model takes from the sample.
    """

    problem: Problem
    covs: list[Array]
    means: list[Array]


class IncompleteDraws:
    """Draws samples of incomplete rows like those of a fit.

    Parameters
    ----------
    fit : SemFit
        To incomplete rows.
    kind : {"nonparametric", "parametric"}
        Rows (or clusters) drawn again, or normal rows from the fitted model with the same gaps.
    """

    def __init__(self, fit: SemFit, kind: Literal["nonparametric", "parametric"]) -> None:
        incomplete, rows = fit.input.incomplete, fit.input.rows
        assert incomplete is not None  # noqa: S101 - callers draw only then
        assert rows is not None  # noqa: S101
        self.fit, self.kind, self.incomplete = fit, kind, incomplete
        self.resamplers = []
        for code in range(fit.ngroups):
            mask = rows.codes == code
            clusters = None
            if fit.input.clusters is not None:
                clusters = np.unique(fit.input.clusters[mask], return_inverse=True)[1]
            weights = None if rows.weights is None else rows.weights[mask]
            found = incomplete.patterns[code]
            self.resamplers.append(PatternResampler(rows.values[mask], weights, clusters, found))
        masks = [rows.codes == code for code in range(fit.ngroups)]
        self.shared = shared_clusters(fit.input.clusters, masks)

    def batches(self, size: int, generator: np.random.Generator) -> Iterator[Batch]:
        """Draw samples, as many at a time as fit into memory: that depends on the data alone."""
        width = sum(p.second.size for p in self.incomplete.patterns)
        together = max(1, _CELLS // max(width, 1))
        for start in range(0, size, together):
            yield self.batch(min(together, size - start), generator)

    def batch(self, size: int, generator: np.random.Generator) -> Batch:
        """Draw a batch of samples."""
        terms, covs, means = [], [], []
        total, incomplete = self.fit.effective_n, self.incomplete
        counts: list[Array] = []
        if self.kind == "nonparametric":
            counts = group_counts(self.resamplers, self.shared, size, generator)
        for g, (ram, resampler, patterns, full) in enumerate(
            zip(
                self.fit.rams,
                self.resamplers,
                incomplete.patterns,
                incomplete.saturated,
                strict=True,
            )
        ):
            if self.kind == "nonparametric":
                likelihood = resampler.likelihood(counts[g])
            else:
                sigma, mu = self.fit._implied[g]
                assert mu is not None  # noqa: S101 - incomplete rows always come with a mean structure
                likelihood = normal_patterns(patterns, mu, sigma, size, generator)
            cov, mean = self._covariates(likelihood, patterns.origin, full.cov, full.mean)
            constant = np.array([full.value])
            terms.append(
                IncompleteTerm(ram, patterns.n / total, cov, mean, patterns.origin, likelihood, constant)
            )
            covs.append(cov)
            means.append(mean)
        return Batch(Problem(tuple(terms), self.fit.table.q), covs, means)

    def _covariates(
        self, likelihood: PatternLikelihood, origin: Array, cov: Array, mean: Array
    ) -> tuple[Array, Array]:
        """Moments of the replicates where the model takes them from the sample: those of fixed covariates."""
        size = len(likelihood.share)
        covs, means = np.tile(cov, (size, 1, 1)), np.tile(mean, (size, 1))
        x = [self.fit.table.observed.index(name) for name in self.fit.table.exogenous]
        if not x:
            return covs, means
        p = len(origin)
        if likelihood.observed[:, x].all():
            second = np.einsum("bp,bpij->bij", likelihood.share, likelihood.sample)
        else:
            start = np.zeros((p + 1, p + 1))
            gap = mean - origin
            start[:p, :p], start[:p, p], start[p, :p], start[p, p] = cov + np.outer(gap, gap), gap, gap, 1.0
            second = saturated_batch(likelihood, np.tile(start, (size, 1, 1)), tolerance=1e-12)[0]
        gap = second[:, :p, p]
        found = second[:, :p, :p] - gap[:, :, None] * gap[:, None, :]
        block = np.ix_(range(size), x, x)
        covs[block], means[:, x] = found[block], (origin + gap)[:, x]
        return covs, means


def restart_incomplete(
    problem: Problem, theta: Array, hessian: Array, start: Array, *, tolerance: float
) -> Solution:
    """Minimise a batch of incomplete samples that resemble the one solved at ``theta``.

    Quasi-Newton steps from there, with the full sample's curvature to begin with; replicates that do not
    get there this way begin again at ``start`` and form their own curvature at every step.

    Parameters
    ----------
    problem : Problem
        Of B samples.
    theta : ndarray, shape (q,)
        Solution of the full sample.
    hessian : ndarray, shape (q, q)
        Its observed curvature.
    start : ndarray, shape (q,)
        First guess of the full sample.
    tolerance : float
        Decrement at which a replicate is solved.

    Returns
    -------
    Solution
    """
    size = problem.terms[0].batch
    if not well_conditioned(hessian):
        return minimise(problem, np.tile(start, (size, 1)), tolerance=tolerance, max_iterations=_LATE)

    def slope(at: Array, which: Array) -> tuple[Array, Array]:
        taken = problem if len(which) == size else problem.take(which)
        value, gradient = np.zeros(len(at)), np.zeros_like(at)
        for term in taken.terms:
            assert isinstance(term, IncompleteTerm)  # noqa: S101 - the batch was made of these
            own, turned = term.slope(at)
            value, gradient = value + own, gradient + turned
        return value, gradient

    inverse = np.linalg.inv(hessian)
    first = minimise_near(slope, np.tile(theta, (size, 1)), (inverse + inverse.T) / 2, tolerance=tolerance)
    late = np.flatnonzero(~first.converged)
    if not len(late):
        return first
    rest = minimise(
        problem.take(late), np.tile(start, (len(late), 1)), tolerance=tolerance, max_iterations=_LATE
    )
    return first.replaced(late, rest)
