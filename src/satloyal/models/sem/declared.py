"""What the data themselves say of scales: ordered categories of pandas, ordinal items of a codebook."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from satloyal.notes import Note
from satloyal.survey.survey import Survey

__all__ = ["coded_categories", "declared_note", "declared_ordinal"]

Array = NDArray[Any]

_SHOWN = 6


def declared_ordinal(data: pd.DataFrame | Survey) -> tuple[str, ...]:
    """Return the columns that a codebook calls ordinal, or that are ordered categories of pandas."""
    frame = data.frame if isinstance(data, Survey) else data
    found = [str(frame.columns[i]) for i in _ordered(frame)]
    if isinstance(data, Survey):
        found += [name for name, item in data.codebook.items.items() if item.ordinal]
    return tuple(dict.fromkeys(found))


def _ordered(frame: pd.DataFrame) -> list[int]:
    """Return the positions of columns of ordered categories."""
    types = frame.dtypes.to_numpy()
    return [i for i, t in enumerate(types) if isinstance(t, pd.CategoricalDtype) and t.ordered]


def coded_categories(frame: pd.DataFrame, names: Sequence[str]) -> tuple[pd.DataFrame, tuple[Note, ...]]:
    """Return a frame whose ordered categories are numbers, by their order where they are not so already.

    Parameters
    ----------
    frame : DataFrame
    names : sequence of str
        Variables of the model.

    Returns
    -------
    frame : DataFrame
        The same one where nothing had to be numbered.
    notes : tuple of Note
        Which category got which number.
    """
    wanted = set(names)
    coded: dict[int, Array] = {}
    said = []
    for i in _ordered(frame):
        name, column = frame.columns[i], frame.iloc[:, i]
        if str(name) not in wanted or _ascending(column.cat.categories):
            continue
        codes = column.cat.codes.to_numpy()
        coded[i] = np.where(codes < 0, np.nan, codes + 1.0)
        said.append(f"{name}: {' < '.join(str(c) for c in column.cat.categories)}")
    if not coded:
        return frame, ()
    out = frame.copy()
    for i, values in coded.items():
        out.isetitem(i, values)
    more = f"; and {len(said) - _SHOWN} more" if len(said) > _SHOWN else ""
    text = f"numbered 1, 2, … in the order that the data declare ({'; '.join(said[:_SHOWN])}{more})"
    return out, (Note("ordered categories", text, len(said)),)


def _ascending(categories: pd.Index) -> bool:
    """Whether categories are numbers, from small to large."""
    numbers = pd.to_numeric(pd.Series(categories), errors="coerce")
    return bool(numbers.notna().all() and numbers.is_monotonic_increasing)


def declared_note(declared: Sequence[str], names: Sequence[str], taken: Sequence[str]) -> tuple[Note, ...]:
    """Say which variables are declared ordinal and taken as continuous.

    Parameters
    ----------
    declared : sequence of str
        See :func:`declared_ordinal`.
    names : sequence of str
        Variables of the model.
    taken : sequence of str
        Those that ``ordered=`` names.
    """
    left = [name for name in names if name in declared and name not in taken]
    if not left:
        return ()
    more = f" and {len(left) - _SHOWN} more" if len(left) > _SHOWN else ""
    text = (
        f"the data declare {', '.join(left[:_SHOWN])}{more} ordinal, and the model takes them as continuous: "
        "name them in ordered= to have their thresholds and polychoric correlations fitted"
    )
    return (Note("ordinal items", text, len(left)),)
