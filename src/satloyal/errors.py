"""The one exception root, the one warning root, and their few children.

Every message says what was found, where, and what to do about it.
"""

from __future__ import annotations

__all__ = [
    "FitError",
    "FitWarning",
    "ReportError",
    "SatloyalError",
    "SatloyalWarning",
    "SpecError",
    "StudyError",
    "SurveyError",
    "SurveyWarning",
]


class SatloyalError(Exception):
    """Root of every error that satloyal raises on purpose.

    Parameters
    ----------
    message : str
        What was found.
    where : str, optional
        File, sheet, row, column or place in the model text.
    fix : str, optional
        What the user can do about it.

    Examples
    --------
    >>> print(SatloyalError("column 'SAT' is constant", where="survey.csv", fix="leave it out"))
    survey.csv: column 'SAT' is constant. To mend it: leave it out.
    """

    def __init__(self, message: str, *, where: str | None = None, fix: str | None = None) -> None:
        self.message = message
        self.where = where
        self.fix = fix
        super().__init__(message)

    def __str__(self) -> str:
        """Place, finding and remedy as one text."""
        text = self.message if self.where is None else f"{self.where}: {self.message}"
        if self.fix is None:
            return text
        stop = "" if text.endswith((".", "!", "?", "\n")) else "."
        end = "" if self.fix.endswith((".", "!", "?")) else "."
        gap = "" if text.endswith("\n") else " "
        return f"{text}{stop}{gap}To mend it: {self.fix}{end}"


class SurveyError(SatloyalError):
    """A survey file, codebook or data table cannot be used as it is."""


class SpecError(SatloyalError):
    """A model text does not say a model; the message marks the offending piece."""


class FitError(SatloyalError):
    """A model cannot be fitted to these data (identification, moments, arguments)."""


class StudyError(SatloyalError):
    """A study file asks for something that cannot be done."""


class ReportError(SatloyalError):
    """A report or table cannot be rendered or written."""


class SatloyalWarning(UserWarning):
    """Root of every warning: what loads or fits but needs the user's eye."""


class SurveyWarning(SatloyalWarning):
    """The data were read, but something in them deserves a look."""


class FitWarning(SatloyalWarning):
    """The model was fitted, but something about the result deserves a look."""
