"""Appendix: the truth of a simulation beside what was estimated."""

from __future__ import annotations

from satloyal.reporting.inputs import Inputs
from satloyal.reporting.parts import Section
from satloyal.reporting.tables import sem as tables

__all__ = ["truth"]


def truth(inputs: Inputs) -> Section | None:
    """Compare with the true values, where they are known."""
    if not inputs.truth:
        return None
    table = tables.truth(inputs)
    return None if table is None else Section("truth", "Truth", (table,))
