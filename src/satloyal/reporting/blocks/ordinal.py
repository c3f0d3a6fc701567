"""Ordinal items: where their categories lie on the latent response, and how those responses go together."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from satloyal.models.sem.result import SemFit
from satloyal.reporting import numbers
from satloyal.reporting.inputs import Inputs
from satloyal.reporting.parts import Heading, Paragraph, Part, Section
from satloyal.reporting.table import Cell, Column, Table, Value
from satloyal.reporting.tables.cells import value_cell
from satloyal.reporting.terms import listed

if TYPE_CHECKING:
    from satloyal.core.ordinal_moments import OrdinalMoments

__all__ = ["ordinal"]

_MOST = 16  # variables of a triangle of correlations that fits a page
_RARE = 0.01


def ordinal(inputs: Inputs) -> Section | None:
    """Show thresholds and correlations of each model of ordinal items."""
    subjects = [s for s in inputs.subjects if s.fit.input.ordinal is not None]
    parts: list[Part] = []
    for i, subject in enumerate(subjects, start=1):
        suffix = f"_{i}" if len(subjects) > 1 else ""
        parts += [Heading(subject.name)] if suffix else []
        parts += _parts(subject.fit, suffix)
    if not parts:
        return None
    method = (
        "Ordinal items were taken as latent responses cut at thresholds: thresholds and polychoric "
        "correlations "
        "(polyserial with continuous variables) were estimated in two steps, and the model was fitted "
        "to them."
    )
    return Section("ordinal", "Ordinal items", tuple(parts), (method,), ("olsson1979", "muthen1984"))


def _parts(fit: SemFit, suffix: str) -> list[Part]:
    parts: list[Part] = [Paragraph(_verdict(fit), lead=True), _thresholds(fit, f"thresholds{suffix}")]
    assert fit.input.ordinal is not None  # noqa: S101 - asked for fits of ordinal items only
    for g, label in enumerate(fit.group_labels):
        if len(fit.sample.names) <= _MOST:
            several = fit.ngroups > 1
            parts.append(
                _correlations(
                    fit, g, f"polychorics{suffix}{f'_g{g + 1}' if several else ''}", label if several else ""
                )
            )
    if len(fit.sample.names) > _MOST:
        parts.append(
            Paragraph(f"The correlations of {len(fit.sample.names)} variables are left out of the page.")
        )
    return parts


def _verdict(fit: SemFit) -> str:
    assert fit.input.ordinal is not None  # noqa: S101 - asked for fits of ordinal items only
    groups = fit.input.ordinal.groups
    items = [n for n, is_ordered in zip(groups[0].names, groups[0].ordered, strict=True) if is_ordered]
    sizes = sorted({len(c) for g in groups for c, o in zip(g.categories, g.ordered, strict=True) if o})
    many = f"{sizes[0]}" if len(sizes) == 1 else f"{sizes[0]} to {sizes[-1]}"
    first = groups[0].correlation
    lower = first[np.tril_indices(len(first), -1)]
    text = f"{len(items)} items with {many} categories are treated as ordinal"
    beside = len(groups[0].names) - len(items)
    text += f", {beside} other variables as continuous" if beside else ""
    text += (
        (
            ". Correlations of the latent responses range from "
            f"{numbers.number(float(lower.min()), bounded=True)} to "
            f"{numbers.number(float(lower.max()), bounded=True)}."
        )
        if len(lower)
        else "."
    )
    pairs = [f"{a} and {b}" for g in groups for a, b in g.separated]
    if pairs:
        text += (
            f" Answers separate for {listed(pairs)}: these correlations stand at their bound and have "
            "no standard error."
        )
    rare = sorted({item for g in groups for item, least in _rarest(g) if least < _RARE})
    if rare:
        text += (
            f" Less than {numbers.percent(_RARE, 0)} chose some category of {listed(rare)}: "
            "thresholds there are loosely known."
        )
    return text


def _rarest(group: OrdinalMoments) -> list[tuple[str, float]]:
    """Return each ordinal item with the share of its rarest category."""
    out = []
    for v, name in enumerate(group.names):
        if group.ordered[v]:
            shares = np.bincount(group.coded.codes[:, v], group.weights, int(group.layout.sizes[v]))
            out.append((str(name), float(shares.min() / shares.sum())))
    return out


def _thresholds(fit: SemFit, name: str) -> Table:
    """Sample thresholds of every item; those of the model are among its estimates."""
    assert fit.input.ordinal is not None  # noqa: S101 - asked for fits of ordinal items only
    groups = fit.input.ordinal.groups
    several = len(groups) > 1
    width = max(len(t) for g in groups for t in g.thresholds)
    columns = [Column("group", "Group")] if several else []
    columns += [Column("item", "Item"), Column("categories", "Categories", "int")]
    columns += [Column(f"t{k}", str(k), "number") for k in range(1, width + 1)]
    rows: list[list[Cell | Value]] = []
    for g in groups:
        for item, levels, cuts in zip(g.names, g.categories, g.thresholds, strict=True):
            if not len(cuts):
                continue
            head: list[Cell | Value] = [g.label] if several else []
            shown: list[Cell | Value] = [value_cell(float(c), "no answer beyond it") for c in cuts]
            rows.append([*head, item, len(levels), *shown, *[""] * (width - len(cuts))])
    given = groups[0].layout.covariates
    note = (
        "Threshold k lies between the categories k and k + 1, in standard deviations of the latent response; "
        "far apart thresholds mean a category that many chose."
        + (f" They are those where {', '.join(given)} is zero, of what is left given it." if given else "")
    )
    return Table.build(name, "Thresholds of the items", columns, rows, (note,))


def _correlations(fit: SemFit, group: int, name: str, label: str) -> Table:
    assert fit.input.ordinal is not None  # noqa: S101 - asked for fits of ordinal items only
    found = fit.input.ordinal.groups[group]
    names = found.names
    columns = [Column("variable", "Variable"), *(Column(n, n, "bounded") for n in names[:-1])]
    rows: list[list[Cell | Value]] = []
    for i in range(1, len(names)):
        cells: list[Cell | Value] = [names[i]]
        for j in range(len(names) - 1):
            bad = j < i and bool(found.at_bound[i, j])
            cells.append("" if j >= i else Cell(float(found.correlation[i, j]), "warn" if bad else ""))
        rows.append(cells)
    given = found.layout.covariates
    caption = "Polychoric correlations" + (f", group {label}" if label else "")
    note = (f"Of what is left given {', '.join(given)}.",) if given else ()
    return Table.build(name, caption, columns, rows, note)
