"""LimeSurvey: every form of heading and answer gives one survey, and the structure names the codes."""

from __future__ import annotations

import csv
import zipfile

import numpy as np
import pytest

from satloyal.errors import SurveyError, SurveyWarning
from satloyal.survey.codebook import Codebook
from satloyal.survey.readers import read_survey
from satloyal.survey.readers.lime_structure import parse_structure

from .vendor_files import EXPORTS, quiet, raw_of, text_file

CODES = ["G1", "Q2[SQ1]", "Q2[SQ2]", "Q2[other]", "Q3[S1]", "Q3[S2]", "Q4", "Q4[comment]"]
META = ["id", "submitdate", "lastpage", "startlanguage", "seed", "ipaddr"]
FULL_META = ["Response ID", "Date submitted", "Last page", "Start language", "Seed", "IP address"]
CHANNELS, RATED = "Which channels?", "How satisfied are you with:"
FULL = ["Who are you?", f"{CHANNELS} [App]", f"{CHANNELS} [Web]", f"{CHANNELS} [Other]", f"{RATED} [Staff]"]
FULL += [f"{RATED} [Price]", "Why?", "Anything else?"]
SHORT = [
    ["AO01", "Y", "", "", "A4", "A1", "5", "fine"],
    ["AO02", "Y", "Y", "by post", "A5", "A2", "4", "'=1+1"],
    ["AO02", "", "", "by pigeon", "A9", "A3", "3", ""],
    ["", "", "", "", "A4", "", "", ""],
]
STAMPS = [["1", "2024-03-11 09:11:32"], ["2", "2024-03-11 09:12:00"], ["3", "2024-03-12 01:00:00"], ["4", ""]]
LABELS = {"A1": "Very dissatisfied", "A2": "Dissatisfied", "A3": "Neither satisfied nor dissatisfied"}
LABELS |= {"A4": "Satisfied", "A5": "Very satisfied", "A9": "Don't know"}


def rows_of(header, answers, meta=META):
    return [
        [*meta, *header],
        *([*s, "3", "en", "99", "192.0.2.1", *a] for s, a in zip(STAMPS, answers, strict=True)),
    ]


def lime_file(folder, rows, delimiter=";"):
    path = text_file(folder, rows, delimiter=delimiter, encoding="utf-8-sig", quoting=csv.QUOTE_ALL)
    path.write_bytes(path.read_bytes() + b"\r\n")
    return path


def long_answers():
    def full(code):
        return LABELS.get(code, code)

    out = []
    for who, app, web, other, staff, price, *rest in SHORT:
        boxes = ["N/A", "N/A"] if not who else ["Yes" if b else "No" for b in (app, web)]
        out.append(
            [{"AO01": "Private", "AO02": "Firm"}.get(who, ""), *boxes, other, full(staff), full(price), *rest]
        )
    return out


def structure(labels=LABELS, *, old=False, kind="F", head=b"<?xml version='1.0' encoding='UTF-8'?>"):
    """Return a survey structure, as versions up to 3 and from 4 on write it."""

    def table(name, rows):
        inside = "".join(
            "<row>" + "".join(f"<{k}><![CDATA[{v}]]></{k}>" for k, v in row.items()) + "</row>"
            for row in rows
        )
        return f"<{name}><fields><fieldname>x</fieldname></fields><rows>{inside}</rows></{name}>"

    asked = [
        ("1", "0", "G1", "L", "<p>Who are <b>you</b>?</p>"),
        ("2", "0", "Q2", "M", CHANNELS),
        ("3", "0", "Q3", kind, RATED),
        ("4", "0", "Q4", "5", "Why?"),
    ]
    parts = [("21", "2", "SQ1", "", "App"), ("22", "2", "SQ2", "", "Web")]
    parts += [("31", "3", "S1", "", "Staff &amp; service"), ("32", "3", "S2", "", "Price")]
    answers = [("1", "AO01", "Private", 1), ("1", "AO02", "Firm", 2)]
    answers += [("3", code, label, k) for k, (code, label) in enumerate(labels.items(), start=1)]
    answers.reverse()
    own = [{"language": "en"}] if old else [{}]
    questions, l10ns = [], []
    for qid, parent, code, letter, text in [*asked, *parts]:
        base = {"qid": qid, "parent_qid": parent, "title": code, "type": letter}
        questions += [base | ({"question": text} if old else {}) | extra for extra in own]
        questions += [base | {"question": "???", "language": "de"}] if old else []
        l10ns += [
            {"qid": qid, "question": "???", "language": "de"},
            {"qid": qid, "question": text, "language": "en"},
        ]
    listed, names = [], []
    for aid, (qid, code, label, order) in enumerate(answers):
        base = {"aid": str(aid), "qid": qid, "code": code, "sortorder": str(order), "scale_id": "0"}
        listed.append(base | ({"answer": label, "language": "en"} if old else {}))
        names += [{"aid": str(aid), "answer": t, "language": la} for t, la in (("???", "de"), (label, "en"))]
    body = table("surveys", [{"sid": "1", "language": "en"}]) + table("answers", listed)
    body += table("questions", [q for q in questions if q["parent_qid"] == "0"])
    body += table("subquestions", [q for q in questions if q["parent_qid"] != "0"])
    body += "" if old else table("question_l10ns", l10ns) + table("answer_l10ns", names)
    return head + f"<document><LimeSurveyDocType>Survey</LimeSurveyDocType>{body}</document>".encode()


def the_same(frame, staff="Q3[S1]", price="Q3[S2]", app="Q2[SQ1]", web="Q2[SQ2]"):
    np.testing.assert_array_equal(frame[staff], [4, 5, np.nan, 4])
    np.testing.assert_array_equal(frame[price], [1, 2, 3, np.nan])
    np.testing.assert_array_equal(frame[app], [1, 1, 0, np.nan])
    np.testing.assert_array_equal(frame[web], [0, 1, 0, np.nan])


def book(*names, missing=None):
    return Codebook.from_dict({"items": {n: {"scale": [1, 5]} for n in names}, "missing": missing or {}})


def test_the_sample_is_read_by_codes():
    vendor, raw = raw_of(EXPORTS / "limesurvey_code_short.csv")
    assert vendor == "limesurvey"
    assert (len(raw.frame), raw.prefixed) == (48, True)
    assert raw.kinds["submitdate"] == "finished"
    assert raw.kinds["G01Q02[SQ001]"] == "tick"
    assert raw.stems["G02Q03[SQ004]"] == "G02Q03"
    assert "G01Q01" not in raw.kinds


@pytest.mark.parametrize("delimiter", [";", ","])
@pytest.mark.parametrize("change", [lambda name: name, lambda name: name.replace("[", "_").replace("]", "")])
def test_short_answers_under_codes(tmp_path, delimiter, change):
    header = [change(name) for name in CODES]
    path = lime_file(tmp_path, rows_of(header, SHORT), delimiter)
    with pytest.warns(SurveyWarning, match="codes such as A4"):
        survey = read_survey(path, book(header[4], header[5], missing={"A9": "dont_know"}))
    assert survey.source.reader == "limesurvey"
    the_same(survey.frame, header[4], header[5], header[1], header[2])
    assert survey.missing_reasons[header[4]].tolist()[2] == "dont_know"
    assert survey.missing_reasons[header[5]].tolist()[3] == "dropout"
    assert "ipaddr" not in survey.frame
    assert survey.frame[header[7]].tolist()[1] == "=1+1"


@pytest.mark.parametrize(("header", "meta"), [(CODES, META), (FULL, FULL_META)])
def test_long_answers_under_codes_and_under_texts(tmp_path, header, meta):
    survey = quiet(lime_file(tmp_path, rows_of(header, long_answers(), meta)), book(header[4], header[5]))
    assert survey.source.reader == "limesurvey"
    frame = survey.frame
    np.testing.assert_array_equal(frame[header[4]], [4, 5, np.nan, 4])
    np.testing.assert_array_equal(frame[header[1]], [1, 1, 0, np.nan])
    np.testing.assert_array_equal(frame[header[2]], [0, 1, 0, np.nan])
    assert survey.missing_reasons[header[1]].tolist()[3] == "not_shown"
    assert survey.missing_reasons[header[4]].tolist()[2] == "dont_know"


def test_headings_of_code_and_text(tmp_path):
    meta = [f"{code}. {text}" for code, text in zip(META, FULL_META, strict=True)]
    header = [f"{code}. {text}" for code, text in zip(CODES, FULL, strict=True)]
    vendor, raw = raw_of(lime_file(tmp_path, rows_of(header, SHORT, meta)))
    assert vendor == "limesurvey"
    assert raw.stems["Q3[S1]"] == RATED
    assert raw.texts["Q3[S1]"] == "Staff"
    assert raw.kinds["Q2[SQ1]"] == "tick"
    assert raw.kinds["ipaddr"] == "personal"


def test_abbreviated_headings_that_repeat_keep_every_column(tmp_path):
    header = [f"{text[:15]}.. " for text in FULL]
    survey = quiet(lime_file(tmp_path, rows_of(header, SHORT, FULL_META)))
    assert survey.source.reader == "limesurvey"
    assert sum(name.startswith("How satisfied a") for name in survey.frame) == 2


def test_the_dates_of_an_anonymous_survey_say_who_finished_and_not_when(tmp_path):
    rows = rows_of(CODES, SHORT)
    for row in rows[1:4]:
        row[1] = "1980-01-01 00:00:00"
    survey = quiet(lime_file(tmp_path, rows), book("Q3[S1]", "Q3[S2]", missing={"A9": "dont_know"}))
    assert any("1980-01-01" in note.message for note in survey.notes)
    assert survey.missing_reasons["Q3[S2]"].tolist()[3] == "dropout"


def test_boxes_as_one_and_two_need_the_structure(tmp_path):
    answers = [[a, *("1" if b else "2" for b in (app, web)), *rest] for a, app, web, *rest in SHORT]
    answers[3][1:3] = ["", ""]
    path = lime_file(tmp_path, rows_of(CODES, answers))
    assert raw_of(path)[1].kinds.get("Q2[SQ1]") is None
    (tmp_path / "survey.lss").write_bytes(structure())
    frame = quiet(path, labels=tmp_path / "survey.lss").frame
    np.testing.assert_array_equal(frame["Q2[SQ2]"], [0, 1, 0, np.nan])


def test_an_array_with_two_scales_has_two_stems(tmp_path):
    header = ["D[S1][1]", "D[S2][1]", "D[S1][2]", "D[S2][2]", *CODES[4:]]
    _, raw = raw_of(lime_file(tmp_path, rows_of(header, SHORT)))
    assert raw.stems["D[S1][1]"] == raw.stems["D[S2][1]"] != raw.stems["D[S1][2]"] == raw.stems["D[S2][2]"]


# ---- the structure ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("old", [False, True])
@pytest.mark.parametrize("archive", [False, True])
def test_labels_come_from_the_structure_whatever_its_version(tmp_path, old, archive):
    labels = tmp_path / "survey.dat"
    if archive:
        with zipfile.ZipFile(labels, "w") as file:
            file.writestr("survey_1.lss", structure(old=old))
            file.writestr("survey_1_responses.lsr", b"<x/>")
    else:
        labels.write_bytes(structure(old=old))
    survey = quiet(lime_file(tmp_path, rows_of(CODES, SHORT)), labels=labels)
    the_same(survey.frame)
    assert survey.codebook.items["Q3[S1]"].text == "Staff & service"
    assert survey.frame["G1"].tolist() == ["Private", "Firm", "Firm", None]
    assert survey.missing_reasons["Q3[S1]"].tolist()[2] == "dont_know"


def test_the_order_is_that_of_the_labels_and_not_of_the_codes(tmp_path):
    turned = {"A1": "Very satisfied", "A2": "Satisfied", "A3": LABELS["A3"], "A4": "Dissatisfied"}
    turned |= {"A5": "Very dissatisfied", "A9": "Don't know"}
    (tmp_path / "s.lss").write_bytes(structure(turned))
    survey = quiet(lime_file(tmp_path, rows_of(CODES, SHORT)), labels=tmp_path / "s.lss")
    np.testing.assert_array_equal(survey.frame["Q3[S1]"], [2, 1, np.nan, 2])


def test_a_missing_code_of_the_codebook_still_counts_with_labels(tmp_path):
    (tmp_path / "s.lss").write_bytes(structure())
    path = lime_file(tmp_path, rows_of(CODES, SHORT))
    survey = quiet(path, book("Q3[S1]", missing={"A9": "refused"}), labels=tmp_path / "s.lss")
    assert survey.missing_reasons["Q3[S1]"].tolist()[2] == "refused"


def test_labels_that_nobody_knows_are_numbered_in_the_order_of_the_survey(tmp_path):
    strange = {"A9": "mal", "A1": "bof", "A2": "moyen", "A3": "correct", "A4": "super", "A5": "extra"}
    (tmp_path / "s.lss").write_bytes(structure(strange))
    with pytest.warns(SurveyWarning, match="numbered in the survey's order"):
        survey = read_survey(lime_file(tmp_path, rows_of(CODES, SHORT)), labels=tmp_path / "s.lss")
    np.testing.assert_array_equal(survey.frame["Q3[S1]"], [5, 6, 1, 5])
    assert survey.codebook.items["Q3[S1]"].scale.labels[1] == "mal"


def test_all_answers_of_the_survey_decide_the_scale_not_only_those_given(tmp_path):
    (tmp_path / "s.lss").write_bytes(structure())
    answers = [[*row[:4], "A4", "A2", *row[6:]] for row in SHORT]
    survey = quiet(lime_file(tmp_path, rows_of(CODES, answers)), labels=tmp_path / "s.lss")
    assert survey.frame[["Q3[S1]", "Q3[S2]"]].to_numpy().tolist() == [[4, 2]] * 4
    assert str(survey.codebook.items["Q3[S1]"].scale) == "1–5"


def test_four_points_are_four_points_from_little_to_much(tmp_path):
    four = {"A5": "Very satisfied", "A4": "Satisfied", "A2": "Dissatisfied", "A1": "Very dissatisfied"}
    (tmp_path / "s.lss").write_bytes(structure(four | {"A9": "Don't know"}))
    answers = [[*row[:5], "", *row[6:]] for row in SHORT]
    survey = quiet(lime_file(tmp_path, rows_of(CODES, answers)), labels=tmp_path / "s.lss")
    assert survey.frame["Q3[S1]"].tolist()[:2] == [3.0, 4.0]
    assert survey.missing_reasons["Q3[S1]"].tolist()[2] == "dont_know"


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (structure(head=b'<!DOCTYPE d [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>'), "document type"),
        (structure(head=b'<!DOCTYPE d SYSTEM "other.dtd">'), "document type"),
        (b"<document><questions>", "no well-formed XML"),
        (b"<a>" * 5000, "nested too deeply"),
        (b"<html><body>hello</body></html>", "no survey structure"),
        (b"<document><answers><rows><row><code>A1</code></row></rows></answers></document>", "no questions"),
        (b"PK\x03\x04 cut", "damaged"),
        (b"", "no well-formed XML"),
    ],
)
def test_what_is_no_structure_is_refused(tmp_path, data, said):
    (tmp_path / "s.lss").write_bytes(data)
    path = lime_file(tmp_path, rows_of(CODES, SHORT))
    with pytest.raises(SurveyError, match=rf"s\.lss: .*{said}"):
        read_survey(path, labels=tmp_path / "s.lss")


def test_labels_of_another_survey_or_for_another_vendor_are_refused(tmp_path):
    (tmp_path / "s.lss").write_bytes(structure())
    header = [name.replace("Q", "X").replace("G", "Y") for name in CODES]
    with pytest.raises(SurveyError, match="no question of the labels file"):
        read_survey(lime_file(tmp_path, rows_of(header, SHORT)), labels=tmp_path / "s.lss")
    with pytest.raises(SurveyError, match="takes no file of labels"):
        read_survey(EXPORTS / "google_forms.csv", labels=tmp_path / "s.lss")
    with pytest.raises(SurveyError, match="No such file"):
        read_survey(lime_file(tmp_path, rows_of(CODES, SHORT)), labels=tmp_path / "none.lss")


def test_an_archive_is_named_and_its_use_is_said(tmp_path):
    with zipfile.ZipFile(tmp_path / "survey.lsa", "w") as file:
        file.writestr("survey_1.lss", structure())
    with pytest.raises(SurveyError, match=r"LimeSurvey archive with survey_1\.lss.*labels="):
        read_survey(tmp_path / "survey.lsa")


def test_a_structure_reads_its_base_language():
    found = parse_structure(structure())
    assert found.language == "en"
    assert found.questions["G1"].text == "Who are you ?"
    assert [code for code, _ in found.questions["Q3"].answers[0]] == list(LABELS)
