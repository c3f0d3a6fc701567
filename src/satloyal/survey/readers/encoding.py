"""Encoding: from bytes to text, saying how sure that is."""

from __future__ import annotations

import codecs

from charset_normalizer import from_bytes

from satloyal.errors import SurveyError
from satloyal.notes import Note
from satloyal.survey.raw import Finding

__all__ = ["decode"]

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_SUPERSETS = {"gb2312": "gb18030", "gbk": "gb18030", "cp936": "gb18030", "hz": "gb18030"}


def decode(data: bytes, encoding: str | None = None) -> tuple[str, str, tuple[Finding, ...]]:
    """Decode a text file.

    In this order: what the user says; a byte order mark; the zero bytes of UTF-16; strict UTF-8; a guess by
    charset-normalizer, which needs the user's eye.

    Parameters
    ----------
    data : bytes
        The file.
    encoding : str, optional
        A codec name, where the user knows it.

    Returns
    -------
    text, encoding : str
        Without byte order marks and NUL characters.
    findings : tuple of Finding

    Raises
    ------
    SurveyError
        If the encoding is unknown, does not fit, or none fits.

    Examples
    --------
    >>> decode("é".encode())[:2], decode("满意".encode("utf-16"))[:2]
    (('é', 'utf-8'), ('满意', 'utf-16-le'))
    """
    text, used, findings = _decoded(data, encoding)
    text = text.lstrip("\ufeff")
    nuls = text.count("\x00")
    if nuls:
        if nuls * 20 > len(text):
            raise SurveyError(
                f"this is not text: {nuls} of {len(text)} characters are NUL",
                fix="export the answers as CSV, Excel, SPSS or Stata",
            )
        text = text.replace("\x00", "")
        note = Note(
            "characters", f"{nuls} NUL character{'s' if nuls > 1 else ''} taken out of the text", nuls
        )
        findings = (*findings, Finding(note, eye=True))
    return text, used, findings


def _decoded(data: bytes, encoding: str | None) -> tuple[str, str, tuple[Finding, ...]]:
    if encoding is not None:
        return _as_told(data, encoding), encoding, ()
    for mark, name in _BOMS:
        if data.startswith(mark):
            return _strict(data[len(mark) :], name, "its byte order mark says so"), name, ()
    wide = _wide(data)
    if wide is not None:
        return _strict(data, wide, "every second byte is zero"), wide, ()
    try:
        return data.decode("utf-8"), "utf-8", ()
    except UnicodeDecodeError:
        return _guessed(data)


def _as_told(data: bytes, encoding: str) -> str:
    try:
        codecs.lookup(encoding)
        # Reading "utf-8" or "utf-16" with a byte order mark is what a user means by these names.
        return data.decode("utf-8-sig" if encoding.casefold() in ("utf-8", "utf8") else encoding)
    except LookupError:
        raise SurveyError(
            f"there is no text encoding {encoding!r}", fix="use a name such as 'utf-8', 'gb18030' or 'big5'"
        ) from None
    except UnicodeError as err:
        raise SurveyError(
            f"the file is not {encoding} text: {_place(data, err)}",
            fix="leave `encoding` out to have it detected",
        ) from None


def _strict(data: bytes, name: str, why: str) -> str:
    try:
        return data.decode(name)
    except UnicodeDecodeError as err:
        raise SurveyError(
            f"the file should be {name} ({why}) but is not: {_place(data, err)}",
            fix="export it again, or state its `encoding`",
        ) from None


def _place(data: bytes, err: UnicodeError) -> str:
    if not isinstance(err, UnicodeDecodeError):
        return str(err)
    line = data.count(b"\n", 0, err.start) + 1
    return f"byte {err.start} (line {line}) does not fit"


def _wide(data: bytes) -> str | None:
    """Return the byte order of UTF-16 without a mark: ASCII there has a zero in every second byte."""
    sample = data[:4000]
    half = len(sample) // 2
    if half < 4:
        return None
    if sample[1::2].count(0) > 0.6 * half and sample[::2].count(0) < 0.1 * half:
        return "utf-16-le"
    if sample[::2].count(0) > 0.6 * half and sample[1::2].count(0) < 0.1 * half:
        return "utf-16-be"
    return None


def _guessed(data: bytes) -> tuple[str, str, tuple[Finding, ...]]:
    best = from_bytes(data).best()
    if best is None:
        raise SurveyError(
            "the text encoding is not known, or this is no text file",
            fix="save it as UTF-8, or state its `encoding`",
        )
    name = _SUPERSETS.get(best.encoding, best.encoding)
    try:
        text = data.decode(name)
    except UnicodeDecodeError as err:
        raise SurveyError(
            f"the text looks like {name} but is damaged: {_place(data, err)}",
            fix="export it again, or state its `encoding`",
        ) from None
    note = Note(
        "encoding", f"not UTF-8; read as {name}, which is a guess: look at the labels, or state `encoding`"
    )
    return text, name, (Finding(note, eye=True),)
