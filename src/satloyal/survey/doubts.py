"""Doubts: what the numbers themselves make questionable where nobody has said what they mean.

Nothing is changed here. Each function looks at answers and returns what the user should look at.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from satloyal.notes import Note
from satloyal.survey.clean import SHOWN, listing
from satloyal.survey.codebook import Codebook
from satloyal.survey.numbers import read_column
from satloyal.survey.raw import Finding, RawTable
from satloyal.survey.screen.longstring import longstring
from satloyal.survey.screen.repetition import repetition

__all__ = [
    "against_the_block",
    "careless",
    "codes_within",
    "doubts",
    "extra_choice",
    "far_outside",
    "outlying",
]

Array = NDArray[np.float64]

WIDEST = 10
"""Steps from the lowest to the highest point of a rating scale; wider columns are amounts."""
_GAP = 3.0
_FEWEST = 10
_RARE = 0.12
"""A choice beside the scale is taken by at most so many; more are a point of the scale."""
_AGAINST, _NOTHING = -0.3, 1e-9
_LOOKED_AT = 20_000
"""Respondents, evenly spaced, from whom the direction of an item is judged."""
_RATED = 5
"""Ratings from which a question of its own is compared with all others."""
LONG, MANY = 50, 20
"""Equal answers in a row, and answered questions from which a single answer to all of them is noted."""


def doubts(frame: pd.DataFrame, book: Codebook, raw: RawTable) -> list[Finding]:
    """Return what in the answers needs the user's eye.

    Parameters
    ----------
    frame : DataFrame
        Answers as numbers, reversed items as they were asked.
    book : Codebook
        Items that have a scale are checked against it elsewhere.
    raw : RawTable
        What the file says: stems, row numbers, how long each interview took.
    """
    items = [n for n in book.items if n in frame and pd.api.types.is_numeric_dtype(frame[n].dtype)]
    bare = [n for n in items if book.items[n].scale is None]
    timed = next((n for n, kind in raw.kinds.items() if kind == "duration" and n in frame), None)
    known = timed is not None and pd.api.types.is_numeric_dtype(frame[timed].dtype)
    seconds = frame[timed].to_numpy(dtype=float, na_value=np.nan) if known else None
    return [
        *far_outside(frame[bare], raw.rows),
        *extra_choice(frame[bare], raw.stems),
        *codes_within(frame[bare], _taken(bare, book, raw)),
        *against_the_block(frame, book, raw.stems, items),
        *careless(frame[items].to_numpy(dtype=float, na_value=np.nan), seconds),
    ]


def _taken(names: Sequence[str], book: Codebook, raw: RawTable) -> dict[str, list[float]]:
    """Return the missing codes for all columns that stand in each of these."""
    codes = [code for code in book.missing if isinstance(code, float)]
    if not codes:
        return {}
    cells = {name: read_column(raw.frame[name], decimal=raw.decimal).values for name in names}
    found = {name: [c for c in codes if (values == c).any()] for name, values in cells.items()}
    return {name: taken for name, taken in found.items() if taken}


def outlying(values: Array) -> NDArray[np.bool_]:
    """Return which answers lie far outside the rating scale that all others are on, shape (n,).

    The scale is the run of whole numbers, none more than two apart, that holds most of the answers, if it
    spans at most ten steps and at least three points. Outside is what lies three or more beyond it, and one
    or two negative codes below it.

    Examples
    --------
    >>> outlying(np.array([3.0, 4, 5, 2, 1, 3, 4, 55, 3, 4])).nonzero()[0].tolist()
    [7]
    """
    none = np.zeros(len(values), dtype=bool)
    there = ~np.isnan(values)
    found = values[there]
    if len(found) < _FEWEST or (found != np.round(found)).any():
        return none
    low, high = found.min(), found.max()
    if high - low < 1_000_000:
        tally = np.bincount((found - low).astype(np.int64))
        points, counts = np.flatnonzero(tally) + low, tally[tally > 0]
    else:
        points, counts = np.unique(found, return_counts=True)
    # One or two negative codes below a scale of several points are no half of a bipolar scale.
    below = points < 0
    coded = 0 < below.sum() <= 2 and points[-1] >= 4 and 5 * counts[below].sum() <= len(found)
    breaks = np.flatnonzero((np.diff(points) >= _GAP) | (coded & below[:-1] & ~below[1:])) + 1
    runs = list(zip(np.split(points, breaks), np.split(counts, breaks), strict=True))
    core, held = max(runs, key=lambda run: int(run[1].sum()))
    if len(core) < 3 or core[-1] - core[0] > WIDEST or 2 * held.sum() < there.sum():
        return none
    outside: NDArray[np.bool_] = there & ((values < core[0]) | (values > core[-1]))
    return outside


def far_outside(frame: pd.DataFrame, rows: Sequence[int]) -> list[Finding]:
    """Find answers far outside the scale of the rest of their column: slips, or undeclared missing codes."""
    cells: list[tuple[str, float, int]] = []
    ranges: dict[str, str] = {}
    for name in frame.columns:
        values = frame[name].to_numpy(dtype=float, na_value=np.nan)
        outside = outlying(values)
        if outside.any():
            rest = values[~np.isnan(values) & ~outside]
            ranges[name] = f"{name!r} ({rest.min():g} to {rest.max():g} otherwise)"
            cells += [(name, float(values[i]), rows[i]) for i in np.flatnonzero(outside).tolist()]
    if not cells:
        return []
    if len(cells) <= SHOWN:
        said = [f"{value:g} in row {row} of {ranges[name]}" for name, value, row in cells]
    else:
        said = []
        for value in sorted({value for _, value, _ in cells}):
            where = [(name, row) for name, found, row in cells if found == value]
            columns = listing(dict.fromkeys(ranges[name] for name, _ in where), 3)
            said.append(f"{value:g} in {len(where)} cells, first in row {where[0][1]}, of {columns}")
    total = len(cells)
    message = (
        f"{total} {'answers lie' if total > 1 else 'answer lies'} far outside the others of the column: "
        f"{listing(said)}. Declare missing codes (`missing`), or the scale, which takes them out"
    )
    return [Finding(Note("outside", message, total), eye=True)]


def extra_choice(frame: pd.DataFrame, stems: Mapping[str, str]) -> list[Finding]:
    """Find a rare 6 over five points, or 8 over seven: "don't know" may have been the next choice."""
    out = []
    for columns in _blocks(frame, stems):
        answers = np.column_stack([_inside(frame[name]) for name in columns])
        top = float(np.nanmax(answers))
        where = answers == top
        share = where.sum() / max(1, (~np.isnan(answers)).sum())
        if top not in (6.0, 8.0) or share > _RARE or not (answers == top - 1).any() or _rises(answers, where):
            continue
        named = [name for name, hit in zip(columns, where.any(axis=0), strict=True) if hit]
        message = (
            f"{top:g} is rare ({int(where.sum())} of {int((~np.isnan(answers)).sum())} answers) in "
            f'{listing(named, 8)}, one above a scale from 1 to {top - 1:g}: it may be "don\'t know" as '
            f'the next choice. Say `missing = {{{top:g} = "dont_know"}}` or `scale = [1, {top:g}]`'
        )
        out.append(Finding(Note("possible don't know", message, int(where.sum())), eye=True))
    return out


def _blocks(frame: pd.DataFrame, stems: Mapping[str, str]) -> list[list[str]]:
    """Return columns of one stem, or neighbours without one, that end at 5 or 6, or at 7 or 8."""
    groups: dict[tuple[str, int, int], list[str]] = {}
    run, before = 0, 0
    for name in frame.columns:
        values = _inside(frame[name])
        values = values[~np.isnan(values)]
        top = {5: 5, 6: 5, 7: 7, 8: 7}.get(values.max(), 0) if len(values) >= _FEWEST else 0
        family = top if top and values.min() >= 1 and (values == np.round(values)).all() else 0
        run += family != before
        before = family
        if family:
            groups.setdefault((stems.get(name, ""), 0 if name in stems else run, family), []).append(name)
    return list(groups.values())


def _inside(column: pd.Series[float]) -> Array:
    """Return answers without those far outside the scale of the rest."""
    values = np.asarray(column.to_numpy(dtype=float, na_value=np.nan), dtype=np.float64)
    if np.isnan(values).all() or not (np.nanmax(values) > 8 or np.nanmin(values) < 0):
        return values
    return np.where(outlying(values), np.nan, values)


def _rises(answers: Array, where: NDArray[np.bool_]) -> bool:
    """Whether those who gave the top answer gave high ones elsewhere, as on a true scale.

    Their other answers are compared with everybody's: 0.5 is alike, 1 is above all.
    """
    if answers.shape[1] < 2:
        return False
    others = np.where(where, np.nan, answers)
    count = (~np.isnan(others)).sum(axis=1)
    level = np.divide(np.nansum(others, axis=1), count, out=np.full(len(others), np.nan), where=count > 0)
    gave = where.any(axis=1) & ~np.isnan(level)
    rest = level[~where.any(axis=1) & ~np.isnan(level)]
    if gave.sum() < 3 or not len(rest):
        return False
    above = [(rest < value).mean() + 0.5 * (rest == value).mean() for value in level[gave]]
    return float(np.mean(above)) > 0.75


def codes_within(frame: pd.DataFrame, codes: Mapping[str, Sequence[float]]) -> list[Finding]:
    """Find missing codes between the answers of a column without a scale: 9 is an answer from 0 to 10."""
    said = []
    for name, taken in codes.items():
        if name not in frame:
            continue
        values = frame[name].dropna().to_numpy(dtype=float)
        within = [c for c in taken if len(values) and values.min() < c < values.max()]
        if within:
            said.append(
                f"{listing(f'{c:g}' for c in within)} in {name!r} ({values.min():g} to {values.max():g})"
            )
    if not said:
        return []
    message = (
        f"missing codes lie between answers: {listing(said, 8)}; they were taken as missing. Give the scale "
        "in the codebook if they are answers"
    )
    return [Finding(Note("missing codes", message, len(said)), eye=True)]


def against_the_block(
    frame: pd.DataFrame, book: Codebook, stems: Mapping[str, str], items: Sequence[str]
) -> list[Finding]:
    """Find items that run against the others of their construct or question.

    An item does if it correlates below −0.3 with the mean of the others, those turned round that the codebook
    calls reversed, and fewer than half of the group do. Where the codebook has no constructs, a question of
    its own is compared with all other ratings.
    """
    groups = [list(names) for names in book.construct_items.values()]
    if not groups:
        by_stem: dict[str, list[str]] = {}
        for name in items:
            if stems.get(name):
                by_stem.setdefault(stems[name], []).append(name)
        groups = list(by_stem.values())
    signed = frame[list(items)] * np.array([-1.0 if book.items[n].reverse else 1.0 for n in items])
    wrong: list[str] = []
    for group in groups:
        names = [n for n in group if n in items]
        if len(names) >= 3:
            wrong += _negative(signed[names])
    if not book.constructs:
        rated = [n for n in items if _is_rating(signed[n])]
        alone = {n for n in rated if not stems.get(n)}
        wrong += [n for n in _negative(signed[rated]) if n in alone] if len(rated) >= _RATED else []
    if not wrong:
        return []
    message = (
        f"{listing(map(repr, dict.fromkeys(wrong)), 8)} {'run' if len(wrong) > 1 else 'runs'} against the "
        "other items of the same group: worded or coded the other way. Say `reverse` in the codebook for "
        "what is, and only for that"
    )
    return [Finding(Note("direction", message, len(wrong)), eye=True)]


def _is_rating(column: pd.Series[float]) -> bool:
    """Whether the answers are a few whole numbers, as on a rating scale, and more than yes and no."""
    values = column.dropna().to_numpy(dtype=float)
    if not len(values) or (values != np.round(values)).any():
        return False
    return bool(3 <= values.max() - values.min() <= WIDEST)


def _negative(answers: pd.DataFrame) -> list[str]:
    """Return columns that correlate below the limit with the mean of the standardised others."""
    every = max(1, len(answers) // _LOOKED_AT)
    values = answers.to_numpy(dtype=float, na_value=np.nan)[::every]
    there = ~np.isnan(values)
    known = np.where(there, values, 0.0)
    count = np.maximum(there.sum(axis=0), 1)
    centred = np.where(there, values - known.sum(axis=0) / count, 0.0)
    spread = np.sqrt((centred**2).sum(axis=0) / count)
    scores = np.divide(centred, spread, out=np.zeros_like(centred), where=spread > _NOTHING)
    total, number = scores.sum(axis=1), there.sum(axis=1)
    wrong = []
    for j, name in enumerate(answers.columns):
        both = there[:, j] & (number > 1)
        own, rest = scores[both, j], (total[both] - scores[both, j]) / (number[both] - 1)
        if len(own) < 2 * _FEWEST or own.std() < _NOTHING or rest.std() < _NOTHING:
            continue
        if np.corrcoef(own, rest)[0, 1] < _AGAINST:
            wrong.append(str(name))
    return wrong if 2 * len(wrong) < len(answers.columns) else []


def careless(values: Array, seconds: Array | None = None) -> list[Finding]:
    """Count who gave one answer throughout, repeated a pattern, or took less than a second a question.

    Parameters
    ----------
    values : ndarray, shape (n, k)
        Answers as they were given, in the order of the questions.
    seconds : ndarray, shape (n,), optional
        How long each interview took.
    """
    answered = (~np.isnan(values)).sum(axis=1)
    asked = answered >= MANY
    if values.shape[1] < MANY or not asked.any():
        return []
    same, pattern = asked.copy(), np.zeros(len(values), dtype=bool)
    same[asked] = np.nanmin(values[asked], axis=1) == np.nanmax(values[asked], axis=1)
    long = answered >= LONG
    if long.any():
        same[long] |= longstring(values[long]) >= LONG
        pattern[long] = ~same[long] & (np.nan_to_num(repetition(values[long])) == 1)
    fast = np.zeros(len(values), dtype=bool)
    if seconds is not None:
        fast = asked & ~same & ~pattern & (np.nan_to_num(seconds, nan=np.inf) < answered)
    kinds = (
        (same, f"gave one answer to all questions or {LONG} times in a row"),
        (pattern, "repeated a pattern"),
        (fast, "took less than a second a question"),
    )
    total = int((same | pattern | fast).sum())
    if not total:
        return []
    said = ", ".join(f"{int(hit.sum())} {what}" for hit, what in kinds if hit.any())
    message = f"{total} of {len(values)} respondents may not have read the questions: {said}; all are kept"
    return [Finding(Note("careless answers", message, total), eye=total >= max(2, 0.02 * len(values)))]
