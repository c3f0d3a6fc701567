"""The residual heat map: what the model leaves unexplained, pair by pair."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from numpy.typing import NDArray

from satloyal.reporting import numbers
from satloyal.reporting.figures import style

__all__ = ["draw_residuals"]

_MAP = LinearSegmentedColormap.from_list("residual", ["#0b5fa5", "#9cc3e6", "#ffffff", "#f0b48a", "#a83f0a"])
_MOST_NUMBERS = 22  # variables whose cells can still hold a readable number


def draw_residuals(residuals: pd.DataFrame, *, limit: float = 0.1) -> Figure:
    """Draw the lower triangle of a matrix of residual correlations.

    Parameters
    ----------
    residuals : DataFrame
        Square, (p, p): observed minus implied correlation.
    limit : float
        Residuals beyond it are written in bold (.10: Kline 2016, *Principles and Practice of Structural
        Equation Modeling*, 4th ed., ch. 11).

    Returns
    -------
    matplotlib.figure.Figure
    """
    values = residuals.to_numpy(dtype=float)
    p = len(values)
    cell = 0.42 if p <= _MOST_NUMBERS else max(0.16, 9.0 / p)
    names = [style.shorten(str(c), 18) for c in residuals.columns]
    widest = max((style.text_width(n, 9) for n in names), default=0.5) + 0.15
    width, height = max(widest + cell * p + 1.1, 3.2), cell * p + widest + 0.15
    shown = np.where(np.tril(np.ones((p, p), dtype=bool), k=-1), values, np.nan)
    size = float(np.nanmax(np.abs(shown), initial=0.0)) if np.isfinite(shown).any() else 0.0
    reach = max(size, 2 * limit)
    with style.styled():
        figure = style.canvas(width, height)
        ax = figure.add_axes((widest / width, widest / height, cell * p / width, cell * p / height))
        ax.pcolormesh(
            np.arange(p + 1),
            np.arange(p + 1),
            shown,
            cmap=_MAP,
            vmin=-reach,
            vmax=reach,
            edgecolors="white",
            linewidth=1,
        )
        ax.set_ylim(p, 0)
        ax.set_xticks(np.arange(p) + 0.5, names, rotation=90, size=9)
        ax.set_yticks(np.arange(p) + 0.5, names, size=9)
        style.plain_axes(ax, grid=None)
        ax.spines["bottom"].set_visible(False)
        if p <= _MOST_NUMBERS:
            _numbers(ax, shown, limit, reach)
        side = figure.add_axes(
            (
                (widest + cell * p + 0.25) / width,
                (widest + 0.1) / height,
                0.14 / width,
                min(cell * p - 0.2, 2.4) / height,
            )
        )
        bar = np.linspace(-reach, reach, 101)
        side.pcolormesh(
            [0, 1],
            bar,
            (bar[:-1, None] + bar[1:, None]) / 2,
            cmap=_MAP,
            vmin=-reach,
            vmax=reach,
            edgecolors="face",
            linewidth=0.3,
        )
        side.yaxis.tick_right()
        side.set_xticks([])
        side.tick_params(length=0, labelsize=8.5)
        for spine in side.spines.values():
            spine.set_visible(False)
    return figure


def _numbers(ax: Axes, shown: NDArray[np.float64], limit: float, reach: float) -> None:
    for i, j in zip(*np.nonzero(np.isfinite(shown)), strict=True):
        value = float(shown[i, j])
        large = abs(value) > limit
        ax.text(
            j + 0.5,
            i + 0.5,
            numbers.number(round(value, 2) + 0.0, bounded=True),
            ha="center",
            va="center_baseline",
            size=8.5,
            weight="bold" if large else "normal",
            color="white" if abs(value) > 0.75 * reach else style.INK if large else style.QUIET,
        )
