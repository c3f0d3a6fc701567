"""A scale knows its ends, and turns round."""

from __future__ import annotations

import math
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from satloyal.errors import SurveyError
from satloyal.survey.construct import Construct, Item, as_code
from satloyal.survey.scale import Scale

ends = st.tuples(st.integers(-20, 20), st.integers(1, 100)).map(lambda t: Scale(t[0], t[0] + t[1]))


@given(ends, st.floats(0, 1))
def test_turning_round_twice_is_no_change(scale, share):
    value = scale.low + share * (scale.high - scale.low)
    assert scale.reverse(scale.reverse(value)) == pytest.approx(value, abs=1e-9)
    assert scale.percent(value) + scale.percent(scale.reverse(value)) == pytest.approx(100)


@given(ends)
def test_the_ends_swap_and_the_midpoint_stays(scale):
    assert scale.reverse(scale.low) == scale.high
    assert scale.reverse(scale.midpoint) == scale.midpoint


@pytest.mark.parametrize(("low", "high"), [(5, 1), (1, 1), (math.nan, 5), (1, math.inf)])
def test_ends_that_make_no_range_are_refused(low, high):
    with pytest.raises(SurveyError, match="scale"):
        Scale(low, high)


def test_a_label_outside_the_scale_is_refused():
    with pytest.raises(SurveyError, match="label for 9 stands outside the scale 1–5"):
        Scale(1, 5, {1: "no", 9: "don't know"})


def test_missing_values_are_not_outside():
    assert Scale(1, 5).outside(np.array([0.0, 1.0, 5.0, 6.0, np.nan])).tolist() == [
        True,
        False,
        False,
        True,
        False,
    ]


def test_labels_are_found_by_point():
    scale = Scale(1, 5, {5: "yes", 1: "no"})
    assert (scale.label(5.0), scale.label(3.0), scale.label(1.5), scale.points) == ("yes", None, None, 5)


def test_scales_and_items_survive_pickling():
    item = Item("A", "text", Scale(1, 5, {1: "no"}), reverse=True, missing={9: "dk"})
    assert pickle.loads(pickle.dumps(item)) == item  # noqa: S301 - our own bytes


def test_a_reversed_item_needs_a_scale():
    with pytest.raises(SurveyError, match="'A' is to be reversed but has no scale"):
        Item("A", reverse=True)


def test_a_construct_needs_items_and_each_once():
    with pytest.raises(SurveyError, match="has no items"):
        Construct("Trust", ())
    with pytest.raises(SurveyError, match="lists item 'T1' twice"):
        Construct("Trust", ("T1", "T1"))


@pytest.mark.parametrize("word", ["nan", "inf", "1_000", "1e3"])
def test_words_that_python_would_take_for_numbers_stay_words(word):
    assert as_code(word) == word
