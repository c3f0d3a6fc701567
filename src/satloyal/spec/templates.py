"""Templates: named theories written out as model text for the constructs of a survey."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Protocol

from satloyal.errors import SpecError
from satloyal.spec.source import nearest
from satloyal.spec.syntax import Model, parse
from satloyal.spec.theories import THEORIES, Theory
from satloyal.spec.tokens import quote

__all__ = ["HasConstructs", "template"]


class HasConstructs(Protocol):
    """What knows the items of its constructs: a Survey or a Codebook."""

    @property
    def construct_items(self) -> Mapping[str, Sequence[str]]:
        """Item names by construct."""
        ...


def template(
    name: str,
    items: Mapping[str, Sequence[str]] | HasConstructs,
    *,
    names: Mapping[str, str | Sequence[str]] | None = None,
    without: str | Sequence[str] = (),
) -> Model:
    """Write out a named theory as a model for given constructs.

    Parameters
    ----------
    name : {"acsi", "ecsi", "trust", "conversion", "loop", "rater"}
        The satisfaction indices of Fornell et al. (1996) and of the ECSI Technical Committee (1998); loyalty
        through trust (and belonging, where there is such a construct); the conversion path from satisfaction
        through cognition and emotion to loyalty; satisfaction and loyalty feeding each other, with quality
        and barriers to leaving as instruments; the five dimensions of service quality.
    items : mapping of str to sequence of str, Survey or Codebook
        Items of each construct.
    names : mapping of str to str or sequence of str, optional
        From a role of the theory to the construct that fills it, where that has another name; several
        constructs make a second-order factor with the role's name.
    without : sequence of str
        Roles to leave out, with their arrows.

    Returns
    -------
    Model
        ``str()`` of it is the model text, to be read, changed and cited: its first lines name the theory and
        its source.

    Raises
    ------
    SpecError
        There is no such theory, or no construct for one of its roles; the message lists what is needed.

    Examples
    --------
    >>> items = {"Satisfaction": ["s1", "s2"], "Trust": ["t1", "t2"], "Loyalty": ["l1", "l2"]}
    >>> for line in str(template("trust", items)).splitlines()[2:]:
    ...     print(line)
    Satisfaction =~ s1 + s2
    Trust =~ t1 + t2
    Loyalty =~ l1 + l2
    Trust ~ satisfaction_to_trust*Satisfaction
    Loyalty ~ satisfaction_to_loyalty*Satisfaction + trust_to_loyalty*Trust
    via_trust := satisfaction_to_trust*trust_to_loyalty
    total := satisfaction_to_loyalty + satisfaction_to_trust*trust_to_loyalty
    """
    theory = _theory(name)
    known = _constructs(items)
    left_out = {without} if isinstance(without, str) else set(without)
    given = {role: (to,) if isinstance(to, str) else tuple(to) for role, to in (names or {}).items()}
    _check_roles(name, theory, (*given, *left_out))
    filled = _filled(name, theory, known, given, left_out)
    lines = (
        f"# {name.upper()}: {theory.title}",
        f"# {theory.source}",
        *([f"# without {', '.join(sorted(left_out))}"] if left_out else []),
        *_measurement(filled, known, given),
        *_structure(theory, filled),
    )
    return parse("\n".join(dict.fromkeys(lines)))


def _constructs(items: Mapping[str, Sequence[str]] | HasConstructs) -> dict[str, tuple[str, ...]]:
    found = items if isinstance(items, Mapping) else getattr(items, "construct_items", None)
    if not isinstance(found, Mapping):
        what = type(items).__name__
        fix = "give a Survey, a Codebook, or a mapping as {'Trust': ['TRU1', 'TRU2'], …}"
        raise SpecError(f"a template is written for constructs and their items, not for a {what}", fix=fix)
    return {name: (given,) if isinstance(given, str) else tuple(given) for name, given in found.items()}


def _theory(name: str) -> Theory:
    if name not in THEORIES:
        near = nearest(str(name), THEORIES)
        hint = f"did you mean '{near}'? " if near else ""
        raise SpecError(f"there is no template {name!r}", fix=f"{hint}Choose from {', '.join(THEORIES)}")
    return THEORIES[name]


def _check_roles(name: str, theory: Theory, said: Sequence[str]) -> None:
    for role in said:
        if role not in theory.roles:
            near = nearest(role, theory.roles)
            hint = f"did you mean '{near}'? " if near else ""
            fix = f"{hint}Its roles are {', '.join(theory.roles)}"
            raise SpecError(f"'{role}' is no role of the template '{name}'", fix=fix)


def _filled(
    name: str,
    theory: Theory,
    known: Mapping[str, tuple[str, ...]],
    given: Mapping[str, tuple[str, ...]],
    left_out: set[str],
) -> dict[str, str]:
    """Which name each role has in the model."""
    filled: dict[str, str] = {}
    missing: list[str] = []
    folded = {construct.casefold(): construct for construct in known}
    for role in theory.roles:
        wanted = given.get(role, (folded.get(role.casefold(), role),))
        lacking = [construct for construct in wanted if not known.get(construct)]
        if role in left_out or (lacking and role in theory.optional and role not in given):
            continue
        missing += [role if construct == role else construct for construct in lacking]
        filled[role] = wanted[0] if len(wanted) == 1 else role
    if missing:
        raise SpecError(
            f"the template '{name}' needs {', '.join(theory.roles)}; "
            f"there are no items of {', '.join(missing)}",
            fix=_what_fills(missing, known, theory),
        )
    taken = list(filled.values())
    twice = [construct for construct in taken if taken.count(construct) > 1]
    if twice:
        raise SpecError(f"'{twice[0]}' fills two roles of the template '{name}'", fix="correct names=")
    return filled


def _what_fills(missing: Sequence[str], known: Mapping[str, object], theory: Theory) -> str:
    role = missing[0]
    near = nearest(role, (construct for construct in known if construct not in theory.roles))
    have = f"the constructs with items are {', '.join(known)}" if known else "no construct has items"
    stands = repr(near) if near else "…"
    return f"{have}; say which of them stands for it, names={{{role!r}: {stands}}}, or without={role!r}"


def _measurement(
    filled: Mapping[str, str], known: Mapping[str, tuple[str, ...]], given: Mapping[str, tuple[str, ...]]
) -> Iterator[str]:
    for role, construct in filled.items():
        parts = given.get(role, (construct,))
        if len(parts) == 1:
            yield from _measured(construct, known)
        else:
            for part in parts:
                yield from _measured(part, known)
            yield f"{quote(construct)} =~ {' + '.join(map(quote, parts))}"


def _measured(construct: str, known: Mapping[str, tuple[str, ...]]) -> Iterator[str]:
    items = known[construct]
    if len(items) == 1:
        yield f"# {construct} has one item, taken to measure it without error"
    yield f"{quote(construct)} =~ {' + '.join(map(quote, items))}"


def _structure(theory: Theory, filled: Mapping[str, str]) -> Iterator[str]:
    """Write paths (with labels where effects are defined), residual covariances and effects."""
    labelled = {arrow for chains in (theory.effects or {}).values() for c in chains for arrow in pairwise(c)}
    for outcome, causes in theory.outcomes.items():
        terms = [
            (f"{_label(cause, outcome)}*" if (cause, outcome) in labelled else "") + quote(filled[cause])
            for cause in causes
            if cause in filled
        ]
        if outcome in filled and terms:
            yield f"{quote(filled[outcome])} ~ {' + '.join(terms)}"
    for a, b in theory.covary:
        if a in filled and b in filled:
            yield f"{quote(filled[a])} ~~ {quote(filled[b])}"
    for effect, chains in (theory.effects or {}).items():
        products = ["*".join(_label(a, b) for a, b in pairwise(c)) for c in chains if set(c) <= set(filled)]
        if products:
            yield f"{effect} := {' + '.join(products)}"


def _label(cause: str, outcome: str) -> str:
    return f"{cause.lower()}_to_{outcome.lower()}"
