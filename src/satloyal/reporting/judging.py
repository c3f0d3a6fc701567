"""Judging: every path and defined effect of one model, with what bars or weakens the claim."""

from __future__ import annotations

from typing import Any

from satloyal.models.sem.group_guard import paths_comparable
from satloyal.reporting import numbers
from satloyal.reporting.distinct import blurred_pairs, how_indistinct
from satloyal.reporting.inputs import Inputs, Subject
from satloyal.reporting.rows import each_row
from satloyal.reporting.tables.cells import pair
from satloyal.reporting.verdicts import Claim, Direction, Verdict, verdict

__all__ = ["judge_subject"]

_NOT_COMPARABLE = (
    "This is a statement about one group. It must not be compared with the others: their loadings differ, so "
    "that the units do."
)


def judge_subject(subject: Subject, inputs: Inputs) -> list[Verdict]:
    """Judge every defined effect, then every path, of one model."""
    blurred = {} if subject.barred else blurred_pairs(subject.fit)
    frame = subject.estimates
    std = _std_intervals(subject)
    apart = _groups_apart(subject)
    model = subject.name if len(inputs.subjects) > 1 else ""
    found = []
    for op in (":=", "~"):
        for row in each_row(frame[frame["op"] == op]):
            if op == "~" and int(row.free) == 0:
                continue  # a fixed path was assumed, not estimated
            alone = op == "~" and _predictors(frame, row) == 1
            claim = _claim(subject, row, std.get((row.lhs, row.op, row.rhs, int(row.group))), alone, model)
            forbidden, caution = how_indistinct(subject, row, blurred)
            barred = subject.barred or forbidden
            if apart and claim.group:
                caution = f"{caution} {_NOT_COMPARABLE}".strip()
            found.append(verdict(claim, direction=_direction(inputs, row), barred=barred, caution=caution))
    return found


def _groups_apart(subject: Subject) -> bool:
    """Whether paths of groups are in units of their own."""
    if subject.barred or subject.fit.ngroups == 1:
        return False
    check = paths_comparable(subject.fit)
    return check is not None and check.status != "pass"


def _predictors(frame: Any, row: Any) -> int:
    return int(((frame["op"] == "~") & (frame["lhs"] == row.lhs) & (frame["group"] == row.group)).sum())


def _claim(
    subject: Subject, row: Any, std_interval: tuple[float, float] | None, alone: bool, model: str
) -> Claim:
    path = row.op == "~"
    std = float(row.std_all)
    return Claim(
        name=f"{row.rhs} → {row.lhs}" if path else str(row.lhs),
        source=str(row.rhs) if path else "",
        target=str(row.lhs) if path else "",
        expression="" if path else str(row.rhs),
        group=subject.group_label(int(row.group)),
        alone=alone,
        est=float(row.est),
        interval=pair(row),
        std=std if numbers.defined(std) else None,
        std_interval=std_interval,
        method=subject.method,
        model=model,
    )


def _std_intervals(subject: Subject) -> dict[tuple[str, str, str, int], tuple[float, float] | None]:
    if not subject.fit.converged:
        return {}
    frame = subject.standardized
    return {(row.lhs, row.op, row.rhs, int(row.group)): pair(row) for row in each_row(frame)}


def _direction(inputs: Inputs, row: Any) -> Direction:
    keys = (
        (str(row.lhs),)
        if row.op == ":="
        else (f"{row.rhs} -> {row.lhs}", f"{row.rhs} → {row.lhs}", str(row.label))
    )
    return next((inputs.claims[k] for k in keys if k in inputs.claims), "any")
