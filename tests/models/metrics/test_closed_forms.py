"""Figures, errors and intervals equal their closed forms and statsmodels."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint

from satloyal.models.metrics import csat, loyalty_index, nps, repurchase, retention, share_of_wallet
from satloyal.models.metrics.intervals import holm

EXACT = {"rtol": 1e-12, "atol": 1e-12}  # the same closed form in another order of sums


def recommend(promoters, passives, detractors):
    return pd.DataFrame({"r": [10] * promoters + [7] * passives + [0] * detractors})


def row(found, term, group="all"):
    table = found.tidy()
    return table[(table["term"] == term) & (table["group"] == group)].iloc[0]


def test_the_nps_has_its_multinomial_error_and_the_interval_of_rocks():
    p, d, n = 0.45, 0.25, 200
    found = row(nps(recommend(90, 60, 50), "r"), "nps")
    np.testing.assert_allclose(found["est"], 100 * (p - d), **EXACT)
    np.testing.assert_allclose(found["se"], 100 * np.sqrt((p + d - (p - d) ** 2) / (n - 1)), **EXACT)
    pp, dd, z = (90 + 0.75) / 203, (50 + 0.75) / 203, stats.norm.isf(0.025)
    reach = z * np.sqrt((pp + dd - (pp - dd) ** 2) / 203)
    expected = 100 * np.array([pp - dd - reach, pp - dd + reach])
    np.testing.assert_allclose([found["ci_lower"], found["ci_upper"]], expected, **EXACT)


def test_the_delta_interval_of_the_nps_is_a_t_interval_of_the_scores():
    found = row(nps(recommend(90, 60, 50), "r", interval="wald"), "nps")
    scores = np.repeat([100.0, 0.0, -100.0], [90, 60, 50])
    expected = stats.t.interval(0.95, 199, scores.mean(), stats.sem(scores))
    np.testing.assert_allclose([found["ci_lower"], found["ci_upper"]], expected, **EXACT)


@pytest.mark.parametrize(("ours", "theirs"), [("wilson", "wilson"), ("clopper_pearson", "beta")])
@pytest.mark.parametrize("count", [0, 1, 7, 25, 39, 40])
@pytest.mark.parametrize("level", [0.9, 0.95])
def test_intervals_of_shares_are_those_of_statsmodels(ours, theirs, count, level):
    frame = pd.DataFrame({"stayed": [1] * count + [0] * (40 - count)})
    found = row(retention(frame, "stayed", interval=ours, level=level), "share")
    expected = proportion_confint(count, 40, alpha=1 - level, method=theirs)
    np.testing.assert_allclose([found["ci_lower"], found["ci_upper"]], expected, rtol=1e-9, atol=1e-12)


def test_differences_of_shares_are_newcombes_hybrid_intervals():
    frame = pd.DataFrame({"stayed": [1] * 56 + [0] * 14 + [1] * 48 + [0] * 32, "g": [0] * 70 + [1] * 80})
    found = retention(frame, "stayed", group="g").differences().tidy().iloc[0]
    expected = confint_proportions_2indep(48, 80, 56, 70, method="newcomb")
    np.testing.assert_allclose([found["ci_lower"], found["ci_upper"]], expected, rtol=1e-9)
    # the p-value is the level at which that interval touches zero
    touching = confint_proportions_2indep(48, 80, 56, 70, method="newcomb", alpha=found["pvalue"])
    np.testing.assert_allclose(touching[1], 0, atol=1e-8)


def test_pvalues_of_all_pairs_are_adjusted_as_by_statsmodels():
    rng = np.random.default_rng(1)
    frame = pd.DataFrame({"r": rng.integers(0, 11, 400), "g": rng.integers(0, 5, 400)})
    table = nps(frame, "r", group="g").differences().tidy()
    assert len(table) == 10
    np.testing.assert_allclose(table["pvalue_holm"], multipletests(table["pvalue"], method="holm")[1])
    assert np.isnan(holm(np.array([0.2, np.nan]))[1])


def test_paired_waves_have_the_variance_of_the_mean_change():
    rng = np.random.default_rng(2)
    first = rng.integers(0, 11, 150)
    second = np.clip(first + rng.integers(-2, 4, 150), 0, 10)
    long = pd.DataFrame({"r": np.r_[first, second], "wave": np.repeat([1, 2], 150), "id": [*range(150)] * 2})
    score = [100.0 * ((v >= 9) * 1 - (v <= 6) * 1) for v in (first, second)]
    change = score[1] - score[0]
    paired = nps(long, "r", group="wave", cluster="id").differences().tidy().iloc[0]
    apart = nps(long, "r", group="wave").differences().tidy().iloc[0]
    np.testing.assert_allclose(paired["est"], change.mean(), **EXACT)
    np.testing.assert_allclose(paired["se"], stats.sem(change), **EXACT)
    np.testing.assert_allclose(paired["correlation"], np.corrcoef(*score)[0, 1], **EXACT)
    assert paired["ci_upper"] - paired["ci_lower"] < apart["ci_upper"] - apart["ci_lower"]
    assert apart["correlation"] == 0


def test_clusters_give_the_ultimate_cluster_variance_of_a_ratio_mean():
    rng = np.random.default_rng(3)
    frame = pd.DataFrame(
        {"y": rng.uniform(0, 100, 60), "w": rng.uniform(0.5, 3, 60), "c": np.arange(60) % 12}
    )
    found = row(share_of_wallet(frame, "y", weights="w", cluster="c"), "mean")
    mean = np.average(frame["y"], weights=frame["w"])
    totals = (frame["w"] * (frame["y"] - mean)).groupby(frame["c"]).sum()
    variance = 12 / 11 * (totals**2).sum() / frame["w"].sum() ** 2
    np.testing.assert_allclose(found["se"], np.sqrt(variance), **EXACT)
    reach = stats.t.isf(0.025, 11) * np.sqrt(variance)
    np.testing.assert_allclose([found["ci_lower"], found["ci_upper"]], [mean - reach, mean + reach], **EXACT)


def test_the_index_is_the_weighted_mean_of_its_components():
    rng = np.random.default_rng(4)
    frame = pd.DataFrame(
        {"s": rng.integers(1, 6, 80), "p": rng.uniform(0, 100, 80), "r": rng.integers(0, 11, 80)}
    )
    scales = {"s": (1, 5), "r": (0, 10)}
    share = {"satisfaction": 2, "repurchase": 1, "recommendation": 1}
    found = loyalty_index(frame, "s", "p", "r", scales=scales, component_weights=share)
    band = np.select([frame["p"] < 30, frame["p"] > 70], [0.0, 100.0], 50.0)
    index = 0.5 * 25 * (frame["s"] - 1) + 0.25 * band + 0.25 * 10 * frame["r"]
    main = row(found, "loyalty_index")
    np.testing.assert_allclose([main["est"], main["se"]], [index.mean(), stats.sem(index)], **EXACT)
    np.testing.assert_allclose(row(found, "repurchase_high")["est"], (frame["p"] > 70).mean(), **EXACT)


def test_expected_value_is_the_delta_method_over_the_bands():
    frame = pd.DataFrame({"p": [10] * 40 + [50] * 60 + [90] * 100})
    bands = repurchase(frame, "p")
    worth = bands.expected_value(
        {"low": 1, "middle": 4, "high": 10}, {("low", "middle"): 0.5, ("middle", "high"): 0.2}, customers=1000
    )
    table = worth.tidy().set_index("term")
    np.testing.assert_allclose(table.loc["total", "est"], 1000 * (0.2 * 0.5 * 3 + 0.3 * 0.2 * 6), **EXACT)
    gain = np.select([frame["p"] < 30, frame["p"] <= 70], [1500.0, 1200.0], 0.0)
    np.testing.assert_allclose(table.loc["total", "se"], stats.sem(gain), **EXACT)
    low, high = proportion_confint(40, 200, method="wilson")
    move = table.loc["low → middle"]
    np.testing.assert_allclose([move["ci_lower"], move["ci_upper"]], [1500 * low, 1500 * high], rtol=1e-9)


def test_control_limits_are_those_of_the_p_chart_and_signals_follow_both_rules():
    shares = [20, 22, 19, 21, 20, 40, *[23] * 9]
    frame = pd.concat(
        [pd.DataFrame({"y": [1] * k + [0] * (100 - k), "wave": t}) for t, k in enumerate(shares)]
    )
    chart = retention(frame, "y", group="wave").control_chart(baseline=[0, 1, 2, 3, 4], runs=8)
    table = chart.tidy()
    centre = sum(shares[:5]) / 500
    np.testing.assert_allclose(table["ci_upper"], centre + 3 * np.sqrt(centre * (1 - centre) / 100), **EXACT)
    signals = table["signal"].tolist()
    assert signals[5] == "beyond limits"
    # waves 5 to 14 lie above the centre: the run is complete in wave 12
    assert [i for i, s in enumerate(signals) if s == "run of 8"] == [12, 13, 14]
    assert chart.headline().endswith("14 (run of 8).")


def test_csat_counts_the_boxes_of_the_scale_and_not_of_the_answers():
    frame = pd.DataFrame({"s": [1, 2, 3, 4, 4, 3, 2, 4]})
    assert row(csat(frame, "s", scale=(1, 5)), "top_box")["est"] == 3 / 8
    assert row(csat(frame, "s", scale=(1, 5), boxes=1), "top_box")["est"] == 0
