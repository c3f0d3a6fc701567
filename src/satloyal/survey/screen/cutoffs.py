"""Cut-offs: from where on an index says "look at this respondent", and who says so."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from satloyal.errors import SurveyError
from satloyal.survey.nearest import did_you_mean

__all__ = ["DEFAULT_CUTOFFS", "Cutoff", "resolve"]

_SIGNS = {"above": ">", "at_least": "≥", "at_most": "≤", "below": "<"}


@dataclass(frozen=True, slots=True)
class Cutoff:
    """When an index flags a respondent.

    Parameters
    ----------
    index : str
        Column of the screening table.
    side : {"above", "at_least", "at_most", "below"}
        Which values are flagged.
    value : float, optional
        The limit itself; without one the index is reported and flags nobody.
    source : str
        Who says so.
    evidence : str
        What kind of evidence it is: several indices of one kind say the same and count once.
    needs : tuple of (str, float), optional
        Another column of the table that must be at least so large; below it the index judges nobody.
    most : float
        Share of those judged above which the flags say more about the questionnaire than about people; then
        the index judges nobody.

    Examples
    --------
    >>> cutoff = Cutoff("seconds_per_item", "below", 2.0, "Huang et al. (2012)")
    >>> str(cutoff), cutoff.flags(pd.DataFrame({"seconds_per_item": [1.2, 7.5]})).tolist()
    ('seconds_per_item < 2', [True, False])
    """

    index: str
    side: Literal["above", "at_least", "at_most", "below"]
    value: float | None
    source: str
    evidence: str = "other"
    needs: tuple[str, float] | None = None
    most: float = 1.0

    def flags(self, table: pd.DataFrame) -> NDArray[np.bool_]:
        """Return who is flagged, shape (n,); an index that is not there or undefined flags nobody."""
        if self.value is None or self.index not in table:
            return np.zeros(len(table), dtype=bool)
        x = table[self.index].to_numpy(dtype=float)
        hit: NDArray[np.bool_]
        if self.side == "above":
            hit = x > self.value
        elif self.side == "at_least":
            hit = x >= self.value
        elif self.side == "at_most":
            hit = x <= self.value
        else:
            hit = x < self.value
        if self.needs is not None:
            hit = hit & (table[self.needs[0]].to_numpy(dtype=float) >= self.needs[1])
        return hit

    def __str__(self) -> str:
        """Write the rule as a short formula."""
        if self.value is None:
            return f"{self.index}: no cut-off"
        needs = "" if self.needs is None else f" and {self.needs[0]} ≥ {self.needs[1]:g}"
        return f"{self.index} {_SIGNS[self.side]} {self.value:g}{needs}"


_ENOUGH = 10.0
"""Our own floor: on fewer answers, or fewer pairs, careful people reach the cut-offs too often."""

_FEW = 0.25
"""Where scales measure much the same, most people are inconsistent by the even-odd index: it is not them."""

DEFAULT_CUTOFFS = (
    Cutoff(
        "missing_share",
        "above",
        0.5,
        "AAPOR, Standard Definitions: a break-off has answers to less than half of the questions",
        evidence="missing answers",
    ),
    Cutoff(
        "longstring_share",
        "at_least",
        0.5,
        "P. G. Curran (2016), JESP 66, 4–19: one answer to half of the items; ours: at least 10 in a row",
        needs=("longstring", _ENOUGH),
        evidence="one answer",
    ),
    Cutoff("average_longstring", "at_least", None, "no agreed limit", evidence="one answer"),
    Cutoff(
        "straight_share",
        "at_least",
        1.0,
        "ours: one answer within every block",
        needs=("answered", _ENOUGH),
        evidence="one answer",
    ),
    Cutoff("repetition", "at_least", 0.95, "ours; see the index", evidence="a pattern"),
    Cutoff(
        "irv",
        "at_most",
        0.0,
        "no spread at all; A. M. Dunn et al. (2018), JBP 33, 105–121, give no limit above it",
        needs=("answered", _ENOUGH),
        evidence="one answer",
    ),
    Cutoff(
        "even_odd",
        "below",
        0.3,
        "J. A. Johnson (2005), JRP 39, 103–129, after Jackson; ours: on at least 10 scales",
        needs=("even_odd_scales", _ENOUGH),
        most=_FEW,
        evidence="inconsistency",
    ),
    Cutoff("synonyms", "below", None, "no agreed limit", evidence="inconsistency"),
    Cutoff("antonyms", "at_least", None, "no agreed limit", evidence="inconsistency"),
    Cutoff(
        "mahalanobis_p",
        "below",
        0.001,
        "B. G. Tabachnick and L. S. Fidell (2007), Using Multivariate Statistics, chapter 4",
        most=_FEW,
        evidence="unusual answers",
    ),
    Cutoff(
        "seconds_per_item",
        "below",
        2.0,
        "J. L. Huang, P. G. Curran, J. Keeney, E. M. Poposki and R. P. DeShon (2012), JBP 27, 99–114",
        evidence="haste",
    ),
    Cutoff(
        "same_id", "at_least", 2.0, "the second row of a respondent, and further ones", evidence="a duplicate"
    ),
    Cutoff(
        "same_answers",
        "at_least",
        2.0,
        "Kuriakose and Robbins (2016); the second of equal rows, and further ones",
        evidence="a duplicate",
    ),
    Cutoff("failed_checks", "at_least", 1.0, "Meade and Craig (2012)", evidence="inattention"),
)
"""The cut-offs used where the user says nothing."""


def resolve(given: Mapping[str, float | None] | None) -> tuple[Cutoff, ...]:
    """Return the cut-offs with the user's own values; ``None`` switches one off.

    A value of the user's own is taken as it stands, without the conditions of ours.

    Raises
    ------
    SurveyError
        If there is no such index.

    Examples
    --------
    >>> [str(c) for c in resolve({"synonyms": 0.2, "irv": None}) if c.index in ("synonyms", "irv")]
    ['irv: no cut-off', 'synonyms < 0.2']
    """
    given = given or {}
    known = [cutoff.index for cutoff in DEFAULT_CUTOFFS]
    for name in given:
        if name not in known:
            raise SurveyError(
                f"there is no cut-off {name!r}{did_you_mean(name, known)}",
                fix=f"the indices with cut-offs are {', '.join(known)}",
            )
    return tuple(
        replace(c, value=given[c.index], source="given by the user", needs=None, most=1.0)
        if c.index in given
        else c
        for c in DEFAULT_CUTOFFS
    )
