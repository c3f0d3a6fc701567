"""Populations: moments that a model text with values, or a fit, implies; and how respondents are drawn."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from satloyal.errors import FitError
from satloyal.models.sem.implied import Ram
from satloyal.spec.source import nearest
from satloyal.spec.syntax import Model, parse
from satloyal.spec.table import Parameter, ParameterTable, build_table

if TYPE_CHECKING:
    from satloyal.models.sem.result import SemFit

__all__ = ["GroupPopulation", "Population", "without_values"]

Array = NDArray[Any]

_DEFINITE = 1e-10


@dataclass(frozen=True, eq=False)
class GroupPopulation:
    """One group's moments.

    Parameters
    ----------
    label : str
    cov : ndarray, shape (p, p)
    mean : ndarray, shape (p,)
    cuts : mapping of str to ndarray
        Thresholds of the variables that are answered in categories.
    """

    label: str
    cov: Array
    mean: Array
    cuts: Mapping[str, Array]


@dataclass(frozen=True, eq=False)
class Population:
    """What respondents are drawn from.

    Parameters
    ----------
    names : tuple of str
        The p observed variables.
    groups : tuple of GroupPopulation
    """

    names: tuple[str, ...]
    groups: tuple[GroupPopulation, ...]

    @classmethod
    def of_fit(cls, fit: SemFit) -> Population:
        """Take the moments that a fit implies."""
        if not fit.converged:
            raise FitError("the fit did not converge: it implies no population", where="simulate",
                           fix="give a fit that did")  # fmt: skip
        if fit.table.ordered:
            raise FitError(
                "the fit has ordinal items, whose categories are not drawn from a fit", where="simulate",
                fix="write the population as text, with thresholds",
            )  # fmt: skip
        groups = []
        for (cov, mu), group in zip(fit._implied, fit.sample.groups, strict=True):
            known = mu if mu is not None else group.mean
            mean = np.zeros(len(cov)) if known is None else known
            groups.append(GroupPopulation(group.label, cov, mean, {}))
        return cls(fit.table.observed, tuple(groups))

    @classmethod
    def of_text(
        cls, model: str | Model, *, groups: int, values: Mapping[str, float], standardized: bool
    ) -> Population:
        """Take the moments that a text with values implies."""
        spec = parse(model) if isinstance(model, str) else model
        table = build_table(spec, groups=groups, fixed_x=False, meanstructure=True, std_lv=standardized)
        if table.constraints:
            raise FitError(
                "a population has values, not constraints",
                where="simulate",
                fix="leave == < > out of the text",
            )
        _check_labels(table, values)
        parts = []
        for number in range(1, groups + 1):
            label = "" if groups == 1 else str(number)
            parts.append(_group(table, number, label, values, standardized=standardized))
        return cls(table.observed, tuple(parts))


def without_values(model: str | Model) -> str:
    """Return the text that estimates what this one gives as numbers: labels stay, values go.

    Examples
    --------
    >>> without_values("F =~ 0.8*x1 + c(.7, .6)*x2; y ~ b*0.4*F")
    'F =~ x1 + x2; y ~ b*F'
    """
    spec = parse(model) if isinstance(model, str) else model
    text = spec.source.text
    numbers = [
        m.span
        for relation in spec.relations
        for term in relation.terms
        for m in term.modifiers
        if m.kind != "equal" and not any(isinstance(atom, str) and atom for atom in m.atoms)
    ]
    for span in sorted(numbers, key=lambda s: s.start, reverse=True):
        star = text.index("*", span.end)
        after = star + 1
        while after < len(text) and text[after].isspace():
            after += 1
        text = text[: span.start] + text[after:]
    return text


def _check_labels(table: ParameterTable, values: Mapping[str, float]) -> None:
    labels = {row.label for row in table.parameters if row.label}
    for name, value in values.items():
        if name not in labels:
            near = nearest(name, labels)
            fix = f"did you mean '{near}'?" if near else "give the parameter this label in the text"
            raise FitError(f"no parameter has the label '{name}'", where="values=", fix=fix)
        if not np.isfinite(value):
            raise FitError(f"'{name}' is {value!r}", where="values=", fix="give a number")


def _group(
    table: ParameterTable, number: int, label: str, values: Mapping[str, float], *, standardized: bool
) -> GroupPopulation:
    ram = Ram.of(table, number)
    at = {name: i for i, name in enumerate(ram.variables)}
    m, p = len(ram.variables), ram.observed
    A, S = np.zeros((m, m)), np.zeros((m, m))
    mean = np.zeros(m)
    explained = {r.rhs if r.op == "=~" else r.lhs for r in table.parameters if r.op in ("=~", "<~", "~")}
    unknown: list[int] = []
    cuts: dict[str, list[float]] = {}
    for row in table.parameters:
        if row.group != number:
            continue
        value = _value(row, values)
        if row.op == "|":
            cuts.setdefault(row.lhs, []).append(_needed(row, value))
        elif row.op == "=~":
            A[at[row.rhs], at[row.lhs]] = _needed(row, value)
        elif row.op in ("~", "<~"):
            A[at[row.lhs], at[row.rhs]] = _needed(row, value)
        elif row.op == "~1":
            mean[at[row.lhs]] = 0.0 if value is None else value
        elif row.lhs != row.rhs:
            S[at[row.lhs], at[row.rhs]] = S[at[row.rhs], at[row.lhs]] = 0.0 if value is None else value
        elif value is not None and (not standardized or row.origin == "user" or row.lhs in table.composites):
            S[at[row.lhs], at[row.lhs]] = value
        elif standardized or row.lhs not in explained:
            unknown.append(at[row.lhs])
        else:
            S[at[row.lhs], at[row.lhs]] = 1.0
    E = _total(A, label)
    if standardized:
        S[unknown, unknown] = _to_one(E, S, unknown, ram.variables)
    else:
        S[unknown, unknown] = 1.0
    cov = (E @ S @ E.T)[:p, :p]
    least = float(np.linalg.eigvalsh(cov)[0])
    if not least > _DEFINITE * float(np.diagonal(cov).max()):
        raise FitError(
            f"these values imply covariances that are not positive definite (eigenvalue {least:.3g})",
            where="simulate", fix="smaller loadings, paths or covariances",
        )  # fmt: skip
    ordered = {}
    for name, places in cuts.items():
        if (np.diff(places) <= 0).any():
            raise FitError(f"the thresholds of '{name}' do not rise", where="simulate", fix="order them")
        ordered[name] = np.array(places)
    return GroupPopulation(label, cov, (E @ mean)[:p], ordered)


def _value(row: Parameter, values: Mapping[str, float]) -> float | None:
    if row.label in values:
        return float(values[row.label])
    return row.start if row.value is None else row.value


def _needed(row: Parameter, value: float | None) -> float:
    if value is None:
        text = f"{row.lhs} {row.op} {row.rhs}"
        raise FitError(
            f"'{text}' has no population value", where="simulate",
            fix=f"write it with one, as in '{row.lhs} {row.op} 0.5*{row.rhs}', or use values=",
        )  # fmt: skip
    return value


def _total(A: Array, label: str) -> Array:
    eye = np.eye(len(A))
    if np.abs(np.linalg.eigvals(A)).max(initial=0.0) >= 1:
        where = f"simulate, group {label}" if label else "simulate"
        raise FitError("the loop of these paths explodes: effects never come to rest", where=where,
                       fix="smaller paths")  # fmt: skip
    return np.asarray(np.linalg.inv(eye - A))


def _to_one(E: Array, S: Array, unknown: list[int], variables: tuple[str, ...]) -> Array:
    """Residual variances that bring the variables to variance one: Σⱼ E_ij² s_j = 1 − (E S Eᵀ)_ii."""
    if not unknown:
        return np.zeros(0)
    rest = 1 - np.einsum("ij,jk,ik->i", E, S, E)[unknown]
    found = np.asarray(np.linalg.solve(E[np.ix_(unknown, unknown)] ** 2, rest))
    for place, value in zip(unknown, found, strict=True):
        if value <= 0:
            raise FitError(
                f"what explains '{variables[place]}' has more variance than 1: its residual variance would "
                f"be {value:.3g}",
                where="simulate", fix="smaller values, or standardized=False and residual variances",
            )  # fmt: skip
    return found
