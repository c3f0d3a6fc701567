"""Screening and keeping: flags, limits, records."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest

import satloyal as sl
from satloyal.errors import SurveyError

BOOK = {
    "id": "cid",
    "constructs": {
        f"C{i}": {"items": [f"C{i}_{j}" for j in range(3)], "scale": [1, 5], "reverse": [f"C{i}_2"]}
        for i in range(12)
    },
}
ITEMS = [f"C{i}_{j}" for i in range(12) for j in range(3)]


def _frame(n: int = 300) -> pd.DataFrame:
    """Careful people, then five straight-liners, five at random, one in a hurry, one twice, one absent."""
    rng = np.random.default_rng(11)
    level = np.repeat(rng.normal(size=(n, 12)), 3, axis=1)
    keyed = np.clip(np.rint(3 + level + 0.4 * rng.normal(size=(n, 36))), 1, 5)
    given = np.where(np.arange(36) % 3 == 2, 6 - keyed, keyed)
    given[:5] = 3.0
    given[0] = 4.0
    given[5:10] = rng.integers(1, 6, (5, 36))
    given[12] = given[11]
    given[13, 10:] = np.nan
    frame = pd.DataFrame(given, columns=ITEMS)
    ids = [f"P{i}" for i in range(n)]
    ids[15] = "P14"
    seconds = rng.uniform(200, 600, n).round()
    seconds[10] = 40.0
    check = np.where(np.arange(n) == 16, 1.0, 5.0)
    return frame.assign(cid=ids, duration=seconds, AC=check)


@pytest.fixture(scope="module")
def survey() -> sl.Survey:
    with pytest.warns(sl.SatloyalWarning):
        return sl.Survey.from_frame(_frame(), sl.Codebook.from_dict(BOOK))


def test_each_kind_of_carelessness_is_flagged_by_its_index(survey: sl.Survey) -> None:
    flags = survey.screen(checks={"AC": 5}).flags
    assert flags.index[flags["longstring_share"]].tolist() == [0, 1, 2, 3, 4]
    assert flags.index[flags["straight_share"]].tolist() == [0, 1, 2, 3, 4]
    assert flags.index[flags["irv"]].tolist() == [0, 1, 2, 3, 4]
    assert flags.loc[5:9, "even_odd"].all()
    assert flags["even_odd"].mean() < 0.05
    assert flags.loc[5:9, "mahalanobis_p"].sum() >= 3
    assert flags.index[flags["seconds_per_item"]].tolist() == [10]
    assert flags.index[flags["same_answers"]].tolist() == [12]
    assert flags.index[flags["missing_share"]].tolist() == [13]
    assert flags.index[flags["same_id"]].tolist() == [15]
    assert flags.index[flags["failed_checks"]].tolist() == [16]


def test_straight_lines_are_those_of_the_answers_as_given(survey: sl.Survey) -> None:
    # turned round, a straight line of 4 on a scale of 5 is 4 4 2 4 4 2 …
    assert survey.frame.loc[0, ITEMS[:3]].tolist() == [4, 4, 2]
    assert survey.screen().table.loc[0, "longstring"] == 36


def test_the_table_agrees_with_plain_pandas(survey: sl.Survey) -> None:
    table = survey.screen(checks={"AC": 5}).table
    raw = _frame()
    np.testing.assert_allclose(table["irv"], raw[ITEMS].std(axis=1), atol=1e-12)
    np.testing.assert_allclose(table["seconds_per_item"], raw["duration"] / raw[ITEMS].notna().sum(axis=1))
    np.testing.assert_allclose(table["missing_share"], raw[ITEMS].isna().mean(axis=1))
    assert len(table) == survey.n
    assert table.index.equals(survey.frame.index)


def test_antonyms_are_seen_before_items_are_turned_round(survey: sl.Survey) -> None:
    table = survey.screen().table
    assert table["antonym_pairs"].max() >= 20
    assert table["antonyms"].iloc[20:].median() < -0.6
    assert table["synonyms"].iloc[20:].median() > 0.6


def test_limits_can_be_changed_and_say_where_they_come_from(survey: sl.Survey) -> None:
    default = survey.screen()
    own = survey.screen(cutoffs={"seconds_per_item": 8, "irv": None, "synonyms": 0.2})
    assert own.flags["seconds_per_item"].sum() > default.flags["seconds_per_item"].sum()
    assert "irv" not in own.flags
    assert own.flags["synonyms"].any()
    sources = own.tidy().set_index("index")["source"]
    assert sources["seconds_per_item"] == "given by the user"
    assert all(sources)
    with pytest.raises(SurveyError, match=r"no cut-off 'second_per_item'.*seconds_per_item"):
        survey.screen(cutoffs={"second_per_item": 1})
    with pytest.raises(SurveyError, match="pairs is 2"):
        survey.screen(pairs=2)


def test_an_index_on_too_little_judges_nobody_and_says_so(survey: sl.Survey) -> None:
    few = survey.screen(items=ITEMS[:9])
    assert "even_odd" in few.table
    assert "even_odd" not in few.flags
    assert any("even_odd is reported but judges nobody" in n.message for n in few.notes)
    asked = survey.screen(items=ITEMS[:9], cutoffs={"even_odd": 0.3})
    assert "even_odd" in asked.flags


def test_an_index_that_most_people_fail_is_about_the_questions() -> None:
    rng = np.random.default_rng(4)
    same = np.clip(np.rint(3 + rng.normal(size=(300, 1)) + rng.normal(size=(300, 36))), 1, 5)
    book = {"constructs": {f"C{i}": {"items": ITEMS[3 * i : 3 * i + 3], "scale": [1, 5]} for i in range(12)}}
    survey = sl.Survey.from_frame(pd.DataFrame(same, columns=ITEMS), sl.Codebook.from_dict(book))
    screening = survey.screen()
    assert (screening.table["even_odd"] < 0.3).mean() > 0.25
    assert "even_odd" not in screening.flags
    assert any("it is the questions, not the people" in n.message for n in screening.notes)


def test_questions_that_were_not_shown_are_not_missing() -> None:
    frame = pd.DataFrame({"A": [1, 2, -3], "B": [-3, -3, 4], "C": [3, np.nan, 2]})
    book = {"missing": {"-3": "not_shown"}, "items": {n: {"scale": [1, 5]} for n in "ABC"}}
    survey = sl.Survey.from_frame(frame, sl.Codebook.from_dict(book))
    assert survey.screen().table["missing_share"].tolist() == [0.0, 0.5, 0.0]


def test_runs_end_where_the_scale_changes_and_units_are_shared() -> None:
    items = {f"A{i}": {"scale": [1, 5]} for i in range(4)} | {f"B{i}": {"scale": [0, 10]} for i in range(4)}
    frame = pd.DataFrame([[5] * 8, [4, 4, 4, 4, 10, 10, 10, 10]], columns=list(items))
    survey = sl.Survey.from_frame(frame, sl.Codebook.from_dict({"items": items}))
    table = survey.screen().table
    assert table["longstring"].tolist() == [4, 4]
    assert table["straight_share"].tolist() == [1, 1]
    assert table["irv"].round(6).tolist() == [
        round(np.std([1] * 4 + [0.5] * 4, ddof=1), 6),
        round(np.std([0.75] * 4 + [1] * 4, ddof=1), 6),
    ]


def test_blocks_may_be_named(survey: sl.Survey) -> None:
    table = survey.screen(blocks={"one": ITEMS[:3], "two": ITEMS[3:6]}).table
    raw = _frame()[ITEMS]
    blocks = [raw[ITEMS[:3]], raw[ITEMS[3:6]]]
    expected = sum((b.nunique(axis=1) == 1) & b.notna().all(axis=1) for b in blocks) / 2
    np.testing.assert_allclose(table["straight_share"], expected)
    with pytest.raises(SurveyError, match="'C0_9' is no item"):
        survey.screen(blocks={"one": ["C0_9"]})


def test_order_of_rows_changes_nothing(survey: sl.Survey) -> None:
    order = np.random.default_rng(0).permutation(survey.n)
    back = dataclasses.replace(
        survey, frame=survey.frame.iloc[order], missing_reasons=survey.missing_reasons.iloc[order]
    )
    drop = ["same_id", "same_answers"]  # which of two is the first does depend on the order
    one, two = survey.screen().table.drop(columns=drop), back.screen().table.drop(columns=drop)
    pd.testing.assert_frame_equal(one, two.loc[one.index], rtol=1e-9, atol=1e-9)


def test_nobody_leaves_until_asked_and_the_record_says_why(survey: sl.Survey) -> None:
    screening = survey.screen(checks={"AC": 5})
    assert survey.n == 300
    kept = survey.keep(screening, at_least=1)
    suspects = screening.suspects(at_least=1)
    assert kept.n == 300 - suspects.sum()
    assert kept.left.index.tolist() == list(survey.frame.index[suspects])
    assert kept.left.loc[0, "id"] == "P0"
    assert "longstring_share" in kept.left.loc[0, "why"]
    note = kept.notes[-1]
    assert note.count == suspects.sum()
    assert "longstring_share 5" in note.message
    again = kept.keep(kept.frame["duration"] > 250, reason="under 250 s")
    assert len(again.left) == 300 - again.n
    assert again.left["why"].iloc[-1] == "under 250 s"
    assert again.missing_reasons.index.equals(again.frame.index)


def test_flags_can_be_chosen(survey: sl.Survey) -> None:
    screening = survey.screen()
    kept = survey.keep(screening, at_least=1, flags=["seconds_per_item", "same_id"], reason="agreed before")
    assert kept.left["id"].tolist() == ["P10", "P14"]
    assert kept.left["why"].tolist() == ["seconds_per_item", "same_id"]
    assert "agreed before" in kept.notes[-1].message
    with pytest.raises(SurveyError, match="no flag 'speed'"):
        survey.keep(screening, flags=["speed"])
    with pytest.raises(SurveyError, match="at_least is 0"):
        screening.suspects(at_least=0)


def test_who_stays_must_fit_the_survey(survey: sl.Survey) -> None:
    with pytest.raises(SurveyError, match="2 rows, but the survey has 300"):
        survey.keep([True, False])
    with pytest.raises(SurveyError, match="True and False alone"):
        survey.keep(survey.frame["duration"])
    with pytest.raises(SurveyError, match="nobody would be left"):
        survey.keep(np.zeros(300, dtype=bool))
    with pytest.raises(SurveyError, match="of other rows"):
        survey.keep(survey.keep(survey.frame["duration"] > 250).screen())
    assert survey.keep([True] * 300).left.empty


def test_weights_are_made_again_after_somebody_left(survey: sl.Survey) -> None:
    weighted = survey.rake({"AC": {"1": 0.02, "5": 0.98}})
    kept = weighted.keep(weighted.frame["duration"] > 250)
    assert kept.weighting is None
    assert "weight again" in kept.notes[-1].message


def test_what_is_shown_is_escaped_and_begins_with_the_count(survey: sl.Survey) -> None:
    screening = survey.screen()
    assert screening.summary().startswith("Screening: ")
    assert "nobody is left out" in screening.summary().splitlines()[0]
    frame = pd.DataFrame({"<b>x</b>": [1, 2, 3], "y": [2, 3, 4]})
    assert "<b>x" not in sl.Survey.from_frame(frame).screen(seconds="<b>x</b>")._repr_html_()


def test_a_survey_without_items_cannot_be_screened() -> None:
    survey = sl.Survey.from_frame(pd.DataFrame({"comment": ["too slow", "nice people"]}))
    with pytest.raises(SurveyError, match="no items to screen"):
        survey.screen()


def test_the_codebook_may_name_attention_checks() -> None:
    book = sl.Codebook.from_text(
        """
        [items]
        SAT = {scale = [1, 5]}
        [attention]
        AC1 = 4
        AC2 = ["Agree", "Strongly agree"]
        """
    )
    assert sl.Codebook.from_text(book.to_toml()) == book
    frame = pd.DataFrame({"SAT": [1, 2, 5], "AC1": [4, 4, 1], "AC2": ["agree", "Disagree", "No"]})
    screening = sl.Survey.from_frame(frame, book).screen()
    assert screening.table["failed_checks"].tolist() == [0, 1, 2]
    assert screening.flags["failed_checks"].tolist() == [False, True, True]
    with pytest.raises(SurveyError, match=r"line 2.*'AC1' must say which answer is right"):
        sl.Codebook.from_text("[attention]\nAC1 = true")
    with pytest.raises(SurveyError, match="columns that are not in the data: 'AC2'"):
        sl.Survey.from_frame(frame.drop(columns="AC2"), book)


def test_blocks_are_questions_of_one_stem() -> None:
    names = [f"Q{i}" for i in range(1, 9)]
    items = {n: {"scale": [1, 5], "stem": "First" if i < 4 else "Second"} for i, n in enumerate(names)}
    frame = pd.DataFrame([[2] * 4 + [5, 4, 3, 2], [2] * 4 + [1] * 4, [1, 3, 4, 5] * 2], columns=names)
    survey = sl.Survey.from_frame(frame, sl.Codebook.from_dict({"items": items}))
    assert survey.screen().table["straight_share"].tolist() == [0.5, 1, 0]


def test_indices_of_one_kind_count_once(survey: sl.Survey) -> None:
    screening = survey.screen()
    assert screening.flags.loc[1, ["longstring_share", "straight_share", "irv"]].all()
    one = screening.suspects(at_least=2, flags=["longstring_share", "straight_share", "irv"])
    assert not one.any()
    assert screening.suspects(at_least=1, flags="irv").sum() == 5
    assert screening.count.max() <= len({c.evidence for c in screening.cutoffs})


@pytest.mark.parametrize("seed", range(40))
@pytest.mark.filterwarnings("ignore::satloyal.errors.SatloyalWarning")
def test_no_table_of_answers_breaks_screening(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n, k = (int(rng.integers(1, 30)) for _ in range(2))
    values = rng.integers(1, int(rng.choice([2, 5, 10])) + 1, (n, k)) * float(rng.choice([1, 1e8, 1 / 7]))
    if rng.random() < 0.3:
        values[:] = values[:, :1]
    if rng.random() < 0.5:
        values[rng.random((n, k)) < rng.random()] = np.nan
    frame = pd.DataFrame(values, columns=[f"C{j // 3}_{j}" for j in range(k)])
    owned = {f"C{c}": {"items": list(frame.columns[3 * c : 3 * c + 3])} for c in range(-(-k // 3))}
    survey = sl.Survey.from_frame(frame, sl.Codebook.from_dict({"constructs": owned}))
    with np.errstate(all="raise", under="ignore"):
        screening = survey.screen(pairs=float(rng.uniform(0.05, 1)))
    assert len(screening.table) == n
    assert not np.isinf(screening.table.to_numpy(dtype=float)).any()
    for name in ("even_odd", "synonyms", "antonyms"):
        assert screening.table[name].dropna().between(-1, 1).all()
    assert screening.summary()
    assert len(screening.tidy()) == len(screening.cutoffs)
