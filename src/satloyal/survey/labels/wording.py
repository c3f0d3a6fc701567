"""Wording: what is said about a block of answers, and what is asked of the codebook."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from satloyal.survey.labels.fit import Fit
from satloyal.survey.labels.reasons import is_contested
from satloyal.survey.scale import Scale

__all__ = ["decision", "nothing_fits", "question"]

SHOWN = 5


def _listing(texts: Sequence[str]) -> str:
    rest = len(texts) - SHOWN
    return ", ".join(texts[:SHOWN]) + (f" and {rest} more" if rest > 0 else "")


def _cells(unread: Mapping[str, str | None]) -> str:
    return _listing(
        [repr(cell) + (f" (like {like!r})" if like else "") for cell, like in sorted(unread.items())]
    )


def _contested(unread: Collection[str]) -> tuple[str, str] | None:
    """Say what must be told about the first answer that is a point of some scales and none of others."""
    for cell in sorted(unread):
        if is_contested(cell):
            return (
                f"{cell!r} is the middle of some scales and a missing answer beside others",
                f'say in the codebook: missing = {{ "{cell}" = "dont_know" }}, or name it in `labels`',
            )
    return None


def decision(
    chosen: Sequence[Fit], fits: Sequence[Fit], unread: Mapping[str, str | None], scale: Scale | None
) -> tuple[str, str]:
    """Say which scale the answers lie on, why not on another, which cells do not, and what to do."""
    parts = []
    if chosen:
        first = chosen[0]
        run = "" if first.direction == 1 else ", with the numbers reversed: a high number means less"
        name = first.name if scale else f"numbers in the order of {first.name}"
        ends = f" from {scale.low:g} to {scale.high:g}" if scale else ""
        parts.append(f"read as {name}{ends}{run}")
        others = dict.fromkeys(f.name for f in fits if f not in chosen)
        if others:
            parts.append(
                f"all of its {first.points} points were chosen, several of {_listing(list(others))} were not"
            )
        if first.disagreeing:
            parts.append("numbers and labels disagree in some cells")
    if not unread:
        return "; ".join(parts), ""
    parts.append(f"not read: {_cells(unread)}")
    contested = _contested(unread)
    if contested:
        return "; ".join([*parts, contested[0]]), contested[1]
    return "; ".join(parts), "correct these cells, or declare those that are no answer as missing codes"


def question(fits: Sequence[Fit], alone: Mapping[str, str]) -> tuple[str, str]:
    """Say between which scales the answers do not decide, and what the codebook must say."""
    differing = sorted(
        (label for label in alone if len({fit.numbers[label] for fit in fits}) > 1),
        key=lambda label: (-len({fit.numbers[label] for fit in fits}), label),
    )
    ends = dict.fromkeys(f"{fit.low:g}–{fit.high:g}" for fit in fits)
    if differing:
        label = differing[0]
        places = dict.fromkeys(f"{fit.numbers[label]:g} on {fit.low:g}–{fit.high:g}" for fit in fits)
        message = f"{alone[label]!r} is " + " or ".join(places)
    elif len(ends) > 1:
        message = "the answers lie on a scale " + " or ".join(ends)
    else:
        message = "the numbers could run either way"
    names = list(dict.fromkeys(fit.name for fit in fits))
    message += f": the answers fit {_listing(names)}"
    ranges = [f"scale = [{fit.low:g}, {fit.high:g}]" for fit in fits]
    told = " or ".join(dict.fromkeys(ranges)) if len(ends) > 1 else 'the name of one of these, scale = "NAME"'
    return message, f'state it in the codebook: {told}, or all labels from low to high, labels = ["…", "…"]'


def nothing_fits(unread: Mapping[str, str | None], labels: Collection[str], strange: bool) -> tuple[str, str]:
    """Say that no known scale holds the answers, and what the codebook must say."""
    contested = _contested(unread)
    if contested:
        return contested
    if strange:
        message = "the other answers are on a known scale, but these may be points of a larger one"
    elif labels:
        shown = _listing([repr(label) for label in sorted(labels)])
        message = f"no known scale holds all of {shown}"
    else:
        message = "these answers are on no known scale"
    if unread:
        message += f"; not read: {_cells(unread)}"
    return (
        message,
        'correct the cells, or give the labels from low to high in the codebook, labels = ["…", "…"]; '
        "cells that are no answer are missing codes",
    )
