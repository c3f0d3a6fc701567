"""Make the simulated retail survey that ships with satloyal, and its truth.

Run from the repository root::

    python data/make_simulated_retail.py            # the survey, from the seed
    python data/make_simulated_retail.py --truth    # truth.json as well, from two million draws

Everything comes from the numbers in this file: no person answered anything. The model is linear in the latent
variables; every item is a latent score plus an error, rounded to its scale and cut at the ends.

Two kinds of truth are kept apart in ``truth.json``:

- ``generating_std``: the standardised coefficients that the latent scores were drawn with;
- ``population`` and ``population_std``: what the maximum-likelihood analysis of the *rounded, cut* items
  gives in two million draws from the same distribution. Rounding and cutting weaken the loadings
  (attenuation), and hardly touch the paths between the latent variables, because a latent variable is
  measured by what its items share.

The estimates of the sample aim at the population values.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from pathlib import Path

import numpy as np
import pandas as pd

SEED = 20250214
N = 1200
POPULATION = 2_000_000
CHUNK = 100_000
FOLDER = Path(__file__).resolve().parents[1] / "src" / "satloyal" / "survey" / "data" / "simulated_retail"

RATER = ("Reliability", "Assurance", "Tangibles", "Empathy", "Responsiveness")
DRIVEN = ("Satisfaction", "Trust", "Belonging", "Loyalty")
CONSTRUCTS = RATER + DRIVEN

# Correlations among the five perceptions of service quality (within a brand, store and wave).
RATER_CORRELATION = np.array(
    [
        [1.00, 0.55, 0.40, 0.45, 0.55],
        [0.55, 1.00, 0.35, 0.50, 0.50],
        [0.40, 0.35, 1.00, 0.35, 0.35],
        [0.45, 0.50, 0.35, 1.00, 0.55],
        [0.55, 0.50, 0.35, 0.55, 1.00],
    ]
)

# Target standardised paths, in causal order; residual variances follow from them.
PATHS: dict[str, dict[str, float]] = {
    "Satisfaction": {
        "Reliability": 0.32,
        "Assurance": 0.10,
        "Tangibles": 0.08,
        "Empathy": 0.18,
        "Responsiveness": 0.24,
    },
    "Trust": {"Satisfaction": 0.62},
    "Belonging": {"Satisfaction": 0.20, "Trust": 0.45},
    "Loyalty": {"Satisfaction": 0.35, "Trust": 0.22, "Belonging": 0.30},
}

# (construct, loading, centre, spread, lowest, highest, reversed)
Item = tuple[str, float, float, float, int, int, bool]
ITEMS: dict[str, Item] = {
    "REL1": ("Reliability", 0.84, 5.1, 1.30, 1, 7, False),
    "REL2": ("Reliability", 0.80, 4.9, 1.35, 1, 7, False),
    "REL3": ("Reliability", 0.74, 3.1, 1.40, 1, 7, True),
    "ASS1": ("Assurance", 0.82, 5.2, 1.20, 1, 7, False),
    "ASS2": ("Assurance", 0.78, 5.0, 1.25, 1, 7, False),
    "TAN1": ("Tangibles", 0.80, 4.8, 1.30, 1, 7, False),
    "TAN2": ("Tangibles", 0.76, 5.0, 1.25, 1, 7, False),
    "TAN3": ("Tangibles", 0.70, 4.6, 1.35, 1, 7, False),
    "EMP1": ("Empathy", 0.81, 4.4, 1.40, 1, 7, False),
    "EMP2": ("Empathy", 0.79, 4.5, 1.40, 1, 7, False),
    "RES1": ("Responsiveness", 0.83, 4.7, 1.35, 1, 7, False),
    "RES2": ("Responsiveness", 0.80, 4.6, 1.40, 1, 7, False),
    "RES3": ("Responsiveness", 0.72, 4.8, 1.35, 1, 7, False),
    "SAT1": ("Satisfaction", 0.88, 6.9, 1.80, 1, 10, False),
    "SAT2": ("Satisfaction", 0.84, 6.6, 1.85, 1, 10, False),
    "SAT3": ("Satisfaction", 0.80, 6.3, 1.95, 1, 10, False),
    "TRU1": ("Trust", 0.85, 4.9, 1.25, 1, 7, False),
    "TRU2": ("Trust", 0.82, 5.0, 1.25, 1, 7, False),
    "TRU3": ("Trust", 0.70, 3.2, 1.40, 1, 7, True),
    "BEL1": ("Belonging", 0.84, 3.9, 1.50, 1, 7, False),
    "BEL2": ("Belonging", 0.82, 3.7, 1.50, 1, 7, False),
    "BEL3": ("Belonging", 0.78, 3.6, 1.55, 1, 7, False),
    "LOY1": ("Loyalty", 0.86, 4.9, 1.40, 1, 7, False),
    "LOY2": ("Loyalty", 0.83, 4.7, 1.45, 1, 7, False),
    "LOY3": ("Loyalty", 0.76, 4.5, 1.50, 1, 7, False),
    "LOY4": ("Loyalty", 0.72, 4.3, 1.55, 1, 7, False),
}
NPS = ("Loyalty", 0.80, 7.4, 1.90, 0, 10, False)

BRANDS = ("Aster", "Birke", "Cedro", "Dahlia")
BRAND_SHARE = (0.34, 0.28, 0.22, 0.16)
# Brands and waves differ in the five perceptions only, so one set of paths holds for everybody.
BRAND_SHIFT = np.array(
    [
        [0.25, 0.15, 0.05, 0.00, 0.10],
        [0.00, 0.05, 0.20, 0.10, 0.00],
        [-0.10, -0.10, 0.00, 0.15, 0.05],
        [-0.30, -0.15, -0.25, -0.20, -0.20],
    ]
)
WAVE_SHIFT = np.array([[0.0, 0.0, 0.0, 0.0, 0.0], [0.05, 0.0, 0.0, 0.05, 0.20]])
REGIONS = ("North", "East", "South", "West")
STORES = 48
STORE_SD = 0.18
DONT_KNOW, REFUSED = 99, 98
DONT_KNOW_SHARE = {"ASS1": 0.012, "ASS2": 0.015, "EMP1": 0.02, "EMP2": 0.02, "BEL3": 0.012, "RES3": 0.012}
REFUSED_SHARE = {"LOY4": 0.01, "TRU3": 0.008}
SKIPPED_SHARE = 0.002


def scales() -> dict[str, float]:
    """Return the scale of each perception and the residual SD of each driven construct, variances one."""
    share = np.array(BRAND_SHARE)
    centred = BRAND_SHIFT - share @ BRAND_SHIFT
    brand = (centred * share[:, None]).T @ centred
    gap = (WAVE_SHIFT[1] - WAVE_SHIFT[0]) / 2
    total = RATER_CORRELATION + brand + np.outer(gap, gap) + STORE_SD**2 * np.eye(5)
    scale = np.sqrt(np.diag(total))
    covariance = pd.DataFrame(total / np.outer(scale, scale), RATER, RATER)
    sds = {}
    for target, causes in PATHS.items():
        weights = pd.Series(causes)
        column = covariance[weights.index] @ weights
        variance = float(weights @ covariance.loc[weights.index, weights.index] @ weights)
        sds[target] = float(np.sqrt(1 - variance))
        covariance.loc[target] = column
        covariance[target] = pd.concat([column, pd.Series({target: 1.0})])
    return sds | {name: float(s) for name, s in zip(RATER, scale, strict=True)}


def draw(n: int, rng: np.random.Generator) -> pd.DataFrame:
    """Draw ``n`` complete answers: design columns, items as the respondent ticks them, and the NPS item."""
    sds = scales()
    brand = rng.choice(len(BRANDS), n, p=BRAND_SHARE)
    wave = rng.integers(0, 2, n)
    store = rng.integers(0, STORES, n)
    stores = rng.normal(0, STORE_SD, (STORES, 5)) if n <= CHUNK // 10 else None
    # In the population every respondent meets a fresh store: the mean over all stores there could be.
    local = stores[store] if stores is not None else rng.normal(0, STORE_SD, (n, 5))
    rater = rng.multivariate_normal(np.zeros(5), RATER_CORRELATION, n, method="cholesky")
    rater += BRAND_SHIFT[brand] + WAVE_SHIFT[wave] + local
    latent = {name: rater[:, i] / sds[name] for i, name in enumerate(RATER)}
    for target, causes in PATHS.items():
        latent[target] = sum(b * latent[c] for c, b in causes.items()) + rng.normal(0, sds[target], n)
    columns: dict[str, np.ndarray] = {
        "store": store + 101,
        "region": np.array(REGIONS)[store % 4],
        "brand": np.array(BRANDS)[brand],
        "wave": np.array(["2024", "2025"])[wave],
    }
    columns |= {name: answer(latent, item, rng) for name, item in ITEMS.items()}
    columns["NPS"] = answer(latent, NPS, rng)
    return pd.DataFrame(columns)


def answer(
    latent: dict[str, np.ndarray],
    item: Item,
    rng: np.random.Generator,
) -> np.ndarray:
    """Turn latent scores into ticks: loading, error, rounding, and the ends of the scale."""
    construct, loading, centre, spread, low, high, is_reversed = item
    score = loading * latent[construct] + rng.normal(0, np.sqrt(1 - loading**2), len(latent[construct]))
    raw = centre + spread * (-score if is_reversed else score)
    return np.clip(np.rint(raw), low, high).astype(int)


def as_export(complete: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Add what an export has: an id, a weight, missing codes and skipped questions."""
    frame = complete.copy()
    n = len(frame)
    frame.insert(0, "id", [f"R{i:04d}" for i in range(1, n + 1)])
    target = pd.Series(0.25, index=list(BRANDS))  # each brand should count the same
    observed = frame["brand"].value_counts(normalize=True)
    weight = frame["brand"].map(target / observed).astype(float) * rng.uniform(0.8, 1.25, n)
    for name in ITEMS:
        codes = frame[name].astype("Int64")
        chance = rng.random((3, n))
        codes = codes.mask(chance[0] < DONT_KNOW_SHARE.get(name, 0), DONT_KNOW)
        codes = codes.mask(chance[1] < REFUSED_SHARE.get(name, 0), REFUSED)
        frame[name] = codes.mask(chance[2] < SKIPPED_SHARE)
    frame["weight"] = (weight / weight.mean()).round(4)
    return frame


def population_covariance(rng: np.random.Generator) -> tuple[pd.DataFrame, pd.Series]:
    """Return the covariance matrix (divisor n) and means of the scored items over the population draws."""
    names = list(ITEMS)
    flips = np.array([ITEMS[i][6] for i in names])
    ends = np.array([ITEMS[i][4] + ITEMS[i][5] for i in names])
    total, squares = np.zeros(len(names)), np.zeros((len(names), len(names)))
    for _ in range(POPULATION // CHUNK):
        items = draw(CHUNK, rng)[names].to_numpy(float)
        items = np.where(flips, ends - items, items)
        total += items.sum(0)
        squares += items.T @ items
    mean = total / POPULATION
    return pd.DataFrame(squares / POPULATION - np.outer(mean, mean), names, names), pd.Series(mean, names)


def model_text() -> str:
    """Return the model of the study, straight from the study file that ships with satloyal."""
    import tomllib

    study = FOLDER.parents[2] / "study" / "data" / "simulated_retail" / "study.toml"
    return str(tomllib.loads(study.read_text(encoding="utf-8"))["model"]["text"])


def generating_values() -> dict[tuple[str, str, str], float]:
    """Return the standardised coefficients the latent scores were drawn with."""
    loadings = {(item[0], "=~", name): item[1] for name, item in ITEMS.items()}
    paths = {(target, "~", cause): b for target, causes in PATHS.items() for cause, b in causes.items()}
    s = PATHS["Loyalty"]["Satisfaction"]
    t, b = PATHS["Trust"]["Satisfaction"], PATHS["Belonging"]["Satisfaction"]
    tb, tl, bl = PATHS["Belonging"]["Trust"], PATHS["Loyalty"]["Trust"], PATHS["Loyalty"]["Belonging"]
    effects = {
        "via_trust": t * tl,
        "via_belonging": b * bl,
        "via_trust_and_belonging": t * tb * bl,
        "indirect": t * tl + b * bl + t * tb * bl,
        "satisfaction_to_loyalty": s + t * tl + b * bl + t * tb * bl,
    }
    return loadings | paths | {(name, ":=", ""): value for name, value in effects.items()}


def truth() -> dict[str, object]:
    """Fit the study's model to the population moments and set the generating values beside the result."""
    import satloyal as sl

    covariance, mean = population_covariance(np.random.default_rng(SEED + 1))
    moments = sl.Moments.from_matrix(covariance, POPULATION, means=mean)
    fit = sl.fit_sem(model_text(), moments)
    if not (fit.converged and fit.admissible):
        msg = f"the population fit is no truth: {fit.headline()}"
        raise SystemExit(msg)
    generating = generating_values()
    rows = []
    for row in fit.tidy().itertuples():
        key = (row.lhs, row.op, "" if row.op == ":=" else row.rhs)
        if key in generating:
            rows.append(
                {
                    "lhs": row.lhs,
                    "op": row.op,
                    "rhs": row.rhs,
                    "population": round(float(row.est), 4) if row.free or row.op == ":=" else None,
                    "population_std": round(float(row.std_all), 4),
                    "generating_std": round(generating[key], 4),
                }
            )
    return {
        "about": (
            f"The true values are what the same analysis gives for {POPULATION:,} simulated respondents, "
            "whose answers are rounded and cut as here. Rounding and cutting take a little off the loadings; "
            "the paths are those the data were drawn with."
        ),
        "keys": {
            "population": "true value, unstandardised; null where the first loading is fixed to 1",
            "population_std": "the same, standardised (std_all)",
            "generating_std": "what the latent scores were drawn with, standardised",
        },
        "model": "main",
        "seed": SEED,
        "population_draws": POPULATION,
        "population_rmsea": round(float(fit.glance()["rmsea"]), 4),
        "parameters": rows,
    }


def main() -> None:
    """Write the survey, and the truth if asked."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--truth", action="store_true", help="also fit two million draws and write truth.json"
    )
    arguments = parser.parse_args()
    rng = np.random.default_rng(SEED)
    frame = as_export(draw(N, rng), rng)
    target = FOLDER / "simulated_retail.csv"
    frame.to_csv(target, index=False, lineterminator="\n")
    print(target.name, len(frame), "rows, sha256", hashlib.sha256(target.read_bytes()).hexdigest())
    if arguments.truth:
        content = json.dumps(truth(), indent=2, ensure_ascii=False) + "\n"
        (FOLDER / "truth.json").write_text(content, encoding="utf-8")
        print("truth.json", len(content), "characters")


if __name__ == "__main__":
    main()
