"""Longstring: how long a respondent gave one and the same answer."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["average_longstring", "longstring", "runs", "straight"]

Array = NDArray[np.float64]


def runs(values: Array, breaks: Sequence[int] = ()) -> tuple[Array, Array]:
    """Return the longest run of equal answers and the number of runs of each respondent.

    Unanswered questions are passed over: 3, nothing, 3 is a run of two.

    Parameters
    ----------
    values : ndarray, shape (n, k)
        Answers as they were given (reversed items not turned round), in the order of the questions; NaN
        where there is none.
    breaks : sequence of int
        Positions at which another block begins, whose answers start a new run.

    Returns
    -------
    longest, count : ndarray, shape (n,)
        Both 0 where nothing was answered.

    Examples
    --------
    >>> longest, count = runs(np.array([[3.0, 3.0, 3.0, 2.0], [1.0, np.nan, 1.0, 2.0]]))
    >>> longest.tolist(), count.tolist()
    ([3.0, 2.0], [2.0, 2.0])
    """
    n, k = values.shape
    longest, count = np.zeros(n, dtype=np.int64), np.zeros(n, dtype=np.int64)
    length = np.zeros(n, dtype=np.int64)
    last = np.full(n, np.nan)
    starts = set(breaks)
    for j in range(k):
        if j in starts:
            last[:] = np.nan
        answer = values[:, j]
        there = ~np.isnan(answer)
        same = answer == last
        length = np.where(same, length + 1, np.where(there, 1, length))
        count += there & ~same
        np.maximum(longest, np.where(there, length, 0), out=longest)
        last = np.where(there, answer, last)
    return longest.astype(float), count.astype(float)


def longstring(values: Array, breaks: Sequence[int] = ()) -> Array:
    """Return the longest run of equal answers, shape (n,); NaN where nothing was answered.

    Parameters are those of :func:`runs`.

    Notes
    -----
    J. A. Johnson (2005), Ascertaining the validity of individual protocols from Web-based personality
    inventories, Journal of Research in Personality 39, 103–129.

    Examples
    --------
    >>> longstring(np.array([[5.0, 5.0, 5.0, 5.0], [1.0, 2.0, 2.0, 1.0]])).tolist()
    [4.0, 2.0]
    """
    longest, count = runs(values, breaks)
    return np.where(count > 0, longest, np.nan)


def average_longstring(values: Array, breaks: Sequence[int] = ()) -> Array:
    """Return the mean length of the runs of equal answers, shape (n,); NaN where nothing was answered.

    Parameters are those of :func:`runs`.

    Notes
    -----
    A. W. Meade and S. B. Craig (2012), Identifying careless responses in survey data, Psychological Methods
    17, 437–455.

    Examples
    --------
    >>> average_longstring(np.array([[5.0, 5.0, 4.0, 4.0], [1.0, 2.0, 3.0, 4.0]])).tolist()
    [2.0, 1.0]
    """
    _, count = runs(values, breaks)
    answered = (~np.isnan(values)).sum(axis=1).astype(float)
    out: Array = np.divide(answered, count, out=np.full(len(values), np.nan), where=count > 0)
    return out


def straight(values: Array, least: int = 2) -> NDArray[np.bool_]:
    """Return who gave one answer to every question that they answered, shape (n,).

    Parameters
    ----------
    values : ndarray, shape (n, k)
        Answers to one block as they were given.
    least : int
        Answers that are needed to say so.

    Notes
    -----
    Y. Kim, J. Dykema, J. Stevenson, P. Black and D. P. Moberg (2019), Straightlining, Social Science Computer
    Review 37, 214–233 ("simple nondifferentiation").

    Examples
    --------
    >>> straight(np.array([[4.0, 4.0, np.nan], [4.0, 4.0, 5.0]])).tolist()
    [True, False]
    """
    there = ~np.isnan(values)
    low = np.where(there, values, np.inf).min(axis=1, initial=np.inf)
    high = np.where(there, values, -np.inf).max(axis=1, initial=-np.inf)
    out: NDArray[np.bool_] = (there.sum(axis=1) >= max(least, 1)) & (low == high)
    return out
