"""What one source may have done to the answers is tested four ways, and shown on the paths."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import satloyal as sl
from satloyal.models.sem.method_variance import MethodVariance

REFERENCE = Path(__file__).parents[2] / "reference"
ORACLE = json.loads(
    (Path(__file__).parent / "reference" / "method_variance.json").read_text(encoding="utf-8")
)
SCHOOL = """
visual =~ x1 + x2 + x3
textual =~ x4 + x5 + x6
speed =~ x7 + x8 + x9
textual ~ visual
speed ~ visual + textual
"""
MODEL = "S =~ S1 + S2 + S3\nT =~ T1 + T2 + T3\nL =~ L1 + L2 + L3\nT ~ S\nL ~ T + S"


@cache
def school() -> MethodVariance:
    data = pd.read_csv(REFERENCE / "data" / "holzinger_swineford_1939.csv")
    return sl.method_variance(SCHOOL, data, marker="ageyr")


def simulated(method: float, n: int = 1500) -> pd.DataFrame:
    """S → T → L without a direct path; one source is in every item, and alone in the marker."""
    rng = np.random.default_rng(3)
    F = rng.normal(size=(n, 3))
    F[:, 1] = 0.5 * F[:, 0] + np.sqrt(0.75) * F[:, 1]
    F[:, 2] = 0.4 * F[:, 1] + np.sqrt(0.84) * F[:, 2]
    M = rng.normal(size=n)
    share = np.sqrt(method)
    items = np.repeat(F, 3, axis=1) * 0.75 + share * M[:, None]
    items = items + np.sqrt(1 - 0.75**2 - method) * rng.normal(size=items.shape)
    data = pd.DataFrame(items, columns=[f"{c}{i}" for c in "STL" for i in (1, 2, 3)])
    data["marker"] = share * M + np.sqrt(1 - method) * rng.normal(size=n)
    return data


@cache
def shared() -> MethodVariance:
    return sl.method_variance(MODEL, simulated(0.2), marker="marker")


def test_a_given_share_of_method_gives_lavaans_paths() -> None:
    table = school().tidy().query("test == 'method factor, 10 % given'")
    for ours, theirs in (("est", "est"), ("se", "se"), ("std", "std")):
        assert table[ours].to_list() == pytest.approx(ORACLE["given"][theirs], abs=1e-4)
    factor = next(f for f in school().factors if f.kind == "10 % given")
    assert factor.fit.glance()["chisq"] == pytest.approx(ORACLE["given"]["chisq"], abs=1e-3)


def test_one_factor_components_and_inflation_are_those_of_r() -> None:
    found = school()
    assert found.harman["share"] == pytest.approx(ORACLE["component"])
    assert found.harman["chisq"] == pytest.approx(ORACLE["single"]["chisq"], abs=1e-3)
    assert found.harman["cfi"] == pytest.approx(ORACLE["single"]["cfi"], abs=1e-4)
    assert found.vif["vif"].to_list() == pytest.approx(ORACLE["vif"])
    assert found.marker_correlations.to_list() == pytest.approx(ORACLE["marker"])
    assert found.marker["r"].to_list() == pytest.approx(ORACLE["r"])


def test_a_marker_that_goes_against_the_constructs_takes_nothing_out() -> None:
    found = school()
    assert found.marker_correlations.mean() < 0
    assert found.marker["r_adjusted"].to_list() == pytest.approx(found.marker["r"].to_list())


def test_the_paths_come_back_when_the_share_is_the_true_one() -> None:
    table = shared().tidy().set_index(["test", "term"])
    assert table.loc[("method factor, 20 % given", "T ~ S"), "std"] == pytest.approx(0.5, abs=0.06)
    assert table.loc[("method factor, 20 % given", "L ~ S"), "std"] == pytest.approx(0.0, abs=0.06)
    assert table.loc[("method factor, 20 % given", "L ~ S"), "base_std"] > 0.1


def test_a_path_made_by_method_loses_significance_and_the_check_names_it() -> None:
    check = next(c for c in shared().checks if c.name == "method factor, 20 % given")
    assert check.status == "warn"
    assert "L ~ S (lost)" in check.message
    assert "method factor, 20 % given" in shared().headline()


def test_the_marker_measures_the_share_of_method() -> None:
    rs = shared().marker_correlations
    assert rs.mean() == pytest.approx(
        0.2 / np.sqrt((0.75**2 + 0.2 + (1 - 0.75**2 - 0.2) / 3) * 1.0), abs=0.05
    )
    row = shared().marker.iloc[0]
    assert row["r_adjusted"] == pytest.approx((row["r"] - rs.mean()) / (1 - rs.mean()))
    assert row["r_adjusted_largest"] < row["r_adjusted"]


def test_without_a_marker_that_test_says_so() -> None:
    found = sl.method_variance(MODEL, simulated(0.0))
    check = next(c for c in found.checks if c.name == "marker variable")
    assert check.status == "not_applicable"
    assert found.marker.empty


def test_a_method_factor_that_cannot_be_used_shows_no_numbers_but_a_reason() -> None:
    found = school()
    for factor in found.factors:
        if not factor.usable:
            assert factor.reason
            rows = found.tidy().query("test == @name", local_dict={"name": f"method factor, {factor.kind}"})
            assert rows[["est", "se", "std", "change"]].isna().all(axis=None)
    assert any(not f.usable for f in found.factors)


def test_other_units_of_an_item_change_nothing_in_the_standardised_paths() -> None:
    data = simulated(0.2)
    base = sl.method_variance(MODEL, data).tidy()
    data["T2"] = 1000 + 50 * data["T2"]
    other = sl.method_variance(MODEL, data).tidy()
    for column in ("std", "base_std"):
        assert other[column].to_list() == pytest.approx(base[column].to_list(), abs=1e-5, nan_ok=True)


def test_the_result_keeps_the_contract() -> None:
    found = shared()
    assert "Harman" in found.summary()
    assert found.to_dict()["glance"]["vif_max"] > 1
    assert "method factor" in found._repr_html_()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"marker": "T1"}, "'T1' is in the model"),
        ({"marker": "markr"}, "did you mean 'marker'"),
        ({"shares": [0.2, 1.5]}, "between 0 and 1"),
        ({"group": "marker"}, "in one group"),
    ],
)
def test_arguments_that_make_no_sense_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(sl.SatloyalError, match=message):
        sl.method_variance(MODEL, simulated(0.0, 200), **options)


def test_a_model_without_constructs_is_refused() -> None:
    with pytest.raises(sl.SatloyalError, match="no construct with two items"):
        sl.method_variance("L1 ~ S1 + T1", simulated(0.0, 200))
