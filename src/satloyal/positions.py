"""Positions: which line of a TOML text each key stands on.

:mod:`tomllib` gives values without places. This index walks the same text once more and remembers the line of
every key, list entry and line of a multi-line string, so that a message can point at the user's own file.
It expects text that :mod:`tomllib` has already accepted.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

__all__ = ["KeyPath", "Positions", "index_positions", "show_path"]

KeyPath = tuple[str | int, ...]

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_SCALAR = re.compile(r"[^,\]\}\#\n]+")


@dataclass(frozen=True, slots=True)
class Positions:
    """Lines of a TOML text, all counted from 1.

    Parameters
    ----------
    keys : Mapping
        Key path → line. List entries have their number in the path: ``("curves", 0, "x")``.
    texts : Mapping
        Key path of a string → the file line of each of its own lines.
    """

    keys: Mapping[KeyPath, int] = field(default_factory=dict)
    texts: Mapping[KeyPath, tuple[int, ...]] = field(default_factory=dict)

    def line(self, path: KeyPath) -> int | None:
        """Return the line of a key, or of its nearest parent that is written in the file."""
        for end in range(len(path), 0, -1):
            if path[:end] in self.keys:
                return self.keys[path[:end]]
        return None

    def text_line(self, path: KeyPath, line: int) -> int | None:
        """Return the file line of line ``line`` (from 1) of the string at ``path``."""
        lines = self.texts.get(path)
        if not lines:
            return self.line(path)
        return lines[min(max(line, 1), len(lines)) - 1]


def show_path(path: KeyPath) -> str:
    """Show a key path as it looks in the file.

    Examples
    --------
    >>> show_path(("bootstrap", "replicates")), show_path(("curves", 0, "x")), show_path(("title",))
    ('[bootstrap] replicates', '[[curves]] no. 1, x', 'title')
    """
    if not path:
        return "the file"
    tables = [p for p in path[:-1] if isinstance(p, str)]
    last = path[-1]
    numbers = [p for p in path if isinstance(p, int)]
    if len(path) > 1 and isinstance(path[1], int):
        rest = "".join(f", {p}" if isinstance(p, str) else f", entry {p + 1}" for p in path[2:])
        return f"[[{path[0]}]] no. {path[1] + 1}{rest}"
    if isinstance(last, int):
        return f"{show_path(path[:-1])}, entry {last + 1}"
    if numbers or not tables:
        return ".".join(str(p) for p in path)
    return f"[{'.'.join(tables)}] {last}"


def index_positions(text: str) -> Positions:
    r"""Index the lines of a valid TOML text.

    Parameters
    ----------
    text : str
        TOML that :func:`tomllib.loads` accepts.

    Returns
    -------
    Positions
        Lines by key path.

    Examples
    --------
    >>> places = index_positions('title = "A"\n[bootstrap]\nseed = 1\n')
    >>> places.line(("bootstrap", "seed"))
    3
    """
    # tomllib reads \r\n as \n; so do the line numbers here.
    return _Walker(text.replace("\r\n", "\n")).walk()


class _Walker:
    """One pass over the text; the cursor is the only state, and it dies with the walk."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.keys: dict[KeyPath, int] = {}
        self.texts: dict[KeyPath, tuple[int, ...]] = {}
        self.counts: dict[KeyPath, int] = {}

    def walk(self) -> Positions:
        table: KeyPath = ()
        while self._skip(newlines=True):
            if self._peek("["):
                table = self._header()
            else:
                self._pair(table)
        return Positions(MappingProxyType(self.keys), MappingProxyType(self.texts))

    def _line(self) -> int:
        return self.text.count("\n", 0, self.at) + 1

    def _peek(self, piece: str) -> bool:
        return self.text.startswith(piece, self.at)

    def _skip(self, *, newlines: bool) -> bool:
        """Step over blanks and comments; say whether anything is left."""
        blank = " \t\n" if newlines else " \t"
        while self.at < len(self.text):
            if self.text[self.at] in blank:
                self.at += 1
            elif self.text[self.at] == "#":
                end = self.text.find("\n", self.at)
                self.at = len(self.text) if end < 0 else end
            else:
                return True
        return False

    def _header(self) -> KeyPath:
        double = self._peek("[[")
        line = self._line()
        self.at += 2 if double else 1
        path = self._resolve(self._key())
        self.at += 2 if double else 1
        self.keys.setdefault(path, line)
        if double:
            number = self.counts.get(path, 0)
            self.counts[path] = number + 1
            path = (*path, number)
            self.keys[path] = line
        return path

    def _resolve(self, key: tuple[str, ...]) -> KeyPath:
        """Insert the current entry number wherever the path passes through a list of tables."""
        path: KeyPath = ()
        for part in key[:-1]:
            path = (*path, part)
            if path in self.counts:
                path = (*path, self.counts[path] - 1)
        return (*path, key[-1])

    def _key(self) -> tuple[str, ...]:
        parts = []
        while True:
            self._skip(newlines=False)
            parts.append(self._key_part())
            self._skip(newlines=False)
            if not self._peek("."):
                return tuple(parts)
            self.at += 1

    def _key_part(self) -> str:
        if self._peek('"') or self._peek("'"):
            start = self.at
            self._string()
            return str(tomllib.loads("k = " + self.text[start : self.at])["k"])
        found = _BARE.match(self.text, self.at)
        if found is None:  # pragma: no cover - tomllib would have refused the text
            self.at += 1
            return ""
        self.at = found.end()
        return found.group()

    def _pair(self, table: KeyPath) -> None:
        line = self._line()
        path = table + self._key()
        for end in range(len(table) + 1, len(path) + 1):
            self.keys.setdefault(path[:end], line)
        self._skip(newlines=False)
        self.at += 1  # the equals sign
        self._skip(newlines=False)
        self._value(path)

    def _value(self, path: KeyPath) -> None:
        if self._peek("["):
            self._list(path)
        elif self._peek("{"):
            self._inline(path)
        elif self._peek('"') or self._peek("'"):
            self.texts[path] = self._string()
        else:
            found = _SCALAR.match(self.text, self.at)
            self.at = found.end() if found else self.at + 1

    def _list(self, path: KeyPath) -> None:
        self.at += 1
        number = 0
        while self._skip(newlines=True) and not self._peek("]"):
            self.keys[(*path, number)] = self._line()
            self._value((*path, number))
            number += 1
            self._skip(newlines=True)
            if self._peek(","):
                self.at += 1
        self.at += 1

    def _inline(self, path: KeyPath) -> None:
        self.at += 1
        while self._skip(newlines=True) and not self._peek("}"):
            self._pair(path)
            self._skip(newlines=True)
            if self._peek(","):
                self.at += 1
        self.at += 1

    def _string(self) -> tuple[int, ...]:
        """Step over a string; return the file line of each of its lines."""
        mark = self.text[self.at]
        if not self._peek(mark * 3):
            line = self._line()
            self.at = self._closing(mark, self.at + 1) + 1
            return (line,)
        start = self.at + 3
        end = self._closing(mark * 3, start)
        while self.text.startswith(mark, end + 3):  # a string may end in one or two quotes of its own
            end += 1
        first = self.text.count("\n", 0, start) + 1
        body = self.text[start:end]
        self.at = end + 3
        if body.startswith("\n"):  # the newline right after the opening quotes is not part of the string
            body, first = body[1:], first + 1
        return _decoded_lines(body, first, escapes=mark == '"')

    def _closing(self, mark: str, start: int) -> int:
        at = start
        while not self.text.startswith(mark, at):
            at += 2 if mark[0] == '"' and self.text[at] == "\\" else 1
        return at


def _decoded_lines(body: str, first: int, *, escapes: bool) -> tuple[int, ...]:
    """Return the file line on which each line of the decoded string begins."""
    lines, line, at = [first], first, 0
    while at < len(body):
        folded = re.compile(r"\\[ \t]*\n\s*").match(body, at) if escapes else None
        if folded:
            line += folded.group().count("\n")
            at = folded.end()
        elif escapes and body[at] == "\\":
            if body[at + 1] == "n":
                lines.append(line)
            at += 2
        else:
            if body[at] == "\n":
                line += 1
                lines.append(line)
            at += 1
    return tuple(lines)
