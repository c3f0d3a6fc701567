"""From fits to the values that figures draw: path graphs and forest rows."""

from __future__ import annotations

from typing import Any

import pandas as pd

from satloyal.reporting import numbers
from satloyal.reporting.figures.forest import ForestRow
from satloyal.reporting.figures.graph import Arrow, Node, PathGraph
from satloyal.reporting.inputs import Subject
from satloyal.reporting.rows import each_row
from satloyal.reporting.tables.cells import pair

__all__ = ["forest_rows", "graph_of"]

_MOST_ARCS = 10  # covariances that a drawing can hold


def graph_of(subject: Subject, *, group: int = 1) -> PathGraph:
    """Return the structural model of one group; for a pure measurement model, constructs and covariances.

    Without convergence the graph has names and no numbers.
    """
    frame = subject.estimates
    frame = frame[frame["group"] == group]
    latent = set(subject.fit.table.latent)
    numbered = subject.fit.converged
    regressions = list(each_row(frame[frame["op"] == "~"]))
    loadings = list(each_row(frame[frame["op"] == "=~"]))
    names = [n for row in loadings for n in (row.lhs, row.rhs) if n in latent]
    names += [n for row in regressions for n in (row.rhs, row.lhs)]
    arrows = [_arrow(row.rhs, row.lhs, row, numbered) for row in regressions]
    arrows += [_arrow(row.lhs, row.rhs, row, numbered) for row in loadings if row.rhs in latent]
    shown = dict.fromkeys(names)
    arcs = [
        _arrow(row.lhs, row.rhs, row, numbered)
        for row in each_row(frame[frame["op"] == "~~"])
        if row.lhs != row.rhs and row.lhs in shown and row.rhs in shown
    ]
    r2 = _r2(subject, group) if numbered else {}
    nodes = tuple(
        _node(n, n in latent, r2 if any(a.target == n for a in arrows) else {}, loadings, latent, numbered)
        for n in shown
    )
    warning = "" if not subject.barred else _warning(subject)
    return PathGraph(nodes, tuple(arrows), tuple(arcs) if len(arcs) <= _MOST_ARCS else (), warning)


def _warning(subject: Subject) -> str:
    if not subject.fit.converged:
        return "DID NOT CONVERGE: structure only, no numbers"
    return (
        "INADMISSIBLE: no claim may be made"
        if not subject.fit.admissible
        else "A check bars claims from these numbers"
    )


def _arrow(source: str, target: str, row: Any, numbered: bool) -> Arrow:
    if not numbered:
        return Arrow(source, target)
    return Arrow(source, target, float(row.est), float(row.std_all), pair(row))


def _node(
    name: str, latent: bool, r2: dict[str, float], loadings: list[Any], latents: set[str], numbered: bool
) -> Node:
    items = tuple(
        (str(row.rhs), float(row.std_all) if numbered else None)
        for row in loadings
        if row.lhs == name and row.rhs not in latents
    )
    share = r2.get(name)
    return Node(name, latent, share if share is not None and numbers.defined(share) else None, items)


def _r2(subject: Subject, group: int) -> dict[str, float]:
    frame = subject.fit.r2()
    frame = frame[frame["group"] == group]
    return {str(row.variable): float(row.r2) for row in each_row(frame)}


def forest_rows(subject: Subject, *, most: int = 40) -> tuple[tuple[ForestRow, ...], int]:
    """Return effects grouped by outcome, and how many single paths were left out to keep the figure legible.

    A direct effect that is also the total one stands once. Defined effects come first.
    """
    rows = [
        ForestRow(
            _group(row.lhs, subject.group_label(int(row.group))),
            float(row.est),
            pair(row),
            "Defined effects",
            True,
        )
        for row in each_row(subject.estimates[subject.estimates["op"] == ":="])
    ]
    frame = subject.effects
    frame = frame[~_redundant(frame)]
    left_out = 0
    if len(rows) + len(frame) > most:
        single = frame["kind"].isin(["indirect", "loops"])
        left_out = int(single.sum())
        frame = frame[~single]
    structural = subject.estimates[subject.estimates["op"] == "~"]["lhs"]
    for target in dict.fromkeys((*structural, *frame["target"])):
        for row in each_row(frame[frame["target"] == target]):
            rows.append(_forest_row(row, subject.fit.ngroups > 1))
    return tuple(rows), left_out


def _redundant(frame: pd.DataFrame) -> pd.Series:
    """Find sums of one term: a total that is just the direct effect, all indirect with one path."""
    key = ["source", "target", "group"]
    sizes = frame.groupby(key, sort=False)["kind"].transform("size")
    paths = frame["kind"].isin(["indirect", "loops"]).groupby([frame[k] for k in key]).transform("sum")
    direct = (frame["kind"] == "direct").groupby([frame[k] for k in key]).transform("sum")
    lone_total = (frame["kind"] == "total") & (direct + paths <= 1) & (sizes > 1)
    lone_indirect = (frame["kind"] == "total_indirect") & ((paths <= 1) | (direct == 0)) & (sizes > 1)
    return lone_total | lone_indirect


def _forest_row(row: Any, grouped: bool) -> ForestRow:
    words = {
        "direct": f"{row.source}, directly",
        "indirect": str(row.path),
        "loops": f"{row.source}, round the loops",
        "total_indirect": f"{row.source}, all indirect",
        "total": f"{row.source}, total",
    }
    label = _group(words.get(row.kind, str(row.path)), str(row.group) if grouped else "")
    return ForestRow(label, float(row.est), pair(row), f"On {row.target}", row.kind == "total")


def _group(text: str, group: str) -> str:
    return f"{text} [{group}]" if group else text
