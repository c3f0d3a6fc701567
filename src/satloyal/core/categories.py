"""Categories: which answers an ordinal item knows, and each row's place among them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from satloyal.errors import FitError
from satloyal.notes import Note

__all__ = ["Categories", "EmptyRule"]

Array = NDArray[Any]
EmptyRule = Literal["merge", "error"]

_MOST = 60  # a table of two such items has 3600 cells: no survey scale, but a measurement
_STEP = "ordinal items"


@dataclass(frozen=True, eq=False)
class Categories:
    """Rows coded by the categories of their ordinal items.

    Parameters
    ----------
    names : tuple of str
        All p variables.
    ordered : ndarray of bool, shape (p,)
        Which are ordinal.
    levels : tuple of ndarray
        Values of each ordinal item's categories in order; empty for a continuous variable. Values that were
        merged stand under the lowest of them.
    codes : ndarray of int, shape (n, p)
        Category of each answer from 0; zero for continuous variables.
    notes : tuple of Note
    """

    names: tuple[str, ...]
    ordered: Array
    levels: tuple[Array, ...]
    codes: Array
    notes: tuple[Note, ...] = ()

    @property
    def sizes(self) -> Array:
        """Number of categories of each variable, zero for a continuous one, shape (p,)."""
        return np.array([len(level) for level in self.levels])

    @classmethod
    def of(
        cls,
        values: Array,
        names: Sequence[str],
        ordered: Sequence[str],
        *,
        groups: Array | None = None,
        labels: Sequence[str] = ("",),
        empty: EmptyRule = "merge",
    ) -> Categories:
        """Code complete rows.

        Parameters
        ----------
        values : ndarray, shape (n, p)
        names : sequence of str, length p
        ordered : sequence of str
            Names of the ordinal items.
        groups : ndarray of int, shape (n,), optional
            Group of each row; thresholds must mean the same in all of them.
        labels : sequence of str
            Names of the groups.
        empty : {"merge", "error"}
            What to do about a category that nobody of some group chose: merge it with its neighbour in
            every group (with a note), or raise.

        Returns
        -------
        Categories
            A value between an item's lowest and highest answer that nobody at all chose is no category; a
            note says so.

        Raises
        ------
        FitError
            An ordinal name that is no variable, an item with one category (in one group), an item with more
            than 60, or an empty category in a group under ``empty="error"``.

        Examples
        --------
        >>> coded = Categories.of(np.array([[1.0], [3.0], [4.0]]), ["SAT"], ["SAT"])
        >>> coded.codes.ravel().tolist(), str(coded.notes[0])
        ([0, 1, 2], 'ordinal items: nobody chose SAT 2: it is no category, and thresholds skip it')
        """
        unknown = [name for name in ordered if name not in names]
        if unknown:
            raise FitError(
                f"the ordered item {unknown[0]!r} is no variable of the model", fix="check `ordered`"
            )
        if empty not in ("merge", "error"):
            raise FitError(f"empty is {empty!r}", fix="use 'merge' or 'error'")
        mask = np.array([name in set(ordered) for name in names])
        codes = np.zeros(values.shape, dtype=np.int16)  # small: it is kept for every row
        levels: list[Array] = [np.empty(0)] * len(names)
        group = np.zeros(len(values), dtype=np.intp) if groups is None else np.asarray(groups)
        skipped: list[str] = []
        merged: list[str] = []
        for j in np.flatnonzero(mask).tolist():
            level, codes[:, j] = np.unique(values[:, j], return_inverse=True)
            _check_size(level, names[j])
            skipped += [f"{names[j]} {value:g}" for value in _gaps(level)]
            counts = _counts(codes[:, j], group, len(level), len(labels))
            target = _merge_targets(counts)
            if (target != np.arange(len(level))).any():
                words = _absences(counts, level, names[j], labels)
                if empty == "error":
                    raise FitError(
                        f"some categories are not chosen in every group: {words}",
                        where=f"item {names[j]!r}",
                        fix="use empty='merge', or merge the categories in the data",
                    )
                merged.append(words)
                kept, target = np.unique(target, return_inverse=True)
                level, codes[:, j] = level[kept], target[codes[:, j]]
                if len(level) < 2:
                    raise FitError(
                        f"no two categories are chosen in every group: {words}",
                        where=f"item {names[j]!r}",
                        fix="leave the item out, or analyse the groups apart",
                    )
            levels[j] = level
        return cls(tuple(names), mask, tuple(levels), codes, _notes(skipped, merged))

    def rows(self, at: Array, notes: tuple[Note, ...]) -> Categories:
        """Return the same categories for some of the rows, with the notes that go with them."""
        return Categories(self.names, self.ordered, self.levels, self.codes[at], notes)


def _check_size(level: Array, name: str) -> None:
    if len(level) < 2:
        raise FitError(
            f"every answer is {level[0]:g}" if len(level) else "there is no answer",
            where=f"item {name!r}",
            fix="an item with one category says nothing: leave it out of the model",
        )
    if len(level) > _MOST:
        raise FitError(
            f"an ordered item has {len(level)} different values",
            where=f"item {name!r}",
            fix="treat it as continuous, or cut it into fewer categories",
        )


def _gaps(level: Array) -> Array:
    """Whole numbers between the lowest and the highest answer of an integer scale that nobody chose."""
    if (level != np.round(level)).any() or level[-1] - level[0] > _MOST:
        return np.empty(0)
    return np.setdiff1d(np.arange(level[0], level[-1] + 1), level)


def _counts(codes: Array, group: Array, size: int, groups: int) -> Array:
    """Answers by group and category, shape (G, C)."""
    return np.bincount(group * size + codes, minlength=groups * size).reshape(groups, size)


def _merge_targets(counts: Array) -> Array:
    """Return the category that each one is counted in, so that none is empty in any group, shape (C,).

    Going up the scale, a category takes in those above it until every group has an answer there; what is
    left at the top joins the last complete one.
    """
    size = counts.shape[1]
    target = np.arange(size)
    begin = 0
    complete: list[int] = []
    for end in range(size):
        target[begin : end + 1] = begin
        if (counts[:, begin : end + 1].sum(axis=1) > 0).all():
            complete.append(begin)
            begin = end + 1
    if begin < size and complete:
        target[begin:] = complete[-1]
    return target


def _absences(counts: Array, level: Array, name: str, labels: Sequence[str]) -> str:
    """Say which values nobody of which group chose."""
    parts = []
    for g, label in enumerate(labels):
        lacking = level[counts[g] == 0]
        if lacking.size:
            place = f" in group {label}" if len(labels) > 1 else ""
            parts.append(f"{name} {', '.join(f'{v:g}' for v in lacking)}{place}")
    return "; ".join(parts)


def _notes(skipped: Sequence[str], merged: Sequence[str]) -> tuple[Note, ...]:
    notes = []
    if skipped:
        words = "it is no category, and thresholds skip it"
        if len(skipped) > 1:
            words = "these are no categories, and thresholds skip them"
        notes.append(Note(_STEP, f"nobody chose {', '.join(skipped)}: {words}", len(skipped)))
    if merged:
        words = "merged with a neighbouring category in every group, so that thresholds mean the same"
        notes.append(Note("empty categories", f"nobody chose {'; '.join(merged)}: {words}", len(merged)))
    return tuple(notes)
