"""Seconds: how long the interview took, where the survey says so."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from satloyal.errors import SurveyError
from satloyal.survey.durations import seconds
from satloyal.survey.nearest import did_you_mean

__all__ = ["duration_column", "read_seconds"]

DURATION_NAMES = frozenset(
    {
        *("durationinseconds", "duration", "durationseconds", "durationsec", "interviewtime"),
        *("totaltime", "timetaken", "completiontime", "lengthofinterview", "loi", "loiseconds"),
        *("所用时间", "答题时长", "用时", "答题用时", "所用時間", "作答時間"),
    }
)
"""Names of columns that hold the length of the interview, without case and signs."""


def duration_column(columns: Iterable[str], kinds: Mapping[str, str]) -> str | None:
    """Return the column with the length of the interview: as the vendor's layout says, or by its name.

    Examples
    --------
    >>> duration_column(["SAT1", "Duration (in seconds)"], {})
    'Duration (in seconds)'
    """
    names = list(columns)
    by_layout = next((name for name in names if kinds.get(name) == "duration"), None)
    if by_layout is not None:
        return by_layout
    bare = ("".join(c for c in str(name).casefold() if c.isalnum()) for name in names)
    return next((name for name, key in zip(names, bare, strict=True) if key in DURATION_NAMES), None)


def read_seconds(frame: pd.DataFrame, column: str) -> NDArray[np.float64]:
    """Return the length of the interviews in seconds, shape (n,); NaN where it is not a positive number.

    Raises
    ------
    SurveyError
        If there is no such column, or it holds something else than lengths of time.

    Examples
    --------
    >>> read_seconds(pd.DataFrame({"loi": [310, 42, 0]}), "loi").tolist()
    [310.0, 42.0, nan]
    """
    if column not in frame.columns:
        raise SurveyError(
            f"there is no column {column!r}{did_you_mean(column, frame.columns)}",
            fix="name the column with the seconds that the interview took",
        )
    cells = frame[column]
    if not pd.api.types.is_numeric_dtype(cells.dtype):
        known = {cell: seconds(cell) for cell in cells.dropna().unique()}
        if any(value is None for value in known.values()):
            raise SurveyError(
                f"column {column!r} holds something else than the length of interviews",
                fix="turn it into seconds before reading, or name another column",
            )
        cells = cells.map(known)
    values = cells.to_numpy(dtype=float, na_value=np.nan)
    return np.where(values > 0, values, np.nan)
