"""``fit_sem`` and its result."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import special

from satloyal.core.moments import Moments
from satloyal.errors import FitError
from satloyal.models.fit import Check, Fit
from satloyal.models.sem import inference
from satloyal.models.sem.checks import sem_checks
from satloyal.models.sem.data import Data, Sample, rescaled
from satloyal.models.sem.definitions import Definitions
from satloyal.models.sem.effects import effects
from satloyal.models.sem.estimate import Problem, estimate
from satloyal.models.sem.identify import check_identified, count_moments
from satloyal.models.sem.implied import Ram
from satloyal.models.sem.measurement import Measurement, measurement
from satloyal.models.sem.measures import GroupFit, measures, undefined
from satloyal.models.sem.standardize import StandardizeKind, Standardizer
from satloyal.models.sem.start import starts
from satloyal.notes import Note
from satloyal.spec.syntax import Model, parse
from satloyal.spec.table import ParameterTable, build_table

if TYPE_CHECKING:
    from satloyal.models.sem.bootstrap import Bootstrap
    from satloyal.survey.survey import Survey

__all__ = ["SemFit", "fit_sem"]

Array = NDArray[Any]
VcovKind = Literal["expected", "observed", "robust"]

_Z = float(special.ndtri(0.975))
_COLUMNS = (
    "lhs", "op", "rhs", "group", "label", "free", "est", "se", "z", "pvalue", "ci_lower", "ci_upper", "std_lv",
    "std_all",
)  # fmt: skip


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
    vcov_kind : {"expected", "observed", "robust"}
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

    # -- the sample ------------------------------------------------------------------------------------

    @cached_property
    def sample(self) -> Moments:
        """Moments with the divisor of the likelihood, in the model's order of variables."""
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
        return count_moments(self.table) - self.table.q

    # -- judgement -------------------------------------------------------------------------------------

    @property
    def converged(self) -> bool:
        """Whether the optimiser reached a minimum."""
        return bool(self.solved and np.isfinite(self.theta).all() and np.isfinite(self.value))

    @cached_property
    def admissible(self) -> bool:
        """Whether the solution is inside the parameter space: no negative variance, no correlation beyond ±1."""
        return self.converged and not any(
            c.status == "fail" for c in self.checks if c.name in ("variances", "latent correlations", "loops")
        )

    @cached_property
    def checks(self) -> tuple[Check, ...]:
        """Judgements about this fit."""
        return sem_checks(self)

    @cached_property
    def notes(self) -> tuple[Note, ...]:
        """What was done to the data, and how the estimates came about."""
        own = [Note("estimation", _method(self))]
        return (*self.input.notes, *own)

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
        return _estimates(self)

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
            return undefined(self.table.q, self.nobs)
        return measures(
            self._group_fits(), value=self.value, npar=self.table.q, df=self.df, likelihood=self.likelihood
        )

    def glance(self) -> pd.Series:
        """Return the fit measures under lavaan's names, dots as underscores; NaN when not converged."""
        return self._glance.copy()

    def _group_fits(self) -> list[GroupFit]:
        out = []
        written = {r.lhs for r in self.table.rows if r.op in ("~~", "~1") and r.origin == "user"}
        written |= {r.rhs for r in self.table.rows if r.op == "~~" and r.origin == "user"}
        place = self.table.observed.index
        x = tuple(place(name) for name in self.table.exogenous)
        covariates = tuple(place(name) for name in self.table.covariates if name not in written)
        for (sigma, mu), group in zip(self._implied, self.sample.groups, strict=True):
            mean = group.mean if self.table.meanstructure else None
            out.append(GroupFit(group.n, group.cov, sigma, mean, mu, x, covariates))
        return out

    @cached_property
    def _implied(self) -> list[tuple[Array, Array | None]]:
        out = []
        for ram, group in zip(self.rams, self.sample.groups, strict=True):
            moments = ram.implied(self.theta[None], group.cov, group.mean).sigma[0]
            p = ram.observed
            if ram.manifest == p:
                out.append((moments, None))
            else:
                mu = moments[:p, p]
                out.append((moments[:p, :p] - np.outer(mu, mu), mu))
        return out

    def implied(self) -> list[tuple[pd.DataFrame, pd.Series | None]]:
        """Return the implied covariances and means of each group."""
        names = list(self.table.observed)
        return [
            (
                pd.DataFrame(sigma if self.converged else sigma * np.nan, index=names, columns=names),
                None if mu is None else pd.Series(mu, index=names),
            )
            for sigma, mu in self._implied
        ]

    def residuals(self, kind: Literal["raw", "cor", "normalized"] = "raw", group: int = 0) -> pd.DataFrame:
        """Return sample minus implied covariances of one group.

        Parameters
        ----------
        kind : {"raw", "cor", "normalized"}
            Covariances, correlations (Bollen 1989, p. 258), or covariances over their standard error
            √((s_ii s_jj + s_ij²)/n) (Jöreskog & Sörbom 1981).
        group : int
            Position of the group.

        Returns
        -------
        DataFrame, shape (p, p)
        """
        if kind not in ("raw", "cor", "normalized"):
            raise FitError(f"kind is {kind!r}", where="residuals", fix="use 'raw', 'cor' or 'normalized'")
        S, (sigma, _) = self.sample.groups[group].cov, self._implied[group]
        raw = S - sigma
        if kind == "cor":
            a, b = np.sqrt(np.diagonal(S)), np.sqrt(np.diagonal(sigma))
            raw = S / np.outer(a, a) - sigma / np.outer(b, b)
        elif kind == "normalized":
            variance = (np.outer(np.diagonal(S), np.diagonal(S)) + S**2) / self.sample.groups[group].n
            raw = raw / np.sqrt(variance)
        names = list(self.table.observed)
        return pd.DataFrame(raw if self.converged else raw * np.nan, index=names, columns=names)

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

        def both(theta: Array) -> Array:
            values = self.standardizer.values(theta, kind)
            return np.concatenate([values, self.definitions.standardized(self.standardizer, values)], axis=1)

        est, se = inference.delta_method(both, self.theta, self.vcov)
        se = np.where(se < _NO_SPREAD * np.maximum(np.abs(est), 1), 0.0, se)
        rows = [*self.standardizer.rows, *self.table.definitions]
        out = pd.DataFrame([(r.lhs, r.op, r.rhs, r.group, r.label) for r in rows],
                           columns=["lhs", "op", "rhs", "group", "label"])  # fmt: skip
        return _with_tests(out, est, se, level, usable=self.converged)

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

    def measurement(
        self, replicates: int = 0, seed: int | None = None, *, level: float = 0.95
    ) -> Measurement:
        """Return reliability, average variance extracted and discriminant validity.

        Parameters
        ----------
        replicates : int
            Bootstrap replicates for the HTMT intervals; none when 0.
        seed : int, optional
        level : float
            Of the intervals.
        """
        return measurement(self, replicates=replicates, seed=seed, level=level)

    # -- other covariance matrices, other samples ------------------------------------------------------

    @cached_property
    def problem(self) -> Problem:
        """The objective of this fit."""
        return Problem.of(self.rams, self.sample)

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
        rows = self.input.rows
        if rows is None:
            raise FitError("casewise scores need rows, and the data are moments", fix="fit to the rows")
        groups = self.sample.groups
        masks = [rows.codes == g for g in range(self.ngroups)]
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
        kind : {"expected", "observed", "robust"}
            Inverse expected information, inverse observed information, or the sandwich of the observed
            information and the casewise scores, summed within clusters where there are any.
        """
        if kind == "expected":
            vcov = inference.vcov_of(self.hessian / 2, self.effective_n)
        elif kind in ("observed", "robust"):
            vcov = inference.vcov_of(self.observed_hessian / 2, self.effective_n)
            if kind == "robust":
                vcov = inference.robust_vcov(vcov, self.scores(), self.input.clusters)
        else:
            raise FitError(
                f"kind is {kind!r}", where="with_vcov", fix="use 'expected', 'observed' or 'robust'"
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
        from satloyal.models.sem.bootstrap import bootstrap  # it builds on SemFit

        return bootstrap(self, replicates, seed, kind=kind, level=level, workers=workers, progress=progress)

    # -- words -----------------------------------------------------------------------------------------

    def headline(self) -> str:
        """Return the first line: whether this may be used, and how it fits."""
        if not self.converged:
            return (
                f"DID NOT CONVERGE: no number of this model may be used ({self.iterations} iterations, "
                f"{self.tried} starting points)."
            )
        g = self._glance
        bad = [c for c in self.checks if c.status == "fail"]
        state = "the solution is admissible"
        if bad:
            state = "NOT TO BE USED AS IT IS: " + "; ".join(c.message.rstrip(".") for c in bad)
        p = "p < .001" if g["pvalue"] < 0.001 else f"p = {_short(g['pvalue'], 3)}"
        if self.df == 0:
            fit = "The model is saturated: its fit cannot be tested"
        else:
            fit = (
                f"χ²({self.df}) = {g['chisq']:.2f}, {p}; CFI {_short(g['cfi'], 3)}, "
                f"RMSEA {_short(g['rmsea'], 3)} [{_short(g['rmsea_ci_lower'], 3)}, "
                f"{_short(g['rmsea_ci_upper'], 3)}], SRMR {_short(g['srmr'], 3)}"
            )
        times = "iteration" if self.iterations == 1 else "iterations"
        return f"Converged after {self.iterations} {times}; {state}. {fit}."


_NO_SPREAD = 1e-9  # a standard error this small, relative to the value, is rounding of one that is zero


def fit_sem(
    model: str | Model,
    data: pd.DataFrame | Survey | Moments,
    *,
    estimator: str = "ML",
    missing: str = "listwise",
    group: str | None = None,
    group_equal: str | Sequence[str] = (),
    group_partial: str | Sequence[str] = (),
    std_lv: bool = False,
    orthogonal: bool = False,
    fixed_x: bool = True,
    meanstructure: bool | None = None,
    cluster: str | None = None,
    weights: str | Sequence[float] | pd.Series | Array | None = None,
    likelihood: str = "normal",
    defaults: Literal["sem", "growth", "none"] = "sem",
) -> SemFit:
    """Fit a structural equation model.

    Parameters
    ----------
    model : str
        Model text in lavaan's language: ``=~`` measured by, ``~`` regressed on, ``~~`` covaries with,
        ``~ 1`` intercept, ``:=`` defined as.
    data : DataFrame, Survey or Moments
        Respondents in rows, or moments. A Survey's declared weights are used unless others are given.
    estimator : {"ML"}
        Maximum likelihood.
    missing : {"listwise"}
        Rows with a missing value in a variable of the model are left out, and counted in the notes.
    group : str, optional
        Column whose values split the sample into groups that are fitted together.
    group_equal, group_partial : sequence of str
        Kinds of parameters held equal over groups (``"loadings"``, ``"intercepts"``, ``"residuals"``,
        ``"regressions"`` …), and single parameters excepted from that.
    std_lv : bool
        Latent variances fixed to one instead of first loadings.
    orthogonal : bool
        No covariances among exogenous latent variables.
    fixed_x : bool
        Exogenous observed covariates are taken as given, not modelled.
    meanstructure : bool, optional
        Model the means; by default only where the text, groups or growth need them.
    cluster : str, optional
        Column of clusters: standard errors become cluster-robust, and whole clusters are resampled.
    weights : str or array_like, optional
        Sampling weights: estimates are weighted and standard errors become robust.
    likelihood : {"normal", "wishart"}
        Divisor n or n − 1.
    defaults : {"sem", "growth", "none"}
        Which parameters are added unasked: as lavaan's ``sem()`` and ``cfa()``, as ``growth()``, or none.

    Returns
    -------
    SemFit

    Raises
    ------
    SpecError
        The text is not a model, or names something the data do not have.
    FitError
        The data cannot serve, or the model is not identified.

    Notes
    -----
    Minimises F = log|Σ| + tr(SΣ⁻¹) − log|S| − p (Jöreskog 1969; Bollen 1989, *Structural Equations with
    Latent Variables*, eq. 4.67). A fit that does not converge is a value: it says so and holds no numbers.

    Examples
    --------
    >>> import pandas as pd
    >>> import satloyal as sl
    >>> matrix = sl.Moments.from_matrix(
    ...     [[1, .66, .57], [.66, 1, .53], [.57, .53, 1]], 476,
    ...     names=["Satisfaction", "Trust", "Loyalty"], kind="cor")
    >>> fit = sl.fit_sem('''
    ...     Trust ~ a*Satisfaction
    ...     Loyalty ~ b*Trust + c*Satisfaction
    ...     through_trust := a*b
    ... ''', matrix)
    >>> fit.tidy().query("lhs == 'through_trust'")["est"].round(3).item()
    0.18
    """
    _check_options(estimator, missing, likelihood)
    spec = parse(model) if isinstance(model, str) else model
    given = Data.of(data, group=group, cluster=cluster, weights=weights)
    table = build_table(
        spec,
        groups=given.group_count(),
        std_lv=std_lv,
        orthogonal=orthogonal,
        fixed_x=fixed_x,
        meanstructure=_wants_means(meanstructure, spec, given, defaults),
        defaults=defaults,
        group_equal=(group_equal,) if isinstance(group_equal, str) else tuple(group_equal),
        group_partial=(group_partial,) if isinstance(group_partial, str) else tuple(group_partial),
    )
    table.check_names(given.columns)
    if table.constraints:
        raise FitError(
            f"the constraint {table.constraints[0].lhs} {table.constraints[0].op} {table.constraints[0].rhs} "
            "is not one that maximum likelihood here can hold",
            fix="equal parameters get one label: write a*x1 + a*x2",
        )
    sample = given.sample(table.observed)
    if table.meanstructure and any(g.mean is None for g in sample.moments.groups):
        raise FitError("a mean structure needs means, and the matrix came without", fix="give means=")
    rams = tuple(Ram.of(table, g + 1) for g in range(table.groups))
    moments = rescaled(sample.moments, likelihood)
    problem = _problem(rams, moments, likelihood)
    guesses = starts(table, moments)
    first = next(guesses)
    check_identified(table, rams, moments, first)
    solution, tried = estimate(problem, chain([first], guesses))
    theta = solution.theta[0]
    q = table.q
    value, hessian = np.nan, np.full((q, q), np.nan)
    if np.isfinite(theta).all():
        at = problem(theta[None], np.zeros(1, int), "expected")
        value, hessian = float(at.value[0]), at.hessian[0]
    solved = bool(solution.converged[0]) and np.isfinite(value)
    fit = SemFit(
        model=spec, table=table, rams=rams, input=sample, likelihood=likelihood, theta=theta, value=value,
        iterations=int(solution.iterations[0]), tried=tried, solved=solved, hessian=hessian,
        vcov=np.full((q, q), np.nan), vcov_kind="expected",
    )  # fmt: skip
    if not solved:
        return fit
    robust = sample.clusters is not None or (sample.rows is not None and sample.rows.weights is not None)
    return fit.with_vcov("robust" if robust else "expected")


def _problem(rams: Sequence[Ram], moments: Moments, likelihood: str) -> Problem:
    sizes = [g.n if likelihood == "normal" else g.n - 1 for g in moments.groups]
    covs = [g.cov[None] for g in moments.groups]
    means = [None if g.mean is None else g.mean[None] for g in moments.groups]
    return Problem.of_batch(rams, sizes, covs, means)


def _check_options(estimator: str, missing: str, likelihood: str) -> None:
    for name, value, allowed in (
        ("estimator", estimator, ("ML",)),
        ("missing", missing, ("listwise",)),
        ("likelihood", likelihood, ("normal", "wishart")),
    ):
        if value not in allowed:
            choices = " or ".join(repr(a) for a in allowed)
            raise FitError(f"{name} is {value!r}", where="fit_sem", fix=f"use {choices}")


def _wants_means(asked: bool | None, spec: Model, given: Data, defaults: str) -> bool:
    needed = defaults == "growth" or any(t.intercept for r in spec.relations for t in r.terms)
    if asked is not None:
        return asked or needed
    return needed or (given.group_count() > 1 and given.frame is not None)


def _estimates(fit: SemFit) -> pd.DataFrame:
    rows = fit.table.rows
    est = np.full(len(rows), np.nan)
    se = np.full(len(rows), np.nan)
    with np.errstate(invalid="ignore"):
        variances = np.diagonal(fit.vcov)
        errors = np.sqrt(np.where(variances < 0, np.nan, variances))
    values, value_errors = inference.delta_method(fit.definitions.values, fit.theta, fit.vcov)
    std = {k: fit.standardizer.values(fit.theta[None], k) for k in ("std_lv", "std_all")}
    std_defined = {k: fit.definitions.standardized(fit.standardizer, v)[0] for k, v in std.items()}
    std_columns = {k: np.full(len(rows), np.nan) for k in std}
    placed = {id(row): i for i, row in enumerate(fit.standardizer.rows)}
    defined = {id(row): i for i, row in enumerate(fit.table.definitions)}
    for i, row in enumerate(rows):
        if row.op == ":=":
            est[i], se[i] = values[defined[id(row)]], value_errors[defined[id(row)]]
            for k, column in std_columns.items():
                column[i] = std_defined[k][defined[id(row)]]
        elif row.free:
            est[i], se[i] = fit.theta[row.free - 1], errors[row.free - 1]
        else:
            est[i], se[i] = _fixed_value(fit, row), 0.0
        if id(row) in placed:
            for k, column in std_columns.items():
                column[i] = std[k][0, placed[id(row)]]
    out = pd.DataFrame(
        [(r.lhs, r.op, r.rhs, r.group, r.label, r.free) for r in rows],
        columns=["lhs", "op", "rhs", "group", "label", "free"],
    )
    out = _with_tests(out, est, se, 0.95, usable=fit.converged)
    for k, column in std_columns.items():
        out[k] = column if fit.converged else np.nan
    return out[list(_COLUMNS)]


def _fixed_value(fit: SemFit, row: Any) -> float:
    if not row.fixed_x:
        return float(row.value) if row.value is not None else 0.0
    group = fit.sample.groups[row.group - 1]
    i = fit.sample.names.index(row.lhs)
    if row.op == "~1":
        return float("nan") if group.mean is None else float(group.mean[i])
    return float(group.cov[i, fit.sample.names.index(row.rhs)])


def _with_tests(frame: pd.DataFrame, est: Array, se: Array, level: float, *, usable: bool) -> pd.DataFrame:
    """Add estimates, their tests and intervals; NaN throughout when they may not be used."""
    if not usable:
        est, se = np.full(len(est), np.nan), np.full(len(se), np.nan)
    width = float(special.ndtri((1 + level) / 2))
    with np.errstate(invalid="ignore", divide="ignore"):
        z = np.where(se > 0, est / np.where(se > 0, se, 1.0), np.nan)
    out = frame.copy()
    out["est"], out["se"], out["z"] = est, se, z
    out["pvalue"] = 2 * special.ndtr(-np.abs(z))
    out["ci_lower"], out["ci_upper"] = est - width * se, est + width * se
    return out


def _method(fit: SemFit) -> str:
    words = {
        "expected": "standard errors from the expected information",
        "observed": "standard errors from the observed information",
        "robust": "robust (sandwich) standard errors",
    }
    likelihood = "normal" if fit.likelihood == "normal" else "Wishart"
    source = "rows" if fit.input.rows is not None else "a matrix"
    return f"maximum likelihood ({likelihood}) from {source}, n = {fit.nobs}; {words[fit.vcov_kind]}"


def _short(value: float, digits: int) -> str:
    text = f"{value:.{digits}f}"
    return text.replace("0.", ".", 1) if text.startswith(("0.", "-0.")) else text
