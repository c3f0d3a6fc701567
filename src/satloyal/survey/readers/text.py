"""Delimited text: from text to a grid, with the delimiter and the decimal mark found out."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Sequence
from typing import Literal

from satloyal.errors import SurveyError
from satloyal.notes import Note
from satloyal.survey.raw import Finding
from satloyal.survey.readers.encoding import decode
from satloyal.survey.readers.grid import Grid

__all__ = ["delimiter_of", "read_text"]

DELIMITERS = (",", ";", "\t", "|")
LOOKED_AT = 12
"""Logical rows that decide the delimiter."""

_HEAD = 1 << 18
"""Characters in which these rows are looked for first."""

_COMMA = re.compile(r"[+-]?\d+,\d+")
_POINT = re.compile(r"[+-]?\d+\.\d+")


def read_text(data: bytes, encoding: str | None = None) -> Grid:
    r"""Read a delimited text file.

    Raises
    ------
    SurveyError
        If it cannot be decoded, or ends inside a quoted cell; the message names the line where the quote
        opened.

    Examples
    --------
    >>> grid = read_text(b"id;w\n1;0,5\n")
    >>> grid.rows, grid.delimiter, grid.decimal
    ((('id', 'w'), ('1', '0,5')), ';', ',')
    """
    text, used, findings = decode(data, encoding)
    delimiter = delimiter_of(text)
    records = _records(text, delimiter)
    kept_cell = _Cells().__getitem__
    rows = tuple(tuple(map(kept_cell, record)) for record in records)
    kept = [i for i, row in enumerate(rows) if any(cell is not None for cell in row)]
    blank = _blank_between(kept, len(rows))
    if blank:
        message = f"{blank} empty row{'s' if blank > 1 else ''} left out"
        findings = (*findings, Finding(Note("empty rows", message, blank)))
    decimal = _decimal_of([rows[i] for i in kept[1:]], delimiter)
    if decimal == ",":
        note = Note(
            "decimal comma", "numbers such as 0,5 are read as 0.5; the file separates its cells otherwise"
        )
        findings = (*findings, Finding(note))
    return Grid(
        tuple(rows[i] for i in kept), tuple(i + 1 for i in kept), used, delimiter, None, decimal, findings
    )


class _Cells(dict[str, str | None]):
    """Cells as they are kept: ``None`` for a blank one, and equal ones only once in memory."""

    def __missing__(self, cell: str) -> str | None:
        value = self[cell] = cell if cell.strip() else None
        return value


def _blank_between(kept: Sequence[int], total: int) -> int:
    """Count empty rows, but not the line break at the very end of the file."""
    return total - len(kept) if kept else 0


def _records(text: str, delimiter: str) -> list[list[str]]:
    """Return the logical rows; a row may span lines where a quoted cell holds line breaks."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    records: list[list[str]] = []
    line = 1
    limit = csv.field_size_limit(10_000_000)
    try:
        for record in reader:
            records.append(record)
            line = reader.line_num + 1
    except csv.Error as err:
        raise _bad_quote(str(err), line, reader.line_num) from None
    finally:
        csv.field_size_limit(limit)
    return records


def _bad_quote(reason: str, opened: int, reached: int) -> SurveyError:
    if "unexpected end" in reason:
        return SurveyError(
            f"the file ends inside a quoted cell; the quote opened in the row that begins at line {opened}",
            fix="the export was cut off or has a stray quotation mark there; export it again",
        )
    return SurveyError(
        f"the quotation marks do not match in the row from line {opened} to line {reached} ({reason})",
        fix="a quotation mark inside a cell must be doubled; export it again",
    )


def delimiter_of(text: str) -> str:
    r"""Return the delimiter that gives the first rows equal numbers of cells, and the most of them.

    Examples
    --------
    >>> delimiter_of("a;b;c\n1,5;2;3\n"), delimiter_of("a,b\n1,2\n"), delimiter_of("one\n1\n")
    (';', ',', ',')
    """
    best, best_score = ",", (0.0, 0)
    head = text[:_HEAD]
    if len(text) > _HEAD and all(len(_widths(head, d, LOOKED_AT + 1)) > LOOKED_AT for d in DELIMITERS):
        text = head  # whose rows that count are whole
    for delimiter in DELIMITERS:
        widths = _widths(text, delimiter)
        if not widths or max(widths) < 2:
            continue
        width, count = Counter(widths).most_common(1)[0]
        score = (count / len(widths) if width > 1 else 0.0, width)
        if score > best_score:
            best, best_score = delimiter, score
    return best


def _widths(text: str, delimiter: str, most: int = LOOKED_AT) -> list[int]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    widths: list[int] = []
    try:
        for record in reader:
            if record:
                widths.append(len(record))
            if len(widths) == most:
                break
    except csv.Error:
        return widths
    return widths


def _decimal_of(rows: Sequence[tuple[str | None, ...]], delimiter: str) -> Literal[".", ","]:
    """Return the decimal mark: a comma only where it does not separate cells and no number has a point."""
    if delimiter == ",":
        return "."
    comma = False
    for row in rows:
        for cell in row:
            if cell is None:
                continue
            if _POINT.fullmatch(cell.strip()):
                return "."
            comma = comma or _COMMA.fullmatch(cell.strip()) is not None
    return "," if comma else "."
