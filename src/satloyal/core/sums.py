"""Sums of rows: counts, means and cross-products of a part of the data, which add without losing digits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from satloyal.core.fourth import FourthMoments
from satloyal.errors import FitError
from satloyal.notes import Note

__all__ = ["GroupSums", "RowCounts", "Sums"]

Array = NDArray[Any]


@dataclass(frozen=True, slots=True)
class RowCounts:
    """How many rows were read, and how many of the complete ones have no weight or no group.

    Parameters
    ----------
    total, used, unweighted, ungrouped : int
    """

    total: int
    used: int
    unweighted: int = 0
    ungrouped: int = 0

    def __add__(self, other: RowCounts) -> RowCounts:
        """Add the counts of other rows."""
        return RowCounts(
            self.total + other.total, self.used + other.used,
            self.unweighted + other.unweighted, self.ungrouped + other.ungrouped,
        )  # fmt: skip

    def notes(self) -> tuple[Note, ...]:
        """Return what was left out, in words."""
        out = []
        dropped = self.total - self.used
        if dropped:
            text = f"{dropped} of {self.total} rows are not complete and left out; {self.used} remain"
            out.append(Note("listwise deletion", text, dropped))
        if self.unweighted:
            text = f"{self.unweighted} rows have a weight of zero or none and are left out"
            out.append(Note("weights", text, self.unweighted))
        if self.ungrouped:
            out.append(
                Note("groups", f"{self.ungrouped} rows have no group and are left out", self.ungrouped)
            )
        return tuple(out)


@dataclass(frozen=True, eq=False)
class GroupSums:
    """Sums over the rows of one group.

    Parameters
    ----------
    n : int
    weight : float
        Sum of the weights; n without weights.
    origin, offset : ndarray, shape (p,)
        A value, and the mean less it: near to each other, they hold more digits than the mean itself.
    cross : ndarray, shape (p, p)
        Σ w (x − mean)(x − mean)ᵀ.
    low, high : ndarray, shape (p,)
        Least and largest values.
    fourth : FourthMoments, optional

    Notes
    -----
    Parts are added by the pairwise update of Chan, Golub & LeVeque 1983, *The American Statistician*
    37:242-247: nothing is ever summed about zero, so that large means cost no digits.

    Examples
    --------
    >>> rows = np.array([[1.0], [3.0], [8.0]]) + 1e9
    >>> whole = GroupSums.of(rows[:2]) + GroupSums.of(rows[2:])
    >>> whole.n, float(whole.mean[0] - 1e9), float(whole.cross[0, 0])
    (3, 4.0, 26.0)
    """

    n: int
    weight: float
    origin: Array
    offset: Array
    cross: Array
    low: Array
    high: Array
    fourth: FourthMoments | None = None

    @classmethod
    def of(
        cls,
        values: Array,
        weights: Array | None = None,
        clusters: tuple[Array, tuple[str, ...]] | None = None,
        *,
        fourth: bool = False,
        origin: Array | None = None,
    ) -> GroupSums:
        """Sum rows, shape (n, p), n > 0; fourth-order sums about ``origin``, or about their means."""
        total = float(len(values)) if weights is None else float(weights.sum())
        start = values[0].copy()
        z = values - start
        offset = (z.sum(axis=0) if weights is None else weights @ z) / total
        z -= offset
        cross = z.T @ z if weights is None else z.T @ (z * weights[:, None])
        more = None
        if fourth:
            more = FourthMoments.of(values, start + offset if origin is None else origin, weights, clusters)
        low, high = values.min(axis=0), values.max(axis=0)
        return cls(len(values), total, start, offset, cross, low, high, more)

    @property
    def mean(self) -> Array:
        """Means, shape (p,)."""
        return self.origin + self.offset

    def __add__(self, other: GroupSums) -> GroupSums:
        """Add the sums of other rows."""
        total = self.weight + other.weight
        gap = (other.origin - self.origin) + (other.offset - self.offset)
        cross = self.cross + other.cross + np.outer(gap, gap) * (self.weight * other.weight / total)
        fourth = None
        if self.fourth is not None and other.fourth is not None:
            fourth = self.fourth + other.fourth
        return GroupSums(
            self.n + other.n, total, self.origin, self.offset + gap * (other.weight / total), cross,
            np.minimum(self.low, other.low), np.maximum(self.high, other.high), fourth,
        )  # fmt: skip

    def select(self, at: Sequence[int]) -> GroupSums:
        """Return the sums of some of the variables."""
        own = list(at)
        fourth = None if self.fourth is None else self.fourth.select(own)
        return replace(
            self, origin=self.origin[own], offset=self.offset[own], cross=self.cross[np.ix_(own, own)],
            low=self.low[own], high=self.high[own], fourth=fourth,
        )  # fmt: skip


@dataclass(frozen=True, eq=False)
class Sums:
    """Sums of a part of the data, group by group.

    Parameters
    ----------
    names : tuple of str
    seen : tuple of str
        Groups in order of appearance, those without a complete row too.
    groups : mapping of str to GroupSums
    counts : RowCounts
    weighted : bool
    clustered : bool
    fourth : bool
    """

    names: tuple[str, ...]
    seen: tuple[str, ...]
    groups: Mapping[str, GroupSums]
    counts: RowCounts
    weighted: bool = field(default=False)
    clustered: bool = field(default=False)
    fourth: bool = field(default=False)

    def __add__(self, other: Sums) -> Sums:
        """Add the sums of other rows.

        Raises
        ------
        FitError
            The two do not hold the same: other variables, or weights, groups, clusters or fourth moments
            in one of them only.
        """
        if set(self.names) != set(other.names):
            odd = sorted(set(self.names) ^ set(other.names))
            raise FitError(f"only one of the parts has {', '.join(odd)}", fix="take the same columns of each")
        for what in ("weighted", "clustered", "fourth"):
            if getattr(self, what) != getattr(other, what):
                raise FitError(f"only one of the parts is made with {_OPTION[what]}", fix="make both with it")
        if ("" in self.seen) != ("" in other.seen):
            raise FitError("only one of the parts has groups", fix="make both with group=")
        aligned = other.select(self.names)
        groups = dict(self.groups)
        for label, sums in aligned.groups.items():
            groups[label] = groups[label] + sums if label in groups else sums
        seen = tuple(dict.fromkeys((*self.seen, *other.seen)))
        return replace(self, seen=seen, groups=groups, counts=self.counts + other.counts)

    def select(self, names: Sequence[str]) -> Sums:
        """Return the sums of some of the variables, in this order."""
        if tuple(names) == self.names:
            return self
        at = [self.names.index(name) for name in names]
        return replace(self, names=tuple(names), groups={k: g.select(at) for k, g in self.groups.items()})

    def check(self) -> None:
        """Check that there are rows enough, and that every variable varies in every group.

        Raises
        ------
        FitError
            As :meth:`satloyal.core.moments.Moments.from_frame`.
        """
        if not self.counts.used:
            what = "is left" if self.counts.total else "is there: the data hold no rows"
            raise FitError(f"no complete row {what}", fix="look which of the columns are mostly missing")
        for label, sums in self.groups.items():
            place = f"group {label!r}: " if len(self.groups) > 1 else ""
            for j in np.flatnonzero(sums.low == sums.high):
                raise FitError(
                    f"{place}all {sums.n} complete rows have the value {sums.low[j]:g}",
                    where=f"column {self.names[j]!r}",
                    fix="a constant item says nothing: leave it out of the model",
                )
            if sums.n <= len(self.names):
                raise FitError(
                    f"{place}{sums.n} complete rows are too few for {len(self.names)} variables",
                    fix="use fewer items or more respondents",
                )


_OPTION = {"weighted": "weights=", "clustered": "cluster=", "fourth": "fourth=True"}
