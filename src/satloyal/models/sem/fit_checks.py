"""Checks of how well a model reproduces the moments: exactly, approximately, locally."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from satloyal.models.fit import Check
from satloyal.models.sem.words import short

if TYPE_CHECKING:
    from satloyal.models.sem.result import SemFit

__all__ = ["approximate_fit", "exact_fit", "independence", "local_fit"]

_HU_BENTLER = "Hu & Bentler 1999, Struct. Equ. Modeling 6:1-55"
_LARGE_RESIDUAL = 0.10
_FEW_DEGREES = 5
_UNRELATED = 0.05  # p-value of the baseline model from which items may as well be unrelated


def exact_fit(fit: SemFit) -> Check:
    """Judge the test of exact fit, scaled where there is a scaled one."""
    if fit.df == 0:
        return Check("exact fit", "not_applicable", "the model is saturated: it fits any data")
    g = fit.fit_figures()
    if np.isnan(g["pvalue"]):
        return Check(
            "exact fit", "not_applicable", "this statistic follows no known distribution: no p-value",
            advice="use an estimator with a scaled test, as ULSMV",
        )  # fmt: skip
    good = g["pvalue"] >= 0.05
    p = "p < .001" if g["pvalue"] < 0.001 else f"p = {short(g['pvalue'], 3)}"
    scaled = " (scaled)" if "chisq_scaled" in fit.glance().index else ""
    return Check(
        "exact fit", "pass" if good else "warn",
        f"χ²({g['df']:g}) = {g['chisq']:.2f}{scaled}, {p}: " + ("not rejected" if good else "rejected"),
        value=float(g["pvalue"]), threshold=0.05,
        advice="" if good else "look at the residuals for where the model misses, before trusting its paths",
        source="Jöreskog 1969, Psychometrika 34:183-202",
    )  # fmt: skip


def approximate_fit(fit: SemFit) -> Check:
    """Judge CFI, RMSEA and SRMR by the usual rules of thumb."""
    if fit.df == 0:
        return Check("approximate fit", "not_applicable", "the model is saturated: it fits any data")
    g = fit.fit_figures()
    rules = (
        (g["cfi"], g["cfi"] >= 0.95, f"CFI {short(g['cfi'], 3)} (≥ .95)"),
        (g["rmsea"], g["rmsea"] <= 0.06, f"RMSEA {short(g['rmsea'], 3)} (≤ .06)"),
        (g["srmr"], g["srmr"] <= 0.08, f"SRMR {short(g['srmr'], 3)} (≤ .08)"),
    )
    known = [(ok, text) for value, ok, text in rules if not np.isnan(value)]
    if not known:
        return Check("approximate fit", "not_applicable", "CFI, RMSEA and SRMR are undefined")
    missed = [text for ok, text in known if not ok]
    text = "all met: " if not missed else "not met: "
    text += ", ".join(missed or [t for _, t in known])
    source = _HU_BENTLER
    if fit.df < _FEW_DEGREES:
        text += f"; with {fit.df} degree{'s' if fit.df > 1 else ''} of freedom the RMSEA says little"
        source += "; Kenny, Kaniskan & McCoach 2015, Sociol. Methods Res. 44:486-507"
    return Check(
        "approximate fit", "pass" if not missed else "warn", text, value=float(g["cfi"]), threshold=0.95,
        advice="" if not missed else "see residuals; these are rules of thumb, not tests", source=source,
    )  # fmt: skip


def independence(fit: SemFit) -> Check | None:
    """Judge whether the items are related at all, without which CFI compares with nothing."""
    if fit.df == 0:
        return None
    g = fit.glance()
    p = float(g["baseline_pvalue"])
    if not p >= _UNRELATED:
        return None
    return Check(
        "related items", "warn",
        f"the items may as well be unrelated: that is not rejected (χ²({g['baseline_df']:.0f}) = "
        f"{g['baseline_chisq']:.2f}, p = {short(p, 3)}), so CFI, TLI and their kin compare with nothing",
        value=p, threshold=_UNRELATED,
        advice="do not read the incremental indices; look at the correlations before any model",
        source="Bentler & Bonett 1980, Psychol. Bull. 88:588-606",
    )  # fmt: skip


def local_fit(fit: SemFit) -> Check | None:
    """Judge the largest residual correlation."""
    if fit.df == 0:
        return None
    worst, pair, place = 0.0, ("", ""), ""
    for g in range(fit.ngroups):
        table = fit.residuals("cor", g)
        values = np.tril(table.to_numpy(), -1)
        i, j = np.unravel_index(int(np.argmax(np.abs(values))), values.shape)
        if abs(values[i, j]) > abs(worst):
            worst, pair = float(values[i, j]), (str(table.index[int(i)]), str(table.columns[int(j)]))
            place = f" in group {fit.group_labels[g]}" if fit.ngroups > 1 else ""
    good = abs(worst) <= _LARGE_RESIDUAL
    return Check(
        "local fit", "pass" if good else "warn",
        f"the largest residual correlation is {short(worst, 3)}, of {pair[1]} and {pair[0]}{place}",
        value=worst, threshold=_LARGE_RESIDUAL,
        advice="" if good else "the model does not explain why these two go together",
        source="Kline 2016, Principles and Practice of Structural Equation Modeling, p. 240",
    )  # fmt: skip
