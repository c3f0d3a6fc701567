"""Missing answers of fits that keep incomplete rows: how many, where, and in which patterns."""

from __future__ import annotations

import numpy as np

from satloyal.models.sem.result import SemFit
from satloyal.reporting import numbers
from satloyal.reporting.inputs import Inputs, Subject
from satloyal.reporting.parts import Heading, Paragraph, Part, Section
from satloyal.reporting.table import Cell, Column, Table, Value
from satloyal.reporting.terms import listed

__all__ = ["missing"]

_MOST = 12  # patterns of a group that are still read


def missing(inputs: Inputs) -> Section | None:
    """Show what is missing from the rows of each model that was fitted by FIML."""
    subjects = [s for s in inputs.subjects if s.fit.input.incomplete is not None]
    parts: list[Part] = []
    for i, subject in enumerate(subjects, start=1):
        several = len(subjects) > 1
        parts += [Heading(subject.name)] if several else []
        parts += _parts(subject, f"_{i}" if several else "")
    if not parts:
        return None
    method = (
        "Incomplete rows were kept: full-information maximum likelihood uses what each respondent "
        "answered. That "
        "is right when answers are missing at random given what the model holds, which the data cannot prove."
    )
    return Section("missing", "What is missing", tuple(parts), (method,), ("enders_bandalos2001",))


def _parts(subject: Subject, suffix: str) -> list[Part]:
    fit = subject.fit
    return [
        Paragraph(_verdict(fit), lead=True),
        _variables(fit, f"missing_answers{suffix}"),
        _patterns(fit, f"missing_patterns{suffix}"),
    ]


def _shares(fit: SemFit) -> tuple[list[str], list[float], float, int, int]:
    """Variables, their missing shares, the share of all cells, complete rows, and patterns."""
    incomplete = fit.input.incomplete
    assert incomplete is not None  # noqa: S101 - asked for fits with incomplete rows only
    sizes = np.array([p.n for p in incomplete.patterns])
    available = np.array([p.available for p in incomplete.patterns])
    absent = 1 - sizes @ available / sizes.sum()
    complete = sum(
        len(rows)
        for p in incomplete.patterns
        for seen, rows in zip(p.observed, p.rows, strict=True)
        if seen.all()
    )
    count = sum(len(p.rows) for p in incomplete.patterns)
    return list(fit.sample.names), [float(v) for v in absent], float(absent.mean()), complete, count


def _verdict(fit: SemFit) -> str:
    names, absent, whole, complete, patterns = _shares(fit)
    if not max(absent) > 0:
        return "Nothing is missing in the variables of this model."
    worst = names[int(np.argmax(absent))]
    kind = "pattern" if patterns == 1 else "patterns"
    return (
        f"{numbers.percent(whole)} of the answers that this model uses are missing, most of {worst} "
        f"({numbers.percent(max(absent))}). {numbers.count(complete)} of {numbers.count(fit.nobs)} "
        "respondents answered "
        f"everything; all are used, in {patterns} {kind} of missing answers."
    )


def _variables(fit: SemFit, name: str) -> Table:
    incomplete = fit.input.incomplete
    assert incomplete is not None  # noqa: S101 - asked for fits with incomplete rows only
    several = fit.ngroups > 1
    labels = fit.group_labels if several else ("",)
    columns = [Column("variable", "Variable")]
    columns += [
        Column(f"g{g}", f"Missing, {label}" if several else "Missing", "percent", 1)
        for g, label in enumerate(labels)
    ]
    rows: list[list[Cell | Value]] = [
        [variable, *(Cell(float(1 - p.available[i])) for p in incomplete.patterns)]
        for i, variable in enumerate(fit.sample.names)
    ]
    return Table.build(name, "Missing answers of each variable", columns, rows)


def _patterns(fit: SemFit, name: str) -> Table:
    incomplete = fit.input.incomplete
    assert incomplete is not None  # noqa: S101 - asked for fits with incomplete rows only
    several = fit.ngroups > 1
    columns = [Column("group", "Group")] if several else []
    columns += [
        Column("missing", "Missing"),
        Column("n", "Respondents", "int"),
        Column("share", "Share", "percent", 1),
    ]
    rows: list[list[Cell | Value]] = []
    left = 0
    for label, p in zip(fit.group_labels, incomplete.patterns, strict=True):
        total = sum(len(r) for r in p.rows)
        left += max(len(p.rows) - _MOST, 0)
        for seen, members in list(zip(p.observed, p.rows, strict=True))[:_MOST]:
            lacking = [n for n, has in zip(fit.sample.names, seen, strict=True) if not has]
            head: list[Cell | Value] = [label] if several else []
            rows.append([*head, listed(lacking, most=8) or "nothing", len(members), len(members) / total])
    notes = (f"{left} rarer patterns are left out.",) if left else ()
    return Table.build(name, "Patterns of missing answers", columns, rows, notes)
