"""Ticks: questions with several choices, one column a choice, as 1 and 0."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from satloyal.survey.construct import as_code
from satloyal.survey.numbers import SKIPPED
from satloyal.survey.raw import RawTable

__all__ = ["ticked"]

_NOT = frozenset(
    {"no", "n", "false", "not selected", "unchecked", "0", "否", "未选", "未选中", "未選", "未選中"}
)
_NOT_SHOWN = frozenset({"n/a", "na"})  # LimeSurvey's word for a question that was never asked


def ticked(raw: RawTable) -> RawTable:
    """Return the table with 1 where a choice was ticked and 0 where the question was answered without it.

    A file cannot tell a question without any tick from one that was not answered: such a row is missing in
    all its columns.

    Parameters
    ----------
    raw : RawTable
        Columns of kind ``"tick"`` that share a stem are one question.
    """
    names = [n for n in raw.frame.columns if raw.kinds.get(n) == "tick"]
    if not names:
        return raw
    columns: dict[str, Any] = {}
    why: dict[str, Any] = {}
    for members in _questions(raw, names):
        state = np.stack([_states(raw, name) for name in members])  # 1, 0, NaN blank, -1 not shown
        answered = (state == 1).any(axis=0) | ((state == 0).all(axis=0))
        for name, row in zip(members, state, strict=True):
            values = np.where(row == 1, 1.0, np.where(answered & (row != -1), 0.0, np.nan))
            columns[name] = values
            why[name] = [
                None if known else "not_shown" if state == -1 else SKIPPED
                for known, state in zip(~np.isnan(values), row, strict=True)
            ]
    index = raw.frame.index
    told = pd.DataFrame(why, index=index, dtype=object)
    if raw.reasons is not None:
        kept = raw.reasons.drop(columns=[n for n in names if n in raw.reasons])
        told = pd.concat([kept, told], axis=1)
    return replace(raw, frame=raw.frame.assign(**columns), reasons=told)


def _questions(raw: RawTable, names: Iterable[str]) -> list[list[str]]:
    groups: dict[str, list[str]] = {}
    for name in names:
        groups.setdefault(raw.stems.get(name, name), []).append(name)
    return list(groups.values())


def _states(raw: RawTable, name: str) -> NDArray[np.float64]:
    told = raw.reasons[name] if raw.reasons is not None and name in raw.reasons else None
    cells = raw.frame[name].astype(object)
    out = np.array([_state(cell, raw) for cell in cells], dtype=float)
    if told is not None:
        out[[r == "not_shown" for r in told]] = -1
    return out


def _state(cell: Any, raw: RawTable) -> float:
    if cell is None or cell is pd.NA or (isinstance(cell, float) and np.isnan(cell)):
        return float("nan")
    code = as_code(cell) if isinstance(cell, str | int | float) else str(cell)
    reason = raw.words.get(code)
    if reason is not None:
        return -1.0 if reason == "not_shown" else float("nan")
    if isinstance(code, float):
        return 0.0 if code == 0 else 1.0
    if code in _NOT:
        return 0.0
    if code in _NOT_SHOWN:
        return -1.0
    return 1.0 if code else float("nan")
