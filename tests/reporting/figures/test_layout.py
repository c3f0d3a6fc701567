"""The layout of path graphs: layers respect the flow, nodes keep apart, same graph same drawing."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from satloyal.reporting.figures.layout import layered

NAMES = [f"n{i}" for i in range(9)]
EDGES = st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from(NAMES)), max_size=24)


@given(EDGES)
def test_edges_run_forward_except_those_that_close_a_loop(edges):
    found = layered(NAMES, edges)
    for u, v in {(u, v) for u, v in edges if u != v}:
        if (u, v) in found.backward:
            assert found.layer[u] > found.layer[v]
        else:
            assert found.layer[u] < found.layer[v]


@given(EDGES, st.lists(st.floats(0.2, 4.0), min_size=9, max_size=9))
def test_neighbours_in_a_layer_keep_the_gap(edges, sizes):
    breadth = dict(zip(NAMES, sizes, strict=True))
    found = layered(NAMES, edges, breadth=breadth, gap=0.3)
    for a, b in combinations(NAMES, 2):
        if found.layer[a] == found.layer[b]:
            need = (breadth[a] + breadth[b]) / 2 + 0.3
            assert abs(found.place[a] - found.place[b]) >= need - 1e-6


@given(EDGES)
def test_the_same_graph_is_laid_out_the_same_way(edges):
    assert layered(NAMES, edges) == layered(NAMES, edges)


@given(EDGES)
def test_long_edges_pass_every_layer_between(edges):
    found = layered(NAMES, edges)
    for (u, v), route in found.routes.items():
        step = 1 if found.layer[v] > found.layer[u] else -1
        assert [at for at, _ in route] == list(range(found.layer[u] + step, found.layer[v], step))


def test_without_loops_nothing_runs_backward():
    assert not layered("abcd", [("a", "b"), ("b", "c"), ("a", "d"), ("d", "c")]).backward


def test_a_loop_flows_as_it_was_written():
    assert layered(
        ["Satisfaction", "Loyalty"], [("Satisfaction", "Loyalty"), ("Loyalty", "Satisfaction")]
    ).backward == {("Loyalty", "Satisfaction")}


def test_crossings_that_can_be_avoided_are():
    found = layered("abxy", [("a", "y"), ("b", "x")])
    assert (found.place["a"] - found.place["b"]) * (found.place["y"] - found.place["x"]) > 0


def test_a_source_stands_next_to_its_first_target():
    found = layered(["a", "b", "c", "age"], [("a", "b"), ("b", "c"), ("age", "c")])
    assert found.layer["age"] == 1


@pytest.mark.parametrize("nodes", [[], ["alone"]])
def test_small_graphs_have_a_layout(nodes):
    assert set(layered(nodes, []).layer) == set(nodes)
