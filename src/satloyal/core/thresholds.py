"""Thresholds of ordinal items from their margins, for batches of resamples."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import special

from satloyal.core.bivariate_normal import normal_pdf

__all__ = ["threshold_influence", "thresholds_from_margins"]

Array = NDArray[Any]


def thresholds_from_margins(proportions: Array, sizes: Array, floor: float = 0.0) -> tuple[Array, Array]:
    """Return the maximum likelihood thresholds τ_k = Φ⁻¹(P(y ≤ k)) of each item.

    Parameters
    ----------
    proportions : ndarray, shape (..., p, C)
        Share of each category; zero beyond an item's own categories.
    sizes : ndarray of int, shape (p,)
        Categories of each item, at most C.
    floor : float
        Least share left below the first and above the last threshold. Only resamples need one: an end
        category that nobody of a resample chose would put its threshold at infinity.

    Returns
    -------
    thresholds : ndarray, shape (..., p, C − 1)
        Padded with +∞ beyond an item's own thresholds.
    clipped : ndarray of bool, shape (..., p)
        Items for which the floor was needed.

    Notes
    -----
    Olsson 1979 (*Psychometrika* 44:443-460), the first of the two steps.

    Examples
    --------
    >>> shares = np.array([[0.5, 0.5, 0.0], [0.2, 0.3, 0.5]])
    >>> thresholds, _ = thresholds_from_margins(shares, np.array([2, 3]))
    >>> (thresholds.round(4) + 0).tolist()
    [[0.0, inf], [-0.8416, 0.0]]
    """
    below = np.cumsum(proportions, axis=-1)[..., :-1]
    own = np.arange(below.shape[-1]) < (sizes - 1)[:, None]
    clipped = ((below < floor) | (1 - below < floor)) & own
    below = np.where(own, np.clip(below, floor, 1 - floor), 1.0)
    return np.asarray(special.ndtri(below)), np.asarray(clipped.any(axis=-1))


def threshold_influence(thresholds: Array) -> Array:
    """Return the influence of one answer on each threshold of its item.

    Parameters
    ----------
    thresholds : ndarray, shape (..., p, C − 1)
        Padded with +∞.

    Returns
    -------
    ndarray, shape (..., p, C, C − 1)
        (1[y ≤ k] − Φ(τ_k)) / φ(τ_k) for answer y and threshold k; zero for padding.
    """
    answers = np.arange(thresholds.shape[-1] + 1)[:, None] <= np.arange(thresholds.shape[-1])
    density = normal_pdf(thresholds)[..., None, :]
    own = np.isfinite(thresholds)[..., None, :]
    gap: Array = answers - special.ndtr(thresholds)[..., None, :]
    return np.asarray(np.divide(gap, density, out=np.zeros(np.broadcast(gap, own).shape), where=own))
