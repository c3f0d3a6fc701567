"""Fit: how the answers of a block lie on one known scale."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import combinations, pairwise, product
from typing import Literal, get_args

from satloyal.survey.labels.labelset import LabelSet

__all__ = ["Fit", "Labelled", "fit_scale", "sets_that_hold"]

Labelled = tuple[float, str]
"""A number and the normalised label that stands beside it."""

Kind = Literal["exact", "reversed", "moved", "ordered"]
KINDS: tuple[Kind, ...] = get_args(Kind)

COVERED = 5
"""A scale of at least so many points, all of them chosen, wins over one with points that nobody chose …"""
UNSEEN = 2
"""… at least so many. Four points and one unseen middle could be either scale."""


@dataclass(frozen=True, slots=True)
class Fit:
    """Answers on one scale.

    Parameters
    ----------
    sets : tuple of LabelSet
        Names that were used, one set a language.
    numbers : mapping of str to float
        Number by normalised label.
    low, high : float
        Ends of the numbers.
    direction : {1, -1}
        Whether a high number means more.
    kind : {"exact", "reversed", "moved", "ordered"}
        What the numbers in the cells are: the points of the known scale; the same turned round; points of
        another range; or no more than in the order of their labels, with unknown ends.
    unseen : int
        Points that nobody chose.
    missed : mapping of str to int
        Points that nobody chose in the answers of one language.
    doubled : bool
        Whether a point stands in some cells as label and in others as number.
    disagreeing : frozenset
        Pairs of number and label that contradict the rest.
    """

    sets: tuple[LabelSet, ...]
    numbers: Mapping[str, float]
    low: float
    high: float
    direction: Literal[1, -1]
    kind: Kind
    unseen: int
    missed: Mapping[str, int] = field(default_factory=dict)
    doubled: bool = False
    disagreeing: frozenset[Labelled] = frozenset()

    @property
    def strain(self) -> tuple[bool, int, int, bool]:
        """How much the fit asks of the answers, for comparison: the less, the more likely."""
        odd = self.kind == "moved" and self.low not in (0, 1)
        return (self.kind == "ordered", len(self.disagreeing), KINDS.index(self.kind) + odd, self.doubled)

    @property
    def points(self) -> int:
        """How many points the scale has."""
        return round(self.high - self.low) + 1

    @property
    def name(self) -> str:
        """Names of its sets."""
        return " + ".join(s.name for s in self.sets)

    def beats(self, other: Fit) -> bool:
        """Return whether all of its points were chosen and several of the other's were not.

        In answers of several languages it is enough that this is so in one of them.
        """
        if self.unseen or self.points < COVERED:
            return False
        whole = [language for language, missed in self.missed.items() if not missed]
        return other.unseen >= UNSEEN or any(other.missed.get(one, 0) >= UNSEEN for one in whole)


def sets_that_hold(labels: frozenset[str], sets: Iterable[LabelSet]) -> list[tuple[LabelSet, ...]]:
    """Return the sets, or sets of several languages of one scale, that hold all labels.

    As few languages as possible; in each language a point has one name.
    """
    families: dict[tuple[str, int, int], dict[str, list[LabelSet]]] = {}
    for one in sets:
        if not labels.isdisjoint(one.numbers):
            languages = families.setdefault((one.family, one.low, one.high), {})
            languages.setdefault(one.language, []).append(one)
    for size in (1, 2, 3):
        found = [
            combination
            for languages in families.values()
            for chosen in combinations(languages, size)
            for combination in product(*(languages[language] for language in chosen))
            if _hold(labels, combination)
        ]
        if found:
            return found
    return []


def _hold(labels: frozenset[str], sets: tuple[LabelSet, ...]) -> bool:
    names: dict[int, list[list[int]]] = {}
    for label in labels:
        holders = [k for k, one in enumerate(sets) if label in one.numbers]
        points = {sets[k].numbers[label] for k in holders}
        if len(points) != 1:
            return False
        names.setdefault(points.pop(), []).append(holders)
    return all(_told_apart(holders) for holders in names.values())


def _told_apart(holders: list[list[int]]) -> bool:
    """Return whether each label of a point can come from a language of its own."""
    if not holders:
        return True
    first, *rest = holders
    return any(_told_apart([[k for k in other if k != mine] for other in rest]) for mine in first)


def fit_scale(
    sets: tuple[LabelSet, ...], alone: frozenset[str], pairs: frozenset[Labelled], bare: frozenset[float]
) -> Fit | None:
    """Lay labels alone, numbers with labels, and numbers alone on the points of one scale.

    Numbers beside labels are the scale's own points; or the same turned round or shifted; or, where only the
    ends (and the middle) have labels, any range. A third of the pairs at most may contradict the rest. Where
    every label stands beside a number, it is enough that the numbers are in the order of the labels.

    Returns
    -------
    Fit or None
        ``None`` if numbers and labels have no such relation.
    """
    point = {label: one.numbers[label] for one in reversed(sets) for label in one.numbers}
    low, high = sets[0].low, sets[0].high
    for kind, slope, shift, allowed in _relations(sorted((n, point[label]) for n, label in pairs), low, high):
        wrong = frozenset((n, label) for n, label in pairs if slope * point[label] + shift != n)
        if len(wrong) > allowed * len(pairs):
            continue
        numbers = {
            label: float(slope * point[label] + shift) for label in (*alone, *(name for _, name in pairs))
        }
        ends = sorted((float(slope * low + shift), float(slope * high + shift)))
        seen = {*numbers.values(), *bare, *(n for n, _ in pairs)}
        unseen = sum(1 for k in range(round(ends[1] - ends[0]) + 1) if ends[0] + k not in seen)
        doubled = any(numbers[label] in bare for label in alone)
        missed = {
            one.language: one.high - one.low + 1 - len({one.numbers[k] for k in numbers if k in one.numbers})
            for one in sets
        }
        up: Literal[1, -1] = 1 if slope > 0 else -1
        return Fit(sets, numbers, ends[0], ends[1], up, kind, unseen, missed, doubled, wrong)
    return None if alone else _in_order(sets, sorted((point[label], n) for n, label in pairs), bare)


def _in_order(
    sets: tuple[LabelSet, ...], pairs: list[tuple[int, float]], bare: frozenset[float]
) -> Fit | None:
    """Take numbers that rise, or fall, with their labels: another range than the known one."""
    numbers = {*bare, *(n for _, n in pairs)}
    low, high = min(numbers), max(numbers)
    steps = {(q > p) - (q < p) for (k, p), (m, q) in pairwise(pairs) if k != m}
    direction: Literal[1, -1]
    if len({n for _, n in pairs}) < len(pairs) or len({k for k, _ in pairs}) < len(pairs):
        return None
    if steps in ({1}, {-1}):
        direction = 1 if steps == {1} else -1
    elif len(pairs) == 1 and sets[0].low < sets[0].high and low < high:
        (label, n), middle = pairs[0], (sets[0].low + sets[0].high) / 2
        if label == middle or n not in (low, high):
            return None
        direction = 1 if (label > middle) == (n == high) else -1
    else:
        return None
    return Fit(sets, {}, low, high, direction, "ordered", unseen=0)


def _relations(
    pairs: list[tuple[float, int]], low: int, high: int
) -> Iterator[tuple[Kind, Fraction, Fraction, Fraction]]:
    """Yield kind, slope, shift and the share of pairs that may deviate, the most likely relation first."""
    some, none = Fraction(1, 3), Fraction(0)
    yield "exact", Fraction(1), none, none
    if not pairs:
        return
    yield "reversed", Fraction(-1), Fraction(low + high), none
    yield "exact", Fraction(1), none, some
    yield "reversed", Fraction(-1), Fraction(low + high), some
    (n, p), (m, q) = pairs[0], pairs[-1]
    if p != q:
        slope = Fraction(m - n) / (q - p)
        anchored = all(2 * k in (2 * low, low + high, 2 * high) for _, k in pairs) and {low, high} <= {p, q}
        if slope and (abs(slope) == 1 or anchored):
            yield "moved", slope, Fraction(n) - slope * p, none
