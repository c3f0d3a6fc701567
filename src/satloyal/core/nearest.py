"""The nearest correlation matrix: how far a printed table is from one that data can have."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["nearest_correlation"]

Array = NDArray[Any]

_MOVED = 1e-12  # change of an entry from one round to the next at which the projections have met
_ROUNDS = 10_000
_TRIES = 8  # shrinking towards one by halves of what is missing, for what the last round left


def nearest_correlation(matrix: Any, floor: float = 0.0) -> Array:
    r"""Return the correlation matrix that is nearest in the sum of squared differences.

    Parameters
    ----------
    matrix : array_like, shape (p, p)
        Symmetric, finite.
    floor : float
        Smallest eigenvalue that is allowed, from 0 to below 1.

    Returns
    -------
    ndarray, shape (p, p)
        Ones on the diagonal, no eigenvalue below the floor (beyond rounding).

    Notes
    -----
    Alternating projections with Dykstra's correction between the matrices with eigenvalues of at least the
    floor and those with ones on the diagonal: R = Y − ΔS, X = P_S(R), ΔS = X − R, Y = P_U(X) (Higham 2002,
    *IMA J. Numer. Anal.* 22:329-343, algorithm 3.3; eigenvalues clipped at a floor above zero as in Higham &
    Strabić 2016, *Numer. Algorithms* 72:1021-1042).

    Examples
    --------
    >>> nearest_correlation([[1, 1, 0], [1, 1, 1], [0, 1, 1]]).round(4).tolist()
    [[1.0, 0.7607, 0.1573], [0.7607, 1.0, 0.7607], [0.1573, 0.7607, 1.0]]
    """
    target = np.asarray(matrix, dtype=float)
    one: Array = np.eye(len(target))
    Y = target.copy()
    correction = np.zeros_like(Y)
    for _ in range(_ROUNDS):
        shifted = Y - correction
        X = _raised(shifted, floor)
        correction = X - shifted
        before, Y = Y, X * (1 - one) + one
        if np.abs(Y - before).max(initial=0.0) < _MOVED and np.abs(Y - X).max(initial=0.0) < _MOVED:
            break
    return _above(Y, floor)


def _raised(matrix: Array, floor: float) -> Array:
    values, vectors = np.linalg.eigh(matrix)
    raised: Array = (vectors * np.maximum(values, floor)) @ vectors.T
    return (raised + raised.T) / 2


def _above(matrix: Array, floor: float) -> Array:
    """Shrink towards the identity by what the last round left below the floor."""
    for _ in range(_TRIES):
        least = float(np.linalg.eigvalsh(matrix)[0])
        if least >= floor:
            break
        share = min(1.0, 1.01 * (floor - least) / (1 - least))
        matrix = (1 - share) * matrix + share * np.eye(len(matrix))
    return matrix
