"""Standardised solutions as functions of θ, batched and analytic, so that the delta method can use them.

``std_lv`` scales latent variables to unit variance, ``std_all`` observed ones too. A residual covariance
becomes a residual correlation, as lavaan and Mplus print it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from satloyal.models.sem.implied import Ram
    from satloyal.spec.table import Parameter, ParameterTable

__all__ = ["StandardizeKind", "Standardizer"]

Array = NDArray[Any]
StandardizeKind = Literal["std_lv", "std_all"]


@dataclass(frozen=True, eq=False)
class Standardizer:
    """Standardised values of the rows of a parameter table.

    Parameters
    ----------
    table : ParameterTable
    rams : sequence of Ram, one a group
    covs, means : sequence of ndarray, shapes (p, p) and (p,)
        Sample moments, for exogenous covariates.
    """

    table: ParameterTable
    rams: Sequence[Ram]
    covs: Sequence[Array]
    means: Sequence[Array | None]

    @cached_property
    def rows(self) -> tuple[Parameter, ...]:
        """The rows that have a place in a matrix."""
        return tuple(r for r in self.table.rows if r.op in ("=~", "<~", "~", "~~", "~1", "|", "~*~"))

    def values(
        self,
        theta: Array,
        kind: StandardizeKind,
        covs: Sequence[Array] | None = None,
        means: Sequence[Array | None] | None = None,
    ) -> Array:
        """Return the standardised value of every row of :attr:`rows`.

        Parameters
        ----------
        theta : ndarray, shape (B, q), real or complex
        kind : {"std_lv", "std_all"}
        covs, means : sequence of ndarray, optional
            Sample moments of each replicate, when they are not those of the full sample.

        Returns
        -------
        ndarray, shape (B, rows)
        """
        out = np.full((len(theta), len(self.rows)), np.nan, dtype=theta.dtype)
        covs = self.covs if covs is None else covs
        means = self.means if means is None else means
        for number, (ram, cov, mean) in enumerate(zip(self.rams, covs, means, strict=True), start=1):
            at = {name: i for i, name in enumerate(ram.variables)}
            A, S = ram.matrices(theta, cov, mean)
            total = total_variance(ram, A, S)
            with np.errstate(invalid="ignore", divide="ignore"):
                sd = _root(total)
                left = _root(np.diagonal(S, axis1=1, axis2=2))
                scale = 1 / sd  # of latent responses of ordinal items
            if kind == "std_lv":
                sd[:, : ram.observed] = 1.0
            for column, row in enumerate(self.rows):
                if row.group != number:
                    continue
                if row.op == "|":
                    cut = theta[:, row.free - 1] if row.free else row.value or 0.0
                    out[:, column] = cut / sd[:, at[row.lhs]]
                elif row.op == "~*~":
                    out[:, column] = 1.0 if kind == "std_all" else scale[:, at[row.lhs]]
                else:
                    out[:, column] = self._one(row, at, ram, A, S, sd, left, kind)
        out[~np.isfinite(out)] = np.nan  # in units of what does not vary
        return out

    @staticmethod
    def _one(
        row: Parameter, at: dict[str, int], ram: Ram, A: Array, S: Array, sd: Array, left: Array, kind: str
    ) -> Array:
        i = at[row.lhs]
        with np.errstate(invalid="ignore", divide="ignore"):
            if row.op == "~1":
                constant = ram.manifest - 1
                whole = A[:, i, constant] if ram.manifest > ram.observed else np.zeros(len(A), A.dtype)
                return np.asarray(whole / sd[:, i])
            j = at[row.rhs]
            if row.op == "=~":
                return np.asarray(A[:, j, i] * sd[:, i] / sd[:, j])
            if row.op in ("~", "<~"):
                return np.asarray(A[:, i, j] * sd[:, j] / sd[:, i])
            if i == j:
                return np.asarray(S[:, i, i] / sd[:, i] ** 2)
            if not row.free and not S[:, i, j].any():
                return np.zeros(len(S), S.dtype)  # in whatever unit
            both_observed = i < ram.observed and j < ram.observed
            if kind == "std_lv" and both_observed:
                return np.asarray(S[:, i, j])
            a = left[:, i] if kind == "std_all" or i >= ram.observed else 1.0
            b = left[:, j] if kind == "std_all" or j >= ram.observed else 1.0
            return np.asarray(S[:, i, j] / (a * b))


def total_variance(ram: Ram, A: Array, S: Array) -> Array:
    """Return the implied variance of every node, shape (B, m)."""
    C, N = ram.plan.core, ram.plan.rest
    L = ram.responses(A)
    inner = S[:, C[:, None], C]
    if ram.manifest > ram.observed:  # the constant moves means, not variances
        constant = int(np.searchsorted(C, ram.manifest - 1))
        inner[:, constant, constant] = 0
    variance: Array = np.einsum("bmk,bmk->bm", L @ inner, L)
    variance[:, N] += S[:, N, N] + 2 * np.einsum("bnk,bnk->bn", L[:, N], S[:, N[:, None], C])
    if ram.manifest > ram.observed:
        variance[:, ram.manifest - 1] = 1
    return variance


def _root(variance: Array) -> Array:
    """Square root that is NaN, not imaginary, where a variance is negative; zero is zero."""
    known = (np.real(variance) > 0) | (variance == 0)
    root = np.sqrt(np.where(known, variance, np.nan))
    return np.asarray(root)
