"""Which models may be compared, which are nested, and the test of a restriction."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import special

from satloyal.core.moments import GroupMoments, Moments
from satloyal.core.optimize import Solution
from satloyal.errors import FitError
from satloyal.models.sem.constrain import estimate_restricted
from satloyal.models.sem.difference import DifferenceMethod, difference
from satloyal.models.sem.estimate import Problem
from satloyal.models.sem.ordinal import ordinal_starts
from satloyal.models.sem.start import starts
from satloyal.models.sem.wald import HypothesisTest

if TYPE_CHECKING:
    from satloyal.models.sem.result import SemFit

__all__ = ["check_comparable", "lrt", "relation", "tail"]

_SAME = 1e-8  # relative difference of sample moments that is rounding
_REPRODUCES = 1e-7  # discrepancy per moment below which implied moments count as reproduced
_NET = "Bentler & Satorra 2010, Psychological Methods 15:111-123"


def lrt(one: SemFit, other: SemFit, *, method: DifferenceMethod | None = None) -> HypothesisTest:
    """Test the more restricted of two models against the other by their likelihood ratio.

    Parameters
    ----------
    one, other : SemFit
        Of the same variables and respondents, with the same estimator; in any order.
    method : {"satorra.bentler.2001", "satorra.bentler.2010", "satorra.2000"}, optional
        How differences of scaled tests are made, as in :func:`satloyal.compare`.

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
    statistic, df, problem = difference(large, small, method)
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


def _reproduces(large: SemFit, small: SemFit) -> float:
    """F of the larger model fitted to the moments that the smaller one implies."""
    if large.input.ordinal is not None:
        return _reproduces_answers(large, small)
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
    return _least(*estimate_restricted(problem, large.restrictions, guesses))


def _reproduces_answers(large: SemFit, small: SemFit) -> float:
    """F of the larger model fitted to the thresholds and correlations that the smaller one implies."""
    ordinal, other, weights = large.input.ordinal, small.input.ordinal, large.weights
    assert ordinal is not None and other is not None and weights is not None  # noqa: S101, PT018
    place = {_sorted(label): k for k, label in enumerate(other.groups[0].layout.labels)}
    order = [place[_sorted(label)] for label in ordinal.groups[0].layout.labels]
    responses = other.responses(small.table, small.rams)
    implied = [r.at(small.theta[None]).statistics[:, order] for r in responses]
    guesses = [large.theta, *ordinal_starts(large.table, large.input, large.rams)]
    if large.restrictions is None:
        profile = ordinal.profile(large.table, large.rams, weights, implied)
        if profile is not None:
            return _least(*profile.estimate(guesses, lambda _: ()))
    problem = ordinal.problem(large.table, large.rams, weights, implied)
    return _least(*estimate_restricted(problem, large.restrictions, guesses))


def _sorted(label: str) -> tuple[str, ...]:
    """Return a statistic's name whichever way round its two variables stand."""
    return tuple(sorted(label.split("~~"))) if "~~" in label else (label,)


def _least(solution: Solution, _: int) -> float:
    """Return the minimum; NaN where it was not found, unless it is as low as can be."""
    value = float(solution.value[0])
    return value if bool(solution.converged[0]) or value < _REPRODUCES else float("nan")


def tail(df: float, statistic: float) -> float:
    """Return the upper tail of a χ²; NaN where there is no statistic."""
    return float(special.chdtrc(df, statistic)) if np.isfinite(statistic) else float("nan")
