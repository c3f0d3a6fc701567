"""A single ML fit: satloyal beside semopy, in turn, in one process.

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

from common import alternating, case, machine, ratio, semopy_or_none, table, verdict

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


def main() -> int:
    print(machine())
    semopy = semopy_or_none()
    results = [measure(name, semopy) for name in ("ecsi5_ml", "hs_cfa_ml", "pd_sem_free")]
    table("One ML fit, model text to estimates with standard errors (medians)", [row for row, _ in results])
    met = results[0][1]
    print(f"\ngoal, ecsi5_ml at most a fifth of semopy's time: {verdict(met)}")
    return 0 if met is not False else 1


if __name__ == "__main__":
    sys.exit(main())
