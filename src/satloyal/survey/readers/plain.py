"""Plain tables: CSV and workbooks with column names, titles above them and totals below."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from satloyal.errors import SurveyError
from satloyal.notes import Note
from satloyal.survey.clean import listing
from satloyal.survey.numbers import parse_number
from satloyal.survey.raw import Finding, RawTable
from satloyal.survey.readers.export import Export
from satloyal.survey.readers.frame_rows import groups_above, header_row, without_totals
from satloyal.survey.readers.grid import Grid
from satloyal.survey.readers.heading import Heading, table_from
from satloyal.survey.readers.match import Match

__all__ = ["PlainReader", "require_even"]


_DURATIONS = frozenset(
    {
        *("durationinseconds", "durations", "duration", "durationseconds", "interviewduration"),
        *("completiontime", "interviewtime", "所用时间", "答题时长", "填答时间", "作答時間", "填答時間"),
    }
)
"""Names of columns that say how long an interview took."""


class PlainReader:
    """A table with a row of column names and one respondent in each row below."""

    name = "plain"

    def sniff(self, export: Export) -> Match:
        """Take any table, but let every vendor go first."""
        if export.is_table:
            return Match(0.1, "a table without a vendor's marks")
        return Match(0.0, f"a .{export.container} file is no plain table")

    def read(self, export: Export) -> RawTable:
        """Read the header and the rows below it.

        Raises
        ------
        SurveyError
            If rows are longer or shorter than the header, there is no header, or there are no rows.
        """
        grid = export.grid
        if not grid.rows:
            raise SurveyError("the file is empty: it has no cells", fix="export it again")
        header = header_row(grid)
        stems = groups_above(grid, header)
        above, grid = _cut(grid, header)
        require_even(grid)
        names = [_name(cell) for cell in grid.rows[0]]
        _require_header(grid, names)
        rows, totals = without_totals(grid, 1)
        headings = [
            Heading(name, stem=stem, kind="duration" if _key(name) in _DURATIONS else None)
            for name, stem in zip(names, stems, strict=True)
        ]
        return table_from(grid, headings, first=1, rows=rows, findings=(*above, *totals))


def _cut(grid: Grid, header: int) -> tuple[tuple[Finding, ...], Grid]:
    """Return the table from its header on, saying what stood above."""
    if not header:
        return (), grid
    note = Note(
        "header",
        f"the column names stand in row {grid.numbers[header]}; {header} "
        f"{'rows' if header > 1 else 'row'} of titles above are left out",
        header,
    )
    return (Finding(note),), replace(grid, rows=grid.rows[header:], numbers=grid.numbers[header:])


def require_even(grid: Grid) -> None:
    """Refuse rows that are longer or shorter than the first one.

    Raises
    ------
    SurveyError
        With the row numbers.
    """
    width = len(grid.rows[0])
    uneven = [(n, len(row)) for n, row in zip(grid.numbers, grid.rows, strict=True) if len(row) != width]
    if uneven:
        said = listing((f"row {n} has {k}" for n, k in uneven), 10)
        raise SurveyError(
            f"the header has {width} cells, but {len(uneven)} "
            f"row{'s have' if len(uneven) > 1 else ' has'} more or fewer: {said}",
            fix="a cell with the delimiter in it must stand in quotes; export again or mend these rows",
        )


def _key(name: str) -> str:
    return "".join(c for c in name.casefold() if c.isalnum())


def _name(cell: Any) -> str:
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    return "" if cell is None else " ".join(str(cell).replace("\ufeff", "").split())


def _require_header(grid: Grid, names: list[str]) -> None:
    """Refuse a file whose first row is a respondent: more than half of it numbers, as below."""
    if len(grid.rows) < 2:
        return
    filled = [(j, n) for j, n in enumerate(names) if n]
    numbers = [j for j, n in filled if parse_number(n, grid.decimal) is not None]
    below = [j for j in numbers if _is_number(grid.rows[1][j], grid.decimal)]
    if len(below) * 2 > len(filled):
        raise SurveyError(
            f"the first row looks like answers, not like column names ({listing(names)}): there is no header",
            fix="put a row with the column names first",
        )


def _is_number(cell: Any, decimal: str) -> bool:
    return isinstance(cell, int | float) or (
        isinstance(cell, str) and parse_number(cell, decimal) is not None
    )
