"""``fit_invariance``: whether groups can be compared, step by step, and what may be compared then."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from satloyal.core.moments import Moments
from satloyal.errors import FitError
from satloyal.models.sem.data import Data
from satloyal.models.sem.difference import adjusted_difference
from satloyal.models.sem.equality import equal_rows, equality_scores
from satloyal.models.sem.estimators import estimator_named
from satloyal.models.sem.fit import fit_sem
from satloyal.models.sem.invariance_ordinal import ORDINAL_STEPS, OrdinalPlan
from satloyal.models.sem.invariance_result import Invariance, Step, Suggestion
from satloyal.models.sem.invariance_rules import (
    SOURCES,
    Change,
    Rule,
    Verdict,
    difference_test,
    judge,
    judge_alone,
    limits,
)
from satloyal.spec.expand import row_name
from satloyal.spec.syntax import Model, parse

if TYPE_CHECKING:
    from satloyal.models.sem.result import SemFit
    from satloyal.survey.survey import Survey

__all__ = ["STEPS", "Invariance", "fit_invariance"]

STEPS = {
    "configural": (),
    "metric": ("loadings",),
    "scalar": ("loadings", "intercepts"),
    "strict": ("loadings", "intercepts", "residuals"),
}
"""The steps in order, and what each holds equal across groups."""

_ADJUSTED = ("scaled.shifted", "mean.var.adjusted")
_NO_CHI_SQUARE = ("ULS", "DWLS")  # discrepancies whose differences are no chi-squares as they are
_DOUBTFUL = ("not supported", "inconclusive")
_FEWEST_ITEMS = 2  # items of a construct that must stay equal for a comparison to rest on


def fit_invariance(
    model: str | Model,
    data: pd.DataFrame | Survey | Moments,
    group: str | None,
    *,
    ordered: bool | str | Sequence[str] | None = None,
    steps: Sequence[str] | None = None,
    partial: str | Sequence[str] = (),
    rule: Rule = "chen2007",
    alpha: float = 0.05,
    stop: bool = True,
    suggest: bool = True,
    **options: Any,
) -> Invariance:
    """Test measurement invariance across groups, and compare latent means if it holds.

    Without equal loadings (metric) paths of groups cannot be compared, without equal intercepts (scalar)
    their means cannot (Meredith 1993, *Psychometrika* 58:525-543; Steenkamp & Baumgartner 1998, *J. Consum.
    Res.* 25:78-90).

    Parameters
    ----------
    model : str
        Model text, as for :func:`satloyal.fit_sem`.
    data : DataFrame, Survey or Moments
        Respondents in rows, or moments of several groups with means.
    group : str or None
        Column whose values split the sample; ``None`` for moments, which bring their groups.
    ordered : bool or sequence of str, optional
        Ordinal items, as for :func:`satloyal.fit_sem`. Their thresholds are a step before the loadings (Wu &
        Estabrook 2016, *Psychometrika* 81:1014-1045), in the theta parameterisation.
    steps : sequence of str, optional
        Some of ``"configural"``, ``"metric"``, ``"scalar"``, ``"strict"``, in this order, with ordinal items
        ``"thresholds"`` after the first; all when not given. Items with two categories go from configural
        to scalar.
    partial : sequence of str
        Parameters that stay free in every step, as in ``"x3~1"`` or ``"F=~x2"``.
    rule : {"chen2007", "cheung_rensvold2002", "chisq"}
        What decides: changes of CFI, RMSEA and SRMR with limits that depend on sample size; the change of
        the CFI alone; or the difference test at `alpha`.
    alpha : float
        Level of the tests.
    stop : bool
        Stop at the first step that is not supported. With ``False`` later steps are fitted too, for the
        table; they are called conditional on what failed and change no conclusion.
    suggest : bool
        After a failed step, look for the fewest parameters to let free: the one with the largest score at a
        time, two items of each construct staying equal (Byrne, Shavelson & Muthén 1989, *Psychol. Bull.*
        105:456-466).
    **options
        Passed to :func:`satloyal.fit_sem`: ``estimator``, ``missing``, ``std_lv``, ``weights``, ``cluster`` …

    Returns
    -------
    Invariance
        ``tidy()`` has a row a step; ``level`` is the highest step that holds; ``proposals`` are the score
        tests at the failed step and ``suggestion`` what to let free; ``latent_means()`` and
        ``path_differences()`` answer only where the steps allow it.

    Raises
    ------
    FitError
        For unknown or disordered steps, a group column with one value, a group without usable rows, and an
        item that is constant in a group.

    Examples
    --------
    >>> import numpy as np, pandas as pd, satloyal as sl
    >>> rng = np.random.default_rng(2); F = rng.normal(size=(600, 1)); F[300:] += 0.5
    >>> data = pd.DataFrame(F + rng.normal(size=(600, 4)), columns=["T1", "T2", "T3", "T4"])
    >>> data["store"] = np.repeat(["north", "south"], 300)
    >>> found = sl.fit_invariance("Trust =~ T1 + T2 + T3 + T4", data, "store")
    >>> found.level, found.latent_means()["d"].round(1).item()
    ('strict', 0.5)
    """
    known = ORDINAL_STEPS if ordered else STEPS
    steps = tuple(known) if steps is None else tuple(steps)
    _check_arguments(steps, tuple(known), rule, alpha, options)
    spec = parse(model) if isinstance(model, str) else model
    free = (partial,) if isinstance(partial, str) else tuple(partial)
    _check_groups(spec, data, group, options)
    plan = None
    if ordered:
        opened = Data.of(data, group=group, cluster=None, weights=None)
        plan = OrdinalPlan.of(spec, ordered, opened.group_count(), opened.columns)
        options = {"parameterization": "theta", **options, "ordered": list(plan.items)}
    ladder = _Ladder(spec, data, group, rule, alpha, options, plan)
    done: list[Step] = []
    for name in steps:
        failed = next((s for s in done if s.stops), None)
        if failed is not None and (stop or failed.fit is None or not failed.fit.converged):
            reason = f"not tested because the {failed.name} step was {failed.verdict.word}"
            done.append(Step(name, known[name], None, None, Verdict("not testable", reason)))
            continue
        before = done[-1] if done else None
        step = ladder.step(name, free, before)
        if plan is not None and step.fit is not None:
            plan.check(step.fit, steps)
        done.append(step if failed is None else step.conditional(failed))
    if done[0].fit is not None:
        _check_partial(done[-1].fit or done[0].fit, free)
    return _finish(ladder, tuple(done), free, suggest=suggest)


class _Ladder:
    """Fits steps and compares each with the one before."""

    def __init__(
        self, model: Model, data: Any, group: str | None, rule: Rule, alpha: float, options: dict[str, Any],
        plan: OrdinalPlan | None,
    ) -> None:  # fmt: skip
        self.plan = plan
        self.equal = STEPS if plan is None else ORDINAL_STEPS
        self.model, self.data, self.group = model, data, group
        self.rule: Rule = rule
        self.alpha, self.options = alpha, options

    def fit(self, name: str, free: Sequence[str]) -> SemFit:
        equal = self.equal[name]
        model: str | Model = self.model
        partial = tuple(free) if equal else ()
        if self.plan is not None:
            model = self.plan.text(self.model, name, partial)
            partial += self.plan.exempt(name)
        return fit_sem(
            model, self.data, group=self.group, group_equal=equal, group_partial=partial,
            **{"meanstructure": True, **self.options},
        )  # fmt: skip

    def step(self, name: str, free: Sequence[str], before: Step | None) -> Step:
        fit = self.fit(name, free)
        if not fit.converged:
            return Step(
                name, self.equal[name], fit, None, Verdict("not testable", "the model did not converge")
            )
        if before is None:
            g = fit.glance()
            verdict = judge_alone(_figure(g, "cfi"), _figure(g, "rmsea"), float(g["srmr"]))
            if name != "configural":
                verdict = Verdict(verdict.word, f"judged by its own fit: {verdict.reason}", verdict.source)
            return Step(name, self.equal[name], fit, None, verdict)
        assert before.fit is not None  # noqa: S101 - a step without a fit ends the ladder
        change = _change(fit, before.fit)
        if name == "thresholds" and change.df == 0:
            verdict = Verdict("supported", "thresholds of items with three categories only set the scale")
            return Step(name, self.equal[name], fit, change, verdict)
        limit = limits(name, fit.nobs, fit.ngroups)
        return Step(name, self.equal[name], fit, change, judge(change, limit, self.rule, self.alpha))

    def suggest(self, failed: Step, before: Step, free: Sequence[str]) -> Suggestion:
        """Let go of one parameter after the other until the step holds."""
        new = [kind for kind in failed.equal if kind not in before.equal]
        freed: list[str] = []
        step, trail = failed, []
        while step.fit is not None and step.verdict.word != "supported":
            pick = _next(step.fit, new)
            if pick is None or pick["parameter"] in freed:
                break
            freed.append(str(pick["parameter"]))
            trail.append({k: pick[k] for k in ("parameter", "kind", "score", "df", "pvalue", "change")})
            step = self.step(failed.name, (*free, *freed), before)
            trail[-1] |= {"delta_cfi": np.nan, "verdict": step.verdict.word}
            if step.change is not None:
                trail[-1] |= {"delta_cfi": step.change.cfi, "delta_pvalue": step.change.pvalue}
        return Suggestion(failed.name, tuple(freed), pd.DataFrame(trail), step)


def _next(fit: SemFit, kinds: Sequence[str]) -> pd.Series | None:
    """Return the strongest score test whose parameter may still be let go."""
    table = equality_scores(fit, kinds)
    if table.empty:
        return None
    left = _equal_items(fit, kinds)
    for _, row in table[(table["group"] == "") & ~table["fixed"].astype(bool)].iterrows():
        item = row["rhs"] if row["op"] == "=~" else row["lhs"]
        owners = [items for items in left if item in items]
        if np.isfinite(row["score"]) and all(len(items) > _FEWEST_ITEMS for items in owners):
            return row
    return None


def _equal_items(fit: SemFit, kinds: Sequence[str]) -> list[set[str]]:
    """Items of each construct whose parameters of these kinds are equal in all groups."""
    equal: set[str] = set()
    for kind in kinds:
        for members in equal_rows(fit.table, kind):
            row = fit.table.rows[members[0]]
            equal.add(row.rhs if row.op == "=~" else row.lhs)
    return [set(items) & equal for items in fit.table.indicators.values()]


def _change(fit: SemFit, before: SemFit) -> Change:
    """Return how fit changes between two nested steps."""
    new, old = fit.glance(), before.glance()
    method = estimator_named(fit.estimator)
    if method.test in _ADJUSTED or method.discrepancy in _NO_CHI_SQUARE:
        statistic, df, p, reason = adjusted_difference(fit, before)
    else:
        scaling = [float(g.get("chisq_scaling_factor", 1.0)) for g in (new, old)]
        if not before.df:
            scaling[1] = 0.0  # a saturated model scales nothing
        statistic, df, p, reason = difference_test(
            (float(new["chisq"]), float(old["chisq"])), (fit.df, before.df), (scaling[0], scaling[1])
        )
    cfi, rmsea = (_figure(new, n) - _figure(old, n) for n in ("cfi", "rmsea"))
    return Change(statistic, df, p, cfi, rmsea, float(new["srmr"] - old["srmr"]), reason)


def _figure(glance: pd.Series, name: str) -> float:
    """Return an index in its robust form where there is one, else scaled, else as it is."""
    for key in (f"{name}_robust", f"{name}_scaled", name):
        if key in glance.index and np.isfinite(glance[key]):
            return float(glance[key])
    return float("nan")


def _finish(ladder: _Ladder, steps: tuple[Step, ...], free: tuple[str, ...], *, suggest: bool) -> Invariance:
    proposals, suggestion = pd.DataFrame(), None
    doubtful = [(b, s) for b, s in pairwise(steps) if s.change is not None and s.verdict.word in _DOUBTFUL]
    doubtful.sort(key=lambda pair: _DOUBTFUL.index(pair[1].verdict.word))
    for before, step in doubtful[:1]:
        assert step.fit is not None  # noqa: S101 - there is a change, so there is a fit
        proposals = equality_scores(step.fit, [kind for kind in step.equal if kind not in before.equal])
        if suggest:
            suggestion = ladder.suggest(step, before, free)
    return Invariance(ladder.group, steps, ladder.rule, ladder.alpha, free, proposals, suggestion)


def _check_arguments(
    steps: Sequence[str], order: Sequence[str], rule: str, alpha: float, options: dict[str, Any]
) -> None:
    unknown = [s for s in steps if s not in order]
    if unknown or not steps:
        raise FitError(
            f"steps is {list(steps)!r}", where="fit_invariance", fix=f"use some of {', '.join(order)}"
        )
    if [order.index(s) for s in steps] != sorted({order.index(s) for s in steps}):
        raise FitError(
            f"the steps {', '.join(steps)} are not in order", fix=f"use the order {', '.join(order)}"
        )
    if rule not in SOURCES:
        raise FitError(f"rule is {rule!r}", where="fit_invariance", fix=f"use one of {', '.join(SOURCES)}")
    if not 0 < alpha < 1:
        raise FitError(f"alpha is {alpha}", where="fit_invariance", fix="give a level such as 0.05")
    for name in ("group_equal", "group_partial"):
        if name in options:
            raise FitError(
                f"{name}= is what the steps decide", where="fit_invariance", fix="use steps= and partial="
            )


def _check_groups(model: Model, data: Any, group: str | None, options: dict[str, Any]) -> None:
    """Refuse what has no groups to compare, before anything is fitted."""
    if isinstance(data, Moments):
        if len(data.groups) < 2:
            raise FitError("the moments hold one group", fix="give moments of two groups or more, or rows")
        return
    if group is None:
        raise FitError("there is no group column to compare", where="group=", fix="name it")
    given = Data.of(data, group=group, cluster=None, weights=None)
    frame = given.frame
    assert frame is not None  # noqa: S101 - not moments, so rows
    values = frame[group]
    counts = values.value_counts(sort=False)
    if isinstance(values.dtype, pd.CategoricalDtype):
        empty = [str(v) for v in counts.index[counts == 0]]
        if empty:
            raise FitError(
                f"the group{'s' if len(empty) > 1 else ''} {', '.join(empty)} of {group!r} have no rows",
                where=f"column {group!r}", fix="drop them with .cat.remove_unused_categories()",
            )  # fmt: skip
    if len(counts) < 2:
        raise FitError(
            f"the column has {len(counts)} different value{'' if len(counts) == 1 else 's'}",
            where=f"column {group!r}", fix="a comparison needs two groups or more",
        )  # fmt: skip
    used = [name for name in frame.columns if model.place(str(name)) is not None]
    answered = frame[used].notna()
    listwise = options.get("missing", "listwise") == "listwise"
    usable = answered.all(axis=1) if listwise else answered.any(axis=1)
    per = usable.groupby(values, observed=True).sum()
    lost = [str(v) for v in per.index[per == 0]]
    if lost:
        what = "complete rows" if listwise else "answers"
        raise FitError(
            f"{'groups' if len(lost) > 1 else 'group'} {', '.join(lost)} have no {what} in the model's items"
            if len(lost) > 1 else f"group {lost[0]} has no {what} in the model's items",
            where=f"column {group!r}", fix="leave these rows out, or the items that were not asked there",
        )  # fmt: skip


def _check_partial(fit: SemFit | None, free: Sequence[str]) -> None:
    """Refuse to call a marker's loading free: it is fixed in every group."""
    if fit is None:
        return
    fixed = {row.name for row in fit.table.rows if not row.free and row.op == "=~"}
    for text in free:
        lhs, op, rhs = row_name(text)
        if f"{lhs}{op}{rhs}" in fixed:
            raise FitError(
                f"{text} sets the scale of {lhs} in every group, so it cannot be free", where="partial=",
                fix="let another item set the scale, or use std_lv=True",
            )  # fmt: skip
