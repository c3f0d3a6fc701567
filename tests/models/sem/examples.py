"""Models and simulated respondents that the tests of structural equation models share."""

from __future__ import annotations

import numpy as np
import pandas as pd

MEASURED = "Q =~ q1 + q2 + q3\nV =~ v1 + v2 + v3\nS =~ s1 + s2 + s3\nL =~ l1 + l2 + l3\n"
CFA = "Q =~ q1 + q2 + q3\nV =~ v1 + v2 + v3\nS =~ s1 + s2 + s3"
CHAIN = MEASURED + "V ~ a*Q\nS ~ b*Q + c*V\nL ~ d*S\nindirect := a*c*d\ntotal := (b + a*c)*d"
MEDIATION = "v1 ~ a*q1\ns1 ~ b*v1 + c*q1\nindirect := a*b"
PATHS = "v1 ~ q1 + z\nv2 ~ q1 + w\ns1 ~ v1 + v2 + q1\nv1 ~~ v2"
LOOP = "v1 ~ s1 + q1\ns1 ~ v1 + z\nl1 ~ s1 + v1"


def respondents(n: int = 240, seed: int = 1) -> pd.DataFrame:
    """Quality, value, satisfaction, loyalty with three items each; covariates z, w; segment and shop."""
    rng = np.random.default_rng(seed)
    noise = rng.standard_normal
    q = noise(n)
    z = 0.3 * q + noise(n)
    w = 0.2 * z + noise(n)
    v = 0.5 * q + 0.3 * w + 0.8 * noise(n)
    s = 0.5 * q + 0.4 * v + 0.6 * noise(n)
    loyalty = 0.7 * s + 0.4 * z + 0.7 * noise(n)
    columns = {}
    for name, factor in zip("qvsl", (q, v, s, loyalty), strict=True):
        for j, loading in enumerate((1.0, 0.9, 0.8), start=1):
            columns[f"{name}{j}"] = 5 + loading * factor + 0.7 * noise(n)
    frame = pd.DataFrame(columns)
    frame["z"], frame["w"] = z, w
    frame["segment"] = np.where(rng.random(n) < 0.4, "new", "old")
    frame["shop"] = rng.integers(0, 40, n)
    frame["weight"] = rng.uniform(0.5, 2.0, n)
    return frame


def row(table: pd.DataFrame, lhs: str, op: str, rhs: str = "", group: int | None = None) -> pd.Series:
    """Find one row of a table of estimates."""
    found = (table["lhs"] == lhs) & (table["op"] == op)
    if op != ":=":
        found &= table["rhs"] == rhs
    if group is not None:
        found &= table["group"] == group
    (only,) = np.flatnonzero(found)
    return table.iloc[only]
