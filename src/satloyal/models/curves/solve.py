"""Weighted least squares for a whole batch of weightings of the same answers.

Cross-validation folds and bootstrap replicates differ only in the weights of the rows, so a batch is a
matrix of weights over the distinct x (*cells*): replicates of 7,000 answers on a ten-point scale are ten
numbers each. Nonlinear parameters are found by variable projection (Golub & Pereyra 1973, SIAM J. Numer.
Anal. 10; Kaufman 1975, BIT 15): a full grid of starts, then damped Gauss-Newton steps.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np

from satloyal.models.curves.shapes import Array, Axis, Shape

__all__ = ["Cells", "Solution", "least_squares", "solve"]

_MAX_STEPS = 200
_STEP = 1e-10  # relative to log rates and shares of the range, both of order one
_OFFSET = 1e-4  # Bates & Watts (1981, Technometrics 23) relative offset: far below any statistical error
_SINGULAR = 1e-9  # smallest pivot of a column-scaled design that still carries information
_AT_BOUND = 1e-5
_DAMPING_OUT = 1e12


@dataclass(frozen=True, slots=True)
class Cells:
    """The answers gathered by distinct x.

    Parameters
    ----------
    u : ndarray, shape (m,)
        Distinct x as shares of the range, ascending.
    weight, mean : ndarray, shape (B, m)
        Total weight and mean outcome; the mean is 0 where the weight is.
    within : ndarray, shape (B,)
        Weighted sum of squares of the outcome around the cell means.
    """

    u: Array
    weight: Array
    mean: Array
    within: Array

    @classmethod
    def gather(cls, u: Array, y: Array, weights: Array) -> Cells:
        """Gather rows ``u`` (n,), ``y`` (n,) under each row of ``weights`` (B, n)."""
        order = np.argsort(u, kind="stable")
        distinct, starts = np.unique(u[order], return_index=True)
        centre = float(y.mean())
        v = y[order] - centre
        w = weights[:, order]
        total = np.add.reduceat(w, starts, axis=1)
        first = np.add.reduceat(w * v, starts, axis=1)
        mean = np.divide(first, total, out=np.zeros_like(first), where=total > 0)
        within = w @ (v * v) - np.sum(total * mean**2, axis=1)
        return cls(distinct, total, np.where(total > 0, mean + centre, 0.0), np.maximum(within, 0.0))

    def take(self, rows: Array) -> Cells:
        """Return the cells of some members of the batch."""
        return Cells(self.u, self.weight[rows], self.mean[rows], self.within[rows])


@dataclass(frozen=True, slots=True)
class Solution:
    """Least-squares solutions of a batch.

    Parameters
    ----------
    beta : ndarray, shape (B, q)
    psi : ndarray, shape (B, d)
    rss : ndarray, shape (B,)
        Weighted residual sum of squares.
    converged : ndarray of bool, shape (B,)
        A stationary point was reached (or a bound), and the design had full rank.
    bound : ndarray of int, shape (B,)
        0 inside the box, ``-(j+1)`` or ``j+1`` when psi_j rests on its lower or upper bound.
    iterations : int
        Steps until the last member was done.
    """

    beta: Array
    psi: Array
    rss: Array
    converged: Array
    bound: Array
    iterations: int


def least_squares(design: Array, weight: Array, y: Array) -> tuple[Array, Array, Array, Array]:
    """Regress on a batch of designs.

    Parameters
    ----------
    design : ndarray, shape (B, m, q)
    weight, y : ndarray, shape (B, m)

    Returns
    -------
    coefficients : ndarray, shape (B, q)
        NaN where the design has not full rank.
    q : ndarray, shape (B, m, q)
        Orthonormal basis of the weighted design.
    residual : ndarray, shape (B, m)
        Square root of weight times residual.
    ok : ndarray of bool, shape (B,)

    Examples
    --------
    >>> x = np.array([[[1.0, 0.0], [1.0, 1.0], [1.0, 2.0]]])
    >>> beta, *_ = least_squares(x, np.ones((1, 3)), np.array([[1.0, 3.0, 5.0]]))
    >>> beta.round(6).tolist()
    [[1.0, 2.0]]
    """
    root = np.sqrt(weight)
    scaled = design * root[..., None]
    length = np.sqrt(np.sum(scaled**2, axis=1, keepdims=True))
    length = np.where(length > 0, length, 1.0)
    q, r = np.linalg.qr(scaled / length)
    ok = np.abs(np.diagonal(r, axis1=1, axis2=2)).min(axis=1) > _SINGULAR
    r = np.where(ok[:, None, None], r, np.eye(r.shape[-1]))
    target = root * y
    loads = np.einsum("bmq,bm->bq", q, target)
    beta = np.linalg.solve(r, loads[..., None])[..., 0] / length[:, 0]
    residual = target - np.einsum("bmq,bq->bm", q, loads)
    return np.where(ok[:, None], beta, np.nan), q, residual, ok


def solve(shape: Shape, cells: Cells, axis: Axis, box: Array) -> Solution:
    """Fit one shape to every member of the batch.

    Parameters
    ----------
    shape : Shape
    cells : Cells
        Batch of B weightings.
    axis : Axis
    box : ndarray, shape (d, 2)
        Bounds of the nonlinear parameters.

    Returns
    -------
    Solution
    """
    batch = cells.weight.shape[0]
    if shape.n_psi == 0:
        state = _State.at(shape, cells, axis, np.zeros((batch, 0)))
        none = np.zeros(batch, dtype=int)
        return Solution(state.beta, state.psi, cells.within + state.sse, state.ok, none, 1)
    start = _best_of_grid(shape, cells, axis, box)
    psi, done, steps = _descend(shape, cells, axis, box, start)
    state = _State.at(shape, cells, axis, psi)
    bound = _which_bound(psi, box)
    return Solution(state.beta, psi, cells.within + state.sse, state.ok & (done | (bound != 0)), bound, steps)


@dataclass(frozen=True, slots=True)
class _State:
    psi: Array  # (B, d)
    beta: Array  # (B, q)
    basis: Array  # (B, m, q) orthonormal
    residual: Array  # (B, m) weighted
    sse: Array  # (B,)
    ok: Array  # (B,)

    @classmethod
    def at(cls, shape: Shape, cells: Cells, axis: Axis, psi: Array) -> _State:
        columns = shape.h(cells.u, psi, axis)
        design = np.concatenate([np.ones((*columns.shape[:2], 1)), columns], axis=2)
        beta, basis, residual, ok = least_squares(design, cells.weight, cells.mean)
        return cls(psi, beta, basis, residual, np.where(ok, np.sum(residual**2, axis=1), np.inf), ok)


def _best_of_grid(shape: Shape, cells: Cells, axis: Axis, box: Array) -> Array:
    """Profile the sum of squares over the whole grid: three matrix products for the batch; (B, d)."""
    lines = [np.linspace(low, high, k + 2)[1:-1] for (low, high), k in zip(box, shape.grid, strict=True)]
    grid = np.array(list(product(*lines)))  # (G, d)
    h = shape.h(cells.u, grid, axis)[..., 0]  # (G, m)
    total = cells.weight.sum(axis=1, keepdims=True)
    share = cells.weight / total
    centred = cells.mean - np.sum(share * cells.mean, axis=1, keepdims=True)
    h_mean = share @ h.T  # (B, G)
    h_var = share @ (h**2).T - h_mean**2
    covariance = (share * centred) @ h.T
    gain = np.divide(covariance**2, h_var, out=np.zeros_like(h_var), where=h_var > _SINGULAR)
    return np.asarray(grid[np.argmax(gain, axis=1)], dtype=float)


def _descend(shape: Shape, cells: Cells, axis: Axis, box: Array, psi: Array) -> tuple[Array, Array, int]:
    """Take Levenberg-Marquardt steps on the projected residual until every member rests."""
    batch, d = psi.shape
    psi = psi.copy()
    damping = np.full(batch, 1e-3)
    done = np.zeros(batch, dtype=bool)
    active = np.arange(batch)
    state = _State.at(shape, cells, axis, psi)
    for step in range(1, _MAX_STEPS + 1):
        here = cells.take(active)
        tangent = _tangent(shape, here, axis, state)  # (b, m, d)
        gram = np.einsum("bmd,bme->bde", tangent, tangent)
        push = np.einsum("bmd,bm->bd", tangent, state.residual)
        diagonal = np.diagonal(gram, axis1=1, axis2=2)
        lift = damping[active, None] * diagonal + 1e-300 + 1e-14 * diagonal.max(axis=1, keepdims=True)
        move = np.linalg.solve(gram + lift[..., None] * np.eye(d), push[..., None])[..., 0]
        trial = _State.at(shape, here, axis, np.clip(state.psi + np.clip(move, -1, 1), box[:, 0], box[:, 1]))
        shift = np.abs(trial.psi - state.psi).max(axis=1)
        better = trial.sse <= state.sse
        damping[active] = np.where(better, damping[active] / 7, damping[active] * 5)
        psi[active] = np.where(better[:, None], trial.psi, state.psi)
        still = (shift <= _STEP) | (damping[active] > _DAMPING_OUT)
        flat = np.abs(push) <= _OFFSET * np.sqrt(diagonal * (state.sse + here.within)[:, None]) + 1e-300
        at_edge = _which_bound(psi[active], box) != 0
        done[active] = still & (flat.all(axis=1) | at_edge)
        active = active[~still]
        if active.size == 0:
            return psi, done, step
        state = _State.at(shape, cells.take(active), axis, psi[active])
    return psi, done, _MAX_STEPS


def _tangent(shape: Shape, cells: Cells, axis: Axis, state: _State) -> Array:
    """Return the curve's derivatives in psi, weighted, cleared of the linear columns, shape (B, m, d)."""
    beta = np.nan_to_num(state.beta)
    raw = np.einsum("bmrd,br->bmd", shape.h_psi(cells.u, state.psi, axis), beta[:, 1:])
    raw = raw * np.sqrt(cells.weight)[..., None]
    clear: Array = raw - state.basis @ (state.basis.transpose(0, 2, 1) @ raw)
    return clear


def _which_bound(psi: Array, box: Array) -> Array:
    """Name the first bound that psi rests on: 0 none, -(j+1) lower, j+1 upper; shape (B,)."""
    slack = _AT_BOUND * (box[:, 1] - box[:, 0])
    out = np.zeros(psi.shape[0], dtype=int)
    for j in reversed(range(psi.shape[1])):
        out = np.where(psi[:, j] >= box[j, 1] - slack[j], j + 1, out)
        out = np.where(psi[:, j] <= box[j, 0] + slack[j], -(j + 1), out)
    return out
