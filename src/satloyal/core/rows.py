"""Complete rows: the numbers of a frame that a model can use, checked once, with what was left out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from satloyal.errors import FitError
from satloyal.notes import Note

__all__ = [
    "CompleteRows",
    "check_columns",
    "checked_weights",
    "column_numbers",
    "counted_rows",
    "group_codes",
    "used_groups",
]

Array = NDArray[Any]

_FEW = 4  # columns beside the used ones, as a multiple, that cost less than choosing columns does


@dataclass(frozen=True, eq=False)
class CompleteRows:
    """The rows of a frame that are complete on some columns, checked once.

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
        weights: Array | Sequence[float] | None = None,
        group: Array | Sequence[Any] | None = None,
    ) -> CompleteRows:
        """Check the columns, drop incomplete rows, and say what was done."""
        names = tuple(str(c) for c in columns)
        check_columns(frame, names)
        values = column_numbers(frame, names)
        keep: Array = ~np.asarray(np.isnan(values).any(axis=1))
        notes: list[Note] = []
        keep, weight, codes, labels, said = counted_rows(keep, weights, group)
        notes.extend(said)
        dropped = int(len(frame) - keep.sum())
        if dropped:
            text = f"{dropped} of {len(frame)} rows are not complete and left out; {int(keep.sum())} remain"
            notes.insert(0, Note("listwise deletion", text, dropped))
        labels, codes = used_groups(labels, codes[keep])
        values = values[keep]
        _check_spread(values, codes, names, labels)
        if weight is not None:
            weight = scaled_weights(weight[keep])
        return cls(names, values, frame.index[keep], keep, weight, codes, labels, tuple(notes))


def counted_rows(
    keep: Array, weights: Array | Sequence[float] | None, group: Array | Sequence[Any] | None
) -> tuple[Array, Array | None, Array, tuple[str, ...], list[Note]]:
    """Leave out rows without a positive weight or without a group, and say how many.

    Parameters
    ----------
    keep : ndarray of bool, shape (n,)
        Rows that are kept so far.
    weights, group : array_like, shape (n,), optional

    Returns
    -------
    keep : ndarray of bool, shape (n,)
    weight : ndarray, shape (n,), optional
    codes : ndarray of int, shape (n,)
    labels : tuple of str
    notes : list of Note
    """
    notes: list[Note] = []
    weight = None
    if weights is not None:
        weight = checked_weights(weights, len(keep))
        usable = np.isfinite(weight) & (weight > 0)
        if (keep & ~usable).any():
            count = int((keep & ~usable).sum())
            text = f"{count} rows have a weight of zero or none and are left out"
            notes.append(Note("weights", text, count))
        keep = keep & usable
    codes, labels = group_codes(group, len(keep))
    if group is not None and (codes < 0).any():
        count = int((keep & (codes < 0)).sum())
        notes.append(Note("groups", f"{count} rows have no group and are left out", count))
        keep = keep & (codes >= 0)
    return keep, weight, codes, labels, notes


def check_columns(frame: pd.DataFrame, names: tuple[str, ...]) -> None:
    """Check that each name is a column of its own."""
    columns = [str(c) for c in frame.columns]
    for name in names:
        if columns.count(name) > 1:
            raise FitError(f"{columns.count(name)} columns are called {name!r}", fix="rename all but one")
        if name not in columns:
            raise FitError(f"the data have no column {name!r}", fix="check the spelling in the model text")
    if len(set(names)) < len(names):
        raise FitError("a variable is asked for twice", fix="name each column once")


def column_numbers(frame: pd.DataFrame, names: tuple[str, ...], *, whole: bool = True) -> Array:
    """Return columns as numbers, missing values as NaN, shape (n, p); a part may have columns without any."""
    columns = {str(c): i for i, c in enumerate(frame.columns)}
    out = np.empty((len(frame), len(names)))
    at = [columns[name] for name in names]
    dtypes = frame.dtypes.to_numpy()
    if all(isinstance(dtypes[i], np.dtype) and dtypes[i].kind in "iufb" for i in at):
        if len(set(dtypes)) == 1 and len(dtypes) <= _FEW * len(at):
            cells = frame.to_numpy()  # pandas is slow to choose columns
            out[:] = cells if at == list(range(len(dtypes))) else cells[:, at]
        else:
            out[:] = frame.iloc[:, at].to_numpy(dtype=float)
        if not np.isfinite(out).all():
            for j in range(len(names)):
                _check_column(out[:, j], names[j], whole=whole)
        return out
    for j, name in enumerate(names):
        column = frame.iloc[:, columns[name]]
        if column.dtype.kind in "cmM":
            raise FitError(
                f"the values are of type {column.dtype}", where=f"column {name!r}",
                fix="make numbers of them: days since a date, say",
            )  # fmt: skip
        try:
            out[:, j] = pd.to_numeric(column, errors="raise").to_numpy(dtype=float, na_value=np.nan)
        except (TypeError, ValueError):
            numbers = pd.to_numeric(column, errors="coerce")
            bad = column[numbers.isna() & column.notna()]
            shown = ", ".join(repr(v) for v in bad.unique()[:5])
            raise FitError(
                f"{_counted(len(bad), 'not a number', 'not numbers')}: {shown}",
                where=f"column {name!r}, first at row {bad.index[0]!r}" if len(bad) else f"column {name!r}",
                fix="recode them to numbers, or declare them as missing codes",
            ) from None
        _check_column(out[:, j], name, whole=whole)
    return out


def _counted(count: int, one: str, many: str) -> str:
    return f"1 value is {one}" if count == 1 else f"{count} values are {many}"


def _check_column(values: Array, name: str, *, whole: bool) -> None:
    infinite = int(np.isinf(values).sum())
    if infinite:
        said = _counted(infinite, "infinite", "infinite")
        raise FitError(said, where=f"column {name!r}", fix="set them missing")
    if whole and np.isnan(values).all():
        raise FitError("every value is missing", where=f"column {name!r}", fix="leave it out of the model")


def checked_weights(weights: Array | Sequence[float], rows: int) -> Array:
    """Return weights as numbers, one a row; NaN where one is missing."""
    try:
        weight = np.asarray(weights, dtype=float)
    except (TypeError, ValueError):
        raise FitError("the weights are not numbers", where="weights=", fix="give one number a row") from None
    if weight.shape != (rows,):
        raise FitError(f"there are {weight.size} weights for {rows} rows", fix="give one weight a row")
    for wrong, what in ((np.isinf(weight), "infinite"), (weight < 0, "negative")):
        count = int(wrong.sum())
        if count:
            said = f"1 weight is {what}" if count == 1 else f"{count} weights are {what}"
            place = f"weights=, first at row {int(np.argmax(wrong))}"
            raise FitError(said, where=place, fix="correct or drop those rows")
    if not (weight > 0).any():
        raise FitError("no weight is positive", fix="check the weight column")
    return weight


def scaled_weights(weights: Array) -> Array:
    """Scale weights to a mean of one over all groups, as lavaan does: groups count by their weights' sums."""
    scaled: Array = weights / weights.mean()
    return scaled


def group_codes(group: Array | Sequence[Any] | None, rows: int) -> tuple[Array, tuple[str, ...]]:
    """Return the group of each row, −1 for none, and the names of the groups in order of appearance."""
    if group is None:
        return np.zeros(rows, dtype=int), ("",)
    if len(group) != rows:
        raise FitError(f"there are {len(group)} group values for {rows} rows", fix="give one a row")
    codes, labels = pd.factorize(pd.Series(np.asarray(group, dtype=object)))
    return np.asarray(codes), tuple(_label(v) for v in labels)


def _label(value: Any) -> str:
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def used_groups(labels: tuple[str, ...], codes: Array) -> tuple[tuple[str, ...], Array]:
    """Leave out groups that no row belongs to."""
    used, again = np.unique(codes, return_inverse=True)
    return tuple(labels[i] for i in used), again


def _check_spread(values: Array, codes: Array, names: tuple[str, ...], labels: tuple[str, ...]) -> None:
    if not len(values):
        raise FitError(
            "no complete row is left", fix="look at describe() for the items that are mostly missing"
        )
    for code, label in enumerate(labels):
        rows = values[codes == code] if len(labels) > 1 else values
        place = f"group {label!r}: " if len(labels) > 1 else ""
        constant = (rows == rows[0]).all(axis=0)
        if constant.any():
            j = int(np.argmax(constant))
            raise FitError(
                f"{place}all {len(rows)} complete rows have the value {rows[0, j]:g}",
                where=f"column {names[j]!r}",
                fix="a constant item says nothing: leave it out of the model",
            )
        if len(rows) <= len(names):
            raise FitError(
                f"{place}{len(rows)} complete rows are too few for {len(names)} variables",
                fix="use fewer items or more respondents",
            )
