"""``fit_sem``: from a model text and data to a result."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from satloyal.core.moments import Moments
from satloyal.errors import FitError
from satloyal.models.sem.auxiliary import saturated_correlates
from satloyal.models.sem.bounds import BoundsOption
from satloyal.models.sem.constrain import estimate_restricted
from satloyal.models.sem.data import Data, Sample, rescaled
from satloyal.models.sem.estimate import Problem
from satloyal.models.sem.estimators import Estimator, VcovKind, estimator_named
from satloyal.models.sem.identify import check_identified
from satloyal.models.sem.implied import Ram, model_matrices
from satloyal.models.sem.incomplete import incomplete_estimator
from satloyal.models.sem.ordinal import ordinal_estimator, ordinal_sample, ordinal_starts
from satloyal.models.sem.ordinal_table import (
    Parameterization,
    check_items,
    covariates_last,
    ordinal_table,
    ordinal_variables,
    with_cuts,
)
from satloyal.models.sem.poles import beyond_poles
from satloyal.models.sem.restrictions import Restrictions, has_restrictions
from satloyal.models.sem.result import SemFit
from satloyal.models.sem.start import starts
from satloyal.models.sem.start_means import with_means
from satloyal.models.sem.weights import least_squares_weights
from satloyal.spec.options import EffectCoding
from satloyal.spec.syntax import Model, parse
from satloyal.spec.table import ParameterTable, build_table

if TYPE_CHECKING:
    from satloyal.survey.survey import Survey

__all__ = ["SemFit", "fit_sem"]

Array = NDArray[Any]


def fit_sem(
    model: str | Model,
    data: pd.DataFrame | Survey | Moments,
    *,
    estimator: str | None = None,
    missing: str = "listwise",
    auxiliary: str | Sequence[str] = (),
    ordered: bool | str | Sequence[str] | None = None,
    parameterization: Parameterization = "delta",
    group: str | None = None,
    group_equal: str | Sequence[str] = (),
    group_partial: str | Sequence[str] = (),
    std_lv: bool = False,
    orthogonal: bool = False,
    effect_coding: EffectCoding = False,
    fixed_x: bool = True,
    conditional_x: bool | None = None,
    meanstructure: bool | None = None,
    cluster: str | None = None,
    weights: str | Sequence[float] | pd.Series | Array | None = None,
    likelihood: str = "normal",
    bounds: BoundsOption = None,
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
    estimator : str, optional
        ``"ML"``, the default for continuous variables; with robust errors and scaled tests ``"MLM"``
        (Satorra-Bentler), ``"MLMV"`` (scaled and shifted), ``"MLMVS"`` (mean- and variance-adjusted),
        ``"MLR"`` (Yuan-Bentler, as Mplus), ``"MLF"`` (first-order errors); least squares ``"GLS"``,
        ``"ULS"``, ``"WLS"`` (distribution free), ``"DWLS"``, and with robust errors and tests ``"ULSM"``,
        ``"ULSMV"``, ``"WLSM"``, ``"WLSMV"``. With sampling weights or clusters ML is MLR. With ordinal items
        ``"WLSMV"`` (the default), ``"ULSMV"``, ``"WLSM"``, ``"ULSM"``, ``"DWLS"``, ``"ULS"``, ``"WLS"``.
    missing : {"listwise", "fiml", "fiml.x"}
        ``"listwise"``: rows with a missing value in a variable of the model are left out, and counted in the
        notes. ``"fiml"`` (or ``"ml"``): full-information maximum likelihood uses all rows, by their patterns
        of missing values, with standard errors from the observed information; for ML, MLR and MLF. Rows
        that lack a covariate taken as given are left out, with ``"fiml.x"`` (or ``"ml.x"``) they are kept.
    auxiliary : sequence of str
        With ``missing="fiml"``: variables beside the model that go with its variables or with their being
        missing. They covary with everything (saturated correlates), so that values missing at random given
        them do no harm; the model's own parameters and degrees of freedom stay as they are. Covariates are
        modelled then, not taken as given.
    ordered : bool or sequence of str, optional
        Ordinal items, by name, or ``True`` for all but the covariates: their thresholds and polychoric
        (polyserial) correlations are fitted. Other variables stay continuous and are modelled along;
        covariates are taken as given (see ``conditional_x``).
    parameterization : {"delta", "theta"}
        What sets the scale of the latent responses of ordinal items: their variance, or their residual
        variance. Ordinal variables that explain others need ``"theta"``.
    group : str, optional
        Column whose values split the sample into groups that are fitted together.
    group_equal, group_partial : sequence of str
        Kinds of parameters held equal over groups (``"loadings"``, ``"intercepts"``, ``"residuals"``,
        ``"regressions"`` …), and single parameters excepted from that.
    std_lv : bool
        Latent variances fixed to one instead of first loadings.
    orthogonal : bool
        No covariances among exogenous latent variables.
    effect_coding : bool or sequence of str
        Latent variables in the units of their items: ``"loadings"`` that average one, ``"intercepts"`` that
        sum to zero, so that latent means are averages of item means (Little, Slegers & Card 2006); True for
        both where there are intercepts.
    fixed_x : bool
        Exogenous observed covariates are taken as given, not modelled; least squares always model them.
    conditional_x : bool, optional
        Ordinal items given covariates: thresholds, slopes and residual correlations are fitted, nothing is
        supposed of how covariates are distributed, and a 0/1 covariate is as good as any. By default where
        there are covariates, unless ``fixed_x=False``; with False they are modelled along, as normal.
    meanstructure : bool, optional
        Model the means; by default only where the text, groups or growth need them.
    cluster : str, optional
        Column of clusters: standard errors become cluster-robust, and whole clusters are resampled.
    weights : str or array_like, optional
        Sampling weights: estimates are weighted and standard errors become robust.
    likelihood : {"normal", "wishart"}
        Divisor n or n − 1.
    bounds : str or mapping, optional
        Bounds on parameters: ``"standard"`` (what the sample's variances leave possible), ``"wide"`` (the
        same, stretched), ``"pos.var"``, ``"pos.ov.var"``, ``"pos.lv.var"`` (variances not negative); or from
        label or parameter to (lower, upper), as ``{"x1 ~~ x1": (0, None)}``.
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
        The data cannot serve, the model is not identified, or its constraints contradict one another;
        answers to ordinal items separate, or an ordinal variable has a role that it cannot have.

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
    missing = _check_options(missing, likelihood)
    categorical = ordered is True or bool(ordered)
    incomplete = missing != "listwise"
    method = _method(estimator, missing, likelihood, categorical=categorical)
    if method.least_squares:
        likelihood = "wishart"  # least squares take the unbiased covariances, and n − 1 in their tests
    spec = model if isinstance(model, Model) else parse(model)
    given = Data.of(data, group=group, cluster=cluster, weights=weights)
    equal = _names(group_equal, "group_equal=")
    partial, beside = _names(group_partial, "group_partial="), _names(auxiliary, "auxiliary=")
    equal = with_cuts(equal) if categorical else equal
    if beside and not incomplete:
        raise FitError("auxiliary variables help with missing values", where="auxiliary=",
                       fix="say missing='fiml'")  # fmt: skip
    # what is missing is filled in by its relations with what is there, means included; and thresholds are
    # measured from means
    asked = True if incomplete or categorical else meanstructure
    given_x = _conditional(conditional_x, categorical=categorical, fixed_x=fixed_x)
    build = functools.partial(
        build_table,
        groups=given.group_count(),
        std_lv=std_lv,
        orthogonal=orthogonal,
        fixed_x=given_x or (fixed_x and not method.least_squares and not beside),
        meanstructure=_wants_means(asked, spec, given, defaults, clustered=given.clustered),
        defaults=defaults,
        group_equal=equal,
        effect_coding=_coded(effect_coding) if categorical else effect_coding,
    )
    table = build(spec, group_partial=[name for name in partial if not (categorical and "|" in name)])
    table.check_names(given.columns)
    if beside:
        spec, own = saturated_correlates(spec, table, beside)
        table = build(spec, group_partial=[*partial, *own])
        table.check_names(given.columns)
    if categorical:
        items = ordinal_variables(ordered or (), table, given.columns)
        check_items(table, items, parameterization)
        table = covariates_last(table)
        sample = ordinal_sample(given.sample(table.observed, items), items, parameterization, table.exogenous)
        table = ordinal_table(table, sample, group_equal=equal, group_partial=partial)
    elif incomplete:
        sample = given.incomplete_sample(table.observed, table.exogenous if missing == "fiml" else (), beside)
    else:
        sample = given.sample(table.observed)
    method = _complex_sampling(method, sample)
    if table.meanstructure and any(g.mean is None for g in sample.moments.groups):
        raise FitError("a mean structure needs means, and the matrix came without", fix="give means=")
    fit = _solved(spec, table, sample, method, likelihood, bounds)
    return fit.with_vcov(_errors(method, incomplete=incomplete)) if fit.solved else fit


def _conditional(asked: bool | None, *, categorical: bool, fixed_x: bool) -> bool:
    """Whether ordinal items are taken given covariates."""
    if asked and not categorical:
        raise FitError(
            "conditional_x is for ordinal items, and none are declared", where="conditional_x=",
            fix="leave it out: fixed_x=True takes covariates as given, with the same estimates",
        )  # fmt: skip
    if asked and not fixed_x:
        raise FitError(
            "covariates cannot be modelled (fixed_x=False) and taken as given", where="conditional_x=",
            fix="leave one of the two out",
        )  # fmt: skip
    return categorical and fixed_x and asked is not False


def _coded(effect_coding: EffectCoding) -> EffectCoding:
    """Leave out intercepts, which ordinal items do not have."""
    if effect_coding is True:
        return "loadings"
    if effect_coding and "intercepts" in (
        _names(effect_coding, "effect_coding=") if not isinstance(effect_coding, bool) else ()
    ):
        raise FitError("ordinal items have thresholds in place of intercepts", where="effect_coding=",
                       fix="use effect_coding='loadings'")  # fmt: skip
    return effect_coding


def _names(given: str | Sequence[str], where: str) -> tuple[str, ...]:
    if isinstance(given, str):
        return (given,)
    if given is not None and not isinstance(given, Iterable):
        raise FitError(f"{where[:-1]} is {given!r}", where=where, fix="give a list of names")
    return tuple(given or ())


def _method(estimator: str | None, missing: str, likelihood: str, *, categorical: bool) -> Estimator:
    """Return the estimator that was asked for, or the usual one for such data."""
    if categorical:
        method = ordinal_estimator(estimator, missing)
    else:
        method = estimator_named("ML" if estimator is None else estimator)
    return incomplete_estimator(method, likelihood) if missing != "listwise" else method


def _solved(
    spec: Model,
    table: ParameterTable,
    sample: Sample,
    method: Estimator,
    likelihood: str,
    bounds: BoundsOption,
) -> SemFit:
    """Check that the model is identified, and minimise from the first start that leads anywhere."""
    rams, moments, squares, problem = _posed(method, sample, table, likelihood)
    ordinal = sample.ordinal
    guesses = starts(table, moments) if ordinal is None else ordinal_starts(table, sample, rams)
    first = next(guesses)
    held = None
    if bounds is not None or has_restrictions(table):
        restrictions = Restrictions.of(table, bounds, [g.cov for g in moments.groups])
        held = None if restrictions.trivial else restrictions
    slopes = None if ordinal is None else ordinal.jacobian(table, rams)
    check_identified(table, rams, moments, first, held, slopes)
    beginnings = (with_means(g, table, rams, moments, held) for g in chain([first], guesses))

    def beyond(at: Array) -> Iterable[Array]:
        return beyond_poles(table, rams, moments, at)

    profile = None if ordinal is None or held is not None else ordinal.profile(table, rams, squares or ())
    if profile is not None:
        solution, tried = profile.estimate(beginnings, beyond)
    else:
        solution, tried = estimate_restricted(problem, held, beginnings, beyond)
    theta, q = solution.theta[0], table.q
    value, hessian = np.nan, np.full((q, q), np.nan)
    if np.isfinite(theta).all():
        at = problem(theta[None], np.zeros(1, int), "expected")
        value, hessian = float(at.value[0]), at.hessian[0]
    return SemFit(
        model=spec, table=table, rams=rams, input=sample, likelihood=likelihood, theta=theta, value=value,
        iterations=int(solution.iterations[0]), tried=tried,
        solved=bool(solution.converged[0]) and bool(np.isfinite(value)), hessian=hessian,
        vcov=np.full((q, q), np.nan), vcov_kind="expected", estimator=method.name, weights=squares,
        restrictions=held, structured_test=method.structured,
    )  # fmt: skip


def _posed(
    method: Estimator, sample: Sample, table: ParameterTable, likelihood: str
) -> tuple[tuple[Ram, ...], Moments, tuple[Array, ...] | None, Problem]:
    """Lay out the matrices, weigh the moments and pose the problem."""
    if sample.ordinal is not None:
        rams = sample.ordinal.rams(table)
        weights = sample.ordinal.weights(method)
        return rams, sample.moments, weights, sample.ordinal.problem(table, rams, weights)
    rams = model_matrices(table)
    moments = rescaled(sample.moments, likelihood)
    squares = least_squares_weights(method, sample, moments, means=table.meanstructure)
    if sample.incomplete is not None:
        return rams, moments, squares, sample.incomplete.problem(rams)
    return rams, moments, squares, Problem.of(rams, moments, likelihood, squares)


def _errors(method: Estimator, *, incomplete: bool) -> VcovKind:
    """Which standard errors by default: those of incomplete rows need the observed information.

    Under values that are missing at random the expected information is wrong (Kenward & Molenberghs 1998,
    *Statistical Science* 13:236-247).
    """
    return "observed" if incomplete and method.vcov == "expected" else method.vcov


def _complex_sampling(method: Estimator, sample: Sample) -> Estimator:
    """Weights and clusters make normal-theory errors and tests wrong: ML becomes MLR, as in lavaan.

    With clusters alone its test leaves the model's own curvature out, unlike that of MLR by name.
    """
    if not sample.weighted and not sample.cluster_count:
        return method
    if not sample.spread_known:
        raise FitError(
            "these moments are weighted, and how much they vary cannot be told from them", where="fit_sem",
            fix="make them of chunks with fourth=True, or give the rows and their weights",
        )  # fmt: skip
    if method.name == "ML":
        return replace(estimator_named("MLR"), structured=not sample.weighted)
    if method.vcov not in ("robust", "robust.sem"):
        raise FitError(
            f"{method.name} has no standard errors for sampling weights or clusters", where="fit_sem",
            fix="use estimator='MLR'",
        )  # fmt: skip
    return method


_MISSING = {
    "listwise": "listwise", "fiml": "fiml", "ml": "fiml", "direct": "fiml", "fiml.x": "fiml.x",
    "ml.x": "fiml.x",
}  # fmt: skip


def _check_options(missing: str, likelihood: str) -> str:
    """Check them, and return the name of the treatment of missing values."""
    for name, value, allowed in (
        ("missing", missing, tuple(_MISSING)),
        ("likelihood", likelihood, ("normal", "wishart")),
    ):
        if value not in allowed:
            choices = " or ".join(repr(a) for a in allowed)
            raise FitError(f"{name} is {value!r}", where="fit_sem", fix=f"use {choices}")
    return _MISSING[missing]


def _wants_means(asked: bool | None, spec: Model, given: Data, defaults: str, *, clustered: bool) -> bool:
    needed = clustered or defaults == "growth" or any(t.intercept for r in spec.relations for t in r.terms)
    if asked is not None:
        return asked or needed
    return needed or (given.group_count() > 1 and given.from_rows)
