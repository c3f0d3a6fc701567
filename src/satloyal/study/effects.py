"""Effects by name: what the ``effect`` of a proposition points at in a model.

Three ways of naming are understood: a label or defined effect (``quality_to_loyalty``), a path
(``Loyalty ~ Satisfaction``), and a chain (``Quality -> Value -> Satisfaction``). A chain of two names is the
direct path unless ``kind`` asks for all indirect routes or for the total.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from satloyal.errors import StudyError
from satloyal.spec.table import ParameterTable
from satloyal.study.file import suggest

__all__ = ["EffectName", "find_effect", "read_effect"]

EffectKind = Literal["label", "path", "specific", "direct", "total_indirect", "total"]

_PATH = re.compile(r"^\s*(.+?)\s*(=~|~~|~)\s*(.+?)\s*$")
_ARROW = re.compile(r"\s*(?:->|→)\s*")


@dataclass(frozen=True, slots=True)
class EffectName:
    """An effect as it was named.

    Parameters
    ----------
    kind : {"label", "path", "specific", "direct", "total_indirect", "total"}
        What the name points at; ``specific`` is one indirect route.
    names : tuple of str
        The label; left and right side of a path; or the variables of a chain from cause to outcome.
    op : str
        Operator of a path.
    """

    kind: EffectKind
    names: tuple[str, ...]
    op: str = ""

    def __str__(self) -> str:
        """As a reader would write it."""
        if self.kind == "label":
            return self.names[0]
        if self.kind == "path":
            return f" {self.op} ".join(self.names)
        return " → ".join(self.names) + {"total": " (total)", "total_indirect": " (indirect)"}.get(
            self.kind, ""
        )


def read_effect(text: str, kind: str | None = None) -> EffectName:
    """Read the name of an effect.

    Parameters
    ----------
    text : str
        As in a study file.
    kind : {"direct", "indirect", "total"}, optional
        Which effect a chain of two names means.

    Raises
    ------
    StudyError
        If the text names nothing, or ``kind`` is given where it has no meaning.

    Examples
    --------
    >>> read_effect("Loyalty ~ Satisfaction").kind, read_effect("a -> b -> c").names
    ('path', ('a', 'b', 'c'))
    >>> str(read_effect("Quality -> Loyalty", "total"))
    'Quality → Loyalty (total)'
    """
    chain = tuple(_ARROW.split(text.strip()))
    if len(chain) == 2 and all(chain):
        kinds: dict[str | None, EffectKind] = {"indirect": "total_indirect", "total": "total"}
        return EffectName(kinds.get(kind, "direct"), chain)
    if len(chain) > 2 and all(chain) and kind in (None, "indirect"):
        return EffectName("specific", chain)
    if kind is not None or len(chain) > 1:
        raise StudyError(
            f"{text!r} with kind {kind!r} names no effect" if kind else f"{text!r} names no effect",
            fix='"kind" goes with a chain of two names, such as "Satisfaction -> Loyalty"',
        )
    path = _PATH.match(text)
    if path:
        return EffectName("path", (path.group(1), path.group(3)), path.group(2))
    return EffectName("label", (text.strip(),))


def find_effect(effect: EffectName, table: ParameterTable) -> None:
    """Make sure that a model has an effect.

    Raises
    ------
    StudyError
        If it has not; the message suggests the nearest name.
    """
    if effect.kind == "label":
        labels = [r.lhs for r in table.rows if r.op == ":="]
        labels += [r.label for r in table.rows if r.label]
        if effect.names[0] not in labels:
            raise StudyError(
                f"the model has no label or defined effect {effect.names[0]!r}",
                fix=suggest(effect.names[0], labels, what="label")
                or 'name a path, such as "Loyalty ~ Satisfaction"',
            )
        return
    if effect.kind == "path":
        _find_path(effect, table)
        return
    _find_chain(effect, table)


def _find_path(effect: EffectName, table: ParameterTable) -> None:
    lhs, rhs = effect.names
    pairs = {(r.lhs, r.rhs) for r in table.rows if r.op == effect.op}
    if (lhs, rhs) in pairs or (effect.op == "~~" and (rhs, lhs) in pairs):
        return
    known = [f"{a} {effect.op} {b}" for a, b in sorted(pairs)]
    raise StudyError(
        f"the model has no parameter {effect}", fix=suggest(str(effect), known, what="parameter")
    )


def _find_chain(effect: EffectName, table: ParameterTable) -> None:
    causes: dict[str, set[str]] = {}
    for row in table.rows:
        if row.op == "~":
            causes.setdefault(row.rhs, set()).add(row.lhs)
    _find_names(effect, causes)
    first, last = effect.names[0], effect.names[-1]
    if effect.kind in ("specific", "direct"):
        for cause, outcome in zip(effect.names, effect.names[1:], strict=False):
            if outcome not in causes.get(cause, set()):
                known = [f"{c} -> {o}" for c, outcomes in causes.items() for o in sorted(outcomes)]
                raise StudyError(
                    f"the model has no path {cause} → {outcome}",
                    fix=suggest(f"{cause} -> {outcome}", known, what="path"),
                )
        return
    outcomes = causes.get(first, set())
    starts = outcomes - {last} if effect.kind == "total_indirect" else outcomes
    if last not in starts and not any(last in _reach(start, causes) for start in starts):
        raise StudyError(f"no {'indirect ' * (effect.kind != 'total')}route leads from {first} to {last}")


def _find_names(effect: EffectName, causes: dict[str, set[str]]) -> None:
    known = set(causes).union(*causes.values()) if causes else set()
    for name in effect.names:
        if name not in known:
            raise StudyError(
                f"no path of the model starts or ends at {name!r}",
                fix=suggest(name, sorted(known), what="variable"),
            )


def _reach(start: str, causes: dict[str, set[str]]) -> set[str]:
    seen: set[str] = set()
    waiting = [start]
    while waiting:
        for outcome in causes.get(waiting.pop(), set()) - seen:
            seen.add(outcome)
            waiting.append(outcome)
    return seen
