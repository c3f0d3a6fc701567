"""Files in the shape of vendors' exports, written for a test."""

from __future__ import annotations

import csv
import io
import warnings
from pathlib import Path

import openpyxl

from satloyal.errors import SurveyWarning
from satloyal.survey.readers import read_survey, registry
from satloyal.survey.readers.export import open_export

EXPORTS = Path(__file__).parents[1] / "exports"


def text_file(folder, rows, *, delimiter=",", encoding="utf-8", quoting=csv.QUOTE_MINIMAL, name="export.dat"):
    """Write rows as delimited text under a name that says nothing."""
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=delimiter, quoting=quoting, lineterminator="\r\n").writerows(rows)
    path = folder / name
    path.write_bytes(out.getvalue().encode(encoding))
    return path


def workbook(folder, rows, name="export.dat"):
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(["" if cell is None else cell for cell in row])
    book.save(folder / "made.xlsx")
    return (folder / "made.xlsx").rename(folder / name)


def raw_of(path, vendor="auto"):
    """Return the vendor that was recognised and its raw table."""
    export = open_export(path)
    reader, _ = registry.choose(export, vendor)
    return reader.name, reader.read(export)


def quiet(path, *args, **options):
    """Read a survey, whatever it warns of."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SurveyWarning)
        return read_survey(path, *args, **options)
