"""Fits that the reporting tests share; each is made once."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import satloyal as sl
from satloyal.survey.survey import Survey

ECSI = """
    Quality      =~ PERQ1 + PERQ2 + PERQ3 + PERQ4 + PERQ5 + PERQ6 + PERQ7
    Value        =~ PERV1 + PERV2
    Satisfaction =~ CUSA1 + CUSA2 + CUSA3
    Loyalty      =~ CUSL1 + CUSL2 + CUSL3
    Value ~ v*Quality
    Satisfaction ~ q*Quality + w*Value
    Loyalty ~ s*Satisfaction
    quality_to_loyalty := (q + v*w) * s
"""


@pytest.fixture(scope="session")
def survey():
    return sl.load_sample("ecsi_mobile")


@pytest.fixture(scope="session")
def fit(survey):
    return sl.fit_sem(ECSI, survey)


@pytest.fixture(scope="session")
def boot(fit):
    return fit.bootstrap(1000, seed=1)


@pytest.fixture(scope="session")
def curve(survey):
    return sl.fit_curve(survey, "Satisfaction", "Loyalty", shapes=("linear", "quadratic"), folds=5)


@pytest.fixture(scope="session")
def observed():
    """A path model of observed variables, fitted to a published kind of matrix."""
    moments = sl.Moments.from_matrix(
        [[1, 0.5, 0.4], [0.5, 1, 0.6], [0.4, 0.6, 1]],
        300,
        kind="cor",
        names=["Satisfaction", "Trust", "Loyalty"],
    )
    return sl.fit_sem("Trust ~ a*Satisfaction\nLoyalty ~ b*Trust + Satisfaction\nthrough := a*b", moments)


@pytest.fixture(scope="session")
def unsolved(fit):
    """The same model when the optimiser gave up."""
    return replace(fit, solved=False)


@pytest.fixture(scope="session")
def heywood():
    """A factor model whose best solution has a negative variance."""
    matrix = [[1, 0.85, 0.85, 0.3], [0.85, 1, 0.6, 0.3], [0.85, 0.6, 1, 0.3], [0.3, 0.3, 0.3, 1]]
    moments = sl.Moments.from_matrix(matrix, 200, kind="cor", names=["S1", "S2", "S3", "Y"])
    return sl.fit_sem("F =~ S1 + S2 + S3\nY ~ F", moments)


HOSTILE_COLUMN = '<img src=x onerror="alert(1)">'
HOSTILE_GROUP = "<script>alert('x')</script>"
FORMULA_GROUP = "=HYPERLINK(1)"


@pytest.fixture(scope="session")
def hostile() -> Survey:
    """A survey whose names would run in a careless page or spreadsheet."""
    rng = np.random.default_rng(7)
    n = 120
    base = rng.normal(size=n)
    frame = pd.DataFrame({f"S{i}": np.clip(np.round(4 + base + rng.normal(size=n)), 1, 7) for i in (1, 2, 3)})
    frame[HOSTILE_COLUMN] = np.where(np.arange(n) % 2 == 0, HOSTILE_GROUP, FORMULA_GROUP)
    book = sl.Codebook.from_dict(
        {
            "title": "<b>Survey</b> & more",
            "group": HOSTILE_COLUMN,
            "constructs": {"Satisfaction": {"items": ["S1", "S2", "S3"], "scale": [1, 7]}},
        }
    )
    return Survey.from_frame(frame, book, name="<i>file</i>.csv")
