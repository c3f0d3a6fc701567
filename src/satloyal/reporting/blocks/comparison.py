"""Models side by side: which restrictions the data bear, and what the models make of the same paths."""

from __future__ import annotations

from functools import partial

from satloyal.errors import FitError
from satloyal.models.sem.compare import Comparison, compare
from satloyal.reporting import numbers
from satloyal.reporting.figures.series import Mark, SeriesRow, draw_series
from satloyal.reporting.inputs import Inputs, Subject
from satloyal.reporting.kind import Kind
from satloyal.reporting.parts import Callout, Heading, Paragraph, Part, Picture, Section
from satloyal.reporting.rows import each_row
from satloyal.reporting.tables import comparison as tables
from satloyal.reporting.tables.cells import pair

__all__ = ["COMPARISON", "comparison"]

_METHOD = (
    "Models of the same data were compared by likelihood-ratio tests where one is nested in another "
    "(which was "
    "found out by fitting, not assumed), scaled where the tests are, and by AIC and BIC where not."
)
_CITES = ("bentler_satorra2010", "burnham_anderson2002")
_MOST = 24


def comparison(inputs: Inputs) -> Section | None:
    """Compare the path models of a report with one another; and show the comparisons it was given."""
    parts: list[Part] = []
    given = inputs.of(Comparison)
    for i, one in enumerate(given, start=1):
        parts += [Heading(one.name)] if one.given or len(given) > 1 else []
        parts += _parts(one.result, f"_{i}" if len(given) > 1 else "")
    subjects = inputs.subjects
    if len(subjects) > 1:
        parts += [] if given else _compared(subjects)
        parts += _paths(subjects)
    if not parts:
        return None
    return Section("comparison", "The models side by side", tuple(parts), (_METHOD,), _CITES)


def _compared(subjects: tuple[Subject, ...]) -> list[Part]:
    try:
        found = compare(*(s.fit for s in subjects), names=[s.name for s in subjects])
    except FitError as error:
        text = f"{error.message[:1].upper()}{error.message[1:]}."
        return [Callout("info", "Fit of these models is not comparable", text)]
    barred = [s for s in subjects if s.fit.converged and s.barred]
    warning = [
        Callout(
            "bad",
            "Not every model may be used",
            " ".join(s.barred[:1].upper() + s.barred[1:] for s in barred),
        )
    ]
    return [*(warning if barred else []), *_parts(found, "")]


def _parts(found: Comparison, suffix: str) -> list[Part]:
    table = tables.differences(found, f"comparison_tests{suffix}")
    parts: list[Part] = [Paragraph(_verdict(found), lead=True), tables.fits(found, f"comparison{suffix}")]
    return [*parts, table] if table is not None else parts


def _verdict(found: Comparison) -> str:
    """Say what became of each restriction."""
    said = []
    for row in each_row(found.table):
        if not row.compared_to:
            continue
        if row.relation == "nested" and numbers.defined(row.pvalue):
            df = numbers.degrees(row.df_diff)
            test = f"Δχ²({df}) = {numbers.number(row.chisq_diff)}, {numbers.p_phrase(row.pvalue)}"
            kept = "not rejected" in row.verdict
            end = (
                f"the data do not contradict what “{row.model}” leaves out" if kept
                else f"the data contradict what “{row.model}” leaves out"
            )  # fmt: skip
            said.append(f"“{row.model}” against “{row.compared_to}”: {end} ({test}).")
        else:
            said.append(f"“{row.model}” against “{row.compared_to}”: {row.verdict}.")
    lost = [str(r.model) for r in each_row(found.table) if not r.compared_to and "converge" in str(r.verdict)]
    said += [f"“{name}” did not converge and is not compared." for name in lost]
    return " ".join(said)


def _paths(subjects: tuple[Subject, ...]) -> list[Part]:
    """Show the standardised paths and defined effects that the models share or do not."""
    usable = [s for s in subjects if not s.barred and s.fit.ngroups == 1]
    if len(usable) < 2:
        return []
    rows = [r for r in path_rows(usable) if any(m is not None for m in r.marks)]
    if not rows:
        return []
    names = [s.name for s in usable]
    left = [s.name for s in subjects if s not in usable]
    note = f"Left out: {', '.join(left)}." if left else ""
    caption = (
        "The same paths in each model: standardised estimates with 95 % intervals. A path without a mark is "
        "not in that model."
    )
    alt = "; ".join(
        f"{r.label}: {', '.join(numbers.number(m.est) if m else 'not in it' for m in r.marks)}" for r in rows
    )
    draw = partial(draw_series, rows[:_MOST], names, xlabel="Standardised estimate with 95 % interval")
    table = tables.side_by_side(
        rows, names, "comparison_paths", "Standardised paths in each model", note=note, bounded=True
    )
    return [Picture("comparison_paths", caption, alt, draw), table]


def path_rows(subjects: list[Subject]) -> list[SeriesRow]:
    """Return standardised paths and defined effects, a mark a model."""
    found: dict[str, list[Mark | None]] = {}
    for k, subject in enumerate(subjects):
        frame = subject.standardized
        for row in each_row(frame[frame["op"].isin(["~", ":="])]):
            label = f"{row.rhs} → {row.lhs}" if row.op == "~" else str(row.lhs)
            marks = found.setdefault(label, [None] * len(subjects))
            marks[k] = Mark(float(row.est), pair(row))
    return [SeriesRow(label, tuple(marks)) for label, marks in found.items()]


COMPARISON = Kind(
    type=Comparison,
    key="comparison",
    title="The models side by side",
    noun=lambda found: "Comparison of models",
    parts=_parts,
    headline=_verdict,
    barred=lambda found: "",
)
"""Comparisons as they stand in a notebook; in a report the block above joins them with the paths."""
