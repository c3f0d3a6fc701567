"""The table of agreement in the docs says what the comparisons say."""

from __future__ import annotations

import os

import pytest

from reference.table import BY_CASE, BY_STATISTIC, by_case, by_statistic, read, write
from reference.test_parity import CASES

pytestmark = pytest.mark.xdist_group("parity")

# differences of this size are the last bits of arithmetic, and differ from machine to machine
NOISE = 1e-7
COMPARED = [param.values[0] for param in CASES]


def _without(rows: list[dict[str, str]], column: str) -> list[dict[str, str]]:
    return [{k: v for k, v in row.items() if k != column} for row in rows]


def test_table_by_statistic_is_up_to_date() -> None:
    now = by_statistic(COMPARED)
    if os.environ.get("SATLOYAL_WRITE_PARITY"):
        write(BY_STATISTIC, now)
    stored = read(BY_STATISTIC)
    column = "worst difference"
    assert _without(stored, column) == _without(now, column), "run `make parity` and commit docs/explanation"
    for old, new in zip(stored, now, strict=True):
        assert float(new[column]) <= max(2 * float(old[column]), NOISE), f"{new['statistic']} got worse"


def test_table_by_case_is_up_to_date() -> None:
    now = by_case(COMPARED)
    if os.environ.get("SATLOYAL_WRITE_PARITY"):
        write(BY_CASE, now)
    assert read(BY_CASE) == now, "run `make parity` and commit docs/explanation"
