"""Grid: rows of cells from a text file or a sheet, before anyone says what they mean."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from satloyal.survey.raw import Finding

__all__ = ["Grid"]


@dataclass(frozen=True, slots=True)
class Grid:
    """Rows of cells.

    Parameters
    ----------
    rows : tuple of tuple
        Cells: text, numbers or dates; ``None`` where a cell is empty. Rows without any cell are left out.
    numbers : tuple of int
        Row number in the file of each row, as a spreadsheet counts them (a cell with a line break in it does
        not make two rows).
    encoding, delimiter, sheet : str, optional
        Where they apply.
    decimal : {".", ","}
        Decimal mark of numbers written as text.
    findings : tuple of Finding
        What was noticed on the way.
    """

    rows: tuple[tuple[Any, ...], ...]
    numbers: tuple[int, ...]
    encoding: str | None = None
    delimiter: str | None = None
    sheet: str | None = None
    decimal: Literal[".", ","] = "."
    findings: tuple[Finding, ...] = ()
