"""Inspection: what was detected in a survey file, as plain text."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, Any

import pandas as pd

from satloyal.errors import SurveyError
from satloyal.study.plan import Step
from satloyal.survey.described import describe_file

if TYPE_CHECKING:
    from pathlib import Path

    from satloyal.study.progress import Progress
    from satloyal.survey.survey import Survey

__all__ = ["described", "inspection", "text_table"]


def inspection(survey: Survey) -> str:
    """Describe a survey: source, columns with their role, kind and missing answers, and notes.

    Parameters
    ----------
    survey : Survey
        As read.

    Returns
    -------
    str
        Plain text without colours.

    Examples
    --------
    >>> from satloyal.survey.samples import load_sample
    >>> print(inspection(load_sample("simulated_retail")).splitlines()[0][:20])
    simulated_retail.csv
    """
    source = survey.source
    parts = [str(source)]
    if source.why:
        parts.append(f"read as {source.reader}: {source.why}")
    parts.append(f"analysis table: {len(survey.frame):,} rows × {survey.frame.shape[1]} columns")
    if source.sha256:
        parts.append(f"sha256 {source.sha256}")
    parts += ["", text_table(_columns(survey))]
    if survey.construct_items:
        rows = [[name, ", ".join(items)] for name, items in survey.construct_items.items()]
        parts += ["", text_table(pd.DataFrame(rows, columns=["construct", "items"]))]
    parts += ["", *([f"Note: {note}" for note in survey.notes] or ["No notes."])]
    return "\n".join(parts)


def described(file: Path, codebook: Path | None, *, encoding: str | None, progress: Progress) -> str:
    """Describe the items of a file that may be larger than memory, as plain text.

    Parameters
    ----------
    file : Path
    codebook : Path, optional
        Names the items; without one the file is refused.
    encoding : str, optional
        Of a text file.
    progress : Progress
        Told of each chunk: rows, or bytes of a text file.

    Raises
    ------
    SurveyError
        As :func:`satloyal.describe_file`.
    """
    if codebook is None:
        raise SurveyError(
            "a large file is described by a codebook that names its items",
            where=file.name,
            fix="give --codebook FILE",
        )
    progress.begin(Step("read", file.name, f"describe {file.name}"), 1, 1)

    def advance(done: int, total: int | None) -> None:
        if total is not None:
            progress.advance(done, total)

    table = describe_file(file, codebook, encoding=encoding, progress=advance)
    progress.end(f"{int(table['n'].iloc[0] + table['missing'].iloc[0]):,} respondents.")
    return text_table(table.reset_index())


def text_table(frame: pd.DataFrame) -> str:
    """Return a table as aligned plain text; numbers to the right, nothing cut off.

    Examples
    --------
    >>> print(text_table(pd.DataFrame({"column": ["SAT1", "b"], "n": [10, 7]})))
    column   n
    SAT1    10
    b        7
    """
    right = {column: pd.api.types.is_numeric_dtype(frame[column]) for column in frame.columns}
    cells = [[str(c) for c in frame.columns]]
    cells += [[_cell(value) for value in row] for row in frame.itertuples(index=False)]
    widths = [max(_width(row[i]) for row in cells) for i in range(frame.shape[1])]
    lines = []
    for row in cells:
        pieces = [
            " " * (width - _width(cell)) + cell if right[column] else cell + " " * (width - _width(cell))
            for cell, width, column in zip(row, widths, frame.columns, strict=True)
        ]
        lines.append("  ".join(pieces).rstrip())
    return "\n".join(lines)


def _width(text: str) -> int:
    """Columns that a text takes on a terminal: two for each Chinese character."""
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text
    )


def _cell(value: object) -> str:
    if isinstance(value, float):
        return "" if pd.isna(value) else f"{value:.2f}"
    return str(value)


def _columns(survey: Survey) -> pd.DataFrame:
    roles = {column: role for role, column in survey.codebook.roles}
    reasons = survey.missing_reasons
    rows = []
    for column in survey.frame.columns:
        values = survey.frame[column]
        numeric = pd.api.types.is_numeric_dtype(values)
        item = survey.codebook.items.get(column)
        rows.append(
            {
                "column": str(column),
                "is": roles.get(column, "item" if item is not None else survey.kinds.get(column, "")),
                "kind": "number" if numeric else "text",
                "n": int(values.notna().sum()),
                "missing": int(values.isna().sum()),
                "values": int(values.nunique()),
                "min": float(values.min()) if numeric else float("nan"),
                "max": float(values.max()) if numeric else float("nan"),
                "mean": float(values.mean()) if numeric else float("nan"),
                "scale": "" if item is None or item.scale is None else str(item.scale),
                "why missing": _why(reasons[column]) if column in reasons else "",
                "question": item.text if item is not None else "",
            }
        )
    return pd.DataFrame(rows)


def _why(reasons: pd.Series[Any]) -> str:
    counts = reasons.dropna().value_counts()
    return ", ".join(f"{reason} {count}" for reason, count in counts.items())
