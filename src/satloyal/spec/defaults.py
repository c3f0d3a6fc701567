"""Defaults: the rows that a model implies without saying them, and how latent variables get their scale.

The rules are those of lavaan's ``sem()``, ``cfa()`` and ``growth()`` (Rosseel 2012, Journal of Statistical
Software 48(2), and the package's documentation), checked against its parameter tables in
``tests/spec/reference``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations, combinations_with_replacement

from satloyal.spec.drafts import Draft
from satloyal.spec.modifiers import Atom, Modifier
from satloyal.spec.options import Options
from satloyal.spec.roles import Roles
from satloyal.spec.source import Span

__all__ = ["complete"]


def complete(drafts: list[Draft], roles: Roles, options: Options) -> tuple[list[Draft], tuple[str, ...]]:
    """Add the rows that the defaults imply.

    Parameters
    ----------
    drafts : list of Draft
        What the user wrote.
    roles : Roles
        Roles in the user's model.
    options : Options

    Returns
    -------
    drafts : list of Draft
        The user's, then variances of observed and latent variables, covariances of exogenous latent
        variables, residual covariances of terminal variables, moments of covariates, intercepts.
    exogenous : tuple of str
        Covariates whose moments the user did not mention.
    """
    random = {name for d in drafts if d.op in ("~~", "~1") for name in (d.lhs, d.rhs)}
    apart = options.automatic or options.fixed_x  # else they are variables like any other: zeros where silent
    exogenous = tuple(name for name in roles.covariates if apart and name not in random)
    written = {d.key for d in drafts}
    added = [
        draft
        for draft in _implied(roles, exogenous, options)
        if draft.key not in written and (options.automatic or draft.modifiers or draft.fixed_x)
    ]
    return [*_with_markers(drafts, roles, options), *added], exogenous


def _with_markers(drafts: list[Draft], roles: Roles, options: Options) -> list[Draft]:
    """Give each latent variable its scale: by its first loading, or with `std_lv` by its variance."""
    measured = [f for f in roles.latent if f not in roles.composites]
    if options.std_lv:
        scaling = {(f, "~~", f) for f in measured}
    elif "loadings" in options.effect_coding:
        return drafts
    elif options.automatic:
        scaling = {(f, "=~", roles.indicators[f][0]) for f in measured}
    else:
        return drafts
    return [replace(d, marker=True) if d.triple in scaling else d for d in drafts]


def _implied(roles: Roles, exogenous: tuple[str, ...], options: Options) -> Iterator[Draft]:
    yield from _variances(roles, exogenous, options)
    if options.automatic:
        for a, b in combinations(roles.latent_exogenous, 2):
            yield _row(a, "~~", b, 0.0 if options.orthogonal else None)
        for a, b in combinations(roles.terminal, 2):
            apart = options.orthogonal and b in roles.latent  # latent ones come first
            yield _row(a, "~~", b, 0.0 if apart else None)
    for a, b in combinations_with_replacement(exogenous, 2):
        yield Draft(a, "~~", b, origin="default", fixed_x=options.fixed_x)
    if options.meanstructure:
        yield from _intercepts(roles, exogenous, options)


def _variances(roles: Roles, exogenous: tuple[str, ...], options: Options) -> Iterator[Draft]:
    later_groups_free = "loadings" in options.group_equal and "lv.variances" not in options.group_equal
    for name in (*(n for n in roles.observed if n not in exogenous), *roles.latent):
        if name in roles.composites or (options.automatic and name in roles.single_indicators):
            yield _row(name, "~~", name, 0.0)
        elif name in roles.latent and options.std_lv:
            others: Atom = None if later_groups_free else 1.0
            yield _row(name, "~~", name, 1.0, *[others] * (options.groups - 1))
        else:
            yield _row(name, "~~", name, None if options.automatic else 0.0)


def _intercepts(roles: Roles, exogenous: tuple[str, ...], options: Options) -> Iterator[Draft]:
    observed_free, latent_free = options.defaults == "sem", options.defaults == "growth"
    for name in roles.observed:
        if name in exogenous and options.fixed_x:
            yield Draft(name, "~1", "", origin="default", fixed_x=True)
        else:
            yield _row(name, "~1", "", None if observed_free else 0.0)
    later_groups_free = "intercepts" in options.group_equal and "means" not in options.group_equal
    for name in roles.latent:
        if latent_free:
            yield _row(name, "~1", "", None)
        else:
            others: Atom = None if later_groups_free else 0.0
            yield _row(name, "~1", "", 0.0, *[others] * (options.groups - 1))


def _row(lhs: str, op: str, rhs: str, *atoms: Atom) -> Draft:
    """Make a default row: fixed to the numbers, free where None."""
    if all(a is None for a in atoms):
        return Draft(lhs, op, rhs, origin="default")
    return Draft(lhs, op, rhs, (Modifier("value", atoms, Span(0, 0)),), origin="default")
