"""Drivers: which attributes carry how much of what is explained, and how they perform."""

from __future__ import annotations

from functools import partial

from matplotlib.figure import Figure

from satloyal.models.drivers import DriversFit
from satloyal.reporting import numbers
from satloyal.reporting.figures.drivers import draw_importance_performance, draw_shares
from satloyal.reporting.kind import Kind
from satloyal.reporting.parts import Callout, Paragraph, Part, Picture
from satloyal.reporting.rows import each_row
from satloyal.reporting.table import Cell, Column, Table, Value, undefined
from satloyal.reporting.tables.cells import pair, value_cell

__all__ = ["DRIVERS"]

_NAMES = {"lmg": "LMG (Shapley)", "relative_weights": "relative weights"}


def _parts(fit: DriversFit, suffix: str) -> list[Part]:
    parts: list[Part] = [Paragraph(fit.headline(), lead=True)]
    parts += [
        Callout("warn", c.name.capitalize(), f"{_sentence(c.message)} {_sentence(c.advice)}")
        for c in fit.checks
        if c.status == "warn"
    ]
    parts.append(_shares(fit, f"drivers{suffix}"))
    if not fit.failed_checks():
        parts.append(
            Picture(f"shares{suffix}", _caption(fit), fit.headline(), partial(_draw_shares, fit)),
        )
        if fit.has_performance:
            caption = (
                "Importance against performance, cut at the averages of both; lines are the "
                f"{numbers.percent(fit.level, 0)} intervals."
            )
            parts += [
                _performance(fit, f"importance_performance{suffix}"),
                Picture(f"ipma{suffix}", caption, _alt(fit), partial(_draw_performance, fit)),
            ]
    return parts


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."


def _caption(fit: DriversFit) -> str:
    return f"Share of each driver in the explained variance of {fit.outcome}, by {_NAMES[fit.method]}."


def _alt(fit: DriversFit) -> str:
    rows = each_row(fit.importance_performance())
    return "; ".join(f"{r.term}: {r.quadrant}" for r in rows) + "."


def _why(fit: DriversFit) -> str:
    return fit.data.no_draws or "no replicates were asked for"


def _ends(row: object, name: str, why: str) -> Cell:
    ends = pair(row, f"{name}_lower", f"{name}_upper")
    return Cell(ends) if ends else undefined(why)


def _shares(fit: DriversFit, name: str) -> Table:
    level = numbers.percent(fit.level, 0)
    columns = [
        Column("driver", "Driver"),
        Column("share", "Share of R²", "percent", 1),
        Column("share_ci", f"{level} interval", "bounded_interval", 3),
        Column("rank_ci", "Ranks", "interval", 0),
        Column("lmg", "LMG", "bounded", 3),
        Column("relative_weight", "Relative weight", "bounded", 3),
        Column("beta", "Std. beta", "number", 2),
        Column("zero_order", "Correlation", "bounded", 2),
        Column("semipartial2", "Semipartial²", "bounded", 3),
        Column("vif", "VIF", "number", 1),
    ]
    rows: list[list[Cell | Value]] = []
    for r in each_row(fit.tidy().sort_values("est", ascending=False, kind="stable")):
        figures = [value_cell(getattr(r, c.key)) for c in columns[4:]]
        ends = [_ends(r, "share", _why(fit)), _ends(r, "rank", _why(fit))]
        rows.append([str(r.term), value_cell(r.share), *ends, *figures])
    note = (
        f"R² = {numbers.number(fit.r2, 3, bounded=True)}. LMG and relative weights are in units of R², which "
        "each sums to; LMG is general dominance. Intervals hold for one driver each."
    )
    return Table.build(name, f"Drivers of {fit.outcome}", columns, rows, (note,))


def _performance(fit: DriversFit, name: str) -> Table:
    columns = [
        Column("driver", "Driver"),
        Column("importance", "Share of R²", "percent", 1),
        Column("performance", "Performance", "number", 1),
        Column("performance_ci", f"{numbers.percent(fit.level, 0)} interval", "interval", 1),
        Column("quadrant", "Quadrant"),
        Column("stable", "Replicates there", "percent", 0),
    ]
    why = _why(fit) if fit.draws is None else "matrices were simulated, not answers"
    rows: list[list[Cell | Value]] = [
        [
            str(r.term), value_cell(r.importance), value_cell(r.performance), _ends(r, "performance", why),
            str(r.quadrant), value_cell(r.stable, why),
        ]
        for r in each_row(fit.importance_performance())
    ]  # fmt: skip
    note = (
        "Performance: mean on 0 to 100 of the answer scale. The lines between quadrants are the averages of "
        "these drivers, so that a driver is only important or weak beside the others."
    )
    return Table.build(name, "Importance and performance", columns, rows, (note,))


def _draw_shares(fit: DriversFit) -> Figure:
    return draw_shares(fit.tidy(), xlabel=f"% of the explained variance of {fit.outcome}")


def _draw_performance(fit: DriversFit) -> Figure:
    return draw_importance_performance(fit.importance_performance(), outcome=fit.outcome)


def _methods(fit: DriversFit) -> tuple[str, ...]:
    how = "exactly, from all subsets" if fit.orders is None else f"from {len(fit.orders)} sampled orders"
    said = next(n.message for n in fit.notes if n.step == "intervals")
    return (
        f"Explained variance was shared out by {_NAMES[fit.method]}; LMG was computed {how}.",
        f"Intervals of shares and ranks: {said}.",
    )


def _drawable(fit: DriversFit) -> tuple[str, ...]:
    if fit.failed_checks():
        return ()
    return ("shares", "importance_performance") if fit.has_performance else ("shares",)


DRIVERS = Kind(
    type=DriversFit,
    key="drivers",
    title="Drivers",
    noun=lambda fit: f"Drivers of {fit.outcome}",
    parts=_parts,
    methods=_methods,
    cites=lambda fit: (
        ("lindeman1980", "gromping2006", "johnson2000", "azen_budescu2003")
        + (("martilla_james1977",) if fit.has_performance else ())
    ),
    figures={"shares": _draw_shares, "importance_performance": _draw_performance},
    drawable=_drawable,
)
"""Shares of explained variance."""
