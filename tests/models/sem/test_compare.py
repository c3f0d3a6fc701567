"""Wald and likelihood-ratio tests, and comparisons that find out themselves what is nested."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import satloyal as sl
from models.sem.examples import CFA, respondents
from models.sem.judged import CFA as PUPILS
from models.sem.judged import EQUAL, TWO_FACTORS, TWO_GROUPS, fit, judged, lavaan, lavaan_adjusted, pupils


def test_wald_tests_are_lavaans() -> None:
    stored = lavaan()["wald"]
    assert fit("labelled").wald("a == b").statistic == pytest.approx(stored["one"]["stat"], rel=1e-3)
    two = fit("labelled").wald("a == b", "c*a == 1")
    assert two.statistic == pytest.approx(stored["two"]["stat"], rel=1e-3)
    assert two.df == stored["two"]["df"]
    robust = fit("mlr_labelled").wald("a == b")
    assert robust.statistic == pytest.approx(stored["robust"]["stat"], rel=1e-3)


def test_a_wald_test_of_one_parameter_is_its_squared_z() -> None:
    row = fit("labelled").tidy().query("label == 'a'").iloc[0]
    assert fit("labelled").wald("a == 0").statistic == pytest.approx(row["z"] ** 2)
    assert fit("cfa").wald("`visual=~x2` == 0").statistic == pytest.approx(row["z"] ** 2, rel=1e-6)


def test_statements_that_follow_from_others_cost_nothing() -> None:
    once, twice = fit("labelled").wald("a == b"), fit("labelled").wald("a == b; a - b == 0")
    assert twice.df == once.df == 1
    assert twice.statistic == pytest.approx(once.statistic)
    assert "follow" in twice.reason


def test_defined_effects_can_be_tested() -> None:
    path = sl.fit_sem("x9 ~ a*x1\nx8 ~ b*x9 + c*x1\nindirect := a*b", pupils())
    row = path.tidy().query("lhs == 'indirect'").iloc[0]
    assert path.wald("indirect == 0").statistic == pytest.approx(row["z"] ** 2)


@pytest.mark.parametrize(
    ("statement", "reason"),
    [("a == 1; a == 2", "contradict"), ("1 == 2", "does not depend"), ("log(0 - a) == 0", "undefined")],
)
def test_a_test_that_does_not_exist_is_a_value_with_a_reason(statement: str, reason: str) -> None:
    found = fit("labelled").wald(statement)
    assert np.isnan(found.statistic)
    assert reason in found.reason
    assert "no test" in str(found)


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("a > b", "not an equality"),
        ("a == b == c", "not an equality"),
        ("", "nothing to test"),
        ("alpha == 0", "neither a label"),
        ("__import__('os') == 0", "unknown function"),
        (3, "a hypothesis is 3"),
    ],
)
def test_hostile_hypotheses_are_refused(statement: object, message: str) -> None:
    with pytest.raises(sl.SatloyalError, match=message):
        fit("labelled").wald(statement)


def test_likelihood_ratio_tests_are_lavaans_plain_and_scaled() -> None:
    stored = lavaan()["lrt"]
    plain = fit("labelled").lrt(fit("equal"))
    assert plain.statistic == pytest.approx(stored["plain"], rel=1e-3)
    assert plain.df == 1
    scaled = fit("mlr_labelled").lrt(fit("mlr_equal"))
    assert scaled.statistic == pytest.approx(stored["scaled"], rel=1e-3)
    assert "Satorra" in scaled.reason


def test_the_order_of_the_two_models_does_not_matter() -> None:
    assert fit("equal").lrt(fit("labelled")) == fit("labelled").lrt(fit("equal"))


def test_nested_models_are_found_whatever_their_form() -> None:
    # a correlation of one makes one factor of two: nested, though no parameter of the one is in the other
    two = fit("cfa")
    one = sl.fit_sem("visual =~ x1 + x2 + x3 + x7 + x8 + x9\ntextual =~ x4 + x5 + x6", pupils())
    no_relation = sl.fit_sem(PUPILS + "\nvisual ~~ 0*textual", pupils())
    table = sl.compare(two, one, no_relation, names=["three", "two", "apart"]).tidy().set_index("model")
    assert table.loc["two", "relation"] == table.loc["apart", "relation"] == "nested"
    assert table.loc["two", "compared_to"] == table.loc["apart", "compared_to"] == "three"
    assert table.loc["apart", "df_diff"] == 1
    assert table.loc["two", "df_diff"] == 2


def test_models_that_are_not_nested_get_criteria_and_words_but_no_test() -> None:
    a = sl.fit_sem(PUPILS + "\nvisual ~~ 0*textual", pupils())
    b = sl.fit_sem(
        PUPILS + "\nvisual ~~ 0*speed\nx1 ~~ x4\nx2 ~~ 0*x5\nx7 ~~ 0*x8\ntextual ~~ 0*speed", pupils()
    )
    found = sl.compare(a, b)
    last = found.tidy().iloc[-1]
    assert last["relation"] == "not nested"
    assert np.isnan(last["chisq_diff"])
    assert np.isnan(last["pvalue"])
    assert "BIC" in last["verdict"]
    assert any("cannot reproduce" in note for note in found.notes)
    assert np.isnan(a.lrt(b).statistic)


@pytest.mark.parametrize("options", [{"estimator": "GLS"}, {"missing": "fiml"}, {"estimator": "WLS"}])
def test_nesting_is_a_matter_of_models_not_of_estimators(options: dict) -> None:
    free = sl.fit_sem(CFA, respondents(), **options)
    equal = sl.fit_sem(CFA.replace("q2 + q3", "a*q2 + a*q3"), respondents(), **options)
    found = free.lrt(equal)
    assert found.df == 1
    assert found.statistic == pytest.approx(equal.glance()["chisq"] - free.glance()["chisq"])


@pytest.mark.parametrize("estimator", ["ULS", "DWLS", "MLMV", "ULSMV"])
def test_what_has_no_difference_of_chi_squares_gets_an_adjusted_one(estimator: str) -> None:
    # against lavaan: tests/models/sem/test_invariance.py
    free = sl.fit_sem(CFA, respondents(), estimator=estimator)
    equal = sl.fit_sem(CFA.replace("q2 + q3", "a*q2 + a*q3"), respondents(), estimator=estimator)
    found = free.lrt(equal)
    assert found.df == 1
    assert 0 <= found.pvalue <= 1
    assert "Satorra 2000" in found.reason
    plain = sl.fit_sem(CFA, respondents()).lrt(
        sl.fit_sem(CFA.replace("q2 + q3", "a*q2 + a*q3"), respondents())
    )
    assert found.statistic == pytest.approx(plain.statistic, rel=0.5, abs=0.5)


def test_an_adjusted_difference_needs_rows() -> None:
    moments = sl.Moments.from_frame(respondents(), ["q1", "q2", "q3", "v1", "v2", "v3"])
    text = "Q =~ q1 + q2 + q3\nV =~ v1 + v2 + v3"
    free = sl.fit_sem(text, moments, estimator="ULS")
    equal = sl.fit_sem(text.replace("q2 + q3", "a*q2 + a*q3"), moments, estimator="ULS")
    found = free.lrt(equal)
    assert np.isnan(found.statistic)
    assert "takes rows" in found.reason


def test_models_of_ordinal_items_are_nested_by_their_parameters() -> None:
    data = respondents()[["q1", "q2", "q3", "v1", "v2", "v3"]].apply(
        lambda c: pd.qcut(c, 4, labels=False) + 1
    )
    text = "Q =~ q1 + q2 + q3\nV =~ v1 + v2 + v3"
    options = {"ordered": list(data.columns), "estimator": "WLS"}
    free = sl.fit_sem(text, data, **options)
    equal = sl.fit_sem(text.replace("q2 + q3", "a*q2 + a*q3"), data, **options)
    apart = sl.fit_sem(text + "\nQ ~~ 0*V\nq1 ~~ v1", data, **options)
    assert free.lrt(equal).df == 1
    assert free.lrt(equal).statistic == pytest.approx(equal.glance()["chisq"] - free.glance()["chisq"])
    assert np.isnan(free.lrt(apart).statistic)


@pytest.mark.parametrize("case", lavaan_adjusted()["lrt"])
def test_differences_of_adjusted_tests_are_lavaans(case: str) -> None:
    kind, estimator, groups = case.split()
    stored = lavaan_adjusted()["lrt"][case]
    one = groups == "one"
    free = judged(kind, estimator, equal=None if one else ())
    held = judged(kind, estimator, EQUAL) if one else judged(kind, estimator, equal=("loadings",))
    close = {"rel": 1e-4 if estimator.startswith("ML") else 1e-5}
    assert free.lrt(held).statistic == pytest.approx(stored["default"], **close)
    for method in ("satorra.bentler.2001", "satorra.bentler.2010", "satorra.2000"):
        if method in stored:
            assert free.lrt(held, method=method).statistic == pytest.approx(stored[method], **close)
    if "two_factors" in stored:  # a correlation of one: nested, and not parameter by parameter
        assert free.lrt(judged(kind, estimator, TWO_FACTORS)).statistic == pytest.approx(
            stored["two_factors"], rel=1e-4
        )
    if "thresholds" in stored:
        equal = judged(kind, estimator, equal=("loadings", "thresholds"))
        assert free.lrt(equal).statistic == pytest.approx(stored["thresholds"], **close)
        # equal thresholds free scales, which equal loadings alone do not: no test, where lavaan prints one
        assert "not nested" in held.lrt(equal).reason


def test_a_method_is_for_tests_that_are_scaled() -> None:
    with pytest.raises(sl.SatloyalError, match="are not scaled"):
        fit("labelled").lrt(fit("equal"), method="satorra.bentler.2010")
    with pytest.raises(sl.SatloyalError, match="method is 'satorra'"):
        fit("mlr_labelled").lrt(fit("mlr_equal"), method="satorra")


def test_the_factor_of_2010_is_the_one_at_the_smaller_models_estimates() -> None:
    # where the smaller model is the truth, both factors estimate the same
    table = sl.compare(fit("mlr_labelled"), fit("mlr_equal"), method="satorra.bentler.2010").tidy()
    older = sl.compare(fit("mlr_labelled"), fit("mlr_equal")).tidy()
    assert table["chisq_diff"][1] != older["chisq_diff"][1]
    assert table["chisq_diff"][1] == pytest.approx(older["chisq_diff"][1], rel=0.2)


def test_equivalent_models_are_told_apart_from_nested_ones() -> None:
    forward = sl.fit_sem("x9 ~ x1\nx8 ~ x9", pupils(), fixed_x=False)
    backward = sl.fit_sem("x9 ~ x8\nx1 ~ x9", pupils(), fixed_x=False)
    assert sl.compare(forward, backward).tidy()["relation"].tolist() == ["", "equivalent"]
    assert "equivalent" in forward.lrt(backward).reason


def test_weights_of_evidence_sum_to_one() -> None:
    table = sl.compare(fit("labelled"), fit("equal")).tidy()
    assert table["aic_weight"].sum() == pytest.approx(1)


def test_groups_are_compared_as_a_whole() -> None:
    free = sl.fit_sem(PUPILS, pupils(), group="school")
    found = sl.compare(fit("two_groups"), free, names=["equal", "free"]).tidy()
    assert found["model"].tolist() == ["free", "equal"]
    assert found["relation"].tolist() == ["", "nested"]
    difference = fit("two_groups").glance()["chisq"] - free.glance()["chisq"]
    assert found["chisq_diff"].iloc[1] == pytest.approx(difference)


def test_a_fit_that_did_not_converge_is_listed_and_never_compared() -> None:
    broken = replace(fit("equal"), solved=False)
    found = sl.compare(fit("labelled"), broken, names=["good", "broken"])
    row = found.tidy().set_index("model").loc["broken"]
    assert "did not converge" in row["verdict"]
    assert row.drop(["verdict", "compared_to", "relation"]).isna().all()
    assert np.isnan(fit("labelled").lrt(broken).statistic)
    assert np.isnan(broken.wald("a == c").statistic)


@pytest.mark.parametrize(
    ("other", "message"),
    [
        (
            lambda: sl.fit_sem("visual =~ x1 + x2 + x3\ntextual =~ x4 + x5 + x6", pupils()),
            "different variables",
        ),
        (lambda: sl.fit_sem(PUPILS, pupils().iloc[:200]), "301 respondents"),
        (lambda: sl.fit_sem(PUPILS, pupils().sample(301, replace=True, random_state=1)), "sample moments"),
        (lambda: sl.fit_sem(PUPILS, pupils(), estimator="MLR"), "MLR"),
        (lambda: sl.fit_sem(PUPILS, pupils(), meanstructure=True), "means"),
        (lambda: sl.fit_sem(PUPILS, pupils(), likelihood="wishart"), "likelihoods"),
        (lambda: sl.fit_sem(PUPILS, pupils(), **TWO_GROUPS), "groups"),
    ],
)
def test_what_cannot_be_compared_is_refused(other, message: str) -> None:
    with pytest.raises(sl.SatloyalError, match=message):
        sl.compare(fit("cfa"), other())


def test_models_that_condition_on_other_covariates_are_refused() -> None:
    a = sl.fit_sem("x9 ~ x1\nx8 ~ x9 + x1", pupils())
    b = sl.fit_sem("x8 ~ x9 + x1", pupils())
    with pytest.raises(sl.SatloyalError, match="covariates"):
        sl.compare(a, b)


@pytest.mark.parametrize("options", [{"names": ["one"]}, {"names": ["same", "same"]}, {"alpha": 0}])
def test_hostile_options_are_refused(options: dict) -> None:
    with pytest.raises(sl.SatloyalError):
        sl.compare(fit("labelled"), fit("equal"), **options)


def test_something_else_than_fits_is_refused() -> None:
    with pytest.raises(sl.SatloyalError, match="DataFrame"):
        sl.compare(fit("cfa"), pd.DataFrame())
    with pytest.raises(sl.SatloyalError, match="1 fits"):
        sl.compare(fit("cfa"))


def test_html_escapes_the_names_of_models() -> None:
    data = respondents()
    found = sl.compare(
        sl.fit_sem(CFA, data), sl.fit_sem(CFA + "\nQ ~~ 0*V", data), names=["<b>one</b>", "two"]
    )
    assert "<b>one" not in found._repr_html_()
    assert found.to_dict()["table"][0]["model"] == "<b>one</b>"
