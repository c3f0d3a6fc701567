"""Several files are one survey; blocks of columns are rows."""

from __future__ import annotations

import warnings

import pandas as pd
import pytest

import satloyal as sl
from satloyal.errors import SurveyError, SurveyWarning
from satloyal.survey.codebook import Codebook
from satloyal.survey.combine import combine
from satloyal.survey.survey import Survey


@pytest.fixture
def waves(tmp_path):
    (tmp_path / "2023.csv").write_text("cid,SAT1,SAT2\nC1,4,5\nC2,99,3\n")
    (tmp_path / "2024.csv").write_text("cid,SAT1,SAT2,NEW\nC1,2,1,3\nC3,5,4,\n")
    return {"2023": tmp_path / "2023.csv", "2024": tmp_path / "2024.csv"}


def test_waves_stand_under_each_other_with_what_was_not_asked(waves):
    with pytest.warns(SurveyWarning, match="2023: NEW not asked"):
        survey = sl.read_surveys(waves, missing_codes={99: "dont_know"})
    assert survey.frame["wave"].tolist() == ["2023", "2023", "2024", "2024"]
    assert survey.codebook.wave == "wave"
    assert survey.missing_reasons["NEW"].tolist() == ["not_shown", "not_shown", None, "skipped"]
    assert survey.missing_reasons["SAT1"].tolist() == [None, "dont_know", None, None]
    assert any(note.message.startswith("2023: ") for note in survey.notes)
    assert survey.source.rows == 4


def test_brands_are_a_group_and_labels_come_from_names_of_files(waves):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        survey = sl.read_surveys(list(waves.values()), column="brand", missing_codes=[99])
    assert survey.codebook.group == ("brand",)
    assert set(survey.frame["brand"]) == {"2023", "2024"}


def test_sheets_of_one_workbook_are_waves(tmp_path):
    path = tmp_path / "waves.xlsx"
    with pd.ExcelWriter(path, engine="openpyxl") as writer:
        for name, values in (("Wave 1", [1, 2]), ("Wave 2", [3, 4])):
            pd.DataFrame({"cid": ["a", "b"], "SAT1": values}).to_excel(writer, sheet_name=name, index=False)
    survey = sl.read_surveys(path, sheets=["Wave 1", "Wave 2"])
    assert survey.frame.groupby("wave")["SAT1"].sum().to_dict() == {"Wave 1": 3.0, "Wave 2": 7.0}


@pytest.mark.parametrize(
    ("files", "options", "words"),
    [
        ([], {}, "no surveys"),
        ("one.csv", {}, "read_survey"),
        (["a/x.csv", "b/x.csv"], {}, "one name"),
        (["a.xlsx", "b.xlsx"], {"sheets": ["1"]}, "one workbook"),
    ],
)
def test_what_cannot_be_put_together_is_said(files, options, words):
    with pytest.raises(SurveyError, match=words):
        sl.read_surveys(files, **options)


def test_an_item_on_two_scales_is_refused(waves):
    one = Survey.from_frame(pd.DataFrame({"A": [1, 2]}), Codebook.from_text("[items.A]\nscale = [1, 5]"))
    other = Survey.from_frame(pd.DataFrame({"A": [1, 2]}), Codebook.from_text("[items.A]\nscale = [1, 7]"))
    with pytest.raises(SurveyError, match=r"1–5 in 'x' and on 1–7 in 'y'"):
        combine({"x": one, "y": other}, "brand")


WIDE = pd.DataFrame(
    {
        "cid": ["a", "b", "c"],
        "SAT1_A": [5, 4, None],
        "SAT2_A": [4, 9, None],
        "SAT1_B": [1, None, 2],
        "SAT2_B": [2, None, 3],
    }
)
BOOK = """
id = "cid"
missing = {9 = "dont_know"}
[constructs.SatA]
items = ["SAT1_A", "SAT2_A"]
scale = [1, 5]
[constructs.SatB]
items = ["SAT1_B", "SAT2_B"]
scale = [1, 5]
"""


def test_blocks_of_brands_become_rows():
    long = Survey.from_frame(WIDE, Codebook.from_text(BOOK)).stack("{item}_{block}")
    assert long.frame[["cid", "brand"]].to_numpy().tolist() == [
        ["a", "A"],
        ["b", "A"],
        ["a", "B"],
        ["c", "B"],
    ]
    assert long.frame["SAT1"].tolist() == [5, 4, 1, 2]
    assert long.missing_reasons["SAT2"].tolist() == [None, "dont_know", None, None]
    assert long.codebook.construct_items == {"SatA": ("SAT1", "SAT2")}
    assert (long.codebook.group, long.codebook.cluster) == (("brand",), "cid")
    named = Survey.from_frame(WIDE, Codebook.from_text(BOOK)).stack(
        {"A": {"S": "SAT1_A"}, "B": {"S": "SAT1_B"}}, column="bank"
    )
    assert named.frame["S"].tolist() == [5, 4, 1, 2]


@pytest.mark.parametrize(
    ("blocks", "words"),
    [
        ("{item}", "once each"),
        ("{item}-{block}", "make 0 blocks"),
        ({"A": {"S": "SAT1_A"}, "B": {"S": "SAT9_B"}}, "no column 'SAT9_B'"),
        ({"A": {"cid": "SAT1_A"}, "B": {"cid": "SAT1_B"}}, "is there already"),
    ],
)
def test_blocks_that_are_none_are_said(blocks, words):
    with pytest.raises(SurveyError, match=words):
        Survey.from_frame(WIDE, Codebook.from_text(BOOK)).stack(blocks)
