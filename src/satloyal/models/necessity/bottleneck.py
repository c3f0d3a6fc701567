"""Bottleneck tables: how much of each condition every level of the outcome needs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, get_args

import numpy as np
import pandas as pd

from satloyal.errors import FitError
from satloyal.models.necessity.ceilings import Array
from satloyal.models.necessity.data import Pair
from satloyal.models.necessity.estimate import Ceiling

__all__ = ["BottleneckScale", "bottleneck"]

BottleneckScale = Literal["percentage", "percentile", "actual"]

_ROUNDING = 1e-9  # share of the range of a condition


def bottleneck(
    found: Sequence[Ceiling], levels: Sequence[float] | None, scale: BottleneckScale
) -> pd.DataFrame:
    """Return the required level of each condition; see ``NecessityFit.bottleneck``."""
    if scale not in get_args(BottleneckScale):
        raise FitError(
            f"there is no scale {scale!r}", fix=f"choose among {', '.join(get_args(BottleneckScale))}"
        )
    first = found[0].pair
    low, high = first.scope[2:]
    if levels is None:
        shown = np.linspace(low, high, 11) if scale == "actual" else np.linspace(0, 100, 11)
    else:
        shown = np.asarray(levels, dtype=float)
    ends = (low, high) if scale == "actual" else (0.0, 100.0)
    if shown.ndim != 1 or not shown.size or not ((shown >= ends[0]) & (shown <= ends[1])).all():
        raise FitError(
            f"levels are {levels!r}", fix=f"give levels of the outcome between {ends[0]:g} and {ends[1]:g}"
        )
    actual = _outcome(first, shown, scale)
    parts = []
    for c in found:
        need = c.required(first.signs[1] * actual)
        low_x, high_x = c.pair.box[0, :2]
        free, none = np.isneginf(need), np.isnan(need) | (need > high_x + _ROUNDING * (high_x - low_x))
        required = np.where(free | none, np.nan, c.pair.signs[0] * np.where(free | none, 0.0, need))
        beyond = "no line" if np.isnan(c.effect) else "not attainable"
        parts.append(
            pd.DataFrame(
                {
                    "level": shown,
                    "outcome": actual,
                    "condition": c.pair.name,
                    "required": _condition(c.pair, required, scale),
                    "required_actual": required,
                    "short": _short(c.pair, required, free),
                    "status": np.select([free, none], ["not necessary", beyond], "necessary"),
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


def _outcome(pair: Pair, levels: Array, scale: BottleneckScale) -> Array:
    low, high = pair.scope[2:]
    if scale == "actual":
        return levels
    if scale == "percentage":
        return np.asarray(low + levels / 100 * (high - low))
    return np.asarray(np.quantile(pair.y, levels / 100))


def _condition(pair: Pair, required: Array, scale: BottleneckScale) -> Array:
    low, high = pair.scope[:2]
    if scale == "actual":
        return required
    if scale == "percentage":
        return np.asarray(100 * (required - low) / (high - low))
    share = 100 * (pair.x[None, :] < required[:, None]).mean(axis=1)
    return np.asarray(np.where(np.isnan(required), np.nan, share))


def _short(pair: Pair, required: Array, free: Array) -> Array:
    """Count the rows whose condition does not reach what the level needs."""
    sx = pair.signs[0]
    count = (sx * pair.x[None, :] < sx * required[:, None]).sum(axis=1).astype(float)
    return np.where(free, 0.0, np.where(np.isnan(required), np.nan, count))
