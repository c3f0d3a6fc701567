"""Judgements about a metric: what would make its figures or their intervals untrustworthy."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from satloyal.models.fit import Check, Status
from satloyal.models.metrics.data import MetricData
from satloyal.models.metrics.intervals import Kind, Point

__all__ = ["judge"]

_FEW = 30
_CELL = 5.0
_TOP = 0.95
_DEFF = 2.0


def judge(
    data: MetricData, groups: Sequence[tuple[str, Point]], kind: Kind, limits: tuple[float, float]
) -> tuple[Check, ...]:
    """Return every check that applies."""
    found = [_few(groups), _ceiling(groups, kind, limits)]
    if np.ptp(data.weight) > 0:
        deff = data.n / data.n_effective
        status: Status = "pass" if deff <= _DEFF else "warn"
        advice = "" if status == "pass" else "trim or rake the weights within bounds"
        text = f"the weights leave {data.n_effective:.0f} of {data.n} answers (design effect {deff:.2f})"
        found.append(Check("weights", status, text, deff, _DEFF, advice, "Kish 1965"))
    if data.cluster is not None:
        found.append(_clusters(groups))
    elif data.repeated:
        text = f"{data.repeated} rows are further answers of people who are in already, taken as independent"
        advice = "give cluster= the respondent's column"
        found.append(Check("repeated respondents", "warn", text, float(data.repeated), 0.0, advice))
    return tuple(found)


def _few(groups: Sequence[tuple[str, Point]]) -> Check:
    small = [f"{name} ({p.n})" for name, p in groups if p.n < _FEW]
    least = float(min(p.n for _, p in groups))
    if not small:
        return Check("respondents", "pass", f"at least {least:.0f} answers a group", least, _FEW)
    text = f"fewer than {_FEW} answers: {', '.join(small[:8])}"
    return Check(
        "respondents", "warn", text, least, _FEW, "show the interval, and merge groups where you can"
    )


def _ceiling(groups: Sequence[tuple[str, Point]], kind: Kind, limits: tuple[float, float]) -> Check:
    """Few answers on the rarer side of a share, or a mean in the last twentieth of its range."""
    if kind == "share":
        rare = [(name, p.n * min(p.est, 1 - p.est)) for name, p in groups if p.n]
        hit = [name for name, count in rare if count < _CELL]
        value, rule = (
            min((c for _, c in rare), default=np.nan),
            f"fewer than {_CELL:.0f} on one side of the share",
        )
    else:
        where = [(name, (p.est - limits[0]) / (limits[1] - limits[0])) for name, p in groups if p.n]
        hit = [name for name, share in where if not 1 - _TOP < share < _TOP]
        value, rule = max((s for _, s in where), default=np.nan), "near the end of the range"
    if not hit:
        return Check("ceiling and floor", "pass", "no figure at the end of its range", float(value))
    advice = (
        "do not use its standard error; the interval of shares and net scores holds, that of means hardly"
    )
    return Check("ceiling and floor", "warn", f"{rule}: {', '.join(hit[:8])}", float(value), None, advice)


def _clusters(groups: Sequence[tuple[str, Point]]) -> Check:
    least = float(min(p.df + 1 for _, p in groups))
    status: Status = "pass" if least >= _FEW else "warn"
    advice = "" if status == "pass" else "the variance from so few clusters is itself uncertain"
    return Check("clusters", status, f"at least {least:.0f} clusters a group", least, _FEW, advice)
