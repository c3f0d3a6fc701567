"""Root mean squared residuals with their standard errors, unbiased versions, intervals and tests."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import special

from satloyal.errors import FitError
from satloyal.models.sem.residual_spread import Spread
from satloyal.models.sem.residual_vector import ResidualVector

if TYPE_CHECKING:
    from satloyal.models.sem.result import SemFit

__all__ = ["residual_summary"]

Array = NDArray[Any]
SummaryKind = Literal["bentler", "cor", "raw"]

_MEASURE = {"raw": "rmr", "bentler": "srmr", "cor": "crmr"}
_COLUMNS = (
    "measure", "group", "part", "count", "value", "se", "exact_z", "exact_pvalue", "unbiased", "unbiased_se",
    "ci_lower", "ci_upper", "close_h0", "close_z", "close_pvalue",
)  # fmt: skip
_NONE = 1e-12  # size of squared residuals, relative to the largest there could be, that is rounding


def residual_summary(
    fit: SemFit, kind: SummaryKind = "bentler", *, level: float = 0.90, close: float = 0.05
) -> pd.DataFrame:
    """Summarise residuals by their root mean square, as it is and without bias.

    The root mean square of a sample's residuals is above that of the population's, the more the smaller the
    sample. Its unbiased version estimates the latter, with an interval: how far correlations are off on
    average, in a number that does not grow or shrink with the sample.

    Parameters
    ----------
    kind : {"bentler", "cor", "raw"}
        Which residuals: SRMR, of covariances over the sample's standard deviations; CRMR, of correlations;
        or RMR, of covariances in the units of the data.
    level : float
        Of the interval of the unbiased version.
    close : float
        The size up to which misfit counts as small, for the test of close fit.

    Returns
    -------
    DataFrame
        One row a group and part (``"cov"``, ``"mean"``, ``"thresholds"``, ``"slopes"`` on given covariates in
        their units, ``"total"`` without those): ``measure``;
        ``count``, how many residuals; ``value``; ``se``, its standard error if the model were exact, with
        ``exact_z, exact_pvalue``; ``unbiased, unbiased_se, ci_lower, ci_upper``; and the one-sided test that
        it is at most ``close_h0``: ``close_z, close_pvalue``. NaN where residuals are nil by construction,
        and throughout where the fit did not converge. Variances of latent responses have no residual, but
        count in SRMR and RMR, as in :meth:`glance`.

    Raises
    ------
    FitError
        An argument has no such value, or the spread of the moments is not known.

    Notes
    -----
    With e the residuals, Ξ their covariance matrix and t their number: SRMR = √(eᵀe/t), exact fit: mean
    √(tr Ξ/t)(1 − tr Ξ²/(4 (tr Ξ)²)) and variance tr Ξ²/(2 t tr Ξ); unbiased
    √(max(eᵀe − tr Ξ, 0)/t)/k with k = 1 − (tr Ξ² + 2eᵀΞe)/(4 (eᵀe)²) and variance
    (tr Ξ² + 2eᵀΞe)/(2 t eᵀe k²) (Maydeu-Olivares 2017, *Psychometrika* 82:533-558).

    Examples
    --------
    >>> import satloyal as sl
    >>> survey = sl.load_sample("simulated_retail")
    >>> fit = sl.fit_sem("Satisfaction =~ SAT1 + SAT2 + SAT3; Trust =~ TRU1 + TRU2 + TRU3", survey)
    >>> row = fit.residual_summary().iloc[0]
    >>> row["measure"], bool(row["unbiased"] <= row["value"])
    ('srmr', True)
    """
    if kind not in get_args(SummaryKind):
        choices = ", ".join(repr(k) for k in get_args(SummaryKind))
        raise FitError(f"kind is {kind!r}", where="residual_summary", fix=f"use one of {choices}")
    if not 0 < level < 1 or not close > 0:
        raise FitError(
            f"level is {level!r} and close is {close!r}", where="residual_summary",
            fix="give a level between 0 and 1, and a size above 0",
        )  # fmt: skip
    spread = Spread.of(fit) if fit.converged else None
    out = []
    for number in range(fit.ngroups):
        vector = ResidualVector.of(fit, number)
        residual, turn = vector.scaled(kind)
        covariance = None if spread is None else turn @ spread.covariance(number) @ turn.T
        for part, which in _parts(vector, kind):
            count = int(which.sum()) + _implicit(vector, kind, part)
            row: dict[str, Any] = {
                "measure": _MEASURE[kind],
                "group": number + 1,
                "part": part,
                "count": count,
            }
            if covariance is not None:
                row |= _summary(residual[which], covariance[np.ix_(which, which)], count, level, close)
            out.append(row | {"close_h0": close})
    return pd.DataFrame(out, columns=list(_COLUMNS))


def _parts(vector: ResidualVector, kind: str) -> list[tuple[str, Array]]:
    """Return which residuals belong to each part; variances have none among correlations."""
    pair = vector.pair & (vector.low != vector.high) if kind == "cor" else vector.pair
    parts = [("cov", pair)]
    if vector.mean.any():
        parts.append(("mean", vector.mean))
    if vector.cut.any():
        parts.append(("thresholds", vector.cut))
    if vector.slope.any():
        parts.append(("slopes", vector.slope))
    if len(parts) > 1:
        parts.append(("total", np.logical_or.reduce([which for name, which in parts if name != "slopes"])))
    return parts


def _implicit(vector: ResidualVector, kind: str, part: str) -> int:
    """How many variances are one by definition, and counted though they have no residual."""
    return int(vector.ordered.sum()) if kind != "cor" and part in ("cov", "total") else 0


def _summary(e: Array, spread: Array, count: int, level: float, close: float) -> dict[str, float]:
    """Return the figures of one part by name; those that do not exist are left out."""
    size, first, second = float(e @ e), float(np.trace(spread)), float(np.sum(spread * spread))
    value = math.sqrt(size / count)
    if not first > _NONE or size <= _NONE * first:
        return {"value": value}
    expected = math.sqrt(first / count) * (1 - second / (4 * first**2))
    se = math.sqrt(second / (2 * count * first))
    exact = (value - expected) / se
    curved = second + 2 * float(e @ spread @ e)
    k = 1 - curved / (4 * size**2)
    unbiased = math.sqrt(max(size - first, 0.0) / count) / k
    own = math.sqrt(curved / (2 * count * size)) / k
    reach = float(special.ndtri((1 + level) / 2)) * own
    z = (unbiased - close) / own
    return {
        "value": value, "se": se, "exact_z": exact, "exact_pvalue": float(special.ndtr(-exact)),
        "unbiased": unbiased, "unbiased_se": own, "ci_lower": max(unbiased - reach, 0.0),
        "ci_upper": unbiased + reach, "close_z": z, "close_pvalue": float(special.ndtr(-z)),
    }  # fmt: skip
