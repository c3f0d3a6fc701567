"""Measurement: whether the items measure their constructs, and whether the constructs are distinct."""

from __future__ import annotations

from satloyal.reporting.inputs import Inputs, Subject
from satloyal.reporting.parts import Callout, Checks, Heading, Part, Section
from satloyal.reporting.tables import discriminant
from satloyal.reporting.tables import measurement as tables

__all__ = ["measurement"]


def measurement(inputs: Inputs) -> Section | None:
    """Tables and checks of each model that has constructs."""
    subjects = [s for s in inputs.subjects if _measures(s)]
    if not subjects:
        return None
    several = len(subjects) > 1
    parts: list[Part] = []
    for i, subject in enumerate(subjects, start=1):
        parts += [Heading(subject.name)] if len(subjects) > 1 else []
        parts += _parts(subject, f"_{i}" if several else "")
    method = (
        "Reliability is Cronbach's alpha from the items and omega, composite reliability and maximal "
        "reliability (coefficient H) from the model. Convergent "
        "validity is judged by the average variance extracted, discriminant validity by the "
        "heterotrait-monotrait ratio "
        "and by the criterion of Fornell and Larcker."
    )
    ordinal = any(s.fit.input.ordinal is not None for s in subjects)
    if ordinal:
        method += (
            " Of ordinal items these follow from polychoric correlations; the reliability of the sum of the "
            "answers is Green and Yang's."
        )
    cites: tuple[str, ...] = (
        "cronbach1951",
        "mcdonald1999",
        "hancock_mueller2001",
        "fornell_larcker1981",
        "henseler2015",
        "roemer2021",
    )
    cites = (*cites, "green_yang2009") if ordinal else cites
    return Section("measurement", "Measurement", tuple(parts), (method,), cites)


def _measures(subject: Subject) -> bool:
    """Whether any loading is estimated: random intercepts and growth factors measure nothing."""
    table = subject.fit.table
    return bool(table.latent) and any(row.op == "=~" and row.free for row in table.rows)


def _parts(subject: Subject, suffix: str) -> list[Part]:
    if not subject.fit.converged:
        text = "Figures that rest on the model are left out; those of the items alone stand."
        parts: list[Part] = [Callout("bad", f"{subject.name} did not converge", text)]
    else:
        parts = []
    found = subject.measurement
    made = (
        tables.reliability(found, subject.level), tables.htmt(found),
        discriminant.pairs(found, subject.level),
        tables.fornell_larcker(found), discriminant.cross_loadings(found),
    )  # fmt: skip
    parts += [t.with_name(t.name + suffix) for t in made if t is not None]
    return [*parts, Checks(f"Measurement of {subject.in_text}", found.checks)]
