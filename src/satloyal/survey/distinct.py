"""Distinct: a column of text as its different cells, each looked at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

__all__ = ["Distinct", "distinct", "overlaid"]


@dataclass(frozen=True, slots=True)
class Distinct:
    """Different cells of a column, and where each stands.

    Parameters
    ----------
    texts : tuple of str
    codes : ndarray of int, shape (n,)
        Index into ``texts``; −1 where the cell is empty.
    """

    texts: tuple[str, ...]
    codes: NDArray[np.intp]

    def spread(self, values: Sequence[Any], empty: Any, dtype: Any = object) -> NDArray[Any]:
        """Return what was found for each text at every cell that holds it, shape (n,).

        Examples
        --------
        >>> distinct(pd.Series(["b", None, "a", "b"], dtype=object)).spread([1.0, 2.0], 0.0, float).tolist()
        [1.0, 0.0, 2.0, 1.0]
        """
        table = np.empty(len(values) + 1, dtype=dtype)
        for i, value in enumerate(values):
            table[i] = value
        table[-1] = empty  # which is where −1 points
        spread: NDArray[Any] = table[self.codes]
        return spread


def distinct(column: pd.Series[Any]) -> Distinct | None:
    """Return the different cells, or ``None`` where some are neither text nor empty.

    Examples
    --------
    >>> distinct(pd.Series(["4", "", None, "4"], dtype=object)).texts
    ('4', '')
    >>> distinct(pd.Series(["4", 4.0])) is None
    True
    """
    cells = column.astype(object).to_numpy()
    if pd.api.types.infer_dtype(cells, skipna=True) not in ("string", "empty"):
        return None
    codes, texts = pd.factorize(cells)
    return Distinct(tuple(texts.tolist()), codes)


def overlaid(reasons: NDArray[np.object_], known: Sequence[Any] | NDArray[np.object_]) -> NDArray[np.object_]:
    """Return reasons with those that are known already in their place, wherever there is one.

    Examples
    --------
    >>> overlaid(np.array(["skipped", None], dtype=object), ["refused", None]).tolist()
    ['refused', None]
    """
    cells = np.empty(len(known), dtype=object)
    cells[:] = known
    codes, values = pd.factorize(cells)
    told = np.array([*(isinstance(value, str) for value in values), False])[codes]
    out: NDArray[np.object_] = np.where(told, cells, reasons)
    return out
