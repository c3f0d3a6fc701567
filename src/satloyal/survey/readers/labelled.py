"""Labelled files: what SPSS and Stata have in common, and how their missing values keep their reasons."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd
import pyreadstat

from satloyal.errors import SurveyError
from satloyal.notes import Note
from satloyal.survey.clean import listing
from satloyal.survey.labels import reason_of as known_reason
from satloyal.survey.numbers import SKIPPED
from satloyal.survey.raw import Finding
from satloyal.survey.readers.export import Export

__all__ = ["open_labelled", "reason_of", "texts_of", "undeclared", "value_labels_of"]

_REASONS = {
    "dont_know": {
        *("dont know", "do not know", "dk", "not sure", "unsure", "cannot say", "cant say"),
        *("不知道", "不清楚", "说不清", "說不清"),
    },
    "skipped": {"no answer", "skipped", "missing", "blank", "not answered", "na", "未回答", "无回答", "未答"},
    "refused": {"refused", "refusal", "prefer not to say", "refused to answer", "拒答", "拒绝回答"},
    "not_applicable": {"not applicable", "does not apply", "inapplicable", "n a", "不适用", "不適用"},
    "not_shown": {"not shown", "not asked", "not seen"},
}
_BY_LABEL = {label: reason for reason, labels in _REASONS.items() for label in labels}


def open_labelled(
    read: Callable[..., Any], export: Export, *, user_missing: bool = True
) -> tuple[pd.DataFrame, Any]:
    """Read data and metadata with one of pyreadstat's functions, user-missing values left in place or not.

    Raises
    ------
    SurveyError
        If the file is damaged or its encoding does not fit.
    """
    # a portable file (.por) is UTF-8 and keeps user-missing values as they are: it has neither option
    options: dict[str, Any] = {} if export.container == "por" else {"user_missing": user_missing}
    if export.encoding is not None and export.container != "por":
        options["encoding"] = export.encoding
    try:
        frame, meta = read(str(export.path), **options)
    except (pyreadstat.ReadstatError, pyreadstat.PyreadstatError) as err:
        raise SurveyError(
            f"the .{export.container} file cannot be read: {str(err).strip() or type(err).__name__}",
            fix="export it again, or state its `encoding`",
        ) from err
    except (OSError, ValueError, OverflowError, UnicodeError, MemoryError, KeyError, TypeError) as err:
        raise SurveyError(
            f"the .{export.container} file is damaged: {type(err).__name__}: {err}", fix="export it again"
        ) from err
    return frame, meta


def reason_of(label: str | None, otherwise: str) -> str:
    """Return the reason that a missing value's label states.

    Examples
    --------
    >>> reason_of("Don't know", "user_missing"), reason_of(None, "user_missing_97")
    ('dont_know', 'user_missing_97')
    """
    if not label:
        return otherwise
    text = unicodedata.normalize("NFKC", label).casefold().replace("'", "").replace("’", "")
    words = " ".join("".join(c if c.isalnum() else " " for c in text).split())
    return _BY_LABEL.get(words, words.replace(" ", "_") or otherwise)


def texts_of(meta: Any) -> dict[str, str]:
    """Return the question texts by column."""
    return {str(name): str(text) for name, text in meta.column_names_to_labels.items() if text}


def value_labels_of(meta: Any, missing: Mapping[str, Callable[[float], bool]]) -> dict[str, dict[float, str]]:
    """Return names of the codes by column, without those of missing values."""
    out = {}
    for name, labels in meta.variable_value_labels.items():
        is_missing = missing.get(name)
        kept = {
            float(code): str(label)
            for code, label in labels.items()
            if isinstance(code, int | float) and not (is_missing is not None and is_missing(float(code)))
        }
        if kept:
            out[str(name)] = dict(sorted(kept.items()))
    return out


def undeclared(
    columns: Mapping[str, Any],
    reasons: Mapping[str, Any],
    labels: Mapping[str, Mapping[float, str]],
) -> tuple[dict[str, Any], dict[str, Any], dict[str, dict[float, str]], tuple[Finding, ...]]:
    """Take codes out that the file calls "Don't know" or the like without declaring them missing.

    A column counts if at least two other codes have labels, so that a question about knowing is left alone.

    Parameters
    ----------
    columns, reasons : mapping of str to Series
        Cells, and why they are missing, where anything is known about that.
    labels : mapping of str to mapping
        Names of the codes, without those of declared missing values.

    Returns
    -------
    columns, reasons, labels : dict
        With those codes empty, explained and without label.
    findings : tuple of Finding
    """
    cells, why = dict(columns), dict(reasons)
    kept = {name: dict(found) for name, found in labels.items()}
    said = []
    for name, found in labels.items():
        codes = {code: reason for code, label in found.items() if (reason := known_reason(label)) is not None}
        if not codes or len(found) - len(codes) < 2 or not pd.api.types.is_numeric_dtype(cells[name].dtype):
            continue
        kept[name] = {code: label for code, label in found.items() if code not in codes}
        told = why.get(name)
        if told is None:
            told = pd.Series(
                [SKIPPED if gone else None for gone in cells[name].isna()],
                index=cells[name].index,
                dtype=object,
            )
        for code, reason in codes.items():
            hit = cells[name] == code
            if hit.any():
                said.append(f"{code:g} = {found[code]!r} in {name!r} ({int(hit.sum())} cells)")
            told = told.where(~hit, reason)
            cells[name] = cells[name].where(~hit)
        why[name] = told
    if not said:
        return cells, why, kept, ()
    message = (
        f"codes that the file calls no answer without declaring them missing: {listing(said)}; taken as "
        "missing"
    )
    return cells, why, kept, (Finding(Note("missing codes", message, len(said)), eye=True),)
