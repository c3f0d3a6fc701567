"""A cell is a number, a missing answer or neither, and never something in between."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from satloyal.survey.numbers import parse_number, read_column, show_cell


@pytest.mark.parametrize(
    ("text", "value"),
    [
        *(("4", 4), (" 3 ", 3), ("4.0", 4), ("-2", -2), ("−2", -2), ("４", 4), ("１０", 10), (".5", 0.5)),
        *(("1e-05", 1e-5), ("1.5E+2", 150)),
        *(("5 - Very satisfied", 5), ("1 – STRONGLY DISAGREE", 1), ("5. Very satisfied", 5)),
        *(
            ("Very satisfied (5)", 5),
            ("5（非常满意）", 5),
            ("Extremely likely - 10", 10),
            ("10 - Extremely likely", 10),
        ),
    ],
)
def test_numbers_and_labelled_numbers_are_read(text, value):
    assert parse_number(text)[0] == value


@pytest.mark.parametrize(
    "text",
    [
        *(
            "four",
            "4 stars",
            "5/5",
            "≥4",
            "4,5",
            "#REF!",
            "ok",
            "1e0",
            "3-4",
            "TRUE",
            "5²",
            "½",
            "①",
            "1 000",
        ),
        *("2024-03-11", "10:30", "1.2.3", "inf", "nan", "0x10", "1_0", "--1", "+", "e5", "非常满意"),
    ],
)
def test_what_is_not_plainly_a_number_is_none(text):
    assert parse_number(text) is None


def test_a_decimal_comma_counts_only_where_it_is_expected():
    assert parse_number("1,096") is None
    assert parse_number("1,096", decimal=",") == (1.096, "number")


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_number_that_python_writes_is_read_back(number):
    assert parse_number(repr(number)) == (number, "number")


@given(st.text(max_size=30))
def test_no_text_at_all_raises(text):
    found = parse_number(text)
    assert found is None or np.isfinite(found[0]) or "e+" in text.casefold()


@given(st.lists(st.sampled_from(["1", "2", "", "n/a", "x", "5 - good", None, 3.0, float("nan")])))
def test_every_cell_is_a_value_or_missing_or_unread(cells):
    column = read_column(pd.Series(cells, dtype=object))
    value, missing = np.isfinite(column.values), np.array([r is not None for r in column.reasons], dtype=bool)
    assert (value.astype(int) + missing + column.unread == 1).all()


def test_reasons_come_from_the_file_first_then_from_codes_then_from_blanks():
    cells = pd.Series(["Don't know", "", "4"], dtype=object)
    column = read_column(cells, codes={"don't know": "dont_know"}, known=[None, "not_shown", None])
    assert column.reasons.tolist() == ["dont_know", "not_shown", None]


@pytest.mark.parametrize(
    "column", [pd.array([1, None, 3], "Int64"), pd.array([1.0, None, 3.0], "Float64"), [1.0, np.nan, 3.0]]
)
def test_typed_columns_of_every_kind_become_floats(column):
    read = read_column(pd.Series(column))
    assert read.values[[0, 2]].tolist() == [1.0, 3.0]
    assert read.reasons.tolist() == [None, "skipped", None]


def test_truth_values_in_a_text_column_are_no_numbers():
    assert read_column(pd.Series([True, "1"], dtype=object)).unread.tolist() == [True, False]


def test_cells_in_messages_are_short_and_on_one_line():
    assert show_cell("a\nb") == "'a b'"
    assert len(show_cell("x" * 500)) < 50
    assert show_cell(dt.date(2024, 5, 3)) == "2024-05-03 (a date)"
    assert "\u202e" not in show_cell("a\u202eb")
