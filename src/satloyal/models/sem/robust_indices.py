"""Modification indices where the discrepancy weighs moments wrongly: ULS, DWLS, and ordinal items by WLSMV.

Candidates join the parameter table with their fixed values, and the slopes and Jacobians of that larger
model are taken at the solution of the smaller one. With a = Δ_c − Δ_θ (Δ_θᵀWΔ_θ)⁻¹ Δ_θᵀWΔ_c, what a
candidate adds to the moments beyond the free parameters, and r the residuals, u = aᵀWr has mean zero and
variance aᵀWΓWa/n where the model holds (Satorra 1989, *Psychometrika* 54:131-151).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from satloyal.errors import FitError
from satloyal.models.sem.estimate import Problem
from satloyal.models.sem.implied import model_matrices
from satloyal.models.sem.ordinal_fit import ordinal_blocks
from satloyal.models.sem.robust_fit import moment_blocks
from satloyal.models.sem.vector import vector_jacobian

if TYPE_CHECKING:
    from satloyal.models.sem.result import SemFit
    from satloyal.spec.parameter import Parameter
    from satloyal.spec.table import ParameterTable

__all__ = ["larger_problem", "robust_indices"]

Array = NDArray[Any]

_IDENTIFIED = 1e-6


def robust_indices(
    fit: SemFit, candidates: Sequence[Sequence[Parameter]]
) -> list[tuple[Array, Array, Array]]:
    """Return naive index, robust index and expected change of each group's candidates.

    Parameters
    ----------
    fit : SemFit
        By least squares, from rows.
    candidates : sequence of sequence of Parameter
        Fixed parameters, group by group.

    Returns
    -------
    list of (mi, mi_robust, epc), shapes (C,)
        NaN where a candidate would not be identified.

    Raises
    ------
    FitError
        The data came as moments: their spread is not known.
    """
    if not fit.input.spread_known:
        raise FitError(
            f"modification indices of {fit.estimator} need the spread of the moments, and so the rows",
            where="modindices", fix="fit to the rows, to moments with fourth=True, or with 'ML' or 'GLS'",
        )  # fmt: skip
    flat = [row for rows in candidates for row in rows]
    table = _larger(fit.table, flat)
    q = fit.table.q
    theta = np.r_[fit.theta, [0.0 if r.value is None else r.value for r in flat]]
    problem, deltas = larger_problem(fit, table, theta)
    found = problem(theta[None], np.zeros(1, int), "expected")
    n, half = fit.effective_n, fit.effective_n / 2
    score, H = -half * found.gradient[0][q:], half * found.hessian[0]
    C = _bread(fit, H[:q, :q])
    own = np.diagonal(H)[q:]
    lift = H[q:, :q] @ C
    V = own - np.einsum("cq,cq->c", lift, H[q:, :q])
    V = np.where(_IDENTIFIED * own < V, V, np.nan)
    spread = np.concatenate([-lift, np.eye(len(flat))], axis=1)  # a = Δ spreadᵀ
    meat = np.zeros(len(flat))
    blocks = ordinal_blocks(fit) if fit.input.ordinal is not None else moment_blocks(fit)
    for block, delta in zip(blocks, deltas, strict=True):
        weighed = block.weighted(delta @ spread.T)
        meat += n * block.share * np.einsum("kc,kc->c", weighed, block.gamma @ weighed)
    with np.errstate(invalid="ignore", divide="ignore"):
        naive, robust, change = score**2 / V, np.where(np.isfinite(V), score**2 / meat, np.nan), score / V
    edges = np.cumsum([len(rows) for rows in candidates])[:-1]
    return list(zip(np.split(naive, edges), np.split(robust, edges), np.split(change, edges), strict=True))


def _larger(table: ParameterTable, candidates: Sequence[Parameter]) -> ParameterTable:
    """Return the table with candidates free, after its own parameters."""
    number = {id(row): table.q + i + 1 for i, row in enumerate(candidates)}
    freed = [
        replace(row, free=number.pop(id(row)), value=None) if id(row) in number else row for row in table.rows
    ]
    added = [replace(row, free=number[id(row)], value=None) for row in candidates if id(row) in number]
    return replace(table, rows=(*freed, *added))


def larger_problem(fit: SemFit, table: ParameterTable, theta: Array) -> tuple[Problem, list[Array]]:
    """Pose the larger model's problem, and return its Jacobian at θ in each group."""
    assert fit.weights is not None  # noqa: S101 - least squares has weights
    ordinal = fit.input.ordinal
    if ordinal is not None:
        rams = ordinal.rams(table)
        responses = ordinal.responses(table, rams)
        return ordinal.problem(table, rams, fit.weights), [r.at(theta[None]).jacobian[0] for r in responses]
    rams = model_matrices(table)
    groups = fit.sample.groups
    deltas = [
        vector_jacobian(ram.implied(theta[None], g.cov, g.mean))[0]
        for ram, g in zip(rams, groups, strict=True)
    ]
    return Problem.of(rams, fit.sample, fit.likelihood, fit.weights), deltas


def _bread(fit: SemFit, information: Array) -> Array:
    """Inverse information of the free parameters, along the directions that constraints leave."""
    N = fit.tangent
    if N is None:
        return np.linalg.inv(information)
    return np.asarray(N @ np.linalg.inv(N.T @ information @ N) @ N.T)
