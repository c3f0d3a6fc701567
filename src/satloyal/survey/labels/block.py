"""Block: the answers of questions that share stem and options, read as numbers together.

``"Agree"`` is 4 of 5 or 6 of 7. A column alone cannot say; all answers to a block of questions can, or else
the codebook must.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from satloyal.survey.labels.cell import Cell, split_cell, without_letter
from satloyal.survey.labels.declared import Declared, Tiers, allowed_sets
from satloyal.survey.labels.fit import Fit, Labelled, fit_scale, sets_that_hold
from satloyal.survey.labels.labelset import LabelSet
from satloyal.survey.labels.normal import normalise
from satloyal.survey.labels.reasons import is_contested, reason_of
from satloyal.survey.labels.wording import decision, nothing_fits, question
from satloyal.survey.scale import Scale

__all__ = ["BlockMatch", "match"]

Status = Literal["matched", "ambiguous", "unknown", "numbers", "empty"]
SUGGESTED = 20
_ALIKE = 0.75
_MISSPELT = 0.85
_WORD = 4  # characters; in fewer one Chinese character makes another label


@dataclass(frozen=True, slots=True)
class BlockMatch:
    """What the answers of a block are as numbers.

    Parameters
    ----------
    status : {"matched", "ambiguous", "unknown", "numbers", "empty"}
        One scale; several that differ; none that holds the labels; no labels, only numbers; no answers.
    values : mapping of str to float
        Number by cell, as the cell stands in the file. Cells that hold a number have one whatever the status.
    reasons : mapping of str to str
        Reason by cell that is no answer (``"Don't know"``).
    unread : mapping of str to str or None
        Cells that are neither, with the known label most like each. It is a suggestion; nothing is repaired.
    scale : Scale, optional
        Range and names of the points, where they are known.
    direction : {1, -1, None}
        -1 where the numbers in the cells run against the meaning of their labels (1 = very satisfied).
    languages : tuple of str
        Languages of the labels.
    sets : tuple of str
        Names of the sets that were used, or that would fit.
    message : str
        What was decided and why, or what is in the way.
    fix : str
        What the codebook must say, where something is in the way.
    """

    status: Status
    values: Mapping[str, float] = field(default_factory=dict)
    reasons: Mapping[str, str] = field(default_factory=dict)
    unread: Mapping[str, str | None] = field(default_factory=dict)
    scale: Scale | None = None
    direction: Literal[1, -1] | None = None
    languages: tuple[str, ...] = ()
    sets: tuple[str, ...] = ()
    message: str = ""
    fix: str = ""

    @property
    def sure(self) -> bool:
        """Whether every cell is a number or a reason."""
        return self.status in ("matched", "numbers", "empty") and not self.unread

    def numbers(self, cells: Iterable[str | None]) -> NDArray[np.float64]:
        """Return the numbers of a column of cells; NaN where a cell has none.

        Examples
        --------
        >>> match([{"Agree", "Disagree"}], declared=[1, 5]).numbers(["Agree", "", "Disagree"]).tolist()
        [4.0, nan, 2.0]
        """
        get, nan = self.values.get, float("nan")
        return np.array([nan if c is None else get(c, nan) for c in cells], dtype=np.float64)


def match(
    columns: Iterable[Collection[str]], *, declared: Declared = None, extra: Sequence[LabelSet] = ()
) -> BlockMatch:
    """Read the answers of a block of questions as numbers.

    Parameters
    ----------
    columns : iterable of collections of str
        Different answers in each column of the block, as they stand in the file, without missing codes.
    declared : optional
        What a codebook says: the two ends of the scale; a :class:`~satloyal.survey.scale.Scale`, with or
        without labels; the labels from low to high; the name of a known scale (``"agreement5"``) or set
        (``"agreement5.en"``); a :class:`LabelSet`.
    extra : sequence of LabelSet
        Sets that a codebook adds to the known ones.

    Returns
    -------
    BlockMatch

    Raises
    ------
    SurveyError
        If ``declared`` is not a scale.

    Notes
    -----
    A scale fits if it names all known labels of the block, whole, a point by one name in each language. Not
    every point must have been chosen. Scales that give the same numbers are one. Where they differ, one of
    five points or more that were all chosen wins over one with two or more that nobody chose; all else is
    ambiguous. A number beside a label counts if it agrees with the label and with the other cells.

    Examples
    --------
    >>> block = match([{"Very satisfied", "满意"}, {"Dissatisfied", "一般", "非常不满意"}])
    >>> sorted(block.values.values()), block.languages
    ([1.0, 2.0, 3.0, 4.0, 5.0], ('en', 'zh-Hans'))
    >>> match([{"Agree", "Disagree"}]).status
    'ambiguous'
    >>> match([{"Extremely likely - 10", "7"}]).values["Extremely likely - 10"]
    10.0
    >>> match([{"Satisfied", "Very satsfied"}], declared="satisfaction5").unread
    {'Very satsfied': 'very satisfied'}
    """
    tiers = allowed_sets(declared, extra)
    answers = _Answers.of({text for column in columns for text in column}, tiers)
    if not answers.cells:
        return BlockMatch("empty", reasons=answers.reasons)
    for attempt in answers.attempts():
        for tier in tiers:
            fits = _fits(attempt, tier)
            if fits:
                chosen = _decided(fits, alone=bool(attempt.alone))
                strange = declared is None and _strange(attempt, chosen)
                return _told(attempt, (), (), strange) if strange else _told(attempt, fits, chosen)
    return _told(answers, (), ())


@dataclass(frozen=True, slots=True)
class _Answers:
    """The cells of a block, taken apart."""

    cells: Mapping[str, Cell]
    reasons: Mapping[str, str]
    known: frozenset[str]  # labels that some set holds
    left: frozenset[str] = frozenset()  # cells that an attempt leaves out

    @classmethod
    def of(cls, texts: set[str], tiers: Tiers) -> _Answers:
        known = frozenset(label for tier in tiers for one in tier for label in one.numbers)
        cells: dict[str, Cell] = {}
        reasons: dict[str, str] = {}
        for text in texts:
            plain = normalise(text)
            if not plain:
                continue
            cell = Cell(None, plain) if plain in known else split_cell(text)
            if cell.number is not None and not cell.firm and cell.label not in known:
                cell = Cell(None, plain)
            reason = None if cell.label is None or cell.label in known else reason_of(cell.label)
            if reason is None:
                cells[text] = cell
            else:
                reasons[text] = reason
        letters = without_letter({c.label for c in cells.values() if c.number is None and c.label})
        for text, cell in cells.items():
            rest = letters.get(cell.label or "")
            if rest is not None and cell.number is None:
                cells[text] = Cell(None, rest)
        return cls(cells, reasons, known)

    @property
    def alone(self) -> frozenset[str]:
        """Known labels without a number."""
        return frozenset(c.label for c in self.cells.values() if c.number is None and c.label in self.known)

    @property
    def pairs(self) -> frozenset[Labelled]:
        """Numbers with their known labels."""
        found = ((c.number, c.label) for c in self.cells.values() if c.number is not None)
        return frozenset((number, label) for number, label in found if label in self.known)

    @property
    def bare(self) -> frozenset[float]:
        """Numbers without a label that is known."""
        cells = self.cells.values()
        return frozenset(c.number for c in cells if c.number is not None and c.label not in self.known)

    @property
    def optional(self) -> frozenset[str]:
        """Labels that are points of some scales and no answer beside others."""
        return frozenset(label for label in self.alone if is_contested(label) or reason_of(label))

    def attempts(self) -> Iterator[_Answers]:
        """Yield the answers; without what may be no answer; without all that has no number beside it."""
        optional = self.optional
        yield self
        if optional:
            yield self._without(optional)
        if self.alone and any(cell.number is not None for cell in self.cells.values()):
            yield self._without(self.alone)

    def _without(self, labels: frozenset[str]) -> _Answers:
        out = {text: c.label for text, c in self.cells.items() if c.number is None and c.label in labels}
        reasons = {text: reason for text, label in out.items() if label and (reason := reason_of(label))}
        kept = {text: cell for text, cell in self.cells.items() if text not in out}
        return _Answers(kept, {**self.reasons, **reasons}, self.known, frozenset(out) - frozenset(reasons))


def _fits(answers: _Answers, sets: Sequence[LabelSet]) -> list[Fit]:
    """Return the ways to lay the block on a known scale; the fewer contradictions, the better."""
    alone, pairs, bare = answers.alone, answers.pairs, answers.bare
    labels = alone | {label for _, label in pairs}
    if not labels:
        return []
    held = sets_that_hold(labels, sets)
    if answers.optional and held and len(held[0]) > 1:
        # 'No opinion' beside another middle: only in answers of several languages is it a middle as well.
        fewer = sets_that_hold(labels - answers.optional, sets)
        held = held if fewer and len(fewer[0]) > 1 else []
    tried = (fit_scale(combination, alone, pairs, bare) for combination in held)
    fits = [fit for fit in tried if fit is not None]
    best = min((fit.strain for fit in fits), default=None)
    fits = [fit for fit in fits if fit.strain == best]
    inside = [fit for fit in fits if all(fit.low <= n <= fit.high for n in bare)]
    return inside or fits


def _decided(fits: Sequence[Fit], *, alone: bool) -> list[Fit]:
    """Return the fits that give the same numbers, if nothing else is possible; else none."""

    def outcome(fit: Fit) -> object:
        return (fit.direction, *((fit.low, fit.high, tuple(sorted(fit.numbers.items()))) if alone else ()))

    for first in fits:
        same = [fit for fit in fits if outcome(fit) == outcome(first)]
        if all(any(one.beats(fit) for one in same) for fit in fits if fit not in same):
            return same
    return []


def _strange(answers: _Answers, chosen: Sequence[Fit]) -> bool:
    """Return whether some cells may be points of a larger scale than the one that the other labels are on.

    What looks like a label of that scale, misspelt, or may be no answer at all, is not one of them.
    """
    if not chosen or not answers.alone:
        return False
    own = {label for one in chosen[0].sets for label in one.numbers}
    unknown = {c.label for c in answers.cells.values() if c.number is None and c.label} - answers.known
    return any(
        not is_contested(label) and not (_misspelt(label, own) and _suggested(label, answers.known) in own)
        for label in unknown
    )


def _misspelt(label: str, own: Collection[str]) -> bool:
    """Return whether a text is so like a label that it can hardly be another option."""
    if get_close_matches(label, own, n=1, cutoff=_MISSPELT):
        return True
    alike = (name for name in own if len(name) == len(label) >= _WORD)
    return any(sum(a != b for a, b in zip(name, label, strict=True)) == 1 for name in alike)


def _told(answers: _Answers, fits: Sequence[Fit], chosen: Sequence[Fit], strange: bool = False) -> BlockMatch:
    """Put together what is known about each cell, and say what was decided."""
    fit = chosen[0] if chosen else None
    wrong = frozenset().union(*(f.disagreeing for f in chosen or fits)) if fits else answers.pairs
    values: dict[str, float] = {}
    unread: dict[str, str | None] = {}
    own = _own_labels(answers)
    for text, cell in answers.cells.items():
        if cell.number is not None:
            pair = (cell.number, cell.label or "")
            if cell.label is None or pair in own or (pair in answers.pairs and pair not in wrong):
                values[text] = cell.number
            else:
                unread[text] = cell.label
        elif fit and (cell.label or "") in fit.numbers:
            values[text] = fit.numbers[cell.label or ""]
        elif cell.label not in answers.known or not (fits or strange):
            unread[text] = cell.label
    # Comparing with every label takes its time: beyond a handful of cells it is not slips that stand there.
    few = set(sorted(unread)[:SUGGESTED])
    unread = {text: _suggested(like, answers.known) if text in few else None for text, like in unread.items()}
    unread |= dict.fromkeys(answers.left)
    names = tuple(dict.fromkeys(one.name for f in (chosen or fits) for one in f.sets))
    told = BlockMatch("numbers", values, answers.reasons, unread, sets=names)
    if fit:
        inside = bool(answers.alone) or all(fit.low <= n <= fit.high for n in answers.bare)
        agreed = all(f.kind != "ordered" and (f.low, f.high) == (fit.low, fit.high) for f in chosen)
        scale = _scale(fit, answers) if inside and agreed else None
        message, fix = decision(chosen, fits, unread, scale)
        return replace(
            told,
            status="matched",
            scale=scale,
            direction=fit.direction,
            languages=tuple(dict.fromkeys(one.language for one in fit.sets if one.language)),
            message=message,
            fix=fix,
        )
    if len(fits) > 1:
        written = {cell.label: text for text, cell in sorted(answers.cells.items()) if cell.label}
        message, fix = question(fits, {label: written[label] for label in sorted(answers.alone)})
        return replace(told, status="ambiguous", message=message, fix=fix)
    if answers.alone or answers.pairs or not values:
        message, fix = nothing_fits(unread, answers.alone | {label for _, label in answers.pairs}, strange)
        return replace(told, status="unknown", message=message, fix=fix)
    message, fix = decision((), (), unread, None)
    return replace(told, message=message, fix=fix)


def _own_labels(answers: _Answers) -> set[Labelled]:
    """Return numbers with labels that no set holds but that are told apart: one number, one label."""
    pairs = {(c.number, c.label) for c in answers.cells.values() if c.number is not None and c.label}
    numbers, labels = Counter(n for n, _ in pairs), Counter(label for _, label in pairs)
    return {
        (n, label)
        for n, label in pairs
        if label not in answers.known and numbers[n] == 1 and labels[label] == 1
    }


def _suggested(label: str | None, known: frozenset[str]) -> str | None:
    if not label or label in known or is_contested(label):
        return None
    found = get_close_matches(label, sorted(known), n=1, cutoff=_ALIKE)
    return found[0] if found else None


def _scale(fit: Fit, answers: _Answers) -> Scale:
    """Return the range, with the usual names of its points; beside numbers, only of those that have one."""
    written = {normalise(name): name for one in fit.sets for name in one}
    if answers.alone and fit.kind == "exact":
        first = fit.sets[0].points.items()
        names = {point: names[0] for point, names in first}
    else:
        names = {round(n): written[label] for label, n in fit.numbers.items() if n.is_integer()}
    return Scale(fit.low, fit.high, names or None)
