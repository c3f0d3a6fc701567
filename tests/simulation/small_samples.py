"""1,000 small studies: 60 to 150 customers, three or four constructs with two or three items each.

``python -m simulation.small_samples FOLDER`` writes their data and models for ``small_samples.R``, which
writes ``small_samples_lavaan.csv`` beside this file; without a folder the table of the docs is written anew.
"""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import satloyal as sl

STUDIES = 1000
CONSTRUCTS = ("Quality", "Satisfaction", "Trust", "Loyalty")
THERE = Path(__file__).with_name("small_samples_lavaan.csv")
TABLE = Path(__file__).parents[2] / "docs" / "explanation" / "small_samples.csv"
BOUNDS = {"default": None, "standard bounds": "standard"}
_STEP = 1e-30


@dataclass(frozen=True, eq=False)
class Study:
    """One study: a model in which each construct depends on the one or two before it, and its data."""

    number: int
    model: str
    frame: pd.DataFrame
    items: tuple[int, ...]

    @classmethod
    def drawn(cls, number: int) -> Study:
        """Draw the size, the model, its values and the respondents; the same for the same number."""
        rng = np.random.default_rng([3, number])
        size, n = int(rng.integers(3, 5)), int(rng.integers(60, 151))
        names = CONSTRUCTS[-size:]
        items = {name: int(rng.integers(2, 4)) for name in names}
        population, model = [], []
        for name in names:
            loadings = rng.uniform(0.5, 0.8, items[name])
            columns = [f"{name[0].lower()}{j + 1}" for j in range(items[name])]
            terms = zip(loadings, columns, strict=True)
            population.append(f"{name} =~ " + " + ".join(f"{value:.6f}*{item}" for value, item in terms))
            model.append(f"{name} =~ " + " + ".join(columns))
        for j, name in enumerate(names[1:], start=1):
            before = names[max(0, j - 2) : j]
            terms = zip(rng.uniform(0.1, 0.5, len(before)), before, strict=True)
            population.append(f"{name} ~ " + " + ".join(f"{value:.6f}*{cause}" for value, cause in terms))
            model.append(f"{name} ~ " + " + ".join(before))
        frame = sl.simulate("\n".join(population), n, seed=number)
        return cls(number, "\n".join(model), frame, tuple(items.values()))


def studies(count: int = STUDIES) -> Iterator[Study]:
    for number in range(count):
        yield Study.drawn(number)


# -- our half, and whether it is true ------------------------------------------------------------------------


def outcome(study: Study, way: str) -> dict[str, Any]:
    """Fit a study, and judge by arithmetic of our own whether what the fit says of itself is true."""
    fit = sl.fit_sem(study.model, study.frame, bounds=BOUNDS[way])
    return {
        "study": study.number,
        "converged": fit.converged,
        "admissible": fit.admissible,
        "chisq": float(fit.glance()["chisq"]),
        "mislabelled": mislabelled(fit, study.frame),
    }


def mislabelled(fit: Any, frame: pd.DataFrame) -> str:
    """Say what is false about how a fit calls itself; nothing where all is true."""
    table = fit.tidy()
    if not fit.converged:
        numbers = [table["est"], table["se"], table["pvalue"], fit.glance().drop(["npar", "ntotal"])]
        return "" if all(part.isna().all() for part in numbers) else "numbers of a fit that did not converge"
    model = _Model.of(table, frame)
    free = table["free"].to_numpy() > 0
    theta = table.loc[free, "est"].to_numpy(float)
    gradient = model.gradient(theta)
    inside = np.ones(len(theta), bool)
    if fit.restrictions is not None:
        order = table.loc[free, "free"].to_numpy(int) - 1
        lower, upper = fit.restrictions.bounds.lower[0][order], fit.restrictions.bounds.upper[0][order]
        near = 1e-7
        at_lower, at_upper = theta <= lower + near, theta >= upper - near
        if (theta < lower - near).any() or (theta > upper + near).any():
            return "beyond its bounds"
        if (gradient[at_lower] < -near).any() or (gradient[at_upper] > near).any():
            return "a bound that holds nothing back"
        inside = ~(at_lower | at_upper)
    hessian = model.hessian(theta, table.loc[free, "se"].to_numpy(float))[np.ix_(inside, inside)]
    scale = 1 / np.sqrt(np.abs(np.diagonal(hessian)))
    values, vectors = np.linalg.eigh(hessian * np.outer(scale, scale))
    slope = vectors.T @ (gradient[inside] * scale)
    usable = values > 1e-7
    if (slope[usable] ** 2 / values[usable]).sum() > 1e-8 or (np.abs(slope[~usable]) > 1e-6).any():
        return "a slope that is not zero"
    if values[0] < -1e-5:
        return "no minimum"
    if not fit.admissible:
        return ""
    return model.impossible(theta) if usable.all() else "a curvature that is not positive"


@dataclass(frozen=True, eq=False)
class _Model:
    """The discrepancy of maximum likelihood from nothing but the rows of a table of estimates."""

    at: dict[str, int]
    observed: int
    latent: int
    fixed: tuple[np.ndarray, np.ndarray]
    arrows: np.ndarray
    cells: np.ndarray
    sample: np.ndarray

    @classmethod
    def of(cls, table: pd.DataFrame, frame: pd.DataFrame) -> _Model:
        factors = list(dict.fromkeys(table.loc[table["op"] == "=~", "lhs"]))
        at = {name: i for i, name in enumerate([*frame.columns, *factors])}
        A, S = np.zeros((len(at), len(at))), np.zeros((len(at), len(at)))
        arrows, cells = [], []
        for row in table.itertuples():
            i, j = at[row.lhs], at[row.rhs]
            if row.op == "=~":
                i, j = j, i
            if row.free:
                arrows.append(row.op != "~~")
                cells.append((i, j))
            elif row.op == "~~":
                S[i, j] = S[j, i] = row.est
            else:
                A[i, j] = row.est
        sample = np.cov(frame.to_numpy(), rowvar=False, ddof=0)
        return cls(at, len(frame.columns), len(factors), (A, S), np.array(arrows), np.array(cells), sample)

    def matrices(self, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return S and the covariances of all variables, shapes (b, m, m)."""
        A = np.repeat(self.fixed[0][None].astype(theta.dtype), len(theta), axis=0)
        S = np.repeat(self.fixed[1][None].astype(theta.dtype), len(theta), axis=0)
        i, j = self.cells.T
        A[:, i[self.arrows], j[self.arrows]] = theta[:, self.arrows]
        S[:, i[~self.arrows], j[~self.arrows]] = theta[:, ~self.arrows]
        S[:, j[~self.arrows], i[~self.arrows]] = theta[:, ~self.arrows]
        E = np.linalg.inv(np.eye(A.shape[-1]) - A)
        return S, E @ S @ E.transpose(0, 2, 1)

    def slopes(self, theta: np.ndarray) -> np.ndarray:
        """Return gradients by complex steps, shape (b, q)."""
        b, q = theta.shape
        moved = np.repeat(theta[:, None].astype(complex), q, axis=1)
        moved[:, np.arange(q), np.arange(q)] += 1j * _STEP
        p = self.observed
        sigma = self.matrices(moved.reshape(b * q, q))[1][:, :p, :p]
        turn = np.angle(np.linalg.slogdet(sigma).sign)
        trace = np.einsum("bij,ji->b", np.linalg.inv(sigma), self.sample).imag
        return ((turn + trace) / _STEP).reshape(b, q)

    def gradient(self, theta: np.ndarray) -> np.ndarray:
        return self.slopes(theta[None])[0]

    def hessian(self, theta: np.ndarray, se: np.ndarray) -> np.ndarray:
        """Return central differences of the gradient."""
        step = 1e-4 * np.where(np.isfinite(se) & (se > 0) & (se < 1), se, 1.0)
        up, down = self.slopes(theta + np.diag(step)), self.slopes(theta - np.diag(step))
        H = (up - down) / (2 * step[:, None])
        return (H + H.T) / 2

    def impossible(self, theta: np.ndarray) -> str:
        """Say what no population can have: negative variances, correlations beyond ±1."""
        S, P = (matrix[0] for matrix in self.matrices(theta[None]))
        latent = P[self.observed :, self.observed :]
        if (np.diagonal(S) < 0).any() or (np.diagonal(latent) <= 0).any():
            return "a negative variance"
        spread = np.sqrt(np.diagonal(latent))
        R = latent / np.outer(spread, spread)
        if np.abs(R[np.tril_indices(len(R), -1)]).max() > 1 + 1e-8 or np.linalg.eigvalsh(R)[0] < -1e-8:
            return "correlations that are none"
        return "" if np.linalg.eigvalsh(P[: self.observed, : self.observed])[0] > 0 else "an indefinite Σ"


# -- both halves ---------------------------------------------------------------------------------------------


def there() -> pd.DataFrame:
    """Return what lavaan found: one row a study and way."""
    return pd.read_csv(THERE)


def table(ours: pd.DataFrame, theirs: pd.DataFrame, models: pd.DataFrame) -> list[dict[str, Any]]:
    """Count, by kind of study, how often each program converged to what a population can have."""
    both = ours.merge(theirs, on=["study", "way"], suffixes=("", " there")).merge(models, on="study")
    kinds = {
        "all": both["n"] > 0,
        "n = 60 … 99": both["n"] < 100,
        "n = 100 … 150": both["n"] >= 100,
        "three constructs": both["constructs"] == 3,
        "four constructs": both["constructs"] == 4,
        "at most one construct with two items": both["two items"] <= 1,
        "more constructs with two items": both["two items"] > 1,
    }
    rows = []
    for way in BOUNDS:
        for kind, chosen in kinds.items():
            part = both[chosen & (both["way"] == way)]
            gap = (part["chisq"] - part["chisq there"])[part["converged"] & part["converged there"]]
            rows.append(
                {
                    "fit": way,
                    "studies": kind,
                    "how many": len(part),
                    "converged here": int(part["converged"].sum()),
                    "converged in lavaan": int(part["converged there"].sum()),
                    "admissible here": int(part["admissible"].sum()),
                    "admissible in lavaan": int(part["admissible there"].sum()),
                    "lower chi-square here": int((gap < -1e-3).sum()),
                    "lower chi-square in lavaan": int((gap > 1e-3).sum()),
                    "mislabelled here": int((part["mislabelled"].fillna("") != "").sum()),
                }
            )
    return rows


def kinds_of(drawn: list[Study]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "study": [s.number for s in drawn],
            "n": [len(s.frame) for s in drawn],
            "constructs": [len(s.items) for s in drawn],
            "two items": [s.items.count(2) for s in drawn],
        }
    )


def ours(drawn: list[Study]) -> pd.DataFrame:
    return pd.DataFrame([outcome(study, way) | {"way": way} for way in BOUNDS for study in drawn])


def export(folder: Path) -> None:
    """Write the data and models for ``small_samples.R``."""
    folder.mkdir(parents=True, exist_ok=True)
    models = {}
    for study in studies():
        study.frame.to_csv(folder / f"{study.number}.csv", index=False, float_format="%.17g")
        models[study.number] = study.model
    (folder / "models.json").write_text(json.dumps(models), encoding="utf-8")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        export(Path(sys.argv[1]))
    else:
        drawn = list(studies())
        rows = table(ours(drawn), there(), kinds_of(drawn))
        with TABLE.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, fieldnames=list(rows[0]), lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
