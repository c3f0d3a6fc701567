"""From what the user gives (frame, Survey or Moments) to the sample that a model is fitted to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from satloyal.core.incomplete import IncompleteRows
from satloyal.core.moments import Moments
from satloyal.core.published import check_definite
from satloyal.core.rows import CompleteRows
from satloyal.errors import FitError
from satloyal.models.sem.declared import coded_categories, declared_note, declared_ordinal
from satloyal.models.sem.incomplete import Incomplete
from satloyal.notes import Note
from satloyal.survey.survey import Survey

if TYPE_CHECKING:
    from satloyal.models.sem.ordinal import OrdinalSample

__all__ = ["Data", "Sample"]

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Sample:
    """What a model is fitted to.

    Parameters
    ----------
    moments : Moments
        In the model's order of variables; divisor as the likelihood wants it.
    rows : CompleteRows or IncompleteRows, optional
        The rows behind the moments; none when they came as a matrix.
    clusters : ndarray of int, shape (n,), optional
    incomplete : Incomplete, optional
        Patterns of missing values; the moments are saturated ones then.
    ordinal : OrdinalSample, optional
        Thresholds and correlations of latent responses; the moments are those of latent responses then.
    """

    moments: Moments
    rows: CompleteRows | IncompleteRows | None
    clusters: Array | None
    notes: tuple[Note, ...]
    incomplete: Incomplete | None = None
    ordinal: OrdinalSample | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """Observed variables."""
        return self.moments.names

    @property
    def keeps_fourth(self) -> bool:
        """Whether the rows were summed with their fourth-order products and not kept."""
        return self.rows is None and all(g.fourth is not None for g in self.moments.groups)

    @property
    def spread_known(self) -> bool:
        """Whether the data tell how their moments vary: rows do, and fourth-order sums."""
        return self.rows is not None or self.keeps_fourth

    @property
    def weighted(self) -> bool:
        """Whether rows have sampling weights."""
        if self.rows is not None:
            return self.rows.weights is not None
        return any(g.weight is not None for g in self.moments.groups)

    @property
    def cluster_count(self) -> int:
        """How many clusters there are; 0 without clusters."""
        if self.clusters is not None:
            return int(self.clusters.max()) + 1
        return len(self.moments.clusters)

    def group_rows(self, group: int) -> Array:
        """Return which rows belong to a group, as a mask."""
        assert self.rows is not None  # noqa: S101 - callers ask only when there are rows
        mask: Array = self.rows.codes == group
        return mask


@dataclass(frozen=True, eq=False)
class Data:
    """What the user gave, opened once.

    Parameters
    ----------
    frame : DataFrame, optional
    moments : Moments, optional
    group, cluster : str, optional
        Columns.
    weights : ndarray, shape (n,), optional
    notes : tuple of Note
    declared : tuple of str
        Columns that the data themselves call ordinal.
    """

    frame: pd.DataFrame | None
    moments: Moments | None
    group: str | None
    cluster: str | None
    weights: Array | None
    notes: tuple[Note, ...]
    declared: tuple[str, ...] = ()

    @classmethod
    def of(
        cls,
        data: pd.DataFrame | Survey | Moments,
        *,
        group: str | None,
        cluster: str | None,
        weights: str | Sequence[float] | Array | pd.Series | None,
    ) -> Data:
        """Open a frame, a Survey (its declared weights and nothing else are used unasked) or Moments."""
        if isinstance(data, Moments):
            for value, option in ((group, "group"), (cluster, "cluster"), (weights, "weights")):
                if value is not None:
                    raise FitError(
                        f"{option}= needs rows, and the data are moments",
                        fix=f"give the rows, or say {option}= where moments are made of chunks of rows",
                    )
            return cls(None, data, None, None, None, data.notes)
        notes: list[Note] = []
        if isinstance(data, Survey):
            frame = data.frame
            if weights is None and data.weights is not None:
                weights = data.weights
                name = data.codebook.weight
                notes.append(Note("weights", f"the survey's weight column {name!r} is used"))
        elif isinstance(data, pd.DataFrame):
            frame = data
        else:
            raise FitError(
                f"the data are a {type(data).__name__}", fix="give a DataFrame, a Survey or Moments"
            )
        for column, what in ((group, "group"), (cluster, "cluster")):
            if column is not None:
                if not pd.api.types.is_scalar(column):
                    raise FitError(f"{what}= is {column!r}", where="fit_sem", fix="name one column")
                _check_column(frame, column, f"{what}=")
        declared = declared_ordinal(data)
        return cls(frame, None, group, cluster, _weight_values(frame, weights), tuple(notes), declared)

    @property
    def columns(self) -> tuple[str, ...]:
        """Names that a model may use."""
        if self.moments is not None:
            return self.moments.names
        assert self.frame is not None  # noqa: S101 - one of the two is always there
        return tuple(str(c) for c in self.frame.columns)

    @property
    def clustered(self) -> bool:
        """Whether rows are in clusters."""
        return self.cluster is not None or bool(self.moments is not None and self.moments.clusters)

    @property
    def from_rows(self) -> bool:
        """Whether rows were given, kept or not, and so their means too."""
        return self.moments is None or self.moments.source == "chunks"

    def group_count(self) -> int:
        """How many groups a model will have."""
        if self.moments is not None:
            return len(self.moments.groups)
        if self.group is None or self.frame is None:
            return 1
        return int(self.frame[self.group].nunique())

    def sample(self, names: Sequence[str], ordered: Sequence[str] = ()) -> Sample:
        """Take the variables of a model.

        Parameters
        ----------
        names : sequence of str
        ordered : sequence of str
            Those that are taken as ordinal.

        Raises
        ------
        FitError
            See :meth:`satloyal.core.moments.Moments.from_frame`.
        """
        if self.moments is not None:
            return Sample(_checked(self.moments.select(names)), None, None, self.notes)
        assert self.frame is not None  # noqa: S101
        group = None if self.group is None else self.frame[self.group].to_numpy()
        frame, coded = coded_categories(self.frame, names)
        rows = CompleteRows.of(frame, list(names), weights=self.weights, group=group)
        self._check_groups(rows)
        clusters = self._clusters(rows)
        said = declared_note(self.declared, names, ordered)
        notes = (*self.notes, *coded, *said, *rows.notes)
        return Sample(_checked(Moments.from_rows(rows)), rows, clusters, notes)

    def incomplete_sample(
        self, names: Sequence[str], complete: Sequence[str], auxiliary: Sequence[str] = ()
    ) -> Sample:
        """Take the variables of a model with all rows that hold a value.

        Parameters
        ----------
        names : sequence of str
        complete : sequence of str
            Covariates that a row must have.
        auxiliary : sequence of str
            Which of them stand beside the model.

        Raises
        ------
        FitError
            The data are moments; or see :meth:`satloyal.core.incomplete.IncompleteRows.of`.
        """
        if self.frame is None:
            raise FitError("missing values are in rows, and the data are moments", fix="give the rows")
        group = None if self.group is None else self.frame[self.group].to_numpy()
        frame, coded = coded_categories(self.frame, names)
        rows = IncompleteRows.of(frame, list(names), complete=complete, weights=self.weights, group=group)
        self._check_groups(rows)
        clusters = self._clusters(rows)
        incomplete = Incomplete.of(rows, auxiliary)
        said = declared_note(self.declared, names, ())
        notes = (*self.notes, *coded, *said, *rows.notes, incomplete.note(rows))
        return Sample(_checked(incomplete.moments(rows)), rows, clusters, notes, incomplete)

    def _check_groups(self, rows: CompleteRows | IncompleteRows) -> None:
        if len(rows.labels) < self.group_count():
            kind = "complete rows" if isinstance(rows, CompleteRows) else "rows with a value"
            raise FitError(
                f"only {', '.join(rows.labels)} of {self.group_count()} groups have {kind}",
                where=f"column {self.group!r}",
                fix="leave the others out of the data, or out of the model the items they did not answer",
            )

    def _clusters(self, rows: CompleteRows | IncompleteRows) -> Array | None:
        if self.cluster is None or self.frame is None:
            return None
        column = self.frame.loc[rows.kept, self.cluster]
        if column.isna().any():
            raise FitError(
                f"{int(column.isna().sum())} rows have no cluster", where=f"column {self.cluster!r}",
                fix="drop them, or give each a cluster of its own",
            )  # fmt: skip
        clusters: Array = pd.factorize(column)[0]
        for code in np.unique(rows.codes):
            if len(np.unique(clusters[rows.codes == code])) == 1:
                where = f"column {self.cluster!r}"
                label = rows.labels[code] if self.group is not None else ""
                raise FitError(
                    f"all rows {f'of group {label!r} ' if label else ''}are in one cluster", where=where,
                    fix="one cluster says nothing about how much clusters differ: leave cluster= out",
                )  # fmt: skip
        return clusters


def _check_column(frame: pd.DataFrame, column: str, where: str) -> None:
    count = int((frame.columns == column).sum())
    if count == 0:
        raise FitError(f"the data have no column {column!r}", where=where, fix="check its name")
    if count > 1:
        raise FitError(f"{count} columns are called {column!r}", where=where, fix="rename all but one")


def _checked(moments: Moments) -> Moments:
    """Return moments whose matrices have an inverse: without it there is no likelihood."""
    for group in moments.groups:
        check_definite(group.cov, moments.names, where=f"group {group.label!r}" if group.label else None)
    return moments


def _weight_values(
    frame: pd.DataFrame, weights: str | Sequence[float] | Array | pd.Series | None
) -> Array | None:
    if weights is None:
        return None
    if isinstance(weights, str):
        _check_column(frame, weights, "weights=")
        weights = frame[weights]
    if isinstance(weights, pd.Series):
        if len(weights) != len(frame):
            raise FitError(f"there are {len(weights)} weights for {len(frame)} rows", fix="give one a row")
        if not weights.index.equals(frame.index):
            raise FitError(
                "the weights have another index than the rows", where="weights=",
                fix="give weights.reindex(data.index), or weights.to_numpy() if their order is the rows'",
            )  # fmt: skip
        numbers = pd.to_numeric(weights, errors="coerce")
        bad = int((numbers.isna() & weights.notna()).sum())
        if bad:
            raise FitError(f"{bad} weights are not numbers", where="weights=", fix="check the weight column")
        return np.asarray(numbers, dtype=float)
    try:
        return np.asarray(weights, dtype=float)
    except (TypeError, ValueError):
        raise FitError("the weights are not numbers", where="weights=", fix="give one number a row") from None


def rescaled(moments: Moments, likelihood: str) -> Moments:
    """Return moments with the divisor that the likelihood wants: n, or n − 1 for Wishart."""
    if likelihood == "normal":
        return moments
    groups = tuple(replace(g, cov=g.cov * g.n / (g.n - 1)) for g in moments.groups)
    return replace(moments, groups=groups)
