"""Frame rows: where the header of a plain table stands, and which rows below are totals or remarks."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from satloyal.notes import Note
from satloyal.survey.clean import listing
from satloyal.survey.labels.normal import normalise
from satloyal.survey.numbers import parse_number, show_cell
from satloyal.survey.raw import Finding
from satloyal.survey.readers.grid import Grid

__all__ = ["groups_above", "header_row", "without_totals"]

LOOKED_AT = 10
"""Rows in which a header is looked for."""
_TOTALS = frozenset(
    {
        *("average", "averages", "avg", "mean", "means", "total", "totals", "grand total", "subtotal", "sum"),
        *("count", "n", "median", "min", "minimum", "max", "maximum", "std", "std dev", "std deviation"),
        *("standard deviation", "sd", "stdev", "variance", "percent", "top 2 box", "top-2-box"),
        *("平均", "平均值", "平均分", "均值", "合计", "总计", "小计", "总和", "总数", "标准差", "中位数"),
        *("最大值", "最小值", "人数", "合計", "總計", "小計", "總和", "總數", "標準差", "中位數"),
        *("mittelwert", "durchschnitt", "summe", "gesamt", "anzahl", "moyenne", "somme", "promedio", "media"),
    }
)
_REMARK = re.compile(
    r"(?:note|source|generated|exported|注|说明|備註|备注|来源|資料來源|\*)(?![a-z])", re.IGNORECASE
)
_ROUNDED = 0.0051
"""A mean printed with two decimals is at most so far from the mean."""


def _filled(row: Sequence[Any]) -> int:
    return sum(cell is not None for cell in row)


def _text(cell: Any, decimal: str) -> str | None:
    if not isinstance(cell, str) or parse_number(cell, decimal) is not None:
        return None
    return " ".join(cell.split())


def header_row(grid: Grid) -> int:
    """Return the index of the row of column names.

    It is the first row, unless that fills at most half of the columns (a title, names of groups) and one of
    the next rows names every column, with words that occur only there.

    Examples
    --------
    >>> rows = (("Survey 2024", None, None), ("cid", "SAT", "TRU"), ("C1", 4.0, 5.0), ("C2", 3.0, 3.0))
    >>> header_row(Grid(rows, (1, 3, 4, 5)))
    1
    """
    rows = grid.rows
    width = max((_filled(row) for row in rows[:200]), default=0)
    if width < 2 or 2 * _filled(rows[0]) > width + 1:
        return 0
    for i, row in enumerate(rows[:LOOKED_AT]):
        if i and 2 * _filled(row) > width + 1:
            return i if _names_all(grid, i, width) else 0
    return 0


def _names_all(grid: Grid, i: int, width: int) -> bool:
    """Whether a row names every column with words that stand nowhere below in it, and numbers do."""
    names = [_text(cell, grid.decimal) for cell in grid.rows[i] if cell is not None]
    if len(names) < width or None in names or len(set(names)) < len(names):
        return False
    below = grid.rows[i + 1 :]
    columns = [j for j, cell in enumerate(grid.rows[i]) if cell is not None]
    recurs = any(j < len(row) and row[j] == grid.rows[i][j] for row in below for j in columns)
    numbers = any(
        j < len(row) and row[j] is not None and _text(row[j], grid.decimal) is None
        for row in below
        for j in columns
    )
    return bool(below) and not recurs and (numbers or len(below) > 5)


def groups_above(grid: Grid, header: int) -> list[str]:
    """Return what a row of merged cells above the names calls each group of columns, or nothing.

    Examples
    --------
    >>> rows = ((None, "Satisfaction", None, "Trust"), ("cid", "SAT1", "SAT2", "TRU1"), ("C1", 4.0, 5.0, 3.0))
    >>> groups_above(Grid(rows, (1, 2, 3)), 1)
    ['', 'Satisfaction', 'Satisfaction', 'Trust']
    """
    width = len(grid.rows[header])
    if not header or _filled(grid.rows[header - 1]) < 2:
        return [""] * width
    out, group = [], ""
    for j in range(width):
        cell = grid.rows[header - 1][j] if j < len(grid.rows[header - 1]) else None
        group = group if cell is None else " ".join(str(cell).split())
        out.append(group)
    return out


def without_totals(grid: Grid, first: int) -> tuple[list[int], tuple[Finding, ...]]:
    """Return the rows of respondents: averages, totals and remarks at the end are none.

    Parameters
    ----------
    grid : Grid
    first : int
        Index of the first respondent.
    """
    rows = list(range(first, len(grid.rows)))
    gone: list[int] = []
    while len(rows) > 1 and (
        _is_total(grid, rows[-1]) or _is_remark(grid, rows[-1]) or _is_computed(grid, rows[:-1], rows[-1])
    ):
        gone.insert(0, rows.pop())
    if not gone:
        return rows, ()
    said = listing(
        f"row {grid.numbers[i]} ({show_cell(next(c for c in grid.rows[i] if c is not None))})" for i in gone
    )
    message = f"left out at the end, because {'they are' if len(gone) > 1 else 'it is'} no respondent: {said}"
    return rows, (Finding(Note("totals", message, len(gone)), eye=True),)


def _is_total(grid: Grid, i: int) -> bool:
    """Whether the first word of a row is that of a total and nothing but numbers follow."""
    cells = [cell for cell in grid.rows[i] if cell is not None]
    first = _text(cells[0], grid.decimal)
    if first is None or normalise(first.rstrip(":： ")) not in _TOTALS:
        return False
    return all(_text(cell, grid.decimal) is None for cell in cells[1:])


def _is_remark(grid: Grid, i: int) -> bool:
    """Whether a row is one cell of words that no other row has in its place: a source or a note."""
    cells = [cell for cell in grid.rows[i] if cell is not None]
    text = _text(cells[0], grid.decimal) if len(cells) == 1 else None
    if text is None or grid.rows[i][0] is None or max(map(_filled, grid.rows)) < 3:
        return False
    return bool(_REMARK.match(text)) or (" " in text and len(text) > 20) or len(text) > 40


def _is_computed(grid: Grid, rows: Sequence[int], i: int) -> bool:
    """Whether a row without a first cell holds the means or the sums of the columns above it."""
    row = grid.rows[i]
    if len(rows) < 3 or not row or row[0] is not None or any(grid.rows[k][0] is None for k in rows):
        return False
    pairs = []
    for j, cell in enumerate(row):
        if cell is None:
            continue
        value = _number(cell, grid.decimal)
        above = [_number(grid.rows[k][j] if j < len(grid.rows[k]) else None, grid.decimal) for k in rows]
        known = [v for v in above if v is not None]
        if value is None or len(known) < 3:
            return False
        pairs.append((value, float(np.mean(known)), float(np.sum(known))))
    return len(pairs) > 1 and any(all(abs(p[0] - p[k]) < _ROUNDED for p in pairs) for k in (1, 2))


def _number(cell: Any, decimal: str) -> float | None:
    if isinstance(cell, int | float) and not isinstance(cell, bool):
        return float(cell)
    found = parse_number(cell, decimal) if isinstance(cell, str) else None
    return found[0] if found is not None and found[1] == "number" else None
