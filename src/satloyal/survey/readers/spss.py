"""SPSS: .sav, .zsav and .por files, with labels, measurement levels, user-missing values and sets."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyreadstat

from satloyal.notes import Note
from satloyal.survey.clean import listing
from satloyal.survey.numbers import SKIPPED
from satloyal.survey.raw import Finding, RawTable
from satloyal.survey.readers.export import Export
from satloyal.survey.readers.labelled import (
    open_labelled,
    reason_of,
    texts_of,
    undeclared,
    value_labels_of,
)
from satloyal.survey.readers.match import Match
from satloyal.survey.readers.sav_records import read_dictionary
from satloyal.survey.readers.spss_sets import response_sets

__all__ = ["SpssReader", "labelled_table"]

Ranges = Sequence[dict[str, Any]]


class SpssReader:
    """SPSS files. User-missing values become empty cells; their value labels become the reasons."""

    name = "spss"

    def sniff(self, export: Export) -> Match:
        """Recognise the file by its first bytes."""
        if export.container in ("sav", "por"):
            return Match(1.0, "an SPSS file by its first bytes")
        return Match(0.0, "no SPSS file by its first bytes")

    def read(self, export: Export) -> RawTable:
        """Read data, labels, missing reasons, multiple-response sets and which variable weights the file.

        Raises
        ------
        SurveyError
            If the file is damaged.
        """
        records = read_dictionary(export.data) if export.container == "sav" else None
        read = pyreadstat.read_por if records is None else pyreadstat.read_sav
        frame, meta = open_labelled(read, export)
        weight = None if records is None else records.weight_name(list(frame.columns))
        return labelled_table(frame, meta, weight)


def labelled_table(frame: pd.DataFrame, meta: Any, weight: str | None = None) -> RawTable:
    """Return the table of what pyreadstat read, user-missing values left in place.

    Parameters
    ----------
    frame : DataFrame
        All rows, or some.
    meta
        pyreadstat's metadata.
    weight : str, optional
        Variable that weights the file.
    """
    ranges: dict[str, Ranges] = dict(meta.missing_ranges or {})
    columns: dict[str, Any] = {}
    reasons: dict[str, Any] = {}
    for name in frame.columns:
        labels = meta.variable_value_labels.get(name, {})
        columns[name], why = _split(frame[name], ranges.get(name, ()), labels)
        if why is not None:
            reasons[name] = why
    missing = {name: _within(found) for name, found in ranges.items()}
    inside = _inside(frame, columns)
    columns, reasons, labelled, found = undeclared(columns, reasons, value_labels_of(meta, missing))
    table, kinds, stems, choices = response_sets(
        pd.DataFrame(columns, index=frame.index),
        getattr(meta, "mr_sets", None) or {},
        meta.variable_value_labels,
    )
    if weight is not None:
        kinds[weight] = "weight"
    return RawTable(
        table,
        tuple(range(1, len(frame) + 1)),
        texts={**texts_of(meta), **choices},
        value_labels={n: known for n, known in labelled.items() if kinds.get(n) != "tick"},
        measures={str(k): str(v) for k, v in (meta.variable_measure or {}).items()},
        reasons=pd.DataFrame(reasons, index=frame.index),
        stems=stems,
        kinds=kinds,
        findings=(*inside, *found),
    )


def _inside(frame: pd.DataFrame, columns: Mapping[str, Any]) -> tuple[Finding, ...]:
    """Warn of user-missing codes between the answers that are none: 8 and 9 on a scale from 0 to 10."""
    said = []
    for name, kept in columns.items():
        if kept is frame[name] or not pd.api.types.is_numeric_dtype(kept.dtype) or kept.isna().all():
            continue
        gone = frame[name][kept.isna() & frame[name].notna()].unique()
        within = sorted(code for code in gone if kept.min() < code < kept.max())
        if within:
            codes = listing(f"{code:g}" for code in within)
            said.append(f"{codes} in {name!r} ({kept.min():g} to {kept.max():g})")
    if not said:
        return ()
    message = (
        f"the file declares codes missing that lie between its answers: {listing(said, 8)}; they were taken "
        "as missing. If they are answers, correct the file: a range of missing values was set too wide"
    )
    return (Finding(Note("missing codes", message, len(said)), eye=True),)


def _within(ranges: Ranges) -> Callable[[float], bool]:
    numeric = [r for r in ranges if not isinstance(r["lo"], str)]
    return lambda code: any(r["lo"] <= code <= r["hi"] for r in numeric)


def _split(
    column: pd.Series[Any], ranges: Ranges, labels: dict[Any, str]
) -> tuple[pd.Series[Any], pd.Series[Any] | None]:
    """Return a column without its user-missing values, and the reasons for all that is missing."""
    if not ranges:
        return column, None
    hit = pd.Series(False, index=column.index)
    for found in ranges:
        if isinstance(found["lo"], str):
            hit |= column.astype(object).map(
                lambda c, r=found: isinstance(c, str) and r["lo"] <= c.rstrip() <= r["hi"]
            )
        elif pd.api.types.is_numeric_dtype(column.dtype):
            hit |= (column >= found["lo"]) & (column <= found["hi"])
    if not hit.any():
        return column, None
    why = pd.Series(np.where(column.isna(), SKIPPED, ""), index=column.index, dtype=object)
    why = why.where(why != "", None)
    why[hit] = [reason_of(labels.get(code), _default(code)) for code in column[hit]]
    return column.where(~hit, np.nan if pd.api.types.is_numeric_dtype(column.dtype) else None), why


def _default(code: Any) -> str:
    """Return the reason for a user-missing value without a label."""
    return f"user_missing_{code:g}" if isinstance(code, int | float) else "user_missing"
