"""semopy as a second engine: it agrees where it can do the model, and is not made to where it cannot."""

from __future__ import annotations

import sys

import pytest

import satloyal as sl
from models.sem.examples import CFA, CHAIN, LOOP, MEDIATION, PATHS, respondents
from satloyal.models.sem.crosscheck import _impossible


@pytest.mark.parametrize("text", [CFA, CHAIN, MEDIATION, PATHS, LOOP, CFA + "\nq1 ~~ v1\nQ ~~ 0*V"])
def test_semopy_agrees(text: str) -> None:
    pytest.importorskip("semopy")
    found = sl.fit_sem(text, respondents()).crosscheck()
    assert found.possible
    assert found.agrees, str(found)
    assert found.largest_difference < 0.05
    assert (found.table["se_semopy"] / found.table["se"]).between(0.95, 1.05).all()


@pytest.mark.parametrize("estimator", ["ULS", "GLS", "MLR"])
def test_other_estimators_agree(estimator: str) -> None:
    pytest.importorskip("semopy")
    assert sl.fit_sem(CFA, respondents(), estimator=estimator).crosscheck().agrees


def test_names_that_semopy_could_not_read_do_not_matter() -> None:
    pytest.importorskip("semopy")
    data = respondents().rename(columns={"q1": "Qualität insgesamt", "q2": "质量", "q3": "q-3"})
    text = "Q =~ `Qualität insgesamt` + 质量 + `q-3`\ns1 ~ Q"
    assert sl.fit_sem(text, data).crosscheck().agrees


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"group": "segment"}, "several groups"),
        ({"std_lv": True}, "fixed loading"),
        ({"estimator": "WLS"}, "no WLS"),
    ],
)
def test_what_semopy_cannot_do_is_said(options: dict, reason: str) -> None:
    found = sl.fit_sem(CFA, respondents(), **options).crosscheck()
    assert not found.possible
    assert not found.agrees
    assert reason in found.verdict
    assert "rest on satloyal alone" in str(found)
    assert found.table.empty


def test_a_model_of_the_means_is_told_from_means_that_are_free() -> None:
    data = respondents()
    assert _impossible(sl.fit_sem(CFA, data, meanstructure=True)) == ""
    assert "means" in _impossible(sl.fit_sem(CFA + "\nq1 ~ 5*1", data))


def test_a_missing_semopy_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "semopy", None)
    with pytest.raises(sl.SatloyalError, match=r"satloyal\[crosscheck\]"):
        sl.fit_sem(CFA, respondents()).crosscheck()
