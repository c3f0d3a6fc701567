"""Margins: the population's shares by category, as given by a census, and where respondents stand in them."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from satloyal.errors import SurveyError
from satloyal.notes import Note
from satloyal.survey.clean import listing
from satloyal.survey.nearest import did_you_mean

__all__ = ["Margin", "Missing", "margins_from", "targets_from"]

Array = NDArray[np.float64]
Missing = Literal["error", "category"]
Key = tuple[str, ...]

NO_ANSWER = "no answer"
_ROUNDED = 0.005
"""Published shares are rounded: a sum within half a percent of 1 is 1."""
_COUNTS = 200
"""Whole numbers that add up to less are percents with a slip rather than counts of people."""


@dataclass(frozen=True, slots=True)
class Margin:
    """One set of population shares, and each respondent's place in it.

    Parameters
    ----------
    columns : tuple of str
        One column, or several whose combinations have shares.
    categories : tuple of str
        Names of the categories (or combinations).
    shares : ndarray, shape (c,)
        Population shares; they sum to 1.
    places : ndarray of int, shape (n,)
        Category of each respondent.
    """

    columns: Key
    categories: tuple[str, ...]
    shares: Array
    places: NDArray[np.intp]

    @property
    def name(self) -> str:
        """Columns as one name."""
        return " × ".join(self.columns)


def margins_from(
    frame: pd.DataFrame, margins: Any, base: Array, missing: Missing
) -> tuple[tuple[Margin, ...], list[Note]]:
    """Return margins from whatever the user gave for them.

    Parameters
    ----------
    frame : DataFrame
        The survey's.
    margins : mapping or DataFrame
        Column, or tuple of columns, → {category: share}; or a frame with the columns ``variable``,
        ``category`` and ``share``.
    base : ndarray, shape (n,)
        Base weights.
    missing : {"error", "category"}

    Raises
    ------
    SurveyError
        If a column or category is not there or is empty, or shares do not add up.
    """
    if isinstance(margins, pd.DataFrame):
        margins = _from_long(margins)
    if not isinstance(margins, Mapping) or not margins:
        raise SurveyError(
            "no margins are given", fix="give them as {'region': {'North': 0.4, 'South': 0.6}, …}"
        )
    made, notes = [], []
    for column, shares in margins.items():
        columns = (column,) if isinstance(column, str) else tuple(column)
        margin, found = _margin(frame, columns, shares, base, missing)
        made.append(margin)
        notes += found
    return tuple(made), notes


def targets_from(
    frame: pd.DataFrame, targets: Any, by: str | Sequence[str] | None, base: Array, missing: Missing
) -> tuple[Margin, list[Note]]:
    """Return one margin of cells from a frame (columns and ``share``), a series or a mapping.

    Raises
    ------
    SurveyError
        As :func:`margins_from`, and if it is not said which columns make the cells.
    """
    columns = None if by is None else ((by,) if isinstance(by, str) else tuple(by))
    if isinstance(targets, pd.DataFrame):
        if "share" not in targets:
            raise SurveyError(
                "the table of targets has no column 'share'", fix="name the population shares or counts so"
            )
        columns = columns or tuple(str(c) for c in targets.columns if c != "share")
        absent = [c for c in columns if c not in targets]
        if absent or not columns:
            raise SurveyError(
                f"the table of targets has no column {listing(map(repr, absent)) or 'of cells'}"
            )
        targets = dict(
            zip(targets[list(columns)].itertuples(index=False, name=None), targets["share"], strict=True)
        )
    elif isinstance(targets, pd.Series):
        names = [n for n in targets.index.names if n is not None]
        columns = columns or (tuple(map(str, names)) if len(names) == targets.index.nlevels else None)
        targets = targets.to_dict()
    if not columns:
        raise SurveyError(
            "it is not said which columns make the cells", fix="name them, as by=('region', 'age_group')"
        )
    return _margin(frame, columns, targets, base, missing)


def _from_long(table: pd.DataFrame) -> dict[str, dict[Any, Any]]:
    absent = [c for c in ("variable", "category", "share") if c not in table]
    if absent:
        raise SurveyError(
            f"the table of margins has no column {listing(map(repr, absent))}",
            fix="give one row a category, with the columns variable, category and share",
        )
    out: dict[str, dict[Any, Any]] = {}
    for variable, category, share in table[["variable", "category", "share"]].itertuples(
        index=False, name=None
    ):
        own = out.setdefault(str(variable), {})
        if category in own:
            raise SurveyError(f"{category!r} of {variable!r} has two shares")
        own[category] = share
    return out


def _margin(
    frame: pd.DataFrame, columns: Key, shares: Any, base: Array, missing: Missing
) -> tuple[Margin, list[Note]]:
    name = " × ".join(columns)
    if missing not in get_args(Missing):
        raise SurveyError(f"missing is {missing!r}", fix=f"use one of {get_args(Missing)}")
    for column in columns:
        if column not in frame.columns:
            raise SurveyError(
                f"the survey has no column {column!r}{did_you_mean(column, frame.columns)}",
                fix="name margins by columns of the survey",
            )
    wanted, target, notes = _shares(name, len(columns), shares)
    cells, inverse, absent = _cells(frame, columns)
    where = {key: i for i, key in enumerate(wanted)}
    places = np.where(absent, -1, np.array([where.get(cell, -2) for cell in cells], dtype=int)[inverse])
    unknown = [cells[i] for i in np.unique(inverse[(places == -2) & (base > 0)]).tolist()]
    if unknown:
        said = listing(repr(_label(cell)) for cell in unknown)
        known = listing((_label(key) for key in wanted), 20)
        raise SurveyError(
            f"respondents are in categories of {name!r} that the targets do not name: {said}",
            fix=f"give their shares, or leave them out with survey.keep(…); the targets name {known}",
        )
    labels = [_label(key) for key in wanted]
    places = np.where(places == -2, 0, places)  # of weight 0: wherever they stand, they count for nothing
    count = int((places == -1).sum())
    if count:
        if missing == "error":
            raise SurveyError(
                f"{count} of {len(frame)} respondents have no answer to {name!r}",
                fix="leave them out with survey.keep(…), or keep them as a category of their own size with "
                "missing='category'",
            )
        own = float(base[places == -1].sum() / base.sum())
        message = (
            f"{count} respondents without an answer to {name!r} keep their share of {own:.1%}; the targets "
            "hold among the others"
        )
        notes.append(Note("weights", message, count))
        target = np.append(target * (1 - own), own)
        labels.append(NO_ANSWER)
        places = np.where(places == -1, len(labels) - 1, places)
    _refuse_empty(name, labels, target, np.bincount(places, base, len(labels)).astype(float))
    positive = target > 0
    renumber = np.cumsum(positive) - 1
    kept = tuple(label for label, yes in zip(labels, positive, strict=True) if yes)
    return Margin(columns, kept, target[positive], np.maximum(renumber[places], 0)), notes


def _refuse_empty(name: str, labels: Sequence[str], target: Array, held: Array) -> None:
    """Refuse categories with a share and nobody in them, or with somebody in them and no share."""
    empty = [label for label, share, w in zip(labels, target, held, strict=True) if share > 0 and w <= 0]
    if empty:
        raise SurveyError(
            f"nobody in the survey stands for {listing(map(repr, empty))} of {name!r}, to which the targets "
            "give a share",
            fix="merge them with neighbouring categories, in the survey and in the targets",
        )
    none = [label for label, share, w in zip(labels, target, held, strict=True) if share == 0 and w > 0]
    if none:
        raise SurveyError(
            f"the targets give no share to {listing(map(repr, none))} of {name!r}, but respondents are in it",
            fix="leave these respondents out with survey.keep(…), or correct the target",
        )


def _shares(name: str, depth: int, shares: Any) -> tuple[list[Key], Array, list[Note]]:
    """Return categories and their shares; percents and counts become shares."""
    if isinstance(shares, pd.Series):
        shares = shares.to_dict()
    if not isinstance(shares, Mapping) or not shares:
        raise SurveyError(
            f"the target of {name!r} is no list of shares", fix="give it as {'North': 0.4, 'South': 0.6}"
        )
    keys, values = [], []
    for key, share in shares.items():
        parts = tuple(key) if isinstance(key, tuple) else (key,)
        number = isinstance(share, int | float | np.number) and not isinstance(share, bool)
        if not number or not math.isfinite(share) or share < 0:
            raise SurveyError(f"the share of {_label(tuple(map(_text, parts)))!r} in {name!r} is {share!r}")
        if len(parts) != depth:
            raise SurveyError(f"{key!r} names {len(parts)} categories, but {name!r} has {depth} columns")
        keys.append(tuple(_text(part) for part in parts))
        values.append(float(share))
    twice = [_label(key) for key in dict.fromkeys(keys) if keys.count(key) > 1]
    if twice:
        raise SurveyError(f"the target of {name!r} names {listing(map(repr, twice))} twice")
    target = np.array(values)
    total = float(target.sum())
    counts = total >= _COUNTS and all(float(v).is_integer() for v in values)
    if not counts and not any(abs(total / whole - 1) <= _ROUNDED for whole in (1, 100)):
        raise SurveyError(
            f"the shares of {name!r} add up to {total:g}",
            fix="give shares that add up to 1 or to 100, or counts of people",
        )
    rounded = not counts and min(abs(total - 1), abs(total - 100)) > 1e-9 * max(total, 1)
    message = f"the shares of {name!r} add up to {total:g} and are divided by that"
    return keys, target / total, [Note("weights", message)] if rounded else []


def _cells(frame: pd.DataFrame, columns: Key) -> tuple[list[Key], NDArray[np.intp], NDArray[np.bool_]]:
    """Return the different cells, which one each row is in, and which rows miss an answer."""
    absent = frame[list(columns)].isna().any(axis=1).to_numpy()
    codes, texts = [], []
    for column in columns:
        code, levels = pd.factorize(frame[column])
        codes.append(code)
        texts.append([*map(_text, levels), ""])  # the last for a missing answer, whose code is -1
    sizes = [len(text) for text in texts]
    flat = np.ravel_multi_index([c % size for c, size in zip(codes, sizes, strict=True)], sizes)
    found, inverse = np.unique(flat, return_inverse=True)
    rows = zip(*(part.tolist() for part in np.unravel_index(found, sizes)), strict=True)
    cells = [tuple(text[c] for text, c in zip(texts, row, strict=True)) for row in rows]
    return cells, inverse, absent


def _text(value: Hashable) -> str:
    """Return a category as text, so that 1, 1.0 and "1" are one."""
    if isinstance(value, float | np.floating) and math.isfinite(value) and float(value).is_integer():
        return str(int(value))
    return str(value).strip()


def _label(key: Key) -> str:
    return " × ".join(key)
