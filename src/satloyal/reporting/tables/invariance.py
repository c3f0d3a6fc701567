"""Tables of an invariance test: the steps, what to let free, and what is compared once they hold."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from satloyal.reporting import numbers
from satloyal.reporting.rows import each_row
from satloyal.reporting.table import Cell, Column, Table, Tone, Value, undefined
from satloyal.reporting.tables.cells import pair, value_cell
from satloyal.reporting.terms import in_words

if TYPE_CHECKING:
    import pandas as pd

    from satloyal.models.sem.invariance_result import Invariance

__all__ = ["VERDICT_TONES", "changes", "latent_means", "path_differences", "proposals", "steps"]

VERDICT_TONES: dict[str, Tone] = {
    "supported": "good",
    "not supported": "bad",
    "inconclusive": "warn",
    "not testable": "quiet",
}
_NONE = "no step before it"
_UNFITTED = "the step was not tested"
_MOST = 12


def steps(found: Invariance, name: str) -> Table:
    """Fit of every step, and its verdict."""
    columns = [
        Column("step", "Step"),
        Column("verdict", "Verdict"),
        Column("equal", "Held equal"),
        Column("chisq", "χ²", "number"),
        Column("df", "df", "int"),
        Column("cfi", "CFI", "bounded", 3),
        Column("rmsea", "RMSEA", "bounded", 3),
        Column("srmr", "SRMR", "bounded", 3),
    ]
    rows: list[list[Cell | Value]] = []
    for step, row in zip(found.steps, each_row(found.tidy()), strict=True):
        why = _UNFITTED if step.fit is None else "could not be computed"
        rows.append(
            [
                row.step,
                Cell(row.verdict, VERDICT_TONES[row.verdict]),
                ", ".join(step.equal) or "the pattern only",
                *(value_cell(getattr(row, key), why) for key in ("chisq", "df", "cfi", "rmsea", "srmr")),
            ]
        )
    return Table.build(name, "Steps of the invariance test", columns, rows)


def changes(found: Invariance, name: str) -> Table:
    """Return what each step costs in fit; beyond its limit a change is marked."""
    columns = [
        Column("step", "Step"),
        Column("delta_cfi", "ΔCFI", "bounded", 3),
        Column("delta_rmsea", "ΔRMSEA", "bounded", 3),
        Column("delta_srmr", "ΔSRMR", "bounded", 3),
        Column("delta_chisq", "Δχ²", "number"),
        Column("delta_df", "Δdf", "int"),
        Column("delta_pvalue", "p", "p"),
    ]
    rows: list[list[Cell | Value]] = []
    limits: list[str] = []
    for step, row in zip(found.steps, each_row(found.tidy()), strict=True):
        if step.change is None:
            continue
        cells = [_change(row, key) for key in ("cfi", "rmsea", "srmr")]
        why = step.change.reason or "could not be computed"
        tests = [value_cell(getattr(row, key), why) for key in ("delta_chisq", "delta_df", "delta_pvalue")]
        rows.append([row.step, *cells, *tests])
        said = [
            f"Δ{key.upper()} {numbers.number(getattr(row, f'limit_{key}'), 3, bounded=True)}"
            for key in ("cfi", "rmsea", "srmr")
            if numbers.defined(getattr(row, f"limit_{key}"))
        ]
        limits += [f"{row.step} {', '.join(said)}"] if said else []
    notes: tuple[str, ...] = ()
    notes += ("A mark stands where a change goes beyond the limit of the rule.",) if limits else ()
    notes += (f"Limits: {'; '.join(limits)}.",) if limits else ()
    return Table.build(name, "What each step costs in fit", columns, rows, notes)


def _change(row: Any, key: str) -> Cell:
    value, limit = float(getattr(row, f"delta_{key}")), float(getattr(row, f"limit_{key}"))
    if not numbers.defined(value):
        return undefined("could not be computed")
    if not numbers.defined(limit):
        return Cell(value)
    return Cell(value, "good" if (value >= limit if limit < 0 else value <= limit) else "warn")


def proposals(found: Invariance, name: str) -> Table | None:
    """Score tests of the equalities of the step that failed, strongest first."""
    frame = found.proposals
    if frame.empty:
        return None
    free = () if found.suggestion is None else found.suggestion.parameters
    columns = [
        Column("parameter", "Parameter"),
        Column("score", "Score test", "number"),
        Column("df", "df", "int"),
        Column("pvalue", "p", "p"),
        Column("pvalue_holm", "p, Holm", "p"),
        Column("change", "Expected difference", "number", 3),
        Column("free", "Let free"),
    ]
    rows: list[list[Cell | Value]] = []
    for row in each_row(frame.head(_MOST)):
        chosen = Cell("yes", "warn") if row.parameter in free else Cell("")
        cells = [value_cell(getattr(row, c.key), "could not be computed") for c in columns[1:-1]]
        group = f" ({row.group})" if str(row.group) else ""
        rows.append([in_words(row.parameter) + group, *cells, chosen])
    notes: tuple[str, ...] = ("Expected difference: of the group to the first one, were the parameter free.",)
    if len(frame) > _MOST:
        notes += (f"{len(frame) - _MOST} weaker ones are left out.",)
    return Table.build(name, "Which equalities the groups contradict", columns, rows, notes)


def latent_means(frame: pd.DataFrame, name: str) -> Table:
    """Differences of latent means, in the units of the construct and standardised."""
    columns = [
        Column("construct", "Construct"),
        Column("group", "Group"),
        Column("reference", "Compared with"),
        Column("est", "Difference", "number", 3),
        Column("ci", "95 % interval", "interval", 3),
        Column("pvalue", "p", "p"),
        Column("d", "d", "number"),
        Column("d_ci", "d, 95 % interval", "interval"),
    ]
    rows: list[list[Cell | Value]] = [
        [
            str(row.construct), str(row.group), str(row.reference),
            value_cell(row.est, row.reason or "undefined"), _interval(row),
            value_cell(row.pvalue, "could not be computed"), value_cell(row.d, "undefined"),
            _interval(row, "d_ci_lower", "d_ci_upper"),
        ]
        for row in each_row(frame)
    ]  # fmt: skip
    note = "d: the difference in pooled latent standard deviations (Hancock 2001)."
    return Table.build(name, "Latent means compared", columns, rows, (note,))


def path_differences(frame: pd.DataFrame, name: str) -> Table:
    """Differences of paths between groups; of three groups or more also the test that all have the same."""
    joint = bool((frame["df"].fillna(0) > 1).any())
    columns = [
        Column("path", "Path"),
        Column("group", "Group"),
        Column("est", "Difference", "number", 3),
        Column("ci", "95 % interval", "interval", 3),
    ]
    columns += [Column("wald", "Wald χ²", "number"), Column("df", "df", "int")] if joint else []
    columns += [Column("pvalue", "p", "p")]
    rows: list[list[Cell | Value]] = []
    for row in each_row(frame):
        path, p = f"{row.rhs} → {row.lhs}", value_cell(row.pvalue, "undefined")
        if row.group:
            gap = [value_cell(row.est, "undefined"), _interval(row)]
            rows.append([path, f"{row.group} − {row.reference}", *gap, *([""] * 2 * joint), p])
        elif row.df > 1:
            whole = [value_cell(row.wald, "undefined"), value_cell(row.df)]
            rows.append([path, "all groups equal", Cell(""), Cell(""), *whole, p])
    return Table.build(name, "Paths compared between groups", columns, rows)


def _interval(row: Any, low: str = "ci_lower", high: str = "ci_upper") -> Cell:
    found = pair(row, low, high)
    return Cell(found) if found is not None else undefined("no standard error")
