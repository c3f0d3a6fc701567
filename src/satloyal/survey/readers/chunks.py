"""Chunks: the columns that are asked for, of a file that may be larger than memory, some rows at a time."""

from __future__ import annotations

import codecs
import csv
import functools
import io
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import chain, islice
from pathlib import Path
from typing import Any, TextIO

import pandas as pd
import pyreadstat

from satloyal.errors import SurveyError
from satloyal.survey.clean import listing
from satloyal.survey.nearest import did_you_mean
from satloyal.survey.numbers import parse_number
from satloyal.survey.raw import RawTable
from satloyal.survey.readers import registry
from satloyal.survey.readers.container import identify
from satloyal.survey.readers.export import Export
from satloyal.survey.readers.frame_rows import header_row, without_totals
from satloyal.survey.readers.grid import Grid
from satloyal.survey.readers.labelled import open_labelled
from satloyal.survey.readers.parquet import require_pyarrow
from satloyal.survey.readers.plain import PlainReader, require_even
from satloyal.survey.readers.spss import labelled_table
from satloyal.survey.readers.text import delimiter_of

__all__ = ["table_chunks"]

Part = tuple[RawTable, int, int | None]
Numbered = tuple[int, list[str]]

_HEAD = 1 << 22  # characters and bytes that show what a file is
_LOOKED_AT = 500  # rows that show whose export it is
_TAIL = 50  # rows at the end among which totals are looked for
_LONGEST = 10_000_000  # characters of a cell


def table_chunks(path: Path, names: Sequence[str], rows: int, encoding: str | None) -> Iterator[Part]:
    """Read some columns of a file, some rows at a time.

    Parameters
    ----------
    path : Path
        Delimited text with a row of column names, Parquet, or an SPSS file (``.sav``, ``.zsav``).
    names : sequence of str
        Columns.
    rows : int
        Rows of a chunk.
    encoding : str, optional
        Of a text file; UTF-8 unless told.

    Yields
    ------
    raw : RawTable
        With at least one row; its columns stand in the file's order.
    done, total : int
        How much is done and how much there is: rows, or bytes of a text file. ``total`` may be ``None``.

    Raises
    ------
    SurveyError
        If the file is none of these, a column is not there, or the file cannot be read.
    """
    try:
        with path.open("rb") as stream:
            head = stream.read(_HEAD)
    except OSError as err:
        raise SurveyError(f"the file cannot be read: {err.strerror}", fix="check the path") from None
    whole = "a workbook" if head.startswith((b"PK", b"\xd0\xcf\x11\xe0")) else None
    container = "xlsx" if whole else identify(head)
    if container == "parquet":
        return _parquet(path, names, rows)
    if container == "sav":
        return _sav(path, names, rows, encoding)
    if container == "text":
        return _text(path, names, rows, encoding or "utf-8")
    raise SurveyError(
        f"{whole or f'a .{container} file'} is not read in chunks", fix="use read_survey(…).describe()"
    )


def _require(names: Sequence[str], there: Sequence[str]) -> None:
    absent = [name for name in names if name not in there]
    if absent:
        said = listing((f"{n!r}{did_you_mean(n, there)}" for n in absent), 8)
        raise SurveyError(
            f"the codebook names columns that are not in the data: {said}",
            fix=f"correct the codebook; the columns are {listing(there, 30)}",
        )


def _text(path: Path, names: Sequence[str], rows: int, encoding: str) -> Iterator[Part]:
    codec = _codec(encoding)
    former = csv.field_size_limit(_LONGEST)
    try:
        with path.open("rb") as raw:
            size = path.stat().st_size
            with io.TextIOWrapper(raw, encoding=codec, newline="") as stream:
                delimiter = delimiter_of(stream.read(_HEAD))
                stream.seek(0)
                records = _records(stream, delimiter)
                head = list(islice(records, _LOOKED_AT))
                grid = _grid(head, delimiter)
                columns = _plain(path, grid, names)
                marks: set[str] = set()
                for chunk in _without_tail(chain(head[1:], records), head[0], delimiter, rows):
                    if any(len(row) != len(head[0][1]) for _, row in chunk):
                        require_even(_grid([head[0], *chunk], delimiter))
                    cells = _columns(chunk, columns)
                    decimal = _decimal(cells, delimiter, marks)
                    numbers = tuple(number for number, _ in chunk)
                    yield RawTable(cells, numbers, decimal=decimal), min(raw.tell(), size), size
    except UnicodeError as err:
        raise SurveyError(
            f"the file is not {encoding} text ({err})", fix="state its `encoding`, or use read_survey"
        ) from None
    except csv.Error as err:
        raise SurveyError(
            f"the quotation marks do not match ({err})",
            fix="a quotation mark inside a cell must be doubled; export it again",
        ) from None
    finally:
        csv.field_size_limit(former)


def _codec(encoding: str) -> str:
    try:
        codecs.lookup(encoding)
    except LookupError:
        raise SurveyError(
            f"there is no text encoding {encoding!r}", fix="use a name such as 'utf-8', 'gb18030' or 'big5'"
        ) from None
    return "utf-8-sig" if encoding.casefold() in ("utf-8", "utf8") else encoding


def _records(stream: TextIO, delimiter: str) -> Iterator[Numbered]:
    """Give the rows that hold anything, each with its number in the file."""
    for number, row in enumerate(csv.reader(stream, delimiter=delimiter, strict=True), 1):
        if any(map(str.strip, row)):
            yield number, row


def _grid(records: Sequence[Numbered], delimiter: str) -> Grid:
    rows = tuple(tuple(cell if cell.strip() else None for cell in row) for _, row in records)
    return Grid(rows, tuple(number for number, _ in records), delimiter=delimiter)


def _plain(path: Path, grid: Grid, names: Sequence[str]) -> dict[str, int]:
    """Return where the columns stand, in the file's order; refuse what is no plain table."""
    if not grid.rows:
        raise SurveyError("the file is empty: it has no cells", fix="export it again")
    if any("\x00" in cell for row in grid.rows for cell in row if cell):
        raise SurveyError("this is no UTF-8 text: it holds NUL characters", fix="state its `encoding`")
    export = Export(path, b"", "text")
    export.__dict__["grid"] = grid
    reader, match = registry.choose(export)
    if reader.name != "plain":
        raise SurveyError(
            f"this is an export of {reader.name} ({match.why}), which is not read in chunks",
            fix="use read_survey(…).describe(), or save it as a table with one row of column names",
        )
    if header_row(grid):
        raise SurveyError(
            "titles stand above the column names, and such a table is not read in chunks",
            fix="use read_survey(…).describe(), or take the titles out",
        )
    found = PlainReader().read(export)
    _require(names, list(found.frame.columns))
    for name in names:
        if name in found.repeated:
            raise SurveyError(
                f"the codebook names column {name!r}, but the file has {len(found.repeated[name])} "
                "duplicated columns of that name",
                fix="give them different names in the file",
            )
    return {name: at for name, at in found.positions.items() if name in names}


def _without_tail(
    records: Iterator[Numbered], header: Numbered, delimiter: str, rows: int
) -> Iterator[list[Numbered]]:
    """Give chunks without averages, totals and remarks at the end of the file."""
    held: deque[Numbered] = deque()
    gap = False  # whether a respondent before the last rows has an empty first cell
    for record in records:
        held.append(record)
        if len(held) == rows + _TAIL:
            chunk = [held.popleft() for _ in range(rows)]
            gap = gap or any(not row[0].strip() for _, row in chunk if row)
            yield chunk
    grid = _grid([header, *held], delimiter)
    kept, gone = without_totals(grid, 1)
    if gone:
        said = listing(f"row {number}" for i, number in enumerate(grid.numbers) if i and i not in kept)
        raise SurveyError(
            f"the file ends with averages, totals or remarks ({said}), which are no respondents",
            fix="take these rows out of the file, or use read_survey(…).describe()",
        )
    last = grid.rows[kept[-1]] if kept else ()
    if not gap and last and last[0] is None and all(grid.rows[i][0] is not None for i in kept[:-1]):
        filled = [cell for cell in last if cell is not None]
        if len(filled) > 1 and all(parse_number(cell) is not None for cell in filled):
            raise SurveyError(
                f"row {grid.numbers[kept[-1]]}, the last, is the only one without a first cell: it may hold "
                "means or sums, which chunks cannot tell",
                fix="take it out of the file, fill its first cell, or use read_survey(…).describe()",
            )
    while held:
        yield [held.popleft() for _ in range(min(rows, len(held)))]


def _columns(chunk: Sequence[Numbered], columns: dict[str, int]) -> pd.DataFrame:
    cells = list(zip(*(row for _, row in chunk), strict=True))
    return pd.DataFrame(
        {
            name: pd.Series([c if c.strip() else None for c in cells[j]], dtype=object)
            for name, j in columns.items()
        }
    )


def _decimal(cells: pd.DataFrame, delimiter: str, marks: set[str]) -> Any:
    """Return the decimal mark; chunks of one file must agree."""
    if delimiter == ",":
        return "."
    for name in cells:
        for text in cells[name].dropna().unique():
            plain = text.strip()
            if "." in plain and parse_number(plain) is not None:
                marks.add(".")
            elif "," in plain and parse_number(plain) is None and parse_number(plain, ",") is not None:
                marks.add(",")
    if len(marks) > 1:
        raise SurveyError(
            "numbers have decimal points and decimal commas", fix="write one of them throughout"
        )
    return "," if "," in marks else "."


def _parquet(path: Path, names: Sequence[str], rows: int) -> Iterator[Part]:
    parquet = require_pyarrow()
    # pyarrow's own errors are kinds of ValueError, OSError, KeyError, TypeError and NotImplementedError
    try:
        with parquet.ParquetFile(path, pre_buffer=False) as file:
            there = {" ".join(str(name).split()): name for name in file.schema_arrow.names}
            total, done = int(file.metadata.num_rows), 0
            _require(names, list(there))
            taken = {name: column for name, column in there.items() if name in names}
            for batch in file.iter_batches(rows, columns=list(taken.values())):
                frame = batch.to_pandas(ignore_metadata=True)[list(taken.values())].set_axis(
                    list(taken), axis=1
                )
                done += len(frame)
                yield RawTable(frame, tuple(range(done - len(frame) + 1, done + 1))), done, total
    except (OSError, ValueError, KeyError, TypeError, NotImplementedError) as err:
        why = str(err).splitlines()[0][:120] if str(err) else type(err).__name__
        raise SurveyError(f"the Parquet file is damaged: {why}", fix="write it again") from err


def _sav(path: Path, names: Sequence[str], rows: int, encoding: str | None) -> Iterator[Part]:
    """Read an SPSS file; it holds no index, so that every chunk passes over the rows before it."""
    export = Export(path, b"", "sav", encoding=encoding)
    _, meta = open_labelled(functools.partial(pyreadstat.read_sav, metadataonly=True), export)
    _require(names, list(meta.column_names))
    total = meta.number_rows if isinstance(meta.number_rows, int) and meta.number_rows >= 0 else None
    done = 0
    while total is None or done < total:
        read = functools.partial(pyreadstat.read_sav, row_offset=done, row_limit=rows, usecols=list(names))
        frame, meta = open_labelled(read, export)
        if not len(frame):
            break
        found = labelled_table(frame, meta)
        done += len(frame)
        yield replace(found, rows=tuple(range(done - len(frame) + 1, done + 1))), done, total
