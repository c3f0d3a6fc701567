"""Tables of how constructs are told apart: pair by pair with both HTMT ratios, and item by item."""

from __future__ import annotations

from typing import TYPE_CHECKING

from satloyal.models.sem.validity import HTMT_LIBERAL, HTMT_STRICT
from satloyal.reporting import numbers
from satloyal.reporting.rows import each_row
from satloyal.reporting.table import Cell, Column, Table, Tone, Value, undefined
from satloyal.reporting.tables.cells import pair, value_cell

if TYPE_CHECKING:
    from satloyal.models.sem.measurement import Measurement

__all__ = ["cross_loadings", "pairs"]

_MOST_PAIRS, _MOST_CONSTRUCTS, _MOST_ITEMS = 15, 8, 60
_SINGLE = "not defined for a construct with one item"
_NO_INTERVAL = "no bootstrap of rows was given"
_TONES: dict[str, Tone] = {"distinct": "good", "not distinct": "bad"}


def pairs(found: Measurement, level: str = "95 %") -> Table | None:
    """Both ratios of every pair of constructs, with intervals where there is a bootstrap."""
    frame = found.pairs
    if frame.empty or frame["htmt2"].isna().all():
        return None
    left = 0
    if len(frame) > _MOST_PAIRS:
        order = frame["htmt2"].astype(float).abs().sort_values(ascending=False, kind="stable").index
        left = len(frame) - _MOST_PAIRS
        frame = frame.loc[order[:_MOST_PAIRS]]
    grouped, known = found.pairs["group"].nunique() > 1, bool(frame["htmt2_upper"].notna().any())
    columns = [Column("group", "Group")] if grouped else []
    columns += [Column("pair", "Constructs"), Column("latent_cor", "Latent r", "bounded")]
    columns += [Column("htmt", "HTMT", "bounded")]
    columns += [Column("htmt_ci", f"HTMT {level}", "bounded_interval")] if known else []
    columns += [Column("htmt2", "HTMT2", "bounded")]
    columns += [Column("htmt2_ci", f"HTMT2 {level}", "bounded_interval")] if known else []
    columns += [Column("verdict", "Distinct")]
    rows: list[list[Cell | Value]] = []
    for row in each_row(frame):
        cells: list[Cell | Value] = [str(row.group)] if grouped else []
        cells += [
            f"{row.construct_1} and {row.construct_2}",
            value_cell(row.latent_cor, "could not be computed"),
        ]
        for name in ("htmt", "htmt2"):
            value = float(getattr(row, name))
            tone: Tone = "good" if value < HTMT_STRICT else "warn" if value < HTMT_LIBERAL else "bad"
            cells.append(Cell(value, tone) if numbers.defined(value) else undefined(_SINGLE))
            ends = pair(row, f"{name}_lower", f"{name}_upper")
            if known:
                cells.append(Cell(ends) if ends is not None else undefined(_NO_INTERVAL))
        cells.append(Cell(str(row.verdict or ""), _TONES.get(str(row.verdict), "")))
        rows.append(cells)
    notes: tuple[str, ...] = (
        "HTMT2 takes geometric means, which is right for items that load unequally (Roemer, Schuberth and "
        "Henseler 2021).",
    )
    notes += (f"{left} pairs with smaller ratios are left out.",) if left else ()
    return Table.build("construct_pairs", "Constructs pair by pair", columns, rows, notes)


def cross_loadings(found: Measurement) -> Table | None:
    """Implied correlations of items with constructs; an item that goes better with another one is marked."""
    frame = found.cross_loadings
    names = [c for c in frame.columns if c not in ("item", "group", "construct")]
    if not 2 <= len(names) <= _MOST_CONSTRUCTS or not 0 < len(frame) <= _MOST_ITEMS:
        return None
    grouped = frame["group"].nunique() > 1
    columns = [Column("group", "Group")] if grouped else []
    columns += [Column("item", "Item"), *(Column(name, name, "bounded") for name in names)]
    rows: list[list[Cell | Value]] = []
    for _, row in frame.iterrows():
        own = [name.strip() for name in str(row["construct"]).split(",")]
        best = max((abs(float(row[name])) for name in own if name in names), default=float("nan"))
        cells: list[Cell | Value] = [str(row["group"])] if grouped else []
        cells.append(str(row["item"]))
        for name in names:
            value = float(row[name])
            if not numbers.defined(value):
                cells.append(undefined("the fit did not converge"))
                continue
            tone: Tone = "good" if name in own else "bad" if abs(value) >= best else ""
            cells.append(Cell(value, tone))
        rows.append(cells)
    note = (
        "Correlations that the model implies. The construct that an item is written to measure is "
        "ticked; a cross "
        "stands where the item goes as well with another one."
    )
    return Table.build("cross_loadings", "Items with constructs", columns, rows, (note,))
