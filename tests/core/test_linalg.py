"""Batches in which one matrix fails still answer for all others."""

from __future__ import annotations

import numpy as np
import pytest

from satloyal.core.linalg import (
    inverse_or_nan,
    logdet_or_flag,
    smallest_eigenvalue,
    solve_symmetric,
    vech_indices,
)

RNG = np.random.default_rng(4)
ROOTS = RNG.standard_normal((6, 5, 5))
DEFINITE = ROOTS @ ROOTS.transpose(0, 2, 1) + 0.1 * np.eye(5)
INDEFINITE = DEFINITE[0] - 2 * np.linalg.eigvalsh(DEFINITE[0])[0] * np.eye(5)
SINGULAR = np.outer(np.arange(1.0, 6), np.arange(1.0, 6))


def test_log_determinants_are_those_of_numpy():
    logdet, ok = logdet_or_flag(DEFINITE)
    assert ok.all()
    np.testing.assert_allclose(logdet, np.linalg.slogdet(DEFINITE)[1], rtol=1e-12)


@pytest.mark.parametrize(
    "bad", [INDEFINITE, -DEFINITE[0], SINGULAR, np.full((5, 5), np.nan), np.zeros((5, 5))]
)
def test_one_bad_matrix_is_flagged_and_the_others_are_not(bad):
    batch = np.concatenate([DEFINITE, bad[None], DEFINITE])
    logdet, ok = logdet_or_flag(batch)
    assert ok.tolist() == [True] * 6 + [False] + [True] * 6
    assert logdet[6] == 0
    np.testing.assert_allclose(logdet[:6], np.linalg.slogdet(DEFINITE)[1], rtol=1e-9)


def test_an_even_number_of_negative_eigenvalues_does_not_pass_for_definite():
    matrix = np.diag([-1.0, -2.0, 3.0])
    assert np.linalg.det(matrix) > 0
    assert not logdet_or_flag(matrix[None])[1][0]


def test_a_pivot_that_is_rounding_of_zero_does_not_pass_for_definite():
    root = np.random.default_rng(1).standard_normal((200, 5, 4))
    root[:, 4] = root[:, :4].mean(axis=1)
    singular = root @ root.transpose(0, 2, 1)
    assert logdet_or_flag(singular)[1].mean() < 0.02


def test_units_do_not_decide_about_definiteness():
    scale = np.array([1e-7, 1e-3, 1.0, 1e4, 1e8])
    assert logdet_or_flag(DEFINITE * np.outer(scale, scale))[1].all()


def test_a_singular_matrix_has_no_inverse_and_the_others_have():
    batch = np.stack([DEFINITE[0], np.zeros((5, 5)), DEFINITE[1]])
    inverse = inverse_or_nan(batch)
    assert np.isnan(inverse[1]).all()
    np.testing.assert_allclose(inverse[[0, 2]] @ batch[[0, 2]], [np.eye(5)] * 2, atol=1e-9)


def test_systems_are_solved():
    x = RNG.standard_normal((6, 5))
    vectors = np.einsum("bij,bj->bi", DEFINITE, x)
    np.testing.assert_allclose(solve_symmetric(DEFINITE, vectors), x, rtol=1e-6, atol=1e-8)


def test_a_singular_system_still_gets_a_solution():
    x = solve_symmetric(SINGULAR[None], (SINGULAR @ np.ones(5))[None])
    np.testing.assert_allclose(SINGULAR @ x[0], SINGULAR @ np.ones(5), rtol=1e-6)


def test_a_system_that_holds_nan_is_lost_alone():
    batch = np.stack([np.zeros((5, 5)), DEFINITE[0], np.full((5, 5), np.nan)])
    x = solve_symmetric(batch, np.ones((3, 5)))
    np.testing.assert_allclose(DEFINITE[0] @ x[1], np.ones(5), rtol=1e-6)
    assert np.isnan(x[2]).all()


def test_smallest_eigenvalue():
    assert smallest_eigenvalue(np.diag([3.0, -2.0, 5.0])) == pytest.approx(-2.0)


def test_half_vectors_run_down_the_columns():
    rows, columns = vech_indices(3)
    assert list(zip(rows, columns, strict=True)) == [(0, 0), (1, 0), (2, 0), (1, 1), (2, 1), (2, 2)]
