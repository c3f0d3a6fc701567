"""Tencent Survey: columns of the vendor before and behind the questions, a comma at the end of each line."""

from __future__ import annotations

import warnings

import pytest

from satloyal.errors import SurveyWarning
from satloyal.survey.codebook import Codebook
from satloyal.survey.readers import read_survey

FRONT = [
    "编号",
    "开始答题时间",
    "结束答题时间",
    "答题时长",
    "地理位置国家和地区",
    "地理位置省",
    "地理位置市",
    "自定义字段",
]
BACK = [
    "语言",
    "清洗数据结果",
    "智能清洗数据无效概率",
    "用户类型",
    "用户标识",
    "昵称",
    "IP",
    "UA",
    "Referrer",
]
QUESTIONS = [
    "1.客户编号",
    "2.满意:速度",
    "2.满意:价格",
    "3.渠道:A.网点",
    "3.渠道:B.网站",
    "4.推荐",
    "5.来自_填空1",
    "5.来自_填空2",
]
ANSWERS = [
    ["A1", "D.满意", "E.非常满意", "A.网点", "", "10", "北京", ""],
    ["A2", "A.非常不满意", "B.不满意", "", "B.网站", "0", "", "香港"],
    ["A3", "C.一般", "", "A.网点", "B.网站", "7", "", ""],
]
BOOK = Codebook.from_dict(
    {
        "id": "cid",
        "columns": {
            "cid": "1.客户编号",
            "S1": "2.满意:速度",
            "S2": 10,
            "C1": 11,
            "C2": 12,
            "NPS": "4.推荐",
            "seconds": "答题时长",
        },
        "items": {"S1": {"scale": [1, 5]}, "S2": {"scale": [1, 5]}, "NPS": {"scale": [0, 10]}},
    }
)


def lines(*, start="02-Feb-2021 20:26:58", back=True, header_comma=True):
    front = [[str(i), start, start, "11", "中国", "香港", "", ""] for i in (3, 2, 1)]
    behind = ["简体中文", "有效", "0.1", "微信", "u-1", "小明", "203.0.113.9", "Mozilla", ""] if back else []
    table = [FRONT + QUESTIONS + (BACK if back else [])]
    table += [f + a + behind for f, a in zip(front, ANSWERS, strict=True)]
    out = [",".join(f'"{cell}"' for cell in row) + "," for row in table]
    return "\r\n".join([out[0] if header_comma else out[0][:-1], *out[1:]]) + "\r\n"


def read(tmp_path, text, book=None, encoding="utf-8", name="t.csv"):
    path = tmp_path / name
    path.write_bytes(text.encode(encoding))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", SurveyWarning)
        survey = read_survey(path, book)
    return survey, [str(w.message) for w in caught]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("back", [True, False])
@pytest.mark.parametrize("start", ["02-Feb-2021 20:26:58", "2026/5/26 12:00"])
def test_letters_of_options_and_columns_of_the_vendor_do_not_disturb_the_answers(
    tmp_path, encoding, back, start
):
    survey, _ = read(tmp_path, lines(start=start, back=back), BOOK, encoding, "t.dat")
    frame = survey.frame
    assert survey.source.reader == "tencent"
    assert frame["S1"].tolist() == [4, 1, 3]
    assert frame["S2"].tolist()[:2] == [5, 2]
    assert survey.missing_reasons["S2"].tolist() == [None, None, "skipped"]
    assert frame["NPS"].tolist() == [10, 0, 7]
    assert frame[["C1", "C2"]].to_numpy().tolist() == [[1, 0], [0, 1], [1, 1]]
    assert frame["seconds"].tolist() == [11] * 3


@pytest.mark.parametrize("header_comma", [True, False])
def test_the_empty_last_column_is_none(tmp_path, header_comma):
    survey, warned = read(tmp_path, lines(header_comma=header_comma))
    assert not any("column_" in name for name in survey.frame.columns)
    assert not any("no name" in message for message in warned)


def test_people_are_left_out_and_the_vendor_s_judgement_is_told_but_not_applied(tmp_path):
    survey, _ = read(tmp_path, lines().replace("有效", "无效", 1))
    assert len(survey) == 3
    assert not {"用户标识", "昵称", "IP", "UA"} & set(survey.frame.columns)
    assert survey.frame["清洗数据结果"].tolist() == ["无效", "有效", "有效"]
    (note,) = [n for n in survey.notes if n.step == "validity"]
    assert "was not applied" in note.message
    assert not any("小明" in str(n) for n in survey.notes)


def test_what_the_vendor_computes_is_no_item(tmp_path):
    survey, _ = read(tmp_path, lines())
    assert set(survey.items) == {"2.满意:速度", "2.满意:价格", "4.推荐"}
    assert survey.frame["2.满意:速度"].tolist() == [4, 1, 3]
