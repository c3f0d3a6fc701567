"""Tencent Survey 腾讯问卷: what the vendor adds stands before and behind the questions."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import Any

from satloyal.notes import Note
from satloyal.survey.clean import listing
from satloyal.survey.construct import as_code
from satloyal.survey.raw import Finding, Kind, RawTable
from satloyal.survey.readers.choice_cells import expanded
from satloyal.survey.readers.export import Export
from satloyal.survey.readers.grid import Grid
from satloyal.survey.readers.heading import Heading, table_from
from satloyal.survey.readers.match import Match
from satloyal.survey.readers.numbered import Numbered, cells_of, header_text, numbered, refuse_overlong

__all__ = ["TencentReader"]

_SIGNATURE = frozenset({"编号", "开始答题时间", "结束答题时间"})
VALIDITY = "清洗数据结果"
"""The vendor's own judgement of each response."""

_META: dict[str, Kind] = {
    "编号": "id",
    "答题时长": "duration",
    **dict.fromkeys(
        (
            *("开始答题时间", "结束答题时间", "自定义字段", "语言", VALIDITY, "用户类型", "Referrer"),
            *("中奖时间", "中奖金额", "审核状态", "来源", "渠道"),
        ),
        "meta",
    ),
    "智能清洗数据无效概率": "derived",
    **dict.fromkeys(("总分", "得分"), "derived"),
    **dict.fromkeys(("用户标识", "昵称", "IP", "UA", "openid", "手机号", "邮箱", "姓名"), "personal"),
}
_PLACE = "地理位置"
_LETTER = re.compile(r"[A-Za-z][.、．]\s*")
_MARK = frozenset({0.0, 1.0, "√", "✓", "是", "选中", "已选", "y", "yes", "true"})


class TencentReader:
    """Tencent Survey exports."""

    name = "tencent"

    def sniff(self, export: Export) -> Match:
        """Look for 编号, 开始答题时间 and 结束答题时间 in the first row."""
        if not export.is_table:
            return Match(0.0, f"a .{export.container} file")
        rows = export.grid.rows
        if rows and {header_text(cell) for cell in rows[0]} >= _SIGNATURE:
            return Match(0.98, "the first row holds 编号, 开始答题时间 and 结束答题时间")
        return Match(0.0, "no 编号, 开始答题时间 and 结束答题时间 in the first row")

    def read(self, export: Export) -> RawTable:
        """Read the header row and the respondents."""
        grid = export.grid
        headers = [header_text(cell) for cell in grid.rows[0]]
        refuse_overlong(grid, len(headers), 1)
        rows = range(1, len(grid.rows))
        parsed = numbered(headers)
        bodies = [cells_of(grid, rows, j) for j in range(len(headers))]
        ticked = _ticked(parsed, bodies)
        headings = [
            Heading(
                header,
                _LETTER.sub("", question.text, count=1) if j in ticked else question.text,
                question.stem,
                "tick" if j in ticked else _kind(header),
            )
            for j, (header, question) in enumerate(zip(headers, parsed, strict=True))
        ]
        return expanded(table_from(grid, headings, first=1, findings=_validity(grid, headers)))


def _kind(header: str) -> Kind | None:
    return "meta" if header.startswith(_PLACE) else _META.get(header)


def _ticked(parsed: Sequence[Numbered], bodies: Sequence[Sequence[Any]]) -> set[int]:
    """Return the columns of questions in which all columns hold one mark: the option, 1 or a tick."""
    groups: dict[str, list[int]] = {}
    for j, question in enumerate(parsed):
        if question.stem:
            groups.setdefault(question.stem, []).append(j)
    out: set[int] = set()
    for members in groups.values():
        marks = [
            {as_code(c) if isinstance(c, str | int | float) else str(c) for c in bodies[j]} for j in members
        ]
        if any(marks) and all(
            _is_mark(found, parsed[j].text) for found, j in zip(marks, members, strict=True)
        ):
            out.update(members)
    return out


def _is_mark(found: set[Any], option: str) -> bool:
    if found <= _MARK:
        return True
    if len(found) != 1:
        return False
    (only,) = found
    bare, wanted = (_LETTER.sub("", str(as_code(text)), count=1) for text in (only, option))
    return bare == wanted


def _validity(grid: Grid, headers: Sequence[str]) -> tuple[Finding, ...]:
    """Say what the vendor thinks of the responses; nothing is left out for it."""
    if VALIDITY not in headers:
        return ()
    counts = Counter(str(c) for c in cells_of(grid, range(1, len(grid.rows)), headers.index(VALIDITY)))
    if not counts:
        return ()
    said = listing((f"{value!r} {count}" for value, count in counts.most_common()), 5)
    message = f"{VALIDITY} holds the vendor's own judgement of each response ({said}); it was not applied"
    return (Finding(Note("validity", message, len(counts))),)
