"""Products of constructs in a structural-after-measurement model: which, and what is written of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from itertools import combinations_with_replacement
from typing import TYPE_CHECKING

from satloyal.errors import FitError
from satloyal.models.sem.sam_blocks import structural_rows
from satloyal.spec.source import nearest
from satloyal.spec.tokens import quote

if TYPE_CHECKING:
    from satloyal.spec.table import ParameterTable

__all__ = ["Pairs", "product_pairs", "with_covariances"]

Pairs = dict[str, tuple[str, str]]
"""Product → its two factors."""


def product_pairs(table: ParameterTable, columns: Collection[str]) -> Pairs:
    """Return the products of a model, checked.

    Parameters
    ----------
    table : ParameterTable
        Of one group.
    columns : collection of str
        Of the data: a column may have a colon in its name.

    Raises
    ------
    FitError
        Products of three, of items or unknown names, twice, elsewhere than as a cause, without their factors
        beside them, or in a loop.
    """
    known = set(columns)
    names = [n for n in table.observed if ":" in n and n not in known]
    pairs: Pairs = {}
    for name in names:
        pairs[name] = _pair(name, table, names)
    if pairs:
        _check_places(table, pairs)
        _check_order(table, pairs)
    return pairs


def _refuse(message: str, fix: str) -> FitError:
    return FitError(message, where="fit_sam", fix=fix)


def _pair(name: str, table: ParameterTable, names: Iterable[str]) -> tuple[str, str]:
    parts = name.split(":")
    if len(parts) != 2:
        raise _refuse(f"{name} is a product of {len(parts)}", "products of two can be estimated here")
    items = {i for group in table.indicators.values() for i in group}
    others = [v for v in (*table.latent, *table.observed) if v not in items and ":" not in v]
    for part in parts:
        if part in items:
            raise _refuse(f"{part} in {name} is an item", "multiply constructs, or observed variables")
        if part not in others:
            near = nearest(part, others)
            raise _refuse(
                f"{part} in {name} is no variable of the structural part",
                f"did you mean '{near}'?" if near else "name its constructs",
            )
    if any(sorted(other.split(":")) == sorted(parts) for other in names if other != name):
        raise _refuse(f"{name} is there twice", "write a product in one order")
    return parts[0], parts[1]


def _check_places(table: ParameterTable, pairs: Pairs) -> None:
    causes: dict[str, set[str]] = {}
    for row in table.parameters:
        if row.op == "~":
            causes.setdefault(row.lhs, set()).add(row.rhs)
        written = row.lhs in pairs or (row.op != "~" and row.rhs in pairs)
        if written and row.origin == "user":
            name = row.lhs if row.lhs in pairs else row.rhs
            raise _refuse(f"the product {name} stands in {row.lhs} {row.op} {row.rhs}",
                          "a product can explain, on the right of '~', and nothing else")  # fmt: skip
    for outcome, into in causes.items():
        for name in into & set(pairs):
            missing = [part for part in pairs[name] if part not in into]
            if missing:
                raise _refuse(
                    f"{outcome} ~ {name} stands without {missing[0]}: what it says would depend on where "
                    f"{missing[0]} is zero", f"add it: {outcome} ~ {missing[0]} + {name}",
                )  # fmt: skip


def _check_order(table: ParameterTable, pairs: Pairs) -> None:
    """Refuse loops: with products on the way their equations are no longer least squares one by one."""
    into: dict[str, set[str]] = {name: set(parts) for name, parts in pairs.items()}
    for row in table.parameters:
        if row.op == "~":
            into.setdefault(row.lhs, set()).add(row.rhs)
    left = dict(into)
    while left:
        free = [name for name, causes in left.items() if not causes & set(left)]
        if not free:
            raise _refuse(f"{', '.join(sorted(left))} are in a loop with a product",
                          "leave the product or the arrow back out")  # fmt: skip
        for name in free:
            del left[name]


def with_covariances(table: ParameterTable, pairs: Pairs) -> str:
    """Return the model's text with covariances of all variables that nothing explains, products among them.

    Parameters
    ----------
    table : ParameterTable
        Of one group.
    pairs : dict of str to tuple of str
        Without any the text stays as it is.
    """
    text = str(table.model)
    if not pairs:
        return text
    rows = structural_rows(table)
    explained = {r.lhs for r in rows if r.op == "~"}
    items = {i for group in table.indicators.values() for i in group}
    free = [n for n in (*table.latent, *table.observed) if n not in items and n not in explained]
    written = {frozenset((r.lhs, r.rhs)) for r in rows if r.op == "~~" and not r.fixed_x}
    lines = [
        f"{quote(a)} ~~ {quote(b)}"
        for a, b in combinations_with_replacement(free, 2)
        if frozenset((a, b)) not in written
    ]
    return "\n".join([text, *lines])
