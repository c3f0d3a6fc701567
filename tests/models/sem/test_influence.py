"""Influence: what one step says, against refitting without each respondent."""

from __future__ import annotations

import numpy as np
import pytest

import satloyal as sl
from models.sem.examples import CHAIN, MEDIATION, respondents
from models.sem.judged import CFA, pupils

OPTIONS = [
    {},
    {"meanstructure": True},
    {"likelihood": "wishart"},
    {"group": "school", "group_equal": ["loadings"]},
]


@pytest.mark.parametrize("options", OPTIONS)
def test_exact_influence_is_that_of_refitting(options: dict) -> None:
    fit = sl.fit_sem(CFA, pupils(), **options)
    found = fit.influence(exact=True)
    for row in (0, 17, 179, 300):
        without = sl.fit_sem(CFA, pupils().drop(index=row), **options)
        change = (fit.theta - without.theta) / np.sqrt(np.diagonal(fit.vcov))
        np.testing.assert_allclose(found.changes.loc[row], change, atol=1e-6)
        drop = fit.glance()["chisq"] - without.glance()["chisq"]
        assert found.table.loc[row, "chisq_change"] == pytest.approx(drop, abs=1e-6)
        gap = fit.theta - without.theta
        distance = gap @ np.linalg.inv(without.with_vcov("observed").vcov) @ gap
        assert found.table.loc[row, "gcd"] == pytest.approx(distance, rel=1e-5)
        likelihood = fit.effective_n * (fit.problem.value(without.theta[None])[0] - fit.value)
        assert found.table.loc[row, "ld"] == pytest.approx(likelihood, rel=1e-5, abs=1e-9)


@pytest.mark.parametrize("options", OPTIONS)
def test_one_step_orders_respondents_as_refitting_does(options: dict) -> None:
    fit = sl.fit_sem(CFA, pupils(), **options)
    step, exact = fit.influence(), fit.influence(exact=True)
    assert np.corrcoef(step.table["gcd"], exact.table["gcd"])[0, 1] > 0.999
    assert (step.changes - exact.changes).abs().to_numpy().max() < 0.45
    assert np.median((step.changes - exact.changes).abs()) < 1e-3


def test_weights_travel_with_their_respondents() -> None:
    data = respondents()
    fit = sl.fit_sem(MEDIATION, data, weights="weight")
    found = fit.influence(exact=True)
    # leaving a respondent out is giving the weight 0; weights are scaled to n, as before
    scaled = data["weight"] * len(data) / data["weight"].sum()
    kept = scaled.drop(index=5)
    without = sl.fit_sem(MEDIATION, data.drop(index=5), weights=kept)
    change = (fit.theta - without.theta) / np.sqrt(np.diagonal(fit.vcov))
    labels = [r.label for r in fit.table.rows if r.free]
    assert np.abs(found.changes.loc[5].to_numpy()[: len(labels)] - change).max() < 1e-6


def test_defined_effects_change_too() -> None:
    data = respondents()
    fit = sl.fit_sem(CHAIN, data)
    found = fit.influence(exact=True)
    without = sl.fit_sem(CHAIN, data.drop(index=9))
    here, there = (f.tidy().query("lhs == 'indirect'").iloc[0] for f in (fit, without))
    assert found.changes.loc[9, "indirect"] == pytest.approx(
        (here["est"] - there["est"]) / here["se"], abs=1e-6
    )


def test_a_planted_outlier_is_found() -> None:
    data = respondents()
    data.loc[100, ["q1", "q2", "q3"]] = [25, -15, 25]
    found = sl.fit_sem(CHAIN, data).influence()
    assert found.most(1).index.tolist() == [100]
    assert found.most(1, by="mahalanobis").index.tolist() == [100]
    assert found.table.loc[100, "mahalanobis_pvalue"] < 1e-10
    assert found.table["residual"].idxmax() == 100


def test_leverage_and_residual_have_their_degrees_of_freedom() -> None:
    table = sl.fit_sem(CHAIN, respondents()).influence().table
    assert table["leverage_df"].iloc[0] == 4
    assert table["residual_df"].iloc[0] == 8
    assert table["leverage"].mean() == pytest.approx(4, rel=0.1)
    assert table["residual"].mean() == pytest.approx(8, rel=0.1)


def test_a_path_models_leverage_is_that_of_its_covariates() -> None:
    data = respondents()
    table = sl.fit_sem("s1 ~ q1 + z", data).influence().table
    x = data[["q1", "z"]] - data[["q1", "z"]].mean()
    S = np.cov(x.T, ddof=0)
    np.testing.assert_allclose(table["leverage"], np.einsum("ij,jk,ik->i", x, np.linalg.inv(S), x), rtol=1e-6)


def test_the_order_of_rows_does_not_matter() -> None:
    data = respondents()
    a = sl.fit_sem(MEDIATION, data).influence().table
    b = sl.fit_sem(MEDIATION, data.sample(frac=1, random_state=2)).influence().table
    np.testing.assert_allclose(a["gcd"], b.loc[a.index, "gcd"], rtol=1e-6, atol=1e-10)


def test_what_has_no_respondents_is_refused() -> None:
    moments = sl.Moments.from_frame(respondents()[["q1", "v1", "s1"]])
    with pytest.raises(sl.SatloyalError, match="from moments"):
        sl.fit_sem(MEDIATION, moments).influence()
    with pytest.raises(sl.SatloyalError, match="maximum likelihood"):
        sl.fit_sem(MEDIATION, respondents(), estimator="ULS").influence()
    with pytest.raises(sl.SatloyalError, match="no measure"):
        sl.fit_sem(MEDIATION, respondents()).influence().most(3, by="cook")
