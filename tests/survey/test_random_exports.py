"""Whatever a vendor writes of a random survey comes back; and no bytes make more than one clear error."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import satloyal as sl
from satloyal.errors import SurveyError
from satloyal.survey.codebook import Codebook
from survey.random_exports import Export, Made, exports

PATIENT = {"deadline": None, "derandomize": True, "suppress_health_check": list(HealthCheck)}


def codebook(made: Made, export: Export) -> Codebook:
    """All that a codebook may know: where the columns are, their scales, and what means no answer."""
    places: dict[str, int] = {"cid": export.id}
    items: dict[str, dict] = {}
    at = export.first
    for block in made.blocks:
        for name in block.names:
            places[name], at = at, at + 1
            items[name] = {"scale": [1, block.points]}
    return Codebook.from_dict({"id": "cid", "columns": places, "items": items, "missing": export.missing})


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("exports")


@settings(max_examples=60, **PATIENT)
@given(made_export=exports())
def test_random_surveys_come_back_from_every_vendor(folder, made_export):
    made, vendor, export = made_export
    path = folder / export.name
    path.write_bytes(export.data)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        survey = sl.read_survey(path, codebook(made, export))
    assert survey.source.reader == vendor
    assert survey.frame["cid"].tolist() == made.ids()
    for block in made.blocks:
        for j, name in enumerate(block.names):
            answers = [row[j] for row in block.answers]
            expected = [a if isinstance(a, int) else np.nan for a in answers]
            np.testing.assert_array_equal(survey.frame[name], expected, err_msg=f"{vendor} {name}")
            why = [None if isinstance(a, int) else a for a in answers]
            assert survey.missing_reasons[name].tolist() == why, (vendor, name)


@settings(max_examples=60, **PATIENT)
@given(
    made_export=exports(),
    cuts=st.lists(st.tuples(st.floats(0, 1), st.integers(0, 40), st.binary(max_size=12)), max_size=4),
)
def test_damaged_exports_make_a_survey_or_one_error(folder, made_export, cuts):
    _, _, export = made_export
    data = export.data
    for share, length, put in cuts:
        at = int(share * len(data))
        data = data[:at] + put + data[at + length :]
    _read(folder / export.name, data)


@settings(max_examples=80, **PATIENT)
@given(
    data=st.one_of(
        st.binary(max_size=400),
        st.text(max_size=300).map(lambda text: text.encode("utf-8", "surrogatepass")),
        st.lists(st.lists(st.text(max_size=8), max_size=6), max_size=8).map(
            lambda rows: "\n".join(",".join(row) for row in rows).encode("utf-8", "surrogatepass")
        ),
        st.sampled_from([b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"$FL2", b"$FL3", b"<stata_dta>",
                         b"\xff\xfe", b"\xef\xbb\xbf", b"<?xml", b"PAR1", b"\x71\x01\x01\x00"]).flatmap(
            lambda start: st.binary(max_size=300).map(lambda rest: start + rest)
        ),
    ),
    name=st.sampled_from(["x.csv", "x.xlsx", "x.sav", "x.dta", "x.xls", "x.ods", "x.tsv", "x", "x.por"]),
)  # fmt: skip
def test_no_bytes_make_more_than_one_error(folder, data, name):
    _read(folder / name, data)


def _read(path: Path, data: bytes) -> None:
    path.write_bytes(data)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            survey = sl.read_survey(path)
        except SurveyError as err:
            said = str(err)
        else:
            said = str(len(survey) or "")
    assert 0 < len(said) < 3000
