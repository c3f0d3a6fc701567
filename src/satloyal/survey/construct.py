"""Items and constructs: the questions that were asked, and what they stand for together."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field

from satloyal.errors import SurveyError
from satloyal.survey.scale import Scale

__all__ = ["Code", "Construct", "Item", "as_code"]

Code = float | str


def as_code(value: object) -> Code:
    """Return a missing code in the one form in which codes are compared.

    Numbers become floats; text is stripped and compared without regard to case and width.

    Examples
    --------
    >>> as_code("-99"), as_code(" N/A "), as_code("９９")
    (-99.0, 'n/a', 99.0)
    """
    if isinstance(value, int | float):
        return float(value)
    text = " ".join(unicodedata.normalize("NFKC", str(value)).split()).casefold()
    return float(text) if re.fullmatch(r"[+-]?\d+(\.\d+)?", text) else text


@dataclass(frozen=True, slots=True)
class Item:
    """One question.

    Parameters
    ----------
    name : str
        Column of the survey file.
    text : str
        The question as it was asked, or what it is about.
    scale : Scale, optional
        Possible answers.
    reverse : bool
        Whether it is worded the other way, so that a high answer means little of the construct.
    ordinal : bool
        Whether its answers are ordered categories rather than numbers.
    missing : mapping of code to reason
        Codes that mean "no answer" for this item alone, even where they lie inside its scale.
    stem : str
        What it shares with the other items of its question.

    Raises
    ------
    SurveyError
        If a reversed item has no scale to turn round.

    Examples
    --------
    >>> Item("SAT3", "I was disappointed", Scale(1, 5), reverse=True).scale.reverse(5.0)
    1.0
    """

    name: str
    text: str = ""
    scale: Scale | None = None
    reverse: bool = False
    ordinal: bool = False
    missing: Mapping[Code, str] = field(default_factory=dict)
    stem: str = ""

    def __post_init__(self) -> None:
        if self.reverse and self.scale is None:
            raise SurveyError(
                f"item {self.name!r} is to be reversed but has no scale",
                fix="give its scale, for instance scale = [1, 5]",
            )
        object.__setattr__(self, "missing", {as_code(k): str(v) for k, v in self.missing.items()})

    @property
    def title(self) -> str:
        """The question, or the column name where the question is not known."""
        return self.text or self.name


@dataclass(frozen=True, slots=True)
class Construct:
    """What several items measure together.

    Parameters
    ----------
    name : str
        Short name, as used in model texts.
    items : tuple of str
        Its columns.
    label : str
        Name for readers.
    scale : Scale, optional
        Scale of those of its items that do not state their own.
    ordinal : bool
        Whether those items are ordered categories.

    Examples
    --------
    >>> Construct("Loyalty", ("CUSL1", "CUSL2", "CUSL3")).title
    'Loyalty'
    """

    name: str
    items: tuple[str, ...]
    label: str = ""
    scale: Scale | None = None
    ordinal: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "items", tuple(self.items))
        if not self.items:
            raise SurveyError(f"construct {self.name!r} has no items", fix="list its columns under `items`")
        twice = sorted({name for name in self.items if self.items.count(name) > 1})
        if twice:
            raise SurveyError(f"construct {self.name!r} lists item {twice[0]!r} twice")

    @property
    def title(self) -> str:
        """The label, or the name where there is none."""
        return self.label or self.name
