"""Thresholds and correlations of one group beside what the model implies, and their root mean squares."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from satloyal.core.ordinal_layout import Layout
from satloyal.models.sem import fit_indices as fi

__all__ = ["OrdinalVectors", "ordinal_residuals"]

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class OrdinalVectors:
    """One group's statistics, sample and implied, and which of them the baseline model leaves free.

    Parameters
    ----------
    layout : Layout
    sample, implied : ndarray, shape (K,)
    free : ndarray of bool, shape (K,)
        Thresholds, means, slopes, variances, and covariances among covariates.
    """

    layout: Layout
    sample: Array
    implied: Array
    free: Array

    def baseline(self, weight: Array) -> float:
        """Return the discrepancy of the baseline model: linear in what it leaves free."""
        full = np.diag(weight) if weight.ndim == 1 else weight
        bound = np.where(self.free, 0.0, self.sample)
        scored = full @ bound
        if weight.ndim == 1:
            return float(bound @ scored)
        inner = full[np.ix_(self.free, self.free)]
        return float(bound @ scored - scored[self.free] @ np.linalg.solve(inner, scored[self.free]))

    def matrix(self, statistics: Array) -> Array:
        """Return covariances as a matrix, shape (p, p), latent responses with a variance of one."""
        layout = self.layout
        out = np.eye(len(layout.names))
        rest = statistics[layout.n_th :]
        out[layout.numeric, layout.numeric] = rest[: len(layout.numeric)]
        out[layout.first, layout.second] = out[layout.second, layout.first] = rest[len(layout.numeric) :]
        return out

    @property
    def gap(self) -> Array:
        """Residuals of thresholds."""
        cut = self.layout.th_number >= 0
        return np.asarray((self.sample - self.implied)[: self.layout.n_th][cut])


def ordinal_residuals(vectors: Sequence[OrdinalVectors], shares: Sequence[float]) -> fi.Residuals:
    """Return root mean squared residuals, thresholds among them; none of Mplus's.

    Parameters
    ----------
    vectors : sequence of OrdinalVectors
    shares : sequence of float
        n_g / N.

    Notes
    -----
    As in lavaan, variances and means of continuous variables beside ordinal items are no part of them. Given
    k covariates residual correlations and thresholds are, and slopes are not; lavaan counts k moments more,
    without a residual, wherever it counts variances.
    """
    total = np.zeros(6)
    for vector, share in zip(vectors, shares, strict=True):
        S, sigma = vector.matrix(vector.sample), vector.matrix(vector.implied)
        p, cuts = len(S), vector.gap
        off = np.tril_indices(p, -1)
        sd, fitted = np.sqrt(np.diagonal(S)), np.sqrt(np.diagonal(sigma))
        raw = (S - sigma)[off]
        bentler = raw / np.outer(sd, sd)[off]
        cor = (S / np.outer(sd, sd) - sigma / np.outer(fitted, fitted))[off]
        size, T = p * (p + 1) / 2 + len(vector.layout.covariates), len(cuts)
        sums = [gap @ gap for gap in (raw, bentler, cor)]
        pairs = ((sums[0], size), (sums[1], size), (sums[2], len(off[0])))
        roots = [math.sqrt((cuts @ cuts + found) / (T + count)) for found, count in pairs]
        roots += [math.sqrt(found / count) for found, count in pairs]
        total += share * np.array(roots)
    rmr, srmr, crmr, rmr_nomean, srmr_nomean, crmr_nomean = (float(v) for v in total)
    return fi.Residuals(
        rmr, rmr_nomean, srmr, srmr_nomean, crmr, crmr_nomean, srmr_mplus=math.nan, srmr_mplus_nomean=math.nan
    )
