"""Qualtrics: CSV and TSV with three header rows, older forms, and files whose header rows were deleted."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Literal

from satloyal.notes import Note
from satloyal.survey.raw import Finding, Kind, RawTable
from satloyal.survey.readers.export import Export
from satloyal.survey.readers.grid import Grid
from satloyal.survey.readers.heading import Heading, table_from
from satloyal.survey.readers.layout import columns_of, damaged_ids, marks_of, require_rectangle
from satloyal.survey.readers.match import Match

__all__ = ["QualtricsReader"]

_IMPORT_ID = re.compile(r"^\s*\{?\s*['\"]+ImportId['\"]+\s*:\s*['\"]+(?P<id>[^'\"]*)")
_CHOICE_ID = re.compile(r"['\"]+choiceId['\"]+")
_FIXED: dict[str, Kind] = {
    **dict.fromkeys(("startdate", "enddate", "recordeddate", "status", "progress"), "meta"),
    **dict.fromkeys(("distributionchannel", "userlanguage", "externalreference"), "meta"),
    **dict.fromkeys(("responseset", "externaldatareference"), "meta"),
    **dict.fromkeys(("ipaddress", "recipientlastname", "recipientfirstname", "recipientemail"), "personal"),
    **dict.fromkeys(
        ("locationlatitude", "locationlongitude", "locationaccuracy", "name", "email"), "personal"
    ),
    "duration(inseconds)": "duration",
    "finished": "finished",
    "responseid": "id",
}
_DERIVED = re.compile(
    r"_NPS_GROUP$|_DO(_\d+)?$|_(First Click|Last Click|Page Submit|Click Count)$|^SC\d+$"
    r"| - (Parent Topics|Topics|Sentiment( Score| Polarity)?|Topic Sentiment.*)$"
)
_ITEM = re.compile(r"(?P<base>.+)_\d+")
_PREVIEW = frozenset({"1", "2", "survey preview", "survey test", "preview", "test"})
_ISO = re.compile(r"\d{4}-\d{2}-\d{2}([ T]\d{1,2}:\d{2}(:\d{2})?)?")
_COMMA = re.compile(r"(?P<whole>-?\d+),(?P<part>\d+)")
_POINT = re.compile(r"-?\d+\.\d+")
SEEN_UNANSWERED = -99.0
"""Code that Qualtrics writes for a question that was seen but not answered, if that export option is on."""


class QualtricsReader:
    """Qualtrics exports. Previews and tests are no respondents and are left out."""

    name = "qualtrics"

    def sniff(self, export: Export) -> Match:
        """Look for the row of ImportIds, or for the names of the fixed columns."""
        if not export.is_table:
            return Match(0.0, f"a .{export.container} file")
        rows = export.grid.rows
        for i, row in enumerate(rows[1:3], start=2):
            if any(_import_id(cell) is not None for cell in row):
                return Match(1.0, f"row {i} holds Qualtrics ImportIds")
        if rows and _has_fixed(rows[0]):
            return Match(0.9, "the first row names the columns of Qualtrics (StartDate, EndDate, …)")
        if len(rows) > 1 and _is_legacy(rows):
            return Match(0.95, "V1, V2, … over ResponseID: the older form of Qualtrics")
        return Match(0.0, "neither ImportIds nor the names of Qualtrics' columns")

    def read(self, export: Export) -> RawTable:
        """Read header rows and respondents."""
        grid = export.grid
        header, findings = _header_rows(grid)
        require_rectangle(grid, header)
        codes, texts, ids = _header(grid, header, legacy=_is_legacy(grid.rows))
        rows, dropped = _respondents(grid, codes, header)
        stems = _stems(codes, texts)
        columns = columns_of(grid, rows, len(codes))
        ticks = _ticked(columns, codes, texts, ids, stems)
        headings = [_heading(j, codes, texts, ids, stems, ticks) for j in range(len(codes))]
        keys = [_key(code) for code in codes]
        if "responseid" in keys:
            findings += damaged_ids(grid, rows, keys.index("responseid"), "ResponseId")
        return table_from(
            _with_decimal(grid, columns, codes, ids),
            headings,
            first=header,
            rows=rows,
            words={SEEN_UNANSWERED: "skipped"},
            findings=(*findings, *dropped, *_dates(columns, codes)),
        )


def _import_id(cell: Any) -> str | None:
    found = _IMPORT_ID.match(cell) if isinstance(cell, str) else None
    return None if found is None else found["id"]


def _key(cell: Any) -> str:
    return "".join(str(cell or "").split()).casefold()


def _has_fixed(row: Sequence[Any]) -> bool:
    keys = {_key(cell) for cell in row}
    return {"startdate", "enddate"} <= keys and bool(keys & {"responseid", "distributionchannel"})


def _is_legacy(rows: Sequence[Sequence[Any]]) -> bool:
    if len(rows) < 2 or len(rows[0]) < 3:
        return False
    return [_key(c) for c in rows[0][:3]] == ["v1", "v2", "v3"] and _key(rows[1][0]) == "responseid"


def _header_rows(grid: Grid) -> tuple[int, tuple[Finding, ...]]:
    rows = grid.rows
    for i, row in enumerate(rows[1:3], start=1):
        if any(_import_id(cell) is not None for cell in row):
            return i + 1, ()
    if _is_legacy(rows):
        return 2, ()
    count = 2 if len(rows) > 1 and not _is_response(rows[0], rows[1]) else 1
    message = (
        f"the row of ImportIds is not in the file; read with {count} header "
        f"{'rows' if count > 1 else 'row'}, so that what is no question is told by its name only"
    )
    return count, (Finding(Note("header rows", message, count), eye=True),)


def _is_response(names: Sequence[Any], row: Sequence[Any]) -> bool:
    """Whether a row is a respondent's: a date under StartDate, whatever language the labels are in."""
    for name, cell in zip(names, row, strict=False):
        if _key(name) in ("startdate", "enddate", "recordeddate"):
            return not isinstance(cell, str) or bool(re.match(r"\s*\d", cell))
    return False


def _header(
    grid: Grid, count: int, *, legacy: bool
) -> tuple[list[str], list[str], list[tuple[str | None, bool]]]:
    """Return codes, question texts, and ImportIds with whether they name a choice."""
    width = max(len(row) for row in grid.rows[:count])

    def cell(i: int, j: int) -> str:
        value = grid.rows[i][j] if i < count and j < len(grid.rows[i]) else None
        return "" if value is None else str(value).replace("\ufeff", "").strip()

    id_row = count - 1 if any(_import_id(c) is not None for c in grid.rows[count - 1]) else None
    codes, texts, ids = [], [], []
    for j in range(width):
        code = cell(0, j)
        text = " ".join(cell(1, j).split()) if count > 1 and id_row != 1 else ""
        if legacy and re.fullmatch(r"V\d+", code):
            code = text or code
        mark = cell(id_row, j) if id_row is not None else ""
        codes.append(" ".join(code.split()))
        texts.append(text)
        ids.append((_import_id(mark), bool(_CHOICE_ID.search(mark))))
    return codes, texts, ids


def _respondents(grid: Grid, codes: Sequence[str], first: int) -> tuple[list[int], tuple[Finding, ...]]:
    """Return the rows of respondents, without previews and tests."""
    keys = [_key(code) for code in codes]
    at = {name: keys.index(name) for name in ("status", "distributionchannel") if name in keys}

    def is_preview(row: Sequence[Any]) -> bool:
        status, channel = (_value(row, at.get(name)) for name in ("status", "distributionchannel"))
        return status in _PREVIEW or channel in ("preview", "test")

    everyone = range(first, len(grid.rows))
    kept = [i for i in everyone if not is_preview(grid.rows[i])]
    count = len(everyone) - len(kept)
    if not count:
        return kept, ()
    said = "1 preview or test response is" if count == 1 else f"{count} preview or test responses are"
    return kept, (Finding(Note("previews", f"{said} left out, by Status", count)),)


def _value(row: Sequence[Any], j: int | None) -> str:
    if j is None or j >= len(row) or row[j] is None:
        return ""
    cell = row[j]
    return str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell).strip().casefold()


def _stems(codes: Sequence[str], texts: Sequence[str]) -> list[str]:
    """Return what each text shares with the other columns of its question, up to the last dash they share."""
    groups: dict[str, list[int]] = {}
    for j, code in enumerate(codes):
        found = _ITEM.fullmatch(code)
        if found and texts[j]:
            groups.setdefault(found["base"], []).append(j)
    stems = [""] * len(codes)
    for members in groups.values():
        if len(members) < 2:
            continue
        cut = _cut(_shared([texts[j] for j in members]), texts[members[0]])
        if cut > 0:
            shared = texts[members[0]]
            for j in members:
                stems[j] = shared[:cut].removesuffix(" - Selected Choice").strip()
    return stems


def _cut(shared: str, text: str) -> int:
    """Return where the stem ends: at the last dash that all share, in older files one without spaces."""
    cut = shared.rfind(" - ")
    if cut < 0:
        cut = shared.rfind("-")
        inside_word = 0 < cut < len(text) - 1 and text[cut - 1].islower() and text[cut + 1].islower()
        return -1 if inside_word else cut
    return cut


def _shared(texts: Sequence[str]) -> str:
    """Return how all texts begin."""
    first, last = min(texts), max(texts)
    same = next((i for i, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), len(first))
    return first[:same]


def _heading(
    j: int,
    codes: Sequence[str],
    texts: Sequence[str],
    ids: Sequence[tuple[str | None, bool]],
    stems: Sequence[str],
    ticks: frozenset[int],
) -> Heading:
    code, text, stem = codes[j], texts[j], stems[j]
    mark, is_choice = ids[j]
    row = _row_of(text, stem)
    if j in ticks and not stem:
        found = _ITEM.fullmatch(code)
        stem = mark if is_choice and mark else found["base"] if found else ""
    kind: Kind | None = _FIXED.get(_key(code)) or _FIXED.get(_key(mark))
    if kind is None and (_DERIVED.search(code) or (mark and _DERIVED.search(mark))):
        kind = "derived"
    elif kind is None and (code.endswith("_TEXT") or (mark or "").endswith("_TEXT")):
        kind = "comment"
    elif kind is None and j in ticks:
        kind = "tick"
    return Heading(code, row, stem, kind)


def _row_of(text: str, stem: str) -> str:
    """Return the statement or option behind the stem."""
    return re.sub(r"^(\s*-\s*)?(Selected Choice\s*-\s*)?", "", text[len(stem) :]) if stem else text


def _ticked(
    columns: Sequence[Sequence[Any]],
    codes: Sequence[str],
    texts: Sequence[str],
    ids: Sequence[tuple[str | None, bool]],
    stems: Sequence[str],
) -> frozenset[int]:
    """Return the columns with a box to tick: by their ImportId, or all of a question that hold one mark each.

    The mark is 1 or the option itself; a box that nobody ticked is one because the others are.
    """
    out = {j for j, (_, is_choice) in enumerate(ids) if is_choice}
    groups: dict[str, list[int]] = {}
    for j, code in enumerate(codes):
        found = _ITEM.fullmatch(code)
        if found and (stems[j] or not texts[j]) and j not in out:
            groups.setdefault(found["base"], []).append(j)
    unanswered = {f"{SEEN_UNANSWERED:g}"}
    for members in groups.values():
        cells = [columns[j] for j in members]
        marks = [marks_of(column) - unanswered for column in cells]
        options = [_row_of(texts[j], stems[j]) for j in members]
        named = all(options) and all(m <= {option} for m, option in zip(marks, options, strict=True))
        ones = all(m <= {"1"} for m in marks) and any(None in column for column in cells)
        if len(members) > 1 and any(marks) and (named or ones):
            out |= set(members)
    return frozenset(out)


def _with_decimal(
    grid: Grid,
    columns: Sequence[Sequence[Any]],
    codes: Sequence[str],
    ids: Sequence[tuple[str | None, bool]],
) -> Grid:
    """Return the grid with the decimal mark of this export.

    A comma may also join the codes of several choices: ``1,3``. It is a decimal mark if columns that are no
    questions have it, or one that can be nothing else.
    """
    seen: set[str] = set()
    for j, code in enumerate(codes):
        marks = marks_of(columns[j])
        numbers = [_COMMA.fullmatch(m) or _POINT.fullmatch(m) or m.lstrip("-").isdigit() for m in marks]
        if not all(numbers):
            continue
        mark = ids[j][0]
        is_question = mark is None or mark.startswith("QID")
        if _key(code).startswith("location"):
            is_question = False
        commas = [found for m in marks if (found := _COMMA.fullmatch(m))]
        if any(_POINT.fullmatch(m) for m in marks):
            seen.add(".")
        elif commas and (not is_question or any(_is_fraction(found) for found in commas)):
            seen.add(",")
    decimal: Literal[".", ","] = "," if seen == {","} else "."
    if decimal == grid.decimal:
        return grid
    rest = tuple(found for found in grid.findings if found.note.step != "decimal comma")
    if decimal == ",":
        rest += (Finding(Note("decimal comma", "numbers such as 0,5 are read as 0.5")),)
    return replace(grid, decimal=decimal, findings=rest)


def _is_fraction(found: re.Match[str]) -> bool:
    """Whether ``a,b`` cannot be two choices: they are listed in order, from 1, without leading zeros."""
    whole, part = found["whole"], found["part"]
    return whole.startswith("-") or part.startswith("0") or int(whole) >= int(part) or int(whole) == 0


def _dates(columns: Sequence[Sequence[Any]], codes: Sequence[str]) -> tuple[Finding, ...]:
    """Warn of dates that a spreadsheet program has rewritten: the order of day and month is lost."""
    wrong = []
    for j, code in enumerate(codes):
        if _key(code) not in ("startdate", "enddate", "recordeddate"):
            continue
        if any(isinstance(cell, str) and not _ISO.match(cell.strip()) for cell in columns[j]):
            wrong.append(code)
    if not wrong:
        return ()
    message = (
        f"the dates in {', '.join(wrong)} were rewritten, probably by a spreadsheet program: day and month "
        "cannot be told apart; they are kept as text"
    )
    return (Finding(Note("dates", message, len(wrong)), eye=True),)
