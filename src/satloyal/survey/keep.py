"""Keeping: who stays in a survey, and the record of who left and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from satloyal.errors import SurveyError
from satloyal.notes import Note
from satloyal.survey.screen.screening import Screening

if TYPE_CHECKING:
    from satloyal.survey.survey import Survey

__all__ = ["Who", "keep"]

Who = Screening | pd.Series | NDArray[np.bool_] | Sequence[bool]


def keep(
    survey: Survey,
    who: Who,
    *,
    at_least: int = 2,
    flags: str | Sequence[str] | None = None,
    reason: str | None = None,
) -> Survey:
    """Return the survey of those who stay; see :meth:`satloyal.Survey.keep`."""
    if isinstance(who, Screening):
        _same_people(survey, who.flags.index)
        leaves = who.suspects(at_least=at_least, flags=flags).to_numpy()
        why = who.reasons(flags)[leaves]
        counted = who.flags.loc[leaves, list(who.flags.columns if flags is None else _listed(flags))].sum()
        told = ", ".join(f"{name} {count}" for name, count in counted.items() if count)
        rule = f"{at_least} kind{'s' if at_least > 1 else ''} of evidence or more"
        said = "; ".join(part for part in (f"{rule}: {told}" if told else rule, reason) if part)
    else:
        leaves = ~_mask(survey, who)
        said = reason or "not in the rows that were asked for"
        why = pd.Series(said, index=survey.frame.index[leaves], dtype=object)
    count = int(leaves.sum())
    if count == survey.n:
        raise SurveyError(
            "nobody would be left in the survey", fix="ask for more evidence, fewer indices or other rows"
        )
    message = f"{count} of {survey.n} respondents left out ({said})"
    notes = [Note("left out", message, count)]
    if count and survey.weighting is not None:
        again = "the weights no longer meet their targets, as some of the respondents have left; weight again"
        notes.append(Note("weights", again, count))
    return replace(
        survey,
        frame=survey.frame[~leaves],
        missing_reasons=survey.missing_reasons[~leaves],
        notes=(*survey.notes, *notes),
        left=pd.concat([survey.left, _record(survey, leaves, why)]),
        weighting=None if count else survey.weighting,
    )


def _listed(flags: str | Sequence[str]) -> list[str]:
    return [flags] if isinstance(flags, str) else list(flags)


def _same_people(survey: Survey, index: pd.Index[Any]) -> None:
    if not index.equals(survey.frame.index):
        raise SurveyError(
            f"the screening is of other rows ({len(index)}) than the survey has ({survey.n})",
            fix="screen this survey, and keep from the same one",
        )


def _mask(survey: Survey, who: Any) -> NDArray[np.bool_]:
    """Return True for who stays, from a series with the survey's rows or as many values."""
    if isinstance(who, pd.Series):
        _same_people(survey, who.index)
    values = np.asarray(who)
    if values.shape != (survey.n,):
        given = values.shape[0] if values.ndim else 0
        raise SurveyError(
            f"who stays is said for {given} rows, but the survey has {survey.n}",
            fix="give one True or False a row",
        )
    if values.dtype != bool:
        cells = list(values)
        if not all(isinstance(cell, bool | np.bool_) for cell in cells):
            raise SurveyError(
                "who stays is not said by True and False alone",
                fix="give a condition such as survey.frame['region'] == 'North'; a missing value is neither",
            )
        values = values.astype(bool)
    mask: NDArray[np.bool_] = values
    return mask


def _record(survey: Survey, leaves: NDArray[np.bool_], why: pd.Series[Any]) -> pd.DataFrame:
    ids = None if survey.codebook.id is None else survey.frame.loc[leaves, survey.codebook.id]
    return pd.DataFrame({"id": ids, "why": why}, index=why.index, dtype=object)
