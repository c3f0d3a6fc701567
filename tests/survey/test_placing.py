"""The codebook says where columns stand in the file, and what their cells mean."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from satloyal.errors import SurveyError
from satloyal.survey.codebook import Codebook
from satloyal.survey.place import Place
from satloyal.survey.placing import placed, split_choices
from satloyal.survey.raw import RawTable
from satloyal.survey.survey import Survey
from satloyal.survey.ticks import ticked

BOOK = """
id = "cid"
group = "segment"

[columns]
cid = 0
segment = {column = "Are you a business?", values = {No = 0, Yes = 1}}
SAT1 = "How satisfied are you?"
CH = {column = 2, split = ", ", choices = ["Phone, mobile", "Branch"]}

[items.SAT1]
scale = [1, 5]
"""
FRAME = pd.DataFrame(
    {
        "Respondent": ["a", "b", "c"],
        "How satisfied are you?": ["4", "5", ""],
        "Which channels?": ["Phone, mobile, Branch", "Branch, pigeon post", None],
        "Are you a business?": ["Yes", "no", "YES"],
    }
)


def test_columns_come_under_the_names_of_the_codebook():
    survey = Survey.from_frame(FRAME, Codebook.from_text(BOOK))
    frame = survey.frame
    assert frame["cid"].tolist() == ["a", "b", "c"]
    assert frame["SAT1"].tolist()[:2] == [4.0, 5.0]
    assert frame["segment"].tolist() == [1, 0, 1]
    assert frame["CH1"].tolist()[:2] == [1.0, 0.0]
    assert frame["CH2"].tolist()[:2] == [1.0, 1.0]
    assert frame[["CH1", "CH2"]].iloc[2].isna().all()
    assert frame["CH"].tolist()[1] == "Branch, pigeon post"
    assert any("pigeon" in note.message for note in survey.notes)


def test_a_codebook_with_places_writes_itself_back():
    book = Codebook.from_text(BOOK)
    assert Codebook.from_text(book.to_toml()) == book


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ("SAT1 = 9", "counted from 0 to 3"),
        ('SAT1 = "How satisfied are yo"', "did you mean"),
        ("SAT1 = 1\nSAT2 = 1", "both"),
        ('SAT1 = {column = 1, split = ","}', "choices"),
        ("SAT1 = {column = 1, values = {Yes = true}}", "must stand for a number"),
        ("SAT1 = {colum = 1}", "unknown key"),
        ("SAT1 = true", "position from 0"),
        ("SAT1 = -1", "counted from 0"),
    ],
)
def test_a_place_that_is_none_is_said(columns, words):
    with pytest.raises(SurveyError, match=words):
        Survey.from_frame(FRAME, Codebook.from_text(f"[columns]\n{columns}\n[items.SAT1]\nscale=[1,5]"))


def test_a_name_that_another_column_has_is_refused_unless_that_one_moves_too():
    raw = RawTable(pd.DataFrame({"a": [1], "b": [2]}), (1,))
    with pytest.raises(SurveyError, match="another column has that name"):
        placed(raw, {"b": Place("a")})
    assert placed(raw, {"b": Place("a"), "a": Place("b")}).frame.to_dict("list") == {"b": [1], "a": [2]}


def test_choices_are_found_greedily_and_the_rest_is_kept():
    place = Place(0, split=";", choices={"A": "Web; shop", "B": "Web", "C": "Shop"})
    assert split_choices("Web; shop;Web;other;", place) == (frozenset("AB"), ("other",))
    assert split_choices("website", place) == (frozenset(), ("website",))


def test_ticks_of_a_question_are_missing_only_where_nothing_was_ticked():
    raw = RawTable(
        pd.DataFrame(
            {"Q1": ["Y", "", None, "N/A"], "Q2": ["", "Y", None, "N/A"], "Q3": ["Yes", "No", "No", "x"]}
        ),
        (1, 2, 3, 4),
        kinds={"Q1": "tick", "Q2": "tick", "Q3": "tick"},
        stems={"Q1": "channels", "Q2": "channels", "Q3": "alone"},
    )
    out = ticked(raw)
    np.testing.assert_array_equal(out.frame["Q1"], [1, 0, np.nan, np.nan])
    np.testing.assert_array_equal(out.frame["Q2"], [0, 1, np.nan, np.nan])
    np.testing.assert_array_equal(out.frame["Q3"], [1, 0, 0, 1])
    assert out.reasons["Q1"].tolist() == [None, None, "skipped", "not_shown"]
