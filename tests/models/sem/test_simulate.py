"""Simulated respondents have the moments that the text says."""

from __future__ import annotations

import numpy as np
import pytest

import satloyal as sl
from models.sem.examples import CHAIN, respondents
from satloyal.models.sem.nonnormal import fleishman
from satloyal.models.sem.population import Population, without_values

STUDY = """
    Satisfaction =~ 0.8*s1 + 0.8*s2 + 0.7*s3
    Trust =~ 0.8*t1 + 0.7*t2 + 0.7*t3
    Loyalty =~ 0.8*l1 + 0.7*l2 + 0.7*l3
    Trust ~ a*0.6*Satisfaction
    Loyalty ~ b*0.4*Trust + c*0.2*Satisfaction
    indirect := a*b
"""


def test_standardised_values_give_variances_of_one_and_the_path_rules_correlations() -> None:
    population = Population.of_text(STUDY, groups=1, values={}, standardized=True)
    cov = population.groups[0].cov
    at = population.names.index
    np.testing.assert_allclose(np.diagonal(cov), 1)
    assert cov[at("s1"), at("t1")] == pytest.approx(0.8 * 0.6 * 0.8)
    assert cov[at("s1"), at("l1")] == pytest.approx(0.8 * (0.2 + 0.6 * 0.4) * 0.8)


def test_fitting_a_large_sample_gives_the_population_back() -> None:
    data = sl.simulate(STUDY, 50_000, seed=1)
    fit = sl.fit_sem(without_values(STUDY), data)
    found = fit.tidy().set_index("label")["std_all"]
    assert [found["a"], found["b"], found["c"]] == pytest.approx([0.6, 0.4, 0.2], abs=0.02)
    assert fit.glance()["rmsea"] < 0.01


def test_the_same_seed_gives_the_same_respondents_and_another_gives_others() -> None:
    assert sl.simulate(STUDY, 50, seed=3).equals(sl.simulate(STUDY, 50, seed=3))
    assert not sl.simulate(STUDY, 50, seed=3).equals(sl.simulate(STUDY, 50, seed=4))


def test_values_stand_in_for_labels() -> None:
    text = "F =~ l*x1 + l*x2 + l*x3"
    assert sl.simulate(text, 20, seed=1, values={"l": 0.7}).equals(
        sl.simulate("F =~ .7*x1 + .7*x2 + .7*x3", 20, seed=1)
    )
    with pytest.raises(sl.SatloyalError, match="label 'm'"):
        sl.simulate(text, 20, values={"m": 0.7})


def test_groups_have_values_and_sizes_of_their_own() -> None:
    data = sl.simulate(
        "F =~ c(.8, .3)*x1 + .7*x2 + .7*x3\nx1 ~ c(0, 2)*1", [4000, 3000], seed=1, group="wave"
    )
    assert data["wave"].value_counts().to_dict() == {"1": 4000, "2": 3000}
    correlations = data.groupby("wave")[["x1", "x2"]].corr().unstack()["x1"]["x2"]
    assert correlations.tolist() == pytest.approx([0.56, 0.21], abs=0.04)
    assert data.groupby("wave")["x1"].mean().tolist() == pytest.approx([0, 2], abs=0.06)


def test_thresholds_make_categories() -> None:
    data = sl.simulate("y ~ .5*x\ny | -1*t1 + 0*t2 + 1*t3", 20_000, seed=2)
    shares = data["y"].value_counts(normalize=True).sort_index()
    assert shares.index.tolist() == [1, 2, 3, 4]
    assert shares.tolist() == pytest.approx([0.159, 0.341, 0.341, 0.159], abs=0.01)


def test_skewness_and_kurtosis_come_out_and_correlations_stay() -> None:
    plain = Population.of_text(STUDY, groups=1, values={}, standardized=True)
    data = sl.simulate(
        STUDY, 200_000, seed=1, skewness={"s1": 1.5, "t1": -1.0}, kurtosis={"s1": 4.0, "t1": 2.0}
    )
    assert data["s1"].skew() == pytest.approx(1.5, abs=0.1)
    assert data["s1"].kurt() == pytest.approx(4.0, abs=0.5)
    assert data["t1"].skew() == pytest.approx(-1.0, abs=0.1)
    assert data["l2"].skew() == pytest.approx(0, abs=0.03)
    np.testing.assert_allclose(data[list(plain.names)].corr(), plain.groups[0].cov, atol=0.015)


@pytest.mark.parametrize(("skewness", "kurtosis"), [(0.0, 0.0), (1.0, 1.5), (-2.0, 7.0), (0.0, 5.0)])
def test_fleishmans_polynomial_has_the_wanted_moments(skewness: float, kurtosis: float) -> None:
    b, c, d = fleishman(skewness, kurtosis)
    # moments by Gauss-Hermite quadrature, exact for polynomials
    x, w = np.polynomial.hermite_e.hermegauss(20)
    w = w / w.sum()
    y = -c + b * x + c * x**2 + d * x**3
    assert [w @ y, w @ y**2, w @ y**3, w @ y**4 - 3] == pytest.approx([0, 1, skewness, kurtosis], abs=1e-7)


def test_a_fit_is_a_population() -> None:
    fit = sl.fit_sem(CHAIN, respondents())
    data = sl.simulate(fit, 100_000, seed=1)
    np.testing.assert_allclose(data.cov().to_numpy(), fit.implied()[0][0].to_numpy(), atol=0.05)
    np.testing.assert_allclose(data.mean(), respondents()[list(data.columns)].mean(), atol=0.03)


def test_unstandardised_values_are_taken_as_they_are() -> None:
    data = sl.simulate("F =~ x1 + 2*x2 + 3*x3\nF ~~ 4*F", 100_000, seed=1, standardized=False)
    np.testing.assert_allclose(data.var(), [5, 17, 37], rtol=0.03)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("F =~ x1 + .5*x2 + .5*x3", "'F =~ x1' has no population value"),
        ("F =~ .8*x1 + 1.2*x2 + .5*x3", "more variance than 1"),
        ("y ~ 1.2*x\nx ~ .9*y", "explodes"),
        ("y ~ .9*a + .9*b\na ~~ .9*b", "more variance than 1"),
        ("a ~~ .9*b\nb ~~ .9*c\na ~~ -.9*c", "positive definite"),
        ("y ~ a*.5*x\na == 1", "not constraints"),
        ("y ~ .5*x\ny | 1*t1 + 0*t2", "do not rise"),
    ],
)
def test_what_is_no_population_says_why(text: str, message: str) -> None:
    with pytest.raises(sl.SatloyalError, match=message):
        sl.simulate(text, 100)


@pytest.mark.parametrize(
    "options",
    [
        {"n": 0}, {"n": 2.5}, {"n": True}, {"n": []}, {"n": "ten"}, {"n": [10, 10], "groups": 3},
        {"n": 10, "groups": 0}, {"n": 10, "skewness": {"nobody": 1}}, {"n": 10, "skewness": float("nan")},
        {"n": 10, "skewness": 3, "kurtosis": 0}, {"n": 10, "values": {"a": float("inf")}},
    ],
)  # fmt: skip
def test_hostile_arguments_are_refused(options: dict) -> None:
    with pytest.raises(sl.SatloyalError):
        sl.simulate(STUDY, **options)
    with pytest.raises(sl.SatloyalError, match="DataFrame"):
        sl.simulate(respondents(), 10)
