"""Group means: one panel a construct, one line a group, with intervals."""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure

from satloyal.reporting import numbers
from satloyal.reporting.figures import style

__all__ = ["draw_groups"]


def draw_groups(means: pd.DataFrame, *, xlabel: str = "Mean score with 95 % interval") -> Figure:
    """Draw means by group, a panel a construct; each panel has its own place on a scale of one length.

    Parameters
    ----------
    means : DataFrame
        Columns ``construct, group, mean, ci_lower, ci_upper``; order is kept.
    xlabel : str
        What the axes show.

    Returns
    -------
    matplotlib.figure.Figure
    """
    constructs = list(dict.fromkeys(means["construct"]))
    groups = list(dict.fromkeys(means["group"]))
    across = min(3, max(1, len(constructs)))
    down = -(-len(constructs) // across)
    names = [style.shorten(str(g), 22) for g in groups]
    left = max((style.text_width(n, 9.5) for n in names), default=0.5) + 0.2
    row, panel, gap = 0.26 * len(groups) + 0.2, 2.2, 0.25
    head, foot = 0.34, 0.36
    width, height = left + across * panel + (across - 1) * gap + 0.15, down * (head + row + foot) + 0.25
    with style.styled():
        figure = style.canvas(width, height)
        reach = [_ends(means[means["construct"] == c]) for c in constructs]
        span = max((high - low for low, high in reach), default=1.0)
        for k, construct in enumerate(constructs):
            at_x = left + (k % across) * (panel + gap)
            at_y = height - (k // across + 1) * (head + row + foot) + foot
            ax = figure.add_axes((at_x / width, at_y / height, panel / width, row / height))
            style.plain_axes(ax)
            middle = sum(reach[k]) / 2
            ax.set_xlim(middle - 0.58 * span, middle + 0.58 * span)
            ax.set_ylim(len(groups) - 0.4, -0.6)
            ax.set_yticks(
                range(len(groups)), names if k % across == 0 else [""] * len(groups), color=style.INK
            )
            ax.set_title(style.shorten(str(construct), 26), loc="left", weight="bold")
            ax.locator_params(axis="x", nbins=5)
            for i, group in enumerate(groups):
                for found in means[
                    (means["construct"] == construct) & (means["group"] == group)
                ].itertuples():
                    ax.plot([found.ci_lower, found.ci_upper], [i, i], color=style.LINE, linewidth=2)
                    ax.plot([found.mean], [i], marker="o", color=style.LINE, markersize=6)
        figure.text(
            (left + (width - left) / 2) / width, 0.06 / height, xlabel, ha="center", va="bottom", size=9.5
        )
    return figure


def _ends(means: pd.DataFrame) -> tuple[float, float]:
    """Return the smallest and the largest number of a construct, a little apart at least."""
    values = [v for c in ("mean", "ci_lower", "ci_upper") for v in means[c] if numbers.defined(v)] or [0.0]
    return min(values), max(*values, min(values) + 0.1)
