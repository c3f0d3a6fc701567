"""Bootstrap of response curves: every replicate of every shape in a few batches."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from satloyal.errors import FitError
from satloyal.models.curves import bands
from satloyal.models.curves.data import CurveData
from satloyal.models.curves.estimate import EXACT, ShapeFit
from satloyal.models.curves.options import CurveOptions
from satloyal.models.curves.shapes import Array
from satloyal.models.curves.solve import Cells, solve
from satloyal.models.fit import Check, Fit, Status
from satloyal.notes import Note

__all__ = ["CurveBootstrap", "bootstrap_curves"]

_CHUNK = 1_000_000  # weights held at once; a dozen arrays of this size live in the solver: 100 MB
_LOST = 0.05  # share of unusable replicates beyond which percentile intervals are a selection


@dataclass(frozen=True, slots=True, eq=False)
class _Replicates:
    """Solutions of one shape: beta (R, q), psi (R, d), aicc (R,), usable (R,)."""

    fit: ShapeFit
    beta: Array
    psi: Array
    aicc: Array
    usable: Array


@dataclass(frozen=True, eq=False)
class CurveBootstrap(Fit):
    """Percentile intervals for response curves; made by ``CurveFit.bootstrap``.

    Parameters
    ----------
    data : CurveData
    options : CurveOptions
    draws : tuple
        The replicates of each shape that the full data can carry.
    replicates, seed : int
    """

    data: CurveData
    options: CurveOptions
    draws: tuple[_Replicates, ...]
    replicates: int
    seed: int

    family: ClassVar[str] = "curve bootstrap"

    @property
    def converged(self) -> bool:
        """Whether some shape has a usable replicate."""
        return any(d.usable.any() for d in self.draws)

    @property
    def checks(self) -> tuple[Check, ...]:
        """How many replicates each shape lost."""
        return tuple(self._lost(d) for d in self.draws)

    def _lost(self, draw: _Replicates) -> Check:
        lost = int((~draw.usable).sum())
        share = lost / self.replicates
        text = f"{lost} of {self.replicates} replicates of the {draw.fit.shape.name} shape are not identified"
        status: Status = "pass" if share <= _LOST else "warn"
        advice = "" if status == "pass" else "its percentile intervals leave these out and are too narrow"
        return Check(f"replicates: {draw.fit.shape.name}", status, text, share, _LOST, advice)

    @property
    def notes(self) -> tuple[Note, ...]:
        """How it was resampled."""
        what = "rows" if self.data.cluster is None else "clusters"
        text = f"{self.replicates} resamples of {what} with seed {self.seed}; percentile intervals"
        return (*self.data.notes, Note("bootstrap", text, self.replicates))

    def tidy(self) -> pd.DataFrame:
        """Return the columns of ``CurveFit.tidy`` and ``usable`` replicates.

        ``se`` is the standard deviation of the replicates, the interval is percentile; statistic and p-value
        are empty.
        """
        parts = [self._rows(d) for d in self.draws]
        return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=list(_TIDY))

    def _rows(self, draw: _Replicates) -> pd.DataFrame:
        keep = draw.usable
        theta, _ = draw.fit.shape.raw(draw.beta[keep], draw.psi[keep], self.data.axis)
        low, high = self._percentiles(theta)
        return pd.DataFrame(
            {
                "shape": draw.fit.shape.name,
                "term": list(draw.fit.shape.terms),
                "est": draw.fit.theta,
                "se": theta.std(axis=0, ddof=1) if keep.sum() > 1 else np.nan,
                "statistic": np.nan,
                "pvalue": np.nan,
                "ci_lower": low,
                "ci_upper": high,
                "usable": int(keep.sum()),
            }
        )

    def _terms(self) -> pd.Index:
        table = self.tidy()
        return pd.MultiIndex.from_arrays([table["shape"], table["term"]], names=["shape", "term"])

    def _percentiles(self, values: Array) -> tuple[Array, Array]:
        if values.shape[0] == 0:
            return np.full(values.shape[1], np.nan), np.full(values.shape[1], np.nan)
        tail = (1 - self.options.level) / 2
        low, high = np.quantile(values, [tail, 1 - tail], axis=0)
        return low, high

    def curve(self, shape: str, at: ArrayLike | None = None) -> pd.DataFrame:
        """Return the columns of ``CurveFit.curve`` with percentile bands instead of delta-method ones."""
        draw = next((d for d in self.draws if d.fit.shape.name == shape), None)
        if draw is None:
            known = ", ".join(d.fit.shape.name for d in self.draws)
            raise FitError(f"shape {shape!r} was not bootstrapped", fix=f"choose among {known}")
        out = bands.curve(draw.fit, self.data, self.options.level, at)
        seen = out["fit"].notna().to_numpy()
        u = self.data.axis.unit(out["x"].to_numpy()[seen])
        some = (draw.beta[draw.usable], draw.psi[draw.usable], self.data.axis)
        for names, values in (
            (["ci_lower", "ci_upper"], draw.fit.shape.fitted(u, *some)),
            (["marginal_lower", "marginal_upper"], draw.fit.shape.slope(u, *some)),
        ):
            out.loc[seen, names] = np.column_stack(self._percentiles(values))
        return out

    def selected(self) -> pd.DataFrame:
        """Return ``shape`` and the ``share`` of replicates in which it has the lowest AICc."""
        names = [d.fit.shape.name for d in self.draws]
        if not names:
            return pd.DataFrame({"shape": [], "share": []})
        aicc = np.column_stack([np.where(d.usable, d.aicc, np.inf) for d in self.draws])
        decided = np.isfinite(aicc).any(axis=1)
        wins = np.bincount(np.argmin(aicc[decided], axis=1), minlength=len(names))
        return pd.DataFrame({"shape": names, "share": wins / max(int(decided.sum()), 1)})

    def glance(self) -> pd.Series:
        """Return replicates, seed, and the usable ones of each shape."""
        usable = {f"usable_{d.fit.shape.name}": int(d.usable.sum()) for d in self.draws}
        figures = {"n": self.data.n, "replicates": self.replicates, "seed": self.seed, **usable}
        return pd.Series(figures, dtype=object, name="value")

    def headline(self) -> str:
        """Return how many replicates stand behind the intervals."""
        title = f"{self.data.x_name} → {self.data.y_name}"
        if not self.converged:
            return f"{title}: NO REPLICATE CAN BE USED, no interval of this bootstrap may be reported."
        least = min(int(d.usable.sum()) for d in self.draws)
        return f"{title}: {self.replicates} bootstrap replicates, at least {least} usable for every shape."


_TIDY = ("shape", "term", "est", "se", "statistic", "pvalue", "ci_lower", "ci_upper", "usable")


def bootstrap_curves(
    data: CurveData,
    options: CurveOptions,
    fits: Sequence[ShapeFit],
    replicates: int,
    seed: int,
    progress: Callable[[int, int], None] | None,
) -> CurveBootstrap:
    """Fit every usable shape to every resample; see ``CurveFit.bootstrap``."""
    if replicates < 1:
        raise FitError(
            f"replicates is {replicates}", fix="ask for at least one, for intervals at least 1,000"
        )
    usable = [f for f in fits if f.usable]
    parts: list[list[_Replicates]] = [[] for _ in usable]
    done = 0
    for weights in _resamples(data, replicates, seed):
        cells = Cells.gather(data.u, data.y, weights)
        size = weights.sum(axis=1) ** 2 / np.sum(data.weight * weights, axis=1)
        for part, fit in zip(parts, usable, strict=True):
            part.append(_refit(fit, cells, data, size))
        done += weights.shape[0]
        if progress is not None:
            progress(done, replicates)
    return CurveBootstrap(data, options, tuple(map(_join, parts)), replicates, seed)


def _resamples(data: CurveData, replicates: int, seed: int) -> Iterator[Array]:
    """Yield resampling counts times sampling weights, in chunks (b, n) that do not change the stream."""
    rng = np.random.default_rng(seed)
    units = data.n if data.cluster is None else int(data.cluster.max()) + 1
    step = max(1, _CHUNK // data.n)
    for start in range(0, replicates, step):
        size = min(step, replicates - start)
        counts = rng.multinomial(units, np.full(units, 1 / units), size=size)
        yield (counts if data.cluster is None else counts[:, data.cluster]) * data.weight


def _refit(fit: ShapeFit, cells: Cells, data: CurveData, size: Array) -> _Replicates:
    """Solve one chunk; ``size`` (b,) is the effective number of rows behind each replicate."""
    solution = solve(fit.shape, cells, data.axis, fit.box)
    total = cells.weight.sum(axis=1)
    mean = np.sum(cells.weight * cells.mean, axis=1) / total
    tss = cells.within + np.sum(cells.weight * (cells.mean - mean[:, None]) ** 2, axis=1)
    usable = solution.converged & (solution.bound == 0) & np.isfinite(solution.beta).all(axis=1) & (tss > 0)
    k = fit.k
    with np.errstate(divide="ignore", invalid="ignore"):
        sigma2 = np.maximum(solution.rss, EXACT * tss) / total
        figure = size * (np.log(2 * np.pi * sigma2) + 1) + 2 * k + 2 * k * (k + 1) / (size - k - 1)
    return _Replicates(fit, solution.beta, solution.psi, figure, usable)


def _join(parts: list[_Replicates]) -> _Replicates:
    stacked = [
        np.concatenate([getattr(p, name) for p in parts]) for name in ("beta", "psi", "aicc", "usable")
    ]
    return _Replicates(parts[0].fit, *stacked)
