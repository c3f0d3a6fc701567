"""Weighted means of construct scores by group, with intervals."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from satloyal.errors import SurveyError

if TYPE_CHECKING:
    from satloyal.survey.survey import Survey

__all__ = ["MOST_GROUPS", "group_means", "mean_interval"]

Array = NDArray[np.float64]

MOST_GROUPS = 24
"""Columns with more groups than this are not compared: the figure could not be read."""


def mean_interval(
    x: Array, w: Array, level: float = 0.95, clusters: Array | None = None
) -> tuple[float, float, float]:
    r"""Return the weighted mean and its t interval.

    .. math:: \bar x = \frac{\sum w x}{\sum w}, \qquad
              s^2(\bar x) = \frac{n}{n-1} \frac{\sum w^2 (x - \bar x)^2}{(\sum w)^2}

    the linearised variance of a ratio mean (Cochran 1977, *Sampling Techniques*, 3rd ed., sections 2.11 and
    6.4), with n - 1 degrees of freedom. With clusters the sum runs over the clusters' totals of w (x - mean),
    and n is their number (section 11.8).

    Parameters
    ----------
    x, w : ndarray, shape (n,)
        Values and weights.
    level : float
        Confidence level.
    clusters : ndarray, shape (n,), optional
        Sampling cluster of each value.

    Returns
    -------
    (mean, lower, upper)
        NaN where undefined: the mean without weight, the interval below two values.

    Examples
    --------
    >>> import numpy as np
    >>> mean, low, high = mean_interval(np.array([1.0, 2.0, 3.0]), np.ones(3))
    >>> mean, round(low, 3), round(high, 3)
    (2.0, -0.484, 4.484)
    """
    total = float(w[w > 0].sum())
    if total == 0:
        return float("nan"), float("nan"), float("nan")
    mean = float((w * x)[w > 0].sum() / total)
    parts = (w * (x - mean))[w > 0]
    if clusters is not None:
        _, codes = np.unique(clusters[w > 0], return_inverse=True)
        parts = np.bincount(codes, weights=parts).astype(np.float64)
    n = len(parts)
    if n == 1:
        return mean, float("nan"), float("nan")
    se = float(np.sqrt(n / (n - 1) * (parts**2).sum()) / total)
    half = float(stats.t.ppf(0.5 + level / 2, n - 1)) * se
    return mean, mean - half, mean + half


def group_means(survey: Survey, column: str) -> pd.DataFrame | None:
    """Return one row a construct and group: ``construct, group, n, mean, ci_lower, ci_upper``.

    Nothing where the survey has no constructs, or the column fewer than two groups or more than
    :data:`MOST_GROUPS`. Scores are means of the items, or percent of the scale where items of one construct
    have different scales.
    """
    if not survey.codebook.constructs or column not in survey.frame.columns:
        return None
    labels = survey.frame[column]
    groups = _ordered(labels)
    if not 1 < len(groups) <= MOST_GROUPS:
        return None
    scores = _scores(survey)
    weights = np.ones(survey.n) if survey.weights is None else survey.weights.to_numpy(dtype=float)
    book = survey.codebook
    codes = None if book.cluster is None else pd.factorize(survey.frame[book.cluster])[0].astype(float)
    rows = []
    for construct in scores.columns:
        values = scores[construct].to_numpy(dtype=float)
        for group in groups:
            here = (labels == group).to_numpy(dtype=bool) & np.isfinite(values) & np.isfinite(weights)
            mean, low, high = mean_interval(
                values[here], weights[here], clusters=None if codes is None else codes[here]
            )
            rows.append((str(construct), str(group), int(here.sum()), mean, low, high))
    return pd.DataFrame(rows, columns=["construct", "group", "n", "mean", "ci_lower", "ci_upper"])


def _ordered(labels: pd.Series) -> list[object]:
    found = list(labels.dropna().unique())
    try:
        return sorted(found)
    except TypeError:  # numbers beside text
        return sorted(found, key=str)


def _scores(survey: Survey) -> pd.DataFrame:
    try:
        return survey.scores()
    except SurveyError:
        return survey.scores("percent")
