"""Differences between effects and Monte Carlo intervals are those of the closed forms."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import satloyal as sl
from models.sem.examples import CHAIN, LOOP, PATHS, respondents, row
from satloyal.core.resample import bca_interval
from satloyal.errors import FitError

FRAME = respondents(300, seed=4)
MODEL = "v1 ~ a*q1\nv2 ~ a2*q1\ns1 ~ b*v1 + b2*v2 + c*q1\nfirst := a*b\nsecond := a2*b2\nratio := a/b"


@pytest.fixture(scope="module")
def fit():
    return sl.fit_sem(MODEL, FRAME)


@pytest.fixture(scope="module")
def boot(fit):
    return fit.bootstrap(1000, seed=1, workers=1)


def estimate(fit, label):
    table = fit.tidy()
    return table[table["label"] == label].iloc[0]


# --- differences ---


def test_two_indirect_effects_differ_as_preacher_and_hayes_say(fit):
    a, b, a2, b2 = (estimate(fit, name)["est"] for name in ("a", "b", "a2", "b2"))
    at = [int(estimate(fit, name)["free"]) - 1 for name in ("a", "b", "a2", "b2")]
    gradient = np.array([b, a, -b2, -a2])
    se = np.sqrt(gradient @ fit.vcov[np.ix_(at, at)] @ gradient)
    (found,) = fit.compare_effects("first", "second").to_dict("records")
    assert found["est"] == pytest.approx(a * b - a2 * b2)
    assert found["se"] == pytest.approx(se)
    assert found["ci_upper"] == pytest.approx(found["est"] + 1.959964 * se)
    assert found["pvalue"] == pytest.approx(2 * stats.norm.sf(abs(found["est"] / se)))


def test_a_difference_that_is_defined_in_the_text_is_the_same():
    fit = sl.fit_sem(MODEL + "\ndifference := first - second", FRAME)
    defined = row(fit.tidy(), "difference", ":=")
    found = fit.compare_effects("first", "second").iloc[0]
    for name in ("est", "se", "z", "pvalue", "ci_lower", "ci_upper"):
        assert found[name] == pytest.approx(defined[name])


@pytest.mark.parametrize(
    "name", ["q1 → v1 → s1", "q1->v1->s1", "  q1 -> v1  → s1 ", ("q1 → v1 → s1",), ("q1 -> v1 -> s1", 1)]
)
def test_a_path_is_named_with_either_arrow(fit, name):
    found = fit.compare_effects(name, "second").iloc[0]
    assert found["first"] == "q1 → v1 → s1"
    assert found["est"] == pytest.approx(fit.compare_effects("first", "second").iloc[0]["est"])


def test_every_kind_of_effect_can_be_named(fit):
    table = fit.effects("q1", "s1").set_index("kind")["est"]
    for kind in ("direct", "total_indirect", "total"):
        found = fit.compare_effects(("q1", "s1", kind), "first").iloc[0]
        assert found["est_first"] == pytest.approx(table[kind])
    assert fit.compare_effects("q1 → s1", "first").iloc[0]["est_first"] == pytest.approx(table["direct"])


def test_all_pairs_are_compared(fit):
    found = fit.compare_effects("first", "second", ("q1", "s1", "total"))
    assert list(zip(found["first"], found["second"], strict=True)) == [
        ("first", "second"), ("first", "q1 → s1 (total)"), ("second", "q1 → s1 (total)"),
    ]  # fmt: skip


def test_what_is_the_same_by_another_name_has_no_test(fit):
    found = fit.compare_effects("first", "q1 → v1 → s1").iloc[0]
    assert found["est"] == pytest.approx(0, abs=1e-12)
    assert np.isnan(found["z"])
    assert np.isnan(found["pvalue"])


def test_latent_paths_are_named_too():
    fit = sl.fit_sem(CHAIN, FRAME)
    found = fit.compare_effects("Q → V → S → L", "indirect", ("Q", "L", "total"))
    assert found["est"][0] == pytest.approx(0, abs=1e-10)
    assert found["est"][2] == pytest.approx(fit.compare_effects("indirect", "total").iloc[0]["est"])


def test_groups_are_told_apart():
    fit = sl.fit_sem("v1 ~ q1\ns1 ~ v1", FRAME, group="segment")
    old, new = fit.group_labels[:2]
    found = fit.compare_effects(("q1 → v1 → s1", old), ("q1", "s1", "total", new)).iloc[0]
    effects = fit.effects("q1", "s1").set_index(["kind", "group"])["est"]
    assert found["est"] == pytest.approx(effects["indirect", old] - effects["total", new])
    with pytest.raises(FitError, match="add the group"):
        fit.compare_effects("q1 → v1", "v1 → s1")
    with pytest.raises(FitError, match="there is no group 'nobody'"):
        fit.compare_effects(("q1 → v1", "nobody"), ("v1 → s1", old))


@pytest.mark.parametrize(("effects", "message"), [
    ((), "0 effects"), (("first",), "1 effects"), (("first", "first"), "named twice"),
    (("first", "frist"), "did you mean 'first'"), (("first", ""), "no definition"),
    (("first", "q1 → nothing"), "not a variable of the structural model"),
    (("first", "q1 → v2 → v1 → s1"), "no effect"), (("first", "→"), "not a variable"),
    (("first", "q1 → q1"), "both"), (("first", ("q1", "s1")), "no definition"),
    (("first", ("q1", "s1", "sideways")), "kind of effect is 'sideways'"),
    (("first", ("q1", "s1", "indirect")), "means 2 effects"),
    (("first", ("s1", "q1", "total")), "no effect"),
    (("first", 3), "names no effect"), (("first", None), "names no effect"),
    (("first", ()), "names no effect"), (("first", ("q1", "s1", ["total"])), "names no effect"),
    (("first", ("q1", "s1", "total", 1, 2)), "names no effect"),
    (("first", "__import__('os')"), "no definition"),
])  # fmt: skip
def test_what_names_no_effect_is_refused_with_a_reason(fit, effects, message):
    with pytest.raises(FitError, match=message):
        fit.compare_effects(*effects)


@pytest.mark.parametrize("level", [0, 1, 95, "a", None, float("nan"), True])
def test_the_level_is_a_share(fit, level):
    with pytest.raises(FitError, match="level is"):
        fit.compare_effects("first", "second", level=level)
    with pytest.raises(FitError, match="level is"):
        fit.montecarlo(level=level)


def test_nothing_is_compared_in_a_fit_that_did_not_converge(fit):
    lost = replace(fit, solved=False)
    assert lost.compare_effects("first", "second").iloc[:, 2:].isna().all(axis=None)
    assert lost.montecarlo()[["est", "se", "ci_lower", "ci_upper"]].isna().all(axis=None)
    assert lost.montecarlo().attrs["notes"] == ("the model did not converge",)
    assert lost.bootstrap(10).compare_effects("first", "second").iloc[:, 2:].isna().all(axis=None)


def test_bootstrapped_differences_are_those_of_the_replicates(fit, boot):
    found = boot.compare_effects("first", ("q1", "s1", "total")).iloc[0]
    plain = fit.compare_effects("first", ("q1", "s1", "total")).iloc[0]
    stars = fit.definitions.values(boot.theta_star)[:, 0]
    at = [int(estimate(fit, name)["free"]) - 1 for name in ("a", "b", "a2", "b2", "c")]
    a, b, a2, b2, c = boot.theta_star[:, at].T
    stars = stars - (a * b + a2 * b2 + c)
    assert found["est"] == pytest.approx(plain["est"])
    assert found["se"] == pytest.approx(stars.std(ddof=1))
    assert found["perc_lower"] == pytest.approx(np.quantile(stars, 0.025, method="weibull"))
    assert found["bc_lower"] < found["est"] < found["bc_upper"]
    assert found["ci_lower"] == found["bca_lower"]


# --- bias-corrected intervals ---


def test_bc_is_efrons_shift_by_twice_the_median_bias(fit, boot):
    stars = fit.definitions.values(boot.theta_star)[:, 0]
    found = row(boot.tidy(), "first", ":=")
    shift = stats.norm.ppf((stars < found["est"]).mean())
    for side, z in (("bc_lower", -1.959964), ("bc_upper", 1.959964)):
        expected = np.quantile(stars, stats.norm.cdf(2 * shift + z), method="weibull")
        assert found[side] == pytest.approx(expected)


def test_bc_is_bca_without_acceleration(fit, boot):
    effects = boot.effects("q1", "s1")
    assert {"perc_lower", "bc_lower", "bc_upper", "bca_lower"} <= set(effects)
    parametric = fit.bootstrap(500, seed=1, kind="parametric").tidy()
    free = parametric["free"] > 0
    np.testing.assert_array_equal(parametric.loc[free, "bc_lower"], parametric.loc[free, "bca_lower"])
    stars = fit.definitions.values(boot.theta_star)[:, :1]
    lower, _ = bca_interval(stars, np.array([row(boot.tidy(), "first", ":=")["est"]]), [0.0], 0.95)
    assert row(boot.tidy(), "first", ":=")["bc_lower"] == lower[0]


# --- Monte Carlo ---


def test_the_interval_of_a_single_arrow_is_the_normal_one(fit):
    found = fit.montecarlo(100_000, seed=1)
    found = found[(found["name"] == "q1 → v1") & (found["kind"] == "direct")].iloc[0]
    a = estimate(fit, "a")
    assert found["se"] == pytest.approx(a["se"], rel=0.01)
    assert found["ci_lower"] == pytest.approx(a["ci_lower"], abs=0.02 * a["se"])
    assert found["ci_upper"] == pytest.approx(a["ci_upper"], abs=0.02 * a["se"])


def test_the_interval_of_a_product_is_that_of_the_product_distribution(fit):
    a, b = estimate(fit, "a"), estimate(fit, "b")
    assert abs(fit.vcov[int(a["free"]) - 1, int(b["free"]) - 1]) < 1e-8  # independent, as in MacKinnon et al.
    found = fit.montecarlo(100_000, seed=1).set_index("name").loc["first"]
    # P(ab < t) by numerical integration over a
    grid = np.linspace(-8, 8, 20_001)
    x = a["est"] + a["se"] * grid
    weight = stats.norm.pdf(grid) * (grid[1] - grid[0])
    for side, level in (("ci_lower", 0.025), ("ci_upper", 0.975)):
        with np.errstate(divide="ignore"):
            below = stats.norm.cdf((found[side] / x - b["est"]) / b["se"])
        below = np.where(x > 0, below, 1 - below)
        assert (weight * below).sum() == pytest.approx(level, abs=0.002)
    assert found["ci_upper"] - found["est"] > found["est"] - found["ci_lower"]  # skewed


def test_the_seed_fixes_the_draws(fit):
    one, two, other = (fit.montecarlo(500, seed=s) for s in (3, 3, 4))
    pd.testing.assert_frame_equal(one, two)
    assert not np.array_equal(one["ci_lower"], other["ci_lower"])


def test_definitions_stand_beside_every_effect(fit):
    found = fit.montecarlo(200)
    assert found.loc[found["kind"] == "defined", "name"].tolist() == ["first", "second", "ratio"]
    assert len(found) == 3 + len(fit.effects())
    np.testing.assert_allclose(found["est"][3:], fit.effects()["est"])
    assert len(fit.montecarlo(200, source="q1", target="s1")) == 3 + len(fit.effects("q1", "s1"))


def test_a_model_without_definitions_has_its_effects():
    assert len(sl.fit_sem(PATHS, FRAME).montecarlo(200)) > 3
    empty = sl.fit_sem("Q =~ q1 + q2 + q3", FRAME).montecarlo(200)
    assert len(empty) == 0


def test_a_fixed_effect_has_no_spread():
    found = sl.fit_sem("v1 ~ 0.5*q1", FRAME).montecarlo(200)
    direct = found[found["kind"] == "direct"].iloc[0]
    assert (direct["ci_lower"], direct["est"], direct["ci_upper"], direct["se"]) == (0.5, 0.5, 0.5, 0.0)


def test_equal_slopes_stay_equal_in_every_draw():
    fit = sl.fit_sem("v1 ~ a*q1\ns1 ~ b*q1\na == b\ndifference := a - b\nsum := a + b", FRAME)
    found = fit.montecarlo(500).set_index("name")
    assert found.loc["difference", "se"] == pytest.approx(0, abs=1e-8)
    assert found.loc["sum", "se"] == pytest.approx(row(fit.tidy(), "sum", ":=")["se"], rel=0.1)


def test_what_most_draws_do_not_have_gets_no_interval_but_a_reason():
    fit = sl.fit_sem(MODEL + "\nroot := sqrt(a - a)\nlog_of := log(b2 - b2 - 1)", FRAME)
    found = fit.montecarlo(300)
    line = found.set_index("name").loc["log_of"]
    assert line[["se", "ci_lower", "ci_upper"]].isna().all()
    assert any(note.startswith("log_of (defined) is undefined in 300 draws") for note in found.attrs["notes"])


def test_loops_have_intervals_while_they_die_out():
    fit = sl.fit_sem(LOOP, FRAME)
    found = fit.montecarlo(2000)
    total = found[(found["kind"] == "total") & found["ci_lower"].notna()]
    assert (total["ci_lower"] < total["est"]).all()


@pytest.mark.parametrize("options", [
    {"replicates": 0}, {"replicates": 99}, {"replicates": 1e3}, {"replicates": "all"}, {"replicates": True},
    {"seed": -1}, {"seed": "x"}, {"seed": 0.5}, {"seed": True},
])  # fmt: skip
def test_bad_options_are_named(fit, options):
    with pytest.raises(FitError, match=f"{next(iter(options))} is"):
        fit.montecarlo(**options)


def test_more_than_memory_should_hold_is_refused(fit):
    with pytest.raises(FitError, match="too many to hold"):
        fit.montecarlo(10**9)
