"""Sum scores of ordinal items: their covariances, and their reliability, from latent responses.

Every function takes a leading batch dimension, and complex numbers for derivatives by a complex step.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from satloyal.core.bivariate_normal import bvn_grid, normal_pdf

__all__ = ["categorical_omega", "score_covariances"]

Array = NDArray[Any]

_CELLS = 2_000_000  # probabilities held at once
_ROUNDING = 1e-9  # a variance of one that was divided by itself is not exactly one


def score_covariances(thresholds: ArrayLike, cor: ArrayLike) -> Array:
    r"""Return covariances of items scored 0, 1, 2, … by how many thresholds their latent responses pass.

    .. math:: \operatorname{cov}(X_i, X_j) = \sum_a \sum_b \Phi_2(\tau_{ia}, \tau_{jb}; \rho_{ij})
              - \sum_a \Phi(\tau_{ia}) \sum_b \Phi(\tau_{jb})

    Parameters
    ----------
    thresholds : array_like (B, k, C)
        Of standard normal latent responses, ascending; +∞ where an item has fewer categories.
    cor : array_like (B, k, k)
        Correlations of the latent responses. A diagonal of one gives variances; a diagonal below one gives
        the covariance of an item with a parallel item.

    Returns
    -------
    ndarray (B, k, k)
        NaN beside a correlation beyond ±1.

    References
    ----------
    Green and Yang (2009), equations 13 to 19.

    Examples
    --------
    >>> score_covariances([[[0.0], [0.0]]], [[[1.0, 0.5], [0.5, 1.0]]]).round(4).tolist()
    [[[0.25, 0.0833], [0.0833, 0.25]]]
    """
    tau, R = np.asarray(thresholds), np.asarray(cor)
    k = tau.shape[1]
    i, j = np.triu_indices(k)
    out = np.empty(R.shape, dtype=np.result_type(tau, R, float))
    step = max(1, _CELLS // max(1, len(i) * tau.shape[2] ** 2))
    for start in range(0, len(tau), step):
        part = slice(start, start + step)
        values = _sums(tau[part][:, i], tau[part][:, j], R[part][:, i, j])
        out[part, i, j] = out[part, j, i] = values
    return out


def _sums(h: Array, k: Array, rho: Array) -> Array:
    """Covariances of pairs of items with thresholds (B, N, C) each and correlations (B, N)."""
    batch, size = rho.shape
    a, b = (np.real(x).reshape(-1, x.shape[-1]) for x in (h, k))
    r = np.real(rho).reshape(-1)
    inside = np.abs(r) <= 1 + _ROUNDING
    r = np.where(inside, np.clip(r, -1.0, 1.0), 0.0)
    cdf = bvn_grid(a, b, r)
    low, high = special.ndtr(a).sum(-1), special.ndtr(b).sum(-1)
    found = np.where(inside, cdf.sum((-2, -1)) - low * high, np.nan)
    if not any(np.iscomplexobj(x) for x in (h, k, rho)):
        return np.asarray(found.reshape(batch, size))
    # The imaginary part carries a derivative: dΦ₂ = φ(h)Φ((k − ρh)/√(1 − ρ²)) dh + the same for k + φ₂ dρ.
    # A diagonal of one is constant; there P(X ≤ h, Y ≤ k) is Φ(min).
    one = np.abs(r) >= 1 - _ROUNDING
    safe = np.where(one, 0.0, r)
    root = np.sqrt(1 - safe**2)[:, None, None]
    A, B = np.where(np.isfinite(a), a, 0.0)[:, :, None], np.where(np.isfinite(b), b, 0.0)[:, None, :]
    in_a, in_b = np.isfinite(a)[:, :, None], np.isfinite(b)[:, None, :]
    by_h = np.where(in_b, special.ndtr((B - safe[:, None, None] * A) / root), 1.0)
    by_k = np.where(in_a, special.ndtr((A - safe[:, None, None] * B) / root), 1.0)
    place = np.arange(a.shape[1])
    earlier = (place[:, None] < place) + 0.5 * (place[:, None] == place)
    by_h = np.where(one[:, None, None], earlier, by_h)
    by_k = np.where(one[:, None, None], earlier.T, by_k)
    density_a, density_b = normal_pdf(a), normal_pdf(b)
    dh, dk = (np.imag(x).reshape(-1, x.shape[-1]) for x in (h, k))
    slope = (density_a * dh * (by_h.sum(2) - high[:, None])).sum(1)
    slope += (density_b * dk * (by_k.sum(1) - low[:, None])).sum(1)
    both = in_a & in_b & ~one[:, None, None]
    square = (A**2 - 2 * safe[:, None, None] * A * B + B**2) / root**2
    density = np.where(both, np.exp(-square / 2) / (2 * np.pi * root), 0.0).sum((1, 2))
    slope += density * np.imag(rho).reshape(-1)
    return np.asarray((found + 1j * slope).reshape(batch, size))


def categorical_omega(thresholds: ArrayLike, true_cor: ArrayLike, cor: ArrayLike) -> Array:
    r"""Return the reliability of the sum of ordinal items, nonlinear SEM reliability.

    The share of the variance of the observed sum score, items scored 0, 1, 2, …, that a sum of parallel
    items would share with it. Latent responses Y* = λη + ε are cut at thresholds:

    .. math:: \omega = \frac{\sum_{ij}\operatorname{cov}(X_i, X_j' \mid \rho = \lambda_i\phi\lambda_j)}
              {\sum_{ij}\operatorname{cov}(X_i, X_j \mid \rho = \rho^*_{ij})}

    Parameters
    ----------
    thresholds : array_like (B, k, C)
        As for :func:`score_covariances`.
    true_cor : array_like (B, k, k)
        Correlations λφλᵀ that the factor implies, the diagonal included.
    cor : array_like (B, k, k)
        Correlations of the latent responses, with a diagonal of one.

    Returns
    -------
    ndarray (B,)
        NaN where the sum has no variance or a correlation is beyond ±1.

    References
    ----------
    Green, S. B., & Yang, Y. (2009). Reliability of summed item scores using structural equation modeling: an
    alternative to coefficient alpha. Psychometrika, 74, 155-167, equation 21.

    Examples
    --------
    >>> import numpy as np
    >>> true = np.full((1, 3, 3), 0.64); R = true + 0.36 * np.eye(3)
    >>> categorical_omega(np.zeros((1, 3, 1)), true, R).round(4).tolist()  # of latent responses it is .842
    [0.7039]
    """
    true = score_covariances(thresholds, true_cor).sum((-2, -1))
    total = score_covariances(thresholds, cor).sum((-2, -1))
    positive = np.real(total) > 0
    return np.where(positive, true / np.where(positive, total, 1.0), np.nan)
