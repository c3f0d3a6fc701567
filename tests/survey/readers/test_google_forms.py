"""Google Forms: grids keep their stem, quiz columns are no answers, and Timestamp alone is no proof."""

from __future__ import annotations

import csv
import datetime as dt

import pytest

from satloyal.errors import SurveyError

from .vendor_files import EXPORTS, quiet, raw_of, text_file, workbook

GRID = "How satisfied are you with us?"
HEADER = ["Timestamp", "Email Address", f"{GRID} [Staff]", f"{GRID} [Price\n(all in)]", "Age [years]", "Why?"]
ROWS = [
    ["2024/03/11 9:11:32 AM GMT+8", "a@example.org", "Satisfied", "Dissatisfied", "31", "N/A"],
    ["2024/03/11 9:12:32 AM GMT+8", "b@example.org", "Very satisfied", "Very dissatisfied", "45", ""],
    ["2024/03/11 9:13:00 AM GMT+8", "c@example.org", "", "Neither satisfied nor dissatisfied", "", "none"],
]


@pytest.mark.parametrize("name", ["google_forms.csv", "google_sheets_form_responses.csv"])
def test_the_samples_are_recognised_and_keep_stem_and_row(name):
    vendor, raw = raw_of(EXPORTS / name)
    assert vendor == "google_forms"
    assert len(raw.frame) == 48
    column = "How satisfied are you with each of the following? [Staff knowledge]"
    assert raw.texts[column] == "Staff knowledge"
    assert raw.stems[column] == "How satisfied are you with each of the following?"
    assert raw.kinds["Timestamp"] == "meta"
    assert raw.positions["Customer number"] == 1


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("quoting", [csv.QUOTE_ALL, csv.QUOTE_MINIMAL])
def test_labels_become_numbers_and_people_leave_the_table(tmp_path, encoding, quoting):
    survey = quiet(text_file(tmp_path, [HEADER, *ROWS], encoding=encoding, quoting=quoting))
    assert survey.source.reader == "google_forms"
    assert "Email Address" not in survey.frame
    assert survey.frame[f"{GRID} [Staff]"].tolist()[:2] == [4.0, 5.0]
    assert survey.frame[f"{GRID} [Price (all in)]"].tolist() == [2.0, 1.0, 3.0]
    assert survey.frame["Why?"].tolist() == ["N/A", None, "none"]


def test_a_bracket_that_no_other_column_shares_is_part_of_the_question(tmp_path):
    _, raw = raw_of(text_file(tmp_path, [HEADER, *ROWS]))
    assert "Age [years]" not in raw.stems
    assert raw.texts["Age [years]"] == "Age [years]"


@pytest.mark.parametrize(
    ("name", "time"),
    [
        ("Timestamp", "3/11/2024 9:11:32"),
        ("Zeitstempel", "11.03.2024 9:11:32"),
        ("时间戳记", "2024/03/11 9:11:32 上午 GMT+8"),
        ("時間戳記", "2024/3/11 上午 9:11:32"),
        ("Horodateur", "11/03/2024 09:11:32"),
    ],
)
def test_the_first_column_may_be_called_otherwise(tmp_path, name, time):
    rows = [[name, *HEADER[1:]], *([time, *row[1:]] for row in ROWS)]
    assert raw_of(text_file(tmp_path, rows))[0] == "google_forms"


def test_a_sheet_saved_as_a_workbook_has_real_times(tmp_path):
    rows = [HEADER, *([dt.datetime(2024, 3, 11, 9, 11, 32), *row[1:]] for row in ROWS)]
    assert raw_of(workbook(tmp_path, rows))[0] == "google_forms"


@pytest.mark.parametrize("first", ["1", "17:30", "2024-03-11"])
def test_a_column_called_timestamp_without_times_is_a_plain_table(tmp_path, first):
    assert raw_of(text_file(tmp_path, [["Timestamp", "T1"], [first, "4"], [first, "5"]]))[0] == "plain"


def test_a_quiz_brings_scores_that_are_no_answers(tmp_path):
    header = ["Timestamp", "Score", "2+2?", "2+2? [Score]", "2+2? [Feedback]", "How was it? [Score]"]
    row = ["2024/03/11 9:11:32 AM GMT+8", "4 / 5", "Four", "1.00 / 1", "well done", "3"]
    _, raw = raw_of(text_file(tmp_path, [header, row, row]))
    assert [raw.kinds.get(name) for name in header] == ["meta", "derived", None, "derived", "comment", None]


def test_two_questions_of_one_wording_are_both_kept_and_told(tmp_path):
    header = ["Timestamp", "How was it?", "How was it?"]
    path = text_file(tmp_path, [header, [ROWS[0][0], "1", "2"], [ROWS[1][0], "3", "4"]])
    survey = quiet(path)
    assert survey.frame["How was it?__2"].tolist() == [2.0, 4.0]
    assert any("duplicated" in note.message for note in survey.notes)


def test_a_row_that_is_cut_is_refused_with_its_number(tmp_path):
    with pytest.raises(SurveyError, match="row 3 has 4"):
        raw_of(text_file(tmp_path, [HEADER, ROWS[0], ROWS[1][:4]]))
