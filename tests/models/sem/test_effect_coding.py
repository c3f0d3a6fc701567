"""Effect coding: the same model in the units of the items. Parity with lavaan: tests/reference."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import satloyal as sl
from satloyal.errors import FitError

DATA = Path(__file__).parents[2] / "reference" / "data"
MODEL = "visual =~ x1 + x2 + x3\ntextual =~ x4 + x5 + x6\ntextual ~ visual"


@pytest.fixture(scope="module")
def pupils() -> pd.DataFrame:
    return pd.read_csv(DATA / "holzinger_swineford_1939.csv")


def test_the_scale_changes_and_the_fit_does_not(pupils: pd.DataFrame) -> None:
    marker = sl.fit_sem(MODEL, pupils, meanstructure=True)
    coded = sl.fit_sem(MODEL, pupils, meanstructure=True, effect_coding=True)
    assert coded.converged
    assert coded.tried == 1
    for name in ("chisq", "df", "npar", "cfi", "srmr", "bic"):
        assert coded.glance()[name] == pytest.approx(marker.glance()[name], rel=1e-8)
    np.testing.assert_allclose(coded.tidy()["std_all"][:7], marker.tidy()["std_all"][:7], atol=1e-6)


def test_a_latent_mean_is_the_weighted_average_of_item_means(pupils: pd.DataFrame) -> None:
    fit = sl.fit_sem("visual =~ x1 + x2 + x3", pupils, meanstructure=True, effect_coding=True)
    t = fit.tidy()
    loading = t.query("op == '=~'")["est"].to_numpy()
    intercept = t.query("op == '~1' and lhs != 'visual'")["est"].to_numpy()
    assert loading.mean() == pytest.approx(1, abs=1e-10)
    assert intercept.sum() == pytest.approx(0, abs=1e-9)
    mean = t.query("op == '~1' and lhs == 'visual'")["est"].item()
    assert mean == pytest.approx(pupils[["x1", "x2", "x3"]].mean().mean(), abs=1e-6)


def test_an_invariant_model_compares_means_in_units_of_the_items(pupils: pd.DataFrame) -> None:
    equal = ["loadings", "intercepts"]
    coded = sl.fit_sem(MODEL, pupils, group="school", group_equal=equal, effect_coding=True)
    marker = sl.fit_sem(MODEL, pupils, group="school", group_equal=equal)
    assert coded.glance()["chisq"] == pytest.approx(marker.glance()["chisq"], rel=1e-8)
    assert coded.tidy().query("op == '~1' and lhs == 'visual'")["se"].gt(0).sum() == 2


def test_partial_invariance_lets_go_what_it_says(pupils: pd.DataFrame) -> None:
    equal = ["loadings", "intercepts"]
    partial = ["visual=~x2", "x2~1"]
    fits = [
        sl.fit_sem(
            MODEL, pupils, group="school", group_equal=equal, group_partial=partial, effect_coding=coded
        ).glance()
        for coded in (True, False)
    ]
    assert fits[0]["chisq"] == pytest.approx(fits[1]["chisq"], rel=1e-8)
    assert fits[0]["df"] == fits[1]["df"]


def test_ordinal_invariance_under_equations_between_parameters() -> None:
    frame = pd.read_csv(DATA / "holzinger_swineford_ordinal.csv")
    items = [f"x{i}" for i in range(1, 7)]
    model = "visual =~ x1 + x2 + x3\ntextual =~ x4 + x5 + x6"
    coded, plain = (
        sl.fit_invariance(model, frame, "school", ordered=items, **options).tidy()
        for options in ({"effect_coding": "loadings"}, {})
    )
    np.testing.assert_allclose(coded["chisq"], plain["chisq"], rtol=1e-6)
    assert list(coded["verdict"]) == list(plain["verdict"])


def test_it_bootstraps_and_goes_with_missing_values(pupils: pd.DataFrame) -> None:
    holes = pupils.mask(np.random.default_rng(1).random(pupils.shape) < 0.1)
    holes["school"] = pupils["school"]
    fit = sl.fit_sem(MODEL, holes, missing="fiml", effect_coding=True)
    plain = sl.fit_sem(MODEL, holes, missing="fiml")
    assert fit.glance()["chisq"] == pytest.approx(plain.glance()["chisq"], abs=1e-5)
    boot = sl.fit_sem(MODEL, pupils, effect_coding=True).bootstrap(40, seed=1)
    np.testing.assert_allclose(boot.theta_star[:, :3].sum(axis=1), 3, atol=1e-8)


def test_ordinal_items_have_no_intercepts(pupils: pd.DataFrame) -> None:
    items = ["x1", "x2", "x3"]
    cut = pupils[items].apply(lambda c: pd.qcut(c, 3, labels=False, duplicates="drop"))
    both = sl.fit_sem("visual =~ x1 + x2 + x3", cut, ordered=items, effect_coding=True)
    assert both.tidy().query("op == '=~'")["est"].mean() == pytest.approx(1, abs=1e-9)
    with pytest.raises(FitError, match="thresholds in place of intercepts"):
        sl.fit_sem("visual =~ x1 + x2 + x3", cut, ordered=items, effect_coding="intercepts")
