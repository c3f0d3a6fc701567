"""What the simulation studies count: how often intervals cover and tests reject, a row a cell."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd
from scipy import special

import satloyal as sl
from satloyal.models.sem.difference import difference
from satloyal.models.sem.equality import equality_scores
from simulation.designs import CUTS, MEASUREMENT, MODEL, WITHOUT, samples, truth

STUDIES = 1000
ALPHA = 0.05
MONTE_CARLO, REPLICATES = 1000, 1000
TRUTH = truth()
LOADINGS = [key for key in TRUTH if key[1] == "=~"]
COVERAGE = {
    "loadings": LOADINGS,
    "residual variance": [("Loyalty", "~~", "Loyalty")],
    "path a": [("Trust", "~", "Satisfaction")],
    "path b": [("Loyalty", "~", "Trust")],
    "path c = 0": [("Loyalty", "~", "Satisfaction")],
    "indirect, delta": [("indirect", ":=", "a*b")],
}


# same estimates as ML, other standard errors and tests
FAMILY = {"MLM": "robust.sem", "MLMV": "robust.sem", "MLR": "robust"}


@dataclass(frozen=True)
class Cell:
    """A kind of data, a sample size and an estimator.

    Parameters
    ----------
    study : str
        Which table it stands in: ``"fits"``, ``"bootstrap"`` or ``"invariance"``.
    data : str
    n : int
        Respondents, in each group.
    estimator : str
        As the tables name it.
    options : mapping
        Of ``fit_sem``.
    without : sequence of str
        What is not looked at, as it is that of another cell: ``"coverage"``, ``"difference"``, ``"scores"``.
    montecarlo : bool
        Whether Monte Carlo intervals are made too.
    studies : int
    """

    study: str
    data: str
    n: int
    estimator: str
    options: dict[str, Any] = field(default_factory=dict, hash=False)
    without: tuple[str, ...] = ()
    montecarlo: bool = False
    studies: int = STUDIES

    @property
    def name(self) -> str:
        return f"{self.study}-{self.data}-{self.n}-{self.estimator}"

    @property
    def head(self) -> dict[str, str]:
        return {"data": self.data, "n": str(self.n), "estimator": self.estimator}


def cells() -> Iterator[Cell]:
    """Yield all cells; those on the same samples follow one another."""
    for n in (200, 1000):
        for data in ("normal", "non-normal"):
            yield Cell("fits", data, n, "ML", {"estimator": "ML"}, montecarlo=True)
            yield Cell("fits", data, n, "MLM", {"estimator": "MLM"}, ("scores",))
            yield Cell("fits", data, n, "MLMV", {"estimator": "MLMV"}, ("coverage", "difference", "scores"))
            yield Cell("fits", data, n, "MLR", {"estimator": "MLR"}, ("scores",), montecarlo=True)
            yield Cell("fits", data, n, "GLS", {"estimator": "GLS"})
            yield Cell("fits", data, n, "ULS", {"estimator": "ULS"}, ("difference", "scores"))
            yield Cell("fits", data, n, "ULSMV", {"estimator": "ULSMV"})
        for data, name in (("normal", "ML"), ("non-normal", "MLR")):
            options = {"estimator": name, "missing": "fiml"}
            yield Cell("fits", f"{data}, 20 % missing", n, f"{name}, FIML", options)
    for data in ("5 categories", "5 categories, skewed"):
        for name in ("WLSMV", "ULSMV"):
            yield Cell("fits", data, 200, name, {"estimator": name, "ordered": True})
    for data in ("5 categories", "5 categories, skewed"):
        yield Cell("fits", data, 1000, "WLSMV", {"estimator": "WLSMV", "ordered": True})
    for n in (200, 1000):
        yield Cell("fits", "clusters", n, "MLR, clusters", {"cluster": "cluster"}, ("scores",))
        yield Cell("fits", "clusters", n, "ML, clusters ignored")
        yield Cell("fits", "unequal chances", n, "MLR, weights", {"weights": "weight"}, ("scores",))
        yield Cell("fits", "unequal chances", n, "ML, weights ignored")
    yield Cell("invariance", "two groups", 200, "ML", {"estimator": "ML"})
    yield Cell("bootstrap", "normal", 200, "ML", studies=500)


OUTCOMES = {"lost": "not converged", "outside": "not admissible"}


def run(group: Sequence[Cell], studies: int | None = None) -> list[dict[str, str]]:
    """Return the rows of cells on the same samples: shares, and how many studies they rest on."""
    first = group[0]
    outcome = {"fits": _fit, "bootstrap": _bootstrap, "invariance": _invariance}
    found: list[list[dict[str, float]]] = [[] for _ in group]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", sl.SatloyalWarning)
        for number, frame in enumerate(samples(first.data, first.n, studies or first.studies)):
            known: dict[Any, Any] = {}
            for cell, rows in zip(group, found, strict=True):
                rows.append(outcome[cell.study](cell, frame, number, known))
    return [_row(cell, pd.DataFrame(rows)) for cell, rows in zip(group, found, strict=True)]


def _row(cell: Cell, table: pd.DataFrame) -> dict[str, str]:
    row = dict(cell.head)
    for name in table.columns:
        if name not in OUTCOMES:
            known = table[name].dropna()
            row[name] = f"{known.mean():.4f}" if len(known) else ""
    row["studies"] = str(len(table))
    for name, title in OUTCOMES.items():
        row[title] = str(int(table[name].sum()))
    return row


def fitted(model: str, frame: pd.DataFrame, options: dict[str, Any], known: dict[Any, Any]) -> Any:
    """Fit, or take the ML fit of the same sample, which MLM, MLMV and MLR share, with their errors."""
    name = options.get("estimator", "ML")
    if name not in FAMILY or len(options) > 1:
        fit = sl.fit_sem(model, frame, **options)
        if name == "ML" and set(options) <= {"estimator"}:
            known[model] = fit
        return fit
    base = known.get(model)
    if base is None:
        return sl.fit_sem(model, frame, **options)
    return replace(base, estimator=name).with_vcov(FAMILY[name]) if base.converged else base


def _covered(table: pd.DataFrame, groups: dict[str, list[Any]], ends: str = "ci_") -> dict[str, float]:
    keys = zip(table["lhs"], table["op"], table["rhs"], strict=True)
    place = {key: i for i, key in enumerate(keys)}
    limits = table[[f"{ends}lower", f"{ends}upper"]].to_numpy(float)
    out = {}
    for name, wanted in groups.items():
        found = limits[[place[key] for key in wanted]]
        target = np.array([TRUTH[key] for key in wanted])
        inside = (found[:, 0] <= target) & (target <= found[:, 1])
        out[name] = float(inside.mean()) if np.isfinite(found).all() else np.nan
    return out


def _rejected(pvalue: float) -> float:
    return float(pvalue < ALPHA) if np.isfinite(pvalue) else np.nan


def _fit(cell: Cell, frame: pd.DataFrame, number: int, known: dict[Any, Any]) -> dict[str, float]:
    """Coverage and rejections of one sample."""
    fit = fitted(MODEL, frame, cell.options, known)
    if not fit.converged:
        return {"lost": 1, "outside": 0}
    out = {"lost": 0.0, "outside": float(not _variances_positive(fit))}
    table, glance = fit.tidy(), fit.glance()
    if "coverage" not in cell.without:
        out |= _covered(table, COVERAGE)
    if cell.montecarlo:
        found = fit.montecarlo(MONTE_CARLO, seed=number, source="Satisfaction", target="Trust")
        limits = found.loc[found["name"] == "indirect", ["ci_lower", "ci_upper"]].to_numpy(float)[0]
        out["indirect, Monte Carlo"] = float(limits[0] <= TRUTH["indirect", ":=", "a*b"] <= limits[1])
    if "ordered" in cell.options:
        rows = table[table["op"] == "|"]
        target = np.tile(CUTS["skewed" if "skewed" in cell.data else "symmetric"], 9)[: len(rows)]
        inside = (rows["ci_lower"] <= target) & (target <= rows["ci_upper"])
        out["thresholds"] = float(inside.mean()) if len(rows) == len(target) == 36 else np.nan
    scaled = glance.get("pvalue_scaled", np.nan)
    out["chi-square test"] = _rejected(scaled if np.isfinite(scaled) else glance["pvalue"])
    if "coverage" not in cell.without:
        out["Wald test"] = _rejected(table.loc[table["label"] == "c", "pvalue"].item())
    if "difference" not in cell.without:
        out |= _against_smaller(cell, frame, fit, known)
    return out


def _against_smaller(cell: Cell, frame: pd.DataFrame, fit: Any, known: dict[Any, Any]) -> dict[str, float]:
    """Whether the model without path c, which is zero, is rejected."""
    small = fitted(WITHOUT, frame, cell.options, known)
    if not small.converged:
        return {}
    statistic, df, _ = difference(fit, small)
    out = {"difference test": _rejected(float(special.chdtrc(df, statistic)))}
    if "scores" not in cell.without:
        table = small.modindices()
        path = (table["lhs"] == "Loyalty") & (table["op"] == "~") & (table["rhs"] == "Satisfaction")
        out["modification index"] = _rejected(table.loc[path, "pvalue"].item())
    return out


def _variances_positive(fit: sl.SemFit) -> bool:  # the admissibility check itself takes longer than the fit
    free = [r.free - 1 for r in fit.table.rows if r.op == "~~" and r.lhs == r.rhs and r.free]
    return bool((fit.theta[free] >= 0).all())


def _bootstrap(cell: Cell, frame: pd.DataFrame, number: int, known: dict[Any, Any]) -> dict[str, float]:
    """Coverage of the intervals of one sample."""
    fit = sl.fit_sem(MODEL, frame)
    boot = fit.bootstrap(REPLICATES, seed=number, workers=1)
    if not boot.converged:
        return {"lost": 1, "outside": 0}
    out = {"lost": 0.0, "outside": float(not _variances_positive(fit))}
    table = boot.tidy()
    wanted = {
        "loadings": "loadings",
        "path b": "path b",
        "path c": "path c = 0",
        "indirect": "indirect, delta",
    }
    for kind, title in (("perc", "percentile"), ("bc", "BC"), ("bca", "BCa")):
        found = _covered(table, {f"{k}, {title}": COVERAGE[v] for k, v in wanted.items()}, f"{kind}_")
        out |= found
    return out


def _invariance(cell: Cell, frame: pd.DataFrame, number: int, known: dict[Any, Any]) -> dict[str, float]:
    """Rejections of the steps in one sample of two equal groups."""
    found = sl.fit_invariance(MEASUREMENT, frame, "group", stop=False, suggest=False, **cell.options)
    if not found.converged:
        return {"lost": 1, "outside": 0}
    table = found.tidy().set_index("step")
    out = {"lost": 0.0, "outside": float(not all(_variances_positive(s.fit) for s in found.steps if s.fit))}
    for step in table.index[1:]:
        out[f"{step} step"] = _rejected(float(table.loc[step, "delta_pvalue"]))
    if cell.options["estimator"] == "ML":
        scalar = found.steps[2].fit
        scores = equality_scores(scalar, ["intercepts"]).set_index("parameter")["pvalue"]
        out["score test of an intercept"] = _rejected(float(scores["s2~1"]))
    return out
