"""Full-information maximum likelihood: all rows count by what they have; nothing else of a fit changes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import satloyal as sl
from models.sem.examples import CFA, CHAIN, PATHS, respondents, row

DATA = Path(__file__).parents[2] / "reference" / "data"
ITEMS = [f"{f}{j}" for f in "qvs" for j in (1, 2, 3)]


def gappy(
    n: int = 240, seed: int = 1, columns: tuple[str, ...] = ("q2", "v1", "v3", "s3", "l2")
) -> pd.DataFrame:
    """Respondents some of whose answers are missing, the more the higher their first one."""
    data = respondents(n, seed)
    rng = np.random.default_rng(seed + 100)
    for column in columns:
        chance = 0.1 + 0.25 * (data["q1"] > data["q1"].mean())
        data.loc[rng.random(n) < chance, column] = np.nan
    return data


def estimates(fit: sl.SemFit) -> np.ndarray:
    return np.asarray(fit.tidy()[["est", "se"]], dtype=float)


@pytest.mark.parametrize("model", [CFA, CHAIN])
def test_complete_rows_give_what_listwise_gives(model: str) -> None:
    data = respondents()
    a = sl.fit_sem(model, data, missing="fiml")
    b = sl.fit_sem(model, data, meanstructure=True).with_vcov("observed")
    np.testing.assert_allclose(estimates(a), estimates(b), rtol=1e-6, atol=1e-8)
    for name in (
        "chisq",
        "df",
        "npar",
        "logl",
        "unrestricted_logl",
        "cfi",
        "tli",
        "rmsea",
        "srmr",
        "aic",
        "gfi",
    ):
        assert a.glance()[name] == pytest.approx(b.glance()[name], rel=1e-7), name


def test_complete_rows_give_what_listwise_gives_under_mlr() -> None:
    data = respondents()
    a = sl.fit_sem(CFA, data, missing="fiml", estimator="MLR").glance()
    b = sl.fit_sem(CFA, data, meanstructure=True, estimator="MLR").glance()
    for name in ("chisq", "chisq_scaled", "cfi_scaled", "scaling_factor_h0", "baseline_chisq_scaled"):
        assert a[name] == pytest.approx(b[name], rel=0.02), name


@pytest.mark.parametrize("missing", ["fiml", "ml"])
def test_all_rows_are_used_and_the_notes_say_so(missing: str) -> None:
    data = gappy()
    fit = sl.fit_sem(CFA, data, missing=missing)
    assert fit.nobs == len(data)
    assert sl.fit_sem(CFA, data).nobs < len(data)
    (note,) = (n for n in fit.notes if n.step == "missing values")
    patterns = data[list(fit.table.observed)].isna().drop_duplicates()
    assert note.count == len(patterns)
    assert f"all {len(data)} rows" in note.message
    assert fit.vcov_kind == "observed"


def test_the_objective_passes_finite_differences() -> None:
    fit = sl.fit_sem(CHAIN, gappy(), missing="fiml")
    rng = np.random.default_rng(2)
    theta = fit.theta * rng.uniform(0.9, 1.1, len(fit.theta))
    zero, h = np.zeros(1, int), 1e-5
    at = fit.problem(theta[None], zero, "observed")
    for k in range(len(theta)):
        step = h * np.eye(len(theta))[k]
        up, down = (fit.problem((theta + s)[None], zero, "observed") for s in (step, -step))
        assert (up.value[0] - down.value[0]) / (2 * h) == pytest.approx(at.gradient[0, k], rel=1e-5, abs=1e-8)
        bend = (up.gradient[0] - down.gradient[0]) / (2 * h)
        np.testing.assert_allclose(bend, at.hessian[0, k], rtol=1e-5, atol=1e-7)


def test_a_batch_is_its_members(monkeypatch) -> None:
    fit = sl.fit_sem(CHAIN, gappy(), missing="fiml")
    rng = np.random.default_rng(3)
    theta = fit.theta * rng.uniform(0.95, 1.05, (4, len(fit.theta)))
    (term,) = fit.problem.terms
    whole = term.part(theta, "observed")
    monkeypatch.setattr("satloyal.models.sem.fiml._CELLS", 20_000)
    again = term.part(theta, "observed")
    for b in range(4):
        one = term.part(theta[b : b + 1], "observed")
        for part in (whole, again):
            assert part.value[b] == pytest.approx(one.value[0], rel=1e-12)
            np.testing.assert_allclose(part.gradient[b], one.gradient[0], atol=1e-10)
            np.testing.assert_allclose(part.hessian[b], one.hessian[0], atol=1e-9)


def test_scores_sum_to_the_slope_and_are_zero_at_the_solution() -> None:
    fit = sl.fit_sem(CHAIN, gappy(), missing="fiml")
    scores = fit.scores()
    assert scores.shape == (fit.nobs, len(fit.theta))
    assert np.abs(scores.sum(axis=0)).max() < 1e-4 * np.abs(scores).sum(axis=0).max()


def test_the_order_of_rows_and_items_does_not_matter() -> None:
    data = gappy()
    a = sl.fit_sem(CFA, data, missing="fiml", estimator="MLR")
    b = sl.fit_sem(CFA, data.sample(frac=1, random_state=5), missing="fiml", estimator="MLR")
    np.testing.assert_allclose(estimates(a), estimates(b), rtol=1e-6, atol=1e-9)
    pd.testing.assert_series_equal(a.glance(), b.glance(), rtol=1e-6)
    c = sl.fit_sem("S =~ s1 + s3 + s2\nV =~ v1 + v2 + v3\nQ =~ q1 + q3 + q2", data, missing="fiml").glance()
    assert c["chisq"] == pytest.approx(a.glance()["chisq"], rel=1e-9)
    assert c["cfi_robust"] == pytest.approx(
        sl.fit_sem(CFA, data, missing="fiml").glance()["cfi_robust"], rel=1e-6
    )


def test_shifted_and_rescaled_items_leave_the_fit_alone() -> None:
    data = gappy()
    other = data.copy()
    other[ITEMS] = other[ITEMS] * 10 + 1000
    a, b = (sl.fit_sem(CFA, d, missing="fiml").glance() for d in (data, other))
    for name in (
        "chisq",
        "cfi",
        "rmsea",
        "cfi_robust",
        "rmsea_robust",
        "srmr_bentler_nomean",
        "baseline_chisq",
    ):
        assert b[name] == pytest.approx(a[name], rel=1e-5), name


def test_what_is_missing_at_random_is_recovered_where_listwise_is_biased() -> None:
    data = gappy(6000, 8, ("v1", "v2", "v3", "s1", "s2", "s3"))
    whole = row(sl.fit_sem(CFA, respondents(6000, 8), meanstructure=True).tidy(), "v1", "~1")["est"]
    filled = row(sl.fit_sem(CFA, data, missing="fiml").tidy(), "v1", "~1")["est"]
    listwise = row(sl.fit_sem(CFA, data, meanstructure=True).tidy(), "v1", "~1")["est"]
    assert abs(filled - whole) < 0.02
    assert abs(listwise - whole) > 0.1


def test_fit_measures_belong_together() -> None:
    for options in ({}, {"group": "segment"}, {"estimator": "MLR", "weights": "weight"}):
        g = sl.fit_sem(CFA, gappy(), missing="fiml", **options).glance()
        assert 2 * (g["unrestricted_logl"] - g["logl"]) == pytest.approx(g["chisq"], rel=1e-8)
        assert g["aic"] == pytest.approx(2 * g["npar"] - 2 * g["logl"])
        assert g["baseline_chisq"] > g["chisq"] > 0
        assert 0 < g["cfi_robust"] <= 1


def test_a_saturated_model_has_no_misfit_and_no_robust_measures() -> None:
    fit = sl.fit_sem("s1 ~ q1 + v1\nv1 ~ q1", gappy(), missing="fiml")
    g = fit.glance()
    assert fit.df == 0
    assert g["chisq"] == pytest.approx(0, abs=1e-8)
    assert np.isnan(g["rmsea_robust"])


def test_covariates_that_are_missing_cost_rows_or_not_as_asked() -> None:
    data = gappy()
    data.loc[::10, "z"] = np.nan
    given, kept = (sl.fit_sem(PATHS, data, missing=m) for m in ("fiml", "fiml.x"))
    random = sl.fit_sem(PATHS, data, missing="fiml", fixed_x=False)
    assert given.nobs == len(data) - 24
    assert kept.nobs == random.nobs == len(data)
    assert "fiml.x" in next(n.message for n in given.notes if n.step == "missing covariates")
    slopes = kept.tidy().query("op == '~'")["est"].to_numpy()
    np.testing.assert_allclose(slopes, random.tidy().query("op == '~'")["est"].to_numpy(), atol=0.01)


def test_weights_are_respondents_that_count_more_often() -> None:
    data = gappy()
    data["weight"] = np.where(np.arange(len(data)) % 3 == 0, 2.0, 1.0)
    weighted = sl.fit_sem(CFA, data, missing="fiml", weights="weight")
    copied = sl.fit_sem(CFA, data.loc[data.index.repeat(data["weight"].astype(int))], missing="fiml")
    np.testing.assert_allclose(weighted.theta, copied.theta, atol=1e-6)
    assert weighted.vcov_kind == "robust"


def test_groups_that_are_copies_give_the_fit_measures_of_one_of_them() -> None:
    data = gappy()
    twice = pd.concat([data.assign(half="a"), data.assign(half="b")], ignore_index=True)
    one = sl.fit_sem(CFA, data, missing="fiml", weights="weight").glance()
    two = sl.fit_sem(CFA, twice, missing="fiml", weights="weight", group="half").glance()
    for name in ("chisq", "chisq_scaled", "df"):
        assert two[name] == pytest.approx(2 * one[name], rel=1e-7), name
    for name in ("cfi_robust", "tli_robust", "rmsea_robust", "cfi_scaled", "srmr"):
        assert two[name] == pytest.approx(one[name], rel=1e-6), name


def test_an_item_that_a_group_was_never_asked_is_refused_and_so_is_a_pair() -> None:
    data = gappy()
    one = data["segment"].unique()[0]
    data.loc[data["segment"] == one, "v1"] = np.nan
    for model in (CFA, CHAIN):
        with pytest.raises(sl.SatloyalError, match=f"group '{one}': every value is missing"):
            sl.fit_sem(model, data, missing="fiml", group="segment")
    apart = gappy()
    apart.loc[apart.index % 2 == 0, "v1"] = np.nan
    apart.loc[apart.index % 2 == 1, "s3"] = np.nan
    with pytest.raises(sl.SatloyalError, match="no row has both 'v1' and 's3'"):
        sl.fit_sem(CFA, apart, missing="fiml")
    only = gappy()
    mine = only["segment"] == one
    only.loc[mine & (only.index % 2 == 0), "v1"] = np.nan
    only.loc[mine & (only.index % 2 == 1), "s3"] = np.nan
    with pytest.raises(sl.SatloyalError, match=f"group '{one}': no row has both 'v1' and 's3'"):
        sl.fit_sem(CFA, only, missing="fiml", group="segment")


def test_rows_without_any_value_are_counted_whatever_else_is_asked() -> None:
    data = gappy()
    data.loc[data.index[:7], ITEMS] = np.nan
    for options in ({}, {"weights": "weight"}, {"cluster": "shop"}, {"group": "segment"}):
        fit = sl.fit_sem(CFA, data, missing="fiml", **options)
        assert fit.nobs == len(data) - 7
        (note,) = (n for n in fit.notes if n.step == "empty rows")
        assert note.count == 7


def test_moments_of_covariates_are_no_intercepts_and_residuals_to_be_held_equal() -> None:
    options = {"group": "segment", "group_equal": ("intercepts", "residuals", "residual.covariances")}
    table = sl.fit_sem(PATHS, gappy(), missing="fiml", fixed_x=False, **options).tidy()
    own = table.query("lhs == 'z' and rhs in ('z', '') and op in ('~~', '~1')")
    assert own.groupby("op")["est"].nunique().tolist() == [own["group"].nunique()] * 2


def test_clusters_of_copies_are_worth_what_the_originals_were() -> None:
    data = gappy()
    twice = pd.concat([data, data], ignore_index=True)
    twice["who"] = np.tile(np.arange(len(data)), 2)
    one = sl.fit_sem(CFA, data, missing="fiml", estimator="MLR")
    two = sl.fit_sem(CFA, twice, missing="fiml", cluster="who")
    few = np.sqrt(len(data) / (len(data) - 1))  # clusters, unlike rows, are counted less one
    np.testing.assert_allclose(estimates(one) * [1, few], estimates(two), rtol=1e-5, atol=1e-7)


def test_weights_of_groups_move_the_robust_measures_no_more_than_they_move() -> None:
    data = gappy().assign(place=lambda d: np.where(np.arange(len(d)) < 130, "A", "B"))
    nudged = data.assign(w=np.where(data["place"] == "A", 1 + 1e-6, 1.0))
    a = sl.fit_sem(CFA, data.assign(w=1.0), missing="fiml", group="place", weights="w").glance()
    b = sl.fit_sem(CFA, nudged, missing="fiml", group="place", weights="w").glance()
    names = ["cfi_robust", "tli_robust", "rmsea_robust", "chisq_scaled"]
    np.testing.assert_allclose(b[names].astype(float), a[names].astype(float), rtol=1e-5)


@pytest.mark.parametrize("kind", ["expected", "observed", "robust", "first.order"])
def test_standard_errors_of_every_kind_are_about_the_same_where_the_model_holds(kind: str) -> None:
    fit = sl.fit_sem(CFA, gappy(2000), missing="fiml")
    np.testing.assert_allclose(
        np.sqrt(np.diagonal(fit.with_vcov(kind).vcov)), np.sqrt(np.diagonal(fit.vcov)), rtol=0.2
    )


def test_the_bootstrap_spreads_as_the_sandwich_says_on_any_number_of_workers() -> None:
    fit = sl.fit_sem(CHAIN, gappy(400), missing="fiml", estimator="MLR")
    one, two = (fit.bootstrap(600, seed=3, workers=w) for w in (1, 2))
    np.testing.assert_array_equal(one.theta_star, two.theta_star)
    assert one.replicates >= 590
    a, b = (f.tidy().query("free > 0 and op == '~'")["se"].to_numpy() for f in (one, fit))
    np.testing.assert_allclose(a, b, rtol=0.25)
    assert one.effects()["ci_lower"].notna().any()


def test_a_replicate_is_a_fit_to_the_rows_drawn() -> None:
    data = gappy().reset_index(drop=True)
    fit = sl.fit_sem(CFA, data, missing="fiml")
    boot = fit.bootstrap(5, seed=11)
    from satloyal.core.resample import blocks
    from satloyal.models.sem.fiml_bootstrap import IncompleteDraws

    ((_, _, generator),) = blocks(5, 11)
    counts = IncompleteDraws(fit, "nonparametric").resamplers[0].counts(5, generator)
    for b in range(5):
        rows = data.loc[np.repeat(np.arange(len(data)), counts[b].astype(int))]
        again = sl.fit_sem(CFA, rows, missing="fiml")
        error = np.sqrt(np.diagonal(fit.vcov))
        assert (np.abs(again.theta - boot.theta_star[b]) / error).max() < 0.01


def test_parametric_replicates_have_the_same_gaps_and_spread_as_normal_theory_says() -> None:
    fit = sl.fit_sem(CFA, gappy(500), missing="fiml")
    boot = fit.bootstrap(500, seed=4, kind="parametric")
    a, b = (f.tidy().query("free > 0")["se"].to_numpy() for f in (boot, fit))
    np.testing.assert_allclose(a, b, rtol=0.2)


def test_replicates_with_missing_covariates_and_clusters_converge() -> None:
    data = gappy(columns=("v2", "s1"))
    data.loc[::10, "z"] = np.nan
    for missing in ("fiml", "fiml.x"):
        boot = sl.fit_sem(PATHS, data, missing=missing, cluster="shop").bootstrap(60, seed=2)
        assert boot.replicates == 60


def test_checks_say_how_much_is_missing_and_of_what() -> None:
    fit = sl.fit_sem(CFA, gappy(), missing="fiml")
    found = {c.name: c for c in fit.checks}
    assert found["missing values"].status == "pass"
    assert "% of the rows" in found["missing values"].message
    few = respondents()
    few.loc[: len(few) // 2 - 8, "q1"] = np.nan
    few.loc[len(few) // 2 + 8 :, "s3"] = np.nan
    sparse = {c.name: c for c in sl.fit_sem(CFA, few, missing="fiml").checks}["missing values"]
    assert sparse.status == "warn"
    assert "q1 and s3 together" in sparse.message


@pytest.mark.parametrize("estimator", ["GLS", "ULS", "WLS", "MLM", "MLMV"])
def test_estimators_that_need_complete_rows_are_refused(estimator: str) -> None:
    with pytest.raises(sl.SatloyalError, match="complete rows"):
        sl.fit_sem(CFA, gappy(), missing="fiml", estimator=estimator)


def test_errors_from_fourth_moments_are_refused() -> None:
    with pytest.raises(sl.SatloyalError, match="fourth moments need complete rows"):
        sl.fit_sem(CFA, gappy(), missing="fiml").with_vcov("robust.sem")


def test_what_has_no_rows_or_no_such_likelihood_is_refused() -> None:
    matrix = sl.Moments.from_frame(respondents()[ITEMS])
    with pytest.raises(sl.SatloyalError, match="moments"):
        sl.fit_sem(CFA, matrix, missing="fiml")
    with pytest.raises(sl.SatloyalError, match="wishart"):
        sl.fit_sem(CFA, gappy(), missing="fiml", likelihood="wishart")
    with pytest.raises(sl.SatloyalError, match="'fiml'"):
        sl.fit_sem(CFA, gappy(), missing="pairwise")


# --- auxiliary variables: values of semTools 0.5-6, sem.auxiliary(), by reference/make_fiml.R ---

STRUCTURAL = "visual =~ x1 + x2 + x3\nspeed =~ x7 + x8 + x9\nspeed ~ b*visual"


def pupils() -> pd.DataFrame:
    return pd.read_csv(DATA / "holzinger_swineford_incomplete.csv")


def test_auxiliary_variables_give_what_semtools_gives() -> None:
    plain = sl.fit_sem(STRUCTURAL, pupils(), missing="fiml", auxiliary=("x4", "x5"))
    robust = sl.fit_sem(STRUCTURAL, pupils(), missing="fiml", auxiliary=("x4", "x5"), estimator="MLR")
    g = pd.concat([plain.glance(), robust.glance().filter(like="chisq_scaled")])
    theirs = {
        "npar": 36, "df": 8, "chisq": 28.218, "baseline_chisq": 228.809, "baseline_df": 15, "cfi": 0.905,
        "tli": 0.823, "rmsea": 0.092, "srmr": 0.058, "logl": -3024.223, "unrestricted_logl": -3010.114,
        "rmsea_robust": 0.118, "chisq_scaled": 29.291, "baseline_chisq_scaled": 237.490,
    }  # fmt: skip
    for name, value in theirs.items():
        assert g[name] == pytest.approx(value, abs=6e-4), name
    slope = row(plain.tidy(), "speed", "~", "visual")
    assert (slope["est"], slope["se"]) == pytest.approx((0.217, 0.084), abs=6e-4)


def test_auxiliary_variables_beside_covariates_give_what_semtools_gives() -> None:
    model = STRUCTURAL + "\nvisual ~ sex + ageyr"
    g = sl.fit_sem(model, pupils(), missing="fiml", auxiliary=("x4", "x5")).glance()
    theirs = {
        "npar": 47, "df": 18, "chisq": 57.691, "baseline_chisq": 273.691, "baseline_df": 28, "cfi": 0.838,
        "tli": 0.749, "rmsea": 0.086, "srmr": 0.067, "logl": -3624.725, "rmsea_robust": 0.110,
    }  # fmt: skip
    for name, value in theirs.items():
        assert g[name] == pytest.approx(value, abs=6e-4), name


def test_the_robust_cfi_beside_auxiliary_variables_is_that_of_model_and_baseline_fitted_alike() -> None:
    g = sl.fit_sem(STRUCTURAL, pupils(), missing="fiml", auxiliary=("x4", "x5")).glance()
    # lavaan's robust noncentralities of both; its cfi.robust with this baseline, .945, is not theirs
    model, baseline = 33.279018, 292.790320
    assert g["cfi_robust"] == pytest.approx(1 - model / baseline, abs=1e-5)
    assert g["tli_robust"] == pytest.approx(1 - (model / 8) / (baseline / 15), abs=2e-5)
    assert g["rmsea_robust"] ** 2 * 8 * 298 == pytest.approx(model, rel=1e-4)
    # the baseline as a model of its own: unrelated items, auxiliary variables related to everything
    items = ["x1", "x2", "x3", "x7", "x8", "x9"]
    lines = [f"{v} ~~ {v}" for v in [*items, "x4", "x5"]]
    lines += [f"x4 ~~ {' + '.join([*items, 'x5'])}", f"x5 ~~ {' + '.join(items)}"]
    alone = sl.fit_sem("\n".join(lines), pupils(), missing="fiml").glance()
    assert alone["chisq"] == pytest.approx(g["baseline_chisq"], rel=1e-7)
    assert alone["rmsea_robust"] ** 2 * 15 * 298 == pytest.approx(baseline, rel=1e-4)


def test_auxiliary_variables_leave_the_degrees_of_freedom_and_say_that_they_are_there() -> None:
    model = STRUCTURAL + "\nvisual ~ sex + ageyr"
    for options in ({}, {"group": "school", "group_equal": ("loadings", "intercepts", "residuals")}):
        text = STRUCTURAL if options else model
        helped = sl.fit_sem(text, pupils(), missing="fiml", auxiliary="x4", **options)
        alone = sl.fit_sem(text, pupils(), missing="fiml", **options)
        assert helped.converged
        assert helped.df == alone.df
        assert helped.effects()["target"].isin(alone.effects()["target"]).all()
        assert any("x4 beside the model" in n.message for n in helped.notes)


def test_auxiliary_variables_mend_what_depends_on_them() -> None:
    rng = np.random.default_rng(5)
    data = respondents(4000, 12)
    data["why"] = data["v1"] + rng.normal(0, 0.5, len(data))
    whole = row(sl.fit_sem(CFA, data, meanstructure=True).tidy(), "v1", "~1")["est"]
    data.loc[data["why"] > 5.5, "v1"] = np.nan
    without, given = (
        row(sl.fit_sem(CFA, data, missing="fiml", auxiliary=a).tidy(), "v1", "~1")["est"] for a in ((), "why")
    )
    assert abs(given - whole) < 0.05 < abs(without - whole)


def test_auxiliary_variables_that_go_with_the_factors_do_no_harm_to_admissibility() -> None:
    fit = sl.fit_sem(CFA, gappy(), missing="fiml", auxiliary="z")
    assert fit.admissible
    assert fit.bootstrap(50, seed=1).counts["inadmissible"] == 0


def test_auxiliary_variables_that_cannot_be_are_refused() -> None:
    with pytest.raises(sl.SatloyalError, match="missing"):
        sl.fit_sem(STRUCTURAL, pupils(), auxiliary="x4")
    with pytest.raises(sl.SatloyalError, match="in the model already"):
        sl.fit_sem(STRUCTURAL, pupils(), missing="fiml", auxiliary="x1")
    with pytest.raises(sl.SatloyalError, match="x44"):
        sl.fit_sem(STRUCTURAL, pupils(), missing="fiml", auxiliary="x44")


def test_intervals_of_htmt_come_from_all_rows() -> None:
    found = sl.fit_sem(CFA, gappy(), missing="fiml").measurement(replicates=100, seed=1)
    assert any("100 bootstrap replicates" in n.message for n in found.notes)
    assert not any("left out" in n.message for n in found.notes)


# --- score tests: values of lavaan 0.6-14, modindices() and lavTestScore(), by the same script ---

THREE = "visual =~ x1 + x2 + x3\ntextual =~ x4 + x5 + x6\nspeed =~ x7 + x8 + x9"


def test_modification_indices_are_lavaans() -> None:
    data = pd.read_csv(DATA / "holzinger_swineford_missing.csv")
    table = sl.fit_sem(THREE, data, missing="fiml").modindices()
    theirs = (
        ("visual", "=~", "x9", 31.014, 0.473), ("x7", "~~", "x8", 28.910, 0.939),
        ("visual", "=~", "x7", 12.844, -0.343), ("textual", "=~", "x3", 7.349, -0.311),
    )  # fmt: skip
    for lhs, op, rhs, index, change in theirs:
        found = row(table, lhs, op, rhs)
        assert (found["mi"], found["epc"]) == pytest.approx((index, change), abs=6e-4)


def test_score_tests_of_equal_loadings_are_lavaans() -> None:
    data = pd.read_csv(DATA / "holzinger_swineford_missing.csv")
    found = sl.fit_sem(THREE, data, missing="fiml", group="school", group_equal="loadings").score_tests()
    assert found.chisq == pytest.approx(10.395, abs=6e-4)
    assert found.table["chisq"].head(3).tolist() == pytest.approx([0.644, 2.048, 3.170], abs=6e-4)


# --- factor scores: values of lavaan 0.6-14, lavPredict(se = "standard"), by the same script ---


def test_regression_scores_are_expectations_given_what_is_there_as_in_lavaan() -> None:
    fit = sl.fit_sem(THREE, pupils(), missing="fiml")
    scores = fit.factor_scores(se=True)
    assert len(scores) == fit.nobs
    theirs = {
        0: (-1.01133, -0.15881, -0.35169),
        5: (-0.00385, -1.31724, 0.73113),
        8: (-0.32184, 0.38649, -0.01578),
    }
    for i, values in theirs.items():
        assert scores.iloc[i, :3].tolist() == pytest.approx(values, abs=2e-5)
    assert scores.iloc[0, 3:].tolist() == pytest.approx((0.48834, 0.33118, 0.49108), abs=2e-5)


def test_rows_that_leave_no_variance_to_a_sum_are_refused_naming_the_items() -> None:
    data = gappy()
    with pytest.raises(sl.SatloyalError, match=r"no variance to a combination of q[13], q[13]"):
        sl.fit_sem(CFA, data.assign(q3=data["q1"] * 2), missing="fiml")
    with pytest.raises(sl.SatloyalError, match="12 incomplete rows"):
        sl.fit_sem(CFA, data.head(12), missing="fiml")
