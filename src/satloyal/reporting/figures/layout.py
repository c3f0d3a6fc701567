"""Layered layout of a path graph: names and edges in, coordinates out. No drawing here.

The scheme is that of Sugiyama, Tagawa and Toda (1981, IEEE Transactions on Systems, Man, and Cybernetics
11, 109-125): break cycles, put each node into a layer by its longest path, thread long edges through
dummy nodes, order the layers by barycentres to reduce crossings, then give each node the place along its
layer that is nearest, in least squares, to the mean of its neighbours, with the gaps kept (isotonic
regression by pooling adjacent violators).

Everything is deterministic: ties fall to the order in which names and edges were given.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

__all__ = ["Edge", "Layout", "layered"]

Edge = tuple[str, str]

_SWEEPS = 24
_DUMMY_BREADTH = 0.35


@dataclass(frozen=True)
class Layout:
    """Where everything goes.

    Parameters
    ----------
    layer : mapping of str to int
        Layer of each node, counted along the flow from 0.
    place : mapping of str to float
        Centre of each node along its layer, in the units of ``breadth``.
    routes : mapping of (str, str) to tuple of (int, float)
        For each edge the places (layer, place) of the dummy nodes it passes, from its own source to its
        own target; empty for edges between neighbouring layers.
    backward : frozenset of (str, str)
        Edges that run against the flow: those that close a loop.
    """

    layer: Mapping[str, int]
    place: Mapping[str, float]
    routes: Mapping[Edge, tuple[tuple[int, float], ...]]
    backward: frozenset[Edge]

    @property
    def depth(self) -> int:
        """Number of layers."""
        return 1 + max(self.layer.values(), default=-1)


def layered(
    nodes: Sequence[str],
    edges: Iterable[Edge],
    *,
    breadth: Mapping[str, float] | None = None,
    gap: float = 0.4,
) -> Layout:
    """Lay out a directed graph, loops included.

    Parameters
    ----------
    nodes : sequence of str
        Distinct names.
    edges : iterable of (source, target)
        Repeated edges and edges from a node to itself are ignored; names not in `nodes` too.
    breadth : mapping of str to float, optional
        Extent of each node along its layer (1 where not given).
    gap : float
        Least free space between neighbours in a layer.

    Returns
    -------
    Layout

    Examples
    --------
    >>> found = layered(["Quality", "Value", "Loyalty"], [("Quality", "Value"), ("Value", "Loyalty")])
    >>> dict(found.layer)
    {'Quality': 0, 'Value': 1, 'Loyalty': 2}
    >>> sorted(layered("ab", [("a", "b"), ("b", "a")]).backward)
    [('b', 'a')]
    """
    known = dict.fromkeys(nodes)
    wanted = tuple(dict.fromkeys((u, v) for u, v in edges if u != v and u in known and v in known))
    backward = _closing_edges(tuple(known), wanted)
    forward = tuple(dict.fromkeys((v, u) if (u, v) in backward else (u, v) for u, v in wanted))
    layer = _longest_path(tuple(known), forward)
    dummies, segments, layer = _thread(forward, layer)
    sizes = {name: (breadth or {}).get(name, 1.0) for name in known}
    sizes |= {d: _DUMMY_BREADTH for chain in dummies.values() for d in chain}
    order = _order(layer, segments)
    place = _places(order, segments, sizes, gap)
    routes: dict[Edge, tuple[tuple[int, float], ...]] = {}
    for u, v in wanted:
        chain = dummies.get((v, u), ())[::-1] if (u, v) in backward else dummies.get((u, v), ())
        routes[u, v] = tuple((layer[d], place[d]) for d in chain)
    return Layout({n: layer[n] for n in known}, {n: place[n] for n in known}, routes, backward)


def _closing_edges(nodes: Sequence[str], edges: Sequence[Edge]) -> frozenset[Edge]:
    """Edges that meet a node still open in a depth-first walk: without them there is no loop.

    The walk starts at nodes without predecessors, then follows the given order, so that a loop written
    as a -> b, b -> a flows from a to b.
    """
    after: dict[str, list[str]] = {n: [] for n in nodes}
    entered = {v for _, v in edges}
    for u, v in edges:
        after[u].append(v)
    state: dict[str, int] = {}
    closing: set[Edge] = set()
    for root in sorted(nodes, key=lambda n: n in entered):
        if root in state:
            continue
        state[root] = 1
        stack = [(root, iter(after[root]))]
        while stack:
            u, rest = stack[-1]
            v = next(rest, "")
            if not v:
                state[u] = 2
                stack.pop()
            elif state.get(v) == 1:
                closing.add((u, v))
            elif v not in state:
                state[v] = 1
                stack.append((v, iter(after[v])))
    return frozenset(closing)


def _longest_path(nodes: Sequence[str], edges: Sequence[Edge]) -> dict[str, int]:
    """Layer by longest path from the sources; sources then move up to their first target."""
    layer = dict.fromkeys(nodes, 0)
    for _ in nodes:
        late = [(u, v) for u, v in edges if layer[v] <= layer[u]]
        if not late:
            break
        for u, v in late:
            layer[v] = max(layer[v], layer[u] + 1)
    entered = {v for _, v in edges}
    targets: dict[str, list[int]] = {}
    for u, v in edges:
        targets.setdefault(u, []).append(layer[v])
    for n in nodes:
        if n not in entered and n in targets:
            layer[n] = min(targets[n]) - 1
    return layer


def _thread(
    edges: Sequence[Edge], layer: Mapping[str, int]
) -> tuple[dict[Edge, tuple[str, ...]], list[Edge], dict[str, int]]:
    """Give edges longer than one layer a dummy node in each layer they pass."""
    full = dict(layer)
    dummies: dict[Edge, tuple[str, ...]] = {}
    segments: list[Edge] = []
    for number, (u, v) in enumerate(edges):
        chain = tuple(f"\0{number}.{at}" for at in range(layer[u] + 1, layer[v]))
        full |= {d: layer[u] + 1 + i for i, d in enumerate(chain)}
        if chain:
            dummies[u, v] = chain
        segments += pairwise((u, *chain, v))
    return dummies, segments, full


def _order(layer: Mapping[str, int], segments: Sequence[Edge]) -> list[list[str]]:
    """Order of the nodes in each layer: barycentre sweeps, then exchanges of neighbours; the best is kept."""
    order: list[list[str]] = [[] for _ in range(1 + max(layer.values(), default=-1))]
    for n in layer:
        order[layer[n]].append(n)
    before, after = _neighbours(layer, segments)
    best, fewest = [list(row) for row in order], _crossings(order, segments, layer)
    for sweep in range(_SWEEPS):
        down = sweep % 2 == 0
        rows = range(1, len(order)) if down else range(len(order) - 2, -1, -1)
        for r in rows:
            rank = {n: i for row in order for i, n in enumerate(row)}
            _sort_by_barycentre(order[r], before if down else after, rank)
        _exchange(order, segments, layer)
        now = _crossings(order, segments, layer)
        if now < fewest:
            best, fewest = [list(row) for row in order], now
        if fewest == 0:
            break
    return best


def _neighbours(
    names: Iterable[str], segments: Sequence[Edge]
) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    before: dict[str, list[str]] = {n: [] for n in names}
    after: dict[str, list[str]] = {n: [] for n in before}
    for u, v in segments:
        after[u].append(v)
        before[v].append(u)
    return before, after


def _sort_by_barycentre(row: list[str], near: Mapping[str, list[str]], rank: Mapping[str, int]) -> None:
    own = {n: i for i, n in enumerate(row)}
    row.sort(key=lambda n: sum(rank[m] for m in near[n]) / len(near[n]) if near[n] else own[n])


def _exchange(order: list[list[str]], segments: Sequence[Edge], layer: Mapping[str, int]) -> None:
    """Exchange neighbours wherever that removes a crossing."""
    for row in order:
        for i in range(len(row) - 1):
            now = _crossings(order, segments, layer)
            row[i], row[i + 1] = row[i + 1], row[i]
            if _crossings(order, segments, layer) >= now:
                row[i], row[i + 1] = row[i + 1], row[i]


def _crossings(order: Sequence[Sequence[str]], segments: Sequence[Edge], layer: Mapping[str, int]) -> int:
    rank = {n: i for row in order for i, n in enumerate(row)}
    by_layer: dict[int, list[tuple[int, int]]] = {}
    for u, v in segments:
        by_layer.setdefault(layer[u], []).append((rank[u], rank[v]))
    total = 0
    for pairs in by_layer.values():
        for i, (a, b) in enumerate(pairs):
            total += sum((a - c) * (b - d) < 0 for c, d in pairs[i + 1 :])
    return total


def _places(
    order: Sequence[Sequence[str]], segments: Sequence[Edge], sizes: Mapping[str, float], gap: float
) -> dict[str, float]:
    """Places along the layers: each sweep moves a layer towards its neighbours' mean, gaps kept."""
    place: dict[str, float] = {}
    for row in order:
        for n, x in zip(row, _spread([0.0] * len(row), row, sizes, gap), strict=True):
            place[n] = x
    before, after = _neighbours(place, segments)
    both = {n: [(m, _pull(n, m)) for m in before[n] + after[n]] for n in place}
    for sweep in range(_SWEEPS):
        rows = order if sweep % 2 == 0 else order[::-1]
        for row in rows:
            wanted = [
                sum(w * place[m] for m, w in both[n]) / sum(w for _, w in both[n]) if both[n] else place[n]
                for n in row
            ]
            for n, x in zip(row, _spread(wanted, row, sizes, gap), strict=True):
                place[n] = x
    low = min((place[n] - sizes[n] / 2 for n in place), default=0.0)
    return {n: round(place[n] - low, 9) for n in place}


def _pull(one: str, two: str) -> float:
    """Weight of a segment: long edges shall run straight (Gansner et al. 1993, IEEE TSE 19, 214-230)."""
    return {0: 1.0, 1: 2.0, 2: 8.0}[one.startswith("\0") + two.startswith("\0")]


def _spread(
    wanted: Sequence[float], row: Sequence[str], sizes: Mapping[str, float], gap: float
) -> list[float]:
    """Nearest places to the wanted ones, in least squares, with at least `gap` between neighbours."""
    offsets = [0.0]
    for a, b in pairwise(row):
        offsets.append(offsets[-1] + (sizes[a] + sizes[b]) / 2 + gap)
    pools: list[list[float]] = []  # (mean, count)
    for target in (w - o for w, o in zip(wanted, offsets, strict=False)):
        pools.append([target, 1.0])
        while len(pools) > 1 and pools[-2][0] >= pools[-1][0]:
            mean, n = pools.pop()
            pools[-1] = [(pools[-1][0] * pools[-1][1] + mean * n) / (pools[-1][1] + n), pools[-1][1] + n]
    levels = [mean for mean, n in pools for _ in range(int(n))]
    return [level + o for level, o in zip(levels, offsets, strict=False)]
