"""Whatever stands under a vendor's signature, one survey or one clear error comes out."""

from __future__ import annotations

import warnings

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from satloyal.errors import SurveyError, SurveyWarning
from satloyal.survey.readers import read_survey
from satloyal.survey.readers.lime_structure import parse_structure

from .vendor_files import text_file

SIGNATURES = {
    "qualtrics": [["StartDate", "EndDate", "ResponseId"]],
    "qualtrics of old": [["V1", "V2", "V3"], ["ResponseID", "ResponseSet", "Name"]],
    "qualtrics in full": [
        ["StartDate", "EndDate", "ResponseId"],
        ["a", "b", "c"],
        ['{"ImportId":"startDate"}', "", ""],
    ],
    "surveymonkey": [["Respondent ID", "Collector ID"], ["", ""]],
    "surveymonkey, one row": [["Respondent ID", "Collector ID"]],
    "limesurvey": [["id", "submitdate", "lastpage"]],
    "limesurvey in full": [["Response ID", "Date submitted", "Last page"]],
    "limesurvey, both": [["id. Response ID", "submitdate. Date submitted", "lastpage. Last page"]],
    "typeform": [["#", "Network ID"]],
    "microsoft_forms": [["ID", "Start time", "Completion time"]],
    "google_forms": [["Timestamp"]],
}
HEADERS = st.sampled_from(
    [
        "",
        "Q1_1",
        "Q1_2",
        "Q[a]",
        "Q[b]",
        "Q [a]",
        "Q [b]",
        "Q_a_1",
        "Other",
        "x - a",
        "x - b",
        "Response",
        "]",
        "Q",
        "_TEXT",
    ]
)
CELLS = st.sampled_from(
    ["", "1", "2", "11", "0", "Y", "Yes", "No", "N/A", "a", "b", "A4", "Agree", "1,5", "'=1", "-99", "﻿", "\n"]
)


@pytest.mark.parametrize("name", SIGNATURES)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_what_stands_under_a_signature_is_read_or_refused(tmp_path, name, data):
    signature = SIGNATURES[name]
    width = data.draw(st.integers(0, 5))
    header = [[*row, *data.draw(st.lists(HEADERS, min_size=width, max_size=width))] for row in signature]
    first = ["2024-03-11 09:00:00"] * len(signature[0])
    body = [
        [*first, *data.draw(st.lists(CELLS, min_size=width, max_size=width))]
        for _ in range(data.draw(st.integers(0, 4)))
    ]
    if body and data.draw(st.integers(0, 9)) == 0:
        body[-1] = body[-1][:-1]
    path = text_file(tmp_path, [*header, *body])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SurveyWarning)
        try:
            survey = read_survey(path)
        except SurveyError:
            return
    assert 0 < survey.n <= len(header) + len(body)


@given(st.one_of(st.binary(max_size=200), st.text("<>/arowsqid &;![]CDATA\"'", max_size=120).map(str.encode)))
def test_no_bytes_in_a_structure_let_another_error_escape(data):
    with pytest.raises(SurveyError):
        parse_structure(data)
