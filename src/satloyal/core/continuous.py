"""Continuous variables beside ordinal items: influence on means, variances and correlations."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["margin_influence", "pearson_influence"]

Array = NDArray[Any]


def margin_influence(z: Array, weights: Array) -> Array:
    """Return the influence of each answer on the mean and the variance of its variable.

    Parameters
    ----------
    z : ndarray, shape (..., n, p)
        Standardised variables.
    weights : ndarray, shape (..., n)
        Share of each answer; sums to one.

    Returns
    -------
    ndarray, shape (..., n, p, 2)
        On μ in units of σ, and on σ² in units of σ².

    Notes
    -----
    (Σ s s′)⁻¹ s for the normal scores s = (z, ½(z² − 1)), the first stage of Muthén 1984 (*Psychometrika*
    49:115-132). The items' latent responses are taken to be normal beside these variables, so the normal
    scores are theirs; for skewed variables the result differs from the plain z and z² − 1.

    Examples
    --------
    >>> margin_influence(np.array([[-1.5], [0.0], [1.5]]), np.full(3, 1 / 3)).shape
    (3, 1, 2)
    """
    scores = np.stack([z, 0.5 * (z * z - 1)], axis=-1)
    information = np.einsum("...i,...ija,...ijb->...jab", weights, scores, scores)
    return np.asarray(np.einsum("...ija,...jab->...ijb", scores, np.linalg.pinv(information, hermitian=True)))


def pearson_influence(x: Array, y: Array, rho: Array, weights: Array, of_x: Array, of_y: Array) -> Array:
    """Return the influence of each answer on product-moment correlations, in two steps as the others.

    Parameters
    ----------
    x, y : ndarray, shape (N, n)
        Standardised variables of N pairs.
    rho : ndarray, shape (N,)
    weights : ndarray, shape (n,) or (N, n)
        Share of each answer; sums to one.
    of_x, of_y : ndarray, shape (N, n, 2)
        From :func:`margin_influence`.

    Returns
    -------
    ndarray, shape (N, n)

    Notes
    -----
    Scores of the bivariate normal: s_ρ = ρ/(1−ρ²) + [(1+ρ²)xy − ρ(x²+y²)]/(1−ρ²)², s_μ = (x − ρy)/(1−ρ²),
    s_σ² = ½[x(x − ρy)/(1−ρ²) − 1].
    """
    r = rho[:, None]
    rest = (1 - r) * (1 + r)
    score = r / rest + ((1 + r * r) * x * y - r * (x * x + y * y)) / rest**2
    weighted = weights * score
    moved = score.copy()
    for own, other, margin in ((x, y, of_x), (y, x, of_y)):
        mean = (own - r * other) / rest
        variance = 0.5 * (own * mean - 1)
        moved -= np.einsum("ni,ni->n", weighted, mean)[:, None] * margin[:, :, 0]
        moved -= np.einsum("ni,ni->n", weighted, variance)[:, None] * margin[:, :, 1]
    moved /= np.einsum("ni,ni->n", weighted, score)[:, None]
    return np.asarray(moved)
