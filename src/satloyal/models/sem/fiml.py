"""Full-information maximum likelihood: one group's part of the objective, by missing-data pattern.

F = Σ_p s_p [log|Σ_p| + tr(Σ_p⁻¹ T_p)] − F_saturated (Arbuckle 1996; Enders & Bandalos 2001, *Struct. Equ.
Modeling* 8:430-457). With V_p the inverse of a pattern's block, set into zeros,

    ∂F/∂Σ = Σ_p s_p (V_p − V_p T_p V_p),    ∂²F(D₁, D₂) = Σ_p s_p tr(V_p D₁ W_p D₂) + tr(∂F/∂Σ ∂²Σ),

W_p = 2 V_p T_p V_p − V_p, and W_p = V_p in expectation: the same contractions as with complete rows, summed
over patterns. The constant of a mean structure is a variable that is never missing, so means need nothing
of their own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from satloyal.core.optimize import Curvature, Evaluation
from satloyal.core.patterns import PatternLikelihood, Patterns
from satloyal.models.sem.implied import Implied, Ram

__all__ = ["IncompleteTerm", "pattern_scores"]

Array = NDArray[Any]

_CELLS = 4_000_000  # products of pairs of entries and patterns that are held at once
_CACHED = 60_000  # the same, while they stay in the cache


@dataclass(frozen=True, eq=False)
class IncompleteTerm:
    """One group's part of the objective when rows are incomplete.

    Parameters
    ----------
    ram : Ram
        With a mean structure.
    share : float
        Weight of the group, n_g / N.
    cov, mean : ndarray, shapes (B, p, p) and (B, p)
        Saturated moments, for exogenous covariates; one a replicate, or one for all.
    origin : ndarray, shape (p,)
        Where moments are taken about.
    likelihood : PatternLikelihood
    constant : ndarray, shape (B,) or (1,)
        What the saturated model reaches, so that F is zero there.
    """

    ram: Ram
    share: float
    cov: Array
    mean: Array
    origin: Array
    likelihood: PatternLikelihood
    constant: Array

    @classmethod
    def of(
        cls, ram: Ram, share: float, patterns: Patterns, cov: Array, mean: Array, value: float
    ) -> IncompleteTerm:
        """Pose one sample: its patterns, its saturated moments (p, p) and (p,), and their F."""
        likelihood = patterns.likelihood()
        return cls(ram, share, cov[None], mean[None], patterns.origin, likelihood, np.array([value]))

    @property
    def batch(self) -> int:
        """How many samples there are."""
        return len(self.likelihood.share)

    def take(self, which: Array) -> IncompleteTerm:
        """Return the part for some of the replicates."""
        if len(self.likelihood.share) == 1:
            return self
        cov, mean = (self.cov, self.mean) if len(self.cov) == 1 else (self.cov[which], self.mean[which])
        constant = self.constant if len(self.constant) == 1 else self.constant[which]
        taken = self.likelihood.take(which)
        return IncompleteTerm(self.ram, self.share, cov, mean, self.origin, taken, constant)

    def implied(self, theta: Array) -> Implied:
        """Return the implied moments at θ, about the origin."""
        return self.ram.implied(theta, self.cov, self.mean, self.origin)

    def part(self, theta: Array, curvature: Curvature) -> Evaluation:
        """Return this group's share of value, gradient and curvature."""
        implied = self.implied(theta)
        plan = self.ram.plan
        size, a = len(theta), self.ram.manifest
        value = np.full(size, -1.0) - self.constant
        G = np.zeros((size, a, a))
        pairs = np.zeros((size, len(plan.upper[0])))
        ok = np.ones(size, dtype=bool)
        for rows, part in self._blocks(size):
            V, VT, own, ok[rows] = part.at(implied.sigma[rows])
            value[rows] += own
            G[rows] += part.slope(V, VT)
            W = 2 * VT @ V - V if curvature == "observed" else V
            Z = np.concatenate([implied.X[rows], implied.Q[rows]], axis=2)[:, None]
            KV = _contract(V, Z)
            pairs[rows] += _pair_sums(plan.quads, part.share, KV, KV if W is V else _contract(W, Z))
        KGK = implied.contract(G)
        if curvature == "observed":
            implied.add_curvature(pairs, KGK)
        value = np.where(ok, value, np.inf)
        gradient = implied.gradient(KGK)
        return Evaluation(self.share * value, self.share * gradient, implied.matrix(self.share * pairs))

    def slope(self, theta: Array) -> tuple[Array, Array]:
        """Return this group's share of value (B,) and gradient (B, q), without curvature."""
        implied = self.implied(theta)
        value, G, _ = self.likelihood.derivatives(implied.sigma)
        gradient = implied.gradient(implied.contract(G))
        return self.share * (value - self.constant), self.share * gradient

    def value(self, theta: Array) -> Array:
        """Return this group's share of F, shape (B,)."""
        return np.asarray(self.share * (self.likelihood.value(self.implied(theta).sigma) - self.constant))

    def nearby(self, theta: Array, size: int) -> Array:
        """Return this group's share of the gradients of a batch at one θ, shape (B, q)."""
        return self.slope(np.broadcast_to(theta, (size, len(theta))))[1]

    def _blocks(self, size: int) -> Iterator[tuple[slice, PatternLikelihood]]:
        """Split replicates and patterns into blocks that fit into memory."""
        each = max(len(self.ram.plan.upper[0]), self.ram.plan.width**2)
        together = max(1, int(_CELLS / (each * len(self.likelihood.observed))))
        for start in range(0, size, together):
            rows = slice(start, min(start + together, size))
            count = rows.stop - start
            part = self.likelihood.take(np.arange(rows.start, rows.stop))
            cells = int(_CELLS / each * self.ram.manifest**2)
            for patterns in part.chunks(count, cells):
                yield rows, patterns


def _contract(M: Array, Z: Array) -> Array:
    """Return KᵀMK for K = [I | Z], shape (B, P, t, t), M of shape (B, P, p, p) and Z (B, 1, p, 2k)."""
    p, t = M.shape[-1], M.shape[-1] + Z.shape[-1]
    MZ = M @ Z
    out = np.empty((*M.shape[:2], t, t))
    out[..., :p, :p] = M
    out[..., :p, p:] = MZ
    out[..., p:, :p] = MZ.transpose(0, 1, 3, 2)
    np.matmul(Z.transpose(0, 1, 3, 2), MZ, out=out[..., p:, p:])
    return out


def _pair_sums(quads: Sequence[Array], share: Array, KV: Array, KW: Array) -> Array:
    """Return Σ_p s_p tr(V_p D_e W_p D_f) for pairs of entries, shape (B, pairs).

    Parameters
    ----------
    quads : (xu, yw, xw, yu, c)
        Flat places in a (t, t) matrix for each pair, and constants.
    share : ndarray, shape (B or 1, P)
    KV, KW : ndarray, shape (B, P, t, t)
    """
    size, count = KV.shape[:2]
    V = np.ascontiguousarray(KV.reshape(size, count, -1).transpose(0, 2, 1))
    W = V if KW is KV else np.ascontiguousarray(KW.reshape(size, count, -1).transpose(0, 2, 1))
    V = V * share[:, None, :]
    out = np.empty((size, len(quads[0])))
    width = max(1, _CACHED // (size * count))
    for start in range(0, out.shape[1], width):
        part = slice(start, start + width)
        xu, yw, xw, yu, c = (q[part] for q in quads)
        both = _rows(V, xu, W, yw) + _rows(V, xw, W, yu)
        both += both if KW is KV else _rows(W, xu, V, yw) + _rows(W, xw, V, yu)
        out[:, part] = c * both
    return out


def _rows(V: Array, at: Array, W: Array, there: Array) -> Array:
    """Inner products over patterns of some places with others, shape (B, pairs)."""
    return np.asarray(np.einsum("bep,bep->be", V[:, at], W[:, there]))


def pattern_scores(
    ram: Ram, theta: Array, values: Array, patterns: Patterns, cov: Array, mean: Array
) -> Array:
    """Return derivatives of each row's −log-likelihood for one group, shape (n, q), pattern by pattern.

    Parameters
    ----------
    ram : Ram
    theta : ndarray, shape (q,)
    values : ndarray, shape (n, p)
        Data, NaN where missing.
    patterns : Patterns
        Of these rows.
    cov, mean : ndarray, shapes (p, p) and (p,)
        Saturated moments.
    """
    implied = ram.implied(theta[None], cov, mean, patterns.origin)
    K = np.concatenate([np.eye(ram.manifest), implied.X[0], implied.Q[0]], axis=1)
    z = np.column_stack([np.nan_to_num(values - patterns.origin), np.ones(len(values))])
    out = np.empty((len(values), ram.q))
    likelihood = patterns.likelihood()
    at = 0
    for part in likelihood.chunks(1):
        V = part.inverses(implied.sigma)[0][0]
        for one in V:
            rows = patterns.rows[at]
            KV = K.T @ one
            out[rows] = implied.scores(KV, z[rows], KV @ K)
            at += 1
    return out
