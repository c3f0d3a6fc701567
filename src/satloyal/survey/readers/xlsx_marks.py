"""Excel marks: what a sheet's XML says and its cells do not: hidden rows, and formulas without a value.

The XML is searched with patterns and never parsed, so that it cannot expand into anything.
"""

from __future__ import annotations

import io
import re
import zipfile
from html import unescape

from satloyal.notes import Note
from satloyal.survey.clean import listing
from satloyal.survey.raw import Finding

__all__ = ["xlsx_findings"]

SIZE_LIMIT = 100_000_000
"""Bytes of a sheet's XML that are searched."""

_SHEET = re.compile(r"<(?:\w+:)?sheet\s[^<>]*>")
_RELATION = re.compile(r"<(?:\w+:)?Relationship\s[^<>]*>")
_ATTRIBUTE = re.compile(r'([\w:]+)="([^"]*)"')
_HIDDEN = re.compile(rb'<(?:\w+:)?row\s[^<>]*?\bhidden="(?:1|true)"[^<>]*>')
_ROW = re.compile(rb'\br="(\d+)"')
_EMPTY_FORMULA = re.compile(
    rb'<(?:\w+:)?c\s[^<>]*?\br="([A-Z]{1,3}\d+)"[^<>]*>\s*<(?:\w+:)?f(?:\s[^<>]*?)?(?:/>|>[^<]*</(?:\w+:)?f>)'
    rb"\s*(?:<(?:\w+:)?v\s*/>|<(?:\w+:)?v>\s*</(?:\w+:)?v>)?\s*</(?:\w+:)?c>"
)


def xlsx_findings(data: bytes, sheet: str) -> tuple[Finding, ...]:
    """Say which rows of a sheet are hidden and which formulas have no stored value.

    Parameters
    ----------
    data : bytes
        The .xlsx file.
    sheet : str
        Name of the sheet that was read.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            name = _part(archive, sheet)
            if name is None or archive.getinfo(name).file_size > SIZE_LIMIT:
                return ()
            text = archive.read(name)
    except (zipfile.BadZipFile, KeyError, OSError, ValueError, NotImplementedError, EOFError, RuntimeError):
        return ()  # what the sheet holds has been read already; there is nothing to add
    found = []
    hidden = [int(row[1]) for tag in _HIDDEN.findall(text) if (row := _ROW.search(tag))]
    if hidden:
        message = (
            f"{len(hidden)} {'rows are' if len(hidden) > 1 else 'row is'} hidden in the sheet and read like "
            f"the others: row {listing(hidden)}"
        )
        found.append(Finding(Note("hidden rows", message, len(hidden)), eye=True))
    empty = [cell.decode() for cell in _EMPTY_FORMULA.findall(text)]
    if empty:
        message = (
            f"{len(empty)} {'formulas have' if len(empty) > 1 else 'formula has'} no stored value and "
            f"{'are' if len(empty) > 1 else 'is'} read as empty: {listing(empty)}. Open the file in a "
            "spreadsheet program and save it again"
        )
        found.append(Finding(Note("formulas", message, len(empty)), eye=True))
    return tuple(found)


def _part(archive: zipfile.ZipFile, sheet: str) -> str | None:
    """Return the member of the archive that holds a sheet."""
    book, relations = "xl/workbook.xml", "xl/_rels/workbook.xml.rels"
    if max(archive.getinfo(book).file_size, archive.getinfo(relations).file_size) > SIZE_LIMIT // 10:
        return None
    wanted = None
    for tag in _SHEET.findall(archive.read(book).decode("utf-8", "replace")):
        attributes = dict(_ATTRIBUTE.findall(tag))
        if unescape(attributes.get("name", "")) == sheet:
            wanted = next((v for k, v in attributes.items() if k == "id" or k.endswith(":id")), None)
    for tag in _RELATION.findall(archive.read(relations).decode("utf-8", "replace")):
        attributes = dict(_ATTRIBUTE.findall(tag))
        if wanted is not None and attributes.get("Id") == wanted:
            target = attributes.get("Target", "")
            return target.lstrip("/") if target.startswith("/") else f"xl/{target}"
    return None
