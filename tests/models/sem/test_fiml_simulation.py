"""Intervals and tests of incomplete rows keep their promises over 1,000 simulated studies."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import satloyal as sl

MODEL = "Q =~ q1 + q2 + q3\nS =~ s1 + s2 + s3\nS ~ b*Q"
LOADINGS = np.array([1.0, 0.9, 0.8])
STUDIES, N = 1000, 300
# three binomial standard errors of 1,000 studies about 95 % and 5 %, and what n = 300 is short of infinity
COVERAGE = (0.925, 0.97)
TYPE_ONE = (0.03, 0.085)


def study(rng: np.random.Generator, *, skewed: bool) -> pd.DataFrame:
    """Answers of a model with b = 0.5; who scores high on q1 leaves out s1 and s2, or q2, more often."""
    noise = (lambda size: (rng.chisquare(4, size) - 4) / np.sqrt(8)) if skewed else rng.standard_normal
    Q = noise(N)
    S = 0.5 * Q + np.sqrt(0.75) * noise(N)
    q = np.outer(Q, LOADINGS) + 0.6 * noise((N, 3))
    s = np.outer(S, LOADINGS) + 0.6 * noise((N, 3)) + 1.0
    high = q[:, 0] > 0
    s[rng.random(N) < np.where(high, 0.5, 0.1), :2] = np.nan
    q[rng.random(N) < np.where(high, 0.3, 0.1), 1] = np.nan
    return pd.DataFrame(np.hstack([q, s]), columns=["q1", "q2", "q3", "s1", "s2", "s3"])


@pytest.mark.extended
@pytest.mark.parametrize(("estimator", "skewed"), [("ML", False), ("MLR", True)])
def test_coverage_and_type_one_error(estimator: str, skewed: bool) -> None:
    rng = np.random.default_rng(20)
    truth = {("S", "~", "Q"): 0.5, ("S", "=~", "s2"): 0.9, ("Q", "=~", "q2"): 0.9, ("s1", "~1", ""): 1.0,
             ("S", "~~", "S"): 0.75, ("Q", "~~", "Q"): 1.0}  # fmt: skip
    inside = dict.fromkeys(truth, 0)
    rejected = used = 0
    p = "pvalue_scaled" if estimator == "MLR" else "pvalue"
    for _ in range(STUDIES):
        fit = sl.fit_sem(MODEL, study(rng, skewed=skewed), missing="fiml", estimator=estimator)
        if not fit.converged:
            continue
        used += 1
        table = fit.tidy().set_index(["lhs", "op", "rhs"])
        for key, value in truth.items():
            inside[key] += int(table.loc[key, "ci_lower"] <= value <= table.loc[key, "ci_upper"])
        rejected += int(fit.glance()[p] < 0.05)
    assert used >= 0.99 * STUDIES
    shares = {key: count / used for key, count in inside.items()}
    assert all(COVERAGE[0] <= share <= COVERAGE[1] for share in shares.values()), shares
    assert TYPE_ONE[0] <= rejected / used <= TYPE_ONE[1], rejected / used
