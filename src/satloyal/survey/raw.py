"""RawTable: what a reader found in a file, before anything was decided about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import pandas as pd

from satloyal.notes import Note
from satloyal.survey.scale import Scale

__all__ = ["Finding", "Kind", "RawTable"]

Kind = Literal[
    "answer", "tick", "comment", "meta", "personal", "id", "weight", "wave", "finished", "duration", "derived"
]


@dataclass(frozen=True, slots=True)
class Finding:
    """A note, and whether it needs the user's eye.

    Parameters
    ----------
    note : Note
        What was found or done.
    eye : bool
        Whether it is also given as a :class:`~satloyal.errors.SurveyWarning`.
    """

    note: Note
    eye: bool = False


@dataclass(frozen=True, slots=True)
class RawTable:
    """Cells as they stand in the file, and what the file itself says about them.

    Parameters
    ----------
    frame : DataFrame
        One row a respondent, one uniquely named column a column of the file. Cells are text, numbers or
        dates; an empty cell is ``None`` or NaN.
    rows : tuple of int
        Row number in the file of each row of ``frame``, as a spreadsheet counts them.
    texts : mapping of str to str
        Question text by column, where the file holds it.
    value_labels : mapping of str to mapping
        Names of the codes by column, where the file holds them.
    measures : mapping of str to {"nominal", "ordinal", "scale"}
        Measurement level by column, where the file states it.
    reasons : DataFrame, optional
        Why a cell is missing, where the file says so (user-missing codes): ``frame``'s index, some of its
        columns, ``None`` elsewhere. The cell itself is empty in ``frame``.
    decimal : {".", ","}
        Decimal mark of numbers written as text.
    positions : mapping of str to int
        Where a column stands in the file, from 0; where it is empty, the order of ``frame`` counts.
    stems : mapping of str to str
        Text that a column shares with the others of its question: the stem of a matrix. Two columns with one
        stem may still have different answer scales.
    kinds : mapping of str to Kind
        What the vendor's layout says that a column is: an answer, one box to tick of a question with several,
        a comment, something about the interview (``"meta"``), personal data, the respondent's id, whether
        the interview was finished and how many seconds it took, or what the vendor computed (``"derived"``).
    words : mapping of str or float to str
        Cells that mean "no answer" in this vendor's files → reason, as ``{"(空)": "skipped"}``.
    scales : mapping of str to Scale
        Answer scale by column, where the labels in its cells show it.
    prefixed : bool
        Whether answers may be codes of letters and a number (A4), as the vendor writes them.
    repeated : mapping of str to tuple of str
        Column names that the file uses more than once → the names given to them here.
    findings : tuple of Finding
        What the reader noticed.
    """

    frame: pd.DataFrame
    rows: tuple[int, ...]
    texts: Mapping[str, str] = field(default_factory=dict)
    value_labels: Mapping[str, Mapping[float, str]] = field(default_factory=dict)
    measures: Mapping[str, str] = field(default_factory=dict)
    reasons: pd.DataFrame | None = None
    decimal: Literal[".", ","] = "."
    positions: Mapping[str, int] = field(default_factory=dict)
    stems: Mapping[str, str] = field(default_factory=dict)
    kinds: Mapping[str, Kind] = field(default_factory=dict)
    words: Mapping[str | float, str] = field(default_factory=dict)
    scales: Mapping[str, Scale] = field(default_factory=dict)
    prefixed: bool = False
    repeated: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()
