"""One row of a parameter table."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from satloyal.spec.expression import Expression
from satloyal.spec.source import Span

__all__ = ["Parameter"]


@dataclass(frozen=True, slots=True)
class Parameter:
    """One row: a parameter of the model, a definition or a constraint.

    Parameters
    ----------
    lhs, op, rhs : str
        As in the model language; an intercept has op ``"~1"`` and rhs ``""``. For definitions and constraints
        rhs (and lhs of a constraint) is the formula as text.
    group : int
        1..G; 0 for definitions and constraints.
    free : int
        1..q, shared by rows that are held equal by a label; 0 for what is not estimated.
    value : float or None
        Fixed value; None when free, and when fixed to the sample moment (`fixed_x`).
    start : float or None
        Starting value that the user gave.
    lower, upper : float or None
        Bounds that the user gave.
    label : str
        Label; rows with the same label are one parameter. ``""`` if none.
    origin : {"user", "default"}
        Whether the user wrote the row.
    fixed_x : bool
        The row is a sample moment of the exogenous covariates.
    expression : Expression or None
        Of a definition its right side; of a constraint left minus right (``== 0``, ``< 0``, ``> 0``).
    span : Span or None
        Place in the model text.
    """

    lhs: str
    op: str
    rhs: str
    group: int = 1
    free: int = 0
    value: float | None = None
    start: float | None = None
    lower: float | None = None
    upper: float | None = None
    label: str = ""
    origin: Literal["user", "default"] = "user"
    fixed_x: bool = False
    expression: Expression | None = None
    span: Span | None = field(default=None, compare=False, repr=False)

    @property
    def name(self) -> str:
        """The row written without spaces, as in ``"f=~x1"`` or ``"x1~1"``."""
        return f"{self.lhs}{self.op}{self.rhs}"
