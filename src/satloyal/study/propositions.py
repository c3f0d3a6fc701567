"""Propositions: which effect of which fit decides a claim, and what it decides.

The verdicts are those of the report (:mod:`satloyal.reporting.verdicts`): one rule, one wording.
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from satloyal.reporting import numbers
from satloyal.reporting.distinct import blurred_pairs, how_indistinct
from satloyal.reporting.inputs import Inputs, Subject
from satloyal.reporting.judging import judge_subject
from satloyal.reporting.verdicts import Claim, Direction, Verdict, verdict
from satloyal.study.config import PropositionConfig
from satloyal.study.effects import EffectName, read_effect

_NO_BREAK = "\u00a0"

__all__ = ["Judged", "claims_of", "judge_propositions"]


@dataclass(frozen=True, slots=True)
class Judged:
    """A proposition with its verdict.

    Parameters
    ----------
    name : str
        Its name in the study file.
    words : str
        The claim in the words of the study.
    model : str
        The model that decided.
    direction : {"positive", "negative", "any"}
        The sign that was claimed.
    verdict : Verdict
        Outcome, sentence and numbers.
    """

    name: str
    words: str
    model: str
    direction: Direction
    verdict: Verdict

    @property
    def sentence(self) -> str:
        """What the numbers permit to be said, with the caution that goes with it."""
        caution = f" With caution: {self.verdict.caution}" if self.verdict.caution else ""
        return self.verdict.sentence + caution

    @property
    def numbers(self) -> tuple[float | None, tuple[float, float] | None, float | None]:
        """Estimate, interval and standardised estimate; none of them where nothing may be said."""
        claim = self.verdict.claim
        if self.verdict.outcome == "not testable":
            return None, None, None
        return claim.est, claim.interval, claim.std

    def to_text(self) -> str:
        """Return outcome, claim and sentence for a terminal."""
        group = f" [{self.verdict.claim.group}]" if self.verdict.claim.group else ""
        joined = self.sentence.replace(" %", _NO_BREAK + "%")
        sentence = textwrap.fill(joined, 96, initial_indent="  ", subsequent_indent="  ")
        sentence = sentence.replace(_NO_BREAK, " ")
        return f"{self.verdict.outcome.upper()}{group}: {self.words}\n{sentence}"

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON and tables."""
        claim = self.verdict.claim
        est, interval, std = self.numbers
        lower, upper = interval or (None, None)
        std_lower, std_upper = (interval and claim.std_interval) or (None, None)
        return {
            "proposition": self.name,
            "claim": self.words,
            "model": self.model,
            "effect": claim.name,
            "direction": self.direction,
            "group": claim.group,
            "outcome": self.verdict.outcome,
            "est": est,
            "ci_lower": lower,
            "ci_upper": upper,
            "interval": claim.method,
            "std_all": std,
            "std_ci_lower": std_lower,
            "std_ci_upper": std_upper,
            "sentence": self.verdict.sentence,
            "caution": self.verdict.caution,
            "reason": self.verdict.reason,
        }


def claims_of(propositions: Mapping[str, PropositionConfig]) -> dict[str, Direction]:
    """Return the claimed directions under the names that a report knows.

    Examples
    --------
    >>> claims_of({"p": PropositionConfig(claim="C", effect="Loyalty ~ Satisfaction")})
    {'Satisfaction -> Loyalty': 'positive'}
    """
    claims: dict[str, Direction] = {}
    for proposition in propositions.values():
        effect = read_effect(proposition.effect, proposition.kind)
        if effect.kind == "path":
            claims[f"{effect.names[1]} -> {effect.names[0]}"] = proposition.direction
        elif effect.kind == "direct":
            claims[" -> ".join(effect.names)] = proposition.direction
        elif effect.kind == "label":
            claims[effect.names[0]] = proposition.direction
    return claims


def judge_propositions(
    propositions: Mapping[str, PropositionConfig], subjects: Mapping[str, Subject]
) -> tuple[Judged, ...]:
    """Judge each proposition by the effect it names.

    Parameters
    ----------
    propositions : Mapping of str to PropositionConfig
        As in the study file; their effects exist (:func:`~satloyal.study.check.check_plan`).
    subjects : Mapping of str to Subject
        The fitted models, each with its bootstrap if it has one.

    Returns
    -------
    tuple of Judged
        In the same order; one a group where a model has groups.
    """
    judged: list[Judged] = []
    for name, proposition in propositions.items():
        model = proposition.model or next(iter(subjects))
        effect = read_effect(proposition.effect, proposition.kind)
        judged += [
            Judged(name, proposition.claim, model, proposition.direction, found)
            for found in _verdicts(subjects[model], effect, proposition.direction)
        ]
    return tuple(judged)


def _verdicts(subject: Subject, effect: EffectName, direction: Direction) -> list[Verdict]:
    if effect.kind in ("specific", "total_indirect", "total"):
        return _routes(subject, effect, direction)
    rows = _rows(subject, effect)
    claims: dict[str, Direction] = {}
    for row in rows:
        claims |= dict.fromkeys((f"{row.rhs} -> {row.lhs}", str(row.lhs)), direction)
    keys = {_key(row, subject) for row in rows}
    found = judge_subject(subject, Inputs(subjects=(subject,), claims=claims))
    chosen = [v for v in found if (v.claim.name, v.claim.group) in keys]
    return chosen or [_assumed(row, subject) for row in rows]


def _rows(subject: Subject, effect: EffectName) -> list[Any]:
    frame = subject.estimates
    if effect.kind == "label":
        name = effect.names[0]
        frame = frame[((frame["op"] == ":=") & (frame["lhs"] == name)) | (frame["label"] == name)]
        frame = frame.drop_duplicates(["lhs", "op", "rhs", "group"])
    else:
        lhs, rhs = effect.names if effect.kind == "path" else reversed(effect.names)
        op = effect.op or "~"
        found = (frame["lhs"] == lhs) & (frame["op"] == op) & (frame["rhs"] == rhs)
        if op == "~~":
            found |= (frame["lhs"] == rhs) & (frame["op"] == op) & (frame["rhs"] == lhs)
        frame = frame[found]
    return list(frame.itertuples(index=False))


def _key(row: Any, subject: Subject) -> tuple[str, str]:
    name = f"{row.rhs} → {row.lhs}" if row.op == "~" else str(row.lhs)
    return name, subject.group_label(int(row.group))


def _assumed(row: Any, subject: Subject) -> Verdict:
    """Refuse to judge what the model fixes, and what is no path (a loading, a covariance)."""
    claim = Claim(
        f"{row.lhs} {row.op} {row.rhs}", group=subject.group_label(int(row.group)), est=float(row.est)
    )
    why = "the model fixes it." if int(row.free) == 0 else "it is neither a path nor a defined effect."
    return verdict(claim, barred=why)


def _routes(subject: Subject, effect: EffectName, direction: Direction) -> list[Verdict]:
    """Judge a chain, a total or all indirect routes by the table of effects."""
    frame = subject.effects
    frame = frame[(frame["source"] == effect.names[0]) & (frame["target"] == effect.names[-1])]
    kind = "indirect" if effect.kind == "specific" else effect.kind
    found = frame[frame["kind"] == kind]
    if effect.kind == "specific":
        found = found[found["path"] == " → ".join(effect.names)]
        chains = [effect.names]
    else:
        kinds = ("direct", "indirect") if effect.kind == "total" else ("indirect",)
        chains = [tuple(str(path).split(" → ")) for path in frame[frame["kind"].isin(kinds)]["path"]]
    forbidden, caution = _indistinct(subject, chains)
    barred = subject.barred or forbidden
    return [
        verdict(_claim(row, subject, effect), direction=direction, barred=barred, caution=caution)
        for row in found.itertuples(index=False)
    ]


def _indistinct(subject: Subject, chains: list[tuple[str, ...]]) -> tuple[str, str]:
    """Return what forbids and what weakens a claim about chains: what does so for any of their paths."""
    blurred = {} if subject.barred else blurred_pairs(subject.fit)
    hops = dict.fromkeys(hop for chain in chains for hop in pairwise(chain))
    frame = subject.estimates
    rows = frame[frame["op"] == "~"]
    said = [
        how_indistinct(subject, row, blurred)
        for cause, outcome in hops
        for row in rows[(rows["rhs"] == cause) & (rows["lhs"] == outcome)].itertuples(index=False)
    ]
    forbidden = next((reason for reason, _ in said if reason), "")
    return forbidden, " ".join(dict.fromkeys(caution for _, caution in said if caution))


def _claim(row: Any, subject: Subject, effect: EffectName) -> Claim:
    lower, upper, est, std = (float(v) for v in (row.ci_lower, row.ci_upper, row.est, row.std_all))
    interval = (lower, upper) if numbers.defined(lower) and numbers.defined(upper) else None
    words = {"specific": "the product of its paths", "total": "direct and indirect together"}
    grouped = subject.fit.ngroups > 1
    return Claim(
        name=str(effect),
        expression=words.get(effect.kind, "all indirect routes together"),
        group=str(row.group) if grouped else "",
        est=est,
        interval=interval,
        std=std,
        method=subject.method,
    )
