"""Direction: whether a higher code means more, by what the codes are called."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Literal

from satloyal.survey.labels.fit import sets_that_hold
from satloyal.survey.labels.labelset import LabelSet
from satloyal.survey.labels.normal import normalise
from satloyal.survey.labels.reasons import reason_of
from satloyal.survey.labels.table import known_sets

__all__ = ["direction"]


def direction(labels: Mapping[float, str], extra: Sequence[LabelSet] = ()) -> Literal[1, -1] | None:
    """Return 1 where higher codes mean more, -1 where the codes run the other way, ``None`` if not known.

    Parameters
    ----------
    labels : mapping of number to str
        Value labels of one variable; those of missing answers do not count.
    extra : sequence of LabelSet
        Sets that a codebook adds to the known ones.

    Examples
    --------
    >>> direction({1: "Very satisfied", 3: "Neutral", 5: "Very dissatisfied", 9: "Don't know"})
    -1
    >>> direction({1: "非常不同意", 7: "非常同意"}), direction({1: "Retail", 2: "Business"})
    (1, None)
    """
    names = {code: normalise(label) for code, label in labels.items()}
    sets = (*extra, *known_sets())
    known = {label for one in sets for label in one.numbers}
    # A text that is no answer beside one scale can be a point of another: it counts only where it is one.
    ordered = [names[c] for c in sorted(names) if names[c] in known or reason_of(names[c]) is None]
    ordered = [label for label in ordered if label]
    if len(ordered) < 2 or len(set(ordered)) < len(ordered) or not {ordered[0], ordered[-1]} <= known:
        return None
    kept = [label for label in ordered if label in known]
    found: set[Literal[1, -1] | None] = set()
    for combination in sets_that_hold(frozenset(kept), sets):
        points = [next(one.numbers[label] for one in combination if label in one.numbers) for label in kept]
        steps = {(b > a) - (b < a) for a, b in pairwise(points)}
        found.add(1 if steps == {1} else -1 if steps == {-1} else None)
    return found.pop() if len(found) == 1 else None
