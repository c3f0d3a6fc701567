"""What numbers make questionable where nobody has said what they mean; and what they leave alone."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest

from satloyal.errors import SurveyWarning
from satloyal.survey.codebook import Codebook
from satloyal.survey.doubts import outlying
from satloyal.survey.raw import RawTable
from satloyal.survey.source import Source
from satloyal.survey.survey import Survey


def answers(n=200, k=6, points=5, seed=0):
    rng = np.random.default_rng(seed)
    trait = rng.normal(size=(n, 1)) + rng.normal(scale=0.8, size=(n, k))
    cuts = np.quantile(trait, np.linspace(0, 1, points + 1)[1:-1])
    return pd.DataFrame(1.0 + np.searchsorted(cuts, trait), columns=[f"Q{j + 1}" for j in range(k)])


def load(frame, book=None, **said):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", SurveyWarning)
        raw = RawTable(frame, tuple(range(2, len(frame) + 2)), **said)
        survey = Survey.from_raw(raw, Source("t", "plain", "text"), book)
    return survey, " | ".join(str(w.message) for w in caught)


@pytest.mark.parametrize("points", [2, 3, 4, 5, 6, 7, 8, 9, 10, 11])
def test_ordinary_scales_raise_no_doubt(points):
    assert load(answers(points=points))[1] == ""


def test_amounts_and_bipolar_scales_raise_no_doubt():
    rng = np.random.default_rng(1)
    frame = pd.DataFrame(
        {"age": rng.integers(18, 90, 100), "share": rng.random(100), "pole": rng.integers(-3, 4, 100)}
    )
    assert load(frame.astype(float))[1] == ""


def test_a_slip_is_named_with_its_column_value_and_row():
    frame = answers()
    frame.loc[7, "Q3"] = 55
    said = load(frame)[1]
    assert "55 in row 9 of 'Q3' (1 to 5 otherwise)" in said
    assert "'Q1'" not in said


@pytest.mark.parametrize("code", [99.0, -99.0, -1.0, 9.0, 88.0, 999.0])
def test_codes_that_nobody_declared_are_told_once_and_silent_when_declared(code):
    frame = answers()
    frame.iloc[::15, :] = frame.iloc[::15, :].mask(frame.iloc[::15, :] > 2, code)
    said = load(frame)[1]
    assert said.count("far outside") == 1
    assert f"{code:g} in" in said
    assert "far outside" not in load(frame, Codebook().with_missing({code: "dont_know"}))[1]


@pytest.mark.parametrize(("points", "code"), [(5, 6.0), (7, 8.0)])
def test_a_rare_choice_beside_the_scale_may_be_dont_know(points, code):
    frame = answers(points=points)
    rng = np.random.default_rng(5)
    for name in ("Q2", "Q4"):
        frame.loc[rng.choice(len(frame), 8, replace=False), name] = code
    said = load(frame)[1]
    assert f"{code:g} is rare (16 of 1200 answers) in Q2, Q4" in said
    assert f'missing = {{{code:g} = "dont_know"}}' in said
    assert load(frame, Codebook().with_missing({code: "dont_know"}))[1] == ""


def test_the_top_of_a_true_scale_of_six_points_is_no_dont_know_however_rare():
    rng = np.random.default_rng(3)
    trait = rng.normal(size=(400, 1)) + rng.normal(scale=0.5, size=(400, 5))
    cuts = [-1.5, -0.7, 0.2, 1.0, 2.2]
    frame = pd.DataFrame(1.0 + np.searchsorted(cuts, trait), columns=list("abcde"))
    assert 0 < (frame == 6).to_numpy().mean() < 0.05
    assert "possible don't know" not in load(frame)[1]


def test_missing_codes_between_the_answers_are_doubted_without_a_scale_only():
    rng = np.random.default_rng(2)
    frame = pd.DataFrame({"NPS": rng.integers(0, 11, 100).astype(float)})
    book = Codebook().with_missing({8: "dont_know", 9: "refused"})
    assert "8, 9 in 'NPS' (0 to 10)" in load(frame, book)[1]
    scaled = Codebook.from_dict({"items": {"NPS": {"scale": [0, 10]}}, "missing": {"9": "refused"}})
    survey, said = load(frame, scaled)
    assert said == ""
    assert (survey.frame["NPS"] == 9).any()


def test_an_item_that_runs_against_its_question_is_named_and_not_if_the_codebook_turns_it():
    frame = answers(k=4)
    frame["Q2"] = 6 - frame["Q2"]
    assert "'Q2' runs against" in load(frame, stems=dict.fromkeys(frame.columns, "How …"))[1]
    body = {"items": list(frame.columns), "scale": [1, 5]}
    assert "'Q2' runs against" in load(frame, Codebook.from_dict({"constructs": {"C": body}}))[1]
    turned = Codebook.from_dict({"constructs": {"C": {**body, "reverse": ["Q2"]}}})
    assert load(frame, turned)[1] == ""
    wrong = Codebook.from_dict({"constructs": {"C": {**body, "reverse": ["Q2", "Q4"]}}})
    assert "'Q4'" in load(frame, wrong)[1]


def test_straight_lines_patterns_and_haste_are_counted_and_everyone_stays():
    frame = answers(n=100, k=60, seed=4)
    frame.iloc[:7, :] = 3.0
    frame.iloc[7:10, :] = np.tile([1.0, 2, 3, 4, 5, 4, 3, 2], 8)[:60]
    frame["seconds"] = 400.0
    frame.loc[10:11, "seconds"] = 30.0
    survey, said = load(frame, kinds={"seconds": "duration"})
    assert "12 of 100 respondents" in said
    assert "7 gave one answer" in said
    assert "3 repeated a pattern" in said
    assert "2 took less than a second" in said
    assert len(survey) == 100
    assert "seconds" not in survey.items


def test_outlying_is_bounded_by_what_most_answers_are_on():
    assert not outlying(np.array([1.0, 2, 3])).any()
    assert not outlying(np.full(50, 4.0)).any()
    values = np.array([1.0, 2, 3, 4, 5] * 10 + [np.nan, 1e9, -1e9])
    assert outlying(values).nonzero()[0].tolist() == [51, 52]


def test_a_question_of_its_own_is_compared_with_all_ratings():
    frame = answers(k=7)
    frame["Q7"] = 6 - frame["Q7"]
    stems = dict.fromkeys(["Q1", "Q2", "Q3", "Q4", "Q5", "Q6"], "How …")
    assert "'Q7' runs against" in load(frame, stems=stems)[1]
    book = Codebook.from_dict({"items": {n: {"scale": [1, 5], "reverse": n == "Q7"} for n in frame.columns}})
    assert load(frame, book, stems=stems)[1] == ""


def test_a_code_far_outside_hides_no_extra_choice():
    frame = answers()
    rng = np.random.default_rng(5)
    frame.loc[rng.choice(len(frame), 8, replace=False), "Q2"] = 6.0
    frame.loc[3:5, "Q4"] = 99.0
    said = load(frame)[1]
    assert "6 is rare (8 of 1197 answers) in Q2" in said
    assert "99 in" in said
