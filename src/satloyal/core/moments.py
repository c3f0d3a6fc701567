"""Moments: n, means and covariances per group, from rows, from chunks of rows or from a published matrix.

Most models here need nothing else of the data.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from satloyal.core.chunks import Columns, Progress, csv_chunks, parquet_chunks, sav_chunks, summed
from satloyal.core.fourth import FourthMoments
from satloyal.core.printed import Printed
from satloyal.core.published import (
    check_correlations,
    check_definite,
    named_vector,
    sample_size,
    square_matrix,
)
from satloyal.core.rows import CompleteRows
from satloyal.core.sums import Sums
from satloyal.errors import FitError
from satloyal.notes import Note

__all__ = ["GroupMoments", "Moments", "weighted_moments"]

Array = NDArray[Any]


def weighted_moments(values: Array, weights: Array | None = None) -> tuple[Array, Array]:
    """Mean and maximum-likelihood covariance (divisor: sum of weights) of rows.

    Parameters
    ----------
    values : ndarray, shape (n, p)
    weights : ndarray, shape (n,), optional

    Returns
    -------
    mean : ndarray, shape (p,)
    covariance : ndarray, shape (p, p)

    Examples
    --------
    >>> mean, covariance = weighted_moments(np.array([[1.0], [3.0]]))
    >>> float(mean[0]), float(covariance[0, 0])
    (2.0, 1.0)
    """
    w = np.full(len(values), 1.0 / len(values)) if weights is None else weights / weights.sum()
    mean = w @ values
    centred = values - mean
    covariance = centred.T @ (centred * w[:, None])
    return mean, (covariance + covariance.T) / 2


@dataclass(frozen=True, eq=False)
class GroupMoments:
    """Moments of one group.

    Parameters
    ----------
    label : str
        Name of the group; empty when there is only one.
    n : int
        Number of respondents.
    cov : ndarray, shape (p, p)
        Covariances with divisor n (maximum likelihood).
    mean : ndarray, shape (p,), optional
        Means; ``None`` when a published matrix came without them.
    weight : float, optional
        Sum of the sampling weights, which have a mean of one over all groups; ``None`` without weights.
    fourth : FourthMoments, optional
        What robust errors and tests need where the rows are not kept.
    """

    label: str
    n: int
    cov: Array
    mean: Array | None = None
    weight: float | None = None
    fourth: FourthMoments | None = None

    @property
    def size(self) -> float:
        """How much the group counts for beside others: the sum of its weights, n without weights."""
        return float(self.n) if self.weight is None else self.weight


@dataclass(frozen=True, eq=False)
class Moments:
    """What path models, mediation, SEM, PLS, drivers and reliability need of the data.

    Parameters
    ----------
    names : tuple of str
        The p variables, in the order of the matrices.
    groups : tuple of GroupMoments
        One entry a group.
    notes : tuple of Note
        What was done on the way (rows dropped, weights normalised, triangle mirrored).
    source : str
        ``"rows"``, ``"chunks"`` or ``"matrix"``.
    printed : Printed, optional
        The matrix as a paper prints it, where the moments came from one.
    sums : Sums, optional
        The sums behind moments of chunks, which add.

    Examples
    --------
    >>> m = Moments.from_matrix([[1, .5], [.5, 1]], 100, names=["SAT", "LOY"], kind="cor")
    >>> m.n, m.names
    (100, ('SAT', 'LOY'))
    """

    names: tuple[str, ...]
    groups: tuple[GroupMoments, ...]
    notes: tuple[Note, ...] = field(default=())
    source: str = "rows"
    printed: Printed | None = None
    sums: Sums | None = None

    @property
    def n(self) -> int:
        """Number of respondents over all groups."""
        return sum(group.n for group in self.groups)

    @property
    def n_dropped(self) -> int:
        """Number of rows left out: those that are not complete, and those without weight or group."""
        return sum(note.count or 0 for note in self.notes if note.step == "listwise deletion")

    @property
    def clusters(self) -> frozenset[str]:
        """Names of the clusters, where rows were summed within them; empty without."""
        kept = [g.fourth.clusters for g in self.groups if g.fourth is not None]
        return frozenset(label for held in kept if held is not None for label in held.labels)

    def __add__(self, other: Moments) -> Moments:
        """Return the moments of both sets of rows together.

        Raises
        ------
        FitError
            One of them does not come from chunks, or the two do not hold the same.

        Examples
        --------
        >>> frame = pd.DataFrame({"SAT": [1.0, 2, 3, 5], "LOY": [1.0, 3, 2, 6]})
        >>> north = Moments.from_chunks([frame[:2]], ["SAT", "LOY"], part=True)
        >>> south = Moments.from_chunks([frame[2:]], ["SAT", "LOY"], part=True)
        >>> (north + south).covariance().round(3).loc["SAT", "LOY"].item()
        2.5
        """
        if not isinstance(other, Moments):
            return NotImplemented
        if self.sums is None or other.sums is None:
            raise FitError(
                "only moments of chunks add: those of a frame or a matrix do not hold the sums behind them",
                fix="make both with Moments.from_chunks, from_parquet, from_csv or from_sav",
            )
        return Moments.from_sums(self.sums + other.sums)

    def select(self, names: Sequence[str]) -> Moments:
        """Return the moments of some variables, in the given order.

        Raises
        ------
        FitError
            When a name is not there.
        """
        missing = [name for name in names if name not in self.names]
        if missing:
            raise FitError(
                f"the moments hold no variable {missing[0]!r}; they hold {', '.join(self.names)}",
                fix="check the spelling in the model text",
            )
        at = [self.names.index(name) for name in names]
        groups = tuple(
            replace(
                g, cov=g.cov[np.ix_(at, at)], mean=None if g.mean is None else g.mean[at],
                fourth=None if g.fourth is None else g.fourth.select(at),
            )
            for g in self.groups
        )  # fmt: skip
        printed = None if self.printed is None else self.printed.select(at)
        sums = None if self.sums is None else self.sums.select(names)
        return Moments(tuple(names), groups, self.notes, self.source, printed, sums)

    def covariance(self, group: int = 0, *, unbiased: bool = False) -> pd.DataFrame:
        """Return the covariance matrix of one group as a table.

        Parameters
        ----------
        group : int
            Position of the group.
        unbiased : bool
            Divisor n − 1 instead of n.
        """
        moments = self.groups[group]
        factor = moments.n / (moments.n - 1) if unbiased else 1.0
        return pd.DataFrame(moments.cov * factor, index=list(self.names), columns=list(self.names))

    @classmethod
    def from_frame(
        cls,
        frame: pd.DataFrame,
        columns: Sequence[str] | None = None,
        *,
        weights: Array | Sequence[float] | None = None,
        group: Array | Sequence[Any] | None = None,
    ) -> Moments:
        """Compute moments of complete rows.

        Parameters
        ----------
        frame : DataFrame, n rows
            Numeric columns.
        columns : sequence of str, optional
            Which columns; all when not given.
        weights : array_like, shape (n,), optional
            Sampling weights, finite and not negative.
        group : array_like, shape (n,), optional
            Group of each row.

        Returns
        -------
        Moments
            Rows with a missing value in any of the columns are left out; a note says how many.

        Raises
        ------
        FitError
            Text in a column, constant or all-missing columns, duplicated names, infinite values, bad
            weights, or too few rows.

        Examples
        --------
        >>> frame = pd.DataFrame({"SAT": [1.0, 2, 3, 5], "LOY": [1.0, 3, 2, 6]})
        >>> Moments.from_frame(frame).covariance().round(3).loc["SAT", "LOY"].item()
        2.5
        """
        names = frame.columns if columns is None else columns
        return cls.from_rows(CompleteRows.of(frame, names, weights=weights, group=group))

    @classmethod
    def from_rows(cls, rows: CompleteRows) -> Moments:
        """Compute the moments of checked rows, group by group."""
        groups = []
        for code, label in enumerate(rows.labels):
            at = rows.codes == code
            weights = None if rows.weights is None else rows.weights[at]
            mean, cov = weighted_moments(rows.values[at], weights)
            total = None if weights is None else float(weights.sum())
            groups.append(GroupMoments(label, int(at.sum()), cov, mean, total))
        return cls(rows.names, tuple(groups), rows.notes, "rows")

    @classmethod
    def from_sums(cls, sums: Sums) -> Moments:
        """Compute the moments of sums, group by group; weights get a mean of one over all groups."""
        held = [(label, sums.groups[label]) for label in sums.seen if label in sums.groups]
        unit = sum(g.weight for _, g in held) / sum(g.n for _, g in held) if sums.weighted else 1.0
        groups = tuple(
            GroupMoments(
                label, g.n, (g.cross + g.cross.T) / (2 * g.weight), g.mean,
                g.weight / unit if sums.weighted else None,
                None if g.fourth is None else replace(g.fourth, unit=unit),
            )
            for label, g in held
        )  # fmt: skip
        return cls(sums.names, groups, sums.counts.notes(), "chunks", None, sums)

    @classmethod
    def from_chunks(
        cls,
        chunks: Iterable[pd.DataFrame],
        columns: Sequence[str],
        *,
        weights: str | None = None,
        group: str | None = None,
        cluster: str | None = None,
        fourth: bool = False,
        part: bool = False,
        progress: Progress | None = None,
    ) -> Moments:
        """Compute moments of frames that come one after another, of which only one is held at a time.

        Parameters
        ----------
        chunks : iterable of DataFrame
            Taken once, in order.
        columns : sequence of str
            Which columns, p of them.
        weights, group, cluster : str, optional
            Columns of sampling weights, groups and clusters. Errors and tests that allow for weights or
            clusters take ``fourth=True``; clusters imply it.
        fourth : bool
            Keep fourth-order sums too, p²(p + 3)²/4 numbers a group: robust errors and tests (MLR, MLM,
            MLMV, WLS …) then need no rows. This takes p² times as long as the moments alone.
        part : bool
            The chunks are a part of the data, to be added to others with ``+``: do not ask of them alone
            that every column varies and that there are more rows than columns.
        progress : callable, optional
            Called with (rows done, rows in all, or ``None`` where nobody knows) after each chunk.

        Returns
        -------
        Moments
            Rows with a missing value in any of the columns are left out; a note says how many.

        Raises
        ------
        FitError
            As :meth:`from_frame`; or no chunk at all.

        Notes
        -----
        Chan, Golub & LeVeque 1983, *The American Statistician* 37:242-247: means and cross-products of
        parts are combined by differences of their means, so that large values cost no digits.

        Examples
        --------
        >>> frame = pd.DataFrame({"SAT": [1.0, 2, 3, 5], "LOY": [1.0, 3, 2, 6]})
        >>> halves = (frame[at : at + 2] for at in (0, 2))
        >>> Moments.from_chunks(halves, ["SAT", "LOY"]).covariance().round(3).loc["SAT", "LOY"].item()
        2.5
        """
        names = _column_names(columns)
        taken = Columns(names, weights, group, cluster, fourth or cluster is not None)
        return cls._of_chunks(summed(chunks, taken, progress), part=part)

    @classmethod
    def from_parquet(
        cls,
        path: str | Path,
        columns: Sequence[str],
        *,
        weights: str | None = None,
        group: str | None = None,
        cluster: str | None = None,
        fourth: bool = False,
        part: bool = False,
        chunk_rows: int | None = None,
        progress: Progress | None = None,
    ) -> Moments:
        """Compute moments of a Parquet file larger than memory, or of a folder of them.

        Parameters
        ----------
        path : str or Path
            A file, or a folder whose ``.parquet`` files are taken together.
        columns, weights, group, cluster, fourth, part, progress
            As for :meth:`from_chunks`.
        chunk_rows : int, optional
            Rows held at a time; about a million numbers when not given.

        Returns
        -------
        Moments

        Raises
        ------
        FitError
            pyarrow (the extra ``large``) is not installed, the file cannot be read, a column is not there;
            or as :meth:`from_frame`.

        Examples
        --------
        >>> import tempfile
        >>> frame = pd.DataFrame({"SAT": [1.0, 2, 3, 5], "LOY": [1.0, 3, 2, 6]})
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     frame.to_parquet(f"{folder}/answers.parquet")
        ...     moments = Moments.from_parquet(f"{folder}/answers.parquet", ["SAT", "LOY"])
        >>> moments.n, moments.n_dropped
        (4, 0)
        """
        taken = Columns(_column_names(columns), weights, group, cluster, fourth or cluster is not None)
        chunks, total = parquet_chunks(path, taken, chunk_rows)
        return cls._of_chunks(summed(chunks, taken, progress, total), part=part)

    @classmethod
    def from_csv(
        cls,
        path: str | Path,
        columns: Sequence[str],
        *,
        weights: str | None = None,
        group: str | None = None,
        cluster: str | None = None,
        fourth: bool = False,
        part: bool = False,
        chunk_rows: int | None = None,
        progress: Progress | None = None,
        separator: str = ",",
        encoding: str = "utf-8",
    ) -> Moments:
        r"""Compute moments of a CSV file larger than memory, or of a folder of them.

        Parameters
        ----------
        path : str or Path
            A file, or a folder whose ``.csv`` files are taken together.
        columns, weights, group, cluster, fourth, part, progress
            As for :meth:`from_chunks`.
        chunk_rows : int, optional
            Rows held at a time; about a million numbers when not given.
        separator, encoding : str
            Of the file.

        Returns
        -------
        Moments

        Raises
        ------
        FitError
            The file cannot be read, a column is not there; or as :meth:`from_frame`.

        Examples
        --------
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     _ = Path(folder, "answers.csv").write_text("SAT,LOY\n1,1\n2,\n3,2\n5,6\n")
        ...     moments = Moments.from_csv(f"{folder}/answers.csv", ["SAT", "LOY"])
        >>> moments.n, moments.n_dropped
        (3, 1)
        """
        taken = Columns(_column_names(columns), weights, group, cluster, fourth or cluster is not None)
        chunks = csv_chunks(path, taken, chunk_rows, separator, encoding)
        return cls._of_chunks(summed(chunks, taken, progress), part=part)

    @classmethod
    def from_sav(
        cls,
        path: str | Path,
        columns: Sequence[str],
        *,
        weights: str | None = None,
        group: str | None = None,
        cluster: str | None = None,
        fourth: bool = False,
        part: bool = False,
        chunk_rows: int | None = None,
        progress: Progress | None = None,
    ) -> Moments:
        """Compute moments of an SPSS file larger than memory, or of a folder of them.

        Values that the file declares as user-missing are missing.

        Parameters
        ----------
        path : str or Path
            A ``.sav`` or ``.zsav`` file, or a folder whose ``.sav`` files are taken together.
        columns, weights, group, cluster, fourth, part, progress
            As for :meth:`from_chunks`.
        chunk_rows : int, optional
            Rows held at a time; about eight million numbers when not given.

        Returns
        -------
        Moments

        Raises
        ------
        FitError
            The file cannot be read, a column is not there; or as :meth:`from_frame`.

        Examples
        --------
        >>> import pyreadstat, tempfile
        >>> frame = pd.DataFrame({"SAT": [1.0, 2, 3, 5, 99], "LOY": [1.0, 3, 2, 6, 4]})
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     pyreadstat.write_sav(frame, f"{folder}/x.sav", missing_ranges={"SAT": [99]})
        ...     moments = Moments.from_sav(f"{folder}/x.sav", ["SAT", "LOY"])
        >>> moments.n, moments.n_dropped
        (4, 1)
        """
        taken = Columns(_column_names(columns), weights, group, cluster, fourth or cluster is not None)
        chunks, total = sav_chunks(path, taken, chunk_rows)
        return cls._of_chunks(summed(chunks, taken, progress, total), part=part)

    @classmethod
    def _of_chunks(cls, sums: Sums, *, part: bool) -> Moments:
        if not part or not sums.counts.used:
            sums.check()
        return cls.from_sums(sums)

    @classmethod
    def of_groups(cls, groups: Mapping[str, Moments]) -> Moments:
        """Put published moments of several groups side by side, for a model of several groups.

        Parameters
        ----------
        groups : mapping of str to Moments
            Moments of one group each, of the same variables, by the group's name.

        Returns
        -------
        Moments
            In the order of the first group's variables.

        Raises
        ------
        FitError
            If there are fewer than two, one has groups of its own or other variables, or only some means.

        Examples
        --------
        >>> cov = [[1.0, 0.5], [0.5, 1.0]]
        >>> men = Moments.from_matrix(cov, 120, names=["SAT", "LOY"], means=[3.1, 4.0])
        >>> women = Moments.from_matrix(cov, 150, names=["SAT", "LOY"], means=[3.4, 4.2])
        >>> both = Moments.of_groups({"men": men, "women": women})
        >>> both.n, [group.label for group in both.groups]
        (270, ['men', 'women'])
        """
        if len(groups) < 2:
            raise FitError(
                f"{len(groups)} group is no comparison", fix="give the moments of two groups or more"
            )
        first = next(iter(groups.values()))
        made = []
        for label, moments in groups.items():
            if len(moments.groups) != 1:
                raise FitError(
                    f"the moments have {len(moments.groups)} groups of their own", where=f"group {label!r}",
                    fix="give the moments of one group",
                )  # fmt: skip
            if set(moments.names) != set(first.names):
                other = sorted(set(moments.names) ^ set(first.names))
                raise FitError(
                    f"not all groups have the variable {other[0]!r}", where=f"group {label!r}",
                    fix="take the variables that all have, with .select([...])",
                )  # fmt: skip
            (one,) = moments.select(first.names).groups
            made.append(replace(one, label=str(label)))
        if len({group.mean is None for group in made}) > 1:
            raise FitError("only some groups have means", fix="give means= for all groups, or for none")
        notes = tuple(
            Note(note.step, f"{label}: {note.message}", note.count)
            for label, moments in groups.items()
            for note in moments.notes
        )
        return cls(first.names, tuple(made), notes, "matrix")

    @classmethod
    def from_matrix(
        cls,
        matrix: Any,
        n: int | None = None,
        *,
        names: Sequence[str] | None = None,
        means: Sequence[float] | None = None,
        sd: Sequence[float] | None = None,
        kind: str = "cov",
        decimals: int | None = None,
        smooth: bool = False,
    ) -> Moments:
        """Take a published covariance or correlation matrix as data.

        Parameters
        ----------
        matrix : array_like or DataFrame, shape (p, p)
            Full matrix, or a lower triangle (ragged rows, or with the upper part missing).
        n : int
            Sample size: without it there is no standard error and no test.
        names : sequence of str
            Variable names; taken from a DataFrame when not given.
        means, sd : sequence of float, optional
            Means, and standard deviations of a correlation matrix.
        kind : {"cov", "cor"}
            ``"cov"`` has divisor n − 1, as papers print it. A ``"cor"`` matrix without ``sd`` is analysed
            as the covariance matrix of standardised variables.
        decimals : int, optional
            Decimals that the matrix is printed with: ``fit.rounding()`` then says what rounding leaves open.
        smooth : bool
            Use the nearest correlation matrix (Higham 2002) where the printed one is not positive definite;
            the notes and a check of every fit say by how much it differs.

        Returns
        -------
        Moments

        Raises
        ------
        FitError
            Missing n, wrong shape, asymmetry, values that are not finite, correlations outside ±1, more
            decimals than stated, or a matrix that is not positive definite; each says where, the last also
            by how much and whether rounding can explain it.

        Examples
        --------
        >>> m = Moments.from_matrix([[4, 1], [1, 9]], 50, names=["SAT", "LOY"])
        >>> float(m.covariance(unbiased=True).loc["LOY", "LOY"])
        9.0
        """
        if kind not in ("cov", "cor"):
            raise FitError(f"kind is {kind!r}", fix="use 'cov' or 'cor'")
        if not isinstance(smooth, bool):
            raise FitError(f"smooth is {smooth!r}", where="from_matrix", fix="use True or False")
        values, labels, notes = square_matrix(matrix, names, kind)
        size = sample_size(n, kind)
        scale = None
        if kind == "cor":
            check_correlations(values, labels)
            if sd is not None:
                scale = named_vector(sd, labels, "sd")
                if not (scale > 0).all():
                    raise FitError("a standard deviation is not positive", where="sd", fix="check the table")
        elif sd is not None:
            raise FitError("standard deviations come with a covariance matrix", fix="say kind='cor'")
        printed = Printed(labels, values, size, kind, decimals, scale)
        values, printed, more = printed.checked(smooth=smooth)
        if scale is not None:
            values = values * np.outer(scale, scale)
            check_definite(values, labels)
        if size <= len(labels):
            raise FitError(
                f"n is {size}, with {len(labels)} variables",
                fix="a covariance matrix needs more respondents than variables: check n",
            )
        mean = None if means is None else named_vector(means, labels, "means")
        groups = (GroupMoments("", size, values * (size - 1) / size, mean),)
        return cls(labels, groups, (*notes, *more), "matrix", printed)


def _column_names(columns: Sequence[str]) -> tuple[str, ...]:
    if isinstance(columns, str):
        raise FitError(f"columns is the text {columns!r}", fix=f"give a list: [{columns!r}]")
    return tuple(str(name) for name in columns)
