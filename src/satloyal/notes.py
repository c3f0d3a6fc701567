"""Notes: what was done to the data and why, with counts.

Ground level beside :mod:`satloyal.errors`: surveys and fits both carry notes.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Note"]


@dataclass(frozen=True, slots=True)
class Note:
    """One thing that was done to the data.

    Parameters
    ----------
    step : str
        Which step did it, as a short noun phrase (``"missing codes"``, ``"listwise deletion"``).
    message : str
        What was done and why, as a sentence.
    count : int, optional
        How many rows, cells or values it touched.

    Examples
    --------
    >>> str(Note("listwise deletion", "11 of 344 rows miss at least one of the items", 11))
    'listwise deletion: 11 of 344 rows miss at least one of the items'
    """

    step: str
    message: str
    count: int | None = None

    def __str__(self) -> str:
        """Step and sentence as one line."""
        return f"{self.step}: {self.message}"
