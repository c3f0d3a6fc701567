"""Asked: the answers as they were given, in the order of the questions, and which of them stand together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from satloyal.errors import SurveyError
from satloyal.survey import clean
from satloyal.survey.nearest import did_you_mean

if TYPE_CHECKING:
    from satloyal.survey.survey import Survey

__all__ = ["NOT_ASKED", "Asked", "asked"]

Array = NDArray[np.float64]

NOT_ASKED = frozenset({"not_shown", "not_applicable"})
"""Reasons for a missing answer that are no fault of the respondent's."""

LEAST_IN_BLOCK = 4
"""Questions that make a block whose straight lines are worth counting."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Answers for screening.

    Parameters
    ----------
    items : tuple of str
        In the order of the survey's columns.
    given : ndarray, shape (n, k)
        Answers as they were given: reversed items are turned back.
    units : ndarray, shape (n, k)
        The same in one unit: as they are where all items have one scale, else from 0 to 1 on each item's
        scale (on its observed range where the scale is not known).
    keyed : ndarray, shape (n, k)
        ``units`` with reversed items turned round.
    breaks : tuple of int
        Positions at which items of another scale begin.
    blocks : mapping of str to tuple of int
        Positions of the questions of each block.
    """

    items: tuple[str, ...]
    given: Array
    units: Array
    keyed: Array
    breaks: tuple[int, ...]
    blocks: Mapping[str, tuple[int, ...]]


def asked(
    survey: Survey,
    items: Sequence[str] | None,
    blocks: Mapping[str, Sequence[str]] | None,
    without: frozenset[str] = frozenset(),
) -> Asked:
    """Return the answers to screen.

    Parameters
    ----------
    survey : Survey
    items : sequence of str, optional
        Which items; all by default.
    blocks : mapping of str to sequence of str, optional
        Items of each block; by default neighbours of one stem (where the file tells it) and one scale.
    without : frozenset of str
        Columns that are no answers here: the interview's length, attention checks.

    Raises
    ------
    SurveyError
        If an item is not known or none is left.
    """
    book = survey.codebook
    named = [*(items or ()), *(name for names in (blocks or {}).values() for name in names)]
    for name in named:
        if name not in book.items:
            raise SurveyError(
                f"{name!r} is no item of the survey{did_you_mean(name, book.items)}",
                fix="name columns of answers; `survey.items` lists them",
            )
    chosen = set(items) if items is not None else set(book.items)
    order = tuple(str(n) for n in survey.frame.columns if n in chosen and n not in without)
    if not order:
        raise SurveyError(
            "there are no items to screen", fix="say in the codebook which columns hold answers"
        )
    keyed = survey.frame[list(order)]
    given, _ = clean.reverse_items(keyed, (book.items[n] for n in order))
    scales = [_ends(survey, name) for name in order]
    breaks = tuple(j for j in range(1, len(order)) if scales[j] != scales[j - 1])
    raw, turned = given.to_numpy(dtype=float), keyed.to_numpy(dtype=float)
    low, width = _range(raw, scales)
    return Asked(
        order, raw, (raw - low) / width, (turned - low) / width, breaks, _blocks(survey, order, blocks)
    )


def _ends(survey: Survey, name: str) -> tuple[float, float] | None:
    scale = survey.codebook.items[name].scale
    return None if scale is None else (scale.low, scale.high)


def _range(values: Array, scales: Sequence[tuple[float, float] | None]) -> tuple[Array, Array]:
    """Return where each item's scale begins and how wide it is; 0 and 1 where all are the same."""
    k = len(scales)
    if len(set(scales)) == 1:
        return np.zeros(k), np.ones(k)
    there = ~np.isnan(values)
    seen_low = np.where(there, values, np.inf).min(axis=0, initial=np.inf)
    seen_high = np.where(there, values, -np.inf).max(axis=0, initial=-np.inf)
    low = np.array([seen_low[j] if s is None else s[0] for j, s in enumerate(scales)])
    high = np.array([seen_high[j] if s is None else s[1] for j, s in enumerate(scales)])
    usable = np.isfinite(low) & (high > low)
    return np.where(np.isfinite(low), low, 0.0), np.where(usable, high - low, 1.0)


def _blocks(
    survey: Survey, order: Sequence[str], given: Mapping[str, Sequence[str]] | None
) -> dict[str, tuple[int, ...]]:
    where = {name: j for j, name in enumerate(order)}
    if given is not None:
        named = {n: tuple(where[i] for i in names if i in where) for n, names in given.items()}
        return {name: places for name, places in named.items() if len(places) >= 2}
    book = survey.codebook
    runs: list[list[int]] = []
    before: object = None
    for j, name in enumerate(order):
        key = (book.items[name].stem, _ends(survey, name))
        if j and key == before:
            runs[-1].append(j)
        else:
            runs.append([j])
        before = key
    return {
        book.items[order[run[0]]].stem or f"{order[run[0]]} … {order[run[-1]]}": tuple(run)
        for run in runs
        if len(run) >= LEAST_IN_BLOCK
    }
