"""Linear algebra over a leading batch dimension, with failure as a flag and not an exception."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["cholesky_or_flag", "inverse_or_nan", "smallest_eigenvalue", "solve_symmetric", "vech_indices"]

Array = NDArray[Any]

_RIDGE = (
    1e-11  # relative to the diagonal: keeps a singular system solvable, far below any tolerance we report
)
_CONDITION = 1e-13  # eigenvalues below this share of the largest carry no information in double precision


def cholesky_or_flag(matrices: Array) -> tuple[Array, Array]:
    """Factorise a batch of symmetric matrices; where one is not positive definite, say so.

    Parameters
    ----------
    matrices : ndarray, shape (B, p, p)
        Symmetric matrices.

    Returns
    -------
    factors : ndarray, shape (B, p, p)
        Lower Cholesky factors; the identity where there is none.
    ok : ndarray of bool, shape (B,)
        Whether each matrix is positive definite and finite.

    Examples
    --------
    >>> factors, ok = cholesky_or_flag(np.array([[[4.0, 0.0], [0.0, 1.0]], [[1.0, 2.0], [2.0, 1.0]]]))
    >>> ok.tolist(), float(factors[0, 0, 0])
    ([True, False], 2.0)
    """
    try:
        factors = np.linalg.cholesky(matrices)
    except np.linalg.LinAlgError:
        finite: Array = np.asarray(np.isfinite(matrices).all(axis=(1, 2)))
        eye = np.eye(matrices.shape[-1])
        safe = np.where(finite[:, None, None], matrices, eye)
        ok: Array = finite & (np.linalg.eigvalsh(safe)[:, 0] > _CONDITION * np.abs(safe).max(axis=(1, 2)))
        return np.linalg.cholesky(np.where(ok[:, None, None], safe, eye)), ok
    ok = np.asarray(np.isfinite(factors).all(axis=(1, 2)))
    if not ok.all():
        factors = np.where(ok[:, None, None], factors, np.eye(matrices.shape[-1]))
    return factors, ok


def inverse_or_nan(matrices: Array) -> Array:
    """Invert a batch of square matrices, shape (B, k, k); NaN where one is singular.

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
            if np.linalg.matrix_rank(matrix) == len(matrix):
                out[b] = np.linalg.inv(matrix)
        return out


def solve_symmetric(matrices: Array, vectors: Array) -> Array:
    """Solve ``matrices @ x = vectors`` for a batch, after scaling each diagonal to one.

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
    diagonal = np.abs(np.diagonal(matrices, axis1=1, axis2=2))
    scale = 1.0 / np.sqrt(np.where(diagonal > 0, diagonal, 1.0))
    scaled = matrices * scale[:, :, None]
    scaled *= scale[:, None, :]
    size = matrices.shape[-1]
    scaled[:, np.arange(size), np.arange(size)] += _RIDGE
    try:
        solution = np.linalg.solve(scaled, (vectors * scale)[..., None])[..., 0]
    except np.linalg.LinAlgError:
        solution = np.stack(
            [
                np.linalg.lstsq(m, v, rcond=None)[0] if np.isfinite(m).all() else np.full(size, np.nan)
                for m, v in zip(scaled, vectors * scale, strict=True)
            ]
        )
    result: Array = solution * scale
    return result


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
