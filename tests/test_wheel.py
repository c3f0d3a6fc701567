"""The installed wheel works without the checkout, and carries no real survey."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
pytestmark = pytest.mark.xdist_group("wheel")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    quiet = ["--no-build-isolation", "--no-deps", "--disable-pip-version-check", "--quiet"]
    subprocess.run(
        [sys.executable, "-m", "pip", "wheel", *quiet, "-w", str(folder), str(ROOT)],
        check=True,
        capture_output=True,
    )
    return next(folder.glob("satloyal-*.whl"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("installed")
    with zipfile.ZipFile(wheel) as file:
        file.extractall(folder)
    return folder


def test_it_holds_the_package_its_templates_and_its_type_marker_and_nothing_else(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    tops = {name.split("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"satloyal"}
    assert "satloyal/py.typed" in names
    assert any(name.endswith(".html.j2") for name in names)
    assert any("licenses/LICENSE" in name for name in names)


def test_no_real_survey_is_in_it(wheel: Path) -> None:
    data = [
        name for name in zipfile.ZipFile(wheel).namelist() if name.endswith((".csv", ".sav", ".xlsx", ".dta"))
    ]
    assert data
    assert all("simulated" in name for name in data)


def test_the_demo_from_the_wheel_says_first_that_its_data_are_simulated(
    installed: Path, tmp_path: Path
) -> None:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("SATLOYAL")}
    environment["PYTHONPATH"] = str(installed)
    code = "import satloyal.cli, sys; print(satloyal.cli.__file__, file=sys.stderr); satloyal.cli.main()"
    run = subprocess.run(
        [sys.executable, "-c", code, "demo", "--out", "out", "--replicates", "60"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stderr
    assert str(installed) in run.stderr
    assert "simulated" in run.stdout.splitlines()[0].lower()
    assert (tmp_path / "out" / "results.json").exists()
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "simulated" in page.lower()
