"""Whether the marginal effect falls along the scale, and in what words the numbers permit to say so."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from satloyal.models.curves.data import CurveData
from satloyal.models.curves.estimate import ShapeFit
from satloyal.models.curves.inference import wald

__all__ = ["Returns", "Verdict", "diminishing"]

Verdict = Literal["supported", "not supported", "inconclusive", "not testable"]

_MATTERS = 0.5  # a fall of the marginal effect by half the line's slope is one worth ruling out
_ENDS = np.array([0.0, 1.0])


@dataclass(frozen=True, slots=True)
class Returns:
    """The marginal effect at both ends of the observed scale.

    Parameters
    ----------
    verdict : {"supported", "not supported", "inconclusive", "not testable"}
        On diminishing returns.
    shape : str
        The shape it was judged with (the quadratic where the line is selected).
    bottom, top : float
        Marginal effect at the smallest and largest observed x, in units of y per unit of x.
    difference, ci_lower, ci_upper : float
        Top minus bottom with its delta-method interval.
    sentence : str
        The verdict in words.
    """

    verdict: Verdict
    shape: str
    bottom: float
    top: float
    difference: float
    ci_lower: float
    ci_upper: float
    sentence: str


def diminishing(data: CurveData, fits: dict[str, ShapeFit], best: str | None, level: float) -> Returns:
    """Judge diminishing returns by the selected curve, or by the quadratic against the selected line.

    The claim presumes that the outcome rises: the interval of its change over the observed scale, by the
    selected shape, must lie above 0. A selected curve then supports the claim if its marginal effect falls
    from the bottom to the top of the observed scale by an amount whose interval excludes 0. A line never
    does; the claim is then *not supported* if the interval of the quadratic's change rules out a fall of
    half the line's slope, and *inconclusive* otherwise. Intervals are conditional on the shape.
    """
    judge = "quadratic" if best == "linear" else best
    fit = None if judge is None else fits.get(judge)
    if fit is None or not fit.usable or fit.inference is None:
        why = "no shape could be fitted" if best is None else "it needs a curve beside the line"
        return _nothing(judge or "", f"Diminishing returns are not testable with these data: {why}.")
    change = _Contrast.of(fit, data, slope=True, level=level)
    chosen = fits[best] if best is not None else fit
    rise = _Contrast.of(chosen, data, slope=False, level=level)
    ends = fit.shape.slope(_ENDS, fit.beta[None], fit.psi[None], data.axis)[0]
    verdict, words = _words(best == "linear", rise, change)
    figures = (
        f"the marginal effect of {data.x_name} on {data.y_name} is {ends[0]:.2f} at {data.axis.origin:.4g} "
        f"and {ends[1]:.2f} at {data.axis.origin + data.axis.span:.4g}, a change of {change.value:.2f} "
        f"[{change.low:.2f}, {change.high:.2f}] by the {fit.shape.name} curve"
    )
    if fit.shape.places and judge == best:
        figures += f"; it is largest at the inflection, {fit.theta[fit.shape.places[0]]:.2f}"
    sentence = f"Diminishing returns: {verdict}{f' ({words})' if words else ''}; {figures}."
    bottom, top = float(ends[0]), float(ends[1])
    return Returns(verdict, fit.shape.name, bottom, top, change.value, change.low, change.high, sentence)


@dataclass(frozen=True, slots=True)
class _Contrast:
    """Top of the observed scale minus its bottom, of the slope or of the curve per unit of x."""

    value: float
    low: float
    high: float

    @classmethod
    def of(cls, fit: ShapeFit, data: CurveData, *, slope: bool, level: float) -> _Contrast:
        shape, axis = fit.shape, data.axis
        if fit.inference is None:
            return cls(np.nan, np.nan, np.nan)
        if slope:
            values = shape.slope(_ENDS, fit.beta[None], fit.psi[None], axis)[0]
            gradient = np.diff(shape.slope_gradient(_ENDS, fit.beta, fit.psi, axis), axis=0)[0]
        else:
            values = shape.fitted(_ENDS, fit.beta[None], fit.psi[None], axis)[0] / axis.span
            gradient = np.diff(shape.gradient(_ENDS, fit.beta, fit.psi, axis), axis=0)[0] / axis.span
        se = np.sqrt(max(float(gradient @ fit.inference.vcov @ gradient), 0.0))
        value = float(values[1] - values[0])
        low, high = wald(np.array([value]), np.array([se]), fit.inference.df, level)
        return cls(value, float(low[0]), float(high[0]))


def _words(line: bool, rise: _Contrast, change: _Contrast) -> tuple[Verdict, str]:
    if rise.high < 0:
        return "not supported", "the outcome falls along the scale"
    if rise.low <= 0:
        return "inconclusive", "it is not settled that the outcome rises along the scale"
    if line and change.low > -_MATTERS * rise.value:
        return "not supported", "the line suffices, and a fall by half its slope is ruled out"
    if line:
        return "inconclusive", "no curve is told from the line, and a substantial fall is not ruled out"
    if change.high < 0:
        return "supported", ""
    if change.low > 0:
        return "not supported", "the marginal effect rises"
    return "inconclusive", "the interval of the change includes 0"


def _nothing(shape: str, sentence: str) -> Returns:
    empty = float("nan")
    return Returns("not testable", shape, empty, empty, empty, empty, empty, sentence)
