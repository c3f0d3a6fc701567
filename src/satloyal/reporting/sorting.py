"""Sorting: from the results that a report was given to named path models, curves and findings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from satloyal.errors import ReportError
from satloyal.models.curves import CurveFit
from satloyal.models.fit import Fit
from satloyal.models.sem.bootstrap import Bootstrap
from satloyal.models.sem.fit import SemFit
from satloyal.reporting.inputs import Finding, Subject

__all__ = ["Names", "sort_results"]

Names = Mapping[str, Any] | Sequence[str]
Noun = Callable[[Any], str | None]


def sort_results(
    results: Sequence[Any], names: Names | None, noun: Noun
) -> tuple[tuple[Subject, ...], tuple[CurveFit, ...], tuple[Finding, ...]]:
    """Sort results into path models (each with its bootstrap), curves and findings, each with its name.

    Parameters
    ----------
    results : sequence
        What the caller gave.
    names : mapping or sequence, optional
        From a name to a result, or one name a result in the order given; the bootstrap of a model that is
        given too needs none.
    noun : callable
        What to call a result that has no name; ``None`` for something that cannot be reported.

    Raises
    ------
    ReportError
        For something that is not a result, for two bootstraps of one model, and for names that fit nothing.
    """
    models = [r for r in results if isinstance(r, SemFit)]
    boots = [r for r in results if isinstance(r, Bootstrap)]
    for place, one in enumerate(results, start=1):
        if not isinstance(one, SemFit | Bootstrap | CurveFit | Fit) and noun(one) is None:
            raise ReportError(
                f"argument {place} is a {type(one).__name__}, not a fit",
                where="report()",
                fix="pass what fit_sem(), fit_curve(), bootstrap(), compare() and their kin returned; a "
                "survey goes in as survey=",
            )
    models += [b.fit for b in boots if not any(b.fit is m for m in models)]
    called = _called(results, names)
    curves = tuple(r for r in results if isinstance(r, CurveFit))
    rest = [r for r in results if not isinstance(r, SemFit | Bootstrap | CurveFit)]
    return tuple(_subjects(models, boots, called)), curves, tuple(_findings(rest, called, noun))


def _called(results: Sequence[Any], names: Names | None) -> dict[int, str]:
    """Return the given names by the identity of what they name."""
    if names is None:
        return {}
    if isinstance(names, Mapping):
        pairs = [(str(name), one) for name, one in names.items()]
        lost = [name for name, one in pairs if not any(one is r for r in results)]
        if lost:
            raise ReportError(
                f"{lost[0]!r} names a result that was not given", where="names=",
                fix="pass the result itself too: report(fit, names={'Full model': fit})",
            )  # fmt: skip
    else:
        own = [
            r for r in results if not (isinstance(r, Bootstrap) and any(r.fit is other for other in results))
        ]
        if isinstance(names, str) or len(names) != len(own):
            count = 1 if isinstance(names, str) else len(names)
            raise ReportError(
                f"there are {count} names for {len(own)} results", where="names=",
                fix="give a list with one name a result; the bootstrap of a model that is given needs none",
            )  # fmt: skip
        pairs = [(str(name), one) for name, one in zip(names, own, strict=True)]
    if twice := [name for name, count in Counter(name for name, _ in pairs).items() if count > 1]:
        raise ReportError(f"{twice[0]!r} is the name of two results", where="names=", fix="give each its own")
    if any(not name.strip() for name, _ in pairs):
        raise ReportError("a name is empty", where="names=", fix="say what the reader shall call it")
    # the bootstrap of a model that was not given by itself brings the model's name
    return {id(one.fit if isinstance(one, Bootstrap) else one): name for name, one in pairs}


def _subjects(
    models: Sequence[SemFit], boots: Sequence[Bootstrap], called: Mapping[int, str]
) -> list[Subject]:
    distinct = [m for i, m in enumerate(models) if not any(m is before for before in models[:i])]
    subjects = []
    for i, model in enumerate(distinct, start=1):
        own = [b for b in boots if b.fit is model]
        if len(own) > 1:
            raise ReportError(
                "two bootstraps of the same model were given",
                where="report()",
                fix="pass the one whose intervals to show",
            )
        usual = "The model" if len(distinct) == 1 else f"Model {i}"
        subjects.append(Subject(model, own[0] if own else None, called.get(id(model), usual)))
    return subjects


def _findings(rest: Sequence[Any], called: Mapping[int, str], noun: Noun) -> list[Finding]:
    usual = [noun(one) or one.family or type(one).__name__ for one in rest]
    counts = Counter(usual)
    seen: Counter[str] = Counter()
    out = []
    for one, name in zip(rest, usual, strict=True):
        seen[name] += 1
        plain = f"{name} {seen[name]}" if counts[name] > 1 else name
        out.append(Finding(called.get(id(one), plain), one, id(one) in called))
    return out
