"""Path diagrams: labels stay off the nodes, long paths go round them, opposite paths keep apart."""

from __future__ import annotations

import numpy as np
import pytest

from satloyal.reporting.figures.graph import Arrow, Node, PathGraph
from satloyal.reporting.figures.paths import draw_paths, label_boxes
from satloyal.reporting.figures.placing import plan
from satloyal.reporting.figures.svg import to_svg

ECSI = [
    ("Image", "Expectation"),
    ("Image", "Satisfaction"),
    ("Image", "Loyalty"),
    ("Expectation", "Quality"),
    ("Expectation", "Value"),
    ("Expectation", "Satisfaction"),
    ("Quality", "Value"),
    ("Quality", "Satisfaction"),
    ("Value", "Satisfaction"),
    ("Satisfaction", "Complaints"),
    ("Satisfaction", "Loyalty"),
    ("Complaints", "Loyalty"),
]
RATER = [(n, "Satisfaction") for n in ("Reliability", "Assurance", "Tangibles", "Empathy", "Responsiveness")]
CHAIN = [
    ("Quality", "Value"),
    ("Value", "Satisfaction"),
    ("Quality", "Satisfaction"),
    ("Satisfaction", "Loyalty"),
]


def graph(edges, items=0):
    names = list(dict.fromkeys(n for edge in edges for n in edge))
    nodes = tuple(Node(n, True, 0.5, tuple((f"{n[:3]}{i}", 0.7) for i in range(items))) for n in names)
    return PathGraph(nodes, tuple(Arrow(u, v, 0.62, 0.71, (0.4, 0.8)) for u, v in edges))


MODELS = {"ecsi": ECSI, "rater": [*RATER, ("Satisfaction", "Loyalty")], "chain": CHAIN}


@pytest.mark.parametrize("edges", MODELS.values(), ids=MODELS)
@pytest.mark.parametrize("items", [0, 4])
@pytest.mark.parametrize("direction", ["right", "down"])
def test_nodes_do_not_overlap(edges, items, direction):
    boxes = [s.box for s in plan(graph(edges, items), direction=direction).shapes.values()]
    for i, (l1, r1, b1, t1) in enumerate(boxes):
        for l2, r2, b2, t2 in boxes[i + 1 :]:
            assert r1 <= l2 or r2 <= l1 or t1 <= b2 or t2 <= b1


@pytest.mark.parametrize("edges", MODELS.values(), ids=MODELS)
def test_labels_lie_on_no_node_and_on_no_other_label(edges):
    placed = plan(graph(edges))
    labels = list(label_boxes(placed).values())
    for i, (left, right, low, high) in enumerate(labels):
        for l2, r2, b2, t2 in [*(s.box for s in placed.shapes.values()), *labels[i + 1 :]]:
            assert right <= l2 or r2 <= left or high <= b2 or t2 <= low


@pytest.mark.parametrize("edges", MODELS.values(), ids=MODELS)
def test_a_path_passes_no_node_but_its_own(edges):
    placed = plan(graph(edges))
    for arrow, points in placed.arrows.items():
        for name, shape in placed.shapes.items():
            if name not in arrow.key:
                assert not shape.inside(points).any(), (arrow.key, name)


def test_opposite_paths_are_bowed_apart():
    placed = plan(graph([("Satisfaction", "Loyalty"), ("Loyalty", "Satisfaction")]))
    one, two = placed.arrows.values()
    assert np.abs(one[len(one) // 2] - two[len(two) // 2]).max() > 0.2


def test_an_interval_that_includes_zero_is_dashed_and_has_no_star():
    unsure = Arrow("a", "b", 0.1, 0.05, (-0.1, 0.3))
    assert unsure.settled is False
    assert "*" not in unsure.label
    figure = draw_paths(PathGraph((Node("a"), Node("b")), (unsure,)))
    assert any(p.get_linestyle() not in ("-", "solid") for p in figure.axes[0].patches)


def test_a_covariance_is_drawn_with_two_heads():
    figure = draw_paths(PathGraph((Node("a"), Node("b")), (), (Arrow("a", "b", 0.3, 0.3, (0.1, 0.5)),)))
    assert any(getattr(p, "get_arrowstyle", None) for p in figure.axes[0].patches)


def test_without_estimates_there_are_no_numbers():
    figure = draw_paths(PathGraph((Node("a"), Node("b")), (Arrow("a", "b"),), warning="DID NOT CONVERGE"))
    texts = {t.get_text() for t in figure.axes[0].texts}
    assert texts == {"a", "b", "DID NOT CONVERGE"}


def test_the_description_says_every_path():
    said = graph(CHAIN).describe()
    assert all(f"{u} to {v}" in said for u, v in CHAIN)


def test_hostile_and_chinese_names_stay_text():
    nodes = (Node("<script>alert(1)</script>"), Node("满意度"))
    svg = to_svg(draw_paths(PathGraph(nodes, (Arrow(nodes[0].name, "满意度", 0.5, 0.5, (0.1, 0.9)),))))
    assert "<script" not in svg
    assert "满意度" in svg


def test_items_stand_beside_a_construct_when_paths_run_down():
    placed = plan(graph(ECSI, 4), direction="down")
    for arrow, points in placed.arrows.items():
        left, right, low, high = placed.shapes[arrow.source].listed
        x, y = points.T
        assert not ((x > left) & (x < right) & (y > low) & (y < high)).any()


def test_a_covariance_goes_round_the_node_between():
    nodes = tuple(Node(n) for n in "abc")
    arrows = (Arrow("a", "b", 0.5, 0.5, (0.1, 0.9)), Arrow("b", "c", 0.5, 0.5, (0.1, 0.9)))
    arc = Arrow("a", "c", 0.3, 0.3, (0.1, 0.5))
    placed = plan(PathGraph(nodes, arrows, (arc,)))
    assert not placed.shapes["b"].inside(placed.arcs[arc]).any()


def test_a_covariance_of_neighbours_bulges_out_of_the_flow():
    nodes = tuple(Node(n) for n in "abc")
    arrows = (Arrow("a", "c", 0.5, 0.5, (0.1, 0.9)), Arrow("b", "c", 0.5, 0.5, (0.1, 0.9)))
    arc = Arrow("a", "b", 0.3, 0.3, (0.1, 0.5))
    placed = plan(PathGraph(nodes, arrows, (arc,)))
    assert placed.arcs[arc][:, 0].min() < placed.shapes["a"].x - placed.shapes["a"].a


def test_long_names_are_broken_into_two_lines():
    placed = plan(PathGraph((Node("perceived_quality_of_the_service_hotline"), Node("b")), ()))
    assert len(placed.shapes["perceived_quality_of_the_service_hotline"].lines) == 2
