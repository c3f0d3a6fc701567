"""The outcome and its drivers, taken from rows, a survey or moments and checked at the door."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from satloyal.core.moments import Moments, weighted_moments
from satloyal.core.resample import Resampler
from satloyal.core.rows import CompleteRows
from satloyal.errors import FitError
from satloyal.models.drivers.shares import Array, correlations
from satloyal.notes import Note
from satloyal.survey.survey import Survey

__all__ = ["DriverData", "Scale", "take", "units"]

Scale = tuple[float, float] | Mapping[str, tuple[float, float]]

_COLLINEAR = 1e-8  # least share of a driver's variance that the others leave, beyond which inverses are noise


@dataclass(frozen=True, eq=False)
class DriverData:
    """What driver analysis needs of the data; p drivers, the outcome last.

    Parameters
    ----------
    drivers : tuple of str
    outcome : str
    cov : ndarray, shape (p + 1, p + 1)
        Covariances, divisor the sum of weights.
    mean : ndarray, shape (p + 1,), optional
    n : int
    n_effective : float
        Kish's effective number of rows.
    scale : ndarray, shape (p, 2)
        Ends of the drivers' answer scales, NaN where they are not known.
    rows : Resampler, optional
        The complete rows, where there are rows.
    no_draws : str
        Why nothing can be resampled or simulated; empty where it can.
    notes : tuple of Note
    """

    drivers: tuple[str, ...]
    outcome: str
    cov: Array
    mean: Array | None
    n: int
    n_effective: float
    scale: Array
    rows: Resampler | None
    no_draws: str
    notes: tuple[Note, ...]

    @property
    def cor(self) -> Array:
        """Correlations, shape (p + 1, p + 1)."""
        return np.asarray(correlations(self.cov[None])[0])

    @property
    def clusters(self) -> int | None:
        """Number of clusters, ``None`` without."""
        return None if self.rows is None or self.rows.clusters is None else int(self.rows.clusters.max()) + 1


def take(
    data: pd.DataFrame | Survey | Moments,
    outcome: str,
    drivers: Sequence[str],
    *,
    weights: str | ArrayLike | None,
    cluster: str | ArrayLike | None,
    scale: Scale | None,
) -> DriverData:
    """Take outcome and drivers out of ``data``; see :func:`satloyal.fit_drivers` for the arguments."""
    if isinstance(drivers, str):
        raise FitError(
            f"drivers is the text {drivers!r}", fix=f"give a list of names, as in [{drivers!r}, …]"
        )
    names = (*drivers, outcome)
    if len(drivers) < 2:
        raise FitError(
            f"{len(drivers)} driver is named, and shares are between drivers", fix="name at least two"
        )
    twice = [name for name in names if names.count(name) > 1]
    if twice:
        raise FitError(f"{twice[0]!r} is named twice", fix="name each driver once, and the outcome apart")
    if isinstance(data, Moments):
        found = _of_moments(data, names, weights, cluster, scale)
    elif isinstance(data, pd.DataFrame | Survey):
        found = _of_rows(data, names, weights, cluster, scale)
    else:
        raise FitError(
            f"data is a {type(data).__name__}", fix="give a DataFrame, a Survey or Moments of a matrix"
        )
    _refuse_collinear(found)
    return found


def _of_moments(
    data: Moments,
    names: tuple[str, ...],
    weights: str | ArrayLike | None,
    cluster: str | ArrayLike | None,
    scale: Scale | None,
) -> DriverData:
    if weights is not None or cluster is not None:
        raise FitError(
            "moments have no rows to weight or to cluster",
            fix="give the rows, or make the moments with weights",
        )
    if len(data.groups) > 1:
        raise FitError(
            f"these moments are of {len(data.groups)} groups", fix="analyse one group, or pool the rows"
        )
    _known(names, list(data.names))
    found, group = data.select(names), data.groups[0]
    why = ""
    if group.weight is not None:
        why = "the moments are weighted and do not say how unequal the weights were"
    elif data.clusters:
        why = "the moments are of clusters, which normal sampling of rows does not have"
    elif data.n <= len(names):
        why = f"n = {data.n} is too small to simulate {len(names)} variables"
    of_scale = units(names[:-1], scale, None)
    one = found.groups[0]
    return DriverData(
        names[:-1], names[-1], one.cov, one.mean, data.n, float(data.n), of_scale, None, why, data.notes
    )


def _of_rows(
    data: pd.DataFrame | Survey,
    names: tuple[str, ...],
    weights: str | ArrayLike | None,
    cluster: str | ArrayLike | None,
    scale: Scale | None,
) -> DriverData:
    survey = data if isinstance(data, Survey) else None
    frame = data.frame if isinstance(data, Survey) else data
    table = _columns(frame, survey, names)
    if weights is None and survey is not None and survey.weights is not None:
        weights = survey.weights
    if isinstance(weights, str):
        weights = _side(frame, weights, "weights").to_numpy(dtype=float, na_value=np.nan)
    codes = None if cluster is None else _codes(frame, cluster)
    given = None if weights is None else np.asarray(weights, dtype=float)
    rows = CompleteRows.of(table, names, weights=given)
    notes = list(rows.notes)
    effective = float(len(rows.values))
    if rows.weights is not None:
        effective = float(rows.weights.sum() ** 2 / np.sum(rows.weights**2))
        said = (
            f"sampling weights applied; {len(rows.values)} rows are worth {effective:.1f} equal ones (Kish)"
        )
        notes.append(Note("weights", said))
    if codes is None and survey is not None and survey.codebook.cluster is not None:
        said = f"the codebook's cluster column {survey.codebook.cluster!r} is not used; cluster= would use it"
        notes.append(Note("clusters", said))
    mean, cov = weighted_moments(rows.values, rows.weights)
    resampler = Resampler(rows.values, rows.weights, _kept(codes, rows.kept))
    of_scale = units(names[:-1], scale, survey)
    count = len(rows.values)
    return DriverData(
        names[:-1], names[-1], cov, mean, count, effective, of_scale, resampler, "", tuple(notes)
    )


def _columns(frame: pd.DataFrame, survey: Survey | None, names: tuple[str, ...]) -> pd.DataFrame:
    """Return the named columns; those that are constructs as scores."""
    columns = [str(c) for c in frame.columns]
    constructs = [] if survey is None else [c for c in survey.construct_items if c not in columns]
    _known(names, [*columns, *constructs])
    scored = [name for name in names if name in constructs]
    plain = frame.loc[:, [c in names for c in columns]]
    return plain if survey is None or not scored else plain.join(survey.scores()[scored])


def _known(names: tuple[str, ...], there: list[str]) -> None:
    for name in names:
        if name not in there:
            near = get_close_matches(str(name), there, n=1)
            fix = f"did you mean {near[0]!r}?" if near else f"the names are {', '.join(there[:20])}"
            raise FitError(f"there is no variable {name!r} in the data", fix=fix)


def _side(frame: pd.DataFrame, name: str, what: str) -> pd.Series:
    columns = [str(c) for c in frame.columns]
    if columns.count(name) != 1:
        raise FitError(
            f"{columns.count(name)} columns are called {name!r}", where=f"{what}=", fix="name one column"
        )
    return frame.iloc[:, columns.index(name)]


def _codes(frame: pd.DataFrame, cluster: str | ArrayLike) -> Array:
    series = _side(frame, cluster, "cluster") if isinstance(cluster, str) else pd.Series(np.asarray(cluster))
    if len(series) != len(frame):
        raise FitError(f"cluster has {len(series)} values, the data {len(frame)} rows", fix="give one a row")
    return np.asarray(pd.factorize(series, sort=True)[0])


def _kept(codes: Array | None, keep: Array) -> Array | None:
    if codes is None:
        return None
    inside = codes[keep]
    if (inside < 0).any():
        raise FitError(
            f"cluster is missing in {int((inside < 0).sum())} of the complete rows",
            fix="drop these rows or give them a cluster",
        )
    numbers = np.unique(inside, return_inverse=True)[1]
    if numbers.max() < 1:
        raise FitError("all complete rows belong to one cluster", fix="leave cluster out")
    return np.asarray(numbers)


def units(drivers: tuple[str, ...], scale: Scale | None, survey: Survey | None) -> Array:
    """Return the ends of each driver's answer scale, shape (p, 2): the argument's, else the codebook's."""
    out = np.full((len(drivers), 2), np.nan)
    if survey is not None:
        book = survey.codebook
        for j, name in enumerate(drivers):
            items = [book.items.get(i) for i in book.construct_items.get(name, (name,))]
            ends = {(float(i.scale.low), float(i.scale.high)) for i in items if i and i.scale}
            if len(ends) == 1:
                out[j] = ends.pop()
    given: dict[str, Any] = {}
    if isinstance(scale, Mapping):
        given = dict(scale)
        _known(tuple(given), list(drivers))
    elif scale is not None:
        given = dict.fromkeys(drivers, scale)
    for name, pair in given.items():
        low, high = (float(end) for end in pair)
        if not (np.isfinite([low, high]).all() and low < high):
            raise FitError(f"the scale of {name} is {pair!r}", where="scale=", fix="give (lowest, highest)")
        out[drivers.index(name)] = low, high
    return out


def _refuse_collinear(data: DriverData) -> None:
    """Refuse drivers that the others determine, and an outcome without variance or determined by them."""
    cor = data.cor
    if not np.isfinite(cor).all():
        j = int(np.argmax(~np.isfinite(cor).any(axis=1)))
        raise FitError(
            f"{(*data.drivers, data.outcome)[j]!r} does not vary", fix="leave out what is constant"
        )
    inner, p = cor[:-1, :-1], len(data.drivers)
    for j in range(1, p):
        fitted, *_ = np.linalg.lstsq(inner[:j, :j], inner[:j, j], rcond=None)
        if 1 - inner[:j, j] @ fitted < _COLLINEAR:
            with_it = [data.drivers[k] for k in np.flatnonzero(np.abs(fitted) > 1e-4)]
            raise FitError(
                f"driver {data.drivers[j]!r} is determined by {', '.join(map(repr, with_it))}: perfectly "
                "collinear drivers have no shares of their own",
                where="drivers",
                fix="leave one of them out, or put them together in one score",
            )
