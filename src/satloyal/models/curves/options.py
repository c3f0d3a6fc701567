"""What was asked of a response curve, checked once at the door."""

from __future__ import annotations

from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import Any, get_args

from satloyal.errors import FitError
from satloyal.models.curves.forms import SHAPES
from satloyal.models.curves.inference import Covariance

__all__ = ["CurveOptions"]


@dataclass(frozen=True, slots=True)
class CurveOptions:
    """Arguments of :func:`satloyal.fit_curve` that are not data.

    Parameters
    ----------
    shapes : tuple of str
    level : float
    folds, seed : int
    covariance : Covariance

    Raises
    ------
    FitError
        If one of them is out of range; the nearest allowed name is suggested.
    """

    shapes: tuple[str, ...]
    level: float
    folds: int
    seed: int
    covariance: Covariance

    def __post_init__(self) -> None:
        for name in self.shapes:
            _among("shape", name, tuple(SHAPES))
        if not self.shapes or len(set(self.shapes)) < len(self.shapes):
            raise FitError(f"shapes are {list(self.shapes)}", fix="name at least one shape, and each once")
        _among("covariance", self.covariance, get_args(Covariance))
        if not 0 < self.level < 1:
            raise FitError(f"level is {self.level}", fix="give the level of the intervals, such as 0.95")
        if self.folds < 2:
            raise FitError(f"folds is {self.folds}", fix="cross-validation needs at least 2 folds")

    def replacing(self, **changes: Any) -> CurveOptions:
        """Return the options with some of them changed."""
        return replace(self, **changes)


def _among(what: str, name: str, known: tuple[str, ...]) -> None:
    if name in known:
        return
    near = get_close_matches(str(name), known, n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"choose among {', '.join(known)}"
    raise FitError(f"there is no {what} {name!r}", fix=hint)
