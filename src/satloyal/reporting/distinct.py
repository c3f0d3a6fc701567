"""Which claims the measurement weakens or forbids: effects between constructs that are hardly distinct."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from satloyal.models.sem.validity import HTMT_LIBERAL
from satloyal.reporting import numbers
from satloyal.reporting.rows import each_row

if TYPE_CHECKING:
    from satloyal.models.sem.fit import SemFit
    from satloyal.reporting.inputs import Subject

__all__ = ["Blur", "blurred_pairs", "how_indistinct"]

_NAME = re.compile(r"[^\W\d]\w*")


@dataclass(frozen=True, slots=True)
class Blur:
    """Why two constructs are not distinct; `one` if a correlation of 1 or more makes them the same thing."""

    figure: str
    one: bool = False


Blurred = dict[frozenset[str], Blur]


def blurred_pairs(fit: SemFit) -> Blurred:
    """Return the pairs of constructs that are not distinct, each with the figure that says so.

    An HTMT of .90 or more (Henseler, Ringle and Sarstedt 2015) weakens claims: the constructs are hardly
    distinct. A latent correlation of 1 or more forbids them.
    """
    if not fit.converged or not fit.table.latent:
        return {}
    found: Blurred = {}
    for row in each_row(fit.measurement().pairs):
        key = frozenset((str(row.construct_1), str(row.construct_2)))
        if numbers.defined(row.latent_cor) and abs(row.latent_cor) >= 1:
            found[key] = Blur(f"latent correlation {numbers.number(float(row.latent_cor))}", one=True)
        elif numbers.defined(row.htmt) and row.htmt >= HTMT_LIBERAL:
            found[key] = Blur(f"HTMT {numbers.number(float(row.htmt), bounded=True)}")
    return found


def how_indistinct(subject: Subject, row: Any, blurred: Blurred) -> tuple[str, str]:
    """Return why one path or defined effect may not be interpreted, and what weakens it; both mostly empty.

    A path is touched when its predictor and its outcome, or its predictor and another predictor of the same
    outcome, are not distinct; a defined effect when a path of its expression is.
    """
    touched = _touched(subject, row, blurred) if blurred else {}
    for key, blur in touched.items():
        if blur.one:
            return f"{' and '.join(sorted(key))} cannot be told apart ({blur.figure}).", ""
    if not touched:
        return "", ""
    pairs = "; ".join(f"{' and '.join(sorted(key))}, {blur.figure}" for key, blur in touched.items())
    return (
        "",
        f"These constructs are hardly distinct in these answers: {pairs}. Part of the effect may be one "
        "construct under two names.",
    )


def _touched(subject: Subject, row: Any, blurred: Blurred) -> Blurred:
    if row.op == ":=":
        frame = subject.estimates
        used = set(_NAME.findall(str(row.rhs)))
        parts = frame[(frame["op"] == "~") & frame["label"].isin(used)]
        found: Blurred = {}
        for part in each_row(parts):
            found |= _touched(subject, part, blurred)
        return found
    frame = subject.estimates
    same = frame[(frame["op"] == "~") & (frame["lhs"] == row.lhs) & (frame["group"] == row.group)]
    near = (row.lhs, *same["rhs"])
    keys = [frozenset((str(row.rhs), str(other))) for other in near if other != row.rhs]
    return {key: blurred[key] for key in keys if key in blurred}
