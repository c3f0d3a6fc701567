"""Score tests of equalities where the discrepancy weighs moments wrongly: ULS, DWLS, and ordinal items.

Every cell that shares its value gets a parameter of its own in a larger model, taken at the solution of the
smaller one. With R the directions that the smaller model leaves there and D those that are released,
D* = D − R(RᵀIR)⁻¹RᵀID; the score u = D*ᵀs has mean zero where the equalities hold, and variance D*ᵀMD* with M
the covariance of the score (Boos 1992, *Am. Stat.* 46:327-333). With I in place of M it is lavaan's figure.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy import linalg

from satloyal.errors import FitError
from satloyal.models.sem.robust_fit import moment_blocks
from satloyal.models.sem.robust_indices import larger_problem

if TYPE_CHECKING:
    from satloyal.models.sem.result import SemFit
    from satloyal.spec.parameter import Parameter

__all__ = ["Released", "ReleasedScores"]

Array = NDArray[Any]

_IDENTIFIED = 1e-6  # share of a direction's own information that must survive the others


@dataclass(frozen=True, slots=True)
class Released:
    """What releasing some directions would gain.

    Parameters
    ----------
    naive, robust : float
        Scores as lavaan has them, and as χ².
    df : int
        Directions that can be released together.
    change : float
        Expected change along the direction, where there is one.
    """

    naive: float
    robust: float
    df: int
    change: float


@dataclass(frozen=True, eq=False)
class ReleasedScores:
    """The model in which every shared cell has a parameter of its own, at the solution of the smaller one.

    Parameters
    ----------
    score : ndarray, shape (E,)
    information, meat : ndarray, shape (E, E)
        Its curvature, and its covariance.
    spread : ndarray, shape (E, q)
        How these parameters move with θ.
    left : ndarray, shape (q, k)
        Directions that constraints leave to θ.
    """

    score: Array
    information: Array
    meat: Array
    spread: Array
    left: Array

    @classmethod
    def of(cls, fit: SemFit, cells: Sequence[Parameter]) -> ReleasedScores:
        """Split cells that share their value.

        Parameters
        ----------
        fit : SemFit
            By least squares.
        cells : sequence of Parameter
            Rows of its table that are free.

        Raises
        ------
        FitError
            The data came as moments: their spread is not known.
        """
        if not fit.input.spread_known:
            raise FitError(
                f"score tests of {fit.estimator} need the spread of the moments, and so the rows",
                where="score_tests",
                fix="fit to the rows, to moments with fourth=True, or with 'ML' or 'GLS'",
            )
        q = fit.table.q
        number = {id(row): q + i + 1 for i, row in enumerate(cells)}
        rows = tuple(
            replace(r, free=number[id(r)], label="") if id(r) in number else r for r in fit.table.rows
        )
        table = replace(fit.table, rows=rows)
        owner = np.array([row.free - 1 for row in cells], dtype=int)
        spread = np.concatenate([np.eye(q), np.eye(q)[owner]])
        theta = spread @ fit.theta
        problem, deltas = larger_problem(fit, table, theta)
        at = problem(theta[None], np.zeros(1, int), "expected")
        half = fit.effective_n / 2
        meat = np.zeros((len(theta), len(theta)))
        for block, delta in zip(moment_blocks(fit), deltas, strict=True):
            weighed = block.weighted(delta)
            meat += fit.effective_n * block.share * weighed.T @ block.gamma @ weighed
        left = np.eye(q) if fit.tangent is None else fit.tangent
        return cls(-half * at.gradient[0], half * at.hessian[0], meat, spread, left)

    def cell(self, place: int) -> Released:
        """Give one cell a value of its own."""
        return self._test(np.eye(len(self.score))[:, [len(self.score) - self._cells + place]])

    def statement(self, left: Array) -> Released:
        """Leave out a constraint: θ may move in more directions, shape (q, k + 1)."""
        return self._test(self.spread @ left)

    def together(self, places: Sequence[int]) -> Released:
        """Give several cells values of their own, and leave out all constraints."""
        cells = np.eye(len(self.score))[:, [len(self.score) - self._cells + p for p in places]]
        return self._test(np.concatenate([cells, self.spread], axis=1))

    @property
    def _cells(self) -> int:
        return len(self.score) - int(self.spread.shape[1])

    def _test(self, directions: Array) -> Released:
        I, R = self.information, self.spread @ self.left  # noqa: E741 - the papers' name
        bread = np.linalg.pinv(R.T @ I @ R, hermitian=True)
        beyond = directions - R @ (bread @ (R.T @ I @ directions))
        own = np.sqrt(np.maximum(np.einsum("ed,ef,fd->d", directions, I, directions), 1e-300))
        beyond = beyond / own
        values, vectors = linalg.eigh(beyond.T @ I @ beyond)
        good = values > _IDENTIFIED * max(float(values[-1]), _IDENTIFIED)
        if not good.any():
            return Released(np.nan, np.nan, 0, np.nan)
        u = vectors[:, good].T @ (beyond.T @ self.score)
        along = beyond @ vectors[:, good]
        variance = along.T @ self.meat @ along
        naive = float((u**2 / values[good]).sum())
        robust = float(u @ np.linalg.solve(variance, u))
        change = float(u[0] * vectors[0, good][0] / values[good][0] / own[0]) if len(own) == 1 else np.nan
        return Released(naive, robust, int(good.sum()), change)
