"""SurveyMonkey: the question stands over its first column; every choice of columns gives one survey."""

from __future__ import annotations

import csv

import numpy as np
import pytest

from satloyal.errors import SurveyError, SurveyWarning
from satloyal.survey.readers import read_survey

from .vendor_files import EXPORTS, quiet, raw_of, text_file, workbook

META = [
    "Respondent ID",
    "Collector ID",
    "Start Date",
    "End Date",
    "IP Address",
    "Email Address",
    "Custom Data 1",
]
WHO = [
    "118731045919",
    "418200002",
    "09/15/2024 07:05:00 AM",
    "09/15/2024 07:07:14 AM",
    "203.0.113.4",
    "",
    "C1",
]
GRID, BOXES, NPS = (
    "How satisfied are you?",
    "Which channels?",
    "How likely is it that you would recommend us?",
)
TOP = [GRID, "", BOXES, "", "", NPS, "Why?"]
LABELS = ["Staff", "Price", "App", "Web", "Other (please specify)", "", "Open-Ended Response"]
ANSWERS = [
    ["Satisfied", "Very dissatisfied", "App", "", "", "Extremely likely - 10", "N/A"],
    ["Very satisfied", "Dissatisfied", "App", "Web", "by post", "Not at all likely - 0", ""],
    ["", "Neither satisfied nor dissatisfied", "", "", "by pigeon", "7", "fine"],
    ["Dissatisfied", "", "", "", "", "", ""],
]


def rows_of(top, labels, answers, meta=META):
    blank = [""] * len(meta)
    return [
        [*meta, *top],
        [*blank, *labels],
        *([f"{k}{WHO[0]}", *WHO[1:], *row] for k, row in enumerate(answers)),
    ]


def test_the_sample_is_read_in_both_header_rows():
    vendor, raw = raw_of(EXPORTS / "surveymonkey_text.csv")
    assert vendor == "surveymonkey"
    assert (len(raw.frame), raw.rows[0]) == (48, 3)
    assert raw.stems["Staff knowledge"] == "How satisfied are you with each of the following?"
    assert raw.kinds["Branch"] == "tick"
    assert raw.kinds["IP Address"] == "personal"
    assert raw.kinds["Are you a retail or a business customer? [Other (please specify)]"] == "comment"
    # two questions of one wording, side by side, stay two
    assert raw.stems["They keep their word"] != raw.stems["The service met my expectations"]


@pytest.mark.parametrize("make", [text_file, workbook])
@pytest.mark.parametrize("end", [[], [""]])
def test_answers_boxes_and_the_ends_of_the_likelihood(tmp_path, make, end):
    rows = [[*row, *end] for row in rows_of(TOP, LABELS, ANSWERS)]
    survey = quiet(make(tmp_path, rows))
    assert survey.source.reader == "surveymonkey"
    frame = survey.frame
    np.testing.assert_array_equal(frame["Staff"], [4, 5, np.nan, 2])
    np.testing.assert_array_equal(frame["Price"], [1, 2, 3, np.nan])
    np.testing.assert_array_equal(frame["App"], [1, 1, 0, np.nan])
    np.testing.assert_array_equal(frame["Web"], [0, 1, 0, np.nan])
    np.testing.assert_array_equal(frame[NPS], [10, 0, 7, np.nan])
    assert frame["Why?"].tolist()[0] == "N/A"
    assert frame["Custom Data 1"].tolist() == ["C1"] * 4
    assert "IP Address" not in frame


def test_expanded_columns_give_the_same_as_condensed_ones(tmp_path):
    answers = [
        "Very dissatisfied",
        "Dissatisfied",
        "Neither satisfied nor dissatisfied",
        "Satisfied",
        "Very satisfied",
    ]
    labels = [f"{row} - {answer}" for row in ("On-line - shop", "Price") for answer in answers]
    likely = ["Not at all likely - 0", *map(str, range(1, 10)), "Extremely likely - 10"]
    top = [GRID, *[""] * 9, NPS, *[""] * 10]

    def row(staff, price, nps):
        cells = [answers[k] if k == chosen else "" for chosen in (staff, price) for k in range(5)]
        return [*cells, *(label if k == nps else "" for k, label in enumerate(likely))]

    data = [row(3, 0, 10), row(4, 1, 0), row(None, 2, 7), row(1, None, None)]
    survey = quiet(text_file(tmp_path, rows_of(top, [*labels, *likely], data)))
    np.testing.assert_array_equal(survey.frame["On-line - shop"], [4, 5, np.nan, 2])
    np.testing.assert_array_equal(survey.frame["Price"], [1, 2, 3, np.nan])
    np.testing.assert_array_equal(survey.frame[NPS], [10, 0, 7, np.nan])
    # with the options' numbers in the cells instead of their text
    coded = [
        [str(k % 5 + 1) if cell and k < 10 else cell and str(k - 9) for k, cell in enumerate(r)] for r in data
    ]
    survey = quiet(text_file(tmp_path, rows_of(top, [*labels, *likely], coded)))
    np.testing.assert_array_equal(survey.frame["On-line - shop"], [4, 5, np.nan, 2])
    np.testing.assert_array_equal(survey.frame[NPS], [10, 0, 7, np.nan])


def test_a_matrix_of_boxes_is_not_folded(tmp_path):
    labels = ["Staff - friendly", "Staff - quick", "Shop - friendly", "Shop - quick"]
    data = [["friendly", "quick", "", "quick"], ["", "quick", "friendly", ""]]
    _, raw = raw_of(text_file(tmp_path, rows_of([GRID, "", "", ""], labels, data)))
    assert list(raw.frame)[-4:] == labels


def test_the_numerical_export_has_choice_numbers_and_may_count_from_one(tmp_path):
    data = [
        ["4", "1", "1", "", "", "11", ""],
        ["5", "2", "1", "2", "by post", "1", ""],
        ["", "3", "", "", "", "8", ""],
    ]
    path = text_file(tmp_path, rows_of(TOP, LABELS, data))
    with pytest.warns(SurveyWarning, match="numbers the options of 0 to 10 from 1"):
        survey = read_survey(path)
    np.testing.assert_array_equal(survey.frame["Staff"], [4, 5, np.nan])
    np.testing.assert_array_equal(survey.frame["App"], [1, 1, np.nan])
    np.testing.assert_array_equal(survey.frame["Web"], [0, 1, np.nan])
    np.testing.assert_array_equal(survey.frame[NPS], [10, 0, 7])
    from_nought = [[*row[:5], nps, ""] for row, nps in zip(data, ("10", "0", "7"), strict=True)]
    np.testing.assert_array_equal(
        quiet(text_file(tmp_path, rows_of(TOP, LABELS, from_nought))).frame[NPS], [10, 0, 7]
    )
    unknown = [[*row[:5], nps, ""] for row, nps in zip(data, ("10", "1", "7"), strict=True)]
    with pytest.warns(SurveyWarning, match="no 0 and no 11"):
        assert read_survey(text_file(tmp_path, rows_of(TOP, LABELS, unknown))).frame[NPS].tolist() == [
            10,
            1,
            7,
        ]


def test_rows_of_two_matrices_with_one_name_are_told_apart_by_their_question(tmp_path):
    top = ["Satisfied with", "", "Important is", ""]
    labels = ["Staff", "Price", "Staff", "Price"]
    _, raw = raw_of(text_file(tmp_path, rows_of(top, labels, [["4", "3", "5", "2"], ["1", "2", "4", "5"]])))
    assert list(raw.frame)[-4:] == [
        "Satisfied with [Staff]", "Satisfied with [Price]", "Important is [Staff]", "Important is [Price]",
    ]  # fmt: skip
    assert raw.texts["Important is [Staff]"] == "Staff"


def test_a_first_row_filled_to_the_right_is_the_same_question(tmp_path):
    top = [GRID, GRID, BOXES, BOXES, BOXES, NPS, "Why?"]
    survey = quiet(text_file(tmp_path, rows_of(top, LABELS, ANSWERS)))
    np.testing.assert_array_equal(survey.frame["App"], [1, 1, 0, np.nan])
    np.testing.assert_array_equal(survey.frame["Staff"], [4, 5, np.nan, 2])


def test_lower_case_names_and_a_deleted_second_row(tmp_path):
    meta = [
        "respondent_id",
        "collector_id",
        "date_created",
        "date_modified",
        "ip_address",
        "email_address",
        "custom_1",
    ]
    rows = rows_of(TOP, LABELS, ANSWERS, meta)
    del rows[1]
    path = text_file(tmp_path, rows, quoting=csv.QUOTE_ALL)
    with pytest.warns(SurveyWarning) as caught:
        survey = read_survey(path)
    assert any("row of options and statements" in str(w.message) for w in caught)
    assert survey.source.reader == "surveymonkey"
    np.testing.assert_array_equal(survey.frame[GRID], [4, 5, np.nan, 2])
    assert survey.frame["App"].tolist() == ["App", "App", None, None]
    assert "ip_address" not in survey.frame


def test_ids_that_a_spreadsheet_shortened_are_pointed_out(tmp_path):
    rows = rows_of(TOP, LABELS, ANSWERS)
    rows[2][0] = rows[3][0] = "1.18731E+11"
    with pytest.warns(SurveyWarning) as caught:
        read_survey(text_file(tmp_path, rows))
    assert any("2 of the ids" in str(w.message) for w in caught)


def test_headers_without_responses_and_rows_that_are_too_long(tmp_path):
    with pytest.raises(SurveyError, match="no responses"):
        read_survey(text_file(tmp_path, rows_of(TOP, LABELS, [])))
    rows = rows_of(TOP, LABELS, ANSWERS)
    with pytest.raises(SurveyError, match="row 4 has 15"):
        read_survey(text_file(tmp_path, [*rows[:3], [*rows[3], "extra"], *rows[4:]]))
