"""A structural equation model in words: the first line of every rendering, and how it was estimated."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from satloyal.models.sem.estimators import estimator_named

if TYPE_CHECKING:
    from satloyal.models.sem.result import SemFit

__all__ = ["counted", "headline", "method", "short"]


def headline(fit: SemFit) -> str:
    """Return the first line: whether this may be used, and how it fits."""
    if not fit.converged:
        return (
            f"DID NOT CONVERGE: no number of this model may be used ({counted(fit.iterations, 'iteration')}, "
            f"{counted(fit.tried, 'starting point')})."
        )
    g = fit.fit_figures()
    bad = [c for c in fit.checks if c.status == "fail"]
    state = "the solution is admissible"
    if bad:
        state = "NOT TO BE USED AS IT IS: " + "; ".join(c.message.rstrip(".") for c in bad)
    p = "p < .001" if g["pvalue"] < 0.001 else f"p = {short(g['pvalue'], 3)}"
    p = "no p-value" if np.isnan(g["pvalue"]) else p
    scaled = " (scaled)" if "chisq_scaled" in fit.glance().index else ""
    if fit.df == 0:
        said = "The model is saturated: its fit cannot be tested"
    else:
        said = (
            f"χ²({short(g['df'], 0)}) = {g['chisq']:.2f}{scaled}, {p}; CFI {short(g['cfi'], 3)}, "
            f"RMSEA {short(g['rmsea'], 3)} [{short(g['rmsea_ci_lower'], 3)}, "
            f"{short(g['rmsea_ci_upper'], 3)}], SRMR {short(g['srmr'], 3)}"
        )
    return f"Converged after {counted(fit.iterations, 'iteration')}; {state}. {said}."


def counted(n: int, noun: str) -> str:
    """Return a number with its noun.

    Examples
    --------
    >>> counted(1, "starting point"), counted(3, "iteration")
    ('1 starting point', '3 iterations')
    """
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"


def method(fit: SemFit) -> str:
    """Return how the estimates and their errors came about."""
    words = {
        "expected": "standard errors from the expected information",
        "observed": "standard errors from the observed information",
        "robust": "robust (sandwich) standard errors",
        "robust.sem": "robust (sandwich) standard errors from the fourth moments",
        "first.order": "standard errors from the products of casewise scores",
    }
    source = {"rows": "rows", "chunks": "sums of rows"}.get(fit.input.moments.source, "a matrix")
    how = {
        "ML": f"maximum likelihood ({'normal' if fit.likelihood == 'normal' else 'Wishart'})",
        "GLS": "generalised least squares",
        "ULS": "unweighted least squares",
        "WLS": "weighted least squares (asymptotically distribution free)",
        "DWLS": "diagonally weighted least squares",
    }[estimator_named(fit.estimator).discrepancy]
    if fit.input.ordinal is not None:
        how = how.replace(" (asymptotically distribution free)", "")
        scale = fit.input.ordinal.parameterization
        given = fit.input.ordinal.covariates
        source = "thresholds and polychoric correlations"
        if given:
            source = f"thresholds, slopes and residual correlations given {', '.join(given)}"
        source += f", {scale} parameterisation"
        words["robust.sem"] = "robust (sandwich) standard errors from the covariances of those"
    return f"{how} from {source}, n = {fit.nobs}; {words[fit.vcov_kind]}"


def short(value: float, digits: int) -> str:
    """Return a figure that cannot exceed one without its leading zero.

    Examples
    --------
    >>> short(0.0623, 3), short(-0.5, 2), short(1.02, 2)
    ('.062', '-.50', '1.02')
    """
    text = f"{value:.{digits}f}"
    return text.replace("0.", ".", 1) if text.startswith(("0.", "-0.")) else text
