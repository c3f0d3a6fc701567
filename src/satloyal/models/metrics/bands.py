"""Repurchase probability in bands, and what moving people between bands is worth."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar, Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import stats

from satloyal.errors import FitError
from satloyal.models.fit import Check, Fit
from satloyal.models.metrics.data import Array, Source, complete, refuse_outside
from satloyal.models.metrics.design import covariance
from satloyal.models.metrics.questions import check_level
from satloyal.models.metrics.result import Measure, Metric
from satloyal.notes import Note
from satloyal.survey.survey import Survey

__all__ = ["BANDS", "ExpectedValue", "Repurchase", "bands_of", "probabilities", "repurchase"]

BANDS = ("low", "middle", "high")
_EDGES = (0.30, 0.70)  # of certainty: under 30 %, 30 to 70 %, over 70 %


def bands_of(probability: Array) -> Array:
    """Return 0, 1 or 2 for probabilities under 30 %, from 30 to 70 %, over 70 %.

    Examples
    --------
    >>> bands_of(np.array([0.29, 0.3, 0.7, 0.71])).tolist()
    [0, 1, 1, 2]
    """
    return np.asarray((probability >= _EDGES[0]).astype(int) + (probability > _EDGES[1]))


@dataclass(frozen=True, eq=False)
class Repurchase(Metric):
    """Shares of customers by stated probability of buying again; see :func:`satloyal.repurchase`."""

    family: ClassVar[str] = "repurchase"

    def headline(self) -> str:
        """Return the shares of the three bands."""
        if len(self.data.groups) > 1:
            return super().headline()
        pairs = zip(BANDS, self.cells[0], strict=False)
        said = ", ".join(f"{band} {100 * c.point.est:.1f} %" for band, c in pairs)
        return f"{self.title}: {said}, {self.data.n} answers."

    def expected_value(
        self,
        values: Mapping[str, float],
        moves: Mapping[tuple[str, str], float],
        *,
        customers: float = 1.0,
    ) -> ExpectedValue:
        """Say what moving people between bands would bring, with the survey's uncertainty about the bands.

        Parameters
        ----------
        values : mapping
            Worth of a customer in each band: ``low``, ``middle``, ``high``.
        moves : mapping of (from, to) to share
            Which share of the people in one band would move to another.
        customers : float
            How many customers the survey stands for; 1 gives the value per customer.

        Returns
        -------
        ExpectedValue

        Raises
        ------
        FitError
            Unknown bands, a band without a value, shares outside 0 to 1 or more than all of a band.

        Notes
        -----
        The sum over moves of p(from) · share · (v(to) - v(from)). Values and shares are the user's
        assumptions and carry no error here; that people who move then behave as those already in the band is
        an assumption too.
        """
        missing = [band for band in BANDS if band not in values or not np.isfinite(values[band])]
        if missing or set(values) - set(BANDS):
            raise FitError(
                "values must say what a customer is worth in each band", fix=f"name {', '.join(BANDS)}"
            )
        left = dict.fromkeys(BANDS, 0.0)
        for (start, end), share in moves.items():
            if start not in BANDS or end not in BANDS or start == end:
                raise FitError(
                    f"there is no move from {start!r} to {end!r}", fix=f"the bands are {', '.join(BANDS)}"
                )
            left[start] += share
            if not 0 <= share <= 1 or left[start] > 1 + 1e-12:
                raise FitError(
                    f"{left[start]:g} of the band {start!r} would move", fix="shares lie within 0 and 1"
                )
        if not moves:
            raise FitError("no moves", fix='name some, as {("low", "middle"): 0.1}')
        if not (np.isfinite(customers) and customers > 0):
            raise FitError(f"customers is {customers:g}", fix="give a number above 0")
        return ExpectedValue(self, dict(values), dict(moves), customers)


@dataclass(frozen=True, eq=False)
class ExpectedValue(Fit):
    """What moving people between repurchase bands would bring; made by ``Repurchase.expected_value``.

    Parameters
    ----------
    metric : Repurchase
    values : mapping of str to float
    moves : mapping of (str, str) to float
    customers : float
    """

    metric: Repurchase
    values: Mapping[str, float]
    moves: Mapping[tuple[str, str], float]
    customers: float

    family: ClassVar[str] = "expected value"

    @property
    def converged(self) -> bool:
        """Whether there are bands to move people between."""
        return self.metric.converged

    @property
    def checks(self) -> tuple[Check, ...]:
        """The checks of the bands."""
        return self.metric.checks

    @property
    def notes(self) -> tuple[Note, ...]:
        """The notes of the bands, and what is assumed."""
        text = "values and shares moved are given, not estimated; intervals hold the error of the bands alone"
        return (*self.metric.notes, Note("assumptions", text))

    @cached_property
    def _table(self) -> pd.DataFrame:
        rows = []
        for group, cell in zip(self.metric.data.groups, self.metric.cells, strict=True):
            gradient = np.zeros(len(BANDS))
            for (start, end), share in self.moves.items():
                i = BANDS.index(start)
                gain = self.customers * share * (self.values[end] - self.values[start])
                gradient[i] += gain
                point = cell[i].point
                low, high = self.metric.interval(self.metric.measures[i], point, 1 - self.metric.level)
                ends = sorted((gain * low, gain * high))
                rows.append((group, f"{start} → {end}", gain * point.est, abs(gain) * point.se, *ends))
            parts = cell[: len(BANDS)]
            vcov = np.array([[covariance(a, b) for b in parts] for a in parts])
            variance = float(gradient @ vcov @ gradient)
            est = float(gradient @ [p.point.est for p in parts])
            se = float(np.sqrt(variance)) if variance > 0 else np.nan
            df = max(parts[0].point.df, 1)
            reach = float(stats.t.isf((1 - self.metric.level) / 2, df)) * se
            rows.append((group, "total", est, se, est - reach, est + reach))
        table = pd.DataFrame(rows, columns=["group", "term", "est", "se", "ci_lower", "ci_upper"])
        return table.assign(statistic=np.nan, pvalue=np.nan)

    def tidy(self) -> pd.DataFrame:
        """Return one row a group and move, and the total.

        Intervals of single moves are those of the band's share, carried over; the total has Student's
        interval from the covariances of the shares.
        """
        return self._table.copy()

    def _terms(self) -> pd.Index:
        return pd.MultiIndex.from_frame(self._table[["group", "term"]])

    def glance(self) -> pd.Series:
        """Return rows, customers, moves and level."""
        figures = {
            "n": self.metric.data.n,
            "customers": self.customers,
            "moves": len(self.moves),
            "level": self.metric.level,
        }
        return pd.Series(figures, dtype=object, name="value")

    def headline(self) -> str:
        """Return the totals."""
        total = self._table[self._table["term"] == "total"]
        said = [
            f"{'' if len(total) == 1 else f'{g}: '}{e:.4g} ({lo:.4g} to {hi:.4g})"
            for g, e, lo, hi in total[["group", "est", "ci_lower", "ci_upper"]].itertuples(index=False)
        ]
        who = "per customer" if self.customers == 1 else f"for {self.customers:g} customers"
        return f"Expected value of the moves {who}: {'; '.join(said)}."


def repurchase(
    data: pd.DataFrame | Survey,
    item: str,
    *,
    whole: float = 100.0,
    group: str | None = None,
    weights: str | ArrayLike | None = None,
    cluster: str | ArrayLike | None = None,
    interval: Literal["wilson", "clopper_pearson"] = "wilson",
    level: float = 0.95,
) -> Repurchase:
    """Count customers by their probability of buying again: under 30 %, 30 to 70 %, over 70 %.

    Parameters
    ----------
    data : DataFrame or Survey
    item : str
        Each customer's probability, from 0 to ``whole``.
    whole : float
        What certainty is in that column: 100 for percent, 10 for a scale from 0 to 10, 1 for fractions.
    group, weights, cluster, interval, level
        As in :func:`satloyal.csat`.

    Returns
    -------
    Repurchase
        Shares ``low``, ``middle`` and ``high`` with intervals, and the ``mean`` probability in the unit of
        the column; ``expected_value`` says what moving people between the bands is worth.

    Raises
    ------
    FitError
        Answers outside 0 to ``whole``, a scale that does not start at 0, and as :func:`satloyal.csat`.

    Examples
    --------
    >>> frame = pd.DataFrame({"again": [10] * 20 + [50] * 30 + [90] * 50})
    >>> bands = repurchase(frame, "again")
    >>> print(bands.headline())
    Repurchase of again: low 20.0 %, middle 30.0 %, high 50.0 %, 100 answers.
    >>> worth = bands.expected_value({"low": 5, "middle": 20, "high": 60}, {("low", "middle"): 0.5})
    >>> round(float(worth.tidy()["est"].iloc[-1]), 3)
    1.5
    """
    if interval not in ("wilson", "clopper_pearson"):
        raise FitError(f"interval {interval!r} is not known here", fix="use wilson or clopper_pearson")
    check_level(level)
    source = Source.of(data)
    values = source.numbers(item)
    probability = probabilities(source, item, values, whole)
    stay, kept = complete(source, [values], group=group, weights=weights, cluster=cluster)
    band = bands_of(probability[stay])
    measures = tuple(Measure(name, "share", (band == k) * 1.0, (0.0, 1.0)) for k, name in enumerate(BANDS))
    mean = Measure("mean", "mean", values[stay], (0.0, whole))
    return Repurchase(
        title=f"Repurchase of {item}",
        data=kept,
        measures=(*measures, mean),
        level=level,
        method="default" if interval == "wilson" else "clopper_pearson",
    )


def probabilities(source: Source, item: str, values: Array, whole: float) -> Array:
    """Return answers as probabilities, shape (N,), refusing scales that do not run from 0 to certainty."""
    if not (np.isfinite(whole) and whole > 0):
        raise FitError(f"whole is {whole:g}", fix="give 100 for percent, 10 for 0 to 10, 1 for fractions")
    known = source.scale(item)
    if known is not None and known != (0.0, float(whole)):
        raise FitError(
            f"{item!r} was asked from {known[0]:g} to {known[1]:g}, a probability runs from 0 to {whole:g}",
            fix="give whole= the answer for certainty; a scale that starts elsewhere is no probability",
        )
    refuse_outside(item, values, 0.0, whole)
    return np.asarray(values / whole)
