"""Discrepancies: how far sample moments are from implied ones. A discrepancy sees moments, never a model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from satloyal.core.linalg import logdet_or_flag

__all__ = ["MaximumLikelihood", "Weights"]

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
    V, W : ndarray, shape (B, p, p)
        The second derivative of F in direction (D₁, D₂) is tr(V D₁ W D₂), symmetrised; W = V in expectation.
    ok : ndarray of bool, shape (B,)
    """

    value: Array
    G: Array
    V: Array
    W: Array | None
    ok: Array


@dataclass(frozen=True, eq=False)
class MaximumLikelihood:
    """Normal-theory maximum likelihood.

    F = log|Σ| + tr(S Σ⁻¹) − log|S| − p (Jöreskog 1969, *Psychometrika* 34:183-202), with
    G = Σ⁻¹ − Σ⁻¹SΣ⁻¹, V = Σ⁻¹ and W = 2Σ⁻¹SΣ⁻¹ − Σ⁻¹. On augmented moments this is the discrepancy of
    means and covariances together, with its right gradient and information.

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

    def at(self, sigma: Array, *, observed: bool) -> Weights:
        """Evaluate at implied moments, shape (B, p, p)."""
        logdet, ok = logdet_or_flag(sigma)
        if not ok.all():
            sigma = np.where(ok[:, None, None], sigma, np.eye(sigma.shape[-1]))
        V = np.linalg.inv(sigma)
        SV = self.sample @ V
        VSV = V @ SV
        value = logdet + np.einsum("bii->b", SV) - self.constant
        W = 2 * VSV - V if observed else None
        return Weights(np.where(ok, value, np.inf), V - VSV, V, W, ok)
