"""Placing: from a PathGraph to shapes and curves in inches, before anything is drawn.

Paths between neighbouring layers are straight. Longer ones pass through the dummy nodes of the layout,
so that they go round the nodes between. Pairs of opposite paths are bowed apart.
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from satloyal.reporting import numbers
from satloyal.reporting.figures import style
from satloyal.reporting.figures.graph import Arrow, Node, PathGraph
from satloyal.reporting.figures.layout import Layout, layered

__all__ = [
    "ITEM_HEIGHT",
    "ITEM_SIZE",
    "LABEL_SIZE",
    "NAME_SIZE",
    "Direction",
    "Plan",
    "Shape",
    "item_text",
    "plan",
]

Points = NDArray[np.float64]
Box = tuple[float, float, float, float]
Direction = Literal["auto", "right", "down"]

NAME_SIZE, ITEM_SIZE, LABEL_SIZE = 11.0, 8.5, 9.5
ITEM_HEIGHT = 0.19
_LONGEST_ROW = 4  # layers that fit across a page
_WRAP = 18  # characters of a name in a line
_SAMPLES = 81
_CLEAR = 0.12  # inches that a path keeps from nodes it passes
_BOW = 0.28  # inches that opposite paths are pushed off their chord


@dataclass(frozen=True, slots=True)
class Shape:
    """A placed node: centre, half width, half height, its name in lines, and the box of its list of items."""

    node: Node
    x: float
    y: float
    a: float
    b: float
    lines: tuple[str, ...]
    listed: Box | None = None

    def inside(self, points: Points, pad: float = 0.0) -> NDArray[np.bool_]:
        """Which of the points (k, 2) lie inside the outline."""
        dx = np.abs(points[:, 0] - self.x) / (self.a + pad)
        dy = np.abs(points[:, 1] - self.y) / (self.b + pad)
        return np.asarray(dx**2 + dy**2 < 1 if self.node.latent else np.maximum(dx, dy) < 1)

    @property
    def box(self) -> tuple[float, float, float, float]:
        """Left, right, bottom, top; the list of items included."""
        own = self.x - self.a, self.x + self.a, self.y - self.b, self.y + self.b
        if self.listed is None:
            return own
        left, right, low, high = self.listed
        return min(own[0], left), max(own[1], right), min(own[2], low), max(own[3], high)


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything the drawing needs, in inches, y upwards."""

    shapes: Mapping[str, Shape]
    arrows: Mapping[Arrow, Points]
    arcs: Mapping[Arrow, Points]
    right: bool


def plan(graph: PathGraph, *, direction: Direction = "auto") -> Plan:
    """Place nodes and trace paths.

    Examples
    --------
    >>> made = plan(PathGraph((Node("Trust"), Node("Loyalty")), (Arrow("Trust", "Loyalty"),)))
    >>> made.shapes["Trust"].x < made.shapes["Loyalty"].x
    True
    """
    names = [n.name for n in graph.nodes]
    edges = [arrow.key for arrow in graph.arrows]
    lines = {n: _lines(n) for n in names}
    a, b = _half_width(graph, lines), {n.name: _half_height(n, lines[n.name]) for n in graph.nodes}
    depth = layered(names, edges).depth
    right = direction == "right" or (direction == "auto" and 1 < depth <= _LONGEST_ROW)
    # Items stand under their construct, or beside it where the paths leave it downwards.
    lists = {n.name: _list_size(n, a, beside=not right and depth > 1) for n in graph.nodes}
    extents = {n: (2 * a + lists[n].right, max(2 * b[n] + lists[n].below, lists[n].height)) for n in names}
    breadth = {n: extents[n][1] if right else extents[n][0] for n in names}
    found = layered(names, edges, breadth=breadth, gap=0.45)
    pitch = 2 * a + _room(graph) if right else max((e[1] for e in extents.values()), default=1.0) + 0.75

    def inches(layer: float, place: float) -> tuple[float, float]:
        return (layer * pitch, -place) if right else (place, -layer * pitch)

    shapes = {}
    for n in graph.nodes:
        x, y = inches(found.layer[n.name], found.place[n.name])
        size = lists[n.name]
        x, y = x - size.right / 2, y + (size.below / 2 if right else 0.0)
        shapes[n.name] = Shape(n, x, y, a, b[n.name], lines[n.name], size.box(x, y, a, b[n.name]))
    flow = np.array([1.0, 0.0] if right else [0.0, -1.0])
    reach = flow * (a if right else max(b.values(), default=0.3)) * 0.9
    pairs = set(edges)
    arrows = {}
    for arrow in graph.arrows:
        via = [np.array(inches(*stop)) for stop in found.routes.get(arrow.key, ())]
        arrows[arrow] = _trace(arrow, shapes, via, reach, bowed=arrow.key[::-1] in pairs, found=found)
    arcs = {arc: _arc(arc, shapes, flow) for arc in graph.arcs}
    return Plan(shapes, arrows, arcs, right)


def item_text(name: str, loading: float | None) -> str:
    """Write an item with its standardised loading."""
    value = f"  {numbers.number(loading, bounded=True)}" if numbers.defined(loading) else ""
    return f"{style.shorten(name, 16)}{value}"


def _lines(name: str) -> tuple[str, ...]:
    """Break a long name at spaces or underscores; cut what does not fit two lines."""
    if len(name) <= _WRAP:
        return (name,)
    pieces = textwrap.wrap(name.replace("_", "_ "), _WRAP, break_long_words=True) or [name]
    joined = [piece.replace("_ ", "_") for piece in pieces]
    return tuple(joined) if len(joined) <= 2 else (joined[0], style.shorten("".join(joined[1:]), _WRAP))


def _half_width(graph: PathGraph, lines: Mapping[str, tuple[str, ...]]) -> float:
    named = max((style.text_width(line, NAME_SIZE) for rows in lines.values() for line in rows), default=0.5)
    listed = max(
        (style.text_width(item_text(*i), ITEM_SIZE) for n in graph.nodes for i in n.items), default=0.0
    )
    return max(1.25, named + 0.35, listed + 0.1) / 2


def _half_height(node: Node, lines: tuple[str, ...]) -> float:
    return 0.29 + 0.09 * (len(lines) - 1) + (0.07 if node.r2 is not None else 0.0)


@dataclass(frozen=True, slots=True)
class _ListSize:
    """Size of a list of items, and what it adds to the right of its construct or below it."""

    width: float = 0.0
    height: float = 0.0
    right: float = 0.0
    below: float = 0.0

    def box(self, x: float, y: float, a: float, b: float) -> Box | None:
        """Where the list stands for a construct at (x, y) with half axes a and b."""
        if not self.height:
            return None
        if self.right:
            left = x + a + self.right - self.width
            return left, left + self.width, y - self.height / 2, y + self.height / 2
        return x - a, x + a, y - b - self.below, y - b - self.below + self.height


def _list_size(node: Node, a: float, *, beside: bool) -> _ListSize:
    if not node.items:
        return _ListSize()
    height = ITEM_HEIGHT * len(node.items)
    if not beside:
        return _ListSize(2 * a, height, below=0.1 + height)
    width = max(style.text_width(item_text(*i), ITEM_SIZE) for i in node.items) + 0.15
    return _ListSize(width, height, right=width + 0.15)


def _room(graph: PathGraph) -> float:
    """Room between layers for the longest label."""
    return max(1.05, max((style.text_width(a.label, LABEL_SIZE) for a in graph.arrows), default=0.0) + 0.45)


def _trace(
    arrow: Arrow, shapes: Mapping[str, Shape], via: list[Points], reach: Points, *, bowed: bool, found: Layout
) -> Points:
    """Trace a path from outline to outline, (k, 2)."""
    start, end = shapes[arrow.source], shapes[arrow.target]
    p, q = np.array([start.x, start.y]), np.array([end.x, end.y])
    if via:
        ahead = -reach if arrow.key in found.backward else reach
        points = _around(p, q, via, ahead, [s for n, s in shapes.items() if n not in arrow.key], (start, end))
    else:
        points = _bow(p, q, _BOW if bowed else 0.0)
    return _clip(points, start, end)


def _around(
    p: Points, q: Points, via: list[Points], ahead: Points, others: list[Shape], own: tuple[Shape, Shape]
) -> Points:
    """Go round the nodes between: in one bow if that keeps clear of them, else along the dummies."""
    chord = (q - p) / max(float(np.hypot(*(q - p))), 1e-9)
    far = max((float(chord[0] * (v - p)[1] - chord[1] * (v - p)[0]) for v in via), key=abs)
    for stretch in (1.0, 1.15, 1.3, -1.0, -1.3):
        points = _bow(p, q, stretch * far)
        if not any(_crosses(shape, points) for shape in others) and not any(
            _over_list(s, points) for s in own
        ):
            return points
    return _smooth(np.array([p, *(s for v in via for s in (v - ahead, v + ahead)), q]))


def _crosses(shape: Shape, points: Points) -> bool:
    """Whether a path comes too near to a node or its list of items."""
    return bool(shape.inside(points, _CLEAR).any()) or _over_list(shape, points)


def _over_list(shape: Shape, points: Points) -> bool:
    """Whether a path runs over a list of items."""
    if shape.listed is None:
        return False
    left, right, low, high = shape.listed
    x, y = points.T
    return bool(np.any((x > left) & (x < right) & (y > low) & (y < high)))


def _bow(p: Points, q: Points, off: float) -> Points:
    """Quadratic Bezier curve whose middle lies `off` to the left of the chord from p to q."""
    chord = q - p
    normal = np.array([-chord[1], chord[0]]) / max(float(np.hypot(*chord)), 1e-9)
    t = np.linspace(0, 1, _SAMPLES)[:, None]
    middle = (p + q) / 2 + 2 * off * normal
    return np.asarray((1 - t) ** 2 * p + 2 * t * (1 - t) * middle + t**2 * q)


def _smooth(stops: Points) -> Points:
    """Centripetal Catmull-Rom spline through the stops, which has no loops (Yuksel et al. 2011)."""
    ends = np.vstack([2 * stops[0] - stops[1], stops, 2 * stops[-1] - stops[-2]])
    pieces = []
    for i in range(1, len(ends) - 2):
        p = ends[i - 1 : i + 3]
        knots = np.concatenate([[0.0], np.cumsum(np.sqrt(np.hypot(*np.diff(p, axis=0).T)) + 1e-9)])
        t = np.linspace(knots[1], knots[2], _SAMPLES // 2)[:, None]
        a = [_blend(p[j], p[j + 1], knots[j], knots[j + 1], t) for j in range(3)]
        b = [_blend(a[j], a[j + 1], knots[j], knots[j + 2], t) for j in range(2)]
        pieces.append(_blend(b[0], b[1], knots[1], knots[2], t))
    return np.vstack(pieces)


def _blend(p: Points, q: Points, start: float, end: float, t: Points) -> Points:
    return np.asarray(((end - t) * p + (t - start) * q) / (end - start))


def _clip(points: Points, start: Shape, end: Shape) -> Points:
    """Cut off what lies under the two outlines."""
    leaves = np.flatnonzero(start.inside(points, 0.02))
    enters = np.flatnonzero(end.inside(points, 0.03))
    first = int(leaves[-1]) + 1 if len(leaves) else 0
    last = int(enters[enters >= first][0]) if np.any(enters >= first) else len(points)
    return points[first:last] if last - first >= 2 else points


def _arc(arc: Arrow, shapes: Mapping[str, Shape], flow: Points) -> Points:
    """Trace a covariance: outside the flow for nodes side by side, else bowed away from the chord."""
    start, end = shapes[arc.source], shapes[arc.target]
    p, q = np.array([start.x, start.y]), np.array([end.x, end.y])
    distance = float(np.hypot(*(q - p)))
    if abs(float((q - p) @ flow)) < 1e-6:
        out = -flow * np.array([start.a, start.b])
        t = np.linspace(0, 1, _SAMPLES)[:, None]
        bulge = -flow * (0.3 + 0.28 * distance) + out
        points = (1 - t) ** 3 * (p + out) + 3 * t * (1 - t) ** 2 * (p + bulge)
        return np.asarray(points + 3 * t**2 * (1 - t) * (q + bulge) + t**3 * (q + out))
    others = [s for n, s in shapes.items() if n not in arc.key]
    bows = [_bow(p, q, side * share * distance) for share in (0.3, 0.5, 0.75) for side in (1, -1)]
    clear = [points for points in bows if not any(_crosses(shape, points) for shape in others)]
    return _clip((clear or bows)[0], start, end)
