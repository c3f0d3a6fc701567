"""The result of ``fit_drivers``: shares of R² with intervals, beside every other figure of importance."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np
import pandas as pd

from satloyal.core.resample import percentile_interval
from satloyal.errors import FitError
from satloyal.models.drivers import checks
from satloyal.models.drivers.data import DriverData
from satloyal.models.drivers.draws import Draws, ranks
from satloyal.models.drivers.shares import (
    EXACT_DRIVERS,
    Array,
    conditional_dominance,
    regression,
    relative_weights,
)
from satloyal.models.fit import Check, Fit
from satloyal.notes import Note

__all__ = ["QUADRANTS", "DriversFit"]

QUADRANTS = {
    (True, False): "concentrate here",
    (True, True): "keep it up",
    (False, False): "low priority",
    (False, True): "possible overkill",
}
"""Names of Martilla and James by (important, performing well)."""

_NAMES = {"lmg": "LMG (Shapley)", "relative_weights": "relative weights"}


@dataclass(frozen=True, eq=False)
class DriversFit(Fit):
    """Driver importances; made by :func:`satloyal.fit_drivers`.

    Parameters
    ----------
    data : DriverData
    method : {"lmg", "relative_weights"}
    importance : ndarray, shape (p,)
        Shares in units of R² by that method.
    lmg, mc_error : ndarray, shape (p,)
        LMG whatever the method, and its Monte Carlo error (zero when exact).
    orders : ndarray, shape (m, p), optional
        Orders of entry, where these were sampled.
    draws : Draws, optional
        Replicates behind the intervals.
    level : float
    seed : int
    """

    data: DriverData
    method: str
    importance: Array
    lmg: Array
    mc_error: Array
    orders: Array | None
    draws: Draws | None
    level: float
    seed: int

    family: ClassVar[str] = "drivers"

    @property
    def converged(self) -> bool:
        """Whether there are shares: always, as R² is above zero at the door."""
        return bool(np.isfinite(self.importance).all())

    @property
    def drivers(self) -> tuple[str, ...]:
        """Names of the drivers, in the order given."""
        return self.data.drivers

    @property
    def outcome(self) -> str:
        """Name of the outcome."""
        return self.data.outcome

    @property
    def r2(self) -> float:
        """R² of the outcome on all drivers."""
        return float(self.beta @ self.zero_order)

    @property
    def zero_order(self) -> Array:
        """Correlation of each driver with the outcome, shape (p,)."""
        return np.asarray(self.data.cor[:-1, -1])

    @cached_property
    def _regression(self) -> tuple[Array, Array, Array]:
        return regression(self.data.cor)

    @property
    def beta(self) -> Array:
        """Standardised regression weights, shape (p,)."""
        return self._regression[0]

    @property
    def semipartial2(self) -> Array:
        """Squared semipartial correlations: what R² loses without the driver, shape (p,)."""
        return self._regression[1]

    @property
    def vif(self) -> Array:
        """Variance inflation factors, shape (p,)."""
        return self._regression[2]

    @cached_property
    def checks(self) -> tuple[Check, ...]:
        """Explained variance, sample size, collinearity, suppression, order and the rest."""
        return checks.judge(self)

    @property
    def notes(self) -> tuple[Note, ...]:
        """What was done to the data, and where shares and intervals come from."""
        found = [*self.data.notes, Note("importance", f"{_NAMES[self.method]} shares of R²")]
        if self.orders is not None:
            text = (
                f"LMG of {len(self.drivers)} drivers from {len(self.orders)} sampled orders of entry with "
                f"seed {self.seed}, the same for all replicates; exact up to {EXACT_DRIVERS}"
            )
            found.append(Note("sampled orders", text, len(self.orders)))
        found.append(Note("intervals", self._said()))
        return tuple(found)

    def _said(self) -> str:
        if self.draws is None:
            return f"there are none: {self.data.no_draws or 'no replicates were asked for'}"
        count, seed = self.draws.asked, self.seed
        if self.data.rows is None:
            return (
                f"percentiles of {count} Wishart matrices with n = {self.data.n} and seed {seed}, as if "
                "answers were jointly normal: there are no rows to resample"
            )
        what = "rows" if self.data.clusters is None else f"{self.data.clusters} clusters"
        return f"percentiles of {count} resamples of {what} with seed {seed}"

    def _interval(self, values: Array) -> tuple[Array, Array]:
        if len(values) < 2:
            return np.full(values.shape[1], np.nan), np.full(values.shape[1], np.nan)
        return percentile_interval(values, self.level)

    def tidy(self) -> pd.DataFrame:
        """Return one row a driver, in the order given.

        Returns
        -------
        DataFrame
            ``term``; ``est`` (importance in units of R²), ``se`` (standard deviation of the replicates),
            ``statistic`` and ``pvalue`` (empty: a share is never negative, so zero lies on the edge of what
            is possible and no such test exists), ``ci_lower, ci_upper``; ``share`` of R² and ``rank`` with
            intervals; ``lmg, mc_error, general_dominance`` (the same by averaging over sizes; empty where
            orders were sampled), ``relative_weight, beta, zero_order, semipartial2, vif``. Intervals are
            empty without replicates; a rank's interval holds the ranks of the middle replicates.
        """
        p = len(self.drivers)
        empty = np.full(p, np.nan)
        out = {
            "term": list(self.drivers),
            "est": self.importance,
            "se": empty,
            "statistic": empty,
            "pvalue": empty,
        }
        share, rank = self.importance / self.r2, ranks(self.importance[None])[0]
        tables = None
        if self.draws is not None and len(self.draws.importance) > 1:
            value = self.draws.importance
            out["se"] = value.std(axis=0, ddof=1)
            tables = (value, value / self.draws.r2[:, None], ranks(value))
        for k, (name, estimate) in enumerate((("ci", None), ("share", share), ("rank", rank))):
            low, high = (empty, empty) if tables is None else self._interval(tables[k])
            if estimate is not None:
                out[name] = estimate
            out[f"{name}_lower"], out[f"{name}_upper"] = low, high
        dominance = empty if self.orders is not None else self.conditional().mean(axis=1).to_numpy()
        out |= {"lmg": self.lmg, "mc_error": self.mc_error, "general_dominance": dominance}
        out |= {"relative_weight": relative_weights(self.data.cor[None])[0], "beta": self.beta}
        out |= {"zero_order": self.zero_order, "semipartial2": self.semipartial2, "vif": self.vif}
        return pd.DataFrame(out)

    def conditional(self) -> pd.DataFrame:
        """Return conditional dominance: the mean gain of R² by each driver over subsets of each size.

        Returns
        -------
        DataFrame
            Index drivers, columns 0 to p − 1 (drivers already in); the mean of a row is general dominance.

        Raises
        ------
        FitError
            With more than 20 drivers, whose subsets are not all visited.
        """
        if self.orders is not None:
            raise FitError(
                f"the subsets of {len(self.drivers)} drivers are too many to visit",
                fix=f"ask with at most {EXACT_DRIVERS} drivers",
            )
        return pd.DataFrame(conditional_dominance(self.data.cor), index=list(self.drivers))

    def differences(self) -> pd.DataFrame:
        """Return the difference of importance of every pair, the larger first, with percentile intervals.

        Returns
        -------
        DataFrame
            ``first, second, est, ci_lower, ci_upper`` (units of R²), ``larger`` (share of replicates in which
            the first is the larger), ``neighbours`` (next to each other in the order). Intervals are for one
            pair each, not for all together.
        """
        order = np.argsort(-self.importance, kind="stable")
        upper = np.triu_indices(len(order), 1)
        i, j = order[upper[0]], order[upper[1]]
        empty = np.full(i.size, np.nan)
        low, high, larger = empty, empty, empty
        if self.draws is not None and len(self.draws.importance) > 1:
            gap = self.draws.importance[:, i] - self.draws.importance[:, j]
            low, high = self._interval(gap)
            larger = (gap > 0).mean(axis=0)
        names = np.array(self.drivers, dtype=object)
        return pd.DataFrame(
            {
                "first": names[i],
                "second": names[j],
                "est": self.importance[i] - self.importance[j],
                "ci_lower": low,
                "ci_upper": high,
                "larger": larger,
                "neighbours": upper[1] == upper[0] + 1,
            }
        )

    @property
    def has_performance(self) -> bool:
        """Whether means and the ends of all answer scales are known."""
        return self.data.mean is not None and bool(np.isfinite(self.data.scale).all())

    def importance_performance(self) -> pd.DataFrame:
        """Return the importance-performance table.

        Returns
        -------
        DataFrame
            ``term``; ``importance`` (share of R²) and ``performance`` (mean on 0 to 100 of the answer scale),
            each with its interval (performance: from rows only); ``quadrant`` against the averages of both;
            ``stable``, the share of replicates in which the driver falls into that quadrant.

        Raises
        ------
        FitError
            Without means or without the ends of the scales.

        References
        ----------
        Martilla, J. A. & James, J. C. (1977). *J. Marketing* 41(1), 77-79.
        """
        if self.data.mean is None:
            raise FitError("these moments hold no means", fix="give means= where the matrix is made")
        if not self.has_performance:
            lost = [n for n, ends in zip(self.drivers, self.data.scale, strict=True) if np.isnan(ends).any()]
            raise FitError(
                f"the answer scale of {', '.join(lost)} is not known", fix="give scale=(lowest, highest)"
            )
        low, width = self.data.scale[:, 0], np.ptp(self.data.scale, axis=1)
        share, level = self.importance / self.r2, 100 * (self.data.mean[:-1] - low) / width
        out = {"term": list(self.drivers), "importance": share}
        empty = np.full(share.size, np.nan)
        ends = [empty] * 4
        stable = empty
        kept = _quadrants(share[None], level[None])[0]
        if self.draws is not None and len(self.draws.importance) > 1:
            shares = self.draws.importance / self.draws.r2[:, None]
            ends[:2] = self._interval(shares)
            if self.draws.mean is not None:
                levels = 100 * (self.draws.mean - low) / width
                ends[2:] = self._interval(levels)
                stable = (_quadrants(shares, levels) == kept).mean(axis=0)
        out |= {"importance_lower": ends[0], "importance_upper": ends[1], "performance": level}
        out |= {"performance_lower": ends[2], "performance_upper": ends[3]}
        out["quadrant"] = [QUADRANTS[bool(k // 2), bool(k % 2)] for k in kept]
        return pd.DataFrame({**out, "stable": stable})

    def glance(self) -> pd.Series:
        """Return n, number of drivers, R², adjusted R², method and replicates."""
        n, p = self.data.n_effective, len(self.drivers)
        rest = n - p - 1
        figures = {
            "n": self.data.n,
            "n_effective": n,
            "drivers": p,
            "r2": self.r2,
            "r2_adjusted": 1 - (1 - self.r2) * (n - 1) / rest if rest > 0 else np.nan,
            "method": self.method,
            "replicates": 0 if self.draws is None else len(self.draws.importance),
            "level": self.level,
        }
        return pd.Series(figures, dtype=object, name="value")

    def headline(self) -> str:
        """Return the leading driver with its share, and what all explain together."""
        title = f"{self.outcome} ← {len(self.drivers)} drivers"
        barred = "; ".join(c.message for c in self.checks if c.status == "fail")
        if barred:
            return f"{title}: NO CLAIM MAY BE MADE from these shares: {barred}."
        table = self.tidy().sort_values("est", ascending=False, kind="stable").iloc[0]
        text = f"{title}: together they explain {self.r2:.1%} of its variance (n = {self.data.n}); "
        text += f"{table['term']} has the largest share, {table['share']:.1%} of that"
        if np.isfinite(table["share_lower"]):
            text += (
                f" ({self.level:.0%} interval {table['share_lower']:.1%} to {table['share_upper']:.1%}, rank "
                f"{table['rank_lower']:.0f} to {table['rank_upper']:.0f})"
            )
        return f"{text}. Shares of explained variance are not effects of changing a driver."


def _quadrants(importance: Array, performance: Array) -> Array:
    """Return 2·(above-average importance) + (above-average performance), shape (B, p)."""
    high = importance >= importance.mean(axis=1, keepdims=True)
    well = performance >= performance.mean(axis=1, keepdims=True)
    return np.asarray(2 * high.astype(int) + well)
