"""The codebook file, read: TOML in, the parts of a codebook out.

Every problem in a file is collected and told at once, each with its line.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from satloyal.errors import SurveyError
from satloyal.positions import KeyPath, Positions, index_positions
from satloyal.survey.construct import Code, Construct, Item, as_code
from satloyal.survey.labels.declared import allowed_sets, label_sets
from satloyal.survey.labels.labelset import LabelSet
from satloyal.survey.nearest import did_you_mean
from satloyal.survey.place import Place
from satloyal.survey.scale import Scale

__all__ = ["load", "parse", "read_text"]

TOP_KEYS = (
    "title",
    "id",
    "weight",
    "wave",
    "group",
    "cluster",
    "missing",
    "attention",
    "keep_personal",
    "columns",
    "labels",
    "scale",
    "ordinal",
    "constructs",
    "items",
)
CONSTRUCT_KEYS = ("label", "items", "scale", "labels", "reverse", "ordinal", "missing")
PLACE_KEYS = ("column", "values", "split", "choices")
ITEM_KEYS = ("text", "stem", "scale", "labels", "reverse", "ordinal", "missing")


def read_text(path: Path) -> tuple[str, str]:
    """Return the text of a codebook file and the name to call it by."""
    try:
        return path.read_text(encoding="utf-8-sig"), path.name
    except FileNotFoundError:
        raise SurveyError("there is no such codebook file", where=str(path)) from None
    except UnicodeDecodeError:
        raise SurveyError(
            "the codebook is not UTF-8 text", where=str(path), fix="save it as UTF-8; TOML asks for it"
        ) from None
    except OSError as err:
        raise SurveyError(
            f"the codebook cannot be read: {err.strerror or 'unknown reason'}", where=str(path)
        ) from None


def load(text: str, where: str) -> tuple[dict[str, Any], Positions]:
    """Return the values of a TOML text and the lines of its keys."""
    try:
        return tomllib.loads(text), index_positions(text)
    except tomllib.TOMLDecodeError as err:
        place = re.search(r"\(at line (\d+), column (\d+)\)", str(err))
        line = f", line {place[1]}, column {place[2]}" if place else ""
        reason = re.sub(r"\s*\(at .*\)$", "", str(err))
        raise SurveyError(
            f"this is not valid TOML: {reason}",
            where=f"{where}{line}",
            fix="put text in double quotes and write `key = value`",
        ) from None


@dataclass
class _Desk:
    """Where problems are collected while a codebook is read."""

    where: str
    places: Positions
    prefix: KeyPath
    problems: list[tuple[int | None, str]] = field(default_factory=list)
    labels: tuple[LabelSet, ...] = ()  # scales that the codebook itself names

    def note(self, path: KeyPath, message: str) -> None:
        self.problems.append((self.places.line((*self.prefix, *path)), message))

    def close(self) -> None:
        """Raise what was found, if anything."""
        if not self.problems:
            return
        first, message = self.problems[0]
        if len(self.problems) == 1:
            raise SurveyError(message, where=self.where if first is None else f"{self.where}, line {first}")
        lines = [f"  {'' if n is None else f'line {n}: '}{m}" for n, m in self.problems]
        raise SurveyError(f"{len(lines)} problems\n" + "\n".join(lines), where=self.where)


def parse(data: Mapping[str, Any], where: str, places: Positions, prefix: KeyPath = ()) -> dict[str, Any]:
    """Return the parts of a :class:`~satloyal.survey.codebook.Codebook` from plain values.

    Raises
    ------
    SurveyError
        With every problem found, each with its line.
    """
    desk = _Desk(where, places, prefix)
    _known(desk, (), data, TOP_KEYS)
    parts: dict[str, Any] = {
        name: _text(desk, (name,), data.get(name)) for name in ("id", "weight", "wave", "cluster")
    }
    parts["title"] = _text(desk, ("title",), data.get("title")) or ""
    parts["group"] = _names(desk, ("group",), data.get("group", []))
    parts["keep_personal"] = _names(desk, ("keep_personal",), data.get("keep_personal", []))
    parts["missing"] = _missing(desk, ("missing",), data.get("missing", {}))
    parts["labels"] = desk.labels = _label_sets(desk, data.get("labels", {}))
    parts["attention"] = _attention(desk, data.get("attention", {}))
    parts["places"] = _places(desk, data.get("columns", {}))
    default = _Reading(
        _scale(desk, (), data.get("scale"), None), _flag(desk, ("ordinal",), data.get("ordinal", False)), {}
    )
    constructs, readings, reverse = _constructs(desk, data.get("constructs", {}), default)
    parts["items"] = _items(desk, data.get("items", {}), readings, reverse, default)
    desk.close()
    parts["constructs"] = tuple(constructs)
    return parts


@dataclass(frozen=True)
class _Reading:
    """How the items of a construct are to be read unless they say otherwise."""

    scale: Scale | None
    ordinal: bool
    missing: Mapping[Code, str]


def _constructs(
    desk: _Desk, data: Any, default: _Reading
) -> tuple[list[Construct], dict[str, _Reading], set[str]]:
    constructs: list[Construct] = []
    readings: dict[str, _Reading] = {}
    reverse: set[str] = set()
    for name, body in _table(desk, ("constructs",), data).items():
        path: KeyPath = ("constructs", name)
        if not isinstance(body, Mapping):
            desk.note(path, f"construct {name!r} must be a table with `items`, not {_kind(body)}")
            continue
        _known(desk, path, body, CONSTRUCT_KEYS)
        items = _names(desk, (*path, "items"), body.get("items", []))
        scale = _scale(desk, path, body.get("scale"), body.get("labels"), inherited=default.scale)
        ordinal = _flag(desk, (*path, "ordinal"), body.get("ordinal", default.ordinal))
        missing = _missing(desk, (*path, "missing"), body.get("missing", {}))
        for index, item in enumerate(_names(desk, (*path, "reverse"), body.get("reverse", []))):
            if item not in items:
                desk.note(
                    (*path, "reverse", index),
                    f"`reverse` names {item!r}, which is not an item of {name!r}{did_you_mean(item, items)}",
                )
            reverse.add(item)
        reading = _Reading(scale, ordinal, missing)
        for index, item in enumerate(items):
            if readings.setdefault(item, reading) != reading:
                desk.note(
                    (*path, "items", index),
                    f"item {item!r} belongs to two constructs that read its answers differently; "
                    "give both the same scale, ordinal and missing",
                )
        label = _text(desk, (*path, "label"), body.get("label")) or ""
        built = _made(desk, path, partial(Construct, name, items, label, scale, ordinal))
        if built is not None:
            constructs.append(built)
    return constructs, readings, reverse


def _items(
    desk: _Desk, data: Any, readings: Mapping[str, _Reading], reverse: set[str], default: _Reading
) -> dict[str, Item]:
    table = _table(desk, ("items",), data)
    items: dict[str, Item] = {}
    for name in dict.fromkeys((*readings, *table)):
        path: KeyPath = ("items", name)
        body = table.get(name, {})
        body = {"text": body} if isinstance(body, str) else body
        if not isinstance(body, Mapping):
            desk.note(path, f"item {name!r} must be its text or a table, not {_kind(body)}")
            continue
        _known(desk, path, body, ITEM_KEYS)
        reading = readings.get(name, default)
        scale = _scale(desk, path, body.get("scale"), body.get("labels"), inherited=reading.scale)
        text = _text(desk, (*path, "text"), body.get("text")) or ""
        stem = _text(desk, (*path, "stem"), body.get("stem")) or ""
        turned = _flag(desk, (*path, "reverse"), body.get("reverse", name in reverse))
        ordinal = _flag(desk, (*path, "ordinal"), body.get("ordinal", reading.ordinal))
        missing = {**reading.missing, **_missing(desk, (*path, "missing"), body.get("missing", {}))}
        built = _made(desk, path, partial(Item, name, text, scale, turned, ordinal, missing, stem))
        if built is not None:
            items[name] = built
    return items


def _places(desk: _Desk, data: Any) -> dict[str, Place]:
    places: dict[str, Place] = {}
    for name, given in _table(desk, ("columns",), data).items():
        path: KeyPath = ("columns", name)
        body = given if isinstance(given, Mapping) else {"column": given}
        _known(desk, path, body, PLACE_KEYS)
        column = body.get("column")
        if isinstance(column, bool) or not isinstance(column, str | int) or column == "":
            desk.note(
                path,
                f"column {name!r} must say what the file calls it, or its position from 0, "
                f"not {'nothing' if column is None else _kind(column)}",
            )
            continue
        values = _numbers(desk, (*path, "values"), body.get("values", {}))
        split = str(_text(desk, (*path, "split"), body.get("split", " ")) or "") if "split" in body else ""
        choices = _choices(desk, path, body.get("choices", {}))
        built = _made(desk, path, partial(Place, column, values, split, choices))
        if built is not None:
            places[name] = built
    return places


def _attention(desk: _Desk, data: Any) -> dict[str, tuple[Code, ...]]:
    checks: dict[str, tuple[Code, ...]] = {}
    for name, given in _table(desk, ("attention",), data).items():
        answers = given if isinstance(given, list | tuple) else [given]
        if not answers or any(isinstance(a, bool) or not isinstance(a, str | int | float) for a in answers):
            desk.note(
                ("attention", name),
                f'the attention check {name!r} must say which answer is right, as 4, "Agree" or [4, 5], '
                f"not {_kind(given)}",
            )
            continue
        checks[name] = tuple(map(as_code, answers))
    return checks


def _numbers(desk: _Desk, path: KeyPath, value: Any) -> dict[str, float]:
    numbers: dict[str, float] = {}
    for text, number in _table(desk, path, value).items():
        if isinstance(number, bool) or not isinstance(number, int | float):
            desk.note((*path, text), f"{text!r} must stand for a number, not {_kind(number)}")
        else:
            numbers[text] = float(number)
    return numbers


def _choices(desk: _Desk, path: KeyPath, value: Any) -> dict[str, str]:
    """Return columns by choice; a list makes NAME1, NAME2, … in its order."""
    if isinstance(value, list | tuple):
        stem = str(path[-1]).rstrip("*")
        value = {f"{stem}{k}": choice for k, choice in enumerate(value, start=1)}
    texts = _table(desk, (*path, "choices"), value).items()
    named = {name: _text(desk, (*path, "choices", name), choice) for name, choice in texts}
    return {name: choice for name, choice in named.items() if choice is not None}


def _made(desk: _Desk, path: KeyPath, build: Callable[[], Any]) -> Any:
    """Return what ``build`` makes; note what it refuses instead of raising it."""
    try:
        return build()
    except SurveyError as err:
        desk.note(path, err.message if err.fix is None else f"{err.message}; {err.fix}")
        return None


def _kind(value: Any) -> str:
    """Say what a TOML value is, in the file's own words."""
    names: dict[type, str] = {bool: "true/false", str: "text", int: "a number", float: "a number"}
    if isinstance(value, Mapping):
        return "a table"
    return names.get(type(value), "a list" if isinstance(value, list | tuple) else type(value).__name__)


def _known(desk: _Desk, path: KeyPath, data: Mapping[str, Any], keys: Iterable[str]) -> None:
    keys = tuple(keys)
    for key in data:
        if key not in keys:
            place = f" in [{'.'.join(map(str, path))}]" if path else ""
            desk.note(
                (*path, key),
                f"unknown key {key!r}{place}{did_you_mean(key, keys)}; known are {', '.join(keys)}",
            )


def _table(desk: _Desk, path: KeyPath, value: Any) -> Mapping[str, Any]:
    if isinstance(value, Mapping):
        return value
    desk.note(path, f"{path[-1]!r} must be a table, not {_kind(value)}")
    return {}


def _text(desk: _Desk, path: KeyPath, value: Any) -> str | None:
    if value is None or (isinstance(value, str) and value):
        return value
    found = "empty text" if value == "" else _kind(value)
    desk.note(path, f"{path[-1]!r} must be text in quotes, not {found}")
    return None


def _flag(desk: _Desk, path: KeyPath, value: Any) -> bool:
    if isinstance(value, bool):
        return value
    extra = "; on a construct, list the reversed items by name" if path[-1] == "reverse" else ""
    desk.note(path, f"{path[-1]!r} must be true or false, not {_kind(value)}{extra}")
    return False


def _names(desk: _Desk, path: KeyPath, value: Any) -> tuple[str, ...]:
    if isinstance(value, str):
        return (value,)
    if not isinstance(value, list | tuple):
        desk.note(path, f"{path[-1]!r} must be a list of column names, not {_kind(value)}")
        return ()
    for index, name in enumerate(value):
        if not isinstance(name, str) or not name:
            desk.note((*path, index), f"{path[-1]!r} must hold column names in quotes, not {name!r}")
    return tuple(name for name in value if isinstance(name, str) and name)


def _missing(desk: _Desk, path: KeyPath, value: Any) -> dict[Code, str]:
    if isinstance(value, list | tuple):
        value = dict.fromkeys(map(str, value), "missing")
    codes: dict[Code, str] = {}
    for code, reason in _table(desk, path, value).items():
        text = _text(desk, (*path, code), reason)
        if text is not None:
            codes[as_code(code)] = text
    return codes


def _scale(
    desk: _Desk, path: KeyPath, value: Any, labels: Any, inherited: Scale | None = None
) -> Scale | None:
    ends: tuple[float, float] | None = None
    if isinstance(value, str):
        named = _named_scale(desk, (*path, "scale"), value)
        own = _labels(desk, (*path, "labels"), labels)
        return inherited if named is None else replace(named, labels=own) if own else named
    if value is not None:
        number = isinstance(value, list | tuple) and all(
            isinstance(end, int | float) and not isinstance(end, bool) for end in value
        )
        if not number or len(value) != 2:
            desk.note(
                (*path, "scale"),
                f"'scale' must be two numbers such as [1, 5], or the name of a scale, not {value!r}",
            )
            return inherited
        ends = (value[0], value[1])
    elif labels is not None and inherited is not None:
        ends = (inherited.low, inherited.high)
    if ends is None:
        if labels is not None:
            desk.note((*path, "labels"), "'labels' need a scale; give scale = [lowest, highest]")
        return inherited
    names = _labels(desk, (*path, "labels"), labels)
    low, high = ends
    made: Scale | None = _made(desk, (*path, "scale"), partial(Scale, low, high, names))
    return made if made is not None else inherited


def _named_scale(desk: _Desk, path: KeyPath, name: str) -> Scale | None:
    """Return a known scale, or one of the codebook's tables of labels, by its name."""
    try:
        (found,) = allowed_sets(name, desk.labels)
    except SurveyError as err:
        message = f"'scale' must be two numbers such as [1, 5], or the name of a scale: {err.message}"
        desk.note(path, message if err.fix is None else f"{message}; {err.fix}")
        return None
    first = found[0]
    return Scale(first.low, first.high, first.scale.labels, name)


def _label_sets(desk: _Desk, data: Any) -> tuple[LabelSet, ...]:
    sets = []
    for name, body in _table(desk, ("labels",), data).items():
        built = _made(desk, ("labels", name), partial(label_sets, {name: body}))
        sets += list(built or ())
    return tuple(sets)


def _labels(desk: _Desk, path: KeyPath, value: Any) -> dict[int, str] | None:
    if value is None:
        return None
    names: dict[int, str] = {}
    for code, label in _table(desk, path, value).items():
        text = _text(desk, (*path, code), label)
        if not re.fullmatch(r"[+-]?\d+", str(code)):
            desk.note((*path, code), f"labels are named by whole numbers, not {code!r}")
        elif text is not None:
            names[int(code)] = text
    return names
