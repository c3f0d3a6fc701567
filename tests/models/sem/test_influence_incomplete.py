"""Influence in incomplete rows: what one step says, against refitting without each respondent."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import satloyal as sl
from models.sem.examples import CFA, CHAIN, PATHS, respondents
from models.sem.test_fiml import gappy, pupils

THREE = "visual =~ x1 + x2 + x3\ntextual =~ x4 + x5 + x6\nspeed =~ x7 + x8 + x9"
EQUAL = THREE.replace("x2", "a*x2").replace("x5", "b*x5") + "\na == b"

CASES = [
    (THREE, {}),
    (THREE, {"group": "school", "group_equal": ["loadings"]}),
    (EQUAL, {"estimator": "MLR"}),
    ("visual =~ x1 + x2 + x3\nspeed =~ x7 + x8 + x9\nspeed ~ visual + sex\nvisual ~ ageyr", {}),
]


def refitted(model: str, data: pd.DataFrame, row: int, options: dict) -> sl.SemFit:
    return sl.fit_sem(model, data.drop(index=row), missing="fiml", **options)


@pytest.mark.parametrize(("model", "options"), CASES)
def test_exact_influence_is_that_of_refitting(model: str, options: dict) -> None:
    fit = sl.fit_sem(model, pupils(), missing="fiml", **options)
    found = fit.influence(exact=True)
    for row in found.table.index[[0, 16, 150, -1]]:
        without = refitted(model, pupils(), row, options)
        gap = fit.theta - without.theta
        kind = without.with_vcov("observed")
        free = np.linalg.pinv(kind.vcov, rcond=1e-9, hermitian=True)
        assert found.table.loc[row, "gcd"] == pytest.approx(gap @ free @ gap, rel=2e-3, abs=1e-6)
        change = gap / np.sqrt(np.diagonal(fit.vcov))
        own = found.changes.loc[row].to_numpy()
        assert np.abs(own - change[: len(own)]).max() < 2e-3
        drop = fit.glance()["chisq"] - without.glance()["chisq"]
        assert found.table.loc[row, "chisq_change"] == pytest.approx(drop, abs=2e-5)
        moved = fit.effective_n * (fit.problem.value(without.theta[None])[0] - fit.value)
        assert found.table.loc[row, "ld"] == pytest.approx(moved, rel=2e-3, abs=1e-6)


@pytest.mark.parametrize(("model", "options"), CASES)
def test_one_step_is_close_to_refitting(model: str, options: dict) -> None:
    fit = sl.fit_sem(model, pupils(), missing="fiml", **options)
    step, exact = fit.influence(), fit.influence(exact=True)
    assert len(step.table) == fit.nobs
    for measure, least in (("gcd", 0.98), ("ld", 0.95), ("chisq_change", 0.99)):
        assert np.corrcoef(step.table[measure], exact.table[measure])[0, 1] > least, measure
    assert np.median((step.changes - exact.changes).abs()) < 4e-3
    assert step.table["gcd"].idxmax() == exact.table["gcd"].idxmax()


def test_complete_rows_give_what_the_method_for_complete_rows_gives() -> None:
    data = respondents()
    a = sl.fit_sem(CHAIN, data, missing="fiml").influence()
    b = sl.fit_sem(CHAIN, data, meanstructure=True).with_vcov("observed").influence()
    np.testing.assert_allclose(a.changes, b.changes, rtol=1e-4, atol=1e-6)
    for name in ("gcd", "leverage", "residual"):
        np.testing.assert_allclose(a.table[name], b.table[name], rtol=1e-4, atol=1e-6)
    # the saturated covariances have divisor n, the others n - 1
    n = len(data)
    np.testing.assert_allclose(a.table["mahalanobis"], b.table["mahalanobis"] * n / (n - 1), rtol=1e-5)


def test_weights_travel_with_their_respondents() -> None:
    data = gappy()
    fit = sl.fit_sem(CFA, data, missing="fiml", weights="weight")
    scaled = data["weight"] * len(data) / data["weight"].sum()
    found = fit.influence(exact=True)
    without = sl.fit_sem(CFA, data.drop(index=5), missing="fiml", weights=scaled.drop(index=5))
    change = (fit.theta - without.theta) / np.sqrt(np.diagonal(fit.vcov))
    assert np.abs(found.changes.loc[5].to_numpy() - change).max() < 1e-3
    step = fit.influence()
    assert np.corrcoef(step.table["gcd"], found.table["gcd"])[0, 1] > 0.98


def test_distances_are_those_of_the_answers_that_are_there() -> None:
    fit = sl.fit_sem(THREE, pupils(), missing="fiml")
    table = fit.influence().table
    values = fit.data.to_numpy()
    seen = ~np.isnan(values)
    sigma, mu = fit._implied[0]
    full = fit.input.incomplete.saturated[0]
    for i in np.flatnonzero(table["leverage"].notna())[::40]:
        o = seen[i]
        z = values[i, o] - full.mean[o]
        far = z @ np.linalg.solve(full.cov[np.ix_(o, o)], z)
        assert table["mahalanobis"].iloc[i] == pytest.approx(far, rel=1e-8)
        total = (values[i, o] - mu[o]) @ np.linalg.solve(sigma[np.ix_(o, o)], values[i, o] - mu[o])
        assert table[["leverage", "residual"]].iloc[i].sum() == pytest.approx(total, rel=1e-8)
        assert table[["leverage_df", "residual_df"]].iloc[i].tolist() == [3, o.sum() - 3]
    assert table["mahalanobis"].mean() == pytest.approx(seen.sum(axis=1).mean(), rel=0.02)


def test_those_who_answered_too_little_have_no_leverage_and_it_is_said() -> None:
    data = gappy()
    data.loc[data.index[:3], ["v1", "v2", "v3"]] = np.nan
    found = sl.fit_sem(CFA, data, missing="fiml").influence()
    assert found.table["leverage"].iloc[:3].isna().all()
    assert found.table["mahalanobis"].notna().all()
    assert "3 respondents answered too little" in found.note


def test_a_planted_outlier_is_found_among_gaps() -> None:
    data = gappy()
    data.loc[100, ["q1", "q2", "q3"]] = [25, -15, np.nan]
    found = sl.fit_sem(CFA, data, missing="fiml").influence()
    assert found.most(1).index.tolist() == [100]
    assert found.most(1, by="mahalanobis").index.tolist() == [100]


def test_blocks_and_the_order_of_rows_change_nothing(monkeypatch) -> None:
    data = gappy()
    a = sl.fit_sem(CHAIN, data, missing="fiml").influence().table
    monkeypatch.setattr("satloyal.models.sem.influence_incomplete._VALUES", 20_000)
    b = sl.fit_sem(CHAIN, data.sample(frac=1, random_state=2), missing="fiml").influence().table
    for name in ("gcd", "ld", "chisq_change", "leverage"):
        np.testing.assert_allclose(a[name], b.loc[a.index, name], rtol=1e-5, atol=1e-8)


def test_covariates_with_gaps_are_told_to_stay_where_they_are() -> None:
    data = gappy(columns=("v2", "s1"))
    data.loc[::10, "z"] = np.nan
    fit = sl.fit_sem(PATHS, data, missing="fiml.x")
    assert "exact=True lets them follow" in fit.influence().note
    assert "exact=True" not in fit.influence(exact=True).note


# lavaan 0.6-14, refitted without a row, by reference/make_influence.R: row, gcd, change of χ²,
# distance, change of a loading in standard errors
THEIRS = (
    (0, 0.256784326, 0.814252832, 14.8643912, -0.22489166836),
    (5, 0.177287909, 0.291633921, 10.8386698, 0.03123939639),
    (8, 0.037747301, 0.354121147, 4.2637501, -0.00047293976),
    (119, 0.022929786, -0.080975479, 2.8707252, 0.03608911304),
    (249, 0.055721289, -0.180613182, 7.8844600, 0.01525274970),
)


def test_exact_influence_and_distances_are_lavaans() -> None:
    fit = sl.fit_sem(THREE, pupils(), missing="fiml")
    found, step = fit.influence(exact=True), fit.influence()
    for row, gcd, drop, far, change in THEIRS:
        ours = found.table.loc[row]
        assert (ours["gcd"], ours["chisq_change"]) == pytest.approx((gcd, drop), rel=2e-3, abs=1e-5)
        assert ours["mahalanobis"] == pytest.approx(far, rel=1e-4)
        assert found.changes.loc[row, "visual =~ x2"] == pytest.approx(change, rel=2e-3, abs=1e-4)
        assert step.changes.loc[row, "visual =~ x2"] == pytest.approx(change, rel=0.1, abs=0.01)
