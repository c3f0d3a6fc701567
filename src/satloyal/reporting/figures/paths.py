"""The path diagram: a placed PathGraph, drawn.

Latent variables are ellipses, observed ones boxes. A path is as wide as its standardised estimate is
strong, and dashed and grey when its interval includes zero.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Ellipse, FancyArrowPatch, Rectangle
from matplotlib.path import Path as Curve
from numpy.typing import NDArray

from satloyal.reporting import numbers
from satloyal.reporting.figures import style
from satloyal.reporting.figures.graph import Arrow, Node, PathGraph
from satloyal.reporting.figures.placing import (
    ITEM_HEIGHT,
    ITEM_SIZE,
    LABEL_SIZE,
    NAME_SIZE,
    Direction,
    Plan,
    Shape,
    item_text,
    plan,
)

__all__ = ["draw_paths", "label_boxes"]

Points = NDArray[np.float64]
Box = tuple[float, float, float, float]

_MARGIN = 0.12
_POSITIONS = (0.5, 0.44, 0.56, 0.38, 0.62, 0.32, 0.68, 0.26, 0.74, 0.2, 0.8)
_LABEL_HEIGHT = 0.17


def draw_paths(graph: PathGraph, *, items: bool = False, direction: Direction = "auto") -> Figure:
    """Draw a path graph.

    Parameters
    ----------
    graph : PathGraph
        What to draw.
    items : bool
        Whether to list the items, with their standardised loadings, under their constructs.
    direction : {"auto", "right", "down"}
        Where the paths run; ``auto`` is to the right for up to four layers, else down.

    Returns
    -------
    matplotlib.figure.Figure
        As large as the drawing needs.

    Examples
    --------
    >>> arrow = Arrow("Trust", "Loyalty", 0.6, 0.5, (0.4, 0.8))
    >>> graph = PathGraph((Node("Trust"), Node("Loyalty")), (arrow,))
    >>> len(draw_paths(graph).axes)
    1
    """
    if not items:
        graph = PathGraph(
            tuple(Node(n.name, n.latent, n.r2) for n in graph.nodes), graph.arrows, graph.arcs, graph.warning
        )
    placed = plan(graph, direction=direction)
    labels = label_boxes(placed)
    with style.styled():
        figure, ax = _page(placed, labels, graph.warning)
        for arc, points in placed.arcs.items():
            _stroke(ax, arc, points, both=True)
        for arrow, points in placed.arrows.items():
            _stroke(ax, arrow, points, both=False)
        for shape in placed.shapes.values():
            _outline(ax, shape)
        for arrow, (left, right, low, high) in labels.items():
            _label(ax, arrow, (left + right) / 2, (low + high) / 2)
    return figure


def label_boxes(placed: Plan) -> dict[Arrow, Box]:
    """Find a place on its path for each label, clear of nodes, of other labels and, if it can be, of paths.

    Returns
    -------
    dict of Arrow to (left, right, bottom, top)
        In inches; arrows without a label are left out.
    """
    nodes = [shape.box for shape in placed.shapes.values()]
    traces = {**placed.arcs, **placed.arrows}
    taken: dict[Arrow, Box] = {}
    for arrow, points in sorted(traces.items(), key=lambda pair: len(pair[1])):
        if not arrow.label:
            continue
        others = [p for other, p in traces.items() if other is not arrow]
        candidates = [_box(arrow.label, points, at) for at in _POSITIONS]
        costs = [
            20 * sum(_overlap(box, n) for n in nodes)
            + 20 * sum(_overlap(box, t) for t in taken.values())
            + sum(_hits(box, p) for p in others)
            + 0.01 * i
            for i, box in enumerate(candidates)
        ]
        taken[arrow] = candidates[int(np.argmin(costs))]
    return taken


def _box(label: str, points: Points, at: float) -> Box:
    steps = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(points, axis=0).T))])
    x, y = (float(np.interp(at * steps[-1], steps, points[:, k])) for k in (0, 1))
    half = style.text_width(label, LABEL_SIZE) / 2 + 0.02
    return x - half, x + half, y - _LABEL_HEIGHT / 2, y + _LABEL_HEIGHT / 2


def _overlap(one: Box, two: Box) -> bool:
    return one[0] < two[1] and two[0] < one[1] and one[2] < two[3] and two[2] < one[3]


def _hits(box: Box, points: Points) -> bool:
    x, y = points.T
    return bool(np.any((x > box[0]) & (x < box[1]) & (y > box[2]) & (y < box[3])))


def _page(placed: Plan, labels: dict[Arrow, Box], warning: str) -> tuple[Figure, Axes]:
    """Return a figure with axes in inches, as large as what will be drawn."""
    boxes = [*(s.box for s in placed.shapes.values()), *labels.values()]
    boxes += [
        (p[:, 0].min(), p[:, 0].max(), p[:, 1].min(), p[:, 1].max())
        for p in [*placed.arrows.values(), *placed.arcs.values()]
    ]
    if not boxes:
        boxes = [(0.0, 3.0, 0.0, 1.0)]
    left, right = min(b[0] for b in boxes) - _MARGIN, max(b[1] for b in boxes) + _MARGIN
    low, high = min(b[2] for b in boxes) - _MARGIN, max(b[3] for b in boxes) + _MARGIN
    if warning:
        high += 0.35
        right = max(right, left + style.text_width(warning, NAME_SIZE) + 2 * _MARGIN)
    figure = style.canvas(right - left, high - low)
    ax = figure.add_axes((0, 0, 1, 1))
    ax.set_xlim(left, right)
    ax.set_ylim(low, high)
    ax.set_axis_off()
    if warning:
        ax.text(
            left + _MARGIN, high - 0.2, warning, color=style.BAD, size=NAME_SIZE, weight="bold", va="center"
        )
    return figure, ax


def _stroke(ax: Axes, arrow: Arrow, points: Points, *, both: bool) -> None:
    strength = min(abs(arrow.std), 1.0) if arrow.std is not None and numbers.defined(arrow.std) else 0.3
    uncertain = arrow.settled is False
    colour = style.QUIET if both or uncertain else style.LINE
    ax.add_patch(
        FancyArrowPatch(
            path=Curve(points),
            arrowstyle="<|-|>" if both else "-|>",
            mutation_scale=9 if both else 11 + 4 * strength,
            linewidth=0.9 if both else 1.0 + 3.0 * strength,
            linestyle=(0, (4, 2.5)) if uncertain else "solid",
            color=colour,
            shrinkA=0,
            shrinkB=0,
            joinstyle="miter",
            capstyle="butt",
            zorder=1 if both else 2,
        )
    )


def _outline(ax: Axes, shape: Shape) -> None:
    look: dict[str, Any] = {"facecolor": style.FILL, "edgecolor": style.INK, "linewidth": 1.1, "zorder": 3}
    if shape.node.latent:
        ax.add_patch(Ellipse((shape.x, shape.y), 2 * shape.a, 2 * shape.b, **look))
    else:
        ax.add_patch(Rectangle((shape.x - shape.a, shape.y - shape.b), 2 * shape.a, 2 * shape.b, **look))
    rows = len(shape.lines) + (shape.node.r2 is not None)
    top = shape.y + 0.085 * (rows - 1)
    for i, line in enumerate(shape.lines):
        ax.text(shape.x, top - 0.17 * i, line, ha="center", va="center_baseline", size=NAME_SIZE, zorder=4)
    if shape.node.r2 is not None:
        text = f"R² = {numbers.number(shape.node.r2, bounded=True)}"
        y = top - 0.17 * len(shape.lines)
        ax.text(
            shape.x, y, text, ha="center", va="center_baseline", size=ITEM_SIZE, color=style.QUIET, zorder=4
        )
    _items(ax, shape)


def _items(ax: Axes, shape: Shape) -> None:
    if shape.listed is None:
        return
    left, right, _, high = shape.listed
    middle = (left + right) / 2
    for i, (name, loading) in enumerate(shape.node.items):
        base = high - (i + 1) * ITEM_HEIGHT
        look: dict[str, Any] = {"facecolor": "white", "edgecolor": "#c3cad4", "linewidth": 0.7}
        ax.add_patch(Rectangle((left, base), right - left, ITEM_HEIGHT, **look))
        label = item_text(name, loading)
        ax.text(
            middle, base + ITEM_HEIGHT / 2, label, ha="center", va="center_baseline", size=ITEM_SIZE, zorder=4
        )
    beside = left > shape.x
    ends = (
        ([shape.x + shape.a, left], [shape.y] * 2) if beside else ([shape.x] * 2, [high, shape.y - shape.b])
    )
    ax.plot(*ends, color="#9aa5b1", linewidth=0.8, zorder=1)


def _label(ax: Axes, arrow: Arrow, x: float, y: float) -> None:
    ax.text(
        x,
        y,
        arrow.label,
        ha="center",
        va="center_baseline",
        size=LABEL_SIZE,
        color=style.QUIET if arrow.settled is False else style.INK,
        zorder=5,
        bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.2},
    )
