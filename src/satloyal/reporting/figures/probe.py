"""Figures of an interaction and of a power study: an effect over a scale, with its band."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from satloyal.reporting.figures import style

__all__ = ["draw_johnson_neyman", "draw_power"]

_COLOURS = (style.LINE, style.SECOND, style.GOOD, "#7a4fa3", "#8a6d00", style.QUIET)


def draw_johnson_neyman(slopes: pd.DataFrame, stretches: pd.DataFrame, *, x: str, y: str) -> Figure:
    """Draw a simple slope over the moderator with its band; shaded where the band excludes zero.

    Parameters
    ----------
    slopes : DataFrame
        ``at`` (standard deviations of the moderator), ``est, ci_lower, ci_upper``.
    stretches : DataFrame
        ``lower_sd, upper_sd, significant``.
    x, y : str
        What the axes show.

    Returns
    -------
    matplotlib.figure.Figure
    """
    with style.styled():
        figure = style.canvas(7.6, 3.9)
        ax = figure.add_axes((0.1, 0.15, 0.87, 0.74))
        at = slopes["at"].to_numpy(dtype=float)
        ends = stretches[["lower_sd", "upper_sd"]].to_numpy(dtype=float)
        for (low, high), there in zip(ends, stretches["significant"], strict=True):
            if there:
                ax.axvspan(low, high, color=style.FILL, linewidth=0, zorder=0.2)
            for edge in (low, high):
                if at[0] < edge < at[-1]:
                    ax.axvline(edge, color=style.SECOND, linewidth=1.3, linestyle=(0, (4, 2.5)))
                    ax.text(edge, 1.02, f"{edge:.2f}".replace("-", "−"), transform=ax.get_xaxis_transform(),
                            ha="center", va="bottom", size=9.5, color=style.SECOND)  # fmt: skip
        ax.fill_between(at, slopes["ci_lower"], slopes["ci_upper"], color=style.BAND, alpha=0.8, linewidth=0)
        ax.plot(at, slopes["est"], color=style.LINE, linewidth=2.4)
        ax.axhline(0, color=style.QUIET, linewidth=1)
        ax.set_xlim(at[0], at[-1])
        ax.set_xlabel(style.shorten(x, 70))
        ax.set_ylabel(style.shorten(y, 44))
        style.plain_axes(ax, grid="y")
    return figure


def draw_power(table: pd.DataFrame, *, target: float = 0.8, effects: Sequence[str] | None = None) -> Figure:
    """Draw power over sample size, a line an effect, with the error of the simulation.

    Parameters
    ----------
    table : DataFrame
        ``n, effect, power, power_mcse``.
    target : float
        The power that is wanted, as a line.
    effects : sequence of str, optional
        Which; all when not given.

    Returns
    -------
    matplotlib.figure.Figure
    """
    names = list(dict.fromkeys(table["effect"])) if effects is None else list(effects)
    with style.styled():
        figure = style.canvas(7.6, 4.1)
        ax = figure.add_axes((0.1, 0.14, 0.62, 0.82))
        ends = []
        for k, name in enumerate(names):
            rows = table[table["effect"] == name].sort_values("n")
            n, power = rows["n"].to_numpy(dtype=float), rows["power"].to_numpy(dtype=float)
            error = 1.96 * rows["power_mcse"].to_numpy(dtype=float)
            colour = _COLOURS[k % len(_COLOURS)]
            ax.errorbar(n, power, yerr=error, color=colour, linewidth=2, marker="o", markersize=5,
                        elinewidth=1.2)  # fmt: skip
            if np.isfinite(power[-1]):
                ends.append((power[-1], name, colour))
        ax.axhline(target, color=style.QUIET, linewidth=1, linestyle=(0, (4, 2.5)))
        ax.set_ylim(0, 1.04)
        ax.set_xlabel("Respondents")
        ax.set_ylabel("Power")
        style.plain_axes(ax, grid="y")
        place = 1.1
        for height, name, colour in sorted(
            ends, reverse=True
        ):  # names beside the lines, apart from each other
            place = min(place - 0.07, height)
            ax.text(1.02, place / 1.04, style.shorten(name, 24), transform=ax.transAxes, color=colour,
                    va="center", size=9.5)  # fmt: skip
    return figure
