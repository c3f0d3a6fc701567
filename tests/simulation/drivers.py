"""Coverage of the intervals of driver shares; its table stands in docs/how-to/drivers.md.

Run by hand: ``python tests/simulation/drivers.py``; 500 samples a size, 400 resamples each, half a minute.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

import satloyal as sl
from satloyal.models.drivers.shares import lmg

SAMPLES, REPLICATES, NAMES = 500, 400, ["a", "b", "c", "d"]


def population() -> np.ndarray:
    """Four normal drivers that correlate .5, with weights 1, .6, .3 and .05, and a residual variance of 4."""
    weights, cov = np.array([1, 0.6, 0.3, 0.05]), np.full((4, 4), 0.5) + 0.5 * np.eye(4)
    slope = cov @ weights
    return np.block([[cov, slope[:, None]], [slope[None], np.array([[weights @ slope + 4]])]])


def coverage(rows: int) -> pd.DataFrame:
    """Share of samples whose interval holds the truth: for LMG in units of R², shares of R² and ranks."""
    cov = population()
    scale = np.sqrt(np.diag(cov))
    truth = lmg((cov / np.outer(scale, scale))[None])[0]
    root, hits = np.linalg.cholesky(cov), np.zeros((3, 4))
    targets = {"ci": truth, "share": truth / truth.sum(), "rank": np.arange(1, 5)}
    for sample in range(SAMPLES):
        values = np.random.default_rng(sample).normal(size=(rows, 5)) @ root.T
        frame = pd.DataFrame(values, columns=[*NAMES, "y"])
        table = sl.fit_drivers(frame, "y", NAMES, replicates=REPLICATES, seed=sample).tidy()
        for k, (name, target) in enumerate(targets.items()):
            hits[k] += table[f"{name}_lower"].le(target) & table[f"{name}_upper"].ge(target)
    return pd.DataFrame(hits / SAMPLES, index=list(targets), columns=truth.round(3))


if __name__ == "__main__":
    for size in (200, 1_000):
        print(f"n = {size}\n{coverage(size).round(3)}")
