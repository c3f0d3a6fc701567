"""Modifiers: what stands before a variable with ``*`` (labels, fixed values, starts, bounds …)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from satloyal.errors import SpecError
from satloyal.spec.cursor import Cursor
from satloyal.spec.expression import FUNCTIONS, Expression, read_expression, read_ratio
from satloyal.spec.source import Span, nearest
from satloyal.spec.tokens import Token, is_name

__all__ = ["Atom", "Modifier", "read_modifier"]

Atom = float | str | None
"""A number (fixed value), a name (label; ``""`` for none) or None (NA: free)."""

_KNOWN = ("c", "start", "label", "equal", "lower", "upper")
_NUMERIC: Mapping[str, tuple[Literal["start", "lower", "upper"], str]] = {
    "start": ("start", "a starting value"),
    "lower": ("lower", "a lower bound"),
    "upper": ("upper", "an upper bound"),
}
_NOT_OFFERED = {
    "prior": "there is no Bayesian estimation here",
    "efa": "there is no rotation here; write the loadings out, 0* for those that are none",
    "rv": "give both parameters the same label",
}


@dataclass(frozen=True, slots=True)
class Modifier:
    """One modifier.

    Parameters
    ----------
    kind : {"value", "start", "equal", "lower", "upper"}
        ``"value"``: fixed value, label or NA; ``"start"``: starting value; ``"equal"``: equal to the
        parameter written out in the text (``"f=~x1"``), or to those with a label; ``"lower"``, ``"upper"``:
        bounds.
    atoms : tuple
        One for all groups, or one a group (written with ``c(...)``).
    span : Span
        Where it stands.
    """

    kind: Literal["value", "start", "equal", "lower", "upper"]
    atoms: tuple[Atom, ...]
    span: Span


def read_modifier(cursor: Cursor) -> Modifier:
    """Read one modifier, up to but not including the ``*`` behind it.

    Raises
    ------
    SpecError
        If no modifier stands here.
    """
    token = cursor.peek()
    if token.kind == "name" and not token.quoted and cursor.peek(1).is_operator("("):
        return _call(cursor)
    start = token.span
    atom = _atom(cursor)
    return Modifier("value", (atom,), start.to(cursor.tokens[cursor.at - 1].span))


def _call(cursor: Cursor) -> Modifier:
    name = cursor.peek()
    if name.text in FUNCTIONS:
        atom = _constant(cursor, name, read_ratio(cursor))
        return Modifier("value", (atom,), name.span.to(cursor.tokens[cursor.at - 1].span))
    if name.text not in _KNOWN:
        near = nearest(name.text, (*_KNOWN, *FUNCTIONS))
        fix = _NOT_OFFERED.get(name.text) or (
            f"did you mean '{near}'?" if near else f"the modifiers are {', '.join(_KNOWN)}"
        )
        raise cursor.source.error(f"unknown function '{name.text}'", name.span, fix)
    if name.text == "c":
        atoms, span = _list(cursor)
        return Modifier("value", atoms, span)
    cursor.take()
    opening = cursor.take()
    if cursor.peek().is_operator(")"):
        raise cursor.source.error(f"{name.text}() needs a value", name.span.to(cursor.peek().span))
    inner = cursor.peek()
    if inner.kind == "name" and inner.text == "c" and cursor.peek(1).is_operator("("):
        atoms, _ = _list(cursor)
    else:
        atoms = (_atom(cursor, whole=True),)
    closing = cursor.expect(")", opening)
    return _checked(cursor, name, atoms, name.span.to(closing.span))


def _checked(cursor: Cursor, name: Token, atoms: tuple[Atom, ...], span: Span) -> Modifier:
    if name.text in _NUMERIC:
        kind, words = _NUMERIC[name.text]
        if any(isinstance(a, str) for a in atoms):
            raise cursor.source.error(f"{words} is a number", span, f"write as in {kind}(0.8)*x")
        return Modifier(kind, atoms, span)
    if any(not isinstance(a, str) for a in atoms):
        raise cursor.source.error(f"{name.text}() takes text", span, f'write as in {name.text}("a")*x')
    return Modifier("equal" if name.text == "equal" else "value", atoms, span)


def _list(cursor: Cursor) -> tuple[tuple[Atom, ...], Span]:
    name, opening = cursor.take(), cursor.take()
    if cursor.peek().is_operator(")"):
        span = name.span.to(cursor.peek().span)
        fix = "write one entry a group, as in c(a, b)*x"
        raise cursor.source.error("the list of groups is empty", span, fix)
    atoms = [_atom(cursor, whole=True)]
    while cursor.peek().is_operator(","):
        cursor.take()
        atoms.append(_atom(cursor, whole=True))
    closing = cursor.expect(")", opening)
    return tuple(atoms), name.span.to(closing.span)


def _atom(cursor: Cursor, *, whole: bool = False) -> Atom:
    """Read a number, a label, NA or a text; `whole` lets a number be a full expression, as inside ``c()``."""
    token = cursor.peek()
    if token.kind == "string":
        cursor.take()
        equality = any(c in token.text for c in "~=")
        if token.text and not equality and not is_name(token.text):
            raise _bad_label(cursor, token)
        return token.text
    following = cursor.peek(1)
    if token.kind == "name" and not following.is_operator("(", "/", "^", "**"):
        cursor.take()
        if not token.quoted and token.text == "NA":
            return None
        if not is_name(token.text):
            raise _bad_label(cursor, token)
        return token.text
    if token.kind == "end" or token.is_operator("*", "+", "/", ")", ",", "^", "**"):
        raise cursor.source.error(f"no modifier before '{token.text.strip()}'", cursor.mark(token))
    return _constant(cursor, token, read_expression(cursor) if whole else read_ratio(cursor))


def _bad_label(cursor: Cursor, token: Token) -> SpecError:
    fix = "a label is letters, digits, '.' and '_', and begins with a letter"
    return cursor.source.error(f"'{token.text}' is not a name that can label a parameter", token.span, fix)


def _constant(cursor: Cursor, first: Token, expression: Expression) -> float:
    span = first.span.to(cursor.tokens[cursor.at - 1].span)
    if expression.names():
        fix = "a modifier is one number, label, NA or c(...); formulas of labels go into a == line"
        raise cursor.source.error("a formula cannot be a modifier", span, fix)
    value = float(expression.evaluate({}).real)
    if not math.isfinite(value):
        raise cursor.source.error("this is not a finite number", span)
    return value
