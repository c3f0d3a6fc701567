"""``power``: how often a study of a given size finds an effect that is there, by simulation in batches."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from satloyal.core.linalg import inverse_or_nan
from satloyal.core.moments import GroupMoments, Moments
from satloyal.core.resample import blocks, wishart_covariances
from satloyal.errors import FitError
from satloyal.models.sem.constrain import restart_restricted
from satloyal.models.sem.estimate import Problem
from satloyal.models.sem.fit import fit_sem
from satloyal.models.sem.nonnormal import Shape, margins
from satloyal.models.sem.population import Population, without_values
from satloyal.models.sem.power_effects import NEGLIGIBLE, Effects
from satloyal.models.sem.power_study import PowerStudy
from satloyal.models.sem.result import SemFit
from satloyal.spec.source import nearest
from satloyal.spec.syntax import Model

__all__ = ["PowerStudy", "power"]

Array = NDArray[Any]

_TOLERANCE = 1e-8
_LOST = 0.05


def power(
    population: str | Model | SemFit,
    n: int | Sequence[int],
    effect: str | Sequence[str] | None = None,
    *,
    model: str | Model | None = None,
    replicates: int = 1000,
    seed: int | None = None,
    alpha: float = 0.05,
    groups: int = 1,
    values: Mapping[str, float] | None = None,
    standardized: bool = True,
    skewness: float | Mapping[str, float] | None = None,
    kurtosis: float | Mapping[str, float] | None = None,
    progress: Callable[[int, int], None] | None = None,
    **options: Any,
) -> PowerStudy:
    """Simulate studies of a model and count how often they find an effect.

    Parameters
    ----------
    population : str or SemFit
        Model text with population values, as for :func:`satloyal.simulate`, or a fit: its estimates are
        then taken for the truth.
    n : int or sequence of int
        Respondents in each group; several make a grid.
    effect : str or sequence of str, optional
        Labels, defined effects, or parameters as written (``"Loyalty ~ Trust"``). All labels, definitions and
        regressions when not given.
    model : str, optional
        What each study fits. By default the population's own text with its numbers estimated.
    replicates : int
        Studies a sample size.
    seed : int, optional
        The same seed gives the same numbers.
    alpha : float
        Level of the two-sided tests, and one minus that of the intervals.
    groups : int
        Groups, for a text with ``c(0.5, 0.3)*x``.
    values, standardized, skewness, kurtosis
        As for :func:`satloyal.simulate`.
    progress : callable, optional
        Called with (done, total).
    **options
        Of :func:`satloyal.fit_sem` for the analysis: ``std_lv``, ``orthogonal``, ``meanstructure``,
        ``group_equal``, ``group_partial``, ``fixed_x``, ``defaults``.

    Returns
    -------
    PowerStudy
        ``power`` with its Monte Carlo standard error ``power_mcse`` (of a null effect it is the type I
        error); ``bias`` against the value that the analysis model has in the population; ``se_ratio``, the
        mean standard error over the standard deviation of the estimates; ``coverage`` of the intervals.
        Studies that do not converge are counted in ``failed`` and used in no figure.

    Raises
    ------
    FitError, SpecError
        The population or the analysis is none, an effect is not there, or an argument cannot be used.

    Notes
    -----
    Muthén & Muthén 2002, *Structural Equation Modeling* 9:599-620. Normal data need no rows: covariances are
    drawn from their Wishart distribution and refitted as one batch from the population's solution. Standard
    errors are those of the expected information.

    Examples
    --------
    >>> import satloyal as sl
    >>> study = sl.power('''
    ...     Satisfaction =~ 0.8*s1 + 0.8*s2 + 0.7*s3
    ...     Loyalty =~ 0.8*l1 + 0.7*l2 + 0.7*l3
    ...     Loyalty ~ b*0.3*Satisfaction
    ... ''', [100, 200], "b", replicates=200, seed=1)
    >>> study.table[["n", "effect"]].values.tolist()
    [[100, 'b'], [200, 'b']]
    >>> bool(study.table["power"][1] > study.table["power"][0])
    True
    """
    sizes = _grid(n, replicates, alpha)
    drawn, analysis = _sources(population, model, groups, values, standardized=standardized)
    _check_options(options)
    if any(part.cuts for part in drawn.groups):
        raise FitError(
            "power for answers in categories is not computed", where="power",
            fix="leave the thresholds out, or draw with sl.simulate and fit each sample",
        )  # fmt: skip
    skew = margins(skewness, drawn.names, "skewness")
    kurt = margins(kurtosis, drawn.names, "kurtosis")
    truth = _truth(analysis, drawn, max(*sizes, 1000), options)
    if min(sizes) <= len(truth.table.observed):
        raise FitError(
            f"n is {min(sizes)}, with {len(truth.table.observed)} variables", where="n=", fix="a larger n"
        )
    effects = Effects.of(truth, effect)
    draw = _Draw(truth, drawn, skew, kurt)
    rows: list[dict[str, Any]] = []
    streams = np.random.SeedSequence(seed).generate_state(len(sizes))
    done = 0
    for size, stream in zip(sizes, streams, strict=True):
        est, se, failed, outside = [], [], 0, 0
        for start, stop, generator in blocks(replicates, int(stream)):
            found = _refit(truth, draw, effects, size, stop - start, generator)
            est.append(found[0])
            se.append(found[1])
            failed += found[2]
            outside += found[3]
            done += stop - start
            if progress is not None:
                progress(done, replicates * len(sizes))
        rows += effects.table(size, np.concatenate(est), np.concatenate(se), alpha, failed, outside)
    table = pd.DataFrame(rows)
    return PowerStudy(
        table, truth, alpha, replicates, seed, _notes(truth, table, draw, replicates, alpha, seed)
    )


# -- asking --------------------------------------------------------------------------------------------------


def _grid(n: Any, replicates: Any, alpha: float) -> list[int]:
    sizes = list(n) if isinstance(n, Sequence | np.ndarray | range) and not isinstance(n, str) else [n]
    for name, value in (*(("n", s) for s in sizes), ("replicates", replicates)):
        if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 1:
            raise FitError(f"{name} is {value!r}", where=f"{name}=", fix="give a whole number above 0")
    if not sizes or replicates < 2:
        raise FitError(
            "there is nothing to simulate", where="power", fix="give a sample size and two replicates or more"
        )
    if not 0 < alpha < 1:
        raise FitError(f"alpha is {alpha!r}", where="power", fix="give a share, as 0.05")
    return sorted({int(s) for s in sizes})


def _sources(
    population: str | Model | SemFit,
    model: str | Model | None,
    groups: int,
    values: Mapping[str, float] | None,
    *,
    standardized: bool,
) -> tuple[Population, str | Model]:
    if isinstance(population, SemFit):
        if values:
            raise FitError("a fit has its own values", where="power", fix="give a model text")
        return Population.of_fit(population), population.model if model is None else model
    if not isinstance(population, str | Model):
        raise FitError(
            f"the population is a {type(population).__name__}", where="power", fix="give text or a fit"
        )
    drawn = Population.of_text(population, groups=groups, values=values or {}, standardized=standardized)
    return drawn, without_values(population) if model is None else model


def _check_options(options: Mapping[str, Any]) -> None:
    known = (
        "std_lv", "orthogonal", "meanstructure", "group_equal", "group_partial", "fixed_x", "defaults",
    )  # fmt: skip
    for name in options:
        if name not in known:
            near = nearest(name, known)
            hint = f"did you mean {near}=? " if near else ""
            raise FitError(f"power has no option {name}=", fix=f"{hint}for the analysis: {', '.join(known)}")


def _truth(model: str | Model, population: Population, n: int, options: Mapping[str, Any]) -> SemFit:
    """Fit the analysis model to the population's own moments."""
    groups = tuple(
        GroupMoments(g.label or str(i), n, g.cov, g.mean) for i, g in enumerate(population.groups, start=1)
    )
    fit = fit_sem(model, Moments(population.names, groups, source="matrix"), **options)
    if not fit.converged or not np.isfinite(fit.vcov).all():
        raise FitError(
            "the analysis model cannot be fitted to the population itself", where="power",
            fix="check that it is identified with these values",
        )  # fmt: skip
    return fit


# -- drawing and refitting -----------------------------------------------------------------------------------


class _Draw:
    """Draws moments of samples from the population."""

    def __init__(self, truth: SemFit, population: Population, skew: Array | None, kurt: Array | None) -> None:
        self.normal = skew is None and kurt is None
        at = [population.names.index(name) for name in truth.table.observed]
        self.parts = []
        for part in population.groups:
            cov, mean = part.cov[np.ix_(at, at)], part.mean[at]
            shape = None
            if not self.normal:
                shape = Shape(
                    cov, mean, None if skew is None else skew[at], None if kurt is None else kurt[at]
                )
            self.parts.append((cov, mean, shape))

    def moments(
        self, n: int, size: int, generator: np.random.Generator
    ) -> tuple[list[Array], list[Array | None]]:
        """Return covariances (B, p, p), divisor n, and means (B, p), group by group."""
        covs: list[Array] = []
        means: list[Array | None] = []
        for cov, mean, shape in self.parts:
            if shape is None:
                covs.append(wishart_covariances(cov, n, size, generator))
                noise = generator.standard_normal((size, len(mean))) @ np.linalg.cholesky(cov / n).T
                means.append(mean + noise)
                continue
            rows = np.empty((size, len(mean)))
            spread = np.empty((size, len(mean), len(mean)))
            for i in range(size):  # a sample at a time: rows of a whole block would not fit
                sample = shape.draw(1, n, generator)[0]
                rows[i] = sample.mean(axis=0)
                centred = sample - rows[i]
                spread[i] = centred.T @ centred / n
            covs.append(spread)
            means.append(rows)
        return covs, means


def _refit(
    truth: SemFit, draw: _Draw, effects: Effects, n: int, size: int, generator: np.random.Generator
) -> tuple[Array, Array, int, int]:
    """Estimates and standard errors of one block of studies; how many failed, how many are inadmissible."""
    covs, means = draw.moments(n, size, generator)
    problem = Problem.of_batch(truth.rams, [n] * len(covs), covs, means)
    solution = restart_restricted(
        problem, truth.restrictions, covs, truth.theta, truth.observed_hessian, truth.theta,
        tolerance=_TOLERANCE,
    )  # fmt: skip
    good = solution.converged & np.isfinite(solution.theta).all(axis=1)
    theta = solution.theta[good]
    kept = problem.take(np.flatnonzero(good))
    hessian = kept(theta, np.arange(len(theta)), "expected").hessian
    N = truth.tangent
    free = hessian if N is None else N.T @ hessian @ N
    vcov = 2 * inverse_or_nan(free) / (n * len(covs))
    vcov = vcov if N is None else N @ vcov @ N.T
    se = effects.errors(theta, vcov)
    defined = np.isfinite(se).all(axis=1) & (np.diagonal(vcov, axis1=1, axis2=2) >= 0).all(axis=1)
    variances = sorted({r.free - 1 for r in truth.table.rows if r.op == "~~" and r.lhs == r.rhs and r.free})
    outside = int((theta[defined][:, variances] < 0).any(axis=1).sum())
    return effects.values(theta)[defined], se[defined], size - int(defined.sum()), outside


def _notes(
    truth: SemFit, table: pd.DataFrame, draw: _Draw, replicates: int, alpha: float, seed: int | None
) -> tuple[str, ...]:
    kind = (
        "normal data"
        if draw.normal
        else "data with the given skewness and kurtosis, analysed as if they were normal"
    )
    each = " in each group" if truth.ngroups > 1 else ""
    notes = [
        f"{replicates} studies a sample size (n{each}), {kind}, two-sided tests at {alpha:g}, seed {seed}"
    ]
    if truth.value > NEGLIGIBLE:
        notes.append(
            f"the analysis model does not hold in the population (F = {truth.value:.3g}): bias and coverage "
            "are against the values that it takes there"
        )
    lost = table.groupby("n")["failed"].max() / replicates
    for size, share in lost[lost > _LOST].items():
        notes.append(
            f"at n = {size}, {share:.0%} of the studies did not converge: the figures are those of the rest"
        )
    outside = table.groupby("n")["inadmissible"].max() / replicates
    for size, share in outside[outside > _LOST].items():
        notes.append(f"at n = {size}, {share:.0%} of the studies had a negative variance")
    return tuple(notes)
