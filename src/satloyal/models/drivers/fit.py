"""The door: ``fit_drivers``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from satloyal.core.moments import Moments
from satloyal.errors import FitError
from satloyal.models.drivers.data import DriverData, Scale, take
from satloyal.models.drivers.draws import draw, importance
from satloyal.models.drivers.result import DriversFit
from satloyal.models.drivers.shares import EXACT_DRIVERS, draw_orders, lmg, sampled_lmg
from satloyal.survey.survey import Survey

__all__ = ["fit_drivers"]

_METHODS = ("lmg", "relative_weights")
_NO_R2 = 1e-12
_DEFINITE = 1e-10


def fit_drivers(
    data: pd.DataFrame | Survey | Moments,
    outcome: str,
    drivers: Sequence[str],
    *,
    method: Literal["lmg", "relative_weights"] = "lmg",
    weights: str | ArrayLike | None = None,
    cluster: str | ArrayLike | None = None,
    scale: Scale | None = None,
    replicates: int = 1000,
    permutations: int = 1000,
    level: float = 0.95,
    seed: int = 1,
) -> DriversFit:
    """Share out the explained variance of an outcome among its drivers.

    LMG averages what each driver adds to R² over all orders of entry: the Shapley value, also called general
    dominance. Up to 20 drivers it is exact, from all subsets; beyond, orders are sampled in pairs of one and
    its reverse, and ``mc_error`` says how far off that is. Relative weights reach R² through the nearest
    orthogonal variables. Both sum to R². Standardised betas, zero-order correlations and squared semipartials
    stand beside them. None of these is the effect of changing a driver; that needs a causal model.

    Parameters
    ----------
    data : DataFrame, Survey or Moments
        Rows, or moments such as a published correlation matrix; of one group.
    outcome : str
    drivers : sequence of str
        Two or more columns; in a Survey also constructs, whose scores are used.
    method : {"lmg", "relative_weights"}
        Which importance gets ``est``, intervals and ranks; both are shown.
    weights : str or array_like, optional
        Sampling weights, a column or one a row; default the survey's weight column.
    cluster : str or array_like, optional
        Sampling clusters, which are then resampled as wholes.
    scale : (float, float) or mapping, optional
        Ends of the drivers' answer scales, for performance on 0 to 100; default the codebook's.
    replicates : int
        Resamples behind the intervals; 0 for none. Moments have no rows: matrices are simulated from a
        Wishart distribution with their n, as if answers were normal, and the notes say so.
    permutations : int
        Orders sampled where there are more than 20 drivers, an even number of at least 4.
    level : float
        Level of all intervals, which are percentile.
    seed : int
        Seed of resamples and orders; the same seed gives the same numbers.

    Returns
    -------
    DriversFit

    Raises
    ------
    FitError
        Unknown, repeated or constant variables, text or infinite values, perfectly collinear drivers, weights
        or clusters that cannot be used, moments of several groups, drivers that explain nothing at all,
        arguments out of range.

    Notes
    -----
    Time grows by two with each driver up to 20. Percentile intervals of a share near zero cannot reach it, as
    no share is negative.

    References
    ----------
    Lindeman, R. H., Merenda, P. F. & Gold, R. Z. (1980). *Introduction to Bivariate and Multivariate
    Analysis*. Scott, Foresman. Grömping, U. (2006). *J. Stat. Softw.* 17(1). Johnson, J. W. (2000).
    *Multivariate Behav. Res.* 35, 1-19. Azen, R. & Budescu, D. V. (2003). *Psychol. Methods* 8, 129-148.

    Examples
    --------
    >>> cor = [[1, 0.5, 0.6], [0.5, 1, 0.4], [0.6, 0.4, 1]]
    >>> moments = Moments.from_matrix(cor, 300, names=["Quality", "Price", "Satisfaction"], kind="cor")
    >>> fit = fit_drivers(moments, "Satisfaction", ["Quality", "Price"], replicates=200)
    >>> fit.params.round(3).to_dict()
    {'Quality': 0.287, 'Price': 0.087}
    """
    if method not in _METHODS:
        raise FitError(f"there is no method {method!r}", fix=f"use one of {', '.join(_METHODS)}")
    if not 0 < level < 1:
        raise FitError(f"level is {level}", fix="give the level of the intervals, such as 0.95")
    if replicates < 0 or replicates == 1:
        raise FitError(f"replicates is {replicates}", fix="ask for 0 (no intervals), or for 1,000 and more")
    if permutations < 4 or permutations % 2:
        raise FitError(f"permutations is {permutations}", fix="ask for an even number of at least 4")
    found = _simulable(take(data, outcome, drivers, weights=weights, cluster=cluster, scale=scale))
    cor = found.cor[None]
    r2 = float(cor[0, :-1, -1] @ np.linalg.solve(cor[0, :-1, :-1], cor[0, :-1, -1]))
    if r2 < _NO_R2:
        raise FitError(
            f"the drivers explain nothing of {outcome!r} (R² = {r2:.1g}), so there is nothing to share out",
            fix="check that outcome and drivers belong to the same respondents",
        )
    orders = None
    if len(found.drivers) > EXACT_DRIVERS:
        orders = draw_orders(len(found.drivers), permutations, seed)
        shares, error = (part[0] for part in sampled_lmg(cor, orders))
    else:
        shares, error = lmg(cor)[0], np.zeros(len(found.drivers))
    chosen = shares if method == "lmg" else importance(cor, method, orders)[0]
    draws = None if found.no_draws or not replicates else draw(found, method, orders, replicates, seed)
    return DriversFit(found, method, chosen, shares, error, orders, draws, level, seed)


def _simulable(data: DriverData) -> DriverData:
    """Say so where a matrix without rows is singular, as when the outcome is a sum of the drivers."""
    if data.rows is None and not data.no_draws and np.linalg.eigvalsh(data.cor).min() < _DEFINITE:
        return replace(data, no_draws="the matrix is singular, so none like it can be simulated")
    return data
