"""The plan of a model's effects: which there are, found once, and their values for any batch of parameters.

The graph joins the latent variables and those observed variables that a regression ``~`` names. Its arrows
are the regressions and, between these variables, the loadings (of second-order factors, say), because effects
run through these too. A pair of variables that only loadings join is measurement and is not listed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_array

from satloyal.core.effects import (
    PATH_LIMIT,
    PathGraph,
    path_products,
    stability_index,
    too_many_paths,
    total_effects,
)
from satloyal.errors import FitError

if TYPE_CHECKING:
    from satloyal.models.sem.implied import Ram
    from satloyal.models.sem.result import SemFit
    from satloyal.spec.table import ParameterTable

__all__ = ["ARROW", "LOOPS", "EffectPlan", "GroupPlan", "Kind"]

Array = NDArray[Any]
Kind = Literal["direct", "indirect", "loops", "total_indirect", "total"]

ARROW = " → "
LOOPS = "through the loop of "


@dataclass(frozen=True)
class _Row:
    """One line of the table, and which path products (+1) and totals it is made of."""

    source: str
    target: str
    kind: Kind
    path: str
    products: tuple[int, ...] = ()
    sign: float = 1.0
    total: tuple[int, int] | None = None


@dataclass(frozen=True, eq=False)
class GroupPlan:
    """The effects of one group: its graph, and the rows in terms of products and totals."""

    label: Any
    ram: Ram
    cov: Array | None
    mean: Array | None
    nodes: tuple[int, ...]
    names: tuple[str, ...]
    graph: PathGraph
    measurement: frozenset[tuple[int, int]]
    rows: tuple[_Row, ...]
    paths: tuple[tuple[int, ...], ...]

    @classmethod
    def of(cls, fit: SemFit, position: int) -> GroupPlan:
        """Find the structural graph of one group."""
        table, group = fit.table, position + 1
        ram = fit.rams[position]
        names = _structural(table, group)
        nodes = tuple(ram.variables.index(name) for name in names)
        at = {name: i for i, name in enumerate(names)}
        arrows = np.zeros((len(names), len(names)), dtype=bool)
        loadings = set()
        for row in table.rows:
            if row.group != group or row.op not in ("=~", "<~", "~") or not (row.free or row.value):
                continue
            source, target = (row.lhs, row.rhs) if row.op == "=~" else (row.rhs, row.lhs)
            if source in at and target in at:
                arrows[at[target], at[source]] = True
                if row.op != "~":
                    loadings.add((at[source], at[target]))
        moments = fit.sample.groups[position]
        return cls(
            _label(fit, position), ram, moments.cov, moments.mean, nodes, names, PathGraph(arrows),
            frozenset(loadings), (), (),
        )  # fmt: skip

    def blocks(self, theta: Array) -> tuple[Array, Array]:
        """Return A and S of the structural variables, (B, v, v) each.

        No arrow enters these variables from outside (indicators only receive), so the blocks are complete.
        """
        A, S = self.ram.matrices(theta, self.cov, self.mean)
        rows, columns = np.ix_(self.nodes, self.nodes)
        return A[:, rows, columns], S[:, rows, columns]

    @cached_property
    def weights(self) -> csr_array:
        """Rows of the table as sums of path products, then of totals: (N, P + v²), sparse."""
        v, at = len(self.names), len(self.paths)
        entries: list[tuple[int, int, float]] = []
        for i, row in enumerate(self.rows):
            entries += [(i, k, row.sign) for k in row.products]
            if row.total is not None:
                target, source = row.total
                entries.append((i, at + target * v + source, 1.0))
        table = np.array(entries, dtype=float).reshape(-1, 3)
        place = (table[:, 0].astype(int), table[:, 1].astype(int))
        return csr_array((table[:, 2], place), shape=(len(self.rows), at + v * v))

    def values(self, theta: Array) -> Array:
        """Return the effects of this group, (B, N)."""
        A, _ = self.blocks(theta)
        total = total_effects(A, self.graph).reshape(len(theta), len(self.names) ** 2)
        parts = np.concatenate([path_products(A, self.paths), total], axis=1)
        result: Array = (self.weights @ parts.T).T
        return result

    def ratio(self, theta: Array) -> Array:
        """Return the SD of the source over the SD of the target for each row, (B, N)."""
        A, S = self.blocks(theta)
        one = np.eye(A.shape[-1])
        reach = total_effects(A, self.graph) + one
        variance = np.einsum("bij,bjk,bik->bi", reach, S, reach)
        sd = np.sqrt(np.where(variance.real > 0, variance, np.nan))
        at = {name: i for i, name in enumerate(self.names)}
        sources, targets = ([at[getattr(r, side)] for r in self.rows] for side in ("source", "target"))
        ratio: Array = sd[:, sources] / sd[:, targets]
        return ratio


@dataclass(frozen=True, eq=False)
class EffectPlan:
    """Which effects a model has, found once; their values for any batch of parameters.

    Examples
    --------
    >>> import satloyal as sl
    >>> m = sl.Moments.from_matrix([[1, .5, .4], [.5, 1, .6], [.4, .6, 1]], 200, names=["SAT", "TRU", "LOY"],
    ...                            kind="cor")
    >>> fit = sl.fit_sem("TRU ~ SAT" + chr(10) + "LOY ~ TRU + SAT", m)
    >>> plan = EffectPlan.of(fit, "SAT", "LOY")
    >>> plan.frame[["kind", "path"]].to_dict("records")[1]
    {'kind': 'indirect', 'path': 'SAT → TRU → LOY'}
    >>> plan.values(fit.theta[None]).shape
    (1, 4)
    """

    groups: tuple[GroupPlan, ...]

    @classmethod
    def of(
        cls, fit: SemFit, source: str | None = None, target: str | None = None, *, limit: int = PATH_LIMIT
    ) -> EffectPlan:
        """Lay out the effects of a fitted model.

        Parameters
        ----------
        fit : SemFit
            The fit whose table and sample are used.
        source, target : str, optional
            Keep effects from, or on, this variable only.
        limit : int
            The most paths to list.

        Raises
        ------
        FitError
            For a name that is not in the structural model, and for more than `limit` paths.
        """
        groups = tuple(GroupPlan.of(fit, g) for g in range(fit.ngroups))
        known = sorted({name for group in groups for name in group.names})
        for name in (source, target):
            if name is not None and name not in known:
                raise _unknown(name, known)
        if source is not None and source == target:
            raise FitError(
                f"source and target are both {source!r}", fix="name two different variables of the model"
            )
        listed, room = [], limit
        for group in groups:
            listed.append(_with_rows(group, source, target, room))
            room = max(room - len(listed[-1].paths), 0)
        return cls(tuple(listed))

    @property
    def frame(self) -> pd.DataFrame:
        """What each of the N effects is: source, target, kind, path, group."""
        columns = ["source", "target", "kind", "path", "group"]
        lines = [(r.source, r.target, r.kind, r.path, g.label) for g in self.groups for r in g.rows]
        return pd.DataFrame(lines, columns=columns)

    def values(self, theta: Array) -> Array:
        """Return all effects, shape (B, N), for parameters of shape (B, q), real or complex.

        NaN for totals (and what goes round the loop) where a loop does not die out.
        """
        return np.concatenate([group.values(theta) for group in self.groups], axis=1)

    def standardized(self, theta: Array) -> Array:
        """Return all effects in standard deviations of both variables, as implied by the model: (B, N)."""
        ratio = np.concatenate([group.ratio(theta) for group in self.groups], axis=1)
        result: Array = self.values(theta) * ratio
        return result

    def stability(self, theta: Array) -> Array:
        """Return the stability index of each group, shape (B, G): 0 without loops."""
        return np.stack([stability_index(group.blocks(theta)[0]) for group in self.groups], axis=1)


def _label(fit: SemFit, position: int) -> Any:
    return fit.group_labels[position] if fit.ngroups > 1 else position + 1


def _structural(table: ParameterTable, group: int) -> tuple[str, ...]:
    """Latents, and observed variables in a regression, in the order of the table."""
    arrows = [r for r in table.rows if r.op in ("~", "<~") and r.group == group]
    regressed = {name for r in arrows for name in (r.lhs, r.rhs)}
    return (*(name for name in table.observed if name in regressed), *table.latent)


def _with_rows(group: GroupPlan, source: str | None, target: str | None, limit: int) -> GroupPlan:
    """List the effects of one group, source by source."""
    rows: list[_Row] = []
    paths: list[tuple[int, ...]] = []
    for s, t in _pairs(group, source, target):
        found = group.graph.paths(s, t, limit)
        if _measurement_only(group, found):
            continue
        rows += _pair_rows(group, s, t, found, len(paths))
        paths += found
        if len(paths) > limit:
            raise too_many_paths(PATH_LIMIT)
    return replace(group, rows=tuple(rows), paths=tuple(paths))


def _pairs(group: GroupPlan, source: str | None, target: str | None) -> list[tuple[int, int]]:
    """Pairs that some walk joins, in the order in which effects run."""
    reach, names = group.graph.reach, group.names
    # Upstream first: what reaches more of the others, and of those what fewer of them reach.
    order = np.lexsort((reach.sum(axis=1), -reach.sum(axis=0)))
    return [
        (int(s), int(t))
        for s in order
        for t in order
        if s != t and reach[t, s] and source in (None, names[s]) and target in (None, names[t])
    ]


def _measurement_only(group: GroupPlan, paths: Sequence[tuple[int, ...]]) -> bool:
    return all(arrow in group.measurement for path in paths for arrow in pairwise(path))


def _pair_rows(group: GroupPlan, s: int, t: int, paths: Sequence[tuple[int, ...]], offset: int) -> list[_Row]:
    """Make the rows of one pair: the direct arrow, each path, the loop, and the sums."""
    names = group.names
    ends = (names[s], names[t])
    short = ARROW.join(ends)
    direct = tuple(offset + k for k, path in enumerate(paths) if len(path) == 2)
    rows = [_Row(*ends, "direct", short, direct)] if direct else []
    rows += [
        _Row(*ends, "indirect", ARROW.join(names[i] for i in path), (offset + k,))
        for k, path in enumerate(paths)
        if len(path) > 2
    ]
    turns = group.graph.through_loop(s, t)
    if turns:
        every = tuple(range(offset, offset + len(paths)))
        rows.append(_Row(*ends, "loops", _loop_text(group, s, t), every, -1.0, (t, s)))
    if turns or len(paths) > len(direct):
        rows.append(_Row(*ends, "total_indirect", short, direct, -1.0, (t, s)))
    return [*rows, _Row(*ends, "total", short, total=(t, s))]


def _loop_text(group: GroupPlan, s: int, t: int) -> str:
    names, reach = group.names, group.graph.reach | np.eye(len(group.names), dtype=bool)
    on_way = [loop for loop in group.graph.loops if any(reach[k, s] and reach[t, k] for k in loop)]
    return LOOPS + "; ".join(" ⇄ ".join(names[i] for i in loop) for loop in on_way)


def _unknown(name: str, known: Sequence[str]) -> FitError:
    near = get_close_matches(name, known, n=1)
    hint = f"did you mean {near[0]!r}? " if near else ""
    listed = ", ".join(known) if known else "none: the model has no latent variable and no regression"
    return FitError(
        f"{name!r} is not a variable of the structural model",
        fix=f"{hint}Effects are between the latent variables and the observed ones in a regression: {listed}",
    )
