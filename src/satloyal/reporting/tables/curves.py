"""Tables of response curves: the shapes compared, and the parameters of the selected one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from satloyal.reporting.rows import each_row
from satloyal.reporting.table import Cell, Column, Table
from satloyal.reporting.tables.cells import pair, value_cell

if TYPE_CHECKING:
    from satloyal.models.curves import CurveFit

__all__ = ["parameters", "shapes"]


def shapes(curve: CurveFit, name: str) -> Table:
    """Compare the shapes; the selected one is marked."""
    columns = [
        Column("shape", "Shape"),
        Column("k", "Parameters", "int"),
        Column("aicc", "AICc", "number", 1),
        Column("delta", "Δ AICc", "number", 1),
        Column("weight", "Akaike weight", "bounded"),
        Column("cv_rmse", "CV error", "number", 3),
        Column("r2", "R²", "bounded"),
        Column("selected", "Selected"),
    ]
    rows: list[list[Any]] = []
    for r in each_row(curve.comparison()):
        why = str(r.reason) if getattr(r, "reason", "") else "this shape could not be fitted"
        numbers_ = [value_cell(getattr(r, c.key), why) for c in columns[1:-1]]
        rows.append([str(r.shape), *numbers_, Cell("yes", "good") if r.shape == curve.best else ""])
    error = f"CV error: root mean squared error in cross-validation, in units of {curve.y_name}"
    note = f"Selected: {curve.rule}. {error}."
    return Table.build(name, f"Shapes compared: {curve.y_name} on {curve.x_name}", columns, rows, (note,))


def parameters(curve: CurveFit, name: str) -> Table:
    """Parameters of every shape."""
    columns = [
        Column("shape", "Shape"),
        Column("term", "Term"),
        Column("est", "Estimate", "number", 3),
        Column("se", "SE", "number", 3),
        Column("ci", "95 % interval", "interval", 3),
        Column("pvalue", "p", "p"),
    ]
    rows: list[list[Any]] = []
    for r in each_row(curve.tidy()):
        why = "this shape could not be fitted"
        found = pair(r)
        interval = Cell(found) if found else Cell(None, reason=why)
        p = value_cell(r.pvalue, "zero is no hypothesis for this term" if found else why)
        rows.append([str(r.shape), str(r.term), value_cell(r.est, why), value_cell(r.se, why), interval, p])
    return Table.build(name, f"Curve parameters: {curve.y_name} on {curve.x_name}", columns, rows)
