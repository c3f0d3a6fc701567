"""Rows of a DataFrame as named tuples."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

__all__ = ["each_row"]


def each_row(frame: pd.DataFrame) -> Iterator[Any]:
    """Walk over the rows of a frame; columns are attributes.

    Examples
    --------
    >>> [row.est for row in each_row(pd.DataFrame({"est": [1, 2]}))]
    [1, 2]
    """
    return iter(frame.itertuples(index=False))
