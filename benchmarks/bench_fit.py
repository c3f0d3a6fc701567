"""A single fit: ML beside semopy, in turn, in one process; ML and MLR beside lavaan.

Measured from model text and a data frame to estimates with standard errors (semopy: ``Model``, ``fit``,
``inspect``; satloyal: ``fit_sem``, ``tidy``, with checks of identification besides). For semopy ``fit``
alone on a ready model is shown too. Both use one BLAS thread: matrices of this size gain nothing from
more, and on a busy machine the spinning pools of one spoil the time of the other. Goal: at most a fifth
of semopy's time for the same task.
"""

from __future__ import annotations

import os

os.environ.update(OPENBLAS_NUM_THREADS="1", OMP_NUM_THREADS="1", MKL_NUM_THREADS="1")

import sys
from typing import Any

from common import alternating, case, machine, median_seconds, ratio, rscript, semopy_or_none, table, verdict

import satloyal as sl

GOAL = 5.0
REPEATS = 15


def measure(name: str, semopy: Any) -> tuple[dict[str, Any], bool | None]:
    chosen = case(name)
    data, syntax = chosen.data, chosen.syntax
    fit = sl.fit_sem(syntax, data)

    def ours() -> Any:
        return sl.fit_sem(syntax, data).tidy()

    if semopy is None:
        (mine,) = alternating([ours], repeats=REPEATS)
        return {"model": name, "satloyal ms": f"{1e3 * mine:.1f}"}, None

    def theirs() -> Any:
        model = semopy.Model(chosen.plain_syntax)
        model.fit(data)
        return model.inspect()

    ready = semopy.Model(chosen.plain_syntax)

    def theirs_alone() -> Any:
        return ready.fit(data, clean_slate=True)

    mine, all_of_it, alone = alternating([ours, theirs, theirs_alone], repeats=REPEATS)
    chi2 = float(semopy.calc_stats(ready)["chi2"].iloc[0])
    row = {
        "model": name,
        "satloyal ms": f"{1e3 * mine:.1f}",
        "semopy ms": f"{1e3 * all_of_it:.1f}",
        "ratio": ratio(mine, all_of_it),
        "semopy fit() alone ms": f"{1e3 * alone:.1f}",
        "ratio to that": ratio(mine, alone),
        "chi-square here": f"{fit.glance()['chisq']:.4f}",
        "chi-square semopy": f"{chi2:.4f}",
    }
    return row, all_of_it / mine >= GOAL


R_CODE = """
suppressMessages(library(lavaan))
data <- read.csv("{path}")
once <- function(est) {{
  f <- suppressWarnings(sem('{syntax}', data, estimator = est))
  fitMeasures(f); parameterEstimates(f, standardized = TRUE)
}}
for (est in c("ML", "MLR")) {{
  once(est)
  cat(median(replicate(9, system.time(once(est))[["elapsed"]])), "")
}}
cat(as.character(packageVersion("lavaan")))
"""


def beside_lavaan(name: str) -> tuple[list[dict[str, Any]], str]:
    """Time a fit with all measures and standardised estimates, by ML and by MLR."""
    chosen = case(name)
    data, syntax = chosen.data, chosen.syntax
    out = rscript(R_CODE.format(path=chosen.data_path.as_posix(), syntax=syntax))
    theirs = [None, None] if out is None else [float(x) for x in out.split()[-3:-1]]
    rows = []
    for estimator, their in zip(("ML", "MLR"), theirs, strict=True):

        def once(estimator: str = estimator) -> Any:
            fit = sl.fit_sem(syntax, data, estimator=estimator)
            return fit.glance(), fit.tidy()

        mine = median_seconds(once, repeats=9)
        rows.append(
            {
                "model": name,
                "estimator": estimator,
                "satloyal ms": f"{1e3 * mine:.1f}",
                "lavaan ms": "" if their is None else f"{1e3 * their:.0f}",
                "ratio": ratio(mine, their),
            }
        )
    return rows, "" if out is None else out.split()[-1]


def main() -> int:
    print(machine())
    semopy = semopy_or_none()
    results = [measure(name, semopy) for name in ("ecsi5_ml", "hs_cfa_ml", "pd_sem_free")]
    table("One ML fit, model text to estimates with standard errors (medians)", [row for row, _ in results])
    rows, version = [], ""
    for name in ("ecsi5_ml", "hs_cfa_ml", "pd_sem_free"):
        found, version = beside_lavaan(name)
        rows += found
    table(f"One fit with all measures and standardised estimates, beside lavaan {version} (medians)", rows)
    met = results[0][1]
    print(f"\ngoal, ecsi5_ml at most a fifth of semopy's time: {verdict(met)}")
    return 0 if met is not False else 1


if __name__ == "__main__":
    sys.exit(main())
