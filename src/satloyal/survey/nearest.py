"""Nearest names: what the user may have meant by a name that is not there."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

__all__ = ["did_you_mean", "nearest"]


def nearest(name: str, known: Iterable[str]) -> str | None:
    """Return the known name most like ``name``, or ``None`` if none is alike.

    Upper and lower case count as alike.

    Examples
    --------
    >>> nearest("constucts", ["constructs", "items"]), nearest("sat1", ["SAT1"]), nearest("x", ["SAT1"])
    ('constructs', 'SAT1', None)
    """
    names = list(known)
    folded: dict[str, str] = {}
    for candidate in names:
        folded.setdefault(candidate.casefold(), candidate)
    if name.casefold() in folded:
        return folded[name.casefold()]
    found = get_close_matches(name.casefold(), list(folded), n=1, cutoff=0.6)
    return folded[found[0]] if found else None


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return `` (did you mean 'x'?)``, or nothing if no known name is alike.

    Examples
    --------
    >>> did_you_mean("revers", ["reverse", "scale"])
    " (did you mean 'reverse'?)"
    """
    found = nearest(name, known)
    return "" if found is None else f" (did you mean {found!r}?)"
