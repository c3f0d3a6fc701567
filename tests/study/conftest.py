"""A folder with a small study, quick enough to run many times."""

import pytest

from study.small import CODEBOOK, STUDY, answers


@pytest.fixture
def folder(tmp_path):
    """A folder with study.toml, codebook.toml and answers.csv."""
    home = tmp_path / "study"
    home.mkdir()
    (home / "study.toml").write_text(STUDY, encoding="utf-8")
    (home / "codebook.toml").write_text(CODEBOOK, encoding="utf-8")
    answers().to_csv(home / "answers.csv", index=False)
    return home


@pytest.fixture
def edit(folder):
    """Change the study file and return its path."""

    def change(old, new):
        path = folder / "study.toml"
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new), encoding="utf-8")
        return path

    return change
