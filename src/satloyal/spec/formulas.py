"""Definitions and constraints: rows whose right side is a formula over labels."""

from __future__ import annotations

from collections.abc import Mapping

from satloyal.spec.expression import Binary, Name
from satloyal.spec.parameter import Parameter
from satloyal.spec.source import Source, nearest
from satloyal.spec.syntax import Constraint, Definition, Model

__all__ = ["formula_rows", "in_order"]


def formula_rows(model: Model, labels: set[str]) -> tuple[Parameter, ...]:
    """Rows of the definitions and constraints of a model, in the order of the text.

    Parameters
    ----------
    model : Model
        The model.
    labels : set of str
        Labels of its parameters.

    Returns
    -------
    tuple of Parameter
        Group 0; the expression of a constraint is its left minus its right side.

    Raises
    ------
    SpecError
        If a formula names a label that nobody has, a name is defined twice or through itself, or a
        constraint says nothing about a parameter.
    """
    defined = _defined(model, labels)
    rows = []
    for statement in model.statements:
        if isinstance(statement, Definition):
            _check_labels(model.source, statement.expression.leaves(), {*labels, *defined})
            rows.append(_definition(statement))
        elif isinstance(statement, Constraint):
            leaves = statement.left.leaves() + statement.right.leaves()
            _check_labels(model.source, leaves, {*labels, *defined})
            if not leaves:
                fix = "name a parameter's label"
                raise model.source.error("a constraint without a label", statement.span, fix)
            rows.append(_constraint(statement))
    _check_cycles(model.source, defined)
    return tuple(rows)


def in_order(rows: tuple[Parameter, ...]) -> tuple[Parameter, ...]:
    """Definitions in an order in which each one needs only earlier ones."""
    waiting = {r.lhs: r for r in rows if r.op == ":="}
    done: dict[str, Parameter] = {}
    while waiting:
        ready = [n for n, r in waiting.items() if not set(_needs(r)) & set(waiting)]
        for name in ready:
            done[name] = waiting.pop(name)
    return tuple(done.values())


def _needs(row: Parameter) -> tuple[str, ...]:
    return () if row.expression is None else row.expression.names()


def _definition(statement: Definition) -> Parameter:
    name, expression = statement.name.text, statement.expression
    return Parameter(
        name, ":=", expression.to_text(), group=0, label=name, expression=expression, span=statement.span
    )


def _constraint(statement: Constraint) -> Parameter:
    left, right = statement.left, statement.right
    return Parameter(
        left.to_text(),
        statement.op,
        right.to_text(),
        group=0,
        expression=Binary("-", left, right),
        span=statement.span,
    )


def _defined(model: Model, labels: set[str]) -> Mapping[str, Definition]:
    defined: dict[str, Definition] = {}
    for statement in model.statements:
        if not isinstance(statement, Definition):
            continue
        name = statement.name
        if name.text in defined:
            raise model.source.error(f"'{name.text}' is defined twice", name.span, "rename one of the two")
        if name.text in labels:
            msg = f"'{name.text}' is the label of a parameter and cannot be defined as well"
            raise model.source.error(msg, name.span, "give the definition another name")
        defined[name.text] = statement
    return defined


def _check_labels(source: Source, leaves: tuple[Name, ...], known: set[str]) -> None:
    for leaf in leaves:
        if leaf.name not in known:
            near = nearest(leaf.name, known)
            fix = (
                f"did you mean '{near}'?" if near else "label a parameter, as in y ~ a*x, and name the label"
            )
            raise source.error(f"no parameter has the label '{leaf.name}'", leaf.span, fix)


def _check_cycles(source: Source, defined: Mapping[str, Definition]) -> None:
    left = dict(defined)
    while left:
        ready = [n for n, d in left.items() if not set(d.expression.names()) & set(left)]
        if not ready:
            name = next(iter(left.values())).name
            fix = "define it from labels and from other definitions only"
            raise source.error(f"'{name.text}' is defined through itself", name.span, fix)
        for name_done in ready:
            del left[name_done]
