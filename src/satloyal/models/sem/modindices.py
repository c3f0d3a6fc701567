"""Modification indices: what each fixed parameter would gain, were it free, without refitting."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import special

from satloyal.errors import FitError
from satloyal.models.sem.robust_indices import robust_indices
from satloyal.models.sem.standardize import total_variance
from satloyal.models.sem.tangent import Cells, Tangent, tangents
from satloyal.spec.parameter import Parameter

if TYPE_CHECKING:
    from satloyal.models.sem.implied import Ram
    from satloyal.models.sem.result import SemFit

__all__ = ["IDENTIFIED", "MOVES", "check_scores", "inverse_information", "modindices", "weighs_rightly"]

Array = NDArray[Any]

IDENTIFIED = 1e-6  # share of a parameter's own information that must survive the free parameters
MOVES = ("=~", "~", "~~", "~1")
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
        ``fixed_x=False`` to ask for that. Where the discrepancy does not weigh moments by their spread (ULS,
        DWLS, ordinal items), ``mi`` is lavaan's figure, which is no χ², and ``mi_robust`` is one: it
        is what `minimum`, order, power and ``pvalue`` go by.

    Raises
    ------
    FitError
        The fit did not converge, or it is one by ULS or DWLS to moments, whose spread is not known.

    Notes
    -----
    With s the score and I the expected information of parameter c and the free ones θ,
    MI = s²/V and EPC = s/V, V = I_cc − I_cθ I_θθ⁻¹ I_θc (Sörbom 1989, *Psychometrika* 54:371-384; Saris,
    Satorra & Sörbom 1987, *Sociological Methodology* 17:105-129; Chou & Bentler 1993); robust: Satorra 1989,
    *Psychometrika* 54:131-151. The decisions are
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
    check_scores(fit, "modification indices", any_weights=True)
    if op is not None and op not in MOVES:
        raise FitError(f"op is {op!r}", where="modindices", fix=f"use one of {', '.join(MOVES)}")
    for name, value in (("alpha", alpha), ("high_power", high_power)):
        if not 0 < value < 1:
            raise FitError(f"{name} is {value!r}", where="modindices", fix="give a share between 0 and 1")
    if not delta > 0:
        raise FitError(f"delta is {delta!r}", where="modindices", fix="give a change above 0")
    kept = [[row for row in rows if op is None or row.op == op] for rows in _candidates(fit)]
    robust = not weighs_rightly(fit)
    if robust:
        found = robust_indices(fit, kept)
    else:
        found = [
            _index(fit, tangent, Cells.of(tangent.ram, rows))
            for tangent, rows in zip(tangents(fit), kept, strict=True)
        ]
    frames = []
    for number, (rows, (mi, test, epc)) in enumerate(zip(kept, found, strict=True)):
        frame = pd.DataFrame([(r.lhs, r.op, r.rhs) for r in rows], columns=["lhs", "op", "rhs"])
        frame["group"], frame["mi"], frame["mi_robust"], frame["epc"] = number + 1, mi, test, epc
        for name, factor in _scales(fit, number, rows).items():
            frame[name] = epc * factor
        frames.append(frame[np.isfinite(mi)])
    table = pd.concat(frames, ignore_index=True)
    table["pvalue"] = special.chdtrc(1, table["mi_robust"])
    by = "mi_robust" if robust else "mi"
    if power:
        table = _with_power(table, by, delta, alpha, high_power)
    table = table[table[by] >= minimum]
    if sort:
        table = table.sort_values(by, ascending=False, kind="stable")
    if not robust:
        table = table.drop(columns="mi_robust")
    return table.reset_index(drop=True)


def weighs_rightly(fit: SemFit) -> bool:
    """Whether the discrepancy weighs moments by their spread, so that its scores are χ²."""
    return fit.input.ordinal is None and (fit.estimator.startswith("ML") or fit.estimator in _WEIGHTED_RIGHT)


def check_scores(fit: SemFit, what: str, *, any_weights: bool = False) -> None:
    """Refuse fits whose scores test nothing."""
    if not fit.converged:
        raise FitError(f"the fit did not converge, so that there are no {what}", fix="see its headline")
    if not np.isfinite(inverse_information(fit)).all():
        raise FitError(
            f"the information is singular, so that there are no {what}", fix="see the check 'identification'"
        )
    if not any_weights and not weighs_rightly(fit):
        raise FitError(
            f"{what} are χ² only where the discrepancy weighs moments rightly; {fit.estimator} does not",
            fix="fit with ML, MLR, GLS or WLS",
        )


def inverse_information(fit: SemFit) -> Array:
    """Inverse expected information of the free parameters, whatever standard errors the fit reports."""
    return np.asarray(fit.with_vcov("expected").vcov)


def _index(fit: SemFit, tangent: Tangent, cells: Cells) -> tuple[Array, Array, Array]:
    """Score statistic (twice) and expected change of cells; NaN where the parameter is not identified."""
    half = fit.effective_n / 2
    free, position = Cells.free(tangent.ram)
    spread = np.zeros((len(position), fit.table.q))
    spread[np.arange(len(position)), position] = 1.0
    cross = half * tangent.information(cells, free) @ spread
    own = half * tangent.diagonal(cells)
    V = own - np.einsum("cq,qr,cr->c", cross, inverse_information(fit), cross, optimize=True)
    V = np.where(IDENTIFIED * own < V, V, np.nan)
    score = -half * tangent.gradient(cells)
    return score**2 / V, score**2 / V, score / V


def _candidates(fit: SemFit) -> Iterator[list[Parameter]]:
    """Yield the fixed parameters of each group, written ones first, then those that the model leaves out."""
    table = fit.table
    for group in range(1, table.groups + 1):
        mine = [r for r in table.parameters if r.group == group and r.op in MOVES]
        known = {_key(r.lhs, r.op, r.rhs) for r in mine}
        items = set(table.ordered)  # what scales a latent response is no candidate
        fixed = [r for r in mine if not r.free and not r.fixed_x and not (r.lhs == r.rhs and r.lhs in items)]
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
        if row.op in ("~", "<~"):
            return float(total[j] / total[i])
        if i == j:
            return float(1 / total[i] ** 2)
        scale = 1 / (residual[i] * residual[j])
        return float(scale) if np.isfinite(scale) else np.nan


def _with_power(
    table: pd.DataFrame, test: str, delta: float, alpha: float, high_power: float
) -> pd.DataFrame:
    """Add the power to detect a change of delta, and what index and power say together."""
    critical = special.chdtri(1, alpha)
    with np.errstate(divide="ignore", invalid="ignore"):
        table["ncp"] = table[test] / table["epc"] ** 2 * delta**2
    root = np.sqrt(table["ncp"])
    # a noncentral χ² on one degree of freedom is a squared normal
    table["power"] = special.ndtr(root - np.sqrt(critical)) + special.ndtr(-root - np.sqrt(critical))
    significant, able = table[test] > critical, table["power"] > high_power
    table["decision"] = np.select(
        [significant & able & (table["epc"].abs() < delta), significant & able, significant, able],
        ["too small to matter", "misspecified: see epc", "misspecified", "not misspecified"],
        "inconclusive",
    )
    return table
