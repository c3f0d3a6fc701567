"""Identification is judged by the rank of the moments' derivatives, in whichever way it is found."""

from __future__ import annotations

import numpy as np
import pytest

import satloyal as sl
from satloyal.core.linalg import vech_indices
from satloyal.models.sem import identify

FACTORS = "A =~ x1 + x2 + x3; B =~ x4 + x5 + x6; B ~ A"
TOO_MUCH = "A =~ x1 + x2 + x3; B =~ x4 + x5 + x6; B ~ A; x1 ~~ x2 + x3; x2 ~~ x3"


def _moments() -> sl.Moments:
    values = np.full((6, 6), 0.4) + 0.6 * np.eye(6)
    values[:3, 3:] = values[3:, :3] = 0.2
    return sl.Moments.from_matrix(values, 200, names=[f"x{i}" for i in range(1, 7)], means=np.arange(6.0))


@pytest.mark.parametrize("options", [{}, {"meanstructure": True}])
def test_squares_of_derivatives_need_no_derivatives(options):
    fit = sl.fit_sem(FACTORS, _moments(), **options)
    J = identify._moment_jacobian(fit.rams, fit.sample, fit.theta)
    rows, columns = vech_indices(fit.rams[0].manifest)
    twice = np.where(rows == columns, 1.0, 2.0)[:, None]
    found = identify._moment_gram(fit.rams, fit.sample, fit.theta)
    np.testing.assert_allclose(found, J.T @ (twice * J), rtol=1e-10, atol=1e-12)


def test_large_and_small_models_are_judged_alike(monkeypatch):
    said = []
    for enough in (0, 10_000):
        monkeypatch.setattr(identify, "_ENOUGH", enough)
        assert sl.fit_sem(FACTORS, _moments()).converged
        assert sl.fit_sem(FACTORS.replace("x5 + x6", "l*x5 + l*x6"), _moments()).converged
        with pytest.raises(sl.SatloyalError, match="not identified") as error:
            sl.fit_sem(TOO_MUCH, _moments())
        said.append(str(error.value))
    assert said[0] == said[1]
