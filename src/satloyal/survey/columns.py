"""Columns: reading each one according to its role."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from satloyal.errors import SurveyError
from satloyal.notes import Note
from satloyal.survey import clean
from satloyal.survey.codebook import Codebook
from satloyal.survey.construct import Code, Item
from satloyal.survey.distinct import distinct
from satloyal.survey.numbers import Column, is_date, read_column, show_cell
from satloyal.survey.personal import personal_by_content
from satloyal.survey.raw import Finding, RawTable

__all__ = ["read"]


def read(
    name: str, raw: RawTable, book: Codebook, *, strict: bool
) -> tuple[Any, NDArray[np.object_] | None, list[Finding]]:
    """Read one column according to its role: values, reasons for missing ones, findings."""
    cells = raw.frame[name]
    known = (
        None if raw.reasons is None or name not in raw.reasons else raw.reasons[name].to_numpy(dtype=object)
    )
    if name == book.id:
        return _read_id(name, cells)
    if name == book.weight:
        column = read_column(cells, decimal=raw.decimal)
        clean.refuse_text(name, cells, column, raw.rows, raw.decimal)
        return column.values, None, list(clean.check_weights(name, column.values, raw.rows))
    item = book.items.get(name)
    own = item.missing if item is not None else {}
    codes = {**raw.words, **book.missing, **own} if name != book.cluster else {}
    column = read_column(cells, decimal=raw.decimal, codes=codes, known=known)
    if item is not None:
        clean.refuse_text(name, cells, column, raw.rows, raw.decimal)
        return _read_item(item, column, {**raw.words, **book.missing}, raw.rows)
    if name in book.group or name in (book.wave, book.cluster):
        return _read_category(name, cells, column, codes, raw, book)
    asked = raw.kinds.get(name, "answer") in ("answer", "tick")
    return _read_other(name, cells, column, codes, raw, strict=strict and asked)


def _read_item(
    item: Item, column: Column, codes: Mapping[Code, str], rows: Sequence[int]
) -> tuple[Any, NDArray[np.object_], list[Finding]]:
    _refuse_infinite(item.name, column, rows)
    values, why, _ = clean.apply_codes(column.values, column.reasons, codes, item.scale, item.missing)
    found: tuple[Finding, ...] = ()
    if item.scale is not None:
        values, why, found = clean.drop_outside(item.name, values, why, item.scale, rows)
    return values, why, list(found)


def _refuse_infinite(name: str, column: Column, rows: Sequence[int]) -> None:
    where = np.flatnonzero(np.isinf(column.values))
    if len(where):
        raise SurveyError(
            f"column {name!r} holds infinite values in {len(where)} rows: row "
            f"{clean.listing(rows[i] for i in where.tolist())}",
            fix="correct them or make them empty",
        )


def _read_id(name: str, cells: pd.Series[Any]) -> tuple[Any, None, list[Finding]]:
    """Read ids as text. Ids that are e-mail or IP addresses are replaced by running numbers."""
    told = distinct(cells)
    made = [_id_text(cell) for cell in cells] if told is None else told.spread(_stripped(told.texts), None)
    ids = pd.Series(made, index=cells.index, dtype=object)
    if not personal_by_content(ids.dropna().unique()):
        return ids, None, list(clean.duplicate_ids(name, ids))
    codes, _ = pd.factorize(ids)
    running = [f"R{code + 1:05d}" if code >= 0 else None for code in codes]
    hidden = pd.Series(running, index=cells.index, dtype=object)
    message = f"the ids in column {name!r} identify people and are replaced by running numbers"
    note = Note("personal data", message, len(ids))
    return hidden, None, [Finding(note), *clean.duplicate_ids(name, hidden)]


def _stripped(texts: Sequence[str]) -> list[str | None]:
    return [text.strip() or None for text in texts]


def _id_text(cell: Any) -> str | None:
    if cell is None or (isinstance(cell, float) and np.isnan(cell)) or cell is pd.NA or cell is pd.NaT:
        return None
    if isinstance(cell, float | np.floating) and float(cell).is_integer():
        return str(int(cell))
    return str(cell).strip() or None


def _read_category(
    name: str, cells: pd.Series[Any], column: Column, codes: Any, raw: RawTable, book: Codebook
) -> tuple[Any, NDArray[np.object_], list[Finding]]:
    """Read a group, wave or cluster: numbers where all are numbers, names where the file has names."""
    numeric, why, _ = clean.apply_codes(column.values, column.reasons, codes)
    if not column.unread.any() and not column.labelled.any():
        labels = raw.value_labels.get(name, {})
        present = numeric[~np.isnan(numeric)]
        if name in book.group and labels and all(v in labels for v in present):
            named = [None if np.isnan(v) else labels[float(v)] for v in numeric]
            return pd.Series(named, index=cells.index, dtype=object), why, []
        return _whole(numeric), why, []
    values = _as_text(cells, why)
    return values, why, []


def _whole(values: NDArray[np.float64]) -> NDArray[Any]:
    """Return whole numbers as integers, so that group 1 is not called 1.0."""
    if np.isfinite(values).all() and (values == np.round(values)).all() and (np.abs(values) < 2**53).all():
        return values.astype(np.int64)
    return values


def _as_text(cells: pd.Series[Any], why: NDArray[np.object_]) -> pd.Series[Any]:
    texts = [None if r is not None else _id_text(c) for c, r in zip(cells, why, strict=True)]
    return pd.Series(texts, index=cells.index, dtype=object)


def _read_other(
    name: str, cells: pd.Series[Any], column: Column, codes: Any, raw: RawTable, *, strict: bool
) -> tuple[Any, NDArray[np.object_] | None, list[Finding]]:
    """Read a column that the codebook does not name."""
    empty_is_number = strict and not column.answered
    if pd.api.types.is_numeric_dtype(cells.dtype) or empty_is_number or _all_numbers(column):
        values, why, counts = clean.apply_codes(column.values, column.reasons, codes)
        told = raw.reasons is not None and name in raw.reasons
        return values, why if counts or told or strict else None, []
    filled = cells[np.isfinite(column.values) | column.unread]
    mixed = distinct(cells) is None
    if mixed and len(filled) and all(isinstance(cell, dt.date) for cell in filled):
        return pd.to_datetime(cells, errors="coerce"), None, []
    dates = [is_date(cell) for cell in filled if mixed]
    findings = []
    if any(dates):
        found = [
            f"{show_cell(cells.iloc[i])} in row {raw.rows[i]}"
            for i in range(len(cells))
            if is_date(cells.iloc[i])
        ]
        message = (
            f"column {name!r} mixes dates with other answers ({clean.listing(found)}); a spreadsheet may "
            "have turned answers such as 3-5 into dates; kept as text"
        )
        findings.append(Finding(Note("dates", message, sum(dates)), eye=True))
    elif strict and _mostly_numbers(column):
        clean.refuse_text(name, cells, column, raw.rows, raw.decimal)
    return _verbatim(cells), None, findings


def _all_numbers(column: Column) -> bool:
    return column.answered > 0 and not column.unread.any()


def _mostly_numbers(column: Column) -> bool:
    """Return whether at least half of what was answered are plain numbers."""
    plain = int((np.isfinite(column.values) & ~column.labelled).sum())
    return column.answered > 0 and 2 * plain >= column.answered


def _verbatim(cells: pd.Series[Any]) -> pd.Series[Any]:
    """Keep free text as it is; only empty cells become ``None``."""
    told = distinct(cells)
    if told is not None:
        kept = told.spread([text if text.strip() else None for text in told.texts], None)
        return pd.Series(kept, index=cells.index, dtype=object)
    texts = [None if (text := _id_text(c)) is None else (c if isinstance(c, str) else text) for c in cells]
    return pd.Series(texts, index=cells.index, dtype=object)
