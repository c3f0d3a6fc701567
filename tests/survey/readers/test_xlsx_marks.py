"""Hidden rows and formulas without a value are told; other workbooks are left in peace."""

from __future__ import annotations

import warnings

import openpyxl
import pytest

from satloyal.errors import SurveyWarning
from satloyal.survey.readers import read_survey
from satloyal.survey.readers.xlsx_marks import xlsx_findings


def save(folder, *, hidden=(), formula=False, title="Data & more"):
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = title
    book.create_sheet("Empty")
    for row in [["cid", "A", "B"], *([f"C{i}", 1 + i % 5, 5 - i % 5] for i in range(8))]:
        sheet.append(row)
    for row in hidden:
        sheet.row_dimensions[row].hidden = True
    if formula:
        sheet["B3"] = "=1+1"
        sheet["C4"] = "=SUM(A1:A2)"
    path = folder / "t.xlsx"
    book.save(path)
    return path


def load(path):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", SurveyWarning)
        survey = read_survey(path)
    return survey, " | ".join(str(w.message) for w in caught)


def test_hidden_rows_are_respondents_and_told(tmp_path):
    survey, said = load(save(tmp_path, hidden=(3, 5)))
    assert len(survey) == 8
    assert "2 rows are hidden" in said
    assert "row 3, 5" in said


def test_formulas_without_a_value_are_told_with_their_cells(tmp_path):
    survey, said = load(save(tmp_path, formula=True))
    assert "2 formulas have no stored value" in said
    assert "B3, C4" in said
    assert survey.frame["A"].isna().sum() == 1


def test_an_ordinary_sheet_says_nothing(tmp_path):
    assert load(save(tmp_path))[1] == ""


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04", b"PK\x05\x06" + b"\x00" * 18])
def test_what_is_no_workbook_gives_nothing(data):
    assert xlsx_findings(data, "Sheet1") == ()
