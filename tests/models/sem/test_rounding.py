"""What the digits of a published matrix leave open is simulated, counted, and said."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import satloyal as sl
from models.sem.examples import CFA, MEDIATION, respondents, row
from satloyal.errors import FitError

NAMES = ["q1", "v1", "s1"]
TABLE = [[1], [0.66, 1], [0.57, 0.53, 1]]
SUM = [[1.0, 0.66, 0.91], [0.66, 1.0, 0.92], [0.91, 0.92, 1.0]]
IMPOSSIBLE = [[1, 0.9, -0.9], [0.9, 1, 0.9], [-0.9, 0.9, 1]]


def printed(matrix=TABLE, n=476, names=NAMES, kind="cor", decimals=2, **options):
    return sl.Moments.from_matrix(matrix, n, names=names, kind=kind, decimals=decimals, **options)


def measured(decimals=2, n=240):
    frame = respondents(n)
    names = [f"{f}{j}" for f in "qvs" for j in (1, 2, 3)]
    return printed(frame[names].corr().round(decimals), n, names=None, decimals=decimals)


def check(fit, name):
    return next(c for c in fit.checks if c.name == name)


@pytest.fixture(scope="module")
def simple():
    return sl.fit_sem("v1 ~ b*q1", printed()).rounding(4000, seed=1)


def test_the_slope_of_one_correlation_has_the_range_of_that_correlation(simple):
    slope = row(simple.tidy(), "v1", "~", "q1")
    assert slope["min"] == pytest.approx(0.655, abs=1e-4)
    assert slope["max"] == pytest.approx(0.665, abs=1e-4)
    assert slope["lower"] == pytest.approx(0.66 - 0.95 * 0.005, abs=1e-4)
    assert slope["upper"] == pytest.approx(0.66 + 0.95 * 0.005, abs=1e-4)
    assert slope["range_se"] == pytest.approx((slope["max"] - slope["min"]) / slope["se"])


def test_a_residual_variance_is_one_minus_its_square(simple):
    variance = row(simple.tidy(), "v1", "~~", "v1")
    assert variance["min"] == pytest.approx((1 - 0.665**2) * 475 / 476, abs=1e-4)
    assert variance["max"] == pytest.approx((1 - 0.655**2) * 475 / 476, abs=1e-4)


def test_standard_deviations_scale_the_range():
    found = sl.fit_sem("v1 ~ q1", printed(sd=[2.0, 3.0, 1.0])).rounding(4000, seed=1)
    slope = row(found.tidy(), "v1", "~", "q1")
    assert slope["max"] - slope["min"] == pytest.approx(0.01 * 1.5, rel=0.01)
    assert any("standard deviations are taken as exact" in n.message for n in found.notes)


def test_the_range_of_chi_square_is_that_of_the_closed_form():
    # without an arrow from q1 to v1, F = −log(1 − r²)
    found = sl.fit_sem("v1 ~ 0*q1", printed()).rounding(3000, seed=1).glance()
    assert found["chisq_min"] == pytest.approx(-476 * np.log(1 - 0.655**2), rel=1e-3)
    assert found["chisq_max"] == pytest.approx(-476 * np.log(1 - 0.665**2), rel=1e-3)
    assert found["chisq_lower"] < found["chisq"] < found["chisq_upper"]


@pytest.mark.parametrize("options", [{}, {"likelihood": "wishart"}, {"estimator": "GLS"}])
def test_replicates_are_the_fits_to_the_drawn_matrices(options):
    data = measured()
    fit = sl.fit_sem(CFA, data, **options)
    found = fit.rounding(5, seed=3)
    generator = np.random.default_rng(np.random.SeedSequence(3).spawn(1)[0])
    covs = fit.input.moments.printed.draws(5, generator).covs * data.n / (data.n - 1)
    for cov, theta, value in zip(covs, found.theta_star, found.value_star, strict=True):
        if "estimator" in options:  # the weight matrix of the fit is kept
            continue
        again = sl.fit_sem(CFA, sl.Moments.from_matrix(cov, data.n, names=fit.table.observed), **options)
        np.testing.assert_allclose(theta, again.theta, atol=1e-6)
        assert fit.effective_n * value == pytest.approx(again.glance()["chisq"], abs=1e-6)
    assert found.counts["used"] == 5
    kept = any("weight matrix of the fit is kept" in n.message for n in found.notes)
    assert kept == ("estimator" in options)


def test_a_covariance_of_integers_has_rounded_variances_too():
    data = printed([[40, 20, 10], [20, 50, 15], [10, 15, 60]], kind="cov", decimals=0)
    found = sl.fit_sem("v1 ~ q1", data).rounding(2000, seed=1)
    variance = row(found.tidy(), "v1", "~~", "v1")
    # v − c²/q with v = 50, c = 20, q = 40, each within half a unit
    assert variance["max"] <= (50.5 - 19.5**2 / 40.5) * 475 / 476
    assert variance["min"] >= (49.5 - 20.5**2 / 39.5) * 475 / 476
    assert variance["max"] - variance["min"] > 1.5


def test_defined_parameters_have_a_range():
    found = sl.fit_sem(MEDIATION, printed()).rounding(500, seed=1)
    table = found.tidy()
    a, b = row(table, "v1", "~", "q1"), row(table, "s1", "~", "v1")
    indirect = row(table, "indirect", ":=")
    assert a["min"] * b["min"] <= indirect["min"] < indirect["est"] < indirect["max"] <= a["max"] * b["max"]


def test_more_digits_leave_less_open():
    wide, narrow = (sl.fit_sem(CFA, measured(d)).rounding(200, seed=1).tidy() for d in (1, 3))
    assert (narrow["range_se"] < 0.05 * wide["range_se"]).all()


def test_the_check_warns_where_rounding_is_a_matter_beside_sampling():
    coarse = sl.fit_sem(CFA, measured(1)).rounding(200, seed=1)
    assert check(coarse, "rounding").status == "warn"
    assert check(coarse, "rounding").value == pytest.approx(coarse.tidy()["range_se"].max())
    fine = sl.fit_sem(CFA, measured(3)).rounding(200, seed=1)
    assert check(fine, "rounding").status == "pass"
    assert check(fine, "rounding").threshold == 1.0


def test_the_seed_fixes_the_numbers():
    fit = sl.fit_sem(CFA, measured())
    one, two, other = (fit.rounding(300, seed=s) for s in (1, 1, 2))
    pd.testing.assert_frame_equal(one.tidy(), two.tidy())
    assert not np.array_equal(one.theta_star, other.theta_star)


def test_the_fit_itself_does_not_change():
    frame = sl.fit_sem(MEDIATION, printed()).tidy()
    pd.testing.assert_frame_equal(frame, sl.fit_sem(MEDIATION, printed(decimals=None)).tidy())


def test_a_saturated_model_has_no_chi_square_to_tell_of():
    found = sl.fit_sem(MEDIATION, printed()).rounding(100, seed=1)
    assert "χ²" not in found.headline()
    assert found.glance()["chisq_max"] == pytest.approx(0, abs=1e-6)
    assert "χ²" in sl.fit_sem("v1 ~ q1\ns1 ~ v1", printed()).rounding(100, seed=1).headline()


def test_it_is_a_fit_like_any_other():
    found = sl.fit_sem(MEDIATION, printed()).rounding(200, seed=1)
    assert "standard errors" in found.headline()
    text = found.summary()
    assert "[pass] rounding" in text
    assert "seed 1" in text
    assert found.to_dict()["glance"]["used"] == 200
    assert (found.conf_int()["ci_lower"] < found.params).all()
    assert len(found.bse) == len(found.pvalues) == len(found.params)
    assert "<table" in found._repr_html_()


# --- smoothing ---


def test_smoothing_that_rounding_explains_is_a_warning():
    fit = sl.fit_sem("s1 ~ q1 + v1", printed(SUM, smooth=True))
    found = check(fit, "smoothed matrix")
    assert found.status == "warn"
    assert found.value <= 0.005
    assert any(n.step == "smoothing" for n in fit.notes)


def test_smoothing_that_rounding_cannot_explain_is_a_failure():
    fit = sl.fit_sem("s1 ~ q1 + v1", printed(IMPOSSIBLE, smooth=True, decimals=1))
    assert check(fit, "smoothed matrix").status == "fail"
    assert "NOT TO BE USED" in fit.headline()


def test_without_smoothing_there_is_no_check():
    assert all(c.name != "smoothed matrix" for c in sl.fit_sem(MEDIATION, printed(smooth=True)).checks)


def test_rejected_matrices_are_counted():
    found = sl.fit_sem("s1 ~ q1 + v1", printed(SUM, smooth=True)).rounding(200, seed=1)
    c = found.counts
    assert c["rejected"] > 0
    assert found.glance()["rejected_share"] == pytest.approx(c["rejected"] / c["drawn"])
    assert c["used"] + c["failed"] == c["requested"] == 200


def test_where_no_matrix_can_be_drawn_nothing_is_claimed():
    found = sl.fit_sem("s1 ~ q1 + v1", printed(IMPOSSIBLE, smooth=True, decimals=1)).rounding(100, seed=1)
    assert not found.converged
    assert found.headline().startswith("TOO MANY REPLICATES FAILED: 100 of 100")
    assert found.tidy()[["min", "max", "lower", "upper"]].isna().all(axis=None)
    assert check(found, "rounding refits").status == "fail"
    assert check(found, "rounding").status == "not_applicable"


def test_refits_that_are_not_admissible_are_counted_and_told():
    # λ₁² = r₁₂ r₁₃ / r₂₃ = 1.03 beyond one, whatever the second decimal
    near = printed([[1], [0.85, 1], [0.85, 0.70, 1]])
    found = sl.fit_sem("F =~ q1 + v1 + s1", near).rounding(200, seed=1)
    assert found.counts["inadmissible"] > 0.5 * found.counts["used"]
    assert check(found, "rounding admissibility").status == "warn"
    plain = sl.fit_sem("F =~ q1 + v1 + s1", printed()).rounding(200, seed=1)
    assert plain.counts["inadmissible"] == 0
    assert check(plain, "rounding admissibility").status == "pass"


# --- refusals ---


def test_rows_and_unstated_decimals_are_refused():
    with pytest.raises(FitError, match="the data are rows"):
        sl.fit_sem(MEDIATION, respondents(100)).rounding()
    with pytest.raises(FitError, match="decimals of the matrix are not known"):
        sl.fit_sem(MEDIATION, printed(decimals=None)).rounding()


@pytest.mark.parametrize("options", [
    {"replicates": 0}, {"replicates": 1}, {"replicates": -5}, {"replicates": 2.5}, {"replicates": "many"},
    {"replicates": True}, {"seed": -1}, {"seed": "a"}, {"seed": 1.5}, {"seed": True},
])  # fmt: skip
def test_bad_options_are_named(options):
    with pytest.raises(FitError, match=f"{next(iter(options))} is"):
        sl.fit_sem(MEDIATION, printed()).rounding(**options)


def test_a_fit_that_did_not_converge_has_no_range():
    from dataclasses import replace

    fit = replace(sl.fit_sem(MEDIATION, printed()), solved=False)
    found = fit.rounding(100)
    assert found.headline().startswith("DID NOT CONVERGE")
    assert found.tidy()[["est", "min", "max"]].isna().all(axis=None)
    assert np.isnan(found.glance()["chisq_min"])
