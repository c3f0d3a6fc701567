"""A batched quasi-Newton minimiser for problems that resemble one already solved.

Every problem starts with the inverse curvature of the solved one and learns its own from its gradients, so
that no second derivative is ever formed: the limited-memory BFGS of Nocedal (1980, *Math. Comput.*
35:773-782) with one shared first matrix.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from satloyal.core.optimize import CONVERGED, EXHAUSTED, STALLED, Solution

__all__ = ["Slope", "minimise_near"]

Array = NDArray[Any]
Slope = Callable[[Array, Array], tuple[Array, Array]]

_ARMIJO = 1e-4
_SHRINK = 0.4
_SMALLEST = 1e-6
_NOISE = 1e-13
_MEMORY = 25  # steps remembered: all that a replicate usually needs
_CURVED = 1e-10  # least curvature along a step, relative to its length, that teaches something


def minimise_near(
    objective: Slope, start: Array, inverse: Array, *, tolerance: float, max_iterations: int = 60
) -> Solution:
    """Minimise a batch of functions whose curvature is about the same.

    Parameters
    ----------
    objective : callable
        ``objective(theta (b, q), which (b,))`` → value (b,) and gradient (b, q) of the problems ``which``;
        infinite values outside the domain.
    start : ndarray, shape (B, q)
    inverse : ndarray, shape (q, q)
        Inverse of the curvature that all are taken to have.
    tolerance : float
        Decrement g'H⁻¹g at which a problem is solved; its last step is still taken.
    max_iterations : int

    Returns
    -------
    Solution

    Examples
    --------
    >>> def bowl(theta, which):
    ...     return (theta**2).sum(1), 2 * theta
    >>> minimise_near(bowl, np.array([[3.0, -1.0]]), np.eye(2), tolerance=1e-12).theta.round(6) + 0.0
    array([[0., 0.]])
    """
    size = len(start)
    out = Solution(
        start.copy(), np.full(size, np.inf), np.full(size, np.nan), np.zeros(size, int),
        np.full(size, EXHAUSTED),
    )  # fmt: skip
    which: Array = np.arange(size)
    theta: Array = start.copy()
    value, gradient = objective(theta, which)
    past: list[tuple[Array, Array, Array]] = []
    step, slope = _direction(gradient, inverse, past)
    length: Array = np.ones(size)
    for _ in range(max_iterations):
        done = (-slope < tolerance) & np.isfinite(value)
        stuck = ~done & ((length < _SMALLEST) | ~np.isfinite(value) | ~np.isfinite(slope) | (slope >= 0))
        if done.any() or stuck.any():
            final = np.where(done[:, None], theta + step, theta)
            over = done | stuck
            _close(out, which[over], final[over], value[over], -slope[over], done[over])
            go = ~over
            if not go.any():
                return out
            which, theta, value, gradient, step, slope, length = (
                a[go] for a in (which, theta, value, gradient, step, slope, length)
            )
            past = [(s[go], y[go], r[go]) for s, y, r in past]
        trial = theta + length[:, None] * step
        out.iterations[which] += 1
        found, turned = objective(trial, which)
        good = found <= value + _ARMIJO * length * slope + _NOISE * (1 + np.abs(value))
        length[~good] *= _SHRINK
        if not good.any():
            continue
        moved, bent = trial - theta, turned - gradient
        curved = np.einsum("bi,bi->b", moved, bent)
        use = good & (curved > _CURVED * np.abs(np.einsum("bi,bi->b", moved, gradient)))
        rate = np.where(use, 1 / np.where(use, curved, 1.0), 0.0)
        kept = np.where(use[:, None], bent, 0.0)
        past = [*past[1 - _MEMORY :], (np.where(use[:, None], moved, 0.0), kept, rate)]
        theta = np.where(good[:, None], trial, theta)
        value = np.where(good, found, value)
        gradient = np.where(good[:, None], turned, gradient)
        anew, along = _direction(gradient, inverse, past)
        step = np.where(good[:, None], anew, step)
        slope = np.where(good, along, slope)
        length[good] = 1.0
    _close(out, which, theta, value, -slope, np.zeros(len(which), bool))
    out.status[which] = EXHAUSTED
    return out


def _direction(
    gradient: Array, inverse: Array, past: list[tuple[Array, Array, Array]]
) -> tuple[Array, Array]:
    """Two-loop recursion (Nocedal & Wright 2006, alg. 7.4): a step (B, q), and the slope along it (B,)."""
    turned = gradient.copy()
    shares = []
    for moved, bent, rate in reversed(past):
        share = rate * np.einsum("bi,bi->b", moved, turned)
        turned -= share[:, None] * bent
        shares.append(share)
    turned = turned @ inverse
    for (moved, bent, rate), share in zip(past, reversed(shares), strict=True):
        turned += (share - rate * np.einsum("bi,bi->b", bent, turned))[:, None] * moved
    return -turned, -np.einsum("bi,bi->b", turned, gradient)


def _close(out: Solution, which: Array, theta: Array, value: Array, decrement: Array, done: Array) -> None:
    out.theta[which], out.value[which], out.decrement[which] = theta, value, decrement
    out.status[which] = np.where(done, CONVERGED, STALLED)
