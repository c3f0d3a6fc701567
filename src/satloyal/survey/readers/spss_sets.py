"""SPSS sets: multiple-response sets as boxes that are ticked or not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from satloyal.survey.raw import Kind

__all__ = ["response_sets"]


def response_sets(
    frame: pd.DataFrame, sets: Mapping[str, Mapping[str, Any]], labels: Mapping[str, Mapping[Any, str]]
) -> tuple[pd.DataFrame, dict[str, Kind], dict[str, str], dict[str, str]]:
    """Return the table with multiple-response sets as 1 and 0.

    In a dichotomy the counted value means ticked. In a set of categories each variable holds one of the
    choices (first, second, …): a column for each choice is added, and the variables stay as they are.

    Parameters
    ----------
    frame : DataFrame
        Cells without user-missing values.
    sets : mapping
        pyreadstat's ``mr_sets``.
    labels : mapping
        Value labels by variable.

    Returns
    -------
    frame : DataFrame
    kinds, stems, texts : dict
        By column: ``"tick"``, the set, and the choice where it was added here.
    """
    kinds: dict[str, Kind] = {}
    stems: dict[str, str] = {}
    texts: dict[str, str] = {}
    for name, found in sets.items():
        members = [v for v in found.get("variable_list", ()) if v in frame.columns]
        stem = str(found.get("label") or name).strip() or name
        if not members:
            continue
        if found.get("is_dichotomy"):
            counted = found.get("counted_value")
            ticked = {v: _ticked(frame[v], counted) for v in members}
            frame = frame.assign(**ticked)
            kinds.update(dict.fromkeys(members, "tick"))
            stems.update(dict.fromkeys(members, stem))
            continue
        made = _choices(frame[members], labels.get(members[0], {}), name.lstrip("$"))
        made = {column: (text, cells) for column, (text, cells) in made.items() if column not in frame}
        frame = pd.concat(
            [frame, pd.DataFrame({c: cells for c, (_, cells) in made.items()}, index=frame.index)], axis=1
        )
        kinds.update({**dict.fromkeys(made, "tick"), **dict.fromkeys(members, "comment")})
        stems.update(dict.fromkeys(made, stem))
        texts.update({column: text for column, (text, _) in made.items()})
    return frame, kinds, stems, texts


def _ticked(cells: pd.Series[Any], counted: Any) -> pd.Series[Any]:
    """Return 1 where the counted value stands, 0 where another, and NaN where nothing does."""
    if pd.api.types.is_numeric_dtype(cells.dtype):
        try:
            hit = cells == float(counted)
        except (TypeError, ValueError):
            return cells
        return hit.astype(float).where(cells.notna())
    wanted = str(counted).strip()
    filled = cells.map(lambda c: isinstance(c, str) and bool(c.strip()))
    return cells.map(lambda c: isinstance(c, str) and c.strip() == wanted).astype(float).where(filled)


def _choices(
    cells: pd.DataFrame, labels: Mapping[Any, str], name: str
) -> dict[str, tuple[str, pd.Series[Any]]]:
    """Return a column of 1 and 0 for each category that is labelled or occurs."""
    values = cells.to_numpy(dtype=object)
    present = cells.notna().to_numpy()
    seen = pd.unique(values[present]) if present.any() else []
    codes = [*labels, *(code for code in sorted(seen, key=str) if code not in labels)]
    out = {}
    for code in codes:
        hit = np.array([[cell == code for cell in row] for row in values], dtype=bool).any(axis=1)
        text = str(labels.get(code, f"{code:g}" if isinstance(code, float) else code))
        ticked = pd.Series(np.where(present.any(axis=1), hit.astype(float), np.nan), index=cells.index)
        out[f"{name} ({text})"] = (text, ticked)
    return out
