"""Effects on path graphs: parts add up to totals, loops included."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from satloyal.core.effects import (
    PathGraph,
    decompose,
    path_products,
    stability_index,
    total_effects,
)
from satloyal.errors import FitError


def random_arrows(seed, m, batch=(), *, loops, radius=0.7):
    """Random A with about half the arrows; with loops scaled to the given spectral radius."""
    rng = np.random.default_rng(seed)
    A = rng.normal(size=(*batch, m, m)) * (rng.random((m, m)) < 0.5)
    if not loops:
        return np.tril(A, -1)
    size = np.abs(np.linalg.eigvals(A)).max(-1)[..., None, None]
    return A * np.where(size > 0, radius / np.where(size > 0, size, 1), 1)


def test_a_mediated_effect_is_the_product_of_its_arrows():
    A = np.zeros((3, 3))
    A[1, 0], A[2, 1], A[2, 0] = 0.5, 0.4, 0.3
    parts = decompose(A, 0, 2)
    assert parts.paths == ((0, 1, 2),)
    assert parts.specific == pytest.approx([0.2])
    assert parts.direct == 0.3
    assert parts.total == pytest.approx(0.5)
    assert parts.total_indirect == pytest.approx(0.2)
    assert parts.loops == 0


def test_paths_come_shorter_first_and_each_once():
    graph = PathGraph(np.tril(np.ones((5, 5), dtype=bool), -1))
    paths = graph.paths(0, 4)
    # In the complete acyclic graph any subset of the three variables between is a path.
    expected = {(0, *between, 4) for r in range(4) for between in itertools.combinations((1, 2, 3), r)}
    assert set(paths) == expected
    assert len(paths) == len(expected)
    assert [len(p) for p in paths] == sorted(len(p) for p in paths)


def test_no_way_means_no_paths_and_a_zero_effect():
    A = np.zeros((3, 3))
    A[1, 0] = 0.5
    parts = decompose(A, 1, 0)
    assert parts.paths == ()
    assert parts.total == 0


def test_more_paths_than_can_be_read_are_refused_with_advice():
    graph = PathGraph(np.tril(np.ones((18, 18), dtype=bool), -1))
    with pytest.raises(FitError, match=r"more than 10,000 paths.*one source"):
        graph.paths(0, 17)


def test_a_search_that_would_not_end_is_refused():
    arrows = np.ones((14, 14), dtype=bool) & ~np.eye(14, dtype=bool)
    with pytest.raises(FitError, match="more than"):
        PathGraph(arrows).paths(0, 13)


def test_loops_are_found_as_the_sets_that_feed_back():
    arrows = np.zeros((6, 6), dtype=bool)
    arrows[1, 0] = arrows[2, 1] = arrows[1, 2] = arrows[3, 2] = arrows[4, 4] = True
    graph = PathGraph(arrows)
    assert graph.loops == ((1, 2), (4,))
    assert graph.through_loop(0, 3)
    assert graph.through_loop(1, 3)
    assert graph.through_loop(0, 1)
    assert not graph.through_loop(5, 3)
    assert not graph.through_loop(0, 4)


def test_stability_of_a_two_way_arrow_is_the_root_of_the_loop():
    A = np.array([[0.0, 0.5, 9.0], [0.4, 0.0, 0.0], [0.0, 0.0, 0.0]])
    assert stability_index(A) == pytest.approx(np.sqrt(0.2))


def test_an_effect_in_a_loop_is_the_geometric_series():
    x_to_s, s_to_l, l_to_s = 0.6, 0.5, 0.4
    A = np.zeros((3, 3))
    A[1, 0], A[2, 1], A[1, 2] = x_to_s, s_to_l, l_to_s
    parts = decompose(A, 0, 2)
    once = x_to_s * s_to_l
    assert parts.specific == pytest.approx([once])
    assert parts.total == pytest.approx(once / (1 - s_to_l * l_to_s))
    assert parts.loops == pytest.approx(once * sum((s_to_l * l_to_s) ** k for k in range(1, 200)))


@pytest.mark.parametrize("loop", [1.0, 1.3, -1.0])
def test_a_loop_that_does_not_die_out_has_no_total(loop):
    A = np.zeros((3, 3))
    A[1, 0], A[2, 1], A[1, 2] = 0.5, 1.0, loop
    parts = decompose(A, 0, 2)
    assert np.isnan([parts.total, parts.total_indirect, parts.loops]).all()
    assert parts.specific == pytest.approx([0.5])


def test_one_unstable_replicate_leaves_the_others_alone():
    A = np.zeros((2, 2, 2))
    A[:, 0, 1], A[:, 1, 0] = [0.5, 2.0], 0.9
    totals = total_effects(A)
    assert np.isfinite(totals[0]).all()
    assert np.isnan(totals[1]).all()


def test_a_replicate_without_numbers_is_undefined():
    A = np.tril(np.full((2, 3, 3), 0.5), -1)
    A[1, 2, 0] = np.nan
    for graph in (None, PathGraph(np.tril(np.ones((3, 3), dtype=bool), -1))):
        totals = total_effects(A, graph)
        assert np.isfinite(totals[0]).all()
        assert np.isnan(totals[1]).all()


@given(st.integers(0, 10**6), st.integers(2, 6), st.booleans())
@settings(max_examples=60, deadline=None)
def test_parts_add_up_to_the_total(seed, m, loops):
    A = random_arrows(seed, m, loops=loops)
    parts = decompose(A, 0, m - 1)
    added = parts.direct + parts.specific.sum(-1) + parts.loops
    assert added == pytest.approx(parts.total, abs=1e-10)
    if not loops:
        assert parts.loops == 0


@given(st.integers(0, 10**6), st.integers(2, 6))
@settings(max_examples=60, deadline=None)
def test_totals_are_the_sum_of_all_powers(seed, m):
    A = random_arrows(seed, m, loops=True)
    power, series = np.eye(m), np.zeros((m, m))
    for _ in range(400):
        power = power @ A
        series += power
    np.testing.assert_allclose(total_effects(A), series, atol=1e-8)


@given(st.integers(0, 10**6), st.integers(3, 6))
@settings(max_examples=60, deadline=None)
def test_the_order_of_variables_does_not_matter(seed, m):
    A = random_arrows(seed, m, loops=True)
    order = np.random.default_rng(seed).permutation(m)
    place = np.argsort(order)
    parts, moved = decompose(A, 0, 1), decompose(A[np.ix_(order, order)], place[0], place[1])
    assert moved.total == pytest.approx(parts.total, abs=1e-10)
    assert sorted(moved.specific) == pytest.approx(sorted(parts.specific), abs=1e-12)


def test_graph_or_no_graph_gives_the_same_totals():
    A = random_arrows(4, 6, (20,), loops=True, radius=1.0) * np.linspace(0.5, 1.5, 20)[:, None, None]
    graph = PathGraph((A != 0).any(0))
    np.testing.assert_allclose(total_effects(A, graph), total_effects(A))
    assert np.isnan(total_effects(A, graph)[-1]).all()


def test_the_complex_step_is_the_derivative():
    A = random_arrows(7, 5, loops=True)
    graph, h = PathGraph(A != 0), 1e-30
    i, j = np.argwhere(A != 0)[0]
    bump = np.zeros((5, 5), dtype=complex)
    bump[i, j] = 1j * h
    derivative = total_effects(A + bump, graph).imag / h
    # d(I-A)^-1 = (I-A)^-1 dA (I-A)^-1
    inverse = np.linalg.inv(np.eye(5) - A)
    np.testing.assert_allclose(derivative, np.outer(inverse[:, i], inverse[j]), rtol=1e-9, atol=1e-12)


def test_a_batch_equals_a_loop():
    A = random_arrows(3, 5, (4, 3), loops=True)
    graph = PathGraph((A != 0).any((0, 1)))
    paths = graph.paths(0, 4)
    whole, products = total_effects(A, graph), path_products(A, paths)
    parts = decompose(A, 0, 4, graph)
    for i in np.ndindex(4, 3):
        np.testing.assert_allclose(whole[i], total_effects(A[i], graph), rtol=1e-12)
        np.testing.assert_allclose(products[i], path_products(A[i], paths), rtol=1e-12)
        np.testing.assert_allclose(parts.loops[i], decompose(A[i], 0, 4, graph).loops, rtol=1e-9, atol=1e-14)
