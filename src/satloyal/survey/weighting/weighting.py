"""Weighting: weights with their targets, what was reached, and what they cost."""

from __future__ import annotations

import html
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from satloyal.errors import SurveyError, SurveyWarning
from satloyal.notes import Note
from satloyal.survey.weighting.margins import Margin, Missing, margins_from, targets_from
from satloyal.survey.weighting.raking import Raked, design_effect, rake_weights

if TYPE_CHECKING:
    from satloyal.survey.survey import Survey

__all__ = ["Trim", "Weighting", "post_stratify", "rake"]

Array = NDArray[np.float64]
Trim = float | tuple[float | None, float | None]

_HALF_A_POINT = 0.005
"""A trimmed margin that is further off than half a percentage point is warned about, nearer it is noted."""


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Weighting:
    """Weights to population shares, and how they came out.

    Made by :meth:`satloyal.Survey.rake` and :meth:`satloyal.Survey.post_stratify`, as ``survey.weighting``.

    Parameters
    ----------
    column : str
        Where the weights stand in the survey's frame; their mean is 1.
    method : {"raking", "post-stratification"}
    table : DataFrame
        One row a category: ``margin, category, n, target, before, after`` (shares; ``before`` with the base
        weights), ``factor`` (after ÷ before).
    base : str, optional
        Column of the base weights.
    design_effect, effective_n : float
        Kish's, of the weights as they are.
    smallest, largest : float
        Weights as multiples of their mean.
    trimmed : int
        Weights that stand at a bound.
    sweeps : int
        Rounds of raking.
    miss : float
        Largest difference between a weighted share and its target.
    converged : bool
        Whether the targets are met to 10 decimals.
    """

    column: str
    method: str
    table: pd.DataFrame
    base: str | None
    design_effect: float
    effective_n: float
    smallest: float
    largest: float
    trimmed: int
    sweeps: int
    miss: float
    converged: bool

    def tidy(self) -> pd.DataFrame:
        """Return one row a category; see the parameter ``table``."""
        return self.table.copy()

    def summary(self) -> str:
        """Return what the weights are and cost, as text; whether they miss their targets comes first."""
        return f"{self._headline()}\n{self.table.round(4).to_string(index=False)}"

    def _headline(self) -> str:
        met = (
            f"targets met after {self.sweeps} rounds"
            if self.converged
            else f"TARGETS NOT MET: the largest miss is {self.miss:.2%}"
        )
        cut = f", {self.trimmed} at a bound" if self.trimmed else ""
        base = f" from base weights {self.base!r}" if self.base else ""
        span = f"weights from {self.smallest:.2f} to {self.largest:.2f} of their mean"
        cost = f"design effect {self.design_effect:.2f}, effective n {self.effective_n:.1f}"
        return f"{self.method}{base}: {met}; {span}{cut}; {cost}"

    def __repr__(self) -> str:
        return f"Weighting {self.column!r}: {self.summary()}"

    def _repr_html_(self) -> str:
        """Return the weighting for a notebook."""
        table = self.table.round(4).to_html(escape=True, index=False)
        return f"<div><p><strong>Weighting</strong> {html.escape(self._headline())}</p>{table}</div>"


def rake(
    survey: Survey,
    margins: Any,
    *,
    trim: Trim | None = None,
    missing: Missing = "error",
    column: str = "raked_weight",
) -> Survey:
    """Return the survey weighted to margins; see :meth:`satloyal.Survey.rake`."""
    base = _base(survey)
    made, notes = margins_from(survey.frame, margins, base, missing)
    return _weighted(survey, "raking", made, base, notes, trim, column)


def post_stratify(
    survey: Survey,
    targets: Any,
    *,
    by: str | Sequence[str] | None = None,
    trim: Trim | None = None,
    missing: Missing = "error",
    column: str = "post_stratified_weight",
) -> Survey:
    """Return the survey weighted to cells; see :meth:`satloyal.Survey.post_stratify`."""
    base = _base(survey)
    margin, notes = targets_from(survey.frame, targets, by, base, missing)
    return _weighted(survey, "post-stratification", (margin,), base, notes, trim, column)


def _base(survey: Survey) -> Array:
    return np.ones(survey.n) if survey.weights is None else survey.weights.to_numpy(dtype=float)


def _bounds(trim: Trim | None) -> tuple[float, float]:
    """Return the bounds as multiples of the mean weight; one number is the upper bound."""
    if trim is None:
        return 0.0, float("inf")
    low, high = trim if isinstance(trim, tuple) else (None, trim)
    least, most = 0.0 if low is None else float(low), float("inf") if high is None else float(high)
    if not (0 <= least < 1 < most):
        raise SurveyError(
            f"weights cannot be trimmed to {trim!r}",
            fix="give multiples of the mean weight around 1: trim=5, or trim=(0.2, 5)",
        )
    return least, most


def _weighted(
    survey: Survey,
    method: str,
    margins: tuple[Margin, ...],
    base: Array,
    notes: list[Note],
    trim: Trim | None,
    column: str,
) -> Survey:
    if column in survey.frame.columns:
        raise SurveyError(
            f"the survey has a column {column!r} already", fix="give the weights another name with column="
        )
    raked = rake_weights(base, margins, _bounds(trim))
    if not raked.converged and trim is None:
        raise SurveyError(
            f"no weights were found that meet all margins: after {raked.sweeps} rounds the largest miss is "
            f"{raked.miss:.2%}",
            fix="combinations that nobody stands for make margins contradict one another; merge rare "
            "categories, or check that the shares are of the same population",
        )
    weights = raked.weights * (len(base) / raked.weights.sum())
    result = _result(survey, method, margins, base, raked, weights, column)
    said = Note("weights", f"column {column!r}, {result._headline()}")
    if not raked.converged and raked.miss > _HALF_A_POINT:
        warnings.warn(f"{survey.source.name}: {said}", SurveyWarning, stacklevel=4)
    return replace(
        survey,
        frame=survey.frame.assign(**{column: weights}),
        codebook=replace(survey.codebook, weight=column),
        notes=(*survey.notes, *notes, said),
        weighting=result,
    )


def _result(
    survey: Survey,
    method: str,
    margins: tuple[Margin, ...],
    base: Array,
    raked: Raked,
    weights: Array,
    column: str,
) -> Weighting:
    deff = design_effect(weights)
    live = weights[weights > 0] / weights[weights > 0].mean()
    return Weighting(
        column=column,
        method=method,
        table=pd.concat([_table(m, base, weights) for m in margins], ignore_index=True),
        base=survey.codebook.weight,
        design_effect=deff,
        effective_n=len(weights) / deff,
        smallest=float(live.min()),
        largest=float(live.max()),
        trimmed=raked.trimmed,
        sweeps=raked.sweeps,
        miss=raked.miss,
        converged=raked.converged,
    )


def _table(margin: Margin, base: Array, weights: Array) -> pd.DataFrame:
    c = len(margin.categories)
    before, after = (np.bincount(margin.places, w, c) / w.sum() for w in (base, weights))
    return pd.DataFrame(
        {
            "margin": margin.name,
            "category": margin.categories,
            "n": np.bincount(margin.places, minlength=c),
            "target": margin.shares,
            "before": before,
            "after": after,
            "factor": after / before,
        }
    )
