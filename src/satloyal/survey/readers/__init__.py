"""Readers: from a survey file to a Survey, behind one registry."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from satloyal.errors import SurveyError
from satloyal.survey.codebook import Codebook
from satloyal.survey.readers import registry
from satloyal.survey.readers.export import Export, open_export
from satloyal.survey.readers.match import Match
from satloyal.survey.source import Source
from satloyal.survey.survey import MissingCodes, Survey, as_codebook

__all__ = ["read_survey"]


def read_survey(
    path: str | Path,
    codebook: Codebook | str | Path | None = None,
    *,
    vendor: str = "auto",
    sheet: str | int | None = None,
    encoding: str | None = None,
    missing_codes: MissingCodes | None = None,
    labels: str | Path | None = None,
) -> Survey:
    r"""Read a survey file.

    What the file is, its encoding and its delimiter are found out from its content, never from its name.

    Parameters
    ----------
    path : str or Path
        CSV or other delimited text, an Excel or OpenDocument workbook, an SPSS or a Stata file.
    codebook : Codebook or path, optional
        What the columns mean. Without one, columns that hold only numbers become numeric and nothing is
        turned round or weighted.
    vendor : str
        Which reader to use; ``"auto"`` takes the one that fits best.
    sheet : str or int, optional
        Sheet of a workbook, by name or by number from 0; needed if several sheets hold cells.
    encoding : str, optional
        Encoding of a text file, where you know it.
    missing_codes : mapping of code to reason, or list of codes, optional
        Codes that mean "no answer", beside those of the codebook: ``{99: "dont_know", -99: "skipped"}``.
    labels : str or Path, optional
        File that names the answers where the responses hold only codes: LimeSurvey's survey structure
        (``.lss``) or archive (``.lsa``).

    Returns
    -------
    Survey

    Raises
    ------
    SurveyError
        If the file cannot be read or does not fit the codebook: one error that says what was found, in which
        row and column, and what to do.

    Warns
    -----
    SurveyWarning
        For what was read but needs your eye: a name that belies the content, a guessed encoding, answers
        outside their scale, columns that nobody answered, respondents who occur twice. It stands in the notes
        as well.

    Examples
    --------
    >>> import tempfile
    >>> folder = tempfile.TemporaryDirectory()
    >>> file = Path(folder.name) / "export.csv"
    >>> _ = file.write_text("cid,SAT1,SAT2\nC1,4,5\nC2,99,3\n")
    >>> survey = read_survey(file, missing_codes={99: "dont_know"})
    >>> survey.frame["SAT1"].tolist(), survey.missing_reasons["SAT1"].tolist()
    ([4.0, nan], [None, 'dont_know'])
    """
    if not isinstance(path, str | Path):
        raise SurveyError(
            f"a survey file is named by its path, not by {type(path).__name__}",
            fix="use Survey.from_frame(df, codebook) for a table in memory",
        )
    book = as_codebook(codebook, missing_codes)
    where = Path(path).name or str(path)
    try:
        export = open_export(path, sheet=sheet, encoding=encoding, labels=labels)
        reader, match = registry.choose(export, vendor, registry.READERS)
        registry.require_labels(export, reader)
        raw = reader.read(export)
    except SurveyError as err:
        if err.where is None:
            raise SurveyError(err.message, where=where, fix=err.fix) from err.__cause__
        raise
    rows, columns = raw.frame.shape
    source = _source(export, reader.name, match, rows, columns)
    return Survey.from_raw(replace(raw, findings=(*export.findings, *raw.findings)), source, book)


def _source(export: Export, reader: str, match: Match, rows: int, columns: int) -> Source:
    grid = export.grid if export.is_table else None
    return Source(
        export.path.name,
        reader,
        export.container,
        export.sha256,
        None if grid is None else grid.sheet,
        export.encoding if grid is None else grid.encoding,
        None if grid is None else grid.delimiter,
        rows,
        columns,
        match.why,
    )
