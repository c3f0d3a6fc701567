"""The user's model text and places in it: spans, lines, marks under the offending piece."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches

from satloyal.errors import SpecError

__all__ = ["Source", "Span", "nearest"]


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of the model text, as character positions ``start <= i < end``.

    Examples
    --------
    >>> Span(2, 4).to(Span(7, 9))
    Span(start=2, end=9)
    """

    start: int
    end: int

    def to(self, other: Span) -> Span:
        """Return the span from the start of this one to the end of another."""
        return Span(self.start, max(self.end, other.end))


def nearest(name: str, known: Iterable[str]) -> str | None:
    """Return the known name that looks most like `name`, or None if none does.

    Examples
    --------
    >>> nearest("Satisfacton", ["Satisfaction", "Loyalty"])
    'Satisfaction'
    """
    names = sorted(set(known))
    folded: dict[str, str] = {}
    for known_name in names:
        folded.setdefault(known_name.casefold(), known_name)
    if name.casefold() in folded:
        return folded[name.casefold()]
    close = get_close_matches(name.casefold(), list(folded), n=1, cutoff=0.6)
    return folded[close[0]] if close else None


@dataclass(frozen=True, slots=True)
class Source:
    """A model text that can mark places in itself.

    Parameters
    ----------
    text : str
        The text as the user wrote it.
    name : str
        What the text is called in messages.

    Examples
    --------
    >>> print(Source("f =~ x1 + x2").error("'x2' is not in the data", Span(10, 12)))
    line 1 of the model: 'x2' is not in the data
        f =~ x1 + x2
                  ^^
    <BLANKLINE>
    """

    text: str
    name: str = "the model"

    def line_of(self, span: Span) -> int:
        """Line number, counted from 1, on which the span starts."""
        return self.text.count("\n", 0, span.start) + 1

    def mark(self, span: Span) -> str:
        """Show the line on which the span starts, with carets under the marked piece."""
        first = self.text.rfind("\n", 0, span.start) + 1
        last = self.text.find("\n", first)
        line = self.text[first:] if last < 0 else self.text[first:last]
        before, piece = line[: span.start - first], line[span.start - first : span.end - first]
        carets = " " * _width(before) + "^" * max(1, _width(piece))
        return f"    {_plain(line)}\n    {carets}"

    def error(self, message: str, span: Span, fix: str | None = None) -> SpecError:
        """Make an error that names the line, shows it, and marks the span in it."""
        where = f"line {self.line_of(span)} of {self.name}"
        return SpecError(f"{message}\n{self.mark(span)}\n", where=where, fix=fix)


def _plain(line: str) -> str:
    return "".join(" " if unicodedata.category(c) == "Cc" else c for c in line)


def _width(text: str) -> int:
    """Columns that a text takes on a terminal: East Asian wide characters take two, combining marks none."""
    return sum(
        0
        if unicodedata.category(c) in ("Mn", "Me", "Cf")
        else 2
        if unicodedata.east_asian_width(c) in "WF"
        else 1
        for c in text
    )
