"""Wenjuanxing 问卷星: answers as text, as scores or as the places of the options; CSV, XLS and XLSX."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from satloyal.notes import Note
from satloyal.survey.clean import listing
from satloyal.survey.construct import as_code
from satloyal.survey.numbers import parse_number
from satloyal.survey.raw import Finding, Kind, RawTable
from satloyal.survey.readers.choice_cells import expanded
from satloyal.survey.readers.export import Export
from satloyal.survey.readers.grid import Grid
from satloyal.survey.readers.heading import Heading, table_from
from satloyal.survey.readers.match import Match
from satloyal.survey.readers.numbered import Numbered, cells_of, header_text, numbered, refuse_overlong

__all__ = ["WenjuanxingReader"]

_META: dict[str, Kind] = {
    "序号": "id",
    "提交答卷时间": "meta",
    "所用时间": "duration",
    "来源": "meta",
    "来源详情": "meta",
    "来自IP": "personal",
    **dict.fromkeys(("用户名", "昵称", "微信昵称", "姓名", "手机", "手机号", "openid"), "personal"),
    **dict.fromkeys(("总分", "总得分"), "derived"),
}
_RECOMMEND = re.compile("推荐|推薦|可能性|多大可能|NPS", re.IGNORECASE)
_PLACES = 11
WORDS: dict[str | float, str] = {
    "(空)": "skipped",
    "(跳过)": "not_shown",
    -2.0: "skipped",
    -3.0: "not_shown",
    -999.0: "skipped",
}
"""Cells without an answer: seen and left empty, and passed over by the survey's logic."""


class WenjuanxingReader:
    """Wenjuanxing exports. Several choices in a cell become one column each; their order is told apart."""

    name = "wenjuanxing"

    def sniff(self, export: Export) -> Match:
        """Look for 序号 and 提交答卷时间 in one of the first rows."""
        if not export.is_table:
            return Match(0.0, f"a .{export.container} file")
        at = _header_row(export.grid)
        if at is not None:
            return Match(0.98, f"row {export.grid.numbers[at]} holds 序号 and 提交答卷时间")
        return Match(0.0, "no row with 序号 and 提交答卷时间")

    def read(self, export: Export) -> RawTable:
        """Read the header rows and the respondents."""
        grid = export.grid
        at = _header_row(grid)
        headers, first, findings = _headers(grid, 0 if at is None else at)
        refuse_overlong(grid, len(headers), first)
        rows, dropped = _respondents(grid, headers, first)
        parsed = numbered(headers)
        headings = [
            Heading(header, question.text, question.stem, _kind(header, question, cells_of(grid, rows, j)))
            for j, (header, question) in enumerate(zip(headers, parsed, strict=True))
        ]
        order = _order(grid, rows, headings)
        found = (*findings, *dropped, *order)
        table = table_from(grid, headings, first=first, rows=rows, words=WORDS, findings=found)
        return expanded(_from_zero(table) if order else table)


def _header_row(grid: Grid) -> int | None:
    for i, row in enumerate(grid.rows[:4]):
        texts = {header_text(cell) for cell in row}
        if {"序号", "提交答卷时间"} <= texts:
            return i
    return None


def _headers(grid: Grid, at: int) -> tuple[list[str], int, tuple[Finding, ...]]:
    """Return one header a column; a second header row (experiments) names rows below their question."""
    top = [header_text(cell) for cell in grid.rows[at]]
    below = grid.rows[at + 1] if at + 1 < len(grid.rows) else ()
    place = top.index("序号") if "序号" in top else 0
    cell = below[place] if place < len(below) else None
    if not below or (cell is not None and parse_number(str(cell)) is not None):
        return top, at + 1, ()
    width = max(len(top), len(below))
    top += [""] * (width - len(top))
    second = [header_text(c) for c in below] + [""] * (width - len(below))
    out, question = [], ""
    for over, under in zip(top, second, strict=True):
        question = over or question
        if not under or under == question:
            out.append(question if over or under else "")
        elif question in _META:
            out.append(under)
        else:
            out.append(f"{question}—{under}" if question else under)
    note = Note("header rows", "two header rows read as question and row", 2)
    return out, at + 2, (Finding(note),)


def _respondents(grid: Grid, headers: Sequence[str], first: int) -> tuple[list[int], tuple[Finding, ...]]:
    """Return the rows of respondents: those without a number in 序号 are totals or remarks."""
    rows = list(range(first, len(grid.rows)))
    if "序号" not in headers:
        return rows, ()
    place = headers.index("序号")

    def is_number(cell: Any) -> bool:
        return cell is None or parse_number(str(cell)) is not None

    kept = [i for i in rows if is_number(grid.rows[i][place] if place < len(grid.rows[i]) else None)]
    gone = len(rows) - len(kept)
    if not gone:
        return kept, ()
    message = f"{gone} row{'s' if gone > 1 else ''} without a number in 序号 left out: no respondents"
    return kept, (Finding(Note("rows", message, gone), eye=True),)


def _kind(header: str, question: Numbered, cells: Sequence[Any]) -> Kind | None:
    known = _META.get(header)
    if known is not None:
        return known
    if question.bracketed and _is_ticked(cells, question.text):
        return "tick"
    return None


def _is_ticked(cells: Sequence[Any], option: str) -> bool:
    """Whether an option's column says only whether it was chosen."""
    found = {as_code(cell) if isinstance(cell, str | int | float) else str(cell) for cell in cells}
    return found <= {0.0, 1.0, as_code(option), *WORDS}


def _order(grid: Grid, rows: Sequence[int], headings: Sequence[Heading]) -> tuple[Finding, ...]:
    """Warn where answers are numbers: they may be places of options on the page."""
    asked = [j for j, h in enumerate(headings) if h.kind is None and h.name]
    numbers = {j: [_whole(cell) for cell in cells_of(grid, rows, j)] for j in asked}
    coded = [j for j, found in numbers.items() if found and all(n is not None for n in found)]
    answers = [j for j in coded if len({n for n in numbers[j] if n is not None and n > 0}) < 12]
    if not answers or _is_scored(grid, rows, headings, asked):
        return ()
    if any(h.stem for h in headings) and not any(headings[j].stem for j in answers):
        return ()
    if not any(headings[j].stem for j in answers) and 2 * len(answers) < len(asked):
        return ()
    message = (
        "the answers are numbers; in the export by option number they are places on the page, so that 1 may "
        'be the best answer and the last one may be "don\'t know". Compare with the export as text or by '
        "score, or give a codebook with `reverse` and `missing`"
    )
    return (Finding(Note("order of answers", message, len(answers)), eye=True),)


def _from_zero(raw: RawTable) -> RawTable:
    """Move places 1 to 11 of a question about recommending down by one: its options are 0 to 10."""
    columns, names = {}, []
    for name in raw.frame.columns:
        text = f"{raw.stems.get(name, '')}{raw.texts.get(name, '')}"
        if raw.kinds.get(name) is not None or not _RECOMMEND.search(text):
            continue
        cells = [_whole(cell) for cell in raw.frame[name]]
        places = {n for n in cells if n is not None and n not in raw.words}
        if places and max(places) == _PLACES and min(places) >= 1:
            pairs = zip(raw.frame[name], cells, strict=True)
            columns[name] = [c if n is None or n in raw.words else n - 1 for c, n in pairs]
            names.append(name)
    if not names:
        return raw
    message = f"places 1 to 11 in {listing(names)} are the answers 0 to 10: moved down by 1"
    moved = {name: pd.Series(cells, index=raw.frame.index, dtype=object) for name, cells in columns.items()}
    finding = Finding(Note("places", message, len(names)), eye=True)
    return replace(raw, frame=raw.frame.assign(**moved), findings=(*raw.findings, finding))


def _whole(cell: Any) -> float | None:
    if isinstance(cell, bool) or not isinstance(cell, int | float | str):
        return None
    code = as_code(cell)
    return code if isinstance(code, float) and code.is_integer() else None


def _is_scored(grid: Grid, rows: Sequence[int], headings: Sequence[Heading], asked: Sequence[int]) -> bool:
    """Whether 总分 is the sum of the answers in every row: then they are scores and no places."""
    total = next((j for j, h in enumerate(headings) if h.name in ("总分", "总得分")), None)
    if total is None:
        return False

    def number(i: int, j: int) -> float:
        cell = grid.rows[i][j] if j < len(grid.rows[i]) else None
        found = parse_number(str(cell)) if cell is not None else None
        return max(found[0], 0.0) if found and found[1] == "number" else 0.0

    sums = [(number(i, total), sum(number(i, j) for j in asked)) for i in rows]
    return bool(sums) and any(t for t, _ in sums) and all(abs(t - s) < 1e-6 for t, s in sums)
