"""Common method variance: four tests, and what the method would do to the paths."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import special

from satloyal.core.moments import Moments
from satloyal.errors import FitError
from satloyal.models.fit import Check, Fit
from satloyal.models.sem.data import Data
from satloyal.models.sem.fit import fit_sem
from satloyal.models.sem.invariance_rules import difference_test
from satloyal.notes import Note
from satloyal.spec.expression import number_text
from satloyal.spec.source import nearest
from satloyal.spec.syntax import Model, parse
from satloyal.spec.tokens import quote

if TYPE_CHECKING:
    from satloyal.models.sem.result import SemFit
    from satloyal.survey.survey import Survey

__all__ = ["MethodFactor", "MethodVariance", "method_variance"]

Array = NDArray[Any]

_HARMAN, _VIF, _VIF_LATENT = 0.50, 3.3, 5.0
_PODSAKOFF = "Podsakoff, MacKenzie, Lee & Podsakoff 2003, J. Appl. Psychol. 88:879-903"
_KOCK = "Kock 2015, Int. J. e-Collab. 11(4):1-10"
_LINDELL = "Lindell & Whitney 2001, J. Appl. Psychol. 86:114-121"
_PATHS = (
    "term", "test", "est", "se", "statistic", "pvalue", "ci_lower", "ci_upper", "std", "base", "base_pvalue",
    "base_std", "change", "significance",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class MethodFactor:
    """A model with one factor more, which stands for the method and touches every item.

    Parameters
    ----------
    kind : str
        ``"equal"``, the same share of every item's variance; ``"free"``, loadings of their own; or a share
        that is given, as ``"20 % given"``.
    fit : SemFit or None
    share : float
        Mean share of the items' variance that the method takes.
    delta_chisq, delta_df, delta_pvalue : float
        Against the model without it.
    reason : str
        Why there are no numbers, if there are none.
    """

    kind: str
    fit: SemFit | None
    share: float
    delta_chisq: float
    delta_df: int
    delta_pvalue: float
    reason: str = ""

    @property
    def usable(self) -> bool:
        """Whether its paths may be read."""
        return self.fit is not None and not self.reason


@dataclass(frozen=True, eq=False)
class MethodVariance(Fit):
    """Tests of common method variance; made by :func:`satloyal.method_variance`.

    Parameters
    ----------
    fit : SemFit
        The model as it is.
    harman : dict
        ``share`` of variance of the first unrotated component of all items, and the fit of a single-factor
        model: ``chisq, df, cfi, rmsea, srmr``.
    vif : DataFrame
        ``construct, vif`` (mean scores), ``vif_latent``: each regressed on all others.
    marker : DataFrame
        ``first, second, r, r_adjusted, statistic, pvalue, r_adjusted_largest``, one row a pair of
        constructs; empty without a marker.
    marker_correlations : Series
        Of the marker with each construct; empty without a marker.
    factors : tuple of MethodFactor
    """

    family: ClassVar[str] = "method_variance"

    fit: SemFit
    harman: dict[str, float]
    vif: pd.DataFrame
    marker: pd.DataFrame
    marker_correlations: pd.Series
    factors: tuple[MethodFactor, ...]

    @property
    def converged(self) -> bool:
        """Whether the model itself converged."""
        return self.fit.converged

    @property
    def notes(self) -> tuple[Note, ...]:
        """What was done to the data, and what these tests can say."""
        text = "no test of this kind proves that there is no method variance; design does that"
        return (*self.fit.input.notes, Note("method variance", text))

    @cached_property
    def _tidy(self) -> pd.DataFrame:
        rows = []
        base = _paths(self.fit)
        for factor in self.factors:
            if factor.fit is None:
                continue
            table = _paths(factor.fit)
            if not factor.usable:
                table[table.select_dtypes("number").columns] = np.nan
            for (term, row), (_, old) in zip(table.iterrows(), base.iterrows(), strict=True):
                rows.append(
                    (term, f"method factor, {factor.kind}", row["est"], row["se"], row["z"], row["pvalue"],
                     row["ci_lower"], row["ci_upper"], row["std_all"], old["est"], old["pvalue"],
                     old["std_all"], row["std_all"] - old["std_all"], _significance(old, row))
                )  # fmt: skip
        return pd.DataFrame(rows, columns=list(_PATHS))

    def tidy(self) -> pd.DataFrame:
        """Return what each method factor does to each path.

        Returns
        -------
        DataFrame
            ``term`` (the path), ``test``, its estimate with the method factor ``est, se, statistic, pvalue,
            ci_lower, ci_upper, std``, without it ``base, base_pvalue, base_std``, ``change`` of the
            standardised path, and ``significance``: kept, lost or gained at the 5 % level. NaN where the
            model with the method factor cannot be used.
        """
        return self._tidy.copy()

    def glance(self) -> pd.Series:
        """Return the main figure of each test."""
        out = {"harman_share": self.harman["share"], "single_factor_cfi": self.harman["cfi"]}
        out |= {f"{name}_max": float(self.vif[name].max()) for name in ("vif", "vif_latent")}
        known = self.marker_correlations
        out["marker_mean_r"] = float(known.mean()) if len(known) else np.nan
        for factor in self.factors[:2]:
            for name in ("share", "delta_chisq", "delta_df", "delta_pvalue"):
                out[f"{factor.kind}_{name}"] = float(getattr(factor, name))
        return pd.Series(out, dtype=float, name="value")

    @cached_property
    def checks(self) -> tuple[Check, ...]:
        """One check a test."""
        return (self._harman_check(), self._vif_check(), self._marker_check(),
                *(self._factor_check(f) for f in self.factors))  # fmt: skip

    def _harman_check(self) -> Check:
        if len(self.vif) == 1:
            return Check("Harman's single factor", "not_applicable", "the items are those of one construct")
        share = self.harman["share"]
        text = f"the first unrotated component of all items takes {share:.1%} of their variance"
        text += f"; one factor for all items fits with CFI {self.harman['cfi']:.3f}"
        good = share < _HARMAN
        return Check(
            "Harman's single factor", "pass" if good else "warn", text, value=share, threshold=_HARMAN,
            advice="" if good else "one source may run through all answers", source=_PODSAKOFF,
        )  # fmt: skip

    def _vif_check(self) -> Check:
        name = "full collinearity"
        if self.vif["vif"].isna().all():
            return Check(name, "not_applicable", "it takes two constructs with items", source=_KOCK)
        row = self.vif.iloc[int(np.argmax(self.vif["vif"]))]
        good = bool(row["vif"] <= _VIF)
        text = f"the largest variance inflation is {row['vif']:.2f}, of {row['construct']}"
        return Check(
            name, "pass" if good else "warn", text, value=float(row["vif"]), threshold=_VIF,
            advice="" if good else "constructs this close share a method, or are not distinct",
            source=_KOCK,
        )  # fmt: skip

    def _marker_check(self) -> Check:
        name = "marker variable"
        if self.marker.empty:
            return Check(name, "not_applicable", "no marker was named", source=_LINDELL)
        r = float(self.marker_correlations.mean())
        before = _r_pvalue(self.marker["r"].to_numpy(float), self.fit.nobs, 2)
        lost = self.marker[(before < 0.05) & (self.marker["pvalue"] >= 0.05)]
        text = f"the marker correlates {r:.3f} on average with the constructs"
        if not len(lost):
            return Check(name, "pass", f"{text}; no correlation loses significance without it", value=r,
                         source=_LINDELL)  # fmt: skip
        pairs = ", ".join(f"{a} and {b}" for a, b in zip(lost["first"], lost["second"], strict=True))
        text += f"; without it these are no longer significant: {pairs}"
        advice = "do not claim these relations from this survey alone"
        return Check(name, "warn", text, value=r, advice=advice, source=_LINDELL)

    def _factor_check(self, factor: MethodFactor) -> Check:
        name = f"method factor, {factor.kind}"
        if not factor.usable:
            return Check(name, "not_applicable", factor.reason, source=_PODSAKOFF)
        table = self._tidy[self._tidy["test"] == name]
        changed = table[table["significance"] != "kept"]
        text = f"it takes {factor.share:.1%} of the items' variance"
        if factor.delta_df > 0:
            p = "p < .001" if factor.delta_pvalue < 0.001 else f"p = {factor.delta_pvalue:.3f}"
            text += f", Δχ²({factor.delta_df}) = {factor.delta_chisq:.2f}, {p}"
        if len(table):
            changes = table["change"].to_numpy(float)
            at = int(np.argmax(np.abs(changes)))
            text += f"; the standardised path {table['term'].iloc[at]} changes most, by {changes[at]:+.3f}"
        if not len(changed):
            return Check(name, "pass", text, value=factor.share, source=_PODSAKOFF)
        words = ", ".join(f"{t} ({s})" for t, s in zip(changed["term"], changed["significance"], strict=True))
        return Check(name, "warn", f"{text}; significance changes: {words}", value=factor.share,
                     advice="say in the report that these paths depend on it", source=_PODSAKOFF)  # fmt: skip

    def headline(self) -> str:
        """Return the first line: what method variance may have done."""
        if not self.converged:
            return "DID NOT CONVERGE: the model has no paths that a method could change."
        warned = [c for c in self.checks if c.status == "warn"]
        done = sum(c.status != "not_applicable" for c in self.checks)
        if not warned:
            return f"None of {done} tests finds method variance that matters for the paths."
        return f"{len(warned)} of {done} tests point to method variance: {', '.join(c.name for c in warned)}."


def method_variance(
    model: str | Model,
    data: pd.DataFrame | Survey | Moments,
    *,
    marker: str | Sequence[str] | None = None,
    shares: Sequence[float] = (0.1, 0.2, 0.3),
    **options: Any,
) -> MethodVariance:
    r"""Test common method variance four ways, and show what it does to the paths.

    Harman's single factor and full-collinearity VIF say whether everything goes together; a marker variable,
    in theory unrelated to all constructs, measures how much (partial correlations
    :math:`r' = (r - r_m) / (1 - r_m)`, Lindell & Whitney 2001, with :math:`r_m` its mean correlation with
    the constructs, and once more with its largest, neither below zero); an unmeasured latent method factor
    on all items, uncorrelated with the constructs, shows the paths without what items share (Podsakoff et
    al. 2003).

    Parameters
    ----------
    model : str
        Model text with constructs and, for the last test to show anything, paths.
    data : DataFrame, Survey or Moments
        One group.
    marker : str or sequence of str, optional
        Items of the marker variable, none of them in the model.
    shares : sequence of float
        Shares of each item's variance that a method factor is given in turn, between 0 and 1.
    **options
        Passed to :func:`satloyal.fit_sem`.

    Returns
    -------
    MethodVariance
        ``tidy()`` has a row a path and method factor; ``harman``, ``vif``, ``marker`` and ``factors`` the
        rest; ``checks`` a judgement each.

    Raises
    ------
    FitError
        Several groups, a model without constructs measured by two items or more, or a marker that is in the
        model or not in the data.

    Notes
    -----
    The method factor with equal loadings takes the same share φ of every item's variance: its loadings are
    fixed to the items' standard deviations and its variance φ is free. Where items measure their constructs
    about equally well φ cannot be told from the covariances of the constructs, and with free loadings the
    factor is often not identified at all; both is said then. With φ given, at 10, 20 and 30 % (Podsakoff et
    al. 2012, *Annu. Rev. Psychol.* 63:539-569, find 18 to 32 % in surveys), there is always an answer: how
    much method the paths would bear.

    Examples
    --------
    >>> import numpy as np, pandas as pd, satloyal as sl
    >>> rng = np.random.default_rng(2); F = rng.normal(size=(500, 2)); F[:, 1] += 0.5 * F[:, 0]
    >>> items = np.repeat(F, 3, axis=1) + 0.7 * rng.normal(size=(500, 6))
    >>> data = pd.DataFrame(items, columns=["S1", "S2", "S3", "L1", "L2", "L3"])
    >>> model = "S =~ S1 + S2 + S3" + chr(10) + "L =~ L1 + L2 + L3" + chr(10) + "L ~ S"
    >>> found = sl.method_variance(model, data)
    >>> found.vif["vif"].round(1).tolist()
    [1.2, 1.2]
    """
    if options.get("group") is not None or (isinstance(data, Moments) and len(data.groups) > 1):
        raise FitError(
            "method variance is tested in one group", where="method_variance", fix="split the data"
        )
    spec = parse(model) if isinstance(model, str) else model
    fit = fit_sem(spec, data, **options)
    measured = _measured(fit)
    if not measured:
        raise FitError("the model has no construct with two items or more", fix="test scores another way")
    items = list(dict.fromkeys(i for names in measured.values() for i in names))
    if not all(0 < share < 1 for share in shares):
        raise FitError(
            f"shares is {list(shares)}", where="method_variance", fix="give shares between 0 and 1"
        )
    markers = () if marker is None else (marker,) if isinstance(marker, str) else tuple(marker)
    _check_marker(markers, fit, data)
    opened = Data.of(data, group=None, cluster=None, weights=options.get("weights"))
    moments = opened.sample([*items, *markers]).moments
    cov = moments.groups[0].cov
    single = fit_sem(f"METHOD =~ {' + '.join(map(quote, items))}", data, **_without(options))
    harman = _harman(cov[: len(items), : len(items)], single)
    scores, known = _marker(cov, items, markers, measured, moments.n)
    kinds: list[str | float] = ["equal", "free", *shares]
    factors = tuple(_method_factor(kind, fit, spec, items, data, options) for kind in kinds)
    return MethodVariance(fit, harman, _vif(cov, items, measured, fit), scores, known, factors)


def _without(options: dict[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in options.items() if k not in ("defaults", "orthogonal", "std_lv")}


def _measured(fit: SemFit) -> dict[str, tuple[str, ...]]:
    observed = set(fit.table.observed)
    items = {f: tuple(i for i in names if i in observed) for f, names in fit.table.indicators.items()}
    return {f: names for f, names in items.items() if len(names) > 1 and f not in fit.table.composites}


def _check_marker(markers: tuple[str, ...], fit: SemFit, data: Any) -> None:
    for name in markers:
        if name in fit.table.observed:
            fix = "a marker is an item that no construct of the model has to do with"
            raise FitError(f"the marker {name!r} is in the model", where="marker=", fix=fix)
        columns = Data.of(data, group=None, cluster=None, weights=None).columns
        if name not in columns:
            near = nearest(name, columns)
            raise FitError(f"the data have no column {name!r}", where="marker=",
                           fix=f"did you mean '{near}'?" if near else "check its name")  # fmt: skip


def _harman(cov: Array, single: SemFit) -> dict[str, float]:
    sd = np.sqrt(np.diagonal(cov))
    values = np.linalg.eigvalsh(cov / np.outer(sd, sd))
    g = single.glance()
    figures = {name: float(g[name]) for name in ("chisq", "df", "pvalue", "cfi", "rmsea", "srmr")}
    return {"share": float(values[-1] / len(values)), **figures}


def _scores(cov: Array, items: list[str], sets: Sequence[Sequence[str]]) -> Array:
    """Correlations of mean scores of sets of items, (k, k)."""
    W = np.array([[(i in names) / len(names) for i in items] for names in sets])
    C = W @ cov @ W.T
    sd = np.sqrt(np.diagonal(C))
    return np.asarray(C / np.outer(sd, sd))


def _inflation(R: Array) -> Array:
    if len(R) < 2 or not np.isfinite(R).all() or np.linalg.eigvalsh(R)[0] <= 0:
        return np.full(len(R), np.nan)
    return np.diagonal(np.linalg.inv(R)).copy()


def _vif(cov: Array, items: list[str], measured: dict[str, tuple[str, ...]], fit: SemFit) -> pd.DataFrame:
    k = len(items)
    names = list(measured)
    latent = fit.latent_correlations().loc[names, names].to_numpy()
    return pd.DataFrame(
        {
            "construct": names,
            "vif": _inflation(_scores(cov[:k, :k], items, list(measured.values()))),
            "vif_latent": _inflation(latent),
        }
    )


def _marker(
    cov: Array, items: list[str], markers: tuple[str, ...], measured: dict[str, tuple[str, ...]], n: int
) -> tuple[pd.DataFrame, pd.Series]:
    columns = ["first", "second", "r", "r_adjusted", "statistic", "pvalue", "r_adjusted_largest"]
    if not markers:
        return pd.DataFrame(columns=columns), pd.Series(dtype=float)
    names = list(measured)
    R = _scores(cov, [*items, *markers], [*measured.values(), markers])
    known = pd.Series(R[-1, :-1], index=names, name="r")
    i, j = np.triu_indices(len(names), 1)
    r = R[i, j]
    # a marker that goes against the constructs shows no method that they share
    low, high = max(float(known.mean()), 0.0), max(float(known.max()), 0.0)
    adjusted = (r - low) / (1 - low)
    statistic = adjusted / np.sqrt((1 - adjusted**2) / (n - 3))
    table = pd.DataFrame(
        {
            "first": [names[a] for a in i], "second": [names[b] for b in j], "r": r, "r_adjusted": adjusted,
            "statistic": statistic, "pvalue": _r_pvalue(adjusted, n, 3),
            "r_adjusted_largest": (r - high) / (1 - high),
        }
    )  # fmt: skip
    return table, known


def _r_pvalue(r: Array, n: int, used: int) -> Array:
    statistic = np.abs(r) / np.sqrt(np.maximum(1 - r**2, 1e-300) / (n - used))
    return np.asarray(2 * special.stdtr(n - used, -statistic))


def _method_factor(
    wanted: str | float, fit: SemFit, spec: Model, items: list[str], data: Any, options: dict[str, Any]
) -> MethodFactor:
    """Fit the model with a method factor on all items, uncorrelated with everything else."""
    kind = wanted if isinstance(wanted, str) else f"{wanted:.0%} given".replace("%", " %")
    nothing = (float("nan"), float("nan"), 0, float("nan"))
    if not fit.converged:
        return MethodFactor(kind, None, *nothing, "the model itself did not converge")
    name = "METHOD"
    while name in (*fit.table.latent, *fit.table.observed):
        name += "_"
    text = "\n".join([str(spec), *_method_text(name, wanted, fit, items)])
    try:
        found = fit_sem(text, data, **options)
    except FitError as error:
        return MethodFactor(kind, None, *nothing, f"the method factor cannot be estimated: {error.message}")
    if not found.converged:
        return MethodFactor(kind, found, *nothing, "the model with the method factor did not converge")
    if not np.isfinite(found.vcov).all():
        reason = "the model with the method factor is not identified in these data"
        return MethodFactor(kind, found, *nothing, reason)
    old, new = fit.glance(), found.glance()
    factors = [float(g.get("chisq_scaling_factor", 1.0)) for g in (old, new)]
    statistic, df, p, _ = difference_test(
        (float(old["chisq"]), float(new["chisq"])), (fit.df, found.df), (factors[0], factors[1])
    )
    table = found.tidy()
    table = table[table["lhs"] == name]
    share = float((table[table["op"] == "=~"]["std_all"] ** 2).mean())
    if wanted == "equal":
        share = float(table[(table["op"] == "~~") & (table["rhs"] == name)]["est"].iloc[0])
    reason = ""
    if share < 0:
        reason = f"its variance is negative ({share:.3f}): items share nothing beyond their constructs"
    elif not found.admissible:
        bad = "; ".join(c.message for c in found.failed_checks())
        reason = f"the model with the method factor is not admissible: {bad}"
    return MethodFactor(kind, found, share, statistic, df, p, reason)


def _method_text(name: str, wanted: str | float, fit: SemFit, items: list[str]) -> list[str]:
    """Model text of the method factor; loadings in the items' standard deviations, whatever their units."""
    place = fit.sample.names.index
    cov = fit.sample.groups[0].cov
    sd = [float(np.sqrt(cov[place(i), place(i)])) for i in items]
    texts = [(number_text(s), number_text(0.3 * s), quote(i)) for s, i in zip(sd, items, strict=True)]
    if wanted == "free":
        terms = [f"NA*{item} + start({start})*{item}" for _, start, item in texts]
        scale = f"{name} ~~ 1*{name}"
    else:
        terms = [f"{unit}*{item}" for unit, _, item in texts]
        scale = f"{name} ~~ NA*{name} + start(0.1)*{name}"
        if not isinstance(wanted, str):
            scale = f"{name} ~~ {number_text(wanted)}*{name}"
    apart = [f"{name} ~~ 0*{quote(f)}" for f in fit.table.latent_exogenous]
    return [f"{name} =~ {' + '.join(terms)}", scale, *apart]


def _paths(fit: SemFit) -> pd.DataFrame:
    table = fit.tidy()
    table = table[(table["op"] == "~") & (table["free"] > 0)]
    return table.assign(term=table["lhs"] + " ~ " + table["rhs"]).set_index("term")


def _significance(old: pd.Series, new: pd.Series) -> str:
    if not (np.isfinite(old["pvalue"]) and np.isfinite(new["pvalue"])):
        return ""
    before, after = old["pvalue"] < 0.05, new["pvalue"] < 0.05
    if before and after and np.sign(old["est"]) != np.sign(new["est"]):
        return "turned"
    return "kept" if before == after else "gained" if after else "lost"
