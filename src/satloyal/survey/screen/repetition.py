"""Repetition: answers that run through a pattern again and again, as 1 2 3 4 5 4 3 2 1 2 3 … does."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["repetition"]

Array = NDArray[np.float64]

LEAST_CHANGES = 20
"""Changes of answer without which nothing is said: few changes repeat themselves by chance."""

LONGEST_PATTERN = 20
"""Longest period looked for: up and down a scale of eleven points takes 20 questions."""


def repetition(values: Array, breaks: Sequence[int] = ()) -> Array:
    r"""Return how far the answers repeat a pattern, from 0 to 1, shape (n,).

    .. math:: R = \max_{2 \le l \le \min(k/3,\,20)}
        \frac{\#\{j : x_j \ne x_{j-1},\; x_j = x_{j-l}\}}{\#\{j > l : x_j \ne x_{j-1}\}}

    Only questions at which the answer changed are counted, so that a straight line (see
    :mod:`~satloyal.survey.screen.longstring`) is no pattern, nor are two levels of satisfaction; three
    periods at least must fit.

    Parameters
    ----------
    values : ndarray, shape (n, k)
        Answers as they were given, in the order of the questions; NaN where there is none.
    breaks : sequence of int
        Positions at which another block begins; what crosses one is not counted.

    Returns
    -------
    ndarray, shape (n,)
        NaN with fewer than 20 changes to judge by.

    Notes
    -----
    Our own index, after the idea of J. Gottfried, S. Ježek, M. Králová and T. Řiháček (2022), Autocorrelation
    screening, Practical Assessment, Research & Evaluation 27, article 2. Autocorrelation itself is high also
    for people whose two topics differ, which this is not.

    Examples
    --------
    >>> zigzag = np.resize([1.0, 2, 3, 4, 5, 4, 3, 2], 40)
    >>> repetition(np.vstack([zigzag, np.full(40, 3.0)])).tolist()
    [1.0, nan]
    """
    n, k = values.shape
    block = np.zeros(k, dtype=np.int64)
    for start in breaks:
        block[start:] += 1
    best = np.full(n, np.nan)
    if k < 2:
        return best
    changed = np.zeros((n, k), dtype=bool)
    there = ~np.isnan(values)
    changed[:, 1:] = (values[:, 1:] != values[:, :-1]) & there[:, 1:] & there[:, :-1]
    changed[:, 1:] &= block[1:] == block[:-1]
    for lag in range(2, min(k // 3, LONGEST_PATTERN) + 1):
        within = changed[:, lag:] & there[:, :-lag] & (block[lag:] == block[:-lag])
        count = within.sum(axis=1)
        hits = (within & (values[:, lag:] == values[:, :-lag])).sum(axis=1)
        share = np.divide(hits, count, out=np.full(n, np.nan), where=count >= LEAST_CHANGES)
        best = np.fmax(best, share)
    return best
