"""Text: a parameter table printed back in the model language."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from satloyal.spec.expression import number_text
from satloyal.spec.parameter import Parameter
from satloyal.spec.tokens import quote

__all__ = ["table_text"]

_NO_LABEL = '""'


def table_text(rows: tuple[Parameter, ...], groups: int) -> str:
    """Model text that says every row but those that are fixed to sample moments or follow from others.

    Parameters
    ----------
    rows : tuple of Parameter
        Rows of a table, group by group, the same in every group.
    groups : int
        Number of groups.

    Returns
    -------
    str
        One line for each run of rows with the same left side and operator.
    """
    parameters = [r for r in rows if r.group > 0]
    size = len(parameters) // groups
    across = [[parameters[g * size + i] for g in range(groups)] for i in range(size)]
    written = [same for same in across if not same[0].fixed_x and not _follows(same)]
    lines = []
    for (lhs, op), run in groupby(written, key=lambda same: (same[0].lhs, same[0].op)):
        sign = "~" if op == "~1" else op
        lines.append(f"{quote(lhs)} {sign} {' + '.join(term for same in run for term in _terms(same))}")
    lines += [f"{r.lhs if r.op != ':=' else quote(r.lhs)} {r.op} {r.rhs}" for r in rows if r.group == 0]
    return "\n".join(lines)


def _follows(same: list[Parameter]) -> bool:
    """Whether a row follows from others: scales of ordinal items, and what is left of their variance."""
    return same[0].op == "~*~" or (same[0].free == 0 and same[0].value is None)


def _terms(same: list[Parameter]) -> Iterator[str]:
    """Print a row as terms, one for each thing that is said about it."""
    variable = "1" if same[0].op == "~1" else quote(same[0].rhs)
    said = (
        _labels(same),
        _values(same),
        _called("start", [r.start for r in same]),
        _called("lower", [r.lower for r in same]),
        _called("upper", [r.upper for r in same]),
    )
    modifiers = [m for m in said if m]
    for modifier in modifiers:
        yield f"{modifier}*{variable}"
    if not modifiers:
        yield variable


def _labels(same: list[Parameter]) -> str:
    labels = [r.label for r in same]
    if not any(labels):
        return ""
    if len(set(labels)) == 1:
        return labels[0]
    return f"c({', '.join(label or _NO_LABEL for label in labels)})"


def _values(same: list[Parameter]) -> str:
    values = [r.value for r in same]
    if all(v is None for v in values):
        return ""
    return _numbers(values)


def _called(name: str, values: list[float | None]) -> str:
    return "" if all(v is None for v in values) else f"{name}({_numbers(values)})"


def _numbers(values: list[float | None]) -> str:
    texts = ["NA" if v is None else number_text(v) for v in values]
    return texts[0] if len(set(texts)) == 1 else f"c({', '.join(texts)})"
