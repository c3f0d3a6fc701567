"""Groups: mean scores side by side. Paths are not compared here: that needs invariance first."""

from __future__ import annotations

from functools import partial

import pandas as pd

from satloyal.reporting import numbers
from satloyal.reporting.figures.groups import draw_groups
from satloyal.reporting.inputs import Inputs
from satloyal.reporting.parts import Part, Picture, Section
from satloyal.reporting.rows import each_row
from satloyal.reporting.tables import survey as tables

__all__ = ["groups"]


def groups(inputs: Inputs) -> Section | None:
    """Compare mean scores over each group column of the survey."""
    survey = inputs.survey
    if survey is None:
        return None
    parts: list[Part] = []
    for i, column in enumerate(survey.groups, start=1):
        made = tables.means_by_group(survey, column)
        if made is None:
            continue
        table, frame = made
        weight = " weighted" if survey.codebook.weight else ""
        caption = (
            f"Mean{weight} scores by {column} with 95 % intervals. The axes start at different places, but "
            "an inch is as many points on all of them."
        )
        parts += [Picture(f"groups_{i}", caption, _describe(frame), partial(draw_groups, frame))]
        parts.append(table.with_name(f"groups_{i}"))
    if not parts:
        return None
    clustered = f", with {survey.codebook.cluster} as clusters" if survey.codebook.cluster else ""
    weighted = f" weighted by {survey.codebook.weight}," if survey.codebook.weight else ""
    method = (
        f"Group means are{weighted} means of construct scores with t intervals from the linearised "
        f"variance{clustered}. "
        "Path coefficients are not compared between groups: that presumes invariance, which was not "
        "tested here."
    )
    return Section("groups", "Groups", tuple(parts), (method,), ("cochran1977",))


def _describe(frame: pd.DataFrame) -> str:
    said = [
        f"{r.construct}, {r.group}: {numbers.number(r.mean)} {numbers.interval(r.ci_lower, r.ci_upper)}"
        for r in each_row(frame)
    ]
    return "Means. " + "; ".join(said) + "."
