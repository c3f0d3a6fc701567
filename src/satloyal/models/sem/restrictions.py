"""Restrictions on θ: the equations and inequalities of a model, compiled from its constraint rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy import optimize

from satloyal.core.elimination import Eliminated, eliminate
from satloyal.core.memo import remembered
from satloyal.errors import FitError
from satloyal.models.sem.bounds import BoundsOption, Limits, limits
from satloyal.models.sem.identify import row_name
from satloyal.notes import Note

if TYPE_CHECKING:
    from satloyal.spec.parameter import Parameter
    from satloyal.spec.table import ParameterTable

__all__ = ["Restrictions", "constraint_notes", "constraint_text", "has_restrictions"]

Array = NDArray[Any]

_STEP = 1e-30  # of the complex step
_DIFFERENCE = 1e-5  # of second derivatives, which only steer the optimiser
_STRAIGHT = 1e-11
_POINTS = 6  # random points at which a linear function has one and the same Jacobian
_SLACK = 1e-9
_ROUNDING = 1e-10
_NO_SLOPE = 1e-14  # a derivative that is rounding of one that is zero
_NEWTON = 20


def constraint_text(row: Parameter) -> str:
    """Return a constraint as it reads in model text."""
    return f"{row.lhs} {row.op} {row.rhs}"


@remembered(64)
def has_restrictions(table: ParameterTable) -> bool:
    """Whether the model text has constraints, or bounds of its own."""
    bounded = any(row.lower is not None or row.upper is not None for row in table.rows)
    return bounded or bool(table.constraints)


@dataclass(frozen=True, eq=False)
class Restrictions:
    """The constraints of a model as functions of θ, each as r(θ) = 0 or r(θ) ≥ 0.

    Parameters
    ----------
    table : ParameterTable
    bounds : Limits
        Lower and upper bounds of the full sample, shape (1, q).
    option : BoundsOption
        What the user asked for.
    """

    table: ParameterTable
    bounds: Limits
    option: BoundsOption = None

    @classmethod
    def of(cls, table: ParameterTable, bounds: BoundsOption, covs: Sequence[Array]) -> Restrictions:
        """Compile the constraints of a table, and the bounds asked for.

        Parameters
        ----------
        table : ParameterTable
        bounds : BoundsOption
            See :func:`satloyal.models.sem.bounds.limits`.
        covs : sequence of ndarray, shapes (p, p)
            Sample covariances of each group.

        Raises
        ------
        FitError
            Constraints that no values of the parameters can meet together; it names them.
        """
        found = cls(table, limits(table, bounds, [cov[None] for cov in covs]), bounds)
        bad = found.eliminated.contradictory
        if bad:
            rows = found._conflict(found.linear_equalities[: bad[0] + 1])
            names = [constraint_text(row) for row in rows]
            raise FitError(_conflict_text(names), fix="drop or correct one of them")
        found._check_feasible()
        return found

    # -- the rows --------------------------------------------------------------------------------------

    @cached_property
    def equalities(self) -> tuple[Parameter, ...]:
        """Rows with ``==``, in the order of the text."""
        return tuple(r for r in self.table.constraints if r.op == "==")

    @cached_property
    def inequalities(self) -> tuple[Parameter, ...]:
        """Rows with ``<`` or ``>``, in the order of the text."""
        return tuple(r for r in self.table.constraints if r.op != "==")

    @cached_property
    def linear_equalities(self) -> tuple[Parameter, ...]:
        """The equalities that are linear in θ."""
        return tuple(r for r in self.equalities if self._straight[id(r)])

    @cached_property
    def curved_equalities(self) -> tuple[Parameter, ...]:
        """The other equalities."""
        return tuple(r for r in self.equalities if not self._straight[id(r)])

    @property
    def trivial(self) -> bool:
        """Whether there is neither a constraint nor a bound."""
        return not self.table.constraints and not self.bounded.any()

    @cached_property
    def bounded(self) -> Array:
        """Which bounds there are, lower then upper ones, shape (2q,)."""
        return np.asarray(np.isfinite(np.r_[self.bounds.lower[0], self.bounds.upper[0]]))

    @cached_property
    def _straight(self) -> dict[int, bool]:
        """Whether each constraint is linear, judged by its Jacobian at random points."""
        rows = self.table.constraints
        generator = np.random.default_rng(1)
        points = generator.uniform(0.2, 2.0, (_POINTS, self.table.q))
        points *= generator.choice([-1.0, 1.0], points.shape)
        values, jacobian = self.evaluate(rows, points)
        out = {}
        for i, row in enumerate(rows):
            J, v = jacobian[:, i], values[:, i]
            finite = bool(np.isfinite(J).all() and np.isfinite(v).all())
            size = max(1.0, float(np.abs(J).max(initial=0.0))) if finite else np.inf
            offset = v - np.einsum("bi,bi->b", points, J)
            out[id(row)] = bool(
                finite
                and np.abs(J - J[0]).max(initial=0.0) <= _STRAIGHT * size
                and np.abs(offset - offset[0]).max()
                <= _STRAIGHT * max(size, float(np.abs(offset).max())) * 10
            )
        return out

    # -- values ----------------------------------------------------------------------------------------

    def evaluate(self, rows: Sequence[Parameter], theta: Array) -> tuple[Array, Array]:
        """Return left minus right side of constraints, and its derivatives by complex step.

        For ``<`` it is right minus left, so that a constraint that holds is not negative.

        Parameters
        ----------
        rows : sequence of Parameter
        theta : ndarray, shape (B, q)

        Returns
        -------
        value : ndarray, shape (B, m)
        jacobian : ndarray, shape (B, m, q)
        """
        size, q = theta.shape
        value = self._value(rows, theta)
        jacobian = np.zeros((size, len(rows), q))
        columns = self._involved
        if len(columns) and rows:
            points = np.repeat(theta[:, None, :].astype(complex), len(columns), axis=1)
            points[:, np.arange(len(columns)), columns] += 1j * _STEP
            found = self._value(rows, points.reshape(-1, q)).imag.reshape(size, len(columns), len(rows))
            found = found.transpose(0, 2, 1) / _STEP
            jacobian[:, :, columns] = np.where(np.abs(found) < _NO_SLOPE, 0.0, found)
        return value, jacobian

    def curvature(self, rows: Sequence[Parameter], theta: Array, multipliers: Array) -> Array:
        """Return Σ ν_j ∂²r_j/∂θ², shape (B, q, q), by central differences of the exact Jacobian."""
        out = np.zeros((len(theta), theta.shape[1], theta.shape[1]))
        nu = np.where(np.isfinite(multipliers), multipliers, 0.0)
        for column in self._involved:
            h = _DIFFERENCE * np.maximum(1.0, np.abs(theta[:, column]))
            slopes = []
            for sign in (1, -1):
                point = theta.copy()
                point[:, column] += sign * h
                slopes.append(np.einsum("bm,bmi->bi", nu, self.evaluate(rows, point)[1]))
            out[:, column] = (slopes[0] - slopes[1]) / (2 * h[:, None])
        out = (out + out.transpose(0, 2, 1)) / 2
        return np.where(np.isfinite(out), out, 0.0)

    @cached_property
    def _involved(self) -> Array:
        """Positions in θ of the parameters that any constraint may depend on."""
        names: set[str] = set()
        todo = [n for r in self.table.constraints if r.expression is not None for n in r.expression.names()]
        defined = {r.lhs: r for r in self.table.definitions}
        while todo:
            name = todo.pop()
            if name not in names:
                names.add(name)
                row = defined.get(name)
                if row is not None and row.expression is not None:
                    todo.extend(row.expression.names())
        return np.array(
            sorted({r.free - 1 for r in self.table.rows if r.free and r.label in names}), dtype=int
        )

    def _value(self, rows: Sequence[Parameter], theta: Array) -> Array:
        out = np.empty((len(theta), len(rows)), dtype=theta.dtype)
        with np.errstate(all="ignore"):
            env = self.table.label_values(theta)
            for i, row in enumerate(rows):
                assert row.expression is not None  # noqa: S101 - a constraint always has one
                value = row.expression.evaluate(env)
                out[:, i] = -value if row.op == "<" else value
        return out

    def onto(self, theta: Array) -> Array:
        """Return a point near θ, shape (q,), that meets the equalities if Newton's method finds one."""
        spread = self.eliminated
        phi = np.linalg.lstsq(spread.basis, theta - spread.origin, rcond=None)[0]
        for _ in range(_NEWTON if self.curved_equalities else 0):
            value, jacobian = self.evaluate(
                self.curved_equalities, (spread.origin + spread.basis @ phi)[None]
            )
            J = jacobian[0] @ spread.basis
            if not (np.isfinite(value).all() and np.isfinite(J).all()):
                break
            phi = phi - np.linalg.lstsq(J, value[0], rcond=None)[0]
        return np.asarray(spread.origin + spread.basis @ phi)

    def along(self, theta: Array) -> Array:
        """Return the directions in which the equalities let θ move, shape (q, k)."""
        _, jacobian = self.evaluate(self.equalities, theta[None])
        finite = np.where(np.isfinite(jacobian[0]), jacobian[0], 0.0)
        return eliminate(finite, np.zeros(len(finite))).basis

    def snapped(self, theta: Array) -> Array:
        """Return θ, shape (B, q), with what is a rounding error from a bound put on it."""
        for limit in self._simple:
            theta = np.where(np.abs(theta - limit) < _ROUNDING, limit, theta)
        return theta

    @cached_property
    def _simple(self) -> tuple[Array, ...]:
        """Bounds of single parameters, those of the text included, shapes (1, q) with NaN for none."""
        out = [np.where(np.isfinite(b), b, np.nan) for b in (self.bounds.lower, self.bounds.upper)]
        rows = tuple(r for r in self.inequalities if self._straight[id(r)])
        for J, r in zip(*self._affine(rows), strict=True):
            at = np.flatnonzero(J)
            if len(at) == 1:
                limit = np.full((1, self.table.q), np.nan)
                limit[0, at] = -r / J[at] + 0.0
                out.append(limit)
        return tuple(out)

    # -- linear equalities, eliminated -----------------------------------------------------------------

    @cached_property
    def eliminated(self) -> Eliminated:
        """θ = origin + basis φ: every θ that meets the linear equalities."""
        A, constant = self._affine(self.linear_equalities)
        return eliminate(A, -constant)

    def _affine(self, rows: Sequence[Parameter]) -> tuple[Array, Array]:
        """Return A, shape (m, q), and c, shape (m,), of linear constraints Aθ + c."""
        point = np.random.default_rng(2).uniform(0.5, 1.5, (1, self.table.q))
        value, jacobian = self.evaluate(rows, point)
        constant = value[0] - jacobian[0] @ point[0]
        rounding = _STRAIGHT * (np.abs(value[0]) + np.abs(jacobian[0]).sum(axis=1))
        return jacobian[0], np.where(np.abs(constant) <= rounding, 0.0, constant)

    @cached_property
    def redundant(self) -> tuple[Parameter, ...]:
        """Linear equalities that follow from earlier ones."""
        return tuple(self.linear_equalities[i] for i in self.eliminated.redundant)

    def _conflict(self, rows: Sequence[Parameter]) -> list[Parameter]:
        """Return as few of contradictory linear equalities as still contradict one another."""
        left = list(rows)
        A, constant = self._affine(left)
        at = list(range(len(left)))
        for i in range(len(left)):
            fewer = [k for k in at if k != i]
            if eliminate(A[fewer], -constant[fewer]).contradictory:
                at = fewer
        return [left[k] for k in at]

    def _check_feasible(self) -> None:
        """Refuse linear constraints and bounds that exclude one another, naming as few as possible."""
        rows = [*self.linear_equalities, *(r for r in self.inequalities if self._straight[id(r)])]
        lower, upper = self.bounds.lower[0], self.bounds.upper[0]
        if not rows or self._feasible(rows, lower, upper):
            return
        for row in list(rows):
            fewer = [r for r in rows if r is not row]
            if not self._feasible(fewer, lower, upper):
                rows = fewer
        names = [constraint_text(r) for r in rows]
        for at in np.flatnonzero(np.isfinite(lower) | np.isfinite(upper)):
            kept = lower[at], upper[at]
            lower, upper = lower.copy(), upper.copy()
            lower[at], upper[at] = -np.inf, np.inf
            if self._feasible(rows, lower, upper):
                lower[at], upper[at] = kept
                first = next(r for r in self.table.rows if r.free == at + 1)
                names.append(f"the bounds {kept[0]:g} to {kept[1]:g} of {row_name(first)}")
        raise FitError(_conflict_text(names), fix="drop or correct one of them")

    def _feasible(self, rows: Sequence[Parameter], lower: Array, upper: Array) -> bool:
        J, v = self._affine(rows)
        equal = np.array([r.op == "==" for r in rows], dtype=bool)
        size = np.maximum(np.abs(J).max(axis=1, initial=0.0), 1e-300)
        J, v = J / size[:, None], v / size
        found = optimize.linprog(
            np.zeros(self.table.q), A_ub=-J[~equal], b_ub=v[~equal] + _SLACK, A_eq=J[equal], b_eq=-v[equal],
            bounds=list(zip(lower.tolist(), upper.tolist(), strict=True)), method="highs",
        )  # fmt: skip
        return int(found.status) != 2


def _conflict_text(names: Sequence[str]) -> str:
    if len(names) == 1:
        return f"no values of the parameters can meet the constraint {names[0]}"
    return f"these constraints contradict one another: {' and '.join(names)}"


def constraint_notes(restrictions: Restrictions | None) -> list[Note]:
    """Return what the estimates were held to, as notes."""
    if restrictions is None:
        return []
    out = []
    rows = restrictions.table.constraints
    if rows:
        text = "estimated under " + ", ".join(constraint_text(r) for r in rows)
        out.append(Note("constraints", text, len(rows)))
    count = int(restrictions.bounded.sum())
    if count:
        kind = f"{restrictions.option!r} " if isinstance(restrictions.option, str) else ""
        out.append(Note("bounds", f"{kind}bounds: {count} lower and upper limits of parameters", count))
    return out
