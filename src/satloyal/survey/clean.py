"""Cleaning steps: small pure functions, each from values to values and findings.

Their order is fixed in :mod:`satloyal.survey.prepare`; turning reversed items round comes last.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from satloyal.errors import SurveyError
from satloyal.notes import Note
from satloyal.survey.construct import Code, Item
from satloyal.survey.numbers import Column, is_date, show_cell
from satloyal.survey.raw import Finding
from satloyal.survey.scale import Scale

__all__ = [
    "INVALID",
    "apply_codes",
    "check_weights",
    "constant_items",
    "count_by_reason",
    "drop_outside",
    "duplicate_ids",
    "empty_items",
    "listing",
    "refuse_text",
    "reverse_items",
    "unique_names",
]

INVALID = "invalid"
"""The reason for an answer outside its scale."""

SHOWN = 5


def listing(names: Iterable[Any], limit: int = SHOWN) -> str:
    """List a few things and say how many more there are.

    Examples
    --------
    >>> listing(["a", "b", "c"], limit=2)
    'a, b and 1 more'
    """
    items = [str(name) for name in names]
    rest = len(items) - limit
    return ", ".join(items[:limit]) + (f" and {rest} more" if rest > 0 else "")


def unique_names(names: Sequence[str]) -> tuple[tuple[str, ...], dict[str, tuple[str, ...]]]:
    """Give repeated column names a number, so that every column is kept.

    Returns
    -------
    names : tuple of str
        ``Staff``, ``Staff__2``, … in the given order.
    repeated : dict
        Each name that was used more than once → the names given to it.

    Examples
    --------
    >>> unique_names(["ID", "Staff", "Staff"])
    (('ID', 'Staff', 'Staff__2'), {'Staff': ('Staff', 'Staff__2')})
    """
    taken = set(names)
    used: set[str] = set()
    out: list[str] = []
    given: dict[str, list[str]] = {}
    for name in names:
        new, k = name, 1
        while new in used or (k > 1 and new in taken):
            k += 1
            new = f"{name}__{k}"
        used.add(new)
        out.append(new)
        given.setdefault(name, []).append(new)
    return tuple(out), {name: tuple(new) for name, new in given.items() if len(new) > 1}


def refuse_text(name: str, cells: pd.Series[Any], column: Column, rows: Sequence[int], decimal: str) -> None:
    """Refuse a column of numbers that holds something else.

    Raises
    ------
    SurveyError
        With the column, the rows and at most five of the cells.
    """
    where = np.flatnonzero(column.unread)
    if not len(where):
        return
    found = [f"{show_cell(cells.iloc[i])} in row {rows[i]}" for i in where.tolist()]
    kind = "dates" if all(is_date(cells.iloc[i]) for i in where) else "text"
    comma = decimal == "." and any("," in str(cells.iloc[i]) for i in where)
    raise SurveyError(
        f"column {name!r} should hold numbers but has {kind} in {len(where)} of {column.answered} cells: "
        f"{listing(found)}",
        fix="correct these cells, declare them as missing codes, or give a codebook without this item"
        + ("; a decimal comma is understood only in files separated by semicolons or tabs" if comma else ""),
    )


def apply_codes(
    values: NDArray[np.float64],
    reasons: NDArray[np.object_],
    codes: Mapping[Code, str],
    scale: Scale | None = None,
    own: Mapping[Code, str] | None = None,
) -> tuple[NDArray[np.float64], NDArray[np.object_], dict[str, int]]:
    """Turn numeric missing codes into NaN with a reason.

    Parameters
    ----------
    values, reasons : ndarray, shape (n,)
        Numbers, and why one is missing.
    codes : mapping
        Codes for all columns. One that lies inside ``scale`` is an answer here and is left alone: 9 is
        missing on a scale from 1 to 5 and a valid answer from 0 to 10.
    scale : Scale, optional
        Possible answers.
    own : mapping, optional
        Codes for this column alone; they count inside the scale as well.

    Returns
    -------
    values, reasons : ndarray, shape (n,)
        New arrays.
    counts : dict
        Cells by reason.

    Examples
    --------
    >>> apply_codes(np.array([4.0, 99.0]), np.array([None, None]), {99.0: "dont_know"})[0].tolist()
    [4.0, nan]
    """
    values, reasons = values.copy(), reasons.copy()
    counts: dict[str, int] = {}
    outside = {c: r for c, r in codes.items() if scale is None or not _inside(scale, c)}
    for code, reason in {**outside, **(own or {})}.items():
        if isinstance(code, str):
            continue
        hit = values == code
        if hit.any():
            values[hit] = np.nan
            reasons[hit] = reason
            counts[reason] = counts.get(reason, 0) + int(hit.sum())
    return values, reasons, counts


def _inside(scale: Scale, code: Code) -> bool:
    return not isinstance(code, str) and scale.low <= code <= scale.high


def drop_outside(
    name: str,
    values: NDArray[np.float64],
    reasons: NDArray[np.object_],
    scale: Scale,
    rows: Sequence[int],
) -> tuple[NDArray[np.float64], NDArray[np.object_], tuple[Finding, ...]]:
    """Take answers outside the scale out, with the reason ``"invalid"`` and a finding for the user's eye.

    Examples
    --------
    >>> values, reasons, found = drop_outside(
    ...     "q5", np.array([3.0, 55.0]), np.array([None, None]), Scale(1, 5), (2, 3)
    ... )
    >>> values.tolist(), found[0].note.message
    ([3.0, nan], "1 answer to 'q5' lies outside its scale 1–5 and is set to missing: 55 in row 3")
    """
    hit = scale.outside(values)
    if not hit.any():
        return values, reasons, ()
    found = listing(f"{values[i]:g} in row {rows[i]}" for i in np.flatnonzero(hit).tolist())
    count = int(hit.sum())
    what = "answer" if count == 1 else "answers"
    lie = "lies outside its scale" if count == 1 else "lie outside its scale"
    is_set = "is set" if count == 1 else "are set"
    note = Note("range", f"{count} {what} to {name!r} {lie} {scale} and {is_set} to missing: {found}", count)
    reasons = reasons.copy()
    reasons[hit] = INVALID
    return np.where(hit, np.nan, values), reasons, (Finding(note, eye=True),)


def reverse_items(frame: pd.DataFrame, items: Iterable[Item]) -> tuple[pd.DataFrame, tuple[Finding, ...]]:
    """Turn reversed items round on their scale. Doing it twice changes nothing.

    Examples
    --------
    >>> frame = pd.DataFrame({"SAT3": [1.0, 5.0]})
    >>> reverse_items(frame, [Item("SAT3", scale=Scale(1, 5), reverse=True)])[0]["SAT3"].tolist()
    [5.0, 1.0]
    """
    turned = {item.name: item.scale for item in items if item.reverse and item.scale is not None}
    if not turned:
        return frame, ()
    new = {name: scale.low + scale.high - frame[name] for name, scale in turned.items()}
    note = Note(
        "reverse coding",
        f"{listing(turned, 20)} turned round on {'its' if len(turned) == 1 else 'their'} scale, "
        "so that a high answer means much of the construct",
        len(turned),
    )
    return frame.assign(**new), (Finding(note),)


def empty_items(frame: pd.DataFrame, names: Iterable[str]) -> tuple[Finding, ...]:
    """Find columns in which nobody answered. They are kept."""
    empty = [name for name in names if len(frame) and frame[name].isna().all()]
    if not empty:
        return ()
    message = f"nobody answered {listing(map(repr, empty), 20)}; kept, but no model can use it"
    return (Finding(Note("all missing", message, len(empty)), eye=True),)


def constant_items(frame: pd.DataFrame, names: Iterable[str], *, eye: bool) -> tuple[Finding, ...]:
    """Find columns in which everybody gave the same answer. They are kept."""
    constant = {}
    for name in names:
        values = frame[name].dropna()
        if len(values) > 1 and values.nunique() == 1:
            constant[name] = values.iloc[0]
    if not constant:
        return ()
    said = listing((f"{name!r} (always {value:g})" for name, value in constant.items()), 20)
    message = f"everybody gave the same answer to {said}; kept, but it explains nothing"
    return (Finding(Note("constant", message, len(constant)), eye=eye),)


def check_weights(name: str, weights: NDArray[np.float64], rows: Sequence[int]) -> tuple[Finding, ...]:
    r"""Refuse weights that are missing, infinite or negative; note their spread.

    The note gives Kish's effective sample size :math:`(\sum w)^2 / \sum w^2` (L. Kish, 1965, Survey
    Sampling).

    Raises
    ------
    SurveyError
        With the rows at fault.
    """
    missing, infinite, negative = np.isnan(weights), np.isinf(weights), weights < 0
    bad = missing | infinite | negative
    if bad.any():
        kinds = [
            word
            for word, mask in (("missing", missing), ("infinite", infinite), ("negative", negative))
            if mask.any()
        ]
        found = listing(
            f"{'nothing' if missing[i] else format(weights[i], 'g')} in row {rows[i]}"
            for i in np.flatnonzero(bad).tolist()
        )
        raise SurveyError(
            f"the weight column {name!r} has {' and '.join(kinds)} weights in {int(bad.sum())} "
            f"of {len(weights)} rows: {found}",
            fix="give every respondent a finite weight of at least 0, or read the survey without weights",
        )
    if len(weights) and not weights.sum() > 0:
        raise SurveyError(f"every weight in column {name!r} is 0", fix="read the survey without weights")
    effective = weights.sum() ** 2 / (weights**2).sum() if len(weights) else 0.0
    message = (
        f"column {name!r}: from {weights.min():g} to {weights.max():g}, "
        f"effective sample size {effective:.1f} of {len(weights)}"
        if len(weights)
        else f"column {name!r}: no rows"
    )
    return (Finding(Note("weights", message)),)


def duplicate_ids(name: str, ids: pd.Series[Any], *, shown: bool = True) -> tuple[Finding, ...]:
    """Find respondents who stand in the file more than once; every row is kept."""
    twice = ids.dropna()[ids.dropna().duplicated(keep=False)]
    if twice.empty:
        return ()
    values = list(dict.fromkeys(twice))
    named = f": {listing(values)}" if shown else ""
    message = (
        f"{len(values)} respondent{'s' if len(values) > 1 else ''} in column {name!r} "
        f"stand{'' if len(values) > 1 else 's'} in {len(twice)} rows{named}; every row is kept"
    )
    return (Finding(Note("duplicate respondents", message, len(twice)), eye=True),)


def count_by_reason(reasons: pd.DataFrame) -> dict[str, int]:
    """Count missing cells by reason, the most frequent first.

    Examples
    --------
    >>> count_by_reason(pd.DataFrame({"a": ["skipped", None], "b": ["skipped", "refused"]}))
    {'skipped': 2, 'refused': 1}
    """
    counts: dict[str, int] = {}
    first: dict[str, tuple[int, int]] = {}
    for j in range(reasons.shape[1]):
        codes, found = pd.factorize(reasons.iloc[:, j].to_numpy(dtype=object))
        tally = np.bincount(codes[codes >= 0], minlength=len(found))
        for k, reason in enumerate(found):
            if isinstance(reason, str):
                counts[reason] = counts.get(reason, 0) + int(tally[k])
                place = (int(np.argmax(codes == k)), j)
                first[reason] = min(first.get(reason, place), place)
    return {reason: counts[reason] for reason in sorted(counts, key=lambda r: (-counts[r], first[r]))}
