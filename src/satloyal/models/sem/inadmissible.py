"""Counts replicates whose estimates no population can have."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from satloyal.models.sem.implied import Ram
    from satloyal.models.sem.result import SemFit

__all__ = ["inadmissible"]

Array = NDArray[Any]


def inadmissible(fit: SemFit, theta: Array, covs: list[Array], means: list[Array | None]) -> int:
    """How many replicates have a negative variance or a correlation beyond ±1."""
    variances = sorted({r.free - 1 for r in fit.table.rows if r.op == "~~" and r.lhs == r.rhs and r.free})
    bad = (theta[:, variances] < 0).any(axis=1)
    incomplete = fit.input.incomplete
    beside = [] if incomplete is None else [fit.table.observed.index(name) for name in incomplete.auxiliary]
    for ram, cov, mean in zip(fit.rams, covs, means, strict=True):
        bad |= _beyond_one(ram, fit.table.latent, theta, cov, mean)
        bad |= _residuals_beyond_one(ram, theta, cov, mean, beside)
        if ram.unit is not None and len(theta):  # residual variances that are what is left of one
            S = ram.matrices(theta, cov, mean)[1]
            bad |= (S[:, ram.unit.row, ram.unit.row] < 0).any(axis=1)
    return int(bad.sum())


def _residuals_beyond_one(ram: Ram, theta: Array, cov: Array, mean: Array | None, beside: list[int]) -> Array:
    """Whether a free covariance is beyond what its variances allow, those of auxiliary variables aside."""
    off = ram.s_free.row != ram.s_free.column
    off &= ~(np.isin(ram.s_free.row, beside) | np.isin(ram.s_free.column, beside))
    if not off.any() or not len(theta):
        return np.zeros(len(theta), bool)
    S = ram.matrices(theta, cov, mean)[1]
    i, j = ram.s_free.row[off], ram.s_free.column[off]
    result: Array = (S[:, i, j] ** 2 > np.abs(S[:, i, i] * S[:, j, j]) * (1 + 1e-8)).any(axis=1)
    return result


def _beyond_one(ram: Ram, latent: tuple[str, ...], theta: Array, cov: Array, mean: Array | None) -> Array:
    if len(latent) < 2 or not len(theta):
        return np.zeros(len(theta), bool)
    core = [ram.variables[i] for i in ram.plan.core]
    at = np.array([core.index(name) for name in latent])
    P = ram.implied(theta, cov, mean).P
    block = P[:, at[:, None], at]
    if ram.manifest > ram.observed:
        first = P[:, at, core.index(ram.variables[ram.manifest - 1])]
        block = block - first[:, :, None] * first[:, None, :]
    variance = np.diagonal(block, axis1=1, axis2=2)
    off = np.abs(block) > np.sqrt(np.abs(variance[:, :, None] * variance[:, None, :])) * (1 + 1e-8)
    off[:, np.arange(len(at)), np.arange(len(at))] = False
    result: Array = off.any(axis=(1, 2))
    return result
