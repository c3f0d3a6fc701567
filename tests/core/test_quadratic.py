"""A batch of quadratic programs has the solutions that a general solver finds one by one."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize

from satloyal.core import quadratic
from satloyal.core.quadratic import quadratic_step


def _problems(seed: int, batch: int, q: int, m: int, equalities: int = 0) -> tuple[np.ndarray, ...]:
    generator = np.random.default_rng(seed)
    root = generator.normal(size=(batch, q, q))
    W = root @ root.transpose(0, 2, 1) + 0.5 * np.eye(q)
    J = generator.normal(size=(batch, m, q))
    inside = generator.normal(size=(batch, q))  # a point that meets all of them, so that none is empty
    room = generator.uniform(0, 1, (batch, m))
    room[:, :equalities] = 0
    return W, generator.normal(size=(batch, q)) * 3, room - np.einsum("bmq,bq->bm", J, inside), J


@pytest.mark.parametrize("equalities", [0, 2])
def test_solutions_are_those_of_a_general_solver(equalities: int) -> None:
    W, g, r, J = _problems(3, 20, 5, 7, equalities)
    step, nu, active = quadratic_step(W, g, r, J, equalities, np.zeros(r.shape, bool))
    for b in range(len(W)):
        found = minimize(
            lambda p, b=b: g[b] @ p + p @ W[b] @ p / 2,
            np.zeros(5),
            jac=lambda p, b=b: g[b] + W[b] @ p,
            method="SLSQP",
            options={"ftol": 1e-14, "maxiter": 500},
            constraints=[
                {"type": "eq", "fun": lambda p, b=b: r[b, :equalities] + J[b, :equalities] @ p},
                {"type": "ineq", "fun": lambda p, b=b: r[b, equalities:] + J[b, equalities:] @ p},
            ],
        )
        np.testing.assert_allclose(step[b], found.x, atol=1e-5)
    left = r + np.einsum("bmq,bq->bm", J, step)
    stationary = g + np.einsum("bij,bj->bi", W, step) - np.einsum("bmi,bm->bi", J, nu)
    assert np.abs(stationary).max() < 1e-9
    assert np.abs(left[:, :equalities]).max(initial=0.0) < 1e-8
    assert left[:, equalities:].min() > -1e-8
    assert nu[:, equalities:].min() >= 0
    assert np.abs(nu * left)[:, equalities:].max() < 1e-7
    assert (active[:, equalities:] == (nu[:, equalities:] > 0)).all()


def test_where_the_active_set_cycles_least_squares_find_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    W, g, r, J = _problems(4, 10, 4, 6, 1)
    off = np.zeros(r.shape, bool)
    usual = quadratic_step(W, g, r, J, 1, off)
    monkeypatch.setattr(quadratic, "_ROUNDS", 0)
    other = quadratic_step(W, g, r, J, 1, off)
    np.testing.assert_allclose(usual[0], other[0], atol=1e-6)
    np.testing.assert_array_equal(usual[2][:, 1:], other[2][:, 1:])


def test_a_constraint_that_stands_twice_is_shared_not_fatal() -> None:
    W, J = np.eye(2)[None], np.array([[[1.0, 0.0], [1.0, 0.0]]])
    step, nu, _ = quadratic_step(
        W, np.array([[3.0, 1.0]]), np.full((1, 2), 2.0), J, 0, np.zeros((1, 2), bool)
    )
    np.testing.assert_allclose(step, [[-2.0, -1.0]], atol=1e-8)
    np.testing.assert_allclose(nu.sum(), 1.0, atol=1e-8)
