"""Duplicates: one person twice, or the same answers twice."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

__all__ = ["same_answers", "same_id"]

Array = NDArray[np.float64]

LEAST_ANSWERS = 10
"""Answers that must agree: on fewer, two people agree by chance."""


def same_id(ids: pd.Series[Any], waves: pd.Series[Any] | None = None) -> Array:
    """Return which row of its respondent each row is, shape (n,): 1 the first, 2 the second.

    Parameters
    ----------
    ids : Series
        NaN without an id.
    waves : Series, optional
        A respondent of several waves has one row in each.

    Examples
    --------
    >>> same_id(pd.Series(["a", "b", "a", None])).tolist()
    [1.0, 1.0, 2.0, nan]
    """
    keys = [ids.to_numpy()] if waves is None else [ids.to_numpy(), waves.to_numpy()]
    frame = pd.DataFrame({str(i): key for i, key in enumerate(keys)})
    nth = frame.groupby(list(frame.columns), dropna=False).cumcount().to_numpy() + 1.0
    return np.where(ids.isna().to_numpy(), np.nan, nth)


def same_answers(values: Array, least: int = LEAST_ANSWERS) -> Array:
    """Return which of the rows with exactly these answers each row is, shape (n,): 1 the first, 2 the next.

    Parameters
    ----------
    values : ndarray, shape (n, k)
        NaN where there is no answer; two rows are alike if they also leave out the same questions.
    least : int
        Answers that are needed to say so.

    Returns
    -------
    ndarray, shape (n,)
        NaN with too few answers, and for straight lines, which are alike by nature.

    Notes
    -----
    Copies among different people point to fabricated interviews: N. Kuriakose and M. Robbins (2016), Don't
    get duped: Fraud through duplication in public opinion surveys, Statistical Journal of the IAOS 32,
    283–291.

    Examples
    --------
    >>> rows = np.array([[1.0, 2, 3], [1, 2, 3], [1, 2, 4], [5, 5, 5]])
    >>> same_answers(rows, least=3).tolist()
    [1.0, 2.0, 1.0, nan]
    """
    n, k = values.shape
    if not n or not k:
        return np.full(n, np.nan)
    there = ~np.isnan(values)
    # one bit pattern for each value: -0.0 is 0.0, and there are many NaN
    clean = np.ascontiguousarray(np.where(there, values + 0.0, np.nan))
    keys = clean.view(np.dtype((np.void, clean.itemsize * k))).ravel()
    _, inverse = np.unique(keys, return_inverse=True)
    nth = pd.Series(inverse).groupby(inverse).cumcount().to_numpy() + 1.0
    low = np.where(there, values, np.inf).min(axis=1)
    high = np.where(there, values, -np.inf).max(axis=1)
    return np.where((there.sum(axis=1) >= least) & (low < high), nth, np.nan)
