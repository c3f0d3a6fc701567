"""The rows a necessity analysis is about: complete, numeric, mirrored into the upper left corner."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

import numpy as np
import pandas as pd

from satloyal.errors import FitError
from satloyal.models.necessity.ceilings import Array, gather
from satloyal.notes import Note
from satloyal.survey.survey import Survey

__all__ = ["Pair", "Scope", "take"]

Scope = tuple[float, float, float, float]

_FEWEST_ROWS = 5
_MIRROR = {1: (1, 1), 2: (-1, 1), 3: (1, -1), 4: (-1, -1)}  # signs of x and y


@dataclass(frozen=True, slots=True, eq=False)
class Pair:
    """One condition and the outcome in the complete rows.

    Parameters
    ----------
    name, outcome : str
    x, y : ndarray, shape (n,)
        In the units of the data.
    corner : int
        1 upper left, 2 upper right, 3 lower left, 4 lower right.
    scope : tuple of float
        Lowest and highest x, lowest and highest y.
    theoretical : bool
        Whether the scope was given and not observed.
    index : Index, shape (n,)
        Names of the rows.
    """

    name: str
    outcome: str
    x: Array
    y: Array
    corner: int
    scope: Scope
    theoretical: bool
    index: pd.Index

    @property
    def signs(self) -> tuple[int, int]:
        """What x and y are multiplied by to stand in the upper left corner."""
        return _MIRROR[self.corner]

    @property
    def box(self) -> Array:
        """The scope in the mirrored frame, shape (1, 4)."""
        sx, sy = self.signs
        xs, ys = sorted(sx * v for v in self.scope[:2]), sorted(sy * v for v in self.scope[2:])
        return np.array([[*xs, *ys]])

    @property
    def order(self) -> Array:
        """Rows by ascending mirrored x, shape (n,)."""
        return np.argsort(self.signs[0] * self.x, kind="stable")

    def sorted(self) -> tuple[Array, Array, Array, Array]:
        """Return distinct mirrored x and their starts (K,), mirrored y by x and its place (n,)."""
        order = self.order
        grid, starts, place = np.unique(self.signs[0] * self.x[order], return_index=True, return_inverse=True)
        return grid, starts, self.signs[1] * self.y[order], place

    def top(self) -> tuple[Array, Array]:
        """Return distinct mirrored x (K,) and the highest mirrored y at each (1, K)."""
        grid, starts, y, _ = self.sorted()
        return grid, gather(y[None, :], starts)


def take(
    data: Any, x: str | Sequence[str], y: str, corner: int | Sequence[int], scope: Any
) -> tuple[tuple[Pair, ...], tuple[Note, ...]]:
    """Take conditions and outcome out of ``data``; see :func:`satloyal.fit_necessity` for the arguments."""
    if not isinstance(data, pd.DataFrame | Survey):
        raise FitError(
            f"a necessity analysis needs rows, and data is a {type(data).__name__}",
            fix="give a DataFrame or a Survey",
        )
    frame = data if isinstance(data, pd.DataFrame) else data.frame
    survey = data if isinstance(data, Survey) else None
    names = (x,) if isinstance(x, str) else tuple(x)
    if not names or len({*names, y}) <= len(names):
        raise FitError(f"x is {list(names)} and y is {y!r}", fix="name different columns, at least one in x")
    columns = {name: _numbers(frame, survey, name) for name in (*names, y)}
    keep, notes = _complete(columns)
    for name, values in columns.items():
        _refuse_constant(name, values[keep])
    corners = _corners(corner, names)
    index = frame.index[keep]
    ys = columns[y][keep]
    pairs = []
    for name, where in zip(names, corners, strict=True):
        xs = columns[name][keep]
        given = scope.get(name) if isinstance(scope, Mapping) else scope
        box = _scope(given, name, y, xs, ys)
        pairs.append(Pair(name, y, xs, ys, where, box, given is not None, index))
    if len({p.scope[2:] for p in pairs}) > 1:
        raise FitError(
            "the scopes give the outcome different ranges", fix="give every condition the same range of y"
        )
    return tuple(pairs), (*notes, *_survey_notes(survey))


def _numbers(frame: pd.DataFrame, survey: Survey | None, name: str) -> Array:
    columns = [str(c) for c in frame.columns]
    constructs = [] if survey is None else list(survey.construct_items)
    if columns.count(name) > 1:
        raise FitError(
            f"column {name!r} appears {columns.count(name)} times", fix="rename or drop the copies"
        )
    if name in columns:
        column = frame.iloc[:, columns.index(name)]
    elif survey is not None and name in constructs:
        column = survey.scores()[name]
    else:
        near = get_close_matches(str(name), [*columns, *constructs], n=1, cutoff=0.6)
        known = ", ".join([*constructs, *columns][:20])
        raise FitError(
            f"there is no column or construct {name!r} in the data",
            fix=f"did you mean {near[0]!r}?" if near else f"the names are {known}",
        )
    numeric = column if pd.api.types.is_numeric_dtype(column) else pd.to_numeric(column, errors="coerce")
    values = np.asarray(numeric.to_numpy(dtype=float, na_value=np.nan))
    bad = (np.isnan(values) & column.notna().to_numpy()) | np.isinf(values)
    if bad.any():
        raise FitError(
            f"column {name!r} holds {int(bad.sum())} values that are not finite numbers, the first is "
            f"{column[bad].iloc[0]!r} in row {column.index[bad][0]!r}",
            fix="code the answers as numbers and what is missing as empty",
        )
    return values


def _complete(columns: Mapping[str, Array]) -> tuple[Array, tuple[Note, ...]]:
    missing = {name: np.isnan(values) for name, values in columns.items()}
    gone = np.logical_or.reduce(list(missing.values()))
    left = int((~gone).sum())
    if left < _FEWEST_ROWS:
        raise FitError(
            f"only {left} of {gone.size} rows have all of {', '.join(columns)}",
            fix=f"a ceiling needs at least {_FEWEST_ROWS} complete rows",
        )
    if not gone.any():
        return ~gone, ()
    each = ", ".join(f"{int(m.sum())} miss {name}" for name, m in missing.items() if m.any())
    text = f"{int(gone.sum())} of {gone.size} rows dropped: {each}"
    return ~gone, (Note("listwise deletion", text, int(gone.sum())),)


def _refuse_constant(name: str, values: Array) -> None:
    if np.ptp(values) <= 1e-12 * np.abs(values).max():
        raise FitError(
            f"{name!r} is constant at {values[0]:g} in the {values.size} complete rows",
            fix="a ceiling needs conditions and an outcome that vary",
        )


def _corners(corner: int | Sequence[int], names: Sequence[str]) -> tuple[int, ...]:
    corners = (corner,) * len(names) if isinstance(corner, int | np.integer) else tuple(corner)
    if len(corners) != len(names) or any(c not in _MIRROR for c in corners):
        raise FitError(
            f"corner is {corner!r} for {len(names)} conditions",
            fix="give 1 (upper left), 2 (upper right), 3 (lower left) or 4 (lower right), one a condition",
        )
    if len({_MIRROR[c][1] for c in corners}) > 1:
        raise FitError(
            f"corners {list(corners)} mix much and little of the outcome",
            fix="analyse upper corners (1, 2) and lower corners (3, 4) in two fits",
        )
    return tuple(int(c) for c in corners)


def _scope(given: Any, name: str, y: str, xs: Array, ys: Array) -> Scope:
    seen = (float(xs.min()), float(xs.max()), float(ys.min()), float(ys.max()))
    if given is None:
        return seen
    box = tuple(float(v) for v in given)
    if len(box) != 4 or not np.isfinite(box).all() or box[0] >= box[1] or box[2] >= box[3]:
        raise FitError(f"scope of {name!r} is {given!r}", fix="give (x low, x high, y low, y high)")
    if box[0] > seen[0] or box[1] < seen[1] or box[2] > seen[2] or box[3] < seen[3]:
        raise FitError(
            f"scope {box} of {name!r} and {y!r} leaves out data, which reach over {seen}",
            fix="a theoretical scope holds every point; drop rows that cannot be",
        )
    return box


def _survey_notes(survey: Survey | None) -> tuple[Note, ...]:
    if survey is None:
        return ()
    notes = []
    if survey.weights is not None:
        text = "sampling weights are not used: a ceiling hangs on which answers occur, not on how often"
        notes.append(Note("weights", text))
    if survey.codebook.cluster is not None:
        text = f"cluster column {survey.codebook.cluster!r} is not used: rows are permuted as independent"
        notes.append(Note("clusters", text))
    return tuple(notes)
