"""Verdicts and checks as tables, for the files beside the page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from satloyal.reporting.parts import Checks
from satloyal.reporting.table import Cell, Column, Table
from satloyal.reporting.terms import worded
from satloyal.reporting.verdicts import Verdict

__all__ = ["checks_table", "verdicts_table"]


def verdicts_table(verdicts: Sequence[Verdict]) -> Table:
    """One row a verdict, with its raw numbers."""
    several = any(v.claim.model for v in verdicts)
    columns = [Column("model", "Model")] if several else []
    columns += [
        Column("effect", "Effect"),
        Column("group", "Group"),
        Column("verdict", "Verdict"),
        Column("est", "Estimate", "number", 3),
        Column("ci", "Interval", "interval", 3),
        Column("std", "Std.", "bounded"),
        Column("std_ci", "Std. interval", "bounded_interval"),
        Column("sentence", "What may be said"),
        Column("caution", "With caution"),
    ]
    rows: list[list[Any]] = []
    for v in verdicts:
        c, silent = v.claim, v.outcome == "not testable"
        numbers: list[Any] = [c.est, c.interval, c.std, c.std_interval]
        shown = [Cell(None, reason="no claim is made, see the sentence")] * 4 if silent else numbers
        head = [c.model] if several else []
        rows.append([*head, c.name, c.group, v.outcome, *shown, v.sentence, v.caution])
    return Table.build("verdicts", "Verdicts", columns, rows)


def checks_table(parts: Sequence[Checks]) -> Table:
    """One row a check."""
    columns = [
        Column("fit", "Fit"),
        Column("check", "Check"),
        Column("status", "Status"),
        Column("value", "Value", "number", 3),
        Column("threshold", "Limit", "number", 3),
        Column("message", "Finding"),
        Column("advice", "What to do"),
        Column("source", "Source of the rule"),
    ]
    rows: list[list[Any]] = [
        [part.fit, c.name, c.status.replace("_", " "), c.value, c.threshold, said, c.advice, c.source]
        for part in parts
        for c in part.checks
        for said in [worded(c.message)]
    ]
    return Table.build("checks", "Checks", columns, rows)
