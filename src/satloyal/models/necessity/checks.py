"""Judgements about a necessity analysis: what its ceilings rest on, and what may be said."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from satloyal.models.fit import Check, Status
from satloyal.models.necessity.estimate import Ceiling

__all__ = ["WORTH", "judge", "verdict"]

WORTH = 0.1  # below this d is called small (Dul 2016, p. 30)
_ALPHA = 0.05
_FEW_PEERS = 3
_ACCURATE = 95.0
_DUL = "Dul 2016, Organizational Research Methods 19"
_KUIK = "Dul, van der Laan & Kuik 2020, Organizational Research Methods 23"


def verdict(ceiling: Ceiling) -> str:
    """Return supported, not supported, inconclusive or not testable."""
    if np.isnan(ceiling.effect) or np.isnan(ceiling.pvalue):
        return "not testable"
    if ceiling.effect < WORTH:
        return "not supported"
    if abs(ceiling.pvalue - _ALPHA) <= ceiling.p_accuracy:
        return "inconclusive"
    return "supported" if ceiling.pvalue < _ALPHA else "not supported"


def judge(found: Sequence[Ceiling]) -> tuple[Check, ...]:
    """Return every check that applies to the ceilings."""
    out = [_lines(found)]
    for c in found:
        out += [_necessity(c), _carried(c)]
        if c.regression and not np.isnan(c.effect):
            out.append(_accuracy(c))
    return tuple(out)


def _label(c: Ceiling) -> str:
    return f"{c.pair.name}, {c.name}"


def _lines(found: Sequence[Ceiling]) -> Check:
    lost = [_label(c) for c in found if np.isnan(c.effect)]
    if not lost:
        return Check("convergence", "pass", f"all {len(found)} ceilings are defined", 1.0, 1.0)
    share = 1 - len(lost) / len(found)
    text = f"{len(lost)} of {len(found)} ceilings have a single point and so no line ({'; '.join(lost)})"
    return Check(
        "convergence", "warn" if share > 0 else "fail", text, share, 1.0, "read the step ceiling there"
    )


def _necessity(c: Ceiling) -> Check:
    name = f"necessity: {_label(c)}"
    if np.isnan(c.effect) or np.isnan(c.pvalue):
        why = "no line" if np.isnan(c.effect) else "no permutation test was asked for"
        return Check(name, "not_applicable", f"not testable: {why}", source=_KUIK)
    text = f"{verdict(c)}: d = {c.effect:.3f}, p = {c.pvalue:.4f} ± {c.p_accuracy:.4f}"
    near = abs(c.pvalue - _ALPHA) <= c.p_accuracy
    advice = "ask for more permutations" if near else ""
    return Check(name, "warn" if near else "pass", text, c.effect, WORTH, advice, f"{_DUL}; {_KUIK}")


def _carried(c: Ceiling) -> Check:
    count = len(c.points)
    status: Status = "pass" if count >= _FEW_PEERS else "warn"
    text = f"the ceiling of {c.pair.name} ({c.name}) rests on {count} of {c.pair.x.size} points"
    advice = "" if status == "pass" else "look at outliers(): one row may decide"
    return Check(f"points on the ceiling: {_label(c)}", status, text, count, _FEW_PEERS, advice, _DUL)


def _accuracy(c: Ceiling) -> Check:
    status: Status = "pass" if c.accuracy >= _ACCURATE else "warn"
    text = f"{c.above} of {c.pair.x.size} rows lie beyond the line (accuracy {c.accuracy:.1f} %)"
    advice = "" if status == "pass" else "the line does not bound these data; read the step ceiling"
    return Check(f"accuracy: {_label(c)}", status, text, c.accuracy, _ACCURATE, advice, _DUL)
