"""Expressions over labels: the right side of ``:=`` and both sides of ``==``, ``<``, ``>``.

Text becomes an immutable tree; trees evaluate themselves over numpy arrays. Nothing is given to ``eval``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from satloyal.errors import SpecError
from satloyal.spec.cursor import Cursor
from satloyal.spec.functions import ARITHMETIC, FUNCTIONS
from satloyal.spec.source import Source, Span, nearest
from satloyal.spec.tokens import Token, quote, tokenize

__all__ = ["FUNCTIONS", "Binary", "Call", "Expression", "Name", "Negative", "Number", "parse_expression"]

Array = NDArray[Any]
_MAX_NESTING = 40
_MAX_TERMS = 300
_LEVEL = {"+": 1, "-": 1, "*": 2, "/": 2, "^": 4}


class Expression:
    """A formula over parameter labels.

    ``a*b + c`` reads as in R: ``^`` (or ``**``) binds tightest and to the right, then unary minus, then ``*``
    and ``/``, then ``+`` and ``-``.

    Examples
    --------
    >>> e = parse_expression("(q + v*w) * s")
    >>> e.names()
    ('q', 'v', 'w', 's')
    >>> float(e.evaluate({"q": 1.0, "v": 2.0, "w": 3.0, "s": 0.5}))
    3.5
    >>> e.to_text()
    '(q+v*w)*s'
    """

    __slots__ = ()

    def names(self) -> tuple[str, ...]:
        """Labels in the expression, in order of appearance, each once."""
        return tuple(dict.fromkeys(leaf.name for leaf in self.leaves()))

    def leaves(self) -> tuple[Name, ...]:
        """Every mention of a label, with its place."""
        raise NotImplementedError

    def evaluate(self, env: Mapping[str, ArrayLike]) -> Array:
        """Value for given labels.

        Parameters
        ----------
        env : mapping of str to array_like
            A value for every label: numbers or arrays, real or complex, of shapes that broadcast (a leading
            batch dimension, say). With complex values whose imaginary part is a tiny step the imaginary part
            of the result over the step is the derivative: ``abs``, ``min`` and ``max`` go by the real part.

        Returns
        -------
        ndarray
            NaN where the expression is undefined (root of a negative number …).

        Raises
        ------
        SpecError
            If a label has no value.
        """
        with np.errstate(all="ignore"):
            return np.asarray(self._value(env))

    def to_text(self) -> str:
        """Print the expression as text that parses to the same tree."""
        return self._text(0)

    def _value(self, env: Mapping[str, ArrayLike]) -> Array:
        raise NotImplementedError

    def _text(self, outer: int) -> str:
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Number(Expression):
    """A number."""

    value: float

    def leaves(self) -> tuple[Name, ...]:
        """No labels."""
        return ()

    def _value(self, env: Mapping[str, ArrayLike]) -> Array:
        return np.asarray(self.value)

    def _text(self, outer: int) -> str:
        return number_text(self.value)


@dataclass(frozen=True, slots=True)
class Name(Expression):
    """A parameter label or the name of another definition."""

    name: str
    span: Span = field(default=Span(0, 0), compare=False)

    def leaves(self) -> tuple[Name, ...]:
        """Itself."""
        return (self,)

    def _value(self, env: Mapping[str, ArrayLike]) -> Array:
        if self.name not in env:
            near = nearest(self.name, env)
            fix = f"did you mean '{near}'?" if near else None
            raise SpecError(f"the label '{self.name}' has no value", fix=fix)
        return np.asarray(env[self.name])

    def _text(self, outer: int) -> str:
        return quote(self.name)


@dataclass(frozen=True, slots=True)
class Negative(Expression):
    """A unary minus."""

    operand: Expression

    def leaves(self) -> tuple[Name, ...]:
        """Labels of the operand."""
        return self.operand.leaves()

    def _value(self, env: Mapping[str, ArrayLike]) -> Array:
        return np.asarray(-self.operand._value(env))

    def _text(self, outer: int) -> str:
        text = "-" + self.operand._text(3)
        return f"({text})" if outer > 3 else text


@dataclass(frozen=True, slots=True)
class Binary(Expression):
    """One of ``+ - * / ^`` between two expressions."""

    operator: str
    left: Expression
    right: Expression

    def leaves(self) -> tuple[Name, ...]:
        """Labels of both sides."""
        return self.left.leaves() + self.right.leaves()

    def _value(self, env: Mapping[str, ArrayLike]) -> Array:
        return np.asarray(ARITHMETIC[self.operator](self.left._value(env), self.right._value(env)))

    def _text(self, outer: int) -> str:
        level = _LEVEL[self.operator]
        if self.operator == "^":  # binds to the right; a minus may follow it bare
            text = f"{self.left._text(level + 1)}^{self.right._text(3)}"
        else:
            text = f"{self.left._text(level)}{self.operator}{self.right._text(level + 1)}"
        return f"({text})" if outer > level else text


@dataclass(frozen=True, slots=True)
class Call(Expression):
    """A function of one or more expressions."""

    function: str
    arguments: tuple[Expression, ...]

    def leaves(self) -> tuple[Name, ...]:
        """Labels of the arguments."""
        return tuple(leaf for argument in self.arguments for leaf in argument.leaves())

    def _value(self, env: Mapping[str, ArrayLike]) -> Array:
        value = FUNCTIONS[self.function](*(a._value(env) for a in self.arguments))
        return np.asarray(value)

    def _text(self, outer: int) -> str:
        return f"{self.function}({','.join(a._text(0) for a in self.arguments)})"


def number_text(value: float) -> str:
    """Print a number as short text that reads back exactly.

    Examples
    --------
    >>> number_text(1.0), number_text(-0.25), number_text(1e-7)
    ('1', '-0.25', '1e-07')
    """
    return str(int(value)) if value == int(value) and abs(value) < 1e15 else repr(float(value))


# -- parsing -------------------------------------------------------------------------------------------------


def parse_expression(text: str) -> Expression:
    """Read an expression from its own text.

    Parameters
    ----------
    text : str
        For instance ``"a*b + exp(c)"``.

    Returns
    -------
    Expression

    Raises
    ------
    SpecError
        If the text is not one expression; the place is marked.

    Examples
    --------
    >>> parse_expression("-a^2").to_text()
    '-a^2'
    """
    source = Source(text, "the expression")
    cursor = Cursor(source, tokenize(source))
    expression = read_expression(cursor)
    if cursor.peek().kind != "end" or not cursor.at_last():
        raise source.error("the expression should end here", cursor.peek().span)
    return expression


def read_expression(cursor: Cursor, nesting: int = 0) -> Expression:
    """Read one expression from the cursor's place on (terms joined by + and -)."""
    if nesting > _MAX_NESTING:
        raise cursor.source.error("too many nested parentheses", cursor.peek().span, "define a part first")
    left = _product(cursor, nesting)
    terms = 1
    while cursor.peek().is_operator("+", "-"):
        operator = cursor.take()
        left = Binary(operator.text, left, _product(cursor, nesting))
        terms += 1
        _check_length(cursor, terms, operator)
    return left


def read_ratio(cursor: Cursor) -> Expression:
    """Read factors joined by ``/`` only: a number before ``*`` in a modifier, as in ``1/3*x``."""
    left = read_factor(cursor, 0)
    terms = 1
    while cursor.peek().is_operator("/"):
        operator = cursor.take()
        left = Binary("/", left, read_factor(cursor, 0))
        terms += 1
        _check_length(cursor, terms, operator)
    return left


def _product(cursor: Cursor, nesting: int) -> Expression:
    left = read_factor(cursor, nesting)
    terms = 1
    while cursor.peek().is_operator("*", "/"):
        operator = cursor.take()
        left = Binary(operator.text, left, read_factor(cursor, nesting))
        terms += 1
        _check_length(cursor, terms, operator)
    return left


def _check_length(cursor: Cursor, terms: int, operator: Token) -> None:
    if terms > _MAX_TERMS:
        msg = f"an expression of more than {_MAX_TERMS} terms"
        raise cursor.source.error(msg, operator.span, "define parts of it with := first")


def read_factor(cursor: Cursor, nesting: int) -> Expression:
    """Read a power, with its sign."""
    if nesting > _MAX_NESTING:
        raise cursor.source.error("too many nested signs or powers", cursor.peek().span)
    if cursor.peek().is_operator("-"):
        cursor.take()
        return Negative(read_factor(cursor, nesting + 1))
    if cursor.peek().is_operator("+"):
        cursor.take()
        return read_factor(cursor, nesting + 1)
    base = _atom(cursor, nesting)
    if cursor.peek().is_operator("^", "**"):
        cursor.take()
        return Binary("^", base, read_factor(cursor, nesting + 1))
    return base


def _atom(cursor: Cursor, nesting: int) -> Expression:
    token = cursor.take()
    if token.kind == "number":
        return Number(cursor.number(token))
    if token.is_operator("("):
        inner = read_expression(cursor, nesting + 1)
        cursor.expect(")", token)
        return inner
    if token.kind != "name":
        what = "the statement ends" if token.kind == "end" else f"'{token.text}' stands"
        raise cursor.source.error(f"{what} where a label or number is needed", cursor.mark(token))
    if not token.quoted and cursor.peek().is_operator("("):
        return _call(cursor, token, nesting)
    return Name(token.text, token.span)


def _call(cursor: Cursor, name: Token, nesting: int) -> Expression:
    if name.text not in FUNCTIONS:
        near = nearest(name.text, FUNCTIONS)
        hint = f"did you mean '{near}'? " if near else ""
        fix = f"{hint}The functions are {', '.join(FUNCTIONS)}"
        raise cursor.source.error(f"unknown function '{name.text}'", name.span, fix)
    opening = cursor.take()
    arguments = [read_expression(cursor, nesting + 1)]
    while cursor.peek().is_operator(","):
        cursor.take()
        arguments.append(read_expression(cursor, nesting + 1))
    cursor.expect(")", opening)
    if len(arguments) > 1 and name.text not in ("min", "max"):
        raise cursor.source.error(f"'{name.text}' takes one argument, not {len(arguments)}", name.span)
    return Call(name.text, tuple(arguments))
