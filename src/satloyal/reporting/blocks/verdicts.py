"""Headline: what may be said, and before all else what may not."""

from __future__ import annotations

from collections import Counter

from satloyal.models.curves import CurveFit
from satloyal.reporting.blocks.kinds import kind_of
from satloyal.reporting.estimation import in_short
from satloyal.reporting.inputs import Finding, Inputs, Subject, curve_name
from satloyal.reporting.judging import judge_subject
from satloyal.reporting.kind import fit_barred
from satloyal.reporting.parts import Callout, Heading, Paragraph, Part, Section, Verdicts
from satloyal.reporting.verdicts import Claim, Verdict

__all__ = ["alerts", "verdicts"]

_METHOD = (
    "Verdicts follow one rule. Supported: the interval excludes zero, in the claimed direction where "
    "one was claimed. "
    "Not supported: the interval lies on the other side of zero, or the standardised interval lies "
    "wholly within ±.10, "
    "so that what effect there may be is trivial. Inconclusive: anything else. Not testable: the fit "
    "did not converge, "
    "is inadmissible or failed a check that bars claims, two constructs cannot be told apart (latent "
    "correlation of 1 or "
    "more), or there is no interval. An HTMT of .90 or more between the constructs of a path, or "
    "between its predictor "
    "and another one of the same outcome, is told beside the verdict."
)
_CROSS_SECTION = (
    "The answers were given at one time. The arrows of the model are assumptions; the data can "
    "contradict them, but "
    "cannot show that one construct causes another, and part of every association can come from asking "
    "the same "
    "people with the same questionnaire."
)


def verdicts(inputs: Inputs) -> Section | None:
    """Judge every effect, and say how well each model fits."""
    if not inputs.subjects and not inputs.curves:
        return None
    by_model = [(s, judge_subject(s, inputs)) for s in inputs.subjects]
    returns = [_returns(curve) for curve in inputs.curves if curve.converged]
    judged = [*(v for _, found in by_model for v in found), *returns]
    parts: list[Part] = [Paragraph(_tally(judged), lead=True)] if judged else []
    if len(by_model) < 2:
        parts += [Verdicts(tuple(judged))] if judged else []
        parts += [Paragraph(_how_well(s)) for s, _ in by_model if not s.barred]
    else:
        for subject, found in by_model:
            parts.append(Heading(subject.name))
            parts += [Paragraph(_how_well(subject))] if not subject.barred else []
            parts += [Verdicts(tuple(found))] if found else []
        parts += [Heading("Response curves"), Verdicts(tuple(returns))] if returns else []
    methods = (_METHOD, _CROSS_SECTION) if judged else ()
    cites = ("cohen1988", "lakens2017", "maxwell_cole2007", "podsakoff2003") if judged else ()
    return Section("verdicts", "What these data say", tuple(parts), methods, cites)


def alerts(inputs: Inputs) -> tuple[Callout, ...]:
    """Say which fits may not be used; a report puts this before everything else."""
    found = [_warning(subject) for subject in inputs.subjects if subject.barred]
    found += [
        Callout("bad", f"{curve_name(curve)} may not be used", curve.headline())
        for curve in inputs.curves
        if not curve.converged
    ]
    found += [
        Callout("bad", f"{one.name} may not be used", why)
        for one in inputs.findings
        if (why := _useless(one))
    ]
    return tuple(found)


def _useless(one: Finding) -> str:
    kind = kind_of(one.result)
    return fit_barred(one.result) if kind is None else kind.barred(one.result)


def _how_well(subject: Subject) -> str:
    """Say how a model fits, and by which test and standard errors where they are not the plain ones."""
    how = in_short(subject.fit)
    return f"{subject.at_start}: {subject.fit.headline()}" + (f" How: {how}." if how else "")


def _warning(subject: Subject) -> Callout:
    if not subject.fit.converged:
        return Callout("bad", f"{subject.name} did not converge", subject.fit.headline())
    title = (
        f"{subject.name} is inadmissible"
        if not subject.fit.admissible
        else f"No claim may be made from {subject.in_text}"
    )
    advice = " ".join(
        dict.fromkeys(
            c.advice[:1].upper() + c.advice[1:].rstrip(".") + "."
            for f in subject.fits
            for c in f.failed_checks()
            if c.advice
        )
    )
    return Callout("bad", title, f"No claim is made: {subject.barred} {advice}".strip())


def _tally(judged: list[Verdict]) -> str:
    counts: Counter[str] = Counter(v.outcome for v in judged)
    order = ("supported", "not supported", "inconclusive", "not testable")
    said = [f"{counts[o]} {o}" for o in order if counts[o]]
    noun = "statement" if len(judged) == 1 else "statements"
    weak = sum(bool(v.caution) for v in judged)
    text = f"{len(judged)} {noun} put to the data: {', '.join(said)}."
    return text + (f" {weak} of them with a caution." if weak else "")


def _returns(curve: CurveFit) -> Verdict:
    """Whether the marginal effect falls along the scale, as the curve itself judges it."""
    found = curve.returns()
    claim = Claim(
        name=f"Diminishing returns of {curve.x_name} for {curve.y_name}",
        est=found.difference,
        interval=(found.ci_lower, found.ci_upper),
    )
    text = found.sentence.removeprefix(f"Diminishing returns: {found.verdict}").lstrip(" ;:,")
    if text.startswith("("):
        text = text[1:].replace(")", "", 1)
    return Verdict(claim, found.verdict, text[:1].upper() + text[1:])
