"""The forest plot: effects in words, with their intervals, against the line of no effect."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from satloyal.reporting import numbers
from satloyal.reporting.figures import style

__all__ = ["ForestRow", "draw_forest"]

_WRAP = 40
_LEFT, _MIDDLE, _RIGHT = 3.45, 3.3, 1.75  # inches: names, intervals, numbers
_WIDTH = _LEFT + _MIDDLE + _RIGHT
_ROW, _HEADER = 0.3, 0.34


@dataclass(frozen=True, slots=True)
class ForestRow:
    """One effect; a row without an estimate shows why by a dash. `strong` marks sums (total effects)."""

    label: str
    est: float | None
    interval: tuple[float, float] | None
    header: str = ""
    strong: bool = False

    @property
    def settled(self) -> bool:
        """Whether the interval exists and excludes zero."""
        if self.interval is None or not all(map(numbers.defined, self.interval)):
            return False
        return self.interval[0] > 0 or self.interval[1] < 0


def draw_forest(rows: Sequence[ForestRow], *, xlabel: str = "Estimate with 95 % interval") -> Figure:
    """Draw one line an effect, under a heading wherever ``header`` changes.

    Parameters
    ----------
    rows : sequence of ForestRow
        From top to bottom.
    xlabel : str
        What the axis shows.

    Returns
    -------
    matplotlib.figure.Figure

    Examples
    --------
    >>> rows = [ForestRow("Trust → Loyalty", 0.5, (0.3, 0.7), header="direct")]
    >>> len(draw_forest(rows).axes)
    1
    """
    places, depth = _stack(rows)
    height = depth + 0.62
    with style.styled():
        figure = style.canvas(_WIDTH, height)
        ax = figure.add_axes((_LEFT / _WIDTH, 0.58 / height, _MIDDLE / _WIDTH, depth / height))
        ax.set_ylim(depth, 0)
        style.plain_axes(ax)
        ax.set_yticks([])
        ax.set_xlabel(xlabel)
        ax.set_xlim(_limits(rows))
        ax.axvline(0, color=style.QUIET, linewidth=1)
        before = ""
        for row, y in zip(rows, places, strict=True):
            if row.header and row.header != before:
                top = y - _extent(row) / 2 - 0.13
                ax.text(
                    -_LEFT / _MIDDLE,
                    top,
                    row.header,
                    transform=ax.get_yaxis_transform(),
                    va="center",
                    weight="bold",
                )
            before = row.header
            _row(ax, row, y)
    return figure


def _extent(row: ForestRow) -> float:
    return _ROW * (1 + 0.6 * (max(1, len(textwrap.wrap(row.label, _WRAP))) - 1))


def _stack(rows: Sequence[ForestRow]) -> tuple[list[float], float]:
    """Place of each row's middle, in inches from the top, and the whole depth."""
    places, y, before = [], 0.02, ""
    for row in rows:
        if row.header and row.header != before:
            y += _HEADER
        before = row.header
        places.append(y + _extent(row) / 2)
        y += _extent(row)
    return places, max(y + 0.08, 0.5)


def _limits(rows: Sequence[ForestRow]) -> tuple[float, float]:
    values = [0.0]
    for row in rows:
        values += [v for v in (row.est, *(row.interval or ())) if v is not None and numbers.defined(v)]
    low, high = min(values), max(values)
    pad = 0.06 * ((high - low) or 1.0)
    return low - pad, high + pad


def _row(ax: Axes, row: ForestRow, y: float) -> None:
    side = ax.get_yaxis_transform()
    colour = style.LINE if row.settled else style.QUIET
    weight = "bold" if row.strong else "normal"
    label = "\n".join(textwrap.wrap(row.label, _WRAP)) or row.label
    ax.text(
        -_LEFT / _MIDDLE + 0.05,
        y,
        label,
        transform=side,
        va="center",
        size=9.5,
        weight=weight,
        linespacing=1.1,
    )
    if row.interval is not None and all(map(numbers.defined, row.interval)):
        style_of_line = "solid" if row.settled else (0, (3, 1.5))
        ax.plot(
            row.interval, [y, y], color=colour, linewidth=2.6 if row.strong else 1.8, linestyle=style_of_line
        )
    if row.est is not None and numbers.defined(row.est):
        face = colour if row.settled else "white"
        ax.plot(
            [row.est],
            [y],
            marker="D" if row.strong else "o",
            color=colour,
            markerfacecolor=face,
            markersize=6.5,
        )
    text = f"{numbers.number(row.est)} {numbers.interval(*(row.interval or (None, None)))}"
    ax.text(
        1 + _RIGHT / _MIDDLE - 0.03, y, text, transform=side, va="center", ha="right", size=9.5, weight=weight
    )
