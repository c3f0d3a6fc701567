"""A fit that failed is still a value, shows no number that may be used, and says so first."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
import pytest

import satloyal as sl
from models.sem.examples import CFA, MEDIATION, respondents, row

# two items a factor and no correlation between the factors: the likelihood has no maximum
LOST = "Q =~ q1 + q2\nV =~ v1 + v2\nd := 2*x\nQ ~~ x*V"
NEVER = [[1, 0.3, 0.02, -0.02], [0.3, 1, -0.02, 0.02], [0.02, -0.02, 1, 0.3], [-0.02, 0.02, 0.3, 1]]


@cache
def lost():
    fit = sl.fit_sem("v1 ~ q1 + z\nv1 ~~ 0*v1\ng := 2 + 0*q\nv1 ~ q*q1", respondents())
    assert not fit.converged
    return fit


def test_the_first_line_says_that_it_did_not_converge():
    fit = lost()
    assert fit.headline().startswith("DID NOT CONVERGE: no number of this model may be used")
    assert fit.summary().startswith("DID NOT CONVERGE")
    assert fit.to_dict()["headline"].startswith("DID NOT CONVERGE")
    assert not fit.admissible


def test_the_only_check_is_the_failure_with_its_reason_and_a_way_on():
    (check,) = lost().checks
    assert (check.name, check.status) == ("convergence", "fail")
    assert "none could be tried" in check.message
    assert "fixed to 0" in check.advice


def test_no_table_holds_a_number():
    fit = lost()
    for table in (fit.tidy(), fit.standardized(), fit.standardized("std_lv")):
        assert table[["est", "se", "z", "pvalue", "ci_lower", "ci_upper"]].isna().all(axis=None)
    assert fit.tidy()[["std_lv", "std_all"]].isna().all(axis=None)
    glance = fit.glance()
    assert glance.drop(["npar", "ntotal"]).isna().all()
    assert fit.r2()["r2"].isna().all()
    assert fit.effects().select_dtypes("number").drop(columns="group", errors="ignore").isna().all(axis=None)
    for kind in ("raw", "cor", "normalized"):
        assert fit.residuals(kind).isna().all(axis=None)
    assert all(sigma.isna().all(axis=None) for sigma, _ in fit.implied())
    assert np.isnan(fit.vcov).all()


def test_means_of_a_lost_fit_are_not_shown_either():
    fit = sl.fit_sem("v1 ~ q1\nv1 ~~ 0*v1", respondents(), meanstructure=True)
    assert not fit.converged
    assert all(mu is None or mu.isna().all() for _, mu in fit.implied())


def test_another_covariance_matrix_does_not_revive_it():
    for kind in ("expected", "observed", "robust"):
        again = lost().with_vcov(kind)
        assert again.tidy()["se"].isna().all()
        assert again.headline().startswith("DID NOT CONVERGE")


def test_its_bootstrap_has_no_replicates_and_no_intervals():
    boot = lost().bootstrap(200, seed=1)
    assert boot.replicates == 0
    assert not boot.converged
    assert boot.headline().startswith("DID NOT CONVERGE")
    assert boot.tidy()[["est", "se", "ci_lower", "ci_upper"]].isna().all(axis=None)


def test_its_reliability_is_not_claimed():
    lost_cfa = sl.fit_sem(CFA + "\nS ~ Q + V\nS ~~ 0*S\ns1 ~~ 0*s1\ns2 ~~ 0*s2", respondents())
    if not lost_cfa.converged:
        assert lost_cfa.measurement().reliability[["omega", "ave"]].isna().all(axis=None)


def test_a_likelihood_without_maximum_is_no_solution():
    fit = sl.fit_sem(LOST, sl.Moments.from_matrix(NEVER, 100, names=["q1", "q2", "v1", "v2"]))
    usable = fit.converged and not fit.failed_checks()
    assert not usable
    assert "DID NOT CONVERGE" in fit.headline() or "NOT TO BE USED" in fit.headline()


def test_empirical_under_identification_is_said_where_it_is():
    """Two items a factor can be fitted only through a correlation of the factors, and here it is nil."""
    cor = [[1, 0.4, 0, 0], [0.4, 1, 0, 0], [0, 0, 1, 0.4], [0, 0, 0.4, 1]]
    fit = sl.fit_sem(
        "Q =~ q1 + q2\nV =~ v1 + v2", sl.Moments.from_matrix(cor, 200, names=["q1", "q2", "v1", "v2"])
    )
    assert "NOT TO BE USED" in fit.headline() or "DID NOT CONVERGE" in fit.headline()
    if fit.converged:
        (check,) = [c for c in fit.checks if c.name == "identification"]
        assert check.status == "fail"
        assert "Q" in check.message
        assert fit.tidy().query("free > 0")["se"].isna().all(), "no standard error without identification"


def test_a_heywood_case_keeps_its_numbers_but_not_its_claim():
    cov = [[1, 0.8, 0.7], [0.8, 1, 0.4], [0.7, 0.4, 1]]
    fit = sl.fit_sem("Q =~ q1 + q2 + q3", sl.Moments.from_matrix(cov, 100, names=["q1", "q2", "q3"]))
    assert fit.converged
    assert not fit.admissible
    assert "negative (a Heywood case): q1 ~~ q1" in fit.headline()
    assert row(fit.tidy(), "q1", "~~", "q1")["est"] < 0
    r2 = fit.r2().set_index("variable")["r2"]
    assert np.isnan(r2["q1"])
    assert np.isfinite(r2[["q2", "q3"]]).all()


def test_a_negative_latent_variance_leaves_standardised_values_undefined():
    cov = [[1, -0.1, -0.2], [-0.1, 1, -0.15], [-0.2, -0.15, 1]]
    fit = sl.fit_sem("Q =~ 1*q1 + 1*q2 + 1*q3", sl.Moments.from_matrix(cov, 100, names=["q1", "q2", "q3"]))
    assert fit.converged
    assert row(fit.tidy(), "Q", "~~", "Q")["est"] < 0
    assert not fit.admissible
    loading = row(fit.tidy(), "Q", "=~", "q2")
    assert np.isnan([loading["std_all"], loading["std_lv"]]).all()


def test_a_saturated_model_claims_no_fit():
    fit = sl.fit_sem(MEDIATION, respondents())
    glance = fit.glance()
    assert fit.df == 0
    assert glance["chisq"] == pytest.approx(0, abs=1e-8)
    assert np.isnan(glance["pvalue"])
    assert np.isnan(glance[["rmsea_pvalue", "cn_05"]]).all()
    assert "The model is saturated: its fit cannot be tested" in fit.headline()
    assert fit.admissible


def test_a_model_with_nothing_to_estimate_is_a_fit():
    fit = sl.fit_sem("v1 ~~ 1*v1\nq1 ~~ 1*q1\nv1 ~~ 0*q1", respondents())
    assert fit.converged
    assert fit.table.q == 0
    assert fit.df == 3
    frame = respondents()[["v1", "q1"]]
    S = frame.cov(ddof=0).to_numpy()
    expected = 240 * (np.trace(S) - np.log(np.linalg.det(S)) - 2)
    assert fit.glance()["chisq"] == pytest.approx(expected)
    assert isinstance(fit.tidy(), pd.DataFrame)
