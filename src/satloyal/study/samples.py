"""Studies that ship with satloyal: templates, and editable copies of them with their data."""

from __future__ import annotations

import shutil
from pathlib import Path

from satloyal.errors import StudyError, SurveyError
from satloyal.study.file import suggest

__all__ = ["STUDY_SAMPLES", "demo_sample", "study_template", "write_study_folder"]

STUDY_SAMPLES = ("ecsi_mobile", "simulated_retail")
_TEMPLATES = Path(__file__).resolve().parent / "data"


def study_template(name: str) -> Path:
    """Return the ``study.toml`` of a sample study.

    Parameters
    ----------
    name : {"ecsi_mobile", "simulated_retail"}
        The sample.

    Raises
    ------
    StudyError
        If there is no such study.

    Examples
    --------
    >>> study_template("ecsi_mobile").name
    'study.toml'
    """
    if name not in STUDY_SAMPLES:
        near = suggest(name, STUDY_SAMPLES, what="sample study")
        raise StudyError(f"there is no sample study {name!r}", fix=near)
    return _TEMPLATES / name / "study.toml"
