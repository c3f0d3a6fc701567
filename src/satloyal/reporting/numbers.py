"""How numbers are written in reports: APA style, and nothing where there is no number.

Undefined values are an en dash, never 0 or 1. Quantities that cannot exceed one lose the leading zero.
"""

from __future__ import annotations

import math
import re

__all__ = [
    "UNDEFINED",
    "count",
    "defined",
    "degrees",
    "interval",
    "number",
    "p_phrase",
    "percent",
    "pvalue",
    "typographic",
]

UNDEFINED = "–"
MINUS = "−"
_SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_HYPHEN = re.compile(r"(?<![\w.)\]\-–−:/])-(?=\.?\d)")
_PERCENT = re.compile(r"(?<=\d)%(?!\w)")
_SMALLEST_PLAIN = 1e-4
_LARGEST_PLAIN = 1e7
_SMALLEST_P = 0.001


def defined(value: float | None) -> bool:
    """Return whether a value is a finite number.

    Examples
    --------
    >>> defined(0.0), defined(float("nan")), defined(None)
    (True, False, False)
    """
    return value is not None and math.isfinite(value)


def number(value: float | None, digits: int = 2, *, bounded: bool = False) -> str:
    """Write one number.

    Parameters
    ----------
    value : float or None
        The number; ``None``, NaN and infinities are undefined.
    digits : int
        Decimals. A value that would round to zero without being zero keeps one significant digit, unless
        it is bounded.
    bounded : bool
        Whether the quantity cannot exceed one (correlations, p-values, reliabilities): its leading
        zero is dropped, as APA asks.

    Examples
    --------
    >>> number(-0.6249), number(0.93, bounded=True), number(float("nan")), number(0.0004)
    ('−0.62', '.93', '–', '0.0004')
    """
    if value is None or not math.isfinite(value):
        return UNDEFINED
    size = abs(value)
    text = f"{size:,.{digits}f}"
    if bounded:  # of a share or a correlation the decimals say enough
        text = text.removeprefix("0") if text.startswith("0.") else text
        return f"{MINUS}{text}" if value < 0 and any(ch in text for ch in "123456789") else text
    if size != 0 and (size < _SMALLEST_PLAIN or size >= _LARGEST_PLAIN) and _is_zero_or_long(text, size):
        mantissa, exponent = f"{size:.1e}".split("e")
        text = f"{mantissa} × 10{str(int(exponent)).translate(_SUPERSCRIPT)}"
    elif size != 0 and float(text.replace(",", "")) == 0:
        text = f"{size:.{-math.floor(math.log10(size))}f}"
    return f"{MINUS}{text}" if value < 0 else text


def _is_zero_or_long(text: str, size: float) -> bool:
    return size >= _LARGEST_PLAIN or float(text.replace(",", "")) == 0


def pvalue(p: float | None) -> str:
    """Write a p-value for a table column.

    Examples
    --------
    >>> pvalue(0.0000001), pvalue(0.0123), pvalue(None), pvalue(0.99999)
    ('< .001', '.012', '–', '> .999')
    """
    if p is None or not math.isfinite(p):
        return UNDEFINED
    if p < _SMALLEST_P:
        return "< .001"
    if p > 1 - _SMALLEST_P / 2:
        return "> .999"
    return number(p, 3, bounded=True)


def p_phrase(p: float | None) -> str:
    """Write a p-value inside a sentence.

    Examples
    --------
    >>> p_phrase(0.0001), p_phrase(0.04)
    ('p < .001', 'p = .040')
    """
    text = pvalue(p)
    if text == UNDEFINED:
        return "p undefined"
    return f"p {text}" if text[0] in "<>" else f"p = {text}"


def interval(lower: float | None, upper: float | None, digits: int = 2, *, bounded: bool = False) -> str:
    """Write an interval.

    Examples
    --------
    >>> interval(0.06, 0.09, bounded=True), interval(-0.1, 1.25), interval(float("nan"), 1.0)
    ('[.06, .09]', '[−0.10, 1.25]', '–')
    """
    if not (defined(lower) and defined(upper)):
        return UNDEFINED
    return f"[{number(lower, digits, bounded=bounded)}, {number(upper, digits, bounded=bounded)}]"


def count(value: float | None) -> str:
    """Write a whole number with thousands separators.

    Examples
    --------
    >>> count(5000), count(None)
    ('5,000', '–')
    """
    if value is None or not math.isfinite(value):
        return UNDEFINED
    return f"{round(value):,}".replace("-", MINUS)


def degrees(value: float | None) -> str:
    """Write degrees of freedom, which adjusted tests need not have whole.

    Examples
    --------
    >>> degrees(24.0), degrees(18.347)
    ('24', '18.35')
    """
    whole = value is not None and math.isfinite(value) and value == round(value)
    return count(value) if whole else number(value)


def percent(share: float | None, digits: int = 1) -> str:
    """Write a share of one as a percentage.

    Examples
    --------
    >>> percent(0.0321), percent(1.0, 0), percent(float("nan"))
    ('3.2 %', '100 %', '–')
    """
    if share is None or not math.isfinite(share):
        return UNDEFINED
    return f"{100 * share:.{digits}f} %".replace("-", MINUS)


def typographic(text: str) -> str:
    """Give negative numbers a minus sign in place of the keyboard's hyphen, and percent signs their space.

    Examples
    --------
    >>> typographic("ΔCFI -0.038, [-.12, 0.3]; 2026-01-31, x-2, pp. 3-5, one-way")
    'ΔCFI −0.038, [−.12, 0.3]; 2026-01-31, x-2, pp. 3-5, one-way'
    """
    return _PERCENT.sub(" %", _HYPHEN.sub(MINUS, text))
