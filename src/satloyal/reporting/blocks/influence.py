"""Influence: which respondents the estimates hang on."""

from __future__ import annotations

from functools import partial

from matplotlib.figure import Figure

from satloyal.models.sem.influence import Influence
from satloyal.reporting import numbers
from satloyal.reporting.figures.standing import draw_standing
from satloyal.reporting.kind import Kind
from satloyal.reporting.parts import Paragraph, Part, Picture
from satloyal.reporting.rows import each_row
from satloyal.reporting.table import Cell, Column, Table, Value
from satloyal.reporting.tables.cells import value_cell
from satloyal.reporting.terms import in_words

__all__ = ["INFLUENCE"]

_SHOWN = 10
_WHY = "without this respondent no solution was found"


def _parts(found: Influence, suffix: str) -> list[Part]:
    parts: list[Part] = [Paragraph(_verdict(found), lead=True)]
    if found.table["gcd"].notna().any():
        caption = (
            "Generalised Cook's distance of the respondents who matter most: how far all estimates "
            "move when one "
            "of them is left out. No limit decides; look at who stands apart from the rest."
        )
        parts.append(Picture(f"influence{suffix}", caption, _verdict(found), partial(_figure, found)))
    return [*parts, _table(found, f"influence{suffix}")]


def _verdict(found: Influence) -> str:
    top = found.most(1)
    if top.empty or not numbers.defined(float(top["gcd"].iloc[0])):
        return f"Nothing can be said about influence. {found.note}".strip()
    biggest = found.changes.abs().to_numpy().max() if len(found.changes.columns) else float("nan")
    text = f"Of {numbers.count(len(found.table))} respondents, {top.index[0]} matters most"
    if "moves_most" in top.columns:
        size = numbers.number(float(top["change"].iloc[0]))
        text += (
            f": without that one, the {in_words(str(top['moves_most'].iloc[0]))} moves by {size} "
            "standard errors"
        )
    text += "."
    if numbers.defined(float(biggest)):
        said = "no single respondent moves any estimate by a standard error" if biggest < 1 else (
            f"single respondents move single estimates by up to {numbers.number(float(biggest))} "
            "standard errors"
        )  # fmt: skip
        text += f" Over all, {said}."
    return f"{text} {found.note}".strip()


def _table(found: Influence, name: str) -> Table:
    columns = [
        Column("row", "Respondent"),
        Column("gcd", "Cook's distance", "number"),
        Column("chisq_change", "Change of χ²", "number"),
        Column("mahalanobis", "Mahalanobis", "number", 1),
        Column("mahalanobis_pvalue", "p", "p"),
        Column("moves_most", "Moves most"),
        Column("change", "by, in SE", "number"),
    ]
    rows: list[list[Cell | Value]] = []
    top = found.most(_SHOWN)
    moved = "moves_most" in top.columns
    for index, row in zip(top.index, each_row(top), strict=True):
        cells = [value_cell(getattr(row, c.key), _WHY) for c in columns[1:5]]
        tail: list[Cell | Value] = (
            [in_words(str(row.moves_most)), value_cell(row.change, _WHY)] if moved else ["", ""]
        )
        rows.append([str(index), *cells, *tail])
    note = (
        "Respondents are named by the index of the data. Change of χ²: what leaving them out takes off "
        "the misfit; "
        "positive for those who fit badly."
    )
    return Table.build(name, "Respondents who matter most", columns, rows, (note,))


def _figure(found: Influence) -> Figure:
    values = found.table["gcd"].to_numpy(dtype=float)
    return draw_standing(
        values, [str(i) for i in found.table.index], ylabel="Cook's distance",
        xlabel="Respondents, the most influential first",
    )  # fmt: skip


INFLUENCE = Kind(
    type=Influence,
    key="influence",
    title="Whom the estimates hang on",
    noun=lambda found: "Influence of respondents",
    parts=_parts,
    headline=_verdict,
    barred=lambda found: "",
    methods=lambda found: (
        "Influence is the generalised Cook's distance: the change of all estimates without each respondent"
        + (", refitted" if found.exact else ", by one Newton step")
        + ".",
    ),
    cites=lambda found: ("pek_maccallum2011",),
    figures={"influence": _figure},
)
"""Case influence."""
