"""Weights: beside the R package survey, closed forms, and what is refused."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import satloyal as sl
from satloyal.errors import SurveyError, SurveyWarning

SHARES = {
    "region": {"North": 0.35, "South": 0.40, "East": 0.25},
    "age": {"18-34": 0.28, "35-54": 0.34, "55+": 0.38},
    "sex": {"f": 0.51, "m": 0.49},
}
CELLS = pd.DataFrame(
    {
        "region": ["North", "South", "East"] * 2,
        "sex": ["f"] * 3 + ["m"] * 3,
        "share": [180, 210, 120, 170, 190, 130],
    }
)


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    return pd.read_csv(Path(__file__).parent / "respondents.csv")


def _survey(frame: pd.DataFrame, *, base: bool = False) -> sl.Survey:
    book: dict[str, object] = {"id": "id", "group": ["region", "age", "sex"], "items": {"SAT": {}}}
    if base:
        book["weight"] = "base"
    return sl.Survey.from_frame(frame, sl.Codebook.from_dict(book))


@pytest.mark.parametrize(("base", "column"), [(False, "raked"), (True, "raked_from_base")])
def test_raking_is_that_of_the_r_package_survey(table: pd.DataFrame, base: bool, column: str) -> None:
    survey = _survey(table, base=base).rake(SHARES)
    np.testing.assert_allclose(survey.weights, table[column], rtol=1e-9)
    assert survey.weighting is not None
    assert survey.weighting.converged
    assert survey.weighting.base == ("base" if base else None)


@pytest.mark.parametrize(("base", "column"), [(False, "post"), (True, "post_from_base")])
def test_post_stratification_is_that_of_the_r_package_survey(
    table: pd.DataFrame, base: bool, column: str
) -> None:
    survey = _survey(table, base=base).post_stratify(CELLS)
    np.testing.assert_allclose(survey.weights, table[column], rtol=1e-12)


def test_raking_within_bounds_solves_the_calibration_equations(table: pd.DataFrame) -> None:
    survey = _survey(table).rake(SHARES, trim=(0.5, 3))
    np.testing.assert_allclose(survey.weights, table["bounded"], rtol=1e-7)
    assert survey.weighting is not None
    assert survey.weighting.trimmed == int(((table["bounded"] <= 0.5) | (table["bounded"] >= 3)).sum())
    np.testing.assert_allclose(survey.weighting.table["after"], survey.weighting.table["target"], atol=1e-10)


def test_margins_may_be_frames_percents_counts_and_combinations(table: pd.DataFrame) -> None:
    survey = _survey(table)
    expected = survey.rake(SHARES).weights
    long = pd.DataFrame(
        [(v, c, 100 * s) for v, own in SHARES.items() for c, s in own.items()],
        columns=["variable", "category", "share"],
    )
    counts = {v: {c: round(1000 * s) for c, s in own.items()} for v, own in SHARES.items()}
    for margins in (long, counts):
        np.testing.assert_allclose(survey.rake(margins).weights, expected, rtol=1e-9)
    cells = CELLS.set_index(["region", "sex"])["share"]
    as_cells = survey.post_stratify(CELLS).weights
    np.testing.assert_allclose(survey.post_stratify(cells).weights, as_cells, rtol=1e-12)
    np.testing.assert_allclose(
        survey.rake({("region", "sex"): cells.to_dict()}).weights, as_cells, rtol=1e-12
    )


def test_the_cost_of_weights_is_kishs(table: pd.DataFrame) -> None:
    survey = _survey(table).rake(SHARES)
    w = table["raked"]
    weighting = survey.weighting
    assert weighting is not None
    assert weighting.design_effect == pytest.approx(1 + w.var(ddof=0) / w.mean() ** 2)
    assert weighting.effective_n == pytest.approx(w.sum() ** 2 / (w**2).sum())
    assert survey.weights is not None
    assert survey.weights.mean() == pytest.approx(1)
    assert "design effect" in str(survey.notes[-1])
    assert survey.describe().loc["SAT", "mean"] == pytest.approx((w * table["SAT"]).sum() / w.sum())


def test_respondents_without_an_answer_keep_their_share_when_asked(table: pd.DataFrame) -> None:
    frame = table.assign(sex=table["sex"].where(table["id"] > 24))
    survey = _survey(frame)
    with pytest.raises(SurveyError, match=r"24 of 240 respondents have no answer to 'sex'"):
        survey.rake(SHARES)
    weighted = survey.rake(SHARES, missing="category")
    assert weighted.weighting is not None
    sex = weighted.weighting.table.query("margin == 'sex'").set_index("category")["after"]
    assert sex["no answer"] == pytest.approx(0.1)
    assert sex["f"] / (sex["f"] + sex["m"]) == pytest.approx(0.51)


@pytest.mark.parametrize(
    ("margins", "said"),
    [
        ({"regoin": {"North": 1}}, "no column 'regoin'.*region"),
        ({"region": {"North": 0.5, "South": 0.5}}, "targets do not name: 'East'"),
        ({"region": {"North": 0.3, "South": 0.3, "East": 0.3, "West": 0.1}}, "stands for 'West'"),
        ({"region": {"North": 0.5, "South": 0.5, "East": 0}}, "give no share to 'East'"),
        ({"region": {"North": 0.5, "South": 0.3, "East": 0.1}}, "add up to 0.9"),
        ({"region": {"North": 0.5, "South": -0.3, "East": 0.8}}, "is -0.3"),
        ({"region": {"North": float("nan"), "South": 0.3}}, "is nan"),
        ({"sex": {"f": "half"}}, "is 'half'"),
        ({}, "no margins"),
        ({("region", "sex"): {"North": 1.0}}, "has 2 columns"),
    ],
)
def test_what_cannot_be_a_margin_is_refused(table: pd.DataFrame, margins: object, said: str) -> None:
    with pytest.raises(SurveyError, match=said):
        _survey(table).rake(margins)  # type: ignore[arg-type]


def test_margins_that_contradict_one_another_are_refused() -> None:
    frame = pd.DataFrame({"a": ["x", "x", "y"], "b": ["u", "u", "v"], "SAT": [1, 2, 3]})
    survey = sl.Survey.from_frame(frame)
    with pytest.raises(SurveyError, match="no weights were found that meet all margins"):
        survey.rake({"a": {"x": 0.5, "y": 0.5}, "b": {"u": 0.2, "v": 0.8}})


def test_bounds_in_the_way_of_a_margin_are_told(table: pd.DataFrame) -> None:
    with pytest.warns(SurveyWarning, match="TARGETS NOT MET"):
        survey = _survey(table).rake(SHARES, trim=1.2)
    weighting = survey.weighting
    assert weighting is not None
    assert not weighting.converged
    assert weighting.summary().startswith("raking: TARGETS NOT MET")
    for trim in (0.5, (2, 3), (0.5, 1)):
        with pytest.raises(SurveyError, match="cannot be trimmed"):
            _survey(table).rake(SHARES, trim=trim)  # type: ignore[arg-type]


def test_base_weights_of_zero_stay_zero_and_names_are_not_taken_twice(table: pd.DataFrame) -> None:
    frame = table.assign(base=table["base"].where(table["id"] > 5, 0.0))
    survey = _survey(frame, base=True).rake(SHARES)
    assert survey.weights is not None
    assert (survey.weights[:5] == 0).all()
    assert survey.weighting is not None
    np.testing.assert_allclose(survey.weighting.table["after"], survey.weighting.table["target"], atol=1e-9)
    with pytest.raises(SurveyError, match="has a column 'raked_weight' already"):
        survey.rake(SHARES)
    again = survey.rake(SHARES, column="again")
    np.testing.assert_allclose(again.weights, survey.weights, rtol=1e-8)


def test_numbers_as_categories_go_by_their_value(table: pd.DataFrame) -> None:
    frame = table.assign(region=table["region"].map({"North": 1, "South": 2, "East": 3}))
    survey = _survey(frame)
    expected = _survey(table).rake({"region": SHARES["region"]}).weights
    for names in ((1, 2, 3), ("1", "2", "3"), (1.0, 2.0, 3.0)):
        shares = dict(zip(names, SHARES["region"].values(), strict=True))
        np.testing.assert_allclose(survey.rake({"region": shares}).weights, expected, rtol=1e-12)


def test_the_notebook_view_escapes_names() -> None:
    frame = pd.DataFrame({"a": ["<b>x</b>", "y"], "SAT": [1, 2]})
    survey = sl.Survey.from_frame(frame).rake({"a": {"<b>x</b>": 0.5, "y": 0.5}})
    assert survey.weighting is not None
    assert not re.search("<b>x", survey.weighting._repr_html_())
    assert survey.weighting.tidy()["after"].tolist() == [0.5, 0.5]
