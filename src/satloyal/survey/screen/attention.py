"""Attention checks: questions whose right answer is known, as "please choose 4 here" or a bogus statement."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from satloyal.errors import SurveyError
from satloyal.survey.construct import as_code
from satloyal.survey.nearest import did_you_mean

__all__ = ["Required", "failed_checks"]

Required = float | str | Sequence[float | str]


def failed_checks(
    frame: pd.DataFrame, checks: Mapping[str, Required]
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return how many attention checks each respondent failed, and how many were answered.

    Parameters
    ----------
    frame : DataFrame
        Answers as they were given, numbers or text; text is compared without regard to case and width.
    checks : mapping of column to answer or answers
        What has to be answered. An unanswered check is not failed.

    Returns
    -------
    failed : ndarray, shape (n,)
        NaN where no check was answered.
    answered : ndarray of int, shape (n,)

    Raises
    ------
    SurveyError
        If a column is not there, or no answer is named for it.

    Notes
    -----
    A. W. Meade and S. B. Craig (2012), Psychological Methods 17, 437–455.

    Examples
    --------
    >>> frame = pd.DataFrame({"AC1": [4.0, 2.0, None], "AC2": ["Agree", "agree", "Disagree"]})
    >>> failed_checks(frame, {"AC1": 4, "AC2": "Agree"})[0].tolist()
    [0.0, 1.0, 1.0]
    """
    failed, answered = np.zeros(len(frame)), np.zeros(len(frame), dtype=np.int64)
    for name, required in checks.items():
        if name not in frame.columns:
            raise SurveyError(
                f"the attention check {name!r} is no column of the survey{did_you_mean(name, frame.columns)}",
                fix="name a column of the survey and the answer that it asks for, as {'AC1': 4}",
            )
        wanted = [required] if isinstance(required, str | int | float) else list(required)
        if not wanted:
            raise SurveyError(f"no right answer is given for the attention check {name!r}")
        right = {as_code(answer) for answer in wanted}
        there = frame[name].notna().to_numpy()
        codes = {cell: as_code(cell) in right for cell in frame[name][there].unique()}
        hit = frame[name].map(codes).to_numpy(dtype=object) == True  # noqa: E712  (cells are objects)
        failed += there & ~hit.astype(bool)
        answered += there
    return np.where(answered > 0, failed, np.nan), answered
