"""One spelling: what two cells share that say the same in other letters, widths and dashes."""

from __future__ import annotations

import unicodedata

__all__ = ["normalise"]

# Apostrophes and dashes before NFKC: it would turn the acute accent into a space and a combining mark.
_SAME = str.maketrans(
    {
        **dict.fromkeys("‘’‛ʼʹ′`´＇", "'"),
        **dict.fromkeys("‐‑‒–—―−﹣－", "-"),
        **dict.fromkeys("“”„‟″＂", '"'),
    }
)


def normalise(text: str) -> str:
    r"""Return the form in which labels are compared.

    Compatibility forms become plain (NFKC: full-width letters, digits and punctuation, no-break spaces),
    marks that are not seen (zero width, byte order, direction, soft hyphen) go, case is folded, curly
    apostrophes and dashes become plain ones, white space becomes one space, and a full stop at the end goes.
    Doing it twice changes nothing. Labels are compared whole: ``"dissatisfied"`` holds ``"satisfied"``, and
    ``"不满意"`` holds ``"满意"``.

    Examples
    --------
    >>> normalise("  Don’t\u00a0know. "), normalise("Ｖｅｒｙ　Satisfied"), normalise("非常满意。")
    ("don't know", 'very satisfied', '非常满意')
    """
    if text.isascii():
        return " ".join(text.translate(_SAME).casefold().split()).rstrip(" .")
    plain = unicodedata.normalize("NFKC", text.translate(_SAME)).translate(_SAME).casefold()
    plain = unicodedata.normalize("NFKC", plain)  # folding case can undo composition
    plain = "".join(c for c in plain if unicodedata.category(c) != "Cf")
    return " ".join(unicodedata.normalize("NFKC", plain).split()).rstrip(" .。")
