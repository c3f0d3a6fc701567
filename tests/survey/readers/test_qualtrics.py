"""Qualtrics: whatever header rows are left, previews stay out, and questions are told from the rest."""

from __future__ import annotations

import csv
import io

import numpy as np
import pytest

from satloyal.errors import SurveyError, SurveyWarning
from satloyal.survey.codebook import Codebook
from satloyal.survey.readers import read_survey

from .vendor_files import EXPORTS, quiet, raw_of, text_file

FIXED = ["StartDate", "EndDate", "Status", "IPAddress", "Progress", "Duration (in seconds)", "Finished"]
FIXED += [
    "RecordedDate",
    "ResponseId",
    "RecipientEmail",
    "LocationLatitude",
    "DistributionChannel",
    "UserLanguage",
]
GERMAN = ["Anfangsdatum", "Enddatum", "Antworttyp", "IP-Adresse", "Fortschritt", "Dauer", "Beendet"]
GERMAN += ["Aufzeichnungsdatum", "Antwort-ID", "E-Mail", "Breitengrad", "Kanal", "Sprache"]
MARKS = ["startDate", "endDate", "status", "ipAddress", "progress", "duration", "finished", "recordedDate"]
MARKS += ["_recordId", "recipientEmail", "locationLatitude", "distributionChannel", "userLanguage"]
STEM, BOXES = "Rate us - honestly:\n\nthink of last year", "Which? (select all)"
CODES = [
    "Q1_1",
    "Q1_2",
    "Q2_1",
    "Q2_2",
    "Q2_2_TEXT",
    "Q7_NPS_GROUP",
    "Q7",
    "Q1_DO",
    "Q3_First Click",
    "wave",
    "weight",
]
TEXTS = [f"{STEM} - Staff", f"{STEM} - Price - all in", f"{BOXES} - Selected Choice - App"]
TEXTS += [
    f"{BOXES} - Selected Choice - Web, other",
    f"{BOXES} - Web, other - Text",
    "How likely? - Group",
    "How likely?",
]
TEXTS += ["Q1 - Display Order", "Timing - First Click", "wave", "weight"]
IDS = [
    "QID1_1",
    "QID1_2",
    "QID2",
    "QID2",
    "QID2_2_TEXT",
    "QID7_NPS_GROUP",
    "QID7",
    "QID1_DO",
    "QID3_FIRST_CLICK",
]
IDS += ["wave", "weight"]
DATES = ["2024-03-11 09:09:00", "2024-03-11 09:11:32"]


def import_row(quote='"'):
    cells = [f"{{{quote}ImportId{quote}:{quote}{mark}{quote}}}" for mark in [*MARKS, *IDS]]
    cells[0] = cells[0][:-1] + f",{quote}timeZone{quote}:{quote}Asia/Shanghai{quote}}}"
    for j, k in ((len(FIXED) + 2, 1), (len(FIXED) + 3, 2)):
        cells[j] = cells[j][:-1] + f",{quote}choiceId{quote}:{quote}{k}{quote}}}"
    return cells


def response(k, answers, status="0", finished="1", channel="anonymous", latitude="52.52"):
    return [
        *DATES,
        status,
        f"192.0.2.{k}",
        "100",
        "152",
        finished,
        DATES[1],
        f"R_{k}",
        "",
        latitude,
        channel,
        "EN",
        *answers,
    ]


ANSWERS = [
    ["4", "-99", "1", "", "", "3", "10", "1|2", "3.5", "1", "1.25"],
    ["5", "2", "", "1", "by post", "1", "0", "2|1", "2.5", "1", "0.75"],
    ["99", "3", "", "", "", "", "-99", "2|1", "1.5", "2", "1.00"],
]


def rows_of(answers=ANSWERS, labels=GERMAN, quote='"', **options):
    preview = response(
        9, ["1", "1", "1", "", "", "3", "10", "", "", "1", "1.0"], status="1", channel="preview"
    )
    test = response(8, ["1", "1", "1", "", "", "3", "10", "", "", "1", "1.0"], status="2")
    body = [response(k, a, **options) for k, a in enumerate(answers, start=1)]
    return [[*FIXED, *CODES], [*labels, *TEXTS], import_row(quote), preview, *body[:1], test, *body[1:]]


BOOK = Codebook.from_dict(
    {
        "items": {"Q1_1": {"scale": [1, 5]}, "Q1_2": {"scale": [1, 5]}, "Q7": {"scale": [0, 10]}},
        "missing": {99: "dont_know"},
        "weight": "weight",
        "wave": "wave",
    }
)


@pytest.mark.parametrize(
    "name", ["qualtrics_numeric.csv", "qualtrics_choice_text.csv", "qualtrics_choice_text_utf16.tsv"]
)
def test_the_samples_leave_their_previews_out(name):
    vendor, raw = raw_of(EXPORTS / name)
    assert vendor == "qualtrics"
    assert len(raw.frame) == 48
    assert raw.rows[0] == 6
    assert any(f.note.step == "previews" and f.note.count == 2 for f in raw.findings)
    assert raw.texts["Q3_3"] == "Staff knowledge"
    assert raw.stems["Q3_3"].startswith("How satisfied are you with each of the following?")
    kinds = {
        name: raw.kinds.get(name)
        for name in ("Q7_NPS_GROUP", "Q7", "Q8 - Topics", "Finished", "ResponseId", "Q3_1")
    }
    assert list(kinds.values()) == ["derived", None, "derived", "finished", "id", None]


def test_a_numeric_export_with_german_labels_and_timers(tmp_path):
    path = text_file(tmp_path, rows_of(), encoding="utf-8-sig")
    survey = read_survey(path, BOOK)
    assert survey.source.reader == "qualtrics"
    np.testing.assert_array_equal(survey.frame["Q1_1"], [4, 5, np.nan])
    np.testing.assert_array_equal(survey.frame["Q1_2"], [np.nan, 2, 3])
    np.testing.assert_array_equal(survey.frame["Q7"], [10, 0, np.nan])
    np.testing.assert_array_equal(survey.frame["Q2_1"], [1, 0, np.nan])
    np.testing.assert_array_equal(survey.frame["Q2_2"], [0, 1, np.nan])
    assert survey.missing_reasons["Q1_1"].tolist()[2] == "dont_know"
    assert survey.missing_reasons["Q1_2"].tolist()[0] == "skipped"
    assert survey.weights.tolist() == [1.25, 0.75, 1.0]
    assert not {"IPAddress", "RecipientEmail", "LocationLatitude"} & set(survey.frame)
    assert any(note.step == "previews" and note.count == 2 for note in survey.notes)
    assert "Q7_NPS_GROUP" not in survey.items


def test_the_stem_may_hold_the_dash_and_so_may_the_statement(tmp_path):
    _, raw = raw_of(text_file(tmp_path, rows_of()))
    assert raw.stems["Q1_1"] == raw.stems["Q1_2"] == "Rate us - honestly: think of last year"
    assert (raw.texts["Q1_1"], raw.texts["Q1_2"]) == ("Staff", "Price - all in")
    assert raw.texts["Q2_2"] == "Web, other"
    assert {raw.kinds[n] for n in ("Q1_DO", "Q3_First Click", "Q7_NPS_GROUP")} == {"derived"}
    assert raw.kinds["Q2_2_TEXT"] == "comment"
    assert (raw.kinds["Q2_1"], raw.kinds["Q2_2"]) == ("tick", "tick")


def test_a_tab_separated_file_in_utf_16_is_the_same(tmp_path):
    one = quiet(text_file(tmp_path, rows_of()), BOOK)
    two = quiet(text_file(tmp_path, rows_of(), encoding="utf-16", delimiter="\t"), BOOK)
    assert two.frame.equals(one.frame)
    assert two.source.delimiter == "\t"


def test_single_quotes_in_the_import_ids_and_a_quoted_file(tmp_path):
    path = text_file(tmp_path, rows_of(quote="'"), quoting=csv.QUOTE_ALL)
    survey = read_survey(path, BOOK)
    np.testing.assert_array_equal(survey.frame["Q2_2"], [0, 1, np.nan])


@pytest.mark.parametrize("gone", [[2], [1], [1, 2]])
def test_deleted_header_rows_change_no_answer(tmp_path, gone):
    rows = [row for i, row in enumerate(rows_of()) if i not in gone]
    path = text_file(tmp_path, rows)
    if gone == [1]:
        survey = read_survey(path, BOOK)
    else:
        with pytest.warns(SurveyWarning, match="ImportId"):
            survey = read_survey(path, BOOK)
    np.testing.assert_array_equal(survey.frame["Q1_2"], [np.nan, 2, 3])
    np.testing.assert_array_equal(survey.frame["Q2_1"], [1, 0, np.nan])


def test_dates_that_a_spreadsheet_rewrote_are_pointed_out(tmp_path):
    rows = rows_of()
    for row in rows[3:]:
        row[0] = "3/11/2024 9:09"
    with pytest.warns(SurveyWarning, match="StartDate were rewritten"):
        survey = read_survey(text_file(tmp_path, rows), BOOK)
    np.testing.assert_array_equal(survey.frame["Q1_1"], [4, 5, np.nan])


def test_codes_from_ten_and_negative_ones_are_read_as_they_are(tmp_path):
    answers = [["10", "-1", *ANSWERS[0][2:]], ["13", "-2", *ANSWERS[1][2:]], ["11", "1", *ANSWERS[2][2:]]]
    book = Codebook.from_dict(
        {
            "items": {"Q1_1": {"scale": [10, 13]}, "Q1_2": {"scale": [1, 5]}},
            "missing": {-1: "refused", -2: "dont_know"},
        }
    )
    survey = read_survey(text_file(tmp_path, rows_of(answers)), book)
    assert survey.frame["Q1_1"].tolist() == [10, 13, 11]
    assert survey.missing_reasons["Q1_2"].tolist() == ["refused", "dont_know", None]
    narrow = Codebook.from_dict({"items": {"Q1_1": {"scale": [1, 5]}}})
    with pytest.warns(SurveyWarning) as caught:
        bare = read_survey(text_file(tmp_path, rows_of(answers)), narrow)
    assert any("outside its scale" in str(w.message) for w in caught)
    assert bare.missing_reasons["Q1_1"].tolist() == ["invalid"] * 3


def test_decimal_commas_are_told_from_joined_choices(tmp_path):
    comma = [[*row[:-3], row[-3].replace(".", ","), row[-2], row[-1].replace(".", ",")] for row in ANSWERS]
    path = text_file(tmp_path, rows_of(comma, latitude="52,52"))
    survey = read_survey(path, BOOK)
    assert survey.weights.tolist() == [1.25, 0.75, 1.0]
    assert any(note.step == "decimal comma" for note in survey.notes)
    # in a file with decimal points, 1,3 is the first and the third choice, also where tabs separate the cells
    rows = [row[:-1] for row in rows_of([["1,3", *row[1:]] for row in ANSWERS], latitude="")]
    for row in rows:
        del row[-2]
    survey = quiet(text_file(tmp_path, rows, encoding="utf-16", delimiter="\t"))
    assert survey.frame["Q1_1"].tolist() == ["1,3"] * 3


def test_several_choices_in_one_cell_may_hold_the_comma_themselves(tmp_path):
    answers = [["App", *ANSWERS[0][1:]], ["App,Web, other,Shop", *ANSWERS[1][1:]], ["", *ANSWERS[2][1:]]]
    book = Codebook.from_dict(
        {"columns": {"CH": {"column": "Q1_1", "split": ",", "choices": ["App", "Web, other", "Shop"]}}}
    )
    survey = quiet(text_file(tmp_path, rows_of(answers)), book)
    np.testing.assert_array_equal(survey.frame[["CH1", "CH2", "CH3"]], [[1, 0, 0], [1, 1, 1], [np.nan] * 3])


def test_a_box_that_everybody_or_nobody_ticked_is_one_because_the_others_are(tmp_path):
    rows = rows_of([["App", "", *ANSWERS[0][2:]], ["App", "", *ANSWERS[1][2:]], ["App", "", *ANSWERS[2][2:]]])
    for i, text in enumerate(("App", "Web")):
        rows[1][len(FIXED) + i] = f"{BOXES} - Selected Choice - {text}"
    frame = quiet(text_file(tmp_path, rows)).frame
    assert frame[["Q1_1", "Q1_2"]].to_numpy().tolist() == [[1, 0]] * 3


# ---- older forms -----------------------------------------------------------------------------------------

V = [f"V{k}" for k in range(1, 7)]
V_NAMES = ["ResponseID", "ResponseSet", "IPAddress", "StartDate", "Status", "Finished"]
OLD = ["SAT_1", "SAT_2", "CH_1", "CH_2", "question_one", "question_one", ""]
OLD_TEXTS = [
    "Please rate our e-mail...-Staff",
    "Please rate our e-mail...-Price",
    "Which?-App",
    "Which?-Web",
    "Why?",
    "Where?",
    "",
]


def old_rows(*, third=False):
    head = [[*V, *OLD], [*V_NAMES, *OLD_TEXTS]]
    if third:
        head.append(
            [f"{{'ImportId': '{mark}'}}" if mark else "" for mark in [*V_NAMES, "QID1-1", "QID1-2", *OLD[2:]]]
        )
    body = [
        ["R_1", "Default", "192.0.2.1", DATES[0], "0", "1", "4", "2", "1", "", "a", "b", ""],
        ["R_2", "Default", "192.0.2.2", DATES[0], "1", "1", "1", "1", "1", "1", "a", "b", ""],
        ["R_3", "Default", "192.0.2.3", DATES[0], "0", "0", "5", "", "", "1", "c", "d", ""],
    ]
    return [*head, *body]


@pytest.mark.parametrize("third", [False, True])
def test_the_older_form_has_its_names_in_two_rows_and_repeats_some(tmp_path, third):
    path = text_file(tmp_path, old_rows(third=third), encoding="utf-8-sig")
    vendor, raw = raw_of(path)
    assert vendor == "qualtrics"
    assert len(raw.frame) == 2
    assert (raw.kinds["ResponseID"], raw.kinds["Finished"], raw.kinds["IPAddress"]) == (
        "id",
        "finished",
        "personal",
    )
    assert raw.stems["SAT_1"] == "Please rate our e-mail..."
    assert raw.texts["SAT_2"] == "Price"
    assert raw.repeated["question_one"] == ("question_one", "question_one__2")
    assert not any(name.startswith("column_") for name in raw.frame)
    frame = quiet(path).frame
    np.testing.assert_array_equal(frame[["CH_1", "CH_2"]], [[1, 0], [0, 1]])
    assert frame["SAT_1"].tolist() == [4, 5]


def test_a_hyphen_inside_a_word_ends_no_stem(tmp_path):
    rows = old_rows()
    rows[1][6:8] = ["Speed of e-mail", "Speed of e-banking"]
    assert "SAT_1" not in raw_of(text_file(tmp_path, rows))[1].stems


# ---- what is refused -------------------------------------------------------------------------------------


def test_only_previews_are_no_responses(tmp_path):
    rows = rows_of()
    with pytest.raises(SurveyError, match="no responses"):
        read_survey(text_file(tmp_path, [*rows[:4], rows[5]]))


def test_a_row_that_is_too_short_is_refused(tmp_path):
    rows = rows_of()
    rows[4] = rows[4][:-2]
    with pytest.raises(SurveyError, match="row 5 has 22"):
        read_survey(text_file(tmp_path, rows))


def test_a_plain_table_with_a_start_date_is_not_taken(tmp_path):
    assert (
        raw_of(text_file(tmp_path, [["StartDate", "T1"], ["2024-03-11", "4"], ["2024-03-12", "5"]]))[0]
        == "plain"
    )


def changed(change):
    """Return the sample with every row put through a function."""
    text = (EXPORTS / "qualtrics_numeric.csv").read_text(encoding="utf-8-sig")
    rows = list(csv.reader(io.StringIO(text, newline="")))
    return [change(i, row) for i, row in enumerate(rows)]


def test_a_trailing_comma_on_every_line_adds_no_column(tmp_path):
    path = text_file(tmp_path, changed(lambda _i, row: [*row, ""]), encoding="utf-8-sig")
    plain = quiet(EXPORTS / "qualtrics_numeric.csv").frame
    assert quiet(path).frame.equals(plain)
