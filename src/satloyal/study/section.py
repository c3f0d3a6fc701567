"""The study's own section of the report: its question, its models by name, and its propositions."""

from __future__ import annotations

from satloyal.reporting.parts import Bullets, Paragraph, Part, Section
from satloyal.reporting.table import Cell, Column, Table, Tone
from satloyal.study.result import StudyResult

__all__ = ["study_section"]

_TONES: dict[str, Tone] = {
    "supported": "good",
    "not supported": "bad",
    "inconclusive": "warn",
    "not testable": "quiet",
}


def study_section(result: StudyResult) -> Section | None:
    """Return the section, or nothing if the study says no more than its title.

    Parameters
    ----------
    result : StudyResult
        A finished study.
    """
    config = result.plan.config
    parts: list[Part] = [Paragraph(config.question, lead=True)] if config.question else []
    if result.propositions:
        parts += [_table(result), Bullets(tuple(_sentences(result)), "In words")]
    return Section("study", "Question and propositions", tuple(parts)) if parts else None


def _sentences(result: StudyResult) -> list[str]:
    return [
        f"{judged.words} {judged.verdict.outcome.capitalize()}. {judged.sentence}"
        for judged in result.propositions
    ]


def _table(result: StudyResult) -> Table:
    several = len(result.fits) > 1
    columns = [Column("claim", "Proposition"), Column("outcome", "Verdict"), Column("effect", "Effect")]
    columns += [Column("model", "Model")] if several else []
    columns += [
        Column("est", "Estimate", "number", 2),
        Column("ci", "Interval", "interval", 2),
        Column("std", "Std.", "bounded", 2),
    ]
    rows = []
    for judged in result.propositions:
        claim = judged.verdict.claim
        group = f" [{claim.group}]" if claim.group else ""
        outcome = judged.verdict.outcome
        row: list[Cell | str | int | float | tuple[float, float] | None] = [
            judged.words,
            Cell(outcome, _TONES[outcome]),
            claim.name + group,
        ]
        row += [result.plan.models[judged.model].title] if several else []
        row += list(judged.numbers)
        rows.append(row)
    return Table.build("propositions", "Propositions of the study", columns, rows)
