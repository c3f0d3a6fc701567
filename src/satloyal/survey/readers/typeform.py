"""Typeform: responses with their token first and the facts of the interview last; older and newer forms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from satloyal.notes import Note
from satloyal.survey.clean import listing
from satloyal.survey.raw import Finding, Kind, RawTable
from satloyal.survey.readers.export import Export
from satloyal.survey.readers.grid import Grid
from satloyal.survey.readers.heading import Heading, table_from
from satloyal.survey.readers.layout import (
    cells_of,
    key_of,
    marks_of,
    name_of,
    require_rectangle,
    shared_stems,
    unescaped,
    with_other,
)
from satloyal.survey.readers.match import Match

__all__ = ["TypeformReader"]

_FIXED: dict[str, Kind] = {
    "#": "id",
    "response type": "finished",
    **dict.fromkeys(("start date (utc)", "stage date (utc)", "submit date (utc)"), "meta"),
    **dict.fromkeys(("network id", "tags", "ending"), "meta"),
}
_MARKS = frozenset({"submit date (utc)", "network id"})
_OTHER = "other"


class TypeformReader:
    """Typeform exports. Responses that were only begun are kept, and told from those that were completed."""

    name = "typeform"

    def sniff(self, export: Export) -> Match:
        """Look for ``#`` first and the submit date or the network's id after the questions."""
        if not export.is_table:
            return Match(0.0, f"a .{export.container} file")
        rows = export.grid.rows
        keys = [key_of(cell) for cell in rows[0]] if rows else []
        if keys and keys[0] == "#" and _MARKS & set(keys):
            return Match(0.95, "the first column is # and one is Submit Date (UTC) or Network ID")
        return Match(0.0, "no column # with Submit Date (UTC) or Network ID")

    def read(self, export: Export) -> RawTable:
        """Read the header row and the responses."""
        require_rectangle(export.grid, 1)
        grid = unescaped(export.grid, 1)
        names = [name_of(cell) for cell in grid.rows[0]]
        rows = range(1, len(grid.rows))
        kinds: list[Kind | None] = [_FIXED.get(key_of(name)) for name in names]
        choices = _choices(grid, names, kinds)
        grid = with_other(grid, rows, {c.other: c.boxes for c in choices if c.other is not None})
        parts = shared_stems([name if kind is None else "" for name, kind in zip(names, kinds, strict=True)])
        headings = [
            Heading(name, text if kind is None else name, stem, kind)
            for name, kind, (stem, text) in zip(names, kinds, parts, strict=True)
        ]
        for choice in choices:
            for j in choice.boxes:
                headings[j] = Heading(names[j], names[j], choice.stem(names), "tick")
            if choice.other is not None:
                headings[choice.other] = Heading(names[choice.other], names[choice.other], "", "comment")
        return table_from(grid, headings, first=1, rows=rows, findings=_told(choices, names))


@dataclass(frozen=True, slots=True)
class _Choice:
    """A question with several choices: its boxes, and the column of what else was written."""

    boxes: tuple[int, ...]
    other: int | None = None

    def stem(self, names: Sequence[str]) -> str:
        """Return what tells the question from others; the file does not hold its text."""
        return f"{names[self.boxes[0]]} … {names[self.boxes[-1]]} (columns from {self.boxes[0] + 1})"


def _choices(grid: Grid, names: Sequence[str], kinds: Sequence[Kind | None]) -> list[_Choice]:
    """Find runs of columns that are empty or repeat their own header; a field for others ends a question."""
    rows = range(1, len(grid.rows))
    out: list[_Choice] = []
    run: list[int] = []

    def close(other: int | None = None) -> None:
        while run and not marks_of(cells_of(grid, rows, run[-1])):
            run.pop()  # a column that nobody filled may belong to whatever follows
        if len(run) > 1 or (run and other is not None):
            out.append(_Choice(tuple(run), other))
        run.clear()

    for j, name in enumerate(names):
        cells = cells_of(grid, rows, j) if kinds[j] is None else []
        marks = marks_of(cells)
        if run and key_of(name) == _OTHER and kinds[j] is None and marks != {name}:
            close(j)
        elif kinds[j] is None and name and (marks == {name} or (run and not marks)):
            if name in {names[i] for i in run}:
                close()
            run.append(j)
        else:
            close()
    close()
    return out


def _told(choices: Sequence[_Choice], names: Sequence[str]) -> tuple[Finding, ...]:
    if not choices:
        return ()
    said = listing((f"{names[c.boxes[0]]!r} to {names[c.boxes[-1]]!r}" for c in choices), 8)
    message = (
        f"read as questions with several choices: {said}; the file does not say where one such question ends "
        "and the next begins"
    )
    return (Finding(Note("choices", message, len(choices))),)
