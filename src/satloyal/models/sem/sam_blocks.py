"""Splitting a model into measurement blocks and a structural part."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import TYPE_CHECKING

from satloyal.errors import FitError
from satloyal.spec.parameter import Parameter
from satloyal.spec.source import nearest
from satloyal.spec.text import table_text

if TYPE_CHECKING:
    from satloyal.spec.table import ParameterTable

__all__ = ["Block", "split", "structural_rows"]


@dataclass(frozen=True)
class Block:
    """Factors that are measured together.

    Parameters
    ----------
    latent : tuple of str
    text : str
        Model text in which nothing is left to defaults: loadings and residuals as in the whole model, the
        factors free to vary and covary.
    items : tuple of str
    """

    latent: tuple[str, ...]
    text: str
    items: tuple[str, ...] = ()


def split(table: ParameterTable, blocks: Sequence[Sequence[str]] | None) -> tuple[Block, ...]:
    """Split the measurement part of a table.

    Parameters
    ----------
    table : ParameterTable
        Of one group.
    blocks : sequence of sequences of str, optional
        Factors to measure together, beside those that must be.

    Raises
    ------
    FitError
        What has no measurement part of its own, and unknown names.
    """
    _check(table)
    join = {name: {name} for name in table.latent}
    for names in _together(table, blocks):
        union = set().union(*(join[name] for name in names))
        for name in union:
            join[name] = union
    done: list[set[str]] = []
    for name in table.latent:
        if join[name] not in done:
            done.append(join[name])
    return tuple(_block(table, [f for f in table.latent if f in names]) for names in done)


def _check(table: ParameterTable) -> None:
    latent = set(table.latent)
    items = {i for names in table.indicators.values() for i in names}
    if not latent:
        raise FitError("the model has no constructs to measure", where="fit_sam", fix="use fit_sem")
    if table.composites:
        raise FitError(f"{table.composites[0]} is a composite", where="fit_sam", fix="use fit_sem")
    if table.meanstructure:
        raise FitError("the model has means, and this is for covariances", where="fit_sam", fix="use fit_sem")
    if table.constraints:
        raise FitError("the model has constraints", where="fit_sam", fix="use labels, or fit_sem")
    higher = [r for r in table.parameters if r.op == "=~" and r.rhs in latent]
    if higher:
        raise FitError(f"{higher[0].lhs} is measured by the construct {higher[0].rhs}", where="fit_sam",
                       fix="use fit_sem for factors of factors")  # fmt: skip
    mixed = [r for r in table.parameters if r.op == "~" and {r.lhs, r.rhs} & items]
    if mixed:
        raise FitError(f"the path {mixed[0].lhs} ~ {mixed[0].rhs} has an item at one end", where="fit_sam",
                       fix="use fit_sem")  # fmt: skip
    crossing = [r for r in table.parameters if r.op == "~~" and len({r.lhs, r.rhs} & items) == 1
                and r.lhs != r.rhs]  # fmt: skip
    if crossing:
        raise FitError(f"{crossing[0].lhs} ~~ {crossing[0].rhs} joins an item with what is no item",
                       where="fit_sam", fix="use fit_sem")  # fmt: skip
    inside = {r.label for r in table.parameters if r.label and _measures(r, items)}
    outside = {r.label for r in table.parameters if r.label and not _measures(r, items)}
    if inside & outside:
        raise FitError(f"the label {min(inside & outside)!r} stands in both steps", where="fit_sam",
                       fix="the steps are fitted apart: use two labels")  # fmt: skip


def _measures(row: Parameter, items: set[str]) -> bool:
    return row.op == "=~" or (row.op == "~~" and bool({row.lhs, row.rhs} & items))


def _together(table: ParameterTable, blocks: Sequence[Sequence[str]] | None) -> list[set[str]]:
    """Return sets of factors that cannot be measured apart, or shall not."""
    owners: dict[str, set[str]] = {}
    labels: dict[str, set[str]] = {}
    for row in table.parameters:
        if row.op == "=~":
            owners.setdefault(row.rhs, set()).add(row.lhs)
    for row in table.parameters:
        if row.label and row.op == "=~":
            labels.setdefault(row.label, set()).add(row.lhs)
        elif row.label and row.op == "~~" and row.lhs in owners:
            labels.setdefault(row.label, set()).update(owners[row.lhs])
    out = [*owners.values(), *labels.values()]
    out += [
        owners[r.lhs] | owners[r.rhs]
        for r in table.parameters
        if r.op == "~~" and r.lhs in owners and r.rhs in owners and (r.free or r.value)
    ]
    for names in blocks or ():
        given = {names} if isinstance(names, str) else set(names)
        unknown = given - set(table.latent)
        if unknown:
            near = nearest(min(unknown), table.latent)
            fix = f"did you mean '{near}'?" if near else "name constructs of the model"
            raise FitError(f"{min(unknown)!r} is no construct of the model", where="blocks=", fix=fix)
        out.append(given)
    return [names for names in out if names]


def _block(table: ParameterTable, latent: list[str]) -> Block:
    items = {r.rhs for r in table.parameters if r.op == "=~" and r.lhs in latent}
    rows = [r for r in table.parameters if r.op == "=~" and r.lhs in latent]
    rows += [r for r in table.parameters if r.op == "~~" and {r.lhs, r.rhs} <= items]
    rows += [Parameter(f, "~~", f, free=1) for f in latent]
    rows += [Parameter(a, "~~", b, free=1) for a, b in combinations(latent, 2)]
    order = tuple(name for name in table.observed if name in items)
    return Block(tuple(latent), table_text(tuple(rows), 1), order)


def structural_rows(table: ParameterTable) -> tuple[Parameter, ...]:
    """Return the rows of the structural part, with the definitions that use nothing else."""
    items = {i for names in table.indicators.values() for i in names}
    rows = [r for r in table.parameters if not _measures(r, items)]
    known = {r.label for r in rows if r.label}
    for row in table.definitions:
        if row.expression is not None and set(row.expression.names()) <= known:
            rows.append(replace(row))
            known.add(row.lhs)
    return tuple(rows)
