"""Ordinal items given covariates: what the model makes of them, and what it says."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import satloyal as sl
from reference.cases import HERE, load
from satloyal.errors import FitError

SIX = [f"x{i}" for i in range(1, 7)]
MIMIC = """
    visual =~ x1 + x2 + x3
    textual =~ x4 + x5 + x6
    textual ~ b*visual + c*age
    visual ~ a*age + sex
    through := a*b
"""
MIXED = """
    visual =~ c1 + x2 + c3
    textual =~ x4 + x5 + c6
    textual ~ visual + age
    visual ~ age + sex
"""


@pytest.fixture(scope="module")
def pupils() -> pd.DataFrame:
    return pd.read_csv(HERE / "data" / "holzinger_swineford_mixed.csv")


@pytest.fixture(scope="module")
def fit(pupils: pd.DataFrame) -> sl.SemFit:
    return sl.fit_sem(MIMIC, pupils, ordered=SIX)


def estimate(fit: sl.SemFit, term: str, column: str = "est") -> float:
    table = fit.tidy()
    found = table[table["lhs"] + " " + table["op"] + " " + table["rhs"] == term]
    return float(found[column].iloc[0])


CASES = [
    (MIMIC, SIX, {}),
    (MIMIC, SIX, {"parameterization": "theta"}),
    (MIXED, ["x2", "x4", "x5"], {"parameterization": "theta"}),
    (MIXED, ["x2", "x4", "x5"], {"group": "school", "group_equal": ["loadings", "thresholds"]}),
]


@pytest.mark.parametrize(("model", "ordered", "options"), CASES)
def test_derivatives_agree_with_finite_differences(pupils, model, ordered, options) -> None:
    fit = sl.fit_sem(model, pupils, ordered=ordered, **options)
    rng = np.random.default_rng(1)
    theta = fit.theta + 0.05 * rng.normal(size=len(fit.theta))
    h = 1e-6
    for response in fit.input.ordinal.responses(fit.table, fit.rams):
        jacobian = response.at(theta[None]).jacobian[0]
        ends = [response.at(np.stack([theta + s * h * e for e in np.eye(len(theta))])) for s in (1, -1)]
        slopes = (ends[0].statistics - ends[1].statistics).T / (2 * h)
        assert np.allclose(jacobian, slopes, atol=1e-7)
        weight = rng.normal(size=(1, len(jacobian)))
        bent = np.einsum("bkq,k->bq", ends[0].jacobian - ends[1].jacobian, weight[0]) / (2 * h)
        curvature = response.at(theta[None]).curvature(weight)[0]
        assert np.allclose(curvature, bent, atol=1e-5)


def test_covariates_are_given_by_default_and_no_parameters(fit: sl.SemFit) -> None:
    table = fit.tidy()
    of_covariates = table[table["lhs"].isin(["age", "sex"])]
    assert (of_covariates["free"] == 0).all()
    assert any("age, sex: taken as given" in note.message for note in fit.notes)
    assert "given age, sex" in fit.notes[-1].message


def test_they_can_be_modelled_along(pupils: pd.DataFrame, fit: sl.SemFit) -> None:
    along = sl.fit_sem(MIMIC, pupils, ordered=SIX, conditional_x=False)
    same = sl.fit_sem(MIMIC, pupils, ordered=SIX, fixed_x=False)
    assert np.array_equal(along.theta, same.theta)
    assert along.npar == fit.npar + 5  # means, variances and covariance of two covariates
    assert along.df == fit.df
    assert estimate(along, "textual ~ visual") == pytest.approx(estimate(fit, "textual ~ visual"), abs=0.05)


def test_zero_and_unit_of_a_covariate_do_not_matter(pupils: pd.DataFrame, fit: sl.SemFit) -> None:
    other = sl.fit_sem(MIMIC, pupils.assign(age=12 * pupils["age"] + 156), ordered=SIX)
    for name in ("chisq", "chisq_scaled", "df", "cfi", "rmsea", "srmr", "baseline_chisq"):
        assert other.glance()[name] == pytest.approx(fit.glance()[name], abs=1e-5)
    assert estimate(other, "visual ~ age") == pytest.approx(estimate(fit, "visual ~ age") / 12, abs=1e-7)
    assert estimate(other, "visual ~ age", "std_all") == pytest.approx(
        estimate(fit, "visual ~ age", "std_all"), abs=1e-6
    )


def test_delta_and_theta_are_one_model_in_two_scales(pupils: pd.DataFrame, fit: sl.SemFit) -> None:
    theta = sl.fit_sem(MIMIC, pupils, ordered=SIX, parameterization="theta")
    assert theta.glance()["chisq"] == pytest.approx(fit.glance()["chisq"], abs=1e-6)
    for term in ("visual =~ x2", "textual ~ visual", "visual ~ sex", "x4 ~~ x4"):
        assert estimate(theta, term, "std_all") == pytest.approx(estimate(fit, term, "std_all"), abs=1e-5)


def test_the_order_of_groups_and_rows_does_not_matter(pupils: pd.DataFrame) -> None:
    options = {"ordered": SIX, "group": "school", "group_equal": ["loadings", "thresholds"]}
    model = MIMIC.replace("a*", "").replace("b*", "").replace("c*", "").replace("through := ab", "")
    model = "\n".join(line for line in model.splitlines() if ":=" not in line)
    a, b = sl.fit_sem(model, pupils, **options), sl.fit_sem(model, pupils.iloc[::-1], **options)
    assert a.glance()["chisq_scaled"] == pytest.approx(b.glance()["chisq_scaled"], abs=1e-6)


def test_a_covariate_with_a_written_variance_is_modelled_and_stands_beside_given_ones(pupils) -> None:
    fit = sl.fit_sem(MIMIC + "\nage ~~ age", pupils, ordered=SIX)
    assert fit.table.exogenous == ("sex",)
    assert fit.table.observed[-1] == "sex"
    assert fit.converged


@pytest.mark.parametrize(
    ("options", "says"),
    [({"conditional_x": True}, "for ordinal items"),
     ({"ordered": SIX, "conditional_x": True, "fixed_x": False}, "cannot be modelled")],
)  # fmt: skip
def test_what_contradicts_is_refused(pupils: pd.DataFrame, options: dict, says: str) -> None:
    with pytest.raises(FitError, match=says):
        sl.fit_sem(MIMIC, pupils, **options)


def test_residuals_are_lavaans(fit: sl.SemFit) -> None:
    # residuals(fit, type = "raw")$res.cov of lavaan 0.6-14, three digits printed
    raw = fit.residuals()
    assert list(raw.columns) == SIX
    printed = {("x1", "x2"): -0.081, ("x1", "x4"): 0.092, ("x3", "x5"): -0.122, ("x5", "x6"): 0.009}
    for (a, b), value in printed.items():
        assert raw.loc[a, b] == pytest.approx(value, abs=5e-4)
    assert (fit.mean_residuals() == 0).all()
    assert (fit.threshold_residuals()["residual"].abs() < 1e-9).all()
    parts = fit.residual_summary().set_index("part")
    assert parts.loc["slopes", "count"] == 12
    assert np.isfinite(fit.residuals("standardized").to_numpy()).all()


def test_explained_variances_count_what_covariates_explain(fit: sl.SemFit) -> None:
    # lavInspect(fit, "rsquare") of lavaan 0.6-14
    r2 = fit.r2().set_index("variable")["r2"]
    printed = [0.683, 0.209, 0.239, 0.697, 0.799, 0.760, 0.010, 0.293]
    for name, value in zip([*SIX, "visual", "textual"], printed, strict=True):
        assert r2[name] == pytest.approx(value, abs=6e-4)


def test_modification_indices_are_lavaans() -> None:
    case = load("lavaan_extra")["x_given_mimic"]
    fit = case.fit()
    ours, factor = fit.modindices(), fit.effective_n / fit.nobs  # lavaan has n − 1 in one place, n in another
    place = {(r.lhs, r.op, r.rhs): r for r in ours.itertuples()}
    compared = 0
    for row in case.stored["modification_indices"]:
        if row.get("mi") is None:
            continue
        mine = place[row["lhs"], row["op"], row["rhs"]]
        for name in ("mi", "epc", "sepc.lv", "sepc.all", "sepc.nox"):
            value = factor * getattr(mine, name.replace(".", "_"))
            assert value == pytest.approx(row[name], rel=1e-4, abs=1e-4)
            compared += 1
    assert compared > 100


def test_a_difference_test_is_lavaans(pupils: pd.DataFrame, fit: sl.SemFit) -> None:
    # lavTestLRT of lavaan 0.6-14 (Satorra 2000): 1.0611 on 1 df, p = 0.303
    larger = sl.fit_sem(MIMIC + "\nx2 ~ sex", pupils, ordered=SIX)
    test = larger.lrt(fit)
    assert test.statistic == pytest.approx(1.0611, abs=5e-5)
    assert test.pvalue == pytest.approx(0.303, abs=5e-4)


def test_measures_of_constructs_are_of_all_that_varies(fit: sl.SemFit) -> None:
    found = fit.measurement(replicates=20, seed=1)
    table = found.reliability.set_index("construct")
    loadings = [estimate(fit, f"visual =~ {x}", "std_all") for x in ("x1", "x2", "x3")]
    assert table.loc["visual", "ave"] == pytest.approx(np.mean(np.square(loadings)), abs=1e-9)
    assert np.isnan(table.loc["visual", "omega_cat"])
    assert "given covariates" in table.loc["visual", "reason"]
    assert found.htmt.loc["visual", "textual"] == pytest.approx(0.55, abs=0.1)
    pair = found.pairs.iloc[0]
    assert pair["htmt_lower"] < pair["htmt"] < pair["htmt_upper"]


def test_the_bootstrap_estimates_regressions_again(pupils: pd.DataFrame) -> None:
    fit = sl.fit_sem(MIXED, pupils, ordered=["x2", "x4", "x5"])
    boot = fit.bootstrap(60, seed=3, workers=1)
    assert boot.counts["failed"] == 0
    spread = boot.theta_star.std(axis=0, ddof=1) / np.sqrt(np.diag(fit.vcov))
    assert 0.85 < np.median(spread) < 1.2
    assert np.abs(boot.theta_star.mean(axis=0) - fit.theta).max() < 0.25


def test_scores_of_respondents_are_refused(fit: sl.SemFit) -> None:
    with pytest.raises(FitError, match="measurement model"):
        fit.factor_scores()


def test_robust_indices_say_why_they_are_none(fit: sl.SemFit) -> None:
    assert np.isnan(fit.glance()["cfi_robust"])
    assert any(
        "taken as given" in check.message for check in fit.checks if check.name == "robust fit measures"
    )


def test_a_report_says_what_was_given(fit: sl.SemFit) -> None:
    text = sl.report(fit).to_html()
    assert "given age, sex" in text


@pytest.mark.parametrize("options", [{"ordered": SIX}, {"estimator": "MLM"}, {"estimator": "MLR"}])
def test_a_difference_test_does_not_depend_on_the_order_of_variables(pupils, options: dict) -> None:
    visual, textual = "visual =~ x1 + x2 + x3", "textual =~ x4 + x5 + x6"
    smaller = sl.fit_sem(f"{visual}\n{textual}\nvisual ~ age + sex\ntextual ~ visual", pupils, **options)
    tests = [
        sl.fit_sem(text, pupils, **options).lrt(smaller, method="satorra.2000")
        for text in (
            f"{visual}\n{textual}\nvisual ~ age + sex\ntextual ~ visual\nx1 ~~ x4",
            f"{textual}\n{visual}\ntextual ~ visual\nvisual ~ sex + age\nx1 ~~ x4",
        )
    ]
    assert tests[0].statistic == pytest.approx(tests[1].statistic, rel=1e-5)
