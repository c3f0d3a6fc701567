"""Interval strips: a small picture of each standardised effect beside its verdict, all on one scale."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from satloyal.reporting import numbers
from satloyal.reporting.verdicts import TRIVIAL, Verdict

__all__ = ["strip"]

_WIDTH, _HEIGHT, _PAD = 150, 26, 6


def strip(verdicts: Sequence[Verdict]) -> list[str]:
    """Return one SVG a verdict; empty where there is nothing to draw or nothing may be claimed.

    The sentence beside says the same, so the pictures are hidden from screen readers.
    """
    drawn = [v for v in verdicts if _range(v) is not None]
    ends = [0.0, TRIVIAL, -TRIVIAL, *(x for v in drawn for x in _range(v) or ())]
    low, high = min(ends), max(ends)
    span = high - low

    def at(x: float) -> str:
        return f"{_PAD + (x - low) / span * (_WIDTH - 2 * _PAD):.1f}"

    return [_draw(v, at) if _range(v) is not None else "" for v in verdicts]


def _range(verdict: Verdict) -> tuple[float, float] | None:
    pair = verdict.claim.std_interval
    if verdict.outcome == "not testable" or pair is None or not all(map(numbers.defined, pair)):
        return None
    return pair


def _draw(verdict: Verdict, at: Callable[[float], str]) -> str:
    low, high = verdict.claim.std_interval or (0.0, 0.0)
    middle = _HEIGHT / 2
    zone = float(at(TRIVIAL)) - float(at(-TRIVIAL))
    std = verdict.claim.std
    dot = f'<circle class="dot" cx="{at(std)}" cy="{middle}" r="4"/>' if std is not None else ""
    return (
        f'<svg class="strip" role="img" aria-hidden="true" viewBox="0 0 {_WIDTH} {_HEIGHT}" '
        f'width="{_WIDTH}" height="{_HEIGHT}">'
        f'<rect class="zone" x="{at(-TRIVIAL)}" y="2" width="{zone:.1f}" height="{_HEIGHT - 4}"/>'
        f'<line class="zero" x1="{at(0)}" x2="{at(0)}" y1="0" y2="{_HEIGHT}"/>'
        f'<line class="bar" x1="{at(low)}" x2="{at(high)}" y1="{middle}" y2="{middle}"/>{dot}</svg>'
    )
