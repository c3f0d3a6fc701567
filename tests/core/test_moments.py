"""Moments are the same however they came: from rows, weights, groups or a printed matrix."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from satloyal.core.moments import Moments, weighted_moments
from satloyal.core.rows import CompleteRows
from satloyal.errors import FitError

RNG = np.random.default_rng(7)
FRAME = pd.DataFrame(RNG.standard_normal((60, 3)) @ RNG.standard_normal((3, 3)) + 4, columns=["a", "b", "c"])


def test_rows_give_the_covariances_of_pandas():
    found = Moments.from_frame(FRAME)
    pd.testing.assert_frame_equal(found.covariance(unbiased=True), FRAME.cov())
    np.testing.assert_allclose(found.covariance(), FRAME.cov() * 59 / 60)
    np.testing.assert_allclose(found.groups[0].mean, FRAME.mean())
    assert found.n == 60


def test_a_weight_of_two_is_a_row_given_twice():
    weights = RNG.integers(1, 4, len(FRAME)).astype(float)
    twice = FRAME.loc[FRAME.index.repeat(weights.astype(int))]
    mean, cov = weighted_moments(FRAME.to_numpy(), weights)
    np.testing.assert_allclose(mean, twice.mean())
    np.testing.assert_allclose(cov, np.cov(twice.to_numpy().T, ddof=0))


def test_weights_count_only_in_relation_to_each_other():
    weights = RNG.uniform(0.2, 3, len(FRAME))
    one, many = (Moments.from_frame(FRAME, weights=w) for w in (weights, 1000 * weights))
    np.testing.assert_allclose(one.groups[0].cov, many.groups[0].cov)
    assert one.n == many.n == 60


def test_groups_count_by_their_weights_and_the_weights_have_a_mean_of_one():
    group = np.repeat(["x", "y"], 30)
    found = Moments.from_frame(FRAME, weights=np.repeat([1.0, 3.0], 30), group=group)
    assert [g.n for g in found.groups] == [30, 30]
    assert [g.size for g in found.groups] == pytest.approx([15, 45])
    assert [g.size for g in Moments.from_frame(FRAME, group=group).groups] == [30, 30]


def test_groups_stand_in_order_of_appearance():
    found = Moments.from_frame(FRAME, group=np.tile([2.0, 1.0, 2.0], 20))
    assert [(g.label, g.n) for g in found.groups] == [("2", 40), ("1", 20)]
    np.testing.assert_allclose(found.covariance(1), FRAME.iloc[1::3].cov(ddof=0))


def test_incomplete_rows_are_left_out_and_counted():
    frame = FRAME.copy()
    frame.loc[[2, 5], "a"] = np.nan
    found = Moments.from_frame(frame)
    assert found.n == 58
    (note,) = found.notes
    assert note.count == 2
    assert "2 of 60 rows" in note.message
    assert Moments.from_frame(frame, ["b", "c"]).n == 60


def test_rows_without_a_group_are_left_out_and_counted():
    group = np.array(["x"] * 30 + [None] * 4 + ["y"] * 26, dtype=object)
    found = Moments.from_frame(FRAME, group=group)
    assert [g.n for g in found.groups] == [30, 26]
    assert {(note.step, note.count) for note in found.notes} == {("listwise deletion", 4), ("groups", 4)}


def test_the_rows_that_were_kept_are_known_even_when_labels_repeat():
    frame = FRAME.set_axis([1] * 60)
    frame.iloc[3, 0] = np.nan
    rows = CompleteRows.of(frame, ["a", "b"])
    assert np.flatnonzero(~rows.kept).tolist() == [3]
    np.testing.assert_allclose(rows.values, frame[["a", "b"]].to_numpy()[rows.kept])


@pytest.mark.parametrize("dtype", ["float32", "Float64", "Int64", "category", "object", "str"])
def test_any_column_of_numbers_will_do(dtype):
    whole = FRAME.round().astype(int)
    np.testing.assert_allclose(
        Moments.from_frame(whole.astype(dtype)).covariance(),
        Moments.from_frame(whole).covariance(),
        rtol=1e-6,
    )


def test_missing_values_of_nullable_columns_are_missing():
    frame = FRAME.round().astype("Int64")
    frame.loc[0, "a"] = pd.NA
    assert Moments.from_frame(frame).n == 59


def test_selection_keeps_order_means_and_weights():
    found = Moments.from_frame(FRAME, weights=np.ones(60)).select(["c", "a"])
    assert found.names == ("c", "a")
    np.testing.assert_allclose(found.covariance(unbiased=True), FRAME[["c", "a"]].cov())
    np.testing.assert_allclose(found.groups[0].mean, FRAME[["c", "a"]].mean())
    assert found.groups[0].weight == 60
    with pytest.raises(FitError, match="hold no variable 'd'; they hold c, a"):
        found.select(["a", "d"])


def test_a_printed_matrix_is_the_rows_it_was_computed_from():
    matrix = Moments.from_matrix(FRAME.cov(), 60, means=FRAME.mean())
    rows = Moments.from_frame(FRAME)
    assert matrix.names == rows.names
    np.testing.assert_allclose(matrix.groups[0].cov, rows.groups[0].cov)
    np.testing.assert_allclose(matrix.groups[0].mean, rows.groups[0].mean)
    correlations = Moments.from_matrix(FRAME.corr(), 60, sd=FRAME.std(), kind="cor")
    np.testing.assert_allclose(correlations.groups[0].cov, rows.groups[0].cov)


@pytest.mark.parametrize("weights", [[1.0] * 59, np.ones((60, 2))])
def test_there_is_one_weight_a_row(weights):
    with pytest.raises(FitError, match="for 60 rows"):
        Moments.from_frame(FRAME, weights=weights)


def test_there_is_one_group_value_a_row():
    with pytest.raises(FitError, match="59 group values for 60 rows"):
        Moments.from_frame(FRAME, group=["x"] * 59)


def test_a_column_is_asked_for_once():
    with pytest.raises(FitError, match="asked for twice"):
        Moments.from_frame(FRAME, ["a", "a"])
