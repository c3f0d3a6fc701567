"""The two columns a response curve is about, taken from a frame or a survey and checked at the door."""

from __future__ import annotations

from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from satloyal.errors import FitError
from satloyal.models.curves.shapes import Array, Axis
from satloyal.notes import Note
from satloyal.survey.survey import Survey

__all__ = ["CurveData", "take"]

_FEWEST_ROWS = 5  # below this not even a line leaves residual degrees of freedom worth a test


@dataclass(frozen=True, slots=True, eq=False)
class CurveData:
    """Complete rows of x and y.

    Parameters
    ----------
    x, y : ndarray, shape (n,)
    weight : ndarray, shape (n,)
        Sampling weights scaled to mean 1.
    cluster : ndarray of int, shape (n,), optional
        Cluster number of each row.
    x_name, y_name : str
    low : float
        Bottom of the answer scale of x.
    y_range : tuple of float
        The scale of y where it is known, else the smallest and largest observed y.
    notes : tuple of Note
    """

    x: Array
    y: Array
    weight: Array
    cluster: Array | None
    x_name: str
    y_name: str
    low: float
    y_range: tuple[float, float]
    notes: tuple[Note, ...]

    @property
    def n(self) -> int:
        """Number of rows."""
        return int(self.x.size)

    @property
    def weighted(self) -> bool:
        """Whether the weights differ at all."""
        return bool(np.ptp(self.weight) > 0)

    @property
    def n_effective(self) -> float:
        """Kish's effective sample size, (sum w)² / sum w² (Kish 1965, Survey Sampling, section 11.7)."""
        return float(self.weight.sum() ** 2 / np.sum(self.weight**2))

    @property
    def axis(self) -> Axis:
        """The observed range of x and the bottom of its scale."""
        return Axis(float(self.x.min()), float(np.ptp(self.x)), self.low)

    @property
    def u(self) -> Array:
        """The answers as shares of the observed range, shape (n,)."""
        return self.axis.unit(self.x)


def take(
    data: pd.DataFrame | Survey,
    x: str,
    y: str,
    *,
    weights: str | ArrayLike | None,
    cluster: str | ArrayLike | None,
    low: float | None,
) -> CurveData:
    """Take x, y, weights and clusters out of ``data``; see :func:`satloyal.fit_curve` for the arguments.

    Raises
    ------
    FitError
        Unknown or duplicated names, text or infinite values, unusable weights, a constant x or y, too few
        rows.
    """
    frame, survey = _frame(data)
    if x == y:
        raise FitError(f"x and y are the same column {x!r}", fix="name two different columns")
    xs, ys = _numbers(frame, survey, x), _numbers(frame, survey, y)
    if weights is None and survey is not None and survey.weights is not None:
        weights = survey.weights
    w = np.ones(len(frame)) if weights is None else _weights(frame, weights)
    groups = None if cluster is None else _clusters(frame, cluster)
    keep, notes = _complete(xs, ys, w, x, y)
    xs, ys, w = xs[keep], ys[keep], w[keep]
    _refuse_hopeless(xs, ys, x, y)
    bottom, note = _low(low, xs, x, survey)
    scale = None if survey is None else _scale(survey, y)
    found = CurveData(
        xs,
        ys,
        w / w.mean(),
        _renumber(groups, keep),
        x,
        y,
        bottom,
        scale or (float(ys.min()), float(ys.max())),
        (),
    )
    unused = () if groups is not None or survey is None else _cluster_note(survey)
    return replace(found, notes=(*notes, *note, *_weight_note(found), *unused))


def _frame(data: Any) -> tuple[pd.DataFrame, Survey | None]:
    if isinstance(data, pd.DataFrame):
        return data, None
    if isinstance(data, Survey):
        return data.frame, data
    raise FitError(
        f"a response curve needs rows, and data is a {type(data).__name__}",
        fix="give a DataFrame or a Survey",
    )


def _column(frame: pd.DataFrame, survey: Survey | None, name: str) -> pd.Series:
    columns = [str(c) for c in frame.columns]
    if columns.count(name) > 1:
        raise FitError(
            f"column {name!r} appears {columns.count(name)} times", fix="rename or drop the copies"
        )
    if name in columns:
        return frame.iloc[:, columns.index(name)]
    constructs = [] if survey is None else list(survey.construct_items)
    if survey is not None and name in constructs:
        return survey.scores()[name]
    near = get_close_matches(str(name), [*columns, *constructs], n=1, cutoff=0.6)
    hint = (
        f"did you mean {near[0]!r}?" if near else f"the names are {', '.join([*constructs, *columns][:20])}"
    )
    raise FitError(
        f"there is no column {'or construct ' if constructs else ''}{name!r} in the data", fix=hint
    )


def _numbers(frame: pd.DataFrame, survey: Survey | None, name: str) -> Array:
    """Return one column as floats with NaN for missing; refuse text and infinity, naming the first row."""
    column = _column(frame, survey, name)
    numeric = column if pd.api.types.is_numeric_dtype(column) else pd.to_numeric(column, errors="coerce")
    values = np.asarray(numeric.to_numpy(dtype=float, na_value=np.nan))
    strange = np.isnan(values) & column.notna().to_numpy()
    if strange.any():
        raise FitError(
            f"column {name!r} holds {int(strange.sum())} values that are not numbers, the first is "
            f"{column[strange].iloc[0]!r} in row {column.index[strange][0]!r}",
            fix="code the answers as numbers, or give missing codes when reading the survey",
        )
    endless = np.isinf(values)
    if endless.any():
        raise FitError(
            f"column {name!r} holds {int(endless.sum())} infinite values, the first in row "
            f"{column.index[endless][0]!r}",
            fix="recode them as missing",
        )
    return values


def _weights(frame: pd.DataFrame, weights: str | ArrayLike) -> Array:
    if isinstance(weights, str):
        label, w = f"weight column {weights!r}", _column(frame, None, weights)
        values = np.asarray(pd.to_numeric(w, errors="coerce").to_numpy(dtype=float, na_value=np.nan))
    else:
        label, values = "weights", np.asarray(weights, dtype=float)
    if values.shape != (len(frame),):
        raise FitError(f"weights have shape {values.shape}, the data {len(frame)} rows", fix="give one a row")
    bad = ~np.isfinite(values) | (values < 0)
    if bad.any():
        raise FitError(
            f"{label}: {int(bad.sum())} values are missing, infinite or negative, the first in row "
            f"{frame.index[bad][0]!r}",
            fix="every row needs a finite weight of at least 0",
        )
    if not values.any():
        raise FitError(f"{label}: all are zero", fix="at least some rows must count")
    return values


def _clusters(frame: pd.DataFrame, cluster: str | ArrayLike) -> Array:
    series = _column(frame, None, cluster) if isinstance(cluster, str) else pd.Series(np.asarray(cluster))
    if len(series) != len(frame):
        raise FitError(f"cluster has {len(series)} values, the data {len(frame)} rows", fix="give one a row")
    codes, _ = pd.factorize(series, sort=True)
    return np.asarray(codes)


def _renumber(groups: Array | None, keep: Array) -> Array | None:
    """Return the clusters of the complete rows, numbered from 0."""
    if groups is None:
        return None
    kept = groups[keep]
    if (kept < 0).any():
        raise FitError(
            f"cluster is missing in {int((kept < 0).sum())} of the complete rows",
            fix="drop these rows or give them a cluster",
        )
    numbers = np.unique(kept, return_inverse=True)[1]
    if numbers.max() < 1:
        raise FitError("all complete rows belong to one cluster", fix="leave cluster out")
    return np.asarray(numbers)


def _complete(xs: Array, ys: Array, w: Array, x: str, y: str) -> tuple[Array, tuple[Note, ...]]:
    missing = np.isnan(xs) | np.isnan(ys)
    unweighted = ~missing & (w == 0)
    keep = ~missing & ~unweighted
    notes = []
    if missing.any():
        count = int(missing.sum())
        notes.append(
            Note(
                "listwise deletion",
                f"{count} of {xs.size} rows dropped: {int(np.isnan(xs).sum())} miss {x}, "
                f"{int(np.isnan(ys).sum())} miss {y}",
                count,
            )
        )
    if unweighted.any():
        count = int(unweighted.sum())
        notes.append(Note("weights", f"{count} complete rows with weight 0 dropped", count))
    if keep.sum() < _FEWEST_ROWS:
        raise FitError(
            f"only {int(keep.sum())} of {xs.size} rows have both {x!r} and {y!r}",
            fix=f"a curve needs at least {_FEWEST_ROWS} such rows, and many more to be told from a line",
        )
    return keep, tuple(notes)


def _refuse_hopeless(xs: Array, ys: Array, x: str, y: str) -> None:
    for name, values in ((x, xs), (y, ys)):
        spread = np.ptp(values)
        if spread == 0 or spread <= 1e-12 * np.abs(values).max():
            raise FitError(
                f"{name!r} is constant at {values[0]:g} in the {values.size} complete rows",
                fix="a response curve needs both columns to vary",
            )


def _low(low: float | None, xs: Array, x: str, survey: Survey | None) -> tuple[float, tuple[Note, ...]]:
    """Settle where the scale of x starts: the argument, the codebook, else the smallest answer."""
    smallest = float(xs.min())
    if low is not None:
        if not np.isfinite(low) or low > smallest:
            raise FitError(
                f"low = {low:g} lies above the smallest answer {smallest:g} of {x!r}",
                fix="low is the bottom of the answer scale",
            )
        return float(low), ()
    scale = None if survey is None else _scale(survey, x)
    if scale is not None and scale[0] <= smallest:
        return scale[0], ()
    text = f"the bottom of the scale of {x} is not known; its smallest answer {smallest:g} is used (see low=)"
    return smallest, (Note("scale", text),)


def _scale(survey: Survey, name: str) -> tuple[float, float] | None:
    """Return the ends of the answer scale of an item or construct, where the codebook has one."""
    book = survey.codebook
    items = book.construct_items.get(name, (name,))
    scales = {(float(i.scale.low), float(i.scale.high)) for i in map(book.items.get, items) if i and i.scale}
    return scales.pop() if len(scales) == 1 else None


def _cluster_note(survey: Survey) -> tuple[Note, ...]:
    column = survey.codebook.cluster
    if column is None:
        return ()
    return (Note("clusters", f"the codebook's cluster column {column!r} is not used; cluster= would use it"),)


def _weight_note(data: CurveData) -> tuple[Note, ...]:
    if not data.weighted:
        return ()
    text = (
        f"sampling weights applied; {data.n} rows are worth {data.n_effective:.1f} equally weighted ones "
        "(Kish), which AICc and degrees of freedom use; standard errors are sandwich"
    )
    return (Note("weights", text, data.n),)
