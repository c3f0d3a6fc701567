"""Which shape is selected, and what may be said about it."""

import numpy as np
import pandas as pd
import pytest

from satloyal.models.curves import fit_curve
from satloyal.models.curves.checks import NONLINEARITY

from .simulated import simulate


def check(fit, name):
    return next(c for c in fit.checks if c.name == name)


@pytest.mark.parametrize("truth", ["linear", "saturating", "logistic"])
def test_plain_truth_is_found(truth):
    fit = fit_curve(simulate(truth, n=1500, noise=0.8, skewed=False), "SAT", "LOY", low=1)
    assert fit.best == truth
    assert fit.converged
    assert fit.comparison().set_index("shape")["best"].sum() == 1


def test_line_within_the_noise_is_kept_and_no_curve_is_claimed(line):
    fit = fit_curve(line, "SAT", "LOY", low=1)
    assert fit.best == "linear"
    assert "Nonlinearity: not supported" in fit.verdict()
    assert fit.returns().verdict in ("not supported", "inconclusive")


def test_curves_are_seldom_claimed_of_a_line():
    """The rule's false claims stay near 5 %; 40 samples allow up to 6 with 99 % probability."""
    wrong = sum(
        fit_curve(simulate("linear", n=200, seed=s), "SAT", "LOY", low=1).best != "linear" for s in range(40)
    )
    assert wrong <= 6


def test_bands_of_the_true_shape_cover_it():
    """Coverage of fit and slope at three places of 60 samples: nominal 95 %, at least 88 % allowed."""
    at = np.array([3.0, 6.0, 9.0])
    value, slope = 2 + 7 * (1 - np.exp(-0.4 * (at - 1))), 2.8 * np.exp(-0.4 * (at - 1))
    hits = []
    for seed in range(60):
        data = simulate("saturating", n=400, seed=seed, skewed=False)
        curve = fit_curve(data, "SAT", "LOY", shapes=("saturating",)).curve(at=at)
        hits.append(
            [
                (curve["ci_lower"] <= value) & (value <= curve["ci_upper"]),
                (curve["marginal_lower"] <= slope) & (slope <= curve["marginal_upper"]),
            ]
        )
    assert (np.mean(hits, axis=(0, 2)) > 0.88).all()


def test_diminishing_returns_are_supported_when_the_effect_falls(bend):
    result = fit_curve(bend, "SAT", "LOY", low=1).returns()
    assert result.verdict == "supported"
    assert result.ci_upper < 0 < result.bottom
    assert result.difference == pytest.approx(result.top - result.bottom)
    assert "Diminishing returns: supported" in result.sentence


def test_diminishing_returns_are_not_supported_when_the_effect_rises():
    data = simulate("linear", n=600, noise=0.3, skewed=False)
    data["LOY"] = 1 + 0.08 * data["SAT"] ** 2 + (data["LOY"] - 2 - 0.6 * data["SAT"])
    fit = fit_curve(data, "SAT", "LOY", low=1)
    assert fit.best != "linear"
    assert fit.returns().verdict == "not supported"


def test_diminishing_returns_are_inconclusive_in_a_small_sample():
    fit = fit_curve(simulate("linear", n=60, noise=2), "SAT", "LOY", low=1)
    assert fit.best == "linear"
    assert fit.returns().verdict == "inconclusive"


def test_a_long_line_rules_diminishing_returns_out():
    fit = fit_curve(
        simulate("linear", n=3000, skewed=False), "SAT", "LOY", low=1, shapes=("linear", "quadratic")
    )
    assert fit.best == "linear"
    assert fit.returns().verdict == "not supported"


def test_a_falling_outcome_has_no_diminishing_returns(bend):
    bend["LOY"] = -bend["LOY"]
    assert fit_curve(bend, "SAT", "LOY", low=1).returns().verdict == "not supported"


def test_no_returns_are_judged_where_the_outcome_may_not_rise_at_all():
    rng = np.random.default_rng(0)
    noise = pd.DataFrame({"SAT": rng.integers(1, 11, 200), "LOY": rng.normal(size=200)})
    result = fit_curve(noise, "SAT", "LOY").returns()
    assert result.verdict == "inconclusive"
    assert "not settled that the outcome rises" in result.sentence


def test_an_s_shape_says_where_its_effect_is_largest():
    fit = fit_curve(simulate("logistic", n=800, noise=0.6, skewed=False), "SAT", "LOY", low=1)
    assert fit.best == "logistic"
    assert f"largest at the inflection, {fit.params['logistic', 'inflection']:.2f}" in fit.verdict()


def test_shapes_that_draw_the_same_curve_tie_and_the_line_wins():
    """On a symmetric step the quadratic is the line; rounding must not select it."""
    data = pd.DataFrame({"SAT": list(range(1, 11)) * 20, "LOY": ([0] * 5 + [10] * 5) * 20})
    fit = fit_curve(data, "SAT", "LOY", shapes=("linear", "quadratic"))
    assert fit.selection.by_error == "linear"


def test_without_the_line_nonlinearity_is_not_testable(bend):
    fit = fit_curve(bend, "SAT", "LOY", shapes=("saturating", "quadratic"))
    assert check(fit, NONLINEARITY).status == "not_applicable"
    assert "Nonlinearity: not testable" in fit.verdict()


def test_akaike_weights_sum_to_one_over_usable_shapes(line):
    table = fit_curve(line, "SAT", "LOY", low=1).comparison()
    assert table["weight"].sum() == pytest.approx(1)
    assert table["weight"].isna().equals(~table["converged"])
    best = table["delta"].min()
    np.testing.assert_allclose(
        table["weight"].dropna() / table["weight"].max(), np.exp(-(table["delta"].dropna() - best) / 2)
    )


def test_cross_validation_is_what_a_loop_over_folds_gives(bend):
    from satloyal.models.curves.select import assign_folds

    fit = fit_curve(bend, "SAT", "LOY", shapes=("linear", "quadratic"), folds=7, seed=3)
    fold = assign_folds(fit.data, 7, 3)
    for degree, shape in ((1, "linear"), (2, "quadratic")):
        squared = []
        for k in range(7):
            train = fold != k
            coefficients = np.polyfit(fit.x[train], fit.y[train], degree)
            squared.extend((fit.y[~train] - np.polyval(coefficients, fit.x[~train])) ** 2)
        expected = np.sqrt(np.mean(squared))
        assert fit.comparison().set_index("shape").loc[shape, "cv_rmse"] == pytest.approx(expected, rel=1e-9)


def test_folds_are_equal_in_size_and_see_the_whole_scale(line):
    from satloyal.models.curves.select import assign_folds

    fit = fit_curve(line, "SAT", "LOY")
    fold = assign_folds(fit.data, 10, 1)
    assert np.ptp(np.bincount(fold)) <= 1
    means = pd.Series(fit.x).groupby(fold).mean()
    assert np.ptp(means) < 0.7


def test_clusters_are_never_split_over_folds(line):
    from satloyal.models.curves.select import assign_folds

    fit = fit_curve(line, "SAT", "LOY", cluster=np.arange(len(line)) // 6)
    fold = assign_folds(fit.data, 10, 1)
    assert (pd.Series(fold).groupby(fit.data.cluster).nunique() == 1).all()


@pytest.mark.extended
@pytest.mark.parametrize("n", [200, 1000])
@pytest.mark.parametrize("skewed", [False, True])
def test_size_and_coverage_over_many_samples(n, skewed):
    """500 samples: false claims of a curve at most 8 %; 95 % bands of the line within Monte Carlo error."""
    at, truth = np.array([3.0, 6.0, 9.0]), 2 + 0.6 * np.array([3.0, 6.0, 9.0])
    wrong, diminishing, hits = 0, 0, []
    for seed in range(500):
        fit = fit_curve(simulate("linear", n=n, seed=seed, skewed=skewed), "SAT", "LOY", low=1)
        wrong += fit.best != "linear"
        diminishing += fit.returns().verdict == "supported"
        curve = fit.curve("linear", at=at)
        hits.append((curve["ci_lower"] <= truth) & (truth <= curve["ci_upper"]))
    assert wrong / 500 < 0.08
    assert diminishing / 500 < 0.04
    assert abs(np.mean(hits) - 0.95) < 0.02
