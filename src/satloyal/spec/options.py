"""Options: how a model text is completed, resolved once at the door."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from satloyal.errors import SpecError
from satloyal.spec.drafts import Draft
from satloyal.spec.source import nearest

__all__ = ["GROUP_EQUAL", "Defaults", "EffectCoding", "Options", "resolve"]

Defaults = Literal["sem", "growth", "none"]
EffectCoding = bool | str | Sequence[str]
_CODED = ("loadings", "intercepts")
_Kind = Callable[[Draft, frozenset[str]], bool]


def _within(draft: Draft, names: frozenset[str]) -> bool:
    return draft.lhs in names or draft.rhs in names


GROUP_EQUAL: Mapping[str, _Kind] = {
    "loadings": lambda d, _: d.op == "=~",
    "composite.loadings": lambda d, _: d.op == "<~",
    "intercepts": lambda d, latent: d.op == "~1" and d.lhs not in latent,
    "means": lambda d, latent: d.op == "~1" and d.lhs in latent,
    "thresholds": lambda d, _: d.op == "|",
    "regressions": lambda d, _: d.op == "~",
    "residuals": lambda d, latent: d.op == "~~" and d.lhs == d.rhs and not _within(d, latent),
    "residual.covariances": lambda d, latent: d.op == "~~" and d.lhs != d.rhs and not _within(d, latent),
    "lv.variances": lambda d, latent: d.op == "~~" and d.lhs == d.rhs and _within(d, latent),
    "lv.covariances": lambda d, latent: d.op == "~~" and d.lhs != d.rhs and _within(d, latent),
}
"""What ``group_equal`` may name, and which rows each name holds equal across groups."""


@dataclass(frozen=True, slots=True)
class Options:
    """The arguments of :func:`satloyal.spec.table.build_table`, checked and without gaps."""

    groups: int
    std_lv: bool
    orthogonal: bool
    fixed_x: bool
    meanstructure: bool
    defaults: Defaults
    group_equal: frozenset[str]
    group_partial: tuple[str, ...]
    effect_coding: frozenset[str] = frozenset()

    @property
    def automatic(self) -> bool:
        """Whether more is added than zeros."""
        return self.defaults != "none"


def resolve(
    drafts: list[Draft],
    *,
    groups: int,
    std_lv: bool,
    orthogonal: bool,
    fixed_x: bool,
    meanstructure: bool | None,
    defaults: Defaults,
    group_equal: Sequence[str] | str,
    group_partial: Sequence[str] | str,
    effect_coding: EffectCoding = False,
) -> Options:
    """Check the arguments and fill in what depends on the text.

    Raises
    ------
    SpecError
        If an argument is not one of those that exist.
    """
    if groups < 1:
        raise SpecError(f"a model has at least one group, not {groups}")
    if defaults not in ("sem", "growth", "none"):
        raise SpecError(f"unknown defaults '{defaults}'", fix="choose 'sem', 'growth' or 'none'")
    equal = _group_equal(group_equal)
    partial = (group_partial,) if isinstance(group_partial, str) else tuple(group_partial)
    coded = _effect_coding(effect_coding)
    if std_lv and "loadings" in coded:
        message = "std_lv and effect_coding both give latent variables their scale"
        raise SpecError(message, fix="keep one of the two")
    asked_for = equal | (frozenset() if effect_coding is True else coded)
    written = any(d.op == "~1" for d in drafts) or bool(asked_for & {"intercepts", "means"})
    asked = groups > 1 if meanstructure is None else meanstructure
    means = written or defaults == "growth" or asked
    return Options(groups, std_lv, orthogonal, fixed_x, means, defaults, equal, partial, coded)


def _effect_coding(given: EffectCoding) -> frozenset[str]:
    """Read the option; True is both, as far as there are intercepts."""
    if isinstance(given, bool):
        return frozenset(_CODED if given else ())
    names = (given,) if isinstance(given, str) else tuple(given)
    for name in names:
        if name not in _CODED:
            raise SpecError(
                f"effect_coding knows no {name!r}", fix="choose True, 'loadings', 'intercepts' or both"
            )
    return frozenset(names)


def _group_equal(names: Sequence[str] | str) -> frozenset[str]:
    given = (names,) if isinstance(names, str) else names
    equal = frozenset(n.replace("_", ".") for n in given)
    for name in sorted(equal):
        if name not in GROUP_EQUAL:
            near = nearest(name, GROUP_EQUAL)
            hint = f"did you mean '{near}'? " if near else ""
            fix = f"{hint}Choose from {', '.join(GROUP_EQUAL)}"
            raise SpecError(f"group_equal knows no '{name}'", fix=fix)
    return equal
