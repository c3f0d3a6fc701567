"""SPSS files in chunks, and chunks cleaned by a codebook, give the moments of the survey read at once."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyreadstat
import pytest

import satloyal as sl
from satloyal.core.moments import Moments
from satloyal.errors import FitError

rng = np.random.default_rng(7)
N = 500
ITEMS = ["S1", "S2", "S3"]
LEVEL = rng.normal(size=(N, 1))
FRAME = pd.DataFrame(np.clip(np.rint(3 + LEVEL + rng.normal(size=(N, 3))), 1, 5), columns=ITEMS)
FRAME["S3"] = 6 - FRAME["S3"]
FRAME = FRAME.mask(rng.random(FRAME.shape) < 0.03, 99.0)
FRAME["w"] = rng.uniform(0.5, 2, N)
BOOK = sl.Codebook.from_dict(
    {
        "constructs": {"S": {"items": ITEMS, "scale": [1, 5], "reverse": ["S3"]}},
        "missing": {"99": "dont_know"},
    }
)


def _same(a: Moments, b: Moments) -> None:
    assert (a.n, a.n_dropped) == (b.n, b.n_dropped)
    np.testing.assert_allclose(a.groups[0].cov, b.groups[0].cov, rtol=1e-12)
    np.testing.assert_allclose(a.groups[0].mean, b.groups[0].mean, rtol=1e-12)


@pytest.mark.parametrize("rows", [None, 77, N, N + 1])
@pytest.mark.parametrize("compress", [False, True])
def test_sav_gives_the_moments_of_the_survey(tmp_path, rows, compress):
    file = tmp_path / "x.sav"
    pyreadstat.write_sav(FRAME, str(file), missing_ranges={item: [99] for item in ITEMS}, compress=compress)
    told: list[tuple[int, int | None]] = []
    found = Moments.from_sav(file, ITEMS, chunk_rows=rows, progress=lambda *at: told.append(at))
    _same(found, Moments.from_frame(sl.read_survey(file).frame, ITEMS))
    assert told[-1] == (N, N)
    weighted = Moments.from_sav(file, ITEMS, weights="w")
    _same(weighted, Moments.from_frame(sl.read_survey(file).frame, ITEMS, weights=FRAME["w"]))


@pytest.mark.filterwarnings("ignore::satloyal.errors.SurveyWarning")
def test_chunks_cleaned_by_a_codebook_give_the_moments_of_the_survey(tmp_path):
    file = tmp_path / "x.csv"
    FRAME.to_csv(file, index=False)
    chunks = (sl.Survey.from_frame(chunk, BOOK).frame for chunk in pd.read_csv(file, chunksize=120))
    found = Moments.from_chunks(chunks, ITEMS)
    assert found.n < N
    _same(found, Moments.from_frame(sl.read_survey(file, BOOK).frame, ITEMS))


def test_what_is_no_spss_file_is_told(tmp_path):
    with pytest.raises(FitError, match="no such file"):
        Moments.from_sav(tmp_path / "x.sav", ITEMS)
    (tmp_path / "x.sav").write_bytes(b"id,S1\n1,2\n")
    with pytest.raises(FitError, match="no SPSS file"):
        Moments.from_sav(tmp_path / "x.sav", ITEMS)
    pyreadstat.write_sav(FRAME, str(tmp_path / "x.sav"))
    with pytest.raises(FitError, match="no column 'S4'"):
        Moments.from_sav(tmp_path / "x.sav", ["S4"])
    pyreadstat.write_sav(FRAME[:0], str(tmp_path / "x.sav"))
    with pytest.raises(FitError, match="the data hold no rows"):
        Moments.from_sav(tmp_path / "x.sav", ITEMS)
