"""The solution as its restrictions see it: which hold it back, how hard, and what they leave free."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import optimize

from satloyal.core.elimination import eliminate
from satloyal.models.fit import Check
from satloyal.models.sem.identify import row_name
from satloyal.models.sem.restrictions import Restrictions, constraint_text

__all__ = ["Boundary", "boundary_checks", "unmet_check"]

Array = NDArray[Any]

_TOUCHING = 1e-6  # distance in units of the parameters, relative, at which an inequality is active
_PULL = 1e-8  # multiplier, in units of F over the constraint's slope, below which nothing is held back


@dataclass(frozen=True, eq=False)
class Boundary:
    """The restrictions at a solution.

    Parameters
    ----------
    restrictions : Restrictions
    theta : ndarray, shape (q,)
    residual : ndarray, shape (m,)
        Of the constraints of the text: equalities, then inequalities.
    jacobian : ndarray, shape (m, q)
    active : ndarray of bool, shape (m,)
        Equalities, and inequalities that hold with equality and hold the estimates back.
    multipliers : ndarray, shape (m,)
        ∂F/∂r, zero where not active.
    lower, upper : ndarray, shape (q,)
        Multipliers of the bounds, zero where not active.
    """

    restrictions: Restrictions
    theta: Array
    residual: Array
    jacobian: Array
    active: Array
    multipliers: Array
    lower: Array
    upper: Array

    @classmethod
    def at(cls, restrictions: Restrictions, theta: Array, gradient: Array) -> Boundary:
        """Find the active restrictions at a solution, and their Lagrange multipliers.

        Parameters
        ----------
        restrictions : Restrictions
        theta, gradient : ndarray, shape (q,)
            The solution, and ∂F/∂θ there: the multipliers ν solve ∂F/∂θ = Jᵀν, those of inequalities not
            negative (Karush-Kuhn-Tucker conditions; Nocedal & Wright 2006, theorem 12.1).
        """
        rows = (*restrictions.equalities, *restrictions.inequalities)
        value, slopes = restrictions.evaluate(rows, theta[None])
        residual, jacobian = value[0], slopes[0]
        q, m, equal = len(theta), len(rows), len(restrictions.equalities)
        bounds = restrictions.bounds
        room = np.r_[theta - bounds.lower[0], bounds.upper[0] - theta]
        unit = np.maximum(1.0, np.abs(theta))
        norm = np.linalg.norm(jacobian * unit, axis=1)
        near = np.abs(residual) <= _TOUCHING * np.where(norm > 0, norm, 1.0)
        near[:equal] = True
        extra = {id(r) for r in restrictions.redundant}
        near[[i for i, r in enumerate(rows) if id(r) in extra]] = False
        touching = room <= _TOUCHING * np.r_[unit, unit]
        J = np.concatenate([jacobian, np.eye(q), -np.eye(q)])
        used = np.flatnonzero(np.r_[near, touching])
        nu = np.zeros(len(J))
        nu[used] = _multipliers(J[used], gradient, used < equal)
        size = np.r_[np.where(norm > 0, norm, 1.0), unit, unit]
        held = (np.abs(nu) * size > _PULL) & np.r_[near, touching]
        nu[~held] = 0.0
        held[:equal] = True
        return cls(
            restrictions, theta, residual, jacobian, held[:m], nu[:m], nu[m : m + q], nu[m + q :]
        )  # fmt: skip

    @property
    def rank(self) -> int:
        """How many parameters the equalities take away."""
        return eliminate(self._scaled(self.active & self._equal), np.zeros(self._equal.sum())).rank

    @property
    def _equal(self) -> Array:
        return np.arange(len(self.residual)) < len(self.restrictions.equalities)

    def _scaled(self, which: Array) -> Array:
        return np.asarray(self.jacobian[which])

    @property
    def tangent(self) -> Array:
        """Directions in which θ may still move, shape (q, k): along the active constraints of the text.

        Active bounds do not count, as in lavaan: its standard errors are those of a parameter that is free.
        """
        J = self._scaled(self.active)
        basis = eliminate(J, np.zeros(len(J))).basis
        size = np.linalg.norm(basis, axis=0)
        return np.asarray(basis / np.where(size > 0, size, 1.0))

    def curvature(self, hessian: Array) -> Array:
        """Return the curvature of the Lagrangian where neither constraints nor bounds are in the way.

        Parameters
        ----------
        hessian : ndarray, shape (q, q)
            Observed ∂²F/∂θ².
        """
        rows = (*self.restrictions.equalities, *self.restrictions.inequalities)
        W = hessian - self.restrictions.curvature(rows, self.theta[None], self.multipliers[None])[0]
        stopped = np.eye(len(self.theta))[(self.lower != 0) | (self.upper != 0)]
        J = np.concatenate([self._scaled(self.active), stopped])
        N = eliminate(J, np.zeros(len(J))).basis
        return np.asarray(N.T @ W @ N)

    @property
    def unmet(self) -> tuple[str, ...]:
        """Constraints of the text that do not hold, as they read there."""
        size = np.maximum(1.0, np.linalg.norm(self.jacobian * np.maximum(1.0, np.abs(self.theta)), axis=1))
        off = np.where(self._equal, np.abs(self.residual), np.maximum(-self.residual, 0.0))
        rows = (*self.restrictions.equalities, *self.restrictions.inequalities)
        bad = ~(off <= _TOUCHING * size)
        return tuple(constraint_text(row) for row, on in zip(rows, bad, strict=True) if on)

    @property
    def held_back(self) -> tuple[str, ...]:
        """The active inequalities, as they read in the text."""
        rows = (*self.restrictions.equalities, *self.restrictions.inequalities)
        chosen = self.active & ~self._equal
        return tuple(constraint_text(row) for row, on in zip(rows, chosen, strict=True) if on)

    @property
    def on_bounds(self) -> tuple[str, ...]:
        """The active bounds, each as a parameter and the value that it may not pass."""
        out = []
        first = {r.free - 1: r for r in reversed(self.restrictions.table.rows) if r.free}
        for sign, limit, nu in (
            ("≥", self.restrictions.bounds.lower[0], self.lower),
            ("≤", self.restrictions.bounds.upper[0], self.upper),
        ):
            out += [f"{row_name(first[i])} {sign} {limit[i]:.4g}" for i in np.flatnonzero(nu).tolist()]
        return tuple(out)

    def table(self, n: float, *, usable: bool) -> pd.DataFrame:
        """Return one row a constraint of the text, then one an active bound.

        Parameters
        ----------
        n : float
            Observations, to bring the multipliers to the scale of the log-likelihood.
        usable : bool
            Whether the fit converged; without that there are no numbers.

        Returns
        -------
        DataFrame
            ``lhs, op, rhs, slack, active, redundant, multiplier``.
        """
        rows: Sequence[Any] = (*self.restrictions.equalities, *self.restrictions.inequalities)
        where = {id(r): i for i, r in enumerate(rows)}
        redundant = {id(r) for r in self.restrictions.redundant}
        out: list[tuple[Any, ...]] = []
        for row in self.restrictions.table.constraints:
            i = where[id(row)]
            nu = np.nan if id(row) in redundant else self.multipliers[i] * n / 2
            out.append((row.lhs, row.op, row.rhs, self.residual[i], self.active[i], id(row) in redundant, nu))
        first = {r.free - 1: r for r in reversed(self.restrictions.table.rows) if r.free}
        for op, limit, nus in (
            (">", self.restrictions.bounds.lower[0], self.lower),
            ("<", self.restrictions.bounds.upper[0], self.upper),
        ):
            for i in np.flatnonzero(nus).tolist():
                slack = abs(self.theta[i] - limit[i])
                out.append((row_name(first[i]), op, f"{limit[i]:.6g}", slack, True, False, nus[i] * n / 2))
        frame = pd.DataFrame(
            out, columns=["lhs", "op", "rhs", "slack", "active", "redundant", "multiplier"]
        )  # fmt: skip
        if not usable:
            frame[["slack", "multiplier"]] = np.nan
            frame["active"] = False
        return frame


def _multipliers(J: Array, gradient: Array, equal: Array) -> Array:
    """Solve ∂F/∂θ ≈ Jᵀν with ν ≥ 0 for inequalities, shape (m,)."""
    if not len(J):
        return np.zeros(0)
    size = np.linalg.norm(J, axis=1)
    size = np.where(size > 0, size, 1.0)
    lower = np.where(equal, -np.inf, 0.0)
    if equal.all():
        found = np.linalg.lstsq((J / size[:, None]).T, gradient, rcond=None)[0]
    else:
        found = optimize.lsq_linear(
            (J / size[:, None]).T, gradient, bounds=(lower, np.full(len(J), np.inf)), tol=1e-14, method="bvls"
        ).x  # fmt: skip
    return np.asarray(found / size)


_AT_BOUNDARY = (
    "Self & Liang 1987, J. Am. Stat. Assoc. 82:605-610; Stoel, Garre, Dolan & van den Wittenboer 2006, "
    "Psychol. Methods 11:439-455"
)


def boundary_checks(boundary: Boundary) -> list[Check]:
    """Judge the constraints of a solution: which hold it back, and which said nothing new."""
    out = []
    if boundary.held_back:
        out.append(
            Check(
                "inequality constraints", "warn",
                f"held back by {', '.join(boundary.held_back)}: without it the data would go beyond",
                value=float(len(boundary.held_back)),
                advice="standard errors take it for an equality; a likelihood-ratio test of it is at the "
                "boundary, where the statistic follows a mixture of chi-squares (chi-bar-square)",
                source=_AT_BOUNDARY,
            )
        )  # fmt: skip
    elif boundary.restrictions.inequalities:
        out.append(Check("inequality constraints", "pass", "none of them holds the estimates back"))
    if boundary.on_bounds:
        out.append(
            Check(
                "bounds", "warn", f"at its bound: {', '.join(boundary.on_bounds)}",
                value=float(len(boundary.on_bounds)),
                advice="without bounds the estimate lies beyond, as in a Heywood case; its standard error "
                "and test are those of an estimate inside, so do not read them",
                source=_AT_BOUNDARY,
            )
        )  # fmt: skip
    elif boundary.restrictions.bounded.any():
        out.append(Check("bounds", "pass", "no estimate lies at its bound"))
    redundant = [constraint_text(row) for row in boundary.restrictions.redundant]
    if redundant:
        out.append(
            Check(
                "redundant constraints", "warn", f"these follow from the others: {', '.join(redundant)}",
                value=float(len(redundant)), advice="they cost no degree of freedom; drop them",
            )
        )  # fmt: skip
    return out


def unmet_check(boundary: Boundary, iterations: int) -> Check:
    """Say that constraints were not met, of a fit that did not converge."""
    return Check(
        "convergence", "fail",
        f"after {iterations} iterations no estimates were found that meet {', '.join(boundary.unmet)}",
        value=float(iterations),
        advice="constraints that contradict one another make this; start() values near a point that meets "
        "them may help",
    )  # fmt: skip
