"""A block of answers is on one scale, on several that differ, or on none; and never half guessed."""

from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from satloyal.errors import SurveyError
from satloyal.survey.labels import LabelSet, direction, known_sets, match, normalise
from satloyal.survey.scale import Scale

VERY = [
    "Very dissatisfied",
    "Dissatisfied",
    "Neither satisfied nor dissatisfied",
    "Satisfied",
    "Very satisfied",
]
AGREE = ["Strongly disagree", "Disagree", "Neither agree nor disagree", "Agree", "Strongly agree"]
QUALTRICS = [AGREE[0], "Somewhat disagree", AGREE[2], "Somewhat agree", AGREE[4]]
SEVEN = [*AGREE[:2], "Somewhat disagree", AGREE[2], "Somewhat agree", *AGREE[3:]]
BIJIAO5 = ["非常不满意", "比较不满意", "一般", "比较满意", "非常满意"]
BIJIAO7 = ["非常不满意", "不满意", "比较不满意", "一般", "比较满意", "满意", "非常满意"]


def numbered(labels, low=1):
    return {label: float(low + k) for k, label in enumerate(labels)}


@pytest.mark.parametrize("labels", [VERY, AGREE, QUALTRICS, SEVEN, BIJIAO5, BIJIAO7])
def test_a_whole_scale_is_read(labels):
    found = match([set(labels)])
    assert (found.status, found.values, found.direction) == ("matched", numbered(labels), 1)
    assert found.sure


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        (["Agree", "Disagree"], "4 on 1–5 or 5 on 1–6 or 6 on 1–7"),
        (["Somewhat agree", "Somewhat disagree"], "3 on 1–4 or 4 on 1–5 or 4 on 1–6 or 5 on 1–7"),
        (["比较满意", "一般"], "3 on 1–5 or 4 on 1–7"),
        (VERY[1:], "'Satisfied' is 4 on 1–5 or 6 on 1–7"),
        (["Neutral"], "3 on 1–5 or 4 on 1–7"),
    ],
)
def test_what_is_on_several_scales_is_asked(labels, words):
    found = match([set(labels)])
    assert found.status == "ambiguous"
    assert words in found.message
    assert found.values == {}
    assert len(found.sets) > 1
    assert "scale = [1, 5] or scale = [1, 7]" in found.fix.replace(" or scale = [1, 6]", "")
    assert "codebook" in found.fix


def test_four_points_without_a_middle_could_be_five_with_one():
    labels = [AGREE[0], AGREE[1], AGREE[3], AGREE[4]]
    assert match([set(labels)]).status == "ambiguous"
    assert match([set(labels)], declared=[1, 4]).values == numbered(labels)
    assert match([set(labels)], declared="agreement5").values["Agree"] == 4.0


def test_six_points_without_a_middle_could_be_seven_with_one():
    labels = [*SEVEN[:3], *SEVEN[4:]]
    assert match([set(labels)]).status == "ambiguous"
    assert match([set(labels)], declared="agreement6").values == numbered(labels)


def test_columns_of_a_block_decide_together():
    alone = match([{"Agree", "Disagree"}])
    block = match([{"Agree", "Disagree"}, set(SEVEN[1:]), {"Strongly disagree"}])
    assert alone.status == "ambiguous"
    assert block.values["Agree"] == 6.0


@pytest.mark.parametrize(
    ("declared", "agree"),
    [
        ([1, 5], 4),
        ([0, 4], 3),
        ([1, 7], 6),
        (Scale(1, 7), 6),
        ("agreement5", 4),
        ("agreement7.en", 6),
        (SEVEN, 6),
    ],
)
def test_a_declared_scale_decides(declared, agree):
    found = match([{"Agree", "Disagree"}], declared=declared)
    assert (found.status, found.values["Agree"]) == ("matched", agree)


def test_a_declared_scale_with_names_is_the_only_one():
    own = Scale(1, 3, {1: "Agree", 2: "Unsure", 3: "Disagree"})
    assert match([{"Agree", "Unsure"}], declared=own).values == {"Agree": 1.0, "Unsure": 2.0}
    assert match([{"Satisfied"}], declared=own).status == "unknown"


def test_ends_name_the_ends_of_a_declared_range():
    found = match([{"Very dissatisfied", "Very satisfied", "8"}], declared=[0, 10])
    assert found.values == {"Very dissatisfied": 0.0, "Very satisfied": 10.0, "8": 8.0}
    assert match([{"Satisfied", "Dissatisfied"}], declared=[1, 5]).values["Satisfied"] == 4.0


@pytest.mark.parametrize("declared", ["agreement55", [1.5, 5], [1, 2, 3], ["a"], [5, 1], []])
def test_what_is_no_scale_is_refused(declared):
    with pytest.raises(SurveyError):
        match([{"Agree"}], declared=declared)


def test_an_unknown_scale_is_suggested():
    with pytest.raises(SurveyError, match="did you mean 'agreement5'"):
        match([{"Agree"}], declared="agreemnt5")


# --- languages ---


def test_one_item_in_three_languages():
    cells = {
        "Very satisfied",
        "满意",
        "滿意",
        "普通",
        "一般",
        "Dissatisfied",
        "Very dissatisfied",
        "不满意",
        "非常满意",
    }
    found = match([{*cells, "Satisfied", "Neither satisfied nor dissatisfied"}])
    assert found.languages == ("en", "zh-Hans", "zh-Hant")
    assert {cell: found.values[cell] for cell in ("满意", "滿意", "普通", "一般", "不满意")} == {
        **dict.fromkeys(("满意", "滿意"), 4.0),
        **dict.fromkeys(("普通", "一般"), 3.0),
        "不满意": 2.0,
    }


def test_two_names_of_a_point_in_one_language_are_another_scale():
    assert match([{"非常满意", "很满意", "满意", "一般", "不满意"}]).status != "matched"
    assert match([{*VERY, "Very unsatisfied"}]).status != "matched"


@pytest.mark.parametrize(
    "pair", [("Dissatisfied", "Satisfied"), ("不满意", "满意"), ("不同意", "同意"), ("Unlikely", "Likely")]
)
def test_a_label_within_a_label_is_not_that_label(pair):
    negative, positive = pair
    family = next(
        s.family for s in known_sets() if s.family.endswith("5") and s.point(negative) and s.point(positive)
    )
    found = match([set(pair)], declared=family)
    assert found.values[negative] == 2.0
    assert found.values[positive] == 4.0
    longer = match([{f"I am {positive}", f"{positive}!"}], declared=family)
    assert longer.values == {}


# --- answers that are none, and slips ---


def test_no_answers_have_their_reasons():
    found = match([{*VERY, "Don’t know", "拒答", "", "  "}])
    assert found.reasons == {"Don’t know": "dont_know", "拒答": "refused"}
    assert found.values == numbered(VERY)
    assert match([{"6 - Don't know", "5", "4"}]).reasons == {"6 - Don't know": "dont_know"}


def test_no_opinion_is_the_middle_only_where_a_scale_says_so():
    hant = ["非常不同意", "不同意", "沒意見", "同意", "非常同意"]
    assert match([set(hant)]).values == numbered(hant)
    beside = match([{*hant, "普通"}])
    assert "沒意見" in beside.unread
    assert beside.values["普通"] == 3.0
    assert 'missing = { "沒意見" = "dont_know" }' in beside.fix
    english = match([{*AGREE, "No opinion"}])
    assert english.unread == {"No opinion": None}
    assert "No opinion" in english.fix


@pytest.mark.parametrize("typo", ["Very satsfied", "Very satisfiedd", "Dissatisfed"])
def test_a_slip_is_suggested_and_not_repaired(typo):
    found = match([{*VERY, typo}])
    assert found.values == numbered(VERY)
    assert found.unread[typo] in {normalise(label) for label in VERY}
    assert not found.sure
    assert "like" in found.message


def test_an_option_that_no_scale_has_puts_the_scale_in_doubt():
    odd = match([{*VERY, "A bit satisfied", "A bit dissatisfied"}])
    assert odd.status == "unknown"
    assert odd.values == {}
    assert set(odd.unread) == {"A bit satisfied", "A bit dissatisfied"}
    assert "larger" in odd.message
    assert match([{*VERY, "A bit satisfied"}], declared=[1, 5]).values == numbered(VERY)


def test_labels_of_two_scales_are_on_none():
    found = match([{"Agree", "Satisfied"}])
    assert (found.status, found.values) == ("unknown", {})
    assert "'agree', 'satisfied'" in found.message


# --- numbers and labels ---


def test_numbers_with_labels_count_where_they_agree():
    cells = {
        "5 - Very satisfied",
        "5 – VERY SATISFIED",
        "5. Very satisfied",
        "Very satisfied (5)",
        "4",
        "2",
        "N/A",
    }
    found = match([cells])
    assert {found.values[c] for c in cells if "atisfied" in c.lower()} == {5.0}
    assert (found.scale.low, found.scale.high, found.scale.labels) == (1, 5, {5: "Very satisfied"})


@pytest.mark.parametrize(
    ("cells", "ends"),
    [
        ({"7 - Strongly agree", "1 – STRONGLY DISAGREE", "2", "6"}, (1, 7)),
        ({"Extremely likely - 10", "Not at all likely - 0", "7"}, (0, 10)),
        ({"Extremely likely - 10", "2", "7"}, (0, 10)),
        ({"10 非常愿意", "0 完全不愿意", "5"}, (0, 10)),
        ({"0 - Very dissatisfied", "4 - Very satisfied", "2 - Neutral"}, (0, 4)),
        ({"1 - Very dissatisfied", "9 - Very satisfied", "5"}, (1, 9)),
    ],
)
def test_scales_with_names_for_some_points(cells, ends):
    found = match([cells])
    assert found.status == "matched"
    assert (found.scale.low, found.scale.high) == ends
    assert set(found.values) == cells


def test_numbers_that_run_against_their_labels_are_told():
    found = match([{"1 - Very satisfied", "5 - Very dissatisfied", "3"}])
    assert found.direction == -1
    assert found.values["1 - Very satisfied"] == 1.0
    assert "reversed" in found.message


def test_a_number_that_contradicts_its_label_is_not_read():
    found = match(
        [
            {
                "1 - Very dissatisfied",
                "2 - Dissatisfied",
                "3 - Neutral",
                "5 - Very satisfied",
                "4 - Very satisfied",
            }
        ]
    )
    assert set(found.unread) == {"4 - Very satisfied"}
    assert found.values["5 - Very satisfied"] == 5.0
    assert "disagree" in found.message
    assert match([{"3 - Very satisfied", "3 - Very dissatisfied", "5", "1"}]).values == {"5": 5.0, "1": 1.0}


def test_labels_of_their_own_beside_numbers_count_if_they_are_told_apart():
    assert match([{"1 - Meh", "3 - Wow", "2"}]).values == {"1 - Meh": 1.0, "3 - Wow": 3.0, "2": 2.0}
    assert set(match([{"1 - Meh", "1 - Wow", "2"}]).values) == {"2"}


def test_junk_among_numbers_is_listed():
    junk = {"four", "4 stars", "5/5", "≥4", "4,5", "#REF!", "ok", "1e0", "3-4", "TRUE"}
    found = match([{"4", "４", " 3 ", "4.0", "5（非常满意）", *junk}])
    assert set(found.unread) == junk
    assert found.values == {"4": 4.0, "４": 4.0, " 3 ": 3.0, "4.0": 4.0, "5（非常满意）": 5.0}


def test_letters_of_options_are_left_out():
    cells = {"A.非常满意": 5.0, "B．满意": 4.0, "C、一般": 3.0, "D.不满意": 2.0, "E.非常不满意": 1.0}
    assert match([set(cells)]).values == cells
    assert match([{"A.非常满意", "满意"}], declared=[1, 5]).values == {"满意": 4.0}


def test_ends_alone_with_numbers_between():
    found = match([{"Very dissatisfied", "2", "3", "4", "Very satisfied"}])
    assert found.values["Very satisfied"] == 5.0
    assert match([{"Very dissatisfied", "3", "Very satisfied"}]).status == "ambiguous"


def test_only_numbers_only_blanks():
    assert match([{"1", "2"}]).status == "numbers"
    assert match([{"", " "}, set()]).status == "empty"
    assert match([]).sure


# --- round trips ---

WHOLE = [s for s in known_sets() if s.high - s.low in (4, 6) and len(s.points) == s.high - s.low + 1]


def wide(text: str) -> str:
    return "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text)


spellings = st.sampled_from(
    [
        *(str, str.upper, str.lower, str.title, wide),
        *(lambda t: f"  {t} ", lambda t: t.replace(" ", "\u00a0"), lambda t: t.replace(" ", "  ")),
        *(lambda t: t.replace("'", "’"), lambda t: f"{t}.", lambda t: f"\ufeff{t}\u200b"),
    ]
)


@given(st.sampled_from(WHOLE), st.data())
def test_every_scale_in_every_spelling_comes_back_as_numbers(known, data):
    cells = {data.draw(spellings)(names[0]): float(point) for point, names in known.points.items()}
    found = match([set(cells)])
    assert found.status == "matched", found.message
    assert found.values == cells


@given(st.sampled_from(WHOLE), st.data())
def test_some_points_of_a_named_scale_come_back(known, data):
    points = data.draw(st.sets(st.sampled_from(sorted(known.points)), min_size=1))
    cells = {data.draw(spellings)(data.draw(st.sampled_from(known.points[p]))): float(p) for p in points}
    found = match([set(cells)], declared=known.name)
    assert found.values == cells


FORMS = ("{n} - {l}", "{n}. {l}", "{l} ({n})", "{n}（{l}）", "{l} - {n}", "{n} {l}", "{n}：{l}")


@given(st.sampled_from(WHOLE), st.sampled_from(FORMS), st.data())
def test_numbers_beside_labels_come_back(known, form, data):
    points = data.draw(st.sets(st.sampled_from(sorted(known.points)), min_size=2))
    cells = {form.format(n=p, l=known.points[p][0]): float(p) for p in points}
    found = match([{*cells, *map(str, set(known.points) - points)}])
    assert {cell: found.values[cell] for cell in cells} == cells
    assert found.direction == 1
    turned = {form.format(n=known.low + known.high - p, l=known.points[p][0]) for p in known.points}
    assert match([turned]).direction == -1


@given(
    st.sets(
        st.one_of(st.text(max_size=12), st.sampled_from([*VERY, *AGREE, "5", "5 - good", "N/A", "没意见"])),
        max_size=8,
    )
)
def test_every_cell_is_a_number_a_reason_unread_or_blank_or_asked_for(cells):
    found = match([cells])
    parts = [set(found.values), set(found.reasons), set(found.unread)]
    assert sum(map(len, parts)) == len(set().union(*parts)) <= len(cells)
    left = {c for c in cells if normalise(c)} - set().union(*parts)
    assert not left or found.status in ("ambiguous", "unknown")


# --- direction ---


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        ({1: "Very satisfied", 2: "Satisfied", 3: "Neutral", 4: "Dissatisfied", 5: "Very dissatisfied"}, -1),
        ({1: "非常满意", 2: "满意", 3: "一般", 4: "不满意", 5: "非常不满意", 6: "不清楚"}, -1),
        ({1: "Strongly disagree", 7: "Strongly agree", 99: "Refused"}, 1),
        ({1: "Very satisfied", 2: "something else", 3: "Very dissatisfied"}, -1),
        ({1: "Retail", 2: "Business"}, None),
        ({1: "Very satisfied"}, None),
        ({1: "Satisfied", 2: "Very satisfied", 3: "Dissatisfied"}, None),
        ({1: "Agree", 2: "Satisfied"}, None),
        ({}, None),
    ],
)
def test_direction_lies_in_the_labels(labels, expected):
    assert direction(labels) == expected


def test_direction_knows_the_sets_of_a_user():
    french = LabelSet("d'accord.fr", 1, 3, {1: ("non",), 2: ("bof",), 3: ("oui",)}, "fr")
    assert direction({3: "non", 1: "oui"}) is None
    assert direction({3: "non", 1: "oui"}, extra=[french]) == -1


# --- speed ---


def test_a_million_cells_take_a_second_at_most():
    rng = np.random.default_rng(1)
    cells = np.array(VERY, dtype=object)[rng.integers(0, 5, 1_000_000)].tolist()
    start = time.perf_counter()
    numbers = match([set(cells)]).numbers(cells)
    assert time.perf_counter() - start < 2.0
    assert numbers.min() == 1.0
    assert numbers.max() == 5.0
    assert not np.isnan(numbers).any()
