"""Codebook: which column is what, and how its answers are to be read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from satloyal.errors import SurveyError
from satloyal.positions import Positions
from satloyal.survey import codebook_file, codebook_text
from satloyal.survey.construct import Code, Construct, Item, as_code
from satloyal.survey.draft import draft
from satloyal.survey.labels.labelset import LabelSet
from satloyal.survey.nearest import did_you_mean
from satloyal.survey.place import Place

if TYPE_CHECKING:
    from satloyal.survey.survey import Survey

__all__ = ["Codebook"]


@dataclass(frozen=True, slots=True)
class Codebook:
    """What the columns of a survey mean.

    Parameters
    ----------
    items : mapping of str to Item
        The questions by column name.
    constructs : tuple of Construct
        What the items measure.
    id, weight, wave, cluster : str, optional
        Columns with the respondent, the sampling weight, the wave and the sampling cluster.
    group : tuple of str
        Columns with groups to compare.
    missing : mapping of code to reason
        Codes that mean "no answer" in every column of answers; where an item has a scale, only outside it.
    places : mapping of str to Place
        Where columns stand in the file, when the file calls them otherwise.
    labels : tuple of LabelSet
        Answer scales beside the known ones, as another language calls their points.
    attention : mapping of str to tuple
        Attention checks and bogus items, with the answers that are right; numbers, or text.
    keep_personal : tuple of str
        Columns with personal data that stay in the analysis table on purpose.
    title : str
        What the survey is.

    Raises
    ------
    SurveyError
        If a construct names an item that is not there, or one column has two roles.

    Examples
    --------
    >>> book = Codebook.from_text('''
    ... weight = "w"
    ... missing = {99 = "dont_know"}
    ... [constructs.Satisfaction]
    ... items = ["SAT1", "SAT2", "SAT3"]
    ... scale = [1, 5]
    ... reverse = ["SAT3"]
    ... ''')
    >>> book.construct("Satisfaction").items, book.items["SAT3"].reverse, str(book.items["SAT1"].scale)
    (('SAT1', 'SAT2', 'SAT3'), True, '1–5')
    """

    items: Mapping[str, Item] = field(default_factory=dict)
    constructs: tuple[Construct, ...] = ()
    id: str | None = None
    weight: str | None = None
    wave: str | None = None
    group: tuple[str, ...] = ()
    cluster: str | None = None
    missing: Mapping[Code, str] = field(default_factory=dict)
    places: Mapping[str, Place] = field(default_factory=dict)
    labels: tuple[LabelSet, ...] = ()
    attention: Mapping[str, tuple[Code, ...]] = field(default_factory=dict)
    keep_personal: tuple[str, ...] = ()
    title: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "items", dict(self.items))
        object.__setattr__(self, "constructs", tuple(self.constructs))
        object.__setattr__(self, "places", dict(self.places))
        right = {name: tuple(map(as_code, answers)) for name, answers in self.attention.items()}
        object.__setattr__(self, "attention", right)
        object.__setattr__(self, "labels", tuple(self.labels))
        object.__setattr__(self, "group", (self.group,) if isinstance(self.group, str) else tuple(self.group))
        object.__setattr__(self, "missing", {as_code(k): str(v) for k, v in self.missing.items()})
        self._check_constructs()
        self._check_roles()
        for construct in self.constructs:
            for name in construct.items:
                if self.items[name].scale is None and construct.scale is not None:
                    inherited = replace(self.items[name], scale=construct.scale)
                    object.__setattr__(self, "items", {**self.items, name: inherited})

    def _check_constructs(self) -> None:
        names = [c.name for c in self.constructs]
        twice = sorted({n for n in names if names.count(n) > 1})
        if twice:
            raise SurveyError(f"construct {twice[0]!r} is defined twice")
        for construct in self.constructs:
            for name in construct.items:
                if name not in self.items:
                    hint = did_you_mean(name, self.items)
                    raise SurveyError(f"construct {construct.name!r} names the unknown item {name!r}{hint}")

    def _check_roles(self) -> None:
        taken: dict[str, str] = {}
        for role, column in self.roles:
            # A sampling cluster is often a group worth comparing; every other double role is a slip.
            if column in taken and {role, taken[column]} != {"group", "cluster"}:
                raise SurveyError(
                    f"column {column!r} is {taken[column]} and {role} at once",
                    fix="give each column one role",
                )
            taken[column] = role
            if column in self.items:
                raise SurveyError(
                    f"column {column!r} is an item and the {role} column at once",
                    fix="leave it out of the items, or give the role to another column",
                )

    @property
    def roles(self) -> tuple[tuple[str, str], ...]:
        """The special columns as (role, column) pairs."""
        single = (
            ("id", self.id),
            ("weight", self.weight),
            ("wave", self.wave),
            ("cluster", self.cluster),
        )
        groups = tuple(("group", column) for column in self.group)
        return tuple((role, column) for role, column in single if column is not None) + groups

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column that the codebook names."""
        return tuple(dict.fromkeys((*(column for _, column in self.roles), *self.items, *self.attention)))

    @property
    def construct_items(self) -> dict[str, tuple[str, ...]]:
        """Item names by construct."""
        return {c.name: c.items for c in self.constructs}

    def construct(self, name: str) -> Construct:
        """Return one construct by name.

        Raises
        ------
        SurveyError
            If there is none of that name; the nearest known name is suggested.
        """
        for construct in self.constructs:
            if construct.name == name:
                return construct
        known = [c.name for c in self.constructs]
        raise SurveyError(
            f"the codebook has no construct {name!r}{did_you_mean(name, known)}",
            fix=f"use one of {', '.join(known)}" if known else "define constructs in the codebook",
        )

    def with_missing(self, codes: Mapping[Any, str]) -> Codebook:
        """Return the codebook with more missing codes; they win over those already there."""
        return replace(self, missing={**self.missing, **{as_code(k): v for k, v in codes.items()}})

    @classmethod
    def draft(cls, survey: Survey, *, short_names: bool = False) -> Codebook:
        """Draft the codebook of a survey that was read without one, to be edited.

        Items with their texts and scales; constructs from questions with one stem, or items with one name and
        a number; the columns that are probably the respondent's, the weight, the wave and groups. It is a
        proposal: what the file does not show (reversed items, codes for "don't know") is not in it.

        Parameters
        ----------
        survey : Survey
        short_names : bool
            Name items by their construct and a number, with ``[columns]`` saying where they stand: for files
            whose column names are whole questions.

        Examples
        --------
        >>> import pandas as pd
        >>> from satloyal.survey.survey import Survey
        >>> survey = Survey.from_frame(pd.DataFrame({"SAT1": [1, 5, 3], "SAT2": [2, 5, 4]}))
        >>> book = Codebook.draft(survey)
        >>> book.construct_items, str(book.items["SAT1"].scale)
        ({'SAT': ('SAT1', 'SAT2')}, '1–5')
        """
        return draft(survey, short_names=short_names)

    @classmethod
    def from_toml(cls, path: str | Path) -> Codebook:
        """Read a codebook file.

        Parameters
        ----------
        path : str or Path
            A TOML file; its keys are described in the documentation under "The codebook file".

        Raises
        ------
        SurveyError
            If the file cannot be read or says something that is no codebook. The message names the line and
            suggests the nearest known key.
        """
        text, where = codebook_file.read_text(Path(path))
        return cls.from_text(text, where=where)

    @classmethod
    def from_text(cls, text: str, *, where: str = "codebook") -> Codebook:
        """Read a codebook from TOML text; ``where`` names the text in messages."""
        data, places = codebook_file.load(text, where)
        return cls.from_dict(data, where=where, positions=places)

    @classmethod
    def from_dict(
        cls,
        data: Mapping[str, Any],
        *,
        where: str = "codebook",
        positions: Positions | None = None,
        prefix: tuple[str, ...] = (),
    ) -> Codebook:
        """Build a codebook from plain values with the keys of the TOML file.

        Parameters
        ----------
        data : mapping
            As :mod:`tomllib` gives it.
        where : str
            What to call the source in messages.
        positions : Positions, optional
            Lines of the TOML text, so that messages can name them.
        prefix : tuple of str
            Where in that text the codebook stands (``("codebook",)`` for a table inside a study file).

        Raises
        ------
        SurveyError
            With every problem found, each with its line.

        Examples
        --------
        >>> Codebook.from_dict({"constructs": {"Trust": {"items": ["T1", "T2"], "scale": [1, 7]}}}).columns
        ('T1', 'T2')
        """
        parts = codebook_file.parse(data, where, positions or Positions(), prefix)
        try:
            return cls(**parts)
        except SurveyError as err:
            raise SurveyError(err.message, where=where, fix=err.fix) from None

    def to_toml(self) -> str:
        """Return the codebook as TOML text that :meth:`from_text` reads back as the same codebook.

        Examples
        --------
        >>> book = Codebook.from_dict({"id": "cid", "items": {"NPS": {"scale": [0, 10]}}})
        >>> Codebook.from_text(book.to_toml()) == book
        True
        """
        return codebook_text.write(self)
