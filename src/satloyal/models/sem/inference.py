"""Inference: information matrices and what follows from them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from satloyal.models.sem.implied import Implied, Ram

__all__ = [
    "casewise_scores",
    "cluster_factors",
    "complex_step",
    "delta_method",
    "null_directions",
    "summed_scores",
    "vcov_of",
]

Array = NDArray[Any]

_RANK = 1e-9  # eigenvalue of the scaled information, relative to the largest, that counts as none
_CLEAR = 1e-4  # pivot of the scaled information far above what rounding leaves of none
_STEP = 1e-30
_ROUNDING = 1e-12  # of a variance, relative to the terms that it sums


def vcov_of(hessian: Array, n: float, tangent: Array | None = None) -> Array:
    """Covariance matrix of the estimates, (n/2 · ∂²F)⁻¹, from the curvature of F.

    Parameters
    ----------
    hessian : ndarray, shape (q, q)
        Expected or observed second derivatives of F.
    n : float
        n for the normal likelihood, n − G for the Wishart likelihood.
    tangent : ndarray, shape (q, k), optional
        Directions N in which active constraints let the parameters move; the result is then
        N (NᵀHN)⁻¹ Nᵀ / n, the upper left block of [[H, Jᵀ], [J, 0]]⁻¹ / n for constraints with Jacobian J
        (Aitchison & Silvey 1958, *Ann. Math. Stat.* 29:813-828).

    Returns
    -------
    ndarray, shape (q, q)
        NaN throughout when the information is singular: then no standard error exists.
    """
    if tangent is not None:
        inner = vcov_of(tangent.T @ hessian @ tangent, n)
        return np.asarray(tangent @ inner @ tangent.T)
    if not len(hessian):
        return np.zeros((0, 0))
    if not np.isfinite(hessian).all() or (
        not _clearly_definite(hessian) and len(null_directions(hessian)[0])
    ):
        return np.full(hessian.shape, np.nan)
    scale = 1 / np.sqrt(np.abs(np.diagonal(hessian)))
    scales = np.outer(scale, scale)
    inverse = np.linalg.inv(hessian * scales) * scales
    vcov: Array = (inverse + inverse.T) / (2 * n)
    return vcov


def _clearly_definite(hessian: Array) -> bool:
    """Whether pivots show at once that no direction is nil: the last pivots bound the smallest eigenvalue."""
    diagonal = np.diagonal(hessian)
    if not (diagonal > 0).all():
        return False
    scale = 1 / np.sqrt(diagonal)
    try:
        factor = np.linalg.cholesky(hessian * np.outer(scale, scale))
    except np.linalg.LinAlgError:
        return False
    return bool(np.diagonal(factor).min() ** 2 > _CLEAR)


def null_directions(hessian: Array, tangent: Array | None = None) -> tuple[Array, Array]:
    """Directions in which the information is nil, after scaling its diagonal to one.

    Parameters
    ----------
    hessian : ndarray, shape (q, q)
    tangent : ndarray, shape (q, k), optional
        Directions in which active constraints let the parameters move: only among these.

    Returns
    -------
    values : ndarray, shape (d,)
        Relative eigenvalues; empty when the model is locally identified.
    directions : ndarray, shape (q, d)
        Their eigenvectors in the scaled parameters: large entries name the parameters involved.
    """
    if tangent is not None:
        values, directions = null_directions(tangent.T @ hessian @ tangent)
        return values, tangent @ directions
    diagonal = np.abs(np.diagonal(hessian))
    scale = 1 / np.sqrt(np.where(diagonal > 0, diagonal, 1.0))
    values, vectors = np.linalg.eigh(hessian * np.outer(scale, scale))
    bad = values < _RANK * max(values[-1], 1e-300) if len(values) else np.zeros(0, bool)
    return values[bad], vectors[:, bad]


def casewise_scores(
    rams: Sequence[Ram], theta: Array, rows: Sequence[Array], covs: Sequence[Array], means: Sequence[Array]
) -> list[Array]:
    """Return derivatives of each respondent's −log-likelihood, a group at a time, shapes (n_g, q).

    Parameters
    ----------
    rams : sequence of Ram
    theta : ndarray, shape (q,)
    rows : sequence of ndarray, shape (n_g, p)
        Data.
    covs, means : sequence of ndarray
        Sample moments of each group. Without a mean structure the means are the sample's.
    """
    out = []
    for ram, data, cov, mean in zip(rams, rows, covs, means, strict=True):
        structured = ram.manifest > ram.observed
        origin = mean if structured else None
        implied: Implied = ram.implied(theta[None], cov, origin, origin)
        V = np.linalg.inv(implied.sigma)
        KVK = implied.contract(V)[0]
        eye = np.eye(ram.manifest)
        KV = np.concatenate([eye, implied.X[0], implied.Q[0]], axis=1).T @ V[0]
        z = data - mean
        if structured:
            z = np.column_stack([z, np.ones(len(data))])
        out.append(implied.scores(KV, z, KVK))
    return out


def summed_scores(scores: Array, clusters: Array | None, groups: Array | None = None) -> Array:
    """Sum casewise scores, shape (n, q), within clusters where there are any; times √(C/(C − 1)).

    C counts the clusters of a cluster's group where no cluster has rows in two groups, for then groups are
    strata, and all of them otherwise.

    Parameters
    ----------
    scores : ndarray, shape (n, q)
    clusters, groups : ndarray of int, shape (n,), optional
    """
    if clusters is None:
        return scores
    count = int(clusters.max()) + 1
    summed = np.zeros((count, scores.shape[1]))
    np.add.at(summed, clusters, scores)
    strata = np.zeros(count, dtype=int)
    if groups is not None:
        strata[clusters] = groups
    return np.asarray(
        summed * cluster_factors(strata, nested=groups is None or (strata[clusters] == groups).all())
    )


def cluster_factors(strata: Array, *, nested: bool) -> Array:
    """Return √(C/(C − 1)) of each cluster, shape (C, 1), from the group that each lies in."""
    sizes = np.bincount(strata)[strata] if nested else np.full(len(strata), len(strata))
    if (sizes < 2).any():
        sizes = np.full(len(strata), len(strata))
    return np.asarray(np.sqrt(sizes / (sizes - 1)))[:, None]


def complex_step(function: Callable[[Array], Array], theta: Array) -> Array:
    """Jacobian of an analytic function at θ, exact to rounding (Squire & Trapp 1998, *SIAM Rev.* 40:110-112).

    Parameters
    ----------
    function : callable
        (B, q) complex → (B, k) complex.
    theta : ndarray, shape (q,)

    Returns
    -------
    ndarray, shape (k, q)

    Examples
    --------
    >>> complex_step(lambda t: t**2, np.array([3.0])).tolist()
    [[6.0]]
    """
    q = len(theta)
    if q == 0:
        return np.zeros((function(theta[None].astype(complex)).shape[1], 0))
    points = np.broadcast_to(theta, (q, q)).astype(complex)
    points[np.arange(q), np.arange(q)] += 1j * _STEP
    return np.asarray(function(points).imag.T / _STEP)


def delta_method(function: Callable[[Array], Array], theta: Array, vcov: Array) -> tuple[Array, Array]:
    """Value and standard error of functions of the estimates.

    Parameters
    ----------
    function : callable
        (B, q) → (B, k), analytic.
    theta : ndarray, shape (q,)
    vcov : ndarray, shape (q, q)

    Returns
    -------
    value, se : ndarray, shape (k,)
    """
    value = np.asarray(function(theta[None])[0])
    jacobian = complex_step(function, theta)
    with np.errstate(invalid="ignore"):
        variance = np.einsum("kq,qr,kr->k", jacobian, vcov, jacobian)
        size = np.einsum("kq,qr,kr->k", np.abs(jacobian), np.abs(vcov), np.abs(jacobian))
        known = np.isfinite(value) & ~(variance < -_ROUNDING * size)  # a sum that cancels may end below zero
        return value, np.sqrt(np.where(known, np.maximum(variance, 0.0), np.nan))
