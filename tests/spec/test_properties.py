"""What holds for every model: text and table say the same, and no text does worse than a SpecError."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from satloyal.errors import SpecError
from satloyal.spec.table import build_table

CASES = json.loads((Path(__file__).parent / "reference" / "cases.json").read_text(encoding="utf-8"))


def again(table, *, fixed_x=True):
    return build_table(
        table.to_text(),
        groups=table.groups,
        fixed_x=fixed_x,
        meanstructure=table.meanstructure,
        defaults="none",
    )


def content(table):
    """All that a table says, but not who wrote it, the notes on it, and where sample moments stand."""
    rows = [replace(r, origin="user") for r in table.rows]
    rows.sort(key=lambda r: (r.group or table.groups + 1, r.fixed_x))
    return replace(table, rows=tuple(rows), notes=())


@pytest.mark.parametrize("name", [n for n in CASES if n != "cfa_label_function"])
def test_reference_models_print_back(name):
    case = dict(CASES[name])
    table = build_table(case.pop("text"), **case)
    assert content(again(table, fixed_x=case.get("fixed_x", True))) == content(table)


NAMES = ["x1", "x2", "x3", "x4", "y", "z", "满意", "my item", ".d", "NA"]
LATENT = ["F", "G", "潜 变量"]


def quoted(name):
    return f"`{name}`" if " " in name or name == "NA" else name


@st.composite
def modifiers(draw, groups):
    kind = draw(
        st.sampled_from(
            ["", "", "", "label", "value", "free", "start", "mark", "lower", "both", "equal", "groups"]
        )
    )
    number = draw(st.sampled_from([0.0, 1.0, -0.25, 1 / 3, 1e-7, 12.5]))
    label = draw(st.sampled_from(["a", "b", "lab.1", "标签"]))
    if kind == "groups":
        atoms = draw(st.lists(st.sampled_from(["NA", "0.5", label, '""']), min_size=groups, max_size=groups))
        return f"c({', '.join(atoms)})*"
    return {
        "": "",
        "label": f"{label}*",
        "value": f"{number!r}*",
        "free": "NA*",
        "start": f"start({number!r})*",
        "mark": f"{number!r}?",
        "lower": f"lower({number!r})*",
        "both": f"lower(-2)*upper({number!r})*",
        "equal": f'equal("{label}")*',
    }[kind]


@st.composite
def models(draw):
    """A model text and its options; some contradict themselves."""
    groups = draw(st.integers(1, 3))
    lines = []

    def terms(names):
        chosen = draw(st.lists(st.sampled_from(names), min_size=1, max_size=3, unique=True))
        return " + ".join(draw(modifiers(groups)) + quoted(n) for n in chosen)

    for latent in draw(st.lists(st.sampled_from(LATENT), max_size=3, unique=True)):
        lines.append(f"{quoted(latent)} {draw(st.sampled_from(['=~', '=~', '=~', '<~']))} {terms(NAMES)}")
    for _ in range(draw(st.integers(0 if lines else 1, 4))):
        lhs = quoted(draw(st.sampled_from(NAMES + LATENT)))
        op = draw(st.sampled_from(["~", "~~", "~", "~1", "|"]))
        rhs = {"~1": draw(modifiers(groups)) + "1", "|": "t1 + t2"}.get(op) or terms(NAMES + LATENT)
        lines.append(f"{lhs} {'~' if op == '~1' else op} {rhs}")
    formulas = ["q := a*b - 2^-a", "a == b", "a > 0.1*b", "r := exp(标签)"]
    lines += draw(st.lists(st.sampled_from(formulas), max_size=2, unique=True))
    options = {
        "groups": groups,
        "std_lv": draw(st.booleans()),
        "orthogonal": draw(st.booleans()),
        "fixed_x": draw(st.booleans()),
        "meanstructure": draw(st.sampled_from([None, True, False])),
        "defaults": draw(st.sampled_from(["sem", "sem", "growth", "none"])),
        "group_equal": draw(
            st.lists(
                st.sampled_from(["loadings", "intercepts", "residuals", "means", "regressions"]), unique=True
            )
        ),
    }
    return "\n".join(lines), options


@settings(max_examples=400, deadline=None)
@given(models())
def test_every_table_prints_text_that_builds_it_again(model):
    text, options = model
    try:
        table = build_table(text, **options)
    except SpecError:
        return
    assert content(again(table, fixed_x=options["fixed_x"])) == content(table)


@settings(max_examples=200, deadline=None)
@given(models())
def test_free_parameters_are_numbered_without_gaps_and_labels_share_numbers(model):
    text, options = model
    try:
        table = build_table(text, **options)
    except SpecError:
        return
    numbers = [r.free for r in table.rows if r.free]
    assert list(dict.fromkeys(numbers)) == list(range(1, table.q + 1))
    by_label = {}
    for r in table.parameters:
        assert (r.free > 0) == (r.value is None and not r.fixed_x)
        if r.label:
            assert by_label.setdefault(r.label, r.free) == r.free
    keys = [
        (frozenset((r.lhs, r.rhs)) if r.op == "~~" else (r.lhs, r.rhs), r.op, r.group)
        for r in table.parameters
    ]
    assert len(set(keys)) == len(keys)


PIECES = [
    *"+-*/^(),;|~<>=:?#!&'`\" \n",
    *["=~", "~~", "~1", ":=", "==", "<~", "**", "<=", "\\", "\x00", "é", "½", "\u0301", "😀"],
    *["x1", "F", "a", "满意", "1", "0", "0.5", "1e9", "NA", "t1"],
    *["c(", "start(", "label(", "equal(", "lower(", "upper(", "exp("],
]


@settings(max_examples=1500, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=25).map("".join))
@example("y ~ x\n" + "q := " + "(" * 3000)
@example("F =~ " + "a*" * 3000 + "x")
@example("F =~ " + " + ".join(f"x{i}" for i in range(300)))
@example("F =~ " + "1/" * 3000 + "1*x")
@example("F =~ " + "c(" * 3000)
@example("F =~ 9^9^9^9*x")
@example("F =~ (-8)^(1/3)*x")
def test_no_text_does_worse_than_a_spec_error(text):
    try:
        table = build_table(text)
    except SpecError:
        return
    assert table.q >= 0
    table.to_text()


@settings(max_examples=500, deadline=None)
@given(st.text(max_size=60))
def test_nor_does_any_other_text(text):
    with suppress(SpecError):
        build_table(text)
