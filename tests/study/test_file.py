"""A study file is understood as written, or refused with the line and the remedy."""

import pytest

from satloyal.errors import StudyError
from satloyal.study.file import read_study, suggest
from satloyal.study.samples import STUDY_SAMPLES, study_template

GOOD = """
title = "A study"

[data]
file = "../answers.csv"
codebook = "codebook.toml"
missing_codes = {99 = "don't know"}

[model]
text = "Y ~ X"
"""


@pytest.fixture
def study(tmp_path):
    def read(text):
        path = tmp_path / "study.toml"
        path.write_text(text, encoding="utf-8")
        return read_study(path)

    return read


def refusal(study, text):
    with pytest.raises(StudyError) as caught:
        study(text)
    return str(caught.value)


def test_a_good_file_is_understood(study):
    config = study(GOOD).config
    assert config.title == "A study"
    assert list(config.named_models) == ["main"]
    assert config.data.missing_codes == {"99": "don't know"}
    assert config.bootstrap is None
    assert config.outputs.formats == ("html", "csv", "json")


def test_names_start_at_the_folder_of_the_file_and_may_lead_out_of_it(study, tmp_path):
    assert study(GOOD).resolve("../answers.csv") == tmp_path / "../answers.csv"


def test_several_models_keep_the_order_of_the_file(study):
    text = GOOD.replace("[model]", "[models.second]") + '\n[models.a]\ntext = "Y ~ Z"\n'
    assert list(study(text).config.named_models) == ["second", "a"]


@pytest.mark.parametrize("name", STUDY_SAMPLES)
def test_the_studies_that_ship_are_good(name):
    assert read_study(study_template(name)).config.bootstrap.replicates == 5000


@pytest.mark.parametrize(
    ("extra", "line", "words"),
    [
        ("[bootstrap]\nreplicate = 10", 13, ["[bootstrap] replicate", "unknown key", "'replicates'"]),
        ("[bootstrap]\nreplicates = 'many'", 13, ["expected a whole number, found 'many'"]),
        ("[bootstrap]\nreplicates = 0", 13, ["must be at least 50, found 0"]),
        ("[bootstrap]\nseed = true", 13, ["expected a whole number, found true"]),
        ("[bootsrap]\nseed = 1", 12, ["unknown key 'bootsrap'", "'bootstrap'"]),
        ('[[curves]]\nx = "A"', 12, ["[[curves]] no. 1, y", "the key 'y' is missing"]),
        (
            '[[curves]]\nx = "A"\ny = "B"\nshapes = ["linear", "cubik"]',
            15,
            ["no. 1, shapes, entry 2", "'cubik' is not one of"],
        ),
        (
            '[outputs]\ndir = "../elsewhere"',
            13,
            ["([outputs] dir)", "must stay below the folder given by --out"],
        ),
        ('[outputs]\nformats = ["pdf"]', 13, ["'pdf' is not one of html, csv, json, markdown, latex"]),
        ('[outputs]\nname = "a/b"', 13, ["not a plain file name"]),
        ("bootstrap = 3", 12, ["([model] bootstrap)", "expected true or false, found 3"]),
        ('[propositions.p]\nclaim = "C"\neffect = "e"\ndirection = "up"', 15, ["'up' is not one of"]),
    ],
)
def test_a_mistake_is_shown_with_its_line_and_the_remedy(study, extra, line, words):
    message = refusal(study, GOOD + "\n" + extra + "\n")
    assert f"study.toml, line {line}" in message
    assert all(word in message for word in words), message


def test_all_mistakes_are_listed_in_the_order_of_the_file(study):
    message = refusal(study, GOOD.replace('title = "A study"', "title = 1") + "\n[bootstrap]\nsed = 1\n")
    assert "2 problems" in message
    assert message.index("line 2 (title)") < message.index("line 13 ([bootstrap] sed)")


def test_a_missing_title_is_asked_for(study):
    assert "the key 'title' is missing" in refusal(study, GOOD.replace('title = "A study"', ""))


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('text = "Y ~ X"', "", "exactly one of 'text'"),
        ('file = "../answers.csv"', "", "exactly one of 'file'"),
        ('file = "../answers.csv"', 'sample = "ecsi_mobile"', "brings its own codebook"),
        ('[model]\ntext = "Y ~ X"', "", "nothing to fit"),
    ],
)
def test_a_study_that_says_too_little_or_too_much_is_refused(study, old, new, words):
    assert words in refusal(study, GOOD.replace(old, new))


def test_broken_toml_is_shown_with_line_and_caret(study):
    message = refusal(study, 'title = "A"\n[data\nfile = "x"\n')
    assert "study.toml, line 2" in message
    assert "not valid TOML" in message
    assert "    [data\n         ^" in message


def test_toml_that_breaks_off_is_shown_at_its_end(study):
    assert "not valid TOML" in refusal(study, 'title = "A"\ntext = """\nabc')


def test_a_missing_file_names_the_one_beside_it(tmp_path):
    (tmp_path / "study.toml").write_text(GOOD)
    with pytest.raises(StudyError, match=r"no such study file.*study\.toml"):
        read_study(tmp_path / "stud.toml")


def test_a_folder_is_not_a_study(tmp_path):
    with pytest.raises(StudyError, match="this is a folder"):
        read_study(tmp_path)


def test_text_in_another_encoding_is_refused_and_a_byte_order_mark_is_not(tmp_path):
    path = tmp_path / "study.toml"
    path.write_bytes(GOOD.replace("A study", "Zürich").encode("cp1252"))
    with pytest.raises(StudyError, match="not UTF-8"):
        read_study(path)
    path.write_bytes(b"\xef\xbb\xbf" + GOOD.encode())
    assert read_study(path).config.title == "A study"


def test_nothing_in_a_message_is_invented():
    assert suggest("x", [], what="name") is None
    assert suggest("zzz", ["alpha"], what="column") == "use one of the columns: alpha"
