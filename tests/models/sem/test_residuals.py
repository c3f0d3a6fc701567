"""Residuals: lavaan's numbers, and z values that are z values."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import satloyal as sl
from models.sem.judged import CFA, TWO_GROUPS, fit, lavaan, pupils

NEAR = 2e-4  # a z value is a small residual over a small standard error


@pytest.mark.parametrize("kind", ["standardized", "standardized_mplus", "normalized", "cor", "bentler"])
def test_residuals_are_lavaans(kind: str) -> None:
    theirs = np.array(lavaan()["residuals"][kind], dtype=float)
    np.testing.assert_allclose(fit("cfa").residuals(kind), theirs, atol=NEAR, rtol=NEAR)


def test_robust_estimators_judge_residuals_by_the_datas_own_spread() -> None:
    # lavaan's are these with the expected information (MLM, or MLR with information="expected")
    theirs = np.array(lavaan()["residuals"]["robust"], dtype=float)
    np.testing.assert_allclose(fit("mlm").residuals("standardized"), theirs, atol=NEAR)
    assert not np.allclose(
        fit("mlm").residuals("standardized"), fit("cfa").residuals("standardized"), atol=0.05
    )


def test_robust_standardised_residuals_of_skewed_data_are_standard_normal() -> None:
    z = []
    for seed in range(30):
        drawn = sl.simulate(fit("cfa"), 600, seed=seed, skewness=1.2)
        found = sl.fit_sem(CFA, drawn, estimator="MLR").residuals("standardized")
        z.append(found.to_numpy()[np.tril_indices(9, -1)])
    assert np.std(z, axis=0).mean() == pytest.approx(1, abs=0.08)


def test_what_given_covariates_fix_has_no_residual() -> None:
    theirs = np.array(lavaan()["residuals"]["fixed_x"], dtype=float)
    np.testing.assert_allclose(fit("path").residuals("standardized"), theirs, atol=NEAR)


def test_standardised_residuals_of_groups_with_equal_parameters_are_standard_normal() -> None:
    # lavaan 0.6-14 leaves out what the other group brings in, and overstates these
    truth = fit("two_groups")
    rng = np.random.default_rng(5)
    z, means = [], []
    for _ in range(40):
        frames = []
        for (sigma, mu), part in zip(truth._implied, truth.sample.groups, strict=True):
            frame = pd.DataFrame(rng.multivariate_normal(mu, sigma, part.n), columns=truth.table.observed)
            frames.append(frame.assign(school=part.label))
        drawn = sl.fit_sem(CFA, pd.concat(frames, ignore_index=True), **TWO_GROUPS)
        z.append(drawn.residuals("standardized", 1).to_numpy()[np.tril_indices(9)])
        means.append(drawn.mean_residuals("standardized", 1).to_numpy())
    assert np.std(z, axis=0).mean() == pytest.approx(1, abs=0.07)
    assert np.std(means, axis=0).mean() == pytest.approx(1, abs=0.1)


def test_residuals_of_means_are_zero_where_the_means_are_free() -> None:
    free = sl.fit_sem(CFA, pupils(), meanstructure=True)
    assert free.mean_residuals().abs().max() < 1e-6
    assert (free.mean_residuals("standardized") == 0).all()
    assert fit("two_groups").mean_residuals("standardized").abs().max() > 2


def test_hostile_arguments_are_refused() -> None:
    for call, message in (
        (lambda: fit("cfa").residuals("raw2"), "kind is 'raw2'"),
        (lambda: fit("cfa").residuals("raw", 1), "group is 1"),
        (lambda: fit("cfa").mean_residuals(), "no mean structure"),
    ):
        with pytest.raises(sl.SatloyalError, match=message):
            call()


def test_data_that_have_no_standard_errors_of_residuals_here_are_refused() -> None:
    gaps = pupils().copy()
    gaps.loc[:40, "x1"] = np.nan
    incomplete = sl.fit_sem(CFA, gaps, missing="fiml")
    assert incomplete.residuals("cor").notna().all().all()
    with pytest.raises(sl.SatloyalError, match="incomplete rows"):
        incomplete.residuals("standardized")


def test_constraints_take_their_directions_out_of_the_residuals_errors() -> None:
    by_label = sl.fit_sem("visual =~ x1 + a*x2 + a*x3\ntextual =~ x4 + x5 + x6", pupils())
    by_constraint = sl.fit_sem("visual =~ x1 + a*x2 + b*x3\ntextual =~ x4 + x5 + x6\na == b", pupils())
    np.testing.assert_allclose(
        by_label.residuals("standardized"), by_constraint.residuals("standardized"), atol=1e-5
    )
