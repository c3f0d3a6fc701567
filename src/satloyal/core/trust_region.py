"""A trust-region Newton minimiser for one problem: slower than line searches, but it leaves saddle points.

For problems where :func:`satloyal.core.optimize.minimise` has run into a curved valley, or has come to rest
where some direction still leads down.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import optimize

from satloyal.core.optimize import CONVERGED, EXHAUSTED, STALLED, Evaluation, Objective, Solution

__all__ = ["minimise_trusting"]

Array = NDArray[Any]

_ACCEPT = 1e-4  # share of the promised decrease that a step must bring
_POOR, _GOOD = 0.25, 0.75  # shares below and above which the region shrinks and grows (N&W 2006, alg. 4.1)
_SMALLEST = 1e-10
_FLAT = 1e-13  # curvature, relative to the largest, that is rounding


def minimise_trusting(
    objective: Objective, start: Array, *, tolerance: float = 1e-12, max_iterations: int = 100
) -> Solution:
    """Minimise one smooth function by steps within a region where its quadratic model is trusted.

    Parameters
    ----------
    objective : callable
        As in :func:`satloyal.core.optimize.minimise`.
    start : ndarray, shape (1, q)
        In the domain.
    tolerance : float
        Newton decrement at which the problem is solved; its last step is still taken.
    max_iterations : int

    Returns
    -------
    Solution
        A batch of one. It has converged only where the curvature is positive in every direction.

    Notes
    -----
    The model has the observed curvature, and the region is a ball in θ scaled by the roots of the expected
    curvature's diagonal; its subproblem is solved from the eigenvalues (Moré & Sorensen 1983, *SIAM J. Sci.
    Stat. Comput.* 4:553-572; Nocedal & Wright 2006, *Numerical Optimization*, section 4.3).

    Examples
    --------
    >>> def saddle(theta, which, curvature):
    ...     x, y = theta.T
    ...     hessian = np.array([[[2.0, 0.0], [0.0, 12 * y[0] ** 2 - 4]]])
    ...     if curvature == "expected":
    ...         hessian = np.abs(hessian)
    ...     return Evaluation(x**2 + y**4 - 2 * y**2, np.c_[2 * x, 4 * y**3 - 4 * y], hessian)
    >>> bool(abs(abs(minimise_trusting(saddle, np.zeros((1, 2))).theta[0, 1]) - 1) < 1e-9)
    True
    """
    one = np.zeros(1, int)
    theta = start.copy()
    now = objective(theta, one, "observed")
    radius, decrement = 1.0, np.nan
    for iteration in range(max_iterations):
        if not _usable(now):
            return _ended(theta, now, decrement, iteration, STALLED)
        scale = np.sqrt(np.diagonal(objective(theta, one, "expected").hessian[0]))
        scale = np.where(scale > 0, scale, 1.0)
        curvature, turn = np.linalg.eigh(now.hessian[0] / np.outer(scale, scale))
        slope = turn.T @ (now.gradient[0] / scale)
        if curvature[0] > 0:
            decrement = float((slope**2 / curvature).sum())
            if decrement < tolerance:
                return _ended(
                    theta - turn @ (slope / curvature) / scale, now, decrement, iteration, CONVERGED
                )
        while True:
            step = _step(slope, curvature, radius)
            trial = theta + (turn @ step) / scale
            found = objective(trial, one, "observed")
            promised = -float(slope @ step + 0.5 * (curvature * step**2).sum())
            kept = -1.0
            if _usable(found) and promised > 0:
                kept = float(now.value[0] - found.value[0]) / promised
            size = float(np.linalg.norm(step))
            if kept > _GOOD and size > 0.9 * radius:
                radius *= 2
            elif not kept >= _POOR:  # NaN too
                radius = min(radius, size) / 4
            if kept > _ACCEPT:
                theta, now = trial, found
                break
            if not radius > _SMALLEST:
                return _ended(theta, now, decrement, iteration, STALLED)
    return _ended(theta, now, decrement, max_iterations, EXHAUSTED)


def _usable(at: Evaluation) -> bool:
    return all(bool(np.isfinite(part).all()) for part in (at.value, at.gradient, at.hessian))


def _ended(theta: Array, now: Evaluation, decrement: float, iterations: int, status: int) -> Solution:
    return Solution(theta, now.value, np.array([decrement]), np.array([iterations]), np.array([status]))


def _step(slope: Array, curvature: Array, radius: float) -> Array:
    """Minimise the model in a ball, in the coordinates of the eigenvectors, smallest curvature first."""
    least, flat = curvature[0], _FLAT * np.abs(curvature).max(initial=1.0)
    if least > flat:
        step = -slope / curvature
        if np.linalg.norm(step) <= radius:
            return np.asarray(step)
    low = max(0.0, -least) + flat

    def beyond(shift: float) -> float:
        length = float(np.linalg.norm(slope / (curvature + shift)))
        return 1 / radius - 1 / max(length, 1e-300)

    if beyond(low) <= 0:  # the hard case: the slope says nothing about the direction of least curvature
        step = -slope / (curvature + low)
        step[0] = np.copysign(np.sqrt(max(radius**2 - float(step[1:] @ step[1:]), 0.0)), step[0])
        return np.asarray(step)
    high = low + float(np.linalg.norm(slope)) / radius + flat
    shift = optimize.brentq(beyond, low, high, xtol=flat / 4, rtol=1e-6)
    step = -slope / (curvature + shift)
    return np.asarray(step * min(1.0, radius / float(np.linalg.norm(step))))
