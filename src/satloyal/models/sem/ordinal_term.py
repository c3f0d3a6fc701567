"""OrdinalTerm: one group's part of a least-squares objective of thresholds and correlations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from satloyal.core.optimize import Curvature, Evaluation
from satloyal.models.sem.discrepancy import LeastSquares
from satloyal.models.sem.implied import Ram
from satloyal.models.sem.ordinal_response import Response

__all__ = ["OrdinalTerm"]

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class OrdinalTerm:
    """One group's part of an objective over ordinal statistics.

    Parameters
    ----------
    ram : Ram
    share : float
        Weight of the group.
    response : Response
        Implied statistics as functions of θ.
    discrepancy : LeastSquares
        Of the vectors of statistics.
    """

    ram: Ram
    share: float
    response: Response
    discrepancy: LeastSquares

    @property
    def batch(self) -> int:
        """How many samples there are."""
        return len(self.discrepancy.sample)

    def take(self, which: Array) -> OrdinalTerm:
        """Return the part for some of the replicates."""
        if self.batch == 1:
            return self
        return OrdinalTerm(self.ram, self.share, self.response, self.discrepancy.take(which))

    def part(self, theta: Array, curvature: Curvature) -> Evaluation:
        """Return this group's share of value, gradient and curvature: Gauss-Newton's, or the exact one."""
        point = self.response.at(theta)
        at, delta = point.statistics, point.jacobian
        slope = self.discrepancy.slope(at)
        inside = np.isfinite(at).all(axis=1)
        value = np.where(inside, self.discrepancy.value(at), np.inf)
        gradient = np.einsum("bk,bkq->bq", slope, delta)
        hessian = self.discrepancy.information(delta)
        if curvature == "observed":
            hessian = hessian + point.curvature(slope)
        return Evaluation(self.share * value, self.share * gradient, self.share * hessian)

    def value(self, theta: Array) -> Array:
        """Return this group's share of F, shape (B,)."""
        at = self.response.at(theta).statistics
        inside = np.isfinite(at).all(axis=1)
        return np.where(inside, self.share * self.discrepancy.value(at), np.inf)

    def nearby(self, theta: Array, size: int) -> Array:
        """Return this group's share of the gradients of a batch at one θ, shape (B, q)."""
        point = self.response.at(theta[None])
        slope = self.discrepancy.slope(np.broadcast_to(point.statistics, (size, point.statistics.shape[1])))
        return np.asarray(self.share * slope @ point.jacobian[0])
