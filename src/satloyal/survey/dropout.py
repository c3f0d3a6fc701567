"""Dropping out: answers that are missing because the respondent had left by then."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from satloyal.notes import Note
from satloyal.survey.construct import as_code
from satloyal.survey.distinct import distinct
from satloyal.survey.numbers import SKIPPED
from satloyal.survey.raw import Finding, RawTable

__all__ = ["DROPOUT", "finished_flag", "mark_dropouts"]

DROPOUT = "dropout"
"""The reason for an answer that was not reached."""

_LEAST = 2
"""Unanswered questions at the end that mean a dropout where the file does not say who finished."""


_UNFINISHED = frozenset(
    {"0", "false", "no", "n", "partial", "started", "incomplete", "disqualified", "否", "未完成"}
)


def finished_flag(raw: RawTable) -> NDArray[np.bool_] | None:
    """Return who finished the interview, shape (n,), where the file says so.

    A cell that is empty, nil or says "no" means that it was not finished; anything else, also the time at
    which it was, that it was.
    """
    name = next((n for n in raw.frame.columns if raw.kinds.get(n) == "finished"), None)
    if name is None:
        return None
    cells = raw.frame[name].astype(object)
    told = distinct(cells)
    if told is not None:
        return told.spread([_is_finished(text) for text in told.texts], False, np.bool_)
    return np.array([_is_finished(cell) for cell in cells], dtype=bool)


def _is_finished(cell: Any) -> bool:
    if cell is None or cell is pd.NA or cell is pd.NaT:
        return False
    if isinstance(cell, int | float | np.number):
        return bool(np.isfinite(cell) and cell != 0)
    code = as_code(str(cell))
    return code != 0.0 and code != "" and code not in _UNFINISHED


def mark_dropouts(
    frame: pd.DataFrame,
    reasons: pd.DataFrame,
    order: Sequence[str],
    finished: NDArray[np.bool_] | None = None,
) -> tuple[pd.DataFrame, tuple[Finding, ...]]:
    """Tell answers that were not reached from those that were skipped.

    What is blank from some question on to the last one was not reached; two questions at least, because the
    last one alone may have been skipped. Where the file says who finished, who did has skipped, and who did
    not has dropped out even before the last question only.

    Parameters
    ----------
    frame : DataFrame, shape (n, …)
        Answers as numbers.
    reasons : DataFrame
        Why they are missing; only ``"skipped"`` becomes ``"dropout"``.
    order : sequence of str
        The questions as they were asked.
    finished : ndarray of bool, shape (n,), optional

    Returns
    -------
    reasons : DataFrame
    findings : tuple of Finding

    Examples
    --------
    >>> frame = pd.DataFrame({"A": [4.0, 3.0], "B": [np.nan, 2.0], "C": [np.nan, np.nan]})
    >>> why = frame.isna().astype(object).replace({True: "skipped", False: None})
    >>> mark_dropouts(frame, why, ["A", "B", "C"])[0].loc[0].tolist()
    [None, 'dropout', 'dropout']
    """
    order = [name for name in order if name in frame and name in reasons]
    if len(order) < _LEAST or not len(frame):
        return reasons, ()
    last = frame[order[-1]].isna().to_numpy()
    if not last.any():  # nobody stopped, and most files are long
        return reasons, ()
    missing = frame[order].isna().to_numpy()
    skipped = np.zeros(missing.shape, dtype=bool)
    skipped[last] = (reasons.loc[last, order] == SKIPPED).to_numpy()
    # a blank cell is part of the end if all that follow are blank as well
    tail = np.logical_and.accumulate((missing & skipped)[:, ::-1], axis=1)[:, ::-1]
    length = tail.sum(axis=1)
    least = np.full(len(frame), _LEAST)
    if finished is not None:
        least = np.where(finished, len(order) + 1, 1)
    left = (length >= least) & (length < len(order))
    if not left.any():
        return reasons, ()
    marked = tail & left[:, None]
    new = reasons.copy()
    for j, name in enumerate(order):
        if marked[:, j].any():
            new[name] = reasons[name].where(~marked[:, j], DROPOUT)
    count = int(left.sum())
    message = (
        f"{count} {'respondents' if count > 1 else 'respondent'} left before the end: {int(marked.sum())} "
        "answers were not reached"
    )
    return new, (Finding(Note("dropouts", message, count)),)
