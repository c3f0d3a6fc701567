"""What data declare of their scales, and ordinal items of every unwelcome kind."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
import pytest

import satloyal as sl

TEXT = "F =~ a + b + c + d"
WORDS = ["never", "rarely", "often", "always"]


@cache
def _continuous() -> pd.DataFrame:
    return sl.simulate("F =~ .8*a + .7*b + .7*c + .8*d", 400, seed=3)


def _answers() -> pd.DataFrame:
    return _continuous().apply(lambda x: np.digitize(x, [-1, 0, 1]) + 1)


def _worded(order: list[str] = WORDS, *, ordered: bool = True) -> pd.DataFrame:
    words = _answers().apply(lambda x: x.map(dict(enumerate(WORDS, start=1))))
    return words.apply(lambda x: x.astype(pd.CategoricalDtype(order, ordered=ordered)))


def _note(fit: sl.SemFit, step: str) -> str:
    return " ".join(str(n) for n in fit.notes if n.step == step)


def _check(fit: sl.SemFit, name: str):
    return next(c for c in fit.checks if c.name == name)


def test_ordered_categories_of_pandas_count_in_their_order() -> None:
    plain, worded = (sl.fit_sem(TEXT, data, ordered=True) for data in (_answers(), _worded()))
    np.testing.assert_allclose(worded.theta, plain.theta)
    assert "a: never < rarely < often < always" in _note(worded, "ordered categories")
    assert not _note(plain, "ordered categories")
    turned = sl.fit_sem(TEXT, _worded(WORDS[::-1]), ordered=True)
    assert turned.glance()["chisq"] == pytest.approx(plain.glance()["chisq"], rel=1e-6)
    first = [f.tidy().query("op == '|' and lhs == 'a'")["est"].to_numpy() for f in (turned, plain)]
    np.testing.assert_allclose(first[0], -first[1][::-1], atol=1e-6)


def test_numbers_in_a_declared_order_of_their_own_follow_it() -> None:
    data = _answers()
    data["a"] = pd.Categorical(data["a"], categories=[4, 3, 2, 1], ordered=True)
    found, plain = (sl.fit_sem(TEXT, d, ordered=True) for d in (data, _answers()))
    assert "a: 4 < 3 < 2 < 1" in _note(found, "ordered categories")
    ours, theirs = (f.standardized().query("op == '=~'")["est"].to_numpy() for f in (found, plain))
    np.testing.assert_allclose(np.abs(ours), np.abs(theirs), atol=1e-6)
    assert ours[0] * ours[1] < 0 < theirs[0] * theirs[1]


def test_what_is_declared_ordinal_and_taken_as_continuous_is_noted() -> None:
    assert "declare a, b, c, d ordinal" in _note(sl.fit_sem(TEXT, _worded()), "ordinal items")
    assert "declare c, d ordinal" in _note(sl.fit_sem(TEXT, _worded(), ordered=["a", "b"]), "ordinal items")
    assert not _note(sl.fit_sem(TEXT, _worded(), ordered=True), "ordinal items")
    gaps = _worded()
    gaps.loc[:9, "a"] = np.nan
    found = sl.fit_sem(TEXT, gaps, missing="fiml")
    assert "declare a, b, c, d ordinal" in _note(found, "ordinal items")
    assert found.nobs == 400


def test_a_codebooks_ordinal_items_are_noted_and_never_change_the_estimator(tmp_path) -> None:
    _answers().to_csv(tmp_path / "answers.csv", index=False)
    (tmp_path / "book.toml").write_text(
        '[constructs.F]\nitems = ["a", "b", "c", "d"]\nscale = [1, 4]\nordinal = true\n', encoding="utf-8"
    )
    survey = sl.read_survey(tmp_path / "answers.csv", codebook=tmp_path / "book.toml")
    found = sl.fit_sem(TEXT, survey)
    assert found.estimator == "ML"
    assert "declare a, b, c, d ordinal" in _note(found, "ordinal items")
    assert not _note(sl.fit_sem(TEXT, survey, ordered=True), "ordinal items")


def test_categories_without_an_order_and_text_are_refused() -> None:
    for data in (_worded(ordered=False), _worded().astype(str)):
        with pytest.raises(sl.SatloyalError, match="not numbers: 'often'"):
            sl.fit_sem(TEXT, data, ordered=True)


def test_rare_and_all_too_many_categories_are_told() -> None:
    assert _check(sl.fit_sem(TEXT, _answers(), ordered=True), "categories").status == "pass"
    data = _answers()
    data["a"] = 1
    data.loc[:1, "a"] = 2
    rare = _check(sl.fit_sem(TEXT, data, ordered=True), "categories")
    assert (rare.status, rare.value) == ("warn", 2)
    assert "a = 2 (2)" in rare.message
    data = _answers()
    data["b"] = np.clip(np.round(_continuous()["b"] * 10 + 25), 1, 50)
    many = _check(sl.fit_sem(TEXT, data, ordered=True), "categories")
    assert "over 15 categories: b (" in many.message
    assert "MLR" in many.advice
    with pytest.raises(sl.SatloyalError, match="400 different values"):
        sl.fit_sem(TEXT, _continuous(), ordered=True)


def test_a_category_that_is_rare_in_one_group_is_named_with_it() -> None:
    data = _answers().assign(g=np.where(np.arange(400) < 200, "x", "y"))
    rare = (data["g"] == "x") & (data["a"] == 4)
    data.loc[rare[rare].index[2:], "a"] = 3
    found = _check(sl.fit_sem(TEXT, data, ordered=True, group="g"), "categories")
    assert "a = 4 in group x (2)" in found.message


@pytest.mark.parametrize("sign", [1, -1])
def test_items_that_are_one_another_are_refused_by_name(sign: int) -> None:
    data = _answers()
    data["b"] = sign * data["a"]
    with pytest.raises(sl.SatloyalError, match=r"not positive definite.*through (a, b|b, a)"):
        sl.fit_sem(TEXT, data, ordered=True)


def test_truth_values_digits_and_nullable_integers_are_answers() -> None:
    plain = sl.fit_sem(TEXT, _answers(), ordered=True).theta
    np.testing.assert_allclose(sl.fit_sem(TEXT, _answers().astype(str), ordered=True).theta, plain)
    np.testing.assert_allclose(sl.fit_sem(TEXT, _answers().astype("Int64"), ordered=True).theta, plain)
    binary = _answers() > 2
    np.testing.assert_allclose(
        sl.fit_sem(TEXT, binary, ordered=True).theta, sl.fit_sem(TEXT, binary.astype(int), ordered=True).theta
    )
    empty = _answers().astype(float).assign(a=np.nan)
    with pytest.raises(sl.SatloyalError, match="column 'a': every value is missing"):
        sl.fit_sem(TEXT, empty, ordered=True)
