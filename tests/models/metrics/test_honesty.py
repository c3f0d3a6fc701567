"""What is no such scale is refused with words; what can be computed but not trusted is said."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import satloyal as sl
from satloyal.errors import FitError, SurveyWarning
from satloyal.models.metrics import (
    ces,
    csat,
    loyalty_index,
    loyalty_segments,
    nps,
    rater_profile,
    repurchase,
    retention,
    share_of_wallet,
)

FRAME = pd.DataFrame({"r": [10, 9, 8, 3, 0, 7], "s": [1, 2, 3, 4, 5, 5], "g": list("aabbab"), "w": [1.0] * 6})
BOOK = 'id = "id"\nweight = "w"\n[items.R10]\nscale = [1, 10]\n[items.R11]\nscale = [0, 10]\n'


def survey():
    frame = pd.DataFrame(
        {"R10": [1, 5, 9, 10], "R11": [0, 5, 9, 10], "w": [1.0, 2.0, 1.0, 2.0], "id": ["a", "b", "a", "c"]}
    )
    with pytest.warns(SurveyWarning, match="duplicate respondents"):
        return sl.Survey.from_frame(frame, sl.Codebook.from_text(BOOK))


def status(found, name):
    return next(c.status for c in found.checks if c.name == name)


def test_the_nps_of_another_scale_is_refused():
    with pytest.raises(FitError, match="asked from 1 to 10"):
        nps(survey(), "R10")
    with pytest.raises(FitError, match="asked from 1 to 10"):
        nps(FRAME, "r", scale=(1, 10))
    with pytest.raises(FitError, match="outside 0 to 10"):
        nps(FRAME.assign(r=[1, 2, 3, 4, 5, 11]), "r")
    with pytest.raises(FitError, match="not whole numbers"):
        nps(FRAME.assign(r=[1, 2, 3, 4, 5, 6.5]), "r")
    with pytest.raises(FitError, match="one of its items"):
        nps(sl.load_sample("simulated_retail"), "Satisfaction")


def test_a_scale_that_may_be_1_to_10_is_said_to_be_doubtful():
    doubtful = FRAME.assign(r=[1, 2, 9, 10, 10, 7])
    assert status(nps(doubtful, "r"), "scale") == "warn"
    assert all(c.name != "scale" for c in nps(doubtful, "r", scale=(0, 10)).checks)
    assert all(c.name != "scale" for c in nps(FRAME, "r").checks)


@pytest.mark.parametrize(
    ("call", "match"),
    [
        (lambda: csat(FRAME, "s"), "scale of 's' is not known"),
        (lambda: csat(FRAME, "s", scale=(1, 4)), "outside 1 to 4"),
        (lambda: csat(FRAME, "s", scale=(1, 5), boxes=3), "3 boxes"),
        (lambda: csat(FRAME, "s", scale=(1, 5), interval="exact"), "use one of"),
        (lambda: csat(FRAME, "s", scale=(1, 5), level=95), "level is 95"),
        (lambda: ces(FRAME, "s", scale=(5, 1)), "lowest answer first"),
        (lambda: retention(FRAME, "s"), "neither 0 nor 1"),
        (lambda: share_of_wallet(FRAME, "r", whole=1.0), "outside 0 to 1"),
        (lambda: repurchase(survey(), "R10", whole=10), "a probability runs from 0"),
        (lambda: nps(FRAME, "rr"), "did you mean 'r'"),
        (lambda: nps(FRAME, "g"), "no finite numbers"),
        (lambda: nps(FRAME, "r", weights=[0.0] * 6), "all are zero"),
        (lambda: nps(FRAME, "r", weights=[1.0] * 5 + [-1.0]), "negative"),
        (lambda: nps(FRAME, "r", cluster=[1] * 6), "one cluster"),
        (lambda: nps(FRAME, "r").differences(), "one group only"),
        (lambda: nps(FRAME, "r").control_chart(), "follows waves"),
        (lambda: nps(FRAME, "r", group="g").control_chart(baseline=["z"]), "unknown wave 'z'"),
        (lambda: nps(FRAME, "r", group="g").differences("loyal"), "no figure 'loyal'"),
        (lambda: loyalty_segments(FRAME, "s", "s"), "same column"),
        (lambda: loyalty_segments(FRAME, "s", "r", scales={"s": (1, 5), "r": (0, 10)}, cuts=(9, 5)), "cut 9"),
        (lambda: loyalty_index(FRAME, "s", "r", "r", component_weights={"satisfaction": 1}), "each once"),
        (lambda: rater_profile(FRAME), "no column 'Reliability'"),
        (lambda: nps([1, 2], "r"), "give a DataFrame or a Survey"),
    ],
)
def test_bad_input_is_refused_with_words(call, match):
    with pytest.raises(FitError, match=match):
        call()


@pytest.mark.parametrize(
    ("values", "moves", "match"),
    [
        ({"low": 1}, {("low", "high"): 0.1}, "worth in each band"),
        ({"low": 1, "middle": 2, "high": 3}, {}, "no moves"),
        ({"low": 1, "middle": 2, "high": 3}, {("low", "top"): 0.1}, "no move"),
        ({"low": 1, "middle": 2, "high": 3}, {("low", "high"): 0.6, ("low", "middle"): 0.6}, "would move"),
    ],
)
def test_moves_that_cannot_be_made_are_refused(values, moves, match):
    bands = repurchase(pd.DataFrame({"p": [10, 50, 90]}), "p")
    with pytest.raises(FitError, match=match):
        bands.expected_value(values, moves)


def test_answers_that_are_all_equal_have_an_interval_but_no_error():
    found = nps(pd.DataFrame({"r": [10] * 40}), "r", scale=(0, 10))
    row = found.tidy().iloc[0]
    assert row["est"] == 100
    assert np.isnan(row["se"])
    assert 80 < row["ci_lower"] < 100
    assert row["ci_upper"] == 100
    assert status(found, "ceiling and floor") == "warn"
    chart = nps(pd.DataFrame({"r": [10] * 40, "t": [1, 2] * 20}), "r", group="t").control_chart()
    assert not chart.converged
    assert "NO LIMITS" in chart.headline()


def test_small_groups_and_one_answer_are_said():
    found = nps(FRAME.assign(g=list("aaaaab")), "r", group="g")
    assert status(found, "respondents") == "warn"
    table = found.tidy()
    single = table[table["group"] == "b"].iloc[0]
    assert np.isnan(single["se"])
    assert single["ci_lower"] < single["est"] < single["ci_upper"]


def test_dropped_rows_and_repeated_people_are_said():
    found = nps(FRAME.assign(r=[10, np.nan, 8, 3, 0, 7], g=["a", "a", None, "b", "a", "b"]), "r", group="g")
    assert [n.count for n in found.notes] == [1, 1]
    assert status(nps(survey(), "R11"), "repeated respondents") == "warn"
    assert all(c.name != "repeated respondents" for c in nps(survey(), "R11", cluster="id").checks)


def test_a_surveys_weights_are_used_unasked():
    own = nps(survey(), "R11")
    by_hand = nps(survey().frame, "R11", weights=[1, 2, 1, 2])
    pd.testing.assert_frame_equal(own.tidy(), by_hand.tidy())
    assert own.tidy()["est"].iloc[0] == pytest.approx(100 * (3 - 3) / 6)


def test_default_component_weights_and_cuts_are_stated():
    index = loyalty_index(FRAME, "s", "r", "r", whole=10, scales={"s": (1, 5), "r": (0, 10)})
    assert "equal by convention" in str(index.notes[-1])
    segments = loyalty_segments(FRAME, "s", "r", scales={"s": (1, 5), "r": (0, 10)})
    assert "above 3 for s" in str(segments.notes[-1])
