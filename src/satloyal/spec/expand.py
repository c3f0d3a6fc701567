"""Expansion: drafts to rows, group by group, with labels, equalities across groups and numbers."""

from __future__ import annotations

from dataclasses import replace

from satloyal.errors import SpecError
from satloyal.spec.drafts import Draft, Setting, settle
from satloyal.spec.options import GROUP_EQUAL, Options
from satloyal.spec.parameter import Parameter
from satloyal.spec.roles import Roles
from satloyal.spec.source import Source, Span, nearest
from satloyal.spec.syntax import parse
from satloyal.spec.tokens import is_name

__all__ = ["expand", "row_name"]


def expand(drafts: list[Draft], roles: Roles, source: Source, options: Options) -> tuple[Parameter, ...]:
    """Rows of all groups, numbered.

    Parameters
    ----------
    drafts : list of Draft
        In table order.
    roles : Roles
        Roles of the variables.
    source : Source
        The model text.
    options : Options
        How many groups there are, and what is equal across them.

    Returns
    -------
    tuple of Parameter
        Group 1 first; rows that share a label share `free`.

    Raises
    ------
    SpecError
        For contradictions between modifiers, labels and fixed values.
    """
    settings = [[settle(d, g, options.groups, source) for d in drafts] for g in range(1, options.groups + 1)]
    labels = _across_groups(drafts, settings, roles, options)
    _equalities(drafts, settings, labels, source)
    rows = [
        _row(draft, setting, label, g)
        for g, (of_group, group_labels) in enumerate(zip(settings, labels, strict=True), start=1)
        for draft, setting, label in zip(drafts, of_group, group_labels, strict=True)
    ]
    return _numbered(_fixed_by_label(rows, source))


def row_name(text: str) -> tuple[str, str, str]:
    """Read a row's name, as in ``"F =~ x2"`` or ``"x3~1"``, into left side, operator and right side.

    Raises
    ------
    SpecError
        If the text names not exactly one parameter.

    Examples
    --------
    >>> row_name("x3 ~ 1"), row_name("F=~x2")
    (('x3', '~1', ''), ('F', '=~', 'x2'))
    """
    try:
        relations = parse(text).relations
    except SpecError:
        relations = ()
    if len(relations) != 1 or len(relations[0].lhs) != 1 or len(relations[0].terms) != 1:
        raise SpecError(f"'{text}' does not name one parameter", fix="write it as in 'F=~x2' or 'x3~1'")
    lhs, term = relations[0].lhs[0].text, relations[0].terms[0]
    return (lhs, "~1", "") if term.intercept else (lhs, relations[0].op, term.name)


def _row(draft: Draft, setting: Setting, label: str, group: int) -> Parameter:
    return Parameter(
        draft.lhs,
        draft.op,
        draft.rhs,
        group=group,
        value=setting.value,
        start=setting.start,
        lower=setting.lower,
        upper=setting.upper,
        label=label,
        origin=draft.origin,
        fixed_x=draft.fixed_x,
        span=draft.span,
    )


def _keys(drafts: list[Draft]) -> dict[tuple[str, str, str], int]:
    return {draft.key: i for i, draft in enumerate(drafts)}


def _find(text: str, drafts: list[Draft]) -> int:
    """Index of the row that a text names."""
    lhs, op, rhs = row_name(text)
    found = _keys(drafts).get(Draft(lhs, op, rhs).key)
    if found is None:
        near = nearest(f"{lhs}{op}{rhs}", (f"{d.lhs}{d.op}{d.rhs}" for d in drafts))
        fix = f"did you mean '{near}'?" if near else "name a parameter of the model, as in 'F=~x2' or 'x3~1'"
        raise SpecError(f"the model has no parameter '{text}'", fix=fix)
    return found


def _across_groups(
    drafts: list[Draft],
    settings: list[list[Setting]],
    roles: Roles,
    options: Options,
) -> list[list[str]]:
    """Labels a group, those included that hold rows equal across groups."""
    labels = [[s.label for s in of_group] for of_group in settings]
    partial = {_find(text, drafts) for text in options.group_partial}
    latent = frozenset(roles.latent)
    known = {label for of_group in labels for label in of_group}
    for i, draft in enumerate(drafts):
        equal = any(GROUP_EQUAL[name](draft, latent) for name in options.group_equal)
        # moments of covariates are nobody's intercepts and residuals
        given = draft.fixed_x or (
            draft.origin != "user" and draft.op != "~" and _among(draft, roles.covariates)
        )
        if not equal or i in partial or given:
            continue
        unlabelled = [g for g, of_group in enumerate(settings) if not of_group[i].label]
        values = {settings[g][i].value for g in unlabelled}
        if None in values and len(values) < 3:  # a value in one group then holds in all of them
            label = automatic_label(i, known)
            for g in unlabelled:
                labels[g][i] = label
    return labels


def _among(draft: Draft, names: tuple[str, ...]) -> bool:
    return draft.lhs in names and (draft.op == "~1" or draft.rhs in names)


def automatic_label(index: int, known: set[str]) -> str:
    """Make a label for the row at `index` (from 0) that nobody else uses."""
    label = f".p{index + 1}."
    while label in known:
        label += "_"
    return label


def _equalities(
    drafts: list[Draft], settings: list[list[Setting]], labels: list[list[str]], source: Source
) -> None:
    """Give rows with ``equal("f=~x1")`` the label of the row they name; with ``equal("a")``, the label a."""
    known = {label for of_group in labels for label in of_group}
    for g, of_group in enumerate(settings):
        for i, setting in enumerate(of_group):
            if not setting.equal:
                continue
            span = setting.equal_span or Span(0, 0)
            if is_name(setting.equal):
                _check_label(setting, known, source)
                labels[g][i] = setting.equal
                continue
            target = _target(i, of_group, drafts, source)
            if labels[g][i] and labels[g][i] != labels[g][target]:
                raise source.error("a label and equal() for one parameter", span, "leave out one of them")
            if not labels[g][target]:
                labels[g][target] = automatic_label(g * len(drafts) + target, known)
            labels[g][i] = labels[g][target]


def _check_label(setting: Setting, known: set[str], source: Source) -> None:
    span, name = setting.equal_span or Span(0, 0), setting.equal
    if setting.label not in ("", name):
        raise source.error("a label and equal() for one parameter", span, "leave out one of them")
    if name not in known:
        near = nearest(name, known - {""})
        fix = (
            f"did you mean '{near}'?"
            if near
            else 'label the other parameter, or name it as in equal("f=~x2")'
        )
        raise source.error(f"no parameter has the label '{name}'", span, fix)


def _target(i: int, of_group: list[Setting], drafts: list[Draft], source: Source) -> int:
    """Follow ``equal()`` from a row to the row that is not itself made equal to another."""
    seen = [i]
    while (setting := of_group[seen[-1]]).equal and not is_name(setting.equal):
        span = setting.equal_span or Span(0, 0)
        try:
            seen.append(_find(setting.equal, drafts))
        except SpecError as error:
            raise source.error(error.message, span, error.fix) from error
        if seen[-1] in seen[:-1]:
            raise source.error("a parameter made equal to itself", span, "name another parameter")
    return seen[-1]


def _fixed_by_label(rows: list[Parameter], source: Source) -> list[Parameter]:
    """Fix every row that shares its label with a fixed row."""
    fixed: dict[str, float] = {}
    for row in rows:
        if not row.label or row.value is None:
            continue
        if fixed.setdefault(row.label, row.value) != row.value:
            msg = f"the label '{row.label}' stands on rows fixed to {fixed[row.label]:g} and to {row.value:g}"
            raise source.error(msg, row.span or Span(0, 0), "give them different labels")
    return [_held(r, fixed[r.label]) if r.label in fixed else r for r in rows]


def _held(row: Parameter, value: float) -> Parameter:
    return replace(row, value=value, start=None, lower=None, upper=None)


def _numbered(rows: list[Parameter]) -> tuple[Parameter, ...]:
    """Give free parameters their numbers in order of appearance, one a label."""
    numbers: dict[object, int] = {}
    out = []
    for i, row in enumerate(rows):
        if row.value is not None or row.fixed_x:
            out.append(row)
        else:
            number = numbers.setdefault(row.label or i, len(numbers) + 1)
            out.append(replace(row, free=number))
    return tuple(out)
