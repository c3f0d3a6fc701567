"""OrdinalSample: what a model of ordinal items is fitted to, and the problem that it poses."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from satloyal.core.conditional_moments import ConditionalMoments, conditional_moments
from satloyal.core.moments import GroupMoments, Moments
from satloyal.core.ordinal_estimate import ordinal_moments
from satloyal.core.ordinal_moments import OrdinalMoments
from satloyal.core.rows import CompleteRows
from satloyal.errors import FitError
from satloyal.models.sem.discrepancy import LeastSquares
from satloyal.models.sem.estimate import Problem
from satloyal.models.sem.estimators import Estimator, estimator_named
from satloyal.models.sem.implied import Ram
from satloyal.models.sem.ordinal_profile import Profile, free_cuts
from satloyal.models.sem.ordinal_response import Response
from satloyal.models.sem.ordinal_table import Parameterization
from satloyal.models.sem.ordinal_term import OrdinalTerm
from satloyal.models.sem.start import starts
from satloyal.notes import Note

if TYPE_CHECKING:
    from satloyal.models.sem.data import Sample
    from satloyal.spec.table import ParameterTable

__all__ = ["OrdinalSample", "ordinal_estimator", "ordinal_sample", "ordinal_starts"]

Array = NDArray[Any]

_LEAST_UNIQUE = 0.1  # of a latent response's variance, that a first guess leaves unexplained


@dataclass(frozen=True, eq=False)
class OrdinalSample:
    """Thresholds and correlations of each group, and how latent responses get their scale.

    Parameters
    ----------
    groups : tuple of OrdinalMoments
    parameterization : {"delta", "theta"}
    """

    groups: tuple[OrdinalMoments, ...]
    parameterization: Parameterization

    @property
    def covariates(self) -> tuple[str, ...]:
        """Covariates that all is conditional on; none where they are modelled along."""
        return self.groups[0].layout.covariates

    @property
    def theta(self) -> bool:
        """Whether residual variances set the scale of latent responses."""
        return self.parameterization == "theta"

    def rams(self, table: ParameterTable) -> tuple[Ram, ...]:
        """Lay out a table, residual variances of items being what is left of one in delta."""
        out = []
        layout = self.groups[0].layout
        items = np.flatnonzero(layout.ordered)
        for group in range(1, table.groups + 1):
            ram = replace(
                Ram.of(table, group), given=tuple(table.observed.index(name) for name in self.covariates)
            )
            if not self.theta:
                free = {r.lhs: r.free - 1 for r in table.rows if r.group == group and r.op == "~*~"}
                ram = ram.with_unit(items.tolist(), [free[layout.names[i]] for i in items])
            out.append(ram)
        return tuple(out)

    def responses(self, table: ParameterTable, rams: Sequence[Ram]) -> list[Response]:
        """Return each group's statistics as functions of θ."""
        return [
            Response.of(table, ram, group.layout, number, theta=self.theta)
            for number, (ram, group) in enumerate(zip(rams, self.groups, strict=True), start=1)
        ]

    @property
    def shares(self) -> list[float]:
        """Weight of each group, (n_g − 1) / (N − G)."""
        total = sum(g.weight - 1 for g in self.groups)
        return [(g.weight - 1) / total for g in self.groups]

    def problem(
        self,
        table: ParameterTable,
        rams: Sequence[Ram],
        weights: Sequence[Array],
        statistics: Sequence[Array] | None = None,
    ) -> Problem:
        """Pose the problem of a model.

        Parameters
        ----------
        table : ParameterTable
        rams : sequence of Ram
        weights : sequence of ndarray, shapes (K, K) or (K,), or (B, K) beside statistics of shape (B, K)
        statistics : sequence of ndarray, shapes (B, K), optional
            Of resamples; those of the sample when not given.
        """
        given = [g.statistics[None] for g in self.groups] if statistics is None else statistics
        terms = []
        for response, ram, share, weight, vector in zip(
            self.responses(table, rams), rams, self.shares, weights, given, strict=True
        ):
            own = statistics is not None and weight.ndim == 2 and weight.shape == vector.shape
            terms.append(OrdinalTerm(ram, share, response, LeastSquares(vector, weight, own)))
        return Problem(tuple(terms), table.q)

    def profile(
        self,
        table: ParameterTable,
        rams: Sequence[Ram],
        weights: Sequence[Array],
        statistics: Sequence[Array] | None = None,
    ) -> Profile | None:
        """Pose the problem without thresholds; none where they are not all free and weighed alone.

        Parameters
        ----------
        table, rams, weights, statistics
            As for :meth:`problem`.
        """
        responses = self.responses(table, rams)
        given = [g.statistics[None] for g in self.groups] if statistics is None else statistics
        alone = all(
            w.ndim == 1 or (statistics is not None and w.shape == s.shape)
            for w, s in zip(weights, given, strict=True)
        )
        if table.constraints or not alone or not free_cuts(responses):
            return None
        return Profile.of(responses, rams, self.shares, weights, given)

    def jacobian(self, table: ParameterTable, rams: Sequence[Ram]) -> Callable[[Array], Array]:
        """Return ∂ statistics / ∂θ of all groups together, as a function of θ, shape (K, q)."""
        responses = self.responses(table, rams)

        def slopes(theta: Array) -> Array:
            return np.concatenate([r.at(theta[None]).jacobian[0] for r in responses])

        return slopes

    def weights(self, method: Estimator) -> tuple[Array, ...]:
        """Return the weight matrices of least squares: I, 1/diag Γ, or Γ⁻¹.

        Raises
        ------
        FitError
            Γ has no inverse, or no values because answers separate.
        """
        kind = method.discrepancy
        if kind == "ULS":
            return tuple(np.ones(g.layout.size) for g in self.groups)
        out: list[Array] = []
        for group in self.groups:
            gamma = group.gamma * group.weight / group.n
            if kind == "DWLS":
                out.append(1 / np.diagonal(gamma))
                continue
            size = len(gamma)
            if group.n <= size or np.linalg.matrix_rank(gamma) < size:
                place = f"group {group.label!r}: " if group.label else ""
                raise FitError(
                    f"{place}WLS weighs {size} thresholds and correlations, and {group.n} rows cannot tell "
                    "how they vary together",
                    fix="use estimator='WLSMV', or many more respondents",
                )
            out.append(np.linalg.inv(gamma))
        return tuple(out)

    def implied(
        self, table: ParameterTable, rams: Sequence[Ram], theta: Array
    ) -> list[tuple[Array, Array | None]]:
        """Return implied covariances and means of each group, latent responses with a variance of one."""
        points = [r.at(theta[None]).moments for r in self.responses(table, rams)]
        return [
            group.joined(cov[0], mean[0, :, 1:], mean[0, :, 0])
            if isinstance(group, ConditionalMoments)
            else (cov[0], mean[0, :, 0])
            for group, (cov, mean) in zip(self.groups, points, strict=True)
        ]

    def gammas(self, clusters: Sequence[Array | None]) -> list[Array]:
        """Return each group's Γ; influence is summed within clusters where there are any.

        A group counts by the sum of its sampling weights, so its Γ is per unit of weight.

        Parameters
        ----------
        clusters : sequence of ndarray of int, shapes (n_g,)
        """
        out = []
        for group, codes in zip(self.groups, clusters, strict=True):
            if codes is None:
                out.append(group.gamma * group.weight / group.n)
                continue
            labels, place = np.unique(codes, return_inverse=True)
            summed = np.zeros((len(labels), group.layout.size))
            np.add.at(summed, place, group.influence)
            gamma = summed.T @ summed / group.n * len(labels) / max(len(labels) - 1, 1)
            out.append(gamma * group.weight / group.n)
        return out


def ordinal_estimator(name: str | None, missing: str) -> Estimator:
    """Return the estimator for ordinal items; WLSMV when none is named.

    Raises
    ------
    FitError
        Maximum likelihood and normal-theory weights are for continuous variables; so are incomplete rows.
    """
    method = estimator_named("WLSMV" if name is None else name)
    if method.discrepancy in ("ML", "GLS"):
        raise FitError(
            f"{method.name} takes items as continuous, and some are declared ordinal", where="fit_sem",
            fix="use estimator='WLSMV' (also ULSMV, WLSM, DWLS, ULS, WLS), or leave ordered= out",
        )  # fmt: skip
    if missing != "listwise":
        raise FitError(
            f"missing={missing!r} is for continuous variables, and some are declared ordinal",
            where="fit_sem", fix="use missing='listwise', or leave ordered= out",
        )  # fmt: skip
    return method


def ordinal_sample(
    sample: Sample,
    items: Sequence[str],
    parameterization: Parameterization,
    covariates: Sequence[str] = (),
) -> Sample:
    """Estimate thresholds and correlations of the rows of a sample.

    Parameters
    ----------
    sample : Sample
    items : sequence of str
        The ordinal ones.
    parameterization : {"delta", "theta"}
    covariates : sequence of str
        The last variables, if all is to be conditional on them.

    Raises
    ------
    FitError
        The data are moments; answers separate, so that a correlation has no standard error; or a
        correlation did not converge.
    """
    rows = sample.rows
    if not isinstance(rows, CompleteRows):
        raise FitError("ordinal items need rows, and the data are moments", fix="give the rows")
    groups: tuple[OrdinalMoments, ...]
    groups = conditional_moments(rows, items, covariates) if covariates else ordinal_moments(rows, items)
    for group in groups:
        _check_usable(group)
    found = tuple(
        GroupMoments(g.label, g.n, *_moments(m), g.weight)
        for g, m in zip(sample.moments.groups, groups, strict=True)
    )
    moments = replace(sample.moments, groups=found)
    notes = [note for g in groups for note in g.notes]
    numeric = [n for n, o in zip(groups[0].names, groups[0].ordered, strict=True) if not o]
    if numeric:
        notes.append(
            Note(
                "ordinal items",
                f"{', '.join(numeric)}: taken as continuous and modelled with the items"
                + ("" if covariates else ", covariates included"),
                len(numeric),
            )
        )
    if covariates:
        notes.append(
            Note(
                "covariates",
                f"{', '.join(covariates)}: taken as given: all that is fitted is given them",
                len(covariates),
            )
        )
    return replace(
        sample,
        moments=moments,
        notes=(*sample.notes, *notes),
        ordinal=OrdinalSample(groups, parameterization),
    )


def _moments(group: OrdinalMoments) -> tuple[Array, Array]:
    """Return covariances and means, with what covariates explain where they are given."""
    if isinstance(group, ConditionalMoments):
        return group.total
    return group.covariance, group.means


def _check_usable(group: OrdinalMoments) -> None:
    if group.usable:
        return
    place = f"group {group.label!r}" if group.label else "fit_sem"
    if group.separated:
        pairs = "; ".join(f"{a} with {b}" for a, b in group.separated[:5])
        raise FitError(
            f"answers separate in {len(group.separated)} pairs of items, whose correlation is then ±1 "
            f"without a standard error: {pairs}",
            where=place, fix="merge rare categories, or leave one of the two items out",
        )  # fmt: skip
    rows, columns = np.nonzero(np.triu(~group.converged, 1))
    pairs = "; ".join(f"{group.names[i]} with {group.names[j]}" for i, j in zip(rows, columns, strict=True))
    raise FitError(
        f"no correlation was found for {pairs}", where=place, fix="look at the cross-table of the two items"
    )


def ordinal_starts(table: ParameterTable, sample: Sample, rams: Sequence[Ram]) -> Iterator[Array]:
    """Yield starting vectors θ, shape (q,), thresholds as in the sample."""
    ordinal = sample.ordinal
    assert ordinal is not None  # noqa: S101 - asked for ordinal items only
    moments = sample.moments
    if ordinal.theta:
        moments = _unscaled(table, moments, rams, ordinal)
    for guess in starts(table, moments):
        yield _with_thresholds(table, guess, ordinal)


def _with_thresholds(table: ParameterTable, guess: Array, ordinal: OrdinalSample) -> Array:
    theta = guess.copy()
    total, count = np.zeros(len(theta)), np.zeros(len(theta))
    layout = ordinal.groups[0].layout
    at = {name: i for i, name in enumerate(layout.names)}
    for row in table.rows:
        if row.op not in ("|", "~*~") or not row.free:
            continue
        value = 1.0
        if row.op == "|":
            value = float(ordinal.groups[row.group - 1].padded[at[row.lhs], int(row.rhs[1:]) - 1])
        total[row.free - 1] += value if row.start is None else row.start
        count[row.free - 1] += 1
    known = count > 0
    theta[known] = total[known] / count[known]
    return theta


def _unscaled(
    table: ParameterTable, moments: Moments, rams: Sequence[Ram], ordinal: OrdinalSample
) -> Moments:
    """Return moments with residual variances of about one, as the theta parameterisation has them."""
    theta = next(starts(table, moments))
    groups = []
    for ram, group, own in zip(rams, moments.groups, ordinal.groups, strict=True):
        p = ram.observed
        A, S = ram.matrices(theta[None], group.cov, group.mean)
        items = np.flatnonzero(own.ordered)
        S[:, items, items] = 0.0
        explained = ram.explained(A, S, items)[0]
        scale = np.ones(p)
        scale[items] = 1 / np.sqrt(np.maximum(1 - explained, _LEAST_UNIQUE))
        groups.append(replace(group, cov=group.cov * np.outer(scale, scale)))
    return replace(moments, groups=tuple(groups))
