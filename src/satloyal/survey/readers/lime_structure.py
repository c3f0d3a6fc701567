"""LimeSurvey's survey structure (``.lss``): questions, their texts, answers in the survey's order."""

from __future__ import annotations

import html
import io
import re
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn
from xml.parsers import expat

from satloyal.errors import SurveyError
from satloyal.survey.clean import listing

__all__ = ["LimeQuestion", "LimeStructure", "parse_structure", "read_structure"]

SIZE_LIMIT = 50_000_000
"""Bytes of XML that are read."""
DEPTH_LIMIT = 12
"""Elements inside one another; a structure has five."""
_ROW_DEPTH = 4  # document, table, rows, row
_TAG = re.compile(r"<[^<>]*>")

Row = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class LimeQuestion:
    """A question of the survey.

    Parameters
    ----------
    code : str
        Its code, ``G02Q03``.
    kind : str
        LimeSurvey's letter for its type: ``F`` an array, ``L`` a list, ``M`` several choices, …
    text : str
        What was asked, without markup.
    parts : mapping of str to str
        Text of each sub-question by its code.
    answers : mapping of int to tuple of (code, label)
        By answer scale (0, and 1 where an array has two), in the survey's order.
    """

    code: str
    kind: str
    text: str
    parts: Mapping[str, str] = field(default_factory=dict)
    answers: Mapping[int, tuple[tuple[str, str], ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LimeStructure:
    """The questions of a survey by their code, in its base language."""

    questions: Mapping[str, LimeQuestion]
    language: str = ""


def read_structure(path: Path) -> LimeStructure:
    """Read a ``.lss`` file, or the one inside a survey archive (``.lsa``).

    Raises
    ------
    SurveyError
        If it cannot be read, is too large, or is no LimeSurvey structure.
    """
    try:
        data = path.read_bytes()
    except OSError as err:
        raise SurveyError(
            f"the file of labels cannot be read: {err.strerror or type(err).__name__}",
            where=str(path),
            fix="check the path given as labels=",
        ) from None
    try:
        return parse_structure(_unpacked(data))
    except SurveyError as err:
        raise SurveyError(err.message, where=path.name, fix=err.fix) from err.__cause__


def _unpacked(data: bytes) -> bytes:
    """Return the structure in an archive, or the data themselves."""
    if not data.startswith(b"PK\x03\x04"):
        return data
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            found = [m for m in archive.infolist() if m.filename.casefold().endswith(".lss")]
            if len(found) != 1:
                raise SurveyError(
                    f"the archive holds {len(found)} survey structures (.lss)",
                    fix="give the .lss file itself",
                )
            if found[0].file_size > SIZE_LIMIT:
                raise _too_large(found[0].file_size)
            with archive.open(found[0]) as member:
                return member.read(SIZE_LIMIT + 1)
    except (zipfile.BadZipFile, NotImplementedError, EOFError, RuntimeError, OSError, ValueError) as err:
        raise SurveyError("the archive is damaged", fix="export the .lss file again") from err


def _too_large(size: int) -> SurveyError:
    return SurveyError(f"the survey structure is too large: {size:,} bytes (at most {SIZE_LIMIT:,} are read)")


def parse_structure(data: bytes) -> LimeStructure:
    """Parse a survey structure. Document types and entities are refused, and nothing outside is ever read.

    Raises
    ------
    SurveyError
        If it is no XML, declares a document type, is nested too deeply or holds no questions.

    Examples
    --------
    >>> row = b"<row><qid>1</qid><parent_qid>0</parent_qid><type>L</type><title>Q1</title></row>"
    >>> found = parse_structure(b"<document><questions><rows>" + row + b"</rows></questions></document>")
    >>> found.questions["Q1"].kind
    'L'
    """
    tables = _tables(data)
    questions = [row for row in tables.get("questions", ()) if row.get("parent_qid", "0") in ("", "0")]
    if not questions:
        raise SurveyError(
            "this is no survey structure of LimeSurvey: it lists no questions",
            fix="export it in LimeSurvey as survey structure (.lss)",
        )
    language = _language(tables)
    texts = _texts(tables.get("question_l10ns", ()), "qid", "question", language)
    parts: dict[str, dict[str, str]] = {}
    for row in _in_language(tables.get("subquestions", ()), language):
        text = texts.get(row.get("qid", ""), "") or _plain(row.get("question", ""))
        parts.setdefault(row.get("parent_qid", ""), {}).setdefault(row.get("title", ""), text)
    answers = _answers(tables, language)
    out: dict[str, LimeQuestion] = {}
    for row in _in_language(questions, language):
        qid, code = row.get("qid", ""), row.get("title", "")
        text = texts.get(qid, "") or _plain(row.get("question", ""))
        out.setdefault(
            code, LimeQuestion(code, row.get("type", ""), text, parts.get(qid, {}), answers.get(qid, {}))
        )
    return LimeStructure(out, language)


def _language(tables: Mapping[str, Sequence[Row]]) -> str:
    for row in tables.get("surveys", ()):
        if row.get("language"):
            return row["language"]
    return ""


def _in_language(rows: Sequence[Row], language: str) -> list[Row]:
    """Return the rows in the base language; newer structures keep languages in tables of their own."""
    chosen = [row for row in rows if row.get("language", language) == language]
    return chosen or list(rows)


def _texts(rows: Sequence[Row], key: str, text: str, language: str) -> dict[str, str]:
    return {row.get(key, ""): _plain(row.get(text, "")) for row in reversed(_in_language(rows, language))}


def _answers(
    tables: Mapping[str, Sequence[Row]], language: str
) -> dict[str, dict[int, tuple[tuple[str, str], ...]]]:
    labels = _texts(tables.get("answer_l10ns", ()), "aid", "answer", language)
    found: dict[str, dict[int, list[tuple[int, str, str]]]] = {}
    for row in _in_language(tables.get("answers", ()), language):
        scale, order = _whole(row.get("scale_id", "0")), _whole(row.get("sortorder", "0"))
        label = labels.get(row.get("aid", ""), "") or _plain(row.get("answer", ""))
        listed = found.setdefault(row.get("qid", ""), {}).setdefault(scale, [])
        listed.append((order, row.get("code", ""), label))
    return {
        qid: {
            scale: tuple((code, label) for _, code, label in sorted(listed, key=lambda a: a[0]))
            for scale, listed in scales.items()
        }
        for qid, scales in found.items()
    }


def _whole(text: str) -> int:
    return int(text) if text.strip().isdigit() else 0


def _plain(text: str) -> str:
    """Return text without markup, on one line."""
    return " ".join(html.unescape(_TAG.sub(" ", text)).split())


def _tables(data: bytes) -> dict[str, list[dict[str, str]]]:
    """Return the rows of each table of the document, field by field."""
    if len(data) > SIZE_LIMIT:
        raise _too_large(len(data))
    path: list[str] = []
    tables: dict[str, list[dict[str, str]]] = {}
    row: dict[str, str] = {}
    text: list[str] = []

    def start(name: str, _attributes: Mapping[str, str]) -> None:
        path.append(name)
        if len(path) > DEPTH_LIMIT:
            raise SurveyError("the XML is nested too deeply for a survey structure")
        text.clear()
        if len(path) == _ROW_DEPTH:
            row.clear()

    def end(name: str) -> None:
        if len(path) == _ROW_DEPTH + 1:
            row[name] = "".join(text).strip()
        elif len(path) == _ROW_DEPTH and path[2] == "rows":
            tables.setdefault(path[1], []).append(dict(row))
        path.pop()
        text.clear()

    def refuse(*_what: object) -> NoReturn:
        raise SurveyError(
            "the XML declares a document type or entities, which no survey structure has",
            fix="export the .lss file again, from LimeSurvey itself",
        )

    parser = expat.ParserCreate()
    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler = text.append
    parser.StartDoctypeDeclHandler = parser.EntityDeclHandler = refuse
    parser.ExternalEntityRefHandler = refuse
    try:
        parser.Parse(data, True)
    except (expat.ExpatError, ValueError, LookupError):
        raise SurveyError(
            f"this is no well-formed XML (line {parser.CurrentLineNumber})",
            fix="give the survey structure (.lss) that LimeSurvey exports",
        ) from None
    if not tables:
        raise SurveyError(
            f"this XML is no survey structure of LimeSurvey (it begins with {listing([_root(data)])})",
            fix="export it in LimeSurvey as survey structure (.lss)",
        )
    return tables


def _root(data: bytes) -> str:
    found = re.search(rb"<([A-Za-z_][\w.-]{0,40})", data)
    return "nothing" if found is None else "<" + found[1].decode("ascii", "replace") + ">"
