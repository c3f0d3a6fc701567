"""Metrics of one question: NPS, CSAT, effort, retention and share of wallet."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from satloyal.errors import FitError
from satloyal.models.metrics.data import Array, Source, complete, refuse_outside
from satloyal.models.metrics.intervals import Kind, Method
from satloyal.models.metrics.result import (
    EffortScore,
    Measure,
    NetPromoterScore,
    Retention,
    ShareOfWallet,
    TopBox,
)
from satloyal.notes import Note
from satloyal.survey.survey import Survey

__all__ = ["ces", "check_level", "csat", "nps", "retention", "share_of_wallet"]

_NPS_SCALE = (0.0, 10.0)
_PROMOTER, _DETRACTOR = 9, 6
_METHODS: dict[str, Method] = {
    "adjusted_wald": "default",
    "wilson": "default",
    "clopper_pearson": "clopper_pearson",
    "wald": "wald",
}

Part = tuple[str, Kind, Callable[[Array], Array], tuple[float, float]]


def check_level(level: float) -> None:
    """Refuse levels of intervals that are none."""
    if not 0 < level < 1:
        raise FitError(f"level is {level:g}", fix="give a share below 1, as 0.95")


def _method(interval: str, allowed: tuple[str, ...]) -> Method:
    if interval not in allowed:
        raise FitError(f"interval {interval!r} is not known here", fix=f"use one of {', '.join(allowed)}")
    return _METHODS[interval]


def _common(
    source: Source, values: Array, parts: tuple[Part, ...], level: float, design: dict[str, Any]
) -> dict[str, Any]:
    check_level(level)
    stay, data = complete(source, [values], **design)
    kept = values[stay]
    measures = tuple(Measure(term, kind, make(kept), limits) for term, kind, make, limits in parts)
    return {"data": data, "measures": measures, "level": level}


def nps(
    data: pd.DataFrame | Survey,
    item: str,
    *,
    group: str | None = None,
    weights: str | ArrayLike | None = None,
    cluster: str | ArrayLike | None = None,
    scale: tuple[float, float] | None = None,
    interval: Literal["adjusted_wald", "wald"] = "adjusted_wald",
    level: float = 0.95,
) -> NetPromoterScore:
    """Net promoter score with its interval: percent of 9 and 10 minus percent of 0 to 6.

    Parameters
    ----------
    data : DataFrame or Survey
    item : str
        The question about recommending, answered from 0 to 10 in whole numbers.
    group : str, optional
        Column with groups or waves; a score for each.
    weights : str or array, shape (n,), optional
        Sampling weights; a survey's own are used unasked.
    cluster : str or array, shape (n,), optional
        Sampling clusters. For waves that share people, the respondent: differences are then paired.
    scale : (0, 10), optional
        States that 0 was offered, where no codebook says so and nobody answered it.
    interval : {"adjusted_wald", "wald"}
        Rocks's adjusted Wald interval, or the plain delta interval.
    level : float
        Of the intervals.

    Returns
    -------
    NetPromoterScore
        ``nps`` in points (-100 to 100); ``promoters``, ``passives`` and ``detractors`` as shares with Wilson
        intervals.

    Raises
    ------
    FitError
        Another scale than 0 to 10, answers between whole numbers, a construct, unknown columns, unusable
        weights.

    Notes
    -----
    The variance is multinomial, :math:`(p_+ + p_- - (p_+ - p_-)^2) / (n - 1)`, or linearised under weights
    and clusters. F. F. Reichheld (2003), Harvard Business Review 81(12), 46–54; B. Rocks (2016), Interval
    estimation for the "Net Promoter Score", The American Statistician 70, 365–372.

    Examples
    --------
    >>> frame = pd.DataFrame({"recommend": [10] * 50 + [8] * 30 + [3] * 20, "wave": [1, 2] * 50})
    >>> found = nps(frame, "recommend", scale=(0, 10))
    >>> print(found.headline())
    Net promoter score of recommend: 30.0 (95 % interval 14.1 to 44.2), 100 answers.
    """
    source = Source.of(data)
    values = source.numbers(item)
    known = source.scale(item) if scale is None else tuple(map(float, scale))
    if known is not None and known != _NPS_SCALE:
        raise FitError(
            f"{item!r} was asked from {known[0]:g} to {known[1]:g}; the net promoter score needs 0 to 10",
            fix="use csat() for the share of the highest answers; recoding would be another measure",
        )
    source.need_scale(item, values, _NPS_SCALE)
    _refuse_between(item, values)
    answers = values[~np.isnan(values)]
    parts: tuple[Part, ...] = (
        ("nps", "net", lambda v: 100.0 * ((v >= _PROMOTER) * 1.0 - (v <= _DETRACTOR)), (-100.0, 100.0)),
        ("promoters", "share", lambda v: (v >= _PROMOTER) * 1.0, (0.0, 1.0)),
        ("passives", "share", lambda v: ((v > _DETRACTOR) & (v < _PROMOTER)) * 1.0, (0.0, 1.0)),
        ("detractors", "share", lambda v: (v <= _DETRACTOR) * 1.0, (0.0, 1.0)),
    )
    found = _common(source, values, parts, level, {"group": group, "weights": weights, "cluster": cluster})
    return NetPromoterScore(
        title=f"Net promoter score of {item}",
        method=_method(interval, ("adjusted_wald", "wald")),
        scale_known=known is not None or bool((answers == 0).any()),
        **found,
    )


def _refuse_between(item: str, values: Array) -> None:
    between = ~np.isnan(values) & (values != np.round(values))
    if between.any():
        raise FitError(
            f"{int(between.sum())} answers of {item!r} are not whole numbers, the first is "
            f"{values[between][0]:g}",
            fix="this metric counts the answers of one person to one question, not means",
        )


def csat(
    data: pd.DataFrame | Survey,
    item: str,
    *,
    boxes: int = 2,
    group: str | None = None,
    weights: str | ArrayLike | None = None,
    cluster: str | ArrayLike | None = None,
    scale: tuple[float, float] | None = None,
    interval: Literal["wilson", "clopper_pearson", "wald"] = "wilson",
    level: float = 0.95,
) -> TopBox:
    """Share of satisfied customers: those who gave one of the highest answers.

    Parameters
    ----------
    data : DataFrame or Survey
    item : str
        One question, answered in whole numbers.
    boxes : int
        How many of the highest answers count; 2 of 5 is usual.
    group, weights, cluster, level
        As in :func:`satloyal.nps`.
    scale : tuple of float, optional
        Lowest and highest answer offered, where no codebook says so.
    interval : {"wilson", "clopper_pearson", "wald"}
        Of the share.

    Returns
    -------
    TopBox
        ``top_box`` and ``bottom_box`` (as many of the lowest answers) as shares, and the ``mean``.

    Raises
    ------
    FitError
        As :func:`satloyal.nps`; an unknown scale; more boxes than half of the scale.

    Notes
    -----
    E. B. Wilson (1927), JASA 22, 209–212; under a design with the effective n (Korn and Graubard 1998).

    Examples
    --------
    >>> frame = pd.DataFrame({"sat": [5] * 40 + [4] * 30 + [3] * 20 + [1] * 10})
    >>> print(csat(frame, "sat", scale=(1, 5)).headline())
    Top-2-box share of sat: 70.0 % (95 % interval 60.4 % to 78.1 %), 100 answers.
    """
    source = Source.of(data)
    values = source.numbers(item)
    low, high = source.need_scale(item, values, scale)
    _refuse_between(item, values)
    if not 1 <= boxes <= (high - low + 1) / 2:
        raise FitError(
            f"{boxes} boxes of the scale {low:g} to {high:g}", fix="count at least 1 and at most half of them"
        )
    parts: tuple[Part, ...] = (
        ("top_box", "share", lambda v: (v > high - boxes) * 1.0, (0.0, 1.0)),
        ("bottom_box", "share", lambda v: (v < low + boxes) * 1.0, (0.0, 1.0)),
        ("mean", "mean", lambda v: v, (low, high)),
    )
    found = _common(source, values, parts, level, {"group": group, "weights": weights, "cluster": cluster})
    method = _method(interval, ("wilson", "clopper_pearson", "wald"))
    name = "Top-box" if boxes == 1 else f"Top-{boxes}-box"
    return TopBox(title=f"{name} share of {item}", method=method, **found)


def ces(
    data: pd.DataFrame | Survey,
    item: str,
    *,
    group: str | None = None,
    weights: str | ArrayLike | None = None,
    cluster: str | ArrayLike | None = None,
    scale: tuple[float, float] | None = None,
    level: float = 0.95,
) -> EffortScore:
    """Take the customer effort score: the mean answer about how easy it was.

    Parameters
    ----------
    data : DataFrame or Survey
    item : str
        One question, usually from 1 to 7 with 7 for "made it easy".
    group, weights, cluster, scale, level
        As in :func:`satloyal.csat`.

    Returns
    -------
    EffortScore
        ``mean`` with Student's interval, and ``above_middle``, the share above the middle of the scale.

    Raises
    ------
    FitError
        As :func:`satloyal.csat`.

    Notes
    -----
    M. Dixon, K. Freeman and N. Toman (2010), Stop trying to delight your customers, Harvard Business Review
    88(7/8), 116–122.

    Examples
    --------
    >>> frame = pd.DataFrame({"easy": [7, 6, 6, 5, 4, 7, 2, 6]})
    >>> print(ces(frame, "easy", scale=(1, 7)).headline())
    Customer effort score of easy: 5.4 (95 % interval 4.0 to 6.8), 8 answers.
    """
    source = Source.of(data)
    values = source.numbers(item)
    low, high = source.need_scale(item, values, scale)
    parts: tuple[Part, ...] = (
        ("mean", "mean", lambda v: v, (low, high)),
        ("above_middle", "share", lambda v: (v > (low + high) / 2) * 1.0, (0.0, 1.0)),
    )
    found = _common(source, values, parts, level, {"group": group, "weights": weights, "cluster": cluster})
    return EffortScore(title=f"Customer effort score of {item}", method="default", **found)


def retention(
    data: pd.DataFrame | Survey,
    column: str,
    *,
    group: str | None = None,
    weights: str | ArrayLike | None = None,
    cluster: str | ArrayLike | None = None,
    interval: Literal["wilson", "clopper_pearson", "wald"] = "wilson",
    level: float = 0.95,
) -> Retention:
    """Share of customers who stayed, bought again or renewed.

    Parameters
    ----------
    data : DataFrame or Survey
    column : str
        1 for yes and 0 for no (or true and false).
    group, weights, cluster, interval, level
        As in :func:`satloyal.csat`.

    Returns
    -------
    Retention
        ``share`` with its interval.

    Raises
    ------
    FitError
        Values other than 0 and 1, and as :func:`satloyal.csat`.

    Examples
    --------
    >>> frame = pd.DataFrame({"stayed": [1] * 83 + [0] * 17})
    >>> print(retention(frame, "stayed", interval="clopper_pearson").headline())
    Share of stayed: 83.0 % (95 % interval 74.2 % to 89.8 %), 100 answers.
    """
    source = Source.of(data)
    values = source.numbers(column)
    odd = ~np.isnan(values) & ~np.isin(values, (0.0, 1.0))
    if odd.any():
        raise FitError(
            f"{int(odd.sum())} values of {column!r} are neither 0 nor 1, the first is {values[odd][0]:g}",
            fix="code yes as 1 and no as 0; repurchase() reads probabilities",
        )
    parts: tuple[Part, ...] = (("share", "share", lambda v: v, (0.0, 1.0)),)
    found = _common(source, values, parts, level, {"group": group, "weights": weights, "cluster": cluster})
    method = _method(interval, ("wilson", "clopper_pearson", "wald"))
    return Retention(title=f"Share of {column}", method=method, **found)


def share_of_wallet(
    data: pd.DataFrame | Survey,
    column: str,
    *,
    whole: float = 100.0,
    group: str | None = None,
    weights: str | ArrayLike | None = None,
    cluster: str | ArrayLike | None = None,
    level: float = 0.95,
) -> ShareOfWallet:
    """Mean share of wallet: what part of their spending in the category customers give to us.

    Parameters
    ----------
    data : DataFrame or Survey
    column : str
        Each customer's share, from 0 to ``whole``.
    whole : float
        What all of the wallet is in that column: 100 for percent, 1 for fractions.
    group, weights, cluster, level
        As in :func:`satloyal.nps`.

    Returns
    -------
    ShareOfWallet
        ``mean`` in the column's unit with Student's interval, kept between 0 and ``whole``.

    Raises
    ------
    FitError
        Shares outside 0 to ``whole``, and as :func:`satloyal.nps`.

    Examples
    --------
    >>> frame = pd.DataFrame({"share": [20, 35, 80, 100, 50, 60, 10, 45]})
    >>> print(share_of_wallet(frame, "share").headline())
    Share of wallet (share, of 100): 50 (95 % interval 25 to 75), 8 answers.
    """
    source = Source.of(data)
    values = source.numbers(column)
    if not (np.isfinite(whole) and whole > 0):
        raise FitError(f"whole is {whole:g}", fix="give 100 for percent, 1 for fractions")
    refuse_outside(column, values, 0.0, whole)
    parts: tuple[Part, ...] = (("mean", "mean", lambda v: v, (0.0, whole)),)
    found = _common(source, values, parts, level, {"group": group, "weights": weights, "cluster": cluster})
    largest = float(np.nanmax(values))
    notes: tuple[Note, ...] = ()
    if whole > 1 >= largest:
        text = f"the largest share is {largest:g} of {whole:g}; if they are fractions, say whole=1"
        notes = (Note("scale", text),)
    title = f"Share of wallet ({column}, of {whole:g})"
    return ShareOfWallet(title=title, method="default", own_notes=notes, **found)
