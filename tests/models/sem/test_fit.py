"""What a fit promises to whoever holds it."""

from __future__ import annotations

import json
from dataclasses import FrozenInstanceError

import numpy as np
import pandas as pd
import pytest

import satloyal as sl
from models.sem.examples import CFA, CHAIN, LOOP, MEDIATION, PATHS, respondents, row
from satloyal.errors import FitError
from satloyal.models.sem import fit_indices

ITEMS = [f"{factor}{j}" for factor in "qvsl" for j in (1, 2, 3)]
COLUMNS = [
    *("lhs", "op", "rhs", "group", "label", "free", "est", "se", "z", "pvalue", "ci_lower", "ci_upper"),
    *("std_lv", "std_all"),
]
MEASURES = {
    *("npar", "fmin", "chisq", "df", "pvalue", "baseline_chisq", "baseline_df", "baseline_pvalue", "cfi"),
    *("tli", "nnfi", "rfi", "nfi", "pnfi", "ifi", "rni", "logl", "unrestricted_logl", "aic", "bic", "bic2"),
    *("ntotal", "rmsea", "rmsea_ci_lower", "rmsea_ci_upper", "rmsea_pvalue", "rmr", "srmr", "crmr", "gfi"),
    *("agfi", "pgfi", "mfi", "ecvi", "cn_05", "cn_01"),
}


@pytest.fixture(scope="module")
def chain():
    return sl.fit_sem(CHAIN, respondents())


# --- tables ---


def test_tidy_has_a_row_a_parameter_and_the_agreed_columns(chain):
    table = chain.tidy()
    assert list(table.columns) == COLUMNS
    assert len(table) == len(chain.table.rows)
    assert table["free"].max() == chain.table.q == len(chain.theta)
    free = table["free"] > 0
    np.testing.assert_allclose(table.loc[free, "est"], chain.theta[table.loc[free, "free"] - 1])
    np.testing.assert_allclose(table.loc[free, "z"], table.loc[free, "est"] / table.loc[free, "se"])


def test_fixed_parameters_have_no_error_and_no_test(chain):
    marker = row(chain.tidy(), "Q", "=~", "q1")
    assert (marker["est"], marker["se"], marker["ci_lower"], marker["ci_upper"]) == (1, 0, 1, 1)
    assert np.isnan([marker["z"], marker["pvalue"]]).all()


def test_fixed_covariates_show_the_moments_of_the_sample():
    fit = sl.fit_sem(PATHS, respondents(), meanstructure=True)
    frame = respondents()[["z", "q1"]]
    table = fit.tidy()
    assert row(table, "z", "~~", "z")["est"] == pytest.approx(frame["z"].var(ddof=0))
    assert row(table, "z", "~1")["est"] == pytest.approx(frame["z"].mean())
    assert row(table, "z", "~~", "z")["free"] == 0


def test_glance_has_the_usual_names(chain):
    glance = chain.glance()
    assert set(glance.index) >= MEASURES
    assert glance["df"] == chain.df == 78 - chain.table.q
    assert glance["ntotal"] == chain.nobs == 240
    assert glance["chisq"] == pytest.approx(2 * (glance["unrestricted_logl"] - glance["logl"]), abs=1e-6)
    assert glance["aic"] == pytest.approx(-2 * glance["logl"] + 2 * glance["npar"])


def test_statsmodels_accessors_are_columns_of_tidy(chain):
    table = chain.tidy()
    assert chain.params["S ~ Q"] == row(table, "S", "~", "Q")["est"]
    np.testing.assert_array_equal(chain.bse, table["se"])
    np.testing.assert_array_equal(chain.pvalues, table["pvalue"])
    np.testing.assert_array_equal(chain.conf_int(), table[["ci_lower", "ci_upper"]])


def test_defined_parameters_are_functions_of_the_others_with_delta_errors(chain):
    p = chain.params
    table = chain.tidy()
    a, c, d = p["V ~ Q"], p["S ~ V"], p["L ~ S"]
    assert row(table, "indirect", ":=")["est"] == pytest.approx(a * c * d)
    at = [row(table, *name)["free"] - 1 for name in (("V", "~", "Q"), ("S", "~", "V"), ("L", "~", "S"))]
    slope = np.array([c * d, a * d, a * c])
    error = np.sqrt(slope @ chain.vcov[np.ix_(at, at)] @ slope)
    assert row(table, "indirect", ":=")["se"] == pytest.approx(error)


def test_json_holds_no_nan_and_summary_begins_with_the_headline(chain):
    text = json.dumps(chain.to_dict(), allow_nan=False)
    assert json.loads(text)["converged"] is True
    assert chain.summary().startswith(chain.headline())
    assert chain.headline().startswith("Converged after")


# --- a value, not a state ---


def test_a_fit_is_frozen_and_its_tables_are_copies(chain):
    with pytest.raises(FrozenInstanceError):
        chain.theta = chain.theta
    table, glance = chain.tidy(), chain.glance()
    table["est"] = 0
    glance["chisq"] = 0
    assert chain.tidy()["est"].abs().sum() > 0
    assert chain.glance()["chisq"] > 0


def test_fitting_leaves_the_data_alone():
    frame = respondents()
    before = frame.copy()
    sl.fit_sem(CFA, frame, group="segment", weights="weight")
    pd.testing.assert_frame_equal(frame, before)


def test_the_same_call_gives_the_same_numbers(chain):
    np.testing.assert_array_equal(sl.fit_sem(CHAIN, respondents()).theta, chain.theta)


# --- covariance matrices ---


def test_another_covariance_matrix_is_another_fit(chain):
    robust = chain.with_vcov("robust")
    assert robust is not chain
    np.testing.assert_array_equal(robust.theta, chain.theta)
    assert not np.allclose(robust.vcov, chain.vcov)
    assert chain.vcov_kind == "expected"
    np.testing.assert_array_equal(robust.with_vcov("expected").vcov, chain.vcov)
    assert any("robust" in note.message for note in robust.notes)
    with pytest.raises(FitError, match="kind is 'HC3'"):
        chain.with_vcov("HC3")


def test_the_kinds_agree_where_the_model_and_normality_hold():
    fit = sl.fit_sem(CFA, respondents(4000, seed=5))
    expected, observed, robust = (
        np.sqrt(np.diagonal(fit.with_vcov(kind).vcov)) for kind in ("expected", "observed", "robust")
    )
    np.testing.assert_allclose(observed, expected, rtol=0.05)
    np.testing.assert_allclose(robust, expected, rtol=0.12)


def test_moments_have_no_casewise_scores(chain):
    fit = sl.fit_sem(CHAIN, sl.Moments.from_frame(respondents()[ITEMS]))
    with pytest.raises(FitError, match="need rows"):
        fit.with_vcov("robust")


# --- the same numbers from other forms of the data ---


def test_rows_moments_and_matrices_give_the_same(chain):
    frame = respondents()[ITEMS]
    for data in (sl.Moments.from_frame(frame), sl.Moments.from_matrix(frame.cov(), len(frame))):
        fit = sl.fit_sem(CHAIN, data)
        assert fit.data is None
        mine, theirs = (x.tidy().select_dtypes("number") for x in (fit, chain))
        np.testing.assert_allclose(mine, theirs, rtol=1e-8, atol=1e-8)
        np.testing.assert_allclose(fit.glance(), chain.glance(), rtol=1e-8, atol=1e-8)


def test_the_rows_used_are_kept_with_their_labels():
    frame = respondents().set_axis([f"r{i}" for i in range(240)])
    frame.loc["r7", "v2"] = np.nan
    fit = sl.fit_sem(CFA, frame)
    assert fit.nobs == len(fit.data) == 239
    assert "r7" not in fit.data.index
    assert list(fit.data.columns) == [*ITEMS[:9]]
    assert any(note.count == 1 and "239 remain" in note.message for note in fit.notes)


def test_repeated_row_labels_do_no_harm():
    frame = respondents()
    again = frame.set_axis(np.arange(240) % 50)
    for options in ({"cluster": "shop"}, {"weights": "weight"}, {"group": "segment"}):
        one, two = (sl.fit_sem(CFA, data, **options) for data in (frame, again))
        np.testing.assert_array_equal(one.vcov, two.vcov)


def test_wishart_likelihood_uses_n_minus_one():
    frame = respondents(60)
    normal, wishart = (sl.fit_sem(CFA, frame, likelihood=k) for k in ("normal", "wishart"))
    assert wishart.glance()["chisq"] == pytest.approx(normal.glance()["chisq"] * 59 / 60, rel=1e-8)
    name = ("q1", "~~", "q1")
    assert row(wishart.tidy(), *name)["est"] == pytest.approx(row(normal.tidy(), *name)["est"] * 60 / 59)
    np.testing.assert_allclose(wishart.residuals("cor"), normal.residuals("cor"), atol=1e-8)
    assert any("Wishart" in note.message for note in wishart.notes)


# --- residuals, standardised values, explained variance ---


def test_residuals_are_sample_minus_implied(chain):
    sigma, mu = chain.implied()[0]
    assert mu is None
    S = respondents()[ITEMS].cov(ddof=0)
    np.testing.assert_allclose(chain.residuals(), S - sigma, atol=1e-10)
    d = np.sqrt(np.diagonal(sigma))
    correlations = respondents()[ITEMS].corr() - sigma / np.outer(d, d)
    np.testing.assert_allclose(chain.residuals("cor"), correlations, atol=1e-10)
    v = np.diagonal(S)
    normalized = (S - sigma) / np.sqrt((np.outer(v, v) + S**2) / 240)
    np.testing.assert_allclose(chain.residuals("normalized"), normalized, atol=1e-10)
    with pytest.raises(FitError, match="kind is 'std'"):
        chain.residuals("std")


def test_a_saturated_mean_structure_reproduces_the_means():
    fit = sl.fit_sem(CFA, respondents(), meanstructure=True)
    pd.testing.assert_series_equal(fit.implied()[0][1], respondents()[ITEMS[:9]].mean(), rtol=1e-10)


def test_std_all_is_the_estimate_from_standardised_items():
    frame = respondents()[ITEMS]
    fit = sl.fit_sem(CHAIN, frame)
    scaled = sl.fit_sem(CHAIN, (frame - frame.mean()) / frame.std(ddof=0))
    np.testing.assert_allclose(scaled.tidy()["std_all"], fit.tidy()["std_all"], atol=1e-6)
    std_lv = sl.fit_sem(CHAIN.split("V ~")[0], frame, std_lv=True)
    ours = sl.fit_sem(CHAIN.split("V ~")[0], frame).tidy()
    np.testing.assert_allclose(ours["std_lv"], std_lv.tidy()["est"], atol=1e-6)


def test_standardized_agrees_with_tidy_and_has_delta_errors(chain):
    table = chain.standardized()
    np.testing.assert_allclose(table["est"], chain.tidy()["std_all"], atol=1e-12)
    assert (table["se"] >= 0).all()
    narrow = chain.standardized(level=0.5)
    assert ((narrow["ci_upper"] - narrow["ci_lower"]) <= (table["ci_upper"] - table["ci_lower"])).all()
    np.testing.assert_allclose(chain.standardized("std_lv")["est"], chain.tidy()["std_lv"], atol=1e-12)


def test_explained_shares_and_residual_shares_sum_to_one(chain):
    r2 = chain.r2()
    table = chain.tidy()
    assert set(r2["variable"]) == {*ITEMS, "V", "S", "L"}
    for _, line in r2.iterrows():
        left = row(table, line["variable"], "~~", line["variable"])["std_all"]
        assert line["r2"] + left == pytest.approx(1)


def test_least_squares_is_what_a_path_model_without_loops_comes_to():
    frame = respondents()
    fit = sl.fit_sem(MEDIATION, frame)
    X = np.column_stack([np.ones(240), frame["v1"], frame["q1"]])
    slopes, rest = np.linalg.lstsq(X, frame["s1"], rcond=None)[:2]
    np.testing.assert_allclose([fit.params["s1 ~ v1"], fit.params["s1 ~ q1"]], slopes[1:], rtol=1e-7)
    assert fit.params["s1 ~~ s1"] == pytest.approx(rest[0] / 240)
    share = fit.r2().set_index("variable").loc["s1", "r2"]
    assert share == pytest.approx(1 - rest[0] / 240 / frame["s1"].var(ddof=0))


def test_loops_begin_on_the_right_side_of_their_pole():
    rng = np.random.default_rng(0)
    z = rng.standard_normal((300, 2))
    inner = z + 0.5 * rng.standard_normal((300, 2))
    y = inner @ np.linalg.inv(np.eye(2) - np.array([[0, 1.6], [0.9, 0]])).T
    frame = pd.DataFrame({"q1": z[:, 0], "z": z[:, 1], "v1": y[:, 0], "s1": y[:, 1]})
    frame["l1"] = y.sum(axis=1) + rng.standard_normal(300)
    fit = sl.fit_sem(LOOP, frame)
    assert fit.converged
    np.testing.assert_allclose([fit.params["v1 ~ s1"], fit.params["s1 ~ v1"]], [1.6, 0.9], atol=0.1)


def test_a_marker_that_hardly_loads_does_not_lead_astray():
    """Ratios to a weak marker are noise even in their sign; found by comparison with lavaan 0.6-14."""
    low = [
        [0.904],
        [0.15, 0.956],
        [0.157, -0.062, 1.059],
        [0.165, 0.332, 0.14, 1.166],
        [0.065, 0.245, 0.082, 0.105, 1.223],
        [0.122, 0.157, 0.124, 0.28, 0.11, 1.173],
    ]
    moments = sl.Moments.from_matrix(low, 86, names=["q1", "q2", "q3", "v1", "v2", "v3"])
    fit = sl.fit_sem("Q =~ q1 + q2 + q3\nV =~ v1 + v2 + v3", moments)
    assert fit.converged
    assert fit.glance()["chisq"] == pytest.approx(6.24, abs=0.01)


# --- groups, weights, clusters ---


def test_free_groups_are_the_separate_fits():
    frame = respondents()
    fit = sl.fit_sem(CFA, frame, group="segment")
    assert fit.ngroups == 2
    assert fit.group_labels == tuple(pd.unique(frame["segment"]))
    parts = [
        sl.fit_sem(CFA, frame[frame["segment"] == label], meanstructure=True) for label in fit.group_labels
    ]
    assert fit.glance()["chisq"] == pytest.approx(sum(p.glance()["chisq"] for p in parts), rel=1e-7)
    assert fit.glance()["logl"] == pytest.approx(sum(p.glance()["logl"] for p in parts), rel=1e-9)
    for number, part in enumerate(parts, start=1):
        ours = fit.tidy()[fit.tidy()["group"] == number]
        for column in ("est", "se", "std_all"):
            np.testing.assert_allclose(ours[column], part.tidy()[column], rtol=1e-5, atol=1e-6)


def test_equal_parameters_are_equal_and_cost_no_degrees_of_freedom():
    frame = respondents()
    free = sl.fit_sem(CFA, frame, group="segment")
    equal = sl.fit_sem(CFA, frame, group="segment", group_equal="loadings")
    assert equal.df == free.df + 6
    assert equal.glance()["chisq"] > free.glance()["chisq"]
    table = equal.tidy().query("op == '=~'")
    np.testing.assert_array_equal(table.query("group == 1")["est"], table.query("group == 2")["est"])
    partial = sl.fit_sem(CFA, frame, group="segment", group_equal="loadings", group_partial="Q =~ q2")
    assert partial.df == equal.df - 1


def test_labels_across_groups_define_differences():
    model = "v1 ~ c(a1, a2)*q1\ndifference := a1 - a2"
    fit = sl.fit_sem(model, respondents(), group="segment")
    table = fit.tidy()
    first, second = (row(table, "v1", "~", "q1", g) for g in (1, 2))
    found = row(table, "difference", ":=")
    assert found["est"] == pytest.approx(first["est"] - second["est"])
    assert found["se"] == pytest.approx(np.hypot(first["se"], second["se"]))
    assert "v1 ~ q1 [2]" in fit.params.index


def test_a_weight_of_two_is_a_respondent_twice():
    frame = respondents()
    weights = np.random.default_rng(1).integers(1, 4, 240)
    weighted = sl.fit_sem(CHAIN, frame, weights=weights)
    twice = sl.fit_sem(CHAIN, frame.loc[frame.index.repeat(weights)])
    np.testing.assert_allclose(weighted.tidy()["est"], twice.tidy()["est"], atol=1e-6)
    np.testing.assert_allclose(weighted.tidy()["std_all"], twice.tidy()["std_all"], atol=1e-6)
    assert weighted.nobs == 240


def test_weights_in_groups_with_equal_parameters_are_respondents_twice_too():
    frame = respondents()
    weights = np.where(frame["segment"] == "new", 3, 1)
    options = {"group": "segment", "group_equal": ("loadings", "intercepts")}
    weighted = sl.fit_sem(CFA, frame, weights=weights, **options)
    twice = sl.fit_sem(CFA, frame.loc[frame.index.repeat(weights)], **options)
    np.testing.assert_allclose(weighted.tidy()["est"], twice.tidy()["est"], atol=1e-6)


def test_weighted_errors_are_robust_and_do_not_know_the_unit_of_weights():
    frame = respondents()
    one, thousand = (sl.fit_sem(CHAIN, frame, weights=k * frame["weight"]) for k in (1, 1000))
    assert one.vcov_kind.startswith("robust")
    np.testing.assert_allclose(one.vcov, thousand.vcov, rtol=1e-9)
    np.testing.assert_allclose(one.tidy()["est"], thousand.tidy()["est"], rtol=1e-9)


def test_equal_weights_are_no_weights_with_robust_errors():
    frame = respondents()
    plain = sl.fit_sem(CFA, frame)
    equal = sl.fit_sem(CFA, frame, weights=np.full(240, 7.0))
    np.testing.assert_allclose(equal.theta, plain.theta, rtol=1e-9)
    np.testing.assert_allclose(equal.with_vcov("robust").vcov, plain.with_vcov("robust").vcov, rtol=1e-7)


def test_clusters_of_one_are_no_clusters():
    frame = respondents().assign(alone=np.arange(240))
    clustered = sl.fit_sem(CFA, frame, cluster="alone", meanstructure=True).with_vcov("robust")
    plain = sl.fit_sem(CFA, frame, meanstructure=True).with_vcov("robust")
    np.testing.assert_allclose(clustered.vcov, plain.vcov * _few_clusters(240), rtol=1e-9)


def test_respondents_copied_into_clusters_are_worth_what_they_were():
    frame = respondents().assign(person=np.arange(240))
    copied = frame.loc[frame.index.repeat(4)]
    clustered = sl.fit_sem(CFA, copied, cluster="person", meanstructure=True).with_vcov("robust")
    plain = sl.fit_sem(CFA, frame, meanstructure=True).with_vcov("robust")
    np.testing.assert_allclose(clustered.vcov, plain.vcov * _few_clusters(240), rtol=1e-6)


def _few_clusters(count):
    """G/(G − 1), by which lavaan widens the sandwich of clusters."""
    return count / (count - 1)


def test_a_surveys_weights_are_used_and_noted():
    survey = sl.load_sample("simulated_retail")
    assert survey.weights is not None
    construct = next(items for items in survey.construct_items.values() if len(items) > 2)
    model = f"F =~ {' + '.join(construct)}"
    fit = sl.fit_sem(model, survey)
    assert any(survey.codebook.weight in note.message for note in fit.notes if note.step == "weights")
    np.testing.assert_allclose(fit.theta, sl.fit_sem(model, survey.frame, weights=survey.weights).theta)
    assert not np.allclose(fit.theta, sl.fit_sem(model, survey.frame).theta, rtol=1e-6)


def test_a_model_text_and_a_parsed_model_are_the_same(chain):
    np.testing.assert_array_equal(sl.fit_sem(chain.model, respondents()).theta, chain.theta)


def test_standardised_values_in_units_of_what_does_not_vary_are_zero_or_undefined_never_infinite():
    frame = respondents()
    model = "i =~ 1*q1 + 1*q2 + 1*q3\nt =~ 0*q1 + 1*q2 + 2*q3\ni ~ 1\nt ~ 1\nt ~~ 0*t + 0*i"
    table = sl.fit_sem(model, frame, defaults="growth").tidy()
    loadings = table[(table["op"] == "=~") & (table["lhs"] == "t")]
    assert (loadings[["std_lv", "std_all"]] == 0).all(axis=None)
    assert np.isnan(row(table, "t", "~1")["std_lv"])
    assert not np.isinf(table[["std_lv", "std_all"]]).any(axis=None)


def test_tails_of_a_shifted_test_below_zero():
    assert fit_indices.chi2_sf(-1.0, 3) == 1.0
    assert fit_indices.rmsea_interval(-5.0, 3, 100) == (0.0, 0.0)
    assert fit_indices.rmsea_pvalues(-5.0, 3, 100) == (1.0, 0.0)


def test_normed_indices_of_adjusted_tests_need_degrees_of_freedom_that_compare():
    frame = respondents(200, seed=5)
    heavy = frame.assign(**{f"q{j}": np.exp(frame[f"q{j}"] - 5) for j in (1, 2, 3)})
    glance = sl.fit_sem(CFA, heavy, estimator="MLMVS").glance()
    above = glance["df_scaled"] > glance["baseline_df_scaled"]
    assert above
    assert np.isnan(glance[["nfi_scaled", "rfi_scaled"]]).all()


@pytest.mark.parametrize("missing", ["listwise", "fiml"])
def test_groups_with_clusters_of_their_own_have_the_errors_of_separate_fits(missing):
    frame = respondents(400, seed=8)
    frame["shop"] = frame["shop"] + 100 * (frame["segment"] == "new")
    if missing == "fiml":
        frame.loc[::7, "q2"] = np.nan
    options = {"cluster": "shop", "missing": missing, "meanstructure": True}
    together = sl.fit_sem(CFA, frame, group="segment", **options)
    for number, label in enumerate(together.group_labels, start=1):
        alone = sl.fit_sem(CFA, frame[frame["segment"] == label], **options).tidy()
        table = together.tidy()
        np.testing.assert_allclose(table[table["group"] == number]["se"], alone["se"], rtol=1e-6, atol=1e-9)


def test_clusters_that_span_groups_are_summed_over_them():
    frame = respondents(400, seed=8)
    twice = pd.concat([frame.assign(segment="one"), frame.assign(segment="two")])
    options = {"cluster": "shop", "meanstructure": True}
    equal = ["loadings", "intercepts", "means", "residuals", "lv.variances", "lv.covariances"]
    both = sl.fit_sem(CFA, twice, group="segment", group_equal=equal, **options).tidy()
    once = sl.fit_sem(CFA, frame, **options).tidy()
    np.testing.assert_allclose(both[both["group"] == 1]["se"], once["se"], rtol=1e-6, atol=1e-9)
