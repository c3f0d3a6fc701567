"""Estimation under restrictions: linear equalities by elimination, everything else by quadratic programs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from satloyal.core.constrained import minimise_constrained
from satloyal.core.optimize import Curvature, Evaluation, Solution, minimise
from satloyal.models.sem.bounds import Limits, limits
from satloyal.models.sem.estimate import Problem, chord, estimate, restart, well_conditioned
from satloyal.models.sem.restrictions import Restrictions

__all__ = ["Region", "estimate_restricted", "restart_restricted"]

Array = NDArray[Any]

_AS_LOW = 1e-7  # difference of F that is rounding
_SOON, _LATE = 12, 250  # iterations that a replicate gets from the full sample, and from its start


@dataclass(frozen=True, eq=False)
class _Reduced:
    """A problem in φ, θ = origin + basis φ, with the samples that ``chosen`` names."""

    problem: Problem
    origin: Array
    basis: Array
    chosen: Array

    def __call__(self, phi: Array, which: Array, curvature: Curvature) -> Evaluation:
        at = self.problem(self.theta(phi), self.chosen[which], curvature)
        K = self.basis
        return Evaluation(at.value, at.gradient @ K, K.T @ at.hessian @ K)

    def theta(self, phi: Array) -> Array:
        return np.asarray(self.origin + phi @ self.basis.T)


@dataclass(frozen=True, eq=False)
class Region:
    """The constraints that elimination leaves, in φ: see :class:`satloyal.core.constrained.Constraints`.

    Parameters
    ----------
    restrictions : Restrictions
    bounds : Limits
        Of the samples at hand, shape (B, q) or (1, q).
    """

    restrictions: Restrictions
    bounds: Limits

    @property
    def equalities(self) -> int:
        """How many rows are equalities."""
        return len(self.restrictions.curved_equalities)

    @cached_property
    def rows(self) -> tuple[Any, ...]:
        """The constraints of the text, equalities first."""
        return (*self.restrictions.curved_equalities, *self.restrictions.inequalities)

    @property
    def empty(self) -> bool:
        """Whether there is nothing but linear equalities."""
        return not self.rows and not len(self._limited)

    @cached_property
    def curved(self) -> bool:
        """Whether any row is not linear."""
        return any(not self.restrictions._straight[id(row)] for row in self.rows)

    @cached_property
    def _limited(self) -> Array:
        return np.flatnonzero(self.restrictions.bounded)

    def at(self, theta: Array, which: Array) -> tuple[Array, Array]:
        """Return the residuals and their Jacobian in φ, shapes (b, m) and (b, m, k)."""
        spread = self.restrictions.eliminated
        full = spread.origin + theta @ spread.basis.T
        value, jacobian = self.restrictions.evaluate(self.rows, full)
        jacobian = jacobian @ spread.basis
        if not len(self._limited):
            return value, jacobian
        limits = self.bounds.take(which)
        with np.errstate(invalid="ignore"):
            room = np.concatenate([full - limits.lower, limits.upper - full], axis=1)[:, self._limited]
        both = np.concatenate([spread.basis, -spread.basis])[self._limited]
        both = np.broadcast_to(both, (len(theta), *both.shape))
        return np.concatenate([value, room], axis=1), np.concatenate([jacobian, both], axis=1)

    def curvature(self, theta: Array, multipliers: Array) -> Array:
        """Return Σ ν ∂²r/∂φ², shape (b, k, k)."""
        spread = self.restrictions.eliminated
        full = spread.origin + theta @ spread.basis.T
        bend = self.restrictions.curvature(self.rows, full, multipliers[:, : len(self.rows)])
        return np.asarray(spread.basis.T @ bend @ spread.basis)


def _minimise(
    reduced: _Reduced, region: Region, start: Array, curvature: Curvature, tolerance: float, limit: int
) -> Solution:
    """Minimise in φ, and return the solution in θ."""
    if region.empty:
        found = minimise(
            reduced, start, curvature=curvature, tolerance=tolerance, max_iterations=limit
        )  # fmt: skip
    else:
        found = minimise_constrained(
            reduced, region, start, curvature=curvature, tolerance=tolerance, max_iterations=limit
        )  # fmt: skip
    return replace(found, theta=region.restrictions.snapped(reduced.theta(found.theta)))


def _project(restrictions: Restrictions, theta: Array) -> Array:
    """Return the φ whose θ lies closest, shape (k,)."""
    spread = restrictions.eliminated
    return np.asarray(np.linalg.lstsq(spread.basis, theta - spread.origin, rcond=None)[0])


def estimate_restricted(
    problem: Problem,
    restrictions: Restrictions | None,
    starts: Iterable[Array],
    beyond: Callable[[Array], Iterable[Array]] = lambda _: (),
    *,
    max_iterations: int = 300,
) -> tuple[Solution, int]:
    """Minimise under restrictions from the first start that leads to a solution.

    At a bound a descent may come to rest above the minimum, so that with inequalities all starts are tried,
    and the lowest solution is returned.

    Parameters
    ----------
    problem : Problem
        Of one sample.
    restrictions : Restrictions or None
    starts : iterable of ndarray, shape (q,)
        Moved to the nearest point that meets the linear equalities; those outside the domain are passed
        over.
    beyond : callable
        Further starts; see :func:`satloyal.models.sem.estimate.estimate`.
    max_iterations : int

    Returns
    -------
    solution : Solution
        A batch of one.
    tried : int
        How many runs that took.
    """
    if restrictions is None:
        return estimate(problem, starts, beyond)
    held = restrictions
    spread = held.eliminated
    reduced = _Reduced(problem, spread.origin, spread.basis, np.zeros(1, int))
    region = Region(held, held.bounds)

    def moved(points: Iterable[Array]) -> Iterator[Array]:
        for point in points:
            yield reduced.theta(_project(held, point)[None])[0]

    def solve(start: Array) -> Solution:
        return _minimise(reduced, region, _project(held, start[0])[None], "expected", 1e-12, max_iterations)

    points = list(starts)
    first, tried = estimate(problem, moved(points), lambda at: moved(beyond(at)), solve=solve)
    if tried == 1 and not (held.inequalities or held.bounded.any()):
        return first, tried
    found = [first]
    for point in points:
        solution, more = estimate(problem, moved([point]), solve=solve)
        found.append(solution)
        tried += more
    return _lowest(found), tried


def _lowest(found: Sequence[Solution]) -> Solution:
    """Return the lowest solution; one that did not converge where it lies below all that did."""
    lowest = min(found, key=lambda s: float(s.value[0]) if np.isfinite(s.value[0]) else np.inf)
    good = [s for s in found if s.converged[0] and s.value[0] <= lowest.value[0] + _AS_LOW]
    return min(good, key=lambda s: float(s.value[0])) if good else lowest


def restart_restricted(
    problem: Problem,
    restrictions: Restrictions | None,
    covs: Sequence[Array],
    theta: Array,
    hessian: Array,
    start: Array,
    *,
    tolerance: float,
) -> Solution:
    """Minimise a batch of samples under restrictions, from the solution of the sample they resemble.

    Parameters
    ----------
    problem : Problem
        Of B samples.
    restrictions : Restrictions or None
    covs : sequence of ndarray, shapes (B, p, p)
        Covariances of each group, for bounds that depend on the sample.
    theta : ndarray, shape (q,)
        Solution of the full sample.
    hessian : ndarray, shape (q, q)
        Its observed curvature.
    start : ndarray, shape (q,)
        Where the replicates begin that do not get there soon.
    tolerance : float
        Decrement at which a replicate is solved.

    Returns
    -------
    Solution
    """
    if restrictions is None:
        return restart(problem, theta, hessian, start, tolerance=tolerance)
    spread = restrictions.eliminated
    size = problem.terms[0].batch
    bounds = limits(restrictions.table, restrictions.option, covs)
    everyone: Array = np.arange(size)
    reduced = _Reduced(problem, spread.origin, spread.basis, everyone)
    region = Region(restrictions, bounds)
    far = np.tile(_project(restrictions, start), (size, 1))
    inner = spread.basis.T @ hessian @ spread.basis
    if not well_conditioned(inner):
        return _minimise(reduced, region, far, "expected", tolerance, _LATE)
    near = chord(problem, theta, spread.basis @ np.linalg.inv(inner) @ spread.basis.T)
    near = np.linalg.lstsq(spread.basis, (near - spread.origin).T, rcond=None)[0].T
    first = _minimise(reduced, region, near, "observed", tolerance, _SOON)
    late = everyone[~first.converged]
    if not len(late):
        return first
    again = _Reduced(problem, spread.origin, spread.basis, late)
    there = Region(restrictions, bounds.take(late))
    return first.replaced(late, _minimise(again, there, far[late], "expected", tolerance, _LATE))
