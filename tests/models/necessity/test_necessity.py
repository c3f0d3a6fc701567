"""What a necessity analysis says of data made for it, and what it refuses."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
import pytest

import satloyal as sl

ALL = ("ce_fdh", "cr_fdh", "ce_vrs", "cr_vrs")


def _rows(n: int = 200, seed: int = 5) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    x = rng.integers(1, 11, n).astype(float)
    y = np.minimum(rng.integers(1, 11, n), x + 2.0)
    return pd.DataFrame({"SAT": x, "LOY": y, "OTHER": rng.integers(1, 11, n).astype(float)})


@pytest.fixture(scope="module")
def rows() -> pd.DataFrame:
    return _rows()


@pytest.fixture(scope="module")
def fit(rows: pd.DataFrame) -> Any:
    return sl.fit_necessity(rows, ["SAT", "OTHER"], "LOY", ceilings=ALL, permutations=999)


def _staircase(x: np.ndarray, y: np.ndarray) -> float:
    """Area above the highest outcome so far, point by point."""
    order = np.argsort(x, kind="stable")
    xs = np.unique(x[order])
    return float(sum((b - a) * (y.max() - y[x <= a].max()) for a, b in pairwise(xs)))


def test_the_step_ceiling_is_the_area_above_the_highest_outcome_so_far() -> None:
    rng = np.random.default_rng(1)
    for _ in range(20):
        x, y = rng.integers(0, 8, 15).astype(float), rng.normal(size=15)
        found = sl.fit_necessity(
            pd.DataFrame({"x": x, "y": y}), "x", "y", ceilings=("ce_fdh",), permutations=0
        )
        assert found.tidy()["zone"].iloc[0] == pytest.approx(_staircase(x, y), abs=1e-12)


def test_a_hull_lies_between_the_steps_and_the_data(fit: Any) -> None:
    table = fit.tidy().set_index(["term", "ceiling"])["est"]
    assert (table >= 0).all()
    assert (table <= 1).all()
    for name in fit.conditions:
        assert table[(name, "ce_vrs")] <= table[(name, "ce_fdh")]


def test_what_is_necessary_is_told_from_what_is_not(fit: Any) -> None:
    verdicts = fit.tidy().set_index(["term", "ceiling"])["verdict"]
    assert verdicts[("SAT", "ce_fdh")] == "supported"
    assert verdicts[("OTHER", "ce_fdh")] == "not supported"
    assert fit.params[("SAT", "ce_fdh")] > fit.params[("OTHER", "ce_fdh")]


def test_corners_are_mirror_images(rows: pd.DataFrame) -> None:
    first = sl.fit_necessity(rows, "SAT", "LOY", ceilings=ALL, permutations=99)
    for corner, (sx, sy) in {2: (-1, 1), 3: (1, -1), 4: (-1, -1)}.items():
        turned = rows.assign(SAT=sx * rows["SAT"], LOY=sy * rows["LOY"])
        other = sl.fit_necessity(turned, "SAT", "LOY", ceilings=ALL, corner=corner, permutations=99)
        a, b = first.tidy(), other.tidy()
        for column in ("est", "pvalue", "accuracy", "condition_inefficiency", "outcome_inefficiency"):
            assert b[column].to_numpy() == pytest.approx(a[column].to_numpy(), nan_ok=True), (corner, column)
        assert b["slope"].to_numpy() == pytest.approx(sx * sy * a["slope"].to_numpy(), nan_ok=True)
        needs = other.bottleneck(levels=[sy * 9.0], scale="actual")["required"].iloc[0]
        assert sx * needs == first.bottleneck(levels=[9.0], scale="actual")["required"].iloc[0]


def test_order_and_units_of_the_rows_do_not_matter(rows: pd.DataFrame, fit: Any) -> None:
    turned = rows.sample(frac=1, random_state=2) * 3 + 7
    other = sl.fit_necessity(turned, ["SAT", "OTHER"], "LOY", ceilings=ALL, permutations=0)
    assert other.tidy()["est"].to_numpy() == pytest.approx(fit.tidy()["est"].to_numpy(), abs=1e-12)
    assert other.tidy()["fit"].to_numpy() == pytest.approx(fit.tidy()["fit"].to_numpy(), nan_ok=True)


def test_the_same_seed_gives_the_same_p_and_it_is_never_zero(rows: pd.DataFrame, fit: Any) -> None:
    again = sl.fit_necessity(rows, ["SAT", "OTHER"], "LOY", ceilings=ALL, permutations=999)
    assert again.pvalues.equals(fit.pvalues)
    assert fit.pvalues.min() == pytest.approx(1 / 1000)
    p = fit.tidy()["pvalue"]
    assert fit.tidy()["p_accuracy"].to_numpy() == pytest.approx(1.959964 * np.sqrt(p * (1 - p) / 999))


def test_p_is_the_share_of_all_orders_when_there_are_few_rows() -> None:
    from itertools import permutations

    x = np.array([1.0, 2, 3, 4, 5])
    y = np.array([1.0, 3, 2, 5, 4])
    zones = [_staircase(x, np.array(order)) for order in permutations(y)]
    exact = np.mean(np.array(zones) >= _staircase(x, y) - 1e-12)
    found = sl.fit_necessity(pd.DataFrame({"x": x, "y": y}), "x", "y", permutations=20_000).tidy().iloc[0]
    assert found["pvalue"] == pytest.approx(exact, abs=2 * found["p_accuracy"])


def test_unrelated_answers_are_called_necessary_no_more_often_than_stated() -> None:
    rng = np.random.default_rng(8)
    p = [
        sl.fit_necessity(
            pd.DataFrame(rng.normal(size=(40, 2)), columns=["x", "y"]), "x", "y", permutations=99
        ).pvalues.to_numpy()
        for _ in range(300)
    ]
    # 300 draws at 5 %: 1.3 % is the standard error
    assert (np.array(p) <= 0.05).mean(axis=0) == pytest.approx([0.05, 0.05], abs=0.038)


def test_leaving_a_row_out_is_fitting_without_it(rows: pd.DataFrame) -> None:
    few = rows.head(40)
    table = sl.fit_necessity(few, "SAT", "LOY", ceilings=ALL, permutations=0).outliers()
    assert set(table["ceiling"]) == set(ALL)
    for r in table.itertuples():
        other = sl.fit_necessity(few.drop(index=r.row), "SAT", "LOY", ceilings=(r.ceiling,), permutations=0)
        assert r.effect_without == pytest.approx(other.tidy()["est"].iloc[0], abs=1e-12)
        assert r.change == pytest.approx(r.effect_without - r.effect)


def test_rows_that_touch_no_ceiling_and_no_end_change_nothing(rows: pd.DataFrame) -> None:
    few = rows.head(40)
    found = sl.fit_necessity(few, "SAT", "LOY", ceilings=ALL, permutations=0)
    inner = few.index.difference(pd.Index(found.outliers()["row"]))
    assert len(inner) > 10
    other = sl.fit_necessity(few.drop(index=inner), "SAT", "LOY", ceilings=ALL, permutations=0)
    assert other.params.to_numpy() == pytest.approx(found.params.to_numpy(), abs=1e-12)


def test_resamples_give_intervals_and_say_what_they_are_not(fit: Any) -> None:
    table = fit.bootstrap(200, seed=3).tidy()
    assert (table["ci_lower"] <= table["ci_upper"]).all()
    assert (table["se"] > 0).all()
    assert table["est"].equals(fit.tidy()["est"])
    assert any("without guaranteed coverage" in str(note) for note in fit.bootstrap(50).notes)
    assert fit.bootstrap(200, seed=3).tidy().equals(table)


def test_bottlenecks_on_three_scales(fit: Any, rows: pd.DataFrame) -> None:
    actual = fit.bottleneck("ce_fdh", levels=[10.0], scale="actual").set_index("condition")
    least = rows.loc[rows["LOY"] == 10, "SAT"].min()
    assert actual.loc["SAT", "required"] == least
    assert actual.loc["SAT", "short"] == (rows["SAT"] < least).sum()
    percent = fit.bottleneck("ce_fdh", levels=[100]).set_index("condition")
    assert percent.loc["SAT", "required"] == pytest.approx(100 * (least - 1) / 9)
    ranked = fit.bottleneck("ce_fdh", levels=[100], scale="percentile").set_index("condition")
    assert ranked.loc["SAT", "required"] == pytest.approx(100 * (rows["SAT"] < least).mean())
    lowest = fit.bottleneck(levels=[0])
    assert (lowest["status"] == "not necessary").all()


def test_a_level_beyond_the_ceiling_is_not_attainable(rows: pd.DataFrame) -> None:
    wide = sl.fit_necessity(rows, "SAT", "LOY", ceilings=ALL, scope=(1, 10, 1, 20), permutations=0)
    for name in ALL:
        assert wide.bottleneck(name, levels=[100])["status"].tolist() == ["not attainable"], name


def test_an_answer_in_the_corner_leaves_no_zone() -> None:
    taken = pd.DataFrame({"x": [1.0, 2, 3, 4, 5, 6], "y": [9.0, 1, 2, 3, 4, 5]})
    found = sl.fit_necessity(taken, "x", "y", ceilings=ALL, permutations=99)
    assert found.tidy()["est"].tolist() == [0, 0, 0, 0]
    assert found.tidy()["pvalue"].tolist() == [1, 1, 1, 1]
    assert found.tidy()["slope"].isna().all()
    assert (found.bottleneck("cr_fdh")["status"] == "not necessary").all()


def test_a_single_point_makes_no_line_and_the_fit_says_so() -> None:
    data = pd.DataFrame({"x": [1.0, 2, 3, 4, 5, 6], "y": [9.0, 1, 2, 3, 4, 5]})
    found = sl.fit_necessity(data, "x", "y", ceilings=("cr_fdh",), scope=(0, 10, 0, 10), permutations=99)
    assert not found.converged
    assert found.headline().endswith("NO CEILING IS DEFINED, no number of this analysis may be reported.")
    assert found.tidy()[["est", "pvalue", "slope"]].isna().all(axis=None)
    assert found.failed_checks()[0].name == "convergence"
    assert (found.bottleneck()["status"] == "no line").all()
    assert found.figures() == ()


def test_missing_answers_are_dropped_and_counted(rows: pd.DataFrame) -> None:
    holed = rows.copy()
    holed.loc[[0, 1], "SAT"] = np.nan
    holed.loc[[1, 2, 3], "LOY"] = np.nan
    found = sl.fit_necessity(holed, "SAT", "LOY", permutations=0)
    assert found.nobs == len(rows) - 4
    note = next(n for n in found.notes if n.step == "listwise deletion")
    assert note.count == 4
    assert "2 miss SAT" in note.message
    assert "3 miss LOY" in note.message


@pytest.mark.parametrize(
    ("change", "arguments", "words"),
    [
        ({"SAT": 3.0}, {}, "constant at 3"),
        ({"SAT": "much"}, {}, "not finite numbers"),
        ({"SAT": np.inf}, {}, "not finite numbers"),
        ({"SAT": np.nan}, {}, "only 0 of 200 rows"),
        ({}, {"x": "SAD"}, "did you mean 'SAT'"),
        ({}, {"x": "LOY"}, "name different columns"),
        ({}, {"x": []}, "at least one in x"),
        ({}, {"ceilings": ("ce_fhd",)}, "did you mean 'ce_fdh'"),
        ({}, {"ceilings": ()}, "at least one ceiling"),
        ({}, {"corner": 5}, "corner is 5"),
        ({}, {"x": ["SAT", "OTHER"], "corner": [1, 3]}, "mix much and little"),
        ({}, {"scope": (2, 10, 1, 10)}, "leaves out data"),
        ({}, {"scope": (10, 1, 1, 10)}, "give \\(x low"),
        ({}, {"permutations": -1}, "permutations is -1"),
    ],
)
def test_what_cannot_be_is_refused_in_words(
    rows: pd.DataFrame, change: dict[str, Any], arguments: dict[str, Any], words: str
) -> None:
    call = {"x": "SAT", "y": "LOY", "permutations": 0} | arguments
    with pytest.raises(sl.SatloyalError, match=words):
        sl.fit_necessity(rows.assign(**change), **call)


def test_a_survey_gives_constructs_by_name_and_says_what_is_not_used() -> None:
    survey = sl.load_sample("simulated_retail")
    names = list(survey.construct_items)
    found = sl.fit_necessity(survey, names[0], names[-1], permutations=99)
    assert found.conditions == (names[0],)
    assert found.tidy()["est"].between(0, 1).all()


def test_figure_section_and_text(fit: Any) -> None:
    assert fit.figures() == ("ceiling",)
    assert len(fit.figure("ceiling", condition="OTHER").axes) == 1
    data = fit.points("SAT")
    steps = fit.curve("ce_fdh", "SAT", at=np.array([1.0, 10.0]))["y"]
    assert steps.tolist() == [data.loc[data["x"] == 1, "y"].max(), data["y"].max()]
    html = sl.report(fit).to_html()
    assert "What is necessary" in html
    assert "Bottlenecks" in html
    assert "Dul, J. (2016)" in html
    assert "Necessity for LOY" in fit.summary()
    assert fit._repr_html_()
    assert fit.to_dict()["family"] == "necessity"
