"""A second opinion: the same model, fitted to the same moments by semopy, an independent program."""

from __future__ import annotations

import contextlib
import io
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from satloyal.errors import FitError
from satloyal.models.presenter import Presented

if TYPE_CHECKING:
    from satloyal.models.sem.result import SemFit
    from satloyal.spec.parameter import Parameter

__all__ = ["Crosscheck", "crosscheck"]

_AGREE = 0.05  # difference in standard errors that semopy's optimiser may leave: it stops early
_BETTER = 1e-6  # difference of discrepancies that says which of two solutions is the minimum
_OBJECTIVES = {"ML": "MLW", "ULS": "ULS", "GLS": "GLS"}
_CITED = "Igolkina & Meshcheryakov 2020, Structural Equation Modeling 27:952-963"


@dataclass(frozen=True, eq=False)
class Crosscheck(Presented):
    """What semopy makes of a model.

    Parameters
    ----------
    table : DataFrame
        One row a free parameter: ``lhs, op, rhs, est, est_semopy, difference, se, se_semopy``, the
        difference of estimates in standard errors; empty where semopy cannot do the model.
    possible : bool
        Whether semopy could be asked.
    agrees : bool
        Whether all estimates agree within a twentieth of a standard error.
    verdict : str
        What came out, in a sentence.
    discrepancy, discrepancy_semopy : float
        F here and at semopy's estimates, both computed here.
    """

    table: pd.DataFrame
    possible: bool
    agrees: bool
    verdict: str
    discrepancy: float
    discrepancy_semopy: float

    @property
    def largest_difference(self) -> float:
        """Largest difference of an estimate, in standard errors; NaN where nothing was compared."""
        return float(self.table["difference"].abs().max()) if len(self.table) else float("nan")

    def tidy(self) -> pd.DataFrame:
        """Return the table."""
        return self.table.copy()

    def __str__(self) -> str:
        return self.verdict


def crosscheck(fit: SemFit) -> Crosscheck:
    """Refit with semopy and report the largest differences.

    Returns
    -------
    Crosscheck
        With a reason in ``verdict`` where semopy has no such model: then the numbers rest on this library
        alone.

    Raises
    ------
    FitError
        semopy is not installed, or this fit did not converge.

    Notes
    -----
    semopy (Igolkina & Meshcheryakov 2020, *Structural Equation Modeling* 27:952-963) shares no code with this
    library: it has its own starting values, objective and optimiser. The parameter table, defaults
    included, is handed over row by row, and the sample covariances with it, so that what is compared is the
    estimation. Where semopy stops at a higher discrepancy, the verdict says so.

    Examples
    --------
    >>> import satloyal as sl
    >>> survey = sl.load_sample("simulated_retail")
    >>> fit = sl.fit_sem("Trust =~ TRU1 + TRU2 + TRU3; LOY1 ~ Trust", survey.frame)
    >>> bool(fit.crosscheck().agrees)  # doctest: +SKIP
    True
    """
    if not fit.converged:
        raise FitError("the fit did not converge, so that there is nothing to check", where="crosscheck",
                       fix="see its headline")  # fmt: skip
    reason = _impossible(fit)
    if reason:
        verdict = (
            f"No second engine: semopy cannot do this model ({reason}). These numbers rest on satloyal alone."
        )
        return Crosscheck(_empty(), False, False, verdict, fit.value, float("nan"))
    semopy = _semopy()
    found, failure = _refit(fit, semopy)
    if found is None:
        verdict = f"semopy failed on this model ({failure}). These numbers rest on satloyal alone."
        return Crosscheck(_empty(), True, False, verdict, fit.value, float("nan"))
    return _compared(fit, found)


def _empty() -> pd.DataFrame:
    columns = ["lhs", "op", "rhs", "est", "est_semopy", "difference", "se", "se_semopy"]
    return pd.DataFrame(columns=columns)


def _semopy() -> Any:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import semopy
    except ImportError as error:
        raise FitError(
            "the second engine, semopy, is not installed", where="crosscheck",
            fix="install it with pip install 'satloyal[crosscheck]'",
        ) from error  # fmt: skip
    return semopy


def _impossible(fit: SemFit) -> str:
    """Why semopy has no such model; empty when it has."""
    table = fit.table
    kind = "ML" if fit.estimator.startswith("ML") else fit.estimator
    if kind not in _OBJECTIVES:
        return f"it has no {fit.estimator}"
    if fit.ngroups > 1:
        return "several groups that share parameters"
    if fit.input.rows is not None and not np.isfinite(fit.input.rows.values).all():
        return "incomplete rows: its own treatment of them is not this one"
    if table.ordered or any(r.op == "|" for r in table.rows):
        return "ordinal items"
    if table.composites:
        return "composites"
    if table.constraints:
        return "constraints"
    fixed = {r.lhs for r in table.rows if r.op == "=~" and not r.free}
    scaled = [f for f in table.latent if f not in fixed and table.indicators.get(f)]
    if scaled:
        return f"{scaled[0]} has its scale from its variance, and semopy needs a fixed loading"
    if table.meanstructure and not _saturated_means(fit):
        return "a model of the means"
    return ""


def _saturated_means(fit: SemFit) -> bool:
    """Whether the means are free, so that they say nothing about the covariances."""
    rows = [r for r in fit.table.parameters if r.op == "~1"]
    numbers = [r.free for r in rows if r.free]
    own = {r.lhs for r in rows if r.free or r.fixed_x}
    others = [r.free for r in fit.table.parameters if r.op != "~1" and r.free]
    zero = all(r.free or r.fixed_x or r.value == 0 for r in rows)
    return (
        own == set(fit.table.observed)
        and len(set(numbers)) == len(numbers)
        and not set(numbers) & set(others)
        and zero
    )


def _refit(fit: SemFit, semopy: Any) -> tuple[dict[int, tuple[float, float]] | None, str]:
    """Return semopy's estimates and standard errors by number of the free parameter."""
    names = {name: f"v{i}" for i, name in enumerate(fit.table.observed)}
    names |= {name: f"f{i}" for i, name in enumerate(fit.table.latent)}
    group = fit.sample.groups[0]
    own = [names[name] for name in fit.table.observed]
    cov = pd.DataFrame(group.cov, index=own, columns=own)
    kind = "ML" if fit.estimator.startswith("ML") else fit.estimator
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            model = semopy.Model(_text(fit, names))
            model.fit(cov=cov, n_samples=round(fit.effective_n), obj=_OBJECTIVES[kind])
            table = model.inspect()
    except Exception as error:  # whatever another program raises is its answer
        return None, f"{type(error).__name__}: {error}"
    places = {}
    for row in table.itertuples(index=False):
        places[row[0], row[1], row[2]] = (row[3], row[4])
        if row[1] == "~~":
            places[row[2], row[1], row[0]] = (row[3], row[4])
    found: dict[int, tuple[float, float]] = {}
    for parameter in _rows(fit):
        if not parameter.free:
            continue
        lhs, rhs = names[parameter.lhs], names[parameter.rhs]
        key = (rhs, "~", lhs) if parameter.op == "=~" else (lhs, parameter.op, rhs)
        if key not in places:
            return None, f"it does not report {parameter.name}"
        est, se = places[key]
        found[parameter.free - 1] = (float(est), _number(se))
    return found, ""


def _number(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        return float("nan")


def _rows(fit: SemFit) -> list[Parameter]:
    return [r for r in fit.table.parameters if r.op in ("=~", "~", "~~") and not r.fixed_x]


def _text(fit: SemFit, names: dict[str, str]) -> str:
    """Write the parameter table in semopy's language, absent covariances fixed to zero."""
    shared = [r.free for r in _rows(fit) if r.free]
    lines = []
    known = set()
    for row in _rows(fit):
        lhs, rhs = names[row.lhs], names[row.rhs]
        if row.op == "~~":
            known |= {(lhs, rhs), (rhs, lhs)}
        value = f"{row.value!r}*" if not row.free else ""
        label = f"p{row.free}*" if row.free and shared.count(row.free) > 1 else ""
        lines.append(f"{lhs} {row.op} {value or label}{rhs}")
    # semopy covaries latent variables, and explained ones that explain nothing, unasked
    for kind in (fit.table.latent, fit.table.terminal):
        for i, first in enumerate(kind):
            lines += [
                f"{names[first]} ~~ 0*{names[second]}"
                for second in kind[i + 1 :]
                if (names[first], names[second]) not in known
            ]
    return "\n".join(lines)


def _compared(fit: SemFit, found: dict[int, tuple[float, float]]) -> Crosscheck:
    theta = fit.theta.copy()
    for place, (value, _) in found.items():
        theta[place] = value
    there = float(fit.problem.value(theta[None])[0])
    rows, seen = [], set()
    errors = np.sqrt(np.abs(np.diagonal(fit.vcov)))
    for row in _rows(fit):
        if not row.free or row.free in seen:
            continue
        seen.add(row.free)
        est, (other, other_se), se = fit.theta[row.free - 1], found[row.free - 1], errors[row.free - 1]
        rows.append((row.lhs, row.op, row.rhs, est, other, (other - est) / se, se, other_se))
    table = pd.DataFrame(rows, columns=list(_empty().columns))
    worst = table.iloc[int(np.argmax(table["difference"].abs()))] if len(table) else None
    agrees = bool((table["difference"].abs() <= _AGREE).all())
    if worst is None:
        verdict = "There is no free parameter to compare."
    else:
        where = f"{worst['lhs']} {worst['op']} {worst['rhs']}"
        size = f"{abs(worst['difference']):.2g} standard errors ({where})"
        if agrees:
            verdict = f"semopy agrees: of {len(table)} estimates the largest difference is {size}."
        elif there > fit.value + _BETTER:
            verdict = (
                f"semopy stopped short: its estimates have the higher discrepancy ({there:.6g}, here "
                f"{fit.value:.6g}). The largest difference is {size}."
            )
        elif there < fit.value - _BETTER:
            verdict = (
                f"SEMOPY FOUND A BETTER SOLUTION ({there:.6g}, here {fit.value:.6g}): these estimates are "
                f"not the minimum. The largest difference is {size}."
            )
        else:
            verdict = (
                f"semopy fits equally well with other estimates: the solution is not unique, or nearly so. "
                f"The largest difference is {size}."
            )
    return Crosscheck(table, True, agrees, verdict, fit.value, there)
