"""Panel models: what carries over from wave to wave, and what feeds what."""

from __future__ import annotations

import re
from functools import partial
from typing import Any

from satloyal.reporting import numbers
from satloyal.reporting.figures.series import Mark, SeriesRow, draw_series
from satloyal.reporting.inputs import Inputs, Subject
from satloyal.reporting.parts import Callout, Heading, Paragraph, Part, Picture, Section
from satloyal.reporting.rows import each_row
from satloyal.reporting.table import Cell, Column, Table
from satloyal.reporting.tables.cells import ESTIMATES, estimate_cells, pair
from satloyal.reporting.terms import listed

__all__ = ["panel"]

_LABEL = re.compile(r"^(?P<cause>.+?)_to_(?P<effect>.+?)(?:_(?P<wave>\d+))?$")
_STABLE = "RI_"


def panel(inputs: Inputs) -> Section | None:
    """Read the models that clpm() wrote: its labels say which path goes from what to what."""
    parts: list[Part] = []
    read = [(s, lags) for s in inputs.subjects if (lags := _lags(s))]
    intercepts = False
    for i, (subject, lags) in enumerate(read, start=1):
        parts += [Heading(subject.name)] if len(read) > 1 else []
        parts += _parts(subject, lags, f"_{i}" if len(read) > 1 else "")
        intercepts |= _within(subject)
    if not parts:
        return None
    method = (
        "Carry-over is the path of a variable on itself one wave before, a cross-lagged path that on "
        "another one. "
    ) + (
        "Stable differences between people were taken out by random intercepts, so that paths are "
        "within persons."
        if intercepts
        else "Without random intercepts these paths mix differences between and changes within people."
    )
    return Section("panel", "What feeds what over time", tuple(parts), (method,), ("hamaker2015",))


def _within(subject: Subject) -> bool:
    return any(name.startswith(_STABLE) for name in subject.fit.table.latent)


def _lags(subject: Subject) -> list[tuple[str, str, str, Any]]:
    """Return (cause, effect, wave, row) of every lagged path; none for other models."""
    frame = subject.estimates
    rows = list(each_row(frame[frame["op"] == "~"]))
    found = [
        (m["cause"], m["effect"], m["wave"] or "", row) for row in rows if (m := _LABEL.match(str(row.label)))
    ]
    names = {cause for cause, _, _, _ in found} | {effect for _, effect, _, _ in found}
    own = sum(cause == effect for cause, effect, _, _ in found)
    return found if rows and len(found) == len(rows) and own and len(names) > 1 else []


def _parts(subject: Subject, lags: list[tuple[str, str, str, Any]], suffix: str) -> list[Part]:
    if subject.barred:
        return [Callout("bad", "Not for claims", subject.barred)]
    frame = subject.standardized
    std = {(r.lhs, r.rhs, int(r.group)): (float(r.est), pair(r)) for r in each_row(frame[frame["op"] == "~"])}
    crossed = [lag for lag in lags if lag[0] != lag[1]]
    rows = []
    for cause, effect, wave, row in [*crossed, *(lag for lag in lags if lag[0] == lag[1])]:
        est, ends = std[row.lhs, row.rhs, int(row.group)]
        rows.append(SeriesRow(_name(cause, effect, wave, row), (Mark(est, ends),)))
    caption = "Lagged paths, standardised, with 95 % intervals: cross-lagged ones first, carry-over below."
    alt = "; ".join(f"{r.label}: {numbers.number(r.marks[0].est if r.marks[0] else None)}" for r in rows)
    draw = partial(draw_series, rows, ["path"], xlabel="Standardised path with 95 % interval")
    parts: list[Part] = [Paragraph(_verdict(lags), lead=True)]
    if not _within(subject):
        text = (
            "Paths without random intercepts mix stable differences between people with changes within "
            "them, and "
            "show no cause. With three waves or more, fit clpm(..., random_intercepts=True)."
        )
        parts.append(Callout("warn", "Between or within?", text))
    return [*parts, Picture(f"panel{suffix}", caption, alt, draw), _table(subject, lags, f"panel{suffix}")]


def _name(cause: str, effect: str, wave: str, row: Any) -> str:
    into = f", into wave {wave}" if wave else f" ({row.rhs} → {row.lhs})"
    return (f"{cause} carries over" if cause == effect else f"{cause} → {effect}") + into


def _verdict(lags: list[tuple[str, str, str, Any]]) -> str:
    """Say which cross-lagged paths are there."""
    crossed = dict.fromkeys((c, e) for c, e, _, _ in lags if c != e)
    said = []
    for cause, effect in crossed:
        rows = [row for c, e, _, row in lags if (c, e) == (cause, effect)]
        ends = [pair(row) for row in rows]
        signs = [1 if e and e[0] > 0 else -1 if e and e[1] < 0 else 0 for e in ends]
        if all(s > 0 for s in signs):
            said.append(f"more {cause} is followed by more {effect}")
        elif all(s < 0 for s in signs):
            said.append(f"more {cause} is followed by less {effect}")
        elif any(signs):
            said.append(
                f"{cause} goes before {effect} in {sum(map(abs, signs))} of {len(signs)} intervals "
                "between waves"
            )
        else:
            said.append(f"whether {cause} feeds {effect} is not settled")
    text = listed(said)
    return f"{text[:1].upper()}{text[1:]}."


def _table(subject: Subject, lags: list[tuple[str, str, str, Any]], name: str) -> Table:
    columns = [Column("path", "Path"), Column("into", "Into"), *ESTIMATES]
    rows: list[list[Cell | str]] = [
        [f"{cause} carries over" if cause == effect else f"{cause} → {effect}", row.lhs, *estimate_cells(row)]
        for cause, effect, _, row in lags
    ]
    return Table.build(
        name, "Carry-over and cross-lagged paths", columns, rows, (f"Intervals: {subject.method}.",)
    )
