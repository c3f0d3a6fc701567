"""Figures: plain values in, matplotlib figures out; and SVG text from them."""

from __future__ import annotations

from satloyal.reporting.figures.svg import to_svg

__all__ = ["to_svg"]
