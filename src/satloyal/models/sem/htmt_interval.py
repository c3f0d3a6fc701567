"""Bootstrap intervals of HTMT: rows are drawn again, as batches of covariance matrices."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from satloyal.core.reliability import htmt
from satloyal.core.resample import Resampler, blocks, percentile_interval
from satloyal.notes import Note

if TYPE_CHECKING:
    from satloyal.models.sem.constructs import Construct

__all__ = ["Interval", "Kind", "htmt_interval", "htmt_replicates"]

Array = NDArray[Any]
Kind = Literal["htmt", "htmt2"]
Interval = dict[tuple[str, str], tuple[float, float]]

_STEP = "HTMT interval"


def htmt_replicates(
    rows: Resampler, items: Sequence[Sequence[int]], replicates: int, seed: int | None
) -> dict[Kind, Array]:
    """Return HTMT and HTMT2 of resampled rows, (R, c, c) each.

    Parameters
    ----------
    rows : Resampler
        Rows of the items, with their weights and clusters.
    items : sequence of sequences of int
        Columns of the items of each construct.
    replicates : int
        How many, R.
    seed : int, optional
        The same seed gives the same numbers.

    Examples
    --------
    >>> values = np.random.default_rng(1).normal(size=(50, 4)) + np.arange(50)[:, None] / 10
    >>> htmt_replicates(Resampler(values), [[0, 1], [2, 3]], 20, seed=1)["htmt"].shape
    (20, 2, 2)
    """
    found: dict[Kind, list[Array]] = {"htmt": [], "htmt2": []}
    for start, stop, generator in blocks(replicates, seed):
        cov, _ = rows.moments(rows.counts(stop - start, generator))
        for kind, batches in found.items():
            batches.append(htmt(cov, items, kind=kind))
    return {kind: np.concatenate(batches) for kind, batches in found.items()}


def htmt_interval(
    rows: Resampler | None,
    constructs: Sequence[Construct],
    replicates: int,
    seed: int | None,
    level: float,
) -> tuple[dict[Kind, Interval], tuple[Note, ...]]:
    """Return the percentile interval of each pair of constructs, and what is to be known about it.

    Parameters
    ----------
    rows : Resampler or None
        Rows of the sample of one group; None if there are only moments.
    constructs : sequence of Construct
        Those that items measure.
    replicates : int
        0 for no interval.
    seed : int, optional
        Seed of the bootstrap.
    level : float
        Confidence level.
    """
    none: dict[Kind, Interval] = {"htmt": {}, "htmt2": {}}
    if not replicates or len(constructs) < 2:
        return none, ()
    if rows is None:
        return none, (
            Note(_STEP, "no interval: the model was fitted to moments, and rows cannot be drawn again"),
        )
    drawn = htmt_replicates(rows, [c.items for c in constructs], replicates, seed)
    pairs = [
        (i, j) for i, j in combinations(range(len(constructs)), 2) if _testable(constructs[i], constructs[j])
    ]
    notes = [
        Note(
            _STEP, f"percentile intervals of {replicates:,} bootstrap replicates, level {level:g}", replicates
        )
    ]
    out: dict[Kind, Interval] = {}
    for kind, values in drawn.items():
        out[kind], lost = _percentiles(values, pairs, constructs, level)
        if lost:
            text = (
                f"{kind.upper()} is not defined in {lost:,} of {replicates:,} replicates, which are left out"
            )
            notes.append(Note(_STEP, text, lost))
    return out, tuple(notes)


def _testable(c: Construct, d: Construct) -> bool:
    return not (c.single or d.single or {*c.items} & {*d.items})


def _percentiles(
    values: Array, pairs: Sequence[tuple[int, int]], constructs: Sequence[Construct], level: float
) -> tuple[Interval, int]:
    """Return intervals by pair, and in how many replicates some ratio was not defined."""
    interval: Interval = {}
    undefined = np.zeros(len(values), dtype=bool)
    for i, j in pairs:
        column = values[:, i, j]
        known = np.isfinite(column)
        undefined |= ~known
        if known.any():
            lower, upper = percentile_interval(column[known, None], level)
            interval[constructs[i].name, constructs[j].name] = float(lower[0]), float(upper[0])
    return interval, int(undefined.sum())
