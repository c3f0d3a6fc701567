"""A minimiser over a batch of problems with equality and inequality constraints.

Sequential quadratic programming: every step solves a quadratic model of the Lagrangian under linearised
constraints, as a batch. Linear constraints that hold once go on to hold.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from satloyal.core.linalg import logdet_or_flag
from satloyal.core.optimize import CONVERGED, EXHAUSTED, RUNNING, STALLED, Curvature, Objective, Solution
from satloyal.core.quadratic import quadratic_step

__all__ = ["Constraints", "minimise_constrained"]

Array = NDArray[Any]

_ARMIJO = 1e-4  # share of the predicted decrease that a step must bring (Nocedal & Wright 2006, eq. 18.28)
_SHRINK = 0.4
_SMALLEST = 1e-7  # a step shorter than this share of the full one is a stall
_NOISE = 1e-13  # relative rounding noise of an objective value
_RIDGE = 1e-9  # relative to the diagonal: keeps a step defined where the curvature is singular
_STIFFER = (0.0, 1.0, 30.0, 1000.0)  # curvature added across equalities, until the model is convex


class Constraints(Protocol):
    """Constraints r(θ) of a batch: the first ``equalities`` are r = 0, the rest r ≥ 0."""

    @property
    def equalities(self) -> int:
        """How many of the constraints are equalities."""
        ...

    @property
    def curved(self) -> bool:
        """Whether any constraint is not linear."""
        ...

    def at(self, theta: Array, which: Array) -> tuple[Array, Array]:
        """Return r, shape (b, m), and ∂r/∂θ, shape (b, m, q), of the problems ``which``."""
        ...

    def curvature(self, theta: Array, multipliers: Array) -> Array:
        """Return Σ ν_j ∂²r_j/∂θ², shape (b, q, q)."""
        ...


@dataclass(frozen=True, eq=False)
class _State:
    """Problems that still run, and where they are; the first axis of everything is the problem."""

    which: Array
    theta: Array
    observed: Array
    value: Array
    gradient: Array
    hessian: Array
    residual: Array
    jacobian: Array
    multipliers: Array
    weights: Array
    active: Array
    step: Array
    slope: Array
    decrement: Array
    length: Array

    def take(self, which: Array) -> _State:
        return _State(*(getattr(self, name)[which] for name in self.__dataclass_fields__))

    def updated(self, which: Array, by: _State) -> _State:
        parts = []
        for name in self.__dataclass_fields__:
            whole = getattr(self, name).copy()
            whole[which] = getattr(by, name)
            parts.append(whole)
        return _State(*parts)


def minimise_constrained(
    objective: Objective,
    constraints: Constraints,
    start: Array,
    *,
    curvature: Curvature = "expected",
    switch: float = 0.02,
    tolerance: float = 1e-12,
    max_iterations: int = 200,
) -> Solution:
    """Minimise a batch of smooth functions under constraints.

    Sequential quadratic programming with an ℓ1 merit function and a second-order correction (Nocedal &
    Wright 2006, *Numerical Optimization*, algorithm 18.3 and section 18.3). The quadratic model has the
    expected curvature far from the solution, near it the observed curvature of the Lagrangian.

    Parameters
    ----------
    objective : callable
        As in :func:`satloyal.core.optimize.minimise`.
    constraints : Constraints
    start : ndarray, shape (B, q)
        In the domain of the objective; it need not meet the constraints.
    curvature : {"expected", "observed"}
        What to begin with: observed when the start is already close.
    switch : float
        Decrement below which observed curvature takes over.
    tolerance : float
        Decrement pᵀWp plus weighted violation at which a problem is solved; its last step is still taken.
    max_iterations : int

    Returns
    -------
    Solution
        Its decrement is the one described above.
    """
    size = len(start)
    theta, value = start.copy(), np.full(size, np.inf)
    decrement, iterations, status = np.full(size, np.nan), np.zeros(size, int), np.full(size, RUNNING)
    state = _begin(objective, constraints, start, curvature == "observed")
    for _ in range(max_iterations + 1):
        done = (state.decrement < tolerance) & np.isfinite(state.value)
        stuck = ~done & ~(
            (state.length >= _SMALLEST) & np.isfinite(state.value) & np.isfinite(state.slope)
        )  # fmt: skip
        last = _final(constraints, state)
        for chosen, where, how in ((done, last, CONVERGED), (stuck, state.theta, STALLED)):
            at = state.which[chosen]
            theta[at], value[at], status[at] = where[chosen], state.value[chosen], how
            decrement[at] = state.decrement[chosen]
        go = ~(done | stuck)
        state = state if go.all() else state.take(go)
        if not len(state.which):
            break
        iterations[state.which] += 1
        state = _advance(objective, constraints, state, switch)
    theta[state.which], value[state.which] = state.theta, state.value
    decrement[state.which], status[state.which] = state.decrement, EXHAUSTED
    return Solution(theta, value, decrement, iterations, status)


def _begin(objective: Objective, constraints: Constraints, start: Array, near: bool) -> _State:
    size = len(start)
    which: Array = np.arange(size)
    residual, jacobian = constraints.at(start, which)
    empty = np.zeros(residual.shape)
    state = _State(
        which, start.copy(), np.full(size, near), np.zeros(size), np.zeros(start.shape),
        np.zeros((*start.shape, start.shape[1])), residual, jacobian, empty, empty.copy(),
        np.zeros(residual.shape, bool), np.zeros(start.shape), np.zeros(size), np.zeros(size), np.ones(size),
    )  # fmt: skip
    return _directed(objective, constraints, _evaluated(objective, constraints, state, start, state.observed))


def _evaluated(
    objective: Objective, constraints: Constraints, state: _State, theta: Array, near: Array
) -> _State:
    """Return the state moved to other points, its direction not yet renewed."""
    residual, jacobian = constraints.at(theta, state.which)
    value = np.empty(len(theta))
    gradient, hessian = np.empty(theta.shape), np.empty((*theta.shape, theta.shape[1]))
    for chosen, kind in ((near, "observed"), (~near, "expected")):
        if chosen.any():
            at = objective(theta[chosen], state.which[chosen], kind)  # type: ignore[arg-type]
            value[chosen], gradient[chosen], hessian[chosen] = at.value, at.gradient, at.hessian
    bad = ~(np.isfinite(residual).all(axis=1) & np.isfinite(jacobian).all(axis=(1, 2)))
    value[bad] = np.inf
    return replace(
        state, theta=theta, observed=near, value=value, gradient=gradient, hessian=hessian,
        residual=residual, jacobian=jacobian,
    )  # fmt: skip


def _directed(objective: Objective, constraints: Constraints, state: _State) -> _State:
    """Return the state with a new direction from where it is."""
    fine = np.isfinite(state.value)
    if not fine.all():
        lost = replace(state, slope=np.where(fine, state.slope, np.nan),
                       decrement=np.where(fine, state.decrement, np.nan))  # fmt: skip
        if not fine.any():
            return lost
        return lost.updated(fine, _directed(objective, constraints, state.take(fine)))
    W = _convex(objective, constraints, state)
    step, multipliers, active = quadratic_step(
        W, state.gradient, state.residual, state.jacobian, constraints.equalities, state.active
    )
    size = np.abs(multipliers)
    weights = np.maximum(1.1 * size, (state.weights + 1.1 * size) / 2)
    short = np.sum(weights * _violation(state.residual, constraints.equalities), axis=1)
    slope = np.einsum("bi,bi->b", state.gradient, step) - short
    return replace(
        state, step=step, multipliers=multipliers, weights=weights, active=active, slope=slope,
        decrement=np.einsum("bi,bij,bj->b", step, W, step) + short, length=np.ones(len(step)),
    )  # fmt: skip


def _convex(objective: Objective, constraints: Constraints, state: _State) -> Array:
    """Curvature of the Lagrangian, made convex.

    Across equalities curvature is added, which does not change the step; where that is not enough, the
    expected curvature of the objective takes its place.
    """
    W = state.hessian
    if constraints.curved and state.observed.any():
        bend = constraints.curvature(state.theta, state.multipliers)
        W = W - np.where(state.observed[:, None, None], bend, 0.0)
    across = _across(state, constraints.equalities)
    out, rest = W.copy(), np.ones(len(W), bool)
    for stiffness in _STIFFER:
        out[rest] = W[rest] + stiffness * across[rest]
        rest = ~_definite(out)
        if not rest.any():
            return out
    again = objective(state.theta[rest], state.which[rest], "expected").hessian
    diagonal = np.abs(np.diagonal(again, axis1=1, axis2=2))
    ridge = _RIDGE * np.maximum(diagonal, _RIDGE * diagonal.max(axis=1, keepdims=True, initial=0.0))
    out[rest] = again + across[rest] + ridge[:, :, None] * np.eye(W.shape[-1])
    return out


def _across(state: _State, equalities: int) -> Array:
    """Σ JᵀJ / (J D⁻¹ Jᵀ) over the equalities, D the diagonal of the curvature: one unit of curvature each."""
    J = state.jacobian[:, :equalities]
    diagonal = np.abs(np.diagonal(state.hessian, axis1=1, axis2=2))
    least = 1e-12 * np.maximum(diagonal.max(axis=1, keepdims=True, initial=0.0), 1e-300)
    norm = np.einsum("bmi,bi->bm", J**2, 1 / np.maximum(diagonal, least))
    scaled = J / np.where(norm > 0, norm, 1.0)[..., None]
    return np.asarray(scaled.transpose(0, 2, 1) @ J)


def _definite(W: Array) -> Array:
    """Whether each matrix is clearly positive definite once its diagonal is scaled to one."""
    diagonal = np.diagonal(W, axis1=1, axis2=2)
    scale = 1 / np.sqrt(np.where(diagonal > 0, diagonal, 1.0))
    scaled = W * scale[:, :, None] * scale[:, None, :]
    scaled = scaled - 1e-10 * np.eye(W.shape[-1])
    return logdet_or_flag(scaled)[1] & (diagonal > 0).all(axis=1)


def _violation(residual: Array, equalities: int) -> Array:
    out = np.maximum(-residual, 0.0)
    out[:, :equalities] = np.abs(residual[:, :equalities])
    return out


def _advance(objective: Objective, constraints: Constraints, state: _State, switch: float) -> _State:
    """Try the current step of every problem; those it serves move and get a new direction."""
    trial = state.theta + state.length[:, None] * state.step
    full = state.length == 1.0
    if constraints.curved and full.any():
        trial[full] += _correction(constraints, state.take(full), trial[full])
    near = state.observed | (state.decrement < switch)
    found = _evaluated(objective, constraints, state, trial, near)
    merit = [
        s.value + np.sum(state.weights * _violation(s.residual, constraints.equalities), axis=1)
        for s in (state, found)
    ]
    enough = merit[0] + _ARMIJO * state.length * state.slope + _NOISE * (1 + np.abs(merit[0]))
    good = merit[1] <= enough
    shorter = replace(state, length=np.where(good, state.length, state.length * _SHRINK))
    if not good.any():
        return shorter
    return shorter.updated(good, _directed(objective, constraints, found.take(good)))


def _correction(constraints: Constraints, state: _State, trial: Array) -> Array:
    """Second-order correction: the shortest way back to the active constraints that the step has left."""
    residual, _ = constraints.at(trial, state.which)
    active = state.active.copy()
    active[:, : constraints.equalities] = True
    left = np.where(active & np.isfinite(residual), residual, 0.0)
    J = state.jacobian * active[:, :, None]
    metric = np.maximum(np.abs(np.diagonal(state.hessian, axis1=1, axis2=2)), 1e-12)
    VJ = J / metric[:, None, :]
    S = J @ VJ.transpose(0, 2, 1)
    size = np.trace(S, axis1=1, axis2=2)
    S = S + (1e-10 * np.where(size > 0, size, 1.0))[:, None, None] * np.eye(S.shape[-1])
    back = np.linalg.solve(S, left[..., None])[..., 0]
    out: Array = -np.einsum("bmi,bm->bi", VJ, back)
    return np.where(np.isfinite(out), out, 0.0)


def _final(constraints: Constraints, state: _State) -> Array:
    """Where the last step leads."""
    last = np.where(np.isfinite(state.step), state.theta + state.step, state.theta)
    if constraints.curved:
        last = last + _correction(constraints, state, last)
    return last
