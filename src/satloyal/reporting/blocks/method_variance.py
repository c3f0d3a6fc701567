"""Method variance: what asking the same people with the same questionnaire may have done to the paths."""

from __future__ import annotations

from functools import partial

from matplotlib.figure import Figure

from satloyal.models.sem.method_variance import MethodVariance
from satloyal.reporting import numbers
from satloyal.reporting.figures.series import Mark, SeriesRow, draw_series
from satloyal.reporting.kind import Kind
from satloyal.reporting.parts import Paragraph, Part, Picture
from satloyal.reporting.rows import each_row
from satloyal.reporting.table import Cell, Column, Table, Tone, Value
from satloyal.reporting.tables.cells import value_cell
from satloyal.reporting.terms import in_words, listed, worded

__all__ = ["METHOD_VARIANCE"]

_TONES: dict[str, Tone] = {"kept": "good", "lost": "warn", "gained": "warn", "turned": "bad"}
_VIF = 3.3


def _parts(found: MethodVariance, suffix: str) -> list[Part]:
    parts: list[Part] = [Paragraph(_verdict(found), lead=True), _tests(found, f"method_tests{suffix}")]
    if rows := _rows(found):
        caption = (
            "Standardised paths without and with a method factor on all items. Where a line moves far "
            "from the "
            "first one, the path depends on how much the common method is taken to explain."
        )
        alt = "; ".join(
            f"{r.label}: {', '.join(numbers.number(m.est, bounded=True) if m else '–' for m in r.marks)}"
            for r in rows
        )
        parts += [
            Picture(f"method_variance{suffix}", caption, alt, partial(_figure, found)),
            _paths(found, f"method_paths{suffix}"),
        ]
    if not found.vif.empty and found.vif["vif"].notna().any():
        parts.append(_inflation(found, f"method_vif{suffix}"))
    return [*parts, _marker(found, f"method_marker{suffix}")] if not found.marker.empty else parts


def _verdict(found: MethodVariance) -> str:
    if not found.converged:
        return found.headline()
    done = [c for c in found.checks if c.status != "not_applicable"]
    warned = [c.name for c in done if c.status == "warn"]
    frame = found.tidy()
    moved = frame[frame["significance"].isin(["lost", "gained", "turned"])]
    paths = listed(dict.fromkeys(in_words(t) for t in moved["term"]))
    point = "points" if len(warned) == 1 else "point"
    start = (
        f"{len(warned)} of {len(done)} tests {point} to method variance: {listed(warned)}."
        if warned
        else f"None of {len(done)} tests finds method variance that matters for the paths."
    )
    if paths:
        start += f" Under some method factor these paths cease or begin to be significant: {paths}."
    return start + " No test of this kind proves that there is none; only the design of the study could."


def _tests(found: MethodVariance, name: str) -> Table:
    columns = [Column("test", "Test"), Column("finding", "Finding"), Column("judged", "Judged")]
    words: dict[str, tuple[str, Tone]] = {
        "pass": ("no sign", "good"), "warn": ("look at this", "warn"), "fail": ("look at this", "bad"),
        "not_applicable": ("not testable", "quiet"),
    }  # fmt: skip
    rows: list[list[Cell | Value]] = []
    for check in found.checks:
        word, tone = words[check.status]
        text = worded(check.message[:1].upper() + check.message[1:])
        rows.append([check.name[:1].upper() + check.name[1:], text, Cell(word, tone)])
    return Table.build(name, "Tests of a common method", columns, rows)


def _usable(found: MethodVariance) -> list[str]:
    return [f"method factor, {f.kind}" for f in found.factors if f.usable]


def _rows(found: MethodVariance) -> list[SeriesRow]:
    frame = found.tidy()
    tests = _usable(found)
    rows = []
    for path in dict.fromkeys(frame["term"]):
        own = frame[frame["term"] == path]
        marks: list[Mark | None] = [Mark(float(own["base_std"].iloc[0]), None)]
        for test in tests:
            values = own[own["test"] == test]["std"]
            marks.append(Mark(float(values.iloc[0]), None) if len(values) else None)
        rows.append(SeriesRow(in_words(path), tuple(marks)))
    return rows if tests else []


def _figure(found: MethodVariance) -> Figure:
    names = ["no method factor", *(t.removeprefix("method factor, ") for t in _usable(found))]
    return draw_series(_rows(found), names, xlabel="Standardised path")


def _paths(found: MethodVariance, name: str) -> Table:
    columns = [
        Column("path", "Path"),
        Column("factor", "Method factor"),
        Column("base", "Without", "bounded"),
        Column("std", "With", "bounded"),
        Column("change", "Change", "bounded"),
        Column("p", "p with", "p"),
        Column("significance", "Significance"),
    ]
    reasons = {f"method factor, {f.kind}": worded(f.reason) for f in found.factors}
    rows: list[list[Cell | Value]] = []
    for row in each_row(found.tidy()):
        why = reasons.get(row.test) or "could not be computed"
        rows.append(
            [
                in_words(row.term), row.test.removeprefix("method factor, "), value_cell(row.base_std, why),
                value_cell(row.std, why), value_cell(row.change, why), value_cell(row.pvalue, why),
                Cell(row.significance, _TONES.get(row.significance, "")),
            ]
        )  # fmt: skip
    note = "A given share is fixed, not estimated: how much method the paths would bear."
    return Table.build(name, "Standardised paths with a method factor", columns, rows, (note,))


def _inflation(found: MethodVariance, name: str) -> Table:
    columns = [
        Column("construct", "Construct"),
        Column("vif", "VIF of scores", "number"),
        Column("vif_latent", "VIF of constructs", "number"),
    ]
    rows: list[list[Cell | Value]] = []
    for row in each_row(found.vif):
        tone: Tone = "warn" if numbers.defined(row.vif) and row.vif > _VIF else "good"
        known = value_cell(row.vif, "undefined")
        rows.append([row.construct, Cell(known.value, tone) if not known.reason else known,
                     value_cell(row.vif_latent, "constructs that are not distinct have no VIF")])  # fmt: skip
    note = f"Above {numbers.number(_VIF)} a common method, or constructs that are not distinct (Kock 2015)."
    return Table.build(name, "Full collinearity", columns, rows, (note,))


def _marker(found: MethodVariance, name: str) -> Table:
    columns = [
        Column("pair", "Constructs"),
        Column("r", "r", "bounded"),
        Column("r_adjusted", "r without the marker", "bounded"),
        Column("pvalue", "p", "p"),
        Column("r_adjusted_largest", "with its largest correlation", "bounded"),
    ]
    rows: list[list[Cell | Value]] = [
        [f"{r.first} and {r.second}", *(value_cell(getattr(r, c.key), "undefined") for c in columns[1:])]
        for r in each_row(found.marker)
    ]
    return Table.build(name, "Correlations of scores without what the marker shares", columns, rows)


METHOD_VARIANCE = Kind(
    type=MethodVariance,
    key="method_variance",
    title="What the common method may have done",
    noun=lambda found: "Method variance",
    parts=_parts,
    barred=lambda found: "" if found.converged else found.headline(),
    methods=lambda found: (
        "Common method variance was looked for by Harman's single factor, full collinearity"
        + (", a marker variable" if not found.marker.empty else "")
        + " and an unmeasured latent method factor on all items.",
    ),
    cites=lambda found: (
        "podsakoff2003", "kock2015", *(("lindell_whitney2001",) if not found.marker.empty else ()),
    ),
    figures={"method_variance": _figure},
    drawable=lambda found: ("method_variance",) if _rows(found) else (),
)  # fmt: skip
"""Tests of common method variance."""
