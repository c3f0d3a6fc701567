"""Remembering what was worked out for an object, by which object it is and not by what it equals."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, wraps
from typing import Any, TypeVar

__all__ = ["remembered"]

T = TypeVar("T")


class _Itself:
    """An object as a key: equal to itself alone, and cheap to hash however large it is."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value

    def __hash__(self) -> int:
        return id(self.value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Itself) and self.value is other.value


def remembered(size: int) -> Callable[[Callable[[Any], T]], Callable[[Any], T]]:
    """Decorate a function of one immutable object: asked again about the same object, it answers from memory.

    What is laid out for a model once serves every brand and every wave that the model is fitted to.

    Parameters
    ----------
    size : int
        How many answers are kept, the latest.

    Examples
    --------
    >>> asked = []
    >>> @remembered(8)
    ... def length(values):
    ...     asked.append(values)
    ...     return len(values)
    >>> numbers = [1, 2, 3]
    >>> length(numbers), length(numbers), len(asked)
    (3, 3, 1)
    """

    def decorate(function: Callable[[Any], T]) -> Callable[[Any], T]:
        @lru_cache(maxsize=size)
        def known(key: _Itself) -> T:
            return function(key.value)

        @wraps(function)
        def ask(value: Any) -> T:
            return known(_Itself(value))

        return ask

    return decorate
