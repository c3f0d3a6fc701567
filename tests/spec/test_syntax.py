"""The model language: what each construct says, and what an error shows."""

from __future__ import annotations

import pytest

from satloyal.errors import SpecError
from satloyal.spec.modifiers import Modifier
from satloyal.spec.source import Source
from satloyal.spec.syntax import Constraint, Definition, Relation, parse
from satloyal.spec.tokens import is_name, quote, tokenize


def said(text):
    """Relations as (lhs, op, [(atoms of modifiers, variable)])."""
    return [
        (tuple(w.text for w in r.lhs), r.op, [(tuple(m.atoms for m in t.modifiers), t.name) for t in r.terms])
        for r in parse(text).relations
    ]


def fault(text):
    with pytest.raises(SpecError) as caught:
        parse(text)
    return str(caught.value)


def test_measurement_regression_and_covariance():
    text = "F =~ x1 + x2\ny ~ F\nx1 ~~ x2"
    assert said(text) == [
        (("F",), "=~", [((), "x1"), ((), "x2")]),
        (("y",), "~", [((), "F")]),
        (("x1",), "~~", [((), "x2")]),
    ]


@pytest.mark.parametrize(
    ("written", "atoms"),
    [
        ("a*x", ("a",)),
        ("0.5*x", (0.5,)),
        ("-1*x", (-1.0,)),
        ("1/3*x", (1 / 3,)),
        ("(1/3)*x", (1 / 3,)),
        ("2^-1*x", (0.5,)),
        ("sqrt(4)*x", (2.0,)),
        ("1e-3*x", (0.001,)),
        ("NA*x", (None,)),
        ('"a"*x', ("a",)),
        ("'a'*x", ("a",)),
        ('label("a")*x', ("a",)),
        ("label(a)*x", ("a",)),
        ("c(a, b)*x", ("a", "b")),
        ("c(1, NA)*x", (1.0, None)),
        ("c(NA, 0.5)*x", (None, 0.5)),
        ("c(a, 1/2)*x", ("a", 0.5)),
        ('c(a, "")*x', ("a", "")),
        ('c("a", "b")*x', ("a", "b")),
        ('label(c("a", "b"))*x', ("a", "b")),
    ],
)
def test_modifier_values(written, atoms):
    (relation,) = parse(f"F =~ {written}").relations
    (modifier,) = relation.terms[0].modifiers
    assert (modifier.kind, modifier.atoms, relation.terms[0].name) == ("value", atoms, "x")


@pytest.mark.parametrize(
    ("written", "kind", "atoms"),
    [
        ("start(0.8)*x", "start", (0.8,)),
        ("start(c(.1, NA))*x", "start", (0.1, None)),
        ('equal("F=~x1")*x', "equal", ("F=~x1",)),
        ('equal(c("F=~x1", ""))*x', "equal", ("F=~x1", "")),
    ],
)
def test_start_and_equal(written, kind, atoms):
    (relation,) = parse(f"G =~ {written}").relations
    assert relation.terms[0].modifiers == (Modifier(kind, atoms, relation.terms[0].modifiers[0].span),)


def test_modifiers_may_be_chained_on_one_variable():
    assert said("F =~ a*start(0.5)*x") == [(("F",), "=~", [((("a",), (0.5,)), "x")])]


def test_modifier_names_can_be_variables():
    assert said("c ~ start + equal + label")[0][2] == [((), "start"), ((), "equal"), ((), "label")]


def test_intercepts():
    assert said("y ~ 1") == [(("y",), "~", [((), "")])]
    assert said("y ~1 + x") == [(("y",), "~", [((), ""), ((), "x")])]
    assert said("y ~ a*1") == [(("y",), "~", [((("a",),), "")])]
    assert said("y ~ 0 + x") == [(("y",), "~", [((((0.0,),)), ""), ((), "x")])]
    assert said("y ~ 0*1") == [(("y",), "~", [((((0.0,),)), "")])]


def test_several_names_on_the_left():
    assert said("f1 + f2 =~ x1 + a*x2")[0][:2] == (("f1", "f2"), "=~")


def test_thresholds_and_composites():
    assert said("x1 | t1 + t2")[0] == (("x1",), "|", [((), "t1"), ((), "t2")])
    assert said("C <~ x1 + x2")[0][1] == "<~"


def test_definitions_and_constraints():
    model = parse("y ~ a*x\nq := a^2\na > 0\na < 2*b\na == b")
    kinds = [type(s) for s in model.statements]
    assert kinds == [Relation, Definition, Constraint, Constraint, Constraint]
    assert [s.op for s in model.statements[2:]] == [">", "<", "=="]
    assert model.statements[3].right.to_text() == "2*b"


@pytest.mark.parametrize(
    "text",
    [
        "F =~ x1 +\n x2",
        "F =~ x1\n + x2",
        "F =~\n\n x1 + x2",
        "F\n=~ x1 + x2",
        "F =~ x1 + # first\n # nothing\n x2 ! last",
        "F =~ x1 + x2;",
        ";;\nF =~ x1 + x2;\n;",
        "\ufeffF =~ x1\t+\u00a0x2\r\n",
    ],
)
def test_line_ends_and_comments_change_nothing(text):
    assert said(text) == [(("F",), "=~", [((), "x1"), ((), "x2")])]


def test_lists_may_go_over_lines():
    assert said("F =~ c(a,\n   b\n)*x")[0][2] == [((("a", "b"),), "x")]


def test_semicolons_end_statements():
    assert [s[1] for s in said("F =~ x1 + x2; y ~ F ; y ~~ y")] == ["=~", "~", "~~"]


def test_names_in_any_script():
    assert said("满意度 =~ 题目1 + π_2 + größe + नमस्ते")[0] == (
        ("满意度",),
        "=~",
        [((), "题目1"), ((), "π_2"), ((), "größe"), ((), "नमस्ते")],
    )


def test_other_names_in_backticks():
    assert said("`Overall score (1-10)` ~ `1st`")[0] == (("Overall score (1-10)",), "~", [((), "1st")])


def test_names_that_need_no_backticks():
    assert all(is_name(n) for n in ("a", "a.b", "_x", ".p3.", "满意", "x_1", "."))
    assert not any(is_name(n) for n in ("", "1a", "a b", ".5", "a-b", "a*", "😀"))
    assert [quote(n) for n in ("a", "a b", "NA", "1")] == ["a", "`a b`", "`NA`", "`1`"]


def test_tokens_know_their_place():
    text = "F =~ 0.5*`my item`  # comment\n"
    tokens = tokenize(Source(text))
    pieces = [text[t.span.start : t.span.end] for t in tokens if t.kind != "end"]
    assert pieces == ["F", "=~", "0.5", "*", "`my item`"]


# -- errors show the line, mark the place and say what to do -------------------------------------------------


def test_error_marks_the_place():
    assert fault("F =~ x1 + x2\ny ~ x1 x2\nz ~ y") == (
        "line 2 of the model: 'x2' is not expected here\n"
        "    y ~ x1 x2\n"
        "           ^^\n"
        "To mend it: put '+' between two terms and '*' between a modifier and its variable."
    )


def test_marks_stand_under_wide_characters():
    lines = fault("满意 =~ 题目1 题目2").splitlines()
    assert lines[2] == "    " + " " * len("MMMM =~ MMMM1 ") + "^" * 5


def test_error_suggests_the_nearest_function():
    assert "did you mean 'start'?" in fault("F =~ strat(0.8)*x")
    assert "did you mean 'sqrt'?" in fault("y ~ a*x\nq := sqr(a)")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the model is empty"),
        ("# only a comment\n\n", "the model is empty"),
        ("q := 2", "says nothing about variables"),
        ("F =- x1", "did you mean '=~'?"),
        ("y = x", "unknown operator '='"),
        ("F ~= x1", "unknown operator '~='"),
        ("y ~ x : z", "written without blanks"),
        ("y ~ x\na <= 3", "write '<'"),
        ("F =~ x1 +", "no variable follows '+'"),
        ("F =~ x1 + + x2", "no variable follows '+'"),
        ("F =~ a*", "no variable follows '*'"),
        ("F =~", "no variable follows '=~'"),
        ("=~ x1", "nothing stands where a variable's name is needed"),
        ("F =~ x1 +\n\nG =~ x2", "'+' too many at the end of a line above"),
        ("F =~ x1\nx2", "no operator in this statement"),
        ("a*F =~ x1", "'*' cannot stand on the left"),
        ("F =~ 3x", "write `3x` in backticks"),
        ("F =~ 2", "the number 2 is not a variable"),
        ("F =~ 1", "the number 1 is not a variable"),
        ("F =~ 0.5", "the number 0.5 is not a variable"),
        ("y ~ -1 + x", "no variable follows this"),
        ("y ~ NA", "'NA' is not a variable"),
        ("NA ~ y", "'NA' stands where"),
        ("F =~ lower(a)*x", "a lower bound is a number"),
        ('F =~ upper("b")*x', "an upper bound is a number"),
        ("F =~ a?x", "a starting value is a number"),
        ("efa('e')*F + efa('e')*G =~ x1 + x2", "there is no rotation here"),
        ("F =~ efa('e')*x1", "there is no rotation here"),
        ("group: 1\nF =~ x1 + x2", "there are no blocks"),
        ("level: 1\nF =~ x1 + x2", "there are no multilevel models"),
        ("F =~ foo(2)*x", "the modifiers are c, start, label, equal"),
        ("F =~ start(a)*x", "a starting value is a number"),
        ("F =~ label(2)*x", "label() takes text"),
        ('F =~ label("a b")*x', "is not a name that can label"),
        ("F =~ `a b`*x", "is not a name that can label"),
        ("F =~ c()*x", "the list of groups is empty"),
        ("F =~ start()*x", "start() needs a value"),
        ("F =~ c(a, b*x", "'(' is not closed"),
        ("F =~ a)*x", "')' is not expected here"),
        ("F =~ (x1 + x2)", "a formula cannot be a modifier"),
        ("F =~ 1/0*x", "this is not a finite number"),
        ("F =~ 1e999*x", "is too large"),
        ("y ~ x^2", "a formula cannot be a modifier"),
        ("y ~ x - z", "terms are joined by '+'"),
        ("y ~ a*x; q := ", "the statement ends where"),
        ("y ~ a*x; 2*q := a", "a definition is named by one name"),
        ("y ~ a*x; 0 < a < 1", "write two constraints"),
        ("y ~ a*x; q := exp(a, a)", "takes one argument"),
        ("y ~ a*x; q := (a", "'(' is not closed"),
        ("y ~ a*x; q := a b", "'b' is not expected here"),
        ("y ~ `x", "not closed on the same line"),
        ('y ~ "x', "not closed on the same line"),
        ("y ~ ` `", "an empty name"),
        ("F ＝~ x", "write the plain '='"),
        ("F =~ “a”*x", "write plain quotation marks"),
        ("F =~ x1 & x2", "unknown operator '&'"),
        ("F =~ 😀", "in backticks"),
    ],
)
def test_what_errors_say(text, message):
    assert message in fault(text)


def test_model_must_be_text():
    with pytest.raises(SpecError, match="a model is text, not int"):
        parse(3)


def test_deep_nesting_is_refused_not_crashed():
    assert "too many nested" in fault("y ~ a*x\nq := " + "(" * 5000 + "a" + ")" * 5000)
    assert "too many nested" in fault("y ~ a*x\nq := " + "-" * 5000 + "a")
    assert "terms" in fault("y ~ a*x\nq := " + "+".join(["a"] * 5000))


def test_model_prints_its_text():
    assert str(parse("y ~ x")) == "y ~ x"
