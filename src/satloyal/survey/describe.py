"""Describing: figures of each item, and scores of each construct."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from satloyal.errors import SurveyError
from satloyal.survey.clean import count_by_reason

if TYPE_CHECKING:
    from satloyal.survey.codebook import Codebook
    from satloyal.survey.survey import Survey

__all__ = [
    "Method",
    "assembled",
    "describe",
    "item_total",
    "scores",
    "weighted_mean",
    "weighted_sd",
    "weighted_skew",
]

Array = NDArray[np.float64]
Method = Literal["mean", "sum", "percent"]


def weighted_mean(x: Array, w: Array) -> float:
    r"""Return :math:`\bar x = \sum w x / \sum w`, or NaN without weight.

    Examples
    --------
    >>> weighted_mean(np.array([1.0, 3.0]), np.array([3.0, 1.0]))
    1.5
    """
    total = w.sum()
    return float((w * x).sum() / total) if total > 0 else float("nan")


def weighted_sd(x: Array, w: Array) -> float:
    r"""Return :math:`\sqrt{\frac{n}{n-1} \sum w (x - \bar x)^2 / \sum w}`.

    With equal weights this is the usual standard deviation with divisor :math:`n - 1`; *n* counts answers
    with a positive weight.

    Examples
    --------
    >>> round(weighted_sd(np.array([1.0, 2.0, 3.0]), np.ones(3)), 12)
    1.0
    """
    n = int((w > 0).sum())
    if n < 2:
        return float("nan")
    return float(np.sqrt((w * _centred(x, w) ** 2).sum() / w.sum() * n / (n - 1)))


def _centred(x: Array, w: Array) -> Array:
    """Return deviations from the mean, exactly nil where all answers are the same."""
    shifted = x - x[0]
    centred: Array = shifted - weighted_mean(shifted, w)
    return centred


def weighted_skew(x: Array, w: Array) -> float:
    r"""Return the adjusted Fisher–Pearson skewness :math:`G_1 = \frac{\sqrt{n(n-1)}}{n-2} m_3 / m_2^{3/2}`.

    The moments are weighted; with equal weights this is what pandas and SPSS give. NaN below three answers or
    without spread.

    Notes
    -----
    D. N. Joanes and C. A. Gill (1998), Comparing measures of sample skewness and kurtosis, The Statistician
    47, 183–189.

    Examples
    --------
    >>> weighted_skew(np.array([1.0, 2.0, 3.0]), np.ones(3))
    0.0
    """
    n = int((w > 0).sum())
    if n < 3:
        return float("nan")
    centred = _centred(x, w)
    m2, m3 = weighted_mean(centred**2, w), weighted_mean(centred**3, w)
    if not m2 > 0:
        return float("nan")
    return float(np.sqrt(n * (n - 1)) / (n - 2) * m3 / m2**1.5)


def _correlation(x: Array, y: Array, w: Array) -> float:
    if (w > 0).sum() < 3:
        return float("nan")
    a, b = _centred(x, w), _centred(y, w)
    spread = weighted_mean(a**2, w) * weighted_mean(b**2, w)
    return float(weighted_mean(a * b, w) / np.sqrt(spread)) if spread > 0 else float("nan")


def item_total(values: Array, weights: Array) -> Array:
    r"""Return the corrected item-total correlation of each item.

    .. math:: r_j = \operatorname{cor}\bigl(x_j, \textstyle\sum_{k \ne j} x_k\bigr)

    Parameters
    ----------
    values : ndarray, shape (n, k)
        Items of one construct, already turned round; rows with a missing item are left out.
    weights : ndarray, shape (n,)
        Sampling weights; ones without weighting.

    Returns
    -------
    ndarray, shape (k,)
        NaN for a single item, and where one side does not vary.

    Notes
    -----
    J. C. Nunnally and I. H. Bernstein (1994), Psychometric Theory, 3rd edition, chapter 8.

    Examples
    --------
    >>> item_total(np.array([[1.0, 2.0], [2.0, 4.0], [3.0, 6.0]]), np.ones(3)).round(6).tolist()
    [1.0, 1.0]
    """
    k = values.shape[1]
    if k < 2:
        return np.full(k, np.nan)
    full = ~np.isnan(values).any(axis=1)
    x, w = values[full], weights[full]
    rest = x.sum(axis=1, keepdims=True) - x
    return np.array([_correlation(x[:, j], rest[:, j], w) for j in range(k)])


def describe(survey: Survey) -> pd.DataFrame:
    """Return one row an item; see :meth:`satloyal.survey.survey.Survey.describe`."""
    book, frame = survey.codebook, survey.frame
    weights = _weights(survey)
    missing = {
        name: count_by_reason(survey.missing_reasons[[name]])
        for name in book.items
        if name in survey.missing_reasons
    }
    figures = {name: _figures(survey, name, weights) for name in book.items}
    return assembled(book, figures, missing, _item_totals(book, frame, weights))


def assembled(
    book: Codebook,
    figures: Mapping[str, Mapping[str, object]],
    missing: Mapping[str, Mapping[str, int]],
    totals: Mapping[tuple[str, str], float],
) -> pd.DataFrame:
    """Put the table together.

    Parameters
    ----------
    book : Codebook
    figures : mapping
        By item: ``n``, ``missing``, ``mean``, ``sd``, ``floor``, ``ceiling``, ``skew``.
    missing : mapping
        By item: missing answers by reason.
    totals : mapping
        Item-total correlations by construct and item.
    """
    # An item of two constructs has a row in each, as its item-total correlation differs.
    owned = [(c.name, name) for c in book.constructs for name in c.items]
    placed = {name for _, name in owned}
    pairs = [*owned, *(("", name) for name in book.items if name not in placed)]
    kinds = sorted({kind for counts in missing.values() for kind in counts})
    rows = []
    for construct, name in pairs:
        row: dict[str, object] = {"construct": construct, "text": book.items[name].text}
        row |= figures[name]
        row["item_total"] = totals.get((construct, name), float("nan"))
        row["reversed"] = book.items[name].reverse
        row |= {f"missing_{kind}": missing.get(name, {}).get(kind, 0) for kind in kinds}
        row["weighted_by"] = book.weight or ""
        rows.append(row)
    index = pd.Index([name for _, name in pairs], name="item", dtype=object)
    table = pd.DataFrame(rows, index=index)
    if table.empty:
        return table
    tail = ["mean", "sd", "floor", "ceiling", "skew", "item_total", "reversed", "weighted_by"]
    return table[["construct", "text", "n", "missing", *(f"missing_{kind}" for kind in kinds), *tail]]


def _weights(survey: Survey) -> Array:
    if survey.weights is None:
        return np.ones(survey.n)
    return survey.weights.to_numpy(dtype=float)


def _item_totals(book: Codebook, frame: pd.DataFrame, weights: Array) -> dict[tuple[str, str], float]:
    out: dict[tuple[str, str], float] = {}
    for construct in book.constructs:
        values = frame[list(construct.items)].to_numpy(dtype=float)
        found = item_total(values, weights)
        out |= {(construct.name, name): float(r) for name, r in zip(construct.items, found, strict=True)}
    return out


def _figures(survey: Survey, name: str, weights: Array) -> dict[str, object]:
    values = survey.frame[name].to_numpy(dtype=float)
    there = ~np.isnan(values)
    x, w = values[there], weights[there]
    scale = survey.codebook.items[name].scale
    ends = (float("nan"), float("nan")) if scale is None else (scale.low, scale.high)
    floor, ceiling = (
        weighted_mean((x == end).astype(float), w) if scale is not None else float("nan") for end in ends
    )
    return {
        "n": int(there.sum()),
        "missing": int((~there).sum()),
        "mean": weighted_mean(x, w),
        "sd": weighted_sd(x, w),
        "floor": floor,
        "ceiling": ceiling,
        "skew": weighted_skew(x, w),
    }


def scores(survey: Survey, method: Method = "mean", min_share: float = 0.5) -> pd.DataFrame:
    """Return one column a construct; see :meth:`satloyal.survey.survey.Survey.scores`."""
    if method not in get_args(Method):
        raise SurveyError(f"there is no scoring method {method!r}", fix=f"use one of {get_args(Method)}")
    if not 0 < min_share <= 1:
        raise SurveyError(f"min_share is {min_share!r}", fix="give a share above 0 and up to 1")
    if not survey.codebook.constructs:
        raise SurveyError(
            "the codebook defines no constructs, so there is nothing to score",
            fix="add [constructs.NAME] with its items to the codebook",
        )
    columns = {
        construct.name: _score(survey, construct.name, method, min_share)
        for construct in survey.codebook.constructs
    }
    return pd.DataFrame(columns, index=survey.frame.index)


def _score(survey: Survey, name: str, method: Method, min_share: float) -> Array:
    construct = survey.codebook.construct(name)
    items = [survey.codebook.items[item] for item in construct.items]
    values = survey.frame[list(construct.items)].to_numpy(dtype=float)
    ranges = {None if item.scale is None else (item.scale.low, item.scale.high) for item in items}
    if method == "percent":
        values = np.column_stack(
            [_percent(name, item.name, survey, values[:, j]) for j, item in enumerate(items)]
        )
    elif len(ranges) > 1:
        said = ", ".join(f"{item.name} {item.scale or 'unknown'}" for item in items)
        raise SurveyError(
            f"the items of {name!r} have different scales ({said}), so their {method} says nothing",
            fix="use scores(method='percent'), which puts every item on 0 to 100 first",
        )
    there = ~np.isnan(values)
    answered = there.sum(axis=1)
    total = np.where(there, values, 0.0).sum(axis=1)
    mean = np.divide(total, answered, out=np.full(len(total), np.nan), where=answered > 0)
    enough = answered >= min_share * values.shape[1] - 1e-12
    return np.where(enough, mean * (values.shape[1] if method == "sum" else 1), np.nan)


def _percent(construct: str, item: str, survey: Survey, values: Array) -> Array:
    scale = survey.codebook.items[item].scale
    if scale is None:
        raise SurveyError(
            f"item {item!r} of {construct!r} has no scale, so it cannot be put on 0 to 100",
            fix="give its scale in the codebook",
        )
    return scale.percent(values)
