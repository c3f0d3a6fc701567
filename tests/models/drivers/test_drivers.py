"""Shares of R²: they equal brute force, sum to R², and what cannot be shared out is refused."""

from __future__ import annotations

import time
from itertools import permutations

import numpy as np
import pandas as pd
import pytest

import satloyal as sl
from satloyal.errors import FitError
from satloyal.models.drivers.shares import (
    conditional_dominance,
    draw_orders,
    lmg,
    relative_weights,
    sampled_lmg,
    subset_r2,
)


def matrix(p, seed=1, n=60):
    rng = np.random.default_rng(seed)
    return np.corrcoef((rng.normal(size=(n, p + 1)) + 0.7 * rng.normal(size=(n, 1))).T)


def r2_of(cor, subset):
    at = list(subset)
    return float(cor[at, -1] @ np.linalg.solve(cor[np.ix_(at, at)], cor[at, -1])) if at else 0.0


def people(p=4, n=400, seed=3):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, p)) + 0.8 * rng.normal(size=(n, 1))
    y = x @ np.linspace(1, 0.2, p) + 2 * rng.normal(size=n)
    frame = pd.DataFrame(x, columns=[f"x{j}" for j in range(p)]).assign(y=y)
    return frame.assign(w=rng.choice([0.5, 1.0, 2.0], n), store=np.repeat(np.arange(n // 10), 10))


X = ["x0", "x1", "x2", "x3"]


# -- the arithmetic ------------------------------------------------------------------------------------------


def test_lmg_equals_the_average_over_all_orders():
    cor = np.stack([matrix(6, seed) for seed in (1, 2)])
    for one, shares in zip(cor, lmg(cor), strict=True):
        brute = np.zeros(6)
        orders = list(permutations(range(6)))
        for order in orders:
            for k, j in enumerate(order):
                brute[j] += r2_of(one, order[: k + 1]) - r2_of(one, order[:k])
        np.testing.assert_allclose(shares, brute / len(orders), atol=1e-10, rtol=0)


@pytest.mark.parametrize("p", [2, 7, 13, 17])
def test_every_share_sums_to_r2(p):
    cor = matrix(p)
    whole = r2_of(cor, range(p))
    assert lmg(cor[None]).sum() == pytest.approx(whole, abs=1e-12)
    assert relative_weights(cor[None]).sum() == pytest.approx(whole, abs=1e-12)
    assert sampled_lmg(cor[None], draw_orders(p, 10, 1))[0].sum() == pytest.approx(whole, abs=1e-12)
    assert (lmg(cor[None]) >= 0).all()


def test_each_subset_has_its_r2():
    cor = matrix(5)
    table = subset_r2(cor[None])[:, 0]
    for number, value in enumerate(table):
        inside = [j for j in range(5) if number >> j & 1]
        assert value == pytest.approx(r2_of(cor, inside), abs=1e-12)


def test_general_dominance_is_lmg_and_its_ends_are_zero_order_and_semipartial():
    cor = matrix(5)
    table = conditional_dominance(cor)
    np.testing.assert_allclose(table.mean(axis=1), lmg(cor[None])[0], atol=1e-12)
    np.testing.assert_allclose(table[:, 0], cor[:-1, -1] ** 2, atol=1e-12)
    last = [r2_of(cor, range(5)) - r2_of(cor, [k for k in range(5) if k != j]) for j in range(5)]
    np.testing.assert_allclose(table[:, -1], last, atol=1e-12)


def test_relative_weights_are_those_of_the_nearest_orthogonal_variables():
    """Two drivers: Λ has cos and sin of one angle (Johnson 2000), here written out."""
    r, a, b = 0.5, 0.6, 0.3
    plus, minus = np.sqrt(1 + r), np.sqrt(1 - r)
    big, small = (plus + minus) / 2, (plus - minus) / 2
    beta = np.linalg.solve([[big, small], [small, big]], [a, b])
    expected = [
        big**2 * beta[0] ** 2 + small**2 * beta[1] ** 2,
        small**2 * beta[0] ** 2 + big**2 * beta[1] ** 2,
    ]
    found = relative_weights(np.array([[[1, r, a], [r, 1, b], [a, b, 1]]]))
    np.testing.assert_allclose(found[0], expected, atol=1e-12)


def test_sampled_orders_come_within_their_stated_error():
    cor = matrix(10, n=300)
    exact = lmg(cor[None])[0]
    z = []
    for seed in range(40):
        shares, error = sampled_lmg(cor[None], draw_orders(10, 200, seed))
        z.append((shares[0] - exact) / error[0])
    spread = float(np.sqrt(np.mean(np.square(z))))
    assert 0.85 < spread < 1.15


# -- the fit -------------------------------------------------------------------------------------------------


def test_figures_side_by_side_are_those_of_regression():
    frame = people()
    fit = sl.fit_drivers(frame, "y", X, replicates=0)
    z = (frame[[*X, "y"]] - frame[[*X, "y"]].mean()) / frame[[*X, "y"]].std()
    beta = np.linalg.lstsq(z[X].to_numpy(), z["y"].to_numpy(), rcond=None)[0]
    table = fit.tidy()
    np.testing.assert_allclose(table["beta"], beta, atol=1e-10)
    np.testing.assert_allclose(table["zero_order"], z[X].corrwith(z["y"]), atol=1e-10)
    np.testing.assert_allclose(table["lmg"].sum(), fit.r2, atol=1e-12)
    np.testing.assert_allclose(table["general_dominance"], table["est"], atol=1e-12)
    for j, name in enumerate(X):
        others = [x for x in X if x != name]
        explained = sl.fit_drivers(frame, name, others, replicates=0).r2
        assert table["vif"][j] == pytest.approx(1 / (1 - explained))
        assert table["semipartial2"][j] == pytest.approx(
            fit.r2 - sl.fit_drivers(frame, "y", others, replicates=0).r2
        )
    assert table[["ci_lower", "rank_lower", "pvalue"]].isna().all(axis=None)


def test_rows_and_their_moments_share_alike():
    frame = people()
    rows = sl.fit_drivers(frame, "y", X, replicates=0)
    moments = sl.fit_drivers(sl.Moments.from_frame(frame[[*X, "y"]]), "y", X, replicates=0)
    np.testing.assert_allclose(rows.tidy()["est"], moments.tidy()["est"], atol=1e-12)


def test_units_and_order_of_drivers_do_not_matter():
    frame = people()
    one = sl.fit_drivers(frame, "y", X, replicates=0).params
    other = sl.fit_drivers(
        frame.assign(x1=1000 * frame["x1"] + 7), "y", ["x3", "x1", "x0", "x2"], replicates=0
    ).params
    pd.testing.assert_series_equal(one, other[one.index], atol=1e-12)


def test_a_bootstrap_is_that_of_repeated_rows():
    frame = people(n=80)
    fit = sl.fit_drivers(frame, "y", X, replicates=250, seed=5)
    stream = np.random.default_rng(np.random.SeedSequence(5).spawn(1)[0])
    drawn = stream.integers(0, 80, (250, 80))
    for b in (0, 17):
        again = sl.fit_drivers(frame.iloc[drawn[b]].reset_index(drop=True), "y", X, replicates=0)
        np.testing.assert_allclose(fit.draws.importance[b], again.importance, atol=1e-10)
    table = fit.tidy()
    assert (table["ci_lower"] < table["est"]).all()
    assert (table["rank_lower"] <= table["rank_upper"]).all()
    same = sl.fit_drivers(frame, "y", X, replicates=250, seed=5).tidy()
    pd.testing.assert_frame_equal(table, same)


def test_whole_weights_are_repeated_rows():
    frame = people(n=120)
    times = np.random.default_rng(1).integers(1, 4, 120)
    weighted = sl.fit_drivers(frame, "y", X, weights=times, replicates=0)
    repeated = sl.fit_drivers(frame.loc[frame.index.repeat(times)], "y", X, replicates=0)
    np.testing.assert_allclose(weighted.importance, repeated.importance, atol=1e-12)
    assert weighted.data.n_effective < 120
    assert any(n.step == "weights" for n in weighted.notes)


def test_clusters_that_answer_alike_widen_the_intervals():
    rng = np.random.default_rng(8)
    few = people(n=50)
    frame = few.loc[few.index.repeat(8)].reset_index(drop=True)
    frame["store"] = np.repeat(np.arange(50), 8)
    frame[X] += 0.01 * rng.normal(size=frame[X].shape)
    rows = sl.fit_drivers(frame, "y", X, replicates=300).bse
    clusters = sl.fit_drivers(frame, "y", X, cluster="store", replicates=300).bse
    assert 2 < (clusters / rows).mean() < 4  # √8 = 2.8


def test_a_published_matrix_is_simulated_with_its_n_and_says_so():
    frame = people(n=2000)
    cor = frame[[*X, "y"]].corr()
    moments = sl.Moments.from_matrix(cor.to_numpy(), 2000, names=[*X, "y"], kind="cor")
    simulated = sl.fit_drivers(moments, "y", X)
    assert any("Wishart" in n.message and "normal" in n.message for n in simulated.notes)
    rows = sl.fit_drivers(frame, "y", X)
    np.testing.assert_allclose(simulated.bse, rows.bse, rtol=0.25)  # these rows are normal
    assert not simulated.has_performance
    with pytest.raises(FitError, match="no means"):
        simulated.importance_performance()


def test_a_real_printed_matrix():
    printed = sl.load_sample("gidakovic_zabkar_2021")
    moments = sl.Moments.from_matrix(printed.matrix, printed.n, names=printed.names, kind=printed.kind)
    fit = sl.fit_drivers(moments, "Loyalty", ["Satisfaction", "Value", "Trust"], replicates=200)
    assert fit.params.sum() == pytest.approx(fit.r2)
    assert "Shares of explained variance are not effects" in fit.headline()


def test_many_drivers_are_sampled_and_say_how_exactly():
    frame = people(p=22, n=600)
    fit = sl.fit_drivers(frame, "y", list(frame.columns[:22]), replicates=4, permutations=100)
    assert fit.importance.sum() == pytest.approx(fit.r2)
    assert (fit.mc_error > 0).all()
    assert "sampled orders" in [c.name for c in fit.checks]
    assert fit.tidy()["general_dominance"].isna().all()
    with pytest.raises(FitError, match="too many to visit"):
        fit.conditional()


# -- the real customers --------------------------------------------------------------------------------------


def test_business_customers():
    survey = sl.load_sample("customer_satisfaction")
    names = [f"q{i}" for i in range(2, 11)]
    fit = sl.fit_drivers(survey, "q1", names, replicates=400)
    frame = survey.frame[["q1", *names]].astype(float)
    design = np.column_stack([np.ones(len(frame)), frame[names]])
    residual = frame["q1"] - design @ np.linalg.lstsq(design, frame["q1"], rcond=None)[0]
    assert fit.r2 == pytest.approx(1 - residual.var() / frame["q1"].var(), abs=1e-10)
    status = {c.name: c.status for c in fit.checks}
    assert status["suppression"] == "warn"  # q9: correlates .44 and has a negative weight
    assert status["order"] == "warn"  # q4 and q6 cannot be told apart
    leading = fit.differences().iloc[0]
    assert {leading["first"], leading["second"]} == {"q4", "q6"}
    assert leading["ci_lower"] < 0 < leading["ci_upper"]
    table = fit.importance_performance().set_index("term")
    expected = 100 * (frame[names].mean() - 1) / 9
    np.testing.assert_allclose(table["performance"], expected[table.index], atol=1e-10)
    assert table.loc["q4", "quadrant"] == "concentrate here"
    assert table["performance_lower"].lt(table["performance"]).all()
    assert table["stable"].between(0, 1).all()


def test_constructs_of_a_survey_are_scored():
    survey = sl.load_sample("ecsi_mobile")
    names = ["Image", "Quality", "Value"]
    fit = sl.fit_drivers(survey, "Satisfaction", names, replicates=50)
    plain = sl.fit_drivers(survey.scores(), "Satisfaction", names, replicates=50)
    pd.testing.assert_series_equal(fit.params, plain.params)
    assert fit.has_performance
    assert not plain.has_performance
    with pytest.raises(FitError, match="scale of Image, Quality, Value is not known"):
        plain.importance_performance()


# -- what is refused or doubted ------------------------------------------------------------------------------


def test_collinear_drivers_are_refused_by_name():
    frame = people().assign(total=lambda f: f["x0"] + f["x2"])
    with pytest.raises(FitError, match=r"'total' is determined by 'x0', 'x2'"):
        sl.fit_drivers(frame, "y", [*X, "total"])


def test_near_collinear_drivers_are_doubted():
    frame = people().assign(copy=lambda f: f["x0"] + 0.01 * f["x1"] + 0.01 * f["y"])
    fit = sl.fit_drivers(frame, "y", [*X, "copy"], replicates=50)
    assert {c.name: c.status for c in fit.checks}["collinearity"] == "warn"


def test_drivers_of_noise_make_no_claim():
    rng = np.random.default_rng(2)
    frame = people().assign(y=rng.normal(size=400))
    fit = sl.fit_drivers(frame, "y", X, replicates=50)
    assert fit.failed_checks()
    assert "NO CLAIM" in fit.headline()


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"drivers": ["x0"]}, "shares are between drivers"),
        ({"drivers": ["x0", "x0"]}, "named twice"),
        ({"drivers": ["x0", "y"]}, "named twice"),
        ({"drivers": "x0"}, "give a list"),
        ({"drivers": ["x0", "x11"]}, "did you mean 'x1'"),
        ({"method": "shapley"}, "no method 'shapley'"),
        ({"level": 95}, "level is 95"),
        ({"replicates": 1}, "replicates is 1"),
        ({"permutations": 5}, "even number"),
        ({"weights": np.zeros(400)}, "no weight is positive"),
        ({"weights": "v"}, "0 columns are called 'v'"),
        ({"cluster": np.zeros(400)}, "belong to one cluster"),
        ({"scale": (5, 1)}, "scale of x0"),
        ({"scale": {"z": (1, 5)}}, "no variable 'z'"),
    ],
)
def test_arguments_that_make_no_sense_are_refused(change, told):
    with pytest.raises(FitError, match=told):
        sl.fit_drivers(**{"data": people(), "outcome": "y", "drivers": X, "replicates": 0} | change)


def test_data_that_cannot_be_used_are_refused():
    frame = people()
    with pytest.raises(FitError, match="all 400 complete rows have the value 3"):
        sl.fit_drivers(frame.assign(x1=3.0), "y", X)
    with pytest.raises(FitError, match="not a number"):
        sl.fit_drivers(frame.assign(x1=["a", *frame["x1"][1:]]), "y", X)
    with pytest.raises(FitError, match="no rows to weight"):
        sl.fit_drivers(sl.Moments.from_frame(frame[[*X, "y"]]), "y", X, cluster="store")
    grouped = sl.Moments.from_frame(frame[[*X, "y"]], group=frame["store"] // 20)
    with pytest.raises(FitError, match="of 2 groups"):
        sl.fit_drivers(grouped, "y", X)
    with pytest.raises(FitError, match="data is a list"):
        sl.fit_drivers([1, 2], "y", X)


def test_missing_answers_are_left_out_and_counted():
    frame = people()
    frame.loc[:9, "x1"] = np.nan
    fit = sl.fit_drivers(frame, "y", X, cluster="store", replicates=20)
    assert (fit.data.n, fit.data.clusters) == (390, 39)
    assert fit.notes[0].count == 10


def test_fifteen_drivers_with_a_thousand_replicates_take_seconds():
    frame = people(p=15, n=1000)
    start = time.perf_counter()
    sl.fit_drivers(frame, "y", list(frame.columns[:15]))
    assert time.perf_counter() - start < 10  # measured: 1.4 s
