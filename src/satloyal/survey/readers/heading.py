"""Heading: a column as a vendor's header rows describe it, and the raw table that headings and rows make."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest

import pandas as pd

from satloyal.errors import SurveyError
from satloyal.notes import Note
from satloyal.survey.clean import listing, unique_names
from satloyal.survey.raw import Finding, Kind, RawTable
from satloyal.survey.readers.grid import Grid

__all__ = ["Heading", "table_from"]


@dataclass(frozen=True, slots=True)
class Heading:
    """What the header says about one column.

    Parameters
    ----------
    name : str
        Code of the question, or the text over the column where it has none; empty where there is neither.
    text : str
        What was asked in this column: the row of a matrix, the option to tick, or the whole question.
    stem : str
        What it shares with the other columns of its question; empty where it stands alone.
    kind : Kind, optional
        What the vendor's layout says that it is.

    Examples
    --------
    >>> Heading("Q3_1", "Staff knowledge", "How satisfied are you with …?", "answer").name
    'Q3_1'
    """

    name: str
    text: str = ""
    stem: str = ""
    kind: Kind | None = None


def table_from(
    grid: Grid,
    headings: Sequence[Heading],
    *,
    first: int,
    rows: Sequence[int] | None = None,
    words: Mapping[str | float, str] | None = None,
    findings: Sequence[Finding] = (),
) -> RawTable:
    """Make a raw table of the rows below the header, keeping every column that holds anything.

    Parameters
    ----------
    grid : Grid
        Rows at least as long as the headings that hold something; shorter ones end in empty cells.
    headings : sequence of Heading
        One a column of the grid, in its order. Nameless ones are named by place, repeated ones numbered.
    first : int
        Index in ``grid.rows`` of the first respondent.
    rows : sequence of int, optional
        Indices in ``grid.rows`` of the respondents, where some rows below ``first`` are none.
    words : mapping, optional
        Cells that mean "no answer" in this vendor's files → reason.
    findings : sequence of Finding
        What the reader noticed, beside what the grid holds.

    Raises
    ------
    SurveyError
        If no respondent is left.
    """
    chosen = list(range(first, len(grid.rows))) if rows is None else list(rows)
    if not chosen:
        raise SurveyError(
            "the file has column names but no responses", fix="export again, with responses included"
        )
    columns: list[tuple[object, ...]] = list(zip_longest(*(grid.rows[i] for i in chosen)))
    columns += [(None,) * len(chosen)] * (len(headings) - len(columns))
    keep = [j for j, h in enumerate(headings) if h.name or any(cell is not None for cell in columns[j])]
    nameless = [j for j in keep if not headings[j].name]
    found = [*grid.findings, *findings]
    if nameless:
        made = [f"column_{j + 1}" for j in nameless]
        has = "has" if len(nameless) == 1 else "have"
        message = (
            f"{len(nameless)} column{'s' if len(nameless) > 1 else ''} {has} no name: now {listing(made)}"
        )
        found.append(Finding(Note("column names", message, len(nameless)), eye=True))
    unique, repeated = unique_names([headings[j].name or f"column_{j + 1}" for j in keep])
    named = dict(zip(unique, keep, strict=True))
    frame = pd.DataFrame({name: pd.Series(columns[j], dtype=object) for name, j in named.items()})
    return RawTable(
        frame,
        tuple(grid.numbers[i] for i in chosen),
        texts={name: headings[j].text for name, j in named.items() if headings[j].text},
        decimal=grid.decimal,
        positions=named,
        stems={name: headings[j].stem for name, j in named.items() if headings[j].stem},
        kinds={name: kind for name, j in named.items() if (kind := headings[j].kind) is not None},
        words=dict(words or {}),
        repeated=repeated,
        findings=tuple(found),
    )
