"""Source: where the answers came from, so that a report can say so."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Source"]


@dataclass(frozen=True, slots=True)
class Source:
    """Where a survey came from.

    Parameters
    ----------
    name : str
        File name without its folder, or what the table was called.
    reader : str
        Which reader read it: ``"plain"``, ``"spss"``, ``"stata"``, a vendor, or ``"frame"``.
    container : str
        What the file is by its content: ``"text"``, ``"xlsx"``, ``"sav"``, ``"dta"``, …
    sha256 : str, optional
        Hash of the file's bytes; ``None`` for a table from memory.
    sheet, encoding, delimiter : str, optional
        Where they apply.
    rows, columns : int
        Respondents and columns in the file, before anything was left out.
    why : str
        Why this reader was taken.

    Examples
    --------
    >>> str(Source("export.csv", "plain", "text", encoding="utf-8", rows=250, columns=24))
    'export.csv (plain text, utf-8), 250 rows × 24 columns'
    """

    name: str
    reader: str
    container: str
    sha256: str | None = None
    sheet: str | None = None
    encoding: str | None = None
    delimiter: str | None = None
    rows: int = 0
    columns: int = 0
    why: str = ""

    def __str__(self) -> str:
        kind = self.reader if self.reader == self.container else f"{self.reader} {self.container}"
        parts = [kind, *(p for p in (self.encoding, self.sheet and f"sheet {self.sheet!r}") if p)]
        return f"{self.name} ({', '.join(parts)}), {self.rows} rows × {self.columns} columns"
