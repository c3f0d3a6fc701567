"""The steps of an invariance test: how far each measure of fit moved, and how far it may."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from satloyal.reporting import numbers
from satloyal.reporting.figures import style

__all__ = ["StepChange", "draw_steps"]

_COLOURS = {"supported": style.GOOD, "not supported": style.BAD}
_PANELS = (("cfi", "Change of CFI"), ("rmsea", "Change of RMSEA"), ("srmr", "Change of SRMR"))


@dataclass(frozen=True, slots=True)
class StepChange:
    """One step: changes and limits of CFI, RMSEA and SRMR (``None`` where there is none), and its verdict."""

    label: str
    verdict: str
    changes: dict[str, float | None]
    limits: dict[str, float | None]


def draw_steps(steps: Sequence[StepChange]) -> Figure:
    """Draw a panel a measure and a line a step; the shade is what the rule allows.

    Parameters
    ----------
    steps : sequence of StepChange
        From top to bottom.

    Returns
    -------
    matplotlib.figure.Figure

    Examples
    --------
    >>> step = StepChange("metric", "supported", {"cfi": -.002}, {"cfi": -.01})
    >>> len(draw_steps([step]).axes)
    3
    """
    left = max(style.text_width(s.label, 10) for s in steps) + 0.25
    row, head, foot, gap, right = 0.42, 0.36, 0.42, 0.2, 0.15
    width = 8.5
    panel = (width - left - right - 2 * gap) / 3
    depth = row * len(steps) + 0.1
    height = head + depth + foot
    with style.styled():
        figure = style.canvas(width, height)
        for k, (key, title) in enumerate(_PANELS):
            at = (left + k * (panel + gap)) / width
            ax = figure.add_axes((at, foot / height, panel / width, depth / height))
            style.plain_axes(ax)
            ax.set_title(title, loc="left", weight="bold")
            ax.set_ylim(len(steps) - 0.45, -0.55)
            labels = [s.label for s in steps] if k == 0 else [""] * len(steps)
            ax.set_yticks(range(len(steps)), labels, color=style.INK, size=10)
            _panel(ax, steps, key)
    return figure


def _panel(ax: Axes, steps: Sequence[StepChange], key: str) -> None:
    values = [0.0]
    for step in steps:
        values += [v for v in (step.changes.get(key), step.limits.get(key)) if v is not None]
    low, high = min(values), max(values)
    pad = 0.18 * ((high - low) or 0.01)
    ax.set_xlim(low - pad, high + pad)
    ax.locator_params(axis="x", nbins=4)
    ax.axvline(0, color=style.QUIET, linewidth=1)
    for y, step in enumerate(steps):
        change, limit = step.changes.get(key), step.limits.get(key)
        if limit is not None and numbers.defined(limit):
            open_end = high + pad if limit < 0 else low - pad
            ax.fill_betweenx(
                [y - 0.34, y + 0.34], min(limit, open_end), max(limit, open_end),
                color=style.FILL, linewidth=0, zorder=0.5,
            )  # fmt: skip
            ax.plot([limit, limit], [y - 0.34, y + 0.34], color=style.QUIET, linewidth=1.4)
        if change is not None and numbers.defined(change):
            within = limit is None or (change >= limit if limit < 0 else change <= limit)
            colour = _COLOURS.get(step.verdict, style.SECOND)
            ax.plot([0, change], [y, y], color=colour, linewidth=1.6)
            ax.plot(
                [change],
                [y],
                marker="o" if within else "X",
                color=colour,
                markersize=8,
                markeredgecolor="white",
            )
