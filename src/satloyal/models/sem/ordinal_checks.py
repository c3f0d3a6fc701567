"""Checks of ordinal items: tables too sparse for their correlations, and correlations that contradict."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from satloyal.models.fit import Check
from satloyal.models.sem.ordinal_robust import robust_reason

if TYPE_CHECKING:
    from satloyal.models.sem.result import SemFit

__all__ = [
    "definite_correlations",
    "negative_residuals",
    "rare_categories",
    "robust_measures_known",
    "sparse_tables",
]

_FEW = 5.0  # answers expected in a cell
_SPARSE = 0.20  # share of cells with fewer
_SHOWN = 5
_RARE = 5  # answers that a threshold should rest on
_MANY = 15  # categories from which an item is as good as continuous


def sparse_tables(fit: SemFit) -> Check | None:
    """Judge whether the cross-tables of items are full enough for their correlations."""
    ordinal = fit.input.ordinal
    if ordinal is None:
        return None
    worst, pair, thin, total = 0.0, "", 0, 0
    for group in ordinal.groups:
        share = group.weights / group.weights.sum()
        margins = {}
        for item in np.flatnonzero(group.ordered).tolist():
            margins[item] = np.bincount(group.coded.codes[:, item], share, int(group.layout.sizes[item]))
        for k in group.layout.ordinal_pairs:
            i, j = int(group.layout.first[k]), int(group.layout.second[k])
            few = float((group.n * np.outer(margins[i], margins[j]) < _FEW).mean())
            thin, total = thin + (few > _SPARSE), total + 1
            if few > worst:
                worst, pair = few, f"{group.names[i]} with {group.names[j]}"
    if not total:
        return None
    text = f"{thin} of {total} cross-tables have fewer than {_FEW:g} answers expected in over "
    text += f"{100 * _SPARSE:.0f} % of their cells" + (f"; the sparsest is {pair}" if thin else "")
    return Check(
        "sparse tables", "warn" if thin else "pass", text, value=worst, threshold=_SPARSE,
        advice="polychorics of sparse tables vary more than their errors say, and so do scaled tests: merge "
        "rare categories and see whether results hold" if thin else "",
        source="Cochran 1954, Biometrics 10:417-451; Olsson 1979, Psychometrika 44:443-460",
    )  # fmt: skip


def rare_categories(fit: SemFit) -> Check | None:
    """Judge whether each category has answers enough for its thresholds, and items not too many of them."""
    ordinal = fit.input.ordinal
    if ordinal is None:
        return None
    rare, least = [], np.inf
    for group in ordinal.groups:
        place = f" in group {group.label}" if len(ordinal.groups) > 1 else ""
        for item in np.flatnonzero(group.ordered).tolist():
            counts = np.bincount(group.coded.codes[:, item], minlength=int(group.layout.sizes[item]))
            least = min(least, float(counts.min()))
            level = group.coded.levels[item]
            rare += [f"{group.names[item]} = {level[k]:g}{place} ({counts[k]})"
                     for k in np.flatnonzero(counts < _RARE)]  # fmt: skip
    first = ordinal.groups[0]
    many = [f"{first.names[i]} ({first.layout.sizes[i]})" for i in np.flatnonzero(first.layout.sizes > _MANY)]
    parts, advice = [], []
    if rare:
        more = f" and {len(rare) - _SHOWN} more" if len(rare) > _SHOWN else ""
        parts.append(f"fewer than {_RARE} answers: {', '.join(rare[:_SHOWN])}{more}")
        advice.append("merge rare categories with their neighbours, or leave an item out that hardly varies")
    if many:
        more = f" and {len(many) - _SHOWN} more" if len(many) > _SHOWN else ""
        parts.append(f"over {_MANY} categories: {', '.join(many[:_SHOWN])}{more}")
        advice.append("items as fine as that are better taken as continuous, with estimator='MLR'")
    return Check(
        "categories", "warn" if parts else "pass",
        "; ".join(parts) or f"every category of every item has {_RARE} answers or more",
        value=least, threshold=float(_RARE), advice="; ".join(advice),
        source="Rhemtulla, Brosseau-Liard & Savalei 2012, Psychol. Methods 17:354-373",
    )  # fmt: skip


def definite_correlations(fit: SemFit) -> Check | None:
    """Judge whether the correlations, each estimated from two items alone, can hold together."""
    ordinal = fit.input.ordinal
    if ordinal is None:
        return None
    least = min(float(np.linalg.eigvalsh(g.correlation)[0]) for g in ordinal.groups)
    if least > 0:
        return Check(
            "polychoric correlations", "pass", "their matrix is positive definite", value=least, threshold=0.0
        )
    return Check(
        "polychoric correlations", "warn",
        f"their matrix is not positive definite (smallest eigenvalue {least:.3g}): nothing was smoothed, and "
        "there are no robust CFI and RMSEA",
        value=least, threshold=0.0,
        advice="too few respondents for so many items or categories: merge rare categories, or drop items "
        "that say the same",
        source="Savalei 2021, Multivariate Behav. Res. 56:390-407",
    )  # fmt: skip


def robust_measures_known(fit: SemFit) -> Check | None:
    """Say why CFI and RMSEA are only scaled ones, where that is so."""
    if fit.input.ordinal is None or fit.df == 0 or "cfi_scaled" not in fit.glance().index:
        return None
    reason = robust_reason(fit)
    if not reason:
        return None
    return Check(
        "robust fit measures", "not_applicable",
        f"{reason}; those shown are scaled ones, which tend to look better than they should",
        source="Savalei 2021, Multivariate Behav. Res. 56:390-407",
    )  # fmt: skip


def negative_residuals(fit: SemFit) -> Check | None:
    """Find items of the delta parameterisation that factors explain by more than all of their variance."""
    if fit.input.ordinal is None or fit.input.ordinal.theta:
        return None
    table = fit.tidy()
    computed = (table["op"] == "~~") & (table["lhs"] == table["rhs"]) & (table["free"] == 0)
    bad = table[computed & (table["est"] < 0)]
    if not len(bad):
        return None
    shown = ", ".join(f"{r.lhs} ~~ {r.rhs} = {r.est:.4f}" for r in bad.head(_SHOWN).itertuples())
    return Check(
        "variances", "fail",
        f"the residual variance of an ordinal item is negative (a Heywood case): {shown}",
        value=float(bad["est"].min()), threshold=0.0,
        advice="a model or a sample that is too small for it; do not read estimates that touch this variable",
        source="Kolenikov & Bollen 2012, Sociol. Methods Res. 41:124-167",
    )  # fmt: skip
