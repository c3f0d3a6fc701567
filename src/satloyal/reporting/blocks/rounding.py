"""Rounding: what the printed digits of a published matrix leave open, beside the sampling error."""

from __future__ import annotations

from functools import partial

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from satloyal.models.sem.rounding import Rounding
from satloyal.reporting import numbers
from satloyal.reporting.figures.series import Mark, SeriesRow, draw_series
from satloyal.reporting.kind import Kind
from satloyal.reporting.parts import Paragraph, Part, Picture
from satloyal.reporting.rows import each_row
from satloyal.reporting.table import Cell, Column, Table, Value, undefined
from satloyal.reporting.tables.cells import value_cell
from satloyal.reporting.terms import term

__all__ = ["ROUNDING"]

_WIDE = 1.0  # standard errors, as in the check
_MOST = 20


def _parts(found: Rounding, suffix: str) -> list[Part]:
    if not found.converged:
        return [Paragraph(f"Nothing is said about rounding: {found.headline()}")]
    parts: list[Part] = [Paragraph(_verdict(found), lead=True)]
    if len(_shown(found)):
        caption = (
            "What rounding leaves open, thick, within the 95 % interval of sampling, thin: paths and defined "
            "effects over the matrices that would have been printed alike."
        )
        parts.append(Picture(f"rounding{suffix}", caption, _verdict(found), partial(_figure, found)))
    return [*parts, _table(found, f"rounding{suffix}")]


def _shown(found: Rounding) -> pd.DataFrame:
    frame = found.tidy()
    structural = frame[frame["op"].isin(["~", ":="])]
    return structural if len(structural) else frame[frame["op"] == "=~"]


def _verdict(found: Rounding) -> str:
    frame = _shown(found)
    frame = frame if len(frame) else found.tidy()
    known = frame[frame["range_se"].notna()]
    if known.empty:
        return found.headline()
    worst = known.iloc[int(np.argmax(known["range_se"].to_numpy(dtype=float)))]
    name = term(str(worst["lhs"]), str(worst["op"]), str(worst["rhs"]))
    turned = [
        term(r.lhs, r.op, r.rhs) for r in each_row(known) if numbers.defined(r.min) and r.min < 0 < r.max
    ]
    size = "little beside the sampling error" if worst["range_se"] <= _WIDE else "more than a standard error"
    text = (
        f"The digits of the printed matrix leave {name} between {numbers.number(worst['min'])} and "
        f"{numbers.number(worst['max'])} (estimate {numbers.number(worst['est'])}), the widest range of all: "
        f"{size} ({numbers.number(worst['range_se'])} standard errors)."
    )
    if turned:
        return f"{text} Even the sign is open for {', '.join(turned)}."
    return f"{text} No path or effect changes its sign."


def _figure(found: Rounding) -> Figure:
    shown = _shown(found).head(_MOST)
    errors = found.fit.tidy().loc[shown.index]
    rows = []
    for (_, row), (_, own) in zip(shown.iterrows(), errors.iterrows(), strict=True):
        name = term(str(row["lhs"]), str(row["op"]), str(row["rhs"]))
        wide = (float(own["ci_lower"]), float(own["ci_upper"]))
        rows.append(SeriesRow(name, (Mark(float(row["est"]), (float(row["min"]), float(row["max"])), wide),)))
    return draw_series(rows, ["estimate"], xlabel="Estimate; thick: rounding, thin: 95 % interval")


def _table(found: Rounding, name: str) -> Table:
    columns = [
        Column("parameter", "Parameter"),
        Column("est", "Estimate", "number", 3),
        Column("se", "SE", "number", 3),
        Column("range", "Least to most", "interval", 3),
        Column("middle", "95 % of the refits", "interval", 3),
        Column("range_se", "Range in SE", "number"),
    ]
    rows: list[list[Cell | Value]] = []
    for row in each_row(found.tidy()):
        why = "undefined in some refits"
        wide = numbers.defined(row.range_se) and row.range_se > _WIDE
        share = value_cell(row.range_se, "it has no standard error")
        share = Cell(share.value, "warn") if wide else share
        rows.append(
            [
                term(row.lhs, row.op, row.rhs), value_cell(row.est, why),
                value_cell(row.se, "no standard error"),
                _ends(row.min, row.max), _ends(row.lower, row.upper), share,
            ]
        )  # fmt: skip
    g = found.glance()
    notes = []
    if numbers.defined(float(g["chisq_min"])) and float(g["df"]) > 0:
        ends = numbers.interval(float(g["chisq_min"]), float(g["chisq_max"]))
        notes.append(f"χ² is {numbers.number(float(g['chisq']))}, over the refits {ends}.")
    notes.append(
        f"{numbers.count(g['drawn'])} matrices were drawn, {numbers.count(g['rejected'])} of them not "
        "positive "
        f"definite and left out; {numbers.count(g['used'])} refits are used, "
        f"{numbers.count(g['failed'])} failed, "
        f"{numbers.count(g['inadmissible'])} of those used are not admissible."
    )
    return Table.build(name, "What rounding leaves open", columns, rows, tuple(notes))


def _ends(low: float, high: float) -> Cell:
    known = numbers.defined(low) and numbers.defined(high)
    return Cell((float(low), float(high))) if known else undefined("undefined in some refits")


ROUNDING = Kind(
    type=Rounding,
    key="rounding",
    title="What the printed digits leave open",
    noun=lambda found: "Rounding of the printed matrix",
    parts=_parts,
    methods=lambda found: (
        "Every printed entry stands for any value that rounds to it: matrices were drawn uniformly "
        "within half a "
        f"unit of the last digit (seed {found.seed}) and the model refitted to each.",
    ),
    figures={"rounding": _figure},
    drawable=lambda found: ("rounding",) if found.converged and len(_shown(found)) else (),
)
"""Ranges of estimates under the rounding of a published matrix."""
