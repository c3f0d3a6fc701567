"""Raking: weights that meet several population margins at once, within bounds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from satloyal.survey.weighting.margins import Margin

__all__ = ["Raked", "design_effect", "rake_weights"]

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Raked:
    """Raked weights and how raking went.

    Parameters
    ----------
    weights : ndarray, shape (n,)
        Sum as that of the base weights.
    sweeps : int
        Rounds over all margins.
    miss : float
        Largest difference between a weighted share and its target.
    converged : bool
        Whether ``miss`` is below the tolerance.
    trimmed : int
        Weights that stand at a bound.
    """

    weights: Array
    sweeps: int
    miss: float
    converged: bool
    trimmed: int


def rake_weights(
    base: Array,
    margins: Sequence[Margin],
    bounds: tuple[float, float] = (0.0, np.inf),
    *,
    tolerance: float = 1e-10,
    sweeps: int = 2000,
) -> Raked:
    r"""Return weights closest to the base weights that meet the margins within the bounds.

    Iterative proportional fitting: margin by margin each category's multiplier is corrected by
    target / reached,

    .. math:: w_i = \min\bigl(U,\, \max\bigl(L,\, d_i \prod_m f_{m, c_m(i)}\bigr)\bigr), \qquad
        f_{m,c} \leftarrow f_{m,c} \, T_{m,c} \Big/ \sum_{i: c_m(i) = c} w_i .

    Weights are cut at the bounds in every step and the others go on being raked, so that margins hold after
    trimming too, if any weights within the bounds meet them.

    Parameters
    ----------
    base : ndarray, shape (n,)
        Base weights :math:`d_i`; those of 0 stay 0.
    margins : sequence of Margin
    bounds : (float, float)
        :math:`L` and :math:`U` as multiples of the mean weight (of those with a positive base weight).
    tolerance : float
        Largest difference of a share from its target that counts as met.
    sweeps : int
        Most rounds.

    Notes
    -----
    W. E. Deming and F. F. Stephan (1940), On a least squares adjustment of a sampled frequency table, Annals
    of Mathematical Statistics 11, 427–444; with bounds: J.-C. Deville, C.-E. Särndal and O. Sautory (1993),
    Generalized raking procedures in survey sampling, Journal of the American Statistical Association 88,
    1013–1020.

    Examples
    --------
    >>> sex = Margin(("sex",), ("f", "m"), np.array([0.5, 0.5]), np.array([0, 0, 0, 1]))
    >>> rake_weights(np.ones(4), [sex]).weights.round(6).tolist()
    [0.666667, 0.666667, 0.666667, 2.0]
    """
    live = base > 0
    total = float(base.sum())
    mean = total / int(live.sum())
    low, high = bounds[0] * mean, bounds[1] * mean
    free = base.astype(float)
    weights = np.where(live, np.clip(free, low, high), 0.0)
    done, miss = 0, np.inf
    while done < sweeps and miss > tolerance:
        for margin in margins:
            held = np.bincount(margin.places, weights, len(margin.categories))
            # of 1e-300 and 1e300: what cannot be met must not end in 0 or infinity
            free = np.clip(free * (margin.shares * total / held)[margin.places], 1e-300, 1e300)
            weights = np.where(live, np.clip(free, low, high), 0.0)
        miss = _largest_miss(weights, margins)
        done += 1
    at_bound = live & ((weights <= low) if low > 0 else np.zeros_like(live)) | (live & (weights >= high))
    return Raked(weights, done, miss, miss <= tolerance, int(at_bound.sum()))


def _largest_miss(weights: Array, margins: Sequence[Margin]) -> float:
    """Return the largest difference between a weighted share and its target."""
    total = weights.sum()
    return max(
        float(np.abs(np.bincount(m.places, weights, len(m.categories)) / total - m.shares).max())
        for m in margins
    )


def design_effect(weights: Array) -> float:
    r"""Return Kish's design effect of unequal weights.

    .. math:: \mathrm{deff} = \frac{n \sum w^2}{(\sum w)^2} = 1 + cv^2(w)

    The variance of a mean is so many times that of an unweighted sample of the same size, if weights have
    nothing to do with the answers; *n* counts all respondents, and :math:`n / \mathrm{deff}` is the effective
    sample size.

    Notes
    -----
    L. Kish (1965), Survey Sampling, section 11.7.

    Examples
    --------
    >>> round(design_effect(np.array([1.0, 1.0, 2.0])), 6)
    1.125
    """
    return float(len(weights) * (weights**2).sum() / weights.sum() ** 2)
