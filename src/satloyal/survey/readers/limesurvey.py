"""LimeSurvey: responses under codes, texts or both; answers as codes or in full, or with their labels."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from satloyal.notes import Note
from satloyal.survey.raw import Finding, Kind, RawTable
from satloyal.survey.readers.export import Export
from satloyal.survey.readers.grid import Grid
from satloyal.survey.readers.heading import Heading, table_from
from satloyal.survey.readers.layout import (
    NOT_TICKED,
    cells_of,
    key_of,
    marks_of,
    name_of,
    require_rectangle,
    shared_stems,
    unescaped,
    with_cells,
    with_other,
)
from satloyal.survey.readers.lime_labels import Labelling, labelled
from satloyal.survey.readers.lime_structure import LimeStructure, read_structure
from satloyal.survey.readers.match import Match

__all__ = ["LimeSurveyReader"]

_FIXED: dict[str, Kind] = {
    **dict.fromkeys(("id", "response id"), "id"),
    **dict.fromkeys(("submitdate", "date submitted"), "finished"),
    **dict.fromkeys(("lastpage", "last page", "startlanguage", "start language", "seed"), "meta"),
    **dict.fromkeys(("token", "access code", "startdate", "date started"), "meta"),
    **dict.fromkeys(("datestamp", "date last action", "refurl", "referrer url"), "meta"),
    **dict.fromkeys(("ipaddr", "ip address"), "personal"),
    **dict.fromkeys(("interviewtime", "total time"), "duration"),
}
_TIMING = re.compile(r"grouptime\d+|[a-z]\w*\d+time|(group|question) time:.*")
_CODE = re.compile(r"(?P<base>[A-Za-z]\w*?)(?:\[(?P<part>[^\[\]]*)\])?(?:\[(?P<scale>[12])\])?")
_UNDERSCORED = re.compile(r"(?P<base>[A-Za-z][A-Za-z0-9]*)_(?P<part>\w+?)(?:_(?P<scale>[012]))?")
_SUBMIT = re.compile(r"submitdate(?P<between>\W+)\w")
_ANONYMOUS = re.compile(r"1980-01-01")
_CHOICES = "MP"  # LimeSurvey's types of questions with several choices


class LimeSurveyReader:
    """LimeSurvey exports. Who has no date of submission has not finished."""

    name = "limesurvey"

    def sniff(self, export: Export) -> Match:
        """Look for the dates of submission and the last page among the headings."""
        if not export.is_table:
            return Match(0.0, f"a .{export.container} file")
        rows = export.grid.rows
        keys = {key_of(cell).rstrip(". ") for cell in rows[0]} if rows else set()
        codes = {re.split(r"\W", key, maxsplit=1)[0] for key in keys}
        if {"submitdate", "lastpage"} <= codes:
            return Match(0.95, "the headings submitdate and lastpage are LimeSurvey's")
        if {"date submitted", "last page"} <= keys:
            return Match(0.95, "the headings Date submitted and Last page are LimeSurvey's")
        return Match(0.0, "no headings submitdate and lastpage")

    def read(self, export: Export) -> RawTable:
        """Read the header row and the responses, and the labels where the structure is given."""
        require_rectangle(export.grid, 1)
        structure = None if export.labels is None else read_structure(export.labels)
        grid = unescaped(export.grid, 1)
        rows = range(1, len(grid.rows))
        columns = _columns(grid.rows[0])
        ticks = _ticked(columns, grid, rows, structure)
        grid = _boxes(grid, rows, columns, ticks)
        made = Labelling(grid)
        if structure is not None:
            made = labelled(grid, [(c.base, c.scale) for c in columns], structure)
        headings = [_heading(c, j in ticks, structure) for j, c in enumerate(columns)]
        findings = (*made.findings, *_anonymous(grid, rows, columns))
        raw = table_from(made.grid, headings, first=1, words=made.words, findings=findings)
        names = {position: name for name, position in raw.positions.items()}
        labels = {names[j]: table for j, table in made.value_labels.items() if j in names}
        scales = {names[j]: scale for j, scale in made.scales.items() if j in names}
        return replace(raw, prefixed=True, value_labels=labels, scales=scales)


@dataclass(frozen=True, slots=True)
class _Column:
    """What a heading says: its name, the question's code and text, the part and the answer scale."""

    name: str
    base: str = ""
    part: str = ""
    scale: int = 0
    stem: str = ""
    text: str = ""
    kind: Kind | None = None

    @property
    def is_free(self) -> bool:
        """Whether it is the free field of a question."""
        return self.kind == "comment"


def _columns(header: Sequence[Any]) -> list[_Column]:
    names = [name_of(cell) for cell in header]
    between = next((m["between"] for name in names if (m := _SUBMIT.match(name))), None)
    if between is not None:
        split = [name.partition(between) for name in names]
        coded = _coded([code for code, _, _ in split])
        texts = shared_stems([text for _, _, text in split])
        return [
            replace(column, text=text, stem=stem or column.stem)
            for column, (stem, text) in zip(coded, texts, strict=True)
        ]
    if any(key_of(name) == "submitdate" for name in names):
        return _coded(names)
    return [
        _Column(name, "", text if stem else "", 0, stem, text, _kind(name, text if stem else ""))
        for name, (stem, text) in zip(names, shared_stems(names), strict=True)
    ]


def _coded(names: Sequence[str]) -> list[_Column]:
    """Take headings apart into the codes of question, part and scale."""
    underscored = [None if _kind(n, "") else _UNDERSCORED.fullmatch(n) for n in names]
    uses = Counter(m["base"] for m in underscored if m is not None)
    out = []
    for name, other in zip(names, underscored, strict=True):
        fixed = _kind(name, "")
        found = None if fixed else _CODE.fullmatch(name)
        if found is not None and found["part"] is None and other is not None and uses[other["base"]] > 1:
            found = other
        if found is None:
            out.append(_Column(name, kind=fixed))
            continue
        base, part = found["base"], found["part"] or ""
        last = found["scale"]
        # the scales of an array with two count from 1 in brackets, and from 0 behind an underscore
        second = last == "2" or (last == "1" and f"{base}_{part}_0" in names)
        stem = "" if not part else base if last is None else f"{base} [{2 if second else 1}]"
        out.append(_Column(name, base, part, int(second), stem, "", _kind(name, part)))
    return out


def _kind(name: str, part: str) -> Kind | None:
    key = key_of(name).rstrip(". ")
    if key in _FIXED:
        return _FIXED[key]
    if _TIMING.fullmatch(key) and not part:
        return "derived"
    if key_of(part) == "other" or part.endswith("comment"):
        return "comment"
    return None


def _ticked(
    columns: Sequence[_Column], grid: Grid, rows: range, structure: LimeStructure | None
) -> dict[int, bool]:
    """Return the columns with a box to tick, and whether a 2 in them means that it was not."""
    groups: dict[str, list[int]] = {}
    for j, column in enumerate(columns):
        if column.stem and column.kind is None:
            groups.setdefault(column.stem, []).append(j)
    out: dict[int, bool] = {}
    for members in groups.values():
        base = columns[members[0]].base
        question = None if structure is None else structure.questions.get(base)
        cells = [cells_of(grid, rows, j) for j in members]
        marks = frozenset().union(*map(marks_of, cells))
        blank = any(cell is None for column in cells for cell in column)
        if question is not None:
            is_choice = question.kind in _CHOICES and marks <= {"Y", "N", "Yes", "No", "N/A", "1", "2"}
        elif marks == {"Y"} or (marks == {"1"} and blank and len(members) > 1):
            is_choice = True
        else:
            is_choice = len(members) > 1 and "Yes" in marks and not blank and marks <= {"Yes", "No", "N/A"}
        if is_choice:
            out |= dict.fromkeys(members, "2" in marks)
    return out


def _boxes(grid: Grid, rows: range, columns: Sequence[_Column], ticks: Mapping[int, bool]) -> Grid:
    """Write what was seen and not ticked as such, where a 2 or only the free field says so."""
    coded = {j for j, with_two in ticks.items() if with_two}
    if coded:
        grid = with_cells(
            grid, lambda _i, j, cell: NOT_TICKED if j in coded and name_of(cell) == "2" else cell, 1
        )
    others: dict[int, list[int]] = {}
    for j, column in enumerate(columns):
        if column.is_free and key_of(column.part) == "other":
            boxes = [k for k in ticks if columns[k].stem == column.stem]
            if boxes:
                others[j] = boxes
    return with_other(grid, rows, others)


def _heading(column: _Column, is_tick: bool, structure: LimeStructure | None) -> Heading:
    question = None if structure is None else structure.questions.get(column.base)
    text, stem = column.text, column.stem
    if question is not None:
        part = question.parts.get(column.part, "") or question.parts.get(column.part.split("_")[0], "")
        text = part or (question.text if not column.part else column.part)
        if stem:
            stem = f"{question.text or column.base}{' [2]' if column.scale else ''}"
    return Heading(column.name, text, stem, "tick" if is_tick else column.kind)


def _anonymous(grid: Grid, rows: range, columns: Sequence[_Column]) -> tuple[Finding, ...]:
    """Say that the dates of an anonymous survey are none."""
    at = next((j for j, c in enumerate(columns) if c.kind == "finished"), None)
    if at is None:
        return ()
    count = sum(bool(_ANONYMOUS.match(str(cell))) for cell in cells_of(grid, rows, at) if cell is not None)
    if not count:
        return ()
    message = (
        f"{count} responses are dated 1980-01-01, as anonymous surveys are: it says that they were "
        "submitted, not when"
    )
    return (Finding(Note("dates", message, count)),)
