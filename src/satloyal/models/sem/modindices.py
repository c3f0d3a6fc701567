"""Score tests without refitting: modification indices, and what equal parameters would gain by parting."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import linalg, special

from satloyal.errors import FitError
from satloyal.models.sem.standardize import total_variance
from satloyal.models.sem.tangent import Cells, Tangent, tangents
from satloyal.spec.parameter import Parameter

if TYPE_CHECKING:
    from satloyal.models.sem.implied import Ram
    from satloyal.models.sem.result import SemFit

__all__ = ["ScoreTests", "modindices", "score_tests"]

Array = NDArray[Any]

_IDENTIFIED = 1e-6  # share of a parameter's own information that must survive the free parameters
_MOVES = ("=~", "~", "~~", "~1")
_WEIGHTED_RIGHT = ("GLS", "WLS")  # least squares whose objective is a χ²


def modindices(
    fit: SemFit,
    *,
    minimum: float = 0.0,
    sort: bool = True,
    op: str | None = None,
    power: bool = False,
    delta: float = 0.1,
    alpha: float = 0.05,
    high_power: float = 0.75,
) -> pd.DataFrame:
    """Return what each fixed parameter would gain, were it free.

    Parameters
    ----------
    minimum : float
        Leave out indices below this.
    sort : bool
        Largest first; otherwise group by group, in the order of the table.
    op : {"=~", "~", "~~", "~1"}, optional
        Only parameters of this kind.
    power : bool
        Add the noncentrality, power and decision for a change of `delta`.
    delta, alpha, high_power : float
        The smallest change that matters (in the units of the parameter), the level, and the power above which
        an index that is not significant clears the parameter.

    Returns
    -------
    DataFrame
        ``lhs, op, rhs, group, mi, epc, sepc_lv, sepc_all, sepc_nox, pvalue``: the index (χ² with one degree
        of freedom), the expected change, and that change with latent variables standardised, with all, and
        with all but covariates. With `power` also ``ncp, power, decision``. Parameters that would not be
        identified are left out. Listed are fixed parameters of the text; every loading of an indicator on a
        factor; residual covariances; covariances of latent variables; and, among variables that stand in
        regressions, every regression. Covariates that are taken as given are not explained: use
        ``fixed_x=False`` to ask for that.

    Raises
    ------
    FitError
        The fit did not converge, or its discrepancy is no χ² (ULS, DWLS).

    Notes
    -----
    With s the score and I the expected information of parameter c and the free ones θ,
    MI = s²/V and EPC = s/V, V = I_cc − I_cθ I_θθ⁻¹ I_θc (Sörbom 1989, *Psychometrika* 54:371-384; Saris,
    Satorra & Sörbom 1987, *Sociological Methodology* 17:105-129; Chou & Bentler 1993). The decisions are
    those of Saris, Satorra & van der Veld 2009, *Structural Equation Modeling* 16:561-582. The largest of
    many indices is large by chance too: let theory decide which to free, and other data whether it holds.

    Examples
    --------
    >>> import satloyal as sl
    >>> survey = sl.load_sample("simulated_retail")
    >>> fit = sl.fit_sem("Satisfaction =~ SAT1 + SAT2 + SAT3; Trust =~ TRU1 + TRU2 + TRU3", survey)
    >>> fit.modindices(op="=~")[["lhs", "op", "rhs"]].shape
    (6, 3)
    """
    _check(fit, "modification indices")
    if op is not None and op not in _MOVES:
        raise FitError(f"op is {op!r}", where="modindices", fix=f"use one of {', '.join(_MOVES)}")
    for name, value in (("alpha", alpha), ("high_power", high_power)):
        if not 0 < value < 1:
            raise FitError(f"{name} is {value!r}", where="modindices", fix="give a share between 0 and 1")
    if not delta > 0:
        raise FitError(f"delta is {delta!r}", where="modindices", fix="give a change above 0")
    frames = []
    for number, (tangent, candidates) in enumerate(zip(tangents(fit), _candidates(fit), strict=True)):
        kept = [row for row in candidates if op is None or row.op == op]
        mi, epc = _index(fit, tangent, Cells.of(tangent.ram, kept))
        frame = pd.DataFrame([(r.lhs, r.op, r.rhs) for r in kept], columns=["lhs", "op", "rhs"])
        frame["group"], frame["mi"], frame["epc"] = number + 1, mi, epc
        for name, factor in _scales(fit, number, kept).items():
            frame[name] = epc * factor
        frames.append(frame[np.isfinite(mi)])
    table = pd.concat(frames, ignore_index=True)
    table["pvalue"] = special.chdtrc(1, table["mi"])
    if power:
        table = _with_power(table, delta, alpha, high_power)
    table = table[table["mi"] >= minimum]
    if sort:
        table = table.sort_values("mi", ascending=False, kind="stable")
    return table.reset_index(drop=True)


@dataclass(frozen=True, eq=False)
class ScoreTests:
    """What releasing equal parameters would gain.

    Parameters
    ----------
    table : DataFrame
        One row a parameter that shares its value: ``lhs, op, rhs, group, label, equal_to, chisq, df, pvalue,
        epc``: the test of giving this one a value of its own, and the change expected in it.
    chisq, df, pvalue : float
        Of releasing all at once; df is the rank of their information.
    note : str
        What limits that test, or why there is none; empty otherwise.
    """

    table: pd.DataFrame
    chisq: float
    df: int
    pvalue: float
    note: str = ""

    def tidy(self) -> pd.DataFrame:
        """Return the table of the single tests."""
        return self.table.copy()

    def __str__(self) -> str:
        if not self.df:
            return self.note
        test = f"Releasing all equalities: χ²({self.df}) = {self.chisq:.2f}, p = {self.pvalue:.4f}"
        return f"{test} ({self.note})" if self.note else test


def score_tests(fit: SemFit) -> ScoreTests:
    """Test what releasing each equality by labels or groups would gain.

    Returns
    -------
    ScoreTests
        ``table``: one row a parameter, the test of giving it a value of its own while the others stay equal
        (of two equal parameters, the second), or a constraint ``==`` of the text, the test of leaving it
        out; and the test of releasing all at once. Its degrees of freedom
        are the rank of the information: equalities that also identify the model do not all count.

    Raises
    ------
    FitError
        The fit did not converge, or its discrepancy is no χ².

    Notes
    -----
    Score (Lagrange multiplier) tests: Rao 1948; Bentler & Chou 1992, *Sociological Methods & Research*
    21:259-282.

    Examples
    --------
    >>> import satloyal as sl
    >>> survey = sl.load_sample("simulated_retail")
    >>> fit = sl.fit_sem("Satisfaction =~ SAT1 + a*SAT2 + a*SAT3", survey)
    >>> fit.score_tests().table[["lhs", "op", "rhs", "equal_to"]].values.tolist()
    [['Satisfaction', '=~', 'SAT3', 'Satisfaction =~ SAT2']]
    """
    _check(fit, "score tests")
    shared = _shared(fit)
    written = _written(fit)
    columns = ["lhs", "op", "rhs", "group", "label", "equal_to", "chisq", "df", "pvalue", "epc"]
    if not shared and not written:
        empty = pd.DataFrame(columns=columns)
        return ScoreTests(empty, np.nan, 0, np.nan, "no parameters of this model are held equal")
    members = [row for rows in shared for row in rows]
    gradient, own, cross, between = _entries(fit, tangents(fit), members)
    half, C = fit.effective_n / 2, _inverse(fit)
    score = -half * gradient
    V = np.diagonal(half * between - half**2 * cross @ C @ cross.T)
    V = np.where(_IDENTIFIED * half * own < V, V, np.nan)
    chisq = score**2 / V
    out, later, position = [], [], 0
    for rows in shared:
        for place, row in enumerate(rows):
            if place:
                later.append(position)
            if place or len(rows) > 2:
                others = ", ".join(_name(fit, r) for r in rows if r is not row)
                out.append(
                    (row.lhs, row.op, row.rhs, row.group, row.label, others, chisq[position], 1,
                     special.chdtrc(1, chisq[position]), score[position] / V[position])
                )  # fmt: skip
            position += 1
    for row, value in written:
        out.append((row.lhs, row.op, row.rhs, 0, "", "", value, 1, special.chdtrc(1, value), np.nan))
    # all at once: the later ones of each label get values of their own, and θ leaves its constraints
    whole = np.block(
        [
            [half * between[np.ix_(later, later)], half * cross[later]],
            [half * cross[later].T, half * fit.hessian],
        ]
    )
    total, rank = _joint(np.r_[score[later], _slope(fit)], whole)
    df, wanted = rank - fit.npar, len(later) + len(written)
    note = ""
    if df < wanted:
        note = (
            f"only {df} of the {wanted} equalities can be released together: without them the model "
            "would not be identified"
        )
    return ScoreTests(pd.DataFrame(out, columns=columns), total, df, float(special.chdtrc(df, total)), note)


def _slope(fit: SemFit) -> Array:
    """Score of θ, nil unless constraints hold it back."""
    if fit.boundary is None:
        return np.zeros(fit.table.q)
    gradient = fit.problem(fit.theta[None], np.zeros(1, int), "expected").gradient[0]
    return np.asarray(-fit.effective_n / 2 * gradient)


def _written(fit: SemFit) -> list[tuple[Parameter, float]]:
    """Equality constraints of the text, each with the χ² of releasing it alone.

    With K the directions that the other active restrictions leave, χ² = sᵀK (KᵀIK)⁻¹ Kᵀs.
    """
    held = fit.boundary
    if held is None or fit.restrictions is None:
        return []
    bounds = np.eye(fit.table.q)[(held.lower != 0) | (held.upper != 0)]
    rows = fit.restrictions.equalities
    extra = {id(r) for r in fit.restrictions.redundant}
    information, score = fit.effective_n / 2 * fit.hessian, _slope(fit)
    out = []
    for i, row in enumerate(rows):
        if id(row) in extra:
            continue
        others = held.active.copy()
        others[i] = False
        H = np.concatenate([held.jacobian[others], bounds])
        K = linalg.null_space(H) if len(H) else np.eye(fit.table.q)
        reduced = K.T @ information @ K
        value, rank = _joint(K.T @ score, reduced)
        out.append((row, value if rank == len(reduced) else np.nan))
    return out


def _joint(score: Array, information: Array) -> tuple[float, int]:
    """Score statistic of several parameters and its degrees of freedom, the rank of their information."""
    diagonal = np.diagonal(information)
    scale = 1 / np.sqrt(np.where(diagonal > 0, diagonal, 1.0))
    values, vectors = np.linalg.eigh(information * np.outer(scale, scale))
    good = values > _IDENTIFIED * max(values[-1], 1e-300)
    along = vectors[:, good].T @ (score * scale)
    return float((along**2 / values[good]).sum()), int(good.sum())


def _check(fit: SemFit, what: str) -> None:
    if not fit.converged:
        raise FitError(f"the fit did not converge, so that there are no {what}", fix="see its headline")
    if not np.isfinite(_inverse(fit)).all():
        raise FitError(
            f"the information is singular, so that there are no {what}", fix="see the check 'identification'"
        )
    if not fit.estimator.startswith("ML") and fit.estimator not in _WEIGHTED_RIGHT:
        raise FitError(
            f"{what} are χ² only where the discrepancy weighs moments rightly; {fit.estimator} does not",
            fix="fit with ML, MLR, GLS or WLS",
        )


def _inverse(fit: SemFit) -> Array:
    """Inverse expected information of the free parameters, whatever standard errors the fit reports."""
    return np.asarray(fit.with_vcov("expected").vcov)


def _index(fit: SemFit, tangent: Tangent, cells: Cells) -> tuple[Array, Array]:
    """Score statistic and expected change of single cells; NaN where the parameter is not identified."""
    half = fit.effective_n / 2
    free, position = Cells.free(tangent.ram)
    spread = np.zeros((len(position), fit.table.q))
    spread[np.arange(len(position)), position] = 1.0
    cross = half * tangent.information(cells, free) @ spread
    own = half * tangent.diagonal(cells)
    V = own - np.einsum("cq,qr,cr->c", cross, _inverse(fit), cross, optimize=True)
    V = np.where(_IDENTIFIED * own < V, V, np.nan)
    score = -half * tangent.gradient(cells)
    return score**2 / V, score / V


def _entries(
    fit: SemFit, at: Sequence[Tangent], members: Sequence[Parameter]
) -> tuple[Array, Array, Array, Array]:
    """Gradient, own information, information with θ and with one another of single rows, shapes (E, ·)."""
    size, q = len(members), fit.table.q
    gradient, own = np.zeros(size), np.zeros(size)
    cross, between = np.zeros((size, q)), np.zeros((size, size))
    for number, tangent in enumerate(at, start=1):
        here = np.array([i for i, row in enumerate(members) if row.group == number], dtype=int)
        if not len(here):
            continue
        cells = Cells.of(tangent.ram, [members[i] for i in here])
        free, position = Cells.free(tangent.ram)
        spread = np.zeros((len(position), q))
        spread[np.arange(len(position)), position] = 1.0
        gradient[here], own[here] = tangent.gradient(cells), tangent.diagonal(cells)
        cross[here] = tangent.information(cells, free) @ spread
        between[np.ix_(here, here)] = tangent.information(cells, cells)
    return gradient, own, cross, between


def _shared(fit: SemFit) -> list[list[Parameter]]:
    """Rows that share a free parameter, parameter by parameter."""
    by_number: dict[int, list[Parameter]] = {}
    for row in fit.table.parameters:
        if row.free and row.op in _MOVES:
            by_number.setdefault(row.free, []).append(row)
    return [rows for rows in by_number.values() if len(rows) > 1]


def _name(fit: SemFit, row: Parameter) -> str:
    text = f"{row.lhs} {row.op} {row.rhs}".strip()
    return text if fit.ngroups == 1 else f"{text} [{fit.group_labels[row.group - 1]}]"


def _candidates(fit: SemFit) -> Iterator[list[Parameter]]:
    """Yield the fixed parameters of each group, written ones first, then those that the model leaves out."""
    table = fit.table
    for group in range(1, table.groups + 1):
        mine = [r for r in table.parameters if r.group == group and r.op in _MOVES]
        known = {_key(r.lhs, r.op, r.rhs) for r in mine}
        fixed = [r for r in mine if not r.free and not r.fixed_x]
        if not table.meanstructure:
            fixed = [r for r in fixed if r.op != "~1"]
        added = []
        for lhs, op, rhs in _absent(fit):
            if _key(lhs, op, rhs) not in known:
                known.add(_key(lhs, op, rhs))
                added.append(Parameter(lhs, op, rhs, group, value=0.0, origin="default"))
        yield fixed + added


def _key(lhs: str, op: str, rhs: str) -> tuple[str, str, str]:
    return (min(lhs, rhs), op, max(lhs, rhs)) if op == "~~" else (lhs, op, rhs)


def _absent(fit: SemFit) -> Iterator[tuple[str, str, str]]:
    """Yield loadings, covariances and regressions that a model of these variables could have."""
    table = fit.table
    fixed_x = set(table.exogenous)
    indicators = [v for v in table.observed if any(v in rows for rows in table.indicators.values())]
    factors = [f for f in table.latent if f not in table.composites]
    for factor in factors:
        for indicator in indicators:
            yield factor, "=~", indicator
    open_to = [v for v in table.observed if v not in fixed_x]
    for i, first in enumerate(open_to):
        for second in open_to[i + 1 :]:
            yield first, "~~", second
    for i, first in enumerate(factors):
        for second in factors[i + 1 :]:
            yield first, "~~", second
    related = list(dict.fromkeys(v for y, xs in table.regressions.items() for v in (y, *xs)))
    for y in related:
        for x in related:
            if x != y and y not in fixed_x:
                yield y, "~", x


def _scales(fit: SemFit, number: int, rows: Sequence[Parameter]) -> dict[str, Array]:
    """Return what turns a change into standardised ones, by kind."""
    ram, group = fit.rams[number], fit.sample.groups[number]
    A, S = ram.matrices(fit.theta[None], group.cov, group.mean)
    with np.errstate(invalid="ignore"):
        sd = np.sqrt(total_variance(ram, A, S)[0])
        left = np.sqrt(np.diagonal(S[0]))
    exogenous = [ram.variables.index(x) for x in fit.table.exogenous]
    out = {}
    for kind in ("sepc_lv", "sepc_all", "sepc_nox"):
        total, residual = sd.copy(), left.copy()
        if kind == "sepc_lv":
            total[: ram.observed] = residual[: ram.observed] = 1.0
        if kind == "sepc_nox":
            total[exogenous] = residual[exogenous] = 1.0
        out[kind] = np.array([_scale(ram, row, total, residual) for row in rows], dtype=float)
    return out


def _scale(ram: Ram, row: Parameter, total: Array, residual: Array) -> float:
    at = ram.variables.index
    i = at(row.lhs)
    if row.op == "~1":
        return float(1 / total[i])
    j = at(row.rhs)
    with np.errstate(divide="ignore", invalid="ignore"):
        if row.op == "=~":
            return float(total[i] / total[j])
        if row.op == "~":
            return float(total[j] / total[i])
        if i == j:
            return float(1 / total[i] ** 2)
        scale = 1 / (residual[i] * residual[j])
        return float(scale) if np.isfinite(scale) else np.nan


def _with_power(table: pd.DataFrame, delta: float, alpha: float, high_power: float) -> pd.DataFrame:
    """Add the power to detect a change of delta, and what index and power say together."""
    critical = special.chdtri(1, alpha)
    with np.errstate(divide="ignore", invalid="ignore"):
        table["ncp"] = table["mi"] / table["epc"] ** 2 * delta**2
    root = np.sqrt(table["ncp"])
    # a noncentral χ² on one degree of freedom is a squared normal
    table["power"] = special.ndtr(root - np.sqrt(critical)) + special.ndtr(-root - np.sqrt(critical))
    significant, able = table["mi"] > critical, table["power"] > high_power
    table["decision"] = np.select(
        [significant & able & (table["epc"].abs() < delta), significant & able, significant, able],
        ["too small to matter", "misspecified: see epc", "misspecified", "not misspecified"],
        "inconclusive",
    )
    return table
