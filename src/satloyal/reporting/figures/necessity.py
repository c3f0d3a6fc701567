"""The ceilings of a necessity analysis over the answers that they bound."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
from matplotlib.figure import Figure

from satloyal.reporting.figures import style

__all__ = ["draw_ceilings"]

_LOOKS = {
    "ce_fdh": (style.LINE, "-", "CE-FDH"),
    "cr_fdh": (style.SECOND, "-", "CR-FDH"),
    "ce_vrs": (style.GOOD, (0, (5, 2)), "CE-VRS"),
    "cr_vrs": (style.BAD, (0, (2, 2)), "CR-VRS"),
}


def draw_ceilings(
    points: pd.DataFrame,
    lines: Mapping[str, pd.DataFrame],
    *,
    x: str,
    y: str,
    scope: tuple[float, float, float, float],
    right: bool = False,
) -> Figure:
    """Draw the rows, each ceiling and the scope.

    Parameters
    ----------
    points : DataFrame
        Columns ``x, y``; equal rows are one dot, as large as they are many.
    lines : mapping
        Columns ``x, y`` by name of the ceiling.
    x, y : str
        Names for the axes.
    scope : tuple of float
        Lowest and highest x, lowest and highest y.
    right : bool
        Whether the empty corner lies to the right, so that steps fall where they end.

    Returns
    -------
    matplotlib.figure.Figure
    """
    with style.styled():
        figure = style.canvas(6.4, 4.8)
        ax = figure.add_axes((0.11, 0.12, 0.86, 0.85))
        dots = points.groupby(["x", "y"]).size().reset_index(name="n")
        area = 12 + 110 * dots["n"] / dots["n"].max() if dots["n"].max() > 1 else 22
        ax.scatter(dots["x"], dots["y"], s=area, color="#7b8794", alpha=0.5, linewidth=0, label="answers")
        low_x, high_x, low_y, high_y = scope
        frame = ([low_x, high_x, high_x, low_x, low_x], [low_y, low_y, high_y, high_y, low_y])
        ax.plot(*frame, color=style.QUIET, linewidth=0.9, linestyle=(0, (2, 3)), label="scope")
        for name, line in lines.items():
            color, dash, label = _LOOKS[name]
            steps = ("steps-pre" if right else "steps-post") if name == "ce_fdh" else "default"
            ax.plot(
                line["x"], line["y"], color=color, linestyle=dash, linewidth=2, drawstyle=steps, label=label
            )
        ax.set_xlabel(style.shorten(x, 60))
        ax.set_ylabel(style.shorten(y, 40))
        ax.legend(loc="best")
        style.plain_axes(ax, grid="y")
    return figure
