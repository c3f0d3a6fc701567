"""The constructs of a measurement model: which indicators measure which latent variable, and how well.

Coefficients take a batch of parameter vectors, also complex ones, whose imaginary parts carry derivatives.
Of ordinal items they are of the latent responses, with a variance of one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from satloyal.core import reliability
from satloyal.core.sum_scores import categorical_omega

if TYPE_CHECKING:
    from satloyal.core.ordinal_layout import Layout
    from satloyal.models.sem.result import SemFit

__all__ = ["COEFFICIENTS", "OF_PARAMETERS", "Construct", "MeasurementModel"]

Array = NDArray[Any]

COEFFICIENTS = ("alpha", "omega", "omega2", "omega3", "omega_cat", "cr", "maximal", "ave", "ave_std")
"""Of the sample alone: alpha. Of the sample and the model: omega3. Of the model: the others."""

OF_PARAMETERS = tuple(name for name in COEFFICIENTS if name not in ("alpha", "omega3"))
"""Those that follow from the parameters alone."""


@dataclass(frozen=True)
class Construct:
    """One latent variable and its indicators.

    Parameters
    ----------
    name : str
        The latent variable.
    indicators : tuple of str
        Observed items, or latent variables under a second-order factor.
    items : tuple of int
        Positions of the indicators in the sample, if all of them are observed; else empty.
    crossed : tuple of str
        Indicators that load on another construct as well.
    exact : bool
        Whether the residual variances of all indicators are fixed at zero, as in cross-lagged models with
        random intercepts: no error is estimated, so that a reliability of one would say nothing.
    """

    name: str
    indicators: tuple[str, ...]
    items: tuple[int, ...]
    crossed: tuple[str, ...]
    exact: bool = False

    @property
    def single(self) -> bool:
        """Whether there is one indicator only, so that nothing about it can be estimated."""
        return len(self.indicators) == 1

    @property
    def second_order(self) -> bool:
        """Whether latent variables are among the indicators."""
        return not self.items

    def undefined(self) -> dict[str, str]:
        """Return why a coefficient has no value here, by coefficient.

        ``omega_cat`` is left out: it is for ordinal items (:meth:`MeasurementModel.undefined`).
        """
        if self.single:
            return dict.fromkeys(COEFFICIENTS, "one indicator: its error cannot be told from its content")
        why: dict[str, str] = {}
        if self.second_order:
            why |= dict.fromkeys(("alpha", "omega3"), "measured by latent variables, not by a sum of items")
        if self.exact:
            names = ("omega", "cr") if self.crossed else OF_PARAMETERS
            why |= dict.fromkeys(names, "all errors are fixed at zero: reliability is assumed, not estimated")
        if self.crossed:
            also = f"{', '.join(self.crossed)} {'loads' if len(self.crossed) == 1 else 'load'}"
            why |= dict.fromkeys(("ave", "ave_std", "maximal"), f"{also} on another construct as well")
        return why


@dataclass(frozen=True, eq=False)
class MeasurementModel:
    """The measurement part of one group at a batch of parameters.

    Parameters
    ----------
    constructs : tuple of Construct
        In the order of the table.
    variables : tuple of str
        The m variables of the matrices.
    A, S, P : ndarray (B, m, m)
        Arrows, (residual) covariances, and implied covariances.
    sample : ndarray (p, p)
        Sample covariance matrix of the observed variables; correlations of latent responses where ordinal.
    ordered : frozenset of str
        Ordinal items.
    thresholds : ndarray (B, p, C), optional
        Of latent responses with a mean of zero and a variance of one; +∞ where there is none.
    """

    constructs: tuple[Construct, ...]
    variables: tuple[str, ...]
    A: Array
    S: Array
    P: Array
    sample: Array
    ordered: frozenset[str] = frozenset()
    thresholds: Array | None = None

    @classmethod
    def of(cls, fit: SemFit, position: int, theta: Array) -> MeasurementModel:
        """Lay out the group at `position` (from 0) for parameters (B, q)."""
        ram = fit.rams[position]
        moments = fit.sample.groups[position]
        A, S = ram.matrices(np.atleast_2d(theta), moments.cov, moments.mean)
        keep = [i for i, name in enumerate(ram.variables) if name in (*fit.table.observed, *fit.table.latent)]
        rows, columns = np.ix_(keep, keep)
        A, S = A[:, rows, columns], S[:, rows, columns]
        # A loop gives no reason to stop: implied covariances exist wherever I - A can be inverted.
        E = np.linalg.inv(np.eye(len(keep)) - A)
        P = E @ S @ np.swapaxes(E, 1, 2)
        names = tuple(ram.variables[i] for i in keep)
        constructs = _constructs(fit, position + 1)
        ordinal = fit.input.ordinal
        if ordinal is None:
            return cls(constructs, names, A, S, P, moments.cov)
        of = ordinal.groups[position]
        ordered = frozenset(name for name, is_item in zip(of.names, of.ordered, strict=True) if is_item)
        unit = np.array([name in ordered for name in names])
        sd = np.where(unit, _root(np.diagonal(P, axis1=1, axis2=2)), 1.0)
        left, right = sd[:, :, None], sd[:, None, :]
        A, S, P = A * right / left, S / (left * right), P / (left * right)
        item = np.array([name in ordered for name in fit.sample.names])
        found = np.where(item, np.sqrt(np.diagonal(moments.cov)), 1.0)
        sample = moments.cov / np.outer(found, found)
        if ordinal.covariates:  # the answers to an item have no one distribution, but one at each place
            return cls(constructs, names, A, S, P, sample, ordered)
        response = ordinal.responses(fit.table, fit.rams)[position]
        cuts = _cuts(response.layout, response.at(np.atleast_2d(theta)).statistics)
        return cls(constructs, names, A, S, P, sample, ordered, cuts)

    def standardized(self) -> tuple[Array, Array]:
        """Return standardised arrows and residual variances, (B, m, m) and (B, m)."""
        variance = np.diagonal(self.P, axis1=1, axis2=2)
        variance = np.where(np.real(variance) > 0, variance, np.nan)
        sd = _root(variance)
        return self.A * sd[:, None, :] / sd[:, :, None], np.diagonal(self.S, axis1=1, axis2=2) / variance

    def loadings(self, construct: Construct) -> Array:
        """Return the standardised loadings of one construct, (B, k)."""
        at, latent = self._at(construct)
        return self.standardized()[0][:, at, latent]

    def undefined(self, construct: Construct) -> dict[str, str]:
        """Return why a coefficient of one construct has no value here, by coefficient."""
        why = construct.undefined()
        if not self.ordered or construct.single:
            return why
        if construct.second_order:
            return why | {"omega_cat": "measured by latent variables, not by a sum of items"}
        numeric = [name for name in construct.indicators if name not in self.ordered]
        if self.thresholds is None:
            why["omega_cat"] = "thresholds are those given covariates, and so differ between respondents"
        if numeric:
            why["omega_cat"] = f"{', '.join(numeric)} is not ordinal"
        return why

    def basis(self, construct: Construct) -> str:
        """Say what the coefficients are of: ``observed`` items, ``latent responses``, or ``both``."""
        ordinal = self._beneath(construct) & self.ordered
        if not ordinal:
            return "observed"
        return "latent responses" if self._beneath(construct) <= self.ordered else "both"

    def _beneath(self, construct: Construct) -> set[str]:
        """Items of a construct, those of its parts included."""
        own = {c.name: c for c in self.constructs}
        out: set[str] = set()
        for name in construct.indicators:
            out |= self._beneath(own[name]) if name in own and name != construct.name else {name}
        return out

    def coefficients(self, construct: Construct) -> dict[str, Array]:
        """Return each coefficient of one construct, (B,); NaN where :meth:`undefined` says why.

        ``omega_cat`` is NaN for items that are not ordinal: there it would be ``omega``.
        """
        at, latent = self._at(construct)
        block = np.ix_(at, at)
        loading, variance = self.A[:, at, latent], self.P[:, latent, latent]
        implied, residual = self.P[:, block[0], block[1]], self.S[:, block[0], block[1]]
        std, std_residual = self.standardized()
        values = {
            "omega": reliability.omega(loading, variance, residual),
            "omega2": reliability.omega_of_composite(loading, variance, implied),
            "maximal": reliability.maximal_reliability(loading, variance, residual),
            "cr": reliability.composite_reliability(std[:, at, latent], std_residual[:, at]),
            "ave": reliability.average_variance_extracted(loading, variance, implied),
            "ave_std": (std[:, at, latent] ** 2).mean(-1),
        }
        if construct.items:
            sample = self.sample[np.ix_(construct.items, construct.items)]
            values["alpha"] = np.broadcast_to(reliability.cronbach_alpha(sample), variance.shape)
            values["omega3"] = reliability.omega_of_composite(loading, variance, sample)
        missing = np.full(variance.shape, np.nan)
        why = self.undefined(construct)
        if self.thresholds is not None and "omega_cat" not in why and not construct.single:
            true = loading[:, :, None] * loading[:, None, :] * variance[:, None, None]
            tau = self.thresholds[:, list(construct.items)]
            values["omega_cat"] = categorical_omega(tau, true, implied)
        return {name: missing if name in why else values.get(name, missing) for name in COEFFICIENTS}

    def structure(self) -> Array:
        """Return the implied correlations of observed variables with constructs, (B, p, c)."""
        items = [i for i, name in enumerate(self.variables) if name in set(self.observed)]
        factors = [self.variables.index(c.name) for c in self.constructs]
        sd = _root(np.diagonal(self.P, axis1=1, axis2=2))
        cross = self.P[:, items][:, :, factors]
        return np.asarray(cross / (sd[:, items, None] * sd[:, None, factors]))

    @property
    def observed(self) -> tuple[str, ...]:
        """Items of the constructs, in the order of the variables."""
        inner = {c.name for c in self.constructs}
        items = {name for c in self.constructs for name in c.indicators} - inner
        return tuple(name for name in self.variables if name in items)

    def latent_correlations(self) -> Array:
        """Return the correlations of the constructs, (B, c, c)."""
        at = [self.variables.index(c.name) for c in self.constructs]
        rows, columns = np.ix_(at, at)
        return reliability.correlations(self.P[:, rows, columns])

    def negative_residuals(self) -> tuple[str, ...]:
        """Return the variables whose residual variance is negative in the first replicate."""
        return tuple(
            name for name, value in zip(self.variables, np.diagonal(self.S[0]), strict=True) if value < 0
        )

    def _at(self, construct: Construct) -> tuple[list[int], int]:
        return [self.variables.index(i) for i in construct.indicators], self.variables.index(construct.name)


def _root(variance: Array) -> Array:
    """Square root; NaN where a variance is not positive."""
    with np.errstate(invalid="ignore"):
        return np.asarray(np.sqrt(np.where(np.real(variance) > 0, variance, np.nan)))


def _cuts(layout: Layout, statistics: Array) -> Array:
    """Lay thresholds out as (B, p, C), +∞ after the last of an item."""
    width = max(1, int(layout.th_number.max()) + 1)
    out = np.full((len(statistics), len(layout.names), width), np.inf, dtype=statistics.dtype)
    rows = np.flatnonzero(layout.th_number >= 0)
    out[:, layout.th_variable[rows], layout.th_number[rows]] = statistics[:, rows]
    return out


def _constructs(fit: SemFit, group: int) -> tuple[Construct, ...]:
    loads = [r for r in fit.table.rows if r.op == "=~" and r.group == group and (r.free or r.value)]
    names = list(dict.fromkeys(row.lhs for row in loads))
    indicators = {name: tuple(row.rhs for row in loads if row.lhs == name) for name in names}
    owners = [item for listed in indicators.values() for item in listed]
    variances = [r for r in fit.table.rows if r.op == "~~" and r.lhs == r.rhs and r.group == group]
    exact = {r.lhs for r in variances if not r.free and r.value == 0}  # none: computed from others
    at = {name: i for i, name in enumerate(fit.sample.names)}
    return tuple(
        Construct(
            name,
            listed,
            tuple(at[i] for i in listed) if all(i in at for i in listed) else (),
            tuple(i for i in listed if owners.count(i) > 1),
            exact={*listed} <= exact,
        )
        for name, listed in indicators.items()
    )
