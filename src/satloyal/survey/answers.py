"""Answers: text on answer scales as numbers, block by block, before any column is read alone.

A block is what shares its stem and its options. ``"Agree"`` is 4 of 5 or 6 of 7: all columns of the block
decide together, or the codebook says.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from satloyal.errors import SurveyError
from satloyal.notes import Note
from satloyal.survey import clean
from satloyal.survey.codebook import Codebook
from satloyal.survey.construct import Code, as_code
from satloyal.survey.distinct import distinct, overlaid
from satloyal.survey.labels.block import BlockMatch, match
from satloyal.survey.labels.declared import Declared
from satloyal.survey.labels.labelset import LabelSet
from satloyal.survey.labels.table import known_sets
from satloyal.survey.numbers import BLANK, SKIPPED, parse_number, show_cell
from satloyal.survey.raw import Finding, RawTable
from satloyal.survey.scale import Scale

__all__ = ["coded"]

_NO_ANSWERS = frozenset(
    {"comment", "meta", "personal", "id", "weight", "wave", "finished", "duration", "tick"}
)
_MOST_LABELS = 25  # different cells of a column that may still be options and not free text
_LEAST_POINTS = 3
_MOST_UNREAD = 0.2
_PREFIXED = re.compile(r"[A-Za-z]{1,3}0*(\d{1,2})")


@dataclass(frozen=True, slots=True)
class _Block:
    """Columns that are read together."""

    columns: tuple[str, ...]
    declared: Declared


def coded(raw: RawTable, book: Codebook) -> RawTable:
    """Return the table with labels as numbers, wherever a block of columns is on one known scale.

    Parameters
    ----------
    raw : RawTable
    book : Codebook
        Its items are read as answers, by their scales; without items, whatever is on a known scale, or on one
        of the codebook's own, is.

    Raises
    ------
    SurveyError
        If an item of the codebook has labels that are on no known scale, on several that differ, or cells
        that are no label of its scale.
    """
    bare, extra = not book.items, book.labels
    texts = {name: _labels(raw, book, name) for name in _candidates(raw, book)}
    texts = {name: found for name, found in texts.items() if found}
    if raw.prefixed:
        raw, texts = _without_prefix(raw, texts)
    if bare:
        texts = {n: found for n, found in texts.items() if match([found], extra=extra).status != "unknown"}
    frame, reasons = raw.frame, _reasons(raw)
    scales, findings = dict(raw.scales), list(raw.findings)
    for block in _blocks(raw, book, texts):
        for columns, found in _matched(block, texts, extra):
            if not _says_anything(raw, columns, found, bare=bare):
                continue
            if found.status == "unknown" and _mostly_numbers(raw, columns, found):
                continue  # numbers with slips in them, which are told as such
            if found.status in ("unknown", "ambiguous") or found.unread:
                said = _complain(raw, columns, found, bare=bare)
                if said is not None:
                    findings.append(said)
                if found.status in ("unknown", "ambiguous") or bare:
                    continue
            for name in columns:
                values, reasons[name] = _read(raw, name, found)
                frame = frame.assign(**{name: values})
                if found.scale is not None:
                    scales[name] = replace(found.scale, name=_family(found, extra))
            if found.status == "matched":
                findings.append(_told(columns, found))
    told = None if not reasons else pd.DataFrame(reasons, index=frame.index, dtype=object)
    return replace(raw, frame=frame, reasons=told, scales=scales, findings=tuple(findings))


def _candidates(raw: RawTable, book: Codebook) -> list[str]:
    special = {column for _, column in book.roles}
    return [
        name
        for name in raw.frame.columns
        if (
            name in book.items
            if book.items
            else raw.kinds.get(name) not in _NO_ANSWERS and name not in special
        )
        and not pd.api.types.is_numeric_dtype(raw.frame[name].dtype)
    ]


def _labels(raw: RawTable, book: Codebook, name: str) -> frozenset[str]:
    """Return the different cells of text in a column that are neither missing codes nor blank."""
    item = book.items.get(name)
    codes: Mapping[Code, str] = {**raw.words, **book.missing, **(item.missing if item is not None else {})}
    unique = raw.frame[name].dropna().astype(object).unique()
    texts = {c for c in unique if isinstance(c, str) and not _is_code(as_code(c), codes)}
    if len(texts) > _MOST_LABELS and item is None:
        return frozenset()
    if all(
        found is not None and found[1] == "number" for found in (parse_number(t, raw.decimal) for t in texts)
    ):
        return frozenset()
    return frozenset(texts)


def _is_code(code: Code, codes: Mapping[Code, str]) -> bool:
    return code in BLANK or (isinstance(code, str) and code in codes)


def _without_prefix(
    raw: RawTable, texts: Mapping[str, frozenset[str]]
) -> tuple[RawTable, dict[str, frozenset[str]]]:
    """Read codes such as A4 and AO04 as 4, where all answers of a column are such codes."""
    frame, rest, done = raw.frame, {}, []
    for name, found in texts.items():
        hits = {text: _PREFIXED.fullmatch(text.strip()) for text in found}
        if not all(hits.values()):
            rest[name] = found
            continue
        numbers = {text: float(hit[1]) for text, hit in hits.items() if hit}
        frame = frame.assign(**{name: frame[name].astype(object).map(lambda c, n=numbers: n.get(c, c))})
        done.append(name)
    if not done:
        return raw, dict(texts)
    message = (
        f"codes such as A4 are read as the number 4 in {clean.listing(done, 8)}: their order is that of the "
        "survey's answers if they were numbered from low to high; the survey's own file of labels would say"
    )
    finding = Finding(Note("answer codes", message, len(done)), eye=True)
    return replace(raw, frame=frame, findings=(*raw.findings, finding)), rest


def _reasons(raw: RawTable) -> dict[str, Any]:
    return {} if raw.reasons is None else {str(n): list(raw.reasons[n]) for n in raw.reasons.columns}


def _known(raw: RawTable, name: str) -> Iterable[Any]:
    if raw.reasons is not None and name in raw.reasons:
        return list(raw.reasons[name])
    return [None] * len(raw.frame)


def _blocks(raw: RawTable, book: Codebook, texts: Mapping[str, frozenset[str]]) -> list[_Block]:
    """Group columns by stem and declared scale; without a stem, neighbours go together."""
    groups: dict[tuple[Any, ...], list[str]] = {}
    scales: dict[str, Scale | None] = {}
    run = 0
    before: str | None = None
    for name in raw.frame.columns:
        if name not in texts:
            run += 1
            continue
        item = book.items.get(name)
        declared = scales[name] = (None if item is None else item.scale) or raw.scales.get(name)
        stem = raw.stems.get(name, "")
        if stem != (None if before is None else raw.stems.get(before, "")):
            run += 1
        labels = () if declared is None or not declared.labels else tuple(sorted(declared.labels.items()))
        ends = None if declared is None else (declared.low, declared.high, labels)
        groups.setdefault((ends, stem or run), []).append(name)
        before = name
    return [_Block(tuple(columns), _declared(scales[columns[0]])) for columns in groups.values()]


def _declared(scale: Scale | None) -> Declared:
    if scale is None or not (float(scale.low).is_integer() and float(scale.high).is_integer()):
        return None
    return scale.name or scale


def _matched(
    block: _Block, texts: Mapping[str, frozenset[str]], extra: Sequence[LabelSet]
) -> list[tuple[tuple[str, ...], BlockMatch]]:
    """Match a block as a whole; where its columns are on several scales, match those that go together."""
    whole = match([texts[n] for n in block.columns], declared=block.declared, extra=extra)
    alone = {n: match([texts[n]], declared=block.declared, extra=extra) for n in block.columns}
    decided = {m.sets for m in alone.values() if m.status == "matched"}
    scales = {(m.scale.low, m.scale.high) for m in alone.values() if m.status == "matched" and m.scale}
    if whole.status == "matched" and not whole.unread and scales <= {_ends(whole)}:
        return [(block.columns, whole)]
    if len(block.columns) == 1 or not decided:
        return [(block.columns, whole)]
    return _apart(block, texts, alone, extra)


def _apart(
    block: _Block,
    texts: Mapping[str, frozenset[str]],
    alone: Mapping[str, BlockMatch],
    extra: Sequence[LabelSet],
) -> list[tuple[tuple[str, ...], BlockMatch]]:
    """Put columns together that some scale holds together, those first that say their scale themselves.

    A column that could join groups on scales that differ joins none: that is asked.
    """
    groups: list[list[str]] = []
    for name in sorted(block.columns, key=lambda n: alone[n].status != "matched"):
        fitting: dict[tuple[float, float] | None, list[str]] = {}
        for group in groups:
            together = match([texts[n] for n in (*group, name)], declared=block.declared, extra=extra)
            same = all(_ends(alone[n]) in (None, _ends(together)) for n in (*group, name))
            if together.status == "matched" and not together.unread and same:
                fitting.setdefault(_ends(together), group)
        if len(fitting) == 1:
            next(iter(fitting.values())).append(name)
        else:
            groups.append([name])
    return [
        (names, match([texts[n] for n in names], declared=block.declared, extra=extra))
        for names in (tuple(n for n in block.columns if n in group) for group in groups)
    ]


def _ends(found: BlockMatch) -> tuple[float, float] | None:
    """Return the scale that a column's own answers are on, if they say."""
    return (found.scale.low, found.scale.high) if found.status == "matched" and found.scale else None


def _says_anything(raw: RawTable, columns: Sequence[str], found: BlockMatch, *, bare: bool) -> bool:
    """Whether there are labels to read, or cells between numbers that give a reason for no answer."""
    if found.status == "numbers":
        return bool(found.reasons) and not found.unread
    if found.status == "empty":
        return bool(found.reasons) and not bare
    return not bare or _is_scale(raw, columns, found)


def _mostly_numbers(raw: RawTable, columns: Sequence[str], found: BlockMatch) -> bool:
    cells = pd.concat([raw.frame[name] for name in columns]).dropna()
    return int(cells.isin(list(found.unread)).sum()) * 2 <= len(cells)


def _is_scale(raw: RawTable, columns: Sequence[str], found: BlockMatch) -> bool:
    """Whether columns that nobody has described hold answers on a scale: categories and comments do not.

    Yes and no are categories; a comment may happen to be a label. Nearly all cells must be labels of a scale
    of three points or more.
    """
    if found.status != "matched":
        return found.status == "ambiguous"
    if found.scale is not None and found.scale.points < _LEAST_POINTS:
        return False
    cells = pd.concat([raw.frame[name] for name in columns]).dropna()
    unread = int(cells.isin(list(found.unread)).sum())
    return unread <= _MOST_UNREAD * len(cells)


def _family(found: BlockMatch, extra: Sequence[LabelSet]) -> str:
    """Return the name that a codebook may give the scale, if it is one of its name and range."""
    names = {name.partition(".")[0] for name in found.sets}
    every = [*extra, *known_sets()]
    if len(names) != 1 or found.scale is None:
        return ""
    name = names.pop()
    ranges = {(s.low, s.high) for s in every if s.family == name}
    return name if ranges == {(found.scale.low, found.scale.high)} else ""


def _read(raw: RawTable, name: str, found: BlockMatch) -> tuple[pd.Series[Any], Any]:
    """Return the numbers of a column of labels, and why there are none."""
    cells = raw.frame[name]
    told = distinct(cells)
    if told is None:
        why = [_reason(cell, known, found) for cell, known in zip(cells, _known(raw, name), strict=True)]
        return cells.astype(object).map(lambda cell: _number(cell, found)), why
    numbers = [_number(text, found) for text in told.texts]
    whole = not any(isinstance(number, str) for number in numbers)
    values = told.spread(
        [np.nan if n is None else n for n in numbers] if whole else numbers,
        np.nan if whole else None,
        np.float64 if whole else object,
    )
    reasons = told.spread([found.reasons.get(text) for text in told.texts], SKIPPED)
    if raw.reasons is not None and name in raw.reasons:
        reasons = overlaid(reasons, raw.reasons[name].to_numpy(dtype=object))
    return pd.Series(values, index=cells.index), reasons


def _number(cell: Any, found: BlockMatch) -> Any:
    if not isinstance(cell, str):
        return cell
    if cell in found.reasons:
        return None
    return found.values.get(cell, cell)


def _reason(cell: Any, known: Any, found: BlockMatch) -> str | None:
    if isinstance(known, str):
        return known
    if isinstance(cell, str):
        return found.reasons.get(cell)
    missing = cell is None or cell is pd.NA or (isinstance(cell, float) and np.isnan(cell))
    return SKIPPED if missing else None


def _complain(raw: RawTable, columns: Sequence[str], found: BlockMatch, *, bare: bool) -> Finding | None:
    """Refuse answers of items that are on no scale; without a codebook, say what could not be read."""
    where = clean.listing(map(repr, columns), 8)
    if found.status == "matched" or not bare:
        shown = clean.listing(_places(raw, columns, found))
        message = (
            f"{found.message or 'answers are no labels of a known scale'}: {shown}"
            if shown
            else found.message
        )
        if bare:
            note = Note("labels", f"{where} kept as text: {message}", len(found.unread))
            return Finding(note, eye=True)
        raise SurveyError(
            f"column{'s' if len(columns) > 1 else ''} {where}: {message}", fix=found.fix or None
        )
    if found.status == "ambiguous":
        fix = f"; {found.fix}" if found.fix else ""
        return Finding(Note("labels", f"{where} kept as text: {found.message}{fix}", len(columns)), eye=True)
    return None


def _places(raw: RawTable, columns: Sequence[str], found: BlockMatch) -> list[str]:
    """Say where cells stand that are no answers, and what they may have been meant to be."""
    out = []
    for cell, like in found.unread.items():
        for name in columns:
            at = np.flatnonzero((raw.frame[name] == cell).to_numpy(dtype=bool, na_value=False))
            if len(at):
                hint = f" (did you mean {like!r}?)" if like else ""
                out.append(f"{show_cell(cell)} in row {raw.rows[at[0]]}{hint}")
                break
    return out


def _told(columns: Sequence[str], found: BlockMatch) -> Finding:
    sets = f" ({', '.join(found.sets)})" if found.sets else ""
    scale = f" on {found.scale}" if found.scale is not None else ""
    turned = "; its numbers run against its labels" if found.direction == -1 else ""
    message = f"{clean.listing(columns, 8)}: labels read as numbers{scale}{sets}{turned}"
    return Finding(Note("labels", message, len(columns)), eye=found.direction == -1)
