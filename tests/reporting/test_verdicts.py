"""Verdicts say what the numbers permit and no more."""

from __future__ import annotations

import math
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from satloyal.reporting.blocks.verdicts import judge_subject
from satloyal.reporting.distinct import Blur, how_indistinct
from satloyal.reporting.inputs import Inputs, Subject
from satloyal.reporting.verdicts import TRIVIAL, Claim, judge, verdict

ENDS = st.tuples(st.floats(-3, 3), st.floats(-3, 3)).map(sorted).map(tuple)
CAUSAL = ("cause", "raises", "leads to", "increases", "impact", "drives", "because")


def claim(interval, std_interval=None, **more):
    given_ = {"name": "a → b", "source": "a", "target": "b", "est": 0.3, "std": 0.2, **more}
    return Claim(interval=interval, std_interval=std_interval, **given_)


@pytest.mark.parametrize(
    ("interval", "std", "direction", "outcome"),
    [
        ((0.1, 0.5), (0.05, 0.3), "any", "supported"),
        ((-0.5, -0.1), (-0.3, -0.05), "any", "supported"),
        ((-0.5, -0.1), (-0.3, -0.05), "positive", "not supported"),
        ((0.1, 0.5), (0.05, 0.3), "negative", "not supported"),
        ((-0.1, 0.1), (-0.09, 0.09), "any", "not supported"),
        ((-0.1, 0.1), (-0.11, 0.09), "any", "inconclusive"),
        ((-0.6, 0.1), (-0.5, 0.09), "positive", "not supported"),
        ((-0.6, 0.1), (-0.5, 0.09), "negative", "inconclusive"),
        ((-0.1, 0.1), None, "any", "inconclusive"),
        ((math.nan, 0.1), None, "any", "not testable"),
        (None, None, "any", "not testable"),
    ],
)
def test_the_rule(interval, std, direction, outcome):
    assert judge(interval, std, direction=direction) == outcome


@given(ENDS, ENDS)
def test_nothing_is_supported_whose_interval_includes_zero(interval, std):
    if interval[0] <= 0 <= interval[1]:
        assert judge(interval, std) in ("not supported", "inconclusive")
    else:
        assert judge(interval, std) == "supported"


@given(ENDS, ENDS, st.sampled_from(["positive", "negative", "any"]))
def test_turning_the_signs_round_turns_the_claim_round(interval, std, direction):
    mirrored = {"positive": "negative", "negative": "positive", "any": "any"}[direction]
    turned = judge((-interval[1], -interval[0]), (-std[1], -std[0]), direction=mirrored)
    assert turned == judge(interval, std, direction=direction)


@given(ENDS, ENDS, st.sampled_from(["positive", "negative", "any"]), st.booleans())
def test_no_sentence_speaks_of_causes(interval, std, direction, alone):
    said = verdict(claim(interval, std, alone=alone), direction=direction).sentence
    assert not any(word in said.lower() for word in CAUSAL)


def test_a_barred_fit_gives_no_number():
    found = verdict(claim((0.1, 0.5)), barred="the model did not converge.")
    assert found.outcome == "not testable"
    assert not any(ch.isdigit() for ch in found.sentence)


def test_a_small_supported_effect_is_called_small():
    assert "small" in verdict(claim((0.01, 0.2), std=TRIVIAL / 2)).sentence


def test_sentences(snapshot):
    path, effect = {}, {"source": "", "target": "", "name": "through", "expression": "a*b"}
    cases = {
        "supported": verdict(claim((0.1, 0.5), (0.05, 0.3), **path)),
        "supported alone": verdict(claim((0.1, 0.5), (0.05, 0.3), alone=True)),
        "supported negative": verdict(claim((-0.5, -0.1), (-0.3, -0.1), est=-0.3, std=-0.2)),
        "supported effect": verdict(claim((0.1, 0.5), (0.05, 0.3), **effect)),
        "opposite": verdict(claim((-0.5, -0.1), (-0.3, -0.1), est=-0.3, std=-0.2), direction="positive"),
        "trivial": verdict(claim((-0.1, 0.1), (-0.05, 0.05))),
        "trivial effect": verdict(claim((-0.1, 0.1), (-0.05, 0.05), **effect)),
        "no positive effect": verdict(claim((-0.5, 0.1), (-0.4, 0.05)), direction="positive"),
        "inconclusive": verdict(claim((-0.1, 0.9), (-0.1, 0.6))),
        "inconclusive effect": verdict(claim((-0.1, 0.9), **effect)),
        "no interval": verdict(claim(None)),
        "barred": verdict(claim((0.1, 0.5)), barred="the model did not converge."),
        "grouped": verdict(claim((0.1, 0.5), group="North")),
    }
    assert {name: found.sentence for name, found in cases.items()} == snapshot


def test_every_free_path_and_defined_effect_is_judged(fit, boot):
    found = judge_subject(Subject(fit, boot), Inputs())
    assert [v.claim.name for v in found] == [
        "quality_to_loyalty",
        "Quality → Value",
        "Quality → Satisfaction",
        "Value → Satisfaction",
        "Satisfaction → Loyalty",
    ]
    assert all("BCa" in v.claim.method for v in found)


def test_a_fit_that_did_not_converge_permits_no_claim(unsolved):
    found = judge_subject(Subject(unsolved), Inputs())
    assert {v.outcome for v in found} == {"not testable"}


def test_an_inadmissible_fit_permits_no_claim(heywood):
    assert heywood.converged
    assert not heywood.admissible
    assert {v.outcome for v in judge_subject(Subject(heywood), Inputs())} == {"not testable"}


def test_a_claimed_direction_is_held_against_the_data(observed):
    found = judge_subject(
        Subject(observed), Inputs(claims={"Satisfaction -> Trust": "negative", "through": "positive"})
    )
    outcomes = {v.claim.name: v.outcome for v in found}
    assert outcomes["Satisfaction → Trust"] == "not supported"
    assert outcomes["through"] == "supported"


def test_constructs_that_are_hardly_distinct_call_for_caution(fit):
    found = {v.claim.name: v for v in judge_subject(Subject(fit), Inputs())}
    assert "HTMT" in found["Quality → Satisfaction"].caution
    assert "HTMT" in found["quality_to_loyalty"].caution
    assert found["Quality → Value"].caution == ""


def test_constructs_that_are_one_permit_no_claim(fit):
    subject = Subject(fit)
    row = SimpleNamespace(lhs="Value", op="~", rhs="Quality", group=1)
    forbidden, _ = how_indistinct(
        subject, row, {frozenset(("Quality", "Value")): Blur("latent correlation 1.02", one=True)}
    )
    assert "cannot be told apart" in forbidden
