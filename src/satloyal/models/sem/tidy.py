"""Tables of estimates: values, standard errors, tests and intervals, one row a parameter."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import special

from satloyal.core.memo import remembered
from satloyal.models.sem.inference import delta_method
from satloyal.models.sem.standardize import placed_rows

if TYPE_CHECKING:
    from satloyal.models.sem.result import SemFit
    from satloyal.models.sem.standardize import StandardizeKind
    from satloyal.spec.parameter import Parameter
    from satloyal.spec.table import ParameterTable

__all__ = ["computed", "estimates", "standardized", "with_tests"]

Array = NDArray[Any]

_COLUMNS = (
    "lhs", "op", "rhs", "group", "label", "free", "est", "se", "z", "pvalue", "ci_lower", "ci_upper",
    "std_lv", "std_all",
)  # fmt: skip
_NO_SPREAD = 1e-9  # a standard error this small, relative to the value, is rounding of one that is zero


def estimates(fit: SemFit) -> pd.DataFrame:
    """Return one row a parameter; see :meth:`SemFit.tidy`."""
    rows, layout = fit.table.reported, _layout(fit.table)
    with np.errstate(invalid="ignore"):
        variances = np.diagonal(fit.vcov)
        errors = np.sqrt(np.where(variances < 0, np.nan, variances))
    values, value_errors = delta_method(fit.definitions.values, fit.theta, fit.vcov)
    std = {k: fit.standardizer.values(fit.theta[None], k)[0] for k in ("std_lv", "std_all")}
    std_defined = {k: fit.definitions.standardized(fit.standardizer, v[None])[0] for k, v in std.items()}
    spot = layout.spot
    std_columns = {k: np.concatenate([v, std_defined[k], [np.nan]])[spot] for k, v in std.items()}
    est, se = np.append(0.0, fit.theta)[layout.free], np.append(0.0, errors)[layout.free]
    first = len(fit.standardizer.rows)
    for i in np.flatnonzero(layout.free == 0):
        row = rows[i]
        if row.op == ":=":
            est[i], se[i] = values[spot[i] - first], value_errors[spot[i] - first]
        elif spot[i] >= 0 and computed(row):
            est[i] = std["std_lv"][spot[i]]
        else:
            est[i] = _fixed_value(fit, row)
    columns: dict[str, Any] = dict(layout.labels)
    columns |= _tests(est, se, 0.95, usable=fit.converged)
    columns |= {k: v if fit.converged else np.full(len(rows), np.nan) for k, v in std_columns.items()}
    return pd.DataFrame(columns)


@dataclass(frozen=True, eq=False)
class _Layout:
    """What a table of estimates takes from its model alone."""

    labels: dict[str, Any]  # the columns that name the rows
    free: Array  # position in (0, θ) of each row
    spot: Array  # position among the standardised values and definitions, -1 for none


@remembered(64)
def _layout(table: ParameterTable) -> _Layout:
    rows = table.reported
    named = [*placed_rows(table), *table.definitions]
    at = {id(row): i for i, row in enumerate(named)}
    labels = pd.DataFrame({name: [getattr(r, name) for r in rows] for name in _COLUMNS[:6]})
    return _Layout(
        {name: labels[name].array for name in _COLUMNS[:6]},
        np.array([row.free for row in rows], dtype=int),
        np.array([at.get(id(row), -1) for row in rows], dtype=int),
    )


def computed(row: Parameter) -> bool:
    """Whether a row's value follows from others: what is left of an ordinal item's variance, or its scale."""
    return not row.free and row.value is None and not row.fixed_x and row.op in ("~~", "~*~")


def _fixed_value(fit: SemFit, row: Parameter) -> float:
    if not row.fixed_x:
        return float(row.value) if row.value is not None else 0.0
    group = fit.sample.groups[row.group - 1]
    i = fit.sample.names.index(row.lhs)
    if row.op == "~1":
        return float("nan") if group.mean is None else float(group.mean[i])
    return float(group.cov[i, fit.sample.names.index(row.rhs)])


def with_tests(frame: pd.DataFrame, est: Array, se: Array, level: float, *, usable: bool) -> pd.DataFrame:
    """Add estimates, their tests and intervals; NaN throughout when they may not be used."""
    old = {str(name): frame[name] for name in frame.columns}
    return pd.DataFrame(old | _tests(est, se, level, usable=usable), index=frame.index)


def _tests(est: Array, se: Array, level: float, *, usable: bool) -> dict[str, Any]:
    if not usable:
        est, se = np.full(len(est), np.nan), np.full(len(se), np.nan)
    width = float(special.ndtri((1 + level) / 2))
    with np.errstate(invalid="ignore", divide="ignore"):
        z = np.where(se > 0, est / np.where(se > 0, se, 1.0), np.nan)
    return {
        "est": est,
        "se": se,
        "z": z,
        "pvalue": 2 * special.ndtr(-np.abs(z)),
        "ci_lower": est - width * se,
        "ci_upper": est + width * se,
    }


def standardized(fit: SemFit, kind: StandardizeKind, level: float) -> pd.DataFrame:
    """Return the standardised solution; see :meth:`SemFit.standardized`."""

    def both(theta: Array) -> Array:
        values = fit.standardizer.values(theta, kind)
        return np.concatenate([values, fit.definitions.standardized(fit.standardizer, values)], axis=1)

    est, se = delta_method(both, fit.theta, fit.vcov)
    se = np.where(se < _NO_SPREAD * np.maximum(np.abs(est), 1), 0.0, se)
    rows = [*fit.standardizer.rows, *fit.table.definitions]
    out = pd.DataFrame(
        [(r.lhs, r.op, r.rhs, r.group, r.label) for r in rows],
        columns=["lhs", "op", "rhs", "group", "label"],
    )
    return with_tests(out, est, se, level, usable=fit.converged)
