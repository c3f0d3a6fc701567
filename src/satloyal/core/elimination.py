"""Linear equations with fewer equations than unknowns: their solutions as an origin and a basis."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Eliminated", "eliminate"]

Array = NDArray[Any]

_ROUNDING = 1e-14  # of coefficients near one
_NONE = 1e-9  # what is left of a row, relative to its largest coefficient, that counts as nothing


@dataclass(frozen=True, eq=False)
class Eliminated:
    """All solutions of Aθ = b: θ = origin + basis φ.

    Parameters
    ----------
    origin : ndarray, shape (q,)
    basis : ndarray, shape (q, k)
        Columns span the null space of A; unknowns that no equation mentions have a column of their own.
    rank : int
    redundant : tuple of int
        Equations that follow from earlier ones.
    contradictory : tuple of int
        Equations that earlier ones exclude; they are left out.
    """

    origin: Array
    basis: Array
    rank: int
    redundant: tuple[int, ...]
    contradictory: tuple[int, ...]


def eliminate(A: Array, b: Array) -> Eliminated:
    """Solve linear equations by Gauss-Jordan elimination, one equation after the other.

    Parameters
    ----------
    A : ndarray, shape (m, q)
    b : ndarray, shape (m,)

    Returns
    -------
    Eliminated

    Examples
    --------
    >>> found = eliminate(np.array([[1.0, 1.0, 1.0]]), np.array([3.0]))
    >>> found.origin.tolist(), found.basis.tolist()
    ([3.0, 0.0, 0.0], [[-1.0, -1.0], [1.0, 0.0], [0.0, 1.0]])
    """
    q = A.shape[1]
    rows = np.zeros((0, q + 1))
    pivots: list[int] = []
    redundant: list[int] = []
    contradictory: list[int] = []
    for number, (a, right) in enumerate(zip(A, b, strict=True)):
        row = np.r_[a, right]
        size = float(np.abs(a).max(initial=0.0))
        rest = row - row[pivots] @ rows
        left = np.abs(rest[:q])
        if left.max(initial=0.0) <= _NONE * size:
            scale = max(size, float(np.abs(row[q])), float(np.abs(row[pivots] * rows[:, q]).max(initial=0.0)))
            follows = abs(rest[q]) <= _NONE * max(scale, 1e-300)
            (redundant if follows else contradictory).append(number)
            continue
        at = int(np.argmax(left))
        rest = rest / rest[at]
        rows = np.vstack([rows - rows[:, [at]] * rest, rest])
        pivots.append(at)
    free = [j for j in range(q) if j not in set(pivots)]
    origin = np.zeros(q)
    origin[pivots] = rows[:, q]
    basis = np.zeros((q, len(free)))
    basis[free, range(len(free))] = 1.0
    basis[pivots] = -rows[:, free]
    basis[np.abs(basis) < _ROUNDING] = 0.0
    return Eliminated(origin, basis, len(pivots), tuple(redundant), tuple(contradictory))
