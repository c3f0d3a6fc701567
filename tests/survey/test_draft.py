"""A draft says what the file shows, and reading with it gives the same survey."""

from __future__ import annotations

import warnings
from pathlib import Path

import pandas as pd
import pytest

from satloyal.survey.codebook import Codebook
from satloyal.survey.readers import read_survey
from satloyal.survey.survey import Survey

CSV = """respondent,SAT1,SAT2,T-1,T-2,Rec,weight,wave,Segment,seen,comment
R1,Satisfied,Very satisfied,5,6,10,1.2,1,retail,1,fine
R2,Dissatisfied,Neutral,1,2,0,0.8,1,retail,0,
R3,Very dissatisfied,Satisfied,7,7,9,1.0,2,business,1,"so, so"
R4,Satisfied,,3,4,7,1.0,2,business,1,ok
R5,Very satisfied,Satisfied,4,4,8,1.0,2,business,0,good
R6,Neutral,Dissatisfied,4,5,8,1.0,1,retail,1,
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "export.csv"
    path.write_text(CSV, encoding="utf-8")
    return path


def quietly(*args, **kwargs) -> Survey:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return read_survey(*args, **kwargs)


def test_a_draft_finds_roles_scales_and_constructs(file):
    book = Codebook.draft(quietly(file))
    assert (book.id, book.weight, book.wave, book.group) == ("respondent", "weight", "wave", ("Segment",))
    assert book.construct_items == {"SAT": ("SAT1", "SAT2"), "T": ("T-1", "T-2")}
    scales = {name: str(item.scale) for name, item in book.items.items()}
    assert scales == {"SAT1": "1–5", "SAT2": "1–5", "T-1": "1–7", "T-2": "1–7", "Rec": "0–10", "seen": "None"}
    assert book.items["SAT1"].scale.name == "satisfaction5"


def test_reading_with_the_draft_gives_the_same_survey(file):
    survey = quietly(file)
    text = Codebook.draft(survey).to_toml()
    book = Codebook.from_text(text)
    assert book == Codebook.draft(survey)
    again = quietly(file, book)
    pd.testing.assert_frame_equal(again.frame, survey.frame, check_dtype=False)
    items = list(book.items)
    pd.testing.assert_frame_equal(again.missing_reasons[items], survey.missing_reasons[items])


def test_short_names_say_where_the_questions_stand(tmp_path):
    path = tmp_path / "forms.csv"
    stem = "When you think of us: how satisfied are you?"
    answers = "Satisfied,Very dissatisfied\nVery satisfied,Neutral\nDissatisfied,Satisfied\n"
    path.write_text(f'"{stem} [Price]","{stem} [Staff]"\n{answers}')
    survey = quietly(path)
    book = Codebook.draft(survey, short_names=True)
    assert all(len(name) < 16 for name in book.items)
    again = quietly(path, Codebook.from_text(book.to_toml()))
    assert again.frame[list(book.items)].to_numpy().tolist() == survey.frame.to_numpy().tolist()
