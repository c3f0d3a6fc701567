"""Standardised solutions as functions of θ, batched and analytic, so that the delta method can use them.

``std_lv`` scales latent variables to unit variance, ``std_all`` observed ones too. A residual covariance
becomes a residual correlation, as lavaan and Mplus print it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from satloyal.core.memo import remembered
from satloyal.models.sem.implied import model_matrices

if TYPE_CHECKING:
    from satloyal.models.sem.implied import Ram
    from satloyal.spec.table import Parameter, ParameterTable

__all__ = ["StandardizeKind", "Standardizer", "placed_rows"]

Array = NDArray[Any]
StandardizeKind = Literal["std_lv", "std_all"]

_REMEMBERED = 64  # models


@dataclass(frozen=True, eq=False)
class Standardizer:
    """Standardised values of the rows of a parameter table.

    Parameters
    ----------
    table : ParameterTable
    rams : sequence of Ram, one a group
    covs, means : sequence of ndarray, shapes (p, p) and (p,)
        Sample moments, for exogenous covariates.
    """

    table: ParameterTable
    rams: Sequence[Ram]
    covs: Sequence[Array]
    means: Sequence[Array | None]

    @property
    def rows(self) -> tuple[Parameter, ...]:
        """The rows that have a place in a matrix."""
        return placed_rows(self.table)

    def values(
        self,
        theta: Array,
        kind: StandardizeKind,
        covs: Sequence[Array] | None = None,
        means: Sequence[Array | None] | None = None,
    ) -> Array:
        """Return the standardised value of every row of :attr:`rows`.

        Parameters
        ----------
        theta : ndarray, shape (B, q), real or complex
        kind : {"std_lv", "std_all"}
        covs, means : sequence of ndarray, optional
            Sample moments of each replicate, when they are not those of the full sample.

        Returns
        -------
        ndarray, shape (B, rows)
        """
        out = np.full((len(theta), len(self.rows)), np.nan, dtype=theta.dtype)
        covs = self.covs if covs is None else covs
        means = self.means if means is None else means
        for places, ram, cov, mean in zip(_places(self.table), self.rams, covs, means, strict=True):
            A, S = ram.matrices(theta, cov, mean)
            with np.errstate(invalid="ignore", divide="ignore"):
                sd = _root(total_variance(ram, A, S))
                # the scale of a latent response is one over its SD, given the covariates that are given
                scale = 1 / (_root(total_variance(ram, A, S, without=ram.given)) if ram.given else sd)
                left = _root(np.diagonal(S, axis1=1, axis2=2))
                places.fill(out, theta, A, S, (sd, left, scale), kind)
        # in units of what does not vary; derivatives by complex step are unknown there as well
        out[~np.isfinite(out)] = complex(np.nan, np.nan) if np.iscomplexobj(out) else np.nan
        return out


@remembered(_REMEMBERED)
def placed_rows(table: ParameterTable) -> tuple[Parameter, ...]:
    """Return the rows of a table that have a place in a matrix, or are thresholds or scales."""
    return tuple(r for r in table.rows if r.op in ("=~", "<~", "~", "~~", "~1", "|", "~*~"))


@remembered(_REMEMBERED)
def _places(table: ParameterTable) -> tuple[_Places, ...]:
    return tuple(_Places.of(placed_rows(table), ram, g + 1) for g, ram in enumerate(model_matrices(table)))


@dataclass(frozen=True, eq=False)
class _Places:
    """Where one group's rows find their values and what scales them, laid out once.

    Each array's first row are the rows' columns in the output. Places in A and S are flat; variables are
    positions among the nodes.
    """

    observed: int
    arrows: Array  # output, place in A, node that multiplies, node that divides
    intercepts: Array  # output, place in A (-1 without a mean structure), node that divides
    variances: Array  # output, place in S, node
    covariances: Array  # output, place in S, both nodes, whether it is free
    thresholds: Array  # output, position in theta (-1 when fixed), node
    cuts: Array  # (t,) values of thresholds that are fixed
    scales: Array  # output, node

    @classmethod
    def of(cls, rows: Sequence[Parameter], ram: Ram, group: int) -> _Places:
        """Find the places of the rows of a group, counted from 1."""
        at = {name: i for i, name in enumerate(ram.variables)}
        m = len(at)
        found: dict[str, list[tuple[int, ...]]] = {k: [] for k in ("a", "1", "v", "c", "|", "~*~")}
        cuts = []
        for column, row in enumerate(rows):
            if row.group != group:
                continue
            i = at[row.lhs]
            if row.op == "|":
                found["|"].append((column, row.free - 1, i))
                cuts.append(row.value or 0.0)
            elif row.op == "~*~":
                found["~*~"].append((column, i))
            elif row.op == "~1":
                structured = ram.manifest > ram.observed
                found["1"].append((column, i * m + ram.manifest - 1 if structured else -1, i))
            elif row.op == "=~":
                j = at[row.rhs]
                found["a"].append((column, j * m + i, i, j))
            elif row.op in ("~", "<~"):
                j = at[row.rhs]
                found["a"].append((column, i * m + j, j, i))
            elif row.lhs == row.rhs:
                found["v"].append((column, i * m + i, i))
            else:
                j = at[row.rhs]
                found["c"].append((column, i * m + j, i, j, row.free > 0))
        widths = {"a": 4, "1": 3, "v": 3, "c": 5, "|": 3, "~*~": 2}
        laid = {k: np.array(v, dtype=int).reshape(-1, widths[k]).T for k, v in found.items()}
        return cls(
            ram.observed, laid["a"], laid["1"], laid["v"], laid["c"], laid["|"], np.array(cuts), laid["~*~"]
        )

    def fill(
        self,
        out: Array,
        theta: Array,
        A: Array,
        S: Array,
        spread: tuple[Array, Array, Array],
        kind: StandardizeKind,
    ) -> None:
        """Write the standardised values of a group's rows, with SDs, residual SDs and scales of nodes."""
        sd, left, scale = spread
        flat_a, flat_s = A.reshape(len(A), -1), S.reshape(len(S), -1)
        if len(column := self.scales[0]):
            out[:, column] = 1.0 if kind == "std_all" else scale[:, self.scales[1]]
        if kind == "std_lv":
            sd, left = sd.copy(), left.copy()
            sd[:, : self.observed] = left[:, : self.observed] = 1.0
        column, place, up, down = self.arrows
        out[:, column] = flat_a.take(place, axis=1) * sd.take(up, axis=1) / sd.take(down, axis=1)
        column, place, down = self.variances
        out[:, column] = flat_s.take(place, axis=1) / sd.take(down, axis=1) ** 2
        column, place, one, other, free = self.covariances
        raw = flat_s.take(place, axis=1)
        nil = (free == 0) & ~raw.any(axis=0)  # zero in whatever unit
        out[:, column] = np.where(nil, 0.0, raw / (left.take(one, axis=1) * left.take(other, axis=1)))
        if len(self.intercepts[0]):
            column, place, down = self.intercepts
            out[:, column] = np.where(place < 0, 0.0, flat_a.take(place, axis=1)) / sd.take(down, axis=1)
        if len(self.thresholds[0]):
            column, free, down = self.thresholds
            given = np.concatenate([theta, np.zeros((len(theta), 1), theta.dtype)], axis=1)
            cut = np.where(free < 0, self.cuts, given.take(free, axis=1))
            out[:, column] = cut / sd.take(down, axis=1)


def total_variance(ram: Ram, A: Array, S: Array, without: Sequence[int] = ()) -> Array:
    """Return the implied variance of every node, shape (B, m), or what some nodes leave of it."""
    C, N = ram.plan.core, ram.plan.rest
    L = ram.responses(A)
    inner = S[:, C[:, None], C]
    if ram.manifest > ram.observed:  # the constant moves means, not variances
        constant = int(np.searchsorted(C, ram.manifest - 1))
        inner[:, constant, constant] = 0
    if without:
        known = np.isin(C, without)
        inner[:, known] = inner[:, :, known] = 0
    variance: Array = np.einsum("bmk,bmk->bm", L @ inner, L)
    variance[:, N] += S[:, N, N] + 2 * np.einsum("bnk,bnk->bn", L[:, N], S[:, N[:, None], C])
    if ram.manifest > ram.observed:
        variance[:, ram.manifest - 1] = 1
    return variance


def _root(variance: Array) -> Array:
    """Square root: NaN, not imaginary, of a negative variance, and zero of one that is fixed to zero."""
    known = (np.real(variance) > 0) | (variance == 0)
    root = np.sqrt(np.where(known, variance, np.nan))
    return np.asarray(root)
