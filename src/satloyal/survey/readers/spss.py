"""SPSS: .sav and .zsav files, with labels, measurement levels and user-missing values."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyreadstat

from satloyal.survey.numbers import SKIPPED
from satloyal.survey.raw import RawTable
from satloyal.survey.readers.export import Export
from satloyal.survey.readers.labelled import open_labelled, reason_of, texts_of, value_labels_of
from satloyal.survey.readers.match import Match

__all__ = ["SpssReader"]

Ranges = Sequence[dict[str, Any]]


class SpssReader:
    """SPSS files. User-missing values become empty cells; their value labels become the reasons."""

    name = "spss"

    def sniff(self, export: Export) -> Match:
        """Recognise the file by its first bytes."""
        if export.container == "sav":
            return Match(1.0, "an SPSS file by its first bytes")
        return Match(0.0, "no SPSS file by its first bytes")

    def read(self, export: Export) -> RawTable:
        """Read data, labels and missing reasons.

        Raises
        ------
        SurveyError
            If the file is damaged.
        """
        frame, meta = open_labelled(pyreadstat.read_sav, export)
        ranges: dict[str, Ranges] = dict(meta.missing_ranges)
        columns: dict[str, Any] = {}
        reasons: dict[str, Any] = {}
        for name in frame.columns:
            labels = meta.variable_value_labels.get(name, {})
            columns[name], why = _split(frame[name], ranges.get(name, ()), labels)
            if why is not None:
                reasons[name] = why
        missing = {name: _within(found) for name, found in ranges.items()}
        return RawTable(
            pd.DataFrame(columns, index=frame.index),
            tuple(range(1, len(frame) + 1)),
            texts=texts_of(meta),
            value_labels=value_labels_of(meta, missing),
            measures={str(k): str(v) for k, v in meta.variable_measure.items()},
            reasons=pd.DataFrame(reasons, index=frame.index),
        )


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
