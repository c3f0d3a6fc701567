"""``satloyal codebook`` drafts a codebook that the other commands read."""

from __future__ import annotations

import subprocess
import sys

import pytest

from satloyal.errors import SurveyError
from satloyal.study.draft import draft_codebook
from satloyal.survey.codebook import Codebook

CSV = "id,SAT1,SAT2\nC1,1,2\nC2,5,4\nC3,3,3\n"


def test_the_command_writes_what_inspect_reads(tmp_path):
    file, out = tmp_path / "export.csv", tmp_path / "codebook.toml"
    file.write_text(CSV)
    run = [sys.executable, "-c", "from satloyal.cli import main; main()"]
    done = subprocess.run([*run, "codebook", str(file), "--out", str(out)], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert Codebook.from_toml(out).construct_items == {"SAT": ("SAT1", "SAT2")}
    seen = subprocess.run(
        [*run, "inspect", str(file), "--codebook", str(out)], capture_output=True, text=True, check=True
    )
    assert "SAT1" in seen.stdout
    again = subprocess.run([*run, "codebook", str(file), "--out", str(out)], capture_output=True, text=True)
    assert again.returncode == 2
    assert "there is a file of that name" in again.stderr


def test_a_draft_that_cannot_be_written_is_one_error(tmp_path):
    file = tmp_path / "export.csv"
    file.write_text(CSV)
    with pytest.raises(SurveyError, match="cannot be written"):
        draft_codebook(file, tmp_path / "nowhere" / "codebook.toml")
