"""The two steps of structural-after-measurement: items mapped onto factors, and errors that know of both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from satloyal.core.moments import GroupMoments, Moments
from satloyal.models.sem.estimate import Problem
from satloyal.models.sem.implied import Ram

if TYPE_CHECKING:
    from satloyal.models.sem.data import Sample
    from satloyal.models.sem.result import SemFit
    from satloyal.spec.parameter import Parameter
    from satloyal.spec.table import ParameterTable

__all__ = ["Mapped", "key", "mapped", "mapping", "mapping_of", "two_step", "undefined"]

Array = NDArray[Any]
Key = tuple[str, str, str, int]

_LEAST = 1e-8  # residual variance, relative to the largest, in place of none


@dataclass(frozen=True, eq=False)
class Mapped:
    """Moments of factors and of observed variables that are no items.

    Parameters
    ----------
    moments : Moments
    reliability : Series
        Of each factor as mapped (and group): its variance over that of its mapped items.
    reason : str
        Why nothing can be fitted to them; empty otherwise.
    """

    moments: Moments
    reliability: pd.Series
    reason: str


def mapped(table: ParameterTable, fits: Sequence[SemFit], moments: Moments) -> Mapped:
    """Map the items' moments onto the factors, group by group; observed variables map onto themselves.

    Parameters
    ----------
    table : ParameterTable
    fits : sequence of SemFit
        The measurement blocks.
    moments : Moments
        Of all observed variables, means and covariances as estimated without a model.
    """
    items = {i for names in table.indicators.values() for i in names}
    names = [*table.latent, *(v for v in moments.names if v not in items)]
    groups, reasons = [], []
    shares: dict[str, float] = {}
    for g, group in enumerate(moments.groups):
        cov, share = _group(names, len(table.latent), fits, g, moments.names, group.cov)
        groups.append(GroupMoments(group.label, group.n, cov))
        place = f" [{group.label}]" if len(moments.groups) > 1 else ""
        shares |= {f"{name}{place}": value for name, value in zip(table.latent, share, strict=True)}
        reason = undefined(cov, names)
        if reason:
            reasons.append(f"{reason}{place}")
    found = Moments(tuple(names), tuple(groups), moments.notes, "matrix")
    return Mapped(found, pd.Series(shares, name="reliability", dtype=float), "; ".join(reasons))


def _group(
    names: list[str], latent: int, fits: Sequence[SemFit], g: int, observed: Sequence[str], S: Array
) -> tuple[Array, Array]:
    """Latent covariances M(S − Θ)Mᵀ of a group, and the reliability of its factors."""
    M, Theta = mapping(names, fits, g, observed)
    cov = M @ (S - Theta) @ M.T
    with np.errstate(invalid="ignore", divide="ignore"):
        share = np.diagonal(cov)[:latent] / np.diagonal(M @ S @ M.T)[:latent]
    return (cov + cov.T) / 2, share


def mapping(
    names: Sequence[str], fits: Sequence[SemFit], g: int, observed: Sequence[str]
) -> tuple[Array, Array]:
    """Return what maps a group's items onto factors, and the residual covariances of the items.

    Parameters
    ----------
    names : sequence of str, length k
        Factors and observed variables that are no items, which map onto themselves.
    fits : sequence of SemFit
        The measurement blocks.
    g : int
        Position of the group.
    observed : sequence of str, length p

    Returns
    -------
    M : ndarray, shape (k, p)
    Theta : ndarray, shape (p, p)
    """
    place = list(observed).index
    M, Theta = np.zeros((len(names), len(observed))), np.zeros((len(observed), len(observed)))
    for fit in fits:
        ram = fit.rams[g]
        at = [place(v) for v in ram.variables[: ram.observed]]
        of = [list(names).index(v) for v in ram.variables[ram.manifest :]]
        M[np.ix_(of, at)], Theta[np.ix_(at, at)] = mapping_of(fit, g, fit.theta)
    for i, name in enumerate(names):
        if not M[i].any():
            M[i, place(name)] = 1.0
    return M, Theta


def mapping_of(fit: SemFit, g: int, theta: Array) -> tuple[Array, Array]:
    """Return M and Θ of one block at some parameters, shape (q,), real or complex."""
    ram = fit.rams[g]
    A, spread = (x[0] for x in ram.matrices(theta[None]))
    p, m = ram.observed, ram.manifest
    L, residual = A[:p, m:], spread[:p, :p]
    return _mapping(L, residual), residual


def undefined(cov: Array, names: Sequence[str]) -> str:
    """Say why nothing can be fitted to latent covariances; nothing otherwise."""
    if not np.isfinite(cov).all():
        return "an item's residual variance is zero or negative, so its factor cannot be mapped"
    if (np.diagonal(cov) <= 0).any():
        return f"{names[int(np.argmin(np.diagonal(cov)))]} has no variance beyond that of its residuals"
    if np.linalg.eigvalsh(cov / np.sqrt(np.outer(np.diagonal(cov), np.diagonal(cov))))[0] < 1e-8:
        return "the latent covariances are not positive definite: some constructs are not distinct"
    return ""


def _mapping(L: Array, theta: Array) -> Array:
    """M = (ΛᵀΘ⁻¹Λ)⁻¹ΛᵀΘ⁻¹; of a single item without residual variance, one over its loading."""
    if L.shape == (1, 1):
        return np.asarray(1 / L)
    diagonal = np.real(np.diagonal(theta))
    if (diagonal == 0).any():  # an item on its bound is its factor: the limit of ever less residual variance
        theta = theta + np.diag(np.where(diagonal == 0, _LEAST * diagonal.max(), 0.0))
    if np.linalg.eigvalsh(np.real(theta))[0] <= 0:
        return np.full(L.T.shape, np.nan)
    weighted = np.linalg.solve(theta, L)
    return np.asarray(np.linalg.solve(L.T @ weighted, weighted.T))


def key(lhs: str, op: str, rhs: str, group: int) -> Key:
    """Return what a parameter is called in every part of the model."""
    if op == "~~":
        lhs, rhs = sorted((lhs, rhs))
    return lhs, op, rhs, group


def _places(fit: SemFit, whole: dict[Key, Parameter]) -> dict[int, int]:
    """Return for each free parameter of a part its number in the whole model, both from 0."""
    out: dict[int, int] = {}
    for row in fit.table.parameters:
        other = whole.get(key(row.lhs, row.op, row.rhs, row.group))
        if row.free and other is not None and other.free:
            out[row.free - 1] = other.free - 1
    return out


def two_step(table: ParameterTable, fits: Sequence[SemFit], structural: SemFit, sample: Sample) -> Array:
    """Covariance of the structural estimates, the measurement's uncertainty included.

    The information is that of the whole model: expected of complete rows, observed of incomplete ones.
    """
    whole = {key(r.lhs, r.op, r.rhs, r.group): r for r in table.parameters}
    own = _places(structural, whole)
    theta = np.full(table.q, np.nan)
    sigma = np.zeros((table.q, table.q))
    for here, there in own.items():
        theta[there] = structural.theta[here]
    for fit in fits:
        # a block also estimates variances of its factors, which are the second step's to give
        kept = {h: t for h, t in _places(fit, whole).items() if t not in own.values()}
        theirs, ours = np.array(list(kept), dtype=int), np.array(list(kept.values()), dtype=int)
        theta[ours] = fit.theta[theirs]
        sigma[np.ix_(ours, ours)] = fit.vcov[np.ix_(theirs, theirs)]
    two = np.array([own[i] for i in range(structural.table.q)], dtype=int)
    one = np.setdiff1d(np.arange(table.q), two)
    rams = tuple(Ram.of(table, g + 1) for g in range(table.groups))
    if sample.incomplete is None:
        problem = Problem.of(rams, sample.moments, "normal")
        at = problem(theta[None], np.zeros(1, int), "expected")
    else:
        at = sample.incomplete.problem(rams)(theta[None], np.zeros(1, int), "observed")
    information = at.hessian[0] / 2
    inverse = np.linalg.inv(information[np.ix_(two, two)])
    cross = inverse @ information[np.ix_(two, one)]
    return np.asarray(inverse / sample.moments.n + cross @ sigma[np.ix_(one, one)] @ cross.T)
