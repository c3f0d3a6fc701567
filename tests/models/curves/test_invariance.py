"""What must not matter does not matter."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from satloyal.models.curves import fit_curve

from .simulated import simulate

EVERY = settings(max_examples=10, deadline=None)
BASE = simulate("saturating", n=250, noise=0.8, skewed=False)
FIT = fit_curve(BASE, "SAT", "LOY", low=1)
NUMBERS = ["aicc", "cv_rmse", "cv_se", "r2", "cv_diff", "cv_diff_se"]


@EVERY
@given(st.integers(0, 1000))
def test_order_of_rows_does_not_matter(seed):
    fit = fit_curve(BASE.sample(frac=1, random_state=seed), "SAT", "LOY", low=1)
    assert fit.best == FIT.best
    pd.testing.assert_frame_equal(fit.tidy(), FIT.tidy(), rtol=1e-6)
    pd.testing.assert_frame_equal(fit.comparison(), FIT.comparison(), rtol=1e-6)


@EVERY
@given(st.floats(-1e4, 1e4), st.floats(-100, 100), st.floats(0.01, 100))
def test_where_a_scale_starts_and_the_unit_of_the_outcome_do_not_matter(x_shift, y_shift, y_scale):
    data = pd.DataFrame({"SAT": BASE["SAT"] + x_shift, "LOY": y_shift + y_scale * BASE["LOY"]})
    fit = fit_curve(data, "SAT", "LOY", low=1 + x_shift)
    a, b = fit.comparison(), FIT.comparison()
    assert a["reason"].tolist() == b["reason"].tolist()
    assert fit.best == FIT.best
    np.testing.assert_allclose(a["r2"], b["r2"], rtol=1e-6)
    np.testing.assert_allclose(a["delta"], b["delta"], atol=1e-4)
    np.testing.assert_allclose(a["cv_rmse"], b["cv_rmse"] * y_scale, rtol=1e-5)
    here, there = fit.curve(), FIT.curve()
    np.testing.assert_allclose(here["fit"], y_shift + y_scale * there["fit"], rtol=1e-5, atol=1e-5 * y_scale)
    np.testing.assert_allclose(here["marginal_upper"], y_scale * there["marginal_upper"], rtol=1e-4)


@EVERY
@given(st.floats(0.01, 100))
def test_the_unit_of_satisfaction_matters_to_the_logarithm_only(scale):
    data = pd.DataFrame({"SAT": BASE["SAT"] * scale, "LOY": BASE["LOY"]})
    shapes = ("linear", "quadratic", "saturating", "logistic")
    fit, same = (fit_curve(d, "SAT", "LOY", shapes=shapes) for d in (data, BASE))
    pd.testing.assert_frame_equal(fit.comparison()[NUMBERS], same.comparison()[NUMBERS], rtol=1e-5, atol=1e-6)
    assert fit.params["saturating", "rate"] == pytest.approx(
        same.params["saturating", "rate"] / scale, rel=1e-5
    )


def test_whole_weights_estimate_what_duplicated_rows_do():
    weights = np.random.default_rng(0).integers(1, 4, len(BASE))
    twice = BASE.loc[BASE.index.repeat(weights)]
    weighted = fit_curve(BASE, "SAT", "LOY", low=1, weights=weights)
    repeated = fit_curve(twice, "SAT", "LOY", low=1)
    both = weighted.params.notna() & repeated.params.notna()
    assert both.sum() >= 10
    np.testing.assert_allclose(weighted.params[both], repeated.params[both], rtol=1e-6)
    np.testing.assert_allclose(weighted.comparison()["r2"].dropna(), repeated.comparison()["r2"].dropna())


def test_weights_are_relative_and_cost_effective_rows():
    weights = np.random.default_rng(0).uniform(0.2, 3, len(BASE))
    fit, tenfold = (fit_curve(BASE, "SAT", "LOY", low=1, weights=w) for w in (weights, 10 * weights))
    pd.testing.assert_frame_equal(fit.tidy(), tenfold.tidy(), rtol=1e-7)
    kish = weights.sum() ** 2 / (weights**2).sum()
    assert fit.glance()["n_effective"] == pytest.approx(kish)
    assert any(f"worth {kish:.1f} equally weighted" in n.message for n in fit.notes)
    constant = fit_curve(BASE, "SAT", "LOY", low=1, weights=np.full(len(BASE), 7.0))
    pd.testing.assert_frame_equal(constant.comparison(), FIT.comparison())


def test_zero_weights_drop_rows_with_a_note():
    weights = np.ones(len(BASE))
    weights[:20] = 0
    fit = fit_curve(BASE, "SAT", "LOY", low=1, weights=weights)
    assert fit.glance()["n"] == len(BASE) - 20
    assert any(n.message == "20 complete rows with weight 0 dropped" for n in fit.notes)


def test_same_seed_same_numbers():
    again = fit_curve(BASE, "SAT", "LOY", low=1)
    pd.testing.assert_frame_equal(again.comparison(), FIT.comparison())
    pd.testing.assert_frame_equal(again.bootstrap(50, seed=4).tidy(), FIT.bootstrap(50, seed=4).tidy())


def test_the_fit_and_its_options_are_frozen():
    with pytest.raises(AttributeError):
        FIT.data = None


def test_with_vcov_changes_errors_and_nothing_else():
    other = FIT.with_vcov("classical")
    pd.testing.assert_series_equal(other.params, FIT.params)
    pd.testing.assert_frame_equal(other.comparison(), FIT.comparison())
    assert not np.allclose(other.bse.dropna(), FIT.bse.dropna(), rtol=1e-3)
    assert FIT.options.covariance == "HC3"
