"""Interactions: how the effect of one construct depends on another, and where it is there at all."""

from __future__ import annotations

from functools import partial

import numpy as np
from matplotlib.figure import Figure

from satloyal.models.sem.interaction import LatentInteraction
from satloyal.reporting import numbers
from satloyal.reporting.figures.probe import draw_johnson_neyman
from satloyal.reporting.kind import Kind
from satloyal.reporting.parts import Paragraph, Part, Picture
from satloyal.reporting.rows import each_row
from satloyal.reporting.table import Cell, Column, Table, undefined
from satloyal.reporting.tables.cells import pair, value_cell

__all__ = ["INTERACTION"]

_REACH = 3.0


def _parts(found: LatentInteraction, suffix: str) -> list[Part]:
    if not found.fit.converged:
        return [Paragraph("The model did not converge, so nothing is said about this interaction.")]
    stretches = found.johnson_neyman(reach=_REACH)
    parts: list[Part] = [Paragraph(_verdict(found), lead=True), _effect(found, f"interaction{suffix}")]
    if len(stretches):
        said = _where(found)
        caption = (
            f"Effect of {found.focal} on {found.outcome} over {found.moderator}, with 95 % band. "
            "Dashed: where "
            "it begins or ceases to differ from zero (Johnson-Neyman); shaded: where it does."
        )
        parts += [Paragraph(said), Picture(f"johnson_neyman{suffix}", caption, said, partial(_figure, found))]
    return [*parts, _slopes(found, f"simple_slopes{suffix}")]


def _verdict(found: LatentInteraction) -> str:
    row = list(each_row(found.effect()))[-1]
    ends = pair(row)
    figures = (
        f"{numbers.number(row.est)}, 95 % interval {numbers.interval(*(ends or (None, None)))}, standardised "
        f"{numbers.number(row.std, bounded=True)}"
    )
    if found.quadratic:
        what = f"the effect of {found.focal} on {found.outcome} along its own scale"
    else:
        what = f"the effect of {found.focal} on {found.outcome} with more {found.moderator}"
    if ends is None:
        return f"Whether {what} changes cannot be said: there is no interval."
    if ends[0] <= 0 <= ends[1]:
        return f"The data do not settle whether {what} changes: {figures}. The interval includes zero."
    return f"{what[0].upper()}{what[1:]} becomes {'larger' if row.est > 0 else 'smaller'}: {figures}."


def _where(found: LatentInteraction) -> str:
    """Say on which stretches the effect is there."""
    sd = f"standard deviations of {found.moderator} from its mean"
    said = []
    for row in each_row(found.johnson_neyman(reach=_REACH)):
        low = "" if row.lower_sd <= -_REACH else numbers.number(row.lower_sd)
        high = "" if row.upper_sd >= _REACH else numbers.number(row.upper_sd)
        kind = ("positive" if row.sign > 0 else "negative") if row.significant else "not settled"
        if not low and not high:
            return f"The effect of {found.focal} is {kind} within {_REACH:.0f} {sd} on either side."
        span = f"below {high}" if not low else f"above {low}" if not high else f"from {low} to {high}"
        said.append(f"{kind} {span}")
    return f"The effect of {found.focal} on {found.outcome} is {', '.join(said)} ({sd})."


def _effect(found: LatentInteraction, name: str) -> Table:
    columns = [
        Column("term", "Term"),
        Column("est", "Estimate", "number", 3),
        Column("se", "SE", "number", 3),
        Column("ci", "95 % interval", "interval", 3),
        Column("pvalue", "p", "p"),
        Column("std", "Std.", "bounded"),
    ]
    words = {
        found.product: f"{found.focal} × {found.moderator}" if not found.quadratic else f"{found.focal}²"
    }
    rows = [
        [
            words.get(r.term, r.term), value_cell(r.est, "undefined"), value_cell(r.se, "undefined"),
            _ends(r), value_cell(r.pvalue, "undefined"), value_cell(r.std, "undefined"),
        ]
        for r in each_row(found.effect())
    ]  # fmt: skip
    note = "Std. of the product is in standard deviations of the two constructs, not of their product."
    return Table.build(name, f"What {found.outcome} depends on", columns, rows, (note,))


def _slopes(found: LatentInteraction, name: str) -> Table:
    columns = [
        Column("at", f"{found.moderator}, SD from mean", "number", 1),
        Column("est", f"Effect of {found.focal}", "number", 3),
        Column("ci", "95 % interval", "interval", 3),
        Column("pvalue", "p", "p"),
    ]
    rows = [
        [Cell(float(r.at)), value_cell(r.est, "undefined"), _ends(r), value_cell(r.pvalue, "undefined")]
        for r in each_row(found.slopes())
    ]
    return Table.build(name, "Simple slopes", columns, rows)


def _ends(row: object) -> Cell:
    found = pair(row)
    return Cell(found) if found is not None else undefined("no standard error")


def _figure(found: LatentInteraction) -> Figure:
    slopes = found.slopes(np.linspace(-_REACH, _REACH, 121).tolist())
    return draw_johnson_neyman(
        slopes, found.johnson_neyman(reach=_REACH),
        x=f"{found.moderator}, in standard deviations from its mean",
        y=f"Effect of {found.focal} on {found.outcome}",
    )  # fmt: skip


def _barred(found: LatentInteraction) -> str:
    fit = found.fit
    return fit.headline() if not fit.converged or not fit.admissible or fit.failed_checks() else ""


INTERACTION = Kind(
    type=LatentInteraction,
    key="interaction",
    title="Where the effect depends on something else",
    noun=lambda found: f"{found.focal} by {found.moderator} on {found.outcome}",
    parts=_parts,
    headline=lambda found: found.fit.headline() if not found.fit.converged else _verdict(found),
    barred=_barred,
    methods=lambda found: (
        "The standardised effect of the product is that of Wen, Marsh and Hau; the regions of "
        "significance are "
        "those of Johnson and Neyman, with delta-method standard errors.",
    ),
    cites=lambda found: ("wen2010", "bauer_curran2005"),
    figures={"johnson_neyman": _figure},
    drawable=lambda found: ("johnson_neyman",) if len(found.johnson_neyman()) else (),
)
"""Latent interactions and quadratics, probed."""
