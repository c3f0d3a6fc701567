"""What must not matter does not matter: order, units, origin, names."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import satloyal as sl
from models.sem.examples import CFA, CHAIN, LOOP, PATHS, respondents

MODELS = {"cfa": CFA, "chain": CHAIN, "paths": PATHS, "loop": LOOP}
FRAME = respondents(160, seed=3)
NUMBERS = FRAME.select_dtypes("number")
KEY = ["lhs", "op", "rhs", "group"]
few = settings(max_examples=8, deadline=None)
seeds = st.integers(0, 10_000)
models = st.sampled_from(sorted(MODELS))
_PLAIN: dict[tuple, object] = {}


def plain(name, **options):
    """The fit to the rows as they are, kept."""
    key = (name, *sorted(options.items()))
    if key not in _PLAIN:
        _PLAIN[key] = sl.fit_sem(MODELS[name], FRAME, **options)
    return _PLAIN[key]


def keyed(fit):
    """Estimates by name, covariances under sorted names."""
    table = fit.tidy()
    swap = (table["op"] == "~~") & (table["lhs"] > table["rhs"])
    table.loc[swap, ["lhs", "rhs"]] = table.loc[swap, ["rhs", "lhs"]].to_numpy()
    return table.set_index(KEY).sort_index()


def same(one, other, columns=("est", "se", "std_all"), tolerance=2e-6):
    assert one.glance()["chisq"] == pytest.approx(other.glance()["chisq"], rel=1e-6, abs=1e-7)
    mine, theirs = keyed(one), keyed(other)
    assert mine.index.equals(theirs.index)
    for column in columns:
        np.testing.assert_allclose(mine[column], theirs[column], rtol=1e-5, atol=tolerance, err_msg=column)


@few
@given(models, seeds)
def test_the_order_of_respondents_does_not_matter(name, seed):
    mixed = FRAME.sample(frac=1, random_state=seed)
    same(sl.fit_sem(MODELS[name], mixed), plain(name))
    robust = sl.fit_sem(MODELS[name], mixed).with_vcov("robust").vcov
    np.testing.assert_allclose(robust, plain(name).with_vcov("robust").vcov, rtol=1e-6, atol=1e-12)


@few
@given(models, seeds)
def test_the_order_of_columns_does_not_matter(name, seed):
    mixed = FRAME[list(np.random.default_rng(seed).permutation(FRAME.columns))]
    np.testing.assert_array_equal(sl.fit_sem(MODELS[name], mixed).theta, plain(name).theta)


@few
@given(seeds)
def test_the_order_of_lines_and_of_items_after_the_marker_does_not_matter(seed):
    rng = np.random.default_rng(seed)
    lines = []
    for line in CHAIN.splitlines()[:7]:
        left, sign, right = line.partition("=~") if "=~" in line else line.partition("~")
        first, *rest = right.split("+")
        lines.append(left + sign + " + ".join([first, *rng.permutation(rest)] if rest else [first]))
    model = "\n".join([*rng.permutation(lines), *CHAIN.splitlines()[7:]])
    same(sl.fit_sem(model, FRAME), plain("chain"))


@few
@given(models, seeds, st.floats(-3, 3))
def test_the_unit_of_an_item_changes_neither_fit_nor_standardised_values(name, seed, power):
    column = np.random.default_rng(seed).choice(plain(name).sample.names)
    scaled = NUMBERS.assign(**{column: NUMBERS[column] * 10**power})
    fit = sl.fit_sem(MODELS[name], scaled)
    assert fit.converged
    same(fit, plain(name), columns=("std_all",))
    shown = ["cfi", "tli", "rmsea", "srmr", "gfi"]
    np.testing.assert_allclose(fit.glance()[shown], plain(name).glance()[shown], atol=1e-7)


@few
@given(models, seeds)
def test_a_reversed_item_reverses_its_own_signs_only(name, seed):
    column = np.random.default_rng(seed).choice(plain(name).sample.names)
    fit = sl.fit_sem(MODELS[name], NUMBERS.assign(**{column: 10 - NUMBERS[column]}))
    assert fit.glance()["chisq"] == pytest.approx(plain(name).glance()["chisq"], rel=1e-6, abs=1e-7)
    mine, theirs = keyed(fit)["std_all"].abs(), keyed(plain(name))["std_all"].abs()
    written = ~mine.index.get_level_values("op").isin([":="])
    np.testing.assert_allclose(mine[written], theirs[written], atol=2e-6)


@few
@given(models, st.booleans(), st.floats(-1000, 1000))
def test_the_origin_of_an_item_moves_means_only(name, meanstructure, shift):
    column = plain(name).sample.names[1]
    fit = sl.fit_sem(
        MODELS[name], NUMBERS.assign(**{column: NUMBERS[column] + shift}), meanstructure=meanstructure
    )
    before = plain(name, meanstructure=meanstructure)
    assert fit.converged
    mine, theirs = keyed(fit), keyed(before)
    apart = mine.index.get_level_values("op") != "~1"
    assert fit.glance()["chisq"] == pytest.approx(before.glance()["chisq"], rel=1e-6, abs=1e-6)
    for what in ("est", "se"):
        np.testing.assert_allclose(mine.loc[apart, what], theirs.loc[apart, what], rtol=2e-5, atol=1e-5)


@few
@given(models)
def test_a_saturated_mean_structure_costs_nothing(name):
    with_means = plain(name, meanstructure=True)
    assert with_means.df == plain(name).df
    assert with_means.glance()["chisq"] == pytest.approx(plain(name).glance()["chisq"], rel=1e-7, abs=1e-7)
    table = keyed(with_means)
    table = table[table.index.get_level_values("op") != "~1"]
    np.testing.assert_allclose(table["se"], keyed(plain(name))["se"], atol=1e-6)


@few
@given(seeds)
def test_the_order_of_groups_does_not_matter(seed):
    options = {"group": "segment", "group_equal": ("loadings",)}
    before = plain("cfa", **options)
    mixed = FRAME.sample(frac=1, random_state=seed)
    fit = sl.fit_sem(CFA, mixed, **options)
    assert fit.glance()["chisq"] == pytest.approx(before.glance()["chisq"], rel=1e-7)
    for number, label in enumerate(before.group_labels, start=1):
        there = fit.group_labels.index(label) + 1
        mine, theirs = fit.tidy(), before.tidy()
        mine, theirs = mine[mine["group"] == there], theirs[theirs["group"] == number]
        np.testing.assert_allclose(mine[["est", "se"]], theirs[["est", "se"]], rtol=1e-5, atol=2e-6)


@few
@given(st.sampled_from(["q2", "q3", "v2", "s3"]))
def test_the_choice_of_the_marker_does_not_change_the_fit(marker):
    factor = marker[0].upper()
    old = f"{factor} =~ {marker[0]}1 + {marker[0]}2 + {marker[0]}3"
    rest = [f"{marker[0]}{j}" for j in (1, 2, 3) if f"{marker[0]}{j}" != marker]
    fit = sl.fit_sem(CHAIN.replace(old, f"{factor} =~ {marker} + {' + '.join(rest)}"), FRAME)
    same(fit, plain("chain"), columns=("std_all",))


@few
@given(st.integers(2, 5))
def test_more_of_the_same_respondents_change_the_test_and_not_the_estimates(times):
    many = FRAME.loc[FRAME.index.repeat(times)]
    fit = sl.fit_sem(CHAIN, many)
    np.testing.assert_allclose(fit.theta, plain("chain").theta, atol=1e-6)
    assert fit.glance()["chisq"] == pytest.approx(times * plain("chain").glance()["chisq"], rel=1e-6)
    np.testing.assert_allclose(fit.vcov * times, plain("chain").vcov, rtol=1e-5, atol=1e-9)


@few
@given(models, seeds)
def test_names_do_not_matter(name, seed):
    names = np.random.default_rng(seed).permutation(plain(name).sample.names)
    fresh = {old: f"item {i}" for i, old in enumerate(names)}
    written = re.sub(r"\b[a-z]\d?\b(?!\*)", lambda m: _quoted(fresh, m[0]), MODELS[name])
    fit = sl.fit_sem(written, NUMBERS.rename(columns=fresh))
    assert fit.glance()["chisq"] == pytest.approx(plain(name).glance()["chisq"], rel=1e-7, abs=1e-8)
    mine, theirs = (np.sort(f.tidy()["est"]) for f in (fit, plain(name)))
    np.testing.assert_allclose(mine, theirs, atol=2e-5)


def _quoted(fresh, name):
    return f"`{fresh[name]}`" if name in fresh else name


@few
@given(models)
def test_start_values_do_not_move_the_solution(name):
    model = MODELS[name]
    target = {"cfa": "q2", "chain": "q2", "paths": "q1", "loop": "q1"}[name]
    model = model.replace(f" + {target}", f" + start(0.3)*{target}", 1).replace(
        f"~ {target}", f"~ start(0.3)*{target}", 1
    )
    same(sl.fit_sem(model, FRAME), plain(name), tolerance=1e-5)
