"""Difference tests of nested models whose tests are adjusted for mean and variance."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy import linalg, special

from satloyal.models.sem.robust_fit import moment_blocks

if TYPE_CHECKING:
    from satloyal.models.sem.result import SemFit

__all__ = ["adjusted_difference"]

Array = NDArray[Any]


def adjusted_difference(small: SemFit, large: SemFit) -> tuple[float, int, float, str]:
    r"""Scale and shift the difference of two discrepancies (Satorra 2000).

    With P the information of the larger model, B the middle of its sandwich and A the restrictions, the
    difference is distributed as :math:`\sum_i \lambda_i \chi^2_1` with λ the eigenvalues of
    :math:`(A P^{-1} A^\top)^{-1} A P^{-1} B P^{-1} A^\top`; scaled by √(m / Σλ²) and shifted it has the mean
    and variance of a chi-square with m degrees of freedom (Satorra 2000, in *Innovations in Multivariate
    Statistical Analysis*, 233-247; Asparouhov & Muthén 2010). A is what the Jacobian of the smaller model
    leaves free in that of the larger.

    Parameters
    ----------
    small, large : SemFit
        The restricted model and the one it is nested in, with the same estimator and sample.

    Returns
    -------
    statistic : float
    df : int
    pvalue : float
    reason : str
        Why it is undefined, if it is.
    """
    m = small.df - large.df
    if large.input.rows is None and large.input.ordinal is None:
        return math.nan, m, math.nan, "it takes rows, and the data are moments"
    blocks, inner = moment_blocks(large), moment_blocks(small)
    outer = np.concatenate([b.delta for b in blocks])
    H = np.linalg.lstsq(outer, np.concatenate([b.delta for b in inner]), rcond=None)[0]
    A = linalg.null_space(H.T, rcond=1e-6).T
    if m <= 0 or len(A) != m:
        return math.nan, m, math.nan, "the models are not nested parameter by parameter"
    P = np.asarray(sum(b.share * b.delta.T @ b.weighted(b.delta) for b in blocks))
    B = np.asarray(sum(b.share * b.weighted(b.delta).T @ b.gamma @ b.weighted(b.delta) for b in blocks))
    PA = np.linalg.solve(P, A.T)
    M = np.linalg.solve(A @ PA, PA.T @ B @ PA)
    first, second = float(np.trace(M)), float(np.trace(M @ M))
    if not (math.isfinite(second) and second > 0):
        return math.nan, m, math.nan, "the scaling of the difference is not positive"
    gap = float(small.glance()["chisq"] - large.glance()["chisq"])
    a = math.sqrt(m / second)
    statistic = a * gap + m - a * first
    return statistic, m, float(special.chdtrc(m, max(statistic, 0.0))), ""
