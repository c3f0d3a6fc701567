"""What the file says: scales from value labels, question texts, and which columns hold answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from satloyal.notes import Note
from satloyal.survey import clean
from satloyal.survey.codebook import Codebook
from satloyal.survey.construct import Code, Item
from satloyal.survey.numbers import read_column
from satloyal.survey.raw import Finding, RawTable
from satloyal.survey.scale import Scale

__all__ = ["answers", "complete"]

ID_NAMES = frozenset(
    {
        *("id", "cid", "rid", "respid", "respondent", "respondentid", "responseid", "recordid", "caseid"),
        *("customerid", "customernumber", "序号", "编号", "客户编号", "答卷编号"),
    }
)
"""Column names that are taken as the respondent's where there is no codebook."""


def complete(raw: RawTable, book: Codebook) -> tuple[Codebook, list[Finding]]:
    """Add what the file says: scales from value labels, question texts, an id by its name."""
    findings: list[Finding] = []
    bare = not book.columns
    if not book.items:
        book = replace(book, items=_items_of(raw, book))
    items, taken = {}, []
    for name, item in book.items.items():
        text, stem = item.text or raw.texts.get(name, ""), item.stem or raw.stems.get(name, "")
        scale = item.scale or raw.scales.get(name) or _scale_of(raw, name, {**book.missing, **item.missing})
        if scale is not item.scale:
            taken.append(name)
        items[name] = replace(item, text=text, scale=scale, stem=stem)
    book = replace(book, items=items)
    if taken:
        message = f"{clean.listing(taken, 8)}: scale taken from the labels in the file"
        findings.append(Finding(Note("scales", message, len(taken))))
    findings += _weights(raw, book)
    if bare:
        known = ("".join(c for c in str(n).casefold() if c.isalnum()) for n in raw.frame.columns)
        guess = next((n for n, k in zip(raw.frame.columns, known, strict=True) if k in ID_NAMES), None)
        if guess is not None:
            book = replace(book, id=guess)
            findings.append(
                Finding(Note("roles", f"column {guess!r} taken as the respondent's, by its name"))
            )
    return book, findings


def _weights(raw: RawTable, book: Codebook) -> list[Finding]:
    """Ask about weights that the file names and the codebook does not: they are never applied unasked."""
    names = [n for n in raw.frame.columns if raw.kinds.get(n) == "weight"]
    if not names or book.weight is not None:
        return []
    message = f"the file is weighted by {names[0]!r}; not applied. Say weight = {names[0]!r} to do so"
    return [Finding(Note("weights", message), eye=True)]


def answers(frame: pd.DataFrame, raw: RawTable, book: Codebook) -> dict[str, Item]:
    """Return the columns of numbers that nothing says are anything else."""
    special = {column for _, column in book.roles}
    return {
        name: Item(name, raw.texts.get(name, ""), stem=raw.stems.get(name, ""))
        for name in frame.select_dtypes("number").columns
        if name not in special
        and name not in book.items
        and raw.kinds.get(str(name), "answer") == "answer"
        and not _is_nominal(raw, str(name))
    }


def _is_nominal(raw: RawTable, name: str) -> bool:
    """Return whether the file describes a column as categories without order."""
    stated = raw.measures.get(name, "unknown")
    labels = raw.value_labels.get(name, {})
    # Two or three named codes of no stated order are categories (yes or no, segments), not an answer scale.
    few = bool(labels) and max(labels) - min(labels) < 3
    return stated == "nominal" or (stated != "ordinal" and few)


def _items_of(raw: RawTable, book: Codebook) -> dict[str, Item]:
    """Return the columns that a statistical file itself describes as answers on a scale."""
    special = {column for _, column in book.roles}
    names = [n for n in raw.value_labels if n not in special and not _is_nominal(raw, n)]
    scales = {name: _scale_of(raw, name, book.missing) for name in names} | dict(raw.scales)
    scales = {name: scales[name] for name in raw.frame.columns if name in scales}
    return {name: Item(name, scale=scale) for name, scale in scales.items() if scale is not None}


def _scale_of(raw: RawTable, name: str, missing: Mapping[Code, str]) -> Scale | None:
    """Return the scale that value labels name, if no answer contradicts it."""
    labels = {c: t for c, t in raw.value_labels.get(name, {}).items() if c not in missing}
    if len(labels) < 2 or name not in raw.frame.columns:
        return None
    scale = Scale(min(labels), max(labels), {int(c): t for c, t in labels.items() if float(c).is_integer()})
    values = read_column(raw.frame[name], decimal=raw.decimal).values
    answers = values[~np.isin(values, [c for c in missing if not isinstance(c, str)])]
    return None if scale.outside(answers).any() else scale
