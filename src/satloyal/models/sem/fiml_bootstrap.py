"""The bootstrap of incomplete rows: resampled patterns, refitted as a batch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from satloyal.core.em import saturated_batch
from satloyal.core.optimize import Solution, minimise
from satloyal.core.pattern_resample import PatternResampler, normal_patterns
from satloyal.core.patterns import PatternLikelihood
from satloyal.core.quasi_newton import minimise_near
from satloyal.core.resample import group_counts
from satloyal.models.sem.draws import clusters_shared, rows_of_group
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
        incomplete = fit.input.incomplete
        assert incomplete is not None  # noqa: S101 - callers draw only then
        self.fit, self.kind, self.incomplete = fit, kind, incomplete
        self.resamplers = [
            PatternResampler(*rows_of_group(fit, code), patterns)
            for code, patterns in enumerate(incomplete.patterns)
        ]
        self.shared = clusters_shared(fit)

    def batches(self, size: int, generator: np.random.Generator) -> Iterator[Batch]:
        """Draw samples, as many at a time as fit into memory: that depends on the data alone."""
        width = sum(p.second.size for p in self.incomplete.patterns)
        together = max(1, _CELLS // max(width, 1))
        for start in range(0, size, together):
            yield self.batch(min(together, size - start), generator)

    def batch(self, size: int, generator: np.random.Generator) -> Batch:
        """Draw a batch of samples."""
        if self.kind == "nonparametric":
            counts = group_counts(self.resamplers, self.shared, size, generator)
            drawn = [r.likelihood(c) for r, c in zip(self.resamplers, counts, strict=True)]
        else:
            drawn = []
            for patterns, (sigma, mu) in zip(self.incomplete.patterns, self.fit._implied, strict=True):
                assert mu is not None  # noqa: S101 - incomplete rows always come with a mean structure
                drawn.append(normal_patterns(patterns, mu, sigma, size, generator))
        return self._posed(drawn, [p.n for p in self.incomplete.patterns])

    def without(self, group: int, rows: Array, weight: float) -> Batch:
        """Return the samples that lack one row of a group each; ``weight`` is what such a row counts."""
        drawn, sizes = [], []
        for g, patterns in enumerate(self.incomplete.patterns):
            own = self.likelihood_without(g, rows) if g == group else patterns.likelihood()
            share, sample = (np.broadcast_to(x, (len(rows), *x.shape[1:])) for x in (own.share, own.sample))
            drawn.append(replace(own, share=share, sample=sample))
            sizes.append(patterns.n - weight if g == group else patterns.n)
        return self._posed(drawn, sizes)

    def likelihood_without(self, group: int, rows: Array) -> PatternLikelihood:
        """Return the likelihood of a group's samples that lack one row each."""
        resampler = self.resamplers[group]
        counts = np.ones((len(rows), len(resampler.values)))
        counts[np.arange(len(rows)), rows] = 0.0
        return resampler.likelihood(counts)

    def _posed(self, drawn: Sequence[PatternLikelihood], sizes: Sequence[float]) -> Batch:
        """Pose the problems of samples drawn for each group."""
        terms, covs, means = [], [], []
        total, incomplete = sum(sizes), self.incomplete
        for ram, likelihood, size, patterns, full in zip(
            self.fit.rams, drawn, sizes, incomplete.patterns, incomplete.saturated, strict=True
        ):
            cov, mean = self._covariates(likelihood, patterns.origin, full.cov, full.mean)
            constant = np.array([full.value])
            terms.append(IncompleteTerm(ram, size / total, cov, mean, patterns.origin, likelihood, constant))
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
