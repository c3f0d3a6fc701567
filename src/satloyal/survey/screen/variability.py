"""Intra-individual response variability: how much one respondent's answers differ among themselves."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["response_variability"]

Array = NDArray[np.float64]


def response_variability(values: Array) -> Array:
    r"""Return the standard deviation of each respondent's answers, shape (n,).

    .. math:: \mathrm{IRV}_i = \sqrt{\frac{1}{k_i - 1} \sum_j (x_{ij} - \bar x_i)^2}

    Parameters
    ----------
    values : ndarray, shape (n, k)
        Answers as they were given, all in the same units; NaN where there is none.

    Returns
    -------
    ndarray, shape (n,)
        NaN below two answers. Low values are those of straight-lining, very high ones of random answers.

    Notes
    -----
    A. M. Dunn, E. D. Heggestad, L. R. Shanock and N. Theilgard (2018), Intra-individual response variability
    as an indicator of insufficient effort responding, Journal of Business and Psychology 33, 105–121.

    Examples
    --------
    >>> response_variability(np.array([[3.0, 3.0, 3.0], [1.0, 3.0, 5.0]])).tolist()
    [0.0, 2.0]
    """
    there = ~np.isnan(values)
    count = there.sum(axis=1)
    filled = np.where(there, values, 0.0)
    mean = filled.sum(axis=1) / np.maximum(count, 1)
    squares = (np.where(there, values - mean[:, None], 0.0) ** 2).sum(axis=1)
    out: Array = np.sqrt(squares / np.maximum(count - 1, 1))
    # equal answers differ by nothing, whatever the rounding of their mean
    same = np.where(there, values, -np.inf).max(axis=1, initial=-np.inf) == np.where(
        there, values, np.inf
    ).min(axis=1, initial=np.inf)
    return np.where(count >= 2, np.where(same, 0.0, out), np.nan)
