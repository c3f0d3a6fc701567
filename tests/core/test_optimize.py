"""The minimiser: every problem of a batch goes its own way, and says how it ended."""

from __future__ import annotations

import numpy as np
import pytest

from satloyal.core.optimize import CONVERGED, EXHAUSTED, STALLED, Evaluation, minimise


def quadratics(centres, curvatures):
    """One bowl a problem."""

    def objective(theta, which, curvature):
        gap = theta - centres[which]
        H = curvatures[which]
        g = np.einsum("bij,bj->bi", H, gap)
        return Evaluation(0.5 * np.einsum("bi,bi->b", gap, g), g, H)

    return objective


def rosenbrock(theta, which, curvature):
    """Return the banana valley; its "expected" curvature is that of Gauss and Newton, always definite."""
    x, y = theta.T
    value = (1 - x) ** 2 + 100 * (y - x**2) ** 2
    gradient = np.stack([-2 * (1 - x) - 400 * x * (y - x**2), 200 * (y - x**2)], axis=1)
    H = np.empty((len(theta), 2, 2))
    H[:, 0, 0] = 2 + 800 * x**2
    if curvature == "observed":
        H[:, 0, 0] = 2 - 400 * (y - 3 * x**2)
    H[:, 0, 1] = H[:, 1, 0] = -400 * x
    H[:, 1, 1] = 200.0
    return Evaluation(value, gradient, H)


def test_bowls_are_solved_in_a_step_each():
    rng = np.random.default_rng(1)
    roots = rng.standard_normal((20, 4, 4))
    centres = rng.standard_normal((20, 4))
    solution = minimise(
        quadratics(centres, roots @ roots.transpose(0, 2, 1) + np.eye(4)), rng.standard_normal((20, 4))
    )
    assert solution.converged.all()
    np.testing.assert_allclose(solution.theta, centres, atol=1e-8)
    assert solution.iterations.max() <= 2


@pytest.mark.parametrize("curvature", ["expected", "observed"])
def test_a_curved_valley_is_followed_to_its_end(curvature):
    starts = np.array([[-1.2, 1.0], [2.0, -3.0], [0.0, 0.0], [1.0, 1.0]])
    solution = minimise(rosenbrock, starts, curvature=curvature)
    assert (solution.status == CONVERGED).all()
    np.testing.assert_allclose(solution.theta, 1.0, atol=1e-6)
    assert solution.iterations[3] == 0


def test_problems_do_not_disturb_each_other():
    starts = np.random.default_rng(2).uniform(-2, 2, (30, 2))
    together = minimise(rosenbrock, starts)
    for b in range(30):
        alone = minimise(rosenbrock, starts[b : b + 1])
        np.testing.assert_array_equal(together.theta[b], alone.theta[0])
        assert together.iterations[b] == alone.iterations[0]


def test_a_step_out_of_the_domain_is_shortened():
    def barrier(theta, which, curvature):
        x = theta[:, 0]
        inside = x > 0
        safe = np.where(inside, x, 1.0)
        return Evaluation(
            np.where(inside, safe - np.log(safe), np.inf),
            (1 - 1 / safe)[:, None],
            (1 / safe**2)[:, None, None],
        )

    solution = minimise(barrier, np.array([[5.0], [0.01]]))
    assert solution.converged.all()
    np.testing.assert_allclose(solution.theta, 1.0, atol=1e-6)


def test_a_slope_without_end_runs_out_of_iterations():
    def slope(theta, which, curvature):
        return Evaluation(np.exp(-theta[:, 0]), -np.exp(-theta), np.exp(-theta)[:, :, None])

    solution = minimise(slope, np.zeros((1, 1)), tolerance=1e-300, max_iterations=20)
    assert solution.status.tolist() == [EXHAUSTED]
    assert not solution.converged[0]


def test_a_gradient_that_lies_is_a_stall_not_a_solution():
    def wrong(theta, which, curvature):
        return Evaluation((theta**2).sum(1), -2 * theta, np.tile(np.eye(2), (len(theta), 1, 1)))

    assert minimise(wrong, np.ones((1, 2))).status.tolist() == [STALLED]


def test_a_value_that_is_not_a_number_is_a_stall():
    def lost(theta, which, curvature):
        nan = np.full(theta.shape, np.nan)
        return Evaluation(nan[:, 0], nan, np.tile(np.eye(2), (len(theta), 1, 1)))

    assert minimise(lost, np.ones((2, 2))).status.tolist() == [STALLED, STALLED]


def test_nothing_to_estimate_is_solved_at_once():
    def constant(theta, which, curvature):
        return Evaluation(np.full(len(theta), 7.0), np.zeros((len(theta), 0)), np.zeros((len(theta), 0, 0)))

    solution = minimise(constant, np.zeros((3, 0)))
    assert solution.converged.all()
    assert solution.value.tolist() == [7.0] * 3


def test_some_results_can_be_replaced():
    first, second = minimise(rosenbrock, np.zeros((3, 2))), minimise(rosenbrock, np.full((1, 2), 2.0))
    mixed = first.replaced(np.array([1]), second)
    assert mixed.iterations.tolist() == [first.iterations[0], second.iterations[0], first.iterations[2]]
    np.testing.assert_array_equal(mixed.theta[1], second.theta[0])
    np.testing.assert_array_equal(first.theta[1], minimise(rosenbrock, np.zeros((1, 2))).theta[0])


def test_the_last_newton_step_is_known_as_the_last_and_lands_on_the_minimum():
    def quartic(theta, which, curvature):
        x = theta[:, 0]
        value, slope = x**4 / 12 + x**2 / 2 - x, x**3 / 3 + x - 1
        return Evaluation(value, slope[:, None], (x**2 + 1)[:, None, None])

    tolerance = 1e-12
    solution = minimise(quartic, np.linspace(-3, 3, 50)[:, None], switch=0.5, tolerance=tolerance)
    roots = np.roots([1 / 3, 0, 1, -1])
    root = float(roots[np.isreal(roots)].real[0])
    early = solution.decrement > tolerance
    assert solution.converged.all()
    assert early.any()  # not evaluated again to see that nothing was left
    np.testing.assert_allclose(solution.theta, root, atol=1e-8)
