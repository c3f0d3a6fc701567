"""Consistency: whether a respondent answers alike what is alike. Even-odd halves, psychometric synonyms."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["even_odd", "item_pairs", "pair_consistency"]

Array = NDArray[np.float64]

LEAST_PAIRS = 3
"""Below three points a correlation is +1, −1 or nothing."""

_NOTHING = 1e-12
"""Share of the sum of squares below which it is rounding: answers and half scores are short decimals."""


def even_odd(values: Array, scales: Sequence[Sequence[int]]) -> tuple[Array, NDArray[np.int64]]:
    r"""Return the even-odd consistency of each respondent.

    Each scale is split into its first, third, … and its second, fourth, … item. The two half scores are
    correlated over the scales within the respondent, and stepped up by Spearman and Brown,

    .. math:: r_{SB} = \max\left(-1, \frac{2 r}{1 + r}\right).

    Parameters
    ----------
    values : ndarray, shape (n, k)
        Answers with reversed items turned round, in the same units; NaN where there is none.
    scales : sequence of sequences of int
        Columns of each scale in their order; those of fewer than two items are passed over.

    Returns
    -------
    consistency : ndarray, shape (n,)
        NaN below three scales with both halves answered, and where a half does not vary.
    pairs : ndarray of int, shape (n,)
        How many scales it rests on.

    Notes
    -----
    J. A. Johnson (2005), Journal of Research in Personality 39, 103–129, after D. N. Jackson. The formula
    leaves −1 below :math:`r = -1/3`; such values are put to −1.

    Examples
    --------
    >>> answers = np.array([[5.0, 5, 1, 1, 3, 3], [5.0, 1, 1, 5, 3, 3]])
    >>> even_odd(answers, [[0, 1], [2, 3], [4, 5]])[0].round(12).tolist()
    [1.0, -1.0]
    """
    split = [columns for columns in scales if len(columns) >= 2]
    n = len(values)
    if not split:
        return np.full(n, np.nan), np.zeros(n, dtype=np.int64)
    first = np.column_stack([_mean(values[:, list(columns[0::2])]) for columns in split])
    second = np.column_stack([_mean(values[:, list(columns[1::2])]) for columns in split])
    both = ~np.isnan(first) & ~np.isnan(second)
    count = both.sum(axis=1)
    x, y = (_centred(half, both) for half in (first, second))
    r = _ratio((x * y).sum(axis=1), (x**2).sum(axis=1), (y**2).sum(axis=1), count, _size(first, second))
    with np.errstate(divide="ignore", invalid="ignore"):
        stepped = np.where(r > -1 / 3, 2 * r / (1 + r), -1.0)
    return np.where(np.isnan(r), np.nan, stepped), count


def item_pairs(values: Array, least: float = 0.6) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    r"""Return which pairs of items are psychometric synonyms and antonyms in this sample.

    Parameters
    ----------
    values : ndarray, shape (n, k)
        Answers as they were given; correlations rest on those who answered both items.
    least : float
        Synonyms correlate by at least ``least``, antonyms by at most ``-least``.

    Returns
    -------
    synonyms, antonyms : ndarray of bool, shape (k, k)
        True at (i, j), i < j.

    Notes
    -----
    A. W. Meade and S. B. Craig (2012), Psychological Methods 17, 437–455, who take ±.60.

    Examples
    --------
    >>> answers = np.array([[1.0, 2, 5], [2, 3, 4], [4, 5, 2], [5, 5, 1]])
    >>> [pairs.sum().item() for pairs in item_pairs(answers)]
    [1, 2]
    """
    there = (~np.isnan(values)).astype(float)
    total = np.maximum(there.sum(axis=0), 1)
    x = np.where(there > 0, values, 0.0)
    x = np.where(there > 0, x - x.sum(axis=0) / total, 0.0)
    n, sums, squares = there.T @ there, x.T @ there, (x**2).T @ there
    with np.errstate(divide="ignore", invalid="ignore"):
        cross = x.T @ x - sums * sums.T / n
        spread = squares - sums**2 / n
        r = cross / np.sqrt(spread * spread.T)
    r[(n < LEAST_PAIRS) | ~np.isfinite(r)] = 0.0
    upper = np.triu(np.ones_like(r, dtype=bool), k=1)
    return upper & (r >= least), upper & (r <= -least)


def pair_consistency(values: Array, pairs: NDArray[np.bool_]) -> tuple[Array, NDArray[np.int64]]:
    r"""Return the correlation, within each respondent, over pairs of items.

    With the pairs as a matrix :math:`P` and a row :math:`x`, all sums over pairs are products:
    :math:`\sum x_i x_j = x^\top P x`, so that hundreds of pairs cost no more than one matrix product.

    Parameters
    ----------
    values : ndarray, shape (n, k)
        Answers as they were given, in the same units; NaN where there is none.
    pairs : ndarray of bool, shape (k, k)
        From :func:`item_pairs`.

    Returns
    -------
    consistency : ndarray, shape (n,)
        Near 1 for synonyms and near −1 for antonyms of somebody who reads them. NaN below three pairs, and
        where one side does not vary.
    count : ndarray of int, shape (n,)
        Pairs of which both items were answered.

    Examples
    --------
    >>> pairs = np.zeros((6, 6), dtype=bool)
    >>> pairs[[0, 2, 4], [1, 3, 5]] = True
    >>> pair_consistency(np.array([[5.0, 5, 1, 2, 3, 3]]), pairs)[0].round(4).tolist()
    [0.982]
    """
    there = ~np.isnan(values)
    # any constant may be taken off a row: it changes no correlation, and rounding much less
    x = _centred(values, there)
    m, p = there.astype(float), pairs.astype(float)
    count = ((m @ p) * m).sum(axis=1)
    left, right = m @ p.T, m @ p  # how often each item stands first or second in a pair that was answered
    sum_x, sum_y = (left * x).sum(axis=1), (right * x).sum(axis=1)
    at_least_one = np.maximum(count, 1)
    xx = (left * x**2).sum(axis=1) - sum_x**2 / at_least_one
    yy = (right * x**2).sum(axis=1) - sum_y**2 / at_least_one
    xy = ((x @ p) * x).sum(axis=1) - sum_x * sum_y / at_least_one
    whole = np.rint(count).astype(np.int64)
    return _ratio(xy, xx, yy, whole, _size(values, values) * at_least_one), whole


def _mean(values: Array) -> Array:
    there = ~np.isnan(values)
    count = there.sum(axis=1)
    total = np.where(there, values, 0.0).sum(axis=1)
    out: Array = np.divide(total, count, out=np.full(len(values), np.nan), where=count > 0)
    return out


def _centred(values: Array, there: NDArray[np.bool_]) -> Array:
    filled = np.where(there, values, 0.0)
    mean = filled.sum(axis=1) / np.maximum(there.sum(axis=1), 1)
    out: Array = np.where(there, filled - mean[:, None], 0.0)
    return out


def _size(first: Array, second: Array) -> Array:
    """Return the largest square in each row, against which a spread is nothing or something."""
    both = np.concatenate([first, second], axis=1)
    largest: Array = np.where(np.isnan(both), 0.0, both**2).max(axis=1, initial=0.0)
    return np.maximum(largest, np.finfo(float).tiny)


def _ratio(xy: Array, xx: Array, yy: Array, count: NDArray[np.int64], size: Array) -> Array:
    """Return the correlation from sums of squares and products about the means."""
    defined = (count >= LEAST_PAIRS) & (xx > _NOTHING * size) & (yy > _NOTHING * size)
    r = np.divide(xy, np.sqrt(np.where(defined, xx * yy, 1.0)), out=np.full(len(xy), np.nan), where=defined)
    out: Array = np.clip(r, -1.0, 1.0)
    return out
