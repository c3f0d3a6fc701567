"""Registry: which reader reads a file, and why."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from satloyal.errors import SurveyError
from satloyal.survey.nearest import did_you_mean
from satloyal.survey.raw import RawTable
from satloyal.survey.readers.export import Export
from satloyal.survey.readers.google_forms import GoogleFormsReader
from satloyal.survey.readers.limesurvey import LimeSurveyReader
from satloyal.survey.readers.match import Match
from satloyal.survey.readers.microsoft_forms import MicrosoftFormsReader
from satloyal.survey.readers.parquet import ParquetReader
from satloyal.survey.readers.plain import PlainReader
from satloyal.survey.readers.qualtrics import QualtricsReader
from satloyal.survey.readers.spss import SpssReader
from satloyal.survey.readers.stata import StataReader
from satloyal.survey.readers.surveymonkey import SurveyMonkeyReader
from satloyal.survey.readers.tencent import TencentReader
from satloyal.survey.readers.typeform import TypeformReader
from satloyal.survey.readers.wenjuanxing import WenjuanxingReader

__all__ = ["READERS", "Match", "Reader", "choose", "names", "require_labels"]


@runtime_checkable
class Reader(Protocol):
    """One way of reading a survey file: a vendor's export or a plain format.

    A new vendor is one module in this folder with a class of this shape, listed in :data:`READERS`.
    ``sniff`` looks at ``export.container`` and, for text and workbooks, at ``export.grid.rows[:3]``; it
    returns a score from 0 (not mine) to 1 (certainly mine) with its reason. A vendor's signature scores above
    0.5; the plain reader takes any table at 0.1. ``read`` turns the export into a
    :class:`~satloyal.survey.raw.RawTable`.
    """

    @property
    def name(self) -> str:
        """What ``vendor=`` calls it."""
        ...

    def sniff(self, export: Export) -> Match:
        """Say how well the file fits, and why."""
        ...

    def read(self, export: Export) -> RawTable:
        """Read the file."""
        ...


READERS: tuple[Reader, ...] = (
    SpssReader(),
    StataReader(),
    ParquetReader(),
    QualtricsReader(),
    SurveyMonkeyReader(),
    TypeformReader(),
    LimeSurveyReader(),
    MicrosoftFormsReader(),
    GoogleFormsReader(),
    WenjuanxingReader(),
    TencentReader(),
    PlainReader(),
)

TAKES_LABELS = frozenset({"limesurvey"})
"""Readers that make use of a file of labels."""


def require_labels(export: Export, reader: Reader) -> None:
    """Refuse a file of labels for a reader that has no use for one.

    Raises
    ------
    SurveyError
        If there is one and the reader does not take it.
    """
    if export.labels is not None and reader.name not in TAKES_LABELS:
        raise SurveyError(
            f"this was read as {reader.name}, which takes no file of labels; only these do: "
            f"{', '.join(sorted(TAKES_LABELS))}",
            fix="leave `labels` out",
        )


def names(readers: Sequence[Reader] = READERS) -> tuple[str, ...]:
    """Return what ``vendor=`` may be."""
    return ("auto", *(reader.name for reader in readers))


def choose(export: Export, vendor: str = "auto", readers: Sequence[Reader] = READERS) -> tuple[Reader, Match]:
    """Return the reader for a file and why it was taken.

    Parameters
    ----------
    export : Export
        The opened file.
    vendor : str
        Name of a reader, or ``"auto"`` for the one that fits best; of equals the first in the list.
    readers : sequence of Reader
        Those to choose from.

    Raises
    ------
    SurveyError
        If there is no reader of that name, or none can read the file.
    """
    if vendor != "auto":
        for reader in readers:
            if reader.name == vendor:
                match = reader.sniff(export)
                if match.score <= 0:
                    raise SurveyError(
                        f"vendor={vendor!r} cannot read this file: {match.why}", fix="leave `vendor` out"
                    )
                return reader, Match(match.score, f"vendor={vendor!r} was asked for")
        known = names(readers)
        raise SurveyError(
            f"there is no reader {vendor!r}{did_you_mean(str(vendor), known)}",
            fix=f"use one of {', '.join(known)}",
        )
    matches = [(reader, reader.sniff(export)) for reader in readers]
    reader, match = max(matches, key=lambda pair: pair[1].score)
    if match.score <= 0:
        raise SurveyError("no reader knows this file", fix="export the answers as CSV, Excel, SPSS or Stata")
    return reader, match
