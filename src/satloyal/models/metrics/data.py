"""Answers, weights, clusters and groups for loyalty metrics, taken from a frame or a survey and checked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from satloyal.errors import FitError
from satloyal.notes import Note
from satloyal.survey.survey import Survey

__all__ = ["ALL", "Array", "MetricData", "Source", "complete", "refuse_outside"]

Array = NDArray[Any]
ALL = "all"
_MOST_GROUPS = 200


@dataclass(frozen=True, slots=True, eq=False)
class MetricData:
    """Rows that count.

    Parameters
    ----------
    weight : ndarray, shape (n,)
        Sampling weights scaled to mean 1.
    cluster : ndarray of int, shape (n,), optional
    group : ndarray of int, shape (n,)
        Which of ``groups`` a row belongs to.
    groups : tuple of str
        ``("all",)`` where nobody asked for groups.
    group_name : str
        Their column; empty without groups.
    repeated : int
        Rows beyond the first of a respondent, where the survey's codebook names the respondent.
    notes : tuple of Note
    """

    weight: Array
    cluster: Array | None
    group: Array
    groups: tuple[str, ...]
    group_name: str
    repeated: int
    notes: tuple[Note, ...]

    @property
    def n(self) -> int:
        """Number of rows."""
        return int(self.weight.size)

    @property
    def n_effective(self) -> float:
        """Kish's effective sample size, (sum w)² / sum w² (Kish 1965, Survey Sampling, section 11.7)."""
        return float(self.weight.sum() ** 2 / np.sum(self.weight**2))


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """A frame or survey that is asked for columns by name."""

    frame: pd.DataFrame
    survey: Survey | None

    @classmethod
    def of(cls, data: Any) -> Source:
        """Wrap what the user gave."""
        if isinstance(data, Survey):
            return cls(data.frame, data)
        if isinstance(data, pd.DataFrame):
            return cls(data, None)
        raise FitError(
            f"a metric needs rows, and data is a {type(data).__name__}", fix="give a DataFrame or a Survey"
        )

    def column(self, name: str, *, constructs: bool = False) -> pd.Series:
        """Return one column (or construct score); an unknown name suggests the nearest known one."""
        columns = [str(c) for c in self.frame.columns]
        if columns.count(name) > 1:
            raise FitError(
                f"column {name!r} appears {columns.count(name)} times", fix="rename or drop the copies"
            )
        if name in columns:
            return self.frame.iloc[:, columns.index(name)]
        known = [] if self.survey is None else list(self.survey.construct_items)
        if self.survey is not None and name in known:
            if constructs:
                return self.survey.scores()[name]
            items = ", ".join(self.survey.construct_items[name])
            raise FitError(
                f"{name!r} is a construct, and this metric counts answers to one question",
                fix=f"name one of its items: {items}",
            )
        near = get_close_matches(str(name), [*columns, *known], n=1, cutoff=0.6)
        hint = f"did you mean {near[0]!r}?" if near else f"the names are {', '.join([*known, *columns][:20])}"
        raise FitError(f"there is no column {name!r} in the data", fix=hint)

    def numbers(self, name: str, *, constructs: bool = False) -> Array:
        """Return one column as floats, NaN for missing; refuse text and infinity, naming the first row."""
        column = self.column(name, constructs=constructs)
        numeric = pd.to_numeric(column, errors="coerce")
        values = np.asarray(numeric.to_numpy(dtype=float, na_value=np.nan))
        strange = (np.isnan(values) & column.notna().to_numpy()) | np.isinf(values)
        if strange.any():
            raise FitError(
                f"column {name!r} holds {int(strange.sum())} values that are no finite numbers, the first "
                f"is "
                f"{column[strange].iloc[0]!r} in row {column.index[strange][0]!r}",
                fix="code the answers as numbers, or give missing codes when reading the survey",
            )
        if np.isnan(values).all():
            raise FitError(f"column {name!r} has no answers at all", fix="check the name and missing codes")
        return values

    def scale(self, name: str) -> tuple[float, float] | None:
        """Return the ends of the answer scale of an item or construct, where the codebook has one."""
        if self.survey is None:
            return None
        book = self.survey.codebook
        items = book.construct_items.get(name, (name,))
        ends = {
            (float(i.scale.low), float(i.scale.high)) for i in map(book.items.get, items) if i and i.scale
        }
        return ends.pop() if len(ends) == 1 else None

    def need_scale(
        self, name: str, values: Array, given: tuple[float, float] | None, argument: str = "scale"
    ) -> tuple[float, float]:
        """Settle the ends of a scale, from the codebook or the argument; refuse answers outside them."""
        known = self.scale(name)
        if given is not None and known is not None and tuple(map(float, given)) != known:
            raise FitError(
                f"{argument} says {given[0]:g} to {given[1]:g}, the codebook {known[0]:g} to {known[1]:g} "
                f"for {name!r}",
                fix=f"leave {argument} out, or mend the codebook",
            )
        found = given if given is not None else known
        if found is None:
            raise FitError(
                f"the answer scale of {name!r} is not known, and its answers alone do not tell it",
                fix=f"give {argument}=(1, 5) or whatever the questionnaire offered, or a codebook",
            )
        low, high = map(float, found)
        if not (np.isfinite(low) and np.isfinite(high) and low < high):
            raise FitError(f"{argument} runs from {low:g} to {high:g}", fix="give the lowest answer first")
        refuse_outside(name, values, low, high)
        return low, high


def refuse_outside(name: str, values: Array, low: float, high: float) -> None:
    """Refuse answers that the scale does not have."""
    outside = (values < low) | (values > high)
    if outside.any():
        raise FitError(
            f"{int(outside.sum())} answers of {name!r} lie outside {low:g} to {high:g}, the first is "
            f"{values[outside][0]:g}",
            fix="recode them as missing, or correct the scale",
        )


def complete(
    source: Source,
    columns: Sequence[Array],
    *,
    group: str | None,
    weights: str | ArrayLike | None,
    cluster: str | ArrayLike | None,
    every: bool = True,
) -> tuple[Array, MetricData]:
    """Return which rows count, shape (N,), and their weights, clusters and groups.

    ``every`` asks for an answer in all columns; otherwise one suffices.
    """
    frame, survey = source.frame, source.survey
    if weights is None and survey is not None and survey.weights is not None:
        weights = survey.codebook.weight
    w = np.ones(len(frame)) if weights is None else _weights(source, weights)
    absent = np.isnan(np.column_stack(columns))
    missing = absent.any(axis=1) if every else absent.all(axis=1)
    codes: Array = np.zeros(len(frame), dtype=int)
    names: tuple[str, ...] = (ALL,)
    if group is not None:
        codes, names = _groups(source, group)
    stay = ~missing & (codes >= 0) & (w > 0)
    notes = [
        Note(step, f"{int(where.sum())} of {len(frame)} rows dropped: {why}", int(where.sum()))
        for step, where, why in (
            ("missing answers", missing, "no answer"),
            ("groups", ~missing & (codes < 0), f"no {group}"),
            ("weights", ~missing & (codes >= 0) & (w == 0), "weight 0"),
        )
        if where.any()
    ]
    if not stay.any():
        raise FitError(
            "no row has all that is needed", fix="; ".join(map(str, notes)) or "the table is empty"
        )
    there, codes = np.unique(codes[stay], return_inverse=True)
    w = w[stay] / w[stay].mean()
    clusters = None if cluster is None else _clusters(source, cluster, stay)
    made = MetricData(
        w, clusters, codes, tuple(names[i] for i in there), group or "", _repeated(source, stay), ()
    )
    if np.ptp(w) > 0:
        text = f"sampling weights applied; {made.n} rows are worth {made.n_effective:.1f} equal ones (Kish)"
        notes.append(Note("weights", text, made.n))
    if cluster is None and survey is not None and survey.codebook.cluster is not None:
        text = f"the codebook's cluster column {survey.codebook.cluster!r} is not used; cluster= would use it"
        notes.append(Note("clusters", text))
    return stay, MetricData(w, clusters, codes, made.groups, made.group_name, made.repeated, tuple(notes))


def _repeated(source: Source, stay: Array) -> int:
    name = None if source.survey is None else source.survey.codebook.id
    if name is None or name not in source.frame.columns:
        return 0
    return int(source.frame[name][stay].dropna().duplicated().sum())


def _weights(source: Source, weights: str | ArrayLike) -> Array:
    if isinstance(weights, str):
        label, values = f"weight column {weights!r}", source.numbers(weights)
    else:
        label, values = "weights", np.asarray(weights, dtype=float)
    if values.shape != (len(source.frame),):
        raise FitError(
            f"weights have shape {values.shape}, the data {len(source.frame)} rows", fix="give one a row"
        )
    bad = ~np.isfinite(values) | (values < 0)
    if bad.any():
        raise FitError(
            f"{label}: {int(bad.sum())} values are missing, infinite or negative, the first in row "
            f"{source.frame.index[bad][0]!r}",
            fix="every row needs a finite weight of at least 0",
        )
    if not values.any():
        raise FitError(f"{label}: all are zero", fix="at least some rows must count")
    return values


def _groups(source: Source, name: str) -> tuple[Array, tuple[str, ...]]:
    column = source.column(name)
    if isinstance(column.dtype, pd.CategoricalDtype):
        codes, levels = column.cat.codes.to_numpy(), list(column.cat.categories)
    else:
        mixed = column.dtype == object
        found, index = pd.factorize(column.map(str, na_action="ignore") if mixed else column, sort=True)
        codes, levels = np.asarray(found), list(index)
    if len(levels) > _MOST_GROUPS:
        raise FitError(
            f"column {name!r} has {len(levels)} different values", fix="name a column of groups, or band it"
        )
    whole = [f"{v:g}" if isinstance(v, float | np.floating) else str(v) for v in levels]
    return codes.astype(int), tuple(whole)


def _clusters(source: Source, cluster: str | ArrayLike, stay: Array) -> Array:
    named = isinstance(cluster, str)
    series = source.column(str(cluster)) if named else pd.Series(np.asarray(cluster))
    if len(series) != len(source.frame):
        raise FitError(
            f"cluster has {len(series)} values, the data {len(source.frame)} rows", fix="give one a row"
        )
    codes, _ = pd.factorize(series[stay] if named else series.to_numpy()[stay])
    if (codes < 0).any():
        raise FitError(
            f"cluster is missing in {int((codes < 0).sum())} of the rows that count",
            fix="drop these rows or give them a cluster",
        )
    if codes.max() < 1:
        raise FitError("all rows belong to one cluster", fix="leave cluster out, or take more clusters")
    return np.asarray(codes)
