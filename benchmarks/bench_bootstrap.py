"""5,000 bootstrap replicates, per replicate, beside lavaan's bootstrapLavaan and beside refitting in semopy.

Ours: ``fit.bootstrap(5000)`` with all cores of the machine, resampling to intervals. lavaan:
``bootstrapLavaan`` with its defaults (one core, coefficients only) on fewer replicates, because it needs
up to half a second each. semopy has no nonparametric bootstrap: ``fit`` in a loop over resampled rows,
each started from the last solution, one core, estimates only. Per-replicate wall-clock time in one run
of this script. Goals: 100 times lavaan's speed, 25 times semopy's.
"""

from __future__ import annotations

import sys
import time
from typing import Any

import numpy as np
from common import Case, case, machine, ratio, rscript, semopy_or_none, table, verdict

import satloyal as sl

REPLICATES = 5000
RUNS = 3
LAVAAN_REPLICATES = {"hs_cfa_ml": 100, "pd_sem_free": 100, "ecsi5_ml": 50}
SEMOPY_REPLICATES = 40
LAVAAN_GOAL, SEMOPY_GOAL = 100.0, 25.0

R_CODE = """
suppressMessages(library(lavaan))
data <- read.csv("{path}")
fit <- suppressWarnings(sem('{syntax}', data))
set.seed(1)
time <- system.time(b <- suppressWarnings(bootstrapLavaan(fit, R = {replicates}, FUN = "coef")))[["elapsed"]]
cat(time / {replicates}, as.character(packageVersion("lavaan")))
"""


def ours(chosen: Case) -> tuple[float, Any]:
    fit = sl.fit_sem(chosen.syntax, chosen.data)
    boot = fit.bootstrap(50, seed=1)
    times = []
    for _ in range(RUNS):
        start = time.perf_counter()
        boot = fit.bootstrap(REPLICATES, seed=1)
        boot.tidy()
        times.append((time.perf_counter() - start) / REPLICATES)
    return float(np.median(times)), boot


def lavaan(chosen: Case) -> tuple[float | None, str]:
    code = R_CODE.format(
        path=chosen.data_path.as_posix(), syntax=chosen.syntax, replicates=LAVAAN_REPLICATES[chosen.name]
    )
    out = rscript(code)
    if out is None:
        return None, ""
    seconds, version = out.split()[-2:]
    return float(seconds), version


def semopy_loop(chosen: Case, semopy: Any) -> float | None:
    if semopy is None:
        return None
    data, random = chosen.data, np.random.default_rng(1)
    model = semopy.Model(chosen.plain_syntax)
    model.fit(data)
    start = time.perf_counter()
    for _ in range(SEMOPY_REPLICATES):
        model.fit(data.iloc[random.integers(0, len(data), len(data))])
    return (time.perf_counter() - start) / SEMOPY_REPLICATES


def main() -> int:
    print(machine())
    semopy = semopy_or_none()
    rows, met_lavaan, met_semopy, version = [], [], [], ""
    for name in ("hs_cfa_ml", "pd_sem_free", "ecsi5_ml"):
        chosen = case(name)
        theirs, found = lavaan(chosen)
        version = found or version
        loop = semopy_loop(chosen, semopy)
        mine, boot = ours(chosen)
        rows.append(
            {
                "model": name,
                "satloyal ms": f"{1e3 * mine:.3f}",
                f"{REPLICATES} in s": f"{mine * REPLICATES:.1f}",
                "lavaan ms": "" if theirs is None else f"{1e3 * theirs:.0f}",
                "faster": ratio(mine, theirs),
                "semopy ms": "" if loop is None else f"{1e3 * loop:.0f}",
                "faster than that": ratio(mine, loop),
                "replicates used": len(boot.theta_star),
            }
        )
        if theirs is not None:
            met_lavaan.append(theirs / mine >= LAVAAN_GOAL)
        if loop is not None:
            met_semopy.append(loop / mine >= SEMOPY_GOAL)
    table(
        f"Bootstrap, per replicate (lavaan {version}, one core; semopy, one core; satloyal, all cores)", rows
    )
    goals = {
        f"{LAVAAN_GOAL:.0f} times lavaan on every model": all(met_lavaan) if met_lavaan else None,
        f"{SEMOPY_GOAL:.0f} times semopy on every model": all(met_semopy) if met_semopy else None,
    }
    for goal, met in goals.items():
        print(f"goal, {goal}: {verdict(met)}")
    return int(any(met is False for met in goals.values()))


if __name__ == "__main__":
    sys.exit(main())
