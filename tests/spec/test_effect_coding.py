"""Effect coding: which constraints a table gets, and what gives way to them."""

from __future__ import annotations

from itertools import permutations

import pytest

from satloyal.errors import SpecError
from satloyal.spec.table import build_table

LINES = ("F =~ x1 + x2 + x3", "G =~ y1 + y2", "H =~ F + G")


def equations(table):
    return [f"{r.lhs}=={r.rhs}" for r in table.constraints]


def test_loadings_average_one_and_no_loading_is_fixed():
    table = build_table("F =~ x1 + x2 + x3", effect_coding=True)
    assert equations(table) == [".p1.+.p2.+.p3.==3"]
    assert all(r.free for r in table.rows if r.op == "=~")
    assert not table.meanstructure


def test_intercepts_sum_to_zero_and_the_latent_mean_is_free():
    table = build_table("F =~ x1 + x2 + x3", effect_coding="intercepts")
    assert equations(table) == [".p8.+.p9.+.p10.==0"]
    assert next(r for r in table.rows if r.name == "F~1").free
    assert table.rows[0].value == 1.0


def test_parameters_equal_across_groups_give_one_equation():
    table = build_table(
        "F =~ x1 + x2",
        groups=3,
        group_equal=["loadings", "intercepts"],
        effect_coding=("loadings", "intercepts"),
    )
    assert len(equations(table)) == 2
    assert [r.free > 0 for r in table.rows if r.name == "F~1"] == [True] * 3


def test_a_group_with_some_parameters_of_an_earlier_one_has_its_scale_from_them():
    both = ("loadings", "intercepts")
    table = build_table(
        "F =~ x1 + x2 + x3",
        groups=2,
        group_equal=both,
        group_partial=["F=~x2", "x3~1"],
        effect_coding=both,
    )
    plain = build_table("F =~ x1 + x2 + x3", groups=2, group_equal=both, group_partial=["F=~x2", "x3~1"])
    assert len(equations(table)) == 2
    assert table.q - 2 == plain.q


def test_what_the_user_fixed_is_left_alone_in_its_group():
    table = build_table("F =~ c(1, NA)*x1 + x2\nx1 ~ c(NA, 0)*1", groups=2, effect_coding=True)
    assert len(equations(table)) == 2  # loadings of group 2, intercepts of group 1
    assert [r.free > 0 for r in table.rows if r.name == "F~1"] == [True, False]


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_factors_of_factors_do_not_depend_on_the_order_of_lines(order):
    table = build_table("\n".join(LINES[i] for i in order), effect_coding=True, meanstructure=True)
    assert all(r.free for r in table.rows if r.op == "~1")
    assert len(table.constraints) == 6


def test_labels_of_the_user_stand_in_the_equation():
    table = build_table("F =~ a*x1 + x2 + a*x3", effect_coding=True)
    assert equations(table) == ["a+.p2.+a==3"]


def test_a_composite_is_not_coded():
    assert equations(build_table("C <~ x1 + x2\nC ~ z\ny ~ C", effect_coding=True)) == []


def test_the_table_prints_back():
    table = build_table("F =~ x1 + x2 + x3", effect_coding=True, meanstructure=True)
    again = build_table(table.to_text(), defaults="none", meanstructure=True)
    assert equations(again) == equations(table)
    assert [(r.name, r.free, r.value) for r in again.parameters] == [
        (r.name, r.free, r.value) for r in table.parameters
    ]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"effect_coding": "loading"}, "effect_coding knows no 'loading'"),
        ({"effect_coding": True, "std_lv": True}, "both give latent variables their scale"),
    ],
)
def test_what_makes_no_sense_is_refused(options, words):
    with pytest.raises(SpecError, match=words):
        build_table("F =~ x1 + x2 + x3", **options)
