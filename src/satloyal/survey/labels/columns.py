"""Columns: which questions of a survey make a block, and what their answers are as numbers."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from itertools import groupby

from satloyal.survey.labels.block import BlockMatch, match
from satloyal.survey.labels.declared import Declared
from satloyal.survey.labels.labelset import LabelSet

__all__ = ["match_columns"]


def match_columns(
    answers: Mapping[str, Collection[str]],
    *,
    stems: Mapping[str, str] | None = None,
    declared: Mapping[str, Declared] | None = None,
    extra: Sequence[LabelSet] = (),
) -> dict[str, BlockMatch]:
    """Read the answers of many columns, block by block.

    Parameters
    ----------
    answers : mapping of str to collection of str
        Different cells by column, in the order of the file, without missing codes.
    stems : mapping of str to str, optional
        The question that a column shares with others, where the file says so. Columns of one stem (and one
        declared scale) are one block.
    declared : mapping, optional
        What a codebook says about the scale of a column; see :func:`~satloyal.survey.labels.block.match`.
    extra : sequence of LabelSet
        Sets that a codebook adds to the known ones.

    Returns
    -------
    dict
        One :class:`BlockMatch` a column, in the same order.

    Notes
    -----
    Columns of one stem whose labels are on no one scale are taken one by one. A column that could be on
    several scales is read as its neighbours are, if all of them that could be on the same scales, and are
    decided, are on one; neighbours follow each other without a column of another kind between.

    Examples
    --------
    >>> five = ["Very dissatisfied", "Dissatisfied", "Neutral", "Satisfied", "Very satisfied"]
    >>> found = match_columns({"REL1": five[1:], "REL2": five, "q": ["Agree", "Disagree"]})
    >>> {name: block.status for name, block in found.items()}
    {'REL1': 'matched', 'REL2': 'matched', 'q': 'ambiguous'}
    """
    said = declared or {}
    found: dict[str, BlockMatch] = {}
    groups: dict[object, list[str]] = {}
    for name in answers:
        stem = (stems or {}).get(name)
        scale = said.get(name)
        groups.setdefault((stem, repr(scale)) if stem else (name,), []).append(name)
    for names in groups.values():
        together = match([answers[name] for name in names], declared=said.get(names[0]), extra=extra)
        for name in names:
            alone = len(names) == 1 or together.status not in ("unknown", "ambiguous")
            block = together if alone else match([answers[name]], declared=said.get(name), extra=extra)
            if together.status == "ambiguous":
                block = together
            found[name] = _part(block, answers[name])
    return _as_neighbours({name: found[name] for name in answers}, answers, said, extra)


def _part(block: BlockMatch, cells: Collection[str]) -> BlockMatch:
    """Return what a block says about the cells of one of its columns."""
    own = frozenset(cells)
    return replace(
        block,
        values={cell: number for cell, number in block.values.items() if cell in own},
        reasons={cell: reason for cell, reason in block.reasons.items() if cell in own},
        unread={cell: like for cell, like in block.unread.items() if cell in own},
    )


def _families(block: BlockMatch) -> set[str]:
    return {name.split(".", 1)[0] for name in block.sets}


def _as_neighbours(
    found: dict[str, BlockMatch],
    answers: Mapping[str, Collection[str]],
    declared: Mapping[str, Declared],
    extra: Sequence[LabelSet],
) -> dict[str, BlockMatch]:
    out = dict(found)
    filled = [(name, block) for name, block in found.items() if block.status != "empty"]
    for worded, run in groupby(filled, key=lambda pair: bool(pair[1].sets)):
        blocks = dict(run) if worded else {}
        for name, block in blocks.items():
            if block.status != "ambiguous" or declared.get(name) is not None:
                continue
            near = {
                other: _families(theirs)
                for other, theirs in blocks.items()
                if theirs.status == "matched" and theirs.direction == 1 and theirs.scale is not None
            }
            near = {other: families for other, families in near.items() if families & _families(block)}
            shared = set.intersection(*near.values()) & _families(block) if near else set()
            if len(shared) == 1 and all(families == shared for families in near.values()):
                again = match([answers[name]], declared=shared.pop(), extra=extra)
                if again.status == "matched":
                    told = (
                        f"{again.message}, as its neighbour {next(iter(near))!r}; alone it could be another"
                    )
                    out[name] = replace(again, message=told)
    return out
