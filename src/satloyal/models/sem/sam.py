"""Local structural-after-measurement estimation: measure first, then relate what was measured.

Misfit of one measurement block cannot spread into the paths, and small samples converge more often
(Rosseel & Loh 2022, *Psychol. Methods*, doi:10.1037/met0000503).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Never

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from satloyal.core.moments import GroupMoments, Moments
from satloyal.errors import FitError
from satloyal.models.fit import Check, Fit
from satloyal.models.sem.bounds import BoundsOption
from satloyal.models.sem.data import Data
from satloyal.models.sem.estimate import Problem
from satloyal.models.sem.fit import fit_sem
from satloyal.models.sem.implied import Ram
from satloyal.models.sem.result import SemFit
from satloyal.models.sem.sam_blocks import Block, split, structural_rows
from satloyal.notes import Note
from satloyal.spec.syntax import Model, parse
from satloyal.spec.table import build_table
from satloyal.spec.text import table_text

if TYPE_CHECKING:
    from satloyal.spec.parameter import Parameter
    from satloyal.spec.table import ParameterTable
    from satloyal.survey.survey import Survey

__all__ = ["Sam", "StructuralFit", "fit_sam"]

Array = NDArray[Any]

_SOURCE = "Rosseel & Loh 2022, Psychol. Methods, doi:10.1037/met0000503"
_LEAST = 1e-8  # residual variance, relative to the largest, in place of none
_WEAK = 0.6  # reliability of a factor below which the second step leans on little


@dataclass(frozen=True, eq=False)
class StructuralFit(SemFit):
    """The structural part, with standard errors that know the first step was estimated too."""

    @cached_property
    def notes(self) -> tuple[Note, ...]:
        """How the estimates came about."""
        text = (
            f"structural part by maximum likelihood from latent moments, n = {self.nobs}; two-step standard "
            "errors; χ² and its indices are those of the structural part"
        )
        return (Note("estimation", text),)

    def with_vcov(self, kind: Any) -> Never:
        """Refuse: other covariance matrices do not know the first step."""
        raise FitError(f"{kind!r} standard errors ignore the measurement step", fix="read the two-step ones")

    def bootstrap(self, *_: Any, **__: Any) -> Never:
        """Refuse: resamples of latent moments do not know the first step."""
        raise FitError("a bootstrap of the structural part ignores the measurement step",
                       fix="fit the model with fit_sem and bootstrap that")  # fmt: skip


@dataclass(frozen=True, eq=False)
class Sam(Fit):
    """A structural-after-measurement fit; made by :func:`satloyal.fit_sam`.

    Parameters
    ----------
    table : ParameterTable
        The whole model.
    blocks : tuple of SemFit
        The measurement models.
    moments : Moments
        Latent (and observed) moments that the structural part was fitted to.
    structural : StructuralFit or None
        The structural part; ``None`` where the first step gave nothing to fit it to.
    reliability : Series
        Of each factor as mapped: its variance over that of its mapped items.
    reason : str
        Why there is no structural part, if there is none.
    input_notes : tuple of Note
    """

    family: ClassVar[str] = "sam"

    table: ParameterTable
    blocks: tuple[SemFit, ...]
    moments: Moments
    structural: StructuralFit | None
    reliability: pd.Series
    reason: str
    input_notes: tuple[Note, ...]

    @property
    def converged(self) -> bool:
        """Whether every step reached a minimum."""
        return self.structural is not None and self.structural.converged

    @property
    def admissible(self) -> bool:
        """Whether every step is admissible."""
        return (
            self.structural is not None
            and self.structural.admissible
            and all(b.admissible for b in self.blocks)
        )

    @cached_property
    def _tidy(self) -> pd.DataFrame:
        parts = [b.tidy() for b in self.blocks]
        latent = set(self.table.latent)
        kept = [p[~(p["lhs"].isin(latent) & (p["op"] == "~~"))] for p in parts]
        if self.structural is not None:
            kept.append(self.structural.tidy())
        return pd.concat(kept, ignore_index=True).assign(free=self._numbers)

    def _numbers(self, table: pd.DataFrame) -> list[int]:
        numbers = {_key(r.lhs, r.op, r.rhs): r.free for r in self.table.parameters}
        return [
            numbers.get(_key(a, b, c), 0) for a, b, c in table[["lhs", "op", "rhs"]].itertuples(index=False)
        ]

    def tidy(self) -> pd.DataFrame:
        """Return one row a parameter: the measurement blocks' own estimates, then the structural part.

        Returns
        -------
        DataFrame
            As :meth:`satloyal.models.sem.result.SemFit.tidy`. Standardised values of a block are in terms of
            that block alone.
        """
        return self._tidy.copy()

    def _terms(self) -> pd.Index:
        table = self._tidy
        return pd.Index((table["lhs"] + " " + table["op"] + " " + table["rhs"]).str.strip(), name="term")

    def glance(self) -> pd.Series:
        """Return the fit of the structural part (to the latent moments), and of the worst block."""
        names = ("npar", "chisq", "df", "pvalue", "cfi", "rmsea", "srmr", "ntotal")
        own = None if self.structural is None else self.structural.glance()
        out = {n: float("nan") if own is None else float(own[n]) for n in names}
        worst = [float(b.glance()["srmr"]) for b in self.blocks if b.converged]
        out |= {"blocks": len(self.blocks), "block_srmr_max": max(worst, default=np.nan)}
        out["reliability_min"] = float(self.reliability.min())
        return pd.Series(out, dtype=float, name="value")

    def effects(
        self, source: str | None = None, target: str | None = None, *, level: float = 0.95
    ) -> pd.DataFrame:
        """Take the effects of the structural part apart; see :meth:`SemFit.effects`.

        Raises
        ------
        FitError
            Where there is no structural part.
        """
        if self.structural is None:
            raise FitError(f"there are no effects: {self.reason}", where="effects")
        return self.structural.effects(source, target, level=level)

    @cached_property
    def checks(self) -> tuple[Check, ...]:
        """One check a block, one of the mapping, then those of the structural part."""
        out = []
        for block in self.blocks:
            bad = block.failed_checks()
            name = f"measurement of {', '.join(block.table.latent)}"
            doubtful = [c.message for c in block.checks if c.name == "bounds" and c.status == "warn"]
            text = "; ".join([c.message for c in bad] + doubtful) or block.headline()
            out.append(Check(name, "fail" if bad else "warn" if doubtful else "pass", text, source=_SOURCE))
        if self.reason:
            advice = "join or drop constructs that are not distinct, or collect more answers"
            out.append(Check("latent moments", "fail", self.reason, advice=advice, source=_SOURCE))
        weak = self.reliability[self.reliability < _WEAK]
        if len(self.reliability):
            words = ", ".join(f"{name} {value:.2f}" for name, value in weak.items())
            out.append(
                Check(
                    "mapped reliability", "warn" if len(weak) else "pass",
                    f"low: {words}" if len(weak) else f"at least {self.reliability.min():.2f}",
                    value=float(self.reliability.min()), threshold=_WEAK, source=_SOURCE,
                )
            )  # fmt: skip
        return (*out, *(self.structural.checks if self.structural is not None else ()))

    @property
    def notes(self) -> tuple[Note, ...]:
        """What was done to the data, and how the estimates came about."""
        names = "; ".join(", ".join(b.table.latent) for b in self.blocks)
        own = Note("measurement", f"{_count(self.blocks)} fitted by themselves: {names}", len(self.blocks))
        return (*self.input_notes, own, *(self.structural.notes if self.structural is not None else ()))

    def headline(self) -> str:
        """Return the first line: whether this may be used."""
        if not self.converged:
            why = self.reason or "the structural part has no minimum"
            return f"DID NOT CONVERGE: no path of this model may be used, for {why}."
        assert self.structural is not None  # noqa: S101 - it converged
        bad = [", ".join(b.table.latent) for b in self.blocks if not b.admissible]
        start = ""
        if bad:
            start = f"NOT TO BE USED AS IT IS: the measurement of {'; '.join(bad)} is not admissible. "
        return f"{start}Measured in {_count(self.blocks)}, then related. {self.structural.headline()}"


def fit_sam(
    model: str | Model,
    data: pd.DataFrame | Survey | Moments,
    *,
    blocks: Sequence[Sequence[str]] | None = None,
    bounds: BoundsOption = "standard",
) -> Sam:
    r"""Fit measurement blocks by themselves, then the structural part to the latent moments they imply.

    With loadings Λ and residual covariances Θ of the blocks the latent moments are
    :math:`M(S - \Theta)M^\top`, :math:`M = (\Lambda^\top\Theta^{-1}\Lambda)^{-1}\Lambda^\top\Theta^{-1}`
    (Rosseel & Loh 2022). The covariance of the structural estimates is
    :math:`I_{22}^{-1} + I_{22}^{-1} I_{21} \Sigma_{11} I_{12} I_{22}^{-1}` with
    the information of the whole model and the covariance Σ₁₁ of the blocks' estimates.

    Parameters
    ----------
    model : str
        Model text with constructs measured by items, and paths among constructs and observed variables.
    data : DataFrame, Survey or Moments
        One group; complete rows are used.
    blocks : sequence of sequences of str, optional
        Constructs to measure together. When not given, each by itself; those that share an item, a label or
        a residual covariance go together anyway.
    bounds : str or mapping, optional
        Of the measurement, as for :func:`satloyal.fit_sem`; ``"standard"`` keeps residual variances from
        becoming negative, as lavaan's ``sam()`` does.

    Returns
    -------
    Sam
        Where the latent moments are not positive definite there is no structural part, and the result says
        so.

    Raises
    ------
    FitError
        Several groups, weights, factors of factors, composites, means, paths to or from items, a label that
        stands in both steps, or a block that is not identified by itself.

    Notes
    -----
    An item whose residual variance is at its bound of zero is its factor: M then takes the limit of ever less
    residual variance. (lavaan 0.6 puts 1 in its place, so that results depend on the units of the item.)

    Examples
    --------
    >>> import numpy as np, pandas as pd, satloyal as sl
    >>> rng = np.random.default_rng(5); F = rng.normal(size=(400, 2)); F[:, 1] += 0.5 * F[:, 0]
    >>> items = np.repeat(F, 3, axis=1) + 0.7 * rng.normal(size=(400, 6))
    >>> data = pd.DataFrame(items, columns=["S1", "S2", "S3", "L1", "L2", "L3"])
    >>> model = "S =~ S1 + S2 + S3" + chr(10) + "L =~ L1 + L2 + L3" + chr(10) + "L ~ S"
    >>> found = sl.fit_sam(model, data)
    >>> found.structural.tidy().query("op == '~'")["est"].round(1).item()
    0.5
    """
    spec = parse(model) if isinstance(model, str) else model
    given = Data.of(data, group=None, cluster=None, weights=None)
    _check_data(given)
    table = build_table(spec)
    table.check_names(given.columns)
    parts = split(table, blocks)
    sample = given.sample(table.observed)
    fits = tuple(_measure(block, sample.moments, bounds) for block in parts)
    notes = tuple(sample.notes)
    bad = [", ".join(f.table.latent) for f in fits if not f.converged or not np.isfinite(f.vcov).all()]
    empty = Moments((), (GroupMoments("", sample.moments.n, np.zeros((0, 0))),))
    if bad:
        reason = f"the measurement of {'; '.join(bad)} did not converge or has no standard errors"
        return Sam(table, fits, empty, None, pd.Series(dtype=float), reason, notes)
    latent, reliability, reason = _latent_moments(table, fits, sample.moments)
    if reason:
        return Sam(table, fits, latent, None, reliability, reason, notes)
    rows = structural_rows(table)
    first = fit_sem(table_text(rows, 1), latent, defaults="none", meanstructure=False)
    structural = StructuralFit(**{f.name: getattr(first, f.name) for f in fields(SemFit)})
    if first.converged:
        structural = replace(structural, vcov=_two_step(table, fits, first, sample.moments))
    return Sam(table, fits, latent, structural, reliability, "", notes)


def _count(blocks: Sequence[SemFit]) -> str:
    return f"{len(blocks)} block{'' if len(blocks) == 1 else 's'}"


def _check_data(given: Data) -> None:
    if given.moments is not None and len(given.moments.groups) > 1:
        raise FitError("the moments hold several groups", where="fit_sam", fix="fit one group at a time")
    if given.weights is not None:
        raise FitError(
            "two-step standard errors do not know sampling weights", where="fit_sam",
            fix="use fit_sem, or give the survey's frame to leave its weights out",
        )  # fmt: skip


def _measure(block: Block, moments: Moments, bounds: BoundsOption) -> SemFit:
    try:
        return fit_sem(block.text, moments, defaults="none", meanstructure=False, bounds=bounds)
    except FitError as error:
        raise FitError(
            f"{', '.join(block.latent)} cannot be measured alone: {error.message}", where="fit_sam",
            fix="name constructs to measure together in blocks=",
        ) from error  # fmt: skip


def _latent_moments(
    table: ParameterTable, fits: Sequence[SemFit], moments: Moments
) -> tuple[Moments, pd.Series, str]:
    """Map the items' moments onto the factors; observed variables map onto themselves."""
    place = moments.names.index
    items = {i for names in table.indicators.values() for i in names}
    names = [*table.latent, *(v for v in table.observed if v not in items)]
    S = moments.groups[0].cov
    M = np.zeros((len(names), len(S)))
    Theta = np.zeros_like(S)
    for fit in fits:
        ram = fit.rams[0]
        A, spread = (x[0] for x in ram.matrices(fit.theta[None]))
        p = ram.observed
        at = [place(v) for v in ram.variables[:p]]
        of = [names.index(v) for v in ram.variables[p:]]
        L, theta = A[:p, p:], spread[:p, :p]
        M[np.ix_(of, at)] = _mapping(L, theta)
        Theta[np.ix_(at, at)] = theta
    for name in names[len(table.latent) :]:
        M[names.index(name), place(name)] = 1.0
    cov = M @ (S - Theta) @ M.T
    cov = (cov + cov.T) / 2
    k = len(table.latent)
    with np.errstate(invalid="ignore", divide="ignore"):
        share = np.diagonal(cov)[:k] / np.diagonal(M @ S @ M.T)[:k]
    found = Moments(tuple(names), (GroupMoments("", moments.n, cov),), moments.notes, "matrix")
    reason = ""
    if not np.isfinite(cov).all():
        reason = "an item's residual variance is zero or negative, so its factor cannot be mapped"
    elif (np.diagonal(cov) <= 0).any():
        reason = f"{names[int(np.argmin(np.diagonal(cov)))]} has no variance beyond that of its residuals"
    elif np.linalg.eigvalsh(cov / np.sqrt(np.outer(np.diagonal(cov), np.diagonal(cov))))[0] < 1e-8:
        reason = "the latent covariances are not positive definite: some constructs are not distinct"
    return found, pd.Series(share, index=list(table.latent), name="reliability"), reason


def _mapping(L: Array, theta: Array) -> Array:
    """M = (ΛᵀΘ⁻¹Λ)⁻¹ΛᵀΘ⁻¹; of a single item without residual variance, one over its loading."""
    if L.shape == (1, 1):
        return np.asarray(1 / L)
    diagonal = np.diagonal(theta)
    if (diagonal == 0).any():  # an item on its bound is its factor: the limit of ever less residual variance
        theta = theta + np.diag(np.where(diagonal == 0, _LEAST * diagonal.max(), 0.0))
    if np.linalg.eigvalsh(theta)[0] <= 0:
        return np.full(L.T.shape, np.nan)
    weighted = np.linalg.solve(theta, L)
    return np.asarray(np.linalg.solve(L.T @ weighted, weighted.T))


def _key(lhs: str, op: str, rhs: str) -> tuple[str, str, str]:
    if op == "~~":
        lhs, rhs = sorted((lhs, rhs))
    return lhs, op, rhs


def _places(fit: SemFit, whole: dict[tuple[str, str, str], Parameter]) -> dict[int, int]:
    """Return for each free parameter of a part its number in the whole model, both from 0."""
    out: dict[int, int] = {}
    for row in fit.table.parameters:
        other = whole.get(_key(row.lhs, row.op, row.rhs))
        if row.free and other is not None and other.free:
            out[row.free - 1] = other.free - 1
    return out


def _two_step(table: ParameterTable, fits: Sequence[SemFit], structural: SemFit, moments: Moments) -> Array:
    """Covariance of the structural estimates, the measurement's uncertainty included."""
    whole = {_key(r.lhs, r.op, r.rhs): r for r in table.parameters}
    own = _places(structural, whole)
    theta = np.full(table.q, np.nan)
    sigma = np.zeros((table.q, table.q))
    for here, there in own.items():
        theta[there] = structural.theta[here]
    for fit in fits:
        # a block also estimates variances of its factors, which are the second step's to give
        kept = {h: t for h, t in _places(fit, whole).items() if t not in own.values()}
        theirs, ours = np.array(list(kept), dtype=int), np.array(list(kept.values()), dtype=int)
        theta[ours] = fit.theta[theirs]
        sigma[np.ix_(ours, ours)] = fit.vcov[np.ix_(theirs, theirs)]
    two = np.array([own[i] for i in range(structural.table.q)], dtype=int)
    one = np.setdiff1d(np.arange(table.q), two)
    problem = Problem.of((Ram.of(table),), moments, "normal")
    information = problem(theta[None], np.zeros(1, int), "expected").hessian[0] / 2
    inverse = np.linalg.inv(information[np.ix_(two, two)])
    cross = inverse @ information[np.ix_(two, one)]
    return np.asarray(inverse / moments.n + cross @ sigma[np.ix_(one, one)] @ cross.T)
