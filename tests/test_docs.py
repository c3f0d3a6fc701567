"""What README and docs say is so."""

from __future__ import annotations

import ast
import re
import tomllib
from pathlib import Path

import pytest

import satloyal as sl

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "benchmarks").glob("*.md")])
BUILT = {"_build", "jupyter_execute", "generated"}


def _blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)


def _targets() -> set[str]:
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    return set(re.findall(r"^([a-z-]+):.*##", text, re.MULTILINE))


def test_readme_opens_with_the_two_commands() -> None:
    commands = re.findall(r"^make (\w+)", README, re.MULTILINE)
    assert commands[:2] == ["demo", "test"]
    assert README.index("make demo") < 100


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md"])
def test_every_make_target_that_is_named_exists(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    code = "\n".join([*_blocks(text, ""), *re.findall(r"`(make [^`]+)`", text)])
    lines = [line.split("#")[0] for line in code.splitlines()]
    named = {
        word for line in lines for call in re.findall(r"\bmake ([a-z ]+)", line) for word in call.split()
    }
    assert named
    assert named <= _targets()


def test_the_readmes_code_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    blocks = _blocks(README, "python")
    assert len(blocks) == 2
    code = "\n".join(blocks).replace("5000", "200")  # fewer replicates: what is tested is that it runs
    scope: dict[str, object] = {}
    exec(compile(code, "README.md", "exec"), scope)  # noqa: S102 - our own text
    assert (tmp_path / "report.html").stat().st_size > 50_000
    boot = scope["boot"]
    assert "quality_to_loyalty" in set(boot.tidy()["lhs"])


@pytest.mark.parametrize("path", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_links_to_files_lead_somewhere(path: Path) -> None:
    if BUILT & set(path.parts):
        return
    text = re.sub(r"```.*?```", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)#\s]+)", text):
        if re.match(r"[a-z]+:", target):
            continue
        # the docs show copies of the notebooks
        place = ROOT / "notebooks" / Path(target).name if target.endswith(".ipynb") else path.parent / target
        assert place.exists(), f"{path.name} points at {target}"


def test_the_reference_lists_every_public_name() -> None:
    text = (ROOT / "docs" / "reference" / "index.md").read_text(encoding="utf-8")
    listed = set(re.findall(r"^   (\w+)$", text, re.MULTILINE))
    assert {name for name in sl.__all__ if name != "__version__"} <= listed


def test_the_version_is_said_once() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["version"] == sl.__version__


def test_contributing_fits_a_page_and_says_where_vendors_estimators_and_blocks_go() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    assert text.count("\n") <= 80
    for place in ("survey/readers/", "models/sem/discrepancy.py", "reporting/blocks/"):
        assert place in text
    for place in re.findall(r"`((?:src|tests|docs|data|benchmarks)/[\w/.]*)`", text):
        assert (ROOT / place).exists(), place


def test_changelog_is_in_the_form_of_keep_a_changelog() -> None:
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert "## [Unreleased]" in text
    kinds = re.findall(r"^### (\w+)$", text, re.MULTILINE)
    assert set(kinds) <= {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}


def test_hooks_need_no_network() -> None:
    text = (ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8")
    assert set(re.findall(r"repo: (\S+)", text)) == {"local"}
    assert set(re.findall(r"language: (\S+)", text)) == {"system"}


def test_ci_runs_what_contributing_says() -> None:
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert "set -euo pipefail" in script
    steps = re.findall(r"^make (\w+)$", script, re.MULTILINE)
    assert steps == ["lint", "types", "imports", "docs", "test"]


def test_benchmarks_can_be_parsed_without_running_them() -> None:
    for path in (ROOT / "benchmarks").glob("*.py"):
        assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))), path.name
