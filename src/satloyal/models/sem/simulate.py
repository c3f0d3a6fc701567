"""``simulate``: respondents from a model with population values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from satloyal.errors import FitError
from satloyal.models.sem.nonnormal import Shape, margins
from satloyal.models.sem.population import Population
from satloyal.models.sem.result import SemFit
from satloyal.spec.syntax import Model

__all__ = ["simulate"]


def simulate(
    model: str | Model | SemFit,
    n: int | Sequence[int],
    *,
    seed: int | None = None,
    groups: int | None = None,
    group: str = "group",
    values: Mapping[str, float] | None = None,
    standardized: bool = True,
    skewness: float | Mapping[str, float] | None = None,
    kurtosis: float | Mapping[str, float] | None = None,
) -> pd.DataFrame:
    """Draw respondents from a population that a model describes.

    Parameters
    ----------
    model : str or SemFit
        Model text with population values in place of what would be estimated
        (``"Trust ~ 0.5*Satisfaction"``), or a fit, whose implied moments are the population's. Every loading
        and path needs a value; covariances and means that are not written are zero. Variables with thresholds
        (``"SAT1 | -1*t1 + 0*t2"``) are answered in categories 1, 2, …
    n : int or sequence of int
        Respondents in each group.
    seed : int, optional
        The same seed gives the same respondents.
    groups : int, optional
        Groups, for a text with ``c(0.5, 0.3)*x``; as many as `n` has numbers when not given.
    group : str
        Name of the column of groups, where there are several.
    values : mapping of str to float, optional
        Values of labels, in place of numbers in the text.
    standardized : bool
        Variances that are not written are such that every variable has variance 1; values then are
        standardised loadings and paths. Otherwise first loadings and variances that are not written are 1.
    skewness, kurtosis : float or mapping of str to float, optional
        Of the observed variables (excess kurtosis), for all or by name; normal when not given. A skewness
        alone comes with the kurtosis of a gamma distribution.

    Returns
    -------
    DataFrame
        One row a respondent, one column an observed variable.

    Raises
    ------
    FitError
        A value is missing, or the values are those of no population (a residual variance below zero, a matrix
        that is not positive definite, a loop that explodes, a skewness that cannot be had).
    SpecError
        The text is not a model.

    Notes
    -----
    Rows are normal with the implied means and covariances, or polynomials of normal variables with the
    wanted skewness, kurtosis and correlations (Fleishman 1978; Vale & Maurelli 1983, *Psychometrika*
    48:465-471).

    Examples
    --------
    >>> import satloyal as sl
    >>> text = '''
    ...     Satisfaction =~ 0.8*s1 + 0.8*s2 + 0.7*s3
    ...     Loyalty =~ 0.8*l1 + 0.7*l2 + 0.7*l3
    ...     Loyalty ~ 0.5*Satisfaction
    ... '''
    >>> frame = sl.simulate(text, 200, seed=1)
    >>> frame.shape
    (200, 6)
    >>> bool(sl.fit_sem("Satisfaction =~ s1 + s2 + s3", frame).converged)
    True
    """
    sizes = _sizes(n)
    count = groups if groups is not None else len(sizes)
    population = _population(model, count, values, standardized=standardized, given=groups is not None)
    if len(sizes) == 1:
        sizes = sizes * len(population.groups)
    if len(sizes) != len(population.groups):
        raise FitError(
            f"there are {len(sizes)} sample sizes for {len(population.groups)} groups", where="n=",
            fix="give one number, or one a group",
        )  # fmt: skip
    skew = margins(skewness, population.names, "skewness")
    kurt = margins(kurtosis, population.names, "kurtosis")
    streams = np.random.SeedSequence(seed).spawn(len(sizes))
    parts = []
    for part, size, stream in zip(population.groups, sizes, streams, strict=True):
        rows = Shape(part.cov, part.mean, skew, kurt).draw(1, size, np.random.default_rng(stream))[0]
        frame = pd.DataFrame(rows, columns=list(population.names))
        for name, cuts in part.cuts.items():
            frame[name] = np.searchsorted(cuts, frame[name].to_numpy()) + 1
        if len(sizes) > 1:
            frame[group] = part.label
        parts.append(frame)
    return pd.concat(parts, ignore_index=True)


def _sizes(n: Any) -> list[int]:
    sizes = list(n) if isinstance(n, Sequence | np.ndarray) and not isinstance(n, str) else [n]
    for size in sizes:
        if isinstance(size, bool) or not isinstance(size, int | np.integer) or size < 1:
            raise FitError(f"n is {size!r}", where="n=", fix="give a whole number above 0")
    if not sizes:
        raise FitError("n is empty", where="n=", fix="give a whole number, or one a group")
    return [int(s) for s in sizes]


def _population(
    model: str | Model | SemFit,
    groups: int,
    values: Mapping[str, float] | None,
    *,
    standardized: bool,
    given: bool,
) -> Population:
    if isinstance(model, SemFit):
        if values or given:
            raise FitError("a fit has its own values and groups", where="simulate", fix="give a model text")
        return Population.of_fit(model)
    if not isinstance(model, str | Model):
        raise FitError(f"the model is a {type(model).__name__}", where="simulate", fix="give text or a fit")
    if isinstance(groups, bool) or not isinstance(groups, int | np.integer) or groups < 1:
        raise FitError(f"groups is {groups!r}", where="simulate", fix="give a whole number above 0")
    return Population.of_text(model, groups=int(groups), values=values or {}, standardized=standardized)
