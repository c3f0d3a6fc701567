"""Whether the marginal effect falls along the scale, and in what words the numbers permit to say so."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import stats

from satloyal.models.curves.data import CurveData
from satloyal.models.curves.estimate import ShapeFit

__all__ = ["Returns", "Verdict", "diminishing"]

Verdict = Literal["supported", "not supported", "inconclusive", "not testable"]

_MATTERS = 0.5  # a fall of the marginal effect by half the average effect is one worth ruling out


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

    A selected curve supports the claim if its marginal effect falls from the bottom to the top of the
    observed scale by an amount whose interval excludes 0, and the outcome rises over the scale. A line never
    does; the claim is then *not supported* if the interval of the quadratic's change rules out a fall of half
    the average effect, and *inconclusive* otherwise. Intervals are conditional on the shape.
    """
    judge = "quadratic" if best == "linear" else best
    fit = None if judge is None else fits.get(judge)
    if fit is None or not fit.usable or fit.inference is None:
        why = "no shape could be fitted" if best is None else "it needs a curve beside the line"
        return _nothing(judge or "", f"Diminishing returns are not testable with these data: {why}.")
    ends = np.array([0.0, 1.0])
    slopes = fit.shape.slope(ends, fit.beta[None], fit.psi[None], data.axis)[0]
    gradient = np.diff(fit.shape.slope_gradient(ends, fit.beta, fit.psi, data.axis), axis=0)[0]
    difference = float(slopes[1] - slopes[0])
    reach = float(
        stats.t.ppf(0.5 + level / 2, fit.inference.df)
        * np.sqrt(max(gradient @ fit.inference.vcov @ gradient, 0))
    )
    low, high = difference - reach, difference + reach
    values = fit.shape.fitted(ends, fit.beta[None], fit.psi[None], data.axis)[0]
    average = float(values[1] - values[0]) / data.axis.span
    verdict, words = _words(best == "linear", average, low, high)
    figures = (
        f"the marginal effect of {data.x_name} on {data.y_name} is {slopes[0]:.2f} at {data.axis.origin:g} "
        f"and {slopes[1]:.2f} at {data.axis.origin + data.axis.span:g}, a change of {difference:.2f} "
        f"[{low:.2f}, {high:.2f}] by the {fit.shape.name} curve"
    )
    if fit.shape.places and judge == best:
        figures += f"; it is largest at the inflection, {fit.theta[fit.shape.places[0]]:.2f}"
    head = f"Diminishing returns: {verdict}" + (f" ({words})" if words else "")
    return Returns(
        verdict,
        fit.shape.name,
        float(slopes[0]),
        float(slopes[1]),
        difference,
        low,
        high,
        f"{head}; {figures}.",
    )


def _words(line: bool, average: float, low: float, high: float) -> tuple[Verdict, str]:
    if average <= 0:
        return "not supported", "the outcome does not rise along the scale"
    if line and low > -_MATTERS * average:
        return "not supported", "the line suffices, and a fall by half the average effect is ruled out"
    if line:
        return "inconclusive", "no curve is told from the line, and a substantial fall is not ruled out"
    if high < 0:
        return "supported", ""
    if low > 0:
        return "not supported", "the marginal effect rises"
    return "inconclusive", "the interval of the change includes 0"


def _nothing(shape: str, sentence: str) -> Returns:
    empty = float("nan")
    return Returns("not testable", shape, empty, empty, empty, empty, empty, sentence)
