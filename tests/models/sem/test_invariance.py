"""Groups are compared step by step, and only as far as the steps hold."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import satloyal as sl
from satloyal.models.sem.equality import equality_scores
from satloyal.models.sem.group_guard import paths_comparable
from satloyal.models.sem.invariance import Invariance
from satloyal.models.sem.invariance_rules import Change, difference_test, judge, limits

HERE = Path(__file__).parent / "reference"
REFERENCE = Path(__file__).parents[2] / "reference"
ORACLE = json.loads((Path(__file__).parent / "reference" / "invariance.json").read_text(encoding="utf-8"))
WU_ESTABROOK = json.loads((HERE / "invariance_ordinal.json").read_text(encoding="utf-8"))
MODEL = "visual =~ x1 + x2 + x3\ntextual =~ x4 + x5 + x6\nspeed =~ x7 + x8 + x9"


@cache
def school() -> pd.DataFrame:
    return pd.read_csv(REFERENCE / "data" / "holzinger_swineford_1939.csv")


@cache
def ladder(partial: tuple[str, ...] = ()) -> Invariance:
    return sl.fit_invariance(MODEL, school(), "school", partial=partial)


def simulated(loading: float = 0.8, shift: float = 0.0, groups: int = 2, n: int = 400) -> pd.DataFrame:
    """One construct with four items; in the last group the third item's loading and intercept may differ."""
    rng = np.random.default_rng(7)
    frames = []
    for g in range(groups):
        F = rng.normal(loc=0.3 * g, size=n)
        last = g == groups - 1
        weights = np.array([0.8, 0.8, loading if last else 0.8, 0.8])
        items = F[:, None] * weights + 0.6 * rng.normal(size=(n, 4))
        items[:, 2] += shift if last else 0.0
        frames.append(pd.DataFrame(items, columns=list("abcd")).assign(g=f"g{g}"))
    return pd.concat(frames, ignore_index=True)


EQUAL = ["loadings", "intercepts"]
ONE = "F =~ a + b + c + d"


# --- the numbers are lavaan's ---


@pytest.mark.parametrize("step", ["configural", "metric", "scalar", "strict"])
def test_every_step_fits_as_in_lavaan(step: str) -> None:
    stored = json.loads((REFERENCE / "lavaan" / f"hs_invariance_{step}.json").read_text(encoding="utf-8"))
    found = sl.fit_invariance(MODEL, school(), "school", stop=False, suggest=False).tidy().set_index("term")
    for name in ("chisq", "df", "cfi", "rmsea", "srmr"):
        assert found.loc[step, name] == pytest.approx(stored["fit_measures"][name], abs=1e-4)


def test_differences_are_those_of_lavtestlrt() -> None:
    found = sl.fit_invariance(MODEL, school(), "school", stop=False, suggest=False).tidy()
    assert found["delta_chisq"][1:].to_list() == pytest.approx(ORACLE["lrt"]["Chisq diff"][1:], abs=1e-3)
    assert found["delta_df"][1:].to_list() == ORACLE["lrt"]["Df diff"][1:]
    assert found["delta_pvalue"][1:].to_list() == pytest.approx(ORACLE["lrt"]["Pr(>Chisq)"][1:], abs=1e-5)


def test_score_tests_are_those_of_lavtestscore() -> None:
    fit = sl.fit_sem(MODEL, school(), group="school", group_equal=["loadings", "intercepts"])
    ours = equality_scores(fit, ["loadings", "intercepts"]).set_index("parameter")["score"]
    for name, score in ORACLE["scores"].items():
        assert ours[name] == pytest.approx(score, rel=1e-3, abs=1e-3)


def test_score_tests_beside_an_equation_of_the_model_are_those_of_lavtestscore() -> None:
    oracle = json.loads((HERE / "equality_constrained.json").read_text(encoding="utf-8"))
    fit = sl.fit_sem(oracle["model"], school(), group="school", group_equal="loadings")
    ours = equality_scores(fit, ["loadings"]).set_index(["lhs", "rhs"])["score"]
    names = list(zip(oracle["lhs"], oracle["rhs"], strict=True))
    np.testing.assert_allclose(ours.loc[names], oracle["chisq"], rtol=1e-4)


def test_score_tests_of_three_groups_are_those_of_lavtestscore() -> None:
    frame = school().assign(third=np.arange(301) % 3)
    fit = sl.fit_sem(MODEL, frame, group="third", group_equal=["loadings", "intercepts"])
    table = equality_scores(fit, ["loadings", "intercepts"])
    for name, group, score in zip(*(ORACLE["scores3"][k] for k in ("name", "group", "score")), strict=True):
        row = table[(table["parameter"] == name) & (table["group"] == group)]
        assert row["score"].item() == pytest.approx(score, rel=1e-3, abs=1e-3)


def test_latent_means_are_those_of_lavaan_and_d_is_their_standardised_difference() -> None:
    found = ladder(("x3~1", "x7~1")).latent_means()
    assert found["est"].to_list() == pytest.approx(ORACLE["means"]["est"], abs=1e-4)
    assert found["se"].to_list() == pytest.approx(ORACLE["means"]["se"], abs=1e-4)
    assert found["d"].to_list() == pytest.approx(ORACLE["d"]["est"], abs=1e-4)
    assert found["d_se"].to_list() == pytest.approx(ORACLE["d"]["se"], abs=1e-4)


def options(case: str) -> dict[str, str]:
    estimator = case.removeprefix("FIML").removeprefix("_")
    return ({"missing": "fiml"} if case.startswith("FIML") else {}) | (
        {"estimator": estimator} if estimator else {}
    )


@cache
def incomplete() -> pd.DataFrame:
    frame = pd.read_csv(REFERENCE / "data" / "holzinger_swineford_missing.csv")
    return frame.assign(school=frame["id"].map(school().set_index("id")["school"]))


@pytest.mark.parametrize("case", list(ORACLE["other"]))
def test_differences_are_scaled_where_the_estimator_has_a_scaled_test(case: str) -> None:
    data = incomplete() if case.startswith("FIML") else school()
    found = sl.fit_invariance(MODEL, data, "school", stop=False, suggest=False, **options(case)).tidy()
    theirs = ORACLE["other"][case]
    assert found["delta_chisq"][1:].to_list() == pytest.approx(theirs["diff"], rel=1e-4, abs=1e-3)
    assert found["delta_pvalue"][1:].to_list() == pytest.approx(theirs["p"], abs=1e-4)


def test_score_tests_of_incomplete_rows_are_those_of_lavtestscore() -> None:
    fit = sl.fit_sem(
        MODEL, incomplete(), group="school", group_equal=["loadings", "intercepts"], missing="fiml"
    )
    ours = equality_scores(fit, ["loadings", "intercepts"]).set_index("parameter")["score"]
    for name, score in ORACLE["other"]["FIML"]["scores"].items():
        assert ours[name] == pytest.approx(score, rel=1e-3, abs=1e-3)


@pytest.mark.parametrize("estimator", ["ULSMV", "DWLS", "GLS", "WLS"])
def test_least_squares_point_to_the_same_items(estimator: str) -> None:
    fit = sl.fit_sem(
        MODEL, school(), group="school", group_equal=["loadings", "intercepts"], estimator=estimator
    )
    likely = sl.fit_sem(MODEL, school(), group="school", group_equal=["loadings", "intercepts"])
    ours, theirs = (equality_scores(f, ["intercepts"]).set_index("parameter")["score"] for f in (fit, likely))
    assert {"x7~1"} <= set(ours.index[:2]) & set(theirs.index[:2])
    assert ours["x7~1"] == pytest.approx(theirs["x7~1"], rel=0.3)


# --- verdicts ---


def test_a_failed_step_ends_the_test_and_later_ones_say_why_they_were_not_tested() -> None:
    steps = ladder().steps
    assert [s.verdict.word for s in steps] == ["inconclusive", "supported", "not supported", "not testable"]
    assert steps[3].fit is None
    assert steps[3].verdict.reason == "not tested because the scalar step was not supported"
    assert ladder().level == "metric"
    assert "compare paths, not latent means" in ladder().headline()


def test_the_items_known_to_differ_are_proposed_and_make_the_step_hold() -> None:
    found = ladder()
    assert found.proposals["parameter"].to_list()[:2] == ["x3~1", "x7~1"]
    assert found.suggestion is not None
    assert found.suggestion.parameters == ("x3~1", "x7~1")
    assert found.suggestion.holds
    assert ladder(("x3~1", "x7~1")).level == "strict"


def test_latent_means_without_equal_intercepts_are_no_numbers_with_a_reason() -> None:
    means = ladder().latent_means()
    assert means[["est", "se", "d", "pvalue"]].isna().all(axis=None)
    assert (means["reason"] == "latent means cannot be compared: scalar invariance is not supported").all()


def test_invariant_groups_pass_every_step_and_their_mean_difference_is_found() -> None:
    found = sl.fit_invariance(ONE, simulated(), "g")
    assert found.level == "strict"
    assert found.certain
    row = found.latent_means().iloc[0]
    assert row["d_ci_lower"] < 0.3 < row["d_ci_upper"]


def test_an_unequal_loading_is_found_at_the_metric_step() -> None:
    found = sl.fit_invariance(ONE, simulated(loading=0.2), "g")
    assert found.level == "configural"
    assert found.suggestion is not None
    assert found.suggestion.parameters == ("F=~c",)
    assert found.path_differences().empty  # there are no paths


def test_an_unequal_intercept_is_found_at_the_scalar_step_in_the_group_that_differs() -> None:
    found = sl.fit_invariance(ONE, simulated(shift=0.8, groups=3), "g")
    assert found.level == "metric"
    best = found.proposals[found.proposals["group"] != ""].iloc[0]
    assert (best["parameter"], best["group"]) == ("c~1", "g2")
    assert best["change"] > 0.4


def test_paths_are_compared_once_loadings_are_equal_and_refused_else() -> None:
    rng = np.random.default_rng(2)
    frame = pd.concat([simulated(), simulated(loading=0.1).assign(g=lambda d: d["g"] + "x")])
    frame["y"] = frame[["a", "b", "d"]].mean(axis=1) + rng.normal(size=len(frame))
    held = sl.fit_invariance(ONE + "\ny ~ F", frame[~frame["g"].str.endswith("x")], "g").path_differences()
    assert held["est"].notna().any()
    assert held.loc[held["group"] == "", "wald"].item() == pytest.approx(held["z"].iloc[0] ** 2)
    refused = sl.fit_invariance(ONE + "\ny ~ F", frame[frame["g"].str.endswith("x")], "g").path_differences()
    assert refused["est"].isna().all()
    assert refused["reason"].str.contains("metric invariance is not supported").all()


def test_conditional_steps_change_no_conclusion() -> None:
    found = sl.fit_invariance(MODEL, school(), "school", stop=False, suggest=False)
    assert found.level == "metric"
    assert found.steps[3].fit is not None
    assert found.steps[3].verdict.reason.startswith("conditional on the scalar step")


@pytest.mark.parametrize(
    ("change", "rule", "word"),
    [
        (Change(5, 4, 0.3, -0.004, 0.001, 0.002), "chen2007", "supported"),
        (Change(50, 4, 0.0, -0.020, 0.020, 0.002), "chen2007", "not supported"),
        (Change(50, 4, 0.0, -0.020, 0.001, 0.002), "chen2007", "inconclusive"),
        (Change(50, 4, 0.0, -0.004, 0.020, 0.040), "chen2007", "inconclusive"),
        (Change(50, 4, 0.0, -0.009, 0.020, 0.040), "cheung_rensvold2002", "supported"),
        (Change(50, 4, 0.0, -0.011, 0.0, 0.0), "cheung_rensvold2002", "not supported"),
        (Change(50, 4, 0.01, 0.0, 0.0, 0.0), "chisq", "not supported"),
        (Change(5, 4, float("nan"), 0.0, 0.0, 0.0, "no scaling"), "chisq", "not testable"),
        (Change(0, 0, float("nan"), 0.0, 0.0, 0.0), "chen2007", "not testable"),
    ],
)
def test_each_rule_says_what_its_source_says(change: Change, rule: str, word: str) -> None:
    assert judge(change, limits("metric", 900, 2), rule, 0.05).word == word


def test_limits_depend_on_sample_size_step_and_number_of_groups() -> None:
    assert (limits("metric", 300, 2).cfi, limits("metric", 301, 2).cfi) == (0.005, 0.010)
    assert (limits("metric", 900, 2).srmr, limits("scalar", 900, 2).srmr) == (0.030, 0.010)
    assert limits("metric", 9000, 20).cfi == 0.020


def test_a_scaled_difference_with_a_scaling_that_is_not_positive_is_undefined() -> None:
    statistic, _, p, reason = difference_test((10.0, 8.0), (5, 4), (1.0, 1.5))
    assert np.isnan([statistic, p]).all()
    assert "not positive" in reason


# --- invariances ---


def test_rows_items_and_groups_in_another_order_change_nothing() -> None:
    base = sl.fit_invariance(ONE, simulated(shift=0.5), "g").tidy()
    frame = simulated(shift=0.5).sample(frac=1, random_state=1)[["g", "d", "c", "b", "a"]]
    other = sl.fit_invariance("F =~ b + a + d + c", frame, "g").tidy()
    numbers = base.select_dtypes("number").columns
    pd.testing.assert_frame_equal(base[numbers], other[numbers], atol=1e-6, rtol=1e-6)


def test_shifting_and_rescaling_an_item_changes_no_step() -> None:
    base = sl.fit_invariance(ONE, simulated(), "g").tidy()
    frame = simulated()
    frame["b"] = 100 + 7 * frame["b"]
    other = sl.fit_invariance(ONE, frame, "g").tidy()
    assert other["chisq"].to_list() == pytest.approx(base["chisq"].to_list(), abs=1e-5)


def test_the_way_a_construct_gets_its_scale_changes_no_step_and_no_d() -> None:
    marker = sl.fit_invariance(ONE, simulated(), "g")
    unit = sl.fit_invariance(ONE, simulated(), "g", std_lv=True)
    columns = ["chisq", "df", "delta_cfi"]
    pd.testing.assert_frame_equal(marker.tidy()[columns], unit.tidy()[columns], atol=1e-5)
    assert unit.latent_means()["d"].item() == pytest.approx(marker.latent_means()["d"].item(), abs=1e-5)


def test_another_reference_group_turns_differences_round() -> None:
    found = sl.fit_invariance(ONE, simulated(), "g")
    assert found.latent_means("g1")["est"].item() == pytest.approx(-found.latent_means()["est"].item())
    with pytest.raises(sl.SatloyalError, match="no group 'nowhere'"):
        found.latent_means("nowhere")


def test_moments_of_groups_give_what_their_rows_give() -> None:
    frame = simulated()
    moments = sl.Moments.from_frame(frame, list("abcd"), group=frame["g"].to_numpy())
    a, b = sl.fit_invariance(ONE, moments, None).tidy(), sl.fit_invariance(ONE, frame, "g").tidy()
    assert a["chisq"].to_list() == pytest.approx(b["chisq"].to_list(), abs=1e-8)


# --- refusals ---


def bad_data(kind: str) -> pd.DataFrame:
    frame = simulated(n=100)
    second = frame["g"] == "g1"
    if kind == "one group":
        return frame[~second]
    if kind == "constant":
        frame.loc[second, "c"] = 3.0
    elif kind == "not asked":
        frame.loc[second, "c"] = np.nan
    elif kind == "tiny":
        return frame.drop(frame.index[second][4:])
    elif kind == "empty category":
        frame["g"] = pd.Categorical(frame["g"], categories=["g0", "g1", "closed"])
    return frame


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("one group", "1 different value"),
        ("constant", "group 'g1': all 100 complete rows have the value 3"),
        ("not asked", "group g1 has no complete rows"),
        ("tiny", "group 'g1': 4 complete rows are too few"),
        ("empty category", "closed of 'g' have no rows"),
    ],
)
def test_groups_that_cannot_be_compared_are_refused_by_name(kind: str, message: str) -> None:
    with pytest.raises(sl.SatloyalError, match=message):
        sl.fit_invariance(ONE, bad_data(kind), "g")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"steps": ("scalar", "metric")}, "not in order"),
        ({"steps": ("metricc",)}, "configural, metric"),
        ({"steps": ()}, "steps is"),
        ({"rule": "feeling"}, "rule is 'feeling'"),
        ({"alpha": 5}, "alpha is 5"),
        ({"group_equal": "loadings"}, "use steps="),
        ({"partial": "F=~a"}, "sets the scale of F"),
        ({"partial": "F=~zz"}, "no parameter"),
    ],
)
def test_arguments_that_make_no_sense_are_refused(options: dict, message: str) -> None:
    with pytest.raises(sl.SatloyalError, match=message):
        sl.fit_invariance(ONE, simulated(n=100), "g", **options)


def test_small_groups_get_a_warning() -> None:
    found = sl.fit_invariance(ONE, simulated(n=60), "g")
    assert next(c for c in found.checks if c.name == "group sizes").status == "warn"


# --- ordinal items ---


@cache
def ordinal(partial: tuple[str, ...]) -> Invariance:
    frame = pd.read_csv(REFERENCE / "data" / "holzinger_swineford_ordinal.csv")
    return sl.fit_invariance(
        MODEL, frame, "school", ordered=True, stop=False, suggest=not partial, partial=partial
    )


def test_ordinal_steps_fit_as_the_models_that_semtools_writes() -> None:
    found = ordinal(()).tidy().set_index("term")
    for step, theirs in WU_ESTABROOK["fit"].items():
        assert found.loc[step, "chisq"] == pytest.approx(theirs["chisq"], abs=1e-3)
        assert found.loc[step, "df"] == theirs["df"]
        assert found.loc[step, "srmr"] == pytest.approx(theirs["srmr"], abs=1e-4)


def test_ordinal_differences_are_those_of_lavtestlrt() -> None:
    found = ordinal(()).tidy()
    for i, (statistic, p) in enumerate(zip(WU_ESTABROOK["diff"], WU_ESTABROOK["p"], strict=True), start=1):
        if statistic != "NA":
            assert found["delta_chisq"][i] == pytest.approx(statistic, rel=1e-3)
            assert found["delta_pvalue"][i] == pytest.approx(p, abs=1e-4)


def test_ordinal_intercepts_that_differ_are_found_and_let_free() -> None:
    found = ordinal(())
    assert found.level == "metric"
    assert found.suggestion is not None
    assert found.suggestion.parameters == ("x3~1", "x7~1")
    again = ordinal(found.suggestion.parameters)
    assert again.level == "strict"
    assert again.latent_means()["d"].to_list() == pytest.approx([0.18, 0.62, -0.09], abs=0.15)


def test_thresholds_of_two_categories_are_not_tested_apart_from_loadings() -> None:
    frame = simulated(n=300)
    frame[list("abcd")] = (frame[list("abcd")] > 0.1).astype(int)
    with pytest.raises(sl.SatloyalError, match="two categories"):
        sl.fit_invariance(ONE, frame, "g", ordered=True)
    found = sl.fit_invariance(ONE, frame, "g", ordered=True, steps=("configural", "scalar"))
    assert found.level == "scalar"
    assert found.latent_means()["est"].notna().all()


def test_thresholds_of_three_categories_only_set_the_scale() -> None:
    frame = simulated(n=300)
    frame[list("abcd")] = (
        1 + (frame[list("abcd")] > -0.4).astype(int) + (frame[list("abcd")] > 0.8).astype(int)
    )
    step = sl.fit_invariance(ONE, frame, "g", ordered=True).steps[1]
    assert step.change is not None
    assert step.change.df == 0
    assert step.verdict.word == "supported"


# --- the contract and the guard ---


def test_the_result_keeps_the_contract() -> None:
    found = ladder()
    assert "Scalar is not supported" in found.summary()
    assert found.to_dict()["glance"]["level"] == "metric"
    assert "scalar" in found._repr_html_()
    assert found.params.index.to_list() == ["configural", "metric", "scalar", "strict"]


def test_paths_of_groups_without_equal_loadings_are_warned_against() -> None:
    model = "visual =~ x1 + x2 + x3\nspeed =~ x7 + x8 + x9\nspeed ~ visual"
    free = sl.fit_sem(model, school(), group="school")
    check = next(c for c in free.checks if c.name == "comparison of paths")
    assert check.status == "warn"
    assert "must not be compared" in check.message
    equal = sl.fit_sem(model, school(), group="school", group_equal="loadings")
    assert paths_comparable(equal).status == "pass"
    same = sl.fit_sem(model, school(), group="school", group_equal="regressions")
    assert paths_comparable(same) is None
