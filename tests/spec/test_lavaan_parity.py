"""The parameter table is lavaan's: rows, order, what is free, what is fixed and at what, what is equal.

``reference/lavaanify.json`` was written by ``reference/lavaanify.R`` from ``reference/cases.json``.
"""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path

import pytest

from satloyal.spec.table import build_table

HERE = Path(__file__).parent / "reference"
CASES = json.loads((HERE / "cases.json").read_text(encoding="utf-8"))
LAVAAN = json.loads((HERE / "lavaanify.json").read_text(encoding="utf-8"))["tables"]

KNOWN_DIFFERENCES = {
    "cfa_label_function": "lavaan drops the blank from the label 'lam two'; here it is an error",
    "std_lv_composite": "lavaan gives a composite a residual variance of 1 with std_lv; here it has none",
}


def build(name):
    case = dict(CASES[name])
    return build_table(case.pop("text"), **case)


def lavaan_rows(name):
    return [r for r in LAVAAN[name]["rows"] if r["user"] < 2]


def lavaan_blocks(name):
    """Which rows lavaan holds equal: free numbers joined by its automatic == rows."""
    rows = LAVAAN[name]["rows"]
    group_of = {r["plabel"]: r["free"] for r in rows if r["free"]}
    parent = {n: n for n in group_of.values()}

    def root(n):
        while parent[n] != n:
            n = parent[n]
        return n

    for r in rows:
        if r["user"] == 2 and r["op"] == "==":
            parent[root(group_of[r["rhs"]])] = root(group_of[r["lhs"]])
    numbers: dict[int, int] = {}
    free = [r["free"] for r in rows if r["user"] < 2]
    return [numbers.setdefault(root(n), len(numbers) + 1) if n else 0 for n in free]


@pytest.mark.parametrize("name", [n for n in CASES if n not in KNOWN_DIFFERENCES])
def test_table_is_lavaans(name):
    table, theirs = build(name), lavaan_rows(name)
    assert [(r.lhs, r.op, r.rhs, r.group) for r in table.rows] == [
        (r["lhs"], r["op"], r["rhs"], r.get("group", 1)) for r in theirs
    ]
    assert [r.free for r in table.rows] == lavaan_blocks(name)
    assert [r.fixed_x for r in table.rows] == [r["exo"] == 1 for r in theirs]
    assert [r.origin == "user" for r in table.rows] == [r["user"] == 1 for r in theirs]
    for ours, their in zip(table.rows, theirs, strict=True):
        assert (ours.start if ours.free else ours.value) == pytest.approx(their["ustart"]), ours.name


@pytest.mark.parametrize("name", [n for n in CASES if n not in KNOWN_DIFFERENCES])
def test_variables_are_lavaans(name):
    table, theirs = build(name), LAVAAN[name]
    assert list(table.observed) == theirs["observed"]
    assert list(table.latent) == theirs["latent"]
    if CASES[name].get("fixed_x", True):
        assert list(table.exogenous) == theirs["exogenous"]
    assert [f for f in table.terminal if f in table.latent] == theirs["latent_endogenous"]
    assert list(table.latent_exogenous) == theirs["latent_exogenous"]


@pytest.mark.parametrize("name", [n for n in CASES if n not in KNOWN_DIFFERENCES])
def test_user_labels_are_kept(name):
    ours = defaultdict(set)
    for r in build(name).rows:
        ours[r.label].add((r.name, r.group))
    for r in lavaan_rows(name):
        if r["label"] and not r["label"].startswith((".p", "f=~")):
            assert (r["lhs"] + r["op"] + r["rhs"], r.get("group", 1)) in ours[r["label"]]


def test_many_models_are_compared():
    assert len(CASES) - len(KNOWN_DIFFERENCES) >= 100
