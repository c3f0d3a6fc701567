"""The parameter table: what the text's relations, labels and groups become, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

from satloyal.errors import SpecError
from satloyal.spec.syntax import parse
from satloyal.spec.table import build_table

CFA = "F =~ x1 + x2 + x3\nG =~ y1 + y2 + y3"


def rows(text, **options):
    return {(r.name, r.group): r for r in build_table(text, **options).rows}


def fault(text, **options):
    with pytest.raises(SpecError) as caught:
        build_table(text, **options)
    return str(caught.value)


def test_rows_that_share_a_label_are_one_parameter():
    table = build_table("F =~ x1 + a*x2 + a*x3")
    assert [r.free for r in table.rows if r.op == "=~"] == [0, 1, 1]
    assert table.q == 5


def test_several_modifiers_on_one_variable():
    row = rows("F =~ a*x1 + NA*x1 + start(0.7)*x1 + x2")["F=~x1", 1]
    assert (row.label, row.free, row.value, row.start) == ("a", 1, None, 0.7)


def test_mentioning_a_row_again_adds_to_it():
    table = build_table("F =~ x1 + x2 + x3\nF =~ a*x2\ny1 ~ F\ny2 ~ F\ny2 ~~ y1\ny1 ~~ c*y2")
    assert [r.label for r in table.rows if r.name == "F=~x2"] == ["a"]
    assert [r.label for r in table.rows if r.name == "y1~~y2"] == ["c"]


def test_a_label_on_a_fixed_row_fixes_its_namesakes():
    table = rows("F =~ a*x1 + a*x2 + x3")
    assert table["F=~x2", 1].value == 1.0
    assert table["F=~x2", 1].free == 0


def test_equal_names_another_row():
    table = rows('F =~ x1 + x2 + x3\nG =~ y1 + equal("F =~ x2")*y2 + equal("G=~y2")*y3')
    assert table["F=~x2", 1].free == table["G=~y2", 1].free == table["G=~y3", 1].free


def test_equal_takes_the_label_of_its_row():
    assert rows('y ~ b*x + equal("y~x")*z')["y~z", 1].label == "b"


def test_start_value_on_the_marker_fixes_it_there_and_says_so():
    table = build_table("F =~ start(0.8)*x1 + x2 + x3")
    assert table.rows[0].value == 0.8
    assert [n.step for n in table.notes] == ["scale"]
    assert build_table("F =~ start(0.8)*x1 + NA*x1 + x2 + x3").notes == ()


def test_one_label_for_all_groups_holds_equal_and_says_so():
    table = build_table("F =~ x1 + a*x2 + c(b1, b2)*x3", groups=2)
    loadings = {(r.rhs, r.group): r.free for r in table.rows if r.op == "=~"}
    assert loadings["x2", 1] == loadings["x2", 2]
    assert loadings["x3", 1] != loadings["x3", 2]
    assert [n.step for n in table.notes] == ["labels"]


def test_group_lists_mix_labels_numbers_and_free():
    table = rows('F =~ x1 + c(a, 0.5)*x2 + c("", a)*x3', groups=2)
    assert (table["F=~x2", 1].label, table["F=~x2", 2].value) == ("a", 0.5)
    assert table["F=~x3", 1].label == ""
    assert table["F=~x3", 2].free == table["F=~x2", 1].free


def test_means_come_with_groups_growth_intercepts_and_equal_intercepts():
    assert not build_table(CFA).meanstructure
    assert build_table(CFA, meanstructure=True).meanstructure
    assert build_table(CFA, groups=2).meanstructure
    assert not build_table(CFA, groups=2, meanstructure=False).meanstructure
    assert build_table(CFA + "\nx1 ~ 1").meanstructure
    assert build_table(CFA, defaults="growth").meanstructure
    assert build_table(CFA, groups=2, meanstructure=False, group_equal="intercepts").meanstructure


def test_group_partial_reads_rows_with_or_without_spaces():
    for name in ("x2~~x2", "x2 ~~ x2", "F=~x2", "x2 ~ 1"):
        table = rows(CFA, groups=2, group_equal=["loadings", "intercepts", "residuals"], group_partial=[name])
        key = name.replace(" ", "").replace("~1", "~1")
        assert table[key, 1].free != table[key, 2].free


def test_group_equal_takes_underscores():
    table = rows(CFA, groups=2, group_equal=["lv_variances"])
    assert table["F~~F", 1].free == table["F~~F", 2].free


def test_mentioned_covariates_are_random_and_the_user_is_told():
    table = build_table("y ~ x1 + x2\nx1 ~~ x1")
    assert table.exogenous == ("x2",)
    assert [n.step for n in table.notes] == ["fixed x"]
    assert "x1" in table.notes[0].message
    assert build_table("y ~ x1 + x2\nx1 ~~ x1", fixed_x=False).notes == ()


def test_roles():
    table = build_table(
        "S =~ x1 + x2\nT =~ x3 + x4\nL =~ x5 + x6\nH =~ S + T\nL ~ H + age\nC <~ z1 + z2\nnps ~ L + C"
    )
    assert table.latent == ("S", "T", "L", "H", "C")
    assert table.latent_exogenous == ("H", "C")
    assert table.latent_endogenous == ("S", "T", "L")
    assert table.composites == ("C",)
    assert table.terminal == ("nps",)
    assert table.covariates == table.exogenous == ("age", "z1", "z2")
    assert table.indicators["H"] == ("S", "T")
    assert table.indicators["C"] == ("z1", "z2")
    assert table.regressions == {"L": ("H", "age"), "nps": ("L", "C")}


def test_definitions_come_in_the_order_in_which_they_can_be_computed():
    table = build_table("y ~ a*x\nr := q + a\nq := 2*a")
    assert [d.lhs for d in table.definitions] == ["q", "r"]
    assert [r.lhs for r in table.rows if r.op == ":="] == ["r", "q"]


def test_label_values_by_batch_and_by_complex_step():
    table = build_table("m ~ a*x\ny ~ b*m + 0.5*x + d*w\ny ~ d*w\nr := q + 1\nq := a*b")
    theta = np.zeros((4, 3, table.q), dtype=complex)
    theta[..., 0], theta[..., 1] = 2.0, 3.0 + 1j
    env = table.label_values(theta)
    assert env["q"].shape == (4, 3)
    assert env["r"][0, 0] == 7 + 2j


def test_label_values_of_fixed_rows():
    assert float(build_table("F =~ a*x1 + x2 + x3\nq := 2*a").label_values(np.ones(5))["q"]) == 2.0


def test_constraints_are_left_minus_right():
    table = build_table("y ~ a*x + b*w\na > 2*b")
    (row,) = table.constraints
    assert (row.lhs, row.op, row.rhs, row.group) == ("a", ">", "2*b", 0)
    assert float(row.expression.evaluate({"a": 1.0, "b": 2.0})) == -3.0


def test_rows_know_their_place():
    text = "F =~ x1 + x2\ny ~ b*F"
    (row,) = [r for r in build_table(text).rows if r.op == "~"]
    assert text[row.span.start : row.span.end] == "F"


def test_frame_has_one_row_a_parameter():
    frame = build_table(CFA + "\nG ~ b*F").to_frame()
    assert list(frame.columns) == [
        "lhs", "op", "rhs", "group", "free", "value", "start", "label", "origin", "fixed_x"
    ]  # fmt: skip
    assert frame.loc[frame.label == "b", "rhs"].tolist() == ["F"]
    assert frame["value"].dtype == float


def test_names_that_are_columns_pass():
    build_table(CFA).check_names(["x1", "x2", "x3", "y1", "y2", "y3", "other"])


def test_names_that_are_no_columns_are_marked_with_the_nearest_column():
    table = build_table("Satisfaction =~ CUSA1 + CUSA2\nLoyalty =~ CUSL1 + CUSL3\nLoyalty ~ Satisfacton")
    with pytest.raises(SpecError) as caught:
        table.check_names(["CUSA1", "CUSA2", "CUSL1", "CUSL3"])
    assert str(caught.value) == (
        "line 3 of the model: 'Satisfacton' is neither a column of the data nor a latent variable\n"
        "    Loyalty ~ Satisfacton\n"
        "              ^^^^^^^^^^^\n"
        "To mend it: did you mean 'Satisfaction'?"
    )


def test_all_missing_names_are_listed():
    with pytest.raises(SpecError, match=r"\(nor are x2, x3\)"):
        build_table("F =~ x1 + x2 + x3").check_names(["y"])


def test_ordered_names_must_be_in_the_model():
    assert build_table(CFA, ordered=["x1"]).ordered == ("x1",)
    assert "did you mean 'x1'?" in fault(CFA, ordered=["X1"])


def test_a_parsed_model_builds_the_same_table():
    assert build_table(parse(CFA)) == build_table(CFA)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("F =~ F + x1", "'F' is measured by itself"),
        ("C <~ C + x1", "'C' is formed by itself"),
        ("y ~ y", "'y' is explained by itself"),
        ("F =~ x1 + x2\nx1 ~ F", "the arrow from 'F' to 'x1' is written twice, with =~ and with ~"),
        ("C <~ x1 + x2\nC ~ x1", "is written twice"),
        ("F =~ x1 + x2\nF <~ x3", "both measured (=~) and formed (<~)"),
        ("F =~ a*x1 + b*x1", "two labels for the same parameter, a and b"),
        ("y ~ 0.5*x\ny ~ 0.7*x", "two fixed values for the same parameter"),
        ("y ~ start(1)*x + start(2)*x", "two starting values"),
        ("F =~ 1*x1 + NA*x1", "NA frees what is also fixed"),
        ("F =~ NA*x1 + 1*x1", "a fixed value for what NA frees"),
        ("y ~ 1*x + start(2)*x", "a fixed value and a starting value"),
        ("y ~ 2*a*x\nz ~ 1*a*x", "the label 'a' stands on rows fixed to 2 and to 1"),
        ("F =~ c(a, b)*x1", "a list of 2 modifiers for one group"),
        ("x1 | low", "'low' is not a threshold"),
        ("x1 | x1", "'x1' is its own threshold"),
        ("F =~ x1\nF | t1", "has no thresholds"),
        ("y ~ a*x\nq := a*bb", "no parameter has the label 'bb'"),
        ("y ~ alpha*x\nalhpa > 0", "did you mean 'alpha'?"),
        ("y ~ a*x\na := 2", "'a' is the label of a parameter"),
        ("y ~ a*x\nq := a\nq := 2*a", "'q' is defined twice"),
        ("y ~ a*x\nq := r\nr := q", "'q' is defined through itself"),
        ("y ~ a*x\n1 == 2", "a constraint without a label"),
        ('y ~ equal("y~z")*x + w', "the model has no parameter 'y~z'"),
        ('y ~ equal("y~x")*x', "made equal to itself"),
        ('y ~ equal("y~w")*x + equal("y~x")*w', "made equal to itself"),
        ('y ~ a*equal("y~w")*x + w', "a label and equal() for one parameter"),
        ('y ~ equal("=")*x + w', "does not name one parameter"),
    ],
)
def test_contradictions_are_refused(text, message):
    assert message in fault(text)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"groups": 0}, "at least one group"),
        ({"defaults": "cfa"}, "choose 'sem', 'growth' or 'none'"),
        ({"group_equal": ["loading"]}, "did you mean 'loadings'?"),
        ({"group_partial": ["F=~x9"]}, "did you mean 'F=~x"),
        ({"group_partial": ["x"]}, "'x' does not name one parameter"),
    ],
)
def test_arguments_are_checked(options, message):
    assert message in fault(CFA, **options)


def test_group_lists_need_one_entry_a_group():
    assert "a list of 2 modifiers for 3 groups" in fault("F =~ x1 + c(a, b)*x2", groups=3)


def test_bounds_and_starts_stand_on_their_rows_and_change_nothing_else():
    bounded = "F =~ x1 + lower(0)*x2 + a*x2 + 0.7?x3 + upper(2)*x3"
    table = rows(bounded)
    assert (table["F=~x2", 1].lower, table["F=~x2", 1].upper, table["F=~x2", 1].label) == (0.0, None, "a")
    assert (table["F=~x3", 1].lower, table["F=~x3", 1].upper, table["F=~x3", 1].start) == (None, 2.0, 0.7)
    plain = rows("F =~ x1 + a*x2 + x3")
    assert {k: r.free for k, r in table.items()} == {k: r.free for k, r in plain.items()}


def test_bounds_differ_between_groups_and_na_is_none():
    table = rows("F =~ x1 + lower(c(0.2, NA))*x2 + x3", groups=2)
    assert [table["F=~x2", g].lower for g in (1, 2)] == [0.2, None]


def test_a_list_with_na_labels_only_the_groups_that_have_a_label():
    table = rows("F =~ x1 + c(a, NA)*x2 + x3", groups=2)
    assert [table["F=~x2", g].label for g in (1, 2)] == ["a", ""]
    assert table["F=~x2", 1].free != table["F=~x2", 2].free


@pytest.mark.parametrize(
    ("written", "told"), [("c(a, NA)", 1), ("c(a, 1)", 1), ('c("a", "")', 0), ("c(a, b)", 0), ("c(1, NA)", 0)]
)
def test_a_label_that_lavaan_would_give_to_every_group_is_told(written, told):
    notes = build_table(f"F =~ x1 + {written}*x2 + x3", groups=2).notes
    assert sum("lavaan gives it to every group" in str(note) for note in notes) == told


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("F =~ x1 + lower(1)*x2 + upper(0)*x2", "the lower bound 1 stands above the upper bound 0"),
        ("F =~ lower(2)*x1 + x2", "fixed at 1, outside its bounds"),
        ("F =~ x1 + lower(1)*x2 + lower(2)*x2", "two lower bounds"),
        ('F =~ x1 + equal("b")*x2 + a*x3', "no parameter has the label 'b'"),
        ('F =~ x1 + b*x2 + equal("a")*x2 + a*x3', "a label and equal()"),
    ],
)
def test_bounds_and_equalities_that_cannot_be_are_refused(text, words):
    assert words in fault(text)


def test_equal_takes_a_label_too():
    table = rows('F =~ x1 + equal("a")*x2 + a*x3')
    assert table["F=~x2", 1].free == table["F=~x3", 1].free
