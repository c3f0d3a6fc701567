"""Bounds on parameters: the ranges that a sample's variances leave, or those that the user names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from satloyal.errors import FitError
from satloyal.models.sem.identify import row_name

if TYPE_CHECKING:
    from satloyal.spec.parameter import Parameter
    from satloyal.spec.table import ParameterTable

__all__ = ["BoundsOption", "Limits", "limits"]

Array = NDArray[Any]
BoundsOption = str | Mapping[str, tuple[float | None, float | None]] | None

_RELIABILITY = 0.1  # least reliability of a marker item that the automatic bounds allow
_ENDOGENOUS = 0.005  # least residual variance of an explained latent variable, as in lavaan
_KINDS = ("ov.var", "lv.var", "loadings", "covariances")
_SHOWN = 8


@dataclass(frozen=True, slots=True)
class _Rule:
    """Which kinds are bounded, and by what factor the range below and above is stretched."""

    lower: Mapping[str, float]
    upper: Mapping[str, float]
    nonnegative: bool = False


_RULES = {
    "standard": _Rule(
        {"ov.var": 1.0, "lv.var": 1.0, "loadings": 1.0, "covariances": 0.999},
        {"ov.var": 1.0, "lv.var": 1.0, "loadings": 1.0, "covariances": 0.999},
    ),
    "wide": _Rule(
        {"ov.var": 1.05, "lv.var": 1.0, "loadings": 1.1, "covariances": 1.0},
        {"ov.var": 1.2, "lv.var": 1.3, "loadings": 1.1, "covariances": 1.0},
    ),
    "pos.var": _Rule({"ov.var": 1.0, "lv.var": 1.0}, {}, nonnegative=True),
    "pos.ov.var": _Rule({"ov.var": 1.0}, {}, nonnegative=True),
    "pos.lv.var": _Rule({"lv.var": 1.0}, {}, nonnegative=True),
}


@dataclass(frozen=True, eq=False)
class Limits:
    """Lower and upper bounds of a batch.

    Parameters
    ----------
    lower, upper : ndarray, shape (B, q)
        Infinite where there is none; the same entries are finite in all of the batch.
    """

    lower: Array
    upper: Array

    def take(self, which: Array) -> Limits:
        """Return the bounds of some of the batch."""
        if len(self.lower) == 1:
            return self
        return Limits(self.lower[which], self.upper[which])


def limits(table: ParameterTable, bounds: BoundsOption, covs: Sequence[Array]) -> Limits:
    """Work out the bounds of every free parameter.

    Parameters
    ----------
    table : ParameterTable
    bounds : str, mapping or None
        ``"standard"``, ``"wide"``, ``"pos.var"``, ``"pos.ov.var"``, ``"pos.lv.var"`` or ``"none"``; or from
        label or parameter (``"x1 ~~ x1"``) to (lower, upper), ``None`` for no bound.
    covs : sequence of ndarray, shapes (B, p, p)
        Sample covariances of each group, in the order of ``table.observed``.

    Returns
    -------
    Limits
        Bounds written in the model text, as ``lower(0)*x``, hold beside the option's.

    Raises
    ------
    FitError
        Unknown options or parameters, and bounds that exclude one another.

    Notes
    -----
    De Jonckere & Rosseel 2022, *Struct. Equ. Modeling* 29:412-427. With sample variance s of an item, and m
    that of its factor's marker item, of which at least the share 0.1 is reliable: residual variances lie in
    [0, s], a marker's in [0, 0.9 m]; the factor's variance in [0.1 m, m], that of an explained factor in
    [0.005, m]; loadings within ±√(s / 0.1 m); covariances within the correlation ±0.999 at the largest
    variances allowed. ``"wide"`` stretches these ranges (residual variances down by a twentieth and up by a
    fifth, factor variances up by three tenths, loadings by a tenth). A factor without a marker has a
    variance up to the largest of the items, and with a fixed variance v loadings within ±√(s / v).
    """
    return _with_written(table, _asked(table, bounds, covs))


def _asked(table: ParameterTable, bounds: BoundsOption, covs: Sequence[Array]) -> Limits:
    """Return the bounds of the option."""
    size = len(covs[0]) if covs else 1
    if bounds is None or bounds == "none" or table.q == 0:
        free = np.full((1, table.q), np.inf)
        return Limits(-free, free)
    if isinstance(bounds, Mapping):
        return _named(table, bounds)
    if bounds not in _RULES:
        raise FitError(
            f"bounds is {bounds!r}", where="fit_sem",
            fix=f"use one of {', '.join(repr(k) for k in ('none', *_RULES))}, or "
            "{'x1 ~~ x1': (0, None)}",
        )  # fmt: skip
    lower, upper = np.full((size, table.q), -np.inf), np.full((size, table.q), np.inf)
    for group, cov in enumerate(covs, start=1):
        ranges = _Ranges(table, group, np.diagonal(cov, axis1=1, axis2=2), _RULES[bounds])
        for row in ranges.rows:
            if row.free:
                low, high = ranges.of(row)
                at = row.free - 1
                lower[:, at] = np.maximum(lower[:, at], low)
                upper[:, at] = np.minimum(upper[:, at], high)
    return Limits(lower, upper)


def _with_written(table: ParameterTable, asked: Limits) -> Limits:
    """Add the bounds that the model text gives: the narrower of two holds."""
    rows = [r for r in table.rows if r.free and (r.lower is not None or r.upper is not None)]
    if not rows:
        return asked
    lower, upper = asked.lower.copy(), asked.upper.copy()
    for row in rows:
        at = row.free - 1
        if row.lower is not None:
            lower[:, at] = np.maximum(lower[:, at], row.lower)
        if row.upper is not None:
            upper[:, at] = np.minimum(upper[:, at], row.upper)
        if (lower[:, at] > upper[:, at]).any():
            raise FitError(
                f"the bounds of {row_name(row)} in the model text exclude those of its label or of bounds=",
                where="fit_sem", fix="drop or correct one of them",
            )  # fmt: skip
    return Limits(lower, upper)


class _Ranges:
    """The automatic ranges of one group's parameters."""

    def __init__(self, table: ParameterTable, group: int, variances: Array, rule: _Rule) -> None:
        self.rule = rule
        self.rows = [r for r in table.rows if r.group == group]
        self.variance = {name: variances[:, i] for i, name in enumerate(table.observed)}
        self.largest = variances.max(axis=1)
        self.latent = set(table.latent)
        self.explained = set(table.latent_endogenous)
        self.covariates = set(table.covariates)
        self.fixed = {
            r.lhs: float(r.value)
            for r in self.rows
            if r.op == "~~" and r.lhs == r.rhs and not r.free and r.value is not None
        }
        self.marker: dict[str, str] = {}
        for r in self.rows:
            known = r.op == "=~" and not r.free and r.value == 1.0 and r.rhs in self.variance
            if known:
                self.marker.setdefault(r.lhs, r.rhs)

    def of(self, row: Parameter) -> tuple[Array, Array]:
        """Return the lower and upper bound of a parameter, shapes (B,)."""
        none = np.full(len(self.largest), np.inf)
        kind, low, high = self._range(row)
        if kind not in self.rule.lower and kind not in self.rule.upper:
            return -none, none
        width = high - low
        width = np.where(np.isfinite(width), width, 0.0)
        below, above = self.rule.lower.get(kind), self.rule.upper.get(kind)
        low = -none if below is None else low - (below - 1) * width
        high = none if above is None else high + (above - 1) * width
        return low, high

    def _range(self, row: Parameter) -> tuple[str, Array, Array]:
        none = np.full(len(self.largest), np.inf)
        if row.op == "=~":
            high = self._loading(row)
            return "loadings", -high, high
        if row.op != "~~":
            return "", -none, none
        if row.lhs == row.rhs:
            kind = "lv.var" if row.lhs in self.latent else "ov.var"
            return (kind, *self._variance(row.lhs))
        if (row.lhs in self.latent) != (row.rhs in self.latent):
            return "", -none, none
        high = np.sqrt(self._widest(row.lhs) * self._widest(row.rhs))
        return "covariances", -high, high

    def _variance(self, name: str) -> tuple[Array, Array]:
        zero, none = np.zeros(len(self.largest)), np.full(len(self.largest), np.inf)
        if self.rule.nonnegative:
            return zero, none
        if name not in self.latent:
            if name in self.covariates:  # its estimate is the sample's own variance
                return zero, none
            share = 1 - _RELIABILITY if name in self.marker.values() else 1.0
            return zero, share * self.variance[name]
        marker = self.marker.get(name)
        high = self.largest if marker is None else self.variance[marker]
        if name in self.explained:
            return zero + _ENDOGENOUS, high
        return (zero if marker is None else _RELIABILITY * self.variance[marker]), high

    def _widest(self, name: str) -> Array:
        """Return the largest variance that is allowed, as stretched."""
        if name in self.fixed:
            return np.full(len(self.largest), self.fixed[name])
        low, high = self._variance(name)
        kind = "lv.var" if name in self.latent else "ov.var"
        stretch = self.rule.upper.get(kind, 1.0) - 1
        return high + stretch * np.where(np.isfinite(high), high - low, 0.0)

    def _loading(self, row: Parameter) -> Array:
        none = np.full(len(self.largest), np.inf)
        item = self.variance.get(row.rhs)
        if item is None:
            return none
        if self.fixed.get(row.lhs, 0.0) > 0:
            return np.asarray(np.sqrt(item / self.fixed[row.lhs]))
        marker = self.marker.get(row.lhs)
        if marker is None:
            return none
        return np.asarray(np.sqrt(item / (_RELIABILITY * self.variance[marker])))


def _named(table: ParameterTable, bounds: Mapping[str, tuple[float | None, float | None]]) -> Limits:
    """Return the bounds that the user names, by label or parameter."""
    free = [r for r in table.rows if r.free]
    known: dict[str, set[int]] = {}
    for row in free:
        for name in (row.label, row.name, row_name(row), row_name(row).replace(" ", "")):
            if name:
                known.setdefault(name.replace(" ", ""), set()).add(row.free - 1)
    lower, upper = np.full((1, table.q), -np.inf), np.full((1, table.q), np.inf)
    for name, pair in bounds.items():
        places = known.get(name.replace(" ", ""))
        if places is None:
            shown = ", ".join(repr(row_name(r)) for r in free[:_SHOWN])
            raise FitError(
                f"bounds names {name!r}, which is no label and no free parameter", where="fit_sem",
                fix=f"free parameters are {shown}{' …' if len(free) > _SHOWN else ''}",
            )  # fmt: skip
        low, high = _pair(name, pair)
        if low > high:
            raise FitError(f"the lower bound of {name!r} is {low:g} and its upper bound {high:g}",
                           where="bounds=", fix="exchange them")  # fmt: skip
        for place in places:
            lower[0, place] = max(lower[0, place], low)
            upper[0, place] = min(upper[0, place], high)
    return Limits(lower, upper)


def _pair(name: str, pair: Any) -> tuple[float, float]:
    try:
        low, high = pair
        return (-np.inf if low is None else float(low)), (np.inf if high is None else float(high))
    except (TypeError, ValueError):
        raise FitError(
            f"the bounds of {name!r} are {pair!r}",
            where="bounds=",
            fix="give (lower, upper), None for no bound",
        ) from None
