"""From raw answers to the analysis table: nothing is lost, and everything that was done is said."""

from __future__ import annotations

import pickle
import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from satloyal.errors import SurveyError, SurveyWarning
from satloyal.survey.codebook import Codebook
from satloyal.survey.survey import Survey

TRUST = Codebook.from_dict({"constructs": {"Trust": {"items": ["T1", "T2"], "scale": [1, 5]}}})


def make(data, codebook=TRUST, **options):
    return Survey.from_frame(pd.DataFrame(data), codebook, **options)


def said(survey):
    return " ".join(map(str, survey.notes))


def test_missing_codes_become_reasons_and_are_counted():
    book = TRUST.with_missing({99: "dont_know", "refused": "refused"})
    survey = make({"T1": ["4", "99", "refused", ""], "T2": ["1", "2", "3", "4"]}, book)
    assert survey.frame["T1"].tolist()[0] == 4.0
    assert survey.missing_reasons["T1"].tolist() == [None, "dont_know", "refused", "skipped"]
    assert survey.missing_reasons["T2"].tolist() == [None] * 4
    assert "3 of 8 answers" in said(survey)


def test_a_code_inside_the_scale_is_an_answer_unless_the_item_says_otherwise():
    book = Codebook.from_text(
        'missing = {9 = "dont_know"}\n[items]\nQ5 = {scale = [1, 5]}\nNPS = {scale = [0, 10]}\n'
        'OWN = {scale = [0, 10], missing = {8 = "refused"}}\n'
    )
    survey = make({"Q5": [1, 9], "NPS": [0, 9], "OWN": [8, 9]}, book)
    assert survey.missing_reasons["Q5"].tolist() == [None, "dont_know"]
    assert survey.frame["NPS"].tolist() == [0.0, 9.0]
    assert survey.missing_reasons["OWN"].tolist() == ["refused", None]


def test_answers_outside_the_scale_are_warned_about_with_their_rows_and_kept_as_invalid():
    with pytest.warns(SurveyWarning, match="1 answer to 'T1' lies outside its scale 1–5.*55 in row 2"):
        survey = make({"T1": [1, 55, 3], "T2": [1, 2, 3]})
    assert survey.missing_reasons["T1"].tolist() == [None, "invalid", None]
    assert "outside its scale" in said(survey)


def test_reversed_items_are_turned_round_last():
    book = Codebook.from_text(
        'missing = {99 = "dk"}\n[constructs.T]\nitems = ["T1", "T2"]\nscale = [1, 5]\nreverse = ["T2"]\n'
    )
    survey = make({"T1": [1, 5], "T2": [1, 99]}, book)
    assert survey.frame["T2"].tolist()[0] == 5.0
    assert survey.missing_reasons["T2"].tolist() == [None, "dk"]
    assert survey.notes[-1].step == "reverse coding"


@given(st.lists(st.sampled_from([1, 2, 3, 4, 5, None]), min_size=2, max_size=20))
def test_reversing_the_reversed_answers_gives_the_answers(answers):
    text = '[constructs.T]\nitems = ["T"]\nscale = [1, 5]\n'
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SurveyWarning)
        turned = make({"T": answers}, Codebook.from_text(text + 'reverse = ["T"]\n')).frame
        back = Survey.from_frame(turned, Codebook.from_text(text + 'reverse = ["T"]\n')).frame
        plain = make({"T": answers}, Codebook.from_text(text)).frame
    pd.testing.assert_frame_equal(back, plain)


@given(st.permutations(["T1", "T2", "w", "g"]))
def test_the_order_of_columns_does_not_matter(order):
    book = Codebook.from_text(
        'weight = "w"\ngroup = "g"\n[constructs.T]\nitems = ["T1", "T2"]\nscale = [1, 5]\n'
    )
    data = pd.DataFrame({"T1": [1, 2, 5], "T2": [2, 2, 4], "w": [1, 2, 0.5], "g": ["a", "b", "a"]})
    first, other = Survey.from_frame(data, book), Survey.from_frame(data[order], book)
    pd.testing.assert_frame_equal(first.frame, other.frame[list(data)])
    pd.testing.assert_frame_equal(first.describe(), other.describe())
    pd.testing.assert_frame_equal(first.scores(), other.scores())


def test_text_among_numbers_is_one_error_with_at_most_five_cells():
    cells = ["4", *[f"bad{i}" for i in range(8)]]
    with pytest.raises(SurveyError) as caught:
        make({"T1": cells, "T2": ["1"] * 9}, name="mine")
    message = str(caught.value)
    assert message.startswith(
        "mine: column 'T1' should hold numbers but has text in 8 of 9 cells: 'bad0' in row 2"
    )
    assert "'bad4' in row 6 and 3 more" in message
    assert "bad5" not in message


def test_without_a_codebook_a_column_of_numbers_with_text_in_it_is_refused_but_free_text_is_kept():
    with pytest.raises(SurveyError, match="'x' in row 3"):
        make({"SAT": ["1", "2", "x"]}, None)
    survey = make({"SAT": ["1", "2", "3"], "comment": ["fine", "10", " ok "]}, None)
    assert survey.frame["comment"].tolist() == ["fine", "10", " ok "]
    assert survey.items == ("SAT",)


def test_a_column_the_codebook_does_not_name_may_hold_anything():
    survey = make({"T1": [1, 2], "T2": [1, 2], "mixed": ["5", "x"]})
    assert survey.frame["mixed"].tolist() == ["5", "x"]


def test_items_that_are_not_there_are_told_with_the_nearest_name():
    with pytest.raises(SurveyError, match=r"not in the data: 'T2' \(did you mean 't2'\?\)"):
        make({"T1": [1], "t2": [1]})


def test_duplicated_column_names_in_a_frame_are_refused():
    frame = pd.DataFrame([[1, 2, 3]], columns=["T1", "T1", "T2"])
    with pytest.raises(SurveyError, match="duplicated column names: 'T1'"):
        Survey.from_frame(frame, TRUST)
    with pytest.raises(SurveyError, match="duplicated column names: '1'"):
        Survey.from_frame(pd.DataFrame([[1, 2]], columns=[1, "1"]))


def test_constant_and_empty_items_are_warned_about_and_kept():
    with pytest.warns(SurveyWarning) as caught:
        survey = make({"T1": [3, 3, 3], "T2": [None, None, None]})
    messages = " ".join(str(w.message) for w in caught)
    assert "nobody answered 'T2'" in messages
    assert "same answer to 'T1' (always 3)" in messages
    assert {"T1", "T2"} <= set(survey.frame)
    assert "nobody answered 'T2'" in said(survey)


@pytest.mark.parametrize(
    ("weights", "word"),
    [
        ([1, -1], "negative"),
        ([1, np.inf], "infinite"),
        ([1, None], "missing"),
        (["1", "x"], "text"),
        ([0, 0], "every"),
    ],
)
def test_weights_that_cannot_be_weights_are_refused(weights, word):
    with pytest.raises(SurveyError, match=word):
        make({"w": weights, "T": [1, 2]}, Codebook.from_text('weight = "w"\n[items.T]\n'))


def test_infinite_answers_are_refused():
    with pytest.raises(SurveyError, match="infinite values in 1 rows: row 2"):
        make({"T1": [1.0, np.inf], "T2": [1, 2]})


def test_respondents_who_occur_twice_are_warned_about_and_kept():
    with pytest.warns(SurveyWarning, match="1 respondent in column 'cid' stands in 2 rows: C2"):
        survey = make(
            {"cid": ["C1", "C2", "C2"], "T": [1, 2, 3]}, Codebook.from_text('id = "cid"\n[items.T]\n')
        )
    assert survey.n == 3


def test_ids_stay_text_and_whole_numbers_lose_no_digits():
    survey = make({"cid": [1.0, 2.0], "T": [1, 2]}, Codebook.from_text('id = "cid"\n[items.T]\n'))
    assert survey.frame["cid"].tolist() == ["1", "2"]


def test_groups_keep_their_names_and_whole_numbers_stay_whole():
    book = Codebook.from_text('group = ["brand", "g"]\nwave = "wave"\n[items.T]\n')
    survey = make(
        {"brand": ["A ", "B", ""], "g": ["1", "2", "1"], "wave": [1.0, 2.0, 2.0], "T": [1, 2, 3]}, book
    )
    assert survey.groups == ("brand", "g")
    assert survey.frame["brand"].tolist() == ["A", "B", None]
    assert survey.frame["g"].dtype == np.int64
    assert survey.frame["wave"].tolist() == [1, 2, 2]
    assert survey.missing_reasons["brand"].tolist() == [None, None, "skipped"]


def test_the_index_is_kept_where_it_is_unique():
    frame = pd.DataFrame({"T1": [1, 2], "T2": [2, 3]}, index=["a", "b"])
    survey = Survey.from_frame(frame, TRUST)
    assert survey.scores().index.tolist() == survey.missing_reasons.index.tolist() == ["a", "b"]
    twice = Survey.from_frame(frame.set_axis([0, 0]), TRUST)
    assert twice.frame.index.tolist() == [0, 1]
    assert twice.notes[0].step == "index"


def test_the_frame_that_was_given_is_not_changed():
    frame = pd.DataFrame({"T1": ["1", "99"], "T2": [1, 2]})
    before = frame.copy()
    make(frame, TRUST.with_missing({99: "dk"}))
    pd.testing.assert_frame_equal(frame, before)


def test_a_survey_needs_rows_and_a_frame():
    with pytest.raises(SurveyError, match="no responses"):
        make({"T1": [], "T2": []})
    with pytest.raises(SurveyError, match="no data"):
        make({})
    with pytest.raises(SurveyError, match="not of list"):
        Survey.from_frame([1, 2])
    with pytest.raises(SurveyError, match="not int"):
        make({"T1": [1]}, 5)


def test_missing_codes_may_be_a_mapping_a_list_or_one_code():
    for codes in ({99: "missing"}, [99], 99, "99"):
        survey = make({"T1": [1, 99], "T2": [1, 2]}, missing_codes=codes)
        assert survey.missing_reasons["T1"].tolist() == [None, "missing"]


def test_a_survey_shows_itself_and_escapes_what_came_from_outside():
    book = Codebook.from_text(
        'title = "<script>"\n[constructs.T]\nlabel = "<b>"\nitems = ["T1", "T2"]\nscale = [1, 5]\n'
    )
    survey = make({"T1": [1, 2], "T2": [2, None]}, book, name="<img>")
    assert "2 respondents, 2 items in 1 construct" in repr(survey)
    assert "1 of 4 answers (skipped 1)" in repr(survey)
    page = survey._repr_html_()
    assert "&lt;script&gt;" in page
    assert not any(tag in page for tag in ("<script>", "<b>", "<img>"))


def test_a_survey_can_be_pickled():
    survey = make({"T1": [1, 2], "T2": [2, 3]})
    back = pickle.loads(pickle.dumps(survey))  # noqa: S301 - our own bytes
    pd.testing.assert_frame_equal(back.frame, survey.frame)


# ---- personal data ---------------------------------------------------------------------------------------


def test_personal_data_leave_the_table_and_never_stand_in_a_message():
    survey = make(
        {
            "IP Address": ["192.0.2.7", "192.0.2.8"],
            "contact": ["anna@example.org", "none"],
            "Recipient Last Name": ["Maier", "Huber"],
            "LocationLatitude": [48.1, 48.2],
            "T1": [1, 2],
            "T2": [1, 2],
        }
    )
    assert list(survey.frame) == ["T1", "T2"]
    note = said(survey)
    assert "IP Address, contact" in note
    assert "anna" not in note + repr(survey)
    assert "192.0.2" not in note + repr(survey)


def test_a_codebook_may_keep_a_personal_column_on_purpose():
    book = Codebook.from_text('keep_personal = ["Email"]\n[items.T]\n')
    assert (
        make({"Email": ["a@example.org", "b@example.org"], "T": [1, 2]}, book).frame["Email"].iloc[0]
        == "a@example.org"
    )


def test_ids_that_are_addresses_become_running_numbers():
    book = Codebook.from_text('id = "mail"\n[items.T]\n')
    with pytest.warns(SurveyWarning, match="R00001") as caught:
        survey = make({"mail": ["a@example.org", "b@example.org", "a@example.org"], "T": [1, 2, 3]}, book)
    assert survey.frame["mail"].tolist() == ["R00001", "R00002", "R00001"]
    assert "example.org" not in said(survey) + str(caught[0].message)


def test_an_address_inside_free_text_is_pointed_out():
    survey = make({"T1": [1, 2], "T2": [1, 2], "comment": ["write to a@example.org", "fine"]})
    assert "1 cells of 'comment' mention an e-mail address" in said(survey)
    assert "example.org" not in said(survey)
