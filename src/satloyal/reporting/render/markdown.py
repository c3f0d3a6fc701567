"""Markdown: the same sections for people who read or version text."""

from __future__ import annotations

import re
from collections.abc import Sequence

from satloyal.reporting.parts import (
    Bullets,
    Callout,
    Checks,
    Code,
    Heading,
    Paragraph,
    Part,
    Picture,
    Section,
    Verdicts,
)
from satloyal.reporting.table import markdown_text
from satloyal.reporting.terms import worded

__all__ = ["markdown"]


def markdown(title: str, lead: Sequence[str], sections: Sequence[Section], *, figures: str = "") -> str:
    """Render a report.

    Parameters
    ----------
    title : str
        First heading.
    lead : sequence of str
        Lines under it.
    sections : sequence of Section
        In reading order.
    figures : str
        Folder of the SVG files, relative to the document; without one, figures are told in words.
    """
    blocks = [f"# {markdown_text(title)}", *(markdown_text(line) for line in lead)]
    for section in sections:
        blocks.append(f"## {markdown_text(section.title)}")
        blocks += [_part(part, figures) for part in section.parts]
    return "\n\n".join(blocks) + "\n"


def _part(part: Part, figures: str) -> str:
    if isinstance(part, Paragraph):
        return markdown_text(part.text)
    if isinstance(part, Heading):
        return f"### {markdown_text(part.text)}"
    if isinstance(part, Callout):
        return f"> **{markdown_text(part.title)}.** {markdown_text(part.text)}"
    if isinstance(part, Bullets):
        head = f"**{markdown_text(part.title)}**\n\n" if part.title else ""
        return head + "\n".join(f"- {markdown_text(item)}" for item in part.items)
    if isinstance(part, Verdicts):
        return "\n".join(
            f"- **{markdown_text(v.claim.name)}: {v.outcome}.** {markdown_text(v.sentence)}"
            + (f" *With caution: {markdown_text(v.caution)}*" if v.caution else "")
            for v in part.verdicts
        )
    if isinstance(part, Checks):
        return _checks(part)
    if isinstance(part, Picture):
        if figures:
            return (
                f"![{markdown_text(part.alt)}]({figures}/{part.name}.svg)\n\n*{markdown_text(part.caption)}*"
            )
        return f"> **Figure.** {markdown_text(part.caption)} {markdown_text(part.alt)}"
    if isinstance(part, Code):
        fence = "`" * max(3, 1 + max(map(len, re.findall("`+", part.text)), default=0))
        return f"**{markdown_text(part.title)}**\n\n{fence}\n{part.text}\n{fence}"
    return part.to_markdown()


def _checks(part: Checks) -> str:
    lines = [f"**{markdown_text(part.fit)}**", ""]
    for check in part.checks:
        line = (
            f"- [{check.status.replace('_', ' ')}] {markdown_text(check.name)}: "
            f"{markdown_text(worded(check.message))}"
        )
        if check.advice and check.status in ("warn", "fail"):
            line += f" *To do: {markdown_text(check.advice)}.*"
        if check.source:
            line += f" ({markdown_text(check.source)})"
        lines.append(line)
    return "\n".join(lines)
