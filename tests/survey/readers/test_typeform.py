"""Typeform: boxes are found by what stands in them, started responses are kept, escapes are taken out."""

from __future__ import annotations

import numpy as np

from satloyal.survey.codebook import Codebook

from .vendor_files import quiet, raw_of, text_file

START = "0123456789abcdef0123456789abcde"
ASKED = [
    "How was the\nservice, {{field:a1}}?",
    "App",
    "Web",
    "Branch",
    "Other",
    "Yes",
    "No",
    "Phone number",
    "Note",
]
META = [
    "Response Type",
    "Start Date (UTC)",
    "Stage Date (UTC)",
    "Submit Date (UTC)",
    "Network ID",
    "Tags",
    "Ending",
]
TIMES = ["2024-03-11 09:00:00", "", "2024-03-11 09:05:00", "f00", "", "end"]
ROWS = [
    [f"{START}1", "Satisfied", "App", "", "", "", "Yes", "", "'+91 22 1234", "'=1+1", "completed", *TIMES],
    [
        f"{START}2",
        "Very satisfied",
        "App",
        "Web",
        "",
        "by post",
        "",
        "No",
        "",
        "'tis fine",
        "completed",
        *TIMES,
    ],
    [
        f"{START}3",
        "Neither satisfied nor dissatisfied",
        "",
        "",
        "",
        "by pigeon",
        "",
        "",
        "",
        "",
        "completed",
        *TIMES,
    ],
    [f"{START}4", "Very dissatisfied", "", "", "", "", "", "", "", "", "started", *TIMES],
]


def test_a_new_export_is_read_with_boxes_and_who_finished(tmp_path):
    path = text_file(tmp_path, [["#", *ASKED, *META], *ROWS])
    vendor, raw = raw_of(path)
    assert vendor == "typeform"
    assert raw.kinds["#"] == "id"
    assert raw.kinds["Response Type"] == "finished"
    assert [name for name, kind in raw.kinds.items() if kind == "tick"] == ["App", "Web", "Yes", "No"]
    assert raw.stems["App"] == raw.stems["Web"] != raw.stems["Yes"] == raw.stems["No"]
    survey = quiet(path)
    np.testing.assert_array_equal(survey.frame["App"], [1, 1, 0, np.nan])
    np.testing.assert_array_equal(survey.frame["Web"], [0, 1, 0, np.nan])
    assert survey.frame["Other"].tolist() == [None, "by post", "by pigeon", None]
    question = "How was the service, {{field:a1}}?"
    rated = quiet(path, Codebook.from_dict({"items": {question: {"scale": [1, 5]}}}))
    assert rated.frame[question].tolist() == [4.0, 5.0, 3.0, 1.0]
    assert any(note.step == "choices" and "does not say" in note.message for note in survey.notes)


def test_an_apostrophe_before_a_formula_goes_and_one_of_the_text_stays(tmp_path):
    _, raw = raw_of(text_file(tmp_path, [["#", *ASKED, *META], *ROWS]))
    assert raw.frame["Note"].tolist()[:2] == ["=1+1", "'tis fine"]
    assert raw.frame["Phone number"].tolist()[0] == "+91 22 1234"
    assert "Phone number" not in quiet(text_file(tmp_path, [["#", *ASKED, *META], *ROWS])).frame


def test_an_old_export_joins_choices_in_one_cell(tmp_path):
    header = ["#", "Which channels?", "How likely?", "Start Date (UTC)", "Submit Date (UTC)", "Network ID"]
    rows = [
        [f"{START}1", "App / Web", "9", *TIMES[:3]],
        [f"{START}2", "App", "10", *TIMES[:3]],
    ]
    vendor, raw = raw_of(text_file(tmp_path, [header, *rows], encoding="utf-8-sig"))
    assert vendor == "typeform"
    assert "finished" not in raw.kinds.values()
    assert raw.frame["Which channels?"].tolist() == ["App / Web", "App"]


def test_headers_that_repeat_begin_a_new_question_and_are_numbered(tmp_path):
    header = ["#", "A", "B", "A", "B", "First name", "First name", "Submit Date (UTC)"]
    rows = [["t1", "A", "", "", "B", "x", "y", TIMES[0]], ["t2", "", "B", "A", "", "x", "y", TIMES[0]]]
    _, raw = raw_of(text_file(tmp_path, [header, *rows]))
    assert raw.stems["A"] == raw.stems["B"] != raw.stems["A__2"] == raw.stems["B__2"]
    assert raw.repeated["First name"] == ("First name", "First name__2")


def test_a_hash_alone_is_no_typeform(tmp_path):
    assert raw_of(text_file(tmp_path, [["#", "T1"], ["1", "4"], ["2", "5"]]))[0] == "plain"
