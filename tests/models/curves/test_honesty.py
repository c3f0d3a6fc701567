"""What cannot be estimated is empty with a reason, and never wins; bad input gets one clear error."""

import numpy as np
import pandas as pd
import pytest

from satloyal.errors import FitError
from satloyal.models.curves import fit_curve

from .simulated import simulate


def reason(fit, shape):
    return fit.comparison().set_index("shape").loc[shape, "reason"]


def assert_empty(fit, shape):
    rows = fit.tidy().query("shape == @shape")
    assert rows.drop(columns=["shape", "term"]).isna().all(axis=None)
    row = fit.comparison().set_index("shape").loc[shape]
    assert row[["aicc", "delta", "weight", "cv_rmse", "cv_se", "r2"]].isna().all()
    assert not row["converged"]
    assert fit.curve(shape).drop(columns="x").isna().all(axis=None)
    assert fit.best != shape


def test_saturation_of_a_convex_relation_is_not_identified():
    data = simulate("linear", n=500, noise=0.3, skewed=False)
    data["LOY"] += 0.1 * data["SAT"] ** 2
    fit = fit_curve(data, "SAT", "LOY", low=1)
    assert "lower bound" in reason(fit, "saturating")
    assert_empty(fit, "saturating")
    assert next(c for c in fit.checks if c.name == "convergence").status == "warn"


def test_logistic_without_a_visible_inflection_is_not_identified(bend):
    fit = fit_curve(bend, "SAT", "LOY", low=1)
    assert reason(fit, "logistic")
    assert_empty(fit, "logistic")


def test_too_few_distinct_answers_for_a_shape_is_a_reason():
    rng = np.random.default_rng(0)
    x = rng.integers(1, 4, 200)
    fit = fit_curve(pd.DataFrame({"x": x, "y": x + rng.normal(size=200)}), "x", "y")
    assert reason(fit, "quadratic") == "3 distinct values of x; this shape needs 4"
    assert reason(fit, "logistic") == "3 distinct values of x; this shape needs 5"
    assert_empty(fit, "logistic")
    assert fit.best in ("linear", "logarithmic")


def test_two_distinct_answers_leave_the_line_alone():
    fit = fit_curve(pd.DataFrame({"x": [0, 1] * 20, "y": np.arange(40) % 7}), "x", "y")
    assert fit.comparison()["converged"].tolist() == [True, False, False, False, False]
    assert fit.best == "linear"
    assert fit.returns().verdict == "not testable"


def test_a_row_that_alone_determines_a_parameter_leaves_no_standard_error():
    fit = fit_curve(pd.DataFrame({"x": [0] * 9 + [1], "y": np.arange(10.0)}), "x", "y")
    assert "not finite" in reason(fit, "linear")
    assert fit.best is None
    assert not fit.converged


def test_when_nothing_can_be_used_the_first_line_says_so_and_everything_still_renders():
    fit = fit_curve(simulate("linear", n=100), "SAT", "LOY", shapes=("logistic",))
    assert not fit.converged
    assert "NO SHAPE CAN BE USED" in fit.headline()
    assert fit.summary().startswith(fit.headline())
    assert fit.glance()["best"] is None
    assert np.isnan(fit.glance()["r2"])
    assert fit.returns().verdict == "not testable"
    assert fit.failed_checks()
    assert fit.curve()["fit"].isna().all()
    assert fit.to_dict()["converged"] is False
    assert not fit.bootstrap(10).converged


def test_an_exact_line_is_a_line_with_no_warnings(recwarn):
    x = np.tile(np.arange(1.0, 11.0), 5)
    fit = fit_curve(pd.DataFrame({"x": x, "y": 3 + 2 * x}), "x", "y")
    assert fit.best == "linear"
    assert fit.params["linear"].to_numpy() == pytest.approx([3, 2])
    assert np.isfinite(fit.glance()["aicc"])
    assert fit.summary()
    assert fit.verdict()
    assert not recwarn.list


def test_tiny_samples_give_reasons_and_not_infinities():
    fit = fit_curve(pd.DataFrame({"x": [1, 2, 3, 4, 5.0], "y": [1, 3, 2, 5, 4.0]}), "x", "y")
    assert "rows; this shape needs more than" in reason(fit, "logistic")
    assert np.isfinite(fit.tidy().query("shape == 'linear'")["se"]).all()
    assert next(c for c in fit.checks if c.name == "sample size").status == "warn"


def test_a_bounded_outcome_at_its_ceiling_is_warned_about():
    data = simulate("linear", n=300, noise=3)
    data["LOY"] = data["LOY"].clip(upper=7)
    fit = fit_curve(data, "SAT", "LOY")
    ceiling = next(c for c in fit.checks if c.name == "ceiling of the outcome")
    assert ceiling.status == "warn"
    assert ceiling.value == pytest.approx((data["LOY"] == 7).mean())


def test_a_curve_that_leaves_the_scale_is_warned_about():
    x = np.tile([1.0, 2, 3, 4, 5], 20)
    y = np.minimum(2 * x, 7) + np.random.default_rng(0).normal(0, 0.01, 100).clip(-0.02, 0)
    fit = fit_curve(pd.DataFrame({"x": x, "y": y}), "x", "y", shapes=("linear",))
    check = next(c for c in fit.checks if c.name == "range of the outcome")
    assert check.status == "warn"
    assert check.value == pytest.approx(fit.curve()["fit"].max() - y.max(), abs=1e-9)


def test_one_wild_row_is_named(line):
    line.loc[0] = [1.0, 60.0]
    influence = next(c for c in fit_curve(line, "SAT", "LOY").checks if c.name == "influential rows")
    assert influence.status == "warn"
    assert "SAT = 1, LOY = 60" in influence.message


def test_missing_rows_are_dropped_and_counted(line):
    line.loc[[3, 4], "SAT"] = np.nan
    line.loc[[4, 5, 6], "LOY"] = np.nan
    fit = fit_curve(line, "SAT", "LOY")
    note = next(n for n in fit.notes if n.step == "listwise deletion")
    assert note.count == 4
    assert note.message == "4 of 300 rows dropped: 2 miss SAT, 3 miss LOY"
    assert fit.glance()["n"] == 296


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: d.assign(SAT=5.0), "'SAT' is constant at 5"),
        (lambda d: d.assign(LOY=5), "'LOY' is constant at 5"),
        (lambda d: d.assign(LOY=np.nan), "only 0 of 300 rows have both"),
        (lambda d: d.head(4), "only 4 of 4 rows have both"),
        (lambda d: d.assign(SAT=["very good"] + ["5"] * 299), "1 values that are not numbers.*'very good'"),
        (
            lambda d: d.assign(LOY=d["LOY"].where(d.index != 7, np.inf)),
            "1 infinite values, the first in row 7",
        ),
        (lambda d: d.drop(columns="LOY").assign(LOYAL=1), "no column 'LOY'.*did you mean 'LOYAL'"),
        (lambda d: pd.concat([d, d[["SAT"]]], axis=1), "'SAT' appears 2 times"),
        (lambda d: d.to_numpy(), "needs rows, and data is a ndarray"),
    ],
)
def test_hopeless_data_get_one_clear_error(line, change, message):
    with pytest.raises(FitError, match=message):
        fit_curve(change(line), "SAT", "LOY")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"weights": np.ones(3)}, r"weights have shape \(3,\), the data 300 rows"),
        ({"weights": np.r_[np.nan, np.ones(299)]}, "1 values are missing, infinite or negative"),
        ({"weights": -np.ones(300)}, "300 values are missing, infinite or negative"),
        ({"weights": np.zeros(300)}, "all are zero"),
        ({"weights": "wt"}, "no column 'wt'"),
        ({"cluster": np.ones(300)}, "one cluster"),
        ({"cluster": [None, *range(299)]}, "cluster is missing in 1"),
        ({"low": 9}, "low = 9 lies above the smallest answer"),
        ({"shapes": ("linaer",)}, "no shape 'linaer'.*did you mean 'linear'"),
        ({"shapes": ()}, "at least one shape"),
        ({"shapes": ("linear", "linear")}, "each once"),
        ({"level": 95}, "level is 95"),
        ({"folds": 1}, "at least 2 folds"),
        ({"covariance": "HC9"}, "no covariance 'HC9'"),
        ({"covariance": "cluster"}, "need clusters"),
    ],
)
def test_hopeless_arguments_get_one_clear_error(line, arguments, message):
    with pytest.raises(FitError, match=message):
        fit_curve(line, "SAT", "LOY", **arguments)


def test_the_same_column_twice_is_refused(line):
    with pytest.raises(FitError, match="same column 'SAT'"):
        fit_curve(line, "SAT", "SAT")


def test_numbers_kept_as_text_and_nullable_integers_are_read(line):
    line["SAT"] = line["SAT"].astype(int)
    plain = fit_curve(line, "SAT", "LOY").tidy()
    pd.testing.assert_frame_equal(fit_curve(line.astype({"SAT": str}), "SAT", "LOY").tidy(), plain)
    pd.testing.assert_frame_equal(fit_curve(line.astype({"SAT": "Int64"}), "SAT", "LOY").tidy(), plain)
