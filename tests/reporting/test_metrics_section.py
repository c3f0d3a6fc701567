"""Loyalty metrics in a report and a notebook: the sentence first, then figure and table."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

import satloyal as sl


@pytest.fixture(scope="module")
def frame():
    rng = np.random.default_rng(5)
    made = pd.DataFrame({"r": rng.integers(0, 11, 600), "p": rng.uniform(0, 100, 600)})
    return made.assign(wave=np.arange(600) % 6)


@pytest.fixture(scope="module")
def results(frame):
    score, bands = sl.nps(frame, "r", group="wave"), sl.repurchase(frame, "p")
    worth = bands.expected_value({"low": 1, "middle": 2, "high": 5}, {("low", "high"): 0.2})
    return {
        "intervals": score,
        "differences": score.differences(),
        "control": score.control_chart(),
        "value": worth,
    }


@pytest.mark.parametrize("name", ["intervals", "differences", "control", "value"])
def test_each_result_draws_its_figure_and_shows_itself(results, name):
    found = results[name]
    assert found.figures() == (name,)
    assert isinstance(found.figure(name), Figure)
    assert found.headline().split(",")[0].replace("&", "&amp;") in found._repr_html_()
    assert found.summary().startswith(found.headline())
    assert found.to_dict()["estimates"]


def test_a_report_has_a_section_for_each(results):
    text = sl.report(*results.values()).to_html()
    for title in ("Loyalty metrics", "Differences between groups", "Over the waves", "What moving customers"):
        assert title in text
    for found in results.values():
        assert found.headline().split("(")[0] in text


def test_nothing_is_drawn_where_there_are_no_limits(frame):
    equal = sl.nps(frame.assign(r=10), "r", scale=(0, 10), group="wave").control_chart()
    assert equal.figures() == ()
    assert "NO LIMITS" in equal._repr_html_()


def test_a_share_is_drawn_in_percent(frame):
    found = sl.csat(frame, "r", scale=(0, 10))
    ax = found.figure("intervals").axes[0]
    assert ax.get_xlabel() == "percent"
    assert ax.get_xlim()[1] > 2
