"""Every name of a study is looked up in its data before anything is computed."""

import pytest

from satloyal.errors import SatloyalError
from satloyal.study.check import check_plan
from satloyal.study.plan import make_plan


def refusal(path):
    with pytest.raises(SatloyalError) as caught:
        check_plan(make_plan(path))
    return str(caught.value)


def test_a_good_study_is_described(folder):
    text = check_plan(make_plan(folder / "study.toml")).to_text()
    assert "240 rows and 7 columns" in text
    assert "'main': 2 latent, 6 observed variables, 13 free parameters" in text
    assert "Nothing was fitted" in text


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('file = "answers.csv"', 'file = "answer.csv"', ["line 5 ([data] file)", "'answers.csv'"]),
        ('"codebook.toml"', '"codebok.toml"', ["line 6 ([data] codebook)", "'codebook.toml'"]),
        ("s1 + s2 + s3", "s1 + s2 + s33", ["line 10 ([model] text)", "'s33'"]),
        ('x = "Service"', 'x = "Servise"', ["line 21 ([[curves]] no. 1, x)", "'Service'"]),
        ('x = "Service"', 'x = "brand"', ["line 21", "not numeric"]),
        ('by = ["brand"]', 'by = ["brnd"]', ["line 26 ([groups] by", "'brand'"]),
        ('effect = "doubled"', 'effect = "doubld"', ["line 34 ([propositions.reverse] effect)", "'doubled'"]),
        ("b*Service", "b*Service + brand", ["line 12 ([model] text)", "'brand' holds text"]),
        ("[model]", '[model]\ngroup = "bran"', ["line 9 ([model] group)", "'brand'"]),
        ("[model]", '[model]\ncluster = "bran"', ["line 9 ([model] cluster)", "'brand'"]),
    ],
)
def test_an_unknown_name_is_shown_with_its_line_and_the_nearest(edit, old, new, words):
    message = refusal(edit(old, new))
    assert all(word in message for word in words), message


def test_all_unknown_names_are_listed_at_once(edit):
    edit('x = "Service"', 'x = "Servise"')
    message = refusal(edit('by = ["brand"]', 'by = ["brnd"]'))
    assert "2 problems" in message
    assert message.index("line 21") < message.index("line 26")


def test_an_inline_codebook_serves_as_well_as_a_file(edit):
    path = edit('codebook = "codebook.toml"\n', "")
    inline = '\n[codebook]\ngroup = "brand"\n[codebook.constructs.Service]\nitems = ["s1", "s2", "s3"]\n'
    inline += '[codebook.constructs.Loyalty]\nitems = ["l1", "l2", "l3"]\n'
    path.write_text(path.read_text() + inline)
    assert check_plan(make_plan(path)).survey.construct_items["Service"] == ("s1", "s2", "s3")


def test_a_mistake_in_an_inline_codebook_points_at_its_line_in_the_study_file(edit):
    path = edit('codebook = "codebook.toml"\n', "")
    path.write_text(path.read_text() + '\n[codebook]\ngrop = "brand"\n')
    message = refusal(path)
    line = path.read_text().splitlines().index('grop = "brand"') + 1
    assert f"line {line}" in message
    assert "'group'" in message


def test_a_published_matrix_is_not_a_survey(edit):
    path = edit('file = "answers.csv"\ncodebook = "codebook.toml"', 'sample = "gidakovic_zabkar_2021"')
    assert "not a survey" in refusal(path) or "does not travel" in refusal(path)
