"""What the benchmarks share: the models, the data, timing, one table form."""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

ROOT = Path(__file__).parents[1]
REFERENCE = ROOT / "tests" / "reference"


@dataclass(frozen=True)
class Case:
    """A model of the stored references, with its data."""

    name: str
    syntax: str
    data_path: Path

    @property
    def data(self) -> pd.DataFrame:
        """The rows that the model is fitted to."""
        return pd.read_csv(self.data_path)

    @property
    def plain_syntax(self) -> str:
        """The model without labels and defined parameters, which semopy reads in its own way."""
        lines = [line for line in self.syntax.splitlines() if ":=" not in line]
        return "\n".join(" ".join(w.split("*")[-1] for w in line.split()) for line in lines)


def case(name: str) -> Case:
    stored = json.loads((REFERENCE / "lavaan" / f"{name}.json").read_text(encoding="utf-8"))
    return Case(name, stored["syntax"], REFERENCE / "data" / stored["data"])


def median_seconds(run: Callable[[], Any], *, repeats: int, warm: int = 2) -> float:
    for _ in range(warm):
        run()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return float(np.median(times))


def alternating(runs: Sequence[Callable[[], Any]], *, repeats: int, warm: int = 2) -> list[float]:
    """Median seconds of several peers, taken in turn so that a busy moment hits all of them."""
    for run in runs:
        for _ in range(warm):
            run()
    times: list[list[float]] = [[] for _ in runs]
    for _ in range(repeats):
        for kept, run in zip(times, runs, strict=True):
            start = time.perf_counter()
            run()
            kept.append(time.perf_counter() - start)
    return [float(np.median(kept)) for kept in times]


def semopy_or_none() -> Any:
    """Return the peer, or None with a line that says so."""
    try:
        import semopy
    except ImportError:
        print("semopy is not installed: its columns stay empty (make bench installs it)")
        return None
    return semopy


def rscript(code: str) -> str | None:
    """Return what R prints, or None where R or lavaan is not there."""
    if shutil.which("Rscript") is None:
        print("Rscript is not installed: lavaan's columns stay empty (Debian: r-cran-lavaan)")
        return None
    run = subprocess.run(["Rscript", "-e", code], capture_output=True, text=True, check=False)
    if run.returncode:
        print(f"Rscript failed, lavaan's columns stay empty: {run.stderr.strip().splitlines()[-1:]}")
        return None
    return run.stdout


def ratio(ours: float, theirs: float | None) -> str:
    return (
        "" if theirs is None else f"{theirs / ours:.0f}×" if theirs / ours >= 10 else f"{theirs / ours:.1f}×"
    )


def verdict(met: bool | None) -> str:
    return {True: "met", False: "MISSED", None: "not measured"}[met]


def table(title: str, rows: Sequence[dict[str, Any]]) -> None:
    print(f"\n## {title}\n")
    head = list(rows[0])
    text = [head, *[[str(row[name]) for name in head] for row in rows]]
    widths = [max(len(line[i]) for line in text) for i in range(len(head))]
    for k, line in enumerate(text):
        print("| " + " | ".join(cell.ljust(w) for cell, w in zip(line, widths, strict=True)) + " |")
        if k == 0:
            print("|" + "|".join("-" * (w + 2) for w in widths) + "|")
    sys.stdout.flush()


def machine() -> str:
    import scipy

    load = ", ".join(f"{x:.1f}" for x in os.getloadavg()) if hasattr(os, "getloadavg") else "unknown"
    return (
        f"{os.cpu_count()} cores, load before {load}; Python {platform.python_version()}, "
        f"numpy {np.__version__}, scipy {scipy.__version__}, pandas {pd.__version__}"
    )
