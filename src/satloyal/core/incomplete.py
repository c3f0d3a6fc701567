"""Incomplete rows: the numbers of a frame with their gaps, checked once, with what was left out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from satloyal.core.rows import (
    check_columns,
    column_numbers,
    counted_rows,
    scaled_weights,
    used_groups,
)
from satloyal.errors import FitError
from satloyal.notes import Note

__all__ = ["IncompleteRows"]

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class IncompleteRows:
    """The rows of a frame that hold at least one value, NaN where there is none.

    Parameters
    ----------
    names : tuple of str
    values : ndarray, shape (n, p)
    index : Index, length n
        Labels of the rows kept.
    kept : ndarray of bool
        Which rows of the frame these are.
    weights : ndarray, shape (n,) or None
        Sampling weights scaled to a mean of one over all groups.
    codes : ndarray of int, shape (n,)
        Group of each row.
    labels : tuple of str
        Names of the groups.
    notes : tuple of Note
    """

    names: tuple[str, ...]
    values: Array
    index: pd.Index
    kept: Array
    weights: Array | None
    codes: Array
    labels: tuple[str, ...]
    notes: tuple[Note, ...]

    @classmethod
    def of(
        cls,
        frame: pd.DataFrame,
        columns: Sequence[str] | pd.Index,
        *,
        complete: Sequence[str] = (),
        weights: Array | Sequence[float] | None = None,
        group: Array | Sequence[Any] | None = None,
    ) -> IncompleteRows:
        """Check the columns, drop rows that say nothing, and say what was done.

        Parameters
        ----------
        frame : DataFrame
        columns : sequence of str
            The p variables.
        complete : sequence of str
            Those of them that a row must have: covariates that a model takes as given.
        weights : array_like, shape (n,), optional
        group : array_like, shape (n,), optional

        Raises
        ------
        FitError
            As for complete rows; and two variables that no row has together.

        Examples
        --------
        >>> frame = pd.DataFrame({"a": [1.0, 2, np.nan, 4, 3], "b": [2.0, np.nan, np.nan, 1, 5]})
        >>> rows = IncompleteRows.of(frame, ["a", "b"])
        >>> len(rows.values), rows.notes[0].message
        (4, '1 of 5 rows has no value in any variable of the model and is left out')
        """
        names = tuple(str(c) for c in columns)
        check_columns(frame, names)
        values = column_numbers(frame, names)
        gap: Array = np.isnan(values)
        notes: list[Note] = []
        keep: Array = ~np.asarray(gap.all(axis=1))
        empty = int((~keep).sum())
        if empty:
            verb = "has no value" if empty == 1 else "have no value"
            left = "is" if empty == 1 else "are"
            text = f"{empty} of {len(frame)} rows {verb} in any variable of the model and {left} left out"
            notes.append(Note("empty rows", text, empty))
        needed = [names.index(name) for name in complete]
        lost: Array = keep & np.asarray(gap[:, needed].any(axis=1))
        if lost.any():
            count = int(lost.sum())
            text = (
                f"{count} of {len(frame)} rows lack a covariate that the model takes as given "
                f"({', '.join(complete)}) and are left out; missing='fiml.x' keeps them"
            )
            notes.append(Note("missing covariates", text, count))
            keep = keep & ~lost
        keep, weight, codes, labels, said = counted_rows(keep, weights, group)
        notes.extend(said)
        labels, codes = used_groups(labels, codes[keep])
        values = values[keep]
        _check_coverage(values, codes, names, labels)
        if weight is not None:
            weight = scaled_weights(weight[keep])
        return cls(names, values, frame.index[keep], keep, weight, codes, labels, tuple(notes))


def _check_coverage(values: Array, codes: Array, names: tuple[str, ...], labels: tuple[str, ...]) -> None:
    """Refuse variables that are constant or absent, and pairs of which nothing can be known."""
    if not len(values):
        raise FitError("no row is left", fix="look at describe() for the items that are mostly missing")
    for code, label in enumerate(labels):
        rows = values[codes == code]
        place = f"group {label!r}: " if len(labels) > 1 else ""
        seen = (~np.isnan(rows)).astype(float)
        for j, name in enumerate(names):
            known = rows[:, j][seen[:, j] > 0]
            if not len(known):
                raise FitError(
                    f"{place}every value is missing",
                    where=f"column {name!r}",
                    fix="leave it out of the model",
                )
            if known.min() == known.max():
                raise FitError(
                    f"{place}all {len(known)} values are {known[0]:g}", where=f"column {name!r}",
                    fix="a constant item says nothing: leave it out of the model",
                )  # fmt: skip
        together = seen.T @ seen
        if not together.all():
            i, j = (int(k) for k in np.argwhere(together == 0)[0])
            raise FitError(
                f"{place}no row has both {names[i]!r} and {names[j]!r}, so nothing tells how they covary",
                fix="leave one of them out, or add respondents who answered both",
            )
        if len(rows) <= len(names):
            raise FitError(
                f"{place}{len(rows)} rows are too few for {len(names)} variables",
                fix="use fewer items or more respondents",
            )
