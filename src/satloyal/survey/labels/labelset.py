"""LabelSet: what the points of an answer scale are called in one language."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from satloyal.errors import SurveyError
from satloyal.survey.labels.normal import normalise
from satloyal.survey.scale import Scale

__all__ = ["LabelSet"]

KEYS = ("low", "high", "labels", "language")
ALTERNATIVES = "|"
"""Stands between two names of the same point."""


@dataclass(frozen=True)
class LabelSet:
    """Names of the points of an answer scale in one language and one style.

    Parameters
    ----------
    name : str
        ``"satisfaction5.en"``: the scale, the language and, where there are several, the style.
    low, high : int
        The lowest and the highest point. A high point means more of what is asked.
    points : mapping of int to tuple of str
        Names of each point that has one: the usual one first. An end-anchored scale names only its ends.
    language : str
        Language tag (``"en"``, ``"zh-Hans"``, ``"zh-Hant"``).

    Raises
    ------
    SurveyError
        If the ends are not in order, a point lies outside them, or two points share a label.

    Examples
    --------
    >>> grades = LabelSet("grades", 1, 3, {1: ("poor",), 2: ("fair", "so-so"), 3: ("good",)}, "en")
    >>> grades.point("Fair"), grades.point("So–so"), grades.point("excellent")
    (2, 2, None)
    """

    name: str
    low: int
    high: int
    points: Mapping[int, tuple[str, ...]]
    language: str = ""
    _numbers: Mapping[str, int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        where = f"labels {self.name!r}"
        Scale(self.low, self.high)  # its ends are in order
        numbers: dict[str, int] = {}
        for point, names in sorted(self.points.items()):
            if not self.low <= point <= self.high:
                raise SurveyError(
                    f"point {point} lies outside the scale {self.low}–{self.high}",
                    where=where,
                    fix="correct `low` and `high`, or the list of labels",
                )
            for name in names:
                plain = normalise(name)
                if not plain:
                    raise SurveyError(f"point {point} has an empty name", where=where)
                if numbers.setdefault(plain, point) != point:
                    raise SurveyError(
                        f"{name!r} is the name of two points, {numbers[plain]} and {point}",
                        where=where,
                        fix="give each point names of its own; case, width and spaces do not tell them apart",
                    )
        object.__setattr__(self, "points", dict(sorted(self.points.items())))
        object.__setattr__(self, "_numbers", numbers)

    def __hash__(self) -> int:
        return hash((self.name, self.low, self.high, self.language))

    @classmethod
    def from_mapping(cls, name: str, body: Mapping[str, Any]) -> LabelSet:
        """Build one from a codebook's table ``[labels.NAME]``.

        Parameters
        ----------
        name : str
            Its name.
        body : mapping
            ``labels``: a list from low to high (``""`` for a point without name, ``"a | b"`` for two names),
            or a table from points to names; ``low`` (1 unless given); ``high`` (needed only where the labels
            do not reach it); ``language``.

        Raises
        ------
        SurveyError
            If something is missing, unknown or contradicts itself.

        Examples
        --------
        >>> LabelSet.from_mapping("ja", {"labels": ["不満", "普通", "満足"]}).points[3]
        ('満足',)
        >>> LabelSet.from_mapping("nps", {"low": 0, "high": 10, "labels": {"0": "nie", "10": "immer"}}).high
        10
        """
        where = f"[labels.{name}]"
        unknown = [key for key in body if key not in KEYS]
        if unknown:
            raise SurveyError(f"unknown key {unknown[0]!r}", where=where, fix=f"known are {', '.join(KEYS)}")
        low = _whole(where, "low", body.get("low", 1))
        labels = body.get("labels")
        if isinstance(labels, Mapping):
            pairs = [(_whole(where, "a point", point), label) for point, label in labels.items()]
        elif isinstance(labels, Sequence) and not isinstance(labels, str):
            pairs = [(low + k, label) for k, label in enumerate(labels)]
        else:
            raise SurveyError(
                "`labels` is missing or no list",
                where=where,
                fix='list them from low to high: labels = ["poor", "fair", "good"]',
            )
        points = {point: _names(where, label) for point, label in pairs}
        if sum(map(bool, points.values())) < 2:
            raise SurveyError("fewer than two points have a name", where=where, fix="name at least both ends")
        high = _whole(where, "high", body.get("high", max(points)))
        if not isinstance(labels, Mapping) and high != low + len(points) - 1:
            raise SurveyError(
                f"{len(points)} labels cannot name the points from {low} to {high}",
                where=where,
                fix='give one label a point, "" for a point without name',
            )
        named = {point: names for point, names in points.items() if names}
        return cls(name, low, high, named, str(body.get("language", "")))

    @property
    def family(self) -> str:
        """The scale that it names, whatever the language: ``"satisfaction5"``."""
        return self.name.split(".", 1)[0]

    @cached_property
    def scale(self) -> Scale:
        """Its range, with the usual names."""
        return Scale(self.low, self.high, {point: names[0] for point, names in self.points.items()})

    def point(self, label: str) -> int | None:
        """Return the point that a label names, or ``None``; whole labels only."""
        return self._numbers.get(normalise(label))

    @property
    def numbers(self) -> Mapping[str, int]:
        """Point by normalised label."""
        return self._numbers

    def shifted(self, low: int) -> LabelSet:
        """Return the same names on points that begin at ``low``."""
        by = low - self.low
        points = {point + by: names for point, names in self.points.items()}
        return LabelSet(self.name, low, self.high + by, points, self.language)

    def __iter__(self) -> Iterator[str]:
        """Every name, as it is usually written, from low to high."""
        return (name for names in self.points.values() for name in names)


def _whole(where: str, what: str, value: Any) -> int:
    if isinstance(value, str) and value.strip().lstrip("+-").isdigit():
        return int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise SurveyError(f"{what} must be a whole number, not {value!r}", where=where)
    return value


def _names(where: str, label: Any) -> tuple[str, ...]:
    if isinstance(label, str):
        return tuple(part.strip() for part in label.split(ALTERNATIVES) if part.strip())
    if isinstance(label, Sequence) and all(isinstance(part, str) for part in label):
        return tuple(part.strip() for part in label if part.strip())
    raise SurveyError(f"a label must be text, not {label!r}", where=where)
