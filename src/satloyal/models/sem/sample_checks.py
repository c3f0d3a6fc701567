"""Checks of the sample that a model was fitted to: its size, its shape, unusual rows, clusters, weights."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy import special

from satloyal.models.fit import Check, Status
from satloyal.models.sem.kept import kurtosis

if TYPE_CHECKING:
    from satloyal.models.sem.result import SemFit

__all__ = ["clusters", "influence", "missing", "normality", "sample_size", "weighted"]

Array = NDArray[Any]

_PER_PARAMETER = 5.0
_KURTOSIS = 5.0
_FAR = 0.001
_LEAST_COVERAGE = 0.10
_FEW_CLUSTERS, _ENOUGH_CLUSTERS = 10, 30


def sample_size(fit: SemFit) -> Check:
    """Judge the number of respondents for each free parameter."""
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


def normality(fit: SemFit) -> Check:
    """Judge Mardia's multivariate kurtosis."""
    distances = _distances(fit)
    if distances is not None:
        known = _known(fit)
        normal = known * (known + 2)
        z = float((distances**2 - normal).sum() / np.sqrt(8 * normal.sum()))
    elif fit.input.keeps_fourth and fit.input.ordinal is None and not fit.input.weighted:
        z = kurtosis(fit)
    else:
        return Check("multivariate normality", "not_applicable", _no_distances(fit))
    good = abs(z) <= _KURTOSIS
    return Check(
        "multivariate normality", "pass" if good else "warn",
        f"Mardia's normalised kurtosis is {z:.1f}", value=float(z), threshold=_KURTOSIS,
        advice="" if good else "χ² and its indices are too strict and normal-theory standard errors are off: "
        "read bootstrap intervals",
        source="Mardia 1970, Biometrika 57:519-530; Yuan, Lambert & Fouladi 2004, Psychometrika 69:413-436",
    )  # fmt: skip


def influence(fit: SemFit) -> Check:
    """Judge how many rows lie far from the rest."""
    distances = _distances(fit)
    if distances is None:
        return Check("unusual rows", "not_applicable", _no_distances(fit))
    tail = special.chdtrc(_known(fit), distances)
    far = tail < _FAR
    share = float(far.mean())
    good = share <= 0.05
    rows = fit.input.rows
    assert rows is not None  # noqa: S101 - there are distances, so there are rows
    lie = "lies" if (count := int(far.sum())) == 1 else "lie"
    worst = [str(rows.index[i]) for i in np.lexsort((-distances, tail))[: min(count, 3)]]
    first = f": first {', '.join(worst)}" if worst else ""
    return Check(
        "unusual rows", "pass" if good else "warn",
        f"{count} of {len(far)} rows {lie} far from the rest (p < .001){first}",
        value=share, threshold=0.05,
        advice="" if good else "look at these respondents: careless answers, or a group of its own",
        source="Mahalanobis distance; Tabachnick & Fidell 2013",
    )  # fmt: skip


def missing(fit: SemFit) -> Check | None:
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


def clusters(fit: SemFit) -> Check | None:
    """Judge whether there are enough clusters for cluster-robust errors."""
    count = fit.input.cluster_count
    if not count:
        return None
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


def weighted(fit: SemFit) -> Check | None:
    """Judge what sampling weights leave of the sample."""
    if not fit.input.weighted:
        return None
    n, rows = fit.nobs, fit.input.rows
    if rows is not None and rows.weights is not None:
        effective = float(rows.weights.sum() ** 2 / np.sum(rows.weights**2))
    else:  # weights have a mean of one
        effective = n**2 / sum(g.fourth.squares for g in fit.input.moments.groups if g.fourth is not None)
    good = effective >= 0.5 * n
    return Check(
        "weights", "pass" if good else "warn",
        f"with sampling weights the effective sample size is {effective:.0f} of {n}; errors and "
        "tests allow for it",
        value=effective, threshold=0.5 * n,
        advice="" if good else "a few respondents carry the results: trim the weights, or say so",
        source="Kish 1965, Survey Sampling; Asparouhov 2005, Struct. Equ. Modeling 12:411-434",
    )  # fmt: skip
