"""A codebook says what columns mean; what it gets wrong is told with the line and the nearest name."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from satloyal.errors import SurveyError
from satloyal.survey.codebook import Codebook
from satloyal.survey.construct import Construct, Item
from satloyal.survey.scale import Scale

BOOK = """\
title = "Customers 2024"
id = "cid"
weight = "w"
wave = "wave"
group = ["segment", "region"]
cluster = "branch"
missing = {99 = "dont_know", -99 = "skipped", "n/a" = "not_applicable"}

[constructs.Satisfaction]
label = "Customer satisfaction"
items = ["SAT1", "SAT2", "SAT3"]
scale = [1, 5]
labels = {1 = "Very dissatisfied", 5 = "Very satisfied"}
reverse = ["SAT3"]
ordinal = true

[constructs.Trust]
items = ["TRU1", "TRU2"]
scale = [1, 7]

[items]
SAT1 = "Overall"
NPS = {text = "Recommend", scale = [0, 10]}

[items.TRU2]
reverse = true
missing = {7 = "refused"}
"""


def test_a_codebook_file_says_everything():
    book = Codebook.from_text(BOOK)
    assert book.group == ("segment", "region")
    assert book.missing == {99.0: "dont_know", -99.0: "skipped", "n/a": "not_applicable"}
    assert book.construct("Satisfaction").title == "Customer satisfaction"
    assert [book.items[i].reverse for i in ("SAT1", "SAT3", "TRU1", "TRU2")] == [False, True, False, True]
    assert book.items["SAT2"].scale == Scale(1, 5, {1: "Very dissatisfied", 5: "Very satisfied"})
    assert book.items["SAT1"].text == "Overall"
    assert (book.items["SAT1"].ordinal, book.items["TRU1"].ordinal) == (True, False)
    assert book.items["TRU2"].missing == {7.0: "refused"}
    assert book.items["NPS"].scale == Scale(0, 10)
    assert book.columns == (
        *("cid", "w", "wave", "branch", "segment", "region"),
        *("SAT1", "SAT2", "SAT3", "TRU1", "TRU2", "NPS"),
    )


def test_what_is_written_reads_back_the_same():
    book = Codebook.from_text(BOOK)
    assert Codebook.from_text(book.to_toml()) == book


def test_a_file_is_read_with_a_byte_order_mark(tmp_path):
    path = tmp_path / "codebook.toml"
    path.write_text(BOOK, encoding="utf-8-sig")
    assert Codebook.from_toml(path) == Codebook.from_text(BOOK)


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ('id = "cid"\nweigth = "w"\n', 2, "unknown key 'weigth' (did you mean 'weight'?)"),
        ('[constructs.A]\nitems = ["a"]\nscal = [1, 5]\n', 3, "(did you mean 'scale'?)"),
        ('[constructs.A]\nitems = ["a", "b"]\nscale = [1, 5]\nreverse = ["B"]\n', 4, "(did you mean 'b'?)"),
        ('[constructs.A]\nitems = ["a"]\nscale = [5, 1]\n', 3, "wrong way round"),
        ('[constructs.A]\nitems = ["a"]\nscale = "1-5"\n', 3, "'scale' must be two numbers"),
        ('[constructs.A]\nitems = ["a"]\nscale = [1, true]\n', 3, "'scale' must be two numbers"),
        ("[constructs.A]\nscale = [1, 5]\n", 1, "construct 'A' has no items"),
        ('[constructs.A]\nitems = ["a", 3]\n', 2, "must hold column names in quotes, not 3"),
        ("id = 5\n", 1, "'id' must be text in quotes, not a number"),
        ("id = ''\n", 1, "not empty text"),
        ('[constructs]\nA = ["a"]\n', 2, "must be a table with `items`, not a list"),
        ('[items.a]\nreverse = ["a"]\nscale = [1, 5]\n', 2, "'reverse' must be true or false"),
        ("[items.a]\nreverse = true\n", 1, "has no scale"),
        ('[items.a]\nlabels = {1 = "no"}\n', 2, "'labels' need a scale"),
        ('[items.a]\nscale = [1, 5]\nlabels = {low = "no"}\n', 3, "whole numbers, not 'low'"),
        ('[items.a]\nscale = [1, 5]\nlabels = {9 = "no"}\n', 2, "stands outside the scale"),
        ("missing = {99 = 1}\n", 1, "must be text in quotes"),
        ("group = 3\n", 1, "'group' must be a list of column names"),
        ("items = 3\n", 1, "'items' must be a table"),
        ("[items]\na = 3\n", 2, "must be its text or a table"),
    ],
)
def test_a_mistake_is_told_with_its_line(text, line, said):
    with pytest.raises(SurveyError) as caught:
        Codebook.from_text(text, where="codebook.toml")
    assert str(caught.value).startswith(f"codebook.toml, line {line}: ")
    assert said in str(caught.value)


def test_every_mistake_is_told_at_once():
    with pytest.raises(SurveyError) as caught:
        Codebook.from_text('idd = "x"\n\n[constructs.A]\nitem = ["a"]\n', where="cb.toml")
    message = str(caught.value)
    assert "cb.toml: 3 problems" in message
    assert "line 1: unknown key 'idd'" in message
    assert "line 4: unknown key 'item'" in message


def test_broken_toml_is_told_with_line_and_column():
    with pytest.raises(SurveyError, match=r"cb.toml, line 2, column \d+: this is not valid TOML"):
        Codebook.from_text('id = "cid"\nweight = \n', where="cb.toml")


def test_a_file_that_is_not_there_or_not_utf8(tmp_path):
    with pytest.raises(SurveyError, match="no such codebook file"):
        Codebook.from_toml(tmp_path / "none.toml")
    (tmp_path / "gbk.toml").write_bytes('title = "满意"\n'.encode("gbk"))
    with pytest.raises(SurveyError, match="not UTF-8"):
        Codebook.from_toml(tmp_path / "gbk.toml")
    with pytest.raises(SurveyError, match="cannot be read"):
        Codebook.from_toml(tmp_path)


def test_one_column_cannot_have_two_roles():
    with pytest.raises(SurveyError, match="column 'x' is id and weight at once"):
        Codebook.from_text('id = "x"\nweight = "x"\n')
    with pytest.raises(SurveyError, match="'SAT' is an item and the weight column"):
        Codebook.from_text('weight = "SAT"\n[items.SAT]\n')
    assert Codebook.from_text('group = "store"\ncluster = "store"\n').group == ("store",)


def test_an_item_of_two_constructs_must_be_read_one_way():
    text = '[constructs.A]\nitems = ["a"]\nscale = [1, 5]\n[constructs.B]\nitems = ["a"]\nscale = [1, 7]\n'
    with pytest.raises(SurveyError, match="line 5: item 'a' belongs to two constructs"):
        Codebook.from_text(text)
    assert Codebook.from_text(text.replace("7", "5")).construct("B").items == ("a",)


def test_an_unknown_construct_gets_the_nearest_name():
    with pytest.raises(SurveyError, match=r"no construct 'Thrust'.*did you mean 'Trust'"):
        Codebook.from_text(BOOK).construct("Thrust")


def test_built_in_python_items_take_the_scale_of_their_construct():
    book = Codebook({"a": Item("a")}, (Construct("A", ("a",), scale=Scale(1, 5)),))
    assert book.items["a"].scale == Scale(1, 5)
    with pytest.raises(SurveyError, match="unknown item 'b'"):
        Codebook({"a": Item("a")}, (Construct("A", ("b",)),))


def test_extra_missing_codes_win():
    book = Codebook.from_text(BOOK).with_missing({99: "refused", "x": "left"})
    assert book.missing[99.0] == "refused"
    assert book.missing["x"] == "left"


names = st.text(st.characters(codec="utf-8", exclude_categories=("Cs",)), min_size=1, max_size=8)
scales = st.one_of(
    st.none(),
    st.tuples(st.integers(-5, 5), st.integers(1, 9), st.none() | names).map(
        lambda t: Scale(t[0], t[0] + t[1], None if t[2] is None else {t[0]: t[2]})
    ),
)


@st.composite
def codebooks(draw):
    columns = draw(st.lists(names, min_size=1, max_size=6, unique=True))
    k = draw(st.integers(0, len(columns)))
    items = {}
    for name in columns:
        scale = draw(scales)
        turned = draw(st.booleans()) and scale is not None
        items[name] = Item(name, draw(st.text(max_size=8)), scale, turned, draw(st.booleans()))
    constructs = () if k == 0 else (Construct(draw(names), tuple(columns[:k]), ordinal=draw(st.booleans())),)
    return Codebook(items, constructs, missing=draw(st.dictionaries(st.integers(-99, 99), names, max_size=3)))


@given(codebooks())
def test_any_codebook_survives_writing_and_reading(book):
    back = Codebook.from_text(book.to_toml())
    assert back == book
