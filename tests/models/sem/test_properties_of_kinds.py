"""Robust, incomplete and ordinal data, in groups too: what must not matter does not matter there either."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import satloyal as sl
from models.sem.examples import respondents

MODEL = "Q =~ q1 + q2 + q3\nS =~ s1 + s2 + s3\nS ~ Q"
ITEMS = ["q1", "q2", "q3", "s1", "s2", "s3"]
GROUPED = {"group": "segment", "group_equal": ("loadings",)}
KINDS = {
    "MLR": {"estimator": "MLR"},
    "MLR, weights": {"estimator": "MLR", "weights": "weight"},
    "MLR, groups": {"estimator": "MLR", **GROUPED},
    "FIML": {"missing": "fiml", "estimator": "MLR"},
    "FIML, groups": {"missing": "fiml", "estimator": "MLR", **GROUPED},
    "WLSMV": {"estimator": "WLSMV", "ordered": ITEMS},
    "WLSMV, groups": {"estimator": "WLSMV", "ordered": ITEMS, **GROUPED},
    "WLSMV, mixed": {"estimator": "WLSMV", "ordered": ITEMS[:4]},
    "WLSMV, mixed groups": {"estimator": "WLSMV", "ordered": ITEMS[:4], **GROUPED},
}
MEASURES = [
    "chisq", "df", "pvalue", "chisq_scaled", "chisq_scaling_factor", "baseline_chisq_scaled", "cfi", "tli",
    "rmsea", "srmr", "cfi_scaled", "cfi_robust", "tli_robust", "rmsea_scaled", "rmsea_robust",
]  # fmt: skip
few = settings(max_examples=4, deadline=None)
seeds = st.integers(0, 10_000)
kinds = st.sampled_from(sorted(KINDS))


@cache
def frame(kind):
    """Respondents with gaps that depend on an observed item, or with answers in four categories."""
    found = respondents(260, seed=5)
    rng = np.random.default_rng(5)
    for name in ITEMS:
        if name in KINDS[kind].get("ordered", ()):
            found[name] = np.digitize(found[name], [3.9, 4.9, 6.1]) + 1.0
        elif "missing" in KINDS[kind] and name not in {"q1", "s1"}:
            found.loc[rng.random(len(found)) < 0.35 / (1 + np.exp(5 - found["q1"])), name] = np.nan
    return found


@cache
def plain(kind):
    fit = sl.fit_sem(MODEL, frame(kind), **KINDS[kind])
    assert fit.converged
    assert np.isfinite(fit.vcov).all()
    return fit


def refit(kind, data, model=MODEL, **changes):
    fit = sl.fit_sem(model, data, **{**KINDS[kind], **changes})
    assert fit.converged
    return fit


def same_test(one, other):
    mine, theirs = one.glance(), other.glance()
    assert set(MEASURES) - {"cfi_robust", "tli_robust", "rmsea_robust"} <= set(mine.index)
    names = [name for name in MEASURES if name in mine.index]
    np.testing.assert_allclose(
        mine[names].astype(float), theirs[names].astype(float), rtol=2e-5, atol=2e-6, err_msg=str(names)
    )


def rows_of(fit):
    """Estimates by name and by the label of their group; covariances under sorted names."""
    table = fit.tidy()
    swap = (table["op"] == "~~") & (table["lhs"] > table["rhs"])
    table.loc[swap, ["lhs", "rhs"]] = table.loc[swap, ["rhs", "lhs"]].to_numpy()
    labels = fit.group_labels
    table["group"] = [str(labels[g - 1]) if len(labels) > 1 else "" for g in table["group"]]
    return table.set_index(["lhs", "op", "rhs", "group"]).sort_index()


def same(one, other, columns=("est", "se", "std_all"), skip=()):
    same_test(one, other)
    mine, theirs = rows_of(one), rows_of(other)
    assert mine.index.equals(theirs.index)
    kept = ~mine.index.get_level_values("op").isin(skip)
    for column in columns:
        np.testing.assert_allclose(
            mine.loc[kept, column], theirs.loc[kept, column], rtol=2e-5, atol=5e-6, err_msg=column
        )


@pytest.mark.parametrize("kind", sorted(KINDS))
@few
@given(seeds)
def test_the_order_of_respondents_and_groups_does_not_matter(kind, seed):
    same(refit(kind, frame(kind).sample(frac=1, random_state=seed)), plain(kind))


def test_groups_do_come_in_another_order_above():
    kind = "WLSMV, groups"
    first = {sl.fit_sem(MODEL, frame(kind).sample(frac=1, random_state=s), **KINDS[kind]).group_labels
             for s in range(6)}  # fmt: skip
    assert len(first) == 2


@few
@given(kinds, seeds)
def test_the_order_of_columns_items_and_lines_does_not_matter(kind, seed):
    rng = np.random.default_rng(seed)
    lines = []
    for line in MODEL.splitlines():
        left, sign, right = line.partition("=~") if "=~" in line else line.partition("~")
        first, *rest = right.split("+")
        lines.append(left + sign + " + ".join([first, *rng.permutation(rest)]))
    changes = {}
    if "ordered" in KINDS[kind]:
        changes["ordered"] = list(rng.permutation(KINDS[kind]["ordered"]))
    data = frame(kind)[list(rng.permutation(frame(kind).columns))]
    same(refit(kind, data, "\n".join(rng.permutation(lines)), **changes), plain(kind))


@few
@given(kinds, seeds)
def test_the_names_of_groups_do_not_matter(kind, seed):
    data = frame(kind)
    names = dict(zip(["new", "old"], np.random.default_rng(seed).permutation(["x", "y"]), strict=True))
    fit = refit(kind, data.assign(segment=data["segment"].map(names)))
    same_test(fit, plain(kind))
    np.testing.assert_allclose(np.sort(fit.theta), np.sort(plain(kind).theta), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("kind", sorted(k for k in KINDS if k not in {"WLSMV", "WLSMV, groups"}))
@few
@given(seeds, st.floats(-2, 2), st.floats(-100, 100))
def test_unit_and_origin_of_a_continuous_item_do_not_matter(kind, seed, power, shift):
    data = frame(kind)
    own = [name for name in ITEMS if name not in KINDS[kind].get("ordered", ())]
    column = str(np.random.default_rng(seed).choice(own))
    fit = refit(kind, data.assign(**{column: data[column] * 10**power + shift}))
    # an intercept of a variable with another origin is another one, standardised or not
    same(fit, plain(kind), columns=("std_all",), skip=("~1",))


@few
@given(st.sampled_from(sorted(k for k in KINDS if "ordered" in KINDS[k])), seeds)
def test_numbers_of_categories_do_not_matter(kind, seed):
    data = frame(kind)
    rng = np.random.default_rng(seed)
    column = str(rng.choice(KINDS[kind]["ordered"]))
    numbers = dict(zip((1.0, 2.0, 3.0, 4.0), np.sort(rng.choice(50, 4, replace=False)) - 20.0, strict=True))
    same(refit(kind, data.assign(**{column: data[column].map(numbers)})), plain(kind))


@few
@given(kinds, seeds)
def test_a_reversed_item_reverses_its_own_signs_only(kind, seed):
    data = frame(kind)
    column = str(np.random.default_rng(seed).choice(["q2", "q3", "s2", "s3"]))
    fit = refit(kind, data.assign(**{column: 5 - data[column]}))
    same_test(fit, plain(kind))
    mine, theirs = rows_of(fit), rows_of(plain(kind))
    measured = mine.index.get_level_values("op").isin(["=~", "~", "~~"])
    np.testing.assert_allclose(
        mine.loc[measured, "std_all"].abs(), theirs.loc[measured, "std_all"].abs(), rtol=2e-5, atol=5e-6
    )


@few
@given(st.floats(0.01, 100))
def test_the_sum_of_weights_does_not_matter(factor):
    kind = "MLR, weights"
    data = frame(kind)
    same(refit(kind, data.assign(weight=data["weight"] * factor)), plain(kind))


@pytest.mark.parametrize("kind", ["MLR, groups", "FIML, groups", "WLSMV, groups", "WLSMV, mixed groups"])
def test_the_choice_of_the_marker_does_not_change_the_test(kind):
    same_test(refit(kind, frame(kind), MODEL.replace("q1 + q2 + q3", "q2 + q1 + q3")), plain(kind))


def test_first_order_errors_leave_the_robust_measures_of_incomplete_rows_alone():
    """MLF shares estimates, χ² and assumptions with ML, and so what estimation adds to the misfit."""
    data, names = frame("FIML"), ["cfi_robust", "tli_robust", "rmsea_robust", "rmsea_ci_upper_robust"]
    first, ml = (sl.fit_sem(MODEL, data, missing="fiml", estimator=e).glance() for e in ("MLF", "ML"))
    np.testing.assert_allclose(first[names].astype(float), ml[names].astype(float), rtol=1e-9)
