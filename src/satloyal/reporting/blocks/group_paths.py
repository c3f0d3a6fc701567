"""Paths of groups side by side: shown where the groups are measured alike, refused where they are not."""

from __future__ import annotations

from functools import partial

import pandas as pd

from satloyal.models.sem.group_guard import paths_comparable
from satloyal.models.sem.invariance_result import Invariance
from satloyal.models.sem.latent_means import path_differences
from satloyal.reporting import numbers
from satloyal.reporting.figures.series import Mark, SeriesRow, draw_series
from satloyal.reporting.inputs import Inputs, Subject
from satloyal.reporting.parts import Callout, Heading, Paragraph, Part, Picture, Section
from satloyal.reporting.rows import each_row
from satloyal.reporting.tables import comparison, invariance
from satloyal.reporting.tables.cells import pair
from satloyal.reporting.terms import listed, worded

__all__ = ["group_paths"]

_ALPHA = 0.05
_MOST = 24


def group_paths(inputs: Inputs) -> Section | None:
    """Set the paths of each multi-group model side by side, if they may be."""
    subjects = [s for s in inputs.subjects if s.fit.ngroups > 1 and (s.estimates["op"] == "~").any()]
    parts: list[Part] = []
    for i, subject in enumerate(subjects, start=1):
        parts += [Heading(subject.name)] if len(subjects) > 1 else []
        parts += _parts(subject, inputs, f"_{i}" if len(subjects) > 1 else "")
    if not parts:
        return None
    method = (
        "Paths of groups were compared in their own units by Wald tests, and only where loadings are "
        "held equal; "
        "paths between constructs that are measured differently have different units."
    )
    return Section("group_paths", "Paths of the groups", tuple(parts), (method,), ("meredith1993",))


def _parts(subject: Subject, inputs: Inputs, suffix: str) -> list[Part]:
    if subject.barred:
        return [Callout("bad", "Paths of groups are not compared", subject.barred)]
    check = paths_comparable(subject.fit)
    if check is not None and check.status != "pass":
        text = worded(
            f"{check.message[:1].upper()}{check.message[1:]}. {check.advice[:1].upper()}{check.advice[1:]}."
        )
        return [Callout("bad", "Paths of groups must not be compared", text)]
    tested = _tested(inputs, subject)
    if tested is not None and not _metric(tested):
        text = f"Equal loadings were not found: {tested.headline()}"
        return [Callout("bad", "Paths of groups must not be compared", text)]
    parts: list[Part] = []
    if tested is None and check is not None and check.value == 0.0:
        text = (
            "Loadings are held equal in this model, but whether they are equal was not tested here. Run "
            "fit_invariance() on the same data and give its result to the report too."
        )
        parts.append(Callout("warn", "Equal loadings are assumed", text))
    return [*parts, *_shown(subject, suffix)]


def _tested(inputs: Inputs, subject: Subject) -> Invariance | None:
    """Return the invariance test of the same groups, if the report was given one."""
    labels = subject.fit.group_labels
    return next((one.result for one in inputs.of(Invariance) if one.result.labels == labels), None)


def _metric(tested: Invariance) -> bool:
    return any("loadings" in step.equal for step in tested.held)


def _shown(subject: Subject, suffix: str) -> list[Part]:
    rows = _rows(subject)
    if not rows:
        return []
    frame = path_differences(subject.fit)
    labels = list(subject.fit.group_labels)
    caption = f"Paths of each group with {subject.method}s, in the units of the outcome."
    alt = "; ".join(
        f"{r.label}: "
        + ", ".join(
            f"{g} {numbers.number(m.est if m else None)}" for g, m in zip(labels, r.marks, strict=True)
        )
        for r in rows
    )
    draw = partial(draw_series, rows[:_MOST], labels, xlabel=f"Estimate with {subject.method}")
    parts: list[Part] = [
        Paragraph(_verdict(frame), lead=True),
        Picture(f"group_paths{suffix}", caption, alt, draw),
        comparison.side_by_side(rows, labels, f"group_paths{suffix}", "Paths of each group"),
    ]
    table = invariance.path_differences(frame, f"group_differences{suffix}")
    return [*parts, table] if table.rows else parts


def _rows(subject: Subject) -> list[SeriesRow]:
    frame = subject.estimates
    found: dict[str, list[Mark | None]] = {}
    for row in each_row(frame[(frame["op"] == "~") & (frame["free"] > 0)]):
        marks = found.setdefault(f"{row.rhs} → {row.lhs}", [None] * subject.fit.ngroups)
        marks[int(row.group) - 1] = Mark(float(row.est), pair(row))
    return [SeriesRow(label, tuple(marks)) for label, marks in found.items()]


def _verdict(frame: pd.DataFrame) -> str:
    """Say which paths differ between the groups."""
    whole = [row for row in each_row(frame) if not row.group and numbers.defined(row.pvalue)]
    if not whole:
        return "All paths are held equal across the groups, so there is no difference to test."
    apart = [
        f"{r.rhs} → {r.lhs} (χ²({numbers.degrees(r.df)}) = {numbers.number(r.wald)}, "
        f"{numbers.p_phrase(r.pvalue)})"
        for r in whole
        if r.pvalue < _ALPHA
    ]
    if not apart:
        return f"None of {len(whole)} paths differs between the groups beyond what sampling explains."
    many = f" With {len(whole)} tests one in twenty differs by chance." if len(whole) > 1 else ""
    return f"{len(apart)} of {len(whole)} paths differ between the groups: {listed(apart)}.{many}"
