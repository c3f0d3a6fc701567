"""Discrepancies: how far sample moments are from implied ones. A discrepancy sees moments, never a model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from satloyal.core.linalg import inverse_or_nan, logdet_or_flag

__all__ = ["LeastSquares", "MaximumLikelihood", "Weights"]

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Weights:
    """A discrepancy at a point, and the matrices that its derivatives are made of.

    Parameters
    ----------
    value : ndarray, shape (B,)
        F; infinite where Σ is not positive definite.
    G : ndarray, shape (B, p, p)
        ∂F/∂Σ.
    V : ndarray, shape (B, p, p)
        The second derivative of F in direction (D₁, D₂) is tr(V D₁ W D₂), symmetrised, with W = V − 2G; in
        expectation W = V.
    ok : ndarray of bool, shape (B,)
    """

    value: Array
    G: Array
    V: Array
    ok: Array


@dataclass(frozen=True, eq=False)
class MaximumLikelihood:
    """Normal-theory maximum likelihood.

    F = log|Σ| + tr(S Σ⁻¹) − log|S| − p (Jöreskog 1969, *Psychometrika* 34:183-202), with
    G = Σ⁻¹ − Σ⁻¹SΣ⁻¹, V = Σ⁻¹ and W = 2Σ⁻¹SΣ⁻¹ − Σ⁻¹ = V − 2G. On augmented moments this is the
    discrepancy of means and covariances together, with its right gradient and information.

    Parameters
    ----------
    sample : ndarray, shape (B, p, p) or (1, p, p)
        Sample (augmented) moments.
    constant : ndarray, shape (B,) or (1,)
        log|S| + p.
    """

    sample: Array
    constant: Array

    @classmethod
    def of(cls, sample: Array) -> MaximumLikelihood:
        """Prepare for a batch of sample moments, shape (B, p, p)."""
        logdet, ok = logdet_or_flag(sample)
        return cls(sample, np.where(ok, logdet, np.nan) + sample.shape[-1])

    def take(self, which: Array) -> MaximumLikelihood:
        """Return the discrepancy of some of the batch."""
        if len(self.sample) == 1:
            return self
        return MaximumLikelihood(self.sample[which], self.constant[which])

    def at(self, sigma: Array) -> Weights:
        """Evaluate at implied moments, shape (B, p, p)."""
        logdet, ok = logdet_or_flag(sigma)
        if not ok.all():
            sigma = np.where(ok[:, None, None], sigma, np.eye(sigma.shape[-1]))
        V = inverse_or_nan(sigma)
        SV = self.sample @ V
        VSV = V @ SV
        value = logdet + np.einsum("bii->b", SV) - self.constant
        return Weights(np.where(ok, value, np.inf), V - VSV, V, ok)


@dataclass(frozen=True, eq=False)
class LeastSquares:
    """Weighted least squares of moment residuals.

    F = (s − σ)ᵀ W (s − σ) (Browne 1984, *Br. J. Math. Stat. Psychol.* 37:62-83): W = I for ULS, the inverse
    normal-theory covariance matrix of the moments for GLS, the inverse of an estimated one for WLS, and
    the inverse of its diagonal for DWLS. The second derivative is taken as 2 ΔᵀWΔ (Gauss-Newton).

    Parameters
    ----------
    sample : ndarray, shape (B, K) or (1, K)
        Sample moments as vectors.
    weight : ndarray, shape (K, K) or (K,), or (B, K)
        W, or its diagonal.
    own : bool
        Whether each sample has a diagonal of its own, shape (B, K).
    """

    sample: Array
    weight: Array
    own: bool = False

    def take(self, which: Array) -> LeastSquares:
        """Return the discrepancy of some of the batch."""
        if len(self.sample) == 1:
            return self
        return LeastSquares(self.sample[which], self.weight[which] if self.own else self.weight, self.own)

    def weighted(self, vectors: Array) -> Array:
        """Return W times vectors, shape (B, K)."""
        diagonal = self.own or self.weight.ndim == 1
        return vectors * self.weight if diagonal else vectors @ self.weight

    def value(self, sigma: Array) -> Array:
        """Return F at implied vectors, shape (B, K)."""
        gap = sigma - self.sample
        return np.asarray((gap * self.weighted(gap)).sum(axis=1))

    def slope(self, sigma: Array) -> Array:
        """Return ∂F/∂σ, shape (B, K)."""
        return 2 * self.weighted(sigma - self.sample)

    def information(self, delta: Array) -> Array:
        """Return 2 ΔᵀWΔ, shape (B, q, q), for Jacobians of shape (B, K, q)."""
        if self.own or self.weight.ndim == 1:
            return np.asarray(2 * delta.transpose(0, 2, 1) @ (self.weight[..., None] * delta))
        return np.asarray(2 * delta.transpose(0, 2, 1) @ (self.weight @ delta))
