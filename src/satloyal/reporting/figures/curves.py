"""The response curve: the outcome over the scale of the predictor, and what one more point is worth there."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from satloyal.reporting.figures import style

__all__ = ["draw_curve"]


def draw_curve(
    curve: pd.DataFrame,
    *,
    x: str,
    y: str,
    points: pd.DataFrame | None = None,
    other: pd.DataFrame | None = None,
    other_label: str = "straight line",
    label: str = "fitted curve",
) -> Figure:
    """Draw a response curve with its band above its marginal effect with its band.

    Parameters
    ----------
    curve : DataFrame
        Columns ``x, fit, ci_lower, ci_upper, marginal, marginal_lower, marginal_upper``.
    x, y : str
        Names for the axes.
    points : DataFrame, optional
        Columns ``x, y, weight``: the mean answer at each place, drawn as large as its weight.
    other : DataFrame, optional
        A second curve (``x, fit``) for comparison.
    other_label, label : str
        Names for the legend.

    Returns
    -------
    matplotlib.figure.Figure
    """
    with style.styled():
        figure = style.canvas(7.6, 5.6)
        top = figure.add_axes((0.1, 0.46, 0.87, 0.51))
        below = figure.add_axes((0.1, 0.1, 0.87, 0.26), sharex=top)
        if points is not None:
            _answers(top, points)
        at = curve["x"].to_numpy(dtype=float)
        _band(top, curve, "ci_lower", "ci_upper")
        if other is not None:
            top.plot(
                other["x"],
                other["fit"],
                color=style.QUIET,
                linewidth=1.4,
                linestyle=(0, (4, 2.5)),
                label=other_label,
            )
        top.plot(at, curve["fit"], color=style.LINE, linewidth=2.4, label=label)
        top.set_ylabel(style.shorten(y, 40))
        top.legend(loc="best")
        _band(below, curve, "marginal_lower", "marginal_upper")
        below.axhline(0, color=style.QUIET, linewidth=1)
        below.plot(at, curve["marginal"], color=style.LINE, linewidth=2.2)
        below.set_ylabel("Marginal effect")
        below.set_xlabel(style.shorten(x, 60))
        for ax in (top, below):
            style.plain_axes(ax, grid="y")
    return figure


def _band(ax: Axes, curve: pd.DataFrame, low: str, high: str) -> None:
    at = curve["x"].to_numpy(dtype=float)
    if np.isfinite(curve[low].to_numpy(dtype=float)).any():
        ax.fill_between(at, curve[low], curve[high], color=style.BAND, alpha=0.8, linewidth=0)


def _answers(ax: Axes, points: pd.DataFrame) -> None:
    area = 14 + 150 * points["weight"] / points["weight"].max()
    ax.scatter(
        points["x"],
        points["y"],
        s=area,
        color="#7b8794",
        alpha=0.45,
        linewidth=0,
        zorder=1.5,  # above the band, below the line
        label="mean of the answers",
    )
