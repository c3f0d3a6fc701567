"""The measurement table of fitted models agrees with semTools and says why a value is missing."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import satloyal as sl
from satloyal.core.resample import Resampler
from satloyal.errors import FitError
from satloyal.models.sem.constructs import Construct, MeasurementModel
from satloyal.models.sem.htmt_interval import htmt_interval, htmt_replicates
from satloyal.models.sem.measurement import measurement

PATH = Path(__file__).parents[2] / "core" / "reference" / "measurement.json"
REFERENCE = json.loads(PATH.read_text())["models"]
_FITS = {}


def fitted(name):
    """The reference model, fitted once to the reference covariances (divisor n there)."""
    if name not in _FITS:
        model = REFERENCE[name]
        n = model["nobs"]
        cov = np.array(model["sample_cov"]) * n / (n - 1)
        _FITS[name] = sl.fit_sem(model["syntax"], sl.Moments.from_matrix(cov, n, names=model["items"]))
    return _FITS[name]


def check(found, name):
    return next(c for c in found.checks if c.name == name)


@pytest.mark.parametrize("name", REFERENCE)
def test_reliability_agrees_with_semtools(name):
    table = measurement(fitted(name)).reliability.set_index("construct")
    reference = REFERENCE[name]["reliability"]
    ours = {"alpha": "alpha", "omega": "omega", "omega2": "omega2", "omega3": "omega3", "avevar": "ave"}
    for row, values in zip(reference["rows"], reference["values"], strict=True):
        for construct, value in zip(reference["columns"], values, strict=True):
            found = table.loc[construct, ours[row]]
            expected = np.nan if value is None else value
            assert found == pytest.approx(expected, abs=1e-4, nan_ok=True), (construct, row)


@pytest.mark.parametrize("name", [name for name, model in REFERENCE.items() if "htmt" in model])
@pytest.mark.parametrize("kind", ["htmt", "htmt2"])
def test_htmt_agrees_with_semtools(name, kind):
    found, reference = getattr(measurement(fitted(name)), kind), REFERENCE[name][kind]
    expected = pd.DataFrame(reference["values"], index=reference["rows"], columns=reference["columns"])
    ours = found.loc[reference["rows"], reference["columns"]]
    np.testing.assert_allclose(ours, expected.astype(float), atol=1e-8)


def test_composite_reliability_and_loadings_are_of_the_standardised_solution():
    model = REFERENCE["ecsi4"]
    table = measurement(fitted("ecsi4")).reliability.set_index("construct")
    std = np.array(model["std_loadings"])
    for j, construct in enumerate(model["constructs"]):
        loading = std[std[:, j] != 0, j]
        total = loading.sum() ** 2
        assert table.loc[construct, "cr"] == pytest.approx(total / (total + (1 - loading**2).sum()), abs=1e-4)
        assert table.loc[construct, "ave_std"] == pytest.approx((loading**2).mean(), abs=1e-4)
        assert table.loc[construct, "loading_min"] == pytest.approx(loading.min(), abs=1e-4)


def test_a_second_order_factor_has_omega_but_no_alpha_and_says_why():
    found = measurement(fitted("hs_second_order"))
    row = found.reliability.set_index("construct").loc["g"]
    expected = REFERENCE["hs_second_order"]["reliability_second_order"]["omegaL2"]
    assert row["omega"] == pytest.approx(expected, abs=1e-4)
    assert np.isnan(row["alpha"])
    assert "alpha, omega3: measured by latent variables" in row["reason"]
    assert "g" not in found.htmt.index
    assert not found.pairs[["construct_1", "construct_2"]].isin(["g"]).any(axis=None)


def test_a_single_indicator_has_no_reliability_and_says_why():
    found = measurement(fitted("ecsi_single"))
    row = found.reliability.set_index("construct").loc["Complaints"]
    assert row[["alpha", "omega", "cr", "ave"]].isna().all()
    assert "one indicator" in row["reason"]
    assert check(found, "single-indicator constructs").status == "warn"
    verdicts = found.pairs.set_index(["construct_1", "construct_2"])["verdict"]
    assert verdicts["Complaints", "Loyalty"] == "not testable: Complaints has one indicator"


def test_random_intercepts_without_errors_have_no_reliability_and_say_why():
    rng = np.random.default_rng(1)
    trait, items = rng.normal(size=(300, 1)), ["x1", "x2", "x3"]
    data = pd.DataFrame(trait + rng.normal(size=(300, 3)), columns=items)
    within = "".join(f"w{t} =~ 1*x{t}\nx{t} ~~ 0*x{t}\nRI ~~ 0*w{t}\n" for t in (1, 2, 3))
    found = measurement(
        sl.fit_sem("RI =~ 1*x1 + 1*x2 + 1*x3\n" + within + "w1 ~~ 0*w2 + 0*w3\nw2 ~~ 0*w3", data)
    )
    row = found.reliability.set_index("construct").loc["RI"]
    assert row[["omega", "cr", "maximal", "ave", "omega_lower"]].isna().all()
    assert np.isfinite(row[["alpha", "omega2"]].astype(float)).all()
    assert "omega, cr: all errors are fixed at zero" in row["reason"]
    assert "x1, x2, x3 load on another" in row["reason"]
    assert check(found, "errors fixed at zero").message.startswith("RI has indicators without error")
    assert check(found, "composite reliability").status == "not_applicable"


def test_one_error_fixed_at_zero_leaves_the_others_to_tell():
    rng = np.random.default_rng(2)
    items = rng.normal(size=(300, 1)) + rng.normal(size=(300, 4)) * [0, 1, 1, 1]
    data = pd.DataFrame(items, columns=["x1", "x2", "x3", "x4"])
    found = measurement(sl.fit_sem("F =~ x1 + x2 + x3 + x4\nx1 ~~ 0*x1", data))
    assert 0.5 < found.reliability["omega"].iloc[0] < 0.99
    assert not [c for c in found.checks if c.name == "errors fixed at zero"]


def test_items_with_two_loadings_have_no_ave_and_say_which():
    table = measurement(fitted("hs_cross_and_correlated")).reliability.set_index("construct")
    assert np.isnan(table.loc["visual", "ave"])
    assert "x9 loads on another construct" in table.loc["visual", "reason"]
    assert table.loc["textual", "reason"] == ""


def test_constructs_that_share_an_item_have_no_htmt():
    found = measurement(fitted("hs_cross_and_correlated"))
    assert np.isnan(found.htmt.loc["visual", "speed"])
    assert np.isfinite(found.htmt.loc["visual", "textual"])
    verdicts = found.pairs.set_index(["construct_1", "construct_2"])["verdict"]
    assert "share an item" in verdicts["visual", "speed"]


def test_indistinct_constructs_fail_and_are_named():
    found = measurement(fitted("ecsi4"))
    verdict = check(found, "discriminant validity (HTMT)")
    assert verdict.status == "fail"
    assert verdict.value == pytest.approx(0.9566456745915)
    assert "Satisfaction and Loyalty .957" in verdict.message
    assert "Henseler" in verdict.source
    pairs = found.pairs.set_index(["construct_1", "construct_2"])
    assert pairs.loc[("Satisfaction", "Loyalty"), "verdict"] == "not distinct"
    assert pairs.loc[("Quality", "Value"), "verdict"] == "distinct"


def test_distinct_constructs_pass():
    found = measurement(fitted("hs_cfa"))
    assert check(found, "discriminant validity (HTMT)").status == "pass"
    assert check(found, "discriminant validity (Fornell-Larcker)").status == "pass"
    assert check(found, "discriminant validity (latent correlation)").status == "pass"


def test_weak_convergent_validity_names_its_constructs():
    verdict = check(measurement(fitted("hs_cfa")), "convergent validity")
    assert verdict.status == "warn"
    assert "2 of 3: visual .371, speed .424" in verdict.message


def test_fornell_larcker_puts_correlations_below_the_root_of_ave():
    found = measurement(fitted("hs_cfa"))
    table = found.fornell_larcker
    ave = found.reliability.set_index("construct")["ave"]
    assert table.loc["visual", "visual"] == pytest.approx(np.sqrt(ave["visual"]))
    phi = np.array(REFERENCE["hs_cfa"]["latent_cov"])
    expected = phi[1, 0] / np.sqrt(phi[0, 0] * phi[1, 1])
    assert table.loc["textual", "visual"] == pytest.approx(expected, abs=1e-4)
    assert np.isnan(table.loc["visual", "textual"])


def test_a_model_that_did_not_converge_has_no_model_based_values():
    fit = fitted("hs_cfa")
    found = measurement(replace(fit, solved=False))
    table = found.reliability
    assert table[["omega", "omega2", "omega3", "cr", "ave", "loading_min"]].isna().all(axis=None)
    assert table["alpha"].notna().all()
    assert table["reason"].str.contains("did not converge").all()
    assert found.pairs["latent_cor"].isna().all()
    assert check(found, "convergent validity").status == "not_applicable"


def test_moments_have_htmt_but_no_interval_and_a_note_says_why():
    found = measurement(fitted("hs_cfa"), replicates=100)
    assert found.htmt.notna().all(axis=None)
    assert found.pairs["htmt_upper"].isna().all()
    assert "rows cannot be drawn again" in str(found.notes[0])


def simulated(n=300, correlation=0.6, seed=3):
    """Two constructs of three items each."""
    rng = np.random.default_rng(seed)
    factors = rng.multivariate_normal([0, 0], [[1, correlation], [correlation, 1]], size=n)
    items = np.repeat(factors, 3, axis=1) * 0.8 + 0.6 * rng.normal(size=(n, 6))
    return pd.DataFrame(items, columns=["s1", "s2", "s3", "l1", "l2", "l3"])


TWO = "SAT =~ s1 + s2 + s3\nLOY =~ l1 + l2 + l3"


def test_the_interval_of_htmt_is_reproducible_and_holds_the_truth():
    fit = sl.fit_sem(TWO, simulated())
    first, second = (measurement(fit, replicates=600, seed=5).pairs for _ in range(2))
    pd.testing.assert_frame_equal(first, second)
    row = first.iloc[0]
    assert row["htmt_lower"] < 0.6 < row["htmt_upper"]
    assert row["htmt_lower"] < row["htmt"] < row["htmt_upper"]
    assert row["htmt2_lower"] < row["htmt2"] < row["htmt2_upper"]


def test_a_seed_of_its_own_gives_other_numbers():
    fit = sl.fit_sem(TWO, simulated())
    a, b = (measurement(fit, replicates=200, seed=s).pairs["htmt_lower"][0] for s in (1, 2))
    assert a != b


def test_an_interval_that_reaches_ninety_leaves_the_verdict_open():
    fit = sl.fit_sem(TWO, simulated(n=60, correlation=0.75, seed=8))
    row = measurement(fit, replicates=400, seed=1).pairs.iloc[0]
    assert row["htmt"] < 0.90 <= row["htmt_upper"]
    assert row["verdict"].startswith("inconclusive")


def test_doubled_rows_in_clusters_leave_the_interval_as_it_was():
    """Each respondent twice adds no information; drawn as clusters, they give none."""
    frame = simulated(n=150)
    twice = pd.concat([frame, frame], ignore_index=True).assign(person=np.tile(np.arange(150), 2))
    width = {}
    for name, fit in {
        "once": sl.fit_sem(TWO, frame),
        "clustered": sl.fit_sem(TWO, twice, cluster="person"),
        "as if new": sl.fit_sem(TWO, twice),
    }.items():
        row = measurement(fit, replicates=2000, seed=1).pairs.iloc[0]
        width[name] = row["htmt_upper"] - row["htmt_lower"]
    assert width["clustered"] == pytest.approx(width["once"], rel=0.1)
    assert width["as if new"] < 0.8 * width["once"]


def test_weights_travel_with_their_rows():
    frame = simulated(n=200)
    weights = np.where(np.arange(200) < 100, 1.0, 3.0)
    repeated = frame.loc[np.repeat(np.arange(200), weights.astype(int))]
    weighted = measurement(sl.fit_sem(TWO, frame, weights=weights))
    np.testing.assert_allclose(weighted.htmt, measurement(sl.fit_sem(TWO, repeated)).htmt, rtol=1e-8)


def test_a_path_model_has_nothing_to_measure():
    moments = sl.Moments.from_matrix(
        [[1, 0.5, 0.4], [0.5, 1, 0.6], [0.4, 0.6, 1]], 200, names=["SAT", "TRU", "LOY"], kind="cor"
    )
    found = measurement(sl.fit_sem("TRU ~ SAT\nLOY ~ TRU", moments))
    assert found.reliability.empty
    assert found.pairs.empty
    assert found.htmt.shape == (0, 0)
    assert {c.status for c in found.checks} == {"not_applicable"}
    json.dumps(found.to_dict(), allow_nan=False)
    assert "<table" in found._repr_html_()


def test_an_interval_that_reaches_one_fails():
    fit = sl.fit_sem(TWO, simulated(correlation=0.97))
    verdict = check(measurement(fit, replicates=400, seed=1), "discriminant validity (HTMT interval)")
    assert verdict.status == "fail"
    assert "cannot tell the constructs apart" in verdict.message


def test_groups_stand_beside_each_other():
    frame = pd.concat([simulated(seed=1), simulated(seed=2)], ignore_index=True)
    frame["brand"] = np.repeat(["A", "B"], 300)
    fit = sl.fit_sem(TWO, frame, group="brand")
    found = measurement(fit, replicates=100, seed=1)
    assert found.reliability["group"].tolist() == ["A", "A", "B", "B"]
    assert found.htmt.loc["B"].loc["SAT", "LOY"] == found.htmt.loc[("B", "SAT"), "LOY"]
    alone = measurement(sl.fit_sem(TWO, frame[frame["brand"] == "B"]))
    both = found.reliability.query("group == 'B'").reset_index(drop=True)
    np.testing.assert_allclose(both["omega"], alone.reliability["omega"], rtol=1e-4)
    assert "[A]" in check(found, "composite reliability").message


def test_a_negative_residual_variance_is_flagged():
    fit = fitted("hs_cfa")
    theta = np.array(fit.theta)
    row = next(r for r in fit.table.rows if (r.lhs, r.op, r.rhs) == ("x1", "~~", "x1"))
    theta[row.free - 1] = -0.1
    verdict = check(measurement(replace(fit, theta=theta)), "measurement admissibility")
    assert verdict.status == "fail"
    assert "x1" in verdict.message


@pytest.mark.parametrize(("option", "value"), [("level", 1.5), ("replicates", -1)])
def test_bad_arguments_are_refused(option, value):
    with pytest.raises(FitError, match=option):
        measurement(fitted("hs_cfa"), **{option: value})


def test_it_renders_as_text_html_and_json():
    found = measurement(fitted("ecsi_single"))
    assert "Reliability" in str(found)
    assert "[warn] single-indicator constructs" in repr(found)
    assert "<table" in found._repr_html_()
    json.dumps(found.to_dict(), allow_nan=False)


def test_replicates_without_a_value_are_counted_and_left_out():
    """An item that few respondents answered differently is constant in some resamples."""
    frame = simulated(n=40)
    frame["s1"] = np.where(np.arange(40) < 2, 1.0, 0.0)
    rows = Resampler(frame.to_numpy())
    drawn = htmt_replicates(rows, [[0, 1, 2], [3, 4, 5]], 300, seed=1)["htmt"][:, 0, 1]
    lost = int(np.isnan(drawn).sum())
    assert lost > 0
    constructs = [
        Construct("SAT", ("s1", "s2", "s3"), (0, 1, 2), ()),
        Construct("LOY", ("l1", "l2", "l3"), (3, 4, 5), ()),
    ]
    intervals, notes = htmt_interval(rows, constructs, 300, 1, 0.9)
    assert np.isfinite(intervals["htmt"]["SAT", "LOY"]).all()
    assert f"{lost} of 300 replicates" in str(notes[1])


def test_a_second_order_factor_is_not_testable_by_htmt_against_others():
    rng = np.random.default_rng(4)
    g, other = rng.multivariate_normal([0, 0], [[1, 0.5], [0.5, 1]], size=400).T
    parts = [0.8 * g + 0.6 * rng.normal(size=400) for _ in range(3)] + [other]
    items = {
        f"{'abcd'[k]}{i}": 0.8 * f + 0.6 * rng.normal(size=400) for k, f in enumerate(parts) for i in range(3)
    }
    text = "\n".join(f"{c.upper()} =~ {c}0 + {c}1 + {c}2" for c in "abcd") + "\nG =~ A + B + C\nD ~~ G"
    pairs = measurement(sl.fit_sem(text, pd.DataFrame(items))).pairs.set_index(["construct_1", "construct_2"])
    assert pairs.loc[("D", "G"), "verdict"] == "not testable by HTMT: G is measured by latent variables"
    assert pairs.loc[("D", "G"), "latent_cor"] == pytest.approx(0.5, abs=0.15)
    assert ("A", "G") not in pairs.index


def test_coefficients_of_a_batch_equal_a_loop():
    fit = fitted("ecsi4")
    theta = fit.theta * np.random.default_rng(2).uniform(0.9, 1.1, (5, len(fit.theta)))
    whole = MeasurementModel.of(fit, 0, theta)
    for construct in whole.constructs:
        together = whole.coefficients(construct)
        for i, one in enumerate(theta):
            alone = MeasurementModel.of(fit, 0, one).coefficients(construct)
            for name, value in alone.items():
                np.testing.assert_allclose(together[name][i], value[0], rtol=1e-12)


def test_units_of_the_items_do_not_matter_where_they_should_not():
    model = REFERENCE["ecsi4"]
    n, scale = model["nobs"], np.diag(np.linspace(0.5, 3, len(model["items"])))
    cov = scale @ np.array(model["sample_cov"]) @ scale * n / (n - 1)
    moved = measurement(sl.fit_sem(model["syntax"], sl.Moments.from_matrix(cov, n, names=model["items"])))
    here = measurement(fitted("ecsi4"))
    np.testing.assert_allclose(moved.htmt, here.htmt, rtol=1e-9)
    for name in ("cr", "ave_std", "loading_min"):
        np.testing.assert_allclose(moved.reliability[name], here.reliability[name], rtol=1e-4)
