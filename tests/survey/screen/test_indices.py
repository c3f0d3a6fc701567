"""The single indices: by hand, and beside plain loops with NumPy's own correlations."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from satloyal.errors import SurveyError
from satloyal.survey.screen.attention import failed_checks
from satloyal.survey.screen.consistency import even_odd, item_pairs, pair_consistency
from satloyal.survey.screen.distance import mahalanobis
from satloyal.survey.screen.duplicates import same_answers, same_id
from satloyal.survey.screen.incomplete import mean_and_covariance
from satloyal.survey.screen.seconds import duration_column, read_seconds
from satloyal.survey.screen.variability import response_variability

SCALES = [[0, 1, 2], [3, 4], [5, 6, 7, 8], [9, 10], [11], [12, 13, 14]]


def _answers(seed: int = 5, n: int = 200, k: int = 15, missing: float = 0.1) -> np.ndarray:
    rng = np.random.default_rng(seed)
    factors = rng.normal(size=(n, 3)) @ rng.normal(size=(3, k))
    values = np.clip(np.rint(3 + 0.8 * factors + 0.5 * rng.normal(size=(n, k))), 1, 5)
    values[rng.random((n, k)) < missing] = np.nan
    values[0] = np.nan
    values[1] = 4.0
    values[2, 1:] = np.nan
    return values


def _correlation(x: list[float], y: list[float]) -> float:
    if len(x) < 3 or np.ptp(x) == 0 or np.ptp(y) == 0:
        return np.nan
    return float(np.corrcoef(x, y)[0, 1])


def test_response_variability_is_the_standard_deviation_of_the_row() -> None:
    values = _answers()
    expected = [np.std(r[~np.isnan(r)], ddof=1) if (~np.isnan(r)).sum() > 1 else np.nan for r in values]
    np.testing.assert_allclose(response_variability(values), expected, rtol=1e-12, atol=1e-15)
    assert response_variability(np.full((1, 7), 0.1))[0] == 0.0


def _even_odd(row: np.ndarray) -> tuple[float, int]:
    first, second = [], []
    for columns in SCALES:
        halves = [[row[c] for c in columns[s::2] if not np.isnan(row[c])] for s in (0, 1)]
        if all(halves):
            first.append(float(np.mean(halves[0])))
            second.append(float(np.mean(halves[1])))
    r = _correlation(first, second)
    return (max(-1.0, 2 * r / (1 + r)) if r > -1 else -1.0) if not np.isnan(r) else np.nan, len(first)


def test_even_odd_consistency_is_that_computed_one_by_one() -> None:
    values = _answers()
    expected = [_even_odd(row) for row in values]
    found, count = even_odd(values, SCALES)
    np.testing.assert_array_equal(count, [c for _, c in expected])
    np.testing.assert_allclose(found, [r for r, _ in expected], atol=1e-10)
    assert np.isfinite(found).sum() > 100


def test_even_odd_by_hand() -> None:
    # halves (5, 3, 1) and (4, 3, 2) lie on a line; (5, 3, 1) and (3, 5, 1): r = 0.5, stepped up 2/3
    rows = np.array([[5.0, 4, 3, 3, 1, 2], [5, 3, 3, 5, 1, 1]])
    np.testing.assert_allclose(even_odd(rows, [[0, 1], [2, 3], [4, 5]])[0], [1.0, 2 / 3], rtol=1e-14)


def test_pairs_are_those_of_pairwise_correlations() -> None:
    values = _answers()
    r = pd.DataFrame(values).corr().to_numpy()
    synonyms, antonyms = item_pairs(values, 0.4)
    upper = np.triu(np.ones_like(r, dtype=bool), 1)
    np.testing.assert_array_equal(synonyms, upper & (r >= 0.4))
    np.testing.assert_array_equal(antonyms, upper & (r <= -0.4))
    assert synonyms.sum() >= 3
    assert antonyms.sum() >= 3


def test_consistency_over_pairs_is_that_computed_one_by_one() -> None:
    values = _answers()
    for pairs in item_pairs(values, 0.4):
        where = np.argwhere(pairs)
        found, count = pair_consistency(values, pairs)
        for i, row in enumerate(values):
            both = [(row[a], row[b]) for a, b in where if not np.isnan(row[[a, b]]).any()]
            assert count[i] == len(both)
            expected = _correlation([x for x, _ in both], [y for _, y in both])
            np.testing.assert_allclose(found[i], expected, atol=1e-10, err_msg=str(i))


def test_the_distance_of_complete_rows_is_the_textbooks() -> None:
    values = np.random.default_rng(1).normal(size=(50, 4))
    centred = values - values.mean(axis=0)
    expected = np.einsum("ij,jk,ik->i", centred, np.linalg.inv(np.cov(values.T)), centred)
    found = mahalanobis(values)
    np.testing.assert_allclose(found.squared, expected, rtol=1e-10)
    np.testing.assert_allclose(found.pvalue, stats.chi2.sf(expected, 4), rtol=1e-10)
    assert expected.sum() == pytest.approx(49 * 4)


def _observed(values: np.ndarray, mean: np.ndarray, cov: np.ndarray) -> np.ndarray:
    out = []
    for row in values:
        o = ~np.isnan(row)
        d = (row - mean)[o]
        out.append(d @ np.linalg.solve(cov[np.ix_(o, o)], d) if o.any() else np.nan)
    return np.array(out)


def test_the_distance_of_incomplete_rows_is_that_on_what_was_answered() -> None:
    rng = np.random.default_rng(6)
    values = rng.normal(size=(400, 9)) + 0.5 * rng.normal(size=(400, 1))
    values[rng.random(values.shape) < 0.3] = np.nan
    values[0], values[1, 1:] = np.nan, np.nan
    mean, cov, by_pairs = mean_and_covariance(values)
    assert by_pairs
    np.testing.assert_allclose(cov, pd.DataFrame(values).cov(), atol=1e-12)
    found = mahalanobis(values)
    assert not found.singular
    np.testing.assert_array_equal(found.df, (~np.isnan(values)).sum(axis=1))
    np.testing.assert_allclose(found.squared, _observed(values, mean, cov), rtol=1e-9)


def _log_likelihood(values: np.ndarray, mean: np.ndarray, cov: np.ndarray) -> float:
    total = 0.0
    for row in values:
        o = ~np.isnan(row)
        if o.any():
            total += stats.multivariate_normal.logpdf(row[o], mean[o], cov[np.ix_(o, o)])
    return total


def test_a_matrix_of_pairs_that_is_of_no_data_gives_way_to_maximum_likelihood() -> None:
    values = _answers(missing=0.3)
    assert np.linalg.eigvalsh(pd.DataFrame(values).cov().to_numpy())[0] < 0
    mean, cov, by_pairs = mean_and_covariance(values)
    assert not by_pairs
    assert np.linalg.eigvalsh(cov)[0] > 0
    n = (~np.isnan(values)).any(axis=1).sum()
    ml = cov * (n - 1) / n
    best = _log_likelihood(values, mean, ml)
    rng = np.random.default_rng(0)
    for _ in range(20):  # any step away loses likelihood
        step = 0.03 * rng.normal(size=cov.shape)
        other = (np.eye(len(cov)) + step) @ ml @ (np.eye(len(cov)) + step).T
        assert _log_likelihood(values, mean, other) < best
        assert _log_likelihood(values, mean + 0.05 * rng.normal(size=len(mean)), ml) < best
    found = mahalanobis(values)
    np.testing.assert_allclose(found.squared, _observed(values, mean, cov), rtol=1e-7)
    assert np.nanmin(found.pvalue) > 1e-12


def test_items_that_determine_one_another_lose_a_degree_of_freedom() -> None:
    values = np.random.default_rng(2).normal(size=(80, 3))
    plain = mahalanobis(values)
    doubled = mahalanobis(np.column_stack([values, values.sum(axis=1), np.full(80, 3.0)]))
    assert doubled.singular
    np.testing.assert_array_equal(doubled.df, 3)
    np.testing.assert_allclose(doubled.squared, plain.squared, rtol=1e-8)
    gaps = np.column_stack([values, values[:, 0]])
    gaps[:20, 3] = np.nan
    np.testing.assert_array_equal(mahalanobis(gaps).df, 3)


def test_a_distance_without_data_is_undefined() -> None:
    for values in (np.ones((2, 2)), np.full((5, 2), np.nan), np.ones((5, 2))):
        assert np.isnan(mahalanobis(values).squared).all()
        assert np.isnan(mahalanobis(values).pvalue).all()


def test_copies_are_counted_and_straight_lines_are_none() -> None:
    rng = np.random.default_rng(3)
    values = rng.integers(1, 6, (30, 12)).astype(float)
    values[7] = values[19] = values[3]
    values[4] = values[5] = 2.0
    values[9, :4] = np.nan
    values[11] = values[9]
    found = same_answers(values)
    assert found[[3, 7, 19]].tolist() == [1, 2, 3]
    assert np.isnan(found[[4, 5, 9, 11]]).all()
    assert (np.delete(found, [3, 7, 19, 4, 5, 9, 11]) == 1).all()
    assert same_answers(values, least=8)[[9, 11]].tolist() == [1, 2]


def test_one_person_in_two_waves_is_no_duplicate() -> None:
    ids, waves = pd.Series(["a", "a", "b", "a"]), pd.Series([1, 2, 1, 2])
    assert same_id(ids).tolist() == [1, 2, 1, 3]
    assert same_id(ids, waves).tolist() == [1, 1, 1, 2]


def test_attention_checks_take_numbers_lists_and_text() -> None:
    frame = pd.DataFrame({"a": [4, 5, 1, None], "b": ["４", " yes ", "no", None]})
    failed, answered = failed_checks(frame, {"a": [4, 5], "b": ["Yes", 4]})
    assert failed[:3].tolist() == [0, 0, 2]
    assert np.isnan(failed[3])
    assert answered.tolist() == [2, 2, 2, 0]
    with pytest.raises(SurveyError, match=r"'aa' is no column.*'a'"):
        failed_checks(frame, {"aa": 1})
    with pytest.raises(SurveyError, match="no right answer"):
        failed_checks(frame, {"a": []})


def test_seconds_are_found_by_kind_and_name_and_read_as_written() -> None:
    assert duration_column(["x", "Duration"], {"x": "duration"}) == "x"
    assert duration_column(["x", "所用时间"], {}) == "所用时间"
    assert duration_column(["x"], {}) is None
    frame = pd.DataFrame({"t": ["152秒", "2分32秒", None], "u": ["soon", "1", "2"], "v": [1.0, -2.0, np.nan]})
    np.testing.assert_array_equal(read_seconds(frame, "t"), [152, 152, np.nan])
    np.testing.assert_array_equal(read_seconds(frame, "v"), [1, np.nan, np.nan])
    with pytest.raises(SurveyError, match="'u' holds something else"):
        read_seconds(frame, "u")
    with pytest.raises(SurveyError, match="no column 'w'"):
        read_seconds(frame, "w")
