"""Effects in simulated studies: what each study found of them, and what all studies together say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import special

from satloyal.errors import FitError
from satloyal.models.sem.result import SemFit
from satloyal.spec.source import nearest

__all__ = ["NEGLIGIBLE", "Effects", "find_effect"]

Array = NDArray[Any]

NEGLIGIBLE = 1e-6  # value of an effect, or discrepancy of a model from the population, that is rounding
_STEP = 1e-30


@dataclass(frozen=True, eq=False)
class Effects:
    """Effects as functions of θ.

    Parameters
    ----------
    fit : SemFit
        The analysis model in the population.
    names : tuple of str
    free : ndarray of int, shape (k,)
        Position in θ, −1 for definitions.
    defined : ndarray of int, shape (k,)
        Position among the definitions, −1 for parameters.
    population, std_all : ndarray, shape (k,)
    """

    fit: SemFit
    names: tuple[str, ...]
    free: Array
    defined: Array
    population: Array
    std_all: Array

    @classmethod
    def of(cls, fit: SemFit, wanted: str | Sequence[str] | None) -> Effects:
        """Find effects by label, definition or row; by default all but unlabelled measurement."""
        tidy = fit.tidy()
        order = {id(row): i for i, row in enumerate(fit.table.definitions)}
        known: dict[str, tuple[int, int, float, float, bool]] = {}
        for row, term, est, std in zip(
            fit.table.reported, fit._terms(), tidy["est"], tidy["std_all"], strict=True
        ):
            if row.op == ":=":
                known[row.lhs] = (-1, order[id(row)], est, std, True)
            elif row.free:
                name = row.label or str(term)
                known.setdefault(name, (row.free - 1, -1, est, std, bool(row.label) or row.op == "~"))
                known.setdefault(str(term), (row.free - 1, -1, est, std, False))
        if wanted is None:
            names = [name for name, entry in known.items() if entry[4]]
            names = names or list(known)
        else:
            asked = [wanted] if isinstance(wanted, str) else list(wanted)
            names = list(dict.fromkeys(find_effect(name, known) for name in asked))
        chosen = [known[name] for name in names]
        if not chosen:
            raise FitError("the model has nothing that is estimated", where="power", fix="free a parameter")
        free, defined, est, std, _ = zip(*chosen, strict=True)
        return cls(
            fit, tuple(names), np.array(free), np.array(defined), np.array(est, float), np.array(std, float)
        )

    def values(self, theta: Array) -> Array:
        """Return the effects, shape (B, k)."""
        out = np.empty((len(theta), len(self.names)), dtype=theta.dtype)
        single = self.free >= 0
        out[:, single] = theta[:, self.free[single]]
        if not single.all():
            out[:, ~single] = self.fit.definitions.values(theta)[:, self.defined[~single]]
        return out

    def errors(self, theta: Array, vcov: Array) -> Array:
        """Return their delta-method standard errors, shape (B, k)."""
        jacobian = np.zeros((len(theta), len(self.names), theta.shape[1]))
        for k in range(theta.shape[1]):
            moved = theta.astype(complex)
            moved[:, k] += 1j * _STEP
            jacobian[:, :, k] = self.values(moved).imag / _STEP
        with np.errstate(invalid="ignore"):
            return np.asarray(np.sqrt(np.einsum("bkq,bqr,bkr->bk", jacobian, vcov, jacobian, optimize=True)))

    def table(
        self, n: int, est: Array, se: Array, alpha: float, failed: int, outside: int
    ) -> list[dict[str, Any]]:
        """Return one row an effect."""
        used = len(est)
        critical = special.ndtri(1 - alpha / 2)
        rows = []
        for k, name in enumerate(self.names):
            truth = float(self.population[k])
            row: dict[str, Any] = {"n": n, "effect": name, "population": truth, "std_all": self.std_all[k]}
            e, s = est[:, k], se[:, k]
            if used >= 2:
                sd = float(e.std(ddof=1))
                hit = float((np.abs(e) > critical * s).mean())
                inside = float((np.abs(e - truth) <= critical * s).mean())
                row |= {
                    "mean": float(e.mean()), "bias": float(e.mean() - truth),
                    "relative_bias": float((e.mean() - truth) / truth) if abs(truth) > NEGLIGIBLE else np.nan,
                    "sd": sd, "mean_se": float(s.mean()),
                    "se_ratio": float(s.mean() / sd) if sd > 0 else np.nan,
                    "coverage": inside, "coverage_mcse": _mcse(inside, used), "power": hit,
                    "power_mcse": _mcse(hit, used),
                }  # fmt: skip
            else:
                row |= dict.fromkeys(
                    ("mean", "bias", "relative_bias", "sd", "mean_se", "se_ratio", "coverage",
                     "coverage_mcse", "power", "power_mcse"), np.nan,
                )  # fmt: skip
            rows.append(row | {"used": used, "failed": failed, "inadmissible": outside})
        return rows


def _mcse(share: float, used: int) -> float:
    return float(np.sqrt(share * (1 - share) / used))


def find_effect(name: str, known: Any) -> str:
    """Return the name as it is known, spaces aside; refuse others with the nearest."""
    plain = {"".join(str(k).split()): k for k in known}
    found = plain.get("".join(str(name).split()))
    if found is None:
        near = nearest(str(name), [str(k) for k in known])
        hint = f"did you mean '{near}'?" if near else f"it has, for instance, '{next(iter(known))}'"
        raise FitError(f"the model has no effect '{name}' that is estimated", where="effect=", fix=hint)
    return str(found)
