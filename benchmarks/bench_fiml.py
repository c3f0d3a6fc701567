"""Missing values: the time of a FIML fit and of a bootstrap replicate, beside lavaan.

Fit: ``fit_sem(..., missing="fiml")``, from rows to standard errors and all fit measures, beside lavaan's
``sem(..., missing="fiml")`` with ``fitMeasures``. Bootstrap: ``fit.bootstrap`` with all cores, resampling to
intervals, beside ``bootstrapLavaan`` with its defaults (one core, coefficients only) on fewer replicates. In
one run of this script. Goal: a replicate 100 times as fast as lavaan's.
"""

from __future__ import annotations

import sys
import time
from typing import Any

import numpy as np
from common import Case, case, machine, median_seconds, ratio, rscript, table, verdict

import satloyal as sl

REPLICATES = 2000
RUNS = 3
LAVAAN_REPLICATES = {"hs_cfa_fiml": 30, "corp_fiml": 60}
GOAL = 100.0

R_CODE = """
suppressMessages(library(lavaan))
data <- read.csv("{path}")
data[data == -99] <- NA
once <- function() {{ f <- suppressWarnings(sem('{syntax}', data, missing = "fiml")); fitMeasures(f); f }}
fit <- once()
fits <- median(replicate(5, system.time(once())[["elapsed"]]))
set.seed(1)
time <- system.time(b <- suppressWarnings(bootstrapLavaan(fit, R = {replicates}, FUN = "coef")))[["elapsed"]]
cat(fits, time / {replicates}, as.character(packageVersion("lavaan")))
"""


def ours(chosen: Case) -> tuple[float, float, Any]:
    data = chosen.data.replace(-99, np.nan)
    fit = sl.fit_sem(chosen.syntax, data, missing="fiml")
    once = median_seconds(
        lambda: (sl.fit_sem(chosen.syntax, data, missing="fiml").glance(), fit.tidy()), repeats=9
    )
    fit.bootstrap(250, seed=1)
    boot, times = None, []
    for _ in range(RUNS):
        start = time.perf_counter()
        boot = fit.bootstrap(REPLICATES, seed=1)
        boot.tidy()
        times.append((time.perf_counter() - start) / REPLICATES)
    return once, float(np.median(times)), boot


def lavaan(chosen: Case) -> tuple[float | None, float | None, str]:
    code = R_CODE.format(
        path=chosen.data_path.as_posix(), syntax=chosen.syntax, replicates=LAVAAN_REPLICATES[chosen.name]
    )
    out = rscript(code)
    if out is None:
        return None, None, ""
    fit, replicate, version = out.split()[-3:]
    return float(fit), float(replicate), version


def main() -> int:
    print(machine())
    rows, met, version = [], [], ""
    for name in LAVAAN_REPLICATES:
        chosen = case(name)
        their_fit, theirs, found = lavaan(chosen)
        version = found or version
        my_fit, mine, boot = ours(chosen)
        rows.append(
            {
                "model": name,
                "fit ms": f"{1e3 * my_fit:.0f}",
                "lavaan fit ms": "" if their_fit is None else f"{1e3 * their_fit:.0f}",
                "faster": ratio(my_fit, their_fit),
                "replicate ms": f"{1e3 * mine:.2f}",
                "lavaan replicate ms": "" if theirs is None else f"{1e3 * theirs:.0f}",
                "faster there": ratio(mine, theirs),
                "replicates used": len(boot.theta_star),
            }
        )
        if theirs is not None:
            met.append(theirs / mine >= GOAL)
    table(f"Missing values, FIML (lavaan {version}, one core; satloyal, all cores)", rows)
    print(f"goal, a replicate {GOAL:.0f} times lavaan's speed: {verdict(all(met) if met else None)}")
    return int(not all(met))


if __name__ == "__main__":
    sys.exit(main())
