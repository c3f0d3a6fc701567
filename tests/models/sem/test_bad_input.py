"""Bad input gets one clear error: what was found, where, and what to do."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import satloyal as sl
from models.sem.examples import CFA, PATHS, respondents
from satloyal.errors import FitError, SatloyalError, SpecError

NINE = [f"{factor}{j}" for factor in "qvs" for j in (1, 2, 3)]


def refused(kind=FitError, model=CFA, data=None, **options):
    """Return the message of the one error that is raised."""
    with pytest.raises(SatloyalError) as caught:
        sl.fit_sem(model, respondents() if data is None else data, **options)
    assert type(caught.value) is kind
    assert caught.value.fix, "an error says what to do"
    return str(caught.value)


# --- the model text against the data ---


def test_an_unknown_name_is_marked_and_the_nearest_one_suggested():
    text = refused(SpecError, CFA.replace("v2", "v2x"))
    assert "line 2 of the model: 'v2x' is neither a column of the data nor a latent variable" in text
    assert "V =~ v1 + v2x + v3\n" in text
    assert "\n              ^^^" in text
    assert "did you mean 'v2'?" in text


def test_items_that_are_not_in_the_data_are_named_for_moments_too():
    matrix = sl.Moments.from_frame(respondents()[NINE])
    assert "'s4'" in refused(SpecError, CFA + " + s4", matrix)


@pytest.mark.parametrize("model", ["", "  \n# nothing but a comment\n"])
def test_an_empty_model_is_refused(model):
    assert "the model is empty" in refused(SpecError, model)


def test_a_model_is_text():
    assert "a model is text, not NoneType" in refused(SpecError, None)
    assert "a model is text, not list" in refused(SpecError, ["Q =~ q1"])


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"estimator": "MLX"}, ("'MLX'", "'ML'")),
        ({"likelihood": "normall"}, ("likelihood is 'normall'", "'normal' or 'wishart'")),
        ({"missing": "pairwise"}, ("'pairwise'", "'listwise'")),
        ({"group": "segmnt"}, ("no column 'segmnt'", "group=")),
        ({"cluster": "shp"}, ("no column 'shp'", "cluster=")),
        ({"weights": "wieght"}, ("no column 'wieght'", "weights=")),
    ],
)
def test_unknown_options_and_columns_are_named(options, words):
    text = refused(**options)
    for word in words:
        assert word in text


def test_unknown_kinds_of_equality_are_named():
    text = refused(SpecError, group="segment", group_equal="loading")
    assert "'loading'" in text
    assert "did you mean 'loadings'?" in text


@pytest.mark.parametrize("data", [[1, 2], "survey.csv", {"q1": [1]}])
def test_data_of_another_kind_are_refused(data):
    assert "give a DataFrame, a Survey or Moments" in refused(data=data)


# --- rows ---


def test_a_constant_item_is_named():
    text = refused(data=respondents().assign(q2=3))
    assert "column 'q2'" in text
    assert "have the value 3" in text


def test_an_item_that_is_constant_in_one_group_is_named_with_the_group():
    frame = respondents()
    text = refused(data=frame.assign(q2=frame["q2"].where(frame["segment"] == "new", 4)), group="segment")
    assert "column 'q2': group 'old'" in text


def test_an_item_that_nobody_answered_is_named():
    assert "column 'q2': every value is missing" in refused(data=respondents().assign(q2=np.nan))


def test_a_group_that_answered_nothing_is_not_dropped_in_silence():
    frame = respondents()
    text = refused(data=frame.assign(q2=frame["q2"].where(frame["segment"] == "old")), group="segment")
    assert "only old of 2 groups have complete rows" in text


def test_no_complete_row_is_said():
    frame = respondents()
    frame.loc[::2, "q1"] = np.nan
    frame.loc[1::2, "q2"] = np.nan
    assert "no complete row is left" in refused(data=frame)


def test_text_in_a_numeric_column_is_shown_with_its_row():
    frame = respondents().astype({"q1": object})
    frame.loc[7, "q1"] = "n/a"
    frame.loc[9, "q1"] = "don't know"
    text = refused(data=frame)
    assert "column 'q1', first at row 7" in text
    assert "2 values are not numbers: 'n/a', \"don't know\"" in text


@pytest.mark.parametrize("kind", ["datetime64[s]", "complex"])
def test_dates_and_complex_numbers_are_not_taken_for_answers(kind):
    frame = respondents()
    frame["q1"] = np.arange(len(frame)).astype(kind)
    assert "column 'q1': the values are of type" in refused(data=frame)


def test_infinite_values_are_counted():
    frame = respondents()
    frame.loc[[3, 5], "q1"] = np.inf
    assert "column 'q1': 2 values are infinite" in refused(data=frame)


@pytest.mark.parametrize("factor", [1e150, 1e-150])
def test_numbers_beyond_what_can_be_computed_with_are_refused(factor):
    frame = respondents()
    assert "the variance of q1 is" in refused(data=frame.assign(q1=frame["q1"] * factor))


def test_too_few_rows_are_counted():
    text = refused(data=respondents().iloc[:9])
    assert "9 complete rows are too few for 9 variables" in text


@pytest.mark.parametrize(
    ("column", "option"), [("q1", None), ("segment", "group"), ("shop", "cluster"), ("weight", "weights")]
)
def test_duplicated_columns_are_named(column, option):
    frame = respondents()
    text = refused(data=pd.concat([frame, frame[[column]]], axis=1), **({option: column} if option else {}))
    assert f"2 columns are called '{column}'" in text


def test_duplicated_columns_that_the_model_does_not_use_do_no_harm():
    frame = respondents()
    assert sl.fit_sem(CFA, pd.concat([frame, frame[["z"]]], axis=1)).converged


@pytest.mark.parametrize("model", [CFA, PATHS.replace("w", "q3")])
def test_an_item_that_is_there_twice_under_two_names_is_found(model):
    frame = respondents()
    text = refused(model=model, data=frame.assign(q3=frame["q1"]))
    assert "not positive definite" in text
    assert "through q1, q3" in text or "through q3, q1" in text


def test_an_item_that_is_the_sum_of_others_is_found_in_its_group():
    frame = respondents()
    total = (frame["q1"] + frame["q2"]).where(frame["segment"] == "new", frame["q3"])
    text = refused(data=frame.assign(q3=total), group="segment")
    assert text.startswith("group 'new': the matrix is not positive definite")
    assert all(name in text for name in ("q1", "q2", "q3"))


# --- weights and clusters ---


@pytest.mark.parametrize(
    ("weights", "words"),
    [
        ([np.inf] + [1.0] * 239, "1 weight is infinite"),
        ([-1.0, -2.0] + [1.0] * 238, "2 weights are negative"),
        ([0.0] * 240, "no weight is positive"),
        ([1.0, 2.0], "there are 2 weights for 240 rows"),
        (["much"] * 240, "the weights are not numbers"),
        ("segment", "240 weights are not numbers"),
    ],
)
def test_bad_weights_are_counted(weights, words):
    assert words in refused(weights=weights)


def test_weights_in_another_order_of_rows_are_not_guessed_at():
    weights = respondents()["weight"].iloc[::-1]
    text = refused(weights=weights)
    assert "another index than the rows" in text
    assert "reindex" in text


def test_missing_weights_leave_rows_out_and_say_so():
    fit = sl.fit_sem(CFA, respondents(), weights=[np.nan, 0.0] + [1.0] * 238)
    assert fit.nobs == 238
    (note,) = [n for n in fit.notes if n.step == "weights"]
    assert note.count == 2


def test_rows_without_a_cluster_are_counted():
    frame = respondents().astype({"shop": float})
    frame.loc[:4, "shop"] = np.nan
    text = refused(data=frame, cluster="shop")
    assert "5 rows have no cluster" in text
    assert "column 'shop'" in text


def test_a_single_cluster_is_refused():
    assert "all rows are in one cluster" in refused(data=respondents().assign(shop=1), cluster="shop")


@pytest.mark.parametrize("option", ["group", "cluster", "weights"])
def test_moments_cannot_be_split_weighted_or_clustered(option):
    text = refused(data=sl.Moments.from_frame(respondents()[NINE]), **{option: "segment"})
    assert f"{option}= needs rows" in text


# --- matrices ---


def matrix_error(*args, **options):
    with pytest.raises(FitError) as caught:
        sl.Moments.from_matrix(*args, **options)
    assert caught.value.fix
    return str(caught.value)


def test_a_correlation_matrix_needs_n():
    text = matrix_error([[1, 0.5], [0.5, 1]], names=["a", "b"], kind="cor")
    assert "a correlation matrix came without n" in text


def test_an_asymmetric_matrix_is_shown_where_it_is_so():
    text = matrix_error([[1, 0.5, 0.1], [0.5, 1, 0.3], [0.1, 0.2, 1]], 50, names=["a", "b", "c"])
    assert "not symmetric" in text
    assert "0.3" in text
    assert "0.2" in text
    assert "b with c" in text or "c with b" in text


def test_a_matrix_that_is_not_positive_definite_names_the_variables():
    cor = [[1, 0.9, -0.9, 0], [0.9, 1, 0.9, 0], [-0.9, 0.9, 1, 0], [0, 0, 0, 1]]
    text = matrix_error(cor, 50, names=["a", "b", "c", "other"], kind="cor")
    assert "not positive definite" in text
    assert "other" not in text.split("To mend it")[0]


def test_a_mean_structure_needs_means():
    matrix = sl.Moments.from_matrix(respondents()[NINE].cov(), 240)
    assert "the matrix came without" in refused(data=matrix, meanstructure=True)


# --- identification ---


@pytest.mark.parametrize(
    ("model", "too_many", "counts", "names"),
    [
        ("Q =~ q1 + q2", 1, "4 free parameters for 3 moments", ("Q =~ q2", "q1 ~~ q1")),
        ("Q =~ NA*q1 + q2 + q3", 1, "7 free parameters for 6 moments", ("Q =~ q1", "Q ~~ Q")),
        ("q1 ~ v1\nv1 ~ q1", 1, "4 free parameters for 3 moments", ("q1 ~ v1", "v1 ~ q1")),
        ("Q =~ q1 + q2\nV =~ v1 + v2\nQ ~~ 0*V", 2, "8 free parameters for 10 moments", ("Q ~~ Q", "V ~~ V")),
        (CFA + "\nB =~ q1 + v1\nB ~~ 0*Q + 0*V + 0*S", 1, "23 free parameters", ("B =~ v1", "B ~~ B")),
        ("q1 ~ v1\nq1 ~ a*1", 0, "", ()),
    ],
)
def test_an_unidentified_model_says_how_many_are_too_many_and_which(model, too_many, counts, names):
    if not too_many:
        assert sl.fit_sem(model, respondents()).converged
        return
    text = refused(model=model)
    assert f"{too_many} parameter{'s' if too_many > 1 else ''} too many" in text
    assert counts in text
    for name in names:
        assert name in text


def test_the_innocent_block_is_not_accused():
    text = refused(model=CFA + "\nL =~ l1 + l2\nL ~~ 0*Q + 0*V + 0*S")
    assert "1 parameter too many" in text
    accused = text.split("told apart: ")[1].split(". To mend")[0]
    assert set(accused.split(", ")) == {"L =~ l2", "L ~~ L", "l1 ~~ l1", "l2 ~~ l2"}


def test_a_factor_fixed_to_measure_nothing_is_not_identified():
    model = CFA + "\nP =~ 0*q1\nP ~ Q\nS ~ P"
    text = refused(model=model)
    assert "not identified" in text
    assert "P ~~ P" in text


def test_constraints_that_contradict_one_another_are_named():
    text = refused(model="v1 ~ a*q1\ns1 ~ b*q1\ns2 ~ c*q1\na == 2*b\nc == a\nb == 1\na == 3")
    assert "a == 2*b and b == 1 and a == 3" in text
