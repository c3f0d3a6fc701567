"""Panel models as model text: what feeds what over waves, with and without stable differences of people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations, pairwise

from satloyal.errors import SpecError
from satloyal.spec.syntax import Model, parse
from satloyal.spec.tokens import is_name, quote

__all__ = ["clpm"]

_FEWEST_WAVES, _FEWEST_WITH_INTERCEPTS = 2, 3

Wave = str | Sequence[str]


def clpm(
    variables: Mapping[str, Sequence[Wave]], *, random_intercepts: bool = False, equal_paths: bool = False
) -> Model:
    """Write a cross-lagged panel model, with or without random intercepts.

    Every variable depends on every variable of the wave before; those of one wave covary. With random
    intercepts what is stable in a person is taken out first, so that the paths are those within persons
    (Hamaker, Kuiper & Grasman 2015, *Psychol. Methods* 20:102-116); without, they mix both and show no
    cause (the same paper, p. 103).

    Parameters
    ----------
    variables : mapping of str to sequence
        For each variable its columns, first wave first; or, for a latent variable, a sequence of item columns
        a wave. Then loadings are equal over waves, and the residuals of the same item covary.
    random_intercepts : bool
        Needs three waves or more.
    equal_paths : bool
        Hold each path equal over waves, by its label.

    Returns
    -------
    Model
        ``str()`` of it is the model text. Paths have labels: ``a_to_b``, or ``a_to_b_2`` for the path into
        wave 2 where they may differ. With random intercepts ``RI_a`` is what is stable and ``W_a_2`` the
        rest of wave 2; latent variables are called ``a_2``.

    Raises
    ------
    SpecError
        Fewer than two waves (three with random intercepts), different numbers of waves, a column that comes
        twice, a name that is no name in a model text or that the model needs itself.

    Examples
    --------
    >>> print(clpm({"sat": ["s1", "s2"], "loy": ["l1", "l2"]}))
    s2 ~ sat_to_sat_2*s1 + loy_to_sat_2*l1
    l2 ~ sat_to_loy_2*s1 + loy_to_loy_2*l1
    s1 ~~ l1
    s2 ~~ l2
    """
    given = {name: list(waves) for name, waves in variables.items()}
    columns = _check(given, random_intercepts=random_intercepts)
    lines: list[str] = []
    nodes: dict[str, list[str]] = {}
    for name, waves in given.items():
        lines += _measured(name, waves)
        nodes[name] = [
            wave if isinstance(wave, str) else f"{name}_{t}" for t, wave in enumerate(waves, start=1)
        ]
    if random_intercepts:
        lines += _intercepts(nodes)
        nodes = {name: [f"W_{name}_{t}" for t in range(1, len(n) + 1)] for name, n in nodes.items()}
        taken = {*(f"RI_{name}" for name in nodes), *(w for n in nodes.values() for w in n)} & columns
        if taken:
            raise SpecError(f"the model needs the name '{min(taken)}', which a column has", fix="rename it")
        # what is stable is apart from where a person stands in the first wave
        lines += [f"RI_{a} ~~ {' + '.join(f'0*{n[0]}' for n in nodes.values())}" for a in nodes]
    lines += _lags(nodes, equal=equal_paths)
    lines += _within_waves(nodes)
    return parse("\n".join(lines))


def _check(given: Mapping[str, list[Wave]], *, random_intercepts: bool) -> set[str]:
    if not given:
        raise SpecError("there are no variables", fix="give {'satisfaction': ['s1', 's2'], …}")
    least = _FEWEST_WITH_INTERCEPTS if random_intercepts else _FEWEST_WAVES
    counts = {name: len(waves) for name, waves in given.items()}
    for name, count in counts.items():
        if not is_name(name):
            raise SpecError(f"'{name}' cannot name a variable of a model", fix="use letters, digits and _")
        if count < least:
            kind = " with random intercepts" if random_intercepts else ""
            raise SpecError(f"'{name}' has {count} waves, and the model{kind} needs {least} or more")
    if len(set(counts.values())) > 1:
        shown = ", ".join(f"{name} {count}" for name, count in counts.items())
        raise SpecError(f"the variables have different numbers of waves: {shown}")
    seen: set[str] = set()
    for name, waves in given.items():
        sizes = {1 if isinstance(wave, str) else len(wave) for wave in waves}
        if len({isinstance(wave, str) for wave in waves}) > 1 or len(sizes) > 1:
            raise SpecError(f"the waves of '{name}' have different numbers of items")
        if not isinstance(waves[0], str) and len(waves[0]) < 2:
            raise SpecError(f"'{name}' has one item a wave", fix="give the column itself, not a list")
        for column in (c for wave in waves for c in ([wave] if isinstance(wave, str) else wave)):
            if column in seen:
                raise SpecError(
                    f"the column '{column}' comes twice", fix="each column is one wave of one item"
                )
            seen.add(column)
    return seen


def _measured(name: str, waves: list[Wave]) -> Iterator[str]:
    """Items of a latent variable: loadings equal over waves, residuals of an item covary over waves."""
    if isinstance(waves[0], str):
        return
    sets = [list(wave) for wave in waves]
    for t, items in enumerate(sets, start=1):
        terms = [quote(items[0])] + [f"{name}_l{j}*{quote(i)}" for j, i in enumerate(items[1:], start=2)]
        yield f"{name}_{t} =~ {' + '.join(terms)}"
    for same in zip(*sets, strict=True):
        for i, first in enumerate(same[:-1]):
            yield f"{quote(first)} ~~ {' + '.join(map(quote, same[i + 1 :]))}"


def _intercepts(nodes: Mapping[str, list[str]]) -> Iterator[str]:
    for name, waves in nodes.items():
        yield f"RI_{name} =~ {' + '.join(f'1*{quote(node)}' for node in waves)}"
    for name, waves in nodes.items():
        for t, node in enumerate(waves, start=1):
            yield f"W_{name}_{t} =~ 1*{quote(node)}"
            yield f"{quote(node)} ~~ 0*{quote(node)}"
    for a, b in combinations(nodes, 2):
        yield f"RI_{a} ~~ RI_{b}"


def _lags(nodes: Mapping[str, list[str]], *, equal: bool) -> Iterator[str]:
    waves = list(zip(*nodes.values(), strict=True))
    for t, (before, now) in enumerate(pairwise(waves), start=2):
        suffix = "" if equal else f"_{t}"
        for effect, node in zip(nodes, now, strict=True):
            terms = [
                f"{cause}_to_{effect}{suffix}*{quote(old)}" for cause, old in zip(nodes, before, strict=True)
            ]
            yield f"{quote(node)} ~ {' + '.join(terms)}"


def _within_waves(nodes: Mapping[str, list[str]]) -> Iterator[str]:
    for wave in zip(*nodes.values(), strict=True):
        for a, b in combinations(wave, 2):
            yield f"{quote(a)} ~~ {quote(b)}"
