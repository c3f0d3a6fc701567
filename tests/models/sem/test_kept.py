"""A model fitted to sums of rows is the model fitted to the rows, robust errors and tests included."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import satloyal as sl

ITEMS = [f"x{i}" for i in range(1, 7)]
NAMES = [*ITEMS, "age"]
MODEL = """
    Trust =~ x1 + x2 + x3
    Loyalty =~ x4 + x5 + x6
    Loyalty ~ b*Trust + age
"""


def _frame(n: int = 900) -> pd.DataFrame:
    """Skewed answers of customers of 30 stores, in two waves."""
    draw = np.random.default_rng(3)
    store = draw.integers(0, 30, n)
    age = draw.standard_normal(n)
    trust = draw.standard_normal(n) + 0.4 * draw.standard_normal(30)[store]
    loyalty = 0.5 * trust + 0.3 * age + 0.7 * draw.standard_normal(n)
    answers = np.column_stack([trust] * 3 + [loyalty] * 3) + draw.exponential(0.8, (n, 6))
    frame = pd.DataFrame(np.c_[answers, age], columns=NAMES)
    frame.loc[draw.random(n) < 0.05, "x2"] = np.nan
    return frame.assign(weight=draw.uniform(0.3, 2, n), wave=draw.choice(["first", "second"], n), store=store)


FRAME = _frame()
CHUNKS = [FRAME[at : at + 250] for at in range(0, len(FRAME), 250)]
SHARED = {"meanstructure": True, "group_equal": ("loadings", "intercepts")}


def _both(estimator: str, options: dict, design: dict) -> tuple[sl.SemFit, sl.SemFit]:
    moments = sl.Moments.from_chunks(CHUNKS, NAMES, fourth=True, **design)
    return (
        sl.fit_sem(MODEL, FRAME, estimator=estimator, **options, **design),
        sl.fit_sem(MODEL, moments, estimator=estimator, **options),
    )


def _same(rows: sl.SemFit, kept: sl.SemFit) -> None:
    one, other = rows.tidy(), kept.tidy()
    assert rows.vcov_kind == kept.vcov_kind
    for column in ("est", "se", "std_all"):
        np.testing.assert_allclose(other[column], one[column], rtol=1e-8, atol=1e-9)
    pd.testing.assert_series_equal(kept.glance(), rows.glance(), rtol=1e-8, atol=1e-9)
    assert kept.nobs == rows.nobs


@pytest.mark.parametrize(
    "estimator", ["ML", "MLR", "MLM", "MLMV", "MLF", "GLS", "ULS", "ULSMV", "WLS", "WLSM"]
)
@pytest.mark.parametrize("options", [{}, {"meanstructure": True, "fixed_x": False}], ids=["plain", "means"])
def test_estimators_agree_with_the_rows(estimator, options):
    _same(*_both(estimator, options, {}))


@pytest.mark.parametrize(
    "design",
    [
        {"weights": "weight"},
        {"cluster": "store"},
        {"group": "wave"},
        {"weights": "weight", "cluster": "store"},
        {"weights": "weight", "group": "wave"},
        {"weights": "weight", "group": "wave", "cluster": "store"},
    ],
    ids="+".join,
)
@pytest.mark.parametrize("estimator", ["ML", "MLM"])
def test_weights_clusters_and_groups_agree_with_the_rows(design, estimator):
    options = SHARED if "group" in design else {}
    rows, kept = _both(estimator, options, design)
    _same(rows, kept)
    if "group" not in design:
        return
    pd.testing.assert_frame_equal(
        kept.score_tests().table, rows.score_tests().table, check_dtype=False, rtol=1e-7
    )


def test_groups_have_means_by_default_as_rows_do():
    rows, kept = _both("ML", {}, {"group": "wave"})
    assert kept.table.meanstructure
    _same(rows, kept)


def test_checks_of_the_sample_need_no_rows():
    for design in ({}, {"weights": "weight", "cluster": "store"}):
        rows, kept = ({check.name: check for check in fit.checks} for fit in _both("MLR", {}, design))
        for name in ("sample size", "clusters", "weights"):
            assert (name in kept) == (name in rows)
            if name in rows:
                assert kept[name].message == rows[name].message
        normality = kept["multivariate normality"]
        if design:
            assert normality.status == "not_applicable"
        else:
            assert normality.value == pytest.approx(rows["multivariate normality"].value, rel=1e-9)
            assert normality.status == "warn"
        assert kept["unusual rows"].status == "not_applicable"


def test_modification_indices_of_least_squares_need_no_rows():
    rows, kept = _both("ULSMV", {}, {})
    order = ["lhs", "op", "rhs"]  # some have the same index, and so stand in any order
    one, other = (fit.modindices().sort_values(order, ignore_index=True) for fit in (rows, kept))
    pd.testing.assert_frame_equal(other, one, rtol=1e-6, check_dtype=False)


@pytest.mark.parametrize("estimator", ["MLR", "MLMV"])
def test_differences_of_nested_models_need_no_rows(estimator):
    moments = sl.Moments.from_chunks(CHUNKS, NAMES, fourth=True)
    equal = MODEL.replace("x2 + x3", "l*x2 + l*x3")
    pairs = [[sl.fit_sem(m, data, estimator=estimator) for m in (equal, MODEL)] for data in (FRAME, moments)]
    rows, kept = (small.lrt(large) for small, large in pairs)
    assert kept.df == rows.df == 1
    assert kept.statistic == pytest.approx(rows.statistic, rel=1e-7)


def test_standardised_residuals_need_no_rows():
    rows, kept = _both("MLR", {}, {})
    wanted = rows.residuals("standardized").to_numpy()
    np.testing.assert_allclose(kept.residuals("standardized"), wanted, rtol=1e-6, atol=1e-6)


def test_every_kind_of_standard_error_agrees_with_the_rows():
    rows, kept = _both("ML", {"meanstructure": True}, {})
    for kind in ("expected", "observed", "robust", "robust.sem", "first.order"):
        np.testing.assert_allclose(
            kept.with_vcov(kind).vcov, rows.with_vcov(kind).vcov, rtol=1e-7, atol=1e-12
        )


def test_moments_alone_give_no_robust_errors_and_say_how_to_get_them():
    plain = sl.Moments.from_chunks(CHUNKS, NAMES)
    assert sl.fit_sem(MODEL, plain).converged
    for estimator in ("MLM", "WLS"):
        with pytest.raises(sl.SatloyalError, match="make the moments of chunks with fourth=True"):
            sl.fit_sem(MODEL, plain, estimator=estimator)
    with pytest.raises(sl.SatloyalError, match="fourth=True"):
        sl.fit_sem(MODEL, plain, estimator="MLR")


def test_weighted_moments_do_not_pass_for_a_random_sample():
    weighted = sl.Moments.from_chunks(CHUNKS, NAMES, weights="weight")
    framed = sl.Moments.from_frame(FRAME, NAMES, weights=FRAME["weight"])
    for moments in (weighted, framed):
        with pytest.raises(sl.SatloyalError, match="these moments are weighted"):
            sl.fit_sem(MODEL, moments)


def test_weights_groups_and_clusters_are_named_where_moments_are_made():
    moments = sl.Moments.from_chunks(CHUNKS, NAMES)
    for option in ("weights", "group", "cluster"):
        with pytest.raises(sl.SatloyalError, match=f"say {option}= where moments are made of chunks"):
            sl.fit_sem(MODEL, moments, **{option: "wave"})


def test_what_needs_rows_is_refused_or_done_without():
    kept = _both("ML", {}, {})[1]
    with pytest.raises(sl.SatloyalError, match="casewise scores need rows"):
        kept.scores()
    assert kept.bootstrap(50, seed=1).kind == "parametric"
    assert "from sums of rows" in str(kept.notes[-1])


def test_one_cluster_in_a_group_says_nothing():
    frame = FRAME.assign(store=np.where(FRAME["wave"] == "first", 0, FRAME["store"] + 1))
    moments = sl.Moments.from_chunks([frame], NAMES, group="wave", cluster="store")
    with pytest.raises(sl.SatloyalError, match="one cluster"):
        sl.fit_sem(MODEL, moments, estimator="MLM")
