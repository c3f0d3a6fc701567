"""The numbers agree with statsmodels (linear shapes) and scipy's curve_fit (nonlinear ones)."""

import numpy as np
import pytest
from scipy.optimize import curve_fit

from satloyal.models.curves import fit_curve

from .simulated import simulate

sm = pytest.importorskip("statsmodels.api")


def design(shape, x, low):
    columns = {
        "linear": [np.ones_like(x), x],
        "quadratic": [np.ones_like(x), x, x**2],
        "logarithmic": [np.ones_like(x), np.log(x - low + 1)],
    }
    return np.column_stack(columns[shape])


@pytest.mark.parametrize("shape", ["linear", "quadratic", "logarithmic"])
@pytest.mark.parametrize("kind", ["HC0", "HC1", "HC2", "HC3", "classical"])
@pytest.mark.parametrize("weighted", [False, True])
def test_linear_shapes_equal_statsmodels(line, shape, kind, weighted):
    weights = np.random.default_rng(3).uniform(0.4, 3, len(line)) if weighted else np.ones(len(line))
    fit = fit_curve(line, "SAT", "LOY", low=1, covariance=kind, weights=weights)
    model = sm.WLS(line["LOY"], design(shape, line["SAT"].to_numpy(), 1), weights=weights / weights.mean())
    oracle = model.fit(cov_type="nonrobust" if kind == "classical" else kind)
    rows = fit.tidy().query("shape == @shape")
    np.testing.assert_allclose(rows["est"], oracle.params, rtol=1e-9)
    np.testing.assert_allclose(rows["se"], oracle.bse, rtol=1e-8)
    table = fit.comparison().set_index("shape")
    assert table.loc[shape, "r2"] == pytest.approx(oracle.rsquared, rel=1e-10)


def test_t_intervals_use_residual_degrees_of_freedom(line):
    fit = fit_curve(line, "SAT", "LOY", shapes=("linear",))
    x = design("linear", line["SAT"].to_numpy(), 1)
    oracle = sm.OLS(line["LOY"].to_numpy(), x).fit(cov_type="HC3", use_t=True)
    np.testing.assert_allclose(fit.conf_int(), oracle.conf_int(), rtol=1e-9)
    np.testing.assert_allclose(fit.pvalues, oracle.pvalues, rtol=1e-7)


def test_aicc_is_statsmodels_aic_with_sigma_counted_and_corrected(line):
    fit = fit_curve(line, "SAT", "LOY", low=1)
    for shape in ("linear", "quadratic", "logarithmic"):
        oracle = sm.OLS(line["LOY"].to_numpy(), design(shape, line["SAT"].to_numpy(), 1)).fit()
        k, n = len(oracle.params) + 1, len(line)
        expected = -2 * oracle.llf + 2 * k + 2 * k * (k + 1) / (n - k - 1)
        assert fit.comparison().set_index("shape").loc[shape, "aicc"] == pytest.approx(expected, rel=1e-12)


def test_clustered_errors_equal_statsmodels(line):
    cluster = np.random.default_rng(1).integers(0, 40, len(line))
    fit = fit_curve(line, "SAT", "LOY", cluster=cluster, shapes=("linear",))
    x = design("linear", line["SAT"].to_numpy(), 1)
    oracle = sm.OLS(line["LOY"].to_numpy(), x).fit(
        cov_type="cluster", cov_kwds={"groups": cluster}, use_t=True
    )
    np.testing.assert_allclose(fit.bse, oracle.bse, rtol=1e-9)
    np.testing.assert_allclose(fit.conf_int(), oracle.conf_int(), rtol=1e-9)


def saturating(x, start, rise, rate):
    return start + rise * (1 - np.exp(-rate * (x - 1)))


def logistic(x, left, right, rate, inflection):
    return left + (right - left) / (1 + np.exp(-rate * (x - inflection)))


@pytest.mark.parametrize(
    ("shape", "function", "start"),
    [("saturating", saturating, (2, 7, 0.4)), ("logistic", logistic, (2, 8, 1.2, 6))],
)
@pytest.mark.parametrize("seed", range(3))
def test_nonlinear_shapes_equal_curve_fit(shape, function, start, seed):
    data = simulate(shape, n=500, seed=seed, skewed=False)
    fit = fit_curve(data, "SAT", "LOY", shapes=("linear", shape), covariance="classical")
    est, vcov = curve_fit(function, data["SAT"], data["LOY"], p0=start, xtol=1e-12, ftol=1e-12)
    rows = fit.tidy().query("shape == @shape")
    np.testing.assert_allclose(rows["est"], est, rtol=1e-6)
    np.testing.assert_allclose(rows["se"], np.sqrt(np.diag(vcov)), rtol=1e-4)


def test_nonlinear_sandwich_is_statsmodels_on_the_tangent_plane(bend):
    """HC3 of a nonlinear fit is HC3 of the regression of its residuals on its gradients."""
    fit = fit_curve(bend, "SAT", "LOY", shapes=("linear", "saturating"))
    start, rise, rate = fit.params["saturating"]
    x = bend["SAT"].to_numpy()
    decay = np.exp(-rate * (x - 1))
    gradient = np.column_stack([np.ones_like(x), 1 - decay, rise * (x - 1) * decay])
    oracle = sm.OLS(bend["LOY"] - saturating(x, start, rise, rate), gradient).fit(cov_type="HC3")
    np.testing.assert_allclose(oracle.params, 0, atol=1e-6)
    np.testing.assert_allclose(fit.bse["saturating"], oracle.bse, rtol=1e-8)
