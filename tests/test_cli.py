"""The command line, as a user's shell sees it."""

import json
import os
import pty
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

from satloyal.cli import app
from study.small import CODEBOOK, STUDY, answers, impossible_answers

ANSI = re.compile(r"\x1b\[")
PROGRAM = [sys.executable, "-c", "from satloyal.cli import main; main()"]


def satloyal(*arguments, cwd=None, env=None):
    return subprocess.run(
        [*PROGRAM, *map(str, arguments)],
        capture_output=True,
        text=True,
        encoding="utf-8",
        cwd=cwd,
        env={**os.environ, "PYTHONUTF8": "1", **(env or {})},
        timeout=120,
    )


@pytest.fixture
def study(tmp_path):
    home = tmp_path / "study"
    home.mkdir()
    (home / "study.toml").write_text(STUDY, encoding="utf-8")
    (home / "codebook.toml").write_text(CODEBOOK, encoding="utf-8")
    answers().to_csv(home / "answers.csv", index=False)
    return home / "study.toml"


def in_process(*arguments):
    """Run a command without a new interpreter: quicker, where the process itself is not the point."""
    done = CliRunner().invoke(app, [str(a) for a in arguments])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return subprocess.CompletedProcess(arguments, done.exit_code, done.stdout, done.stderr)


def refused(done, *words):
    assert done.returncode == 2, done.stderr
    told = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert len(told) == 1, done.stderr
    assert "Traceback" not in done.stderr
    assert not ANSI.search(done.stderr)
    assert all(word in done.stderr for word in words), done.stderr


def test_version_and_help_are_quick():
    import satloyal as sl

    began = time.perf_counter()
    assert satloyal("--version").stdout == f"satloyal {sl.__version__}\n"
    done = satloyal("--help")
    assert time.perf_counter() - began < 3.0  # two starts, each below 1.5 s
    assert done.returncode == 0
    assert all(command in done.stdout for command in ("demo", "run", "check", "inspect"))
    assert not ANSI.search(done.stdout)


def test_help_loads_none_of_the_heavy_libraries():
    heavy = "{'numpy', 'pandas', 'scipy', 'matplotlib', 'pydantic'}"
    code = f"import sys; from satloyal.cli import app; print({heavy} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.strip() == "set()"


def test_a_run_writes_its_results_and_says_where(study, tmp_path):
    done = satloyal("run", study, "--out", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    for name in ("report.html", "results.json", "tables"):
        assert str(tmp_path / "out" / name) in done.stdout
        assert (tmp_path / "out" / name).exists()
    assert "SUPPORTED: Service raises loyalty." in done.stdout
    assert "[3/6] bootstrap 'main': 60 replicates, seed 3" in done.stderr.splitlines()
    assert not ANSI.search(done.stdout + done.stderr)


def test_quiet_is_silent(study, tmp_path):
    done = satloyal("run", study, "--out", tmp_path / "out", "--quiet")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert (tmp_path / "out" / "report.html").exists()


def test_names_in_the_study_start_at_its_folder_wherever_the_shell_is(study, tmp_path):
    done = satloyal("run", study, "--out", "here", "--quiet", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "here" / "results.json").exists()


def test_strict_tells_a_failed_check_by_its_exit_code_and_still_writes(study, tmp_path):
    impossible_answers().to_csv(study.parent / "answers.csv", index=False)
    assert in_process("run", study, "--out", tmp_path / "lax", "--quiet").returncode == 0
    done = in_process("run", study, "--out", tmp_path / "strict", "--strict", "--quiet")
    assert done.returncode == 1
    assert "failed check: model 'main': variances" in done.stderr
    assert (tmp_path / "strict" / "report.html").exists()


def test_strict_lets_a_good_study_pass(study, tmp_path):
    study.write_text(study.read_text(encoding="utf-8").replace("replicates = 60", "replicates = 1000"))
    done = in_process("run", study, "--out", tmp_path / "out", "--strict")
    assert done.returncode == 0, done.stderr


def test_check_prints_the_plan_and_fits_nothing(study, tmp_path):
    before = sorted(tmp_path.rglob("*"))
    done = in_process("check", study)
    assert done.returncode == 0, done.stderr
    assert "2. fit the model 'main'" in done.stdout
    assert "Nothing was fitted" in done.stdout
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("replicates = 60", "replicats = 60", ["line 17 ([bootstrap] replicats)", "'replicates'"]),
        ("[bootstrap]", "[bootstrap", ["line 16", "not valid TOML"]),
        ("s1 + s2 + s3", "s1 + s2 + s9", ["line 10", "'s9'"]),
        ("Loyalty =~ l1", "Loyalty =~ =~ l1", ["line 11"]),
        ("answers.csv", "missing.csv", ["line 5", "there is no file"]),
    ],
)
@pytest.mark.parametrize("command", ["check", "run"])
def test_a_bad_study_is_one_error_with_its_line(study, tmp_path, command, old, new, words):
    study.write_text(study.read_text(encoding="utf-8").replace(old, new, 1), encoding="utf-8")
    extra = ["--out", tmp_path / "out"] if command == "run" else []
    refused(in_process(command, study, *extra), "study.toml", *words)
    assert not (tmp_path / "out").exists()


def test_a_missing_study_is_an_error(tmp_path):
    refused(in_process("run", tmp_path / "none.toml", "--out", tmp_path / "out"), "no such study file")


def test_a_missing_option_is_bad_usage(study):
    done = in_process("run", study)
    assert done.returncode == 2
    assert "--out" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_unwritable_output_is_refused_before_the_work_begins(study, tmp_path):
    (tmp_path / "file").write_text("in the way")
    done = in_process("run", study, "--out", tmp_path / "file")
    refused(done, "is a file, not a folder")
    assert "[1/" not in done.stderr
    assert (tmp_path / "file").read_text() == "in the way"
    below = in_process("run", study, "--out", tmp_path / "file" / "below", "--quiet")
    refused(below, "cannot be written")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_leaves_nothing_half_written(study, tmp_path, number):
    out = tmp_path / "new" / "out"
    text = study.read_text(encoding="utf-8").replace("replicates = 60", "replicates = 1000000")
    study.write_text(text, encoding="utf-8")
    process = subprocess.Popen(
        [*PROGRAM, "run", str(study), "--out", str(out)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    for line in process.stderr:
        if "bootstrap" in line:
            break
    time.sleep(0.5)
    process.send_signal(number)
    _, rest = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "interrupted" in rest
    assert "Traceback" not in rest
    assert not (tmp_path / "new").exists()


def test_inspect_says_what_was_detected(study):
    done = in_process("inspect", study.parent / "answers.csv", "--codebook", study.parent / "codebook.toml")
    assert done.returncode == 0, done.stderr
    assert "answers.csv" in done.stdout
    assert "240 rows × 7 columns" in done.stdout
    assert re.search(r"^s1\s+item\s+number\s+240", done.stdout, re.MULTILINE)
    assert re.search(r"^brand\s+group\s+text", done.stdout, re.MULTILINE)
    assert not ANSI.search(done.stdout)


def test_inspect_describes_a_large_file_by_chunks(study, tmp_path):
    data, book = study.parent / "answers.csv", study.parent / "codebook.toml"
    done = in_process("inspect", data, "--codebook", book, "--large")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[0].split()[:4] == ["item", "construct", "text", "n"]
    assert re.search(r"^s1\s.*\s240\s", done.stdout, re.MULTILINE)
    assert "[1/1] describe answers.csv" in done.stderr.splitlines()
    assert "240 respondents." in done.stderr
    assert not ANSI.search(done.stdout + done.stderr)
    assert in_process("inspect", data, "--codebook", book, "--large", "--quiet").stderr == ""
    refused(in_process("inspect", data, "--large"), "--codebook")
    refused(in_process("inspect", tmp_path / "none.csv", "--codebook", book, "--large"), "none.csv")
    assert in_process("inspect", data, "--codebook", book, "--large", "--sheet", "x").returncode == 2


def test_inspect_refuses_what_is_no_survey(tmp_path):
    (tmp_path / "empty.csv").write_text("")
    refused(in_process("inspect", tmp_path / "empty.csv"), "empty.csv")
    refused(in_process("inspect", tmp_path / "none.csv"), "none.csv")


def test_the_demo_on_simulated_data_says_so_first(tmp_path):
    done = in_process("demo", "--sample", "simulated_retail", "--replicates", 60, "--out", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    assert "simulated" in done.stdout.splitlines()[0].lower()
    results = json.loads((tmp_path / "out" / "results.json").read_text(encoding="utf-8"))
    assert results["simulated"] is True
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "These data are simulated" in page
    assert "True value" in page


def test_the_demo_refuses_an_unknown_sample(tmp_path):
    refused(in_process("demo", "--sample", "simulated", "--out", tmp_path / "out"), "'simulated_retail'")


@pytest.mark.parametrize("sample", ["simulated_retail", "ecsi_mobile"])
def test_the_demo_study_folder_runs_as_it_is(tmp_path, sample):
    folder = tmp_path / "my study"
    written = in_process("demo", "--sample", sample, "--study", folder)
    if "does not travel" in written.stderr:
        pytest.skip("the real sample is not here")
    assert written.returncode == 0, written.stderr
    assert "satloyal run" in written.stdout
    assert {"study.toml", "codebook.toml", "card.md", f"{sample}.csv"} <= {p.name for p in folder.iterdir()}
    done = in_process("run", folder / "study.toml", "--out", tmp_path / "out", "--replicates", 50, "--quiet")
    assert done.returncode == 0, done.stderr
    results = json.loads((tmp_path / "out" / "results.json").read_text(encoding="utf-8"))
    assert results["simulated"] is (sample == "simulated_retail")
    again = in_process("demo", "--sample", sample, "--study", folder)
    refused(again, "is there already")


def test_a_terminal_gets_a_bar(study, tmp_path):
    screen, terminal = pty.openpty()
    done = subprocess.Popen(
        [*PROGRAM, "run", str(study), "--out", str(tmp_path / "out")],
        stdout=subprocess.DEVNULL,
        stderr=terminal,
        env={**os.environ, "TERM": "xterm", "PYTHONUTF8": "1"},
    )
    os.close(terminal)
    shown = b""
    while True:
        try:
            piece = os.read(screen, 4096)
        except OSError:
            break
        if not piece:
            break
        shown += piece
    os.close(screen)
    assert done.wait(60) == 0
    assert b"\x1b[" in shown
    assert "bootstrap 'main'" in shown.decode("utf-8", "replace")


def test_the_repository_has_the_simulated_data_its_script_makes(tmp_path):
    root = Path(__file__).resolve().parents[1]
    made = root / "src" / "satloyal" / "survey" / "data" / "simulated_retail" / "simulated_retail.csv"
    before = made.read_bytes()
    code = (
        "import sys; sys.path.insert(0, 'data'); import pathlib, numpy as np, make_simulated_retail as m; "
        f"m.FOLDER = pathlib.Path({str(tmp_path)!r}); sys.argv = ['x']; m.main()"
    )
    subprocess.run([sys.executable, "-c", code], cwd=root, check=True, capture_output=True)
    assert (tmp_path / "simulated_retail.csv").read_bytes() == before
