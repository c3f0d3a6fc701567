"""Declared: what a codebook says about a scale, as the sets of labels that it leaves possible."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from satloyal.errors import SurveyError
from satloyal.survey.labels.labelset import LabelSet
from satloyal.survey.labels.table import known_sets
from satloyal.survey.nearest import did_you_mean
from satloyal.survey.scale import Scale

__all__ = ["Declared", "Tiers", "allowed_sets", "label_sets"]

Declared = LabelSet | Scale | str | Sequence[str] | Sequence[float] | None
"""What a codebook may say: a set, a range, a name, labels from low to high, two ends, or nothing."""


def label_sets(table: Mapping[str, Any]) -> tuple[LabelSet, ...]:
    """Build the sets that a codebook adds in its tables ``[labels.NAME]``.

    Raises
    ------
    SurveyError
        If a table is not one of labels.

    Examples
    --------
    >>> label_sets({"smileys": {"labels": ["😞", "😐", "😀"]}})[0].high
    3
    """
    out = []
    for name, body in table.items():
        if not isinstance(body, Mapping):
            raise SurveyError(
                f"[labels.{name}] must be a table, not {body!r}",
                fix=f'write [labels.{name}] and below it labels = ["low", …, "high"]',
            )
        out.append(LabelSet.from_mapping(name, body))
    return tuple(out)


Tiers = tuple[tuple[LabelSet, ...], ...]


def allowed_sets(declared: Declared, extra: Sequence[LabelSet] = ()) -> Tiers:
    """Return the sets that are possible once the codebook has spoken, in tiers: the first that fits counts.

    Sets that the codebook adds come first. A range leaves those with as many points, moved to its lowest;
    failing these, the ends of all others name its ends.

    Raises
    ------
    SurveyError
        If nothing is known by the name, or what is declared is not a scale.

    Examples
    --------
    >>> [s.name for s in allowed_sets("quality4")[0]]
    ['quality4.en', 'quality4.en.very']
    >>> {s.high for tier in allowed_sets([0, 4]) for s in tier}
    {4}
    """
    every = (*extra, *known_sets())
    if declared is None:
        return (every,)
    if isinstance(declared, LabelSet):
        return ((declared,),)
    if isinstance(declared, str):
        named = tuple(s for s in every if declared in (s.name, s.family))
        if not named:
            names = dict.fromkeys(name for s in every for name in (s.family, s.name))
            raise SurveyError(
                f"there is no scale {declared!r}{did_you_mean(declared, names)}",
                fix="give its labels from low to high, or one of "
                + ", ".join(dict.fromkeys(s.family for s in every)),
            )
        return (named,)
    if isinstance(declared, Scale):
        if declared.labels:
            points = {point: (name,) for point, name in declared.labels.items()}
            own = LabelSet("declared", round(declared.low), round(declared.high), points)
            if len(points) == declared.points:
                return ((own,),)
            return ((own,), *_on_range(round(declared.low), round(declared.high), every))
        return _on_range(round(declared.low), round(declared.high), every)
    entries: list[Any] = list(declared)
    if entries and all(isinstance(entry, str) for entry in entries):
        return ((LabelSet.from_mapping("declared", {"labels": entries}),),)
    if len(entries) == 2 and all(isinstance(e, int | float) and float(e).is_integer() for e in entries):
        low, high = (round(float(entry)) for entry in entries)
        Scale(low, high)
        return _on_range(low, high, every)
    raise SurveyError(
        f"this is not a scale: {declared!r}",
        fix='give two whole numbers, scale = [1, 5], or labels from low to high, labels = ["poor", "good"]',
    )


def _on_range(low: int, high: int, sets: Sequence[LabelSet]) -> Tiers:
    points = high - low + 1
    fitting = [s if s.low == low else s.shifted(low) for s in sets if s.high - s.low + 1 == points]
    ends = [
        LabelSet(s.name, low, high, {low: s.points[s.low], high: s.points[s.high]}, s.language)
        for s in sets
        if s.high - s.low + 1 != points
        and s.low in s.points
        and s.high in s.points
        and s.high - s.low > 1  # "yes" is no end of a scale
    ]
    return (tuple(fitting), tuple(ends))
