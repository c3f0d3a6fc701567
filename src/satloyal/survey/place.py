"""Place: where a column of the analysis table stands in the file, when the file calls it otherwise."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from satloyal.errors import SurveyError

__all__ = ["Place"]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a column stands in the file, and what its cells mean.

    Parameters
    ----------
    column : str or int
        What the file calls it (its code, or the text over it), or its position, counted from 0.
    values : mapping of str to float
        What cells of text stand for, where no known answer scale says so.
    split : str
        What separates several choices in one cell; empty where a cell holds one answer.
    choices : mapping of str to str
        Columns to make of such a cell → the choice each stands for: 1 where it was ticked, 0 where not.

    Raises
    ------
    SurveyError
        If a position is negative, or only one of ``split`` and ``choices`` is given.

    Examples
    --------
    >>> Place("Which channels?", split=";", choices={"CH1": "Branch", "CH2": "Website"}).makes
    ('CH1', 'CH2')
    """

    column: str | int
    values: Mapping[str, float] = field(default_factory=dict)
    split: str = ""
    choices: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "values", {str(k): float(v) for k, v in self.values.items()})
        object.__setattr__(self, "choices", dict(self.choices))
        if isinstance(self.column, int) and self.column < 0:
            raise SurveyError(f"a position in the file is counted from 0, and {self.column} is none")
        if bool(self.split) != bool(self.choices):
            missing, given = ("choices", "split") if self.split else ("split", "choices")
            raise SurveyError(
                f"{given!r} needs {missing!r} as well",
                fix='write, for instance, {column = 18, split = ";", choices = {CH1 = "Branch"}}',
            )
        if self.values and self.choices:
            raise SurveyError("a cell of several choices has no `values` of its own")

    @property
    def makes(self) -> tuple[str, ...]:
        """Columns that it makes beside the one that it names."""
        return tuple(self.choices)
