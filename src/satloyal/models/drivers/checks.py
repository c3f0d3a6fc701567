"""Judgements about a driver analysis: what would make its shares or their order untrustworthy."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import stats

from satloyal.models.fit import Check, Status

if TYPE_CHECKING:
    from satloyal.models.drivers.result import DriversFit

__all__ = ["judge"]

_VIF = 10.0
_ROWS_PER_DRIVER = 10
_FEW_CLUSTERS = 30
_LOST = 0.05
_ALPHA = 0.05
_SMALLEST_P = 0.001
_MC_SHARE = 0.01


def judge(fit: DriversFit) -> tuple[Check, ...]:
    """Return every check that applies."""
    found = [_explained(fit), _size(fit), _collinearity(fit), _suppression(fit), _separation(fit)]
    if fit.draws is not None:
        found.append(_replicates(fit))
    if fit.orders is not None:
        found.append(_monte_carlo(fit))
    if fit.data.clusters is not None:
        found.append(_clusters(fit.data.clusters))
    return tuple(found)


def _status(good: bool) -> Status:
    return "pass" if good else "warn"


def _explained(fit: DriversFit) -> Check:
    """F test of R² = 0: shares of nothing explained say nothing."""
    p, n, r2 = len(fit.data.drivers), fit.data.n_effective, fit.r2
    rest = n - p - 1
    if rest <= 0:
        text = f"n = {n:.0f} leaves no degrees of freedom for {p} drivers"
        return Check("explained", "fail", text, n, p + 1, "use fewer drivers or more respondents")
    with np.errstate(divide="ignore"):
        pvalue = float(stats.f.sf(np.divide(r2 / p, max(1 - r2, 0.0) / rest), p, rest))
    said = "p < .001" if pvalue < _SMALLEST_P else f"p = {pvalue:.3f}"
    text = f"the drivers together explain R² = {r2:.3f} ({said})"
    advice = (
        "" if pvalue < _ALPHA else "what is shared out cannot be told from zero: make no claim from shares"
    )
    return Check("explained", "pass" if pvalue < _ALPHA else "fail", text, pvalue, _ALPHA, advice, "F test")


def _size(fit: DriversFit) -> Check:
    each = fit.data.n_effective / len(fit.data.drivers)
    text = f"{each:.1f} {'effective ' if fit.data.n_effective < fit.data.n else ''}respondents a driver"
    advice = (
        "" if each >= _ROWS_PER_DRIVER else "R² and the smaller shares are biased upwards: use fewer drivers"
    )
    return Check("sample size", _status(each >= _ROWS_PER_DRIVER), text, each, _ROWS_PER_DRIVER, advice)


def _collinearity(fit: DriversFit) -> Check:
    j = int(np.argmax(fit.vif))
    most = float(fit.vif[j])
    text = f"the largest variance inflation factor is {most:.1f}, of {fit.data.drivers[j]}"
    advice = "" if most < _VIF else "near copies split one importance between them: put them in one score"
    source = "Kutner, Nachtsheim, Neter & Li 2005, Applied Linear Statistical Models, section 10.5"
    return Check("collinearity", _status(most < _VIF), text, most, _VIF, advice, source)


def _suppression(fit: DriversFit) -> Check:
    turned = [
        f"{name} (r {r:.2f}, beta {b:.2f})"
        for name, r, b in zip(fit.data.drivers, fit.zero_order, fit.beta, strict=True)
        if r * b < 0
    ]
    if not turned:
        return Check("suppression", "pass", "no regression weight has another sign than its correlation", 0)
    text = f"the regression weight has another sign than the correlation for {', '.join(turned)}"
    advice = (
        "a share has no sign: it does not say that more of this driver raises the outcome when the others "
        "are held still"
    )
    return Check("suppression", "warn", text, len(turned), 0, advice)


def _separation(fit: DriversFit) -> Check:
    """Say how many neighbours in the order can be told apart."""
    if fit.draws is None:
        why = fit.data.no_draws or "no replicates were asked for"
        return Check("order", "not_applicable", f"without intervals the order cannot be judged: {why}")
    pairs = fit.differences()
    near = pairs[pairs["neighbours"]]
    apart = int((near["ci_lower"] > 0).sum())
    text = f"{apart} of {len(near)} neighbours in the order differ beyond their interval"
    advice = "" if apart == len(near) else "speak of groups of drivers, and see differences()"
    return Check("order", _status(apart == len(near)), text, apart, len(near), advice)


def _replicates(fit: DriversFit) -> Check:
    assert fit.draws is not None  # noqa: S101 - asked only with replicates
    share = fit.draws.lost / fit.draws.asked
    text = f"{fit.draws.lost} of {fit.draws.asked} replicates have collinear drivers or a constant"
    advice = "" if share <= _LOST else "the intervals leave these out and are a selection"
    return Check("replicates", _status(share <= _LOST), text, share, _LOST, advice)


def _monte_carlo(fit: DriversFit) -> Check:
    worst = float(fit.mc_error.max() / fit.r2) if fit.r2 > 0 else float("nan")
    text = f"the largest Monte Carlo error of a share is {100 * worst:.2f} percentage points"
    advice = "" if worst <= _MC_SHARE else "ask for more permutations="
    return Check("sampled orders", _status(worst <= _MC_SHARE), text, worst, _MC_SHARE, advice)


def _clusters(count: int) -> Check:
    text = f"{count} clusters are resampled"
    advice = "" if count >= _FEW_CLUSTERS else "with so few, percentile intervals are too narrow"
    return Check("clusters", _status(count >= _FEW_CLUSTERS), text, count, _FEW_CLUSTERS, advice)
