"""Who stands apart: a measure of every respondent in order, the farthest named."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from satloyal.reporting.figures import style

__all__ = ["draw_standing"]


def draw_standing(
    values: NDArray[np.float64], labels: Sequence[str], *, named: int = 5, ylabel: str, xlabel: str
) -> Figure:
    """Draw a stem a respondent, largest first.

    Parameters
    ----------
    values : ndarray, shape (n,)
        The measure; NaN is left out.
    labels : sequence of str, length n
        Names of the respondents.
    named : int
        How many to name.
    ylabel, xlabel : str
        What the axes show.

    Returns
    -------
    matplotlib.figure.Figure
    """
    known = np.flatnonzero(np.isfinite(values))
    order = known[np.argsort(-values[known], kind="stable")][:60]
    with style.styled():
        figure = style.canvas(7.6, 3.2)
        ax = figure.add_axes((0.1, 0.16, 0.87, 0.78))
        heights = values[order]
        at = np.arange(1, len(order) + 1)
        ax.vlines(at, 0, heights, color=style.BAND, linewidth=3)
        ax.plot(at, heights, linestyle="none", marker="o", markersize=4.5, color=style.LINE)
        for k in range(min(named, len(order))):
            if k and heights[k - 1] - heights[k] < 0.07 * heights[0]:
                break  # names would lie on one another
            ax.annotate(
                style.shorten(str(labels[order[k]]), 16), (at[k], heights[k]), xytext=(6, 1),
                textcoords="offset points", size=9.5, color=style.SECOND,
            )  # fmt: skip
        ax.set_xlim(0, len(order) + 3)
        ax.set_ylim(0, None)
        ax.set_ylabel(ylabel)
        ax.set_xlabel(xlabel)
        style.plain_axes(ax, grid="y")
    return figure
