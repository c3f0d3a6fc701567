"""Microsoft Forms: bare statements, quiz columns, no-break spaces and headers of other languages."""

from __future__ import annotations

import datetime as dt

import pytest

from satloyal.survey.codebook import Codebook

from .vendor_files import EXPORTS, quiet, raw_of, text_file, workbook

META = ["ID", "Start time", "Completion time", "Email", "Name", "Last modified time"]
ASKED = ["Are you a retail\u00a0or\na business customer?", "Which channels?", "Staff", "Price", "Score 0-10"]
START, END = dt.datetime(2024, 3, 11, 9, 9), dt.datetime(2024, 3, 11, 9, 11, 32)
ROWS = [
    [1, START, END, "anonymous", None, None, "Retail", "App;Web;", "Satisfied", "Dissatisfied", 9],
    [2, START, END, "anonymous", None, None, "Business", "App;", "Very satisfied", "Very dissatisfied", 10],
    [3, START, END, "anonymous", None, None, "Retail", None, "Neither satisfied nor dissatisfied", None, 0],
]


def test_the_sample_is_recognised_by_its_content():
    vendor, raw = raw_of(EXPORTS / "microsoft_forms.xlsx")
    assert vendor == "microsoft_forms"
    assert raw.kinds["ID"] == "id"
    assert {raw.kinds["Email"], raw.kinds["Name"]} == {"personal"}
    assert "Are you a retail or a business customer?" in raw.frame
    assert not raw.stems


def test_answers_become_numbers_and_people_leave_the_table(tmp_path):
    book = Codebook.from_dict({"items": {name: {"scale": [1, 5]} for name in ("Staff", "Price")}})
    survey = quiet(workbook(tmp_path, [[*META, *ASKED], *ROWS]), book)
    assert survey.source.reader == "microsoft_forms"
    assert not {"Email", "Name"} & set(survey.frame)
    assert survey.frame["Staff"].tolist() == [4.0, 5.0, 3.0]
    assert survey.frame["Price"].tolist()[:2] == [2.0, 1.0]
    assert survey.frame["Which channels?"].tolist() == ["App;Web;", "App;", None]


@pytest.mark.parametrize(
    "meta",
    [
        ["ID", "开始时间", "完成时间", "电子邮件", "名称", "上次修改时间"],
        ["ID", "Startzeit", "Fertigstellungszeit", "E-Mail", "Name", "Zeitpunkt der letzten Änderung"],
        ["ID", "Heure de début", "Heure de fin", "Adresse de messagerie", "Nom", "Heure"],
        ["ID", "Alku", "Loppu", "Sähköposti", "Nimi", "Muokattu"],
    ],
)
def test_headers_of_other_languages_are_known_by_name_or_by_what_stands_below(tmp_path, meta):
    vendor, raw = raw_of(workbook(tmp_path, [[*meta, *ASKED], *ROWS]))
    assert vendor == "microsoft_forms"
    assert raw.kinds[meta[3]] == "personal"
    assert "Staff" not in raw.kinds


def test_a_csv_with_windows_dashes_and_a_quiz(tmp_path):
    header = [
        *META[:5],
        "Total points",
        "Quiz feedback",
        "2+2?",
        "Points – 2+2?",
        "Feedback – 2+2?",
        "Points - shop",
    ]
    row = ["1", "7/2/20 11:00:22", "7/2/20 11:05:00", "anonymous", "", "4", "", "Four", "1", "good", "3"]
    path = text_file(tmp_path, [header, row, row], encoding="cp1252")
    vendor, raw = raw_of(path)
    assert vendor == "microsoft_forms"
    derived = [name for name, kind in raw.kinds.items() if kind == "derived"]
    assert derived == ["Total points", "Quiz feedback", "Points – 2+2?", "Feedback – 2+2?"]


def test_a_question_in_the_place_of_a_deleted_email_column_stays(tmp_path):
    header = [*META[:3], "Staff", "Price"]
    rows = [[1, START, END, "Satisfied", "Dissatisfied"], [2, START, END, "Very satisfied", "Dissatisfied"]]
    vendor, raw = raw_of(workbook(tmp_path, [header, *rows]))
    assert vendor == "microsoft_forms"
    assert "Staff" not in raw.kinds


def test_a_plain_table_with_an_id_is_not_taken(tmp_path):
    assert raw_of(text_file(tmp_path, [["ID", "T1", "T2", "T3"], ["1", "4", "5", "3"]]))[0] == "plain"
