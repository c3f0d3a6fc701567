"""Kind: how results of one type are read: their sentence, their parts, and the figures they can draw."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from satloyal.models.fit import Fit
from satloyal.reporting.inputs import Inputs
from satloyal.reporting.parts import Callout, Heading, Part, Section
from satloyal.reporting.terms import worded

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["Draw", "Kind", "fit_barred", "fit_headline"]

Draw = Callable[..., "Figure"]


def fit_headline(result: Fit) -> str:
    """Return the first line that a fit says itself."""
    return result.headline()


def fit_barred(result: Fit) -> str:
    """Return why a fit may not be used; empty if it may."""
    if not result.converged or not result.admissible:
        return worded(result.headline())
    failed = result.failed_checks()
    return "; ".join(f"{c.name}: {worded(c.message).rstrip('.')}" for c in failed) + "." if failed else ""


def _nothing(result: Any) -> tuple[str, ...]:
    return ()


@dataclass(frozen=True)
class Kind:
    """How results of one type stand in a report and in a notebook.

    Parameters
    ----------
    type : type
        The results.
    key, title : str
        Of their section.
    noun : callable
        What to call one result that the user gave no name.
    parts : callable
        From a result and a suffix for the names of its tables and figures to parts: a sentence first, then
        the table, then the figure.
    headline, barred : callable
        The first line, and why no claim may be made from it (empty if one may).
    methods, cites : callable
        Sentences for the methods section, and keys of the references.
    figures : mapping
        Figures by name, each a function of the result.
    drawable : callable
        Which of those this result can draw; all when not given.
    """

    type: type[Any]
    key: str
    title: str
    noun: Callable[[Any], str]
    parts: Callable[[Any, str], Sequence[Part]]
    headline: Callable[[Any], str] = fit_headline
    barred: Callable[[Any], str] = fit_barred
    methods: Callable[[Any], tuple[str, ...]] = _nothing
    cites: Callable[[Any], tuple[str, ...]] = _nothing
    figures: Mapping[str, Draw] = field(default_factory=dict)
    drawable: Callable[[Any], tuple[str, ...]] | None = None

    def names(self, result: Any) -> tuple[str, ...]:
        """Return the names of the figures that one result can draw."""
        return tuple(self.figures) if self.drawable is None else self.drawable(result)

    def section(self, inputs: Inputs) -> Section | None:
        """Return the section of all results of this type, or nothing: a block of the report."""
        found = inputs.of(self.type)
        if not found:
            return None
        several = len(found) > 1
        parts: list[Part] = []
        for i, one in enumerate(found, start=1):
            parts += [Heading(one.name)] if several or one.given else []
            if why := self.barred(one.result):
                parts.append(Callout("bad", "Not for claims", why))
            parts += self.parts(one.result, f"_{i}" if several else "")
        methods = tuple(dict.fromkeys(s for one in found for s in self.methods(one.result)))
        cites = tuple(dict.fromkeys(c for one in found for c in self.cites(one.result)))
        return Section(self.key, self.title, tuple(parts), methods, cites)
