"""Checks of a structural equation model: one small function a judgement."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from satloyal.models.fit import Check
from satloyal.models.sem import fit_checks, sample_checks
from satloyal.models.sem.boundary import boundary_checks, unmet_check
from satloyal.models.sem.cluster_checks import crossing_clusters
from satloyal.models.sem.effects import stability_checks
from satloyal.models.sem.group_guard import paths_comparable
from satloyal.models.sem.identify import row_name
from satloyal.models.sem.inference import null_directions
from satloyal.models.sem.ordinal_checks import (
    definite_correlations,
    negative_residuals,
    rare_categories,
    robust_measures_known,
    sparse_tables,
)
from satloyal.models.sem.rounding import smoothing_check
from satloyal.models.sem.words import counted

if TYPE_CHECKING:
    from satloyal.models.sem.result import SemFit

__all__ = ["sem_checks"]

Array = NDArray[Any]

_DISTINCT = 0.85
_SHOWN = 5
_ROUNDING = 1e-8  # of a correlation
_SADDLE = 1e-7  # negative curvature, relative to the largest, that is no rounding


def sem_checks(fit: SemFit) -> tuple[Check, ...]:
    """Return every check that applies; of a fit that did not converge only that."""
    first = _convergence(fit)
    if not fit.converged:
        return (first,)
    out = [first]
    for check in _CHECKS:
        found = check(fit)
        if found is not None:
            out.append(found)
    if fit.boundary is not None:
        out.extend(boundary_checks(fit.boundary))
    out.extend(stability_checks(fit))
    return tuple(out)


def _convergence(fit: SemFit) -> Check:
    if fit.converged:
        steps = counted(fit.iterations, "iteration")
        text = f"a minimum was reached after {steps} from starting point {fit.tried}"
        return Check("convergence", "pass", text, value=float(fit.iterations))
    if not fit.tried:
        return Check(
            "convergence", "fail",
            "no starting point gives the items a positive definite covariance matrix, so none could be tried",
            value=0.0, advice="look at variances that are fixed to 0, and at start() values",
        )  # fmt: skip
    if fit.boundary is not None and fit.boundary.unmet:
        return unmet_check(fit.boundary, fit.iterations)
    return Check(
        "convergence",
        "fail",
        f"no minimum was found after {counted(fit.iterations, 'iteration')}; "
        f"{counted(fit.tried, 'starting point')} tried",
        value=float(fit.iterations),
        advice="simplify the model, check the items for reversed or constant ones, or give start() values",
    )


def _identification(fit: SemFit) -> Check:
    values, directions = null_directions(fit.hessian, fit.tangent)
    if not len(values):
        return Check("identification", "pass", "the information matrix has full rank")
    rows = {row.free: row for row in reversed(fit.table.rows) if row.free}
    weight = np.abs(directions).max(axis=1)
    worst = [row_name(rows[int(i) + 1]) for i in np.argsort(-weight)[:_SHOWN]]
    return Check(
        "identification",
        "fail",
        f"the data cannot tell {len(values)} combination(s) of parameters apart, so there are no "
        "standard errors: " + ", ".join(worst),
        value=float(len(values)),
        advice="constructs that are collinear or unrelated to the rest make this: join or drop them",
        source="Kenny & Milan 2012, Handbook of Structural Equation Modeling, ch. 9",
    )


def _variances(fit: SemFit) -> Check:
    bad = [
        (row, fit.theta[row.free - 1])
        for row in fit.table.rows
        if row.op == "~~" and row.lhs == row.rhs and row.free and fit.theta[row.free - 1] < 0
    ]
    if not bad:
        return negative_residuals(fit) or Check("variances", "pass", "no variance is negative")
    text = ", ".join(f"{row_name(row)} = {value:.4f}" for row, value in bad[:_SHOWN])
    row, value = min(bad, key=lambda item: item[1])
    se = float(np.sqrt(fit.vcov[row.free - 1, row.free - 1]))
    within = ""
    if np.isfinite(se):
        whose = "its interval" if len(bad) == 1 else f"the interval of {row_name(row)}"
        within = f"; {whose} {'includes' if value + 1.96 * se > 0 else 'excludes'} zero"
    return Check(
        "variances",
        "fail",
        ("a variance is" if len(bad) == 1 else f"{len(bad)} variances are")
        + f" negative (a Heywood case): {text}{within}",
        value=float(value),
        threshold=0.0,
        advice="a model or a sample that is too small for it; do not read estimates that touch this variable",
        source="Kolenikov & Bollen 2012, Sociol. Methods Res. 41:124-167",
    )


def _latent_correlations(fit: SemFit) -> Check | None:
    if len(fit.table.latent) < 2:
        return None
    worst, pair = 0.0, ("", "")
    definite = True
    for g in range(fit.ngroups):
        cor = fit.latent_correlations(g)
        values = cor.to_numpy().copy()
        if not np.isfinite(values).all():
            name = str(cor.index[int(np.argmin(np.isfinite(np.diagonal(values))))])
            return Check(
                "latent correlations", "not_applicable",
                f"{name} has no positive variance, so it has no correlations",
            )  # fmt: skip
        np.fill_diagonal(values, 0.0)
        i, j = np.unravel_index(int(np.argmax(np.abs(values))), values.shape)
        if abs(values[i, j]) > abs(worst):
            worst, pair = float(values[i, j]), (str(cor.index[int(i)]), str(cor.columns[int(j)]))
        definite &= bool(np.linalg.eigvalsh(cor.to_numpy())[0] > -1e-8)
    if abs(worst) > 1 + 1e-8:
        text = f"{pair[0]} and {pair[1]} correlate {worst:.3f}, beyond ±1"
    elif not definite:
        text = "the latent correlations are not positive definite: some sum of them has a negative variance"
    else:
        return Check(
            "latent correlations", "pass", "no latent correlation is beyond ±1", value=worst, threshold=1.0
        )
    return Check(
        "latent correlations", "fail", text, value=worst, threshold=1.0,
        advice="the constructs are not distinct in these data: join them or drop one",
    )  # fmt: skip


def _residual_correlations(fit: SemFit) -> Check | None:
    rows = fit.table.rows
    driven = {r.lhs for r in rows if r.op == "~"} | {r.rhs for r in rows if r.op == "=~"}
    # correlations of latent variables that nothing drives are judged as such
    judged = driven | set(fit.table.observed)
    if fit.input.incomplete is not None:
        # who covaries with every residual stands for a relation to the latent variables, not for a residual
        judged -= set(fit.input.incomplete.auxiliary)
    pairs = [r for r in rows if r.op == "~~" and r.lhs != r.rhs and {r.lhs, r.rhs} <= judged]
    if not any(r.free for r in pairs):
        return None
    worst, where, definite = 0.0, "", True
    for number, (ram, group) in enumerate(zip(fit.rams, fit.sample.groups, strict=True), start=1):
        at = {name: i for i, name in enumerate(ram.variables)}
        S = ram.matrices(fit.theta[None], group.cov, group.mean)[1][0]
        variance = np.diagonal(S)
        for row in pairs:
            i, j = at[row.lhs], at[row.rhs]
            if row.group == number and variance[i] > 0 and variance[j] > 0:
                value = float(S[i, j] / np.sqrt(variance[i] * variance[j]))
                if abs(value) > abs(worst):
                    worst, where = value, row_name(row)
        use = (variance > 0) & np.array([name in judged for name in ram.variables])
        scale = 1 / np.sqrt(variance[use])
        definite &= bool(np.linalg.eigvalsh(S[np.ix_(use, use)] * np.outer(scale, scale))[0] > -_ROUNDING)
    if abs(worst) > 1 + _ROUNDING:
        text = f"{where} is a correlation of {worst:.3f}, beyond ±1"
    elif not definite:
        text = "the residual covariances are not positive definite: some sum of them has a negative variance"
    else:
        return Check(
            "residual correlations", "pass", "no covariance is beyond what its variances allow",
            value=worst, threshold=1.0,
        )  # fmt: skip
    return Check(
        "residual correlations", "fail", text, value=worst, threshold=1.0,
        advice="the model asks too much of these data: drop the covariance, or join the two variables",
        source="Chen, Bollen, Paxton, Curran & Kirby 2001, Sociol. Methods Res. 29:468-508",
    )  # fmt: skip


def _minimum(fit: SemFit) -> Check | None:
    """Whether the point is a minimum and not a saddle; the optimiser looks at slopes only."""
    hessian = fit.lagrangian_hessian
    if not len(hessian) or not np.isfinite(hessian).all():
        return None
    diagonal = np.abs(np.diagonal(hessian))
    scale = 1 / np.sqrt(np.where(diagonal > 0, diagonal, 1.0))
    values = np.linalg.eigvalsh(hessian * np.outer(scale, scale))
    if values[0] > -_SADDLE * values[-1]:
        return None
    return Check(
        "minimum", "fail",
        "the estimates are a saddle point: in some direction the discrepancy still falls",
        value=float(values[0]), threshold=0.0,
        advice="give other start() values; loadings of 0 or a symmetric model lead to such points",
        source="Nocedal & Wright 2006, Numerical Optimization, th. 2.4",
    )  # fmt: skip


def _defined(fit: SemFit) -> Check | None:
    if not fit.table.definitions:
        return None
    values = fit.definitions.values(fit.theta[None])[0]
    lost = [r.lhs for r, v in zip(fit.table.definitions, values, strict=True) if not np.isfinite(v)]
    if not lost:
        return None
    return Check(
        "defined parameters", "warn",
        f"undefined at these estimates: {', '.join(lost[:_SHOWN])}", value=float(len(lost)),
        advice="look for a division by zero, or the logarithm or root of a negative number",
    )  # fmt: skip


def _distinct(fit: SemFit) -> Check | None:
    if len(fit.table.latent) < 2:
        return None
    close = []
    measures = {frozenset((r.lhs, r.rhs)) for r in fit.table.rows if r.op == "=~"}  # of a higher order
    for g in range(fit.ngroups):
        cor = fit.latent_correlations(g)
        for i, a in enumerate(cor.index):
            for b in list(cor.columns)[:i]:
                value = float(cor.loc[a, b])
                if abs(value) > _DISTINCT and frozenset((a, b)) not in measures:
                    close.append((abs(value), f"{b} and {a} ({value:.2f})"))
    if not close:
        return Check("distinct constructs", "pass", f"no two constructs correlate beyond {_DISTINCT}",
                     threshold=_DISTINCT)  # fmt: skip
    close.sort(reverse=True)
    return Check(
        "distinct constructs",
        "warn",
        "these constructs are hardly distinct in these data: " + ", ".join(t for _, t in close[:_SHOWN]),
        value=close[0][0],
        threshold=_DISTINCT,
        advice="separate effects of such constructs have wide intervals; read their joint effect",
        source="Rönkkö & Cho 2022, Organ. Res. Methods 25:6-47",
    )


_CHECKS: tuple[Callable[[Any], Check | None], ...] = (
    _identification,
    _minimum,
    _variances,
    _latent_correlations,
    _residual_correlations,
    _distinct,
    sample_checks.sample_size,
    fit_checks.exact_fit,
    fit_checks.approximate_fit,
    fit_checks.independence,
    fit_checks.local_fit,
    paths_comparable,
    sample_checks.missing,
    sample_checks.normality,
    sample_checks.influence,
    sample_checks.clusters,
    crossing_clusters,
    sample_checks.weighted,
    _defined,
    smoothing_check,
    rare_categories,
    sparse_tables,
    definite_correlations,
    robust_measures_known,
)
