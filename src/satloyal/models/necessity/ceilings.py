"""Ceilings in batches: which points bound the outcome, and how much of the scope they leave empty.

Everything here stands in the frame of the upper left corner, "much y needs much x" (Dul 2016, Organizational
Research Methods 19, 10-52); other corners are mirrored into it. A batch is a matrix of the highest outcome at
each distinct x, so that permutations, resamples and left-out rows are the same call.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

__all__ = ["Array", "CeilingName", "Ceilings", "Lines", "ceilings", "gather", "peers"]

Array = NDArray[Any]
CeilingName = Literal["ce_fdh", "cr_fdh", "ce_vrs", "cr_vrs"]

_COLLINEAR = 1e-12  # relative difference of slopes that is rounding: such points lie on one edge of the hull


@dataclass(frozen=True, slots=True, eq=False)
class Lines:
    """Straight ceilings of a batch: y = intercept + slope x; NaN where there is no line.

    Parameters
    ----------
    slope, intercept : ndarray, shape (B,)
    """

    slope: Array
    intercept: Array


@dataclass(frozen=True, slots=True, eq=False)
class Ceilings:
    """Ceiling zones of a batch.

    Parameters
    ----------
    zone : dict of ndarray, shape (B,)
        Area of the empty zone above each ceiling; NaN where a regression ceiling has no line.
    scope : ndarray, shape (B,)
        Area of the scope.
    lines : dict of Lines
        Of the regression ceilings.
    """

    zone: dict[CeilingName, Array]
    scope: Array
    lines: dict[CeilingName, Lines]

    def effect(self, name: CeilingName) -> Array:
        """Effect size d = zone / scope (Dul 2016, eq. 1), shape (B,)."""
        return np.asarray(self.zone[name] / self.scope)


def gather(y: Array, starts: Array) -> Array:
    """Return the highest y at each distinct x.

    Parameters
    ----------
    y : ndarray, shape (B, n)
        Outcomes in the order of x; ``-inf`` for a row that is not there.
    starts : ndarray of int, shape (K,)
        Where each distinct x starts.

    Returns
    -------
    ndarray, shape (B, K)
    """
    return np.maximum.reduceat(y, starts, axis=1)


def peers(top: Array) -> tuple[Array, Array]:
    """Return the free disposal hull max{y_i : x_i ≤ x} and where it rises, both of shape (B, K)."""
    hull = np.maximum.accumulate(top, axis=1)
    rises = np.empty(hull.shape, dtype=bool)
    rises[:, 0] = hull[:, 0] > -np.inf
    rises[:, 1:] = hull[:, 1:] > hull[:, :-1]
    return hull, rises


def vertices(x: Array, hull: Array, rises: Array) -> Array:
    """Return the corners of the concave hull above the steps (varying returns to scale), shape (B, K).

    From the first point, the next corner is the one with the steepest rise, the farthest among equals; all
    rows of the batch take their steps together.
    """
    corner = np.zeros(rises.shape, dtype=bool)
    rows = np.arange(len(hull))
    at = rises.argmax(axis=1)
    open_: Array = np.asarray(rises.any(axis=1))
    corner[rows[open_], at[open_]] = True
    while open_.any():
        live = rows[open_]
        here = at[live]
        run = x[None, :] - x[here][:, None]
        start = hull[live, here][:, None]
        ahead = rises[live] & (run > 0)
        with np.errstate(divide="ignore", invalid="ignore"):
            slope = np.where(ahead, (hull[live] - start) / run, -np.inf)
        best = slope.max(axis=1)
        going = best > -np.inf
        level = best - _COLLINEAR * np.abs(np.where(going, best, 0.0))
        far = slope.shape[1] - 1 - (slope >= level[:, None])[:, ::-1].argmax(axis=1)
        open_[live[~going]] = False
        at[live[going]] = far[going]
        corner[live[going], far[going]] = True
    return corner


def ceilings(x: Array, top: Array, box: Array, names: Iterable[CeilingName]) -> Ceilings:
    """Return zones and lines of the ceilings asked for.

    Parameters
    ----------
    x : ndarray, shape (K,)
        Distinct values of the condition, ascending.
    top : ndarray, shape (B, K)
        Highest outcome at each of them, ``-inf`` where there is none.
    box : ndarray, shape (B, 4)
        The scope of each: lowest and highest x, lowest and highest y.
    names : iterable of str
    """
    wanted = tuple(names)
    hull, rises = peers(top)
    needs_hull = any(name.endswith("vrs") for name in wanted)
    corner = vertices(x, hull, rises) if needs_hull else rises
    zone: dict[CeilingName, Array] = {}
    lines: dict[CeilingName, Lines] = {}
    for name in wanted:
        points = corner if name.endswith("vrs") else rises
        if name.startswith("cr"):
            lines[name] = _regress(x, hull, points)
            zone[name] = _above_line(lines[name], box)
            # the corner itself is taken: nothing is empty whatever the line
            taken = (hull[:, 0] >= box[:, 3]) & (x[0] <= box[:, 0]) & (points.sum(axis=1) == 1)
            zone[name] = np.where(taken, 0.0, zone[name])
        else:
            zone[name] = _above_steps(x, hull, box) if name == "ce_fdh" else _above_hull(x, hull, points, box)
    scope = (box[:, 1] - box[:, 0]) * (box[:, 3] - box[:, 2])
    return Ceilings(zone, scope, lines)


def _above_steps(x: Array, hull: Array, box: Array) -> Array:
    """Area above the step function: full height before the first point, then down step by step."""
    edges = np.clip(np.append(x, np.inf)[None, :], box[:, :1], box[:, 1:2])
    width = np.diff(edges, axis=1)
    height = box[:, 3:] - np.maximum(hull, box[:, 2:3])
    before = (edges[:, 0] - box[:, 0]) * (box[:, 3] - box[:, 2])
    return np.asarray(before + np.einsum("bk,bk->b", width, height))


def _above_hull(x: Array, hull: Array, points: Array, box: Array) -> Array:
    """Area above the concave hull: trapezes between its corners, flat after the last."""
    area = np.empty(len(hull))
    for b in range(len(hull)):  # a handful of corners a row
        px, py = x[points[b]], hull[b, points[b]]
        low_x, high_x, low_y, high_y = box[b]
        gap = high_y - py
        area[b] = (
            (px[0] - low_x) * (high_y - low_y)
            + np.sum(np.diff(px) * (gap[:-1] + gap[1:])) / 2
            + (high_x - px[-1]) * gap[-1]
        )
    return area


def _regress(x: Array, hull: Array, points: Array) -> Lines:
    """Least squares through the points of each row; no line through a single one."""
    k = points.sum(axis=1)
    safe = np.maximum(k, 1)
    y = np.where(points, hull, 0.0)
    mean_x = points @ x / safe
    mean_y = y.sum(axis=1) / safe
    dx = np.where(points, x[None, :] - mean_x[:, None], 0.0)
    square = np.einsum("bk,bk->b", dx, dx)
    cross = np.einsum("bk,bk->b", dx, y)
    with np.errstate(divide="ignore", invalid="ignore"):
        slope = np.where(k > 1, cross / square, np.nan)
    return Lines(slope, mean_y - slope * mean_x)


def _above_line(lines: Lines, box: Array) -> Array:
    """Area of the scope above a rising line: full height until it enters, a trapeze until it leaves."""
    low_x, high_x, low_y, high_y = box.T
    a, b = lines.slope, lines.intercept
    enters = np.clip((low_y - b) / a, low_x, high_x)
    leaves = np.clip((high_y - b) / a, low_x, high_x)
    full = (high_y - low_y) * (enters - low_x)
    return np.asarray(full + (leaves - enters) * (high_y - b - a * (enters + leaves) / 2))
