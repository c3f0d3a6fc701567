"""SurveyMonkey: two header rows, the question over its first column only; condensed and expanded columns."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from satloyal.notes import Note
from satloyal.survey.clean import listing
from satloyal.survey.labels.block import match
from satloyal.survey.numbers import parse_number
from satloyal.survey.raw import Finding, Kind, RawTable
from satloyal.survey.readers.export import Export
from satloyal.survey.readers.grid import Grid
from satloyal.survey.readers.heading import Heading, table_from
from satloyal.survey.readers.layout import (
    cells_of,
    damaged_ids,
    key_of,
    marks_of,
    name_of,
    require_rectangle,
    with_cells,
    with_other,
)
from satloyal.survey.readers.match import Match

__all__ = ["SurveyMonkeyReader"]

_FIXED: dict[str, Kind] = {
    "respondent id": "id",
    **dict.fromkeys(("collector id", "start date", "end date", "date created", "date modified"), "meta"),
    **dict.fromkeys(("ip address", "email address", "first name", "last name"), "personal"),
}
_CUSTOM = re.compile(r"custom (data|value)?\s*\d*")
_SINGLE = frozenset({"", "response"})
_FREE = frozenset({"open-ended response", "other (please specify)", "comments", "comment", "please specify"})
_BETWEEN = " - "
_NPS_CODES = 11
"""Codes of a scale from 0 to 10 where its options are numbered from 1."""


class SurveyMonkeyReader:
    """SurveyMonkey exports, as CSV or workbook. They do not say who finished."""

    name = "surveymonkey"

    def sniff(self, export: Export) -> Match:
        """Look for Respondent ID and Collector ID in the first row."""
        if not export.is_table:
            return Match(0.0, f"a .{export.container} file")
        rows = export.grid.rows
        keys = [key_of(cell) for cell in rows[0]] if rows else []
        if keys[:1] == ["respondent id"] and "collector id" in keys:
            return Match(0.95, "the first row names Respondent ID and Collector ID")
        return Match(0.0, "no Respondent ID with Collector ID")

    def read(self, export: Export) -> RawTable:
        """Read both header rows and the responses."""
        grid = export.grid
        header, findings = _header_rows(grid)
        require_rectangle(grid, header)
        rows = range(header, len(grid.rows))
        meta, questions = _questions(grid, header)
        grid, questions = _whole(grid, questions, rows)
        ticks = {q.start: q for q in questions if _is_ticked(q, grid, rows)}
        others = {j: q.options for q in ticks.values() for j in q.free}
        grid = with_other(grid, rows, others)
        grid, moved = _from_nought(grid, questions, rows)
        headings = _headings(meta, questions, ticks)
        findings += (*moved, *damaged_ids(grid, rows, 0, name_of(grid.rows[0][0])))
        return table_from(grid, headings, first=header, rows=rows, findings=findings)


@dataclass(frozen=True, slots=True)
class _Question:
    """A question and its columns: what was asked, the columns and what stands over each in the second row."""

    text: str
    columns: tuple[int, ...]
    labels: Mapping[int, str]
    stem: str

    @property
    def start(self) -> int:
        """Its first column."""
        return self.columns[0]

    @property
    def free(self) -> tuple[int, ...]:
        """Columns of free text."""
        return tuple(j for j in self.columns if key_of(self.labels[j]) in _FREE)

    @property
    def options(self) -> tuple[int, ...]:
        """Columns of rows, options or the one answer."""
        return tuple(j for j in self.columns if key_of(self.labels[j]) not in _FREE)


def _header_rows(grid: Grid) -> tuple[int, tuple[Finding, ...]]:
    """Count header rows: the second one has no respondent's id."""
    if len(grid.rows) > 1 and (not grid.rows[1] or grid.rows[1][0] is None):
        return 2, ()
    message = "the row of options and statements is not in the file; columns are named by their question only"
    return 1, (Finding(Note("header rows", message, 1), eye=True),)


def _questions(grid: Grid, header: int) -> tuple[dict[int, tuple[str, Kind]], list[_Question]]:
    """Return the columns about the interview, and the questions with the columns that belong to each."""
    width = max(len(row) for row in grid.rows)
    top = [name_of(cell) for cell in (*grid.rows[0], *[None] * (width - len(grid.rows[0])))]
    below = grid.rows[1] if header > 1 else ()
    labels = [name_of(cell) for cell in (*below, *[None] * (width - len(below)))]
    meta: dict[int, tuple[str, Kind]] = {}
    for j, name in enumerate(top):
        kind: Kind | None = _FIXED.get(key_of(name)) or ("meta" if _CUSTOM.fullmatch(key_of(name)) else None)
        if kind is None:
            break
        meta[j] = (name, kind)
    repeated_everywhere = all(top)  # somebody filled the first row to the right
    groups: list[tuple[str, list[int]]] = []
    for j in range(len(meta), width):
        if top[j] and not (repeated_everywhere and groups and groups[-1][0] == top[j] and labels[j]):
            groups.append((top[j], [j]))
        elif groups and (labels[j] or any(cell is not None for cell in _body(grid, header, j))):
            groups[-1][1].append(j)
    seen: Counter[str] = Counter()
    out = []
    for text, columns in groups:
        seen[text] += 1
        stem = text if seen[text] == 1 else f"{text} ({seen[text]})"
        named = {j: labels[j] or _only_mark(grid, header, j, len(columns)) for j in columns}
        out.append(_Question(text, tuple(columns), named, stem))
    return meta, out


def _body(grid: Grid, header: int, j: int) -> list[Any]:
    return cells_of(grid, range(header, len(grid.rows)), j)


def _only_mark(grid: Grid, header: int, j: int, columns: int) -> str:
    """Return the option that a column without a label holds, if it holds nothing else."""
    marks = marks_of(_body(grid, header, j)) if columns > 1 and header == 1 else frozenset()
    only = next(iter(marks)) if len(marks) == 1 else ""
    return "" if parse_number(only) is not None else only


def _whole(grid: Grid, questions: list[_Question], rows: range) -> tuple[Grid, list[_Question]]:
    """Put expanded columns together again: one column a row of a matrix, or one for the question."""
    folds: dict[int, tuple[tuple[int, ...], tuple[str, ...]]] = {}
    out: list[_Question] = []
    for question in questions:
        parts = _expanded(question, grid, rows)
        if not parts:
            out.append(question)
            continue
        labels = {j: label for j, label in question.labels.items() if j in question.free}
        for row, columns, answers in parts:
            folds[columns[0]] = (columns, answers)
            labels[columns[0]] = row
        out.append(replace(question, columns=tuple(sorted(labels)), labels=labels))
    if not folds:
        return grid, out
    gone = {j for columns, _ in folds.values() for j in columns[1:]}

    def chosen(i: int, j: int, cell: Any) -> Any:
        if j in gone:
            return None
        if j not in folds:
            return cell
        columns, answers = folds[j]
        return next((a for k, a in zip(columns, answers, strict=True) if _is_chosen(grid.rows[i][k])), None)

    header = rows.start
    return with_cells(grid, chosen, header), out


def _is_chosen(cell: Any) -> bool:
    return cell is not None and name_of(cell) != "0"


def _expanded(
    question: _Question, grid: Grid, rows: range
) -> list[tuple[str, tuple[int, ...], tuple[str, ...]]]:
    """Return row, columns and answers of each row of an expanded question; empty if it is not one."""
    columns = question.options
    labels = [question.labels[j] for j in columns]
    if len(columns) < 2:
        return []
    split = _rows_by_answers(labels)
    if split is not None:
        names, answers = split
        k = len(answers)
        parts = [(name, columns[i * k : (i + 1) * k], answers) for i, name in enumerate(names)]
        fits = all(
            marks_of(cells_of(grid, rows, j)) - {"0"} <= {answer} or _numbers_only(grid, rows, j)
            for _, of_row, _ in parts
            for j, answer in zip(of_row, answers, strict=True)
        )
        if fits and all(_exclusive(grid, rows, of_row) for _, of_row, _ in parts):
            return parts
    on_scale = match([set(labels)]).status in ("matched", "ambiguous", "numbers")
    own = all(
        marks_of(cells_of(grid, rows, j)) - {"0"} <= {question.labels[j]} or _numbers_only(grid, rows, j)
        for j in columns
    )
    if on_scale and own and _exclusive(grid, rows, columns):
        return [("", columns, tuple(labels))]
    return []


def _rows_by_answers(labels: Sequence[str]) -> tuple[list[str], tuple[str, ...]] | None:
    """Split labels ``row - answer`` that run through all answers of each row.

    Examples
    --------
    >>> _rows_by_answers(["Staff - Good", "Staff - Bad", "On-line - shop - Good", "On-line - shop - Bad"])
    (['Staff', 'On-line - shop'], ('Good', 'Bad'))
    """
    for found in re.finditer(re.escape(_BETWEEN), labels[0]):
        start = labels[0][: found.end()]
        count = next((i for i, label in enumerate(labels) if not label.startswith(start)), len(labels))
        if count < 2 or len(labels) % count:
            continue
        answers = tuple(label[len(start) :] for label in labels[:count])
        end = _BETWEEN + answers[0]
        names = [label.removesuffix(end) for label in labels[::count]]
        if labels == [name + _BETWEEN + answer for name in names for answer in answers]:
            return names, answers
    return None


def _exclusive(grid: Grid, rows: range, columns: Sequence[int]) -> bool:
    """Whether nobody has more than one of the columns filled, and somebody has one."""
    counts = [sum(_is_chosen(grid.rows[i][j]) for j in columns) for i in rows]
    return max(counts, default=0) == 1


def _numbers_only(grid: Grid, rows: range, j: int) -> bool:
    """Whether a column holds one number besides 0: the code of its option."""
    marks = marks_of(cells_of(grid, rows, j)) - {"0"}
    return len(marks) == 1 and parse_number(next(iter(marks))) is not None


def _is_ticked(question: _Question, grid: Grid, rows: range) -> bool:
    """Whether every column holds its own option or nothing, or one code or nothing."""
    columns = question.options
    if len(columns) < 2:
        return False
    cells = [cells_of(grid, rows, j) for j in columns]
    marks = [marks_of(column) for column in cells]
    if not any(marks):
        return False
    if all(m <= {question.labels[j]} for j, m in zip(columns, marks, strict=True)):
        return True
    if all(m <= {"0", "1"} for m in marks):
        return any("0" in m for m in marks) or any(None in column for column in cells)
    codes = [next(iter(m)) for m in marks if m]
    if any(len(m) > 1 for m in marks) or not all(code.isdigit() for code in codes):
        return False
    numbers = [int(code) for code in codes]
    return numbers == sorted(set(numbers)) and len(numbers) > 1 and any(None in column for column in cells)


def _from_nought(grid: Grid, questions: Sequence[_Question], rows: range) -> tuple[Grid, tuple[Finding, ...]]:
    """Take 1 off answers from 1 to 11: the numbers of the options from 0 to 10."""
    moved, doubtful = {}, []
    for question in questions:
        if len(question.options) != 1:
            continue
        j = question.options[0]
        found = [parse_number(m) for m in marks_of(cells_of(grid, rows, j))]
        numbers = {hit[0] for hit in found if hit is not None and hit[1] == "number"}
        if not found or len(numbers) < len(found) or not all(n.is_integer() for n in numbers):
            continue
        if min(numbers) >= 1 and max(numbers) == _NPS_CODES:
            moved[j] = question.text
        elif min(numbers) >= 1 and 5 < max(numbers) < _NPS_CODES and "recommend" in question.text.casefold():
            doubtful.append(question.text)
    findings = []
    if moved:
        message = (
            f"{listing(map(repr, moved.values()))} holds numbers up to 11: SurveyMonkey numbers the options "
            "of 0 to 10 from 1; read as 0 to 10"
        )
        findings.append(Finding(Note("answer codes", message, len(moved)), eye=True))
    if doubtful:
        message = (
            f"{listing(map(repr, doubtful))} holds no 0 and no 11: if the options of 0 to 10 were numbered "
            "from 1, the answers are one too high; an export of their text would say"
        )
        findings.append(Finding(Note("answer codes", message, len(doubtful)), eye=True))

    def lower(_i: int, j: int, cell: Any) -> Any:
        hit = parse_number(name_of(cell)) if j in moved and cell is not None else None
        return cell if hit is None else hit[0] - 1

    return (with_cells(grid, lower, rows.start) if moved else grid), tuple(findings)


def _headings(
    meta: Mapping[int, tuple[str, Kind]], questions: Sequence[_Question], ticks: Mapping[int, _Question]
) -> list[Heading]:
    """Name every column: by its row or option where only one is called so, else by question and row."""
    uses = Counter(q.labels[j] for q in questions for j in q.options)
    width = max([*meta, *(j for q in questions for j in q.columns)], default=-1) + 1
    out = [Heading("")] * width
    for j, (name, kind) in meta.items():
        out[j] = Heading(name, name, "", kind)
    for question in questions:
        several = len(question.options) > 1
        for j in question.columns:
            label = question.labels[j]
            alone = key_of(label) in _SINGLE or (len(question.columns) == 1 and j in question.free)
            known = "" if alone else label
            full = f"{question.text} [{known}]" if known else question.text
            if j in question.free:
                out[j] = Heading(full, full, "", "comment")
                continue
            name = known if known and uses[label] == 1 else full
            stem = question.stem if several else ""
            out[j] = Heading(name, known or question.text, stem, "tick" if question.start in ticks else None)
    return out
