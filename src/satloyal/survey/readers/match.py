"""Match: how well a file fits a reader, and why."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Match"]


@dataclass(frozen=True, slots=True)
class Match:
    """How well a file fits a reader.

    Parameters
    ----------
    score : float
        From 0 (not mine) to 1 (certainly mine).
    why : str
        The evidence, as a clause for the notes.
    """

    score: float
    why: str
