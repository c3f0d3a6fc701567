"""Numbers: what a cell says, as a number, a missing answer or neither."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from satloyal.survey.construct import Code, as_code
from satloyal.survey.distinct import distinct, overlaid
from satloyal.survey.labels.cell import split_cell

__all__ = ["BLANK", "SKIPPED", "Column", "is_date", "parse_number", "read_column", "show_cell"]

SKIPPED = "skipped"
"""The reason for a cell that is empty in the file."""

BLANK = frozenset({"", "na", "n/a", "#n/a", "nan", "null", "-", "–", "—", ".", "无", "無", "(空)"})
"""Cells that hold no answer, whatever the codebook says; compared without regard to case and width."""

Kind = Literal["number", "labelled"]

_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]\d+)?", re.IGNORECASE)
_COMMA = re.compile(r"[+-]?\d+,\d+")
_DASHES = str.maketrans({"−": "-", "‐": "-", "‑": "-", "‒": "-", "–": "-", "—": "-"})


def _folded(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).translate(_DASHES).split())


def is_date(cell: object) -> bool:
    """Return whether a spreadsheet delivered this cell as a date, a time or a duration."""
    return isinstance(cell, dt.date | dt.time | dt.timedelta)


def parse_number(text: str, decimal: str = ".") -> tuple[float, Kind] | None:
    """Read a cell of text as a number, or as a number that carries its label.

    Full-width digits count. A decimal comma counts only where ``decimal`` says so. What is not plainly a
    number (``"3-4"``, ``"5/5"``, ``"≥4"``, ``"1e0"``, ``"TRUE"``) is ``None``.

    Examples
    --------
    >>> parse_number("４"), parse_number("5 - Very satisfied"), parse_number("Very satisfied (5)")
    ((4.0, 'number'), (5.0, 'labelled'), (5.0, 'labelled'))
    >>> parse_number("3-4"), parse_number("4,5"), parse_number("4,5", decimal=",")
    (None, None, (4.5, 'number'))
    """
    # Superscripts and circled digits would become plain digits under NFKC: '5²' is not 52.
    if any(unicodedata.category(c) == "No" for c in text):
        return None
    plain = _folded(text)
    if decimal == "," and _COMMA.fullmatch(plain):
        return float(plain.replace(",", ".")), "number"
    if _NUMBER.fullmatch(plain):
        return float(plain), "number"
    cell = split_cell(text)
    if cell.number is None or cell.label is None or not cell.firm:
        return None
    return cell.number, "labelled"


def show_cell(cell: object, width: int = 40) -> str:
    """Show one cell in a message: short, on one line, and naming dates as dates.

    Examples
    --------
    >>> show_cell("four"), show_cell(dt.datetime(2024, 5, 3))
    ("'four'", '2024-05-03 (a date)')
    """
    if isinstance(cell, dt.datetime):
        return f"{cell.date() if cell.time() == dt.time() else cell} (a date)"
    if is_date(cell):
        return f"{cell} (a {type(cell).__name__})"
    text = " ".join("".join(c for c in str(cell) if c.isprintable() or c.isspace()).split())
    return repr(text if len(text) <= width else text[: width - 1] + "…")


@dataclass(frozen=True, slots=True)
class Column:
    """One column, read cell by cell.

    Parameters
    ----------
    values : ndarray, shape (n,)
        Numbers; NaN where there is none.
    reasons : ndarray of object, shape (n,)
        Why a value is missing; ``None`` where it is there or the cell could not be read.
    unread : ndarray of bool, shape (n,)
        Cells that are neither a number nor a missing answer.
    labelled : ndarray of bool, shape (n,)
        Numbers that came with their label.
    """

    values: NDArray[np.float64]
    reasons: NDArray[np.object_]
    unread: NDArray[np.bool_]
    labelled: NDArray[np.bool_]

    @property
    def answered(self) -> int:
        """How many cells hold something."""
        return int(np.isfinite(self.values).sum() + self.unread.sum())


def read_column(
    column: pd.Series[Any],
    *,
    decimal: str = ".",
    codes: Mapping[Code, str] | None = None,
    known: Sequence[str | None] | NDArray[np.object_] | None = None,
) -> Column:
    """Read a column of any cells as numbers, missing answers and the rest.

    Parameters
    ----------
    column : Series, shape (n,)
        Cells of one column.
    decimal : {".", ","}
        Decimal mark of numbers written as text.
    codes : mapping of code to reason, optional
        Missing codes that are text; numeric ones are applied later, when the scale is known.
    known : sequence of str or None, shape (n,), optional
        Reasons that the file itself gives.

    Returns
    -------
    Column

    Examples
    --------
    >>> read_column(pd.Series(["4", "", "four"])).values.tolist()
    [4.0, nan, nan]
    """
    words = {code: reason for code, reason in (codes or {}).items() if isinstance(code, str)}
    if pd.api.types.is_bool_dtype(column.dtype) or pd.api.types.is_numeric_dtype(column.dtype):
        values = np.asarray(column.to_numpy(dtype=float, na_value=np.nan), dtype=np.float64)
        reasons = np.full(len(values), None, dtype=object)
        reasons[np.isnan(values)] = SKIPPED
        none = np.zeros(len(values), dtype=bool)
        return Column(values, _prefer(reasons, known), none, none.copy())
    told = distinct(column)
    if told is not None:
        found = [_read_text(text, decimal, words) for text in told.texts]
        why = told.spread([f[1] for f in found], SKIPPED)
        return Column(
            told.spread([f[0] for f in found], np.nan, np.float64),
            _prefer(why, known),
            told.spread([f[2] for f in found], False, np.bool_),
            told.spread([f[3] for f in found], False, np.bool_),
        )
    seen: dict[Any, tuple[float, str | None, bool, bool]] = {}
    cells = [_read_cell(cell, decimal, words, seen) for cell in column.astype(object)]
    values = np.array([c[0] for c in cells], dtype=np.float64)
    reasons = np.array([c[1] for c in cells], dtype=object)
    unread = np.array([c[2] for c in cells], dtype=bool)
    labelled = np.array([c[3] for c in cells], dtype=bool)
    return Column(values, _prefer(reasons, known), unread, labelled)


def _prefer(
    reasons: NDArray[np.object_], known: Sequence[str | None] | NDArray[np.object_] | None
) -> NDArray[np.object_]:
    """Let the file's own reason for a missing cell win over ours."""
    return reasons if known is None else overlaid(reasons, known)


def _read_cell(
    cell: Any, decimal: str, words: Mapping[str, str], seen: dict[Any, tuple[float, str | None, bool, bool]]
) -> tuple[float, str | None, bool, bool]:
    """Return value, reason, unread, labelled; remember what was read before."""
    if isinstance(cell, int | float | np.integer | np.floating) and not isinstance(cell, bool):
        number = float(cell)
        return (number, SKIPPED, False, False) if number != number else (number, None, False, False)
    if cell is None or cell is pd.NA or cell is pd.NaT:
        return (np.nan, SKIPPED, False, False)
    if not isinstance(cell, str):
        return (np.nan, None, True, False)
    if cell not in seen:
        seen[cell] = _read_text(cell, decimal, words)
    return seen[cell]


def _read_text(text: str, decimal: str, words: Mapping[str, str]) -> tuple[float, str | None, bool, bool]:
    code = as_code(text)
    if isinstance(code, str) and code in words:
        return (np.nan, words[code], False, False)
    if isinstance(code, str) and code in BLANK:
        return (np.nan, SKIPPED, False, False)
    number = parse_number(text, decimal)
    if number is None:
        return (np.nan, None, True, False)
    return (number[0], None, False, number[1] == "labelled")
