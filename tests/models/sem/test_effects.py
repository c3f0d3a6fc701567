"""Effects of fitted models agree with lavaan's defined parameters, and their parts add up."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import satloyal as sl
from satloyal.errors import FitError
from satloyal.models.sem.effects import EffectPlan, effects, effects_of, stability_checks

REFERENCE = json.loads((Path(__file__).parent / "reference" / "effects.json").read_text())["models"]
KEY = ["source", "target", "kind", "path"]
_FITS = {}


def fitted(name):
    """The reference model, fitted once to the reference covariances."""
    if name not in _FITS:
        model = REFERENCE[name]
        moments = sl.Moments.from_matrix(model["cov_unbiased"], model["nobs"], names=model["names"])
        _FITS[name] = sl.fit_sem(model["syntax"], moments)
    return _FITS[name]


@pytest.mark.parametrize("name", REFERENCE)
def test_effects_errors_and_intervals_agree_with_lavaan(name):
    table = effects(fitted(name)).set_index(KEY)
    for expected in REFERENCE[name]["effects"]:
        row = table.loc[tuple(expected[k] for k in KEY)]
        for figure in ("est", "se", "std_all", "ci_lower", "ci_upper"):
            assert row[figure] == pytest.approx(expected[figure], rel=1e-4, abs=2e-5), (
                expected["path"],
                figure,
            )


@pytest.mark.parametrize("name", REFERENCE)
def test_parts_add_up_to_the_total(name):
    table = effects(fitted(name))
    for (_, _), pair in table.groupby(["source", "target"]):
        by_kind = pair.groupby("kind")[["est", "std_all"]].sum()
        parts = by_kind.loc[by_kind.index.intersection(["direct", "indirect", "loops"])].sum()
        np.testing.assert_allclose(parts, by_kind.loc["total"], atol=1e-10)
        if "total_indirect" in by_kind.index:
            both = by_kind.loc[by_kind.index.intersection(["direct", "total_indirect"])].sum()
            np.testing.assert_allclose(both, by_kind.loc["total"], atol=1e-10)


def test_effects_run_downstream_in_the_table():
    sources = list(dict.fromkeys(effects(fitted("ecsi4"))["source"]))
    assert sources == ["Quality", "Value", "Satisfaction"]
    assert list(dict.fromkeys(effects(fitted("feedback"))["source"]))[:2] == ["QUA", "IMG"]


def test_groups_have_effects_of_their_own():
    model = REFERENCE["ecsi4"]
    rng = np.random.default_rng(1)
    rows = rng.multivariate_normal(np.zeros(15), model["cov_unbiased"], size=600)
    frame = pd.DataFrame(rows, columns=model["names"]).assign(brand=np.repeat(["A", "B"], 300))
    frame.loc[300:, ["CUSL1", "CUSL2", "CUSL3"]] *= 2
    text = model["syntax"].replace("v*", "").replace("q*", "").replace("w*", "").replace("s*", "")
    table = effects(sl.fit_sem(text, frame, group="brand"), "Quality", "Loyalty")
    for label in ("A", "B"):
        alone = effects(sl.fit_sem(text, frame[frame["brand"] == label]), "Quality", "Loyalty")
        together = table[table["group"] == label]
        np.testing.assert_allclose(together["est"], alone["est"], rtol=1e-3)
        np.testing.assert_allclose(together["se"], alone["se"], rtol=1e-3)


def test_source_and_target_keep_only_their_effects():
    table = effects(fitted("ecsi4"), "Quality", "Loyalty")
    assert set(zip(table["source"], table["target"], strict=True)) == {("Quality", "Loyalty")}
    whole = effects(fitted("ecsi4")).query("source == 'Quality' and target == 'Loyalty'")
    np.testing.assert_allclose(table["est"], whole["est"])


def test_items_are_measurement_and_not_effects():
    table = effects(fitted("ecsi4"))
    assert set(table["source"]) | set(table["target"]) == {"Quality", "Value", "Satisfaction", "Loyalty"}


def test_loadings_alone_are_no_effects():
    """In a second-order model without a covariate nothing is regressed on anything."""
    model = REFERENCE["second_order"]
    moments = sl.Moments.from_matrix(model["cov_unbiased"], model["nobs"], names=model["names"])
    text = "\n".join(line for line in model["syntax"].split("\n") if "ageyr" not in line)
    table = effects(sl.fit_sem(text, moments))
    assert table.empty
    assert list(table.columns) == [
        *KEY,
        "group",
        "est",
        "se",
        "z",
        "pvalue",
        "ci_lower",
        "ci_upper",
        "std_all",
    ]


def test_an_effect_through_a_second_order_factor_is_noted():
    assert "Loadings" in effects(fitted("second_order")).attrs["notes"][0]


def test_an_unknown_name_is_answered_with_the_nearest():
    with pytest.raises(FitError, match=r"'Satisfacton'.*did you mean 'Satisfaction'"):
        effects(fitted("ecsi4"), "Satisfacton")


def test_an_item_as_source_is_refused_with_the_names_that_work():
    with pytest.raises(FitError, match=r"'CUSA1' is not a variable of the structural model.*Loyalty"):
        effects(fitted("ecsi4"), "CUSA1")


def test_a_variable_has_no_effect_on_itself_here():
    with pytest.raises(FitError, match="both 'Quality'"):
        effects(fitted("ecsi4"), "Quality", "Quality")


@pytest.mark.parametrize("level", [0, 1, 95])
def test_a_level_outside_its_range_is_refused(level):
    with pytest.raises(FitError, match="level"):
        effects(fitted("ecsi4"), level=level)


def test_a_batch_equals_a_loop():
    fit = fitted("feedback")
    rng = np.random.default_rng(1)
    theta = fit.theta + 0.05 * rng.normal(size=(6, len(fit.theta)))
    whole = effects_of(fit, theta)
    for row, one in zip(whole, theta, strict=True):
        np.testing.assert_allclose(row, effects_of(fit, one)[0])


def test_the_point_estimates_are_the_kernel_at_the_solution():
    fit = fitted("feedback")
    np.testing.assert_allclose(effects_of(fit, fit.theta)[0], effects(fit)["est"])


def test_delta_errors_agree_with_differences():
    fit = fitted("feedback")
    plan, h = EffectPlan.of(fit), 1e-5
    steps = h * np.eye(len(fit.theta))
    jacobian = (plan.values(fit.theta + steps) - plan.values(fit.theta - steps)) / (2 * h)
    expected = np.sqrt(np.einsum("qn,qr,rn->n", jacobian, fit.vcov, jacobian))
    np.testing.assert_allclose(effects(fit)["se"], expected, rtol=1e-6)


def test_a_model_that_did_not_converge_has_no_effects_to_show():
    table = effects(replace(fitted("ecsi4"), solved=False))
    assert len(table)
    assert table[["est", "se", "pvalue", "ci_lower", "std_all"]].isna().all(axis=None)
    assert "did not converge" in table.attrs["notes"][0]


def test_standardised_effects_do_not_depend_on_units():
    model = REFERENCE["ecsi4"]
    scale = np.diag(np.linspace(0.5, 3, len(model["names"])))
    cov = scale @ np.array(model["cov_unbiased"]) @ scale
    moved = sl.fit_sem(model["syntax"], sl.Moments.from_matrix(cov, model["nobs"], names=model["names"]))
    np.testing.assert_allclose(effects(moved)["std_all"], effects(fitted("ecsi4"))["std_all"], rtol=1e-4)


def two_way(fit, size):
    """Parameters with both arrows of the feedback loop set to `size`."""
    theta = np.array(fit.theta)
    for row in fit.table.rows:
        if row.op == "~" and {row.lhs, row.rhs} == {"SAT", "LOY"}:
            theta[row.free - 1] = size
    return theta


def test_a_loop_that_dies_out_passes_its_check():
    (check,) = stability_checks(fitted("feedback"))
    assert check.status == "pass"
    assert check.value == pytest.approx(np.sqrt(0.450384727434394 * 0.404234763591934), rel=1e-4)
    assert "SAT ⇄ LOY" in check.message


def test_a_loop_that_does_not_die_out_has_no_totals_and_fails_its_check():
    fit = fitted("feedback")
    unstable = replace(fit, theta=two_way(fit, 1.2))
    table = effects(unstable)
    for kind in ("total", "total_indirect", "loops"):
        assert table.loc[table["kind"] == kind, ["est", "se", "std_all"]].isna().all(axis=None), kind
    assert table.loc[table["kind"] == "direct", "est"].notna().all()
    (check,) = stability_checks(unstable)
    assert check.status == "fail"
    assert any("do not die out" in note for note in table.attrs["notes"])


def test_one_unstable_replicate_leaves_the_others_alone():
    fit = fitted("feedback")
    found = effects_of(fit, np.stack([fit.theta, two_way(fit, 1.2)]))
    assert np.isfinite(found[0]).all()
    assert np.isnan(found[1]).any()


def test_models_without_loops_have_nothing_to_check():
    assert stability_checks(fitted("ecsi4")) == ()


def test_too_many_paths_are_refused_with_advice():
    with pytest.raises(FitError, match="paths"):
        EffectPlan.of(fitted("ecsi4"), limit=5)
