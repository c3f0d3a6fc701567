"""Rows with given means, covariances, skewness and kurtosis."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import optimize

from satloyal.errors import FitError

__all__ = ["Shape", "fleishman", "margins"]

Array = NDArray[Any]

_GAMMA = (
    1.5  # excess kurtosis over squared skewness of a gamma distribution: the default company of a skewness
)
_STEPS = 8


def margins(given: float | Mapping[str, float] | None, names: Sequence[str], what: str) -> Array | None:
    """Return one value a variable; 0 for those that a mapping leaves out.

    Raises
    ------
    FitError
        A name is not there, or a value is no number.
    """
    if given is None:
        return None
    if isinstance(given, Mapping):
        strange = [name for name in given if name not in names]
        if strange:
            raise FitError(
                f"the model has no observed variable {strange[0]!r}", where=f"{what}=", fix="check the name"
            )
        values = np.array([float(given.get(name, 0.0)) for name in names])
    else:
        values = np.full(len(names), float(given))
    if not np.isfinite(values).all():
        raise FitError("a value is not finite", where=f"{what}=", fix="give numbers")
    return values


def fleishman(skewness: float, kurtosis: float) -> tuple[float, float, float]:
    """Coefficients b, c, d of −c + bZ + cZ² + dZ³ with variance one and the given skewness and kurtosis.

    Parameters
    ----------
    skewness, kurtosis : float
        The third and fourth standardised cumulants (excess kurtosis).

    Raises
    ------
    FitError
        No such polynomial exists.

    Notes
    -----
    Fleishman 1978, *Psychometrika* 43:521-532.

    Examples
    --------
    >>> b, c, d = fleishman(0.0, 0.0)
    >>> round(b, 6), round(c, 6), round(d, 6)
    (1.0, 0.0, 0.0)
    """

    def gap(x: Array, share: float) -> list[float]:
        b, c, d = x
        return [
            b * b + 6 * b * d + 2 * c * c + 15 * d * d - 1,
            2 * c * (b * b + 24 * b * d + 105 * d * d + 2) - share * skewness,
            24 * (b * d + c * c * (1 + b * b + 28 * b * d)
                  + d * d * (12 + 48 * b * d + 141 * c * c + 225 * d * d)) - share * kurtosis,
        ]  # fmt: skip

    point = np.array([1.0, 0.0, 0.0])
    good = False
    for step in range(1, _STEPS + 1):
        found = optimize.root(gap, point, args=(step / _STEPS,), tol=1e-12)
        point, good = found.x, bool(np.abs(found.fun).max() < 1e-8)
    if not good or point[0] + 3 * point[2] <= 0:
        least = 1.588 * skewness**2 - 1.132
        raise FitError(
            f"no polynomial of a normal variable has skewness {skewness:g} and excess kurtosis {kurtosis:g}",
            where="skewness=, kurtosis=", fix=f"about this skewness needs a kurtosis above {least:.2f}",
        )  # fmt: skip
    return float(point[0]), float(point[1]), float(point[2])


class Shape:
    """Draws rows by Fleishman's polynomials of correlated normal variables.

    Parameters
    ----------
    cov : ndarray, shape (p, p)
    mean : ndarray, shape (p,)
    skewness, kurtosis : ndarray, shape (p,), optional
        Normal when both are missing. A skewness without a kurtosis gets that of a gamma distribution.

    Notes
    -----
    Vale & Maurelli 1983, *Psychometrika* 48:465-471: correlations of the normal variables are such that
    those of the polynomials are right.
    """

    def __init__(self, cov: Array, mean: Array, skewness: Array | None, kurtosis: Array | None) -> None:
        self.mean, self.sd = mean, np.sqrt(np.diagonal(cov))
        self.normal = skewness is None and kurtosis is None
        correlation = cov / np.outer(self.sd, self.sd)
        p = len(cov)
        if self.normal:
            self.b, self.c, self.d = np.ones(p), np.zeros(p), np.zeros(p)
        else:
            skew = np.zeros(p) if skewness is None else skewness
            kurt = _GAMMA * skew**2 if kurtosis is None else kurtosis
            shapes = {pair: fleishman(*pair) for pair in set(zip(skew.tolist(), kurt.tolist(), strict=True))}
            table = np.array([shapes[pair] for pair in zip(skew.tolist(), kurt.tolist(), strict=True)])
            self.b, self.c, self.d = table.T
            correlation = self._intermediate(correlation)
        self.root = np.linalg.cholesky(correlation)

    def _intermediate(self, target: Array) -> Array:
        out = np.eye(len(target))
        b, c, d = self.b, self.c, self.d
        for i in range(len(target)):
            for j in range(i):
                first = b[i] * b[j] + 3 * b[i] * d[j] + 3 * d[i] * b[j] + 9 * d[i] * d[j]
                roots = np.roots([6 * d[i] * d[j], 2 * c[i] * c[j], first, -target[i, j]])
                real = roots[np.abs(roots.imag) < 1e-9].real
                real = real[np.abs(real) <= 1]
                if not len(real):
                    raise FitError(
                        f"a correlation of {target[i, j]:.2f} cannot be had with this skewness and kurtosis",
                        where="skewness=, kurtosis=", fix="milder values, or weaker relations",
                    )  # fmt: skip
                out[i, j] = out[j, i] = real[np.argmin(np.abs(real - target[i, j]))]
        least = float(np.linalg.eigvalsh(out)[0])
        if least <= 0:
            raise FitError(
                "these correlations cannot be had together with this skewness and kurtosis (the normal "
                f"correlations behind them have an eigenvalue of {least:.3g})",
                where="skewness=, kurtosis=", fix="milder values",
            )  # fmt: skip
        return out

    def draw(self, size: int, n: int, generator: np.random.Generator) -> Array:
        """Return samples of rows, shape (size, n, p)."""
        Z = generator.standard_normal((size, n, len(self.mean))) @ self.root.T
        if not self.normal:
            Z = -self.c + Z * (self.b + Z * (self.c + Z * self.d))
        return np.asarray(self.mean + Z * self.sd)
