"""Appendix: every estimate."""

from __future__ import annotations

from satloyal.reporting.blocks.kinds import kind_of
from satloyal.reporting.inputs import Inputs
from satloyal.reporting.parts import Callout, Part, Section
from satloyal.reporting.table import Table
from satloyal.reporting.tables import sem as tables
from satloyal.reporting.tables.cells import frame_table

__all__ = ["estimates"]

_MAKERS = (tables.paths, tables.defined_effects, tables.loadings, tables.covariances, tables.means)


def estimates(inputs: Inputs) -> Section | None:
    """Tables of all parameters of path models, and of fits of other families."""
    parts: list[Part] = []
    for i, subject in enumerate(inputs.subjects, start=1):
        suffix = f"_{i}" if len(inputs.subjects) > 1 else ""
        made: list[Table | None] = [make(subject) for make in _MAKERS]
        if subject.barred:
            parts.append(
                Callout(
                    "bad", "Not for claims", f"These numbers are shown for diagnosis only: {subject.barred}"
                )
            )
        for table in made:
            if table is not None:
                caption = f"{subject.name}: {table.caption.lower()}" if suffix else table.caption
                parts.append(Table(table.name + suffix, caption, table.columns, table.rows, table.notes))
    for i, one in enumerate((f for f in inputs.findings if kind_of(f.result) is None), start=1):
        family = one.result.family or type(one.result).__name__
        table = frame_table(
            f"estimates_{family}_{i}", f"{one.name}: {one.result.headline()}", one.result.tidy(), {}
        )
        parts.append(table)
    return Section("estimates", "All estimates", tuple(parts)) if parts else None
