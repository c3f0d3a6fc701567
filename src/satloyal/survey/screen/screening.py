"""Screening: what the indices of careless responding say about each respondent, as one result."""

from __future__ import annotations

import html
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from satloyal.errors import SurveyError
from satloyal.notes import Note
from satloyal.survey.nearest import did_you_mean
from satloyal.survey.screen.asked import asked
from satloyal.survey.screen.attention import Required
from satloyal.survey.screen.cutoffs import Cutoff, resolve
from satloyal.survey.screen.indices import compute
from satloyal.survey.screen.seconds import duration_column

if TYPE_CHECKING:
    from satloyal.survey.survey import Survey

__all__ = ["Screening", "screen"]

SHOWN = 10


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Screening:
    """Indices of careless responding, one row a respondent. Nobody is left out by it.

    Made by :meth:`satloyal.Survey.screen`; handed to :meth:`satloyal.Survey.keep`.

    Parameters
    ----------
    table : DataFrame, shape (n, …)
        Index as the survey's frame. Columns: ``answered`` (count), ``missing_share`` (of the questions that
        were asked), ``longstring`` and ``average_longstring`` (answers in a row), ``longstring_share`` (of
        the answers given), ``straight_share`` (of the blocks), ``repetition`` (0 to 1), ``irv`` (units of the
        scale, or its share where scales differ), ``even_odd``, ``synonyms``, ``antonyms`` (correlations, with
        the number of scales and pairs behind them), ``mahalanobis`` (squared) and ``mahalanobis_p``,
        ``seconds`` and ``seconds_per_item``, ``same_id`` and ``same_answers`` (1 for the first of its kind,
        2 for the second, …), ``failed_checks`` and ``answered_checks`` (counts). What the survey does not
        allow has no column or is NaN, and ``notes`` say why.
    flags : DataFrame of bool, shape (n, …)
        One column a cut-off that flagged somebody or could have.
    cutoffs : tuple of Cutoff
        The limits with their sources.
    notes : tuple of Note
        What the indices rest on, and which could not be computed.

    Examples
    --------
    >>> import satloyal as sl
    >>> screening = sl.load_sample("simulated_retail").screen()
    >>> screening.table.loc[0, ["answered", "longstring"]].tolist()
    [27.0, 2.0]
    """

    table: pd.DataFrame
    flags: pd.DataFrame
    cutoffs: tuple[Cutoff, ...]
    notes: tuple[Note, ...]

    @property
    def count(self) -> pd.Series[Any]:
        """Number of kinds of evidence against each respondent; indices of one kind count once."""
        return self._kinds(self._named(None)).sum(axis=1).rename("count")

    def _kinds(self, named: Sequence[str]) -> pd.DataFrame:
        kinds: dict[str, list[str]] = {}
        for cutoff in self.cutoffs:
            if cutoff.index in named:
                kinds.setdefault(cutoff.evidence, []).append(cutoff.index)
        found = {kind: self.flags[names].any(axis=1) for kind, names in kinds.items()}
        return pd.DataFrame(found, index=self.flags.index, dtype=bool)

    def suspects(self, *, at_least: int = 2, flags: str | Sequence[str] | None = None) -> pd.Series[Any]:
        """Return against whom there is so much evidence, as True and False.

        Parameters
        ----------
        at_least : int
            Kinds of evidence. One alone convicts nobody, as each index flags careful people too; several
            indices of one kind (a long string, a straight line, no spread) say the same and count once.
        flags : str or sequence of str, optional
            Which flags count; all by default.

        Raises
        ------
        SurveyError
            If there is no such flag, or the number is below 1.
        """
        if at_least < 1:
            raise SurveyError(
                f"at_least is {at_least!r}", fix="give the number of kinds of evidence, 1 or more"
            )
        return self._kinds(self._named(flags)).sum(axis=1) >= at_least

    def _named(self, flags: str | Sequence[str] | None) -> tuple[str, ...]:
        known = tuple(map(str, self.flags.columns))
        if flags is None:
            return known
        for name in [flags] if isinstance(flags, str) else flags:
            if name not in known:
                raise SurveyError(
                    f"there is no flag {name!r}{did_you_mean(name, known)}",
                    fix=f"the flags of this screening are {', '.join(known)}",
                )
        return (flags,) if isinstance(flags, str) else tuple(flags)

    def reasons(self, flags: str | Sequence[str] | None = None) -> pd.Series[Any]:
        """Return the names of each respondent's flags as text, empty where there are none."""
        named = self._named(flags)
        marks = self.flags[list(named)].to_numpy()
        said = [", ".join(n for n, hit in zip(named, row, strict=True) if hit) for row in marks]
        return pd.Series(said, index=self.flags.index, dtype=object, name="why")

    def tidy(self) -> pd.DataFrame:
        """Return one row an index: its cut-off, how many it flags, its distribution and its source.

        Returns
        -------
        DataFrame
            ``index, evidence, rule, judged, flagged, share, min, median, max, source``; ``judged`` counts
            those for whom the index is defined, ``share`` is of them.
        """
        rows = []
        for cutoff in self.cutoffs:
            values = self.table.get(cutoff.index, pd.Series(dtype=float)).dropna()
            flagged = int(self.flags[cutoff.index].sum()) if cutoff.index in self.flags else None
            rows.append(
                {
                    "index": cutoff.index,
                    "evidence": cutoff.evidence,
                    "rule": str(cutoff),
                    "judged": len(values),
                    "flagged": float("nan") if flagged is None else flagged,
                    "share": flagged / len(values) if flagged is not None and len(values) else float("nan"),
                    "min": values.min(),
                    "median": values.median(),
                    "max": values.max(),
                    "source": cutoff.source,
                }
            )
        return pd.DataFrame(rows)

    def summary(self) -> str:
        """Return what was found, as text."""
        lines = [f"Screening: {self._headline()}"]
        for cutoff in self.cutoffs:
            if cutoff.index in self.flags:
                lines.append(f"  {int(self.flags[cutoff.index].sum()):>5}  {cutoff}  [{cutoff.source}]")
        lines += [f"  - {note}" for note in self.notes]
        return "\n".join(lines)

    def _headline(self) -> str:
        one, two = (int((self.count >= k).sum()) for k in (1, 2))
        n = len(self.table)
        return f"{one} of {n} respondents have a flag, {two} of two kinds or more; nobody is left out"

    def __repr__(self) -> str:
        return self.summary()

    def _repr_html_(self) -> str:
        """Return the screening for a notebook: the cut-offs, then those with most flags."""
        head = f"<p><strong>Screening</strong> {html.escape(self._headline())}</p>"
        rules = self.tidy().loc[lambda t: t["flagged"].notna(), ["rule", "judged", "flagged", "source"]]
        rules = rules.astype({"flagged": int})
        worst = self.count[self.count > 0].sort_values(ascending=False, kind="stable").head(SHOWN)
        people = pd.DataFrame({"kinds": worst, "why": self.reasons().loc[worst.index]})
        notes = "".join(f"<li>{html.escape(str(note))}</li>" for note in self.notes)
        shown = people.to_html(escape=True) if len(people) else ""
        return f"<div>{head}{rules.to_html(escape=True, index=False)}{shown}<ul>{notes}</ul></div>"


def screen(
    survey: Survey,
    *,
    items: Sequence[str] | None = None,
    blocks: Mapping[str, Sequence[str]] | None = None,
    seconds: str | None = None,
    checks: Mapping[str, Required] | None = None,
    cutoffs: Mapping[str, float | None] | None = None,
    pairs: float = 0.6,
) -> Screening:
    """Screen a survey; see :meth:`satloyal.Survey.screen`."""
    if not 0 < pairs <= 1:
        raise SurveyError(f"pairs is {pairs!r}", fix="give the least correlation of synonyms, as 0.6")
    limits = resolve(cutoffs)
    checks = {**survey.codebook.attention, **(checks or {})}
    column = seconds if seconds is not None else duration_column(survey.frame.columns, survey.kinds)
    out = frozenset(name for name in (column, *checks) if name is not None)
    answers = asked(survey, items, blocks, out)
    table, notes = compute(survey, answers, seconds=column, checks=checks, pairs=pairs)
    judging, idle = _judging(limits, table)
    flags = pd.DataFrame({c.index: c.flags(table) for c in judging}, index=table.index)
    return Screening(table, flags, limits, (*notes, *idle))


def _judging(cutoffs: Iterable[Cutoff], table: pd.DataFrame) -> tuple[list[Cutoff], list[Note]]:
    """Return the cut-offs that can judge somebody here, and why others do not."""
    judging, notes = [], []
    for cutoff in cutoffs:
        if cutoff.value is None or cutoff.index not in table or not table[cutoff.index].notna().any():
            continue
        why = _idle(cutoff, table)
        if why is None:
            judging.append(cutoff)
        else:
            message = f"{cutoff.index} is reported but judges nobody: {why}; a cut-off of your own would"
            notes.append(Note("cut-offs", message))
    return judging, notes


def _idle(cutoff: Cutoff, table: pd.DataFrame) -> str | None:
    """Return why a cut-off judges nobody, if it does not: it rests on too little, or flags too many."""
    if cutoff.needs is not None:
        name, least = cutoff.needs
        largest = float(table[name].max())
        if not largest >= least:
            return f"it needs {name} ≥ {least:g}, at most {largest:g} here"
    share = float(cutoff.flags(table).sum() / table[cutoff.index].notna().sum())
    if share > cutoff.most:
        rule = str(cutoff).partition(" and ")[0]
        return f"{rule} holds for {share:.0%}, so it is the questions, not the people"
    return None
