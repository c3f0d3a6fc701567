"""Checks of a structural equation model: one small function a judgement."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy import special

from satloyal.models.fit import Check, Status
from satloyal.models.sem.boundary import boundary_checks, unmet_check
from satloyal.models.sem.effects import stability_checks
from satloyal.models.sem.group_guard import paths_comparable
from satloyal.models.sem.identify import row_name
from satloyal.models.sem.inference import null_directions
from satloyal.models.sem.rounding import smoothing_check
from satloyal.models.sem.ordinal_checks import (
    definite_correlations,
    negative_residuals,
    robust_measures_known,
    sparse_tables,
)

if TYPE_CHECKING:
    from satloyal.models.sem.result import SemFit

__all__ = ["sem_checks"]

Array = NDArray[Any]

_HU_BENTLER = "Hu & Bentler 1999, Struct. Equ. Modeling 6:1-55"
_PER_PARAMETER = 5.0
_DISTINCT = 0.85
_LARGE_RESIDUAL = 0.10
_KURTOSIS = 5.0
_FAR = 0.001
_SHOWN = 5
_LEAST_COVERAGE = 0.10
_ROUNDING = 1e-8  # of a correlation
_SADDLE = 1e-7  # negative curvature, relative to the largest, that is no rounding
_FEW_DEGREES = 5
_UNRELATED = 0.05  # p-value of the baseline model from which items may as well be unrelated
_FEW_CLUSTERS, _ENOUGH_CLUSTERS = 10, 30


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
        text = f"a minimum was reached after {fit.iterations} iterations from starting point {fit.tried}"
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
        f"no minimum was found after {fit.iterations} iterations; {fit.tried} starting points were tried",
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
    for g in range(fit.ngroups):
        cor = fit.latent_correlations(g)
        for i, a in enumerate(cor.index):
            for b in list(cor.columns)[:i]:
                value = float(cor.loc[a, b])
                higher = any(r.op == "=~" and {r.lhs, r.rhs} == {a, b} for r in fit.table.rows)
                if abs(value) > _DISTINCT and not higher:
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


def _size(fit: SemFit) -> Check:
    ratio = fit.nobs / max(fit.npar, 1)
    enough = ratio >= _PER_PARAMETER
    return Check(
        "sample size",
        "pass" if enough else "warn",
        f"{fit.nobs} respondents for {fit.npar} free parameters, {ratio:.1f} each",
        value=ratio,
        threshold=_PER_PARAMETER,
        advice=""
        if enough
        else "large-sample standard errors are doubtful here: use the bootstrap, or fewer items",
        source="Bentler & Chou 1987, Sociol. Methods Res. 16:78-117",
    )


def _exact_fit(fit: SemFit) -> Check:
    if fit.df == 0:
        return Check("exact fit", "not_applicable", "the model is saturated: it fits any data")
    g = fit.fit_figures()
    if np.isnan(g["pvalue"]):
        return Check(
            "exact fit", "not_applicable", "this statistic follows no known distribution: no p-value",
            advice="use an estimator with a scaled test, as ULSMV",
        )  # fmt: skip
    good = g["pvalue"] >= 0.05
    p = "p < .001" if g["pvalue"] < 0.001 else f"p = {g['pvalue']:.3f}"
    return Check(
        "exact fit", "pass" if good else "warn",
        f"χ²({g['df']:g}) = {g['chisq']:.2f}, {p}: " + ("not rejected" if good else "rejected"),
        value=float(g["pvalue"]), threshold=0.05,
        advice="" if good else "look at the residuals for where the model misses, before trusting its paths",
        source="Jöreskog 1969, Psychometrika 34:183-202",
    )  # fmt: skip


def _approximate_fit(fit: SemFit) -> Check:
    if fit.df == 0:
        return Check("approximate fit", "not_applicable", "the model is saturated: it fits any data")
    g = fit.fit_figures()
    rules = (
        (g["cfi"] >= 0.95, f"CFI {g['cfi']:.3f} (≥ .95)"),
        (g["rmsea"] <= 0.06, f"RMSEA {g['rmsea']:.3f} (≤ .06)"),
        (g["srmr"] <= 0.08, f"SRMR {g['srmr']:.3f} (≤ .08)"),
    )
    missed = [text for ok, text in rules if not ok]
    text = "all met: " if not missed else "not met: "
    text += ", ".join(missed or [t for _, t in rules])
    source = _HU_BENTLER
    if fit.df < _FEW_DEGREES:
        text += f"; with {fit.df} degree{'s' if fit.df > 1 else ''} of freedom the RMSEA says little"
        source += "; Kenny, Kaniskan & McCoach 2015, Sociol. Methods Res. 44:486-507"
    return Check(
        "approximate fit", "pass" if not missed else "warn", text, value=float(g["cfi"]), threshold=0.95,
        advice="" if not missed else "see residuals; these are rules of thumb, not tests", source=source,
    )  # fmt: skip


def _independence(fit: SemFit) -> Check | None:
    if fit.df == 0:
        return None
    g = fit.glance()
    p = float(g["baseline_pvalue"])
    if not p >= _UNRELATED:
        return None
    return Check(
        "related items", "warn",
        f"the items may as well be unrelated: that is not rejected (χ²({g['baseline_df']:.0f}) = "
        f"{g['baseline_chisq']:.2f}, p = {p:.3f}), so CFI, TLI and their kin compare with nothing",
        value=p, threshold=_UNRELATED,
        advice="do not read the incremental indices; look at the correlations before any model",
        source="Bentler & Bonett 1980, Psychol. Bull. 88:588-606",
    )  # fmt: skip


def _local_fit(fit: SemFit) -> Check | None:
    if fit.df == 0:
        return None
    worst, pair = 0.0, ("", "")
    for g in range(fit.ngroups):
        table = fit.residuals("cor", g)
        values = np.tril(table.to_numpy(), -1)
        i, j = np.unravel_index(int(np.argmax(np.abs(values))), values.shape)
        if abs(values[i, j]) > abs(worst):
            worst, pair = float(values[i, j]), (str(table.index[int(i)]), str(table.columns[int(j)]))
    good = abs(worst) <= _LARGE_RESIDUAL
    return Check(
        "local fit", "pass" if good else "warn",
        f"the largest residual correlation is {worst:.3f}, of {pair[1]} and {pair[0]}",
        value=worst, threshold=_LARGE_RESIDUAL,
        advice="" if good else "the model does not explain why these two go together",
        source="Kline 2016, Principles and Practice of Structural Equation Modeling, p. 240",
    )  # fmt: skip


def _distances(fit: SemFit) -> Array | None:
    """Squared Mahalanobis distances of the rows within their groups, shape (n,)."""
    rows = fit.input.rows
    if rows is None or fit.input.ordinal is not None:
        return None
    out = np.empty(len(rows.values))
    for code, group in enumerate(fit.input.moments.groups):
        mask = rows.codes == code
        if fit.input.incomplete is not None:
            out[mask] = fit.input.incomplete.distances(rows.values[mask], code)
            continue
        z = rows.values[mask] - group.mean
        out[mask] = np.einsum("ni,ni->n", z @ np.linalg.inv(group.cov), z)
    return out


def _known(fit: SemFit) -> Array:
    """How many values each row has, shape (n,)."""
    assert fit.input.rows is not None  # noqa: S101 - there are distances, so there are rows
    return np.asarray((~np.isnan(fit.input.rows.values)).sum(axis=1), dtype=float)


def _no_distances(fit: SemFit) -> str:
    if fit.input.ordinal is not None:
        return "ordinal items are no numbers to measure distances with"
    return "the data came as moments"


def _normality(fit: SemFit) -> Check:
    distances = _distances(fit)
    if distances is None:
        return Check("multivariate normality", "not_applicable", _no_distances(fit))
    known = _known(fit)
    normal = known * (known + 2)
    z = float((distances**2 - normal).sum() / np.sqrt(8 * normal.sum()))
    good = abs(z) <= _KURTOSIS
    return Check(
        "multivariate normality", "pass" if good else "warn",
        f"Mardia's normalised kurtosis is {z:.1f}", value=float(z), threshold=_KURTOSIS,
        advice="" if good else "χ² and its indices are too strict and normal-theory standard errors are off: "
        "read bootstrap intervals",
        source="Mardia 1970, Biometrika 57:519-530; Yuan, Lambert & Fouladi 2004, Psychometrika 69:413-436",
    )  # fmt: skip


def _influence(fit: SemFit) -> Check:
    distances = _distances(fit)
    if distances is None:
        return Check("unusual rows", "not_applicable", _no_distances(fit))
    tail = special.chdtrc(_known(fit), distances)
    far = tail < _FAR
    share = float(far.mean())
    good = share <= 0.05
    rows = fit.input.rows
    assert rows is not None  # noqa: S101 - there are distances, so there are rows
    worst = ", ".join(str(rows.index[i]) for i in np.lexsort((-distances, tail))[:3])
    return Check(
        "unusual rows", "pass" if good else "warn",
        f"{int(far.sum())} of {len(far)} rows are far from the rest (p < .001), first {worst}",
        value=share, threshold=0.05,
        advice="" if good else "look at these respondents: careless answers, or a group of its own",
        source="Mahalanobis distance; Tabachnick & Fidell 2013",
    )  # fmt: skip


def _missing(fit: SemFit) -> Check | None:
    """How much is missing, and which pairs of variables are seldom seen together."""
    if fit.input.incomplete is None:
        return None
    least, where, absent, most = 1.0, "", 0.0, ""
    names = fit.sample.names
    for group, patterns in zip(fit.group_labels, fit.input.incomplete.patterns, strict=True):
        place = f" in group {group}" if group else ""
        coverage = patterns.coverage
        i, j = np.unravel_index(int(np.argmin(coverage)), coverage.shape)
        if coverage[i, j] < least:
            pair = names[int(i)] if i == j else f"{names[int(i)]} and {names[int(j)]} together"
            least, where = float(coverage[i, j]), pair + place
        gaps = 1 - patterns.available
        if gaps.max() > absent:
            absent, most = float(gaps.max()), names[int(gaps.argmax())] + place
    if least == 1.0:
        return Check("missing values", "pass", "no value is missing", value=1.0, threshold=_LEAST_COVERAGE)
    good = least >= _LEAST_COVERAGE
    return Check(
        "missing values", "pass" if good else "warn",
        f"most is missing of {most} ({100 * absent:.1f} % of the rows); {100 * least:.1f} % of the rows "
        f"have {where}, the fewest",
        value=least, threshold=_LEAST_COVERAGE,
        advice="" if good else "what so few rows show of these two rests on the model and on normality",
        source="Enders 2010, Applied Missing Data Analysis, ch. 4; values missing at random are assumed",
    )  # fmt: skip


def _clusters(fit: SemFit) -> Check | None:
    if fit.input.clusters is None:
        return None
    count = int(fit.input.clusters.max()) + 1
    status: Status = "fail" if count < _FEW_CLUSTERS else "warn" if count < _ENOUGH_CLUSTERS else "pass"
    advice = {
        "fail": "so few clusters cannot tell how much estimates vary: take the sample as one, or ask more",
        "warn": "cluster-robust standard errors are too small with few clusters",
    }
    return Check(
        "clusters", status, f"{count} clusters", value=float(count), threshold=float(_ENOUGH_CLUSTERS),
        advice=advice.get(status, ""),
        source="Cameron & Miller 2015, J. Hum. Resour. 50:317-372",
    )  # fmt: skip


def _weighted(fit: SemFit) -> Check | None:
    rows = fit.input.rows
    if rows is None or rows.weights is None:
        return None
    w = rows.weights
    effective = float(w.sum() ** 2 / np.sum(w**2))
    good = effective >= 0.5 * len(w)
    return Check(
        "weights", "pass" if good else "warn",
        f"with sampling weights the effective sample size is {effective:.0f} of {len(w)}; errors and "
        "tests allow for it",
        value=effective, threshold=0.5 * len(w),
        advice="" if good else "a few respondents carry the results: trim the weights, or say so",
        source="Kish 1965, Survey Sampling; Asparouhov 2005, Struct. Equ. Modeling 12:411-434",
    )  # fmt: skip


_CHECKS: tuple[Callable[[Any], Check | None], ...] = (
    _identification, _minimum, _variances, _latent_correlations, _residual_correlations, _distinct, _size,
    _exact_fit, _approximate_fit, _independence, _local_fit, paths_comparable, _missing, _normality,
    _influence, _clusters, _weighted, _defined, smoothing_check,
    sparse_tables, definite_correlations, robust_measures_known,
)  # fmt: skip
