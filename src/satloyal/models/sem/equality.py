"""Score tests of equality across groups: which parameters do not want to be equal.

The model with equal parameters is fitted; what would happen if a parameter were let free is read from the
gradient and the information of the larger model at that solution (Rao 1948, *Math. Proc. Camb. Philos. Soc.*
44:50-57; Sörbom 1989, *Psychometrika* 54:371-384). Nothing is fitted again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import special

from satloyal.models.sem.estimators import estimator_named
from satloyal.models.sem.implied import model_matrices
from satloyal.models.sem.robust_fit import moment_blocks

if TYPE_CHECKING:
    from satloyal.models.sem.result import SemFit
    from satloyal.spec.parameter import Parameter
    from satloyal.spec.table import ParameterTable

__all__ = ["KINDS", "equal_rows", "equality_scores"]

Array = NDArray[Any]

KINDS = {
    "thresholds": "threshold",
    "loadings": "loading",
    "intercepts": "intercept",
    "residuals": "residual variance",
    "lv.variances": "latent variance",
    "means": "latent mean",
    "regressions": "path",
    "residual.covariances": "residual covariance",
    "lv.covariances": "latent covariance",
}
"""What ``group_equal`` names, and what one of them is called."""

_COLUMNS = (
    "parameter", "kind", "lhs", "op", "rhs", "group", "fixed", "score", "df", "pvalue", "pvalue_holm",
    "change",
)  # fmt: skip
_NO_CHI_SQUARE = ("ULS", "DWLS")  # discrepancies whose scores need their own covariance
_NOTHING = 1e-10  # information left for a direction, relative to what it has alone, that counts as none


@dataclass(frozen=True, eq=False)
class _Larger:
    """The model in which every equal row of the groups after the first has a number of its own.

    Parameters
    ----------
    gradient, information : ndarray, shapes (q + k,) and (q + k, q + k)
        Of −log-likelihood at the constrained solution.
    tangent : ndarray, shape (q + k, q)
        How the larger model's parameters move with those of the constrained model.
    numbers : dict
        Row → its number from 0.
    meat : ndarray, shape (q + k, q + k), optional
        Covariance of the gradient, where the discrepancy is no chi-square and its curvature does not tell.
    """

    gradient: Array
    information: Array
    tangent: Array
    numbers: dict[int, int]
    meat: Array | None

    @classmethod
    def of(cls, fit: SemFit, classes: Sequence[Sequence[int]]) -> _Larger:
        rows = list(fit.table.rows)
        q = fit.table.q
        numbers: dict[int, int] = {}
        theta = list(fit.theta)
        tangent = list(np.eye(q))
        for members in classes:
            for i in members:
                if rows[i].group > 1:
                    row = rows[i]
                    numbers[i] = len(theta)
                    theta.append(fit.theta[row.free - 1] if row.free else float(row.value or 0.0))
                    tangent.append(np.eye(q)[row.free - 1] if row.free else np.zeros(q))
                    rows[i] = replace(row, free=len(theta), value=None, label="")
        table: ParameterTable = replace(fit.table, rows=tuple(rows))
        ordinal = fit.input.ordinal
        rams = model_matrices(table) if ordinal is None else ordinal.rams(table)
        # its constraints are met through the tangent, and know nothing of the parameters let go
        whole = replace(fit, table=table, rams=rams, theta=np.array(theta), restrictions=None)
        at = whole.problem(whole.theta[None], np.zeros(1, int), "expected")
        half = fit.effective_n / 2
        meat = None
        if estimator_named(fit.estimator).discrepancy in _NO_CHI_SQUARE:
            parts = [(b.share, b.weighted(b.delta), b.gamma) for b in moment_blocks(whole)]
            meat = fit.effective_n * np.asarray(sum(share * s.T @ gamma @ s for share, s, gamma in parts))
        moves = np.array(tangent) if fit.tangent is None else np.array(tangent) @ fit.tangent
        return cls(half * at.gradient[0], half * at.hessian[0], moves, numbers, meat)

    def test(self, directions: Array) -> tuple[float, int, Array]:
        """Score, degrees of freedom and expected change of letting go in some directions, (q + k, d)."""
        R, H = self.tangent, self.information
        cross = R.T @ H @ directions
        alone = directions.T @ H @ directions
        follow = np.linalg.pinv(R.T @ H @ R, hermitian=True) @ cross
        left = alone - cross.T @ follow
        own = np.diagonal(alone)
        if not np.isfinite(left).all() or (np.linalg.eigvalsh(left)[0] <= _NOTHING * own.max()):
            return float("nan"), directions.shape[1], np.full(directions.shape[1], np.nan)
        slope = directions.T @ self.gradient
        change = -np.linalg.solve(left, slope)
        spread = left
        if self.meat is not None:
            along = directions - R @ follow  # with the other parameters following
            spread = along.T @ self.meat @ along
        return float(slope @ np.linalg.solve(spread, slope)), directions.shape[1], change


def equal_rows(table: ParameterTable, kind: str) -> list[tuple[int, ...]]:
    """Return the rows of one kind that are one and the same in every group, each as places in the table.

    Parameters
    ----------
    table : ParameterTable
        Of several groups.
    kind : str
        One of :data:`KINDS`. A loading fixed to the same value in every group, as a marker's, counts.
    """
    latent = set(table.latent)
    found: dict[tuple[str, str, str], list[int]] = {}
    for i, row in enumerate(table.rows):
        if row.group and not row.fixed_x and _is_kind(row, kind, latent):
            found.setdefault((row.lhs, row.op, row.rhs), []).append(i)
    return [
        tuple(members)
        for members in found.values()
        if _same([table.rows[i] for i in members], kind, table.ordered)
    ]


def _is_kind(row: Parameter, kind: str, latent: set[str]) -> bool:
    ends = {row.lhs, row.rhs} & latent
    if kind in ("loadings", "thresholds"):
        return row.op == ("=~" if kind == "loadings" else "|")
    if kind in ("intercepts", "means"):
        return row.op == "~1" and (row.lhs in latent) == (kind == "means")
    if kind in ("regressions", "composite.loadings"):
        return row.op == ("~" if kind == "regressions" else "<~")
    if row.op != "~~":
        return False
    wanted = (kind in ("lv.variances", "lv.covariances"), kind in ("residuals", "lv.variances"))
    return (bool(ends), row.lhs == row.rhs) == wanted


def _same(rows: Sequence[Parameter], kind: str, ordered: Sequence[str]) -> bool:
    if len({row.group for row in rows}) < 2:
        return False
    if all(row.free for row in rows):
        return len({row.free for row in rows}) == 1
    values = {row.value for row in rows}
    if any(row.free for row in rows) or len(values) > 1:
        return False
    if kind in ("intercepts", "residuals") and rows[0].lhs in ordered:
        return rows[0].value is not None  # fixed to 0 or 1 in every group, which is how they are equal
    return kind == "loadings" and values != {0.0}


def equality_scores(fit: SemFit, kinds: Sequence[str]) -> pd.DataFrame:
    r"""Test each equality across groups by its score.

    With the gradient g and the information I of the model in which the parameter is free, both at the
    solution where it is equal, :math:`T = g^\top I^{-1} g` is chi-square distributed with as many degrees of
    freedom as equalities are let go, if they hold. Of unweighted and diagonally weighted least squares the
    covariance of g takes the place of I (Boos 1992, *Am. Stat.* 46:327-333).

    Parameters
    ----------
    fit : SemFit
        A fit to several groups with equalities across them.
    kinds : sequence of str
        Which of :data:`KINDS` to test.

    Returns
    -------
    DataFrame
        Strongest first. ``parameter`` (as ``group_partial`` takes it), ``kind``, ``lhs, op, rhs``, ``group``
        (``""`` for all groups let go at once; with more than two groups also a row for each group let go
        alone), ``fixed`` (a marker's loading, which only another choice of marker can let go), ``score``,
        ``df``, ``pvalue``, ``pvalue_holm`` (Holm 1979, over the parameters), ``change`` (expected difference
        to the first group, the largest in size when there are several).

    Examples
    --------
    >>> import numpy as np, pandas as pd, satloyal as sl
    >>> rng = np.random.default_rng(3); F = rng.normal(size=(400, 1))
    >>> data = pd.DataFrame(F + rng.normal(size=(400, 4)), columns=["a", "b", "c", "d"])
    >>> data["g"] = np.repeat(["x", "y"], 200); data.loc[200:, "c"] += 1
    >>> fit = sl.fit_sem("F =~ a + b + c + d", data, group="g", group_equal=["loadings", "intercepts"])
    >>> equality_scores(fit, ["intercepts"]).loc[0, "parameter"]
    'c~1'
    """
    found = [(kind, members) for kind in kinds for members in equal_rows(fit.table, kind)]
    if not found or not fit.converged:
        return pd.DataFrame(columns=list(_COLUMNS))
    larger = _Larger.of(fit, [members for _, members in found])
    labels = fit.group_labels
    out = []
    for kind, members in found:
        later = [i for i in members if fit.table.rows[i].group > 1]
        row = fit.table.rows[members[0]]
        head = (row.name, KINDS[kind], row.lhs, row.op, row.rhs)
        units = np.zeros((len(larger.gradient), len(later)))
        units[[larger.numbers[i] for i in later], np.arange(len(later))] = 1.0
        score, df, change = larger.test(units)
        worst = float(change[np.argmax(np.abs(change))])
        out.append(
            (
                *head,
                "",
                not row.free and kind == "loadings",
                score,
                df,
                float(special.chdtrc(df, score)),
                np.nan,
                worst,
            )
        )
        if fit.ngroups > 2:
            for place, i in enumerate(later):
                score, df, change = larger.test(units[:, [place]])
                label = labels[fit.table.rows[i].group - 1]
                p = float(special.chdtrc(df, score))
                out.append(
                    (
                        *head,
                        label,
                        not row.free and kind == "loadings",
                        score,
                        df,
                        p,
                        np.nan,
                        float(change[0]),
                    )
                )
    table = pd.DataFrame(out, columns=list(_COLUMNS))
    whole = table["group"] == ""
    table.loc[whole, "pvalue_holm"] = _holm(table.loc[whole, "pvalue"].to_numpy(dtype=float))
    return table.sort_values(["pvalue", "score"], ascending=[True, False], ignore_index=True)


def _holm(p: Array) -> Array:
    """Adjust p-values for their number (Holm 1979, *Scand. J. Stat.* 6:65-70)."""
    known = np.flatnonzero(np.isfinite(p))
    order = known[np.argsort(p[known], kind="stable")]
    out = np.full(len(p), np.nan)
    steps = p[order] * np.arange(len(order), 0, -1)
    out[order] = np.minimum(np.maximum.accumulate(steps), 1.0)
    return out
