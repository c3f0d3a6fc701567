"""Describing in chunks gives the table that the rows at once give."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pyreadstat
import pytest
from pandas.testing import assert_frame_equal

from satloyal.errors import SurveyError, SurveyWarning
from satloyal.survey.codebook import Codebook
from satloyal.survey.described import describe_file
from satloyal.survey.readers import read_survey

BOOK = """
missing = {{99 = "dont_know", "n.a." = "refused"}}
{weight}
[constructs.SAT]
items = ["S1", "S2", "S3"]
scale = [1, 7]
reverse = ["S3"]
[constructs.LOY]
items = ["L1", "L2"]
scale = [0, 10]
[constructs.ALL]
items = ["S2", "S1"]
scale = [1, 7]
[items.SPEND]
"""
SIZES = (1, 7, 1000)


def book(*, weighted: bool) -> Codebook:
    return Codebook.from_text(BOOK.format(weight='weight = "w"' if weighted else ""))


def answers(seed: int, n: int = 83) -> pd.DataFrame:
    draw = np.random.default_rng(seed)
    level = draw.standard_normal((n, 1))
    sat = np.clip(np.round(4 + 1.2 * level + draw.standard_normal((n, 3))), 1, 7)
    loy = np.clip(np.round(6 + 2 * level + 2 * draw.standard_normal((n, 2))), 0, 10)
    frame = pd.DataFrame(np.hstack([sat, loy]), columns=["S1", "S2", "S3", "L1", "L2"])
    frame["S3"] = 8 - frame["S3"]
    frame = frame.mask(draw.random(frame.shape) < 0.08).mask(draw.random(frame.shape) < 0.05, 99.0)
    frame.loc[draw.integers(n), "S1"] = 55.0
    frame["SPEND"] = np.round(1e6 + 1e3 * draw.lognormal(size=n), 2)
    weights = np.where(draw.random(n) < 0.1, 0.0, np.round(draw.uniform(0.2, 3, n), 3))
    frame.insert(0, "id", np.arange(n))
    return frame.assign(w=weights)


def at_once(path, codebook) -> pd.DataFrame:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SurveyWarning)
        return read_survey(path, codebook).describe()


def in_chunks(path, codebook, size, **more) -> pd.DataFrame:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SurveyWarning)
        return describe_file(path, codebook, chunk_rows=size, **more)


def same(left: pd.DataFrame, right: pd.DataFrame) -> None:
    assert_frame_equal(left, right, rtol=1e-10, atol=1e-12, check_exact=False)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("seed", range(3))
def test_a_csv_file_in_chunks_is_described_as_at_once(tmp_path, seed, weighted, size):
    path = tmp_path / "a.csv"
    frame = answers(seed).astype(object)
    frame.loc[3, "S2"] = "n.a."
    frame[["S3", "L1", "L2", "SPEND"]] = frame[["S3", "L1", "L2", "SPEND"]].where(frame["id"] % 9 != 4)
    frame.to_csv(path, index=False)
    whole = at_once(path, book(weighted=weighted))
    assert {"missing_dont_know", "missing_refused", "missing_invalid", "missing_skipped"} <= set(whole)
    assert whole["n"].min() < 83
    same(in_chunks(path, book(weighted=weighted), size), whole)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("seed", range(2))
def test_a_parquet_file_in_chunks_is_described_as_at_once(tmp_path, seed, size):
    pytest.importorskip("pyarrow")
    path = tmp_path / "a.parquet"
    answers(seed).to_parquet(path, row_group_size=20)
    same(in_chunks(path, book(weighted=True), size), at_once(path, book(weighted=True)))


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("suffix", ["sav", "zsav"])
def test_an_spss_file_in_chunks_is_described_as_at_once(tmp_path, suffix, size):
    path = tmp_path / f"a.{suffix}"
    pyreadstat.write_sav(
        answers(5), path, compress=suffix == "zsav",
        column_labels={"S1": "Content overall?"},
        missing_ranges={"S1": [99.0], "S2": [99.0]},
        variable_value_labels={
            "S1": {1.0: "Very satisfied", 4.0: "Neither", 7.0: "Very dissatisfied", 99.0: "Refused"},
            "L1": {0.0: "Not at all likely", 10.0: "Extremely likely", 99.0: "Don't know"},
        },
    )  # fmt: skip
    whole = at_once(path, book(weighted=True))
    assert whole.loc["S1", "text"].iloc[0] == "Content overall?"
    assert whole["missing_refused"].sum() > 0
    same(in_chunks(path, book(weighted=True), size), whole)


def test_decimal_commas_and_another_encoding(tmp_path):
    path = tmp_path / "a.csv"
    answers(1).rename(columns={"id": "Köln"}).to_csv(
        path, index=False, sep=";", decimal=",", encoding="cp1252"
    )
    whole = at_once(path, book(weighted=True))
    for size in SIZES:
        same(in_chunks(path, book(weighted=True), size, encoding="cp1252"), whole)
    with pytest.raises(SurveyError, match="encoding"):
        in_chunks(path, book(weighted=True), 7)


def test_empty_rows_and_chunks_in_which_nobody_answered(tmp_path):
    path = tmp_path / "a.csv"
    rows = (
        [f"{i},,,,,,,1" for i in range(9)]
        + ["", ",,,,,,,"]
        + [f"{i},{i % 7 + 1},2,3,4,5,7.5,0.5" for i in range(9)]
    )
    path.write_text("id,S1,S2,S3,L1,L2,SPEND,w\n" + "\n".join(rows) + "\n")
    whole = at_once(path, book(weighted=True))
    assert np.isnan(whole["skew"].iloc[-1])
    for size in SIZES:
        same(in_chunks(path, book(weighted=True), size), whole)


def test_progress_goes_to_the_end_and_warnings_come_once(tmp_path):
    path = tmp_path / "a.csv"
    frame = answers(2)
    frame.loc[[5, 60], "L2"] = 33.0
    frame.to_csv(path, index=False)
    told: list[tuple[int, int | None]] = []
    with pytest.warns(SurveyWarning, match="2 to 'L2'") as seen:
        describe_file(path, book(weighted=False), chunk_rows=7, progress=lambda *found: told.append(found))
    assert len(seen) == 1
    assert told[-1] == (path.stat().st_size, path.stat().st_size)
    assert len(told) == 12


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda text: text + "Total,1,2,3,4,5,6,7\n", "averages, totals or remarks"),
        (lambda text: text + ",1,2,3,4,5,6,7\n", "means or sums"),
        (lambda text: "Survey 2024,,,,,,,\n" + text, "titles"),
        (lambda text: text.replace("\n2,", "\n2,Agree", 1), "in words"),
        (lambda text: text + "1,2\n", "more or fewer"),
        (lambda text: text.replace("S3", "S9"), "not in the data"),
        (lambda text: text.replace("id,", "S3,", 1), "duplicated"),
        (lambda text: text.split("\n")[0] + "\n", "no responses"),
        (lambda text: text + '9,"1,2\n', "quotation marks"),
    ],
)
def test_what_chunks_cannot_tell_is_refused(tmp_path, change, message):
    path = tmp_path / "a.csv"
    path.write_text(change(answers(3).to_csv(index=False)))
    with pytest.raises(SurveyError, match=message) as seen:
        in_chunks(path, book(weighted=False), 7)
    assert seen.value.where == "a.csv"


def test_other_files_and_codebooks_are_refused(tmp_path):
    frame = answers(3)
    frame.to_excel(tmp_path / "a.xlsx", index=False)
    with pytest.raises(SurveyError, match="workbook"):
        in_chunks(tmp_path / "a.xlsx", book(weighted=False), 7)
    frame.to_csv(tmp_path / "a.csv", index=False)
    with pytest.raises(SurveyError, match="names its items"):
        in_chunks(tmp_path / "a.csv", Codebook(), 7)
    with pytest.raises(SurveyError, match="chunk_rows"):
        in_chunks(tmp_path / "a.csv", book(weighted=False), 0)
    with pytest.raises(SurveyError, match="cannot be read"):
        in_chunks(tmp_path / "none.csv", book(weighted=False), 7)
    frame.assign(w=0).to_csv(tmp_path / "a.csv", index=False)
    with pytest.raises(SurveyError, match="is 0"):
        in_chunks(tmp_path / "a.csv", book(weighted=True), 7)
    frame.assign(w=-1).to_csv(tmp_path / "a.csv", index=False)
    with pytest.raises(SurveyError, match="negative"):
        in_chunks(tmp_path / "a.csv", book(weighted=True), 7)
