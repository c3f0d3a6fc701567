"""Saturated moments of incomplete rows: maximum likelihood means and covariances by accelerated EM.

On augmented moments one EM step is Σ ← Σ − Σ G Σ with G = ∂F/∂Σ: what the complete rows would be expected
to hold (Dempster, Laird & Rubin 1977, *J. R. Stat. Soc. B* 39:1-38; Little & Rubin 2002, ch. 11). Steps are
combined by Anderson's (1965, *J. ACM* 12:547-560) extrapolation and taken back where they would go uphill.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from satloyal.core.patterns import PatternLikelihood, Patterns

__all__ = ["Saturated", "saturated_batch", "saturated_moments"]

Array = NDArray[Any]

_MEMORY = 12  # past steps that an extrapolation combines
_RIDGE = 1e-14  # keeps nearly dependent past steps solvable
_NOISE = 1e-13


@dataclass(frozen=True, eq=False)
class Saturated:
    """Saturated moments of one sample.

    Parameters
    ----------
    mean : ndarray, shape (p,)
    cov : ndarray, shape (p, p)
    value : float
        F = −2 log-likelihood a row, less p̄ log 2π, p̄ the mean number of values a row.
    iterations : int
    converged : bool
    """

    mean: Array
    cov: Array
    value: float
    iterations: int
    converged: bool


def saturated_moments(
    patterns: Patterns, *, tolerance: float = 1e-15, max_iterations: int = 2000
) -> Saturated:
    """Maximise the likelihood of incomplete rows over all means and covariances.

    Parameters
    ----------
    patterns : Patterns
    tolerance : float
        Of tr(ΣGΣG)/2, the squared length of an EM step in units of standard errors a row.
    max_iterations : int

    Returns
    -------
    Saturated

    Examples
    --------
    >>> rows = np.array([[1.0, 2.0], [2.0, 3.0], [3.0, 5.0], [4.0, np.nan]])
    >>> saturated_moments(Patterns.of(rows)).mean.round(3).tolist()
    [2.5, 4.083]
    """
    likelihood = patterns.likelihood()
    start = _available(patterns)[None]
    sigma, value, iterations, converged = saturated_batch(
        likelihood, start, tolerance=tolerance, max_iterations=max_iterations
    )
    p = len(patterns.origin)
    mean = sigma[0, :p, p]
    cov = sigma[0, :p, :p] - np.outer(mean, mean)
    return Saturated(
        patterns.origin + mean, (cov + cov.T) / 2, float(value[0]), int(iterations[0]), bool(converged[0])
    )


def _available(patterns: Patterns) -> Array:
    """Means and variances of the values that are there, about the origin, uncorrelated."""
    p = len(patterns.origin)
    count = patterns.size @ patterns.observed
    mean = patterns.size @ patterns.second[:, :p, p] / count
    square = patterns.size @ patterns.second[:, np.arange(p), np.arange(p)] / count
    out = np.zeros((p + 1, p + 1))
    out[:p, :p] = np.outer(mean, mean)
    out[np.arange(p), np.arange(p)] = square
    out[:p, p] = out[p, :p] = mean
    out[p, p] = 1.0
    return out


def saturated_batch(
    likelihood: PatternLikelihood, start: Array, *, tolerance: float = 1e-15, max_iterations: int = 2000
) -> tuple[Array, Array, Array, Array]:
    """Maximise a batch of likelihoods.

    Parameters
    ----------
    likelihood : PatternLikelihood
        Of B samples.
    start : ndarray, shape (B, a, a)
        Augmented moments, positive definite.

    Returns
    -------
    sigma : ndarray, shape (B, a, a)
    value : ndarray, shape (B,)
        At the last positive definite matrix; where there is no maximum, ``sigma`` is one step on.
    iterations : ndarray of int, shape (B,)
    converged : ndarray of bool, shape (B,)
    """
    size = len(start)
    sigma, value = start.copy(), np.full(size, np.inf)
    iterations, converged = np.zeros(size, dtype=int), np.zeros(size, dtype=bool)
    which = np.arange(size)
    here = start.copy()
    now, G, _ = likelihood.derivatives(here)
    past: list[tuple[Array, Array]] = []
    for step in range(max_iterations + 1):
        GS = G @ here
        move = -here @ GS
        length = 0.5 * np.einsum("bij,bji->b", GS, GS)
        done = length < tolerance
        if done.any() or step == max_iterations:
            sigma[which], value[which], iterations[which] = here, now, step
            converged[which[done]] = True
            go = ~done
            if step == max_iterations or not go.any():
                break
            which, here, now, move = which[go], here[go], now[go], move[go]
            past = [(a[go], b[go]) for a, b in past]
            likelihood = likelihood.take(go)
        past = [*past[-_MEMORY:], (here, move)]
        trial = _extrapolated(past)
        found, gradient, ok = likelihood.derivatives(trial)
        worse = ~(ok & (found <= now + _NOISE * np.abs(now)))
        if worse.any():
            plain = here[worse] + move[worse]
            trial[worse] = plain
            found[worse], gradient[worse], ok[worse] = likelihood.take(worse).derivatives(plain)
        lost = ~(ok & np.isfinite(found))  # on the way to a singular matrix, where there is no maximum
        if lost.any():
            kept: Array = np.asarray(np.isfinite(trial[lost]).all(axis=(1, 2)))
            sigma[which[lost]] = np.where(kept[:, None, None], trial[lost], here[lost])
            value[which[lost]], iterations[which[lost]] = now[lost], step
            go = ~lost
            if not go.any():
                break
            which, trial, found, gradient = which[go], trial[go], found[go], gradient[go]
            past = [(a[go], b[go]) for a, b in past]
            likelihood = likelihood.take(go)
        here, now, G = trial, found, gradient
    return sigma, value, iterations, converged


def _extrapolated(past: list[tuple[Array, Array]]) -> Array:
    """Combine past points and their steps so that the combined step is shortest (Walker & Ni 2011)."""
    point, step = past[-1]
    if len(past) == 1:
        return np.asarray(point + step)
    size = len(point)
    points = np.stack([(b[0] - a[0]).reshape(size, -1) for a, b in pairwise(past)], 1)
    steps = np.stack([(b[1] - a[1]).reshape(size, -1) for a, b in pairwise(past)], 1)
    lengths = np.sqrt(np.einsum("bmk,bmk->bm", steps, steps)) + 1e-300
    unit = steps / lengths[..., None]
    gram = unit @ unit.transpose(0, 2, 1) + _RIDGE * np.eye(unit.shape[1])
    gamma = np.linalg.solve(gram, unit @ step.reshape(size, -1, 1)) / lengths[..., None]
    back = ((points + steps).transpose(0, 2, 1) @ gamma).reshape(point.shape)
    return np.asarray(point + step - back)
