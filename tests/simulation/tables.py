"""The tables of the simulation studies that the docs show."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path

from simulation.studies import OUTCOMES, Cell, cells

DOCS = Path(__file__).parents[2] / "docs" / "explanation"
HEAD = ("data", "n", "estimator")
TESTS = ("chi-square test", "Wald test", "difference test", "modification index")
LAST = ("studies", *OUTCOMES.values())
COVERED = (
    "loadings", "residual variance", "thresholds", "path a", "path b", "path c = 0", "indirect, delta",
    "indirect, Monte Carlo",
)  # fmt: skip
WAYS = ("percentile", "BC", "BCa")
BOOTSTRAPPED = tuple(
    f"{what}, {way}" for what in ("loadings", "path b", "path c", "indirect") for way in WAYS
)
STEPS = ("metric step", "scalar step", "strict step", "score test of an intercept")
# table: the studies it shows, and its figures
TABLES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "coverage": (("fits",), COVERED),
    "tests": (("fits",), TESTS),
    "bootstrap": (("bootstrap",), BOOTSTRAPPED),
    "invariance": (("invariance",), STEPS),
}


def groups() -> list[list[Cell]]:
    """Return the cells, those on the same samples together."""
    return [list(g) for _, g in groupby(cells(), key=lambda c: (c.study, c.data, c.n))]


def path(table: str) -> Path:
    return DOCS / f"simulation_{table}.csv"


def read(table: str) -> list[dict[str, str]]:
    where = path(table)
    if not where.exists():
        return []
    with where.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def update(study: str, rows: Iterable[dict[str, str]]) -> None:
    """Put rows of a study in their tables, in the order of the cells."""
    new = {tuple(row[name] for name in HEAD): row for row in rows}
    for table, (studies, figures) in TABLES.items():
        if study not in studies:
            continue
        stored = {tuple(row[name] for name in HEAD): row for row in read(table)}
        for key, row in new.items():
            if any(row.get(name) for name in figures):
                stored[key] = {name: row.get(name, "") for name in (*HEAD, *figures, *LAST)}
        order = [tuple(cell.head.values()) for cell in cells() if cell.study in studies]
        write(path(table), [stored[key] for key in order if key in stored])


def write(where: Path, rows: list[dict[str, str]]) -> None:
    with where.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def figures() -> Iterator[tuple[str, dict[str, str], str, float]]:
    """Yield every figure of the stored tables: table, row, name, value."""
    for table, (_, names) in TABLES.items():
        for row in read(table):
            for name in names:
                if row[name]:
                    yield table, row, name, float(row[name])
