"""The bootstrap of a structural equation model: resampled moments, refitted as a batch."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import special

from satloyal.core.optimize import Solution
from satloyal.core.resample import (
    BLOCK,
    bca_interval,
    blocks,
    percentile_interval,
)
from satloyal.core.threads import single_threaded_blas
from satloyal.errors import FitError
from satloyal.models.fit import Check, Fit
from satloyal.models.sem import inference
from satloyal.models.sem.constrain import restart_restricted
from satloyal.models.sem.contrasts import compare_bootstrapped_effects as _compare_effects
from satloyal.models.sem.draws import ModelDraws, RowDraws
from satloyal.models.sem.effects import EffectPlan
from satloyal.models.sem.estimate import Problem
from satloyal.models.sem.estimators import estimator_named
from satloyal.models.sem.fiml_bootstrap import Batch, IncompleteDraws, restart_incomplete
from satloyal.models.sem.inadmissible import inadmissible
from satloyal.models.sem.ordinal import ordinal_starts
from satloyal.models.sem.ordinal_bootstrap import OrdinalDraws
from satloyal.models.sem.robust_fit import least_squares_influence
from satloyal.models.sem.start import starts
from satloyal.notes import Note

if TYPE_CHECKING:
    from satloyal.models.sem.result import SemFit

__all__ = ["Bootstrap", "bootstrap"]

Array = NDArray[Any]
Kind = Literal["nonparametric", "parametric"]
Block = tuple[int, int, np.random.Generator]

_TOLERANCE = 1e-7  # Newton decrement; the step still taken squares the error, far below Monte Carlo error
_NEAR = 1e-9  # the same where the step still taken only shrinks the error
_HELD = 4_000_000  # entries of curvatures of several replicates that are held at once
_PAIRS = (
    250_000  # second derivatives that a task holds at once: enough to drown overhead, little enough to cache
)
_FAILED = 0.05  # share of lost replicates beyond which intervals are not trusted
_FEW = 1000
_ENDS = ("perc_lower", "perc_upper", "bc_lower", "bc_upper", "bca_lower", "bca_upper")


@dataclass(frozen=True, eq=False)
class Bootstrap(Fit):
    """Replicates of a fit, and the intervals they give.

    Parameters
    ----------
    fit : SemFit
        The fit to the full sample.
    kind : {"nonparametric", "parametric"}
    requested : int
        Replicates asked for.
    seed : int or None
    level : float
        Of the intervals.
    theta_star : ndarray, shape (B, q)
        Estimates of the replicates that converged.
    inadmissible : int
        How many of those have a negative variance or a correlation beyond ±1, of latent variables or of
        residuals; they are kept, as leaving them out would truncate the distribution.
    """

    family: ClassVar[str] = "bootstrap"

    fit: SemFit
    kind: Kind
    requested: int
    seed: int | None
    level: float
    theta_star: Array
    inadmissible: int

    @property
    def replicates(self) -> int:
        """Replicates that converged and are used."""
        return len(self.theta_star)

    @property
    def counts(self) -> dict[str, int]:
        """How the replicates ended."""
        lost = self.requested - self.replicates
        return {"requested": self.requested, "used": self.replicates, "failed": lost,
                "inadmissible": self.inadmissible}  # fmt: skip

    @property
    def converged(self) -> bool:
        """Whether the fit and enough of its replicates converged."""
        return self.fit.converged and self.replicates >= (1 - _FAILED) * self.requested

    @property
    def admissible(self) -> bool:
        """Whether the fit to the full sample is admissible."""
        return self.fit.admissible

    @cached_property
    def notes(self) -> tuple[Note, ...]:
        """How the replicates were made, and what became of them."""
        how = {
            "nonparametric": "rows drawn with replacement",
            "parametric": "normal samples from the fitted model",
        }[self.kind]
        if self.kind == "nonparametric" and self.fit.input.clusters is not None:
            how = "clusters drawn with replacement"
        c = self.counts
        text = (
            f"{c['requested']} replicates, {how}, seed {self.seed}: {c['used']} converged and are used, "
            f"{c['failed']} did not; {c['inadmissible']} of those used are not admissible"
        )
        squares = estimator_named(self.fit.estimator).discrepancy
        if self.fit.input.ordinal is not None and squares == "DWLS":
            text += "; thresholds, correlations and their weights are estimated again in each"
        elif self.fit.weights is not None and squares != "ULS":
            text += "; the weight matrix of the full sample is kept"
        return (*self.fit.notes, Note("bootstrap", text, c["requested"]))

    @cached_property
    def checks(self) -> tuple[Check, ...]:
        """Judgements about the replicates, then those about the fit."""
        c = self.counts
        lost = c["failed"] / c["requested"]
        outside = c["inadmissible"] / max(c["used"], 1)
        own = [
            Check(
                "bootstrap convergence", "pass" if lost <= _FAILED else "fail",
                f"{c['failed']} of {c['requested']} replicates did not converge",
                value=lost, threshold=_FAILED,
                advice="" if lost <= _FAILED else "intervals without them are too narrow: simplify the model",
            ),
            Check(
                "bootstrap admissibility", "pass" if outside <= _FAILED else "warn",
                f"{c['inadmissible']} of {c['used']} replicates are not admissible", value=outside,
                threshold=_FAILED,
                advice="" if outside <= _FAILED else "a variance is near zero or two constructs nearly one",
            ),
            Check(
                "bootstrap replicates", "pass" if c["requested"] >= _FEW else "warn",
                f"{c['requested']} replicates", value=float(c["requested"]), threshold=float(_FEW),
                advice="" if c["requested"] >= _FEW else "ends of intervals are noisy: use at least 1,000",
                source="Efron & Tibshirani 1993, An Introduction to the Bootstrap, p. 275",
            ),
        ]  # fmt: skip
        return (*own, *self.fit.checks)

    @cached_property
    def _influence(self) -> Array | None:
        """Empirical influence of each row (or cluster) on θ, shape (n, q); none without rows."""
        if self.kind != "nonparametric":
            return None
        if self.fit.weights is not None:
            parts = least_squares_influence(self.fit)
            return inference.summed_scores(parts, self.fit.input.clusters)
        vcov = inference.vcov_of(self.fit.observed_hessian / 2, self.fit.effective_n, self.fit.tangent)
        scores = inference.summed_scores(self.fit.scores(), self.fit.input.clusters)
        influence: Array = -scores @ vcov
        return influence

    def intervals(self, function: Callable[[Array], Array]) -> pd.DataFrame:
        """Return bootstrap standard errors and intervals of functions of θ.

        Parameters
        ----------
        function : callable
            (B, q) → (B, k), analytic.

        Returns
        -------
        DataFrame, k rows
            ``se``, then ``lower`` and ``upper`` of three intervals: ``perc_`` (percentile), ``bc_``
            (bias-corrected: Efron 1981, *Can. J. Stat.* 9:139-172), ``bca_`` (accelerated too); ``ci_`` is
            BCa. For a parametric bootstrap BCa has an acceleration of zero, and is BC. NaN where a value is
            undefined in more than 5 % of the replicates: those that remain would make too narrow an interval.
        """
        estimate = np.asarray(function(self.fit.theta[None])[0], dtype=float)
        stars = np.asarray(function(self.theta_star), dtype=float)
        columns = ("se", *_ENDS, "ci_lower", "ci_upper")
        out = pd.DataFrame(np.nan, index=range(len(estimate)), columns=list(columns))
        if not self.converged or len(stars) < 2 or not len(estimate):
            return out
        finite = np.isfinite(stars)
        acceleration = self._acceleration(function)
        for pattern in np.unique(finite, axis=1).T:
            columns_of = np.flatnonzero((finite == pattern[:, None]).all(axis=0))
            kept = stars[pattern][:, columns_of]
            if len(kept) < (1 - _FAILED) * self.requested or len(kept) < 2:
                continue
            moving = columns_of[kept.std(axis=0) > 0]
            kept = stars[pattern][:, moving]
            perc = percentile_interval(kept, self.level)
            bc = bca_interval(kept, estimate[moving], np.zeros(len(moving)), self.level)
            bca = bca_interval(kept, estimate[moving], acceleration[moving], self.level)
            values = np.column_stack([kept.std(axis=0, ddof=1), *perc, *bc, *bca, *bca])
            out.iloc[moving] = values
        return out

    def _acceleration(self, function: Callable[[Array], Array]) -> Array:
        """Σ u³ / (6 (Σ u²)^1.5) over the empirical influence values u of each function."""
        jacobian = inference.complex_step(function, self.fit.theta)
        if self._influence is None:
            return np.zeros(len(jacobian))
        u = self._influence @ jacobian.T
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray(np.nan_to_num((u**3).sum(axis=0) / (6 * (u**2).sum(axis=0) ** 1.5)))

    @cached_property
    def _tidy(self) -> pd.DataFrame:
        table = self.fit.tidy()
        rows = self.fit.table.reported
        free = [i for i, row in enumerate(rows) if row.free]
        defined = [i for i, row in enumerate(rows) if row.op == ":="]
        numbers = np.array([rows[i].free - 1 for i in free], dtype=int)

        def both(theta: Array) -> Array:
            return np.concatenate([theta[:, numbers], self.fit.definitions.values(theta)], axis=1)

        found = self.intervals(both)
        found.index = pd.Index([*free, *defined])
        out = table.drop(columns=["z", "pvalue", "se", "ci_lower", "ci_upper"])
        out = out.join(found)
        fixed = [i for i, row in enumerate(rows) if not row.free and row.op != ":="]
        out.loc[fixed, "se"] = 0.0 if self.fit.converged else np.nan
        for side in (*_ENDS, "ci_lower", "ci_upper"):
            out.loc[fixed, side] = out.loc[fixed, "est"]
        with np.errstate(invalid="ignore", divide="ignore"):
            out["z"] = np.where(out["se"] > 0, out["est"] / out["se"].where(out["se"] > 0), np.nan)
            out["pvalue"] = 2 * special.ndtr(-np.abs(out["z"]))
        first = [
            "lhs",
            "op",
            "rhs",
            "group",
            "label",
            "free",
            "est",
            "se",
            "z",
            "pvalue",
            "ci_lower",
            "ci_upper",
        ]
        return out[[*first, *_ENDS, "std_lv", "std_all"]]

    def tidy(self) -> pd.DataFrame:
        """Return the fit's table with bootstrap standard errors and intervals.

        Returns
        -------
        DataFrame
            As :meth:`SemFit.tidy`, with ``se`` the standard deviation of the replicates, ``ci_lower`` and
            ``ci_upper`` BCa, and the columns ``perc_lower, perc_upper, bc_lower, bc_upper, bca_lower,
            bca_upper``.
        """
        return self._tidy.copy()

    def _terms(self) -> pd.Index:
        return self.fit._terms()

    def glance(self) -> pd.Series:
        """Return the fit measures of the full sample and the counts of replicates."""
        counts: pd.Series = pd.Series({f"boot_{name}": float(count) for name, count in self.counts.items()})
        together: pd.Series = pd.concat([self.fit.glance(), counts])
        return together

    def effects(self, source: str | None = None, target: str | None = None) -> pd.DataFrame:
        """Return the effects with bootstrap standard errors and intervals.

        Returns
        -------
        DataFrame
            As :meth:`SemFit.effects`, with the columns of the intervals.
        """
        table = self.fit.effects(source, target)
        plan = EffectPlan.of(self.fit, source, target)
        found = self.intervals(plan.values)
        found.index = table.index
        for name in found.columns:
            table[name] = found[name]
        with np.errstate(invalid="ignore", divide="ignore"):
            table["z"] = np.where(table["se"] > 0, table["est"] / table["se"].where(table["se"] > 0), np.nan)
            table["pvalue"] = 2 * special.ndtr(-np.abs(table["z"]))
        return table

    compare_effects = _compare_effects

    def headline(self) -> str:
        """Return the first line: the fit's, and what became of the replicates."""
        c = self.counts
        if self.fit.converged and not self.converged:
            return (
                f"TOO MANY REPLICATES FAILED: {c['failed']} of {c['requested']} did not converge, so these "
                "intervals must not be used."
            )
        return f"{self.fit.headline()} {c['used']} of {c['requested']} bootstrap replicates are used."


def bootstrap(
    fit: SemFit,
    replicates: int,
    seed: int | None,
    *,
    kind: Kind | None,
    level: float,
    workers: int | None,
    progress: Callable[[int, int], None] | None,
) -> Bootstrap:
    """Refit a model to resamples; see :meth:`SemFit.bootstrap`."""
    kind = _kind(fit, kind)
    if isinstance(replicates, bool) or int(replicates) != replicates or replicates < 1:
        raise FitError(f"replicates is {replicates!r}", where="bootstrap", fix="give a whole number above 0")
    if not 0 < level < 1:
        raise FitError(f"level is {level!r}", where="bootstrap", fix="give a share, as 0.95")
    empty = np.zeros((0, fit.table.q))
    if not fit.converged:
        return Bootstrap(fit, kind, replicates, seed, level, empty, 0)
    draw = RowDraws(fit) if kind == "nonparametric" else ModelDraws(fit)
    incomplete = None if fit.input.incomplete is None else IncompleteDraws(fit, kind)
    plan = _tasks(list(blocks(replicates, seed)), fit)
    theta: list[Array] = [empty] * len(plan)
    outside = [0] * len(plan)
    done = 0
    hessian = fit.observed_hessian
    guess = _feasible(fit)

    def work(number: int) -> int:
        drawn = [draw.moments(stop - start, generator) for start, stop, generator in plan[number]]
        covs, means = _joined(drawn)
        sizes = [g.size if fit.likelihood == "normal" else g.size - 1 for g in fit.sample.groups]
        parts = []
        for piece in _pieces(len(covs[0]), fit):
            some = [c[piece] for c in covs]
            centres = [None if m is None else m[piece] for m in means]
            problem = Problem.of_batch(fit.rams, sizes, some, centres, fit.weights)
            solution = restart_restricted(
                problem, fit.restrictions, some, fit.theta, hessian, guess, tolerance=_TOLERANCE
            )
            parts.append(_kept(fit, solution, some, centres))
        theta[number], outside[number] = np.concatenate([t for t, _ in parts]), sum(o for _, o in parts)
        return number

    def work_incomplete(number: int) -> int:
        assert incomplete is not None  # noqa: S101 - this work is for them
        parts = [
            _kept(fit, _solved_incomplete(fit, batch, hessian, guess), batch.covs, batch.means)
            for start, stop, generator in plan[number]
            for batch in incomplete.batches(stop - start, generator)
        ]
        theta[number], outside[number] = np.concatenate([t for t, _ in parts]), sum(o for _, o in parts)
        return number

    ordinal = None if fit.input.ordinal is None else OrdinalDraws(fit, guess, _TOLERANCE)

    def work_ordinal(number: int) -> int:
        assert ordinal is not None  # noqa: S101 - this work is for them
        parts = [_kept(fit, *ordinal.solve(stop - start, rng)) for start, stop, rng in plan[number]]
        theta[number], outside[number] = np.concatenate([t for t, _ in parts]), sum(o for _, o in parts)
        return number

    threads = max(1, workers if workers is not None else os.cpu_count() or 1)
    with single_threaded_blas(), ThreadPoolExecutor(threads) as pool:
        job = work if incomplete is None else work_incomplete
        job = job if ordinal is None else work_ordinal
        futures = [pool.submit(job, number) for number in range(len(plan))]
        try:
            for future in as_completed(futures):
                done += sum(stop - start for start, stop, _ in plan[future.result()])
                if progress is not None:
                    progress(done, replicates)
        except BaseException:
            for future in futures:
                future.cancel()
            raise
    return Bootstrap(fit, kind, replicates, seed, level, np.concatenate(theta), sum(outside))


def _kept(
    fit: SemFit, solution: Solution, covs: Sequence[Array], means: Sequence[Array | None]
) -> tuple[Array, int]:
    """Return the estimates of replicates that converged, and how many of those are not admissible."""
    good = solution.converged & np.isfinite(solution.theta).all(axis=1)
    theta = solution.theta[good]
    own = [None if m is None else m[good] for m in means]
    return theta, inadmissible(fit, theta, [c[good] for c in covs], own)


def _solved_incomplete(fit: SemFit, batch: Batch, hessian: Array, guess: Array) -> Solution:
    if fit.restrictions is None:
        return restart_incomplete(batch.problem, fit.theta, hessian, guess, tolerance=_NEAR)
    return restart_restricted(
        batch.problem, fit.restrictions, batch.covs, fit.theta, hessian, guess, tolerance=_TOLERANCE
    )


def _tasks(plan: list[Block], fit: SemFit) -> list[list[Block]]:
    """Group blocks into an even number of tasks, whatever the number of workers."""
    pairs = fit.table.q * (fit.table.q + 1) / 2
    most = max(1, int(_PAIRS / max(pairs, 1) / BLOCK))
    count = min(len(plan), 2 * -(-len(plan) // (2 * most)))
    edges = np.linspace(0, len(plan), count + 1).astype(int)
    return [plan[a:b] for a, b in pairwise(edges)]


def _pieces(size: int, fit: SemFit) -> list[slice]:
    """Cut a task where a model has so many parameters that curvatures of all its replicates fill memory."""
    step = max(1, _HELD // max(fit.table.q**2, 1))
    return [slice(at, at + step) for at in range(0, size, step)]


def _joined(drawn: list[tuple[list[Array], list[Array | None]]]) -> tuple[list[Array], list[Array | None]]:
    """Put the moments of several blocks behind one another, group by group."""
    covs = [np.concatenate(parts) for parts in zip(*(c for c, _ in drawn), strict=True)]
    means: list[Array | None] = []
    for parts in zip(*(m for _, m in drawn), strict=True):
        known = [part for part in parts if part is not None]
        means.append(np.concatenate(known) if len(known) == len(parts) else None)
    return covs, means


def _feasible(fit: SemFit) -> Array:
    """Return the best first guess of the full sample that lies in the domain."""
    guesses = starts(fit.table, fit.sample)
    if fit.input.ordinal is not None:
        guesses = ordinal_starts(fit.table, fit.input, fit.rams)
    for guess in guesses:
        if np.isfinite(fit.problem.value(guess[None]))[0]:
            return guess
    return fit.theta


def _kind(fit: SemFit, kind: Kind | None) -> Kind:
    has_rows = fit.input.rows is not None
    if kind == "parametric" and fit.input.ordinal is not None:
        raise FitError(
            "ordinal items are not normal, so normal samples are none of theirs", where="bootstrap",
            fix="use kind='nonparametric'",
        )  # fmt: skip
    if kind is None:
        return "nonparametric" if has_rows else "parametric"
    if kind not in ("nonparametric", "parametric"):
        raise FitError(f"kind is {kind!r}", where="bootstrap", fix="use 'nonparametric' or 'parametric'")
    if kind == "nonparametric" and not has_rows:
        raise FitError("rows cannot be drawn from moments", where="bootstrap", fix="use kind='parametric'")
    return kind
