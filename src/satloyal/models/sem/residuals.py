"""Residuals: what the model leaves of means and covariances, raw and judged against sampling error."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from satloyal.core.linalg import vech_indices
from satloyal.errors import FitError
from satloyal.models.sem.robust import normal_weight
from satloyal.models.sem.robust_fit import moment_blocks
from satloyal.models.sem.vector import vector_jacobian

if TYPE_CHECKING:
    from satloyal.models.sem.result import SemFit

__all__ = ["ResidualKind", "mean_residuals", "residuals"]

Array = NDArray[Any]
ResidualKind = Literal["raw", "cor", "bentler", "normalized", "standardized", "standardized_mplus"]

_KINDS = get_args(ResidualKind)
_NO_ERROR = 1e-9  # sampling variance, relative to that without a model, that is rounding of none


def residuals(fit: SemFit, kind: ResidualKind = "raw", group: int = 0) -> pd.DataFrame:
    """Return sample minus implied covariances of one group.

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
    S, (sigma, _) = fit.sample.groups[group].cov, fit._implied[group]
    raw = S - sigma
    sd = np.sqrt(np.diagonal(S))
    if kind == "cor":
        implied_sd = np.sqrt(np.diagonal(sigma))
        raw = S / np.outer(sd, sd) - sigma / np.outer(implied_sd, implied_sd)
    elif kind == "bentler":
        raw = raw / np.outer(sd, sd)
    elif kind == "normalized":
        variance = (np.outer(np.diagonal(S), np.diagonal(S)) + S**2) / fit.sample.groups[group].n
        raw = raw / np.sqrt(variance)
    elif kind in ("standardized", "standardized_mplus") and fit.converged:
        p = len(S)
        z = _standardized(fit, group, kind)[-p * (p + 1) // 2 :]
        low, high = vech_indices(p)
        raw[low, high] = raw[high, low] = z
    names = list(fit.table.observed)
    return pd.DataFrame(raw if fit.converged else raw * np.nan, index=names, columns=names)


def mean_residuals(fit: SemFit, kind: ResidualKind = "raw", group: int = 0) -> pd.Series:
    """Return sample minus implied means of one group; arguments as for :func:`residuals`.

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
    raw, variance = sample.mean - mu, np.diagonal(sample.cov)
    if kind in ("cor", "bentler"):
        raw = raw / np.sqrt(variance)
    elif kind == "normalized":
        raw = raw / np.sqrt(variance / sample.n)
    elif kind != "raw" and fit.converged:
        raw = _standardized(fit, group, kind)[: len(raw)]
    return pd.Series(raw if fit.converged else raw * np.nan, index=list(fit.table.observed))


def _check(fit: SemFit, kind: str, group: int) -> None:
    if kind not in _KINDS:
        raise FitError(
            f"kind is {kind!r}", where="residuals", fix=f"use one of {', '.join(map(repr, _KINDS))}"
        )
    if not 0 <= group < fit.ngroups:
        raise FitError(
            f"group is {group!r}", where="residuals", fix=f"give a position from 0 to {fit.ngroups - 1}"
        )


def _standardized(fit: SemFit, number: int, kind: ResidualKind) -> Array:
    """Return z values of one group's residuals as a vector, means first."""
    if fit.input.ordinal is not None or fit.input.incomplete is not None:
        what = "ordinal items" if fit.input.ordinal is not None else "incomplete rows"
        raise FitError(
            f"standardised residuals are computed for complete continuous data, and this fit has {what}",
            where="residuals", fix="use kind='cor'",
        )  # fmt: skip
    if not np.isfinite(fit.vcov).all():
        raise FitError(
            "the information is singular, so that residuals have no standard errors", where="residuals",
            fix="see the check 'identification', or use kind='cor'",
        )  # fmt: skip
    sample, (sigma, mu) = fit.sample.groups[number], fit._implied[number]
    low, high = vech_indices(len(sigma))
    residual = (sample.cov - sigma)[low, high]
    if mu is not None and sample.mean is not None:
        residual = np.concatenate([sample.mean - mu, residual])
    delta, weight, gamma = _geometry(fit, number)
    n = sample.n
    if kind == "standardized_mplus":
        variance = np.diagonal(gamma) / n - np.einsum("kq,qr,kr->k", delta, fit.vcov, delta, optimize=True)
    else:
        scored = weight[:, None] * delta if weight.ndim == 1 else weight @ delta
        # other groups share parameters: their moments move these residuals too
        bread = _bread(fit)
        pull = delta @ bread * (n / fit.nobs)
        carried = gamma @ scored
        # the diagonal of QΓQᵀ, without Q
        variance = np.diagonal(gamma) - 2 * (pull * carried).sum(axis=1)
        variance = (variance + ((pull @ (scored.T @ carried)) * pull).sum(axis=1)) / n
        variance = variance + _from_others(fit, number, delta @ bread)
    nil = np.abs(variance) <= _NO_ERROR * np.diagonal(gamma) / n
    with np.errstate(invalid="ignore", divide="ignore"):
        z = residual / np.sqrt(np.where(nil, 1.0, variance))
    exact = np.abs(residual) <= 1e-5 * np.sqrt(np.diagonal(_normal_gamma(fit, number)) / n)
    return np.where(nil, np.where(exact, 0.0, np.nan), z)


def _bread(fit: SemFit) -> Array:
    """(ΔᵀWΔ)⁻¹ over all groups, along the directions that constraints leave."""
    N = fit.tangent
    if N is None:
        return np.linalg.inv(fit.hessian / 2)
    return np.asarray(N @ np.linalg.inv(N.T @ fit.hessian @ N / 2) @ N.T)


def _from_others(fit: SemFit, number: int, pull: Array) -> Array:
    """Return the sampling variance that other groups bring in through shared parameters."""
    out = np.zeros(len(pull))
    for other in range(fit.ngroups):
        if other == number:
            continue
        delta, weight, gamma = _geometry(fit, other)
        scored = weight[:, None] * delta if weight.ndim == 1 else weight @ delta
        share = fit.sample.groups[other].n / fit.nobs
        carried = pull @ scored.T
        out += np.einsum("kl,lm,km->k", carried, gamma, carried, optimize=True) * share / fit.nobs
    return out


def _geometry(fit: SemFit, number: int) -> tuple[Array, Array, Array]:
    """Δ, W and Γ of one group."""
    if fit.vcov_kind in ("robust", "robust.sem") and fit.input.rows is not None:
        block = moment_blocks(fit)[number]
        return block.delta, block.weight, block.gamma
    group = fit.sample.groups[number]
    delta = vector_jacobian(fit.rams[number].implied(fit.theta[None], group.cov, group.mean))[0]
    if fit.weights is not None:
        return delta, fit.weights[number], _normal_gamma(fit, number)
    weight = normal_weight(fit._implied[number][0], means=fit.table.meanstructure)
    return delta, weight, _normal_gamma(fit, number)


def _normal_gamma(fit: SemFit, number: int) -> Array:
    """Γ of normal theory at the sample moments; nil for what fixed covariates give."""
    S = fit.sample.groups[number].cov
    low, high = vech_indices(len(S))
    gamma = S[np.ix_(low, low)] * S[np.ix_(high, high)] + S[np.ix_(low, high)] * S[np.ix_(high, low)]
    mean = S.copy()
    x = np.array([fit.table.observed.index(name) for name in fit.table.exogenous], dtype=int)
    if len(x):
        given = np.isin(low, x) & np.isin(high, x)
        gamma, mean = _conditional(gamma, given), _conditional(mean, np.isin(np.arange(len(S)), x))
    if not fit.table.meanstructure:
        return np.asarray(gamma)
    p, k = len(S), len(gamma)
    out = np.zeros((p + k, p + k))
    out[:p, :p], out[p:, p:] = mean, gamma
    return out


def _conditional(gamma: Array, given: Array) -> Array:
    """Covariance matrix given some of the variables, which become constants."""
    slope = np.linalg.solve(gamma[np.ix_(given, given)], gamma[given])
    out = gamma - gamma[:, given] @ slope
    out[given] = out[:, given] = 0.0
    return np.asarray(out)
