"""What the fit measures need of incomplete rows: likelihoods, the baseline model, robust corrections."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from satloyal.core.em import saturated_moments
from satloyal.core.patterns import Patterns
from satloyal.models.sem.auxiliary import unrelated_moments
from satloyal.models.sem.implied import augmented

if TYPE_CHECKING:
    from satloyal.core.em import Saturated
    from satloyal.models.sem.measures import GroupFit
    from satloyal.models.sem.result import SemFit

__all__ = ["Likelihoods", "baseline_moments", "incomplete_gfi", "likelihoods", "pairwise_moments"]

Array = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Likelihoods:
    """What incomplete rows say of the model, of the saturated model and of the baseline model.

    Parameters
    ----------
    logl, saturated : float
        Log-likelihoods, given the fixed covariates.
    baseline : float
        F of the baseline model, as the fit's: zero for the saturated model.
    gfi : float
        Goodness of fit index; see :func:`incomplete_gfi`.
    """

    logl: float
    saturated: float
    baseline: float
    gfi: float


def likelihoods(fit: SemFit) -> Likelihoods:
    """Evaluate them for a fit to incomplete rows."""
    incomplete = fit.input.incomplete
    assert incomplete is not None  # noqa: S101 - callers ask only then
    total = sum(p.n for p in incomplete.patterns)
    saturated = incomplete.logl
    logl = saturated - 0.5 * total * fit.value
    baseline = 0.0
    for group, patterns, full in zip(
        fit._group_fits(), incomplete.patterns, incomplete.saturated, strict=True
    ):
        baseline += (
            patterns.n / total * (_value(patterns, *baseline_moments(group, patterns, full)) - full.value)
        )
        if group.fixed_x:
            given = _marginal(patterns, full, group.fixed_x)
            logl, saturated = logl - given, saturated - given
    return Likelihoods(logl, saturated, baseline, incomplete_gfi(fit))


def incomplete_gfi(fit: SemFit) -> float:
    """Return the GFI of pairwise moments: 1 − (s − σ)ᵀW(s − σ) / sᵀWs, a weighted mean over groups.

    As in lavaan, means and covariances s are those of the rows that have both variables, and the saturated
    ones where rows have weights. W is the expected information
    about σ given the patterns, and the forms are ½ Σ_p s_p tr(V_p D V_p D) with D the moments as a matrix.
    """
    incomplete = fit.input.incomplete
    assert incomplete is not None  # noqa: S101 - callers ask only then
    total, out = fit.effective_n, 0.0
    weighted = fit.input.rows is not None and fit.input.rows.weights is not None
    for group, patterns, full in zip(
        fit._group_fits(), incomplete.patterns, incomplete.saturated, strict=True
    ):
        assert group.mu is not None  # noqa: S101 - incomplete rows always come with a mean structure
        mean, cov = (full.mean, full.cov) if weighted else pairwise_moments(patterns)
        p, x = len(mean), list(group.fixed_x)
        observed, rest = (np.zeros((p + 1, p + 1)) for _ in range(2))
        observed[:p, :p], rest[:p, :p] = cov, cov - group.sigma
        observed[:p, p] = observed[p, :p] = mean
        rest[:p, p] = rest[p, :p] = mean - group.mu
        for D in (observed, rest):
            D[np.ix_(x, x)] = 0.0
            D[x, p] = D[p, x] = 0.0
        sigma = augmented(group.sigma, np.zeros(p))[None]
        top = bottom = 0.0
        for part in patterns.likelihood().chunks(1):
            V = part.inverses(sigma)[0][0]
            for D, at_top in ((rest, True), (observed, False)):
                VD = V @ D
                form = float(part.share[0] @ np.einsum("pij,pji->p", VD, VD))
                top, bottom = (top + form, bottom) if at_top else (top, bottom + form)
        out += patterns.n / total * (1 - top / bottom)
    return out


def pairwise_moments(patterns: Patterns) -> tuple[Array, Array]:
    """Means of the values that are there, and covariances of the rows that have both variables.

    Parameters
    ----------
    patterns : Patterns

    Returns
    -------
    mean : ndarray, shape (p,)
    cov : ndarray, shape (p, p)
        With divisor n_ij − 1 for each pair, times (n − 1)/n: the divisor n where nothing is missing.
    """
    p = len(patterns.origin)
    seen = patterns.observed.astype(float)
    size = patterns.size
    count = (seen * size[:, None]).T @ seen
    products = np.einsum("p,pij->ij", size, patterns.second[:, :p, :p])
    sums = (patterns.second[:, :p, p] * size[:, None]).T @ seen  # [i, j]: of i where j is there too
    with np.errstate(invalid="ignore", divide="ignore"):
        cov = (products - sums * sums.T / count) / (count - 1) * (patterns.n - 1) / patterns.n
    return patterns.origin + np.diagonal(sums) / np.diagonal(count), cov


def baseline_moments(group: GroupFit, patterns: Patterns, full: Saturated) -> tuple[Array, Array]:
    """Means (p,) and covariances (p, p) under which variables are unrelated but for covariates.

    Parameters
    ----------
    group : GroupFit
        Which covariates are free among themselves, and which of them are given.
    patterns : Patterns
    full : Saturated
        Moments that fixed covariates have.
    """
    if group.auxiliary:
        return unrelated_moments(patterns, full, group.covariates, group.auxiliary)
    p = len(full.mean)
    count = patterns.size @ patterns.observed
    mean = patterns.size @ patterns.second[:, :p, p] / count
    square = patterns.size @ patterns.second[:, np.arange(p), np.arange(p)] / count
    cov = np.diag(square - mean**2)
    mean = patterns.origin + mean
    for which in (_free(group), list(group.fixed_x)):
        if not which:
            continue
        block = np.ix_(which, which)
        if which == list(group.fixed_x):
            mean[which], cov[block] = full.mean[which], full.cov[block]
        else:
            own = saturated_moments(patterns.select(np.array(which)))
            mean[which], cov[block] = own.mean, own.cov
    return mean, cov


def _free(group: GroupFit) -> list[int]:
    return [] if group.fixed_x else list(group.covariates)


def _value(patterns: Patterns, mean: Array, cov: Array) -> float:
    sigma = augmented(cov, mean - patterns.origin)[None]
    return float(patterns.likelihood().value(sigma)[0])


def _marginal(patterns: Patterns, full: Saturated, which: tuple[int, ...]) -> float:
    """Log-likelihood of some of the variables, at the saturated moments."""
    at = list(which)
    own = patterns.select(np.array(at))
    value = own.n * _value(own, full.mean[at], full.cov[np.ix_(at, at)])
    return -0.5 * (value + float(own.size @ own.observed.sum(axis=1)) * float(np.log(2 * np.pi)))
