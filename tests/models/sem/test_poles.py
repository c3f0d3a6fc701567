"""Runs that come down on the wrong side of a pole are taken across."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import satloyal as sl
from satloyal.models.sem.poles import beyond_poles

DATA = Path(__file__).parents[2] / "reference" / "data" / "ecsi_mobile.csv"
MODEL = """
Quality =~ PERQ1 + PERQ2 + PERQ3
Satisfaction =~ CUSA1 + CUSA2 + CUSA3
Loyalty =~ CUSL1 + CUSL2 + CUSL3
Satisfaction ~ Quality
Loyalty ~ Satisfaction + Quality
"""
LAVAAN_CHISQ = 53.354  # sem() of lavaan 0.6-14 on the same text and data, after 147 iterations


@pytest.fixture(scope="module")
def fit():
    return sl.fit_sem(MODEL, pd.read_csv(DATA))


def test_the_minimum_beyond_the_pole_is_found_and_called_what_it_is(fit):
    assert fit.converged
    assert fit.glance()["chisq"] == pytest.approx(LAVAAN_CHISQ, abs=1e-3)
    assert not fit.admissible
    assert "Satisfaction ~~ Satisfaction = -0.0109" in fit.headline()


def test_crossing_keeps_the_moments_of_everything_else(fit):
    names = list(fit.table.latent)
    before = fit.latent_correlations()
    for start in beyond_poles(fit.table, fit.rams, fit.sample, fit.theta):
        own = fit.table.q * [False]
        for row in fit.table.rows:
            if row.free and row.op == "=~":
                own[row.free - 1] = True
        assert np.array_equal(start[own], fit.theta[own])  # loadings stay
        (variance,) = [
            r for r in fit.table.rows if (r.lhs, r.op, r.rhs) == ("Satisfaction", "~~", "Satisfaction")
        ]
        assert np.sign(start[variance.free - 1]) == -np.sign(fit.theta[variance.free - 1])
        implied = fit.rams[0].implied(np.stack([fit.theta, start]))
        assert np.allclose(implied.P[0][0, 2], implied.P[1][0, 2])  # Quality with Loyalty
    assert before.loc[names[0], names[1]] > 1


def test_a_lost_run_that_went_nowhere_has_no_other_side(fit):
    assert not list(beyond_poles(fit.table, fit.rams, fit.sample, np.full(fit.table.q, np.nan)))
