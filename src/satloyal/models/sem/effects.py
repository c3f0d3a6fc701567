"""Effects in a structural model as a table: direct, along each path, through loops, total.

Standard errors by the delta method. What counts as an effect is laid out in
:mod:`satloyal.models.sem.effect_plan`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import norm

from satloyal.errors import FitError
from satloyal.models.fit import Check
from satloyal.models.sem.effect_plan import EffectPlan, GroupPlan
from satloyal.models.sem.inference import delta_method

if TYPE_CHECKING:
    from satloyal.models.sem.result import SemFit

__all__ = ["EffectPlan", "effects", "effects_of", "stability_checks"]

Array = NDArray[Any]

_UNSTABLE_ADVICE = (
    "do not use total or indirect effects of this model; look for stronger instruments or a one-way arrow"
)


def effects_of(fit: SemFit, theta: Array, source: str | None = None, target: str | None = None) -> Array:
    """Return the effects of `fit`'s model at other parameters, shape (B, N), in the order of `effects`.

    Parameters
    ----------
    fit : SemFit
        The fit whose model is used.
    theta : ndarray (B, q)
        Parameters, real or complex; bootstrap replicates, say.
    source, target : str, optional
        As for :func:`effects`.
    """
    return EffectPlan.of(fit, source, target).values(np.atleast_2d(theta))


def effects(
    fit: SemFit, source: str | None = None, target: str | None = None, *, level: float = 0.95
) -> pd.DataFrame:
    r"""Take the effects in a structural model apart.

    The standard error of an effect f is :math:`\sqrt{\nabla f^\top V \nabla f}` (Sobel, M. E. (1982).
    Asymptotic confidence intervals for indirect effects in structural equation models. Sociological
    Methodology, 13, 290-312), with derivatives by the complex step. For indirect effects the bootstrap
    gives the better interval.

    Parameters
    ----------
    fit : SemFit
        The fitted model.
    source, target : str, optional
        Keep effects from, or on, this variable only.
    level : float
        Confidence level, between 0 and 1.

    Returns
    -------
    DataFrame
        Columns source, target, kind, path, group, est, se, z, pvalue, ci_lower, ci_upper, std_all. Kinds are
        ``direct``, ``indirect`` (one row a path), ``loops`` (what goes round a loop on the way: total less
        direct less every path), ``total_indirect`` and ``total``. ``attrs["notes"]`` holds what must be
        known to read it: a loop that does not die out has NaN totals, and a note saying so. Groups are
        named where there are several. NaN throughout for a fit that did not converge.

    Raises
    ------
    FitError
        For a name that is not in the structural model, for a level outside (0, 1), and for more than
        10,000 paths.

    Examples
    --------
    >>> import satloyal as sl
    >>> m = sl.Moments.from_matrix([[1, .5, .4], [.5, 1, .6], [.4, .6, 1]], 200, names=["SAT", "TRU", "LOY"],
    ...                            kind="cor")
    >>> fit = sl.fit_sem("TRU ~ SAT" + chr(10) + "LOY ~ TRU + SAT", m)
    >>> effects(fit, "SAT", "LOY")[["kind", "est"]].round(3).to_dict("list")
    {'kind': ['direct', 'indirect', 'total_indirect', 'total'], 'est': [0.133, 0.267, 0.267, 0.4]}
    """
    if not 0 < level < 1:
        raise FitError(f"level is {level}", fix="give a confidence level between 0 and 1, such as 0.95")
    plan = EffectPlan.of(fit, source, target)
    theta = np.asarray(fit.theta, dtype=float)
    est, se = delta_method(plan.values, theta, np.asarray(fit.vcov))
    std = plan.standardized(theta[None])[0]
    if not fit.converged:
        est, se, std = (np.full(len(est), np.nan) for _ in range(3))
    z = est / np.where(se > 0, se, np.nan)
    half = norm.ppf(0.5 + level / 2) * se
    table = plan.frame.assign(
        est=est,
        se=se,
        z=z,
        pvalue=2 * norm.sf(np.abs(z)),
        ci_lower=est - half,
        ci_upper=est + half,
        std_all=std,
    )
    table.attrs["notes"] = _notes(plan, theta) if fit.converged else ("The model did not converge.",)
    return table


def stability_checks(fit: SemFit) -> tuple[Check, ...]:
    """Judge the loops of a model; empty where it has none.

    Parameters
    ----------
    fit : SemFit
        The fitted model.

    Returns
    -------
    tuple of Check
        One a group with a loop, named ``"loops"``.
    """
    groups = tuple(GroupPlan.of(fit, g) for g in range(fit.ngroups))
    plan = EffectPlan(tuple(group for group in groups if group.graph.loops))
    if not plan.groups:
        return ()
    index = plan.stability(np.asarray(fit.theta, dtype=float)[None])[0]
    return tuple(
        _stability_check(group, float(value)) for group, value in zip(plan.groups, index, strict=True)
    )


def _stability_check(group: GroupPlan, value: float) -> Check:
    loops = "; ".join(" ⇄ ".join(group.names[i] for i in loop) for loop in group.graph.loops)
    stable = value < 1
    found = f"stability index {value:.3f} for the loop {loops}"
    if not stable:
        found += ": effects round the loop do not die out, so total effects do not exist"
    return Check(
        "loops",
        "pass" if stable else "fail",
        found + ".",
        value=value,
        threshold=1.0,
        advice="" if stable else _UNSTABLE_ADVICE,
        source="Bentler & Freeman 1983, Psychometrika 48:143-145",
    )


def _notes(plan: EffectPlan, theta: Array) -> tuple[str, ...]:
    notes = []
    if any(group.measurement and group.rows for group in plan.groups):
        notes.append("Loadings between these variables count as arrows, as effects run through them.")
    if any(group.graph.loops for group in plan.groups):
        index = plan.stability(theta[None])[0]
        for group, value in zip(plan.groups, index, strict=True):
            if group.graph.loops:
                notes.append(_stability_check(group, float(value)).message)
    return tuple(notes)
