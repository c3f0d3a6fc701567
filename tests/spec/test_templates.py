"""Templates: what each theory says, for whose constructs, and what is said when one is missing."""

from __future__ import annotations

import pytest

import satloyal as sl
from satloyal.errors import SpecError
from satloyal.spec.table import build_table
from satloyal.spec.templates import template
from satloyal.spec.theories import THEORIES


def everything(theory):
    return {role: (f"{role[:3]}1", f"{role[:3]}2") for role in theory.roles}


def structure(model):
    lines = str(model).splitlines()
    return [line for line in lines if " ~ " in line]


@pytest.mark.parametrize("name", THEORIES)
def test_every_theory_is_a_model_that_names_its_source(name):
    theory = THEORIES[name]
    model = template(name, everything(theory))
    head = str(model).splitlines()[:2]
    assert head == [f"# {name.upper()}: {theory.title}", f"# {theory.source}"]
    table = build_table(model)
    assert set(table.latent) == set(theory.roles)
    assert {y: set(xs) for y, xs in table.regressions.items()} == {
        y: set(x) for y, x in theory.outcomes.items()
    }
    assert {r.lhs for r in table.definitions} == set(theory.effects or {})


def test_the_indices_are_those_of_their_papers():
    assert structure(template("acsi", everything(THEORIES["acsi"]))) == [
        "Quality ~ Expectations",
        "Value ~ Expectations + Quality",
        "Satisfaction ~ Expectations + Quality + Value",
        "Complaints ~ Satisfaction",
        "Loyalty ~ Satisfaction + Complaints",
    ]
    assert structure(template("ecsi", everything(THEORIES["ecsi"]))) == [
        "Expectations ~ Image",
        "Quality ~ Expectations",
        "Value ~ Expectations + Quality",
        "Satisfaction ~ Image + Expectations + Quality + Value",
        "Complaints ~ Satisfaction",
        "Loyalty ~ Image + Satisfaction + Complaints",
    ]


@pytest.mark.parametrize(("name", "df"), [("ecsi", 241), ("acsi", 144)])
def test_the_indices_fit_the_real_survey(name, df):
    fit = sl.fit_sem(template(name, sl.load_sample("ecsi_mobile")), sl.load_sample("ecsi_mobile"))
    assert fit.converged
    assert fit.admissible
    assert fit.glance()["df"] == df


@pytest.mark.parametrize(
    ("name", "names"),
    [
        ("trust", None),
        ("rater", None),
        ("loop", {"Quality": "Reliability", "Barriers": "Belonging"}),
        (
            "conversion",
            {
                "Cognition": ("Reliability", "Assurance", "Tangibles", "Empathy", "Responsiveness"),
                "Emotion": ("Trust", "Belonging"),
            },
        ),
    ],
)
def test_the_others_fit_the_simulated_survey(name, names):
    survey = sl.load_sample("simulated_retail")
    fit = sl.fit_sem(sl.template(name, survey, names=names), survey)
    assert fit.converged
    assert fit.admissible
    assert fit.glance()["cfi"] > 0.99


def test_a_survey_its_codebook_and_a_mapping_give_the_same():
    survey = sl.load_sample("ecsi_mobile")
    text = str(template("ecsi", survey))
    assert (
        text == str(template("ecsi", survey.codebook)) == str(template("ecsi", dict(survey.construct_items)))
    )


def test_effects_are_sums_along_the_chains():
    lines = str(template("trust", everything(THEORIES["trust"]))).splitlines()
    assert "via_belonging := satisfaction_to_belonging*belonging_to_loyalty" in lines
    assert lines[-1] == (
        "total := satisfaction_to_loyalty + satisfaction_to_trust*trust_to_loyalty + "
        "satisfaction_to_belonging*belonging_to_loyalty"
    )


def test_roles_are_left_out_when_asked_or_when_optional_and_absent():
    items = everything(THEORIES["acsi"])
    left = template("acsi", items, without="Complaints")
    assert "Complaints" not in build_table(left).latent
    assert "# without Complaints" in str(left)
    trust = everything(THEORIES["trust"])
    del trust["Belonging"]
    assert [r.lhs for r in build_table(template("trust", trust)).definitions] == ["via_trust", "total"]


def test_constructs_of_other_names_fill_roles_and_several_make_a_second_order_factor():
    items = {
        "Satisfaction": ("s1", "s2"),
        "brand love": ("b1", "b2"),
        "TRUST": ("t1", "t2"),
        "Ties": ("l1", "l2"),
    }
    names = {"Emotion": ("TRUST", "brand love"), "Loyalty": "Ties"}
    text = str(template("conversion", items, names=names, without=["Cognition"]))
    assert "Emotion =~ TRUST + `brand love`" in text
    assert "Ties ~ satisfaction_to_loyalty*Satisfaction + emotion_to_loyalty*Emotion" in text
    assert "Trust ~" not in text


def test_case_does_not_matter():
    items = {"satisfaction": ("s1", "s2"), "TRUST": ("t1", "t2"), "Loyalty": ("l1", "l2")}
    assert "TRUST ~ satisfaction_to_trust*satisfaction" in str(template("trust", items))


def test_a_construct_of_one_item_is_told():
    items = everything(THEORIES["acsi"]) | {"Complaints": ("COM",)}
    assert "# Complaints has one item, taken to measure it without error" in str(template("acsi", items))


def test_one_item_may_be_written_bare_and_what_has_no_constructs_is_refused():
    text = str(template("trust", {"Satisfaction": "s1", "Trust": ["t1"], "Loyalty": "l1"}))
    assert "Satisfaction =~ s1" in text
    with pytest.raises(SpecError, match="not for a list"):
        template("trust", ["s1", "t1"])


@pytest.mark.parametrize(
    ("name", "items", "options", "words"),
    [
        ("ecs", {}, {}, "did you mean 'ecsi'"),
        (
            "trust",
            {},
            {},
            "needs Satisfaction, Trust, Belonging, Loyalty; there are no items of Satisfaction",
        ),
        (
            "trust",
            {"Satisfaction": ("a",), "Trusts": ("b",), "Loyalty": ("c",)},
            {},
            "names={'Trust': 'Trusts'}",
        ),
        ("trust", {"Satisfaction": ("a",), "Loyalty": ("c",)}, {}, "without='Trust'"),
        ("trust", {"Satisfaction": ()}, {}, "no items of Satisfaction"),
        ("trust", {}, {"names": {"Trsut": "x"}}, "did you mean 'Trust'"),
        ("trust", {}, {"without": "Image"}, "'Image' is no role"),
        (
            "trust",
            {"Satisfaction": ("a",), "Loyalty": ("c",)},
            {"names": {"Trust": "Loyalty"}},
            "'Loyalty' fills two roles",
        ),
    ],
)
def test_what_is_missing_is_listed(name, items, options, words):
    with pytest.raises(SpecError) as caught:
        template(name, items, **options)
    assert words in str(caught.value)
