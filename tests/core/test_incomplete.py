"""Incomplete rows are sorted into patterns that say all a likelihood needs; what cannot serve is refused."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import satloyal as sl
from satloyal.core.em import saturated_moments
from satloyal.core.incomplete import IncompleteRows
from satloyal.core.moments import weighted_moments
from satloyal.core.pattern_resample import PatternResampler, normal_patterns
from satloyal.core.patterns import Patterns
from satloyal.core.quasi_newton import minimise_near
from satloyal.core.saturated import saturated_information, saturated_scores

P = 5


def gappy(n: int = 120, seed: int = 1, share: float = 0.2) -> np.ndarray:
    rng = np.random.default_rng(seed)
    values = rng.standard_normal((n, P)) @ rng.normal(0.6, 0.3, (P, P)) + np.arange(P) * 10
    gaps = rng.random((n, P)) < share
    gaps[gaps.all(axis=1), 0] = False
    return np.where(gaps, np.nan, values)


def logl(values: np.ndarray, mean: np.ndarray, cov: np.ndarray, weights: np.ndarray | None = None) -> float:
    """The definition: row by row, each on what it has."""
    total = 0.0
    for i, row in enumerate(values):
        seen = ~np.isnan(row)
        block, gap = cov[np.ix_(seen, seen)], row[seen] - mean[seen]
        form = gap @ np.linalg.solve(block, gap)
        own = -0.5 * (seen.sum() * np.log(2 * np.pi) + np.linalg.slogdet(block)[1] + form)
        total += own if weights is None else weights[i] * own
    return total


def augment(mean: np.ndarray, cov: np.ndarray, origin: np.ndarray) -> np.ndarray:
    m = np.r_[mean - origin, 1.0]
    out = np.outer(m, m)
    out[:-1, :-1] += cov
    return out[None]


def point() -> tuple[np.ndarray, np.ndarray]:
    return np.arange(P) * 10 + 0.3, 0.4 * np.ones((P, P)) + np.diag(np.arange(1.0, P + 1))


@pytest.mark.parametrize("weighted", [False, True])
def test_the_likelihood_of_patterns_is_that_of_the_rows(weighted: bool) -> None:
    values, (mean, cov) = gappy(), point()
    weights = np.linspace(0.5, 1.5, len(values)) if weighted else None
    found = Patterns.of(values, weights)
    F = found.likelihood().value(augment(mean, cov, found.origin))[0]
    total = np.ones(len(values)) if weights is None else weights
    constant = (total @ (~np.isnan(values)).sum(axis=1)) * np.log(2 * np.pi)
    assert -0.5 * (found.n * F + constant) == pytest.approx(logl(values, mean, cov, weights), rel=1e-12)


def test_sub_blocks_are_inverted_the_same_by_elimination_and_one_by_one(monkeypatch) -> None:
    values, (mean, cov) = gappy(), point()
    found = Patterns.of(values)
    sigma = augment(mean, cov, found.origin)
    V, logdet, _ = found.likelihood().inverses(sigma)
    monkeypatch.setattr("satloyal.core.patterns._planned", lambda *_: None)
    again, other, _ = found.likelihood().inverses(sigma)
    np.testing.assert_allclose(V, again, atol=1e-10)
    np.testing.assert_allclose(logdet, other, atol=1e-10)
    for k, seen in enumerate(np.c_[found.observed, np.ones(len(found.size), bool)]):
        np.testing.assert_allclose(
            V[0, k][np.ix_(seen, seen)] @ sigma[0][np.ix_(seen, seen)], np.eye(seen.sum()), atol=1e-9
        )
        assert not V[0, k][~seen].any()


def test_the_slope_is_the_derivative_by_finite_differences() -> None:
    values, (mean, cov) = gappy(), point()
    likelihood = Patterns.of(values).likelihood()
    sigma = augment(mean, cov, Patterns.of(values).origin)
    G = likelihood.derivatives(sigma)[1][0]
    h = 1e-6
    for i, j in ((0, 0), (1, 3), (2, P), (4, 4)):
        up, down = sigma.copy(), sigma.copy()
        for one, sign in ((up, h), (down, -h)):
            one[0, i, j] += sign
            if i != j:
                one[0, j, i] += sign
        slope = (likelihood.value(up)[0] - likelihood.value(down)[0]) / (2 * h)
        assert slope == pytest.approx(G[i, j] if i == j else 2 * G[i, j], rel=1e-5, abs=1e-7)


def test_memory_chunks_change_nothing(monkeypatch) -> None:
    values, (mean, cov) = gappy(), point()
    found = Patterns.of(values)
    sigma = np.repeat(augment(mean, cov, found.origin), 3, axis=0)
    whole = found.likelihood().derivatives(sigma)
    monkeypatch.setattr("satloyal.core.patterns._CELLS", 100)
    monkeypatch.setattr("satloyal.core.patterns._CACHED", 50)
    for a, b in zip(whole, found.likelihood().derivatives(sigma), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12)


def test_moments_may_be_taken_about_any_origin() -> None:
    values, (mean, cov) = gappy(), point()
    found = Patterns.of(values)
    moved = found.about(found.origin + np.arange(P))
    a = found.likelihood().value(augment(mean, cov, found.origin))
    b = moved.likelihood().value(augment(mean, cov, moved.origin))
    np.testing.assert_allclose(a, b, rtol=1e-11)


@pytest.mark.parametrize("share", [0.05, 0.3, 0.5])
def test_saturated_moments_are_where_the_likelihood_is_flat(share: float) -> None:
    values = gappy(200, 2, share)
    found = Patterns.of(values)
    best = saturated_moments(found)
    assert best.converged
    scores = saturated_scores(values, found, best.mean, best.cov)
    spread = np.sqrt((scores**2).sum(axis=0))
    assert np.abs(scores.sum(axis=0) / spread).max() < 1e-5
    top = logl(values, best.mean, best.cov)
    rng = np.random.default_rng(1)
    for _ in range(5):
        shake = rng.normal(0, 0.02, (P, P))
        other = best.cov + shake @ shake.T
        assert logl(values, best.mean + rng.normal(0, 0.05, P), other) < top


def test_complete_rows_have_their_own_moments() -> None:
    values = gappy(share=0.0)
    weights = np.linspace(0.5, 1.5, len(values))
    best = saturated_moments(Patterns.of(values, weights))
    mean, cov = weighted_moments(values, weights)
    np.testing.assert_allclose(best.mean, mean, rtol=1e-12)
    np.testing.assert_allclose(best.cov, cov, rtol=1e-9)


@pytest.mark.parametrize("kind", ["expected", "observed"])
def test_scores_and_information_are_derivatives(kind: str) -> None:
    values, (mean, cov) = gappy(60), point()
    found = Patterns.of(values)
    low, high = np.triu_indices(P)
    theta = np.r_[mean, cov[high, low]]

    def scores(at: np.ndarray) -> np.ndarray:
        full = np.zeros((P, P))
        full[high, low] = full[low, high] = at[P:]
        return saturated_scores(values, found, at[:P], full)

    steps = 1e-5 * np.eye(len(theta))
    slopes = np.array([logl(values, *_split(theta + e)) - logl(values, *_split(theta - e)) for e in steps])
    np.testing.assert_allclose(-scores(theta).sum(axis=0), slopes / 2e-5, rtol=1e-5, atol=1e-4)
    information = saturated_information(found, mean, cov, kind)  # type: ignore[arg-type]
    if kind == "observed":
        bends = np.array([(scores(theta + e) - scores(theta - e)).sum(axis=0) for e in steps]) / 2e-5
        np.testing.assert_allclose(information, bends / len(values), rtol=1e-5, atol=1e-6)
    else:
        rng = np.random.default_rng(3)
        draws = normal_patterns(found, mean, cov, 4000, rng)
        second = draws.sample.mean(axis=0)
        close = saturated_information(_with(found, second), mean, cov, "observed")
        np.testing.assert_allclose(information, close, atol=0.02 * np.abs(information).max())


def _split(theta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    low, high = np.triu_indices(P)
    full = np.zeros((P, P))
    full[high, low] = full[low, high] = theta[P:]
    return theta[:P], full


def _with(found: Patterns, second: np.ndarray) -> Patterns:
    return Patterns(found.observed, found.rows, found.origin, found.size, second)


def test_a_replicate_of_every_row_once_is_the_sample() -> None:
    values = gappy()
    weights = np.linspace(0.5, 1.5, len(values))
    again = PatternResampler(values, weights).likelihood(np.ones((1, len(values))))
    found = Patterns.of(values, weights).likelihood()
    np.testing.assert_allclose(again.share, found.share, rtol=1e-12)
    np.testing.assert_allclose(again.sample, found.sample, atol=1e-10)


def test_a_replicate_is_the_sample_with_rows_repeated() -> None:
    values = gappy()
    drawn = PatternResampler(values)
    counts = drawn.counts(2, np.random.default_rng(4))
    cov, mean = drawn.moments(counts)
    for b in range(2):
        rows = np.repeat(values, counts[b].astype(int), axis=0)
        best = saturated_moments(Patterns.of(rows))
        np.testing.assert_allclose(mean[b], best.mean, atol=1e-5)
        np.testing.assert_allclose(cov[b], best.cov, atol=1e-5)


def test_quasi_newton_finds_minima_with_a_wrong_curvature_and_tells_what_it_lost() -> None:
    def valley(theta: np.ndarray, which: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        x, y = theta.T
        value = (x - which) ** 2 + 5 * (y - x**2 / 10) ** 2
        slope = 10 * (y - x**2 / 10)
        value = np.where(which == 3, -x, value)  # one without a minimum
        return value, np.column_stack(
            [np.where(which == 3, -1.0, 2 * (x - which) - slope * x / 5), slope * (which != 3)]
        )

    found = minimise_near(valley, np.zeros((4, 2)), np.eye(2) / 3, tolerance=1e-14)
    assert found.converged.tolist() == [True, True, True, False]
    np.testing.assert_allclose(found.theta[:3, 0], [0, 1, 2], atol=1e-5)


# --- rows ---


def frame() -> pd.DataFrame:
    return pd.DataFrame(gappy(40), columns=list("abcde"))


def test_rows_without_any_value_are_left_out_and_counted() -> None:
    data = frame()
    data.loc[3] = np.nan
    rows = IncompleteRows.of(data, list("abcde"))
    assert len(rows.values) == 39
    assert rows.notes[0].count == 1


def test_rows_without_a_needed_covariate_are_left_out_and_counted() -> None:
    data = frame()
    lost = int(data["a"].isna().sum())
    rows = IncompleteRows.of(data, list("abcde"), complete=["a"])
    assert lost
    assert len(rows.values) == 40 - lost
    assert "fiml.x" in rows.notes[-1].message


def test_a_pair_that_no_row_has_is_refused_by_name() -> None:
    data = frame()
    data.loc[:19, "a"] = np.nan
    data.loc[20:, "e"] = np.nan
    with pytest.raises(sl.SatloyalError, match="no row has both 'a' and 'e'"):
        IncompleteRows.of(data, list("abcde"))


def test_a_variable_that_a_group_never_answered_is_refused_by_name() -> None:
    data = frame()
    data.loc[:19, "b"] = np.nan
    with pytest.raises(sl.SatloyalError, match=r"'one'.*every value is missing"):
        IncompleteRows.of(data, list("abcde"), group=["one"] * 20 + ["two"] * 20)


def test_a_constant_variable_is_refused() -> None:
    data = frame()
    data["c"] = np.where(data["c"].isna(), np.nan, 3.0)
    with pytest.raises(sl.SatloyalError, match=r"all .* values are 3"):
        IncompleteRows.of(data, list("abcde"))


def test_rows_without_a_full_covariance_matrix_do_not_converge_and_do_not_crash() -> None:
    twins = gappy(40)
    twins[:, 4] = 2 * twins[:, 0]
    few = gappy(7, 3, 0.4)
    for values in (twins, few):
        best = saturated_moments(Patterns.of(values))
        sd = np.sqrt(np.abs(np.diagonal(best.cov)))
        smallest = np.linalg.eigvalsh(best.cov / np.outer(sd, sd))[0]
        assert not best.converged or smallest < 1e-6
