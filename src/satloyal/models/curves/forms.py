"""The five shapes: their functions, slopes, derivatives, and the box in which data can tell them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from satloyal.models.curves.shapes import Array, Axis, Shape, ShapeName

__all__ = ["SHAPES"]

_FLATTEST_BEND = (
    0.05  # rate x span: here the curve leaves its chord by 0.6 % of the rise, a line to any reader
)
_STEEPEST_LEFT = 0.01  # share of the rise still to come once 5 % of the people are passed; less is a step
_FLATTEST_S = 1.0  # rate x span of a logistic whose visible part is straight to within 1 % of its height
_STEEPEST_S = 100.0  # rate x span: the whole transition (10 to 90 %) within 4 % of the range
_TRANSITION = 2 * np.log(9.0)  # rate x width of the stretch from 10 % to 90 % of a logistic
_TAIL = 0.05  # share of the people that must stand on each side of what is to be located


def _spread(u: Array, psi: Array) -> Array:
    """Give u (m,) or (B, m) the batch of psi: (B, m)."""
    return np.broadcast_to(u, (psi.shape[0], u.shape[-1]))


def _no_psi(columns: Array) -> Array:
    return np.zeros((*columns.shape, 0))


def _polynomial(degree: int) -> tuple[Callable[..., Array], ...]:
    powers = np.arange(1, degree + 1)

    def h(u: Array, psi: Array, axis: Axis) -> Array:
        return np.asarray(_spread(u, psi)[..., None] ** powers, dtype=float)

    def h_u(u: Array, psi: Array, axis: Axis) -> Array:
        return np.asarray(powers * _spread(u, psi)[..., None] ** (powers - 1), dtype=float)

    return (
        h,
        h_u,
        lambda u, psi, axis: _no_psi(h(u, psi, axis)),
        lambda u, psi, axis: _no_psi(h(u, psi, axis)),
    )


def _mapped(beta: Array, matrix: Array) -> tuple[Array, Array]:
    return beta @ matrix.T, np.broadcast_to(matrix, (beta.shape[0], *matrix.shape))


def _raw_linear(beta: Array, psi: Array, axis: Axis) -> tuple[Array, Array]:
    o, s = axis.origin, axis.span
    return _mapped(beta, np.array([[1.0, -o / s], [0.0, 1 / s]]))


def _raw_quadratic(beta: Array, psi: Array, axis: Axis) -> tuple[Array, Array]:
    o, s = axis.origin, axis.span
    matrix = [[1.0, -o / s, o * o / s**2], [0.0, 1 / s, -2 * o / s**2], [0.0, 0.0, 1 / s**2]]
    return _mapped(beta, np.array(matrix))


def _no_bounds(u: Array, weight: Array, axis: Axis) -> Array:
    return np.zeros((0, 2))


# logarithmic: beta_0 + beta_1 log(x - low + 1)


def _points(u: Array, psi: Array, axis: Axis) -> Array:
    """Scale points from the bottom of the scale, plus one."""
    return np.asarray(1.0 + (axis.origin - axis.low) + axis.span * _spread(u, psi), dtype=float)


def _log_h(u: Array, psi: Array, axis: Axis) -> Array:
    return np.log(_points(u, psi, axis))[..., None]


def _log_h_u(u: Array, psi: Array, axis: Axis) -> Array:
    return np.asarray(axis.span / _points(u, psi, axis), dtype=float)[..., None]


def _raw_same(beta: Array, psi: Array, axis: Axis) -> tuple[Array, Array]:
    return _mapped(beta, np.eye(beta.shape[1]))


# saturating: beta_0 + beta_1 (1 - exp(-rate u)), psi = log rate


def _sat_parts(u: Array, psi: Array) -> tuple[Array, Array, Array]:
    rate = np.exp(psi[:, :1])
    distance = rate * _spread(u, psi)
    return rate, distance, np.exp(-distance)


def _sat_h(u: Array, psi: Array, axis: Axis) -> Array:
    return -np.expm1(-_sat_parts(u, psi)[1])[..., None]


def _sat_h_u(u: Array, psi: Array, axis: Axis) -> Array:
    rate, _, left = _sat_parts(u, psi)
    return (rate * left)[..., None]


def _sat_h_psi(u: Array, psi: Array, axis: Axis) -> Array:
    _, distance, left = _sat_parts(u, psi)
    return (distance * left)[..., None, None]


def _sat_h_u_psi(u: Array, psi: Array, axis: Axis) -> Array:
    rate, distance, left = _sat_parts(u, psi)
    return np.asarray(rate * left * (1 - distance))[..., None, None]


def _raw_saturating(beta: Array, psi: Array, axis: Axis) -> tuple[Array, Array]:
    rate = np.exp(psi[:, 0]) / axis.span
    one = np.ones_like(rate)
    jacobian = np.stack([one, one, rate], axis=1)[:, None, :] * np.eye(3)
    return np.column_stack([beta, rate]), jacobian


def _tail(u: Array, weight: Array, share: float) -> float:
    """Smallest u that at least ``share`` of the people do not exceed."""
    at = int(np.searchsorted(np.cumsum(weight) / weight.sum(), share - 1e-12))
    return float(u[min(at, u.size - 1)])


def _sat_bounds(u: Array, weight: Array, axis: Axis) -> Array:
    reach = max(_tail(u, weight, _TAIL), float(u[1]))
    return np.log([[_FLATTEST_BEND, -np.log(_STEEPEST_LEFT) / reach]])


# logistic: beta_0 + beta_1 / (1 + exp(-rate (u - place))), psi = (log rate, place)


def _s_parts(u: Array, psi: Array) -> tuple[Array, Array, Array]:
    rate = np.exp(psi[:, :1])
    t = rate * (_spread(u, psi) - psi[:, 1:2])
    return rate, t, 0.5 * (1.0 + np.tanh(0.5 * t))


def _s_h(u: Array, psi: Array, axis: Axis) -> Array:
    return _s_parts(u, psi)[2][..., None]


def _s_h_u(u: Array, psi: Array, axis: Axis) -> Array:
    rate, _, s = _s_parts(u, psi)
    return np.asarray(rate * s * (1 - s))[..., None]


def _s_h_psi(u: Array, psi: Array, axis: Axis) -> Array:
    rate, t, s = _s_parts(u, psi)
    bell = s * (1 - s)
    return np.stack([bell * t, -bell * rate], axis=-1)[..., None, :]


def _s_h_u_psi(u: Array, psi: Array, axis: Axis) -> Array:
    rate, t, s = _s_parts(u, psi)
    bell = s * (1 - s)
    tilt = bell * (1 - 2 * s)
    return np.stack([rate * (bell + t * tilt), -(rate**2) * tilt], axis=-1)[..., None, :]


def _raw_logistic(beta: Array, psi: Array, axis: Axis) -> tuple[Array, Array]:
    rate = np.exp(psi[:, 0]) / axis.span
    one = np.ones_like(rate)
    values = np.column_stack([beta[:, 0], beta[:, 0] + beta[:, 1], rate, axis.origin + axis.span * psi[:, 1]])
    jacobian = np.stack([one, one, rate, axis.span * one], axis=1)[:, None, :] * np.eye(4)
    jacobian[:, 1, 0] = 1.0
    return values, jacobian


def _s_bounds(u: Array, weight: Array, axis: Axis) -> Array:
    gap = float(np.median(np.diff(u)))
    steepest = max(min(_TRANSITION / gap, _STEEPEST_S), 2 * _FLATTEST_S)
    left = max(_tail(u, weight, _TAIL), float(u[1]))
    right = min(1.0 - _tail(1.0 - u[::-1], weight[::-1], _TAIL), float(u[-2]))
    return np.array([[np.log(_FLATTEST_S), np.log(steepest)], [left, right]])


def _polynomial_shape(
    name: ShapeName,
    formula: str,
    terms: tuple[str, ...],
    raw: Callable[[Array, Array, Axis], tuple[Array, Array]],
) -> Shape:
    h, h_u, h_psi, h_u_psi = _polynomial(len(terms) - 1)
    return Shape(name, formula, terms, len(terms), h, h_u, h_psi, h_u_psi, raw, _no_bounds)


SHAPES: dict[str, Shape] = {
    "linear": _polynomial_shape("linear", "intercept + x · X", ("intercept", "x"), _raw_linear),
    "quadratic": _polynomial_shape(
        "quadratic", "intercept + x · X + x^2 · X²", ("intercept", "x", "x^2"), _raw_quadratic
    ),
    "logarithmic": Shape(
        "logarithmic",
        "intercept + log · ln(X − low + 1)",
        ("intercept", "log"),
        2,
        _log_h,
        _log_h_u,
        lambda u, psi, axis: _no_psi(_log_h(u, psi, axis)),
        lambda u, psi, axis: _no_psi(_log_h(u, psi, axis)),
        _raw_same,
        _no_bounds,
    ),
    "saturating": Shape(
        "saturating",
        "start + rise · (1 − exp(−rate · (X − smallest X)))",
        ("start", "rise", "rate"),
        2,
        _sat_h,
        _sat_h_u,
        _sat_h_psi,
        _sat_h_u_psi,
        _raw_saturating,
        _sat_bounds,
        rates=(2,),
        grid=(48,),
        at_bounds=(
            (
                "the rate is at its lower bound: the data show a line, or a curve that bends the other way",
                "the rate is at its upper bound: a step below the lowest 5 % of answers, whose rate "
                "cannot be seen",
            ),
        ),
    ),
    "logistic": Shape(
        "logistic",
        "left + (right − left) / (1 + exp(−rate · (X − inflection)))",
        ("left", "right", "rate", "inflection"),
        2,
        _s_h,
        _s_h_u,
        _s_h_psi,
        _s_h_u_psi,
        _raw_logistic,
        _s_bounds,
        rates=(2,),
        places=(3,),
        grid=(16, 25),
        at_bounds=(
            (
                "the rate is at its lower bound: the data show a line and neither level",
                "the rate is at its upper bound: a step between neighbouring answers",
            ),
            (
                "no visible inflection: fewer than 5 % of the people, or a single answer, lie below it",
                "no visible inflection: fewer than 5 % of the people, or a single answer, lie above it",
            ),
        ),
    ),
}
