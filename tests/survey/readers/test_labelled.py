"""SPSS and Stata files keep their labels, and why an answer is missing."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyreadstat
import pytest

from satloyal.errors import SurveyError
from satloyal.survey.codebook import Codebook
from satloyal.survey.readers import read_survey
from satloyal.survey.readers.labelled import reason_of
from satloyal.survey.scale import Scale

LABELS = {1: "Very dissatisfied", 5: "Very satisfied"}


@pytest.fixture
def sav(tmp_path):
    frame = pd.DataFrame(
        {
            "cid": ["C1", "C2", "C3", "C4"],
            "SAT1": [4.0, 98.0, 99.0, np.nan],
            "SAT2": [1.0, 2.0, 97.0, -5.0],
            "brand": [1.0, 2.0, 1.0, 2.0],
            "word": ["yes", "XX", "no", "no"],
        }
    )
    path = tmp_path / "export.sav"
    pyreadstat.write_sav(
        frame,
        path,
        column_labels=["Customer", "Overall", None, None, None],
        variable_value_labels={
            "SAT1": {**LABELS, 98: "No answer", 99: "Don't know"},
            "SAT2": LABELS,
            "brand": {1: "North", 2: "South"},
        },
        missing_ranges={"SAT1": [{"lo": 98, "hi": 99}], "SAT2": [97, {"lo": -10, "hi": 0}], "word": ["XX"]},
        variable_measure={"SAT1": "ordinal", "SAT2": "ordinal", "brand": "nominal"},
    )
    return path


def test_user_missing_values_become_reasons(sav):
    survey = read_survey(sav)
    assert survey.frame["SAT1"].notna().tolist() == [True, False, False, False]
    assert survey.missing_reasons["SAT1"].tolist() == [None, "skipped", "dont_know", "skipped"]
    assert survey.missing_reasons["SAT2"].tolist() == [None, None, "user_missing_97", "user_missing_-5"]
    assert survey.frame["word"].tolist() == ["yes", None, "no", "no"]
    assert (survey.source.reader, survey.source.container) == ("spss", "sav")


def test_labels_become_scales_and_texts_and_categories_are_no_items(sav):
    survey = read_survey(sav)
    assert survey.codebook.items["SAT1"].scale == Scale(1, 5, LABELS)
    assert survey.codebook.items["SAT1"].text == "Overall"
    assert "brand" not in survey.items
    assert survey.codebook.id == "cid"


def test_groups_take_their_names_from_the_file(sav):
    book = Codebook.from_text('id = "cid"\ngroup = "brand"\n[constructs.S]\nitems = ["SAT1", "SAT2"]\n')
    survey = read_survey(sav, book)
    assert survey.frame["brand"].tolist() == ["North", "South", "North", "South"]
    assert survey.codebook.items["SAT2"].scale == Scale(1, 5, LABELS)
    assert any(note.step == "scales" for note in survey.notes)


def test_labels_that_do_not_span_the_answers_make_no_scale(tmp_path):
    path = tmp_path / "mid.sav"
    pyreadstat.write_sav(
        pd.DataFrame({"Q": [1.0, 3.0, 7.0]}), path, variable_value_labels={"Q": {2: "b", 6: "f"}}
    )
    survey = read_survey(path)
    assert survey.frame["Q"].tolist() == [1.0, 3.0, 7.0]
    assert survey.codebook.items["Q"].scale is None


def test_the_codebook_wins_over_the_labels(sav):
    book = Codebook.from_text('[items]\nSAT1 = {text = "mine", scale = [0, 10]}\n')
    item = read_survey(sav, book).codebook.items["SAT1"]
    assert (item.text, item.scale) == ("mine", Scale(0, 10))


def test_the_same_survey_comes_out_of_a_compressed_file(sav, tmp_path):
    frame, _ = pyreadstat.read_sav(sav, user_missing=True)
    path = tmp_path / "export.zsav"
    pyreadstat.write_sav(frame, path, compress=True, missing_ranges={"SAT1": [{"lo": 98, "hi": 99}]})
    assert read_survey(path).frame["SAT1"].notna().sum() == 1


@pytest.fixture
def dta(tmp_path):
    frame = pd.DataFrame(
        {
            "SAT1": pd.Series([4, "a", "b", None, 2], dtype=object),
            "x": [1.5, 2.5, np.nan, 3.5, 4.5],
            "t": list("abcde"),
        }
    )
    path = tmp_path / "export.dta"
    pyreadstat.write_dta(
        frame,
        path,
        missing_user_values={"SAT1": ["a", "b"]},
        variable_value_labels={"SAT1": {**LABELS, "a": "Refused to answer"}},
        column_labels=["Overall", None, None],
    )
    return path


def test_extended_missing_values_become_reasons(dta):
    survey = read_survey(dta)
    assert survey.frame["SAT1"].tolist()[::4] == [4.0, 2.0]
    assert survey.missing_reasons["SAT1"].tolist() == [None, "refused", "missing_b", "skipped", None]
    assert survey.codebook.items["SAT1"].scale == Scale(1, 5, LABELS)
    assert survey.frame["t"].tolist() == list("abcde")
    assert survey.source.reader == "stata"


def test_plain_missing_values_beside_extended_ones_never_become_numbers(tmp_path):
    # pyreadstat 1.3.7 returns stray memory for "." in a whole-number column that also holds ".a"
    answers = pd.Series([*range(1, 6), "a", None, None, "b", None] * 5, dtype=object)
    path = tmp_path / "mixed.dta"
    pyreadstat.write_dta(pd.DataFrame({"Q": answers}), path, missing_user_values={"Q": ["a", "b"]})
    survey = read_survey(path)
    assert survey.frame["Q"].dropna().tolist() == [1.0, 2.0, 3.0, 4.0, 5.0] * 5
    assert survey.missing_reasons["Q"].value_counts().to_dict() == {
        "skipped": 15,
        "missing_a": 5,
        "missing_b": 5,
    }


def test_a_file_cut_short_is_refused_by_name(sav, dta):
    for path in (sav, dta):
        path.write_bytes(path.read_bytes()[:100])
        with pytest.raises(SurveyError, match=path.name):
            read_survey(path)


@pytest.mark.parametrize(
    ("label", "reason"),
    [
        *(
            ("Don’t know", "dont_know"),
            ("DK", "dont_know"),
            ("不知道", "dont_know"),
            ("No answer", "skipped"),
        ),
        *(
            ("Prefer not to say", "refused"),
            ("Not applicable", "not_applicable"),
            ("Filtered out!", "filtered_out"),
        ),
        *(("", "user_missing"), ("—", "user_missing")),
    ],
)
def test_labels_of_missing_values_are_understood(label, reason):
    assert reason_of(label, "user_missing") == reason
