"""What the rounding of a published matrix leaves open: the model refitted to matrices that print the same."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from satloyal.core.resample import blocks
from satloyal.core.threads import single_threaded_blas
from satloyal.errors import FitError
from satloyal.models.fit import Check, Fit
from satloyal.models.sem.bootstrap import _feasible
from satloyal.models.sem.constrain import restart_restricted
from satloyal.models.sem.estimate import Problem
from satloyal.models.sem.inadmissible import inadmissible
from satloyal.notes import Note

if TYPE_CHECKING:
    from satloyal.models.sem.result import SemFit

__all__ = ["Rounding", "rounding", "smoothing_check"]

Array = NDArray[Any]

_TOLERANCE = 1e-9
_FAILED = 0.05  # share of lost replicates beyond which the range is not trusted
# range in standard errors beyond which rounding has to be told: spread evenly over one standard error, it
# adds 4 % to the standard error (√(1 + 1/12))
_SHARE = 1.0
_TAILS = (0.025, 0.975)
_SAME = 1e-6  # relative difference between chi-square and N·F that is no rounding
_SIZES = ("est", "min", "max", "lower", "upper")


@dataclass(frozen=True, eq=False)
class Rounding(Fit):
    """A fit, and its estimates under matrices that round to the published one.

    Parameters
    ----------
    fit : SemFit
    requested : int
        Replicates asked for.
    seed : int or None
    drawn, rejected : int
        Matrices drawn, and how many of those were not positive definite and so cannot be what was printed.
    theta_star : ndarray, shape (B, q)
        Estimates of the replicates that converged.
    value_star : ndarray, shape (B,)
        Their discrepancies F.
    inadmissible : int
        How many of those have a negative variance or a correlation beyond ±1; they are kept.
    """

    family: ClassVar[str] = "rounding"

    fit: SemFit
    requested: int
    seed: int | None
    drawn: int
    rejected: int
    theta_star: Array
    value_star: Array
    inadmissible: int

    @property
    def counts(self) -> dict[str, int]:
        """How the replicates ended."""
        used = len(self.theta_star)
        return {
            "requested": self.requested, "used": used, "failed": self.requested - used,
            "inadmissible": self.inadmissible, "drawn": self.drawn, "rejected": self.rejected,
        }  # fmt: skip

    @property
    def converged(self) -> bool:
        """Whether the fit and enough of its replicates converged."""
        used = len(self.theta_star)
        return self.fit.converged and used > 1 and used >= (1 - _FAILED) * self.requested

    @property
    def admissible(self) -> bool:
        """Whether the fit to the matrix as given is admissible."""
        return self.fit.admissible

    @cached_property
    def notes(self) -> tuple[Note, ...]:
        """How the matrices were drawn, and what became of them."""
        c = self.counts
        printed = self.fit.input.moments.printed
        half = np.nan if printed is None else printed.half_unit
        text = (
            f"{c['drawn']} matrices drawn uniformly within ±{half:g} of every printed entry, seed "
            f"{self.seed}: {c['rejected']} are not positive definite and were left out; of {c['requested']} "
            f"refits {c['used']} are used, {c['failed']} failed; {c['inadmissible']} of those used are not "
            "admissible"
        )
        if printed is not None and printed.sd is not None:
            text += "; the standard deviations are taken as exact"
        if self.fit.weights is not None and self.fit.estimator != "ULS":
            text += "; the weight matrix of the fit is kept"
        return (*self.fit.notes, Note("rounding", text, c["drawn"]))

    @cached_property
    def checks(self) -> tuple[Check, ...]:
        """Judgement of the range, and of the replicates; then those of the fit."""
        if not self.fit.converged:
            return self.fit.checks
        c = self.counts
        lost = c["failed"] / c["requested"]
        good = self.converged
        own = Check(
            "rounding refits", "pass" if good else "fail",
            f"{c['failed']} of {c['requested']} replicates failed", value=lost, threshold=_FAILED,
            advice="" if good else "the range without them is too narrow: get the matrix with more digits",
        )  # fmt: skip
        outside = c["inadmissible"] / max(c["used"], 1)
        inside = Check(
            "rounding admissibility", "pass" if outside <= _FAILED else "warn",
            f"{c['inadmissible']} of {c['used']} refits are not admissible", value=outside, threshold=_FAILED,
            advice="" if outside <= _FAILED else "a variance is near zero or two constructs nearly one",
        )  # fmt: skip
        return (self._range_check(), own, inside, *self.fit.checks)

    def _range_check(self) -> Check:
        table = self.tidy().reset_index(drop=True)
        share = table["range_se"].to_numpy(dtype=float)
        if not np.isfinite(share).any():
            return Check("rounding", "not_applicable", "no range can be set against a standard error")
        worst = table.iloc[int(np.nanargmax(share))]
        value = float(worst["range_se"])
        name = f"{worst['lhs']} {worst['op']} {worst['rhs']}".strip()
        return Check(
            "rounding", "pass" if value <= _SHARE else "warn",
            f"rounding leaves {name} between {worst['min']:.3g} and {worst['max']:.3g}: {value:.2f} standard "
            "errors, the widest of all",
            value=value, threshold=_SHARE,
            advice="" if value <= _SHARE else "state this range beside the estimates, or get more digits",
        )  # fmt: skip

    @cached_property
    def _tidy(self) -> pd.DataFrame:
        rows = self.fit.table.reported
        free = [i for i, row in enumerate(rows) if row.free]
        defined = [i for i, row in enumerate(rows) if row.op == ":="]
        table = self.fit.tidy().loc[[*free, *defined]]
        numbers = np.array([rows[i].free - 1 for i in free], dtype=int)
        theta = self.theta_star
        stars = np.concatenate([theta[:, numbers], self.fit.definitions.values(theta)], axis=1)
        out = table[["lhs", "op", "rhs", "group", "label", "free", "est", "se"]].copy()
        for name, column in zip(_SIZES[1:], self._spread(stars), strict=True):
            out[name] = column
        width = out["max"] - out["min"]
        out["range_se"] = width / out["se"].where(out["se"] > 0)
        return out

    def _spread(self, stars: Array) -> Array:
        """Smallest, largest and tail values of each column, (4, k); NaN where a replicate has none."""
        if not self.converged:
            return np.full((4, stars.shape[1]), np.nan)
        return np.stack([stars.min(axis=0), stars.max(axis=0), *np.quantile(stars, _TAILS, axis=0)])

    def tidy(self) -> pd.DataFrame:
        """Return one row an estimated or defined parameter.

        Returns
        -------
        DataFrame
            ``lhs, op, rhs, group, label, free, est, se`` of the fit; ``min, max`` over the replicates and
            ``lower, upper``, their 2.5 and 97.5 % points; ``range_se``, the range in standard errors. NaN
            where more than 5 % of the replicates failed.
        """
        return self._tidy.copy()

    def _terms(self) -> pd.Index:
        names = self._tidy["lhs"] + " " + self._tidy["op"] + " " + self._tidy["rhs"]
        return pd.Index(names.str.strip(), name="term")

    @property
    def pvalues(self) -> pd.Series:
        """Those of the fit: rounding has no test of its own."""
        table = self.fit.tidy().loc[self._tidy.index]
        return pd.Series(table["pvalue"].to_numpy(dtype=float), index=self._terms(), name="pvalue")

    def conf_int(self) -> pd.DataFrame:
        """Return the 2.5 and 97.5 % points over the replicates: of rounding alone, not of sampling."""
        return (
            self._tidy[["lower", "upper"]].set_axis(["ci_lower", "ci_upper"], axis=1).set_index(self._terms())
        )

    def glance(self) -> pd.Series:
        """Return chi-square with its range over the replicates, and the counts.

        Returns
        -------
        Series
            ``chisq, chisq_min, chisq_max, chisq_lower, chisq_upper, df`` (NaN where the estimator's
            chi-square is no multiple of F), ``requested, used, failed, inadmissible, drawn, rejected`` and
            ``rejected_share``.
        """
        measured = self.fit.glance()
        chisq, scale = float(measured["chisq"]), self.fit.effective_n
        plain = abs(chisq - scale * self.fit.value) <= _SAME * max(1.0, abs(chisq))
        stars = (
            scale * np.maximum(self.value_star[:, None], 0.0)
            if plain
            else np.full((len(self.value_star), 1), np.nan)
        )
        spread = dict(zip(("min", "max", "lower", "upper"), self._spread(stars)[:, 0], strict=True))
        share = self.rejected / self.drawn if self.drawn else np.nan
        return pd.Series(
            {"chisq": chisq}
            | {f"chisq_{name}": float(value) for name, value in spread.items()}
            | {"df": float(measured["df"])}
            | {name: float(count) for name, count in self.counts.items()}
            | {"rejected_share": share}
        )

    def headline(self) -> str:
        """Return the first line: how much rounding leaves open, or that nothing can be said."""
        if not self.fit.converged:
            return self.fit.headline()
        c = self.counts
        if not self.converged:
            return (
                f"TOO MANY REPLICATES FAILED: {c['failed']} of {c['requested']} gave no estimates, so the "
                "range that rounding leaves is not known."
            )
        g = self.glance()
        found = self._range_check().message
        text = f"{found[0].upper()}{found[1:]} (over {c['used']} refits)."
        if g["df"] > 0 and np.isfinite(g["chisq_min"]):
            text += f" χ² is {g['chisq']:.2f}, between {g['chisq_min']:.2f} and {g['chisq_max']:.2f}."
        return text


def rounding(fit: SemFit, replicates: int = 1000, seed: int | None = 1) -> Rounding:
    """Say what the rounding of the published matrix leaves open.

    Parameters
    ----------
    fit : SemFit
        Fitted to ``Moments.from_matrix(..., decimals=...)``.
    replicates : int
        Matrices to refit, 2 or more.
    seed : int, optional

    Returns
    -------
    Rounding
        ``tidy()`` holds the range of each estimate and defined parameter, ``glance()`` that of chi-square
        and the counts; a check named ``rounding`` warns where a range is more than one standard error.

    Raises
    ------
    FitError
        The data came as rows, or as a matrix whose decimals were not stated; bad `replicates` or `seed`.

    Notes
    -----
    Each printed entry r stands for any value in [r − h, r + h], h half a unit of its last digit: that is what
    rounding to the nearest means. Symmetric matrices are drawn uniformly from this box, those that are not
    positive definite are left out and counted, and the model is refitted to the others. What results is what
    the digits leave open, beside and not instead of the sampling error.

    Examples
    --------
    >>> import satloyal as sl
    >>> matrix = sl.Moments.from_matrix(
    ...     [[1], [.66, 1], [.57, .53, 1]], 476, names=["Sat", "Trust", "Loyal"], kind="cor", decimals=2)
    >>> fit = sl.fit_sem("Trust ~ Sat; Loyal ~ Trust + Sat", matrix)
    >>> found = fit.rounding(200, seed=1).tidy().loc[1]
    >>> found["lhs"], found["rhs"], *found[["min", "est", "max"]].astype(float).round(2)
    ('Loyal', 'Trust', 0.26, 0.27, 0.29)
    """
    if isinstance(replicates, bool) or not isinstance(replicates, int | np.integer) or replicates < 2:
        raise FitError(f"replicates is {replicates!r}", where="rounding", fix="give a whole number above 1")
    if seed is not None and (isinstance(seed, bool) or not isinstance(seed, int | np.integer) or seed < 0):
        raise FitError(f"seed is {seed!r}", where="rounding", fix="give a whole number, 0 or more")
    printed = fit.input.moments.printed
    if printed is None:
        raise FitError("the data are rows: nothing was rounded to print them", where="rounding",
                       fix="bootstrap() says how estimates vary")  # fmt: skip
    if printed.decimals is None:
        raise FitError("the decimals of the matrix are not known", where="rounding",
                       fix="say them: Moments.from_matrix(..., decimals=2)")  # fmt: skip
    empty = Rounding(fit, int(replicates), seed, 0, 0, np.zeros((0, fit.table.q)), np.zeros(0), 0)
    if not fit.converged:
        return empty
    theta: list[Array] = []
    value: list[Array] = []
    drawn = rejected = outside = 0
    factor = 1.0 if fit.likelihood == "normal" else fit.nobs / (fit.nobs - 1)
    guess, hessian = _feasible(fit), fit.observed_hessian
    with single_threaded_blas():
        for start, stop, generator in blocks(int(replicates), seed):
            draws = printed.draws(stop - start, generator)
            drawn, rejected = drawn + draws.drawn, rejected + draws.rejected
            if not len(draws.covs):
                continue
            covs = [draws.covs * factor]
            mean = fit.sample.groups[0].mean
            means = [None if mean is None else np.broadcast_to(mean, (len(covs[0]), len(mean)))]
            found = _refitted(fit, covs, means, guess, hessian)
            theta.append(found[0])
            value.append(found[1])
            outside += found[2]
    if not theta:
        theta, value = [empty.theta_star], [empty.value_star]
    stars = np.concatenate(theta), np.concatenate(value)
    return Rounding(fit, int(replicates), seed, drawn, rejected, *stars, outside)


def _refitted(
    fit: SemFit, covs: list[Array], means: list[Array | None], guess: Array, hessian: Array
) -> tuple[Array, Array, int]:
    """Return estimates and discrepancies of those that converge, and how many are not admissible."""
    size = fit.sample.groups[0].size if fit.likelihood == "normal" else fit.sample.groups[0].size - 1
    problem = Problem.of_batch(fit.rams, [size], covs, means, fit.weights)
    solution = restart_restricted(
        problem, fit.restrictions, covs, fit.theta, hessian, guess, tolerance=_TOLERANCE
    )
    good = solution.converged & np.isfinite(solution.theta).all(axis=1)
    theta = solution.theta[good]
    value = problem.take(np.flatnonzero(good)).value(theta)
    own = [None if m is None else m[good] for m in means]
    return theta, value, inadmissible(fit, theta, [c[good] for c in covs], own)


def smoothing_check(fit: SemFit) -> Check | None:
    """Judge the smoothing of a published matrix; nothing where there was none.

    A warning where rounding alone can explain the change, a failure where the data cannot have been these.
    """
    printed = fit.input.moments.printed
    if printed is None or not printed.smoothed:
        return None
    return Check(
        "smoothed matrix", "warn" if printed.explained else "fail",
        f"the printed matrix is not positive definite (smallest eigenvalue {printed.least:.2g}); the nearest "
        f"correlation matrix, which is used, {printed.verdict()}",
        value=printed.change, threshold=printed.half_unit,
        advice="chi-square and standard errors depend on how it was smoothed: get the matrix with more digits"
        if printed.explained
        else "this is not the matrix of any sample: look for a typing error, or for pairwise deletion",
        source="Higham 2002, IMA J. Numer. Anal. 22:329-343",
    )  # fmt: skip
