"""Reliability and validity of multi-item measures, from covariance matrices and factor solutions.

Every function takes leading batch dimensions ``(..., )`` and never loops over them. A coefficient that is
not defined for its input is NaN.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = [
    "average_variance_extracted",
    "composite_reliability",
    "correlations",
    "cronbach_alpha",
    "fornell_larcker",
    "htmt",
    "maximal_reliability",
    "omega",
    "omega_of_composite",
]

Array = NDArray[Any]


def _ratio(numerator: Array, denominator: Array) -> Array:
    """Divide; NaN where the denominator is not a positive variance."""
    numerator, denominator = np.broadcast_arrays(numerator, denominator)
    undefined = ~(np.real(denominator) > 0)
    return np.where(undefined, np.nan, numerator / np.where(undefined, 1.0, denominator))


def _floats(value: ArrayLike) -> Array:
    """Return floats; complex numbers stay, so that a complex step gives derivatives."""
    given = np.asarray(value)
    return given if np.iscomplexobj(given) else given.astype(float)


def cronbach_alpha(cov: ArrayLike) -> Array:
    r"""Return Cronbach's alpha of the sum of k items.

    .. math:: \alpha = \frac{k}{k-1}\left(1 - \frac{\operatorname{tr} S}{1^\top S 1}\right)

    Parameters
    ----------
    cov : array_like (..., k, k)
        Covariance matrices of the items (any divisor). A correlation matrix gives the standardised alpha.

    Returns
    -------
    ndarray (...)
        Alpha; NaN for a single item, and where the sum of the items has no variance.

    References
    ----------
    Cronbach, L. J. (1951). Coefficient alpha and the internal structure of tests. Psychometrika, 16,
    297-334.

    Examples
    --------
    >>> float(cronbach_alpha([[1.0, 0.5, 0.5], [0.5, 1.0, 0.5], [0.5, 0.5, 1.0]]))
    0.75
    """
    S = _floats(cov)
    k = S.shape[-1]
    if k < 2:
        return np.full(S.shape[:-2], np.nan)
    own = np.trace(S, axis1=-2, axis2=-1)
    alpha: Array = k / (k - 1) * (1 - _ratio(own, S.sum((-2, -1))))
    return alpha


def omega(loadings: ArrayLike, factor_variance: ArrayLike, residual_cov: ArrayLike) -> Array:
    r"""Return omega of a factor, as if its items measured nothing else.

    .. math:: \omega = \frac{(\sum\lambda_i)^2\phi}{(\sum\lambda_i)^2\phi + 1^\top\Theta 1}

    Parameters
    ----------
    loadings : array_like (..., k)
        Unstandardised loadings of the items on this factor.
    factor_variance : array_like (...)
        Model-implied variance of the factor.
    residual_cov : array_like (..., k, k)
        Residual covariance matrix of the items, covariances included.

    Returns
    -------
    ndarray (...)
        Omega; NaN where the denominator is not positive.

    References
    ----------
    Raykov, T. (2001). Estimation of congeneric scale reliability using covariance structure analysis with
    nonlinear constraints. British Journal of Mathematical and Statistical Psychology, 54, 315-323.

    Examples
    --------
    >>> import numpy as np
    >>> round(float(omega([0.8, 0.7, 0.6], 1.0, np.diag([0.36, 0.51, 0.64]))), 4)
    0.7449
    """
    true = _floats(loadings).sum(-1) ** 2 * _floats(factor_variance)
    return _ratio(true, true + _floats(residual_cov).sum((-2, -1)))


def omega_of_composite(loadings: ArrayLike, factor_variance: ArrayLike, cov: ArrayLike) -> Array:
    r"""Return the share of a sum score's variance that a factor accounts for.

    .. math:: \omega = \frac{(\sum\lambda_i)^2\phi}{1^\top C 1}

    With the model-implied covariance matrix of the items as `cov` (their other loadings included) this is
    Bentler's coefficient, omega2 in semTools; with the sample covariance matrix it is McDonald's, omega3.

    Parameters
    ----------
    loadings : array_like (..., k)
        Unstandardised loadings of the items on this factor.
    factor_variance : array_like (...)
        Model-implied variance of the factor.
    cov : array_like (..., k, k)
        Covariance matrix of the items.

    Returns
    -------
    ndarray (...)
        The coefficient; NaN where the sum score has no variance.

    References
    ----------
    Bentler, P. M. (1972). A lower-bound method for the dimension-free measurement of internal consistency.
    Social Science Research, 1, 343-357. McDonald, R. P. (1999). Test theory: a unified treatment. Erlbaum.

    Examples
    --------
    >>> omega_of_composite([1.0, 1.0], 0.5, [[1.0, 0.5], [0.5, 1.0]]).round(4).item()
    0.6667
    """
    true = _floats(loadings).sum(-1) ** 2 * _floats(factor_variance)
    return _ratio(true, _floats(cov).sum((-2, -1)))


def average_variance_extracted(loadings: ArrayLike, factor_variance: ArrayLike, cov: ArrayLike) -> Array:
    r"""Return the average variance extracted (AVE) in the metric of the items.

    .. math:: \mathrm{AVE} = \frac{\sum\lambda_i^2\phi}{\operatorname{tr}\hat\Sigma}

    With standardised loadings, a factor variance of 1 and an implied correlation matrix this is the mean
    squared standardised loading.

    Parameters
    ----------
    loadings : array_like (..., k)
        Loadings of the items on this factor, and on this factor only.
    factor_variance : array_like (...)
        Model-implied variance of the factor.
    cov : array_like (..., k, k)
        Model-implied covariance matrix of the items.

    Returns
    -------
    ndarray (...)
        The AVE; NaN where the items have no variance.

    References
    ----------
    Fornell, C., & Larcker, D. F. (1981). Evaluating structural equation models with unobservable variables
    and measurement error. Journal of Marketing Research, 18, 39-50.

    Examples
    --------
    >>> average_variance_extracted([0.8, 0.6], 1.0, [[1.0, 0.48], [0.48, 1.0]]).item()
    0.5
    """
    explained = (_floats(loadings) ** 2).sum(-1) * _floats(factor_variance)
    return _ratio(explained, np.trace(_floats(cov), axis1=-2, axis2=-1))


def composite_reliability(std_loadings: ArrayLike, std_residual_variances: ArrayLike | None = None) -> Array:
    r"""Return Jöreskog's composite reliability, rho_c, from standardised loadings.

    .. math:: \rho_c = \frac{(\sum\lambda_i^*)^2}{(\sum\lambda_i^*)^2 + \sum\theta_i^*}

    Parameters
    ----------
    std_loadings : array_like (..., k)
        Standardised loadings of the items on this factor.
    std_residual_variances : array_like (..., k), optional
        Standardised residual variances; without them 1 - loading², which holds for items that load on one
        factor only.

    Returns
    -------
    ndarray (...)
        rho_c; NaN where the denominator is not positive.

    References
    ----------
    Jöreskog, K. G. (1971). Statistical analysis of sets of congeneric tests. Psychometrika, 36, 109-133.
    Fornell and Larcker (1981), equation 10.

    Examples
    --------
    >>> round(float(composite_reliability([0.8, 0.7, 0.6])), 4)
    0.7449
    """
    loading = _floats(std_loadings)
    error = 1 - loading**2 if std_residual_variances is None else _floats(std_residual_variances)
    true = loading.sum(-1) ** 2
    return _ratio(true, true + error.sum(-1))


def maximal_reliability(loadings: ArrayLike, factor_variance: ArrayLike, residual_cov: ArrayLike) -> Array:
    r"""Return maximal reliability, coefficient H: of the best weighted sum of a factor's items.

    .. math:: H = \frac{\phi\,\lambda^\top\Theta^{-1}\lambda}{1 + \phi\,\lambda^\top\Theta^{-1}\lambda}

    The weights are Θ⁻¹λ, so H is never below omega. With uncorrelated errors the quadratic form is
    Σ λ*² / (1 − λ*²) of the standardised loadings λ*.

    Parameters
    ----------
    loadings : array_like (..., k)
        Loadings of the items on this factor.
    factor_variance : array_like (...)
        Model-implied variance of the factor.
    residual_cov : array_like (..., k, k)
        Residual covariance matrix of the items, covariances included.

    Returns
    -------
    ndarray (...)
        H; NaN where the residual covariance matrix is not positive definite: an item without error would
        make any construct perfectly reliable.

    References
    ----------
    Hancock, G. R., & Mueller, R. O. (2001). Rethinking construct reliability within latent variable systems.
    In R. Cudeck, S. du Toit, & D. Sörbom (Eds.), Structural equation modeling: present and future (pp.
    195-216). Scientific Software International. With correlated errors: Li, H. (1997). A unifying
    expression for the maximal reliability of a linear composite. Psychometrika, 62, 245-249.

    Examples
    --------
    >>> import numpy as np
    >>> round(float(maximal_reliability([0.8, 0.7, 0.6], 1.0, np.diag([0.36, 0.51, 0.64]))), 4)
    0.7675
    """
    loading, theta = _floats(loadings), _floats(residual_cov)
    definite = _definite(np.real(theta))
    theta = np.where(definite[..., None, None], theta, np.eye(theta.shape[-1]))
    # The common shape of a batch of loadings and one matrix, or the other way round.
    signal = (loading * np.linalg.solve(theta, loading[..., None])[..., 0]).sum(-1) * _floats(factor_variance)
    return np.where(definite, _ratio(signal, 1 + signal), np.nan)


def _definite(matrix: Array) -> Array:
    """Say which matrices are positive definite beyond rounding, (...)."""
    finite = np.asarray(np.isfinite(matrix).all((-2, -1)))
    values = np.linalg.eigvalsh(np.where(finite[..., None, None], matrix, 0.0))
    return np.asarray(values[..., 0] > 1e-12 * np.abs(values[..., -1]))


def correlations(cov: ArrayLike) -> Array:
    """Return the correlation matrices of covariance matrices; NaN beside a variance that is not positive.

    Parameters
    ----------
    cov : array_like (..., p, p)
        Covariance matrices.

    Returns
    -------
    ndarray (..., p, p)
        Correlation matrices.

    Examples
    --------
    >>> correlations([[4.0, 1.0], [1.0, 1.0]]).tolist()
    [[1.0, 0.5], [0.5, 1.0]]
    """
    S = _floats(cov)
    variance = np.diagonal(S, axis1=-2, axis2=-1)
    with np.errstate(invalid="ignore"):
        sd = np.sqrt(np.where(np.real(variance) > 0, variance, np.nan))
    R: Array = S / (sd[..., :, None] * sd[..., None, :])
    return R


def htmt(
    cov: ArrayLike,
    blocks: Sequence[Sequence[int]],
    *,
    kind: Literal["htmt", "htmt2"] = "htmt",
    absolute: bool = True,
) -> Array:
    r"""Return the heterotrait-monotrait ratios of the correlations between sets of items.

    For sets i and j the mean correlation across the sets over the geometric mean of the two mean
    correlations within the sets:

    .. math:: \mathrm{HTMT}_{ij} = \frac{\bar r_{ij}}{\sqrt{\bar r_{ii}\,\bar r_{jj}}}

    Parameters
    ----------
    cov : array_like (..., p, p)
        Covariance or correlation matrices of the items.
    blocks : sequence of sequences of int
        The positions of the items of each construct in `cov`. An item that belongs to two constructs is
        not paired with itself.
    kind : {"htmt", "htmt2"}
        ``"htmt"`` takes arithmetic means (tau-equivalent items); ``"htmt2"`` takes geometric means
        (congeneric items).
    absolute : bool
        Take absolute correlations, so that items worded the other way do not cancel.

    Returns
    -------
    ndarray (..., c, c)
        Ratios, 1 on the diagonal. NaN for a construct with a single item (it has no correlation within),
        and where a mean correlation within is not positive.

    References
    ----------
    Henseler, J., Ringle, C. M., & Sarstedt, M. (2015). A new criterion for assessing discriminant validity
    in variance-based structural equation modeling. Journal of the Academy of Marketing Science, 43,
    115-135, equation 6. HTMT2: Roemer, E., Schuberth, F., & Henseler, J. (2021). HTMT2 - an improved
    criterion for assessing discriminant validity in structural equation modeling. Industrial Management &
    Data Systems, 121, 2637-2650.

    Examples
    --------
    >>> import numpy as np
    >>> R = np.full((4, 4), 0.3); R[:2, :2] = R[2:, 2:] = 0.6; np.fill_diagonal(R, 1.0)
    >>> htmt(R, [[0, 1], [2, 3]]).round(3).tolist()
    [[1.0, 0.5], [0.5, 1.0]]
    """
    R = correlations(cov)
    R = np.abs(R) if absolute else R
    means = _block_means(R, blocks) if kind == "htmt" else _geometric_block_means(R, blocks)
    within = np.diagonal(means, axis1=-2, axis2=-1)
    scale = np.sqrt(np.where(within > 0, within, np.nan))
    ratio = means / (scale[..., :, None] * scale[..., None, :])
    own = np.eye(len(blocks), dtype=bool)
    return np.where(own & ~np.isnan(scale[..., None, :]), 1.0, ratio)


def _block_means(values: Array, blocks: Sequence[Sequence[int]]) -> Array:
    """Mean of `values` between every two blocks, an item never paired with itself: (..., c, c)."""
    p = values.shape[-1]
    member = np.zeros((len(blocks), p))
    for row, block in enumerate(blocks):
        member[row, list(block)] = 1.0
    pairs = 1.0 - np.eye(p)
    off = np.where(pairs > 0, values, 0.0)
    undefined = np.isnan(off)
    means = _ratio(member @ np.where(undefined, 0.0, off) @ member.T, member @ pairs @ member.T)
    if not undefined.any():
        return means
    return np.where(member @ undefined @ member.T > 0, np.nan, means)


def _geometric_block_means(R: Array, blocks: Sequence[Sequence[int]]) -> Array:
    """Geometric mean between every two blocks; NaN where a correlation is not positive: (..., c, c)."""
    return np.exp(_block_means(np.log(np.where(R > 0, R, np.nan)), blocks))


def fornell_larcker(ave: ArrayLike, latent_cor: ArrayLike) -> Array:
    """Return the Fornell-Larcker matrix: root AVE on the diagonal, latent correlations below, NaN above.

    Parameters
    ----------
    ave : array_like (..., c)
        Average variance extracted of each construct.
    latent_cor : array_like (..., c, c)
        Correlations of the constructs.

    Returns
    -------
    ndarray (..., c, c)
        A construct is told apart from another if its diagonal entry is larger than their correlation in
        absolute value.

    References
    ----------
    Fornell and Larcker (1981), page 46.

    Examples
    --------
    >>> fornell_larcker([0.64, 0.49], [[1.0, 0.5], [0.5, 1.0]]).round(3).tolist()
    [[0.8, nan], [0.5, 0.7]]
    """
    share, R = _floats(ave), _floats(latent_cor)
    root = np.sqrt(np.where(share >= 0, share, np.nan))
    c = R.shape[-1]
    below = np.where(np.tri(c, k=-1, dtype=bool), R, np.nan)
    table: Array = np.where(np.eye(c, dtype=bool), root[..., :, None], below)
    return table
