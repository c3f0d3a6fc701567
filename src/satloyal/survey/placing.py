"""Placing: columns under the names that the codebook gives them, wherever the file has them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, TypeVar

import numpy as np
import pandas as pd

from satloyal.errors import SurveyError
from satloyal.notes import Note
from satloyal.survey import clean
from satloyal.survey.construct import as_code
from satloyal.survey.nearest import did_you_mean
from satloyal.survey.numbers import SKIPPED, show_cell
from satloyal.survey.place import Place
from satloyal.survey.raw import Finding, RawTable

__all__ = ["placed", "split_choices"]

T = TypeVar("T")


def placed(raw: RawTable, places: Mapping[str, Place]) -> RawTable:
    """Give columns the names of the codebook, and make columns of the choices in one cell.

    Parameters
    ----------
    raw : RawTable
    places : mapping of str to Place

    Returns
    -------
    RawTable
        Every column of the file is still there; those that the codebook places come under its names.

    Raises
    ------
    SurveyError
        If a place is not in the file, is several columns there, or a new name is taken.
    """
    if not places:
        return raw
    found = {name: _find(raw, name, place) for name, place in places.items()}
    _refuse_double(found, raw)
    names = {old: new for new, old in found.items()}
    raw = _renamed(raw, names)
    if names:
        said = clean.listing((f"{new!r} is {old!r}" for old, new in names.items() if old != new), 8)
        if said:
            note = Note("columns", f"by the codebook, {said}", len(names))
            raw = replace(raw, findings=(*raw.findings, Finding(note)))
    for name, place in places.items():
        if place.values:
            raw = _with_values(raw, name, place)
        if place.choices:
            raw = _with_choices(raw, name, place)
    return raw


def _find(raw: RawTable, name: str, place: Place) -> str:
    """Return what the table calls the column of a place."""
    columns = [str(c) for c in raw.frame.columns]
    if isinstance(place.column, int):
        positions = raw.positions or {c: i for i, c in enumerate(columns)}
        for column, position in positions.items():
            if position == place.column and column in columns:
                return column
        last = max(positions.values(), default=-1)
        raise SurveyError(
            f"the codebook places {name!r} in column {place.column} of the file, which holds nothing; "
            f"columns are counted from 0 to {last}",
            fix="correct the position, or give the text over the column",
        )
    wanted = place.column
    if wanted in raw.repeated:
        raise SurveyError(
            f"the codebook places {name!r} in column {wanted!r}, and {len(raw.repeated[wanted])} columns are "
            "called so",
            fix=f"say which by its position, or by one of {', '.join(raw.repeated[wanted])}",
        )
    if wanted in columns:
        return wanted
    folded = as_code(wanted)
    alike = [c for c in columns if folded in (as_code(c), as_code(raw.texts.get(c, "")))]
    if len(alike) == 1:
        return alike[0]
    if alike:
        raise SurveyError(
            f"the codebook places {name!r} under {wanted!r}, which stands over {len(alike)} columns",
            fix=f"say which by its position, or by its code: {clean.listing(alike, 8)}",
        )
    known = [*columns, *(text for text in raw.texts.values() if text)]
    raise SurveyError(
        f"the codebook places {name!r} in column {wanted!r}, which is not in the file"
        f"{did_you_mean(wanted, known)}",
        fix=f"the columns are {clean.listing(columns, 30)}",
    )


def _refuse_double(found: Mapping[str, str], raw: RawTable) -> None:
    """Refuse one column under two names, and a name that another column has."""
    by_column: dict[str, str] = {}
    for name, column in found.items():
        if column in by_column:
            raise SurveyError(
                f"the codebook places both {by_column[column]!r} and {name!r} in column {column!r}",
                fix="give each its own column",
            )
        by_column[column] = name
    for name, column in found.items():
        if name != column and name in raw.frame.columns and name not in by_column:
            raise SurveyError(
                f"the codebook calls column {column!r} {name!r}, but another column has that name",
                fix=f"give it another name, or place the other column as well: [columns] other = {name!r}",
            )


def _renamed(raw: RawTable, names: Mapping[str, str]) -> RawTable:
    def keys(table: Mapping[str, T]) -> dict[str, T]:
        return {names.get(key, key): value for key, value in table.items()}

    return replace(
        raw,
        frame=raw.frame.rename(columns=dict(names)),
        texts=keys(raw.texts),
        value_labels=keys(raw.value_labels),
        measures=keys(raw.measures),
        reasons=None if raw.reasons is None else raw.reasons.rename(columns=dict(names)),
        positions=keys(raw.positions),
        stems=keys(raw.stems),
        kinds=keys(raw.kinds),
        scales=keys(raw.scales),
    )


def _with_values(raw: RawTable, name: str, place: Place) -> RawTable:
    """Replace cells by what the codebook says they stand for; codes with a label go by that as well."""
    numbers = {as_code(text): number for text, number in place.values.items()}
    labels = {code: as_code(label) for code, label in raw.value_labels.get(name, {}).items()}

    def number(cell: Any) -> Any:
        if not isinstance(cell, str | int | float | np.number):
            return cell
        code = as_code(cell if isinstance(cell, str) else float(cell))
        label = labels.get(code) if isinstance(code, float) else None
        return numbers.get(code, numbers.get(label, cell) if label is not None else cell)

    column = raw.frame[name].astype(object).map(number).astype(object)
    others = {column: known for column, known in raw.value_labels.items() if column != name}
    return replace(raw, frame=raw.frame.assign(**{name: column}), value_labels=others)


def _with_choices(raw: RawTable, name: str, place: Place) -> RawTable:
    """Add a column of 0 and 1 for each choice; the cells themselves stay under the name of the place."""
    taken = [made for made in place.makes if made in raw.frame.columns]
    if taken:
        raise SurveyError(f"the codebook makes column {taken[0]!r} of {name!r}, but the file has one")
    cells = raw.frame[name]
    parsed = {cell: split_choices(cell, place) for cell in cells.dropna().unique() if isinstance(cell, str)}
    nothing: tuple[frozenset[str], tuple[str, ...]] = (frozenset(), ())
    ticked = [parsed.get(cell, nothing)[0] if isinstance(cell, str) else None for cell in cells]
    columns = {
        made: pd.Series(
            [np.nan if t is None else float(made in t) for t in ticked], index=cells.index, dtype=float
        )
        for made in place.makes
    }
    reasons = {made: [SKIPPED if t is None else None for t in ticked] for made in place.makes}
    told = pd.DataFrame(reasons, index=cells.index, dtype=object)
    rest = sorted({other for _, others in parsed.values() for other in others})
    findings = raw.findings
    if rest:
        message = (
            f"{len(rest)} {'answers' if len(rest) > 1 else 'answer'} in {name!r} "
            f"{'are' if len(rest) > 1 else 'is'} none of its choices and "
            f"{'stand' if len(rest) > 1 else 'stands'} there only: {clean.listing(map(show_cell, rest))}"
        )
        findings = (*findings, Finding(Note("choices", message, len(rest))))
    text, stem = raw.texts.get(name, ""), raw.stems.get(name, name)
    return replace(
        raw,
        frame=raw.frame.assign(**columns),
        reasons=told if raw.reasons is None else pd.concat([raw.reasons, told], axis=1),
        texts={
            **raw.texts,
            **{made: f"{text} {choice}".strip() for made, choice in place.choices.items()},
        },
        stems={**raw.stems, **dict.fromkeys(place.makes, stem)},
        kinds={**raw.kinds, **dict.fromkeys(place.makes, "tick"), name: "comment"},
        findings=findings,
    )


def split_choices(cell: str, place: Place) -> tuple[frozenset[str], tuple[str, ...]]:
    """Return the columns of the choices in a cell, and what in it is no choice.

    A choice may hold the separator itself, so that at each point the longest choice that stands there wins.

    Examples
    --------
    >>> place = Place(0, split=", ", choices={"A": "Phone, mobile", "B": "Phone"})
    >>> sorted(split_choices("Phone, mobile, Phone, by pigeon", place)[0])
    ['A', 'B']
    """
    separator = place.split.strip() or place.split
    names = sorted(place.choices.items(), key=lambda pair: -len(pair[1]))
    found: set[str] = set()
    others: list[str] = []
    rest = cell.strip()
    while rest:
        for made, choice in names:
            end = len(choice)
            after = rest[end:].lstrip()
            if rest[:end].casefold() == choice.casefold() and (not after or after.startswith(separator)):
                found.add(made)
                break
        else:
            other, _, after = rest.partition(separator)
            if other.strip():
                others.append(other.strip())
            after = separator + after
        rest = after[len(separator) :].strip() if after.startswith(separator) else after
    return frozenset(found), tuple(others)
