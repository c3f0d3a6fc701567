"""Factor scores: lavaan's numbers, the properties that define each kind, and clear refusals."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import satloyal as sl
from models.sem.examples import CFA, CHAIN, respondents
from models.sem.judged import CFA as PUPILS
from models.sem.judged import fit, lavaan, pupils
from satloyal.models.sem.factor_scores import score_rules
from satloyal.models.sem.ordinal_scores import _limits, _model, _posterior, ordinal_scores
from satloyal.models.sem.population import without_values

NEAR = 2e-5  # lavaan's estimates are 1e-6 from the minimum
LABELS = {"cfa": [""], "two_groups": ["Pasteur", "Grant-White"], "structural": [""]}


@pytest.mark.parametrize("method", ["regression", "bartlett"])
@pytest.mark.parametrize("name", ["cfa", "two_groups", "structural"])
def test_scores_and_errors_are_lavaans(name: str, method: str) -> None:
    stored = lavaan()["factor_scores"][name][method]
    here = fit(name)
    ours = here.factor_scores(method, se=True)
    columns = list(here.table.latent)
    several = isinstance(stored["first"], dict)
    for number, label in enumerate(LABELS[name]):
        theirs = stored["first"][label] if several else stored["first"][number]
        errors = stored["se"][label] if several else stored["se"][number]
        rows = ours[(pupils().loc[ours.index, "school"] == label)] if several else ours
        np.testing.assert_allclose(rows[columns].iloc[:3], theirs, atol=NEAR * 10)
        np.testing.assert_allclose(rows[[f"{c}_se" for c in columns]].iloc[0], errors, atol=NEAR)


def test_ten_berges_scores_have_the_covariances_of_the_factors() -> None:
    # in the sample exactly only where the model reproduces it: fit to data that it does reproduce
    data = respondents()
    here = sl.fit_sem("Q =~ q1 + q2 + q3", data)
    scores = here.factor_scores("tenberge")
    assert scores["Q"].var(ddof=0) == pytest.approx(
        here.tidy().query("op == '~~' and lhs == 'Q'")["est"].item()
    )


def test_ten_berges_weights_give_the_models_covariances_for_any_model() -> None:
    here = sl.fit_sem(CHAIN, respondents())
    (rule,) = score_rules(here, "tenberge")
    sigma = here.implied()[0][0].to_numpy()
    np.testing.assert_allclose(rule.weights @ sigma @ rule.weights.T, here._latent_cov[0], atol=1e-10)


def test_bartletts_scores_are_unbiased_for_each_person() -> None:
    here = sl.fit_sem(CFA, respondents())
    (rule,) = score_rules(here, "bartlett")
    A, _ = here.rams[0].matrices(here.theta[None])
    loadings = A[0][:9, 9:]
    np.testing.assert_allclose(rule.weights @ loadings, np.eye(3), atol=1e-10)


def test_regression_scores_are_the_most_precise_of_the_three() -> None:
    errors = {
        m: fit("cfa").factor_scores(m, se=True)["visual_se"].iloc[0]
        for m in ("regression", "tenberge", "bartlett")
    }
    assert errors["regression"] < errors["tenberge"] < errors["bartlett"]


def test_scores_keep_the_index_of_the_rows_that_were_used() -> None:
    data = respondents()
    data.index = [f"R{i}" for i in range(len(data))]
    data.loc["R3", "q1"] = np.nan
    scores = sl.fit_sem(CFA, data).factor_scores()
    assert "R3" not in scores.index
    assert scores.index.equals(data.index.drop("R3"))


def test_scores_do_not_depend_on_the_units_of_the_items() -> None:
    data = respondents()
    scaled = data.assign(q2=data["q2"] * 100 + 7, v3=data["v3"] / 10)
    a = sl.fit_sem(CFA, data).factor_scores("bartlett")
    b = sl.fit_sem(CFA, scaled).factor_scores("bartlett")
    np.testing.assert_allclose(a, b, atol=1e-6)


def test_a_mean_structure_moves_scores_to_the_latent_means() -> None:
    here = fit("two_groups")
    scores = here.factor_scores("bartlett")
    second = pupils().loc[scores.index, "school"] == "Grant-White"
    mean = here.tidy().query("op == '~1' and lhs == 'textual' and group == 2")["est"].item()
    assert scores.loc[second, "textual"].mean() == pytest.approx(mean, abs=0.02)


def test_scores_of_incomplete_rows_use_the_answers_that_are_there() -> None:
    folder = Path(__file__).parents[2] / "reference" / "data"
    gaps = pd.read_csv(folder / "holzinger_swineford_missing.csv")
    here = sl.fit_sem(PUPILS, gaps, missing="fiml")
    # lavaan 0.6-14: cfa(..., missing = "fiml"), lavPredict(method = "Bartlett")
    bartlett = here.factor_scores("bartlett", se=True)
    theirs = [[-1.4818347, -0.07781049, 0.1303628], [-0.5393484, -1.33091452, 0.3002966]]
    np.testing.assert_allclose(bartlett.iloc[:2, :3], theirs, atol=1e-4)
    assert bartlett["visual_se"].iloc[1] > bartlett["visual_se"].iloc[0]
    # a factor none of whose items was answered has no Bartlett score, and an expected value
    empty = gaps[["x1", "x2", "x3"]].isna().all(axis=1)
    assert empty.any()
    assert bartlett.loc[empty, "visual"].isna().all()
    assert here.factor_scores().loc[empty].notna().all().all()


ITEMS = [f"x{i}" for i in range(1, 10)]


def test_scores_of_ordinal_items_are_lavaans() -> None:
    # lavaan 0.6-14: lavPredict() of cfa(..., ordered = , estimator = "WLSMV"), all items and the first six
    scores = fit("wlsmv").factor_scores()
    theirs = [
        [-0.491656545, 0.029674011, 0.32471781],
        [-0.044994612, -1.164138451, 0.38126304],
        [-0.759619576, -1.258910139, -0.86359303],
    ]
    np.testing.assert_allclose(scores.iloc[:3], theirs, atol=2e-5)
    mixed = sl.fit_sem(PUPILS, pupils("ordinal"), ordered=ITEMS[:6], estimator="WLSMV").factor_scores()
    theirs = [[-0.426890360, 0.036066207, 0.44047137], [0.014777933, -1.155465442, 0.46398384]]
    np.testing.assert_allclose(mixed.iloc[:2], theirs, atol=5e-5)


def test_both_parameterisations_score_alike_but_for_the_unit() -> None:
    # one model written two ways; lavaan 0.6-14 scores the theta form otherwise
    delta = fit("wlsmv").factor_scores(se=True)
    other = sl.fit_sem(PUPILS, pupils("ordinal"), ordered=ITEMS, estimator="WLSMV", parameterization="theta")
    theta = other.factor_scores(se=True)
    for name in ("visual", "textual", "speed"):
        ratio = theta[name] / delta[name]
        assert ratio.std() / ratio.mean() < 1e-3
        np.testing.assert_allclose(theta[f"{name}_se"] / delta[f"{name}_se"], ratio.median(), rtol=1e-3)


def test_the_mode_is_where_the_posterior_is_flat_and_highest() -> None:
    here = fit("wlsmv")
    rows = pupils("ordinal")[ITEMS].to_numpy(float)[:5]
    low, high, exact = _limits(here, 0, rows)
    mean, loadings, intercepts, noise, inverse = _model(here, 0)
    model = (mean, loadings, intercepts, np.sqrt(noise), inverse)
    eta, errors = ordinal_scores(here, 0, rows)
    value, slope, curve = _posterior(eta, rows, low, high, exact, model)
    assert np.abs(slope).max() < 1e-5
    np.testing.assert_allclose(errors**2, np.diagonal(np.linalg.inv(curve), axis1=1, axis2=2))
    rng = np.random.default_rng(1)
    for _ in range(5):
        moved = eta + 0.1 * rng.standard_normal(eta.shape)
        there, steep, _ = _posterior(moved, rows, low, high, exact, model)
        assert (there < value).all()
        step = 1e-6
        ahead = _posterior(moved + step * np.eye(3)[0], rows, low, high, exact, model)[0]
        np.testing.assert_allclose((ahead - there) / step, steep[:, 0], rtol=1e-3, atol=1e-4)


def test_extreme_answers_and_many_items_have_finite_scores() -> None:
    text = "F =~ " + " + ".join(f"0.9*i{k}" for k in range(12))
    cuts = "\n".join(f"i{k} | -1.5*t1 + 0*t2 + 1.5*t3" for k in range(12))
    data = sl.simulate(f"{text}\n{cuts}", 400, seed=1)
    data.iloc[0], data.iloc[1] = 4, 1
    found = sl.fit_sem(without_values(text), data, ordered=True, estimator="WLSMV")
    scores = found.factor_scores(se=True)
    assert np.isfinite(scores).all().all()
    assert scores["F"].iloc[0] == scores["F"].max()
    assert scores["F"].iloc[1] == scores["F"].min()


def test_ordinal_models_beyond_measurement_are_refused() -> None:
    with pytest.raises(sl.SatloyalError, match="take the items as continuous"):
        fit("wlsmv").factor_scores("bartlett")
    more = sl.fit_sem(PUPILS + "\nx1 ~~ x4", pupils("ordinal"), ordered=ITEMS, estimator="WLSMV")
    with pytest.raises(sl.SatloyalError, match="residuals do not covary"):
        more.factor_scores()


def test_what_has_no_scores_says_why() -> None:
    moments = sl.Moments.from_frame(respondents()[["q1", "q2", "q3"]])
    with pytest.raises(sl.SatloyalError, match="from moments"):
        sl.fit_sem("Q =~ q1 + q2 + q3", moments).factor_scores()
    with pytest.raises(sl.SatloyalError, match="no latent variables"):
        fit("path").factor_scores()
    with pytest.raises(sl.SatloyalError, match="method is 'sum'"):
        fit("cfa").factor_scores("sum")
    higher = sl.fit_sem(PUPILS + "\ng =~ visual + textual + speed", pupils())
    assert np.isfinite(higher.factor_scores()["g"]).all()
    with pytest.raises(sl.SatloyalError, match="g, of higher order"):
        higher.factor_scores("bartlett")
    with pytest.raises(sl.SatloyalError, match="not positive definite"):
        higher.factor_scores("tenberge")
