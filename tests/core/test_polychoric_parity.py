"""Thresholds, correlations and Γ are lavaan's, statistic by statistic, in its order."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from satloyal.core.ordinal_estimate import ordinal_moments
from satloyal.core.rows import CompleteRows

CASES = json.loads((Path(__file__).parent / "reference" / "polychoric.json").read_text())["cases"]
HS = Path(__file__).parents[1] / "reference"
# lavaan's optimiser stops at 1e-8 or so; ours goes to rounding, so the difference is lavaan's
CLOSE = 1e-6


def fitted(case):
    """Return our groups of one stored case, in lavaan's order of groups."""
    frame = pd.DataFrame(case["data"], columns=case["names"], dtype=float)
    rows = CompleteRows.of(frame, case["names"], weights=case.get("weights"), group=case.get("group"))
    groups = {g.label: g for g in ordinal_moments(rows, case["ordered"], empty="error")}
    return [groups[label] for label in case.get("labels", [""])]


@pytest.fixture(scope="module", params=list(CASES))
def pair(request):
    """Return one case's groups, ours beside theirs."""
    case = CASES[request.param]
    return list(zip(fitted(case), case["groups"], strict=True))


def test_statistics_stand_in_lavaans_order(pair):
    for ours, theirs in pair:
        assert list(ours.layout.labels) == theirs["labels"]


def test_thresholds_means_variances_and_correlations_are_lavaans(pair):
    for ours, theirs in pair:
        assert ours.usable
        assert np.abs(ours.statistics - theirs["statistics"]).max() < CLOSE


def test_gamma_is_lavaans(pair):
    for ours, theirs in pair:
        scale = np.sqrt(np.diag(ours.gamma))
        at = theirs["gamma_at"]
        # lavaan's Γ belongs to √(sum of the group's weights), which differs from its rows in a weighted group
        gamma = ours.gamma * ours.weight / ours.n
        difference = (gamma[at] - np.array(theirs["gamma_rows"])) / np.outer(scale[at], scale)
        assert np.abs(difference).max() < CLOSE
        assert np.diag(gamma) == pytest.approx(theirs["gamma_diagonal"], rel=CLOSE)


def test_the_stored_polychorics_of_holzinger_and_swineford_are_met():
    stored = json.loads((HS / "lavaan" / "polychoric_hs.json").read_text())
    frame = pd.read_csv(HS / "data" / "holzinger_swineford_ordinal.csv")
    (ours,) = ordinal_moments(CompleteRows.of(frame, stored["names"]), stored["names"])
    assert np.abs(ours.correlation - stored["correlations"]).max() < CLOSE
    assert ours.th == pytest.approx(list(stored["thresholds"].values()), abs=CLOSE)


def test_a_lone_empty_cell_is_filled_and_said():
    (ours,) = fitted(CASES["lone_empty_cell"])
    assert ours.filled.tolist() == [[False, True, False], [True, False, False], [False, False, False]]
    (note,) = ours.notes
    assert note.step == "empty cells"
    assert note.count == 1
    assert "a with b" in note.message
