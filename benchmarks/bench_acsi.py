"""The 12-item ACSI 2015 model on all complete customers, with 5,000 replicates.

Reads acsi2015.csv from the folder that SATLOYAL_REFERENCE names; the file is not part of this repository
(Hult and Morgeson, Mendeley Data, doi:10.17632/64xkbj2ry5.2; Morgeson, Hult, Sharma and Fornell 2023, Data in
Brief 48:109123). Goal: fit and bootstrap under 60 s on two cores.
"""

from __future__ import annotations

import os
import resource
import sys
import time
from pathlib import Path

import pandas as pd
from common import machine, table, verdict

import satloyal as sl

GOAL = 60.0
REPLICATES = 5000
MODEL = """
    Expectations =~ OVERALLX + CUSTOMX + WRONGX
    Quality      =~ OVERALLQ + CUSTOMQ + WRONGQ
    Value        =~ PQ + QP
    Satisfaction =~ SATIS + CONFIRM + IDEAL
    Repurchase   =~ REPUR
    Quality      ~ Expectations
    Value        ~ Expectations + Quality
    Satisfaction ~ Expectations + q*Quality + Value
    Repurchase   ~ r*Satisfaction
    quality_to_repurchase := q*r
"""
ITEMS = [
    *("OVERALLX", "CUSTOMX", "WRONGX", "OVERALLQ", "CUSTOMQ", "WRONGQ"),
    *("PQ", "QP", "SATIS", "CONFIRM", "IDEAL", "REPUR"),
]


def main() -> int:
    print(machine())
    folder = os.environ.get("SATLOYAL_REFERENCE")
    path = Path(folder or "") / "published" / "acsi2015" / "acsi2015.csv"
    if not folder or not path.exists():
        print(f"not measured: SATLOYAL_REFERENCE names no folder with {Path(*path.parts[-3:])}")
        return 0
    customers = pd.read_csv(path)[ITEMS].dropna()
    start = time.perf_counter()
    fit = sl.fit_sem(MODEL, customers)
    fitted = time.perf_counter()
    boot = fit.bootstrap(REPLICATES, seed=1)
    boot.tidy()
    done = time.perf_counter()
    glance = fit.glance()
    table(
        "ACSI 2015, 12 items",
        [
            {
                "customers": fit.nobs,
                "chi-square": f"{glance['chisq']:.2f} on {glance['df']:.0f} df",
                "CFI": f"{glance['cfi']:.4f}",
                "fit ms": f"{1e3 * (fitted - start):.0f}",
                f"{REPLICATES} replicates s": f"{done - fitted:.1f}",
                "replicates used": len(boot.theta_star),
                "peak MB": f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f}",
            }
        ],
    )
    met = done - start < GOAL
    print(f"\ngoal, under {GOAL:.0f} s: {verdict(met)}")
    return int(not met)


if __name__ == "__main__":
    sys.exit(main())
