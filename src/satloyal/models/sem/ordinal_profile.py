"""Thresholds profiled out: where each is free and weighed alone, the rest of a model is fitted without them.

With a diagonal weight matrix and thresholds that are all free, a minimum reproduces every sample threshold,
whatever the other parameters are: τ = t/d + μ for the sample's t. What is left is the problem of the
correlations, with a tenth of the parameters where items have ten categories.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from satloyal.core.optimize import Solution
from satloyal.models.sem.discrepancy import LeastSquares
from satloyal.models.sem.estimate import Problem, estimate
from satloyal.models.sem.ordinal_response import Response
from satloyal.models.sem.ordinal_term import OrdinalTerm

if TYPE_CHECKING:
    from satloyal.models.sem.implied import Ram

__all__ = ["Profile", "free_cuts"]

Array = NDArray[Any]

_ITERATIONS = 500  # steps are cheap here, and valleys beside a pole long


def free_cuts(responses: Sequence[Response]) -> bool:
    """Whether every threshold of every group is a parameter of its own."""
    if any(len(r.tau_row) < int(r.cut.sum()) for r in responses):
        return False
    cuts = np.concatenate([r.tau_free for r in responses])
    others = np.concatenate([np.r_[r.used, r.scale_free] for r in responses])
    return len(np.unique(cuts)) == len(cuts) and not np.isin(cuts, others).any()


@dataclass(frozen=True, eq=False)
class Profile:
    """The problem of the parameters that are no thresholds.

    Parameters
    ----------
    problem : Problem
        Of r parameters.
    kept : ndarray of int, shape (r,)
        Their positions in θ.
    responses : tuple of Response
        In terms of the r parameters.
    cuts : tuple of ndarray of int
        Positions of each group's thresholds in θ, in the order of the statistics.
    th : tuple of ndarray, shapes (B, t)
        Sample thresholds of each group.
    q : int
        Length of θ.
    """

    problem: Problem
    kept: Array
    responses: tuple[Response, ...]
    cuts: tuple[Array, ...]
    th: tuple[Array, ...]
    q: int

    @classmethod
    def of(
        cls,
        responses: Sequence[Response],
        rams: Sequence[Ram],
        shares: Sequence[float],
        weights: Sequence[Array],
        statistics: Sequence[Array],
    ) -> Profile:
        """Profile thresholds out.

        Parameters
        ----------
        responses : sequence of Response
            With free thresholds; see :func:`free_cuts`.
        rams : sequence of Ram
        shares : sequence of float
        weights : sequence of ndarray, shapes (K,) or (B, K)
        statistics : sequence of ndarray, shapes (B, K)
        """
        q = responses[0].q
        taken = np.concatenate([r.tau_free for r in responses])
        kept = np.setdiff1d(np.arange(q), taken)
        inner, terms, cuts, th = [], [], [], []
        for response, ram, share, weight, vector in zip(
            responses, rams, shares, weights, statistics, strict=True
        ):
            rest = np.ones(response.layout.size, dtype=bool)
            rest[: response.layout.n_th] = ~response.cut
            part = response.without_cuts(kept)
            inner.append(part)
            own = weight.ndim == 2
            terms.append(OrdinalTerm(ram, share, part, LeastSquares(vector[:, rest], weight[..., rest], own)))
            order = np.argsort(response.tau_row)
            cuts.append(response.tau_free[order])
            th.append(vector[:, : response.layout.n_th][:, response.cut])
        return cls(Problem(tuple(terms), len(kept)), kept, tuple(inner), tuple(cuts), tuple(th), q)

    def expand(self, theta: Array) -> Array:
        """Return θ with its thresholds, shape (B, q), from the r other parameters, shape (B, r)."""
        out = np.empty((len(theta), self.q))
        out[:, self.kept] = theta
        for response, cuts, th in zip(self.responses, self.cuts, self.th, strict=True):
            point = response.at(theta)
            own = response.layout.th_variable[response.cut]
            out[:, cuts] = th / point.d[:, own] + point.mean[:, own, 0]
        return out

    def estimate(
        self, starts: Iterable[Array], beyond: Callable[[Array], Iterable[Array]]
    ) -> tuple[Solution, int]:
        """Minimise; arguments and results as of :func:`satloyal.models.sem.estimate.estimate`, in θ."""

        def further(theta: Array) -> Iterable[Array]:
            return (start[self.kept] for start in beyond(self.expand(theta[None])[0]))

        begun = (start[self.kept] for start in starts)
        found, tried = estimate(self.problem, begun, further, max_iterations=_ITERATIONS)
        return self.solution(found), tried

    def solution(self, found: Solution) -> Solution:
        """Return a solution in terms of θ."""
        return replace(found, theta=self.expand(found.theta))
