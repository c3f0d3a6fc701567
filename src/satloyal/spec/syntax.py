"""Statements: the second stage of the model language, tokens to what each line says.

The grammar, one statement a line (or up to ``;``)::

    relation    = names ("=~" | "<~" | "~~" | "~" | "|") term { "+" term }
    term        = { modifier "*" | start "?" } ( name | "1" | "0" )   (1 and 0 only after "~": the intercept)
    modifier    = number | "NA" | label | "label" | c(...) | start(...) | lower(...) | upper(...)
                  | label(...) | equal(...)
    start       = number | c(...)
    definition  = name ":=" expression
    constraint  = expression ("==" | "<" | ">") expression
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal

from satloyal.errors import SpecError
from satloyal.spec.cursor import Cursor
from satloyal.spec.expression import Expression, read_expression
from satloyal.spec.modifiers import Modifier, read_modifier
from satloyal.spec.source import Source, Span
from satloyal.spec.tokens import RELATIONS, Token, tokenize

__all__ = ["Constraint", "Definition", "Model", "Relation", "Statement", "Term", "Word", "parse"]

_RELATIONAL = ("=~", "<~", "~~", "~", "|")


_REMEMBERED = 64  # models; loops over samples refit the same few


@dataclass(frozen=True, slots=True)
class Word:
    """A name and where it stands."""

    text: str
    span: Span


@dataclass(frozen=True, slots=True)
class Term:
    """One summand on the right of a relation.

    Parameters
    ----------
    name : str
        The variable; ``""`` for the intercept.
    modifiers : tuple of Modifier
        What stood before it with ``*``.
    span : Span
        Where the variable stands.
    """

    name: str
    modifiers: tuple[Modifier, ...]
    span: Span

    @property
    def intercept(self) -> bool:
        """Whether the term is the intercept, the ``1`` in ``y ~ 1``."""
        return self.name == ""


@dataclass(frozen=True, slots=True)
class Relation:
    """``names operator terms``: a statement about variables."""

    lhs: tuple[Word, ...]
    op: str
    terms: tuple[Term, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Definition:
    """``name := expression``."""

    name: Word
    expression: Expression
    span: Span


@dataclass(frozen=True, slots=True)
class Constraint:
    """``left == right``, ``left < right`` or ``left > right``."""

    left: Expression
    op: Literal["==", "<", ">"]
    right: Expression
    span: Span


Statement = Relation | Definition | Constraint


@dataclass(frozen=True, slots=True)
class Model:
    """A model text that has been read.

    Parameters
    ----------
    statements : tuple of Relation, Definition or Constraint
        In the order of the text.
    source : Source
        The text, for error marks.
    """

    statements: tuple[Statement, ...]
    source: Source

    def __str__(self) -> str:
        """Return the model text."""
        return self.source.text

    @property
    def relations(self) -> tuple[Relation, ...]:
        """The statements about variables."""
        return tuple(s for s in self.statements if isinstance(s, Relation))

    def place(self, name: str) -> Span | None:
        """Where a variable is first mentioned."""
        spans = [w.span for r in self.relations for w in r.lhs if w.text == name]
        spans += [t.span for r in self.relations for t in r.terms if t.name == name and r.op != "|"]
        return min(spans, key=lambda s: s.start, default=None)


def parse(text: str) -> Model:
    """Read a model text.

    Parameters
    ----------
    text : str
        Statements in the model language (see the module's grammar): measurement ``=~``, regression ``~``,
        (co)variance ``~~``, intercept ``~ 1``, threshold ``|``, composite ``<~``, definition ``:=``,
        constraints ``== < >``; comments with ``#`` or ``!``; names with other characters in backticks.

    Returns
    -------
    Model

    Raises
    ------
    SpecError
        Where the text says nothing; the message shows the line and marks the place.

    Examples
    --------
    >>> model = parse('''
    ...     Satisfaction =~ CUSA1 + CUSA2   # two items
    ...     Loyalty ~ b*Satisfaction
    ... ''')
    >>> [(s.lhs[0].text, s.op, [t.name for t in s.terms]) for s in model.relations]
    [('Satisfaction', '=~', ['CUSA1', 'CUSA2']), ('Loyalty', '~', ['Satisfaction'])]
    """
    if not isinstance(text, str):
        raise SpecError(f"a model is text, not {type(text).__name__}", fix="pass the model as a string")
    return _read(text)


@lru_cache(maxsize=_REMEMBERED)
def _read(text: str) -> Model:
    """Read a text; a model is a value, so the same text need be read only once."""
    source = Source(text)
    cursor = Cursor(source, tokenize(source))
    statements: list[Statement] = []
    while True:
        while cursor.peek().kind == "end" and not cursor.at_last():
            cursor.take()
        if cursor.peek().kind == "end":
            break
        statements.append(_statement(cursor))
    if not any(isinstance(s, Relation) for s in statements):
        msg = "the model is empty" if not statements else "the model says nothing about variables"
        raise SpecError(msg, fix="write at least one line such as 'Satisfaction =~ CUSA1 + CUSA2' or 'y ~ x'")
    return Model(tuple(statements), source)


def _statement(cursor: Cursor) -> Statement:
    tokens = _upto_end(cursor)
    operators = [t for t in tokens if t.is_operator(*RELATIONS)]
    _check_operators(cursor.source, tokens, operators)
    operator = operators[0]
    if operator.text == ":=":
        statement: Statement = _definition(cursor)
    elif operator.text in ("==", "<", ">"):
        statement = _constraint(cursor)
    else:
        statement = _relation(cursor)
    end = cursor.peek()
    if end.kind != "end":
        raise _unexpected(cursor.source, end, cursor.peek(1))
    return statement


def _upto_end(cursor: Cursor) -> list[Token]:
    tokens: list[Token] = []
    while cursor.peek(len(tokens)).kind != "end":
        tokens.append(cursor.peek(len(tokens)))
    return tokens


def _check_operators(source: Source, tokens: list[Token], operators: list[Token]) -> None:
    if not operators:
        span = tokens[0].span.to(tokens[-1].span)
        fix = "a line says something with =~ ~ ~~ | <~ := == < >; a further term needs a '+' before it"
        raise source.error("no operator in this statement", span, fix)
    if len(operators) > 1:
        second = operators[1]
        chained = {operators[0].text, second.text} <= {"<", ">", "=="}
        same_line = source.line_of(operators[0].span) == source.line_of(second.span)
        fix = "write one statement a line"
        if chained:
            fix = "write two constraints, as in '0 < a; a < 1'"
        elif not same_line:
            fix = "look for an operator or '+' too many at the end of a line above"
        raise source.error(f"a second operator '{second.text}' in one statement", second.span, fix)


def _unexpected(source: Source, token: Token, following: Token) -> SpecError:
    fix = None
    if token.kind in ("name", "number", "string"):
        fix = "put '+' between two terms and '*' between a modifier and its variable"
    elif token.is_operator("-"):
        fix = "terms are joined by '+'; a fixed negative value is written -1*x"
    elif token.is_operator(")"):
        fix = "leave it out; no parenthesis is open here"
    elif token.is_operator("(") and following.kind != "end":
        fix = "write every term out; parentheses group nothing here"
    return source.error(f"'{token.text}' is not expected here", token.span, fix)


def _definition(cursor: Cursor) -> Definition:
    name = cursor.take()
    operator = cursor.peek()
    if name.kind != "name" or not operator.is_operator(":="):
        span = name.span.to(cursor.mark(operator))
        raise cursor.source.error("a definition is named by one name", span, "write as in 'indirect := a*b'")
    cursor.take()
    expression = read_expression(cursor)
    return Definition(Word(name.text, name.span), expression, _span_from(cursor, name))


def _constraint(cursor: Cursor) -> Constraint:
    first = cursor.peek()
    left = read_expression(cursor)
    operator = cursor.peek()
    if not operator.is_operator("==", "<", ">"):
        raise _unexpected(cursor.source, operator, cursor.peek(1))
    cursor.take()
    right = read_expression(cursor)
    op: Literal["==", "<", ">"] = "==" if operator.text == "==" else "<" if operator.text == "<" else ">"
    return Constraint(left, op, right, _span_from(cursor, first))


def _relation(cursor: Cursor) -> Relation:
    first = cursor.peek()
    lhs = [_left_name(cursor)]
    while cursor.peek().is_operator("+"):
        cursor.take()
        lhs.append(_left_name(cursor))
    operator = cursor.peek()
    if not operator.is_operator(*_RELATIONAL):
        fix = "names on the left are joined by '+'; modifiers (labels, fixed values) stand on the right"
        if lhs[-1].text == "efa":
            fix = "there is no rotation here; write the loadings out, 0* for those that are none"
        raise cursor.source.error(f"'{operator.text}' cannot stand on the left", cursor.mark(operator), fix)
    cursor.take()
    terms = [_term(cursor, operator)]
    while cursor.peek().is_operator("+"):
        cursor.take()
        terms.append(_term(cursor, operator))
    return Relation(tuple(lhs), operator.text, tuple(terms), _span_from(cursor, first))


def _span_from(cursor: Cursor, first: Token) -> Span:
    return first.span.to(cursor.tokens[cursor.at - 1].span)


def _left_name(cursor: Cursor) -> Word:
    token = cursor.take()
    if token.kind != "name" or (token.text == "NA" and not token.quoted):
        what = "nothing" if token.is_operator(*RELATIONS) else f"'{token.text}'"
        raise cursor.source.error(f"{what} stands where a variable's name is needed", cursor.mark(token))
    return Word(token.text, token.span)


def _term(cursor: Cursor, operator: Token) -> Term:
    """Read modifiers up to the last ``*``, then the variable or the intercept."""
    modifiers: list[Modifier] = []
    while True:
        token = cursor.peek()
        if token.kind == "end" or token.is_operator("+", ")", ","):
            previous = cursor.tokens[cursor.at - 1]
            msg = f"no variable follows '{previous.text}'"
            raise cursor.source.error(msg, previous.span, "write a variable's name there, or leave it out")
        if _ends_term(cursor.peek(1)) and token.kind in ("name", "number"):
            return _variable(cursor, operator, tuple(modifiers))
        modifiers.append(read_modifier(cursor))
        star = cursor.peek()
        if star.is_operator("?"):
            modifiers[-1] = _start(cursor, modifiers[-1])
        elif not star.is_operator("*"):
            raise _no_variable(cursor, star, token)
        cursor.take()


def _ends_term(token: Token) -> bool:
    return token.kind == "end" or not token.is_operator("*", "?", "(", "/", "^", "**")


def _start(cursor: Cursor, modifier: Modifier) -> Modifier:
    """Read ``0.8?x``, another way to write ``start(0.8)*x``."""
    if modifier.kind != "value" or any(isinstance(a, str) for a in modifier.atoms):
        raise cursor.source.error("a starting value is a number", modifier.span, "write as in 0.8?x")
    return replace(modifier, kind="start")


def _no_variable(cursor: Cursor, found: Token, start: Token) -> SpecError:
    if found.kind == "end" or found.is_operator("+"):
        span = start.span.to(cursor.tokens[cursor.at - 1].span)
        return cursor.source.error("no variable follows this", span, "write it as modifier*variable")
    return _unexpected(cursor.source, found, cursor.peek(1))


def _variable(cursor: Cursor, operator: Token, modifiers: tuple[Modifier, ...]) -> Term:
    token = cursor.take()
    if token.kind == "name":
        if token.text == "NA" and not token.quoted:
            fix = "NA frees a parameter and stands before a variable, as in NA*x1"
            raise cursor.source.error("'NA' is not a variable", token.span, fix)
        return Term(token.text, modifiers, token.span)
    value = cursor.number(token)
    if operator.text != "~" or value not in (0.0, 1.0):
        fix = "put '*' and a variable after a number; '1' alone stands for the intercept, after '~' only"
        raise cursor.source.error(f"the number {token.text} is not a variable", token.span, fix)
    if value == 0.0:  # y ~ 0 says that the intercept is zero
        modifiers = (*modifiers, Modifier("value", (0.0,), token.span))
    return Term("", modifiers, token.span)
