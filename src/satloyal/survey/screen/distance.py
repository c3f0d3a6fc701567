"""Mahalanobis distance: how unusual a respondent's answers are together."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtrc

from satloyal.survey.screen.incomplete import PIECE, by_missing, mean_and_covariance

__all__ = ["Distance", "mahalanobis"]

Array = NDArray[np.float64]

_SINGULAR = 1e-10
"""An eigenvalue below this share of the largest is rounding."""

_ESTIMATED = 1e-3
"""The same for a matrix that the EM algorithm approached."""


@dataclass(frozen=True, slots=True)
class Distance:
    """Distances and what they rest on.

    Parameters
    ----------
    squared : ndarray, shape (n,)
        :math:`D^2`.
    df : ndarray of int, shape (n,)
        Answers (less those that others determine), the degrees of freedom of its chi-square.
    pvalue : ndarray, shape (n,)
    singular : bool
        Whether items determine one another, so that a pseudo-inverse was taken.
    by_pairs : bool
        False where the covariances are the EM algorithm's.
    """

    squared: Array
    df: NDArray[np.int64]
    pvalue: Array
    singular: bool
    by_pairs: bool = True


def mahalanobis(values: Array) -> Distance:
    r"""Return each respondent's squared distance from the mean of all.

    .. math:: D_i^2 = (x_i - \bar x)^\top S^{+} (x_i - \bar x)

    over the items that the respondent answered, with their means and their part of the covariance matrix
    :math:`S` (divisor :math:`n - 1`), which rest on all who answered each pair of items, or on the EM
    algorithm where that matrix is not soundly positive definite. It is referred to a
    chi-square with as many degrees of freedom as items were answered; that holds for normal variables, and
    answers on a few points are not normal, so a small *p* says "look", not "careless".

    Parameters
    ----------
    values : ndarray, shape (n, k)
        NaN where there is no answer.

    Returns
    -------
    Distance
        NaN for who answered nothing, and for all where there are fewer than three respondents. Items that do
        not vary count for nothing.

    Notes
    -----
    P. C. Mahalanobis (1936), On the generalised distance in statistics, Proceedings of the National Institute
    of Sciences of India 2, 49–55; A. W. Meade and S. B. Craig (2012), Psychological Methods 17, 437–455.

    Examples
    --------
    >>> mahalanobis(np.array([[1.0, 2], [2, 1], [3, 3], [4, 5], [5, 4]])).squared.round(4).tolist()
    [2.0, 2.0, 0.0, 2.0, 2.0]
    """
    n = len(values)
    there = ~np.isnan(values)
    mean, cov, by_pairs = mean_and_covariance(values)
    x = np.where(there, values - mean, 0.0)
    varies = np.diag(cov) > 0
    x, there, cov = x[:, varies], there[:, varies], cov[np.ix_(varies, varies)]
    squared, df = np.full(n, np.nan), np.zeros(n, dtype=np.int64)
    if n < 3 or not varies.any():
        return Distance(squared, df, squared.copy(), singular=False)
    spread = np.sqrt(np.diag(cov))
    x, cov = x / spread, cov / np.outer(spread, spread)
    roots = np.linalg.eigvalsh(cov)
    limit = _SINGULAR if by_pairs else _ESTIMATED
    singular = bool(roots[0] <= limit * roots[-1])
    if singular:
        for rows, pattern in _by_pattern(there):
            squared[rows], df[rows] = _pseudo(x[rows], pattern, cov, limit)
    else:
        df = there.sum(axis=1)
        squared = _regular(x, there, cov)
    squared = np.where(df > 0, squared, np.nan)
    pvalue = np.where(df > 0, chdtrc(np.maximum(df, 1), np.nan_to_num(squared)), np.nan)
    return Distance(squared, df, pvalue, singular, by_pairs)


def _by_pattern(there: NDArray[np.bool_]) -> list[tuple[NDArray[np.intp], NDArray[np.bool_]]]:
    """Return pieces of rows in the order of their patterns, with the pattern of each row."""
    packed = np.ascontiguousarray(np.packbits(there, axis=1))
    keys = packed.view(np.dtype((np.void, packed.shape[1]))).ravel()
    _, inverse = np.unique(keys, return_inverse=True)
    order = np.argsort(inverse, kind="stable")
    starts = np.flatnonzero(np.r_[True, np.diff(inverse[order]) > 0])
    bounds = [*starts[::PIECE].tolist(), len(order)]
    return [(rows := order[a:b], there[rows]) for a, b in pairwise(bounds)]


def _regular(x: Array, there: NDArray[np.bool_], cov: Array) -> Array:
    r"""Return D² by the number of missing answers, without an inverse for each pattern.

    With :math:`K = S^{-1}`, the deviations *d* (0 where missing) and :math:`q = K d`, the distance on the
    answered items is :math:`d^\top q - q_m^\top K_{mm}^{-1} q_m` over the missing items *m*; where more are
    missing than answered, the answered part of *S* is solved itself.
    """
    precision = np.linalg.inv(cov)
    q = x @ precision
    squared: Array = (x * q).sum(axis=1)
    for rows, absent in by_missing(there):
        small = 2 * absent.shape[1] <= there.shape[1]
        # where more are absent: what was answered, as many answers in every row
        columns = absent if small else np.nonzero(there[rows])[1].reshape(len(rows), -1)
        matrix, side = (precision, q) if small else (cov, x)
        part = matrix[columns[:, :, None], columns[:, None, :]]
        v = np.take_along_axis(side[rows], columns, axis=1)
        found = (v * np.linalg.solve(part, v[:, :, None])[:, :, 0]).sum(axis=1)
        squared[rows] = squared[rows] - found if small else found
    return np.maximum(squared, 0.0)


def _pseudo(
    x: Array, pattern: NDArray[np.bool_], cov: Array, limit: float
) -> tuple[Array, NDArray[np.int64]]:
    """Return D² and its degrees of freedom by the pseudo-inverse, for rows of several patterns."""
    found, which = np.unique(pattern, axis=0, return_inverse=True)
    which = which.ravel()
    roots, vectors = np.linalg.eigh(np.where(found[:, :, None] & found[:, None, :], cov, 0.0))
    good = roots > limit * np.maximum(roots[:, -1:], np.finfo(float).tiny)
    scale = np.where(good, 1 / np.sqrt(np.where(good, roots, 1.0)), 0.0)
    squared = np.empty(len(x))
    order = np.argsort(which, kind="stable")
    bounds = np.searchsorted(which[order], np.arange(len(found) + 1))
    for g in range(len(found)):
        rows = order[bounds[g] : bounds[g + 1]]
        squared[rows] = ((x[rows] @ vectors[g] * scale[g]) ** 2).sum(axis=1)
    return squared, good.sum(axis=1)[which]
