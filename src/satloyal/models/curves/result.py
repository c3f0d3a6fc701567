"""The result of ``fit_curve``: the shapes of a response curve side by side."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from satloyal.errors import FitError
from satloyal.models.curves import bands, checks
from satloyal.models.curves.bootstrap import CurveBootstrap, bootstrap_curves
from satloyal.models.curves.data import CurveData
from satloyal.models.curves.estimate import ShapeFit, estimate_shape
from satloyal.models.curves.forms import SHAPES
from satloyal.models.curves.inference import Covariance
from satloyal.models.curves.options import CurveOptions
from satloyal.models.curves.returns import Returns, diminishing
from satloyal.models.curves.select import RULE, Selection, assign_folds, select
from satloyal.models.curves.shapes import Array
from satloyal.models.fit import Check, Fit
from satloyal.notes import Note

__all__ = ["CurveFit", "assemble"]


@dataclass(frozen=True, eq=False)
class CurveFit(Fit):
    """Response curves of one outcome on one predictor; made by :func:`satloyal.fit_curve`.

    Parameters
    ----------
    data : CurveData
        The complete rows.
    options : CurveOptions
        What was asked for.
    shapes : tuple of ShapeFit
        One a shape, in the order asked for; a shape that cannot be used says why.
    selection : Selection
        The comparison and what it selects.
    """

    data: CurveData
    options: CurveOptions
    shapes: tuple[ShapeFit, ...]
    selection: Selection

    family: ClassVar[str] = "curve"

    @property
    def best(self) -> str | None:
        """Name of the selected shape; ``None`` when none can be used."""
        return self.selection.best

    @property
    def rule(self) -> str:
        """How :attr:`best` is chosen, in words."""
        return RULE

    @property
    def converged(self) -> bool:
        """Whether at least one shape can be used, so that there is a :attr:`best`."""
        return self.best is not None

    @property
    def x_name(self) -> str:
        """Name of the predictor."""
        return self.data.x_name

    @property
    def y_name(self) -> str:
        """Name of the outcome."""
        return self.data.y_name

    @property
    def x(self) -> Array:
        """The predictor in the complete rows, shape (n,)."""
        return self.data.x

    @property
    def y(self) -> Array:
        """The outcome in the complete rows, shape (n,)."""
        return self.data.y

    @property
    def weights(self) -> Array:
        """Sampling weights scaled to mean 1, shape (n,)."""
        return self.data.weight

    @property
    def checks(self) -> tuple[Check, ...]:
        """Convergence, nonlinearity, support, ceiling, influence and the rest."""
        return checks.judge(self.data, self.shapes, self.selection, self.options.covariance)

    @property
    def notes(self) -> tuple[Note, ...]:
        """What was done to the data, and how errors and selection were computed."""
        errors = Note("standard errors", _ERRORS[self.options.covariance])
        folds = (
            f"{self.options.folds}-fold cross-validation, seed {self.options.seed}, the same folds for all"
        )
        chosen = Note("selection", f"{RULE}. {folds}. Intervals are conditional on the shape.")
        return (*self.data.notes, errors, chosen)

    def tidy(self) -> pd.DataFrame:
        """Return the parameters of every shape.

        Returns
        -------
        DataFrame
            ``shape, term, est, se, statistic, pvalue, ci_lower, ci_upper``. Statistic and p-value (t, against
            0) are empty for rates and inflections, for which 0 is no hypothesis a Wald test can test;
            intervals of rates are computed on the log scale, so they stay positive. A shape that cannot be
            used has empty numbers.
        """
        return pd.concat([bands.parameters(f, self.options.level) for f in self.shapes], ignore_index=True)

    def _terms(self) -> pd.Index:
        table = self.tidy()
        return pd.MultiIndex.from_arrays([table["shape"], table["term"]], names=["shape", "term"])

    def comparison(self) -> pd.DataFrame:
        """Return the shapes side by side.

        Returns
        -------
        DataFrame
            ``shape``; ``k`` parameters, σ included; ``aicc``, its ``delta`` to the lowest and Akaike
            ``weight``; ``cv_rmse`` and its standard error ``cv_se``; ``r2``; ``converged`` and the ``reason``
            if not; ``cv_diff`` to the lowest cross-validated RMSE and its paired standard error
            ``cv_diff_se``; ``best``.
        """
        table = self.selection.table.copy()
        table["best"] = table["shape"] == self.best
        return table

    def glance(self) -> pd.Series:
        """Return n, the selected shape and its figures, and AICc of the line minus that of the best curve."""
        table = self.selection.table.set_index("shape")
        row = table.loc[self.best] if self.best else pd.Series(np.nan, index=table.columns)
        fit = self._shape(self.best) if self.best else None
        figures = {
            "n": self.data.n,
            "n_effective": self.data.n_effective,
            "best": self.best,
            "k": row["k"],
            "r2": row["r2"],
            "rmse": float("nan") if fit is None else float(np.sqrt(fit.rss / self.data.n)),
            "aicc": row["aicc"],
            "akaike_weight": row["weight"],
            "cv_rmse": row["cv_rmse"],
            "cv_se": row["cv_se"],
            "nonlinear_gain": self.selection.nonlinear_gain,
        }
        return pd.Series(figures, dtype=object, name="value")

    def curve(self, shape: str | None = None, at: ArrayLike | None = None) -> pd.DataFrame:
        """Return a fitted curve and its marginal effect with pointwise delta-method bands.

        Parameters
        ----------
        shape : str, optional
            Default the selected one.
        at : array_like, optional
            Values of x; default 101 over the observed range.

        Returns
        -------
        DataFrame
            ``x, fit, ci_lower, ci_upper, marginal, marginal_lower, marginal_upper``; ``marginal`` is dy/dx in
            units of y per unit of x. Empty numbers where the shape cannot be used, and outside the observed
            range, where nothing was seen.
        """
        return bands.curve(self._shape(shape), self.data, self.options.level, at)

    def points(self, bins: int = 40) -> pd.DataFrame:
        """Return the mean outcome at each distinct x, for plotting under a curve.

        Parameters
        ----------
        bins : int
            More distinct x than this are gathered into as many bins of equal width.

        Returns
        -------
        DataFrame
            ``x`` (mean within the bin), ``y`` (weighted mean), ``n`` (rows), ``weight`` (their share).
        """
        return bands.points(self.data, bins)

    def returns(self) -> Returns:
        """Return the judgement on diminishing returns with its numbers."""
        fits = {f.shape.name: f for f in self.shapes}
        return diminishing(self.data, {str(k): v for k, v in fits.items()}, self.best, self.options.level)

    def verdict(self) -> str:
        """Return the sentences that the numbers permit on shape and diminishing returns."""
        check = next(c for c in self.checks if c.name == checks.NONLINEARITY)
        return f"Nonlinearity: {check.message}. {self.returns().sentence}"

    def headline(self) -> str:
        """Return the selected shape with its figures, or that none can be used."""
        title = f"{self.x_name} → {self.y_name}"
        if self.best is None:
            why = "; ".join(f"{f.shape.name}: {f.reason}" for f in self.shapes)
            return f"{title}: NO SHAPE CAN BE USED, no number of this model may be reported. {why}"
        figures = self.glance()
        effective = f" (effective {self.data.n_effective:.0f})" if self.data.weighted else ""
        return (
            f"{title}: the {self.best} shape is selected of {len(self.shapes)}; "
            f"n = {self.data.n}{effective}, R² {figures['r2']:.2f}, "
            f"cross-validated RMSE {figures['cv_rmse']:.2f}, Akaike weight {figures['akaike_weight']:.2f}."
        )

    def with_vcov(self, kind: Covariance) -> CurveFit:
        """Return the same curves with other standard errors (``"HC0"`` to ``"HC3"``, ``"classical"``)."""
        return assemble(self.data, self.options.replacing(covariance=kind))

    def bootstrap(
        self,
        replicates: int = 2000,
        seed: int = 1,
        *,
        progress: Callable[[int, int], None] | None = None,
    ) -> CurveBootstrap:
        """Resample rows (whole clusters where there are any) and fit every usable shape to each replicate.

        Parameters
        ----------
        replicates : int
        seed : int
            The same seed gives the same numbers.
        progress : callable, optional
            Called with (done, total).

        Returns
        -------
        CurveBootstrap
            Percentile intervals, bands and how often each shape has the lowest AICc.
        """
        return bootstrap_curves(self.data, self.options, self.shapes, replicates, seed, progress)

    def _shape(self, name: str | None) -> ShapeFit:
        wanted = name or self.best or self.shapes[0].shape.name
        for fit in self.shapes:
            if fit.shape.name == wanted:
                return fit
        known = ", ".join(f.shape.name for f in self.shapes)
        raise FitError(f"shape {wanted!r} was not fitted", fix=f"choose among {known}")


_ERRORS: dict[str, str] = {
    "HC0": "heteroscedasticity-robust (HC0, White 1980), t intervals",
    "HC1": "heteroscedasticity-robust (HC1), t intervals",
    "HC2": "heteroscedasticity-robust (HC2), t intervals",
    "HC3": "heteroscedasticity-robust (HC3, MacKinnon & White 1985) on the tangent plane, t intervals",
    "classical": "classical, assuming the same spread along the scale",
    "cluster": "cluster-robust (CR1, Liang & Zeger 1986), t intervals, clusters − 1 degrees of freedom",
}


def assemble(data: CurveData, options: CurveOptions) -> CurveFit:
    """Fit every shape to ``data`` and compare them."""
    if options.covariance == "cluster" and data.cluster is None:
        raise FitError("cluster-robust errors need clusters", fix="name the cluster column with cluster=")
    units = data.n if data.cluster is None else int(data.cluster.max()) + 1
    options = options.replacing(folds=min(options.folds, units))
    fits = tuple(estimate_shape(SHAPES[name], data, options.covariance) for name in options.shapes)
    return CurveFit(data, options, fits, select(fits, data, assign_folds(data, options.folds, options.seed)))
