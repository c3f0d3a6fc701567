"""Numbered headers: columns of a question share its number (``4、…``, ``4.…``, ``第4题(…)``) and a stem."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from satloyal.errors import SurveyError
from satloyal.survey.clean import listing
from satloyal.survey.readers.grid import Grid

__all__ = ["Numbered", "cells_of", "header_text", "numbered", "refuse_overlong"]

_NUMBER = re.compile(
    r"(?:Q|q)?(?P<n>\d{1,3})\s*[、.．:：)）]\s*(?P<rest>.*)|第\s*(?P<old>\d{1,3})\s*题\s*[、.．:：]?(?P<tail>.*)",
    re.DOTALL,
)
_OPTION = re.compile(
    r"(?P<stem>.*?)\s*[(（](?P<option>[^()（）]*(?:[(（][^()（）]*[)）][^()（）]*)*)[)）]\s*", re.DOTALL
)
_DASH = re.compile(r"(?<!—)—(?!—)")
_MARKS = ("—", "_", "：", ":", "－", "–", "-", "|", "/")


@dataclass(frozen=True, slots=True)
class Numbered:
    """One column of a numbered question.

    Parameters
    ----------
    number : int, optional
        Number of the question; ``None`` where the header has none.
    stem : str
        What it shares with the other columns of its question, with the number, so that two questions of one
        wording stay apart; empty where it stands alone.
    text : str
        The row or option, or the whole question.
    bracketed : bool
        Whether the option stands in brackets.
    """

    number: int | None
    stem: str
    text: str
    bracketed: bool = False


def header_text(cell: Any) -> str:
    """Return a header cell as text in one line."""
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    return "" if cell is None else " ".join(str(cell).replace("\ufeff", "").split())


def numbered(headers: Sequence[str]) -> list[Numbered]:
    """Return what each header says; neighbours of one number are one question.

    The stem may stand over the first column only: the others keep the number and their row.

    Examples
    --------
    >>> rows = numbered(["4、Staff—speed", "4、price", "5、Other?", "第6题(A)", "第6题(B)"])
    >>> [(r.stem, r.text) for r in rows]
    [('4、Staff', 'speed'), ('4、Staff', 'price'), ('', 'Other?'), ('第6题', 'A'), ('第6题', 'B')]
    """
    parsed = [_split_number(header) for header in headers]
    out: list[Numbered] = []
    start = 0
    while start < len(headers):
        number = parsed[start][0]
        end = start + 1
        while number is not None and end < len(headers) and parsed[end][0] == number:
            end += 1
        out += _question(headers[start:end], parsed[start:end])
        start = end
    return out


def _split_number(header: str) -> tuple[int | None, str]:
    found = _NUMBER.fullmatch(header)
    if found is None:
        return None, header
    rest = found["rest"] if found["n"] is not None else found["tail"]
    return int(found["n"] or found["old"]), rest.strip()


def _question(headers: Sequence[str], parsed: Sequence[tuple[int | None, str]]) -> list[Numbered]:
    number = parsed[0][0]
    rests = [rest for _, rest in parsed]
    if number is None or len(headers) == 1:
        return [Numbered(number, "", rest) for rest in rests]
    prefix = headers[0][: len(headers[0]) - len(rests[0])] if rests[0] else headers[0]
    bracketed = [_OPTION.fullmatch(rest) for rest in rests]
    if all(bracketed) and all(
        not b["stem"] or b["stem"] == bracketed[0]["stem"] for b in bracketed[1:] if b and bracketed[0]
    ):
        stem = bracketed[0]["stem"] if bracketed[0] else ""
        return [Numbered(number, prefix + stem, b["option"].strip(), True) for b in bracketed if b]
    shared = _shared_stem(rests)
    if shared:
        return [
            Numbered(number, prefix + shared.rstrip("".join(_MARKS) + " "), rest[len(shared) :].strip())
            for rest in rests
        ]
    stem, first = _first_stem(rests[0])
    return [Numbered(number, prefix + stem, text) for text in (first, *rests[1:])]


def _shared_stem(rests: Sequence[str]) -> str:
    """Return how all columns of a question begin, up to the last mark that they share."""
    first, last = min(rests), max(rests)
    same = next(
        (i for i, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), min(map(len, (first, last)))
    )
    shared = first[:same]
    cut = max((shared.rfind(mark) for mark in _MARKS), default=-1)
    if cut > 0:
        return shared[: cut + 1]
    asked = max(shared.rfind(mark) for mark in "?？")
    return shared[: asked + 1] if asked > 0 else ""


def _first_stem(text: str) -> tuple[str, str]:
    """Split the header that carries the stem at its last single dash; a double one belongs to the wording."""
    places = [m.start() for m in _DASH.finditer(text)]
    cut = next((i for i in reversed(places) if text[:i].strip() and text[i + 1 :].strip()), None)
    if cut is None:
        return "", text
    return text[:cut].strip(), text[cut + 1 :].strip()


def refuse_overlong(grid: Grid, width: int, first: int) -> None:
    """Refuse rows with cells beyond the header; empty ones (a comma at the end of the line) do no harm.

    Raises
    ------
    SurveyError
        With the row numbers.
    """
    wrong = [
        n
        for n, row in zip(grid.numbers[first:], grid.rows[first:], strict=True)
        if any(cell is not None for cell in row[width:])
    ]
    short = [
        n
        for n, row in zip(grid.numbers[first:], grid.rows[first:], strict=True)
        if grid.delimiter is not None and len(row) < width - 1
    ]
    if wrong or short:
        said = listing((f"row {n}" for n in sorted({*wrong, *short})), 10)
        raise SurveyError(
            f"{len({*wrong, *short})} rows have more or fewer cells than the header has names: {said}",
            fix="a cell with the delimiter in it must stand in quotes; export again or mend these rows",
        )


def cells_of(grid: Grid, rows: Sequence[int], j: int) -> list[Any]:
    """Return the cells of one column that hold anything."""
    found = (grid.rows[i][j] if j < len(grid.rows[i]) else None for i in rows)
    return [cell for cell in found if cell is not None]
