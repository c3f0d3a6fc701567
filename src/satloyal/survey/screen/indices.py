"""Indices: the screening table, one row a respondent, from the modules of the single indices."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from satloyal.notes import Note
from satloyal.survey import clean
from satloyal.survey.screen.asked import NOT_ASKED, Asked
from satloyal.survey.screen.attention import Required, failed_checks
from satloyal.survey.screen.consistency import even_odd, item_pairs, pair_consistency
from satloyal.survey.screen.distance import mahalanobis
from satloyal.survey.screen.duplicates import same_answers, same_id
from satloyal.survey.screen.longstring import runs, straight
from satloyal.survey.screen.repetition import repetition
from satloyal.survey.screen.seconds import read_seconds
from satloyal.survey.screen.variability import response_variability

if TYPE_CHECKING:
    from satloyal.survey.survey import Survey

__all__ = ["compute"]

Array = NDArray[np.float64]
Columns = dict[str, Any]


def compute(
    survey: Survey, answers: Asked, *, seconds: str | None, checks: Mapping[str, Required], pairs: float
) -> tuple[pd.DataFrame, list[Note]]:
    """Return every index that the survey allows, and notes on those that it does not."""
    notes: list[Note] = []
    columns: Columns = _missing(survey, answers)
    columns |= _runs(answers, columns["answered"], notes)
    columns |= _consistency(survey, answers, pairs, notes)
    distance = mahalanobis(answers.given)
    columns |= {"mahalanobis": distance.squared, "mahalanobis_p": distance.pvalue}
    if distance.singular:
        message = (
            "items determine one another or were answered by different people: a pseudo-inverse was taken"
        )
        notes.append(Note("Mahalanobis distance", message))
    columns |= _seconds(survey, seconds, columns["answered"], notes)
    columns |= _duplicates(survey, answers, notes)
    if checks:
        failed, answered = failed_checks(_as_given(survey, checks), checks)
        columns |= {"failed_checks": failed, "answered_checks": answered}
    else:
        notes.append(Note("attention checks", "none are named, so none were judged"))
    return pd.DataFrame(columns, index=survey.frame.index), notes


def _missing(survey: Survey, answers: Asked) -> Columns:
    there = ~np.isnan(answers.given)
    shown = np.ones_like(there)
    for j, name in enumerate(answers.items):
        if name in survey.missing_reasons:
            shown[:, j] = ~survey.missing_reasons[name].isin(list(NOT_ASKED)).to_numpy()
    shown |= there
    count = shown.sum(axis=1)
    answered = there.sum(axis=1)
    share = np.divide(count - answered, count, out=np.full(len(there), np.nan), where=count > 0)
    return {"answered": answered, "missing_share": share}


def _runs(answers: Asked, answered: NDArray[np.int64], notes: list[Note]) -> Columns:
    longest, count = runs(answers.given, answers.breaks)
    some = answered > 0
    nothing = np.full(len(longest), np.nan)
    return {
        "longstring": np.where(some, longest, np.nan),
        "longstring_share": np.divide(longest, answered, out=nothing.copy(), where=some),
        "average_longstring": np.divide(answered, count, out=nothing.copy(), where=some),
        "straight_share": _straight_share(answers, notes),
        "repetition": repetition(answers.given, answers.breaks),
        "irv": response_variability(answers.units),
    }


def _straight_share(answers: Asked, notes: list[Note]) -> Array:
    """Return the share of blocks with one answer throughout, of those that were answered, shape (n,)."""
    n = len(answers.given)
    if not answers.blocks:
        message = "no four questions in a row share their scale: straight-lining is not judged by block"
        notes.append(Note("straight-lining", message))
        return np.full(n, np.nan)
    hits, blocks = np.zeros(n), np.zeros(n)
    for places in answers.blocks.values():
        values = answers.given[:, list(places)]
        least = min(len(places), 4)
        blocks += (~np.isnan(values)).sum(axis=1) >= least
        hits += straight(values, least)
    out: Array = np.divide(hits, blocks, out=np.full(n, np.nan), where=blocks > 0)
    return out


def _consistency(survey: Survey, answers: Asked, least: float, notes: list[Note]) -> Columns:
    where = {name: j for j, name in enumerate(answers.items)}
    scales = [[where[n] for n in construct.items if n in where] for construct in survey.codebook.constructs]
    halves, count = even_odd(answers.keyed, scales)
    if int(count.max(initial=0)) < 3:
        message = "needs three constructs of two items or more; the codebook has fewer"
        notes.append(Note("even-odd consistency", message))
    columns: Columns = {"even_odd": halves, "even_odd_scales": count}
    found = item_pairs(answers.given, least)
    for name, sign, which in zip(("synonyms", "antonyms"), ("≥ ", "≤ −"), found, strict=True):
        consistency, answered = pair_consistency(answers.units, which)
        columns |= {name: consistency, f"{name[:-1]}_pairs": answered}
        total = int(which.sum())
        what = f"{total} pairs of items correlate {sign}{least:g}"
        few = "" if total >= 3 else "; three are needed"
        notes.append(Note(f"psychometric {name}", what + few, total))
    return columns


def _seconds(survey: Survey, column: str | None, answered: NDArray[np.int64], notes: list[Note]) -> Columns:
    if column is None:
        message = "no column says how long the interview took; name it with seconds="
        notes.append(Note("completion time", message))
        return {}
    taken = read_seconds(survey.frame, column)
    each = np.divide(taken, answered, out=np.full(len(taken), np.nan), where=answered > 0)
    notes.append(Note("completion time", f"seconds from column {column!r}, divided by the answers given"))
    return {"seconds": taken, "seconds_per_item": each}


def _duplicates(survey: Survey, answers: Asked, notes: list[Note]) -> Columns:
    book, columns = survey.codebook, {}
    if book.id is None:
        notes.append(Note("duplicates", "the codebook names no id, so rows of one respondent are not found"))
    else:
        waves = None if book.wave is None else survey.frame[book.wave]
        columns["same_id"] = same_id(survey.frame[book.id], waves)
    columns["same_answers"] = same_answers(answers.given)
    return columns


def _as_given(survey: Survey, checks: Mapping[str, Required]) -> pd.DataFrame:
    """Return the columns of attention checks, reversed items turned back."""
    items = [survey.codebook.items[name] for name in checks if name in survey.codebook.items]
    frame, _ = clean.reverse_items(survey.frame, items)
    return frame
