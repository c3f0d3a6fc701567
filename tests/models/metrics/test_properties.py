"""What must not change a figure does not, and intervals cover what they promise."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from satloyal.models.metrics import csat, nps

SAME = {"rtol": 1e-9, "atol": 1e-9}  # sums in another order
ANSWERS = st.lists(st.integers(0, 10), min_size=4, max_size=60)
FIGURES = ["est", "se", "ci_lower", "ci_upper"]


def figures(found):
    return found.tidy()[FIGURES].to_numpy(dtype=float)


@settings(max_examples=40, deadline=None)
@given(ANSWERS, st.floats(0.01, 100))
def test_equal_weights_are_no_weights(answers, weight):
    frame = pd.DataFrame({"r": answers, "w": weight})
    np.testing.assert_allclose(figures(nps(frame, "r", weights="w")), figures(nps(frame, "r")), **SAME)


@settings(max_examples=40, deadline=None)
@given(ANSWERS)
def test_copies_of_people_tell_nothing_new_when_they_are_clusters(answers):
    frame = pd.DataFrame({"r": answers, "id": range(len(answers))})
    twice = pd.concat([frame, frame], ignore_index=True)
    copied, once = (nps(f, "r", cluster=c).tidy() for f, c in ((twice, "id"), (frame, None)))
    np.testing.assert_allclose(copied[["est", "se"]], once[["est", "se"]], **SAME)
    # the interval is never narrower than that of the people themselves, but for the t quantile of n
    assert (copied["n_effective"] <= once["n_effective"] + 1.5).all()


@settings(max_examples=40, deadline=None)
@given(ANSWERS, st.randoms())
def test_order_of_rows_and_turning_the_scale_change_nothing_but_the_sign(answers, random):
    frame = pd.DataFrame({"s": [a % 5 + 1 for a in answers]})
    mixed = frame.sample(frac=1, random_state=random.randrange(1000))
    one, other = (csat(f, "s", scale=(1, 5)) for f in (frame, mixed))
    np.testing.assert_allclose(figures(one), figures(other), **SAME)
    turned = csat(6 - frame, "s", scale=(1, 5)).tidy().set_index("term")
    straight = one.tidy().set_index("term")
    np.testing.assert_allclose(
        turned.loc["bottom_box", FIGURES].to_numpy(dtype=float),
        straight.loc["top_box", FIGURES].to_numpy(dtype=float),
        **SAME,
    )


@settings(max_examples=40, deadline=None)
@given(ANSWERS)
def test_every_interval_holds_its_estimate_and_widens_with_its_level(answers):
    frame = pd.DataFrame({"r": answers})
    narrow, wide = (nps(frame, "r", level=level).tidy().iloc[0] for level in (0.8, 0.99))
    assert wide["ci_lower"] <= narrow["ci_lower"]
    assert narrow["ci_upper"] <= wide["ci_upper"]
    assert -100 <= wide["ci_lower"] <= wide["est"] <= wide["ci_upper"] <= 100


@settings(max_examples=40, deadline=None)
@given(ANSWERS, ANSWERS)
def test_test_and_interval_of_a_difference_agree(first, second):
    frame = pd.DataFrame({"r": first + second, "g": [1] * len(first) + [2] * len(second)})
    row = nps(frame, "r", group="g").differences().tidy().iloc[0]
    excludes = row["ci_lower"] > 0 or row["ci_upper"] < 0
    assert excludes == (row["pvalue"] < 0.05)


def _covered(rng, chances, n, draws):
    """Share of samples whose intervals hold the true NPS and the true difference of zero."""
    truth = 100 * (chances[2] - chances[0])
    answers = rng.choice([0, 7, 10], p=chances, size=(draws, n))
    hit = apart = 0
    for row in answers:
        frame = pd.DataFrame({"r": row, "g": np.arange(n) % 2})
        found = nps(frame, "r", scale=(0, 10)).tidy().iloc[0]
        hit += found["ci_lower"] <= truth <= found["ci_upper"]
        apart += nps(frame, "r", group="g").differences().tidy().iloc[0]["pvalue"] >= 0.05
    return hit / draws, apart / draws


@pytest.mark.parametrize(("chances", "n"), [((0.2, 0.3, 0.5), 40), ((0.02, 0.18, 0.8), 60)])
def test_intervals_of_the_nps_and_its_differences_cover(chances, n):
    rng = np.random.default_rng(11)
    single, pair = _covered(rng, chances, n, 200)
    # 4 Monte Carlo standard errors of a share of 0.95 over 200 draws
    slack = 4 * np.sqrt(0.95 * 0.05 / 200)
    assert single > 0.95 - slack
    assert pair > 0.95 - slack


def test_intervals_cover_under_clusters_and_weights():
    rng = np.random.default_rng(12)
    hits = {"cluster": 0, "rows": 0}
    draws, cluster = 200, np.repeat(np.arange(40), 8)
    for _ in range(draws):
        level = rng.normal(size=40)[cluster]
        yes = (0.8 * level + 0.6 * rng.normal(size=320) > 0) * 4 + 1  # true share one half
        frame = pd.DataFrame({"s": yes, "c": cluster, "w": rng.uniform(0.5, 2, 320)})
        for name, by in (("cluster", "c"), ("rows", None)):
            row = csat(frame, "s", scale=(1, 5), weights="w", cluster=by).tidy().iloc[0]
            hits[name] += row["ci_lower"] <= 0.5 <= row["ci_upper"]
    assert hits["cluster"] / draws > 0.95 - 4 * np.sqrt(0.95 * 0.05 / draws)
    assert hits["rows"] / draws < 0.8  # what clusters= is for
