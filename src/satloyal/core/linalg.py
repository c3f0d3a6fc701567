"""Linear algebra over a leading batch dimension, with failure as a flag and not an exception."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["inverse_or_nan", "logdet_or_flag", "smallest_eigenvalue", "solve_symmetric", "vech_indices"]

Array = NDArray[Any]

_ROUNDING = 1e-13  # pivot, relative to its diagonal entry, that double precision cannot tell from zero
_RIDGE = (
    1e-11  # relative to the diagonal: keeps a singular system solvable, far below any tolerance we report
)


def logdet_or_flag(matrices: Array) -> tuple[Array, Array]:
    """Log determinants of a batch of symmetric matrices, and which are positive definite.

    Parameters
    ----------
    matrices : ndarray, shape (B, p, p)

    Returns
    -------
    logdet : ndarray, shape (B,)
        Zero where a matrix is not positive definite.
    ok : ndarray of bool, shape (B,)
        Whether each matrix is finite and positive definite beyond rounding: a pivot that is rounding of
        zero would make an inverse out of noise, or none.

    Examples
    --------
    >>> logdet, ok = logdet_or_flag(np.array([[[1.0, 0.0], [0.0, 1.0]], [[1.0, 2.0], [2.0, 1.0]]]))
    >>> logdet.tolist(), ok.tolist()
    ([0.0, 0.0], [True, False])
    """
    diagonal = np.diagonal(matrices, axis1=1, axis2=2)
    try:
        factors = np.linalg.cholesky(matrices)
        pivots = np.diagonal(factors, axis1=1, axis2=2) ** 2
        logdet: Array = np.log(pivots).sum(axis=1)
        if (pivots > _ROUNDING * diagonal).all() and np.isfinite(logdet).all():
            return logdet, np.ones(len(matrices), dtype=bool)
    except np.linalg.LinAlgError:
        pivots = _pivots(matrices)
    with np.errstate(invalid="ignore"):
        ok = np.asarray((pivots > _ROUNDING * np.abs(diagonal)).all(axis=1) & np.isfinite(pivots).all(axis=1))
    return np.log(np.where(ok[:, None], pivots, 1.0)).sum(axis=1), ok


def _pivots(matrices: Array) -> Array:
    """Pivots of Gaussian elimination without exchanges, shape (B, p): all positive for a definite matrix."""
    rest = matrices.copy()
    size = rest.shape[-1]
    pivots = np.full(rest.shape[:2], np.nan)
    for j in range(size):
        pivots[:, j] = rest[:, j, j]
        with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
            column = rest[:, j + 1 :, j] / rest[:, j, j, None]
            rest[:, j + 1 :, j + 1 :] -= column[:, :, None] * rest[:, None, j, j + 1 :]
    return pivots


def inverse_or_nan(matrices: Array) -> Array:
    """Invert a batch of square matrices, shape (B, k, k); NaN where one is singular or not finite.

    Examples
    --------
    >>> inverse_or_nan(np.array([[[2.0]], [[0.0]]])).ravel().tolist()
    [0.5, nan]
    """
    try:
        return np.asarray(np.linalg.inv(matrices))
    except np.linalg.LinAlgError:
        out = np.full_like(matrices, np.nan)
        for b, matrix in enumerate(matrices):
            if np.isfinite(matrix).all() and np.linalg.matrix_rank(matrix) == len(matrix):
                out[b] = np.linalg.inv(matrix)
        return out


def solve_symmetric(matrices: Array, vectors: Array) -> Array:
    """Solve ``matrices @ x = vectors`` for a batch.

    A relative ridge far below reporting precision keeps exactly singular systems solvable, so that an
    unidentified model is diagnosed by its information matrix and not by a crash.

    Parameters
    ----------
    matrices : ndarray, shape (B, q, q)
    vectors : ndarray, shape (B, q)

    Returns
    -------
    ndarray, shape (B, q)
        Not finite where a system had no solution.

    Examples
    --------
    >>> solve_symmetric(np.array([[[2.0, 0.0], [0.0, 4.0]]]), np.array([[2.0, 2.0]])).round(6).tolist()
    [[1.0, 0.5]]
    """
    batch, size = matrices.shape[:2]
    ridged = matrices.copy()
    diagonal = ridged.reshape(batch, -1)[:, :: size + 1]  # a view
    ridge = _RIDGE * np.abs(diagonal)
    ridge[ridge == 0] = _RIDGE
    diagonal += ridge
    try:
        return np.asarray(np.linalg.solve(ridged, vectors[..., None])[..., 0])
    except np.linalg.LinAlgError:
        return np.stack([_least_squares(m, v) for m, v in zip(ridged, vectors, strict=True)])


def _least_squares(matrix: Array, vector: Array) -> Array:
    """Solve one singular system after scaling its diagonal to one; NaN where it is not finite."""
    if not (np.isfinite(matrix).all() and np.isfinite(vector).all()):
        return np.full(len(vector), np.nan)
    scale = 1 / np.sqrt(np.abs(np.diagonal(matrix)))
    return np.asarray(np.linalg.lstsq(matrix * np.outer(scale, scale), vector * scale, rcond=None)[0] * scale)


def smallest_eigenvalue(matrix: Array) -> float:
    """Return the smallest eigenvalue of one symmetric matrix, shape (p, p).

    Examples
    --------
    >>> round(smallest_eigenvalue(np.array([[2.0, 1.0], [1.0, 2.0]])), 6)
    1.0
    """
    return float(np.linalg.eigvalsh(matrix)[0])


def vech_indices(size: int) -> tuple[Array, Array]:
    """Return row and column indices of the lower triangle, column by column, as papers stack ``vech``.

    Examples
    --------
    >>> rows, columns = vech_indices(2)
    >>> rows.tolist(), columns.tolist()
    ([0, 1, 1], [0, 0, 1])
    """
    columns, rows = np.triu_indices(size)
    return rows, columns
