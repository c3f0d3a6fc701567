"""Asymptotic covariance matrices of sample moments, and the weight matrices of least squares made of them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from satloyal.core.moments import Moments
from satloyal.errors import FitError
from satloyal.models.sem.data import Sample
from satloyal.models.sem.estimators import Estimator
from satloyal.models.sem.kept import fourth_gammas
from satloyal.models.sem.robust import adf_gamma, normal_weight
from satloyal.models.sem.vector import row_products

__all__ = ["least_squares_weights", "moment_gammas"]

Array = NDArray[Any]


def moment_gammas(sample: Sample, *, means: bool, fixed_x: tuple[int, ...] = ()) -> list[Array]:
    """Return the asymptotic covariance matrix of each group's moments, without assuming a distribution.

    Parameters
    ----------
    sample : Sample
    means : bool
        Whether the vector of moments begins with means.
    fixed_x : tuple of int
        Positions of covariates that are taken as given: moments vary only as they do given these
        (Satorra 1992, *Sociological Methodology* 22:249-278).

    Returns
    -------
    list of ndarray, shape (K, K)
        On the scale of the group's size: its respondents, or the sum of their weights.

    Raises
    ------
    FitError
        When the data came as moments without fourth-order sums.
    """
    rows = sample.rows
    if rows is None:
        if sample.keeps_fourth:
            return fourth_gammas(sample.moments.groups, means=means, fixed_x=fixed_x)
        raise FitError(
            "robust tests and weights need rows, and the data are moments",
            fix="fit to the rows, make the moments of chunks with fourth=True, or use 'ML'",
        )
    if sample.incomplete is not None:
        raise FitError("fourth moments need complete rows, and some answers are missing", fix="use 'robust'")
    out = []
    for code, group in enumerate(sample.moments.groups):
        mask = rows.codes == code
        assert group.mean is not None  # noqa: S101 - moments of rows always have means
        products = row_products(rows.values[mask], group.mean, means=means)
        if fixed_x:
            products = products - _given_x(rows.values[mask] - group.mean, group.cov, fixed_x, means=means)
        weights = None if rows.weights is None else rows.weights[mask]
        clusters = None if sample.clusters is None else sample.clusters[mask]
        out.append(adf_gamma(products, weights, clusters) * group.n / group.size)
    return out


def _given_x(z: Array, cov: Array, fixed_x: tuple[int, ...], *, means: bool) -> Array:
    """Return the expectation of each row's moments given its covariates, up to a constant, shape (n, K)."""
    x = list(fixed_x)
    slopes = np.linalg.solve(cov[np.ix_(x, x)], cov[x])
    fitted = z[:, x] @ slopes
    return row_products(fitted, np.zeros(z.shape[1]), means=means)


def least_squares_weights(
    estimator: Estimator, sample: Sample, moments: Moments, *, means: bool
) -> tuple[Array, ...] | None:
    """Return each group's weight matrix; none for maximum likelihood.

    Parameters
    ----------
    estimator : Estimator
    sample : Sample
        Rows, for WLS and DWLS.
    moments : Moments
        With the divisor n − 1 that least squares use.
    means : bool
        Whether means are modelled.

    Returns
    -------
    tuple of ndarray, shapes (K, K), or (K,) for diagonal ones

    Raises
    ------
    FitError
        WLS with fewer rows than moments, or weights that cannot be had from moments alone.
    """
    kind = estimator.discrepancy
    if kind == "ML":
        return None
    if kind == "GLS":
        return tuple(normal_weight(g.cov, means=means) for g in moments.groups)
    p = len(moments.names)
    size = p * (p + 1) // 2 + (p if means else 0)
    if kind == "ULS":
        return tuple(np.ones(size) for _ in moments.groups)
    gammas = moment_gammas(sample, means=means)
    if kind == "DWLS":
        return tuple(1 / np.diagonal(gamma) for gamma in gammas)
    for group, gamma in zip(moments.groups, gammas, strict=True):
        if group.n <= size or np.linalg.matrix_rank(gamma) < size:
            place = f"group {group.label!r}: " if group.label else ""
            raise FitError(
                f"{place}WLS weighs {size} moments, and {group.n} rows cannot tell how they vary together",
                fix="use DWLS (estimator='WLSMV'), MLR, or many more respondents",
            )
    return tuple(np.linalg.inv(gamma) for gamma in gammas)
