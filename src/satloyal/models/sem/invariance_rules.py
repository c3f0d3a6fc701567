"""Rules of measurement invariance: from changes in fit to a verdict, each with its source."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import special

__all__ = [
    "SOURCES",
    "Change",
    "Limits",
    "Rule",
    "Verdict",
    "difference_test",
    "judge",
    "judge_alone",
    "limits",
]

Rule = Literal["chen2007", "cheung_rensvold2002", "chisq"]
Word = Literal["supported", "not supported", "inconclusive", "not testable"]

SOURCES: Mapping[Rule, str] = {
    "chen2007": "Chen 2007, Struct. Equ. Modeling 14:464-504",
    "cheung_rensvold2002": "Cheung & Rensvold 2002, Struct. Equ. Modeling 9:233-255",
    "chisq": "likelihood ratio; Jöreskog 1971, Psychometrika 36:409-426",
}
_MANY_GROUPS = "Rutkowski & Svetina 2014, Educ. Psychol. Meas. 74:31-57"
_MANY = 10
_SMALL = 300
_ALONE = (
    "Hu & Bentler 1999, Struct. Equ. Modeling 6:1-55; Vandenberg & Lance 2000, Organ. Res. Methods 3:4-70"
)


@dataclass(frozen=True, slots=True)
class Limits:
    """How far fit may fall from one step to the next.

    Parameters
    ----------
    cfi : float
        Largest fall of the CFI.
    rmsea, srmr : float
        Largest rise of the RMSEA and the SRMR; NaN where the rule does not use one.
    source : str
    """

    cfi: float
    rmsea: float
    srmr: float
    source: str


@dataclass(frozen=True, slots=True)
class Change:
    """How fit changes from one step to the next, later minus earlier.

    Parameters
    ----------
    chisq, df, pvalue : float
        The chi-square difference test, scaled where the fits are.
    cfi, rmsea, srmr : float
    reason : str
        Why the difference test is undefined, if it is.
    """

    chisq: float
    df: int
    pvalue: float
    cfi: float
    rmsea: float
    srmr: float
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a step's figures say, and why."""

    word: Word
    reason: str
    source: str = ""


def limits(step: str, n: int, groups: int) -> Limits:
    """Return the limits for a step.

    Chen (2007, p. 501): with n ≤ 300 ΔCFI −.005, ΔRMSEA .010 and ΔSRMR .025 for loadings (.005 for
    intercepts and residuals); with more ΔCFI −.010, ΔRMSEA .015 and ΔSRMR .030 (.010). With ten groups or
    more those of Rutkowski & Svetina (2014): ΔCFI −.020 and ΔRMSEA .030 for loadings, −.010 and .010 after.

    Parameters
    ----------
    step : str
        ``"metric"`` or a later one.
    n : int
        Respondents over all groups.
    groups : int

    Examples
    --------
    >>> limits("scalar", 250, 2).cfi, limits("metric", 900, 3).srmr
    (0.005, 0.03)
    """
    first = step in ("thresholds", "metric")
    if groups >= _MANY:
        return Limits(0.020 if first else 0.010, 0.030 if first else 0.010, float("nan"), _MANY_GROUPS)
    if n <= _SMALL:
        return Limits(0.005, 0.010, 0.025 if first else 0.005, SOURCES["chen2007"])
    return Limits(0.010, 0.015, 0.030 if first else 0.010, SOURCES["chen2007"])


def judge(change: Change, limit: Limits, rule: Rule, alpha: float) -> Verdict:
    """Judge a step by the change of fit it costs.

    ``"chen2007"``: *not supported* when the CFI falls by more than its limit and the RMSEA or the SRMR rises
    by more than theirs; *supported* when the CFI stays within its limit and at least one of the others does;
    else *inconclusive*. ``"cheung_rensvold2002"``: the CFI alone, limit .01. ``"chisq"``: the test alone.

    Examples
    --------
    >>> judge(Change(8.19, 6, .22, -.002, -.004, .004), limits("metric", 301, 2), "chen2007", .05).word
    'supported'
    """
    test = _test_words(change, alpha)
    if change.df <= 0:
        return Verdict("not testable", "the step holds nothing equal that was free before", limit.source)
    if rule == "chisq":
        if np.isnan(change.pvalue):
            return Verdict("not testable", change.reason or "the difference test is undefined", SOURCES[rule])
        word: Word = "supported" if change.pvalue >= alpha else "not supported"
        return Verdict(word, test, SOURCES[rule])
    if np.isnan(change.cfi):
        return Verdict("not testable", "the CFI is undefined", SOURCES[rule])
    if rule == "cheung_rensvold2002":
        fell = change.cfi < -0.01
        text = f"ΔCFI {change.cfi:+.3f} ({'beyond' if fell else 'within'} −.01); {test}"
        return Verdict("not supported" if fell else "supported", text, SOURCES[rule])
    fell = change.cfi < -limit.cfi
    rose = [
        d > top for d, top in ((change.rmsea, limit.rmsea), (change.srmr, limit.srmr)) if not np.isnan(top)
    ]
    text = f"{_figures(change, limit)}; {test}"
    if fell and any(rose):
        return Verdict("not supported", text, limit.source)
    if fell or all(rose):
        return Verdict("inconclusive", f"the indices disagree: {text}", limit.source)
    return Verdict("supported", text, limit.source)


def _figures(change: Change, limit: Limits) -> str:
    parts = []
    for name, value, top, sign in (
        ("CFI", change.cfi, limit.cfi, "−"),
        ("RMSEA", change.rmsea, limit.rmsea, ""),
        ("SRMR", change.srmr, limit.srmr, ""),
    ):
        if not np.isnan(top):
            beyond = -value > top if name == "CFI" else value > top
            short = f"{top:.3f}".lstrip("0")
            parts.append(f"Δ{name} {value:+.3f} ({'beyond' if beyond else 'within'} {sign}{short})")
    return ", ".join(parts)


def _test_words(change: Change, alpha: float) -> str:
    if np.isnan(change.pvalue):
        return f"Δχ² undefined: {change.reason}" if change.reason else "Δχ² undefined"
    p = "p < .001" if change.pvalue < 0.001 else f"p = {change.pvalue:.3f}"
    word = "does not reject" if change.pvalue >= alpha else "rejects"
    return f"Δχ²({change.df}) = {change.chisq:.2f}, {p}, {word}"


def judge_alone(cfi: float, rmsea: float, srmr: float) -> Verdict:
    """Judge the first step, where nothing is equal but the pattern, by how well it fits.

    *Supported* with CFI ≥ .95, RMSEA ≤ .08 and SRMR ≤ .08; *not supported* with CFI < .90 or SRMR > .10;
    between them *inconclusive*, and the steps go on.

    Examples
    --------
    >>> judge_alone(.923, .097, .068).word
    'inconclusive'
    """
    text = f"CFI {cfi:.3f}, RMSEA {rmsea:.3f}, SRMR {srmr:.3f}"
    if np.isnan([cfi, rmsea, srmr]).any():
        return Verdict("inconclusive", f"the fit cannot be judged (too few restrictions): {text}", _ALONE)
    if cfi < 0.90 or srmr > 0.10:
        return Verdict("not supported", f"the pattern itself fits badly in these groups: {text}", _ALONE)
    if cfi >= 0.95 and rmsea <= 0.08 and srmr <= 0.08:
        return Verdict("supported", text, _ALONE)
    return Verdict("inconclusive", f"the pattern fits only roughly: {text}", _ALONE)


def difference_test(
    chisq: tuple[float, float], df: tuple[int, int], scaling: tuple[float, float] = (1.0, 1.0)
) -> tuple[float, int, float, str]:
    """Chi-square difference test of nested models, scaled where the tests are.

    T = (T₀ − T₁) / c with c = (df₀ c₀ − df₁ c₁) / (df₀ − df₁) and unscaled T₀, T₁ (Satorra & Bentler 2001,
    *Psychometrika* 66:507-514).

    Parameters
    ----------
    chisq, df, scaling : tuple
        Unscaled chi-square, degrees of freedom and scaling factor of the restricted and of the freer model.

    Returns
    -------
    statistic : float
    df : int
    pvalue : float
    reason : str
        Why it is undefined, if it is.

    Examples
    --------
    >>> statistic, df, p, _ = difference_test((124.044, 115.851), (54, 48))
    >>> round(statistic, 3), df, round(p, 3)
    (8.193, 6, 0.224)
    """
    more = df[0] - df[1]
    if more <= 0:
        return float("nan"), more, float("nan"), "the models have the same degrees of freedom"
    scale = (df[0] * scaling[0] - df[1] * scaling[1]) / more
    if not np.isfinite(scale) or scale <= 0:
        return float("nan"), more, float("nan"), "the scaling of the difference is not positive"
    statistic = (chisq[0] - chisq[1]) / scale
    return statistic, more, float(special.chdtrc(more, max(statistic, 0.0))), ""
