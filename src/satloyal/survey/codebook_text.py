"""The codebook file, written: a codebook in, TOML text out."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from satloyal.survey.construct import Code, Construct, Item
from satloyal.survey.labels.declared import allowed_sets
from satloyal.survey.labels.labelset import LabelSet
from satloyal.survey.place import Place
from satloyal.survey.scale import Scale

if TYPE_CHECKING:
    from satloyal.survey.codebook import Codebook

__all__ = ["write"]


def write(book: Codebook) -> str:
    """Return a codebook as TOML text."""
    lines: list[str] = []
    for name in ("title", "id", "weight", "wave", "cluster"):
        if getattr(book, name):
            lines.append(f"{name} = {_quoted(getattr(book, name))}")
    for name in ("group", "keep_personal"):
        if getattr(book, name):
            lines.append(f"{name} = {_listed(getattr(book, name))}")
    if book.missing:
        lines.append(f"missing = {_inline(book.missing)}")
    if book.attention:
        lines += ["", "[attention]"]
        lines += [f"{_key(name)} = {_answers(right)}" for name, right in book.attention.items()]
    if book.places:
        lines += ["", "[columns]"]
        lines += [f"{_key(name)} = {_place(place)}" for name, place in book.places.items()]
    for labels in book.labels:
        lines += ["", f"[labels.{_key(labels.name)}]", f"low = {labels.low}", f"high = {labels.high}"]
        if labels.language:
            lines.append(f"language = {_quoted(labels.language)}")
        points = {str(point): " | ".join(names) for point, names in labels.points.items()}
        lines.append(f"labels = {_inline(points)}")
    for construct in book.constructs:
        lines += ["", f"[constructs.{_key(construct.name)}]"]
        if construct.label:
            lines.append(f"label = {_quoted(construct.label)}")
        lines.append(f"items = {_listed(construct.items)}")
        lines += _scale_lines(construct.scale, book.labels)
        if construct.ordinal:
            lines.append("ordinal = true")
    first: dict[str, Construct] = {}
    for construct in book.constructs:
        for member in construct.items:
            first.setdefault(member, construct)
    for item in book.items.values():
        body = _item_lines(item, first.get(item.name), book.labels)
        if body or item.name not in first:
            lines += ["", f"[items.{_key(item.name)}]", *body]
    return "\n".join(lines).lstrip("\n") + "\n"


def _answers(right: tuple[Code, ...]) -> str:
    return f"[{', '.join(_quoted(a) if isinstance(a, str) else f'{a:g}' for a in right)}]"


def _item_lines(item: Item, construct: Construct | None, sets: tuple[LabelSet, ...]) -> list[str]:
    lines = [f"text = {_quoted(item.text)}"] if item.text else []
    if item.stem:
        lines.append(f"stem = {_quoted(item.stem)}")
    if construct is None or item.scale != construct.scale:
        lines += _scale_lines(item.scale, sets)
    if item.reverse:
        lines.append("reverse = true")
    if item.ordinal != (construct.ordinal if construct is not None else False):
        lines.append(f"ordinal = {'true' if item.ordinal else 'false'}")
    if item.missing:
        lines.append(f"missing = {_inline(item.missing)}")
    return lines


def _place(place: Place) -> str:
    column = str(place.column) if isinstance(place.column, int) else _quoted(place.column)
    if not place.values and not place.choices:
        return column
    parts = [f"column = {column}"]
    if place.values:
        values = ", ".join(f"{_key(text)} = {_number(number)}" for text, number in place.values.items())
        parts.append(f"values = {{{values}}}")
    if place.choices:
        parts += [f"split = {_quoted(place.split)}", f"choices = {_inline(place.choices)}"]
    return "{" + ", ".join(parts) + "}"


def _scale_lines(scale: Scale | None, sets: tuple[LabelSet, ...]) -> list[str]:
    if scale is None:
        return []
    if scale.name:
        ((usual, *_), *_) = allowed_sets(scale.name, sets)
        named = [f"scale = {_quoted(scale.name)}"]
        return (
            named
            if usual.scale.labels == scale.labels or not scale.labels
            else [*named, f"labels = {_inline(scale.labels)}"]
        )
    lines = [f"scale = [{_number(scale.low)}, {_number(scale.high)}]"]
    if scale.labels is not None:
        lines.append(f"labels = {_inline(scale.labels)}")
    return lines


def _number(value: float) -> str:
    return str(int(value)) if float(value).is_integer() else repr(float(value))


def _quoted(text: str) -> str:
    # JSON strings are TOML basic strings, but for DEL, which TOML wants escaped.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else _quoted(name)


def _listed(names: Iterable[str]) -> str:
    return "[" + ", ".join(map(_quoted, names)) + "]"


def _inline(table: Mapping[Any, str]) -> str:
    pairs = (f"{_key(k if isinstance(k, str) else _number(k))} = {_quoted(v)}" for k, v in table.items())
    return "{" + ", ".join(pairs) + "}"
