"""Rules for reliability and validity: each gives one check with its limit, its source and all offenders."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from satloyal.models.fit import Check, Status
from satloyal.models.sem.constructs import MeasurementModel

__all__ = ["HTMT_LIBERAL", "HTMT_STRICT", "judge"]

HTMT_STRICT, HTMT_LIBERAL = 0.85, 0.90
_HENSELER = "Henseler, Ringle & Sarstedt 2015, JAMS 43:115-135"
_FORNELL = "Fornell & Larcker 1981, JMR 18:39-50"
_HAIR = "Hair, Hult, Ringle & Sarstedt 2017, A primer on PLS-SEM"
_DISTINCT = (
    "do not interpret their separate effects: merge the constructs, drop items that fit both, "
    "or report the result as of one construct"
)


@dataclass(frozen=True)
class _Rule:
    """A limit for one figure: at least, or for figures that should be small below."""

    name: str
    figure: str
    limit: float
    source: str
    advice: str
    small_is_good: bool = False
    severe: float | None = None
    severe_means: str = ""
    unjudged: str = "no construct has a value"

    def check(self, values: Sequence[tuple[str, float]]) -> Check:
        """Judge labelled values; undefined ones are left out."""
        known = [(label, value) for label, value in values if not np.isnan(value)]
        if not known:
            return Check(self.name, "not_applicable", f"{self.unjudged}.", source=self.source)
        worst = (max if self.small_is_good else min)(known, key=lambda pair: pair[1])
        broken = [(label, value) for label, value in known if self._broken(value, self.limit)]
        below, above = f"below {_number(self.limit)}", f"{_number(self.limit)} or more"
        good, bad, end = (below, above, "highest") if self.small_is_good else (above, below, "lowest")
        if not broken:
            message = f"{self.figure} is {good} throughout; the {end} is {_named(worst)}."
            return Check(self.name, "pass", message, worst[1], self.limit, source=self.source)
        order = sorted(broken, key=lambda pair: pair[1], reverse=self.small_is_good)
        message = (
            f"{self.figure} is {bad} for {len(broken)} of {len(known)}: "
            f"{', '.join(_named(pair) for pair in order)}."
        )
        status: Status = "warn"
        if self.severe is not None and self._broken(worst[1], self.severe):
            status = "fail"
            message += f" {self.severe_means}"
        return Check(self.name, status, message, worst[1], self.limit, self.advice, self.source)

    def _broken(self, value: float, limit: float) -> bool:
        return value >= limit if self.small_is_good else value < limit


_RELIABILITY = _Rule(
    "composite reliability", "composite reliability", 0.70, _FORNELL,
    "look at weak items before effects of these constructs are compared: unreliable ones are underestimated "
    "in sum scores",
)  # fmt: skip
_AVE = _Rule(
    "convergent validity", "average variance extracted", 0.50, _FORNELL,
    "the items carry more error than content: look at the weakest loadings",
)  # fmt: skip
_LOADINGS = _Rule(
    "indicator loadings", "the smallest standardised loading", 0.40, _HAIR,
    "reword or drop the weak item, and recode one that loads negatively",
)  # fmt: skip
_HTMT = _Rule(
    "discriminant validity (HTMT)", "HTMT", HTMT_STRICT, _HENSELER, _DISTINCT,
    small_is_good=True, severe=HTMT_LIBERAL,
    severe_means="At .90 and above the constructs are not distinct in these answers.",
    unjudged="no two constructs have several items each",
)  # fmt: skip
_HTMT_INTERVAL = _Rule(
    "discriminant validity (HTMT interval)", "the upper limit of HTMT", 1.0, _HENSELER, _DISTINCT,
    small_is_good=True, severe=1.0,
    severe_means="An interval that reaches 1 cannot tell the constructs apart.",
    unjudged="no interval was computed",
)  # fmt: skip
_CORRELATION = _Rule(
    "discriminant validity (latent correlation)", "the latent correlation", 0.90,
    "Rönkkö & Cho 2022, Organizational Research Methods 25:6-14", _DISTINCT,
    small_is_good=True, severe=1.0,
    severe_means="A correlation of 1 or more is no correlation of two constructs.",
    unjudged="there is only one construct",
)  # fmt: skip


def judge(
    reliability: pd.DataFrame, pairs: pd.DataFrame, models: Mapping[Any, MeasurementModel], converged: bool
) -> tuple[Check, ...]:
    """Return the checks of a measurement table.

    Parameters
    ----------
    reliability, pairs : DataFrame
        As in :class:`~satloyal.models.sem.measurement.Measurement`.
    models : mapping of group label to MeasurementModel
        For negative residual variances.
    converged : bool
        Whether there is a solution at all.
    """
    several = len(models) > 1
    constructs = [_label(r.construct, r.group, several) for r in reliability.itertuples()]
    between = [_label(f"{r.construct_1} and {r.construct_2}", r.group, several) for r in pairs.itertuples()]

    def column(table: pd.DataFrame, names: list[str], figure: str) -> list[tuple[str, float]]:
        return list(zip(names, table[figure].to_numpy(dtype=float), strict=True))

    correlation = [(name, abs(value)) for name, value in column(pairs, between, "latent_cor")]
    return (
        _RELIABILITY.check(column(reliability, constructs, "cr")),
        _AVE.check(column(reliability, constructs, "ave")),
        _LOADINGS.check(column(reliability, constructs, "loading_min")),
        _HTMT.check(column(pairs, between, "htmt")),
        _HTMT_INTERVAL.check(column(pairs, between, "htmt_upper")),
        _larcker(pairs, between),
        _CORRELATION.check(correlation),
        *_negative(models, several, converged),
        *_single(reliability, constructs),
        *_exact(models, several),
    )


def _larcker(pairs: pd.DataFrame, between: Sequence[str]) -> Check:
    name, judged = "discriminant validity (Fornell-Larcker)", pairs["fornell_larcker"].notna()
    if not judged.any():
        return Check(
            name, "not_applicable", "no two constructs have an AVE and a correlation.", source=_FORNELL
        )
    broken = [
        n for n, ok in zip(between, pairs["fornell_larcker"], strict=True) if ok is not pd.NA and not ok
    ]
    if not broken:
        return Check(
            name, "pass", "the root of every AVE exceeds the construct's correlations.", source=_FORNELL
        )
    message = (
        f"the root of an AVE does not exceed the correlation for {len(broken)} of {int(judged.sum())} pairs: "
        f"{', '.join(broken)}."
    )
    return Check(name, "warn", message, advice=_DISTINCT, source=_FORNELL)


def _negative(models: Mapping[Any, MeasurementModel], several: bool, converged: bool) -> tuple[Check, ...]:
    """Flag coefficients that rest on a negative variance."""
    if not converged:
        return ()
    found = [
        _label(name, label, several) for label, model in models.items() for name in model.negative_residuals()
    ]
    if not found:
        return ()
    message = f"the residual variance of {', '.join(found)} is negative: reliability from it is too high."
    return (
        Check(
            "measurement admissibility",
            "fail",
            message,
            advice="look for a construct with too few items, a wrong loading, or too few respondents",
            source="Kolenikov & Bollen 2012, Sociological Methods & Research 41:124-167",
        ),
    )


def _single(reliability: pd.DataFrame, constructs: Sequence[str]) -> tuple[Check, ...]:
    single = [n for n, k in zip(constructs, reliability["n_items"], strict=True) if k == 1]
    if not single:
        return ()
    return (
        Check(
            "single-indicator constructs",
            "warn",
            f"{_verb(single, 'rests', 'rest')} on one indicator: reliability is assumed, not estimated.",
            advice="ask several items, or fix the error variance from a reliability known elsewhere",
            source="Bollen 1989, Structural equations with latent variables, chapter 5",
        ),
    )


def _exact(models: Mapping[Any, MeasurementModel], several: bool) -> tuple[Check, ...]:
    """Name constructs of several indicators without any error."""
    found = [
        _label(c.name, label, several)
        for label, model in models.items()
        for c in model.constructs
        if c.exact and not c.single
    ]
    if not found:
        return ()
    return (
        Check(
            "errors fixed at zero",
            "warn",
            f"{_verb(found, 'has', 'have')} indicators without error: reliability is assumed, not estimated.",
            advice="do not report a reliability of these constructs from this model",
            source="Hamaker, Kuiper & Grasman 2015, Psychological Methods 20:102-116",
        ),
    )


def _verb(names: Sequence[str], one: str, several: str) -> str:
    return f"{', '.join(names)} {one if len(names) == 1 else several}"


def _label(name: Any, group: Any, several: bool) -> str:
    return f"{name} [{group}]" if several else str(name)


def _named(pair: tuple[str, float]) -> str:
    return f"{pair[0]} {_number(pair[1], 3)}"


def _number(value: float, digits: int = 2) -> str:
    """Write coefficients as papers do: ``.85``, ``1.02``, ``-.10``."""
    text = f"{value:.{digits}f}"
    return text.replace("0.", ".", 1) if abs(value) < 1 else text
