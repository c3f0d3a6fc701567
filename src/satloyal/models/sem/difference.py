"""Difference tests of nested models: plain, scaled, and adjusted for mean and variance."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray
from scipy import linalg, special

from satloyal.core.linalg import vech_indices
from satloyal.errors import FitError
from satloyal.models.sem.estimators import estimator_named
from satloyal.models.sem.kept import score_products
from satloyal.models.sem.robust import scaled_test
from satloyal.models.sem.robust_fit import moment_blocks
from satloyal.models.sem.vector import vector_jacobian

if TYPE_CHECKING:
    from satloyal.models.sem.result import SemFit

__all__ = ["DifferenceMethod", "adjusted_difference", "difference"]

Array = NDArray[Any]
DifferenceMethod = Literal["satorra.bentler.2001", "satorra.bentler.2010", "satorra.2000"]

_NO_CHI_SQUARE = ("ULS", "DWLS")
_ADJUSTED = ("scaled.shifted", "mean.var.adjusted")


def difference(
    large: SemFit, small: SemFit, method: DifferenceMethod | None = None
) -> tuple[float, int, str]:
    """Return Δχ², its degrees of freedom, and how it was made or why it does not exist.

    Parameters
    ----------
    large, small : SemFit
        The restricted model and the one it is nested in.
    method : {"satorra.bentler.2001", "satorra.bentler.2010", "satorra.2000"}, optional
        As the estimator's own test wants it when not given: plain, scaled (2001), or adjusted (2000).

    Raises
    ------
    FitError
        A method that does not exist, or for tests that are not scaled.
    """
    kind = _method(large, method)
    df = small.df - large.df
    if kind == "satorra.2000":
        statistic, df, _, reason = adjusted_difference(small, large)
        return max(statistic, 0.0), df, reason or "scaled and shifted difference (Satorra 2000)"
    gap = float(small.glance()["chisq"] - large.glance()["chisq"])
    if kind is None:
        return max(gap, 0.0), df, ""
    inner: float = large.df  # of the larger model, at its own estimates or at those of the smaller one
    at, year = large, "2001"
    if kind == "satorra.bentler.2010":
        found = _at_the_smaller(large, small)
        if found is None:
            return math.nan, df, "the larger model cannot be put at the estimates of the smaller one"
        at, year = found, "2010"
    outer = small.df * _mean_factor(small)
    factor = (outer - (inner * _mean_factor(at) if large.df else 0.0)) / df
    if not factor > 0:
        return (
            math.nan,
            df,
            (
                f"the scaled difference does not exist: its factor is {factor:.3f}, not positive "
                '(method="satorra.bentler.2010" takes another, which seldom fails)'
            ),
        )
    return max(gap / factor, 0.0), df, f"scaled difference, factor {factor:.3f} (Satorra & Bentler {year})"


def _method(fit: SemFit, asked: DifferenceMethod | None) -> DifferenceMethod | None:
    """Return how two fits of an estimator are compared; none for a plain difference."""
    own = estimator_named(fit.estimator)
    unweighted = own.test is None and own.discrepancy in _NO_CHI_SQUARE
    if asked is None:
        if own.test in _ADJUSTED or unweighted:
            return "satorra.2000"
        return None if own.test is None else "satorra.bentler.2001"
    if asked not in get_args(DifferenceMethod):
        choices = ", ".join(repr(m) for m in get_args(DifferenceMethod))
        raise FitError(f"method is {asked!r}", where="lrt", fix=f"use one of {choices}")
    if own.test is None and not unweighted:
        raise FitError(
            f"the tests of {own.name} are not scaled, and method={asked!r} is for those that are",
            where="lrt", fix="leave method= out, or fit with MLR, MLM or MLMV",
        )  # fmt: skip
    return asked


def _mean_factor(fit: SemFit) -> float:
    """Return what scales the mean of a fit's χ²: tr(UΓ)/df, or the factor of a Yuan-Bentler test."""
    if fit.input.incomplete is not None or estimator_named(fit.estimator).test == "yuan.bentler.mplus":
        return float(fit.glance()["chisq_scaling_factor"])
    return scaled_test(moment_blocks(fit), 0.0, fit.df, "satorra.bentler").factor


def _at_the_smaller(large: SemFit, small: SemFit) -> SemFit | None:
    """Put the larger model at the estimates of the smaller one; none where those are not its parameters."""
    known: dict[tuple[str, str, str, int], float] = {}
    for row in small.table.parameters:
        if row.free or row.value is not None:
            known[_cell(row)] = small.theta[row.free - 1] if row.free else float(row.value or 0.0)
    theta = large.theta.copy()
    found: dict[int, float] = {}
    for row in large.table.parameters:
        if row.free:
            value = known.get(_cell(row), 0.0)
            if not math.isclose(found.setdefault(row.free, value), value, rel_tol=1e-6, abs_tol=1e-8):
                return None
            theta[row.free - 1] = value
    at = large.problem(theta[None], np.zeros(1, int), "expected")
    same = float(at.value[0]) - small.value
    if not abs(same) <= 1e-6 * max(1.0, abs(small.value)):
        return None
    return replace(large, theta=theta, value=float(at.value[0]), hessian=at.hessian[0])


def _cell(row: Any) -> tuple[str, str, str, int]:
    names = sorted((row.lhs, row.rhs)) if row.op == "~~" else [row.lhs, row.rhs]
    return names[0], row.op, names[1], row.group


def adjusted_difference(small: SemFit, large: SemFit) -> tuple[float, int, float, str]:
    r"""Scale and shift the difference of two discrepancies (Satorra 2000).

    With P the information of the larger model, B the middle of its sandwich and A the restrictions, the
    difference is distributed as :math:`\sum_i \lambda_i \chi^2_1` with λ the eigenvalues of
    :math:`(A P^{-1} A^\top)^{-1} A P^{-1} B P^{-1} A^\top`; scaled by √(m / Σλ²) and shifted it has the mean
    and variance of a chi-square with m degrees of freedom (Satorra 2000, in *Innovations in Multivariate
    Statistical Analysis*, 233-247; Asparouhov & Muthén 2010). A is what the Jacobian of the smaller model
    leaves free in that of the larger.

    Parameters
    ----------
    small, large : SemFit
        The restricted model and the one it is nested in, with the same estimator and sample.

    Returns
    -------
    statistic : float
    df : int
    pvalue : float
    reason : str
        Why it is undefined, if it is.
    """
    m = small.df - large.df
    if not large.input.spread_known and large.input.ordinal is None:
        return math.nan, m, math.nan, "it takes rows, and the data are moments"
    place = {name: k for k, name in enumerate(_statistics(small))}
    names = _statistics(large)
    if set(names) != set(place):
        return math.nan, m, math.nan, "one of the models has a mean structure, and the other has none"
    order = [place[name] for name in names]  # models may name their variables in another order
    outer = np.concatenate(_jacobians(large))
    inner = np.concatenate([delta[order] for delta in _jacobians(small)])
    H = np.linalg.lstsq(outer, inner, rcond=None)[0]
    A = linalg.null_space(H.T, rcond=1e-6).T
    if m <= 0 or len(A) != m:
        return math.nan, m, math.nan, "the models are not nested parameter by parameter"
    P, B = _bread_and_meat(large)
    PA = np.linalg.solve(P, A.T)
    M = np.linalg.solve(A @ PA, PA.T @ B @ PA)
    first, second = float(np.trace(M)), float(np.trace(M @ M))
    if not (math.isfinite(second) and second > 0):
        return math.nan, m, math.nan, "the scaling of the difference is not positive"
    gap = float(small.glance()["chisq"] - large.glance()["chisq"])
    a = math.sqrt(m / second)
    statistic = a * gap + m - a * first
    return statistic, m, float(special.chdtrc(m, max(statistic, 0.0))), ""


def _jacobians(fit: SemFit) -> list[Array]:
    """Return ∂ moments / ∂θ of each group, along the directions that constraints leave."""
    if fit.input.ordinal is not None:
        responses = fit.input.ordinal.responses(fit.table, fit.rams)
        found = [r.at(fit.theta[None]).jacobian[0] for r in responses]
    else:
        found = [
            vector_jacobian(ram.implied(fit.theta[None], g.cov, g.mean))[0]
            for ram, g in zip(fit.rams, fit.sample.groups, strict=True)
        ]
    return found if fit.tangent is None else [delta @ fit.tangent for delta in found]


def _statistics(fit: SemFit) -> list[tuple[str, ...]]:
    """Name the moments of a group in their order, pairs whichever way round they stand."""
    if fit.input.ordinal is not None:
        return [tuple(sorted(label.split("~~"))) for label in fit.input.ordinal.groups[0].layout.labels]
    names = fit.table.observed
    means = [(name,) for name in names] if fit.table.meanstructure else []
    pairs = zip(*vech_indices(len(names)), strict=True)
    return [*means, *(tuple(sorted((names[i], names[j]))) for i, j in pairs)]


def _bread_and_meat(fit: SemFit) -> tuple[Array, Array]:
    """Return information and the covariance of scores, a respondent: of moments, or of casewise scores."""
    if fit.input.incomplete is not None or estimator_named(fit.estimator).test == "yuan.bentler.mplus":
        P, B = fit.observed_hessian / 2, score_products(fit) / fit.effective_n
        N = fit.tangent
        return (P, B) if N is None else (N.T @ P @ N, N.T @ B @ N)
    blocks = moment_blocks(fit)
    P = np.asarray(sum(b.share * b.delta.T @ b.weighted(b.delta) for b in blocks))
    B = np.asarray(sum(b.share * b.weighted(b.delta).T @ b.gamma @ b.weighted(b.delta) for b in blocks))
    return P, B
