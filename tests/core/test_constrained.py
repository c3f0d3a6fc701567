"""The constrained minimiser solves textbook problems, in batches, and says when it cannot."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest

from satloyal.core.constrained import minimise_constrained
from satloyal.core.optimize import CONVERGED, Evaluation

Function = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Given:
    """Constraints written as functions of one θ each, differentiated by hand."""

    value: Function
    slope: Function
    bend: Callable[[np.ndarray, np.ndarray], np.ndarray] | None = None
    equalities: int = 0

    @property
    def curved(self) -> bool:
        return self.bend is not None

    def at(self, theta: np.ndarray, which: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        del which
        return np.stack([self.value(t) for t in theta]), np.stack([self.slope(t) for t in theta])

    def curvature(self, theta: np.ndarray, multipliers: np.ndarray) -> np.ndarray:
        assert self.bend is not None
        return np.stack([self.bend(t, nu) for t, nu in zip(theta, multipliers, strict=True)])


def _rosenbrock(theta: np.ndarray, which: np.ndarray, curvature: str) -> Evaluation:
    del which
    x, y = theta.T
    value = (1 - x) ** 2 + 10 * (y - x**2) ** 2
    gradient = np.stack([-2 * (1 - x) - 40 * x * (y - x**2), 20 * (y - x**2)], axis=1)
    J = np.stack([np.stack([-np.ones_like(x), np.zeros_like(x)], 1),
                  np.sqrt(10) * np.stack([-2 * x, np.ones_like(x)], 1)], 1)  # fmt: skip
    H = 2 * J.transpose(0, 2, 1) @ J
    if curvature == "observed":
        H[:, 0, 0] += -40 * (y - x**2)
    return Evaluation(value, gradient, H)


CIRCLE = Given(
    lambda t: np.array([t @ t - 1.5]),
    lambda t: 2 * t[None],
    lambda t, nu: nu[0] * 2 * np.eye(2),
    equalities=1,
)
DISC = Given(
    lambda t: np.array([1.5 - t @ t]), lambda t: -2 * t[None], lambda t, nu: -nu[0] * 2 * np.eye(2)
)  # fmt: skip
STARTS = np.array([[0.5, 0.5], [-1.0, 2.0], [2.0, 1.0], [0.9, 0.8]])


@pytest.mark.parametrize("region", [CIRCLE, DISC])
def test_a_curved_constraint_is_met_and_the_lagrangian_is_flat(region: Given) -> None:
    found = minimise_constrained(_rosenbrock, region, STARTS)
    assert (found.status == CONVERGED).all()
    for theta in found.theta:
        g = _rosenbrock(theta[None], np.zeros(1, int), "expected").gradient[0]
        J = region.slope(theta)[0]
        nu = float(J @ g / (J @ J))
        np.testing.assert_allclose(g - nu * J, 0, atol=1e-6)
        assert abs(region.value(theta)[0]) < 1e-9
    np.testing.assert_allclose(found.theta[2:], found.theta[:1].repeat(2, axis=0), atol=1e-6)


def test_a_constraint_that_does_not_bind_changes_nothing() -> None:
    wide = Given(
        lambda t: np.array([9 - t @ t]), lambda t: -2 * t[None], lambda t, nu: -2 * nu[0] * np.eye(2)
    )
    found = minimise_constrained(_rosenbrock, wide, STARTS)
    assert found.converged.all()
    np.testing.assert_allclose(found.theta, 1.0, atol=1e-6)


def test_bounds_are_kept_and_each_problem_of_a_batch_ends_where_it_would_alone() -> None:
    box = Given(lambda t: np.array([0.5 - t[0], t[1] - 0.4]), lambda t: np.array([[-1.0, 0.0], [0.0, 1.0]]))
    together = minimise_constrained(_rosenbrock, box, STARTS)
    assert together.converged.all()
    lowest = [0.5, 0.4]
    other = [-0.5, 0.4]  # a local minimum on the second bound alone, nearer to the second start
    np.testing.assert_allclose(together.theta, [lowest, other, lowest, lowest], atol=1e-6)
    for b, start in enumerate(STARTS):
        alone = minimise_constrained(_rosenbrock, box, start[None])
        np.testing.assert_allclose(alone.theta[0], together.theta[b], atol=1e-9)
        assert alone.iterations[0] == together.iterations[b]


def test_constraints_that_exclude_one_another_do_not_converge() -> None:
    both = Given(
        lambda t: np.array([t @ t - 1, t @ t - 4]),
        lambda t: np.stack([2 * t, 2 * t]),
        lambda t, nu: 2 * nu.sum() * np.eye(2),
        equalities=2,
    )
    assert not minimise_constrained(_rosenbrock, both, STARTS, max_iterations=60).converged.any()


def test_convergence_is_quadratic_near_the_solution() -> None:
    solution = minimise_constrained(_rosenbrock, CIRCLE, STARTS[:1]).theta
    near = minimise_constrained(_rosenbrock, CIRCLE, solution + 0.01, curvature="observed")
    assert near.converged.all()
    assert near.iterations[0] <= 4
