"""The look of every figure: one palette, one type, one way to make an empty figure.

Colours are told apart by people with the common forms of colour blindness (after Okabe and Ito 2008) and
stay apart in grey print. Figures are made with matplotlib's object interface; pyplot's state is never
touched.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from io import BytesIO
from typing import Any

import matplotlib as mpl
from matplotlib import font_manager
from matplotlib.axes import Axes
from matplotlib.figure import Figure

__all__ = [
    "BAD",
    "BAND",
    "FILL",
    "GOOD",
    "GRID",
    "INK",
    "LINE",
    "QUIET",
    "SECOND",
    "canvas",
    "plain_axes",
    "shorten",
    "styled",
    "text_width",
]

INK = "#1f2a37"
QUIET = "#6b7280"
GRID = "#e3e7ed"
LINE = "#0b5fa5"
BAND = "#cfe2f3"
SECOND = "#b3541e"
GOOD = "#1a7f64"
BAD = "#b42318"
FILL = "#f4f7fb"

# DejaVu travels with matplotlib, so sizes are the same on every machine; the others stand in for the
# scripts that DejaVu lacks, where they are installed.
_STAND_INS = (
    "Noto Sans CJK SC",
    "Noto Sans SC",
    "Source Han Sans SC",
    "PingFang SC",
    "Hiragino Sans GB",
    "Microsoft YaHei",
    "SimHei",
    "WenQuanYi Micro Hei",
    "Noto Sans CJK TC",
    "PingFang TC",
    "Microsoft JhengHei",
    "Noto Sans CJK JP",
    "Noto Sans CJK KR",
    "Noto Sans Thai",
    "Noto Sans Devanagari",
    "Arial Unicode MS",
)
_WIDE = ("W", "F")


@cache
def families() -> tuple[str, ...]:
    """Return DejaVu Sans and whatever stand-ins for other scripts this machine has."""
    have = {entry.name for entry in font_manager.fontManager.ttflist}
    return ("DejaVu Sans", *(name for name in _STAND_INS if name in have))


@contextmanager
def styled() -> Iterator[None]:
    """Draw with satloyal's type and lines; the user's own settings come back afterwards."""
    settings: Any = {
        "font.family": list(families()),
        "font.size": 10,
        "text.color": INK,
        "text.usetex": False,
        "text.parse_math": False,
        "axes.unicode_minus": True,
        "axes.labelcolor": INK,
        "axes.edgecolor": "#9aa5b1",
        "axes.linewidth": 0.8,
        "axes.titlesize": 11,
        "axes.labelsize": 10,
        "xtick.color": QUIET,
        "ytick.color": QUIET,
        "xtick.labelsize": 9.5,
        "ytick.labelsize": 9.5,
        "legend.frameon": False,
        "legend.fontsize": 9.5,
        "figure.facecolor": "white",
        "axes.facecolor": "white",
        "savefig.facecolor": "white",
        "path.simplify": False,
    }
    with mpl.rc_context(settings):
        yield


class Picture(Figure):
    """A figure that shows itself in a notebook, where pyplot was never imported."""

    def _repr_png_(self) -> bytes:
        buffer = BytesIO()
        with styled():
            self.savefig(buffer, format="png", dpi=110)
        return buffer.getvalue()


def canvas(width: float, height: float) -> Figure:
    """Return an empty figure of that many inches."""
    return Picture(figsize=(width, height), layout=None)


def plain_axes(ax: Axes, *, grid: str | None = "x") -> None:
    """Take away what carries no information."""
    for side in ("top", "right", "left"):
        ax.spines[side].set_visible(False)
    ax.tick_params(length=0)
    if grid in ("x", "y"):
        ax.grid(visible=True, axis="x" if grid == "x" else "y", color=GRID, linewidth=0.8)
        ax.set_axisbelow(True)


def text_width(text: str, size: float) -> float:
    """Return a safe estimate of the width of a line of text in inches, at `size` points.

    An estimate, so that the layout does not depend on the fonts of a machine.
    """
    ems = sum(1.0 if unicodedata.east_asian_width(ch) in _WIDE else 0.64 for ch in text)
    return ems * size / 72


def shorten(text: str, length: int) -> str:
    """Cut a long name in its middle, where names differ least.

    Examples
    --------
    >>> shorten("perceived_service_quality_wave_2", 16)
    'perceive…_wave_2'
    """
    if len(text) <= length:
        return text
    head = (length - 1 + 1) // 2
    return f"{text[:head]}…{text[-(length - 1 - head) :]}"
