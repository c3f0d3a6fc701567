"""Maximal reliability, ordinal reliability and intervals agree with semTools, lavaan and refits."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import satloyal as sl
from satloyal.core import reliability as kernels
from satloyal.errors import FitError
from satloyal.models.sem.reliability_interval import INTERVALS, coefficient_values

REFERENCE = json.loads((Path(__file__).parent / "reference" / "reliability.json").read_text())
DATA = Path(__file__).parents[2] / "reference" / "data"
HS = pd.read_csv(DATA / "holzinger_swineford_1939.csv")
ORDINAL = pd.read_csv(DATA / "holzinger_swineford_ordinal.csv")
ITEMS = [f"x{i}" for i in range(1, 10)]
THREE = REFERENCE["ordinal"]["delta"]["syntax"]
_FITS = {}


def ordinal(parameterization="delta"):
    """The three-factor model of four-category items, fitted once a parameterisation."""
    if parameterization not in _FITS:
        fit = sl.fit_sem(THREE, ORDINAL, ordered=ITEMS, parameterization=parameterization)
        _FITS[parameterization] = fit, fit.measurement()
    return _FITS[parameterization]


@pytest.mark.parametrize("name", ["visual", "quality"])
def test_maximal_reliability_of_a_construct_agrees_with_semtools(name):
    case = REFERENCE["maximal"][name]
    table = sl.fit_sem(case["syntax"], pd.read_csv(DATA / case["data"])).measurement().reliability
    assert table["maximal"][0] == pytest.approx(case["value"], abs=1e-5)
    assert table["maximal"][0] > table["omega"][0]


def test_maximal_reliability_of_one_factor_is_the_best_weighted_sum():
    loading, errors = np.array([0.9, 0.6, 0.4]), np.array([[0.3, 0.1, 0], [0.1, 0.6, 0], [0, 0, 0.8]])
    H = kernels.maximal_reliability(loading, 1.0, errors)
    true = np.outer(loading, loading)
    assert pytest.approx(np.linalg.eigvals(np.linalg.solve(true + errors, true)).real.max()) == H
    weights = np.random.default_rng(1).normal(size=(2000, 3))
    reached = (weights @ loading) ** 2 / np.einsum("wi,ij,wj->w", weights, true + errors, weights)
    assert reached.max() <= H < reached.max() + 0.01


def test_maximal_reliability_without_error_is_undefined():
    assert np.isnan(kernels.maximal_reliability([0.9, 0.6], 1.0, np.diag([-0.1, 0.6])))
    assert np.isnan(kernels.maximal_reliability([0.9, 0.6], 1.0, np.diag([0.0, 0.6])))


@pytest.mark.parametrize(("key", "estimator"), [("delta", "ML"), ("delta_mlr", "MLR")])
def test_delta_method_errors_agree_with_lavaan(key, estimator):
    row = sl.fit_sem(THREE, HS, estimator=estimator).measurement().reliability.iloc[0]
    expected = pd.DataFrame(REFERENCE[key]).set_index("name")
    for name in ("omega", "cr", "ave", "maximal"):
        assert row[name] == pytest.approx(expected.loc[name, "est"], abs=1e-5)
        assert row[f"{name}_se"] == pytest.approx(expected.loc[name, "se"], rel=1e-3)
        assert 0 < row[f"{name}_lower"] < row[name] < row[f"{name}_upper"] < 1


@pytest.mark.parametrize("key", ["delta", "theta"])
def test_ordinal_reliability_agrees_with_semtools_in_either_parameterisation(key):
    case, table = REFERENCE["ordinal"][key], ordinal(key)[1].reliability.set_index("construct")
    rows = dict(zip(case["rows"], case["values"], strict=True))
    np.testing.assert_allclose(table.loc[case["columns"], "alpha"], rows["alpha.ord"], atol=1e-5)
    np.testing.assert_allclose(table.loc[case["columns"], "omega_cat"], rows["omega"], atol=1e-5)
    for construct, value in case["implied"].items():
        assert table.loc[construct, "omega_cat"] == pytest.approx(value, abs=1e-5)
    # Of latent responses semTools depends on the parameterisation; ours has them with a variance of one.
    unit = REFERENCE["ordinal"]["delta"]
    for construct, value in unit["latent_responses"].items():
        assert table.loc[construct, "omega"] == pytest.approx(value, abs=1e-5)
    average = dict(zip(unit["rows"], unit["values"], strict=True))["avevar"]
    np.testing.assert_allclose(table.loc[unit["columns"], "ave"], average, atol=1e-5)
    assert (table["basis"] == "latent responses").all()


@pytest.mark.parametrize("key", ["htmt", "htmt2"])
def test_htmt_of_ordinal_items_is_on_polychorics(key):
    found, case = ordinal()[1], REFERENCE["ordinal"]["delta"]
    np.testing.assert_allclose(getattr(found, key), case[key], atol=1e-5)


@pytest.mark.parametrize("key", ["delta", "theta"])
def test_cross_loadings_are_lavaans_structure_coefficients(key):
    table = ordinal(key)[1].cross_loadings
    assert table["item"].tolist() == ITEMS
    assert table["construct"].tolist() == ["visual"] * 3 + ["textual"] * 3 + ["speed"] * 3
    found = table[["visual", "textual", "speed"]]
    np.testing.assert_allclose(found, REFERENCE["ordinal"][key]["structure"], atol=2e-5)


def test_derivatives_of_ordinal_coefficients_agree_with_finite_differences():
    fit = ordinal()[0]
    direction = np.random.default_rng(1).normal(size=len(fit.theta)) / 10
    step = 1e-5
    ends = coefficient_values(fit, 0, fit.theta + np.array([[step], [-step]]) * direction)
    slope = (ends[0] - ends[1]) / (2 * step)
    exact = coefficient_values(fit, 0, (fit.theta + 1e-20j * direction)[None])[0].imag / 1e-20
    np.testing.assert_allclose(exact, slope, rtol=1e-5, atol=1e-8)


def test_parameterisations_agree_on_every_interval():
    delta, theta = (ordinal(key)[1].reliability for key in ("delta", "theta"))
    for name in INTERVALS:
        for part in ("se", "lower", "upper"):
            np.testing.assert_allclose(delta[f"{name}_{part}"], theta[f"{name}_{part}"], rtol=2e-3)


def test_refitted_intervals_come_near_the_delta_method():
    fit = sl.fit_sem(THREE, HS)
    boot = fit.bootstrap(600, seed=3)
    drawn, delta = fit.measurement(boot=boot), fit.measurement().reliability
    textual = drawn.reliability.iloc[1]
    for name in ("omega", "cr", "maximal", "ave"):
        assert textual[name] == delta[name][1]
        assert textual[f"{name}_se"] == pytest.approx(delta[f"{name}_se"][1], rel=0.35)
        assert textual[f"{name}_lower"] == pytest.approx(delta[f"{name}_lower"][1], abs=0.02)
    assert "BCa of" in str(drawn.notes[-1])
    again = fit.measurement(600, 3, refit=True).reliability
    pd.testing.assert_frame_equal(again, drawn.reliability)


def test_a_bootstrap_of_another_fit_is_refused():
    one, other = (sl.fit_sem(THREE, HS.iloc[rows]) for rows in (slice(0, 150), slice(150, None)))
    with pytest.raises(FitError, match="another fit"):
        one.measurement(boot=other.bootstrap(20, seed=1))
    with pytest.raises(FitError, match="replicates is 0"):
        one.measurement(refit=True)


def test_one_table_holds_everything():
    fit = sl.fit_sem(THREE, HS)
    found = fit.measurement(200, 1)
    table = found.table()
    assert table["construct"].tolist() == ["visual", "textual", "speed"]
    assert table["nearest"].tolist() == ["speed", "visual", "visual"]
    pairs = found.pairs.set_index(["construct_1", "construct_2"])
    assert table["htmt_max"][0] == pairs.loc[("visual", "speed"), "htmt"]
    assert (table["htmt2_max_lower"] < table["htmt2_max"]).all()
    assert table["fornell_larcker"].all()
    assert table["item_cross_max"][0] == pytest.approx(
        found.cross_loadings.query("construct == 'visual'")[["textual", "speed"]].abs().max(axis=None)
    )
    assert table["omega_cat"].isna().all()
    assert (table["reason"] == "").all()
    json.dumps(found.to_dict(), allow_nan=False)


def test_mixed_items_say_which_are_not_ordinal():
    frame = ORDINAL[ITEMS].assign(x2=HS["x2"], x7=HS["x7"], x8=HS["x8"], x9=HS["x9"])
    fit = sl.fit_sem(THREE, frame, ordered=["x1", "x3", "x4", "x5", "x6"])
    table = fit.measurement().reliability.set_index("construct")
    assert table["basis"].tolist() == ["both", "latent responses", "observed"]
    assert "x2 is not ordinal" in table.loc["visual", "reason"]
    assert np.isnan(table.loc["visual", "omega_cat"])
    assert np.isfinite(table.loc["textual", "omega_cat"])


def test_a_construct_with_one_item_has_no_interval():
    fit = sl.fit_sem("V =~ x1 + x2 + x3\nO =~ x4", HS)
    row = fit.measurement().table().set_index("construct").loc["O"]
    assert row[[f"{name}_lower" for name in INTERVALS]].isna().all()
    assert row["nearest"] == "V"
    assert row["discriminant"] == "not testable: O has one indicator"
