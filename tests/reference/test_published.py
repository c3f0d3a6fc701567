"""A large real survey that may not be copied here: read from the folder that SATLOYAL_REFERENCE names.

American Customer Satisfaction Index 2015, 12 items: Hult and Morgeson, Mendeley Data,
doi:10.17632/64xkbj2ry5.2; Morgeson, Hult, Sharma and Fornell (2023), Data in Brief 48:109123. The figures are
lavaan's on the complete customers, printed by ``Rscript make_reference.R published FOLDER``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import satloyal as sl

pytestmark = [pytest.mark.published, pytest.mark.xdist_group("published")]

MODEL = """
    Expectations =~ OVERALLX + CUSTOMX + WRONGX
    Quality      =~ OVERALLQ + CUSTOMQ + WRONGQ
    Value        =~ PQ + QP
    Satisfaction =~ SATIS + CONFIRM + IDEAL
    Repurchase   =~ REPUR
    Quality      ~ Expectations
    Value        ~ Expectations + Quality
    Satisfaction ~ Expectations + q*Quality + Value
    Repurchase   ~ r*Satisfaction
    quality_to_repurchase := q*r
"""


@pytest.fixture(scope="module")
def customers(reference_folder: Path) -> pd.DataFrame:
    return pd.read_csv(reference_folder / "published" / "acsi2015" / "acsi2015.csv")


@pytest.fixture(scope="module")
def fit(customers: pd.DataFrame) -> Any:
    return sl.fit_sem(MODEL, customers)


def test_customers_with_a_missing_answer_are_left_out_and_counted(fit: Any, customers: pd.DataFrame) -> None:
    assert len(customers) == 8239
    assert fit.nobs == 7422
    assert any(note.count == 8239 - 7422 for note in fit.notes)


def test_the_fit_is_lavaans(fit: Any) -> None:
    glance = fit.glance()
    assert glance["chisq"] == pytest.approx(2586.611, abs=1e-3)
    assert glance["df"] == 48
    assert glance["aic"] == pytest.approx(300655.820, abs=1e-2)
    expected = {"cfi": 0.9712882, "tli": 0.9605213, "rmsea": 0.0844145, "srmr": 0.0357897}
    assert dict(glance[list(expected)]) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(
    ("lhs", "rhs", "est", "se", "std_all"),
    [
        ("Quality", "Expectations", 1.0568405, 0.0166846, 0.7735956),
        ("Value", "Expectations", -0.0566547, 0.0222463, -0.0350049),
        ("Value", "Quality", 1.0479987, 0.0171160, 0.8846046),
        ("Satisfaction", "Expectations", -0.0753992, 0.0136896, -0.0478252),
        ("Satisfaction", "Quality", 0.6682557, 0.0162982, 0.5790662),
        ("Satisfaction", "Value", 0.4551819, 0.0105804, 0.4672853),
        ("Repurchase", "Satisfaction", 1.0527870, 0.0083489, 0.8662969),
        ("quality_to_repurchase", None, 0.7035309, 0.0176061, 0.5016433),
    ],
)
def test_the_paths_are_lavaans(
    fit: Any, lhs: str, rhs: str | None, est: float, se: float, std_all: float
) -> None:
    t = fit.tidy()
    row = t[(t.lhs == lhs) & (t.op == ("~" if rhs else ":=")) & ((t.rhs == rhs) | (rhs is None))].iloc[0]
    assert (row.est, row.se, row.std_all) == pytest.approx((est, se, std_all), rel=1e-4, abs=2e-5)


def test_the_bootstrap_agrees_with_itself_and_with_theory_where_n_is_large(fit: Any) -> None:
    boot = fit.bootstrap(400, seed=1)
    assert len(boot.theta_star) == 400
    row = boot.tidy().query("lhs == 'Quality' and op == '~'").iloc[0]
    # answers on ten points are not normal, so the bootstrap's error is the larger one, but of the same size
    assert 0.8 < row.se / 0.0166846 < 2.0
    assert row.bca_lower < row.est < row.bca_upper
