"""Bounds are those of lavaan, or those that the user names; estimates stay within them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import satloyal as sl
from models.sem.examples import row
from satloyal.errors import FitError
from satloyal.models.sem.bounds import limits
from satloyal.models.sem.constrain import estimate_restricted
from satloyal.models.sem.start import starts

HERE = Path(__file__).parent
DATA = HERE.parents[1] / "reference" / "data"
CASES = json.loads((HERE / "reference" / "bounds.json").read_text(encoding="utf-8"))
HEYWOOD = """
    Quality =~ PERQ1 + PERQ2 + PERQ3 + PERQ4 + PERQ5 + PERQ6 + PERQ7
    Satisfaction =~ CUSA1 + CUSA2 + CUSA3
    Loyalty =~ CUSL1 + CUSL2 + CUSL3
    Satisfaction ~ Quality
    Loyalty ~ Satisfaction + Quality
"""


@pytest.fixture(scope="module")
def pupils() -> pd.DataFrame:
    return pd.read_csv(DATA / "holzinger_swineford_1939.csv")


@pytest.fixture(scope="module")
def customers() -> pd.DataFrame:
    return pd.read_csv(DATA / "ecsi_mobile.csv")


def _agree(ours: float, theirs: float | None) -> bool:
    return np.isinf(ours) if theirs is None else bool(np.isclose(ours, theirs, rtol=1e-6, atol=1e-9))


@pytest.mark.parametrize("case", CASES, ids=[f"{c['name']}-{c['bounds']}" for c in CASES])
def test_automatic_bounds_are_lavaans(case: dict, pupils: pd.DataFrame) -> None:
    options = {name.replace(".", "_"): value for name, value in case["args"].items()}
    fit = sl.fit_sem(case["model"], pupils, bounds=case["bounds"], **options)
    place = {}
    for r in fit.table.rows:
        if r.free:
            place[r.lhs, r.op, r.rhs, r.group] = r.free - 1
            place.setdefault((r.rhs, r.op, r.lhs, r.group), r.free - 1)
    limit = limits(fit.table, case["bounds"], [g.cov[None] for g in fit.sample.groups])
    compared = 0
    for theirs in case["rows"]:
        key = theirs["lhs"], theirs["op"], theirs["rhs"], theirs["group"]
        ours = limit.lower[0, place[key]], limit.upper[0, place[key]]
        assert _agree(ours[0], theirs.get("lower")), (key, ours, theirs)
        assert _agree(ours[1], theirs.get("upper")), (key, ours, theirs)
        compared += 1
    assert compared == len(case["rows"]) > 10


def test_a_heywood_case_is_held_at_its_bound_and_the_checks_say_so(customers: pd.DataFrame) -> None:
    free = sl.fit_sem(HEYWOOD, customers)
    held = sl.fit_sem(HEYWOOD, customers, bounds="pos.var")
    assert not free.admissible
    assert row(free.tidy(), "Loyalty", "~~", "Loyalty")["est"] < 0
    assert held.admissible
    assert row(held.tidy(), "Loyalty", "~~", "Loyalty")["est"] == 0
    assert held.glance()["chisq"] > free.glance()["chisq"]
    (check,) = [c for c in held.checks if c.name == "bounds"]
    assert check.status == "warn"
    assert "Loyalty ~~ Loyalty ≥ 0" in check.message
    (active,) = held.constraints().to_dict("records")
    assert active["lhs"] == "Loyalty ~~ Loyalty"
    assert active["multiplier"] > 0


def test_the_multiplier_of_a_bound_is_the_slope_of_the_log_likelihood(customers: pd.DataFrame) -> None:
    name, h = "Loyalty ~~ Loyalty", 1e-3
    at = [sl.fit_sem(HEYWOOD, customers, bounds={name: (0.3 + d, None)}) for d in (-h, 0.0, h)]
    slope = (at[2].glance()["logl"] - at[0].glance()["logl"]) / (2 * h)
    assert at[1].constraints()["multiplier"].item() == pytest.approx(-slope, rel=1e-4)


def test_bounds_that_do_not_bind_change_nothing(pupils: pd.DataFrame) -> None:
    model = "visual =~ x1 + x2 + x3\ntextual =~ x4 + x5 + x6"
    free, held = sl.fit_sem(model, pupils), sl.fit_sem(model, pupils, bounds="standard")
    np.testing.assert_allclose(held.theta, free.theta, atol=1e-7)
    np.testing.assert_allclose(held.vcov, free.vcov, rtol=1e-5, atol=1e-12)
    assert held.constraints().empty
    assert [c.status for c in held.checks if c.name == "bounds"] == ["pass"]


def test_bounds_are_named_by_label_or_parameter_and_apply_to_every_group(pupils: pd.DataFrame) -> None:
    model = "visual =~ x1 + a*x2 + x3\ntextual =~ x4 + x5 + x6"
    named = {"a": (None, 0.4), "x4~~x4": (0.5, None), "visual =~ x3": (0.6, 0.6)}
    fit = sl.fit_sem(model, pupils, bounds=named)
    t = fit.tidy()
    assert row(t, "visual", "=~", "x2")["est"] == pytest.approx(0.4, abs=1e-10)
    assert row(t, "x4", "~~", "x4")["est"] == pytest.approx(0.5, abs=1e-10)
    assert row(t, "visual", "=~", "x3")["est"] == pytest.approx(0.6, abs=1e-10)
    two = sl.fit_sem(model, pupils, group="school", bounds={"x1 ~~ x1": (0.9, None)}).tidy()
    assert (two.query("lhs == 'x1' and op == '~~'")["est"] >= 0.9 - 1e-10).all()


def test_bounds_in_the_model_text_are_those_given_by_name(customers: pd.DataFrame) -> None:
    named = sl.fit_sem(HEYWOOD, customers, bounds={"Loyalty ~~ Loyalty": (0.1, None)})
    written = sl.fit_sem(HEYWOOD + "\nLoyalty ~~ lower(0.1)*Loyalty", customers)
    keys = ["lhs", "op", "rhs"]
    both = named.tidy().merge(written.tidy(), on=keys)
    np.testing.assert_allclose(both["est_x"], both["est_y"], atol=1e-7)
    assert row(written.tidy(), "Loyalty", "~~", "Loyalty")["est"] == 0.1
    assert [c.status for c in written.checks if c.name == "bounds"] == ["warn"]
    boot = written.bootstrap(50, seed=3)
    place = next(r.free for r in written.table.rows if r.name == "Loyalty~~Loyalty") - 1
    assert (boot.theta_star[:, place] >= 0.1).all()


def test_bounds_in_the_text_hold_beside_equalities_where_lavaan_drops_them(pupils: pd.DataFrame) -> None:
    model = "visual =~ x1 + a*x2 + upper(0.5)*x3 + a*x3\ntextual =~ x4 + x5 + x6"
    fit = sl.fit_sem(model, pupils)
    assert row(fit.tidy(), "visual", "=~", "x2")["est"] == pytest.approx(0.5, abs=1e-9)
    with pytest.raises(FitError, match="exclude those of its label"):
        sl.fit_sem(model, pupils, bounds={"a": (0.6, None)})


@pytest.mark.parametrize(
    ("bounds", "words"),
    [
        ("wider", "bounds is 'wider'"),
        ({"x1 ~~ x9": (0, 1)}, "no label and no free parameter"),
        ({"visual =~ x2": (1, 0)}, "lower bound"),
        ({"visual =~ x2": 0.5}, "the bounds of 'visual =~ x2' are 0.5"),
    ],
)
def test_bounds_that_make_no_sense_are_refused(bounds: object, words: str, pupils: pd.DataFrame) -> None:
    with pytest.raises(FitError) as caught:
        sl.fit_sem("visual =~ x1 + x2 + x3 + x4", pupils, bounds=bounds)
    assert words in str(caught.value)
    assert caught.value.fix


def test_bounds_and_constraints_that_exclude_one_another_are_both_named(pupils: pd.DataFrame) -> None:
    with pytest.raises(FitError, match="contradict") as caught:
        sl.fit_sem("visual =~ x1 + a*x2 + x3 + x4\na > 2", pupils, bounds={"a": (0, 1)})
    assert "a > 2" in str(caught.value)
    assert "the bounds 0 to 1 of visual =~ x2" in str(caught.value)


def test_bootstrap_replicates_stay_within_the_bounds_of_their_own_sample(customers: pd.DataFrame) -> None:
    fit = sl.fit_sem(HEYWOOD, customers, bounds="pos.var")
    boot = fit.bootstrap(200, seed=3)
    variances = [r.free - 1 for r in fit.table.rows if r.op == "~~" and r.lhs == r.rhs and r.free]
    assert boot.theta_star[:, variances].min() >= 0
    assert boot.replicates == 200
    loyalty = next(r.free - 1 for r in fit.table.rows if r.op == "~~" and r.lhs == r.rhs == "Loyalty")
    assert 0.2 < (boot.theta_star[:, loyalty] == 0).mean() < 0.9


def _small(seed: int) -> pd.DataFrame:
    """Fifty respondents to nine weak items."""
    rng = np.random.default_rng(seed)
    a = rng.standard_normal(50)
    b = 0.5 * a + 0.9 * rng.standard_normal(50)
    c = 0.4 * b + 0.2 * a + 0.8 * rng.standard_normal(50)
    columns = {}
    for name, factor in zip("abc", (a, b, c), strict=True):
        for j, loading in enumerate((0.6, 0.5, 0.4), start=1):
            columns[f"{name}{j}"] = loading * factor + 0.9 * rng.standard_normal(50)
    return pd.DataFrame(columns)


@pytest.mark.parametrize("seed", range(8))
def test_small_samples_end_admissible_within_bounds_at_the_lowest_of_all_starts(seed: int) -> None:
    model = "A =~ a1 + a2 + a3\nB =~ b1 + b2 + b3\nC =~ c1 + c2 + c3\nB ~ A\nC ~ B + A"
    fit = sl.fit_sem(model, _small(seed), bounds="standard")
    assert fit.converged
    assert fit.admissible
    limit = fit.restrictions.bounds
    assert (fit.theta >= limit.lower[0]).all()
    assert (fit.theta <= limit.upper[0]).all()
    for start in starts(fit.table, fit.sample):
        alone, _ = estimate_restricted(fit.problem, fit.restrictions, [start])
        assert fit.value <= alone.value[0] + 1e-7
    gradient = fit.problem(fit.theta[None], np.zeros(1, int), "expected").gradient[0]
    assert np.abs(gradient - fit.boundary.lower + fit.boundary.upper).max() < 1e-6
