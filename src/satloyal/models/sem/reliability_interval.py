"""Standard errors and intervals of reliability and average variance extracted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import special

from satloyal.models.sem.constructs import MeasurementModel
from satloyal.models.sem.inference import complex_step

if TYPE_CHECKING:
    from satloyal.models.sem.bootstrap import Bootstrap
    from satloyal.models.sem.result import SemFit

__all__ = ["INTERVALS", "coefficient_values", "reliability_intervals"]

Array = NDArray[Any]

INTERVALS = ("omega", "omega_cat", "cr", "maximal", "ave")
"""Coefficients that have an interval."""

_BLOCK = 256  # replicates whose matrices are held at once


def coefficient_values(fit: SemFit, position: int, theta: Array) -> Array:
    """Return the coefficients of :data:`INTERVALS` of every construct of a group, as functions of θ.

    Parameters
    ----------
    fit : SemFit
    position : int
        Of the group, from 0.
    theta : ndarray, shape (B, q), real or complex

    Returns
    -------
    ndarray, shape (B, constructs × coefficients)
        Constructs one after another.

    Examples
    --------
    >>> import satloyal as sl
    >>> R = [[1, .64, .64], [.64, 1, .64], [.64, .64, 1]]
    >>> moments = sl.Moments.from_matrix(R, 300, names=["S1", "S2", "S3"], kind="cor")
    >>> fit = sl.fit_sem("SAT =~ S1 + S2 + S3", moments)
    >>> coefficient_values(fit, 0, fit.theta[None]).round(3).tolist()  # omega_cat is for ordinal items
    [[0.842, nan, 0.842, 0.842, 0.64]]
    """
    out = []
    for start in range(0, len(theta), _BLOCK):
        model = MeasurementModel.of(fit, position, theta[start : start + _BLOCK])
        found = [model.coefficients(construct) for construct in model.constructs]
        columns = [values[name] for values in found for name in INTERVALS]
        out.append(np.stack(columns, axis=1) if columns else np.zeros((len(model.P), 0)))
    return np.concatenate(out) if out else np.zeros((0, 0))


def reliability_intervals(
    fit: SemFit, position: int, level: float, boot: Bootstrap | None = None
) -> list[dict[str, float]]:
    r"""Return standard errors and intervals of a group's coefficients.

    By the delta method :math:`\mathrm{se}^2 = J V J^\top` with derivatives J by a complex step through θ, and
    the interval on the logistic scale, so that it stays between 0 and 1:

    .. math:: \operatorname{logit}^{-1}\left(\operatorname{logit} r \pm z\,\frac{\mathrm{se}}{r(1-r)}\right)

    With a bootstrap of the fit: the standard deviation of the replicates and its intervals (BCa).

    Parameters
    ----------
    fit : SemFit
    position : int
        Of the group, from 0.
    level : float
        Of the delta-method interval; a bootstrap has a level of its own.
    boot : Bootstrap, optional
        Of the same fit.

    Returns
    -------
    list of dict, one a construct
        ``omega_se, omega_lower, omega_upper`` and so on for :data:`INTERVALS`. NaN where the coefficient or
        the covariance matrix of the estimates is not defined, and the delta interval also where a coefficient
        is not between 0 and 1.

    References
    ----------
    Raykov, T. (2002). Analytic estimation of standard error and confidence interval for scale reliability.
    Multivariate Behavioral Research, 37, 89-103. Logistic scale: Kelley, K., & Pornprasertmanit, S. (2016).
    Confidence intervals for population reliability coefficients. Psychological Methods, 21, 69-92.

    Examples
    --------
    >>> import satloyal as sl
    >>> R = [[1, .64, .64], [.64, 1, .64], [.64, .64, 1]]
    >>> moments = sl.Moments.from_matrix(R, 300, names=["S1", "S2", "S3"], kind="cor")
    >>> (found,) = reliability_intervals(sl.fit_sem("SAT =~ S1 + S2 + S3", moments), 0, 0.95)
    >>> [round(found[name], 3) for name in ("omega_se", "omega_lower", "omega_upper")]
    [0.016, 0.809, 0.871]
    """

    def function(theta: Array) -> Array:
        return coefficient_values(fit, position, theta)

    count = len(MeasurementModel.of(fit, position, fit.theta).constructs) * len(INTERVALS)
    if not fit.converged or not count:
        table = pd.DataFrame(np.nan, index=range(count), columns=["se", "ci_lower", "ci_upper"])
    elif boot is not None:
        table = boot.intervals(function)
    else:
        table = _delta(function(fit.theta[None])[0], complex_step(function, fit.theta), fit.vcov, level)
    out = []
    for start in range(0, count, len(INTERVALS)):
        named: dict[str, float] = {}
        for offset, name in enumerate(INTERVALS):
            row = table.iloc[start + offset]
            named |= {
                f"{name}_se": float(row["se"]),
                f"{name}_lower": float(row["ci_lower"]),
                f"{name}_upper": float(row["ci_upper"]),
            }
        out.append(named)
    return out


def _delta(estimate: Array, jacobian: Array, vcov: Array, level: float) -> pd.DataFrame:
    known = np.isfinite(estimate) & np.isfinite(jacobian).all(axis=1)
    J = np.where(known[:, None], jacobian, 0.0)
    variance = np.einsum("kq,qr,kr->k", J, vcov, J)
    se = np.sqrt(np.where(known & (variance > 0), variance, np.nan))
    inside = np.where((estimate > 0) & (estimate < 1), estimate, np.nan)
    reach = special.ndtri(0.5 + level / 2) * se / (inside * (1 - inside))
    centre = special.logit(inside)
    return pd.DataFrame(
        {"se": se, "ci_lower": special.expit(centre - reach), "ci_upper": special.expit(centre + reach)}
    )
