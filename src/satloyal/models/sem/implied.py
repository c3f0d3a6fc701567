"""Implied moments: from parameters to means and covariances, with the derivatives as contractions.

Reticular action model (McArdle & McDonald 1984, *Br. J. Math. Stat. Psychol.* 37:234-251): every variable,
observed or latent, is a node; **A** holds the arrows, **S** the variances and covariances. A mean structure
is one more node, the constant, whose arrows are the intercepts; moments are then augmented moments, and
nothing else changes. With E = (I − A)⁻¹ and P = E S Eᵀ, the implied moments are the manifest block of P.

Every derivative of an implied matrix is x yᵀ + y xᵀ for two columns x, y of K = [I | FE | FP] (F picks
manifest rows), so that gradients and informations are gathers from Kᵀ M K and no matrix per parameter is
ever formed.

Moments are taken about an origin that the caller chooses, best the sample means: about zero, the squares of
items around 1,000 would drown the variances that the model is about.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from satloyal.core.linalg import inverse_or_nan
from satloyal.core.memo import remembered
from satloyal.models.sem.plan import Plan

if TYPE_CHECKING:
    from satloyal.spec.table import ParameterTable

__all__ = ["CONSTANT", "Implied", "Ram", "augmented", "model_matrices"]

Array = NDArray[Any]

CONSTANT = "1"


def augmented(cov: Array, mean: Array | None) -> Array:
    """Second moments about zero, bordered by the means: [[S + m mᵀ, m], [mᵀ, 1]].

    Parameters
    ----------
    cov : ndarray, shape (..., p, p)
    mean : ndarray, shape (..., p), optional
        Without means the covariances are returned as they are.

    Examples
    --------
    >>> augmented(np.array([[4.0]]), np.array([3.0])).tolist()
    [[13.0, 3.0], [3.0, 1.0]]
    """
    if mean is None:
        return cov
    p = cov.shape[-1]
    out = np.empty((*cov.shape[:-2], p + 1, p + 1), dtype=cov.dtype)
    out[..., :p, :p] = cov + mean[..., :, None] * mean[..., None, :]
    out[..., :p, p] = out[..., p, :p] = mean
    out[..., p, p] = 1.0
    return out


@dataclass(frozen=True, eq=False)
class _Cells:
    """Places in A or S that parameters or sample moments fill."""

    row: Array
    column: Array
    free: Array  # position in theta

    @classmethod
    def of(cls, cells: Sequence[tuple[int, int, int]]) -> _Cells:
        table = np.array(cells, dtype=int).reshape(-1, 3)
        return cls(table[:, 0], table[:, 1], table[:, 2])


@dataclass(frozen=True, eq=False)
class Ram:
    """One group's model as matrices.

    Parameters
    ----------
    variables : tuple of str
        The m nodes: observed, then the constant when there are means, then latent.
    manifest : int
        How many of them, from the first, are manifest (p, or p + 1 with the constant).
    observed : int
        How many are observed variables.
    A0, S0 : ndarray, shape (m, m)
        Fixed values.
    a_free, s_free : cells filled from theta
    a_sample, s_sample : cells filled from sample means and covariances (exogenous covariates)
    q : int
        Length of theta over all groups.
    unit : cells, optional
        Ordinal items of the delta parameterisation: their residual variance in S is what is left of the
        variance of the latent response, one over the square of its scale. The scale is one, or the free
        parameter; −1 where there is none. Derivatives of implied variances leave this out.
    given : tuple of int
        Covariates that ordinal items are conditional on: that variance is the one that they leave.
    """

    variables: tuple[str, ...]
    manifest: int
    observed: int
    A0: Array
    S0: Array
    a_free: _Cells
    s_free: _Cells
    a_sample: _Cells
    s_sample: _Cells
    q: int
    unit: _Cells | None = None
    given: tuple[int, ...] = ()

    @classmethod
    def of(cls, table: ParameterTable, group: int = 1) -> Ram:
        """Lay out one group of a parameter table; ``group`` counts from 1."""
        constant = (CONSTANT,) if table.meanstructure else ()
        variables = (*table.observed, *constant, *table.latent)
        at = {name: i for i, name in enumerate(variables)}
        m = len(variables)
        A0, S0 = np.zeros((m, m)), np.zeros((m, m))
        if constant:
            S0[at[CONSTANT], at[CONSTANT]] = 1.0
        cells: dict[str, list[tuple[int, int, int]]] = {"a": [], "s": [], "ax": [], "sx": []}
        for row in table.rows:
            if row.group != group or row.op not in ("=~", "<~", "~", "~~", "~1"):
                continue
            if row.op == "~1" and not constant:
                continue
            matrix, i, j = _place(row.lhs, row.op, row.rhs, at)
            if row.free:
                cells[matrix].append((i, j, row.free - 1))
            elif row.fixed_x:
                cells[matrix + "x"].append((i, j, -1))
            elif matrix == "a":
                A0[i, j] = row.value or 0.0
            else:
                S0[i, j] = S0[j, i] = row.value or 0.0
        p = len(table.observed)
        packed = {name: _Cells.of(sorted(c, key=lambda cell: cell[2])) for name, c in cells.items()}
        return cls(
            variables,
            p + len(constant),
            p,
            A0,
            S0,
            packed["a"],
            packed["s"],
            packed["ax"],
            packed["sx"],
            table.q,
        )

    def matrices(
        self, theta: Array, cov: Array | None = None, mean: Array | None = None
    ) -> tuple[Array, Array]:
        """Fill A and S.

        Parameters
        ----------
        theta : ndarray, shape (B, q), real or complex
        cov, mean : ndarray, shapes (B, p, p) or (p, p), and (B, p) or (p,)
            Sample moments, for exogenous covariates.

        Returns
        -------
        A, S : ndarray, shape (B, m, m)
        """
        batch, m = len(theta), len(self.variables)
        A = np.empty((batch, m, m), dtype=theta.dtype)
        S = np.empty((batch, m, m), dtype=theta.dtype)
        A[:], S[:] = self.A0, self.S0
        A[:, self.a_free.row, self.a_free.column] = theta[:, self.a_free.free]
        S[:, self.s_free.row, self.s_free.column] = theta[:, self.s_free.free]
        S[:, self.s_free.column, self.s_free.row] = theta[:, self.s_free.free]
        if len(self.s_sample.row):
            assert cov is not None  # noqa: S101 - a table with fixed x always comes with its sample
            S[:, self.s_sample.row, self.s_sample.column] = cov[..., self.s_sample.row, self.s_sample.column]
            S[:, self.s_sample.column, self.s_sample.row] = cov[..., self.s_sample.row, self.s_sample.column]
        if len(self.a_sample.row):
            assert mean is not None  # noqa: S101
            A[:, self.a_sample.row, self.a_sample.column] = mean[..., self.a_sample.row]
        if self.unit is not None:
            at, free = self.unit.row, self.unit.free
            S[:, at, at] = 0.0
            scale = np.where(free >= 0, theta[:, np.maximum(free, 0)], 1.0) if self.q else 1.0
            S[:, at, at] = 1 / scale**2 - self.explained(A, S, at)
        return A, S

    def explained(self, A: Array, S: Array, at: Array) -> Array:
        """Return what core nodes explain of the variance of nodes that explain nothing, shape (B, k).

        Covariates that all is conditional on are left out.
        """
        C = self.plan.core
        L = self.responses(A)[:, at]
        inner = S[:, C[:, None], C]
        if self.manifest > self.observed:  # the constant moves means, not variances
            constant = int(np.searchsorted(C, self.manifest - 1))
            inner[:, constant, constant] = 0.0
        if self.given:
            known = np.isin(C, self.given)
            inner[:, known] = 0.0
            inner[:, :, known] = 0.0
        variance: Array = np.einsum("bmk,bmk->bm", L @ inner, L)
        variance += 2 * np.einsum("bnk,bnk->bn", L, S[:, at[:, None], C])
        return variance

    def reduced(self) -> tuple[Ram, Array]:
        """Return the group's matrices as functions of the parameters in them alone.

        Returns
        -------
        ram : Ram
            Of r parameters, without computed residual variances.
        used : ndarray of int, shape (r,)
            Their positions in theta.
        """
        used = np.unique(np.r_[self.a_free.free, self.s_free.free])
        a, s = (
            _Cells(cells.row, cells.column, np.searchsorted(used, cells.free))
            for cells in (self.a_free, self.s_free)
        )
        return replace(self, a_free=a, s_free=s, q=len(used), unit=None), used

    def with_unit(self, items: Sequence[int], scales: Sequence[int]) -> Ram:
        """Return the matrices with residual variances of items computed from their scale.

        Parameters
        ----------
        items : sequence of int
            Positions of items, which must not explain anything.
        scales : sequence of int
            Position of each one's free scale in theta; −1 for a scale of one.
        """
        at = np.array(items, dtype=int)
        return replace(self, unit=_Cells(at, at, np.array(scales, dtype=int)))

    def implied(
        self,
        theta: Array,
        cov: Array | None = None,
        mean: Array | None = None,
        origin: Array | None = None,
    ) -> Implied:
        """Return the implied moments of a batch of parameter vectors.

        Parameters
        ----------
        theta, cov, mean
            As for :meth:`matrices`.
        origin : ndarray, shape (p,), optional
            With a mean structure: where observed variables are measured from. The moments and their
            derivatives are then those of x − origin, without having passed through moments about zero.
        """
        A, S = self.matrices(theta, cov, mean)
        plan = self.plan
        if origin is not None:
            p, constant = self.observed, self.manifest - 1
            A[:, :, constant] += A[:, :, :p] @ origin
            A[:, :p, constant] -= origin
        C, N = plan.core, plan.rest
        batch, m = len(theta), len(self.variables)
        L = self.responses(A)
        B = L[:, C]
        W = L @ S[:, C[:, None], C]
        if plan.cross:
            W[:, N] += S[:, N[:, None], C]
        p = self.manifest
        X = L[:, :p]
        sigma = W[:, :p] @ X.transpose(0, 2, 1)
        if plan.cross:
            sigma[:, :, N] += X @ S[:, C[:, None], N]
        flat = sigma.reshape(batch, p * p)
        flat[:, plan.rest_at] += S.reshape(batch, m * m)[:, plan.rest_from]
        P = W @ B.transpose(0, 2, 1)
        Q, P = np.ascontiguousarray(P[:, :p]), np.ascontiguousarray(P[:, C])
        if origin is not None:
            # parameters multiply x, not x − origin: put back what core nodes are measured from
            k = int(np.searchsorted(C, p))  # core nodes stand in order: manifest first, the constant last
            back, one = origin[C[: k - 1]], k - 1
            Q[:, :, :one] += back * Q[:, :, one, None]
            P[:, :, :one] += back * P[:, :, one, None]
            P[:, :one] += back[:, None] * P[:, one, None, :]
        return Implied(self, sigma, X, Q, B, P)

    def responses(self, A: Array) -> Array:
        """Return the core columns of (I − A)⁻¹: how much each node moves with each core node.

        Parameters
        ----------
        A : ndarray, shape (B, m, m)

        Returns
        -------
        ndarray, shape (B, m, k)
            NaN where a loop is at its pole.
        """
        plan = self.plan
        C, N = plan.core, plan.rest
        arrows = A[:, C[:, None], C]
        B = inverse_or_nan(np.eye(len(C)) - arrows) if plan.loops else _nilpotent(arrows, plan.depth)
        L = np.empty((len(A), len(self.variables), len(C)), dtype=A.dtype)
        L[:, C] = B
        L[:, N] = A[:, N[:, None], C] @ B
        return L

    @cached_property
    def plan(self) -> Plan:
        """Index arrays of the contractions, laid out once."""
        return Plan.of(self)


@remembered(64)
def model_matrices(table: ParameterTable) -> tuple[Ram, ...]:
    """Lay out all groups of a parameter table, once for each table."""
    return tuple(Ram.of(table, g + 1) for g in range(table.groups))


def _nilpotent(A: Array, depth: int) -> Array:
    """(I − A)⁻¹ = I + A + A² + … for arrows without loops, ``depth`` the longest chain."""
    eye = np.eye(A.shape[-1])
    total = eye + A
    power = A
    for _ in range(depth - 1):
        power = power @ A
        total = total + power
    return total


def _place(lhs: str, op: str, rhs: str, at: dict[str, int]) -> tuple[str, int, int]:
    if op == "=~":
        return "a", at[rhs], at[lhs]
    if op in ("~", "<~"):
        return "a", at[lhs], at[rhs]
    if op == "~1":
        return "a", at[lhs], at[CONSTANT]
    return "s", at[lhs], at[rhs]


@dataclass(frozen=True, eq=False)
class Implied:
    """Implied moments of a batch, and the contractions of their Jacobian.

    Parameters
    ----------
    ram : Ram
    sigma : ndarray, shape (B, p, p)
        Implied (augmented) moments of the manifest nodes, about the origin.
    X, Q : ndarray, shape (B, p, k)
        FE and FP for the k core nodes.
    E, P : ndarray, shape (B, k, k)
        The core blocks of (I − A)⁻¹ and of all implied moments, these about zero.
    """

    ram: Ram
    sigma: Array
    X: Array
    Q: Array
    E: Array
    P: Array

    def contract(self, M: Array) -> Array:
        """Return KᵀMK, shape (B, t, t), for symmetric M of shape (B, p, p)."""
        p, t = self.ram.manifest, self.ram.plan.width
        Z = np.concatenate([self.X, self.Q], axis=2)
        MZ = M @ Z
        out = np.empty((len(M), t, t), dtype=np.result_type(M, Z))
        out[:, :p, :p] = M
        out[:, :p, p:] = MZ
        out[:, p:, :p] = MZ.transpose(0, 2, 1)
        np.matmul(Z.transpose(0, 2, 1), MZ, out=out[:, p:, p:])
        return out

    def gradient(self, KGK: Array) -> Array:
        """Return tr(G ∂Σ/∂θ) for all parameters, shape (B, q), from KᵀGK."""
        plan = self.ram.plan
        values = KGK.reshape(len(KGK), -1).take(plan.xy, axis=1)
        values *= 2 * plan.c
        return self._gather(values)

    def product(self, KVK: Array, KWK: Array | None = None) -> Array:
        """Return tr(V ∂Σ/∂θe W ∂Σ/∂θf), shape (pairs,) a replicate, symmetrised; W = V when not given.

        With T = KᵀVK this is 2 c_e c_f (T[x,u] T[y,w] + T[x,w] T[y,u]).
        """
        plan = self.ram.plan
        xu, yw, xw, yu, c = plan.quads
        V = KVK.reshape(len(KVK), -1)
        if KWK is None:
            both = V.take(xu, axis=1) * V.take(yw, axis=1)
            both += V.take(xw, axis=1) * V.take(yu, axis=1)
            both *= 2 * c
            return both
        W = KWK.reshape(len(KWK), -1)
        both = V.take(xu, axis=1) * W.take(yw, axis=1)
        both += W.take(xu, axis=1) * V.take(yw, axis=1)
        both += V.take(xw, axis=1) * W.take(yu, axis=1)
        both += W.take(xw, axis=1) * V.take(yu, axis=1)
        both *= c
        return both

    def add_curvature(self, pairs: Array, KGK: Array) -> None:
        """Add tr(G ∂²Σ/∂θe∂θf) to values of pairs of entries, shape (B, pairs), in place, from KᵀGK."""
        curves, batch = self.ram.plan.curves, len(KGK)
        if len(curves.place) == 1:
            return  # nothing curves
        blocks = np.concatenate([self.E.reshape(batch, -1), self.P.reshape(batch, -1)], axis=1)
        terms = blocks.take(curves.place, axis=1)
        terms *= KGK.reshape(batch, -1).take(curves.at, axis=1)
        terms *= curves.constant
        pairs += np.add.reduceat(terms, curves.starts, axis=1).take(curves.sums, axis=1)

    def matrix(self, pairs: Array) -> Array:
        """Spread values of pairs of entries into matrices over theta, shape (B, q, q)."""
        plan, q = self.ram.plan, self.ram.q
        whole = pairs.take(plan.square, axis=1)
        if plan.direct and len(plan.free) == q:
            return whole
        R = np.zeros((len(plan.free), q))
        R[np.arange(len(plan.free)), plan.free] = 1.0
        spread: Array = R.T @ whole @ R
        return spread

    def _gather(self, values: Array) -> Array:
        plan, q = self.ram.plan, self.ram.q
        if plan.direct and len(plan.free) == q:
            return values
        out = np.zeros((len(values), q), dtype=values.dtype)
        for entry, place in enumerate(plan.free):
            out[:, place] += values[:, entry]
        return out

    def scores(self, KV: Array, rows: Array, KVK: Array) -> Array:
        """Return ½ tr((V − V z zᵀ V) ∂Σ/∂θ) for rows z of one group's data, shape (n, q).

        The derivative of each row's −log-likelihood, for a batch of one.

        Parameters
        ----------
        KV : ndarray, shape (t, p)
            KᵀV.
        rows : ndarray, shape (n, p)
            Data less the origin, augmented by a column of ones with a mean structure.
        KVK : ndarray, shape (t, t)
        """
        plan = self.ram.plan
        R = rows @ KV.T
        values = plan.c * (KVK[plan.x, plan.y] - R[:, plan.x] * R[:, plan.y])
        return self._gather(values)

    def pairs(self, rows: Array, columns: Array) -> Array:
        """Return ∂Σ/∂θ of some elements, shape (B, k, q)."""
        plan = self.ram.plan
        p = self.ram.manifest
        eye = np.broadcast_to(np.eye(p), (len(self.sigma), p, p))
        K = np.concatenate([eye, self.X, self.Q], axis=2)
        x, y = K[:, :, plan.x], plan.c * K[:, :, plan.y]
        entries = x[:, rows] * y[:, columns]
        entries += y[:, rows] * x[:, columns]
        if plan.direct and len(plan.free) == self.ram.q:
            return np.asarray(entries)
        out = np.zeros((*entries.shape[:2], self.ram.q), dtype=entries.dtype)
        for entry, place in enumerate(plan.free):
            out[..., place] += entries[..., entry]
        return out

    def dense(self) -> Array:
        """Return ∂Σ/∂θ in full, shape (B, p, p, q): for small models and for tests."""
        plan = self.ram.plan
        p = self.ram.manifest
        eye = np.broadcast_to(np.eye(p), (len(self.sigma), p, p))
        K = np.concatenate([eye, self.X, self.Q], axis=2)
        x, y = K[:, :, plan.x], K[:, :, plan.y]
        y *= plan.c
        entries = x[:, :, None] * y[:, None]
        entries += y[:, :, None] * x[:, None]
        if plan.direct and len(plan.free) == self.ram.q:
            return np.asarray(entries)
        out = np.zeros((*entries.shape[:3], self.ram.q), dtype=entries.dtype)
        for entry, place in enumerate(plan.free):
            out[..., place] += entries[..., entry]
        return out
