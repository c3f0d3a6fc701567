"""Parquet: tables with typed columns, read by pyarrow where it is installed."""

from __future__ import annotations

import importlib
import io
from typing import Any

import pandas as pd

from satloyal.errors import SurveyError
from satloyal.survey.clean import unique_names
from satloyal.survey.raw import RawTable
from satloyal.survey.readers.export import Export
from satloyal.survey.readers.match import Match

__all__ = ["ParquetReader", "require_pyarrow"]

CELL_LIMIT = 200_000_000
"""Cells that a file may claim to hold."""


class ParquetReader:
    """Parquet files: one row a respondent."""

    name = "parquet"

    def sniff(self, export: Export) -> Match:
        """Recognise the file by its first bytes."""
        if export.container == "parquet":
            return Match(1.0, "a Parquet file by its first bytes")
        return Match(0.0, "no Parquet file by its first bytes")

    def read(self, export: Export) -> RawTable:
        """Read all columns.

        Raises
        ------
        SurveyError
            If pyarrow is not installed, the file is damaged, or it claims more cells than are read.
        """
        parquet = require_pyarrow()
        # pyarrow's own errors are kinds of ValueError, OSError, KeyError, TypeError and NotImplementedError
        try:
            file = parquet.ParquetFile(io.BytesIO(export.data))
            cells = file.metadata.num_rows * file.metadata.num_columns
            if cells <= CELL_LIMIT:
                frame = file.read().to_pandas()
        except (OSError, ValueError, KeyError, TypeError, NotImplementedError, MemoryError) as err:
            why = str(err).splitlines()[0][:120] if str(err) else type(err).__name__
            raise SurveyError(f"the Parquet file is damaged: {why}", fix="write it again") from err
        if cells > CELL_LIMIT:
            raise SurveyError(
                f"the Parquet file is too large: {cells:,} cells (at most {CELL_LIMIT:,} are read)",
                fix="use Moments.from_parquet, which reads it in parts",
            )
        return _table(frame)


def _table(frame: pd.DataFrame) -> RawTable:
    if not isinstance(frame.index, pd.RangeIndex):
        frame = frame.reset_index()
    names, repeated = unique_names([" ".join(str(column).split()) for column in frame.columns])
    frame = frame.set_axis(list(names), axis=1).reset_index(drop=True)
    return RawTable(frame, tuple(range(1, len(frame) + 1)), repeated=repeated)


def require_pyarrow() -> Any:
    """Return pyarrow's Parquet module.

    Raises
    ------
    SurveyError
        If it is not installed.
    """
    try:
        return importlib.import_module("pyarrow.parquet")
    except ModuleNotFoundError as err:
        raise SurveyError(
            "reading Parquet takes pyarrow, which is not installed",
            fix="pip install 'satloyal[large]', or save the answers as CSV",
        ) from err
