"""Tables of a survey: items with floor and ceiling, missing answers by reason, means by group."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from satloyal.reporting import numbers
from satloyal.reporting.group_means import group_means
from satloyal.reporting.rows import each_row
from satloyal.reporting.table import Cell, Column, Table
from satloyal.reporting.tables.cells import value_cell

if TYPE_CHECKING:
    from satloyal.survey.survey import Survey

__all__ = ["items", "means_by_group", "missing"]

_CROWDED = 0.15
"""Share of answers at one end of the scale from which floor or ceiling effects are suspected (McHorney and
Tarlov 1995)."""
_WEAK = 0.30
"""Item-total correlation below which an item is weak (Nunnally and Bernstein 1994, p. 305)."""


def items(survey: Survey) -> Table | None:
    """Each item: answers, missing answers, mean, SD, share at the ends of its scale, item-total r."""
    frame = survey.describe()
    if frame.empty:
        return None
    columns = [
        Column("item", "Item"),
        Column("construct", "Construct"),
        Column("n", "n", "int"),
        Column("missing", "Missing", "int"),
        Column("mean", "Mean", "number"),
        Column("sd", "SD", "number"),
        Column("floor", "At lowest", "percent", 0),
        Column("ceiling", "At highest", "percent", 0),
        Column("skew", "Skew", "number"),
        Column("item_total", "Item-total r", "bounded"),
    ]
    rows = [_item(str(name), row) for name, row in zip(frame.index, each_row(frame), strict=True)]
    notes = [
        f"Marked where {numbers.percent(_CROWDED, 0)} or more of the answers are at one end of the "
        "scale, or where an item goes with the "
        f"others of its construct at less than {numbers.number(_WEAK, bounded=True)}."
    ]
    if any(frame["reversed"]):
        turned = [str(n) for n, r in zip(frame.index, frame["reversed"], strict=True) if r]
        notes.append(
            f"Turned round, because they are worded the other way: {', '.join(dict.fromkeys(turned))}."
        )
    weighted = next((str(w) for w in frame["weighted_by"] if w), "")
    if weighted:
        notes.append(f"Mean, SD, shares and correlations are weighted by {weighted}; counts are not.")
    return Table.build("items", "Items", columns, rows, tuple(notes))


def _item(name: str, row: Any) -> list[Any]:
    scale = "the codebook gives no scale"
    return [
        name,
        str(row.construct),
        Cell(int(row.n)),
        Cell(int(row.missing)),
        value_cell(row.mean, "no answers"),
        value_cell(row.sd, "fewer than two answers"),
        _share(row.floor, scale),
        _share(row.ceiling, scale),
        value_cell(row.skew, "no spread"),
        _item_total(row.item_total),
    ]


def _share(value: Any, reason: str) -> Cell:
    cell = value_cell(value, reason)
    crowded = isinstance(cell.value, float) and cell.value >= _CROWDED
    return Cell(cell.value, "warn") if crowded else cell


def _item_total(value: Any) -> Cell:
    cell = value_cell(value, "single item of its construct, or no spread")
    weak = isinstance(cell.value, float) and cell.value < _WEAK
    return Cell(cell.value, "warn") if weak else cell


def missing(survey: Survey) -> Table | None:
    """Missing answers by item and reason; items without any are left out."""
    frame = survey.describe()
    reasons = [c for c in frame.columns if str(c).startswith("missing_")]
    if frame.empty or not reasons:
        return None
    frame = frame[~frame.index.duplicated()]
    frame = frame[frame["missing"] > 0]
    if frame.empty:
        return None
    labels = [str(c).removeprefix("missing_").replace("_", " ") for c in reasons]
    columns = [
        Column("item", "Item"),
        Column("missing", "Missing", "int"),
        Column("share", "Share", "percent", 1),
    ]
    columns += [
        Column(str(c), label[:1].upper() + label[1:], "int") for c, label in zip(reasons, labels, strict=True)
    ]
    rows: list[list[Any]] = []
    for name, row in frame.iterrows():
        total = int(row["n"]) + int(row["missing"])
        rows.append(
            [
                str(name),
                int(row["missing"]),
                row["missing"] / total if total else None,
                *(int(row[c]) for c in reasons),
            ]
        )
    return Table.build("missing", "Missing answers by reason", columns, rows)


def means_by_group(survey: Survey, column: str) -> tuple[Table, pd.DataFrame] | None:
    """Mean score of each construct by group with its interval, as a table and as a frame for the figure."""
    frame = group_means(survey, column)
    if frame is None or frame.empty:
        return None
    columns = [
        Column("construct", "Construct"),
        Column("group", "Group"),
        Column("n", "n", "int"),
        Column("mean", "Mean", "number"),
        Column("ci", "95 % interval", "interval"),
    ]
    rows: list[list[Any]] = [
        [
            str(r.construct),
            str(r.group),
            int(r.n),
            value_cell(r.mean, "no answers"),
            _interval(r),
        ]
        for r in each_row(frame)
    ]
    weight = survey.codebook.weight
    notes = [f"Means are weighted by {weight}; n counts respondents."] if weight else []
    notes.append("Differences in scores between groups presume that the items mean the same in all of them.")
    return Table.build("groups", f"Mean scores by {column}", columns, rows, tuple(notes)), frame


def _interval(row: Any) -> Cell:
    low, high = float(row.ci_lower), float(row.ci_upper)
    return (
        Cell((low, high)) if low == low and high == high else Cell(None, reason="fewer than two respondents")
    )
