"""Growth of time and memory: rows, items, replicates; and the limit for data larger than memory.

Each figure is taken in a process of its own, so that peak memory is that of the task alone (and of Python and
its libraries, which the first line tells). All data are simulated: 24 ten-point items of 6 factors with paths
for rows, a factor for 8 items for items. Rows come from a Parquet file, written in chunks and deleted at the
end. lavaan, where it is, fits the same rows; reading them is not counted. Goal: moments and fit of 10 million
rows below 2 GB.
"""

from __future__ import annotations

import os

os.environ.update(OPENBLAS_NUM_THREADS="1", OMP_NUM_THREADS="1", MKL_NUM_THREADS="1")

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from common import machine, ratio, rscript, table, verdict

import satloyal as sl

GOAL_GB = 2.0
ROWS = (10**3, 10**4, 10**5, 10**6, 10**7)
ITEMS = (10, 24, 50, 100, 200)
REPLICATES = (10**2, 10**3, 10**4)
BESIDE_LAVAAN = (50, 100, 200)
FRAME_ROWS = 10**6  # up to here a frame in memory is fitted too
CHUNK = 250_000
SEED = 5


def model(items: int, factors: int) -> str:
    """Return factors in a chain, each with as many items as the others."""
    members = [[f"x{i}" for i in range(items) if i * factors // items == j] for j in range(factors)]
    lines = [f"f{j} =~ {' + '.join(names)}" for j, names in enumerate(members)]
    return "\n".join(lines + [f"f{j} ~ f{j - 1}" for j in range(1, factors)])


def answers(n: int, items: int, factors: int, generator: np.random.Generator) -> pd.DataFrame:
    f = generator.standard_normal((n, factors), dtype=np.float32)
    for j in range(1, factors):
        f[:, j] = 0.6 * f[:, j - 1] + 0.8 * f[:, j]
    x = f[:, np.arange(items) * factors // items]
    x += 0.8 * generator.standard_normal((n, items), dtype=np.float32)
    points = np.clip(np.round(6.5 + 1.6 * x), 1, 10).astype(np.int8)
    return pd.DataFrame(points, columns=[f"x{i}" for i in range(items)])


def write(path: Path, n: int) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    generator, writer = np.random.default_rng(SEED), None
    for at in range(0, n, CHUNK):
        part = pa.Table.from_pandas(answers(min(CHUNK, n - at), 24, 6, generator), preserve_index=False)
        writer = pq.ParquetWriter(path, part.schema) if writer is None else writer
        writer.write_table(part)
    if writer is not None:
        writer.close()


# --- what runs in a process of its own ---


def timed(run: Any) -> tuple[Any, float]:
    start = time.perf_counter()
    out = run()
    return out, time.perf_counter() - start


def peak_mb() -> float:
    """Return the peak of resident memory; Linux hands the one of ``getrusage`` down from the parent."""
    status = Path("/proc/self/status")
    if status.exists():
        line = next(x for x in status.read_text(encoding="utf-8").splitlines() if x.startswith("VmHWM"))
        return float(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def check(held: bool) -> None:
    if not held:
        raise RuntimeError("the fit did not converge, or rows are lost: its time says nothing")


def task(what: str, size: int, path: str) -> dict[str, float]:
    """Do one thing, warm where it is short, and return seconds."""
    if what == "nothing":
        return {}
    if what in ("stream", "fourth", "frame"):
        text, names = model(24, 6), [f"x{i}" for i in range(24)]
        sl.fit_sem(text, answers(500, 24, 6, np.random.default_rng(1))).glance()
        if what == "frame":
            data, read = timed(lambda: pd.read_parquet(path))
        else:
            data, read = timed(lambda: sl.Moments.from_parquet(path, names, fourth=what == "fourth"))
        estimator = "MLR" if what == "fourth" else "ML"
        fit, seconds = timed(lambda: sl.fit_sem(text, data, estimator=estimator))
        _, judged = timed(fit.glance)
        check(fit.converged and fit.nobs == size)
        return {"read": read, "fit": seconds + judged}
    if what == "items":
        text, data = model(size, max(size // 8, 2)), pd.read_parquet(path)
        sl.fit_sem(text, data)
        fit, seconds = timed(lambda: sl.fit_sem(text, data))
        _, judged = timed(lambda: (fit.tidy(), fit.glance(), fit.checks))
        check(fit.converged)
        return {"parameters": fit.table.q, "fit": seconds, "judged": judged}
    if what == "replicate":
        fit = sl.fit_sem(model(size, max(size // 8, 2)), pd.read_parquet(path))
        _, seconds = timed(lambda: fit.bootstrap(100, seed=1))
        return {"seconds": seconds}
    if what == "bootstrap":
        fit = sl.fit_sem(model(24, 6), answers(1000, 24, 6, np.random.default_rng(1)))
        _, seconds = timed(lambda: fit.bootstrap(size, seed=1).tidy())
        return {"seconds": seconds}
    raise ValueError(what)


def alone(what: str, size: int, path: Path | str = "") -> dict[str, float]:
    """Run a task in a process of its own; its peak memory in MB beside its seconds."""
    command = [sys.executable, __file__, "--task", what, "--size", str(size), "--path", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


LAVAAN = """
suppressMessages(library(lavaan))
data <- read.csv("{csv}")
model <- '{model}'
invisible(sem(model, data, do.fit = FALSE))
t <- system.time(fit <- sem(model, data))[["elapsed"]]
cat(t, lavInspect(fit, "converged"), fitMeasures(fit, "chisq"), "\\n")
"""


def lavaan_seconds(items: int, data: pd.DataFrame, folder: Path) -> float | None:
    data.to_csv(folder / "answers.csv", index=False)
    text = model(items, max(items // 8, 2))
    printed = rscript(LAVAAN.format(csv=(folder / "answers.csv").as_posix(), model=text))
    return None if printed is None else float(printed.split()[0])


def growth_with_rows(folder: Path, largest: int) -> float:
    """Print the table, and return the peak memory at the largest size, in GB."""
    rows, peak = [], float("nan")
    for n in (n for n in ROWS if n <= largest):
        path = folder / "rows.parquet"
        write(path, n)
        stream = alone("stream", n, path)
        peak = stream["mb"] / 1024
        robust = alone("fourth", n, path)
        row = {
            "rows": f"{n:,}", "file MB": f"{path.stat().st_size / 1e6:.0f}",
            "moments s": f"{stream['read']:.2f}", "ML fit s": f"{stream['fit']:.3f}",
            "peak MB": f"{stream['mb']:.0f}", "fourth-order s": f"{robust['read']:.1f}",
            "MLR fit s": f"{robust['fit']:.3f}", "its peak MB": f"{robust['mb']:.0f}",
            "frame in memory, ML fit s": "", "frame's peak MB": "",
        }  # fmt: skip
        if n <= FRAME_ROWS:
            frame = alone("frame", n, path)
            row |= {
                "frame in memory, ML fit s": f"{frame['fit']:.3f}",
                "frame's peak MB": f"{frame['mb']:.0f}",
            }
        rows.append(row)
        path.unlink()
    table("Rows: 24 items, 6 factors with paths, from Parquet", rows)
    return peak


def growth_with_items(folder: Path, largest: int) -> None:
    rows = []
    for p in (p for p in ITEMS if p <= largest):
        data = answers(1000, p, max(p // 8, 2), np.random.default_rng(SEED))
        data.to_parquet(folder / "items.parquet")
        ours = alone("items", p, folder / "items.parquet")
        star = alone("replicate", p, folder / "items.parquet")
        theirs = lavaan_seconds(p, data, folder) if p in BESIDE_LAVAAN else None
        rows.append(
            {
                "items": p, "parameters": int(ours["parameters"]), "fit ms": f"{1e3 * ours['fit']:.0f}",
                "table, measures, checks ms": f"{1e3 * ours['judged']:.0f}", "peak MB": f"{ours['mb']:.0f}",
                "replicate ms": f"{10 * star['seconds']:.1f}", "its peak MB": f"{star['mb']:.0f}",
                "lavaan ms": "" if theirs is None else f"{1e3 * theirs:.0f}",
                "ratio": ratio(ours["fit"] + ours["judged"], theirs),
            }
        )  # fmt: skip
    table("Items: 1,000 rows, a factor for 8 items, ML", rows)


def growth_with_replicates(largest: int) -> None:
    rows = []
    for count in (r for r in REPLICATES if r <= largest):
        found = alone("bootstrap", count)
        rows.append(
            {
                "replicates": f"{count:,}", "s": f"{found['seconds']:.2f}",
                "ms a replicate": f"{1e3 * found['seconds'] / count:.2f}", "peak MB": f"{found['mb']:.0f}",
            }
        )  # fmt: skip
    table("Replicates: 1,000 rows, 24 items, 6 factors, with intervals", rows)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=max(ROWS), help="largest number of rows")
    parser.add_argument("--items", type=int, default=max(ITEMS), help="largest number of items")
    parser.add_argument(
        "--replicates", type=int, default=max(REPLICATES), help="largest number of replicates"
    )
    parser.add_argument("--task", help=argparse.SUPPRESS)
    parser.add_argument("--size", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--path", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.task:
        found = task(asked.task, asked.size, asked.path)
        print(json.dumps({**found, "mb": peak_mb()}))
        return 0
    print(machine())
    print(f"Python with satloyal and its libraries: {alone('nothing', 0)['mb']:.0f} MB")
    with tempfile.TemporaryDirectory() as folder:
        peak = growth_with_rows(Path(folder), asked.rows)
        growth_with_items(Path(folder), asked.items)
    growth_with_replicates(asked.replicates)
    met = peak < GOAL_GB if asked.rows >= max(ROWS) else None
    print(f"\ngoal, 10 million rows of 24 items below {GOAL_GB:.0f} GB: {peak:.2f} GB, {verdict(met)}")
    return 0 if met is not False else 1


if __name__ == "__main__":
    sys.exit(main())
