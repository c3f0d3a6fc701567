"""Which models may be compared, which are nested, and the test of a restriction."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import special

from satloyal.core.moments import GroupMoments, Moments
from satloyal.errors import FitError
from satloyal.models.sem.constrain import estimate_restricted
from satloyal.models.sem.difference import adjusted_difference
from satloyal.models.sem.estimate import Problem
from satloyal.models.sem.estimators import estimator_named
from satloyal.models.sem.start import starts
from satloyal.models.sem.wald import HypothesisTest

if TYPE_CHECKING:
    from satloyal.models.sem.result import SemFit
    from satloyal.spec.parameter import Parameter

__all__ = ["check_comparable", "difference", "lrt", "relation", "tail"]

_SAME = 1e-8  # relative difference of sample moments that is rounding
_REPRODUCES = 1e-7  # discrepancy per moment below which implied moments count as reproduced
_NET = "Bentler & Satorra 2010, Psychological Methods 15:111-123"


def lrt(one: SemFit, other: SemFit) -> HypothesisTest:
    """Test the more restricted of two models against the other by their likelihood ratio.

    Parameters
    ----------
    one, other : SemFit
        Of the same variables and respondents, with the same estimator; in any order.

    Returns
    -------
    HypothesisTest
        NaN, with the reason, where a fit did not converge or the models are not nested; see
        :func:`satloyal.compare` for how that is found out and for scaled differences.

    Raises
    ------
    FitError
        The fits are of other variables, respondents, groups, covariates or estimators.

    Examples
    --------
    >>> import satloyal as sl
    >>> survey = sl.load_sample("simulated_retail")
    >>> free = sl.fit_sem("Satisfaction =~ SAT1 + SAT2 + SAT3", survey)
    >>> equal = sl.fit_sem("Satisfaction =~ SAT1 + a*SAT2 + a*SAT3", survey)
    >>> free.lrt(equal).df
    1
    """
    check_comparable(one, other, "this fit", "the other")
    large, small = (one, other) if one.df <= other.df else (other, one)
    words = f"the model with {small.df} df holds, given the one with {large.df} df"
    name = "likelihood-ratio test"
    if not (one.converged and other.converged):
        return HypothesisTest(name, words, np.nan, np.nan, np.nan, "a fit did not converge")
    found, reason = relation(large, small)
    if found != "nested":
        return HypothesisTest(name, words, np.nan, np.nan, np.nan, reason)
    statistic, df, problem = difference(large, small)
    return HypothesisTest(name, words, statistic, df, tail(df, statistic), problem)


def check_comparable(a: SemFit, b: SemFit, one: str, other: str) -> None:
    """Refuse fits whose figures have nothing to do with one another."""

    def refuse(found: str, fix: str) -> None:
        raise FitError(f"{one} and {other} cannot be compared: {found}", where="compare", fix=fix)

    first, second = set(a.table.observed), set(b.table.observed)
    if first != second:
        only = ", ".join(sorted(first ^ second))
        refuse(f"they are models of different variables ({only})", "keep a variable and fix its paths to 0")
    if a.nobs != b.nobs:
        refuse(f"one rests on {a.nobs} respondents, the other on {b.nobs}", "fit both to the same rows")
    if a.group_labels != b.group_labels:
        refuse("their groups differ", "fit both with the same group=")
    if a.estimator != b.estimator:
        refuse(f"one used {a.estimator}, the other {b.estimator}", "use one estimator")
    if a.likelihood != b.likelihood:
        refuse("their likelihoods differ", "use the same likelihood=")
    if set(a.table.exogenous) != set(b.table.exogenous):
        refuse("they take different covariates as given", "fit both with fixed_x=False")
    if a.table.meanstructure != b.table.meanstructure:
        refuse("one models the means and the other does not", "fit both with meanstructure=True")
    if not _same_sample(a, b):
        refuse("their sample moments differ", "fit both to the same data and weights")


def _same_sample(a: SemFit, b: SemFit) -> bool:
    ours, theirs = a.sample, b.sample.select(a.sample.names)
    for x, y in zip(ours.groups, theirs.groups, strict=True):
        scale = np.sqrt(np.outer(np.diagonal(x.cov), np.diagonal(x.cov)))
        if x.n != y.n or (np.abs(x.cov - y.cov) > _SAME * scale).any():
            return False
        if x.mean is not None and y.mean is not None and a.table.meanstructure:
            sd = np.sqrt(np.diagonal(x.cov))
            if (np.abs(x.mean - y.mean) > _SAME * np.maximum(sd, np.abs(x.mean))).any():
                return False
    return True


def relation(large: SemFit, small: SemFit) -> tuple[str, str]:
    """Whether the smaller model is nested in the larger: it is if that reproduces its implied moments."""
    if large.input.ordinal is not None:
        return _by_parameters(large, small)
    gap = _reproduces(large, small)
    size = sum(g.cov.size for g in small.sample.groups)
    if np.isnan(gap):
        return "unknown", "whether they are nested could not be found out: the refit did not converge"
    if gap > _REPRODUCES * size:
        return "not nested", (
            f"not nested: the model with {large.df} df cannot reproduce the moments that the other implies "
            f"(F = {gap:.3g}; NET procedure, {_NET})"
        )
    if large.df == small.df:
        return "equivalent", (
            "the two reproduce each other's moments with the same degrees of freedom: equivalent models, "
            "which data cannot tell apart"
        )
    return "nested", (
        f"the model with {large.df} df reproduces the moments that the one with {small.df} df implies "
        f"(F = {max(gap, 0.0):.1g}; NET procedure, {_NET})"
    )


def _by_parameters(large: SemFit, small: SemFit) -> tuple[str, str]:
    """Nested if the smaller model fixes or equates what the larger leaves free, and frees nothing."""
    ours = {(*_cell(r), r.group): r for r in large.table.parameters}
    theirs = {(*_cell(r), r.group): r for r in small.table.parameters}
    unknown = "whether models of ordinal items are nested is judged by their parameters: here it cannot be"
    for key in ours.keys() | theirs.keys():
        a, b = ours.get(key), theirs.get(key)
        if a is not None and a.free:
            continue
        fixed = 0.0 if a is None else a.value
        if (b is not None and (b.free or b.value != fixed)) or (b is None and fixed != 0.0):
            return "unknown", f"{unknown} ({' '.join(map(str, key[:3]))} is free, or fixed otherwise)"
    if large.table.constraints or small.table.constraints:
        return "unknown", f"{unknown} (there are constraints)"
    shared: dict[int, set[tuple[int, float | None]]] = {}
    for key, row in ours.items():
        if row.free:
            other = theirs.get(key)
            value = (0, 0.0) if other is None else (other.free, None if other.free else other.value)
            shared.setdefault(row.free, set()).add(value)
    if any(len(values) > 1 for values in shared.values()):
        return "unknown", f"{unknown} (the smaller model frees what the larger holds equal)"
    if large.df == small.df:
        return "equivalent", "the two have the same free parameters"
    return "nested", f"the model with {small.df} df fixes or equates parameters that the other leaves free"


def _cell(row: Parameter) -> tuple[str, str, str]:
    names = sorted((row.lhs, row.rhs)) if row.op == "~~" else [row.lhs, row.rhs]
    return names[0], row.op, names[1]


def _reproduces(large: SemFit, small: SemFit) -> float:
    """F of the larger model fitted to the moments that the smaller one implies."""
    groups = []
    order = [small.table.observed.index(name) for name in large.table.observed]
    for (sigma, mu), group in zip(small._implied, small.sample.groups, strict=True):
        mean = group.mean if mu is None else mu
        cov = sigma[np.ix_(order, order)]
        groups.append(GroupMoments(group.label, group.n, cov, None if mean is None else mean[order]))
    implied = Moments(large.table.observed, tuple(groups))
    if min(np.linalg.eigvalsh(g.cov)[0] for g in implied.groups) <= 0:
        return float("nan")
    problem = Problem.of(large.rams, implied, large.likelihood)
    guesses = [large.theta, *starts(large.table, implied)]
    solution, _ = estimate_restricted(problem, large.restrictions, guesses)
    value = float(solution.value[0])
    return value if bool(solution.converged[0]) or value < _REPRODUCES else float("nan")


def difference(large: SemFit, small: SemFit) -> tuple[float, int, str]:
    """Δχ² and its degrees of freedom, scaled where the models' tests are."""
    g, h = large.glance(), small.glance()
    df = small.df - large.df
    method = estimator_named(large.estimator)
    adjusted = method.test in ("scaled.shifted", "mean.var.adjusted")
    if adjusted or (method.test is None and method.discrepancy in ("ULS", "DWLS")):
        statistic, df, _, reason = adjusted_difference(small, large)
        return statistic, df, reason or "scaled and shifted difference (Satorra 2000)"
    if method.test is None:
        return max(float(h["chisq"] - g["chisq"]), 0.0), df, ""
    c1 = float(g["chisq_scaling_factor"]) if large.df else 0.0
    c0 = float(h["chisq_scaling_factor"])
    factor = (small.df * c0 - large.df * c1) / df
    if not factor > 0:
        return np.nan, df, f"the scaled difference does not exist: its factor is {factor:.3f}, not positive"
    said = f"scaled difference, factor {factor:.3f} (Satorra & Bentler 2001)"
    return max(float(h["chisq"] - g["chisq"]) / factor, 0.0), df, said


def tail(df: float, statistic: float) -> float:
    """Return the upper tail of a χ²; NaN where there is no statistic."""
    return float(special.chdtrc(df, statistic)) if np.isfinite(statistic) else float("nan")
