"""Figures of drivers: shares with their intervals, and importance against performance."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from satloyal.reporting.figures import style

__all__ = ["draw_importance_performance", "draw_shares"]

_ROW = 0.34


def draw_shares(table: pd.DataFrame, *, xlabel: str) -> Figure:
    """Draw a bar a driver, the largest first, with the interval of its share.

    Parameters
    ----------
    table : DataFrame
        ``term, share, share_lower, share_upper``, shares of R² from 0 to 1.
    xlabel : str
        What the axis shows.

    Returns
    -------
    matplotlib.figure.Figure
    """
    rows = table.sort_values("share", ascending=False, kind="stable")
    depth = _ROW * len(rows) + 0.1
    height = depth + 0.65
    with style.styled():
        figure = style.canvas(7.6, height)
        ax = figure.add_axes((0.32, 0.55 / height, 0.65, depth / height))
        at = np.arange(len(rows))
        share = 100 * rows["share"].to_numpy(dtype=float)
        low, high = (100 * rows[f"share_{side}"].to_numpy(dtype=float) for side in ("lower", "upper"))
        ax.barh(at, share, height=0.62, color=style.BAND)
        ax.hlines(at, low, high, color=style.LINE, linewidth=2)
        ax.plot(share, at, linestyle="none", marker="o", markersize=5, color=style.LINE)
        ax.set_yticks(at, [style.shorten(str(name), 32) for name in rows["term"]])
        ax.set_ylim(len(rows) - 0.4, -0.6)
        ax.set_xlim(0, None)
        ax.set_xlabel(xlabel)
        style.plain_axes(ax)
    return figure


def draw_importance_performance(table: pd.DataFrame, *, outcome: str) -> Figure:
    """Draw importance over performance, cut into four at the averages of both.

    Parameters
    ----------
    table : DataFrame
        ``term, importance, importance_lower, importance_upper, performance, performance_lower,
        performance_upper``.
    outcome : str
        For what the drivers matter.

    Returns
    -------
    matplotlib.figure.Figure
    """
    with style.styled():
        figure = style.canvas(7.6, 5.2)
        ax = figure.add_axes((0.1, 0.11, 0.86, 0.86))
        x, y = table["performance"].to_numpy(dtype=float), 100 * table["importance"].to_numpy(dtype=float)
        across = table[["performance_lower", "performance_upper"]].to_numpy(dtype=float)
        up = 100 * table[["importance_lower", "importance_upper"]].to_numpy(dtype=float)
        ax.hlines(y, across[:, 0], across[:, 1], color=style.BAND, linewidth=2)
        ax.vlines(x, up[:, 0], up[:, 1], color=style.BAND, linewidth=2)
        ax.plot(x, y, linestyle="none", marker="o", markersize=7, color=style.LINE)
        for name, a, b in zip(table["term"], x, y, strict=True):
            ax.annotate(style.shorten(str(name), 22), (a, b), xytext=(7, 5), textcoords="offset points",
                        size=9.5)  # fmt: skip
        ax.axvline(x.mean(), color=style.QUIET, linewidth=1, linestyle=(0, (4, 2.5)))
        ax.axhline(y.mean(), color=style.QUIET, linewidth=1, linestyle=(0, (4, 2.5)))
        ax.margins(0.16)
        ax.set_ylim(0, None)
        for text, place, side in (
            ("concentrate here", (0.01, 0.99), "left"), ("keep it up", (0.99, 0.99), "right"),
            ("low priority", (0.01, 0.02), "left"), ("possible overkill", (0.99, 0.02), "right"),
        ):  # fmt: skip
            ax.text(*place, text, transform=ax.transAxes, ha=side, va="top" if place[1] > 0.5 else "bottom",
                    color=style.SECOND, size=9.5)  # fmt: skip
        ax.set_xlabel("Performance, mean on 0 to 100 of the answer scale")
        ax.set_ylabel(f"Importance for {style.shorten(outcome, 30)}, % of R²")
        style.plain_axes(ax, grid=None)
    return figure
