"""Tables keep raw values, round only when written, and write nothing that runs."""

from __future__ import annotations

import csv
import io
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from satloyal.reporting.table import Cell, Column, Table, undefined

COLUMNS = [Column("name", "Name"), Column("est", "Est.", "number", 2), Column("ci", "CI", "interval")]


def table(*rows):
    return Table.build("demo", "A demonstration", COLUMNS, [list(row) for row in rows])


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "＝", " ="])
def test_text_that_a_spreadsheet_would_run_is_disarmed(start):
    made = table([f"{start}cmd()", 1.0, (0.0, 2.0)])
    row = list(csv.reader(io.StringIO(made.to_csv(), newline="")))[1]
    assert row[0].startswith("'")


def test_negative_numbers_are_not_disarmed():
    made = table(["x", -1.5, (-2.0, -1.0)])
    assert list(csv.reader(io.StringIO(made.to_csv(), newline="")))[1] == ["x", "-1.5", "-2.0", "-1.0"]


def test_csv_keeps_every_digit():
    value = 0.1234567890123
    assert str(value) in table(["x", value, (0.0, 1.0)]).to_csv()


def test_undefined_cells_say_why_once():
    made = table(
        ["x", undefined("not estimated"), undefined("not estimated")], ["y", undefined("other"), (0, 1)]
    )
    assert made.footnotes() == (("a", "not estimated"), ("b", "other"))
    assert "(a) not estimated" in made.to_markdown()
    assert made.text()[0] == ("x", "–", "–")


def test_nan_is_empty_in_csv_and_null_in_records():
    made = table(["x", math.nan, undefined("none")])
    assert made.to_csv().splitlines()[1] == "x,,,"
    assert made.records() == [{"name": "x", "est": None, "ci_lower": None, "ci_upper": None}]


def test_steps_return_new_tables():
    made = table(["x", 1.0, (0.0, 2.0)])
    noted = made.with_notes("a note")
    assert made.notes == ()
    assert noted.notes == ("a note",)


@given(st.text(max_size=20))
def test_any_text_stays_in_its_markdown_cell(text):
    lines = table([text, 1.0, (0.0, 2.0)]).to_markdown().split("\n")
    row = lines[4]
    assert "<" not in row.replace("&lt;", "")
    assert row.replace("\\|", "").count("|") == 4


def test_latex_escapes_what_it_would_run():
    made = table([r"\input{/etc/passwd} & 50 % of A_b", 1.0, (0.0, 2.0)]).to_latex()
    assert r"\textbackslash{}input\{/etc/passwd\} \& 50 \% of A\_b" in made


def test_renderings(snapshot):
    made = Table.build(
        "demo",
        "A demonstration",
        COLUMNS,
        [["Trust", Cell(0.5, "good"), (0.25, 0.75)], ["Value", undefined("the fit did not converge"), None]],
        ("A note.",),
    )
    assert made.to_markdown() == snapshot(name="markdown")
    assert made.to_latex() == snapshot(name="latex")
    assert made.to_csv() == snapshot(name="csv")
