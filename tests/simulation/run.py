"""Run the simulation studies and write their tables: ``python -m simulation.run [JOBS] [WORDS]``.

With words only the studies whose cells are named so are run. ``make simulation`` runs all.
"""

from __future__ import annotations

import sys
import time
from multiprocessing import Pool

from simulation.departures import rewrite
from simulation.studies import run
from simulation.tables import groups, update

START = time.time()


def main(jobs: int, words: str) -> None:
    wanted = [group for group in groups() if any(words in cell.name for cell in group)]
    with Pool(jobs) as pool:
        for group, rows in zip(wanted, pool.imap(run, wanted, chunksize=1), strict=True):
            update(group[0].study, rows)
            print(
                f"{time.time() - START:6.0f} s  {group[0].study}: {group[0].data}, n = {group[0].n}",
                flush=True,
            )
    rewrite()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1, " ".join(sys.argv[2:]))
