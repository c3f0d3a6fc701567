"""Replicates: reproducible, unbiased, and their intervals those of the papers."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from satloyal.core.resample import (
    BLOCK,
    Resampler,
    bca_interval,
    blocks,
    percentile_interval,
    wishart_covariances,
)

RNG = np.random.default_rng(11)
ROWS = RNG.standard_normal((40, 3)) + np.array([0, 10, 1000])
WEIGHTS = RNG.uniform(0.2, 3, 40)
CLUSTERS = RNG.permutation(np.repeat(np.arange(8), 5))


def test_blocks_cover_all_replicates_once():
    spans = [(start, stop) for start, stop, _ in blocks(2 * BLOCK + 7, 1)]
    assert spans == [(0, BLOCK), (BLOCK, 2 * BLOCK), (2 * BLOCK, 2 * BLOCK + 7)]


def test_more_replicates_begin_with_the_same_ones():
    few = [generator.random() for _, _, generator in blocks(2 * BLOCK, 5)]
    many = [generator.random() for _, _, generator in blocks(7 * BLOCK, 5)]
    assert many[:2] == few
    assert len(set(many)) == 7


def test_seeds_differ_and_no_seed_is_drawn_afresh():
    def first(seed):
        return next(iter(blocks(1, seed)))[2].random()

    assert first(1) == first(1)
    assert first(1) != first(2)
    assert first(None) != first(None)


@pytest.mark.parametrize("weights", [None, WEIGHTS])
@pytest.mark.parametrize("clusters", [None, CLUSTERS])
def test_moments_of_replicates_are_those_of_the_rows_drawn(weights, clusters):
    sampler = Resampler(ROWS, weights, clusters)
    counts = sampler.counts(6, np.random.default_rng(3))
    covs, means = sampler.moments(counts)
    for count, cov, mean in zip(counts.astype(int), covs, means, strict=True):
        drawn = np.repeat(np.arange(40), count)
        w = None if weights is None else weights[drawn]
        np.testing.assert_allclose(cov, np.cov(ROWS[drawn].T, aweights=w, ddof=0), atol=1e-10)
        np.testing.assert_allclose(mean, np.average(ROWS[drawn], axis=0, weights=w), atol=1e-9)


def test_as_many_rows_are_drawn_as_there_are():
    counts = Resampler(ROWS).counts(50, np.random.default_rng(3))
    assert (counts.sum(axis=1) == 40).all()
    assert abs(counts.mean() - 1) < 1e-12


def test_clusters_are_drawn_whole():
    counts = Resampler(ROWS, None, CLUSTERS).counts(50, np.random.default_rng(3))
    for cluster in range(8):
        inside = counts[:, np.flatnonzero(np.equal(CLUSTERS, cluster))]
        assert (inside == inside[:, :1]).all()
    firsts = np.unique(CLUSTERS, return_index=True)[1]
    assert (counts[:, firsts].sum(axis=1) == 8).all()


def test_wishart_draws_have_the_mean_and_spread_of_sample_covariances():
    sigma = np.array([[2.0, 0.6], [0.6, 1.0]])
    n = 25
    draws = wishart_covariances(sigma, n, 40_000, np.random.default_rng(1)) * n / (n - 1)
    np.testing.assert_allclose(draws.mean(axis=0), sigma, atol=0.02)
    # var(s_ij) = (σ_ii σ_jj + σ_ij²) / (n − 1)
    expected = (np.outer(np.diagonal(sigma), np.diagonal(sigma)) + sigma**2) / (n - 1)
    np.testing.assert_allclose(draws.var(axis=0), expected, rtol=0.05)


def test_percentile_intervals_interpolate_between_order_statistics():
    replicates = np.arange(1.0, 100)[::-1, None]
    lower, upper = percentile_interval(replicates, 0.90)
    assert (lower[0], upper[0]) == pytest.approx((5, 95))


def test_bca_intervals_are_those_of_efron():
    rng = np.random.default_rng(2)
    replicates = np.exp(rng.standard_normal((1999, 1)))
    estimate, a = np.array([0.9]), 0.07
    lower, upper = bca_interval(replicates, estimate, [a], 0.95)
    z0 = stats.norm.ppf((replicates < estimate).mean())
    ordered = np.sort(replicates[:, 0])
    for found, tail in ((lower[0], 0.025), (upper[0], 0.975)):
        z = z0 + stats.norm.ppf(tail)
        at = stats.norm.cdf(z0 + z / (1 - a * z)) * 2000 - 1
        low = int(at)
        assert found == pytest.approx(ordered[low] + (at - low) * (ordered[low + 1] - ordered[low]))


def test_without_bias_and_acceleration_bca_is_the_percentile_interval():
    replicates = np.random.default_rng(3).standard_normal((999, 2))
    middle = np.median(replicates, axis=0)
    np.testing.assert_allclose(
        bca_interval(replicates, middle, [0.0, 0.0], 0.95), percentile_interval(replicates, 0.95), atol=1e-3
    )


def test_bca_is_undefined_where_every_replicate_lies_on_one_side():
    replicates = np.random.default_rng(3).uniform(0, 1, (500, 2))
    lower, upper = bca_interval(replicates, np.array([2.0, 0.5]), [0.0, 0.0], 0.95)
    assert np.isnan([lower[0], upper[0]]).all()
    assert np.isfinite([lower[1], upper[1]]).all()


def test_intervals_follow_a_monotone_change_of_scale():
    replicates, estimate = np.random.default_rng(3).standard_normal((999, 1)), np.array([0.1])
    for interval in (_percentile, _bca):
        there = interval(np.exp(replicates), np.exp(estimate))
        np.testing.assert_allclose(np.exp(interval(replicates, estimate)), there, rtol=5e-3)


def _percentile(replicates, estimate):
    return percentile_interval(replicates, 0.9)


def _bca(replicates, estimate):
    return bca_interval(replicates, estimate, [0.05], 0.9)


@pytest.mark.parametrize("weights", [None, WEIGHTS])
def test_many_rows_are_summed_without_a_table_of_their_products(weights, monkeypatch):
    counts = Resampler(ROWS).counts(5, np.random.default_rng(2))
    wanted = Resampler(ROWS, weights).moments(counts)
    monkeypatch.setattr("satloyal.core.resample._TABLE", 0)
    for found, value in zip(Resampler(ROWS, weights).moments(counts), wanted, strict=True):
        np.testing.assert_allclose(found, value, rtol=1e-9, atol=1e-10)
