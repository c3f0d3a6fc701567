"""Sandwich standard errors and scaled tests, once for all estimators, from (Δ, W, Γ).

Δ is the Jacobian of the moments, W the weight matrix of the discrepancy at the solution, Γ the asymptotic
covariance matrix of √n times the sample moments. All are block-diagonal over groups; a group enters with
its share of the respondents.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from satloyal.core.linalg import vech_indices
from satloyal.models.sem.inference import null_directions

__all__ = [
    "Block",
    "ScaledTest",
    "TestKind",
    "adf_gamma",
    "normal_weight",
    "observed_weight",
    "robust_sem_vcov",
    "scaled_test",
]

Array = NDArray[Any]
TestKind = Literal["satorra.bentler", "mean.var.adjusted", "scaled.shifted", "yuan.bentler.mplus"]


def normal_weight(sigma: Array, *, means: bool) -> Array:
    """Weight matrix of normal theory: Σ⁻¹ for means, ½ Dᵀ(Σ⁻¹ ⊗ Σ⁻¹)D for vech of covariances.

    Parameters
    ----------
    sigma : ndarray, shape (p, p)
    means : bool

    Returns
    -------
    ndarray, shape (K, K)

    Notes
    -----
    Browne 1974, *South African Statistical Journal* 8:1-24. The element for (i, j) and (k, l) is
    Σⁱᵏ Σʲˡ + Σⁱˡ Σʲᵏ, halved once for each pair that is a variance.

    Examples
    --------
    >>> normal_weight(np.array([[2.0]]), means=True).tolist()
    [[0.5, 0.0], [0.0, 0.125]]
    """
    V = np.linalg.inv(sigma)
    rows, columns = vech_indices(len(sigma))
    half = np.where(rows == columns, 0.5, 1.0)
    low = (
        V[np.ix_(rows, rows)] * V[np.ix_(columns, columns)]
        + V[np.ix_(rows, columns)] * V[np.ix_(columns, rows)]
    )
    low *= np.outer(half, half)
    return low if not means else _diagonal_blocks([V, low])


def observed_weight(sigma: Array, cov: Array, gap: Array | None = None) -> Array:
    """Second derivatives of ½(log|Σ| + tr(TΣ⁻¹)) by means and covariances, T = S + ddᵀ, d = x̄ − μ.

    What :func:`normal_weight` is the expectation of: with V = Σ⁻¹ and U = 2VTV − V, the block of covariances
    is that of V ⊗ V with one V replaced by U, and means and covariances are linked by V ⊗ Vd.

    Parameters
    ----------
    sigma, cov : ndarray, shape (p, p)
        Implied and observed covariances.
    gap : ndarray, shape (p,), optional
        Observed less implied means; none without means.

    Returns
    -------
    ndarray, shape (K, K)

    Examples
    --------
    >>> observed_weight(np.array([[2.0]]), np.array([[3.0]]), np.array([1.0])).tolist()
    [[0.5, 0.25], [0.25, 0.375]]
    """
    V = np.linalg.inv(sigma)
    U = 2 * V @ (cov if gap is None else cov + np.outer(gap, gap)) @ V - V
    i, j = vech_indices(len(sigma))
    half = np.where(i == j, 0.5, 1.0)
    low = np.zeros((len(i), len(i)))
    for one, two in ((V, U), (U, V)):
        for a, b in ((i, j), (j, i)):
            low += one[np.ix_(a, i)] * two[np.ix_(b, j)] + one[np.ix_(a, j)] * two[np.ix_(b, i)]
    low *= np.outer(half, half) / 4
    if gap is None:
        return np.asarray(low)
    pull = V @ gap
    link = half * (V[:, i] * pull[j] + V[:, j] * pull[i])
    return np.block([[V, link], [link.T, low]])


def adf_gamma(products: Array, weights: Array | None = None, clusters: Array | None = None) -> Array:
    """Asymptotic covariance matrix of sample moments without a distribution (Browne 1984).

    Parameters
    ----------
    products : ndarray, shape (n, K)
        Each row's contribution; see :func:`satloyal.models.sem.vector.row_products`.
    weights : ndarray, shape (n,), optional
        Sampling weights with mean one.
    clusters : ndarray of int, shape (n,), optional
        Contributions are summed within clusters first, and scaled by G/(G − 1) for G clusters.

    Returns
    -------
    ndarray, shape (K, K)
    """
    w = np.ones(len(products)) if weights is None else weights
    centred = products - np.average(products, axis=0, weights=w)
    scored = centred * w[:, None]
    if clusters is not None:
        labels, codes = np.unique(clusters, return_inverse=True)
        summed = np.zeros((len(labels), scored.shape[1]))
        np.add.at(summed, codes, scored)
        scored = summed * math.sqrt(len(labels) / (len(labels) - 1))
    gamma: Array = scored.T @ scored / len(products)
    return gamma


@dataclass(frozen=True, eq=False)
class Block:
    """One group's part.

    Parameters
    ----------
    share : float
        n_g / N.
    delta : ndarray, shape (K, q)
    weight : ndarray, shape (K, K) or (K,)
        W, or its diagonal.
    gamma : ndarray, shape (K, K)
    """

    share: float
    delta: Array
    weight: Array
    gamma: Array

    def weighted(self, matrix: Array) -> Array:
        """Return W times a matrix."""
        if self.weight.ndim == 1:
            return self.weight[:, None] * matrix
        return np.asarray(self.weight @ matrix)


def _information(blocks: Sequence[Block]) -> Array:
    return np.asarray(sum(b.share * b.delta.T @ b.weighted(b.delta) for b in blocks))


def robust_sem_vcov(blocks: Sequence[Block], n: float) -> Array:
    """Sandwich (ΔᵀWΔ)⁻¹ ΔᵀWΓWΔ (ΔᵀWΔ)⁻¹ / n (Browne 1984; Satorra & Bentler 1994).

    Parameters
    ----------
    blocks : sequence of Block
    n : float
        Respondents in all.

    Returns
    -------
    ndarray, shape (q, q)
    """
    information = _information(blocks)
    if not np.isfinite(information).all() or len(null_directions(information)[0]):
        return np.full(information.shape, np.nan)
    bread = np.linalg.inv(information)
    meat = sum(b.share * b.weighted(b.delta).T @ b.gamma @ b.weighted(b.delta) for b in blocks)
    vcov = bread @ np.asarray(meat) @ bread / n
    return np.asarray((vcov + vcov.T) / 2)


@dataclass(frozen=True, slots=True)
class ScaledTest:
    """A scaled test of fit.

    Parameters
    ----------
    chisq, df : float
        The scaled statistic and the degrees of freedom it is referred to.
    factor : float
        Scaling factor, lavaan's ``chisq.scaling.factor``.
    shift : float
        Added after scaling; zero but for the scaled-and-shifted test.
    mean_factor : float
        tr(UΓ)/df, what scales the mean of χ², where that is not the factor itself.
    factor_model, factor_saturated : float
        What scales the two log-likelihoods, for a Yuan-Bentler test.
    """

    chisq: float
    df: float
    factor: float
    shift: float = 0.0
    mean_factor: float = math.nan
    factor_model: float = math.nan
    factor_saturated: float = math.nan


def scaled_test(blocks: Sequence[Block], chisq: float, df: int, kind: TestKind) -> ScaledTest:
    """Scale a χ² by the spectrum of UΓ, U = W − WΔ(ΔᵀWΔ)⁻¹ΔᵀW.

    Parameters
    ----------
    blocks : sequence of Block
    chisq : float
    df : int
    kind : {"satorra.bentler", "mean.var.adjusted", "scaled.shifted"}

    Returns
    -------
    ScaledTest

    Notes
    -----
    Mean-scaled: χ² df / tr(UΓ) (Satorra & Bentler 1994). Mean- and variance-adjusted: degrees of freedom
    tr(UΓ)² / tr((UΓ)²) (Satterthwaite 1941; Asparouhov & Muthén 2010). Scaled and shifted:
    a χ² + df − a tr(UΓ), a = √(df / tr((UΓ)²)) (Asparouhov & Muthén 2010).
    """
    if df <= 0:
        return ScaledTest(chisq, df, math.nan)
    first, second = _traces(blocks)
    if kind == "satorra.bentler":
        factor = first / df
        return ScaledTest(chisq / factor, df, factor)
    if kind == "mean.var.adjusted":
        adjusted = first**2 / second
        factor = first / adjusted
        return ScaledTest(chisq / factor, adjusted, factor)
    a = math.sqrt(df / second)
    shift = df - a * first
    return ScaledTest(a * chisq + shift, df, 1 / a, shift, mean_factor=first / df)


def _traces(blocks: Sequence[Block]) -> tuple[float, float]:
    """Return tr(UΓ) and tr((UΓ)²), with U = W − WΔ A⁻¹ ΔᵀW over all groups and A their information."""
    inverse = np.linalg.pinv(_information(blocks), hermitian=True)
    scored = [b.weighted(b.delta) for b in blocks]
    first = second = 0.0
    products = []
    for b, s in zip(blocks, scored, strict=True):
        wg = b.weighted(b.gamma)
        products.append((wg, s, b))
        own = wg - b.share * s @ (inverse @ (s.T @ b.gamma))
        first += float(np.trace(own))
        second += float(np.sum(own * own.T))
    for i, (_, s, b) in enumerate(products):
        for _, t, c in products[i + 1 :]:
            left = s.T @ b.gamma @ s
            right = t.T @ c.gamma @ t
            second += 2 * b.share * c.share * float(np.trace(inverse @ left @ inverse @ right))
    return first, second


def _diagonal_blocks(parts: Sequence[Array]) -> Array:
    size = sum(len(p) for p in parts)
    out = np.zeros((size, size))
    at = 0
    for part in parts:
        out[at : at + len(part), at : at + len(part)] = part
        at += len(part)
    return out
