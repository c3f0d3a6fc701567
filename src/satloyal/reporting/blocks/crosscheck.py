"""The second engine: what an independent program makes of the same model."""

from __future__ import annotations

from satloyal.models.sem.crosscheck import Crosscheck
from satloyal.reporting import numbers
from satloyal.reporting.kind import Kind
from satloyal.reporting.parts import Callout, Paragraph, Part
from satloyal.reporting.rows import each_row
from satloyal.reporting.table import Cell, Column, Table, Value
from satloyal.reporting.tables.cells import value_cell
from satloyal.reporting.terms import term, worded

__all__ = ["CROSSCHECK"]

_SHOWN = 12
_AGREE = 0.05


def _parts(found: Crosscheck, suffix: str) -> list[Part]:
    if found.table.empty or found.agrees:
        parts: list[Part] = [Paragraph(worded(found.verdict), lead=True)]
    else:
        parts = [Callout("warn", "The two programs differ", worded(found.verdict))]
    return [*parts, _table(found, f"crosscheck{suffix}")] if len(found.table) else parts


def _table(found: Crosscheck, name: str) -> Table:
    columns = [
        Column("parameter", "Parameter"),
        Column("est", "satloyal", "number", 4),
        Column("est_semopy", "semopy", "number", 4),
        Column("difference", "Difference in SE", "number", 4),
    ]
    order = found.table["difference"].abs().sort_values(ascending=False, kind="stable").index[:_SHOWN]
    rows: list[list[Cell | Value]] = []
    for row in each_row(found.table.loc[order]):
        cells = [value_cell(getattr(row, c.key), "semopy reports none") for c in columns[1:]]
        far = numbers.defined(row.difference) and abs(row.difference) > _AGREE
        cells[-1] = Cell(cells[-1].value, "warn" if far else "good", cells[-1].reason)
        rows.append([term(row.lhs, row.op, row.rhs), *cells])
    left = len(found.table) - len(rows)
    notes = (f"{left} parameters with smaller differences are left out.",) if left > 0 else ()
    return Table.build(name, "Two programs, the same model", columns, rows, notes)


CROSSCHECK = Kind(
    type=Crosscheck,
    key="crosscheck",
    title="The second engine",
    noun=lambda found: "Check by a second engine",
    parts=_parts,
    headline=lambda found: worded(found.verdict),
    barred=lambda found: "",
    methods=lambda found: (
        (
            "The model was refitted to the same moments by semopy, a program that shares no code with "
            "this one.",
        )
        if len(found.table)
        else ()
    ),
    cites=lambda found: ("igolkina2020",) if len(found.table) else (),
)
"""Refits by semopy."""
