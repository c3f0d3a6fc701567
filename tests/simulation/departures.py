"""Where a figure is not the nominal one: by how much it may differ, and why it does."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from simulation.tables import DOCS, HEAD, figures, write

ERRORS = 3  # Monte Carlo standard errors that a nominal figure may be away
COVERED_TABLES = ("coverage", "bootstrap")
WHERE = DOCS / "simulation_departures.csv"


@dataclass(frozen=True)
class Rule:
    """Figures that are known not to be nominal.

    Parameters
    ----------
    pattern : str
        Of "data | n | estimator | figure".
    low, high : float
        What they must lie within nevertheless.
    why : str
    """

    pattern: str
    low: float
    high: float
    why: str


_NORMAL_THEORY = (
    "normal-theory errors and tests: too short and too large where answers are not normal; use MLR or MLM"
)
_FOURTH = "robust errors rest on fourth moments, which few rows tell poorly"
_FEW = "asymptotic errors and tests: n = 200 is short of infinity"
_ULS = "the errors of plain ULS, lavaan's too, take its weights for the right ones: use ULSMV"
_YUAN_BENTLER = (
    "the factor of Yuan and Bentler, as in Mplus and lavaan, is made of casewise scores, which few rows tell "
    "poorly: use MLM or MLMV for the test where no values are missing and no weights or clusters given"
)
_CAREFUL = "a test adjusted for mean and variance errs on the careful side"
_CLUSTERED = "rows of one cluster resemble each other, and that is not told"
_CHOSEN = "who takes part depends on the answers, and that is not told: estimates are biased"
_FIGURES = "(path|indirect|loadings|residual variance)"
_TESTS = "(chi-square|Wald|difference|modification)"
RULES = (
    Rule(rf"^clusters .*ignored \| {_FIGURES}", 0.84, 0.97, _CLUSTERED),
    Rule(rf"^clusters .*ignored \| {_TESTS}", 0.05, 0.5, _CLUSTERED),
    Rule(rf"^unequal .*ignored \| {_FIGURES}", 0.05, 0.93, _CHOSEN),
    Rule(rf"\| ULS \| {_FIGURES}", 0.70, 0.93, _ULS),
    Rule(r"\| ULS \| Wald", 0.05, 0.25, _ULS),
    Rule(rf"^non-normal \| .* \| (ML|GLS) \| {_FIGURES}(?!.*(percentile|BC))", 0.66, 0.93, _NORMAL_THEORY),
    Rule(rf"^non-normal \| .* \| (ML|GLS) \| {_TESTS}", 0.05, 0.6, _NORMAL_THEORY),
    Rule(r"MLMV \| chi-square", 0.015, 0.05, _CAREFUL),
    Rule(r"MLR.* \| chi-square", 0.05, 0.30, _YUAN_BENTLER),
    Rule(rf"^non-normal.* \| {_FIGURES}", 0.86, 0.93, _FOURTH),
    Rule(rf"\| 200 \| .* \| {_FIGURES}", 0.90, 0.93, _FEW),
    Rule(r"\| 200 \| .* (test|index|step)$", 0.015, 0.10, _FEW),
)


def nominal(table: str, studies: int) -> tuple[float, float, float]:
    """Return the nominal share, and what it may be taken for."""
    target = 0.95 if table in COVERED_TABLES else 0.05
    slack = ERRORS * float(np.sqrt(target * (1 - target) / studies))
    return target, target - slack, target + slack


def described() -> Iterator[tuple[dict[str, str], Rule | None]]:
    """Yield the figures that are not nominal, with the rule that knows them."""
    for table, row, figure, value in figures():
        target, low, high = nominal(table, int(row["studies"]))
        if low <= value <= high:
            continue
        text = " | ".join([*(row[name] for name in HEAD), figure])
        rule = next((r for r in RULES if re.search(r.pattern, text) and r.low <= value <= r.high), None)
        words = {name: row[name] for name in HEAD} | {"figure": figure, "found": f"{value:.3f}"}
        yield words | {"nominal": f"{target:g}", "why": rule.why if rule else ""}, rule


def summed() -> list[dict[str, str]]:
    """Return what the docs show: the figures of one cell that have one reason in one row."""
    rows: dict[tuple[str, ...], dict[str, str]] = {}
    for row, _ in described():
        words = f"{row['figure']} {row['found']}"
        key = (*(row[name] for name in HEAD), row["nominal"], row["why"])
        if key in rows:
            rows[key]["found"] += f"; {words}"
        else:
            heads = {name: row[name] for name in HEAD}
            rows[key] = heads | {"nominal": row["nominal"], "found": words, "why": row["why"]}
    return list(rows.values())


def rewrite() -> None:
    """Write the table of the docs."""
    write(WHERE, summed())
