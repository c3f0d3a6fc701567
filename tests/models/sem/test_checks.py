"""Checks judge what they say they judge, at their limits, and say what to do."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import satloyal as sl
from models.sem.examples import CFA, CHAIN, LOOP, respondents

NAMES = [f"{factor}{j}" for factor in "qv" for j in (1, 2, 3)]
TWO = "Q =~ q1 + q2 + q3\nV =~ v1 + v2 + v3"


def check(fit, name):
    (found,) = [c for c in fit.checks if c.name == name]
    return found


def implied_matrix(loadings, correlation, n=300, extra=None):
    """Moments that a model of two correlated factors reproduces."""
    L = np.zeros((6, 2))
    L[:3, 0], L[3:, 1] = loadings[:3], loadings[3:]
    cov = L @ np.array([[1, correlation], [correlation, 1]]) @ L.T
    np.fill_diagonal(cov, 1.0)
    for (i, j), value in (extra or {}).items():
        cov[i, j] = cov[j, i] = cov[i, j] + value
    return sl.Moments.from_matrix(cov, n, names=NAMES)


GOOD = [0.8, 0.7, 0.7, 0.8, 0.6, 0.7]


def test_a_sound_fit_passes_and_every_check_has_words():
    fit = sl.fit_sem(CHAIN, respondents(400))
    status = {c.name: c.status for c in fit.checks}
    for name in (
        "convergence",
        "identification",
        "variances",
        "latent correlations",
        "distinct constructs",
        "sample size",
        "approximate fit",
        "multivariate normality",
        "unusual rows",
    ):
        assert status[name] == "pass", name
    assert all(c.message for c in fit.checks)
    assert all(c.advice for c in fit.checks if c.status in ("warn", "fail"))
    assert len(status) == len(fit.checks), "a name stands for one check"


def test_a_negative_variance_fails_with_its_place():
    fit = sl.fit_sem("Q =~ q1 + q2 + q3", sl.Moments.from_matrix(
        [[1, 0.8, 0.7], [0.8, 1, 0.4], [0.7, 0.4, 1]], 100, names=["q1", "q2", "q3"]))  # fmt: skip
    found = check(fit, "variances")
    assert found.status == "fail"
    assert "q1 ~~ q1 = -0.3960" in found.message
    assert "its interval" in found.message
    assert found.value == pytest.approx(0.99 * (1 - 0.8 * 0.7 / 0.4), abs=1e-6)  # divisor n
    assert not fit.admissible
    assert "NOT TO BE USED AS IT IS" in fit.headline()


def test_no_interval_is_claimed_where_there_is_no_standard_error():
    two = sl.Moments.from_matrix(
        [[1, 0.8, 0.7, 0], [0.8, 1, 0.4, 0], [0.7, 0.4, 1, 0], [0, 0, 0, 1]],
        100,
        names=["q1", "q2", "q3", "z"],
    )
    fit = sl.fit_sem("Q =~ q1 + q2 + q3\nz ~ Q", two)
    lost = sl.models.sem.result.replace(fit, vcov=np.full_like(fit.vcov, np.nan))
    assert "interval" not in check(lost, "variances").message


def test_a_latent_correlation_beyond_one_fails():
    fit = sl.fit_sem(TWO, implied_matrix([0.5] * 6, 1.1))
    found = check(fit, "latent correlations")
    assert found.status == "fail"
    assert found.value == pytest.approx(1.1, abs=1e-4)
    assert "Q and V correlate 1.100" in found.message.replace("V and Q", "Q and V")
    assert not fit.admissible


def test_constructs_that_are_nearly_one_are_named():
    found = check(sl.fit_sem(TWO, implied_matrix(GOOD, 0.9)), "distinct constructs")
    assert found.status == "warn"
    assert "Q and V (0.90)" in found.message
    assert check(sl.fit_sem(TWO, implied_matrix(GOOD, 0.8)), "distinct constructs").status == "pass"


def test_a_residual_covariance_beyond_its_variances_fails():
    moments = implied_matrix([0.8, 0.9, 0.7, 0.8, 0.9, 0.7], 0.3, extra={(1, 4): 0.25})
    fit = sl.fit_sem(TWO + "\nq2 ~~ v2", moments)
    assert fit.converged
    found = check(fit, "residual correlations")
    assert found.status == "fail"
    assert found.value == pytest.approx(0.25 / 0.19, abs=1e-3)
    assert "q2 ~~ v2 is a correlation of 1.316" in found.message
    assert not fit.admissible


def test_an_allowed_residual_covariance_passes_and_without_one_nothing_is_judged():
    moments = implied_matrix(GOOD, 0.3, extra={(1, 4): 0.2})
    assert check(sl.fit_sem(TWO + "\nq2 ~~ v2", moments), "residual correlations").status == "pass"
    assert "residual correlations" not in {c.name for c in sl.fit_sem(TWO, moments).checks}


def test_a_saddle_point_is_left_for_the_minimum():
    moments = implied_matrix(GOOD, 0.3)
    model = "Q =~ " + " + ".join(f"start(0)*{name}" for name in NAMES)
    fit = sl.fit_sem(model, moments, std_lv=True)
    plain = sl.fit_sem("Q =~ " + " + ".join(NAMES), moments, std_lv=True)
    assert fit.converged
    assert fit.value == pytest.approx(plain.value, abs=1e-9)
    assert "minimum" not in {c.name for c in fit.checks}


def test_a_saddle_point_with_nothing_beneath_it_is_no_solution():
    # a simulated study of 68 customers: F falls for ever beyond the only point where its slope is zero
    lower = [
        [0.9240],
        [-0.0099, 0.8276],
        [0.2160, 0.2250, 0.9735],
        [0.0925, 0.2008, 0.4468, 1.0167],
        [0.2347, 0.0797, 0.3348, 0.0853, 0.8269],
        [0.1064, 0.0825, 0.3737, 0.3138, 0.4836, 1.1323],
        [0.1375, 0.1551, 0.3429, 0.1563, 0.3177, 0.5213, 1.3116],
        [0.1849, 0.2337, 0.3722, 0.2195, 0.3977, 0.4214, 0.5287, 1.1784],
    ]
    S = np.array([[lower[max(i, j)][min(i, j)] for j in range(8)] for i in range(8)])
    names = ["q1", "q2", "s1", "s2", "t1", "t2", "l1", "l2"]
    model = "\n".join(f"{name} =~ {name.lower()}1 + {name.lower()}2" for name in "QSTL")
    fit = sl.fit_sem(f"{model}\nS ~ Q\nT ~ Q + S\nL ~ S + T", sl.Moments.from_matrix(S, 68, names=names))
    assert not fit.converged
    assert not fit.admissible
    assert fit.tidy()["est"].isna().all()


def test_local_misfit_names_the_pair():
    found = check(sl.fit_sem(TWO, implied_matrix(GOOD, 0.3, extra={(1, 4): 0.3})), "local fit")
    assert found.status == "warn"
    assert "q2 and v2" in found.message


def test_a_cfi_against_nothing_is_no_praise():
    frame = pd.DataFrame(np.random.default_rng(5).standard_normal((100, 3)), columns=["a", "b", "c"])
    fit = sl.fit_sem("b ~ a\nc ~ b", frame)
    assert fit.glance()["baseline_pvalue"] > 0.05
    found = check(fit, "related items")
    assert found.status == "warn"
    assert "CFI, TLI and their kin compare with nothing" in found.message
    assert "related items" not in {c.name for c in sl.fit_sem(CFA, respondents()).checks}


def test_an_rmsea_of_one_degree_of_freedom_is_not_read_as_one_of_fifty():
    fit = sl.fit_sem("v1 ~ q1\ns1 ~ v1", respondents())
    assert fit.df == 1
    assert "with 1 degree of freedom the RMSEA says little" in check(fit, "approximate fit").message
    assert "says little" not in check(sl.fit_sem(CFA, respondents()), "approximate fit").message


def test_too_few_respondents_are_counted():
    found = check(sl.fit_sem(CFA, respondents(80)), "sample size")
    assert found.status == "warn"
    assert "80 respondents for 21 free parameters" in found.message


def test_heavy_tails_and_odd_rows_are_seen():
    frame = respondents(300).select_dtypes("number")
    frame.iloc[:20, :9] = 5 + 6 * np.random.default_rng(1).standard_normal((20, 9))
    fit = sl.fit_sem(CFA, frame)
    assert check(fit, "multivariate normality").status == "warn"
    odd = check(fit, "unusual rows")
    assert odd.status == "warn"
    assert odd.value == pytest.approx(20 / 300, abs=0.02)


def test_moments_have_no_rows_to_judge():
    fit = sl.fit_sem(CFA, sl.Moments.from_frame(respondents()[[*NAMES, "s1", "s2", "s3"]]))
    assert check(fit, "multivariate normality").status == "not_applicable"
    assert check(fit, "unusual rows").status == "not_applicable"


@pytest.mark.parametrize(("clusters", "status"), [(5, "fail"), (20, "warn"), (40, "pass")])
def test_few_clusters_are_no_ground_for_standard_errors(clusters, status):
    frame = respondents(400).assign(shop=np.arange(400) % clusters)
    found = check(sl.fit_sem(CFA, frame, cluster="shop"), "clusters")
    assert (found.status, found.value) == (status, clusters)


def test_weights_tell_the_effective_sample_size():
    fit = sl.fit_sem(CFA, respondents(), weights="weight")
    w = respondents()["weight"]
    assert check(fit, "weights").value == pytest.approx(w.sum() ** 2 / (w**2).sum())


def test_a_definition_without_a_value_is_reported_and_shows_none():
    fit = sl.fit_sem("v1 ~ a*q1\nratio := a/(a - a)\nroot := sqrt(0 - a)\nusual := 2*a", respondents())
    found = check(fit, "defined parameters")
    assert found.status == "warn"
    assert "ratio, root" in found.message
    assert "usual" not in found.message
    table = fit.tidy().set_index("lhs").loc[["ratio", "root"]]
    assert table[["est", "se", "z", "pvalue", "ci_lower", "ci_upper", "std_all"]].isna().all(axis=None)


def test_a_loop_that_explodes_is_not_admissible():
    frame = pd.DataFrame(np.random.default_rng(0).standard_normal((300, 4)), columns=["q1", "z", "s1", "v1"])
    B = np.array([[0, 1.6], [0.9, 0]])
    inner = frame[["v1", "s1"]].to_numpy() * 0.5 + frame[["q1", "z"]].to_numpy()
    frame[["v1", "s1"]] = inner @ np.linalg.inv(np.eye(2) - B).T
    frame["l1"] = frame["s1"] + frame["v1"] + np.random.default_rng(1).standard_normal(300)
    fit = sl.fit_sem(LOOP, frame)
    assert fit.converged
    assert any(c.name == "loops" and c.status == "fail" for c in fit.checks) != fit.admissible


def test_a_saturated_model_is_not_praised_for_its_fit():
    fit = sl.fit_sem("v1 ~ q1", respondents())
    for name in ("exact fit", "approximate fit"):
        assert check(fit, name).status == "not_applicable"
    assert "saturated: its fit cannot be tested" in fit.headline()
    assert "CFI" not in fit.headline()


def test_checks_name_only_rows_that_lie_far_and_the_group_of_the_worst_residual():
    rng = np.random.default_rng(8)
    items = rng.normal(size=(200, 1)) + rng.normal(size=(200, 4))
    data = pd.DataFrame(items, columns=["x1", "x2", "x3", "x4"]).clip(-2, 2)
    model = "F =~ x1 + x2 + x3 + x4"

    def said(frame, name, **options):
        return next(c.message for c in sl.fit_sem(model, frame, **options).checks if c.name == name)

    assert said(data, "unusual rows") == "0 of 200 rows lie far from the rest (p < .001)"
    data.loc[17] = [6.0, -6.0, 6.0, -6.0]
    assert said(data, "unusual rows") == "1 of 200 rows lies far from the rest (p < .001): first 17"
    assert "in group" not in said(data, "local fit")
    grouped = data.assign(g=np.where(np.arange(200) < 100, "with", "without"))
    assert said(grouped, "local fit", group="g").endswith("in group with")


def test_the_scaled_test_is_called_so_and_figures_have_no_leading_zero():
    found = {c.name: c.message for c in sl.fit_sem(CFA, respondents(), estimator="MLR").checks}
    assert " (scaled), p " in found["exact fit"]
    assert "0." not in found["approximate fit"].replace("1.000", "")
