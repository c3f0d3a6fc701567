"""Incomplete samples: their patterns, their saturated moments, and the problem that a model poses on them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from satloyal.core.em import Saturated, saturated_moments
from satloyal.core.moments import GroupMoments, Moments
from satloyal.core.patterns import Patterns
from satloyal.errors import FitError
from satloyal.models.sem.estimate import Problem
from satloyal.models.sem.estimators import Estimator
from satloyal.models.sem.fiml import IncompleteTerm, pattern_scores
from satloyal.models.sem.implied import augmented
from satloyal.notes import Note

if TYPE_CHECKING:
    from satloyal.core.incomplete import IncompleteRows
    from satloyal.models.sem.implied import Ram

__all__ = ["Incomplete", "incomplete_estimator"]

Array = NDArray[Any]

_TIED = 1e-7  # eigenvalue of the correlations at which EM is on its way to a singular matrix
_TAKES_PART = 0.1  # entry of its eigenvector that names a variable
_SHOWN = 6


@dataclass(frozen=True, eq=False)
class Incomplete:
    """What is known of incomplete rows, group by group.

    Parameters
    ----------
    patterns : tuple of Patterns
    saturated : tuple of Saturated
        Maximum likelihood means and covariances without a model.
    auxiliary : tuple of str
        Variables that stand beside the model.
    """

    patterns: tuple[Patterns, ...]
    saturated: tuple[Saturated, ...]
    auxiliary: tuple[str, ...] = ()

    @classmethod
    def of(cls, rows: IncompleteRows, auxiliary: Sequence[str] = ()) -> Incomplete:
        """Sort rows into patterns and find their saturated moments.

        Raises
        ------
        FitError
            When the likelihood has no maximum that steps reach.
        """
        patterns, saturated = [], []
        for code, label in enumerate(rows.labels):
            mask = rows.codes == code
            weights = None if rows.weights is None else rows.weights[mask]
            found = Patterns.of(rows.values[mask], weights)
            moments = saturated_moments(found)
            if not moments.converged or _weakest(moments.cov)[0] < _TIED:
                raise _without_moments(found, moments, rows.names, label)
            patterns.append(found)
            saturated.append(moments)
        return cls(tuple(patterns), tuple(saturated), tuple(auxiliary))

    def moments(self, rows: IncompleteRows) -> Moments:
        """Return the saturated moments as a sample."""
        groups = []
        for code, (label, found) in enumerate(zip(rows.labels, self.saturated, strict=True)):
            mask = rows.codes == code
            total = None if rows.weights is None else float(rows.weights[mask].sum())
            groups.append(GroupMoments(label, int(mask.sum()), found.cov, found.mean, total))
        return Moments(rows.names, tuple(groups), (), "rows")

    def note(self, rows: IncompleteRows) -> Note:
        """Say what is missing and what was made of it."""
        n = len(rows.values)
        gaps = np.isnan(rows.values)
        complete = int((~gaps.any(axis=1)).sum())
        count = sum(len(p.size) for p in self.patterns)
        word = "pattern" if count == 1 else "patterns"
        with_help = f", with {', '.join(self.auxiliary)} beside the model" if self.auxiliary else ""
        return Note(
            "missing values",
            f"full-information maximum likelihood uses all {n} rows, {complete} of them complete: {count} "
            f"{word} of missing values, {100 * gaps.mean():.1f} % of the values missing{with_help}",
            count,
        )

    @property
    def constant(self) -> float:
        """Values a row times log 2π over all groups: what F leaves out of −2 log-likelihood."""
        total = sum(float(p.size @ p.observed.sum(axis=1)) for p in self.patterns)
        return total * float(np.log(2 * np.pi))

    @property
    def logl(self) -> float:
        """Log-likelihood of the saturated model."""
        fitted = sum(p.n * s.value for p, s in zip(self.patterns, self.saturated, strict=True))
        return -0.5 * (fitted + self.constant)

    def problem(self, rams: Sequence[Ram]) -> Problem:
        """Pose the problem of a model on these rows."""
        total = sum(p.n for p in self.patterns)
        terms = tuple(
            IncompleteTerm.of(ram, p.n / total, p, s.cov, s.mean, s.value)
            for ram, p, s in zip(rams, self.patterns, self.saturated, strict=True)
        )
        return Problem(terms, rams[0].q)

    def distances(self, rows: Array, group: int) -> Array:
        """Return squared Mahalanobis distances of a group's rows on what they have, shape (n_g,)."""
        patterns, moments = self.patterns[group], self.saturated[group]
        z = np.nan_to_num(rows - moments.mean)
        sigma = augmented(moments.cov, np.zeros(len(moments.mean)))[None]
        out = np.empty(len(rows))
        at = 0
        for part in patterns.likelihood().chunks(1):
            for V in part.inverses(sigma)[0][0]:
                own = z[patterns.rows[at]]
                out[patterns.rows[at]] = np.einsum("ni,ni->n", own @ V[:-1, :-1], own)
                at += 1
        return out

    def scores(self, rams: Sequence[Ram], theta: Array, rows: Sequence[Array]) -> list[Array]:
        """Return derivatives of each row's −log-likelihood, a group at a time, shapes (n_g, q)."""
        return [
            pattern_scores(ram, theta, values, p, s.cov, s.mean)
            for ram, values, p, s in zip(rams, rows, self.patterns, self.saturated, strict=True)
        ]


def incomplete_estimator(method: Estimator, likelihood: str) -> Estimator:
    """Return the estimator if incomplete rows have one like it.

    Raises
    ------
    FitError
        Least squares, tests from fourth moments and the Wishart likelihood need complete rows.
    """
    if likelihood != "normal":
        raise FitError(
            f"likelihood={likelihood!r} is that of a covariance matrix of complete rows", where="fit_sem",
            fix="use likelihood='normal' with missing='fiml'",
        )  # fmt: skip
    if method.discrepancy != "ML" or method.vcov == "robust.sem":
        raise FitError(
            f"{method.name} needs complete rows", where="fit_sem",
            fix="use estimator='ML' or 'MLR' with missing='fiml', or missing='listwise'",
        )  # fmt: skip
    return method


def _weakest(cov: Array) -> tuple[float, Array]:
    """Smallest eigenvalue of the correlations, and how much each variable takes part in it."""
    variances = np.diagonal(cov)
    if not (np.isfinite(cov).all() and (variances > 0).all()):
        return -np.inf, (~(variances > 0)).astype(float)
    sd = np.sqrt(variances)
    values, vectors = np.linalg.eigh(cov / np.outer(sd, sd))
    return float(values[0]), np.abs(vectors[:, 0])


def _without_moments(patterns: Patterns, moments: Saturated, names: Sequence[str], label: str) -> FitError:
    """Say why incomplete rows have no saturated moments."""
    where = f"group {label!r}" if label else "fit_sem"
    weakest, entries = _weakest(moments.cov)
    if weakest < _TIED:
        involved = [names[i] for i in np.argsort(-entries) if entries[i] > _TAKES_PART]
        return FitError(
            f"{round(patterns.n)} incomplete rows leave no variance to a combination of "
            f"{', '.join(involved[:_SHOWN])}: their covariances have no estimate",
            where=where,
            fix="look for a variable that stands there twice or is the sum of others; else use fewer items, "
            "or more respondents who answered these together",
        )
    coverage = patterns.coverage
    i, j = (int(k) for k in np.argwhere(coverage == coverage.min())[0])
    pair = names[i] if i == j else f"{names[i]} and {names[j]}"
    return FitError(
        f"the means and covariances of the incomplete rows did not settle after {moments.iterations} "
        f"EM steps; only {100 * coverage[i, j]:.1f} % of the rows have {pair}",
        where=where, fix="leave out items that are mostly missing, or use missing='listwise'",
    )  # fmt: skip
