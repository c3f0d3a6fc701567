"""Container: what a file is by its first bytes, never by its extension."""

from __future__ import annotations

import io
import zipfile
from pathlib import PurePath
from typing import Literal, get_args

from satloyal.errors import SurveyError

__all__ = ["Container", "expected_container", "identify"]

Container = Literal["text", "xlsx", "xls", "ods", "sav", "por", "dta", "parquet"]

UNPACKED_LIMIT = 500_000_000
"""Bytes that a workbook may hold once unpacked."""
RATIO_LIMIT, RATIO_FROM = 200, 20_000_000
"""A workbook that unpacks to more than 20 MB and to more than 200 times its size was made to inflate."""

_EXTENSIONS: dict[str, Container] = {
    **dict.fromkeys((".csv", ".tsv", ".txt", ".tab"), "text"),
    **dict.fromkeys((".xlsx", ".xlsm", ".xlsb"), "xlsx"),
    ".xls": "xls",
    ".ods": "ods",
    **dict.fromkeys((".sav", ".zsav"), "sav"),
    ".por": "por",
    ".dta": "dta",
    **dict.fromkeys((".parquet", ".pq"), "parquet"),
}
assert set(_EXTENSIONS.values()) == set(get_args(Container))  # noqa: S101 - a new container needs its extension

_HTML = (b"<html", b"<table", b"<!doctype", b"<?xml", b"<head", b"<body", b"<style", b"<meta")
_OTHER = {
    b"%PDF": "a PDF document",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"Rar!": "a RAR archive",
    b"7z\xbc\xaf": "a 7-Zip archive",
    b"\x1f\x8b": "a gzip archive",
    b"SQLite": "an SQLite database",
}


def expected_container(name: str) -> Container | None:
    """Return what a file's extension promises, or ``None`` if it promises nothing.

    Examples
    --------
    >>> expected_container("export.XLSX"), expected_container("export.dat")
    ('xlsx', None)
    """
    return _EXTENSIONS.get(PurePath(name).suffix.casefold())


def identify(data: bytes) -> Container:
    r"""Return what a file is by its content.

    Raises
    ------
    SurveyError
        If it is empty, an archive (its members are named), a web page, a workbook with a password, one made
        to inflate, or something that is no survey at all.

    Examples
    --------
    >>> identify(b"id,SAT1\n1,5\n"), identify(b"$FL2@(#) SPSS DATA FILE")
    ('text', 'sav')
    """
    if not data.strip():
        raise SurveyError(f"the file is empty ({len(data)} bytes)", fix="export it again")
    if data.startswith(b"PK\x03\x04") or data.startswith(b"PK\x05\x06"):
        return _identify_zip(data)
    if data.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        return _identify_ole(data)
    if data.startswith((b"$FL2", b"$FL3")):
        return "sav"
    if b"SPSS PORT FILE" in data[:480]:
        return "por"
    if data.startswith(b"PAR1"):
        return "parquet"
    if data.startswith(b"<stata_dta>") or _old_stata(data):
        return "dta"
    start = data.lstrip(b"\xef\xbb\xbf\x00 \t\r\n").lower()
    if start.startswith(_HTML):
        raise SurveyError(
            "this is an HTML or XML page, not a table",
            fix="open it in a spreadsheet program and save it as .xlsx",
        )
    for magic, what in _OTHER.items():
        if data.startswith(magic):
            raise SurveyError(
                f"this is {what}, not a survey file", fix="export the answers as CSV, Excel, SPSS or Stata"
            )
    return "text"


def _old_stata(data: bytes) -> bool:
    """Return whether the four header bytes of Stata 8 to 12 are there: version, byte order, 1, 0."""
    return (
        len(data) > 109 and data[0] in (0x71, 0x72, 0x73) and data[1] in (1, 2) and data[2:4] == b"\x01\x00"
    )


def _identify_zip(data: bytes) -> Container:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = archive.infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError, EOFError) as err:
        raise SurveyError(
            "this is a damaged ZIP archive or workbook; its end is missing", fix="download it again"
        ) from err
    names = [m.filename for m in members]
    unpacked = sum(m.file_size for m in members)
    if any(n.startswith("xl/workbook") for n in names) or "content.xml" in names:
        inflating = unpacked > RATIO_FROM and unpacked > RATIO_LIMIT * len(data)
        if inflating or unpacked > UNPACKED_LIMIT:
            raise SurveyError(
                f"the workbook is too large: {len(data):,} bytes unpack to {unpacked:,} "
                f"(at most {UNPACKED_LIMIT:,}, or {RATIO_LIMIT} times its size, are read)",
                fix="save the sheet with the answers as CSV",
            )
        return "ods" if "content.xml" in names else "xlsx"
    shown = ", ".join(n[:80] for n in names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
    lime = any(n.casefold().endswith(".lss") for n in names)
    raise SurveyError(
        f"this is a {'LimeSurvey' if lime else 'ZIP'} archive with {shown or 'nothing'} in it",
        fix="export the responses as CSV and give this archive as labels="
        if lime
        else "unpack it and read the file inside",
    )


def _identify_ole(data: bytes) -> Container:
    if "EncryptedPackage".encode("utf-16-le") in data:
        raise SurveyError("the workbook is protected by a password", fix="save it without one")
    if "Workbook".encode("utf-16-le") in data or "Book".encode("utf-16-le") in data:
        return "xls"
    raise SurveyError("this is an old Office file but no workbook, or a damaged one", fix="save it as .xlsx")
