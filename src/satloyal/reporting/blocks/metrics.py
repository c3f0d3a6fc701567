"""Loyalty metrics: what may be said of a figure, its intervals, its differences and its course."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from satloyal.models.fit import Fit
from satloyal.models.metrics import ControlChart, ExpectedValue, GroupDifferences, Metric
from satloyal.reporting import numbers
from satloyal.reporting.figures.control import draw_control
from satloyal.reporting.figures.series import Mark, SeriesRow, draw_series
from satloyal.reporting.kind import Kind
from satloyal.reporting.parts import Paragraph, Part, Picture
from satloyal.reporting.table import Cell, Column, Table, Value, undefined
from satloyal.reporting.tables.cells import pair, value_cell

__all__ = ["METRICS"]

_MOST = 24


def _percent(metric: Metric, place: int = 0) -> float:
    return 100.0 if metric.measures[place].kind == "share" else 1.0


def _unit(metric: Metric, place: int = 0) -> str:
    return {"share": "percent", "net": "points", "mean": "units of the answers"}[metric.measures[place].kind]


def _parts(draw: Callable[..., Figure], key: str, result: Any, suffix: str) -> list[Part]:
    if not result.converged:
        return [Paragraph(f"Nothing is said: {result.headline()}")]
    lead = result.headline()
    picture = Picture(f"{key}{suffix}", _caption(result), lead, partial(draw, result))
    return [Paragraph(lead, lead=True), picture, _table(result, f"{key}{suffix}")]


def _caption(result: Any) -> str:
    if isinstance(result, ControlChart):
        return "The figure over waves, with its centre and limits of three sigma; squares give a signal."
    level = result.level if isinstance(result, Metric) else result.metric.level
    return f"Estimates with {100 * level:g} % intervals."


def _table(result: Fit, name: str) -> Table:
    frame = result.tidy()
    grouped = "group" in frame and frame["group"].nunique() > 1
    first = [Column("group", "Group")] if grouped else []
    columns = [
        *first,
        Column("term", "Figure"),
        Column("est", "Estimate", "number", 3),
        Column("se", "SE", "number", 3),
        Column("ci", "Limits" if isinstance(result, ControlChart) else "Interval", "interval", 3),
    ]
    extra = [c for c in ("n", "pvalue_holm", "signal") if c in frame]
    known = {
        "n": Column("n", "Answers", "int"),
        "pvalue_holm": Column("pvalue_holm", "p (Holm)", "p"),
        "signal": Column("signal", "Signal"),
    }
    rows: list[list[Cell | Value]] = []
    for row in frame.itertuples(index=False):
        ends = pair(row)
        why = "all answers are equal, or there are none"
        line: list[Cell | Value] = [str(row.group)] if grouped else []
        line += [
            str(row.term),
            value_cell(row.est, why),
            value_cell(row.se, why),
            Cell(ends) if ends else undefined(why),
        ]
        for column in extra:
            value = getattr(row, column)
            line.append(str(value) if column == "signal" else value_cell(value, why))
        rows.append(line)
    return Table.build(name, "Figures", [*columns, *(known[c] for c in extra)], rows)


def _mark(row: Any, factor: float) -> Mark:
    ends = pair(row)
    est = factor * float(row.est) if numbers.defined(float(row.est)) else None
    return Mark(est, None if ends is None else (factor * ends[0], factor * ends[1]))


def _intervals(frame: pd.DataFrame, label: str, factor: float, xlabel: str) -> Figure:
    shown = frame.head(_MOST)
    rows = [SeriesRow(str(getattr(r, label)), (_mark(r, factor),)) for r in shown.itertuples(index=False)]
    left = f" (first {_MOST} of {len(frame)})" if len(frame) > _MOST else ""
    return draw_series(rows, ["estimate"], xlabel=f"{xlabel}{left}", zero="−" in rows[0].label)


def _bars(metric: Metric) -> Figure:
    """Draw the main figure by group, or all figures of its kind where there is one group."""
    table, main = metric.tidy(), metric.measures[0]
    if len(metric.data.groups) > 1:
        frame = table[table["term"] == main.term]
        return _intervals(frame, "group", _percent(metric), f"{main.term}, {_unit(metric)}")
    alike = [m.term for m in metric.measures if m.kind == main.kind and m.limits == main.limits]
    return _intervals(table[table["term"].isin(alike)], "term", _percent(metric), _unit(metric))


def _pairs(found: GroupDifferences) -> Figure:
    factor, unit = _percent(found.metric, found.place), _unit(found.metric, found.place)
    unit = "percentage points" if unit == "percent" else unit
    return _intervals(found.tidy(), "term", factor, f"Difference, {unit}")


def _worth(found: ExpectedValue) -> Figure:
    frame = found.tidy()
    many = frame["group"].nunique() > 1
    named = frame.assign(label=frame["group"] + ": " + frame["term"] if many else frame["term"])
    return _intervals(
        named,
        "label",
        1.0,
        "Value per customer" if found.customers == 1 else f"Value for {found.customers:g} customers",
    )


def _control(found: ControlChart) -> Figure:
    factor, unit = _percent(found.metric, found.place), _unit(found.metric, found.place)
    return draw_control(
        found.tidy(), ylabel=f"{found.metric.measures[found.place].term}, {unit}", factor=factor
    )


def _methods(result: Any) -> tuple[str, ...]:
    metric = result if isinstance(result, Metric) else result.metric
    design = "clusters" if metric.data.cluster is not None else "rows"
    kinds = {m.kind for m in metric.measures}
    said = {
        "share": "Shares have Wilson intervals"
        if metric.method == "default"
        else "Shares have the intervals that were asked for",
        "net": "net scores the adjusted Wald interval of Rocks (2016)",
        "mean": "means Student's intervals",
    }
    text = "; ".join(said[k] for k in ("share", "net", "mean") if k in kinds)
    sentences = [f"{text[:1].upper()}{text[1:]}; variances are linearised over {design}."]
    if isinstance(result, GroupDifferences):
        sentences.append(
            "Pairs of groups are compared by variance recovery (Zou and Donner 2008), with Holm."
        )
    return tuple(sentences)


def _kind(kind: type[Any], key: str, title: str, figure: str, draw: Callable[..., Figure]) -> Kind:
    return Kind(
        type=kind,
        key=key,
        title=title,
        noun=lambda found: getattr(found, "title", None) or f"{title}: {found.metric.title}",
        parts=partial(_parts, draw, key),
        methods=_methods,
        figures={figure: draw},
        drawable=lambda found: (figure,) if found.converged else (),
    )


METRICS = (
    _kind(Metric, "metrics", "Loyalty metrics", "intervals", _bars),
    _kind(GroupDifferences, "metric_differences", "Differences between groups", "differences", _pairs),
    _kind(ControlChart, "control_charts", "Over the waves", "control", _control),
    _kind(ExpectedValue, "expected_value", "What moving customers is worth", "value", _worth),
)
"""Metrics, their differences, their control charts, and expected values."""
