"""Paths: models written from Python in place of text; what they make is the same model text."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import combinations, count, pairwise

from satloyal.errors import SpecError
from satloyal.spec.syntax import Model, parse
from satloyal.spec.tokens import is_name, quote

__all__ = ["chain"]

_MAX_LENGTH = 8


def chain(*variables: str, items: Mapping[str, Sequence[str]] | None = None, direct: bool = True) -> Model:
    """Write a chain of causes, first to last, with labelled paths and defined effects (serial mediation).

    For the chain x, m, y the paths are ``m ~ a`` and ``y ~ b, c`` with the indirect effect a·b and, with
    `direct`, the total effect c + a·b (MacKinnon 2008, Introduction to Statistical Mediation Analysis, ch. 3
    and 6).

    Parameters
    ----------
    *variables : str
        Two to eight variables, cause first; observed, or latent where `items` names their indicators.
    items : mapping of str to sequence of str, optional
        Indicators of the latent variables among them.
    direct : bool
        Whether each variable depends on all before it, or only on the one just before.

    Returns
    -------
    Model
        ``str()`` of it is the model text. The path from m to y has the label ``m_to_y``. Of the effects of
        the first on the last variable each specific indirect one is defined as ``via_m`` (``via_m1_m2`` …)
        and, with `direct`, their sum as ``indirect_total`` and all together as ``total``. A character that
        cannot stand in a label becomes ``_``; a name that is taken gets a number.

    Raises
    ------
    SpecError
        For fewer than two or more than eight variables, one that comes twice, or items of none of them.

    Examples
    --------
    >>> print(chain("Satisfaction", "Trust", "Loyalty"))
    Trust ~ Satisfaction_to_Trust*Satisfaction
    Loyalty ~ Satisfaction_to_Loyalty*Satisfaction + Trust_to_Loyalty*Trust
    via_Trust := Satisfaction_to_Trust*Trust_to_Loyalty
    indirect_total := via_Trust
    total := Satisfaction_to_Loyalty+indirect_total
    """
    measured = dict(items or {})
    _check(variables, measured)
    arrows = tuple(combinations(variables, 2)) if direct else tuple(pairwise(variables))
    short = _short_names(variables)
    labels: dict[tuple[str, str], str] = {}
    for a, b in arrows:
        labels[a, b] = _fresh(f"{short[a]}_to_{short[b]}", labels.values())
    lines = [f"{quote(f)} =~ {' + '.join(map(quote, names))}" for f, names in measured.items()]
    for effect in variables[1:]:
        terms = [f"{labels[a, b]}*{quote(a)}" for a, b in arrows if b == effect]
        lines.append(f"{quote(effect)} ~ {' + '.join(terms)}")
    return parse("\n".join((*lines, *_effects(variables, labels, short, direct=direct))))


def _check(variables: tuple[str, ...], measured: Mapping[str, Sequence[str]]) -> None:
    if not 2 <= len(variables) <= _MAX_LENGTH:
        raise SpecError(f"a chain has two to {_MAX_LENGTH} variables, not {len(variables)}")
    for name in (*variables, *(item for names in measured.values() for item in names)):
        if not isinstance(name, str) or not name.strip() or "`" in name or "\n" in name:
            raise SpecError(
                f"{name!r} cannot name a variable", fix="use a text without line ends and backticks"
            )
    if len(set(variables)) < len(variables):
        raise SpecError("a variable comes twice in the chain", fix="name each variable once")
    for name, names in measured.items():
        if name not in variables:
            raise SpecError(f"items are given for '{name}', which is not in the chain")
        if not names or isinstance(names, str):
            raise SpecError(f"the items of '{name}' are not a list of names", fix="write ('q1', 'q2', …)")


def _short_names(variables: tuple[str, ...]) -> dict[str, str]:
    """Make a name for each variable that can stand in a label, each a different one."""
    short: dict[str, str] = {}
    for name in variables:
        plain = name if is_name(name) else "".join(c if is_name(f"v{c}") else "_" for c in name).strip("_")
        plain = plain if is_name(plain) else f"v{plain}"
        short[name] = _fresh(plain, short.values())
    return short


def _fresh(name: str, taken: Collection[str]) -> str:
    """Return the name, with a number behind it if it is taken."""
    numbered = (f"{name}_{i}" for i in count(2))
    return name if name not in taken else next(n for n in numbered if n not in taken)


def _effects(
    variables: tuple[str, ...],
    labels: Mapping[tuple[str, str], str],
    short: Mapping[str, str],
    *,
    direct: bool,
) -> Iterator[str]:
    """Definitions of the specific indirect effects of the first on the last variable, and of their sums."""
    cause, *between, effect = variables
    sizes = range(1, len(between) + 1) if direct else range(len(between), len(between) + 1)
    via: list[str] = []
    for chosen in (c for size in sizes for c in combinations(between, size) if c):
        name = _fresh("_".join(("via", *(short[m] for m in chosen))), [*labels.values(), *via])
        yield f"{name} := {'*'.join(labels[arrow] for arrow in pairwise((cause, *chosen, effect)))}"
        via.append(name)
    if direct and via:
        yield f"indirect_total := {'+'.join(via)}"
        yield f"total := {labels[cause, effect]}+indirect_total"
