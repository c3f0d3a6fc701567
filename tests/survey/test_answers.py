"""Labels become numbers by blocks; what could be two scales is never decided in silence."""

from __future__ import annotations

import warnings

import pandas as pd
import pytest

from satloyal.errors import SurveyError, SurveyWarning
from satloyal.survey.answers import coded
from satloyal.survey.codebook import Codebook
from satloyal.survey.raw import RawTable
from satloyal.survey.survey import Survey

SATISFIED = [
    "Very dissatisfied",
    "Dissatisfied",
    "Neither satisfied nor dissatisfied",
    "Satisfied",
    "Very satisfied",
]
AGREE5 = ["Strongly disagree", "Disagree", "Neither agree nor disagree", "Agree", "Strongly agree"]
AGREE7 = [*AGREE5[:2], "Somewhat disagree", AGREE5[2], "Somewhat agree", *AGREE5[3:]]


def book(**scales: list[int]) -> Codebook:
    return Codebook.from_dict({"items": {name: {"scale": scale} for name, scale in scales.items()}})


def read(columns: dict[str, list], codebook: Codebook | None = None) -> Survey:
    frame = pd.DataFrame({name: pd.Series(cells, dtype=object) for name, cells in columns.items()})
    return Survey.from_frame(frame, codebook)


def test_the_codebook_decides_what_agree_is():
    cells = ["Agree", "Strongly agree", "Disagree"]
    assert read({"T1": cells}, book(T1=[1, 5])).frame["T1"].tolist() == [4.0, 5.0, 2.0]
    assert read({"T1": cells}, book(T1=[1, 7])).frame["T1"].tolist() == [6.0, 7.0, 2.0]


def test_without_a_codebook_an_ambiguous_block_stays_text_with_a_warning():
    with pytest.warns(SurveyWarning, match="T1"):
        survey = read({"T1": ["Agree", "Disagree", "Agree"]})
    assert survey.frame["T1"].tolist() == ["Agree", "Disagree", "Agree"]
    assert "T1" not in survey.codebook.items


def test_neighbours_with_one_scale_decide_together():
    survey = read({"T1": AGREE7, "T2": ["Agree"] * 4 + ["Disagree"] * 3})
    assert survey.frame["T2"].tolist() == [6.0] * 4 + [2.0] * 3
    assert survey.codebook.items["T2"].scale.high == 7


def test_columns_of_one_stem_on_two_scales_are_not_read_as_one():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        raw = RawTable(
            pd.DataFrame({"A": AGREE5 * 2, "B": [*AGREE7, "Agree", "Agree", "Agree"]}, dtype=object),
            tuple(range(1, 11)),
            stems={"A": "How much do you agree?", "B": "How much do you agree?"},
        )
        out = coded(raw, Codebook())
    assert out.frame["A"].tolist() == [1, 2, 3, 4, 5] * 2
    assert out.frame["B"].tolist() == [1, 2, 3, 4, 5, 6, 7, 6, 6, 6]


def test_scales_side_by_side_do_not_disturb_each_other():
    survey = read({"S1": SATISFIED, "S2": SATISFIED[::-1], "T1": AGREE5, "N": ["0", "10", "7", "8", "9"]})
    assert survey.frame["S2"].tolist() == [5, 4, 3, 2, 1]
    assert survey.frame["T1"].tolist() == [1, 2, 3, 4, 5]
    assert survey.codebook.items["S1"].scale.label(5) is not None


def test_no_answer_has_its_reason():
    survey = read({"S1": ["Satisfied", "Don't know", "Prefer not to say", None, "N/A"]}, book(S1=[1, 5]))
    assert survey.frame["S1"].tolist()[0] == 4.0
    assert survey.missing_reasons["S1"].tolist() == [None, "dont_know", "refused", "skipped", "skipped"]


def test_a_typing_error_is_suggested_and_not_repaired():
    with pytest.raises(SurveyError, match=r"Very satsfied.*row 2.*did you mean 'very satisfied'"):
        read({"S1": ["Satisfied", "Very satsfied"]}, book(S1=[1, 5]))
    with pytest.warns(SurveyWarning, match="Very satsfied"):
        assert read({"S1": [*SATISFIED, "Very satsfied"]}).frame["S1"].tolist()[-1] == "Very satsfied"


def test_labels_on_no_known_scale_are_refused_with_what_to_say():
    with pytest.raises(SurveyError, match="labels"):
        read({"S1": ["bof", "super"]}, book(S1=[1, 2]))


def test_free_text_is_left_alone():
    words = [f"comment {k}" for k in range(40)]
    assert read({"S1": SATISFIED * 8, "C": words}).frame["C"].tolist() == words


def test_prefixed_codes_are_numbers_only_where_the_vendor_writes_them_so():
    frame = pd.DataFrame({"Q": ["A1", "A5", "A9"], "R": ["B1", "x", "A2"]}, dtype=object)
    book_ = Codebook.from_dict({"missing": {"A9": "dont_know"}, "items": {"Q": {"scale": [1, 5]}}})
    raw = RawTable(frame, (1, 2, 3), prefixed=True)
    out = coded(raw, book_)
    assert out.frame["Q"].tolist() == [1.0, 5.0, "A9"]
    assert out.frame["R"].tolist() == frame["R"].tolist()
    assert any(f.eye and "A4" in f.note.message for f in out.findings)


def test_a_scale_may_be_named_and_the_codebook_may_add_its_own():
    text = """
    [labels.smileys]
    labels = ["sad | :(", "so-so", "happy | :)"]
    language = "en"

    [items.S1]
    scale = "satisfaction5"
    [items.M1]
    scale = "smileys"
    """
    codebook = Codebook.from_text(text)
    assert Codebook.from_text(codebook.to_toml()) == codebook
    survey = read({"S1": ["满意", "Satisfied", "非常滿意"], "M1": [":)", "Sad", "so-so"]}, codebook)
    assert survey.frame["S1"].tolist() == [4.0, 4.0, 5.0]
    assert survey.frame["M1"].tolist() == [3.0, 1.0, 2.0]
    assert survey.codebook.items["M1"].scale.points == 3


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[items.S1]\nscale = "satisfacton5"', "did you mean 'satisfaction5'"),
        ('[labels.x]\nlabels = ["a", "A"]\n[items.S1]\nscale = "x"', "two points"),
        ("[labels]\nx = 3\n[items.S1]\nscale = [1, 5]", "must be a table"),
    ],
)
def test_scales_that_are_none_are_said_with_their_line(text, words):
    with pytest.raises(SurveyError, match=words) as err:
        Codebook.from_text(text)
    assert "line" in str(err.value)


def test_a_column_that_says_less_follows_its_neighbours_in_either_order():
    less = ["Satisfied", "Dissatisfied", "Very satisfied", "Satisfied", "Satisfied"]
    for columns in ({"A": less, "B": less, "C": SATISFIED}, {"C": SATISFIED, "B": less, "A": less}):
        assert read(columns).frame["A"].tolist() == [4.0, 2.0, 5.0, 4.0, 4.0]


def test_a_column_between_two_scales_is_asked():
    less = ["Agree", "Disagree", "Strongly agree", "Agree", "Agree", "Agree", "Agree"]
    five = [*AGREE5, "Agree", "Agree"]
    with pytest.warns(SurveyWarning, match="'B' kept as text: 'Agree' is"):
        survey = read({"A": five, "B": less, "C": AGREE7})
    assert survey.frame["A"].max() == 5.0
    assert survey.frame["C"].max() == 7.0
    assert survey.frame["B"].tolist() == less


def test_reasons_between_numbers_and_reasons_alone_are_read():
    survey = read(
        {"A": ["5", "4", "Don't know", "1"], "B": ["Don't know", None, "拒答", "2"]}, book(A=[1, 5], B=[1, 5])
    )
    assert survey.frame["A"].tolist()[:2] == [5.0, 4.0]
    assert survey.missing_reasons["A"].tolist() == [None, None, "dont_know", None]
    assert survey.missing_reasons["B"].tolist() == ["dont_know", "skipped", "refused", None]
    assert read({"A": ["5", "4", "Don't know", "1", "3"]}).frame["A"].tolist()[3:] == [1.0, 3.0]
