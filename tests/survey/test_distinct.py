"""Columns of text read by their different cells are those read cell by cell."""

from __future__ import annotations

import warnings

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from satloyal.errors import SurveyError, SurveyWarning
from satloyal.survey import answers, columns, dropout, durations, numbers, personal
from satloyal.survey.codebook import Codebook
from satloyal.survey.readers import read_survey

ODD = (
    "", " ", "007", "1.5", "+3", "-2", "1e3", "0x1F", "inf", "nan", "NA", "n/a", "２", "5²", '"1,5"',
    '"a\nb"', "3-4", "2024-05-03", "99", "Agree", "Strongly agree", "Disagree", "Don't know",
    "5 - Very satisfied", "a@example.org", "call b@example.org", "152秒", "2分32秒", "(空)", " 4 ", "TRUE",
)  # fmt: skip
BOOKS = (None, Codebook.from_dict({"missing": {"99": "dont_know", "Don't know": "refused"}}))


@st.composite
def _files(draw) -> bytes:
    width = draw(st.integers(2, 5))
    names = draw(st.permutations(["id", "SAT1", "SAT1", "SAT2", "duration", "comment"]))[:width]
    palettes = [["1", "2", "3", "4", "5", ""], ["Agree", "Disagree", "Strongly agree", ""], ["", " "], ODD]
    kinds = [draw(st.sampled_from(palettes)) for _ in names]
    odd = st.sampled_from(ODD)
    rows = [
        [draw(odd) if draw(st.integers(0, 15)) == 0 else draw(st.sampled_from(kind)) for kind in kinds]
        for _ in range(draw(st.integers(1, 14)))
    ]
    tail = draw(st.sampled_from(["", ","]))
    end = draw(st.sampled_from(["\n", "\r\n"]))
    text = end.join(",".join(line) + tail for line in [names, *rows]) + end
    return draw(st.sampled_from([b"", b"\xef\xbb\xbf"])) + text.encode()


def _read(path, book, *, fast: bool):
    with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
        warnings.simplefilter("ignore", SurveyWarning)
        if not fast:
            for module in (answers, columns, dropout, durations, numbers, personal):
                patch.setattr(module, "distinct", lambda _column: None)
        try:
            return read_survey(path, book)
        except SurveyError as error:
            return str(error)


@settings(max_examples=150, deadline=None)
@given(data=_files(), book=st.sampled_from(BOOKS))
def test_a_survey_is_the_same_read_either_way(tmp_path_factory, data, book):
    path = tmp_path_factory.mktemp("text") / "x.csv"
    path.write_bytes(data)
    fast, careful = _read(path, book, fast=True), _read(path, book, fast=False)
    if isinstance(careful, str) or isinstance(fast, str):
        assert fast == careful
        return
    pd.testing.assert_frame_equal(fast.frame, careful.frame)
    pd.testing.assert_frame_equal(fast.missing_reasons, careful.missing_reasons)
    assert fast.notes == careful.notes
    assert fast.codebook == careful.codebook
