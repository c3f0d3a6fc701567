"""Linear equations are solved as an origin and a basis; what follows or contradicts is said."""

from __future__ import annotations

import numpy as np
import pytest

from satloyal.core.elimination import eliminate


@pytest.mark.parametrize("seed", range(5))
def test_every_point_of_the_solution_meets_the_equations(seed: int) -> None:
    generator = np.random.default_rng(seed)
    A, b = generator.normal(size=(3, 7)), generator.normal(size=3)
    found = eliminate(A, b)
    assert found.rank == 3
    assert found.basis.shape == (7, 4)
    assert np.linalg.matrix_rank(found.basis) == 4
    theta = found.origin + found.basis @ generator.normal(size=4)
    np.testing.assert_allclose(A @ theta, b, atol=1e-12)


def test_an_unknown_that_no_equation_mentions_has_a_column_of_its_own() -> None:
    found = eliminate(np.array([[1.0, 0.0, -1.0, 0.0]]), np.array([0.0]))
    alone = [c for c in found.basis.T if np.count_nonzero(c) == 1]
    assert sorted(int(np.argmax(c)) for c in alone) == [1, 3]


def test_no_equations_leave_everything_as_it_is() -> None:
    found = eliminate(np.zeros((0, 3)), np.zeros(0))
    assert found.rank == 0
    np.testing.assert_array_equal(found.basis, np.eye(3))


def test_an_equation_that_follows_is_redundant_and_one_that_cannot_hold_contradictory() -> None:
    A = np.array([[1.0, -1.0, 0.0], [0.0, 1.0, -1.0], [2.0, 0.0, -2.0], [1.0, 0.0, -1.0]])
    found = eliminate(A, np.array([0.0, 0.0, 0.0, 1.0]))
    assert found.redundant == (2,)
    assert found.contradictory == (3,)
    assert found.rank == 2


def test_an_equation_without_unknowns_holds_or_does_not() -> None:
    found = eliminate(np.zeros((2, 2)), np.array([0.0, 1.0]))
    assert found.redundant == (0,)
    assert found.contradictory == (1,)


def test_coefficients_of_very_different_size_do_not_hide_an_equation() -> None:
    A = np.array([[1e6, 1.0], [1e6, 1.0 + 1e-2]])
    found = eliminate(A, np.array([1.0, 2.0]))
    assert found.rank == 2
    np.testing.assert_allclose(A @ found.origin, [1.0, 2.0], rtol=1e-6)
