"""Wald tests of statements about parameters, from their estimates and covariance matrix."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy import special

from satloyal.errors import FitError
from satloyal.models.sem.inference import complex_step
from satloyal.spec.expression import Expression, parse_expression
from satloyal.spec.source import nearest

if TYPE_CHECKING:
    from satloyal.models.sem.result import SemFit
    from satloyal.spec.parameter import Parameter

__all__ = ["HypothesisTest", "wald"]

Array = NDArray[Any]

_RANK = 1e-9
_AT_ZERO = 1e-12


@dataclass(frozen=True, slots=True)
class HypothesisTest:
    """One test of a hypothesis.

    Parameters
    ----------
    name : str
        What kind of test.
    hypothesis : str
        What is held true.
    statistic, df, pvalue : float
        A χ² with its degrees of freedom; NaN where the test does not exist.
    reason : str
        Why it does not exist, or what to know about it; empty otherwise.
    """

    name: str
    hypothesis: str
    statistic: float
    df: float
    pvalue: float
    reason: str = ""

    def __str__(self) -> str:
        head = f"{self.name}, H0: {self.hypothesis}: "
        if np.isnan(self.statistic):
            return f"{head}no test ({self.reason})"
        body = f"χ²({self.df:g}) = {self.statistic:.3f}, p = {self.pvalue:.4f}"
        return f"{head}{body} ({self.reason})" if self.reason else head + body


@dataclass(frozen=True, slots=True)
class _Equality:
    """left == right."""

    left: Expression
    right: Expression


def wald(fit: SemFit, *statements: str) -> HypothesisTest:
    """Test equalities of parameters jointly.

    Parameters
    ----------
    *statements : str
        Equalities of expressions over labels and definitions, as ``"a == b"`` or ``"a*b == 0; c == 1"``. A
        parameter without a label is named by its row, in backticks: ``"`Trust~Satisfaction` == 0"`` (with one
        group).

    Returns
    -------
    HypothesisTest
        With the covariance matrix of the estimates that the fit reports (robust when it is); NaN, with the
        reason, where no test exists.

    Raises
    ------
    FitError
        A statement is no equality or names what the model does not have.
    SpecError
        A side is not an expression.

    Notes
    -----
    W = r(θ)ᵀ (R V Rᵀ)⁻¹ r(θ), R = ∂r/∂θᵀ (Wald 1943, *Trans. Am. Math. Soc.* 54:426-482). Statements that
    follow from others cost no degree of freedom.

    Examples
    --------
    >>> import satloyal as sl
    >>> survey = sl.load_sample("simulated_retail")
    >>> fit = sl.fit_sem("Satisfaction =~ SAT1 + a*SAT2 + b*SAT3", survey)
    >>> fit.wald("a == b").df
    1
    """
    flat = [equality for text in statements for equality in _read(text)]
    if not flat:
        raise FitError("there is nothing to test", where="wald", fix='write as in fit.wald("a == b")')
    words = "; ".join(f"{e.left.to_text()} == {e.right.to_text()}" for e in flat)
    names = _names(fit)
    for constraint in flat:
        for name in (*constraint.left.names(), *constraint.right.names()):
            _check_name(name, names)
    if not fit.converged:
        return _none(words, "the fit did not converge")
    if not np.isfinite(fit.vcov).all():
        return _none(words, "the estimates have no finite covariance matrix")

    def gap(theta: Array) -> Array:
        env = _values(fit, names, theta)
        columns = [np.asarray(c.left.evaluate(env)) - np.asarray(c.right.evaluate(env)) for c in flat]
        return np.stack([np.broadcast_to(c, len(theta)) for c in columns], axis=1)

    value = gap(fit.theta[None])[0]
    R = complex_step(gap, fit.theta)
    covariance = R @ fit.vcov @ R.T
    if not (np.isfinite(value).all() and np.isfinite(covariance).all()):
        return _none(words, "an expression is undefined at the estimates")
    scale = np.sqrt(np.diagonal(covariance))
    if (scale <= _AT_ZERO * np.maximum(1.0, np.abs(value))).any():
        return _none(words, "a statement does not depend on an estimate")
    values, vectors = np.linalg.eigh(covariance / np.outer(scale, scale))
    good = values > _RANK * values[-1]
    along = vectors.T @ (value / scale)
    if (np.abs(along[~good]) > np.sqrt(_RANK)).any():
        return _none(words, "the statements contradict each other")
    df = int(good.sum())
    statistic = float((along[good] ** 2 / values[good]).sum())
    reason = "" if df == len(flat) else f"{len(flat) - df} statements follow from the others"
    return HypothesisTest("Wald test", words, statistic, df, float(special.chdtrc(df, statistic)), reason)


def _none(words: str, reason: str) -> HypothesisTest:
    return HypothesisTest("Wald test", words, np.nan, np.nan, np.nan, reason)


def _read(text: str) -> list[_Equality]:
    if not isinstance(text, str):
        raise FitError(f"a hypothesis is {text!r}", where="wald", fix='give text, as "a == b"')
    found = []
    for part in text.replace("\n", ";").split(";"):
        if not part.strip():
            continue
        sides = part.split("==")
        if len(sides) != 2:
            raise FitError(
                f"'{part.strip()}' is not an equality", where="wald",
                fix='write as in "a == 0" or "a == b; c == d"',
            )  # fmt: skip
        found.append(_Equality(parse_expression(sides[0].strip()), parse_expression(sides[1].strip())))
    return found


def _names(fit: SemFit) -> Mapping[str, Parameter]:
    """Labels, definitions, and for parameters without a label their text (``F=~x2``, in backticks)."""
    names = {row.name: row for row in fit.table.parameters} if fit.ngroups == 1 else {}
    names |= {row.label: row for row in fit.table.parameters if row.label}
    return names | {row.lhs: row for row in fit.table.definitions}


def _check_name(name: str, names: Mapping[str, Parameter]) -> None:
    if name not in names:
        near = nearest(name, names)
        hint = f"did you mean '{near}'? " if near else ""
        raise FitError(
            f"'{name}' is neither a label nor a definition of the model", where="wald",
            fix=f"{hint}a parameter without a label is written as in `F=~x2`, in backticks",
        )  # fmt: skip


def _values(fit: SemFit, names: Mapping[str, Parameter], theta: Array) -> dict[str, Array]:
    env: dict[str, Array] = {}
    for name, row in names.items():
        if row.op != ":=":
            fixed = np.full(len(theta), np.nan if row.value is None else row.value, dtype=theta.dtype)
            env[name] = theta[:, row.free - 1] if row.free else fixed
    defined = fit.definitions.values(theta)
    for i, row in enumerate(fit.table.definitions):
        env[row.lhs] = defined[:, i]
    return env
