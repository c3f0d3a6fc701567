"""The curve, its marginal effect and their bands."""

import numpy as np
import pandas as pd
import pytest

from satloyal.errors import FitError
from satloyal.models.curves import fit_curve
from satloyal.models.curves.forms import SHAPES
from satloyal.models.curves.shapes import Axis

from .simulated import simulate

PSI = {"saturating": [[0.7]], "logistic": [[2.0, 0.55]]}


@pytest.mark.parametrize("name", list(SHAPES))
def test_every_derivative_of_every_shape_equals_finite_differences(name):
    shape, axis = SHAPES[name], Axis(2.0, 8.0, 1.0)
    u = np.linspace(0, 1, 7)
    beta = np.linspace(1, 2, shape.n_linear)
    psi = np.array(PSI.get(name, [[]]))[0]
    theta = np.concatenate([beta, psi])
    step = 1e-6

    def value(t, at):
        q = shape.n_linear
        return shape.fitted(at, t[None, :q], t[None, q:], axis)[0]

    def slope(t, at):
        q = shape.n_linear
        return shape.slope(at, t[None, :q], t[None, q:], axis)[0]

    def by_theta(function):
        moves = step * np.eye(theta.size)
        return np.column_stack(
            [(function(theta + m, u) - function(theta - m, u)) / (2 * step) for m in moves]
        )

    by_x = (value(theta, u + step) - value(theta, u - step)) / (2 * step) / axis.span
    np.testing.assert_allclose(slope(theta, u), by_x, rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(shape.gradient(u, beta, psi, axis), by_theta(value), rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(
        shape.slope_gradient(u, beta, psi, axis), by_theta(slope), rtol=1e-6, atol=1e-8
    )


@pytest.mark.parametrize("name", list(SHAPES))
def test_readable_parameters_carry_their_jacobian(name):
    shape, axis = SHAPES[name], Axis(2.0, 8.0, 1.0)
    q, step = shape.n_linear, 1e-6
    theta = np.concatenate([np.linspace(1, 2, q), np.array(PSI.get(name, [[]]))[0]])
    _, jacobian = shape.raw(theta[None, :q], theta[None, q:], axis)
    for j, move in enumerate(step * np.eye(theta.size)):
        up, _ = shape.raw((theta + move)[None, :q], (theta + move)[None, q:], axis)
        down, _ = shape.raw((theta - move)[None, :q], (theta - move)[None, q:], axis)
        np.testing.assert_allclose(jacobian[0][:, j], (up - down)[0] / (2 * step), rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("name", list(SHAPES))
def test_readable_parameters_draw_the_same_curve(name):
    truth = name if name in ("saturating", "logistic", "logarithmic") else "linear"
    fit = fit_curve(simulate(truth, n=500, skewed=False), "SAT", "LOY", low=1, shapes=(name,))
    curve = fit.curve(name, at=np.arange(1, 11))
    p, x = fit.params[name], np.arange(1.0, 11.0)
    formula = {
        "linear": lambda: p["intercept"] + p["x"] * x,
        "quadratic": lambda: p["intercept"] + p["x"] * x + p["x^2"] * x**2,
        "logarithmic": lambda: p["intercept"] + p["log"] * np.log(x),
        "saturating": lambda: p["start"] + p["rise"] * (1 - np.exp(-p["rate"] * (x - 1))),
        "logistic": lambda: (
            p["left"] + (p["right"] - p["left"]) / (1 + np.exp(-p["rate"] * (x - p["inflection"])))
        ),
    }
    np.testing.assert_allclose(curve["fit"], formula[name](), rtol=1e-10)


def test_band_of_the_line_is_the_textbook_one(line):
    fit = fit_curve(line, "SAT", "LOY", shapes=("linear",), covariance="classical")
    sm = pytest.importorskip("statsmodels.api")
    at = np.array([2.0, 5.0, 9.0])
    oracle = sm.OLS(line["LOY"], sm.add_constant(line["SAT"])).fit()
    mean = oracle.get_prediction(np.column_stack([np.ones(3), at])).conf_int()
    np.testing.assert_allclose(fit.curve(at=at)[["ci_lower", "ci_upper"]], mean, rtol=1e-9)
    slope = fit.tidy().iloc[1]
    np.testing.assert_allclose(fit.curve(at=at)["marginal_lower"], slope["ci_lower"], rtol=1e-9)


def test_nothing_is_said_outside_what_was_seen(line):
    line = line[line["SAT"] >= 4]
    out = fit_curve(line, "SAT", "LOY").curve(at=[2, 4, 10, 11])
    assert out["fit"].isna().tolist() == [True, False, False, True]
    assert out.loc[0].drop("x").isna().all()


def test_curve_has_a_row_a_value_and_the_agreed_columns(bend):
    curve = fit_curve(bend, "SAT", "LOY").curve()
    assert list(curve) == ["x", "fit", "ci_lower", "ci_upper", "marginal", "marginal_lower", "marginal_upper"]
    assert len(curve) == 101
    assert (curve["ci_lower"] < curve["fit"]).all()
    assert (curve["fit"] < curve["ci_upper"]).all()


def test_points_are_the_weighted_means(line):
    weights = np.random.default_rng(0).uniform(0.5, 2, len(line))
    points = fit_curve(line, "SAT", "LOY", weights=weights).points()
    at = line["SAT"] == 8
    row = points[points["x"] == 8].iloc[0]
    assert row["y"] == pytest.approx(np.average(line.loc[at, "LOY"], weights=weights[at]))
    assert row["n"] == at.sum()
    assert points["weight"].sum() == pytest.approx(1)


def test_points_are_gathered_where_x_is_continuous():
    rng = np.random.default_rng(0)
    x = rng.uniform(0, 100, 500)
    points = fit_curve(pd.DataFrame({"x": x, "y": x + rng.normal(size=500)}), "x", "y").points(bins=20)
    assert len(points) == 20
    assert points["n"].sum() == 500


def test_asking_for_a_shape_that_was_not_fitted_names_those_that_were(line):
    with pytest.raises(FitError, match=r"was not fitted.*choose among linear"):
        fit_curve(line, "SAT", "LOY", shapes=("linear",)).curve("logistic")
