"""Moments: n, means and covariances per group, from rows or from a published matrix.

Most models here need nothing else of the data.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from satloyal.core.printed import Printed
from satloyal.core.published import (
    check_correlations,
    check_definite,
    named_vector,
    sample_size,
    square_matrix,
)
from satloyal.core.rows import CompleteRows
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
    """

    label: str
    n: int
    cov: Array
    mean: Array | None = None
    weight: float | None = None

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
        ``"rows"`` or ``"matrix"``.
    printed : Printed, optional
        The matrix as a paper prints it, where the moments came from one.

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

    @property
    def n(self) -> int:
        """Number of respondents over all groups."""
        return sum(group.n for group in self.groups)

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
            replace(g, cov=g.cov[np.ix_(at, at)], mean=None if g.mean is None else g.mean[at])
            for g in self.groups
        )
        printed = None if self.printed is None else self.printed.select(at)
        return Moments(tuple(names), groups, self.notes, self.source, printed)

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
