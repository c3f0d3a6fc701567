"""Chunks: frames that come one after another, from a file larger than memory or from anywhere else."""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from satloyal.core.arrow_csv import number_frames
from satloyal.core.rows import check_columns, column_numbers, group_codes
from satloyal.core.sums import GroupSums, RowCounts, Sums
from satloyal.errors import FitError

__all__ = ["Columns", "csv_chunks", "parquet_chunks", "sav_chunks", "summed"]

Array = NDArray[Any]
Progress = Callable[[int, int | None], None]

_ENTRIES = 2**20  # numbers that a chunk holds unless told otherwise


@dataclass(frozen=True, slots=True)
class Columns:
    """What is taken of each chunk.

    Parameters
    ----------
    names : tuple of str
        Variables.
    weights, group, cluster : str, optional
        Columns.
    fourth : bool
        Whether fourth-order sums are taken too.
    """

    names: tuple[str, ...]
    weights: str | None = None
    group: str | None = None
    cluster: str | None = None
    fourth: bool = False

    @property
    def all(self) -> list[str]:
        """Every column that is read, once each."""
        beside = (self.weights, self.group, self.cluster)
        return list(dict.fromkeys((*self.names, *(name for name in beside if name is not None))))

    def chunk_rows(self, asked: int | None) -> int:
        """Return how many rows a chunk has.

        Raises
        ------
        FitError
            The number asked for is not one or more.
        """
        if asked is None:
            return max(_ENTRIES // max(len(self.names), 1), 1000)
        if isinstance(asked, bool) or not isinstance(asked, int | np.integer) or asked < 1:
            raise FitError(f"chunk_rows is {asked!r}", fix="give a number of rows, one or more")
        return int(asked)

    def check(self, there: Sequence[str], where: str) -> None:
        """Check that the columns are in a file.

        Raises
        ------
        FitError
            No column is asked for, or one is not there; suggests the nearest.
        """
        if not self.names:
            raise FitError("no column is asked for", where="columns=", fix="name the items of the model")
        if len(set(self.names)) < len(self.names):
            raise FitError("a variable is asked for twice", where="columns=", fix="name each column once")
        for name in self.all:
            if name not in there:
                near = get_close_matches(name, there, 1)
                hint = f"did you mean {near[0]!r}?" if near else f"it has {', '.join(list(there)[:12])}"
                raise FitError(f"there is no column {name!r}", where=where, fix=hint)

    def sums(self, frame: pd.DataFrame, origins: dict[str, Array]) -> Sums:
        """Sum one chunk; fourth-order sums about the origins of their groups, where these are known."""
        check_columns(frame, tuple(self.all))
        values = column_numbers(frame, self.names, whole=False)
        keep: Array = ~np.asarray(np.isnan(values).any(axis=1))
        weight, unweighted = None, 0
        if self.weights is not None:
            weight = _weights(frame, self.weights)
            usable = weight > 0  # a missing weight compares false
            unweighted = int((keep & ~usable).sum())
            keep = keep & usable
        group = None if self.group is None else frame[self.group].to_numpy()
        codes, labels = group_codes(group, len(frame))
        ungrouped = int((keep & (codes < 0)).sum())
        keep = keep & (codes >= 0)
        clusters = None if self.cluster is None else _clusters(frame, self.cluster, keep)
        counts = RowCounts(len(frame), int(keep.sum()), unweighted, ungrouped)
        groups = {}
        for code, label in enumerate(labels):
            rows = keep & (codes == code)
            if rows.any():
                groups[label] = GroupSums.of(
                    values if rows.all() else values[rows], None if weight is None else weight[rows],
                    None if clusters is None else _within(clusters, rows),
                    fourth=self.fourth, origin=origins.get(label),
                )  # fmt: skip
        return Sums(
            self.names, labels, groups, counts, weight is not None, clusters is not None, self.fourth
        )  # fmt: skip


def summed(
    chunks: Iterable[pd.DataFrame], columns: Columns, progress: Progress | None, total: int | None = None
) -> Sums:
    """Sum chunks one after another; only one is held at a time.

    Raises
    ------
    FitError
        There is no chunk, one is no frame, or its columns cannot be used.
    """
    whole: Sums | None = None
    for chunk in chunks:
        if not isinstance(chunk, pd.DataFrame):
            raise FitError(f"a chunk is a {type(chunk).__name__}", fix="give DataFrames, one after another")
        known = {} if whole is None else whole.groups
        origins = {label: g.fourth.origin for label, g in known.items() if g.fourth is not None}
        part = columns.sums(chunk, origins)
        whole = part if whole is None else whole + part
        if progress is not None:
            progress(whole.counts.total, total)
    if whole is None:
        raise FitError("there is no chunk of data", fix="give at least one frame")
    return whole


def _weights(frame: pd.DataFrame, name: str) -> Array:
    weight = column_numbers(frame, (name,), whole=False)[:, 0]
    if (weight < 0).any():
        place = f"column {name!r}, first at row {frame.index[int(np.argmax(weight < 0))]!r}"
        raise FitError(
            f"{int((weight < 0).sum())} weights are negative", where=place, fix="correct or drop those rows"
        )
    return weight


def _clusters(frame: pd.DataFrame, name: str, keep: Array) -> tuple[Array, tuple[str, ...]]:
    codes, labels = group_codes(frame[name].to_numpy(), len(frame))
    if (codes[keep] < 0).any():
        raise FitError(
            f"{int((codes[keep] < 0).sum())} rows have no cluster", where=f"column {name!r}",
            fix="drop them, or give each a cluster of its own",
        )  # fmt: skip
    return codes, labels


def _within(clusters: tuple[Array, tuple[str, ...]], rows: Array) -> tuple[Array, tuple[str, ...]]:
    """Clusters of some rows, numbered anew."""
    used, codes = np.unique(clusters[0][rows], return_inverse=True)
    return codes, tuple(clusters[1][i] for i in used)


def _files(path: str | Path, suffix: str) -> list[Path]:
    place = Path(path)
    if place.is_dir():
        found = sorted(p for p in place.rglob(f"*{suffix}") if not p.name.startswith((".", "_")))
        if not found:
            raise FitError(f"the folder holds no {suffix} file", where=str(place), fix="check the path")
        return found
    if not place.is_file():
        raise FitError("there is no such file", where=str(place), fix="check the path")
    return [place]


def parquet_chunks(
    path: str | Path, columns: Columns, chunk_rows: int | None
) -> tuple[Iterator[pd.DataFrame], int]:
    """Open a Parquet file, or a folder of them, and return its chunks and the number of rows.

    Raises
    ------
    FitError
        pyarrow is not installed, there is no such file, it is no Parquet file, or a column is not in it.
    """
    parquet = _pyarrow()
    files = _files(path, ".parquet")
    total = 0
    for file in files:
        try:
            opened = parquet.ParquetFile(file)
        except (OSError, ValueError) as error:  # what pyarrow raises for other files are ValueErrors
            raise FitError(
                f"this is no Parquet file ({error})", where=str(file), fix="check the path"
            ) from None
        with opened:
            columns.check(opened.schema_arrow.names, str(file))
            total += int(opened.metadata.num_rows)
    rows = columns.chunk_rows(chunk_rows)

    def frames() -> Iterator[pd.DataFrame]:
        start = 0
        for file in files:
            with parquet.ParquetFile(file, pre_buffer=False) as opened:
                for batch in opened.iter_batches(rows, columns=columns.all):
                    frame = batch.to_pandas()
                    frame.index = pd.RangeIndex(start, start + len(frame))
                    start += len(frame)
                    yield frame
        if not start:  # a table without rows still has columns
            yield pd.DataFrame({name: pd.Series(dtype=float) for name in columns.all})

    return frames(), total


def _pyarrow() -> Any:
    try:
        return importlib.import_module("pyarrow.parquet")
    except ImportError:
        raise FitError(
            "reading Parquet takes pyarrow, which is not installed", where="from_parquet",
            fix="pip install 'satloyal[large]', or give the frames to Moments.from_chunks",
        ) from None  # fmt: skip


def sav_chunks(
    path: str | Path, columns: Columns, chunk_rows: int | None
) -> tuple[Iterator[pd.DataFrame], int | None]:
    """Open an SPSS file, or a folder of them, and return its chunks and the number of rows where it is known.

    User-missing values are missing.

    Raises
    ------
    FitError
        There is no such file, it is no SPSS file, or a column is not in it.
    """
    readstat = importlib.import_module("pyreadstat")
    files = _files(path, ".sav")
    sizes = []
    for file in files:
        _, meta = _opened(functools.partial(readstat.read_sav, str(file), metadataonly=True), file)
        columns.check(meta.column_names, str(file))
        sizes.append(meta.number_rows)
    # a chunk begins by passing over the rows before it, so that few large ones are read sooner
    rows = columns.chunk_rows(chunk_rows) * (1 if chunk_rows is not None else 8)

    def frames() -> Iterator[pd.DataFrame]:
        start = 0
        for file in files:
            offset = 0
            while True:
                take = functools.partial(
                    readstat.read_sav, str(file), row_offset=offset, row_limit=rows, usecols=columns.all
                )
                frame, _ = _opened(take, file)
                if not len(frame):
                    break
                offset += len(frame)
                frame.index = pd.RangeIndex(start, start + len(frame))
                start += len(frame)
                yield frame
                if len(frame) < rows:
                    break
        if not start:
            yield pd.DataFrame({name: pd.Series(dtype=float) for name in columns.all})

    known = all(isinstance(size, int) and size >= 0 for size in sizes)
    return frames(), sum(sizes) if known else None


def _opened(read: Callable[[], Any], file: Path) -> Any:
    readstat = importlib.import_module("pyreadstat")
    try:
        return read()
    except (readstat.ReadstatError, readstat.PyreadstatError, OSError, ValueError) as error:
        raise FitError(f"this is no SPSS file ({error})", where=str(file), fix="check the path") from None


def csv_chunks(
    path: str | Path, columns: Columns, chunk_rows: int | None, separator: str, encoding: str
) -> Iterator[pd.DataFrame]:
    """Open a CSV file, or a folder of them, and return its chunks.

    Raises
    ------
    FitError
        There is no such file, it cannot be read as CSV, or a column is not in it.
    """
    files = _files(path, ".csv")
    read = functools.partial(pd.read_csv, sep=separator, encoding=encoding)
    headers = []
    for file in files:
        header = _told(functools.partial(read, file, nrows=0), file).columns
        headers.append([str(name) for name in header])
        columns.check(headers[-1], str(file))
    rows = columns.chunk_rows(chunk_rows)
    # labels of groups and clusters are what pandas makes of them, which no other reader would repeat
    plain = separator == "," and encoding == "utf-8" and columns.group is None and columns.cluster is None

    def parts(file: Path, header: Sequence[str]) -> Iterator[pd.DataFrame]:
        done = 0
        if plain:
            try:
                for frame in number_frames(file, header, columns.all, rows):
                    done += len(frame)
                    yield frame
            except FitError:
                pass  # what it is that is not plain, the careful reader says
            else:
                return
        for frame in _with_care(functools.partial(read, file, chunksize=rows), file, columns.all):
            gone = min(done, len(frame))
            done -= gone
            if gone < len(frame) or not gone:
                yield frame.iloc[gone:]

    def frames() -> Iterator[pd.DataFrame]:
        start = 0
        for file, header in zip(files, headers, strict=True):
            empty = True
            for frame in parts(file, header):
                frame.index = pd.RangeIndex(start, start + len(frame))
                start += len(frame)
                empty = False
                yield frame
            if empty:
                yield pd.DataFrame({name: pd.Series(dtype=float) for name in columns.all})

    return frames()


def _with_care(open_it: Callable[[], Any], file: Path, names: list[str]) -> Iterator[pd.DataFrame]:
    """Read all columns: told to take some, pandas passes over lines with too many values."""
    with _told(open_it, file) as reader:
        while (frame := _told(functools.partial(next, reader, None), file)) is not None:
            if not isinstance(frame.index, pd.RangeIndex):
                raise FitError(
                    "rows have more values than there are column names", where=str(file),
                    fix="check separator= and the first line",
                )  # fmt: skip
            yield frame[names]


def _told(read: Callable[[], Any], file: Path) -> Any:
    """Read, and say in which file and why it failed."""
    try:
        return read()
    except pd.errors.EmptyDataError:
        raise FitError("the file is empty", where=str(file), fix="check the path") from None
    except (pd.errors.ParserError, UnicodeError, LookupError) as error:
        raise FitError(
            f"it cannot be read as CSV ({error})", where=str(file), fix="check separator= and encoding="
        ) from None
