"""Stata: .dta files, with labels and the extended missing values .a to .z."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pyreadstat

from satloyal.survey.numbers import SKIPPED
from satloyal.survey.raw import RawTable
from satloyal.survey.readers.export import Export
from satloyal.survey.readers.labelled import (
    open_labelled,
    reason_of,
    texts_of,
    undeclared,
    value_labels_of,
)
from satloyal.survey.readers.match import Match

__all__ = ["StataReader"]


class StataReader:
    """Stata files. Extended missing values become empty cells; their value labels become the reasons."""

    name = "stata"

    def sniff(self, export: Export) -> Match:
        """Recognise the file by its first bytes."""
        if export.container == "dta":
            return Match(1.0, "a Stata file by its first bytes")
        return Match(0.0, "no Stata file by its first bytes")

    def read(self, export: Export) -> RawTable:
        """Read data, labels and missing reasons.

        Raises
        ------
        SurveyError
            If the file is damaged.
        """
        # Numbers come from a reading without user-missing values: where a whole-number column holds both "."
        # and ".a", pyreadstat 1.3.7 fills the cells of "." with whatever lies in memory if asked for both.
        tagged, meta = open_labelled(pyreadstat.read_dta, export)
        frame, _ = open_labelled(pyreadstat.read_dta, export, user_missing=False)
        columns: dict[str, Any] = {}
        reasons: dict[str, Any] = {}
        for name in frame.columns:
            codes = set(meta.missing_user_values.get(name, ()))
            labels = meta.variable_value_labels.get(name, {})
            columns[name], why = _split(frame[name], tagged[name], codes, labels)
            if why is not None:
                reasons[name] = why
        columns, reasons, labelled, found = undeclared(columns, reasons, value_labels_of(meta, {}))
        return RawTable(
            pd.DataFrame(columns, index=frame.index),
            tuple(range(1, len(frame) + 1)),
            texts=texts_of(meta),
            value_labels=labelled,
            reasons=pd.DataFrame(reasons, index=frame.index),
            findings=found,
        )


def _split(
    column: pd.Series[Any], tagged: pd.Series[Any], codes: set[str], labels: dict[Any, str]
) -> tuple[pd.Series[Any], pd.Series[Any] | None]:
    """Return the numbers of a column, and why the rest is missing: ``tagged`` holds its letters."""
    if not codes:
        return column, None
    empty = column.isna().tolist()
    why = [
        (reason_of(labels.get(tag), f"missing_{tag}") if isinstance(tag, str) else SKIPPED) if gone else None
        for tag, gone in zip(tagged.astype(object), empty, strict=True)
    ]
    return column.astype(float), pd.Series(why, index=column.index, dtype=object)
