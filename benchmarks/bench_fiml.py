"""Missing values: the time of a FIML fit and of a bootstrap replicate, beside lavaan.

Fit: ``fit_sem(..., missing="fiml")``, from rows to standard errors and all fit measures, beside lavaan's
``sem(..., missing="fiml")`` with ``fitMeasures``; also where half of the rows have gaps of their own
(simulated, about 1,000 patterns; 60 items without lavaan, which takes over ten minutes there). Bootstrap:
``fit.bootstrap`` with all cores, resampling to intervals, beside ``bootstrapLavaan`` with its defaults (one
core, coefficients only) on fewer replicates. In one run of this script. Goal: a replicate 100 times as fast
as lavaan's.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from common import (
    Case,
    alternating,
    case,
    machine,
    median_seconds,
    ratio,
    rscript,
    semopy_or_none,
    table,
    verdict,
)

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


MANY = {24: 0.1, 60: 0.03}  # items, and the share of their values that is missing
WITH_LAVAAN = {24}

R_MANY = """
suppressMessages(library(lavaan))
data <- read.csv("{path}")
time <- system.time({{ f <- cfa('{syntax}', data, missing = "fiml"); m <- fitMeasures(f) }})
cat(time[["elapsed"]], m[["chisq"]])
"""


def gappy(items: int, share: float, n: int = 2000, factors: int = 6) -> tuple[str, pd.DataFrame]:
    """Respondents of six related factors, every value missing by chance."""
    rng = np.random.default_rng(1)
    scores = rng.normal(size=(n, factors)) @ np.linalg.cholesky(0.5 * np.eye(factors) + 0.5).T
    each = items // factors
    values = 0.7 * np.repeat(scores, each, axis=1) + 0.7 * rng.normal(size=(n, items))
    values[rng.random(values.shape) < share] = np.nan
    names = [f"y{j + 1}" for j in range(items)]
    lines = [f"F{k + 1} =~ {' + '.join(names[k * each : (k + 1) * each])}" for k in range(factors)]
    return "\n".join(lines), pd.DataFrame(values, columns=names)


def many_patterns() -> list[dict[str, str | int]]:
    """Time fits with all measures where patterns are many, each beside lavaan where that is bearable."""
    rows: list[dict[str, str | int]] = []
    for items, share in MANY.items():
        syntax, data = gappy(items, share)
        fit = sl.fit_sem(syntax, data, missing="fiml")
        mine = median_seconds(
            lambda s=syntax, d=data: sl.fit_sem(s, d, missing="fiml").glance(), repeats=3, warm=0
        )
        theirs = None
        if items in WITH_LAVAAN:
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder) / "gappy.csv"
                data.to_csv(path, index=False)
                out = rscript(R_MANY.format(path=path.as_posix(), syntax=syntax))
            if out is not None:
                theirs, chisq = (float(x) for x in out.split()[-2:])
                if abs(chisq - fit.glance()["chisq"]) > 0.01:
                    raise ValueError(f"not the same problem: chi-square {chisq} there")
        rows.append(
            {
                "items": items,
                "patterns": len(data.isna().drop_duplicates()),
                "fit s": f"{mine:.2f}",
                "lavaan fit s": "" if theirs is None else f"{theirs:.0f}",
                "faster": ratio(mine, theirs),
            }
        )
    return rows


def beside_semopy() -> list[dict[str, Any]]:
    """Time a fit to incomplete rows beside semopy's FIML, from model text to estimates with errors."""
    semopy = semopy_or_none()
    if semopy is None:
        return []
    rows = []
    for name in LAVAAN_REPLICATES:
        chosen = case(name)
        data = chosen.data.replace(-99, np.nan)

        def ours_once(chosen: Case = chosen, data: Any = data) -> Any:
            return sl.fit_sem(chosen.syntax, data, missing="fiml").tidy()

        def theirs_once(chosen: Case = chosen, data: Any = data) -> Any:
            model = semopy.Model(chosen.plain_syntax)
            model.fit(data, obj="FIML")
            return model.inspect()

        mine, theirs = alternating([ours_once, theirs_once], repeats=3, warm=1)
        rows.append(
            {
                "model": name,
                "satloyal ms": f"{1e3 * mine:.0f}",
                "semopy ms": f"{1e3 * theirs:.0f}",
                "ratio": ratio(mine, theirs),
            }
        )
    return rows


def main() -> int:
    print(machine())
    rows = beside_semopy()
    if rows:
        table("Missing values, one FIML fit beside semopy (medians)", rows)
    table("Many patterns of missing values (2,000 respondents; one core each)", many_patterns())
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
