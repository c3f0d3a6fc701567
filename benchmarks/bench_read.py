"""Reading: a million rows of 40 numbers beside DuckDB, and 100,000 Qualtrics responses of choice text.

Peers and tasks run in processes of their own, in turn, so that a busy moment hits all of them; the least of
the repeats counts. DuckDB reads and sums 39 columns; satloyal takes their means and all their covariances.
"""

from __future__ import annotations

import argparse
import csv
import importlib.util
import json
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from bench_growth import peak_mb
from common import ROOT, machine, table, verdict

ITEMS = [f"Q{i}" for i in range(1, 40)]
SAMPLE = ROOT / "tests" / "survey" / "exports" / "qualtrics_choice_text.csv"
TASKS = ("duckdb", "moments", "survey", "qualtrics")
NAMES = {
    "duckdb": "DuckDB: read and sum 39 columns",
    "moments": "Moments.from_csv, 39 columns",
    "survey": "read_survey, the same file",
    "qualtrics": "read_survey, Qualtrics choice text",
}
GOAL_RATIO, GOAL_SECONDS = 1.5, 10.0


def write_numbers(path: Path, rows: int) -> None:
    rng = np.random.default_rng(1)
    with path.open("w", encoding="utf-8") as file:
        file.write("id," + ",".join(ITEMS) + "\n")
        for start in range(0, rows, 100_000):
            ids = np.arange(start, min(start + 100_000, rows))
            np.savetxt(
                file, np.column_stack([ids, rng.integers(1, 8, (len(ids), 39))]), fmt="%d", delimiter=","
            )


def write_qualtrics(path: Path, rows: int) -> None:
    """Repeat the sample's responses with ids of their own, its first 40 columns."""
    with SAMPLE.open(encoding="utf-8-sig", newline="") as file:
        sample = list(csv.reader(file))
    ids = sample[0].index("ResponseId")
    with path.open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file)
        out.writerows(row[:40] for row in sample[:3])
        for i in range(rows):
            row = sample[3 + i % (len(sample) - 3)][:40]
            out.writerow([*row[:ids], f"R_{i:015d}", *row[ids + 1 :]])


def task(what: str, path: str) -> dict[str, float]:
    """Do one thing and return wall and processor seconds and the peak of memory."""
    run = _prepared(what, path)
    start, processor = time.perf_counter(), time.process_time()
    rows = run()
    seconds = {"seconds": time.perf_counter() - start, "cpu": time.process_time() - processor}
    return {**seconds, "mb": peak_mb(), "rows": rows}


def _prepared(what: str, path: str) -> Any:
    if what == "duckdb":
        import duckdb

        sums = ", ".join(f"sum({name})" for name in ITEMS)
        return lambda: duckdb.sql(f"select count(*), {sums} from '{path}'").fetchall()[0][0]  # noqa: S608 - our file
    import satloyal as sl
    from satloyal.errors import SurveyWarning

    warnings.simplefilter("ignore", SurveyWarning)
    if what == "moments":
        moments = sl.Moments
        return lambda: moments.from_csv(path, ITEMS).n
    read = sl.read_survey
    return lambda: read(path).source.rows


def measured(what: str, path: Path) -> dict[str, float]:
    command = [sys.executable, __file__, "--task", what, "--path", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{what}: {done.stderr.strip().splitlines()[-1:]}")
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def main() -> int:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--task", choices=TASKS)
    asked.add_argument("--path")
    asked.add_argument("--rows", type=int, default=1_000_000)
    asked.add_argument("--repeats", type=int, default=3)
    options = asked.parse_args()
    if options.task:
        print(json.dumps(task(options.task, options.path)))
        return 0
    print(machine())
    there = importlib.util.find_spec("duckdb") is not None
    if not there:
        print("duckdb is not installed: its row stays empty (make bench installs it)")
    tasks = TASKS if there else TASKS[1:]
    with tempfile.TemporaryDirectory() as folder:
        numbers, qualtrics = Path(folder, "numbers.csv"), Path(folder, "qualtrics.csv")
        write_numbers(numbers, options.rows)
        write_qualtrics(qualtrics, options.rows // 10)
        files = {"duckdb": numbers, "moments": numbers, "survey": numbers, "qualtrics": qualtrics}
        runs: dict[str, list[dict[str, float]]] = {what: [] for what in tasks}
        for k in range(options.repeats):
            for what in tasks:
                if not k or what != "survey":  # which has no goal and takes long
                    runs[what].append(measured(what, files[what]))
    best = {what: {key: min(run[key] for run in found) for key in found[0]} for what, found in runs.items()}
    peer = best["duckdb"]["seconds"] if there else None
    rows = [
        {
            "what": NAMES[what],
            "seconds": f"{found['seconds']:.1f}",
            "processor seconds": f"{found['cpu']:.1f}",
            "× DuckDB": "" if peer is None or what == "qualtrics" else f"{found['seconds'] / peer:.2f}",
            "peak MB": f"{found['mb']:.0f}",
        }
        for what, found in best.items()
    ]
    table(f"{options.rows:,} × 40 numbers, and {options.rows // 10:,} × 40 Qualtrics responses", rows)
    ratio = None if peer is None else best["moments"]["seconds"] / peer
    close = None if ratio is None else ratio <= GOAL_RATIO
    soon = best["qualtrics"]["seconds"] <= GOAL_SECONDS
    print(f"\nmoments within {GOAL_RATIO} times DuckDB: {verdict(close)}")
    print(f"Qualtrics choice text within {GOAL_SECONDS:.0f} s: {verdict(soon)}")
    return int(close is False or not soon)


if __name__ == "__main__":
    sys.exit(main())
