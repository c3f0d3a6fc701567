"""A cell is compared whole, in one spelling, and taken apart into number and label."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from satloyal.survey.labels import normalise, split_cell
from satloyal.survey.labels.cell import without_letter


@given(st.text(max_size=30))
def test_normalising_twice_changes_nothing(text):
    once = normalise(text)
    assert normalise(once) == once


@pytest.mark.parametrize(
    "text",
    [
        *(
            "don't know",
            "Don’t know",
            "DON‘T KNOW.",
            " don´t\u00a0 know",
            "\ufeffdon't know",
            "don't\u200b know",
        ),
        *("\u202adon't know\u202c", "ｄｏｎ＇ｔ　ｋｎｏｗ", "don`t know", "Don't know。", "don't\n know"),
    ],
)
def test_one_label_has_one_spelling(text):
    assert normalise(text) == "don't know"


@pytest.mark.parametrize("dash", "-‐‑‒–—−－")
def test_dashes_are_one(dash):
    assert normalise(f"5 {dash} Good") == "5 - good"


@pytest.mark.parametrize(
    ("text", "number", "label"),
    [
        *(("5 - Very satisfied", 5, "very satisfied"), ("5. Very satisfied", 5, "very satisfied")),
        *(("Very satisfied (5)", 5, "very satisfied"), ("5（非常满意）", 5, "非常满意"), ("５", 5, None)),
        *(("Extremely likely - 10", 10, "extremely likely"), ("Extremely likely-10", 10, "extremely likely")),
        *(("0 - Not at all likely", 0, "not at all likely"), ("10 非常愿意", 10, "非常愿意")),
        *(("10非常愿意", 10, "非常愿意"), ("非常满意（5分）", 5, "非常满意"), ("5分", 5, None)),
        *(("5分（非常满意）", 5, "非常满意"), ("-2 - Much worse", -2, "much worse"), ("１０、好", 10, "好")),
        *(("1 = Poor", 1, "poor"), ("4.0", 4, None), ("Satisfied", None, "satisfied"), ("", None, None)),
        *(("3-4", None, "3-4"), ("5/5", None, "5/5"), ("5²", None, "52"), ("≥4", None, "≥4")),
    ],
)
def test_number_and_label_of_a_cell(text, number, label):
    cell = split_cell(text)
    assert (cell.number, cell.label) == (number, label)


def test_ten_is_never_minus_ten():
    for dash in ("-", "–", " - ", " – ", "- ", " -", "—"):
        assert split_cell(f"Extremely likely{dash}10").number == 10


@given(st.text(max_size=30))
def test_every_cell_has_a_finite_number_or_a_label(text):
    cell = split_cell(text)
    assert cell.number is None or abs(cell.number) < float("inf")
    assert (cell.number is None and cell.label is None) == (normalise(text) == "")


def test_letters_of_options_go_only_where_all_have_one():
    assert without_letter({"a.满意", "d.无所谓"}) == {"a.满意": "满意", "d.无所谓": "无所谓"}
    assert without_letter({"a.满意", "无所谓"}) == {}
    assert without_letter({"a.满意", "a.无所谓"}) == {}
