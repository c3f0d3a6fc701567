"""Means to start from: what brings a guess closest to the sample's means, other parameters given."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from satloyal.core.elimination import eliminate

if TYPE_CHECKING:
    from satloyal.core.moments import Moments
    from satloyal.models.sem.implied import Ram
    from satloyal.models.sem.restrictions import Restrictions
    from satloyal.spec.table import ParameterTable

__all__ = ["with_means"]

Array = NDArray[Any]


def with_means(
    theta: Array,
    table: ParameterTable,
    rams: Sequence[Ram],
    moments: Moments,
    restrictions: Restrictions | None,
) -> Array:
    """Move intercepts and latent means of a starting point so that the sample's means are met.

    Implied means are linear in intercepts, so one step of least squares (in units of the sample's standard
    deviations) along the linear equalities among them gets there. Without it, intercepts that must sum to
    zero begin as far from the means as those are from zero.

    Parameters
    ----------
    theta : ndarray, shape (q,)
    table : ParameterTable
    rams : sequence of Ram
    moments : Moments
    restrictions : Restrictions or None

    Returns
    -------
    ndarray, shape (q,)
        `theta` itself where no latent mean is free under restrictions, where items are ordinal (thresholds
        follow the means), or where it is outside the domain.
    """
    free = [r for r in table.rows if r.op == "~1" and r.free]
    if restrictions is None or table.ordered or not any(r.lhs in table.latent for r in free):
        return theta
    places = np.unique([r.free - 1 for r in free])
    start = restrictions.onto(theta)
    gaps, slopes = [], []
    for ram, group in zip(rams, moments.groups, strict=True):
        if group.mean is None:
            return theta
        p = ram.observed
        implied = ram.implied(start[None], group.cov, group.mean)
        sd = np.sqrt(np.diagonal(group.cov))
        gaps.append((group.mean - implied.sigma[0, :p, p]) / sd)
        slopes.append(implied.dense()[0, :p, p][:, places] / sd[:, None])
    held = restrictions.evaluate(restrictions.equalities, start[None])[1][0][:, places]
    along = eliminate(np.where(np.isfinite(held), held, 0.0), np.zeros(len(held))).basis
    gap, slope = np.concatenate(gaps), np.concatenate(slopes) @ along
    if not (np.isfinite(gap).all() and np.isfinite(slope).all()):
        return theta
    out = start.copy()
    out[places] += along @ np.linalg.lstsq(slope, gap, rcond=None)[0]
    return out
