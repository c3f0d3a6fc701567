"""``power``: how often a study of a given size finds an effect that is there, by simulation in batches."""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import special

from satloyal.core.linalg import inverse_or_nan
from satloyal.core.moments import GroupMoments, Moments
from satloyal.core.resample import blocks, wishart_covariances
from satloyal.errors import FitError
from satloyal.models.sem.constrain import restart_restricted
from satloyal.models.sem.estimate import Problem
from satloyal.models.sem.fit import fit_sem
from satloyal.models.sem.nonnormal import Shape, margins
from satloyal.models.sem.population import Population, without_values
from satloyal.models.sem.result import SemFit
from satloyal.spec.source import nearest
from satloyal.spec.syntax import Model

__all__ = ["PowerStudy", "power"]

Array = NDArray[Any]

_TOLERANCE = 1e-8
_EXACT = 1e-6  # discrepancy of the analysis model from the population that is rounding
_STEP = 1e-30
_LOST = 0.05


@dataclass(frozen=True, eq=False)
class PowerStudy:
    """What simulated studies found.

    Parameters
    ----------
    table : DataFrame
        One row a sample size and effect: ``n, effect, population, std_all, mean, bias, relative_bias, sd,
        mean_se, se_ratio, coverage, coverage_mcse, power, power_mcse, used, failed, inadmissible``.
    truth : SemFit
        The analysis model in the population itself.
    alpha : float
    replicates : int
    seed : int or None
    notes : tuple of str
        What to know before believing it.
    """

    table: pd.DataFrame
    truth: SemFit
    alpha: float
    replicates: int
    seed: int | None
    notes: tuple[str, ...]

    def tidy(self) -> pd.DataFrame:
        """Return the table."""
        return self.table.copy()

    def sample_size(self, effect: str | None = None, target: float = 0.8, level: float = 0.95) -> pd.Series:
        """Return the sample size at which the power reaches a target.

        Parameters
        ----------
        effect : str, optional
            Which; needed when the study has several.
        target : float
            Wanted power.
        level : float
            Of the interval for Monte Carlo error.

        Returns
        -------
        Series
            ``n, ci_lower, ci_upper, extrapolated``: respondents in each group, rounded up; NaN where more
            respondents do not bring more power.

        Notes
        -----
        The power of a Wald test is Φ(λ√n − z), but for its other tail: λ is fitted to the probits of the
        simulated powers, weighted by their precision. Run the study again at the size that comes out.
        """
        rows = self._of(effect)
        if not self.alpha < target < 1:
            raise FitError(
                f"target is {target!r}", where="sample_size", fix="give a power between alpha and 1"
            )
        critical = float(special.ndtri(1 - self.alpha / 2))
        share = (rows["power"] * rows["used"] + 0.5) / (rows["used"] + 1)
        # a null effect is "found" at rate alpha, and no more often in larger studies
        usable = share.notna() & (rows["used"] > 0) & (rows["population"].abs() > _EXACT)
        names = ["n", "ci_lower", "ci_upper", "extrapolated"]
        if not usable.any():
            return pd.Series([np.nan, np.nan, np.nan, True], index=names, name=target)
        rows = rows[usable]
        p = share[usable].to_numpy(dtype=float)
        root = np.sqrt(rows["n"].to_numpy(dtype=float))
        probit = special.ndtri(p) + critical
        density = np.exp(-(special.ndtri(p) ** 2) / 2) / np.sqrt(2 * np.pi)
        weight = rows["used"].to_numpy(dtype=float) * density**2 / (p * (1 - p))
        slope = float((weight * root * probit).sum() / (weight * root**2).sum())
        error = float(1 / np.sqrt((weight * root**2).sum()))
        reach = float(special.ndtri(target)) + critical
        width = float(special.ndtri((1 + level) / 2)) * error

        def size(value: float) -> float:
            return float(np.ceil((reach / value) ** 2)) if value > 0 else np.nan

        if slope - width <= 0:
            return pd.Series([np.nan, np.nan, np.nan, True], index=names, name=target)
        n = size(slope)
        outside = not rows["n"].min() <= n <= rows["n"].max()
        return pd.Series([n, size(slope + width), size(slope - width), outside], index=names, name=target)

    def _of(self, effect: str | None) -> pd.DataFrame:
        known = list(dict.fromkeys(self.table["effect"]))
        if effect is None:
            if len(known) != 1:
                raise FitError(
                    f"the study has {len(known)} effects", where="sample_size", fix=f"name one: {known[0]!r}"
                )
            effect = known[0]
        found = _find(effect, known)
        return self.table[self.table["effect"] == found]

    def summary(self) -> str:
        """Return the table and its notes as text."""
        text = self.table.to_string(index=False, float_format=lambda v: f"{v:.3f}", na_rep="")
        return "\n".join((text, *(f"- {note}" for note in self.notes)))

    def __str__(self) -> str:
        return self.summary()

    def _repr_html_(self) -> str:
        notes = "".join(f"<li>{html.escape(note)}</li>" for note in self.notes)
        return f"{self.table.to_html(index=False, na_rep='', float_format='{:.3f}'.format)}<ul>{notes}</ul>"


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
    effects = _Effects.of(truth, effect)
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


@dataclass(frozen=True, eq=False)
class _Effects:
    """Effects as functions of θ."""

    fit: SemFit
    names: tuple[str, ...]
    free: Array  # position in θ, −1 for definitions
    defined: Array  # position among the definitions, −1 for parameters
    population: Array
    std_all: Array

    @classmethod
    def of(cls, fit: SemFit, wanted: str | Sequence[str] | None) -> _Effects:
        tidy = fit.tidy()
        order = {id(row): i for i, row in enumerate(fit.table.definitions)}
        known: dict[str, tuple[int, int, float, float, bool]] = {}
        for row, term, est, std in zip(
            fit.table.reported, fit._terms(), tidy["est"], tidy["std_all"], strict=True
        ):
            if row.op == ":=":
                known[row.lhs] = (-1, order[id(row)], est, std, True)
            elif row.free:
                name = row.label or str(term)
                known.setdefault(name, (row.free - 1, -1, est, std, bool(row.label) or row.op == "~"))
                known.setdefault(str(term), (row.free - 1, -1, est, std, False))
        if wanted is None:
            names = [name for name, entry in known.items() if entry[4]]
            names = names or list(known)
        else:
            asked = [wanted] if isinstance(wanted, str) else list(wanted)
            names = list(dict.fromkeys(_find(name, known) for name in asked))
        chosen = [known[name] for name in names]
        if not chosen:
            raise FitError("the model has nothing that is estimated", where="power", fix="free a parameter")
        free, defined, est, std, _ = zip(*chosen, strict=True)
        return cls(
            fit, tuple(names), np.array(free), np.array(defined), np.array(est, float), np.array(std, float)
        )

    def values(self, theta: Array) -> Array:
        """Return the effects, shape (B, k)."""
        out = np.empty((len(theta), len(self.names)), dtype=theta.dtype)
        single = self.free >= 0
        out[:, single] = theta[:, self.free[single]]
        if not single.all():
            out[:, ~single] = self.fit.definitions.values(theta)[:, self.defined[~single]]
        return out

    def errors(self, theta: Array, vcov: Array) -> Array:
        """Return their delta-method standard errors, shape (B, k)."""
        jacobian = np.zeros((len(theta), len(self.names), theta.shape[1]))
        for k in range(theta.shape[1]):
            moved = theta.astype(complex)
            moved[:, k] += 1j * _STEP
            jacobian[:, :, k] = self.values(moved).imag / _STEP
        with np.errstate(invalid="ignore"):
            return np.asarray(np.sqrt(np.einsum("bkq,bqr,bkr->bk", jacobian, vcov, jacobian, optimize=True)))

    def table(
        self, n: int, est: Array, se: Array, alpha: float, failed: int, outside: int
    ) -> list[dict[str, Any]]:
        """Return one row an effect."""
        used = len(est)
        critical = special.ndtri(1 - alpha / 2)
        rows = []
        for k, name in enumerate(self.names):
            truth = float(self.population[k])
            row: dict[str, Any] = {"n": n, "effect": name, "population": truth, "std_all": self.std_all[k]}
            e, s = est[:, k], se[:, k]
            if used >= 2:
                sd = float(e.std(ddof=1))
                hit = float((np.abs(e) > critical * s).mean())
                inside = float((np.abs(e - truth) <= critical * s).mean())
                row |= {
                    "mean": float(e.mean()), "bias": float(e.mean() - truth),
                    "relative_bias": float((e.mean() - truth) / truth) if abs(truth) > _EXACT else np.nan,
                    "sd": sd, "mean_se": float(s.mean()),
                    "se_ratio": float(s.mean() / sd) if sd > 0 else np.nan,
                    "coverage": inside, "coverage_mcse": _mcse(inside, used), "power": hit,
                    "power_mcse": _mcse(hit, used),
                }  # fmt: skip
            else:
                row |= dict.fromkeys(
                    ("mean", "bias", "relative_bias", "sd", "mean_se", "se_ratio", "coverage",
                     "coverage_mcse", "power", "power_mcse"), np.nan,
                )  # fmt: skip
            rows.append(row | {"used": used, "failed": failed, "inadmissible": outside})
        return rows


def _mcse(share: float, used: int) -> float:
    return float(np.sqrt(share * (1 - share) / used))


def _find(name: str, known: Any) -> str:
    plain = {"".join(str(k).split()): k for k in known}
    found = plain.get("".join(str(name).split()))
    if found is None:
        near = nearest(str(name), [str(k) for k in known])
        hint = f"did you mean '{near}'?" if near else f"it has, for instance, '{next(iter(known))}'"
        raise FitError(f"the model has no effect '{name}' that is estimated", where="effect=", fix=hint)
    return str(found)


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
    truth: SemFit, draw: _Draw, effects: _Effects, n: int, size: int, generator: np.random.Generator
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
    if truth.value > _EXACT:
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
