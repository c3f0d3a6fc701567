"""Tables of the measurement: reliability, HTMT, Fornell-Larcker, with a judgement on each figure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from satloyal.models.sem.validity import HTMT_LIBERAL, HTMT_STRICT
from satloyal.reporting import numbers
from satloyal.reporting.rows import each_row
from satloyal.reporting.table import Cell, Column, Table, undefined
from satloyal.reporting.tables.cells import pair, value_cell

if TYPE_CHECKING:
    from satloyal.models.sem.measurement import Measurement

__all__ = ["fornell_larcker", "htmt", "reliability"]

_RELIABLE, _AVE = 0.70, 0.50
_SINGLE = "not defined for this construct"
_OF_RESPONSES = (
    "Of ordinal items the figures are those of the latent responses behind the answers; ω of sums is the "
    "reliability of the sum of the answers themselves."
)
_FEW_PAIRS = 10  # intervals of so many pairs are read; of more, those that matter


def reliability(found: Measurement, level: str = "95 %") -> Table | None:
    """Alpha, omega, composite and maximal reliability and average variance extracted of each construct.

    Intervals stand beside composite reliability and AVE, to keep the table within a page; those of the
    others are in :attr:`Measurement.reliability`.

    Parameters
    ----------
    found : Measurement
    level : str
        Of the intervals, as the head of a column says it.
    """
    frame = found.reliability
    if frame.empty:
        return None
    grouped, ordinal = frame["group"].nunique() > 1, bool((frame["basis"] != "observed").any())
    columns = [Column("group", "Group")] if grouped else []
    columns += [
        Column("construct", "Construct"),
        Column("n_items", "Items", "int"),
        Column("alpha", "α", "bounded"),
        Column("omega", "ω", "bounded"),
        *([Column("omega_cat", "ω of sums", "bounded")] if ordinal else []),
        Column("cr", "CR", "bounded"),
        Column("cr_ci", f"CR {level}", "bounded_interval"),
        Column("maximal", "H", "bounded"),
        Column("ave", "AVE", "bounded"),
        Column("ave_ci", f"AVE {level}", "bounded_interval"),
        Column("loading_min", "Weakest loading", "bounded"),
    ]
    rows: list[list[Any]] = []
    for row in each_row(frame):
        why = str(row.reason) or _SINGLE
        head: list[Any] = [str(row.group)] if grouped else []
        sums = [_at_least(row.omega_cat, _RELIABLE, why)] if ordinal else []
        cells = [
            _at_least(row.alpha, _RELIABLE, why), _at_least(row.omega, _RELIABLE, why), *sums,
            _at_least(row.cr, _RELIABLE, why), _limits(row, "cr", why), value_cell(row.maximal, why),
            _at_least(row.ave, _AVE, why), _limits(row, "ave", why), value_cell(row.loading_min, why),
        ]  # fmt: skip
        rows.append([*head, str(row.construct), int(row.n_items), *cells])
    note = (
        "α: Cronbach's alpha; ω: omega of the model; CR: composite reliability; H: maximal reliability, of "
        "the best weighted sum; AVE: average variance extracted. "
        f"Marked where a reliability is below {numbers.number(_RELIABLE, bounded=True)} or the AVE below "
        f"{numbers.number(_AVE, bounded=True)}."
    )
    notes = (note, _OF_RESPONSES) if ordinal else (note,)
    return Table.build("reliability", "Reliability and convergent validity", columns, rows, notes)


def _limits(row: Any, name: str, reason: str) -> Cell:
    if not numbers.defined(float(getattr(row, name))):
        return undefined(reason)
    found = pair(row, f"{name}_lower", f"{name}_upper")
    if found is None:
        return undefined("no interval: the estimate has no standard error, or is not between 0 and 1")
    return Cell(found)


def _at_least(value: Any, limit: float, reason: str) -> Cell:
    cell = value_cell(value, reason)
    if cell.reason or not isinstance(cell.value, float):
        return cell
    return Cell(cell.value, "good" if cell.value >= limit else "warn")


def htmt(found: Measurement) -> Table | None:
    """Heterotrait-monotrait ratios below the diagonal."""
    frame = found.htmt
    if frame.empty or len(frame.columns) < 2:
        return None
    intervals = _intervals(found.pairs)
    table = _triangle(
        "htmt",
        "Discriminant validity: HTMT",
        frame,
        _htmt_tone,
        "not defined for a construct with one item",
        diagonal=False,
    )
    note = (
        f"Below {numbers.number(HTMT_STRICT, bounded=True)} the constructs are distinct; at "
        f"{numbers.number(HTMT_LIBERAL, bounded=True)} and above they are not."
    )
    return table.with_notes(note, *intervals)


def _htmt_tone(value: float) -> Any:
    return "good" if value < HTMT_STRICT else "warn" if value < HTMT_LIBERAL else "bad"


def _intervals(pairs: pd.DataFrame) -> tuple[str, ...]:
    known = pairs[pairs["htmt_upper"].notna()]
    if known.empty:
        return ()
    near = known[known["htmt_upper"] >= HTMT_STRICT] if len(known) > _FEW_PAIRS else known
    said = "; ".join(
        f"{r.construct_1}–{r.construct_2} {numbers.interval(r.htmt_lower, r.htmt_upper, bounded=True)}"
        for r in each_row(near)
    )
    limit = numbers.number(HTMT_STRICT, bounded=True)
    if len(near) == len(known):
        return (f"Bootstrap intervals: {said}.",)
    if near.empty:
        return (f"The bootstrap intervals of all {len(known)} pairs end below {limit}.",)
    return (f"Bootstrap intervals that reach {limit}: {said}; those of the other pairs end below it.",)


def fornell_larcker(found: Measurement) -> Table | None:
    """Root of the AVE on the diagonal, latent correlations below: the root should be the larger."""
    frame = found.fornell_larcker
    if frame.empty or len(frame.columns) < 2:
        return None
    values = frame.to_numpy(dtype=float)
    names = [str(c) for c in frame.columns]
    p = len(names)

    def tone(i: int, j: int) -> Any:
        block = values[i - i % p : i - i % p + p]
        i, own = i % p, np.diag(block)
        if i == j or not np.isfinite([own[i], own[j]]).all():
            return ""
        return "good" if abs(block[i, j]) < min(own[i], own[j]) else "bad"

    table = _triangle(
        "fornell_larcker",
        "Discriminant validity: Fornell-Larcker",
        frame,
        tone,
        "not defined for a construct with one item",
        diagonal=True,
    )
    return table.with_notes(
        "On the diagonal the root of the AVE, below it the correlations of the constructs. A "
        "correlation that is not "
        "below both roots is marked."
    )


def _triangle(
    name: str, caption: str, frame: pd.DataFrame, tone: Any, reason: str, *, diagonal: bool
) -> Table:
    grouped = isinstance(frame.index, pd.MultiIndex)
    names = [str(c) for c in frame.columns]
    p = len(names)
    columns = [Column("group", "Group")] if grouped else []
    width = p if diagonal else p - 1  # without a diagonal the last column and the first row are empty
    columns += [Column("construct", "Construct"), *(Column(n, n, "bounded") for n in names[:width])]
    rows: list[list[Any]] = []
    values = frame.to_numpy(dtype=float)
    for i, label in enumerate(frame.index):
        at = i % p
        if at == 0 and not diagonal:
            continue
        cells: list[Any] = [str(part) for part in label] if grouped else [str(label)]
        for j in range(width):
            value = float(values[i, j])
            if j > at or (j == at and not diagonal):
                cells.append("")
            elif not np.isfinite(value):
                cells.append(undefined(reason))
            else:
                cells.append(Cell(value, tone(value) if not diagonal else tone(i, j)))
        rows.append(cells)
    return Table.build(name, caption, columns, rows)
