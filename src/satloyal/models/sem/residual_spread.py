"""How residuals of moments vary: their asymptotic covariance matrix, once for all estimators.

With Q = I − Δ(ΔᵀWΔ)⁻¹ΔᵀW residuals e = s − σ(θ̂) have the covariance matrix QΓQᵀ/n (Browne 1984, *Br. J. Math.
Stat. Psychol.* 37:62-83; Ogasawara 2001, *Psychometrika* 66:421-436). Groups that share parameters move one
another's residuals.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from satloyal.core.linalg import vech_indices
from satloyal.core.saturated import saturated_information, saturated_scores
from satloyal.errors import FitError
from satloyal.models.sem import inference
from satloyal.models.sem.estimators import estimator_named
from satloyal.models.sem.ordinal_fit import ordinal_blocks
from satloyal.models.sem.robust import Block, normal_weight
from satloyal.models.sem.vector import vector_jacobian
from satloyal.models.sem.weights import moment_gammas

if TYPE_CHECKING:
    from satloyal.models.sem.incomplete import Incomplete
    from satloyal.models.sem.result import SemFit

__all__ = ["Spread"]

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Spread:
    """What makes the residuals of a fit vary.

    Parameters
    ----------
    blocks : tuple of Block
        Δ by θ, W and Γ of each group.
    sizes : tuple of float
        Respondents of each group, or the sums of their weights.
    vcov : ndarray, shape (q, q)
        Covariance matrix of the estimates that the fit reports.
    tangent : ndarray, shape (q, k), optional
        Directions that active constraints leave.
    """

    blocks: tuple[Block, ...]
    sizes: tuple[float, ...]
    vcov: Array
    tangent: Array | None

    @classmethod
    def of(cls, fit: SemFit) -> Spread:
        """Collect Δ, W and Γ of each group.

        Raises
        ------
        FitError
            The information is singular, or the spread of the moments is not known.
        """
        if not np.isfinite(fit.vcov).all():
            raise FitError(
                "the information is singular, so that residuals have no standard errors", where="residuals",
                fix="see the check 'identification', or use kind='cor'",
            )  # fmt: skip
        sizes = tuple(float(g.size) for g in fit.sample.groups)
        shares = [size / sum(sizes) for size in sizes]
        if fit.input.incomplete is not None:
            blocks = _incomplete(fit, fit.input.incomplete, shares)
        elif fit.input.ordinal is not None:
            blocks = _ordinal(fit, shares)
        else:
            blocks = _continuous(fit, shares)
        return cls(tuple(blocks), sizes, fit.vcov, fit.tangent)

    @cached_property
    def bread(self) -> Array:
        """(ΔᵀWΔ)⁻¹ over all groups, along the directions that constraints leave."""
        information = sum(b.share * b.delta.T @ b.weighted(b.delta) for b in self.blocks)
        return inference.vcov_of(np.asarray(information), 1.0, self.tangent)

    def covariance(self, number: int) -> Array:
        """Return the covariance matrix of one group's residuals, shape (K, K)."""
        own = self.blocks[number]
        pull = own.delta @ self.bread
        out = np.zeros((len(pull), len(pull)))
        for g, (block, size) in enumerate(zip(self.blocks, self.sizes, strict=True)):
            carried = block.share * pull @ block.weighted(block.delta).T
            maker = np.eye(len(pull)) - carried if g == number else carried
            out += maker @ block.gamma @ maker.T / size
        return (out + out.T) / 2

    def variances(self, number: int) -> Array:
        """Return the diagonal of :meth:`covariance`, shape (K,)."""
        return np.diagonal(self.covariance(number))

    def hausman(self, number: int) -> Array:
        """Return Γ/n − ΔVΔᵀ's diagonal, V the covariance matrix of the estimates, shape (K,)."""
        own = self.blocks[number]
        taken = np.einsum("kq,qr,kr->k", own.delta, self.vcov, own.delta, optimize=True)
        return np.asarray(np.diagonal(own.gamma) / self.sizes[number] - taken)

    def without_model(self, number: int) -> Array:
        """Return the variances of the sample moments themselves, shape (K,)."""
        return np.diagonal(self.blocks[number].gamma) / self.sizes[number]


def _ordinal(fit: SemFit, shares: list[float]) -> list[Block]:
    ordinal = fit.input.ordinal
    assert ordinal is not None  # noqa: S101 - callers ask only then
    responses = ordinal.responses(fit.table, fit.rams)
    deltas = [r.at(fit.theta[None]).jacobian[0] for r in responses]
    return [
        Block(share, delta, block.weight, block.gamma)
        for share, delta, block in zip(shares, deltas, ordinal_blocks(fit), strict=True)
    ]


def _continuous(fit: SemFit, shares: list[float]) -> list[Block]:
    x = tuple(fit.table.observed.index(name) for name in fit.table.exogenous)
    # what weighs moments by the data's own spread, or by none, has no normal theory to fall back on
    own = estimator_named(fit.estimator).discrepancy in ("ULS", "DWLS", "WLS")
    known = fit.input.spread_known and (own or fit.vcov_kind in ("robust", "robust.sem"))
    gammas = moment_gammas(fit.input, means=fit.table.meanstructure, fixed_x=x) if known else None
    out = []
    for g, (ram, group) in enumerate(zip(fit.rams, fit.sample.groups, strict=True)):
        delta = vector_jacobian(ram.implied(fit.theta[None], group.cov, group.mean))[0]
        if fit.weights is None:
            weight = normal_weight(fit._implied[g][0], means=fit.table.meanstructure)
        else:
            weight = fit.weights[g]
        out.append(Block(shares[g], delta, weight, _normal_gamma(fit, g) if gammas is None else gammas[g]))
    return out


def _incomplete(fit: SemFit, incomplete: Incomplete, shares: list[float]) -> list[Block]:
    """Weigh by the observed information at the implied moments; the moments vary by that at their own.

    Under MLR they vary by the sandwich of it and the casewise scores.
    """
    out = []
    rows = fit.input.rows
    assert rows is not None  # noqa: S101 - incomplete samples have rows
    use = _modelled(fit)
    at = np.ix_(use, use)
    for g, (ram, p, s) in enumerate(zip(fit.rams, incomplete.patterns, incomplete.saturated, strict=True)):
        delta = vector_jacobian(ram.implied(fit.theta[None], s.cov, s.mean))[0]
        weight, gamma = np.zeros((len(use), len(use))), np.zeros((len(use), len(use)))
        sigma, mu = fit._implied[g]
        assert mu is not None  # noqa: S101 - incomplete rows always come with a mean structure
        weight[at] = saturated_information(p, mu, sigma)[at]
        inverse = np.linalg.inv(saturated_information(p, s.mean, s.cov)[at])
        gamma[at] = inverse
        if fit.vcov_kind == "robust":
            mask = rows.codes == g
            scores = saturated_scores(rows.values[mask], p, s.mean, s.cov)[:, use]
            if rows.weights is not None:
                scores = scores * rows.weights[mask][:, None]
            clusters = None if fit.input.clusters is None else fit.input.clusters[mask]
            if clusters is not None:
                clusters = np.unique(clusters, return_inverse=True)[1]
            scores = inference.summed_scores(scores, clusters)
            gamma[at] = inverse @ (scores.T @ scores / p.n) @ inverse
        out.append(Block(shares[g], delta, weight, gamma))
    return out


def _modelled(fit: SemFit) -> Array:
    """Which means and covariances are not those of covariates that are taken as given, shape (K,)."""
    p = len(fit.table.observed)
    x = [fit.table.observed.index(name) for name in fit.table.exogenous]
    low, high = vech_indices(p)
    return np.asarray(np.r_[~np.isin(np.arange(p), x), ~(np.isin(low, x) & np.isin(high, x))])


def _normal_gamma(fit: SemFit, number: int) -> Array:
    """Γ of normal theory at the sample moments; nil for what fixed covariates give."""
    S = fit.sample.groups[number].cov
    low, high = vech_indices(len(S))
    gamma = S[np.ix_(low, low)] * S[np.ix_(high, high)] + S[np.ix_(low, high)] * S[np.ix_(high, low)]
    mean = S.copy()
    x = np.array([fit.table.observed.index(name) for name in fit.table.exogenous], dtype=int)
    if len(x):
        given = np.isin(low, x) & np.isin(high, x)
        gamma, mean = _conditional(gamma, given), _conditional(mean, np.isin(np.arange(len(S)), x))
    if not fit.table.meanstructure:
        return np.asarray(gamma)
    p, k = len(S), len(gamma)
    out = np.zeros((p + k, p + k))
    out[:p, :p], out[p:, p:] = mean, gamma
    return out


def _conditional(gamma: Array, given: Array) -> Array:
    """Covariance matrix given some of the variables, which become constants."""
    slope = np.linalg.solve(gamma[np.ix_(given, given)], gamma[given])
    out = gamma - gamma[:, given] @ slope
    out[given] = out[:, given] = 0.0
    return np.asarray(out)
