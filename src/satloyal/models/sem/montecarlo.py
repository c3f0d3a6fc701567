"""Monte Carlo intervals of defined parameters and effects: draws from N(θ, V), without refitting."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from satloyal.core.resample import blocks, percentile_interval
from satloyal.errors import FitError
from satloyal.models.sem.effect_plan import EffectPlan

if TYPE_CHECKING:
    from satloyal.models.sem.result import SemFit

__all__ = ["montecarlo"]

Array = NDArray[Any]

_UNDEFINED = 0.05  # share of draws without a value beyond which the others make too narrow an interval
_MOST = 100_000_000  # numbers held at once: 0.8 GB
_FIXED = 1e-10  # relative spread that is rounding of none


def montecarlo(
    fit: SemFit,
    replicates: int = 20_000,
    seed: int | None = 1,
    *,
    source: str | None = None,
    target: str | None = None,
    level: float = 0.95,
) -> pd.DataFrame:
    """Return Monte Carlo intervals of the defined parameters and of every effect.

    Parameters
    ----------
    fit : SemFit
    replicates : int
        Draws, 100 or more.
    seed : int, optional
    source, target : str, optional
        Keep effects from, or on, this variable only; definitions stay.
    level : float
        Of the intervals.

    Returns
    -------
    DataFrame
        ``name`` (of a definition; the path of an effect), ``kind`` (``"defined"`` or that of the effect),
        ``source, target, group, est, se`` (standard deviation of the draws), ``ci_lower, ci_upper``.
        ``attrs["notes"]`` says how they were made, and of which values more than 5 % of the draws have
        none (loops that explode, a division by zero): those have no interval. NaN throughout when the fit
        did not converge or has no standard errors.

    Raises
    ------
    FitError
        Bad `replicates`, `seed` or `level`; a name that is not in the structural model; more than 10,000
        paths, or more draws of them than memory should hold.

    Notes
    -----
    θ* ~ N(θ, V) with the estimates and their covariance matrix, robust if that is what the fit has; the
    interval is cut off by the quantiles of f(θ*) (MacKinnon, Lockwood & Williams 2004, *Multivariate Behav.
    Res.* 39:99-128; Preacher & Selig 2012, *Commun. Methods Meas.* 6:77-98). It follows the skewness of a
    product, as the delta method does not, and needs neither rows nor refits; it trusts that the estimates
    are jointly normal, as the bootstrap does not.

    Examples
    --------
    >>> import satloyal as sl
    >>> matrix = sl.Moments.from_matrix(
    ...     [[1, .66, .57], [.66, 1, .53], [.57, .53, 1]], 476, names=["Sat", "Trust", "Loyal"], kind="cor")
    >>> fit = sl.fit_sem("Trust ~ a*Sat; Loyal ~ b*Trust + Sat; through := a*b", matrix)
    >>> found = fit.montecarlo(20_000, seed=1).set_index("name").loc["through"]
    >>> found[["est", "ci_lower", "ci_upper"]].astype(float).round(1).tolist()
    [0.2, 0.1, 0.2]
    """
    _check(replicates, seed, level)
    plan = EffectPlan.of(fit, source, target)
    defined = [row.lhs for row in fit.table.definitions]
    frame = plan.frame.rename(columns={"path": "name"})
    own = pd.DataFrame({"name": defined, "kind": "defined", "source": "", "target": "", "group": 0})
    table = pd.concat([own, frame] if defined else [frame], ignore_index=True)
    table = table[["name", "kind", "source", "target", "group"]]

    def values(theta: Array) -> Array:
        return np.concatenate([fit.definitions.values(theta), plan.values(theta)], axis=1)

    if len(table) * replicates > _MOST:
        raise FitError(f"{len(table)} effects in {replicates} draws are too many to hold", where="montecarlo",
                       fix="name a source and a target, or take fewer draws")  # fmt: skip
    usable = fit.converged and bool(np.isfinite(fit.vcov).all())
    size = len(table)
    est = values(fit.theta[None])[0] if fit.converged else np.full(size, np.nan)
    se, lower, upper = (np.full(size, np.nan) for _ in range(3))
    notes = [f"{replicates} draws from the normal distribution of the estimates, seed {seed}"]
    if not usable:
        notes = [
            "the model did not converge" if not fit.converged else "the estimates have no standard errors"
        ]
    elif size:
        root = _root(fit.vcov)
        noise = [g.standard_normal((stop - start, len(root))) for start, stop, g in blocks(replicates, seed)]
        stars = np.concatenate([values(fit.theta + part @ root.T) for part in noise])
        finite = np.isfinite(stars)
        known = (finite.mean(axis=0) >= 1 - _UNDEFINED) & np.isfinite(est)
        notes += [_unknown(table, int(at), finite[:, at]) for at in np.flatnonzero(~known)]
        for at in np.flatnonzero(known):
            column = stars[finite[:, at], at][:, None]
            se[at] = column.std(ddof=1)
            if se[at] <= _FIXED * abs(est[at]):
                se[at], lower[at], upper[at] = 0.0, est[at], est[at]
                continue
            lower[at], upper[at] = (float(side[0]) for side in percentile_interval(column, level))
    table = table.assign(est=est, se=se, ci_lower=lower, ci_upper=upper)
    table.attrs["notes"] = tuple(notes)
    return table


def _check(replicates: Any, seed: Any, level: Any) -> None:
    whole = isinstance(replicates, int | np.integer) and not isinstance(replicates, bool)
    if not whole or replicates < 100:
        raise FitError(f"replicates is {replicates!r}", where="montecarlo",
                       fix="give a whole number of 100 or more")  # fmt: skip
    if seed is not None and (isinstance(seed, bool) or not isinstance(seed, int | np.integer) or seed < 0):
        raise FitError(f"seed is {seed!r}", where="montecarlo", fix="give a whole number, 0 or more")
    if isinstance(level, bool) or not isinstance(level, int | float) or not 0 < level < 1:
        raise FitError(f"level is {level!r}", where="montecarlo", fix="give a share, as 0.95")


def _root(vcov: Array) -> Array:
    """Return L with LLᵀ = V; constraints make V singular, so no Cholesky factor."""
    eigenvalues, vectors = np.linalg.eigh((vcov + vcov.T) / 2)
    root: Array = vectors * np.sqrt(np.maximum(eigenvalues, 0.0))
    return root


def _unknown(table: pd.DataFrame, at: int, finite: Array) -> str:
    row = table.iloc[at]
    return f"{row['name']} ({row['kind']}) is undefined in {(~finite).sum()} draws, so it has no interval"
