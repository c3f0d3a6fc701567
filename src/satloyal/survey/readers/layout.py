"""Layout: what the exports of several vendors have in common, from brackets in headers to boxes to tick."""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import zip_longest
from typing import Any

from satloyal.errors import SurveyError
from satloyal.notes import Note
from satloyal.survey.clean import listing
from satloyal.survey.raw import Finding
from satloyal.survey.readers.grid import Grid

__all__ = [
    "NOT_TICKED",
    "bracketed",
    "cells_of",
    "columns_of",
    "damaged_ids",
    "is_time",
    "key_of",
    "marks_of",
    "name_of",
    "require_rectangle",
    "shared_stems",
    "unescaped",
    "with_cells",
    "with_other",
]

NOT_TICKED = "no"
"""What a reader writes into a box that was seen and not ticked."""

_ESCAPED = re.compile(r"'(?=[=+\-@＝＋－＠])")
_TIME = re.compile(r"\s*\d{1,4}\s?[-/.年]\s?\d{1,2}\s?[-/.月]\s?\d{1,4}\b.*\d{1,2}[:.時时]\d{2}", re.DOTALL)
_SHORT_ID = re.compile(r"\d[.,]\d+E\+\d+", re.IGNORECASE)


def name_of(cell: object) -> str:
    r"""Return a header cell as a name on one line: no byte order mark, every white space one space.

    Examples
    --------
    >>> name_of(" Are you a\u00a0retail\ncustomer? "), name_of(2.0), name_of(None)
    ('Are you a retail customer?', '2', '')
    """
    if cell is None:
        return ""
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    return " ".join(str(cell).replace("\ufeff", "").split())


def key_of(cell: object) -> str:
    """Return a header cell as a vendor's own names are compared: without case, ``_`` as a space.

    Examples
    --------
    >>> key_of("respondent_id"), key_of("Respondent ID")
    ('respondent id', 'respondent id')
    """
    return name_of(cell).replace("_", " ").casefold()


def cells_of(grid: Grid, rows: Iterable[int], j: int) -> list[Any]:
    """Return a column's cells, ``None`` where a row is too short to have one."""
    return [grid.rows[i][j] if j < len(grid.rows[i]) else None for i in rows]


def columns_of(grid: Grid, rows: Iterable[int], width: int) -> list[tuple[Any, ...]]:
    """Return the cells of each of the first ``width`` columns, ``None`` where a row is too short."""
    columns = list(zip_longest(*(grid.rows[i] for i in rows)))[:width]
    return columns + [()] * (width - len(columns))


def require_rectangle(grid: Grid, header: int) -> None:
    """Refuse rows whose cells cannot be told to belong under the header: shifted, cut or run together.

    Parameters
    ----------
    grid : Grid
    header : int
        Number of header rows. They may be wider or narrower than the rows below by empty cells.

    Raises
    ------
    SurveyError
        With the row numbers.
    """
    body = range(header, len(grid.rows))
    if not body:
        return
    named = max((len(_trimmed(row)) for row in grid.rows[:header]), default=0)
    usual = Counter(len(grid.rows[i]) for i in body).most_common(1)[0][0]
    wrong = [i for i in body if len(grid.rows[i]) != usual or usual < named]
    if wrong:
        said = listing((f"row {grid.numbers[i]} has {len(grid.rows[i])}" for i in wrong), 10)
        raise SurveyError(
            f"{len(wrong)} row{'s have' if len(wrong) > 1 else ' has'} more or fewer cells than the header "
            f"or the other rows ({max(named, usual)}): {said}",
            fix="a cell with the delimiter in it must stand in quotes; export again or mend these rows",
        )


def _trimmed(row: Sequence[Any]) -> Sequence[Any]:
    end = len(row)
    while end and row[end - 1] is None:
        end -= 1
    return row[:end]


def bracketed(header: str) -> tuple[str, str] | None:
    """Split ``Stem [Row]`` at the bracket that the last one closes.

    Examples
    --------
    >>> bracketed("How satisfied are you? [Staff [branch]]"), bracketed("Age [years] today")
    (('How satisfied are you?', 'Staff [branch]'), None)
    """
    if not header.endswith("]"):
        return None
    depth = 0
    for i in range(len(header) - 1, -1, -1):
        depth += {"]": 1, "[": -1}.get(header[i], 0)
        if depth == 0:
            stem, row = header[:i].strip(), header[i + 1 : -1].strip()
            return (stem, row) if stem and row else None
    return None


def shared_stems(headers: Sequence[str]) -> list[tuple[str, str]]:
    """Return stem and row of each header; without a stem where no other column shares it.

    Examples
    --------
    >>> shared_stems(["Rate us [Staff]", "Rate us [Price]", "Age [years]"])
    [('Rate us', 'Staff'), ('Rate us', 'Price'), ('', 'Age [years]')]
    """
    parts = [bracketed(header) for header in headers]
    uses = Counter(part[0] for part in parts if part is not None)
    return [
        part if part is not None and uses[part[0]] > 1 else ("", header)
        for part, header in zip(parts, headers, strict=True)
    ]


def is_time(cell: object) -> bool:
    """Return whether a cell is a moment: a date with a time of day, in whatever order.

    Examples
    --------
    >>> is_time("2024/03/11 9:11:32 AM GMT+8"), is_time("11.03.2024 9:11:32"), is_time("5")
    (True, True, False)
    """
    return isinstance(cell, dt.datetime) or (isinstance(cell, str) and bool(_TIME.match(cell)))


def marks_of(cells: Iterable[Any]) -> frozenset[str]:
    """Return the different filled cells, as they are compared: numbers as whole numbers, text on one line."""
    return frozenset(name_of(cell) for cell in set(cells) if cell is not None)


def with_cells(grid: Grid, change: Callable[[int, int, Any], Any], first: int) -> Grid:
    """Return the grid with every cell from row ``first`` on put through ``change(row, column, cell)``."""
    body = (
        tuple(change(i, j, cell) for j, cell in enumerate(row))
        for i, row in enumerate(grid.rows[first:], start=first)
    )
    return replace(grid, rows=(*grid.rows[:first], *body))


def unescaped(grid: Grid, first: int) -> Grid:
    """Take out the apostrophe that a vendor puts before text that a spreadsheet would compute."""

    def plain(_i: int, _j: int, cell: Any) -> Any:
        return cell[1:] if isinstance(cell, str) and _ESCAPED.match(cell) else cell

    return with_cells(grid, plain, first)


def with_other(grid: Grid, rows: Sequence[int], questions: Mapping[int, Sequence[int]]) -> Grid:
    """Say "not ticked" where a respondent of several choices wrote only into the field for others.

    Parameters
    ----------
    grid : Grid
    rows : sequence of int
        Indices of the respondents.
    questions : mapping of int to sequence of int
        Column of the free field → columns of the boxes of its question.
    """
    marked: set[tuple[int, int]] = set()
    for other, boxes in questions.items():
        for i in rows:
            row = grid.rows[i]
            if other < len(row) and row[other] is not None and all(row[j] is None for j in boxes):
                marked |= {(i, j) for j in boxes}
    if not marked:
        return grid
    return with_cells(grid, lambda i, j, cell: NOT_TICKED if (i, j) in marked else cell, min(rows))


def damaged_ids(grid: Grid, rows: Iterable[int], column: int, name: str) -> tuple[Finding, ...]:
    """Warn of long ids that a spreadsheet program has shortened (``1.18731E+11``): no longer unique."""
    count = sum(
        isinstance(cell, str) and bool(_SHORT_ID.fullmatch(cell.strip()))
        for cell in cells_of(grid, rows, column)
    )
    if not count:
        return ()
    message = (
        f"{count} of the ids in {name!r} were shortened by a spreadsheet program (1.2E+11): different "
        "respondents may have the same one"
    )
    return (Finding(Note("ids", message, count), eye=True),)
