"""SPSS sets, weights and portable files; codes called "don't know" but not declared; Parquet; polars."""

from __future__ import annotations

import struct
import warnings

import numpy as np
import pandas as pd
import pyreadstat
import pytest

from satloyal.errors import SurveyError, SurveyWarning
from satloyal.survey.codebook import Codebook
from satloyal.survey.readers import read_survey
from satloyal.survey.survey import Survey

FRAME = pd.DataFrame(
    {
        "cid": ["C0001", "C0002", "C0003", "C0004"],
        "name": ["a long text of more than eight bytes"] * 4,
        "a1": [1.0, 2.0, 2.0, np.nan],
        "a2": [2.0, 1.0, 2.0, np.nan],
        "b1": [1.0, 3.0, 2.0, np.nan],
        "b2": [3.0, np.nan, np.nan, np.nan],
        "w": [0.5, 1.5, 1.0, 1.0],
        "sat": [1.0, 5.0, 9.0, 4.0],
    }
)
LABELS = {
    **{name: {1: "Branch", 2: "App", 3: "Phone"} for name in ("b1", "b2")},
    "sat": {1: "Very dissatisfied", 3: "Neither", 5: "Very satisfied", 9: "Don't know"},
}


def load(path, book=None):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", SurveyWarning)
        survey = read_survey(path, book)
    return survey, " | ".join(str(w.message) for w in caught)


def sav(folder, *, sets="", weight=0, compress=False, **options):
    """Write an SPSS file with multiple-response sets and a weight, which pyreadstat cannot write."""
    path = folder / "t.sav"
    pyreadstat.write_sav(FRAME, path, variable_value_labels=LABELS, compress=compress, **options)
    if sets or weight:
        data = bytearray(path.read_bytes())
        data[76:80] = struct.pack("<i", weight)
        end = bytes(data).index(struct.pack("<ii", 999, 0))
        text = sets.encode()
        data[end:end] = struct.pack("<iiii", 7, 7, 1, len(text)) + text if sets else b""
        path.write_bytes(bytes(data))
    return path


def test_a_set_of_dichotomies_is_boxes_by_its_counted_value(tmp_path):
    survey, _ = load(sav(tmp_path, sets="$ch=D1 1 8 Channels a1 a2\n"))
    assert survey.frame["a1"].tolist()[:3] == [1, 0, 0]
    assert survey.frame["a2"].tolist()[:3] == [0, 1, 0]
    assert survey.frame[["a1", "a2"]].isna().to_numpy().tolist()[3] == [True, True]
    assert not {"a1", "a2"} & set(survey.items)


def test_a_set_of_categories_gives_a_column_for_each_choice(tmp_path):
    survey, _ = load(sav(tmp_path, sets="$ch=C 8 Channels b1 b2\n"))
    frame = survey.frame
    assert frame["ch (Branch)"].tolist()[:3] == [1, 0, 0]
    assert frame["ch (App)"].tolist()[:3] == [0, 0, 1]
    assert frame["ch (Phone)"].tolist()[:3] == [1, 1, 0]
    assert frame["ch (App)"].isna().tolist() == [False, False, False, True]
    assert frame["b1"].tolist()[:3] == [1, 3, 2]
    assert not {"b1", "b2", "ch (App)"} & set(survey.items)


def test_the_weight_of_a_file_is_asked_about_and_never_applied_unasked(tmp_path):
    # 'cid' takes one record, 'name' five of eight bytes: 'w' is the record after these and four numbers
    path = sav(tmp_path, weight=1 + 5 + 4 + 1)
    survey, said = load(path)
    assert "weighted by 'w'; not applied" in said
    assert survey.weights is None
    survey, said = load(path, Codebook.from_dict({"weight": "w", "items": {"sat": {"scale": [1, 5]}}}))
    assert "weighted by" not in said
    assert survey.weights.tolist() == [0.5, 1.5, 1.0, 1.0]


@pytest.mark.parametrize("weight", [3, 10_000, -4])
def test_a_weight_that_points_nowhere_is_none(tmp_path, weight):
    assert "weighted by" not in load(sav(tmp_path, weight=weight))[1]


@pytest.mark.parametrize("wrong", [0, -1, 3, 24 << 24, 2**31 - 1])
def test_labels_that_point_to_no_variable_are_refused_before_anyone_follows_them(tmp_path, wrong):
    path = sav(tmp_path)
    data = bytearray(path.read_bytes())
    at = data.index(struct.pack("<iii", 4, 1, 9)) + 8  # the labels of 'b1', the ninth record
    data[at : at + 4] = struct.pack("<i", wrong)
    path.write_bytes(bytes(data))
    with pytest.raises(SurveyError, match="damaged"):
        read_survey(path)


@pytest.mark.parametrize("write", ["sav", "zsav", "dta"])
def test_a_code_called_dont_know_is_missing_even_if_nobody_declared_it(tmp_path, write):
    if write == "dta":
        path = tmp_path / "t.dta"
        pyreadstat.write_dta(FRAME.astype({"sat": int}), path, variable_value_labels={"sat": LABELS["sat"]})
    else:
        path = sav(tmp_path, compress=write == "zsav")
    survey, said = load(path)
    assert survey.frame["sat"].tolist()[:2] == [1, 5]
    assert survey.missing_reasons["sat"].tolist() == [None, None, "dont_know", None]
    assert "9 = \"Don't know\" in 'sat' (1 cells)" in said
    assert survey.codebook.items["sat"].scale.high == 5


def test_missing_codes_between_the_answers_of_the_file_are_told(tmp_path):
    frame = pd.DataFrame({"nps": [float(k) for k in range(11)] * 2})
    path = tmp_path / "t.sav"
    pyreadstat.write_sav(frame, path, missing_ranges={"nps": [{"lo": 8, "hi": 9}]})
    survey, said = load(path)
    assert "8, 9 in 'nps' (0 to 10)" in said
    assert survey.frame["nps"].isna().sum() == 4


def test_portable_files_are_read_by_content(tmp_path):
    path = tmp_path / "t.dat"
    pyreadstat.write_por(FRAME.rename(columns=str.upper), tmp_path / "t.por")
    path.write_bytes((tmp_path / "t.por").read_bytes())
    survey, _ = load(path)
    assert (survey.source.reader, survey.source.container) == ("spss", "por")
    assert survey.frame["A1"].tolist()[:3] == [1, 2, 2]
    path.write_bytes(path.read_bytes()[:700])
    with pytest.raises(SurveyError):
        read_survey(path)


def test_parquet_is_read_with_its_types_and_labels(tmp_path):
    path = tmp_path / "t.csv"
    table = FRAME[["cid", "sat"]].assign(
        ease=pd.Categorical(["Agree", "Disagree", None, "Strongly agree"]),
        when=pd.Timestamp("2024-05-03"),
        mail="someone@example.org",
    )
    table.to_parquet(path)
    survey, said = load(
        path, Codebook.from_dict({"items": {"sat": {"scale": [1, 5]}, "ease": {"scale": [1, 5]}}})
    )
    assert survey.source.reader == "parquet"
    assert ".parquet content" in said
    assert survey.frame["ease"].tolist()[:2] == [4, 2]
    assert survey.frame["sat"].isna().tolist() == [False, False, True, False]
    assert "mail" not in survey.frame


def test_a_damaged_parquet_file_is_refused(tmp_path):
    path = tmp_path / "t.parquet"
    FRAME.to_parquet(path)
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(SurveyError, match="damaged"):
        read_survey(path)


class Table:
    """A table of another library, as polars is one."""

    def __init__(self, *, arrow):
        self.arrow = arrow

    def to_pandas(self):
        if not self.arrow:
            raise ModuleNotFoundError("pyarrow")
        return FRAME

    def to_dict(self, *, as_series=True):
        return FRAME.to_dict("series" if as_series else "list")


@pytest.mark.parametrize("arrow", [True, False])
def test_tables_of_other_libraries_are_asked_for_a_pandas_table(arrow):
    survey = Survey.from_frame(Table(arrow=arrow))
    assert survey.frame["w"].tolist() == [0.5, 1.5, 1.0, 1.0]


@pytest.mark.parametrize("thing", [None, 3, "file.csv", [1, 2], {"a": [1]}])
def test_what_is_no_table_is_refused(thing):
    with pytest.raises(SurveyError, match="pandas or polars"):
        Survey.from_frame(thing)


@pytest.mark.parametrize("version", [8, 10, 12, 13, 14, 15])
def test_every_version_of_stata_gives_the_same_survey(tmp_path, version):
    path = tmp_path / "t.bin"
    pyreadstat.write_dta(
        FRAME[["cid", "a1", "sat"]],
        path,
        version=version,
        variable_value_labels={"sat": {1: "Low", 5: "High"}},
    )
    survey, _ = load(path)
    assert (survey.source.reader, survey.source.container) == ("stata", "dta")
    assert survey.frame["a1"].tolist()[:3] == [1, 2, 2]
    assert survey.frame["sat"].tolist() == [1, 5, 9, 4]
