"""Microsoft Forms: one row a response, statements of a Likert question as bare columns, quiz columns."""

from __future__ import annotations

import re
from collections.abc import Sequence

from satloyal.survey.raw import Kind, RawTable
from satloyal.survey.readers.export import Export
from satloyal.survey.readers.heading import Heading, table_from
from satloyal.survey.readers.layout import cells_of, is_time, key_of, name_of, require_rectangle
from satloyal.survey.readers.match import Match

__all__ = ["MicrosoftFormsReader"]

# Names of the columns in the form's language; those that are not English are from common use, not from files.
_START = frozenset(
    {
        *(
            "start time",
            "开始时间",
            "開始時間",
            "startzeit",
            "heure de début",
            "hora de inicio",
            "ora di inizio",
        ),
        *("hora de início", "begintijd", "開始時刻", "시작 시간", "время начала", "godzina rozpoczęcia"),
    }
)
_END = frozenset(
    {
        *("completion time", "完成时间", "完成時間", "fertigstellungszeit", "heure de fin"),
        *("hora de finalización", "ora di completamento", "hora de conclusão", "tijd van voltooien"),
        *("完了時刻", "완료 시간", "время выполнения", "godzina ukończenia"),
    }
)
_FIXED: dict[str, Kind] = {
    **dict.fromkeys(_START | _END, "meta"),
    **dict.fromkeys(("last modified time", "上次修改时间", "上次修改時間"), "meta"),
    **dict.fromkeys(("zeitpunkt der letzten änderung", "heure de la dernière modification"), "meta"),
    **dict.fromkeys(("email", "e-mail", "电子邮件", "電子郵件", "correo electrónico"), "personal"),
    **dict.fromkeys(("adresse de messagerie", "posta elettronica", "メール", "전자 메일"), "personal"),
    **dict.fromkeys(
        ("name", "名称", "姓名", "名稱", "nom", "nombre", "nome", "naam", "名前", "이름"), "personal"
    ),
    **dict.fromkeys(("total points", "quiz feedback", "grade posted time"), "derived"),
}
_IDS = frozenset({"id", "编号", "識別碼"})
_QUIZ = re.compile(r"(?:points|feedback)\s*[-‐‑‒–—−]\s*(?P<question>.+)", re.IGNORECASE)
_LOOKED_AT = 20


class MicrosoftFormsReader:
    """Microsoft Forms exports, as a workbook or saved as CSV. They hold submitted forms only."""

    name = "microsoft_forms"

    def sniff(self, export: Export) -> Match:
        """Look for ID, Start time and Completion time, or for columns that hold just that."""
        if not export.is_table:
            return Match(0.0, f"a .{export.container} file")
        rows = export.grid.rows
        keys = [key_of(cell) for cell in rows[0][:4]] if rows else []
        if len(keys) < 3 or keys[0] not in _IDS:
            return Match(0.0, "the first columns are not ID, Start time, Completion time")
        if keys[1] in _START and keys[2] in _END:
            return Match(0.85, "the first columns are ID, Start time and Completion time")
        if len(keys) == 4 and _looks_so(rows[1 : 1 + _LOOKED_AT]):
            return Match(0.6, "an ID, two times and an e-mail address or 'anonymous' come first")
        return Match(0.0, "the first columns are not ID, Start time, Completion time")

    def read(self, export: Export) -> RawTable:
        """Read the header row and the responses."""
        grid = export.grid
        require_rectangle(grid, 1)
        names = [name_of(cell) for cell in grid.rows[0]]
        rows = range(1, len(grid.rows))
        headings = [
            Heading(name, name, "", _kind(j, names, cells_of(grid, rows, j))) for j, name in enumerate(names)
        ]
        return table_from(grid, headings, first=1)


def _looks_so(rows: Sequence[Sequence[object]]) -> bool:
    """Whether rows begin with a number, two times and who answered, whatever the header calls them."""
    if not rows or any(len(row) < 4 for row in rows):
        return False
    return _say_who([row[3] for row in rows]) and all(is_time(row[1]) and is_time(row[2]) for row in rows)


def _say_who(cells: Sequence[object]) -> bool:
    """Whether cells say who answered: 'anonymous' or an e-mail address."""
    filled = [cell for cell in cells if cell is not None]
    return bool(filled) and all(
        isinstance(cell, str) and (cell.strip().casefold() == "anonymous" or "@" in cell) for cell in filled
    )


def _kind(j: int, names: Sequence[str], cells: Sequence[object]) -> Kind | None:
    key = key_of(names[j])
    if j == 0:
        return "id"
    if j in (1, 2):
        return "meta"
    if j == 3 and _say_who(cells):
        return "personal"
    if key in _FIXED and (j < 6 or _FIXED[key] == "derived"):
        return _FIXED[key]
    quiz = _QUIZ.fullmatch(names[j])
    if quiz is not None and quiz["question"].casefold() in {name.casefold() for name in names}:
        return "derived"
    return None
