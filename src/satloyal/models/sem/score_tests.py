"""Score tests of equalities: what equal parameters would gain by parting, without refitting."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import linalg, special

from satloyal.models.sem.modindices import (
    IDENTIFIED,
    MOVES,
    check_scores,
    inverse_information,
    weighs_rightly,
)
from satloyal.models.sem.robust_scores import ReleasedScores
from satloyal.models.sem.tangent import Cells, Tangent, tangents
from satloyal.spec.parameter import Parameter

if TYPE_CHECKING:
    from satloyal.models.sem.result import SemFit

__all__ = ["ScoreTests", "score_tests"]

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class ScoreTests:
    """What releasing equal parameters would gain.

    Parameters
    ----------
    table : DataFrame
        One row a parameter that shares its value: ``lhs, op, rhs, group, label, equal_to, chisq, df, pvalue,
        epc``: the test of giving this one a value of its own, and its expected difference to the others,
        which stay equal. Where the discrepancy does not weigh moments by their spread (ULS, DWLS, ordinal
        items), ``chisq`` is lavaan's figure, which is no χ², and ``chisq_robust`` is one, from which
        ``pvalue`` comes.
    chisq, df, pvalue : float
        Of releasing all at once; df is the rank of their information.
    note : str
        What limits that test, or why there is none; empty otherwise.
    chisq_robust : float
        As in the table; NaN where ``chisq`` is one itself.
    """

    table: pd.DataFrame
    chisq: float
    df: int
    pvalue: float
    note: str = ""
    chisq_robust: float = np.nan

    def tidy(self) -> pd.DataFrame:
        """Return the table of the single tests."""
        return self.table.copy()

    def __str__(self) -> str:
        if not self.df:
            return self.note
        value = self.chisq if np.isnan(self.chisq_robust) else self.chisq_robust
        test = f"Releasing all equalities: χ²({self.df}) = {value:.2f}, p = {self.pvalue:.4f}"
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
        The fit did not converge, or it is one by ULS or DWLS to moments, whose spread is not known.

    Notes
    -----
    Score (Lagrange multiplier) tests: Rao 1948; Bentler & Chou 1992, *Sociological Methods & Research*
    21:259-282; where the discrepancy is no χ², Boos 1992, *Am. Stat.* 46:327-333.

    Examples
    --------
    >>> import satloyal as sl
    >>> survey = sl.load_sample("simulated_retail")
    >>> fit = sl.fit_sem("Satisfaction =~ SAT1 + a*SAT2 + a*SAT3", survey)
    >>> fit.score_tests().table[["lhs", "op", "rhs", "equal_to"]].values.tolist()
    [['Satisfaction', '=~', 'SAT3', 'Satisfaction =~ SAT2']]
    """
    check_scores(fit, "score tests", any_weights=True)
    right = weighs_rightly(fit)
    shared = _shared(fit, MOVES if right else (*MOVES, "|"))
    written = _freed(fit)
    columns = ["lhs", "op", "rhs", "group", "label", "equal_to", "chisq", "df", "pvalue", "epc"]
    if not shared and not written:
        empty = pd.DataFrame(columns=columns)
        return ScoreTests(empty, np.nan, 0, np.nan, "no parameters of this model are held equal")
    if not right:
        return _robust(fit, shared, written, [*columns[:7], "chisq_robust", *columns[7:]])
    return _plain(fit, shared, [(row, _one(fit, left)) for row, left in written], columns)


def _robust(
    fit: SemFit,
    shared: Sequence[Sequence[Parameter]],
    written: Sequence[tuple[Parameter, Array]],
    columns: list[str],
) -> ScoreTests:
    """Score tests whose variance is that of the data."""
    scores = ReleasedScores.of(fit, [row for rows in shared for row in rows])
    out, later, position = [], [], 0
    for rows in shared:
        for place, row in enumerate(rows):
            if place:
                later.append(position)
            if place or len(rows) > 2:
                found = scores.cell(position)
                others = ", ".join(_name(fit, r) for r in rows if r is not row)
                p = special.chdtrc(1, found.robust)
                out.append((row.lhs, row.op, row.rhs, row.group, row.label, others, found.naive, found.robust,
                            1, p, found.change))  # fmt: skip
            position += 1
    for row, left in written:
        found = scores.statement(left)
        p = special.chdtrc(1, found.robust)
        out.append((row.lhs, row.op, row.rhs, 0, "", "", found.naive, found.robust, 1, p, np.nan))
    total = scores.together(later)
    note = _limit(total.df, len(later) + len(written))
    tail = float(special.chdtrc(total.df, total.robust)) if total.df else float("nan")
    return ScoreTests(pd.DataFrame(out, columns=columns), total.naive, total.df, tail, note, total.robust)


def _limit(df: int, wanted: int) -> str:
    if df >= wanted:
        return ""
    return (
        f"only {df} of the {wanted} equalities can be released together: without them the model "
        "would not be identified"
    )


def _plain(
    fit: SemFit,
    shared: Sequence[Sequence[Parameter]],
    written: Sequence[tuple[Parameter, float]],
    columns: list[str],
) -> ScoreTests:
    """Score tests whose variance is the information."""
    members = [row for rows in shared for row in rows]
    gradient, own, cross, between = _entries(fit, tangents(fit), members)
    half, C = fit.effective_n / 2, inverse_information(fit)
    score = -half * gradient
    V = np.diagonal(half * between - half**2 * cross @ C @ cross.T)
    V = np.where(IDENTIFIED * half * own < V, V, np.nan)
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
    df = rank - fit.npar
    note = _limit(df, len(later) + len(written))
    return ScoreTests(pd.DataFrame(out, columns=columns), total, df, float(special.chdtrc(df, total)), note)


def _slope(fit: SemFit) -> Array:
    """Score of θ, nil unless constraints hold it back."""
    if fit.boundary is None:
        return np.zeros(fit.table.q)
    gradient = fit.problem(fit.theta[None], np.zeros(1, int), "expected").gradient[0]
    return np.asarray(-fit.effective_n / 2 * gradient)


def _freed(fit: SemFit) -> list[tuple[Parameter, Array]]:
    """Equality constraints of the text, each with the directions that the others leave, shape (q, k)."""
    held = fit.boundary
    if held is None or fit.restrictions is None:
        return []
    bounds = np.eye(fit.table.q)[(held.lower != 0) | (held.upper != 0)]
    extra = {id(r) for r in fit.restrictions.redundant}
    out = []
    for i, row in enumerate(fit.restrictions.equalities):
        if id(row) in extra:
            continue
        others = held.active.copy()
        others[i] = False
        H = np.concatenate([held.jacobian[others], bounds])
        out.append((row, linalg.null_space(H) if len(H) else np.eye(fit.table.q)))
    return out


def _one(fit: SemFit, K: Array) -> float:
    """χ² of letting θ move in directions K, sᵀK (KᵀIK)⁻¹ Kᵀs; NaN where they are not identified."""
    reduced = K.T @ (fit.effective_n / 2 * fit.hessian) @ K
    value, rank = _joint(K.T @ _slope(fit), reduced)
    return value if rank == len(reduced) else np.nan


def _joint(score: Array, information: Array) -> tuple[float, int]:
    """Score statistic of several parameters and its degrees of freedom, the rank of their information."""
    diagonal = np.diagonal(information)
    scale = 1 / np.sqrt(np.where(diagonal > 0, diagonal, 1.0))
    values, vectors = np.linalg.eigh(information * np.outer(scale, scale))
    good = values > IDENTIFIED * max(values[-1], 1e-300)
    along = vectors[:, good].T @ (score * scale)
    return float((along**2 / values[good]).sum()), int(good.sum())


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


def _shared(fit: SemFit, kinds: Sequence[str]) -> list[list[Parameter]]:
    """Rows that share a free parameter, parameter by parameter."""
    by_number: dict[int, list[Parameter]] = {}
    for row in fit.table.parameters:
        if row.free and row.op in kinds:
            by_number.setdefault(row.free, []).append(row)
    return [rows for rows in by_number.values() if len(rows) > 1]


def _name(fit: SemFit, row: Parameter) -> str:
    text = f"{row.lhs} {row.op} {row.rhs}".strip()
    return text if fit.ngroups == 1 else f"{text} [{fit.group_labels[row.group - 1]}]"
