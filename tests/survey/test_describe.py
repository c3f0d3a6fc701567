"""Figures of items and scores of constructs, against pandas and by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from satloyal.errors import SurveyError, SurveyWarning
from satloyal.survey.codebook import Codebook
from satloyal.survey.describe import item_total, weighted_mean, weighted_sd, weighted_skew
from satloyal.survey.survey import Survey

ANSWERS = pd.DataFrame(
    {
        "A1": [1, 2, 4, 5, 5, 3],
        "A2": [2, 2, 5, 4, 5, 1],
        "A3": [5, 4, 2, 1, 2, 99],
        "w": [1, 2, 1, 0.5, 1, 1.5],
    }
)
TEXT = 'missing = {99 = "dk"}\n[constructs.A]\nitems = ["A1", "A2", "A3"]\nscale = [1, 5]\nreverse = ["A3"]\n'


def test_unweighted_figures_are_those_of_pandas():
    table = Survey.from_frame(ANSWERS, Codebook.from_text(TEXT)).describe()
    turned = 6 - ANSWERS["A3"].replace(99, np.nan)
    for name, values in (("A1", ANSWERS["A1"]), ("A3", turned)):
        row = table.loc[name]
        assert row["mean"] == pytest.approx(values.mean())
        assert row["sd"] == pytest.approx(values.std())
        assert row["skew"] == pytest.approx(values.skew())
        assert row["floor"] == pytest.approx((values.dropna() == 1).mean())
        assert row["ceiling"] == pytest.approx((values.dropna() == 5).mean())
    assert (table.loc["A3", "n"], table.loc["A3", "missing"], table.loc["A3", "missing_dk"]) == (5, 1, 1)
    assert table["weighted_by"].unique().tolist() == [""]
    full = pd.DataFrame({"A1": ANSWERS["A1"], "A2": ANSWERS["A2"], "A3": turned}).dropna()
    assert table.loc["A1", "item_total"] == pytest.approx(full["A1"].corr(full["A2"] + full["A3"]))


def test_whole_number_weights_are_as_good_as_repeated_rows():
    x, w = np.array([1.0, 2.0, 5.0, 4.0]), np.array([1, 3, 2, 1])
    repeated = np.repeat(x, w)
    assert weighted_mean(x, w.astype(float)) == pytest.approx(repeated.mean())
    items = np.column_stack([x, x**2, -x + 1])
    many = item_total(np.repeat(items, w, axis=0), np.ones(7))
    np.testing.assert_allclose(item_total(items, w.astype(float)), many)


def test_weights_are_used_and_named():
    table = Survey.from_frame(ANSWERS, Codebook.from_text('weight = "w"\n' + TEXT)).describe()
    assert table.loc["A1", "mean"] == pytest.approx(np.average(ANSWERS["A1"], weights=ANSWERS["w"]))
    assert table.loc["A1", "n"] == 6
    assert table["weighted_by"].unique().tolist() == ["w"]


@given(hnp.arrays(float, st.integers(3, 30), elements=st.integers(1, 7).map(float)), st.floats(0.1, 10))
def test_equal_weights_change_nothing(x, w):
    weights, series = np.full(len(x), w), pd.Series(x)
    assert weighted_sd(x, weights) == pytest.approx(series.std(), abs=1e-12)
    if series.std() > 0:
        assert weighted_skew(x, weights) == pytest.approx(series.skew(), abs=1e-9)


def test_what_cannot_be_known_is_nan_not_zero():
    table = Survey.from_frame(pd.DataFrame({"Q": [1, 2, 4]})).describe()
    assert table.loc["Q", ["floor", "ceiling", "item_total"]].isna().all()
    assert np.isnan(weighted_sd(np.array([1.0]), np.ones(1)))
    assert np.isnan(weighted_skew(np.array([2.0, 2.0, 2.0]), np.ones(3)))
    assert np.isnan(item_total(np.array([[1.0, 2.0], [1.0, 3.0], [1.0, 4.0]]), np.ones(3))).all()


def test_an_item_of_two_constructs_has_a_row_in_each():
    text = '[constructs.A]\nitems = ["A1", "A2"]\n[constructs.B]\nitems = ["A1"]\n'
    table = Survey.from_frame(ANSWERS, Codebook.from_text(text)).describe()
    assert table.loc["A1", "construct"].tolist() == ["A", "B"]


def test_scores_need_enough_answers():
    book = Codebook.from_text('[constructs.A]\nitems = ["a", "b", "c"]\nscale = [1, 5]\n')
    frame = pd.DataFrame({"a": [1, 1, 1.0], "b": [3, 3, None], "c": [5, None, None]})
    with pytest.warns(SurveyWarning, match="same answer"):
        survey = Survey.from_frame(frame, book)
    np.testing.assert_array_equal(survey.scores()["A"], [3, 2, np.nan])
    np.testing.assert_array_equal(survey.scores(min_share=1)["A"], [3, np.nan, np.nan])
    np.testing.assert_array_equal(survey.scores(min_share=0.01)["A"], [3, 2, 1])
    np.testing.assert_array_equal(survey.scores("sum")["A"], [9, 6, np.nan])
    np.testing.assert_array_equal(survey.scores("percent")["A"], [50, 25, np.nan])


def test_items_on_different_scales_are_not_averaged():
    book = Codebook.from_text(
        '[constructs.L]\nitems = ["a", "b"]\n[items]\na = {scale = [1, 5]}\nb = {scale = [0, 10]}\n'
    )
    survey = Survey.from_frame(pd.DataFrame({"a": [1, 5], "b": [10, 0]}), book)
    with pytest.raises(SurveyError, match=r"different scales \(a 1–5, b 0–10\)"):
        survey.scores()
    assert survey.scores("percent")["L"].tolist() == [50.0, 50.0]


def test_scores_say_what_they_cannot_do():
    survey = Survey.from_frame(pd.DataFrame({"a": [1, 2]}))
    with pytest.raises(SurveyError, match="no constructs"):
        survey.scores()
    with pytest.raises(SurveyError, match="no scoring method 'median'"):
        survey.scores("median")
    with pytest.raises(SurveyError, match="min_share"):
        survey.scores(min_share=0)
    book = Codebook.from_text('[constructs.A]\nitems = ["a"]\n')
    with pytest.raises(SurveyError, match="'a' of 'A' has no scale"):
        Survey.from_frame(pd.DataFrame({"a": [1, 2]}), book).scores("percent")


def test_scores_hold_constructs_and_nothing_else():
    book = Codebook.from_text('id = "cid"\n[constructs.A]\nitems = ["a"]\n')
    survey = Survey.from_frame(pd.DataFrame({"cid": ["x", "y"], "a": [1, 2]}, index=[7, 9]), book)
    assert list(survey.scores()) == ["A"]
    assert survey.scores().index.tolist() == [7, 9]


def test_a_constant_item_has_no_skew_whatever_the_weights():
    weights = np.array([0.3, 1.1, 0.7, 2.9, 0.1])
    answers = np.full(5, 0.1 + 0.2)
    assert np.isnan(weighted_skew(answers, weights))
    assert weighted_sd(answers, weights) == 0.0
