"""A draft of a codebook: from a survey file to TOML text with what to look at first."""

from __future__ import annotations

from pathlib import Path

from satloyal.errors import SurveyError
from satloyal.survey.codebook import Codebook
from satloyal.survey.readers import read_survey

__all__ = ["draft_codebook"]

_HEAD = """\
# A draft, from {name}. Look at it before you use it:
# - reversed items: list them with `reverse = [...]` in their construct;
# - codes for "no answer": missing = {{99 = "dont_know"}};
# - which columns are the weight, the wave and groups; which items belong together, and what to call them.
# Read it back with: satloyal inspect {name} --codebook THIS_FILE
"""


def draft_codebook(
    file: Path,
    out: Path | None = None,
    *,
    short_names: bool = False,
    vendor: str = "auto",
    sheet: str | None = None,
    encoding: str | None = None,
    labels: Path | None = None,
) -> str:
    """Draft the codebook of a survey file.

    Parameters
    ----------
    file : Path
    out : Path, optional
        Where to write it.
    short_names : bool
        See :meth:`satloyal.survey.codebook.Codebook.draft`.
    vendor, sheet, encoding, labels
        See :func:`satloyal.read_survey`.

    Returns
    -------
    str
        TOML text.

    Raises
    ------
    SurveyError
        If the file cannot be read, or ``out`` is there already or cannot be written.
    """
    if out is not None and out.exists():
        raise SurveyError("there is a file of that name, and it may be edited", where=str(out),
                          fix="give another name, or delete it")  # fmt: skip
    survey = read_survey(file, vendor=vendor, sheet=sheet, encoding=encoding, labels=labels)
    text = _HEAD.format(name=file.name) + "\n" + Codebook.draft(survey, short_names=short_names).to_toml()
    if out is not None:
        try:
            out.write_text(text, encoding="utf-8")
        except OSError as err:
            raise SurveyError(
                f"the draft cannot be written: {err.strerror or type(err).__name__}", where=str(out)
            ) from None
    return text
