"""Numbers of a CSV file by pyarrow, where nothing in it could be read in two ways."""

from __future__ import annotations

import codecs
import importlib
import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import ModuleType
from typing import IO

import numpy as np
import pandas as pd

from satloyal.errors import FitError

__all__ = ["number_frames"]

_BLOCK = 2**22  # bytes
_MISSING = [
    *("", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN"),
    *("<NA>", "N/A", "NA", "NULL", "NaN", "None", "n/a", "nan", "null"),
]  # what pandas takes for missing


class _Watched(io.RawIOBase):
    """A file whose bytes are checked on their way: strict UTF-8 and no NUL."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._text = codecs.getincrementaldecoder("utf-8")()

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(size)
        if b"\x00" in data:
            raise ValueError("NUL bytes")
        if not data.isascii() or self._text.getstate()[0]:
            self._text.decode(data, final=not data)
        return data


def number_frames(
    path: Path, header: Sequence[str], names: Sequence[str], rows: int
) -> Iterator[pd.DataFrame]:
    r"""Return columns of numbers of a UTF-8 file, chunk by chunk.

    Parameters
    ----------
    path : Path
    header : sequence of str
        Names of all columns, as the careful reader calls them.
    names : sequence of str
        Columns to return, each once.
    rows : int
        Most rows of a chunk.

    Raises
    ------
    FitError
        pyarrow is not installed, rows have more or fewer cells than the header, a cell is no plain number, or
        the text is not UTF-8: read on, from the row reached, with care.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder, "answers.csv")
    ...     _ = file.write_text("id,SAT\nA1,4\nA2,\n")
    ...     chunk = next(number_frames(file, ["id", "SAT"], ["SAT"], 10))
    >>> chunk["SAT"].tolist()
    [4.0, nan]
    """
    csv = _module()
    arrow = importlib.import_module("pyarrow")
    try:
        with path.open("rb") as file:
            reader = csv.open_csv(
                arrow.PythonFile(_Watched(file), mode="r"),
                csv.ReadOptions(block_size=_BLOCK, column_names=list(header), skip_rows_after_names=1),
                csv.ParseOptions(newlines_in_values=True),
                csv.ConvertOptions(
                    include_columns=list(names), column_types=dict.fromkeys(names, arrow.float64()),
                    null_values=_MISSING, strings_can_be_null=True,
                ),
            )  # fmt: skip
            for batch in reader:
                columns = [column.to_numpy(zero_copy_only=False) for column in batch.columns]
                for start in range(0, batch.num_rows, rows):
                    part = np.array([column[start : start + rows] for column in columns])
                    yield pd.DataFrame(part.T, columns=list(names), copy=False)
    except (ValueError, OSError) as error:  # pyarrow's own errors are such
        raise FitError(f"not a plain table of numbers ({error})", where=str(path)) from error


def _module() -> ModuleType:
    try:
        return importlib.import_module("pyarrow.csv")
    except ImportError:
        raise FitError("pyarrow is not installed", fix="pip install 'satloyal[large]'") from None
