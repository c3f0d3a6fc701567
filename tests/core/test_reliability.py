"""Reliability and validity coefficients agree with semTools, with closed forms, and with themselves."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from satloyal.core import reliability as rel

REFERENCE = json.loads((Path(__file__).parent / "reference" / "measurement.json").read_text())["models"]
SEMTOOLS = pytest.mark.parametrize("name", REFERENCE)


def of_model(name):
    """The matrices of one reference model, and semTools's table as construct -> measure -> value."""
    model = REFERENCE[name]
    arrays = {
        key: np.array(model[key], dtype=float)
        for key in ("loadings", "std_loadings", "residual_cov", "latent_cov", "sample_cov", "implied_cov")
    }
    table = model["reliability"]
    values = {
        construct: {row: table["values"][i][j] for i, row in enumerate(table["rows"])}
        for j, construct in enumerate(table["columns"])
    }
    return model["constructs"], arrays, values


def blocks_of(name):
    model = REFERENCE[name]
    loadings = np.array(model["loadings"])
    return {c: np.flatnonzero(loadings[:, j]) for j, c in enumerate(model["constructs"])}


@SEMTOOLS
def test_alpha_and_the_three_omegas_agree_with_semtools(name):
    constructs, m, expected = of_model(name)
    for construct, reference in expected.items():
        j, items = constructs.index(construct), blocks_of(name)[construct]
        block = np.ix_(items, items)
        loadings, variance = m["loadings"][items, j], m["latent_cov"][j, j]
        found = {
            "alpha": rel.cronbach_alpha(m["sample_cov"][block]),
            "omega": rel.omega(loadings, variance, m["residual_cov"][block]),
            "omega2": rel.omega_of_composite(loadings, variance, m["implied_cov"][block]),
            "omega3": rel.omega_of_composite(loadings, variance, m["sample_cov"][block]),
        }
        for measure, value in found.items():
            assert value == pytest.approx(reference[measure], rel=1e-9), (construct, measure)


@SEMTOOLS
def test_average_variance_extracted_agrees_where_items_load_once(name):
    constructs, m, expected = of_model(name)
    for construct, reference in expected.items():
        if reference["avevar"] is None:
            continue
        j, items = constructs.index(construct), blocks_of(name)[construct]
        found = rel.average_variance_extracted(
            m["loadings"][items, j], m["latent_cov"][j, j], m["implied_cov"][np.ix_(items, items)]
        )
        assert found == pytest.approx(reference["avevar"], rel=1e-9)


@pytest.mark.parametrize("name", [name for name, model in REFERENCE.items() if "htmt" in model])
@pytest.mark.parametrize(
    ("block", "options"),
    [("htmt", {}), ("htmt2", {"kind": "htmt2"}), ("htmt_signed", {"absolute": False})],
)
def test_htmt_agrees_with_semtools(name, block, options):
    reference = REFERENCE[name][block]
    blocks = blocks_of(name)
    found = rel.htmt(of_model(name)[1]["sample_cov"], [blocks[c] for c in reference["columns"]], **options)
    np.testing.assert_allclose(found, np.array(reference["values"], dtype=float), rtol=1e-9)


def test_second_order_omega_is_omega_of_the_first_order_factors():
    model = REFERENCE["hs_second_order"]
    # Σ of the first-order factors is B φ B' + Ψ, so the composite form on it is semTools's omegaL2.
    latent = np.array(model["latent_cov"])
    first, g = latent[:3, :3], latent[3, 3]
    loadings = latent[:3, 3] / g
    found = rel.omega_of_composite(loadings, g, first)
    assert found == pytest.approx(model["reliability_second_order"]["omegaL2"], rel=1e-8)


def test_alpha_of_parallel_items_is_spearman_brown():
    r, k = 0.3, 5
    R = np.full((k, k), r) + (1 - r) * np.eye(k)
    assert rel.cronbach_alpha(R) == pytest.approx(k * r / (1 + (k - 1) * r))


def test_alpha_of_one_item_is_undefined():
    assert np.isnan(rel.cronbach_alpha([[2.0]]))


def test_alpha_without_variance_is_undefined():
    assert np.isnan(rel.cronbach_alpha([[1.0, -1.0], [-1.0, 1.0]]))


def test_composite_reliability_is_omega_of_standardised_items():
    loadings = np.array([0.5, 0.7, 0.9])
    assert rel.composite_reliability(loadings) == pytest.approx(
        rel.omega(loadings, 1.0, np.diag(1 - loadings**2))
    )


def test_htmt_of_congeneric_constructs_tends_to_their_correlation():
    phi = np.array([[1, 0.6], [0.6, 1]])
    L = np.zeros((6, 2))
    L[:3, 0], L[3:, 1] = [0.9, 0.6, 0.5], [0.8, 0.8, 0.4]
    R = L @ phi @ L.T
    np.fill_diagonal(R, 1.0)
    assert rel.htmt(R, [[0, 1, 2], [3, 4, 5]], kind="htmt2")[0, 1] == pytest.approx(0.6)
    tau = np.where(L > 0, 0.7, 0.0)
    R = tau @ phi @ tau.T
    np.fill_diagonal(R, 1.0)
    assert rel.htmt(R, [[0, 1, 2], [3, 4, 5]])[0, 1] == pytest.approx(0.6)


def test_htmt_is_undefined_for_single_items_and_only_for_them():
    R = np.full((3, 3), 0.4) + 0.6 * np.eye(3)
    found = rel.htmt(R, [[0], [1, 2]])
    assert found[1, 1] == 1.0
    assert np.isnan(found[[0, 0, 1], [0, 1, 0]]).all()


def test_a_constant_item_undoes_only_its_own_construct():
    S = np.full((6, 6), 0.4) + 0.6 * np.eye(6)
    S[0, :] = S[:, 0] = 0.0
    found = rel.htmt(S, [[0, 1], [2, 3], [4, 5]])
    assert np.isnan(found[0, 1:]).all()
    assert found[1, 2] == pytest.approx(1.0)


def test_reversed_items_do_not_change_absolute_htmt():
    S = np.array(REFERENCE["ecsi3"]["sample_cov"])
    flip = np.diag(np.where(np.arange(len(S)) % 2, -1.0, 1.0))
    blocks = list(blocks_of("ecsi3").values())
    np.testing.assert_allclose(rel.htmt(flip @ S @ flip, blocks), rel.htmt(S, blocks))


def test_fornell_larcker_shows_no_root_of_a_negative_variance():
    table = rel.fornell_larcker([-0.1, 0.5], [[1, 1.2], [1.2, 1]])
    assert np.isnan(table[0, 0])
    assert table[1, 0] == 1.2


def random_covariances(seed, p, batch=()):
    root = np.random.default_rng(seed).normal(size=(*batch, p, p + 3))
    # A common part keeps sums of items away from no variance at all.
    return root @ np.swapaxes(root, -1, -2) / p + 0.5


@given(st.integers(0, 10**6), st.integers(2, 8))
@settings(max_examples=50, deadline=None)
def test_alpha_does_not_depend_on_item_order_or_unit(seed, p):
    S = random_covariances(seed, p)
    order = np.random.default_rng(seed).permutation(p)
    assert rel.cronbach_alpha(S[np.ix_(order, order)] * 7.0) == pytest.approx(rel.cronbach_alpha(S))


@given(st.integers(0, 10**6), st.sampled_from(["htmt", "htmt2"]))
@settings(max_examples=50, deadline=None)
def test_htmt_does_not_depend_on_item_units_or_order(seed, kind):
    S = random_covariances(seed, 7)
    rng = np.random.default_rng(seed)
    scale = np.diag(rng.uniform(0.1, 10, size=7))
    order = rng.permutation(7)
    place = np.argsort(order)
    blocks = [[0, 1, 2], [3, 4], [5, 6]]
    expected = rel.htmt(S, blocks, kind=kind)
    np.testing.assert_allclose(rel.htmt(scale @ S @ scale, blocks, kind=kind), expected, rtol=1e-9)
    moved = rel.htmt(S[np.ix_(order, order)], [place[b] for b in blocks], kind=kind)
    np.testing.assert_allclose(moved, expected, rtol=1e-9)


def test_a_batch_equals_a_loop():
    S = random_covariances(1, 7, (4, 3))
    L, phi = (
        np.random.default_rng(2).uniform(0.3, 1, (4, 3, 7)),
        np.random.default_rng(3).uniform(1, 2, (4, 3)),
    )
    blocks = [[0, 1, 2], [3, 4], [5, 6]]
    kernels = {
        "alpha": lambda i: rel.cronbach_alpha(S[i]),
        "omega": lambda i: rel.omega(L[i], phi[i], S[i]),
        "composite": lambda i: rel.omega_of_composite(L[i], phi[i], S[i]),
        "ave": lambda i: rel.average_variance_extracted(L[i], phi[i], S[i]),
        "cr": lambda i: rel.composite_reliability(L[i] / 2),
        "htmt": lambda i: rel.htmt(S[i], blocks),
        "htmt2": lambda i: rel.htmt(S[i], blocks, kind="htmt2"),
        "fornell_larcker": lambda i: rel.fornell_larcker(L[i], rel.correlations(S[i])),
    }
    for name, kernel in kernels.items():
        whole = kernel(...)
        for i in np.ndindex(4, 3):
            np.testing.assert_allclose(whole[i], kernel(i), rtol=1e-12, err_msg=name)
