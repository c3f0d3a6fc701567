"""Numbers are written as APA asks, and nothing is written where there is no number."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from satloyal.reporting import numbers


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.93, ".93"),
        (-0.05, "−.05"),
        (1.04, "1.04"),
        (0.0, ".00"),
        (math.nan, "–"),
        (math.inf, "–"),
        (None, "–"),
    ],
)
def test_a_bounded_number_loses_its_leading_zero(value, text):
    assert numbers.number(value, bounded=True) == text


def test_a_small_number_is_not_written_as_zero():
    assert numbers.number(0.0004) == "0.0004"
    assert numbers.number(-0.004) == "−0.004"
    assert numbers.number(0.00000041) == "4.1 × 10⁻⁷"


@pytest.mark.parametrize(
    ("p", "text"),
    [(0.0, "< .001"), (0.00099, "< .001"), (0.001, ".001"), (0.05, ".050"), (1.0, "> .999"), (math.nan, "–")],
)
def test_p_values_are_never_zero_or_one(p, text):
    assert numbers.pvalue(p) == text


def test_a_bounded_number_keeps_its_decimals_and_a_zero_has_no_sign():
    assert numbers.number(0.0004, bounded=True) == ".00"
    assert numbers.number(-0.0004, bounded=True) == ".00"


def test_an_interval_needs_both_ends():
    assert numbers.interval(0.06, 0.09, bounded=True) == "[.06, .09]"
    assert numbers.interval(0.06, math.nan) == "–"


@given(st.floats(allow_nan=True, allow_infinity=True))
def test_a_number_is_an_en_dash_exactly_when_it_is_undefined(value):
    assert (numbers.number(value) == "–") == (not math.isfinite(value))


@given(st.floats(min_value=-1e6, max_value=1e6).filter(lambda v: v != 0))
def test_a_nonzero_number_never_reads_as_zero(value):
    text = numbers.number(value)
    assert any(digit in text for digit in "123456789")
    assert (text[0] == "−") == (value < 0)
