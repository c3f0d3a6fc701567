"""Survey: what people answered, ready for analysis, with its codebook and its history."""

from __future__ import annotations

import html
import warnings
from collections.abc import Iterable, Mapping, Sequence
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
from satloyal.survey.keep import Who, keep
from satloyal.survey.prepare import prepare
from satloyal.survey.raw import Finding, RawTable
from satloyal.survey.screen.attention import Required
from satloyal.survey.screen.screening import Screening, screen
from satloyal.survey.source import Source
from satloyal.survey.weighting.margins import Missing
from satloyal.survey.weighting.weighting import Trim, Weighting, post_stratify, rake

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
    left : DataFrame
        Who was left out by :meth:`keep`: ``id`` (where the codebook names one) and ``why``.
    weighting : Weighting, optional
        How the weights were made, by :meth:`rake` or :meth:`post_stratify`.

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
    left: pd.DataFrame = field(default_factory=lambda: pd.DataFrame({"id": [], "why": []}, dtype=object))
    weighting: Weighting | None = None

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

    def screen(
        self,
        *,
        items: Sequence[str] | None = None,
        blocks: Mapping[str, Sequence[str]] | None = None,
        seconds: str | None = None,
        checks: Mapping[str, Required] | None = None,
        cutoffs: Mapping[str, float | None] | None = None,
        pairs: float = 0.6,
    ) -> Screening:
        """Screen for careless responding. Nobody is left out; :meth:`keep` does that when asked to.

        Answers are screened as they were given, with reversed items turned back: a straight line is one
        through "agree" and "disagree" alike.

        Parameters
        ----------
        items : sequence of str, optional
            Which items, all by default; their order is that of the columns of :attr:`frame`.
        blocks : mapping of str to sequence of str, optional
            Items that stood together, for straight-lining by block; by default four neighbours or more of
            one question (where the file tells) and one scale.
        seconds : str, optional
            Column with the length of the interview; by default what the vendor's layout or a usual name says.
        checks : mapping of column to answer, optional
            Attention checks and bogus items with the answer, or list of answers, that is right; beside those
            of the codebook's ``[attention]``.
        cutoffs : mapping of str to float, optional
            Limits of your own by index, as ``{"seconds_per_item": 1}``; ``None`` switches one off.
        pairs : float
            Least correlation of psychometric synonyms (and, negative, antonyms).

        Returns
        -------
        Screening
            With the indices (``table``), who is flagged by which (``flags``), the limits with their sources.

        Raises
        ------
        SurveyError
            If there are no items, or an item, column or index is not known.

        Notes
        -----
        P. G. Curran (2016), Methods for the detection of carelessly invalid responses in survey data, Journal
        of Experimental Social Psychology 66, 4–19; A. W. Meade and S. B. Craig (2012), Identifying careless
        responses in survey data, Psychological Methods 17, 437–455.

        Examples
        --------
        >>> answers = pd.DataFrame([[3] * 12, [1, 4, 2, 5, 3, 1, 4, 2, 2, 5, 4, 3]])
        >>> survey = Survey.from_frame(answers.assign(duration=[14, 95]))
        >>> survey.screen().reasons().tolist()
        ['longstring_share, straight_share, irv, seconds_per_item', '']
        """
        return screen(
            self, items=items, blocks=blocks, seconds=seconds, checks=checks, cutoffs=cutoffs, pairs=pairs
        )

    def keep(
        self,
        who: Who,
        *,
        at_least: int = 2,
        flags: str | Sequence[str] | None = None,
        reason: str | None = None,
    ) -> Survey:
        """Leave respondents out, with a record of who and why.

        Parameters
        ----------
        who : Screening or sequence of bool
            A screening of this survey: who has ``at_least`` kinds of evidence against them leaves. Or True
            for each row that stays.
        at_least : int
            Kinds of evidence that make somebody leave.
        flags : str or sequence of str, optional
            Which flags count; all by default.
        reason : str, optional
            Why, for the record and the notes.

        Returns
        -------
        Survey
            With :attr:`left` and a note of the counts by reason.

        Raises
        ------
        SurveyError
            If the rows do not match this survey, or nobody would be left.

        Examples
        --------
        >>> survey = Survey.from_frame(pd.DataFrame({"SAT": [1, 5, 4], "region": ["N", "S", "N"]}))
        >>> north = survey.keep(survey.frame["region"] == "N", reason="only the north is of interest")
        >>> north.n, north.left["why"].tolist()
        (2, ['only the north is of interest'])
        """
        return keep(self, who, at_least=at_least, flags=flags, reason=reason)

    def rake(
        self,
        margins: Mapping[Any, Any] | pd.DataFrame,
        *,
        trim: Trim | None = None,
        missing: Missing = "error",
        column: str = "raked_weight",
    ) -> Survey:
        """Weight to several population margins at once (raking, RIM weighting).

        Parameters
        ----------
        margins : mapping or DataFrame
            ``{"region": {"North": 0.4, "South": 0.6}, …}``: shares, percents or counts of the population;
            a tuple of columns has tuples of categories. Or a frame with the columns ``variable``,
            ``category`` and ``share``.
        trim : float or (float, float), optional
            Largest, or smallest and largest, weight as a multiple of the mean. The others go on being raked.
        missing : {"error", "category"}
            Whether respondents without an answer to a margin are an error, or keep their own share of the
            sample.
        column : str
            Name of the column of weights.

        Returns
        -------
        Survey
            With the weights (mean 1) as its :attr:`weights`, and :attr:`weighting`. Weights that the survey
            had are the base weights, and their column stays.

        Raises
        ------
        SurveyError
            If a column or category is not there or nobody stands for it, if shares do not add up, or if no
            weights meet all margins. (Where trimming stands in the way of a margin, that is warned about.)

        Notes
        -----
        W. E. Deming and F. F. Stephan (1940), Annals of Mathematical Statistics 11, 427–444; design effect
        after L. Kish (1965), Survey Sampling, section 11.7. Standard errors of later fits take the weights as
        given: they know neither that raking lowers nor that it may raise the variance.

        Examples
        --------
        >>> frame = pd.DataFrame({"SAT": [1, 5, 4, 4], "region": ["N", "N", "N", "S"]})
        >>> survey = Survey.from_frame(frame).rake({"region": {"N": 50, "S": 50}})
        >>> survey.weights.round(3).tolist(), round(survey.weighting.effective_n, 6)
        ([0.667, 0.667, 0.667, 2.0], 3.0)
        """
        return rake(self, margins, trim=trim, missing=missing, column=column)

    def post_stratify(
        self,
        targets: pd.DataFrame | pd.Series[Any] | Mapping[Any, Any],
        *,
        by: str | Sequence[str] | None = None,
        trim: Trim | None = None,
        missing: Missing = "error",
        column: str = "post_stratified_weight",
    ) -> Survey:
        """Weight to the population's cells, as region by age group.

        Parameters
        ----------
        targets : DataFrame, Series or mapping
            A frame with the columns of the cells and ``share``; a series with them in its index; or tuples of
            categories → shares, with ``by``. Shares, percents or counts.
        by : str or sequence of str, optional
            Columns that make the cells, where the targets do not say.
        trim, missing, column
            As in :meth:`rake`.

        Returns
        -------
        Survey
            As :meth:`rake` gives it.

        Raises
        ------
        SurveyError
            As :meth:`rake` does.

        Examples
        --------
        >>> frame = pd.DataFrame({"SAT": [1, 5, 4, 4], "sex": list("ffmm"), "age": ["18-49", "50+"] * 2})
        >>> cells = {("f", "18-49"): 30, ("f", "50+"): 20, ("m", "18-49"): 30, ("m", "50+"): 20}
        >>> Survey.from_frame(frame).post_stratify(cells, by=("sex", "age")).weights.round(6).tolist()
        [1.2, 0.8, 1.2, 0.8]
        """
        return post_stratify(self, targets, by=by, trim=trim, missing=missing, column=column)

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
