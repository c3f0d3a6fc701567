"""Wenjuanxing: three ways of writing the same answers, in every way in which the file comes."""

from __future__ import annotations

import csv
import io
import warnings

import openpyxl
import pytest

from satloyal.errors import SurveyError, SurveyWarning
from satloyal.survey.codebook import Codebook
from satloyal.survey.readers import read_survey

META = ["序号", "提交答卷时间", "所用时间", "来源", "来源详情", "来自IP"]
ROW = ["2024/3/11 9:11:32", "152秒", "微信", "N/A", "203.0.113.7(江苏-南京)"]
QUESTIONS = [
    "1、客户编号：",
    "2、渠道？",
    "3、请评价——按满意程度—速度",
    "3、价格",
    "4、同意吗—好",
    "4、差",
    "5、推荐？",
]
TEXT = [
    ["A1", "网点┋网站", "非常满意", "不满意", "非常同意", "不同意", "10"],
    ["A2", "网站", "一般", "(空)", "比较同意", "(跳过)", "0"],
    ["A3", "其他〖朋友〗┋网点", "满意", "非常不满意", "一般", "比较不同意", "7"],
    ["A4", "(空)", "不满意", "满意", "同意", "非常不同意", "8"],
]
BOOK = Codebook.from_dict(
    {
        "id": "cid",
        "columns": {"cid": 6, "S1": 8, "S2": "3、价格", "T1": 10, "T2": 11, "NPS": 12, "seconds": "所用时间"},
        "items": {
            **{name: {"scale": [1, 5]} for name in ("S1", "S2")},
            **{name: {"scale": [1, 7]} for name in ("T1", "T2")},
            "NPS": {"scale": [0, 10]},
        },
    }
)


def rows(answers=TEXT, questions=QUESTIONS):
    return [META + questions, *([str(i + 1), *ROW, *row] for i, row in enumerate(answers))]


def text(table, **options):
    buffer = io.StringIO()
    csv.writer(buffer, **options).writerows(table)
    return buffer.getvalue()


def read(tmp_path, table, book=None, *, name="export.csv", encoding="utf-8-sig", **options):
    path = tmp_path / name
    if name.endswith(".xlsx"):
        sheet = openpyxl.Workbook()
        for row in table:
            sheet.active.append([None if cell == "" else cell for cell in row])
        sheet.save(path)
    else:
        path.write_bytes(text(table, **options).encode(encoding))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", SurveyWarning)
        survey = read_survey(path, book)
    return survey, [str(w.message) for w in caught]


@pytest.mark.parametrize(
    ("name", "encoding"), [("e.csv", "utf-8-sig"), ("e.dat", "utf-8"), ("e.txt", "gb18030"), ("e.xlsx", "")]
)
def test_answers_as_text_come_out_alike_however_the_file_is_written(tmp_path, name, encoding):
    survey, _ = read(tmp_path, rows(), BOOK, name=name, encoding=encoding)
    assert survey.source.reader == "wenjuanxing"
    assert survey.frame["S1"].tolist() == [5, 3, 4, 2]
    assert survey.frame["S2"].tolist()[::2] == [2, 1]
    assert survey.frame["T1"].tolist() == [7, 5, 4, 6]
    assert survey.frame["NPS"].tolist() == [10, 0, 7, 8]
    assert survey.frame["seconds"].tolist() == [152] * 4
    assert survey.missing_reasons["S2"].tolist() == [None, "skipped", None, None]
    assert survey.missing_reasons["T2"].tolist() == [None, "not_shown", None, None]
    assert survey.codebook.items["S2"].text == "价格"


def test_several_choices_in_a_cell_become_columns_and_what_was_written_beside_one_has_its_own(tmp_path):
    survey, _ = read(tmp_path, rows())
    frame = survey.frame
    assert frame["2、渠道？ (网点)"].tolist()[:3] == [1, 0, 1]
    assert frame["2、渠道？ (网站)"].tolist()[:3] == [1, 1, 0]
    assert frame["2、渠道？ (其他)"].tolist()[:3] == [0, 0, 1]
    assert frame["2、渠道？ (其他)"].isna().tolist() == [False, False, False, True]
    assert frame["2、渠道？ (〖〗)"].tolist() == [None, None, "朋友", None]
    assert "来自IP" not in frame
    assert not any("203.0" in str(note) for note in survey.notes)


def test_matrix_rows_share_the_stem_that_stands_over_the_first_only_and_a_double_dash_is_wording(tmp_path):
    survey, _ = read(tmp_path, rows(), BOOK)
    assert survey.codebook.items["S1"].text == "速度"
    assert survey.codebook.items["T2"].text == "差"


def ordinal(questions=("1、渠道(网点)", "1、渠道(网站)", "2、满意—速度", "2、价格", "3、推荐")):
    answers = [["1", "0", "1", "2", "11"], ["-2", "-2", "3", "-2", "1"], ["0", "1", "-3", "5", "8"]]
    return [META + list(questions), *([str(i + 1), *ROW, *row] for i, row in enumerate(answers))]


@pytest.mark.parametrize("header", ["{}", "old"])
def test_answers_as_numbers_are_told_from_missing_codes_and_their_order_is_doubted(tmp_path, header):
    table = ordinal()
    if header == "old":
        table[0][6:] = ["第1题(网点)", "第1题(网站)", "第2题(速度)", "第2题(价格)", "第3题"]
    survey, warned = read(tmp_path, table)
    names = table[0][6:]
    assert survey.frame[names[0]].tolist()[::2] == [1, 0]
    assert survey.missing_reasons[names[0]].tolist() == [None, "skipped", None]
    assert survey.frame[names[2]].tolist()[:2] == [1, 3]
    assert survey.missing_reasons[names[2]].tolist() == [None, None, "not_shown"]
    assert any("places on the page" in message for message in warned)
    assert "所用时间" not in survey.items
    assert "序号" not in survey.items


def test_a_total_that_is_the_sum_of_the_answers_says_that_they_are_scores(tmp_path):
    table = [[*META, "1、满意—速度", "1、价格", "总分"]]
    table += [
        [str(i + 1), *ROW, str(a), str(b), str(a + b)] for i, (a, b) in enumerate([(1, 2), (5, 4), (3, 3)])
    ]
    survey, warned = read(tmp_path, table)
    assert not any("places on the page" in message for message in warned)
    assert "总分" not in survey.items


def test_a_ranking_becomes_ranks(tmp_path):
    table = [
        [*META, "1、排序"],
        *([str(i + 1), *ROW, cell] for i, cell in enumerate(["价格→速度", "速度→价格", "(跳过)"])),
    ]
    frame = read(tmp_path, table)[0].frame
    assert frame["1、排序 (价格)"].tolist()[:2] == [1, 2]
    assert frame["1、排序 (速度)"].tolist()[:2] == [2, 1]


def test_a_second_header_row_names_the_rows(tmp_path):
    first = [*META, "1、满意", "", "2、推荐"]
    second = [*META, "速度", "价格", ""]
    table = [first, second, *([str(i), *ROW, "4", "5", "9"] for i in (1, 2))]
    survey, _ = read(tmp_path, table)
    assert len(survey) == 2
    assert {"1、满意—速度", "1、满意—价格", "2、推荐"} <= set(survey.frame.columns)


def test_a_comma_at_the_end_of_every_line_does_no_harm_and_a_long_row_is_refused(tmp_path):
    head, *body = rows()
    table = [head, *([*row, ""] for row in body)]
    assert len(read(tmp_path, table)[0]) == 4
    table[2][-1] = "?"
    with pytest.raises(SurveyError, match="row 3"):
        read(tmp_path, table)


def test_rows_without_a_number_are_no_respondents(tmp_path):
    table = [*rows(), ["合计", *[""] * 12]]
    survey, warned = read(tmp_path, table)
    assert len(survey) == 4
    assert any("no respondents" in message for message in warned)


def test_a_reader_can_be_asked_for_by_name_and_refuses_what_is_not_its_own(tmp_path):
    path = tmp_path / "e.csv"
    path.write_text(text(rows()), encoding="utf-8")
    assert read_survey(path, vendor="wenjuanxing").source.reader == "wenjuanxing"
    with pytest.raises(SurveyError, match="cannot read"):
        read_survey(path, vendor="tencent")


def test_places_of_an_answer_from_0_to_10_are_moved_down_with_a_warning(tmp_path):
    survey, warned = read(tmp_path, ordinal())
    assert survey.frame["3、推荐"].tolist() == [10, 0, 7]
    assert any("moved down by 1" in message for message in warned)
    table = ordinal()
    table[1][-1] = "0"
    survey, warned = read(tmp_path, table)
    assert survey.frame["3、推荐"].tolist() == [0, 1, 8]
    assert not any("moved" in message for message in warned)


def test_a_codebook_sets_an_export_by_option_number_right(tmp_path):
    answers = [["5", "1", "11"], ["1", "6", "1"], ["-2", "-3", "8"], ["4", "5", "9"]]
    table = [[*META, "1、总体满意", "2、同意", "3、推荐"]]
    table += [[str(i + 1), *ROW, *row] for i, row in enumerate(answers)]
    items = {"SAT": {"scale": [1, 5], "reverse": True}, "AGR": {"scale": [1, 5]}, "NPS": {"scale": [0, 10]}}
    book = {"columns": {"SAT": 6, "AGR": 7, "NPS": 8}, "items": items, "missing": {"6": "dont_know"}}
    survey, _ = read(tmp_path, table, Codebook.from_dict(book))
    assert survey.frame["SAT"].tolist()[:2] == [1, 5]
    assert survey.frame["NPS"].tolist() == [10, 0, 7, 8]
    assert survey.missing_reasons["AGR"].tolist() == [None, "dont_know", "not_shown", None]
    assert survey.missing_reasons["SAT"].tolist() == [None, None, "skipped", None]
