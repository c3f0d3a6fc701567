"""Everything of a run appears together, or nothing does."""

import json
import os

import pytest

from satloyal.errors import StudyError
from satloyal.study.output import file_hash, staged_folder


def everything(folder):
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*"))


def run(goal, names, text="x"):
    with staged_folder(goal) as stage:
        for name in names:
            (stage / name).parent.mkdir(parents=True, exist_ok=True)
            (stage / name).write_text(text)
        listed = [{"path": n, "sha256": file_hash(stage / n)} for n in names]
        (stage / "run.json").write_text(json.dumps({"files": listed}))


def broken_run(goal, error):
    with staged_folder(goal) as stage:
        (stage / "report.html").write_text("half")
        raise error


def test_a_finished_run_makes_its_folder_with_its_parents(tmp_path):
    run(tmp_path / "a" / "b", ["report.html", "tables/t.csv"])
    assert everything(tmp_path / "a" / "b") == ["report.html", "run.json", "tables", "tables/t.csv"]
    assert everything(tmp_path)[:2] == ["a", "a/b"]


def test_a_run_that_breaks_leaves_no_trace(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        broken_run(tmp_path / "a" / "b", KeyboardInterrupt)
    assert everything(tmp_path) == []


def test_a_run_that_breaks_leaves_former_results_untouched(tmp_path):
    run(tmp_path / "out", ["report.html"], "former")
    before = everything(tmp_path)
    with pytest.raises(ZeroDivisionError):
        broken_run(tmp_path / "out", ZeroDivisionError)
    assert everything(tmp_path) == before
    assert (tmp_path / "out" / "report.html").read_text() == "former"


def test_a_second_run_replaces_its_files_and_removes_only_its_own_stale_ones(tmp_path):
    out = tmp_path / "out"
    run(out, ["report.html", "tables/old.csv", "tables/edited.csv"])
    (out / "tables" / "edited.csv").write_text("by hand")
    (out / "notes.txt").write_text("mine")
    run(out, ["report.html"], "new")
    assert everything(out) == ["notes.txt", "report.html", "run.json", "tables", "tables/edited.csv"]
    assert (out / "report.html").read_text() == "new"


def test_a_listed_file_outside_the_folder_is_never_removed(tmp_path):
    out = tmp_path / "out"
    run(out, ["report.html"])
    other = tmp_path / "mine.txt"
    other.write_text("mine")
    listed = [{"path": "../mine.txt", "sha256": file_hash(other)}]
    (out / "run.json").write_text(json.dumps({"files": listed}))
    run(out, ["report.html"])
    assert other.read_text() == "mine"


def test_a_damaged_list_of_files_does_no_harm(tmp_path):
    out = tmp_path / "out"
    run(out, ["report.html"])
    (out / "run.json").write_text("[1, 2")
    run(out, ["report.html"], "new")
    assert (out / "report.html").read_text() == "new"


def test_a_file_in_the_way_is_named(tmp_path):
    (tmp_path / "out").write_text("a file")
    with pytest.raises(StudyError, match="is a file, not a folder"), staged_folder(tmp_path / "out"):
        pass


def test_a_place_that_cannot_be_written_is_refused_before_anything_is_computed(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StudyError, match="cannot be written"), staged_folder(tmp_path / "file" / "out"):
        pytest.fail("nothing may run")


def test_the_folder_has_the_usual_permissions(tmp_path):
    run(tmp_path / "out", ["report.html"])
    mask = os.umask(0)
    os.umask(mask)
    assert (tmp_path / "out").stat().st_mode & 0o777 == 0o777 & ~mask
