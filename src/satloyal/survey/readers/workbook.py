"""Workbook: from an Excel or OpenDocument file to a grid."""

from __future__ import annotations

import datetime as dt
import io
from typing import Any

from python_calamine import CalamineError, CalamineWorkbook, PasswordError, SheetTypeEnum

from satloyal.errors import SurveyError
from satloyal.notes import Note
from satloyal.survey.nearest import did_you_mean
from satloyal.survey.raw import Finding
from satloyal.survey.readers.grid import Grid

__all__ = ["read_workbook"]

CELL_LIMIT = 50_000_000
"""Cells that a sheet may span."""


def read_workbook(data: bytes, sheet: str | int | None = None) -> Grid:
    """Read one sheet of a workbook.

    Parameters
    ----------
    data : bytes
        The file.
    sheet : str or int, optional
        Name, or number from 0. It may be left out if only one sheet holds anything.

    Raises
    ------
    SurveyError
        If the workbook cannot be read, has no such sheet, or has several sheets with cells and none is named.
    """
    try:
        return _read(data, sheet)
    except SurveyError:
        raise
    except PasswordError:
        raise SurveyError("the workbook is protected by a password", fix="save it without one") from None
    except (CalamineError, OSError, ValueError, KeyError) as err:
        raise _damaged(err) from err
    except BaseException as err:
        # calamine's Rust code panics on some damaged files; the panic is no Exception.
        if type(err).__name__ == "PanicException":
            raise _damaged(err) from None
        raise


def _damaged(err: BaseException) -> SurveyError:
    return SurveyError(
        f"the workbook is damaged: {err}", fix="open it in a spreadsheet program and save it again"
    )


def _read(data: bytes, sheet: str | int | None) -> Grid:
    book = CalamineWorkbook.from_filelike(io.BytesIO(data))
    names = [m.name for m in book.sheets_metadata if m.typ == SheetTypeEnum.WorkSheet]
    name = _choose(book, names, sheet)
    table = book.get_sheet_by_name(name)
    if table.total_height * table.total_width > CELL_LIMIT:
        raise SurveyError(
            f"sheet {name!r} is too large: {table.total_height:,} rows × {table.total_width:,} columns",
            fix="delete formatted but empty rows and columns, or save the sheet as CSV",
        )
    cells = [tuple(_cell(c) for c in row) for row in table.to_python(skip_empty_area=False)]
    kept = [i for i, row in enumerate(cells) if any(c is not None for c in row)]
    inside = (kept[-1] + 1 - len(kept)) if kept else 0
    trailing = len(cells) - 1 - kept[-1] if kept else 0
    findings: tuple[Finding, ...] = ()
    if inside or trailing:
        message = f"{inside + trailing} empty row{'s' if inside + trailing > 1 else ''} left out"
        findings = (Finding(Note("empty rows", message, inside + trailing)),)
    return Grid(tuple(cells[i] for i in kept), tuple(i + 1 for i in kept), None, None, name, ".", findings)


def _choose(book: CalamineWorkbook, names: list[str], sheet: str | int | None) -> str:
    listed = ", ".join(repr(n) for n in names)
    if isinstance(sheet, int) and not isinstance(sheet, bool):
        if not 0 <= sheet < len(names):
            raise SurveyError(f"there is no sheet number {sheet}", fix=f"the sheets are {listed}")
        return names[sheet]
    if sheet is not None:
        if sheet not in names:
            raise SurveyError(
                f"there is no sheet {sheet!r}{did_you_mean(str(sheet), names)}",
                fix=f"the sheets are {listed}",
            )
        return sheet
    filled = [n for n in names if book.get_sheet_by_name(n).total_height > 0]
    if not filled:
        raise SurveyError("the workbook is empty", fix="export it again")
    if len(filled) > 1:
        raise SurveyError(
            f"the workbook has several sheets with cells: {', '.join(repr(n) for n in filled)}",
            fix=f"say which one to read, for instance sheet={filled[0]!r}",
        )
    return filled[0]


def _cell(cell: Any) -> Any:
    """Return text, a number, a date, or ``None``; true and false become text, as they are no answers."""
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, int | float | dt.date | dt.time | dt.timedelta):
        return cell
    text = str(cell)
    return text if text.strip() else None
