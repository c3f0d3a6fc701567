"""What incomplete rows say about saturated moments: information matrices and casewise scores.

Moments are ordered as everywhere: means, then the lower triangle of the covariances, column by column.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from satloyal.core.linalg import vech_indices
from satloyal.core.patterns import Patterns

__all__ = ["saturated_information", "saturated_scores"]

Array = NDArray[Any]


def saturated_information(
    patterns: Patterns, mean: Array, cov: Array, kind: Literal["expected", "observed"] = "observed"
) -> Array:
    """Information of one row about means and covariances (Savalei & Bentler 2009, eq. 5-7).

    Parameters
    ----------
    patterns : Patterns
    mean, cov : ndarray, shapes (p,) and (p, p)
        Where it is taken.
    kind : {"expected", "observed"}
        Expected given the patterns, or minus the second derivatives of the log-likelihood.

    Returns
    -------
    ndarray, shape (K, K)

    Notes
    -----
    With D the derivative of the augmented moments, ½ Σ_p s_p tr(V_p D W_p D'), W_p = V_p expected and
    2 V_p T_p V_p − V_p observed; observed, the means' own block has Σ_p s_p (V_p − V_p T_p V_p) besides.

    Examples
    --------
    >>> rows = np.array([[1.0, 2.0], [2.0, 3.0], [3.0, 5.0], [4.0, np.nan]])
    >>> info = saturated_information(Patterns.of(rows), np.array([2.5, 4.0]), np.eye(2), "expected")
    >>> np.diagonal(info).tolist()
    [1.0, 0.75, 0.5, 0.75, 0.375]
    """
    p = len(mean)
    here = patterns.about(mean)
    sigma = np.zeros((1, p + 1, p + 1))
    sigma[0, :p, :p], sigma[0, p, p] = cov, 1.0
    x, y, c = _cells(p)
    a = p + 1
    low, high = vech_indices(a)
    place = np.empty((a, a), dtype=int)
    place[low, high] = place[high, low] = np.arange(len(low))
    G = np.zeros((p, p))
    products = np.zeros((len(low), len(low)))  # Σ_p s_p vech(V_p) vech(W_p)ᵀ: all that V_p ⊗ W_p holds
    for part in here.likelihood().chunks(1):
        V, VT, _, _ = part.at(sigma)
        share = part.share[0]
        V = W = V[0]
        if kind == "observed":
            VTV = VT[0] @ V
            W = 2 * VTV - V
            G += np.einsum("p,pij->ij", share, (V - VTV)[:, :p, :p])
        products += V[:, low, high].T @ (W[:, low, high] * share[:, None])
    if kind == "observed":
        products = (products + products.T) / 2
    xx, yy, xy = (place[u[:, None], w] for u, w in ((x, x), (y, y), (x, y)))
    out = (products[xx, yy] + products[xy, xy.T]) * np.outer(c, c)
    if kind == "observed":
        out[:p, :p] += G
    return np.asarray((out + out.T) / 2)


def saturated_scores(values: Array, patterns: Patterns, mean: Array, cov: Array) -> Array:
    """Return derivatives of each row's −log-likelihood, shape (n, K), pattern by pattern.

    Parameters
    ----------
    values : ndarray, shape (n, p)
        NaN where missing.
    patterns : Patterns
        Of these rows.
    mean, cov : ndarray, shapes (p,) and (p, p)
    """
    p = len(mean)
    sigma = np.zeros((1, p + 1, p + 1))
    sigma[0, :p, :p], sigma[0, p, p] = cov, 1.0
    x, y, c = _cells(p)
    z = np.column_stack([np.nan_to_num(values - mean), np.ones(len(values))])
    out = np.empty((len(values), len(x)))
    at = 0
    for part in patterns.likelihood().chunks(1):
        for V in part.inverses(sigma)[0][0]:
            rows = patterns.rows[at]
            r = z[rows] @ V
            out[rows] = c * (V[x, y] - r[:, x] * r[:, y])
            at += 1
    return out


def _cells(p: int) -> tuple[Array, Array, Array]:
    """Places of each moment in the augmented matrix, and a half for variances."""
    rows, columns = vech_indices(p)
    x, y = np.r_[np.arange(p), rows], np.r_[np.full(p, p), columns]
    return x, y, np.where(x == y, 0.5, 1.0)
