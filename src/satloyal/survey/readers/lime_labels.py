"""Labels for LimeSurvey's answer codes, from the survey's structure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from satloyal.errors import SurveyError
from satloyal.notes import Note
from satloyal.survey.clean import listing
from satloyal.survey.construct import as_code
from satloyal.survey.labels.block import BlockMatch, match
from satloyal.survey.labels.direction import direction
from satloyal.survey.raw import Finding
from satloyal.survey.readers.grid import Grid
from satloyal.survey.readers.layout import cells_of, marks_of, with_cells
from satloyal.survey.readers.lime_structure import LimeStructure
from satloyal.survey.scale import Scale

__all__ = ["Labelling", "labelled"]

_ORDERED = frozenset("FH1")
"""LimeSurvey's types of arrays, whose answers are in order; those of lists may be anything."""


@dataclass(frozen=True, slots=True)
class Labelling:
    """The grid with labels for codes, and what else the structure says.

    Parameters
    ----------
    grid : Grid
    words : mapping of str to str
        Codes that stand for no answer → reason.
    value_labels : mapping of int to mapping
        Labels by number, by column, where the answers were numbered in the survey's order.
    scales : mapping of int to Scale
        Scale by column, where all labels of the question together are on a known one.
    findings : tuple of Finding
    """

    grid: Grid
    words: Mapping[str | float, str] = field(default_factory=dict)
    value_labels: Mapping[int, Mapping[float, str]] = field(default_factory=dict)
    scales: Mapping[int, Scale] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()


def labelled(grid: Grid, columns: Sequence[tuple[str, int]], structure: LimeStructure) -> Labelling:
    """Put labels in the place of codes.

    Answers on a known scale get their label, which the pipeline reads as it reads any other; a code that
    stands for no answer stays, with its reason. Answers that several known scales could hold, and those of an
    array that none holds, are numbered in the survey's order, or from its end where they run from much to
    little.

    Parameters
    ----------
    grid : Grid
    columns : sequence of (str, int)
        Code of the question and answer scale of each column; empty where it is no question's.
    structure : LimeStructure

    Raises
    ------
    SurveyError
        If the file holds no code of the structure.
    """
    known = [j for j, (code, _) in enumerate(columns) if code in structure.questions]
    if not known:
        raise SurveyError(
            "no question of the labels file is in the headings of the responses",
            fix="export the responses with question codes as headings, and the structure of the same survey",
        )
    words: dict[str | float, str] = {}
    cells: dict[int, dict[str, Any]] = {}
    numbered: dict[int, dict[float, str]] = {}
    scales: dict[int, Scale] = {}
    for j in known:
        code, scale = columns[j]
        question = structure.questions[code]
        answers = {c: label for c, label in question.answers.get(scale, ()) if label}
        marks = marks_of(cells_of(grid, range(1, len(grid.rows)), j))
        if not marks & set(answers):
            continue
        found = match([set(answers.values())])
        reasons = {c: found.reasons[label] for c, label in answers.items() if label in found.reasons}
        kept = {c for c, why in reasons.items() if words.setdefault(as_code(c), why) == why}
        rest = {c: label for c, label in answers.items() if c not in kept}
        if found.status == "ambiguous" or (found.status == "unknown" and question.kind in _ORDERED):
            order = list(rest) if direction(dict(enumerate(rest.values()))) != -1 else list(rest)[::-1]
            cells[j] = {c: float(k) for k, c in enumerate(order, start=1)}
            numbered[j] = {float(k): rest[c] for k, c in enumerate(order, start=1)}
            continue
        cells[j] = dict(rest)
        own = _own_scale(found)
        if own is not None:
            scales[j] = own

    def label_of(_i: int, j: int, cell: Any) -> Any:
        return cells[j].get(cell.strip(), cell) if j in cells and isinstance(cell, str) else cell

    findings = [
        Finding(
            Note("labels", f"{len(cells)} columns have their labels from the survey's structure", len(cells))
        )
    ]
    if numbered:
        codes = dict.fromkeys(columns[j][0] for j in numbered)
        message = (
            f"the answers to {listing(codes)} are on no one known scale and are numbered in the survey's "
            "order, from little to much where their words say so: see whether the last one means no answer"
        )
        findings.append(Finding(Note("labels", message, len(numbered)), eye=True))
    return Labelling(with_cells(grid, label_of, 1), words, numbered, scales, tuple(findings))


def _own_scale(found: BlockMatch) -> Scale | None:
    """Return the scale under the survey's own labels."""
    if found.status != "matched" or found.scale is None or found.unread:
        return None
    labels = {int(n): label for label, n in found.values.items() if n.is_integer()}
    return Scale(found.scale.low, found.scale.high, labels)
