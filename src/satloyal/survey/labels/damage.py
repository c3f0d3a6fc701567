"""Damage: text that was decoded wrongly and saved again, which no decoding brings back."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache

from satloyal.survey.labels.normal import normalise
from satloyal.survey.labels.reasons import known_reasons
from satloyal.survey.labels.table import known_labels

__all__ = ["damaged_cells"]

# UTF-8 read one byte a character: a leading byte, then one to three that only continue a character.
# Windows-1252 shows bytes 80 to 9F as other signs, or loses them.
_ODD = "\\x80-\\xbf€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ\\ufffd"
_BROKEN = re.compile(f"[Â-ß][{_ODD}]|[à-ï][{_ODD}]{{1,2}}|ð[{_ODD}]{{1,3}}|ï»¿|锟斤拷|\\ufffd{{2,}}")
_BEYOND = re.compile(r"[^\x00-\x7f]")
_SHARE = 0.8
_WRONG = ("cp1252", "latin-1", "gb18030", "big5", "shift_jis", "mac-roman")


@cache
def _broken_labels() -> frozenset[str]:
    """Return known labels and reasons as wrong decoders would show their UTF-8."""
    out = set()
    for label in (*known_labels(), *known_reasons()):
        for wrong in _WRONG if not label.isascii() else ():
            out.add(normalise(label.encode().decode(wrong, errors="replace")))
    told = {form for form in out if sum(not c.isascii() and c != "\ufffd" for c in form) > 1}
    return frozenset(told) - known_labels() - frozenset(known_reasons())


def damaged_cells(cells: Iterable[str]) -> tuple[str, ...]:
    r"""Return cells that show UTF-8 read as something else, if the text as a whole is damaged.

    That is so if nearly all characters beyond ASCII belong to such pieces, or known labels stand there in
    the form that a wrong decoder gives them. A single odd cell, or a French word, is not enough.

    Examples
    --------
    >>> damaged_cells(["æ»¡æ„\x8f", "ä¸€èˆ¬", "8"])
    ('æ»¡æ„\x8f', 'ä¸€èˆ¬')
    >>> damaged_cells(["满意", "Café", "très bien"]), damaged_cells(["婊℃剰"])
    ((), ('婊℃剰',))
    """
    every = tuple(dict.fromkeys(cell for cell in cells if not cell.isascii()))
    labels = tuple(cell for cell in every if normalise(cell) in _broken_labels())
    broken = tuple(cell for cell in every if _BROKEN.search(cell))
    beyond = sum(len(_BEYOND.findall(cell)) for cell in every)
    hit = sum(len(_BEYOND.findall("".join(_BROKEN.findall(cell)))) for cell in broken)
    return broken if len(broken) > 1 and hit >= _SHARE * beyond else labels
