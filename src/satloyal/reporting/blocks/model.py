"""The model: the path diagram with its estimates, and how well it fits."""

from __future__ import annotations

from functools import partial

from satloyal.reporting.estimation import estimation_cites, told
from satloyal.reporting.figures.from_fits import graph_of
from satloyal.reporting.figures.paths import draw_paths
from satloyal.reporting.inputs import Inputs, Subject
from satloyal.reporting.parts import Heading, Part, Picture, Section
from satloyal.reporting.tables import sem as tables

__all__ = ["model"]


def model(inputs: Inputs) -> Section | None:
    """Draw each model, a diagram a group, beside its fit measures."""
    if not inputs.subjects:
        return None
    parts: list[Part] = []
    methods: list[str] = []
    for i, subject in enumerate(inputs.subjects, start=1):
        suffix = f"_{i}" if len(inputs.subjects) > 1 else ""
        parts += [Heading(subject.name)] if suffix else []
        groups = range(1, subject.fit.ngroups + 1)
        parts += [
            _picture(subject, g, inputs.items, f"paths{suffix}{f'_g{g}' if len(groups) > 1 else ''}")
            for g in groups
        ]
        measures = tables.fit_measures(subject)
        parts.append(measures.with_name(measures.name + suffix))
        methods.append(f"{subject.at_start} {told(subject.fit)}")
    more = tuple(key for s in inputs.subjects for key in estimation_cites(s.fit))
    cites = ("bollen1989", "hu_bentler1999", "bentler1990", "tucker_lewis1973", "steiger1990", "kline2016")
    return Section("model", "The model", tuple(parts), tuple(methods), (*cites, *more))


def _picture(subject: Subject, group: int, items: bool, name: str) -> Picture:
    graph = graph_of(subject, group=group)
    pure = not graph.arrows  # a measurement model without its items would be bare
    label = subject.group_label(group)
    where = f", group {label}" if label else ""
    caption = f"{subject.name}{where}. " + (
        "Numbers are estimates with standardised estimates in parentheses; a star marks a 95 % "
        "interval that excludes "
        "zero, a dashed line one that includes it. Lines are as wide as the standardised estimate is strong."
        if subject.fit.converged
        else "The fit did not converge, so only the structure is shown."
    )
    return Picture(name, caption, graph.describe(), partial(draw_paths, graph, items=items or pure))
