"""HTML: one self-contained page, or a fragment for a notebook. Everything from outside is escaped."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import count
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from satloyal.reporting import numbers
from satloyal.reporting.parts import Part, Verdicts
from satloyal.reporting.render.strip import strip
from satloyal.reporting.terms import worded

__all__ = ["environment", "render"]

_MARKS = {
    "supported": "✓",
    "not supported": "✕",
    "inconclusive": "?",
    "not testable": "–",
    "pass": "✓",
    "warn": "!",
    "fail": "✕",
    "not_applicable": "–",
}
_STATUS_WORDS = {
    "pass": "passed",
    "warn": "look at this",
    "fail": "failed",
    "not_applicable": "does not apply",
}
_STATUS_ORDER = ("fail", "warn", "pass", "not_applicable")
_TOGETHER = re.compile(r"\bp (?:=|&lt;|&gt;) |(?<=\d) %|\bn = ")
_TONES = {"good": "✓", "warn": "!", "bad": "✕"}
_TONE_WORDS = {"good": "meets the rule", "warn": "deserves a look", "bad": "misses the rule"}


@cache
def environment() -> Environment:
    """Return the jinja2 environment: escaping on, undefined names are errors."""
    made = Environment(
        loader=PackageLoader("satloyal.reporting.render", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    made.filters["kind"] = lambda part: type(part).__name__
    made.filters["ordered"] = lambda checks: sorted(checks, key=lambda c: _STATUS_ORDER.index(c.status))
    made.filters["breakable"] = _breakable
    made.filters["worded"] = worded
    made.filters["figures"] = lambda v: numbers.number(v, 3)
    made.globals.update(
        marks=_MARKS,
        status_words=_STATUS_WORDS,
        tones=_TONES,
        tone_words=_TONE_WORDS,
        strips=_strips,
        zip=zip,
        next=next,
    )
    made.globals["reasons"] = lambda footnotes: {reason: mark for mark, reason in footnotes}
    return made


def render(template: str, context: Mapping[str, Any]) -> str:
    """Render one of the templates.

    Parameters
    ----------
    template : str
        File name in ``templates/``.
    context : mapping
        Its variables; counters for tables and figures are added.
    """
    numbering = {"table_numbers": _counter(), "figure_numbers": _counter()}
    return environment().get_template(template).render({**numbering, **context})


def _counter() -> Iterator[int]:
    return count(1)


def _breakable(text: object) -> Markup:
    """Escape text, allow a line break after underscores, and keep ``p < .001`` together."""
    escaped = _TOGETHER.sub(
        lambda m: m[0].replace(" ", "\u00a0"), str(escape(numbers.typographic(str(text))))
    )
    return Markup(escaped.replace("_", "_<wbr>"))  # noqa: S704 - escaped just above


def _strips(part: Part) -> list[Markup]:
    """Small interval pictures beside verdicts, all on one scale."""
    if not isinstance(part, Verdicts):
        return []
    return [Markup(text) for text in strip(part.verdicts)]  # noqa: S704 - made of numbers only
