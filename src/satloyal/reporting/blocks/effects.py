"""Effects: direct, indirect and total, as a forest plot and a table."""

from __future__ import annotations

from functools import partial

from satloyal.errors import FitError
from satloyal.models.sem.bootstrap import Bootstrap
from satloyal.reporting import numbers
from satloyal.reporting.figures.forest import ForestRow, draw_forest
from satloyal.reporting.figures.from_fits import forest_rows
from satloyal.reporting.inputs import Inputs, Subject
from satloyal.reporting.parts import Callout, Heading, Mood, Paragraph, Part, Picture, Section
from satloyal.reporting.tables import sem as tables

__all__ = ["effects"]

_MANY = 0.05  # share of inadmissible replicates that deserves a look


def effects(inputs: Inputs) -> Section | None:
    """Take the effects of each model with paths apart."""
    subjects = [s for s in inputs.subjects if (s.estimates["op"] == "~").any()]
    if not subjects:
        return None
    parts: list[Part] = []
    for i, subject in enumerate(subjects, start=1):
        parts += [Heading(subject.name)] if len(subjects) > 1 else []
        parts += _parts(subject, f"_{i}" if len(subjects) > 1 else "")
    methods = tuple(dict.fromkeys(_method(s) for s in subjects if s.fit.converged))
    cites = ["bollen1987"]
    cites += ["efron1987"] if any(s.boot is not None for s in subjects) else []
    cites += ["sobel1982"] if any(s.boot is None for s in subjects) else []
    return Section("effects", "Effects", tuple(parts), methods, tuple(cites))


def _parts(subject: Subject, suffix: str) -> list[Part]:
    if not subject.fit.converged:
        return [Callout("bad", "No effects are shown", f"{subject.name} did not converge.")]
    try:
        rows, left_out = forest_rows(subject)
        table = tables.effects(subject)
    except FitError as error:
        return [Callout("warn", "Effects could not be taken apart", str(error))]
    parts: list[Part] = []
    if subject.barred:
        parts.append(
            Callout("bad", "Not for claims", f"These numbers are shown for diagnosis only: {subject.barred}")
        )
    if subject.boot is not None and (lost := _lost(subject.boot)):
        parts.append(lost)
    if rows:
        caption = (
            f"Effects in {subject.in_text} with {subject.method}s, by outcome. Open marks and "
            "dashed lines: the interval includes zero. Diamonds: totals and defined effects."
        )
        xlabel = f"Estimate with {subject.method}"
        parts.append(
            Picture(f"effects{suffix}", caption, _describe(rows), partial(draw_forest, rows, xlabel=xlabel))
        )
    if left_out:
        parts.append(Paragraph(f"{left_out} effects along single paths are left out of the figure."))
    if table is not None:
        parts.append(table.with_name(table.name + suffix))
    return parts


def _describe(rows: tuple[ForestRow, ...]) -> str:
    said = [
        f"{r.header}: {r.label} {numbers.number(r.est)} {numbers.interval(*(r.interval or (None, None)))}"
        for r in rows
    ]
    return "Forest plot. " + "; ".join(said) + "."


def _method(subject: Subject) -> str:
    boot = subject.boot
    if boot is None:
        return "Effects have delta-method standard errors and normal-theory 95 % intervals."
    counts = ", ".join(f"{numbers.count(float(v))} {k}" for k, v in boot.counts.items())
    seed = "without a fixed seed" if boot.seed is None else f"with seed {boot.seed}"
    return (
        "Intervals are bias-corrected and accelerated (BCa) bootstrap intervals from "
        f"{numbers.count(boot.replicates)} "
        f"replicates {seed}" + (f" ({counts})." if counts else ".")
    )


def _lost(boot: Bootstrap) -> Callout | None:
    """Say when replicates failed or are inadmissible; they are counted, never dropped in silence."""
    counts = boot.counts
    said = []
    if counts["failed"]:
        share = numbers.percent(counts["failed"] / counts["requested"])
        said.append(
            f"{numbers.count(counts['failed'])} of {numbers.count(counts['requested'])} replicates "
            f"({share}) did "
            "not converge and are in no interval."
        )
    if counts["inadmissible"]:
        share = numbers.percent(counts["inadmissible"] / max(counts["used"], 1))
        said.append(
            f"{numbers.count(counts['inadmissible'])} of those used ({share}) have a negative variance or a "
            "correlation beyond ±1; they are kept, for leaving them out would make intervals too narrow."
        )
    if not said:
        return None
    many = counts["failed"] or counts["inadmissible"] > _MANY * counts["used"]
    mood: Mood = "bad" if not boot.converged else "warn" if many else "info"
    return Callout(mood, "What became of the replicates", " ".join(said))
