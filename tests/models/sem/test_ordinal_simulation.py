"""Intervals and tests of ordinal items keep their promises over 1,000 simulated studies."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import satloyal as sl

MODEL = "A =~ y1 + y2 + y3; B =~ y4 + y5 + y6"
LOADINGS = np.array([0.8, 0.7, 0.6, 0.8, 0.7, 0.6])
STUDIES, N, CORRELATION = 1000, 300, 0.5
CUTS = (-1.0, 0.0, 0.8)
# three binomial standard errors of 1,000 studies about 95 % and 5 %, and what n = 300 is short of infinity
COVERAGE = (0.915, 0.97)
TYPE_ONE = (0.02, 0.075)


def study(rng: np.random.Generator) -> pd.DataFrame:
    factors = rng.multivariate_normal([0, 0], [[1, CORRELATION], [CORRELATION, 1]], N)
    noise = rng.standard_normal((N, 6)) * np.sqrt(1 - LOADINGS**2)
    answers = np.digitize(factors.repeat(3, axis=1) * LOADINGS + noise, CUTS)
    return pd.DataFrame(answers, columns=[f"y{i}" for i in range(1, 7)])


@pytest.mark.extended
@pytest.mark.parametrize("estimator", ["WLSMV", "ULSMV"])
def test_coverage_and_type_one_error(estimator: str) -> None:
    rng = np.random.default_rng(7)
    inside, rejected, robust = np.zeros(7 + 3), 0, []
    for _ in range(STUDIES):
        fit = sl.fit_sem(MODEL, study(rng), ordered=True, std_lv=True, estimator=estimator)
        table = fit.tidy().set_index(["lhs", "op", "rhs"])
        rows = [*((f, "=~", f"y{i}") for i, f in enumerate("AAABBB", start=1)), ("A", "~~", "B"),
                *(("y1", "|", f"t{k}") for k in (1, 2, 3))]  # fmt: skip
        truth = np.r_[LOADINGS, CORRELATION, CUTS]
        low, high = table.loc[rows, "ci_lower"].to_numpy(), table.loc[rows, "ci_upper"].to_numpy()
        inside += (low < truth) & (truth < high)
        rejected += fit.glance()["pvalue_scaled"] < 0.05
        robust.append(fit.glance()["rmsea_robust"])
    assert (inside / STUDIES > COVERAGE[0]).all(), inside / STUDIES
    assert (inside / STUDIES < COVERAGE[1]).all(), inside / STUDIES
    assert TYPE_ONE[0] < rejected / STUDIES < TYPE_ONE[1], rejected / STUDIES
    assert np.median(robust) < 0.03
