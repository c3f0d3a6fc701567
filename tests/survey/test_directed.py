"""Codes that run from much to little are turned by the labels of the file, once."""

from __future__ import annotations

import warnings

import pandas as pd
import pytest

from satloyal.errors import SurveyWarning
from satloyal.survey.codebook import Codebook
from satloyal.survey.raw import RawTable
from satloyal.survey.source import Source
from satloyal.survey.survey import Survey

DOWN = {
    1.0: "Very satisfied",
    2.0: "Satisfied",
    3.0: "Neither",
    4.0: "Dissatisfied",
    5.0: "Very dissatisfied",
}
UP = {6 - code: label for code, label in DOWN.items()}


def load(labels, book=None, cells=(1.0, 2.0, 5.0, None)):
    frame = pd.DataFrame({"SAT1": cells, "X": [1.0, 2.0, 3.0, 4.0]})
    raw = RawTable(frame, (1, 2, 3, 4), value_labels={"SAT1": labels})
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", SurveyWarning)
        survey = Survey.from_raw(raw, Source("t.sav", "spss", "sav"), book)
    return survey, " | ".join(str(w.message) for w in caught)


def test_reversed_codes_are_turned_with_their_labels_and_told():
    survey, said = load(DOWN)
    assert survey.frame["SAT1"].tolist()[:3] == [5, 4, 1]
    assert survey.codebook.items["SAT1"].scale.labels[5] == "Very satisfied"
    assert "'SAT1' are reversed" in said


@pytest.mark.parametrize("labels", [UP, {1.0: "Retail", 2.0: "Business", 3.0: "Other", 4.0: "None of these"}])
def test_codes_in_order_and_codes_without_order_stay(labels):
    survey, said = load(labels, cells=(1.0, 2.0, 3.0, None))
    assert survey.frame["SAT1"].tolist()[:3] == [1, 2, 3]
    assert said == ""


def test_an_undeclared_missing_code_is_not_turned():
    survey, _ = load(
        {**DOWN, 9.0: "Don't know"}, Codebook().with_missing({9: "dont_know"}), (1.0, 9.0, 5.0, None)
    )
    assert survey.frame["SAT1"].tolist()[::2] == [5, 1]
    assert survey.missing_reasons["SAT1"].tolist()[1] == "dont_know"


def test_a_codebook_that_labels_the_points_decides():
    book = Codebook.from_dict(
        {"items": {"SAT1": {"scale": [1, 5], "labels": {"1": "Very satisfied", "5": "Very dissatisfied"}}}}
    )
    survey, said = load(DOWN, book)
    assert survey.frame["SAT1"].tolist()[:3] == [1, 2, 5]
    assert said == ""


def test_a_codebook_that_calls_the_item_reversed_turns_it_once():
    book = Codebook.from_dict({"items": {"SAT1": {"scale": [1, 5], "reverse": True}}})
    survey, said = load(DOWN, book)
    assert survey.frame["SAT1"].tolist()[:3] == [5, 4, 1]
    assert "once" in said
