"""Sum scores of ordinal items: covariances by hand, by simulation, and their derivatives."""

from __future__ import annotations

import numpy as np
import pytest

from satloyal.core import reliability as rel
from satloyal.core.sum_scores import categorical_omega, score_covariances


def test_variances_are_those_of_the_categories():
    """An item cut at 0 and 1 has shares .5, .3413 and .1587."""
    found = score_covariances([[[0.0, 1.0]]], [[[1.0]]])[0, 0, 0]
    share, score = np.array([0.5, 0.341344746068543, 0.158655253931457]), np.arange(3)
    assert found == pytest.approx(share @ score**2 - (share @ score) ** 2, abs=1e-12)


def test_a_missing_threshold_changes_nothing():
    two = score_covariances([[[0.0, 1.0], [0.3, np.inf]]], [[[1.0, 0.4], [0.4, 1.0]]])
    one = score_covariances([[[0.0, 1.0]]], [[[1.0]]])
    assert two[0, 0, 0] == pytest.approx(one[0, 0, 0])
    assert two[0, 1, 1] == pytest.approx(0.6179114221889526 * 0.3820885778110474, abs=1e-9)


def test_covariances_agree_with_a_large_sample():
    R = np.array([[1, 0.6, 0.3], [0.6, 1, 0.5], [0.3, 0.5, 1]])
    tau = np.array([[-0.5, 0.5, 1.5], [0.0, 1.0, np.inf], [-1.0, 0.2, 0.9]])
    answers = np.random.default_rng(1).multivariate_normal(np.zeros(3), R, size=400_000)
    scores = (answers[:, :, None] > tau).sum(2)
    np.testing.assert_allclose(score_covariances(tau[None], R[None])[0], np.cov(scores.T), atol=0.006)


def test_many_categories_come_near_the_reliability_of_latent_responses():
    loading = np.array([0.8, 0.7, 0.6])
    true = np.outer(loading, loading)
    R = true + np.diag(1 - loading**2)
    tau = np.tile(np.linspace(-4, 4, 60), (1, 3, 1))
    found = categorical_omega(tau, true[None], R[None])[0]
    assert found == pytest.approx(float(rel.omega(loading, 1.0, np.diag(1 - loading**2))), abs=2e-3)


@pytest.mark.parametrize("strength", [0.5, 0.97])
def test_a_complex_step_gives_the_derivative(strength):
    tau = np.array([[-0.5, 0.5], [0.0, 1.0], [-1.0, np.inf]])
    loading = np.array([0.9, 0.7, 0.6]) * strength
    direction = np.array([[0.3, -0.2], [0.1, 0.4], [0.5, 0.0]]), np.array([0.2, -0.3, 0.1])

    def omega(h):
        cuts, weights = tau + h * np.where(np.isinf(tau), 0, direction[0]), loading + h * direction[1]
        true = np.outer(weights, weights)
        R = true.copy()
        R[np.arange(3), np.arange(3)] = 1.0
        return categorical_omega(cuts[None], true[None], R[None])[0]

    step = 1e-5
    slope = (omega(step) - omega(-step)) / (2 * step)
    assert omega(1e-20j).imag / 1e-20 == pytest.approx(slope, rel=1e-6)
    assert omega(1e-20j).real == pytest.approx(omega(0.0), rel=1e-12)


def test_a_batch_equals_a_loop_and_an_impossible_correlation_is_undefined():
    rng = np.random.default_rng(2)
    loading = rng.uniform(0.3, 0.9, (5, 3))
    true = loading[:, :, None] * loading[:, None, :]
    R = np.where(np.eye(3, dtype=bool), 1.0, true)
    tau = np.sort(rng.normal(size=(5, 3, 2)), axis=2)
    together = categorical_omega(tau, true, R)
    for i in range(5):
        alone = categorical_omega(tau[i : i + 1], true[i : i + 1], R[i : i + 1])[0]
        assert together[i] == pytest.approx(alone, rel=1e-12)
    assert np.isnan(categorical_omega(tau[:1], true[:1] * 3, R[:1])).all()
