"""Latent interactions by product indicators do not depend on where an item's scale begins."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import satloyal as sl
from satloyal.core.johnson_neyman import boundaries

REFERENCE = Path(__file__).parents[2] / "reference"
ORACLE = json.loads((Path(__file__).parent / "reference" / "products.json").read_text(encoding="utf-8"))
X, Z = ["x1", "x2", "x3"], ["x4", "x5", "x6"]
MODEL = """
visual =~ x1 + x2 + x3
textual =~ x4 + x5 + x6
speed =~ x7 + x8 + x9
speed ~ visual + textual + XZ
"""
METHODS = {"double": "double_mean_centered", "residual": "residual_centered"}


@cache
def school() -> pd.DataFrame:
    return pd.read_csv(REFERENCE / "data" / "holzinger_swineford_1939.csv")


def fitted(data: pd.DataFrame, **options: Any) -> Any:
    made = sl.products(data, X, Z, **options)
    return sl.fit_sem(MODEL + made.text, made.frame)


@pytest.mark.parametrize("case", ["matched_double", "matched_residual", "all_double", "all_residual"])
def test_products_and_their_models_are_those_of_semtools_and_lavaan(case: str) -> None:
    match, method = case.split("_")
    made = sl.products(school(), X, Z, match=match, method=METHODS[method])
    theirs = ORACLE[case]
    assert set(made.names) == set(theirs["names"])
    squares = (made.frame[theirs["names"]] ** 2).sum().to_list()
    assert squares == pytest.approx(theirs["sums"], rel=1e-8)
    fit = sl.fit_sem(MODEL + made.text, made.frame)
    assert fit.glance()["chisq"] == pytest.approx(theirs["chisq"], abs=1e-3)
    assert fit.df == theirs["df"]
    table = fit.tidy().query("op == '~'")
    assert table["est"].to_list() == pytest.approx(theirs["paths"]["est"], rel=1e-3, abs=1e-4)
    assert table["se"].to_list() == pytest.approx(theirs["paths"]["se"], rel=1e-3, abs=1e-4)


def test_simple_slopes_and_the_standardised_effect_are_those_defined_in_lavaan() -> None:
    found = sl.probe_interaction(fitted(school()), "speed", "visual", "textual", "XZ")
    theirs = {name: (est, se) for name, est, se in zip(*ORACLE["slopes"].values(), strict=True)}
    slopes = found.slopes([-1, 1])
    for i, name in enumerate(("low", "high")):
        assert (slopes["est"][i], slopes["se"][i]) == pytest.approx(theirs[name], rel=1e-3, abs=1e-5)
    product = found.effect().set_index("term").loc["XZ"]
    assert (product["std"], product["std_se"]) == pytest.approx(theirs["std"], rel=1e-3, abs=1e-5)


@pytest.mark.parametrize("match", ["matched", "all"])
@pytest.mark.parametrize("method", list(METHODS.values()))
def test_shifting_a_variable_changes_nothing(method: str, match: str) -> None:
    shifted = school().copy()
    shifted["x2"] += 1000
    shifted["x5"] -= 50
    a, b = (fitted(d, method=method, match=match) for d in (school(), shifted))
    assert b.tidy()["est"].to_list() == pytest.approx(a.tidy()["est"].to_list(), abs=1e-5)
    assert b.tidy()["se"].to_list() == pytest.approx(a.tidy()["se"].to_list(), abs=1e-5)


def test_a_known_interaction_and_its_slopes_are_found() -> None:
    rng = np.random.default_rng(11)
    n = 4000
    F = rng.multivariate_normal([0, 0], [[1, 0.3], [0.3, 1]], size=n)
    y = 0.4 * F[:, 0] + 0.2 * F[:, 1] + 0.25 * F[:, 0] * F[:, 1] + rng.normal(size=n) * 0.6
    items = np.column_stack([np.repeat(F, 3, axis=1), np.repeat(y[:, None], 3, axis=1)])
    data = pd.DataFrame(items + 0.6 * rng.normal(size=items.shape), columns=[f"x{i}" for i in range(1, 10)])
    found = sl.probe_interaction(fitted(data), "speed", "visual", "textual", "XZ")
    effect = found.effect().set_index("term").loc["XZ"]
    assert effect["ci_lower"] < 0.25 < effect["ci_upper"]
    assert effect["std"] == pytest.approx(0.25 / np.std(y), abs=0.03)
    assert found.slopes()["est"].to_list() == pytest.approx([0.15, 0.4, 0.65], abs=0.06)
    regions = found.johnson_neyman()
    assert regions["significant"].iloc[-1]
    assert regions["sign"].iloc[-1] == 1


def test_a_known_quadratic_is_found() -> None:
    rng = np.random.default_rng(12)
    F = rng.normal(size=4000)
    data = pd.DataFrame(F[:, None] + 0.5 * rng.normal(size=(4000, 3)), columns=list("abc"))
    data["y"] = 0.5 * F - 0.2 * (F**2 - 1) + 0.5 * rng.normal(size=4000)
    made = sl.products(data, list("abc"), factor="SS")
    assert made.names == ("a_by_a", "b_by_b", "c_by_c")
    fit = sl.fit_sem("S =~ a + b + c\ny ~ S + SS\n" + made.text, made.frame)
    found = sl.probe_interaction(fit, "y", "S", "S", "SS")
    assert found.effect()["term"].to_list() == ["S", "SS"]
    assert found.slopes()["est"].to_list() == pytest.approx([0.9, 0.5, 0.1], abs=0.06)


def test_all_pairs_share_residual_covariances_exactly_where_they_share_an_item() -> None:
    made = sl.products(school(), X, Z, match="all")
    shared = {frozenset((a.strip(), b.strip())) for line in made.covariances.splitlines()
              for a in [line.split("~~")[0]] for b in line.split("~~")[1].split("+")}  # fmt: skip
    expected = {frozenset((a, b)) for a in made.names for b in made.names
                if a != b and set(made.pairs[a]) & set(made.pairs[b])}  # fmt: skip
    assert shared == expected
    assert len(shared) == 18


def test_missing_items_make_missing_products_and_other_columns_stay_as_they_were() -> None:
    data = school().copy()
    data.loc[[3, 8], "x2"] = np.nan
    made = sl.products(data, X, Z)
    assert made.frame["x2_by_x5"].isna().sum() == 2
    assert made.frame.index.equals(data.index)
    pd.testing.assert_frame_equal(made.frame[data.columns], data)


def test_slopes_at_a_boundary_are_just_significant() -> None:
    found = sl.probe_interaction(fitted(school()), "speed", "visual", "textual", "XZ")
    regions = found.johnson_neyman()
    table = found.fit.tidy().query("op == '~'").set_index("rhs")
    numbers = table.loc[["visual", "XZ"], "free"].to_numpy() - 1
    V = found.fit.vcov[np.ix_(numbers, numbers)]
    assert len(regions) > 1
    for z in regions["upper"][:-1]:
        slope = table.loc["visual", "est"] + table.loc["XZ", "est"] * z
        error = np.sqrt(V[0, 0] + 2 * z * V[0, 1] + z**2 * V[1, 1])
        assert abs(slope) / error == pytest.approx(1.959964, rel=1e-5)


def test_an_effect_that_is_significant_nowhere_has_no_boundary() -> None:
    assert boundaries(0.0, 0.0, 1.0, 0.0, 1.0, 1.96) == ()
    assert boundaries(np.nan, 0.1, 1.0, 0.0, 1.0, 1.96) == ()
    assert boundaries(1.0, 0.0, 0.01, 0.0, 0.0, 1.96) == ()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"x_items": ["x1"]}, "1 item"),
        ({"x_items": ["x1", "x1"]}, "named twice"),
        ({"z_items": ["x3", "x4", "x5"]}, "'x3' stands in both sets"),
        ({"z_items": ["x4", "x5"]}, "3 and 2 items cannot be matched"),
        ({"method": "none"}, "double_mean_centered"),
        ({"match": "some"}, "'matched' or 'all'"),
        ({"factor": "x1"}, "already have a column 'x1'"),
        ({"z_items": ["x4", "x5", "school"]}, "not numbers"),
        ({"z_items": ["x4", "x5", "x66"]}, "no column 'x66'"),
    ],
)
def test_products_that_cannot_be_made_are_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(sl.SatloyalError, match=message):
        sl.products(school(), **{"x_items": X, "z_items": Z, **arguments})


def test_moments_have_no_rows_to_multiply() -> None:
    with pytest.raises(sl.SatloyalError, match="need rows"):
        sl.products(sl.Moments.from_frame(school()[X + Z]), X, Z)


def test_an_interaction_that_is_not_in_the_model_is_not_probed() -> None:
    with pytest.raises(sl.SatloyalError, match="did you mean 'XZ'"):
        sl.probe_interaction(fitted(school()), "speed", "visual", "textual", "XZZ")
