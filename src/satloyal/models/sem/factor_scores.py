"""Factor scores: where each respondent stands on the latent variables, and how surely."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from satloyal.errors import FitError
from satloyal.models.sem.ordinal_scores import ordinal_scores

if TYPE_CHECKING:
    from satloyal.models.sem.implied import Ram
    from satloyal.models.sem.result import SemFit

__all__ = ["ScoreMethod", "ScoreRule", "factor_scores", "measured_part", "score_rules"]

Array = NDArray[Any]
ScoreMethod = Literal["regression", "bartlett", "tenberge"]

_METHODS = ("regression", "bartlett", "tenberge")
_DEFINITE = 1e-10


@dataclass(frozen=True, eq=False)
class ScoreRule:
    """How one group's scores are made: η̂ = mean + W (y − center).

    Parameters
    ----------
    latent : tuple of str
        The k latent variables that the scores are for.
    center : ndarray, shape (p,)
        Implied (or sample) means of the observed variables.
    mean : ndarray, shape (k,)
        Means of the latent variables.
    weights : ndarray, shape (k, p)
    error : ndarray, shape (k, k)
        Covariance matrix of η̂ − η, the parameters taken as known.
    determinacy : ndarray, shape (k,)
        Correlation of η̂ with η.
    """

    latent: tuple[str, ...]
    center: Array
    mean: Array
    weights: Array
    error: Array
    determinacy: Array


def factor_scores(fit: SemFit, method: ScoreMethod = "regression", *, se: bool = False) -> pd.DataFrame:
    """Return each respondent's scores on the latent variables.

    Parameters
    ----------
    method : {"regression", "bartlett", "tenberge"}
        The expected value of the latent variables given all answers (Thurstone 1935): shrunken, most precise,
        right as predictors. The best estimate that is unbiased for each person (Bartlett 1937): right as
        outcomes. Scores with exactly the covariances of the latent variables (ten Berge, Krijnen, Wansbeek &
        Shapiro 1999): right for correlations.
    se : bool
        Add each score's standard error, as columns ``<latent>_se``.

    Returns
    -------
    DataFrame, n rows
        One column a latent variable; the index is that of the rows used, so that scores can be joined to the
        data. Rows that were left out are not there. From incomplete rows (``missing="fiml"``) scores are
        made of the answers that are there; NaN where these do not make them. From ordinal items
        "regression" scores are the most likely values given the answers (posterior modes; Bock & Aitkin
        1981), all variables being indicators.

    Raises
    ------
    FitError
        The fit came from moments, did not converge, or the scores do not exist (the message says why).

    Notes
    -----
    With Σ the implied covariances, C those of latent with observed variables, Φ of the latent ones, Λ the
    loadings: regression W = CΣ⁻¹; Bartlett W = (ΛᵀΣ⁻¹Λ)⁻¹ΛᵀΣ⁻¹, which is (ΛᵀΘ⁻¹Λ)⁻¹ΛᵀΘ⁻¹ where Θ has an
    inverse; ten Berge W = Φ^½ (Φ^-½ C Σ⁻¹ Cᵀ Φ^-½)^-½ Φ^-½ C Σ⁻¹ (*Linear Algebra Appl.* 289:311-318, eq. 6).
    Standard errors are the roots of the diagonal of WΣWᵀ − WCᵀ − CWᵀ + Φ, with the parameters taken as
    known. Where answers are missing, Σ, C and Λ are those of the answers that are there.
    Regressions between scores are not regressions between latent variables: use the model itself.

    Examples
    --------
    >>> import satloyal as sl
    >>> survey = sl.load_sample("simulated_retail")
    >>> fit = sl.fit_sem("Satisfaction =~ SAT1 + SAT2 + SAT3", survey)
    >>> scores = fit.factor_scores(se=True)
    >>> list(scores.columns), len(scores) == fit.nobs
    (['Satisfaction', 'Satisfaction_se'], True)
    """
    rows = fit.input.rows
    if rows is None:
        raise FitError(
            "factor scores need the respondents' answers, and this fit was made from moments",
            where="factor_scores", fix="fit to the rows",
        )  # fmt: skip
    _check(fit, method)
    names = list(fit.table.latent)
    scores = np.full((len(rows.values), len(names)), np.nan)
    errors = np.full_like(scores, np.nan)
    known = np.isfinite(rows.values)
    for code in range(fit.ngroups):
        mine = np.flatnonzero(rows.codes == code)
        if fit.input.ordinal is not None:
            scores[mine], errors[mine] = ordinal_scores(fit, code, rows.values[mine])
            continue
        patterns, place = np.unique(known[mine], axis=0, return_inverse=True)
        for number, seen in enumerate(patterns):
            which = mine[place.ravel() == number]
            rule = _rule(fit, code, method, seen)
            if rule is not None:
                scores[which] = rule.mean + (rows.values[which][:, seen] - rule.center) @ rule.weights.T
                errors[which] = _root(np.diagonal(rule.error))
    out = pd.DataFrame(scores, index=rows.index, columns=names)
    if not se:
        return out
    for j, name in enumerate(names):
        out[f"{name}_se"] = errors[:, j]
    return out


def score_rules(fit: SemFit, method: ScoreMethod = "regression") -> list[ScoreRule]:
    """Return the weights of each group's scores for complete answers; see :func:`factor_scores`."""
    _check(fit, method)
    everything = np.ones(len(fit.table.observed), bool)
    rules = [_rule(fit, number, method, everything) for number in range(fit.ngroups)]
    return [rule for rule in rules if rule is not None]


def _check(fit: SemFit, method: str) -> None:
    if method not in _METHODS:
        choices = " or ".join(repr(m) for m in _METHODS)
        raise FitError(f"method is {method!r}", where="factor_scores", fix=f"use {choices}")
    if not fit.converged:
        raise FitError("the fit did not converge, so that there are no scores", where="factor_scores",
                       fix="see its headline")  # fmt: skip
    if not fit.table.latent:
        raise FitError(
            "the model has no latent variables", where="factor_scores", fix="the data are the scores"
        )
    if fit.input.ordinal is not None and method != "regression":
        raise FitError(
            f"{method} scores take the items as continuous, and the model has ordinal ones",
            where="factor_scores", fix="use method='regression': the most likely place given the answers",
        )  # fmt: skip


def _rule(fit: SemFit, number: int, method: ScoreMethod, seen: Array) -> ScoreRule | None:
    """Weights of one group for those variables that are there; none where these do not make scores."""
    ram, group = fit.rams[number], fit.sample.groups[number]
    A, S = (matrix[0] for matrix in ram.matrices(fit.theta[None], group.cov, group.mean))
    p, m = ram.observed, len(ram.variables)
    E = np.linalg.inv(np.eye(m) - A)
    means = np.zeros(m)
    if ram.manifest > p:
        means = E[:, ram.manifest - 1].copy()
        S = S.copy()
        S[ram.manifest - 1, ram.manifest - 1] = 0.0
    P = E @ S @ E.T
    at = [ram.variables.index(name) for name in fit.table.latent]
    whole = bool(seen.all())
    sigma, C, phi = P[:p, :p][np.ix_(seen, seen)], P[at, :p][:, seen], P[np.ix_(at, at)]
    make = {"regression": _regression, "bartlett": _bartlett, "tenberge": _ten_berge}[method]
    try:
        weights = make(ram, A, at, seen, sigma, C, phi)
    except FitError:
        if whole:
            raise
        return None
    center = means[:p]
    if ram.manifest == p and group.mean is not None:
        # intercepts of latent variables are zero, and those of observed ones whatever reproduces the means
        center = group.mean
        means[at] = np.linalg.solve(np.eye(len(at)) - A[np.ix_(at, at)], A[at, :p] @ center)
    covered = weights @ sigma @ weights.T
    error = covered - weights @ C.T - C @ weights.T + phi
    with np.errstate(invalid="ignore", divide="ignore"):
        determinacy = np.diagonal(weights @ C.T) / np.sqrt(np.diagonal(covered) * np.diagonal(phi))
    return ScoreRule(fit.table.latent, center[seen], means[at], weights, error, determinacy)


def _regression(
    ram: Ram, A: Array, at: Sequence[int], seen: Array, sigma: Array, C: Array, phi: Array
) -> Array:
    return np.asarray(np.linalg.solve(sigma, C.T).T)


def _bartlett(
    ram: Ram, A: Array, at: Sequence[int], seen: Array, sigma: Array, C: Array, phi: Array
) -> Array:
    """Weigh with Λ the direct loadings; observed variables in regressions stand for themselves."""
    loadings, themselves = _split(ram, A, at)
    loadings = loadings[seen]
    made = np.asarray(loadings.any(axis=0))
    bare = [ram.variables[i] for i, ok in zip(at, made, strict=True) if not ok]
    if bare and (seen.all() or not made.any()):
        raise FitError(
            f"Bartlett scores need indicators, and {bare[0]}, of higher order or a composite, has none",
            where="factor_scores", fix="use method='regression'",
        )  # fmt: skip
    others = np.eye(ram.observed)[np.ix_(seen, themselves[seen[themselves]])]
    whole = np.concatenate([loadings[:, made], others], axis=1)
    weighed = np.linalg.solve(sigma, whole)
    information = whole.T @ weighed
    if not _definite(information):
        raise FitError(
            "Bartlett scores do not exist: the indicators do not tell the latent variables apart",
            where="factor_scores", fix="use method='regression'",
        )  # fmt: skip
    weights = np.full((len(at), len(sigma)), np.nan)
    weights[made] = np.linalg.solve(information, weighed.T)[: int(made.sum())]
    return weights


def _split(ram: Ram, A: Array, at: Sequence[int]) -> tuple[Array, Array]:
    """Direct loadings, shape (p, k), and which observed variables are no indicators."""
    p, latent = ram.observed, list(at)
    arrows = _pattern(ram, A)
    measured = arrows[:p, latent].any(axis=1)
    related = arrows[:p, :p].any(axis=1) | arrows[:p, :p].any(axis=0) | arrows[latent, :p].any(axis=0)
    themselves = np.flatnonzero(related | ~measured)
    loadings = A[:p, latent].copy()
    loadings[themselves] = 0.0
    return loadings, themselves


def _definite(information: Array) -> bool:
    scale = 1 / np.sqrt(np.diagonal(information))
    return bool(np.linalg.eigvalsh(information * np.outer(scale, scale))[0] > _DEFINITE)


def measured_part(fit: SemFit, number: int) -> tuple[Array | None, str]:
    """Columns that span what the model explains answers by: loadings and observed causes, shape (p, k).

    Returns
    -------
    columns : ndarray or None
        For a model without latent variables, those that belong to its covariates.
    reason : str
        Why there are none.
    """
    ram, group = fit.rams[number], fit.sample.groups[number]
    A = ram.matrices(fit.theta[None], group.cov, group.mean)[0][0]
    p, eye = ram.observed, np.eye(ram.observed)
    sigma = fit._implied[number][0]
    at = [ram.variables.index(name) for name in fit.table.latent]
    if at:
        loadings, themselves = _split(ram, A, at)
        whole = np.concatenate([loadings[:, loadings.any(axis=0)], eye[:, themselves]], axis=1)
    else:
        # Σ's own columns: the distance of the covariates, whatever the rest
        whole = sigma[:, [fit.table.observed.index(name) for name in fit.table.covariates]]
    if not 0 < whole.shape[1] < p:
        return None, "leverage and residual are not told apart: the model has as many causes as variables"
    if not _definite(whole.T @ np.linalg.solve(sigma, whole)):
        return None, "leverage and residual are not told apart: the causes are collinear"
    return whole, ""


def _pattern(ram: Ram, A: Array) -> Array:
    """Where the model has arrows, whatever their value."""
    arrows: Array = A != 0
    arrows[ram.a_free.row, ram.a_free.column] = True
    return arrows


def _ten_berge(
    ram: Ram, A: Array, at: Sequence[int], seen: Array, sigma: Array, C: Array, phi: Array
) -> Array:
    half, back = _roots(phi, "the covariance matrix of the latent variables")
    N = back @ C
    weighed = np.linalg.solve(sigma, N.T).T
    _, inner = _roots(weighed @ N.T, "what the indicators say about the latent variables")
    return np.asarray(half @ inner @ weighed)


def _roots(matrix: Array, what: str) -> tuple[Array, Array]:
    """Symmetric square root and its inverse."""
    values, vectors = np.linalg.eigh((matrix + matrix.T) / 2)
    if values[0] <= _DEFINITE * values[-1]:
        raise FitError(
            f"ten Berge scores do not exist: {what} is not positive definite "
            f"(smallest eigenvalue {values[0]:.3g})",
            where="factor_scores", fix="use method='regression'",
        )  # fmt: skip
    root = np.sqrt(values)
    return (vectors * root) @ vectors.T, (vectors / root) @ vectors.T


def _root(variance: Array) -> Array:
    with np.errstate(invalid="ignore"):
        return np.asarray(np.sqrt(np.where(variance < -1e-12, np.nan, np.maximum(variance, 0.0))))
