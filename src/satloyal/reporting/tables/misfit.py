"""Tables of misfit: modification indices of fixed parameters, and score tests of equalities."""

from __future__ import annotations

from satloyal.errors import FitError
from satloyal.reporting.inputs import Subject
from satloyal.reporting.rows import each_row
from satloyal.reporting.table import Cell, Column, Table, Value
from satloyal.reporting.tables.cells import value_cell
from satloyal.reporting.terms import term

__all__ = ["equalities", "modification"]

_SHOWN = 8
_LEAST = 10.83  # χ² of one degree of freedom at p = .001: below it an index of many is noise


def modification(subject: Subject, name: str) -> Table | None:
    """Largest modification indices with what each parameter is expected to become."""
    fit = subject.fit
    if fit.df == 0:
        return None
    try:
        frame = fit.modindices(minimum=_LEAST)
    except FitError:  # no curvature, or a discrepancy without a χ²: then there is no index to show
        return None
    if frame.empty:
        return None
    grouped = fit.ngroups > 1
    robust = "mi_robust" in frame.columns
    columns = [Column("group", "Group")] if grouped else []
    columns += [
        Column("parameter", "Were this free"),
        Column("mi_robust" if robust else "mi", "Fall of χ²", "number"),
        Column("pvalue", "p", "p"),
        Column("epc", "Expected value", "number", 3),
        Column("sepc_all", "Std.", "bounded"),
    ]
    rows: list[list[Cell | Value]] = []
    for row in each_row(frame.head(_SHOWN)):
        head: list[Cell | Value] = [subject.group_label(int(row.group))] if grouped else []
        cells = [value_cell(getattr(row, c.key), "could not be computed") for c in columns[1 + grouped :]]
        rows.append([*head, term(row.lhs, row.op, row.rhs), *cells])
    left = len(frame) - len(rows)
    notes: tuple[str, ...] = (
        "A lead, not a licence: let theory decide which to free, and other data whether it holds.",
    )
    notes += (f"{left} smaller indices beyond p = .001 are left out.",) if left else ()
    return Table.build(name, f"What {subject.in_text} forbids and the data would take", columns, rows, notes)


def equalities(subject: Subject, name: str) -> Table | None:
    """Score tests of parameters that were held equal by labels, groups or constraints."""
    if subject.fit.ngroups == 1 and subject.fit.restrictions is None and not _shared(subject):
        return None
    try:
        found = subject.fit.score_tests()
    except FitError:  # nothing is held equal, or the discrepancy has no score test
        return None
    if found.table.empty:
        return None
    columns = [
        Column("parameter", "Held equal"),
        Column("chisq", "Score test", "number"),
        Column("df", "df", "int"),
        Column("pvalue", "p", "p"),
        Column("epc", "Expected change", "number", 3),
    ]
    frame = found.table.sort_values("chisq", ascending=False, kind="stable").head(_SHOWN)
    rows: list[list[Cell | Value]] = []
    for row in each_row(frame):
        label = f"{row.lhs} = {row.rhs}" if row.op == "==" else term(row.lhs, row.op, row.rhs)
        label += f" ({row.group})" if str(getattr(row, "group", "")) and subject.fit.ngroups > 1 else ""
        rows.append([label, *(value_cell(getattr(row, c.key), "could not be computed") for c in columns[1:])])
    left = len(found.table) - len(rows)
    notes = (f"{left} smaller ones are left out.",) if left > 0 else ()
    return Table.build(
        name, f"Equalities of {subject.in_text} that the data contradict most", columns, rows, notes
    )


def _shared(subject: Subject) -> bool:
    free = [r.free for r in subject.fit.table.parameters if r.free]
    return len(set(free)) < len(free)
