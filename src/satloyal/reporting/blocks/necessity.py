"""Necessity: what the outcome cannot do without, and how much of it each level needs."""

from __future__ import annotations

from functools import partial

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from satloyal.models.necessity import NecessityFit
from satloyal.reporting import numbers
from satloyal.reporting.figures.necessity import draw_ceilings
from satloyal.reporting.kind import Kind
from satloyal.reporting.parts import Paragraph, Part, Picture
from satloyal.reporting.rows import each_row
from satloyal.reporting.table import Cell, Column, Table, Value, undefined
from satloyal.reporting.tables.cells import pair, value_cell

__all__ = ["NECESSITY"]


def _parts(found: NecessityFit, suffix: str) -> list[Part]:
    if not found.converged:
        return [Paragraph(f"Nothing is said about necessity: {found.headline()}")]
    parts: list[Part] = [Paragraph(found.headline(), lead=True), _effects(found, f"necessity{suffix}")]
    for i, name in enumerate(found.conditions, start=1):
        caption = f"The ceilings of {found.y_name} over {name}: the corner beyond them is empty."
        place = f"necessity{suffix}_{i}" if len(found.conditions) > 1 else f"necessity{suffix}"
        parts.append(Picture(place, caption, found.headline(), partial(_figure, found, condition=name)))
    return [*parts, _bottleneck(found, f"bottleneck{suffix}")]


def _figure(found: NecessityFit, *, condition: str | None = None) -> Figure:
    name = condition or found.conditions[0]
    mine = [c for c in found.ceilings if c.pair.name == name]
    return draw_ceilings(
        found.points(name),
        {c.name: found.curve(c.name, name) for c in mine if not (c.regression and np.isnan(c.slope))},
        x=name,
        y=found.y_name,
        scope=mine[0].pair.scope,
        right=mine[0].pair.signs[0] < 0,
    )


def _effects(found: NecessityFit, name: str) -> Table:
    columns = [
        Column("condition", "Condition"),
        Column("ceiling", "Ceiling"),
        Column("est", "Effect size d", "bounded", 3),
        Column("ci", "Over resamples", "bounded_interval", 3),
        Column("pvalue", "p", "p"),
        Column("accuracy", "Accuracy %", "number", 1),
        Column("peers", "Points", "int"),
        Column("verdict", "Necessary"),
    ]
    rows: list[list[Cell | Value]] = []
    table = found.tidy()
    shown = table["ci_lower"].notna().any()
    if not shown:
        columns = [c for c in columns if c.key != "ci"]
    for r in each_row(table):
        ends = pair(r)
        interval = [Cell(ends) if ends else undefined("no resamples with an effect size")] if shown else []
        rows.append(
            [
                str(r.term), str(r.ceiling).upper().replace("_", "-"),
                value_cell(r.est, "a single point makes no line"), *interval,
                value_cell(r.pvalue, "no permutation test, or no effect size"),
                value_cell(r.accuracy, "a single point makes no line"), int(r.peers), str(r.verdict),
            ]
        )  # fmt: skip
    return Table.build(
        name, f"Necessity for {found.y_name}", columns, rows, ("d: share of the scope left empty.",)
    )


def _bottleneck(found: NecessityFit, name: str) -> Table:
    table = found.bottleneck()
    columns = [Column("level", f"{found.y_name} %", "number", 0)]
    columns += [Column(f"c{i}", c) for i, c in enumerate(found.conditions)]
    rows: list[list[Cell | Value]] = []
    for level, part in table.groupby("level", sort=True):
        rows.append([float(str(level)), *(_need(part, c) for c in found.conditions)])
    ceiling = found.ceilings[0].name.upper().replace("_", "-")
    note = f"{ceiling}; percent of the range of the scope. NN: not necessary; NA: not attainable."
    return Table.build(name, "Bottlenecks: what each level of the outcome needs", columns, rows, (note,))


def _need(part: pd.DataFrame, condition: str) -> str:
    row = part[part["condition"] == condition].iloc[0]
    if row["status"] == "necessary":
        return numbers.number(float(row["required"]), 1)
    return "NN" if row["status"] == "not necessary" else "NA"


def _methods(found: NecessityFit) -> tuple[str, ...]:
    text = "Necessary condition analysis: effect sizes of ceilings as shares of the scope (Dul, 2016)"
    if found.permutations:
        text += f", tested by {numbers.count(found.permutations)} permutations (seed {found.seed})"
    return (f"{text}.",)


NECESSITY = Kind(
    type=NecessityFit,
    key="necessity",
    title="What is necessary",
    noun=lambda found: f"Necessity for {found.y_name}",
    parts=_parts,
    methods=_methods,
    cites=lambda found: ("dul2016", "dul_vanderlaan_kuik2020"),
    figures={"ceiling": _figure},
    drawable=lambda found: ("ceiling",) if found.converged else (),
)
"""Ceilings, effect sizes and bottlenecks."""
