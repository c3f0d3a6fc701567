"""Functions of expressions: arithmetic on arrays, real or complex, that keeps a complex step exact.

A derivative by a complex step, Im f(x + ih)/h, needs functions that go by the real part where they branch and
that never pass a tiny imaginary part through an angle near π (Squire and Trapp 1998, SIAM Review 40:110-112).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["ARITHMETIC", "FUNCTIONS"]

Array = NDArray[Any]


def _where_defined(ok: Array, value: Array) -> Array:
    return np.where(ok, value, np.nan)


def _power(base: Array, exponent: Array) -> Array:
    """Power that keeps a tiny imaginary step exact for negative bases (no detour over the angle π)."""
    if not (np.iscomplexobj(base) or np.iscomplexobj(exponent)):
        return np.asarray(np.power(np.asarray(base, float), np.asarray(exponent, float)))
    if np.ndim(exponent) == 0 and np.imag(exponent) == 0 and float(np.real(exponent)).is_integer():
        n = int(np.real(exponent))
        if abs(n) <= 1024:
            return _integer_power(base, n)
    value = np.exp(exponent * np.log(np.asarray(base, complex)))
    return _where_defined(np.real(base) >= 0, value)


def _integer_power(base: Array, n: int) -> Array:
    if n < 0:
        return np.asarray(1.0 / _integer_power(base, -n))
    result, square = np.ones_like(base), base
    while n:
        if n & 1:
            result = result * square
        n >>= 1
        if n:
            square = square * square
    return np.asarray(result)


def _absolute(x: Array) -> Array:
    return np.asarray(np.where(np.real(x) < 0, -x, x))


def _smallest(*values: Array) -> Array:
    result = values[0]
    for value in values[1:]:
        result = np.where(np.real(value) < np.real(result), value, result)
    return np.asarray(result)


def _largest(*values: Array) -> Array:
    result = values[0]
    for value in values[1:]:
        result = np.where(np.real(value) > np.real(result), value, result)
    return np.asarray(result)


def _from_zero(function: Callable[[Array], Array]) -> Callable[[Array], Array]:
    return lambda x: _where_defined(np.real(x) >= 0, function(x))


def _within_one(function: Callable[[Array], Array]) -> Callable[[Array], Array]:
    return lambda x: _where_defined(np.abs(np.real(x)) <= 1, function(x))


ARITHMETIC: Mapping[str, Callable[[Array, Array], Array]] = {
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "/": np.divide,
    "^": _power,
}
"""What the operators between two expressions do."""

FUNCTIONS: Mapping[str, Callable[..., Array]] = {
    "exp": np.exp,
    "log": _from_zero(np.log),
    "log10": _from_zero(np.log10),
    "log2": _from_zero(np.log2),
    "log1p": lambda x: _where_defined(np.real(x) >= -1, np.log1p(x)),
    "expm1": np.expm1,
    "sqrt": _from_zero(np.sqrt),
    "abs": _absolute,
    "min": _smallest,
    "max": _largest,
    "sin": np.sin,
    "cos": np.cos,
    "tan": np.tan,
    "asin": _within_one(np.arcsin),
    "acos": _within_one(np.arccos),
    "atan": np.arctan,
    "sinh": np.sinh,
    "cosh": np.cosh,
    "tanh": np.tanh,
}
"""Functions that an expression may call; all take real or complex arrays."""
