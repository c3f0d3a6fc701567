"""The control chart: a figure over waves, its centre, its limits, and the waves that give a signal."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from satloyal.reporting.figures import style

__all__ = ["draw_control"]

_WIDTH, _HEIGHT = 8.5, 3.6
_TURN = 8  # labels beyond this many waves stand upright


def draw_control(table: pd.DataFrame, *, ylabel: str, factor: float = 1.0) -> Figure:
    """Draw one control chart.

    Parameters
    ----------
    table : DataFrame
        Columns ``term, est, centre, ci_lower, ci_upper, signal`` (text, empty without one), one row a wave.
    ylabel : str
        What the axis shows.
    factor : float
        Multiplies the values, as 100 for percent.

    Returns
    -------
    matplotlib.figure.Figure

    Examples
    --------
    >>> table = pd.DataFrame({"term": ["1", "2"], "est": [3.0, 9.0], "centre": 4.0, "ci_lower": 2.0,
    ...     "ci_upper": 6.0, "signal": ["", "beyond limits"]})
    >>> len(draw_control(table, ylabel="Score").axes)
    1
    """
    x = np.arange(len(table))
    est, low, high, centre = (
        factor * table[name].to_numpy(dtype=float) for name in ("est", "ci_lower", "ci_upper", "centre")
    )
    out = table["signal"].to_numpy() != ""
    with style.styled():
        figure = style.canvas(_WIDTH, _HEIGHT)
        ax = figure.add_axes((0.09, 0.24, 0.88, 0.62))
        style.plain_axes(ax)
        ax.fill_between(x, low, high, step="mid", color=style.BAND, linewidth=0, label="three sigma")
        ax.plot(x, centre, color=style.QUIET, linewidth=1, label="centre")
        ax.plot(x, est, color=style.LINE, marker="o", markersize=5, linewidth=1.4)
        ax.plot(x[out], est[out], color=style.BAD, marker="s", markersize=8, linestyle="none", label="signal")
        labels = [style.shorten(str(name), 14) for name in table["term"]]
        ax.set_xticks(x, labels, rotation=90 if len(labels) > _TURN else 0)
        ax.set_ylabel(ylabel)
        ax.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=3, borderaxespad=0.1)
    return figure
