"""Verdicts: what the numbers permit to be said about one effect, in words.

The rule, in this order:

1. *not testable*: the fit did not converge, its solution is inadmissible, a check that bars claims failed,
   or there is no interval. No statement is made, and the reason is given.
2. *supported*: the interval excludes zero, in the claimed direction where one was claimed.
3. *not supported*: the interval lies on the other side of zero, or the standardised interval lies wholly
   within ±.10 (Cohen 1988: a small effect), so that what effect there may be is trivial (the logic of
   equivalence testing, Lakens 2017).
4. *inconclusive*: anything else. The interval includes zero and also effects that would matter.

The words say *is associated with* and *goes with*: one survey at one time does not show causes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from satloyal.reporting import numbers

__all__ = ["TRIVIAL", "Claim", "Direction", "Outcome", "Verdict", "judge", "verdict"]

TRIVIAL = 0.10
"""Standardised effects below this are called trivial (Cohen 1988, ch. 3: r = .10 is small)."""

Direction = Literal["positive", "negative", "any"]
Outcome = Literal["supported", "not supported", "inconclusive", "not testable"]
Interval = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Claim:
    """One effect under judgement, with its numbers.

    Parameters
    ----------
    name : str
        How the effect is named in lists (``"Satisfaction → Loyalty"``).
    source, target : str
        The two variables of a direct path; empty for a defined effect.
    expression : str
        The arithmetic of a defined effect; empty for a path.
    group : str
        Group label, where there are groups.
    alone : bool
        Whether `source` is the only predictor of `target`.
    est, interval
        Estimate and its interval, in the units of the data.
    std, std_interval
        The standardised estimate and its interval.
    method : str
        How the interval was made (``"95 % BCa bootstrap interval"``).
    model : str
        Name of the model, where there are several.
    """

    name: str
    source: str = ""
    target: str = ""
    expression: str = ""
    group: str = ""
    alone: bool = False
    est: float | None = None
    interval: Interval | None = None
    std: float | None = None
    std_interval: Interval | None = None
    method: str = "95 % interval"
    model: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """A claim, its verdict, the sentence that the numbers permit, and what to bear in mind with it.

    ``reason`` says why nothing is claimed, ``caution`` what weakens a claim that is made.
    """

    claim: Claim
    outcome: Outcome
    sentence: str
    reason: str = ""
    caution: str = ""


def judge(
    interval: Interval | None,
    std_interval: Interval | None = None,
    *,
    direction: Direction = "any",
    trivial: float = TRIVIAL,
) -> Outcome:
    """Apply the rule to intervals.

    Examples
    --------
    >>> judge((0.2, 0.5)), judge((-0.01, 0.02), (-0.03, 0.05)), judge((-0.1, 0.6), (-0.05, 0.4)), judge(None)
    ('supported', 'not supported', 'inconclusive', 'not testable')
    >>> judge((-0.5, -0.2), direction="positive")
    'not supported'
    """
    if interval is None or not all(map(numbers.defined, interval)):
        return "not testable"
    lower, upper = interval
    sign = {"positive": 1, "negative": -1, "any": 1 if lower > 0 else -1 if upper < 0 else 0}[direction]
    if (sign > 0 and lower > 0) or (sign < 0 and upper < 0):
        return "supported"
    if lower > 0 or upper < 0:
        return "not supported"
    if std_interval is None or not all(map(numbers.defined, std_interval)):
        return "inconclusive"
    low = direction == "positive" or std_interval[0] > -trivial
    high = direction == "negative" or std_interval[1] < trivial
    return "not supported" if low and high else "inconclusive"


def verdict(claim: Claim, *, direction: Direction = "any", barred: str = "", caution: str = "") -> Verdict:
    """Judge a claim and put the result into words.

    Parameters
    ----------
    claim : Claim
        The effect.
    direction : {"positive", "negative", "any"}
        What was claimed.
    barred : str
        Why no claim may be made from this fit; empty if one may.
    caution : str
        What to bear in mind with a claim.

    Examples
    --------
    >>> found = verdict(Claim("a → b", "a", "b", est=0.5, interval=(0.3, 0.7), std=0.4, alone=True))
    >>> found.outcome
    'supported'
    >>> found.sentence
    'Higher a goes with higher b: 0.50 more b for one more a, 95 % interval [0.30, 0.70], standardised .40.'
    """
    if barred:
        return Verdict(
            claim, "not testable", f"No statement is made about {_subject(claim)}: {barred}", barred
        )
    outcome = judge(claim.interval, claim.std_interval, direction=direction)
    if outcome == "not testable":
        reason = "its interval is undefined."
        return Verdict(claim, outcome, f"No statement is made about {_subject(claim)}: {reason}", reason)
    words = {"supported": _supported, "not supported": _not_supported, "inconclusive": _inconclusive}[outcome]
    sentence = words(claim, direction) + (f" Group: {claim.group}." if claim.group else "")
    return Verdict(claim, outcome, sentence, caution=caution)


def _subject(claim: Claim) -> str:
    return f"{claim.source} and {claim.target}" if claim.source else claim.name


def _held(claim: Claim) -> str:
    return (
        "" if claim.alone or not claim.source else f", the other predictors of {claim.target} held constant"
    )


def _figures(claim: Claim) -> str:
    std = f", standardised {numbers.number(claim.std, bounded=True)}" if numbers.defined(claim.std) else ""
    if std and claim.std_interval is not None and all(map(numbers.defined, claim.std_interval)):
        std += f" {numbers.interval(*claim.std_interval, bounded=True)}"
    return f"{claim.method} {numbers.interval(*(claim.interval or (None, None)))}{std}"


def _relation(claim: Claim) -> str:
    est = claim.est or 0.0
    more = "more" if est > 0 else "less"
    size = numbers.number(abs(est))
    if claim.source:
        high = "higher" if est > 0 else "lower"
        return (
            f"Higher {claim.source} goes with {high} {claim.target}{_held(claim)}: "
            f"{size} {more} {claim.target} for one more {claim.source}, {_figures(claim)}."
        )
    side = "positive" if est > 0 else "negative"
    return (
        f"The effect {claim.name} (= {claim.expression}) is {side}: {numbers.number(est)}, {_figures(claim)}."
    )


def _supported(claim: Claim, direction: Direction) -> str:
    small = numbers.defined(claim.std) and abs(claim.std or 0.0) < TRIVIAL
    return _relation(claim) + (" The effect is small: below .10 standardised." if small else "")


def _not_supported(claim: Claim, direction: Direction) -> str:
    lower, upper = claim.interval or (0.0, 0.0)
    if lower > 0 or upper < 0:
        return f"The claim was a {direction} effect; the data show the opposite. {_relation(claim)}"
    within = numbers.interval(*(claim.std_interval or (None, None)), bounded=True)
    if direction == "any":
        what = (
            f"{claim.source} and {claim.target} are associated at all"
            if claim.source
            else f"{claim.name} differs from zero at all"
        )
        return (
            f"If {what}{_held(claim)}, it is by a trivial amount: {_figures(claim)}; "
            f"the standardised interval {within} lies within ±.10."
        )
    return (
        f"A {direction} effect large enough to matter is ruled out for {claim.name}{_held(claim)}: "
        f"{_figures(claim)}; "
        f"standardised interval {within}."
    )


def _inconclusive(claim: Claim, direction: Direction) -> str:
    what = (
        f"whether {claim.source} and {claim.target} are associated{_held(claim)}"
        if claim.source
        else f"whether {claim.name} (= {claim.expression}) differs from zero"
    )
    text = f"The data do not settle {what}: {_figures(claim)}. The interval includes zero"
    pair = claim.std_interval
    if pair is None or not all(map(numbers.defined, pair)):
        return f"{text}."
    far = max(pair, key=abs)
    return f"{text}, but also effects as strong as {numbers.number(far, bounded=True)} standardised."
