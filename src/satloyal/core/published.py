"""Published matrices: what a printed table must be before it may serve as data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from satloyal.errors import FitError
from satloyal.notes import Note

__all__ = ["check_correlations", "check_definite", "named_vector", "sample_size", "square_matrix"]

Array = NDArray[Any]

_SYMMETRY = 1e-6  # largest asymmetry, relative to the diagonal, that printing to few digits explains
_LARGEST = 1e100  # variance whose powers still fit into double precision
_TAKES_PART = 0.1  # entry of the smallest eigenvector that names a variable
_SHOWN = 6
_INDEFINITE = "look for a typing error, a variable that stands there twice, or one that is the sum of others"
_SINGULAR = 1e-10  # smallest eigenvalue of a correlation matrix that double precision can invert with meaning


def square_matrix(
    matrix: Any, names: Sequence[str] | None, kind: str
) -> tuple[Array, tuple[str, ...], tuple[Note, ...]]:
    """Check a printed matrix and return it full, with its names and what was done to it."""
    if isinstance(matrix, pd.DataFrame):
        labels = [str(c) for c in matrix.columns] if names is None else [str(c) for c in names]
        if names is None and [str(i) for i in matrix.index] != labels:
            raise FitError("the rows and columns of the matrix have different names", fix="give names=")
        raw: Any = matrix.to_numpy()
    else:
        raw = matrix
        labels = [] if names is None else [str(c) for c in names]
    values, mirrored = _filled(raw, kind)
    if values.ndim != 2 or values.shape[0] != values.shape[1]:
        raise FitError(f"the matrix has the shape {values.shape}", fix="give a square matrix")
    if not labels:
        raise FitError("the matrix has no names", fix="give names=[...], one a row")
    if len(labels) != len(values):
        raise FitError(f"there are {len(labels)} names for {len(values)} rows", fix="give one name a row")
    twice = sorted({name for name in labels if labels.count(name) > 1})
    if twice:
        raise FitError(f"the name {twice[0]!r} is given twice", fix="rename one of them")
    if not np.isfinite(values).all():
        i, j = np.argwhere(~np.isfinite(values))[0]
        raise FitError(f"the entry of {labels[i]} and {labels[j]} is {values[i, j]}", fix="fill it in")
    _check_symmetry(values, labels)
    notes = (Note("matrix", "the lower triangle was mirrored"),) if mirrored else ()
    return (values + values.T) / 2, tuple(labels), notes


def _filled(raw: Any, kind: str) -> tuple[Array, bool]:
    """Make a float matrix, from a full one or from a lower triangle with or without its diagonal."""
    try:
        values = np.asarray(raw, dtype=float)
    except (TypeError, ValueError):
        values = _from_ragged(raw, kind)
        return values, True
    if values.ndim == 2 and values.shape[0] == values.shape[1] and len(values) > 1:
        upper = values[np.triu_indices(len(values), 1)]
        lower = values[np.tril_indices(len(values), -1)]
        if (np.isnan(upper).all() or not upper.any()) and np.isfinite(lower).all() and lower.any():
            filled = np.tril(np.nan_to_num(values, nan=1.0 if kind == "cor" else np.nan))
            return filled + np.tril(filled, -1).T, True
    return values, False


def _from_ragged(raw: Any, kind: str) -> Array:
    try:
        rows = [[float(v) for v in row] for row in raw]
    except (TypeError, ValueError):
        raise FitError("the matrix holds something that is not a number", fix="give numbers only") from None
    lengths = [len(row) for row in rows]
    if kind == "cor" and lengths == list(range(len(rows))):
        rows = [[*row, 1.0] for row in rows]
    elif lengths != list(range(1, len(rows) + 1)):
        raise FitError(f"the rows have {lengths} entries", fix="give a square matrix or a lower triangle")
    values = np.zeros((len(rows), len(rows)))
    for i, row in enumerate(rows):
        values[i, : i + 1] = row
    return values + np.tril(values, -1).T


def _check_symmetry(values: Array, labels: list[str]) -> None:
    scale = np.sqrt(np.abs(np.outer(np.diagonal(values), np.diagonal(values))))
    gap = np.abs(values - values.T)
    worst = np.unravel_index(int(np.argmax(gap - _SYMMETRY * scale)), gap.shape)
    i, j = int(worst[0]), int(worst[1])
    if gap[i, j] > _SYMMETRY * max(scale[i, j], 1e-300):
        raise FitError(
            f"the matrix is not symmetric: {labels[i]} with {labels[j]} is {values[i, j]:g}, "
            f"{labels[j]} with {labels[i]} is {values[j, i]:g}",
            fix="compare the two entries with the printed table",
        )


def sample_size(n: int | None, kind: str) -> int:
    """Check n."""
    name = "correlation" if kind == "cor" else "covariance"
    if n is None:
        raise FitError(
            f"a {name} matrix came without n",
            fix="give the number of respondents: from_matrix(matrix, n, ...)",
        )
    if isinstance(n, bool) or not np.isfinite(n) or int(n) != n or n < 2:
        raise FitError(f"n is {n!r}", fix="give the number of respondents as a whole number above 1")
    return int(n)


def check_correlations(values: Array, labels: tuple[str, ...]) -> None:
    """Check that the diagonal is one and no entry is beyond it."""
    diagonal = np.diagonal(values)
    if np.abs(diagonal - 1).max() > _SYMMETRY:
        i = int(np.argmax(np.abs(diagonal - 1)))
        raise FitError(
            f"the diagonal entry of {labels[i]} is {diagonal[i]:g}, not 1",
            fix="say kind='cov', or replace what the table prints on its diagonal (√AVE, reliability) by 1",
        )
    if np.abs(values).max() > 1 + _SYMMETRY:
        i, j = divmod(int(np.argmax(np.abs(values))), len(values))
        raise FitError(
            f"the correlation of {labels[i]} and {labels[j]} is {values[i, j]:g}", fix="check the table"
        )


def check_definite(
    values: Array,
    labels: tuple[str, ...],
    *,
    where: str | None = None,
    nearest: str = "",
    advice: str = _INDEFINITE,
) -> None:
    """Check that the matrix can be a covariance matrix that double precision can invert.

    Where it cannot, the message also says how the nearest correlation matrix differs, if that is known.
    """
    diagonal = np.diagonal(values)
    if not (diagonal > 0).all():
        i = int(np.argmin(diagonal))
        raise FitError(
            f"the variance of {labels[i]} is {diagonal[i]:g}", where=where, fix="check the diagonal"
        )
    if diagonal.max() > _LARGEST or diagonal.min() < 1 / _LARGEST:
        i = int(np.argmax(np.abs(np.log(diagonal))))
        raise FitError(
            f"the variance of {labels[i]} is {diagonal[i]:.2g}, beyond what can be computed with",
            where=where, fix="give it in other units",
        )  # fmt: skip
    correlations = values / np.sqrt(np.outer(diagonal, diagonal))
    if np.linalg.eigvalsh(correlations)[0] > _SINGULAR:
        return
    eigenvalues, vectors = np.linalg.eigh(correlations)
    entries = np.abs(vectors[:, 0])
    involved = [labels[i] for i in np.argsort(-entries, kind="stable") if entries[i] > _TAKES_PART]
    named = ", ".join(involved[:_SHOWN]) + (", …" if len(involved) > _SHOWN else "")
    raise FitError(
        "the matrix is not positive definite: the smallest eigenvalue of its correlations "
        f"is {eigenvalues[0]:.2g}, through {named}"
        + (f"; the nearest correlation matrix (Higham 2002) {nearest}" if nearest else ""),
        where=where,
        fix=advice,
    )


def named_vector(values: Sequence[float], labels: tuple[str, ...], what: str) -> Array:
    """Check that there is one usable number a variable."""
    vector = np.asarray(values, dtype=float)
    if vector.shape != (len(labels),) or not np.isfinite(vector).all():
        raise FitError(
            f"{what} has {vector.size} usable values for {len(labels)} variables", fix=f"check {what}="
        )
    return vector
