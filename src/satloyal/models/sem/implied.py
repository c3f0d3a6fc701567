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
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from satloyal.core.linalg import inverse_or_nan

if TYPE_CHECKING:
    from satloyal.spec.table import ParameterTable

__all__ = ["CONSTANT", "Implied", "Ram", "augmented"]

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
            if row.group != group or row.op not in ("=~", "~", "~~", "~1"):
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
        return A, S

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
    def plan(self) -> _Plan:
        """Index arrays of the contractions, laid out once."""
        return _Plan.of(self)


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
    if op == "~":
        return "a", at[lhs], at[rhs]
    if op == "~1":
        return "a", at[lhs], at[CONSTANT]
    return "s", at[lhs], at[rhs]


@dataclass(frozen=True, eq=False)
class _Plan:
    """Where each entry finds its two columns of K, and which pairs of entries curve."""

    core: Array  # nodes with outgoing arrows, latents and the constant
    rest: Array  # manifest nodes without outgoing arrows
    loops: bool
    depth: int
    cross: bool  # covariances between core and rest
    rest_at: Array
    rest_from: Array
    free: Array  # (e,) position in theta of each entry
    x: Array  # (e,) columns of K
    y: Array
    c: Array  # (e,) one, and a half for variances
    upper: tuple[Array, Array]  # pairs e <= f
    square: Array  # (e, e) → position among the pairs
    curves: tuple[_Curve, ...]
    width: int

    @classmethod
    def of(cls, ram: Ram) -> _Plan:
        m, p = len(ram.variables), ram.manifest
        pattern = ram.A0 != 0
        pattern[ram.a_free.row, ram.a_free.column] = True
        pattern[ram.a_sample.row, ram.a_sample.column] = True
        is_core = pattern.any(axis=0)
        is_core[ram.observed :] = True
        if p > ram.observed:  # an origin may give any node a mean
            pattern[:, p - 1] = np.arange(m) != p - 1
        core, rest = np.flatnonzero(is_core), np.flatnonzero(~is_core)
        spread = ram.S0 != 0
        for cells in (ram.s_free, ram.s_sample):
            spread[cells.row, cells.column] = spread[cells.column, cells.row] = True
        r, s = np.nonzero(spread[np.ix_(rest, rest)])
        reach, depth, loops = _reach(pattern[np.ix_(core, core)])
        k = len(core)
        position = np.full(m, -1)
        position[core] = np.arange(k)
        X = np.where(is_core, p + position, np.arange(m))
        Q = np.where(is_core, p + k + position, -1)
        kind = np.r_[np.zeros(len(ram.a_free.row), int), np.ones(len(ram.s_free.row), int)]
        row = np.r_[ram.a_free.row, ram.s_free.row]
        column = np.r_[ram.a_free.column, ram.s_free.column]
        free = np.r_[ram.a_free.free, ram.s_free.free]
        order = np.argsort(free, kind="stable")
        kind, row, column, free = kind[order], row[order], column[order], free[order]
        x = X[row]
        y = np.where(kind == 0, Q[column], X[column])
        c = np.where((kind == 1) & (row == column), 0.5, 1.0)
        upper = np.triu_indices(len(free))
        square = np.zeros((len(free), len(free)), dtype=int)
        square[upper] = np.arange(len(upper[0]))
        square = np.maximum(square, square.T)
        width = p + 2 * k
        curves = _curves(kind, row, column, c, upper, _Nodes(position, reach, X, Q, width))
        return cls(
            core,
            rest,
            loops,
            depth,
            bool(spread[np.ix_(core, rest)].any()),
            rest[r] * p + rest[s],
            rest[r] * m + rest[s],
            free,
            x,
            y,
            c,
            upper,
            square,
            curves,
            width,
        )

    @cached_property
    def quads(self) -> tuple[Array, Array, Array, Array, Array]:
        """Flat places of (x,u), (y,w), (x,w), (y,u) in KᵀMK for each pair, and the constant c_e c_f."""
        e, f = self.upper
        t = self.width
        x, y, u, w = self.x[e], self.y[e], self.x[f], self.y[f]
        return x * t + u, y * t + w, x * t + w, y * t + u, self.c[e] * self.c[f]

    @cached_property
    def direct(self) -> bool:
        """Whether every entry has a theta of its own, in order, and theta has no others."""
        return bool(np.array_equal(self.free, np.arange(len(self.free))))


def _reach(pattern: Array) -> tuple[Array, int, bool]:
    """Which core node reaches which, the longest chain, and whether arrows run in a loop."""
    k = len(pattern)
    reach = np.eye(k, dtype=bool)
    walk = np.eye(k, dtype=bool)
    depth = 0
    for _ in range(k):
        walk = (pattern.astype(int) @ walk.astype(int)) > 0
        if not walk.any():
            break
        depth += 1
        reach |= walk
    else:
        return np.ones((k, k), dtype=bool), k, True
    return reach, max(depth, 1), False


@dataclass(frozen=True, eq=False)
class _Curve:
    """One layer of terms of tr(G ∂²Σ/∂θe∂θf): pairs, places in E or P and in KᵀGK, and constants."""

    matrix: str
    pairs: Array
    place: Array
    at: Array
    constant: Array


def _curves(
    kind: Array, row: Array, column: Array, c: Array, upper: tuple[Array, Array],
    nodes: _Nodes,
) -> tuple[_Curve, ...]:  # fmt: skip
    """Lay out the second derivatives of Σ.

    From d(FE e_k) = FE e_u E[w,k] and d(FP e_k) = FE e_u P[w,k] + FP e_w E[k,u] for an arrow u ← w, and
    d(FP e_k) = FE e_u E[k,w] + FE e_w E[k,u] for a covariance of u and w (half of it for a variance).
    """
    first, second = upper
    flip = kind[first] == 1  # put the arrow first
    e, f = np.where(flip, second, first), np.where(flip, first, second)
    pairs = np.arange(len(e))
    r, s, u, w = row[e], column[e], row[f], column[f]
    X, Q = nodes.X, nodes.Q
    arrows = (kind[e] == 0) & (kind[f] == 0)
    mixed = (kind[e] == 0) & (kind[f] == 1)
    two = np.full(len(e), 2.0)
    half = 2.0 * c[f]
    layers = (
        ("E", arrows, w, r, X[u], Q[s], two),
        ("P", arrows, w, s, X[r], X[u], two),
        ("E", arrows, s, u, X[r], Q[w], two),
        ("E", mixed, s, w, X[r], X[u], half),
        ("E", mixed, s, u, X[r], X[w], half),
    )
    out = []
    for matrix, chosen, i, j, a, b, constant in layers:
        use = chosen & (nodes.position[i] >= 0) & (nodes.position[j] >= 0)
        if matrix == "E":
            use[use] = nodes.reach[nodes.position[i[use]], nodes.position[j[use]]]
        if use.any():
            place = nodes.position[i[use]] * len(nodes.reach) + nodes.position[j[use]]
            out.append(_Curve(matrix, pairs[use], place, a[use] * nodes.width + b[use], constant[use]))
    return tuple(out)


@dataclass(frozen=True, eq=False)
class _Nodes:
    """Where each node stands among the core nodes, and which columns of K are its FE and FP."""

    position: Array  # (m,) among the core nodes, -1 for the rest
    reach: Array  # (k, k)
    X: Array  # (m,)
    Q: Array  # (m,)
    width: int


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
        values = 2 * plan.c * KGK[:, plan.x, plan.y]
        return self._gather(values)

    def product(self, KVK: Array, KWK: Array | None = None) -> Array:
        """Return tr(V ∂Σ/∂θe W ∂Σ/∂θf), shape (pairs,) a replicate, symmetrised; W = V when not given.

        With T = KᵀVK this is 2 c_e c_f (T[x,u] T[y,w] + T[x,w] T[y,u]).
        """
        plan = self.ram.plan
        xu, yw, xw, yu, c = plan.quads
        V = KVK.reshape(len(KVK), -1)
        if KWK is None:
            both = V[:, xu] * V[:, yw]
            both += V[:, xw] * V[:, yu]
            both *= 2 * c
            return both
        W = KWK.reshape(len(KWK), -1)
        both = V[:, xu] * W[:, yw]
        both += W[:, xu] * V[:, yw]
        both += V[:, xw] * W[:, yu]
        both += W[:, xw] * V[:, yu]
        both *= c
        return both

    def add_curvature(self, pairs: Array, KGK: Array) -> None:
        """Add tr(G ∂²Σ/∂θe∂θf) to values of pairs of entries, shape (B, pairs), in place, from KᵀGK."""
        plan = self.ram.plan
        flat = KGK.reshape(len(KGK), -1)
        blocks = {"E": self.E.reshape(len(KGK), -1), "P": self.P.reshape(len(KGK), -1)}
        for curve in plan.curves:
            pairs[:, curve.pairs] += blocks[curve.matrix][:, curve.place] * flat[:, curve.at] * curve.constant

    def matrix(self, pairs: Array) -> Array:
        """Spread values of pairs of entries into matrices over theta, shape (B, q, q)."""
        plan, q = self.ram.plan, self.ram.q
        whole = pairs[:, plan.square]
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

    def dense(self) -> Array:
        """Return ∂Σ/∂θ in full, shape (B, p, p, q): for small models and for tests."""
        plan = self.ram.plan
        p = self.ram.manifest
        eye = np.broadcast_to(np.eye(p), (len(self.sigma), p, p))
        K = np.concatenate([eye, self.X, self.Q], axis=2)
        x, y = K[:, :, plan.x], K[:, :, plan.y]
        entries = plan.c * (np.einsum("bie,bje->bije", x, y) + np.einsum("bie,bje->bije", y, x))
        out = np.zeros((*entries.shape[:3], self.ram.q), dtype=entries.dtype)
        for entry, place in enumerate(plan.free):
            out[..., place] += entries[..., entry]
        return out
