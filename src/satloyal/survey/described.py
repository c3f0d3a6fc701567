"""Describing a file that may be larger than memory: the figures of its items, from sums over chunks."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from satloyal.errors import SurveyError, SurveyWarning
from satloyal.survey import clean
from satloyal.survey.codebook import Codebook
from satloyal.survey.columns import read
from satloyal.survey.describe import assembled
from satloyal.survey.directed import directed
from satloyal.survey.dropout import mark_dropouts
from satloyal.survey.numbers import read_column, show_cell
from satloyal.survey.raw import RawTable
from satloyal.survey.readers.chunks import table_chunks
from satloyal.survey.survey import MissingCodes, as_codebook

__all__ = ["describe_file"]

Array = NDArray[np.float64]
Progress = Callable[[int, int | None], None]

_CELLS = 2**20  # cells that a chunk holds unless told otherwise


@dataclass(frozen=True, slots=True)
class _Moments:
    """Weighted moments of columns, shape (k,): a pair of variables x and y in each place.

    ``n`` counts rows with a positive weight; ``xx``, ``yy``, ``xy`` and ``xxx`` are centred sums.
    """

    n: Array
    w: Array
    x: Array
    y: Array
    xx: Array
    yy: Array
    xy: Array
    xxx: Array

    @classmethod
    def of(cls, x: Array, y: Array, weights: Array) -> _Moments:
        """Take the moments of rows, shape (n, k); NaN in x is no answer."""
        there = ~np.isnan(x)
        w = np.where(there, weights[:, None], 0.0)
        total = w.sum(axis=0)
        over = np.where(total > 0, total, 1.0)
        x, y = np.where(there, x, 0.0), np.where(there, y, 0.0)
        mx, my = (w * x).sum(axis=0) / over, (w * y).sum(axis=0) / over
        a, b = x - mx, y - my
        wa = w * a
        return cls(
            (w > 0).sum(axis=0).astype(float), total, mx, my,
            (wa * a).sum(axis=0), (w * b * b).sum(axis=0), (wa * b).sum(axis=0), (wa * a * a).sum(axis=0),
        )  # fmt: skip

    def __add__(self, other: _Moments) -> _Moments:
        """Combine two parts by the differences of their means (Chan, Golub and LeVeque 1983; Pébay 2008)."""
        w = self.w + other.w
        over = np.where(w > 0, w, 1.0)
        dx, dy = other.x - self.x, other.y - self.y
        share = other.w / over
        both = self.w * share
        return _Moments(
            self.n + other.n, w,
            np.where(self.w > 0, self.x + dx * share, other.x),
            np.where(self.w > 0, self.y + dy * share, other.y),
            self.xx + other.xx + dx * dx * both,
            self.yy + other.yy + dy * dy * both,
            self.xy + other.xy + dx * dy * both,
            self.xxx + other.xxx + dx**3 * both * (self.w - other.w) / over
            + 3 * dx * (self.w * other.xx - other.w * self.xx) / over,
        )  # fmt: skip

    def correlation(self) -> Array:
        """Return the correlation of x and y; NaN below three rows or without spread."""
        spread = (self.xx / self._over) * (self.yy / self._over)
        good = (self.n >= 3) & (spread > 0)
        return np.where(good, self.xy / self._over / np.sqrt(np.where(good, spread, 1.0)), np.nan)

    @property
    def _over(self) -> Array:
        return np.where(self.w > 0, self.w, 1.0)

    def sd(self) -> Array:
        """Return the standard deviations of x."""
        good = self.n >= 2
        return np.where(
            good, np.sqrt(self.xx / self._over * self.n / np.where(good, self.n - 1, 1.0)), np.nan
        )

    def skew(self) -> Array:
        """Return the adjusted Fisher–Pearson skewness of x."""
        m2, m3, n = self.xx / self._over, self.xxx / self._over, self.n
        good = (n >= 3) & (m2 > 0)
        size = np.sqrt(n * np.maximum(n - 1, 0)) / np.where(good, n - 2, 1.0)
        return np.where(good, size * m3 / np.where(good, m2, 1.0) ** 1.5, np.nan)


class _Sums:
    """What is known of the chunks so far."""

    def __init__(self, book: Codebook) -> None:
        self.book = book
        self.names = list(book.items)
        scales = [book.items[name].scale for name in self.names]
        self.ends = np.array([(np.nan, np.nan) if s is None else (s.low, s.high) for s in scales]).reshape(
            -1, 2
        )
        self.origin: Array = np.full(len(self.names), np.nan)
        self.rows = 0
        self.answered: NDArray[np.int64] = np.zeros(len(self.names), dtype=np.int64)
        self.at_ends: Array = np.zeros((2, len(self.names)))
        self.moments: _Moments | None = None
        self.pairs: dict[str, _Moments] = {}
        self.origins: dict[str, tuple[Array, Array]] = {}
        self.missing = {name: Counter[str]() for name in self.names}
        self.total_weight = 0.0

    def add(self, frame: pd.DataFrame, reasons: pd.DataFrame, weights: Array) -> None:
        """Add one chunk of answers, reversed items turned round."""
        values = frame[self.names].to_numpy(dtype=float)
        there = ~np.isnan(values)
        self.rows += len(values)
        self.total_weight += float(weights.sum())
        self.answered = self.answered + there.sum(axis=0)
        for i in (0, 1):
            self.at_ends[i] += weights @ (values == self.ends[:, i])
        # about the first answer a column that does not vary has sums of exactly nothing
        first = values[there.argmax(axis=0), np.arange(values.shape[1])]
        self.origin = np.where(np.isnan(self.origin), first, self.origin)
        part = _Moments.of(values - self.origin, np.zeros_like(values), weights)
        self.moments = part if self.moments is None else self.moments + part
        for name, counts in self.missing.items():
            counts.update(clean.count_by_reason(reasons[[name]]))
        for construct in self.book.constructs:
            self._pair(
                construct.name, values[:, [self.names.index(item) for item in construct.items]], weights
            )

    def _pair(self, construct: str, values: Array, weights: Array) -> None:
        """Add each item with the sum of the construct's others, of rows without a missing one."""
        full = ~np.isnan(values).any(axis=1)
        if values.shape[1] < 2 or not full.any():
            return
        x = values[full]
        rest = x.sum(axis=1, keepdims=True) - x
        if construct not in self.origins:
            self.origins[construct] = (x[0], rest[0])
        of_x, of_rest = self.origins[construct]
        part = _Moments.of(x - of_x, rest - of_rest, weights[full])
        before = self.pairs.get(construct)
        self.pairs[construct] = part if before is None else before + part

    def table(self) -> pd.DataFrame:
        """Return the description."""
        m = self.moments
        if m is None:
            raise SurveyError("the file has column names but no responses", fix="export it again")
        known = m.w > 0
        over = np.where(known, m.w, 1.0)
        columns = {
            "mean": np.where(known, self.origin + m.x, np.nan),
            "sd": m.sd(),
            "floor": np.where(known & ~np.isnan(self.ends[:, 0]), self.at_ends[0] / over, np.nan),
            "ceiling": np.where(known & ~np.isnan(self.ends[:, 1]), self.at_ends[1] / over, np.nan),
            "skew": m.skew(),
        }
        figures = {
            name: {
                "n": int(self.answered[j]),
                "missing": self.rows - int(self.answered[j]),
                **{key: float(found[j]) for key, found in columns.items()},
            }
            for j, name in enumerate(self.names)
        }
        totals = {
            (construct.name, name): float(r)
            for construct in self.book.constructs
            if construct.name in self.pairs
            for name, r in zip(construct.items, self.pairs[construct.name].correlation(), strict=True)
        }
        return assembled(self.book, figures, self.missing, totals)


def describe_file(
    path: str | Path,
    codebook: Codebook | str | Path,
    *,
    missing_codes: MissingCodes | None = None,
    chunk_rows: int | None = None,
    encoding: str | None = None,
    progress: Progress | None = None,
) -> pd.DataFrame:
    r"""Describe the items of a file that may be larger than memory.

    The table is that of ``read_survey(path, codebook).describe()``, from sums over chunks; only one chunk is
    ever in memory. What depends on all rows at once is refused rather than guessed: answers in words, exports
    with a vendor's header rows, workbooks, totals below the answers.

    Parameters
    ----------
    path : str or Path
        Delimited text with one row of column names, Parquet, or an SPSS file (``.sav``, ``.zsav``).
    codebook : Codebook or path
        Names the items; missing codes, scales, reversed items, constructs and the weight are applied.
    missing_codes : mapping of code to reason, or list of codes, optional
        Codes that mean "no answer", beside those of the codebook.
    chunk_rows : int, optional
        Rows of a chunk; by default as many as hold about a million answers.
    encoding : str, optional
        Of a text file; UTF-8 unless told.
    progress : callable, optional
        Called as ``progress(done, total)`` after each chunk: rows, or bytes of a text file. ``total`` is
        ``None`` where the file does not say.

    Returns
    -------
    DataFrame
        As :meth:`satloyal.survey.survey.Survey.describe` gives it.

    Raises
    ------
    SurveyError
        If the file or the codebook cannot be used as described above.

    Warns
    -----
    SurveyWarning
        Once for all chunks, if answers lie outside their scale, or if labels of an SPSS file run from much to
        little or name missing codes. Screening for doubtful answers needs the rows: ``read_survey`` does it.

    Notes
    -----
    Parts are combined by the differences of their means: T. F. Chan, G. H. Golub and R. J. LeVeque (1983),
    The American Statistician 37, 242–247; third powers after P. Pébay (2008), Sandia report SAND2008-6212.

    Examples
    --------
    >>> import tempfile
    >>> folder = tempfile.TemporaryDirectory()
    >>> file = Path(folder.name) / "export.csv"
    >>> _ = file.write_text("cid,SAT1,SAT2\nC1,4,5\nC2,99,3\n")
    >>> book = Codebook.from_dict({
    ...     "constructs": {"Satisfaction": {"items": ["SAT1", "SAT2"], "scale": [1, 5]}},
    ...     "missing": {"99": "dont_know"},
    ... })
    >>> describe_file(file, book)[["n", "missing_dont_know", "mean"]].to_numpy().tolist()
    [[1.0, 1.0, 4.0], [2.0, 0.0, 4.0]]
    """
    book = _usable(codebook, missing_codes)
    names = [*book.items, *([] if book.weight is None else [book.weight])]
    rows = max(_CELLS // len(names), 1000) if chunk_rows is None else chunk_rows
    if isinstance(rows, bool) or not isinstance(rows, int | np.integer) or rows < 1:
        raise SurveyError(f"chunk_rows is {chunk_rows!r}", fix="give a number of rows, one or more")
    try:
        sums, messages = _summed(Path(path), book, int(rows), encoding, progress)
        table = sums.table()
    except SurveyError as err:
        raise SurveyError(err.message, where=err.where or Path(path).name, fix=err.fix) from err.__cause__
    for message in messages:
        warnings.warn(f"{Path(path).name}: {message}", SurveyWarning, stacklevel=2)
    return table


def _summed(
    path: Path, book: Codebook, rows: int, encoding: str | None, progress: Progress | None
) -> tuple[_Sums, list[str]]:
    """Sum the chunks, and return what needs the user's eye."""
    names = [*book.items, *([] if book.weight is None else [book.weight])]
    sums = _Sums(book)
    seen: dict[str, None] = {}
    outside: Counter[str] = Counter()
    for found, done, total in table_chunks(path, names, rows, encoding):
        raw = directed(found, book)
        if not sums.rows:
            sums.book = _with_texts(book, raw)
        _refuse_words(raw, book)
        seen.update(dict.fromkeys(_told(raw)))
        sums.add(*_read(raw, book, outside))
        if progress is not None:
            progress(done, total)
    if sums.rows and not sums.total_weight > 0:
        clean.check_weights(str(book.weight), np.zeros(1), (1,))
    return sums, [*seen, *_outside(outside)]


def _usable(codebook: Codebook | str | Path, missing_codes: MissingCodes | None) -> Codebook:
    """Return the part of the codebook that describing needs."""
    book = as_codebook(codebook, missing_codes)
    if book is None or not book.items:
        raise SurveyError(
            "a file is described in chunks by a codebook that names its items",
            where="codebook=",
            fix="`satloyal codebook FILE` drafts one",
        )
    if book.places:
        raise SurveyError(
            "[columns] of a codebook is not used in chunks",
            where="codebook=",
            fix="name items as the file does, or use read_survey(…).describe()",
        )
    return replace(book, id=None, wave=None, group=(), cluster=None, attention={}, keep_personal=())


def _with_texts(book: Codebook, raw: RawTable) -> Codebook:
    """Return the codebook with the question texts of the file."""
    for name, item in book.items.items():
        if item.scale is None and len(raw.value_labels.get(name, {})) > 1:
            raise SurveyError(
                f"item {name!r} has value labels and no scale: only all rows show whether they are one",
                fix="give its scale in the codebook",
            )
        if raw.kinds.get(name) == "tick":
            raise SurveyError(
                f"item {name!r} belongs to a multiple-response set, which is not read in chunks",
                fix="use read_survey(…).describe()",
            )
    items = {n: replace(item, text=item.text or raw.texts.get(n, "")) for n, item in book.items.items()}
    return replace(book, items=items)


def _refuse_words(raw: RawTable, book: Codebook) -> None:
    """Refuse answers in words: which numbers they are is decided by all answers of their question."""
    for name, item in book.items.items():
        cells = raw.frame[name]
        if pd.api.types.is_numeric_dtype(cells.dtype):
            continue
        column = read_column(cells, decimal=raw.decimal, codes={**book.missing, **item.missing})
        words = np.flatnonzero(column.unread | column.labelled)
        if len(words):
            at = int(words[0])
            raise SurveyError(
                f"column {name!r} has an answer in words, {show_cell(cells.iloc[at])} in row {raw.rows[at]}: "
                "which number it is depends on all answers, so not on those of a chunk",
                fix="declare it as a missing code if it is none, or use read_survey(…).describe()",
            )


def _read(raw: RawTable, book: Codebook, outside: Counter[str]) -> tuple[pd.DataFrame, pd.DataFrame, Array]:
    """Return answers with reversed items turned round, why they are missing, and weights."""
    columns: dict[str, object] = {}
    reasons: dict[str, object] = {}
    order = [name for name in raw.frame.columns if name in book.items]
    for name in order:
        columns[name], reasons[name], findings = read(name, raw, book, strict=True)
        outside[name] += sum(f.note.count or 0 for f in findings if f.note.step == "range")
    frame = pd.DataFrame(columns, index=raw.frame.index)
    why = pd.DataFrame(reasons, index=frame.index, dtype=object)
    why, _ = mark_dropouts(frame, why, order)
    frame, _ = clean.reverse_items(frame, book.items.values())
    return frame, why, _weights(raw, book)


def _weights(raw: RawTable, book: Codebook) -> Array:
    if book.weight is None:
        return np.ones(len(raw.frame))
    cells = raw.frame[book.weight]
    column = read_column(cells, decimal=raw.decimal)
    clean.refuse_text(book.weight, cells, column, raw.rows, raw.decimal)
    if (column.values != 0).any():  # a chunk may hold nobody who counts, the file may not
        clean.check_weights(book.weight, column.values, raw.rows)
    return column.values


def _told(raw: RawTable) -> list[str]:
    """Return what needs the user's eye, without counts, which are those of one chunk."""
    notes = [finding.note for finding in raw.findings if finding.eye]
    codes = "codes that the file declares or labels as no answer lie among the answers; taken as missing"
    return [codes if note.step == "missing codes" else note.message for note in notes]


def _outside(counts: Counter[str]) -> list[str]:
    if not counts.total():
        return []
    said = clean.listing((f"{count} to {name!r}" for name, count in counts.items() if count), 20)
    return [f"answers outside their scale are set to missing: {said}"]
