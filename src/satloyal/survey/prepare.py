"""Preparing: from a raw table and a codebook to the analysis table, step by step.

Order: columns under their names → choices as 1 and 0 → labels to numbers, by blocks → personal data out →
numbers → missing codes → range → weights, ids and groups → dropouts → empty and constant items → reverse
coding last.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from satloyal.errors import SurveyError
from satloyal.notes import Note
from satloyal.survey import clean
from satloyal.survey.answers import coded
from satloyal.survey.codebook import Codebook
from satloyal.survey.columns import read
from satloyal.survey.complete import answers, complete
from satloyal.survey.directed import directed
from satloyal.survey.doubts import doubts
from satloyal.survey.dropout import finished_flag, mark_dropouts
from satloyal.survey.durations import timed
from satloyal.survey.nearest import did_you_mean
from satloyal.survey.personal import looks_personal, mentions_contact
from satloyal.survey.placing import placed
from satloyal.survey.raw import Finding, Kind, RawTable
from satloyal.survey.ticks import ticked

__all__ = ["Prepared", "prepare"]


@dataclass(frozen=True, slots=True)
class Prepared:
    """The analysis table and what was done on the way to it.

    Parameters
    ----------
    frame, missing_reasons : DataFrame
        As on :class:`~satloyal.survey.survey.Survey`.
    codebook : Codebook
        With what the file itself says about scales and texts added.
    findings : tuple of Finding
        In the order of the steps.
    kinds : mapping of str to Kind
        What the vendor's layout says that a column is.
    """

    frame: pd.DataFrame
    missing_reasons: pd.DataFrame
    codebook: Codebook
    findings: tuple[Finding, ...]
    kinds: Mapping[str, Kind] = field(default_factory=dict)


def prepare(raw: RawTable, codebook: Codebook | None = None, *, where: str = "the survey") -> Prepared:
    """Make the analysis table.

    Parameters
    ----------
    raw : RawTable
        What a reader found.
    codebook : Codebook, optional
        Without one, columns that hold only numbers become numeric and the rest stays as it is.
    where : str
        What to call the source in messages.

    Raises
    ------
    SurveyError
        If a column that the codebook names is not there or is there twice, if a column of numbers holds text,
        or if weights are missing, infinite or negative.
    """
    try:
        return _prepare(raw, codebook)
    except SurveyError as err:
        raise SurveyError(err.message, where=err.where or where, fix=err.fix) from err.__cause__


def _prepare(raw: RawTable, codebook: Codebook | None) -> Prepared:
    given = codebook is not None and bool(codebook.columns)
    raw = timed(ticked(placed(raw, {} if codebook is None else codebook.places)))
    raw = directed(raw, codebook or Codebook())
    raw = coded(raw, codebook or Codebook())
    finished = finished_flag(raw)
    book, found = complete(raw, codebook or Codebook())
    findings: list[Finding] = [*raw.findings, *found]
    _require_columns(raw, book, codebook or Codebook())
    findings += _repeated(raw)
    dropped, found = _personal(raw, book)
    findings += found
    columns: dict[str, Any] = {}
    reasons: dict[str, NDArray[np.object_]] = {}
    for name in (n for n in raw.frame.columns if n not in dropped):
        values, why, found = read(name, raw, book, strict=not given)
        columns[name] = values
        findings += found
        if why is not None:
            reasons[name] = why
    frame = pd.DataFrame(columns, index=raw.frame.index)
    if not given:
        book = replace(book, items={**book.items, **answers(frame, raw, book)})
    why_missing = _reason_table(frame, reasons, book)
    frame = _flags(frame, raw, book, finished)
    asked = [n for n in raw.frame.columns if n in book.items]
    why_missing, gone = mark_dropouts(frame, why_missing, asked, finished)
    findings += gone
    findings += _summary_of_missing(why_missing[[n for n in book.items if n in why_missing]])
    findings += clean.empty_items(frame, book.items)
    findings += clean.constant_items(frame, book.items, eye=given)
    findings += doubts(frame, book, raw)
    frame, turned = clean.reverse_items(frame, book.items.values())
    kinds = {name: kind for name, kind in raw.kinds.items() if name in frame}
    return Prepared(frame, why_missing, book, (*findings, *turned), kinds)


def _flags(
    frame: pd.DataFrame, raw: RawTable, book: Codebook, finished: NDArray[np.bool_] | None
) -> pd.DataFrame:
    """Say who finished as 1 and 0 where the codebook names the column."""
    name = next((n for n in frame.columns if raw.kinds.get(n) == "finished"), None)
    if name is None or finished is None or name not in book.places:
        return frame
    return frame.assign(**{name: finished.astype(float)})


def _require_columns(raw: RawTable, book: Codebook, given: Codebook) -> None:
    """Refuse a codebook that names columns which are not there, or are there twice."""
    for name in given.columns:
        if name in raw.repeated and name not in given.places:
            raise SurveyError(
                f"the codebook names column {name!r}, but the file has {len(raw.repeated[name])} duplicated "
                "columns of that name",
                fix="give them different names in the file, or name one of "
                + ", ".join(raw.repeated[name][1:]),
            )
    absent = [name for name in book.columns if name not in raw.frame.columns]
    if absent:
        known = [str(n) for n in raw.frame.columns]
        said = clean.listing((f"{n!r}{did_you_mean(n, known)}" for n in absent), 8)
        raise SurveyError(
            f"the codebook names columns that are not in the data: {said}",
            fix=f"correct the codebook; the columns are {clean.listing(known, 30)}",
        )


def _repeated(raw: RawTable) -> list[Finding]:
    if not raw.repeated:
        return []
    said = "; ".join(f"{name!r} is now {', '.join(new)}" for name, new in raw.repeated.items())
    note = Note("column names", f"duplicated column names, all columns kept: {said}", len(raw.repeated))
    return [Finding(note, eye=True)]


def _personal(raw: RawTable, book: Codebook) -> tuple[set[str], list[Finding]]:
    """Find undeclared columns with personal data. Messages name the columns, never what stands in them."""
    stay = {*book.columns, *book.keep_personal}
    frame = raw.frame
    out = [
        n
        for n in frame.columns
        if n not in stay and (raw.kinds.get(n) == "personal" or looks_personal(n, frame[n]))
    ]
    findings = []
    if out:
        message = (
            f"left out of the analysis table because they identify people: {clean.listing(out, 30)}; "
            "`keep_personal` in the codebook keeps a column"
        )
        findings.append(Finding(Note("personal data", message, len(out))))
    for name in frame.columns:
        if name in out or name in book.keep_personal or pd.api.types.is_numeric_dtype(frame[name].dtype):
            continue
        count = mentions_contact(frame[name]) if name not in book.columns else 0
        if count:
            message = (
                f"{count} cells of {name!r} mention an e-mail address inside their text; kept as they are"
            )
            findings.append(Finding(Note("personal data", message, count)))
    return set(out), findings


def _reason_table(
    frame: pd.DataFrame, reasons: dict[str, NDArray[np.object_]], book: Codebook
) -> pd.DataFrame:
    """Return the reasons of every item, and of other columns where there are any."""
    told = {
        name: pd.Series(reasons[name], index=frame.index, dtype=object)
        for name in frame.columns
        if name in reasons and (name in book.items or any(r is not None for r in reasons[name]))
    }
    return pd.DataFrame(told, index=frame.index)


def _summary_of_missing(reasons: pd.DataFrame) -> list[Finding]:
    counts = clean.count_by_reason(reasons)
    if not counts:
        return []
    total = sum(counts.values())
    said = ", ".join(f"{reason} {count}" for reason, count in counts.items())
    cells = reasons.size
    return [Finding(Note("missing answers", f"{total} of {cells} answers: {said}", total))]
