"""Response curves: how the outcome answers along the whole scale of the predictor."""

from __future__ import annotations

from functools import partial

from matplotlib.figure import Figure

from satloyal.models.curves import CurveFit
from satloyal.reporting import numbers
from satloyal.reporting.figures.curves import draw_curve
from satloyal.reporting.inputs import Inputs
from satloyal.reporting.parts import Callout, Paragraph, Part, Picture, Section
from satloyal.reporting.tables import curves as tables

__all__ = ["curve_figure", "curves"]


def curves(inputs: Inputs) -> Section | None:
    """Show each curve with its marginal effect, and the shapes compared."""
    if not inputs.curves:
        return None
    parts: list[Part] = []
    for i, curve in enumerate(inputs.curves, start=1):
        suffix = f"_{i}" if len(inputs.curves) > 1 else ""
        if curve.best is None:
            parts.append(Callout("bad", "No shape could be fitted", curve.headline()))
        else:
            parts.append(Paragraph(curve.verdict()))
            parts.append(_picture(curve, f"curve{suffix}"))
        parts += [
            tables.shapes(curve, f"curve_shapes{suffix}"),
            tables.parameters(curve, f"curve_parameters{suffix}"),
        ]
    method = (
        "Response curves of several shapes were fitted to the same answers and compared by AICc and by "
        "cross-validation; "
        "bands hold at each point, not for the whole curve."
    )
    return Section(
        "curves", "Response curve", tuple(parts), (method,), ("hurvich_tsai1989", "burnham_anderson2002")
    )


def curve_figure(curve: CurveFit, shape: str | None = None) -> Figure:
    """Draw one shape of a curve fit (the selected one by default), with the straight line beside it."""
    wanted = shape or curve.best
    line = "linear" if wanted != "linear" and "linear" in set(curve.comparison()["shape"]) else None
    return draw_curve(
        curve.curve(wanted),
        x=curve.x_name,
        y=curve.y_name,
        points=curve.points(),
        other=curve.curve(line) if line else None,
        label=f"{wanted} curve with 95 % band" if wanted else "curve",
    )


def _picture(curve: CurveFit, name: str) -> Picture:
    made = curve.curve()
    first, last = made.iloc[0], made.iloc[-1]
    alt = (
        f"{curve.y_name} over {curve.x_name}, {curve.best} curve: {numbers.number(first.fit)} at "
        f"{numbers.number(first.x)}, {numbers.number(last.fit)} at {numbers.number(last.x)}. Marginal effect "
        f"{numbers.number(first.marginal)} at the lower end, {numbers.number(last.marginal)} at the "
        "upper end."
    )
    caption = (
        f"{curve.y_name} over the scale of {curve.x_name}: the selected shape ({curve.best}) with its "
        "95 % band, and below "
        f"it the marginal effect, which is what one more point of {curve.x_name} goes with at each place."
    )
    return Picture(name, caption, alt, partial(curve_figure, curve))
