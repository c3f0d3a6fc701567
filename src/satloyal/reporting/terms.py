"""Parameters in words: what a row of the parameter table is called in a sentence or a table for readers."""

from __future__ import annotations

import re
from collections.abc import Iterable

__all__ = ["in_words", "listed", "term", "worded"]

_INSIDE = re.compile(r"(?<![\w.])([^\W\d]\w*) (=~|~~|~) ([^\W\d]\w*)")
_PARAMETER = re.compile(r"^\s*(.+?)\s*(=~|~\*~|~~|~1|<~|~|\|)\s*(.*?)\s*$")


def term(lhs: str, op: str, rhs: str = "") -> str:
    """Name a parameter.

    Examples
    --------
    >>> term("Loyalty", "~", "Trust"), term("Trust", "=~", "TRU2")
    ('Trust → Loyalty', 'loading of TRU2 on Trust')
    >>> term("TRU1", "~1"), term("TRU1", "|", "t2")
    ('intercept of TRU1', 'threshold 2 of TRU1')
    """
    if op == "~~":
        return f"variance of {lhs}" if lhs == rhs else f"covariance of {lhs} and {rhs}"
    words = {
        "=~": f"loading of {rhs} on {lhs}",
        "~": f"{rhs} → {lhs}",
        "~1": f"intercept of {lhs}",
        "|": f"threshold {rhs.removeprefix('t')} of {lhs}",
        "~*~": f"scale of {lhs}",
        "<~": f"weight of {rhs} in {lhs}",
    }
    return words.get(op, lhs)


def in_words(parameter: str) -> str:
    """Name a parameter that is written as in a model text; other text stays as it is.

    Examples
    --------
    >>> in_words("F=~x2"), in_words("x3~1"), in_words("Loyalty ~ Trust [b]"), in_words("chain")
    ('loading of x2 on F', 'intercept of x3', 'Trust → Loyalty [b]', 'chain')
    """
    text, bracket, group = parameter.partition(" [")
    found = _PARAMETER.match(text)
    if found is None:
        return parameter
    return term(found[1], found[2], found[3]) + bracket + group


def listed(words: Iterable[str], most: int = 6) -> str:
    """Join words as a sentence does; beyond `most` it only counts.

    Examples
    --------
    >>> listed(["a", "b", "c"]), listed(["a"]), listed(["a", "b", "c", "d"], most=2)
    ('a, b and c', 'a', 'a, b and 2 more')
    """
    given = list(words)
    if len(given) > most:
        given = [*given[:most], f"{len(given) - most} more"]
    return given[0] if len(given) == 1 else f"{', '.join(given[:-1])} and {given[-1]}" if given else ""


def worded(text: str) -> str:
    """Put the parameters inside a sentence into words.

    Examples
    --------
    >>> worded("the variance of S1 is negative: S1 ~~ S1 = -0.3; Loyalty ~ Trust changes; ΔCFI ~ 0")
    'the variance of S1 is negative: variance of S1 = -0.3; Trust → Loyalty changes; ΔCFI ~ 0'
    """
    return _INSIDE.sub(lambda m: term(m[1], m[2], m[3]), text)
