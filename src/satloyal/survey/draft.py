"""Draft: a first codebook from what a file shows, to be edited and read back."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from satloyal.survey.construct import Construct, Item
from satloyal.survey.place import Place
from satloyal.survey.scale import Scale

if TYPE_CHECKING:
    from satloyal.survey.codebook import Codebook
    from satloyal.survey.survey import Survey

__all__ = ["draft"]

_USUAL = ((0, 1), (1, 3), (1, 4), (1, 5), (1, 7), (0, 10), (1, 10), (0, 100))
_WEIGHTS = frozenset({"weight", "weights", "wt", "wgt", "gewicht", "weightvar", "权重", "權重", "加权"})
_WAVES = frozenset(
    {"wave", "waves", "round", "period", "welle", "quarter", "year", "month", "期", "期次", "波次", "轮次"}
)
_GROUPS = frozenset(
    {
        *("segment", "group", "brand", "store", "region", "country", "gender", "sex", "branch", "channel"),
        *(
            "agegroup",
            "product",
            "provider",
            "type",
            "customertype",
            "性别",
            "性別",
            "地区",
            "地區",
            "品牌",
            "门店",
        ),
    }
)
_MOST_GROUPS, _LEAST_IN_GROUP = 12, 3
_NUMBERED = re.compile(r"(?P<prefix>.*?\D)[_ .-]?\d+[a-z]?")
_WORD = re.compile(r"[^\W\d_]+")
_STOP = frozenset(
    {
        *("how", "what", "the", "a", "an", "of", "to", "do", "you", "your", "we", "us", "our", "is", "are"),
        *("with", "and", "each", "following", "please"),
    }
)


def draft(survey: Survey, *, short_names: bool = False) -> Codebook:
    """Draft a codebook; see :meth:`satloyal.survey.codebook.Codebook.draft`."""
    book, frame = survey.codebook, survey.frame
    weight = book.weight or _named(frame, book, _WEIGHTS, _is_weight)
    wave = book.wave or _named(frame, book, _WAVES, _is_category)
    roles = {column for column in (book.id, weight, wave, book.cluster) if column is not None}
    group = book.group or tuple(_groups(survey, roles))
    items = {n: item for n, item in book.items.items() if n not in roles and n not in group}
    families = _families(items)
    items = {**items, **_with_scales(items, families, frame)}
    constructs = tuple(_constructs(items, families, frame)) if not book.constructs else book.constructs
    made = replace(
        book, items=items, constructs=constructs, weight=weight, wave=wave, group=group,
        title=book.title or survey.source.name,
    )  # fmt: skip
    return _shortened(made) if short_names else made


def _folded(name: str) -> str:
    return "".join(c for c in str(name).casefold() if c.isalnum())


def _named(frame: pd.DataFrame, book: Codebook, names: frozenset[str], fits: Any) -> str | None:
    taken = {column for _, column in book.roles}
    found = (n for n in frame.columns if n not in taken and _folded(n) in names and fits(frame[n]))
    return next(found, None)


def _is_weight(column: pd.Series[Any]) -> bool:
    if not pd.api.types.is_numeric_dtype(column.dtype) or column.isna().any():
        return False
    return bool((column >= 0).all() and column.sum() > 0 and np.isfinite(column).all())


def _is_category(column: pd.Series[Any]) -> bool:
    counts = column.value_counts()
    return bool(2 <= len(counts) <= _MOST_GROUPS and not column.isna().all())


def _groups(survey: Survey, roles: set[str]) -> Iterable[str]:
    """Columns of a few names that nearly everybody has: what people are, not what they said."""
    frame, told = survey.frame, survey.kinds
    for name in frame.columns:
        column = frame[name]
        if name in roles or name in survey.codebook.items or told.get(name, "answer") != "answer":
            continue
        if pd.api.types.is_numeric_dtype(column.dtype):
            continue
        if pd.api.types.is_datetime64_any_dtype(column.dtype) or not _is_category(column):
            continue
        counts = column.value_counts()
        if _folded(name) in _GROUPS or (counts.min() >= _LEAST_IN_GROUP and column.notna().mean() > 0.9):
            yield str(name)


def _families(items: Mapping[str, Item]) -> list[tuple[str, list[str]]]:
    """Group items that share the stem of their question and its scale, else the letters of their name."""
    groups: dict[tuple[str, str, Any], list[str]] = {}
    for name, item in items.items():
        found = _NUMBERED.fullmatch(name)
        prefix = found["prefix"].rstrip("_ .-[(") if found else ""
        scale = None if item.scale is None else (item.scale.low, item.scale.high)
        key = ("stem", item.stem, scale) if item.stem else ("prefix", prefix, scale)
        if key[1]:
            groups.setdefault(key, []).append(name)
    return [(stem, members) for (_, stem, _), members in groups.items() if len(members) > 1]


def _with_scales(
    items: Mapping[str, Item], families: Sequence[tuple[str, list[str]]], frame: pd.DataFrame
) -> dict[str, Item]:
    """Give items without a scale the smallest usual one that holds all answers to their question."""
    together = {name: members for _, members in families for name in members}
    out = {}
    for name, item in items.items():
        if item.scale is None:
            scale = _usual(frame, together.get(name, [name]))
            if scale is not None:
                out[name] = replace(item, scale=scale)
    return out


def _usual(frame: pd.DataFrame, names: Sequence[str]) -> Scale | None:
    values = frame[list(names)].to_numpy(dtype=float)
    values = values[np.isfinite(values)]
    if not len(values) or (values != np.round(values)).any():
        return None
    low, high = values.min(), values.max()
    found = next(((a, b) for a, b in _USUAL if a <= low and high <= b), None)
    return None if found is None or found[1] - found[0] < 2 else Scale(*found)


def _constructs(
    items: Mapping[str, Item], families: Sequence[tuple[str, list[str]]], frame: pd.DataFrame
) -> Iterable[Construct]:
    taken: set[str] = set(items)
    for stem, members in families:
        if frame[members].isin([0, 1]).where(frame[members].notna(), True).all(axis=None):
            continue  # boxes to tick measure nothing together
        name = base = _name_of(stem, members)
        k = 1
        while name in taken:
            k += 1
            name = f"{base}_{k}"
        taken.add(name)
        label = items[members[0]].stem
        yield Construct(name, tuple(members), label if label != name else "")


def _name_of(stem: str, members: Sequence[str]) -> str:
    """Return a short name: what the codes of the items begin with, else words of the stem."""
    found = [_NUMBERED.fullmatch(m) for m in members]
    prefixes = {f["prefix"].rstrip("_ .-[(") for f in found if f}
    if len(prefixes) == 1 and all(found):
        prefix = prefixes.pop()
        if re.fullmatch(r"\w{1,20}", prefix):
            return prefix
    words = [w for w in _WORD.findall(stem) if w.casefold() not in _STOP]
    return "".join(w[:1].upper() + w[1:] for w in words[:3])[:40] or "Construct"


def _shortened(book: Codebook) -> Codebook:
    """Name items after their construct and a number, and say where the file has them."""
    names: dict[str, str] = {}
    for construct in book.constructs:
        for k, item in enumerate(construct.items, start=1):
            names.setdefault(item, f"{construct.name}{k}")
    rest = [n for n in book.items if n not in names]
    names |= {n: n if re.fullmatch(r"[^\W\d]\w{0,15}", n) else f"Q{k}" for k, n in enumerate(rest, start=1)}
    changed = {old: new for old, new in names.items() if old != new and new not in book.items}
    return replace(
        book,
        items={changed.get(n, n): replace(i, name=changed.get(n, n)) for n, i in book.items.items()},
        constructs=tuple(
            replace(c, items=tuple(changed.get(n, n) for n in c.items)) for c in book.constructs
        ),
        places={**book.places, **{new: Place(old) for old, new in changed.items()}},
    )
