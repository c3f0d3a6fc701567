"""Scale: the range that an answer may take, and what its points are called."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from satloyal.errors import SurveyError

__all__ = ["Scale"]

Values = TypeVar("Values", float, NDArray[np.float64])


@dataclass(frozen=True, slots=True)
class Scale:
    """Range of an answer scale.

    Parameters
    ----------
    low, high : float
        The lowest and the highest possible answer; ``low < high``.
    labels : mapping of int to str, optional
        What the points are called; end-anchored scales name only two.
    name : str
        Name of a known answer scale (``"agreement5"``) or of one of the codebook's; then any of its labels,
        in any of its languages, is an answer.

    Raises
    ------
    SurveyError
        If the ends are not finite or not in order, or a label stands outside them.

    Examples
    --------
    >>> agree = Scale(1, 5, {1: "Strongly disagree", 5: "Strongly agree"})
    >>> str(agree), agree.points, agree.reverse(2.0), agree.percent(4.0)
    ('1–5', 5, 4.0, 75.0)
    """

    low: float
    high: float
    labels: Mapping[int, str] | None = None
    name: str = ""

    def __post_init__(self) -> None:
        if not (math.isfinite(self.low) and math.isfinite(self.high)):
            raise SurveyError(f"a scale needs two finite ends, not {self.low!r} and {self.high!r}")
        if self.low >= self.high:
            raise SurveyError(
                f"the scale {self.low:g} to {self.high:g} has its ends the wrong way round",
                fix="give the lowest answer first; say `reverse` for items that are worded the other way",
            )
        if self.labels is not None:
            object.__setattr__(self, "labels", dict(sorted(self.labels.items())))
            outside = [code for code in self.labels if not self.low <= code <= self.high]
            if outside:
                raise SurveyError(f"the label for {outside[0]} stands outside the scale {self}")

    def __str__(self) -> str:
        return f"{self.low:g}–{self.high:g}"

    @property
    def points(self) -> int:
        """How many whole-number answers the scale has."""
        return math.floor(self.high) - math.ceil(self.low) + 1

    @property
    def midpoint(self) -> float:
        """The middle of the range."""
        return (self.low + self.high) / 2

    def label(self, value: float) -> str | None:
        """Return what a point is called, or ``None``."""
        if self.labels is None or not float(value).is_integer():
            return None
        return self.labels.get(int(value))

    def outside(self, values: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Return where values lie outside the range; missing values do not."""
        out: NDArray[np.bool_] = (values < self.low) | (values > self.high)
        return out

    def reverse(self, values: Values) -> Values:
        r"""Turn the scale round: :math:`x \mapsto low + high - x`."""
        return self.low + self.high - values

    def percent(self, values: Values) -> Values:
        r"""Rescale to percent of the maximum possible: :math:`100 (x - low) / (high - low)`.

        Notes
        -----
        P. Cohen, J. Cohen, L. S. Aiken and S. G. West (1999), The problem of units and the circumstance for
        POMP, Multivariate Behavioral Research 34, 315–346.
        """
        return (values - self.low) / (self.high - self.low) * 100.0
