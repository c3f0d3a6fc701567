"""The baseline model: variables unrelated but for covariates among themselves; means and variances free."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from satloyal.core.linalg import vech_indices
from satloyal.models.sem.robust import normal_weight

__all__ = ["baseline_jacobian", "baseline_least_squares", "baseline_weight"]

Array = NDArray[Any]


def _free(p: int, covariates: Sequence[int], fixed_x: Sequence[int]) -> tuple[Array, Array]:
    """Which covariances the baseline estimates, and which it takes from the sample."""
    rows, columns = vech_indices(p)
    among = np.isin(rows, covariates) & np.isin(columns, covariates)
    given = np.isin(rows, fixed_x) & np.isin(columns, fixed_x)
    return ((rows == columns) | among) & ~given, given


def baseline_jacobian(p: int, covariates: Sequence[int], fixed_x: Sequence[int], *, means: bool) -> Array:
    """Return the Jacobian of the baseline model's moments, shape (K, q₀): a selection.

    Parameters
    ----------
    p : int
        Variables.
    covariates, fixed_x : sequence of int
        Positions of covariates whose covariances are free or given, and of those that are given.
    means : bool
    """
    free, _ = _free(p, covariates, fixed_x)
    select = np.eye(len(free))[:, free]
    if not means:
        return select
    varying = [i for i in range(p) if i not in fixed_x]
    out = np.zeros((p + len(free), len(varying) + select.shape[1]))
    out[varying, np.arange(len(varying))] = 1.0
    out[p:, len(varying) :] = select
    return out


def baseline_least_squares(
    vector: Array, weight: Array, p: int, covariates: Sequence[int], fixed_x: Sequence[int], *, means: bool
) -> float:
    """Return the least-squares discrepancy of the baseline model: linear, hence in closed form.

    Parameters
    ----------
    vector : ndarray, shape (K,)
        Sample moments.
    weight : ndarray, shape (K, K) or (K,)
    p, covariates, fixed_x, means
        As for :func:`baseline_jacobian`.
    """
    delta = baseline_jacobian(p, covariates, fixed_x, means=means)
    _, given = _free(p, covariates, fixed_x)
    target = vector.copy()
    start = p if means else 0
    target[start:][given] = 0.0
    if means:
        target[list(fixed_x)] = 0.0
    full = np.diag(weight) if weight.ndim == 1 else weight
    inner = delta.T @ full
    gap = target - delta @ np.linalg.solve(inner @ delta, inner @ target)
    return float(gap @ full @ gap)


def baseline_weight(cov: Array, covariates: Sequence[int], *, means: bool) -> Array:
    """Return the normal-theory weight matrix at the baseline model's maximum likelihood solution."""
    sigma = np.diag(np.diagonal(cov))
    if len(covariates):
        block = np.ix_(list(covariates), list(covariates))
        sigma[block] = cov[block]
    return normal_weight(sigma, means=means)
