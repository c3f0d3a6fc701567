"""Headline: what may be said, and before all else what may not."""

from __future__ import annotations

from collections import Counter
from typing import Any

from satloyal.models.curves import CurveFit
from satloyal.models.fit import Fit
from satloyal.reporting import numbers
from satloyal.reporting.distinct import blurred_pairs, how_indistinct
from satloyal.reporting.inputs import Inputs, Subject, curve_name
from satloyal.reporting.parts import Callout, Paragraph, Part, Section, Verdicts
from satloyal.reporting.rows import each_row
from satloyal.reporting.tables.cells import pair
from satloyal.reporting.verdicts import Claim, Direction, Verdict, verdict

__all__ = ["alerts", "judge_subject", "verdicts"]

_METHOD = (
    "Verdicts follow one rule. Supported: the interval excludes zero, in the claimed direction where "
    "one was claimed. "
    "Not supported: the interval lies on the other side of zero, or the standardised interval lies "
    "wholly within ±.10, "
    "so that what effect there may be is trivial. Inconclusive: anything else. Not testable: the fit "
    "did not converge, "
    "is inadmissible or failed a check that bars claims, two constructs cannot be told apart (latent "
    "correlation of 1 or "
    "more), or there is no interval. An HTMT of .90 or more between the constructs of a path, or "
    "between its predictor "
    "and another one of the same outcome, is told beside the verdict."
)
_CROSS_SECTION = (
    "The answers were given at one time. The arrows of the model are assumptions; the data can "
    "contradict them, but "
    "cannot show that one construct causes another, and part of every association can come from asking "
    "the same "
    "people with the same questionnaire."
)


def verdicts(inputs: Inputs) -> Section | None:
    """Judge every effect, and say how well each model fits."""
    if not inputs.subjects and not inputs.curves:
        return None
    parts: list[Part] = []
    judged = [v for subject in inputs.subjects for v in judge_subject(subject, inputs)]
    judged += [_returns(curve) for curve in inputs.curves if curve.converged]
    if judged:
        parts += [Paragraph(_tally(judged), lead=True), Verdicts(tuple(judged))]
    parts += [Paragraph(f"{s.name}: {s.fit.headline()}") for s in inputs.subjects if not s.barred]
    methods = (_METHOD, _CROSS_SECTION) if judged else ()
    cites = ("cohen1988", "lakens2017", "maxwell_cole2007", "podsakoff2003") if judged else ()
    return Section("verdicts", "What these data say", tuple(parts), methods, cites)


def alerts(inputs: Inputs) -> tuple[Callout, ...]:
    """Say which fits may not be used; a report puts this before everything else."""
    found = [_warning(subject) for subject in inputs.subjects if subject.barred]
    found += [
        Callout("bad", f"{curve_name(curve)} may not be used", curve.headline())
        for curve in inputs.curves
        if not curve.converged
    ]
    found += [
        Callout("bad", f"{name} may not be used", fit.headline())
        for name, fit in inputs.fits
        if _useless(fit, inputs)
    ]
    return tuple(found)


def _useless(fit: Fit, inputs: Inputs) -> bool:
    return any(fit is other for other in inputs.others) and not (fit.converged and fit.admissible)


def judge_subject(subject: Subject, inputs: Inputs) -> list[Verdict]:
    """Judge every defined effect, then every path, of one model."""
    blurred = {} if subject.barred else blurred_pairs(subject.fit)
    frame = subject.estimates
    std = _std_intervals(subject)
    found = []
    for op in (":=", "~"):
        for row in each_row(frame[frame["op"] == op]):
            if op == "~" and int(row.free) == 0:
                continue  # a fixed path was assumed, not estimated
            alone = op == "~" and _predictors(frame, row) == 1
            claim = _claim(subject, row, std.get((row.lhs, row.op, row.rhs, int(row.group))), alone)
            forbidden, caution = how_indistinct(subject, row, blurred)
            barred = subject.barred or forbidden
            found.append(verdict(claim, direction=_direction(inputs, row), barred=barred, caution=caution))
    return found


def _predictors(frame: Any, row: Any) -> int:
    return int(((frame["op"] == "~") & (frame["lhs"] == row.lhs) & (frame["group"] == row.group)).sum())


def _claim(subject: Subject, row: Any, std_interval: tuple[float, float] | None, alone: bool) -> Claim:
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


def _warning(subject: Subject) -> Callout:
    if not subject.fit.converged:
        return Callout("bad", f"{subject.name} did not converge", subject.fit.headline())
    title = (
        f"{subject.name} is inadmissible"
        if not subject.fit.admissible
        else f"No claim may be made from {subject.in_text}"
    )
    advice = " ".join(
        dict.fromkeys(
            c.advice[:1].upper() + c.advice[1:].rstrip(".") + "."
            for f in subject.fits
            for c in f.failed_checks()
            if c.advice
        )
    )
    return Callout("bad", title, f"No claim is made: {subject.barred} {advice}".strip())


def _tally(judged: list[Verdict]) -> str:
    counts: Counter[str] = Counter(v.outcome for v in judged)
    order = ("supported", "not supported", "inconclusive", "not testable")
    said = [f"{counts[o]} {o}" for o in order if counts[o]]
    noun = "statement" if len(judged) == 1 else "statements"
    weak = sum(bool(v.caution) for v in judged)
    text = f"{len(judged)} {noun} put to the data: {', '.join(said)}."
    return text + (f" {weak} of them with a caution." if weak else "")


def _returns(curve: CurveFit) -> Verdict:
    """Whether the marginal effect falls along the scale, as the curve itself judges it."""
    found = curve.returns()
    claim = Claim(
        name=f"Diminishing returns of {curve.x_name} for {curve.y_name}",
        est=found.difference,
        interval=(found.ci_lower, found.ci_upper),
    )
    text = found.sentence.removeprefix(f"Diminishing returns: {found.verdict}").lstrip(" ;:,")
    if text.startswith("("):
        text = text[1:].replace(")", "", 1)
    return Verdict(claim, found.verdict, text[:1].upper() + text[1:])
