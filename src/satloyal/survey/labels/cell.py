"""Cell: the number and the label that one cell of text holds."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from satloyal.survey.labels.normal import normalise

__all__ = ["Cell", "split_cell", "without_letter"]

LONGEST = 200
"""Characters of a cell that may still be an answer with a number; longer text is free text."""
_WHOLE = re.compile(r"([+-]?\d+(?:\.\d+)?)\s*分?")
_LABEL = r"(?P<l>[^\W\d_].*)"  # begins with a letter, so that '3-4' and '5/5' are not numbers with labels
_FIRM = (
    re.compile(rf"(?P<n>[+-]?\d+)\s*[-:.)、=]\s*{_LABEL}"),
    re.compile(rf"(?P<n>[+-]?\d+)\s*\(\s*{_LABEL}\)"),
    re.compile(rf"{_LABEL}\((?P<n>\d+)\)"),
    re.compile(rf"{_LABEL}\s-\s(?P<n>\d+)"),  # never minus: 'Extremely likely - 10' is ten
)
_LOOSE = (
    re.compile(rf"(?P<n>[+-]?\d+)\s+{_LABEL}"),
    re.compile(rf"(?P<n>\d+)\s*分\s*[-:、]?\s*\(?{_LABEL}"),
    re.compile(rf"{_LABEL}\s*[-:]\s*(?P<n>\d+)"),
    re.compile(rf"{_LABEL}\(\s*(?P<n>\d+)\s*分?\s*\)"),
    re.compile(r"(?P<n>\d+)(?P<l>[^\W\d_a-z].*)"),  # '10非常愿意'
)
_LETTER = re.compile(r"(?P<letter>[a-z])\s*[.、)]\s*(?P<rest>\S.*)")


@dataclass(frozen=True, slots=True)
class Cell:
    """What one cell says.

    Parameters
    ----------
    number : float, optional
        Its number.
    label : str, optional
        Its label, normalised.
    firm : bool
        Whether the two stand apart plainly (``"5 - Satisfied"``). Where not (``"4 stars"``), the label must
        be one of the scale's for the number to count.
    """

    number: float | None
    label: str | None
    firm: bool = True


def split_cell(text: str) -> Cell:
    """Take a cell apart into number and label.

    Examples
    --------
    >>> split_cell("5 – Very satisfied"), split_cell("Extremely likely - 10").number
    (Cell(number=5.0, label='very satisfied', firm=True), 10.0)
    >>> split_cell("５（非常满意）").label, split_cell("4 stars").firm, split_cell("3-4").number
    ('非常满意', False, None)
    """
    plain = normalise(text)
    # Superscripts and circled digits would become plain digits: '5²' is not 52.
    if not plain or len(plain) > LONGEST or any(unicodedata.category(c) == "No" for c in text):
        return Cell(None, plain or None)
    whole = _WHOLE.fullmatch(plain)
    if whole:
        return Cell(float(whole[1]), None)
    for patterns, firm in ((_FIRM, True), (_LOOSE, False)):
        for pattern in patterns:
            found = pattern.fullmatch(plain)
            if found:
                return Cell(float(found["n"]), normalise(found["l"].rstrip(" )") or found["l"]), firm)
    return Cell(None, plain)


def without_letter(labels: set[str]) -> dict[str, str]:
    """Return labels without the letters of their options, ``"d. agree"`` → ``"agree"``, if all have one.

    Empty if one has none, or a letter stands before two labels.

    Examples
    --------
    >>> without_letter({"a.满意", "b、不满意"}) == {"a.满意": "满意", "b、不满意": "不满意"}
    True
    >>> without_letter({"a.满意", "不满意"})
    {}
    """
    found = {label: _LETTER.fullmatch(label) for label in labels}
    parts = {label: (hit["letter"], normalise(hit["rest"])) for label, hit in found.items() if hit}
    rests: dict[str, str] = {}
    if len(parts) < len(labels):
        return {}
    for letter, rest in parts.values():
        if rests.setdefault(letter, rest) != rest:
            return {}
    return {label: rest for label, (_, rest) in parts.items()}
