"""How a path model was estimated, in words: estimator, what it was fitted to, test, standard errors."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from satloyal.models.sem.estimators import estimator_named
from satloyal.reporting import numbers

if TYPE_CHECKING:
    from satloyal.models.sem.result import SemFit

__all__ = ["errors_of", "estimation_cites", "in_short", "test_of", "told"]

_DISCREPANCY = {
    "ML": "maximum likelihood",
    "GLS": "generalised least squares",
    "ULS": "unweighted least squares",
    "WLS": "weighted least squares",
    "DWLS": "diagonally weighted least squares",
}
_TESTS = {
    "satorra.bentler": "scaled χ² (Satorra-Bentler)",
    "scaled.shifted": "scaled and shifted χ²",
    "mean.var.adjusted": "mean- and variance-adjusted χ²",
    "yuan.bentler.mplus": "scaled χ² (Yuan-Bentler)",
}
_ERRORS = {
    "expected": "standard errors from the expected information",
    "observed": "standard errors from the observed information",
    "robust": "robust (sandwich) standard errors",
    "robust.sem": "robust (sandwich) standard errors",
    "first.order": "first-order standard errors",
}


def test_of(fit: SemFit) -> str:
    """Name the test statistic by which a fit is judged."""
    if fit.df == 0:
        return "no test, for the model is saturated"
    kind = estimator_named(fit.estimator).test
    scaled = "chisq_scaled" in fit.glance().index
    if kind is not None and (scaled or not fit.converged):
        return _TESTS[kind]
    if not np.isfinite(fit.fit_figures()["pvalue"]) and fit.converged:
        return "a χ² that follows no known distribution"
    return "χ²"


def errors_of(fit: SemFit) -> str:
    """Name the standard errors of a fit."""
    text = _ERRORS[fit.vcov_kind]
    clusters = fit.input.clusters
    if clusters is not None and fit.vcov_kind in ("robust", "robust.sem"):
        text = f"cluster-robust standard errors ({numbers.count(len(np.unique(clusters)))} clusters)"
    return text


def in_short(fit: SemFit) -> str:
    """Return estimator, test and standard errors in one line, where they are not the plain ones.

    Examples
    --------
    >>> import satloyal as sl
    >>> moments = sl.Moments.from_matrix([[1, .5], [.5, 1]], 300, kind="cor", names=["Trust", "Loyalty"])
    >>> in_short(sl.fit_sem("Loyalty ~ Trust", moments))
    ''
    """
    plain = fit.estimator == "ML" and fit.vcov_kind == "expected" and fit.input.incomplete is None
    if plain and fit.input.ordinal is None and fit.input.clusters is None:
        return ""
    what = "ordinal items: " if fit.input.ordinal is not None else ""
    what = "incomplete rows kept (FIML): " if fit.input.incomplete is not None else what
    return f"{what}{fit.estimator}, {test_of(fit)}, {errors_of(fit)}"


def told(fit: SemFit) -> str:
    """Return how a fit was estimated as a sentence that follows its name."""
    data = f"{numbers.count(fit.nobs)} observations"
    data += f" in {fit.ngroups} groups" if fit.ngroups > 1 else ""
    npar = numbers.count(float(fit.glance().get("npar", float("nan"))))
    how = _DISCREPANCY[estimator_named(fit.estimator).discrepancy]
    text = (
        f"was fitted to {data} ({_source(fit)}) with the estimator {fit.estimator} ({how}), {npar} free "
        f"parameters; test: {test_of(fit)}; {errors_of(fit)}"
    )
    if fit.input.rows is not None and fit.input.rows.weights is not None:
        text += "; respondents are weighted by their sampling weights"
    if fit.restrictions is not None:
        text += "; estimates are held to the constraints and bounds that were given"
    return f"{text}; standardised estimates have delta-method standard errors."


def _source(fit: SemFit) -> str:
    if fit.input.ordinal is not None:
        given = fit.input.ordinal.covariates
        what = f"thresholds, slopes and residual correlations given {', '.join(given)}" if given else ""
        what = what or "thresholds and polychoric correlations"
        return f"{what}, {fit.input.ordinal.parameterization} parameterisation"
    if fit.input.incomplete is not None:
        beside = fit.input.incomplete.auxiliary
        more = f", with {', '.join(beside)} as auxiliary variables" if beside else ""
        return f"all rows, incomplete ones included, by full-information maximum likelihood{more}"
    return "rows of data" if fit.input.rows is not None else "published moments"


def estimation_cites(fit: SemFit) -> tuple[str, ...]:
    """Return the references of an estimator."""
    found = []
    kind = estimator_named(fit.estimator).test
    if fit.input.ordinal is not None:
        found.append("muthen1984")
    if fit.input.incomplete is not None:
        found.append("enders_bandalos2001")
    if kind == "satorra.bentler":
        found.append("satorra_bentler1994")
    elif kind == "yuan.bentler.mplus":
        found.append("yuan_bentler2000")
    elif kind is not None:
        found.append("asparouhov_muthen2010")
    return tuple(found)
