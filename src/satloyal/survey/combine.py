"""Combining: several surveys as one, and blocks of columns as rows."""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pandas as pd

from satloyal.errors import SurveyError, SurveyWarning
from satloyal.notes import Note
from satloyal.survey.clean import listing
from satloyal.survey.codebook import Codebook
from satloyal.survey.construct import Construct, Item

if TYPE_CHECKING:
    from satloyal.survey.survey import Survey

__all__ = ["combine", "stack"]


def combine(surveys: Mapping[str, Survey], column: str) -> Survey:
    """Put the respondents of several surveys under each other.

    Parameters
    ----------
    surveys : mapping of str to Survey
        By what each is: a wave, a brand, a country.
    column : str
        Column that says which survey a respondent is from. It is the wave if it is called ``"wave"``, else a
        group.

    Returns
    -------
    Survey
        All columns of all surveys; what a survey did not ask is missing there, with reason ``"not_shown"``.

    Raises
    ------
    SurveyError
        If there are none, the column is taken, or an item has different scales.
    """
    if not surveys:
        raise SurveyError("there are no surveys to put together", fix="name at least one file")
    for label, survey in surveys.items():
        if column in survey.frame.columns:
            raise SurveyError(
                f"column {column!r} is in {label!r} already", fix=f"give another name, column='{column}_of'"
            )
    items = _common_items(surveys)
    frames, reasons, notes = [], [], []
    for label, survey in surveys.items():
        frames.append(survey.frame.assign(**{column: label}))
        absent = [name for name in items if name not in survey.frame.columns]
        why = survey.missing_reasons.assign(**dict.fromkeys(absent, "not_shown")).astype(object)
        reasons.append(why)
        notes += [Note(note.step, f"{label}: {note.message}", note.count) for note in survey.notes]
        if absent:
            message = f"{label}: {listing(absent, 8)} not asked there"
            notes.append(Note("columns", message, len(absent)))
            warnings.warn(message, SurveyWarning, stacklevel=3)
    frame = pd.concat(frames, ignore_index=True)
    told = pd.concat(reasons, ignore_index=True).astype(object)
    told = told.where(told.notna(), None)
    first = next(iter(surveys.values()))
    book = _with_role(replace(first.codebook, items=items, constructs=_constructs(surveys)), column)
    sizes = ", ".join(f"{label} {len(survey)}" for label, survey in surveys.items())
    notes.insert(0, Note("surveys", f"{len(surveys)} put together by {column!r}: {sizes}", len(surveys)))
    source = replace(
        first.source,
        name=", ".join(dict.fromkeys(s.source.name for s in surveys.values())),
        sha256=None,
        sheet=None,
        rows=sum(s.source.rows for s in surveys.values()),
        columns=frame.shape[1],
    )
    kinds = {name: kind for survey in surveys.values() for name, kind in survey.kinds.items()}
    return replace(
        first,
        frame=frame,
        codebook=book,
        missing_reasons=told,
        notes=tuple(notes),
        source=source,
        kinds=kinds,
        left=pd.concat([survey.left for survey in surveys.values()], ignore_index=True),
        weighting=None,  # of one survey; together they may need another
    )


def _common_items(surveys: Mapping[str, Survey]) -> dict[str, Item]:
    items: dict[str, Item] = {}
    seen: dict[str, str] = {}
    for label, survey in surveys.items():
        for name, item in survey.codebook.items.items():
            other = items.setdefault(name, item)
            seen.setdefault(name, label)
            a, b = other.scale, item.scale
            if a is not None and b is not None and (a.low, a.high) != (b.low, b.high):
                raise SurveyError(
                    f"item {name!r} is on {a} in {seen[name]!r} and on {b} in {label!r}",
                    fix="state its scale in the codebook, or give it different names",
                )
            if a is None and b is not None:
                items[name] = item
    return items


def _constructs(surveys: Mapping[str, Survey]) -> tuple[Construct, ...]:
    found: dict[str, Construct] = {}
    for survey in surveys.values():
        for construct in survey.codebook.constructs:
            found.setdefault(construct.name, construct)
    return tuple(found.values())


def _with_role(book: Codebook, column: str) -> Codebook:
    items = {name: item for name, item in book.items.items() if name != column}
    if column == "wave":
        return replace(book, items=items, wave=column)
    return replace(book, items=items, group=(*book.group, column))


def stack(survey: Survey, blocks: Mapping[str, Mapping[str, str]] | str, column: str = "brand") -> Survey:
    """Turn blocks of columns into rows; see :meth:`satloyal.survey.survey.Survey.stack`."""
    if isinstance(blocks, str):
        blocks = _by_pattern(survey, blocks)
    names = tuple(dict.fromkeys(name for block in blocks.values() for name in block))
    _check_blocks(survey, blocks, names, column)
    used = {old for block in blocks.values() for old in block.values()}
    rest = [n for n in survey.frame.columns if n not in used]
    frames, reasons = [], []
    for label, block in blocks.items():
        back = {old: new for new, old in block.items()}
        part = survey.frame[[*rest, *back]].rename(columns=back).assign(**{column: label})
        told = survey.missing_reasons
        why = told[[n for n in told.columns if n not in used or n in back]].rename(columns=back)
        answered = part[list(back.values())].notna().any(axis=1)
        frames.append(part[answered])
        reasons.append(why[answered])
    frame = pd.concat(frames, ignore_index=True)
    told = pd.concat(reasons, ignore_index=True).astype(object)
    told = told.where(told.notna(), None)
    lost = len(survey.frame) * len(blocks) - len(frame)
    message = (
        f"{len(blocks)} blocks of columns are rows now, told apart by {column!r}; {lost} rows without any "
        "answer in their block are left out"
    )
    return replace(
        survey,
        frame=frame,
        codebook=_stacked_book(survey.codebook, blocks, names, column, used),
        missing_reasons=told,
        notes=(*survey.notes, Note("stacked", message, len(frame))),
    )


def _by_pattern(survey: Survey, pattern: str) -> dict[str, dict[str, str]]:
    """Return blocks from names such as SAT1_Acme, by a pattern such as ``"{item}_{block}"``."""
    if pattern.count("{item}") != 1 or pattern.count("{block}") != 1:
        raise SurveyError(
            f"a pattern names {{item}} and {{block}} once each, and {pattern!r} does not",
            fix='write, for instance, "{item}_{block}"',
        )
    text = re.escape(pattern).replace(r"\{item\}", "(?P<item>.+)").replace(r"\{block\}", "(?P<block>.+)")
    blocks: dict[str, dict[str, str]] = {}
    for name in survey.codebook.items:
        found = re.fullmatch(text, name)
        if found:
            blocks.setdefault(found["block"], {})[found["item"]] = name
    if len(blocks) < 2:
        raise SurveyError(
            f"the items make {len(blocks)} blocks by the pattern {pattern!r}; they are "
            f"{listing(survey.codebook.items, 8)}",
            fix="correct the pattern, or name the columns of each block",
        )
    return blocks


def _check_blocks(
    survey: Survey, blocks: Mapping[str, Mapping[str, str]], names: Sequence[str], column: str
) -> None:
    absent = [old for block in blocks.values() for old in block.values() if old not in survey.frame.columns]
    if absent:
        raise SurveyError(f"the survey has no column {absent[0]!r}", fix="check the spelling")
    used = {old for block in blocks.values() for old in block.values()}
    taken = [n for n in (*names, column) if n in survey.frame.columns and n not in used]
    if taken:
        raise SurveyError(f"column {taken[0]!r} is there already", fix="give another name")
    for name in names:
        scales = {
            (item.scale.low, item.scale.high)
            for block in blocks.values()
            if (item := survey.codebook.items.get(block.get(name, ""))) is not None and item.scale is not None
        }
        if len(scales) > 1:
            raise SurveyError(
                f"the columns of {name!r} are on different scales", fix="state their scale in the codebook"
            )


def _stacked_book(
    book: Codebook, blocks: Mapping[str, Mapping[str, str]], names: Sequence[str], column: str, used: set[str]
) -> Codebook:
    new: dict[str, Item] = {}
    back: dict[str, str] = {}
    for block in blocks.values():
        for name, old in block.items():
            back[old] = name
            if old in book.items:
                new.setdefault(name, replace(book.items[old], name=name))
    items: dict[str, Any] = {n: i for n, i in book.items.items() if n not in used} | new
    constructs: dict[str, Construct] = {}
    for construct in book.constructs:
        members = tuple(dict.fromkeys(back.get(n, n) for n in construct.items))
        same = next((c for c in constructs.values() if set(c.items) == set(members)), None)
        if same is None:
            constructs[construct.name] = replace(construct, items=members)
    cluster = book.cluster or book.id  # one person's answers about several brands are not independent
    return replace(
        book,
        items=items,
        constructs=tuple(constructs.values()),
        group=(*book.group, column),
        id=None if cluster == book.id else book.id,
        cluster=cluster,
    )
