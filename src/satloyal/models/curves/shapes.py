"""What a response curve is: a straight line in functions of satisfaction.

Every shape is ``f(x) = beta_0 + sum_r beta_r h_r(u; psi)`` with ``u = (x - origin) / span`` running over [0,
1] on the data. Given the one or two nonlinear parameters psi (a rate on the log scale, a place), the rest is
linear regression; :mod:`.solve` relies on that. ``raw`` turns (beta, psi) into the parameters people read, in
units of the scale. The shapes themselves are in :mod:`.forms`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

__all__ = ["Array", "Axis", "Shape", "ShapeName"]

Array = NDArray[Any]
ShapeName = Literal["linear", "quadratic", "logarithmic", "saturating", "logistic"]


@dataclass(frozen=True, slots=True)
class Axis:
    """Where the scale starts, where the data start, and how far they reach.

    Parameters
    ----------
    origin : float
        Smallest observed x.
    span : float
        Largest minus smallest observed x, positive.
    low : float
        Bottom of the answer scale, at most ``origin``; the logarithm counts scale points from here.
    """

    origin: float
    span: float
    low: float

    def unit(self, x: Array) -> Array:
        """Return x as a share of the observed range."""
        return np.asarray((x - self.origin) / self.span, dtype=float)


@dataclass(frozen=True, slots=True)
class Shape:
    """One functional form.

    Parameters
    ----------
    name : str
        Its name in every table.
    formula : str
        The curve in the parameters of ``terms``.
    terms : tuple of str
        Names of the parameters people read; nonlinear ones last.
    n_linear : int
        Number of beta, intercept included.
    rates, places : tuple of int
        Positions among ``terms`` of parameters that are positive rates, and of places on the x axis.
    h, h_u, h_psi, h_u_psi : callable
        ``(u (m,) or (B, m), psi (B, d), axis)`` to the functions, shape ``(B, m, r)``, their slopes in u, and
        the derivatives of both with respect to psi, shape ``(B, m, r, d)``.
    raw : callable
        ``(beta (B, q), psi (B, d), axis)`` to the parameters people read (B, p) and their Jacobians (B, p,
        p).
    bounds : callable
        ``(u (m,) distinct and sorted, weight (m,), axis)`` to the box (d, 2) in which psi can be told from
        data.
    grid : tuple of int
        Number of starting points along each psi.
    """

    name: ShapeName
    formula: str
    terms: tuple[str, ...]
    n_linear: int
    h: Callable[[Array, Array, Axis], Array]
    h_u: Callable[[Array, Array, Axis], Array]
    h_psi: Callable[[Array, Array, Axis], Array]
    h_u_psi: Callable[[Array, Array, Axis], Array]
    raw: Callable[[Array, Array, Axis], tuple[Array, Array]]
    bounds: Callable[[Array, Array, Axis], Array]
    rates: tuple[int, ...] = ()
    places: tuple[int, ...] = ()
    grid: tuple[int, ...] = ()
    at_bounds: tuple[tuple[str, str], ...] = ()

    @property
    def n_psi(self) -> int:
        """Number of nonlinear parameters."""
        return len(self.grid)

    @property
    def n_mean(self) -> int:
        """Number of parameters of the curve, without the residual variance."""
        return self.n_linear + self.n_psi

    def fitted(self, u: Array, beta: Array, psi: Array, axis: Axis) -> Array:
        """Return f at u: ``beta`` (B, q), ``psi`` (B, d) to (B, a)."""
        out: Array = beta[:, :1] + np.einsum("bmr,br->bm", self.h(u, psi, axis), beta[:, 1:])
        return out

    def slope(self, u: Array, beta: Array, psi: Array, axis: Axis) -> Array:
        """Return df/dx at u, shape (B, a)."""
        out: Array = np.einsum("bmr,br->bm", self.h_u(u, psi, axis), beta[:, 1:]) / axis.span
        return out

    def gradient(self, u: Array, beta: Array, psi: Array, axis: Axis) -> Array:
        """Return the derivatives of f at u (m,) with respect to one (beta, psi), shape (m, p)."""
        one = psi[None]
        curved = np.einsum("mrd,r->md", self.h_psi(u, one, axis)[0], beta[1:])
        return np.column_stack([np.ones(u.shape[-1]), self.h(u, one, axis)[0], curved])

    def slope_gradient(self, u: Array, beta: Array, psi: Array, axis: Axis) -> Array:
        """Return the derivatives of df/dx at u (m,) with respect to one (beta, psi), shape (m, p)."""
        one = psi[None]
        curved = np.einsum("mrd,r->md", self.h_u_psi(u, one, axis)[0], beta[1:])
        flat = np.column_stack([np.zeros(u.shape[-1]), self.h_u(u, one, axis)[0], curved])
        return np.asarray(flat / axis.span, dtype=float)
