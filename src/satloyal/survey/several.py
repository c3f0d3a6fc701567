"""Several files at once: waves, brands or countries as one survey."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from satloyal.errors import SurveyError
from satloyal.survey.codebook import Codebook
from satloyal.survey.combine import combine
from satloyal.survey.readers import read_survey
from satloyal.survey.survey import Survey

__all__ = ["read_surveys"]


def read_surveys(
    files: str | Path | Sequence[str | Path] | Mapping[Any, str | Path],
    codebook: Codebook | str | Path | None = None,
    *,
    column: str = "wave",
    sheets: Sequence[str] | None = None,
    **options: Any,
) -> Survey:
    r"""Read several survey files, or several sheets of one workbook, as one survey.

    Parameters
    ----------
    files : list of paths, mapping of label to path, or one path
        Without labels, files are called by their names without extension.
    codebook : Codebook or path, optional
        One for all of them.
    column : str
        Column that says which file a respondent is from: the wave if it is called ``"wave"``, else a group.
    sheets : sequence of str, optional
        Sheets of the one workbook ``files``; the label is the name of the sheet.
    **options
        As for :func:`satloyal.read_survey`.

    Returns
    -------
    Survey
        Respondents of all files; what a file did not ask is missing there, with reason ``"not_shown"``.

    Raises
    ------
    SurveyError
        As :func:`satloyal.read_survey`, with the file; or an item has different scales in two files.

    Examples
    --------
    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> for year, answers in ((2023, "4\n5\n"), (2024, "3\n5\n")):
    ...     _ = (folder / f"{year}.csv").write_text("SAT\n" + answers)
    >>> survey = read_surveys({2023: folder / "2023.csv", 2024: folder / "2024.csv"})
    >>> survey.frame.groupby("wave")["SAT"].mean().to_dict()
    {'2023': 4.5, '2024': 4.0}
    """
    if sheets is not None:
        if not isinstance(files, str | Path):
            raise SurveyError("`sheets` are of one workbook", fix="give one path, or leave `sheets` out")
        named = {name: (files, {**options, "sheet": name}) for name in sheets}
    elif isinstance(files, str | Path):
        raise SurveyError("one file is read with read_survey", fix="give a list of files, or `sheets`")
    elif isinstance(files, Mapping):
        named = {str(label): (path, options) for label, path in files.items()}
    else:
        named = {Path(path).stem: (path, options) for path in files}
        if len(named) < len(files):
            raise SurveyError("two files have one name", fix="give labels: {'2023': path, '2024': path}")
    surveys = {label: read_survey(path, codebook, **kept) for label, (path, kept) in named.items()}
    return combine(surveys, column)
