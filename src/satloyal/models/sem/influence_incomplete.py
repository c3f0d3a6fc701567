"""Influence in incomplete rows: a step without each respondent, from the row's own slope and curvature."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from satloyal.core.em import saturated_batch
from satloyal.core.incomplete import IncompleteRows
from satloyal.core.linalg import solve_symmetric, vech_indices
from satloyal.core.saturated import saturated_information, saturated_scores
from satloyal.models.sem.constrain import restart_restricted
from satloyal.models.sem.factor_scores import measured_part
from satloyal.models.sem.fiml_bootstrap import IncompleteDraws, restart_incomplete
from satloyal.models.sem.implied import Implied, augmented

if TYPE_CHECKING:
    from satloyal.core.patterns import Patterns
    from satloyal.models.sem.result import SemFit

__all__ = ["LeftOut", "distances_incomplete", "left_out_exactly", "left_out_in_one_step"]

Array = NDArray[Any]

_VALUES = 4_000_000  # numbers that a block of respondents may hold at once
_TOLERANCE = 1e-9
_RANK = 1e-10


@dataclass(frozen=True, eq=False)
class LeftOut:
    """Solutions without each of n respondents, and what they are worth.

    Parameters
    ----------
    theta : ndarray, shape (n, q)
    distance, displacement, chisq_change : ndarray, shape (n,)
        Generalised Cook's distance, likelihood displacement, and χ² with everybody minus χ² without.
    """

    theta: Array
    distance: Array
    displacement: Array
    chisq_change: Array


def left_out_in_one_step(fit: SemFit, rows: IncompleteRows) -> LeftOut:
    """Take one Newton step from the solution with everybody.

    With S = Σ wᵢfᵢ minus twice the log-likelihood, fᵢ a row's part, gᵢ its slope and Hᵢ its curvature, the
    step is (S'' − wᵢHᵢ)⁻¹(−wᵢgᵢ). χ² without a respondent comes from the same expansion of the saturated
    model, whose curvature is that of everybody.
    """
    n, q = len(rows.values), fit.table.q
    out = LeftOut(np.empty((n, q)), *(np.empty(n) for _ in range(3)))
    N = np.eye(q) if fit.tangent is None else fit.tangent
    whole = fit.effective_n * fit.observed_hessian
    weights = np.ones(n) if rows.weights is None else rows.weights
    incomplete = fit.input.incomplete
    assert incomplete is not None  # noqa: S101 - callers have incomplete rows
    for g, (ram, patterns, full) in enumerate(
        zip(fit.rams, incomplete.patterns, incomplete.saturated, strict=True)
    ):
        members = np.flatnonzero(rows.codes == g)
        implied = ram.implied(fit.theta[None], full.cov, full.mean, patterns.origin)
        values = rows.values[members]
        gained = _saturated_gain(fit, values, patterns, g)
        saturated = augmented(full.cov, full.mean - patterns.origin)[None]
        for which, V, logdet in _inverted(patterns, saturated, implied.ram.plan.width**2 + q * q):
            z = _rows(values[which], patterns.origin)
            at = members[which]
            out.chisq_change[at] = -(logdet + _form(z, V))  # the saturated part; the model's follows
        for which, V, logdet in _inverted(patterns, implied.sigma, implied.ram.plan.width**2 + q * q):
            z = _rows(values[which], patterns.origin)
            at = members[which]
            w = weights[at]
            slope, curvature = _row_derivatives(implied, V, z)
            hessian = whole - w[:, None, None] * curvature
            slope = -w[:, None] * slope
            step = solve_symmetric(N.T @ hessian @ N, slope @ N) @ N.T
            out.theta[at] = fit.theta - step
            out.distance[at] = np.einsum("bq,bqr,br->b", step, hessian, step) / 2
            out.displacement[at] = np.einsum("bq,qr,br->b", step, whole, step) / 2
            misfit = w * (logdet + _form(z, V) + out.chisq_change[at])
            out.chisq_change[at] = misfit + np.sum(slope * step, axis=1) / 2 - w**2 * gained[which]
    return out


def _rows(values: Array, origin: Array) -> Array:
    return np.column_stack([np.nan_to_num(values - origin), np.ones(len(values))])


def _form(z: Array, V: Array) -> Array:
    return np.asarray(np.einsum("ni,nij,nj->n", z, V, z))


def _inverted(patterns: Patterns, sigma: Array, width: int) -> Iterator[tuple[Array, Array, Array]]:
    """Yield blocks of rows with the inverse of what each has, (m, a, a), and its log determinant, (m,)."""
    first = 0
    for part in patterns.likelihood().chunks(1):
        V, logdet, _ = part.inverses(sigma)
        here = range(first, first + len(part.observed))
        rows = np.concatenate([patterns.rows[k] for k in here])
        code = np.repeat(np.arange(len(here)), [len(patterns.rows[k]) for k in here])
        first += len(part.observed)
        block = max(1, _VALUES // max(width, 1))
        for start in range(0, len(rows), block):
            own = code[start : start + block]
            yield rows[start : start + block], V[0, own], logdet[0, own]


def _row_derivatives(implied: Implied, V: Array, z: Array) -> tuple[Array, Array]:
    """Slope (m, q) and curvature (m, q, q) of log|Σ_o| + zᵀVz of each row."""
    size = len(z)
    r = np.einsum("nij,nj->ni", V, z)
    KVK = implied.contract(V)
    KGK = implied.contract(V - r[:, :, None] * r[:, None, :])
    pairs = implied.product(KVK, KVK - 2 * KGK)
    E, P = (np.broadcast_to(x, (size, *x.shape[1:])) for x in (implied.E, implied.P))
    replace(implied, E=E, P=P).add_curvature(pairs, KGK)
    return implied.gradient(KGK), implied.matrix(pairs)


def _saturated_gain(fit: SemFit, values: Array, patterns: Patterns, g: int) -> Array:
    """Half of what the saturated model gains by following the loss of a row of weight one, shape (n_g,)."""
    incomplete = fit.input.incomplete
    assert incomplete is not None  # noqa: S101
    full = incomplete.saturated[g]
    p = len(full.mean)
    x = np.isin(np.arange(p), fit._group_fits()[g].fixed_x)
    low, high = vech_indices(p)
    free = ~np.r_[x, x[low] & x[high]]  # moments of given covariates are nobody's to move
    scores = saturated_scores(values, patterns, full.mean, full.cov)[:, free]
    information = saturated_information(patterns, full.mean, full.cov)[np.ix_(free, free)]
    return np.asarray(np.einsum("nk,nk->n", scores, np.linalg.solve(information, scores.T).T) / patterns.n)


def left_out_exactly(fit: SemFit, rows: IncompleteRows) -> LeftOut:
    """Refit without each respondent, as a batch."""
    n, q = len(rows.values), fit.table.q
    out = LeftOut(np.full((n, q), np.nan), *(np.full(n, np.nan) for _ in range(3)))
    weights = np.ones(n) if rows.weights is None else rows.weights
    draws = IncompleteDraws(fit, "nonparametric")
    incomplete, hessian = draws.incomplete, fit.observed_hessian
    width = sum(p.second.size for p in incomplete.patterns) + q * q
    block = max(1, _VALUES // width)
    for g in range(fit.ngroups):
        members = np.flatnonzero(rows.codes == g)
        full = incomplete.saturated[g]
        for start in range(0, len(members), block):
            here = np.arange(start, min(start + block, len(members)))
            at = members[here]
            batch = draws.without(g, here, float(weights[at].mean()))
            size, everyone = fit.effective_n - weights[at], np.arange(len(at))
            if fit.restrictions is None:
                found = restart_incomplete(batch.problem, fit.theta, hessian, fit.theta, tolerance=_TOLERANCE)
            else:
                found = restart_restricted(
                    batch.problem, fit.restrictions, batch.covs, fit.theta, hessian, fit.theta,
                    tolerance=_TOLERANCE,
                )  # fmt: skip
            theta = np.where(found.converged[:, None], found.theta, np.nan)
            step = fit.theta - theta
            bend = batch.problem(found.theta, everyone, "observed").hessian
            out.theta[at] = theta
            out.distance[at] = size / 2 * np.einsum("bq,bqr,br->b", step, bend, step)
            displaced = np.array([float(fit.problem.value(t[None])[0]) for t in theta])
            out.displacement[at] = fit.effective_n * (displaced - fit.value)
            likelihood = draws.likelihood_without(g, here)
            begin = augmented(full.cov, full.mean - incomplete.patterns[g].origin)
            _, reached, _, good = saturated_batch(likelihood, np.tile(begin, (len(at), 1, 1)))
            reached = np.where(good, reached, np.nan)
            less = batch.problem.value(theta) + batch.problem.terms[g].share * (full.value - reached)
            out.chisq_change[at] = fit.effective_n * fit.value - size * less
    return out


def distances_incomplete(fit: SemFit, rows: IncompleteRows) -> tuple[Array, Array, str]:
    """Distances of answers, factors and residuals on what each row has, by pattern.

    Returns
    -------
    distances : ndarray, shape (n, 3)
        Mahalanobis distance from the saturated mean, leverage, residual.
    df : ndarray, shape (n, 3)
    note : str
        Which of them do not exist, and why.
    """
    n, p = rows.values.shape
    out, df = np.full((n, 3), np.nan), np.full((n, 3), np.nan)
    incomplete = fit.input.incomplete
    assert incomplete is not None  # noqa: S101 - callers have incomplete rows
    reasons = []
    for g, (sigma, mu) in enumerate(fit._implied):
        assert mu is not None  # noqa: S101 - incomplete rows always come with a mean structure
        members = np.flatnonzero(rows.codes == g)
        patterns = incomplete.patterns[g]
        out[members, 0] = incomplete.distances(rows.values[members], g)
        df[members, 0] = (~np.isnan(rows.values[members])).sum(axis=1)
        columns, reason = measured_part(fit, g)
        if columns is None:
            reasons.append(reason)
            continue
        lost = 0
        for which, whole, _ in _inverted(patterns, augmented(sigma, np.zeros(p))[None], p * p):
            at, V = members[which], whole[:, :p, :p]
            z = np.nan_to_num(rows.values[at] - mu)
            weighed = V @ columns
            inner = columns.T @ weighed
            known = _definite(inner)
            lost += int((~known).sum())
            projected = np.einsum("ni,nik->nk", z, weighed)[known]
            found = np.linalg.solve(inner[known], projected[..., None])[..., 0]
            out[at[known], 1] = np.einsum("nk,nk->n", projected, found)
            total = np.einsum("ni,nij,nj->n", z, V, z)[known]
            out[at[known], 2] = np.maximum(total - out[at[known], 1], 0.0)
            df[at[known], 1] = columns.shape[1]
            df[at[known], 2] = df[at[known], 0] - columns.shape[1]
        if lost:
            reasons.append(f"{lost} respondents answered too little to tell leverage from residual")
    return out, df, "; ".join(dict.fromkeys(reasons))


def _definite(inner: Array) -> Array:
    scale = np.sqrt(np.maximum(np.diagonal(inner, axis1=1, axis2=2), 1e-300))
    return np.asarray(np.linalg.eigvalsh(inner / (scale[:, :, None] * scale[:, None, :]))[:, 0] > _RANK)
