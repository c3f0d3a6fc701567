"""Quadratic programs over a batch, by their duals."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import linalg, optimize

from satloyal.core.linalg import solve_symmetric

__all__ = ["quadratic_step"]

Array = NDArray[Any]

_ROUNDS = 25  # of the active-set iteration, which usually needs two or three
_TOLERANCE = 1e-13  # slack, in units of the constraint's own spread, that counts as none
_RIDGE = 1e-12


def quadratic_step(
    W: Array, gradient: Array, residual: Array, jacobian: Array, equalities: int, active: Array
) -> tuple[Array, Array, Array]:
    """Solve min gᵀp + ½ pᵀWp subject to r + Jp = 0 (the first rows) and r + Jp ≥ 0 (the rest).

    The dual problem in the multipliers ν has the matrix S = J W⁻¹ Jᵀ; p = W⁻¹(Jᵀν − g). Its active set is
    found by the primal-dual iteration of Hintermüller, Ito & Kunisch (2002, *SIAM J. Optim.* 13:865-888),
    the few problems where that cycles by non-negative least squares (Lawson & Hanson 1974).

    Parameters
    ----------
    W : ndarray, shape (B, q, q)
        Positive definite.
    gradient : ndarray, shape (B, q)
    residual : ndarray, shape (B, m)
    jacobian : ndarray, shape (B, m, q)
    equalities : int
    active : ndarray of bool, shape (B, m)
        First guess of the active constraints.

    Returns
    -------
    step : ndarray, shape (B, q)
    multipliers : ndarray, shape (B, m)
        Zero for constraints that are not active, positive for inequalities that are.
    active : ndarray of bool, shape (B, m)

    Examples
    --------
    >>> W, J = np.eye(2)[None], np.array([[[1.0, 0.0]]])
    >>> g, r, off = np.array([[3.0, 1.0]]), np.array([[2.0]]), np.zeros((1, 1), bool)
    >>> step, nu, _ = quadratic_step(W, g, r, J, 0, off)
    >>> step.round(6).tolist(), nu.round(6).tolist()
    ([[-2.0, -1.0]], [[1.0]])
    """
    both = np.concatenate([jacobian.transpose(0, 2, 1), gradient[..., None]], axis=2)
    solved = np.linalg.solve(W, both)
    VJ, Vg = solved[..., :-1], solved[..., -1]
    S = jacobian @ VJ
    demand = np.einsum("bmi,bi->bm", jacobian, Vg) - residual
    spread = np.sqrt(np.abs(np.diagonal(S, axis1=1, axis2=2)))
    unit = np.where(spread > 0, spread, 1.0)
    S = S / (unit[:, :, None] * unit[:, None, :])
    demand = demand / unit
    multipliers, chosen = _dual(S, demand, equalities, active)
    multipliers = multipliers / unit
    return np.einsum("bim,bm->bi", VJ, multipliers) - Vg, multipliers, chosen


def _dual(S: Array, demand: Array, equalities: int, active: Array) -> tuple[Array, Array]:
    """Solve Sν − d = slack: no slack for equalities, else ν ≥ 0, slack ≥ 0 and one of them zero."""
    active = active.copy()
    active[:, :equalities] = True
    multipliers = np.zeros(demand.shape)
    running: Array = np.arange(len(demand))
    for _ in range(_ROUNDS):
        on = active[running]
        nu = _solve_active(S[running], demand[running], on)
        slack = np.einsum("bmn,bn->bm", S[running], nu) - demand[running]
        new = np.where(on, nu > 0, slack < -_TOLERANCE)
        new[:, :equalities] = True
        multipliers[running], active[running] = nu, new
        running = running[(new != on).any(axis=1)]
        if not len(running):
            return multipliers, active
    for b in running:
        if not (np.isfinite(S[b]).all() and np.isfinite(demand[b]).all()):
            multipliers[b] = np.nan
            continue
        multipliers[b] = _least_squares(S[b], demand[b], equalities)
        active[b, equalities:] = multipliers[b, equalities:] > 0
    return multipliers, active


def _solve_active(S: Array, demand: Array, on: Array) -> Array:
    """Solve for the multipliers of the active constraints, zero for the others, shape (B, m)."""
    nu = np.zeros(demand.shape)
    used = np.flatnonzero(on.any(axis=0))
    if not len(used):
        return nu
    mask = on[:, used]
    block = S[:, used[:, None], used] * (mask[:, :, None] & mask[:, None, :])
    block[:, np.arange(len(used)), np.arange(len(used))] += np.where(mask, 0.0, 1.0)
    right = np.where(mask, demand[:, used], 0.0)
    found = solve_symmetric(block, right)
    # once more with what is left: the ridge of the solver would let active constraints give way
    found += solve_symmetric(block, right - np.einsum("bmn,bn->bm", block, found))
    nu[:, used] = found
    return nu


def _least_squares(S: Array, demand: Array, equalities: int) -> Array:
    """One dual problem by non-negative least squares, equalities eliminated first."""
    S = S + _RIDGE * np.eye(len(S))
    e = slice(0, equalities)
    i = slice(equalities, None)
    back = np.linalg.solve(S[e, e], np.column_stack([S[e, i], demand[e]])) if equalities else None
    inner, right = S[i, i], demand[i]
    if back is not None:
        inner = inner - S[i, e] @ back[:, :-1]
        right = right - S[i, e] @ back[:, -1]
    values, vectors = linalg.eigh(inner)
    root = np.sqrt(np.maximum(values, _RIDGE))
    nu, _ = optimize.nnls((vectors * root).T, (vectors / root).T @ right, maxiter=50 * len(right) + 50)
    if back is None:
        return np.asarray(nu)
    return np.concatenate([back[:, -1] - back[:, :-1] @ nu, nu])
