"""Export: one survey file, opened once, for every reader to look at."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from satloyal.errors import SurveyError
from satloyal.notes import Note
from satloyal.survey.raw import Finding
from satloyal.survey.readers.container import Container, expected_container, identify
from satloyal.survey.readers.grid import Grid
from satloyal.survey.readers.text import read_text
from satloyal.survey.readers.workbook import read_workbook
from satloyal.survey.readers.xlsx_marks import xlsx_findings

__all__ = ["Export", "open_export"]


@dataclass(frozen=True)
class Export:
    """A survey file and what the user said about it.

    Parameters
    ----------
    path : Path
        Where it lies.
    data : bytes
        What is in it.
    container : str
        What it is by its content.
    sheet : str or int, optional
        Sheet to read.
    encoding : str, optional
        Text encoding, where the user knows it.
    labels : Path, optional
        File with the labels of the answers' codes.
    """

    path: Path
    data: bytes
    container: Container
    sheet: str | int | None = None
    encoding: str | None = None
    labels: Path | None = None

    @property
    def is_table(self) -> bool:
        """Whether it is text or a workbook, so that :attr:`grid` can be asked for."""
        return self.container in ("text", "xlsx", "xls", "ods")

    @cached_property
    def grid(self) -> Grid:
        """The rows of cells of a text file or sheet, read on first use.

        Raises
        ------
        SurveyError
            If the file cannot be read as such.
        """
        if self.container == "text":
            return read_text(self.data, self.encoding)
        if self.is_table:
            grid = read_workbook(self.data, self.sheet)
            marks = xlsx_findings(self.data, grid.sheet or "") if self.container == "xlsx" else ()
            return replace(grid, findings=(*grid.findings, *marks))
        raise SurveyError(f"a .{self.container} file has no grid of cells")

    @property
    def sha256(self) -> str:
        """Hash of the file's bytes."""
        return hashlib.sha256(self.data).hexdigest()

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Whether the file's name tells the truth about its content."""
        promised = expected_container(self.path.name)
        if promised is None or promised == self.container:
            return ()
        is_what = "CSV text" if self.container == "text" else f".{self.container} content"
        message = f"the name ends in {self.path.suffix} but this is {is_what}; read by its content"
        return (Finding(Note("file type", message), eye=True),)


def open_export(
    path: str | Path,
    *,
    sheet: str | int | None = None,
    encoding: str | None = None,
    labels: str | Path | None = None,
) -> Export:
    """Open a survey file and find out what it is.

    Raises
    ------
    SurveyError
        If it is not there, cannot be read, or is nothing that can be read as a survey.
    """
    path = Path(path)
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise SurveyError("there is no such file", where=str(path), fix="check the path") from None
    except IsADirectoryError:
        raise SurveyError(
            "this is a folder, not a file", where=str(path), fix="name the file in it"
        ) from None
    except OSError as err:
        raise SurveyError(
            f"the file cannot be read: {err.strerror or type(err).__name__}", where=str(path)
        ) from None
    except ValueError as err:
        raise SurveyError(f"this is no path: {err}", where=repr(str(path))) from None
    return Export(path, data, identify(data), sheet, encoding, None if labels is None else Path(labels))
