"""Tables of models side by side: their fit, their difference tests, and their paths."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from satloyal.reporting import numbers
from satloyal.reporting.rows import each_row
from satloyal.reporting.table import Cell, Column, Table, Value, undefined
from satloyal.reporting.tables.cells import value_cell

if TYPE_CHECKING:
    from satloyal.models.sem.compare import Comparison
    from satloyal.reporting.figures.series import SeriesRow

__all__ = ["differences", "fits", "side_by_side"]

_LOST = "the model did not converge"
_RELATIONS = {"equivalent": "fits any data as well as", "nested": "nested in", "not nested": "not nested in"}


def fits(found: Comparison, name: str) -> Table:
    """Fit and criteria of each model, the least restricted first."""
    columns = [
        Column("model", "Model"),
        Column("npar", "Parameters", "int"),
        Column("chisq", "χ²", "number"),
        Column("df", "df", "int"),
        Column("cfi", "CFI", "bounded", 3),
        Column("rmsea", "RMSEA", "bounded", 3),
        Column("srmr", "SRMR", "bounded", 3),
        Column("aic", "AIC", "number", 1),
        Column("bic", "BIC", "number", 1),
        Column("aic_weight", "Akaike weight", "bounded"),
    ]
    best = {key: found.table[key].astype(float).min() for key in ("aic", "bic")}
    rows: list[list[Cell | Value]] = []
    for row in each_row(found.table):
        why = _LOST if not numbers.defined(row.npar) else "not defined for this estimator"
        cells: list[Cell | Value] = [str(row.model)]
        for column in columns[1:]:
            cell = value_cell(getattr(row, column.key), why)
            smallest = column.key in best and cell.value == best[column.key]
            cells.append(Cell(cell.value, "good") if smallest else cell)
        rows.append(cells)
    note = "AIC and BIC: smaller is better; the smallest is marked."
    return Table.build(name, "Models side by side", columns, rows, (note,))


def differences(found: Comparison, name: str) -> Table | None:
    """Difference test of each model against the one it is nested in."""
    frame = found.table[found.table["compared_to"] != ""]
    if frame.empty:
        return None
    columns = [
        Column("model", "Model"),
        Column("relation", "Relation"),
        Column("chisq_diff", "Δχ²", "number"),
        Column("df_diff", "Δdf", "int"),
        Column("pvalue", "p", "p"),
        Column("delta_cfi", "ΔCFI", "bounded", 3),
        Column("delta_rmsea", "ΔRMSEA", "bounded", 3),
        Column("verdict", "Verdict"),
    ]
    rows: list[list[Cell | Value]] = []
    for row in each_row(frame):
        relation = f"{_RELATIONS.get(row.relation, row.relation)} {row.compared_to}".strip()
        why = "no test: the models are not nested" if row.relation != "nested" else str(row.verdict)
        tests = [value_cell(getattr(row, key), why) for key in ("chisq_diff", "df_diff", "pvalue")]
        moved = [value_cell(getattr(row, key), "not defined") for key in ("delta_cfi", "delta_rmsea")]
        rows.append([str(row.model), relation, *tests, *moved, str(row.verdict)])
    return Table.build(name, "What the restrictions cost", columns, rows, tuple(f"{n}." for n in found.notes))


def side_by_side(
    rows: Sequence[SeriesRow],
    names: Sequence[str],
    name: str,
    caption: str,
    *,
    note: str = "",
    bounded: bool = False,
) -> Table:
    """Return the same effects in several models or groups, a column each."""
    columns = [Column("effect", "Effect"), *(Column(f"s{i}", n) for i, n in enumerate(names, start=1))]
    body: list[list[Cell | Value]] = []
    for row in rows:
        cells: list[Cell | Value] = [row.label]
        for mark in row.marks:
            if mark is None:
                cells.append("")
            elif mark.est is None or not numbers.defined(mark.est):
                cells.append(undefined("the fit did not converge, or the value is undefined"))
            else:
                ends = numbers.interval(*(mark.interval or (None, None)), bounded=bounded)
                cells.append(f"{numbers.number(mark.est, bounded=bounded)} {ends}")
        body.append(cells)
    return Table.build(name, caption, columns, body, (note,) if note else ())
