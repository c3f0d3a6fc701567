"""A trust region follows curved valleys, leaves saddle points, and says when there is no minimum."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from satloyal.core.optimize import Evaluation, minimise
from satloyal.core.trust_region import minimise_trusting


def _of(value: Any, gradient: Any, hessian: Any) -> Any:
    def objective(theta: np.ndarray, which: np.ndarray, curvature: str) -> Evaluation:
        H = np.stack([hessian(*t) for t in theta])
        if curvature == "expected":  # any positive definite stand-in will do
            w, V = np.linalg.eigh(H)
            H = V @ (np.maximum(np.abs(w), 1e-3)[:, :, None] * V.transpose(0, 2, 1))
        values = np.array([value(*t) for t in theta])
        return Evaluation(values, np.stack([gradient(*t) for t in theta]), H)

    return objective


banana = _of(
    lambda x, y: 100 * (y - x**2) ** 2 + (1 - x) ** 2,
    lambda x, y: np.array([-400 * x * (y - x**2) - 2 * (1 - x), 200 * (y - x**2)]),
    lambda x, y: np.array([[1200 * x**2 - 400 * y + 2, -400 * x], [-400 * x, 200.0]]),
)
two_wells = _of(
    lambda x, y: x**2 + y**4 - 2 * y**2,
    lambda x, y: np.array([2 * x, 4 * y**3 - 4 * y]),
    lambda x, y: np.array([[2.0, 0.0], [0.0, 12 * y**2 - 4]]),
)
slide = _of(
    lambda x, y: np.exp(-x) + y**2,
    lambda x, y: np.array([-np.exp(-x), 2 * y]),
    lambda x, y: np.array([[np.exp(-x), 0.0], [0.0, 2.0]]),
)
walled = _of(
    lambda x, y: x - np.log(x) + y**2 if x > 0 else np.inf,
    lambda x, y: np.array([1 - 1 / x, 2 * y]) if x > 0 else np.full(2, np.nan),
    lambda x, y: np.diag([1 / x**2, 2.0]) if x > 0 else np.full((2, 2), np.nan),
)


def test_a_curved_valley_is_followed_to_its_end() -> None:
    found = minimise_trusting(banana, np.array([[-1.2, 1.0]]))
    assert found.converged[0]
    assert found.theta[0] == pytest.approx([1, 1], abs=1e-8)


@pytest.mark.parametrize("start", [[0.0, 0.0], [1.0, 0.0], [-2.0, 1e-9]])
def test_a_saddle_point_is_left(start: list[float]) -> None:
    found = minimise_trusting(two_wells, np.array([start]))
    assert found.converged[0]
    assert abs(found.theta[0, 1]) == pytest.approx(1, abs=1e-8)
    assert found.theta[0, 0] == pytest.approx(0, abs=1e-8)


def test_without_a_minimum_there_is_no_solution() -> None:
    found = minimise_trusting(slide, np.array([[0.0, 1.0]]), tolerance=1e-30, max_iterations=30)
    assert not found.converged[0]


def test_steps_out_of_the_domain_are_taken_back() -> None:
    found = minimise_trusting(walled, np.array([[5.0, 1.0]]))
    assert found.converged[0]
    assert found.theta[0] == pytest.approx([1, 0], abs=1e-6)


def test_line_searches_call_a_saddle_solved_unless_told_not_to() -> None:
    at = np.array([[0.0, 0.0], [0.5, 0.9]])
    assert minimise(two_wells, at).converged.tolist() == [True, True]
    assert minimise(two_wells, at, leave_saddles=True).converged.tolist() == [False, True]
