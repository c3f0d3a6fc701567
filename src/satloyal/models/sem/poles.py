"""Starting again beyond a pole.

Where a residual variance of a latent predictor passes through zero, regressions on it and its own causes
pass through infinity: an optimiser that comes down on the wrong side runs along the pole for ever. The
moments of the latent variables pass smoothly. So a run that ended there is taken across: the variance a
little beyond zero, and every other latent covariance kept, with the regressions that give them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from satloyal.core.moments import Moments
    from satloyal.models.sem.implied import Ram
    from satloyal.spec.table import Parameter, ParameterTable

__all__ = ["beyond_poles"]

Array = NDArray[Any]

_NEAR = 0.1  # residual share of a variance that counts as close to zero
_STEPS = (0.01, 0.04)  # shares of the variance to go beyond zero
_MOST = 4  # variables to try


def beyond_poles(
    table: ParameterTable, rams: Sequence[Ram], sample: Moments, theta: Array
) -> Iterator[Array]:
    """Yield starting vectors on the other side of poles near a point where a run was lost.

    Parameters
    ----------
    table : ParameterTable
    rams : sequence of Ram, one a group
    sample : Moments
    theta : ndarray, shape (q,)
        Where the run ended.
    """
    if not np.isfinite(theta).all():
        return
    found = []
    for g, ram in enumerate(rams):
        side = _Side(table, ram, sample, g, theta)
        found += [(share, side, name) for name, share in side.candidates()]
    for _, side, name in sorted(found, key=lambda item: item[0])[:_MOST]:
        for step in _STEPS:
            start = side.crossed(name, step)
            if start is not None:
                yield start


class _Side:
    """One group's moments at the point where a run was lost."""

    def __init__(self, table: ParameterTable, ram: Ram, sample: Moments, group: int, theta: Array) -> None:
        moments = sample.groups[group]
        A, S = ram.matrices(theta[None], moments.cov, moments.mean)
        self.theta = theta
        self.at = {name: i for i, name in enumerate(ram.variables)}
        if ram.manifest > ram.observed:
            S[:, ram.manifest - 1, ram.manifest - 1] = 0.0
        E = np.linalg.inv(np.eye(A.shape[-1]) - A[0])
        self.A, self.S = A[0], S[0]
        self.P = E @ S[0] @ E.T
        rows = [r for r in table.rows if r.group == group + 1]
        counted = np.bincount([r.free for r in table.rows if r.free], minlength=table.q + 1)
        self.own = {r.lhs: r.free for r in rows if r.op == "~~" and r.lhs == r.rhs and counted[r.free] == 1}
        self.predictors: dict[str, list[Parameter]] = {}
        for r in rows:
            if r.op == "~":
                self.predictors.setdefault(r.lhs, []).append(r)
        self.items = {r.rhs: r for r in rows if r.op == "=~"}
        self.free_once = {r.free for r in rows if r.free and counted[r.free] == 1}

    def candidates(self) -> Iterator[tuple[str, float]]:
        """Predictors whose residual is a small share of their variance, with that share."""
        sources = {r.rhs for rows in self.predictors.values() for r in rows}
        for name in sources:
            i = self.at[name]
            if self.own.get(name) and self.P[i, i] > 0:
                share = abs(self.S[i, i]) / self.P[i, i]
                if share < _NEAR:
                    yield name, float(share)

    def crossed(self, name: str, step: float) -> Array | None:
        """θ with the residual of one variable beyond zero and all other latent moments kept."""
        i = self.at[name]
        theta, P = self.theta.copy(), self.P.copy()
        residual = -np.sign(self.S[i, i] or 1.0) * step * P[i, i]
        P[i, i] += residual - self.S[i, i]
        theta[self.own[name] - 1] = residual
        for outcome, rows in self.predictors.items():
            if name in {r.rhs for r in rows} and not self._regress(theta, P, outcome, rows):
                return None
        for item, row in self.items.items():
            if row.lhs == name and self.own.get(item):
                loading = self.A[self.at[item], i]
                theta[self.own[item] - 1] -= loading**2 * (P[i, i] - self.P[i, i])
        return theta

    def _regress(self, theta: Array, P: Array, outcome: str, rows: Sequence[Parameter]) -> bool:
        """Set the regressions of an outcome to those that give its covariances; False where shared."""
        if any(r.free and r.free not in self.free_once for r in rows):
            return False
        y = self.at[outcome]
        x = [self.at[r.rhs] for r in rows if r.free]
        given = [self.at[r.rhs] for r in rows if not r.free]
        target = P[x, y] - P[np.ix_(x, given)] @ self.A[y, given]
        try:
            slopes = np.linalg.solve(P[np.ix_(x, x)], target)
        except np.linalg.LinAlgError:
            return False
        whole = np.r_[slopes, self.A[y, given]]
        among = P[np.ix_([*x, *given], [*x, *given])]
        theta[[r.free - 1 for r in rows if r.free]] = slopes
        if self.own.get(outcome):
            theta[self.own[outcome] - 1] = P[y, y] - whole @ among @ whole
        return bool(np.isfinite(theta).all())
