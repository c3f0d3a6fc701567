"""Models of ordinal items: derivatives, equivalences, roles that are refused, bootstrap, judgements."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import satloyal as sl
from satloyal.core.optimize import minimise
from satloyal.core.resample import group_counts
from satloyal.models.sem.ordinal_bootstrap import OrdinalDraws
from satloyal.models.sem.ordinal_fit import ordinal_influence
from satloyal.models.sem.ordinal_robust import robust_reason

DATA = Path(__file__).parents[2] / "reference" / "data" / "holzinger_swineford_mixed.csv"
NINE = [f"x{i}" for i in range(1, 10)]
CFA = "visual =~ x1 + x2 + x3; textual =~ x4 + x5 + x6; speed =~ x7 + x8 + x9"
PATHS = f"{CFA}; textual ~ a*visual; speed ~ b*textual; through := a*b"
MIXED = "visual =~ c1 + x2 + c3; textual =~ x4 + b5 + c6; c1 ~~ x4; textual ~ visual"
FINITE = 1e-6  # what central differences with a step of 1e-5 can promise, relative to the largest entry


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    return pd.read_csv(DATA)


CASES = {
    "delta": (CFA, {"ordered": NINE}),
    "theta": (CFA, {"ordered": NINE, "parameterization": "theta"}),
    "wls": (CFA.split(";")[0] + "; textual =~ x4 + x5 + x6", {"ordered": True, "estimator": "WLS"}),
    "mixed": (MIXED, {"ordered": ["x2", "x4", "b5"]}),
    "mixed theta": (MIXED, {"ordered": ["x2", "x4", "b5"], "parameterization": "theta"}),
    "equal groups": (
        PATHS,
        {"ordered": NINE, "group": "school", "group_equal": ["loadings", "thresholds"]},
    ),
    "equal groups theta": (
        PATHS,
        {
            "ordered": NINE,
            "group": "school",
            "group_equal": ["loadings", "thresholds"],
            "parameterization": "theta",
        },
    ),
    "mediator": (
        "x4 ~ x1 + ageyr; x7 ~ x4; x1 ~ ageyr",
        {"ordered": ["x1", "x4", "x7"], "parameterization": "theta"},
    ),
}


def _central(function, theta):
    steps = 1e-5 * np.eye(len(theta))
    return np.array([(function(theta + s) - function(theta - s)) / 2e-5 for s in steps])


@pytest.mark.parametrize("name", CASES)
def test_derivatives_are_those_of_the_value(frame, name):
    model, options = CASES[name]
    fit = sl.fit_sem(model, frame, **options)
    problem, one = fit.problem, np.zeros(1, int)
    theta = fit.theta + np.random.default_rng(1).normal(0, 0.03, len(fit.theta))
    exact = problem(theta[None], one, "observed")
    slopes = _central(lambda at: problem.value(at[None])[0], theta)
    curves = _central(lambda at: problem(at[None], one, "expected").gradient[0], theta)
    assert np.abs(slopes - exact.gradient[0]).max() < FINITE * np.abs(exact.gradient).max()
    assert np.abs(curves - exact.hessian[0]).max() < FINITE * np.abs(exact.hessian).max()


@pytest.mark.parametrize("name", ["delta", "theta", "mixed", "mixed theta"])
def test_profiling_thresholds_out_changes_nothing(frame, name):
    model, options = CASES[name]
    fit = sl.fit_sem(model, frame, **options)
    whole = minimise(fit.problem, fit.theta[None] + 0.02)
    assert whole.converged[0]
    assert np.allclose(whole.theta[0], fit.theta, atol=1e-6)
    profile = fit.input.ordinal.profile(fit.table, fit.rams, fit.weights)
    theta = fit.theta[None, profile.kept] + 0.03
    exact = profile.problem(theta, np.zeros(1, int), "observed")
    slopes = _central(lambda at: profile.problem.value(at[None])[0], theta[0])
    assert np.allclose(slopes, exact.gradient[0], atol=1e-6 * np.abs(exact.gradient).max())


def test_delta_and_theta_are_one_model_in_two_scales(frame):
    delta, theta = (sl.fit_sem(PATHS, frame, ordered=NINE, parameterization=p) for p in ("delta", "theta"))
    for name in ("chisq", "chisq_scaled", "cfi_robust", "rmsea_robust", "srmr"):
        assert delta.glance()[name] == pytest.approx(theta.glance()[name], abs=1e-6)
    a, b = delta.standardized(), theta.standardized()
    shown = a["op"] != "~*~"
    assert np.allclose(a["est"][shown], b["est"][shown], atol=1e-6)
    assert np.allclose(a["se"][shown], b["se"][shown], atol=1e-6)
    assert np.allclose(delta.r2()["r2"], theta.r2()["r2"], atol=1e-6)
    first, second = delta.measurement().reliability, theta.measurement().reliability
    for column in ("alpha", "omega", "ave"):
        assert np.allclose(first[column], second[column], atol=1e-6)


def test_order_of_items_and_codes_of_categories_do_not_matter(frame):
    plain = sl.fit_sem(PATHS, frame, ordered=NINE)
    recoded = frame.assign(x1=frame["x1"] ** 3, x5=frame["x5"].map({1: -2, 2: 0, 3: 1, 4: 40}))
    again = sl.fit_sem(PATHS, recoded.sample(frac=1, random_state=1), ordered=NINE[::-1])
    assert np.allclose(plain.theta, again.theta, atol=1e-8)
    assert plain.glance()["chisq_scaled"] == pytest.approx(again.glance()["chisq_scaled"], abs=1e-6)


def test_reversing_an_item_turns_its_loading_and_thresholds_round(frame):
    plain = sl.fit_sem(CFA, frame, ordered=NINE).tidy().set_index(["lhs", "op", "rhs"])["est"]
    turned = sl.fit_sem(CFA, frame.assign(x2=5 - frame["x2"]), ordered=NINE)
    other = turned.tidy().set_index(["lhs", "op", "rhs"])["est"]
    assert other["visual", "=~", "x2"] == pytest.approx(-plain["visual", "=~", "x2"], abs=1e-6)
    assert other["x2", "|", "t1"] == pytest.approx(-plain["x2", "|", "t3"], abs=1e-6)


def test_influence_is_what_leaving_a_row_out_changes(frame):
    fit = sl.fit_sem(CFA, frame, ordered=NINE, estimator="ULSMV")
    influence = ordinal_influence(fit)
    for row in (0, 17, int(np.argmax(np.abs(influence).sum(axis=1)))):
        without = sl.fit_sem(CFA, frame.drop(index=frame.index[row]), ordered=NINE, estimator="ULSMV")
        change = fit.theta - without.theta
        assert np.corrcoef(change, influence[row])[0, 1] > 0.98


def test_robust_errors_are_the_covariance_of_influence(frame):
    fit = sl.fit_sem(CFA, frame, ordered=NINE, estimator="ULSMV").with_vcov("robust.sem")
    influence = ordinal_influence(fit)
    n = len(frame)
    # influence has the observed curvature, the sandwich the expected one
    expected = influence @ fit.observed_hessian @ np.linalg.inv(fit.hessian)
    errors = np.sqrt((expected**2).sum(axis=0) * n / (n - 1))
    assert np.allclose(errors, fit.bse[fit.bse > 0], rtol=1e-6)


@pytest.mark.parametrize("name", ["delta", "theta", "equal groups"])
def test_a_bootstrap_replicate_is_the_fit_to_its_rows(frame, name):
    model, options = CASES[name]
    fit = sl.fit_sem(model, frame, **options)
    draws = OrdinalDraws(fit, fit.theta, 1e-10)
    solution, _, _ = draws.solve(1, np.random.default_rng(3))
    drawn = group_counts(draws.drawers, draws.shared, 1, np.random.default_rng(3))
    parts = []
    for code, counts in enumerate(drawn):
        own = frame[np.asarray(fit.input.rows.codes == code)]
        parts.append(own.loc[own.index.repeat(counts[0].astype(int))])
    again = sl.fit_sem(model, pd.concat(parts).reset_index(drop=True), **options)
    assert np.allclose(solution.theta[0], again.theta, atol=1e-4)


def test_the_bootstrap_agrees_with_robust_errors_and_says_what_it_did(frame):
    fit = sl.fit_sem(PATHS, frame, ordered=NINE)
    boot = fit.bootstrap(300, seed=1)
    assert boot.counts["used"] == 300
    table, own = boot.tidy(), fit.tidy()
    cuts = own["op"] == "|"
    assert np.allclose(table["se"][cuts], own["se"][cuts], rtol=0.2)
    assert any("estimated again" in note.message for note in boot.notes)
    same = fit.bootstrap(300, seed=1, workers=1)
    assert np.array_equal(same.theta_star, boot.theta_star)
    with pytest.raises(sl.SatloyalError, match="not normal"):
        fit.bootstrap(10, kind="parametric")


def test_clusters_of_one_are_no_clusters(frame):
    plain = sl.fit_sem(CFA, frame, ordered=NINE)
    single = sl.fit_sem(CFA, frame, ordered=NINE, cluster="id")
    ratio = np.sqrt(301 / 300)
    assert np.allclose(single.bse, plain.bse * ratio, rtol=1e-6)


def test_weights_count_as_rows(frame):
    weights = np.ones(len(frame))
    weights[:50] = 2
    doubled = pd.concat([frame, frame.iloc[:50]], ignore_index=True)
    a = sl.fit_sem(CFA, frame, ordered=NINE, weights=weights, estimator="ULSMV")
    b = sl.fit_sem(CFA, doubled, ordered=NINE, estimator="ULSMV")
    assert np.allclose(a.theta, b.theta, atol=1e-6)


def test_ordered_true_takes_all_but_covariates(frame):
    fit = sl.fit_sem("visual =~ x1 + x2 + x3; visual ~ ageyr", frame, ordered=True)
    assert fit.table.ordered == ("x1", "x2", "x3")
    assert any("ageyr: taken as given" in note.message for note in fit.notes)
    assert fit.estimator == "WLSMV"


def test_a_constraint_holds(frame):
    fit = sl.fit_sem(f"{CFA.replace('x2', 'l*x2').replace('x3', 'm*x3')}; l == m", frame, ordered=NINE)
    est = fit.tidy().set_index(["lhs", "op", "rhs"])["est"]
    assert est["visual", "=~", "x2"] == pytest.approx(est["visual", "=~", "x3"], abs=1e-8)
    assert fit.df == 25


REFUSED = {
    "ML": ({"estimator": "ML"}, CFA, "takes items as continuous"),
    "GLS": ({"estimator": "GLS"}, CFA, "takes items as continuous"),
    "FIML": ({"missing": "fiml"}, CFA, "continuous variables"),
    "unknown": ({"ordered": ["x99"]}, CFA, "no observed variable"),
    "covariate": ({"ordered": [*NINE[:3], "sex"]}, "visual =~ x1 + x2 + x3; visual ~ sex", "covariate"),
    "mediator": ({"ordered": ["x1", "x2"]}, "x1 ~ ageyr; x2 ~ x1", "theta"),
    "residual": ({}, f"{CFA}; x1 ~~ 0.5*x1", "no parameter"),
    "threshold": ({}, f"{CFA}; x1 | t4", "4 categories"),
    "not ordinal": ({"ordered": NINE[1:]}, f"{CFA}; x1 | t1", "not ordinal"),
    "parameterization": ({"parameterization": "gamma"}, CFA, "delta"),
    "means": ({}, f"{CFA}; x1 ~ 1", "not identified"),
    "single": (
        {"ordered": True},
        "visual =~ x1; textual =~ x4 + x5 + x6; textual ~ visual",
        "not identified",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_ordinal_items_cannot_be_is_refused_with_a_way_out(frame, name):
    options, model, words = REFUSED[name]
    with pytest.raises(sl.SatloyalError, match=words):
        sl.fit_sem(model, frame, **{"ordered": NINE, **options})


def test_moments_are_refused(frame):
    with pytest.raises(sl.SatloyalError, match="rows"):
        sl.fit_sem(CFA, sl.Moments.from_frame(frame[NINE]), ordered=NINE)


def test_separation_is_refused_and_the_pair_named(frame):
    copy = frame.assign(x2=np.where(frame["x1"] > 2, 2, 1))
    with pytest.raises(sl.SatloyalError, match="x1 with x2"):
        sl.fit_sem(CFA, copy, ordered=NINE)


def test_there_are_no_casewise_scores(frame):
    with pytest.raises(sl.SatloyalError, match="no casewise likelihood"):
        sl.fit_sem(CFA, frame, ordered=NINE).scores()


def test_sparse_tables_and_missing_robust_measures_are_said(frame):
    small = sl.fit_sem("textual =~ x4 + x5 + x6", frame.iloc[:70], ordered=True)
    assert small.converged
    found = {c.name: c for c in small.checks}
    assert found["sparse tables"].status == "warn"
    mixed = sl.fit_sem(MIXED, frame, ordered=["x2", "x4", "b5"])
    found = {c.name: c for c in mixed.checks}
    assert "continuous" in found["robust fit measures"].message
    assert np.isnan(mixed.glance()["cfi_robust"])
    assert robust_reason(sl.fit_sem(CFA, frame, ordered=NINE)) == ""
    assert found["multivariate normality"].status == "not_applicable"


def test_a_negative_residual_variance_of_an_item_is_a_heywood_case(frame):
    generator = np.random.default_rng(2)
    factor = generator.normal(size=400)
    y = {
        "y1": factor + 0.1 * generator.normal(size=400),
        "y2": factor + 0.4 * generator.normal(size=400),
        "y3": 0.2 * factor + generator.normal(size=400),
    }
    cut = pd.DataFrame({k: np.digitize(v, [-0.8, 0.0, 0.8]) for k, v in y.items()})
    cut["y3"] = np.where(generator.uniform(size=400) < 0.5, cut["y3"], generator.integers(0, 4, 400))
    fits = []
    for seed in range(20):
        rows = cut.sample(80, random_state=seed)
        try:
            fits.append(sl.fit_sem("F =~ y1 + y2 + y3", rows, ordered=True))
        except sl.SatloyalError:
            continue
    bad = [f for f in fits if f.converged and (f.tidy().query("op == '~~'")["est"] < 0).any()]
    assert bad
    for fit in bad:
        assert not fit.admissible
        assert "Heywood" in fit.headline()


def test_a_fit_of_ordinal_items_can_be_shown(frame):
    fit = sl.fit_sem(PATHS, frame, ordered=NINE)
    assert "polychoric" in fit.summary()
    assert "~*~" not in fit.table.to_text()
    assert fit.to_dict()
    assert {"|", "~*~"} <= set(fit.tidy()["op"])
    effects = fit.effects()
    assert effects["se"].notna().all()


def test_correlations_that_contradict_one_another_are_fitted_and_said():
    generator = np.random.default_rng(5)
    answers = np.digitize(generator.normal(size=(32, 1)) + generator.normal(size=(32, 20)), [-0.7, 0.7])
    rows = pd.DataFrame(answers, columns=[f"y{i}" for i in range(20)])
    fit = sl.fit_sem("F =~ " + " + ".join(rows.columns), rows, ordered=True)
    found = {c.name: c for c in fit.checks}
    assert "nothing was smoothed" in found["polychoric correlations"].message
    assert np.isnan(fit.glance()["cfi_robust"])
    assert np.isfinite(fit.glance()["cfi_scaled"])


def test_a_category_that_a_group_lacks_is_merged_and_noted(frame):
    lacking = (frame["school"] == "Pasteur") & (frame["x1"] == 4)
    fit = sl.fit_sem(CFA, frame.assign(x1=frame["x1"].mask(lacking, 3)), ordered=NINE, group="school")
    assert any("nobody chose x1 4" in note.message for note in fit.notes)
    assert ("x1", "t3") not in {(r.lhs, r.rhs) for r in fit.table.rows if r.op == "|"}


@pytest.mark.parametrize("parameterization", ["delta", "theta"])
def test_equal_thresholds_and_equal_intercepts_are_asked_for_together(frame, parameterization):
    options = {"ordered": ["x2", "x4", "b5"], "group": "school", "parameterization": parameterization}
    found = [
        sl.fit_sem(MIXED, frame, group_equal=["loadings", kind], **options).glance()[["chisq", "df"]]
        for kind in ("thresholds", "intercepts")
    ]
    pd.testing.assert_series_equal(*found)
    table = sl.fit_sem(MIXED, frame, group_equal=["loadings", "thresholds"], **options).tidy()
    means = table[(table["op"] == "~1") & (table["lhs"] == "c1")]
    assert means["est"].nunique() == 1


def test_names_of_columns_that_the_model_does_not_use_may_stand_among_the_ordered(frame):
    short = CFA.split(";")[0] + "; textual =~ x4 + x5 + x6"
    few, many = (sl.fit_sem(short, frame, ordered=names) for names in (NINE[:6], NINE))
    np.testing.assert_array_equal(few.theta, many.theta)
    with pytest.raises(sl.SatloyalError, match="x0"):
        sl.fit_sem(short, frame, ordered=[*NINE, "x0"])
    with pytest.raises(sl.SatloyalError, match="no variable of the model"):
        sl.fit_sem(short, frame, ordered=NINE[6:])


def test_robust_measures_are_undefined_where_implied_correlations_cannot_be(frame):
    model = "visual =~ 1*x1 + 1*x2 + x3; textual =~ x4 + x5 + x6; visual ~~ 1.2*visual"
    fit = sl.fit_sem(model, frame, ordered=NINE[:6])
    assert not fit.admissible
    assert "implied correlations are not positive definite" in robust_reason(fit)
    assert np.isnan(fit.glance()[["cfi_robust", "rmsea_robust", "rmsea_ci_upper_robust"]]).all()
