"""Durations: how long an interview took, in seconds, however the vendor writes it."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from dataclasses import replace
from typing import Any

import numpy as np

from satloyal.survey.distinct import distinct
from satloyal.survey.raw import RawTable

__all__ = ["seconds", "timed"]

_PARTS = re.compile(
    r"(?:(?P<d>\d+)\s*(?:天|日|days?|d)\s*)?(?:(?P<h>\d+)\s*(?:小时|小時|时|時|hours?|hrs?|h)\s*)?"
    r"(?:(?P<m>\d+)\s*(?:分钟|分鐘|分|minutes?|mins?|min|m)\s*)?"
    r"(?:(?P<s>\d+(?:\.\d+)?)\s*(?:秒钟|秒鐘|秒|seconds?|secs?|sec|s)?)?"
)
_CLOCK = re.compile(r"(?:(?P<h>\d+):)?(?P<m>\d{1,2}):(?P<s>\d{2}(?:\.\d+)?)")
_SECONDS = {"d": 86_400, "h": 3_600, "m": 60, "s": 1}


def seconds(cell: Any) -> float | None:
    """Return a duration in seconds, or ``None`` where the cell is none.

    Examples
    --------
    >>> [seconds(cell) for cell in ("152秒", "2分32秒", "00:02:32", 152, "1h 5m", "soon")]
    [152.0, 152.0, 152.0, 152.0, 3900.0, None]
    """
    if isinstance(cell, dt.timedelta):
        return cell.total_seconds()
    if isinstance(cell, dt.time):
        return float(cell.hour * 3600 + cell.minute * 60 + cell.second) + cell.microsecond / 1e6
    if isinstance(cell, int | float | np.number) and not isinstance(cell, bool):
        return float(cell)
    if not isinstance(cell, str):
        return None
    text = unicodedata.normalize("NFKC", cell).strip().casefold()
    found = _CLOCK.fullmatch(text) or _PARTS.fullmatch(text)
    if found is None or not any(found.groupdict().values()):
        return None
    return float(sum(float(n) * _SECONDS[unit] for unit, n in found.groupdict().items() if n))


def timed(raw: RawTable) -> RawTable:
    """Return the table with columns of kind ``"duration"`` in seconds, where every cell is a duration.

    Examples
    --------
    >>> import pandas as pd
    >>> raw = RawTable(pd.DataFrame({"所用时间": ["152秒", None]}), (1, 2), kinds={"所用时间": "duration"})
    >>> timed(raw).frame["所用时间"].tolist()
    [152.0, nan]
    """
    columns: dict[str, Any] = {}
    for name in raw.frame.columns:
        if raw.kinds.get(name) != "duration":
            continue
        cells = raw.frame[name].astype(object)
        told = distinct(cells)
        if told is None:
            found = [seconds(cell) for cell in cells.dropna()]
            filled = cells.notna().to_numpy()
        else:
            found = [seconds(text) for text in told.texts]
            filled = told.codes >= 0
        if found and all(value is not None for value in found):
            values = np.full(len(cells), np.nan)
            values[filled] = found if told is None else np.array(found, dtype=float)[told.codes[filled]]
            columns[name] = values
    return replace(raw, frame=raw.frame.assign(**columns)) if columns else raw
