"""Influence: what each respondent does to the estimates and to the fit, without refitting."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import special

from satloyal.core.incomplete import IncompleteRows
from satloyal.core.linalg import solve_symmetric
from satloyal.core.optimize import minimise
from satloyal.core.rows import CompleteRows
from satloyal.errors import FitError
from satloyal.models.presenter import Presented
from satloyal.models.sem.constrain import restart_restricted
from satloyal.models.sem.estimate import Problem, Term
from satloyal.models.sem.factor_scores import measured_part
from satloyal.models.sem.fiml import IncompleteTerm
from satloyal.models.sem.inference import vcov_of
from satloyal.models.sem.influence_incomplete import (
    distances_incomplete,
    left_out_exactly,
    left_out_in_one_step,
)

if TYPE_CHECKING:
    from satloyal.models.sem.result import SemFit

__all__ = ["Influence", "influence"]

Array = NDArray[Any]

_VALUES = 4_000_000  # numbers that a block of respondents may hold at once
_HALVINGS = 8
_TOLERANCE = 1e-9


@dataclass(frozen=True, eq=False)
class Influence(Presented):
    """Respondents by what leaving each out would change.

    Parameters
    ----------
    table : DataFrame, n rows
        Index of the rows used; ``group, gcd, ld, chisq_change, mahalanobis, mahalanobis_pvalue, leverage,
        leverage_df, residual, residual_df``: see :func:`influence`.
    changes : DataFrame, shape (n, parameters)
        Estimate with everybody minus estimate without the respondent, in standard errors.
    exact : bool
        Whether the model was refitted without each respondent, or one Newton step was taken.
    note : str
        What could not be computed, and why; empty otherwise.
    """

    table: pd.DataFrame
    changes: pd.DataFrame
    exact: bool
    note: str = ""

    def tidy(self) -> pd.DataFrame:
        """Return the table of distances."""
        return self.table.copy()

    def most(self, count: int = 10, by: str = "gcd") -> pd.DataFrame:
        """Return the respondents that matter most, with the parameter that each moves most.

        Parameters
        ----------
        count : int
        by : str
            A column of the table; its absolute value counts.
        """
        if by not in self.table.columns or by == "group":
            raise FitError(f"there is no measure {by!r}", where="most", fix="use a column of the table")
        order = self.table[by].abs().sort_values(ascending=False, kind="stable").index[:count]
        out = self.table.loc[order].copy()
        if not len(self.changes.columns):
            return out
        out["moves_most"] = self.changes.loc[order].abs().idxmax(axis=1)
        places = self.changes.columns.get_indexer(pd.Index(out["moves_most"]))
        out["change"] = self.changes.loc[order].to_numpy()[np.arange(len(out)), places]
        return out


def influence(fit: SemFit, *, exact: bool = False) -> Influence:
    """Return what leaving out each respondent would do, for all of them at once.

    Parameters
    ----------
    exact : bool
        Go on to the solution without each respondent, instead of one Newton step towards it.

    Returns
    -------
    Influence
        ``gcd``, generalised Cook's distance (θ̂ − θ̂₍ᵢ₎)ᵀ V₍ᵢ₎⁻¹ (θ̂ − θ̂₍ᵢ₎); ``ld``, likelihood displacement
        2 [ℓ(θ̂) − ℓ(θ̂₍ᵢ₎)]; ``chisq_change``, χ² with everybody minus χ² without: positive for those who fit
        badly; ``mahalanobis``, the distance of the answers from the mean, with its p-value;
        ``leverage``, the distance of the factors that the answers imply (of the covariates, where a model has
        no latent variables), and ``residual``, what the model leaves of the answers, each a χ² with the
        degrees of freedom beside it. In ``changes`` the change of every parameter and defined effect.

    Raises
    ------
    FitError
        The fit came from moments, did not converge, is not maximum likelihood, or has no curvature to step
        with.

    Notes
    -----
    Pek & MacCallum 2011, *Multivariate Behavioral Research* 46:202-228; Cook 1986, *J. R. Stat. Soc. B*
    48:133-169; Yuan & Hayashi 2010, *Br. J. Math. Stat. Psychol.* 63:605-630 for the two distances. The
    moments without a respondent are a rank-one change of the sample's, so that all n samples are one batch.
    No cut-off decides: look at who stands apart, and why.

    Incomplete rows (``missing="fiml"``) count by what they have: a row's own slope and curvature give the
    step, the distances are those of the answers that are there, with their degrees of freedom, and leverage
    is undefined for those who answered too little for all factors. ``ld`` is then ½ΔᵀHΔ for the step Δ and
    the curvature H with everybody, and ``chisq_change`` an expansion of both models' likelihoods; with
    ``exact`` both are those of the refit.

    Examples
    --------
    >>> import satloyal as sl
    >>> survey = sl.load_sample("simulated_retail")
    >>> fit = sl.fit_sem("Trust =~ TRU1 + TRU2 + TRU3; LOY1 ~ Trust", survey.frame)
    >>> found = fit.influence()
    >>> len(found.table) == fit.nobs, found.most(1).shape[0]
    (True, 1)
    """
    rows = _rows(fit)
    if isinstance(rows, IncompleteRows):
        return _of_incomplete(fit, rows, exact=exact)
    n, q = len(rows.values), fit.table.q
    theta = np.empty((n, q))
    distance, chisq = np.full(n, np.nan), np.full(n, np.nan)
    whole = fit.effective_n * fit.value
    for part, problem, size in _left_out(fit, rows):
        theta[part], hessian = _solve(fit, problem, len(part), exact=exact)
        step = fit.theta - theta[part]
        distance[part] = size / 2 * np.einsum("bq,bqr,br->b", step, hessian, step)
        chisq[part] = whole - size * problem.value(theta[part])
    displaced = np.concatenate(
        [fit.problem.value(theta[i : i + 2000]) for i in range(0, n, 2000)] or [np.zeros(0)]
    )
    table = pd.DataFrame(
        {"group": _labels(fit, rows), "gcd": distance, "ld": fit.effective_n * (displaced - fit.value),
         "chisq_change": chisq}, index=rows.index,
    )  # fmt: skip
    note = _add_distances(fit, rows, table)
    return Influence(table, _changes(fit, theta, rows.index), exact, _note(theta, note))


def _of_incomplete(fit: SemFit, rows: IncompleteRows, *, exact: bool) -> Influence:
    """Return the influence of incomplete rows."""
    found = (left_out_exactly if exact else left_out_in_one_step)(fit, rows)
    distances, df, note = distances_incomplete(fit, rows)
    table = pd.DataFrame(
        {
            "group": _labels(fit, rows), "gcd": found.distance, "ld": found.displacement,
            "chisq_change": found.chisq_change, "mahalanobis": distances[:, 0],
            "mahalanobis_pvalue": special.chdtrc(df[:, 0], distances[:, 0]), "leverage": distances[:, 1],
            "leverage_df": df[:, 1], "residual": distances[:, 2], "residual_df": df[:, 2],
        }, index=rows.index,
    )  # fmt: skip
    x = [rows.names.index(name) for name in fit.table.exogenous]
    if not exact and np.isnan(rows.values[:, x]).any():
        said = "moments of covariates with gaps are held where they are: exact=True lets them follow"
        note = f"{note}; {said}" if note else said
    return Influence(table, _changes(fit, found.theta, rows.index), exact, _note(found.theta, note))


def _labels(fit: SemFit, rows: CompleteRows | IncompleteRows) -> Array:
    return np.array(fit.group_labels)[rows.codes] if fit.ngroups > 1 else np.full(len(rows.codes), "")


def _note(theta: Array, note: str) -> str:
    lost = int((~np.isfinite(theta)).any(axis=1).sum())
    if not lost:
        return note
    said = f"without each of {lost} respondents no solution was found: their figures are undefined"
    return f"{said}; {note}" if note else said


def _rows(fit: SemFit) -> CompleteRows | IncompleteRows:
    rows = fit.input.rows
    if rows is None:
        raise FitError("influence is that of respondents, and this fit was made from moments",
                       where="influence", fix="fit to the rows")  # fmt: skip
    if not fit.converged:
        raise FitError("the fit did not converge, so that nothing can be said of influence",
                       where="influence", fix="see its headline")  # fmt: skip
    if not all(isinstance(t, Term | IncompleteTerm) for t in fit.problem.terms):
        raise FitError(
            "influence is computed for maximum likelihood", where="influence",
            fix="fit with estimator='ML' (or MLR, MLM)",
        )  # fmt: skip
    if not np.isfinite(vcov_of(fit.observed_hessian / 2, fit.effective_n, fit.tangent)).all():
        raise FitError("the curvature at the solution is singular, so that no step can be taken",
                       where="influence", fix="see the check 'identification'")  # fmt: skip
    return rows


def _left_out(fit: SemFit, rows: CompleteRows) -> Iterator[tuple[Array, Problem, Array]]:
    """Yield blocks of respondents of one group, and the problems without each of them."""
    q, p = fit.table.q, len(fit.table.observed)
    block = max(1, _VALUES // max(q * q + 4 * p * p, 1))
    wishart = fit.likelihood != "normal"
    sizes = [float(g.size) for g in fit.input.moments.groups]
    base = [g.cov for g in fit.sample.groups]
    centers = [g.mean for g in fit.sample.groups]
    for code in range(fit.ngroups):
        members = np.flatnonzero(rows.codes == code)
        group = fit.input.moments.groups[code]
        assert group.mean is not None  # noqa: S101 - moments of rows have means
        for start in range(0, len(members), block):
            part = members[start : start + block]
            w = np.ones(len(part)) if rows.weights is None else rows.weights[part]
            d = rows.values[part] - group.mean
            total = sizes[code]
            left = total - w
            cov = total / left[:, None, None] * (
                group.cov - (w / left)[:, None, None] * d[:, :, None] * d[:, None, :]
            )  # fmt: skip
            mean = group.mean - (w / left)[:, None] * d
            if wishart:
                cov = cov * (left / (left - 1))[:, None, None]
            covs = [cov if g == code else base[g][None] for g in range(fit.ngroups)]
            means = [mean if g == code else _row(centers[g]) for g in range(fit.ngroups)]
            # one share of the groups serves the block; with unequal weights it is that of their mean
            counts = [s - float(w.mean()) if g == code else s for g, s in enumerate(sizes)]
            counts = [c - 1 for c in counts] if wishart else counts
            yield part, Problem.of_batch(fit.rams, counts, covs, means), sum(counts) + w.mean() - w


def _row(mean: Array | None) -> Array | None:
    return None if mean is None else mean[None]


def _solve(fit: SemFit, problem: Problem, size: int, *, exact: bool) -> tuple[Array, Array]:
    """Solutions without each respondent, shape (B, q), and the curvature there, shape (B, q, q)."""
    everyone = np.arange(size)
    here = np.tile(fit.theta, (size, 1))
    at = problem(here, everyone, "observed")
    N = fit.tangent
    if N is None:
        step = solve_symmetric(at.hessian, at.gradient)
    else:
        step = solve_symmetric(N.T @ at.hessian @ N, at.gradient @ N) @ N.T
    theta = here - step
    for _ in range(_HALVINGS):
        outside = ~np.isfinite(problem.value(theta))
        if not outside.any():
            break
        step[outside] /= 2
        theta[outside] = here[outside] - step[outside]
    if not exact:
        theta[~np.isfinite(problem.value(theta))] = np.nan
        return theta, at.hessian
    if fit.restrictions is None:
        solution = minimise(problem, theta, curvature="observed", tolerance=_TOLERANCE)
    else:
        covs = [
            np.broadcast_to(t.cov, (size, *t.cov.shape[1:])) for t in problem.terms if isinstance(t, Term)
        ]
        solution = restart_restricted(
            problem, fit.restrictions, covs, fit.theta, fit.observed_hessian, fit.theta, tolerance=_TOLERANCE
        )
    found = np.where(solution.converged[:, None], solution.theta, np.nan)
    return found, problem(solution.theta, everyone, "observed").hessian


def _changes(fit: SemFit, theta: Array, index: pd.Index) -> pd.DataFrame:
    """Return changes of parameters and defined effects in standard errors."""
    table = fit.tidy()
    names, columns, seen = [], [], set()
    defined = fit.definitions.values(theta)
    here = fit.definitions.values(fit.theta[None])[0]
    order = {id(row): i for i, row in enumerate(fit.table.definitions)}
    for row, term, se in zip(fit.table.reported, fit._terms(), table["se"], strict=True):
        if row.op == ":=":
            gap = here[order[id(row)]] - defined[:, order[id(row)]]
            name = row.lhs
        elif row.free and row.free not in seen:
            seen.add(row.free)
            gap = fit.theta[row.free - 1] - theta[:, row.free - 1]
            name = row.label or str(term)
        else:
            continue
        names.append(name)
        columns.append(gap / se if se > 0 else np.full(len(gap), np.nan))
    values = np.column_stack(columns) if columns else np.zeros((len(theta), 0))
    return pd.DataFrame(values, index=index, columns=names)


def _add_distances(fit: SemFit, rows: CompleteRows, table: pd.DataFrame) -> str:
    """Add the distances of answers, factors and residuals; say what does not exist."""
    n, p = rows.values.shape
    out = np.full((n, 3), np.nan)
    df = np.full((n, 2), np.nan)
    note = ""
    for code, (sigma, mu) in enumerate(fit._implied):
        mask, group = rows.codes == code, fit.input.moments.groups[code]
        mean = group.mean if mu is None else mu
        unbiased = group.cov * group.size / (group.size - 1)
        z = rows.values[mask]
        out[mask, 0] = _squared(z - group.mean, unbiased)
        total = _squared(z - mean, sigma)
        part, reason = measured_part(fit, code)
        if part is None:
            note = reason
            continue
        weighed = np.linalg.solve(sigma, part)
        projected = (z - mean) @ weighed
        out[mask, 1] = _squared(projected, part.T @ weighed)
        out[mask, 2] = np.maximum(total - out[mask, 1], 0.0)
        df[mask] = part.shape[1], p - part.shape[1]
    table["mahalanobis"], table["mahalanobis_pvalue"] = out[:, 0], special.chdtrc(p, out[:, 0])
    table["leverage"], table["leverage_df"] = out[:, 1], df[:, 0]
    table["residual"], table["residual_df"] = out[:, 2], df[:, 1]
    return note


def _squared(z: Array, cov: Array) -> Array:
    return np.asarray(np.einsum("ij,ij->i", z, np.linalg.solve(cov, z.T).T))
