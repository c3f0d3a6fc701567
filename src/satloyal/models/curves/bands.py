"""Tables of one shape: its parameters, its curve with bands, and the points it is drawn through."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import stats

from satloyal.models.curves.data import CurveData
from satloyal.models.curves.estimate import ShapeFit
from satloyal.models.curves.inference import wald
from satloyal.models.curves.shapes import Array

__all__ = ["CURVE_COLUMNS", "curve", "grid", "parameters", "points"]

CURVE_COLUMNS = ("x", "fit", "ci_lower", "ci_upper", "marginal", "marginal_lower", "marginal_upper")
_GRID = 101


def parameters(fit: ShapeFit, level: float) -> pd.DataFrame:
    """Return the rows of ``tidy()`` for one shape."""
    shape = fit.shape
    est, se = fit.theta, np.sqrt(np.diag(fit.theta_vcov))
    df = np.nan if fit.inference is None else fit.inference.df
    low, high = wald(est, se, df, level)
    for j in shape.rates:
        low[j], high[j] = np.exp(wald(np.log(est[j]), se[j] / est[j], df, level))
    testable = np.array([j not in (*shape.rates, *shape.places) for j in range(est.size)])
    with np.errstate(divide="ignore", invalid="ignore"):
        statistic = np.where(testable, est / se, np.nan)
    return pd.DataFrame(
        {
            "shape": shape.name,
            "term": list(shape.terms),
            "est": est,
            "se": se,
            "statistic": statistic,
            "pvalue": 2 * stats.t.sf(np.abs(statistic), df),
            "ci_lower": low,
            "ci_upper": high,
        }
    )


def grid(data: CurveData, at: ArrayLike | None) -> Array:
    """Return the x to draw at; NaN outside the observed range stays to be seen as such."""
    if at is None:
        return np.linspace(data.x.min(), data.x.max(), _GRID)
    return np.atleast_1d(np.asarray(at, dtype=float)).ravel()


def curve(fit: ShapeFit, data: CurveData, level: float, at: ArrayLike | None) -> pd.DataFrame:
    """Return the curve and its marginal effect with delta bands: se² = g'Vg, g the gradient."""
    x = grid(data, at)
    out = pd.DataFrame(np.nan, index=range(x.size), columns=list(CURVE_COLUMNS))
    out["x"] = x
    seen = (x >= data.x.min()) & (x <= data.x.max())
    if fit.inference is None or not seen.any():
        return out
    u, axis, shape = data.axis.unit(x[seen]), data.axis, fit.shape
    value = shape.fitted(u, fit.beta[None], fit.psi[None], axis)[0]
    slope = shape.slope(u, fit.beta[None], fit.psi[None], axis)[0]
    vcov, df = fit.inference.vcov, fit.inference.df
    columns = [value, *wald(value, _delta(shape.gradient(u, fit.beta, fit.psi, axis), vcov), df, level)]
    columns += [
        slope,
        *wald(slope, _delta(shape.slope_gradient(u, fit.beta, fit.psi, axis), vcov), df, level),
    ]
    out.loc[seen, list(CURVE_COLUMNS[1:])] = np.column_stack(columns)
    return out


def _delta(gradient: Array, vcov: Array) -> Array:
    return np.asarray(np.sqrt(np.maximum(np.einsum("ap,pq,aq->a", gradient, vcov, gradient), 0.0)))


def points(data: CurveData, bins: int) -> pd.DataFrame:
    """Return weighted means of y by distinct x, or by equal bins where there are more than ``bins``."""
    _, group = np.unique(data.x, return_inverse=True)
    if group.max() + 1 > bins:
        group = np.minimum((data.u * bins).astype(int), bins - 1)
    rows = pd.DataFrame(
        {"g": group, "wx": data.weight * data.x, "wy": data.weight * data.y, "w": data.weight}
    )
    sums = rows.groupby("g").agg(wx=("wx", "sum"), wy=("wy", "sum"), w=("w", "sum"), n=("w", "size"))
    return pd.DataFrame(
        {
            "x": (sums["wx"] / sums["w"]).to_numpy(),
            "y": (sums["wy"] / sums["w"]).to_numpy(),
            "n": sums["n"].to_numpy(),
            "weight": (sums["w"] / data.weight.sum()).to_numpy(),
        }
    )
