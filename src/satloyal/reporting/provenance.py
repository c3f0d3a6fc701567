"""Provenance: which file, which versions, which seed; enough to run it again and get the same numbers."""

from __future__ import annotations

import platform
import textwrap
from importlib.metadata import PackageNotFoundError, version

from satloyal.reporting.inputs import Inputs
from satloyal.reporting.parts import Code, Part, Section
from satloyal.reporting.table import Column, Table

__all__ = ["engine_versions", "provenance"]

_ENGINES = ("satloyal", "numpy", "scipy", "pandas", "matplotlib")


def engine_versions() -> dict[str, str]:
    """Return the versions that the numbers depend on.

    Examples
    --------
    >>> list(engine_versions())
    ['satloyal', 'numpy', 'scipy', 'pandas', 'matplotlib', 'Python']
    """
    found = {}
    for name in _ENGINES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "unknown"
    return {**found, "Python": platform.python_version()}


def provenance(inputs: Inputs) -> Section:
    """Say where the numbers come from."""
    rows = [[name, text] for name, text in _facts(inputs) if text]
    columns = [Column("what", "What"), Column("value", "Value")]
    parts: list[Part] = [
        Table.build("provenance", "Where these numbers come from", columns, [list(row) for row in rows])
    ]
    parts += [
        Code(f"Model text of {s.in_text}", textwrap.dedent(s.fit.model.source.text).strip())
        for s in inputs.subjects
    ]
    return Section("provenance", "Provenance", tuple(parts))


def _facts(inputs: Inputs) -> list[tuple[str, str]]:
    facts: list[tuple[str, str]] = []
    if inputs.survey is not None:
        source = inputs.survey.source
        facts += [
            ("Data", str(source)),
            ("SHA-256 of the data file", source.sha256 or "none: the table came from memory"),
        ]
    for subject in inputs.subjects:
        if subject.boot is not None:
            seed = "none given: other runs differ" if subject.boot.seed is None else str(subject.boot.seed)
            facts.append((f"Seed of the bootstrap of {subject.in_text}", seed))
    if inputs.seed is not None:
        facts.append(("Seed of the analysis", str(inputs.seed)))
    facts += [("Versions", ", ".join(f"{name} {number}" for name, number in engine_versions().items()))]
    facts += [("Date", inputs.date)]
    return facts
