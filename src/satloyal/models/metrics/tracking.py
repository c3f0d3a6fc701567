"""Control charts: a figure over waves against the limits of its usual variation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np
import pandas as pd

from satloyal.errors import FitError
from satloyal.models.fit import Check, Fit, Status
from satloyal.models.metrics.data import Array
from satloyal.models.metrics.design import linearise
from satloyal.models.metrics.result import Metric
from satloyal.notes import Note

__all__ = ["ControlChart", "chart"]

_SIGMAS = 3.0
_FEW_WAVES = 20


@dataclass(frozen=True, eq=False)
class ControlChart(Fit):
    r"""A figure over waves with limits of three sigma; made by ``Metric.control_chart``.

    Parameters
    ----------
    metric : Metric
        Its groups are the waves.
    place : int
        Which of its measures.
    baseline : tuple of int
        Waves that say what is usual.
    runs : int
        How many waves in a row on one side of the centre are a signal.

    Notes
    -----
    Centre: the weighted mean over the baseline. Limits: :math:`\pm 3 \sigma / \sqrt{n_t / deff_t}`, with
    :math:`\sigma^2` the variance of the scores around the centre for shares (:math:`\bar p (1 - \bar p)`, the
    p chart) and net scores, within waves for means. W. A. Shewhart (1931), Economic control of quality of
    manufactured product; the run of eight: Western Electric (1956), Statistical quality control handbook.
    """

    metric: Metric
    place: int
    baseline: tuple[int, ...]
    runs: int

    family: ClassVar[str] = "control chart"

    @cached_property
    def _centre(self) -> tuple[float, float]:
        """Centre and standard deviation of single scores in the baseline."""
        data, measure = self.metric.data, self.metric.measures[self.place]
        rows = np.isin(data.group, self.baseline) & ~np.isnan(measure.scores)
        if not rows.any():
            return np.nan, np.nan
        y, w, g = measure.scores[rows], data.weight[rows], data.group[rows]
        centre = float(linearise(measure.scores, rows, data).point.est)
        if measure.kind != "mean":
            return centre, float(np.sqrt(w @ (y - centre) ** 2 / w.sum()))
        inside, lost = 0.0, 0
        for wave in np.unique(g):
            own = g == wave
            mean = w[own] @ y[own] / w[own].sum()
            inside += float(w[own] @ (y[own] - mean) ** 2)
            lost += 1
        n = y.size
        return centre, float(np.sqrt(inside / w.sum() * n / (n - lost))) if n > lost else np.nan

    @cached_property
    def _table(self) -> pd.DataFrame:
        measure = self.metric.measures[self.place]
        points = [cell[self.place].point for cell in self.metric.cells]
        centre, sigma = self._centre
        est = np.array([p.est for p in points])
        worth = np.array([p.worth for p in points])
        error = np.full(est.size, np.nan)
        if sigma > 0:
            known = worth > 0
            error[known] = sigma / np.sqrt(worth[known])
        low = np.maximum(centre - _SIGMAS * error, measure.limits[0])
        high = np.minimum(centre + _SIGMAS * error, measure.limits[1])
        beyond = (est < low) | (est > high)
        run = _runs(np.sign(est - centre), self.runs)
        signal = np.where(beyond, "beyond limits", np.where(run, f"run of {self.runs}", ""))
        statistic = (est - centre) / error
        return pd.DataFrame(
            {
                "term": list(self.metric.data.groups),
                "est": est,
                "se": error,
                "statistic": statistic,
                "pvalue": np.nan,
                "ci_lower": low,
                "ci_upper": high,
                "centre": centre,
                "n": [p.n for p in points],
                "n_effective": worth,
                "baseline": [i in self.baseline for i in range(est.size)],
                "signal": signal,
            }
        )

    @property
    def converged(self) -> bool:
        """Whether limits exist."""
        return bool(self._table["ci_lower"].notna().any())

    @property
    def checks(self) -> tuple[Check, ...]:
        """Waves in the baseline, and the checks of the metric."""
        n = len(self.baseline)
        status: Status = "pass" if n >= _FEW_WAVES else "warn"
        advice = "" if status == "pass" else "take the limits as provisional"
        text = f"{n} waves say what is usual"
        own = Check("baseline", status, text, float(n), _FEW_WAVES, advice, "Montgomery 2013, section 6.2")
        return (own, *self.metric.checks)

    @property
    def notes(self) -> tuple[Note, ...]:
        """The notes of the metric."""
        return self.metric.notes

    def tidy(self) -> pd.DataFrame:
        """Return one row a wave.

        ``ci_lower`` and ``ci_upper`` are the control limits, ``se`` is one sigma of the wave under the
        baseline, ``statistic`` the distance from the centre in sigmas, ``signal`` says which rule is broken.
        """
        return self._table.copy()

    def glance(self) -> pd.Series:
        """Return waves, centre and how many waves give a signal."""
        figures = {
            "n": self.metric.data.n,
            "waves": len(self._table),
            "centre": self._centre[0],
            "sigma": self._centre[1],
            "signals": int((self._table["signal"] != "").sum()),
        }
        return pd.Series(figures, dtype=object, name="value")

    def headline(self) -> str:
        """Return which waves are out of the ordinary."""
        title = f"{self.metric.title}, {self.metric.measures[self.place].term}"
        if not self.converged:
            return f"{title}: NO LIMITS CAN BE DRAWN, as all answers of the baseline are equal."
        out = self._table[self._table["signal"] != ""]
        if out.empty:
            return f"{title}: all {len(self._table)} waves stay within their usual variation."
        named = ", ".join(f"{t} ({s})" for t, s in zip(out["term"], out["signal"], strict=True))
        return f"{title}: {len(out)} of {len(self._table)} waves leave the usual variation: {named}."


def _runs(side: Array, length: int) -> Array:
    """Return where a run of ``length`` on one side has been completed; a point on the centre ends it."""
    out, count, before = np.zeros(side.size, dtype=bool), 0, 0.0
    for i, s in enumerate(side):
        here = 0.0 if np.isnan(s) else float(s)
        count = count + 1 if here != 0 and here == before else int(here != 0)
        before = here
        out[i] = count >= length
    return out


def chart(metric: Metric, place: int, baseline: Sequence[object] | None, runs: int) -> ControlChart:
    """Make a control chart; see ``Metric.control_chart``."""
    waves = metric.data.groups
    if len(waves) < 2:
        raise FitError("a control chart follows waves", fix="name the column with the waves as group=")
    if runs < 2:
        raise FitError(f"runs is {runs}", fix="a run needs at least 2 waves; 8 is usual")
    if baseline is None:
        return ControlChart(metric, place, tuple(range(len(waves))), runs)
    names = [f"{v:g}" if isinstance(v, float) else str(v) for v in baseline]
    unknown = [name for name in names if name not in waves]
    if unknown or not names:
        raise FitError(
            f"baseline names the unknown wave {unknown[0]!r}" if unknown else "baseline is empty",
            fix=f"the waves are {', '.join(waves)}",
        )
    return ControlChart(metric, place, tuple(waves.index(name) for name in dict.fromkeys(names)), runs)
