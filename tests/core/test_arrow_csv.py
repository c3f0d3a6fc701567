"""Numbers by pyarrow are those of the careful reader, whatever stands in the file."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from satloyal.core import arrow_csv, chunks
from satloyal.core.arrow_csv import number_frames
from satloyal.core.chunks import Columns, csv_chunks
from satloyal.errors import FitError

ODD = (
    "", " ", "1", "-2", "+3", "007", "4.5", "-0.25", ".5", "5.", "1e3", "1E-2", "0x1F", "inf", "-inf", "nan",
    "NaN", "NA", "None", "null", "<NA>", " 7", "8 ", '"9"', '"1,5"', '"a\nb"', '"a""b"', 'x"y', "true",
    "TRUE", "1_000", "2024-05-03", "é", "12345678901234567890", "1 2", "\t3", '" 4"', '""', "'5", "-", "1,2",
)  # fmt: skip


@st.composite
def _files(draw) -> bytes:
    width = draw(st.integers(1, 3))
    names = draw(st.sampled_from([["a", "b", "c"], ["a", "a", "b"], ['"a"', "b", '"c,d"'], ["a", "", "c"]]))[
        :width
    ]
    plain = st.sampled_from(["1", "2.5", "-3", "", "70"])
    cell = st.one_of(plain, plain, plain, plain, st.sampled_from(ODD))
    row = st.lists(cell, min_size=width, max_size=width)
    uneven = st.lists(cell, max_size=width + 1)
    body = draw(st.lists(st.one_of(*[row] * 12, uneven), max_size=8))
    end = draw(st.sampled_from(["\n", "\r\n", "\n\n"]))
    text = end.join(",".join(line) for line in [names, *body]) + draw(st.sampled_from(["", end]))
    start = draw(st.sampled_from([b"", b"", b"", b"\xef\xbb\xbf", b"\n"]))
    return start + text.encode(draw(st.sampled_from(["utf-8", "utf-8", "latin-1"])))


def _read(path, *, fast: bool, rows: int) -> pd.DataFrame | str:
    taken = Columns(("a",) if rows % 2 else ("b", "a"))
    with pytest.MonkeyPatch.context() as patch:
        if not fast:
            patch.setattr(chunks, "number_frames", _never)
        try:
            sums = chunks.summed(csv_chunks(path, taken, rows, ",", "utf-8"), taken, None)
        except FitError as error:
            return str(error)
        group = sums.groups.get("")
        if group is None:
            return "nobody"
        return pd.DataFrame({"mean": group.mean, "low": group.low, "n": group.n, "all": sums.counts.total})


def _never(*_args: object) -> None:
    raise FitError("careful")


@settings(max_examples=400, deadline=None)
@given(data=_files(), rows=st.integers(1, 5))
def test_both_readers_give_the_same_sums_or_the_same_refusal(tmp_path_factory, data, rows):
    path = tmp_path_factory.mktemp("csv") / "x.csv"
    path.write_bytes(data)
    fast, careful = _read(path, fast=True, rows=rows), _read(path, fast=False, rows=rows)
    if isinstance(careful, str) or isinstance(fast, str):
        assert isinstance(fast, str)
        assert fast == careful
    else:
        pd.testing.assert_frame_equal(fast, careful, rtol=1e-12)


def test_what_is_not_plain_midway_is_read_on_from_there(tmp_path, monkeypatch):
    monkeypatch.setattr(arrow_csv, "_BLOCK", 4096)
    body = [f"{i},2,{i + 0.5}" for i in range(5000)] + ["4"] + ["7,8,"] * 5
    path = tmp_path / "x.csv"
    path.write_text("a,b,c\n" + "\n".join(body) + "\n", encoding="utf-8")
    plain = list(csv_chunks(path, Columns(("a", "c")), 1000, ",", "utf-8"))
    assert len(plain) > 6  # pyarrow's blocks were used
    mixed = pd.concat(csv_chunks(path, Columns(("c", "b")), 1000, ",", "utf-8"))
    assert mixed.index.tolist() == list(range(5006))
    pd.testing.assert_frame_equal(mixed, pd.read_csv(path)[["c", "b"]], check_dtype=False)


@pytest.mark.parametrize(
    "text", ["a,b\n1,x\n", "a,b\n1,2,3\n", "a,b\n1\n", "a,b\n1,2\n\x00,3\n", "a,b\n1,\xff\n", "a,b\n1,True\n"]
)
def test_whatever_is_in_doubt_is_left_to_the_careful_reader(tmp_path, text):
    path = tmp_path / "x.csv"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(FitError, match="not a plain table"):
        list(number_frames(path, ["a", "b"], ["a", "b"], 10))
