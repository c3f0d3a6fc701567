"""The table of reliability: intervals beside what is judged, and what ordinal items change."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

import satloyal as sl
from satloyal.reporting.tables.measurement import reliability

DATA = Path(__file__).parents[1] / "reference" / "data" / "holzinger_swineford_ordinal.csv"
ITEMS = [f"x{i}" for i in range(1, 7)]
TWO = "visual =~ x1 + x2 + x3\ntextual =~ x4 + x5 + x6"


@pytest.fixture(scope="module")
def frame():
    return pd.read_csv(DATA)


def test_intervals_stand_beside_what_is_judged(frame):
    found = sl.fit_sem(TWO, frame).measurement()
    table = reliability(found)
    assert [c.label for c in table.columns if "95" in c.label] == ["CR 95 %", "AVE 95 %"]
    record = table.records()[1]
    row = found.reliability.iloc[1]
    assert (record["cr_ci_lower"], record["cr_ci_upper"]) == (row["cr_lower"], row["cr_upper"])
    assert record["maximal"] == row["maximal"]
    assert len(set(table.to_csv().splitlines()[0].split(","))) == len(table.columns) + 2


def test_ordinal_items_add_the_reliability_of_the_sum_and_say_what_the_rest_is_of(frame):
    fit = sl.fit_sem(TWO, frame, ordered=ITEMS)
    table = reliability(fit.measurement())
    assert "ω of sums" in [c.label for c in table.columns]
    assert "latent responses" in table.notes[-1]
    page = sl.report(fit).to_html()
    assert "Green, S. B." in page
    assert "polychoric correlations" in page


def test_one_item_has_neither_figures_nor_intervals_and_one_footnote(frame):
    table = reliability(sl.fit_sem("visual =~ x1 + x2 + x3\ntextual =~ x4", frame).measurement())
    (note,) = table.footnotes()
    assert note[1] == "all: one indicator: its error cannot be told from its content"
    assert table.records()[1]["cr_ci_lower"] is None
