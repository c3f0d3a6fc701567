"""Standard errors of one fitted shape: sandwich covariances on the tangent plane, and what follows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import stats

from satloyal.models.curves.data import CurveData
from satloyal.models.curves.shapes import Array, Shape

__all__ = ["Covariance", "Inference", "infer", "wald"]

Covariance = Literal["HC0", "HC1", "HC2", "HC3", "classical", "cluster"]

_ALONE = 1e-9  # 1 - leverage below this: the row determines a parameter by itself and has no residual


@dataclass(frozen=True, slots=True, eq=False)
class Inference:
    """Sampling error of (beta, psi).

    Parameters
    ----------
    vcov : ndarray, shape (p, p)
    df : float
        Degrees of freedom of t: effective n minus p, or clusters minus 1.
    leverage : ndarray, shape (n,)
        Tangent-plane leverage (St. Laurent & Cook 1992, JASA 87).
    cook : ndarray, shape (n,)
        Cook's distance (Cook 1977, Technometrics 19) on the tangent plane.
    """

    vcov: Array
    df: float
    leverage: Array
    cook: Array


def infer(shape: Shape, data: CurveData, beta: Array, psi: Array, kind: Covariance) -> Inference:
    """Return the covariance of (beta, psi) for the rows of ``data``.

    With J the gradients (n, p), e the residuals, W the weights, A = J'WJ and h_i = w_i J_i A⁻¹ J_i', the
    sandwich is A⁻¹ [Σ w_i² e_i² c_i J_i'J_i] A⁻¹ with c_i = 1 (HC0; White 1980), n/(n − p) (HC1), 1/(1 − h_i)
    (HC2), 1/(1 − h_i)² (HC3; MacKinnon & White 1985, J. Econometrics 29), and for clusters the sum of scores
    within each, times G/(G − 1) · (n − 1)/(n − p) (Liang & Zeger 1986). ``classical`` is s² A⁻¹.

    Parameters
    ----------
    shape : Shape
    data : CurveData
        n rows.
    beta : ndarray, shape (q,)
    psi : ndarray, shape (d,)
    kind : Covariance

    Returns
    -------
    Inference
    """
    gradient = shape.gradient(data.u, beta, psi, data.axis)
    e = data.y - shape.fitted(data.u, beta[None], psi[None], data.axis)[0]
    w, n, p = data.weight, data.n, shape.n_mean
    scaled = gradient * np.sqrt(w)[:, None]
    length = np.sqrt(np.sum(scaled**2, axis=0))
    q, r = np.linalg.qr(scaled / length)
    back = np.linalg.inv(r) / length[:, None]  # A⁻¹ = back back'
    leverage = np.sum(q**2, axis=1)
    score = q * (np.sqrt(w) * e)[:, None]  # (n, p), in the orthonormal frame
    left = 1.0 - leverage
    rest = np.where(left > _ALONE, left, np.nan)
    df = data.n_effective - p
    s2 = float(np.sum(w * e**2)) / (n - p) if n > p else np.nan
    if kind == "cluster":
        meat, df = _cluster_meat(score, data, p)
    elif kind == "classical":
        meat = s2 * np.eye(p)
    else:
        meat = (score * _leverage_factor(kind, rest, p)[:, None]).T @ score
    with np.errstate(divide="ignore", invalid="ignore"):
        cook = np.where(left > _ALONE, w * e**2 * leverage / (p * s2 * left**2), np.nan)
    return Inference(back @ meat @ back.T, df, leverage, cook)


def _leverage_factor(kind: Covariance, rest: Array, p: int) -> Array:
    """Return c_i of :func:`infer`, shape (n,)."""
    n = rest.size
    factors = {"HC0": np.ones(n), "HC1": np.full(n, n / (n - p)), "HC2": 1 / rest, "HC3": 1 / rest**2}
    return np.asarray(factors[kind])


def _cluster_meat(score: Array, data: CurveData, p: int) -> tuple[Array, float]:
    groups = data.cluster
    if groups is None:  # the door has refused this already
        raise ValueError("no clusters")
    count = int(groups.max()) + 1
    summed = np.zeros((count, score.shape[1]))
    np.add.at(summed, groups, score)
    return summed.T @ summed * (count / (count - 1)) * ((data.n - 1) / (data.n - p)), float(count - 1)


def wald(estimate: Array, se: Array, df: float, level: float) -> tuple[Array, Array]:
    """Return estimate ∓ t · se.

    Examples
    --------
    >>> low, high = wald(np.array([1.0]), np.array([0.5]), 1e9, 0.95)
    >>> [round(float(v[0]), 3) for v in (low, high)]
    [0.02, 1.98]
    """
    reach = stats.t.ppf(0.5 + level / 2, df) * se
    return np.asarray(estimate - reach), np.asarray(estimate + reach)
