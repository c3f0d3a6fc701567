"""Local structural-after-measurement estimation: measure first, then relate what was measured.

Misfit of one measurement block cannot spread into the paths, and small samples converge more often
(Rosseel & Loh 2022, *Psychol. Methods*, doi:10.1037/met0000503).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from satloyal.core.moments import GroupMoments, Moments
from satloyal.core.rows import CompleteRows
from satloyal.errors import FitError
from satloyal.models.fit import Check, Fit
from satloyal.models.sem.bounds import BoundsOption
from satloyal.models.sem.data import Data, Sample
from satloyal.models.sem.fit import fit_sem
from satloyal.models.sem.result import SemFit
from satloyal.models.sem.sam_blocks import Block, split, structural_rows
from satloyal.models.sem.sam_influence import LatentMoments, latent_moments, sandwich
from satloyal.models.sem.sam_products import Pairs, product_pairs, with_covariances
from satloyal.models.sem.sam_steps import key, mapped, two_step
from satloyal.models.sem.sam_structural import StructuralFit
from satloyal.notes import Note
from satloyal.spec.syntax import Model, parse
from satloyal.spec.table import build_table
from satloyal.spec.text import table_text

if TYPE_CHECKING:
    from satloyal.spec.table import ParameterTable
    from satloyal.survey.survey import Survey

__all__ = ["Sam", "StructuralFit", "fit_sam"]

Array = NDArray[Any]

_SOURCE = "Rosseel & Loh 2022, Psychol. Methods, doi:10.1037/met0000503"
_EQUAL = ("loadings", "regressions", "lv.variances", "lv.covariances")
_WEAK = 0.6  # reliability of a factor below which the second step leans on little


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
        numbers = {key(r.lhs, r.op, r.rhs, r.group): r.free for r in self.table.parameters}
        rows = table[["lhs", "op", "rhs", "group"]].itertuples(index=False)
        return [numbers.get(key(a, b, c, g), 0) for a, b, c, g in rows]

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
        names = table["lhs"] + " " + table["op"] + " " + table["rhs"]
        if self.table.groups > 1:
            names = names + np.where(table["group"] > 0, " [" + table["group"].astype(str) + "]", "")
        return pd.Index(names.str.strip(), name="term")

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
    missing: str = "listwise",
    group: str | None = None,
    group_equal: str | Sequence[str] = (),
    cluster: str | None = None,
    weights: str | Sequence[float] | pd.Series | Array | None = None,
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
        ``A:B`` on the right of ``~`` is the product of two of them, ``A:A`` the square of one.
    data : DataFrame, Survey or Moments
        Rows, for products, weights and clusters.
    blocks : sequence of sequences of str, optional
        Constructs to measure together. When not given, each by itself; those that share an item, a label or
        a residual covariance go together anyway.
    bounds : str or mapping, optional
        Of the measurement, as for :func:`satloyal.fit_sem`; ``"standard"`` keeps residual variances from
        becoming negative, as lavaan's ``sam()`` does.
    missing : {"listwise", "fiml"}
        Complete rows, or all of them: blocks by full-information maximum likelihood, mapped from the
        saturated moments of all items, with the observed information. For paths among constructs.
    group : str, optional
        Column of groups: measured and related in each.
    group_equal : sequence of str
        ``"loadings"``, of the measurement; ``"regressions"``, ``"lv.variances"`` and ``"lv.covariances"``,
        of the structural part.
    cluster : str, optional
        Column of clusters, which rows share what the model does not say.
    weights : str or array_like, optional
        Sampling weights. A Survey's own are used unasked. What is held equal over groups in the structural
        part counts each group by its respondents.

    Returns
    -------
    Sam
        Where the latent moments are not positive definite there is no structural part, and the result says
        so.

    Raises
    ------
    FitError
        Factors of factors, composites, means, paths to or from items, a label that stands in both
        steps, or a block that is not identified by itself; with ``missing="fiml"`` observed variables in
        the structural part, products, weights and clusters; products of moments, of three, of items, in
        loops, and without their factors beside them, for then their effect would depend on where these are
        zero.

    Notes
    -----
    An item whose residual variance is at its bound of zero is its factor: M then takes the limit of ever less
    residual variance. (lavaan 0.6 puts 1 in its place, so that results depend on the units of the item.)

    Products of constructs are products of the mapped items :math:`x = M(y - \bar y)`, whose moments hold what
    their errors add. With Ψ = MΘMᵀ the part of the constructs alone is the mean of
    :math:`x_a x_b - \Psi_{ab}`, of :math:`x_a x_b x_c - \sum_3 x_a \Psi_{bc}` and of
    :math:`x_a x_b x_c x_d - \sum_6 x_a x_b \Psi_{cd} + \sum_3 \Psi_{ab} \Psi_{cd}` (Wall & Amemiya 2000,
    *J. Am. Stat. Assoc.* 95:929-940; Rosseel, Burghgraeve, Loh & Schermelleh-Engel 2025, *Behav. Res.
    Methods* 57). Constructs may have any distribution; measurement errors are taken as normal. Each equation
    is least squares at these moments. Errors, with products, weights or clusters, are those of each row's
    influence on both steps.

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
    >>> curved = sl.fit_sam(model + " + S:S", data)
    >>> curved.params[["L ~ S", "L ~ S:S"]].round(1).abs().tolist()
    [0.5, 0.0]
    """
    spec = parse(model) if isinstance(model, str) else model
    given = Data.of(data, group=group, cluster=cluster, weights=weights)
    kinds = (group_equal,) if isinstance(group_equal, str) else tuple(group_equal)
    _check_equal(kinds)
    incomplete = _is_incomplete(missing)
    single = build_table(spec)
    pairs = product_pairs(single, given.columns)
    single.check_names((*given.columns, *pairs))
    untested = _untested(given, pairs, incomplete=incomplete)
    parts = split(single, blocks)
    single = build_table(with_covariances(single, pairs), fixed_x=not pairs)
    table = build_table(
        str(single.model), groups=given.group_count(), group_equal=kinds, meanstructure=incomplete,
        fixed_x=not pairs,
    )  # fmt: skip
    names = [name for name in table.observed if name not in pairs]
    if incomplete:
        _check_observed(single)
    sample = given.incomplete_sample(names, ()) if incomplete else given.sample(names)
    source, options = _source(given, sample, by_rows=bool(untested))
    options["group_equal"] = [k for k in kinds if k == "loadings"]
    means = incomplete or given.clustered  # where fit_sem has them anyway
    fits = tuple(_measure(block, source, bounds, means=means, options=options) for block in parts)
    notes = tuple(sample.notes)
    bad = [", ".join(f.table.latent) for f in fits if not f.converged or not np.isfinite(f.vcov).all()]
    if bad:
        empty = Moments((), (GroupMoments("", sample.moments.n, np.zeros((0, 0))),))
        reason = f"the measurement of {'; '.join(bad)} did not converge or has no standard errors"
        return Sam(table, fits, empty, None, pd.Series(dtype=float), reason, notes)
    found = mapped(table, fits, sample.moments)
    latent, reliability, reason = found.moments, found.reliability, found.reason
    rows: tuple[LatentMoments, ...] = ()
    if untested and not reason:
        latent, rows, reason = latent_moments(fits, latent.names, pairs, sample)
    if reason:
        return Sam(table, fits, latent, None, reliability, reason, notes)
    first = fit_sem(
        table_text(structural_rows(single), 1), latent, defaults="none", meanstructure=False,
        fixed_x=not pairs, group_equal=[k for k in kinds if k != "loadings"],
    )  # fmt: skip
    own = {f.name: getattr(first, f.name) for f in fields(SemFit)}
    structural = StructuralFit(**own, products=tuple(pairs), untested=untested)
    if first.converged:
        vcov = sandwich(rows, first, sample) if untested else two_step(table, fits, first, sample)
        structural = replace(structural, vcov=vcov, vcov_kind="robust" if untested else first.vcov_kind)
    return Sam(table, fits, latent, structural, reliability, "", notes)


def _count(blocks: Sequence[SemFit]) -> str:
    return f"{len(blocks)} block{'' if len(blocks) == 1 else 's'}"


def _is_incomplete(missing: str) -> bool:
    if missing not in ("listwise", "fiml", "ml"):
        raise FitError(f"missing is {missing!r}", where="fit_sam", fix="use 'listwise' or 'fiml'")
    return missing != "listwise"


def _untested(given: Data, pairs: Pairs, *, incomplete: bool) -> str:
    """Say why χ² of the structural part would mean nothing, which is also where errors are robust."""
    what = [
        *(("products of constructs",) if pairs else ()),
        *(("sampling weights",) if given.weights is not None else ()),
        *(("clusters",) if given.clustered else ()),
    ]
    if not what:
        return ""
    if incomplete:
        raise FitError(f"{what[0]} need complete rows here", where="missing=",
                       fix="leave missing= out, or use fit_sem")  # fmt: skip
    if given.frame is None:
        raise FitError(f"{what[0]} need rows, and the data are moments", where="fit_sam", fix="give the rows")
    return f"the χ² of the structural part does not hold with {' and '.join(what)}"


def _source(given: Data, sample: Sample, *, by_rows: bool) -> tuple[pd.DataFrame | Moments, dict[str, Any]]:
    """Return what the blocks are fitted to: moments, all rows, or the same complete rows for each of them."""
    if given.frame is not None and sample.incomplete is not None:
        return given.frame, {"missing": "fiml", "group": given.group}
    if not by_rows:
        return sample.moments, {}
    assert given.frame is not None  # noqa: S101 - moments were refused
    assert isinstance(sample.rows, CompleteRows)  # noqa: S101 - incomplete ones were refused
    options: dict[str, Any] = {"group": given.group, "cluster": given.cluster, "weights": sample.rows.weights}
    return given.frame.loc[sample.rows.kept], options


def _check_equal(kinds: Sequence[str]) -> None:
    for name in kinds:
        if name not in _EQUAL:
            raise FitError(
                f"{name!r} cannot be held equal over groups here", where="group_equal=",
                fix=f"choose among {', '.join(_EQUAL)}, or use fit_sem",
            )  # fmt: skip


def _check_observed(table: ParameterTable) -> None:
    items = {i for names in table.indicators.values() for i in names}
    other = [v for v in table.observed if v not in items]
    if other:
        raise FitError(
            f"{other[0]} is observed, and only constructs are related from incomplete rows", where="fit_sam",
            fix=f"measure it as a construct of one item (NAME =~ {other[0]}), or use fit_sem",
        )  # fmt: skip


def _measure(
    block: Block, data: pd.DataFrame | Moments, bounds: BoundsOption, *, means: bool, options: dict[str, Any]
) -> SemFit:
    items = "".join(f"\n{name} ~ 1" for name in block.items) if means else ""
    try:
        return fit_sem(
            block.text + items, data, defaults="none", meanstructure=means, bounds=bounds, **options
        )
    except FitError as error:
        raise FitError(
            f"{', '.join(block.latent)} cannot be measured alone: {error.message}", where="fit_sam",
            fix="name constructs to measure together in blocks=",
        ) from error  # fmt: skip
