"""The plan of a model's contractions: where each parameter finds its columns of K, laid out once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from satloyal.models.sem.implied import Ram

__all__ = ["Curves", "Plan"]

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Plan:
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
    curves: Curves
    width: int

    @classmethod
    def of(cls, ram: Ram) -> Plan:
        """Lay out the plan of a model."""
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
        curves = _lay_curves(kind, row, column, c, upper, _Nodes(position, reach, X, Q, width))
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
    def xy(self) -> Array:
        """Flat places of (x, y) in KᵀMK for each entry."""
        return np.asarray(self.x * self.width + self.y)

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
class Curves:
    """Terms of tr(G ∂²Σ/∂θe∂θf), products of elements of E or P and of KᵀGK, summed by pair.

    The last term is always zero, the sum of the pairs that have no term.
    """

    place: Array  # (t,) in [E | P], flat
    at: Array  # (t,) in KᵀGK, flat
    constant: Array  # (t,)
    starts: Array  # first term of each sum
    sums: Array  # (pairs,) the sum of each pair


def _lay_curves(
    kind: Array, row: Array, column: Array, c: Array, upper: tuple[Array, Array],
    nodes: _Nodes,
) -> Curves:  # fmt: skip
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
    k = len(nodes.reach)
    of, place, at, by = [], [], [], []
    for matrix, chosen, i, j, a, b, constant in layers:
        use = chosen & (nodes.position[i] >= 0) & (nodes.position[j] >= 0)
        if matrix == "E":
            use[use] = nodes.reach[nodes.position[i[use]], nodes.position[j[use]]]
        of.append(pairs[use])
        place.append(nodes.position[i[use]] * k + nodes.position[j[use]] + (k * k if matrix == "P" else 0))
        at.append(a[use] * nodes.width + b[use])
        by.append(constant[use])
    pair = np.concatenate(of)
    order = np.argsort(pair, kind="stable")
    curved, starts = np.unique(pair[order], return_index=True)
    sums = np.full(len(e), len(curved))
    sums[curved] = np.arange(len(curved))
    return Curves(
        np.append(np.concatenate(place)[order], 0),
        np.append(np.concatenate(at)[order], 0),
        np.append(np.concatenate(by)[order], 0.0),
        np.append(starts, len(order)),
        sums,
    )


@dataclass(frozen=True, eq=False)
class _Nodes:
    """Where each node stands among the core nodes, and which columns of K are its FE and FP."""

    position: Array  # (m,) among the core nodes, -1 for the rest
    reach: Array  # (k, k)
    X: Array  # (m,)
    Q: Array  # (m,)
    width: int
