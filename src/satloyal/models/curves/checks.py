"""Judgements about a response curve: what would make its numbers or its shape untrustworthy."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import stats

from satloyal.models.curves.data import CurveData
from satloyal.models.curves.estimate import EXACT, ShapeFit
from satloyal.models.curves.inference import Covariance
from satloyal.models.curves.select import WORTH, Selection
from satloyal.models.curves.shapes import Array
from satloyal.models.fit import Check, Status

__all__ = ["NONLINEARITY", "judge"]

NONLINEARITY = "nonlinearity"

_ROWS_PER_PARAMETER = 10
_DISTINCT = 5
_CEILING = 0.15
_BOTTOM_SHARE, _BOTTOM_ROWS = 0.05, 10
_COOK = 0.5
_ALPHA = 0.05
_SMALL = 50
_FEW_CLUSTERS = 30


def judge(
    data: CurveData, fits: Sequence[ShapeFit], selection: Selection, kind: Covariance
) -> tuple[Check, ...]:
    """Return every check that applies, convergence first."""
    best = next((f for f in fits if f.shape.name == selection.best), None)
    always = [_convergence(fits), _nonlinearity(selection), _distinct(data), _support(data)]
    always += [_bound(data, "ceiling"), _bound(data, "floor")]
    if data.cluster is not None:
        always.append(_clusters(data))
    if best is None:
        return tuple(always)
    residual = data.y - best.shape.fitted(data.u, best.beta[None], best.psi[None], data.axis)[0]
    always.append(_reach(data, best))
    if best.rss <= EXACT * data.n * np.var(data.y):
        return (*always, _size(data, best))
    spread = _spread(data, residual, kind)
    return (*always, _size(data, best), _influence(data, best), spread, _normality(data, residual))


def _convergence(fits: Sequence[ShapeFit]) -> Check:
    lost = [f for f in fits if not f.usable]
    share = 1 - len(lost) / len(fits)
    if not lost:
        text = f"all {len(fits)} shapes converged and are identified"
        return Check("convergence", "pass", text, share, 1.0)
    why = "; ".join(f"{f.shape.name}: {f.reason}" for f in lost)
    text = f"{len(lost)} of {len(fits)} shapes cannot be used ({why})"
    advice = "their numbers are left empty and they were not candidates; the remaining comparison stands"
    return Check("convergence", "warn" if share > 0 else "fail", text, share, 1.0, advice)


def _nonlinearity(selection: Selection) -> Check:
    name, source = NONLINEARITY, "Burnham & Anderson 2002, sections 2.6 and 2.9"
    gain, best, by_error = selection.nonlinear_gain, selection.best, selection.by_error
    if not np.isfinite(gain) or best is None:
        text = "not testable: needs the line and at least one curve that converged"
        return Check(name, "not_applicable", text, None, WORTH, source=source)
    against = f"AICc of the line minus that of the {selection.rival} curve is {gain:.1f}"
    if best != "linear":
        text = f"supported: the {best} curve beats the line in cross-validation and AICc ({against})"
        return Check(name, "pass", text, gain, WORTH, source=source)
    if gain >= WORTH or by_error != "linear":
        text = f"inconclusive, the line is kept: {against}, and cross-validation selects the {by_error} shape"
        return Check(name, "warn", text, gain, WORTH, "do not claim a curve on these data alone", source)
    text = f"not supported: no curve predicts better than the line ({against})"
    return Check(name, "pass", text, gain, WORTH, source=source)


def _size(data: CurveData, best: ShapeFit) -> Check:
    ratio = data.n_effective / best.k
    text = f"{data.n_effective:.0f} (effective) rows for {best.k} parameters, {ratio:.0f} each"
    status: Status = "pass" if ratio >= _ROWS_PER_PARAMETER else "warn"
    advice = "" if status == "pass" else "read the intervals as rough; prefer the line"
    return Check(
        "sample size",
        status,
        text,
        ratio,
        _ROWS_PER_PARAMETER,
        advice,
        "Harrell 2015, Regression Modeling Strategies, section 4.4",
    )


def _distinct(data: CurveData) -> Check:
    count = int(np.unique(data.x).size)
    text = f"{data.x_name} takes {count} distinct values"
    status: Status = "pass" if count >= _DISTINCT else "warn"
    advice = "" if status == "pass" else "few points on the x axis cannot tell curves apart"
    return Check("distinct values", status, text, count, _DISTINCT, advice)


def _support(data: CurveData) -> Check:
    """Satisfaction is skewed: the bend often rests on a handful of unhappy people."""
    low = data.u <= 0.25
    share = float(data.weight[low].sum() / data.weight.sum())
    text = f"{int(low.sum())} rows ({share:.1%}) lie in the lowest quarter of the range of {data.x_name}"
    enough = share >= _BOTTOM_SHARE and low.sum() >= _BOTTOM_ROWS
    advice = (
        "" if enough else "what the curve does there rests on few people; look at the band and the points"
    )
    return Check("support at the bottom", "pass" if enough else "warn", text, share, _BOTTOM_SHARE, advice)


def _bound(data: CurveData, side: str) -> Check:
    edge = data.y_range[side == "ceiling"]
    share = float(data.weight[data.y == edge].sum() / data.weight.sum())
    text = f"{share:.1%} of {data.y_name} is at {'the top' if side == 'ceiling' else 'the bottom'} ({edge:g})"
    status: Status = "pass" if share <= _CEILING else "warn"
    advice = (
        ""
        if status == "pass"
        else "a flattening there may be the answer scale and not the people; consider an ordinal model"
    )
    source = "Terwee et al. 2007, J. Clinical Epidemiology 60"
    return Check(f"{side} of the outcome", status, text, share, _CEILING, advice, source)


def _reach(data: CurveData, best: ShapeFit) -> Check:
    """Warn where the selected curve promises answers that the scale does not have."""
    ends = best.shape.fitted(np.linspace(0, 1, 101), best.beta[None], best.psi[None], data.axis)[0]
    beyond = float(max(data.y_range[0] - ends.min(), ends.max() - data.y_range[1], 0.0))
    verb, far = ("leaves", f" by {beyond:.2g}") if beyond > 0 else ("stays within", "")
    text = f"the {best.shape.name} curve {verb} {data.y_range[0]:g} to {data.y_range[1]:g}{far}"
    status: Status = "warn" if beyond > 0 else "pass"
    advice = "do not read predictions there as answers" if beyond > 0 else ""
    return Check("range of the outcome", status, text, beyond, 0.0, advice)


def _clusters(data: CurveData) -> Check:
    count = 0 if data.cluster is None else int(data.cluster.max()) + 1
    text = f"{count} clusters"
    status: Status = "pass" if count >= _FEW_CLUSTERS else "warn"
    advice = "" if status == "pass" else "cluster-robust errors are too small with few clusters"
    return Check(
        "clusters", status, text, count, _FEW_CLUSTERS, advice, "Cameron & Miller 2015, J. Human Resources 50"
    )


def _influence(data: CurveData, best: ShapeFit) -> Check:
    cook = np.full(data.n, np.nan) if best.inference is None else best.inference.cook
    at = int(np.nanargmax(cook))
    place = f"{data.x_name} = {data.x[at]:g}, {data.y_name} = {data.y[at]:g}"
    text = f"largest Cook's distance {cook[at]:.2f} ({place})"
    status: Status = "pass" if cook[at] < _COOK else "warn"
    advice = "" if status == "pass" else "fit again without that row and compare"
    return Check(
        "influential rows", status, text, float(cook[at]), _COOK, advice, "Cook & Weisberg 1982, 3.5"
    )


def _spread(data: CurveData, residual: Array, kind: Covariance) -> Check:
    """Score test of Koenker (1981, J. Econometrics 17): n R² of squared residuals on u and u²."""
    design = np.column_stack([np.ones(data.n), data.u, data.u**2])
    square = residual**2
    left = square - design @ np.linalg.lstsq(design, square, rcond=None)[0]
    total = np.sum((square - square.mean()) ** 2)
    statistic = data.n * (1 - float(np.sum(left**2)) / total) if total > 0 else 0.0
    p = float(stats.chi2.sf(statistic, 2))
    uneven = p < _ALPHA
    finding = "changes" if uneven else "does not visibly change"
    text = f"the residual spread {finding} along the scale (p = {p:.3g})"
    text += (
        "; standard errors assume that it does not"
        if kind == "classical"
        else f"; {kind} errors allow for it"
    )
    status: Status = "warn" if uneven and kind == "classical" else "pass"
    advice = "use covariance='HC3'" if status == "warn" else ""
    return Check("heteroscedasticity", status, text, p, _ALPHA, advice, "Koenker 1981")


def _normality(data: CurveData, residual: Array) -> Check:
    """Jarque & Bera (1987): matters for AICc's Gaussian likelihood and for t intervals in small samples."""
    p = float(np.asarray(stats.jarque_bera(residual).pvalue))
    crooked = p < _ALPHA
    text = (
        f"residuals are {'not normal' if crooked else 'compatible with a normal distribution'} (p = {p:.3g})"
    )
    small = data.n_effective < _SMALL
    if crooked and not small:
        text += "; at this sample size intervals do not hang on it"
    status: Status = "warn" if crooked and small else "pass"
    advice = "compare with bootstrap() intervals" if status == "warn" else ""
    return Check(
        "normality", status, text, p, _ALPHA, advice, "Jarque & Bera 1987, Int. Statistical Review 55"
    )
