"""Fit measures of scaled tests: scaled and robust versions, under lavaan's names."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd

from satloyal.models.sem import fit_indices as fi
from satloyal.models.sem.robust import ScaledTest

__all__ = ["Scaling", "mplus_test", "robust_measures", "scaled_measures", "scaled_undefined"]

_NAMES = (
    "chisq_scaled", "df_scaled", "pvalue_scaled", "chisq_scaling_factor", "baseline_chisq_scaled",
    "baseline_df_scaled", "baseline_pvalue_scaled", "baseline_chisq_scaling_factor", "cfi_scaled",
    "tli_scaled", "nnfi_scaled", "rfi_scaled", "nfi_scaled", "pnfi_scaled", "ifi_scaled", "rni_scaled",
    "rmsea_scaled", "rmsea_ci_lower_scaled", "rmsea_ci_upper_scaled", "rmsea_pvalue_scaled",
    "rmsea_notclose_pvalue_scaled", "cfi_robust", "tli_robust", "nnfi_robust", "rni_robust", "rmsea_robust",
    "rmsea_ci_lower_robust", "rmsea_ci_upper_robust", "rmsea_pvalue_robust", "rmsea_notclose_pvalue_robust",
    "scaling_factor_h1", "scaling_factor_h0",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Scaling:
    """A scaled test of the model and of its baseline, and what they scale.

    Parameters
    ----------
    model, baseline : ScaledTest
    chisq, df : float
        The plain test of the model.
    baseline_chisq, baseline_df : float
        The plain test of the baseline model.
    n : float
        Observations that stand in the test.
    groups : int
    """

    model: ScaledTest
    baseline: ScaledTest
    chisq: float
    df: float
    baseline_chisq: float
    baseline_df: float
    n: float
    groups: int


def scaled_undefined() -> pd.Series:
    """Return the scaled measures of a fit that failed: all NaN."""
    return pd.Series(np.nan, index=list(_NAMES), dtype=float)


def mplus_test(
    chisq: float, df: int, trace_model: float, trace_saturated: float, npar: tuple[int, int]
) -> ScaledTest:
    """Scale a χ² by the difference of two traces, as Mplus does.

    The factor is (tr(H₁⁻¹J₁) − tr(H₀⁻¹J₀)) / df, with H the observed information and J the first-order one of
    the saturated model (1) and of the model (0) (Asparouhov & Muthén 2005, after Yuan & Bentler 2000,
    *Sociological Methodology* 30:165-200).

    Parameters
    ----------
    chisq : float
    df : int
    trace_model, trace_saturated : float
    npar : tuple of int
        Parameters of the model and of the saturated model.
    """
    if df <= 0:
        return ScaledTest(chisq, df, math.nan)
    factor = (trace_saturated - trace_model) / df
    own, full = trace_model / npar[0], trace_saturated / npar[1]
    return ScaledTest(chisq / factor, df, factor, factor_model=own, factor_saturated=full)


def scaled_measures(s: Scaling) -> pd.Series:
    """Return the scaled and the robust measures.

    Notes
    -----
    Scaled measures put scaled statistics into the formulas of the plain ones. Robust ones estimate what the
    plain ones estimate: CFI 1 − (χ² − c df)/(χ²b − c_b df_b), RMSEA √((χ² − c df)/(n df)) (Brosseau-Liard,
    Savalei & Li 2012, *Multivariate Behav. Res.* 47:904-930; Brosseau-Liard & Savalei 2014, 49:460-470).
    """
    X, d, B, e = s.model.chisq, s.model.df, s.baseline.chisq, s.baseline.df
    # a test that is only scaled has its noncentrality on the scale of χ² with c df degrees of freedom
    shifted = s.model.shift != 0.0
    comparable = d == s.df or d <= e
    at = (X, d) if shifted else (s.chisq, s.model.factor * d)
    close, far = fi.rmsea_pvalues(*at, s.n, s.groups)
    low, high = fi.rmsea_interval(*at, s.n, s.groups)
    tli = fi.tli(X, d, B, e)
    values = {
        "chisq_scaled": X, "df_scaled": d, "pvalue_scaled": fi.chi2_sf(X, d),
        "chisq_scaling_factor": s.model.factor, "baseline_chisq_scaled": B, "baseline_df_scaled": e,
        "baseline_pvalue_scaled": fi.chi2_sf(B, e), "baseline_chisq_scaling_factor": s.baseline.factor,
        "cfi_scaled": fi.cfi(X, d, B, e), "tli_scaled": tli, "nnfi_scaled": tli,
        # with adjusted degrees of freedom the two statistics are no longer on one scale
        "rfi_scaled": fi.rfi(X, d, B, e) if comparable else math.nan,
        "nfi_scaled": fi.nfi(X, B) if comparable else math.nan, "pnfi_scaled": fi.pnfi(X, d, B, e),
        "ifi_scaled": fi.ifi(X, d, B), "rni_scaled": fi.rni(X, d, B, e),
        "rmsea_scaled": fi.rmsea(X, d, s.n, s.groups), "rmsea_ci_lower_scaled": low,
        "rmsea_ci_upper_scaled": high, "rmsea_pvalue_scaled": close, "rmsea_notclose_pvalue_scaled": far,
    }  # fmt: skip
    values |= robust_measures(s)
    values |= {"scaling_factor_h1": s.model.factor_saturated, "scaling_factor_h0": s.model.factor_model}
    return pd.Series(values, index=list(_NAMES), dtype=float)


def robust_measures(s: Scaling) -> dict[str, float]:
    """Return the robust measures by name; none where there is no scaling factor."""
    c, c_b = (t.factor if math.isnan(t.mean_factor) else t.mean_factor for t in (s.model, s.baseline))
    if s.df <= 0 or not math.isfinite(c) or not math.isfinite(c_b):
        return {}
    gap, gap_b = s.chisq - c * s.df, s.baseline_chisq - c_b * s.baseline_df
    top = max(gap, 0.0)
    bottom = max(gap, gap_b, 0.0)
    tli = 1 - gap * s.baseline_df / (gap_b * s.df) if gap_b else math.nan
    out = {
        "cfi_robust": 1 - top / bottom if bottom > 0 else 1.0,
        "tli_robust": tli,
        "nnfi_robust": tli,
        "rni_robust": 1 - gap / gap_b if gap_b else math.nan,
        "rmsea_robust": math.sqrt(max(gap, 0.0) / (s.n * s.df)) * math.sqrt(s.groups),
    }
    low, high = fi.rmsea_interval(s.model.chisq, s.model.df, s.n, s.groups)
    width = s.model.factor
    close, far = fi.rmsea_pvalues(s.model.chisq, s.model.df, s.n / width, s.groups)
    return out | {
        "rmsea_ci_lower_robust": math.sqrt(width) * low,
        "rmsea_ci_upper_robust": math.sqrt(width) * high,
        "rmsea_pvalue_robust": close,
        "rmsea_notclose_pvalue_robust": far,
    }
