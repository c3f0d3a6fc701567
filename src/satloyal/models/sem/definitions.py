"""Defined parameters (``:=``) as batched, analytic functions of θ."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from satloyal.models.sem.standardize import Standardizer
    from satloyal.spec.table import ParameterTable

__all__ = ["Definitions"]

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Definitions:
    """The definitions of a table, in order, so that later ones may use earlier ones.

    Parameters
    ----------
    table : ParameterTable
    """

    table: ParameterTable

    def values(self, theta: Array) -> Array:
        """Return the defined parameters, shape (B, d), for θ of shape (B, q), real or complex."""
        env: dict[str, Array] = {}
        for row in self.table.rows:
            if row.label and row.op not in (":=", "==", "<", ">") and row.label not in env:
                whole = np.full(len(theta), row.value or 0.0, dtype=theta.dtype)
                env[row.label] = theta[:, row.free - 1] if row.free else whole
        return self._evaluate(env, theta)

    def standardized(self, standardizer: Standardizer, values: Array) -> Array:
        """Return the defined parameters computed from standardised values, shape (B, d).

        Parameters
        ----------
        standardizer : Standardizer
        values : ndarray, shape (B, rows)
            Its values; a label shared by several rows means the first of them.
        """
        env: dict[str, Array] = {}
        for column, row in enumerate(standardizer.rows):
            if row.label and row.label not in env:
                env[row.label] = values[:, column]
        return self._evaluate(env, values)

    def _evaluate(self, env: dict[str, Array], like: Array) -> Array:
        out = np.empty((len(like), len(self.table.definitions)), dtype=like.dtype)
        for i, row in enumerate(self.table.definitions):
            assert row.expression is not None  # noqa: S101 - a definition always has one
            with np.errstate(all="ignore"):
                value = np.asarray(row.expression.evaluate(env))
            out[:, i] = np.where(np.isfinite(value), value, np.nan)  # a division by zero has no value
            env[row.lhs] = out[:, i]
        return out
