"""SVG text from a matplotlib figure: the same bytes every time, text as text, safe inside a page."""

from __future__ import annotations

import io
import re
from typing import Any
from xml.sax.saxutils import escape

import matplotlib as mpl
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

__all__ = ["GENERIC_FAMILY", "to_svg"]

GENERIC_FAMILY = (
    "'Helvetica Neue', Helvetica, Arial, 'Noto Sans', 'PingFang SC', 'Microsoft YaHei', "
    "'Noto Sans CJK SC', sans-serif"
)
_PREAMBLE = re.compile(r"^.*?(?=<svg)", re.DOTALL)
_METADATA = re.compile(r"<metadata>.*?</metadata>\s*", re.DOTALL)
_COMMENT = re.compile(r"<!--.*?-->\s*", re.DOTALL)
_FAMILY = re.compile(r"font-family: [^;\"]*;? ?")
_SHORTHAND = re.compile(r"font: ((?:(?:italic|oblique|bold|\d{3}) )*)([\d.]+px) [^;\"]*")
_PAGE_STYLE = re.compile(r"<defs>\s*<style type=\"text/css\">\*\{[^<]*</style>\s*</defs>\s*")
_OPEN = re.compile(r"<svg ([^>]*)>")
_SIZE = re.compile(r"\b(width|height)=\"([\d.]+)pt\"")


def to_svg(figure: Figure, *, name: str = "figure", title: str = "", description: str = "") -> str:
    """Render a figure as an SVG element.

    Identifiers are hashed with a fixed salt and start with `name`, so several figures can stand in one
    page; no date, no metadata, no link to anything outside, no style that reaches beyond the figure. Text
    stays text in a generic family: it can be searched, and scripts that the drawing machine has no font
    for are drawn with the reader's fonts.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        The figure; it is not changed.
    name : str
        Prefix of all identifiers; ASCII letters, digits and hyphens survive.
    title, description : str
        For people who do not see the picture; escaped.

    Returns
    -------
    str
        One ``<svg>`` element; a whole file as well.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> to_svg(Figure(), name="empty", title="Nothing <yet>")[:70]
    '<svg role="img" aria-labelledby="empty-title" xmlns="http://www.w3.org'
    """
    prefix = re.sub(r"[^A-Za-z0-9-]", "-", name) or "figure"
    stream = io.StringIO()
    before = figure.canvas
    try:
        with mpl.rc_context({"svg.hashsalt": prefix, "svg.fonttype": "none", "path.simplify": False}):
            canvas: Any = FigureCanvasSVG(figure)
            canvas.print_svg(stream, metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    finally:
        figure.set_canvas(before)
    text = _COMMENT.sub("", _METADATA.sub("", _PREAMBLE.sub("", stream.getvalue())))
    text = _PAGE_STYLE.sub("", text)  # it would reach every element of the page around the figure
    text = _SHORTHAND.sub(lambda m: _font(m[1].split(), m[2]), _FAMILY.sub("", text))
    text = re.sub(r'\bid="', f'id="{prefix}-', text)
    text = re.sub(r"url\(#", f"url(#{prefix}-", text)
    text = re.sub(r'xlink:href="#', f'xlink:href="#{prefix}-', text)
    return _open(text, prefix, title, description)


def _font(words: list[str], size: str) -> str:
    """Spell out a font shorthand without its family, which the opening tag gives once."""
    slant = [f"font-style: {w}; " for w in words if w in ("italic", "oblique")]
    weight = [f"font-weight: {w}; " for w in words if w not in ("italic", "oblique")]
    return "".join([*slant, *weight, f"font-size: {size}"])


def _open(text: str, prefix: str, title: str, description: str) -> str:
    """Replace the opening tag: role, names for people who do not see, width left to the page."""
    found = _OPEN.search(text)
    if found is None:  # pragma: no cover - matplotlib always writes one
        return text
    sizes = {side: round(float(points) * 96 / 72, 1) for side, points in _SIZE.findall(found[1])}
    box = re.search(r'viewBox="[^"]*"', found[1])
    labels = f"{prefix}-title {prefix}-desc" if description else f"{prefix}-title"
    head = (
        f'<svg role="img" aria-labelledby="{labels}" xmlns="http://www.w3.org/2000/svg"'
        f' xmlns:xlink="http://www.w3.org/1999/xlink" {box[0] if box else ""}'
        f' style="font-family: {GENERIC_FAMILY}; stroke-linejoin: round; stroke-linecap: butt"'
        f' width="{sizes.get("width", 0):g}" height="{sizes.get("height", 0):g}">'
        f'<title id="{prefix}-title">{escape(title or prefix)}</title>'
    )
    if description:
        head += f'<desc id="{prefix}-desc">{escape(description)}</desc>'
    return text[: found.start()] + head + text[found.end() :]
