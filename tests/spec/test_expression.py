"""Formulas over labels: values, derivatives by a complex step, text."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from satloyal.errors import SpecError
from satloyal.spec.expression import (
    Binary,
    Call,
    Name,
    Negative,
    Number,
    parse_expression,
)
from satloyal.spec.functions import FUNCTIONS

H = 1e-30


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1 + 2*3", 7.0),
        ("(1 + 2)*3", 9.0),
        ("8/4/2", 1.0),
        ("7 - 2 - 1", 4.0),
        ("-2^2", -4.0),
        ("2^3^2", 512.0),
        ("2**3", 8.0),
        ("2^-1", 0.5),
        ("--2", 2.0),
        ("+2", 2.0),
        ("a*b + c", 10.0),
        ("exp(log(a))", 2.0),
        ("sqrt(a^2)", 2.0),
        ("abs(-a)", 2.0),
        ("min(a, b, c)", 2.0),
        ("max(a, b, c)", 4.0),
        ("atan(tan(0.5))", 0.5),
        ("1e2", 100.0),
        (".5", 0.5),
    ],
)
def test_values(text, value):
    assert float(parse_expression(text).evaluate({"a": 2.0, "b": 3.0, "c": 4.0})) == pytest.approx(value)


def test_arrays_of_any_batch_shape():
    env = {"a": np.ones((5, 1)), "b": np.arange(3.0), "c": 2.0}
    assert parse_expression("a*b + c").evaluate(env).shape == (5, 3)


@pytest.mark.parametrize("text", ["sqrt(a)", "log(a)", "a^0.5", "asin(a)", "acos(a)", "log1p(a)"])
def test_undefined_is_nan_for_real_and_complex_values(text):
    for value in (np.array(-2.0), np.array(-2.0 + 1j * H)):
        assert np.isnan(parse_expression(text).evaluate({"a": value}))


@pytest.mark.parametrize(
    ("text", "at", "derivative"),
    [
        ("a^2", -3.0, -6.0),
        ("a^-2", -2.0, 0.25),
        ("a^3", 0.0, 0.0),
        ("a^0.5", 4.0, 0.25),
        ("2^a", 3.0, 8 * np.log(2)),
        ("abs(a)", -3.0, -1.0),
        ("abs(a)", 3.0, 1.0),
        ("min(a, 1)", 0.5, 1.0),
        ("min(a, 1)", 1.5, 0.0),
        ("max(a, 1)", 1.5, 1.0),
        ("max(1, a)", 0.5, 0.0),
        ("sqrt(a)", 4.0, 0.25),
        ("exp(-a)", 1.0, -np.exp(-1)),
        ("1/a", -2.0, -0.25),
        ("log10(a)", 2.0, 1 / (2 * np.log(10))),
        ("tanh(a)", 0.3, 1 - np.tanh(0.3) ** 2),
        ("atan(a)", 2.0, 0.2),
        ("expm1(a)", 1e-3, np.exp(1e-3)),
    ],
)
def test_complex_step_derivative(text, at, derivative):
    value = parse_expression(text).evaluate({"a": np.array(at + 1j * H)})
    assert value.imag / H == pytest.approx(derivative, rel=1e-12)
    assert value.real == pytest.approx(float(parse_expression(text).evaluate({"a": at})), rel=1e-12)


def test_names_in_order_each_once():
    assert parse_expression("b*a + b^2 - exp(c)").names() == ("b", "a", "c")


def test_missing_value_suggests_a_label():
    with pytest.raises(SpecError, match="'indirct' has no value") as caught:
        parse_expression("2*indirct").evaluate({"indirect": 1.0})
    assert "did you mean 'indirect'?" in str(caught.value)


@pytest.mark.parametrize("text", ["", "a +", "a b", "a ~ b", "f(a)", "1 2", "a; b", "(a", "a)", "*a", "a,b"])
def test_what_is_not_one_expression_is_refused(text):
    with pytest.raises(SpecError):
        parse_expression(text)


def test_nothing_is_run_as_code():
    for text in ("__import__('os')", "a.__class__()", "exec('1')", "lambda: 1", "[1]", "open('x')"):
        with pytest.raises(SpecError):
            parse_expression(text)


def trees():
    names = st.sampled_from(["a", "b.c", "_d", "满意", "my label"]).map(Name)
    numbers = st.floats(min_value=0, max_value=1e12).map(Number)
    one = st.sampled_from([f for f in FUNCTIONS if f not in ("min", "max")])

    def more(inner):
        return st.one_of(
            inner.map(Negative),
            st.tuples(st.sampled_from("+-*/^"), inner, inner).map(lambda t: Binary(*t)),
            st.tuples(one, inner.map(lambda e: (e,))).map(lambda t: Call(*t)),
            st.lists(inner, min_size=1, max_size=3).map(lambda es: Call("min", tuple(es))),
        )

    return st.recursive(names | numbers, more, max_leaves=12)


@given(trees())
def test_text_reads_back_as_the_same_tree(tree):
    assert parse_expression(tree.to_text()) == tree
