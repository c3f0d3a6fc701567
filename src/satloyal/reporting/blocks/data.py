"""Data quality: who answered what, what is missing and why, and what was done to the data."""

from __future__ import annotations

from satloyal.notes import Note
from satloyal.reporting import numbers
from satloyal.reporting.inputs import Inputs
from satloyal.reporting.parts import Bullets, Paragraph, Part, Section
from satloyal.reporting.tables import survey as tables

__all__ = ["data"]


def data(inputs: Inputs) -> Section | None:
    """Describe the survey; without one, say what the fits did to their data."""
    notes = _fit_notes(inputs)
    if inputs.survey is None:
        return Section("data", "The data", (Bullets(notes, "What was done to the data"),)) if notes else None
    survey = inputs.survey
    cells = survey.frame[list(survey.items)]
    missing, total = int(cells.isna().to_numpy().sum()), int(cells.size)
    share = f" ({numbers.percent(missing / total)})" if total else ""
    constructs = len(survey.codebook.constructs)
    text = (
        f"{numbers.count(survey.n)} respondents, {len(survey.items)} items"
        f"{f' in {constructs} constructs' if constructs else ''}. "
        f"{numbers.count(missing)} of {numbers.count(total)} answers are missing{share}."
    )
    parts: list[Part] = [Paragraph(text)]
    parts += [t for t in (tables.items(survey), tables.missing(survey)) if t is not None]
    done = tuple(_sentence(n) for n in survey.notes) + notes
    if done:
        parts.append(Bullets(tuple(dict.fromkeys(done)), "What was done to the data"))
    method = f"The answers were read from {survey.source}."
    weight = survey.codebook.weight
    if weight:
        method += f" Descriptive figures are weighted by {weight}."
    return Section("data", "The data", tuple(parts), (method,))


def _fit_notes(inputs: Inputs) -> tuple[str, ...]:
    """Return the notes of the fits, each once: a bootstrap repeats those of its fit."""
    several = len(inputs.subjects) + len(inputs.curves) + len(inputs.findings) > 1
    said: dict[str, list[str]] = {}
    for name, fit in inputs.fits:
        for note in fit.notes:
            if note.step != "rule":  # a rule does nothing to the data; the methods name it
                said.setdefault(_sentence(note), []).append(name)
    everybody = len(inputs.subjects)
    return tuple(
        f"{' and '.join(names)}: {note}" if several and len(names) < max(everybody, 2) else note
        for note, names in said.items()
    )


def _sentence(note: Note) -> str:
    text = str(note)
    return f"{text[:1].upper()}{text[1:].rstrip('.')}."
