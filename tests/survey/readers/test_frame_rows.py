"""Plain tables with titles above the names and totals below the answers."""

from __future__ import annotations

import warnings
import zipfile

import openpyxl
import pytest

from satloyal.errors import SurveyError, SurveyWarning
from satloyal.survey.readers import read_survey

NAMES = ["cid", "SAT1", "SAT2", "TRU1", "TRU2"]
BODY = [[f"C{i}", 1 + i % 5, 1 + (i * 2) % 5, 1 + (i * 3) % 5, 1 + (i + 1) % 5] for i in range(8)]


def read(tmp_path, rows, name="t.xlsx"):
    path = tmp_path / name
    if name.endswith("xlsx"):
        book = openpyxl.Workbook()
        for row in rows:
            book.active.append(row)
        book.save(path)
    else:
        path.write_text("\n".join(",".join("" if c is None else str(c) for c in row) for row in rows) + "\n")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", SurveyWarning)
        survey = read_survey(path)
    return survey, [str(w.message) for w in caught]


def means(rows):
    return [round(sum(column) / len(rows), 2) for column in list(zip(*rows, strict=True))[1:]]


@pytest.mark.parametrize("name", ["t.xlsx", "t.csv"])
@pytest.mark.parametrize(
    "above",
    [
        [],
        [["Customer survey"]],
        [["Customer survey"], [], ["Wave 3"]],
        [["Customer survey"], [None, "Satisfaction", None, "Trust", None]],
        [[None, "Satisfaction", None, "Trust", None]],
    ],
)
def test_titles_and_names_of_groups_above_the_header_are_left_out(tmp_path, name, above):
    survey, _ = read(tmp_path, [*above, NAMES, *BODY], name)
    assert list(survey.frame.columns) == NAMES
    assert survey.frame["SAT1"].tolist() == [row[1] for row in BODY]


@pytest.mark.parametrize("word", ["Average", "TOTAL:", "平均值", "合計", "Mittelwert", "N"])
def test_totals_at_the_end_are_no_respondents_and_told(tmp_path, word):
    survey, warned = read(tmp_path, [NAMES, *BODY, [], [word, *means(BODY)]])
    assert len(survey) == len(BODY)
    assert any("no respondent" in message and word in message and "row 11" in message for message in warned)


def test_several_rows_of_totals_and_a_remark_are_left_out(tmp_path):
    survey, warned = read(
        tmp_path, [NAMES, *BODY, ["Mean", *means(BODY)], ["SD", 1, 1, 1, 1], ["Source: panel"]]
    )
    assert len(survey) == len(BODY)
    assert any("row 10" in m and "row 11" in m and "row 12" in m for m in warned)


def test_means_without_a_word_are_recognised_and_an_anonymous_respondent_is_not(tmp_path):
    assert len(read(tmp_path, [NAMES, *BODY, [None, *means(BODY)]])[0]) == len(BODY)
    assert len(read(tmp_path, [NAMES, *BODY, [None, 5, 5, 5, 1]])[0]) == len(BODY) + 1


def test_respondents_stay_who_look_a_little_like_totals(tmp_path):
    rows = [*BODY, ["C99", None, None, None, None]]
    assert len(read(tmp_path, [NAMES, *rows])[0]) == len(rows)
    table = [["name", "comment", "SAT"], ["Total", "a word", 4], ["Total", "another", 5]]
    assert len(read(tmp_path, table)[0]) == 2


def test_answers_of_text_below_nameless_columns_are_no_header(tmp_path):
    survey, _ = read(
        tmp_path, [["cid", None, None, None], *([f"C{i}", "Yes", "No", "Agree"] for i in range(3))]
    )
    assert len(survey) == 3


def test_a_file_without_names_is_still_refused(tmp_path):
    with pytest.raises(SurveyError, match="no header"):
        read(tmp_path, BODY)


def test_an_opendocument_sheet_is_read_by_content(tmp_path):
    def cell(value):
        if value is None:
            return "<table:table-cell/>"
        kind = f'float" office:value="{value}' if isinstance(value, int | float) else "string"
        return f'<table:table-cell office:value-type="{kind}"><text:p>{value}</text:p></table:table-cell>'

    rows = [["Survey"], [], NAMES, *BODY, ["Average", *means(BODY)]]
    body = "".join(f"<table:table-row>{''.join(map(cell, row))}</table:table-row>" for row in rows)
    spaces = "".join(
        f' xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
        for name in ("office", "table", "text")
    )
    content = (
        f'<?xml version="1.0"?><office:document-content{spaces}><office:body><office:spreadsheet>'
        f'<table:table table:name="S">{body}</table:table></office:spreadsheet></office:body>'
        "</office:document-content>"
    )
    path = tmp_path / "t.csv"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("content.xml", content)
        archive.writestr("META-INF/manifest.xml", "<manifest/>")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SurveyWarning)
        survey = read_survey(path)
    assert survey.source.container == "ods"
    assert survey.frame["SAT1"].tolist() == [row[1] for row in BODY]
