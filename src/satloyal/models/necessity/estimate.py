"""One ceiling of one condition: its parameters, permutation test, resamples and rows left out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from satloyal.models.necessity.ceilings import (
    Array,
    CeilingName,
    ceilings,
    gather,
    peers,
    vertices,
)
from satloyal.models.necessity.data import Pair

__all__ = ["Ceiling", "estimate", "leave_out", "permute", "resample"]

_CHUNK = 500_000  # numbers of one batch; a dozen such arrays live at once: 50 MB
_TOUCH = 1e-9  # share of the range by which a point must clear a line to stand above it
_Z = 1.959963984540054


@dataclass(frozen=True, slots=True, eq=False)
class Ceiling:
    """One ceiling of one condition.

    Parameters
    ----------
    pair : Pair
    name : str
        ``ce_fdh``, ``cr_fdh``, ``ce_vrs`` or ``cr_vrs``.
    points : ndarray, shape (k, 2)
        The points that carry the ceiling, in the units of the data.
    zone, scope_area, effect : float
        d = zone / scope.
    slope, intercept : float
        Of a regression ceiling, in the units of the data; NaN for step and hull.
    above : int
        Rows beyond the ceiling.
    fit : float
        Percent of the zone of CE-FDH; NaN where that is empty or smaller.
    condition_inefficiency, outcome_inefficiency : float
        Percent of the range over which the condition limits nothing, and the outcome is not limited.
    pvalue, p_accuracy : float
        Of the permutation test; NaN without one.
    undefined : int
        Permutations without a line, counted against the condition.
    se, ci_lower, ci_upper : float
        Of the bootstrap; NaN without one.
    """

    pair: Pair
    name: CeilingName
    points: Array
    zone: float
    scope_area: float
    effect: float
    slope: float
    intercept: float
    above: int
    fit: float
    condition_inefficiency: float
    outcome_inefficiency: float
    pvalue: float = np.nan
    p_accuracy: float = np.nan
    undefined: int = 0
    se: float = np.nan
    ci_lower: float = np.nan
    ci_upper: float = np.nan

    @property
    def regression(self) -> bool:
        """Whether the ceiling is a straight line."""
        return self.name.startswith("cr")

    @property
    def accuracy(self) -> float:
        """Percent of the rows that do not lie beyond the ceiling (Dul 2016)."""
        return 100.0 * (1 - self.above / self.pair.x.size)

    @property
    def inefficiency(self) -> float:
        """Percent of the scope where the condition limits nothing or the outcome is not limited."""
        free = (1 - self.condition_inefficiency / 100) * (1 - self.outcome_inefficiency / 100)
        return 100 * (1 - free)

    def required(self, level: Array) -> Array:
        """Return the mirrored x that each mirrored level of y needs, shape (m,).

        ``-inf`` where nothing is needed, NaN where there is no line or no such level was seen.
        """
        low_x, _, low_y, _ = self.pair.box[0]
        sx, sy = self.pair.signs
        px, py = sx * self.points[:, 0], sy * self.points[:, 1]
        if np.isnan(self.slope) and self.regression:
            return np.full(np.shape(level), -np.inf if self.zone == 0 else np.nan)
        if self.regression:
            a, b = self.slope * sx * sy, self.intercept * sy
            need = (level - b) / a
            return np.asarray(np.where(need <= low_x, -np.inf, need))
        if self.name == "ce_fdh":
            at = np.searchsorted(py, level - _TOUCH * np.ptp(self.pair.y), side="left")
            need = np.append(px, np.nan)[at]
        else:
            # a level that rounding puts above the last point is that point's
            near = np.where(level <= py[-1] + _TOUCH * np.ptp(self.pair.y), np.minimum(level, py[-1]), level)
            need = np.interp(near, py, px, right=np.nan)
        free = (level <= low_y) | (need <= low_x)
        return np.asarray(np.where(free, -np.inf, need))

    def line(self, at: Array) -> Array:
        """Return the ceiling at values of x, shape (m,), in the units of the data; NaN before its points."""
        if self.regression:
            return np.asarray(self.intercept + self.slope * at)
        sx, sy = self.pair.signs
        px, py = sx * self.points[:, 0], sy * self.points[:, 1]
        mirrored = sx * np.asarray(at, dtype=float)
        if self.name == "ce_fdh":
            place = np.searchsorted(px, mirrored, side="right") - 1
            high = np.where(place >= 0, py[np.maximum(place, 0)], np.nan)
        else:
            high = np.interp(mirrored, px, py, left=np.nan)
        return np.asarray(sy * high)


def estimate(pair: Pair, names: Sequence[CeilingName]) -> tuple[Ceiling, ...]:
    """Return the ceilings of one condition."""
    grid, top = pair.top()
    found = ceilings(grid, top, pair.box, {*names, "ce_fdh"})
    hull, rises = peers(top)
    steps = float(found.zone["ce_fdh"][0])
    out = []
    for name in names:
        carry = rises if name.endswith("fdh") else vertices(grid, hull, rises)
        sx, sy = pair.signs
        points = np.column_stack([sx * grid[carry[0]], sy * hull[0, carry[0]]])
        line = found.lines.get(name)
        slope = np.nan if line is None else float(line.slope[0]) * sx * sy
        intercept = np.nan if line is None else float(line.intercept[0]) * sy
        zone = float(found.zone[name][0])
        share = 100 * zone / steps if 0 < zone <= steps * (1 + 1e-12) else np.nan
        area = float(found.scope[0])
        bare = Ceiling(
            pair, name, points, zone, area, zone / area, slope, intercept, 0, share, np.nan, np.nan
        )
        condition, outcome = _inefficiency(bare)
        out.append(
            replace(bare, above=_above(bare), condition_inefficiency=condition, outcome_inefficiency=outcome)
        )
    return tuple(out)


def _above(ceiling: Ceiling) -> int:
    if not ceiling.regression:
        return 0
    pair = ceiling.pair
    beyond = pair.signs[1] * (pair.y - ceiling.line(pair.x))
    return int((beyond > _TOUCH * np.ptp(pair.y)).sum())


def _inefficiency(ceiling: Ceiling) -> tuple[float, float]:
    """Return what the ceiling leaves of both ranges without a limit, in percent (Dul 2016, p. 23)."""
    low_x, high_x, low_y, high_y = ceiling.pair.box[0]
    sx, sy = ceiling.pair.signs
    px, py = sx * ceiling.points[:, 0], sy * ceiling.points[:, 1]
    if ceiling.regression:
        a, b = ceiling.slope * sx * sy, ceiling.intercept * sy
        ends, starts = (high_y - b) / a, b + a * low_x
    else:
        ends = px[-1] if py[-1] >= high_y else high_x
        starts = py[0] if px[0] <= low_x else low_y
    condition = (high_x - np.clip(ends, low_x, high_x)) / (high_x - low_x)
    outcome = (np.clip(starts, low_y, high_y) - low_y) / (high_y - low_y)
    return 100 * float(condition), 100 * float(outcome)


def permute(found: tuple[Ceiling, ...], permutations: int, seed: int) -> tuple[Ceiling, ...]:
    """Test each effect size against outcomes shuffled over the rows.

    p = (1 + number of shuffled effects ≥ d) / (1 + permutations), so that no p is 0 (Phipson & Smyth 2010,
    Stat. Appl. Genet. Mol. Biol. 9, 39); its accuracy is the half width of its 95 % interval,
    1.96 √(p (1 − p) / permutations) (Dul, van der Laan & Kuik 2020, Organizational Research Methods 23).
    """
    pair = found[0].pair
    grid, starts, y, _ = pair.sorted()
    rng = np.random.default_rng(seed)
    reached = np.zeros(len(found), dtype=int)
    lost = np.zeros(len(found), dtype=int)
    step = max(1, _CHUNK // y.size)
    for start in range(0, permutations, step):
        size = min(step, permutations - start)
        shuffled = rng.permuted(np.broadcast_to(y, (size, y.size)), axis=1)
        box = np.broadcast_to(pair.box, (size, 4))
        batch = ceilings(grid, gather(shuffled, starts), box, [c.name for c in found])
        for i, c in enumerate(found):
            d = batch.effect(c.name)
            lost[i] += int(np.isnan(d).sum())
            # equal arrangements differ by rounding only; what has no line counts against the condition
            reached[i] += int((~(d < c.effect - 1e-12)).sum())
    out = []
    for c, hits, gone in zip(found, reached, lost, strict=True):
        if np.isnan(c.effect):
            out.append(c)
            continue
        p = (1 + int(hits)) / (1 + permutations)
        accuracy = _Z * float(np.sqrt(p * (1 - p) / permutations))
        out.append(replace(c, pvalue=p, p_accuracy=accuracy, undefined=int(gone)))
    return tuple(out)


def _refit(found: tuple[Ceiling, ...], present: Array) -> Array:
    """Return effects of every ceiling with only some rows, shape (B, c); ``present`` (B, n) in order of x."""
    pair = found[0].pair
    grid, starts, y, place = pair.sorted()
    top = gather(np.where(present, y, -np.inf), starts)
    box = np.array(np.broadcast_to(pair.box, (len(present), 4)))
    if not pair.theoretical:
        at = grid[place]
        for column, values, far in ((0, at, np.inf), (1, at, -np.inf), (2, y, np.inf), (3, y, -np.inf)):
            shown = np.where(present, values, far)
            box[:, column] = shown.min(axis=1) if far > 0 else shown.max(axis=1)
    flat = (box[:, 0] >= box[:, 1]) | (box[:, 2] >= box[:, 3])
    box[flat] = pair.box
    batch = ceilings(grid, top, box, [c.name for c in found])
    return np.column_stack([np.where(flat, np.nan, batch.effect(c.name)) for c in found])


def resample(
    found: tuple[Ceiling, ...], replicates: int, seed: int, level: float
) -> tuple[tuple[Ceiling, ...], int]:
    """Return the ceilings with errors and percentile intervals, and how many replicates have no effect."""
    n = found[0].pair.x.size
    rng = np.random.default_rng(seed)
    step = max(1, _CHUNK // n)
    parts = []
    for start in range(0, replicates, step):
        size = min(step, replicates - start)
        drawn = rng.integers(0, n, (size, n))
        present = np.zeros((size, n), dtype=bool)
        np.put_along_axis(present, drawn, np.True_, axis=1)
        parts.append(_refit(found, present))
    effects = np.concatenate(parts)
    tails = [(1 - level) / 2, (1 + level) / 2]
    out = []
    for i, c in enumerate(found):
        d = effects[:, i][np.isfinite(effects[:, i])]
        if d.size < 2 or np.isnan(c.effect):
            out.append(c)
            continue
        low, high = np.quantile(d, tails)
        out.append(replace(c, se=float(d.std(ddof=1)), ci_lower=float(low), ci_upper=float(high)))
    return tuple(out), int(np.isnan(effects).any(axis=1).sum())


def leave_out(found: tuple[Ceiling, ...]) -> pd.DataFrame:
    """Return what each row that carries a ceiling or ends the scope does to the effect sizes."""
    pair = found[0].pair
    order = pair.order
    x, y = pair.x[order], pair.y[order]
    scope = np.zeros(x.size, dtype=bool)
    if not pair.theoretical:
        scope = (x == x.min()) | (x == x.max()) | (y == y.min()) | (y == y.max())
    carries = np.zeros((len(found), x.size), dtype=bool)
    for i, c in enumerate(found):
        carries[i] = ((x[:, None] == c.points[:, 0]) & (y[:, None] == c.points[:, 1])).any(axis=1)
    rows = np.flatnonzero(scope | carries.any(axis=0))
    effects = np.empty((rows.size, len(found)))
    step = max(1, _CHUNK // x.size)
    for start in range(0, rows.size, step):
        some = rows[start : start + step]
        present = np.ones((some.size, x.size), dtype=bool)
        present[np.arange(some.size), some] = False
        effects[start : start + step] = _refit(found, present)
    parts = []
    for i, c in enumerate(found):
        mine = scope[rows] | carries[i][rows]
        change = effects[mine, i] - c.effect
        role = np.where(carries[i][rows], np.where(scope[rows], "both", "ceiling"), "scope")
        parts.append(
            pd.DataFrame(
                {
                    "condition": pair.name,
                    "ceiling": c.name,
                    "row": pair.index[order][rows][mine],
                    "x": x[rows][mine],
                    "y": y[rows][mine],
                    "effect": c.effect,
                    "effect_without": effects[mine, i],
                    "change": change,
                    "change_percent": 100 * change / c.effect if c.effect > 0 else np.nan,
                    "role": role[mine],
                }
            )
        )
    return pd.concat(parts, ignore_index=True)
