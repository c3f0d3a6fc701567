"""Residuals: what the model leaves of means and covariances, raw and judged against sampling error."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from satloyal.errors import FitError
from satloyal.models.sem.residual_spread import Spread
from satloyal.models.sem.residual_vector import ResidualVector

if TYPE_CHECKING:
    from satloyal.models.sem.result import SemFit

__all__ = ["ResidualKind", "mean_residuals", "residuals", "threshold_residuals"]

Array = NDArray[Any]
ResidualKind = Literal["raw", "cor", "bentler", "normalized", "standardized", "standardized_mplus"]

_KINDS = get_args(ResidualKind)
_NO_ERROR = 1e-9  # sampling variance, relative to that without a model, that is rounding of none


def residuals(fit: SemFit, kind: ResidualKind = "raw", group: int = 0) -> pd.DataFrame:
    """Return sample minus implied covariances of one group; given covariates, residual ones of the others.

    Parameters
    ----------
    kind : {"raw", "cor", "bentler", "normalized", "standardized", "standardized_mplus"}
        Covariances; sample minus implied correlations (Bollen 1989, p. 258); covariances over √(s_ii s_jj)
        (Bentler 1995); covariances over the standard error that they have without a model,
        √((s_ii s_jj + s_ij²)/n) (Jöreskog & Sörbom 1981); covariances over their own standard error, a z
        value; and the same with Mplus's standard error.
    group : int
        Position of the group.

    Returns
    -------
    DataFrame, shape (p, p)
        Standardised residuals that are zero by construction, as those of free variances in a factor model,
        are 0; NaN where the fit did not converge, or where Mplus's variance is negative.

    Raises
    ------
    FitError
        The kind or the group does not exist, or standard errors need more than this fit has.

    Notes
    -----
    Standardised: with Q = I − Δ(ΔᵀWΔ)⁻¹ΔᵀW the residuals have the asymptotic covariance matrix QΓQᵀ/n (Browne
    1984; Ogasawara 2001, *Br. J. Math. Stat. Psychol.* 54:333-353); Γ is that of normal theory, or of the
    data for estimators with robust standard errors. Mplus: Γ/n − ΔVΔᵀ, V the covariance matrix of the
    estimates (Hausman 1978), which can be negative.

    Examples
    --------
    >>> import satloyal as sl
    >>> survey = sl.load_sample("simulated_retail")
    >>> fit = sl.fit_sem("Satisfaction =~ SAT1 + SAT2 + SAT3; Trust =~ TRU1 + TRU2 + TRU3", survey)
    >>> fit.residuals("cor").shape
    (6, 6)
    """
    _check(fit, kind, group)
    names, S, sigma = _covariances(fit, group)
    raw = S - sigma
    sd = np.sqrt(np.diagonal(S))
    if kind == "cor":
        implied_sd = np.sqrt(np.diagonal(sigma))
        raw = S / np.outer(sd, sd) - sigma / np.outer(implied_sd, implied_sd)
    elif kind == "bentler":
        raw = raw / np.outer(sd, sd)
    elif kind == "normalized" and not _continuous(fit) and fit.converged:
        raw = _matrix(*_standardized(fit, group, kind))
    elif kind == "normalized":
        variance = (np.outer(np.diagonal(S), np.diagonal(S)) + S**2) / fit.sample.groups[group].n
        raw = raw / np.sqrt(variance)
    elif kind in ("standardized", "standardized_mplus") and fit.converged:
        raw = _matrix(*_standardized(fit, group, kind))
    return pd.DataFrame(raw if fit.converged else raw * np.nan, index=names, columns=names)


def mean_residuals(fit: SemFit, kind: ResidualKind = "raw", group: int = 0) -> pd.Series:
    """Return sample minus implied means of one group; arguments as for :func:`residuals`.

    Given covariates these are intercepts, and zero for ordinal items, which have none.

    Parameters
    ----------
    kind : {"raw", "cor", "bentler", "normalized", "standardized", "standardized_mplus"}
        Means; means in standard deviations (both "cor" and "bentler"); over √(s_ii/n); over their own
        standard error.
    group : int
        Position of the group.

    Returns
    -------
    Series, shape (p,)

    Raises
    ------
    FitError
        The model has no mean structure.

    Examples
    --------
    >>> import satloyal as sl
    >>> survey = sl.load_sample("simulated_retail")
    >>> fit = sl.fit_sem("Satisfaction =~ SAT1 + SAT2 + SAT3", survey, meanstructure=True)
    >>> bool((fit.mean_residuals().abs() < 1e-6).all())
    True
    """
    _check(fit, kind, group)
    sample, (_, mu) = fit.sample.groups[group], fit._implied[group]
    if mu is None or sample.mean is None:
        raise FitError(
            "the model has no mean structure", where="mean_residuals", fix="fit with meanstructure=True"
        )
    names, raw, variance = list(fit.table.observed), sample.mean - mu, np.diagonal(sample.cov)
    if fit.input.ordinal is not None and fit.input.ordinal.covariates:
        names, S, _ = _covariances(fit, group)
        vector = ResidualVector.of(fit, group)
        raw, variance = np.zeros(len(names)), np.diagonal(S)
        raw[vector.low[vector.mean]] = (vector.sign * vector.residual)[vector.mean]
    if kind in ("cor", "bentler"):
        raw = raw / np.sqrt(variance)
    elif kind == "normalized" and _continuous(fit):
        raw = raw / np.sqrt(variance / sample.n)
    elif kind != "raw" and fit.converged:
        vector, z = _standardized(fit, group, kind)
        raw[vector.low[vector.mean]] = (vector.sign * z)[vector.mean]
    return pd.Series(raw if fit.converged else raw * np.nan, index=names)


def threshold_residuals(fit: SemFit, kind: ResidualKind = "raw", group: int = 0) -> pd.DataFrame:
    """Return sample minus implied thresholds of one group; arguments as for :func:`residuals`.

    Parameters
    ----------
    kind : {"raw", "cor", "bentler", "normalized", "standardized", "standardized_mplus"}
        Thresholds (the first three: latent responses have a variance of one); over the standard error that
        they have without a model; over their own standard error, a z value; the same with Mplus's.
    group : int

    Returns
    -------
    DataFrame
        ``item, threshold, residual``; zero throughout where thresholds are free.

    Raises
    ------
    FitError
        No item is ordinal; or see :func:`residuals`.

    Examples
    --------
    >>> import satloyal as sl
    >>> frame = sl.load_sample("simulated_retail").frame
    >>> fit = sl.fit_sem("Satisfaction =~ SAT1 + SAT2 + SAT3", frame, ordered=True)
    >>> bool((fit.threshold_residuals()["residual"].abs() < 1e-9).all())
    True
    """
    _check(fit, kind, group)
    if fit.input.ordinal is None:
        raise FitError("no item is ordinal", where="threshold_residuals", fix="use mean_residuals()")
    vector, values = ResidualVector.of(fit, group), ResidualVector.of(fit, group).residual
    if kind not in ("raw", "cor", "bentler") and fit.converged:
        vector, values = _standardized(fit, group, kind)
    layout = fit.input.ordinal.groups[group].layout
    found = values[vector.cut] if fit.converged else np.full(int(vector.cut.sum()), np.nan)
    numbers = layout.th_number[layout.th_number >= 0]
    names = [layout.names[i] for i in vector.low[vector.cut]]
    return pd.DataFrame({"item": names, "threshold": [f"t{k + 1}" for k in numbers], "residual": found})


def _covariances(fit: SemFit, group: int) -> tuple[list[str], Array, Array]:
    """Return names, sample and implied covariances."""
    if fit.input.ordinal is None:
        return list(fit.table.observed), fit.sample.groups[group].cov, fit._implied[group][0]
    vector = ResidualVector.of(fit, group)
    return list(fit.input.ordinal.groups[group].names), vector.cov, vector.sigma


def _continuous(fit: SemFit) -> bool:
    return fit.input.ordinal is None and fit.input.incomplete is None


def _matrix(vector: ResidualVector, values: Array) -> Array:
    """Put values of (co)variances into a matrix; variances of latent responses have no residual."""
    out = np.zeros_like(vector.cov)
    i, j = vector.low[vector.pair], vector.high[vector.pair]
    out[i, j] = out[j, i] = values[vector.pair]
    return out


def _check(fit: SemFit, kind: str, group: int) -> None:
    if kind not in _KINDS:
        raise FitError(
            f"kind is {kind!r}", where="residuals", fix=f"use one of {', '.join(map(repr, _KINDS))}"
        )
    if not 0 <= group < fit.ngroups:
        raise FitError(
            f"group is {group!r}", where="residuals", fix=f"give a position from 0 to {fit.ngroups - 1}"
        )


def _standardized(fit: SemFit, number: int, kind: ResidualKind) -> tuple[ResidualVector, Array]:
    """Return one group's residuals and their z values, shape (K,)."""
    spread, vector = Spread.of(fit), ResidualVector.of(fit, number)
    alone = spread.without_model(number)
    if kind == "normalized":
        variance = alone
    elif kind == "standardized_mplus":
        variance = spread.hausman(number)
    else:
        variance = spread.variances(number)
    nil = np.abs(variance) <= _NO_ERROR * alone
    with np.errstate(invalid="ignore", divide="ignore"):
        z = vector.residual / np.sqrt(np.where(nil, 1.0, variance))
    sd = np.sqrt(np.diagonal(vector.cov))
    size = np.where(vector.pair, sd[vector.low] * sd[vector.high], np.where(vector.mean, sd[vector.low], 1.0))
    exact = np.abs(vector.residual) <= 1e-5 * size / np.sqrt(spread.sizes[number])
    return vector, np.where(nil, np.where(exact, 0.0, np.nan), z)
