"""One shape fitted to all rows: estimates, covariance, and whether they may be used."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from satloyal.models.curves.data import CurveData
from satloyal.models.curves.inference import Covariance, Inference, infer
from satloyal.models.curves.shapes import Array, Shape
from satloyal.models.curves.solve import Cells, Solution, solve

__all__ = ["EXACT", "ShapeFit", "aicc", "estimate_shape", "search_box"]

EXACT = 1e-20  # residual share of the total sum of squares that is rounding, not misfit
_VAGUE = float(np.log(10.0) / 2)  # standard error of a log rate: its 95 % interval spans a factor of 100


@dataclass(frozen=True, slots=True, eq=False)
class ShapeFit:
    """What became of one shape.

    Parameters
    ----------
    shape : Shape
    reason : str
        Why its numbers may not be used; empty when they may.
    beta, psi : ndarray
        Internal parameters; NaN when not usable.
    theta, theta_vcov : ndarray, shape (p,), (p, p)
        The parameters named by ``shape.terms`` and their covariance.
    inference : Inference, optional
    box : ndarray, shape (d, 2)
    rss, sigma2, r2, aicc : float
        Weighted residual sum of squares (weights of mean 1), its share per row, R² and AICc.
    iterations : int
    """

    shape: Shape
    reason: str
    beta: Array
    psi: Array
    theta: Array
    theta_vcov: Array
    inference: Inference | None
    box: Array
    rss: float
    sigma2: float
    r2: float
    aicc: float
    iterations: int

    @property
    def usable(self) -> bool:
        """Whether the shape converged, is identified and has finite standard errors."""
        return not self.reason

    @property
    def k(self) -> int:
        """Number of parameters, the residual variance included."""
        return self.shape.n_mean + 1


def aicc(sigma2: float, n: float, k: int) -> float:
    """Return the corrected Akaike information criterion of a Gaussian regression.

    AICc = n (ln 2πσ̂² + 1) + 2k + 2k(k + 1)/(n − k − 1), k counting σ (Hurvich & Tsai 1989, Biometrika 76;
    Burnham & Anderson 2002, equation 2.4). Under sampling weights n is Kish's effective size.

    Examples
    --------
    >>> round(aicc(1.0, 100, 3), 4)
    290.0377
    """
    return float(n * (np.log(2 * np.pi * sigma2) + 1) + 2 * k + 2 * k * (k + 1) / (n - k - 1))


def search_box(shape: Shape, data: CurveData) -> tuple[Array, str]:
    """Return the box of psi, shape (d, 2), or why the data cannot carry the shape."""
    distinct, where = np.unique(data.u, return_inverse=True)
    need = 2 if shape.name == "linear" else shape.n_mean + 1
    none = np.zeros((shape.n_psi, 2))
    if distinct.size < need:
        return none, f"{distinct.size} distinct values of x; this shape needs {need}"
    if data.n_effective <= shape.n_mean + 2:
        return none, f"{data.n_effective:.1f} (effective) rows; this shape needs more than {shape.n_mean + 2}"
    box = shape.bounds(distinct, np.bincount(where, weights=data.weight), data.axis)
    if np.any(box[:, 0] >= box[:, 1]):
        return none, "x is too concentrated: no room with at least 5 % of the people on either side"
    return box, ""


def estimate_shape(shape: Shape, data: CurveData, kind: Covariance) -> ShapeFit:
    """Fit one shape to all rows; a shape that cannot be used is a value with its reason."""
    box, reason = search_box(shape, data)
    if reason:
        return _unusable(shape, reason, box)
    cells = Cells.gather(data.u, data.y, data.weight[None])
    solution = solve(shape, cells, data.axis, box)
    reason = _trouble(shape, solution)
    if reason:
        return _unusable(shape, reason, box, solution.iterations)
    beta, psi = solution.beta[0], solution.psi[0]
    try:
        inference = infer(shape, data, beta, psi, kind)
    except np.linalg.LinAlgError:
        return _unusable(shape, "its parameters cannot be told apart (singular Jacobian)", box)
    theta, jacobian = (part[0] for part in shape.raw(solution.beta, solution.psi, data.axis))
    vcov = jacobian @ inference.vcov @ jacobian.T
    reason = _vague(shape, inference)
    if reason:
        return _unusable(shape, reason, box, solution.iterations)
    e = data.y - shape.fitted(data.u, beta[None], psi[None], data.axis)[0]
    rss = float(np.sum(data.weight * e**2))
    centre = np.average(data.y, weights=data.weight)
    tss = float(np.sum(data.weight * (data.y - centre) ** 2))
    sigma2 = max(rss, EXACT * tss) / data.n
    figure = aicc(sigma2, data.n_effective, shape.n_mean + 1)
    return ShapeFit(
        shape,
        "",
        beta,
        psi,
        theta,
        vcov,
        inference,
        box,
        rss,
        sigma2,
        1 - rss / tss,
        figure,
        solution.iterations,
    )


def _trouble(shape: Shape, solution: Solution) -> str:
    bound = int(solution.bound[0])
    if not np.isfinite(solution.beta[0]).all():
        return "its columns are collinear on these x"
    if bound:
        return shape.at_bounds[abs(bound) - 1][bound > 0]
    if not solution.converged[0]:
        return f"no solution after {solution.iterations} steps"
    return ""


def _vague(shape: Shape, inference: Inference) -> str:
    variance = np.diag(inference.vcov)
    if not (np.isfinite(variance).all() and (variance >= 0).all()):
        return "a standard error is not finite: single rows determine a parameter alone"
    spread = np.sqrt(variance[shape.n_linear : shape.n_linear + len(shape.rates)])
    if (spread > _VAGUE).any():
        return "its rate is not determined: the 95 % interval spans more than a factor of 100"
    return ""


def _unusable(shape: Shape, reason: str, box: Array, iterations: int = 0) -> ShapeFit:
    def nan(*size: int) -> Array:
        return np.full(size, np.nan)

    p = shape.n_mean
    empty = float("nan")
    return ShapeFit(
        shape,
        reason,
        nan(shape.n_linear),
        nan(shape.n_psi),
        nan(p),
        nan(p, p),
        None,
        box,
        empty,
        empty,
        empty,
        empty,
        iterations,
    )
