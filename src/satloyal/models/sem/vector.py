"""Moments as one vector: means, then the lower triangle of the covariances column by column."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from satloyal.core.linalg import vech_indices

if TYPE_CHECKING:
    from satloyal.models.sem.implied import Implied

__all__ = ["implied_vector", "row_products", "stack_moments", "vector_jacobian"]

Array = NDArray[Any]


def stack_moments(cov: Array, mean: Array | None) -> Array:
    """Stack means, if any, and vech of the covariances.

    Parameters
    ----------
    cov : ndarray, shape (B, p, p)
    mean : ndarray, shape (B, p), optional

    Returns
    -------
    ndarray, shape (B, K)

    Examples
    --------
    >>> stack_moments(np.array([[[1.0, 0.5], [0.5, 2.0]]]), np.array([[3.0, 4.0]])).tolist()
    [[3.0, 4.0, 1.0, 0.5, 2.0]]
    """
    rows, columns = vech_indices(cov.shape[-1])
    low = cov[:, rows, columns]
    return low if mean is None else np.concatenate([mean, low], axis=1)


def implied_vector(implied: Implied) -> Array:
    """Return the implied moments as a vector, shape (B, K)."""
    p = implied.ram.observed
    if implied.ram.manifest == p:
        return stack_moments(implied.sigma, None)
    mean = implied.sigma[:, :p, p]
    return stack_moments(implied.sigma[:, :p, :p] - mean[:, :, None] * mean[:, None, :], mean)


def vector_jacobian(implied: Implied) -> Array:
    """Return the derivatives of :func:`implied_vector`, shape (B, K, q)."""
    p = implied.ram.observed
    rows, columns = vech_indices(p)
    whole = implied.dense()
    if implied.ram.manifest == p:
        return whole[:, rows, columns]
    mean = implied.sigma[:, :p, p]
    slope = whole[:, :p, p]
    low = whole[:, rows, columns]
    low = low - mean[:, rows, None] * slope[:, columns] - mean[:, columns, None] * slope[:, rows]
    return np.concatenate([slope, low], axis=1)


def row_products(rows: Array, mean: Array, *, means: bool) -> Array:
    """Return each row's contribution to the sample moments: x, if means, and vech((x − m)(x − m)ᵀ).

    Parameters
    ----------
    rows : ndarray, shape (n, p)
    mean : ndarray, shape (p,)
        Sample means.
    means : bool
        Whether the vector begins with means.

    Returns
    -------
    ndarray, shape (n, K)
    """
    low, high = vech_indices(rows.shape[1])
    z = rows - mean
    products = z[:, low] * z[:, high]
    return np.column_stack([rows, products]) if means else products
