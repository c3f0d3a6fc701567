"""Series side by side: the same effect in several models, groups or conditions, a line for each."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from satloyal.reporting import numbers
from satloyal.reporting.figures import style

__all__ = ["Mark", "SeriesRow", "draw_series"]

_COLOURS = (style.LINE, style.SECOND, style.GOOD, "#7a4fa3", "#8a6d00", style.QUIET, "#c2447d", "#2a7f9e")
_MARKERS = "oDs^vPX*"
_WRAP = 34
_WIDTH, _STEP, _PAD = 8.5, 0.21, 0.2


@dataclass(frozen=True, slots=True)
class Mark:
    """One estimate with its interval; `wide` is a second, wider interval drawn thinner."""

    est: float | None
    interval: tuple[float, float] | None
    wide: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class SeriesRow:
    """One effect with a mark a series; ``None`` where a series does not have it."""

    label: str
    marks: tuple[Mark | None, ...]


def draw_series(rows: Sequence[SeriesRow], names: Sequence[str], *, xlabel: str, zero: bool = True) -> Figure:
    """Draw one block an effect and one line a series.

    Parameters
    ----------
    rows : sequence of SeriesRow
        From top to bottom.
    names : sequence of str
        Of the series, for the legend; one name draws no legend.
    xlabel : str
        What the axis shows.
    zero : bool
        Whether the line of no effect is drawn.

    Returns
    -------
    matplotlib.figure.Figure

    Examples
    --------
    >>> rows = [SeriesRow("Trust → Loyalty", (Mark(0.5, (0.3, 0.7)), Mark(0.4, (0.2, 0.6))))]
    >>> len(draw_series(rows, ["Model 1", "Model 2"], xlabel="Standardised").axes)
    1
    """
    labels = ["\n".join(textwrap.wrap(style.shorten(r.label, 90), _WRAP)) or r.label for r in rows]
    block = [max(_STEP * len(names), 0.17 * (1 + label.count("\n"))) + _PAD for label in labels]
    widest = max((style.text_width(line, 9.5) for label in labels for line in label.split("\n")), default=1.0)
    left = min(widest + 0.2, 3.6)
    lines = -(-len(names) // 3) if len(names) > 1 else 0
    head, foot, depth = 0.12 + 0.24 * lines, 0.55, sum(block)
    height = head + depth + foot
    with style.styled():
        figure = style.canvas(_WIDTH, height)
        ax = figure.add_axes((left / _WIDTH, foot / height, (_WIDTH - left - 0.2) / _WIDTH, depth / height))
        style.plain_axes(ax)
        ax.set_ylim(depth, 0)
        ax.set_xlabel(xlabel)
        if zero:
            ax.axvline(0, color=style.QUIET, linewidth=1)
        top, places = 0.0, []
        for row, size in zip(rows, block, strict=True):
            middle = top + size / 2
            places.append(middle)
            for k, mark in enumerate(row.marks):
                _draw(ax, mark, middle + (k - (len(row.marks) - 1) / 2) * _STEP, k)
            top += size
            if row is not rows[-1]:
                ax.axhline(top, color=style.GRID, linewidth=0.8)
        ax.set_yticks(places, labels, color=style.INK)
        if lines:
            for k, name in enumerate(names):
                ax.plot([], [], color=_colour(k), marker=_MARKERS[k % 8], label=style.shorten(name, 34))
            ax.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=min(3, len(names)), borderaxespad=0.1)
    return figure


def _colour(k: int) -> str:
    return _COLOURS[k % len(_COLOURS)]


def _draw(ax: Axes, mark: Mark | None, y: float, k: int) -> None:
    if mark is None or mark.est is None or not numbers.defined(mark.est):
        return
    for ends, thick in ((mark.wide, 1.1), (mark.interval, 2.0 if mark.wide is None else 6.5)):
        if ends is not None and all(map(numbers.defined, ends)):
            ax.plot(ends, [y, y], color=_colour(k), linewidth=thick, solid_capstyle="butt")
    ax.plot(
        [mark.est], [y], marker=_MARKERS[k % 8], color=_colour(k), markeredgecolor="white",
        markersize=6 if mark.wide is None else 3.5, markeredgewidth=0.6,
    )  # fmt: skip
