"""Cells of tables of estimates: numbers where there are numbers, reasons where there are none."""

from __future__ import annotations

from typing import Any

import pandas as pd

from satloyal.reporting import numbers
from satloyal.reporting.table import Cell, Column, Kind, Table, undefined

__all__ = ["ESTIMATES", "estimate_cells", "frame_table", "pair", "value_cell"]

ESTIMATES = (
    Column("est", "Estimate", "number", 3),
    Column("se", "SE", "number", 3),
    Column("ci", "95 % interval", "interval", 3),
    Column("pvalue", "p", "p"),
    Column("std_all", "Std.", "bounded", 2),
)
"""The columns of every table of estimates."""


def value_cell(value: Any, reason: str = "") -> Cell:
    """Return a number as a cell; without a number, the reason."""
    number = float(value) if value is not None and not isinstance(value, str) else float("nan")
    return Cell(number) if numbers.defined(number) else undefined(reason)


def pair(row: Any, low: str = "ci_lower", high: str = "ci_upper") -> tuple[float, float] | None:
    """Return the interval of a row of ``tidy()``, or ``None`` if an end is undefined."""
    lower, upper = float(getattr(row, low)), float(getattr(row, high))
    return (lower, upper) if numbers.defined(lower) and numbers.defined(upper) else None


def estimate_cells(row: Any, *, fixed: bool = False, reason: str = "") -> list[Cell]:
    """Return estimate, SE, interval, p and standardised estimate of a row of ``tidy()``.

    Parameters
    ----------
    row : named tuple
        A row of ``tidy()``.
    fixed : bool
        Whether the value was fixed and not estimated: it has no error and no interval.
    reason : str
        Why undefined numbers of this fit are undefined.
    """
    why = "fixed, not estimated" if fixed else reason or "could not be computed"
    found = None if fixed else pair(row)
    return [
        value_cell(row.est, reason or why),
        undefined(why) if fixed else value_cell(row.se, why),
        Cell(found) if found is not None else undefined(why),
        undefined(why) if fixed else value_cell(row.pvalue, why),
        value_cell(row.std_all, reason or "could not be computed"),
    ]


def frame_table(
    name: str, caption: str, frame: pd.DataFrame, kinds: dict[str, tuple[str, Kind, int]]
) -> Table:
    """Turn a DataFrame into a table; `kinds` says label, kind and decimals of the columns it knows.

    Columns that `kinds` does not know are shown too: as numbers with two decimals or as text.
    """
    columns = []
    for key in map(str, frame.columns):
        numeric = pd.api.types.is_numeric_dtype(frame[key])
        label, kind, digits = kinds.get(key, (_title(key), "number" if numeric else "text", 2))
        columns.append(Column(key, label, kind, digits))
    rows = [
        [_plain(value, column) for value, column in zip(row, columns, strict=True)]
        for row in frame.itertuples(index=False, name=None)
    ]
    return Table.build(name, caption, columns, rows)


def _title(key: str) -> str:
    text = key.replace("_", " ").strip()
    return text[:1].upper() + text[1:]


def _plain(value: Any, column: Column) -> Cell | str | float | int | None:
    if column.numeric:
        return value_cell(pd.to_numeric(value, errors="coerce"), "")
    return "" if value is None or value is pd.NA or value != value else str(value)
