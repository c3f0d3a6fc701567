"""Products of constructs, weights and clusters after measurement: the truth, and errors that cover it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st

import satloyal as sl
from satloyal.core.error_free import ErrorFree

MEASURED = "S =~ S1 + S2 + S3\nT =~ T1 + T2 + T3\nL =~ L1 + L2 + L3\n"
MODEL = MEASURED + "L ~ S + T + S:T + S:S"
TRUTH = {"S": 0.5, "T": 0.3, "S:T": 0.25, "S:S": -0.15}


def customers(n: int, seed: int, *, skewed: bool = False, reliability: float = 0.7) -> pd.DataFrame:
    """Nine items of three constructs, the third with an interaction and a quadratic effect on it."""
    rng = np.random.default_rng(seed)
    S = (rng.gamma(2, size=n) - 2) / np.sqrt(2) if skewed else rng.normal(size=n)
    T = 0.4 * S + np.sqrt(0.84) * rng.normal(size=n)
    L = 0.5 * S + 0.3 * T + 0.25 * S * T - 0.15 * S**2 + 0.6 * rng.normal(size=n)
    noise = np.sqrt((1 - reliability) / reliability)
    return pd.DataFrame(
        {
            f"{name}{j}": loading * (factor + noise * rng.normal(size=n))
            for name, factor in (("S", S), ("T", T), ("L", L))
            for j, loading in enumerate((1.0, 0.9, 0.8), 1)
        }
    )


def paths(found: sl.models.fit.Fit) -> pd.DataFrame:
    return found.structural.tidy().query("op == '~'").set_index("rhs")


@pytest.mark.parametrize("which", [(0,), (0, 1), (1, 1), (0, 1, 1), (0, 0, 0), (0, 0, 1, 1), (0, 1, 1, 1)])
def test_products_freed_of_error_have_the_expectation_of_the_products_themselves(which: tuple) -> None:
    error = np.array([[0.7, 0.2], [0.2, 0.5]])
    points, weights = np.polynomial.hermite_e.hermegauss(8)  # exact for polynomials of degree 15
    grid = np.array([(a, b) for a in points for b in points])
    share = np.array([a * b for a in weights for b in weights]) / (2 * np.pi)
    f = np.array([1.3, -0.4])
    made = ErrorFree(f + grid @ np.linalg.cholesky(error).T, error)
    assert share @ made.product(which) == pytest.approx(np.prod(f[list(which)]), abs=1e-12)


@pytest.mark.parametrize("skewed", [False, True])
def test_large_samples_give_the_truth_whatever_the_distribution_of_constructs(skewed: bool) -> None:
    found = paths(sl.fit_sam(MODEL, customers(40_000, 1, skewed=skewed, reliability=0.5)))
    for name, value in TRUTH.items():
        assert abs(found.loc[name, "est"] - value) < 3.5 * found.loc[name, "se"]
        assert found.loc[name, "se"] < 0.03


def test_an_endogenous_construct_in_a_product_keeps_its_own_path() -> None:
    model = MEASURED + "T ~ S\nL ~ S + T + S:T + S:S + T:T"
    found = sl.fit_sam(model, customers(20_000, 2)).structural
    table = found.tidy().query("op == '~'").set_index(["lhs", "rhs"])
    for key, value in {("T", "S"): 0.4, ("L", "S"): 0.5, ("L", "S:T"): 0.25, ("L", "T:T"): 0.0}.items():
        assert table.loc[key, "est"] == pytest.approx(value, abs=0.06)
    effects = found.effects("S", "L").set_index("kind")
    indirect = table.loc[("T", "S"), "est"] * table.loc[("L", "T"), "est"]
    assert effects.loc["indirect", "est"] == pytest.approx(indirect)
    assert "at the means" in effects.attrs["notes"][-1]


def test_constructs_without_error_give_least_squares_with_its_robust_errors() -> None:
    data = customers(300, 3)
    found = paths(sl.fit_sam("S =~ S1\nT =~ T1\nL =~ L1\nL ~ S + T + S:T + S:S", data))
    S, T = (data[c] - data[c].mean() for c in ("S1", "T1"))
    X = sm.add_constant(pd.DataFrame({"S": S, "T": T, "S:T": S * T, "S:S": S * S}))
    plain = sm.OLS(data["L1"], X).fit(cov_type="HC0")
    for name in TRUTH:
        assert found.loc[name, "est"] == pytest.approx(plain.params[name], rel=1e-6)
    # those of first order also know that the means are estimated
    for name in ("S:T", "S:S"):
        assert found.loc[name, "se"] == pytest.approx(plain.bse[name], rel=1e-6)


def test_the_errors_are_those_of_each_rows_effect_on_the_estimates() -> None:
    data = customers(90, 4, reliability=0.8)
    model = MEASURED + "L ~ S + T + S:T"
    base = sl.fit_sam(model, data)
    step = 1e-4
    moved = []
    for i in range(len(data)):
        pair = []
        for sign in (1, -1):
            weights = np.ones(len(data))
            weights[i] += sign * step
            pair.append(sl.fit_sam(model, data, weights=weights).structural.theta)
        moved.append((pair[0] - pair[1]) / (2 * step))
    J = np.array(moved)
    np.testing.assert_allclose(J.T @ J, base.structural.vcov, rtol=2e-3, atol=1e-6)


@given(shift=st.floats(-1e3, 1e3), scale=st.floats(0.05, 50), item=st.sampled_from(["S1", "S2", "T3", "L2"]))
@settings(max_examples=12, deadline=None)
def test_units_and_origins_of_items_change_no_test(shift: float, scale: float, item: str) -> None:
    data = customers(250, 5)
    a = paths(sl.fit_sam(MODEL, data))
    b = paths(sl.fit_sam(MODEL, data.assign(**{item: shift + scale * data[item]})))
    np.testing.assert_allclose(b["z"].astype(float), a["z"].astype(float), rtol=1e-3)
    if item not in ("S1", "T1", "L1"):  # those give the units of their constructs
        np.testing.assert_allclose(b["est"].astype(float), a["est"].astype(float), rtol=1e-3, atol=1e-5)


def test_product_indicators_and_moments_of_products_agree() -> None:
    data = customers(3000, 6)
    made = sl.products(data, ["S1", "S2", "S3"], ["T1", "T2", "T3"])
    text = MEASURED + "L ~ S + T + XZ"
    theirs = sl.fit_sem(text + "\n" + made.text, made.frame, estimator="MLR").tidy()
    theirs = theirs[(theirs["op"] == "~") & (theirs["rhs"] == "XZ")].iloc[0]
    ours = paths(sl.fit_sam(MEASURED + "L ~ S + T + S:T", data)).loc["S:T"]
    assert abs(ours["est"] - theirs["est"]) < 2 * max(ours["se"], theirs["se"])
    assert 0.7 < ours["se"] / theirs["se"] < 1.4


def test_slopes_are_read_as_of_any_interaction() -> None:
    found = sl.fit_sam(MODEL, customers(1000, 7)).structural
    probed = sl.probe_interaction(found, "L", "S", "T", "S:T")
    slopes = probed.slopes()["est"]
    table = found.tidy().query("op == '~'").set_index("rhs")["est"]
    assert slopes[1] == pytest.approx(table["S"])
    assert slopes[2] - slopes[1] == pytest.approx(table["S:T"] * probed.slopes()["moderator"][2])
    assert np.isfinite(probed.effect()["std"]).all()
    quadratic = sl.probe_interaction(found, "L", "S", "S", "S:S").slopes()
    assert quadratic["est"][2] < quadratic["est"][0]


def test_what_is_undefined_with_products_is_nan_and_says_why() -> None:
    found = sl.fit_sam(MODEL, customers(300, 8))
    assert paths(found).loc[["S:T", "S:S"], ["std_lv", "std_all"]].isna().all(axis=None)
    assert paths(found).loc[["S", "T"], "std_all"].notna().all()
    assert found.glance()[["chisq", "cfi", "rmsea"]].isna().all()
    assert found.structural.standardized().query("rhs == 'S:T' and op == '~'")["est"].isna().all()
    assert found.structural.effects("S:T", "L")["std_all"].isna().all()
    assert "χ² of the structural part does not hold" in found.headline()
    assert any("probe_interaction" in n.message for n in found.notes)
    assert "S:T" in sl.report(found).to_html()


def test_groups_give_what_each_gives_alone() -> None:
    a, b = customers(300, 9), customers(260, 10)
    both = pd.concat([a.assign(shop="a"), b.assign(shop="b")], ignore_index=True)
    found = sl.fit_sam(MODEL, both, group="shop").structural.tidy().query("op == '~'")
    for number, alone in enumerate((a, b), 1):
        own = paths(sl.fit_sam(MODEL, alone))
        ours = found.query(f"group == {number}").set_index("rhs")
        np.testing.assert_allclose(ours["est"], own["est"], rtol=1e-5)
        np.testing.assert_allclose(ours["se"], own["se"], rtol=1e-4)


@pytest.mark.parametrize("model", [MODEL, MEASURED + "L ~ S + T"])
def test_whole_weights_are_copies_and_clusters_of_copies_are_rows(model: str) -> None:
    data = customers(200, 11)
    weights = np.where(np.arange(len(data)) % 2, 1.0, 2.0)
    weighted = sl.fit_sam(model, data, weights=weights)
    twice = data.loc[data.index.repeat(weights.astype(int))].assign(who=lambda d: d.index)
    copied = sl.fit_sam(model, twice, cluster="who")
    np.testing.assert_allclose(weighted.structural.theta, copied.structural.theta, rtol=1e-5, atol=1e-7)
    ratio = np.sqrt(len(data) / (len(data) - 1))
    np.testing.assert_allclose(paths(copied)["se"], ratio * paths(weighted)["se"], rtol=1e-4)


def test_weighted_estimates_are_lavaans() -> None:
    here = Path(__file__).parent
    theirs = json.loads((here / "reference" / "sam_weighted.json").read_text(encoding="utf-8"))
    data = pd.read_csv(here.parents[1] / "reference" / "data" / "holzinger_swineford_weighted.csv")
    found = sl.fit_sam(theirs["text"], data, weights="weight")
    ours = found.structural.tidy().set_index(["lhs", "op", "rhs"])["est"]
    for lhs, op, rhs, est in zip(*(theirs[k] for k in ("lhs", "op", "rhs", "est")), strict=True):
        assert ours[lhs, op, rhs] == pytest.approx(est, rel=1e-4, abs=1e-5)


def test_normal_data_give_the_two_step_errors_with_and_without_their_formula() -> None:
    data = customers(4000, 12)
    model = MEASURED + "T ~ S\nL ~ S + T"
    plain = sl.fit_sam(model, data)
    robust = sl.fit_sam(model, data, weights=np.ones(len(data)))
    np.testing.assert_allclose(paths(robust)["est"], paths(plain)["est"], rtol=1e-6)
    keep = [("T", "S")]  # the residual of T is normal; that of L holds the products that are left out
    for lhs, rhs in keep:
        ours, theirs = (
            f.structural.tidy().query(f"lhs == '{lhs}' and rhs == '{rhs}' and op == '~'")["se"].item()
            for f in (robust, plain)
        )
        assert ours == pytest.approx(theirs, rel=0.05)
    assert np.isnan(robust.glance()["chisq"])
    assert "sampling weights" in robust.headline()


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        ("L ~ S + S:T", {}, "without T"),
        ("L ~ T + S:S", {}, "without S"),
        ("L ~ S + T + S:T + T:S", {}, "is there twice"),
        ("L ~ S + T + S:T:T", {}, "product of 3"),
        ("L ~ S + T + S:T1", {}, "is an item"),
        ("L ~ S + T + S:Tt", {}, "did you mean 'T'"),
        ("L ~ S + T + S:T\nS:T ~ S", {}, "can explain"),
        ("L ~ S + T + S:T\nS:T ~~ L", {}, "can explain"),
        ("L ~ S + T + S:T\nT ~ L", {}, "loop with a product"),
        ("L ~ S + T + S:T", {"missing": "fiml"}, "need complete rows"),
    ],
)
def test_products_that_have_no_meaning_are_refused(text: str, options: dict, message: str) -> None:
    with pytest.raises(sl.SatloyalError, match=message):
        sl.fit_sam(MEASURED + text, customers(200, 13), **options)


def test_moments_have_no_products_and_fit_sem_says_where_they_are_taken() -> None:
    data = customers(200, 13)
    with pytest.raises(sl.SatloyalError, match="need rows"):
        sl.fit_sam(MODEL, sl.Moments.from_frame(data))
    with pytest.raises(sl.SatloyalError, match="no column of the data") as told:
        sl.fit_sem(MODEL, data)
    assert "fit_sam" in str(told.value)
    named = data.assign(**{"S:T": data["S1"] * data["T1"]})
    assert sl.fit_sem(MEASURED + "L ~ S + T + `S:T`", named).converged


def test_products_of_constructs_that_are_hardly_measured_give_no_paths_but_a_reason() -> None:
    told = []
    for seed in range(40):
        found = sl.fit_sam(MODEL, customers(40, seed, reliability=0.25))
        if found.structural is None:
            told.append(found.reason)
            assert found.headline().startswith("DID NOT CONVERGE")
    assert told
    assert all(told)


@pytest.mark.extended
@pytest.mark.parametrize("skewed", [False, True])
@pytest.mark.parametrize("n", [300, 500])
def test_intervals_of_products_cover_the_truth(n: int, skewed: bool) -> None:
    hits = []
    for seed in range(500):
        found = sl.fit_sam(MODEL, customers(n, 1000 + seed, skewed=skewed))
        table = paths(found).loc[list(TRUTH)]
        hits.append(table["ci_lower"].lt(pd.Series(TRUTH)) & table["ci_upper"].gt(pd.Series(TRUTH)))
    share = pd.DataFrame(hits).mean()
    assert share.between(0.90, 0.98).all(), share
