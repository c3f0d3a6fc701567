"""Composites: constructs formed by their indicators (``<~``). Parity with lavaan: tests/reference."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import satloyal as sl
from satloyal.errors import FitError

DATA = Path(__file__).parents[2] / "reference" / "data"
MIMIC = "C <~ 1*x1 + x2 + x3\ntextual =~ x4 + x5 + x6\nspeed =~ x7 + x8 + x9\ntextual ~ C\nspeed ~ C"


@pytest.fixture(scope="module")
def pupils() -> pd.DataFrame:
    return pd.read_csv(DATA / "holzinger_swineford_1939.csv")


def test_a_composite_of_known_weights_is_the_weighted_sum(pupils: pd.DataFrame) -> None:
    summed = pupils.assign(index=pupils["x1"] + 0.5 * pupils["x2"])
    formed = sl.fit_sem("C <~ 1*x1 + 0.5*x2\nx4 ~ C", pupils).tidy()
    plain = sl.fit_sem("x4 ~ index", summed).tidy()
    ours, theirs = (t[(t["lhs"] == "x4") & (t["op"] == "~")].iloc[0] for t in (formed, plain))
    np.testing.assert_allclose(
        ours[["est", "std_all"]].astype(float), theirs[["est", "std_all"]].astype(float), 1e-6
    )


def test_weights_of_one_outcome_are_its_regression(pupils: pd.DataFrame) -> None:
    formed = sl.fit_sem("C <~ x1 + x2 + x3\nx4 ~ 1*C", pupils).tidy()
    plain = sl.fit_sem("x4 ~ x1 + x2 + x3", pupils).tidy()
    np.testing.assert_allclose(formed["est"][:3], plain["est"][:3], atol=1e-7)
    np.testing.assert_allclose(formed["se"][:3], plain["se"][:3], rtol=1e-6)


def test_effects_run_through_a_composite(pupils: pd.DataFrame) -> None:
    fit = sl.fit_sem(MIMIC, pupils)
    t = fit.tidy().set_index(["lhs", "op", "rhs"])["est"]
    effects = fit.effects()
    found = effects[(effects["source"] == "x2") & (effects["target"] == "textual")]
    product = t["C", "<~", "x2"] * t["textual", "~", "C"]
    np.testing.assert_allclose(found["est"], product, atol=1e-8)
    assert len(found) >= 1


def test_a_composite_is_not_measured_and_has_no_reliability(pupils: pd.DataFrame) -> None:
    fit = sl.fit_sem(MIMIC, pupils)
    assert list(fit.measurement().reliability["construct"]) == ["textual", "speed"]
    assert "C" not in set(fit.r2()["variable"])
    weights = fit.tidy().query("op == '<~'")
    assert weights["std_all"].notna().all()


@pytest.mark.parametrize(
    "text",
    [
        "C <~ x1 + x2 + x3\ntextual =~ x4 + x5 + x6\ntextual ~ C",
        "C <~ 1*x1 + x2 + x3",
        MIMIC + "\nC ~~ C",
    ],
)
def test_a_composite_that_nothing_identifies_is_told_what_would(text: str, pupils: pd.DataFrame) -> None:
    with pytest.raises(FitError, match="not identified") as caught:
        sl.fit_sem(text, pupils)
    assert "fix one weight of C" in str(caught.value.fix)
    assert "two outcomes whose residuals do not covary" in str(caught.value.fix)


def test_composites_go_with_simulation_bootstrap_and_missing_values(pupils: pd.DataFrame) -> None:
    model = "C <~ 1*x1 + 0.5*x2\nx1 ~~ 0.3*x2\ny ~ 0.4*C"
    data = sl.simulate(model, 4000, seed=1)
    fit = sl.fit_sem("C <~ 1*x1 + x2\ny ~ C", data)
    t = fit.tidy().set_index(["lhs", "op", "rhs"])["est"]
    assert t["C", "<~", "x2"] == pytest.approx(0.5, abs=0.12)
    assert t["y", "~", "C"] == pytest.approx(0.4, abs=0.06)
    boot = fit.bootstrap(100, seed=2)
    assert np.isfinite(boot.theta_star).all()
    outcomes = ["x4", "x5", "x6"]
    holes = pupils.copy()
    holes[outcomes] = holes[outcomes].mask(np.random.default_rng(3).random((len(holes), 3)) < 0.1)
    assert sl.fit_sem(MIMIC, holes, missing="fiml").converged
