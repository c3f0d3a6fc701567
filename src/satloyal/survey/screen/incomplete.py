"""Means and covariances of incomplete answers: by pairs where that is sound, else by maximum likelihood."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

__all__ = ["by_missing", "mean_and_covariance"]

Array = NDArray[np.float64]

PIECE = 2_000
"""Rows solved at once: 2,000 matrices of 40 × 40 take 26 MB."""

_SOUND = 0.05
"""Smallest eigenvalue of a correlation matrix of pairs that is trusted: it need not be of any data, and near
0 it gives distances beyond all bounds."""

_ITERATIONS = 200
_CHANGE = 1e-5


def by_missing(there: NDArray[np.bool_]) -> Iterator[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    """Yield pieces of rows that miss equally many answers, and which ones: shapes (r,) and (r, m).

    Complete rows and empty ones are passed over.

    Examples
    --------
    >>> there = np.array([[True, False], [True, True], [False, True]])
    >>> [(rows.tolist(), columns.tolist()) for rows, columns in by_missing(there)]
    [([0, 2], [[1], [0]])]
    """
    missing = (~there).sum(axis=1)
    for count in np.unique(missing[(missing > 0) & (missing < there.shape[1])]).tolist():
        of_count = np.flatnonzero(missing == count)
        for start in range(0, len(of_count), PIECE):
            rows = of_count[start : start + PIECE]
            yield rows, np.nonzero(~there[rows])[1].reshape(len(rows), -1)


def mean_and_covariance(values: Array) -> tuple[Array, Array, bool]:
    """Return means, covariances (divisor n − 1) and whether they are those of all pairs answered.

    Parameters
    ----------
    values : ndarray, shape (n, k)
        NaN where there is no answer; complete data give the sample's own figures.

    Returns
    -------
    mean : ndarray, shape (k,)
        NaN for an item that nobody answered.
    cov : ndarray, shape (k, k)
        0 for an item that does not vary.
    by_pairs : bool
        False where the matrix of pairs was not soundly positive definite, and the EM algorithm's (R. J. A.
        Little and D. B. Rubin, 2002, Statistical Analysis with Missing Data, section 11.2) was taken.

    Examples
    --------
    >>> mean, cov, _ = mean_and_covariance(np.array([[1.0, 2.0], [3.0, 6.0]]))
    >>> mean.tolist(), cov.tolist()
    ([2.0, 4.0], [[2.0, 4.0], [4.0, 8.0]])
    """
    there = ~np.isnan(values)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = np.where(there, values, 0.0).sum(axis=0) / there.sum(axis=0)
    x = np.where(there, values - mean, 0.0)
    cov = _pairwise(x, there)
    varies = np.diag(cov) > 0
    if there[:, varies].all() or not varies.any():
        return mean, cov, True
    spread = np.sqrt(np.diag(cov)[varies])
    scaled = cov[np.ix_(varies, varies)] / np.outer(spread, spread)
    roots, vectors = np.linalg.eigh(scaled)
    if roots[0] > _SOUND:
        return mean, cov, True
    start = (vectors * np.maximum(roots, _SOUND)) @ vectors.T
    shift, found = _em(x[:, varies] / spread, there[:, varies], start)
    mean, cov = mean.copy(), np.zeros_like(cov)
    mean[varies] += shift * spread
    cov[np.ix_(varies, varies)] = found * np.outer(spread, spread)
    return mean, cov, False


def _pairwise(x: Array, there: NDArray[np.bool_]) -> Array:
    """Return covariances of centred items over those who answered both; 0 where hardly anybody did."""
    m = there.astype(float)
    n = m.T @ m
    sums = x.T @ m
    with np.errstate(divide="ignore", invalid="ignore"):
        cov = (x.T @ x - sums * sums.T / n) / (n - 1)
    return np.where(n >= 2, cov, 0.0)


def _em(x: Array, there: NDArray[np.bool_], start: Array) -> tuple[Array, Array]:
    r"""Return means and covariances of a normal distribution by expectation and maximisation.

    With :math:`K = S^{-1}`, *d* the deviations (0 where missing) and :math:`q = K d`, what is missing has the
    expectation :math:`-K_{mm}^{-1} q_m` and the covariance :math:`K_{mm}^{-1}`.
    """
    some = there.any(axis=1)
    x, there = x[some], there[some]
    n = len(x)
    mean, cov = np.zeros(x.shape[1]), start
    for _ in range(_ITERATIONS):
        # data that determine one another lead to a singular matrix; it is approached, never inverted
        precision = np.linalg.inv(cov + 1e-9 * np.eye(len(cov)))
        d = np.where(there, x - mean, 0.0)
        q = d @ precision
        extra = np.zeros_like(cov)
        for rows, columns in by_missing(there):
            spread = np.linalg.inv(precision[columns[:, :, None], columns[:, None, :]])
            v = np.take_along_axis(q[rows], columns, axis=1)
            np.put_along_axis(expected := d[rows], columns, -(spread @ v[:, :, None])[:, :, 0], axis=1)
            d[rows] = expected
            np.add.at(extra, (columns[:, :, None], columns[:, None, :]), spread)
        step = d.mean(axis=0)
        before, mean = cov, mean + step
        cov = (d.T @ d + extra) / n - np.outer(step, step)
        if np.abs(cov - before).max() < _CHANGE and np.abs(step).max() < _CHANGE:
            break
    return mean, cov * n / max(n - 1, 1)
