"""Table: a small frozen value of columns and raw cells that knows how each of them is written.

Cells hold raw numbers, so that the CSV and JSON forms lose nothing; only the renderings round.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from satloyal.reporting import numbers

__all__ = ["Cell", "Column", "Kind", "Table", "Tone", "Value", "latex_text", "markdown_text", "undefined"]

Kind = Literal["text", "int", "number", "bounded", "p", "percent", "interval", "bounded_interval"]
Tone = Literal["", "good", "warn", "bad", "quiet"]
Value = str | int | float | tuple[float, float] | None

_INTERVALS = ("interval", "bounded_interval")
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
_LATEX_SPECIAL = {
    "\\": r"\textbackslash{}",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "{": r"\{",
    "}": r"\}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "−": "$-$",
    "–": "--",
    "→": r"$\rightarrow$",
    "↔": r"$\leftrightarrow$",
    "≤": r"$\leq$",
    "≥": r"$\geq$",
    "×": r"$\times$",
    "²": r"$^2$",
    "χ": r"$\chi$",
    "α": r"$\alpha$",
    "ω": r"$\omega$",
    "Δ": r"$\Delta$",
    "√": r"$\surd$",
}


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell.

    Parameters
    ----------
    value : str, int, float, (float, float) or None
        The raw value; a pair is an interval; ``None`` and NaN are undefined.
    tone : {"", "good", "warn", "bad", "quiet"}
        A judgement, shown as a mark and a colour.
    reason : str
        Why the value is undefined; becomes a note under the table.
    """

    value: Value
    tone: Tone = ""
    reason: str = ""


def undefined(reason: str) -> Cell:
    """Return a cell for a number that does not exist, with the reason."""
    return Cell(None, reason=reason)


@dataclass(frozen=True, slots=True)
class Column:
    """One column: a key for machines, a label for people, and how its numbers are written."""

    key: str
    label: str
    kind: Kind = "text"
    digits: int = 2

    @property
    def numeric(self) -> bool:
        """Whether the column holds numbers (and is aligned to the right)."""
        return self.kind != "text"

    def text(self, value: Value) -> str:
        """Write one raw value as this column writes it."""
        if isinstance(value, str):
            return value
        if self.kind in _INTERVALS:
            low, high = value if isinstance(value, tuple) else (None, None)
            return numbers.interval(low, high, self.digits, bounded=self.kind == "bounded_interval")
        if value is None or isinstance(value, tuple):
            return numbers.UNDEFINED if self.numeric else ""
        number = float(value)
        if self.kind == "int":
            return numbers.count(number)
        if self.kind == "p":
            return numbers.pvalue(number)
        if self.kind == "percent":
            return numbers.percent(number, self.digits)
        return numbers.number(number, self.digits, bounded=self.kind == "bounded")


@dataclass(frozen=True, slots=True)
class Table:
    """A table as a value.

    Parameters
    ----------
    name : str
        File name without its ending, unique in a report (``"reliability"``).
    caption : str
        What the table shows.
    columns : tuple of Column
        The columns; the first one names the row.
    rows : tuple of tuple of Cell
        The cells, row by row.
    notes : tuple of str
        Sentences under the table.

    Examples
    --------
    >>> table = Table.build("demo", "A demonstration", [Column("a", "Item"), Column("b", "M", "number")],
    ...                     [["SAT1", 7.25], ["=cmd()", undefined("no answers")]])
    >>> print(table.to_csv(), end="")
    Item,M
    SAT1,7.25
    '=cmd(),
    >>> table.footnotes()
    (('a', 'no answers'),)
    """

    name: str
    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    notes: tuple[str, ...] = ()

    @classmethod
    def build(
        cls,
        name: str,
        caption: str,
        columns: Sequence[Column],
        rows: Sequence[Sequence[Cell | Value]],
        notes: tuple[str, ...] = (),
    ) -> Table:
        """Build a table from loose values, wrapping each into a cell."""
        cells = tuple(tuple(c if isinstance(c, Cell) else Cell(c) for c in row) for row in rows)
        return cls(name, caption, tuple(columns), cells, notes)

    def with_notes(self, *notes: str) -> Table:
        """Return the table with further notes."""
        return replace(self, notes=(*self.notes, *notes))

    def with_name(self, name: str) -> Table:
        """Return the table under another name."""
        return replace(self, name=name)

    def footnotes(self) -> tuple[tuple[str, str], ...]:
        """Return (mark, reason) of the undefined cells, in order of appearance."""
        reasons = dict.fromkeys(cell.reason for row in self.rows for cell in row if cell.reason)
        return tuple((_mark(i), reason) for i, reason in enumerate(reasons))

    def text(self) -> tuple[tuple[str, ...], ...]:
        """Return the cells as people read them, without footnote marks."""
        return tuple(
            tuple(c.text(cell.value) for c, cell in zip(self.columns, row, strict=True)) for row in self.rows
        )

    def records(self) -> list[dict[str, Any]]:
        """Return the rows as raw JSON values; intervals become two fields."""
        return [
            {
                k: v
                for column, cell in zip(self.columns, row, strict=True)
                for k, v in _fields(column, cell.value)
            }
            for row in self.rows
        ]

    def to_csv(self) -> str:
        """Return the raw values as CSV; text that a spreadsheet would run gets a leading apostrophe."""
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow([_harmless(label) for column in self.columns for label in _labels(column)])
        for row in self.rows:
            fields = [
                v
                for column, cell in zip(self.columns, row, strict=True)
                for _, v in _fields(column, cell.value)
            ]
            writer.writerow([_harmless(v) for v in fields])
        return out.getvalue()

    def to_markdown(self) -> str:
        """Return the table in pipe syntax, caption first, notes last."""
        marks = {reason: mark for mark, reason in self.footnotes()}
        head = "| " + " | ".join(markdown_text(c.label) for c in self.columns) + " |"
        rule = "|" + "|".join("---:" if c.numeric else ":---" for c in self.columns) + "|"
        body = [
            "| "
            + " | ".join(
                markdown_text(text) + (f" ({marks[cell.reason]})" if cell.reason else "")
                for text, cell in zip(texts, row, strict=True)
            )
            + " |"
            for texts, row in zip(self.text(), self.rows, strict=True)
        ]
        notes = [f"({mark}) {reason}" for mark, reason in self.footnotes()] + list(self.notes)
        tail = ["", *(f"*{markdown_text(note)}*  " for note in notes)] if notes else []
        return "\n".join([f"**{markdown_text(self.caption)}**", "", head, rule, *body, *tail])

    def to_latex(self) -> str:
        r"""Return a booktabs table; needs ``\usepackage{booktabs}`` and nothing else."""
        marks = {reason: mark for mark, reason in self.footnotes()}
        align = "".join("r" if c.numeric else "l" for c in self.columns)
        head = " & ".join(latex_text(c.label) for c in self.columns)
        body = [
            " & ".join(
                latex_text(text) + (f"$^{{{marks[cell.reason]}}}$" if cell.reason else "")
                for text, cell in zip(texts, row, strict=True)
            )
            for texts, row in zip(self.text(), self.rows, strict=True)
        ]
        notes = [f"$^{{{mark}}}$ {latex_text(reason)}" for mark, reason in self.footnotes()]
        notes += [latex_text(note) for note in self.notes]
        lines = [
            r"\begin{table}[htbp]",
            r"\centering",
            rf"\caption{{{latex_text(self.caption)}}}",
            rf"\label{{tab:{_slug(self.name)}}}",
            rf"\begin{{tabular}}{{{align}}}",
            r"\toprule",
            rf"{head} \\",
            r"\midrule",
            *(rf"{row} \\" for row in body),
            r"\bottomrule",
            r"\end{tabular}",
            *(rf"\par\smallskip{{\footnotesize {note}}}" for note in notes),
            r"\end{table}",
        ]
        return "\n".join(lines)


def latex_text(text: str) -> str:
    r"""Escape text for LaTeX.

    Examples
    --------
    >>> latex_text("50 % of R&D_items")
    '50 \\% of R\\&D\\_items'
    """
    return "".join(_LATEX_SPECIAL.get(ch, ch) for ch in numbers.typographic(text.replace("\n", " ")))


def _mark(index: int) -> str:
    letters = "abcdefghijklmnopqrstuvwxyz"
    return letters[index] if index < len(letters) else f"{letters[index % 26]}{index // 26}"


def _slug(name: str) -> str:
    return "".join(ch if ch.isascii() and ch.isalnum() else "-" for ch in name)


def markdown_text(text: str) -> str:
    r"""Escape what Markdown would take for structure or for HTML.

    Examples
    --------
    >>> print(markdown_text("a_b | <script>"))
    a\_b \| &lt;script&gt;
    """
    table = {
        "|": r"\|",
        "\n": " ",
        "\r": " ",
        "<": "&lt;",
        ">": "&gt;",
        "*": r"\*",
        "_": r"\_",
        "`": r"\`",
        "[": r"\[",
        "]": r"\]",
    }
    return "".join(table.get(ch, ch) for ch in numbers.typographic(text))


def _labels(column: Column) -> tuple[str, ...]:
    if column.kind in _INTERVALS:
        return f"{column.label} lower", f"{column.label} upper"
    return (column.label,)


def _fields(column: Column, value: Value) -> list[tuple[str, str | float | int | None]]:
    if column.kind in _INTERVALS:
        pair = value if isinstance(value, tuple) else (math.nan, math.nan)
        return [(f"{column.key}_lower", _raw(pair[0])), (f"{column.key}_upper", _raw(pair[1]))]
    return [(column.key, None if isinstance(value, tuple) else _raw(value))]


def _raw(value: str | float | int | None) -> str | float | int | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, int):
        return int(value)
    return float(value) if math.isfinite(value) else None


def _harmless(value: str | float | int | None) -> str | float | int:
    """Disarm text that a spreadsheet would run as a formula; numbers stay numbers."""
    if value is None:
        return ""
    if isinstance(value, str) and value.lstrip(" ").startswith(_FORMULA_STARTS):
        return f"'{value}"
    return value
