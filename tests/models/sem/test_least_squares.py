"""Least-squares estimators: derivatives, robust errors, refusals, bootstrap."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import satloyal as sl
from satloyal.models.sem.robust_fit import least_squares_influence

DATA = Path(__file__).parents[2] / "reference" / "data" / "holzinger_swineford_1939.csv"
MODEL = """
visual =~ x1 + x2 + x3
textual =~ x4 + x5 + x6
speed =~ x7 + x8 + x9
speed ~ visual
"""
FINITE = 1e-6  # what central differences with a step of 1e-5 can promise, relative to the largest entry


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    return pd.read_csv(DATA)


@pytest.mark.parametrize("estimator", ["GLS", "ULS", "DWLS", "WLS"])
@pytest.mark.parametrize(
    "options",
    [{}, {"meanstructure": True}, {"group": "school", "group_equal": ["loadings", "intercepts"]}],
    ids=["covariances", "means", "groups"],
)
def test_derivatives_are_those_of_the_value(frame, estimator, options):
    problem, theta = _near(sl.fit_sem(MODEL, frame, estimator=estimator, **options))
    one = np.zeros(1, int)
    exact = problem(theta[None], one, "observed")
    steps = 1e-5 * np.eye(len(theta))
    values = np.array([problem.value(theta[None] + s) - problem.value(theta[None] - s) for s in steps])[:, 0]
    slopes = np.array(
        [
            (
                problem(theta[None] + s, one, "expected").gradient
                - problem(theta[None] - s, one, "expected").gradient
            )[0]
            for s in steps
        ]
    )
    assert np.abs(values / 2e-5 - exact.gradient[0]).max() < FINITE * np.abs(exact.gradient).max()
    assert np.abs(slopes / 2e-5 - exact.hessian[0]).max() < FINITE * np.abs(exact.hessian).max()


def _near(fit):
    noise = np.random.default_rng(1).normal(0, 0.03, len(fit.theta))
    return fit.problem, fit.theta + noise


def test_influence_is_what_leaving_a_row_out_changes(frame):
    fit = sl.fit_sem(MODEL, frame, estimator="ULS")
    influence = least_squares_influence(fit)
    far = int(np.argmax(np.abs(influence).sum(axis=1)))
    rows = [0, 17, far]
    for row in rows:
        without = sl.fit_sem(MODEL, frame.drop(index=frame.index[row]), estimator="ULS")
        change = fit.theta - without.theta
        assert np.corrcoef(change, influence[row])[0, 1] > 0.99
        assert np.allclose(change, influence[row], atol=0.15 * np.abs(influence[row]).max())


def test_unweighted_least_squares_give_no_p_value_and_say_why(frame):
    fit = sl.fit_sem(MODEL, frame, estimator="ULS")
    assert np.isnan(fit.glance()["pvalue"])
    check = next(c for c in fit.checks if c.name == "exact fit")
    assert check.status == "not_applicable"
    assert "no p-value" in check.message
    assert "ULSMV" in check.advice
    assert "no p-value" in fit.headline()


def test_scaled_figures_are_the_ones_to_judge_by(frame):
    fit = sl.fit_sem(MODEL, frame, estimator="MLM")
    shown, all_of_them = fit.fit_figures(), fit.glance()
    assert shown["chisq"] == all_of_them["chisq_scaled"]
    assert shown["cfi"] == all_of_them["cfi_robust"]
    assert f"{shown['chisq']:.2f}" in fit.headline()


def test_distribution_free_weights_need_more_rows_than_moments(frame):
    with pytest.raises(sl.SatloyalError, match="WLS weighs 45 moments, and 40 rows"):
        sl.fit_sem(MODEL, frame.head(40), estimator="WLS")


@pytest.mark.parametrize("estimator", ["WLS", "DWLS", "MLM", "MLR"])
def test_what_needs_rows_is_refused_without_them(frame, estimator):
    items = [f"x{i}" for i in range(1, 10)]
    moments = sl.Moments.from_matrix(frame[items].cov(), len(frame))
    with pytest.raises(sl.SatloyalError, match="need rows"):
        sl.fit_sem(MODEL, moments, estimator=estimator).glance()


@pytest.mark.parametrize("estimator", ["GLS", "ULS"])
def test_what_needs_no_rows_is_the_same_from_a_matrix(frame, estimator):
    items = [f"x{i}" for i in range(1, 10)]
    moments = sl.Moments.from_matrix(frame[items].cov(), len(frame))
    one, other = (
        sl.fit_sem(MODEL, frame, estimator=estimator),
        sl.fit_sem(MODEL, moments, estimator=estimator),
    )
    assert np.allclose(one.theta, other.theta, atol=1e-6)
    assert one.glance()["chisq"] == pytest.approx(other.glance()["chisq"])


def test_an_unknown_estimator_is_named_with_its_neighbour(frame):
    with pytest.raises(sl.SatloyalError, match="did you mean 'WLSMV'"):
        sl.fit_sem(MODEL, frame, estimator="WLSM V")


def test_casewise_errors_are_refused_where_there_is_no_likelihood(frame):
    with pytest.raises(sl.SatloyalError, match=r"robust\.sem"):
        sl.fit_sem(MODEL, frame, estimator="ULS").with_vcov("robust")


def test_weights_without_a_robust_test_are_refused(frame):
    weighted = frame.assign(w=1.0 + frame["sex"])
    with pytest.raises(sl.SatloyalError, match="MLR"):
        sl.fit_sem(MODEL, weighted, estimator="GLS", weights="w")
    assert sl.fit_sem(MODEL, weighted, weights="w").estimator == "MLR"


@pytest.mark.parametrize("estimator", ["ULSMV", "WLSMV"])
def test_bootstrap_errors_are_near_the_robust_ones(frame, estimator):
    fit = sl.fit_sem(MODEL, frame, estimator=estimator)
    boot = fit.bootstrap(400, seed=1)
    assert boot.counts["failed"] == 0
    free = fit.tidy()["free"] > 0
    ratio = boot.tidy()["se"][free] / fit.tidy()["se"][free]
    assert 0.9 < ratio.median() < 1.15
    intervals = boot.tidy()[free]
    assert (intervals["bca_lower"] < intervals["est"]).all()
    assert (intervals["est"] < intervals["bca_upper"]).all()


@pytest.mark.parametrize("pair", [("MLM", "MLMV"), ("WLSM", "WLSMV"), ("ULSM", "ULSMV")])
def test_robust_measures_are_those_of_the_fit_and_not_of_its_test(frame, pair):
    # estimates, χ² and Γ are the same in both, and so is what the population's CFI and RMSEA are; lavaan
    # 0.6-14 has .9763, the plain CFI, under WLSM, and .9606 under WLSMV
    text = MODEL.replace("speed ~ visual\n", "")
    one, other = (sl.fit_sem(text, frame, estimator=name).glance() for name in pair)
    for name in ("cfi_robust", "tli_robust", "rni_robust", "rmsea_robust"):
        assert one[name] == pytest.approx(other[name], rel=1e-10)
    if pair[0] == "WLSM":
        assert one["cfi_robust"] == pytest.approx(0.96063, abs=1e-5)
        assert one["baseline_chisq_scaling_factor"] == pytest.approx(1.0, abs=1e-6)


def test_robust_measures_of_diagonal_weights_estimate_the_populations():
    # Brosseau-Liard & Savalei 2014: E χ² = N F + c df, whatever the weights
    truth = """F =~ .8*a1 + .7*a2 + .6*a3 + .7*a4
        G =~ .8*b1 + .7*b2 + .6*b3 + .7*b4
        F ~~ .4*G; a1 ~~ .15*b1; a2 ~~ .12*a3"""
    model = "F =~ a1 + a2 + a3 + a4\nG =~ b1 + b2 + b3 + b4"
    names = ["cfi", "cfi_robust", "rmsea", "rmsea_robust"]
    large = sl.fit_sem(model, sl.simulate(truth, 300_000, seed=1, skewness=1.2), estimator="WLSM").glance()
    small = [
        sl.fit_sem(model, sl.simulate(truth, 300, seed=seed, skewness=1.2), estimator="WLSM").glance()[names]
        for seed in range(5, 65)
    ]
    mean = pd.DataFrame(small).mean()
    assert large["cfi_robust"] == pytest.approx(large["cfi"], abs=1e-4)  # without sampling error they agree
    assert mean["cfi_robust"] == pytest.approx(large["cfi"], abs=0.0025)  # three standard errors
    assert mean["rmsea_robust"] == pytest.approx(large["rmsea"], abs=0.005)
    assert mean["cfi"] > large["cfi"] + 0.006  # the plain one, which lavaan shows as robust, flatters
    assert mean["rmsea"] < 0.3 * large["rmsea"]
