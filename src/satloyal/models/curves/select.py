"""Which shape the data support: cross-validation, AICc, and the rule that favours the simpler curve."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from satloyal.models.curves.data import CurveData
from satloyal.models.curves.estimate import ShapeFit
from satloyal.models.curves.shapes import Array
from satloyal.models.curves.solve import Cells, solve

__all__ = ["RULE", "WORTH", "Selection", "assign_folds", "cross_validate", "select"]

WORTH = 2.0  # ΔAICc below which two models have about equal support (Burnham & Anderson 2002, section 2.6)

_TIE = 1e-9  # relative difference of errors that is rounding: two shapes that draw the same curve

RULE = (
    "the simplest shape whose cross-validated error lies within one standard error (paired over the same "
    "rows) of the lowest; at equal size the line first; a curve only if its AICc is lower than the line's by "
    "2 or more"
)


@dataclass(frozen=True, slots=True, eq=False)
class Selection:
    """The comparison and its outcome.

    Parameters
    ----------
    best : str or None
        Name of the selected shape; None when no shape is usable.
    by_error : str or None
        What cross-validation alone would select, before the AICc condition.
    table : DataFrame
        One row a shape, the columns of ``CurveFit.comparison``.
    rival : str or None
        The usable curve with the lowest AICc.
    nonlinear_gain : float
        AICc of the line minus that of the rival; NaN without both.
    """

    best: str | None
    by_error: str | None
    table: pd.DataFrame
    rival: str | None
    nonlinear_gain: float


def assign_folds(data: CurveData, folds: int, seed: int) -> Array:
    """Return the fold (n,) of each row.

    Rows are ordered by (x, y, weight) and each run of ``folds`` neighbours is spread over all folds at
    random, so that every fold sees the whole scale and the order of the rows does not matter. Clusters stay
    together.
    """
    rng = np.random.default_rng(seed)
    if data.cluster is not None:
        count = int(data.cluster.max()) + 1
        by_cluster = rng.permutation(np.arange(count) % folds)
        return np.asarray(by_cluster[data.cluster])
    order = np.lexsort((data.weight, data.y, data.x))
    blocks = -(-data.n // folds)
    deal = rng.permuted(np.tile(np.arange(folds), (blocks, 1)), axis=1).ravel()[: data.n]
    out = np.empty(data.n, dtype=int)
    out[order] = deal
    return out


def cross_validate(fit: ShapeFit, data: CurveData, fold: Array) -> Array:
    """Return the squared error (n,) of predicting each row from the other folds; all folds are one batch."""
    folds = int(fold.max()) + 1
    training = data.weight * (fold != np.arange(folds)[:, None])
    cells = Cells.gather(data.u, data.y, training)
    solution = solve(fit.shape, cells, data.axis, fit.box)
    predicted = fit.shape.fitted(data.u, solution.beta, solution.psi, data.axis)
    errors: Array = (data.y - predicted[fold, np.arange(data.n)]) ** 2
    return errors


def select(fits: Sequence[ShapeFit], data: CurveData, fold: Array) -> Selection:
    """Compare the shapes and choose one by :data:`RULE`."""
    squared = np.array([cross_validate(f, data, fold) if f.usable else np.full(data.n, np.nan) for f in fits])
    mean = np.average(squared, axis=1, weights=data.weight)
    rmse = np.sqrt(mean)
    with np.errstate(divide="ignore", invalid="ignore"):
        influence = np.where(rmse[:, None] > 0, (squared - mean[:, None]) / (2 * rmse[:, None]), squared)
    table = pd.DataFrame(
        {
            "shape": [f.shape.name for f in fits],
            "k": [f.k for f in fits],
            "aicc": [f.aicc for f in fits],
            "delta": np.nan,
            "weight": np.nan,
            "cv_rmse": rmse,
            "cv_se": [_se(row, data) for row in influence],
            "r2": [f.r2 for f in fits],
            "converged": [f.usable for f in fits],
            "reason": [f.reason for f in fits],
            "cv_diff": np.nan,
            "cv_diff_se": np.nan,
        }
    )
    usable = table["converged"].to_numpy(dtype=bool) & np.isfinite(rmse)
    lost = table["converged"].to_numpy(dtype=bool) & ~usable
    table.loc[lost, "reason"] = "cannot be selected: without one of the folds it cannot be fitted"
    if not usable.any():
        return Selection(None, None, table, None, float("nan"))
    _add_akaike(table)
    lowest = int(np.nanargmin(np.where(usable, rmse, np.nan)))
    table["cv_diff"] = rmse - rmse[lowest]
    table["cv_diff_se"] = [_se(row - influence[lowest], data) for row in influence]
    by_error, best = _choose(table, usable)
    return Selection(best, by_error, table, *_rival(table))


def _se(influence: Array, data: CurveData) -> float:
    """Return the standard error of a weighted mean of ``influence`` (n,), summed within clusters first."""
    part = data.weight * (influence - np.average(influence, weights=data.weight))
    if data.cluster is not None:
        part = np.bincount(data.cluster, weights=part)
    return float(np.sqrt(np.sum(part**2) * part.size / max(part.size - 1, 1)) / data.weight.sum())


def _add_akaike(table: pd.DataFrame) -> None:
    """Fill in ΔAICc and Akaike weights exp(−Δ/2)/Σ (Burnham & Anderson 2002, section 2.9)."""
    delta = table["aicc"] - table["aicc"].min()
    likelihood = np.exp(-delta / 2)
    table["delta"], table["weight"] = delta, likelihood / likelihood.sum()


def _choose(table: pd.DataFrame, usable: Array) -> tuple[str, str]:
    reach = table["cv_diff_se"].fillna(0) + _TIE * table["cv_rmse"]
    near = table[usable & (table["cv_diff"] <= reach).to_numpy()]
    if (near["shape"] == "linear").any():
        return "linear", "linear"
    smallest = near[near["k"] == near["k"].min()]
    by_error = str(smallest.loc[smallest["cv_rmse"].idxmin(), "shape"])
    line = table[(table["shape"] == "linear") & usable]
    chosen = table.loc[table["shape"] == by_error, "aicc"].iloc[0]
    if len(line) and float(line["aicc"].iloc[0]) - float(chosen) < WORTH:
        return by_error, "linear"
    return by_error, by_error


def _rival(table: pd.DataFrame) -> tuple[str | None, float]:
    by_shape = table.set_index("shape")["aicc"].dropna()
    curves = by_shape.drop("linear", errors="ignore")
    if curves.empty:
        return None, float("nan")
    rival = str(curves.idxmin())
    return rival, float(by_shape["linear"] - curves.min()) if "linear" in by_shape else float("nan")
