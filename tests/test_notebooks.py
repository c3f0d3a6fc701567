"""The notebooks run from top to bottom on a fresh kernel, and are kept without outputs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

ROOT = Path(__file__).parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


def _text(output: nbformat.NotebookNode) -> str:
    data = output.get("data", {})
    return "".join([output.get("text", ""), data.get("text/plain", ""), data.get("text/html", "")])


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_it_runs_and_every_cell_that_should_show_something_does(path: Path, tmp_path: Path) -> None:
    book = nbformat.read(path, as_version=4)
    client = NotebookClient(
        book, timeout=240, kernel_name="python3", resources={"metadata": {"path": tmp_path}}
    )
    client.execute()
    code = [cell for cell in book.cells if cell.cell_type == "code"]
    assert not [o for cell in code for o in cell.outputs if o.output_type == "error"]
    streams = [o for cell in code for o in cell.outputs if o.output_type == "stream" and o.name == "stderr"]
    assert not [o.text for o in streams if "Warning" in o.text]
    drawn = [cell for cell in code if ".figure(" in cell.source]
    assert drawn
    for cell in drawn:
        assert any("image/png" in o.get("data", {}) for o in cell.outputs), cell.source
    shown = [_text(o) for cell in code for o in cell.outputs]
    assert any("Converged after" in text for text in shown)
    assert not [text for text in shown if "('paths'" in text or "<Figure size" in text]
    if any("report.html" in cell.source for cell in code):
        assert (tmp_path / "out" / "report.html").stat().st_size > 100_000


def test_they_are_kept_without_outputs() -> None:
    run = subprocess.run(
        [sys.executable, str(ROOT / "notebooks" / "strip.py"), "--check"], capture_output=True, text=True
    )
    assert run.returncode == 0, run.stdout


def test_there_are_at_least_two() -> None:
    assert len(NOTEBOOKS) >= 2
