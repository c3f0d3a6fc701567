"""The measurement table of a model: reliability, convergent and discriminant validity of its constructs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from satloyal.core import reliability as kernels
from satloyal.core.pattern_resample import PatternResampler
from satloyal.core.resample import Resampler
from satloyal.errors import FitError
from satloyal.models.fit import Check, plain
from satloyal.models.sem.constructs import COEFFICIENTS, Construct, MeasurementModel
from satloyal.models.sem.draws import rows_of_group
from satloyal.models.sem.htmt_interval import Interval, Kind, htmt_interval
from satloyal.models.sem.measurement_table import construct_table, cross_loadings
from satloyal.models.sem.ordinal_bootstrap import OrdinalRows
from satloyal.models.sem.reliability_interval import INTERVALS, reliability_intervals
from satloyal.models.sem.validity import HTMT_LIBERAL, HTMT_STRICT, judge
from satloyal.notes import Note

if TYPE_CHECKING:
    from satloyal.models.sem.bootstrap import Bootstrap
    from satloyal.models.sem.result import SemFit

__all__ = ["Measurement", "measurement"]

Array = NDArray[Any]

_PAIR_COLUMNS = [
    "construct_1", "construct_2", "group", "latent_cor", "htmt", "htmt2", "htmt_lower", "htmt_upper",
    "htmt2_lower", "htmt2_upper", "fornell_larcker", "verdict",
]  # fmt: skip
_ON_RESPONSES = Note(
    "ordinal items",
    "alpha, omega, AVE and HTMT are those of the latent responses behind ordinal items (ordinal alpha: "
    "Zumbo, Gadermann & Zeisser 2007); omega_cat is the reliability of the sum of the answers themselves "
    "(Green & Yang 2009)",
)
_OF_THE_MODEL = tuple(name for name in COEFFICIENTS if name != "alpha")


@dataclass(frozen=True, eq=False, repr=False)
class Measurement:
    """How well the constructs of a model are measured, and whether they are distinct.

    Attributes
    ----------
    reliability : DataFrame
        One row a construct (and group): ``construct, group, n_items, basis, alpha, omega, omega2, omega3,
        omega_cat, cr, maximal, ave, ave_std, loading_min, loading_max``; standard errors and intervals
        ``omega_se, omega_lower, omega_upper`` and so on for omega, omega_cat, cr, maximal and ave;
        ``reason``, why a coefficient has no value. ``basis`` says of what the coefficients are:
        ``observed`` items or ``latent responses`` behind ordinal ones (``both`` where mixed).
    htmt, htmt2 : DataFrame
        Ratios between constructs measured by items: ``htmt`` by arithmetic means (Henseler, Ringle and
        Sarstedt 2015), ``htmt2`` by geometric means (Roemer, Schuberth and Henseler 2021), which is what
        semTools 0.5-6 calls ``htmt``. With several groups the index is (group, construct).
    fornell_larcker : DataFrame
        Root of the AVE on the diagonal, latent correlations below.
    pairs : DataFrame
        One row a pair of constructs: ``construct_1, construct_2, group, latent_cor, htmt, htmt2, htmt_lower,
        htmt_upper, htmt2_lower, htmt2_upper, fornell_larcker, verdict``.
    cross_loadings : DataFrame
        One row an item: ``item, group, construct``, then its implied correlation with every construct.
    checks : tuple of Check
        One judgement a criterion, with the worst value and all offenders.
    notes : tuple of Note
        What was done, and why an interval is missing.
    """

    reliability: pd.DataFrame
    htmt: pd.DataFrame
    htmt2: pd.DataFrame
    fornell_larcker: pd.DataFrame
    pairs: pd.DataFrame
    cross_loadings: pd.DataFrame
    checks: tuple[Check, ...]
    notes: tuple[Note, ...]

    def table(self) -> pd.DataFrame:
        """Return everything as one table, a row a construct (and group).

        Returns
        -------
        DataFrame
            The columns of :attr:`reliability`, and how near the nearest other construct is: see
            :func:`satloyal.models.sem.measurement_table.construct_table`.

        Examples
        --------
        >>> import satloyal as sl
        >>> R = [[1, .64, .64], [.64, 1, .64], [.64, .64, 1]]
        >>> moments = sl.Moments.from_matrix(R, 300, names=["S1", "S2", "S3"], kind="cor")
        >>> table = sl.fit_sem("SAT =~ S1 + S2 + S3", moments).measurement().table()
        >>> table[["construct", "omega", "omega_lower", "omega_upper", "maximal"]].round(2).to_dict("records")
        [{'construct': 'SAT', 'omega': 0.84, 'omega_lower': 0.81, 'omega_upper': 0.87, 'maximal': 0.84}]
        """
        return construct_table(self.reliability, self.pairs, self.cross_loadings)

    def _titled(self) -> tuple[tuple[str, pd.DataFrame], ...]:
        return (
            ("Reliability", self.reliability),
            ("HTMT", self.htmt),
            ("Cross-loadings: implied correlations of items with constructs", self.cross_loadings),
            ("Fornell-Larcker: root AVE and latent correlations", self.fornell_larcker),
        )

    def summary(self) -> str:
        """Return everything as text."""
        parts = [
            f"{title}\n" + table.to_string(float_format=lambda v: f"{v:.3f}", na_rep="")
            for title, table in self._titled()
        ]
        parts.append("Checks\n" + "\n".join(f"[{c.status}] {c.name}: {c.message}" for c in self.checks))
        if self.notes:
            parts.append("Notes\n" + "\n".join(f"- {note}" for note in self.notes))
        return "\n\n".join(parts)

    __str__ = __repr__ = summary

    def _repr_html_(self) -> str:
        return "".join(
            f"<h4>{title}</h4>" + table.to_html(float_format=lambda v: f"{v:.3f}", na_rep="")
            for title, table in self._titled()
        )

    def to_dict(self) -> dict[str, Any]:
        """Return everything as JSON values; undefined numbers are ``None``."""
        return {
            "reliability": plain(self.reliability),
            "pairs": plain(self.pairs),
            "cross_loadings": plain(self.cross_loadings),
            "fornell_larcker": plain(self.fornell_larcker.reset_index()),
            "checks": [plain({n: getattr(c, n) for n in Check.__dataclass_fields__}) for c in self.checks],
            "notes": [str(note) for note in self.notes],
        }


@dataclass(frozen=True, eq=False)
class _Group:
    """What one group contributes."""

    label: Any
    model: MeasurementModel
    reliability: pd.DataFrame
    htmt: pd.DataFrame
    htmt2: pd.DataFrame
    fornell_larcker: pd.DataFrame
    pairs: pd.DataFrame
    cross_loadings: pd.DataFrame
    notes: tuple[Note, ...]


def measurement(
    fit: SemFit,
    replicates: int = 0,
    seed: int | None = None,
    *,
    level: float = 0.95,
    refit: bool = False,
    boot: Bootstrap | None = None,
) -> Measurement:
    """Judge the measurement of a model's constructs.

    Parameters
    ----------
    fit : SemFit
        The fitted model.
    replicates : int
        Bootstrap replicates for the percentile intervals of HTMT and HTMT2; 0 for none. Needs a fit to rows
        of data.
    seed : int, optional
        Seed of the bootstrap.
    level : float
        Confidence level of the intervals, between 0 and 1.
    refit : bool
        Refit the model to as many resamples too, for BCa intervals of omega, cr, maximal and ave; without it
        these come from the delta method.
    boot : Bootstrap, optional
        A bootstrap of this fit to take those intervals from.

    Returns
    -------
    Measurement
        Tables, checks and notes. Formulas stand in :mod:`satloyal.core.reliability`: omega is Raykov's,
        omega2 Bentler's and omega3 McDonald's as in semTools; cr is Jöreskog's composite reliability; maximal
        is Hancock and Mueller's H; ave is in the metric of the items and ave_std the mean squared
        standardised loading. Of ordinal items all of these are of the latent responses (polychoric
        correlations; ordinal alpha of Zumbo, Gadermann and Zeisser 2007), and omega_cat is Green and Yang's
        reliability of the sum of the answers themselves (:mod:`satloyal.core.sum_scores`).

    Raises
    ------
    FitError
        For a level outside (0, 1), a negative number of replicates, ``refit`` without replicates, or a
        bootstrap of another fit.

    Examples
    --------
    >>> import numpy as np, satloyal as sl
    >>> L = np.kron(np.eye(2), np.full((3, 1), .8)); phi = np.array([[1, .5], [.5, 1]])
    >>> R = L @ phi @ L.T; np.fill_diagonal(R, 1)
    >>> names = ["S1", "S2", "S3", "L1", "L2", "L3"]
    >>> moments = sl.Moments.from_matrix(R, 300, names=names, kind="cor")
    >>> fit = sl.fit_sem("SAT =~ S1 + S2 + S3" + chr(10) + "LOY =~ L1 + L2 + L3", moments)
    >>> found = measurement(fit)
    >>> found.reliability[["construct", "alpha", "ave"]].round(3).to_dict("list")
    {'construct': ['SAT', 'LOY'], 'alpha': [0.842, 0.842], 'ave': [0.64, 0.64]}
    >>> round(float(found.htmt.loc["SAT", "LOY"]), 3)
    0.5
    """
    if not 0 < level < 1:
        raise FitError(f"level is {level}", fix="give a confidence level between 0 and 1, such as 0.95")
    if replicates < 0:
        raise FitError(f"replicates is {replicates}", fix="give 0 or a positive number")
    boot = _refitted(fit, replicates, seed, level) if refit else boot
    if boot is not None and boot.fit is not fit:
        raise FitError("the bootstrap is of another fit", where="measurement", fix="bootstrap this fit")
    groups = [_group(fit, g, replicates, seed, level, boot) for g in range(fit.ngroups)]
    several = fit.ngroups > 1
    notes = tuple(dict.fromkeys(note for group in groups for note in group.notes))
    if fit.converged and groups[0].model.constructs:
        notes = (*notes, _interval_note(level, boot))
    if fit.input.ordinal is not None:
        notes = (_ON_RESPONSES, *notes)
    tables = {
        name: pd.concat([getattr(g, name) for g in groups], ignore_index=True)
        for name in ("reliability", "pairs", "cross_loadings")
    }
    matrices = {name: _stack(groups, name, several) for name in ("htmt", "htmt2", "fornell_larcker")}
    checks = judge(tables["reliability"], tables["pairs"], {g.label: g.model for g in groups}, fit.converged)
    return Measurement(**tables, **matrices, checks=checks, notes=notes)


def _refitted(fit: SemFit, replicates: int, seed: int | None, level: float) -> Bootstrap:
    if not replicates:
        raise FitError("refit asks for a bootstrap, and replicates is 0", where="measurement",
                       fix="give replicates, as 1000")  # fmt: skip
    return fit.bootstrap(replicates, seed, level=level)


def _interval_note(level: float, boot: Bootstrap | None) -> Note:
    step = "reliability interval"
    if boot is None:
        return Note(step, f"delta method on the logistic scale, level {level:g}")
    how = "BCa" if boot.kind == "nonparametric" else "bias-corrected parametric"
    return Note(
        step, f"{how} of {boot.replicates:,} refitted resamples, level {boot.level:g}", boot.replicates
    )


def _stack(groups: Sequence[_Group], name: str, several: bool) -> pd.DataFrame:
    if not several:
        table: pd.DataFrame = getattr(groups[0], name)
        return table
    stacked: pd.DataFrame = pd.concat(
        {g.label: getattr(g, name) for g in groups}, names=["group", "construct"]
    )
    return stacked


def _group(
    fit: SemFit, position: int, replicates: int, seed: int | None, level: float, boot: Bootstrap | None
) -> _Group:
    label = fit.group_labels[position] if fit.ngroups > 1 else 1
    model = MeasurementModel.of(fit, position, np.asarray(fit.theta, dtype=float))
    table = _reliability_table(model, label, fit.converged)
    table = _with_intervals(table, reliability_intervals(fit, position, level, boot))
    measured = tuple(c for c in model.constructs if c.items)
    ratios: dict[Kind, Array] = {
        "htmt": _ratios(model, measured, "htmt"),
        "htmt2": _ratios(model, measured, "htmt2"),
    }
    correlations = model.latent_correlations()[0]
    if not fit.converged:
        correlations = np.full_like(correlations, np.nan)
    larcker = kernels.fornell_larcker(table["ave"].to_numpy(dtype=float), correlations)
    # Each group draws from a stream of its own.
    stream = None if seed is None else int(np.random.SeedSequence((seed, position)).generate_state(1)[0])
    intervals, notes = htmt_interval(_rows(fit, position), measured, replicates, stream, level)
    pairs = _pair_table(model.constructs, label, correlations, np.diagonal(larcker), ratios, intervals)
    names, own = [c.name for c in model.constructs], [c.name for c in measured]
    return _Group(
        label,
        model,
        table,
        pd.DataFrame(ratios["htmt"], index=own, columns=own),
        pd.DataFrame(ratios["htmt2"], index=own, columns=own),
        pd.DataFrame(larcker, index=names, columns=names),
        pairs,
        cross_loadings(model, label, fit.converged),
        notes,
    )


def _rows(fit: SemFit, position: int) -> Resampler | None:
    """Return the rows of one group, with their weights and clusters; None for a fit to moments."""
    if fit.input.rows is None:
        return None
    values, weights, within = rows_of_group(fit, position)
    if fit.input.incomplete is not None:
        return PatternResampler(values, weights, within, fit.input.incomplete.patterns[position])
    if fit.input.ordinal is not None:
        return OrdinalRows(values, None, within, fit.input.ordinal.groups[position])
    return Resampler(values, weights, within)


def _reliability_table(model: MeasurementModel, label: Any, converged: bool) -> pd.DataFrame:
    rows = []
    for construct in model.constructs:
        values = {name: float(value[0]) for name, value in model.coefficients(construct).items()}
        loadings = model.loadings(construct)[0]
        ends = {"loading_min": float(loadings.min()), "loading_max": float(loadings.max())}
        why = model.undefined(construct)
        if not converged:
            values |= dict.fromkeys(_OF_THE_MODEL, np.nan)
            ends = dict.fromkeys(ends, np.nan)
            why |= dict.fromkeys(_OF_THE_MODEL, "the model did not converge")
        head = {"construct": construct.name, "group": label, "n_items": len(construct.indicators),
                "basis": model.basis(construct)}  # fmt: skip
        rows.append({**head, **values, **ends, "reason": _reasons(why)})
    columns = [
        "construct",
        "group",
        "n_items",
        "basis",
        *COEFFICIENTS,
        "loading_min",
        "loading_max",
        "reason",
    ]
    return pd.DataFrame(rows, columns=columns)


def _with_intervals(table: pd.DataFrame, intervals: Sequence[Mapping[str, float]]) -> pd.DataFrame:
    columns = [f"{name}_{part}" for name in INTERVALS for part in ("se", "lower", "upper")]
    found = pd.DataFrame(list(intervals), columns=columns, index=table.index)
    joined: pd.DataFrame = pd.concat(
        [table.drop(columns="reason"), found.astype(float), table[["reason"]]], axis=1
    )
    return joined


def _reasons(why: dict[str, str]) -> str:
    """Collect coefficients that share a reason: ``alpha, omega3: measured by latent variables …``."""
    grouped: dict[str, list[str]] = {}
    for name, reason in why.items():
        grouped.setdefault(reason, []).append(name)
    return "; ".join(
        f"{'all' if len(names) == len(COEFFICIENTS) else ', '.join(names)}: {reason}"
        for reason, names in grouped.items()
    )


def _ratios(model: MeasurementModel, measured: Sequence[Construct], kind: Kind) -> Array:
    """HTMT of the constructs that items measure, (c, c); NaN where two of them share an item."""
    if not measured:
        return np.empty((0, 0))
    ratios = kernels.htmt(model.sample, [c.items for c in measured], kind=kind)
    shared = [[c is not d and bool({*c.items} & {*d.items}) for d in measured] for c in measured]
    return np.where(shared, np.nan, ratios)


def _pair_table(
    constructs: Sequence[Construct],
    label: Any,
    correlations: Array,
    roots: Array,
    ratios: Mapping[Kind, Array],
    intervals: Mapping[Kind, Interval],
) -> pd.DataFrame:
    """One row a pair of constructs; `ratios` are of those that items measure, the other arrays of all."""
    at = {c.name: i for i, c in enumerate(c for c in constructs if c.items)}
    rows = []
    for (i, c), (j, d) in combinations(enumerate(constructs), 2):
        if c.name in d.indicators or d.name in c.indicators:
            continue  # a second-order factor is meant to go with its parts
        pair, known = (c.name, d.name), c.name in at and d.name in at
        ratio = {kind: float(r[at[c.name], at[d.name]]) if known else np.nan for kind, r in ratios.items()}
        limits = [x for kind in ratios for x in intervals[kind].get(pair, (np.nan, np.nan))]
        cor, root = float(correlations[i, j]), float(min(roots[i], roots[j]))
        undefined = np.isnan([cor, roots[i], roots[j]]).any()
        holds = pd.NA if undefined else root > abs(cor)
        rows.append(
            (*pair, label, cor, *ratio.values(), *limits, holds, _verdict(ratio["htmt"], limits[1], c, d))
        )
    table = pd.DataFrame(rows, columns=_PAIR_COLUMNS)
    return table.astype({"fornell_larcker": "boolean"})


def _verdict(htmt: float, upper: float, c: Construct, d: Construct) -> str:
    """Say whether two constructs are distinct; an interval that reaches .90 leaves it open."""
    for construct in (c, d):
        if construct.single:
            return f"not testable: {construct.name} has one indicator"
        if construct.second_order:
            return f"not testable by HTMT: {construct.name} is measured by latent variables"
    if {*c.items} & {*d.items}:
        return "not testable by HTMT: the constructs share an item"
    if np.isnan(htmt):
        return "not testable: a mean correlation within a construct is not defined"
    if htmt >= HTMT_LIBERAL:
        return "not distinct"
    if upper >= HTMT_LIBERAL:
        return "inconclusive: the interval of HTMT reaches .90"
    return "distinct" if htmt < HTMT_STRICT else "hardly distinct"
