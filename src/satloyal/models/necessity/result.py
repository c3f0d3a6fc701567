"""The result of ``fit_necessity``: ceilings, effect sizes and what follows from them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import pandas as pd

from satloyal.errors import FitError
from satloyal.models.fit import Check, Fit
from satloyal.models.necessity import checks
from satloyal.models.necessity.bottleneck import BottleneckScale, bottleneck
from satloyal.models.necessity.ceilings import Array
from satloyal.models.necessity.data import Pair
from satloyal.models.necessity.estimate import Ceiling, leave_out, resample
from satloyal.notes import Note

__all__ = ["NecessityFit"]


@dataclass(frozen=True, eq=False)
class NecessityFit(Fit):
    """Necessity of one or more conditions for an outcome; made by :func:`satloyal.fit_necessity`.

    Parameters
    ----------
    ceilings : tuple of Ceiling
        By condition, and within it in the order asked for.
    permutations, seed : int
        Of the test; no permutations, no p-value.
    data_notes : tuple of Note
        What was done to the data.
    """

    ceilings: tuple[Ceiling, ...]
    permutations: int
    seed: int
    data_notes: tuple[Note, ...]

    family: ClassVar[str] = "necessity"

    @property
    def y_name(self) -> str:
        """Name of the outcome."""
        return self.ceilings[0].pair.outcome

    @property
    def conditions(self) -> tuple[str, ...]:
        """Names of the conditions."""
        return tuple(dict.fromkeys(c.pair.name for c in self.ceilings))

    @property
    def nobs(self) -> int:
        """Complete rows."""
        return int(self.ceilings[0].pair.x.size)

    @property
    def converged(self) -> bool:
        """Whether at least one ceiling is defined."""
        return any(not np.isnan(c.effect) for c in self.ceilings)

    @property
    def checks(self) -> tuple[Check, ...]:
        """Definition, necessity, points on each ceiling and accuracy of lines."""
        return checks.judge(self.ceilings)

    @property
    def notes(self) -> tuple[Note, ...]:
        """What was done to the data, how the test was made, and what is undefined and why."""
        found = list(self.data_notes)
        if self.permutations:
            text = (
                f"{self.permutations} permutations, seed {self.seed}; p counts the data as one more. "
                "It is tested that x and y are unrelated: a strong correlation alone passes"
            )
            found.append(Note("permutation test", text, self.permutations))
        for c in self.ceilings:
            if c.undefined:
                text = (
                    f"{c.undefined} permutations of {c.pair.name} have no {c.name} line and count against it"
                )
                found.append(Note("permutation test", text, c.undefined))
        return tuple(found)

    def tidy(self) -> pd.DataFrame:
        """Return the effect size of every condition under every ceiling.

        Returns
        -------
        DataFrame
            ``term`` (the condition), ``ceiling``, ``est`` (effect size d, between 0 and 1), ``se, ci_lower,
            ci_upper`` (of :meth:`bootstrap`, empty before), ``statistic`` (empty: the test counts),
            ``pvalue`` and ``p_accuracy`` of the permutation test, ``zone``, ``scope``, ``slope``,
            ``intercept`` (lines only), ``peers`` (points that carry the ceiling), ``above`` (rows beyond it),
            ``accuracy``, ``fit`` (percent of the zone of CE-FDH; empty where it is empty or smaller),
            ``condition_inefficiency``, ``outcome_inefficiency`` and ``inefficiency`` in percent, ``verdict``.
        """
        return pd.DataFrame([_row(c) for c in self.ceilings])

    def _terms(self) -> pd.Index:
        table = self.tidy()
        return pd.MultiIndex.from_arrays([table["term"], table["ceiling"]], names=["term", "ceiling"])

    def glance(self) -> pd.Series:
        """Return n, conditions, ceilings, permutations and the largest effect size with its place."""
        effects = np.array([c.effect for c in self.ceilings])
        best = self.ceilings[int(np.nanargmax(effects))] if self.converged else None
        figures = {
            "n": self.nobs,
            "conditions": len(self.conditions),
            "permutations": self.permutations,
            "largest_effect": float("nan") if best is None else best.effect,
            "largest_condition": None if best is None else best.pair.name,
            "largest_ceiling": None if best is None else best.name,
        }
        return pd.Series(figures, dtype=object, name="value")

    def headline(self) -> str:
        """Return the effect sizes with their p-values."""
        title = f"Necessity for {self.y_name}, n = {self.nobs}"
        if not self.converged:
            return f"{title}: NO CEILING IS DEFINED, no number of this analysis may be reported."
        return f"{title}: {'; '.join(_sentence(c) for c in self.ceilings)}."

    def bottleneck(
        self,
        ceiling: str | None = None,
        *,
        levels: Sequence[float] | None = None,
        scale: BottleneckScale = "percentage",
    ) -> pd.DataFrame:
        """Return how much of each condition every level of the outcome needs.

        Parameters
        ----------
        ceiling : str, optional
            Default the first that was fitted.
        levels : sequence of float, optional
            Levels of the outcome on ``scale``; default eleven from lowest to highest.
        scale : {"percentage", "percentile", "actual"}
            Percent of the range of the scope; percentiles (of the outcome its quantile, of the condition the
            percent of rows below what is required); the units of the data.

        Returns
        -------
        DataFrame
            ``level`` and ``outcome`` (its units), ``condition``, ``required`` on the scale and
            ``required_actual`` in units of the data, ``short`` (rows that lack it), ``status``:
            ``necessary``; ``not necessary``: nothing is required, the number is empty; ``not attainable``:
            the ceiling does not reach the level within the scope; ``no line``: it is not defined. In
            corners 2 and 4 at most what is required is allowed, in corners 3 and 4 levels are upper limits of
            the outcome.
        """
        chosen = ceiling or self.ceilings[0].name
        return bottleneck(self._of(chosen), levels, scale)

    def outliers(self, ceiling: str | None = None) -> pd.DataFrame:
        """Return how the effect size changes without each row that carries a ceiling or ends the scope.

        Parameters
        ----------
        ceiling : str, optional
            Only this one.

        Returns
        -------
        DataFrame
            ``condition, ceiling, row`` (label), ``x, y, effect, effect_without, change, change_percent`` and
            ``role`` (``ceiling``, ``scope`` or ``both``), largest change first within a ceiling.
        """
        parts = []
        for name in self.conditions:
            mine = tuple(c for c in self.ceilings if c.pair.name == name)
            parts.append(leave_out(mine))
        table = pd.concat(parts, ignore_index=True)
        if ceiling is not None:
            self._of(ceiling)
            table = table[table["ceiling"] == ceiling]
        key = table["change"].abs().fillna(np.inf)
        ranked = table.assign(_size=-key).sort_values(["condition", "ceiling", "_size"], kind="stable")
        return ranked.drop(columns="_size").reset_index(drop=True)

    def bootstrap(self, replicates: int = 2000, seed: int = 1, *, level: float = 0.95) -> NecessityFit:
        """Return the same fit with standard errors and percentile intervals of the effect sizes.

        A ceiling hangs on single extreme points, and the bootstrap of an extreme is not consistent (Simar &
        Wilson 1998, Management Science 44): resamples lose ceiling points and never gain any. Read the
        interval as how much d hangs on who answered, and not as one with the stated coverage.

        Parameters
        ----------
        replicates : int
            Resamples of rows, at least 2.
        seed : int
        level : float
        """
        if replicates < 2 or not 0 < level < 1:
            raise FitError(
                f"replicates is {replicates} and level {level}",
                fix="ask for 2 or more, and a level such as 0.95",
            )
        out: list[Ceiling] = []
        lost = 0
        for name in self.conditions:
            mine = tuple(c for c in self.ceilings if c.pair.name == name)
            done, gone = resample(mine, replicates, seed, level)
            out += done
            lost += gone
        text = (
            f"{replicates} resamples of rows, seed {seed}; percentile intervals of level {level:g} show how "
            "d hangs on single rows, without guaranteed coverage (Simar & Wilson 1998); "
            f"{lost} replicates without an effect size"
        )
        return replace(
            self, ceilings=tuple(out), data_notes=(*self.data_notes, Note("bootstrap", text, lost))
        )

    def points(self, condition: str | None = None) -> pd.DataFrame:
        """Return the complete rows ``x, y`` of one condition, for plotting."""
        pair = self._pair(condition)
        return pd.DataFrame({"x": pair.x, "y": pair.y}, index=pair.index)

    def curve(self, ceiling: str, condition: str | None = None, at: Array | None = None) -> pd.DataFrame:
        """Return a ceiling as ``x, y`` in units of the data, empty outside of the scope."""
        pair = self._pair(condition)
        found = next(c for c in self._of(ceiling) if c.pair.name == pair.name)
        low, high = pair.scope[:2]
        x = np.union1d(np.linspace(low, high, 201), found.points[:, 0]) if at is None else np.asarray(at)
        y = found.line(x)
        inside = (y >= pair.scope[2]) & (y <= pair.scope[3]) & (x >= low) & (x <= high)
        return pd.DataFrame({"x": x, "y": np.where(inside, y, np.nan)})

    def _pair(self, condition: str | None) -> Pair:
        name = condition or self.conditions[0]
        if name not in self.conditions:
            raise FitError(f"{name!r} is no condition", fix=f"choose among {', '.join(self.conditions)}")
        return next(c.pair for c in self.ceilings if c.pair.name == name)

    def _of(self, name: str) -> tuple[Ceiling, ...]:
        found = tuple(c for c in self.ceilings if c.name == name)
        if not found:
            known = ", ".join(dict.fromkeys(c.name for c in self.ceilings))
            raise FitError(f"ceiling {name!r} was not fitted", fix=f"choose among {known}")
        return found


def _sentence(c: Ceiling) -> str:
    test = "" if np.isnan(c.pvalue) else f", p = {c.pvalue:.4f}"
    size = "not defined" if np.isnan(c.effect) else f"d = {c.effect:.2f}{test}"
    return f"{c.pair.name} ({c.name}) {size}"


def _row(c: Ceiling) -> dict[str, object]:
    return {
        "term": c.pair.name,
        "ceiling": c.name,
        "est": c.effect,
        "se": c.se,
        "statistic": np.nan,
        "pvalue": c.pvalue,
        "p_accuracy": c.p_accuracy,
        "ci_lower": c.ci_lower,
        "ci_upper": c.ci_upper,
        "zone": c.zone,
        "scope": c.scope_area,
        "slope": c.slope,
        "intercept": c.intercept,
        "peers": len(c.points),
        "above": c.above,
        "accuracy": c.accuracy if not np.isnan(c.effect) else np.nan,
        "fit": c.fit,
        "condition_inefficiency": c.condition_inefficiency,
        "outcome_inefficiency": c.outcome_inefficiency,
        "inefficiency": c.inefficiency,
        "verdict": checks.verdict(c),
    }
