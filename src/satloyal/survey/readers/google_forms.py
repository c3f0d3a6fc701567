"""Google Forms: the CSV of the form and that of its linked sheet; grids as ``Stem [Row]``, quiz columns."""

from __future__ import annotations

import re
from collections.abc import Sequence

from satloyal.survey.raw import Kind, RawTable
from satloyal.survey.readers.export import Export
from satloyal.survey.readers.heading import Heading, table_from
from satloyal.survey.readers.layout import (
    bracketed,
    cells_of,
    is_time,
    key_of,
    name_of,
    require_rectangle,
    shared_stems,
)
from satloyal.survey.readers.match import Match

__all__ = ["GoogleFormsReader"]

# Names of the first column in the form's language; from common use, not from files of each language.
_TIMESTAMP = frozenset(
    {
        *(
            "timestamp",
            "时间戳记",
            "時間戳記",
            "时间戳",
            "時間戳",
            "zeitstempel",
            "horodateur",
            "marca temporal",
        ),
        *(
            "carimbo de data/hora",
            "informazioni cronologiche",
            "タイムスタンプ",
            "타임스탬프",
            "отметка времени",
        ),
        *("tijdstempel", "sygnatura czasowa", "zaman damgası", "tidsstämpel", "tidsstempel", "časová značka"),
    }
)
_EMAIL = frozenset({"email address", "username", "email", "电子邮件地址", "電子郵件地址", "e-mail-adresse"})
_SCORE = re.compile(r"\s*-?\d+(?:[.,]\d+)?\s*/\s*\d+(?:[.,]\d+)?\s*")
_LOOKED_AT = 20


class GoogleFormsReader:
    """Google Forms exports. Everybody in them has submitted the form; they hold no id and no duration."""

    name = "google_forms"

    def sniff(self, export: Export) -> Match:
        """Look for a first column of times that is called Timestamp."""
        if not export.is_table:
            return Match(0.0, f"a .{export.container} file")
        rows = export.grid.rows
        if not rows or not rows[0] or key_of(rows[0][0]) not in _TIMESTAMP:
            return Match(0.0, "the first column is not called Timestamp")
        below = [row[0] for row in rows[1 : 1 + _LOOKED_AT] if row and row[0] is not None]
        if below and all(is_time(cell) for cell in below):
            return Match(0.7, "the first column is called Timestamp and holds times, as in Google Forms")
        return Match(0.0, "the column called Timestamp holds no times")

    def read(self, export: Export) -> RawTable:
        """Read the header row and the responses."""
        grid = export.grid
        require_rectangle(grid, 1)
        names = [name_of(cell) for cell in grid.rows[0]]
        rows = range(1, len(grid.rows))
        kinds = [_kind(j, names, cells_of(grid, rows, j)) for j in range(len(names))]
        asked = [name if kinds[j] is None else "" for j, name in enumerate(names)]
        parts = shared_stems(asked)
        headings = [
            Heading(name, text if kind is None else name, stem, kind)
            for name, kind, (stem, text) in zip(names, kinds, parts, strict=True)
        ]
        return table_from(grid, headings, first=1)


def _kind(j: int, names: Sequence[str], cells: Sequence[object]) -> Kind | None:
    key = key_of(names[j])
    if j == 0:
        return "meta"
    if key in _EMAIL:
        return "personal"
    filled = [cell for cell in cells if cell is not None]
    if j <= 2 and filled and all(isinstance(c, str) and _SCORE.fullmatch(c) for c in filled):
        return "derived"  # the quiz's score, "4 / 5", whatever the language calls it
    part = bracketed(names[j])
    if part is not None and part[0] in names:
        if key_of(part[1]) == "score":
            return "derived"
        if key_of(part[1]) == "feedback":
            return "comment"
    return None
