"""Drafts: what the user's relations say, one draft a parameter, before defaults, groups and numbering."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace
from typing import Literal

from satloyal.errors import SpecError
from satloyal.spec.modifiers import Modifier
from satloyal.spec.roles import Roles
from satloyal.spec.source import Source, Span
from satloyal.spec.syntax import Model, Term, Word

__all__ = ["Draft", "Setting", "draft_relations", "settle"]

_THRESHOLD = re.compile(r"t[1-9]\d*")


@dataclass(frozen=True, slots=True)
class Draft:
    """A parameter in all groups.

    Parameters
    ----------
    lhs, op, rhs : str
        As in the parameter table.
    modifiers : tuple of Modifier
        Everything that was said about it.
    span : Span or None
        Place in the model text; None for defaults.
    origin : {"user", "default"}
        Who wrote it.
    marker : bool
        Fixed to 1 in every group in which nothing else was said, to give its latent variable a scale.
    fixed_x : bool
        A sample moment of the exogenous covariates.
    """

    lhs: str
    op: str
    rhs: str
    modifiers: tuple[Modifier, ...] = ()
    span: Span | None = None
    origin: Literal["user", "default"] = "user"
    marker: bool = False
    fixed_x: bool = False

    @property
    def triple(self) -> tuple[str, str, str]:
        """Left side, operator, right side."""
        return (self.lhs, self.op, self.rhs)

    @property
    def key(self) -> tuple[str, str, str]:
        """The triple, the same for both ways to write a covariance."""
        if self.op == "~~" and self.rhs < self.lhs:
            return (self.rhs, self.op, self.lhs)
        return self.triple


@dataclass(frozen=True, slots=True)
class Setting:
    """What a draft says about one group."""

    value: float | None = None
    freed: bool = False
    start: float | None = None
    lower: float | None = None
    upper: float | None = None
    label: str = ""
    equal: str = ""
    equal_span: Span | None = None


def draft_relations(model: Model) -> tuple[list[Draft], Roles]:
    """Write out the relations of a model, one draft a parameter, in the order of the text.

    Parameters
    ----------
    model : Model
        From :func:`satloyal.spec.syntax.parse`.

    Returns
    -------
    drafts : list of Draft
        The same parameter mentioned twice is one draft with the modifiers of both; a covariance names its
        variables in the order of the model, latent ones first.
    roles : Roles

    Raises
    ------
    SpecError
        For a relation that contradicts itself or another.
    """
    found: dict[tuple[str, str, str], Draft] = {}
    for relation in model.relations:
        for left in relation.lhs:
            for term in relation.terms:
                draft = _draft(model.source, left, relation.op, term)
                known = found.get(draft.key)
                both = draft if known is None else replace(known, modifiers=known.modifiers + draft.modifiers)
                found[draft.key] = both
    drafts = list(found.values())
    roles = Roles(tuple(d.triple for d in drafts))
    _check_latents(model.source, drafts, roles)
    _check_cells(model.source, drafts)
    place = {name: i for i, name in enumerate((*roles.latent, *roles.observed))}
    return [_in_order(d, place) for d in drafts], roles


def _draft(source: Source, left: Word, op: str, term: Term) -> Draft:
    span = left.span if left.span.start > term.span.start else term.span
    if term.intercept:
        return Draft(left.text, "~1", "", term.modifiers, span)
    if term.name == left.text and op != "~~":
        said = {
            "=~": "is measured by itself",
            "<~": "is formed by itself",
            "~": "is explained by itself",
            "|": "is its own threshold",
        }[op]
        raise source.error(f"'{left.text}' {said}", term.span, "name another variable, or leave it out")
    if op == "|" and not _THRESHOLD.fullmatch(term.name):
        fix = f"thresholds are named t1, t2 …, as in '{left.text} | t1 + t2'"
        raise source.error(f"'{term.name}' is not a threshold", term.span, fix)
    return Draft(left.text, op, term.name, term.modifiers, span)


def _in_order(draft: Draft, place: dict[str, int]) -> Draft:
    if draft.op != "~~" or place[draft.lhs] <= place[draft.rhs]:
        return draft
    return replace(draft, lhs=draft.rhs, rhs=draft.lhs)


def _check_latents(source: Source, drafts: list[Draft], roles: Roles) -> None:
    measured_by = {d.lhs for d in drafts if d.op == "=~"}
    for draft in drafts:
        span = draft.span or Span(0, 0)
        if draft.op == "<~" and draft.lhs in measured_by:
            msg = f"'{draft.lhs}' is both measured (=~) and formed (<~) by its indicators"
            raise source.error(msg, span, "give the composite a name of its own")
        if draft.op == "|" and draft.lhs in roles.latent:
            raise source.error(f"the latent variable '{draft.lhs}' has no thresholds", span)


def _check_cells(source: Source, drafts: list[Draft]) -> None:
    """One arrow between two variables may be written in one way only."""
    arrows: dict[tuple[str, str], Draft] = {}
    for draft in drafts:
        if draft.op not in ("=~", "~", "<~"):
            continue
        arrow = (draft.lhs, draft.rhs) if draft.op == "=~" else (draft.rhs, draft.lhs)
        if arrow in arrows and draft.span is not None:
            first = arrows[arrow]
            ways = f"with {first.op} and with {draft.op}"
            msg = f"the arrow from '{arrow[0]}' to '{arrow[1]}' is written twice, {ways}"
            raise source.error(msg, draft.span, "keep one of the two")
        arrows[arrow] = draft


def settle(draft: Draft, group: int, groups: int, source: Source) -> Setting:
    """Work out what a draft's modifiers say about one group.

    Raises
    ------
    SpecError
        If two of them contradict each other, or a list has not one entry a group.
    """
    setting = Setting()
    for modifier in draft.modifiers:
        if len(modifier.atoms) not in (1, groups):
            raise _wrong_length(source, modifier, groups)
        atom = modifier.atoms[0] if len(modifier.atoms) == 1 else modifier.atoms[group - 1]
        setting = _with(setting, modifier, atom, source)
    if setting.start is not None and setting.value is not None:
        msg = "a fixed value and a starting value for the same parameter"
        raise source.error(msg, draft.modifiers[-1].span, "leave out one of the two")
    if draft.marker and setting.value is None and not setting.freed:
        scale = 1.0 if setting.start is None else setting.start
        setting = replace(setting, value=scale, start=None)
    _check_bounds(setting, draft, source)
    return setting


def _check_bounds(setting: Setting, draft: Draft, source: Source) -> None:
    """Refuse bounds the wrong way round, and a fixed value beyond them."""
    low = -math.inf if setting.lower is None else setting.lower
    high = math.inf if setting.upper is None else setting.upper
    if low > high:
        msg = f"the lower bound {low:g} stands above the upper bound {high:g}"
        raise source.error(msg, draft.modifiers[-1].span, "exchange them")
    if setting.value is not None and not low <= setting.value <= high:
        msg = f"the parameter is fixed at {setting.value:g}, outside its bounds"
        raise source.error(
            msg, draft.modifiers[-1].span, "leave out the bound, or free the parameter with NA*"
        )


def _wrong_length(source: Source, modifier: Modifier, groups: int) -> SpecError:
    n = len(modifier.atoms)
    if groups == 1:
        msg, fix = f"a list of {n} modifiers for one group", "name the group column, or write one modifier"
    else:
        msg, fix = f"a list of {n} modifiers for {groups} groups", "write one entry a group"
    return source.error(msg, modifier.span, fix)


def _with(setting: Setting, modifier: Modifier, atom: float | str | None, source: Source) -> Setting:
    """Add one more modifier to a setting, or say that the two contradict each other."""
    if modifier.kind in ("start", "lower", "upper"):
        if isinstance(atom, str) or atom is None:
            return setting
        return _with_number(setting, modifier, atom, source)
    if isinstance(atom, str):
        if not atom:
            return setting
        if modifier.kind == "equal" or any(c in atom for c in "~="):
            _agree(setting.equal or None, atom, "equalities", modifier, source)
            return replace(setting, equal=atom, equal_span=modifier.span)
        _agree(setting.label or None, atom, "labels", modifier, source)
        return replace(setting, label=atom)
    if atom is None:
        if setting.value is not None:
            raise source.error("NA frees what is also fixed", modifier.span, "leave out one of the two")
        return replace(setting, freed=True)
    if setting.freed:
        raise source.error("a fixed value for what NA frees", modifier.span, "leave out one of the two")
    _agree(setting.value, atom, "fixed values", modifier, source)
    return replace(setting, value=atom)


def _with_number(setting: Setting, modifier: Modifier, number: float, source: Source) -> Setting:
    if modifier.kind == "start":
        _agree(setting.start, number, "starting values", modifier, source)
        return replace(setting, start=number)
    if modifier.kind == "lower":
        _agree(setting.lower, number, "lower bounds", modifier, source)
        return replace(setting, lower=number)
    _agree(setting.upper, number, "upper bounds", modifier, source)
    return replace(setting, upper=number)


def _agree(old: object, new: object, what: str, modifier: Modifier, source: Source) -> None:
    if old is not None and old != new:
        msg = f"two {what} for the same parameter, {old} and {new}"
        raise source.error(msg, modifier.span, "leave out one of the two")
