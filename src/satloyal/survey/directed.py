"""Directed: codes of labelled files turned so that more is better, where the labels run down."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from satloyal.notes import Note
from satloyal.survey.codebook import Codebook
from satloyal.survey.labels import direction, reason_of
from satloyal.survey.raw import Finding, RawTable

__all__ = ["directed"]


def directed(raw: RawTable, book: Codebook) -> RawTable:
    """Return the table with codes that run from much to little turned round, and say so.

    The value labels of the file decide (1 = very satisfied … 5 = very dissatisfied). A codebook that labels
    the points of an item decides in their place; an item that it calls reversed is turned by that, once.

    Parameters
    ----------
    raw : RawTable
    book : Codebook
    """
    turned: dict[str, tuple[float, float]] = {}
    twice = []
    for name, labels in raw.value_labels.items():
        if name not in raw.frame.columns or not pd.api.types.is_numeric_dtype(raw.frame[name].dtype):
            continue
        item = book.items.get(name)
        if item is not None and item.scale is not None and item.scale.labels:
            continue
        points = {code: label for code, label in labels.items() if reason_of(label) is None}
        if len(points) < 2 or direction(points) != -1:
            continue
        if item is not None and item.reverse:
            twice.append(name)
        else:
            turned[name] = (min(points), max(points))
    if not turned and not twice:
        return raw
    frame, named = raw.frame, dict(raw.value_labels)
    findings = list(raw.findings)
    for name, (low, high) in turned.items():
        values = frame[name].to_numpy(dtype=float, na_value=np.nan)
        inside = (values >= low) & (values <= high)
        frame = frame.assign(**{name: np.where(inside, low + high - values, values)})
        findings.append(Finding(Note("reversed codes", _told(name, named[name], low, high)), eye=True))
        named[name] = _turned(named[name], low, high)
    for name in twice:
        message = (
            f"the labels of {name!r} are reversed in the file, and the codebook calls it reversed: it is "
            "turned round once. If it is worded the other way as well, label its scale in the codebook"
        )
        findings.append(Finding(Note("reversed codes", message), eye=True))
    return replace(raw, frame=frame, value_labels=named, findings=tuple(findings))


def _told(name: str, labels: Mapping[float, str], low: float, high: float) -> str:
    return (
        f"the codes of {name!r} are reversed in the file ({low:g} = {labels[low]!r}, "
        f"{high:g} = {labels[high]!r}); turned round, so that more is better"
    )


def _turned(labels: Mapping[float, Any], low: float, high: float) -> dict[float, Any]:
    new = {low + high - code if low <= code <= high else code: label for code, label in labels.items()}
    return dict(sorted(new.items()))
