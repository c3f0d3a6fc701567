"""ConditionalMoments: thresholds, slopes and residual correlations of ordinal items given covariates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from satloyal.core.categories import Categories, EmptyRule
from satloyal.core.ordinal_layout import Layout
from satloyal.core.ordinal_moments import OrdinalMoments
from satloyal.core.probit import Margin, item_margin, numeric_margin
from satloyal.core.residual_pairs import pair_influence, residual_correlations
from satloyal.core.rows import CompleteRows
from satloyal.errors import FitError

__all__ = ["ConditionalMoments", "conditional_moments"]

Array = NDArray[Any]

_RANK = 1e-8  # singular value of standardised covariates, relative to the largest, that counts as none


@dataclass(frozen=True, eq=False, kw_only=True)
class ConditionalMoments(OrdinalMoments):
    """Thresholds, slopes on covariates and residual correlations of one group.

    Everything is given covariates: ``means`` are intercepts, ``variances`` and ``correlation`` those of
    residuals, ``z`` standardised residuals.

    Parameters
    ----------
    slopes : ndarray, shape (p, k)
        Of latent responses with a residual variance of one, and of continuous variables.
    x_mean, x_cov : ndarray, shapes (k,) and (k, k)
        Of the covariates; divisor n − 1, or the sum of weights.
    centre, x_scale : ndarray, shape (k,)
        Mean and standard deviation of covariates, with which they are standardised for the margins.
    values : ndarray, shape (n, p + k)
        The rows.
    margins : tuple of Margin
        On covariates so standardised.
    """

    slopes: Array
    x_mean: Array
    x_cov: Array
    centre: Array
    x_scale: Array
    values: Array
    margins: tuple[Margin, ...]

    @cached_property
    def th(self) -> Array:
        """Thresholds, intercepts with a minus sign, and slopes covariate by covariate."""
        layout = self.layout
        cuts = layout.th(self.padded, self.means)
        slopes = self.slopes[layout.th_variable, np.maximum(layout.th_covariate, 0)]
        return np.where(layout.th_covariate < 0, cuts, slopes)

    @cached_property
    def statistics(self) -> Array:
        """All K statistics: ``th``, residual variances of continuous variables, residual covariances."""
        i, j = self.layout.first, self.layout.second
        return np.concatenate([self.th, self.variances[self.layout.numeric], self.covariance[i, j]])

    @cached_property
    def total(self) -> tuple[Array, Array]:
        """Covariances (p + k, p + k) and means (p + k,) with what covariates explain, covariates last."""
        return self.joined(self.covariance, self.slopes, self.means)

    def joined(self, cov: Array, slopes: Array, means: Array) -> tuple[Array, Array]:
        """Join moments given covariates with those of the covariates, which come last.

        Parameters
        ----------
        cov : ndarray, shape (p, p)
            Residual covariances.
        slopes : ndarray, shape (p, k)
        means : ndarray, shape (p,)
            Where covariates are zero.

        Returns
        -------
        cov, mean : ndarray, shapes (p + k, p + k) and (p + k,)
        """
        cross = slopes @ self.x_cov
        whole = np.block([[cov + cross @ slopes.T, cross], [cross.T, self.x_cov]])
        return whole, np.r_[means + slopes @ self.x_mean, self.x_mean]

    @cached_property
    def influence(self) -> Array:
        """Influence of each row on each statistic, times its weight, shape (n, K); NaN at the bound."""
        layout, T = self.layout, self.layout.n_th
        out = np.empty((self.n, layout.size))
        starts = np.searchsorted(layout.th_variable[: T - layout.n_slopes], np.arange(len(self.names)))
        by_variance = np.zeros((self.n, len(self.names)))
        for v, margin in enumerate(self.margins):
            own, cuts = margin.influence, len(margin.cuts)
            slopes = own[:, cuts : cuts + len(self.x_scale)] / self.x_scale
            sign = 1.0 if margin.codes is not None else -1.0
            shift = slopes @ self.centre  # back to covariates as they are
            out[:, starts[v] : starts[v] + cuts] = sign * own[:, :cuts] + shift[:, None]
            out[:, np.flatnonzero((layout.th_variable == v) & (layout.th_covariate >= 0))] = slopes
            if margin.codes is None:
                by_variance[:, v] = own[:, -1]
        out[:, T : T + len(layout.numeric)] = by_variance[:, layout.numeric]
        scale = np.sqrt(self.variances)
        for at, (i, j) in enumerate(zip(layout.first, layout.second, strict=True), T + len(layout.numeric)):
            rho = float(self.correlation[i, j])
            moved = pair_influence(self.margins[i], self.margins[j], rho)
            # from correlations to covariances: d(ρσ₁σ₂) = σ₁σ₂ (dρ + ½ρ Σ dσ²/σ²)
            for side in (i, j):
                moved = moved + 0.5 * rho * by_variance[:, side] / self.variances[side]
            out[:, at] = moved * scale[i] * scale[j]
        out *= self.weights[:, None]
        return out

    def drawn(self, rows: Array) -> ConditionalMoments:
        """Return the moments of resampled rows, found from here.

        Parameters
        ----------
        rows : ndarray of int
            Places of rows; they can be there several times.

        Raises
        ------
        FitError
            See :func:`conditional_moments`; also where nobody of the resample chose some category.
        """
        weights = self.weights[rows] * (self.weight / self.n)
        return _group(self.label, self.layout, self.coded.rows(rows, ()), self.values[rows], weights, self)

    @cached_property
    def gamma(self) -> Array:
        """Γ = Σ IF IF′ / n: the covariance of √n times the statistics, shape (K, K)."""
        return np.asarray(self.influence.T @ self.influence / self.n)


def conditional_moments(
    rows: CompleteRows, ordered: Sequence[str], covariates: Sequence[str], *, empty: EmptyRule = "merge"
) -> tuple[ConditionalMoments, ...]:
    """Regress items on covariates and estimate the correlations of what is left, in each group.

    Parameters
    ----------
    rows : CompleteRows
        Checked rows with weights and groups.
    ordered : sequence of str
        Names of the ordinal items; the other columns but the covariates are continuous.
    covariates : sequence of str
        The last columns of the rows.
    empty : {"merge", "error"}
        What to do about a category that nobody of some group chose.

    Returns
    -------
    tuple of ConditionalMoments
        One a group.

    Raises
    ------
    FitError
        Covariates that say the same in some group, or that separate the answers to an item; or see
        :func:`satloyal.core.ordinal_estimate.ordinal_moments`.

    Notes
    -----
    The three stages of Muthén 1984 (*Psychometrika* 49:115-132): probit and linear regressions, residual
    polychoric, polyserial and product-moment correlations, and the asymptotic covariance of both together.

    Examples
    --------
    >>> import pandas as pd
    >>> rng = np.random.default_rng(1)
    >>> x, f = rng.normal(size=(2, 500))
    >>> a, b = (np.digitize(f + 0.6 * x + rng.normal(size=500), [-1, 1]) for _ in range(2))
    >>> rows = CompleteRows.of(pd.DataFrame({"a": a, "b": b, "x": x}), ["a", "b", "x"])
    >>> (group,) = conditional_moments(rows, ["a", "b"], ["x"])
    >>> dict(zip(group.layout.labels[-3:], group.statistics[-3:].round(2).tolist(), strict=True))
    {'a~x': 0.42, 'b~x': 0.43, 'a~~b': 0.53}
    """
    p = len(rows.names) - len(covariates)
    if tuple(rows.names[p:]) != tuple(covariates):
        raise ValueError("covariates are the last columns")
    coded = Categories.of(
        rows.values[:, :p], rows.names[:p], ordered, groups=rows.codes, labels=rows.labels, empty=empty
    )
    layout = Layout(rows.names[:p], coded.ordered, coded.sizes, tuple(covariates))
    weights = np.ones(len(rows.values)) if rows.weights is None else rows.weights
    out = []
    for g, label in enumerate(rows.labels):
        at = rows.codes == g
        own = coded.rows(at, coded.notes if g == 0 else ())
        found = _group(label, layout, own, rows.values[at], weights[at])
        unbiased = 1.0 if rows.weights is not None else found.n / (found.n - 1)
        out.append(replace(found, x_cov=unbiased * found.x_cov))
    return tuple(out)


def _group(
    label: str,
    layout: Layout,
    coded: Categories,
    values: Array,
    weights: Array,
    like: ConditionalMoments | None = None,
) -> ConditionalMoments:
    n, total, p = len(values), float(weights.sum()), len(layout.names)
    share = weights / total
    raw = values[:, p:]
    x_mean = share @ raw
    centred = raw - x_mean
    x_cov = centred.T @ (share[:, None] * centred)
    _check_covariates(label, layout, centred * np.sqrt(share)[:, None])
    centre, x_scale = (x_mean, np.sqrt(np.diagonal(x_cov))) if like is None else (like.centre, like.x_scale)
    x = (raw - centre) / x_scale
    starts: Sequence[Margin | None] = [None] * p if like is None else like.margins
    margins = tuple(
        item_margin(coded.codes[:, v], int(coded.sizes[v]), x, share, starts[v])
        if coded.ordered[v]
        else numeric_margin(values[:, v], x, share)
        for v in range(p)
    )
    _check_margins(label, layout, margins)
    start = None if like is None else like.correlation[layout.first, layout.second]
    roots = residual_correlations(margins, layout.first, layout.second, start)
    correlation, converged = np.eye(p), np.ones((p, p), dtype=bool)
    at_bound = ~converged
    for matrix, found in (
        (correlation, roots.value),
        (converged, roots.converged),
        (at_bound, roots.at_bound),
    ):
        matrix[layout.first, layout.second] = matrix[layout.second, layout.first] = found
    slopes = np.stack([m.slopes for m in margins]) / x_scale
    shift = slopes @ centre
    padded = np.full((p, max(1, int(coded.sizes.max()) - 1)), np.inf)
    means = np.zeros(p)
    for v, margin in enumerate(margins):
        if margin.codes is None:
            means[v] = margin.cuts[0] - shift[v]
        else:
            padded[v, : len(margin.cuts)] = margin.cuts + shift[v]
    return ConditionalMoments(
        label=label, n=n, weight=total, layout=layout, coded=coded, weights=share * n, padded=padded,
        means=means, variances=np.array([m.variance for m in margins]), correlation=correlation,
        tables=np.zeros((0, 0, 0)), z=np.stack([m.z for m in margins], axis=1), converged=converged,
        at_bound=at_bound, filled=np.zeros((p, p), dtype=bool), notes=coded.notes, slopes=slopes,
        x_mean=x_mean, x_cov=x_cov, centre=centre, x_scale=x_scale, values=values, margins=margins,
    )  # fmt: skip


def _check_covariates(label: str, layout: Layout, x: Array) -> None:
    place = f"group {label!r}" if label else "covariates"
    norm = np.sqrt((x * x).sum(axis=0))
    singular = np.linalg.svd(x / np.where(norm > 0, norm, 1.0), compute_uv=False)
    if len(singular) < x.shape[1] or not singular[-1] > _RANK * singular[0]:
        raise FitError(
            f"of the covariates {', '.join(layout.covariates)} one follows from the others", where=place,
            fix="leave one of them out of the model",
        )  # fmt: skip


def _check_margins(label: str, layout: Layout, margins: Sequence[Margin]) -> None:
    place = f"group {label!r}" if label else "covariates"
    lost = [name for name, m in zip(layout.names, margins, strict=True) if not m.converged]
    if lost:
        raise FitError(
            f"covariates ({', '.join(layout.covariates)}) separate the answers to {', '.join(lost)}: the "
            "regression on them has no finite slopes, or leaves nothing",
            where=place, fix="merge rare categories of items or of covariates, or leave a covariate out",
        )  # fmt: skip
