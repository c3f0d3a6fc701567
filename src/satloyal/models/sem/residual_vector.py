"""One group's residuals as a vector, and what turns those of covariances into those of correlations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from satloyal.core.linalg import vech_indices
from satloyal.models.sem.ordinal_fit import ordinal_vectors

if TYPE_CHECKING:
    from satloyal.models.sem.result import SemFit

__all__ = ["ResidualVector"]

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class ResidualVector:
    """Residuals of one group in the order of its moments.

    Parameters
    ----------
    residual : ndarray, shape (K,)
        Sample minus implied: thresholds or means, slopes on given covariates, then (co)variances.
    cut, mean, slope : ndarray of bool, shape (K,)
        Which are thresholds, which means, which slopes; the rest are (co)variances.
    sign : ndarray, shape (K,)
        −1 where a mean stands with a minus sign, as among thresholds.
    low, high : ndarray of int, shape (K,)
        Variables that each belongs to; the same twice for thresholds, means, slopes and variances.
    cov, sigma : ndarray, shape (p, p)
        Sample and implied covariances; residual ones where covariates are given.
    ordered : ndarray of bool, shape (p,)
    """

    residual: Array
    cut: Array
    mean: Array
    slope: Array
    sign: Array
    low: Array
    high: Array
    cov: Array
    sigma: Array
    ordered: Array

    @classmethod
    def of(cls, fit: SemFit, number: int) -> ResidualVector:
        """Read the residuals of a group."""
        if fit.input.ordinal is not None:
            vector = ordinal_vectors(fit)[number]
            layout = vector.layout
            rest = np.zeros(layout.size - layout.n_th, bool)
            slope = np.r_[layout.th_covariate >= 0, rest]
            cut = np.r_[layout.th_number >= 0, rest]
            mean = np.r_[layout.th_number < 0, rest] & ~slope
            return cls(
                vector.sample - vector.implied, cut, mean, slope, np.where(mean, -1.0, 1.0),
                np.r_[layout.th_variable, layout.numeric, layout.first],
                np.r_[layout.th_variable, layout.numeric, layout.second],
                vector.matrix(vector.sample), vector.matrix(vector.implied), layout.ordered,
            )  # fmt: skip
        S, (sigma, mu) = fit.sample.groups[number].cov, fit._implied[number]
        p = len(S)
        low, high = vech_indices(p)
        residual = (S - sigma)[low, high]
        sample = fit.sample.groups[number].mean
        means = mu is not None and sample is not None
        if mu is not None and sample is not None:
            residual = np.r_[sample - mu, residual]
            low, high = np.r_[np.arange(p), low], np.r_[np.arange(p), high]
        mean = np.arange(len(residual)) < (p if means else 0)
        none = np.zeros(len(residual), bool)
        return cls(residual, none, mean, none, np.ones(len(mean)), low, high, S, sigma, np.zeros(p, bool))

    @property
    def pair(self) -> Array:
        """Which are variances or covariances, shape (K,)."""
        return ~(self.cut | self.mean | self.slope)

    def scaled(self, kind: str) -> tuple[Array, Array]:
        """Return residuals of a kind and the matrix that takes raw ones there, to first order.

        Parameters
        ----------
        kind : {"raw", "bentler", "cor"}
            As they are; over the sample's standard deviations, which count as constants (Bentler 1995);
            of correlations (Bollen 1989), whose standard deviations vary.
        """
        sd, fitted = np.sqrt(np.diagonal(self.cov)), np.sqrt(np.diagonal(self.sigma))
        scale = np.where(self.pair, sd[self.low] * sd[self.high], np.where(self.mean, sd[self.low], 1.0))
        if kind == "raw":
            scale = np.ones_like(scale)
        residual, turn = self.residual / scale, np.diag(1 / scale)
        if kind != "cor":
            return residual, turn
        i, j = self.low[self.pair], self.high[self.pair]
        r = self.cov[i, j] / (sd[i] * sd[j])
        residual[self.pair] = r - self.sigma[i, j] / (fitted[i] * fitted[j])
        rows, place = np.flatnonzero(self.pair), np.full(len(self.cov), -1)
        own = rows[i == j]
        place[self.low[own]] = own
        for side in (i, j):  # d(s_ij / √(s_ii s_jj)) = ds_ij / √(s_ii s_jj) − ½ r (ds_ii/s_ii + ds_jj/s_jj)
            known = place[side] >= 0  # the variance of a latent response is no statistic
            turn[rows[known], place[side[known]]] -= 0.5 * r[known] / self.cov[side, side][known]
        return residual, turn
