"""The bivariate normal: exact everywhere, and its derivatives are derivatives."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special, stats

from satloyal.core.bivariate_normal import bvn_cdf, bvn_grid, bvn_pdf_grid, normal_pdf

CORRELATIONS = (-0.99999, -0.99, -0.93, -0.92, -0.8, -0.75, -0.4, -0.3, 0, 0.1, 0.5, 0.76, 0.9, 0.95, 0.9999)
LIMITS = (-8.0, -3.0, -1.3, -0.2, 0.0, 0.2, 1.0, 2.5, 6.0)
limits = st.floats(-9, 9)
correlations = st.floats(-1, 1)


@pytest.mark.parametrize("rho", CORRELATIONS)
def test_the_distribution_function_is_scipys(rho):
    h, k = np.meshgrid(LIMITS, LIMITS)
    theirs = stats.multivariate_normal(cov=[[1, rho], [rho, 1]], allow_singular=True)
    theirs.abseps = theirs.releps = 1e-14
    assert np.abs(bvn_cdf(h, k, rho) - theirs.cdf(np.dstack([h, k]))).max() < 1e-12


def test_at_the_origin_it_is_sheppards_formula_up_to_perfect_correlation():
    rho = np.concatenate([1 - np.logspace(-14, -1, 40), -1 + np.logspace(-14, -1, 40), [-1, 1]])
    assert np.abs(bvn_cdf(0, 0, rho) - (0.25 + np.arcsin(rho) / (2 * np.pi))).max() < 1e-15


def test_infinite_limits_leave_the_margin():
    h = np.array(LIMITS)
    for rho in (*CORRELATIONS, -1, 1):
        assert bvn_cdf(h, np.inf, rho) == pytest.approx(special.ndtr(h), abs=1e-15)
        assert bvn_cdf(np.inf, h, rho) == pytest.approx(special.ndtr(h), abs=1e-15)
        assert bvn_cdf(h, -np.inf, rho) == pytest.approx(0, abs=1e-15)
        assert bvn_cdf(np.inf, np.inf, rho) == 1


def test_perfect_correlation_leaves_the_smaller_limit_or_the_overlap():
    h, k = np.meshgrid(LIMITS, LIMITS)
    assert bvn_cdf(h, k, 1.0) == pytest.approx(special.ndtr(np.minimum(h, k)), abs=1e-15)
    assert bvn_cdf(h, k, -1.0) == pytest.approx(np.maximum(0, special.ndtr(h) - special.ndtr(-k)), abs=1e-15)


def test_an_undefined_correlation_has_no_probability():
    assert np.isnan(bvn_cdf(0.0, 0.0, np.nan))


@given(limits, limits, correlations)
def test_the_variables_are_exchangeable_and_reflecting_one_turns_the_sign(h, k, rho):
    p = bvn_cdf(h, k, rho)
    assert 0 <= p <= 1
    assert p == pytest.approx(bvn_cdf(k, h, rho), abs=2e-15)
    assert special.ndtr(h) - p == pytest.approx(bvn_cdf(h, -k, -rho), abs=2e-15)


@given(limits, limits, st.floats(-0.99, 0.99))
def test_it_grows_in_the_correlation_at_the_rate_of_the_density(h, k, rho):
    step = 1e-4 * (1 - abs(rho))
    # fourth-order central difference
    far, near = (bvn_cdf(h, k, rho + s * step) - bvn_cdf(h, k, rho - s * step) for s in (2, 1))
    density, _ = bvn_pdf_grid(np.array([[h]]), np.array([[k]]), np.array([rho]))
    assert (8 * near - far) / (12 * step) == pytest.approx(density.item(), abs=1e-8, rel=1e-6)


@given(limits, limits, st.floats(-0.95, 0.95))
def test_the_slope_of_the_density_is_its_derivative(h, k, rho):
    def density(r):
        return bvn_pdf_grid(np.array([[h]]), np.array([[k]]), np.array([r]))[0].item()

    step = 1e-4 * (1 - abs(rho))
    far, near = (density(rho + s * step) - density(rho - s * step) for s in (2, 1))
    slope = bvn_pdf_grid(np.array([[h]]), np.array([[k]]), np.array([rho]))[1].item()
    assert (8 * near - far) / (12 * step) == pytest.approx(slope, abs=1e-8, rel=1e-6)


def test_a_grid_is_the_function_at_each_pair_of_limits():
    rng = np.random.default_rng(1)
    h, k, rho = rng.normal(size=(7, 3)), rng.normal(size=(7, 4)), rng.uniform(-1, 1, 7)
    each = bvn_cdf(h[:, :, None], k[:, None, :], rho[:, None, None])
    assert np.array_equal(bvn_grid(h, k, rho), each)


def test_the_univariate_density_vanishes_at_infinity():
    assert normal_pdf([-np.inf, 0, np.inf]).tolist() == [0, 1 / np.sqrt(2 * np.pi), 0]
