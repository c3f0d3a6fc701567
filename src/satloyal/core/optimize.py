"""A damped Newton and Fisher-scoring minimiser over a batch of problems.

Every problem of the batch takes its own steps; those that are done leave the batch, so that late ones
cost only themselves.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from satloyal.core.linalg import logdet_or_flag, solve_symmetric

__all__ = ["Curvature", "Evaluation", "Objective", "Solution", "minimise"]

Array = NDArray[Any]
Curvature = Literal["expected", "observed"]

RUNNING, CONVERGED, STALLED, EXHAUSTED = 0, 1, 2, 3

_ARMIJO = 1e-4  # share of the predicted decrease that a step must bring (Nocedal & Wright 2006, eq. 3.4)
_SHRINK = 0.4
_SMALLEST = 1e-7  # a step shorter than this share of the full one is a stall
_NOISE = 1e-13  # relative rounding noise of an objective value
_CLOSE = 1e-4  # decrement from which on Newton steps are taken to converge quadratically
_NEXT = 1e-4  # of the tolerance: the decrement that may be left after a last step of quadratic convergence
_SADDLE = 1e-7  # negative curvature, a direction, relative to the diagonal, that is no rounding


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Value, gradient and curvature of some problems.

    Parameters
    ----------
    value : ndarray, shape (B,)
        Infinite where the point is outside the domain.
    gradient : ndarray, shape (B, q)
    hessian : ndarray, shape (B, q, q)
        Observed second derivatives or their expectation, as asked for.
    """

    value: Array
    gradient: Array
    hessian: Array


Objective = Callable[[Array, Array, Curvature], Evaluation]


@dataclass(frozen=True, slots=True)
class Solution:
    """Where the minimiser ended, problem by problem.

    Parameters
    ----------
    theta : ndarray, shape (B, q)
    value : ndarray, shape (B,)
        Objective at the last point evaluated.
    decrement : ndarray, shape (B,)
        Newton decrement g'H⁻¹g at the last point: twice the decrease still to be expected.
    iterations : ndarray of int, shape (B,)
    status : ndarray of int, shape (B,)
        1 converged, 2 stalled, 3 out of iterations.
    """

    theta: Array
    value: Array
    decrement: Array
    iterations: Array
    status: Array

    @property
    def converged(self) -> Array:
        """Whether each problem converged, shape (B,)."""
        result: Array = self.status == CONVERGED
        return result

    def replaced(self, which: Array, by: Solution) -> Solution:
        """Return the solution with some problems taken from another one."""
        parts = []
        for old, new in (
            (self.theta, by.theta),
            (self.value, by.value),
            (self.decrement, by.decrement),
            (self.iterations, by.iterations),
            (self.status, by.status),
        ):
            whole = old.copy()
            whole[which] = new
            parts.append(whole)
        return Solution(*parts)


def minimise(
    objective: Objective,
    start: Array,
    *,
    curvature: Curvature = "expected",
    switch: float = 0.02,
    tolerance: float = 1e-12,
    max_iterations: int = 200,
    leave_saddles: bool = False,
) -> Solution:
    """Minimise a batch of smooth functions.

    Steps are −H⁻¹g with H expected (Fisher scoring, always downhill) until the Newton decrement falls
    below ``switch``, then observed (Newton, quadratic convergence). A step that does not bring its share
    of the predicted decrease is shortened (Nocedal & Wright 2006, *Numerical Optimization*, ch. 3). Where
    the observed curvature points uphill, the expected one is used.

    Parameters
    ----------
    objective : callable
        ``objective(theta (b, q), which (b,), curvature)`` → :class:`Evaluation` of the problems ``which``.
    start : ndarray, shape (B, q)
        Must lie in the domain.
    curvature : {"expected", "observed"}
        What to begin with: observed when the start is already close.
    switch : float
        Newton decrement below which observed curvature takes over.
    tolerance : float
        Newton decrement at which a problem is solved; its last step is still taken.
    max_iterations : int
    leave_saddles : bool
        Do not count a problem as solved where the observed curvature points down in some direction.

    Returns
    -------
    Solution

    Examples
    --------
    >>> def bowl(theta, which, curvature):
    ...     n = len(theta)
    ...     return Evaluation((theta**2).sum(1), 2 * theta, np.tile(2 * np.eye(2), (n, 1, 1)))
    >>> minimise(bowl, np.array([[3.0, -1.0]])).theta.round(9) + 0.0
    array([[0., 0.]])
    """
    size, width = start.shape
    out = _Ledger(start)
    which: Array = np.arange(size)
    if width == 0:
        out.value[:] = objective(start, which, "expected").value
        out.close(which, start, CONVERGED, np.zeros(size))
        return out.solution()
    theta: Array = start.copy()
    observed: Array = np.full(size, curvature == "observed")
    now = _evaluate(objective, theta, which, observed)
    value, gradient, hessian = now.value, now.gradient, now.hessian
    step, slope = _step(objective, theta, which, observed, gradient, hessian)
    length: Array = np.ones(size)
    before: Array = np.full(size, np.inf)
    for _ in range(max_iterations):
        done = (-slope < tolerance) | _last(slope, before, observed, tolerance)
        done &= np.isfinite(value)
        stuck = ~done & ((length < _SMALLEST) | ~np.isfinite(value) | ~np.isfinite(slope) | (slope >= 0))
        if leave_saddles and done.any():
            saddle = done.copy()
            saddle[done] = _points_down(objective, theta[done], which[done], observed[done], hessian[done])
            done, stuck = done & ~saddle, stuck | saddle
        if done.any() or stuck.any():
            final = np.where(np.isfinite(step), theta + step, theta)
            out.value[which] = value
            out.close(which[done], final[done], CONVERGED, -slope[done])
            out.close(which[stuck], theta[stuck], STALLED, -slope[stuck])
            go = ~(done | stuck)
            if not go.any():
                return out.solution()
            which, theta, observed, value, gradient, before = (
                a[go] for a in (which, theta, observed, value, gradient, before)
            )
            hessian, step, slope, length = (a[go] for a in (hessian, step, slope, length))
        trial = theta + length[:, None] * step
        out.iterations[which] += 1
        near = observed | (-slope < switch)
        found = _evaluate(objective, trial, which, near)
        good = found.value <= value + _ARMIJO * length * slope + _NOISE * (1 + np.abs(value))
        length[~good] *= _SHRINK
        if not good.any():
            continue
        if good.all():
            theta, value, gradient, hessian, observed = (
                trial,
                found.value,
                found.gradient,
                found.hessian,
                near,
            )
            before = np.where(length == 1.0, -slope, np.inf)
            step, slope = _step(objective, theta, which, observed, gradient, hessian)
            length[:] = 1.0
            continue
        theta[good], value[good], observed[good] = trial[good], found.value[good], near[good]
        gradient[good], hessian[good] = found.gradient[good], found.hessian[good]
        before[good] = np.where(length[good] == 1.0, -slope[good], np.inf)
        step[good], slope[good] = _step(
            objective, theta[good], which[good], observed[good], gradient[good], hessian[good]
        )
        length[good] = 1.0
    out.value[which] = value
    out.close(which, theta, EXHAUSTED, -slope)
    return out.solution()


def _points_down(objective: Objective, theta: Array, which: Array, observed: Array, hessian: Array) -> Array:
    """Whether the observed curvature is negative somewhere, by more than rounding once it is scaled."""
    if not observed.all():
        hessian = objective(theta, which, "observed").hessian
    size = hessian.shape[-1]
    diagonal = np.diagonal(hessian, axis1=1, axis2=2)
    scale = 1 / np.sqrt(np.where(diagonal > 0, diagonal, 1.0))
    scaled = hessian * scale[:, :, None] * scale[:, None, :]
    return ~logdet_or_flag(scaled + _SADDLE * size * np.eye(size))[1]


def _last(slope: Array, before: Array, observed: Array, tolerance: float) -> Array:
    """Whether the step at hand will land on the solution, by how fast the decrements fall.

    Newton steps square the error: after decrements d₀ and d₁ comes about d₁³/d₀² (each is the square of an
    error, whose next is its own square times a constant).
    """
    return np.asarray(observed & ((-slope) ** 3 < _NEXT * tolerance * before**2) & (before < _CLOSE))


class _Ledger:
    """Results of the whole batch, filled in as problems finish."""

    def __init__(self, start: Array) -> None:
        size = len(start)
        self.theta = start.copy()
        self.value = np.full(size, np.inf)
        self.decrement = np.full(size, np.nan)
        self.iterations = np.zeros(size, dtype=int)
        self.status = np.full(size, RUNNING)

    def close(self, which: Array, theta: Array, status: int, decrement: Array) -> None:
        self.theta[which] = theta
        self.status[which] = status
        self.decrement[which] = decrement

    def solution(self) -> Solution:
        return Solution(self.theta, self.value, self.decrement, self.iterations, self.status)


def _evaluate(objective: Objective, theta: Array, which: Array, observed: Array) -> Evaluation:
    if observed.all():
        return objective(theta, which, "observed")
    if not observed.any():
        return objective(theta, which, "expected")
    a = objective(theta[observed], which[observed], "observed")
    b = objective(theta[~observed], which[~observed], "expected")
    merged = []
    for x, y in ((a.value, b.value), (a.gradient, b.gradient), (a.hessian, b.hessian)):
        whole = np.empty((len(theta), *x.shape[1:]))
        whole[observed], whole[~observed] = x, y
        merged.append(whole)
    return Evaluation(*merged)


def _step(
    objective: Objective, theta: Array, which: Array, observed: Array, gradient: Array, hessian: Array
) -> tuple[Array, Array]:
    """Newton step and slope along it; uphill or undefined steps are retaken with expected curvature."""
    step = -solve_symmetric(hessian, gradient)
    slope = np.einsum("bi,bi->b", gradient, step)
    wrong = observed & ~(slope <= 0)
    if wrong.any():
        again = objective(theta[wrong], which[wrong], "expected")
        step[wrong] = -solve_symmetric(again.hessian, gradient[wrong])
        slope[wrong] = np.einsum("bi,bi->b", gradient[wrong], step[wrong])
    return step, slope
