"""Johnson-Neyman boundaries: where a conditional effect crosses significance."""

from __future__ import annotations

import math

__all__ = ["boundaries"]

_FLAT = 1e-14


def boundaries(
    slope: float, change: float, variance: float, covariance: float, change_variance: float, critical: float
) -> tuple[float, ...]:
    r"""Values of the moderator at which a conditional effect is just significant.

    The effect of x at z is b₁ + b₃z; the boundaries solve
    :math:`(b_1 + b_3 z)^2 = c^2 (v_{11} + 2 z v_{13} + z^2 v_{33})` (Johnson & Neyman 1936, *Stat. Res.
    Mem.* 1:57-93; Bauer & Curran 2005, *Multivar. Behav. Res.* 40:373-400, eq. 12).

    Parameters
    ----------
    slope, change : float
        b₁ and b₃.
    variance, covariance, change_variance : float
        v₁₁, v₁₃ and v₃₃, the sampling variances and covariance of b₁ and b₃.
    critical : float
        c, such as 1.96.

    Returns
    -------
    tuple of float
        None, one or two values, in order. None means that the effect is significant everywhere or nowhere.

    Examples
    --------
    >>> [round(z, 3) for z in boundaries(0.2, 0.3, 0.01, 0.0, 0.01, 1.96)]
    [-2.313, -0.013]
    """
    a = change**2 - critical**2 * change_variance
    b = 2 * (slope * change - critical**2 * covariance)
    c = slope**2 - critical**2 * variance
    if not all(map(math.isfinite, (a, b, c))):
        return ()
    if abs(a) < _FLAT * max(abs(b), abs(c), 1e-300):
        return () if b == 0 else (-c / b,)
    root = b * b - 4 * a * c
    if root < 0:
        return ()
    far = -(b + math.copysign(math.sqrt(root), b)) / 2  # the sum that does not cancel
    found = {far / a, c / far} if far else {0.0}
    return tuple(sorted(found))
