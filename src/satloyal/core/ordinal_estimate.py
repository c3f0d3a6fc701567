"""Two-step estimation of ordinal moments: thresholds from margins, then the correlation of every pair."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from satloyal.core import polychoric, polyserial
from satloyal.core.categories import Categories, EmptyRule
from satloyal.core.contingency import Tables
from satloyal.core.ordinal_layout import Layout
from satloyal.core.ordinal_moments import OrdinalMoments
from satloyal.core.rows import CompleteRows
from satloyal.core.thresholds import thresholds_from_margins
from satloyal.notes import Note

__all__ = ["ordinal_moments"]

Array = NDArray[Any]


def ordinal_moments(
    rows: CompleteRows, ordered: Sequence[str], *, empty: EmptyRule = "merge"
) -> tuple[OrdinalMoments, ...]:
    """Estimate thresholds and correlations of each group.

    Parameters
    ----------
    rows : CompleteRows
        Checked rows with weights and groups.
    ordered : sequence of str
        Names of the ordinal items; the other columns are continuous.
    empty : {"merge", "error"}
        What to do about a category that nobody of some group chose.

    Returns
    -------
    tuple of OrdinalMoments
        One a group, with the same statistics in the same order. Notes on categories stand with the first.

    Raises
    ------
    FitError
        An ordered name that is no column, an item with one category, or (``empty="error"``) a category
        that nobody of a group chose.

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"SAT": [1, 1, 2, 2, 3, 3, 1, 3], "LOY": [1, 1, 1, 2, 2, 2, 2, 1]})
    >>> (group,) = ordinal_moments(CompleteRows.of(frame, ["SAT", "LOY"]), ["SAT", "LOY"])
    >>> dict(zip(group.layout.labels, group.statistics.round(3).tolist(), strict=True))
    {'SAT|t1': -0.319, 'SAT|t2': 0.319, 'LOY|t1': 0.0, 'SAT~~LOY': 0.403}
    """
    coded = Categories.of(
        rows.values, rows.names, ordered, groups=rows.codes, labels=rows.labels, empty=empty
    )
    layout = Layout(rows.names, coded.ordered, coded.sizes)
    weights = np.ones(len(rows.values)) if rows.weights is None else rows.weights
    out = []
    for g, label in enumerate(rows.labels):
        at = rows.codes == g
        said = coded.notes if g == 0 else ()
        out.append(_group(label, layout, coded.rows(at, said), rows.values[at], weights[at]))
    return tuple(out)


def _group(label: str, layout: Layout, coded: Categories, values: Array, weights: Array) -> OrdinalMoments:
    n, total = len(values), float(weights.sum())
    share = weights / total
    means, variances, z = _standardised(values, share, coded.ordered)
    item_i, item_j = layout.first[layout.ordinal_pairs], layout.second[layout.ordinal_pairs]
    counted = Tables(coded.codes, np.maximum(coded.sizes, 1), item_i, item_j)
    padded, _ = thresholds_from_margins(counted.margins(share), counted.sizes)
    sizes = np.stack([coded.sizes[item_i], coded.sizes[item_j]], axis=1)
    tables = counted.pairs(share)
    completed, lone = polychoric.keep_margins(tables, sizes, total)
    ordinal = polychoric.estimate(completed, padded[item_i], padded[item_j])
    correlation = np.asarray((z * share[:, None]).T @ z)
    np.fill_diagonal(correlation, 1.0)
    item, other = layout.mixed
    mixed = polyserial.estimate(
        z[:, other].T,
        coded.codes[:, item].T,
        padded[item],
        share[None],
        _point_polyserial(coded.codes[:, item], z[:, other], share),
    )
    size = len(layout.names)
    converged = np.ones((size, size), dtype=bool)
    at_bound, filled = ~converged, ~converged
    for (i, j), roots in (((item_i, item_j), ordinal), ((item, other), mixed)):
        _set_pairs(correlation, i, j, roots.value)
        _set_pairs(converged, i, j, roots.converged)
        _set_pairs(at_bound, i, j, roots.at_bound)
    _set_pairs(filled, item_i, item_j, lone)
    notes = coded.notes + _notes(label, layout.names, filled, at_bound, converged)
    return OrdinalMoments(
        label, n, total, layout, coded, share * n, padded, means, variances, correlation, tables, z,
        converged, at_bound, filled, notes,
    )  # fmt: skip


def _set_pairs(matrix: Array, rows: Array, columns: Array, values: Array) -> None:
    """Write values of pairs into both halves of a matrix."""
    matrix[rows, columns] = matrix[columns, rows] = values


def _standardised(values: Array, share: Array, ordered: Array) -> tuple[Array, Array, Array]:
    """Return means, variances and standardised values; 0, 1 and zeros for ordinal items."""
    if ordered.all():
        return np.zeros(len(ordered)), np.ones(len(ordered)), np.broadcast_to(0.0, values.shape)
    means = np.where(ordered, 0.0, share @ values)
    centred = np.where(ordered, 0.0, values - means)
    variances = np.where(ordered, 1.0, share @ centred**2)
    return means, variances, centred / np.sqrt(variances)


def _point_polyserial(codes: Array, z: Array, share: Array) -> Array:
    """Return where polyserial estimates start: the correlation with the category's number."""
    centred = codes - share @ codes
    r = share @ (centred * z) / np.sqrt(share @ centred**2)
    return np.asarray(np.clip(r, -0.9, 0.9))


def _notes(
    label: str, names: tuple[str, ...], filled: Array, at_bound: Array, converged: Array
) -> tuple[Note, ...]:
    """Say which pairs needed help."""
    place = f"group {label}: " if label else ""
    texts = (
        (
            filled,
            "empty cells",
            "one cell of the 2 × 2 table is empty; half an answer was put there, keeping the margins",
        ),
        (
            at_bound,
            "separation",
            "answers separate: the correlation stands at its bound of ±0.999 and has no standard error; "
            "merge categories, or leave one of the two items out",
        ),
        (~converged, "polychoric correlations", "the estimate did not converge"),
    )
    notes = []
    for mask, step, words in texts:
        pairs = [f"{names[i]} with {names[j]}" for i, j in zip(*np.nonzero(np.triu(mask, 1)), strict=True)]
        if pairs:
            more = f" and {len(pairs) - 10} more" if len(pairs) > 10 else ""
            notes.append(Note(step, f"{place}{', '.join(pairs[:10])}{more}: {words}", len(pairs)))
    return tuple(notes)
