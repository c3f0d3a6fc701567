"""The table of agreement that the docs show, made from the same comparisons that the tests make."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from reference.cases import ASPECTS, STOPPED_EARLY, Case, Compared

DOCS = Path(__file__).parents[2] / "docs" / "explanation"
BY_STATISTIC = DOCS / "parity_statistics.csv"
BY_CASE = DOCS / "parity_cases.csv"

STATISTIC_HEAD = ("statistic", "cases", "values", "worst difference", "allowed", "measured as")
CASE_HEAD = ("case", "n", "chi-square there", "chi-square here", "df", "values", "all agree")


def _measured(compared: Compared) -> str:
    if compared.rule.floor is None:
        return "absolute"
    if compared.statistic == "interval":
        return "relative to the estimate and its standard error"
    return f"relative, absolute below {compared.rule.floor:g}"


def by_statistic(cases: Iterable[Case]) -> list[dict[str, str]]:
    found: dict[tuple[str, str, float], list[tuple[str, Compared]]] = defaultdict(list)
    for case in cases:
        for aspect in ASPECTS.values():
            for c in aspect(case):
                early = case.name in STOPPED_EARLY and c.rule.limit == STOPPED_EARLY[case.name].limit
                name = f"{c.statistic}, {case.name}: lavaan stops short" if early else c.statistic
                found[name, _measured(c), c.rule.limit].append((case.name, c))
    rows = []
    for (statistic, measured, limit), hits in found.items():
        worst = max(c.difference for _, c in hits)
        values = (
            statistic,
            len({name for name, _ in hits}),
            len(hits),
            f"{worst:.0e}",
            f"{limit:.0e}",
            measured,
        )
        rows.append(dict(zip(STATISTIC_HEAD, map(str, values), strict=True)))
    return rows


def by_case(cases: Iterable[Case]) -> list[dict[str, str]]:
    rows = []
    for case in cases:
        compared = [c for aspect in ASPECTS.values() for c in aspect(case)]
        glance = case.fit().glance()
        theirs = case.stored["fit_measures"]
        values = (
            case.name,
            sum(case.stored["nobs"]) if isinstance(case.stored.get("nobs"), list) else case.fit().nobs,
            f"{theirs['chisq']:.4f}",
            f"{abs(glance['chisq']):.4f}",
            int(theirs["df"]),
            len(compared),
            "yes" if all(c.agrees for c in compared) else "NO",
        )
        rows.append(dict(zip(CASE_HEAD, map(str, values), strict=True)))
    return rows


def write(path: Path, rows: list[dict[str, Any]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def read(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))
