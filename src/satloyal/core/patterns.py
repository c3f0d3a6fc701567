"""Missing-data patterns: rows with the same gaps, kept as counts and second moments, and their likelihood.

Moments are augmented moments about an origin, as everywhere in satloyal: the last column is the constant,
which is never missing, so that every pattern is a sub-block of one augmented matrix. The normal likelihood
of incomplete rows (Anderson 1957, *JASA* 52:200-203; Arbuckle 1996) is then a sum over patterns, and rows
are looked at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from satloyal.core.linalg import logdet_or_flag

__all__ = ["PatternLikelihood", "Patterns"]

Array = NDArray[Any]

_CELLS = 500_000  # entries of stacked matrices that are held at once
_CACHED = 250_000  # the same, while work on them stays in the cache
_SHARED = 4  # eliminations a pattern below which a tree of them beats inverses of their own


@dataclass(frozen=True, eq=False)
class Patterns:
    """The rows of one group by what they lack.

    Parameters
    ----------
    observed : ndarray of bool, shape (P, p)
    rows : tuple of ndarray of int
        Which rows have each pattern, complete ones first, then by frequency.
    origin : ndarray, shape (p,)
        Where moments are taken about.
    size : ndarray, shape (P,)
        Rows of each pattern, or the sum of their weights.
    second : ndarray, shape (P, p + 1, p + 1)
        Mean of z zᵀ over the rows of each pattern, z = (x − origin, 1); zero where a variable is missing.

    Examples
    --------
    >>> found = Patterns.of(np.array([[1.0, 2.0], [3.0, np.nan], [5.0, 4.0]]))
    >>> found.observed.tolist(), found.size.tolist()
    ([[True, True], [True, False]], [2.0, 1.0])
    """

    observed: Array
    rows: tuple[Array, ...]
    origin: Array
    size: Array
    second: Array

    @classmethod
    def of(cls, values: Array, weights: Array | None = None) -> Patterns:
        """Sort rows into patterns.

        Parameters
        ----------
        values : ndarray, shape (n, p)
            NaN where missing; every column with a value.
        weights : ndarray, shape (n,), optional
        """
        seen = ~np.isnan(values)
        packed = np.packbits(seen, axis=1)
        _, first, code, count = np.unique(
            packed, axis=0, return_index=True, return_inverse=True, return_counts=True
        )
        code = code.ravel()
        order = np.lexsort((first, -count, ~seen[first].all(axis=1)))
        place = np.empty(len(order), dtype=int)
        place[order] = np.arange(len(order))
        code = place[code]
        sorted_rows = np.argsort(code, kind="stable")
        rows = tuple(np.split(sorted_rows, np.cumsum(count[order])[:-1]))
        observed = seen[first[order]]
        origin = np.nanmean(values, axis=0)
        z = np.column_stack([np.where(seen, values - origin, 0.0), np.ones(len(values))])
        size, second = np.empty(len(rows)), np.empty((len(rows), z.shape[1], z.shape[1]))
        for k, which in enumerate(rows):
            part = z[which]
            w = np.ones(len(which)) if weights is None else weights[which]
            size[k] = w.sum()
            second[k] = part.T @ (part * w[:, None]) / size[k]
        return cls(observed, rows, origin, size, second)

    @property
    def n(self) -> float:
        """Rows, or the sum of their weights."""
        return float(self.size.sum())

    @property
    def complete(self) -> bool:
        """Whether nothing is missing."""
        return bool(self.observed.all())

    @property
    def available(self) -> Array:
        """Share of rows that have each variable, shape (p,)."""
        share: Array = self.size @ self.observed / self.n
        return share

    @property
    def coverage(self) -> Array:
        """Share of rows that have each pair of variables, shape (p, p)."""
        seen = self.observed.astype(float)
        share: Array = (seen * self.size[:, None]).T @ seen / self.n
        return share

    def select(self, which: Array) -> Patterns:
        """Return the patterns of some variables, by position; rows without any of them are left out."""
        places = np.asarray(which, dtype=int)
        observed = self.observed[:, places]
        columns = np.r_[places, self.observed.shape[1]]
        use: Array = np.asarray(observed.any(axis=1))
        second = self.second[use][:, columns[:, None], columns]
        rows = tuple(r for r, u in zip(self.rows, use, strict=True) if u)
        return Patterns(observed[use], rows, self.origin[places], self.size[use], second)

    def about(self, origin: Array) -> Patterns:
        """Return the same patterns with moments about another origin, shape (p,)."""
        shift = np.zeros((len(self.size), len(origin) + 1, len(origin) + 1))
        shift[:] = np.eye(len(origin) + 1)
        shift[:, :-1, -1] = np.where(self.observed, self.origin - origin, 0.0)
        return replace(self, origin=origin, second=shift @ self.second @ shift.transpose(0, 2, 1))

    def likelihood(self) -> PatternLikelihood:
        """Return the likelihood of these rows."""
        return PatternLikelihood.of(self.observed, self.size[None], self.second[None])


@dataclass(frozen=True, eq=False)
class _Elimination:
    """How inverses of sub-blocks follow from the inverse of the whole, one variable taken out at a time.

    Parameters
    ----------
    levels : tuple of (parents, variables)
        Nodes made at each level, from which node and by leaving out what; nodes are numbered as made, 0 the
        whole.
    place : ndarray, shape (P,)
        Node of each pattern.
    """

    levels: tuple[tuple[Array, Array], ...]
    place: Array

    @classmethod
    def of(cls, observed: Array) -> _Elimination | None:
        """Plan it, or not, where most patterns would need a long way of their own."""
        gaps = [tuple(np.flatnonzero(~row)) for row in observed]
        often = np.argsort(np.argsort(-(~observed).sum(axis=0), kind="stable"))
        ways = [tuple(sorted(gap, key=lambda j: often[j])) for gap in gaps]
        nodes = {way[:k] for way in ways for k in range(len(way) + 1)} | {()}
        if len(nodes) > _SHARED * len(observed):
            return None
        ordered = sorted(nodes, key=lambda way: (len(way), way))
        number = {way: i for i, way in enumerate(ordered)}
        depth = max(len(way) for way in ordered)
        levels = []
        for level in range(1, depth + 1):
            here = [way for way in ordered if len(way) == level]
            parents = np.array([number[way[:-1]] for way in here])
            levels.append((parents, np.array([way[-1] for way in here])))
        return cls(tuple(levels), np.array([number[way] for way in ways]))


@dataclass(frozen=True, eq=False)
class PatternLikelihood:
    """Minus twice the log-likelihood of incomplete normal rows, a row, for a batch of samples.

    F = Σ_p s_p [log|Σ_p| + tr(Σ_p⁻¹ T_p)] − 1, s_p the pattern's share of the rows, T_p its second moments
    and Σ_p the block of the augmented moments that it has (the constant's own term is the one taken off).

    Parameters
    ----------
    observed : ndarray of bool, shape (P, a)
        With the constant as last column.
    share : ndarray, shape (B, P) or (1, P)
    sample : ndarray, shape (B, P, a, a) or (1, P, a, a)
        Zero where a variable is missing.
    """

    observed: Array
    share: Array
    sample: Array

    @classmethod
    def of(cls, observed: Array, size: Array, sample: Array) -> PatternLikelihood:
        """Prepare for samples with patterns of these sizes, shape (B, P)."""
        constant = np.ones((len(observed), 1), dtype=bool)
        return cls(np.hstack([observed, constant]), size / size.sum(axis=1, keepdims=True), sample)

    def take(self, which: Array) -> PatternLikelihood:
        """Return the likelihood of some of the batch."""
        if len(self.share) == 1:
            return self
        return PatternLikelihood(self.observed, self.share[which], self.sample[which])

    def slice(self, rows: slice) -> PatternLikelihood:
        """Return the likelihood of a run of the batch, without a copy."""
        if len(self.share) == 1:
            return self
        return PatternLikelihood(self.observed, self.share[rows], self.sample[rows])

    def chunks(self, batch: int, cells: int = _CELLS) -> Iterator[PatternLikelihood]:
        """Split the patterns so that ``batch`` matrices each stay within memory; values add up."""
        a = self.observed.shape[1]
        width = max(1, int(cells / (a * a * max(batch, 1))))
        if width >= len(self.observed):
            yield self
            return
        for start in range(0, len(self.observed), width):
            part = slice(start, start + width)
            yield PatternLikelihood(self.observed[part], self.share[:, part], self.sample[:, part])

    def inverses(self, sigma: Array) -> tuple[Array, Array, Array]:
        """Invert the block of each pattern.

        Parameters
        ----------
        sigma : ndarray, shape (B, a, a)

        Returns
        -------
        V : ndarray, shape (B, P, a, a)
            Zero where a variable is missing.
        logdet : ndarray, shape (B, P)
        ok : ndarray of bool, shape (B,)
            Whether the whole is positive definite.
        """
        plan = _planned(self.observed.tobytes(), self.observed.shape)
        whole, logdet, ok = _inverse(sigma)
        if plan is None:
            held = sigma if ok.all() else np.where(ok[:, None, None], sigma, np.eye(sigma.shape[-1]))
            return *_by_gaps(self.observed, held, whole, logdet), ok
        count = 1 + sum(len(parents) for parents, _ in plan.levels)
        nodes = np.empty((len(sigma), count, *whole.shape[1:]))
        dets = np.empty((len(sigma), count))
        nodes[:, 0], dets[:, 0] = whole, logdet
        at = 1
        for parents, variables in plan.levels:
            above = nodes[:, parents]
            column = above[:, np.arange(len(parents)), :, variables].transpose(1, 0, 2)
            pivot = column[:, np.arange(len(parents)), variables]
            stop = at + len(parents)
            here = above - column[..., :, None] * (column / pivot[..., None])[..., None, :]
            each = np.arange(len(parents))
            here[:, each, variables, :] = 0.0
            here[:, each, :, variables] = 0.0
            nodes[:, at:stop] = here
            dets[:, at:stop] = dets[:, parents] + np.log(np.abs(pivot))
            at = stop
        return nodes[:, plan.place], dets[:, plan.place], ok

    def value(self, sigma: Array) -> Array:
        """Return F, shape (B,); infinite where Σ is not positive definite."""
        return self.derivatives(sigma)[0]

    def derivatives(self, sigma: Array) -> tuple[Array, Array, Array]:
        """Return F (B,), ∂F/∂Σ = Σ_p s_p (V_p − V_p T_p V_p) (B, a, a), and where Σ is definite (B,)."""
        size, a = len(sigma), sigma.shape[-1]
        value = np.full(size, -1.0)
        G = np.zeros_like(sigma)
        ok = np.ones(size, dtype=bool)
        together = max(1, int(_CACHED / (a * a * len(self.observed))))
        for start in range(0, size, together):
            rows = slice(start, start + together)
            few = self if size <= together else self.slice(rows)
            for part in few.chunks(len(sigma[rows])):
                V, VT, own, ok[rows] = part.at(sigma[rows])
                value[rows] += own
                G[rows] += part.slope(V, VT)
        return np.where(ok, value, np.inf), G, ok

    def at(self, sigma: Array) -> tuple[Array, Array, Array, Array]:
        """Return V_p and V_p T_p, shapes (B, P, a, a), F + 1 of these patterns and definiteness, (B,)."""
        V, logdet, ok = self.inverses(sigma)
        VT = V @ self.sample
        trace = np.trace(VT, axis1=2, axis2=3)
        return V, VT, (self.share * (logdet + trace)).sum(axis=1), ok

    def slope(self, V: Array, VT: Array) -> Array:
        """Return ∂F/∂Σ from V_p and V_p T_p, shape (B, a, a)."""
        size, _, a, _ = V.shape
        each = V - VT @ V
        G = (self.share[:, None, :] @ each.reshape(size, -1, a * a)).reshape(size, a, a)
        return np.asarray((G + G.transpose(0, 2, 1)) / 2)


@lru_cache(maxsize=256)
def _planned(observed: bytes, shape: tuple[int, int]) -> _Elimination | None:
    """Plan once for each set of patterns."""
    return _Elimination.of(np.frombuffer(observed, dtype=bool).reshape(shape))


def _by_gaps(observed: Array, sigma: Array, whole: Array, logdet: Array) -> tuple[Array, Array]:
    """Inverses and log determinants of patterns' blocks, those with equally many gaps at once.

    With few gaps g from the inverse V of the whole, V − V_{·g} V_gg⁻¹ V_{g·} and log|Σ| + log|V_gg|; with
    many the block itself is inverted.

    Parameters
    ----------
    observed : ndarray of bool, shape (P, a)
    sigma, whole : ndarray, shape (B, a, a)
        Positive definite, and its inverse.
    logdet : ndarray, shape (B,)

    Returns
    -------
    V : ndarray, shape (B, P, a, a)
    logdet : ndarray, shape (B, P)
    """
    size, a = len(sigma), sigma.shape[-1]
    V, dets = np.zeros((size, len(observed), a, a)), np.empty((size, len(observed)))
    gaps = a - observed.sum(axis=1)
    for k in np.unique(gaps):
        which: Array = np.flatnonzero(gaps == k)
        few = 2 * k <= a
        at = np.nonzero(observed[which] != few)[1].reshape(len(which), -1)
        square = (slice(None), at[:, :, None], at[:, None, :])
        if not few:
            block = sigma[square]
            V[:, which[:, None, None], at[:, :, None], at[:, None, :]] = np.linalg.inv(block)
            dets[:, which] = np.linalg.slogdet(block)[1]
            continue
        block, rows = whole[square], whole[:, at]
        found = whole[:, None] - rows.swapaxes(2, 3) @ np.linalg.solve(block, rows)
        each = np.arange(len(which))[:, None]
        found[:, each, at] = 0.0
        found[:, each, :, at] = 0.0
        V[:, which] = found
        dets[:, which] = logdet[:, None] + np.linalg.slogdet(block)[1]
    return V, dets


def _inverse(sigma: Array) -> tuple[Array, Array, Array]:
    """Inverse, log determinant and definiteness of a batch; the identity where not definite."""
    logdet, ok = logdet_or_flag(sigma)
    if not ok.all():
        sigma = np.where(ok[:, None, None], sigma, np.eye(sigma.shape[-1]))
    return np.linalg.inv(sigma), logdet, ok
