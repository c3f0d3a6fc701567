"""Survey: what people answered, ready for analysis, with its codebook and its history."""

from __future__ import annotations

import html
import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from satloyal.errors import SurveyError, SurveyWarning
from satloyal.notes import Note
from satloyal.survey import clean, describe
from satloyal.survey.codebook import Codebook
from satloyal.survey.combine import stack
from satloyal.survey.describe import Method
from satloyal.survey.prepare import prepare
from satloyal.survey.raw import Finding, RawTable
from satloyal.survey.source import Source

__all__ = ["MissingCodes", "Survey", "as_codebook"]

MissingCodes = Mapping[Any, str] | Iterable[Any]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Survey:
    """What people answered.

    Made by :func:`satloyal.read_survey`, :func:`satloyal.load_sample` or :meth:`from_frame`.

    Parameters
    ----------
    frame : DataFrame
        Analysis table, one row a respondent. Items are numbers, reversed items already turned round; columns
        with personal data are not in it.
    codebook : Codebook
        What the columns mean.
    missing_reasons : DataFrame
        Same rows; for each column of answers why one is missing, ``None`` where it is not.
    notes : tuple of Note
        What was done to the data and why.
    source : Source
        Where they came from.
    kinds : mapping of str to str
        What the vendor's layout says that a column is (``"duration"``, ``"finished"``, ``"tick"``, …), where
        it does.

    Examples
    --------
    >>> book = Codebook.from_dict({"constructs": {"Trust": {"items": ["T1", "T2"], "scale": [1, 5]}}})
    >>> survey = Survey.from_frame(pd.DataFrame({"T1": [1, 5, None], "T2": [2, 5, 4]}), book)
    >>> len(survey), survey.construct_items
    (3, {'Trust': ('T1', 'T2')})
    >>> survey.scores()["Trust"].tolist()
    [1.5, 5.0, 4.0]
    """

    frame: pd.DataFrame
    codebook: Codebook
    missing_reasons: pd.DataFrame
    notes: tuple[Note, ...]
    source: Source
    kinds: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def from_frame(
        cls,
        frame: pd.DataFrame,
        codebook: Codebook | str | Path | None = None,
        *,
        missing_codes: MissingCodes | None = None,
        name: str = "DataFrame",
    ) -> Survey:
        """Make a survey of a table in memory, with the same cleaning as a file gets.

        Parameters
        ----------
        frame : DataFrame
            Of pandas or polars. Raw answers: reversed items as they were asked. (Do not pass
            ``survey.frame``, where they are turned round already.)
        codebook : Codebook or path, optional
            What the columns mean.
        missing_codes : mapping of code to reason, or list of codes, optional
            Codes that mean "no answer", beside those of the codebook.
        name : str
            What to call the table in messages and reports.

        Raises
        ------
        SurveyError
            As :func:`satloyal.read_survey`; also for duplicated column names.
        """
        frame = _as_pandas(frame)
        names = [str(column) for column in frame.columns]
        _, repeated = clean.unique_names(names)
        if repeated:
            raise SurveyError(
                f"duplicated column names: {clean.listing(map(repr, repeated))}",
                where=name,
                fix="give every column its own name",
            )
        findings: tuple[Finding, ...] = ()
        table = frame.set_axis(names, axis=1)
        if not table.index.is_unique:
            table = table.reset_index(drop=True)
            findings = (Finding(Note("index", "the row labels were not unique and are now 0, 1, …")),)
        rows = tuple(range(1, len(table) + 1))
        source = Source(name, "frame", "frame", rows=table.shape[0], columns=table.shape[1])
        raw = RawTable(table, rows, findings=findings)
        return cls.from_raw(raw, source, as_codebook(codebook, missing_codes))

    @classmethod
    def from_raw(cls, raw: RawTable, source: Source, codebook: Codebook | None = None) -> Survey:
        """Make a survey of what a reader found; what needs the user's eye is also warned about.

        Raises
        ------
        SurveyError
            If there are no responses, or as described at :func:`satloyal.read_survey`.
        """
        if raw.frame.empty:
            raise SurveyError(
                "the table has column names but no responses"
                if len(raw.frame.columns)
                else "there are no data",
                where=source.name,
                fix="export again, with responses included",
            )
        made = prepare(raw, codebook, where=source.name)
        for finding in made.findings:
            if finding.eye:
                warnings.warn(f"{source.name}: {finding.note}", SurveyWarning, stacklevel=3)
        notes = tuple(finding.note for finding in made.findings)
        return cls(made.frame, made.codebook, made.missing_reasons, notes, source, made.kinds)

    @property
    def n(self) -> int:
        """Number of respondents."""
        return len(self.frame)

    def __len__(self) -> int:
        return len(self.frame)

    @property
    def items(self) -> tuple[str, ...]:
        """Names of the columns with answers."""
        return tuple(self.codebook.items)

    @property
    def construct_items(self) -> dict[str, tuple[str, ...]]:
        """Item names by construct."""
        return self.codebook.construct_items

    @property
    def weights(self) -> pd.Series[Any] | None:
        """Sampling weights, or ``None`` where the codebook names no weight column."""
        return None if self.codebook.weight is None else self.frame[self.codebook.weight]

    @property
    def groups(self) -> tuple[str, ...]:
        """Names of the group columns."""
        return self.codebook.group

    def stack(self, blocks: Mapping[str, Mapping[str, str]] | str, column: str = "brand") -> Survey:
        """Turn blocks of columns into rows: one row a respondent and brand (or product, or branch).

        Parameters
        ----------
        blocks : mapping or str
            For each brand, the new names of its columns → their names; or a pattern of the items' names, as
            ``"{item}_{block}"`` for SAT1_Acme.
        column : str
            Column that says which block a row is from; a group from then on.

        Returns
        -------
        Survey
            Without rows in whose block nothing was answered. The respondent's column becomes the cluster,
            because one person's answers about several brands are not independent.

        Raises
        ------
        SurveyError
            If a column is not there or a name is taken, or the columns of one item have different scales.

        Examples
        --------
        >>> wide = Survey.from_frame(pd.DataFrame({"id": ["a", "b"], "SAT_A": [5, 4], "SAT_B": [2, None]}))
        >>> long = wide.stack("{item}_{block}")
        >>> long.frame[["id", "brand", "SAT"]].values.tolist()
        [['a', 'A', 5.0], ['b', 'A', 4.0], ['a', 'B', 2.0]]
        """
        return stack(self, blocks, column)

    def describe(self) -> pd.DataFrame:
        """Describe each item.

        Weighted by the sampling weights where the codebook names them; the column ``weighted_by`` says so.

        Returns
        -------
        DataFrame
            One row an item (in each of its constructs): ``construct, text, n, missing``, one
            ``missing_<reason>`` a reason, ``mean, sd, floor, ceiling`` (shares of answers at the ends of the
            scale, after turning round; NaN where the scale is not known), ``skew``, ``item_total``
            (correlation with the sum of the construct's other items), ``reversed, weighted_by``. Counts are
            never weighted.

        Examples
        --------
        >>> table = Survey.from_frame(pd.DataFrame({"SAT": [1, 2, 3, None]})).describe()
        >>> table.loc["SAT", "n"].item(), table.loc["SAT", "mean"].item()
        (3, 2.0)
        """
        return describe.describe(self)

    def scores(self, method: Method = "mean", min_share: float = 0.5) -> pd.DataFrame:
        """Score each construct from its items.

        Parameters
        ----------
        method : {"mean", "sum", "percent"}
            Mean of the answered items; that mean times the number of items; or the mean after putting each
            item on 0 to 100 percent of its scale.
        min_share : float
            Smallest share of a construct's items that must be answered; below it the score is NaN.

        Returns
        -------
        DataFrame
            Index as :attr:`frame`, one column a construct, nothing else.

        Raises
        ------
        SurveyError
            If there are no constructs, or items of one construct have different scales (``"percent"`` allows
            that).

        Examples
        --------
        >>> book = Codebook.from_dict({"constructs": {"Trust": {"items": ["T1", "T2"], "scale": [1, 5]}}})
        >>> survey = Survey.from_frame(pd.DataFrame({"T1": [1, 5], "T2": [2, 4]}), book)
        >>> survey.scores("percent")["Trust"].tolist()
        [12.5, 87.5]
        """
        return describe.scores(self, method, min_share)

    def _counts(self) -> tuple[int, int]:
        cells = self.frame[list(self.items)]
        return int(cells.isna().to_numpy().sum()), int(cells.size)

    def _facts(self) -> list[tuple[str, str]]:
        """Return what a glance at the survey should tell, as (name, text) pairs."""
        book = self.codebook
        missing, cells = self._counts()
        facts = [("source", str(self.source))]
        facts += [(role, column) for role, column in book.roles]
        facts.append(("missing", f"{missing} of {cells} answers"))
        reasons = clean.count_by_reason(
            self.missing_reasons[[n for n in self.items if n in self.missing_reasons]]
        )
        if reasons:
            facts[-1] = ("missing", f"{facts[-1][1]} ({', '.join(f'{r} {c}' for r, c in reasons.items())})")
        return facts

    def _headline(self) -> str:
        constructs = len(self.codebook.constructs)
        title = f"{self.codebook.title}: " if self.codebook.title else ""
        within = f" in {constructs} construct{'s' if constructs != 1 else ''}" if constructs else ""
        items = len(self.items)
        return f"{title}{self.n} respondents, {items} item{'s' if items != 1 else ''}{within}"

    def __repr__(self) -> str:
        lines = [f"Survey: {self._headline()}"]
        lines += [f"  {name}: {text}" for name, text in self._facts()]
        lines += [f"  {c.name}: {', '.join(c.items)}" for c in self.codebook.constructs]
        lines += [f"  - {note}" for note in self.notes]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        """Return the survey for a notebook; everything from the file is escaped."""
        facts = "".join(_row(html.escape(name), html.escape(text)) for name, text in self._facts())
        constructs = "".join(
            _row(html.escape(c.title), html.escape(", ".join(c.items))) for c in self.codebook.constructs
        )
        notes = "".join(f"<li>{html.escape(str(note))}</li>" for note in self.notes)
        return (
            f"<div><p><strong>Survey</strong> {html.escape(self._headline())}</p>"
            f"<table>{facts}{constructs}</table>" + (f"<ul>{notes}</ul>" if notes else "") + "</div>"
        )


def _as_pandas(frame: Any) -> pd.DataFrame:
    """Return a pandas table; other tables (polars, pyarrow) are asked for one."""
    if isinstance(frame, pd.DataFrame):
        return frame
    for convert in ("to_pandas", "to_dict"):
        try:
            made = getattr(frame, convert)() if convert == "to_pandas" else frame.to_dict(as_series=False)
        except (AttributeError, TypeError, ImportError):  # polars without pyarrow still gives a dict
            continue
        if isinstance(made, pd.DataFrame | dict):
            return pd.DataFrame(made)
    raise SurveyError(f"a survey is made of a pandas or polars DataFrame, not of {type(frame).__name__}")


def _row(head: str, cell: str) -> str:
    return f'<tr><th style="text-align:left">{head}</th><td style="text-align:left">{cell}</td></tr>'


def as_codebook(
    codebook: Codebook | str | Path | None, missing_codes: MissingCodes | None = None
) -> Codebook | None:
    """Return a codebook from whatever the user gave for it, with extra missing codes added.

    Raises
    ------
    SurveyError
        If it is neither a codebook nor the path of one.

    Examples
    --------
    >>> as_codebook(None, [99]).missing
    {99.0: 'missing'}
    """
    if codebook is not None and not isinstance(codebook, Codebook):
        if not isinstance(codebook, str | Path):
            raise SurveyError(
                f"a codebook is a Codebook or the path of a TOML file, not {type(codebook).__name__}"
            )
        codebook = Codebook.from_toml(codebook)
    if missing_codes is None:
        return codebook
    if isinstance(missing_codes, str | int | float):
        missing_codes = [missing_codes]
    if not isinstance(missing_codes, Mapping):
        missing_codes = dict.fromkeys(missing_codes, "missing")
    return (codebook or Codebook()).with_missing(missing_codes)
