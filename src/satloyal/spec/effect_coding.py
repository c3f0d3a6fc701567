"""Effect coding: latent variables scaled by what their indicators are on average, not by one of them.

With loadings that average one and intercepts that sum to zero a latent variable has the unit and the mean of
its indicators, weighted by how well each measures it (Little, Slegers & Card 2006, *Structural Equation
Modeling* 13:59-72).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import reduce

from satloyal.spec.drafts import Draft, settle
from satloyal.spec.expand import automatic_label
from satloyal.spec.expression import Binary, Expression, Name, Number
from satloyal.spec.modifiers import Atom, Modifier
from satloyal.spec.options import Options
from satloyal.spec.parameter import Parameter
from satloyal.spec.roles import Roles
from satloyal.spec.source import Source, Span

__all__ = ["effect_coded", "with_free_means"]

_OPS = {"loadings": "=~", "intercepts": "~1"}


def with_free_means(drafts: list[Draft], roles: Roles, source: Source, options: Options) -> list[Draft]:
    """Free the means of latent variables whose indicators' intercepts will sum to zero.

    Parameters
    ----------
    drafts : list of Draft
        All of a model.
    roles : Roles
    source : Source
        The model text.
    options : Options

    Returns
    -------
    list of Draft
        In the same order. A mean that the user wrote stays as written.
    """
    if "intercepts" not in options.effect_coding or not options.meanstructure:
        return drafts
    intercepts = {d.lhs: d for d in drafts if d.op == "~1"}
    measured = {f: roles.indicators[f] for f in roles.latent if f not in roles.composites}
    freed = dict(intercepts)
    for factor, items in _from_below(measured):
        atoms: list[Atom] = []
        for group in range(1, options.groups + 1):
            own = [settle(freed[name], group, options.groups, source) for name in items]
            atoms.append(0.0 if any(s.value is not None for s in own) else None)
        if intercepts[factor].origin == "default":
            said = () if all(a is None for a in atoms) else (Modifier("value", tuple(atoms), Span(0, 0)),)
            freed[factor] = replace(intercepts[factor], modifiers=said)
    return [freed[d.lhs] if d.op == "~1" else d for d in drafts]


def _from_below(measured: Mapping[str, tuple[str, ...]]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield latent variables after those that measure them; a circle as it stands."""
    left = dict(measured)
    while left:
        ready = [f for f, items in left.items() if not set(items) & left.keys()] or list(left)
        for factor in ready:
            yield factor, left.pop(factor)


def effect_coded(
    rows: tuple[Parameter, ...], roles: Roles, options: Options
) -> tuple[tuple[Parameter, ...], tuple[Parameter, ...]]:
    """Write the constraints of effect coding.

    Parameters
    ----------
    rows : tuple of Parameter
        Parameters of all groups.
    roles : Roles
    options : Options

    Returns
    -------
    rows : tuple of Parameter
        The same, those with a label that stand in a constraint and had none.
    constraints : tuple of Parameter
        One a latent variable and kind, in each group, none where the user fixed one of its parameters, and
        none in a group that has some of them in common with an earlier one, which gives it the scale: a
        constraint more would take back what partial invariance lets go. The same only once.
    """
    known = {r.label for r in rows}
    labelled = list(rows)
    written: dict[str, Parameter] = {}
    scaled: dict[tuple[str, float], set[str]] = {}
    for factor, places, total in _sums(rows, roles, options):
        before = scaled.setdefault((factor, total), set())
        own = {rows[i].label for i in places}
        if before & own and not own <= before:
            continue
        before |= own - {""}
        for i in places:
            if not labelled[i].label:
                labelled[i] = replace(labelled[i], label=automatic_label(i, known))
        row = _constraint([labelled[i].label for i in places], total)
        written.setdefault(row.lhs, row)
    return tuple(labelled), tuple(written.values())


def _sums(
    rows: tuple[Parameter, ...], roles: Roles, options: Options
) -> Iterator[tuple[str, list[int], float]]:
    """Yield latent variables, which rows of theirs sum to something, and to what."""
    at = {(r.group, r.lhs, r.op, r.rhs): i for i, r in enumerate(rows)}
    for group in range(1, options.groups + 1):
        for factor in (f for f in roles.latent if f not in roles.composites):
            items = roles.indicators[factor]
            for kind, op in _OPS.items():
                names = [(factor, op, x) if op == "=~" else (x, op, "") for x in items]
                places = [at[key] for name in names if (key := (group, *name)) in at]
                wanted = kind in options.effect_coding and len(places) == len(items)
                if wanted and all(rows[i].free for i in places):
                    yield factor, places, float(len(items)) if op == "=~" else 0.0


def _constraint(labels: Sequence[str], total: float) -> Parameter:
    terms: list[Expression] = [Name(label) for label in labels]
    left = reduce(lambda a, b: Binary("+", a, b), terms)
    return Parameter(
        left.to_text(),
        "==",
        Number(total).to_text(),
        group=0,
        expression=Binary("-", left, Number(total)),
    )
