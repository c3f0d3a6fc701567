"""The result of an invariance test: its steps, their verdicts, and the comparisons they allow."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pandas as pd

from satloyal.errors import FitError
from satloyal.models.fit import Check, Fit
from satloyal.models.sem.invariance_rules import SOURCES, Change, Rule, Verdict, limits
from satloyal.models.sem.latent_means import latent_mean_differences, path_differences
from satloyal.notes import Note

if TYPE_CHECKING:
    from satloyal.models.sem.result import SemFit

__all__ = ["Invariance", "Step", "Suggestion"]

_ENOUGH = 100  # respondents a group
_COLUMNS = (
    "term", "est", "se", "statistic", "pvalue", "ci_lower", "ci_upper", "step", "chisq", "df", "cfi", "rmsea",
    "srmr", "delta_chisq", "delta_df", "delta_pvalue", "delta_cfi", "delta_rmsea", "delta_srmr", "limit_cfi",
    "limit_rmsea", "limit_srmr", "verdict", "reason", "source",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Step:
    """One step of the test.

    Parameters
    ----------
    name : str
    equal : tuple of str
        What is held equal across groups.
    fit : SemFit, optional
        ``None`` when the step was not tested.
    change : Change, optional
        How fit changed from the step before.
    verdict : Verdict
    """

    name: str
    equal: tuple[str, ...]
    fit: SemFit | None
    change: Change | None
    verdict: Verdict

    @property
    def stops(self) -> bool:
        """Whether the steps must end here."""
        return self.verdict.word in ("not supported", "not testable")

    def conditional(self, failed: Step) -> Step:
        """Return the step as one that was fitted although an earlier one failed."""
        reason = (
            f"conditional on the {failed.name} step, which was {failed.verdict.word}: {self.verdict.reason}"
        )
        return replace(self, verdict=Verdict("not testable", reason, self.verdict.source))


@dataclass(frozen=True, eq=False)
class Suggestion:
    """What to let free so that a failed step holds in part.

    Parameters
    ----------
    step : str
    parameters : tuple of str
        For ``partial=``.
    trail : DataFrame
        One row a parameter let go: its score test, its expected change, and what the step then cost.
    reached : Step
        The step with these parameters free.
    """

    step: str
    parameters: tuple[str, ...]
    trail: pd.DataFrame
    reached: Step

    @property
    def holds(self) -> bool:
        """Whether the step is supported with these parameters free."""
        return self.reached.verdict.word == "supported"

    def __str__(self) -> str:
        """Say it in a sentence."""
        if not self.parameters:
            return f"no parameter can be let go in the {self.step} step and leave two equal items a construct"
        what = ", ".join(self.parameters)
        if self.holds:
            return f"partial {self.step} invariance holds with {what} free: partial={list(self.parameters)!r}"
        return f"even with {what} free the {self.step} step is {self.reached.verdict.word}"


@dataclass(frozen=True, eq=False)
class Invariance(Fit):
    """Measurement invariance across groups, step by step; made by :func:`satloyal.fit_invariance`.

    Parameters
    ----------
    group : str or None
        Column of the groups.
    steps : tuple of Step
    rule : str
        Which rule decided.
    alpha : float
    partial : tuple of str
        Parameters that were free in every step.
    proposals : DataFrame
        Score tests of the equalities of the first step that is not supported, strongest first; empty if
        there is none. ``change`` is the expected difference to the first group.
    suggestion : Suggestion or None
        Fewest parameters to let free, found one at a time.
    """

    family: ClassVar[str] = "invariance"

    group: str | None
    steps: tuple[Step, ...]
    rule: Rule
    alpha: float
    partial: tuple[str, ...]
    proposals: pd.DataFrame
    suggestion: Suggestion | None

    # -- conclusions -----------------------------------------------------------------------------------

    @property
    def held(self) -> tuple[Step, ...]:
        """The steps from the first on that were not rejected."""
        out: list[Step] = []
        for step in self.steps:
            if step.stops:
                break
            out.append(step)
        return tuple(out)

    @property
    def level(self) -> str | None:
        """Highest step that holds; ``None`` when not even the first does."""
        return self.held[-1].name if self.held else None

    @property
    def certain(self) -> bool:
        """Whether every step up to :attr:`level` is supported, none of them merely inconclusive."""
        return bool(self.held) and all(s.verdict.word == "supported" for s in self.held)

    def _holds(self, kind: str) -> SemFit | None:
        """Return the first held fit that has a kind of parameter equal."""
        return next((s.fit for s in self.held if kind in s.equal), None)

    @property
    def converged(self) -> bool:
        """Whether every fit that was tried reached a minimum."""
        return all(s.fit.converged for s in self.steps if s.fit is not None)

    @property
    def admissible(self) -> bool:
        """Whether every fit that was tried is admissible."""
        return all(s.fit.admissible for s in self.steps if s.fit is not None)

    @property
    def labels(self) -> tuple[str, ...]:
        """Names of the groups, in order."""
        return self._any.group_labels

    @property
    def sizes(self) -> dict[str, int]:
        """Respondents a group."""
        return {g.label: g.n for g in self._any.sample.groups}

    @property
    def _any(self) -> SemFit:
        fit = self.steps[0].fit
        assert fit is not None  # noqa: S101 - the first step is always fitted
        return fit

    # -- numbers ---------------------------------------------------------------------------------------

    @cached_property
    def _tidy(self) -> pd.DataFrame:
        rows = []
        n, k = self._any.nobs, self._any.ngroups
        for i, step in enumerate(self.steps):
            row: dict[str, Any] = dict.fromkeys(_COLUMNS, np.nan)
            row |= {"term": step.name, "step": step.name, "verdict": step.verdict.word}
            row |= {"reason": step.verdict.reason, "source": step.verdict.source}
            if step.fit is not None:
                g = step.fit.glance()
                row |= {name: float(g[name]) for name in ("chisq", "cfi", "rmsea", "srmr")}
                row["df"] = step.fit.df
            if step.change is not None:
                c, limit = step.change, limits(step.name, n, k)
                row |= {"delta_chisq": c.chisq, "delta_df": c.df, "delta_pvalue": c.pvalue}
                row |= {"delta_cfi": c.cfi, "delta_rmsea": c.rmsea, "delta_srmr": c.srmr}
                row |= {"est": c.cfi, "statistic": c.chisq, "pvalue": c.pvalue}
                if self.rule == "chen2007":
                    row |= {"limit_cfi": -limit.cfi, "limit_rmsea": limit.rmsea, "limit_srmr": limit.srmr}
                elif self.rule == "cheung_rensvold2002":
                    row["limit_cfi"] = -0.01
            if i == 0 and step.fit is not None:
                row["pvalue"] = float(step.fit.glance()["pvalue"])
                row["statistic"] = row["chisq"]
            rows.append(row)
        return pd.DataFrame(rows, columns=list(_COLUMNS))

    def tidy(self) -> pd.DataFrame:
        """Return one row a step.

        Returns
        -------
        DataFrame
            ``term`` and ``step``; ``est`` and ``delta_cfi`` the change of the CFI from the step before;
            ``statistic, pvalue`` and ``delta_chisq, delta_df, delta_pvalue`` the chi-square difference test
            (of the first step its own test); ``chisq, df, cfi, rmsea, srmr``; ``delta_rmsea, delta_srmr``;
            the limits of the rule; ``verdict, reason, source``. A change of fit has no standard error here:
            ``se`` and the interval are NaN.
        """
        return self._tidy.copy()

    def glance(self) -> pd.Series:
        """Return the level that holds and the figures of its fit."""
        last = self.held[-1].fit if self.held else None
        g = pd.Series(dtype=float) if last is None else last.glance()
        return pd.Series(
            {
                "level": self.level,
                "certain": self.certain,
                "ngroups": self._any.ngroups,
                "ntotal": self._any.nobs,
                "smallest_group": min(self.sizes.values()),
                **{name: float(g.get(name, np.nan)) for name in ("chisq", "df", "cfi", "rmsea", "srmr")},
            },
            dtype=object,
            name="value",
        )

    def latent_means(self, reference: str | None = None, *, level: float = 0.95) -> pd.DataFrame:
        """Compare latent means, if the intercepts are equal, wholly or in part.

        Parameters
        ----------
        reference : str, optional
            Group that the others are compared with; the first when not given.
        level : float
            Of the intervals.

        Returns
        -------
        DataFrame
            ``construct, group, reference, est, se, z, pvalue, ci_lower, ci_upper``, ``d`` (difference in
            pooled latent standard deviations, Hancock 2001) with ``d_se, d_ci_lower, d_ci_upper``, and
            ``reason``: why a row is NaN. Without scalar invariance every number is NaN.
        """
        fit = self._holds("intercepts")
        found = latent_mean_differences(fit or self._any, self._position(reference), level)
        return self._allowed(found, fit, "latent means", "scalar")

    def path_differences(self, reference: str | None = None, *, level: float = 0.95) -> pd.DataFrame:
        """Compare regression paths between groups, if the loadings are equal, wholly or in part.

        Parameters
        ----------
        reference, level
            As for :meth:`latent_means`.

        Returns
        -------
        DataFrame
            ``lhs, op, rhs, group, reference, est, se, z, pvalue, ci_lower, ci_upper, wald, df, reason``;
            a row with an empty ``group`` tests that all groups have the same path. Without metric
            invariance every number is NaN.
        """
        fit = self._holds("loadings")
        return self._allowed(path_differences(fit or self._any, self._position(reference), level), fit,
                             "paths", "metric")  # fmt: skip

    def _allowed(self, found: pd.DataFrame, fit: SemFit | None, what: str, needed: str) -> pd.DataFrame:
        if fit is not None:
            found["reason"] = ""
            return found
        step = next((s for s in self.steps if s.name == needed), None)
        why = "was not among the steps" if step is None else f"is {step.verdict.word}"
        numbers = found.select_dtypes("number").columns
        found[numbers] = np.nan
        found["reason"] = f"{what} cannot be compared: {needed} invariance {why}"
        return found

    def _position(self, reference: str | None) -> int:
        if reference is None:
            return 0
        if str(reference) not in self.labels:
            raise FitError(
                f"there is no group {reference!r}",
                where="reference=",
                fix=f"use one of {', '.join(self.labels)}",
            )
        return self.labels.index(str(reference))

    # -- judgement -------------------------------------------------------------------------------------

    @cached_property
    def checks(self) -> tuple[Check, ...]:
        """One check a step, then the sizes of the groups and the admissibility of the fits."""
        out = [self._step_check(step) for step in self.steps]
        label, size = min(self.sizes.items(), key=lambda item: item[1])
        enough = size >= _ENOUGH
        out.append(
            Check(
                "group sizes", "pass" if enough else "warn",
                f"the smallest group, {label}, has {size} respondents",
                value=float(size), threshold=float(_ENOUGH),
                advice="" if enough else "with so few a step that holds may hold for want of power",
                source="Meade & Bauer 2007, Struct. Equ. Modeling 14:611-635",
            )
        )  # fmt: skip
        for step in self.steps:
            if step.fit is not None and step.fit.converged and not step.fit.admissible:
                what = "; ".join(c.message for c in step.fit.failed_checks())
                out.append(
                    Check("admissibility", "warn", f"the {step.name} fit is not admissible: {what}",
                          advice="do not read its estimates; the comparison of fits is doubtful as well")
                )  # fmt: skip
        return tuple(out)

    def _step_check(self, step: Step) -> Check:
        v = step.verdict
        if step.fit is None:
            return Check(f"{step.name} invariance", "not_applicable", v.reason)
        status = {
            "supported": "pass",
            "inconclusive": "warn",
            "not testable": "warn",
            "not supported": "warn",
        }
        advice = ""
        if self.suggestion is not None and self.suggestion.step == step.name:
            advice = str(self.suggestion)
        value = float("nan") if step.change is None else step.change.cfi
        return Check(
            f"{step.name} invariance",
            "fail" if not step.fit.converged else status[v.word],  # type: ignore[arg-type]
            f"{v.word}: {v.reason}",
            value=None if np.isnan(value) else value,
            advice=advice,
            source=v.source,
        )

    @cached_property
    def notes(self) -> tuple[Note, ...]:
        """What was done to the data, and which rule decided."""
        own = [Note("rule", f"steps are judged by {self.rule}: {SOURCES[self.rule]}")]
        if self._any.table.ordered:
            text = "thresholds before loadings (Wu & Estabrook 2016); limits are those of continuous items"
            own.append(Note("ordinal items", text))
        if self.partial:
            own.append(Note("partial invariance", f"free in every step: {', '.join(self.partial)}"))
        if self.partial and self.held:
            text = "what was let free after a look at these data needs another sample to stand on"
            own.append(Note("partial invariance", text))
        return (*self._any.input.notes, *own)

    def headline(self) -> str:
        """Return the first line: which level holds, and what may be compared."""
        lost = [s.name for s in self.steps if s.fit is not None and not s.fit.converged]
        where = f" across {self.group}" if self.group else ""
        if not self.held:
            why = self.steps[0].verdict
            start = "DID NOT CONVERGE" if lost else "NO INVARIANCE"
            found = f"{self.steps[0].name} is {why.word}: {why.reason}"
            return f"{start}: the groups{where} cannot be compared; {found}."
        may = "paths and latent means" if self._holds("intercepts") else "paths, not latent means"
        if self._holds("loadings") is None:
            may = "neither paths nor latent means"
        part = "partial " if self.partial and self.held[-1].equal else ""
        doubt = "" if self.certain else " (some steps are inconclusive)"
        failed = next((s for s in self.steps if s.stops), None)
        end = (
            ""
            if failed is None
            else f" {failed.name.capitalize()} is {failed.verdict.word}: {failed.verdict.reason}."
        )
        return f"Invariance{where} holds up to the {part}{self.level} level{doubt}: compare {may}.{end}"
