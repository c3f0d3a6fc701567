"""Misfit: what the model leaves unexplained, pair by pair of items."""

from __future__ import annotations

from functools import partial

import numpy as np
import pandas as pd

from satloyal.reporting import numbers
from satloyal.reporting.figures.heatmap import draw_residuals
from satloyal.reporting.inputs import Inputs, Subject
from satloyal.reporting.parts import Paragraph, Part, Picture, Section
from satloyal.reporting.tables import misfit as tables

__all__ = ["LARGE", "misfit"]

LARGE = 0.10
"""Residual correlations beyond it deserve a look (Kline 2016)."""
_WORST = 5


def misfit(inputs: Inputs) -> Section | None:
    """Show the residual correlations of each model, and what letting parameters free would gain."""
    parts: list[Part] = []
    subjects = [s for s in inputs.subjects if s.fit.converged]
    for i, subject in enumerate(subjects, start=1):
        suffix = f"_{i}" if len(subjects) > 1 else ""
        for group in range(1, subject.fit.ngroups + 1):
            frame = subject.fit.residuals("cor", group - 1)
            name = f"residuals{suffix}" + (f"_g{group}" if subject.fit.ngroups > 1 else "")
            parts += _parts(subject, frame, name, group) if len(frame) > 1 else []
        made = (
            tables.modification(subject, f"modification{suffix}"),
            tables.equalities(subject, f"equalities{suffix}"),
        )
        parts += [t for t in made if t is not None]
    if not parts:
        return None
    method = (
        "Residual correlations are observed minus model-implied correlations; beyond ±.10 they "
        "deserve a look. Modification indices say by how much χ² would fall were one fixed parameter "
        "free; the "
        "largest of many is large by chance too."
    )
    return Section("misfit", "Where the model misses", tuple(parts), (method,), ("kline2016", "sorbom1989"))


def _parts(subject: Subject, frame: pd.DataFrame, name: str, group: int) -> list[Part]:
    values = frame.to_numpy(dtype=float)
    rows, columns = np.tril_indices(len(values), k=-1)
    sizes = np.abs(values[rows, columns])
    order = np.argsort(-np.nan_to_num(sizes), kind="stable")
    beyond = int((sizes > LARGE).sum())
    worst = [
        f"{frame.index[rows[k]]} with {frame.columns[columns[k]]} "
        f"{numbers.number(values[rows[k], columns[k]], bounded=True)}"
        for k in order[:_WORST]
    ]
    label = subject.group_label(group)
    where = f" (group {label})" if label else ""
    text = (
        f"{beyond} of {len(rows)} residual correlations{where} are beyond ±.10. Largest: {', '.join(worst)}."
    )
    caption = (
        f"Residual correlations of {subject.in_text}{where}: orange where the model says too "
        "little, blue where it says too much."
    )
    return [Paragraph(text), Picture(name, caption, text, partial(draw_residuals, frame))]
