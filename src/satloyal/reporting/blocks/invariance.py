"""Invariance: whether the groups mean the same by their answers, and what may be compared then."""

from __future__ import annotations

from functools import partial

import pandas as pd

from satloyal.models.sem.invariance_result import Invariance
from satloyal.models.sem.invariance_rules import SOURCES
from satloyal.reporting import numbers
from satloyal.reporting.figures.forest import ForestRow, draw_forest
from satloyal.reporting.figures.steps import StepChange, draw_steps
from satloyal.reporting.kind import Kind
from satloyal.reporting.parts import Bullets, Callout, Paragraph, Part, Picture
from satloyal.reporting.rows import each_row
from satloyal.reporting.tables import invariance as tables
from satloyal.reporting.tables.cells import pair
from satloyal.reporting.terms import in_words, listed

__all__ = ["INVARIANCE"]

_CITES = {"chen2007": "chen2007", "cheung_rensvold2002": "cheung_rensvold2002", "chisq": "joreskog1971"}


def _parts(found: Invariance, suffix: str) -> list[Part]:
    parts: list[Part] = [Paragraph(_verdict(found), lead=True), tables.steps(found, f"invariance{suffix}")]
    made = _changes(found)
    if made:
        parts += [tables.changes(found, f"invariance_changes{suffix}"), _picture(found, made, suffix)]
    parts.append(Bullets(tuple(_reasons(found)), "Why"))
    parts += _partial(found, suffix)
    return [*parts, *_means(found, suffix), *_paths(found, suffix)]


def _verdict(found: Invariance) -> str:
    """Say first what may be compared, then up to where the steps hold."""
    where = f" of {found.group}" if found.group else ""
    groups = f"the {len(found.labels)} groups{where} ({listed(found.labels)})"
    if not found.held:
        first = found.steps[0]
        return (
            f"The groups{where} cannot be compared: already the {first.name} step is {first.verdict.word}. "
            f"Nothing is said about differences between {groups}."
        )
    kinds = {kind for step in found.held for kind in step.equal}
    if "intercepts" in kinds:
        may = f"Paths and latent means of {groups} may be compared"
    elif "loadings" in kinds:
        may = f"Paths of {groups} may be compared, their means may not"
    else:
        may = f"Neither paths nor means of {groups} may be compared"
    part = "partial " if found.partial and found.held[-1].equal else ""
    doubt = [s.name for s in found.held if s.verdict.word == "inconclusive"]
    text = f"{may}: invariance holds up to the {part}{found.level} level"
    if doubt:
        steps = f"step{'s are' if len(doubt) > 1 else ' is'}"
        text += f", though the {listed(doubt)} {steps} inconclusive"
    failed = next((s for s in found.steps if s.stops), None)
    return f"{text}; {failed.name} invariance is {failed.verdict.word}." if failed is not None else f"{text}."


def _reasons(found: Invariance) -> list[str]:
    out = []
    for step in found.steps:
        v = step.verdict
        source = f" ({v.source})" if v.source else ""
        out.append(f"{step.name.capitalize()}: {v.word}. {v.reason[:1].upper()}{v.reason[1:]}.{source}")
    return out


def _changes(found: Invariance) -> list[StepChange]:
    out = []
    for step, row in zip(found.steps, each_row(found.tidy()), strict=True):
        if step.change is None:
            continue
        changes = {k: _known(getattr(row, f"delta_{k}")) for k in ("cfi", "rmsea", "srmr")}
        limits = {k: _known(getattr(row, f"limit_{k}")) for k in ("cfi", "rmsea", "srmr")}
        out.append(StepChange(step.name, step.verdict.word, changes, limits))
    return out


def _known(value: float) -> float | None:
    return float(value) if numbers.defined(value) else None


def _picture(found: Invariance, made: list[StepChange], suffix: str) -> Picture:
    said = "; ".join(
        f"{s.label} ({s.verdict}): "
        + ", ".join(f"{k.upper()} {numbers.number(v, 3, bounded=True)}" for k, v in s.changes.items())
        for s in made
    )
    caption = (
        "What each step costs: change of fit from the step before. The shade is what the rule allows, "
        "its edge "
        "the limit; a cross lies beyond it. Green: the step is supported; red: it is not; orange: undecided."
    )
    return Picture(f"invariance{suffix}", caption, f"Changes of fit. {said}.", partial(draw_steps, made))


def _partial(found: Invariance, suffix: str) -> list[Part]:
    parts: list[Part] = []
    if found.partial:
        free = listed(f"the {in_words(p)}" for p in found.partial)
        text = (
            f"Free in every step: {free}. What was let free after a look at these data needs another sample "
            "to stand on."
        )
        parts.append(Callout("info", "Partial invariance", text))
    one = found.suggestion
    if one is not None:
        free = listed(f"the {in_words(p)}" for p in one.parameters)
        if not one.parameters:
            text = f"No parameter of the {one.step} step can be let go and leave two equal items a construct."
            parts.append(Callout("warn", "No partial invariance", text))
        elif one.holds:
            text = (
                f"With {free} free the {one.step} step holds in part. To compare on that footing, test again "
                f"with partial={list(one.parameters)!r}; it was found by looking at these data, so another "
                "sample has to bear it out."
            )
            parts.append(Callout("info", "A way out: partial invariance", text))
        else:
            text = f"Even with {free} free the {one.step} step is {one.reached.verdict.word}."
            parts.append(Callout("warn", "No partial invariance", text))
    table = tables.proposals(found, f"invariance_proposals{suffix}")
    return [*parts, table] if table is not None else parts


def _means(found: Invariance, suffix: str) -> list[Part]:
    frame = found.latent_means()
    if frame.empty:
        return []
    if frame["est"].isna().all():
        return [Callout("warn", "Latent means are not compared", _why(frame))]
    rows = mean_rows(frame)
    said = "; ".join(f"{r.header}: {r.label} {_d(r)}" for r in rows)
    caption = (
        "Latent means: how far each group lies from the one it is compared with, in pooled latent standard "
        "deviations with 95 % interval. Open marks and dashed lines: the interval includes zero."
    )
    draw = partial(draw_forest, rows, xlabel="Difference d with 95 % interval")
    return [
        Paragraph(_mean_sentence(frame)),
        Picture(f"latent_means{suffix}", caption, f"Latent means. {said}.", draw),
        tables.latent_means(frame, f"latent_means{suffix}"),
    ]


def _why(frame: pd.DataFrame) -> str:
    """Return why nothing is compared, without what the heading says already."""
    text = str(frame["reason"].iloc[0]).rpartition(": ")[2]
    return f"{text[:1].upper()}{text[1:]}."


def mean_rows(frame: pd.DataFrame) -> tuple[ForestRow, ...]:
    """Return one row a construct and group for a forest plot of standardised differences."""
    return tuple(
        ForestRow(
            f"{row.group} − {row.reference}", _known(row.d), pair(row, "d_ci_lower", "d_ci_upper"),
            header=str(row.construct),
        )
        for row in each_row(frame)
    )  # fmt: skip


def _d(row: ForestRow) -> str:
    return f"{numbers.number(row.est)} {numbers.interval(*(row.interval or (None, None)))}"


def _mean_sentence(frame: pd.DataFrame) -> str:
    known = [row for row in each_row(frame) if numbers.defined(row.ci_lower)]
    apart = [row for row in known if row.ci_lower > 0 or row.ci_upper < 0]
    if not apart:
        return "No latent mean differs between the groups beyond what sampling explains."
    said = [
        f"{row.group} lies {'above' if row.est > 0 else 'below'} {row.reference} on {row.construct} "
        f"(d = {numbers.number(row.d)} {numbers.interval(row.d_ci_lower, row.d_ci_upper)})"
        for row in apart
    ]
    rest = len(known) - len(apart)
    more = f" The other {rest} differences include zero." if rest > 1 else ""
    return f"{listed(said, most=8)}.{more or (' The other difference includes zero.' if rest else '')}"


def _paths(found: Invariance, suffix: str) -> list[Part]:
    frame = found.path_differences()
    if frame.empty:
        return []
    if frame["pvalue"].isna().all():
        return [Callout("warn", "Paths of groups are not compared", _why(frame))]
    return [tables.path_differences(frame, f"path_differences{suffix}")]


def _barred(found: Invariance) -> str:
    """Say why nothing may be compared; a step beyond the last that holds may fail without harm."""
    if not found.held:
        return found.headline()
    bad = [s.name for s in found.held if s.fit is not None and not s.fit.admissible]
    if not bad:
        return ""
    which = f"the {listed(bad)} step{'s' if len(bad) > 1 else ''}"
    return f"The fit of {which} is not admissible, so the comparison of fits is doubtful."


def _methods(found: Invariance) -> tuple[str, ...]:
    fit = next(s.fit for s in found.steps if s.fit is not None)
    how = "score tests" if found.suggestion is not None or not found.proposals.empty else ""
    sizes = ", ".join(f"{label} {numbers.count(n)}" for label, n in found.sizes.items())
    text = (
        f"Measurement invariance was tested in {len(found.steps)} steps "
        f"({listed(s.name for s in found.steps)}) "
        f"with the estimator {fit.estimator} (respondents: {sizes}), judged by {SOURCES[found.rule]}."
    )
    text += " Parameters to let free were sought one at a time by score tests." if how else ""
    if fit.table.ordered:
        text += " Thresholds of ordinal items were held equal before the loadings (Wu and Estabrook 2016)."
    return (text,)


def _cites(found: Invariance) -> tuple[str, ...]:
    cites = [_CITES[found.rule], "meredith1993", "hancock2001"]
    cites += (
        ["wu_estabrook2016"] if found.steps[0].fit is not None and found.steps[0].fit.table.ordered else []
    )
    cites += ["byrne1989"] if found.suggestion is not None or found.partial else []
    return tuple(cites)


def _drawable(found: Invariance) -> tuple[str, ...]:
    names = ("steps",) if _changes(found) else ()
    return (*names, "latent_means") if found.latent_means()["est"].notna().any() else names


INVARIANCE = Kind(
    type=Invariance,
    key="invariance",
    title="Do the groups mean the same?",
    noun=lambda found: f"Invariance across {found.group}" if found.group else "Invariance across groups",
    parts=_parts,
    barred=_barred,
    methods=_methods,
    cites=_cites,
    figures={
        "steps": lambda found: draw_steps(_changes(found)),
        "latent_means": lambda found: draw_forest(
            mean_rows(found.latent_means()), xlabel="Difference d with 95 % interval"
        ),
    },
    drawable=_drawable,
)
"""Tests of invariance, step by step."""
