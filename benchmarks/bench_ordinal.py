"""Ordinal items: the time of a WLSMV fit and of a bootstrap replicate, beside lavaan.

Fit: ``fit_sem(..., ordered=True)``, from rows to robust errors and all fit measures, beside lavaan's
``sem(..., ordered = TRUE)`` with ``fitMeasures``, in one run of this script. Bootstrap: ``fit.bootstrap``
with all cores, polychorics and weights anew in every replicate, beside ``bootstrapLavaan`` on few; no figure
where its replicates fail, as those that lose a category do. On ecsi5 with its paths lavaan does not converge,
two constructs being nearly one: its time is that of the attempt. Goal: a fit of the twenty ten-point items of
ecsi5 20 times as fast as lavaan's.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any

import numpy as np
from common import REFERENCE, Case, case, machine, median_seconds, ratio, rscript, table, verdict

import satloyal as sl

REPLICATES = 500
LAVAAN_REPLICATES = 5
GOAL = 20.0

R_CODE = """
suppressMessages(library(lavaan))
data <- read.csv("{path}")
once <- function() {{
  f <- suppressWarnings(sem('{syntax}', data, ordered = TRUE))
  if (lavInspect(f, "converged")) fitMeasures(f)
  f
}}
time <- system.time(fit <- once())[["elapsed"]]
if (time < 5) time <- median(replicate(5, system.time(once())[["elapsed"]]))
good <- lavInspect(fit, "converged")
boot <- NA
if (good) {{
  set.seed(1)
  boot <- system.time(b <- suppressWarnings(
    bootstrapLavaan(fit, R = {replicates}, FUN = "coef")))[["elapsed"]] / {replicates}
  if (sum(complete.cases(b)) < {replicates}) boot <- NA
}}
cat(time, boot, good, as.character(packageVersion("lavaan")))
"""


def extra(name: str) -> Case:
    stored = json.loads((REFERENCE / "lavaan_extra" / f"{name}.json").read_text(encoding="utf-8"))
    return Case(name, stored["syntax"], REFERENCE / "data" / stored["data"])


def ours(chosen: Case) -> tuple[float, float, Any]:
    data = chosen.data

    def once() -> Any:
        found = sl.fit_sem(chosen.syntax, data, ordered=True)
        found.glance(), found.tidy()
        return found

    fit = once()
    start = time.perf_counter()
    once()
    seconds = time.perf_counter() - start
    if seconds < 1:
        seconds = median_seconds(once, repeats=9)
    if not np.isfinite(fit.vcov).all():
        return seconds, float("nan"), fit
    fit.bootstrap(50, seed=1)
    start = time.perf_counter()
    fit.bootstrap(REPLICATES, seed=1).tidy()
    return seconds, (time.perf_counter() - start) / REPLICATES, fit


def main() -> int:
    print(machine())
    rows, met, version = [], [], ""
    for chosen in (case("hs_cfa_wlsmv"), extra("x_ordinal_ecsi"), case("ecsi5_ml")):
        code = R_CODE.format(
            path=chosen.data_path.as_posix(), syntax=chosen.syntax, replicates=LAVAAN_REPLICATES
        )
        out = rscript(code)
        theirs = their_boot = None
        if out is not None:
            first, second, _, version = out.split()[-4:]
            theirs, their_boot = float(first), None if second == "NA" else float(second)
        mine, boot, fit = ours(chosen)
        rows.append(
            {
                "model": chosen.name,
                "items": len(fit.table.ordered),
                "fit ms": f"{1e3 * mine:.0f}",
                "lavaan fit ms": "" if theirs is None else f"{1e3 * theirs:.0f}",
                "faster": ratio(mine, theirs),
                "replicate ms": "" if np.isnan(boot) else f"{1e3 * boot:.1f}",
                "lavaan replicate ms": "" if their_boot is None else f"{1e3 * their_boot:.0f}",
                "faster there": ratio(boot, their_boot),
            }
        )
        if theirs is not None and chosen.name == "ecsi5_ml":
            met.append(theirs / mine >= GOAL)
    table(f"Ordinal items, WLSMV (lavaan {version}, one core; satloyal, all cores)", rows)
    print(f"goal, a fit of ecsi5 {GOAL:.0f} times lavaan's speed: {verdict(all(met) if met else None)}")
    return int(bool(met) and not all(met))


if __name__ == "__main__":
    sys.exit(main())
