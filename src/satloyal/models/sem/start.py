"""Starting values: a closed-form first guess that usually lies close, and a plain one that is always inside.

Loadings by FABIN 3, the two-stage least squares estimator of Hägglund (1982, *Psychometrika* 47:209-222),
latent moments from the loadings, regressions from the latent moments, in loops by two-stage least squares
(Bollen 1996, *Psychometrika* 61:109-121): between a loop that dies out and one that explodes lies a pole
that no downhill path crosses, so the guess must begin on the right side.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from satloyal.core.moments import GroupMoments, Moments
    from satloyal.spec.table import Parameter, ParameterTable

__all__ = ["starts"]

Array = NDArray[Any]

_LEAST_SHARE = 0.1  # of a variance that a first guess leaves to either the factor or the residual
_LATENT_VARIANCE = 0.05  # the plain guess, small enough to keep Σ close to its diagonal
_LEAST_MARKER = 0.15  # standardised loading that a marker is taken to have at least
_AXIS_ROUNDS = 20
_Way = Literal["two-stage", "loops at rest", "principal axis", "plain"]
_WAYS: tuple[_Way, ...] = ("two-stage", "loops at rest", "principal axis", "plain")
_LARGEST_LOADING = 5.0  # beyond this a two-stage estimate is noise


def _between(value: float, low: float, high: float) -> float:
    """``np.clip`` for single numbers, which it is slow for; NaN stays NaN."""
    return low if value < low else high if value > high else value


def _solve(matrix: Array, right: Array) -> Array:
    """Solve a small system; a singular one by least squares."""
    try:
        solved: Array = np.linalg.solve(matrix, right)
    except np.linalg.LinAlgError:
        solved = np.linalg.lstsq(matrix, right, rcond=None)[0]
    return solved


def starts(table: ParameterTable, sample: Moments) -> Iterator[Array]:
    """Yield starting vectors θ, shape (q,), best guess first.

    Parameters
    ----------
    table : ParameterTable
    sample : Moments
        In the order of ``table.observed``, one group a group of the table.
    """
    for way in _WAYS:
        theta = np.zeros(table.q)
        count = np.zeros(table.q)
        for number, moments in enumerate(sample.groups, start=1):
            rows = [row for row in table.rows if row.group == number]
            guess = _Guess(table, rows, moments, way)
            if way == "loops at rest" and not guess.has_loops:
                break  # the same guess again
            for row in rows:
                if row.free:
                    value = row.start if row.start is not None else guess.value(row)
                    theta[row.free - 1] += value
                    count[row.free - 1] += 1
        else:
            yield theta / np.maximum(count, 1)


class _Covariances:
    """Covariances of observed variables, and of latent ones as they become known."""

    def __init__(self, names: Sequence[str], latent: Sequence[str], cov: Array) -> None:
        self.at = {name: i for i, name in enumerate((*names, *latent))}
        self.values = np.full((len(self.at), len(self.at)), np.nan)
        self.values[: len(names), : len(names)] = cov

    def __contains__(self, pair: tuple[str, str]) -> bool:
        return not math.isnan(self[pair])

    def __getitem__(self, pair: tuple[str, str]) -> float:
        a, b = self.at.get(pair[0]), self.at.get(pair[1])
        return math.nan if a is None or b is None else float(self.values[a, b])

    def __setitem__(self, pair: tuple[str, str], value: float) -> None:
        self.values[self.at[pair[0]], self.at[pair[1]]] = value

    def get(self, pair: tuple[str, str], default: float) -> float:
        value = self[pair]
        return default if math.isnan(value) else value

    def block(self, rows: Sequence[str], columns: Sequence[str]) -> Array:
        at = np.array([self.at[r] for r in rows])
        return np.asarray(self.values[at[:, None], [self.at[c] for c in columns]])

    def relate(self, factor: str, items: Sequence[str], loadings: Array) -> None:
        """Set the covariances of a factor of known variance with all else that is known."""
        f, own = self.at[factor], self[factor, factor]
        at = np.array([self.at[i] for i in items])
        spread = np.diagonal(self.values)
        known = spread == spread
        known[f] = False
        others = known.nonzero()[0]
        between = self.values[at[:, None], others]
        between[between != between] = 0.0
        shares = loadings @ between / max(float(loadings @ loadings), 1e-12)
        shares[others.searchsorted(at)] = loadings * own
        limits = 0.95 * np.sqrt(np.abs(own * spread[others]))
        self.values[f, others] = self.values[others, f] = np.minimum(np.maximum(shares, -limits), limits)


class _Guess:
    """First guesses for one group."""

    def __init__(
        self,
        table: ParameterTable,
        rows: Sequence[Parameter],
        moments: GroupMoments,
        way: _Way,
    ) -> None:
        self.way = way
        self.informed = way != "plain"
        self.mean = moments.mean
        self.names = list(table.observed)
        self.latent = set(table.latent)
        self.loading: dict[tuple[str, str], float] = {}
        self.regressions: dict[str, list[str]] = {}
        self.fixed: dict[tuple[str, str, str], float] = {}
        for row in rows:
            if row.value is not None and not row.free:
                self.fixed[row.lhs, row.op, row.rhs] = row.value
            if row.op == "~":
                self.regressions.setdefault(row.lhs, []).append(row.rhs)
        self.members: dict[str, list[str]] = {}
        for row in rows:
            if row.op == "=~":
                self.members.setdefault(row.lhs, []).append(row.rhs)
        self.cov = _Covariances(self.names, table.latent, moments.cov)
        if self.informed:
            self._measure()
            self._regress()

    def value(self, row: Parameter) -> float:
        if row.op == "=~":
            return self.loading.get((row.lhs, row.rhs), 1.0 if self.informed else 0.7)
        if row.op == "~":
            return self.slope.get((row.lhs, row.rhs), 0.0) if self.informed else 0.0
        if row.op == "~1":
            at = self.names.index(row.lhs) if row.lhs in self.names else -1
            return 0.0 if at < 0 or self.mean is None else float(self.mean[at])
        if row.lhs == row.rhs:
            return self._variance(row.lhs)
        return self._covariance(row.lhs, row.rhs)

    def _measure(self) -> None:
        """Work up from items to factors, lower orders first."""
        known = set(self.names)
        waiting = {f: list(m) for f, m in self.members.items()}
        while waiting:
            ready = [f for f, items in waiting.items() if all(i in known for i in items)]
            if not ready:
                break  # factors that measure each other: the plain guess will do
            for factor in ready:
                self._factor(factor, waiting.pop(factor))
                known.add(factor)

    def _factor(self, factor: str, items: list[str]) -> None:
        fixed = [i for i in items if self.fixed.get((factor, "=~", i), 0.0) != 0.0]
        marker = fixed[0] if fixed else items[0]
        unit = self.fixed.get((factor, "=~", marker), 1.0) or 1.0  # a loading fixed to 0 sets no scale
        if self.way == "principal axis":
            raw, variance = self._axis(marker, items)
        else:
            raw = self._fabin(marker, items)
            variance = self._common(raw, marker)
        scale = unit
        if not fixed and (factor, "~~", factor) in self.fixed and self.fixed[factor, "~~", factor] > 0:
            scale = float(np.sqrt(variance / self.fixed[factor, "~~", factor]))
        loadings = {i: raw[i] * scale for i in items}
        for item in items:
            self.loading[factor, item] = self.fixed.get((factor, "=~", item), loadings[item])
        own = variance / scale**2
        self.cov[factor, factor] = own
        self.cov.relate(factor, items, np.array([loadings[i] for i in items]))

    def _axis(self, marker: str, items: list[str]) -> tuple[dict[str, float], float]:
        """Take loadings and variance from the principal axis of the correlations, in the marker's unit.

        Where the marker hardly loads, ratios to it are noise even in their sign; the axis takes its
        direction from all items (Harman 1976, *Modern Factor Analysis*, ch. 8).
        """
        sd = np.sqrt(np.array([self.cov[i, i] for i in items]))
        R = self.cov.block(items, items) / np.outer(sd, sd)
        off = np.abs(R - np.diag(np.diagonal(R)))
        shares = np.clip(off.max(axis=1), 0.05, 0.95)
        axis = np.sqrt(shares)
        for _ in range(_AXIS_ROUNDS):
            np.fill_diagonal(R, shares)
            values, vectors = np.linalg.eigh(R)
            axis = vectors[:, -1] * math.sqrt(max(float(values[-1]), 1e-6))
            shares = np.clip(axis**2, 0.05, 0.95)
        at = items.index(marker)
        size = max(abs(float(axis[at])), _LEAST_MARKER)
        own = (size if axis[at] >= 0 else -size) * sd[at]
        raw = {item: float(axis[k] * sd[k] / own) for k, item in enumerate(items)}
        return {**raw, marker: 1.0}, float(own**2)

    def _fabin(self, marker: str, items: list[str]) -> dict[str, float]:
        """λ_j = s_jz S_zz⁻¹ s_z1 / (s_1z S_zz⁻¹ s_z1) for all items, z being the items but j and the marker.

        With M the inverse of the covariances of all items but the marker, c their covariances with it and
        u = Mc − diag(M) c, deleting item j from M leaves −u_j / M_jj above and
        cᵀMc − 2 c_j (Mc)_j + M_jj c_j² − u_j² / M_jj below.
        """
        rest = [i for i in items if i != marker]
        if len(rest) < 2:
            return {marker: 1.0} | {i: float(np.sign(self.cov[marker, i]) or 1.0) for i in rest}
        c = self.cov.block(rest, (marker,))[:, 0]
        S = self.cov.block(rest, rest)
        try:
            M = np.linalg.inv(S)
        except np.linalg.LinAlgError:
            M = np.linalg.pinv(S, hermitian=True)
        own, Mc = np.diagonal(M), M @ c
        u = Mc - own * c
        with np.errstate(divide="ignore", invalid="ignore"):
            bottom = c @ Mc - 2 * c * Mc + own * c**2 - u**2 / own
            values = -u / own / np.where(bottom == 0, 1.0, bottom)
        spread = np.sqrt(np.diagonal(S) / self.cov[marker, marker])
        values /= spread
        values[values != values] = 0.0
        values = np.minimum(np.maximum(values, -_LARGEST_LOADING), _LARGEST_LOADING) * spread
        return {marker: 1.0} | dict(zip(rest, values.tolist(), strict=True))

    def _common(self, raw: dict[str, float], marker: str) -> float:
        """Variance of the factor from the covariances of its items, kept within its marker's."""
        items = list(raw)
        whole = self.cov[marker, marker]
        if len(items) == 1:
            return whole
        loadings, S = np.array(list(raw.values())), self.cov.block(items, items)
        squares = loadings**2
        # over pairs of different items, l_i l_j s_ij beside (l_i l_j)²
        top = float(loadings @ S @ loadings - squares @ np.diagonal(S))
        bottom = float(squares.sum() ** 2 - squares @ squares)
        variance = top / bottom if bottom > 0 else 0.5 * whole
        return _between(variance, _LEAST_SHARE * whole, (1 - _LEAST_SHARE) * whole)

    def _regress(self) -> None:
        """Least squares on the moments of latents and observed variables; in loops with instruments."""
        self.slope: dict[tuple[str, str], float] = {}
        self.left: dict[str, float] = {}
        for outcome, predictors in self.regressions.items():
            if any((x, outcome) not in self.cov for x in predictors):
                continue
            S = np.array([[self.cov.get((x, z), 0.0) for z in predictors] for x in predictors])
            s = np.array([self.cov[x, outcome] for x in predictors])
            least = _LEAST_SHARE
            if not self._in_loop(outcome):
                spread = np.sqrt(np.abs(np.diagonal(S)))
                ridge = S + 0.05 * np.diag(spread**2)  # collinear constructs: a start, not an estimate
                slopes = _solve(ridge, s)
            elif self.way != "loops at rest":
                found = self._two_stage(outcome, predictors)
                if found is None:
                    continue
                slopes, least = found, _LEAST_SHARE / 10
            else:
                continue
            slopes = np.array([self.fixed.get((outcome, "~", x), b)
                               for x, b in zip(predictors, slopes, strict=True)])  # fmt: skip
            for x, b in zip(predictors, slopes, strict=True):
                self.slope[outcome, x] = float(b)
            total = self.cov[outcome, outcome]
            rest = float(total - 2 * s @ slopes + slopes @ S @ slopes)
            # round a loop that dampens, a residual may be larger than what it drives
            most = total if least == _LEAST_SHARE else 10 * total
            self.left[outcome] = _between(rest, least * total, most)

    def _two_stage(self, outcome: str, predictors: list[str]) -> Array | None:
        """Slopes by two-stage least squares; what nothing in the model drives serves as instrument."""
        sources = {x for xs in self.regressions.values() for x in xs if x not in self.regressions}
        instruments = sorted(z for z in sources if (z, outcome) in self.cov)
        if len(instruments) < len(predictors):
            return None
        Z = np.array([[self.cov.get((a, b), 0.0) for b in instruments] for a in instruments])
        C = np.array([[self.cov.get((z, x), 0.0) for x in predictors] for z in instruments])
        c = np.array([self.cov.get((z, outcome), 0.0) for z in instruments])
        first = _solve(Z, C)
        slopes = _solve(first.T @ C, first.T @ c)
        return slopes if np.isfinite(slopes).all() else None

    @property
    def has_loops(self) -> bool:
        """Whether arrows run in a circle."""
        return any(self._in_loop(name) for name in self.regressions)

    def _in_loop(self, name: str) -> bool:
        seen: set[str] = set()
        todo = list(self.regressions.get(name, []))
        while todo:
            x = todo.pop()
            if x == name:
                return True
            if x not in seen:
                seen.add(x)
                todo.extend(self.regressions.get(x, []))
        return False

    def _variance(self, name: str) -> float:
        own = self.cov.get((name, name), _LATENT_VARIANCE)
        if not self.informed:
            return 0.5 * own if name in self.names else _LATENT_VARIANCE
        if name in self.left:
            return self.left[name]
        factors = [f for f, items in self.members.items() if name in items]
        if not factors:
            return own
        explained = sum(self.loading.get((f, name), 0.0) ** 2 * self.cov.get((f, f), 0.0) for f in factors)
        return _between(own - explained, _LEAST_SHARE * own, own)

    def _covariance(self, a: str, b: str) -> float:
        measured = any(name in items for items in self.members.values() for name in (a, b))
        outcome = a in self.regressions or b in self.regressions
        if not self.informed or measured or outcome:
            return 0.0
        return self.cov.get((a, b), 0.0)
