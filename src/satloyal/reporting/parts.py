"""Parts of a report as values: sections and what stands in them. How they look is the renderers' affair."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from satloyal.reporting.figures.svg import to_svg
from satloyal.reporting.table import Table
from satloyal.reporting.verdicts import Verdict

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from satloyal.models.fit import Check

__all__ = [
    "Bullets",
    "Callout",
    "Checks",
    "Code",
    "Heading",
    "Mood",
    "Paragraph",
    "Part",
    "Picture",
    "Section",
    "Verdicts",
]

Mood = Literal["info", "good", "warn", "bad"]


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Plain sentences; `lead` sets them larger."""

    text: str
    lead: bool = False


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading inside a section: which model what follows is about."""

    text: str


@dataclass(frozen=True, slots=True)
class Callout:
    """Something that must not be overlooked."""

    mood: Mood
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Bullets:
    """A list of sentences, numbered or not; `title` names it if it needs a name."""

    items: tuple[str, ...]
    title: str = ""


@dataclass(frozen=True, slots=True)
class Code:
    """Text to be shown letter by letter, such as a model."""

    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Verdicts:
    """Verdicts, in the order in which they are to be read."""

    verdicts: tuple[Verdict, ...]


@dataclass(frozen=True, slots=True)
class Checks:
    """All checks of one fit."""

    fit: str
    checks: tuple[Check, ...]


@dataclass(frozen=True)
class Picture:
    """A figure that is drawn when first asked for.

    Parameters
    ----------
    name : str
        File name without its ending, unique in a report.
    caption : str
        What the figure shows, for everybody.
    alt : str
        What is to be seen in it, for people who do not see it.
    draw : callable
        Returns the matplotlib figure.
    """

    name: str
    caption: str
    alt: str
    draw: Callable[[], Figure] = field(repr=False, compare=False)

    @cached_property
    def svg(self) -> str:
        """The figure as an SVG element."""
        return to_svg(self.draw(), name=f"fig-{self.name}", title=self.caption, description=self.alt)


Part = Paragraph | Heading | Callout | Bullets | Code | Verdicts | Checks | Picture | Table


@dataclass(frozen=True, slots=True)
class Section:
    """One section of a report, as a block returns it.

    Parameters
    ----------
    key : str
        Anchor and machine name, ASCII.
    title : str
        Heading.
    parts : tuple of Part
        Content from top to bottom.
    methods : tuple of str
        What this section adds to the methods: sentences about what was really done.
    cites : tuple of str
        Keys of :data:`satloyal.reporting.references.REFERENCES`.
    """

    key: str
    title: str
    parts: tuple[Part, ...]
    methods: tuple[str, ...] = ()
    cites: tuple[str, ...] = ()

    @property
    def tables(self) -> tuple[Table, ...]:
        """The tables of the section."""
        return tuple(p for p in self.parts if isinstance(p, Table))

    @property
    def pictures(self) -> tuple[Picture, ...]:
        """The figures of the section."""
        return tuple(p for p in self.parts if isinstance(p, Picture))
