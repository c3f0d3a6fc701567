"""Encoding: from bytes to text, saying how sure that is."""

from __future__ import annotations

import codecs
import re

from charset_normalizer import from_bytes

from satloyal.errors import SurveyError
from satloyal.notes import Note
from satloyal.survey.labels.damage import damaged_cells
from satloyal.survey.labels.normal import normalise
from satloyal.survey.labels.reasons import known_reasons
from satloyal.survey.labels.table import known_labels
from satloyal.survey.numbers import show_cell
from satloyal.survey.raw import Finding

__all__ = ["decode"]

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_CHINESE = ("gb18030", "big5", "cp950", "big5hkscs")
_BETWEEN = re.compile(r"[,;|\t\r\n\"]+")
LOOKED_AT = 1 << 18
"""Bytes or characters in which answers are looked for."""
_SUPERSETS = {"gb2312": "gb18030", "gbk": "gb18030", "cp936": "gb18030", "hz": "gb18030"}


def decode(data: bytes, encoding: str | None = None) -> tuple[str, str, tuple[Finding, ...]]:
    """Decode a text file.

    In this order: what the user says; a byte order mark; the zero bytes of UTF-16; strict UTF-8; the Chinese
    encoding in which most cells are known answers; a guess by charset-normalizer. The last two need the
    user's eye. Text that was damaged before the file was saved is refused.

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
    _refuse_damaged(text, encoding)
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


def _cells(text: str) -> list[str]:
    return _BETWEEN.split(text[:LOOKED_AT])


def _refuse_damaged(text: str, encoding: str | None) -> None:
    if text.isascii():
        return
    found = damaged_cells(_cells(text))
    if not found:
        return
    shown = " and ".join(show_cell(cell) for cell in found[:2])
    if encoding is not None:
        raise SurveyError(
            f"read as {encoding}, the text is damaged: {shown}",
            fix="leave `encoding` out; if that does not help, export again, as UTF-8",
        )
    raise SurveyError(
        f"the text was damaged before this file was saved: {shown} are UTF-8 that was read as something else",
        fix="export again, as UTF-8, and do not save the file in another program on the way",
    )


def _by_labels(data: bytes) -> tuple[str, int] | None:
    """Return the encoding in which most cells are known answers, and how many, if one has more than all."""
    known = known_labels() | frozenset(known_reasons())
    hits: dict[str, int] = {}
    for name in _CHINESE:
        try:
            text = codecs.getincrementaldecoder(name)().decode(data[:LOOKED_AT], len(data) <= LOOKED_AT)
            data.decode(name)
        except UnicodeDecodeError:
            continue
        hits[name] = sum(not c.isascii() and normalise(c) in known for c in _cells(text))
    best = max(hits, key=lambda name: hits[name], default=None)
    if best is None or not hits[best]:
        return None
    # The Big5 family agrees with itself; GB 18030 and Big5 read each other's bytes as other characters.
    rivals = (k for name, k in hits.items() if (name == "gb18030") != (best == "gb18030"))
    return None if any(k >= hits[best] for k in rivals) else (best, hits[best])


def _refuse_mixed(text: str) -> None:
    """Refuse what only a single-byte encoding could decode, and gives more accents than any language has."""
    letters = [c for c in text[:LOOKED_AT] if c.isalpha()]
    accented = sum("\x80" <= c <= "\u024f" for c in letters)
    if accented * 3 > len(letters):
        raise SurveyError(
            "the text is in several encodings, or in one that is not known",
            fix="export it again as UTF-8, or state its `encoding`",
        )


def _guessed(data: bytes) -> tuple[str, str, tuple[Finding, ...]]:
    told = _by_labels(data)
    if told is not None:
        name, count = told
        message = f"not UTF-8; read as {name}, in which {count} of the first cells are known answers"
        return data.decode(name), name, (Finding(Note("encoding", message), eye=True),)
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
    _refuse_mixed(text)
    note = Note(
        "encoding", f"not UTF-8; read as {name}, which is a guess: look at the labels, or state `encoding`"
    )
    return text, name, (Finding(note, eye=True),)
