"""Structural-after-measurement fits: each measurement by itself, then what was measured is related."""

from __future__ import annotations

from functools import partial

from matplotlib.figure import Figure

from satloyal.models.sem.sam import Sam
from satloyal.reporting import numbers
from satloyal.reporting.figures.from_fits import graph_of
from satloyal.reporting.figures.paths import draw_paths
from satloyal.reporting.inputs import Inputs, Subject
from satloyal.reporting.judging import judge_subject
from satloyal.reporting.kind import Kind, fit_barred
from satloyal.reporting.parts import Paragraph, Part, Picture, Verdicts
from satloyal.reporting.table import Cell, Column, Table, Tone, Value
from satloyal.reporting.tables import sem as sem_tables
from satloyal.reporting.tables.cells import value_cell
from satloyal.reporting.terms import listed

__all__ = ["SAM"]

_WEAK = 0.6


def _parts(found: Sam, suffix: str) -> list[Part]:
    blocks = _blocks(found, f"sam_blocks{suffix}")
    if found.structural is None or not found.converged:
        why = found.reason or "the structural part has no minimum"
        return [Paragraph(f"No path is shown: {why}.", lead=True), blocks]
    subject = _subject(found)
    graph = graph_of(subject)
    caption = (
        "Structural part, fitted to the latent moments. Numbers are estimates with standardised estimates in "
        "parentheses; a star marks a 95 % interval that excludes zero."
    )
    made = [sem_tables.paths(subject), sem_tables.covariances(subject)]
    return [
        Paragraph(_verdict(found), lead=True),
        Verdicts(tuple(judge_subject(subject, Inputs()))),
        *([Paragraph(_products(found.structural.products))] if found.structural.products else []),
        blocks,
        Picture(f"sam{suffix}", caption, graph.describe(), partial(_figure, found)),
        *(t.with_name(f"sam_{t.name}{suffix}") for t in made if t is not None),
    ]


def _products(names: tuple[str, ...]) -> str:
    """Say how to read the paths of products."""
    text = "Effects of constructs that stand in a product are those where all constructs are at their means."
    for name in names:
        a, b = name.split(":")
        if a == b:
            text += f" The effect of {a} changes by twice the estimate of {name} for one more {a}."
        else:
            text += (
                f" The effect of {a} changes by the estimate of {name} for one more {b}, and so does that of "
                f"{b} for one more {a}."
            )
    return text


def _subject(found: Sam) -> Subject:
    assert found.structural is not None  # noqa: S101 - callers ask only where there is one
    return Subject(found.structural, None, "The structural part", fit_barred(found))


def _verdict(found: Sam) -> str:
    if fit_barred(found):
        return f"No claim is made from the paths: {fit_barred(found)}"
    least = found.reliability.idxmin() if len(found.reliability) else None
    fit = found.structural
    assert fit is not None  # noqa: S101 - it converged
    text = f"{len(found.blocks)} measurement blocks were fitted by themselves"
    if least is not None:
        value = numbers.number(float(found.reliability.min()), bounded=True)
        text += f"; the least reliable factor is {least} ({value})"
    return f"{text}. What relates them: {fit.headline()}"


def _blocks(found: Sam, name: str) -> Table:
    columns = [
        Column("block", "Measured together"),
        Column("chisq", "χ²", "number"),
        Column("df", "df", "int"),
        Column("cfi", "CFI", "bounded", 3),
        Column("srmr", "SRMR", "bounded", 3),
        Column("reliability", "Reliability", "bounded"),
        Column("state", "Usable"),
    ]
    rows: list[list[Cell | Value]] = []
    for block in found.blocks:
        g = block.glance()
        why = (
            "the block did not converge"
            if not block.converged
            else "a block without degrees of freedom fits any data"
        )
        test = [value_cell(g[k] if block.df else None, why) for k in ("chisq", "df", "cfi", "srmr")]
        own = [float(found.reliability[f]) for f in block.table.latent if f in found.reliability.index]
        least = min(own) if own else float("nan")
        tone: Tone = "warn" if numbers.defined(least) and least < _WEAK else ""
        cell = value_cell(least, "nothing was mapped")
        good = block.converged and block.admissible
        rows.append(
            [
                listed(block.table.latent), *test, Cell(cell.value, tone, cell.reason),
                Cell("yes", "good") if good else Cell("no", "bad"),
            ]
        )  # fmt: skip
    note = "Reliability: variance of the factor over that of its mapped items; of several factors the least."
    return Table.build(name, "Measurement, block by block", columns, rows, (note,))


def _figure(found: Sam) -> Figure:
    return draw_paths(graph_of(_subject(found)))


def _with_products(found: Sam) -> bool:
    return found.structural is not None and bool(found.structural.products)


def _methods(found: Sam) -> tuple[str, ...]:
    start = (
        "Local structural-after-measurement estimation: the measurement blocks were fitted by maximum "
        "likelihood, then the structural part to the latent moments they imply, with "
    )
    if found.structural is None or not found.structural.untested:
        end = "two-step standard errors; test and fit indices are those of the structural part."
        return (f"{start}{end}",)
    out = [f"{start}robust two-step standard errors from each row's influence on both steps."]
    if _with_products(found):
        out.append(
            "Moments of products of constructs were corrected for measurement error, taken as normal, up to "
            "fourth order; constructs are centred."
        )
    return tuple(out)


SAM = Kind(
    type=Sam,
    key="sam",
    title="Structure after measurement",
    noun=lambda found: "Structural-after-measurement fit",
    parts=_parts,
    methods=_methods,
    cites=lambda found: ("rosseel_loh2022", *(("wall_amemiya2000",) if _with_products(found) else ())),
    figures={"paths": _figure},
    drawable=lambda found: ("paths",) if found.converged else (),
)
"""Structural-after-measurement fits."""
