"""The table says each label once, in order, and nothing in it is also no answer."""

from __future__ import annotations

from collections import Counter

import pytest

from satloyal.errors import SurveyError
from satloyal.survey.labels import (
    LabelSet,
    direction,
    is_contested,
    known_labels,
    known_sets,
    label_sets,
    match,
    normalise,
    reason_of,
)

LANGUAGES = {"en", "zh-Hans", "zh-Hant"}
# What every scale in all three languages must have, however it is spelt: the two ends and the middle.
IN_ALL = {
    *("satisfaction3", "satisfaction4", "satisfaction5", "satisfaction7", "satisfaction0to10"),
    *(
        "agreement4",
        "agreement5",
        "agreement6",
        "agreement7",
        "likelihood5",
        "likelihood7",
        "likelihood0to10",
    ),
    *("willingness5", "intention5", "frequency5", "quality5", "importance5", "expectation5", "trust5"),
    *("ease5", "conformity5", "yesno"),
}
each = pytest.mark.parametrize("known", known_sets(), ids=lambda known: known.name)


@each
def test_a_set_names_its_points_in_order_and_says_its_language(known):
    assert known.language in LANGUAGES
    assert list(known.points) == sorted(known.points)
    assert {known.low, known.high} <= set(known.points), "both ends have names"
    inner = set(known.points) == set(range(known.low, known.high + 1))
    assert inner or set(known.points) == {known.low, known.high}, "all points have names, or only the ends"


@each
def test_no_label_names_two_points_and_none_is_no_answer(known):
    names = Counter(normalise(name) for name in known)
    assert max(names.values()) == 1
    assert not [name for name in known if reason_of(name) is not None]


@each
def test_every_set_is_told_in_its_own_order(known):
    usual = {point: names[0] for point, names in known.points.items()}
    assert direction(usual) in (1, None)
    assert direction(usual, extra=()) != -1
    turned = {known.low + known.high - point: name for point, name in usual.items()}
    assert direction(turned) in (-1, None)


def test_directions_of_nearly_all_sets_are_known():
    known = [direction({p: names[0] for p, names in s.points.items()}) for s in known_sets()]
    assert known.count(None) == 0


def test_the_scales_of_surveys_are_there_in_three_languages():
    languages: dict[str, set[str]] = {}
    for known in known_sets():
        languages.setdefault(known.family, set()).add(known.language)
    assert all(languages[family] == LANGUAGES for family in IN_ALL)
    assert len({known.name for known in known_sets()}) == len(known_sets())


@each
def test_traditional_labels_hold_no_simplified_characters_and_the_other_way_round(known):
    simplified, traditional = set("满较确远从总难说会愿"), set("滿較確遠從總難說會願")
    text = set("".join(known))
    if known.language == "zh-Hans":
        assert not text & traditional
    elif known.language == "zh-Hant":
        assert not text & simplified
    else:
        assert "".join(known).isascii()


@pytest.mark.parametrize(
    "known",
    [s for s in known_sets() if s.high - s.low in (4, 6) and len(s.points) == s.high - s.low + 1],
    ids=lambda known: known.name,
)
def test_all_labels_of_a_scale_together_are_that_scale(known):
    usual = {names[0]: float(point) for point, names in known.points.items()}
    found = match([set(usual)])
    assert found.status == "matched", found.message
    assert found.values == usual
    assert (found.scale.low, found.scale.high) == (known.low, known.high)


def test_known_labels_are_all_of_them_normalised():
    assert known_labels() == {normalise(name) for known in known_sets() for name in known}
    assert all(normalise(label) == label for label in known_labels())


# --- sets that users add ---


def test_a_user_adds_a_language():
    (german,) = label_sets(
        {
            "zufrieden.de": {
                "language": "de",
                "labels": [
                    "Sehr unzufrieden",
                    "Unzufrieden",
                    "Teils teils | weder noch",
                    "Zufrieden",
                    "Sehr zufrieden",
                ],
            }
        }
    )
    found = match([{"Zufrieden", "weder noch", "Sehr  unzufrieden"}], extra=[german])
    assert found.values == {"Zufrieden": 4.0, "weder noch": 3.0, "Sehr  unzufrieden": 1.0}
    assert found.languages == ("de",)


def test_a_set_on_another_range_and_with_names_for_the_ends_only():
    faces = LabelSet.from_mapping("faces", {"low": -1, "labels": ["☹", "😐", "☺"]})
    assert (faces.low, faces.high, faces.point("😐")) == (-1, 1, 0)
    ends = LabelSet.from_mapping("ends", {"low": 1, "high": 9, "labels": {"1": "nie", "9": "immer"}})
    assert match([{"nie", "3", "immer"}], extra=[ends]).values == {"nie": 1.0, "3": 3.0, "immer": 9.0}


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({}, "`labels` is missing"),
        ({"labels": "good"}, "`labels` is missing or no list"),
        ({"labels": ["good"]}, "fewer than two points"),
        ({"labels": ["a", "b"], "hihg": 5}, "unknown key 'hihg'"),
        ({"labels": ["a", "b", "c"], "high": 5}, "3 labels cannot name the points from 1 to 5"),
        ({"labels": ["good", "GOOD "]}, "the name of two points, 1 and 2"),
        ({"labels": ["good", 3]}, "a label must be text"),
        ({"labels": ["a", "b"], "low": "one"}, "low must be a whole number"),
        ({"labels": {"1": "a", "9": "b"}, "high": 5}, "point 9 lies outside the scale 1–5"),
        ({"labels": {"x": "a", "9": "b"}}, "a point must be a whole number"),
    ],
)
def test_what_is_wrong_with_a_users_set_is_said(body, words):
    with pytest.raises(SurveyError) as told:
        label_sets({"mine": body})
    assert words in str(told.value)
    assert "mine" in str(told.value)


def test_a_table_of_labels_must_be_a_table():
    with pytest.raises(SurveyError, match=r"\[labels.mine\] must be a table"):
        label_sets({"mine": ["a", "b"]})


# --- answers that are none ---


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        *((text, "dont_know") for text in ("Don't know", "DON’T KNOW.", "Not sure", "N/A", "Not applicable")),
        *((text, "dont_know") for text in ("不清楚", "不知道", "说不清", "不适用", "不適用", "說不清楚")),
        *((text, "refused") for text in ("Prefer not to say", "拒答", "不願回答", "Refused")),
        *(("(空)", "skipped"), ("（跳过）", "not_shown"), ("Very satisfied", None), ("know", None)),
    ],
)
def test_reasons_of_answers_that_are_none(text, reason):
    assert reason_of(text) == reason


@pytest.mark.parametrize("text", ["No opinion", "没意见", "沒意見", "不确定", "Undecided"])
def test_what_is_a_middle_here_and_no_answer_there_has_no_reason_of_its_own(text):
    assert is_contested(text)
    assert reason_of(text) is None
