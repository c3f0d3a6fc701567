r"""How each row moves the estimates of both steps of structural-after-measurement estimation.

A row's influence on the blocks' estimates is :math:`\psi_1 = A^{-1} s` with its score s and the observed
information A. A mean product h of mapped values (:class:`~satloyal.core.error_free.ErrorFree`) depends on
them through the mapping M and the error covariances Ψ = MΘMᵀ, and on the means that were taken off, so that
a row moves it by

.. math:: h - \bar h + \frac{\partial \bar h}{\partial \theta_1} \psi_1 - \sum_a \bar h_{\setminus a} x_a ,

and the structural estimates by :math:`(\tfrac12\partial^2 F)^{-1} \Delta^\top W` times what it does to the
latent covariances. The sum of squares of that is the covariance of the estimates (Newey & McFadden 1994,
*Handbook of Econometrics* 4, theorem 6.1). Nothing is assumed of distributions, but that errors are normal
where products of constructs are corrected for them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from satloyal.core.error_free import ErrorFree
from satloyal.core.linalg import vech_indices
from satloyal.core.moments import GroupMoments, Moments
from satloyal.models.sem.inference import complex_step, summed_scores, vcov_of
from satloyal.models.sem.robust import normal_weight
from satloyal.models.sem.sam_steps import mapping, mapping_of, undefined
from satloyal.models.sem.vector import vector_jacobian

if TYPE_CHECKING:
    from satloyal.models.sem.data import Sample
    from satloyal.models.sem.result import SemFit
    from satloyal.models.sem.sam_products import Pairs

__all__ = ["LatentMoments", "latent_moments", "sandwich"]

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class LatentMoments:
    """Covariances of a group's factors, of observed variables and of products, with each row's part in them.

    Parameters
    ----------
    names : tuple of str, length k
        Factors and observed variables.
    terms : dict of str to tuple of int
        What the covariances are of, as positions among `names`: one, or two of a product.
    blocks : tuple of SemFit
    group : int
    observed : tuple of str, length p
    values : ndarray, shape (n, p)
        The group's rows, their means taken off.
    weights : ndarray, shape (n,), optional
        Of mean one.
    """

    names: tuple[str, ...]
    terms: dict[str, tuple[int, ...]]
    blocks: tuple[SemFit, ...]
    group: int
    observed: tuple[str, ...]
    values: Array
    weights: Array | None

    @cached_property
    def mapped(self) -> ErrorFree:
        """The rows mapped onto the factors, and the covariances of their errors."""
        M, Theta = mapping(self.names, self.blocks, self.group, self.observed)
        return ErrorFree(self.values @ M.T, M @ Theta @ M.T, self.weights)

    def covariance(self) -> Array:
        """Return the covariances of the terms, shape (t, t)."""
        t = len(self.terms)
        rows, columns = vech_indices(t)
        out = np.empty((t, t))
        terms = list(self.terms.values())
        for i, j in zip(rows, columns, strict=True):
            a, b = terms[i], terms[j]
            out[i, j] = out[j, i] = self.mapped.mean(a + b) - self._mean(a) * self._mean(b)
        return out

    def _mean(self, term: tuple[int, ...]) -> float:
        return 0.0 if len(term) == 1 else self.mapped.mean(term)

    def influence(self, order: Sequence[str], first: Sequence[Array]) -> tuple[Array, Array]:
        """Return how rows move the covariances of some terms, stacked as ``vech``.

        Parameters
        ----------
        order : sequence of str
            Terms.
        first : sequence of ndarray, shapes (N, q_b)
            Influence of all rows on the estimates of each block.

        Returns
        -------
        own : ndarray, shape (n, K)
            Of the group's rows, the blocks' estimates held.
        through : ndarray, shape (N, K)
            Of all rows through the blocks' estimates.
        """
        rows, columns = vech_indices(len(order))
        known: dict[tuple[int, ...], tuple[Array, Array]] = {}

        def of(key: tuple[int, ...]) -> tuple[Array, Array]:
            key = tuple(sorted(key))
            if key not in known:
                own, slopes = self._of_mean(key)
                moved = [psi @ s for psi, s in zip(first, slopes, strict=True)]
                known[key] = own, np.sum(moved, axis=0)
            return known[key]

        own_all, through_all = [], []
        for i, j in zip(rows, columns, strict=True):
            a, b = self.terms[order[i]], self.terms[order[j]]
            parts = [(1.0, of(a + b)), (-self._mean(b), of(a)), (-self._mean(a), of(b))]
            own_all.append(sum(c * own for c, (own, _) in parts if c))
            through_all.append(sum(c * through for c, (_, through) in parts if c))
        return np.column_stack(own_all), np.column_stack(through_all)

    def _of_mean(self, key: tuple[int, ...]) -> tuple[Array, list[Array]]:
        """Return what each row does to a mean product, and its derivatives by each block's estimates."""
        h = self.mapped.product(key)
        own = h - self.mapped.mean(key)
        seen, error = self.mapped.slopes(key)
        weight = np.ones(len(h)) if self.weights is None else self.weights
        gathered = {a: weight * s @ self.values / len(h) for a, s in seen.items()}
        for a, s in seen.items():
            own = own - float(weight @ s) / len(h) * self.mapped.seen[:, a]
        slopes = []
        for (at, of), (dM, dPsi) in zip(self._places, self._derivatives, strict=True):
            out = np.zeros(dM.shape[-1])
            for a, s in gathered.items():
                if a in of:
                    out += s[at] @ dM[of.index(a)]
            for (a, b), e in error.items():
                if a in of and b in of:
                    out += e * dPsi[of.index(a), of.index(b)]
            slopes.append(out)
        return own, slopes

    @cached_property
    def _places(self) -> list[tuple[list[int], list[int]]]:
        """Positions of each block's items and factors."""
        out = []
        for fit in self.blocks:
            ram = fit.rams[self.group]
            items, factors = ram.variables[: ram.observed], ram.variables[ram.manifest :]
            out.append(([self.observed.index(v) for v in items], [self.names.index(v) for v in factors]))
        return out

    @cached_property
    def _derivatives(self) -> list[tuple[Array, Array]]:
        """Derivatives of each block's M and Ψ, shapes (m, p_b, q_b) and (m, m, q_b)."""
        out = []
        for fit in self.blocks:

            def both(theta: Array, fit: SemFit = fit) -> Array:
                made = [mapping_of(fit, self.group, one) for one in theta]
                return np.stack([np.r_[M.ravel(), (M @ Theta @ M.T).ravel()] for M, Theta in made])

            M = mapping_of(fit, self.group, fit.theta)[0]
            J = complex_step(both, fit.theta)
            size, q = M.size, len(fit.theta)
            out.append((J[:size].reshape(*M.shape, q), J[size:].reshape(len(M), len(M), q)))
        return out


def latent_moments(
    blocks: Sequence[SemFit], names: Sequence[str], pairs: Pairs, sample: Sample
) -> tuple[Moments, tuple[LatentMoments, ...], str]:
    """Make the moments that the structural part is fitted to, from complete rows.

    Parameters
    ----------
    blocks : sequence of SemFit
    names : sequence of str
        Factors and observed variables.
    pairs : dict of str to tuple of str
        Products.
    sample : Sample
        With its rows.

    Returns
    -------
    moments : Moments
    groups : tuple of LatentMoments
    reason : str
        Why nothing can be fitted to them; empty otherwise.
    """
    rows = sample.rows
    assert rows is not None  # noqa: S101 - callers have rows
    place = {name: i for i, name in enumerate(names)}
    terms: dict[str, tuple[int, ...]] = {name: (i,) for name, i in place.items()}
    terms |= {name: (place[a], place[b]) for name, (a, b) in pairs.items()}
    groups, made, reasons = [], [], []
    for g, group in enumerate(sample.moments.groups):
        at = rows.codes == g
        assert group.mean is not None  # noqa: S101 - moments of rows have means
        weights = None if rows.weights is None else rows.weights[at] / rows.weights[at].mean()
        found = LatentMoments(
            tuple(names), terms, tuple(blocks), g, sample.moments.names, rows.values[at] - group.mean, weights
        )
        cov = found.covariance()
        made.append(found)
        groups.append(GroupMoments(group.label, group.n, cov))
        reason = undefined(cov, list(terms))
        if reason:
            reasons.append(reason + (f" [{group.label}]" if group.label else ""))
    moments = Moments(tuple(terms), tuple(groups), sample.moments.notes, "matrix")
    return moments, tuple(made), "; ".join(reasons)


def sandwich(groups: Sequence[LatentMoments], structural: SemFit, sample: Sample) -> Array:
    """Covariance of the structural estimates from each row's influence, clusters summed, shape (q, q)."""
    rows = sample.rows
    assert rows is not None  # noqa: S101 - callers have rows
    first = [
        -np.asarray(fit.scores()) @ vcov_of(fit.observed_hessian / 2, 1.0, fit.tangent)
        for fit in groups[0].blocks
    ]
    n = structural.effective_n
    out = np.zeros((len(rows.values), structural.table.q))
    inverse = vcov_of(structural.observed_hessian / 2, 1.0, structural.tangent)
    for g, (found, ram) in enumerate(zip(groups, structural.rams, strict=True)):
        at = rows.codes == g
        group = structural.sample.groups[g]
        own, through = found.influence(structural.sample.names, first)
        delta = vector_jacobian(ram.implied(structural.theta[None], group.cov))[0]
        change = inverse @ delta.T @ normal_weight(structural._implied[g][0], means=False)
        share = group.n / n
        weight = np.ones(int(at.sum())) if rows.weights is None else rows.weights[at]
        # moments of a group are means over rows whose weights sum to its size: n / size times what a row
        # adds, times the group's share in the structural part
        out[at] += (weight[:, None] * own) @ change.T * (group.n / sample.moments.groups[g].size)
        out += share * through @ change.T
    out = summed_scores(out, sample.clusters, rows.codes)
    return np.asarray(out.T @ out / n**2)
