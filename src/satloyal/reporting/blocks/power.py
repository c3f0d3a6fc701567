"""Power: how often a study of a given size finds what is there, and how large it has to be."""

from __future__ import annotations

from functools import partial

import pandas as pd
from matplotlib.figure import Figure

from satloyal.models.sem.power_effects import NEGLIGIBLE
from satloyal.models.sem.power_study import PowerStudy
from satloyal.reporting import numbers
from satloyal.reporting.figures.probe import draw_power
from satloyal.reporting.kind import Kind
from satloyal.reporting.parts import Bullets, Paragraph, Part, Picture
from satloyal.reporting.rows import each_row
from satloyal.reporting.table import Cell, Column, Table, Value
from satloyal.reporting.tables.cells import value_cell
from satloyal.reporting.terms import in_words, listed

__all__ = ["POWER"]

_TARGET = 0.8
_LOST = "no study of this size could be used"
_FEW = 0.05
_MOST = 6  # lines that a figure holds


def _parts(found: PowerStudy, suffix: str) -> list[Part]:
    parts: list[Part] = [Paragraph(_verdict(found), lead=True), _sizes(found, f"sample_size{suffix}")]
    if found.table["n"].nunique() > 1:
        caption = (
            f"Power of a two-sided test at {numbers.number(found.alpha, bounded=True)} over the number of "
            f"respondents, with the error of {numbers.count(found.replicates)} simulated studies a "
            "size; dashed: "
            f"{numbers.number(_TARGET, bounded=True)}."
        )
        parts.append(Picture(f"power{suffix}", caption, _verdict(found), partial(_figure, found)))
    parts.append(_table(found, f"power{suffix}"))
    return [*parts, Bullets(tuple(f"{n[:1].upper()}{n[1:]}." for n in found.notes), "How it was simulated")]


def _real(found: PowerStudy) -> list[str]:
    """Effects that are there in the population."""
    frame = found.table[found.table["population"].abs() > NEGLIGIBLE]
    return list(dict.fromkeys(frame["effect"]))


def _verdict(found: PowerStudy) -> str:
    if not int(found.table["used"].sum()):
        return "No simulated study could be used, so nothing is said about power."
    wanted = numbers.percent(_TARGET, 0)
    said = []
    for name in _real(found)[:_MOST]:
        size = found.sample_size(name, _TARGET)
        if not numbers.defined(size["n"]):
            said.append(f"{in_words(name)}: more respondents do not bring it there")
            continue
        within = (
            f" ({numbers.count(size['ci_lower'])} to {numbers.count(size['ci_upper'])})"
            if numbers.defined(size["ci_lower"]) and numbers.defined(size["ci_upper"])
            else ""
        )
        beyond = ", beyond the sizes simulated" if size["extrapolated"] else ""
        said.append(f"{in_words(name)} with {numbers.count(size['n'])}{within}{beyond}")
    if not said:
        return (
            "No effect differs from zero in the population: what is shown is how often one is found by error."
        )
    each = " in each group" if found.truth.ngroups > 1 else ""
    rest = len(_real(found)) - len(said)
    more = f" {rest} more effects stand in the table." if rest > 0 else ""
    return f"Respondents{each} for a power of {wanted}: {'; '.join(said)}.{more}"


def _sizes(found: PowerStudy, name: str) -> Table:
    columns = [
        Column("effect", "Effect"),
        Column("population", "True value", "number"),
        Column("std", "Std.", "bounded"),
        *(
            Column(f"n{int(100 * t)}", f"Respondents for {numbers.percent(t, 0)}", "int")
            for t in (0.8, 0.9, 0.95)
        ),
    ]
    rows: list[list[Cell | Value]] = []
    for effect in _real(found):
        row = found.table[found.table["effect"] == effect].iloc[0]
        cells = [
            value_cell(found.sample_size(effect, t)["n"], "more respondents do not bring more power")
            for t in (0.8, 0.9, 0.95)
        ]
        rows.append([in_words(effect), value_cell(row["population"]), value_cell(row["std_all"]), *cells])
    return Table.build(name, "How many respondents each effect takes", columns, rows)


def _table(found: PowerStudy, name: str) -> Table:
    columns = [
        Column("effect", "Effect"),
        Column("n", "n", "int"),
        Column("power", "Power", "bounded"),
        Column("power_mcse", "± (error)", "bounded", 3),
        Column("coverage", "Coverage", "bounded"),
        Column("relative_bias", "Bias, relative", "percent", 1),
        Column("se_ratio", "SE / SD", "number"),
        Column("failed", "Failed", "int"),
        Column("inadmissible", "Inadmissible", "int"),
    ]
    rows: list[list[Cell | Value]] = []
    order = {effect: i for i, effect in enumerate(dict.fromkeys(found.table["effect"]))}
    sorted_rows = sorted(each_row(found.table), key=lambda row: (order[row.effect], row.n))
    for row in sorted_rows:
        cells = [value_cell(getattr(row, c.key), _LOST) for c in columns[1:]]
        if not abs(row.population) > NEGLIGIBLE:
            cells[4] = Cell(None, reason="the true value is zero")
        if row.failed > _FEW * found.replicates:
            cells[6] = Cell(cells[6].value, "warn")
        rows.append([in_words(row.effect), *cells])
    note = (
        "Power: share of studies that find the effect (of an effect of zero: the rate of false "
        "alarms). Error: "
        "of the simulation. Coverage: share of 95 % intervals that hold the true value. SE / SD: mean "
        "standard "
        "error over the real spread. Studies that failed are in no figure."
    )
    return Table.build(name, "What simulated studies of each size found", columns, rows, (note,))


def _barred(found: PowerStudy) -> str:
    worst: pd.Series = found.table.groupby("n")["failed"].max() / found.replicates
    lost = [numbers.count(float(str(n))) for n, share in worst.items() if share > 0.5]
    if not lost:
        return ""
    return f"At n = {listed(lost)} more than half of the studies did not converge: these sizes say nothing."


def _figure(found: PowerStudy) -> Figure:
    table = found.table.assign(effect=[in_words(e) for e in found.table["effect"]])
    return draw_power(table, target=_TARGET, effects=[in_words(e) for e in _real(found)[:_MOST]] or None)


POWER = Kind(
    type=PowerStudy,
    key="power",
    title="How large the study has to be",
    noun=lambda found: "Power",
    parts=_parts,
    headline=_verdict,
    barred=_barred,
    methods=lambda found: (
        f"Power was simulated: {numbers.count(found.replicates)} studies a sample size, seed "
        f"{found.seed}, each "
        "refitted with the analysis model; sample sizes for a target come from a probit curve through the "
        "simulated powers.",
    ),
    cites=lambda found: ("muthen_muthen2002",),
    figures={"power": _figure},
)
"""Power studies by simulation."""
