"""The result of a structural equation model: a frozen value; its tables are made when asked for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, ClassVar, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from satloyal.core.moments import Moments
from satloyal.errors import FitError
from satloyal.models.fit import Check, Fit
from satloyal.models.sem import inference
from satloyal.models.sem.bootstrap import Bootstrap, bootstrap
from satloyal.models.sem.boundary import Boundary
from satloyal.models.sem.checks import sem_checks
from satloyal.models.sem.contrasts import compare_effects as _compare_effects
from satloyal.models.sem.crosscheck import crosscheck as _crosscheck
from satloyal.models.sem.data import Sample, rescaled
from satloyal.models.sem.definitions import Definitions
from satloyal.models.sem.effects import effects
from satloyal.models.sem.estimate import Problem
from satloyal.models.sem.estimators import VcovKind, estimator_named
from satloyal.models.sem.factor_scores import factor_scores as _factor_scores
from satloyal.models.sem.fiml_measures import likelihoods
from satloyal.models.sem.fiml_robust import incomplete_scaled
from satloyal.models.sem.identify import count_moments
from satloyal.models.sem.implied import Ram
from satloyal.models.sem.influence import influence as _influence
from satloyal.models.sem.kept import score_products
from satloyal.models.sem.measurement import measurement as _measurement
from satloyal.models.sem.measures import GroupFit, measures, undefined
from satloyal.models.sem.modindices import modindices as _modindices
from satloyal.models.sem.montecarlo import montecarlo as _montecarlo
from satloyal.models.sem.nesting import lrt as _lrt
from satloyal.models.sem.ordinal_fit import ordinal_vectors
from satloyal.models.sem.residual_summary import residual_summary as _residual_summary
from satloyal.models.sem.residuals import mean_residuals as _mean_residuals
from satloyal.models.sem.residuals import residuals as _residuals
from satloyal.models.sem.residuals import threshold_residuals as _threshold_residuals
from satloyal.models.sem.restrictions import Restrictions, constraint_notes
from satloyal.models.sem.robust import robust_sem_vcov
from satloyal.models.sem.robust_fit import moment_blocks, scaled_measures_of
from satloyal.models.sem.rounding import rounding as _rounding
from satloyal.models.sem.score_tests import score_tests as _score_tests
from satloyal.models.sem.standardize import StandardizeKind, Standardizer
from satloyal.models.sem.tidy import estimates, standardized
from satloyal.models.sem.wald import wald as _wald
from satloyal.models.sem.words import headline, method
from satloyal.notes import Note
from satloyal.spec.syntax import Model
from satloyal.spec.table import ParameterTable

__all__ = ["SemFit", "VcovKind"]

Array = NDArray[Any]
_ADMISSIBILITY = ("minimum", "variances", "latent correlations", "residual correlations", "loops")


@dataclass(frozen=True, eq=False)
class SemFit(Fit):
    """A structural equation model fitted to a sample.

    Parameters
    ----------
    model : Model
        The parsed model text.
    table : ParameterTable
    rams : tuple of Ram
        The model as matrices, one a group.
    input : Sample
        Rows and moments as given.
    likelihood : {"normal", "wishart"}
    theta : ndarray, shape (q,)
        Free estimates, by their number in the table.
    value : float
        Discrepancy F at the solution.
    iterations, tried : int
        Of the optimiser, and how many starts it needed.
    solved : bool
        Whether the optimiser met its criterion.
    hessian : ndarray, shape (q, q)
        Expected second derivatives of F at the solution.
    vcov : ndarray, shape (q, q)
        Covariance matrix of the estimates.
    vcov_kind : {"expected", "observed", "robust", "robust.sem", "first.order"}
    estimator : str
        Its name, as ``"MLR"``.
    weights : tuple of ndarray, optional
        Weight matrix of each group, for least squares.
    restrictions : Restrictions, optional
        Constraints and bounds that the estimates were held to.
    structured_test : bool
        Which information a Yuan-Bentler test takes; see :class:`~satloyal.models.sem.estimators.Estimator`.
    """

    family: ClassVar[str] = "sem"

    model: Model
    table: ParameterTable
    rams: tuple[Ram, ...]
    input: Sample
    likelihood: str
    theta: Array
    value: float
    iterations: int
    tried: int
    solved: bool
    hessian: Array
    vcov: Array
    vcov_kind: VcovKind
    estimator: str = "ML"
    weights: tuple[Array, ...] | None = None
    restrictions: Restrictions | None = None
    structured_test: bool = False

    # -- the sample ------------------------------------------------------------------------------------

    @cached_property
    def sample(self) -> Moments:
        """Moments with the divisor of the likelihood, in the model's order of variables."""
        if self.input.ordinal is not None:
            return self.input.moments
        return rescaled(self.input.moments, self.likelihood)

    @cached_property
    def data(self) -> pd.DataFrame | None:
        """The complete rows used; ``None`` when the data came as moments."""
        rows = self.input.rows
        return None if rows is None else pd.DataFrame(rows.values, index=rows.index, columns=list(rows.names))

    @property
    def nobs(self) -> int:
        """Number of respondents used."""
        return self.sample.n

    @property
    def ngroups(self) -> int:
        """Number of groups."""
        return len(self.rams)

    @property
    def group_labels(self) -> tuple[str, ...]:
        """Names of the groups, in order."""
        return tuple(g.label for g in self.sample.groups)

    @property
    def effective_n(self) -> float:
        """Observations that stand in the test: n, or n − G with the Wishart likelihood."""
        return float(self.nobs if self.likelihood == "normal" else self.nobs - self.ngroups)

    @property
    def df(self) -> int:
        """Degrees of freedom of the model."""
        return count_moments(self.table) - self.npar

    @cached_property
    def npar(self) -> int:
        """Free parameters, less one for every equality constraint that is not redundant."""
        if self.boundary is not None:
            return self.table.q - self.boundary.rank
        return self.table.q if self.restrictions is None else self.restrictions.eliminated.basis.shape[1]

    # -- constraints -----------------------------------------------------------------------------------

    @cached_property
    def boundary(self) -> Boundary | None:
        """The solution as its constraints and bounds see it; none without any."""
        if self.restrictions is None or not np.isfinite(self.theta).all():
            return None
        gradient = self.problem(self.theta[None], np.zeros(1, int), "expected").gradient[0]
        return Boundary.at(self.restrictions, self.theta, gradient)

    @property
    def lagrangian_hessian(self) -> Array:
        """Observed curvature where neither constraints nor bounds are in the way, shape (k, k)."""
        hessian = self.observed_hessian
        return hessian if self.boundary is None else self.boundary.curvature(hessian)

    @property
    def tangent(self) -> Array | None:
        """Directions in which active constraints let θ move, shape (q, k); none without constraints."""
        return None if self.boundary is None else self.boundary.tangent

    def constraints(self) -> pd.DataFrame:
        """Return one row a constraint of the model text, then one an active bound.

        Returns
        -------
        DataFrame
            ``lhs, op, rhs``; ``slack``, how far it is from holding with equality (negative: not met);
            ``active``; ``redundant``, whether it follows from the others; ``multiplier``, the change of the
            log-likelihood per unit by which it is relaxed, NaN where redundant.

        Examples
        --------
        >>> import satloyal as sl
        >>> matrix = sl.Moments.from_matrix(
        ...     [[1, .66, .57], [.66, 1, .53], [.57, .53, 1]], 476,
        ...     names=["Sat", "Trust", "Loyal"], kind="cor")
        >>> fit = sl.fit_sem("Trust ~ a*Sat; Loyal ~ b*Sat + c*Trust; b == c", matrix)
        >>> fit.constraints()[["lhs", "op", "rhs", "active"]].to_dict("records")
        [{'lhs': 'b', 'op': '==', 'rhs': 'c', 'active': True}]
        """
        empty = pd.DataFrame(columns=["lhs", "op", "rhs", "slack", "active", "redundant", "multiplier"])
        if self.boundary is None:
            return empty
        return self.boundary.table(self.effective_n, usable=self.converged)

    # -- judgement -------------------------------------------------------------------------------------

    @property
    def converged(self) -> bool:
        """Whether the optimiser reached a minimum."""
        return bool(self.solved and np.isfinite(self.theta).all() and np.isfinite(self.value))

    @cached_property
    def admissible(self) -> bool:
        """Whether it is a minimum without negative variances, correlations beyond ±1 and exploding loops."""
        return self.converged and not any(c.status == "fail" for c in self.checks if c.name in _ADMISSIBILITY)

    @cached_property
    def checks(self) -> tuple[Check, ...]:
        """Judgements about this fit."""
        return sem_checks(self)

    @cached_property
    def notes(self) -> tuple[Note, ...]:
        """What was done to the data, and how the estimates came about."""
        own = [Note("estimation", method(self)), *constraint_notes(self.restrictions)]
        return (*self.input.notes, *self.table.notes, *own)

    # -- numbers ---------------------------------------------------------------------------------------

    @cached_property
    def definitions(self) -> Definitions:
        """The defined parameters as functions of θ."""
        return Definitions(self.table)

    @cached_property
    def standardizer(self) -> Standardizer:
        """Standardised values as functions of θ."""
        groups = self.sample.groups
        return Standardizer(self.table, self.rams, [g.cov for g in groups], [g.mean for g in groups])

    @cached_property
    def _tidy(self) -> pd.DataFrame:
        return estimates(self)

    def tidy(self) -> pd.DataFrame:
        """Return one row a parameter.

        Returns
        -------
        DataFrame
            Columns ``lhs, op, rhs, group, label, free, est, se, z, pvalue, ci_lower, ci_upper, std_lv,
            std_all``. Fixed parameters have a standard error of 0 and no test. NaN throughout when the fit
            did not converge.
        """
        return self._tidy.copy()

    def _terms(self) -> pd.Index:
        table = self._tidy
        names = table["lhs"] + " " + table["op"] + " " + table["rhs"]
        if self.ngroups > 1:
            names = names + np.where(table["group"] > 0, " [" + table["group"].astype(str) + "]", "")
        return pd.Index(names.str.strip(), name="term")

    @cached_property
    def _glance(self) -> pd.Series:
        if not self.converged:
            return undefined(self.npar, self.nobs)
        plain = measures(
            self._group_fits(), value=self.value, npar=self.npar, df=self.df,
            likelihood=self.likelihood, weights=self.weights,
            referable=estimator_named(self.estimator).discrepancy != "ULS",
            incomplete=None if self.input.incomplete is None else likelihoods(self),
        )  # fmt: skip
        scaled = self._scaled(plain)
        return plain if scaled is None else pd.concat([plain, scaled])

    def _scaled(self, plain: pd.Series) -> pd.Series | None:
        """Scaled and robust measures, where the estimator has a scaled test or rows are incomplete."""
        if self.input.incomplete is not None:
            return incomplete_scaled(self, plain)
        return scaled_measures_of(self, plain)

    def glance(self) -> pd.Series:
        """Return the fit measures under lavaan's names, dots as underscores; NaN when not converged."""
        return self._glance.copy()

    def fit_figures(self) -> pd.Series:
        """Return the figures to judge fit by: scaled and robust ones where there are, else the plain ones.

        Returns
        -------
        Series
            ``chisq, df, pvalue, cfi, tli, rmsea, rmsea_ci_lower, rmsea_ci_upper, srmr``.
        """
        g = self._glance
        out = {}
        for name in (
            "chisq",
            "df",
            "pvalue",
            "cfi",
            "tli",
            "rmsea",
            "rmsea_ci_lower",
            "rmsea_ci_upper",
            "srmr",
        ):
            known = [
                g[key] for key in (f"{name}_robust", f"{name}_scaled") if np.isfinite(g.get(key, np.nan))
            ]
            out[name] = float((known or [g[name]])[0])
        return pd.Series(out)

    def _group_fits(self) -> list[GroupFit]:
        out = []
        written = {r.lhs for r in self.table.rows if r.op in ("~~", "~1") and r.origin == "user"}
        written |= {r.rhs for r in self.table.rows if r.op == "~~" and r.origin == "user"}
        place = self.table.observed.index
        x = tuple(place(name) for name in self.table.exogenous)
        covariates = tuple(place(name) for name in self.table.covariates if name not in written)
        incomplete = self.input.incomplete
        auxiliary = () if incomplete is None else tuple(place(name) for name in incomplete.auxiliary)
        for (sigma, mu), group in zip(self._implied, self.sample.groups, strict=True):
            mean = group.mean if self.table.meanstructure else None
            out.append(GroupFit(group.size, group.cov, sigma, mean, mu, x, covariates, auxiliary))
        if self.input.ordinal is not None:
            return [replace(g, ordinal=v) for g, v in zip(out, ordinal_vectors(self), strict=True)]
        return out

    @cached_property
    def _implied(self) -> list[tuple[Array, Array | None]]:
        if self.input.ordinal is not None:
            return self.input.ordinal.implied(self.table, self.rams, self.theta)
        out: list[tuple[Array, Array | None]] = []
        for ram, group in zip(self.rams, self.sample.groups, strict=True):
            p = ram.observed
            origin = group.mean if ram.manifest > p else None
            moments = ram.implied(self.theta[None], group.cov, group.mean, origin).sigma[0]
            if origin is None:
                out.append((moments, None))
            else:
                gap = moments[:p, p]
                out.append((moments[:p, :p] - np.outer(gap, gap), origin + gap))
        return out

    def implied(self) -> list[tuple[pd.DataFrame, pd.Series | None]]:
        """Return the implied covariances and means of each group."""
        names = list(self.table.observed)
        return [
            (
                pd.DataFrame(sigma if self.converged else sigma * np.nan, index=names, columns=names),
                None if mu is None else pd.Series(mu if self.converged else mu * np.nan, index=names),
            )
            for sigma, mu in self._implied
        ]

    def standardized(self, kind: StandardizeKind = "std_all", level: float = 0.95) -> pd.DataFrame:
        """Return the standardised solution with delta-method standard errors.

        Parameters
        ----------
        kind : {"std_all", "std_lv"}
            Observed and latent variables scaled, or latent ones only.
        level : float
            Of the intervals.

        Returns
        -------
        DataFrame
            ``lhs, op, rhs, group, label, est, se, z, pvalue, ci_lower, ci_upper``; defined parameters are
            computed from standardised ones.
        """
        return standardized(self, kind, level)

    def r2(self) -> pd.DataFrame:
        """Return the explained share of variance of every variable with arrows into it.

        Returns
        -------
        DataFrame
            ``variable, group, r2``; NaN where the residual variance is negative.
        """
        rows = []
        values = self.standardizer.values(self.theta[None], "std_all")[0]
        into = {(r.rhs if r.op == "=~" else r.lhs, r.group) for r in self.table.rows if r.op in ("=~", "~")}
        for row, value in zip(self.standardizer.rows, values, strict=True):
            if row.op == "~~" and row.lhs == row.rhs and (row.lhs, row.group) in into:
                share = 1 - value
                rows.append((row.lhs, row.group, share if self.converged and value >= 0 else np.nan))
        return pd.DataFrame(rows, columns=["variable", "group", "r2"])

    def latent_correlations(self, group: int = 0) -> pd.DataFrame:
        """Return the implied correlations of the latent variables of one group."""
        names = list(self.table.latent)
        cov = self._latent_cov[group]
        with np.errstate(invalid="ignore", divide="ignore"):
            sd = np.sqrt(np.diagonal(cov))
            cor = cov / np.outer(sd, sd)
        return pd.DataFrame(cor if self.converged else cor * np.nan, index=names, columns=names)

    @cached_property
    def _latent_cov(self) -> list[Array]:
        out = []
        for ram, group in zip(self.rams, self.sample.groups, strict=True):
            P = ram.implied(self.theta[None], group.cov, group.mean).P[0]
            core = [ram.variables[i] for i in ram.plan.core]
            at = [core.index(name) for name in self.table.latent]
            cov = P[np.ix_(at, at)]
            if ram.manifest > ram.observed:
                mean = P[at, core.index(ram.variables[ram.manifest - 1])]
                cov = cov - np.outer(mean, mean)
            out.append(cov)
        return out

    def effects(
        self, source: str | None = None, target: str | None = None, *, level: float = 0.95
    ) -> pd.DataFrame:
        """Take the effects apart: direct, each specific indirect, total indirect, total.

        Parameters
        ----------
        source, target : str, optional
            Restrict to one cause or one outcome.
        level : float
            Of the intervals.

        Returns
        -------
        DataFrame
            ``source, target, kind, path, group, est, se, z, pvalue, ci_lower, ci_upper, std_all``.
        """
        return effects(self, source, target, level=level)

    # -- judgement of parameters, models and respondents: functions of a fit, as methods ----------------

    residuals = _residuals
    mean_residuals = _mean_residuals
    threshold_residuals = _threshold_residuals
    residual_summary = _residual_summary
    modindices = _modindices
    score_tests = _score_tests
    wald = _wald
    lrt = _lrt
    factor_scores = _factor_scores
    influence = _influence
    crosscheck = _crosscheck
    measurement = _measurement
    rounding = _rounding
    montecarlo = _montecarlo
    compare_effects = _compare_effects

    # -- other covariance matrices, other samples ------------------------------------------------------

    @cached_property
    def problem(self) -> Problem:
        """The objective of this fit."""
        if self.input.incomplete is not None:
            return self.input.incomplete.problem(self.rams)
        if self.input.ordinal is not None and self.weights is not None:
            return self.input.ordinal.problem(self.table, self.rams, self.weights)
        return Problem.of(self.rams, self.sample, self.likelihood, self.weights)

    @cached_property
    def observed_hessian(self) -> Array:
        """Observed second derivatives of F at the solution, shape (q, q)."""
        return np.asarray(self.problem(self.theta[None], np.zeros(1, int), "observed").hessian[0])

    def scores(self) -> Array:
        """Return the derivatives of each row's weighted −log-likelihood, shape (n, q), in the rows' order.

        Raises
        ------
        FitError
            When the data came as moments.
        """
        if self.input.ordinal is not None:
            raise FitError("thresholds and correlations have no casewise likelihood, so no scores")
        rows = self.input.rows
        if rows is None:
            raise FitError(
                "casewise scores need rows, and the data are moments",
                fix="fit to the rows; robust errors only: make the moments of chunks with fourth=True",
            )
        groups = self.sample.groups
        masks = [rows.codes == g for g in range(self.ngroups)]
        if self.input.incomplete is not None:
            parts = self.input.incomplete.scores(self.rams, self.theta, [rows.values[m] for m in masks])
        else:
            parts = inference.casewise_scores(
                self.rams, self.theta, [rows.values[m] for m in masks], [g.cov for g in groups],
                [np.zeros(0) if g.mean is None else g.mean for g in groups],
            )  # fmt: skip
        out = np.empty((len(rows.values), self.table.q))
        for mask, part in zip(masks, parts, strict=True):
            out[mask] = part
        return out if rows.weights is None else out * rows.weights[:, None]

    def with_vcov(self, kind: VcovKind) -> SemFit:
        """Return the same fit with another covariance matrix of its estimates.

        Parameters
        ----------
        kind : {"expected", "observed", "robust", "robust.sem", "first.order"}
            Inverse expected information; inverse observed information; the sandwich of the observed
            information and the casewise scores, summed within clusters where there are any; the sandwich
            of the expected information and the asymptotic covariance matrix of the moments; or the inverse
            of the scores' products.
        """
        if self.weights is not None and kind not in ("expected", "robust.sem"):
            raise FitError(
                f"least squares have no casewise likelihood, so no {kind!r} standard errors",
                where="with_vcov", fix="use 'expected' or 'robust.sem'",
            )  # fmt: skip
        if kind == "robust.sem":
            vcov = robust_sem_vcov(moment_blocks(self), self.effective_n)
            if self.tangent is not None:
                vcov = self.tangent @ vcov @ self.tangent.T
        elif kind == "first.order":
            vcov = inference.vcov_of(score_products(self, summed=False), 1.0, self.tangent)
        elif kind == "expected":
            vcov = inference.vcov_of(self.hessian / 2, self.effective_n, self.tangent)
        elif kind in ("observed", "robust"):
            vcov = inference.vcov_of(self.observed_hessian / 2, self.effective_n, self.tangent)
            if kind == "robust":
                vcov = vcov @ score_products(self) @ vcov
        else:
            raise FitError(
                f"kind is {kind!r}",
                where="with_vcov",
                fix="use 'expected', 'observed', 'robust', 'robust.sem' or 'first.order'",
            )
        return replace(self, vcov=vcov, vcov_kind=kind)

    def bootstrap(
        self,
        replicates: int = 5000,
        seed: int | None = None,
        *,
        kind: Literal["nonparametric", "parametric"] | None = None,
        level: float = 0.95,
        workers: int | None = None,
        progress: Callable[[int, int], None] | None = None,
    ) -> Bootstrap:
        """Refit to resamples.

        Parameters
        ----------
        replicates : int
        seed : int, optional
            The same seed gives the same numbers on any number of workers.
        kind : {"nonparametric", "parametric"}, optional
            Rows (or clusters) drawn with replacement, or normal samples from the fitted model: the only
            kind that a published matrix allows, and its default.
        level : float
            Of the intervals.
        workers : int, optional
            Threads; as many as processors when not given.
        progress : callable, optional
            Called with (done, total).

        Returns
        -------
        Bootstrap
        """
        return bootstrap(self, replicates, seed, kind=kind, level=level, workers=workers, progress=progress)

    # -- words -----------------------------------------------------------------------------------------

    def headline(self) -> str:
        """Return the first line: whether this may be used, and how it fits."""
        return headline(self)
