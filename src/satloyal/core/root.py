"""Correlations where a likelihood peaks: a safeguarded Newton method for many problems at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["BOUND", "Roots", "climb"]

Array = NDArray[Any]

BOUND = 0.999  # beyond it answers separate: the likelihood is flat or still rising, its curvature no guide
_STEPS = 100
_CLOSE = 1e-7  # the last step; Newton squares it, so that estimates are exact to rounding


@dataclass(frozen=True, slots=True, eq=False)
class Roots:
    """Correlations that maximise likelihoods, with flags.

    Parameters
    ----------
    value : ndarray, shape (N,)
    converged : ndarray of bool, shape (N,)
    at_bound : ndarray of bool, shape (N,)
        The likelihood still rises at ±0.999; value is that bound.
    steps : int
        Newton steps of the slowest problem.
    """

    value: Array
    converged: Array
    at_bound: Array
    steps: int


def climb(score: Callable[[Array, Array], tuple[Array, Array]], start: Array, chunk: int) -> Roots:
    """Find where each of N scores is zero inside ±0.999.

    Parameters
    ----------
    score : callable
        (indices, values) → score and its derivative for those problems.
    start : ndarray, shape (N,)
    chunk : int
        Problems evaluated at once, for the memory of ``score``.

    Returns
    -------
    Roots

    Notes
    -----
    Newton where the likelihood is concave; where it is not, or a step leaves the bracket in which the score
    changes sign, half the bracket. A step past ±0.999 tries that bound before anything else.

    Examples
    --------
    >>> roots = climb(lambda at, x: (0.25 - x, -np.ones_like(x)), np.zeros(2), 10)
    >>> roots.value.tolist(), roots.converged.tolist()
    ([0.25, 0.25], [True, True])
    """
    parts = [
        _climb(score, np.arange(a, min(a + chunk, len(start))), start) for a in range(0, len(start), chunk)
    ]
    if not parts:
        return Roots(np.empty(0), np.empty(0, bool), np.empty(0, bool), 0)
    return Roots(
        np.concatenate([p.value for p in parts]),
        np.concatenate([p.converged for p in parts]),
        np.concatenate([p.at_bound for p in parts]),
        max(p.steps for p in parts),
    )


def _climb(score: Callable[[Array, Array], tuple[Array, Array]], members: Array, start: Array) -> Roots:
    """Solve one chunk; problems leave the working set as they converge."""
    x = np.clip(start[members], -BOUND, BOUND)
    low, high = np.full(x.shape, -1.0), np.full(x.shape, 1.0)  # ±1: that bound is not tried yet
    converged, at_bound = np.zeros(x.shape, bool), np.zeros(x.shape, bool)
    active = np.arange(len(members))
    step = 0
    while active.size and step < _STEPS:
        step += 1
        now = x[active]
        slope, curve = score(members[active], now)
        outward = (np.abs(now) >= BOUND) & (slope * now > 0)
        low[active] = np.where(slope > 0, np.maximum(low[active], now), low[active])
        high[active] = np.where(slope < 0, np.minimum(high[active], now), high[active])
        after = _next(now, slope, curve, low[active], high[active])
        done = outward | (np.abs(after - now) < _CLOSE) | (slope == 0)
        x[active] = np.where(outward, now, after)
        at_bound[active] = outward
        converged[active] = done
        active = active[~done & np.isfinite(after)]
    return Roots(x, converged, at_bound, step)


def _next(now: Array, slope: Array, curve: Array, low: Array, high: Array) -> Array:
    """Return each problem's next point: Newton's, a bound not tried yet, or the middle of the bracket."""
    with np.errstate(divide="ignore", invalid="ignore"):
        newton = now - slope / curve
    after = np.where((curve < 0) & np.isfinite(newton), newton, np.copysign(np.inf, slope))
    after = np.where(slope == 0, now, after)
    after = np.where((after >= BOUND) & (high > BOUND), BOUND, after)
    after = np.where((after <= -BOUND) & (low < -BOUND), -BOUND, after)
    outside = ((after <= low) | (after >= high)) & (np.abs(after - now) >= _CLOSE)  # not rounding
    return np.asarray(np.where(outside, 0.5 * (low + high), after))
