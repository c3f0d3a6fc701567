"""Results of loyalty metrics: one frozen class a noun, on one base."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import pandas as pd

from satloyal.errors import FitError
from satloyal.models.fit import Check, Fit
from satloyal.models.metrics.checks import judge
from satloyal.models.metrics.data import Array, MetricData
from satloyal.models.metrics.design import Linearised, covariance, linearise
from satloyal.models.metrics.intervals import Kind, Method, Point, difference, ends, holm
from satloyal.notes import Note

if TYPE_CHECKING:
    from satloyal.models.metrics.tracking import ControlChart

__all__ = [
    "EffortScore",
    "GroupDifferences",
    "LoyaltyIndex",
    "LoyaltySegments",
    "Measure",
    "Metric",
    "NetPromoterScore",
    "RaterProfile",
    "Retention",
    "ShareOfWallet",
    "TopBox",
]


@dataclass(frozen=True, slots=True, eq=False)
class Measure:
    """One score a row whose weighted mean is a figure.

    Parameters
    ----------
    term : str
    kind : {"share", "net", "mean"}
    scores : ndarray, shape (n,)
        NaN where the row says nothing about it.
    limits : tuple of float
        Smallest and largest possible value of the figure.
    """

    term: str
    kind: Kind
    scores: Array
    limits: tuple[float, float]


@dataclass(frozen=True, eq=False)
class Metric(Fit):
    """Base of all metrics: weighted means of scores by group, with intervals.

    Parameters
    ----------
    title : str
        What was measured, in words.
    data : MetricData
        Weights, clusters and groups of the rows that count.
    measures : tuple of Measure
        The first is the one that the metric is named after.
    level : float
        Of the intervals.
    method : str
        Of the intervals, as in :func:`satloyal.nps` and the others.
    own_notes : tuple of Note
        How answers became scores.
    """

    title: str
    data: MetricData
    measures: tuple[Measure, ...]
    level: float
    method: Method
    own_notes: tuple[Note, ...] = ()

    family: ClassVar[str] = "metric"

    @cached_property
    def cells(self) -> tuple[tuple[Linearised, ...], ...]:
        """The linearised mean of each group (outer) and measure (inner)."""
        rows = [self.data.group == g for g in range(len(self.data.groups))]
        return tuple(tuple(linearise(m.scores, r, self.data) for m in self.measures) for r in rows)

    def interval(self, measure: Measure, point: Point, alpha: float) -> tuple[float, float]:
        """Return the interval of one point at level 1 - alpha, by the method of this metric."""
        method: Method = self.method if measure is self.measures[0] or self.method != "wald" else "default"
        return ends(point, measure.kind, method, alpha, measure.limits)

    @property
    def converged(self) -> bool:
        """Whether there is an estimate at all."""
        return any(np.isfinite(cell[0].point.est) for cell in self.cells)

    @property
    def checks(self) -> tuple[Check, ...]:
        """Few respondents, small groups, ceilings and floors, weights, clusters, repeated respondents."""
        groups = [(g, cell[0].point) for g, cell in zip(self.data.groups, self.cells, strict=True)]
        return (
            *judge(self.data, groups, self.measures[0].kind, self.measures[0].limits),
            *self._own_checks(),
        )

    def _own_checks(self) -> tuple[Check, ...]:
        return ()

    @property
    def notes(self) -> tuple[Note, ...]:
        """What was done to the rows, and how answers became scores."""
        return (*self.data.notes, *self.own_notes)

    def tidy(self) -> pd.DataFrame:
        """Return one row a group and figure.

        Columns ``group, term, est, se, statistic, pvalue, ci_lower, ci_upper, n, n_effective, deff``. A
        figure is not tested against anything, so ``statistic`` and ``pvalue`` are empty; :meth:`differences`
        tests. ``se`` and ``deff`` are empty where all answers are equal, ``ci_lower`` and ``ci_upper`` of
        shares and net scores are not.
        """
        rows = []
        for group, cell in zip(self.data.groups, self.cells, strict=True):
            for measure, found in zip(self.measures, cell, strict=True):
                p = found.point
                low, high = self.interval(measure, p, 1 - self.level)
                rows.append(
                    (group, measure.term, p.est, p.se, np.nan, np.nan, low, high, p.n, p.worth, p.deff)
                )
        names = ("group", "term", "est", "se", "statistic", "pvalue", "ci_lower", "ci_upper", "n")
        return pd.DataFrame(rows, columns=[*names, "n_effective", "deff"])

    def _terms(self) -> pd.Index:
        table = self.tidy()
        return pd.MultiIndex.from_arrays([table["group"], table["term"]], names=["group", "term"])

    def glance(self) -> pd.Series:
        """Return rows, Kish's effective rows, groups, clusters and level."""
        clusters = None if self.data.cluster is None else int(self.data.cluster.max()) + 1
        figures = {
            "n": self.data.n,
            "n_effective": self.data.n_effective,
            "groups": len(self.data.groups),
            "clusters": clusters,
            "level": self.level,
        }
        return pd.Series(figures, dtype=object, name="value")

    def headline(self) -> str:
        """Return the figure with its interval, or its range over the groups."""
        table = self.tidy()
        main = table[table["term"] == self.measures[0].term]
        known = main[main["est"].notna()]
        if known.empty:
            return f"{self.title}: NO ANSWER CAN BE USED, no figure may be reported."
        if len(self.data.groups) == 1:
            row = known.iloc[0]
            span = f"{self.level:.4g} interval".replace("0.95", "95 %")
            ci = f"{self._say(row['ci_lower'])} to {self._say(row['ci_upper'])}"
            interval = f"{span} {ci}" if np.isfinite(row["ci_lower"]) else "no interval can be given"
            return f"{self.title}: {self._say(row['est'])} ({interval}), {int(row['n'])} answers."
        est = known["est"].to_numpy(dtype=float)
        low, high = known.iloc[int(est.argmin())], known.iloc[int(est.argmax())]
        return (
            f"{self.title}, {self.measures[0].term}: from {self._say(low['est'])} ({low['group']}) to "
            f"{self._say(high['est'])} ({high['group']}) over {len(known)} groups, {self.data.n} answers."
        )

    def _say(self, value: float) -> str:
        return f"{100 * value:.1f} %" if self.measures[0].kind == "share" else f"{value:.1f}"

    def measure(self, term: str | None) -> int:
        """Return the place of a figure among the measures; the first for ``None``."""
        names = [m.term for m in self.measures]
        if term is None:
            return 0
        if term not in names:
            raise FitError(f"there is no figure {term!r}", fix=f"use one of {', '.join(names)}")
        return names.index(term)

    def differences(self, term: str | None = None) -> GroupDifferences:
        """Compare all pairs of groups, p-values adjusted for their number by Holm's method.

        Waves that share people are compared as pairs when the metric was made with ``cluster=`` the
        respondent's column: the covariance of the two waves then enters, which for two complete waves is the
        McNemar-type variance of the mean change, and a rotating panel needs nothing else.

        Parameters
        ----------
        term : str, optional
            Which figure; the first by default.

        Raises
        ------
        FitError
            Without groups.
        """
        if len(self.data.groups) < 2:
            raise FitError("there is one group only", fix="name the column with groups or waves as group=")
        return GroupDifferences(self, self.measure(term))

    def control_chart(
        self, term: str | None = None, *, baseline: Sequence[object] | None = None, runs: int = 8
    ) -> ControlChart:
        """Follow a figure over waves (the groups, in their order) against limits of three sigma.

        Parameters
        ----------
        term : str, optional
            Which figure; the first by default.
        baseline : sequence, optional
            Waves that say what is usual; all by default.
        runs : int
            How many waves in a row on one side of the centre are a signal.

        Raises
        ------
        FitError
            Without waves, for an unknown baseline wave, or ``runs`` below 2.
        """
        from satloyal.models.metrics.tracking import chart  # it draws on this module

        return chart(self, self.measure(term), baseline, runs)


@dataclass(frozen=True, eq=False)
class GroupDifferences(Fit):
    """Differences of one figure between all pairs of groups; made by ``Metric.differences``.

    Parameters
    ----------
    metric : Metric
    place : int
        Which of its measures.
    """

    metric: Metric
    place: int

    family: ClassVar[str] = "group differences"

    @property
    def converged(self) -> bool:
        """Whether some pair can be compared."""
        return bool(self.tidy()["ci_lower"].notna().any())

    @property
    def checks(self) -> tuple[Check, ...]:
        """The checks of the metric."""
        return self.metric.checks

    @property
    def notes(self) -> tuple[Note, ...]:
        """The notes of the metric, and what the intervals and p-values are."""
        text = (
            "intervals of differences come from those of the groups (variance recovery), not adjusted; "
            "pvalue_holm is adjusted for all pairs"
        )
        return (*self.metric.notes, Note("differences", text))

    @cached_property
    def _table(self) -> pd.DataFrame:
        measure, level = self.metric.measures[self.place], self.metric.level
        cells = [cell[self.place] for cell in self.metric.cells]
        rows = []
        for i, j in combinations(range(len(cells)), 2):
            a, b = cells[i], cells[j]
            cov = covariance(a, b)
            va, vb = (np.nan_to_num(p.point.se) ** 2 for p in (a, b))
            r = cov / np.sqrt(va * vb) if va > 0 and vb > 0 else 0.0
            se = np.sqrt(max(va + vb - 2 * cov, 0.0)) if va + vb > 0 else np.nan
            low, high, p = difference(
                a.point, b.point, r, level, lambda q, at: self.metric.interval(measure, q, at)
            )
            groups = (self.metric.data.groups[i], self.metric.data.groups[j])
            est = b.point.est - a.point.est
            rows.append((f"{groups[1]} − {groups[0]}", *groups, est, se, np.nan, p, low, high, r))
        columns = ("term", "group_a", "group_b", "est", "se", "statistic", "pvalue", "ci_lower", "ci_upper")
        table = pd.DataFrame(rows, columns=[*columns, "correlation"])
        table["pvalue_holm"] = holm(table["pvalue"].to_numpy(dtype=float))
        return table

    def tidy(self) -> pd.DataFrame:
        """Return one row a pair: ``est`` is ``group_b`` minus ``group_a``.

        ``correlation`` is that of the two estimates (above zero where clusters or people are in both);
        ``pvalue`` is the level at which the interval touches zero, ``pvalue_holm`` holds for all pairs.
        """
        return self._table.copy()

    def glance(self) -> pd.Series:
        """Return pairs, how many differ after Holm's adjustment, and level."""
        table, alpha = self._table, 1 - self.metric.level
        found = int((table["pvalue_holm"] < alpha).sum())
        figures = {
            "n": self.metric.data.n,
            "pairs": len(table),
            "different": found,
            "level": self.metric.level,
        }
        return pd.Series(figures, dtype=object, name="value")

    def headline(self) -> str:
        """Return how many pairs differ."""
        g = self.glance()
        if not self.converged:
            return f"{self.metric.title}: NO PAIR CAN BE COMPARED."
        return (
            f"{self.metric.title}, {self.metric.measures[self.place].term}: {g['different']} of {g['pairs']} "
            "pairs of groups differ, adjusted for all pairs (Holm)."
        )


@dataclass(frozen=True, eq=False)
class NetPromoterScore(Metric):
    """Net promoter score in points from -100 to 100, and the shares behind it; see :func:`satloyal.nps`."""

    family: ClassVar[str] = "net promoter score"
    scale_known: bool = True

    def _own_checks(self) -> tuple[Check, ...]:
        if self.scale_known:
            return ()
        text = "nobody answered 0, and the scale is not stated: was it 1 to 10?"
        return (
            Check(
                "scale", "warn", text, advice="state scale=(0, 10) if it was 0 to 10; else there is no NPS"
            ),
        )


@dataclass(frozen=True, eq=False)
class TopBox(Metric):
    """Share of the highest answers; see :func:`satloyal.csat`."""

    family: ClassVar[str] = "top-box share"


@dataclass(frozen=True, eq=False)
class EffortScore(Metric):
    """Mean of answers about ease or effort; see :func:`satloyal.ces`."""

    family: ClassVar[str] = "customer effort score"


@dataclass(frozen=True, eq=False)
class Retention(Metric):
    """Share of customers who stayed or bought again; see :func:`satloyal.retention`."""

    family: ClassVar[str] = "retention"


@dataclass(frozen=True, eq=False)
class ShareOfWallet(Metric):
    """Mean share of wallet; see :func:`satloyal.share_of_wallet`."""

    family: ClassVar[str] = "share of wallet"

    def _say(self, value: float) -> str:
        return f"{value:.3g}"


@dataclass(frozen=True, eq=False)
class LoyaltyIndex(Metric):
    """Loyalty index from 0 to 100 and its components; see :func:`satloyal.loyalty_index`."""

    family: ClassVar[str] = "loyalty index"


@dataclass(frozen=True, eq=False)
class LoyaltySegments(Metric):
    """Loyalists, hostages, mercenaries and defectors; see :func:`satloyal.loyalty_segments`."""

    family: ClassVar[str] = "loyalty segments"

    def headline(self) -> str:
        """Return the shares of the four segments."""
        if len(self.data.groups) > 1:
            return super().headline()
        shares = [
            f"{100 * c.point.est:.1f} % {m.term}" for m, c in zip(self.measures, self.cells[0], strict=True)
        ]
        return f"{self.title}: {', '.join(shares)}; {self.data.n} answers."


@dataclass(frozen=True, eq=False)
class RaterProfile(Metric):
    """Means of the service quality dimensions; see :func:`satloyal.rater_profile`."""

    family: ClassVar[str] = "RATER profile"

    def headline(self) -> str:
        """Return the weakest and the strongest dimension."""
        if len(self.data.groups) > 1:
            return super().headline()
        means = {m.term: c.point.est for m, c in zip(self.measures, self.cells[0], strict=True)}
        low, high = min(means, key=means.__getitem__), max(means, key=means.__getitem__)
        return (
            f"{self.title}: lowest {low} ({means[low]:.2f}), highest {high} ({means[high]:.2f}), "
            f"{self.data.n} answers."
        )
