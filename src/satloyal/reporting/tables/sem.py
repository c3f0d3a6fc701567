"""Tables of a path model: fit measures, loadings, paths, defined effects, covariances, effects, truth."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd

from satloyal.reporting import numbers
from satloyal.reporting.inputs import Inputs, Subject
from satloyal.reporting.rows import each_row
from satloyal.reporting.table import Cell, Column, Table, Tone, undefined
from satloyal.reporting.tables.cells import ESTIMATES, estimate_cells, pair, value_cell

__all__ = ["covariances", "defined_effects", "effects", "fit_measures", "loadings", "means", "paths", "truth"]

Limit = tuple[Callable[[float], Tone], str]

_MOST_EFFECTS = 150  # rows of a table that can still be read
_KIND_WORDS = {
    "direct": "direct",
    "indirect": "indirect",
    "loops": "round the loops",
    "total_indirect": "all\u00a0indirect",
    "total": "total",
}


def _high(good: float, fair: float) -> Callable[[float], Tone]:
    return lambda v: "good" if v >= good else "warn" if v >= fair else "bad"


def _low(good: float, fair: float) -> Callable[[float], Tone]:
    return lambda v: "good" if v <= good else "warn" if v <= fair else "bad"


_LIMITS: dict[str, Limit] = {
    "cfi": (_high(0.95, 0.90), "≥ .95 good, ≥ .90 fair"),
    "tli": (_high(0.95, 0.90), "≥ .95 good, ≥ .90 fair"),
    "rmsea": (_low(0.06, 0.08), "≤ .06 good, ≤ .08 fair"),
    "srmr": (_low(0.08, 0.10), "≤ .08 good, ≤ .10 fair"),
}


def fit_measures(subject: Subject) -> Table:
    """How well the model reproduces the moments (limits: Hu and Bentler 1999; Kline 2016)."""
    glance = subject.fit.glance()
    scaled = "chisq_scaled" in glance.index and subject.fit.converged
    if scaled:
        glance.update(subject.fit.fit_figures())
    reason = "" if subject.fit.converged else "the fit did not converge"

    saturated = subject.fit.df == 0 and not reason
    if saturated:  # it fits any data, so that a perfect figure would say nothing
        reason = "the model is saturated: it fits any data"

    def get(key: str) -> float:
        tested = key in ("chisq", "pvalue", *_LIMITS, "rmsea_ci_lower", "rmsea_ci_upper")
        return float("nan") if saturated and tested else float(glance.get(key, float("nan")))

    rows: list[list[Any]] = [
        ["Observations", Cell(numbers.count(subject.fit.nobs)), ""],
        ["Free parameters", Cell(numbers.count(get("npar"))), ""],
        ["χ², scaled" if scaled else "χ²", _text(get("chisq"), numbers.number(get("chisq")), reason), ""],
        ["Degrees of freedom", _text(get("df"), numbers.degrees(get("df")), reason), ""],
        [
            "p of exact fit",
            _text(get("pvalue"), numbers.pvalue(get("pvalue")), reason),
            "a large sample rejects small misfit",
        ],
    ]
    labels = {"cfi": "CFI", "tli": "TLI", "rmsea": "RMSEA", "srmr": "SRMR"}
    for key, label in labels.items():
        text = numbers.number(get(key), 3, bounded=True)
        if key == "rmsea" and numbers.defined(get("rmsea_ci_lower")):
            text += " " + numbers.interval(get("rmsea_ci_lower"), get("rmsea_ci_upper"), 3, bounded=True)
        rule, words = _LIMITS[key]
        tone: Tone = rule(get(key)) if numbers.defined(get(key)) else ""
        rows.append(
            [
                label
                + (", robust" if scaled and key != "srmr" else "")
                + (" with 90 % interval" if key == "rmsea" else ""),
                _text(get(key), text, reason, tone),
                words,
            ]
        )
    for key, label in (("aic", "AIC"), ("bic", "BIC")):
        rows.append(
            [label, _text(get(key), numbers.number(get(key), 1), reason), "smaller is better, same data only"]
        )
    columns = [
        Column("measure", "Measure"),
        Column("value", "Value", "number"),
        Column("rule", "Rule of thumb"),
    ]
    return Table.build("fit_measures", f"Fit of {subject.in_text}", columns, rows)


def _text(value: float, text: str, reason: str, tone: Tone = "") -> Cell:
    return Cell(text, tone) if numbers.defined(value) else undefined(reason or "not defined for this model")


def _reason(subject: Subject) -> str:
    return "" if subject.fit.converged else "the fit did not converge"


def _rows(subject: Subject, op: str, keep: Callable[[Any], bool] = lambda row: True) -> list[Any]:
    frame = subject.estimates
    return [row for row in each_row(frame[frame["op"] == op]) if keep(row)]


def _table(
    subject: Subject, name: str, caption: str, heads: list[tuple[str, str]], rows: list[Any]
) -> Table | None:
    """Table of rows of ``tidy()`` with the named columns before the estimates."""
    if not rows:
        return None
    grouped = subject.fit.ngroups > 1
    columns = [Column("group", "Group")] if grouped else []
    columns += [Column(key, label) for key, label in heads]
    body = []
    for row in rows:
        cells: list[Any] = [subject.group_label(int(row.group))] if grouped else []
        cells += [str(getattr(row, key)) for key, _ in heads]
        fixed = int(row.free) == 0 and row.op != ":="
        body.append([*cells, *estimate_cells(row, fixed=fixed, reason=_reason(subject))])
    notes = (f"Intervals: {subject.method}. Std.: standardised on latent and observed variables.",)
    return Table.build(name, caption, [*columns, *ESTIMATES], body, notes)


def loadings(subject: Subject) -> Table | None:
    """Return the loadings of the items on their constructs."""
    return _table(
        subject, "loadings", "Loadings", [("lhs", "Construct"), ("rhs", "Item")], _rows(subject, "=~")
    )


def paths(subject: Subject) -> Table | None:
    """Directed paths of the structural model."""
    return _table(subject, "paths", "Paths", [("lhs", "Outcome"), ("rhs", "Predictor")], _rows(subject, "~"))


def defined_effects(subject: Subject) -> Table | None:
    """Effects that the analyst defined in the model text."""
    heads = [("lhs", "Effect"), ("rhs", "Definition")]
    return _table(subject, "defined_effects", "Defined effects", heads, _rows(subject, ":="))


def covariances(subject: Subject) -> Table | None:
    """Variances and covariances, residual ones for what the model explains."""
    heads = [("lhs", "Variable"), ("rhs", "With")]
    return _table(subject, "variances", "Variances and covariances", heads, _rows(subject, "~~"))


def means(subject: Subject) -> Table | None:
    """Return intercepts and means, where the model has them."""
    return _table(subject, "intercepts", "Intercepts and means", [("lhs", "Variable")], _rows(subject, "~1"))


def effects(subject: Subject) -> Table | None:
    """Direct, indirect and total effects."""
    frame, left_out = subject.effects, 0
    if frame.empty:
        return None
    notes = (f"Intervals: {subject.method}.", *map(str, frame.attrs.get("notes", ())))
    if len(frame) > _MOST_EFFECTS:
        single = frame["kind"].isin(["indirect", "loops"])
        frame, left_out = frame[~single], int(single.sum())
    grouped = subject.fit.ngroups > 1
    columns = [Column("group", "Group")] if grouped else []
    columns += [Column("effect", "Effect"), Column("kind", "Kind"), *ESTIMATES]
    rows = []
    for row in each_row(frame):
        along = (
            row.path if row.kind in ("direct", "indirect") and row.path else f"{row.source} → {row.target}"
        )
        head: list[Any] = [str(row.group)] if grouped else []
        rows.append(
            [
                *head,
                str(along),
                _KIND_WORDS.get(row.kind, str(row.kind)),
                *estimate_cells(row, reason=_reason(subject)),
            ]
        )
    if left_out:
        notes += (f"{left_out} effects along single paths are left out; effects() of the fit has them all.",)
    return Table.build("effects", "Effects, taken apart", columns, rows, notes)


def truth(inputs: Inputs) -> Table | None:
    """Known true values of a simulation beside what was estimated."""
    rows: list[list[Any]] = []
    for subject in inputs.subjects:
        frame = subject.estimates
        for key, value in inputs.truth.items():
            found = frame[_matches(frame, key)]
            for row in each_row(found):
                rows.append(
                    [
                        _truth_name(key, subject.group_label(int(row.group))),
                        *_truth_cells(row, value, subject),
                    ]
                )
    if not rows:
        return None
    columns = [
        Column("quantity", "Quantity"),
        Column("truth", "True value", "number", 3),
        Column("est", "Estimate", "number", 3),
        Column("ci", "95 % interval", "interval", 3),
        Column("covered", "Covered"),
    ]
    judged = [row[-1].value for row in rows if row[-1].value in ("yes", "no")]
    note = (
        f"{judged.count('yes')} of {len(judged)} intervals cover the true value. Of 95 % intervals "
        "about one in "
        "twenty misses in the long run, so a miss or two is no alarm."
    )
    return Table.build("truth", "True values of the simulation and their estimates", columns, rows, (note,))


def _matches(frame: pd.DataFrame, key: Any) -> pd.Series:
    if isinstance(key, str):
        return (frame["op"] == ":=") & (frame["lhs"] == key)
    lhs, op, rhs = key
    found: pd.Series[bool] = (frame["lhs"] == lhs) & (frame["op"] == op) & (frame["rhs"] == rhs)
    if op == "~~":
        found |= (frame["lhs"] == rhs) & (frame["op"] == op) & (frame["rhs"] == lhs)
    return found


def _truth_name(key: Any, group: str) -> str:
    name = key if isinstance(key, str) else " ".join(part for part in key if part)
    return f"{name} ({group})" if group else name


def _truth_cells(row: Any, value: float, subject: Subject) -> list[Any]:
    reason = _reason(subject) or "no interval"
    found = pair(row)
    if found is None:
        return [value_cell(value), value_cell(row.est, reason), undefined(reason), Cell("–", "quiet")]
    covered = found[0] <= value <= found[1]
    return [
        value_cell(value),
        value_cell(row.est, reason),
        Cell(found),
        Cell("yes", "good") if covered else Cell("no", "warn"),
    ]
