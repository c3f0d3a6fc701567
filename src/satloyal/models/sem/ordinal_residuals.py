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
        Thresholds, means, variances, and covariances among covariates.
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

    @property
    def gap(self) -> tuple[Array, Array]:
        """Residuals of thresholds and means, raw, and with means in standard deviations, shape (T,)."""
        layout = self.layout
        raw = (self.sample - self.implied)[: layout.n_th]
        sd = np.ones(len(layout.names))
        sd[layout.numeric] = np.sqrt(self.sample[layout.n_th : layout.n_th + len(layout.numeric)])
        return raw, raw / sd[layout.th_variable]


def ordinal_residuals(
    vectors: Sequence[OrdinalVectors],
    covs: Sequence[Array],
    sigmas: Sequence[Array],
    shares: Sequence[float],
) -> fi.Residuals:
    """Return root mean squared residuals, thresholds counted as means are; none of Mplus's.

    Parameters
    ----------
    vectors : sequence of OrdinalVectors
    covs, sigmas : sequence of ndarray, shapes (p, p)
        Sample and implied covariances, latent responses with a variance of one.
    shares : sequence of float
        n_g / N.
    """
    plain = fi.srmr_family(covs, sigmas, [None] * len(covs), shares)
    total = np.zeros(3)
    for vector, S, sigma, share in zip(vectors, covs, sigmas, shares, strict=True):
        p, (raw, scaled) = len(S), vector.gap
        low, sd = np.tril_indices(p), np.sqrt(np.diagonal(S))
        fitted = np.sqrt(np.diagonal(sigma))
        gap, T = S - sigma, len(raw)
        bentler = (gap / np.outer(sd, sd))[low]
        cor = (S / np.outer(sd, sd) - sigma / np.outer(fitted, fitted))[np.tril_indices(p, -1)]
        total += share * np.array(
            [
                math.sqrt((raw @ raw + gap[low] @ gap[low]) / (T + len(bentler))),
                math.sqrt((scaled @ scaled + bentler @ bentler) / (T + len(bentler))),
                math.sqrt((scaled @ scaled + cor @ cor) / (T + len(cor))),
            ]
        )
    return fi.Residuals(
        rmr=float(total[0]), rmr_nomean=plain.rmr_nomean, srmr=float(total[1]),
        srmr_bentler_nomean=plain.srmr_bentler_nomean, crmr=float(total[2]), crmr_nomean=plain.crmr_nomean,
        srmr_mplus=math.nan, srmr_mplus_nomean=math.nan,
    )  # fmt: skip
