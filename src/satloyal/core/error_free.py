"""Mean products of variables that are seen with normal error, freed of what the errors add."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["ErrorFree"]

Array = NDArray[Any]
Which = tuple[int, ...]


@dataclass(frozen=True, eq=False)
class ErrorFree:
    r"""Products h with :math:`E(h \mid f) = f_a f_b \cdots` for seen values x = f + e, e normal given f.

    The products are the multivariate Hermite polynomials of the error covariances Ψ,

    .. math:: h_{aT} = x_a h_T - \sum_{t \in T} \Psi_{at} h_{T \setminus t}, \qquad h_\emptyset = 1,

    that is :math:`x_a x_b - \Psi_{ab}`, :math:`x_a x_b x_c - x_a\Psi_{bc} - x_b\Psi_{ac} - x_c\Psi_{ab}` and
    so on: what Wall & Amemiya (2000, *J. Am. Stat. Assoc.* 95:929-940) subtract from the moments of factor
    scores. Up to three factors symmetric errors suffice; with four their fourth moments must be normal.

    Parameters
    ----------
    seen : ndarray, shape (n, k)
    error : ndarray, shape (k, k)
        Ψ.
    weights : ndarray, shape (n,), optional
        Of mean one.

    Examples
    --------
    >>> rng = np.random.default_rng(1); f = rng.exponential(size=100_000); x = f + rng.normal(size=100_000)
    >>> made = ErrorFree(x[:, None], np.eye(1))
    >>> [round(made.mean((0,) * k) / k_factorial, 1) for k, k_factorial in ((1, 1), (2, 2), (3, 6))]
    [1.0, 1.0, 1.0]
    """

    seen: Array
    error: Array
    weights: Array | None = None
    _known: dict[Which, Array] = field(default_factory=dict, repr=False)

    def product(self, which: Sequence[int]) -> Array:
        """Return h of each row for the variables at these positions, with repetition, shape (n,)."""
        key = tuple(sorted(which))
        if key not in self._known:
            self._known[key] = self._product(key)
        return self._known[key]

    def _product(self, key: Which) -> Array:
        if not key:
            return np.ones(len(self.seen))
        first, rest = key[0], key[1:]
        out = self.seen[:, first] * self.product(rest)
        for i, other in enumerate(rest):
            if self.error[first, other]:
                out = out - self.error[first, other] * self.product(rest[:i] + rest[i + 1 :])
        return np.asarray(out)

    def mean(self, which: Sequence[int]) -> float:
        """Return the mean of h: an estimate of the mean product of the error-free variables."""
        h = self.product(which)
        return float(h.mean() if self.weights is None else self.weights @ h / len(h))

    def slopes(self, which: Sequence[int]) -> tuple[dict[int, Array], dict[tuple[int, int], float]]:
        """Return how the mean of h responds to the seen values, row by row, and to the error covariances.

        Returns
        -------
        seen : dict of int to ndarray, shape (n,)
            ∂h/∂x_a of each row: the sum over the places of a of h without it.
        error : dict of (int, int) to float
            −mean of h without a pair, for each pair a ≤ b; pairs that occur repeatedly are summed.
        """
        key = tuple(sorted(which))
        seen: dict[int, Array] = {}
        error: dict[tuple[int, int], float] = {}
        for i, a in enumerate(key):
            seen[a] = seen.get(a, 0.0) + self.product(key[:i] + key[i + 1 :])
            for j in range(i + 1, len(key)):
                left = key[:i] + key[i + 1 : j] + key[j + 1 :]
                error[a, key[j]] = error.get((a, key[j]), 0.0) - self.mean(left)
        return seen, error
