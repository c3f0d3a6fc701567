"""Latent responses: from implied moments to thresholds and correlations of ordinal items, with derivatives.

An item with categories 1, 2, … is a latent response y* cut at thresholds τ (Muthén 1984, *Psychometrika*
49:115-132). Data say nothing about the mean and the variance of y*, so statistics are those of d y* with
d such that its variance is one: d (τ − μ) for thresholds and d_i d_j σ_ij for covariances. In the delta
parameterisation d is a parameter (one, but for later groups of equal thresholds), and the residual variance
is what is left; in the theta parameterisation the residual variance is the parameter, and d = σ_ii^(-1/2)
(Muthén & Asparouhov 2002, Mplus Web Notes 4).

Given covariates x, statistics are those of what is left of y* given x, with a residual variance of one:
besides thresholds and residual covariances the slopes d π of y* on x. Covariates with a mean of zero, a
variance of one and no covariances stand for them: then cov(y*, x) = Π, and the residual covariances are
Σ_yy − ΠΠ′. So slopes are to covariates what the means are to the constant.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from satloyal.core.ordinal_layout import Layout

if TYPE_CHECKING:
    from satloyal.models.sem.implied import Implied, Ram
    from satloyal.spec.table import ParameterTable

__all__ = ["Response", "ResponsePoint"]

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Response:
    """One group's statistics as functions of θ.

    Parameters
    ----------
    layout : Layout
        Order of the K statistics.
    inner : Ram
        The group's matrices as functions of its own r parameters alone.
    used : ndarray of int, shape (r,)
        Position of those parameters in θ.
    tau : ndarray, shape (T,)
        Fixed thresholds; zero for free ones and for means.
    tau_row, tau_free : ndarray of int, shape (t,)
        Places of free thresholds among the statistics, and in θ.
    scale : ndarray, shape (p,)
        Fixed scales d of the delta parameterisation.
    scale_item, scale_free : ndarray of int, shape (s,)
        Items with a free scale, and its position in θ.
    theta_scaled : bool
        Theta parameterisation: d follows from the implied variance.
    q : int
        Length of θ.
    cut_free : bool
        Thresholds are left out of the statistics.
    """

    layout: Layout
    inner: Ram
    used: Array
    tau: Array
    tau_row: Array
    tau_free: Array
    scale: Array
    scale_item: Array
    scale_free: Array
    theta_scaled: bool
    q: int
    cut_free: bool = False

    @classmethod
    def of(cls, table: ParameterTable, ram: Ram, layout: Layout, group: int, *, theta: bool) -> Response:
        """Lay out one group; ``group`` counts from 1."""
        at = {name: i for i, name in enumerate(layout.names)}
        place = {
            (int(v), int(k)): row
            for row, (v, k) in enumerate(zip(layout.th_variable, layout.th_number, strict=True))
        }
        tau, scale = np.zeros(layout.n_th), np.ones(len(layout.names))
        cuts: list[tuple[int, int]] = []
        scales: list[tuple[int, int]] = []
        for row in table.rows:
            if row.group != group:
                continue
            if row.op == "|":
                k = place[at[row.lhs], int(row.rhs[1:]) - 1]
                tau[k] = row.value or 0.0
                if row.free:
                    cuts.append((k, row.free - 1))
            elif row.op == "~*~" and not theta:
                scale[at[row.lhs]] = 1.0 if row.value is None else row.value
                if row.free:
                    scales.append((at[row.lhs], row.free - 1))
        inner, used = ram.reduced()
        rows, frees = np.array(cuts, dtype=int).reshape(-1, 2).T
        items, scale_free = np.array(scales, dtype=int).reshape(-1, 2).T
        return cls(layout, inner, used, tau, rows, frees, scale, items, scale_free, theta, table.q)

    @cached_property
    def moved_by(self) -> Array:
        """Nodes of the constant and of the covariates, on which means and slopes are, shape (1 + k,)."""
        p, k = len(self.layout.names), len(self.layout.covariates)
        return np.concatenate([[self.inner.manifest - 1], np.arange(p, p + k)])

    @cached_property
    def sign(self) -> Array:
        """1 for thresholds and means, from which the mean is taken away; −1 for slopes, shape (T,)."""
        return np.where(self.layout.th_covariate < 0, 1.0, -1.0)

    @cached_property
    def cut(self) -> Array:
        """Which of the first T statistics are thresholds."""
        return np.asarray(self.layout.th_number >= 0)

    def without_cuts(self, kept: Array) -> Response:
        """Return the statistics without thresholds, as functions of some of θ (positions, shape (r,))."""
        none = np.zeros(0, dtype=int)
        return replace(
            self,
            used=np.searchsorted(kept, self.used),
            scale_free=np.searchsorted(kept, self.scale_free),
            tau_row=none,
            tau_free=none,
            q=len(kept),
            cut_free=True,
        )

    @cached_property
    def rest(self) -> Array:
        """Which statistics are used: all, or all but thresholds."""
        out = np.ones(self.layout.size, dtype=bool)
        if self.cut_free:
            out[: self.layout.n_th] = ~self.cut
        return out

    @cached_property
    def simple(self) -> bool:
        """Whether statistics are correlations whose scale and means no parameter touches."""
        means = self.inner.a_free.column == self.inner.manifest - 1
        apart = self.cut_free and not self.theta_scaled and not len(self.scale_item)
        whole = len(self.used) == self.q and not len(self.layout.numeric) and not self.layout.covariates
        return bool(apart and whole and not means.any())

    def at(self, theta: Array) -> ResponsePoint:
        """Return latent responses at θ, shape (B, q)."""
        observed, p = self.inner.observed, len(self.layout.names)
        # covariates in units in which they have no moments to know of
        implied = self.inner.implied(theta[:, self.used], np.eye(observed), np.zeros(observed))
        mean = implied.sigma[:, :p, self.moved_by]
        cov = implied.sigma[:, :p, :p] - mean @ mean.transpose(0, 2, 1)
        d = np.tile(self.scale.astype(theta.dtype), (len(theta), 1))
        if self.theta_scaled:
            items = self.layout.ordered
            variance = np.diagonal(cov, axis1=1, axis2=2)[:, items]
            d[:, items] = 1 / np.sqrt(np.where(np.real(variance) > 0, variance, np.nan))
        d[:, self.scale_item] = theta[:, self.scale_free]
        tau = np.tile(self.tau.astype(theta.dtype), (len(theta), 1))
        tau[:, self.tau_row] = theta[:, self.tau_free]
        return ResponsePoint(self, implied, mean, cov, d, tau)


@dataclass(frozen=True, eq=False)
class ResponsePoint:
    """Latent responses at θ.

    Parameters
    ----------
    response : Response
    implied : Implied
    mean : ndarray, shape (B, p, 1 + k)
        Means of the latent responses, before scaling, and their slopes on covariates.
    cov : ndarray, shape (B, p, p)
        Their covariances, given covariates.
    d : ndarray, shape (B, p)
        Scales.
    tau : ndarray, shape (B, T)
        Thresholds.
    """

    response: Response
    implied: Implied
    mean: Array
    cov: Array
    d: Array
    tau: Array

    @cached_property
    def gap(self) -> Array:
        """Thresholds from the mean, τ − μ, shape (B, T); −μ for continuous variables; slopes."""
        layout = self.response.layout
        of = self.mean[:, layout.th_variable, layout.th_covariate + 1]
        return np.asarray(self.tau - self.response.sign * of)

    @cached_property
    def statistics(self) -> Array:
        """Implied statistics, shape (B, K)."""
        layout = self.response.layout
        i, j, v = layout.first, layout.second, layout.numeric
        pairs = self.cov[:, i, j] * self.d[:, i] * self.d[:, j]
        th = self.gap * self.d[:, layout.th_variable]
        return np.concatenate([th, self.cov[:, v, v], pairs], axis=1)[:, self.response.rest]

    @cached_property
    def moments(self) -> tuple[Array, Array]:
        """Implied covariances (B, p, p) and means (B, p, 1 + k), with latent responses of variance one."""
        cov = self.cov * self.d[:, :, None] * self.d[:, None, :]
        items = np.flatnonzero(self.response.layout.ordered)
        cov[:, items, items] = 1.0
        return cov, self.mean * self.d[:, :, None]

    @cached_property
    def _slopes(self) -> tuple[Array, Array, Array]:
        """Derivatives of means (B, p, 1 + k, r), covariances (B, p, p, r) and scales (B, p, r)."""
        p = len(self.response.layout.names)
        whole = self.implied.dense()
        mean = whole[:, :p, self.response.moved_by]
        crossed = np.einsum("bic,bjcr->bijr", self.mean, mean)
        cov = whole[:, :p, :p] - crossed - crossed.transpose(0, 2, 1, 3)
        scale = np.zeros_like(mean[:, :, 0])
        if self.response.theta_scaled:
            items = np.flatnonzero(self.response.layout.ordered)
            scale[:, items] = -0.5 * self.d[:, items, None] ** 3 * cov[:, items, items]
        return mean, cov, scale

    @cached_property
    def jacobian(self) -> Array:
        """∂ statistics / ∂θ, shape (B, K, q)."""
        response, layout = self.response, self.response.layout
        if response.simple:
            i, j = layout.first, layout.second
            out = self.implied.pairs(i, j)
            out *= (self.d[:, i] * self.d[:, j])[:, :, None]
            return out
        mean, cov, scale = self._slopes
        i, j, v, own = layout.first, layout.second, layout.numeric, layout.th_variable
        T = layout.n_th
        out = np.zeros((len(self.d), layout.size, response.q), dtype=self.d.dtype)
        by_mean = response.sign[:, None] * mean[:, own, layout.th_covariate + 1]
        th = self.gap[:, :, None] * scale[:, own] - self.d[:, own, None] * by_mean
        pairs = (self.d[:, i] * self.d[:, j])[:, :, None] * cov[:, i, j]
        if response.theta_scaled:
            pairs += self.cov[:, i, j, None] * (
                self.d[:, j, None] * scale[:, i] + self.d[:, i, None] * scale[:, j]
            )
        out[:, :, response.used] = np.concatenate([th, cov[:, v, v], pairs], axis=1)
        rows = response.tau_row
        out[:, rows, response.tau_free] += self.d[:, own[rows]]
        start = T + len(v)
        for item, place in zip(response.scale_item, response.scale_free, strict=True):
            cuts = np.flatnonzero(own == item)
            out[:, cuts, place] += self.gap[:, cuts]
            for side, other in ((i, j), (j, i)):
                at = np.flatnonzero(side == item)
                out[:, start + at, place] += self.cov[:, i[at], j[at]] * self.d[:, other[at]]
        return out[:, response.rest] if response.cut_free else out

    def curvature(self, slope: Array) -> Array:
        """Return Σ_k g_k ∂²statistic_k/∂θ∂θ for weights g, shapes (B, K) → (B, q, q).

        Statistics are linear in thresholds, bilinear in scales, means and covariances: what is left of the
        second derivatives are products of first ones, and the curvature of the implied moments.
        """
        response, layout = self.response, self.response.layout
        p, T, own = len(layout.names), layout.n_th, layout.th_variable
        v = layout.numeric
        batch = len(slope)
        if response.cut_free:
            whole = np.zeros((batch, layout.size))
            whole[:, response.rest] = slope
            slope = whole
        g = np.zeros((batch, p, p))
        g[:, layout.first, layout.second] = slope[:, T + len(v) :]
        g = g + g.transpose(0, 2, 1)
        owner = np.equal.outer(own, np.arange(p)).astype(float)
        moved_by = np.equal.outer(layout.th_covariate + 1, np.arange(len(response.moved_by)))
        # Σ over cuts of an item, and its slopes, of g
        th = np.einsum("bt,tp,tc->bpc", slope[:, :T] * response.sign, owner, moved_by.astype(float))
        tau = np.zeros((batch, p, response.q))
        for row, place in zip(response.tau_row, response.tau_free, strict=True):
            tau[:, own[row], place] += slope[:, row]
        by_scale = np.einsum("bij,bj,bij->bi", g, self.d, self.cov) + (slope[:, :T] * self.gap) @ owner
        # ∂/∂Σ and ∂/∂μ of the weighted sum, whose own curvature the implied moments know
        inner = 0.5 * g * self.d[:, :, None] * self.d[:, None, :]
        inner[:, v, v] += slope[:, T : T + len(v)]
        items = np.flatnonzero(layout.ordered)
        if response.theta_scaled:
            inner[:, items, items] += by_scale[:, items] * -0.5 * self.d[:, items] ** 3
        out = np.zeros((batch, response.q, response.q))
        at = np.ix_(np.arange(batch), response.used, response.used)
        out[at] = self._moment_curvature(inner, -th * self.d[:, :, None])
        if not response.theta_scaled and not len(response.scale_item):
            return out
        mean, cov, scale = self._wide_slopes
        # products of first derivatives
        moved = tau - np.einsum("bic,bicq->biq", th, mean) + np.einsum("bij,bj,bijq->biq", g, self.d, cov)
        crossed = scale.transpose(0, 2, 1) @ moved
        out += crossed + crossed.transpose(0, 2, 1) + scale.transpose(0, 2, 1) @ (g * self.cov) @ scale
        if response.theta_scaled:
            own_cov = cov[:, items, items]
            second = 0.75 * self.d[:, items] ** 5 * by_scale[:, items]
            out += own_cov.transpose(0, 2, 1) @ (second[:, :, None] * own_cov)
        return out

    @property
    def _wide_slopes(self) -> tuple[Array, Array, Array]:
        """Slopes by all of θ, shapes (B, p, 1 + k, q), (B, p, p, q) and (B, p, q)."""
        response = self.response
        out = []
        for part in self._slopes:
            wide = np.zeros((*part.shape[:-1], response.q))
            wide[..., response.used] = part
            out.append(wide)
        mean, cov, scale = out
        scale[:, response.scale_item, response.scale_free] += 1.0
        return mean, cov, scale

    def _moment_curvature(self, inner: Array, by_mean: Array) -> Array:
        """Σ (∂F/∂Σ_ij) ∂²Σ_ij + Σ (∂F/∂μ_ic) ∂²μ_ic, shape (B, r, r), as borders of augmented moments."""
        p, at = len(self.response.layout.names), self.response.moved_by
        ram = self.implied.ram
        G = np.zeros((len(inner), ram.manifest, ram.manifest))
        G[:, :p, :p] = inner
        border = by_mean / 2 - inner @ self.mean
        G[:, :p, at] = border
        G[:, at, :p] = border.transpose(0, 2, 1)
        pairs = np.zeros((len(inner), len(ram.plan.upper[0])))
        self.implied.add_curvature(pairs, self.implied.contract(G))
        curved = self.implied.matrix(pairs)
        if self.response.simple:
            return np.asarray(curved)
        slopes = self._slopes[0]
        return np.asarray(curved - 2 * np.einsum("bicr,bij,bjcs->brs", slopes, inner, slopes, optimize=True))
