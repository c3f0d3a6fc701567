"""The door: ``fit_curve``."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
from numpy.typing import ArrayLike

from satloyal.models.curves.data import take
from satloyal.models.curves.inference import Covariance
from satloyal.models.curves.options import CurveOptions
from satloyal.models.curves.result import CurveFit, assemble
from satloyal.survey.survey import Survey

__all__ = ["fit_curve"]


def fit_curve(
    data: pd.DataFrame | Survey,
    x: str,
    y: str,
    *,
    shapes: Sequence[str] = ("linear", "quadratic", "logarithmic", "saturating", "logistic"),
    weights: str | ArrayLike | None = None,
    cluster: str | ArrayLike | None = None,
    low: float | None = None,
    covariance: Covariance | None = None,
    level: float = 0.95,
    folds: int = 10,
    seed: int = 1,
) -> CurveFit:
    """Fit and compare response curves of an outcome on satisfaction.

    ===========  ==============================================  ===========================================
    shape        curve                                           terms
    ===========  ==============================================  ===========================================
    linear       a + b x                                         intercept, x
    quadratic    a + b x + c x²                                  intercept, x, x^2
    logarithmic  a + b ln(x − low + 1)                           intercept, log
    saturating   a + b (1 − exp(−c (x − x₀))), c > 0             start (a), rise (b), rate (c)
    logistic     L + (R − L) / (1 + exp(−k (x − m))), k > 0      left (L), right (R), rate (k), inflection (m)
    ===========  ==============================================  ===========================================

    The logarithm counts scale points from the bottom ``low`` of the scale, so it does not depend on where the
    scale starts (on 1-5, 1-7 and 1-10 it is plain ln x), but on what one point is. x₀ is the smallest
    observed x, so that a is a level that was seen. Levels of the saturating and logistic curves are free, so
    outcomes need not be bounded; the rate must lie where it can be told from a line and from a step, the
    inflection between the 5th and 95th percentile of x with at least two distinct answers on each side. A
    shape at such a bound, without finite standard errors, or whose rate is known to no better than a factor
    of 100 is not identified: it has no numbers and never wins.

    Estimation is (weighted) least squares: variable projection from a full grid of starts (Golub & Pereyra
    1973).

    Parameters
    ----------
    data : DataFrame or Survey
        Rows of answers.
    x, y : str
        Columns; in a Survey also constructs, whose scores are used.
    shapes : sequence of str
        Which to fit; keep ``"linear"`` among them to have nonlinearity judged.
    weights : str or array_like, optional
        Sampling weights, a column or one a row; default the survey's weight column. To ignore that, pass
        ``survey.frame``.
    cluster : str or array_like, optional
        Sampling clusters: standard errors, folds and bootstrap then keep clusters together.
    low : float, optional
        Bottom of the answer scale of x; default the codebook's, else the smallest observed x.
    covariance : {"HC3", "HC0", "HC1", "HC2", "classical"}, optional
        Kind of standard errors; default HC3, or cluster-robust where there are clusters.
    level : float
        Level of all intervals.
    folds : int
        Number of cross-validation folds.
    seed : int
        Seed of the folds.

    Returns
    -------
    CurveFit

    Raises
    ------
    FitError
        Unknown or duplicated names, text or infinite values, unusable weights, a constant x or y, fewer than
        five complete rows, arguments out of range.

    References
    ----------
    Burnham, K. P. & Anderson, D. R. (2002). *Model Selection and Multimodel Inference*, 2nd ed. Springer.
    Hastie, T., Tibshirani, R. & Friedman, J. (2009). *The Elements of Statistical Learning*, section 7.10.
    MacKinnon, J. G. & White, H. (1985). J. Econometrics 29, 305-325.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(2)
    >>> satisfaction = rng.integers(1, 11, 400)
    >>> loyalty = 2 + 3 * np.log(satisfaction) + rng.normal(0, 1, 400)
    >>> fit = fit_curve(pd.DataFrame({"SAT": satisfaction, "LOY": loyalty}), "SAT", "LOY", low=1)
    >>> fit.best
    'logarithmic'
    >>> fit.params["logarithmic"].round(1).to_dict()
    {'intercept': 1.9, 'log': 3.0}
    >>> fit.returns().verdict
    'supported'
    """
    found = take(data, x, y, weights=weights, cluster=cluster, low=low)
    if covariance is None:
        covariance = "HC3" if found.cluster is None else "cluster"
    return assemble(found, CurveOptions(tuple(shapes), level, folds, seed, covariance))
