"""Moments of chunks are those of all rows, however the rows are cut; bad data are told by place."""

from __future__ import annotations

import functools
import importlib
import itertools
import operator
import pickle
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from satloyal.core.fourth import FourthMoments
from satloyal.core.moments import Moments
from satloyal.core.sums import GroupSums
from satloyal.errors import FitError

RNG = np.random.default_rng(11)
ITEMS = ["a", "b", "c"]
N = 400


def _frame() -> pd.DataFrame:
    frame = pd.DataFrame(RNG.standard_normal((N, 3)) @ RNG.standard_normal((3, 3)) + 4, columns=ITEMS)
    frame.loc[RNG.random(N) < 0.1, "b"] = np.nan
    frame["weight"] = np.where(RNG.random(N) < 0.05, 0.0, RNG.uniform(0.2, 3, N))
    frame["wave"] = RNG.choice(["2024", "2025"], N)
    frame["store"] = RNG.integers(0, 12, N)
    return frame


FRAME = _frame()


def _pieces(frame: pd.DataFrame, cuts: list[int]) -> list[pd.DataFrame]:
    edges = [0, *sorted(cuts), len(frame)]
    return [frame.iloc[a:b] for a, b in itertools.pairwise(edges)]


def _agree(found: Moments, wanted: Moments, tolerance: float = 1e-10) -> None:
    assert found.names == wanted.names
    assert [g.label for g in found.groups] == [g.label for g in wanted.groups]
    for one, other in zip(found.groups, wanted.groups, strict=True):
        assert one.n == other.n
        np.testing.assert_allclose(one.cov, other.cov, rtol=tolerance, atol=tolerance)
        np.testing.assert_allclose(one.mean, other.mean, rtol=tolerance)
        assert one.size == pytest.approx(other.size, rel=tolerance)


# --- the same numbers, however the rows are cut ---


@settings(max_examples=60, deadline=None)
@given(
    cuts=st.lists(st.integers(0, N), max_size=8),
    weighted=st.booleans(),
    grouped=st.booleans(),
)
def test_chunks_give_the_moments_of_the_frame(cuts, weighted, grouped):
    found = Moments.from_chunks(
        _pieces(FRAME, cuts), ITEMS, weights="weight" if weighted else None, group="wave" if grouped else None
    )
    wanted = Moments.from_frame(
        FRAME, ITEMS, weights=FRAME["weight"] if weighted else None, group=FRAME["wave"] if grouped else None
    )
    _agree(found, wanted)
    assert found.notes == wanted.notes
    assert found.n_dropped == wanted.n_dropped == N - wanted.n


@settings(max_examples=40, deadline=None)
@given(cuts=st.lists(st.integers(1, N - 1), min_size=1, max_size=6, unique=True), seed=st.integers(0, 99))
def test_moments_of_parts_add_in_any_order(cuts, seed):
    options = {"weights": "weight", "group": "wave", "cluster": "store", "part": True}
    whole = Moments.from_chunks([FRAME], ITEMS, **{**options, "part": False})
    pieces = [p for p in _pieces(FRAME, cuts) if len(p.dropna()) and (p.dropna()["weight"] > 0).any()]
    parts = [Moments.from_chunks([piece], ITEMS, **options) for piece in pieces]
    order = np.random.default_rng(seed).permutation(len(parts))
    added = functools.reduce(operator.add, [parts[i] for i in order])
    read = {g.label: g for g in added.groups}
    for group in whole.groups:
        other = read[group.label]
        np.testing.assert_allclose(other.cov, group.cov, rtol=1e-10)
        assert other.size == pytest.approx(group.size, rel=1e-12)
        one, two = group.fourth.about(group.mean), other.fourth.about(group.mean)
        np.testing.assert_allclose(two.products / two.unit**2, one.products / one.unit**2, atol=1e-9 * N)
        mine = dict(zip(one.clusters.labels, one.clusters.sums / one.unit, strict=True))
        theirs = dict(zip(two.clusters.labels, two.clusters.sums / two.unit, strict=True))
        assert set(mine) == set(theirs)
        for label, sums in mine.items():
            np.testing.assert_allclose(theirs[label], sums, atol=1e-9 * N)


def test_large_means_cost_no_digits():
    for origin in (1e6, -1e9):
        rows = RNG.standard_normal((5000, 3)) + origin
        frame = pd.DataFrame(rows, columns=ITEMS)
        found = Moments.from_chunks(_pieces(frame, list(range(100, 5000, 100))), ITEMS).groups[0]
        exact = np.cov((rows - origin).T, ddof=0)  # the subtraction is exact in floating point
        np.testing.assert_allclose(found.cov, exact, rtol=0, atol=1e-10)
        if origin == 1e6:
            np.testing.assert_allclose(found.cov, Moments.from_frame(frame).groups[0].cov, rtol=0, atol=1e-10)


def test_fourth_order_sums_keep_their_digits_too():
    rows = RNG.standard_normal((4000, 2))
    near = Moments.from_chunks([pd.DataFrame(rows, columns=["a", "b"])], ["a", "b"], fourth=True).groups[0]
    far = pd.DataFrame(rows + 2.0**20, columns=["a", "b"])  # rounds each value to 2⁻³³
    moved = Moments.from_chunks(_pieces(far, [7, 1000, 3000]), ["a", "b"], fourth=True).groups[0]
    one = near.fourth.gamma(near.mean, near.cov, near.size, means=True)
    two = moved.fourth.gamma(moved.mean, moved.cov, moved.size, means=True)
    np.testing.assert_allclose(two, one, rtol=0, atol=1e-8)


def test_sums_of_a_selection_are_a_selection_of_sums():
    names = ["c", "a"]
    some = Moments.from_chunks([FRAME], ITEMS, cluster="store").select(names).groups[0]
    rows = FRAME.dropna(subset=ITEMS)
    alone = Moments.from_chunks([rows], names, cluster="store").groups[0]
    np.testing.assert_allclose(some.cov, alone.cov)
    for means in (True, False):
        np.testing.assert_allclose(
            some.fourth.gamma(some.mean, some.cov, some.size, means=means),
            alone.fourth.gamma(alone.mean, alone.cov, alone.size, means=means),
            rtol=1e-9, atol=1e-12,
        )  # fmt: skip


def test_the_origin_of_fourth_order_sums_does_not_matter():
    rows = RNG.standard_normal((50, 3))
    there = FourthMoments.of(rows, np.array([1.0, -2.0, 0.5])).about(np.zeros(3))
    np.testing.assert_allclose(there.products, FourthMoments.of(rows, np.zeros(3)).products, atol=1e-10)


def test_groups_stand_in_order_of_appearance_as_in_a_frame():
    frame = FRAME.assign(wave=np.r_[["late"] * 5, ["early"] * (N - 5)])
    frame.loc[:4, "a"] = np.nan  # no complete row of the first group
    frame.loc[N - 9 :, "wave"] = "late"
    found = Moments.from_chunks(_pieces(frame, [50, 300]), ITEMS, group="wave", part=True)
    assert [g.label for g in found.groups] == ["late", "early"]


def test_rows_without_group_or_weight_are_counted():
    frame = FRAME.assign(wave=FRAME["wave"].where(FRAME.index % 7 > 0))
    found = Moments.from_chunks(_pieces(frame, [100]), ITEMS, weights="weight", group="wave")
    wanted = Moments.from_frame(frame, ITEMS, weights=frame["weight"], group=frame["wave"].to_numpy())
    assert found.notes == wanted.notes
    assert {note.step for note in found.notes} == {"listwise deletion", "weights", "groups"}


def test_moments_travel_between_processes():
    part = Moments.from_chunks([FRAME], ITEMS, cluster="store")
    twice = pickle.loads(pickle.dumps(part)) + part  # noqa: S301 - our own bytes
    assert twice.n == 2 * part.n
    np.testing.assert_allclose(twice.groups[0].cov, part.groups[0].cov)


def test_chunks_are_taken_once_and_progress_is_told():
    told = []
    Moments.from_chunks(iter(_pieces(FRAME, [100, 250])), ITEMS, progress=lambda *at: told.append(at))
    assert told == [(100, None), (250, None), (400, None)]


# --- files ---


def test_parquet_gives_the_moments_of_the_frame(tmp_path):
    file = tmp_path / "answers.parquet"
    FRAME.to_parquet(file, row_group_size=90)
    told = []
    found = Moments.from_parquet(
        file, ITEMS, weights="weight", group="wave", chunk_rows=64, progress=lambda *at: told.append(at)
    )
    _agree(found, Moments.from_frame(FRAME, ITEMS, weights=FRAME["weight"], group=FRAME["wave"]))
    assert told[-1] == (N, N)
    assert all(done - before <= 64 for (before, _), (done, _) in zip([(0, 0), *told], told, strict=False))
    assert Moments.from_parquet(str(file), ["b"]).n_dropped == int(FRAME["b"].isna().sum())


def test_integers_with_gaps_and_booleans_are_numbers(tmp_path):
    frame = pd.DataFrame({"a": pd.array([1, 2, None, 4, 5, 9], dtype="Int8"), "b": [True, False] * 3})
    frame.to_parquet(tmp_path / "small.parquet")
    found = Moments.from_parquet(tmp_path / "small.parquet", ["a", "b"], chunk_rows=2)
    _agree(found, Moments.from_frame(frame))
    assert found.n_dropped == 1


def test_a_folder_is_read_as_one_table(tmp_path):
    for k, piece in enumerate(_pieces(FRAME, [130, 260])):
        piece.to_parquet(tmp_path / f"part-{k}.parquet")
        piece.to_csv(tmp_path / f"part-{k}.csv", index=False)
    wanted = Moments.from_frame(FRAME, ITEMS)
    _agree(Moments.from_parquet(tmp_path, ITEMS), wanted)
    _agree(Moments.from_csv(tmp_path, ITEMS), wanted)


def test_csv_gives_the_moments_of_the_frame(tmp_path):
    file = tmp_path / "answers.csv"
    FRAME.to_csv(file, index=False, sep=";", encoding="utf-16")
    found = Moments.from_csv(file, ITEMS, weights="weight", chunk_rows=33, separator=";", encoding="utf-16")
    _agree(found, Moments.from_frame(FRAME, ITEMS, weights=FRAME["weight"]))


# --- what cannot be read is told, with its place ---


def test_text_is_told_by_its_row_in_the_whole_file(tmp_path):
    frame = FRAME[ITEMS].astype(object)
    frame.loc[321, "c"] = "very good"
    with pytest.raises(FitError, match=r"column 'c', first at row 321: 1 value is not a number: 'very good'"):
        Moments.from_chunks(_pieces(frame, [100, 200, 300]), ITEMS)
    frame.to_csv(tmp_path / "answers.csv", index=False)
    with pytest.raises(FitError, match=r"column 'c', first at row 321: .* 'very good'"):
        Moments.from_csv(tmp_path / "answers.csv", ITEMS, chunk_rows=50)
    frame.astype(str).to_parquet(tmp_path / "answers.parquet")
    with pytest.raises(FitError, match=r"column 'b', first at row .* not numbers?: 'nan'|'very good'"):
        Moments.from_parquet(tmp_path / "answers.parquet", ITEMS, chunk_rows=50)


def test_infinite_values_and_negative_weights_are_told():
    with pytest.raises(FitError, match="column 'a': 1 value is infinite"):
        Moments.from_chunks([FRAME.assign(a=FRAME["a"].where(FRAME.index != 3, np.inf))], ITEMS)
    bad = FRAME.assign(weight=FRAME["weight"].where(FRAME.index != 150, -1.0))
    with pytest.raises(FitError, match="column 'weight', first at row 150: 1 weights are negative"):
        Moments.from_chunks(_pieces(bad, [100]), ITEMS, weights="weight")


def test_rows_without_a_cluster_are_told():
    with pytest.raises(FitError, match=r"column 'store': .* rows have no cluster"):
        Moments.from_chunks(
            [FRAME.assign(store=FRAME["store"].where(FRAME["store"] > 0))], ITEMS, cluster="store"
        )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"a": 3.0}, "complete rows have the value 3"),
        ({"a": np.nan}, "no complete row is left"),
        ({"a": np.where(np.arange(N) < 3, 1.0 * np.arange(N), np.nan)}, "3 complete rows are too few"),
    ],
)
def test_what_a_frame_would_refuse_is_refused(change, message):
    with pytest.raises(FitError, match=message):
        Moments.from_chunks(_pieces(FRAME.assign(**change, b=FRAME["c"] ** 2), [200]), ITEMS)


def test_a_part_may_be_constant_or_small_but_not_the_whole():
    frame = pd.DataFrame({"a": [1.0, 1, 2, 3], "b": [1.0, 2, 2, 5]})
    parts = [Moments.from_chunks([p], ["a", "b"], part=True) for p in _pieces(frame, [2])]
    _agree(parts[0] + parts[1], Moments.from_frame(frame))
    with pytest.raises(FitError, match="2 complete rows have the value 1"):
        Moments.from_chunks([frame[:2]], ["a", "b"])


@pytest.mark.parametrize("kind", ["parquet", "csv"])
def test_files_that_are_not_there_empty_or_something_else(tmp_path: Path, kind: str):
    read = getattr(Moments, f"from_{kind}")
    with pytest.raises(FitError, match="no such file"):
        read(tmp_path / f"none.{kind}", ITEMS)
    with pytest.raises(FitError, match=f"the folder holds no .{kind} file"):
        read(tmp_path, ITEMS)
    (tmp_path / f"void.{kind}").write_bytes(b"")
    with pytest.raises(FitError, match=r"the file is empty|no Parquet file"):
        read(tmp_path / f"void.{kind}", ITEMS)
    empty = FRAME[ITEMS].iloc[:0]
    empty.to_csv(tmp_path / "rows.csv", index=False)
    empty.to_parquet(tmp_path / "rows.parquet")
    with pytest.raises(FitError, match="the data hold no rows"):
        read(tmp_path / f"rows.{kind}", ITEMS)


def test_columns_that_are_not_there_are_told_with_the_nearest(tmp_path):
    FRAME.rename(columns={"a": "Satisfaction"}).to_parquet(tmp_path / "x.parquet")
    FRAME.to_csv(tmp_path / "x.csv", index=False)
    with pytest.raises(FitError, match=r"no column 'Satisfacton'.*did you mean 'Satisfaction'"):
        Moments.from_parquet(tmp_path / "x.parquet", ["Satisfacton"])
    with pytest.raises(FitError, match=r"no column 'wieght'.*did you mean 'weight'"):
        Moments.from_csv(tmp_path / "x.csv", ITEMS, weights="wieght")
    with pytest.raises(FitError, match="no column 'd'"):
        Moments.from_chunks([FRAME], ["a", "d"])
    with pytest.raises(FitError, match="no column is asked for"):
        Moments.from_csv(tmp_path / "x.csv", [])
    with pytest.raises(FitError, match="asked for twice"):
        Moments.from_csv(tmp_path / "x.csv", ["a", "a"])
    with pytest.raises(FitError, match="columns is the text 'abc'"):
        Moments.from_csv(tmp_path / "x.csv", "abc")


def test_a_file_in_another_encoding_or_without_order_is_told(tmp_path):
    (tmp_path / "x.csv").write_bytes("a,b,c\nß,1,2\n".encode("latin-1"))
    with pytest.raises(FitError, match=r"cannot be read as CSV .* check separator= and encoding="):
        Moments.from_csv(tmp_path / "x.csv", ITEMS)
    (tmp_path / "y.csv").write_text("a,b,c\n1,2,3\n1,2,3,4,5\n", encoding="utf-8")
    with pytest.raises(FitError, match="cannot be read as CSV"):
        Moments.from_csv(tmp_path / "y.csv", ITEMS)
    (tmp_path / "z.csv").write_text("a,b,c\n1,2,3,4\n1,2,3,4\n", encoding="utf-8")
    with pytest.raises(FitError, match="rows have more values than there are column names"):
        Moments.from_csv(tmp_path / "z.csv", ITEMS)


@pytest.mark.parametrize("rows", [0, -5, 2.5, True])
def test_chunks_of_no_rows_are_refused(tmp_path, rows):
    FRAME.to_csv(tmp_path / "x.csv", index=False)
    with pytest.raises(FitError, match="chunk_rows is"):
        Moments.from_csv(tmp_path / "x.csv", ITEMS, chunk_rows=rows)


def test_without_the_extra_the_message_says_what_to_install(tmp_path, monkeypatch):
    FRAME.to_parquet(tmp_path / "x.parquet")

    def absent(name: str):
        raise ImportError(name)

    monkeypatch.setattr(importlib, "import_module", absent)
    with pytest.raises(FitError, match=r"pip install 'satloyal\[large\]'"):
        Moments.from_parquet(tmp_path / "x.parquet", ITEMS)


def test_no_chunk_and_no_frame_are_told():
    with pytest.raises(FitError, match="there is no chunk"):
        Moments.from_chunks([], ITEMS)
    with pytest.raises(FitError, match="a chunk is a ndarray"):
        Moments.from_chunks([np.zeros((3, 3))], ITEMS)


# --- what does not add ---


def test_only_like_adds_to_like():
    plain = Moments.from_chunks([FRAME], ITEMS)
    for other, message in (
        (Moments.from_frame(FRAME, ITEMS), "only moments of chunks add"),
        (Moments.from_chunks([FRAME], ["a", "b"]), "only one of the parts has c"),
        (Moments.from_chunks([FRAME], ITEMS, weights="weight"), "weights="),
        (Moments.from_chunks([FRAME], ITEMS, fourth=True), "fourth=True"),
        (Moments.from_chunks([FRAME], ITEMS, group="wave"), "only one of the parts has groups"),
    ):
        with pytest.raises(FitError, match=message):
            plain + other
    with pytest.raises(TypeError):
        plain + 1


def test_parts_with_columns_in_another_order_add():
    whole = Moments.from_chunks([FRAME], ITEMS, fourth=True)
    one = Moments.from_chunks([FRAME[:150]], ITEMS, fourth=True)
    two = Moments.from_chunks([FRAME[150:]], ITEMS[::-1], fourth=True)
    added = one + two
    _agree(added, whole)
    np.testing.assert_allclose(
        added.groups[0].fourth.about(np.zeros(3)).products, whole.groups[0].fourth.about(np.zeros(3)).products
    )


def test_clusters_beyond_memory_are_refused(monkeypatch):
    monkeypatch.setattr("satloyal.core.fourth._LARGEST", 10_000)
    frame = FRAME.assign(store=np.arange(N) // 2)
    with pytest.raises(FitError, match="148 clusters times 10 moments do not fit"):
        Moments.from_chunks(_pieces(frame, [100, 200, 300]), ITEMS, cluster="store")


def test_sums_of_one_row_are_its_values():
    one = GroupSums.of(np.array([[3.0, 5.0]]))
    assert one.n == 1
    np.testing.assert_array_equal(one.mean, [3.0, 5.0])
    np.testing.assert_array_equal(one.cross, np.zeros((2, 2)))
