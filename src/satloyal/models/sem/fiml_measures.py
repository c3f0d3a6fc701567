"""What the fit measures need of incomplete rows: likelihoods, the baseline model, robust corrections."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from satloyal.core.em import saturated_moments
from satloyal.core.patterns import Patterns
from satloyal.models.sem.implied import augmented

if TYPE_CHECKING:
    from satloyal.core.em import Saturated
    from satloyal.models.sem.measures import GroupFit
    from satloyal.models.sem.result import SemFit

__all__ = ["Likelihoods", "baseline_moments", "likelihoods"]

Array = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Likelihoods:
    """Likelihoods of the model, of the saturated model and of the baseline model.

    Parameters
    ----------
    logl, saturated : float
        Log-likelihoods, given the fixed covariates.
    baseline : float
        F of the baseline model, as the fit's: zero for the saturated model.
    """

    logl: float
    saturated: float
    baseline: float


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
    return Likelihoods(logl, saturated, baseline)


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
