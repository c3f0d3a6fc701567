"""Factor scores from answers in categories: the most likely place of each respondent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy import special

from satloyal.errors import FitError

if TYPE_CHECKING:
    from satloyal.models.sem.result import SemFit

__all__ = ["ordinal_scores"]

Array = NDArray[Any]

_STEPS = 100
_CLOSE = 1e-10
_LEAST = 1e-300
_FAR = 37.0  # beyond this the normal density is nothing


def ordinal_scores(fit: SemFit, number: int, rows: Array) -> tuple[Array, Array]:
    """Return the posterior modes of the latent variables of one group, and their standard errors.

    Parameters
    ----------
    fit : SemFit
        With ordinal items, all variables being indicators.
    number : int
        Position of the group.
    rows : ndarray, shape (n, p)
        Its answers.

    Returns
    -------
    scores, errors : ndarray, shape (n, k)
        Errors are the roots of the diagonal of the inverse curvature at the mode, parameters taken as known;
        NaN where no mode was reached.

    Notes
    -----
    Maximises Σ_j log[Φ((τ_u − ν_j − λ_jᵀη)/√θ_j) − Φ((τ_l − ν_j − λ_jᵀη)/√θ_j)] − ½ (η − α)ᵀΦ⁻¹(η − α)
    (Muthén 1984; Bock & Aitkin 1981, *Psychometrika* 46:443-459) by Newton steps, all rows at once. The
    function is concave, so that there is one mode.
    """
    mean, loadings, intercepts, noise, inverse = _model(fit, number)
    low, high, exact = _limits(fit, number, rows)
    scale = np.sqrt(noise)
    eta = np.tile(mean, (len(rows), 1))
    value, slope, curve = _posterior(
        eta, rows, low, high, exact, (mean, loadings, intercepts, scale, inverse)
    )
    done = np.zeros(len(rows), bool)
    for _ in range(_STEPS):
        step = np.linalg.solve(curve, slope[:, :, None])[:, :, 0]
        done = np.einsum("nk,nk->n", slope, step) < _CLOSE
        if done.all():
            break
        length = np.where(done, 0.0, 1.0)
        for _ in range(30):
            trial = eta + length[:, None] * step
            found = _posterior(trial, rows, low, high, exact, (mean, loadings, intercepts, scale, inverse))
            worse = (found[0] < value - 1e-12) & (length > 0)
            if not worse.any():
                break
            length[worse] /= 2
        eta, (value, slope, curve) = trial, found
    eta = np.where(done[:, None], eta, np.nan)
    with np.errstate(invalid="ignore"):
        errors = np.sqrt(np.diagonal(np.linalg.inv(curve), axis1=1, axis2=2))
    return eta, np.where(done[:, None], errors, np.nan)


def _model(fit: SemFit, number: int) -> tuple[Array, Array, Array, Array, Array]:
    """Latent means, loadings, intercepts, residual variances, and the inverse of the latent covariances."""
    ram, group = fit.rams[number], fit.sample.groups[number]
    A, S = (matrix[0] for matrix in ram.matrices(fit.theta[None], group.cov, group.mean))
    p, m = ram.observed, len(ram.variables)
    at = [ram.variables.index(name) for name in fit.table.latent]
    residual = S[:p, :p] - np.diag(np.diagonal(S[:p, :p]))
    if fit.table.covariates or A[:, :p].any() or np.abs(residual).max(initial=0.0) > 0:
        raise FitError(
            "scores of ordinal items are made where every variable is an indicator and residuals do not "
            "covary, and this model has more", where="factor_scores", fix="score a measurement model",
        )  # fmt: skip
    noise = np.diagonal(S)[:p]
    E = np.linalg.inv(np.eye(m) - A)
    constant = ram.manifest - 1
    S = S.copy()
    S[constant, constant] = 0.0
    phi = (E @ S @ E.T)[np.ix_(at, at)]
    if (noise <= 0).any() or np.linalg.eigvalsh(phi)[0] <= 0:
        raise FitError(
            "the solution is not admissible, so that there are no scores", where="factor_scores",
            fix="see the checks",
        )  # fmt: skip
    return E[at, constant], A[:p, at], A[:p, constant], noise, np.linalg.inv(phi)


def _limits(fit: SemFit, number: int, rows: Array) -> tuple[Array, Array, Array]:
    """Thresholds on both sides of each answer, shapes (n, p), and which variables are continuous."""
    low, high = np.full(rows.shape, -np.inf), np.full(rows.shape, np.inf)
    exact = np.array([name not in fit.table.ordered for name in fit.table.observed])
    assert fit.input.rows is not None  # noqa: S101 - ordinal items come with rows
    cuts: dict[str, list[float]] = {}
    for row in fit.table.rows:
        if row.op == "|" and row.group == number + 1:
            value = fit.theta[row.free - 1] if row.free else row.value
            cuts.setdefault(row.lhs, []).append(float(0.0 if value is None else value))
    for j, name in enumerate(fit.table.observed):
        if exact[j]:
            continue
        column = fit.input.rows.values[:, j]
        codes = np.unique(column[np.isfinite(column)])
        edges = np.array([-np.inf, *sorted(cuts.get(name, [])), np.inf])
        if len(codes) != len(edges) - 1:
            raise FitError(
                f"'{name}' has {len(codes)} categories and {len(edges) - 2} thresholds",
                where="factor_scores", fix="merge categories before the fit",
            )  # fmt: skip
        known = np.isfinite(rows[:, j])
        place = np.searchsorted(codes, rows[known, j])
        low[known, j], high[known, j] = edges[place], edges[place + 1]
    return low, high, exact


def _posterior(
    eta: Array, rows: Array, low: Array, high: Array, exact: Array,
    model: tuple[Array, Array, Array, Array, Array],
) -> tuple[Array, Array, Array]:  # fmt: skip
    """Log posterior (n,), its slope (n, k), and minus its curvature (n, k, k)."""
    mean, loadings, intercepts, scale, inverse = model
    centre = intercepts + eta @ loadings.T
    away = eta - mean
    a, b = (np.clip((edge - centre) / scale, -_FAR, _FAR) for edge in (low, high))
    share = np.maximum(_between(a, b), _LEAST)
    pa, pb = (np.where(np.abs(z) < _FAR, np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi), 0.0) for z in (a, b))
    pull = (pa - pb) / share  # ∂ log share / ∂ centre, in units of scale
    bend = pull**2 + (b * pb - a * pa) / share
    value = np.log(share)
    known = np.isfinite(rows)
    gap = np.where(known, rows - centre, 0.0) / scale
    value = np.where(exact, -(gap**2) / 2, value)
    pull = np.where(exact, gap, pull) / scale
    bend = np.where(exact, known.astype(float), bend) / scale**2
    slope = pull @ loadings - away @ inverse
    curve = np.einsum("np,pk,pl->nkl", bend, loadings, loadings, optimize=True) + inverse
    return value.sum(axis=1) - np.einsum("nk,kl,nl->n", away, inverse, away) / 2, slope, curve


def _between(a: Array, b: Array) -> Array:
    """Φ(b) − Φ(a), in the tail where it is small."""
    flip = a > 0
    return np.where(flip, special.ndtr(-a) - special.ndtr(-b), special.ndtr(b) - special.ndtr(a))
