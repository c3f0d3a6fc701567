"""First-order geometry of a fit beyond its own parameters: slopes of F along any cell of A or S.

Every cell is one arrow or one covariance, and ∂Σ/∂cell = c (x yᵀ + y xᵀ) for two columns x, y of
K = [F(I−A)⁻¹ | FP], also for cells that are fixed or not in the model. With T = KᵀVK the expected
information between two cells is 2 c c′ (T[x,u] T[y,w] + T[x,w] T[y,u]), summed over patterns of missing
values where there are some: a gather, so that thousands of candidates cost one matrix product and nothing is
refitted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from satloyal.core.linalg import vech_indices
from satloyal.errors import FitError
from satloyal.models.sem.estimate import LeastSquaresTerm, Term
from satloyal.models.sem.fiml import IncompleteTerm

if TYPE_CHECKING:
    from satloyal.models.sem.implied import Ram
    from satloyal.models.sem.result import SemFit
    from satloyal.spec.parameter import Parameter

__all__ = ["Cells", "Tangent", "tangents"]

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Cells:
    """Places in A or S of one group.

    Parameters
    ----------
    arrow : ndarray of bool, shape (C,)
        In A (row ← column), else in S.
    row, column : ndarray of int, shape (C,)
    """

    arrow: Array
    row: Array
    column: Array

    @classmethod
    def of(cls, ram: Ram, rows: Sequence[Parameter]) -> Cells:
        """Find the cells of parameters of one group."""
        at = {name: i for i, name in enumerate(ram.variables)}
        places = []
        for row in rows:
            if row.op == "=~":
                places.append((True, at[row.rhs], at[row.lhs]))
            elif row.op in ("~", "<~"):
                places.append((True, at[row.lhs], at[row.rhs]))
            elif row.op == "~1":
                places.append((True, at[row.lhs], ram.manifest - 1))
            else:
                places.append((False, at[row.lhs], at[row.rhs]))
        table = np.array(places, dtype=int).reshape(-1, 3)
        return cls(table[:, 0].astype(bool), table[:, 1], table[:, 2])

    @classmethod
    def free(cls, ram: Ram) -> tuple[Cells, Array]:
        """Return the free cells of a group, and the position in θ of each."""
        a, s = ram.a_free, ram.s_free
        arrow = np.r_[np.ones(len(a.row), bool), np.zeros(len(s.row), bool)]
        return cls(arrow, np.r_[a.row, s.row], np.r_[a.column, s.column]), np.r_[a.free, s.free]


@dataclass(frozen=True, eq=False)
class Tangent:
    """One group at the solution.

    Parameters
    ----------
    ram : Ram
    share : float
        n_g / N.
    K : ndarray, shape (p, 2m)
        FE and FP for all m nodes; p counts the constant where there is one.
    T : ndarray, shape (P, 2m, 2m)
        KᵀVK of each pattern of missing values, of the one where rows are complete; empty for least squares.
    parts : ndarray, shape (P,)
        Share of the group's rows that have each pattern.
    G : ndarray, shape (2m, 2m)
        KᵀGK; empty for least squares.
    slope, weight : ndarray, shapes (K,) and (K, K) or (K,), optional
        ∂F/∂σ and W of least squares.
    mean : ndarray, shape (p,), optional
        Implied means, for the vector form of least squares.
    """

    ram: Ram
    share: float
    K: Array
    T: Array
    parts: Array
    G: Array
    slope: Array | None = None
    weight: Array | None = None
    mean: Array | None = None

    @classmethod
    def of(cls, term: Term | LeastSquaresTerm | IncompleteTerm, theta: Array) -> Tangent:
        """Lay out one group's part of the objective at θ, shape (q,)."""
        ram = term.ram
        origin = None if isinstance(term, LeastSquaresTerm) else term.origin
        mean = None if term.mean is None else term.mean[0]
        sigma, K = _columns(ram, theta, term.cov[0], mean, origin)
        empty = np.zeros((0, 0))
        if isinstance(term, Term):
            at = term.discrepancy.at(sigma[None])
            return cls(ram, term.share, K, K.T @ at.V @ K, np.ones(1), K.T @ at.G[0] @ K)
        if isinstance(term, IncompleteTerm):
            likelihood = term.likelihood
            G, V = likelihood.derivatives(sigma[None])[1][0], likelihood.inverses(sigma[None])[0][0]
            return cls(ram, term.share, K, K.T @ V @ K, likelihood.share[0], K.T @ G @ K)
        p = ram.observed
        mu = sigma[:p, p] if ram.manifest > p else None
        low, high = vech_indices(p)
        centred = sigma[:p, :p] if mu is None else sigma[:p, :p] - np.outer(mu, mu)
        vector = centred[low, high] if mu is None else np.r_[mu, centred[low, high]]
        slope = term.discrepancy.slope(vector[None])[0]
        return cls(ram, term.share, K, empty, np.ones(1), empty, slope, term.discrepancy.weight, mu)

    def gradient(self, cells: Cells) -> Array:
        """Return the group's share of ∂F/∂cell, shape (C,)."""
        if self.slope is not None:
            return np.asarray(self.share * (self.slope @ self.jacobian(cells)))
        x, y, c = self._places(cells)
        return np.asarray(self.share * 2 * c * self.G[x, y])

    def diagonal(self, cells: Cells) -> Array:
        """Return the group's share of the expected ∂²F/∂cell², shape (C,)."""
        if self.slope is not None:
            delta = self.jacobian(cells)
            return np.asarray(self.share * 2 * (delta * self._weighted(delta)).sum(axis=0))
        x, y, c = self._places(cells)
        T = self.T
        both = self.parts @ (T[:, x, x] * T[:, y, y] + T[:, x, y] ** 2)
        return np.asarray(self.share * 2 * c * c * both)

    def information(self, left: Cells, right: Cells) -> Array:
        """Return the group's share of the expected ∂²F/∂left ∂right, shape (L, R)."""
        if self.slope is not None:
            return np.asarray(self.share * 2 * self.jacobian(left).T @ self._weighted(self.jacobian(right)))
        x, y, c = self._places(left)
        u, w, d = self._places(right)
        both = np.zeros((len(x), len(u)))
        for part, T in zip(self.parts, self.T, strict=True):
            both += part * (T[np.ix_(x, u)] * T[np.ix_(y, w)] + T[np.ix_(x, w)] * T[np.ix_(y, u)])
        return np.asarray(self.share * 2 * both * np.outer(c, d))

    def jacobian(self, cells: Cells) -> Array:
        """Return the derivatives of the moments as a vector, shape (K, C)."""
        x, y, c = self._places(cells)
        p = self.ram.observed
        low, high = vech_indices(p)
        X, Y = self.K[:, x], self.K[:, y]
        moments = c * (X[low] * Y[high] + Y[low] * X[high])
        if self.ram.manifest == p:
            return np.asarray(moments)
        slope = c * (X[:p] * Y[p] + Y[:p] * X[p])
        if self.mean is not None:
            moments = moments - self.mean[low, None] * slope[high] - self.mean[high, None] * slope[low]
        return np.concatenate([slope, moments])

    def _weighted(self, delta: Array) -> Array:
        assert self.weight is not None  # noqa: S101 - least squares always has one
        return self.weight[:, None] * delta if self.weight.ndim == 1 else self.weight @ delta

    def _places(self, cells: Cells) -> tuple[Array, Array, Array]:
        m = len(self.ram.variables)
        x = cells.row
        y = np.where(cells.arrow, m + cells.column, cells.column)
        c = np.where(~cells.arrow & (cells.row == cells.column), 0.5, 1.0)
        return x, y, c


def tangents(fit: SemFit) -> list[Tangent]:
    """Lay out all groups of a fit.

    Raises
    ------
    FitError
        The objective is not one of moments.
    """
    out = []
    for term in fit.problem.terms:
        if not isinstance(term, Term | LeastSquaresTerm | IncompleteTerm):
            raise FitError(
                f"score tests are not built for estimator {fit.estimator!r} with these data",
                fix="fit to complete rows with estimator='ML'",
            )
        out.append(Tangent.of(term, fit.theta))
    return out


def _columns(
    ram: Ram, theta: Array, cov: Array, mean: Array | None, origin: Array | None
) -> tuple[Array, Array]:
    """Return the manifest moments about the origin, and [FE | FP] for all nodes, these measured from zero."""
    A, S = (matrix[0] for matrix in ram.matrices(theta[None], cov, mean))
    p, m = ram.manifest, len(ram.variables)
    shift = np.zeros(m)
    if origin is not None:
        shift[: ram.observed] = origin
        A = A.copy()
        A[:, p - 1] += A @ shift
        A[: ram.observed, p - 1] -= origin
    E = np.linalg.inv(np.eye(m) - A)
    P = E @ S @ E.T
    Q = P[:p] + P[:p, p - 1, None] * shift if origin is not None else P[:p]
    return P[:p, :p], np.concatenate([E[:p], Q], axis=1)
