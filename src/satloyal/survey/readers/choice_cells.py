"""Choice cells: several answers in one cell, as Chinese survey tools write them, each in a column of its own.

``A┋B`` are choices, ``A→B`` a ranking, and ``其他〖…〗`` an option with what was written beside it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pandas as pd

from satloyal.notes import Note
from satloyal.survey.clean import listing
from satloyal.survey.construct import as_code
from satloyal.survey.raw import Finding, Kind, RawTable

__all__ = ["expanded"]

CHOICES, RANKS = "┋", "→"
_BESIDE = re.compile(r"\s*〖(?P<text>[^〗]*)〗\s*")


def expanded(raw: RawTable) -> RawTable:
    """Return the table with a column for each choice, each rank and each text beside an option.

    Made columns are called after the option: ``"3、Channels (Website)"``. The cells themselves stay, without
    what was written beside an option, which moves to a column of its own.

    Parameters
    ----------
    raw : RawTable
    """
    for name in [n for n in raw.frame.columns if raw.kinds.get(n) in (None, "answer")]:
        cells = raw.frame[name]
        if pd.api.types.is_numeric_dtype(cells.dtype):
            continue
        texts = [c for c in cells.dropna() if isinstance(c, str)]
        if any(_BESIDE.search(c) for c in texts):
            raw = _without_text(raw, name)
            texts = [c for c in raw.frame[name].dropna() if isinstance(c, str)]
        if any(CHOICES in c for c in texts):
            raw = _ticks(raw, name)
        elif _ranked(texts):
            raw = _ranks(raw, name)
    return raw


def _ranked(texts: list[str]) -> bool:
    """Whether most cells are rankings of options that recur; an arrow in a remark is none."""
    with_arrow = [t for t in texts if RANKS in t]
    if len(with_arrow) < 2 or 2 * len(with_arrow) < len(texts):
        return False
    options = {part.strip() for t in with_arrow for part in t.split(RANKS)}
    return len(options) <= 30


def _without_text(raw: RawTable, name: str) -> RawTable:
    """Move what was written beside an option to a column of its own."""

    def beside(cell: Any) -> str | None:
        found = [t.strip() for t in _BESIDE.findall(cell) if t.strip()] if isinstance(cell, str) else []
        return CHOICES.join(found) or None

    cells = raw.frame[name].astype(object)
    written = pd.Series([beside(c) for c in cells], index=cells.index, dtype=object)
    bare = [_BESIDE.sub("", c) if isinstance(c, str) else c for c in cells]
    frame = raw.frame.assign(**{name: pd.Series(bare, index=cells.index, dtype=object)})
    raw = replace(raw, frame=frame)
    if not written.notna().any():
        return raw
    made = {f"{name} (〖〗)": written}
    raw = _added(raw, name, made, "comment", {})
    count = int(written.notna().sum())
    message = f"what {count} respondents wrote beside an option of {name!r} stands in a column of its own"
    return replace(raw, findings=(*raw.findings, Finding(Note("texts", message, count))))


def _split(cell: Any, separator: str) -> list[str]:
    parts = [p.strip() for p in cell.split(separator)] if isinstance(cell, str) else []
    return list(dict.fromkeys(p for p in parts if p))


def _options(raw: RawTable, name: str, separator: str) -> list[str]:
    """Return the options in the order in which they first occur, without words for a missing answer."""
    seen = [part for cell in raw.frame[name] for part in _split(cell, separator)]
    return [option for option in dict.fromkeys(seen) if as_code(option) not in raw.words]


def _missing(raw: RawTable, cell: Any) -> bool:
    return not isinstance(cell, str) or as_code(cell) in raw.words


def _ticks(raw: RawTable, name: str) -> RawTable:
    cells = raw.frame[name]
    made = {}
    for option in _options(raw, name, CHOICES):
        found = [
            (cell if isinstance(cell, str) else None)
            if _missing(raw, cell)
            else float(option in _split(cell, CHOICES))
            for cell in cells
        ]
        made[f"{name} ({option})"] = pd.Series(found, index=cells.index, dtype=object)
    texts = dict(zip(made, _options(raw, name, CHOICES), strict=True))
    raw = _added(raw, name, made, "tick", texts)
    message = f"the choices in {name!r} are {len(made)} columns of 1 and 0: {listing(texts.values(), 8)}"
    note = Note("choices", message, len(made))
    return replace(raw, kinds={**raw.kinds, name: "comment"}, findings=(*raw.findings, Finding(note)))


def _ranks(raw: RawTable, name: str) -> RawTable:
    cells = raw.frame[name]
    made = {}
    for option in _options(raw, name, RANKS):
        found = []
        for cell in cells:
            order = [] if _missing(raw, cell) else _split(cell, RANKS)
            found.append(float(order.index(option) + 1) if option in order else None)
        made[f"{name} ({option})"] = pd.Series(found, index=cells.index, dtype=object)
    texts = dict(zip(made, _options(raw, name, RANKS), strict=True))
    raw = _added(raw, name, made, "derived", texts)
    message = f"the ranking in {name!r} is {len(made)} columns of ranks, 1 the first; empty where not ranked"
    note = Note("ranking", message, len(made))
    return replace(raw, kinds={**raw.kinds, name: "comment"}, findings=(*raw.findings, Finding(note)))


def _added(
    raw: RawTable, name: str, made: Mapping[str, pd.Series[Any]], kind: Kind, texts: Mapping[str, str]
) -> RawTable:
    """Add columns behind the one that they are made of."""
    taken = [n for n in made if n in raw.frame.columns]
    fresh = {n: column for n, column in made.items() if n not in taken}
    at = list(raw.frame.columns).index(name) + 1
    left, right = raw.frame.iloc[:, :at], raw.frame.iloc[:, at:]
    frame = pd.concat([left, pd.DataFrame(fresh, index=raw.frame.index), right], axis=1)
    return replace(
        raw,
        frame=frame,
        texts={**raw.texts, **{n: t for n, t in texts.items() if n in fresh}},
        stems={**raw.stems, **dict.fromkeys(fresh, name)} if kind == "tick" else raw.stems,
        kinds={**raw.kinds, **dict.fromkeys(fresh, kind)},
    )
