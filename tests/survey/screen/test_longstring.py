"""Runs of one answer, and patterns that repeat: beside plain loops."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from satloyal.survey.screen.longstring import average_longstring, longstring, straight
from satloyal.survey.screen.repetition import LEAST_CHANGES, repetition


def _answers(seed: int, n: int = 60, k: int = 17, missing: float = 0.2) -> np.ndarray:
    rng = np.random.default_rng(seed)
    values = rng.integers(1, 4, (n, k)).astype(float)
    values[rng.random((n, k)) < missing] = np.nan
    values[0] = np.nan
    values[1] = 3.0
    return values


def _lengths(row: np.ndarray, breaks: tuple[int, ...]) -> list[int]:
    """Lengths of the runs of one respondent, counted one by one."""
    bounds = [0, *breaks, len(row)]
    out = []
    for start, end in itertools.pairwise(bounds):
        answered = [x for x in row[start:end] if not np.isnan(x)]
        out += [len(list(group)) for _, group in itertools.groupby(answered)]
    return out


@pytest.mark.parametrize("breaks", [(), (5,), (3, 11)])
def test_runs_are_those_counted_one_by_one(breaks: tuple[int, ...]) -> None:
    values = _answers(1)
    lengths = [_lengths(row, breaks) for row in values]
    longest = [float(max(found)) if found else np.nan for found in lengths]
    average = [float(np.mean(found)) if found else np.nan for found in lengths]
    np.testing.assert_array_equal(longstring(values, breaks), longest)
    np.testing.assert_allclose(average_longstring(values, breaks), average, rtol=1e-14)


def test_a_straight_line_needs_enough_answers() -> None:
    values = np.array([[4.0, 4, 4], [4, np.nan, np.nan], [np.nan] * 3, [4, 4, 5]])
    assert straight(values).tolist() == [True, False, False, False]
    assert straight(values, least=1).tolist() == [True, True, False, False]


def _repeated(row: np.ndarray) -> float:
    best = np.nan
    for lag in range(2, min(len(row) // 3, 20) + 1):
        places = [
            j
            for j in range(lag, len(row))
            if not np.isnan(row[[j, j - 1, j - lag]]).any() and row[j] != row[j - 1]
        ]
        if len(places) >= LEAST_CHANGES:
            best = np.nanmax([best, np.mean([row[j] == row[j - lag] for j in places])])
    return float(best)


def test_repetition_is_that_counted_one_by_one() -> None:
    values = _answers(2, k=50, missing=0.05)
    expected = [_repeated(row) for row in values]
    assert np.isfinite(expected).sum() > 40
    np.testing.assert_allclose(repetition(values), expected, rtol=1e-14)


def test_patterns_are_found_and_other_regular_answers_are_not() -> None:
    patterns = [[1, 2, 3, 4, 5, 4, 3, 2], [1, 5], [1, 2, 3, 4, 5]]
    np.testing.assert_array_equal(repetition(np.vstack([np.resize(p, 60) for p in patterns])), 1.0)
    two_levels = np.r_[np.full(30, 5.0), np.full(30, 2.0)]
    assert np.isnan(repetition(two_levels[None]))[0]
    rng = np.random.default_rng(3)
    assert (repetition(rng.integers(1, 6, (2000, 60)).astype(float)) < 0.6).all()


def test_a_pattern_does_not_go_on_over_a_break() -> None:
    row = np.resize([1.0, 2.0], 40)[None]
    assert repetition(row)[0] == 1.0
    assert np.isnan(repetition(row, breaks=tuple(range(2, 40, 2))))[0]
