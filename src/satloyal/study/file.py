"""The study file on disk: reading it, and saying on which line something is wrong."""

from __future__ import annotations

import difflib
import hashlib
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from satloyal.errors import SatloyalError, StudyError
from satloyal.positions import KeyPath, Positions, index_positions, show_path
from satloyal.study import config
from satloyal.study.config import StudyConfig

__all__ = ["StudyFile", "read_study", "suggest"]

# Which table of the file is which model; "*" stands for any name or number.
_TABLES: dict[KeyPath, type[BaseModel]] = {
    (): StudyConfig,
    ("data",): config.DataConfig,
    ("model",): config.ModelConfig,
    ("models", "*"): config.ModelConfig,
    ("model", "invariance"): config.InvarianceConfig,
    ("models", "*", "invariance"): config.InvarianceConfig,
    ("bootstrap",): config.BootstrapConfig,
    ("curves", "*"): config.CurveConfig,
    ("groups",): config.GroupsConfig,
    ("propositions", "*"): config.PropositionConfig,
    ("outputs",): config.OutputsConfig,
}

_EXPECTED = {
    "string_type": "text in quotes",
    "int_type": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "tuple_type": "a list",
    "dict_type": "a table",
    "model_type": "a table",
    "model_attributes_type": "a table",
}


@dataclass(frozen=True)
class StudyFile:
    """A study file that says a study: its configuration, its text and its places.

    Parameters
    ----------
    path : Path
        Where it stands; relative names in it start at its folder.
    text : str
        As written.
    config : StudyConfig
        As understood.
    positions : Positions
        Which line each key stands on.
    """

    path: Path
    text: str
    config: StudyConfig
    positions: Positions

    @property
    def sha256(self) -> str:
        """Hash of the text, for the provenance."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    def resolve(self, name: str) -> Path:
        """Return the path that a name in the file means."""
        return self.path.parent / Path(name).expanduser()

    def where(self, key: KeyPath, *, text_line: int | None = None) -> str:
        """Return the place of a key, or of a line of the text written there, for a message."""
        line = self.positions.line(key) if text_line is None else self.positions.text_line(key, text_line)
        return _where(self.path, line, key)

    def error(
        self, key: KeyPath, message: str, *, fix: str | None = None, text_line: int | None = None
    ) -> StudyError:
        """Return an error that points at a key of this file."""
        return StudyError(message, where=self.where(key, text_line=text_line), fix=fix)


def suggest(name: str, known: Iterable[str], *, what: str, plural: str = "") -> str | None:
    """Return a hint with the nearest known name, or with all of them if none is near.

    Examples
    --------
    >>> suggest("replicate", ["replicates", "seed"], what="known key")
    "use 'replicates', the nearest known key"
    """
    names = list(dict.fromkeys(known))
    if not names:
        return None
    lowered = {n.lower(): n for n in reversed(names)}
    near = difflib.get_close_matches(name.lower(), lowered, n=1, cutoff=0.6)
    if near:
        return f"use {lowered[near[0]]!r}, the nearest {what}"
    shown = ", ".join(names[:20]) + (", …" if len(names) > 20 else "")
    return f"use one of the {plural or what + 's'}: {shown}"


def read_study(path: str | Path) -> StudyFile:
    """Read and validate a study file, without looking at its data.

    Parameters
    ----------
    path : str or Path
        A ``study.toml``.

    Returns
    -------
    StudyFile
        The configuration with the places of its keys.

    Raises
    ------
    StudyError
        If the file cannot be read, is not TOML, or has unknown, missing or ill-typed keys. All problems are
        listed, each with its line.

    Examples
    --------
    >>> from satloyal.study.samples import study_template
    >>> read_study(study_template("simulated_retail")).config.data.sample
    'simulated_retail'
    """
    path = Path(path)
    text = _read_text(path)
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise _syntax_error(path, text, error) from None
    positions = index_positions(text)
    try:
        return StudyFile(path, text, StudyConfig.model_validate(raw), positions)
    except ValidationError as error:
        raise _invalid(path, positions, error.errors(include_url=False)) from None


def _read_text(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        near = suggest(path.name, (p.name for p in _siblings(path)), what="file there", plural="files there")
        raise StudyError("there is no such study file", where=str(path), fix=near) from None
    except IsADirectoryError:
        raise StudyError(
            "this is a folder, not a study file", where=str(path), fix=f"name the file: {path / 'study.toml'}"
        ) from None
    except UnicodeDecodeError as error:
        raise StudyError(
            f"the file is not UTF-8 text (byte {error.start})", where=str(path), fix="save it as UTF-8"
        ) from None
    except OSError as error:
        raise StudyError(f"the file cannot be read ({error.strerror})", where=str(path)) from None


def _siblings(path: Path) -> list[Path]:
    folder = path.parent
    return sorted(folder.glob("*.toml")) if folder.is_dir() else []


def _syntax_error(path: Path, text: str, error: tomllib.TOMLDecodeError) -> StudyError:
    message = str(error)
    place = re.search(r"\(at (?:line (\d+), column (\d+)|end of document)\)", message)
    plain = message[: place.start()].strip() if place else message
    line = int(place.group(1)) if place and place.group(1) else text.count("\n") + 1
    shown = text.splitlines()[line - 1] if line <= len(text.splitlines()) else ""
    caret = ""
    if place and place.group(2):
        caret = "\n    " + " " * (int(place.group(2)) - 1) + "^"
    hint = f"\n    {shown}{caret}" if shown else ""
    return StudyError(f"this is not valid TOML: {plain}{hint}", where=_where(path, line, None))


def _where(path: Path, line: int | None, key: KeyPath | None) -> str:
    at = f"{path}" + (f", line {line}" if line is not None else "")
    if not key:
        return at
    shown = show_path(key)
    return f"{at} ({shown if shown.startswith('[[') or not _is_table(key) else _table_name(key)})"


def _invalid(path: Path, positions: Positions, details: list[ErrorDetails]) -> StudyError:
    """Turn the findings of the type check into one error with all places, in the order of the file."""
    found = []
    for detail in details:
        key = _key_of(detail)
        message, fix = _message(key, detail)
        line = positions.line(key)
        found.append((line or 0, StudyError(message, where=_where(path, line, key), fix=fix)))
    found.sort(key=lambda entry: entry[0])
    errors = [error for _, error in found]
    if len(errors) == 1:
        return errors[0]
    return StudyError(f"{len(errors)} problems\n" + "\n".join(f"  {e}" for e in errors), where=str(path))


def _key_of(detail: ErrorDetails) -> KeyPath:
    key: KeyPath = tuple(detail["loc"])
    return key[:-1] if key and key[-1] == "[key]" else key


def _message(key: KeyPath, detail: ErrorDetails) -> tuple[str, str | None]:
    kind, given = detail["type"], detail.get("input")
    context: Mapping[str, Any] = detail.get("ctx", {})
    if kind == "extra_forbidden":
        return f"unknown key {str(key[-1])!r}", suggest(str(key[-1]), _known_keys(key[:-1]), what="known key")
    if kind == "missing":
        return f"the key {str(key[-1])!r} is missing", f"add it to {_table_name(key[:-1])}"
    if kind == "literal_error":
        allowed = re.findall(r"'([^']*)'", str(context["expected"]))
        near = difflib.get_close_matches(str(given).lower(), allowed, n=1)
        return f"{_show(given)} is not one of {', '.join(allowed)}", f"use {near[0]!r}" if near else None
    if kind in _EXPECTED:
        return f"expected {_EXPECTED[kind]}, found {_show(given)}", None
    if kind == "value_error":
        return str(context["error"]), None
    limits = {"greater_than_equal": "at least {ge}", "less_than_equal": "at most {le}"}
    limits |= {"greater_than": "more than {gt}", "less_than": "less than {lt}"}
    if kind in limits:
        return f"must be {limits[kind].format(**context)}, found {_show(given)}", None
    if kind in {"too_short", "string_too_short"}:
        return "must not be empty", None
    if kind == "string_pattern_mismatch":
        return f"{_show(given)} is not a plain file name", "use letters, digits, spaces, '.', '-' and '_'"
    return detail["msg"], None


def _table_model(table: KeyPath) -> type[BaseModel] | None:
    for pattern, model in _TABLES.items():
        if len(pattern) == len(table) and all(p in ("*", t) for p, t in zip(pattern, table, strict=True)):
            return model
    return None


def _is_table(key: KeyPath) -> bool:
    return _table_model(key) is not None


def _known_keys(table: KeyPath) -> list[str]:
    model = _table_model(table)
    return [] if model is None else list(model.model_fields)


def _table_name(table: KeyPath) -> str:
    if not table:
        return "the top of the file"
    return show_path(table) if isinstance(table[-1], int) else f"[{'.'.join(map(str, table))}]"


def _show(value: Any) -> str:
    if isinstance(value, dict):
        return "a table"
    if isinstance(value, list | tuple):
        return "a list"
    if isinstance(value, bool):
        return str(value).lower()
    shown = repr(value)
    return shown if len(shown) <= 60 else shown[:57] + "…"


def line_of(error: SatloyalError) -> int | None:
    """Return the line of a text that an error names, if it names one.

    Examples
    --------
    >>> line_of(SatloyalError("nothing after '=~'", where="model, line 3, column 7"))
    3
    """
    found = re.search(r"\bline (\d+)\b", error.where or "") or re.search(r"\bline (\d+)\b", error.message)
    return int(found.group(1)) if found else None
