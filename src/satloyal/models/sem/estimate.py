"""Estimation: a sum of group terms that share θ, minimised over a batch."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from satloyal.core.linalg import vech_indices
from satloyal.core.optimize import Curvature, Evaluation, Solution, minimise
from satloyal.core.trust_region import minimise_trusting
from satloyal.models.sem.discrepancy import LeastSquares, MaximumLikelihood
from satloyal.models.sem.implied import Implied, Ram, augmented
from satloyal.models.sem.vector import implied_vector, stack_moments, vector_jacobian

if TYPE_CHECKING:
    from satloyal.core.moments import Moments

__all__ = ["GroupTerm", "Problem", "Term", "chord", "estimate", "restart", "well_conditioned"]

Array = NDArray[Any]

_SWITCH = 0.1  # decrement at which one fit goes over to observed curvature: early, to save its last steps
_SOON, _LATE = 12, 60  # iterations that a replicate gets from the full sample's solution, and from its start
_SINGULAR = 1e-4  # smallest eigenvalue of the scaled curvature that still promises a near neighbour


class GroupTerm(Protocol):
    """One group's part of an objective over a batch of samples, whatever its discrepancy."""

    @property
    def ram(self) -> Ram:
        """The group's model."""
        ...

    @property
    def share(self) -> float:
        """Weight of the group, n_g / N."""
        ...

    @property
    def batch(self) -> int:
        """How many samples there are."""
        ...

    def take(self, which: Array) -> GroupTerm:
        """Return the part for some of the replicates."""
        ...

    def part(self, theta: Array, curvature: Curvature) -> Evaluation:
        """Return the group's share of value, gradient and curvature."""
        ...

    def value(self, theta: Array) -> Array:
        """Return the group's share of F, shape (B,); infinite outside the domain."""
        ...

    def nearby(self, theta: Array, size: int) -> Array:
        """Return the group's share of the gradients of a batch at one θ, shape (B, q)."""
        ...


@dataclass(frozen=True, eq=False)
class Term:
    """One group's part of the objective.

    Parameters
    ----------
    ram : Ram
    share : float
        Weight of the group, n_g / N.
    cov : ndarray, shape (B, p, p)
        Sample covariances, one a replicate or one for all.
    mean : ndarray, shape (B, p), optional
    origin : ndarray, shape (p,), optional
        Where moments are taken about, the same for all replicates.
    discrepancy : MaximumLikelihood
    """

    ram: Ram
    share: float
    cov: Array
    mean: Array | None
    origin: Array | None
    discrepancy: MaximumLikelihood

    @classmethod
    def of(cls, ram: Ram, share: float, cov: Array, mean: Array | None) -> Term:
        """Prepare a group's part; means are used only when the model has a mean structure."""
        if mean is None or ram.manifest == ram.observed:
            return cls(ram, share, cov, None, None, MaximumLikelihood.of(cov))
        origin = mean.mean(axis=0)
        sample = MaximumLikelihood.of(augmented(cov, mean - origin))
        return cls(ram, share, cov, mean, origin, sample)

    @property
    def batch(self) -> int:
        """How many samples there are."""
        return len(self.cov)

    def take(self, which: Array) -> Term:
        """Return the part for some of the replicates."""
        if len(self.cov) == 1:
            return self
        mean = None if self.mean is None else self.mean[which]
        return Term(self.ram, self.share, self.cov[which], mean, self.origin, self.discrepancy.take(which))

    def implied(self, theta: Array) -> Implied:
        """Return the implied moments at θ, about the term's origin."""
        return self.ram.implied(theta, self.cov, self.mean, self.origin)

    def part(self, theta: Array, curvature: Curvature) -> Evaluation:
        """Return this group's share of value, gradient and curvature."""
        implied = self.implied(theta)
        at = self.discrepancy.at(implied.sigma)
        KGK = implied.contract(at.G)
        KVK = implied.contract(at.V)
        if curvature == "expected":
            pairs = implied.product(KVK)
        else:
            pairs = implied.product(KVK, KVK - 2 * KGK)
            implied.add_curvature(pairs, KGK)
        value, gradient = at.value, implied.gradient(KGK)
        if self.share != 1.0:
            value, gradient = self.share * value, self.share * gradient
            pairs *= self.share
        return Evaluation(value, gradient, implied.matrix(pairs))

    def value(self, theta: Array) -> Array:
        """Return this group's share of F, shape (B,)."""
        return self.share * self.discrepancy.at(self.implied(theta).sigma).value

    def nearby(self, theta: Array, size: int) -> Array:
        """Return this group's share of the gradients of a batch at one θ, shape (B, q), cheaply.

        tr(V(Σ − S)V ∂Σ/∂θ) gathers from (VK)ᵀ(Σ − S)VK, in which VK is the same for all.
        """
        alone = self.take(np.zeros(1, int)).implied(theta[None])
        sigma = alone.sigma
        if len(self.ram.s_sample.row) or len(self.ram.a_sample.row):
            sigma = self.implied(np.broadcast_to(theta, (size, len(theta)))).sigma
        V = np.linalg.inv(alone.sigma[0])
        VK = np.concatenate([V, V @ alone.X[0], V @ alone.Q[0]], axis=1)
        gap = sigma - self.discrepancy.sample
        return np.asarray(self.share * alone.gradient(VK.T @ (gap @ VK)))


@dataclass(frozen=True, eq=False)
class LeastSquaresTerm:
    """One group's part of a least-squares objective.

    Parameters
    ----------
    ram : Ram
    share : float
    cov, mean : ndarray, shapes (B, p, p) and (B, p)
        Sample moments.
    discrepancy : LeastSquares
        Of the vectors of moments.
    """

    ram: Ram
    share: float
    cov: Array
    mean: Array | None
    discrepancy: LeastSquares

    @classmethod
    def of(cls, ram: Ram, share: float, cov: Array, mean: Array | None, weight: Array) -> LeastSquaresTerm:
        """Prepare a group's part with its weight matrix, shape (K, K) or (K,)."""
        used = mean if ram.manifest > ram.observed else None
        return cls(ram, share, cov, used, LeastSquares(stack_moments(cov, used), weight))

    @property
    def batch(self) -> int:
        """How many samples there are."""
        return len(self.cov)

    def take(self, which: Array) -> LeastSquaresTerm:
        """Return the part for some of the replicates."""
        if len(self.cov) == 1:
            return self
        mean = None if self.mean is None else self.mean[which]
        taken = self.discrepancy.take(which)
        return LeastSquaresTerm(self.ram, self.share, self.cov[which], mean, taken)

    def part(self, theta: Array, curvature: Curvature) -> Evaluation:
        """Return this group's share of value, gradient and curvature: Gauss-Newton's, or the exact one."""
        implied = self.ram.implied(theta, self.cov, self.mean)
        sigma, delta = implied_vector(implied), vector_jacobian(implied)
        gradient = np.einsum("bk,bkq->bq", self.discrepancy.slope(sigma), delta)
        value = np.where(np.isfinite(sigma).all(axis=1), self.discrepancy.value(sigma), np.inf)
        hessian = self.discrepancy.information(delta)
        if curvature == "observed":
            hessian = hessian + self._curvature(implied, delta, self.discrepancy.slope(sigma))
        return Evaluation(self.share * value, self.share * gradient, self.share * hessian)

    def _curvature(self, implied: Implied, delta: Array, slope: Array) -> Array:
        """Σ_k (∂F/∂σ_k) ∂²σ_k/∂θ∂θ, shape (B, q, q), with the means as borders of augmented moments."""
        p, means = self.ram.observed, self.ram.manifest > self.ram.observed
        rows, columns = vech_indices(p)
        low = slope[:, p:] if means else slope
        G = np.zeros((len(slope), self.ram.manifest, self.ram.manifest))
        G[:, rows, columns] += low / 2
        G[:, columns, rows] += low / 2
        extra: Array = np.zeros(())
        if means:
            inner = G[:, :p, :p].copy()
            border = slope[:, :p] / 2 - np.einsum("bij,bj->bi", inner, implied.sigma[:, :p, p])
            G[:, :p, p] = G[:, p, :p] = border
            extra = 2 * delta[:, :p].transpose(0, 2, 1) @ inner @ delta[:, :p]
        pairs = np.zeros((len(slope), len(self.ram.plan.upper[0])))
        implied.add_curvature(pairs, implied.contract(G))
        return np.asarray(implied.matrix(pairs) - extra)

    def value(self, theta: Array) -> Array:
        """Return this group's share of F, shape (B,)."""
        value = self.discrepancy.value(implied_vector(self.ram.implied(theta, self.cov, self.mean)))
        return np.where(np.isfinite(value), self.share * value, np.inf)

    def nearby(self, theta: Array, size: int) -> Array:
        """Return this group's share of the gradients of a batch at one θ, shape (B, q)."""
        return self.part(np.broadcast_to(theta, (size, len(theta))), "expected").gradient


@dataclass(frozen=True, eq=False)
class Problem:
    """The objective F(θ) = Σ_g (n_g/N) F_g(θ) for a batch of samples.

    Parameters
    ----------
    terms : tuple of GroupTerm
    q : int
        Length of θ.
    """

    terms: tuple[GroupTerm, ...]
    q: int

    @classmethod
    def of(
        cls, rams: Sequence[Ram], sample: Moments, likelihood: str, weights: Sequence[Array] | None = None
    ) -> Problem:
        """Pose the problem of one sample, with the divisor of the likelihood; weights for least squares."""
        sizes = [g.size if likelihood == "normal" else g.size - 1 for g in sample.groups]
        covs = [g.cov[None] for g in sample.groups]
        means = [None if g.mean is None else g.mean[None] for g in sample.groups]
        return cls.of_batch(rams, sizes, covs, means, weights)

    @classmethod
    def of_batch(
        cls,
        rams: Sequence[Ram],
        sizes: Sequence[float],
        covs: Sequence[Array],
        means: Sequence[Array | None],
        weights: Sequence[Array] | None = None,
    ) -> Problem:
        """Pose the problems of a batch of samples: per group, covs (B, p, p) and means (B, p).

        Least squares come with a weight matrix a group, shape (K, K) or (K,); without it, it is maximum
        likelihood.
        """
        total = float(sum(sizes))
        terms: list[GroupTerm] = []
        for g, (ram, size, cov, mean) in enumerate(zip(rams, sizes, covs, means, strict=True)):
            if weights is None:
                terms.append(Term.of(ram, size / total, cov, mean))
            else:
                terms.append(LeastSquaresTerm.of(ram, size / total, cov, mean, weights[g]))
        return cls(tuple(terms), rams[0].q)

    def __call__(self, theta: Array, which: Array, curvature: Curvature) -> Evaluation:
        """Evaluate for the replicates ``which``; see :data:`satloyal.core.optimize.Objective`."""
        first, *rest = (term.take(which).part(theta, curvature) for term in self.terms)
        if not rest:
            return first
        value, gradient, hessian = first.value, first.gradient, first.hessian
        for part in rest:
            value = value + part.value
            gradient = gradient + part.gradient
            hessian = hessian + part.hessian
        return Evaluation(value, gradient, hessian)

    def take(self, which: Array) -> Problem:
        """Return the problem of some of the replicates."""
        return Problem(tuple(term.take(which) for term in self.terms), self.q)

    def value(self, theta: Array) -> Array:
        """Return F at each row of θ, shape (B,); infinite outside the domain."""
        out = np.zeros(len(theta))
        for term in self.terms:
            out += term.value(theta)
        return out


def estimate(
    problem: Problem,
    starts: Iterable[Array],
    beyond: Callable[[Array], Iterable[Array]] = lambda _: (),
    *,
    solve: Callable[[Array], Solution] | None = None,
    max_iterations: int = 200,
) -> tuple[Solution, int]:
    """Minimise from the first start that leads to a solution.

    Where none does, as all runs end in long valleys or at saddle points, a trust region takes over: from the
    lowest end, then from the starts.

    Parameters
    ----------
    problem : Problem
        Of one sample.
    starts : iterable of ndarray, shape (q,)
        Tried in order, those outside the domain passed over.
    beyond : callable
        Further starts from a point where a run was lost (:mod:`satloyal.models.sem.poles`); none by default.
    solve : callable, optional
        From a start, shape (1, q), to a solution; without it, the minimum of the problem.
    max_iterations : int
        Of the default.

    Returns
    -------
    solution : Solution
        A batch of one: the first that converged, else the lowest.
    tried : int
        How many starts were tried.
    """
    best: Solution | None = None
    tried = 0
    begun: list[Array] = []
    for start in starts:
        waiting = [start]
        again = True
        while waiting:
            point = waiting.pop(0)
            if not np.isfinite(problem.value(point[None]))[0]:
                continue
            tried += 1
            at = point[None]
            if point is start:
                begun.append(at)
            solution = (
                solve(at)
                if solve
                else minimise(problem, at, switch=_SWITCH, max_iterations=max_iterations, leave_saddles=True)
            )
            if solution.converged[0]:
                return solution, tried
            if best is None or solution.value[0] < best.value[0]:
                best = solution
            if again:
                waiting.extend(beyond(solution.theta[0]))
                again = False
    if best is None:
        lost = np.full((1, problem.q), np.nan)
        best = Solution(lost, np.array([np.inf]), np.array([np.nan]), np.zeros(1, int), np.full(1, 2))
    elif solve is None:
        for at in (best.theta, *begun):
            solution = minimise_trusting(problem, at)
            tried += 1
            if solution.converged[0]:
                return solution, tried
            if solution.value[0] < best.value[0]:
                best = solution
    return best, tried


def restart(problem: Problem, theta: Array, hessian: Array, start: Array, *, tolerance: float) -> Solution:
    """Minimise a batch of samples that resemble the one solved at ``theta``.

    Every replicate takes its first step with the curvature of the full sample, which needs no matrix of
    its own, and goes on from there with its own curvature. Replicates that do not get there soon, and all
    of them where the full sample's solution is nearly singular, begin at ``start`` instead: close to a
    pole the nearest minimum need not be the right one.

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
        Newton decrement at which a replicate is solved.

    Returns
    -------
    Solution
    """
    size = problem.terms[0].batch
    everyone = np.arange(size)
    if not well_conditioned(hessian):
        return minimise(problem, np.tile(start, (size, 1)), tolerance=tolerance, max_iterations=_LATE)
    near = chord(problem, theta, np.linalg.inv(hessian))
    first = minimise(problem, near, curvature="observed", tolerance=tolerance, max_iterations=_SOON)
    late = everyone[~first.converged]
    if not len(late):
        return first
    rest = minimise(
        problem.take(late), np.tile(start, (len(late), 1)), tolerance=tolerance, max_iterations=_LATE
    )
    return first.replaced(late, rest)


def well_conditioned(hessian: Array) -> bool:
    """Whether a curvature is far enough from singular that a resample's minimum lies near."""
    scale = 1 / np.sqrt(np.abs(np.diagonal(hessian)))
    values = np.linalg.eigvalsh(hessian * np.outer(scale, scale))
    return bool(values[0] > _SINGULAR * values[-1])


def chord(problem: Problem, theta: Array, inverse: Array) -> Array:
    """Return one step from θ with the full sample's inverse curvature: a matrix product, shape (B, q)."""
    size = problem.terms[0].batch
    gradient = np.zeros((size, problem.q))
    for term in problem.terms:
        gradient += term.nearby(theta, size)
    start: Array = theta - gradient @ inverse
    outside = ~np.isfinite(problem.value(start))
    start[outside] = theta
    return start
