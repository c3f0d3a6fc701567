"""A key of a TOML text is found on the line where the user wrote it."""

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from satloyal.positions import index_positions, show_path

TEXT = '''# a comment with [brackets] and = signs
title = "A # no comment"   # a comment
dotted.key."with dot.s" = 1

[model]
text = """
  A =~ a1 + a2
  # [not.a.table]
  B ~ A   \\
      + C
  D ~ B
"""
literal = \'\'\'one
two\'\'\'
flat = "x\\"y"

[[curves]]
x = "S"
shapes = [
  "linear",   # first
  "logistic",
]

[[curves]]
x = "T"
[curves.options]
seed = 1

[data]
missing_codes = {99 = "dk", "98" = "refused"}
'''


@pytest.fixture(scope="module")
def places():
    tomllib.loads(TEXT)
    return index_positions(TEXT)


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("title",), 2),
        (("dotted", "key", "with dot.s"), 3),
        (("model",), 5),
        (("model", "text"), 6),
        (("model", "flat"), 15),
        (("curves", 0), 17),
        (("curves", 0, "shapes", 1), 21),
        (("curves", 1, "x"), 25),
        (("curves", 1, "options", "seed"), 27),
        (("data", "missing_codes", "98"), 30),
    ],
)
def test_a_key_has_its_line(places, path, line):
    assert places.line(path) == line


def test_a_key_that_is_not_written_has_the_line_of_its_table(places):
    assert places.line(("model", "estimator")) == 5


def test_a_table_that_is_not_written_has_no_line(places):
    assert places.line(("bootstrap", "seed")) is None


@pytest.mark.parametrize(("line", "expected"), [(1, 7), (2, 8), (3, 9), (4, 11), (5, 12)])
def test_a_line_of_a_text_is_a_line_of_the_file_also_across_folded_lines(places, line, expected):
    assert places.text_line(("model", "text"), line) == expected


def test_a_literal_text_counts_from_its_opening_line(places):
    assert places.text_line(("model", "literal"), 2) == 14


def test_windows_line_ends_do_not_move_lines():
    text = 'a = 1\r\n[t]\r\nb = """\r\nx\r\ny"""\r\nc = 2\r\n'
    places = index_positions(text)
    assert places.line(("t", "c")) == 6
    assert places.text_line(("t", "b"), 2) == 5


def test_paths_are_shown_as_in_the_file():
    assert show_path(("models", "main", "text")) == "[models.main] text"
    assert show_path(("outputs", "formats", 1)) == "[outputs] formats, entry 2"
    assert show_path(()) == "the file"


names = st.text('abc_-. é"', min_size=1, max_size=6)
texts = st.text("ab\\\"'#[]{}=,\n", max_size=8)
scalars = st.one_of(st.integers(-99, 99), st.booleans(), texts, st.just(1.5), st.just([1, [2]]))


def quote(text):
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def show(value):
    if isinstance(value, str):
        return quote(value)
    return str(value).lower() if isinstance(value, bool) else str(value)


@given(st.dictionaries(names, st.dictionaries(names, scalars, max_size=4), max_size=4))
def test_every_key_of_any_file_is_found_on_its_line(tables):
    lines, expected = [], {}
    for table, entries in tables.items():
        lines.append(f"[{quote(table)}]")
        expected[(table,)] = len(lines)
        for key, value in entries.items():
            lines.append(f"{quote(key)} = {show(value)} # x = 1")
            expected[(table, key)] = len(lines)
    text = "\n".join(lines)
    assert tomllib.loads(text) == tables
    places = index_positions(text)
    assert all(places.line(path) == line for path, line in expected.items())
